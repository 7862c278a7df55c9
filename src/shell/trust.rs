//! Does anybody vouch for the clock (D-18)?
//!
//! A small board has no clock of its own: it wakes up at the time it went to sleep, or in 1970, and says so
//! with the same face as one that is right. What counts as a voucher, in this order: the file by which the
//! system says that it has set its clock over the network; a real-time clock in the machine; a host that keeps
//! the time for us (a container has no time service of its own); the admin.

use std::path::PathBuf;

use super::Shell;
use super::records::ClockMark;
use crate::agent::presence::HouseBanner;
use crate::engine::clock::WALL_ROWS_MAX;
use crate::engine::input::Input;
use crate::limits::CONVERSATIONS_MAX;

/// No box was built before 2026-01-01: a clock that shows less was never set.
const BUILT_MS: i64 = 1_767_225_600_000;

/// A clock that stands this far before the last stamp was set back or has stopped.
const BEHIND_MS: i64 = 10 * 60 * 1000;

/// What staff are told while the clock is not trusted.
pub(super) const CLOCK_BANNER: HouseBanner<'static> = HouseBanner {
    kind: "clock",
    text: "The box does not know the time. All hours count as open, and signed-in customers wait, until it does.",
};

/// Where the system says what it knows of the time.
#[derive(Clone, Debug)]
pub struct Vouchers {
    /// There once the time service has set the clock.
    pub synchronized: PathBuf,
    /// There when the machine has a real-time clock.
    pub real_time_clock: PathBuf,
    /// There when the system is run by systemd, so that the first file can be waited for.
    pub own_system: PathBuf,
}

impl Default for Vouchers {
    fn default() -> Vouchers {
        Vouchers {
            synchronized: "/run/systemd/timesync/synchronized".into(),
            real_time_clock: "/sys/class/rtc/rtc0".into(),
            own_system: "/run/systemd/system".into(),
        }
    }
}

impl Vouchers {
    /// Is the real clock good, as far as the machine can tell?
    pub fn vouch(&self, real_ms: i64, last: Option<ClockMark>) -> bool {
        if self.synchronized.exists() {
            return true;
        }
        let plausible = real_ms >= BUILT_MS && last.is_none_or(|mark| real_ms >= mark.product_ms - BEHIND_MS);
        plausible && (self.real_time_clock.exists() || !self.own_system.exists())
    }
}

impl Shell {
    /// Looks whether the clock was set, and whether somebody vouches for it by now.
    pub(super) fn watch_clock(&mut self) {
        if !self.clock.is_trusted() && self.vouchers.synchronized.exists() {
            self.trust_clock();
        }
        if self.clock.take_jump().is_some() {
            log::warn!("the wall clock was set");
            self.now = self.clock.now();
            self.wall_moved(false);
        }
    }

    /// The clock is right from now on: the system says so, or the admin. False when it was trusted already.
    fn trust_clock(&mut self) -> bool {
        if self.clock.trust().is_none() {
            return false;
        }
        log::info!("the clock is trusted");
        self.now = self.clock.now();
        // What began since the start keeps its time; what the start brought back loses the time it was down.
        self.wall_moved(true);
        self.turn(Input::DownTime, None);
        self.follow_hours();
        let frame = self.view().house_banner_closed(CLOCK_BANNER.kind);
        self.tell_all_staff(frame);
        true
    }

    /// The admin has looked at the time and says that it is right.
    pub fn trust_clock_for(&mut self, admin: &str) {
        if self.trust_clock() {
            self.audit(admin, "clock", "trusted".to_owned(), String::new());
        }
    }

    fn wall_moved(&mut self, spare_restored: bool) {
        for first in (0..CONVERSATIONS_MAX).step_by(WALL_ROWS_MAX as usize) {
            self.turn(Input::WallMoved { first, spare_restored }, None);
        }
    }

    /// What the box has to say to every member of staff.
    pub(super) fn house_banners(&self) -> &'static [HouseBanner<'static>] {
        if self.clock.is_trusted() { &[] } else { &[CLOCK_BANNER] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = BUILT_MS + 1_000_000_000;

    fn vouchers(dir: &std::path::Path, there: &[&str]) -> Vouchers {
        for name in there {
            std::fs::write(dir.join(name), "").expect("written");
        }
        Vouchers {
            synchronized: dir.join("synchronized"),
            real_time_clock: dir.join("rtc0"),
            own_system: dir.join("system"),
        }
    }

    fn mark(product_ms: i64) -> Option<ClockMark> {
        Some(ClockMark { product_ms, real_ms: product_ms })
    }

    #[test]
    fn a_board_without_a_clock_waits_for_the_time_service() {
        let dir = tempfile::tempdir().expect("a folder");
        let board = vouchers(dir.path(), &["system"]);
        assert!(!board.vouch(NOW_MS, None));
        vouchers(dir.path(), &["synchronized"]);
        assert!(
            board.vouch(NOW_MS, mark(NOW_MS + 9_000_000)),
            "then even a stamp ahead of it was the mistake"
        );
    }

    #[test]
    fn a_real_time_clock_and_a_host_are_believed_unless_they_contradict_what_was_stamped() {
        let dir = tempfile::tempdir().expect("a folder");
        let machine = vouchers(dir.path(), &["system", "rtc0"]);
        assert!(machine.vouch(NOW_MS, mark(NOW_MS - 1)));
        assert!(!machine.vouch(NOW_MS, mark(NOW_MS + 3_600_000)), "its battery is empty");
        assert!(!machine.vouch(0, None), "1970");
        let container = tempfile::tempdir().expect("a folder");
        assert!(vouchers(container.path(), &[]).vouch(NOW_MS, None));
    }
}
