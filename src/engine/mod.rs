//! Who gets which conversation.
//!
//! The contract, in the manner of sans-IO cores: [`Engine::handle`] takes one input, then
//! [`Engine::poll_effect`] is called until it answers `None`, then [`Engine::next_deadline`] says when to hand
//! in an [`Input::Tick`] at the latest. `handle` refuses to run while effects are undrained: that is what
//! bounds the effect queue. The same inputs in the same order give the same effects on every machine: the
//! engine reads no clock, no random source, no file, no socket, and allocates nothing after
//! [`Engine::new`] (a new desk, and what is handed in boxed, is allocated by the shell).
//!
//! ```text
//! Queued ─▶ Offered ─▶ Active ─▶ Ended ─▶ Closed      one table of steps: Stage::TRANSITIONS
//!   ▲          │         │  └──▶ Waiting (leaves the table: a parked conversation holds no slot)
//!   └──────────┴─────────┘
//! ```

pub mod agent;
pub mod conversation;
pub mod effect;
pub mod id;
pub mod input;
pub mod line;
pub mod presence;
pub mod refusal;
pub mod settings;
pub mod table;
pub mod wheel;

use agent::Agent;
use conversation::Conversation;
use effect::{Candidate, Effect};
use id::{AgentId, ConversationId, Handle, QueueId, WorkstreamId};
use input::Input;
use settings::{Capacity, Now, RoutingDesk};

/// The engine.
#[derive(Debug)]
pub struct Engine {
    desk: Box<RoutingDesk>,
    agents: Box<[Agent]>,
    conversations: table::Table<Conversation>,
}

impl Engine {
    /// An engine with its tables allocated. Offers are numbered from `first_offer` on: the shell gives a
    /// number above all it ever stored.
    pub fn new(capacity: Capacity, desk: Box<RoutingDesk>, _now: Now, _first_offer: u64) -> Engine {
        Engine {
            desk,
            agents: vec![Agent::NEW; capacity.agents.into()].into(),
            conversations: table::Table::new(capacity.conversations),
        }
    }

    /// Takes one input.
    ///
    /// # Panics
    /// When effects of the last input are undrained: the caller's loop is wrong.
    pub fn handle(&mut self, _now: Now, _input: Input) {}

    /// The next thing to do, until there is none.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        None
    }

    /// When an [`Input::Tick`] is due at the latest, in monotonic milliseconds.
    pub fn next_deadline(&self) -> Option<u64> {
        None
    }

    /// A conversation by its lasting name.
    pub fn conversation(&self, _id: ConversationId) -> Option<&Conversation> {
        None
    }

    /// A conversation by an effect's handle; those closed or parked by the last input included.
    pub fn view(&self, handle: Handle) -> Option<&Conversation> {
        self.conversations.get(handle)
    }

    /// All conversations in the table, in slot order.
    pub fn conversations(&self) -> impl Iterator<Item = &Conversation> {
        self.conversations.iter().map(|(_, row)| row)
    }

    /// An agent by her row.
    pub fn agent(&self, id: AgentId) -> Option<&Agent> {
        self.agents.get(usize::from(id.0))
    }

    /// Conversations whose customer is back and that stand with this agent unoffered or offered (D-3).
    pub fn returned_to(&self, _agent: AgentId) -> impl Iterator<Item = &Conversation> {
        core::iter::empty()
    }

    /// Who was weighed in a [`Effect::Decision`]; valid until the next input.
    pub fn candidates(&self, _first: u32, _count: u16) -> &[Candidate] {
        &[]
    }

    /// A queue's line, oldest first.
    pub fn line(&self, _queue: QueueId) -> impl Iterator<Item = &Conversation> {
        core::iter::empty()
    }

    /// How many stand in a queue's line.
    pub fn line_len(&self, _queue: QueueId) -> u32 {
        0
    }

    /// How many of a queue's members could take one more of this workstream now.
    pub fn takers(&self, _queue: QueueId, _workstream: WorkstreamId) -> u32 {
        0
    }

    /// Could this agent take one more of this workstream now (transfer and conference targets)?
    pub fn could_take(&self, _agent: AgentId, _workstream: WorkstreamId) -> bool {
        false
    }

    /// The desk it works by.
    pub fn desk(&self) -> &RoutingDesk {
        &self.desk
    }

    /// Conversations in the table, and how many it holds.
    pub fn occupancy(&self) -> (u32, u32) {
        (self.conversations.len(), self.conversations.capacity())
    }
}
