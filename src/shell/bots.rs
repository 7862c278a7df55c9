//! Bots at work (REQ S2-4): a conversation given to one is shown to the socket of one that lives elsewhere, or
//! answered here by a menu of the box's own; what a bot learned goes onto the card when people take over.

use serde_json::json;

use super::Shell;
use super::card::{Card, ContextValue, context_bytes};
use super::clock::real_wall_ms;
use super::connections::{Connection, Elsewhere, Who};
use super::door::Event;
use super::keys::random;
use super::out::Out;
use super::turn::{Asker, REQUEST};
use super::wire::{ConversationName, Stamp};
use super::words;
use crate::channels::bot::frames::{Frame, FrameFault, Request};
use crate::channels::bot::menu::{self, Act, Reader};
use crate::desk::Id;
use crate::desk::bot::Bot;
use crate::desk::template::Template;
use crate::engine::conversation::Phase;
use crate::engine::effect::BotEnd;
use crate::engine::id::{BotId, ConversationId, Handle, QueueId};
use crate::engine::input::{BotVerb, CustomerVerb, Input};
use crate::engine::refusal::Refusal;
use crate::gateway::rate::BOT_MESSAGES;
use crate::gateway::{Caller, ConnId, Identity, Outbox, Role};
use crate::limits::{
    BOT_SESSIONS_SHOWN_MAX, CONTEXT_BYTES_MAX, CONTEXT_KEYS_MAX, CONTEXT_VALUE_BYTES_MAX, MESSAGE_CHARS_MAX,
};
use crate::store::Admission;
use crate::widget::project as page;

/// The card's variables that tell people which bot it was, and why it is theirs now.
const BOT: &str = "bot";
pub(crate) const BOT_REASON: &str = "bot_reason";

/// What a bot gives along with a request: onto the card once the engine has taken it.
#[derive(Debug, Default)]
pub(super) struct Learned {
    variables: Vec<(String, ContextValue)>,
    reason: Option<String>,
}

impl Shell {
    /// A bot's socket is open: it is there from now on, and is shown what is its.
    pub(super) fn bot_opened(&mut self, conn: ConnId, caller: Caller, outbox: std::sync::Arc<Outbox>) {
        let known = self.desk.has_token_bot(&caller.agent);
        let row = self.names.bots.intern(&caller.agent).filter(|_| known);
        let Some(bot) = row.and_then(|row| u8::try_from(row).ok()).map(BotId) else {
            return outbox.close(1013, "full");
        };
        let elsewhere =
            Elsewhere { bot, name: caller.agent, token: caller.token, messages: Default::default() };
        let name = elsewhere.name.to_string();
        self.connections.insert(conn, Connection { outbox, who: Who::Bot(elsewhere), paused: None });
        self.turn(Input::BotOnline(bot), None);
        let mut held: Vec<(bool, i64, u64)> = self
            .engine
            .conversations()
            .filter_map(|row| match row.phase {
                Phase::Bot(talk) if talk.bot == bot => Some((!talk.awaits, talk.due_wall_ms, row.id.0)),
                _ => None,
            })
            .collect();
        held.sort_unstable();
        let names: Vec<String> = held.iter().map(|(_, _, id)| page::name(*id)).collect();
        let clock = json!({ "now": Stamp(self.now.wall_ms).to_string(), "speed": self.clock.speed() });
        let body = json!({ "bot": { "name": name }, "clock": clock, "conversations": names });
        self.send(conn, page::frame("welcome", &body));
        // What waits for it first; the rest it can ask for, or hears of when the customer writes.
        for (_, _, id) in held.into_iter().take(BOT_SESSIONS_SHOWN_MAX) {
            if let Some(frame) = self.bot_session(id, None) {
                self.send(conn, frame);
            }
        }
    }

    /// A bot's socket is gone.
    pub(super) fn bot_gone(&mut self, bot: BotId) {
        if self.connections.of_bot(bot).next().is_none() {
            self.turn(Input::BotLost(bot), None);
        }
    }

