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
//! Bot (if the workstream has one)
//!   ▼
//! Queued ─▶ Offered ─▶ Active ─▶ Ended ─▶ Closed      one table of steps: Stage::TRANSITIONS
//!   ▲          │         │  └──▶ Waiting (leaves the table: a parked conversation holds no slot)
//!   └──────────┴─────────┘
//! ```
//!
//! One verb a file; each checks, answers, changes, in this order. What a change sets free is given out once,
//! at the end of the turn ([`pass`]).

pub mod agent;
pub mod agent_set;
pub mod conversation;
pub mod effect;
pub mod id;
pub mod input;
pub mod line;
pub mod presence;
pub mod refusal;
pub mod settings;
pub mod table;
pub mod weighed;
pub mod wheel;

mod accept;
mod admit;
mod bot;
mod change;
pub mod clock;
mod close;
mod columns;
mod duty;
mod invariants;
mod message;
mod offer;
mod park;
mod pass;
mod ready;
mod renew;
mod restore;
mod route;
mod sent;
mod size;
mod supervise;
mod timer;
mod transfer;
mod view;

use std::collections::VecDeque;

use agent::Agent;
use conversation::{Conversation, Due};
use effect::{Answer, Effect};
use id::{AgentId, Handle, QueueId, RequestId};
use input::{AgentVerb, CustomerVerb, Input, SupervisorVerb};
use line::Lines;
use refusal::Refusal;
use settings::{Capacity, Now, RoutingDesk};
use table::{IdMap, Table};
use timer::TimerOwner;
use weighed::Weighed;
use wheel::{TimerId, Wheel};

use crate::limits::{AGENTS_MAX, DECISIONS_PER_INPUT_MAX, EFFECTS_MAX, QUEUES_MAX, WORKSTREAMS_MAX};

const _: () = assert!(AGENTS_MAX.is_multiple_of(64), "an agent set is whole words");
const _: () = assert!(crate::limits::BOTS_MAX <= 32, "the set of bots is one word");
const _: () = assert!(QUEUES_MAX <= 64 && WORKSTREAMS_MAX <= 64, "sets of them are one word");

/// The engine.
#[derive(Debug)]
pub struct Engine {
    now: Now,
    /// Turns taken: the order of events, where an order of stamps could tie.
    turn: u64,
    next_offer: u64,
    desk: Box<RoutingDesk>,
    /// Queues by priority, then row.
    queue_order: heapless::Vec<QueueId, QUEUES_MAX>,
    /// By agent: the queues she is in, one bit each.
    member_of: Box<[u64]>,
    agents: Box<[Agent]>,
    ready: ready::Ready,
    conversations: Table<Conversation>,
    sent: sent::SentRings,
    ids: IdMap,
    /// A line per queue and workstream (all in it ask for the same), then one per agent for the returned.
    lines: Lines,
    /// By queue: workstreams whose line is not empty.
    waiting: [u64; QUEUES_MAX],
    /// By queue: whose turn it was last.
    turn_of: [Option<AgentId>; QUEUES_MAX],
    unwatched: [TimerId; QUEUES_MAX],
    /// Bots that are there, one bit each.
    bots: u32,
    wheel: Wheel<TimerOwner>,
    /// How late the timer being handled fires: hours, when it fell due while the box was down.
    late_ms: i64,
    effects: VecDeque<Effect>,
    /// The searches of this input.
    weighed: Vec<Weighed>,
    decisions: usize,
    pass: pass::Due,
    /// Where a new desk still has to be carried through.
    renewal: Option<renew::Cursor>,
    kept: Vec<Handle>,
    kept_agents: Vec<AgentId>,
    leaving: Vec<Handle>,
    /// Timers armed before this one are those of the store's records.
    opened_at_arm: u64,
    /// Routing waits until the store's records are all in.
    is_open: bool,
}

impl Engine {
    /// An engine with its tables allocated. Offers are numbered from `first_offer` on: the shell gives a
    /// number above all it ever stored. Nothing is routed before [`Input::Open`].
    ///
    /// # Panics
    /// When the capacity passes the product's limits, or the desk has more rows than the capacity.
    pub fn new(capacity: Capacity, desk: Box<RoutingDesk>, now: Now, first_offer: u64) -> Engine {
        assert!(usize::from(capacity.agents) <= AGENTS_MAX);
        assert!(usize::from(capacity.queues) <= QUEUES_MAX);
        assert!(usize::from(capacity.workstreams) <= WORKSTREAMS_MAX);
        let agents = usize::from(capacity.agents);
        let rows = capacity.conversations as usize;
        let mut engine = Engine {
            now,
            turn: 0,
            next_offer: first_offer,
            desk,
            queue_order: heapless::Vec::new(),
            member_of: vec![0; agents].into(),
            // Never seen is offline since the start, not since 1970.
            agents: vec![Agent { since_wall_ms: now.wall_ms, ..Agent::NEW }; agents].into(),
            ready: ready::Ready::new(agents),
            conversations: Table::new(capacity.conversations),
            sent: sent::SentRings::new(capacity.conversations),
            ids: IdMap::new(capacity.conversations),
            lines: Lines::new(size::lines(capacity), capacity.conversations),
            waiting: [0; QUEUES_MAX],
            turn_of: [None; QUEUES_MAX],
            unwatched: [TimerId::NONE; QUEUES_MAX],
            bots: 0,
            wheel: Wheel::new(size::timers(capacity), 0),
            late_ms: 0,
            effects: VecDeque::with_capacity(EFFECTS_MAX),
            weighed: Vec::with_capacity(DECISIONS_PER_INPUT_MAX + 2),
            decisions: 0,
            pass: pass::Due::NOTHING,
            renewal: None,
            kept: Vec::with_capacity(rows),
            kept_agents: Vec::with_capacity(agents),
            leaving: Vec::with_capacity(rows),
            opened_at_arm: u64::MAX,
            is_open: false,
        };
        engine.check_rows();
        engine.index_desk();
        engine.catch_up();
        engine
    }

