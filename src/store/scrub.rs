//! Taking away what was deleted: a deleted row's bytes stay in the ring until it comes round, and in the state's
//! pages until they are used again.
//!
//! After an erasure a checkpoint puts the deletion into the state, the ring is overwritten with zeros behind it,
//! and a mark asks the next start to write the state anew, row by row, and to overwrite the old file before it
//! goes. (redb can compact a file, but it moves pages and cuts the end off: what lay in them stays on the disk,
//! and what was deleted within a page stays in the page.) A flash disk may keep an overwritten block for a while
//! out of reach of any program: an encrypted data partition is what helps against that.

use super::disk::{Disk, DiskFile, Name};
use super::ring::{Geometry, file_offset};
use super::schema::Table;
use super::space::checkpoint_bytes_max;
use crate::limits::APPLY_BYTES_MAX;
use redb::{Database, Durability, ReadableDatabase, TableError};
use std::io;

const ZEROS: usize = 256 * 1024;

/// When what was deleted leaves the state's freed pages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rewrite {
    /// The next start writes the state anew.
    AtNextStart,
    /// The state has so many bytes, more than a start writes anew by itself: until the pages are used again, or
    /// somebody has it written anew with the box stopped.
    TooLarge(u64),
    /// The disk has no room for so many bytes a second time.
    NoRoom(u64),
}

/// What a start would do about a state that is to be written anew, if it writes at most so many bytes.
pub(super) fn outlook(disk: &dyn Disk, geometry: Geometry, bytes_max: u64) -> io::Result<Rewrite> {
    let bytes = disk.open(Name::State)?.map_or(Ok(0), |state| state.bytes())?;
    if bytes > bytes_max {
        return Ok(Rewrite::TooLarge(bytes));
    }
    let is_room = disk.free_bytes()? >= bytes + checkpoint_bytes_max(geometry);
    Ok(if is_room { Rewrite::AtNextStart } else { Rewrite::NoRoom(bytes) })
}

/// Overwrites all of the ring. Everything in it must be contained in the state, durably.
pub(super) fn zero_ring(journal: &dyn DiskFile, geometry: Geometry) -> io::Result<()> {
    overwrite(journal, file_offset(0), file_offset(geometry.ring_bytes()))
}

fn overwrite(file: &dyn DiskFile, from: u64, to: u64) -> io::Result<()> {
    let zeros = vec![0; ZEROS];
    let mut at = from;
    while at < to {
        let length = ZEROS.min((to - at) as usize);
        file.write_at(&zeros[..length], at)?;
        at += length as u64;
    }
    file.sync()
}

/// Every row of one state into another, empty one.
pub(super) fn copy_rows(from: &Database, to: &Database) -> Result<(), redb::Error> {
    let read = from.begin_read()?;
    for &table in Table::ALL {
        let rows = match read.open_table(table.definition()) {
            Ok(rows) => rows,
            Err(TableError::TableDoesNotExist(_)) => continue,
            Err(error) => return Err(error.into()),
        };
        let mut rows = rows.range::<&[u8]>(..)?.peekable();
        while rows.peek().is_some() {
            let mut write = to.begin_write()?;
            write.set_durability(Durability::None)?;
            {
                let mut open = write.open_table(table.definition())?;
                let mut bytes = 0;
                while let Some(row) = rows.next_if(|_| bytes < APPLY_BYTES_MAX) {
                    let (key, value) = row?;
                    bytes += key.value().len() + value.value().len();
                    open.insert(key.value(), value.value())?;
                }
            }
            write.commit()?;
        }
    }
    Ok(())
}

/// Puts a whole new state in the place of the one there is, which lies aside until it is overwritten.
pub(super) fn swap(disk: &dyn Disk) -> io::Result<()> {
    disk.publish(Name::State, Name::OldState)?;
    disk.publish(Name::NewState, Name::State)
}

/// Overwrites and removes a state that lies aside; or gives it its name back when a start was cut before the new
/// one had it.
pub(super) fn finish(disk: &dyn Disk) -> io::Result<()> {
    let Some(old) = disk.open(Name::OldState)? else { return Ok(()) };
    if disk.open(Name::State)?.is_none() {
        return disk.publish(Name::OldState, Name::State);
    }
    overwrite(&*old, 0, old.bytes()?)?;
    disk.remove(Name::OldState)
}

#[cfg(test)]
mod tests {
    use super::super::faults::MemoryDisk;
    use super::super::{Batch, Direction, Options, Sequence, Store};
    use super::*;
    use std::time::{Duration, Instant};

    const PATIENCE: Duration = Duration::from_secs(10);
    const WORD: &[u8] = b"a word she wants gone";

    fn open(disk: &MemoryDisk) -> Store<()> {
        Store::open(disk.options()).expect("a store opens").0
    }

