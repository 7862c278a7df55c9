//! What the simulation does to the engine: an input in a form that can be kept and printed.

use std::collections::BTreeMap;

use deskbell::engine::conversation::Seed;
use deskbell::engine::id::{AgentId, BotId, ConversationId, RequestId, WorkstreamId};
use deskbell::engine::input::{
    AgentVerb, Arrival, BotVerb, CustomerVerb, Input, RevivalCause, SupervisorVerb,
};
use deskbell::engine::settings::RoutingDesk;

use crate::shadow::Speaker;

/// A parked conversation as the store has it.
#[derive(Clone, Debug)]
pub(crate) struct Parked {
    pub(crate) seed: Seed,
    pub(crate) agent: AgentId,
    pub(crate) sent: Vec<(Speaker, u64, u32, i64)>,
}

#[derive(Clone, Debug)]
pub(crate) enum Act {
    Tick,
    Agent(AgentId, AgentVerb),
    Customer(ConversationId, CustomerVerb),
    Supervisor(AgentId, SupervisorVerb),
    Arrival(Arrival),
    Revive {
        id: ConversationId,
        cause: RevivalCause,
    },
    Online(AgentId),
    Lost(AgentId),
    SignOut(AgentId),
    Hours(WorkstreamId, bool),
    Desk(Box<RoutingDesk>),
    AssetRemoved(ConversationId),
    BotOnline(BotId),
    BotLost(BotId),
    Bot(BotId, BotVerb),
    /// The wall clock was set.
    WallMoved {
        spare_restored: bool,
    },
    /// The clock is trusted: the time the box was down counts.
    DownTime,
    /// No input: the power is cut and comes back after so many milliseconds.
    Restart(i64),
}

impl Act {
    /// Does it ask for something, and so get one answer?
    pub(crate) fn asks(&self) -> bool {
        match self {
            Act::Customer(_, verb) => matches!(verb, CustomerVerb::Message { .. } | CustomerVerb::End),
            Act::Agent(..) | Act::Bot(..) | Act::Supervisor(..) | Act::Arrival(_) | Act::Revive { .. } => {
                true
            }
            _ => false,
        }
    }

    pub(crate) fn input(&self, request: RequestId, parked: &BTreeMap<ConversationId, Parked>) -> Input {
        let request = self.asks().then_some(request);
        match self {
            Act::WallMoved { .. } | Act::DownTime => self.of_the_clock().unwrap_or(Input::Tick),
            Act::Tick | Act::Restart(_) => Input::Tick,
            &Act::Agent(agent, verb) => Input::Agent { request, agent, verb },
            &Act::Customer(conversation, verb) => Input::Customer { request, conversation, verb },
            &Act::Supervisor(by, verb) => Input::Supervisor { request, by, verb },
            &Act::Arrival(arrival) => Input::Arrival { request, arrival },
            &Act::Revive { id, cause } => {
                let kept = &parked[&id];
                let seed = Box::new(kept.seed.clone());
                Input::Revival { request, seed, agent: Some(kept.agent), cause }
            }
            &Act::Online(agent) => Input::AgentOnline(agent),
            &Act::Lost(agent) => Input::AgentLost(agent),
            &Act::SignOut(agent) => Input::AgentSignedOut(agent),
            &Act::Hours(workstream, open) => Input::Hours { workstream, open },
            Act::Desk(desk) => Input::Desk(desk.clone()),
            &Act::AssetRemoved(conversation) => Input::AssetRemoved(conversation),
            &Act::BotOnline(bot) => Input::BotOnline(bot),
            &Act::BotLost(bot) => Input::BotLost(bot),
            &Act::Bot(bot, verb) => Input::Bot { request, bot, verb },
        }
    }
}
