//! Reading the state: paged, on snapshots, never in the way of the desk.

use super::Sequence;
use super::failure::{Failure, Site};
use super::schema::{Covered, Definition, OWN, OWN_COVERED, Table};
use super::shared::Shared;
use crate::limits::{READ_BYTES_MAX, READ_ROWS_MAX};
use redb::{ReadOnlyTable, ReadTransaction, ReadableDatabase, TableError};
use std::fmt;
use std::ops::{Bound, RangeBounds};
use std::sync::Arc;
use std::time::Duration;

/// A key and its value.
pub type Row = (Vec<u8>, Vec<u8>);

/// Some rows of a range, and whether there are more.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Page {
    /// In the direction asked for.
    pub rows: Vec<Row>,
    /// Whether the range goes on; ask again from beyond the last key.
    pub more: bool,
}

/// Which end of a range comes first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// Smallest key first.
    Forward,
    /// Largest key first.
    Backward,
}

/// Why a read has no answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ReadError {
    /// The state did not reach the sequence in time.
    Late,
    /// The store has failed; this was the first cause.
    Failed(Failure),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Late => f.write_str("the state did not catch up in time"),
            ReadError::Failed(failure) => failure.fmt(f),
        }
    }
}

impl std::error::Error for ReadError {}

impl From<Failure> for ReadError {
    fn from(failure: Failure) -> Self {
        ReadError::Failed(failure)
    }
}

/// Reads from any thread. Cheap to clone; one that outlives the store keeps the state's file open.
#[derive(Clone)]
pub struct Reader {
    shared: Arc<Shared>,
}

impl Reader {
    pub(super) fn new(shared: Arc<Shared>) -> Reader {
        Reader { shared }
    }

    /// Waits until everything up to `sequence` can be read, at most for `patience`. To read one's own
    /// writes, wait for the [`durable`](super::Store::durable) of one's arrival.
    pub fn wait(&self, sequence: Sequence, patience: Duration) -> Result<(), ReadError> {
        if self.shared.wait_applied(sequence, patience)? { Ok(()) } else { Err(ReadError::Late) }
    }

    /// The last batch readers see.
    pub fn applied(&self) -> Sequence {
        self.shared.applied()
    }

    /// The state as it is now, unmoved by what comes later. It pins pages: keep it shortly.
    pub fn snapshot(&self) -> Result<Snapshot, ReadError> {
        self.shared.check()?;
        let transaction =
            self.shared.database.begin_read().map_err(|error| self.shared.read_failed(error))?;
        Ok(Snapshot { transaction, shared: Arc::clone(&self.shared) })
    }

    /// One value.
    pub fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        self.snapshot()?.get(table, key)
    }

    /// One page of a range; see [`Snapshot::range`].
    pub fn range<'a>(
        &self,
        table: Table,
        range: impl RangeBounds<&'a [u8]>,
        limit: usize,
        direction: Direction,
    ) -> Result<Page, ReadError> {
        self.snapshot()?.range(table, range, limit, direction)
    }
}

/// The state at one moment.
pub struct Snapshot {
    transaction: ReadTransaction,
    shared: Arc<Shared>,
}

impl Snapshot {
    /// The last batch in it.
    pub fn sequence(&self) -> Result<Sequence, ReadError> {
        let covered = self.value(OWN, OWN_COVERED)?.as_deref().and_then(Covered::decode);
        let damaged = || self.shared.fail(Failure::corrupt(Site::StateRead, "no covered sequence"));
        Ok(Sequence(covered.ok_or_else(damaged)?.sequence))
    }

    /// One value.
    pub fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        self.value(table.definition(), key)
    }

    /// At most `limit` rows of the range from one of its ends: never none while there is one, never more
    /// than [`READ_ROWS_MAX`], and ending with the row that fills [`READ_BYTES_MAX`]. A range whose end
    /// lies before its start is empty.
    pub fn range<'a>(
        &self,
        table: Table,
        range: impl RangeBounds<&'a [u8]>,
        limit: usize,
        direction: Direction,
    ) -> Result<Page, ReadError> {
        let limit = limit.clamp(1, READ_ROWS_MAX);
        let bounds = (range.start_bound().cloned(), range.end_bound().cloned());
        let mut page = Page::default();
        let mut bytes = 0;
        self.walk(table, bounds, direction, &mut |key, value| {
            page.more = page.rows.len() >= limit || bytes >= READ_BYTES_MAX;
            if !page.more {
                bytes += key.len() + value.len();
                page.rows.push((key.to_vec(), value.to_vec()));
            }
            Ok::<_, ReadError>(!page.more)
        })?;
        Ok(page)
    }

    /// Every row of a table, in order, without keeping any.
    pub(super) fn each<E: From<ReadError>>(
        &self,
        table: Table,
        row: &mut dyn FnMut(&[u8], &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let all = (Bound::Unbounded, Bound::Unbounded);
        self.walk(table, all, Direction::Forward, &mut |key, value| row(key, value).map(|()| true))
    }

    /// Shows `row` one row after the other until it answers `false`.
    fn walk<E: From<ReadError>>(
        &self,
        table: Table,
        bounds: (Bound<&[u8]>, Bound<&[u8]>),
        direction: Direction,
        row: &mut dyn FnMut(&[u8], &[u8]) -> Result<bool, E>,
    ) -> Result<(), E> {
        let Some(open) = self.open(table.definition())? else { return Ok(()) };
        let mut rows = open.range::<&[u8]>(bounds).map_err(|error| self.shared.read_failed(error))?;
        let mut next = || if direction == Direction::Forward { rows.next() } else { rows.next_back() };
        while let Some(entry) = next() {
            let (key, value) = entry.map_err(|error| self.shared.read_failed(error))?;
            if !row(key.value(), value.value())? {
                break;
            }
        }
        Ok(())
    }

    fn value(&self, table: Definition, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        let Some(open) = self.open(table)? else { return Ok(None) };
        let value = open.get(key).map_err(|error| self.shared.read_failed(error))?;
        Ok(value.map(|value| value.value().to_vec()))
    }

    /// The table, or `None` when nothing was ever put there.
    fn open(&self, table: Definition) -> Result<Option<OpenTable>, ReadError> {
        self.shared.check()?;
        match self.transaction.open_table(table) {
            Ok(open) => Ok(Some(open)),
            Err(TableError::TableDoesNotExist(_)) => Ok(None),
            Err(error) => Err(self.shared.read_failed(error)),
        }
    }
}

type OpenTable = ReadOnlyTable<&'static [u8], &'static [u8]>;

impl Shared {
    /// A disk that fails to read ends the store as one that fails to write does.
    fn read_failed(&self, error: impl Into<redb::Error>) -> ReadError {
        ReadError::Failed(self.fail(Failure::redb(Site::StateRead, error.into())))
    }
}
