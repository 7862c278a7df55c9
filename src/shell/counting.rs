//! Counting as things happen: the figures of the running day in memory, written in the batch of what they count
//! (REQ B-11).
//!
//! One row for each queue, workstream and agent that had anything to do today, so memory is bounded by the desk. The
//! first design kept today for the live view alone; after a restart at noon it showed an empty morning.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::Shell;
use super::figures::{By, DayFigures, DayNumber, QUARTERS, Quarter, key, key_parts, quarter_key};
use super::reads;
use crate::desk::Desk;
use crate::engine::effect::{OfferEnd, SessionReason};
use crate::engine::id::{AgentId, Handle};
use crate::limits::READ_ROWS_MAX;
use crate::store::{Direction, ReadError, Snapshot, Table};

const QUARTER_MS: i64 = 15 * 60 * 1000;

/// Quarters of the longest day, the one that gains an hour.
const QUARTERS_MAX: usize = 100;

/// The calendar day of an instant on the branch's wall.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Day {
    /// Its number.
    pub(super) number: DayNumber,
    began_ms: i64,
    ends_ms: i64,
}

impl Day {
    /// The day of an instant, in the zone of the desk's first hours; UTC without any.
    pub(super) fn at(desk: &Desk, now_ms: i64) -> Day {
        let zone = desk.hours.first().map_or(TimeZone::UTC, |hours| hours.zone.rules().clone());
        let day = || {
            let here = Timestamp::from_millisecond(now_ms).ok()?.to_zoned(zone);
            let began = here.start_of_day().ok()?;
            let ends = began.tomorrow().ok()?.start_of_day().ok()?;
            let number =
                i64::from(here.year()) * 10_000 + i64::from(here.month()) * 100 + i64::from(here.day());
            let number = u32::try_from(number).ok()?;
            Some(Day {
                number,
                began_ms: began.timestamp().as_millisecond(),
                ends_ms: ends.timestamp().as_millisecond(),
            })
        };
        let lost = || Day { number: 0, began_ms: now_ms, ends_ms: now_ms.saturating_add(96 * QUARTER_MS) };
        day().unwrap_or_else(lost)
    }
}

/// The running day.
#[derive(Debug, Default)]
pub struct Today {
    day: Day,
    quarters: Vec<Quarter>,
    rows: HashMap<(By, String), DayFigures>,
    /// Quarters and rows that differ from what is stored.
    changed: (BTreeSet<u8>, BTreeSet<(By, String)>),
}

/// What happened, for the quarter of an hour it happened in.
#[derive(Clone, Copy, Debug)]
enum Counted {
    Arrival,
    Accepted { waited_ms: Option<i64> },
    Missed,
    Rejected,
}

/// Whose figures something belongs to.
#[derive(Clone, Debug, Default)]
pub(super) struct Of {
    queue: Option<String>,
    workstream: Option<String>,
    agent: Option<String>,
}

/// As it stands in `desk.today`.
#[derive(Debug, Serialize)]
pub(crate) struct TodayBody {
    arrivals: Vec<u32>,
    accepted: Vec<u32>,
    /// Mean wait in seconds of those accepted in a quarter; none where nobody was.
    waits: Vec<Option<i64>>,
    /// Mean wait in seconds of all accepted this day; absent where nobody was.
    #[serde(skip_serializing_if = "Option::is_none")]
    mean_wait_s: Option<i64>,
    missed: Vec<u32>,
    rejected: Vec<u32>,
}

impl Today {
    /// The running day as it is stored.
    pub(super) fn read(snapshot: &Snapshot, desk: &Desk, now_ms: i64) -> Result<Today, ReadError> {
        let mut today = Today { day: Day::at(desk, now_ms), ..Today::default() };
        let day = today.day.number;
        let (first, last) = (quarter_key(day, 0), quarter_key(day, u8::MAX));
        let page = snapshot.range(Table::Figures, &first[..]..=&last[..], 256, Direction::Forward)?;
        for (key, value) in &page.rows {
            let (Some(at), Some(quarter)) = (key.last(), reads::decoded(value)) else { continue };
            let at = usize::from(*at).min(QUARTERS_MAX - 1);
            today.quarters.resize(today.quarters.len().max(at + 1), Quarter::default());
            today.quarters[at] = quarter;
        }
        for by in [By::Agent, By::Queue, By::Workstream] {
            let (low, high) = (key(by, day, ""), key(by, day + 1, ""));
            // Never more than the desk has names.
            let page =
                snapshot.range(Table::Figures, &low[..]..&high[..], READ_ROWS_MAX, Direction::Forward)?;
            for (key, value) in &page.rows {
                if let (Some((_, name)), Some(figures)) = (key_parts(key), reads::decoded(value)) {
                    today.rows.insert((by, name.to_owned()), figures);
                }
            }
        }
        Ok(today)
    }

