//! The point of durability: append, sync, release. What arrives during a sync shares the next.

use super::batch::{Batch, Release};
use super::disk::DiskFile;
use super::failure::{Failure, Site};
use super::ring::{
    BLOCK, CHANGES, Checksum, EntryHeader, Geometry, HEADER_BYTES, RUN_STARTED, Run, Salt, file_offset,
};
use super::schema::Covered;
use super::scrub::zero_ring;
use super::shared::{Shared, Watch, lock};
use super::{Refused, Sequence, SubmitError};
use crate::limits::{BATCHES_KEPT_MAX, BUFFER_KEPT_BYTES_MAX, SUBMISSIONS_MAX};
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;

/// The batches on their way to the journal thread, bounded in number and bytes, and those on their way back.
pub(super) struct Queue<R> {
    waiting: Mutex<Waiting<R>>,
    arrived: Condvar,
    /// Of the changes that wait, and as many of what their releases hold.
    waiting_bytes_max: usize,
    batch_bytes_max: usize,
    entry_bytes_max: usize,
}

struct Waiting<R> {
    batches: VecDeque<Batch<R>>,
    bytes: usize,
    /// Bytes that the releases of those batches hold.
    held: usize,
    submitted: u64,
    closed: bool,
    /// The journal thread sleeps until something arrives. To wake it is a system call, also when it is awake.
    asleep: bool,
    /// The ring is to be overwritten once all of it is in the state.
    zero: bool,
    empty: Vec<Batch<R>>,
}

impl<R: Release> Queue<R> {
    pub(super) fn new(geometry: Geometry, waiting_bytes_max: usize, submitted: u64) -> Queue<R> {
        Queue {
            waiting: Mutex::new(Waiting {
                batches: VecDeque::new(),
                bytes: 0,
                held: 0,
                submitted,
                closed: false,
                asleep: false,
                zero: false,
                empty: Vec::new(),
            }),
            arrived: Condvar::new(),
            waiting_bytes_max,
            batch_bytes_max: geometry.batch_bytes_max(),
            entry_bytes_max: geometry.entry_bytes_max(),
        }
    }

    pub(super) fn batch(&self) -> Batch<R> {
        lock(&self.waiting).empty.pop().unwrap_or_default()
    }

    pub(super) fn submitted(&self) -> Sequence {
        Sequence(lock(&self.waiting).submitted)
    }

    pub(super) fn submit(&self, batch: Batch<R>, shared: &Shared) -> Result<Sequence, Refused<R>> {
        let refused = |why, batch| Err(Refused { why, batch });
        if let Err(failure) = shared.check() {
            return refused(SubmitError::Failed(failure), batch);
        }
        if batch.key_too_long() || batch.bytes() > self.batch_bytes_max {
            return refused(SubmitError::TooLarge, batch);
        }
        let mut waiting = lock(&self.waiting);
        let full = waiting.batches.len() >= SUBMISSIONS_MAX
            || waiting.bytes + batch.bytes() > self.waiting_bytes_max
            // One batch may hold more by itself, and must get through.
            || waiting.held > 0 && waiting.held + batch.held() > self.waiting_bytes_max;
        if full {
            return refused(SubmitError::Full, batch);
        }
        waiting.bytes += batch.bytes();
        waiting.held += batch.held();
        waiting.submitted += u64::from(!batch.is_empty());
        waiting.batches.push_back(batch);
        let (sequence, asleep) = (Sequence(waiting.submitted), waiting.asleep);
        // Not under the lock: whom it wakes would run into it.
        drop(waiting);
        if asleep {
            self.arrived.notify_one();
        }
        Ok(sequence)
    }

    /// Lets the journal thread end once it has emptied the queue.
    pub(super) fn close(&self) {
        lock(&self.waiting).closed = true;
        self.arrived.notify_one();
    }

    /// Moves what shares the next sync into `group`; `false` when there will be nothing more.
    fn take(&self, group: &mut Vec<Batch<R>>) -> bool {
        let mut waiting = lock(&self.waiting);
        while waiting.batches.is_empty() && !waiting.closed && !waiting.zero {
            waiting.asleep = true;
            waiting = self.arrived.wait(waiting).unwrap_or_else(PoisonError::into_inner);
            waiting.asleep = false;
        }
        let mut bytes = 0;
        while let Some(batch) = waiting.batches.pop_front() {
            bytes += batch.bytes();
            if bytes > self.entry_bytes_max {
                waiting.batches.push_front(batch);
                break;
            }
            waiting.bytes -= batch.bytes();
            waiting.held -= batch.held();
            group.push(batch);
        }
        !group.is_empty() || waiting.zero
    }

    /// Asks for the ring to be overwritten.
    pub(super) fn zero(&self) {
        lock(&self.waiting).zero = true;
        self.arrived.notify_one();
    }

