//! Taking work: by accepting an offer or by hand.

use super::Engine;
use super::conversation::{Hold, Phase, Role};
use super::effect::{Effect, OfferEnd, SystemCode};
use super::id::{AgentId, ConversationId, Handle, OfferId, RequestId};
use super::refusal::Refusal;
use super::settings::{Distribution, OfferKind};
use crate::limits::SESSIONS_MAX;

impl Engine {
    pub(super) fn accept(&mut self, request: Option<RequestId>, agent: AgentId, offer: OfferId) {
        let Some(conversation) = self.find_offer(agent, offer) else {
            return self.refuse(request, Refusal::Stale);
        };
        self.done(request);
        let running = *self.row(conversation).phase.offer().expect("found by its offer");
        match self.row(conversation).phase {
            Phase::Active { owner, .. } if owner == agent => {
                // The toast of what was accepted by itself.
                self.end_offer(conversation, OfferEnd::Accepted);
            }
            Phase::Active { .. } if running.kind == OfferKind::Conference => self.join(conversation, agent),
            Phase::Active { owner, .. } => self.take_over(conversation, owner, agent),
            _ => self.activate(conversation, agent, OfferEnd::Accepted),
        }
    }

    /// The conversation becomes this agent's, in talk (S2-3).
    pub(super) fn activate(&mut self, conversation: Handle, agent: AgentId, end: OfferEnd) {
        self.change(conversation, Phase::Active { owner: agent, offer: None }, end);
        self.open_session(conversation, agent, Role::Owner);
        self.say(conversation, SystemCode::AgentJoined, Some(agent));
        self.emit(Effect::State { conversation, reason: None });
    }

    /// By hand: what is reserved for her, what is being offered to her, or what stands in a pick queue.
    pub(super) fn pick_up(
        &mut self,
        request: Option<RequestId>,
        agent: AgentId,
        conversation: ConversationId,
    ) {
        let Some(conversation) = self.ids.get(conversation.0) else {
            return self.refuse(request, Refusal::NotFound);
        };
        let row = self.row(conversation);
        let needs_slot = match row.phase {
            Phase::Reserved { agent: holder, hold, offer } if holder == agent => {
                hold == Hold::Returned && offer.is_none()
            }
            Phase::Offered(offer) if offer.agent == agent => false,
            Phase::Queued if self.may_pick(agent, conversation) => true,
            _ if row.session(agent).is_some() => return self.refuse(request, Refusal::NotAllowed),
            _ => return self.refuse(request, Refusal::NotFound),
        };
        if needs_slot && !self.has_slot(agent) {
            return self.refuse(request, Refusal::NotAllowed);
        }
        self.done(request);
        self.activate(conversation, agent, OfferEnd::Accepted);
    }

    fn may_pick(&self, agent: AgentId, conversation: Handle) -> bool {
        let queue = &self.desk.queues[usize::from(self.row(conversation).queue.0)];
        queue.distribution == Distribution::Pick && queue.members.binary_search(&agent).is_ok()
    }

    /// Is one of the ten free?
    pub(super) fn has_slot(&self, agent: AgentId) -> bool {
        let row = &self.agents[usize::from(agent.0)];
        row.open.len() + row.offers.len() < SESSIONS_MAX
    }
}
