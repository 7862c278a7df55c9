//! The gateway's side of the admin pages: who may ask, and the request written anew for the socket.
//!
//! Of a browser's request only method, path, query and form go through; every header is ours. The answer is
//! read within bounds, and of its headers only those on a list come back.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use smol::future::FutureExt;
use smol::io::{AsyncReadExt, AsyncWriteExt};
use smol::lock::Semaphore;
use smol::{Async, Timer};

use super::contents;
use super::exchange::Reply;
use super::key::StartKey;
use super::serve::{ACTOR, GATEWAY, SESSION};
use super::sign_in::{self, Door, see};
use crate::gateway::{
    Access, Asset, Caller, Face, Handler, Method, Request, Response, Role, Roles, Route, cookie_gone, handler,
};
use crate::limits::{
    ADMIN_ANSWER_BYTES_MAX, ADMIN_ANSWER_MS_MAX, ADMIN_BODY_BYTES_MAX, ADMIN_HEAD_BYTES_MAX,
    ADMIN_PATH_BYTES_MAX, ADMIN_REQUESTS_MAX, ADMIN_TURN_MS_MAX, ADMIN_WAITERS_MAX,
};
use crate::ops::reach::Reach;

/// Bytes of the sign-in and set-up forms.
const SIGN_IN_BYTES_MAX: usize = 4096;

/// Hands requests of the network over to the admin pages.
pub struct Forwarder {
    socket: PathBuf,
    key: StartKey,
    door: Arc<dyn Door>,
    turns: Semaphore,
    waiting: AtomicUsize,
}

impl Forwarder {
    /// For the pages that listen at `socket` and were started with the same key.
    pub fn new(socket: &Path, key: StartKey, door: Arc<dyn Door>) -> Self {
        let turns = Semaphore::new(ADMIN_REQUESTS_MAX);
        Self { socket: socket.to_owned(), key, door, turns, waiting: AtomicUsize::new(0) }
    }

    /// Answers a request for a page: the page to an admin; without a sign-in the way to it, to a browser as a page of
    /// its own.
    pub async fn page(&self, request: Request) -> Response {
        let Some(caller) = &request.caller else {
            let accept = request.header("accept").unwrap_or_default();
            if request.method.is_safe() && accept.contains("text/html") {
                let then = request
                    .raw_query()
                    .map_or_else(|| request.path.clone(), |q| format!("{}?{q}", request.path));
                return see(&format!("/admin/sign-in?then={}", crate::percent::encoded(&then)));
            }
            if request.method.is_safe() && !accept.contains("json") {
                return sign_in::unasked(&*self.door, &request);
            }
            return Response::error(401, "unauthorized", "Sign in first.");
        };
        // A sign-in that waits for its one-time codes may set them up, and nothing else.
        let is_setting_up = caller.roles == Roles::NONE && is_account(&request.path);
        if !caller.roles.has(Role::Admin) && caller.roles == Roles::NONE && !is_setting_up {
            return see(sign_in::ACCOUNT);
        }
        if !caller.roles.has(Role::Admin) && !is_setting_up {
            return refusal(
                403,
                "These pages are for admins",
                "You are signed in, but without the role admin.",
            );
        }
        match self.forwarded(&request, caller).await {
            Ok(response) => response,
            Err(fault) => {
                if fault != Fault::Busy {
                    log::warn!("the admin pages did not answer {}: {fault:?}", request.path);
                }
                fault.into_response()
            }
        }
    }

    async fn forwarded(&self, request: &Request, caller: &Caller) -> Result<Response, Fault> {
        let wire = written(request, caller, &self.key)?;
        let _turn = self.turn().await?;
        let exchange = async {
            let reach = Reach::of(&self.socket).map_err(|_| Fault::Unreachable)?;
            let mut stream =
                Async::<UnixStream>::connect(reach.path()).await.map_err(|_| Fault::Unreachable)?;
            stream.write_all(&wire).await.map_err(|_| Fault::BrokeOff)?;
            read_answer(&mut stream).await
        };
        within(ADMIN_ANSWER_MS_MAX, exchange).await.unwrap_or(Err(Fault::TooLong))
    }

    /// One of the few connections, waited for a while by a few.
    async fn turn(&self) -> Result<smol::lock::SemaphoreGuard<'_>, Fault> {
        if let Some(turn) = self.turns.try_acquire() {
            return Ok(turn);
        }
        let _waiter = Waiter::join(&self.waiting).ok_or(Fault::Busy)?;
        within(ADMIN_TURN_MS_MAX, self.turns.acquire()).await.ok_or(Fault::Busy)
    }
}

