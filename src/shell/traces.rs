//! Keeping what conversations are found by: written beside the desk thread, when a conversation closes or is set aside.
//!
//! A trace is derived: it can be made again from what is stored, so nothing waits for it. A new conversation leaves an
//! open one in its first batch, which lets it be found by reading it; the row with its words takes that one's place a
//! moment after the close. One lost to a power cut in that moment costs a slower search and nothing else; a walk after
//! the next start writes it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::Shell;
use super::card::Card;
use super::reads::{self, conversation_key, message_key};
use super::records::{Author, Message, Note};
use crate::desk::Desk;
use crate::finding::trace::{Gathering, Trace, name};
use crate::limits::{
    NOTES_MAX, SEARCH_CONVERSATION_MESSAGES_MAX, SYNC_PAGE_MAX, TRACE_REST, TRACE_STEP_MESSAGES_MAX,
    TRACES_DUE_MAX,
};
use crate::masking::{Field, Masker};
use crate::store::{Direction, ReadError, Snapshot, Table};

/// Key in `Meta`: under which masks every stored conversation has been traced.
pub(super) const TRACED: &[u8] = b"traced";

/// How far back a start looks for traces that a power cut has cost.
const AFTER_START_MAX: usize = 2_000;

/// Cards one step of the walk looks at.
const WALK_STEP: usize = 256;

/// What is still to be traced.
#[derive(Debug, Default)]
pub(super) struct Traces {
    /// The masks in force.
    pub(super) masks: u32,
    due: VecDeque<u64>,
    /// Being read now; one that is erased meanwhile leaves the list and is not written.
    reading: Vec<u64>,
    busy: bool,
    /// The walk through what is stored: below this conversation, and how many more to look at.
    walk: Option<(u64, usize)>,
    /// The walk goes on then, real time.
    walk_at: Option<Instant>,
}

struct Step {
    traces: Vec<(u64, Trace)>,
    walk: Option<(u64, usize)>,
}

/// One text of a conversation as staff may read it.
pub struct Piece<'a> {
    /// The message it is of; none for what stands on the card or in a note.
    pub message: Option<(u32, &'a Author)>,
    /// Masked.
    pub text: &'a str,
}

/// What stands for the masks of a desk; never 0.
pub fn masks_of(desk: &Desk) -> u32 {
    let masking = &desk.masking;
    let region = masking.phone_region.as_deref().unwrap_or_default();
    name('m', &format!("1 {} {} {} {region}", masking.enabled, masking.pci, masking.pii)).max(1)
}

