//! A workstream: a channel's routing settings.

use std::collections::BTreeMap;

use super::bot::FirstBot;
use super::channels::{Messenger, Sms, Voice, Webhook};
use super::ids::{HoursId, PresenceId, QueueId, WorkstreamId, WrapupId};
use super::keys::{KeyFault, PublicKey};
use super::language::ByLanguage;
use super::model::Channel;
use super::notify::{Notify, NotifyKind, NotifySet};
use super::template::Template;
use super::texts::TextKey;
use super::words::words;

words! {
    /// Whether customer and agent meet at the same time (S0-1, S0-2).
    pub enum Mode {
        /// At the same time; the customer may end it.
        Live = "live",
        /// Over many visits; only the agent ends it.
        Persistent = "persistent",
    }
}

words! {
    /// What becomes of a conversation whose transfer or conference was not taken (D-8).
    pub enum TransferRefused {
        /// The sender keeps it.
        Return = "return",
        /// It ends.
        Disconnect = "disconnect",
    }
}

words! {
    /// What is asked of an agent after the end.
    pub enum Wrapup {
        /// A reason must be given (S3-39).
        Required = "required",
        /// A reason may be given.
        Optional = "optional",
        /// Nothing: the end closes.
        None = "none",
    }
}

/// `[[workstream]]`. Durations carry their unit in the name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workstream {
    /// Its id.
    pub id: WorkstreamId,
    /// Its name for people.
    pub name: String,
    /// Where its work comes from.
    pub channel: Channel,
    /// Live or persistent; fixed at creation (S0-16).
    pub mode: Mode,
    /// Where its work goes.
    pub queue: QueueId,
    /// When it is open; none = always.
    pub hours: Option<HoursId>,
    /// Capacity one work item takes; at least 1 (D-12).
    pub units: u32,
    /// Presences in which an agent is given its work (S2-26); never empty, never offline or inactive.
    pub allowed_presences: Vec<PresenceId>,
    /// When a transfer is not taken.
    pub transfer_refused: TransferRefused,
    /// Seconds from an undelivered notification's time-out to rerouting (S2-31, D-11); 0 = at once.
    pub undelivered_reroute_s: u32,
    /// What is asked after the end.
    pub wrapup: Wrapup,
    /// Whether wrap-up keeps the units until it is closed.
    pub wrapup_keeps_capacity: bool,
    /// Seconds after which an unfinished wrap-up is closed with the default reason; 0 = never.
    pub wrapup_deadline_s: u32,
    /// That reason.
    pub wrapup_default: Option<WrapupId>,
    /// Seconds a lost agent has to come back (D-10).
    pub agent_lost_s: u32,
    /// Seconds a lost live customer has to come back (D-10).
    pub customer_lost_s: u32,
    /// Live chat: whether a message can be left when nobody can talk (D-19); false elsewhere.
    pub offline_message: bool,
    /// Chat: whether the customer can rate while it goes on, and not only after its end (S2-36).
    pub rate_during_chat: bool,
    /// Persistent: hours after which a waiting conversation is closed; 0 = never.
    pub auto_close_waiting_h: u32,
    /// Persistent: a returning customer waits for the same agent (S0-17). Always true there, else false.
    pub keep_same_agent: bool,
    /// Persistent: an agent who is there out of hours is offered its work (S0-4).
    pub offer_out_of_hours: bool,
    /// Who answers before anybody is looked for (S2-4).
    pub bot: Option<FirstBot>,
    /// Who a persistent customer is; always there when a persistent chat loaded (S0-15).
    pub auth: Option<Auth>,
    /// Who carries its text messages.
    pub sms: Option<Sms>,
    /// Whose Messenger it is.
    pub messenger: Option<Messenger>,
    /// How its calls wait; always there when its channel is voice.
    pub voice: Option<Voice>,
    /// Which other system is told.
    pub webhook: Option<Webhook>,
    /// Its notifications, by kind.
    pub notify: NotifySet,
    /// System messages the admin words differently (S0-9).
    pub texts: BTreeMap<TextKey, ByLanguage<Template>>,
}

impl Workstream {
    /// The notification of a kind, complete.
    pub fn notify(&self, kind: NotifyKind) -> &Notify {
        self.notify.get(kind)
    }

    /// Whether it is persistent.
    pub fn is_persistent(&self) -> bool {
        self.mode == Mode::Persistent
    }
}

/// `[workstream.auth]`: the site signs a JWT that says who the customer is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Auth {
    /// Required `iss`.
    pub issuer: String,
    /// Required `aud`.
    pub audience: String,
    /// Keys the admin listed.
    pub public_keys: Vec<PublicKey>,
    /// Keys the box itself adds while it runs: neither exported nor part of the version.
    pub(super) added_keys: Vec<PublicKey>,
}

impl Auth {
    /// Every key a signature may be by.
    pub fn keys(&self) -> impl Iterator<Item = &PublicKey> {
        self.public_keys.iter().chain(&self.added_keys)
    }

    /// Trusts a key of the box's own, given as the DER of a SubjectPublicKeyInfo. Adding it again changes
    /// nothing.
    pub fn add_key(&mut self, spki_der: &[u8]) -> Result<(), KeyFault> {
        let key = PublicKey::from_spki(spki_der)?;
        if !self.keys().any(|known| *known == key) {
            self.added_keys.push(key);
        }
        Ok(())
    }
}
