//! A telephone call in need of a person (REQ S2-18), whichever way its PBX speaks: over HTTP or by SIP.
//!
//! The box carries no voice. It finds the agent, and the PBX connects the caller with her telephone.

use serde_json::{Map, Value};

/// A call as its PBX hands it over, after its bot has spoken with the caller.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ring {
    /// The PBX's name for it; the same again is the same call.
    pub id: String,
    /// The caller's number as the PBX writes it; empty when it is withheld.
    pub number: String,
    /// The caller's name, if the PBX knows one.
    pub name: String,
    /// The queue it is for; none: the workstream's.
    pub queue: Option<String>,
    /// Why the bot hands it over.
    pub reason: Option<String>,
    /// What the bot learned.
    pub variables: Map<String, Value>,
}

/// Why nobody takes a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Nobody {
    /// The workstream is closed.
    ClosedHours,
    /// No agent of the queue is signed in.
    NobodyThere,
    /// It has waited as long as it may.
    TimedOut,
}

impl Nobody {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Nobody::ClosedHours => "closed_hours",
            Nobody::NobodyThere => "nobody_there",
            Nobody::TimedOut => "timed_out",
        }
    }
}

/// How a call stands: what its PBX is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// An agent is being looked for.
    Queued,
    /// She has taken it: her telephone is to be rung.
    Accepted {
        /// Username.
        agent: String,
        /// The name people see.
        name: String,
        /// What to dial.
        extension: String,
    },
    /// Nobody takes it.
    Unavailable(Nobody),
    /// Over; why, in the words of the contract.
    Ended(String),
}

impl Standing {
    /// The name on the wire.
    pub const fn name(&self) -> &'static str {
        match self {
            Standing::Queued => "queued",
            Standing::Accepted { .. } => "accepted",
            Standing::Unavailable(_) => "unavailable",
            Standing::Ended(_) => "ended",
        }
    }
}

/// May this be dialled? A number or name of the PBX's, with a host behind an `@` where it is another's.
pub fn is_extension(text: &str) -> bool {
    let (user, host) = match text.split_once('@') {
        Some((user, host)) => (user, Some(host)),
        None => (text, None),
    };
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"+*#._-".contains(&b);
    let user_fits = !user.is_empty() && user.bytes().all(plain);
    user_fits && text.len() <= crate::limits::DESK_EXTENSION_BYTES_MAX && host.is_none_or(is_host)
}

/// A name or an address, with a port if need be.
pub fn is_host(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-.:[]".contains(&b);
    !text.is_empty() && text.len() <= 255 && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_dialled_is_an_extension() {
        for good in ["201", "+31201234567", "*21#", "alice", "a.b-c_d", "201@pbx.lan", "201@[fd00::1]:5070"] {
            assert!(is_extension(good), "{good}");
        }
        let long = "1".repeat(65);
        for bad in ["", "@pbx", "201@", "2 01", "201>", "201;x=1", "201\r\nX: 1", "201@a b", "ü", &long] {
            assert!(!is_extension(bad), "{bad:?}");
        }
    }
}
