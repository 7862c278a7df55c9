//! One turn: an input to the engine, and its effects made into records and frames.

use std::time::Duration;

use super::Shell;
use super::connections::Who;
use super::out::Out;
use super::records::{Author as From, Message};
use super::tail::Tail;
use super::words;
use crate::agent::answer;
use crate::agent::project::View;
use crate::engine::conversation::{Phase, SessionState};
use crate::engine::effect::{Answer, Author, BannerKind, BotEnd, Effect, OfferEnd, SystemCode};
use crate::engine::id::{AgentId, BotId, ConversationId, Handle, RequestId, TextId};
use crate::engine::input::{Input, Sender};
use crate::engine::refusal::Refusal;
use crate::engine::settings::OfferKind;
use crate::gateway::{ConnId, Frame};
use crate::masking::Masker;
use crate::widget::project as page;

/// The ticket of the one request a turn can have.
pub(super) const REQUEST: Option<RequestId> = Some(RequestId(0));

/// Who hears the answer of a turn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asker {
    pub(super) conn: ConnId,
    /// The request's `id`.
    pub(super) re: Option<i64>,
}

/// What the shell remembers of a conversation in the engine's table, beside card and tail.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// Agents whose list holds it and who hear what is said: an agent hears from her `session` frame on, and
    /// no longer once she has handed it over.
    pub(super) listeners: Vec<AgentId>,
    /// What its customer was last told: state and agent.
    pub(super) shown: Option<(&'static str, Option<AgentId>)>,
    /// Who its workstream's other system knows has it.
    pub(super) holder: Option<AgentId>,
    /// The card has changed since it was written.
    pub(super) card_changed: bool,
    /// What was last written of its engine state, but for the number of its last message.
    pub(super) kept: u64,
    /// The bot that has it, and why it goes on to people.
    pub(super) bot: Option<BotId>,
    pub(super) bot_end: Option<BotEnd>,
    pub(super) decisions: u32,
    pub(super) notes: u32,
    /// Wrap-ups given along, to be handed in when the session has come to it.
    pub(super) wrapups: Vec<(AgentId, crate::agent::frames::WrapUp)>,
}

/// Texts of one turn. The engine carries their numbers and never reads them.
#[derive(Debug, Default)]
pub(super) struct Texts {
    texts: Vec<String>,
    /// The sender's own name for the message of this turn.
    pub(super) client_id: Option<String>,
    /// What a bot gave along with its request.
    pub(super) learned: super::bots::Learned,
    /// A conversation in which it is now the turn of a bot of the box's own.
    pub(super) bots_turn: Option<u64>,
}

impl Texts {
    pub(super) fn put(&mut self, text: String) -> TextId {
        self.texts.push(text);
        TextId(self.texts.len() as u32 - 1)
    }

    pub(super) fn peek(&self, id: TextId) -> &str {
        self.texts.get(id.0 as usize).map_or("", String::as_str)
    }

    fn take(&mut self, id: TextId) -> String {
        self.texts.get_mut(id.0 as usize).map(std::mem::take).unwrap_or_default()
    }

    fn clear(&mut self) {
        self.texts.clear();
        self.client_id = None;
        self.learned = super::bots::Learned::default();
    }
}

