//! The journal, redb behind it, and recovery: the only user of redb.
//!
//! A `Batch` of records is durable once the journal holds it: one write, one sync, then its
//! `Release`s. Batches that arrive while a sync runs share the next one. Behind it the apply thread puts
//! the same batches into redb, where `Reader`s find them: `durable` ≥ `applied`.

use journal::Queue;
use shared::{OnFailure, Shared, Stop};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

mod apply;
mod backup;
mod batch;
mod cursor;
mod disk;
mod failure;
pub mod faults;
mod journal;
mod read;
pub mod records;
mod recover;
pub mod replace;
mod ring;
mod schema;
mod scrub;
mod sealed;
mod shared;
mod space;

pub use backup::{Backup, BackupError, opened, restore, verify, write_whole};
pub use batch::{Batch, Release};
pub use disk::{Directory, DirectoryError, Disk, DiskFile, Name};
pub use failure::{Cause, Failure, Site};
pub use read::{Direction, Page, ReadError, Reader, Row, Snapshot};
pub use recover::OpenError;
pub use schema::Table;
pub use scrub::Rewrite;
pub use sealed::{PASSPHRASE_CHARS_MIN, SealFault, SealKey, is_sealed};

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
    /// Bytes of changes that may wait for the journal, and as many of what waits with them.
    pub submissions_bytes_max: usize,
    /// Bytes of keys and values from which on messages are refused.
    pub store_bytes_max: u64,
    /// Free bytes to leave to the rest of the box.
    pub reserve_bytes: u64,
    /// Size of the ballast file; 0 for none.
    pub ballast_bytes: u64,
    /// Bytes of a state that opening writes anew after an erasure.
    pub anew_bytes_max: u64,
    /// How long a durable batch that nobody waits to read may wait for others to be applied with.
    pub linger: Duration,
    /// In place of the directory, for faults.
    pub disk: Option<Arc<dyn Disk>>,
    /// Called once, from a thread of the store, when it has failed: let the process exit.
    pub on_failure: Option<OnFailure>,
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
            submissions_bytes_max: limits::SUBMISSIONS_BYTES_MAX,
            store_bytes_max: limits::STORE_BYTES_MAX,
            reserve_bytes: limits::SPACE_RESERVE_BYTES,
            ballast_bytes: limits::BALLAST_BYTES,
            anew_bytes_max: limits::SCRUB_BYTES_MAX,
            linger: Duration::from_millis(limits::APPLY_LINGER_MS),
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

/// Why a batch was not taken. It is handed back whole, its releases unreleased.
pub struct Refused<R> {
    /// The reason.
    pub why: SubmitError,
    /// The batch.
    pub batch: Batch<R>,
}

impl<R> fmt::Debug for Refused<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {:?}", self.why, self.batch)
    }
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

impl fmt::Display for SubmitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SubmitError::Full => f.write_str("the queue to the journal is full"),
            SubmitError::TooLarge => f.write_str("the batch or one of its keys is too large"),
            SubmitError::Failed(failure) => failure.fmt(f),
        }
    }
}

/// The store of one data directory.
///
/// Dropping it ends its threads once what was submitted is durable, without a checkpoint; the next start
/// replays. [`shutdown`](Store::shutdown) is the clean way.
pub struct Store<R: Release> {
    shared: Arc<Shared>,
    queue: Arc<Queue<R>>,
    journal: Option<JoinHandle<()>>,
    apply: Option<JoinHandle<()>>,
}

impl<R: Release> Store<R> {
    /// Opens or makes the store `options` describe, brings the state up to the journal, and starts the
    /// threads `journal` and `apply`.
    pub fn open(options: Options) -> Result<(Store<R>, Opened), OpenError> {
        let waiting_bytes_max = options.submissions_bytes_max;
        let recover::Ready { shared, applier, appender, opened } = recover::open(options)?;
        let shared = Arc::new(shared);
        let queue = Arc::new(Queue::new(shared.geometry, waiting_bytes_max, shared.durable().0));
        let mut store =
            Store { shared: Arc::clone(&shared), queue: Arc::clone(&queue), journal: None, apply: None };
        store.journal = Some(spawn("journal", {
            let shared = Arc::clone(&shared);
            move || journal::run(shared, queue, appender)
        })?);
        store.apply = Some(spawn("apply", move || apply::run(shared, applier))?);
        Ok((store, opened))
    }

