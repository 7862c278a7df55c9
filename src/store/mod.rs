//! The journal, redb behind it, and recovery: the only user of redb.
//!
//! A [`Batch`] of records is durable once the journal holds it: one write, one sync, then its
//! [`Release`]s. Batches that arrive while a sync runs share the next one. Behind it the apply thread puts
//! the same batches into redb, where [`Reader`]s find them: `durable` ≥ `applied`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

mod batch;
mod disk;
mod failure;
mod read;
/// Versioned values.
pub mod records;
mod schema;

pub use batch::{Batch, Release};
pub use disk::{Directory, DirectoryError, Disk, DiskFile, Name};
pub use failure::{Cause, Failure, Site};
pub use read::{Direction, Page, ReadError, Reader, Row, Snapshot};
pub use schema::Table;

/// Place of a batch in the order of all batches ever stored.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Sequence(pub u64);

/// What may come in. Cheap to ask, with hysteresis at every step.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Admission {
    /// Everything.
    Open,
    /// The state lags behind the journal: refuse new work `full`.
    RingLow,
    /// Space is short: refuse new conversations `storage_full`.
    StorageLow,
    /// Space is as good as gone: refuse new messages too. Reads go on.
    StorageFull,
}

/// How a store is opened.
pub struct Options {
    /// The data directory.
    pub dir: PathBuf,
    /// Bytes of one journal segment, a multiple of the block.
    pub segment_bytes: u64,
    /// Segments of the journal, at least two.
    pub segments: u32,
    /// Page cache of the state.
    pub cache_bytes: usize,
    /// Bytes of keys and values from which on messages are refused.
    pub store_bytes_max: u64,
    /// Free bytes to leave to the rest of the box.
    pub reserve_bytes: u64,
    /// Size of the ballast file; 0 for none.
    pub ballast_bytes: u64,
    /// In place of the directory, for faults.
    pub disk: Option<Arc<dyn Disk>>,
    /// Called once, from a thread of the store, when it has failed: let the process exit.
    pub on_failure: Option<Box<dyn FnOnce(Failure) + Send>>,
}

impl Options {
    /// The limits' own values, in `dir`.
    pub fn new(dir: impl Into<PathBuf>) -> Options {
        use crate::limits;
        Options {
            dir: dir.into(),
            segment_bytes: limits::JOURNAL_SEGMENT_BYTES,
            segments: limits::JOURNAL_SEGMENTS,
            cache_bytes: limits::STATE_CACHE_BYTES,
            store_bytes_max: limits::STORE_BYTES_MAX,
            reserve_bytes: limits::SPACE_RESERVE_BYTES,
            ballast_bytes: limits::BALLAST_BYTES,
            disk: None,
            on_failure: None,
        }
    }
}

/// What opening found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Opened {
    /// Nothing was there before.
    pub fresh: bool,
    /// Batches of the journal that the state did not hold yet.
    pub recovered: u64,
    /// The last batch before this start.
    pub sequence: Sequence,
    /// The start found no space and let the ballast go.
    pub ballast_dropped: bool,
}

/// Why a store cannot be opened.
#[derive(Debug)]
pub enum OpenError {}

/// Why a batch was not taken. It is handed back whole, its releases unreleased.
#[derive(Debug)]
pub struct Refused<R> {
    /// The reason.
    pub why: SubmitError,
    /// The batch.
    pub batch: Batch<R>,
}

/// Reasons for [`Refused`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SubmitError {
    /// The queue to the journal is full; ask again after the next release.
    Full,
    /// A key or the whole is over its limit, for good.
    TooLarge,
    /// The store has failed; this was the first cause.
    Failed(Failure),
}

/// The store of one data directory.
pub struct Store<R: Release> {
    _releases: std::marker::PhantomData<R>,
}

impl<R: Release> Store<R> {
    /// Opens or makes the store in `options.dir`, brings the state up to the journal, and starts its two threads.
    pub fn open(_options: Options) -> Result<(Store<R>, Opened), OpenError> {
        unimplemented!()
    }
    /// An empty batch, its buffers warm.
    pub fn batch(&self) -> Batch<R> {
        unimplemented!()
    }
    /// Hands a batch to the journal thread; never waits for the disk. One without changes gets the sequence of the last
    /// one that had some, and its releases go out in order without a sync of their own.
    pub fn submit(&self, _batch: Batch<R>) -> Result<Sequence, Refused<R>> {
        unimplemented!()
    }
    /// What may come in just now.
    pub fn admission(&self) -> Admission {
        unimplemented!()
    }
    /// The last batch handed in.
    pub fn submitted(&self) -> Sequence {
        unimplemented!()
    }
    /// The last batch on disk.
    pub fn durable(&self) -> Sequence {
        unimplemented!()
    }
    /// The last batch readers see.
    pub fn applied(&self) -> Sequence {
        unimplemented!()
    }
    /// A reader, for any thread.
    pub fn reader(&self) -> Reader {
        unimplemented!()
    }
    /// The first cause, once the store has failed.
    pub fn failed(&self) -> Option<Failure> {
        unimplemented!()
    }
    /// Asks for a checkpoint if anything is outstanding. The shell, which owns the clock, calls it every few hours;
    /// all other checkpoints the store sees to itself.
    pub fn checkpoint(&self) {
        unimplemented!()
    }
    /// Copies the whole state as it is now into one new file, while work goes on. `go_on` is told the bytes
    /// written so far, chunk by chunk, and may stop it: the snapshot pins pages, so give it a time limit.
    pub fn backup(&self, _to: &Path, _go_on: &mut dyn FnMut(u64) -> bool) -> Result<(), ()> {
        unimplemented!()
    }
    /// Stops cleanly: everything submitted is durable, released, applied and checkpointed.
    pub fn shutdown(self) -> Result<(), Failure> {
        unimplemented!()
    }
}
