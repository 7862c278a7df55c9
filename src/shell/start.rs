//! New conversations: from the widget, left as a message, brought in as work items.

use super::Shell;
use super::card::{Card, ContextValue, Customer, DEVICE, context_bytes};
use super::clock::real_wall_ms;
use super::hours::Entrance;
use super::keys::random;
use super::reads;
use super::records::Offline;
use super::turn::{Asker, REQUEST, Room};
use super::words;
use crate::desk::widget::{Device, PrechatKind};
use crate::desk::words::Word;
use crate::desk::{Consent, Id, Localized, TextKey, Workstream};
use crate::engine::conversation::State;
use crate::engine::effect::Answer;
use crate::engine::id::{AgentId, ConversationId, QueueId, WorkstreamId};
use crate::engine::input::{Arrival, Input};
use crate::engine::refusal::Refusal;
use crate::gateway::ConnId;
use crate::gateway::rate::{CUSTOMER_MESSAGES, CUSTOMER_STARTS};
use crate::limits::{CONTEXT_BYTES_MAX, CONTEXT_KEYS_MAX, MESSAGE_BYTES_MAX, MESSAGE_CHARS_MAX};
use crate::store::{Admission, Table};
use crate::widget::frames::{Leave, Start, recent};
use crate::widget::project as page;
use serde_json::{Map, Value};

/// What the box itself knows stands among the context variables (S1-13), unless the page has its own of that name or
/// they are full.
fn add(context: &mut Vec<(String, ContextValue)>, key: &str, value: ContextValue) {
    if context.len() < CONTEXT_KEYS_MAX && context.iter().all(|(known, _)| known != key) {
        context.push((key.to_owned(), value));
    }
}

/// Variables with others over them, as many as are kept by number and bytes: what lies above is the last to go.
pub(super) fn laid_over(mut below: Variables, above: &[(String, ContextValue)]) -> Variables {
    below.retain(|(key, _)| above.iter().all(|(other, _)| other != key));
    below.truncate(CONTEXT_KEYS_MAX.saturating_sub(above.len()));
    let room = CONTEXT_BYTES_MAX.saturating_sub(context_bytes(above));
    while context_bytes(&below) > room {
        below.pop();
    }
    below.extend_from_slice(above);
    below
}

type Variables = Vec<(String, ContextValue)>;

/// Time on the page.
fn add_seconds_on_page(context: &mut Vec<(String, ContextValue)>, seconds: f64) {
    add(context, "seconds_on_page", ContextValue::Number(seconds));
}

/// Stands for the rule where the page invited by itself.
const OF_THE_PAGE: &str = "page";

/// Kind of device: what `{device}` stands for.
pub(super) fn add_device(context: &mut Vec<(String, ContextValue)>, device: Device) {
    add(context, DEVICE, ContextValue::Text(device.word().to_owned()));
}

impl Shell {
    pub(super) fn start(&mut self, conn: ConnId, re: Option<i64>, visitor: u64, start: Start) {
        let Some(known) = self.visitors.get(visitor) else { return };
        // A double click, or two windows: one conversation.
        if let Some(open) = known.conversation.filter(|id| self.is_open(*id)) {
            return self.send(conn, page::started(re.unwrap_or_default(), open));
        }
        let widget = known.widget.clone();
        // Begun and ended in a loop it would ring every agent without end.
        let taken = self
            .visitors
            .get_mut(visitor)
            .map(|known| known.starts.take(CUSTOMER_STARTS, real_wall_ms().unsigned_abs()));
        if let Some(Err(wait)) = taken {
            return self.refuse_for(conn, re, wait);
        }
        let Some(workstream) = self.workstream_of(&widget) else {
            return self.refuse(conn, re, Refusal::NotFound);
        };
        // The widget's own hours; those of the workstream are the engine's to judge.
        if !workstream.is_persistent()
            && !self.daytime().is_open(&Entrance::through(&self.desk, &widget, &workstream))
        {
            return self.refuse_closed(conn, re);
        }
        let mut card = match self.card_of(visitor, &widget, &workstream, &start) {
            Ok(card) => card,
            Err(refusal) => return self.refuse(conn, re, refusal),
        };
        if let Some(known) = self.visitors.get_mut(visitor).filter(|_| !start.path.is_empty()) {
            known.recent_pages = recent(&start.path);
        }
        if self.desk.consent == Consent::Required && start.consent != Some(true) {
            return self.refuse(conn, re, Refusal::ConsentRequired);
        }
        let accepted = match &start.invite {
            Some(invite) => match self.accepted_invite(&widget, invite) {
                Ok(accepted) => Some(accepted),
                Err(refusal) => return self.refuse(conn, re, refusal),
            },
            None => None,
        };
        if start.proactive == Some(true) {
            card.proactive = Some(OF_THE_PAGE.to_owned());
        }
        if let Some(accepted) = &accepted {
            card.proactive = Some(accepted.rule.clone());
            if let Some(seconds) = accepted.seconds_on_page {
                add_seconds_on_page(&mut card.context, seconds);
            }
        }
        if let Some(known) = self.visitors.get(visitor) {
            card.set_recent_pages(&known.recent_pages);
        }
        if let Some(refusal) = self.no_room() {
            return self.refuse(conn, re, refusal);
        }
        let comment = card.comment.clone();
        let given = self.arrive(card, comment, None, false, Some(Asker { conn, re }));
        if let (Some(accepted), Some(Answer::Started(_))) = (accepted, given) {
            self.spend_invite(&accepted);
        }
    }

