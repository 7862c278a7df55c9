//! The words in which a surface speaks HTTP: a request already read and bounded, a response not yet written.
//!
//! Nothing here names the HTTP library, so that the surfaces can be read, and tested, without it.

use std::borrow::Cow;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;

use super::identity::{Caller, Role};
use crate::percent::decoded;

/// Which of the box's two faces a listener shows, or a route belongs to (REQ B-10).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Face {
    /// The widget, its calls, the customer socket, the provider hooks.
    Public,
    /// Everything else.
    Staff,
    /// A listener that shows both (only in `demo`), or a route that stands on both.
    Both,
}

impl Face {
    /// Whether a listener showing `self` serves a route that belongs to `route`.
    pub fn serves(self, route: Face) -> bool {
        self == Face::Both || route == Face::Both || self == route
    }
}

/// A request's method. Any other is answered 405 before a surface sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Method {
    Get,
    /// Served by the `Get` route; the body is left out on the wire.
    Head,
    Post,
    Put,
    Patch,
    Delete,
    Options,
}

impl Method {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
            Method::Options => "OPTIONS",
        }
    }

    /// Whether a request with this method promises to change nothing.
    pub fn is_safe(self) -> bool {
        matches!(self, Method::Get | Method::Head | Method::Options)
    }
}

/// One request: routed, bounded, its caller known, its body read.
pub struct Request {
    /// The method; `Head` reaches the handler of the `Get` route.
    pub method: Method,
    /// The path as sent, still percent-encoded, without the query.
    pub path: String,
    /// The face of the listener it came in by.
    pub face: Face,
    /// The whole body, at most the route's `body_bytes_max`.
    pub body: Vec<u8>,
    /// The client's address: the socket's, or what a trusted proxy says (REQ B-10).
    pub peer: IpAddr,
    /// Who asks, when a token came with it and is good. A cookie counts only with the box's own origin.
    pub caller: Option<Caller>,
    /// The `Origin` header.
    pub origin: Option<String>,
    /// The `Host` header, port included; empty when there was none.
    pub host: String,
    /// Whether the browser says this comes from a page of the box itself: `Origin` is `https://HOST` and
    /// HOST is one of the box's own names.
    pub own_origin: bool,
    pub(super) query: Option<String>,
    pub(super) params: Vec<(&'static str, String)>,
    pub(super) headers: HeaderMap,
}

impl Request {
    /// What stood in the path where the route says `{name}`, percent-decoded; empty when the route has no
    /// such part.
    pub fn param(&self, name: &str) -> &str {
        self.params.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value)
    }

    /// The first value of a query key, decoded; `None` when absent or not UTF-8.
    pub fn query(&self, name: &str) -> Option<String> {
        query_value(self.query.as_deref()?, name)
    }

    /// The query as sent, without its question mark.
    pub fn raw_query(&self) -> Option<&str> {
        self.query.as_deref()
    }

    /// The first header of that name, when it is plain text. Names are compared without case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// A request as a surface's own test builds it: no headers, no body, from loopback.
    pub fn for_test(method: Method, path: &str) -> Request {
        Request {
            method,
            path: path.to_owned(),
            face: Face::Both,
            body: Vec::new(),
            peer: IpAddr::from([127, 0, 0, 1]),
            caller: None,
            origin: None,
            host: "localhost".to_owned(),
            own_origin: false,
            query: None,
            params: Vec::new(),
            headers: HeaderMap::new(),
        }
    }

    /// Sets a path parameter of a test's request.
    pub fn with_param(mut self, name: &'static str, value: &str) -> Request {
        self.params.push((name, value.to_owned()));
        self
    }

    /// Sets the query of a test's request.
    pub fn with_query(mut self, query: &str) -> Request {
        self.query = Some(query.to_owned());
        self
    }

    /// Adds a header to a test's request; one that is not legal is left out.
    pub fn with_header(mut self, name: &'static str, value: &str) -> Request {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.append(HeaderName::from_static(name), value);
        }
        self
    }
}

pub(super) fn query_value(query: &str, name: &str) -> Option<String> {
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(key, true)? == name).then(|| decoded(value, true))?
    })
}

/// A form as pairs, in the order they came; `None` for more than `pairs_max`, a broken escape, a NUL, or bytes that are
/// not UTF-8.
pub fn form_pairs(text: &str, pairs_max: usize) -> Option<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        if pairs.len() == pairs_max {
            return None;
        }
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        pairs.push((decoded(key, true)?, decoded(value, true)?));
    }
    Some(pairs)
}

