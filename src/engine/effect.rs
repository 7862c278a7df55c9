//! Everything the engine can want done.

use serde::{Deserialize, Serialize};

use super::id::{AgentId, BotId, ConversationId, Handle, OfferId, QueueId, ReasonId, RequestId, TextId};
use super::input::Sender;
use super::refusal::Refusal;
use super::settings::OfferKind;

/// One thing to do. Views of the conversations and agents named stay valid until the next input, also for
/// what was closed by this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The one answer to a request; comes before the frames it causes.
    Answer {
        /// To which.
        request: RequestId,
        /// What.
        answer: Answer,
    },
    /// A conversation was given to a bot.
    BotGiven {
        /// Which.
        conversation: Handle,
        /// To which.
        bot: BotId,
    },
    /// It goes on to people; a [`BotOver`](Effect::BotOver) follows.
    BotPassed {
        /// Which.
        conversation: Handle,
        /// From which.
        bot: BotId,
        /// Why.
        why: BotEnd,
    },
    /// A conversation is no longer a bot's.
    BotOver {
        /// Which.
        conversation: Handle,
        /// Whose it was.
        bot: BotId,
    },
    /// A message took its place in a conversation.
    Message {
        /// Where.
        conversation: Handle,
        /// Its number, contiguous from 1 (D-17).
        seq: u32,
        /// Who or what said it.
        author: Author,
        /// The words, unless they follow from the author's code.
        text: Option<TextId>,
        /// Keyed hash of the `client_id`, if the sender gave one.
        client: Option<u64>,
    },
    /// A work item is put to an agent: notify her.
    Offered {
        /// Which; its offer is in the view.
        conversation: Handle,
        /// To whom.
        agent: AgentId,
        /// The offer.
        offer: OfferId,
    },
    /// A notification is over.
    OfferClosed {
        /// Which.
        conversation: Handle,
        /// Whose.
        agent: AgentId,
        /// The offer.
        offer: OfferId,
        /// What it was.
        kind: OfferKind,
        /// How it ended.
        end: OfferEnd,
    },
    /// An agent has a session she did not have, or one of another state or role.
    Session {
        /// Of which conversation.
        conversation: Handle,
        /// Whose.
        agent: AgentId,
        /// New to her list, or changed in it.
        opened: bool,
        /// Why it changed.
        reason: Option<SessionReason>,
    },
    /// A session is gone from an agent's list.
    SessionClosed {
        /// Of which conversation.
        conversation: Handle,
        /// Whose.
        agent: AgentId,
        /// Why.
        reason: SessionReason,
    },
    /// A session was wrapped up; reason and comment belong in the record.
    WrappedUp {
        /// Of which conversation.
        conversation: Handle,
        /// By whom.
        agent: AgentId,
        /// The reason.
        reason: Option<ReasonId>,
        /// The comment.
        comment: Option<TextId>,
        /// By the deadline, not by hand.
        by_deadline: bool,
    },
    /// A conversation's state changed, as its customer sees it or as supervisors do.
    State {
        /// Which.
        conversation: Handle,
        /// Why.
        reason: Option<SessionReason>,
    },
    /// A persistent conversation left the tables: it waits in the store, still that agent's.
    Parked {
        /// Which.
        conversation: Handle,
        /// Whose.
        agent: AgentId,
        /// By her hand, or because she was lost.
        reason: SessionReason,
    },
    /// A conversation is closed and left the tables (D-1).
    Closed {
        /// Which.
        conversation: Handle,
    },
    /// An agent's presence changed.
    Presence {
        /// Whose.
        agent: AgentId,
    },
    /// A banner stands at the top of an agent's desktop (S2-24).
    Banner {
        /// Whose.
        agent: AgentId,
        /// Which.
        kind: BannerKind,
        /// About which conversation, if about one.
        conversation: Option<Handle>,
    },
    /// A banner is gone.
    BannerClosed {
        /// Whose.
        agent: AgentId,
        /// Which.
        kind: BannerKind,
    },
    /// Somebody was looked for (B-1); who was weighed is in
    /// [`Engine::weighed`](super::Engine::weighed).
    Decision {
        /// For which conversation.
        conversation: Handle,
        /// What made the desk look.
        event: RoutingEvent,
        /// In which queue.
        queue: QueueId,
        /// Who was chosen.
        chosen: Option<AgentId>,
        /// Which search of this input.
        search: u16,
    },
    /// Somebody has waited in a queue for a minute and nobody could take it (B-12).
    Unwatched {
        /// Which queue.
        queue: QueueId,
    },
    /// A queue's line changed: places and waiting times with it.
    Line {
        /// Which queue.
        queue: QueueId,
    },
    /// Write down a conversation as it now is.
    Keep {
        /// Which.
        conversation: Handle,
        /// Somebody has said something in it, and nothing else of it has changed: its messages tell as much.
        said_only: bool,
    },
    /// Write down an agent as she now is.
    KeepAgent {
        /// Who.
        agent: AgentId,
    },
}

