//! The only place where a conversation's phase is written: each phase owns places in lines, slots and units
//! of agents, timers; leaving it gives them back, entering it takes them.

use super::Engine;
use super::conversation::{Conversation, Due, Hold, Offer, Phase, Role, Session, SessionState, Stage};
use super::effect::{Author, Effect, OfferEnd, SessionReason, SystemCode};
use super::id::{AgentId, Handle, TextId};
use super::settings::{OfferKind, WrapUpRule};
use super::timer::TimerOwner;
use super::wheel::TimerId;
use crate::limits::{QUEUES_MAX, WORKSTREAMS_MAX};

/// The line of a queue and workstream.
pub(super) fn line_of(row: &Conversation) -> usize {
    usize::from(row.queue.0) * WORKSTREAMS_MAX + usize::from(row.workstream.0)
}

/// The line of what came back to an agent.
pub(super) fn returned_line(agent: AgentId) -> usize {
    QUEUES_MAX * WORKSTREAMS_MAX + usize::from(agent.0)
}

impl Engine {
    /// Moves a conversation. A running offer ends as `end`.
    pub(super) fn change(&mut self, conversation: Handle, next: Phase, end: OfferEnd) {
        let (from, to) = (self.row(conversation).phase.stage(), next.stage());
        assert!(from.may_become(to), "{from:?} may not become {to:?}");
        self.end_offer(conversation, end);
        self.leave_phase(conversation);
        self.row_mut(conversation).phase = match next {
            // Set below, where the timer and the effect are made.
            Phase::Reserved { agent, hold, .. } => Phase::Reserved { agent, hold, offer: None },
            Phase::Active { owner, .. } => Phase::Active { owner, offer: None },
            other => other,
        };
        self.enter_phase(conversation);
        if let Some(offer) = next.offer() {
            self.begin_offer(conversation, *offer);
        }
        self.keep(conversation);
    }

    fn leave_phase(&mut self, conversation: Handle) {
        let row = self.row(conversation);
        match row.phase {
            Phase::Queued => self.leave_line(conversation),
            Phase::Bot(talk) => {
                self.wheel.cancel(self.row(conversation).hold_timer);
                self.row_mut(conversation).hold_timer = TimerId::NONE;
                self.emit(Effect::BotOver { conversation, bot: talk.bot });
            }
            Phase::Reserved { hold: Hold::Returned, .. } => {
                self.lines.remove(conversation.index);
            }
            Phase::Reserved { agent, .. } => {
                let units = row.hold_units;
                let stays = row.session(agent).is_some_and(|session| session.units > 0);
                self.wheel.cancel(self.row(conversation).hold_timer);
                let row = self.row_mut(conversation);
                row.hold_timer = TimerId::NONE;
                row.hold_units = 0;
                self.unload(agent, conversation, units, stays);
            }
            _ => {}
        }
    }

    /// Takes what a phase owns; also used where a conversation is put into the table in mid-life.
    pub(super) fn enter_phase(&mut self, conversation: Handle) {
        let row = self.row(conversation);
        let key = (row.arrived_wall_ms, row.id.0);
        match row.phase {
            Phase::Queued => {
                let (line, queue, workstream) = (line_of(row), row.queue, row.workstream);
                self.lines.insert(line, conversation.index, key);
                self.waiting[usize::from(queue.0)] |= 1 << workstream.0;
                self.pass.line_changed(queue);
            }
            Phase::Bot(talk) => {
                let timer = self.arm(talk.due_wall_ms, TimerOwner::Hold(conversation));
                self.row_mut(conversation).hold_timer = timer;
            }
            Phase::Reserved { agent, hold: Hold::Returned, .. } => {
                self.lines.insert(returned_line(agent), conversation.index, key);
            }
            Phase::Reserved { agent, hold, .. } => {
                let units = self.units_of(row.workstream);
                self.row_mut(conversation).hold_units = units;
                self.load(agent, conversation, units);
                if let Hold::Undelivered { reroute_wall_ms } = hold {
                    let timer = self.arm(reroute_wall_ms, TimerOwner::Hold(conversation));
                    self.row_mut(conversation).hold_timer = timer;
                }
            }
            Phase::Active { .. } | Phase::Ended { .. } => self.forget_round(conversation),
            Phase::Waiting { .. } | Phase::Closed => {
                self.forget_round(conversation);
                self.hear_customer(conversation);
                let id = self.row(conversation).id;
                self.ids.remove(id.0);
                self.leaving.push(conversation);
            }
            Phase::Offered(_) => {
                // Written without its offer's timer; `change` begins the offer next.
            }
        }
    }

