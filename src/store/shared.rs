//! What the desk, the two threads and the readers of one store share: the watermarks and who waits for them.

use super::disk::Disk;
use super::failure::{Cause, Failure, Site};
use super::ring::Geometry;
use super::scrub::{Rewrite, outlook};
use super::space::Gate;
use super::{Options, Sequence};
use crate::limits::SPACE_POLL_MS;
use redb::Database;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

pub(super) type OnFailure = Box<dyn FnOnce(Failure) + Send>;

/// How the apply thread is to end.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Stop {
    No,
    /// As it stands; the next start replays.
    Now,
    /// With everything applied and checkpointed.
    Clean,
}

/// What the apply thread is to do next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Task {
    /// Put the journal into the state, up to this sequence.
    Apply(u64),
    Checkpoint,
    LookAtSpace,
    End,
}

/// `covered` ≤ `applied` ≤ `durable`, and where the writer is in the ring.
#[derive(Debug)]
pub(super) struct Marks {
    pub(super) durable: u64,
    pub(super) applied: u64,
    /// What the last checkpoint that returned contains.
    pub(super) covered: u64,
    /// Where the writer goes on.
    pub(super) at: u64,
    /// Segment of the last entry written.
    pub(super) segment: usize,
    /// Per segment, the last sequence in it.
    pub(super) last_in: Vec<u64>,
    /// Somebody waits for this batch to be applied.
    pub(super) awaited: u64,
    /// Asked for: a checkpoint that contains this batch.
    pub(super) checkpoint_wanted: u64,
    /// Asked for: what was deleted is to leave the disk.
    pub(super) scrub: Scrub,
    pub(super) stop: Stop,
}

/// How far a wish to take deleted things away has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Scrub {
    No,
    Wanted,
    /// A checkpoint has noted it for the next start.
    Noted,
}

pub(super) struct Shared {
    pub(super) geometry: Geometry,
    /// Bytes of a state that a start writes anew.
    anew_bytes_max: u64,
    /// How long a batch may wait for others to be applied with.
    linger: Duration,
    pub(super) database: Database,
    pub(super) disk: Arc<dyn Disk>,
    pub(super) gate: Gate,
    marks: Mutex<Marks>,
    /// The apply thread waits here.
    work: Condvar,
    /// Readers wait here for `applied`, the journal thread for `covered`.
    moved: Condvar,
    // Copies of two marks, to be read without the lock.
    durable: AtomicU64,
    applied: AtomicU64,
    /// The slowest sync of the journal since somebody asked, in microseconds.
    slowest_us: AtomicU64,
    failure: OnceLock<Failure>,
    on_failure: Mutex<Option<OnFailure>>,
}

