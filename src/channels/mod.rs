//! The ways in and out beside the web: text messages, Facebook Messenger, telephone calls, bots, and calls to other
//! systems.
//!
//! What a customer is to receive is an [`Outbound`](crate::shell::outbound) record, written with the decision that
//! caused it. The shell asks a provider's module here for the [`Call`](call::Call) that delivers it, hands the call
//! to the relay, and asks the module again what came of it. So everything a provider wants stands in one file, is a
//! pure function, and holds no socket. The relay ([`relay`]) is a process of its own: it has the network and nothing
//! else. It decides nothing and remembers nothing.

pub mod bot;
pub mod call;
pub mod calls;
pub mod mail;
pub mod messenger;
pub mod relay;
pub mod sip;
pub mod sms;
pub mod spool;
pub mod webhook;

pub use self::call::{Call, FromRelay, Http, Reply, ToRelay};

/// What a message that leaves the box has come to (REQ S2-22, S4-9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum DeliveryState {
    /// Waits for its turn, or for a provider that is down.
    Pending,
    /// The provider has it.
    Sent,
    /// The recipient has it, as the provider says.
    Delivered,
    /// It may or may not have reached the provider: its list is asked before it is sent again.
    Uncertain,
    /// It will not arrive.
    Failed,
}

impl DeliveryState {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            DeliveryState::Pending => "pending",
            DeliveryState::Sent => "sent",
            DeliveryState::Delivered => "delivered",
            DeliveryState::Uncertain => "uncertain",
            DeliveryState::Failed => "failed",
        }
    }
}

/// What came of an attempt to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The provider has it, under this name if it gives one.
    Accepted(Option<String>),
    /// It lies with a modem's daemon, whose folders say what becomes of it.
    Spooled,
    /// It never will be accepted; why, for the agent.
    Refused(String),
    /// Not now, and certainly not accepted; the provider may say how many seconds to wait.
    Later {
        /// Seconds the provider asks for.
        wait_s: Option<u32>,
        /// Why, for the log and the agent.
        why: String,
    },
    /// Nobody knows whether it was accepted.
    Unclear(String),
}

/// What a provider's list says of a message that may have been accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// These fit, oldest first; one whose name is known already is an earlier message of the same words.
    Listed(Vec<(String, DeliveryState)>),
    /// The list could not be had.
    Later(String),
}

/// A message from a customer, as a provider hands it over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inbound {
    /// The provider's name for it; the same again is the same message.
    pub id: String,
    /// Who it is from, as the provider writes it.
    pub from: String,
    /// What it says.
    pub text: String,
    /// Pictures and files, as links. Never fetched by the box (SSRF).
    pub links: Vec<String>,
}

/// Messages of a provider's list that are asked for, the newest first. What goes to one recipient goes one at a time, so
/// the one in doubt is among them; and the answer must fit [`RELAY_ANSWER_BYTES_MAX`](crate::limits::RELAY_ANSWER_BYTES_MAX):
/// one cut short is none, and the message would never be settled. Twilio says 0.9 KiB of each beside its text.
const LISTED_MAX: usize = 20;

/// What a provider says of a message it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The box's own number of it, when the address of the receipt carries one.
    pub outbound: Option<u64>,
    /// The provider's name for it.
    pub id: String,
    /// What it has come to.
    pub state: DeliveryState,
    /// Why it failed.
    pub detail: Option<String>,
}

/// One thing heard from a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A customer wrote.
    Message(Inbound),
    /// A message has got somewhere.
    Receipt(Receipt),
}

/// Why a provider's call is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Untaken {
    /// Its signature is missing or not the provider's.
    Unsigned,
    /// It is not what the provider's documentation promises.
    Malformed,
}

/// A short text of a provider for the log and the agent: one line, no control characters, bounded.
fn excerpt(text: &str) -> String {
    const CHARS_MAX: usize = 160;
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(CHARS_MAX).collect()
}

/// The verdict common to all providers on what is not a success: `None` for a success, whose body says more.
fn unless_accepted(reply: &Reply) -> Option<Sent> {
    match reply {
        Reply::Unreached(why) => Some(Sent::Later { wait_s: None, why: why.clone() }),
        Reply::Unclear(why) => Some(Sent::Unclear(why.clone())),
        Reply::Answer { status: 200..=299, .. } => None,
        Reply::Answer { status: status @ (408 | 425 | 429), wait_s, .. } => {
            Some(Sent::Later { wait_s: *wait_s, why: format!("the provider answers {status}") })
        }
        // Wrong credentials or a wrong address: an admin mends that, and what waits goes out then.
        Reply::Answer { status: status @ (300..=399 | 401 | 403 | 404 | 405), wait_s, .. } => {
            Some(Sent::Later { wait_s: *wait_s, why: format!("the provider answers {status}") })
        }
        Reply::Answer { status: status @ 400..=499, body, .. } => {
            Some(Sent::Refused(format!("the provider answers {status}: {}", excerpt(body))))
        }
        // It may have been taken before the fault.
        Reply::Answer { status, .. } => Some(Sent::Unclear(format!("the provider answers {status}"))),
    }
}
