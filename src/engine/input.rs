//! Everything that can happen to the engine.

use serde::{Deserialize, Serialize};

use super::conversation::Seed;
use super::id::{
    AgentId, BotId, ConversationId, OfferId, PresenceId, QueueId, ReasonId, RequestId, TextId, WorkstreamId,
};
use super::presence::{Override, Status};
use super::settings::{RoutingDesk, WorkItemKind};

/// One thing that happened. Where a request came with it, exactly one answer goes back.
#[derive(Debug, Serialize, Deserialize)]
pub enum Input {
    /// Time passed: due timers fire, unfinished passes go on.
    Tick,
    /// An agent asks for something.
    Agent {
        /// Whose answer it is; none for what needs no answer.
        request: Option<RequestId>,
        /// Who asks.
        agent: AgentId,
        /// For what.
        verb: AgentVerb,
    },
    /// The customer of a conversation asks for something, or comes or goes.
    Customer {
        /// Whose answer it is.
        request: Option<RequestId>,
        /// Of which conversation.
        conversation: ConversationId,
        /// For what.
        verb: CustomerVerb,
    },
    /// A bot is there, and first in the workstreams that name it (S2-4).
    BotOnline(BotId),
    /// A bot's last connection is gone, or the desk no longer has it.
    BotLost(BotId),
    /// A bot did something.
    Bot {
        /// Its ticket; none for the box's own bots.
        request: Option<RequestId>,
        /// Which.
        bot: BotId,
        /// What.
        verb: BotVerb,
    },
    /// A supervisor steps in. The shell has checked the role.
    Supervisor {
        /// Whose answer it is.
        request: Option<RequestId>,
        /// Who steps in.
        by: AgentId,
        /// How.
        verb: SupervisorVerb,
    },
    /// New work.
    Arrival {
        /// Whose answer it is.
        request: Option<RequestId>,
        /// The work.
        arrival: Arrival,
    },
    /// A parked conversation comes back from the store, with what the desk is to do about it.
    Revival {
        /// Whose answer it is.
        request: Option<RequestId>,
        /// As it was parked.
        seed: Box<Seed>,
        /// Whose last agent it was.
        agent: Option<AgentId>,
        /// Why it comes back.
        cause: RevivalCause,
    },
    /// An agent's first socket opened, or she is back in time.
    AgentOnline(AgentId),
    /// An agent's last socket is gone without a sign-out (D-10).
    AgentLost(AgentId),
    /// An agent signed out.
    AgentSignedOut(AgentId),
    /// A workstream opened or closed.
    Hours {
        /// Which.
        workstream: WorkstreamId,
        /// Open now?
        open: bool,
    },
    /// A new desk. What was removed is dealt with in the ticks that follow.
    Desk(Box<RoutingDesk>),
    /// The asset a conversation came through was removed (S3-9).
    AssetRemoved(ConversationId),
    /// Start-up: a conversation as the store has it.
    RestoreConversation(Box<Seed>),
    /// Start-up: an agent as the store has her.
    RestoreAgent {
        /// Who.
        agent: AgentId,
        /// What stood over load.
        held: Override,
        /// Since when that was so.
        since_wall_ms: i64,
        /// Connected when the box went down: lost since this instant. None: signed out.
        lost_wall_ms: Option<i64>,
        /// Bits of [`BannerKind`](super::effect::BannerKind).
        banners: u8,
    },
    /// Start-up, or after a return: a message already stored, so that a repeat is known.
    Recall {
        /// In which conversation.
        conversation: ConversationId,
        /// From whom.
        sender: Sender,
        /// Keyed hash of its `client_id`.
        client: u64,
        /// Its number.
        seq: u32,
        /// Its stamp.
        at_wall_ms: i64,
    },
    /// The wall clock was set: deadlines on it are made again from their timers, some rows at a time.
    WallMoved {
        /// The first row; agents go with row 0.
        first: u32,
        /// What a start brought back stays as it is: its down-time is still to be counted.
        spare_restored: bool,
    },
    /// The clock is trusted for the first time since the start: what that brought back has lost the time the
    /// box was down (D-18).
    DownTime,
    /// Start-up is over: route what waits.
    Open,
}

/// Who a stored message is from, where repeats are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sender {
    /// A bot.
    Bot(BotId),
    /// The customer.
    Customer,
    /// An agent.
    Agent(AgentId),
}