/// What a request gets back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Done.
    Done,
    /// A conversation began.
    Started(ConversationId),
    /// A message is stored, now or when it was first sent (D-17).
    Stored {
        /// Its number.
        seq: u32,
        /// Its stamp.
        at_wall_ms: i64,
    },
    /// No, and nothing changed.
    Refused(Refusal),
}

/// Who or what said a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    /// The customer or an agent.
    Person(Sender),
    /// The box; the agent is the one it speaks of.
    System(SystemCode, Option<AgentId>),
}

/// What the box says in a conversation. The words are the desk's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum SystemCode {
    /// An agent took the conversation, or joined it (S3-34).
    AgentJoined = 0,
    /// An agent left it.
    AgentLeft = 1,
    /// The agent ended it.
    AgentEnded = 2,
    /// The customer ended it (S3-37).
    CustomerEnded = 3,
    /// It was handed over.
    Transferred = 4,
    /// Written out of hours (S0-4).
    OutOfHours = 5,
    /// The asset is gone (S3-9).
    AssetRemoved = 6,
    /// A supervisor ended it.
    SupervisorEnded = 7,
    /// A live customer did not come back.
    CustomerLost = 8,
    /// It waited too long.
    AutoClosed = 9,
    /// A transfer was refused and the desk says to end it (D-8).
    Disconnected = 10,
    /// It was parked (staff see who did).
    Parked = 11,
    /// The customer of a parked conversation is back.
    CustomerReturned = 12,
    /// A bot hands over to people.
    BotHandedOver = 13,
    /// A bot ended it.
    BotEnded = 14,
}

/// Why a conversation went on from a bot to people (S2-4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BotEnd {
    /// The bot handed it over.
    HandedOver,
    /// The bot did not answer in time.
    Silent,
    /// The bot's connection is gone.
    Gone,
    /// The bot said too much.
    Loops,
    /// The customer asked for a person.
    Asked,
}

impl BotEnd {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            BotEnd::HandedOver => "handed_over",
            BotEnd::Silent => "no_answer",
            BotEnd::Gone => "gone",
            BotEnd::Loops => "loops",
            BotEnd::Asked => "customer_asked",
        }
    }
}

/// How a notification ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OfferEnd {
    /// Taken.
    Accepted,
    /// Declined.
    Rejected,
    /// Shown and left unanswered: missed.
    Missed,
    /// Never shown.
    Undelivered,
    /// A toast that had its time.
    Expired,
    /// No longer to be had.
    Withdrawn,
}

impl OfferEnd {
    /// The reason on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            OfferEnd::Accepted => "accepted",
            OfferEnd::Rejected => "rejected",
            OfferEnd::Missed | OfferEnd::Undelivered | OfferEnd::Expired => "timed_out",
            OfferEnd::Withdrawn => "withdrawn",
        }
    }
}

