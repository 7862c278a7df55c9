//! Handing over, handing up, asking in (S3-29 to S3-35, D-8, D-9).

use super::Engine;
use super::conversation::{AgentSet, Phase, Role};
use super::effect::{Effect, OfferEnd, RoutingEvent, SessionReason, SystemCode};
use super::id::{AgentId, ConversationId, Handle, QueueId, RequestId};
use super::input::Target;
use super::refusal::Refusal;
use super::settings::{Auto, OfferKind};

impl Engine {
    pub(super) fn transfer(
        &mut self,
        request: Option<RequestId>,
        agent: AgentId,
        conversation: ConversationId,
        to: Target,
    ) {
        let outcome = self.own(agent, conversation).and_then(|conversation| {
            self.may_send(conversation)?;
            match to {
                Target::Agent(target) => self.may_ask(conversation, agent, target)?,
                Target::Queue(queue) => self.may_queue(conversation, agent, queue)?,
            }
            Ok(conversation)
        });
        match (outcome, to) {
            (Err(refusal), _) => self.refuse(request, refusal),
            (Ok(conversation), Target::Agent(target)) => {
                self.done(request);
                self.ask(conversation, agent, target, OfferKind::Transfer);
            }
            (Ok(conversation), Target::Queue(queue)) => {
                self.done(request);
                self.send_to_queue(conversation, agent, queue, OfferKind::Transfer);
            }
        }
    }

    pub(super) fn escalate(
        &mut self,
        request: Option<RequestId>,
        agent: AgentId,
        conversation: ConversationId,
        queue: QueueId,
    ) {
        let outcome = self.own(agent, conversation).and_then(|conversation| {
            self.may_send(conversation)?;
            self.may_queue(conversation, agent, queue)?;
            Ok(conversation)
        });
        match outcome {
            Err(refusal) => self.refuse(request, refusal),
            Ok(conversation) => {
                self.done(request);
                self.send_to_queue(conversation, agent, queue, OfferKind::Escalation);
            }
        }
    }

    pub(super) fn conference(
        &mut self,
        request: Option<RequestId>,
        agent: AgentId,
        conversation: ConversationId,
        guest: AgentId,
    ) {
        let outcome = self.own(agent, conversation).and_then(|conversation| {
            self.may_send(conversation)?;
            self.may_ask(conversation, agent, guest)?;
            let row = self.row(conversation);
            let in_talk = row.guests().count() + 1;
            if in_talk >= row.sessions.capacity() {
                return Err(Refusal::Full);
            }
            Ok(conversation)
        });
        match outcome {
            Err(refusal) => self.refuse(request, refusal),
            Ok(conversation) => {
                self.done(request);
                self.ask(conversation, agent, guest, OfferKind::Conference);
            }
        }
    }

    /// One request at a time, and none about what can only be ended.
    fn may_send(&self, conversation: Handle) -> Result<(), Refusal> {
        let row = self.row(conversation);
        let pending = row.phase.offer().is_some_and(super::conversation::Offer::asks);
        if row.frozen || pending { Err(Refusal::NotAllowed) } else { Ok(()) }
    }

    fn may_ask(&self, conversation: Handle, agent: AgentId, target: AgentId) -> Result<(), Refusal> {
        let row = self.row(conversation);
        if target == agent {
            return Err(Refusal::BadRequest);
        }
        if !self.is_employed(target) {
            return Err(Refusal::NotFound);
        }
        if row.role(target).is_some() {
            return Err(Refusal::NotAllowed);
        }
        if self.could_take(target, row.workstream) { Ok(()) } else { Err(Refusal::Unavailable) }
    }

    /// A queue where nobody could take it now is refused up front (D-8).
    fn may_queue(&self, conversation: Handle, agent: AgentId, queue: QueueId) -> Result<(), Refusal> {
        if !self.has_queue(queue) {
            return Err(Refusal::NotFound);
        }
        let workstream = self.row(conversation).workstream;
        let nobody = self.able(queue, workstream).without(&AgentSet::of(agent)).is_empty();
        if nobody { Err(Refusal::Unavailable) } else { Ok(()) }
    }

    /// Puts a request to a colleague while the sender keeps talking (D-9).
    pub(super) fn ask(&mut self, conversation: Handle, sender: AgentId, target: AgentId, kind: OfferKind) {
        self.overrule(conversation);
        let mut offer = self.make_offer(conversation, target, kind);
        offer.sender = Some(sender);
        match offer.auto {
            Auto::None => {
                self.given_work(target);
                self.begin_offer(conversation, offer);
            }
            // There is nothing to reserve beside a talk that goes on: both act at once.
            Auto::Assign | Auto::Accept => {
                if kind == OfferKind::Conference {
                    self.join(conversation, target);
                } else {
                    let Phase::Active { owner, .. } = self.row(conversation).phase else { return };
                    self.take_over(conversation, owner, target);
                    offer.auto = Auto::Accept;
                    self.begin_offer(conversation, offer);
                }
            }
        }
    }

