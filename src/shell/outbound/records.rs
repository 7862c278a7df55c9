//! What the store keeps of messages that leave the box and of those they go to.

use serde::{Deserialize, Serialize};

use crate::channels::{DeliveryState, messenger};
use crate::store::records::{Record, RecordError, body_of, records};

/// One thing that is to go out (table `Outbound`, key its number). Gone when it has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outbound {
    /// Of which conversation.
    pub conversation: u64,
    /// Which of its messages; 0 for what is none.
    pub seq: u32,
    /// Through whose provider.
    pub workstream: String,
    /// What.
    pub what: Parcel,
    /// Since when it waits, product clock.
    pub made_ms: i64,
    /// Where it stands.
    pub phase: Phase,
    /// What was tried.
    pub tries: Tries,
    /// Not before this, product clock.
    pub next_ms: i64,
}

/// What goes out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Parcel {
    /// A message for a customer.
    Text {
        /// Her number or id.
        to: String,
        /// What it says.
        text: String,
    },
    /// An event for another system.
    Webhook {
        /// The event's name for ever.
        id: String,
        /// JSON.
        body: String,
    },
    /// A customer's copy of her conversation, by mail. Its text is read when it is sent: it stands in the store already.
    Copy {
        /// Her address.
        to: String,
    },
}

/// Where a row of the outbox stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Certainly not with the provider.
    Pending,
    /// A call is under way.
    Trying,
    /// Nobody knows.
    Uncertain,
}

/// What was tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tries {
    /// How often.
    pub count: u32,
    /// Waits since the last success of anything: what the back-off grows by.
    pub waits: u32,
    /// The first attempt that may have arrived, in seconds of the real clock: the provider's list is asked from then.
    pub since_s: Option<i64>,
}

impl Outbound {
    /// What must go out in order.
    pub(super) fn lane(&self) -> (&str, &str) {
        let to = match &self.what {
            Parcel::Text { to, .. } | Parcel::Copy { to } => to.as_str(),
            // A receiver that refuses one event for good must not keep the next case waiting.
            Parcel::Webhook { id, .. } => id.split('.').next().unwrap_or(id),
        };
        (&self.workstream, to)
    }
}

/// A message by its provider's name (table `ProviderIds`, key direction, workstream and name).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderMessage {
    /// Of which conversation; 0 when it led to none.
    pub conversation: u64,
    /// Which message.
    pub seq: u32,
}

/// Somebody who writes through a provider (table `Peers`, key her visitor's number).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// Through which workstream.
    pub workstream: String,
    /// Her number or id, as the provider wants it.
    pub address: String,
    /// When she last wrote, product clock.
    pub last_in_ms: i64,
    /// Since when she wants no more.
    pub stopped_ms: Option<i64>,
}

impl Peer {
    /// Until when she may be written to, where there is such an end.
    pub fn reply_until_ms(&self, kind: &str) -> Option<i64> {
        (kind == "social").then(|| self.last_in_ms.saturating_add(messenger::WINDOW_MS))
    }
}

/// Copies by mail of the last day (one row of `Meta`), so that a restart gives no new ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letters {
    /// When, on the real clock, and of which conversation.
    pub sent: Vec<(i64, u64)>,
}

/// What became of a message (table `Deliveries`, key conversation and seq). Beside the message and not in it: it
/// changes some times, and holds nothing that anybody said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// What it has come to.
    pub state: DeliveryState,
    /// Since when, product clock.
    pub at_ms: i64,
    /// Why, where that needs saying.
    pub detail: Option<String>,
    /// The provider's name for it, once it has one.
    pub name: Option<String>,
}

impl Record for Outbound {
    const NAME: &'static str = "outbound";
    const VERSION: u8 = 2;

    /// Version 1 knew no copies by mail, and is the same beside them.
    fn migrate(version: u8, body: &[u8]) -> Result<Self, RecordError> {
        match version {
            1 => body_of(Self::NAME, body),
            _ => Err(RecordError::Forgotten { name: Self::NAME, version }),
        }
    }
}

records! {
    ProviderMessage = "provider's message",
    Peer = "peer",
    Delivery = "delivery",
    Letters = "letters",
}

/// Key of a message a provider brought in.
pub(in crate::shell) fn inbound_key(workstream: &str, id: &str) -> Vec<u8> {
    key("in", workstream, id)
}

/// Key of a message a provider was given.
pub(in crate::shell) fn outbound_key(workstream: &str, id: &str) -> Vec<u8> {
    key("out", workstream, id)
}

fn key(direction: &str, workstream: &str, id: &str) -> Vec<u8> {
    format!("{direction}\0{workstream}\0{id}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden;

    golden!(
        an_outbound_message_is_stored_as,
        Outbound {
            conversation: 42,
            seq: 3,
            workstream: "sms".into(),
            what: Parcel::Text { to: "+31".into(), text: "hi".into() },
            made_ms: 1000,
            phase: Phase::Trying,
            tries: Tries { count: 1, waits: 0, since_s: Some(5) },
            next_ms: 1000,
        },
        "022a0303736d7300032b3331026869d00f010100010ad00f"
    );
    golden!(
        an_outbound_message_of_version_1_is_read,
        Outbound {
            conversation: 42,
            seq: 3,
            workstream: "sms".into(),
            what: Parcel::Text { to: "+31".into(), text: "hi".into() },
            made_ms: 1000,
            phase: Phase::Trying,
            tries: Tries { count: 1, waits: 0, since_s: Some(5) },
            next_ms: 1000,
        },
        from "012a0303736d7300032b3331026869d00f010100010ad00f"
    );
    golden!(
        a_webhook_is_stored_as,
        Outbound {
            conversation: 42,
            seq: 0,
            workstream: "cases".into(),
            what: Parcel::Webhook { id: "e1".into(), body: "{}".into() },
            made_ms: 1000,
            phase: Phase::Pending,
            tries: Tries::default(),
            next_ms: 1000,
        },
        "022a0005636173657301026531027b7dd00f00000000d00f"
    );
    golden!(
        a_copy_by_mail_is_stored_as,
        Outbound {
            conversation: 42,
            seq: 0,
            workstream: "web".into(),
            what: Parcel::Copy { to: "e@x.nl".into() },
            made_ms: 1000,
            phase: Phase::Pending,
            tries: Tries::default(),
            next_ms: 1000,
        },
        "022a00037765620206654078 2e6e6cd00f00000000d00f"
    );
    golden!(letters_are_stored_as, Letters { sent: vec![(1000, 42), (2000, 42)] }, "0102d00f2aa01f2a");
    golden!(a_providers_message_is_stored_as, ProviderMessage { conversation: 42, seq: 3 }, "012a03");
    golden!(
        a_peer_is_stored_as,
        Peer { workstream: "sms".into(), address: "+31".into(), last_in_ms: 1000, stopped_ms: Some(1000) },
        "0103736d73032b3331d00f01d00f"
    );
    golden!(
        a_delivery_is_stored_as,
        Delivery {
            state: DeliveryState::Failed,
            at_ms: 1000,
            detail: Some("no".into()),
            name: Some("SM1".into())
        },
        "0104d00f01026e6f0103534d31"
    );
}
