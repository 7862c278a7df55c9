//! Opening hours against a second opinion that knows nothing of time zone rules: a table of offsets, and a
//! look at the wall clock minute by minute.

use deskbell::desk::hours::Hours;
use deskbell::desk::load;
use jiff::{SignedDuration, Timestamp};

/// Zone, minutes ahead of UTC at the start of 2026, and each jump of that year with the minutes from then on.
type Zone = (&'static str, i64, &'static [(&'static str, i64)]);

const ZONES: &[Zone] = &[
    ("Europe/Amsterdam", 60, &[("2026-03-29T01:00Z", 120), ("2026-10-25T01:00Z", 60)]),
    ("Europe/London", 0, &[("2026-03-29T01:00Z", 60), ("2026-10-25T01:00Z", 0)]),
    ("Europe/Dublin", 0, &[("2026-03-29T01:00Z", 60), ("2026-10-25T01:00Z", 0)]),
    ("Europe/Lisbon", 0, &[("2026-03-29T01:00Z", 60), ("2026-10-25T01:00Z", 0)]),
    ("America/New_York", -300, &[("2026-03-08T07:00Z", -240), ("2026-11-01T06:00Z", -300)]),
    ("America/Chicago", -360, &[("2026-03-08T08:00Z", -300), ("2026-11-01T07:00Z", -360)]),
    ("America/Los_Angeles", -480, &[("2026-03-08T10:00Z", -420), ("2026-11-01T09:00Z", -480)]),
    ("America/St_Johns", -210, &[("2026-03-08T05:30Z", -150), ("2026-11-01T04:30Z", -210)]),
    ("America/Havana", -300, &[("2026-03-08T05:00Z", -240), ("2026-11-01T05:00Z", -300)]),
    ("America/Santiago", -180, &[("2026-04-05T03:00Z", -240), ("2026-09-06T04:00Z", -180)]),
    ("America/Nuuk", -120, &[("2026-03-29T01:00Z", -60), ("2026-10-25T01:00Z", -120)]),
    ("Atlantic/Azores", -60, &[("2026-03-29T01:00Z", 0), ("2026-10-25T01:00Z", -60)]),
    ("Africa/Cairo", 120, &[("2026-04-23T22:00Z", 180), ("2026-10-29T21:00Z", 120)]),
    ("Africa/Casablanca", 60, &[("2026-02-15T02:00Z", 0), ("2026-03-22T02:00Z", 60)]),
    ("Asia/Jerusalem", 120, &[("2026-03-27T00:00Z", 180), ("2026-10-24T23:00Z", 120)]),
    ("Asia/Beirut", 120, &[("2026-03-28T22:00Z", 180), ("2026-10-24T21:00Z", 120)]),
    ("Australia/Sydney", 660, &[("2026-04-04T16:00Z", 600), ("2026-10-03T16:00Z", 660)]),
    ("Australia/Lord_Howe", 660, &[("2026-04-04T15:00Z", 630), ("2026-10-03T15:30Z", 660)]),
    ("Pacific/Auckland", 780, &[("2026-04-04T14:00Z", 720), ("2026-09-26T14:00Z", 780)]),
    ("Pacific/Chatham", 825, &[("2026-04-04T14:00Z", 765), ("2026-09-26T14:00Z", 825)]),
    ("Antarctica/Troll", 0, &[("2026-03-29T01:00Z", 120), ("2026-10-25T01:00Z", 0)]),
];

/// Days as in a file, Monday first: an office; nights; begins and ends inside the hours that vanish or come
/// twice.
const WEEKS: [[&[&str]; 7]; 3] = [
    [&["08:00-17:30"], &["08:00-17:30"], &["08:00-17:30"], &["08:00-21:00"], &["08:00-17:30"], &[], &[]],
    [
        &["22:00-06:00"],
        &["22:00-06:00"],
        &[],
        &["18:00-00:00"],
        &["23:45-00:15"],
        &["20:15-02:45"],
        &["23:15-23:45"],
    ],
    [
        &["00:45-24:00"],
        &["00:10-00:50", "02:10-02:20", "23:05-23:55"],
        &["00:30-02:30"],
        &["23:30-00:30"],
        &["00:45-01:15", "02:15-02:45"],
        &["01:30-02:15", "23:30-02:30"],
        &["02:30-03:00", "03:00-03:30", "23:00-00:45"],
    ],
];

fn at(text: &str) -> Timestamp {
    // A stamp without seconds, as in the tables above.
    let text = if text.matches(':').count() == 1 { text.replace('Z', ":00Z") } else { text.to_owned() };
    text.parse().expect("a time stamp")
}

fn hours(timezone: &str, week: &[&[&str]; 7], more: &str) -> Hours {
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let week: Vec<_> = days.iter().zip(week).map(|(day, spans)| format!("{day} = {spans:?}")).collect();
    let week = week.join(", ");
    let file = format!("[[hours]]\nid = \"h\"\ntimezone = \"{timezone}\"\nweek = {{ {week} }}\n{more}");
    load(&file).unwrap_or_else(|faults| panic!("{faults}")).desk.hours.remove(0)
}

/// Minutes since 1970 of a minute in UTC, and what a wall clock shows then.
struct SecondOpinion {
    jumps: Vec<(i64, i64)>,
    /// Open minutes of the week from Monday 00:00, the end of Sunday's night included at the beginning.
    open: Vec<bool>,
}

const WEEK_MIN: i64 = 7 * 24 * 60;

impl SecondOpinion {
    fn new((_, first, jumps): &Zone, week: &[&[&str]; 7]) -> Self {
        let mut open = vec![false; usize::try_from(WEEK_MIN).expect("a small number")];
        for (day, spans) in (0..).zip(week) {
            for span in *spans {
                let minute = |hhmm: &str| -> i64 {
                    let (h, m) = hhmm.split_once(':').expect("HH:MM");
                    h.parse::<i64>().expect("hours") * 60 + m.parse::<i64>().expect("minutes")
                };
                let (begin, end) = span.split_once('-').expect("a span");
                let (begin, mut end) = (minute(begin), minute(end));
                if end < begin {
                    end += 24 * 60;
                }
                for minute in begin..end {
                    let of_week = (day * 24 * 60 + minute) % WEEK_MIN;
                    open[usize::try_from(of_week).expect("in the week")] = true;
                }
            }
        }
        let jumps = jumps.iter().map(|(when, offset)| (at(when).as_second() / 60, *offset));
        Self { jumps: std::iter::once((i64::MIN, *first)).chain(jumps).collect(), open }
    }

    fn is_open(&self, utc_min: i64) -> bool {
        let offset = self.jumps.iter().rfind(|(when, _)| *when <= utc_min).expect("an offset").1;
        // 1970 began on a Thursday: three days after a Monday.
        let of_week = (utc_min + offset + 3 * 24 * 60).rem_euclid(WEEK_MIN);
        self.open[usize::try_from(of_week).expect("in the week")]
    }

    fn next_change(&self, from: i64) -> Option<i64> {
        let open = self.is_open(from);
        (from + 1..from + WEEK_MIN).find(|minute| self.is_open(*minute) != open)
    }
}

#[test]
fn open_and_closed_are_right_at_every_minute_around_every_jump_of_the_clock() {
    let minute = |utc_min: i64| Timestamp::from_second(utc_min * 60).expect("a time");
    let mut asked = 0;
    for zone in ZONES {
        for week in &WEEKS {
            let hours = hours(zone.0, week, "");
            let opinion = SecondOpinion::new(zone, week);
            for (jump, _) in zone.2 {
                let jump = at(jump).as_second() / 60;
                for utc_min in jump - 26 * 60..jump + 26 * 60 {
                    let open = opinion.is_open(utc_min);
                    assert_eq!(hours.is_open(minute(utc_min)), open, "{} {}", zone.0, minute(utc_min));
                    asked += 1;
                    if utc_min % 23 != 0 {
                        continue;
                    }
                    let change = opinion.next_change(utc_min).map(minute);
                    let now = minute(utc_min);
                    assert_eq!(hours.next_change(now), change, "{} change after {now}", zone.0);
                    assert_eq!(
                        hours.next_open(now),
                        if open { Some(now) } else { change },
                        "{} {now}",
                        zone.0
                    );
                    assert_eq!(hours.open_until(now), if open { change } else { None }, "{} {now}", zone.0);
                }
            }
        }
    }
    assert!(asked > 300_000, "{asked}");
}

#[test]
fn a_second_before_opening_is_closed_and_closing_is_exact() {
    let hours = hours("Europe/Amsterdam", &WEEKS[0], "");
    // Monday 13 July 2026, summer time.
    assert!(!hours.is_open(at("2026-07-13T05:59:59Z")));
    assert!(hours.is_open(at("2026-07-13T06:00:00Z")));
    assert!(hours.is_open(at("2026-07-13T15:29:59Z")));
    assert!(!hours.is_open(at("2026-07-13T15:30:00Z")));
    assert_eq!(hours.next_open(at("2026-07-13T05:59:59Z")), Some(at("2026-07-13T06:00:00Z")));
    assert_eq!(hours.open_until(at("2026-07-13T06:00:00Z")), Some(at("2026-07-13T15:30:00Z")));
    // Friday evening: the weekend is passed over.
    assert_eq!(hours.next_open(at("2026-07-17T20:00:00Z")), Some(at("2026-07-20T06:00:00Z")));
}

#[test]
fn holidays_replace_the_hours_of_their_date() {
    let holidays = r#"holidays = [
        { date = "2026-12-25", name = "Christmas Day" },
        { date = "2026-12-31", open = ["08:00-12:00"] },
        { date = "2027-01-02", open = ["22:00-01:00"] },
    ]"#;
    let hours = hours("Europe/Amsterdam", &WEEKS[0], holidays);
    assert!(!hours.is_open(at("2026-12-25T10:00:00Z")));
    assert_eq!(hours.next_open(at("2026-12-24T20:30:00Z")), Some(at("2026-12-28T07:00:00Z")));
    assert!(hours.is_open(at("2026-12-31T10:59:59Z")) && !hours.is_open(at("2026-12-31T11:00:00Z")));
    // A Saturday that is open into the Sunday.
    assert!(hours.is_open(at("2027-01-02T23:59:00Z")) && !hours.is_open(at("2027-01-03T00:00:00Z")));
}

#[test]
fn a_holiday_leaves_the_end_of_the_night_before_alone() {
    let night: [&[&str]; 7] = [&["22:00-06:00"]; 7];
    let hours = hours("Europe/Amsterdam", &night, "holidays = [{ date = \"2026-12-25\" }]");
    assert!(hours.is_open(at("2026-12-25T04:59:00Z")), "the night of the 24th");
    assert!(!hours.is_open(at("2026-12-25T21:30:00Z")), "the night of the 25th");
    assert!(!hours.is_open(at("2026-12-26T04:59:00Z")));
    assert_eq!(hours.next_open(at("2026-12-25T05:00:00Z")), Some(at("2026-12-26T21:00:00Z")));
}

#[test]
fn never_and_always_have_no_next_change() {
    let now = at("2026-06-01T12:00:00Z");
    let never = hours("Europe/Amsterdam", &[&[]; 7], "");
    assert_eq!((never.is_open(now), never.next_open(now), never.next_change(now)), (false, None, None));
    let always: [&[&str]; 7] = [&["00:00-24:00"]; 7];
    let always = hours("Europe/Amsterdam", &always, "");
    assert_eq!((always.is_open(now), always.next_open(now)), (true, Some(now)));
    assert_eq!((always.next_change(now), always.open_until(now)), (None, None));
    let halves: [&[&str]; 7] = [&["00:00-12:00", "12:00-24:00"]; 7];
    assert_eq!(hours("Europe/Amsterdam", &halves, "").next_change(now), None, "two halves make a whole");
    // The one opening is a holiday, within two years and beyond.
    let once = hours(
        "Europe/Amsterdam",
        &[&[]; 7],
        "holidays = [{ date = \"2028-01-05\", open = [\"09:00-10:00\"] }]",
    );
    assert_eq!(once.next_open(now), Some(at("2028-01-05T08:00:00Z")));
    assert_eq!(once.next_open(now - SignedDuration::from_hours(24 * 400)), None);
    assert_eq!(once.next_open(at("2028-01-05T09:00:00Z")), None);
}

#[test]
fn hours_hold_at_the_ends_of_time() {
    let hours = hours("Pacific/Apia", &WEEKS[1], "");
    for end in [Timestamp::MIN, Timestamp::MAX] {
        let _ = (hours.is_open(end), hours.next_open(end), hours.next_change(end), hours.open_until(end));
    }
}
