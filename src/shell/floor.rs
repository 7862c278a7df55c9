//! What supervisors see beside the three tables: whose alerts ring, and how today went by the quarter of an hour.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::Shell;
use crate::agent::selftest::{Alerts, Selftest};
use crate::desk::Desk;
use crate::engine::effect::OfferEnd;
use crate::engine::id::AgentId;
use crate::gateway::ConnId;

const QUARTER_MS: i64 = 15 * 60 * 1000;

/// Quarters of the longest day, the one that gains an hour.
const QUARTERS_MAX: usize = 100;

/// The shop floor.
#[derive(Debug, Default)]
pub struct Floor {
    /// Of agents with a window that has told.
    pub alerts: HashMap<AgentId, Alerts>,
    /// Since midnight, or since the start when that was later.
    pub today: Today,
}

/// Figures of a day, one column a quarter of an hour.
#[derive(Debug, Default)]
pub struct Today {
    began_ms: i64,
    ends_ms: i64,
    quarters: Vec<Quarter>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Quarter {
    arrivals: u32,
    accepted: u32,
    waited_ms: i64,
    missed: u32,
    rejected: u32,
}

/// Something that counts.
#[derive(Clone, Copy, Debug)]
pub(super) enum Counted {
    Arrival,
    Accepted { waited_ms: i64 },
    Missed,
    Rejected,
}

/// As it stands in `desk.today`.
#[derive(Debug, Serialize)]
pub(crate) struct TodayBody {
    arrivals: Vec<u32>,
    accepted: Vec<u32>,
    /// Mean wait in seconds of those accepted in a quarter; none where nobody was.
    waits: Vec<Option<i64>>,
    missed: Vec<u32>,
    rejected: Vec<u32>,
}

impl Today {
    fn count(&mut self, desk: &Desk, now_ms: i64, what: Counted) {
        self.turn_page(desk, now_ms);
        let Some(quarter) = self.quarters.last_mut() else { return };
        match what {
            Counted::Arrival => quarter.arrivals += 1,
            Counted::Accepted { waited_ms } => {
                quarter.accepted += 1;
                quarter.waited_ms += waited_ms.max(0);
            }
            Counted::Missed => quarter.missed += 1,
            Counted::Rejected => quarter.rejected += 1,
        }
    }

    /// A new quarter, or a new day, by the clock on the branch's wall. A clock put back goes on in the quarter
    /// it was in.
    pub(super) fn turn_page(&mut self, desk: &Desk, now_ms: i64) {
        if now_ms >= self.ends_ms {
            let (began_ms, ends_ms) = day(desk, now_ms);
            *self = Today { began_ms, ends_ms, quarters: Vec::new() };
        }
        let wanted = usize::try_from((now_ms - self.began_ms).max(0) / QUARTER_MS).unwrap_or(0) + 1;
        if self.quarters.len() < wanted.min(QUARTERS_MAX) {
            self.quarters.resize(wanted.min(QUARTERS_MAX), Quarter::default());
        }
    }

    pub(crate) fn body(&self) -> TodayBody {
        let each = |of: fn(&Quarter) -> u32| self.quarters.iter().map(of).collect();
        let wait = |quarter: &Quarter| {
            (quarter.accepted > 0).then(|| quarter.waited_ms / 1000 / i64::from(quarter.accepted))
        };
        TodayBody {
            arrivals: each(|quarter| quarter.arrivals),
            accepted: each(|quarter| quarter.accepted),
            waits: self.quarters.iter().map(wait).collect(),
            missed: each(|quarter| quarter.missed),
            rejected: each(|quarter| quarter.rejected),
        }
    }
}

/// Midnight before and after an instant, in the zone of the desk's first hours.
fn day(desk: &Desk, now_ms: i64) -> (i64, i64) {
    let zone = desk.hours.first().map_or(TimeZone::UTC, |hours| hours.zone.rules().clone());
    let midnights = || {
        let here = Timestamp::from_millisecond(now_ms).ok()?.to_zoned(zone);
        let began = here.start_of_day().ok()?;
        let ends = began.tomorrow().ok()?.start_of_day().ok()?;
        Some((began.timestamp().as_millisecond(), ends.timestamp().as_millisecond()))
    };
    midnights().unwrap_or((now_ms, now_ms.saturating_add(96 * QUARTER_MS)))
}

impl Shell {
    pub(super) fn count(&mut self, what: Counted) {
        self.floor.today.count(&self.desk, self.now.wall_ms, what);
        self.lines.view_changed = true;
    }

    pub(super) fn count_end(&mut self, end: OfferEnd) {
        match end {
            OfferEnd::Missed => self.count(Counted::Missed),
            OfferEnd::Rejected => self.count(Counted::Rejected),
            OfferEnd::Accepted | OfferEnd::Undelivered | OfferEnd::Expired | OfferEnd::Withdrawn => {}
        }
    }

    /// A window says what it found out (B-7).
    pub(super) fn selftest(&mut self, conn: ConnId, found: Selftest) {
        let Some(staff) = self.connections.staff_mut(conn) else { return };
        staff.selftest = Some(found);
        let agent = staff.agent;
        self.alerts_changed(agent);
    }

    /// A window has come, gone or spoken.
    pub(super) fn alerts_changed(&mut self, agent: AgentId) {
        let windows = self
            .connections
            .all_staff()
            .filter(|(_, _, staff)| staff.agent == agent)
            .map(|(.., staff)| staff);
        match Alerts::of(windows.filter_map(|staff| staff.selftest)) {
            Some(alerts) => self.floor.alerts.insert(agent, alerts),
            None => self.floor.alerts.remove(&agent),
        };
        self.lines.view_changed = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn desk() -> Desk {
        crate::desk::load(crate::desk::demo()).expect("the demo's desk").desk
    }

    #[test]
    fn a_day_begins_at_midnight_on_the_branch_s_wall() {
        let desk = desk();
        let at = |text: &str| text.parse::<Timestamp>().expect("a time").as_millisecond();
        let mut today = Today::default();
        // 23:50 in Amsterdam, in summer.
        today.count(&desk, at("2026-07-01T21:50:00Z"), Counted::Arrival);
        assert_eq!(today.quarters.len(), 96);
        assert_eq!(today.body().arrivals.last(), Some(&1));
        today.count(&desk, at("2026-07-01T22:20:00Z"), Counted::Accepted { waited_ms: 9_000 });
        let body = today.body();
        assert_eq!((body.arrivals, body.accepted), (vec![0, 0], vec![0, 1]));
        assert_eq!(body.waits, [None, Some(9)]);
    }

    #[test]
    fn a_clock_put_back_counts_on_where_it_was() {
        let desk = desk();
        let mut today = Today::default();
        today.count(&desk, 1_790_000_000_000, Counted::Missed);
        let quarters = today.quarters.len();
        today.count(&desk, 1_790_000_000_000 - 3 * QUARTER_MS, Counted::Missed);
        assert_eq!(today.quarters.len(), quarters);
        assert_eq!(today.body().missed.last(), Some(&2));
    }
}