/// A lock whose holders leave it whole at every step, so that one that died does not take the others along.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(super) fn new(
        geometry: Geometry,
        database: Database,
        disk: Arc<dyn Disk>,
        gate: Gate,
        marks: Marks,
        options: &mut Options,
    ) -> Shared {
        Shared {
            geometry,
            anew_bytes_max: options.anew_bytes_max,
            linger: options.linger,
            database,
            disk,
            gate,
            durable: AtomicU64::new(marks.durable),
            applied: AtomicU64::new(marks.applied),
            marks: Mutex::new(marks),
            work: Condvar::new(),
            moved: Condvar::new(),
            slowest_us: AtomicU64::new(0),
            failure: OnceLock::new(),
            on_failure: Mutex::new(options.on_failure.take()),
        }
    }

    pub(super) fn durable(&self) -> Sequence {
        Sequence(self.durable.load(Ordering::Acquire))
    }

    pub(super) fn applied(&self) -> Sequence {
        Sequence(self.applied.load(Ordering::Acquire))
    }

    /// Notes how long a sync of the journal took.
    pub(super) fn note_sync(&self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.slowest_us.fetch_max(us, Ordering::Relaxed);
    }

    pub(super) fn slowest_us(&self) -> &AtomicU64 {
        &self.slowest_us
    }

    /// `Err` with the first cause, once there is one.
    pub(super) fn check(&self) -> Result<(), Failure> {
        self.failure.get().map_or(Ok(()), |failure| Err(failure.clone()))
    }

    /// Ends the store: the first failure stays, wakes all who wait, and is told once. Gives the first one.
    pub(super) fn fail(&self, failure: Failure) -> Failure {
        let first = self.failure.get_or_init(|| failure).clone();
        let tell = lock(&self.on_failure).take();
        if let Some(tell) = tell {
            log::error!("{first}");
            tell(first.clone());
        }
        // Under the lock, or a thread between its look and its wait would sleep through it.
        let _marks = lock(&self.marks);
        self.work.notify_all();
        self.moved.notify_all();
        first
    }

    /// Waits until `segment` may be overwritten: a checkpoint that covers all in it has returned.
    pub(super) fn wait_for_segment(&self, segment: usize) -> Result<(), Failure> {
        let mut marks = lock(&self.marks);
        while marks.last_in[segment] > marks.covered {
            self.check()?;
            marks = self.moved.wait(marks).unwrap_or_else(PoisonError::into_inner);
        }
        Ok(())
    }

    /// The journal thread has synced an entry that ends with `last` in `segment`, and goes on at `at`.
    pub(super) fn set_durable(&self, last: u64, segment: usize, at: u64) {
        let mut marks = lock(&self.marks);
        let was_level = marks.applied == marks.durable;
        marks.durable = last;
        marks.segment = segment;
        marks.last_in[segment] = last;
        marks.at = at;
        self.durable.store(last, Ordering::Release);
        self.set_ring(&marks);
        // It sleeps through what comes while it lingers.
        if was_level || marks.is_pressing() {
            self.work.notify_all();
        }
    }

    /// What is durable up to `sequence` is to be applied without lingering.
    fn hurry(&self, marks: &mut Marks, sequence: u64) {
        if marks.awaited < sequence {
            marks.awaited = sequence;
            self.work.notify_all();
        }
    }

    pub(super) fn set_applied(&self, last: u64) {
        let mut marks = lock(&self.marks);
        marks.applied = last;
        self.applied.store(last, Ordering::Release);
        self.moved.notify_all();
    }

    pub(super) fn set_covered(&self, last: u64, scrub_noted: bool) {
        let mut marks = lock(&self.marks);
        marks.covered = last;
        if scrub_noted && marks.scrub == Scrub::Wanted {
            marks.scrub = Scrub::Noted;
        }
        self.set_ring(&marks);
        self.moved.notify_all();
    }

    fn set_ring(&self, marks: &Marks) {
        self.gate.set_ring(marks.ring_free(self.geometry), self.geometry.ring_bytes());
    }

    /// Waits for the apply thread's next task.
    ///
    /// Batches nobody waits to read are left to gather for a while: a transaction of the state, and a look at the
    /// space there is, cost as much for one batch as for a hundred.
    pub(super) fn next_task(&self) -> Task {
        let mut marks = lock(&self.marks);
        let mut lingers_until = None;
        loop {
            if self.failure.get().is_some() {
                return Task::End;
            }
            if let Some(task) = marks.task() {
                return task;
            }
            let wait = if marks.durable > marks.applied {
                let until = *lingers_until.get_or_insert_with(|| Instant::now() + self.linger);
                until.saturating_duration_since(Instant::now())
            } else if self.gate.is_tight() {
                Duration::from_millis(SPACE_POLL_MS)
            } else {
                marks = self.work.wait(marks).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let (after, waited) = self.work.wait_timeout(marks, wait).unwrap_or_else(PoisonError::into_inner);
            marks = after;
            if waited.timed_out() && marks.task().is_none() {
                let behind = marks.durable > marks.applied;
                return if behind { Task::Apply(marks.durable) } else { Task::LookAtSpace };
            }
        }
    }

    /// Waits until `sequence` is applied, at most for `patience`; `false` when it is not.
    pub(super) fn wait_applied(&self, sequence: Sequence, patience: Duration) -> Result<bool, Failure> {
        self.check()?;
        if self.applied() >= sequence {
            return Ok(true);
        }
        let mut marks = lock(&self.marks);
        self.hurry(&mut marks, sequence.0);
        let behind = |marks: &mut Marks| marks.applied < sequence.0 && self.failure.get().is_none();
        let waited =
            self.moved.wait_timeout_while(marks, patience, behind).unwrap_or_else(PoisonError::into_inner);
        let applied = waited.0.applied;
        drop(waited);
        self.check()?;
        Ok(applied >= sequence.0)
    }

    /// The next checkpoint notes that deleted things are to leave the disk.
    pub(super) fn want_scrub(&self) {
        let mut marks = lock(&self.marks);
        marks.scrub = Scrub::Wanted;
        self.work.notify_all();
    }

    pub(super) fn scrub(&self) -> Scrub {
        lock(&self.marks).scrub
    }

    /// A disk that does not say what is free has no room.
    pub(super) fn rewrite(&self) -> Option<Rewrite> {
        let is_owed = self.scrub() != Scrub::No;
        is_owed
            .then(|| outlook(&*self.disk, self.geometry, self.anew_bytes_max).unwrap_or(Rewrite::NoRoom(0)))
    }

    /// Waits, on the journal thread, until a checkpoint holds all that is durable and the wish noted.
    pub(super) fn wait_all_covered(&self) -> Result<(), Failure> {
        self.want_checkpoint();
        let mut marks = lock(&self.marks);
        while marks.covered < marks.durable || marks.scrub == Scrub::Wanted {
            self.check()?;
            marks = self.moved.wait(marks).unwrap_or_else(PoisonError::into_inner);
        }
        Ok(())
    }

    pub(super) fn want_checkpoint(&self) {
        let mut marks = lock(&self.marks);
        marks.checkpoint_wanted = marks.durable;
        self.work.notify_all();
    }

    pub(super) fn stop(&self, stop: Stop) {
        let mut marks = lock(&self.marks);
        marks.stop = marks.stop.max(stop);
        self.work.notify_all();
    }
}