    pub(super) fn hear_bot(&mut self, conn: ConnId, frame: Result<Frame, FrameFault>) {
        let Some(Event::Bot(conn, frame)) = self.or_wait(conn, Event::Bot(conn, frame)) else { return };
        let Some(elsewhere) = self.connections.bot_mut(conn) else { return };
        let (bot, name) = (elsewhere.bot, elsewhere.name.to_string());
        let Frame { id: re, request } = match frame {
            Ok(frame) => frame,
            Err(fault) => return self.refuse(conn, fault.id, fault.code),
        };
        if let Err(wait) = elsewhere.messages.take(BOT_MESSAGES, real_wall_ms().unsigned_abs()) {
            // A sign of writing has no answer.
            if matches!(request, Request::Typing { .. }) {
                return;
            }
            return self.refuse_for(conn, re, wait);
        }
        if let Err(refusal) = self.bot_request(conn, re, bot, &name, request) {
            self.refuse(conn, re, refusal);
        }
    }

    fn bot_request(
        &mut self,
        conn: ConnId,
        re: Option<i64>,
        bot: BotId,
        name: &str,
        request: Request,
    ) -> Result<(), Refusal> {
        let verb = match request {
            Request::Message { conversation, client_id, text, variables } => {
                let conversation = number(&conversation)?;
                if self.store.admission() >= Admission::StorageFull {
                    return Err(Refusal::StorageFull);
                }
                let client = self.keys.client(&client_id);
                self.texts.client_id = Some(client_id);
                let text = self.storable(text);
                let text = self.texts.put(text);
                self.texts.learned = Learned { variables, reason: None };
                BotVerb::Message { conversation, client, text, step: None }
            }
            Request::HandOver { conversation, queue, reason, variables } => {
                let conversation = number(&conversation)?;
                let queue = queue.map(|queue| self.queue_row(&queue).ok_or(Refusal::NotFound)).transpose()?;
                self.texts.learned = Learned { variables, reason: Some(reason) };
                BotVerb::HandOver { conversation, queue }
            }
            Request::End { conversation } => BotVerb::End(number(&conversation)?),
            Request::Typing { conversation, on } => {
                let id = number(&conversation)?.0;
                if self.bot_of(id) == Some(bot) {
                    self.send_customer(id, page::typing(id, name, on));
                }
                return Ok(());
            }
            Request::Session { conversation } => {
                let id = number(&conversation)?.0;
                let own = self.bot_of(id) == Some(bot);
                let frame = self.bot_session(id, re).filter(|_| own).ok_or(Refusal::NotFound)?;
                self.send(conn, frame);
                return Ok(());
            }
        };
        self.turn(Input::Bot { request: REQUEST, bot, verb }, Some(Asker { conn, re }));
        Ok(())
    }

    /// The bot that has a conversation now.
    fn bot_of(&self, id: u64) -> Option<BotId> {
        match self.engine.conversation(ConversationId(id))?.phase {
            Phase::Bot(talk) => Some(talk.bot),
            _ => None,
        }
    }

    fn bot_session(&self, id: u64, re: Option<i64>) -> Option<String> {
        let row = self.engine.conversation(ConversationId(id))?;
        self.view().bot_session(row, re)
    }

    fn queue_row(&self, queue: &str) -> Option<QueueId> {
        self.desk.queue(queue).and_then(|_| self.names.queues.row(queue)).map(QueueId)
    }

    /// The name customers and staff see.
    pub(super) fn bot_name(&self, bot: BotId) -> String {
        let name = self.names.bots.name(bot.0.into()).map_or_else(String::new, |name| name.to_string());
        self.desk.bot(&name).map_or(name, |own| own.name.clone())
    }

    /// One frame to all sockets of a bot.
    pub(super) fn send_bot(&mut self, bot: BotId, frame: String) {
        let frame = crate::gateway::Frame::from(frame);
        let outs: Vec<Out> = self
            .connections
            .of_bot(bot)
            .map(|connection| Out::Frame(connection.outbox.clone(), frame.clone()))
            .collect();
        for out in outs {
            self.release(out);
        }
    }

    pub(super) fn bot_given(&mut self, conversation: Handle, bot: BotId) {
        let Some(id) = self.engine.view(conversation).map(|view| view.id.0) else { return };
        self.rooms.entry(id).or_default().bot = Some(bot);
        if self.own_bot(bot).is_some() {
            self.texts.bots_turn = Some(id);
        } else if let Some(frame) = self.bot_session(id, None) {
            self.send_bot(bot, frame);
        }
    }

