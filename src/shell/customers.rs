//! What customers ask for.

use super::Shell;
use super::card::Card;
use super::clock::real_wall_ms;
use super::door::Event;
use super::live;
use super::outbound::records::Peer;
use super::reads;
use super::records::{Author, Message, Waiting};
use super::turn::{Asker, REQUEST};
use super::wire::ConversationName;
use crate::agent::answer;
use crate::engine::conversation::State;
use crate::engine::effect::Answer;
use crate::engine::id::{AgentId, BotId, ConversationId};
use crate::engine::input::{CustomerVerb, Input, RevivalCause, Sender};
use crate::engine::refusal::Refusal;
use crate::gateway::ConnId;
use crate::gateway::rate::{CUSTOMER_MESSAGES, CUSTOMER_PAGES, TYPING};
use crate::limits::{CLIENT_IDS_KEPT, RECALL_MESSAGES_MAX};
use crate::store::{Admission, ReadError, Snapshot};
use crate::widget::frames::{Frame, FrameFault, RawPage, Request, page_limit};
use crate::widget::project as page;

/// A conversation that is not in the engine's table, as it was read.
pub(super) struct Stored {
    pub(super) card: Option<Card>,
    pub(super) waiting: Option<Waiting>,
    messages: Vec<Message>,
    peer: Option<Peer>,
}

impl Shell {
    pub(super) fn hear_customer(&mut self, conn: ConnId, frame: Result<Frame, FrameFault>) {
        let Some(Event::Customer(conn, frame)) = self.or_wait(conn, Event::Customer(conn, frame)) else {
            return;
        };
        let Some(customer) = self.connections.customer(conn) else { return };
        let visitor = customer.visitor;
        let Frame { id: re, request } = match frame {
            Ok(frame) => frame,
            Err(fault) => return self.refuse(conn, fault.id, fault.code),
        };
        let visitor = match (&request, visitor) {
            (Request::Hello { .. }, _) => return self.hello(conn, re, request),
            // Nothing is said before hello: there is nobody yet who says it.
            (_, None) => return self.refuse(conn, re, Refusal::BadRequest),
            (_, Some(visitor)) => visitor,
        };
        match request {
            Request::Hello { .. } => {}
            Request::Start(start) => self.start(conn, re, visitor, *start),
            Request::Leave(leave) => self.leave_message(conn, re, visitor, *leave),
            Request::Message { client_id, text, conversation } => {
                self.customer_says(conn, re, visitor, client_id, text, conversation);
            }
            Request::Typing { on } => self.customer_types(visitor, on),
            Request::Seen { seq } => self.customer_has_seen(visitor, seq),
            Request::Page { page } => self.customer_moved(conn, re, visitor, &page),
            Request::History { conversation, before, limit } => {
                self.customer_history(conn, re, visitor, conversation, before, page_limit(limit));
            }
            Request::End {} => self.customer_ends(conn, re, visitor),
            Request::Rate { score, comment } => self.rate(conn, re, visitor, score, comment),
            Request::Copy { email } => self.copy_by_mail(conn, re, visitor, email),
        }
    }

    fn customer_says(
        &mut self,
        conn: ConnId,
        re: Option<i64>,
        visitor: u64,
        client_id: String,
        text: String,
        conversation: Option<String>,
    ) {
        let Some(known) = self.visitors.get_mut(visitor) else { return };
        if let Err(wait) = known.messages.take(CUSTOMER_MESSAGES, real_wall_ms().unsigned_abs()) {
            return self.refuse_for(conn, re, wait);
        }
        let open = known.conversation;
        if self.store.admission() >= Admission::StorageFull {
            return self.refuse(conn, re, Refusal::StorageFull);
        }
        let id = match conversation.as_deref().map(ConversationName::parse) {
            None => open,
            Some(Some(named)) => Some(named.0.0),
            Some(None) => None,
        };
        let Some(id) = id else { return self.refuse(conn, re, Refusal::NotFound) };
        if self.is_live(id) {
            if self.cards.get(&id).is_none_or(|card| card.visitor != visitor) {
                return self.refuse(conn, re, Refusal::NotFound);
            }
            if conversation.is_none() && self.has_ended(id) {
                // Named no conversation, and none is open: only a repeat has an answer.
                return self.say_repeat(conn, re, id, client_id, text);
            }
            return self.say_live(conn, re, id, client_id, text);
        }
        let job = move |snapshot: &Snapshot| read_stored(snapshot, id);
        let then = move |shell: &mut Shell, stored| {
            shell.say_stored(conn, re, visitor, id, client_id, text, stored);
        };
        self.read_for(conn, job, then, re);
    }

