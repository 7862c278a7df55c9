//! What is said: order, repeats, who may speak (D-17).

use super::Engine;
use super::conversation::{Phase, SessionState, Stage};
use super::effect::{Answer, Author};
use super::id::{AgentId, ConversationId, Handle, RequestId, TextId};
use super::input::Sender;
use super::refusal::Refusal;
use super::sent::SentRings;

impl Engine {
    pub(super) fn customer_message(
        &mut self,
        request: Option<RequestId>,
        conversation: Handle,
        client: u64,
        text: TextId,
    ) {
        let row = self.row(conversation);
        // A repeat is answered as the first was, also after the end: it is stored.
        let ring = SentRings::of_customer(conversation.index);
        if let Some((seq, at_wall_ms)) = self.sent.find(ring, client) {
            return self.answer(request, Answer::Stored { seq, at_wall_ms });
        }
        match row.phase.stage() {
            Stage::Ended | Stage::Closed | Stage::Waiting => return self.refuse(request, Refusal::Stale),
            _ if row.frozen => return self.refuse(request, Refusal::NotAllowed),
            _ => {}
        }
        self.say_as(request, conversation, Sender::Customer, client, text);
        self.bots_turn(conversation);
    }

    pub(super) fn agent_message(
        &mut self,
        request: Option<RequestId>,
        agent: AgentId,
        conversation: ConversationId,
        client: u64,
        text: TextId,
    ) {
        let Some(conversation) = self.ids.get(conversation.0) else {
            return self.refuse(request, Refusal::NotFound);
        };
        let row = self.row(conversation);
        let ring = self.sent.of_agent(conversation.index, agent);
        let repeat = ring.and_then(|ring| self.sent.find(ring, client));
        if let (Some((seq, at_wall_ms)), Some(_)) = (repeat, row.session(agent)) {
            return self.answer(request, Answer::Stored { seq, at_wall_ms });
        }
        if let Err(refusal) = self.in_talk(agent, conversation) {
            return self.refuse(request, refusal);
        }
        if self.row(conversation).frozen {
            return self.refuse(request, Refusal::NotAllowed);
        }
        self.say_as(request, conversation, Sender::Agent(agent), client, text);
    }

    /// Does the agent have a session in talk? What she has left is stale; what was never hers, or is not yet
    /// accepted, is not found.
    pub(super) fn in_talk(&self, agent: AgentId, conversation: Handle) -> Result<(), Refusal> {
        let row = self.row(conversation);
        match row.session(agent).map(|session| session.state) {
            Some(SessionState::Active) if matches!(row.phase, Phase::Active { .. }) => Ok(()),
            Some(_) => Err(Refusal::Stale),
            None => Err(Refusal::NotFound),
        }
    }

    pub(super) fn say_as(
        &mut self,
        request: Option<RequestId>,
        conversation: Handle,
        sender: Sender,
        client: u64,
        text: TextId,
    ) {
        let (seq, at_wall_ms) = (self.row(conversation).last_seq + 1, self.now.wall_ms);
        self.answer(request, Answer::Stored { seq, at_wall_ms });
        self.store_message(conversation, Author::Person(sender), Some(text), Some(client));
        self.recall(conversation, sender, client, seq, at_wall_ms);
    }

    /// Remembers the name of a stored message.
    pub(super) fn recall(
        &mut self,
        conversation: Handle,
        sender: Sender,
        client: u64,
        seq: u32,
        at_wall_ms: i64,
    ) {
        let slot = conversation.index;
        let ring = match sender {
            Sender::Customer => Some(SentRings::of_customer(slot)),
            Sender::Bot(bot) => {
                let place = super::bot::ring_holder(bot);
                self.remember(conversation, place);
                self.sent.of_agent(slot, place)
            }
            Sender::Agent(agent) => {
                self.remember(conversation, agent);
                self.sent.of_agent(slot, agent)
            }
        };
        if let Some(ring) = ring {
            self.sent.push(ring, client, seq, at_wall_ms);
        }
    }

    /// Gives an agent a ring for the names of her messages.
    pub(super) fn remember(&mut self, conversation: Handle, agent: AgentId) {
        let row = self.conversations.get(conversation).expect("a handle the engine holds is live");
        self.sent.give(conversation.index, agent, |holder| row.session(holder).is_some());
    }
}