    /// A supervisor decides while a request of the owner's is pending: it is withdrawn and she is told. A toast of
    /// the owner's own has done its work.
    fn overrule(&mut self, conversation: Handle) {
        match self.row(conversation).phase.offer() {
            Some(running) if running.asks() => {
                self.disconnect_request(conversation, OfferEnd::Withdrawn);
            }
            _ => {
                self.end_offer(conversation, OfferEnd::Accepted);
            }
        }
    }

    /// The target accepted: the conversation is hers, the sender's own session goes to wrap-up.
    pub(super) fn take_over(&mut self, conversation: Handle, owner: AgentId, target: AgentId) {
        self.end_offer(conversation, OfferEnd::Accepted);
        self.say(conversation, SystemCode::Transferred, Some(owner));
        self.retire(conversation, owner, SessionReason::Transferred);
        self.open_session(conversation, target, Role::Owner);
        if let Phase::Active { owner, .. } = &mut self.row_mut(conversation).phase {
            *owner = target;
        }
        self.say(conversation, SystemCode::AgentJoined, Some(target));
        self.emit(Effect::State { conversation, reason: Some(SessionReason::Transferred) });
    }

    /// The guest accepted (S3-34).
    pub(super) fn join(&mut self, conversation: Handle, guest: AgentId) {
        self.end_offer(conversation, OfferEnd::Accepted);
        self.row_mut(conversation).conference = true;
        self.open_session(conversation, guest, Role::Participant);
        self.say(conversation, SystemCode::AgentJoined, Some(guest));
        self.tell_sessions(conversation);
    }

    /// To a queue it goes at once, with its original arrival time (D-9).
    pub(super) fn send_to_queue(
        &mut self,
        conversation: Handle,
        sender: AgentId,
        queue: QueueId,
        kind: OfferKind,
    ) {
        let Phase::Active { owner, .. } = self.row(conversation).phase else { return };
        self.overrule(conversation);
        self.say(conversation, SystemCode::Transferred, Some(owner));
        self.send_guests_home(conversation, SessionReason::Transferred);
        self.retire(conversation, owner, SessionReason::Transferred);
        self.row_mut(conversation).queue = queue;
        self.change(conversation, Phase::Queued, OfferEnd::Withdrawn);
        let row = self.row_mut(conversation);
        row.offer_kind = kind;
        row.sender = Some(sender);
        row.excluded.insert(owner);
        self.emit(Effect::State { conversation, reason: Some(SessionReason::Transferred) });
        let event = match kind {
            OfferKind::Escalation => RoutingEvent::Escalated,
            OfferKind::Assigned => RoutingEvent::Assigned,
            _ => RoutingEvent::Transferred,
        };
        self.route(conversation, event);
    }

    pub(super) fn end_conference(
        &mut self,
        request: Option<RequestId>,
        agent: AgentId,
        conversation: ConversationId,
    ) {
        match self.own(agent, conversation) {
            Ok(handle) if !self.row(handle).conference => self.refuse(request, Refusal::NotAllowed),
            Ok(_) => self.agent_end(request, agent, conversation),
            Err(refusal) => self.refuse(request, refusal),
        }
    }

    pub(super) fn leave(&mut self, request: Option<RequestId>, agent: AgentId, conversation: ConversationId) {
        let Some(conversation) = self.ids.get(conversation.0) else {
            return self.refuse(request, Refusal::NotFound);
        };
        if let Err(refusal) = self.in_talk(agent, conversation) {
            return self.refuse(request, refusal);
        }
        if self.row(conversation).role(agent) != Some(Role::Participant) {
            return self.refuse(request, Refusal::NotAllowed);
        }
        self.done(request);
        self.guest_leaves(conversation, agent, SessionReason::Left);
    }

    pub(super) fn guest_leaves(&mut self, conversation: Handle, agent: AgentId, reason: SessionReason) {
        self.drop_session(conversation, agent);
        self.emit(Effect::SessionClosed { conversation, agent, reason });
        self.say(conversation, SystemCode::AgentLeft, Some(agent));
        self.settle_conference(conversation);
    }

    /// A conference without guests is a conversation again.
    pub(super) fn settle_conference(&mut self, conversation: Handle) {
        let goes_on = self.row(conversation).guests().next().is_some();
        self.row_mut(conversation).conference = goes_on;
        self.keep(conversation);
        self.tell_sessions(conversation);
    }
}