    /// The day, and the quarter of an hour in it, of an instant. A clock put back goes on in the quarter it was in; a
    /// zone further west in the day it was in, since another day's rows are written already.
    fn turn_page(&mut self, desk: &Desk, now_ms: i64) -> Option<Today> {
        let mut over = None;
        if now_ms >= self.day.ends_ms {
            let day = Day::at(desk, now_ms);
            if day.number > self.day.number {
                over = Some(std::mem::replace(self, Today { day, ..Today::default() }));
            } else {
                self.day.ends_ms = day.ends_ms;
            }
        }
        let wanted = usize::try_from((now_ms - self.day.began_ms).max(0) / QUARTER_MS).unwrap_or(0) + 1;
        let wanted = wanted.min(QUARTERS_MAX);
        if self.quarters.len() < wanted {
            self.quarters.resize(wanted, Quarter::default());
        }
        over
    }

    fn count(&mut self, what: Counted) {
        let Some(quarter) = self.quarters.last_mut() else { return };
        match what {
            Counted::Arrival => quarter.arrivals += 1,
            Counted::Accepted { waited_ms } => {
                quarter.accepted += 1;
                quarter.waits += u32::from(waited_ms.is_some());
                quarter.waited_ms += waited_ms.unwrap_or(0).max(0);
            }
            Counted::Missed => quarter.missed += 1,
            Counted::Rejected => quarter.rejected += 1,
        }
        self.changed.0.insert((self.quarters.len() - 1) as u8);
    }

    fn add(&mut self, of: Of, change: impl Fn(&mut DayFigures)) {
        let names = [(By::Queue, of.queue), (By::Workstream, of.workstream), (By::Agent, of.agent)];
        for (by, name) in names {
            let Some(name) = name.filter(|name| !name.is_empty()) else { continue };
            change(self.rows.entry((by, name.clone())).or_default());
            self.changed.1.insert((by, name));
        }
    }

    pub(crate) fn body(&self) -> TodayBody {
        let each = |of: fn(&Quarter) -> u32| self.quarters.iter().map(of).collect();
        let wait = |quarter: &Quarter| {
            (quarter.waits > 0).then(|| quarter.waited_ms / 1000 / i64::from(quarter.waits))
        };
        let accepted: i64 = self.quarters.iter().map(|quarter| i64::from(quarter.waits)).sum();
        let waited_ms: i64 = self.quarters.iter().map(|quarter| quarter.waited_ms).sum();
        TodayBody {
            arrivals: each(|quarter| quarter.arrivals),
            accepted: each(|quarter| quarter.accepted),
            waits: self.quarters.iter().map(wait).collect(),
            mean_wait_s: (accepted > 0).then(|| waited_ms / 1000 / accepted),
            missed: each(|quarter| quarter.missed),
            rejected: each(|quarter| quarter.rejected),
        }
    }
}

impl Shell {
    /// The number of the running day.
    pub(super) fn day(&self) -> DayNumber {
        self.floor.today.day.number
    }

    /// Begins the day and the quarter of an hour the clock has come to.
    pub(super) fn turn_day(&mut self) {
        let Some(mut over) = self.floor.today.turn_page(&self.desk, self.now.wall_ms) else { return };
        self.put_figures(&mut over);
        self.trim_ledgers();
        // Quarters are for the live view of their own day.
        for quarter in 0..over.quarters.len() {
            self.delete(Table::Figures, &quarter_key(over.day.number, quarter as u8));
        }
    }

    /// What was counted goes into the batch of what it counts.
    pub(super) fn keep_figures(&mut self) {
        let mut today = std::mem::take(&mut self.floor.today);
        self.put_figures(&mut today);
        self.floor.today = today;
    }