    fn say_live(&mut self, conn: ConnId, re: Option<i64>, id: u64, client_id: String, text: String) {
        let client = self.keys.client(&client_id);
        self.texts.client_id = Some(client_id);
        let text = self.storable(text);
        let text = self.texts.put(text);
        let verb = CustomerVerb::Message { client, text };
        let input = Input::Customer { request: REQUEST, conversation: ConversationId(id), verb };
        self.turn(input, Some(Asker { conn, re }));
    }

    fn say_repeat(&mut self, conn: ConnId, re: Option<i64>, id: u64, client_id: String, text: String) {
        let client = self.keys.client(&client_id);
        let text = self.texts.put(text);
        let verb = CustomerVerb::Message { client, text };
        let input = Input::Customer { request: REQUEST, conversation: ConversationId(id), verb };
        match self.turn(input, None) {
            Some(Answer::Stored { seq, at_wall_ms }) => {
                self.send(conn, answer::stored(re.unwrap_or_default(), seq, at_wall_ms));
            }
            _ => self.refuse(conn, re, Refusal::NotFound),
        }
    }

    pub(super) fn has_ended(&self, id: u64) -> bool {
        let row = self.engine.conversation(ConversationId(id));
        row.is_some_and(|row| matches!(row.state(), State::WrapUp | State::Closed))
    }

    /// A message for a conversation that was not in the table when it came.
    #[expect(clippy::too_many_arguments, reason = "each is one field of the request")]
    fn say_stored(
        &mut self,
        conn: ConnId,
        re: Option<i64>,
        visitor: u64,
        id: u64,
        client_id: String,
        text: String,
        stored: Stored,
    ) {
        // Meanwhile another window's message may have brought it back.
        if self.is_live(id) && self.cards.get(&id).is_some_and(|card| card.visitor == visitor) {
            return self.say_live(conn, re, id, client_id, text);
        }
        let Some(card) = stored.card.as_ref().filter(|card| card.visitor == visitor) else {
            return self.refuse(conn, re, Refusal::NotFound);
        };
        let repeat = |message: &&Message| {
            message.from == Author::Customer && message.client_id.as_deref() == Some(&client_id)
        };
        // Sent again because its answer was lost: it is stored, and is answered as it was.
        if let Some(first) = stored.messages.iter().find(repeat) {
            return self.send(conn, answer::stored(re.unwrap_or_default(), first.seq, first.at_ms));
        }
        if stored.waiting.is_none() {
            let closed_ms = card.ended_ms.unwrap_or(self.now.wall_ms);
            if let Some(known) = self.visitors.get_mut(visitor)
                && known.conversation == Some(id)
            {
                known.conversation = None;
                known.closed = Some((id, closed_ms));
            }
            return self.send(conn, page::stale(re, "closed"));
        }
        let client = self.keys.client(&client_id);
        self.texts.client_id = Some(client_id);
        let text = self.storable(text);
        let text = self.texts.put(text);
        let cause = RevivalCause::Returned { client, text };
        self.revive(Some(Asker { conn, re }), id, cause, stored);
    }

    /// Brings a parked conversation back without anybody waiting for the answer.
    pub(super) fn bring_back(&mut self, id: u64, cause: RevivalCause) {
        self.bring_back_for(None, id, cause);
    }

    /// Brings a parked conversation back for an agent or supervisor, or by itself.
    pub(super) fn bring_back_for(&mut self, asker: Option<Asker>, id: u64, cause: RevivalCause) {
        let job = move |snapshot: &Snapshot| read_stored(snapshot, id);
        let then = move |shell: &mut Shell, stored: Stored| shell.revive(asker, id, cause, stored);
        match asker {
            Some(asker) => self.read_for(asker.conn, job, then, asker.re),
            None => {
                let sequence = self.watermark();
                let then = move |shell: &mut Shell, stored: Result<Stored, ReadError>| match stored {
                    Ok(stored) => then(shell, stored),
                    Err(error) => log::error!("a parked conversation could not be read: {error:?}"),
                };
                self.readers.clone().spawn(&self.door.clone(), sequence, job, then);
            }
        }
    }

