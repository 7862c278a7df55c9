//! SIP, as far as a call is to be sent on (REQ S2-18): an INVITE is answered 100, 182 while an agent is looked for, and
//! 302 to her extension, or 480 when nobody takes it. No voice, no dialog, no registration.
//!
//! [`message`] reads and answers, [`Switch`] keeps the transactions by the timers of RFC 3261; both are pure. The
//! socket is the shell's.

mod caller;
pub mod message;
mod switch;

pub use self::switch::{Arrived, Counts, Out, Switch, Word};
