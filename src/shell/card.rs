//! What the box knows of a conversation beyond what decides its way: who the customer is, where she came
//! from, how it ended. Kept in memory while the conversation is in the engine's table, in the store for ever.

use serde::{Deserialize, Serialize};

use crate::limits::WRAPUPS_BYTES_MAX;

/// A context value: string, number or boolean (protocol, "Customer").
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ContextValue {
    /// Text.
    Text(String),
    /// A number as the page wrote it.
    Number(f64),
    /// Yes or no.
    Flag(bool),
}

/// The page a chat began on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// Its address.
    pub url: String,
    /// Its title.
    pub title: String,
    /// Where the visitor came from.
    pub referrer: String,
}

/// The context entry that holds the visitor's recent pages, an address a line: kept among the variables, it is masked,
/// exported and erased with them, and the stored card keeps its layout. A page's own variable of that name gives way.
const RECENT_PAGES: &str = "recent_pages";

/// The context entry that holds the kind of her device.
pub(super) const DEVICE: &str = "device";

/// Who the customer says she is, or was proved to be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Customer {
    /// Name; empty when not given.
    pub name: String,
    /// E-mail address; empty when not given.
    pub email: String,
    /// Phone number; empty when not given.
    pub phone: String,
    /// Language tag, such as `nl`.
    pub locale: String,
    /// `sub` of her token, when authenticated (S0-15).
    pub sub: Option<String>,
}

/// One wrapped-up session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WrapUpRecord {
    /// Username.
    pub agent: String,
    /// The reason's id.
    pub reason: Option<String>,
    /// Comment.
    pub comment: Option<String>,
    /// When, wall clock.
    pub at_ms: i64,
    /// Set by the deadline, not by hand.
    pub by_deadline: bool,
}

impl WrapUpRecord {
    fn bytes(&self) -> usize {
        let of = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        size_of::<WrapUpRecord>() + self.agent.len() + of(&self.reason) + of(&self.comment)
    }
}

/// Bytes of context variables, as they count to [`CONTEXT_BYTES_MAX`](crate::limits::CONTEXT_BYTES_MAX).
pub(super) fn context_bytes(context: &[(String, ContextValue)]) -> usize {
    let value = |value: &ContextValue| match value {
        ContextValue::Text(text) => text.len(),
        ContextValue::Number(_) | ContextValue::Flag(_) => 8,
    };
    context.iter().map(|(key, one)| key.len() + value(one)).sum()
}

/// One conversation's card.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// Lasting name.
    pub id: u64,
    /// Workstream id of the desk.
    pub workstream: String,
    /// Queue id it is or was last in.
    pub queue: String,
    /// `chat sms social voice case`.
    pub kind: String,
    /// Persistent or live.
    pub persistent: bool,
    /// Widget id, for chats.
    pub widget: Option<String>,
    /// The visitor's lasting number; 0 for work items without one.
    pub visitor: u64,
    /// Who.
    pub customer: Customer,
    /// Stored contact (S1-12).
    pub contact: Option<u64>,
    /// What it is about: the pre-chat comment, or a case's title.
    pub comment: Option<String>,
    /// Where it began.
    pub page: Option<Page>,
    /// Context variables, in the page's order (S1-13).
    pub context: Vec<(String, ContextValue)>,
    /// Answers to the pre-chat questions, by id.
    pub answers: Vec<(String, String)>,
    /// Name of an external record or call, as the store knows it.
    pub external_id: Option<String>,
    /// From an accepted invitation: the rule's id (S3-4), or `page` where the page itself invited.
    pub proactive: Option<String>,
    /// When the request was received, wall clock.
    pub started_ms: i64,
    /// When it was first accepted.
    pub accepted_ms: Option<i64>,
    /// When it ended or closed.
    pub ended_ms: Option<i64>,
    /// State when last written, in the words of the contract.
    pub state: String,
    /// Why it is in that state, in the words of the contract.
    pub reason: Option<String>,
    /// Last owner's username.
    pub agent: Option<String>,
    /// Everybody who had a session on it, in order.
    pub agents: Vec<String>,
    /// Wrap-ups, in order.
    pub wrapups: Vec<WrapUpRecord>,
    /// Rating 1 to 5 and its comment; the last counts.
    pub rating: Option<(u8, String)>,
    /// The last message's number when last written.
    pub last_seq: u32,
    /// Highest number the agent side has seen.
    pub seen_by_agent: u32,
    /// Highest number the customer has seen.
    pub seen_by_customer: u32,
}

impl Card {
    /// What another system calls it. A call by SIP is stored with the attempt it was behind its `Call-ID`.
    pub fn reference(&self) -> Option<&str> {
        let name = self.external_id.as_deref()?;
        let is_call = self.kind == "voice";
        Some(name.rsplit_once('/').filter(|_| is_call).map_or(name, |(call_id, _)| call_id))
    }

    /// Adds a wrap-up. One that is handed on day after day would grow for ever: the oldest go.
    pub(super) fn add_wrapup(&mut self, wrapup: WrapUpRecord) {
        self.wrapups.push(wrapup);
        while self.wrapups.iter().map(WrapUpRecord::bytes).sum::<usize>() > WRAPUPS_BYTES_MAX {
            self.wrapups.remove(0);
        }
    }

    /// Sets the visitor's recent pages, oldest first; true when that changed them.
    pub fn set_recent_pages(&mut self, pages: &[String]) -> bool {
        let text = pages.join("\n");
        let known = self.context.iter().find(|(key, _)| key == RECENT_PAGES).map(|(_, value)| value);
        if pages.is_empty() || known == Some(&ContextValue::Text(text.clone())) {
            return false;
        }
        self.context.retain(|(key, _)| key != RECENT_PAGES);
        self.context.push((RECENT_PAGES.to_owned(), ContextValue::Text(text)));
        true
    }

    /// The visitor's recent pages, oldest first (S1-12).
    pub fn recent_pages(&self) -> impl Iterator<Item = &str> {
        let text = self.context.iter().find_map(|(key, value)| match value {
            ContextValue::Text(text) if key == RECENT_PAGES => Some(text.as_str()),
            _ => None,
        });
        text.unwrap_or_default().lines()
    }

    /// The context variables as the page gave them (S1-13).
    pub fn variables(&self) -> impl Iterator<Item = &(String, ContextValue)> {
        self.context.iter().filter(|(key, _)| key != RECENT_PAGES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::MESSAGE_BYTES_MAX;

    #[test]
    fn the_oldest_wrap_ups_go_when_they_are_too_much() {
        let mut card = Card::default();
        for at_ms in 0..100 {
            let comment = Some("x".repeat(if at_ms % 10 == 9 { MESSAGE_BYTES_MAX } else { 20 }));
            let reason = Some("solved".to_owned());
            card.add_wrapup(WrapUpRecord {
                agent: "alice".into(),
                reason,
                comment,
                at_ms,
                by_deadline: false,
            });
            assert!(card.wrapups.iter().map(WrapUpRecord::bytes).sum::<usize>() <= WRAPUPS_BYTES_MAX);
            assert_eq!(card.wrapups.last().map(|kept| kept.at_ms), Some(at_ms), "the newest is there");
        }
        assert!(card.wrapups.len() >= 10, "what fits is kept: {}", card.wrapups.len());
        assert!(card.wrapups.windows(2).all(|pair| pair[0].at_ms + 1 == pair[1].at_ms), "in order");
    }
}
