//! One request from its head to its answer: checked, routed, its caller and body found, its answer sealed.

use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{StatusCode, Version};
use smol::Timer;
use smol::future::FutureExt;

use super::Inner;
use super::headers::{self, Setting};
use super::http::{Access, Framing, Method, Refused, Request, Response, Route};
use super::identity::Caller;
use super::origin::{client_address, is_own_host, is_own_origin};
use super::router::Found;
use super::serve::Link;
use super::token::{self, TokenHash};
use super::upgrade;

type Wire = hyper::Response<Full<Bytes>>;

/// Bytes of body a route without one reads past, so that an empty `{}` is no fault.
const IGNORED_BODY_BYTES_MAX: usize = 1024;

/// What is known of a request before anything is decided.
pub(super) struct Head {
    pub(super) method: Option<Method>,
    pub(super) path: String,
    pub(super) query: Option<String>,
    pub(super) host: String,
    pub(super) origin: Option<String>,
    pub(super) own_origin: bool,
    pub(super) peer: IpAddr,
}

/// The caller, and whether a cookie was left out of account because of where the request comes from.
pub(super) struct Identified {
    pub(super) caller: Option<Caller>,
    pub(super) foreign_cookie: bool,
}

/// How an answer is to be sealed.
struct Seal {
    framing: Framing,
    embeddable: bool,
    /// The origin that scripts may read this answer from.
    cors_origin: Option<String>,
    /// Whether the answer differs by origin.
    varies: bool,
    /// Whether what follows on this connection cannot be trusted to be a request.
    close: bool,
}

impl Seal {
    fn plain() -> Seal {
        Seal { framing: Framing::Nobody, embeddable: false, cors_origin: None, varies: false, close: false }
    }

    fn of(route: &Route) -> Seal {
        let embeddable = route.embeddable || route.cors;
        Seal { framing: route.framing.clone(), embeddable, varies: route.cors, ..Seal::plain() }
    }
}

/// Answers one request, whatever it is.
pub(super) async fn answer(inner: Arc<Inner>, link: Arc<Link>, request: hyper::Request<Incoming>) -> Wire {
    inner.counters.requests.add();
    // Length and chunks together are how one request is smuggled inside another. The parser obeys the
    // chunks and forgets the length; so whatever had chunks is the last request of its connection.
    let chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
    let head = match Head::read(&inner, &link, &request) {
        Ok(head) => head,
        Err(refused) => return seal(&inner, None, refused.into(), Seal { close: true, ..Seal::plain() }),
    };
    if let Some(socket) = upgrade::socket_path(&inner, link.face, &head.path) {
        return match upgrade::upgrade(&inner, &link, &head, socket, request) {
            Ok(switching) => switching,
            Err(response) => seal(&inner, Some(&head), response, Seal { close: chunked, ..Seal::plain() }),
        };
    }
    let (response, mut sealing) = routed(&inner, &link, &head, request).await;
    sealing.close |= chunked;
    seal(&inner, Some(&head), response, sealing)
}

