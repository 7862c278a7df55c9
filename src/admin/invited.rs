//! What came of a widget's invitations, below the list of its rules: a row a rule, with a bar a day.

use askama::Template;

use super::exchange::Refused;
use super::keeper::{Invited, InvitedDay};
use super::pages::Pages;

/// Width and height of a rule's chart, in its own units.
const WIDE: f64 = 168.0;
const TALL: f64 = 24.0;

/// The part of the page; empty where there are no rules.
#[derive(Default, Template)]
#[template(path = "invited.html", config = "src/admin/askama.toml")]
pub(super) struct InvitedPart {
    rows: Vec<Row>,
    days: usize,
}

struct Row {
    rule: String,
    counts: [u32; 5],
    bars: Vec<Bar>,
    /// The chart in words.
    spoken: String,
}

/// One bar: how many were shown that day, or how many of them accepted.
struct Bar {
    class: &'static str,
    x: String,
    y: String,
    width: String,
    height: String,
}

impl InvitedPart {
    /// Of this widget, as it is now.
    pub(super) fn of(pages: &Pages, widget: &str) -> Result<InvitedPart, Refused> {
        let rules = pages.keeper.invited(widget)?;
        let days = rules.first().map_or(0, |rule| rule.days.len());
        Ok(InvitedPart { rows: rules.into_iter().map(row).collect(), days })
    }
}

fn row(Invited { rule, days }: Invited) -> Row {
    let sum = |of: fn(&InvitedDay) -> u32| days.iter().map(of).sum();
    let counts = [
        sum(|day| day.shown),
        sum(|day| day.accepted),
        sum(|day| day.closed),
        sum(|day| day.expired),
        sum(|day| day.conversations),
    ];
    let said = days.iter().filter(|day| day.shown > 0);
    let said = said.map(|day| format!("{}: {} shown, {} accepted", day.day, day.shown, day.accepted));
    let spoken = said.collect::<Vec<_>>().join("; ");
    let spoken = if spoken.is_empty() { "Nobody was invited".to_owned() } else { spoken };
    Row { rule, counts, bars: bars(&days), spoken }
}

/// Each day a bar of what was shown, and over it one of what was accepted; the highest day fills the height.
fn bars(days: &[InvitedDay]) -> Vec<Bar> {
    let most = f64::from(days.iter().map(|day| day.shown.max(day.accepted)).max().unwrap_or(0).max(1));
    let wide = WIDE / days.len().max(1) as f64;
    let bar = |index: usize, class, count: u32| {
        let height = f64::from(count) / most * TALL;
        let [x, y, width] = [index as f64 * wide, TALL - height, wide - 2.0].map(|n| format!("{n:.1}"));
        (count > 0).then(|| Bar { class, x, y, width, height: format!("{height:.1}") })
    };
    let both = |(index, day): (usize, &InvitedDay)| {
        [bar(index, "shown", day.shown), bar(index, "taken", day.accepted)]
    };
    days.iter().enumerate().flat_map(both).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_day_fills_the_chart_and_a_quiet_one_leaves_its_place() {
        let day = |at: i8, shown, accepted| InvitedDay {
            day: jiff::civil::date(2026, 10, at),
            shown,
            accepted,
            closed: 1,
            expired: 0,
            conversations: accepted,
        };
        let row = row(Invited { rule: "r".to_owned(), days: vec![day(1, 4, 1), day(2, 0, 0), day(3, 2, 0)] });
        assert_eq!(row.counts, [6, 1, 3, 0, 1]);
        let drawn: Vec<_> =
            row.bars.iter().map(|bar| (bar.class, bar.x.as_str(), bar.height.as_str())).collect();
        assert_eq!(drawn, [("shown", "0.0", "24.0"), ("taken", "0.0", "6.0"), ("shown", "112.0", "12.0")]);
        assert_eq!(row.spoken, "2026-10-01: 4 shown, 1 accepted; 2026-10-03: 2 shown, 0 accepted");
    }
}
