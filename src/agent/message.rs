//! Messages as staff see them: masked, their own too (REQ S3-11, S3-12, D-15), and the answers that carry pages of them.

use serde::Serialize;
use std::borrow::Cow;
use std::collections::BTreeMap;

use super::pack::{Object, array, encode, fitting};
use super::project::View;
use crate::channels::sms::segments;
use crate::engine::id::{AgentId, ConversationId};
use crate::shell::card::Card;
use crate::shell::outbound::records::Delivery;
use crate::shell::records::{Author, Message, Note};
use crate::shell::wire::{ConversationName, Stamp};

/// A message.
#[derive(Clone, Debug, Serialize)]
struct MessageBody<'a> {
    conversation: ConversationName,
    seq: u32,
    at: Stamp,
    from: From<'a>,
    text: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    /// Of agents only: it tells a page which of its own messages has arrived. A customer's is her page's affair, and
    /// may hold anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
    /// What became of it, where it left the box.
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery: Option<DeliveryBody<'a>>,
    /// Something in it is hidden; there is a point in `reveal`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    masked: bool,
}

/// What became of a message that left the box.
#[derive(Clone, Debug, Serialize)]
struct DeliveryBody<'a> {
    state: &'static str,
    at: Stamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    /// Segments it takes as a text message.
    segments: usize,
}

#[derive(Clone, Debug, Serialize)]
struct From<'a> {
    kind: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    name: Cow<'a, str>,
    /// Username, for an agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<&'a str>,
}

#[derive(Serialize)]
struct NoteBody<'a> {
    at: Stamp,
    by: super::project::Named<'a>,
    text: Cow<'a, str>,
}

/// A page of messages, oldest first, for `history`.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// What is known of the conversation.
    pub card: &'a Card,
    /// The page.
    pub messages: &'a [Message],
    /// There are older ones.
    pub more: bool,
    /// With the newest page: the notes, oldest first. Details of the customer's page come with it too.
    pub notes: Option<&'a [Note]>,
}

/// Messages of one conversation, oldest first, for `sync`.
#[derive(Clone, Copy, Debug)]
pub struct Missed<'a> {
    /// Which conversation.
    pub conversation: ConversationId,
    /// What is known of it.
    pub card: &'a Card,
    /// What was missed, as far as it was read.
    pub messages: &'a [Message],
    /// Was there more than was read?
    pub more: bool,
}

