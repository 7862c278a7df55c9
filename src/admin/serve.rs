//! The thread that serves the pages, and the only place that names tiny_http.
//!
//! tiny_http 0.12 has ways of its own, and each is met here. Its accept loop ends at the first error: then a
//! server is made anew on a clone of the listener. Dropping a server unlinks the socket's path, which may be
//! systemd's: so a server is never dropped, and one that ended leaves a few hundred bytes behind. It sets no
//! time-outs and takes chunks and lengths on trust: nobody reaches the socket but the gateway, which
//! re-serialises what it has parsed, and who could stop the box anyway. It makes room for the unread rest of
//! a body at once when a request is dropped: a length beyond all measure is answered and its request is then
//! kept, a descriptor's worth, rather than dropped. Each connection has a thread: the gateway's are few, and those of
//! the box's own user and root are bounded by the unit's `TasksMax` alone. A thread that cannot be had ends the process,
//! which systemd starts again.

use std::io::{self, Read};
use std::mem::ManuallyDrop;
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tiny_http::{Header, Method, Request, Response, Server, StatusCode};

use super::exchange::{Asked, Refused, Reply};
use super::keeper::{Actor, Keeper};
use super::key::{StartKey, Visitor};
use super::local;
use super::pages::Pages;
use super::posted::{BadForm, Pairs};
use crate::limits::{ADMIN_BODY_BYTES_MAX, ADMIN_PATH_BYTES_MAX, ADMIN_REQUESTS_MAX, ADMIN_RESTART_MS};
use crate::percent::decoded;

/// Headers by which the gateway says that it is the gateway, and who is asking. Whatever came in under these
/// names ended at the gateway: it writes its requests anew.
pub(super) const GATEWAY: &str = "X-Deskbell-Gateway";
pub(super) const ACTOR: &str = "X-Deskbell-Actor";
pub(super) const SESSION: &str = "X-Deskbell-Session";

/// Where the command line's questions are asked.
const LOCAL: &str = "/local/";

/// Never dropped: see above.
type Kept = Arc<ManuallyDrop<Server>>;

/// The running admin pages.
pub struct Admin {
    stopping: Arc<Stopping>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Stopping {
    flag: AtomicBool,
    server: Mutex<Option<Kept>>,
}

impl Admin {
    /// Starts serving on `listener`, which nobody else accepts on. Fails when a thread cannot be had.
    pub fn start(listener: UnixListener, keeper: Arc<dyn Keeper>, key: StartKey) -> io::Result<Self> {
        listener.set_nonblocking(false)?;
        let stopping = Arc::new(Stopping::default());
        let pages = Pages { keeper, key };
        let seen = stopping.clone();
        let thread = std::thread::Builder::new().name("admin".to_owned());
        let thread = thread.spawn(move || run(&listener, &pages, &seen))?;
        Ok(Self { stopping, thread: Some(thread) })
    }

