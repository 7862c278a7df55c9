//! Bytes to requests and frames, and back: the box's only door to the network.
//!
//! It knows nothing of conversations. A request that comes out of here is whole, bounded in size and time,
//! and its caller is known; a frame that goes in is sent in order or its client is told to come back. The
//! surfaces plug in by three small seams: a [`Router`] of [`Route`]s, [`Sockets`] for frames, [`Identity`]
//! for tokens.

mod apart;
mod assets;
mod authority;
mod brought;
mod counters;
mod exchange;
mod headers;
mod http;
mod identity;
pub mod jwt;
mod live;
mod origin;
mod outbox;
mod password;
pub mod rate;
mod redirect;
mod router;
mod serve;
mod sign_in;
mod slots;
mod sockets;
mod tls;
mod token;
mod upgrade;
mod websocket;
mod wire;

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use hyper::server::conn::http1;
use smol::channel::{Receiver, Sender};
use smol::{Async, Executor};

pub use assets::{Asset, Caching};
pub use authority::{Authority, AuthorityFault, replace_file};
pub use brought::{Brought, BroughtFault};
pub use counters::{Counter, Counters};
pub use http::{
    Access, Answer, Face, Framing, Handler, Method, Refused, Request, Response, Route, form_pairs, handler,
};
pub use identity::{Caller, Identity, Role, Roles};
pub use origin::{Network, NotANetwork, source_of};
pub use outbox::{Frame, Outbox, OutboxLimits, Overflow};
pub use password::{PASSWORD_BYTES_MAX, PasswordFault, Passwords, hash_now, is_a_hash, verify_now};
pub use redirect::Redirect;
pub use router::{AllowedOrigin, Router};
pub use sign_in::{Attempt, SignIns};
pub use sockets::{Closed, ConnId, Fault, Opening, SocketKind, Sockets};
pub use tls::{CertificateFault, Certificates, ServerCertificate};
pub use token::{COOKIE_NAME, Token, TokenHash, cookie_gone};

use self::exchange::BodyBytes;
use self::live::Live;
use self::outbox::Goodbye;
use self::rate::Rate;
use self::slots::Slots;
use crate::limits;

/// How the gateway behaves. `Settings::default()` is the appliance's; a demo opens a little more.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The box's own names, as a browser shows them: `box.example`, `192.168.1.10`, `[::1]`; with a port
    /// (`localhost:8443`) the port must match too. They decide which `Origin` is the box's own.
    pub hosts: Vec<String>,
    /// Networks of reverse proxies, `10.0.0.1` or `10.0.0.0/8`, whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// Whether connections from loopback are free of the ceiling by address (`demo`).
    pub loopback_unlimited: bool,
    /// Whether `/ws/echo` exists (`demo`).
    pub echo: bool,
    /// Seconds of `Strict-Transport-Security`; 0 leaves it out.
    pub hsts_s: u32,
    /// Ceilings and times.
    pub ceilings: Ceilings,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            hosts: Vec::new(),
            trusted_proxies: Vec::new(),
            loopback_unlimited: false,
            echo: false,
            hsts_s: 365 * 24 * 3600,
            ceilings: Ceilings::default(),
        }
    }
}

/// Every ceiling of the gateway; the defaults are in [`crate::limits`], with their reasons.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Ceilings {
    pub connections_max: usize,
    pub staff_connections_reserved: usize,
    pub connections_per_source_max: usize,
    pub handshake_ms_max: u64,
    pub header_ms_max: u64,
    pub body_ms_max: u64,
    pub bodies_bytes_max: usize,
    pub answer_ms_max: u64,
    pub write_stall_ms_max: u64,
    pub ping_ms: u64,
    pub silence_ms_max: u64,
    pub goodbye_ms_max: u64,
    pub client_frame_bytes_max: usize,
    /// The same for `/ws/echo`. Conformance suites send 64 KiB; the product's own limit is the default.
    pub echo_frame_bytes_max: usize,
    /// Frames of one client, pings and pongs included; beyond it the client is slowed down.
    pub frames: Rate,
    pub outbox: OutboxLimits,
    /// Executor threads; 0 for one per core.
    pub threads: usize,
}