impl Shell {
    /// Takes one turn. The answer goes to the asker, if there is one, before the frames it causes.
    pub(super) fn turn(&mut self, input: Input, asker: Option<Asker>) -> Option<Answer> {
        self.flush_if_full();
        self.now = self.clock.now();
        let arrives = matches!(input, Input::Arrival { .. });
        let asks_for_person = self.asks_for_person(&input);
        self.recorder.take_if(|recorder| !recorder.input(self.now, &input, &self.names));
        self.engine.handle(self.now, input);
        let mut given = None;
        let mut leaving = Vec::new();
        let mut later = Vec::new();
        while let Some(effect) = self.engine.poll_effect() {
            if let Some(recorder) = &mut self.recorder {
                recorder.effect(&effect, &self.engine);
            }
            match effect {
                Effect::Answer { answer, .. } => {
                    given = Some(answer);
                    if let Some(asker) = asker {
                        self.tell_answer(asker, answer);
                    }
                }
                effect => self.effect(effect, &mut leaving, &mut later),
            }
        }
        self.recorder.take_if(|recorder| !recorder.drained());
        self.texts.clear();
        for conversation in leaving {
            self.put_away(conversation);
        }
        if let Some(id) = asks_for_person {
            self.ask_person(id);
        }
        // New work is written down first: a menu may end it at once.
        if !arrives {
            self.take_bots_turn();
        }
        for (agent, conversation, wrapup) in later {
            self.hand_in_wrapup(agent, conversation, &wrapup);
        }
        given
    }

    /// Sends one frame to one connection, in its turn.
    pub(super) fn send(&mut self, conn: ConnId, frame: impl Into<Frame>) {
        if let Some(outbox) = self.connections.outbox(conn) {
            let out = Out::Frame(outbox.clone(), frame.into());
            self.release(out);
        }
    }

    /// Refuses a request by name.
    pub(super) fn refuse(&mut self, conn: ConnId, re: Option<i64>, refusal: Refusal) {
        self.send(conn, answer::error(re, refusal, None));
    }

    /// Refuses a request that came too soon after others, with the wait.
    pub(super) fn refuse_for(&mut self, conn: ConnId, re: Option<i64>, wait: Duration) {
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        self.send(conn, answer::error(re, Refusal::RateLimited, Some(wait_ms)));
    }

    /// Ends a connection, after what it was told before.
    pub(super) fn close(&mut self, conn: ConnId, code: u16, reason: &'static str) {
        if let Some(outbox) = self.connections.outbox(conn) {
            let out = Out::Close(outbox.clone(), code, reason);
            self.release(out);
        }
    }

    /// One frame to all windows of an agent.
    pub(super) fn send_agent(&mut self, agent: AgentId, frame: String) {
        self.send_agent_but(agent, frame, None);
    }

    /// The same, leaving out the window that caused it.
    pub(super) fn send_agent_but(&mut self, agent: AgentId, frame: String, but: Option<ConnId>) {
        let frame = Frame::from(frame);
        for (_, connection) in self.connections.of_agent(agent).filter(|(conn, _)| Some(*conn) != but) {
            self.pending = true;
            self.batch.release_after(Out::Frame(connection.outbox.clone(), frame.clone()));
        }
    }

    /// One frame to all windows of a conversation's customer.
    pub(super) fn send_customer(&mut self, conversation: u64, frame: String) {
        let Some(visitor) = self.cards.get(&conversation).map(|card| card.visitor) else { return };
        let Some(visitor) = self.visitors.get(visitor) else { return };
        let frame = Frame::from(frame);
        for outbox in visitor.conns.iter().filter_map(|conn| self.connections.outbox(*conn)) {
            self.pending = true;
            self.batch.release_after(Out::Frame(outbox.clone(), frame.clone()));
        }
    }

    /// One frame to all staff who hear a conversation: its listeners, and supervisors reading along.
    pub(super) fn send_staff(&mut self, conversation: u64, frame: String, but: Option<ConnId>) {
        let listeners = self.rooms.get(&conversation).map_or(&[][..], |room| &room.listeners);
        let frame = Frame::from(frame);
        let windows = listeners.iter().flat_map(|agent| self.connections.of_agent(*agent));
        let monitors = self.connections.monitors_of(conversation);
        let monitors = monitors.filter(|(.., staff)| staff.welcomed && !listeners.contains(&staff.agent));
        for (conn, connection) in windows.chain(monitors.map(|(conn, connection, _)| (conn, connection))) {
            if Some(conn) != but {
                self.pending = true;
                self.batch.release_after(Out::Frame(connection.outbox.clone(), frame.clone()));
            }
        }
    }

