//! Opening hours.

use super::super::document::texts_of;
use super::super::field::{Cell, Column, Field, Kind, List, Panel, Set, Subject, Tab};
use super::words;

/// When the branch can be reached.
pub(in crate::admin) static HOURS: Subject = Subject {
    slug: "hours",
    one: "set of hours",
    many: "Hours",
    lede: "When a workstream is open, on the clock of its own time zone. A workstream without hours is always open.",
    list: List::Top { key: "hours", id: Some("id"), ordered: false },
    columns: &["Time zone", "Monday", "Saturday"],
    cells: |_, entry| {
        let day = |key: &str| {
            let spans = texts_of(entry, key);
            if spans.is_empty() { "Closed".to_owned() } else { spans.join(", ") }
        };
        vec![words(entry, "timezone", "en"), day("week.mon"), day("week.sat")]
    },
    new: &TAB,
    start: "timezone = \"Europe/Amsterdam\"\n[week]\nmon = [\"09:00-17:00\"]\ntue = [\"09:00-17:00\"]\nwed = [\"09:00-17:00\"]\nthu = [\"09:00-17:00\"]\nfri = [\"09:00-17:00\"]\n",
    tabs: &[TAB],
};

const TAB: Tab = Tab {
    slug: "",
    name: "Hours",
    panel: Panel::Hours,
    sets: &[
        Set {
            legend: "Name and place",
            fields: &[
                Field::new("id", "Id", Kind::Line)
                    .help("Workstreams name these hours by it.")
                    .note("Letters, digits, - and _")
                    .once(),
                Field::new("timezone", "Time zone", Kind::Line)
                    .help("Summer time follows by itself.")
                    .note("Such as Europe/Amsterdam"),
            ],
        },
        Set {
            legend: "The week",
            fields: &[
                Field::new("week.mon", "Monday", Kind::Spans)
                    .help("Several spans are parted by commas; one may pass midnight.")
                    .note("Such as 08:00-12:00, 13:00-17:30 · blank is closed"),
                Field::new("week.tue", "Tuesday", Kind::Spans),
                Field::new("week.wed", "Wednesday", Kind::Spans),
                Field::new("week.thu", "Thursday", Kind::Spans),
                Field::new("week.fri", "Friday", Kind::Spans),
                Field::new("week.sat", "Saturday", Kind::Spans),
                Field::new("week.sun", "Sunday", Kind::Spans),
            ],
        },
        Set {
            legend: "Holidays",
            fields: &[Field::new("holidays", "Dates with hours of their own", Kind::Rows(HOLIDAYS))
                .help("Without hours the date is closed. To take one out, blank its date and name.")],
        },
    ],
};

const HOLIDAYS: &[Column] = &[
    Column { key: "date", label: "Date", kind: Cell::Line },
    Column { key: "name", label: "Name", kind: Cell::Text },
    Column { key: "open", label: "Open all the same", kind: Cell::Spans },
];