    pub(super) fn leave_line(&mut self, conversation: Handle) {
        let row = self.row(conversation);
        let (line, queue, workstream) = (line_of(row), row.queue, row.workstream);
        self.lines.remove(conversation.index);
        if self.lines.head(line).is_none() {
            self.waiting[usize::from(queue.0)] &= !(1 << workstream.0);
        }
        self.pass.line_changed(queue);
        self.pass.come_nearer(queue);
    }

    /// Puts an offer beside the phase: timer, the agent's slot and units, her notification.
    pub(super) fn begin_offer(&mut self, conversation: Handle, mut offer: Offer) {
        let timer = self.arm(offer.deadline_wall_ms, TimerOwner::Offer(conversation));
        offer.timer = timer;
        match &mut self.row_mut(conversation).phase {
            Phase::Offered(place) => *place = offer,
            Phase::Reserved { offer: place, .. } | Phase::Active { offer: place, .. } => *place = Some(offer),
            other => unreachable!("no offer beside {other:?}"),
        }
        if offer.asks() {
            let agent = self.agent_row(offer.agent);
            agent.offered_units += offer.units;
            agent.offers.push(conversation).expect("an offer is made only where a slot is free");
            self.pass.taken(self.member_of[usize::from(offer.agent.0)]);
        }
        self.emit(Effect::Offered { conversation, agent: offer.agent, offer: offer.id });
        self.keep(conversation);
    }

    /// Ends the running offer, if there is one. An offered conversation must then change its phase.
    pub(super) fn end_offer(&mut self, conversation: Handle, end: OfferEnd) -> Option<Offer> {
        let offer = *self.row(conversation).phase.offer()?;
        self.wheel.cancel(offer.timer);
        if let Phase::Reserved { offer, .. } | Phase::Active { offer, .. } =
            &mut self.row_mut(conversation).phase
        {
            *offer = None;
        }
        if offer.asks() {
            let agent = self.agent_row(offer.agent);
            agent.offered_units -= offer.units;
            agent.offers.retain(|&held| held != conversation);
            self.pass.freed(offer.agent, self.member_of[usize::from(offer.agent.0)]);
        }
        self.emit(Effect::OfferClosed {
            conversation,
            agent: offer.agent,
            offer: offer.id,
            kind: offer.kind,
            end,
        });
        self.keep(conversation);
        Some(offer)
    }

    /// Gives an agent a session, in place of an earlier one of hers in wrap-up.
    pub(super) fn open_session(&mut self, conversation: Handle, agent: AgentId, role: Role) {
        if self.row(conversation).session(agent).is_some() {
            self.drop_session(conversation, agent);
        }
        if self.row(conversation).sessions.is_full() {
            self.drop_oldest_wrapup(conversation);
        }
        let units = self.units_of(self.row(conversation).workstream);
        let since_wall_ms = self.now.wall_ms;
        let session =
            Session { agent, role, state: SessionState::Active, since_wall_ms, units, timer: TimerId::NONE };
        self.row_mut(conversation).sessions.push(session).expect("a place was made");
        self.load(agent, conversation, units);
        self.given_work(agent);
        self.work_changed(agent);
        self.emit(Effect::Session { conversation, agent, opened: true, reason: None });
        self.keep(conversation);
    }

    /// Takes a session away, silently.
    pub(super) fn drop_session(&mut self, conversation: Handle, agent: AgentId) {
        let row = self.row_mut(conversation);
        let Some(at) = row.sessions.iter().position(|session| session.agent == agent) else { return };
        let session = row.sessions.remove(at);
        self.wheel.cancel(session.timer);
        let stays = self
            .row(conversation)
            .reserved()
            .is_some_and(|(holder, hold)| holder == agent && hold != Hold::Returned);
        self.unload(agent, conversation, session.units, stays);
        self.work_changed(agent);
        self.keep(conversation);
    }

    /// Six agents have had it and none has wrapped up: the one who left it first is wrapped up by the box,
    /// or the seventh could not be helped.
    fn drop_oldest_wrapup(&mut self, conversation: Handle) {
        let oldest = self
            .row(conversation)
            .sessions
            .iter()
            .find(|session| matches!(session.state, SessionState::WrapUp { .. }))
            .map(|session| session.agent);
        if let Some(agent) = oldest {
            self.settle_wrapup(conversation, agent);
        }
    }