fn is_account(path: &str) -> bool {
    path == sign_in::ACCOUNT || path.strip_prefix(sign_in::ACCOUNT).is_some_and(|rest| rest.starts_with('/'))
}

/// A place among those who wait, given back when it is dropped, also with a client that hung up.
struct Waiter<'w>(&'w AtomicUsize);

impl<'w> Waiter<'w> {
    fn join(count: &'w AtomicUsize) -> Option<Self> {
        let more = |waiting: usize| (waiting < ADMIN_WAITERS_MAX).then_some(waiting + 1);
        count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more).ok().map(|_| Self(count))
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Why there is no page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// A path that is none, or an actor no header can carry.
    Odd,
    /// Everybody asks at once.
    Busy,
    /// Nobody listens at the socket.
    Unreachable,
    BrokeOff,
    /// No answer in time.
    TooLong,
    /// An answer that cannot be carried.
    TooLarge,
    /// An answer that cannot be read.
    Garbled,
}

impl Fault {
    fn into_response(self) -> Response {
        let (status, heading, text) = match self {
            Self::Odd => (400, "This address cannot be right", "Nothing was changed."),
            Self::Busy => (503, "Several admins ask at once", "Nothing was changed. Try again in a moment."),
            Self::Unreachable => {
                (503, "The admin pages are not there", "Chats go on. Try again in a moment.")
            }
            Self::TooLong | Self::BrokeOff | Self::Garbled => (
                502,
                "The admin pages did not answer",
                "Chats go on. What you saved may or may not be in force: the changes page tells.",
            ),
            Self::TooLarge => (
                502,
                "This is too large for the browser",
                "Fetch it on the box itself: deskbell backup --to FILE.",
            ),
        };
        let response = refusal(status, heading, text);
        if status == 503 { response.with_header("retry-after", "1") } else { response }
    }
}

/// A page with nothing around it.
fn refusal(status: u16, heading: &'static str, text: &'static str) -> Response {
    match Reply::from(super::exchange::Refused::new(status, heading, text)) {
        Reply::Page { html, .. } => Response::html(status, html),
        _ => Response::error(status, "unavailable", text),
    }
}

async fn within<T>(limit_ms: u64, future: impl Future<Output = T>) -> Option<T> {
    let late = async {
        Timer::after(Duration::from_millis(limit_ms)).await;
        None
    };
    async { Some(future.await) }.or(late).await
}

/// The request as it goes over the socket. Every byte of its head is checked or ours.
fn written(request: &Request, caller: &Caller, key: &StartKey) -> Result<Vec<u8>, Fault> {
    let method = if request.method == Method::Post { "POST" } else { "GET" };
    let target = match request.raw_query() {
        Some(query) => format!("{}?{query}", request.path),
        None => request.path.clone(),
    };
    let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
    let actor: &str = &caller.agent;
    if target.len() > ADMIN_PATH_BYTES_MAX || !is_plain(&target) || !target.starts_with("/admin/") {
        return Err(Fault::Odd);
    }
    if actor.is_empty() || !is_plain(actor) || request.body.len() > ADMIN_BODY_BYTES_MAX {
        return Err(Fault::Odd);
    }
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n{GATEWAY}: {}\r\n{ACTOR}: {actor}\r\n\
         {SESSION}: {}\r\n",
        key.header(),
        key.session(caller.token.as_bytes()),
    );
    let mut wire = head.into_bytes();
    if method == "POST" {
        let length = request.body.len();
        let form = "application/x-www-form-urlencoded";
        wire.extend_from_slice(
            format!("Content-Type: {form}\r\nContent-Length: {length}\r\n\r\n").as_bytes(),
        );
        wire.extend_from_slice(&request.body);
    } else {
        wire.extend_from_slice(b"\r\n");
    }
    Ok(wire)
}

