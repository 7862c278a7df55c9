//! Who gets a WebSocket, decided while an HTTP answer can still say no.

use std::sync::Arc;

use async_tungstenite::tungstenite::handshake::derive_accept_key;
use data_encoding::BASE64;
use http_body_util::Full;
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{StatusCode, Version};

use super::Inner;
use super::exchange::{Head, identify, single};
use super::http::{Face, Method, Refused, Response, query_value};
use super::outbox::Outbox;
use super::serve::Link;
use super::slots::Full as SlotFull;
use super::sockets::{Closed, ConnId, Opening, SocketKind, Sockets};
use super::websocket;

/// What the box speaks on its sockets.
const SUBPROTOCOL: &str = "deskbell.v1";
/// Bytes kept of a header that only describes the client.
const DESCRIPTION_BYTES_MAX: usize = 256;

/// The paths that are sockets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SocketPath {
    Customer,
    Agent,
    Echo,
}

/// Which socket stands at this path on this face.
pub(super) fn socket_path(inner: &Inner, face: Face, path: &str) -> Option<SocketPath> {
    match path {
        "/ws/customer" if face.serves(Face::Public) => Some(SocketPath::Customer),
        "/ws/agent" if face.serves(Face::Staff) => Some(SocketPath::Agent),
        "/ws/echo" if inner.settings.echo => Some(SocketPath::Echo),
        _ => None,
    }
}

/// A connection that the surfaces know of. Dropping it tells them that it is over, once, whatever ended it.
pub(super) struct Opened {
    pub(super) sockets: Arc<dyn Sockets>,
    pub(super) conn: ConnId,
    pub(super) why: Closed,
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.sockets.closed(self.conn, self.why);
    }
}

/// The answer that switches protocols, with the socket's own task started; or the refusal.
pub(super) fn upgrade(
    inner: &Arc<Inner>,
    link: &Arc<Link>,
    head: &Head,
    path: SocketPath,
    mut request: hyper::Request<Incoming>,
) -> Result<hyper::Response<Full<Bytes>>, Response> {
    if head.method != Some(Method::Get) {
        let refused = Refused::new(405, "not_allowed", "A WebSocket begins with GET.");
        return Err(Response::from(refused).with_header("allow", "GET"));
    }
    let kind = socket_kind(inner, head, path, request.headers())?;
    let handshake = Handshake::read(&request, path)?;
    let is_customer = kind.as_ref().is_some_and(|kind| matches!(kind, SocketKind::Customer { .. }));
    // A proxy that does not say for whom it asks is still no single client.
    let source = (!inner.is_trusted_proxy(head.peer)).then_some(head.peer);
    link.slot.claim(is_customer, source).map_err(full)?;
    let outbox = Outbox::new(inner.settings.ceilings.outbox, inner.outbox_bytes.clone());
    let opened = match kind {
        Some(kind) => Some(open(inner, head, kind, outbox.clone(), request.headers())?),
        None => None,
    };
    let upgraded = hyper::upgrade::on(&mut request);
    inner.spawn(websocket::run(inner.clone(), link.clone(), upgraded, outbox, opened));
    Ok(handshake.answer())
}

fn full(full: SlotFull) -> Response {
    let message = match full {
        SlotFull::Box => "The box has no room for another connection.",
        SlotFull::Source => "There are too many connections from your address.",
    };
    Refused::new(503, "full", message).retry_after(std::time::Duration::from_secs(5)).into()
}

fn open(
    inner: &Inner,
    head: &Head,
    kind: SocketKind,
    outbox: Arc<Outbox>,
    headers: &HeaderMap,
) -> Result<Opened, Refused> {
    let opening = Opening {
        kind,
        outbox,
        peer: head.peer,
        user_agent: description(headers.get(header::USER_AGENT)),
        accept_language: description(headers.get(header::ACCEPT_LANGUAGE)),
    };
    let conn = inner.sockets.open(opening)?;
    Ok(Opened { sockets: inner.sockets.clone(), conn, why: Closed::NeverOpened })
}

