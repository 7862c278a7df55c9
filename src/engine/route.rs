//! Who is chosen, and why the others were not (B-1, D-6, D-7, D-13).

use super::Engine;
use super::conversation::AgentSet;
use super::effect::{Effect, RoutingEvent};
use super::id::{AgentId, Handle, QueueId, WorkstreamId};
use super::presence::{Penalty, Status};
use super::settings::{Distribution, Workstream};
use super::timer::TimerOwner;
use super::weighed::{TieBreak, Verdict, Weighed};
use super::wheel::TimerId;
use crate::limits::{ROUND_MS, SESSIONS_MAX, WORKSTREAMS_MAX};

impl Engine {
    /// Looks for somebody for a conversation that has just come into a line. What this very turn set free
    /// belongs to whoever has waited longer: then it waits for the pass at the turn's end (D-13).
    pub(super) fn route(&mut self, conversation: Handle, event: RoutingEvent) {
        if !self.is_open {
            return;
        }
        if !self.may_offer_now(conversation) {
            return self.set_round(conversation);
        }
        if self.has_room() && !self.has_elders(conversation) {
            self.search(conversation, event);
        } else {
            let queue = self.row(conversation).queue;
            self.pass.queue(queue);
            // A pass that stops at the head of the line does not come to it; its round ends all the same.
            self.set_round(conversation);
        }
    }

    /// Is a pass due that would come to somebody else first?
    fn has_elders(&self, conversation: Handle) -> bool {
        let own = self.row(conversation).queue;
        for &queue in &self.queue_order {
            if self.pass.is_queue_due(queue) && self.waits_before(queue, conversation) {
                return true;
            }
            if queue == own {
                return false;
            }
        }
        false
    }

    /// Does anybody else wait in a queue; in the conversation's own, somebody older?
    fn waits_before(&self, queue: QueueId, conversation: Handle) -> bool {
        let own = self.row(conversation).queue == queue;
        let key = self.lines.key(conversation.index);
        (0..WORKSTREAMS_MAX)
            .filter(|workstream| self.waiting[usize::from(queue.0)] & (1 << workstream) != 0)
            .filter_map(|workstream| self.lines.head(usize::from(queue.0) * WORKSTREAMS_MAX + workstream))
            .any(|head| !own || self.lines.key(head) < key)
    }

    /// Looks for somebody for a conversation in a line and offers it. False when nobody was found; then the
    /// next round is set when the reason is that all were asked (D-7).
    pub(super) fn search(&mut self, conversation: Handle, event: RoutingEvent) -> bool {
        let chosen = self.choose(conversation, event);
        match chosen {
            Some(agent) => {
                let kind = self.row(conversation).offer_kind;
                self.offer_to(conversation, agent, kind);
                true
            }
            None => {
                self.set_round(conversation);
                false
            }
        }
    }

    /// Open hours, or a workstream that gives out work at night (S0-4).
    pub(super) fn may_offer_now(&self, conversation: Handle) -> bool {
        let settings = self.workstream(self.row(conversation).workstream);
        settings.open || settings.offer_out_of_hours
    }

    pub(super) fn set_round(&mut self, conversation: Handle) {
        let row = self.row(conversation);
        if row.excluded.is_empty() || row.round_wall_ms.is_some() {
            return;
        }
        let at = self.wall_in(ROUND_MS);
        let timer = self.arm(at, TimerOwner::Round(conversation));
        let row = self.row_mut(conversation);
        row.round_wall_ms = Some(at);
        row.round_timer = timer;
        self.keep(conversation);
    }

    /// A candidate was found after all: the round goes on with her, and the wait for the next one begins
    /// afresh should she not take it.
    pub(super) fn stop_round_timer(&mut self, conversation: Handle) {
        self.wheel.cancel(self.row(conversation).round_timer);
        let row = self.row_mut(conversation);
        row.round_timer = TimerId::NONE;
        row.round_wall_ms = None;
    }

    /// The round's time is up: everybody may be asked again.
    pub(super) fn next_round(&mut self, conversation: Handle) {
        let row = self.row_mut(conversation);
        row.round_wall_ms = None;
        row.round_timer = TimerId::NONE;
        row.excluded = AgentSet::EMPTY;
        let queue = row.queue;
        self.pass.come_nearer(queue);
        self.keep(conversation);
        match self.row(conversation).phase {
            super::conversation::Phase::Queued => {
                self.route(conversation, RoutingEvent::RoundStarted);
            }
            super::conversation::Phase::Reserved { agent, .. } => self.offer_returned(conversation, agent),
            _ => {}
        }
    }