    /// An empty batch, its buffers warm.
    pub fn batch(&self) -> Batch<R> {
        self.queue.batch()
    }

    /// Hands a batch to the journal thread; never waits for the disk. A batch without changes gets the
    /// sequence of the last one that had some, and its releases go out in order without a sync of their own.
    pub fn submit(&self, batch: Batch<R>) -> Result<Sequence, Refused<R>> {
        self.queue.submit(batch, &self.shared)
    }

    /// What may come in just now.
    pub fn admission(&self) -> Admission {
        self.shared.gate.admission()
    }

    /// The last batch handed in.
    pub fn submitted(&self) -> Sequence {
        self.queue.submitted()
    }

    /// The last batch on disk.
    pub fn durable(&self) -> Sequence {
        self.shared.durable()
    }

    /// The last batch readers see.
    pub fn applied(&self) -> Sequence {
        self.shared.applied()
    }

    /// Microseconds the slowest commit took, write and sync together, since [`Store::forget_slowest_sync`].
    pub fn slowest_sync_us(&self) -> u64 {
        self.shared.slowest_us().load(Ordering::Relaxed)
    }

    /// Measures from now on.
    pub fn forget_slowest_sync(&self) {
        self.shared.slowest_us().store(0, Ordering::Relaxed);
    }

    /// A reader, for any thread.
    pub fn reader(&self) -> Reader {
        Reader::new(Arc::clone(&self.shared))
    }

    /// The first cause, once the store has failed.
    pub fn failed(&self) -> Option<Failure> {
        self.shared.check().err()
    }

    /// Asks for a checkpoint if anything is outstanding. The shell, which owns the clock, calls it every few
    /// hours; to all other checkpoints the store sees itself.
    pub fn checkpoint(&self) {
        self.shared.want_checkpoint();
    }

    /// Takes away what was deleted before: after a checkpoint the ring is overwritten, and the next start writes the
    /// state anew. Work waits meanwhile for as long as the disk takes to write the ring once.
    pub fn scrub(&self) {
        self.shared.want_scrub();
        self.queue.zero();
    }

    /// When what was deleted by an erasure leaves the state's pages; `None` when nothing of the kind is in them.
    pub fn rewrite(&self) -> Option<Rewrite> {
        self.shared.rewrite()
    }

    /// Copies all that is durable now into one file at `to`, while work goes on; waits at most `patience` for
    /// the state to catch up. `go_on` is told the bytes written so far, chunk by chunk, and may stop it: the
    /// snapshot pins pages, so give it a time limit. Serves REQ B-6.
    pub fn backup(
        &self,
        to: &Path,
        patience: Duration,
        go_on: &mut dyn FnMut(u64) -> bool,
    ) -> Result<Backup, BackupError> {
        let reader = self.reader();
        reader.wait(self.durable(), patience)?;
        write_whole(to, None, |out| backup::stream(&reader, out, go_on))
    }

    /// Stops cleanly: everything submitted is durable, released, applied and checkpointed.
    pub fn shutdown(mut self) -> Result<(), Failure> {
        self.end(Stop::Clean);
        self.shared.check()
    }

    fn end(&mut self, stop: Stop) {
        self.queue.close();
        // The journal thread may need a checkpoint to go on, so the apply thread outlives it. A thread that
        // panicked has said so as a failure.
        if let Some(journal) = self.journal.take() {
            let _ = journal.join();
        }
        self.shared.stop(stop);
        if let Some(apply) = self.apply.take() {
            let _ = apply.join();
        }
    }
}

impl<R: Release> Drop for Store<R> {
    fn drop(&mut self) {
        self.end(Stop::Now);
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    Builder::new().name(name.to_owned()).spawn(run)
}