    fn take_zero(&self) -> bool {
        std::mem::take(&mut lock(&self.waiting).zero)
    }

    fn give_back(&self, group: &mut Vec<Batch<R>>) {
        let mut waiting = lock(&self.waiting);
        let room = BATCHES_KEPT_MAX.saturating_sub(waiting.empty.len());
        for mut batch in group.drain(..).take(room) {
            batch.reset();
            waiting.empty.push(batch);
        }
    }
}

/// The journal thread: ends when the queue is closed and empty, or with the first failure.
pub(super) fn run<R: Release>(shared: Arc<Shared>, queue: Arc<Queue<R>>, mut appender: Appender) {
    let _watch = Watch(Arc::clone(&shared));
    let mut group = Vec::new();
    while queue.take(&mut group) {
        // What has not been synced is never released, whatever it was that failed.
        let begin = Instant::now();
        let stored = shared.check().and_then(|()| appender.store(&shared, &group));
        shared.note_sync(begin.elapsed());
        if let Err(failure) = stored {
            shared.fail(failure);
            return;
        }
        for batch in &mut group {
            batch.drain_releases().for_each(Release::release);
        }
        queue.give_back(&mut group);
        if queue.take_zero()
            && let Err(failure) = appender.zero(&shared)
        {
            shared.fail(failure);
            return;
        }
    }
}

/// The writing end of the chain.
pub(super) struct Appender {
    file: Arc<dyn DiskFile>,
    geometry: Geometry,
    ring: u64,
    run: Run,
    at: u64,
    next: u64,
    previous: Checksum,
    entry: Vec<u8>,
}

impl Appender {
    /// Goes on at the chain's `end`, as a new run.
    pub(super) fn new(file: Arc<dyn DiskFile>, geometry: Geometry, end: &Covered, salt: Salt) -> Appender {
        Appender {
            file,
            geometry,
            ring: end.ring,
            run: Run::new(salt),
            at: end.at,
            next: end.sequence + 1,
            previous: end.previous,
            entry: Vec::new(),
        }
    }

    /// Writes and syncs the entry that starts the run. Gives its segment.
    pub(super) fn start_run(&mut self) -> Result<usize, Failure> {
        self.begin_entry();
        self.append(self.at, RUN_STARTED, 1)
    }

    pub(super) fn at(&self) -> u64 {
        self.at
    }

    fn store<R>(&mut self, shared: &Shared, group: &[Batch<R>]) -> Result<(), Failure> {
        let count = group.iter().filter(|batch| !batch.is_empty()).count();
        if count == 0 {
            return Ok(());
        }
        self.begin_entry();
        for batch in group {
            self.entry.extend_from_slice(batch.changes());
        }
        let mut at = self.at;
        if self.entry.len() as u64 > self.geometry.rest_of_segment(at) {
            at = self.geometry.next_segment(at);
        }
        if at.is_multiple_of(self.geometry.segment_bytes) {
            shared.wait_for_segment(self.geometry.segment_of(at))?;
        }
        let segment = self.append(at, CHANGES, count as u32)?;
        shared.set_durable(self.next - 1, segment, self.at);
        Ok(())
    }

    /// Overwrites the ring, once a checkpoint holds all of it. The journal stands still meanwhile, for as long as
    /// the disk takes to write so much: it happens when somebody's data is erased, and never else.
    fn zero(&mut self, shared: &Shared) -> Result<(), Failure> {
        shared.wait_all_covered()?;
        zero_ring(&*self.file, self.geometry).map_err(|error| Failure::io(Site::JournalWrite, &error))
    }

    fn begin_entry(&mut self) {
        self.entry.clear();
        self.entry.shrink_to(BUFFER_KEPT_BYTES_MAX);
        self.entry.resize(HEADER_BYTES, 0);
    }

    /// One write, one sync; then the chain is one longer.
    fn append(&mut self, at: u64, kind: u8, count: u32) -> Result<usize, Failure> {
        let header = EntryHeader {
            kind,
            ring: self.ring,
            salt: self.run.salt,
            first: self.next,
            count,
            length: (self.entry.len() - HEADER_BYTES) as u32,
            previous: self.previous,
        };
        let checksum = header.seal(&self.run, &mut self.entry);
        let write = |bytes: &[u8]| self.file.write_at(bytes, file_offset(at));
        write(&self.entry).map_err(|error| Failure::io(Site::JournalWrite, &error))?;
        if let Err(error) = self.file.sync() {
            // The system may now hold the entry in memory as if it were stored, and the next start would
            // believe it. Nobody was told of it: better that it never was.
            let _ = write(&[0; BLOCK as usize]);
            return Err(Failure::io(Site::JournalSync, &error));
        }
        self.at = (at + header.padded()) % self.geometry.ring_bytes();
        self.next = header.last() + 1;
        self.previous = checksum;
        Ok(self.geometry.segment_of(at))
    }
}