    fn put_figures(&mut self, today: &mut Today) {
        let (quarters, rows) = std::mem::take(&mut today.changed);
        for at in quarters {
            if let Some(quarter) = today.quarters.get(usize::from(at)) {
                self.put(Table::Figures, &quarter_key(today.day.number, at), quarter);
            }
        }
        for row in rows {
            if let Some(figures) = today.rows.get(&row) {
                self.put(Table::Figures, &key(row.0, today.day.number, &row.1), figures);
            }
        }
    }

    fn count(&mut self, what: Option<Counted>, of: Of, change: impl Fn(&mut DayFigures)) {
        self.turn_day();
        if let Some(what) = what {
            self.floor.today.count(what);
        }
        self.floor.today.add(of, change);
        self.lines.view_changed = true;
    }

    /// Whose a conversation is now: its queue and workstream, and no agent yet.
    fn figures_of(&self, id: u64) -> Of {
        let Some(card) = self.cards.get(&id) else { return Of::default() };
        Of { queue: Some(card.queue.clone()), workstream: Some(card.workstream.clone()), agent: None }
    }

    pub(super) fn count_arrival(&mut self, id: u64) {
        let of = self.figures_of(id);
        self.count(Some(Counted::Arrival), of, |figures| figures.arrived += 1);
    }

    /// Accepted for the first time. A message left has no wait.
    pub(super) fn count_accepted(&mut self, id: u64, waited_ms: Option<i64>) {
        let agent = self.cards.get(&id).and_then(|card| card.agent.clone());
        let of = Of { agent, ..self.figures_of(id) };
        self.count(Some(Counted::Accepted { waited_ms }), of, |figures| {
            figures.accepted += 1;
            if let Some(waited_ms) = waited_ms {
                figures.waits.add(waited_ms);
            }
        });
    }

    /// It has ended, once: somebody's work, or given up before anybody took it. What a supervisor or the box ended
    /// unaccepted is neither.
    pub(super) fn count_ended(&mut self, id: u64) {
        let Some(card) = self.cards.get(&id) else { return };
        let took_ms = card.ended_ms.zip(card.accepted_ms).map(|(ended, accepted)| ended - accepted);
        let given_up = [SessionReason::EndedByCustomer, SessionReason::CustomerLost]
            .iter()
            .any(|reason| card.reason.as_deref() == Some(reason.name()));
        let agent = card.agent.clone();
        match took_ms {
            Some(took_ms) => {
                let of = Of { agent, ..self.figures_of(id) };
                self.count(None, of, |figures| {
                    figures.ended += 1;
                    figures.handling.add(took_ms);
                });
            }
            None if given_up => self.count(None, self.figures_of(id), |figures| figures.abandoned += 1),
            None => {}
        }
    }

    pub(super) fn count_offer(&mut self, conversation: Handle, agent: AgentId, end: OfferEnd) {
        let (what, change): (_, fn(&mut DayFigures)) = match end {
            OfferEnd::Missed => (Some(Counted::Missed), |figures| figures.missed += 1),
            OfferEnd::Rejected => (Some(Counted::Rejected), |figures| figures.rejected += 1),
            OfferEnd::Undelivered => (None, |figures| figures.undelivered += 1),
            OfferEnd::Accepted | OfferEnd::Expired | OfferEnd::Withdrawn => return,
        };
        let Some(id) = self.engine.view(conversation).map(|view| view.id.0) else { return };
        let of = Of { agent: Some(self.names_of(agent).0), ..self.figures_of(id) };
        self.count(what, of, change);
    }

    /// Handed on: by the queue it was in, of which the card still speaks.
    pub(super) fn count_transferred(&mut self, id: u64, by: Option<AgentId>) {
        let agent = by.map(|agent| self.names_of(agent).0);
        let of = Of { agent, ..self.figures_of(id) };
        self.count(None, of, |figures| figures.transferred += 1);
    }

    /// Rated; `before` is what the same day had for it so far.
    pub(super) fn count_rating(&mut self, of: Of, score: u8, before: Option<u8>) {
        let at = |score: u8| usize::from(score.clamp(1, 5) - 1);
        self.count(None, of, move |figures| {
            figures.ratings[at(score)] += 1;
            if let Some(before) = before {
                let before = &mut figures.ratings[at(before)];
                *before = before.saturating_sub(1);
            }
        });
    }
}

impl Of {
    /// A conversation's, the agent who had it last included.
    pub(super) fn card(card: &super::card::Card) -> Of {
        Of {
            queue: Some(card.queue.clone()),
            workstream: Some(card.workstream.clone()),
            agent: card.agent.clone(),
        }
    }
}

