//! A search for an agent: who was weighed, what was found, who was chosen, and who should have come first.

use deskbell::engine::Engine;
use deskbell::engine::effect::{Effect, RoutingEvent};
use deskbell::engine::id::{AgentId, ConversationId, Handle};
use deskbell::engine::settings::Distribution;
use deskbell::engine::weighed::{TieBreak, Verdict};

use crate::shadow::{Place, Shadow, Talk};

/// How many a pass steps over because everybody was asked about them in this round.
const STEPPED_OVER: usize = 16;

impl Shadow {
    pub(crate) fn decision(
        &mut self,
        effect: &Effect,
        name: impl Fn(Handle) -> ConversationId,
        engine: &Engine,
    ) {
        let &Effect::Decision { conversation, event, queue, chosen, search } = effect else { return };
        let id = name(conversation);
        let decision = engine.weighed(search).expect("valid until the next input");
        assert_eq!(decision.chosen.map(|(agent, _)| agent), chosen);
        let candidates: Vec<(AgentId, Verdict)> = decision.candidates().collect();
        let capped = core::mem::take(&mut self.capped);
        if self.renewing {
            self.talk(id).queue = queue;
        }
        let now = self.now;
        let due = self.talk(id).round;
        if event == RoutingEvent::RoundStarted {
            assert!(due.is_some(), "{id}: a round nobody waited for");
        }
        if let Some(due) = due.filter(|_| event == RoutingEvent::RoundStarted) {
            self.fires(due);
        }
        if self.ticking {
            self.talk(id).begin_round(now);
        }
        let by_pass = matches!(event, RoutingEvent::CapacityFreed | RoutingEvent::PresenceChanged);
        if self.ticking && by_pass {
            // Rounds due at this instant have all begun before the pass at the end of the turn.
            self.talks.values_mut().for_each(|talk| talk.begin_round(now));
        }
        let talk = self.talks[&id].clone();
        assert_eq!(talk.place, Place::Line, "{id}: looked for somebody while {:?}", talk.place);
        assert_eq!(queue, talk.queue, "{id}: looked in the wrong queue");
        if let Some(asked) = talk.asked.filter(|_| event == RoutingEvent::Assigned) {
            assert_eq!(chosen, Some(asked.target), "the supervisor's choice");
            return;
        }
        assert!(self.has_queue(queue), "{id}: {queue} is not in the desk");
        assert!(self.may_offer_now(talk.workstream), "{id}: out of hours (S0-4)");
        let settings = &self.desk.queues[usize::from(queue.0)];
        let loads = self.loads();
        let weighed: Vec<AgentId> = candidates.iter().map(|&(agent, _)| agent).collect();
        assert_eq!(weighed, settings.members.to_vec(), "every member is weighed (B-1)");
        let found: Vec<(AgentId, Verdict)> = weighed
            .iter()
            .map(|&agent| {
                let before = capped.iter().find(|(off, _)| *off == agent).map(|&(_, over)| over);
                let over = before.unwrap_or(self.agents[usize::from(agent.0)].over);
                let load = loads[usize::from(agent.0)];
                (agent, self.verdict_under(agent, load, talk.workstream, &talk.excluded, over))
            })
            .collect();
        let told = candidates.iter().map(|&(agent, verdict)| match verdict {
            Verdict::Chosen => (agent, Verdict::Ranked),
            verdict => (agent, verdict),
        });
        assert_eq!(told.collect::<Vec<_>>(), found, "{id}: verdicts");
        let place = |agent: AgentId| {
            let assigned = self.agents[usize::from(agent.0)].assigned;
            let rank = self.rank(agent, loads[usize::from(agent.0)], queue);
            (talk.preferred != Some(agent), rank, assigned, agent)
        };
        let able = found.iter().filter(|(_, verdict)| *verdict == Verdict::Ranked).map(|&(agent, _)| agent);
        let best = able.min_by_key(|&agent| place(agent));
        let best = best.filter(|_| settings.distribution != Distribution::Pick);
        assert_eq!(chosen, best, "{id}: the wrong one by {:?} (D-13)", settings.distribution);
        let full = found.iter().any(|&(_, verdict)| verdict == Verdict::Sessions);
        if let Some((agent, by)) = decision.chosen.filter(|_| !full) {
            let able = || {
                found.iter().filter(|(_, verdict)| *verdict == Verdict::Ranked).map(|&(able, _)| place(able))
            };
            let (first, rank, assigned, _) = place(agent);
            let settled = if able().count() == 1 {
                TieBreak::Only
            } else if !first {
                TieBreak::Preferred
            } else if able().filter(|other| other.1 == rank).count() == 1 {
                TieBreak::Distribution
            } else if able().filter(|other| (other.1, other.2) == (rank, assigned)).count() == 1 {
                TieBreak::Assigned
            } else {
                TieBreak::Row
            };
            assert_eq!(by, settled, "{id}: settled by something else");
        }
        for &(agent, _) in &capped {
            let verdict = found.iter().find(|(member, _)| *member == agent).map(|&(_, verdict)| verdict);
            assert_eq!(verdict, Some(Verdict::Sessions), "{agent} off duty for the wrong reason");
            assert!(chosen.is_none_or(|chosen| place(agent) < place(chosen)), "{agent} was not next (D-6)");
        }
        if let Some(agent) = chosen {
            self.nobody_waits_longer(&talk, agent);
            self.turn_of[usize::from(queue.0)] = Some(agent);
            self.decided = Some((id, agent));
        }
    }

    /// Higher priority queues first, then the oldest, among those she could take and was not asked about
    /// (D-13).
    fn nobody_waits_longer(&self, talk: &Talk, agent: AgentId) {
        if self.renewing {
            return;
        }
        let place = |talk: &Talk| {
            let priority = self.desk.queues[usize::from(talk.queue.0)].priority;
            (priority, talk.queue.0, talk.arrived, talk.id)
        };
        let load = self.load(agent);
        for other in self.talks.values() {
            let queue = &self.desk.queues[usize::from(other.queue.0)];
            let could = other.place == Place::Line
                && queue.distribution != Distribution::Pick
                && queue.members.contains(&agent)
                && self.may_offer_now(other.workstream)
                && place(other) < place(talk)
                && self.verdict(agent, load, other.workstream, &other.excluded) == Verdict::Ranked;
            if could && self.asked_before(other) < STEPPED_OVER {
                panic!("{} is offered to {agent}, and {} has waited longer for her", talk.id, other.id);
            }
        }
    }

    /// How many in its line stand before it about whom somebody was asked already.
    pub(crate) fn asked_before(&self, talk: &Talk) -> usize {
        self.waiting(talk.queue)
            .filter(|other| other.workstream == talk.workstream && !other.excluded.is_empty())
            .filter(|other| (other.arrived, other.id) < (talk.arrived, talk.id))
            .count()
    }
}