impl Default for Ceilings {
    fn default() -> Ceilings {
        Ceilings {
            connections_max: limits::CONNECTIONS_MAX,
            staff_connections_reserved: limits::STAFF_CONNECTIONS_RESERVED,
            connections_per_source_max: limits::CONNECTIONS_PER_SOURCE_MAX,
            handshake_ms_max: limits::HANDSHAKE_MS_MAX,
            header_ms_max: limits::HEADER_MS_MAX,
            body_ms_max: limits::BODY_MS_MAX,
            bodies_bytes_max: limits::BODIES_BYTES_MAX,
            answer_ms_max: limits::ANSWER_MS_MAX,
            write_stall_ms_max: limits::WRITE_STALL_MS_MAX,
            ping_ms: limits::PING_MS,
            silence_ms_max: limits::SILENCE_MS_MAX,
            goodbye_ms_max: limits::GOODBYE_MS_MAX,
            client_frame_bytes_max: limits::CLIENT_FRAME_BYTES_MAX,
            echo_frame_bytes_max: limits::CLIENT_FRAME_BYTES_MAX,
            frames: Rate { burst: limits::FRAMES_BURST, per_s: limits::FRAMES_PER_S },
            outbox: OutboxLimits::default(),
            threads: 0,
        }
    }
}

/// A socket already bound, by the box or by systemd, and the face it shows.
pub struct Listening {
    /// The socket.
    pub listener: TcpListener,
    /// The face.
    pub face: Face,
}

/// Everything a gateway is made of.
pub struct Parts {
    /// How it behaves.
    pub settings: Settings,
    /// Where it listens; at least one.
    pub listening: Vec<Listening>,
    /// Port 80, when there is one.
    pub redirect: Option<Redirect>,
    /// What it serves.
    pub router: Router,
    /// Who understands the frames.
    pub sockets: Arc<dyn Sockets>,
    /// Who knows the tokens.
    pub identity: Arc<dyn Identity>,
    /// The certificates it shows; they may be replaced while it runs.
    pub certificates: Arc<Certificates>,
}

/// A running gateway. Dropping it stops it at once; [`Gateway::stop`] lets it finish.
pub struct Gateway {
    inner: Arc<Inner>,
    executor: Option<Arc<Executor<'static>>>,
    addresses: Vec<(Face, SocketAddr)>,
    /// Closed to end the accept loops and the keep-alive of idle connections.
    stopping: Sender<Infallible>,
    /// Closed to end the threads.
    quit: Sender<Infallible>,
    threads: Vec<JoinHandle<()>>,
}

/// What every connection shares.
struct Inner {
    settings: Settings,
    router: Router,
    sockets: Arc<dyn Sockets>,
    identity: Arc<dyn Identity>,
    tls: tls::Configs,
    http: http1::Builder,
    slots: Arc<Slots>,
    live: Arc<Live>,
    counters: Counters,
    outbox_bytes: Arc<AtomicUsize>,
    body_bytes: BodyBytes,
    stopping: Receiver<Infallible>,
    /// Weak: the executor owns the tasks, and every task holds this.
    executor: Weak<Executor<'static>>,
}

/// What every socket hears when the box stops.
const GOING_DOWN: Goodbye = Goodbye { code: 1012, reason: "the box restarts", why: Closed::Stopped };

impl Gateway {
    /// Starts serving on threads of its own and returns at once. Fails when a listener cannot be used or
    /// a thread cannot be had.
    pub fn start(parts: Parts) -> io::Result<Gateway> {
        let Parts { mut settings, listening, redirect, router, sockets, identity, certificates } = parts;
        fit_to_descriptors(&mut settings.ceilings);
        let tls = tls::server_configs(certificates).map_err(io::Error::other)?;
        let executor = Arc::new(Executor::new());
        let (stopping, stopping_seen) = smol::channel::bounded(1);
        let (quit, quit_seen) = smol::channel::bounded(1);
        let ceilings = &settings.ceilings;
        let bounds = slots::Bounds {
            connections_max: ceilings.connections_max,
            staff_reserved: ceilings.staff_connections_reserved,
            per_source_max: ceilings.connections_per_source_max,
            loopback_unlimited: settings.loopback_unlimited,
        };
        let inner = Arc::new(Inner {
            http: serve::http_settings(ceilings.header_ms_max),
            slots: Slots::new(bounds),
            live: Live::new(ceilings.ping_ms, ceilings.silence_ms_max),
            counters: Counters::default(),
            outbox_bytes: Arc::default(),
            body_bytes: BodyBytes::default(),
            stopping: stopping_seen,
            executor: Arc::downgrade(&executor),
            settings,
            router,
            sockets,
            identity,
            tls,
        });
        let addresses = listen(&inner, listening)?;
        if let Some(Redirect { listener, targets }) = redirect {
            let listener = Async::new(listener)?;
            inner.spawn(redirect::accept_loop(inner.clone(), listener, targets.into()));
        }
        inner.spawn(beat(inner.clone()));
        let mut gateway = Gateway {
            inner,
            executor: Some(executor.clone()),
            addresses,
            stopping,
            quit,
            threads: Vec::new(),
        };
        gateway.start_threads(&executor, &quit_seen)?;
        Ok(gateway)
    }