async fn routed(
    inner: &Arc<Inner>,
    link: &Link,
    head: &Head,
    request: hyper::Request<Incoming>,
) -> (Response, Seal) {
    let Some(method) = head.method else {
        return (method_not_allowed(&["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]), Seal::plain());
    };
    if method == Method::Options
        && let Some((route, params)) = inner.router.cors_route(link.face, &head.path)
        && let Found::OtherMethods(methods) = inner.router.find(link.face, method, &head.path)
    {
        return preflight(inner, link, head, request.into_parts().0.headers, (route, params), &methods);
    }
    let (route, params) = match inner.router.find(link.face, method, &head.path) {
        Found::Route(route, params) => (route, params),
        Found::OtherMethods(methods) => return (method_not_allowed(&methods), Seal::plain()),
        Found::Nothing => {
            let refused = Refused::new(404, "not_found", "There is nothing here.");
            return (refused.into(), Seal { close: !request.body().is_end_stream(), ..Seal::plain() });
        }
    };
    let mut sealing = Seal::of(route);
    let (parts, body) = request.into_parts();
    let identified = identify(inner, method, head, &parts.headers);
    if let Err(refused) = allowed(route.access, &identified) {
        sealing.close = !body.is_end_stream();
        return (refused.into(), sealing);
    }
    let (body, budget) = match read_body(inner, body, route.body_bytes_max).await {
        Ok(read) => read,
        Err(refused) => {
            sealing.close = true;
            return (refused.into(), sealing);
        }
    };
    let request = whole(link, head, method, parts.headers, params, body, identified.caller);
    if route.cors {
        sealing.cors_origin = cors_origin(inner, &request);
    }
    let answer = (route.handler)(request);
    let limit = Duration::from_millis(inner.settings.ceilings.answer_ms_max);
    let response = in_time(limit, answer).await.unwrap_or_else(|| {
        log::error!("{} {} took too long to answer", method.name(), route.path);
        Refused::new(503, "unavailable", "This takes too long.").retry_after(Duration::from_secs(1)).into()
    });
    drop(budget);
    (response, sealing)
}

fn whole(
    link: &Link,
    head: &Head,
    method: Method,
    headers: HeaderMap,
    params: Vec<(&'static str, String)>,
    body: Vec<u8>,
    caller: Option<Caller>,
) -> Request {
    Request {
        method,
        path: head.path.clone(),
        face: link.face,
        body,
        peer: head.peer,
        caller,
        origin: head.origin.clone(),
        host: head.host.clone(),
        own_origin: head.own_origin,
        query: head.query.clone(),
        params,
        headers,
    }
}

fn method_not_allowed(methods: &[&str]) -> Response {
    let refused = Refused::new(405, "not_allowed", "This address does not know that method.");
    Response::from(refused).with_header("allow", &methods.join(", "))
}

/// The question a browser asks before it lets a script of another site call.
fn preflight(
    inner: &Inner,
    link: &Link,
    head: &Head,
    headers: HeaderMap,
    (route, params): (&Route, Vec<(&'static str, String)>),
    methods: &[&str],
) -> (Response, Seal) {
    let methods = methods.join(", ");
    let request = whole(link, head, Method::Options, headers, params, Vec::new(), None);
    let cors_origin = cors_origin(inner, &request);
    let response = match (&request.origin, &cors_origin) {
        (Some(_), None) => Response::error(403, "forbidden", "This site may not use the widget."),
        _ => Response::empty(204)
            .with_header("allow", &methods)
            .with_header("access-control-allow-methods", &methods)
            .with_header("access-control-allow-headers", "content-type")
            .with_header("access-control-max-age", "600"),
    };
    (response, Seal { cors_origin, ..Seal::of(route) })
}

fn cors_origin(inner: &Inner, request: &Request) -> Option<String> {
    let origin = request.origin.as_ref()?;
    let allowed = request.own_origin || (inner.router.allowed_origin)(request, origin);
    allowed.then(|| origin.clone())
}

impl Head {
    fn read(inner: &Inner, link: &Link, request: &hyper::Request<Incoming>) -> Result<Head, Refused> {
        let bad = |message: &'static str| Refused::new(400, "bad_request", message);
        let headers = request.headers();
        let uri = request.uri();
        let host = match single(headers, &header::HOST) {
            Ok(Some(host)) => host.to_owned(),
            Ok(None) if request.version() == Version::HTTP_10 => String::new(),
            Ok(None) | Err(_) => return Err(bad("A request has exactly one Host.")),
        };
        if uri.authority().is_some_and(|authority| !authority.as_str().eq_ignore_ascii_case(&host)) {
            return Err(bad("Address and Host differ."));
        }
        if !uri.path().starts_with('/') {
            return Err(bad("A path begins with a slash."));
        }
        let origin =
            single(headers, &header::ORIGIN).map_err(|_| bad("A request has at most one Origin."))?;
        let own = &inner.settings.hosts;
        let forwarded: Vec<&str> =
            headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok()).collect();
        Ok(Head {
            method: method(request.method()),
            path: uri.path().to_owned(),
            query: uri.query().map(str::to_owned),
            own_origin: origin.is_some_and(|origin| is_own_origin(origin, &host, own)),
            origin: origin.map(str::to_owned),
            host,
            peer: client_address(link.socket_peer, &forwarded, &inner.settings.trusted_proxies),
        })
    }
}

fn method(method: &hyper::Method) -> Option<Method> {
    const ALL: [Method; 7] = [
        Method::Get,
        Method::Head,
        Method::Post,
        Method::Put,
        Method::Patch,
        Method::Delete,
        Method::Options,
    ];
    ALL.into_iter().find(|one| one.name() == method.as_str())
}

/// A header that may stand once; two, or one that is not plain text, is an attempt at something.
pub(super) fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, ()> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| ()),
        (Some(_), Some(_)) => Err(()),
    }
}

/// Bearer first; a cookie only when the browser does not say that another site sent the request.
pub(super) fn identify(inner: &Inner, method: Method, head: &Head, headers: &HeaderMap) -> Identified {
    let ask = |hash: TokenHash| inner.identity.caller(&hash);
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let hash = value.to_str().ok().and_then(token::from_authorization);
        return Identified { caller: hash.and_then(ask), foreign_cookie: false };
    }
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let Some(hash) = cookies.filter_map(token::from_cookies).next() else {
        return Identified { caller: None, foreign_cookie: false };
    };
    let site = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    let own = match (&head.origin, site) {
        (Some(_), _) => head.own_origin,
        (None, Some(site)) => site == "same-origin" || site == "none" && method.is_safe(),
        // Neither header: no browser of today. A safe method changes nothing.
        (None, None) => method.is_safe(),
    };
    if own {
        Identified { caller: ask(hash), foreign_cookie: false }
    } else {
        Identified { caller: None, foreign_cookie: true }
    }
}

fn allowed(access: Access, identified: &Identified) -> Result<(), Refused> {
    let roles = match access {
        Access::Anyone => return Ok(()),
        Access::SignedIn => None,
        Access::Role(roles) => Some(roles),
    };
    match &identified.caller {
        None if identified.foreign_cookie => {
            Err(Refused::new(403, "forbidden", "This page may not act for you."))
        }
        None => Err(Refused::new(401, "unauthorized", "Sign in first.")),
        Some(caller) if roles.is_some_and(|roles| !caller.roles.has_any(roles)) => {
            Err(Refused::new(403, "forbidden", "Your roles do not include this."))
        }
        Some(_) => Ok(()),
    }
}

/// Bytes of bodies in memory, all requests together.
#[derive(Default)]
pub(super) struct BodyBytes(AtomicUsize);

/// One request's part of them; dropping it gives them back.
struct BodyBudget<'a> {
    all: &'a AtomicUsize,
    max: usize,
    own: usize,
}

