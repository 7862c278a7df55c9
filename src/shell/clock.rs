//! The product clock (D-18): what every stamp, deadline and opening hour is on.
//!
//! Normally it is the real time. In the demo it starts anywhere and runs up to a thousand times as fast. Its
//! monotonic side never goes back; its wall side never shows less than it did before.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::records::ClockMark;
use crate::engine::settings::Now;

/// The product clock of one process.
#[derive(Debug)]
pub struct Clock {
    started: Instant,
    speed: u32,
    /// Product wall time at `started`, when the clock is not the real one.
    start_wall_ms: Option<i64>,
    /// Nothing stamped is ever older than this.
    last_wall_ms: i64,
}

impl Clock {
    /// The real time, never below what the last start has stamped.
    pub fn real(last: Option<ClockMark>) -> Clock {
        let last_wall_ms = last.map_or(0, |mark| mark.product_ms);
        Clock { started: Instant::now(), speed: 1, start_wall_ms: None, last_wall_ms }
    }

    /// The demo's: from `wall_ms`, or on from where the last start left it plus the real time since, times
    /// the speed, or from the real time.
    pub fn demo(speed: u32, wall_ms: Option<i64>, last: Option<ClockMark>) -> Clock {
        let now_ms = real_wall_ms();
        let gone_on = last.map(|mark| {
            let down_ms = now_ms.saturating_sub(mark.real_ms).max(0);
            mark.product_ms.saturating_add(down_ms.saturating_mul(speed.into()))
        });
        let start = wall_ms.or(gone_on).unwrap_or(now_ms);
        Clock { started: Instant::now(), speed, start_wall_ms: Some(start), last_wall_ms: start }
    }

    /// Both sides of the clock now.
    pub fn now(&mut self) -> Now {
        let mono_ms = (self.started.elapsed().as_millis() as u64).saturating_mul(self.speed.into());
        let wall_ms = match self.start_wall_ms {
            Some(start) => start.saturating_add(mono_ms as i64),
            None => real_wall_ms(),
        };
        self.last_wall_ms = self.last_wall_ms.max(wall_ms);
        Now { mono_ms, wall_ms: self.last_wall_ms }
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

    /// What to write down, so that the next start knows when this one was last alive.
    pub fn mark(&mut self) -> ClockMark {
        ClockMark { product_ms: self.now().wall_ms, real_ms: real_wall_ms() }
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
        let mut clock = Clock::real(Some(ClockMark { product_ms: ahead, real_ms: ahead }));
        assert_eq!(clock.now().wall_ms, ahead);
    }

    #[test]
    fn a_deadline_is_waited_for_in_real_time_and_never_short() {
        let clock = Clock::demo(1000, None, None);
        let wait = clock.until(60_000);
        assert!(wait > Duration::from_millis(50) && wait <= Duration::from_millis(60), "{wait:?}");
        assert_eq!(clock.until(0), Duration::ZERO);
    }
}
