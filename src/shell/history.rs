//! The desk's history: every version that was in force, numbered from 1, newest last (REQ B-6).

use std::fmt;

use super::boot::BootError;
use super::clock::real_wall_ms;
use super::reads::{conversation_of, decoded};
use super::records::DeskVersion;
use crate::desk::{self, Desk, LoadOptions};
use crate::limits::{ADMIN_ROWS_MAX, DESK_STORED_BYTES_MAX};
use crate::store::records::Record;
use crate::store::{Direction, ReadError, Snapshot, Table};

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

    /// The next version, as rows to be written together; it is the one in force from then on.
    ///
    /// # Errors
    /// [`TooLarge`] when no batch holds it; then nothing has changed.
    pub(super) fn next(&mut self, desk: &Desk, by: &str) -> Result<Rows, TooLarge> {
        let toml = desk.export_stored();
        if toml.len() > DESK_STORED_BYTES_MAX {
            return Err(TooLarge { bytes: toml.len() });
        }
        let at_ms = real_wall_ms();
        // The newest key is the desk in force, also after a second change in a millisecond and after the
        // clock was set back.
        self.key = (at_ms.max(0) as u64).max(self.key + 1);
        self.number += 1;
        let mut value = Vec::new();
        DeskVersion { at_ms, by: by.to_owned(), toml }.encode(&mut value);
        let (key, number) = (self.key.to_be_bytes(), self.number.to_be_bytes());
        Ok([(Table::Desk, key.to_vec(), value), (Table::Meta, NUMBER.to_vec(), number.to_vec())])
    }
}

/// Rows of a version: table, key, value.
pub(super) type Rows = [(Table, Vec<u8>, Vec<u8>); 2];

/// Why a desk cannot be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge {
    /// What it takes, its defaults and hashes included.
    bytes: usize,
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.bytes;
        write!(
            f,
            "with its defaults written out the desk takes {bytes} bytes, and {DESK_STORED_BYTES_MAX} fit: shorten its \
             articles, or keep fewer contacts in the file"
        )
    }
}

impl std::error::Error for TooLarge {}

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