    /// Where it listens.
    pub fn addresses(&self) -> &[(Face, SocketAddr)] {
        &self.addresses
    }

    /// What it has seen so far.
    pub fn counters(&self) -> &Counters {
        &self.inner.counters
    }

    /// Connections open now, requests and sockets alike.
    pub fn connections(&self) -> usize {
        self.inner.slots.taken()
    }

    /// Accepts nothing more, lets requests finish and outboxes empty, says goodbye to every socket (1012),
    /// and returns when all are gone or `grace` is over; says whether all were gone. Every open socket has
    /// had its [`Sockets::closed`] by then.
    pub fn stop(mut self, grace: Duration) -> bool {
        self.stopping.close();
        self.inner.live.end_all(GOING_DOWN);
        let all_gone = self.inner.slots.wait_until_free(grace);
        self.end();
        all_gone
    }

    fn start_threads(
        &mut self,
        executor: &Arc<Executor<'static>>,
        quit: &Receiver<Infallible>,
    ) -> io::Result<()> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let count = match self.inner.settings.ceilings.threads {
            0 => cores,
            count => count,
        };
        for number in 0..count {
            let (executor, quit) = (executor.clone(), quit.clone());
            let thread = std::thread::Builder::new().name(format!("gateway-{number}"));
            self.threads.push(thread.spawn(move || {
                let run = || smol::block_on(executor.run(quit.recv()));
                if std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).is_err() {
                    // As a release build does by itself: a thread lost in silence would leave half of the
                    // clients hanging.
                    std::process::abort();
                }
            })?);
        }
        Ok(())
    }

    fn end(&mut self) {
        self.stopping.close();
        self.quit.close();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
        // The last owner: every task ends here, and with it every connection.
        self.executor = None;
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.end();
    }
}

impl Inner {
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        if let Some(executor) = self.executor.upgrade() {
            executor.spawn(task).detach();
        }
    }

    fn is_stopping(&self) -> bool {
        self.stopping.is_closed()
    }

    fn is_trusted_proxy(&self, address: IpAddr) -> bool {
        self.settings.trusted_proxies.iter().any(|network| network.contains(address))
    }

    /// Done when the gateway is asked to stop.
    async fn stopped<T>(&self) -> Option<T> {
        let _ = self.stopping.recv().await;
        None
    }
}

fn listen(inner: &Arc<Inner>, listening: Vec<Listening>) -> io::Result<Vec<(Face, SocketAddr)>> {
    let mut addresses = Vec::with_capacity(listening.len());
    for Listening { listener, face } in listening {
        addresses.push((face, listener.local_addr()?));
        inner.spawn(serve::accept_loop(inner.clone(), Async::new(listener)?, face));
    }
    Ok(addresses)
}

async fn beat(inner: Arc<Inner>) {
    let period = Duration::from_millis(inner.live.beat_ms());
    loop {
        smol::Timer::after(period).await;
        inner.live.beat();
    }
}

/// Raises the soft limit of descriptors to the hard one; where even that is low, there are fewer
/// connections instead of errors.
fn fit_to_descriptors(ceilings: &mut Ceilings) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        log::warn!("the descriptor limit could not be raised: {error}");
    }
    let Some(descriptors) = getrlimit(Resource::Nofile).current else { return };
    let descriptors = usize::try_from(descriptors).unwrap_or(usize::MAX);
    let room = descriptors.saturating_sub(limits::DESCRIPTORS_RESERVED).max(1);
    ceilings.connections_max = ceilings.connections_max.clamp(1, room);
    ceilings.staff_connections_reserved =
        ceilings.staff_connections_reserved.min(ceilings.connections_max / 2);
    log::info!("{descriptors} descriptors, at most {} connections", ceilings.connections_max);
}
