//! What the engine needs of the desk: numbers only, made by the shell from the configuration.

use serde::{Deserialize, Serialize};

use super::id::{AgentId, BotId, PresenceId, QueueId, ReasonId, WorkstreamId};
use super::presence::Status;

/// How many of each the engine's tables hold. Fixed at boot; allocated once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capacity {
    /// Conversations open, offered, reserved, active or in wrap-up. Waiting ones take none.
    pub conversations: u32,
    /// Agents.
    pub agents: u16,
    /// Queues.
    pub queues: u16,
    /// Workstreams.
    pub workstreams: u16,
}

impl Capacity {
    /// So small that full is the common case in tests.
    pub const TINY: Capacity = Capacity { conversations: 4, agents: 3, queues: 2, workstreams: 4 };
}

/// Both sides of the product clock (D-18), in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Now {
    /// Since start; never goes back. Timers run on it.
    pub mono_ms: u64,
    /// Since 1970; for stamps, and for what must survive a restart.
    pub wall_ms: i64,
}

/// What a queue line is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum WorkItemKind {
    /// Chat from the widget.
    Chat,
    /// Text message.
    Sms,
    /// Social message.
    Social,
    /// Call.
    Voice,
    /// A record from elsewhere (S2-21).
    Case,
}

impl WorkItemKind {
    /// Does it stay an agent's who has taken it, also while her desktop is gone? Nobody waits in a case, and a caller
    /// talks on the telephone: put to another, the call would ring where nobody is on the line (S2-18, S2-21).
    pub const fn stays_taken(self) -> bool {
        matches!(self, WorkItemKind::Voice | WorkItemKind::Case)
    }
}

/// Live needs both sides at once; persistent lets the customer leave and resume (S0-2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Mode {
    /// Ends when either side leaves.
    Live,
    /// Ends only by the agent; can be parked.
    Persistent,
}

/// Why a work item is put to an agent; each has its own notification template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum OfferKind {
    /// New work, or work given out again.
    Incoming = 0,
    /// A customer came back to a parked conversation (S0-14).
    Returned = 1,
    /// A colleague hands it over (S3-31).
    Transfer = 2,
    /// A colleague asks for company (S3-33).
    Conference = 3,
    /// A colleague hands it up (S2-4).
    Escalation = 4,
    /// A supervisor gave it.
    Assigned = 5,
}

/// What happens without the agent's hand (S2-17).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Auto {
    /// The agent decides.
    None,
    /// Reserved for good; accepting opens it.
    Assign,
    /// Session opened by itself.
    Accept,
}

/// One notification template, as far as it decides anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notify {
    /// Time to act, 5 s at least.
    pub timeout_ms: u64,
    /// May the agent say no?
    pub can_reject: bool,
    /// What happens by itself.
    pub auto: Auto,
}

/// Must a closed session have a reason?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WrapUpRule {
    /// Yes (S3-39).
    Required,
    /// May.
    Optional,
    /// There is no wrap-up: the session closes at once.
    None,
}

/// What becomes of a transfer its target did not take (D-8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TransferRefused {
    /// The sender keeps the conversation.
    Return,
    /// The conversation is ended.
    Disconnect,
}

/// The bot that is first in a workstream (S2-4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BotFirst {
    /// Which.
    pub bot: BotId,
    /// How long it may take to say something when it is its turn.
    pub answer_ms: u64,
    /// How long the customer may take; then the conversation is closed.
    pub idle_ms: u64,
}

/// A workstream's routing settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workstream {
    /// False once removed from the desk (S3-9).
    pub present: bool,
    /// What it carries.
    pub kind: WorkItemKind,
    /// Live or persistent.
    pub mode: Mode,
    /// Where its conversations wait.
    pub queue: QueueId,
    /// Capacity one conversation takes (D-12).
    pub units: u32,
    /// One bit per [`PresenceId`].
    pub allowed_presences: u32,
    /// Open now? The shell knows the calendar.
    pub open: bool,
    /// Offer out of hours too (S0-4).
    pub offer_out_of_hours: bool,
    /// A returning customer goes to the same agent (S0-17).
    pub keep_same_agent: bool,
    /// Templates by [`OfferKind`].
    pub notify: [Notify; 6],
    /// From the time-out of an undelivered offer to its rerouting (D-11).
    pub undelivered_reroute_ms: u64,
    /// Must a reason be given?
    pub wrapup: WrapUpRule,
    /// Does a session in wrap-up keep its capacity (D-12)?
    pub wrapup_keeps_capacity: bool,
    /// How long wrap-up may take; 0 = for ever.
    pub wrapup_deadline_ms: u64,
    /// The reason given when that time is up.
    pub wrapup_default: Option<ReasonId>,
    /// How long a lost agent's conversations wait (D-10).
    pub agent_lost_ms: u64,
    /// How long a lost live customer is waited for (D-10).
    pub customer_lost_ms: u64,
    /// See [`TransferRefused`].
    pub transfer_refused: TransferRefused,
    /// Who answers before anybody is looked for.
    pub bot: Option<BotFirst>,
}

/// How a queue chooses (D-13).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Distribution {
    /// The one idle the longest.
    MostIdle,
    /// In turn.
    RoundRobin,
    /// The one with the most free units.
    HighestCapacity,
    /// Nobody is chosen: members pick by hand.
    Pick,
}

/// A queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queue {
    /// False once removed from the desk.
    pub present: bool,
    /// Smaller is served first.
    pub priority: u32,
    /// How it chooses.
    pub distribution: Distribution,
    /// Its agents, ascending.
    pub members: Box<[AgentId]>,
}

/// An agent, as far as routing goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentSettings {
    /// False once removed from the desk.
    pub present: bool,
    /// Units she can hold (D-12).
    pub capacity: u32,
    /// How long a lost connection is waited for (D-10): the longest of the desk's workstreams.
    pub lost_ms: u64,
}

/// The desk in numbers. Rows keep their number for the life of the process; what was removed stays with
/// `present: false`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoutingDesk {
    /// By [`WorkstreamId`].
    pub workstreams: Box<[Workstream]>,
    /// By [`QueueId`].
    pub queues: Box<[Queue]>,
    /// By [`AgentId`].
    pub agents: Box<[AgentSettings]>,
    /// By [`PresenceId`]: the status each presence rests on; the first six are the statuses themselves.
    pub presences: Box<[Status]>,
    /// Missed notifications take the agent off duty (S2-23).
    pub missed_enabled: bool,
    /// Rejecting takes the agent off duty (S2-34).
    pub reject_enabled: bool,
}

impl RoutingDesk {
    /// The status a presence rests on; one the desk no longer knows counts as Away.
    pub fn base(&self, presence: PresenceId) -> Status {
        self.presences.get(usize::from(presence.0)).copied().unwrap_or(Status::Away)
    }

    /// The workstream's row, if there is one.
    pub fn workstream(&self, id: WorkstreamId) -> Option<&Workstream> {
        self.workstreams.get(usize::from(id.0))
    }

    /// The queue's row, if there is one.
    pub fn queue(&self, id: QueueId) -> Option<&Queue> {
        self.queues.get(usize::from(id.0))
    }
}