/// New work as it comes in.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Arrival {
    /// Its name for ever.
    pub conversation: ConversationId,
    /// Through which workstream.
    pub workstream: WorkstreamId,
    /// Into which queue; none: the workstream's.
    pub queue: Option<QueueId>,
    /// What it is.
    pub kind: WorkItemKind,
    /// The first message, if the customer wrote one.
    pub comment: Option<TextId>,
    /// Who is asked first if she can take it (D-21).
    pub preferred: Option<AgentId>,
    /// Left as a message out of hours (D-19): taken in though the workstream is closed.
    pub left: bool,
}

/// What agents ask for.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum AgentVerb {
    /// Choose a presence.
    Presence(PresenceId),
    /// The delivery receipt (S2-29).
    Shown(OfferId),
    /// Take the work.
    Accept(OfferId),
    /// Decline it.
    Reject(OfferId),
    /// Take by hand what is reserved for her, or stands in a pick queue.
    Pickup(ConversationId),
    /// Say something.
    Message {
        /// Where.
        conversation: ConversationId,
        /// Keyed hash of the `client_id`.
        client: u64,
        /// What.
        text: TextId,
    },
    /// Set a persistent conversation aside (S0-12).
    Park(ConversationId),
    /// Give a live one back to its queue (D-2).
    Release(ConversationId),
    /// Hand it over (S3-29 to S3-32). A wrap-up given along is the shell's to hand in when the session has
    /// come to it: texts live for one turn only.
    Transfer {
        /// Which.
        conversation: ConversationId,
        /// To whom.
        to: Target,
    },
    /// Hand it up to a queue.
    Escalate {
        /// Which.
        conversation: ConversationId,
        /// Where to.
        queue: QueueId,
    },
    /// Ask a colleague in (S3-33).
    Conference {
        /// Which.
        conversation: ConversationId,
        /// Whom.
        agent: AgentId,
    },
    /// The owner ends a conference, and the conversation with it.
    EndConference(ConversationId),
    /// A participant leaves a conference.
    Leave(ConversationId),
    /// End the conversation.
    End(ConversationId),
    /// Close her own session with a reason (S3-39).
    WrapUp {
        /// Which.
        conversation: ConversationId,
        /// Reason and comment.
        wrapup: WrapUp,
    },
    /// Answer a banner (S2-25).
    BannerReset(super::effect::BannerKind),
}

/// Where a transfer goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// To whoever the queue chooses, at once.
    Queue(QueueId),
    /// To one agent, who is asked.
    Agent(AgentId),
}

/// How a session was closed by its agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WrapUp {
    /// A reason of the desk.
    pub reason: Option<ReasonId>,
    /// A comment.
    pub comment: Option<TextId>,
}

/// What a bot does, with a conversation it talks in.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum BotVerb {
    /// Says something.
    Message {
        /// Where.
        conversation: ConversationId,
        /// Keyed hash of its `client_id`.
        client: u64,
        /// The words.
        text: TextId,
        /// Where it has come to, if it keeps that here.
        step: Option<u16>,
    },
    /// Hands it over to people, in another queue if one is named.
    HandOver {
        /// Which.
        conversation: ConversationId,
        /// Where to.
        queue: Option<QueueId>,
    },
    /// Has helped: ends it.
    End(ConversationId),
}

/// What customers ask for, and what their connection does.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum CustomerVerb {
    /// Asks for a person while a bot answers; no answer.
    AskPerson,
    /// Say something.
    Message {
        /// Keyed hash of the `client_id`.
        client: u64,
        /// What.
        text: TextId,
    },
    /// End a live chat (S0-7).
    End,
    /// The last connection is gone (D-10).
    Lost,
    /// Connected again.
    Back,
}

/// What supervisors do.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum SupervisorVerb {
    /// Set an agent's presence (S2-27).
    ResetPresence {
        /// Whose.
        agent: AgentId,
        /// To what.
        status: Status,
    },
    /// Give a conversation to an agent or a queue.
    Assign {
        /// Which.
        conversation: ConversationId,
        /// To whom.
        to: Target,
    },
    /// End a conversation.
    ForceEnd(ConversationId),
}

/// Why a parked conversation comes back to the desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RevivalCause {
    /// The customer wrote again (D-3).
    Returned {
        /// Keyed hash of the message's `client_id`.
        client: u64,
        /// The message.
        text: TextId,
    },
    /// Its agent picked it up.
    PickedUp(AgentId),
    /// A supervisor gave it to somebody.
    Assigned {
        /// Who did.
        by: AgentId,
        /// To whom.
        to: Target,
    },
    /// It has waited long enough, or its asset is gone: end it.
    Closed(super::effect::SessionReason),
}
