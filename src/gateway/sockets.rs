//! What the gateway asks of whoever understands the frames: four calls, in a fixed order.
//!
//! For each connection: `open` once; after its `Ok`, any number of `frame` and `fault`, one at a time; then
//! `closed` exactly once, whatever happened, the upgrade that never came about included.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use super::http::Refused;
use super::identity::Caller;
use super::outbox::Outbox;

/// The surfaces' side of a WebSocket.
pub trait Sockets: Send + Sync {
    /// A client with every right to ask wants a socket. Called before the upgrade, so a refusal is an HTTP
    /// answer. The frames for this client go into `opening.outbox` from now on.
    fn open(&self, opening: Opening) -> Result<ConnId, Refused>;

    /// One text frame, at most `CLIENT_FRAME_BYTES_MAX`. No further frame of this connection is read until
    /// the future is done: waiting is the back-pressure. When the connection ends meanwhile the future is
    /// dropped at whatever it waits for.
    fn frame<'f>(&'f self, conn: ConnId, text: &'f str) -> Pin<Box<dyn Future<Output = ()> + Send + 'f>>;

    /// The client broke the rules of the socket itself. The gateway closes it with [`Fault::close_code`];
    /// this is for counting.
    fn fault(&self, conn: ConnId, fault: Fault);

    /// The connection is over; nothing pushed into its outbox is sent any more.
    fn closed(&self, conn: ConnId, why: Closed);
}

/// A connection's name, chosen by whoever implements [`Sockets`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ConnId(pub u64);

/// A client at the door.
pub struct Opening {
    /// Which socket it asks for.
    pub kind: SocketKind,
    /// Where its frames go.
    pub outbox: Arc<Outbox>,
    /// Its address: the socket's, or what a trusted proxy says.
    pub peer: IpAddr,
    /// The `User-Agent` header, cut to 256 bytes; it tells device and language to proactive rules.
    pub user_agent: Option<String>,
    /// The `Accept-Language` header, cut to 256 bytes.
    pub accept_language: Option<String>,
}

/// Which socket a client asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SocketKind {
    /// `/ws/agent`, with a good token.
    Agent {
        /// Whose.
        caller: Caller,
    },
    /// `/ws/customer?widget=ID`, from the box's own pages or no page.
    Customer {
        /// The widget's ID as sent; it may not exist.
        widget: String,
    },
}

/// How a client broke the rules of the socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// A binary message, where only text is spoken.
    Binary,
    /// A text message that is not UTF-8.
    NotUtf8,
    /// A message larger than a client may send.
    TooLarge,
    /// A frame that no correct client sends: unmasked, reserved bits, a broken fragment …
    Protocol,
}

impl Fault {
    /// The close code it ends with.
    pub fn close_code(self) -> u16 {
        match self {
            Fault::Binary => 1003,
            Fault::NotUtf8 => 1007,
            Fault::TooLarge => 1009,
            Fault::Protocol => 1002,
        }
    }
}

/// Why a connection is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Closed {
    /// The client said goodbye, with this code (1005 for none).
    ByClient(u16),
    /// The socket ended without a goodbye.
    Lost,
    /// Nothing was heard of the client for the time allowed.
    Silent,
    /// The client did not take its frames in time: 1013.
    Slow,
    /// The client broke the rules.
    Fault(Fault),
    /// The surface closed the outbox, with this code.
    ByBox(u16),
    /// The upgrade that `open` allowed never came about.
    NeverOpened,
    /// The gateway was stopped.
    Stopped,
}