    pub(super) fn revive(&mut self, asker: Option<Asker>, id: u64, cause: RevivalCause, stored: Stored) {
        let known = stored.card.is_some();
        let Stored { card: Some(card), waiting: Some(waiting), messages, peer } = stored else {
            // What is over cannot be acted on any more; what never was cannot either.
            if let Some(asker) = asker {
                self.refuse(asker.conn, asker.re, if known { Refusal::Stale } else { Refusal::NotFound });
            }
            return;
        };
        if self.is_live(id) {
            if let Some(asker) = asker {
                self.refuse(asker.conn, asker.re, Refusal::Stale);
            }
            return;
        }
        let Some(mut seed) = live::seed(id, &waiting.live, &mut self.names) else {
            if let Some(asker) = asker {
                self.refuse(asker.conn, asker.re, Refusal::Unavailable);
            }
            return;
        };
        seed.last_seq = messages.last().map_or(seed.last_seq, |message| message.seq);
        let agent = self.names.agents.row(&waiting.agent).map(AgentId);
        let visitor = card.visitor;
        let recalls = messages.clone();
        self.take_in_hand(card, messages);
        // A message that brings it back has put a newer one there.
        if let Some(peer) = peer {
            self.peers.entry(visitor).or_insert(peer);
        }
        let input = Input::Revival { request: REQUEST, seed: Box::new(seed), agent, cause };
        self.turn(input, asker);
        if !self.is_live(id) && self.cards.get(&id).is_some_and(|card| card.state == "waiting") {
            // Refused: it goes on waiting.
            self.cards.remove(&id);
            self.tails.remove(&id);
            self.rooms.remove(&id);
            self.peers.remove(&visitor);
            return;
        }
        self.forget_waiting(id, &waiting);
        self.recall(id, &recalls);
        if self.cards.get(&id).is_some_and(|card| super::outbound::is_carried(&card.kind)) {
            // She has no page whose opening would make her known: her next message finds the conversation by this.
            self.visitors.entry(visitor);
        }
        if let Some(known) = self.visitors.get_mut(visitor) {
            known.conversation = self.cards.contains_key(&id).then_some(id);
            self.follow_pages(visitor, id);
        }
    }

    /// Tells the engine which messages it has had, so that a repeat is known.
    pub(super) fn recall(&mut self, id: u64, messages: &[Message]) {
        let conversation = ConversationId(id);
        let mut kept: Vec<(Sender, &Message, &str)> = Vec::new();
        for message in messages.iter().rev() {
            let Some(client_id) = message.client_id.as_deref() else { continue };
            let sender = match &message.from {
                Author::Customer => Sender::Customer,
                Author::Agent(username, _) => match self.names.agents.row(username) {
                    Some(row) => Sender::Agent(AgentId(row)),
                    None => continue,
                },
                Author::Bot(name) => match self.names.bots.row(name).and_then(|row| u8::try_from(row).ok()) {
                    Some(row) => Sender::Bot(BotId(row)),
                    None => continue,
                },
                Author::System => continue,
            };
            if kept.iter().filter(|(known, _, _)| *known == sender).count() < CLIENT_IDS_KEPT {
                kept.push((sender, message, client_id));
            }
        }
        for (sender, message, client_id) in kept.into_iter().rev() {
            let client = self.keys.client(client_id);
            let (seq, at_wall_ms) = (message.seq, message.at_ms);
            self.turn(Input::Recall { conversation, sender, client, seq, at_wall_ms }, None);
        }
    }

    fn customer_types(&mut self, visitor: u64, on: bool) {
        let Some(known) = self.visitors.get_mut(visitor) else { return };
        // It has no answer, so one too many is just not passed on.
        if known.typing.take(TYPING, real_wall_ms().unsigned_abs()).is_err() {
            return;
        }
        let Some(id) = self.live_of(visitor) else { return };
        let frame = {
            let Some(card) = self.cards.get(&id) else { return };
            page::typing(id, &self.masker().mask_name(&card.customer.name), on)
        };
        self.send_staff(id, frame, None);
    }