/// Who may show a page in a frame. Sent as `frame-ancestors`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Framing {
    /// No page at all.
    Nobody,
    /// The box's own pages.
    Own,
    /// The box's own pages and those of these origins (`https://shop.example`), as the desk allows.
    Origins(Vec<String>),
}

/// One answer. Security headers are added to it on the way out; a surface need not think of them.
#[derive(Debug)]
pub struct Response {
    pub(super) status: u16,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Bytes,
    pub(super) framing: Option<Framing>,
}

impl Response {
    /// An answer without a body.
    pub fn empty(status: u16) -> Response {
        Response { status, headers: Vec::new(), body: Bytes::new(), framing: None }
    }

    /// Any body with its content type.
    pub fn body(status: u16, content_type: &'static str, body: impl Into<Vec<u8>>) -> Response {
        let mut response = Response::empty(status);
        response.body = Bytes::from(body.into());
        response.with_header("content-type", content_type)
    }

    /// A JSON body. What cannot be written as JSON is a fault of the box: 500.
    pub fn json<T: Serialize + ?Sized>(status: u16, value: &T) -> Response {
        match serde_json::to_vec(value) {
            Ok(bytes) => Response::body(status, "application/json", bytes),
            Err(error) => {
                log::error!("an answer could not be written as JSON: {error}");
                Refused::new(500, "unavailable", "The answer could not be written.").into_response()
            }
        }
    }

    /// Plain text.
    pub fn text(status: u16, text: impl Into<String>) -> Response {
        Response::body(status, "text/plain; charset=utf-8", text.into())
    }

    /// A page.
    pub fn html(status: u16, html: impl Into<String>) -> Response {
        Response::body(status, "text/html; charset=utf-8", html.into())
    }

    /// The protocol's error: `{"error":{"code","message"}}`.
    pub fn error(status: u16, code: &'static str, message: impl Into<Cow<'static, str>>) -> Response {
        Refused::new(status, code, message).into_response()
    }

    pub(super) fn of_static(status: u16, content_type: &'static str, body: &'static [u8]) -> Response {
        let mut response = Response::empty(status);
        response.body = Bytes::from_static(body);
        response.with_header("content-type", content_type)
    }

    /// Adds a header. A value that is not legal in a header is left out and logged, so that text from
    /// outside can never become a header of its own.
    pub fn with_header(mut self, name: &'static str, value: &str) -> Response {
        match HeaderValue::from_str(value) {
            Ok(value) => self.headers.push((HeaderName::from_static(name), value)),
            Err(_) => log::error!("the value for header {name} is not legal and was left out"),
        }
        self
    }

    /// Says who may frame this page, instead of what the route says: `/widget/ID` differs by widget.
    pub fn framed_by(mut self, framing: Framing) -> Response {
        self.framing = Some(framing);
        self
    }

    /// The status code.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The body, for tests of a surface.
    pub fn body_bytes(&self) -> &[u8] {
        &self.body
    }

    /// The first header of that name (lower case), for tests of a surface.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).and_then(|(_, value)| value.to_str().ok())
    }
}

/// A request refused by name: what the answer says, over HTTP and before an upgrade alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The HTTP status.
    pub status: u16,
    /// One of the protocol's error codes.
    pub code: &'static str,
    /// One sentence for a person.
    pub message: Cow<'static, str>,
    /// Sent as `Retry-After`, in whole seconds rounded up.
    pub retry_after: Option<Duration>,
}

impl Refused {
    /// A refusal without a time to come back.
    pub fn new(status: u16, code: &'static str, message: impl Into<Cow<'static, str>>) -> Refused {
        Refused { status, code, message: message.into(), retry_after: None }
    }

    /// Adds when to try again.
    pub fn retry_after(mut self, wait: Duration) -> Refused {
        self.retry_after = Some(wait);
        self
    }

    /// The answer on the wire.
    pub fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Body<'a> {
            error: Detail<'a>,
        }
        #[derive(Serialize)]
        struct Detail<'a> {
            code: &'a str,
            message: &'a str,
        }
        let body = Body { error: Detail { code: self.code, message: &self.message } };
        let bytes = serde_json::to_vec(&body).unwrap_or_default();
        let response = Response::body(self.status, "application/json", bytes);
        match self.retry_after {
            Some(wait) => {
                let seconds = wait.as_millis().div_ceil(1000).max(1);
                response.with_header("retry-after", &seconds.to_string())
            }
            None => response,
        }
    }
}