    /// Ends an agent's part: her session goes to wrap-up, or closes where there is none.
    pub(super) fn retire(&mut self, conversation: Handle, agent: AgentId, reason: SessionReason) {
        let workstream = self.row(conversation).workstream;
        let settings = *self.workstream(workstream);
        if settings.wrapup == WrapUpRule::None {
            self.drop_session(conversation, agent);
            self.emit(Effect::SessionClosed { conversation, agent, reason });
            return;
        }
        let deadline_wall_ms =
            (settings.wrapup_deadline_ms > 0).then(|| self.wall_in(settings.wrapup_deadline_ms));
        let timer = deadline_wall_ms
            .map_or(TimerId::NONE, |deadline| self.arm(deadline, TimerOwner::WrapUp(conversation, agent)));
        let row = self.row_mut(conversation);
        let Some(session) = row.sessions.iter_mut().find(|session| session.agent == agent) else { return };
        session.state = SessionState::WrapUp { deadline_wall_ms };
        session.timer = timer;
        let units = session.units;
        if !settings.wrapup_keeps_capacity {
            session.units = 0;
            self.unload(agent, conversation, units, false);
        }
        self.work_changed(agent);
        self.emit(Effect::Session { conversation, agent, opened: false, reason: Some(reason) });
        self.keep(conversation);
    }

    /// A reserved or active conversation leaves its agent and stands in its line again, where it stood. Her
    /// wrap-up of an earlier time stays hers.
    pub(super) fn give_back(&mut self, conversation: Handle, agent: AgentId, reason: SessionReason) {
        if self.row(conversation).role(agent).is_some() {
            self.drop_session(conversation, agent);
        }
        self.change(conversation, Phase::Queued, OfferEnd::Withdrawn);
        let keeps = self.row(conversation).session(agent).is_some();
        self.tell_part_gone(conversation, agent, keeps, reason);
        self.emit(Effect::State { conversation, reason: Some(reason) });
    }

    /// A line of the box's own in the conversation.
    pub(super) fn say(&mut self, conversation: Handle, code: SystemCode, agent: Option<AgentId>) {
        self.store_message(conversation, Author::System(code, agent), None, None);
    }

    /// Gives a message the next number.
    pub(super) fn store_message(
        &mut self,
        conversation: Handle,
        author: Author,
        text: Option<TextId>,
        client: Option<u64>,
    ) -> u32 {
        let row = self.row_mut(conversation);
        row.last_seq += 1;
        let seq = row.last_seq;
        self.emit(Effect::Message { conversation, seq, author, text, client });
        // What the box says goes with a change.
        let due = if matches!(author, Author::Person(_)) { Due::LastSeq } else { Due::All };
        self.keep_of(conversation, due);
        seq
    }

    /// What the next offer is called, and who is left out of its round, starts afresh.
    pub(super) fn forget_round(&mut self, conversation: Handle) {
        self.stop_round_timer(conversation);
        let row = self.row_mut(conversation);
        row.excluded = super::conversation::AgentSet::EMPTY;
        row.offer_kind = OfferKind::Incoming;
        row.sender = None;
        row.preferred = None;
    }

    /// The slot of an agent's open list, and the units with it.
    pub(super) fn load(&mut self, agent: AgentId, conversation: Handle, units: u32) {
        let row = self.agent_row(agent);
        row.used_units += units;
        if !row.open.contains(&conversation) {
            row.open.push(conversation).expect("a session opens only where a slot is free");
        }
        self.pass.taken(self.member_of[usize::from(agent.0)]);
        self.refresh_presence(agent);
    }

    /// By whichever way work came to her, she is the last to be idle (D-13).
    pub(super) fn given_work(&mut self, agent: AgentId) {
        let turn = self.turn;
        let row = self.agent_row(agent);
        row.assigned = turn;
        row.idle_since = turn;
    }

    /// Gives units back, and the slot unless the agent holds the conversation in another way too: her earlier
    /// wrap-up of one that came to her again.
    fn unload(&mut self, agent: AgentId, conversation: Handle, units: u32, stays: bool) {
        let turn = self.turn;
        let row = self.agent_row(agent);
        row.used_units -= units;
        if !stays {
            row.open.retain(|&held| held != conversation);
        }
        row.idle_since = turn;
        self.refresh_presence(agent);
        self.pass.freed(agent, self.member_of[usize::from(agent.0)]);
    }

    /// Stage of a conversation, for checks.
    pub(super) fn stage(&self, conversation: Handle) -> Stage {
        self.row(conversation).phase.stage()
    }
}