    fn customer_has_seen(&mut self, visitor: u64, seq: u32) {
        let Some(id) = self.live_of(visitor) else { return };
        let last_seq = self.engine.conversation(ConversationId(id)).map_or(0, |row| row.last_seq);
        let Some(card) = self.cards.get_mut(&id) else { return };
        if seq <= card.seen_by_customer || seq > last_seq {
            return;
        }
        // Written with the card's next reason to be: a mark of reading is not worth a write of its own.
        card.seen_by_customer = seq;
        let frame = page::seen(id, seq);
        self.send_staff(id, frame, None);
    }

    /// She is on another page without having loaded it. Her chat begins there if it has not begun; if it has, its
    /// agents see her way.
    fn customer_moved(&mut self, conn: ConnId, re: Option<i64>, visitor: u64, page: &RawPage) {
        let Some(known) = self.visitors.get_mut(visitor) else { return };
        // Each is a record of its own; a page that changes its address in a loop must not wear the disk.
        if let Err(wait) = known.pages.take(CUSTOMER_PAGES, real_wall_ms().unsigned_abs()) {
            return self.refuse_for(conn, re, wait);
        }
        known.page = page.kept();
        known.seconds_on_page = page.seconds_whole();
        known.recent_pages = page.recent();
        if let Some(id) = self.live_of(visitor) {
            self.follow_pages(visitor, id);
        }
    }

    fn customer_history(
        &mut self,
        conn: ConnId,
        re: Option<i64>,
        visitor: u64,
        conversation: Option<String>,
        before: Option<u32>,
        limit: usize,
    ) {
        let known = self.visitors.get(visitor);
        let own = known.and_then(|known| known.conversation.or(known.closed.map(|(id, _)| id)));
        let id = match conversation.as_deref().map(ConversationName::parse) {
            None => own,
            Some(named) => named.map(|named| named.0.0),
        };
        let Some(id) = id else { return self.refuse(conn, re, Refusal::NotFound) };
        let job = move |snapshot: &Snapshot| {
            let hers = reads::card(snapshot, id)?.is_some_and(|card| card.visitor == visitor);
            if hers { reads::messages(snapshot, id, before, limit).map(Some) } else { Ok(None) }
        };
        let then = move |shell: &mut Shell, found: Option<(Vec<Message>, bool)>| match found {
            Some((messages, more)) => {
                shell.send(conn, page::history(re.unwrap_or_default(), id, &messages, more));
            }
            None => shell.refuse(conn, re, Refusal::NotFound),
        };
        self.read_for(conn, job, then, re);
    }

    fn customer_ends(&mut self, conn: ConnId, re: Option<i64>, visitor: u64) {
        let Some(known) = self.visitors.get(visitor) else { return };
        // Open, parked, closed or none: a persistent one is never hers to end (S0-6).
        if self.workstream_of(&known.widget).is_some_and(|workstream| workstream.is_persistent()) {
            return self.refuse(conn, re, Refusal::NotAllowed);
        }
        match (known.conversation, known.closed) {
            (Some(id), _) if self.is_live(id) => {
                let verb = CustomerVerb::End;
                let input = Input::Customer { request: REQUEST, conversation: ConversationId(id), verb };
                self.turn(input, Some(Asker { conn, re }));
            }
            (Some(_), _) => self.refuse(conn, re, Refusal::NotAllowed),
            (None, Some(_)) => self.send(conn, page::stale(re, "closed")),
            (None, None) => self.refuse(conn, re, Refusal::NotFound),
        }
    }

    /// A visitor's conversation in the engine's table.
    pub(super) fn live_of(&self, visitor: u64) -> Option<u64> {
        self.visitors.get(visitor)?.conversation.filter(|id| self.is_live(*id))
    }
}

pub(super) fn read_stored(snapshot: &Snapshot, id: u64) -> Result<Stored, ReadError> {
    let (messages, _) = reads::messages(snapshot, id, None, RECALL_MESSAGES_MAX)?;
    let card = reads::card(snapshot, id)?;
    let peer = match &card {
        Some(card) => reads::peer(snapshot, card)?,
        None => None,
    };
    Ok(Stored { card, waiting: reads::waiting(snapshot, id)?, messages, peer })
}