    /// Takes one input.
    ///
    /// # Panics
    /// When effects of the last input are undrained, or the monotonic clock went back: the caller's loop is
    /// wrong.
    pub fn handle(&mut self, now: Now, input: Input) {
        assert!(self.effects.is_empty(), "effects of the last input are undrained");
        assert!(now.mono_ms >= self.now.mono_ms, "the monotonic clock went back");
        self.now = now;
        self.turn += 1;
        self.clear_out();
        self.dispatch(input);
        self.finish_turn();
        #[cfg(debug_assertions)]
        self.check_invariants();
    }

    /// The next thing to do, until there is none.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// When an [`Input::Tick`] is due at the latest, in monotonic milliseconds.
    pub fn next_deadline(&self) -> Option<u64> {
        if self.pass.is_due() || self.renewal.is_some() {
            return Some(self.now.mono_ms);
        }
        self.wheel.next_deadline().map(|due| due.saturating_sub(timer::PAST_MS))
    }

    fn dispatch(&mut self, input: Input) {
        match input {
            Input::Tick => self.fire_due(),
            Input::Agent { request, agent, verb } => {
                if self.agents.len() <= usize::from(agent.0) {
                    return self.refuse(request, Refusal::NotFound);
                }
                self.agent_verb(request, agent, verb);
            }
            Input::Customer { request, conversation, verb } => {
                let Some(conversation) = self.ids.get(conversation.0) else {
                    return self.refuse(request, Refusal::NotFound);
                };
                match verb {
                    CustomerVerb::Message { client, text } => {
                        self.customer_message(request, conversation, client, text);
                    }
                    CustomerVerb::End => self.customer_end(request, conversation),
                    CustomerVerb::AskPerson => self.ask_person(conversation),
                    CustomerVerb::Lost => self.customer_gone(conversation),
                    CustomerVerb::Back => self.customer_back(conversation),
                }
            }
            Input::Supervisor { request, by, verb } => match verb {
                SupervisorVerb::ResetPresence { agent, status } => {
                    self.reset_presence(request, by, agent, status);
                }
                SupervisorVerb::Assign { conversation, to } => self.assign(request, by, conversation, to),
                SupervisorVerb::ForceEnd(conversation) => self.force_end(request, conversation),
            },
            Input::Arrival { request, arrival } => self.admit(request, &arrival),
            Input::Revival { request, seed, agent, cause } => self.revive(request, &seed, agent, cause),
            Input::BotOnline(bot) => self.bot_online(bot),
            Input::BotLost(bot) => self.bot_lost(bot),
            Input::Bot { request, bot, verb } => self.bot_verb(request, bot, verb),
            Input::AgentOnline(agent) => self.agent_online(agent),
            Input::AgentLost(agent) => self.agent_lost(agent),
            Input::AgentSignedOut(agent) => self.agent_signed_out(agent),
            Input::Hours { workstream, open } => self.set_hours(workstream, open),
            Input::Desk(desk) => self.adopt(desk),
            Input::AssetRemoved(conversation) => {
                if let Some(conversation) = self.ids.get(conversation.0) {
                    self.freeze(conversation);
                }
            }
            Input::RestoreConversation(seed) => self.restore_conversation(&seed),
            Input::RestoreAgent { agent, held, since_wall_ms, lost_wall_ms, banners } => {
                self.restore_agent(agent, held, since_wall_ms, lost_wall_ms, banners);
            }
            Input::Recall { conversation, sender, client, seq, at_wall_ms } => {
                if let Some(conversation) = self.ids.get(conversation.0) {
                    self.recall(conversation, sender, client, seq, at_wall_ms);
                }
            }
            Input::WallMoved { first, spare_restored } => self.wall_moved(first, spare_restored),
            Input::DownTime => self.count_down_time(),
            Input::Open => {
                self.is_open = true;
                self.await_everybody();
                self.opened_at_arm = self.wheel.arms();
                self.pass.everything();
            }
        }
    }

