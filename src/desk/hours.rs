//! Opening hours: when a workstream is open, on the wall clock of its own time zone.
//!
//! **The rule.** The desk is open at an instant when the wall clock of the zone then shows a time inside a
//! span. So a span that begins in the hour a spring night skips opens when the clock has jumped past its
//! begin, and one inside the hour an autumn night repeats is open both times. A span belongs to the day it
//! begins on, past midnight too; a holiday replaces the spans of its own date and leaves the end of the night
//! before alone.
//!
//! (Turning the begin and the end of each span into instants and comparing those was the first design. It
//! needs an answer for every wall time that does not exist or exists twice, and each answer shows somebody a
//! closed sign at a time of day that the sign says is open.)

use std::sync::LazyLock;

use jiff::civil::{Date, Weekday};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::ids::HoursId;
use super::language::Localized;

/// Minutes of a day.
const DAY_MIN: u16 = 24 * 60;

/// The days of `week`, Monday first.
pub(super) const WEEK: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Days looked ahead for a change: two years.
const HORIZON_DAYS: i64 = 2 * 366;

/// Days looked through at a time: most changes are found in the first week.
const WINDOW_DAYS: i64 = 6;
const _: () = assert!(HORIZON_DAYS % WINDOW_DAYS == 0);

/// `[[hours]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    /// Their id.
    pub id: HoursId,
    /// The zone, by its name in the time zone database.
    pub zone: Zone,
    /// Spans by weekday, Monday first; each day sorted.
    pub week: [Vec<Span>; 7],
    /// Dates with hours of their own; sorted by date.
    pub holidays: Vec<Holiday>,
}

/// Hours of one date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holiday {
    /// The date.
    pub date: Date,
    /// What it is called.
    pub name: Option<Localized>,
    /// When it is open all the same; empty = closed.
    pub open: Vec<Span>,
}

/// From a minute of the day it begins on, to a minute of that day or the next. Never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    begin_min: u16,
    end_min: u16,
}

/// Why a text is no span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanFault {
    /// Not `HH:MM-HH:MM`.
    Form,
    /// A time past 24:00, or minutes past 59.
    Time,
    /// Begins at 24:00, which is the next day's 00:00.
    BeginsAtMidnight,
    /// Begins where it ends.
    Empty,
}

impl std::fmt::Display for SpanFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Form => "must be written HH:MM-HH:MM",
            Self::Time => "must hold times from 00:00 to 24:00",
            Self::BeginsAtMidnight => "begins at 24:00; write 00:00 on the next day",
            Self::Empty => "begins where it ends (all day is 00:00-24:00)",
        })
    }
}

impl std::error::Error for SpanFault {}

impl Span {
    /// Reads `HH:MM-HH:MM`. An end before its begin is on the next day.
    pub fn parse(text: &str) -> Result<Self, SpanFault> {
        let (begin, end) = text.split_once('-').ok_or(SpanFault::Form)?;
        let (begin, end) = (minute(begin)?, minute(end)?);
        if begin == DAY_MIN {
            return Err(SpanFault::BeginsAtMidnight);
        }
        match end.cmp(&begin) {
            std::cmp::Ordering::Less => Ok(Self { begin_min: begin, end_min: end + DAY_MIN }),
            std::cmp::Ordering::Equal => Err(SpanFault::Empty),
            std::cmp::Ordering::Greater => Ok(Self { begin_min: begin, end_min: end }),
        }
    }

    /// Minute of the day it begins at, below 1,440.
    pub fn begin_min(self) -> u16 {
        self.begin_min
    }

    /// Minute it ends before, counted from the start of the day it begins on: up to 2,879.
    pub fn end_min(self) -> u16 {
        self.end_min
    }

    /// Whether the two share a minute, `other` beginning `days` after the day of `self`.
    pub(super) fn overlaps(self, other: Self, days: u16) -> bool {
        let shift = days * DAY_MIN;
        self.begin_min < other.end_min + shift && other.begin_min + shift < self.end_min
    }
}

fn minute(text: &str) -> Result<u16, SpanFault> {
    let [h1, h2, b':', m1, m2] = text.as_bytes() else { return Err(SpanFault::Form) };
    if ![h1, h2, m1, m2].into_iter().all(u8::is_ascii_digit) {
        return Err(SpanFault::Form);
    }
    let number = |tens: &u8, ones: &u8| u16::from(tens - b'0') * 10 + u16::from(ones - b'0');
    let (hour, minute) = (number(h1, h2), number(m1, m2));
    let total = hour * 60 + minute;
    if minute > 59 || total > DAY_MIN { Err(SpanFault::Time) } else { Ok(total) }
}

impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let end = if self.end_min > DAY_MIN { self.end_min - DAY_MIN } else { self.end_min };
        let (begin_h, begin_m) = (self.begin_min / 60, self.begin_min % 60);
        write!(f, "{begin_h:02}:{begin_m:02}-{:02}:{:02}", end / 60, end % 60)
    }
}

/// A time zone of the bundled database. Shows and compares as its name.
#[derive(Clone)]
pub struct Zone {
    name: Box<str>,
    rules: TimeZone,
}