fn description(value: Option<&HeaderValue>) -> Option<String> {
    // `to_str` lets through ASCII only, so any byte is a good place to cut.
    value.and_then(|value| value.to_str().ok()).map(|text| text.chars().take(DESCRIPTION_BYTES_MAX).collect())
}

/// Who it is for; `None` for the echo socket. Before anything of the handshake is looked at, so that
/// whoever has no right to a socket learns nothing else.
fn socket_kind(
    inner: &Inner,
    head: &Head,
    path: SocketPath,
    headers: &HeaderMap,
) -> Result<Option<SocketKind>, Refused> {
    let foreign = || Refused::new(403, "forbidden", "This page may not open the socket.");
    match path {
        SocketPath::Echo => Ok(None),
        SocketPath::Customer => {
            if head.origin.is_some() && !head.own_origin {
                return Err(foreign());
            }
            let widget = head.query.as_deref().and_then(|query| query_value(query, "widget"));
            let missing = || Refused::new(400, "bad_request", "The address names no widget.");
            let widget = widget.filter(|widget| !widget.is_empty()).ok_or_else(missing)?;
            Ok(Some(SocketKind::Customer { widget }))
        }
        SocketPath::Agent => {
            // Every browser sends an origin with a socket: a cookie without one is not from a page.
            let has_bearer = headers.contains_key(header::AUTHORIZATION);
            let identified = identify(inner, Method::Get, head, headers);
            if identified.foreign_cookie || !has_bearer && identified.caller.is_some() && !head.own_origin {
                return Err(foreign());
            }
            let caller =
                identified.caller.ok_or_else(|| Refused::new(401, "unauthorized", "Sign in first."))?;
            Ok(Some(SocketKind::Agent { caller }))
        }
    }
}

/// What the client's side of the handshake says.
struct Handshake {
    accept: String,
    subprotocol: bool,
}

impl Handshake {
    fn read(request: &hyper::Request<Incoming>, path: SocketPath) -> Result<Handshake, Response> {
        let headers = request.headers();
        let bad = |message: &'static str| Response::from(Refused::new(400, "bad_request", message));
        let wants = has_token(headers, &header::CONNECTION, "upgrade")
            && has_token(headers, &header::UPGRADE, "websocket")
            && request.version() == Version::HTTP_11;
        if !wants {
            let refused = Refused::new(426, "bad_request", "This address speaks WebSocket only.");
            let response = Response::from(refused).with_header("upgrade", "websocket");
            return Err(response.with_header("connection", "upgrade"));
        }
        // Bytes of a body would be read as frames.
        let has_body = headers.contains_key(header::TRANSFER_ENCODING) || !request.body().is_end_stream();
        if has_body {
            return Err(bad("A WebSocket handshake has no body.").with_header("connection", "close"));
        }
        if single(headers, &header::SEC_WEBSOCKET_VERSION) != Ok(Some("13")) {
            let refused = Refused::new(426, "bad_request", "This box speaks version 13 of WebSocket.");
            return Err(Response::from(refused).with_header("sec-websocket-version", "13"));
        }
        let key = single(headers, &header::SEC_WEBSOCKET_KEY).ok().flatten().unwrap_or_default();
        if BASE64.decode(key.as_bytes()).map_or(0, |bytes| bytes.len()) != 16 {
            return Err(bad("A WebSocket key is 16 bytes in base64."));
        }
        let offers = headers.contains_key(header::SEC_WEBSOCKET_PROTOCOL);
        let subprotocol = has_token(headers, &header::SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL);
        if offers && !subprotocol && path != SocketPath::Echo {
            return Err(bad("This box speaks the subprotocol deskbell.v1 only."));
        }
        Ok(Handshake { accept: derive_accept_key(key.as_bytes()), subprotocol })
    }

    fn answer(self) -> hyper::Response<Full<Bytes>> {
        let mut response = hyper::Response::new(Full::default());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        if let Ok(accept) = HeaderValue::from_str(&self.accept) {
            headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
        }
        if self.subprotocol {
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
        }
        response
    }
}

/// Whether a comma-separated header holds a word, in any of its lines, without regard to case.
fn has_token(headers: &HeaderMap, name: &header::HeaderName, token: &str) -> bool {
    let lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|word| word.trim().eq_ignore_ascii_case(token))
}