    fn agent_verb(&mut self, request: Option<RequestId>, agent: AgentId, verb: AgentVerb) {
        match verb {
            AgentVerb::Presence(presence) => self.choose_presence(request, agent, presence),
            AgentVerb::Shown(offer) => self.shown(request, agent, offer),
            AgentVerb::Accept(offer) => self.accept(request, agent, offer),
            AgentVerb::Reject(offer) => self.reject(request, agent, offer),
            AgentVerb::Pickup(conversation) => self.pick_up(request, agent, conversation),
            AgentVerb::Message { conversation, client, text } => {
                self.agent_message(request, agent, conversation, client, text);
            }
            AgentVerb::Park(conversation) => self.park(request, agent, conversation),
            AgentVerb::Release(conversation) => self.release(request, agent, conversation),
            AgentVerb::Transfer { conversation, to } => self.transfer(request, agent, conversation, to),
            AgentVerb::Escalate { conversation, queue } => self.escalate(request, agent, conversation, queue),
            AgentVerb::Conference { conversation, agent: guest } => {
                self.conference(request, agent, conversation, guest);
            }
            AgentVerb::EndConference(conversation) => self.end_conference(request, agent, conversation),
            AgentVerb::Leave(conversation) => self.leave(request, agent, conversation),
            AgentVerb::End(conversation) => self.agent_end(request, agent, conversation),
            AgentVerb::WrapUp { conversation, wrapup } => {
                self.wrap_up(request, agent, conversation, wrapup);
            }
            AgentVerb::BannerReset(kind) => self.banner_reset(request, agent, kind),
        }
    }

    /// Rows closed or parked by the last input stayed readable while its effects were drained; now they go.
    fn clear_out(&mut self) {
        while let Some(conversation) = self.leaving.pop() {
            self.conversations.remove(conversation);
        }
        self.weighed.clear();
        self.decisions = 0;
    }

    /// What the turn set free is given out, then what it touched is written down.
    fn finish_turn(&mut self) {
        if self.is_open {
            self.run_renewal();
            self.run_passes();
        }
        self.tell_lines();
        while let Some(conversation) = self.kept.pop() {
            if let Some(row) = self.conversations.get_mut(conversation) {
                let due = std::mem::replace(&mut row.due, Due::Nothing);
                self.effects.push_back(Effect::Keep { conversation, said_only: due == Due::LastSeq });
            }
        }
        while let Some(agent) = self.kept_agents.pop() {
            self.agents[usize::from(agent.0)].kept = false;
            self.effects.push_back(Effect::KeepAgent { agent });
        }
        assert!(self.effects.len() <= EFFECTS_MAX, "one turn passed the bound of the effect queue");
    }

    /// Is there room to start another piece of work in this turn? What is to be written down at its end counts: a
    /// removed queue touches every conversation in it without an effect of its own.
    fn has_room(&self) -> bool {
        let effects = self.effects.len() + self.kept.len() + self.kept_agents.len();
        effects < EFFECTS_MAX / 4 && self.decisions < DECISIONS_PER_INPUT_MAX
    }

    fn emit(&mut self, effect: Effect) {
        assert!(self.effects.len() < EFFECTS_MAX, "one turn passed the bound of the effect queue");
        self.effects.push_back(effect);
    }

    fn answer(&mut self, request: Option<RequestId>, answer: Answer) {
        if let Some(request) = request {
            self.emit(Effect::Answer { request, answer });
        }
    }

    fn done(&mut self, request: Option<RequestId>) {
        self.answer(request, Answer::Done);
    }

    fn refuse(&mut self, request: Option<RequestId>, refusal: Refusal) {
        self.answer(request, Answer::Refused(refusal));
    }

    /// The conversation is to be written down at the end of the turn.
    fn keep(&mut self, conversation: Handle) {
        self.keep_of(conversation, Due::All);
    }

    fn keep_of(&mut self, conversation: Handle, due: Due) {
        let row = self.row_mut(conversation);
        let before = row.due;
        row.due = before.max(due);
        if before == Due::Nothing {
            self.kept.push(conversation);
        }
    }

    /// The agent is to be written down at the end of the turn.
    fn keep_agent(&mut self, agent: AgentId) {
        let row = &mut self.agents[usize::from(agent.0)];
        if !row.kept {
            row.kept = true;
            self.kept_agents.push(agent);
        }
    }

    /// The row of a handle the engine itself holds.
    fn row(&self, conversation: Handle) -> &Conversation {
        self.conversations.get(conversation).expect("a handle the engine holds is live")
    }

    fn row_mut(&mut self, conversation: Handle) -> &mut Conversation {
        self.conversations.get_mut(conversation).expect("a handle the engine holds is live")
    }

    /// Every change of an agent's row comes by here, so that her bits in the sets follow it.
    fn agent_row(&mut self, agent: AgentId) -> &mut Agent {
        self.ready.mark(agent);
        &mut self.agents[usize::from(agent.0)]
    }

    fn wall_in(&self, ms: u64) -> i64 {
        self.now.wall_ms.saturating_add(i64::try_from(ms).unwrap_or(i64::MAX))
    }
}
