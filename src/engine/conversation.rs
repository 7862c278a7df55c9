//! A conversation in the engine's table, its states, and the one table of what may follow what (D-1).
//!
//! States own their data: an offered conversation has an offer, one in a line cannot have one.

pub use super::agent_set::AgentSet;
use serde::{Deserialize, Serialize};

use super::effect::SessionReason;
use super::id::{AgentId, BotId, ConversationId, Handle, OfferId, QueueId, WorkstreamId};
use super::settings::{Auto, Mode, OfferKind, WorkItemKind};
use super::wheel::TimerId;
use crate::limits::CONVERSATION_SESSIONS_MAX;

/// One work item put to one agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Its name for ever.
    pub id: OfferId,
    /// Why it is made.
    pub kind: OfferKind,
    /// To whom.
    pub agent: AgentId,
    /// What happens by itself.
    pub auto: Auto,
    /// Delivered (S2-29)?
    pub shown: bool,
    /// Who hands it over, for transfer, conference, escalation and assignment.
    pub sender: Option<AgentId>,
    /// When it was made.
    pub made_wall_ms: i64,
    /// When its time is up.
    pub deadline_wall_ms: i64,
    /// Units it reserves while it asks; a toast of something done by itself reserves none.
    pub units: u32,
    pub(super) timer: TimerId,
}

impl Offer {
    /// Does it wait for the agent's decision, and so hold capacity and a slot of hers?
    pub fn asks(&self) -> bool {
        self.auto == Auto::None
    }
}

/// Why a conversation stands with an agent who has not opened it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Hold {
    /// The offer was never shown (S2-30): rerouted at this instant (S2-31).
    Undelivered {
        /// When.
        reroute_wall_ms: i64,
    },
    /// Assigned for good (S2-21).
    Assigned,
    /// Its customer is back (D-3): no capacity, no slot, until offered.
    Returned,
}

/// A bot's hold on a conversation (S2-4). It takes no capacity and no slot of anybody's; the timer of what
/// it waits for lies in the row, where a hold's does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BotTalk {
    /// Which.
    pub bot: BotId,
    /// Is it the bot's turn to say something? Else the customer's.
    pub awaits: bool,
    /// Messages of the bot since the customer's last.
    pub in_a_row: u8,
    /// Messages of the bot in all.
    pub said: u16,
    /// Where the bot has come to, in a number of its own; the engine only keeps it.
    pub step: u16,
    /// When whoever's turn it is has had its time.
    pub due_wall_ms: i64,
}

/// Where a conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Open: a bot talks with its customer, before anybody is looked for.
    Bot(BotTalk),
    /// Open: in its queue's line.
    Queued,
    /// Open: put to an agent.
    Offered(Offer),
    /// Open: standing with an agent; an offer may be running beside it.
    Reserved {
        /// With whom.
        agent: AgentId,
        /// Why.
        hold: Hold,
        /// The toast of an assignment, or the offer of a returned one.
        offer: Option<Offer>,
    },
    /// In talk. One owner, always.
    Active {
        /// Who answers for it.
        owner: AgentId,
        /// A transfer or conference asked for, or the toast of an automatic accept.
        offer: Option<Offer>,
    },
    /// Over; sessions are in wrap-up.
    Ended {
        /// Why it ended.
        reason: SessionReason,
    },
    /// Parked in this very input: leaves the table with it.
    Waiting {
        /// Whose it is.
        agent: AgentId,
    },
    /// Closed in this very input: leaves the table with it.
    Closed,
}

/// A phase without its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// See [`Phase::Bot`].
    Bot,
    /// See [`Phase::Queued`].
    Queued,
    /// See [`Phase::Offered`].
    Offered,
    /// See [`Phase::Reserved`].
    Reserved,
    /// See [`Phase::Active`].
    Active,
    /// See [`Phase::Ended`].
    Ended,
    /// See [`Phase::Waiting`].
    Waiting,
    /// See [`Phase::Closed`].
    Closed,
}

impl Stage {
    /// What may follow what. A conversation moves by no other way.
    pub const TRANSITIONS: &[(Stage, Stage, &str)] = &[
        (Stage::Bot, Stage::Queued, "handed over by the bot, or the bot was passed over (S2-4)"),
        (Stage::Bot, Stage::Closed, "ended while only a bot had answered"),
        (Stage::Queued, Stage::Offered, "an agent was chosen"),
        (Stage::Queued, Stage::Reserved, "assigned by itself (S2-17, S2-21)"),
        (Stage::Queued, Stage::Active, "accepted by itself, or picked by hand"),
        (Stage::Queued, Stage::Closed, "the customer left before anybody came"),
        (Stage::Offered, Stage::Queued, "rejected, missed or withdrawn"),
        (Stage::Offered, Stage::Reserved, "never shown (S2-30)"),
        (Stage::Offered, Stage::Active, "accepted"),
        (Stage::Offered, Stage::Closed, "the customer left before anybody came"),
        (Stage::Reserved, Stage::Queued, "rerouted (S2-31), or reassigned"),
        (Stage::Reserved, Stage::Active, "accepted or picked up"),
        (Stage::Reserved, Stage::Closed, "ended before it was opened"),
        (Stage::Active, Stage::Queued, "released, handed to a queue, or its agent is lost"),
        (Stage::Active, Stage::Ended, "ended by either side"),
        (Stage::Active, Stage::Waiting, "parked (S0-12)"),
        (Stage::Active, Stage::Closed, "ended, and there is no wrap-up"),
        (Stage::Queued, Stage::Ended, "ended while an earlier session is in wrap-up"),
        (Stage::Offered, Stage::Ended, "ended while an earlier session is in wrap-up"),
        (Stage::Reserved, Stage::Ended, "ended while an earlier session is in wrap-up"),
        (Stage::Ended, Stage::Closed, "the last session was wrapped up"),
    ];