impl Zone {
    /// The zone of a name such as `Europe/Amsterdam`; `None` when the bundled data has none. The name is
    /// matched without regard to case and kept as the data writes it.
    pub fn new(name: &str) -> Option<Self> {
        // Never the machine's own data: two boxes with the same desk must open at the same time.
        static BUNDLED: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);
        let rules = BUNDLED.get(name).ok()?;
        let name = rules.iana_name()?.into();
        Some(Self { name, rules })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its rules, for showing times.
    pub fn rules(&self) -> &TimeZone {
        &self.rules
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Zone {}

impl std::fmt::Debug for Zone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.name)
    }
}

impl Hours {
    /// Whether it is open at an instant.
    pub fn is_open(&self, at: Timestamp) -> bool {
        let wall = self.zone.rules.to_datetime(at);
        let minute = u16::from(wall.hour().unsigned_abs()) * 60 + u16::from(wall.minute().unsigned_abs());
        let today = wall.date();
        let within = |span: &Span, minute: u16| span.begin_min <= minute && minute < span.end_min;
        self.spans(today).iter().any(|span| within(span, minute))
            || today
                .yesterday()
                .is_ok_and(|day| self.spans(day).iter().any(|span| within(span, minute + DAY_MIN)))
    }

    /// The first instant from `at` on when it is open: `at` itself when it is. `None` = not within two years.
    pub fn next_open(&self, at: Timestamp) -> Option<Timestamp> {
        if self.is_open(at) { Some(at) } else { self.next_change(at) }
    }

    /// The instant it closes, when it is open. `None` when it is closed, and when it does not close within
    /// two years.
    pub fn open_until(&self, at: Timestamp) -> Option<Timestamp> {
        if self.is_open(at) { self.next_change(at) } else { None }
    }

    /// The first instant after `at` when open becomes closed or closed becomes open. `None` = not within two
    /// years.
    pub fn next_change(&self, at: Timestamp) -> Option<Timestamp> {
        let open = self.is_open(at);
        let today = self.zone.rules.to_datetime(at).date();
        if self.never_changes(today) {
            return None;
        }
        // Windows of instants, not of wall-clock days: where an autumn clock goes back over midnight, two
        // days of the wall clock take turns.
        let mut from = at;
        let mut instants = Vec::new();
        for _ in 0..HORIZON_DAYS / WINDOW_DAYS {
            let to = from.checked_add(SignedDuration::from_hours(24 * WINDOW_DAYS)).ok()?;
            instants.clear();
            self.instants_between(from, to, &mut instants);
            instants.sort_unstable();
            if let Some(change) = instants.iter().find(|instant| self.is_open(**instant) != open) {
                return Some(*change);
            }
            from = to;
        }
        None
    }

    /// The spans that begin on a date.
    pub fn spans(&self, day: Date) -> &[Span] {
        match self.holidays.binary_search_by_key(&day, |holiday| holiday.date) {
            Ok(index) => &self.holidays[index].open,
            Err(_) => &self.week[weekday_index(day.weekday())],
        }
    }

    /// Whether nothing from the day before `today` on can open or close: spares looking through two years of
    /// days.
    fn never_changes(&self, today: Date) -> bool {
        let ahead = |holiday: &&Holiday| today.yesterday().is_ok_and(|day| holiday.date >= day);
        if self.holidays.iter().any(|holiday| ahead(&holiday)) {
            return false;
        }
        let covered: Vec<u16> =
            self.week.iter().map(|day| day.iter().map(|span| span.end_min - span.begin_min).sum()).collect();
        covered.iter().all(|minutes| *minutes == 0)
            || self.week.iter().all(|day| **day == [Span { begin_min: 0, end_min: DAY_MIN }])
    }

    /// Every instant after `from` up to `to` at which open and closed may change places: begins and ends of
    /// spans, each as often as the wall clock shows it, and where the clock itself jumps.
    fn instants_between(&self, from: Timestamp, to: Timestamp, out: &mut Vec<Timestamp>) {
        let rules = &self.zone.rules;
        // The date on any wall is at most a day off the date in UTC, and a night reaches one day on.
        let first = utc_date(from).saturating_sub(3.days());
        let last = utc_date(to).saturating_add(1.day());
        for day in first.series(1.day()).take_while(|day| *day <= last) {
            for minute in self.spans(day).iter().flat_map(|span| [span.begin_min, span.end_min]) {
                push_instants(rules, day, minute, out);
            }
        }
        out.extend(rules.following(from).map(|jump| jump.timestamp()).take_while(|jump| *jump <= to));
        out.retain(|instant| from < *instant && *instant <= to);
    }
}

fn weekday_index(day: Weekday) -> usize {
    usize::from(day.to_monday_zero_offset().unsigned_abs())
}

/// The instants at which the wall clock shows a minute counted from the start of `day`: none, one or two.
fn push_instants(rules: &TimeZone, day: Date, minute: u16, out: &mut Vec<Timestamp>) {
    let Ok(wall) = day.at(0, 0, 0, 0).checked_add(i64::from(minute).minutes()) else { return };
    match rules.to_ambiguous_timestamp(wall).offset() {
        AmbiguousOffset::Unambiguous { offset } => out.extend(offset.to_timestamp(wall).ok()),
        AmbiguousOffset::Gap { .. } => {} // never shown; the jump itself is looked at
        AmbiguousOffset::Fold { before, after } => {
            out.extend(before.to_timestamp(wall).ok());
            out.extend(after.to_timestamp(wall).ok());
        }
    }
}

fn utc_date(at: Timestamp) -> Date {
    Offset::UTC.to_datetime(at).date()
}
