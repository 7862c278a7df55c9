//! What supervisors do.

use super::Engine;
use super::conversation::{Phase, Stage};
use super::effect::{OfferEnd, RoutingEvent, SessionReason};
use super::id::{AgentId, ConversationId, Handle, RequestId};
use super::input::Target;
use super::presence::{OverrideEvent, Status};
use super::refusal::Refusal;
use super::settings::OfferKind;
use super::weighed::Weighed;

impl Engine {
    pub(super) fn reset_presence(
        &mut self,
        request: Option<RequestId>,
        by: AgentId,
        agent: AgentId,
        status: Status,
    ) {
        if !self.is_employed(agent) {
            return self.refuse(request, Refusal::NotFound);
        }
        if status == Status::Inactive {
            return self.refuse(request, Refusal::NotAllowed);
        }
        self.done(request);
        self.close_penalty_banners(agent);
        self.hold_presence(agent, OverrideEvent::Reset { status, by });
    }

    /// Gives a conversation to an agent, who is asked, or to a queue.
    pub(super) fn assign(
        &mut self,
        request: Option<RequestId>,
        by: AgentId,
        conversation: ConversationId,
        to: Target,
    ) {
        let Some(conversation) = self.ids.get(conversation.0) else {
            return self.refuse(request, Refusal::NotFound);
        };
        match self.may_assign(conversation, to) {
            Err(refusal) => self.refuse(request, refusal),
            Ok(()) => {
                self.done(request);
                self.give(conversation, by, to);
            }
        }
    }

    fn may_assign(&self, conversation: Handle, to: Target) -> Result<(), Refusal> {
        let row = self.row(conversation);
        if matches!(row.phase.stage(), Stage::Ended | Stage::Closed) {
            return Err(Refusal::Stale);
        }
        if row.frozen {
            return Err(Refusal::NotAllowed);
        }
        match to {
            Target::Queue(queue) if !self.has_queue(queue) => Err(Refusal::NotFound),
            Target::Agent(agent) if !self.is_employed(agent) => Err(Refusal::NotFound),
            Target::Agent(agent) if row.role(agent).is_some() => Err(Refusal::NotAllowed),
            Target::Agent(agent) if !self.could_take(agent, row.workstream) => Err(Refusal::Unavailable),
            _ => Ok(()),
        }
    }

    pub(super) fn give(&mut self, conversation: Handle, by: AgentId, to: Target) {
        if let Phase::Active { .. } = self.row(conversation).phase {
            return match to {
                Target::Agent(agent) => self.ask(conversation, by, agent, OfferKind::Assigned),
                Target::Queue(queue) => self.send_to_queue(conversation, by, queue, OfferKind::Assigned),
            };
        }
        self.back_in_line(conversation);
        match to {
            Target::Agent(agent) => {
                self.row_mut(conversation).sender = Some(by);
                self.note_assigned(conversation, agent);
                self.offer_to(conversation, agent, OfferKind::Assigned);
            }
            Target::Queue(queue) => {
                self.move_line(conversation, queue);
                let row = self.row_mut(conversation);
                row.offer_kind = OfferKind::Assigned;
                row.sender = Some(by);
                self.route(conversation, RoutingEvent::Assigned);
            }
        }
    }

    /// Whatever it was waiting for, it stands in its line again.
    pub(super) fn back_in_line(&mut self, conversation: Handle) {
        match self.row(conversation).phase {
            Phase::Queued => {}
            Phase::Reserved { agent, .. } => self.give_back(conversation, agent, SessionReason::Rerouted),
            _ => self.change(conversation, Phase::Queued, OfferEnd::Withdrawn),
        }
    }

    /// A supervisor's choice is a decision too, of one candidate.
    fn note_assigned(&mut self, conversation: Handle, agent: AgentId) {
        let queue = self.row(conversation).queue;
        let weighed = Weighed::choice(agent);
        self.tell_decision(conversation, RoutingEvent::Assigned, queue, weighed);
    }
}
