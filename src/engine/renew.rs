//! A new desk is carried through the tables in bounded steps: what was removed is dealt with row by row, a
//! turn at a time, so that no turn is long however many it touches.

use super::Engine;
use super::conversation::{Phase, Stage};
use super::effect::{OfferEnd, RoutingEvent};
use super::id::{AgentId, Handle, QueueId, WorkstreamId};
use super::settings::RoutingDesk;

/// How far a new desk has been carried through.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor {
    slot: u32,
    agent: u16,
}

impl Engine {
    pub(super) fn adopt(&mut self, desk: Box<RoutingDesk>) {
        self.desk = desk;
        self.check_rows();
        self.index_desk();
        self.renewal = Some(Cursor { slot: 0, agent: 0 });
        self.pass.everything();
    }

    pub(super) fn check_rows(&self) {
        assert!(self.desk.agents.len() == self.agents.len(), "the desk names every agent's row");
        assert!(self.desk.queues.len() <= self.waiting.len());
        assert!(self.desk.workstreams.len() <= crate::limits::WORKSTREAMS_MAX);
        assert!(self.desk.presences.len() >= 6 && self.desk.presences.len() <= 32);
    }

    pub(super) fn index_desk(&mut self) {
        self.member_of.fill(0);
        self.queue_order.clear();
        for (at, queue) in self.desk.queues.iter().enumerate() {
            let id = QueueId(u16::try_from(at).expect("checked against the limit"));
            self.queue_order.push(id).expect("checked against the limit");
            for member in &queue.members {
                self.member_of[usize::from(member.0)] |= 1 << at;
            }
        }
        self.ready.index(&self.desk);
        let queues = &self.desk.queues;
        self.queue_order.sort_unstable_by_key(|id| (queues[usize::from(id.0)].priority, id.0));
    }

    pub(super) fn set_hours(&mut self, workstream: WorkstreamId, open: bool) {
        let Some(settings) = self.desk.workstreams.get_mut(usize::from(workstream.0)) else { return };
        settings.open = open;
        // Who waits for opening time is not deserted.
        self.pass.every_line();
        if open {
            self.pass.everything();
        } else {
            // What is no longer given out is no longer before anybody.
            self.pass.presence_seen(u64::MAX);
        }
    }

    pub(super) fn run_renewal(&mut self) {
        while let Some(mut cursor) = self.renewal {
            if !self.has_room() {
                return;
            }
            if usize::from(cursor.agent) < self.agents.len() {
                let agent = AgentId(cursor.agent);
                let done = self.renew_agent(agent);
                cursor.agent += u16::from(done);
            } else if cursor.slot < self.conversations.capacity() {
                if let Some(conversation) = self.conversations.at(cursor.slot) {
                    self.renew_conversation(conversation);
                }
                cursor.slot += 1;
            } else {
                self.renewal = None;
                return;
            }
            self.renewal = Some(cursor);
        }
    }

    /// True when nothing is left to do for this agent.
    fn renew_agent(&mut self, agent: AgentId) -> bool {
        if self.is_employed(agent) {
            self.refresh_presence(agent);
            return true;
        }
        if !self.holds_anything(agent) {
            return true;
        }
        self.let_go(agent);
        !self.holds_anything(agent)
    }

    /// Wrap-ups that gave their slot back stand in no list of hers, so the table itself is asked.
    fn holds_anything(&self, agent: AgentId) -> bool {
        let row = &self.agents[usize::from(agent.0)];
        row.connection != super::agent::Connection::SignedOut
            || !row.open.is_empty()
            || !row.offers.is_empty()
            || self.lines.head(super::change::returned_line(agent)).is_some()
            || self.conversations.iter().any(|(_, row)| row.session(agent).is_some())
    }

    fn renew_conversation(&mut self, conversation: Handle) {
        let row = self.row(conversation);
        if matches!(row.phase.stage(), Stage::Closed | Stage::Waiting) {
            return;
        }
        if !self.workstream(row.workstream).present {
            return self.freeze(conversation);
        }
        if self.has_queue(row.queue) {
            return;
        }
        let queue = self.workstream(row.workstream).queue;
        match row.phase {
            Phase::Queued => {
                self.move_line(conversation, queue);
                self.route(conversation, RoutingEvent::Rerouted);
            }
            Phase::Offered(_) => {
                self.change(conversation, Phase::Queued, OfferEnd::Withdrawn);
                self.move_line(conversation, queue);
                self.route(conversation, RoutingEvent::Rerouted);
            }
            _ => {
                self.row_mut(conversation).queue = queue;
                self.keep(conversation);
            }
        }
    }

    /// A conversation in a line goes to its place in another queue's.
    pub(super) fn move_line(&mut self, conversation: Handle, queue: QueueId) {
        debug_assert_eq!(self.stage(conversation), Stage::Queued);
        self.leave_line(conversation);
        self.row_mut(conversation).queue = queue;
        self.enter_phase(conversation);
        self.keep(conversation);
    }
}