    /// She has gone on to another page in the middle of a chat: its agents see it. After the end she is followed no
    /// more.
    pub(super) fn follow_pages(&mut self, visitor: u64, id: u64) {
        let Some(pages) = self.visitors.get(visitor).map(|known| known.recent_pages.clone()) else { return };
        if !self.is_open(id) {
            return;
        }
        let Some(card) = self.cards.get_mut(&id) else { return };
        if card.set_recent_pages(&pages) {
            self.card_changed(id);
            self.tell_session(id);
        }
    }

    /// A message left while nobody is there (D-19).
    pub(super) fn leave_message(&mut self, conn: ConnId, re: Option<i64>, visitor: u64, leave: Leave) {
        let Some(known) = self.visitors.get_mut(visitor) else { return };
        // Each takes a place in the table until it is answered.
        if let Err(wait) = known.messages.take(CUSTOMER_MESSAGES, real_wall_ms().unsigned_abs()) {
            return self.refuse_for(conn, re, wait);
        }
        let Some(known) = self.visitors.get(visitor) else { return };
        let widget = known.widget.clone();
        let Some(workstream) = self.workstream_of(&widget) else {
            return self.refuse(conn, re, Refusal::NotFound);
        };
        let now_ms = self.now.wall_ms;
        let entrance = Entrance::through(&self.desk, &widget, &workstream);
        let open = self.daytime().is_open(&entrance);
        let somebody = self.somebody_there(&workstream);
        if workstream.is_persistent() || !workstream.offline_message || (open && somebody) {
            return self.refuse(conn, re, Refusal::NotAllowed);
        }
        if leave.email.is_none() && leave.phone.is_none() && known.customer.email.is_empty() {
            return self.refuse(conn, re, Refusal::BadRequest);
        }
        if self.desk.consent == Consent::Required && leave.consent != Some(true) {
            return self.refuse(conn, re, Refusal::ConsentRequired);
        }
        if let Some(refusal) = self.no_room() {
            return self.refuse(conn, re, refusal);
        }
        let start = Start { name: leave.name, email: leave.email, phone: leave.phone, ..Start::default() };
        let mut card = match self.card_of(visitor, &widget, &workstream, &Start { answers: None, ..start }) {
            Ok(card) => card,
            Err(Refusal::BadRequest) => self.bare_card(visitor, &widget, &workstream),
            Err(refusal) => return self.refuse(conn, re, refusal),
        };
        // Its visitor goes away: what comes of it reaches her another way.
        card.visitor = 0;
        let text = self.storable(leave.text);
        card.comment = Some(text.clone());
        let language = card.customer.locale.clone();
        let Some(Answer::Started(id)) = self.arrive(card, Some(text), None, true, None) else {
            return self.refuse(conn, re, Refusal::Full);
        };
        let reference = format!("{:08}", id.0 % 100_000_000);
        let record = Offline { at_ms: now_ms, reference: reference.clone() };
        self.put(Table::Offline, &id.0.to_be_bytes(), &record);
        let extra = words::Extra { reference: Some(&reference), ..words::Extra::default() };
        let shown =
            Card { customer: Customer { locale: language, ..Customer::default() }, ..Card::default() };
        let text = words::text(&self.desk, &workstream, &shown, TextKey::OfflineReceived, &extra, now_ms);
        let from = self.daytime().opens_at(&Entrance::through(&self.desk, &widget, &workstream));
        self.send(conn, page::left(re.unwrap_or_default(), &reference, from, &text));
    }

