//! SIP, as far as a call is to be sent on (REQ S2-18): an INVITE is answered 100, 182 while an agent is looked for, and
//! 302 to her extension, or 480 when nobody takes it. No voice, no dialog, no registration.
//!
//! [`message`] reads and answers, [`Switch`] has the calls and speaks with the desk, a `Transaction` keeps one call's
//! timers; all are pure. The socket is the shell's.

mod caller;
pub mod message;
mod switch;
mod transaction;

/// Characters of a transaction's name, hexadecimal digits.
pub const NAME_CHARS: usize = 24;

pub use self::switch::{Arrived, Counts, Out, Switch, Word};