    /// The agents of a conversation see what has changed of it: its rating as it is given (S2-36), the customer's pages.
    pub(super) fn tell_session(&mut self, id: u64) {
        let listeners = self.rooms.get(&id).map_or_else(Vec::new, |room| room.listeners.clone());
        for agent in listeners {
            let row = self.engine.conversation(ConversationId(id));
            if let Some(frame) = row.and_then(|row| self.view().session(agent, row, None)) {
                self.send_agent(agent, frame);
            }
        }
    }

    /// Staff's view of this instant.
    pub(super) fn view(&self) -> View<'_> {
        View::new(self.world(), self.masker())
    }

    pub(super) fn masker(&self) -> Masker {
        self.board.masker()
    }

    /// A conversation of the engine's table by an effect's handle.
    fn id_of(&self, handle: Handle) -> Option<u64> {
        self.engine.view(handle).map(|view| view.id.0)
    }

    fn tell_answer(&mut self, asker: Asker, given: Answer) {
        let staff = matches!(
            self.connections.all.get(&asker.conn).map(|c| &c.who),
            Some(Who::Staff(_) | Who::Bot(_))
        );
        let re = asker.re.unwrap_or_default();
        match given {
            // What needs no answer gets none, but for its refusal.
            Answer::Done | Answer::Started(_) | Answer::Stored { .. } if asker.re.is_none() => {}
            Answer::Done => self.send(asker.conn, answer::ok(re)),
            Answer::Started(id) => self.send(asker.conn, page::started(re, id.0)),
            Answer::Stored { seq, at_wall_ms } => self.send(asker.conn, answer::stored(re, seq, at_wall_ms)),
            // To a customer a conversation that has ended is stale with its state.
            Answer::Refused(Refusal::Stale) if !staff => {
                self.send(asker.conn, page::stale(asker.re, "closed"));
            }
            Answer::Refused(Refusal::ClosedHours) if !staff => self.refuse_closed(asker.conn, asker.re),
            Answer::Refused(refusal) => self.refuse(asker.conn, asker.re, refusal),
        }
    }

    fn effect(
        &mut self,
        effect: Effect,
        leaving: &mut Vec<u64>,
        later: &mut Vec<(AgentId, u64, crate::agent::frames::WrapUp)>,
    ) {
        match effect {
            Effect::Answer { .. } => {}
            Effect::Message { conversation, seq, author, text, .. } => {
                self.said(conversation, seq, author, text);
            }
            Effect::Offered { conversation, agent, .. } => {
                let view = self.engine.view(conversation);
                if let Some(frame) = view.and_then(|view| self.view().notification(agent, view)) {
                    self.send_agent(agent, frame);
                }
            }
            Effect::OfferClosed { conversation, agent, offer, kind, end } => {
                self.count_offer(conversation, agent, end);
                self.enter_offer(conversation, agent, kind, end);
                if kind == OfferKind::Transfer
                    && end != OfferEnd::Accepted
                    && let Some(id) = self.id_of(conversation)
                {
                    self.drop_given(id);
                }
                let frame = self.view().notification_closed(offer, end);
                self.send_agent(agent, frame);
            }
            Effect::Session { conversation, agent, opened, reason } => {
                self.session_changed(conversation, agent, opened, reason, later);
            }
            Effect::SessionClosed { conversation, agent, reason } => {
                let Some(id) = self.id_of(conversation) else { return };
                self.unlisten(id, agent);
                let frame = self.view().session_closed(ConversationId(id), reason);
                self.send_agent(agent, frame);
            }
            Effect::WrappedUp { conversation, agent, reason, comment, by_deadline } => {
                let comment = comment.map(|text| self.texts.take(text));
                self.wrapped_up(conversation, agent, reason, comment, by_deadline);
            }
            Effect::BotGiven { conversation, bot } => self.bot_given(conversation, bot),
            Effect::BotPassed { conversation, bot, why } => self.bot_passed(conversation, bot, why),
            Effect::BotOver { conversation, bot } => self.bot_over(conversation, bot),
            Effect::State { conversation, reason } => self.state_changed(conversation, reason),
            Effect::Parked { conversation, agent, reason } => {
                let Some(view) = self.engine.view(conversation) else { return };
                let id = view.id.0;
                if let Some(frame) = self.view().session_state(agent, view, Some(reason)) {
                    self.send_agent(agent, frame);
                }
                self.keep_waiting(conversation, agent);
                leaving.push(id);
            }
            Effect::Closed { conversation } => {
                let Some(id) = self.id_of(conversation) else { return };
                self.keep_closed(id);
                leaving.push(id);
            }
            Effect::Presence { agent } => {
                let frame = self.view().presence(agent);
                self.send_agent(agent, frame);
                self.lines.staff_changed = true;
            }
            Effect::Banner { agent, kind, conversation } => {
                if kind == BannerKind::MaxSessions {
                    self.enter_cap(conversation, agent);
                }
                let about = conversation.and_then(|handle| self.engine.view(handle));
                let frame = self.view().banner(kind, about);
                self.send_agent(agent, frame);
            }
            Effect::BannerClosed { agent, kind } => {
                let frame = self.view().banner_closed(kind);
                self.send_agent(agent, frame);
            }
            Effect::Decision { conversation, event, queue, search, .. } => {
                self.keep_decision(conversation, event, queue, search);
            }
            Effect::Unwatched { queue } => self.tell_unwatched(queue),
            Effect::Line { queue } => {
                self.lines.changed(queue);
                self.lines.staff_changed = true;
            }
            Effect::Keep { conversation, said_only } => self.keep_live(conversation, said_only),
            Effect::KeepAgent { agent } => self.keep_agent(agent),
        }
    }

    /// A message took its place: it is stored, remembered, and told to everybody in the conversation.
    fn said(&mut self, conversation: Handle, seq: u32, author: Author, text: Option<TextId>) {
        let Some(id) = self.id_of(conversation) else { return };
        let client_id = match author {
            Author::Person(_) => self.texts.client_id.take(),
            Author::System(..) => None,
        };
        let text = text.map(|text| self.texts.take(text));
        let (from, text, code) = match author {
            Author::Person(Sender::Customer) => (From::Customer, text.unwrap_or_default(), None),
            Author::Person(Sender::Agent(agent)) => {
                let (username, name) = self.names_of(agent);
                (From::Agent(username, name), text.unwrap_or_default(), None)
            }
            Author::Person(Sender::Bot(bot)) => {
                self.take_learned(id);
                (From::Bot(self.bot_name(bot)), text.unwrap_or_default(), None)
            }
            Author::System(code, agent) => {
                if code == SystemCode::Transferred {
                    self.count_transferred(id, agent);
                }
                let text = words::system(self, id, code, agent);
                (From::System, text, Some(words::code(code).to_owned()))
            }
        };
        let at_ms = self.now.wall_ms;
        let mut message = Message { seq, at_ms, from, text, code, client_id, delivery: None };
        self.send_out(id, &mut message);
        self.put_message(id, &message);
        let to_customer = page::message(id, &message);
        let to_staff = self.cards.get(&id).map(|card| self.view().message(card, &message));
        self.tails.entry(id).or_default().push(message);
        self.send_customer(id, to_customer);
        if let Some(frame) = to_staff {
            let by_customer = matches!(author, Author::Person(Sender::Customer));
            self.bot_hears(id, by_customer, frame.clone());
            self.send_staff(id, frame, None);
        }
    }

    fn session_changed(
        &mut self,
        conversation: Handle,
        agent: AgentId,
        opened: bool,
        reason: Option<crate::engine::effect::SessionReason>,
        later: &mut Vec<(AgentId, u64, crate::agent::frames::WrapUp)>,
    ) {
        let Some(view) = self.engine.view(conversation) else { return };
        let id = view.id.0;
        let state = view.session(agent).map(|session| session.state);
        let ended = matches!(view.phase, Phase::Ended { .. } | Phase::Closed);
        let wrap_up = matches!(state, Some(SessionState::WrapUp { .. }));
        let frame = if opened {
            self.view().session(agent, view, reason)
        } else if wrap_up || reason.is_some() {
            self.view().session_state(agent, view, reason)
        } else {
            // Same state, other role or another look: the whole session below says it.
            None
        };
        let role_frame = if !opened && !wrap_up { self.view().session(agent, view, reason) } else { None };
        let room = self.rooms.entry(id).or_default();
        if wrap_up && !ended {
            room.listeners.retain(|other| *other != agent);
        } else if !room.listeners.contains(&agent) && (opened || !wrap_up) {
            room.listeners.push(agent);
        }
        if wrap_up {
            self.come_to_wrapup(conversation, agent, later);
        }
        self.note_agents(id, conversation);
        if opened {
            self.tell_assigned(conversation, agent);
        }
        for frame in [frame, role_frame].into_iter().flatten() {
            self.send_agent(agent, frame);
        }
    }

    /// The customer is told what she sees of it, when that is another thing than before.
    fn state_changed(&mut self, conversation: Handle, reason: Option<crate::engine::effect::SessionReason>) {
        let Some(view) = self.engine.view(conversation) else { return };
        let (id, state, owner) = (view.id.0, words::customer_state(view.state()), view.owner());
        self.lines.staff_changed = true;
        self.note_state(conversation, reason);
        self.call_moved(id);
        let room = self.rooms.entry(id).or_default();
        if room.shown == Some((state, owner)) {
            return;
        }
        room.shown = Some((state, owner));
        let name = owner.map(|owner| self.names_of(owner).1);
        let frame = page::state(id, state, name.as_deref(), reason.map(|reason| reason.name()));
        self.send_customer(id, frame);
    }

    fn unlisten(&mut self, conversation: u64, agent: AgentId) {
        if let Some(room) = self.rooms.get_mut(&conversation) {
            room.listeners.retain(|other| *other != agent);
            room.holder.take_if(|holder| *holder == agent);
        }
    }

    /// Username and the name people see.
    pub(super) fn names_of(&self, agent: AgentId) -> (String, String) {
        let username = self.names.agents.name(agent.0).map_or_else(String::new, |name| name.to_string());
        let name = self.desk.agent(&username).map_or_else(|| username.clone(), |agent| agent.name.clone());
        (username, name)
    }

    /// A conversation has left the engine's table.
    fn put_away(&mut self, conversation: u64) {
        self.drop_given(conversation);
        self.rooms.remove(&conversation);
        self.tails.remove(&conversation);
        self.calls.forget(conversation);
        let Some(card) = self.cards.remove(&conversation) else { return };
        self.connections.end_monitoring(conversation);
        if let Some(visitor) = self.visitors.get_mut(card.visitor)
            && visitor.conversation == Some(conversation)
            && card.state == "closed"
        {
            visitor.conversation = None;
            visitor.closed = Some((conversation, self.now.wall_ms));
        }
        self.visitors.forget_if_gone(card.visitor, false);
        // Nobody else's conversation is hers: a visitor has one at a time.
        if self.live_of(card.visitor).is_none() {
            self.peers.remove(&card.visitor);
        }
    }

    /// Is a conversation in the engine's table?
    pub(super) fn is_live(&self, conversation: u64) -> bool {
        self.engine.conversation(ConversationId(conversation)).is_some()
    }

    /// Takes a stored conversation's card and newest messages in hand.
    pub(super) fn take_in_hand(&mut self, card: super::card::Card, messages: Vec<Message>) {
        let id = card.id;
        let mut tail = Tail::default();
        for message in messages {
            tail.push(message);
        }
        self.tails.insert(id, tail);
        self.cards.insert(id, card);
        self.rooms.insert(id, Room::default());
    }
}