    /// Is this step in the table?
    pub fn may_become(self, next: Stage) -> bool {
        Stage::TRANSITIONS.iter().any(|&(from, to, _)| from == self && to == next)
    }
}

impl Phase {
    /// The phase without its data.
    pub const fn stage(&self) -> Stage {
        match self {
            Phase::Bot(_) => Stage::Bot,
            Phase::Queued => Stage::Queued,
            Phase::Offered(_) => Stage::Offered,
            Phase::Reserved { .. } => Stage::Reserved,
            Phase::Active { .. } => Stage::Active,
            Phase::Ended { .. } => Stage::Ended,
            Phase::Waiting { .. } => Stage::Waiting,
            Phase::Closed => Stage::Closed,
        }
    }

    /// The running offer, if there is one.
    pub const fn offer(&self) -> Option<&Offer> {
        match self {
            Phase::Offered(offer) => Some(offer),
            Phase::Reserved { offer, .. } | Phase::Active { offer, .. } => offer.as_ref(),
            _ => None,
        }
    }

    pub(super) fn offer_mut(&mut self) -> Option<&mut Offer> {
        match self {
            Phase::Offered(offer) => Some(offer),
            Phase::Reserved { offer, .. } | Phase::Active { offer, .. } => offer.as_mut(),
            _ => None,
        }
    }
}

/// A conversation's state in the words of the contract (D-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nobody has accepted.
    Open,
    /// In talk.
    Active,
    /// Parked.
    Waiting,
    /// Ended, a session still in wrap-up.
    WrapUp,
    /// Closed.
    Closed,
}

impl State {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            State::Open => "open",
            State::Active => "active",
            State::Waiting => "waiting",
            State::WrapUp => "wrap_up",
            State::Closed => "closed",
        }
    }
}

/// Owner or guest in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// Answers for it.
    Owner,
    /// Joined in a conference.
    Participant,
}

/// Where a session is; `reserved` and `waiting` follow from the conversation's phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SessionState {
    /// In talk.
    Active,
    /// To be wrapped up, by this instant if there is one.
    WrapUp {
        /// When the default reason is set.
        deadline_wall_ms: Option<i64>,
    },
}

/// One agent's hold on a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Whose.
    pub agent: AgentId,
    /// As what.
    pub role: Role,
    /// Where.
    pub state: SessionState,
    /// Since the acceptance.
    pub since_wall_ms: i64,
    /// Units it holds: as the desk was at acceptance, so that sums stay right when the desk changes.
    pub units: u32,
    pub(super) timer: TimerId,
}

/// A conversation in the table. Read-only for all but the engine's verbs.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// Its name for ever.
    pub id: ConversationId,
    /// Through which workstream it came.
    pub workstream: WorkstreamId,
    /// The queue it is or was in.
    pub queue: QueueId,
    /// What it is.
    pub kind: WorkItemKind,
    /// Live or persistent, as it began.
    pub mode: Mode,
    /// When the request was received (S3-3): its place in every line.
    pub arrived_wall_ms: i64,
    /// Where it is.
    pub phase: Phase,
    /// The last message's number.
    pub last_seq: u32,
    /// Who holds it, longest first.
    pub sessions: heapless::Vec<Session, CONVERSATION_SESSIONS_MAX>,
    /// Not to be asked in this round (D-7).
    pub excluded: AgentSet,
    /// What the next offer is called: `transfer` until one accepts.
    pub offer_kind: OfferKind,
    /// Who sent it on, for that offer.
    pub sender: Option<AgentId>,
    /// Asked first (D-21).
    pub preferred: Option<AgentId>,
    /// When the next round begins (D-7).
    pub round_wall_ms: Option<i64>,
    /// The live customer is away; ended at this instant.
    pub customer_lost_wall_ms: Option<i64>,
    /// The asset is gone: only ending is left (S3-9).
    pub frozen: bool,
    /// Left as a message out of hours.
    pub left: bool,
    /// A conference has begun and has not ended.
    pub conference: bool,
    /// Units held by the agent it is reserved for.
    pub hold_units: u32,
    pub(super) handle: Handle,
    pub(super) round_timer: TimerId,
    pub(super) hold_timer: TimerId,
    pub(super) lost_timer: TimerId,
    pub(super) due: Due,
}