/// Reads an answer: its head within a bound, then as many bytes as it says, within another.
async fn read_answer(stream: &mut Async<UnixStream>) -> Result<Response, Fault> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    let head_end = loop {
        let read = stream.read(&mut piece).await.map_err(|_| Fault::BrokeOff)?;
        if read == 0 {
            return Err(Fault::BrokeOff);
        }
        let seen = bytes.len().saturating_sub(3);
        bytes.extend_from_slice(&piece[..read]);
        if let Some(at) = bytes[seen..].windows(4).position(|four| four == b"\r\n\r\n") {
            break seen + at + 4;
        }
        if bytes.len() > ADMIN_HEAD_BYTES_MAX {
            return Err(Fault::Garbled);
        }
    };
    let head = Head::parse(&bytes[..head_end])?;
    if head.length > ADMIN_ANSWER_BYTES_MAX {
        return Err(Fault::TooLarge);
    }
    let mut body = bytes.split_off(head_end);
    body.reserve(head.length.saturating_sub(body.len()));
    while body.len() < head.length {
        let read = stream.read(&mut piece).await.map_err(|_| Fault::BrokeOff)?;
        if read == 0 {
            return Err(Fault::BrokeOff);
        }
        body.extend_from_slice(&piece[..read]);
    }
    body.truncate(head.length);
    head.into_response(body)
}

/// What is taken of an answer's head.
struct Head {
    status: u16,
    length: usize,
    content_type: Option<&'static str>,
    location: Option<String>,
    saved_as: Option<String>,
}

/// Content types the pages answer with.
const TYPES: [&str; 8] = [
    "text/html; charset=utf-8",
    "text/css; charset=utf-8",
    "text/javascript; charset=utf-8",
    "text/plain; charset=utf-8",
    "image/svg+xml",
    "application/toml",
    "application/x-x509-ca-cert",
    "application/octet-stream",
];

impl Head {
    fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let text = std::str::from_utf8(bytes).map_err(|_| Fault::Garbled)?;
        let mut lines = text.split("\r\n");
        let status =
            lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 ")).and_then(|line| line.get(..3));
        let status = status.and_then(|status| status.parse().ok()).ok_or(Fault::Garbled)?;
        let mut head = Self { status, length: 0, content_type: None, location: None, saved_as: None };
        let mut has_length = false;
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            match name.to_ascii_lowercase().as_str() {
                "content-length" if has_length => return Err(Fault::Garbled),
                "content-length" => {
                    head.length = value.parse().map_err(|_| Fault::Garbled)?;
                    has_length = true;
                }
                "transfer-encoding" => return Err(Fault::Garbled),
                "content-type" => head.content_type = TYPES.into_iter().find(|known| *known == value),
                "location" if value.starts_with("/admin/") => head.location = Some(value.to_owned()),
                "content-disposition" if value.starts_with("attachment; ") => {
                    head.saved_as = Some(value.to_owned())
                }
                _ => {}
            }
        }
        if has_length { Ok(head) } else { Err(Fault::Garbled) }
    }

    fn into_response(self, body: Vec<u8>) -> Result<Response, Fault> {
        if let Some(location) = self.location {
            return Ok(see(&location));
        }
        let content_type = self.content_type.ok_or(Fault::Garbled)?;
        let response = Response::body(self.status, content_type, body);
        Ok(match self.saved_as {
            Some(saved_as) => response.with_header("content-disposition", &saved_as),
            None => response,
        })
    }
}

/// The routes of the admin pages, for the staff face.
pub fn routes(forwarder: Arc<Forwarder>) -> Vec<Route> {
    const ADMIN: &[Role] = &[Role::Admin];
    let anyone = |method, path, handler| Route::new(method, path, Face::Staff, Access::Anyone, handler);
    let page = {
        let forwarder = forwarder.clone();
        handler(move |request| {
            let forwarder = forwarder.clone();
            async move { forwarder.page(request).await }
        })
    };
    // A form may be large, so it is read only once its sender is known to be an admin.
    let form = Route::new(Method::Post, "/admin/{*rest}", Face::Staff, Access::Role(ADMIN), page.clone());
    let own = |path| Route::new(Method::Post, path, Face::Staff, Access::SignedIn, page.clone());
    let mut routes = vec![
        own("/admin/account/{act}").body_bytes_max(SIGN_IN_BYTES_MAX),
        anyone(Method::Get, "/admin", handler(|_| async { see(sign_in::HOME) })),
        anyone(
            Method::Get,
            "/admin/sign-in",
            door(&forwarder, |door, request| Box::pin(async move { sign_in::show(&*door, &request) })),
        ),
        anyone(
            Method::Post,
            "/admin/sign-in",
            door(&forwarder, |door, request| Box::pin(async move { sign_in::enter(&*door, &request).await })),
        )
        .body_bytes_max(SIGN_IN_BYTES_MAX),
        anyone(
            Method::Post,
            "/admin/set-up",
            door(&forwarder, |door, request| {
                Box::pin(async move { sign_in::set_up(&*door, &request).await })
            }),
        )
        .body_bytes_max(SIGN_IN_BYTES_MAX),
        anyone(
            Method::Post,
            "/admin/sign-out",
            door(&forwarder, |door, request| Box::pin(async move { sign_out(&*door, &request).await })),
        )
        .body_bytes_max(SIGN_IN_BYTES_MAX),
    ];
    routes.extend(
        [("/admin/static/admin.css", "admin.css"), ("/admin/static/preview.js", "preview.js")].map(
            |(path, name)| {
                let asset = Arc::new(Asset::new(name, contents::embedded(name)));
                anyone(
                    Method::Get,
                    path,
                    handler(move |request| {
                        let asset = asset.clone();
                        async move { asset.respond(&request) }
                    }),
                )
            },
        ),
    );
    routes.push(anyone(Method::Get, "/admin/{*rest}", page));
    routes.push(form.body_bytes_max(ADMIN_BODY_BYTES_MAX));
    routes
}

