//! A hierarchical timer wheel of fixed slots: O(1) to arm and to cancel, never early, refuses when full.
//!
//! Eleven levels of 64 slots cover every 64-bit millisecond. A timer lies on the level of the highest bit
//! group in which its deadline differs from the wheel's own time, so it comes down a level each time that
//! group is reached, and fires in the exact millisecond. One word of occupancy a level makes a jump over days
//! of nothing as cheap as a step.

/// An armed timer. Stale once it has fired or was cancelled; cancelling a stale one is a miss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimerId {
    index: u32,
    generation: u32,
}

impl TimerId {
    /// No timer: cancelling it is a miss.
    pub const NONE: TimerId = TimerId { index: NIL, generation: 0 };
}

const NIL: u32 = u32::MAX;
const GROUP_BITS: u32 = 6;
const SLOTS: usize = 1 << GROUP_BITS;
const LEVELS: usize = 11;

const _: () = assert!(LEVELS as u32 * GROUP_BITS >= 64, "every deadline has a level");

/// Timers by deadline in milliseconds of the monotonic clock. `O` says whose a timer is.
#[derive(Debug)]
pub struct Wheel<O> {
    nodes: Box<[Node<O>]>,
    free: u32,
    len: u32,
    /// Timers armed so far: the order of arming.
    arms: u64,
    /// All timers before this instant have fired; every armed one is at or after it.
    time_ms: u64,
    /// The deadline of the timer that expired last, as it was asked for.
    expired_ms: u64,
    occupied: [u64; LEVELS],
    first: [[u32; SLOTS]; LEVELS],
    last: [[u32; SLOTS]; LEVELS],
}

#[derive(Debug)]
struct Node<O> {
    /// When it fires: as asked for, but never before the wheel's own time.
    deadline_ms: u64,
    /// As asked for: how late it fires is told by this.
    asked_ms: u64,
    armed: u64,
    owner: Option<O>,
    generation: u32,
    before: u32,
    behind: u32,
}

impl<O: Copy> Wheel<O> {
    /// An empty wheel with room for this many timers.
    pub fn new(capacity: u32, now_ms: u64) -> Wheel<O> {
        let next = |index: u32| if index + 1 < capacity { index + 1 } else { NIL };
        let nodes = (0..capacity)
            .map(|index| Node {
                deadline_ms: 0,
                asked_ms: 0,
                armed: 0,
                owner: None,
                generation: 0,
                before: NIL,
                behind: next(index),
            })
            .collect();
        Wheel {
            nodes,
            free: if capacity == 0 { NIL } else { 0 },
            len: 0,
            arms: 0,
            time_ms: now_ms,
            expired_ms: now_ms,
            occupied: [0; LEVELS],
            first: [[NIL; SLOTS]; LEVELS],
            last: [[NIL; SLOTS]; LEVELS],
        }
    }

    /// What room for so many timers takes, beside the wheel itself.
    pub fn bytes(capacity: u32) -> usize {
        capacity as usize * size_of::<Node<O>>()
    }

    /// Arms a timer; a deadline in the past is due at once. `None` when full.
    pub fn arm(&mut self, deadline_ms: u64, owner: O) -> Option<TimerId> {
        let index = self.free;
        let node = self.nodes.get_mut(index as usize)?;
        self.free = node.behind;
        node.deadline_ms = deadline_ms.max(self.time_ms);
        node.asked_ms = deadline_ms;
        node.armed = self.arms;
        self.arms += 1;
        node.owner = Some(owner);
        let generation = node.generation;
        self.len += 1;
        self.link(index);
        Some(TimerId { index, generation })
    }

    /// Disarms; false when the timer has fired or was cancelled already.
    pub fn cancel(&mut self, timer: TimerId) -> bool {
        if !self.is_armed(timer) {
            return false;
        }
        self.unlink(timer.index);
        self.release(timer.index);
        true
    }

    /// Is it still to fire?
    pub fn is_armed(&self, timer: TimerId) -> bool {
        self.nodes
            .get(timer.index as usize)
            .is_some_and(|node| node.generation == timer.generation && node.owner.is_some())
    }

    /// When a timer fires, if it still is to.
    pub fn deadline(&self, timer: TimerId) -> Option<u64> {
        self.is_armed(timer).then(|| self.nodes[timer.index as usize].deadline_ms)
    }

