//! Room on the disk and in the ring: who may still come in, and the ballast for the day there is none.

use super::disk::{Disk, Name};
use super::ring::Geometry;
use super::{Admission, Options};
use crate::limits::{RING_LOW_PERCENT, RING_REOPEN_PERCENT};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

/// Bytes the state's file may grow by before the next checkpoint has returned: pages of the last checkpoint
/// are kept until the next, and every block of the ring may touch pages of its own.
pub(super) fn checkpoint_bytes_max(geometry: Geometry) -> u64 {
    2 * geometry.ring_bytes()
}

/// Drops the ballast if there is not the space a full ring may need. Comes before anything is opened.
pub(super) fn make_room(disk: &dyn Disk, geometry: Geometry) -> io::Result<bool> {
    if disk.free_bytes()? >= checkpoint_bytes_max(geometry) || disk.open(Name::Ballast)?.is_none() {
        return Ok(false);
    }
    disk.remove(Name::Ballast)?;
    Ok(true)
}

/// How far space has run out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
enum Level {
    Ample = 0,
    Low = 1,
    Full = 2,
}

/// The doors, and the marks at which they close. They reopen a good step above where they closed, or the
/// desk would flap with every message.
pub(super) struct Gate {
    free_needed: u64,
    stored_max: u64,
    ballast: u64,
    level: AtomicU8,
    ring_low: AtomicBool,
}

impl Gate {
    pub(super) fn new(options: &Options, geometry: Geometry) -> Gate {
        Gate {
            free_needed: checkpoint_bytes_max(geometry) + options.reserve_bytes,
            stored_max: options.store_bytes_max,
            ballast: options.ballast_bytes,
            level: AtomicU8::new(Level::Ample as u8),
            ring_low: AtomicBool::new(false),
        }
    }

    pub(super) fn admission(&self) -> Admission {
        match self.level() {
            Level::Full => Admission::StorageFull,
            _ if self.ring_low.load(Ordering::Relaxed) => Admission::RingLow,
            Level::Low => Admission::StorageLow,
            Level::Ample => Admission::Open,
        }
    }

    /// Whether space is to be asked for again though nothing happens.
    pub(super) fn is_tight(&self) -> bool {
        self.level() != Level::Ample
    }

    pub(super) fn set_ring(&self, free: u64, total: u64) {
        let percent =
            if self.ring_low.load(Ordering::Relaxed) { RING_REOPEN_PERCENT } else { RING_LOW_PERCENT };
        self.ring_low.store(free * 100 < total * percent, Ordering::Relaxed);
    }

    /// Looks at the disk, sets the doors, and makes the ballast anew once there is room for it.
    pub(super) fn look(&self, disk: &dyn Disk, stored: u64) -> io::Result<()> {
        let free = disk.free_bytes()?;
        let was = self.level();
        let now = self.judge(was, free, stored);
        self.level.store(now as u8, Ordering::Relaxed);
        if was != now {
            log::warn!("space is {now:?} (was {was:?}): {free} bytes free, {stored} bytes stored");
        }
        if was > Level::Ample && now == Level::Ample { self.load_ballast(disk) } else { Ok(()) }
    }

    /// Makes the ballast if it is missing and leaves every door open.
    pub(super) fn load_ballast(&self, disk: &dyn Disk) -> io::Result<()> {
        let room = disk.free_bytes()? >= self.ballast + 2 * self.free_needed;
        if self.ballast == 0 || !room || disk.open(Name::Ballast)?.is_some() {
            return Ok(());
        }
        if let Err(error) = disk.create(Name::Ballast)?.reserve(self.ballast) {
            // Not a failure of the store: it goes on as well as it did without.
            log::warn!("no ballast: {error}");
            disk.remove(Name::Ballast)?;
        }
        Ok(())
    }

    fn level(&self) -> Level {
        match self.level.load(Ordering::Relaxed) {
            0 => Level::Ample,
            1 => Level::Low,
            _ => Level::Full,
        }
    }

    fn judge(&self, was: Level, free: u64, stored: u64) -> Level {
        // A level is left a quarter of its mark later than it was entered.
        let reached = |level: Level, free_mark: u64, stored_mark: u64| {
            let slack = if was >= level { 4 } else { u64::MAX };
            free < free_mark.saturating_add(free_mark / slack)
                || stored >= stored_mark.saturating_sub(stored_mark / slack.saturating_mul(4))
        };
        if reached(Level::Full, self.free_needed, self.stored_max) {
            Level::Full
        } else if reached(Level::Low, self.free_needed + self.free_needed / 2, self.stored_max / 20 * 19) {
            Level::Low
        } else {
            Level::Ample
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate() -> Gate {
        Gate {
            free_needed: 1000,
            stored_max: 10_000,
            ballast: 0,
            level: AtomicU8::new(0),
            ring_low: AtomicBool::new(false),
        }
    }

    #[test]
    fn conversations_are_refused_before_messages_and_both_return_later_than_they_went() {
        let gate = gate();
        let walk = [
            (1500, Level::Ample),
            (1499, Level::Low),
            (1000, Level::Low),
            (999, Level::Full),
            (1249, Level::Full),
            (1250, Level::Low),
            (1874, Level::Low),
            (1875, Level::Ample),
        ];
        let mut level = Level::Ample;
        for (free, expected) in walk {
            level = gate.judge(level, free, 0);
            assert_eq!(level, expected, "{free} bytes free");
        }
    }

    #[test]
    fn a_store_at_its_maximum_refuses_and_heals_by_deletes() {
        let gate = gate();
        let walk = [
            (9499, Level::Ample),
            (9500, Level::Low),
            (10_000, Level::Full),
            (9376, Level::Full),
            (9374, Level::Low),
            (8906, Level::Ample),
        ];
        let mut level = Level::Ample;
        for (stored, expected) in walk {
            level = gate.judge(level, 1 << 40, stored);
            assert_eq!(level, expected, "{stored} bytes stored");
        }
    }

    #[test]
    fn the_ring_closes_below_a_quarter_and_reopens_above_two_fifths() {
        let gate = gate();
        for (free, expected) in
            [(25, Admission::Open), (24, Admission::RingLow), (39, Admission::RingLow), (40, Admission::Open)]
        {
            gate.set_ring(free, 100);
            assert_eq!(gate.admission(), expected, "{free} percent free");
        }
    }
}