impl From<Refused> for Response {
    fn from(refused: Refused) -> Response {
        refused.into_response()
    }
}

/// A future that a surface hands back.
pub type Answer = Pin<Box<dyn Future<Output = Response> + Send>>;

/// What a route does. It runs on the gateway's executor: it may wait, but must not block. When the client
/// hangs up, its future is dropped at whatever it waits for; what must be finished is handed over first.
pub type Handler = Arc<dyn Fn(Request) -> Answer + Send + Sync>;

/// Makes a [`Handler`] of an async function.
pub fn handler<F, Fut>(function: F) -> Handler
where
    F: Fn(Request) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Response> + Send + 'static,
{
    Arc::new(move |request| Box::pin(function(request)))
}

/// Who may call a route.
#[derive(Clone, Copy, Debug)]
pub enum Access {
    /// Anyone; a good token still names the caller.
    Anyone,
    /// Any staff token; else 401.
    SignedIn,
    /// A token with at least one of these roles; else 401 or 403.
    Role(&'static [Role]),
}

/// One line of a route table.
pub struct Route {
    /// The method; a `Get` route serves `HEAD` too.
    pub method: Method,
    /// `/api/v1/widgets/{id}`; a last part `{*rest}` takes whatever follows, slashes included.
    pub path: &'static str,
    /// The face it stands on.
    pub face: Face,
    /// Who may call it; checked before the body is read.
    pub access: Access,
    /// Bytes of body it takes; 0 for none. More is 413.
    pub body_bytes_max: usize,
    /// Who may frame the answer.
    pub framing: Framing,
    /// Whether scripts of allowed sites may call it (CORS, without credentials). Such a route answers
    /// `OPTIONS`, and pages elsewhere may embed what it sends.
    pub cors: bool,
    /// Whether pages of any site may embed what it sends (`widget.js`, `/widget/ID`).
    pub embeddable: bool,
    /// What it does.
    pub handler: Handler,
}

impl Route {
    /// A route with the strictest settings: no body, never framed, no CORS, not embeddable.
    pub fn new(method: Method, path: &'static str, face: Face, access: Access, handler: Handler) -> Route {
        let framing = Framing::Nobody;
        Route {
            method,
            path,
            face,
            access,
            body_bytes_max: 0,
            framing,
            cors: false,
            embeddable: false,
            handler,
        }
    }

    /// Sets the most bytes of body.
    pub fn body_bytes_max(mut self, bytes: usize) -> Route {
        self.body_bytes_max = bytes;
        self
    }

    /// Sets who may frame it.
    pub fn framing(mut self, framing: Framing) -> Route {
        self.framing = framing;
        self
    }

    /// Lets scripts of allowed sites call it.
    pub fn cors(mut self) -> Route {
        self.cors = true;
        self
    }

    /// Lets pages of any site embed it.
    pub fn embeddable(mut self) -> Route {
        self.embeddable = true;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_values_are_decoded_and_broken_escapes_are_absent() {
        let request =
            Request::for_test(Method::Get, "/x").with_query("a=1&widget=shop%20two&b=x+y&c=%zz&d=%ff");
        assert_eq!(request.query("widget").as_deref(), Some("shop two"));
        assert_eq!(request.query("b").as_deref(), Some("x y"));
        assert_eq!(request.query("c"), None);
        assert_eq!(request.query("d"), None);
        assert_eq!(request.query("none"), None);
    }

    #[test]
    fn refusal_says_code_message_and_when_to_come_back() {
        let refused = Refused::new(429, "rate_limited", "Too many.").retry_after(Duration::from_millis(1500));
        let response = refused.into_response();
        assert_eq!(response.status(), 429);
        assert_eq!(response.header("retry-after"), Some("2"));
        assert_eq!(response.body_bytes(), br#"{"error":{"code":"rate_limited","message":"Too many."}}"#);
    }

    #[test]
    fn header_value_with_a_line_break_is_left_out() {
        let response = Response::empty(204).with_header("location", "/x\r\nset-cookie: a=b");
        assert_eq!(response.header("location"), None);
    }
}
