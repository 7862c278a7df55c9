//! Conversations found by a search, as staff may see them (REQ B-11, D-15).

use serde::Serialize;

use super::customer::initials;
use super::pack::{Object, encode};
use super::project::{Named, View};
use crate::engine::id::ConversationId;
use crate::limits::{HEADING_CHARS_MAX, NOTIFICATION_VALUE_CHARS_MAX};
use crate::masking::Field;
use crate::shell::records::Author;
use crate::shell::search::{Findings, Hit, Passage};
use crate::shell::wire::{ContactName, ConversationName, Stamp};

#[derive(Serialize)]
struct FoundBody<'a> {
    id: ConversationName,
    started: Stamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<Stamp>,
    state: &'a str,
    work_item_kind: &'a str,
    workstream: Named<'a>,
    queue: Named<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<Named<'a>>,
    customer: CustomerName,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact: Option<ContactName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rating: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    passage: Option<PassageBody<'a>>,
}

#[derive(Serialize)]
struct CustomerName {
    name: String,
    initials: String,
}

#[derive(Serialize)]
struct PassageBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u32>,
    /// `customer`, `agent`, `bot`; none for what stands on the card or in a note.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    text: String,
}

impl View<'_> {
    /// `GET /api/v1/conversations`.
    pub fn found(&self, found: &Findings, tracing: bool, words: &[String]) -> String {
        let rows: Vec<String> = found.hits.iter().map(|hit| encode(&self.found_row(hit, words))).collect();
        let next = found.next.map(|next| ConversationName(ConversationId(next)));
        Object::new()
            .list("rows", &rows)
            .field("more", &next.is_some())
            .field("next", &next)
            .field("searched_to", &found.searched_to_ms.map(Stamp))
            .field("incomplete", &tracing)
            .finish()
    }

    fn found_row<'h>(&'h self, hit: &'h Hit, words: &[String]) -> FoundBody<'h> {
        let card = &hit.card;
        let name = self.customer_name(card);
        FoundBody {
            id: ConversationName(ConversationId(card.id)),
            started: Stamp(card.started_ms),
            ended: card.ended_ms.map(Stamp),
            state: &card.state,
            work_item_kind: &card.kind,
            workstream: self.workstream_named(&card.workstream),
            queue: self.queue_named(&card.queue),
            agent: card.agent.as_deref().map(|agent| self.agent_named(agent)),
            customer: CustomerName { initials: initials(&name), name },
            contact: card.contact.map(ContactName),
            title: card.comment.as_deref().map(|text| self.line(Field::Text, text, HEADING_CHARS_MAX)),
            rating: card.rating.as_ref().map(|(score, _)| *score),
            passage: hit.passage.as_ref().map(|passage| passage_body(passage, words)),
        }
    }
}

fn passage_body<'p>(passage: &'p Passage, words: &[String]) -> PassageBody<'p> {
    let (from, name) = match passage.message.as_ref().map(|(_, from)| from) {
        None | Some(Author::System) => (None, None),
        Some(Author::Customer) => (Some("customer"), None),
        Some(Author::Agent(_, name)) => (Some("agent"), Some(&**name)),
        Some(Author::Bot(name)) => (Some("bot"), Some(&**name)),
    };
    PassageBody {
        seq: passage.message.as_ref().map(|(seq, _)| *seq),
        from,
        name,
        text: cut_around(&passage.text, words, NOTIFICATION_VALUE_CHARS_MAX),
    }
}

/// At most `chars_max` characters of a masked text, on one line, around the first word that was looked for.
fn cut_around(text: &str, words: &[String], chars_max: usize) -> String {
    let line: Vec<&str> = text.split_whitespace().collect();
    let holds = |part: &&str| crate::finding::words::matches(part, words) != 0;
    let at = line.iter().position(holds).unwrap_or(0);
    // A few words before it, so that it stands in a sentence.
    let begin = at.saturating_sub(8);
    let mut cut = if begin > 0 { "… ".to_owned() } else { String::new() };
    for (n, part) in line[begin..].iter().enumerate() {
        let room = chars_max.saturating_sub(cut.chars().count());
        if part.chars().count() + 1 > room {
            cut.extend(part.chars().take(if n == 0 { room } else { 0 }));
            cut.push('…');
            break;
        }
        if n > 0 {
            cut.push(' ');
        }
        cut.push_str(part);
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_passage_is_cut_around_the_word() {
        let text = format!("{} the lamp {}", "before ".repeat(60), "after ".repeat(60));
        let cut = cut_around(&text, &["lamp".to_owned()], 80);
        assert!(cut.starts_with("… before") && cut.contains("the lamp after") && cut.ends_with('…'), "{cut}");
        assert!(cut.chars().count() <= 82, "{cut}");
        assert_eq!(cut_around("one\ntwo", &["two".to_owned()], 80), "one two");
        assert_eq!(cut_around(&"x".repeat(500), &[], 80).chars().count(), 81);
    }
}