/// Keys of quarters of days that are over: a start may find them when the box was down at midnight.
pub(super) fn old_quarters(snapshot: &Snapshot, day: DayNumber) -> Result<Vec<Vec<u8>>, ReadError> {
    let (low, high) = ([QUARTERS], quarter_key(day, 0));
    let page = snapshot.range(Table::Figures, &low[..]..&high[..], READ_ROWS_MAX, Direction::Forward)?;
    Ok(page.rows.into_iter().map(|(key, _)| key).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn desk() -> Desk {
        crate::desk::load(crate::desk::demo()).expect("the demo's desk").desk
    }

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().expect("a time").as_millisecond()
    }

    #[test]
    fn a_row_of_the_day_is_no_larger_than_the_bound_of_memory_says() {
        let name = std::mem::size_of::<(By, String)>() + crate::limits::DESK_ID_BYTES_MAX;
        // Named twice, and a map is half empty at worst.
        let row = std::mem::size_of::<DayFigures>() * 2 + name * 2;
        assert!(row as u64 <= crate::ops::bound::FIGURES_ROW_BYTES, "{row} bytes");
    }

    #[test]
    fn a_day_begins_at_midnight_on_the_branch_s_wall() {
        let desk = desk();
        let mut today = Today::default();
        // 23:50 in Amsterdam, in summer.
        today.turn_page(&desk, at("2026-07-01T21:50:00Z"));
        today.count(Counted::Arrival);
        assert_eq!((today.day.number, today.quarters.len()), (20_260_701, 96));
        assert_eq!(today.body().arrivals.last(), Some(&1));
        let over = today.turn_page(&desk, at("2026-07-01T22:20:00Z")).expect("a day is over");
        assert_eq!(over.day.number, 20_260_701);
        today.count(Counted::Accepted { waited_ms: Some(9_000) });
        today.count(Counted::Accepted { waited_ms: None });
        let body = today.body();
        assert_eq!(today.day.number, 20_260_702);
        assert_eq!((body.arrivals, body.accepted), (vec![0, 0], vec![0, 2]));
        assert_eq!(body.waits, [None, Some(9)]);
        assert_eq!(body.mean_wait_s, Some(9), "who was given her session without a wait is not in it");
    }

    #[test]
    fn days_that_gain_or_lose_an_hour_are_one_day() {
        let desk = desk();
        for (first, last, hours) in [
            // The clocks go forward at 2:00 on 29 March 2026 in Amsterdam, and back at 3:00 on 25 October.
            ("2026-03-28T23:00:00Z", "2026-03-29T21:59:59Z", 23),
            ("2026-10-24T22:00:00Z", "2026-10-25T22:59:59Z", 25),
        ] {
            let (first, last) = (at(first), at(last));
            let day = Day::at(&desk, first);
            assert_eq!(Day::at(&desk, last), day);
            assert_ne!(Day::at(&desk, first - 1), day);
            assert_ne!(Day::at(&desk, last + 1000), day);
            assert_eq!(day.ends_ms - day.began_ms, hours * 3_600_000);
        }
    }

    #[test]
    fn a_clock_put_back_counts_on_where_it_was() {
        let desk = desk();
        let mut today = Today::default();
        today.turn_page(&desk, 1_790_000_000_000);
        today.count(Counted::Missed);
        let quarters = today.quarters.len();
        assert!(today.turn_page(&desk, 1_790_000_000_000 - 3 * QUARTER_MS).is_none());
        today.count(Counted::Missed);
        assert_eq!(today.quarters.len(), quarters);
        assert_eq!(today.body().missed.last(), Some(&2));
    }

    #[test]
    fn a_zone_further_west_goes_on_in_the_day_it_was_in() {
        let east = desk();
        let mut west = desk();
        west.hours[0].zone = crate::desk::hours::Zone::new("America/New_York").expect("a zone");
        let mut today = Today::default();
        today.turn_page(&east, at("2026-07-01T21:50:00Z"));
        today.count(Counted::Missed);
        // Midnight in Amsterdam is six in the evening in New York, of the same day.
        assert!(today.turn_page(&west, at("2026-07-01T22:10:00Z")).is_none());
        today.count(Counted::Missed);
        assert_eq!(today.body().missed.iter().sum::<u32>(), 2);
        assert!(today.turn_page(&west, at("2026-07-02T04:10:00Z")).is_some());
    }
}