async fn sign_out(door: &dyn Door, request: &Request) -> Response {
    if !request.own_origin {
        return Response::error(403, "forbidden", "This form comes from another site.");
    }
    if let Some(caller) = &request.caller {
        door.sign_out(caller).await;
    }
    see("/admin/sign-in").with_header("set-cookie", &cookie_gone())
}

type Answering = fn(Arc<dyn Door>, Request) -> crate::gateway::Answer;

fn door(forwarder: &Arc<Forwarder>, answer: Answering) -> Handler {
    let door = forwarder.door.clone();
    Arc::new(move |request| answer(door.clone(), request))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::TokenHash;

    fn caller(name: &str) -> Caller {
        Caller { agent: name.into(), roles: Roles::NONE.with(Role::Admin), token: TokenHash::of("x") }
    }

    #[test]
    fn nothing_of_a_request_but_its_form_and_address_goes_through() {
        let key = StartKey::new().unwrap();
        let mut request = Request::for_test(Method::Post, "/admin/queues/front")
            .with_query("a=b")
            .with_header("x-deskbell-gateway", "forged")
            .with_header("x-deskbell-actor", "root");
        request.body = b"x=1".to_vec();
        let wire = String::from_utf8(written(&request, &caller("eva"), &key).unwrap()).unwrap();
        assert!(wire.starts_with("POST /admin/queues/front?a=b HTTP/1.1\r\n"), "{wire}");
        assert!(wire.ends_with("Content-Length: 3\r\n\r\nx=1"), "{wire}");
        assert!(!wire.contains("forged") && !wire.contains("root"), "{wire}");
        assert_eq!(wire.matches(ACTOR).count(), 1);
    }

    #[test]
    fn what_could_end_a_line_or_leave_the_pages_is_not_sent() {
        let key = StartKey::new().unwrap();
        let of = |path: &str, actor: &str| {
            written(&Request::for_test(Method::Get, path), &caller(actor), &key).err()
        };
        for path in [
            "/admin/a b",
            "/admin/\r\nx: y",
            "/agent/",
            "/adminx",
            "/admin/ü",
            &format!("/admin/{}", "a".repeat(3000)),
        ] {
            assert_eq!(of(path, "eva"), Some(Fault::Odd), "{path}");
        }
        assert_eq!(of("/admin/", "eva\r\nx: y"), Some(Fault::Odd));
        assert_eq!(of("/admin/", ""), Some(Fault::Odd));
        assert_eq!(of("/admin/", "eva"), None);
    }

    #[test]
    fn of_an_answers_head_only_what_is_known_comes_back() {
        let head = |text: &str| Head::parse(text.as_bytes());
        let good = head(
            "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 2\r\n\r\n",
        );
        let response = good.unwrap().into_response(b"hi".to_vec()).unwrap();
        assert_eq!(
            (response.status(), response.header("server"), response.body_bytes()),
            (200, None, &b"hi"[..])
        );
        for bad in [
            "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n",
        ] {
            assert!(head(bad).is_err(), "{bad}");
        }
        let elsewhere =
            head("HTTP/1.1 303 See\r\nLocation: https://x.example\r\nContent-Length: 0\r\n\r\n").unwrap();
        assert_eq!(elsewhere.into_response(Vec::new()).err(), Some(Fault::Garbled));
    }
}