/// Shows `see` every text of a conversation that can be found, masked, the newest messages first, until it answers
/// `false`. Gives the number of messages read.
pub fn each_text(
    snapshot: &Snapshot,
    card: &Card,
    masker: &Masker,
    mut see: impl FnMut(Piece<'_>) -> bool,
) -> Result<usize, ReadError> {
    let name = masker.mask_value(Field::Name, &card.customer.name);
    let wrapups = card.wrapups.iter().filter_map(|wrapup| wrapup.comment.as_deref());
    let own = [card.comment.as_deref(), card.external_id.as_deref()];
    let marked: Vec<_> = own.into_iter().flatten().chain(wrapups).map(|text| masker.mask(text)).collect();
    for text in std::iter::once(&name).chain(&marked) {
        if !see(Piece { message: None, text }) {
            return Ok(0);
        }
    }
    let (low, high) = (message_key(card.id, 0), message_key(card.id, u32::MAX));
    let notes = snapshot.range(Table::Notes, &low[..]..&high[..], NOTES_MAX as usize, Direction::Forward)?;
    for note in notes.rows.iter().filter_map(|(_, value)| reads::decoded::<Note>(value)) {
        if !see(Piece { message: None, text: &masker.mask(&note.text) }) {
            return Ok(0);
        }
    }
    let mut read = 0;
    let mut before = None;
    while read < SEARCH_CONVERSATION_MESSAGES_MAX {
        let (messages, more) = reads::messages(snapshot, card.id, before, SYNC_PAGE_MAX)?;
        read += messages.len();
        for Message { seq, from, text, .. } in messages.iter().rev() {
            if !matches!(from, Author::System)
                && !see(Piece { message: Some((*seq, from)), text: &masker.mask(text) })
            {
                return Ok(read);
            }
        }
        before = messages.first().map(|first| first.seq);
        if !more || before.is_none() {
            break;
        }
    }
    Ok(read)
}

/// A closed or waiting conversation's trace, and how many messages were read for it.
pub fn trace(
    snapshot: &Snapshot,
    card: &Card,
    masker: &Masker,
    masks: u32,
) -> Result<(Trace, usize), ReadError> {
    let mut gathering = Gathering::default();
    let read = each_text(snapshot, card, masker, |piece| {
        gathering.add(piece.text);
        true
    })?;
    Ok((Trace { words: gathering.finish(), ..marks(card, masks) }, read))
}

/// A trace without a word.
pub(super) fn marks(card: &Card, masks: u32) -> Trace {
    let mut names = vec![name('q', &card.queue), name('w', &card.workstream)];
    names.extend(card.agents.iter().map(|agent| name('a', agent)));
    Trace { started_ms: card.started_ms, masks, names, contact: card.contact, ..Trace::default() }
}

impl Shell {
    /// A conversation begins or goes on.
    pub(super) fn trace_open(&mut self, id: u64, started_ms: i64) {
        self.traces.due.retain(|other| *other != id);
        self.traces.reading.retain(|other| *other != id);
        self.put(Table::Traces, &conversation_key(id), &Trace::open(started_ms));
    }

    /// A conversation has closed or is set aside: its words are read as soon as they can be.
    pub(super) fn trace_soon(&mut self, id: u64) {
        if self.traces.due.len() < TRACES_DUE_MAX {
            self.traces.due.push_back(id);
        }
    }

    /// What a conversation said is erased: it is found by its other marks from now on.
    pub(super) fn trace_erased(&mut self, card: &Card) {
        self.forget_trace(card.id);
        self.put(Table::Traces, &conversation_key(card.id), &marks(card, self.traces.masks));
    }

    /// A conversation is gone: nothing of it is written any more.
    pub(super) fn forget_trace(&mut self, id: u64) {
        self.traces.due.retain(|other| *other != id);
        self.traces.reading.retain(|other| *other != id);
    }

    /// Deletes a row that hangs on a conversation.
    pub(super) fn delete_row(&mut self, table: Table, key: &[u8]) {
        if table == Table::Traces {
            self.forget_trace(reads::conversation_of(key).unwrap_or_default());
        }
        self.delete(table, key);
    }

    /// Other masks than those the traces were read under: all of them are read again.
    pub(super) fn follow_masks(&mut self, traced: Option<u32>) {
        let masks = masks_of(&self.desk);
        if self.traces.masks != masks {
            self.traces.masks = masks;
            let most = if traced == Some(masks) { AFTER_START_MAX } else { usize::MAX };
            self.traces.walk = Some((u64::MAX, most));
        }
    }

    /// Whether a search may miss what is stored because its traces are not all written yet.
    pub(super) fn is_tracing(&self) -> bool {
        self.traces.walk.is_some_and(|(_, most)| most > AFTER_START_MAX)
    }

    /// How long until the walk goes on; none while it does not, or a step is being read.
    pub(super) fn until_trace(&self) -> Option<Duration> {
        let at = self.traces.walk_at.filter(|_| self.traces.walk.is_some() && !self.traces.busy)?;
        Some(at.saturating_duration_since(Instant::now()))
    }

    /// One step: what has just closed first, once a second at most, then the walk. With a step of that a second, as it
    /// once was, a million messages took it nine minutes, on a fast board as on a slow one; so it rests by what it took.
    pub(super) fn trace_step(&mut self) {
        if self.traces.busy || self.traces.due.is_empty() && self.traces.walk.is_none() {
            return;
        }
        self.traces.busy = true;
        self.traces.reading = self.traces.due.iter().copied().collect();
        let due = self.traces.reading.clone();
        let walk = if due.is_empty() { self.traces.walk } else { None };
        let (masker, masks) = (self.masker(), self.traces.masks);
        let sequence = self.watermark();
        let job = move |snapshot: &Snapshot| {
            let begun = Instant::now();
            let step = match walk {
                Some((below, most)) => step_down(snapshot, &masker, masks, below, most),
                None => step_due(snapshot, &masker, masks, &due),
            }?;
            Ok((step, begun.elapsed()))
        };
        self.readers.clone().spawn(&self.door.clone(), sequence, job, move |shell, step| {
            shell.traces.busy = false;
            let Ok((step, took)) = step else {
                // The store has said why; the next start walks again.
                shell.traces.due.clear();
                shell.traces.walk = None;
                return;
            };
            for (id, trace) in step.traces {
                shell.traces.due.retain(|other| *other != id);
                let due = walk.is_some() || shell.traces.reading.contains(&id);
                // What has come back to the table meanwhile goes on.
                if due && !shell.is_live(id) && masks == shell.traces.masks {
                    shell.put(Table::Traces, &conversation_key(id), &trace);
                }
            }
            shell.traces.walk_at = Some(Instant::now() + took * TRACE_REST);
            if walk.is_some() && masks == shell.traces.masks {
                shell.traces.walk = step.walk;
                if step.walk.is_none() {
                    shell.put_bytes(Table::Meta, TRACED, &masks.to_be_bytes());
                }
            }
        });
    }
}

fn step_due(snapshot: &Snapshot, masker: &Masker, masks: u32, due: &[u64]) -> Result<Step, ReadError> {
    let mut step = Step { traces: Vec::new(), walk: None };
    let mut read = 0;
    for id in due {
        let made = match reads::card(snapshot, *id)? {
            Some(card) if card.state == "closed" || card.state == "waiting" => {
                let (trace, messages) = trace(snapshot, &card, masker, masks)?;
                read += messages;
                trace
            }
            // Gone, or it goes on: it is no longer due.
            Some(card) => Trace::open(card.started_ms),
            None => continue,
        };
        step.traces.push((*id, made));
        if read >= TRACE_STEP_MESSAGES_MAX {
            break;
        }
    }
    Ok(step)
}

fn step_down(
    snapshot: &Snapshot,
    masker: &Masker,
    masks: u32,
    below: u64,
    most: usize,
) -> Result<Step, ReadError> {
    let mut step = Step { traces: Vec::new(), walk: None };
    let high = conversation_key(below);
    let page = snapshot.range(Table::Conversations, ..&high[..], WALK_STEP.min(most), Direction::Backward)?;
    let (mut read, mut looked, mut last) = (0, 0, below);
    for (key, value) in &page.rows {
        let (Some(id), Some(card)) = (reads::conversation_of(key), reads::decoded::<Card>(value)) else {
            continue;
        };
        (looked, last) = (looked + 1, id);
        let known = snapshot.get(Table::Traces, key)?;
        let known: Option<Trace> = known.as_deref().and_then(reads::decoded);
        let over = card.state == "closed" || card.state == "waiting";
        if over && !known.as_ref().is_some_and(|known| known.is_settled(masks)) {
            let (trace, messages) = trace(snapshot, &card, masker, masks)?;
            read += messages;
            step.traces.push((id, trace));
        } else if !over && known.is_none() {
            step.traces.push((id, Trace::open(card.started_ms)));
        }
        if read >= TRACE_STEP_MESSAGES_MAX {
            break;
        }
    }
    let left = most.saturating_sub(looked);
    let end = !page.more && looked == page.rows.len() || left == 0;
    step.walk = (!end).then_some((last, left));
    Ok(step)
}
