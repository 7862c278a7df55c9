//! What must be so after an input: the engine's tables against the shadow, its timers, and that no work
//! waits while somebody could take it.

use deskbell::engine::Engine;
use deskbell::engine::conversation::{Conversation, Hold, Phase, Role, SessionState};
use deskbell::engine::id::{AgentId, QueueId};
use deskbell::engine::settings::Distribution;

use crate::shadow::{Due, Link, Load, Part, Place, Shadow, TEN, Talk, Why};

/// How late a tick of the simulation may come.
pub(crate) const LATE_MS: u64 = 10;

impl Shadow {
    /// Each conversation and each agent is as the shadow has them.
    pub(crate) fn compare(&mut self, engine: &Engine) {
        let rows = engine.conversations().filter(|row| engine.conversation(row.id).is_some()).count();
        assert_eq!(rows, self.talks.len(), "conversations in the table");
        for (id, talk) in &mut self.talks {
            let row = engine.conversation(*id).unwrap_or_else(|| panic!("{id} is lost: {talk:?}"));
            if self.renewing {
                talk.queue = row.queue;
            }
            compare_talk(talk, row);
        }
        for (agent, load) in self.agent_ids().zip(self.loads()) {
            self.compare_agent(agent, load, engine);
        }
    }

    fn compare_agent(&self, agent: AgentId, load: Load, engine: &Engine) {
        let row = engine.agent(agent).expect("a row for each agent of the desk");
        assert_eq!((row.used_units, row.open.len()), (load.used, load.slots), "{agent} holds");
        assert_eq!((row.offered_units, row.offers.len()), (load.offered, load.asked), "{agent} is offered");
        assert!(load.slots + load.asked <= TEN, "{agent} holds more than ten (S2-32)");
        let shown = (row.shown.presence, row.shown.status, row.shown.reason);
        assert_eq!(shown, self.presence(agent), "{agent}: presence (D-5)");
        let banners = self.agents[usize::from(agent.0)].banners.iter().fold(0, |set, bit| set | bit);
        assert_eq!(row.banners, banners, "{agent}: banners");
    }

    /// Every timer whose time has come has fired.
    pub(crate) fn check_timers(&self) {
        let now = self.now.mono_ms;
        let late = |due: Due, what: &str| assert!(due.mono > now, "late: {what} was due at {due:?}");
        for (offer, running) in &self.offers {
            late(running.due, &format!("{offer}"));
        }
        for (id, talk) in &self.talks {
            self.bot_is_within_bounds(talk.id);
            if let Place::With { why: Why::Undelivered(due), .. } = talk.place {
                late(due, &format!("{id} undelivered"));
            }
            for due in talk.round.iter().chain(&talk.customer_due) {
                late(*due, &format!("{id} round or customer"));
            }
            for held in &talk.held {
                if let Part::WrapUp(Some(due)) = held.part {
                    late(due, &format!("{id} wrap-up of {}", held.agent));
                }
            }
        }
        for (at, row) in self.agents.iter().enumerate() {
            if let Link::Lost(due) = row.link {
                late(due, &format!("agent {at} lost"));
            }
        }
    }

    /// Nothing waits while somebody could take it, and nothing of anybody is forgotten.
    pub(crate) fn check_liveness(&self) {
        let able = self.able();
        for (id, talk) in &self.talks {
            match talk.place {
                Place::Line => self.nobody_could_take(talk, &able),
                Place::With { agent, why: Why::Returned, .. } if talk.offer.is_none() => {
                    let could = talk.round.is_none() && self.could_return(agent, talk.workstream);
                    assert!(!could, "{id} is back and {agent} is not asked (D-3)");
                }
                // One never shown stays with her for its eight minutes, also when she does not come back (S2-31).
                Place::Talk(owner) => {
                    let there = self.agents[usize::from(owner.0)].link != Link::SignedOut;
                    assert!(there || talk.stays_hers(), "{id} is in talk with {owner}, who is gone (D-10)");
                    assert!(self.is_employed(owner), "{id} is in talk with {owner}, who left the desk");
                }
                Place::Over => assert!(!talk.held.is_empty(), "{id} is over and not closed (D-1)"),
                _ => {}
            }
            for held in &talk.held {
                assert!(self.is_employed(held.agent), "{id} is held by {}, who left the desk", held.agent);
            }
            if let Place::With { agent, .. } = talk.place {
                assert!(self.is_employed(agent), "{id} stands with {agent}, who left the desk");
            }
            assert!(
                self.workstream(talk.workstream).present || talk.frozen || talk.place == Place::Over,
                "{id}: its workstream is gone (S3-9)"
            );
            assert!(
                self.has_queue(talk.queue) || talk.frozen || talk.place == Place::Over,
                "{id}: its queue is gone"
            );
        }
    }