    /// Why it goes on to people is what they are told first.
    pub(super) fn bot_passed(&mut self, conversation: Handle, bot: BotId, why: BotEnd) {
        let Some(id) = self.engine.view(conversation).map(|view| view.id.0) else { return };
        let learned = std::mem::take(&mut self.texts.learned);
        let reason = learned.reason.filter(|_| why == BotEnd::HandedOver);
        let reason = reason.unwrap_or_else(|| why.name().to_owned());
        let (name, reason) = (self.bot_name(bot), self.storable(reason));
        self.rooms.entry(id).or_default().bot_end = Some(why);
        self.learn(id, learned.variables);
        self.learn(id, vec![(BOT.to_owned(), text(name)), (BOT_REASON.to_owned(), text(reason))]);
    }

    pub(super) fn bot_over(&mut self, conversation: Handle, bot: BotId) {
        let Some(id) = self.engine.view(conversation).map(|view| view.id.0) else { return };
        let Some(room) = self.rooms.get_mut(&id) else { return };
        room.bot = None;
        let reason = room.bot_end.take().map_or("over", BotEnd::name);
        let body = json!({ "conversation": page::name(id), "reason": reason });
        self.send_bot(bot, page::frame("session_closed", &body));
    }

    /// A message was stored in a conversation that a bot has.
    pub(super) fn bot_hears(&mut self, id: u64, by_customer: bool, frame: String) {
        let Some(bot) = self.rooms.get(&id).and_then(|room| room.bot) else { return };
        if self.own_bot(bot).is_none() {
            self.send_bot(bot, frame);
        } else if by_customer {
            self.texts.bots_turn = Some(id);
        }
    }

    /// What a bot learned stands among the context variables; it takes the place of what the page gave last
    /// when they are full.
    pub(super) fn learn(&mut self, id: u64, variables: Vec<(String, ContextValue)>) {
        if variables.is_empty() {
            return;
        }
        let variables: Vec<_> = variables.into_iter().map(|(key, value)| (key, self.kept(value))).collect();
        let Some(card) = self.cards.get_mut(&id) else { return };
        for (key, value) in variables {
            card.context.retain(|(known, _)| *known != key);
            while card.context.len() >= CONTEXT_KEYS_MAX || context_bytes(&card.context) > CONTEXT_BYTES_MAX {
                card.context.pop();
            }
            card.context.push((key, value));
        }
        self.card_changed(id);
    }

    fn kept(&self, value: ContextValue) -> ContextValue {
        match value {
            ContextValue::Text(text) => {
                let text = self.storable(text);
                ContextValue::Text(crate::widget::frames::bounded(&text, CONTEXT_VALUE_BYTES_MAX))
            }
            other => other,
        }
    }

    pub(super) fn take_learned(&mut self, id: u64) {
        let learned = std::mem::take(&mut self.texts.learned);
        self.learn(id, learned.variables);
    }

    /// A menu of the box's own, by its row.
    fn own_bot(&self, bot: BotId) -> Option<&Bot> {
        self.desk.bot(self.names.bots.name(bot.0.into())?)
    }

    pub(super) fn take_bots_turn(&mut self) {
        if let Some(id) = self.texts.bots_turn.take() {
            self.menus_turn(id);
        }
    }

    /// A menu's turn: what the customer said last is answered.
    pub(super) fn menus_turn(&mut self, id: u64) {
        let Some(row) = self.engine.conversation(ConversationId(id)) else { return };
        let Phase::Bot(talk) = row.phase else { return };
        let Some(menu) = self.own_bot(talk.bot).filter(|_| talk.awaits).cloned() else { return };
        let Some(card) = self.cards.get(&id) else { return };
        let Some(workstream) = self.desk.workstream(&card.workstream) else { return };
        let extra = words::Extra::default();
        let now_ms = self.now.wall_ms;
        let expand =
            |template: &Template| words::expand(&self.desk, workstream, card, template, &extra, now_ms);
        let reader = Reader { language: &card.customer.locale, locale: &self.desk.locale, expand: &expand };
        let heard = (talk.said > 0).then(|| self.last_of_customer(id)).flatten();
        let (acts, stands) = menu::turn(&menu, talk.step, heard.as_deref(), &reader);
        for act in acts {
            self.do_act(id, talk.bot, act, stands);
        }
    }

