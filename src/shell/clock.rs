//! The product clock (D-18): what every stamp, deadline and opening hour is on.
//!
//! Normally it is the real time. In the demo it starts anywhere and runs up to a thousand times as fast. Its
//! monotonic side never goes back; its wall side never shows less than it did before.
//!
//! A real clock is trusted or it is not. While it is not, the wall side goes on from where the last start left
//! it, as if the box had not been down; once it is, the wall jumps to the real time, once. Whoever wants the
//! time of day asks for [`Clock::daytime_ms`]: stamps may be frozen ahead of the wall after a correction, and
//! nobody shall find the door open by a frozen stamp.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::records::ClockMark;
use crate::engine::settings::Now;

/// A wall clock set by less is left to be followed: rounding, slewing, a leap second.
const JUMP_MS: i64 = 2_000;

/// How far the wall may stand behind the stamps before hours go by the wall again. Shorter, and a small
/// correction just after eight would close the door and open it a second time.
const HOURS_BEHIND_MS: i64 = 10 * 60 * 1000;

/// The product clock of one process.
#[derive(Debug)]
pub struct Clock {
    started: Instant,
    speed: u32,
    wall: Wall,
    /// Nothing stamped is ever older than this.
    last_wall_ms: i64,
}

/// Where the wall side comes from.
#[derive(Clone, Copy, Debug)]
enum Wall {
    /// The demo's: so much at the start, and on from there.
    Drill { from_ms: i64 },
    /// The box's own count, because nobody vouches for the real clock.
    Kept { from_ms: i64 },
    /// The real clock; `set_ms` is what it showed when the process had run for no time.
    Real { set_ms: i64 },
}

/// The wall clock was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jump {
    /// Is this the first time since the start that the clock is trusted?
    pub trusted_now: bool,
}

impl Clock {
    /// The real time, never below what the last start has stamped; not trusted, it goes on from there.
    pub fn real(last: Option<ClockMark>, trusted: bool) -> Clock {
        let real_ms = real_wall_ms();
        let last_wall_ms = last.map_or(0, |mark| mark.product_ms);
        let from_ms = if last_wall_ms > 0 { last_wall_ms } else { real_ms };
        let wall = if trusted { Wall::Real { set_ms: real_ms } } else { Wall::Kept { from_ms } };
        Clock { started: Instant::now(), speed: 1, wall, last_wall_ms }
    }

    /// The demo's: from `wall_ms`, or on from where the last start left it plus the real time since, times
    /// the speed, or from the real time.
    pub fn demo(speed: u32, wall_ms: Option<i64>, last: Option<ClockMark>) -> Clock {
        let now_ms = real_wall_ms();
        let gone_on = last.map(|mark| {
            let down_ms = now_ms.saturating_sub(mark.real_ms).max(0);
            mark.product_ms.saturating_add(down_ms.saturating_mul(speed.into()))
        });
        let from_ms = wall_ms.or(gone_on).unwrap_or(now_ms);
        Clock { started: Instant::now(), speed, wall: Wall::Drill { from_ms }, last_wall_ms: from_ms }
    }

    /// Both sides of the clock now.
    pub fn now(&mut self) -> Now {
        let ran_ms = self.ran_ms();
        self.last_wall_ms = self.last_wall_ms.max(self.wall_at(ran_ms));
        Now { mono_ms: ran_ms, wall_ms: self.last_wall_ms }
    }

    /// Is the time of day known?
    pub fn is_trusted(&self) -> bool {
        !matches!(self.wall, Wall::Kept { .. })
    }

    /// The instant by which opening hours are judged; `None` while nobody vouches for the clock.
    pub fn daytime_ms(&self) -> Option<i64> {
        let wall_ms = self.wall_at(self.ran_ms());
        match self.wall {
            Wall::Kept { .. } => None,
            Wall::Drill { .. } => Some(wall_ms),
            Wall::Real { .. } if self.last_wall_ms - wall_ms <= HOURS_BEHIND_MS => {
                Some(wall_ms.max(self.last_wall_ms))
            }
            Wall::Real { .. } => Some(wall_ms),
        }
    }

    /// Somebody vouches for the real clock from now on. The jump, if it was not trusted before.
    pub fn trust(&mut self) -> Option<Jump> {
        self.trust_at(real_wall_ms())
    }

    /// Notices that the real clock was set since the last look.
    pub fn take_jump(&mut self) -> Option<Jump> {
        self.take_jump_at(real_wall_ms())
    }

    /// How fast it runs.
    pub fn speed(&self) -> u32 {
        self.speed
    }

    /// Real time until the monotonic side shows `mono_ms`: rounded up, so that nothing fires early.
    pub fn until(&self, mono_ms: u64) -> Duration {
        let now_us = (self.started.elapsed().as_micros() as u64).saturating_mul(self.speed.into());
        let wait_us = mono_ms.saturating_mul(1000).saturating_sub(now_us);
        Duration::from_micros(wait_us.div_ceil(self.speed.into()))
    }

