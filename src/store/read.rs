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

    /// Writes all of it, as it is now, into `out` as a backup; `go_on` is told the bytes written so far, chunk by
    /// chunk, and may stop it: the snapshot pins pages, so give it a time limit. Serves REQ B-6.
    pub fn backup_into(
        &self,
        out: &mut dyn std::io::Write,
        go_on: &mut dyn FnMut(u64) -> bool,
    ) -> Result<(), super::BackupError> {
        super::backup::stream(self, out, go_on)
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
        self.walk(table, bounds, direction, |key, value| {
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
        mut row: impl FnMut(&[u8], &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let all = (Bound::Unbounded, Bound::Unbounded);
        self.walk(table, all, Direction::Forward, |key, value| row(key, value).map(|()| true))
    }

    /// Shows `row` one row after the other until it answers `false`.
    fn walk<E: From<ReadError>>(
        &self,
        table: Table,
        bounds: (Bound<&[u8]>, Bound<&[u8]>),
        direction: Direction,
        mut row: impl FnMut(&[u8], &[u8]) -> Result<bool, E>,
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

#[cfg(test)]
mod tests {
    use super::super::faults::{Fault, MemoryDisk, Op};
    use super::super::{Batch, Name, Options, Store};
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    /// Keys 00 to 09 in one table, and a neighbour.
    fn ten_rows(disk: &MemoryDisk) -> Store<()> {
        let (store, _) = Store::open(disk.options()).expect("a store opens");
        let mut batch = Batch::default();
        for n in 0..10u8 {
            batch.put(Table::Messages, &[0, n], &[n; 3]);
        }
        batch.put(Table::Notes, b"neighbour", b"");
        let sequence = store.submit(batch).expect("submitted");
        store.reader().wait(sequence, PATIENCE).expect("applied");
        store
    }

    fn keys(page: &Page) -> Vec<u8> {
        page.rows.iter().map(|(key, _)| key[1]).collect()
    }

    #[test]
    fn a_range_is_paged_from_either_end_without_gap_or_repeat() {
        let store = ten_rows(&MemoryDisk::new());
        let reader = store.reader();
        for direction in [Direction::Forward, Direction::Backward] {
            let (mut seen, mut edge): (Vec<u8>, _) = (Vec::new(), None::<Vec<u8>>);
            loop {
                let edge_bound = edge.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
                let range = match direction {
                    Direction::Forward => (edge_bound, Bound::Unbounded),
                    Direction::Backward => (Bound::Unbounded, edge_bound),
                };
                let page = reader.range(Table::Messages, range, 4, direction).expect("a read");
                assert!(page.rows.len() == 4 || !page.more);
                seen.extend(keys(&page));
                edge = page.rows.last().map(|(key, _)| key.clone());
                if !page.more {
                    break;
                }
            }
            let mut all: Vec<u8> = (0..10).collect();
            if direction == Direction::Backward {
                all.reverse();
            }
            assert_eq!(seen, all, "{direction:?}");
        }
    }

    #[test]
    fn a_range_has_exact_ends_and_says_when_it_is_over() {
        let store = ten_rows(&MemoryDisk::new());
        let range = |from: [u8; 2], to: [u8; 2], limit| {
            store
                .reader()
                .range(Table::Messages, &from[..]..&to[..], limit, Direction::Forward)
                .expect("a read")
        };
        let page = range([0, 3], [0, 6], 3);
        assert_eq!((keys(&page), page.more), (vec![3, 4, 5], false));
        assert_eq!(range([0, 6], [0, 3], 3), Page::default(), "an end before the start");
        assert_eq!(keys(&range([0, 0], [1, 0], 0)), [0], "never none while there is one");
        let nothing = store.reader().range(Table::Audit, .., 3, Direction::Forward).expect("a read");
        assert_eq!(nothing, Page::default(), "a table nothing was ever put into");
    }

    #[test]
    fn a_page_ends_when_its_bytes_are_full() {
        let disk = MemoryDisk::new();
        let (store, _) =
            Store::open(Options { segment_bytes: 1 << 20, ..disk.options() }).expect("a store opens");
        let mut sequence = Sequence(0);
        for n in 0..12u8 {
            let mut batch = Batch::<()>::default();
            batch.put(Table::Articles, &[n], &vec![n; 200 * 1024]);
            sequence = store.submit(batch).expect("submitted");
        }
        store.reader().wait(sequence, PATIENCE).expect("applied");
        let page = store.reader().range(Table::Articles, .., 100, Direction::Forward).expect("a read");
        assert_eq!((page.rows.len(), page.more), (6, true));
    }

    #[test]
    fn a_snapshot_does_not_move() {
        let store = ten_rows(&MemoryDisk::new());
        let before = store.reader().snapshot().expect("a snapshot");
        let mut batch = Batch::default();
        batch.delete(Table::Messages, &[0, 4]);
        let sequence = store.submit(batch).expect("submitted");
        store.reader().wait(sequence, PATIENCE).expect("applied");
        assert_eq!(store.reader().get(Table::Messages, &[0, 4]), Ok(None));
        assert_eq!(before.get(Table::Messages, &[0, 4]), Ok(Some(vec![4; 3])));
        assert_eq!(before.sequence(), Ok(Sequence(sequence.0 - 1)));
    }

    #[test]
    fn a_reader_waits_for_its_own_write_and_gives_up_in_time() {
        let disk = MemoryDisk::new();
        let store = ten_rows(&disk);
        disk.arm(Name::Journal, Op::Sync, 0, Fault::Freeze);
        let mut batch = Batch::default();
        batch.put(Table::Messages, b"late", b"");
        let sequence = store.submit(batch).expect("submitted");
        let reader = store.reader();
        assert_eq!(reader.wait(sequence, Duration::from_millis(20)), Err(ReadError::Late));
        assert_eq!(reader.get(Table::Messages, b"late"), Ok(None));
        disk.thaw();
        assert_eq!(reader.wait(sequence, PATIENCE), Ok(()));
        assert_eq!(reader.get(Table::Messages, b"late"), Ok(Some(Vec::new())));
    }
}