    /// Lets the requests at work finish and ends the threads. The socket stays as it is.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.stopping.flag.store(true, Ordering::SeqCst);
        if let Some(server) = &*self.stopping.lock() {
            server.unblock();
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        self.end();
    }
}

impl Stopping {
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Kept>> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_set(&self) -> bool {
        self.flag.load(Ordering::SeqCst)
    }
}

fn run(listener: &UnixListener, pages: &Pages, stopping: &Stopping) {
    while !stopping.is_set() {
        match listener.try_clone().map_err(Into::into).and_then(|clone| Server::from_listener(clone, None)) {
            Ok(server) => {
                let server: Kept = Arc::new(ManuallyDrop::new(server));
                *stopping.lock() = Some(server.clone());
                if !stopping.is_set() {
                    serve(&server, pages);
                }
            }
            Err(error) => ::log::error!("the admin pages cannot be served: {error}"),
        }
        if !stopping.is_set() {
            ::log::error!("the admin pages' socket is taken up again");
            std::thread::sleep(Duration::from_millis(ADMIN_RESTART_MS));
        }
    }
}

/// Serves until the server ends or is unblocked.
fn serve(server: &Kept, pages: &Pages) {
    std::thread::scope(|scope| {
        for number in 1..ADMIN_REQUESTS_MAX {
            let thread = std::thread::Builder::new().name(format!("admin-{number}"));
            if let Err(error) = thread.spawn_scoped(scope, || work(server, pages)) {
                ::log::warn!("one thread fewer for the admin pages: {error}");
            }
        }
        work(server, pages);
    });
}

fn work(server: &Server, pages: &Pages) {
    loop {
        match server.recv() {
            Ok(request) => answer(request, pages),
            Err(_) => {
                // Only one worker hears of the end; each wakes the next.
                server.unblock();
                return;
            }
        }
    }
}

fn answer(mut request: Request, pages: &Pages) {
    if request.url().starts_with(LOCAL) {
        return answer_local(request, pages);
    }
    let is_measureless = request.body_length().is_some_and(|bytes| bytes > 16 * ADMIN_BODY_BYTES_MAX);
    let reply = match read(&mut request, pages) {
        Ok(asked) => pages.answer(&asked),
        Err(refused) => refused.into(),
    };
    if is_measureless {
        ::log::warn!("a body of measureless length was refused");
        std::mem::forget(request.upgrade("none", head(reply)));
        return;
    }
    // A client that has gone away has its reason.
    let _ = request.respond(head(reply));
}

/// What the command line asks: answered in chunks, for an answer may be a whole backup.
fn answer_local(mut request: Request, pages: &Pages) {
    let answer = match local_question(&mut request) {
        Ok((is_post, path, query, length)) => {
            let body = request.as_reader();
            let question = local::Question { is_post, path: &path, query, body, length };
            local::answer(question, &*pages.keeper)
        }
        Err(refused) => refused.into(),
    };
    let headers =
        vec![header("Content-Type", "text/plain; charset=utf-8"), header("Cache-Control", "no-store")];
    let response = Response::new(StatusCode(answer.status), headers, answer.body, None, None);
    // The library would make room for what is left of a body that was refused: read, it is gone.
    let _ = io::copy(request.as_reader(), &mut io::sink());
    if let Err(error) = request.respond(response) {
        ::log::warn!("an answer to the command line broke off: {error}");
    }
}

fn local_question(request: &mut Request) -> Result<(bool, String, Pairs, u64), Refused> {
    if request
        .headers()
        .iter()
        .any(|header| [GATEWAY, ACTOR, SESSION].iter().any(|name| header.field.equiv(name)))
    {
        return Err(Refused::new(403, "This is for the command line on the box", "Nothing was changed."));
    }
    let is_post = match request.method() {
        Method::Get => false,
        Method::Post => true,
        _ => return Err(Refused::new(405, "Not this way", "The box knows GET and POST.")),
    };
    let url = request.url();
    if url.len() > ADMIN_PATH_BYTES_MAX {
        return Err(Refused::new(414, "This address is too long", "Nothing was changed."));
    }
    let (path, query) = url[LOCAL.len()..].split_once('?').unwrap_or((&url[LOCAL.len()..], ""));
    let query = Pairs::parse(query).map_err(|_| bad("The query is not encoded as one."))?;
    let length = request.body_length().unwrap_or(0) as u64;
    Ok((is_post, path.to_owned(), query, length))
}

fn bad(text: &'static str) -> Refused {
    Refused::new(400, "This is no request of a browser", text)
}

/// Reads a request within its bounds.
fn read(request: &mut Request, pages: &Pages) -> Result<Asked, Refused> {
    let is_post = match request.method() {
        Method::Get | Method::Head => false,
        Method::Post => true,
        _ => return Err(Refused::new(405, "Not this way", "The pages know GET and POST.")),
    };
    let odd = |header: &Header| {
        ["transfer-encoding", "upgrade"]
            .iter()
            .any(|name| header.field.as_str().as_str().eq_ignore_ascii_case(name))
    };
    if request.headers().iter().any(odd) {
        return Err(bad("A form has a length, and no chunks."));
    }
    let visitor = visitor(request, &pages.key)?;
    let url = request.url().to_owned();
    if url.len() > ADMIN_PATH_BYTES_MAX {
        return Err(Refused::new(414, "This address is too long", "Nothing was changed."));
    }
    let (path, query) = url.split_once('?').unwrap_or((&url, ""));
    let path = match path.strip_prefix("/admin/") {
        Some(path) => path,
        // The two files every surface shares; the gateway serves them itself.
        None if path.starts_with("/web/") => &path[1..],
        None => return Err(Refused::not_found()),
    };
    let path =
        path.trim_end_matches('/').split('/').map(|part| decoded(part, false)).collect::<Option<Vec<_>>>();
    let path = path.ok_or_else(|| bad("The address is not encoded as one."))?;
    let query = Pairs::parse(query).map_err(|_| bad("The query is not encoded as one."))?;
    let form = if is_post { form(request)? } else { Pairs::default() };
    if is_post && !pages.key.form_token_fits(&visitor, form.text("token")) {
        return Err(Refused::new(
            403,
            "This form is out of date",
            "It was made for another sign-in, or before the box restarted. Nothing was changed. Go back, reload \
             the page, and send it again.",
        ));
    }
    Ok(Asked { is_post, path, query, form, visitor })
}

/// Who asks: whom the gateway vouches for, or somebody on the box.
fn visitor(request: &Request, key: &StartKey) -> Result<Visitor, Refused> {
    let all = |name: &'static str| request.headers().iter().filter(move |header| header.field.equiv(name));
    let one = |name: &'static str| {
        let mut found = all(name);
        let first = found.next().map(|header| header.value.as_str());
        if found.next().is_some() { Err(bad("A header stands twice.")) } else { Ok(first) }
    };
    one("Content-Length")?;
    let (Some(gateway), actor, session) = (one(GATEWAY)?, one(ACTOR)?, one(SESSION)?) else {
        return Ok(Visitor { actor: Actor::local(), session: "local".to_owned() });
    };
    match (key.is_gateway(gateway), actor, session) {
        (true, Some(actor), Some(session)) => {
            Ok(Visitor { actor: Actor::staff(actor), session: session.to_owned() })
        }
        _ => Err(Refused::new(403, "This is not the gateway", "Nothing was changed.")),
    }
}

