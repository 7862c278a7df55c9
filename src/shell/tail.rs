//! The newest messages of a conversation in the engine's table.
//!
//! A frame that shows a conversation (welcome, session, notification) carries its newest messages and must
//! take its place in the stream of frames. Reading them from the store would put a wait in the middle of a
//! turn, and everything that happens meanwhile between a frame's making and its sending. So each live
//! conversation keeps a tail, bounded in number and in bytes; what lies before it is read by `history`.

use std::collections::VecDeque;

use super::records::Message;
use crate::limits::{TAIL_BYTES_MAX, TAIL_MESSAGES_MAX};

/// The newest messages, oldest first, without a gap up to the last one.
#[derive(Clone, Debug, Default)]
pub struct Tail {
    messages: VecDeque<Message>,
    bytes: usize,
}

impl Tail {
    /// Adds the newest message; the oldest give way.
    pub fn push(&mut self, message: Message) {
        self.bytes += cost(&message);
        self.messages.push_back(message);
        while self.messages.len() > TAIL_MESSAGES_MAX
            || (self.bytes > TAIL_BYTES_MAX && self.messages.len() > 1)
        {
            let Some(oldest) = self.messages.pop_front() else { break };
            self.bytes -= cost(&oldest);
        }
    }

    /// The messages, oldest first.
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = &Message> + ExactSizeIterator + Clone {
        self.messages.iter()
    }

    /// Does it lack older ones?
    pub fn more(&self) -> bool {
        self.messages.front().is_some_and(|oldest| oldest.seq > 1)
    }

    /// Number of the oldest message it has; `None` when there is none.
    pub fn first_seq(&self) -> Option<u32> {
        self.messages.front().map(|oldest| oldest.seq)
    }

    /// One message, to note what became of it.
    pub(super) fn get_mut(&mut self, seq: u32) -> Option<&mut Message> {
        let first = self.first_seq()?;
        self.messages.get_mut(seq.checked_sub(first)? as usize)
    }

    /// One message, if it is new enough.
    pub fn get(&self, seq: u32) -> Option<&Message> {
        let first = self.first_seq()?;
        self.messages.get(seq.checked_sub(first)? as usize)
    }
}

fn cost(message: &Message) -> usize {
    size_of::<Message>() + message.text.len() + message.client_id.as_ref().map_or(0, String::len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::records::Author;

    fn message(seq: u32, text: &str) -> Message {
        let (from, text) = (Author::Customer, text.to_owned());
        Message { seq, at_ms: 0, from, text, code: None, client_id: None, delivery: None }
    }

    #[test]
    fn the_oldest_give_way_by_number_and_by_bytes() {
        let mut tail = Tail::default();
        for seq in 1..=TAIL_MESSAGES_MAX as u32 + 3 {
            tail.push(message(seq, "hi"));
        }
        assert_eq!(tail.first_seq(), Some(4));
        assert!(tail.more());
        assert_eq!(tail.get(4).map(|m| m.seq), Some(4));
        assert!(tail.get(3).is_none());
        let long = "x".repeat(crate::limits::MESSAGE_BYTES_MAX);
        for seq in 100..120 {
            tail.push(message(seq, &long));
        }
        assert!(tail.bytes <= TAIL_BYTES_MAX);
        assert_eq!(tail.messages().last().map(|m| m.seq), Some(119));
    }
}