    /// So much product time in real time, rounded up.
    pub fn real_time(&self, product_ms: u64) -> Duration {
        Duration::from_micros(product_ms.saturating_mul(1000).div_ceil(self.speed.into()))
    }

    /// What to write down, so that the next start knows when this one was last alive.
    pub fn mark(&mut self) -> ClockMark {
        ClockMark { product_ms: self.now().wall_ms, real_ms: real_wall_ms() }
    }

    fn ran_ms(&self) -> u64 {
        (self.started.elapsed().as_millis() as u64).saturating_mul(self.speed.into())
    }

    fn wall_at(&self, ran_ms: u64) -> i64 {
        match self.wall {
            Wall::Drill { from_ms } | Wall::Kept { from_ms } => from_ms.saturating_add_unsigned(ran_ms),
            Wall::Real { .. } => real_wall_ms(),
        }
    }

    fn trust_at(&mut self, real_ms: i64) -> Option<Jump> {
        if !matches!(self.wall, Wall::Kept { .. }) {
            return None;
        }
        self.wall = Wall::Real { set_ms: real_ms.saturating_sub_unsigned(self.ran_ms()) };
        Some(Jump { trusted_now: true })
    }

    fn take_jump_at(&mut self, real_ms: i64) -> Option<Jump> {
        let ran_ms = self.ran_ms();
        let Wall::Real { set_ms } = &mut self.wall else { return None };
        let by_ms = real_ms.saturating_sub(set_ms.saturating_add_unsigned(ran_ms));
        if by_ms.abs() < JUMP_MS {
            return None;
        }
        *set_ms = set_ms.saturating_add(by_ms);
        Some(Jump { trusted_now: false })
    }
}

/// The real wall clock: for what is never scaled (sign-in lifetimes, rate limits, token checks).
pub fn real_wall_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_goes_on_after_a_restart_at_its_own_speed() {
        let mark = ClockMark { product_ms: 1_000_000, real_ms: real_wall_ms() - 2_000 };
        let now = Clock::demo(10, None, Some(mark)).now();
        assert!((1_020_000..1_021_000).contains(&now.wall_ms), "{now:?}");
        assert_eq!(Clock::demo(10, Some(5_000), Some(mark)).now().wall_ms / 1000, 5);
    }

    #[test]
    fn the_wall_never_shows_less_than_was_stamped() {
        let ahead = real_wall_ms() + 3_600_000;
        let mut clock = Clock::real(Some(ClockMark { product_ms: ahead, real_ms: ahead }), true);
        assert_eq!(clock.now().wall_ms, ahead);
        let by_wall = clock.daytime_ms().expect("trusted");
        assert!(by_wall < ahead, "hours go by the wall and not by a stamp an hour ahead of it");
    }

    #[test]
    fn hours_do_not_go_back_over_a_small_correction() {
        let ahead = real_wall_ms() + 300_000;
        let mut clock = Clock::real(Some(ClockMark { product_ms: ahead, real_ms: ahead }), true);
        clock.now();
        assert_eq!(clock.daytime_ms(), Some(ahead));
    }

    #[test]
    fn an_untrusted_clock_goes_on_from_the_last_stamp_and_jumps_once_when_it_is_trusted() {
        let day_ms = 24 * 3600 * 1000;
        let mark_ms = real_wall_ms() - day_ms;
        let mark = ClockMark { product_ms: mark_ms, real_ms: mark_ms };
        let mut clock = Clock::real(Some(mark), false);
        let before = clock.now();
        assert!((mark_ms..mark_ms + 1_000).contains(&before.wall_ms), "down-time counts as nothing");
        assert_eq!((clock.daytime_ms(), clock.is_trusted()), (None, false));
        assert_eq!(clock.trust(), Some(Jump { trusted_now: true }));
        let after = clock.now();
        assert!(after.wall_ms >= mark_ms + day_ms, "the wall has jumped");
        assert!(after.mono_ms < before.mono_ms + 1_000, "no timer has");
        assert_eq!((clock.trust(), clock.take_jump()), (None, None), "once");
    }

    #[test]
    fn a_clock_that_was_set_is_noticed_once_and_one_that_is_slewed_is_not() {
        let mut clock = Clock::real(None, true);
        let now_ms = real_wall_ms();
        assert_eq!(clock.take_jump_at(now_ms + 1_500), None);
        assert_eq!(clock.take_jump_at(now_ms + 3_600_000), Some(Jump { trusted_now: false }));
        assert_eq!(clock.take_jump_at(now_ms + 3_600_000), None);
        assert_eq!(clock.take_jump_at(now_ms), Some(Jump { trusted_now: false }), "and back");
    }

    #[test]
    fn a_deadline_is_waited_for_in_real_time_and_never_short() {
        let clock = Clock::demo(1000, None, None);
        let wait = clock.until(60_000);
        assert!(wait > Duration::from_millis(50) && wait <= Duration::from_millis(60), "{wait:?}");
        assert_eq!(clock.until(0), Duration::ZERO);
        assert_eq!(clock.real_time(1), Duration::from_micros(1));
    }
}
