//! Reading the state: paged, on snapshots, never in the way of the desk.

use super::Sequence;
use super::failure::Failure;
use super::schema::Table;
use std::ops::RangeBounds;
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

/// Reads from any thread. Cheap to clone; a clone outliving the store keeps the state's file open.
#[derive(Clone)]
pub struct Reader {}

impl Reader {
    /// Waits until everything up to `sequence` can be read, at most for `patience`.
    pub fn wait(&self, _sequence: Sequence, _patience: Duration) -> Result<(), ReadError> {
        unimplemented!()
    }
    /// The state as it is now, unmoved by what comes later. It pins pages: keep it shortly.
    pub fn snapshot(&self) -> Result<Snapshot, ReadError> {
        unimplemented!()
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
pub struct Snapshot {}

impl Snapshot {
    /// One value.
    pub fn get(&self, _table: Table, _key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        unimplemented!()
    }
    /// At most `limit` rows of the range (never more than [`READ_ROWS_MAX`](crate::limits::READ_ROWS_MAX), and
    /// about [`READ_BYTES_MAX`](crate::limits::READ_BYTES_MAX) bytes), from one end.
    pub fn range<'a>(
        &self,
        _table: Table,
        _range: impl RangeBounds<&'a [u8]>,
        _limit: usize,
        _direction: Direction,
    ) -> Result<Page, ReadError> {
        unimplemented!()
    }
}