impl Marks {
    fn task(&self) -> Option<Task> {
        if self.stop == Stop::Now {
            Some(Task::End)
        } else if self.checkpoint_is_due() {
            Some(Task::Checkpoint)
        } else if self.durable > self.applied {
            self.is_pressing().then_some(Task::Apply(self.durable))
        } else {
            (self.stop == Stop::Clean).then_some(Task::End)
        }
    }

    /// Whether what is durable is to be applied at once: somebody waits for it, a checkpoint does, or the store ends.
    fn is_pressing(&self) -> bool {
        let behind = |batch: u64| self.applied < batch;
        let segment_full =
            self.last_in.iter().enumerate().any(|(segment, &last)| segment != self.segment && behind(last));
        behind(self.awaited)
            || behind(self.checkpoint_wanted)
            || segment_full
            || self.scrub == Scrub::Wanted
            || self.stop == Stop::Clean
    }

    /// Never because the box is idle: each costs 44 to 304 KiB of the disk's life.
    fn checkpoint_is_due(&self) -> bool {
        let due = |batch: u64| self.covered < batch && batch <= self.applied;
        let segment_full =
            self.last_in.iter().enumerate().any(|(segment, &last)| segment != self.segment && due(last));
        let scrub = self.scrub == Scrub::Wanted && self.applied == self.durable;
        scrub || segment_full || due(self.checkpoint_wanted) || self.stop == Stop::Clean && due(self.durable)
    }

    /// Bytes that can be written before the writer has to wait for a checkpoint.
    fn ring_free(&self, geometry: Geometry) -> u64 {
        let others = self
            .last_in
            .iter()
            .enumerate()
            .filter(|&(segment, &last)| segment != self.segment && last <= self.covered);
        let rest =
            if geometry.segment_of(self.at) == self.segment { geometry.rest_of_segment(self.at) } else { 0 };
        rest + others.count() as u64 * geometry.segment_bytes
    }
}

/// Turns the death of a thread into a failure of the store, so that nobody waits for it for ever.
pub(super) struct Watch(pub(super) Arc<Shared>);

impl Drop for Watch {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let detail = std::thread::current().name().unwrap_or("thread").into();
            self.0.fail(Failure { site: Site::Thread, cause: Cause::Defect, detail });
        }
    }
}
