//! Looking for conversations: newest first, filtered, by words that begin like those looked for; a page at a time and
//! never more work than [`crate::limits`] allows (REQ B-11).
//!
//! The traces say where to look; what they let through is read and compared as staff may read it, so a page holds
//! nothing that was only likely. A search that has worked its share answers with what it has and how far it came.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::card::Card;
use super::reads::{self, conversation_key};
use super::records::Author;
use super::traces::each_text;
use crate::finding::trace::{Trace, name};
use crate::finding::words::matches;
use crate::limits::{READ_ROWS_MAX, SEARCH_MESSAGES_MAX, SEARCH_TRACES_MAX};
use crate::masking::Masker;
use crate::store::{Direction, ReadError, Snapshot, Table};

/// What is looked for. Everything given must fit.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Folded words; each must begin a word of the conversation.
    pub words: Vec<String>,
    /// Requests received from here on …
    pub from_ms: Option<i64>,
    /// … and before here.
    pub to_ms: Option<i64>,
    /// Username of somebody who had a session on it.
    pub agent: Option<String>,
    /// The same, when who looks may see her own only.
    pub own: Option<String>,
    /// Queue id.
    pub queue: Option<String>,
    /// Workstream id.
    pub workstream: Option<String>,
    /// Contact.
    pub contact: Option<u64>,
    /// State, in the words of the contract.
    pub state: Option<String>,
    /// Older than this conversation.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: usize,
}

/// Where the words stand.
#[derive(Clone, Debug)]
pub struct Passage {
    /// The message, and who wrote it; none for the card and notes.
    pub message: Option<(u32, Author)>,
    /// Its text, masked.
    pub text: String,
}

/// One conversation found.
#[derive(Clone, Debug)]
pub struct Hit {
    /// Its card.
    pub card: Card,
    /// Where most of the words stand, when words were looked for.
    pub passage: Option<Passage>,
}

/// What a call found.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// Newest first.
    pub hits: Vec<Hit>,
    /// There may be more before this conversation.
    pub next: Option<u64>,
    /// When the last one looked at began.
    pub searched_to_ms: Option<i64>,
}

/// Searches a snapshot. `live` are the conversations of the engine's table, whose cards there are newer than the
/// stored ones. After `time` it answers with what it has, having looked at one conversation at least.
pub fn search(
    snapshot: &Snapshot,
    query: &Query,
    live: &HashMap<u64, Card>,
    masker: &Masker,
    masks: u32,
    time: Duration,
) -> Result<Findings, ReadError> {
    let begun = Instant::now();
    let wanted = Wanted::of(query);
    let mut found = Findings::default();
    let (mut looked, mut read) = (0, 0);
    let low = conversation_key(query.from_ms.map_or(0, reads::number_at));
    // Numbers follow the time of the request; a burst may run a little ahead of it.
    const AHEAD_MS: i64 = 3_600_000;
    let latest = query.to_ms.map_or(u64::MAX, |to_ms| reads::number_at(to_ms.saturating_add(AHEAD_MS)));
    let mut high = conversation_key(query.before.unwrap_or(u64::MAX).min(latest));
    loop {
        let page = snapshot.range(Table::Traces, &low[..]..&high[..], READ_ROWS_MAX, Direction::Backward)?;
        for (key, value) in &page.rows {
            let Some(id) = reads::conversation_of(key) else { continue };
            let worked = looked >= SEARCH_TRACES_MAX || read >= SEARCH_MESSAGES_MAX;
            if worked || found.hits.len() >= query.limit || looked > 0 && begun.elapsed() >= time {
                return Ok(found);
            }
            looked += 1;
            found.next = Some(id);
            let Some(trace) = reads::decoded::<Trace>(value) else { continue };
            found.searched_to_ms = Some(trace.started_ms);
            if !wanted.lets_through(query, &trace, masks, live.contains_key(&id)) {
                continue;
            }
            read += 1;
            let Some(card) =
                live.get(&id).cloned().map_or_else(|| reads::card(snapshot, id), |card| Ok(Some(card)))?
            else {
                continue;
            };
            if !fits(query, &card) {
                continue;
            }
            let passage = if query.words.is_empty() {
                None
            } else {
                let (passage, messages) = passage(snapshot, query, &card, masker)?;
                read += messages;
                if passage.is_none() {
                    continue;
                }
                passage
            };
            found.hits.push(Hit { card, passage });
        }
        match page.rows.last().filter(|_| page.more).and_then(|(key, _)| key.first_chunk::<8>()) {
            Some(last) => high = *last,
            None => {
                found.next = None;
                return Ok(found);
            }
        }
    }
}

/// What a settled trace must name.
struct Wanted(Vec<u32>);

impl Wanted {
    fn of(query: &Query) -> Wanted {
        let named = [('q', &query.queue), ('w', &query.workstream), ('a', &query.agent), ('a', &query.own)];
        Wanted(named.into_iter().filter_map(|(kind, id)| Some(name(kind, id.as_deref()?))).collect())
    }

    fn lets_through(&self, query: &Query, trace: &Trace, masks: u32, live: bool) -> bool {
        let at_ms = trace.started_ms;
        let in_time = query.from_ms.is_none_or(|from_ms| at_ms >= from_ms)
            && query.to_ms.is_none_or(|to_ms| at_ms < to_ms);
        if !in_time || live || !trace.is_settled(masks) {
            return in_time;
        }
        self.0.iter().all(|wanted| trace.names.contains(wanted))
            && query.contact.is_none_or(|contact| trace.contact == Some(contact))
            && query.words.iter().all(|word| trace.words.may_hold(word))
    }
}

fn fits(query: &Query, card: &Card) -> bool {
    let is = |wanted: &Option<String>, value: &str| wanted.as_deref().is_none_or(|wanted| wanted == value);
    let had = |agent: &Option<String>| agent.as_ref().is_none_or(|agent| card.agents.contains(agent));
    is(&query.queue, &card.queue)
        && is(&query.workstream, &card.workstream)
        && is(&query.state, &card.state)
        && had(&query.agent)
        && had(&query.own)
        && query.contact.is_none_or(|contact| card.contact == Some(contact))
}

/// Where the words stand, if all of them do: the text that holds most of them, the newest of several.
fn passage(
    snapshot: &Snapshot,
    query: &Query,
    card: &Card,
    masker: &Masker,
) -> Result<(Option<Passage>, usize), ReadError> {
    let all = (1u32 << query.words.len().min(31)) - 1;
    let mut seen = 0;
    let mut best: Option<(u32, Passage)> = None;
    let read = each_text(snapshot, card, masker, |piece| {
        let found = matches(piece.text, &query.words);
        seen |= found;
        let better = best.as_ref().is_none_or(|(most, known)| {
            let said = known.message.is_none() && piece.message.is_some();
            found.count_ones() > *most || found.count_ones() == *most && said
        });
        if found != 0 && better {
            let message = piece.message.map(|(seq, from)| (seq, from.clone()));
            best = Some((found.count_ones(), Passage { message, text: piece.text.to_owned() }));
        }
        // A message that holds them all is the answer; a heading that does goes on looking for one.
        !(seen == all && best.as_ref().is_some_and(|(_, known)| known.message.is_some()))
    })?;
    Ok((best.filter(|_| seen == all).map(|(_, passage)| passage), read))
}
