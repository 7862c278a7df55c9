//! A conversation that goes on, as the store keeps it: the engine's row by names.

use serde::{Deserialize, Serialize};

use crate::store::records::{Record, RecordError, body_of, records};

/// A conversation in the engine's table (table `Live`): [`Seed`](crate::engine::conversation::Seed) by names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Live {
    /// Through which workstream.
    pub workstream: String,
    /// Its queue.
    pub queue: String,
    /// `chat sms social voice case`.
    pub kind: String,
    /// Persistent or live.
    pub persistent: bool,
    /// When the request was received.
    pub arrived_ms: i64,
    /// Where it was.
    pub phase: LivePhase,
    /// The last message's number.
    pub last_seq: u32,
    /// Who held it, longest first.
    pub sessions: Vec<LiveSession>,
    /// Usernames not to be asked in this round.
    pub excluded: Vec<String>,
    /// What the next offer is called, by its wire name.
    pub offer_kind: u8,
    /// Who sent it on.
    pub sender: Option<String>,
    /// Asked first.
    pub preferred: Option<String>,
    /// When the next round begins.
    pub round_ms: Option<i64>,
    /// When a lost customer's time is up.
    pub customer_lost_ms: Option<i64>,
    /// The asset is gone.
    pub frozen: bool,
    /// Left as a message out of hours.
    pub left: bool,
    /// A conference has begun.
    pub conference: bool,
}

/// Where a live conversation was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum LivePhase {
    /// In a line.
    Queued,
    /// Put to an agent.
    Offered(LiveOffer),
    /// Standing with an agent.
    Reserved {
        /// Username.
        agent: String,
        /// Why.
        hold: LiveHold,
        /// A running offer.
        offer: Option<LiveOffer>,
    },
    /// In talk.
    Active {
        /// Username.
        owner: String,
        /// A running request or toast.
        offer: Option<LiveOffer>,
    },
    /// In wrap-up, and why it ended.
    Ended(u8),
    /// Parked.
    Waiting,
    /// With a bot.
    Bot(LiveBot),
}

/// Why a conversation stands with an agent unopened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LiveHold {
    /// Never shown; rerouted at this instant.
    Undelivered(i64),
    /// For good.
    Assigned,
    /// Its customer is back.
    Returned,
}

/// A running offer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LiveOffer {
    /// Its name for ever.
    pub id: u64,
    /// Why: the number of the kind.
    pub kind: u8,
    /// Username.
    pub agent: String,
    /// 0 none, 1 assign, 2 accept.
    pub auto: u8,
    /// Delivered?
    pub shown: bool,
    /// Username of who hands it over.
    pub sender: Option<String>,
    /// When it was made.
    pub made_ms: i64,
    /// When its time is up.
    pub deadline_ms: i64,
}

/// A session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LiveSession {
    /// Username.
    pub agent: String,
    /// Owner, or participant of a conference.
    pub owner: bool,
    /// In wrap-up; inside, its deadline.
    pub wrap_up: Option<Option<i64>>,
    /// Since the acceptance.
    pub since_ms: i64,
    /// Units it holds.
    pub units: u32,
}

/// What a bot has of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveBot {
    /// Its name in the desk.
    pub bot: String,
    /// Is it its turn?
    pub awaits: bool,
    /// Messages since the customer's last.
    pub in_a_row: u8,
    /// Messages in all.
    pub said: u16,
    /// Where a menu stands.
    pub step: u16,
    /// When whoever's turn it is has had its time.
    pub due_ms: i64,
}

/// A parked conversation (table `Waiting`, key agent, when, conversation).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Waiting {
    /// As the engine had it.
    pub live: Live,
    /// Username of whose it is.
    pub agent: String,
    /// When it was parked.
    pub parked_ms: i64,
}

impl Record for Live {
    const NAME: &'static str = "live conversation";
    /// 2: may be with a bot, which version 1 does not know; what version 1 wrote is laid out the same.
    const VERSION: u8 = 2;

    fn migrate(version: u8, body: &[u8]) -> Result<Self, RecordError> {
        match version {
            1 => body_of(Self::NAME, body),
            _ => Err(RecordError::Forgotten { name: Self::NAME, version }),
        }
    }
}

records! {
    Waiting = "waiting conversation",
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden;

    fn live() -> Live {
        let offer = LiveOffer {
            id: 9,
            kind: 2,
            agent: "bob".into(),
            auto: 0,
            shown: true,
            sender: Some("alice".into()),
            made_ms: 10,
            deadline_ms: 20,
        };
        let session = LiveSession {
            agent: "alice".into(),
            owner: true,
            wrap_up: Some(Some(30)),
            since_ms: 5,
            units: 30,
        };
        Live {
            workstream: "web".into(),
            queue: "front".into(),
            kind: "chat".into(),
            persistent: true,
            arrived_ms: 1,
            phase: LivePhase::Active { owner: "alice".into(), offer: Some(offer) },
            last_seq: 3,
            sessions: vec![session],
            excluded: vec!["bob".into()],
            offer_kind: 1,
            sender: None,
            preferred: Some("bob".into()),
            round_ms: Some(40),
            customer_lost_ms: None,
            frozen: false,
            left: false,
            conference: true,
        }
    }

    golden!(
        a_talk_with_a_bot_is_stored_as,
        Live {
            phase: LivePhase::Bot(LiveBot {
                bot: "guide".into(),
                awaits: true,
                in_a_row: 0,
                said: 3,
                step: 1,
                due_ms: 1000,
            }),
            sessions: Vec::new(),
            excluded: Vec::new(),
            preferred: None,
            round_ms: None,
            conference: false,
            ..live()
        },
        "02037765620566726f6e740463686174010206056775696465010003\
         01d00f03000001000000000000\
         00"
    );
    golden!(
        a_live_conversation_of_version_1_is_read,
        live(),
        from "01037765620566726f6e74046368617401020305616c69636501090203626f6200010105616c6963651428030105616c6963650101013c0a1e0103626f6201000103626f62015000000001"
    );
    golden!(
        a_waiting_conversation_is_stored_as,
        Waiting { live: live(), agent: "alice".into(), parked_ms: 1000 },
        "01037765620566726f6e74046368617401020305616c69636501090203626f6200010105616c6963651428030105616c6963650101013c0a1e0103626f6201000103626f6201500000000105616c696365d00f"
    );
}