    fn do_act(&mut self, id: u64, bot: BotId, act: Act, stands: u16) {
        let conversation = ConversationId(id);
        let verb = match act {
            Act::Set(name, value) => return self.learn(id, vec![(name, text(value))]),
            Act::Say(said) => {
                let said: String = said.chars().take(MESSAGE_CHARS_MAX).collect();
                let text = self.texts.put(said);
                BotVerb::Message { conversation, client: random(), text, step: Some(stands) }
            }
            Act::HandOver { queue, reason } => {
                self.texts.learned = Learned { variables: Vec::new(), reason };
                BotVerb::HandOver { conversation, queue: queue.and_then(|queue| self.queue_row(&queue)) }
            }
            Act::End => BotVerb::End(conversation),
        };
        self.turn(Input::Bot { request: None, bot, verb }, None);
    }

    fn last_of_customer(&self, id: u64) -> Option<String> {
        let tail = self.tails.get(&id)?;
        let last = tail.messages().rev().find(|message| message.from == super::records::Author::Customer)?;
        Some(last.text.clone())
    }

    /// Does this message ask for a person, in words of the desk, while a bot answers?
    pub(super) fn asks_for_person(&self, input: &Input) -> Option<u64> {
        let Input::Customer { conversation, verb: CustomerVerb::Message { text, .. }, .. } = input else {
            return None;
        };
        self.bot_of(conversation.0)?;
        let workstream = self.desk.workstream(&self.cards.get(&conversation.0)?.workstream)?;
        let asks = workstream.bot.as_ref()?.asks_for_person(self.texts.peek(*text));
        asks.then_some(conversation.0)
    }

    pub(super) fn ask_person(&mut self, id: u64) {
        self.texts.bots_turn = None;
        self.customer_turn(id, CustomerVerb::AskPerson);
    }

    /// The box's own bots are there as long as the desk has them; those behind tokens go with their token.
    pub(super) fn follow_bots(&mut self) {
        let own: Vec<BotId> = self
            .desk
            .bots
            .iter()
            .filter_map(|bot| self.names.bots.intern(bot.id.as_str()))
            .filter_map(|row| u8::try_from(row).ok().map(BotId))
            .collect();
        for row in (0..self.names.bots.len()).filter_map(|row| u8::try_from(row).ok().map(BotId)) {
            if own.contains(&row) {
                self.turn(Input::BotOnline(row), None);
            } else if self.connections.of_bot(row).next().is_none() {
                self.turn(Input::BotLost(row), None);
            }
        }
        let waiting: Vec<u64> = self
            .engine
            .conversations()
            .filter(|row| matches!(row.phase, Phase::Bot(talk) if talk.awaits))
            .map(|row| row.id.0)
            .collect();
        for id in waiting {
            self.menus_turn(id);
        }
    }

    /// Ends the sockets of bots whose token the desk no longer has.
    pub(super) fn end_dismissed_bots(&mut self) {
        let dismissed: Vec<(ConnId, BotId)> = self
            .connections
            .all_bots()
            .filter(|(_, one)| {
                self.tokens.caller(&one.token).is_none_or(|caller| !caller.roles.has(Role::Bot))
            })
            .map(|(conn, one)| (conn, one.bot))
            .collect();
        for (conn, bot) in dismissed {
            self.close(conn, 1008, "this token is no longer a bot's");
            self.connections.remove(conn);
            self.bot_gone(bot);
        }
    }
}

/// Which bot had a conversation, and why people have it, as its card says.
pub(crate) fn bot_reason(card: &Card) -> Option<&str> {
    card.context.iter().find_map(|(key, value)| match value {
        ContextValue::Text(reason) if key == BOT_REASON => Some(reason.as_str()),
        _ => None,
    })
}

fn text(text: String) -> ContextValue {
    ContextValue::Text(text)
}

fn number(name: &str) -> Result<ConversationId, Refusal> {
    ConversationName::parse(name).map(|name| name.0).ok_or(Refusal::NotFound)
}