    /// Timers armed so far.
    pub fn arms(&self) -> u64 {
        self.arms
    }

    /// Was a timer that is still to fire armed when fewer than `arms` had been?
    pub fn was_armed_before(&self, timer: TimerId, arms: u64) -> bool {
        self.is_armed(timer) && self.nodes[timer.index as usize].armed < arms
    }

    /// The next timer due at `now_ms`, earliest deadline first, equal ones in the order they were armed.
    pub fn expire(&mut self, now_ms: u64) -> Option<O> {
        loop {
            let Some((level, slot, begins_ms)) = self.earliest() else {
                self.time_ms = self.time_ms.max(now_ms);
                return None;
            };
            if begins_ms > now_ms {
                self.time_ms = self.time_ms.max(now_ms);
                return None;
            }
            self.time_ms = self.time_ms.max(begins_ms);
            if level == 0 {
                let index = self.first[0][slot];
                self.unlink(index);
                let Node { owner, asked_ms, .. } = self.nodes[index as usize];
                self.expired_ms = asked_ms;
                self.release(index);
                return owner;
            }
            self.bring_down(level, slot);
        }
    }

    /// When to look again at the latest: never after the earliest deadline.
    pub fn next_deadline(&self) -> Option<u64> {
        self.earliest().map(|(_, _, begins_ms)| begins_ms)
    }

    /// The deadline of the timer that expired last, also where it lay in the past when it was armed: down-time
    /// that counts only later (D-18) arms such.
    pub fn expired_ms(&self) -> u64 {
        self.expired_ms
    }

    /// Timers armed.
    pub fn len(&self) -> u32 {
        self.len
    }

    /// None armed?
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The occupied slot whose time comes first. Levels below hold what comes before anything above.
    fn earliest(&self) -> Option<(usize, usize, u64)> {
        let level = self.occupied.iter().position(|&slots| slots != 0)?;
        let shift = level as u32 * GROUP_BITS;
        let at = (self.time_ms >> shift) as usize % SLOTS;
        // Slots before the wheel's own hand are empty: a deadline there would differ in a higher group.
        let slot = (self.occupied[level] >> at << at).trailing_zeros() as usize;
        let above = shift + GROUP_BITS;
        let base = if above >= 64 { 0 } else { self.time_ms >> above << above };
        Some((level, slot, (base | (slot as u64) << shift).max(self.time_ms)))
    }

    /// The slot's time has come: its timers go to the levels below, in the order they lie.
    fn bring_down(&mut self, level: usize, slot: usize) {
        let mut index = self.first[level][slot];
        self.first[level][slot] = NIL;
        self.last[level][slot] = NIL;
        self.occupied[level] &= !(1 << slot);
        while index != NIL {
            let behind = self.nodes[index as usize].behind;
            self.link(index);
            index = behind;
        }
    }

    fn place(&self, deadline_ms: u64) -> (usize, usize) {
        let differing = deadline_ms ^ self.time_ms;
        let level = if differing == 0 { 0 } else { ((63 - differing.leading_zeros()) / GROUP_BITS) as usize };
        (level, (deadline_ms >> (level as u32 * GROUP_BITS)) as usize % SLOTS)
    }

    fn link(&mut self, index: u32) {
        let (level, slot) = self.place(self.nodes[index as usize].deadline_ms);
        let last = self.last[level][slot];
        let node = &mut self.nodes[index as usize];
        node.before = last;
        node.behind = NIL;
        match last {
            NIL => self.first[level][slot] = index,
            last => self.nodes[last as usize].behind = index,
        }
        self.last[level][slot] = index;
        self.occupied[level] |= 1 << slot;
    }

    fn unlink(&mut self, index: u32) {
        let Node { deadline_ms, before, behind, .. } = self.nodes[index as usize];
        let (level, slot) = self.place(deadline_ms);
        match before {
            NIL => self.first[level][slot] = behind,
            before => self.nodes[before as usize].behind = behind,
        }
        match behind {
            NIL => self.last[level][slot] = before,
            behind => self.nodes[behind as usize].before = before,
        }
        if self.first[level][slot] == NIL {
            self.occupied[level] &= !(1 << slot);
        }
    }

    fn release(&mut self, index: u32) {
        let node = &mut self.nodes[index as usize];
        node.owner = None;
        node.generation = node.generation.wrapping_add(1);
        node.behind = self.free;
        self.free = index;
        self.len -= 1;
    }
}
