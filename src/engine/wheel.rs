//! A hierarchical timer wheel of fixed slots: O(1) to arm and to cancel, never early, refuses when full.

/// An armed timer. Stale once it has fired or was cancelled; cancelling a stale one is a miss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimerId {
    index: u32,
    generation: u32,
}

impl TimerId {
    /// No timer: cancelling it is a miss.
    pub const NONE: TimerId = TimerId { index: u32::MAX, generation: 0 };
}

/// Timers by deadline in milliseconds of the monotonic clock. `O` says whose a timer is.
#[derive(Debug)]
pub struct Wheel<O> {
    owners: Box<[Option<O>]>,
}

impl<O: Copy> Wheel<O> {
    /// An empty wheel with room for this many timers.
    pub fn new(capacity: u32, _now_ms: u64) -> Wheel<O> {
        Wheel { owners: (0..capacity).map(|_| None).collect() }
    }
    /// Arms a timer; a deadline in the past is due at once. `None` when full.
    pub fn arm(&mut self, _deadline_ms: u64, _owner: O) -> Option<TimerId> {
        None
    }
    /// Disarms; false when the timer has fired or was cancelled already.
    pub fn cancel(&mut self, _timer: TimerId) -> bool {
        self.owners.is_empty()
    }
    /// The next timer due at `now_ms`, earliest deadline first, equal ones in the order they were armed.
    pub fn expire(&mut self, _now_ms: u64) -> Option<O> {
        None
    }
    /// When to look again at the latest: never after the earliest deadline.
    pub fn next_deadline(&self) -> Option<u64> {
        None
    }
    /// Timers armed.
    pub fn len(&self) -> u32 {
        0
    }
    /// None armed?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