    /// Puts new work before the engine. The card is taken in hand first: what the engine says at once already
    /// speaks of it.
    pub(super) fn arrive(
        &mut self,
        mut card: Card,
        comment: Option<String>,
        preferred: Option<AgentId>,
        left: bool,
        asker: Option<Asker>,
    ) -> Option<Answer> {
        let workstream = self.names.workstreams.row(&card.workstream).map(WorkstreamId)?;
        let kind = self.engine.desk().workstream(workstream)?.kind;
        // Only another queue than the workstream's is said: a recording told again under another desk follows that one.
        let own = self.engine.desk().workstream(workstream).map(|settings| settings.queue);
        let queue = self.names.queues.row(&card.queue).map(QueueId).filter(|queue| Some(*queue) != own);
        let id = self.new_number();
        card.id = id;
        card.started_ms = self.now.wall_ms;
        card.state = State::Open.name().to_owned();
        card.contact = card.contact.or_else(|| self.contacts.find(&card.customer));
        let visitor = card.visitor;
        self.make_storable(&mut card);
        self.cards.insert(id, card);
        self.tails.insert(id, super::tail::Tail::default());
        self.rooms.insert(id, Room { shown: Some(("open", None)), ..Room::default() });
        let before = self.visitors.get_mut(visitor).map(|known| known.conversation.replace(id));
        let comment = comment.map(|text| self.storable(text)).map(|text| self.texts.put(text));
        let conversation = ConversationId(id);
        let arrival = Arrival { conversation, workstream, queue, kind, comment, preferred, left };
        let given = self.turn(Input::Arrival { request: REQUEST, arrival }, asker);
        if matches!(given, Some(Answer::Started(_))) {
            // In this very batch, so that a list never lacks what is in the table.
            self.keep_new(id);
            self.take_bots_turn();
        } else {
            self.cards.remove(&id);
            self.tails.remove(&id);
            self.rooms.remove(&id);
            if let Some(known) = self.visitors.get_mut(visitor) {
                known.conversation = before.flatten();
            }
        }
        given
    }

    /// A conversation's number: the product clock's millisecond and random bits, always above the last.
    fn new_number(&mut self) -> u64 {
        let drawn = reads::number_at(self.now.wall_ms) | (random() & ((1 << reads::RANDOM_BITS) - 1));
        let number = drawn.max(self.last_conversation + 1);
        self.last_conversation = number;
        number
    }

    /// Is it open, in the table or parked?
    fn is_open(&self, id: u64) -> bool {
        match self.engine.conversation(ConversationId(id)) {
            Some(row) => !matches!(row.state(), State::WrapUp | State::Closed),
            // Not in the table and not known to be closed: parked.
            None => true,
        }
    }

    /// Nothing new may come in for want of room.
    pub(super) fn no_room(&self) -> Option<Refusal> {
        match self.store.admission() {
            Admission::Open => None,
            Admission::RingLow => Some(Refusal::Full),
            Admission::StorageLow | Admission::StorageFull => Some(Refusal::StorageFull),
        }
    }

    /// Is any member of a workstream's queue connected?
    pub(super) fn somebody_there(&self, workstream: &Workstream) -> bool {
        let queue = self.names.queues.row(workstream.queue.as_str());
        let members = queue.and_then(|row| self.engine.desk().queues.get(usize::from(row)));
        members.is_some_and(|queue| queue.members.iter().any(|agent| self.connections.has_agent(*agent)))
    }

    fn bare_card(&self, visitor: u64, widget: &str, workstream: &Workstream) -> Card {
        let known = self.visitors.get(visitor);
        Card {
            workstream: workstream.id.to_string(),
            queue: workstream.queue.to_string(),
            kind: workstream.channel.work_item_kind().to_owned(),
            persistent: workstream.is_persistent(),
            widget: Some(widget.to_owned()),
            visitor,
            customer: known.map(|known| known.customer.clone()).unwrap_or_default(),
            page: known.map(|known| known.page.clone()).filter(|page| !page.url.is_empty()),
            context: known.map(|known| known.context.clone()).unwrap_or_default(),
            ..Card::default()
        }
    }

