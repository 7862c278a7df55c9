//! What the store keeps of a call: so that its PBX finds it again after a restart, and a repeat is known.

use serde::{Deserialize, Serialize};

use crate::channels::calls::{Nobody, Standing};
use crate::store::records::Record;

/// A call by its PBX's name for it (table `Calls`, key workstream and name, parted by a zero byte).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::shell) struct CallRecord {
    /// Its conversation.
    pub conversation: u64,
    /// How long it may wait, product clock.
    pub until_ms: i64,
    /// What has come of it.
    pub outcome: Outcome,
    /// Where a call by SIP came from, while it may still have to be answered.
    pub sip: Option<SipLine>,
}

/// What has come of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::shell) enum Outcome {
    /// It is in line.
    Waits,
    /// An agent has it: username.
    Taken(String),
    /// Nobody took it in time.
    TimedOut,
    /// It is over; why, in the words of the contract.
    Over(String),
}

/// An INVITE that waits for its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::shell) struct SipLine {
    /// Address and port it came from.
    pub peer: String,
    /// The datagram.
    pub invite: Vec<u8>,
}

impl Record for CallRecord {
    const NAME: &'static str = "call";
    const VERSION: u8 = 1;
}

impl CallRecord {
    /// How a call stands that is in the desk's table no more.
    pub(in crate::shell) fn standing(&self) -> Standing {
        match &self.outcome {
            Outcome::TimedOut => Standing::Unavailable(Nobody::TimedOut),
            Outcome::Over(reason) => Standing::Ended(reason.clone()),
            Outcome::Waits | Outcome::Taken(_) => Standing::Ended("disconnected".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden;

    golden!(
        a_call_is_stored_as,
        CallRecord {
            conversation: 42,
            until_ms: 1000,
            outcome: Outcome::Taken("alice".into()),
            sip: Some(SipLine { peer: "192.0.2.9:5060".into(), invite: b"INVITE".to_vec() }),
        },
        "012ad00f0105616c696365010e3139322e302e322e393a3530363006494e56495445"
    );
    golden!(
        a_call_that_is_over_is_stored_as,
        CallRecord {
            conversation: 42,
            until_ms: 0,
            outcome: Outcome::Over("ended_by_agent".into()),
            sip: None
        },
        "012a00030e656e6465645f62795f6167656e7400"
    );
}