fn form(request: &mut Request) -> Result<Pairs, Refused> {
    let is_form = |header: &Header| {
        header.field.equiv("Content-Type")
            && header.value.as_str().to_ascii_lowercase().starts_with("application/x-www-form-urlencoded")
    };
    if !request.headers().iter().any(is_form) {
        return Err(Refused::new(415, "This is no form", "Nothing was changed."));
    }
    let too_large = || {
        Refused::new(
            413,
            "This is too much for one form",
            format!("A form holds at most {ADMIN_BODY_BYTES_MAX} bytes. Nothing was changed."),
        )
    };
    let length = request.body_length().ok_or_else(|| bad("A form has a length."))?;
    if length > ADMIN_BODY_BYTES_MAX {
        return Err(too_large());
    }
    let mut body = Vec::with_capacity(length);
    let read = request.as_reader().take(ADMIN_BODY_BYTES_MAX as u64 + 1).read_to_end(&mut body);
    if read.is_err() || body.len() != length {
        return Err(bad("The form broke off."));
    }
    let text = String::from_utf8(body).map_err(|_| bad("The form is not encoded as one."))?;
    Pairs::parse(&text).map_err(|fault| match fault {
        BadForm::TooMany => too_large(),
        BadForm::Encoding => bad("The form is not encoded as one."),
    })
}

/// The answer as the library takes it: always with a length, never in chunks, so that the gateway's reader of
/// it stays simple.
fn head(reply: Reply) -> Response<Box<dyn Read + Send>> {
    let mut headers = vec![
        header("X-Content-Type-Options", "nosniff"),
        header("X-Frame-Options", "DENY"),
        header("Referrer-Policy", "same-origin"),
        header("Cache-Control", "no-store"),
        header(
            "Content-Security-Policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
             base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        ),
    ];
    let (status, reader, bytes): (u16, Box<dyn Read + Send>, u64) = match reply {
        Reply::Page { status, html } => {
            headers.push(header("Content-Type", "text/html; charset=utf-8"));
            let bytes = html.len() as u64;
            (status, Box::new(io::Cursor::new(html)), bytes)
        }
        Reply::See(address) => {
            headers.push(header("Location", &address));
            (303, Box::new(io::empty()), 0)
        }
        Reply::File { name, content_type, bytes } => {
            headers.push(header("Content-Type", content_type));
            headers.extend(name.map(saved_as));
            let length = bytes.len() as u64;
            (200, Box::new(io::Cursor::new(bytes)), length)
        }
        Reply::Stream { name, reader, bytes } => {
            headers.push(header("Content-Type", "application/octet-stream"));
            headers.push(saved_as(&name));
            (200, reader, bytes)
        }
    };
    let length = usize::try_from(bytes).ok();
    Response::new(StatusCode(status), headers, reader, length, None).with_chunked_threshold(usize::MAX)
}

fn saved_as(name: &str) -> Header {
    let name: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).collect();
    header("Content-Disposition", &format!("attachment; filename=\"{name}\""))
}

/// A header of ours. What would not be one line of plain text is left blank: the library checks nothing.
fn header(name: &'static str, value: &str) -> Header {
    let is_plain = value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    let value = if is_plain { value } else { "" };
    match Header::from_bytes(name, value) {
        Ok(header) => header,
        Err(()) => unreachable!("{name} and plain text make a header"),
    }
}