/// Why a session or a conversation changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum SessionReason {
    /// The customer ended it.
    EndedByCustomer = 0,
    /// An agent ended it.
    EndedByAgent = 1,
    /// A supervisor ended it.
    EndedBySupervisor = 2,
    /// The live customer did not come back.
    CustomerLost = 3,
    /// The agent did not come back.
    AgentLost = 4,
    /// Handed over.
    Transferred = 5,
    /// Set aside.
    Parked = 6,
    /// The customer came back.
    CustomerReturned = 7,
    /// Given out again.
    Rerouted = 8,
    /// The asset is gone.
    AssetRemoved = 9,
    /// It waited too long.
    AutoClosed = 10,
    /// A refused transfer ended it.
    Disconnected = 11,
    /// The participant left.
    Left = 12,
    /// From a bot to people.
    HandedOver = 13,
    /// A bot ended it.
    EndedByBot = 14,
}

impl SessionReason {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            SessionReason::EndedByCustomer => "ended_by_customer",
            SessionReason::EndedByAgent => "ended_by_agent",
            SessionReason::EndedBySupervisor => "ended_by_supervisor",
            SessionReason::CustomerLost => "customer_lost",
            SessionReason::AgentLost => "agent_lost",
            SessionReason::Transferred => "transferred",
            SessionReason::Parked => "parked",
            SessionReason::CustomerReturned => "customer_returned",
            SessionReason::Rerouted => "rerouted",
            SessionReason::AssetRemoved => "asset_removed",
            SessionReason::AutoClosed => "auto_closed",
            SessionReason::Disconnected => "disconnected",
            SessionReason::Left => "left",
            SessionReason::HandedOver => "handed_over",
            SessionReason::EndedByBot => "ended_by_bot",
        }
    }
}

/// What a banner tells an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum BannerKind {
    /// She missed an offer (S2-24).
    Missed = 0,
    /// She rejected one (S2-35).
    Rejected = 1,
    /// Work arrived with ten sessions open (S2-33).
    MaxSessions = 2,
    /// A conversation's asset is gone (S3-9).
    AssetRemoved = 3,
    /// Her transfer was not taken (D-8).
    TransferRefused = 4,
    /// Her conference request was not taken.
    ConferenceRefused = 5,
}

impl BannerKind {
    /// All, by bit.
    pub const ALL: [BannerKind; 6] = [
        BannerKind::Missed,
        BannerKind::Rejected,
        BannerKind::MaxSessions,
        BannerKind::AssetRemoved,
        BannerKind::TransferRefused,
        BannerKind::ConferenceRefused,
    ];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            BannerKind::Missed => "missed",
            BannerKind::Rejected => "rejected",
            BannerKind::MaxSessions => "max_sessions",
            BannerKind::AssetRemoved => "asset_removed",
            BannerKind::TransferRefused => "transfer_refused",
            BannerKind::ConferenceRefused => "conference_refused",
        }
    }

    /// Its bit in an agent's set of banners.
    pub const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// What made the desk look for somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum RoutingEvent {
    /// New work.
    Arrived = 0,
    /// The customer of a parked conversation is back.
    Returned = 1,
    /// Nobody took it yet, or its agent is gone.
    Rerouted = 2,
    /// An agent's presence changed.
    PresenceChanged = 3,
    /// An agent has room again.
    CapacityFreed = 4,
    /// Handed over to a queue.
    Transferred = 5,
    /// Handed up.
    Escalated = 6,
    /// A supervisor's choice.
    Assigned = 7,
    /// Everybody was asked; asking again (D-7).
    RoundStarted = 8,
}

impl RoutingEvent {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            RoutingEvent::Arrived => "arrived",
            RoutingEvent::Returned => "returned",
            RoutingEvent::Rerouted => "rerouted",
            RoutingEvent::PresenceChanged => "presence_changed",
            RoutingEvent::CapacityFreed => "capacity_freed",
            RoutingEvent::Transferred => "transferred",
            RoutingEvent::Escalated => "escalated",
            RoutingEvent::Assigned => "assigned",
            RoutingEvent::RoundStarted => "round_started",
        }
    }
}