    fn holds(disk: &MemoryDisk, name: Name) -> bool {
        disk.has(name) && disk.bytes_of(name).windows(WORD.len()).any(|some| some == WORD)
    }

    fn submit(store: &Store<()>, change: impl FnOnce(&mut Batch<()>)) -> Sequence {
        let mut batch = Batch::default();
        change(&mut batch);
        let sequence = store.submit(batch).expect("submitted");
        store.reader().wait(sequence, PATIENCE).expect("applied");
        sequence
    }

    /// A store with a hundred rows of which one was deleted again, and what is left asked to be taken away.
    fn scrubbed(disk: &MemoryDisk) -> Store<()> {
        let store = open(disk);
        for n in 0..100u8 {
            let other = [n; 30];
            submit(&store, |batch| batch.put(Table::Messages, &[n], if n == 98 { WORD } else { &other }));
        }
        submit(&store, |batch| batch.delete(Table::Messages, &[98]));
        assert!(holds(disk, Name::Journal), "deleted, and still there");
        store.scrub();
        let deadline = Instant::now() + PATIENCE;
        while holds(disk, Name::Journal) {
            assert!(Instant::now() < deadline, "the ring still holds it");
            std::thread::sleep(Duration::from_millis(5));
        }
        store
    }

    fn rows(store: &Store<()>) -> usize {
        store.reader().range(Table::Messages, .., 1000, Direction::Forward).expect("a read").rows.len()
    }

    #[test]
    fn a_deleted_word_leaves_the_ring_at_once_and_the_state_at_the_next_start() {
        let disk = MemoryDisk::new();
        let store = scrubbed(&disk);
        submit(&store, |batch| batch.put(Table::Messages, &[200], b"life goes on"));
        store.shutdown().expect("closed");
        let store = open(&disk);
        assert!(!holds(&disk, Name::State) && !holds(&disk, Name::Journal));
        assert!(!disk.has(Name::OldState) && !disk.has(Name::NewState));
        assert_eq!(rows(&store), 100);
        submit(&store, |batch| batch.put(Table::Messages, &[201], b"and on"));
        store.shutdown().expect("closed");
        let (store, opened) = Store::<()>::open(disk.options()).expect("a store opens");
        assert_eq!((rows(&store), opened.recovered), (101, 0));
    }

    #[test]
    fn a_state_too_large_for_a_start_says_so_and_is_written_anew_when_somebody_asks() {
        let disk = MemoryDisk::new();
        let store = scrubbed(&disk);
        assert_eq!(store.rewrite(), Some(Rewrite::AtNextStart));
        store.shutdown().expect("closed");
        let written = disk.counts(Name::NewState).writes;
        let small = || Options { anew_bytes_max: 1, ..disk.options() };
        for _ in 0..2 {
            let store = Store::<()>::open(small()).expect("a store opens").0;
            let told = store.rewrite();
            assert!(matches!(told, Some(Rewrite::TooLarge(bytes)) if bytes > 1), "{told:?}");
            assert_eq!(disk.counts(Name::NewState).writes, written, "nothing was begun");
            assert_eq!(rows(&store), 99);
            store.shutdown().expect("closed");
        }
        // Enough for a checkpoint, not for a second state.
        disk.set_capacity(
            disk.used_bytes() + checkpoint_bytes_max(Geometry::new(64 * 1024, 2).expect("whole")),
        );
        let store = Store::<()>::open(disk.options()).expect("a store opens").0;
        assert!(matches!(store.rewrite(), Some(Rewrite::NoRoom(_))));
        store.shutdown().expect("closed");
        disk.set_capacity(u64::MAX);
        let store =
            Store::<()>::open(Options { anew_bytes_max: u64::MAX, ..disk.options() }).expect("opens").0;
        assert_eq!((store.rewrite(), rows(&store)), (None, 99));
        assert!(disk.counts(Name::NewState).writes > written);
        assert!(!holds(&disk, Name::State) && !disk.has(Name::OldState));
    }

    #[test]
    fn a_power_cut_after_the_ring_was_zeroed_loses_nothing() {
        let disk = MemoryDisk::new();
        let store = scrubbed(&disk);
        submit(&store, |batch| batch.put(Table::Messages, &[200], b"acknowledged"));
        drop(store);
        let store = open(&disk);
        assert_eq!(rows(&store), 100);
        assert!(!holds(&disk, Name::State));
    }

    #[test]
    fn a_start_cut_between_the_two_names_finds_the_old_state() {
        let disk = MemoryDisk::new();
        let store = open(&disk);
        submit(&store, |batch| batch.put(Table::Messages, &[1], b"kept"));
        store.shutdown().expect("closed");
        disk.publish(Name::State, Name::OldState).expect("renamed");
        assert_eq!(rows(&open(&disk)), 1);
        assert!(!disk.has(Name::OldState));
    }
}