    /// Weighs every member of the queue at once and writes down what was found.
    fn choose(&mut self, conversation: Handle, event: RoutingEvent) -> Option<AgentId> {
        self.catch_up();
        let row = self.row(conversation);
        let (queue, workstream, preferred, excluded) =
            (row.queue, row.workstream, row.preferred, row.excluded);
        let mut weighed = self.weigh(queue, workstream, &excluded);
        if self.desk.queues[usize::from(queue.0)].distribution != Distribution::Pick {
            let able = weighed.with(Verdict::Ranked);
            let capped = self.capped(&weighed, workstream, &excluded);
            weighed.chosen = self.best(queue, able, capped, preferred, conversation);
        }
        let chosen = weighed.chosen.map(|(agent, _)| agent);
        if let Some(agent) = chosen {
            self.turn_of[usize::from(queue.0)] = Some(agent);
        }
        self.tell_decision(conversation, event, queue, weighed);
        chosen
    }

    pub(super) fn tell_decision(
        &mut self,
        conversation: Handle,
        event: RoutingEvent,
        queue: QueueId,
        weighed: Weighed,
    ) {
        self.decisions += 1;
        let search = u16::try_from(self.weighed.len()).expect("an input has few searches");
        let chosen = weighed.chosen.map(|(agent, _)| agent);
        self.weighed.push(weighed);
        self.emit(Effect::Decision { conversation, event, queue, chosen, search });
    }

    /// The first in order of those who can take it. One who would be, but for ten open sessions, goes off duty
    /// (D-6), and the choice goes on.
    fn best(
        &mut self,
        queue: QueueId,
        able: AgentSet,
        mut capped: AgentSet,
        preferred: Option<AgentId>,
        conversation: Handle,
    ) -> Option<(AgentId, TieBreak)> {
        let mut left = able.or(&capped);
        loop {
            let (agent, by) = self.first_in_order(queue, preferred, &left)?;
            if !capped.contains(agent) {
                return Some((agent, by));
            }
            capped.remove(agent);
            left.remove(agent);
            self.punish(agent, Penalty::MaxSessions, Some(conversation));
        }
    }

    /// Who comes first, and by what: the queue's distribution, then the longest since last assigned, then the
    /// lowest row (D-13).
    fn first_in_order(
        &self,
        queue: QueueId,
        preferred: Option<AgentId>,
        left: &AgentSet,
    ) -> Option<(AgentId, TieBreak)> {
        if let Some(only) = left.only() {
            return Some((only, TieBreak::Only));
        }
        if let Some(preferred) = preferred.filter(|&agent| left.contains(agent)) {
            return Some((preferred, TieBreak::Preferred));
        }
        let last = self.turn_of[usize::from(queue.0)];
        let first = match self.desk.queues[usize::from(queue.0)].distribution {
            Distribution::MostIdle | Distribution::Pick => self.ready.idle.least(left),
            Distribution::RoundRobin => AgentSet::of(left.next_after(last)?),
            Distribution::HighestCapacity => self.with_most_free(left),
        };
        if let Some(agent) = first.only() {
            return Some((agent, TieBreak::Distribution));
        }
        let first = self.ready.assigned.least(&first);
        match first.only() {
            Some(agent) => Some((agent, TieBreak::Assigned)),
            None => first.first().map(|agent| (agent, TieBreak::Row)),
        }
    }

    /// What stands against one agent, by her row: the first that applies.
    pub(super) fn verdict(&self, agent: AgentId, settings: &Workstream, excluded: &AgentSet) -> Verdict {
        let row = &self.agents[usize::from(agent.0)];
        if !row.is_there() {
            Verdict::Offline
        } else if !self.presence_allowed(agent, settings) {
            Verdict::Presence
        } else if row.open.len() + row.offers.len() >= SESSIONS_MAX {
            Verdict::Sessions
        } else if !self.has_units(agent, settings.units) {
            Verdict::Capacity
        } else if excluded.contains(agent) {
            Verdict::Excluded
        } else {
            Verdict::Ranked
        }
    }

    pub(super) fn has_units(&self, agent: AgentId, units: u32) -> bool {
        let row = &self.agents[usize::from(agent.0)];
        row.used_units + row.offered_units + units <= self.desk.agents[usize::from(agent.0)].capacity
    }

    pub(super) fn presence_allowed(&self, agent: AgentId, settings: &Workstream) -> bool {
        let shown = self.agents[usize::from(agent.0)].shown;
        // Inactive is never an allowed presence (D-4), whatever the desk says.
        shown.status != Status::Inactive
            && settings.allowed_presences & (1 << shown.presence.0 | 1 << shown.status as u32) != 0
    }

    pub(super) fn workstream(&self, id: WorkstreamId) -> &Workstream {
        &self.desk.workstreams[usize::from(id.0)]
    }

    pub(super) fn units_of(&self, id: WorkstreamId) -> u32 {
        self.workstream(id).units
    }
}
