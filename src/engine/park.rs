//! Setting aside and giving back (S0-12, S0-13, D-2).

use super::Engine;
use super::conversation::{Phase, SessionState};
use super::effect::{Effect, OfferEnd, RoutingEvent, SessionReason, SystemCode};
use super::id::{AgentId, ConversationId, Handle, RequestId};
use super::refusal::Refusal;
use super::settings::Mode;

impl Engine {
    pub(super) fn park(&mut self, request: Option<RequestId>, agent: AgentId, conversation: ConversationId) {
        match self.own(agent, conversation) {
            Err(refusal) => self.refuse(request, refusal),
            Ok(conversation) if self.row(conversation).mode == Mode::Live => {
                self.refuse(request, Refusal::NotAllowed);
            }
            Ok(conversation) if self.row(conversation).frozen => {
                self.refuse(request, Refusal::NotAllowed);
            }
            Ok(conversation) => {
                self.done(request);
                self.set_aside(conversation, agent, SessionReason::Parked);
            }
        }
    }

    /// A persistent conversation leaves the tables and waits in the store: no capacity, no slot, no memory.
    pub(super) fn set_aside(&mut self, conversation: Handle, agent: AgentId, reason: SessionReason) {
        self.end_offer(conversation, OfferEnd::Withdrawn);
        self.say(conversation, SystemCode::Parked, Some(agent));
        self.send_guests_home(conversation, reason);
        // A waiting conversation holds no slot, so no wrap-up of an earlier owner can stay with it.
        while let Some(earlier) = {
            self.row(conversation)
                .sessions
                .iter()
                .find(|session| matches!(session.state, SessionState::WrapUp { .. }))
                .map(|session| session.agent)
        } {
            self.settle_wrapup(conversation, earlier);
        }
        self.drop_session(conversation, agent);
        self.change(conversation, Phase::Waiting { agent }, OfferEnd::Withdrawn);
        self.emit(Effect::Parked { conversation, agent, reason });
        self.emit(Effect::State { conversation, reason: Some(reason) });
    }

    pub(super) fn release(
        &mut self,
        request: Option<RequestId>,
        agent: AgentId,
        conversation: ConversationId,
    ) {
        match self.own(agent, conversation) {
            Err(refusal) => self.refuse(request, refusal),
            Ok(conversation) if self.row(conversation).mode == Mode::Persistent => {
                self.refuse(request, Refusal::NotAllowed);
            }
            Ok(conversation) if self.row(conversation).frozen => {
                self.refuse(request, Refusal::NotAllowed);
            }
            Ok(conversation) => {
                self.done(request);
                self.end_offer(conversation, OfferEnd::Withdrawn);
                self.send_guests_home(conversation, SessionReason::Rerouted);
                // Not to be rung at once for what she has just given back.
                self.give_back(conversation, agent, SessionReason::Rerouted);
                self.row_mut(conversation).excluded.insert(agent);
                self.route(conversation, RoutingEvent::Rerouted);
            }
        }
    }
}
