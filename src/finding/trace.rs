//! What a conversation is found by: one small row for each, in the order of time (REQ B-11).
//!
//! A word's place in a table of words would be somewhere else for every word: each message would touch a dozen pages
//! of the state, and a checkpoint write them all (tried on paper with performance.md's 4 KiB pages: 25 KiB a
//! message, where the whole message may cost 6). So a conversation leaves one row: who, where, and a set of its words
//! as bits, a few hundred bytes, appended in the order of time. Looking through a million messages reads these rows,
//! about 25 bytes a message; what a row lets through is read and compared for certain.
//!
//! The words are those of the **masked** text. What is masked has no word, so nobody can feel for a card number digit
//! by digit, and a row tells no more than staff may read.

use serde::{Deserialize, Serialize};

use super::words::words;
use crate::limits::{TRACE_BYTES_MAX, TRACE_WORDS_MAX};
use crate::store::records::records;
use std::collections::HashSet;

/// Lengths of beginnings that are kept of each word, in characters.
const BEGINNINGS: [usize; 5] = [1, 2, 3, 5, 8];

/// Bits for each beginning, and how many of them it sets: one row in eighty is let through by chance.
const BITS_EACH: usize = 10;
const SET_EACH: u32 = 4;

/// A conversation's row (table `Traces`, key conversation).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// When the request was received, product clock.
    pub started_ms: i64,
    /// Under which masks its words were read; 0: they were not, it may hold any word. Such is one that goes on.
    pub masks: u32,
    /// Its queue and its workstream when it closed, and everybody who had a session on it, by [`name`].
    pub names: Vec<u32>,
    /// Its contact.
    pub contact: Option<u64>,
    /// Beginnings of its words.
    pub words: Words,
}

records! {
    Trace = "trace",
}

impl Trace {
    /// The row of a conversation that goes on: nothing but its time can be told from it.
    pub fn open(started_ms: i64) -> Trace {
        Trace { started_ms, ..Trace::default() }
    }

    /// Whether its names, contact and words can be told, under these masks.
    pub fn is_settled(&self, masks: u32) -> bool {
        self.masks != 0 && self.masks == masks
    }
}

/// What stands for a queue, a workstream or an agent: never the same for two of different kinds but by chance, and what
/// a row lets through is compared for certain.
pub fn name(kind: char, id: &str) -> u32 {
    let mut bytes = [0; 4];
    let hash = hashed(kind.encode_utf8(&mut bytes).bytes().chain(id.bytes()));
    (hash >> 32) as u32
}

/// A set of beginnings of words, as bits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words(Vec<u8>);

impl Serialize for Words {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Words, D::Error> {
        // As one run of bytes: as a list, each bit pattern would be a call of its own.
        struct Bytes;
        impl serde::de::Visitor<'_> for Bytes {
            type Value = Words;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Words, E> {
                Ok(Words(bytes.to_vec()))
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}

impl Words {
    /// Whether any word may begin like this one: `true` may be wrong, `false` never is.
    pub fn may_hold(&self, sought: &str) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let length = sought.chars().count();
        let Some(kept) = BEGINNINGS.iter().rev().find(|kept| **kept <= length) else { return true };
        let end = sought.char_indices().nth(*kept).map_or(sought.len(), |(at, _)| at);
        let bits = self.0.len() * 8;
        places(hashed(sought[..end].bytes()), bits).all(|at| self.0[at / 8] & (1 << (at % 8)) != 0)
    }

    /// Bytes it takes.
    pub fn bytes(&self) -> usize {
        self.0.len()
    }
}

/// Gathers the words of one conversation.
#[derive(Debug, Default)]
pub struct Gathering {
    beginnings: HashSet<u64>,
}

impl Gathering {
    /// Takes in a text that is masked already.
    pub fn add(&mut self, masked: &str) {
        words(masked, |word| {
            if self.beginnings.len() >= TRACE_WORDS_MAX {
                return;
            }
            let ends = word.char_indices().map(|(at, c)| at + c.len_utf8());
            for (end, chars) in ends.zip(1..) {
                if BEGINNINGS.contains(&chars) {
                    self.beginnings.insert(hashed(word[..end].bytes()));
                }
            }
        });
    }

    /// The set. One that was given more than [`TRACE_WORDS_MAX`] lets everything through.
    pub fn finish(self) -> Words {
        if self.beginnings.len() >= TRACE_WORDS_MAX {
            return Words(vec![u8::MAX; 8]);
        }
        let bytes = (self.beginnings.len() * BITS_EACH).div_ceil(8).clamp(1, TRACE_BYTES_MAX);
        let mut set = vec![0u8; bytes];
        for beginning in self.beginnings {
            for at in places(beginning, bytes * 8) {
                set[at / 8] |= 1 << (at % 8);
            }
        }
        Words(set)
    }
}

fn places(hash: u64, bits: usize) -> impl Iterator<Item = usize> {
    let (start, step) = (hash as u32, (hash >> 32) as u32 | 1);
    (0..SET_EACH).map(move |n| start.wrapping_add(step.wrapping_mul(n)) as usize % bits)
}

/// FNV-1a and a last stirring. It stands on disk: it may never change.
fn hashed(bytes: impl Iterator<Item = u8>) -> u64 {
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let hash = (hash ^ hash >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ hash >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ hash >> 31
}

#[cfg(test)]
mod tests {
    use super::super::words::sought;
    use super::*;
    use crate::golden;

    fn set(text: &str) -> Words {
        let mut gathering = Gathering::default();
        gathering.add(text);
        gathering.finish()
    }

    #[test]
    fn every_beginning_of_every_word_is_let_through() {
        let text = "Could the délivery be moved to Thursday, order 20261128?";
        let words = set(text);
        for word in sought(text) {
            for end in 1..=word.chars().count() {
                let beginning: String = word.chars().take(end).collect();
                assert!(words.may_hold(&beginning), "{beginning}");
            }
        }
    }

    #[test]
    fn few_of_other_words_are_let_through() {
        let words =
            set("Could the delivery be moved to Thursday, and is the lamp from the window in stock at all?");
        let let_through = (0..10_000).filter(|n| words.may_hold(&format!("{n:05}x"))).count();
        assert!(let_through < 300, "{let_through} of 10,000");
        assert!(!set("").may_hold("a"));
    }

    #[test]
    fn a_conversation_of_very_many_words_lets_everything_through_and_stays_small() {
        let mut gathering = Gathering::default();
        for n in 0..TRACE_WORDS_MAX {
            gathering.add(&format!("{:08}", n * 7919));
        }
        let words = gathering.finish();
        assert!(words.may_hold("anything") && words.bytes() <= TRACE_BYTES_MAX);
    }

    golden!(
        a_trace_is_stored_as,
        Trace {
            started_ms: 1000,
            masks: 7,
            names: vec![name('q', "front")],
            contact: Some(9),
            words: set("hi")
        },
        "01d00f0701b0e3d6d00501090380b542"
    );
}