/// What of a conversation is to be written down at the end of the turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    Nothing,
    /// The number of its last message.
    LastSeq,
    All,
}

impl Conversation {
    /// Its state in the words of the contract.
    pub fn state(&self) -> State {
        match self.phase.stage() {
            Stage::Bot | Stage::Queued | Stage::Offered | Stage::Reserved => State::Open,
            Stage::Active => State::Active,
            Stage::Waiting => State::Waiting,
            Stage::Ended => State::WrapUp,
            Stage::Closed => State::Closed,
        }
    }

    /// Where it stands in the table.
    pub fn handle(&self) -> Handle {
        self.handle
    }

    /// The owner, while it is in talk.
    pub fn owner(&self) -> Option<AgentId> {
        match self.phase {
            Phase::Active { owner, .. } => Some(owner),
            _ => None,
        }
    }

    /// One agent's session, if she has one.
    pub fn session(&self, agent: AgentId) -> Option<&Session> {
        self.sessions.iter().find(|session| session.agent == agent)
    }

    pub(super) fn role(&self, agent: AgentId) -> Option<Role> {
        self.session(agent)
            .filter(|session| session.state == SessionState::Active)
            .map(|session| session.role)
    }

    /// Participants in talk.
    pub fn guests(&self) -> impl Iterator<Item = AgentId> + '_ {
        self.sessions
            .iter()
            .filter(|session| session.role == Role::Participant && session.state == SessionState::Active)
            .map(|session| session.agent)
    }

    /// The agent it stands with unopened, and why.
    pub fn reserved(&self) -> Option<(AgentId, Hold)> {
        match self.phase {
            Phase::Reserved { agent, hold, .. } => Some((agent, hold)),
            _ => None,
        }
    }
}

/// A conversation as the store keeps it: what [`Input::RestoreConversation`](super::Input) and
/// [`Input::Revival`](super::Input) carry. Instants are wall-clock milliseconds; the engine turns them into
/// what is left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seed {
    /// Its name for ever.
    pub id: ConversationId,
    /// Through which workstream it came.
    pub workstream: WorkstreamId,
    /// The queue it is or was in.
    pub queue: QueueId,
    /// What it is.
    pub kind: WorkItemKind,
    /// Live or persistent.
    pub mode: Mode,
    /// When the request was received.
    pub arrived_wall_ms: i64,
    /// Where it was. `Waiting` for a revival.
    pub phase: SeedPhase,
    /// The last message's number.
    pub last_seq: u32,
    /// Who held it, longest first; at most [`CONVERSATION_SESSIONS_MAX`].
    pub sessions: Vec<SeedSession>,
    /// Not to be asked in this round.
    pub excluded: Vec<AgentId>,
    /// What the next offer is called.
    pub offer_kind: OfferKind,
    /// Who sent it on.
    pub sender: Option<AgentId>,
    /// Asked first.
    pub preferred: Option<AgentId>,
    /// When the next round begins.
    pub round_wall_ms: Option<i64>,
    /// When a lost customer's time is up. For live ones the shell sets it at start: who was connected at a
    /// crash is lost from the crash.
    pub customer_lost_wall_ms: Option<i64>,
    /// The asset is gone.
    pub frozen: bool,
    /// Left as a message out of hours.
    pub left: bool,
    /// A conference has begun.
    pub conference: bool,
}

/// [`Phase`] as the store keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SeedPhase {
    /// With a bot.
    Bot(BotTalk),
    /// In a line.
    Queued,
    /// Put to an agent.
    Offered(SeedOffer),
    /// Standing with an agent.
    Reserved {
        /// With whom.
        agent: AgentId,
        /// Why.
        hold: Hold,
        /// A running offer.
        offer: Option<SeedOffer>,
    },
    /// In talk.
    Active {
        /// Who answers for it.
        owner: AgentId,
        /// A running request or toast.
        offer: Option<SeedOffer>,
    },
    /// In wrap-up.
    Ended {
        /// Why it ended.
        reason: SessionReason,
    },
    /// Parked.
    Waiting,
}

/// [`Offer`] as the store keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeedOffer {
    /// Its name for ever.
    pub id: OfferId,
    /// Why it was made.
    pub kind: OfferKind,
    /// To whom.
    pub agent: AgentId,
    /// What happens by itself.
    pub auto: Auto,
    /// Delivered?
    pub shown: bool,
    /// Who hands it over.
    pub sender: Option<AgentId>,
    /// When it was made.
    pub made_wall_ms: i64,
    /// When its time is up.
    pub deadline_wall_ms: i64,
}

/// [`Session`] as the store keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeedSession {
    /// Whose.
    pub agent: AgentId,
    /// As what.
    pub role: Role,
    /// Where.
    pub state: SessionState,
    /// Since the acceptance.
    pub since_wall_ms: i64,
    /// Units it holds.
    pub units: u32,
}
