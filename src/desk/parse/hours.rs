//! `[[hours]]`: the zone, the week, the holidays.

use jiff::ToSpan;
use jiff::civil::Date;

use crate::desk::hours::{Holiday, Hours, Span, WEEK, Zone};
use crate::desk::read::{Entry, NAME, Section, shown};
use crate::limits::{DESK_HOLIDAYS_MAX, DESK_HOURS_MAX, DESK_SPANS_PER_DAY_MAX};

pub(super) fn all(root: &Section<'_>) -> Vec<Hours> {
    root.tables("hours", Some("id"), DESK_HOURS_MAX).iter().filter_map(one).collect()
}

fn one(section: &Section<'_>) -> Option<Hours> {
    let zone = section.need("timezone").and_then(|entry| zone(&entry));
    let week = section.section("week").map(|week| WEEK.map(|day| spans(week.get(day)))).unwrap_or_default();
    check_week(section, &week);
    let holidays = holidays(section);
    let hours = Hours { id: section.id("id")?, zone: zone?, week, holidays };
    check_holidays(section, &hours);
    Some(hours)
}

fn zone(entry: &Entry<'_>) -> Option<Zone> {
    let name = entry.raw()?;
    let zone = Zone::new(name);
    if zone.is_none() {
        entry.fault(format!("there is no time zone {:?}", shown(name)));
    }
    zone
}

/// The spans of a day, sorted; an empty list is closed.
fn spans(day: Option<Entry<'_>>) -> Vec<Span> {
    let Some(day) = day else { return Vec::new() };
    let mut spans: Vec<Span> = Vec::new();
    for entry in day.list(DESK_SPANS_PER_DAY_MAX) {
        let Some(text) = entry.raw() else { continue };
        match Span::parse(text) {
            Ok(span) => match spans.iter().find(|other| span.overlaps(**other, 0)) {
                Some(other) => entry.fault(format!("overlaps {other}")),
                None => spans.push(span),
            },
            Err(fault) => entry.fault(fault.to_string()),
        }
    }
    spans.sort();
    spans
}

/// A night that reaches into a span of the next day.
fn check_week(section: &Section<'_>, week: &[Vec<Span>; 7]) {
    for (index, day) in week.iter().enumerate() {
        let next = (index + 1) % 7;
        if let Some((night, span)) = overlap(day, &week[next]) {
            let path = format!("week.{}", WEEK[next]);
            section.fault_below(&path, format!("{span} overlaps {night} of {}", WEEK[index]));
        }
    }
}

fn overlap(day: &[Span], next: &[Span]) -> Option<(Span, Span)> {
    let pairs = day.iter().flat_map(|night| next.iter().map(move |span| (*night, *span)));
    pairs.into_iter().find(|(night, span)| night.overlaps(*span, 1))
}

fn holidays(section: &Section<'_>) -> Vec<Holiday> {
    let mut holidays: Vec<Holiday> = Vec::new();
    for holiday in section.tables("holidays", None, DESK_HOLIDAYS_MAX) {
        let name = holiday.localized("name", NAME);
        let open = spans(holiday.get("open"));
        let Some(date) = holiday.need("date").and_then(|entry| date(&entry)) else { continue };
        if holidays.iter().any(|other| other.date == date) {
            holiday.fault("date", format!("{date} is there already"));
            continue;
        }
        holidays.push(Holiday { date, name, open });
    }
    holidays.sort_by_key(|holiday| holiday.date);
    holidays
}

pub(super) fn date(entry: &Entry<'_>) -> Option<Date> {
    let text = entry.date_text()?;
    let date = (text.len() == "2026-12-25".len()).then(|| text.parse::<Date>().ok()).flatten();
    if date.is_none() {
        entry.fault(format!("{:?} is no date of the calendar (write 2026-12-25)", shown(&text)));
    }
    date
}

/// A night that reaches from the day before into a holiday's hours, or from a holiday into the day after.
fn check_holidays(section: &Section<'_>, hours: &Hours) {
    for holiday in &hours.holidays {
        let before = holiday.date.saturating_sub(1.day());
        let after = holiday.date.saturating_add(1.day());
        if let Some((night, span)) = overlap(hours.spans(before), &holiday.open) {
            section
                .fault("holidays", format!("{span} on {} overlaps {night} of the day before", holiday.date));
        }
        let after_is_holiday = hours.holidays.iter().any(|other| other.date == after);
        if let Some((night, span)) = overlap(&holiday.open, hours.spans(after)).filter(|_| !after_is_holiday)
        {
            section
                .fault("holidays", format!("{night} on {} overlaps {span} of the day after", holiday.date));
        }
    }
}