    fn card_of(
        &self,
        visitor: u64,
        widget: &str,
        workstream: &Workstream,
        start: &Start,
    ) -> Result<Card, Refusal> {
        let mut card = self.bare_card(visitor, widget, workstream);
        // Who was proved is not renamed by what she types.
        let proved = card.customer.sub.is_some();
        let set = |field: &mut String, given: &Option<String>| {
            if let Some(given) = given
                && (!proved || field.is_empty())
            {
                field.clone_from(given);
            }
        };
        set(&mut card.customer.name, &start.name);
        set(&mut card.customer.email, &start.email);
        set(&mut card.customer.phone, &start.phone);
        let said = crate::widget::frames::context(start.context.as_ref())?;
        card.context = laid_over(std::mem::take(&mut card.context), &said);
        // What was signed stands; what the box adds never takes the place of what the page says.
        if let Some(known) = self.visitors.get(visitor) {
            let signed = &known.context[known.context.len() - known.signed..];
            card.context = laid_over(std::mem::take(&mut card.context), signed);
            if let Some(seconds) = known.seconds_on_page {
                add_seconds_on_page(&mut card.context, seconds);
            }
            if let Some(device) = known.device {
                add_device(&mut card.context, device);
            }
        }
        card.comment.clone_from(&start.comment);
        card.answers = answers(start.answers.as_ref())?;
        self.check_questions(widget, &mut card, start)?;
        Ok(card)
    }

    /// The questions before the chat: required ones are answered, choices are among the options.
    fn check_questions(&self, widget: &str, card: &mut Card, start: &Start) -> Result<(), Refusal> {
        let Some(widget) = self.desk.widget(widget) else { return Err(Refusal::NotFound) };
        card.answers.retain(|(id, _)| widget.prechat.iter().any(|question| question.id == **id));
        for question in &widget.prechat {
            let id = question.id.as_str();
            let given = card.answers.iter().find(|(name, _)| name == id).map(|(_, answer)| answer.clone());
            let given = given.filter(|answer| !answer.trim().is_empty()).or_else(|| match id {
                "comment" => start.comment.clone(),
                "name" => some(&card.customer.name),
                "email" => some(&card.customer.email),
                "phone" => some(&card.customer.phone),
                _ => None,
            });
            if given.is_none() && question.required {
                return Err(Refusal::BadRequest);
            }
            let Some(given) = given else { continue };
            // In whatever language she was asked.
            let offered = |option: &Localized| option.iter().any(|(_, text)| *text == given);
            if question.kind == PrechatKind::Choice && !question.options.iter().any(offered) {
                return Err(Refusal::BadRequest);
            }
            // The first message may be asked for as a question of that name.
            if id == "comment" && card.comment.is_none() {
                card.comment = crate::shell::text::comment(Some(&given))?.map(Into::into);
            }
            match id {
                "name" if card.customer.name.is_empty() => card.customer.name = given,
                "email" if card.customer.email.is_empty() => card.customer.email = given,
                "phone" if card.customer.phone.is_empty() => card.customer.phone = given,
                _ => {}
            }
        }
        Ok(())
    }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// Answers by the id of their question: texts, within the limits of a message. How many and how much of them in all was
/// judged as the frame was read.
fn answers(map: Option<&Map<String, Value>>) -> Result<Vec<(String, String)>, Refusal> {
    let Some(map) = map else { return Ok(Vec::new()) };
    let mut kept = Vec::with_capacity(map.len());
    for (id, value) in map {
        let Value::String(answer) = value else { return Err(Refusal::BadRequest) };
        if answer.len() > MESSAGE_BYTES_MAX || answer.chars().count() > MESSAGE_CHARS_MAX {
            return Err(Refusal::TooLong);
        }
        if answer.chars().any(|c| c.is_control() && c != '\n' && c != '\r' && c != '\t') {
            return Err(Refusal::BadRequest);
        }
        kept.push((id.clone(), answer.replace("\r\n", "\n")));
    }
    Ok(kept)
}

/// Attributes of a work item, as context.
pub(super) fn attributes(map: &Map<String, Value>) -> Result<Vec<(String, ContextValue)>, Refusal> {
    crate::widget::frames::context(Some(map))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(of: &str, count: usize, bytes: usize) -> Variables {
        (0..count).map(|n| (format!("{of}{n}"), ContextValue::Text("v".repeat(bytes)))).collect()
    }

    #[test]
    fn what_lies_above_is_kept_and_below_it_what_there_is_room_for() {
        let above = variables("a", 2, 10);
        let mut below = variables("b", 2, 10);
        below.push(("a1".to_owned(), ContextValue::Flag(true)));
        let laid = laid_over(below, &above);
        assert_eq!(laid.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ["b0", "b1", "a0", "a1"]);
        // By number, and by bytes.
        let few = laid_over(variables("b", CONTEXT_KEYS_MAX, 1), &above);
        assert_eq!((few.len(), &few[CONTEXT_KEYS_MAX - 2..]), (CONTEXT_KEYS_MAX, &above[..]));
        let (below, above) = (variables("b", 7, 500), variables("a", 7, 500));
        let little = laid_over(below, &above);
        assert_eq!((little.len(), &little[1..]), (8, &above[..]));
        assert!(context_bytes(&little) <= CONTEXT_BYTES_MAX);
    }
}
