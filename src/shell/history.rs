//! The desk's history: every version that was in force, numbered from 1, newest last (REQ B-6).

use super::boot::BootError;
use super::clock::real_wall_ms;
use super::out::Out;
use super::reads::{conversation_of, decoded};
use super::records::DeskVersion;
use crate::desk::{self, Desk, LoadOptions};
use crate::limits::ADMIN_ROWS_MAX;
use crate::store::records::Record;
use crate::store::{Batch, Direction, ReadError, Snapshot, Table};

/// Key in `Meta` of the newest version's number.
const NUMBER: &[u8] = b"desk-number";

/// The newest version: its number and its key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    /// Its place in the history; 0 before the first.
    pub(super) number: u64,
    key: u64,
}

impl Head {
    /// Where the stored history ends.
    pub(super) fn read(snapshot: &Snapshot) -> Result<Head, ReadError> {
        let newest = snapshot.range(Table::Desk, .., 1, Direction::Backward)?.rows.pop();
        let Some(key) = newest.and_then(|(key, _)| conversation_of(&key)) else { return Ok(Head::default()) };
        let stored = snapshot.get(Table::Meta, NUMBER)?.and_then(|bytes| bytes.try_into().ok());
        let number = match stored {
            Some(bytes) => u64::from_be_bytes(bytes),
            // Written before versions had numbers.
            None => walk(snapshot, &mut |_, _| true)?,
        };
        Ok(Head { number, key })
    }

    /// Writes the next version; it is the one in force from then on.
    pub(super) fn put(&mut self, batch: &mut Batch<Out>, desk: &Desk, by: &str) {
        let at_ms = real_wall_ms();
        // The newest key is the desk in force, also after a second change in a millisecond and after the
        // clock was set back.
        self.key = (at_ms.max(0) as u64).max(self.key + 1);
        self.number += 1;
        let mut value = Vec::new();
        DeskVersion { at_ms, by: by.to_owned(), toml: desk.export_stored() }.encode(&mut value);
        batch.put(Table::Desk, &self.key.to_be_bytes(), &value);
        batch.put(Table::Meta, NUMBER, &self.number.to_be_bytes());
    }
}

/// Versions below number `before`, newest first, at most `limit`.
pub(super) fn versions(
    snapshot: &Snapshot,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<(u64, DeskVersion)>, ReadError> {
    let newest = Head::read(snapshot)?.number;
    let mut found = Vec::new();
    walk(snapshot, &mut |back, value| {
        let number = newest.saturating_sub(back);
        if before.is_none_or(|before| number < before) {
            found.extend(decoded(value).map(|version| (number, version)));
        }
        found.len() < limit
    })?;
    Ok(found)
}

/// A stored version as a desk.
pub(super) fn loaded(version: &DeskVersion) -> Result<Desk, BootError> {
    let how = LoadOptions { stored: true, allow_missing_secrets: true, ..LoadOptions::default() };
    Ok(desk::load_with(&version.toml, how).map_err(BootError::Desk)?.desk)
}

/// Goes back from the newest version, a page at a time, until told to stop; how many were seen.
fn walk(snapshot: &Snapshot, see: &mut dyn FnMut(u64, &[u8]) -> bool) -> Result<u64, ReadError> {
    let (mut end, mut count) = (u64::MAX, 0);
    loop {
        let page =
            snapshot.range(Table::Desk, ..&end.to_be_bytes()[..], ADMIN_ROWS_MAX, Direction::Backward)?;
        for (key, value) in &page.rows {
            let go_on = see(count, value);
            count += 1;
            end = conversation_of(key).unwrap_or(0);
            if !go_on {
                return Ok(count);
            }
        }
        if !page.more || page.rows.is_empty() {
            return Ok(count);
        }
    }
}
