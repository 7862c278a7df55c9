//! From a listener to a served connection: accept, admit, shake hands, speak HTTP.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use futures_rustls::TlsAcceptor;
use futures_rustls::server::TlsStream;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use smol::future::{FutureExt, yield_now};
use smol::{Async, Timer};
use smol_hyper::rt::{FuturesIo, SmolTimer};

use super::http::Face;
use super::slots::{Full, Slot};
use super::wire::Wire;
use super::{Inner, exchange};
use crate::limits;

/// What HTTP runs over.
pub(super) type Stream = FuturesIo<TlsStream<Wire>>;

/// One connection, as its requests see it.
pub(super) struct Link {
    pub(super) face: Face,
    /// The other end of the socket: a client, or a proxy.
    pub(super) socket_peer: IpAddr,
    pub(super) slot: Slot,
}

/// How long to stand back when the system cannot hand over a connection: descriptors come back as others
/// hang up, and trying at once would only burn the processor.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Accepts until the gateway stops. No error ends it.
pub(super) async fn accept_loop(inner: Arc<Inner>, listener: Async<TcpListener>, face: Face) {
    loop {
        let next = async { Some(listener.accept().await) };
        match next.or(async { inner.stopped().await }).await {
            None => return,
            Some(Ok((tcp, peer))) => welcome(&inner, tcp, peer, face),
            Some(Err(error)) => {
                inner.counters.accept_failed.add();
                log::warn!("a connection could not be accepted: {error}");
                if !is_the_client_s_fault(&error) {
                    Timer::after(ACCEPT_PAUSE).await;
                }
            }
        }
        yield_now().await;
    }
}

/// The client was gone before we took it: the next one may be there already.
fn is_the_client_s_fault(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset)
}

fn welcome(inner: &Arc<Inner>, tcp: Async<TcpStream>, peer: SocketAddr, face: Face) {
    let peer = peer.ip().to_canonical();
    let source = (!inner.is_trusted_proxy(peer)).then_some(peer);
    match inner.slots.admit(face, source) {
        Ok(slot) => {
            inner.counters.connections_accepted.add();
            let link = Arc::new(Link { face, socket_peer: peer, slot });
            inner.spawn(serve(inner.clone(), tcp, link));
        }
        Err(Full::Box) => inner.counters.connections_refused_full.add(),
        Err(Full::Source) => inner.counters.connections_refused_source.add(),
    }
}

async fn serve(inner: Arc<Inner>, tcp: Async<TcpStream>, link: Arc<Link>) {
    let Some(tls) = shake_hands(&inner, tcp, link.face).await else { return };
    let service_inner = inner.clone();
    let service = service_fn(move |request| {
        let (inner, link) = (service_inner.clone(), link.clone());
        async move { Ok::<_, Infallible>(exchange::answer(inner, link, request).await) }
    });
    let mut connection = pin!(inner.http.serve_connection(FuturesIo::new(tls), service).with_upgrades());
    let ended = async { Some(connection.as_mut().await) };
    let ended = ended.or(async { inner.stopped().await }).await;
    let result = match ended {
        Some(result) => result,
        None => {
            Pin::as_mut(&mut connection).graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        log::debug!("a connection ended early: {error}");
    }
}

async fn shake_hands(inner: &Inner, tcp: Async<TcpStream>, face: Face) -> Option<TlsStream<Wire>> {
    let ceilings = &inner.settings.ceilings;
    // Frames are small and somebody waits for each.
    let _ = tcp.get_ref().set_nodelay(true);
    let stall = Duration::from_millis(ceilings.write_stall_ms_max);
    let linger = Duration::from_millis(ceilings.goodbye_ms_max);
    let accept = TlsAcceptor::from(inner.tls.of(face).clone()).accept(Wire::new(tcp, stall, linger));
    let limit = Duration::from_millis(ceilings.handshake_ms_max);
    let in_time = async { Some(accept.await) };
    let too_late = async {
        Timer::after(limit).await;
        None
    };
    match in_time.or(too_late).await {
        Some(Ok(tls)) => {
            tls.get_ref().0.acknowledge();
            Some(tls)
        }
        Some(Err(error)) => {
            inner.counters.handshakes_failed.add();
            log::debug!("a TLS handshake failed: {error}");
            None
        }
        None => {
            inner.counters.handshakes_timed_out.add();
            None
        }
    }
}

/// The HTTP settings, the same for every connection. The header time-out does nothing without a timer.
pub(super) fn http_settings(header_ms_max: u64) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(SmolTimer::new())
        .header_read_timeout(Duration::from_millis(header_ms_max))
        .max_header_size(limits::HEADER_BYTES_MAX)
        .max_buf_size(limits::HEADER_BYTES_MAX)
        .keep_alive(true)
        .half_close(false);
    http
}