impl View<'_> {
    /// A `message` frame.
    pub fn message(&self, card: &Card, message: &Message) -> String {
        let name = self.name(&card.customer.name);
        let mut frame = Object::frame("message");
        frame.fields(&self.message_body(ConversationId(card.id), &name, message)).finish()
    }

    /// A `delivery` frame: what has become of a message that left the box.
    pub fn delivery(conversation: ConversationId, seq: u32, delivery: &Delivery) -> String {
        let mut frame = Object::frame("delivery");
        frame.field("conversation", &ConversationName(conversation)).field("seq", &seq);
        frame.field("state", delivery.state.name()).field("at", &Stamp(delivery.at_ms));
        if let Some(detail) = &delivery.detail {
            frame.field("detail", detail);
        }
        frame.finish()
    }

    /// A `typing` frame: the customer is writing, or has stopped.
    pub fn typing(&self, conversation: ConversationId, card: &Card, on: bool) -> String {
        typing(conversation, &self.name(&card.customer.name), on)
    }

    /// A `typing` frame: a colleague in the same conference is writing, or has stopped.
    pub fn colleague_typing(&self, conversation: ConversationId, colleague: AgentId, on: bool) -> String {
        typing(conversation, self.agent(colleague).name, on)
    }

    /// A `seen` frame: the customer has read up to this message.
    pub fn seen(&self, conversation: ConversationId, seq: u32) -> String {
        Object::frame("seen")
            .field("conversation", &ConversationName(conversation))
            .field("seq", &seq)
            .finish()
    }

    /// A message as it stands in lists.
    pub(super) fn message_json(&self, id: ConversationId, customer: &str, message: &Message) -> String {
        encode(&self.message_body(id, customer, message))
    }

    fn message_body<'m>(
        &self,
        id: ConversationId,
        customer: &'m str,
        message: &'m Message,
    ) -> MessageBody<'m> {
        let text = self.text(&message.text);
        let (from, client_id) = match &message.from {
            Author::Customer => (From { kind: "customer", name: customer.into(), agent: None }, None),
            Author::Agent(username, name) => {
                let from = From { kind: "agent", name: name.into(), agent: Some(username) };
                (from, message.client_id.as_deref())
            }
            Author::Bot(name) => (From { kind: "bot", name: name.into(), agent: None }, None),
            Author::System => (From { kind: "system", name: "".into(), agent: None }, None),
        };
        MessageBody {
            conversation: ConversationName(id),
            seq: message.seq,
            at: Stamp(message.at_ms),
            from,
            masked: text != message.text,
            text,
            code: message.code.as_deref(),
            client_id,
            delivery: message.delivery.as_ref().map(|delivery| DeliveryBody {
                state: delivery.state.name(),
                at: Stamp(delivery.at_ms),
                detail: delivery.detail.as_deref(),
                segments: segments::count(&message.text).count,
            }),
        }
    }

    /// Answers `history`. Where all does not fit, the oldest messages are left out and `more` is true.
    pub fn history(&self, re: i64, page: Page<'_>) -> String {
        let Page { card, messages, more, notes } = page;
        let mut answer = super::answer::begin(Some(re));
        if let Some(notes) = notes {
            answer.fields(&self.details(card));
            let notes: Vec<String> = notes.iter().map(|note| encode(&self.note_body(note))).collect();
            // Half the frame at most: notes are read beside the messages, not instead of them.
            let dropped = notes.len() - fitting(notes.iter().rev(), answer.room() / 2);
            answer.list("notes", &notes[dropped..]);
        }
        let name = self.name(&card.customer.name);
        let json = |message| self.message_json(ConversationId(card.id), &name, message);
        let all: Vec<String> = messages.iter().map(json).collect();
        let dropped = all.len() - fitting(all.iter().rev(), answer.room());
        answer.list("messages", &all[dropped..]).field("more", &(more || dropped > 0)).finish()
    }

    /// Answers `sync`: what was missed of each conversation, the oldest first; where all does not fit, the newest are
    /// left out and the conversation stands in `more`.
    pub fn missed(&self, re: i64, conversations: &[Missed<'_>]) -> String {
        let mut answer = super::answer::begin(Some(re));
        let mut more: BTreeMap<String, bool> = BTreeMap::new();
        // Every conversation may have to be named in `more`.
        let mut room = answer.room().saturating_sub(conversations.len() * MORE_BYTES);
        let mut messages: Vec<String> = Vec::new();
        for missed in conversations {
            let name = self.name(&missed.card.customer.name);
            let mut all = missed.messages.iter();
            let fits = all.by_ref().map_while(|message| {
                let json = self.message_json(missed.conversation, &name, message);
                super::pack::take(&mut room, json.len() + 1).then_some(json)
            });
            let before = messages.len();
            messages.extend(fits);
            if missed.more || messages.len() - before < missed.messages.len() {
                more.insert(ConversationName(missed.conversation).to_string(), true);
            }
        }
        answer.raw("messages", &array(&messages)).field("more", &more).finish()
    }

    /// A `note` frame: a note was added.
    pub fn note(&self, conversation: ConversationId, note: &Note) -> String {
        let mut frame = Object::frame("note");
        frame.field("conversation", &ConversationName(conversation)).fields(&self.note_body(note)).finish()
    }

    /// Answers `note`.
    pub fn noted(&self, re: i64, note: &Note) -> String {
        super::answer::begin(Some(re)).fields(&self.note_body(note)).finish()
    }

    fn note_body<'n>(&self, note: &'n Note) -> NoteBody<'n> {
        let (id, name) = &note.by;
        NoteBody {
            at: Stamp(note.at_ms),
            by: super::project::Named { id, name },
            text: self.text(&note.text),
        }
    }
}

fn typing(conversation: ConversationId, name: &str, on: bool) -> String {
    let mut frame = Object::frame("typing");
    frame.field("conversation", &ConversationName(conversation)).field("name", name).field("on", &on).finish()
}

/// Bytes of one conversation in `more`.
const MORE_BYTES: usize = 32;