    fn nobody_could_take(&self, talk: &Talk, able: &[Vec<bool>]) {
        let queue = &self.desk.queues[usize::from(talk.queue.0)];
        if !self.may_offer_now(talk.workstream) || self.asked_before(talk) >= 16 {
            return;
        }
        assert!(
            talk.excluded.is_empty() || talk.round.is_some(),
            "{}: no new round is set (D-7): {talk:?}",
            talk.id
        );
        if queue.distribution == Distribution::Pick {
            return;
        }
        for agent in queue.members.iter().filter(|agent| !talk.excluded.contains(agent)) {
            let could = able[usize::from(agent.0)][usize::from(talk.workstream.0)];
            assert!(!could, "{} waits and {agent} could take it: {talk:?}", talk.id);
        }
    }

    /// Somebody waits where nobody can take it: said after a minute, and not otherwise (B-12).
    pub(crate) fn check_deserted(&mut self) {
        let able = self.able();
        for at in 0..self.desk.queues.len() {
            let queue = QueueId(at as u16);
            if !self.is_deserted(queue, &able) {
                self.deserted[at] = None;
                continue;
            }
            let now = self.now.mono_ms;
            let (since, told) = *self.deserted[at].get_or_insert((now, false));
            assert!(
                told || now <= since + 60_000 + LATE_MS,
                "{queue} is deserted since {since}, and nobody was told"
            );
        }
    }
}

fn compare_talk(talk: &Talk, row: &Conversation) {
    let id = talk.id;
    let seen = match row.phase {
        Phase::Bot(row) => {
            if let Place::Bot(held) = talk.place {
                held.compare(id, &row);
            }
            talk.place
        }
        Phase::Queued => Place::Line,
        Phase::Offered(offer) => Place::Put(offer.agent),
        Phase::Active { owner, .. } => Place::Talk(owner),
        Phase::Ended { .. } => Place::Over,
        Phase::Reserved { agent, hold, .. } => {
            let Place::With { agent: holder, why, told, units } = talk.place else {
                panic!("{id} stands with {agent}: {talk:?}")
            };
            assert_eq!(agent, holder, "{id} stands with");
            assert!(told, "{id}: {agent} does not know that it stands with her");
            match (hold, why) {
                (Hold::Undelivered { reroute_wall_ms }, Why::Undelivered(due)) => {
                    assert_eq!(reroute_wall_ms, due.wall, "{id}: rerouted (S2-31)");
                }
                (Hold::Assigned, Why::Assigned) | (Hold::Returned, Why::Returned) => {}
                other => panic!("{id}: held for another reason: {other:?}"),
            }
            assert_eq!(row.hold_units, units, "{id}: units");
            talk.place
        }
        other => panic!("{id}: {other:?} is still in the table"),
    };
    assert_eq!(seen, talk.place, "{id}: where it is: {talk:?}");
    assert_eq!(row.phase.offer().map(|offer| offer.id), talk.offer, "{id}: its offer");
    assert_eq!(row.last_seq, talk.seq, "{id}: messages");
    assert_eq!((row.queue, row.mode, row.kind), (talk.queue, talk.mode, talk.kind), "{id}");
    assert_eq!((row.frozen, row.left), (talk.frozen, talk.left), "{id}: frozen, left");
    assert_eq!(row.arrived_wall_ms, talk.arrived, "{id}: its place in every line");
    assert_eq!(row.conference, talk.guests().next().is_some(), "{id}: conference");
    assert_eq!(row.customer_lost_wall_ms, talk.customer_due.map(|due| due.wall), "{id}: customer lost");
    assert_eq!(row.round_wall_ms, talk.round.map(|due| due.wall), "{id}: round");
    let excluded: Vec<AgentId> = talk.excluded.iter().copied().collect();
    assert_eq!(row.excluded.iter().collect::<Vec<_>>(), excluded, "{id}: asked in this round");
    let parts: Vec<_> = row
        .sessions
        .iter()
        .map(|held| {
            let wrapup = match held.state {
                SessionState::Active => None,
                SessionState::WrapUp { deadline_wall_ms } => Some(deadline_wall_ms),
            };
            (held.agent, wrapup, wrapup.is_none() && held.role == Role::Owner, held.units)
        })
        .collect();
    let shadowed: Vec<_> = talk
        .held
        .iter()
        .map(|held| match held.part {
            Part::WrapUp(due) => (held.agent, Some(due.map(|due| due.wall)), false, held.units),
            part => (held.agent, None, part == Part::Owner, held.units),
        })
        .collect();
    assert_eq!(parts, shadowed, "{id}: sessions");
    let owners = talk.held.iter().filter(|held| held.part == Part::Owner).count();
    assert_eq!(owners, usize::from(matches!(talk.place, Place::Talk(_))), "{id}: one owner, always");
}