impl BodyBudget<'_> {
    fn take(&mut self, bytes: usize) -> Result<(), Refused> {
        let before = self.all.fetch_add(bytes, Ordering::Relaxed);
        self.own += bytes;
        if before + bytes <= self.max {
            return Ok(());
        }
        Err(Refused::new(503, "full", "Too much is being sent at once.").retry_after(Duration::from_secs(1)))
    }
}

impl Drop for BodyBudget<'_> {
    fn drop(&mut self) {
        self.all.fetch_sub(self.own, Ordering::Relaxed);
    }
}

async fn read_body(
    inner: &Inner,
    mut body: Incoming,
    bytes_max: usize,
) -> Result<(Vec<u8>, BodyBudget<'_>), Refused> {
    let ceilings = &inner.settings.ceilings;
    let too_large = || Refused::new(413, "too_long", "The body is too large.");
    let bound = bytes_max.max(IGNORED_BODY_BYTES_MAX);
    let mut budget = BodyBudget { all: &inner.body_bytes.0, max: ceilings.bodies_bytes_max, own: 0 };
    let mut bytes = Vec::new();
    if body.is_end_stream() {
        return Ok((bytes, budget));
    }
    if body.size_hint().lower() > bound as u64 {
        return Err(too_large());
    }
    let reading = async {
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Refused::new(400, "bad_request", "The body is broken."))?;
            let Ok(data) = frame.into_data() else { continue };
            if bytes.len() + data.len() > bound {
                return Err(too_large());
            }
            budget.take(data.len())?;
            if bytes_max > 0 {
                bytes.extend_from_slice(&data);
            }
        }
        Ok(())
    };
    let limit = Duration::from_millis(ceilings.body_ms_max);
    let late = || Err(Refused::new(408, "bad_request", "The body took too long."));
    in_time(limit, reading).await.unwrap_or_else(late)?;
    Ok((bytes, budget))
}

async fn in_time<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    let late = async {
        Timer::after(limit).await;
        None
    };
    async { Some(work.await) }.or(late).await
}

/// Turns an answer into bytes-to-be, with every header that belongs on it.
fn seal(inner: &Inner, head: Option<&Head>, response: Response, sealing: Seal) -> Wire {
    match response.status {
        400..500 => inner.counters.requests_refused.add(),
        500.. => inner.counters.requests_failed.add(),
        _ => {}
    }
    let mut wire = hyper::Response::new(Full::new(response.body));
    *wire.status_mut() = StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = wire.headers_mut();
    for (name, value) in response.headers {
        headers.append(name, value);
    }
    let own_host =
        head.map(|head| head.host.as_str()).filter(|host| is_own_host(host, &inner.settings.hosts));
    let framing = response.framing.unwrap_or(sealing.framing);
    let setting = Setting {
        framing: &framing,
        embeddable: sealing.embeddable,
        own_host,
        hsts_s: inner.settings.hsts_s,
    };
    headers::secure(headers, &setting);
    if sealing.varies {
        headers.append(header::VARY, HeaderValue::from_static("origin"));
    }
    if let Some(origin) = sealing.cors_origin.and_then(|origin| HeaderValue::from_str(&origin).ok()) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    if sealing.close {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    wire
}
