//! A conversation as a page to print or save, for staff: masked, without a script, readable on paper (REQ B-11, D-15).

use std::fmt::Write;

use super::project::View;
use crate::engine::id::ConversationId;
use crate::shell::card::Card;
use crate::shell::records::{Author, Message};
use crate::shell::wire::{ConversationName, Stamp};
use crate::web::words::word;
use jiff::Timestamp;
use jiff::tz::TimeZone;

impl View<'_> {
    /// The page, in one of the languages there are words in. Times are those on the branch's wall.
    pub fn transcript(&self, language: &str, card: &Card, messages: &[Message], more: bool) -> String {
        let word = |key| word(language, key);
        let zone = self.world.desk.hours.first().map_or(TimeZone::UTC, |hours| hours.zone.rules().clone());
        let at = |ms: i64, format: &str| {
            let at = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
            at.to_zoned(zone.clone()).strftime(format).to_string()
        };
        const FULL: &str = "%Y-%m-%d %H:%M";
        let name = self.customer_name(card);
        let id = ConversationName(ConversationId(card.id));
        let heading = if name.is_empty() { id.to_string() } else { name.clone() };
        let mut facts = vec![
            (word("conversation"), id.to_string()),
            (word("workstream"), self.workstream_named(&card.workstream).name.to_owned()),
            (word("queue"), self.queue_named(&card.queue).name.to_owned()),
            (word("received"), at(card.started_ms, FULL)),
        ];
        facts.extend(card.ended_ms.map(|ended_ms| (word("ended"), at(ended_ms, FULL))));
        let agents: Vec<_> = card.agents.iter().map(|agent| self.agent_named(agent).name).collect();
        if !agents.is_empty() {
            facts.push((word("agents"), agents.join(", ")));
        }
        facts.extend(card.comment.as_deref().map(|about| (word("about"), self.text(about).into_owned())));
        let of_five = |score: u8| word("rating_of").replace("{n}", &score.to_string());
        facts.extend(card.rating.as_ref().map(|(score, _)| (word("rating"), of_five(*score))));
        let mut page = String::with_capacity(4096 + messages.len() * 256);
        let title = escaped(&heading);
        let _ = write!(
            page,
            "<!doctype html>\n<html lang=\"{}\">\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title} · {}</title>\n\
             <link rel=\"stylesheet\" href=\"/web/tokens.css\">\n\
             <link rel=\"stylesheet\" href=\"/agent/transcript.css\">\n<main>\n<h1>{title}</h1>\n<p>{}</p>\n<dl>\n",
            language,
            escaped(&self.world.desk.name),
            escaped(&self.world.desk.name),
        );
        for (term, value) in facts {
            let _ = writeln!(page, "<div><dt>{}</dt><dd>{}</dd></div>", escaped(term), escaped(&value));
        }
        page.push_str("</dl>\n");
        if let Some(first) = messages.first().filter(|_| more) {
            let link = format!("?lang={language}&amp;before={}", first.seq);
            let _ = writeln!(page, "<p><a href=\"{link}\">{}</a></p>", escaped(word("earlier")));
        }
        page.push_str("<ol>\n");
        let mut day = String::new();
        for message in messages {
            let today = at(message.at_ms, "%Y-%m-%d");
            if today != day {
                let _ = writeln!(page, "<li class=\"day\">{today}</li>");
                day = today;
            }
            let (kind, from) = match &message.from {
                Author::Customer => ("customer", if name.is_empty() { word("customer") } else { &name }),
                Author::Agent(_, name) => ("agent", &**name),
                Author::Bot(name) => ("agent", &**name),
                Author::System => ("system", ""),
            };
            let _ = writeln!(
                page,
                "<li class=\"{kind}\"><time datetime=\"{}\">{}</time> <b>{}</b> <p>{}</p></li>",
                Stamp(message.at_ms),
                at(message.at_ms, "%H:%M"),
                escaped(from),
                escaped(&self.text(&message.text)),
            );
        }
        let _ = writeln!(page, "</ol>\n<footer>{}</footer>\n</main>\n</html>", escaped(word("foot")));
        page
    }
}

/// Text as text of a page or a value of an attribute.
pub(crate) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}
