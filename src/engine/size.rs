//! What the engine's tables take, from their capacity alone: the largest fixed share of the box's memory, known
//! before a byte of it is allocated (REQ B-3).

use super::Engine;
use super::agent::Agent;
use super::conversation::Conversation;
use super::effect::Effect;
use super::id::{AgentId, Handle};
use super::line::Lines;
use super::ready::Ready;
use super::sent::SentRings;
use super::settings::{AgentSettings, Capacity, Queue, RoutingDesk, Workstream};
use super::table::{IdMap, Table};
use super::timer::TimerOwner;
use super::weighed::Weighed;
use super::wheel::Wheel;
use crate::limits::{
    CONVERSATION_SESSIONS_MAX, DECISIONS_PER_INPUT_MAX, EFFECTS_MAX, QUEUES_MAX, WORKSTREAMS_MAX,
};

/// Timers of a capacity. Each conversation: offer, hold, round, customer, and one wrap-up a session; each agent:
/// lost; each queue: unwatched.
pub(super) fn timers(capacity: Capacity) -> u32 {
    capacity.conversations * (4 + CONVERSATION_SESSIONS_MAX as u32)
        + u32::from(capacity.agents)
        + QUEUES_MAX as u32
}

/// Lines of a capacity: one a queue and workstream, one an agent.
pub(super) fn lines(capacity: Capacity) -> usize {
    QUEUES_MAX * WORKSTREAMS_MAX + usize::from(capacity.agents)
}

impl Engine {
    /// Bytes an engine of this capacity holds, its desk with every row full included. All of it is allocated at
    /// boot, and most of it becomes resident only as rows are used.
    pub fn bytes(capacity: Capacity) -> u64 {
        let (rows, agents) = (capacity.conversations as usize, usize::from(capacity.agents));
        let desk = size_of::<RoutingDesk>()
            + WORKSTREAMS_MAX * size_of::<Workstream>()
            + QUEUES_MAX * (size_of::<Queue>() + agents * size_of::<AgentId>())
            + agents * size_of::<AgentSettings>();
        let tables = Table::<Conversation>::bytes(capacity.conversations)
            + IdMap::bytes(capacity.conversations)
            + SentRings::bytes(capacity.conversations)
            + Lines::bytes(lines(capacity), capacity.conversations)
            + Wheel::<TimerOwner>::bytes(timers(capacity))
            + Ready::bytes(agents);
        let turn = EFFECTS_MAX * size_of::<Effect>()
            + (DECISIONS_PER_INPUT_MAX + 2) * size_of::<Weighed>()
            + 2 * rows * size_of::<Handle>();
        let of_agents = agents * (size_of::<u64>() + size_of::<Agent>() + size_of::<AgentId>());
        (size_of::<Engine>() + desk + tables + turn + of_agents) as u64
    }
}
