//! How the box is: every figure against its bound, and the clock.

use askama::Template;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::exchange::{Asked, Outcome, page};
use super::frame::{Frame, stamp, zone};
use super::keeper::{Chart, Clock, Figure, Light};
use super::pages::Pages;

#[derive(Template)]
#[template(path = "health.html", config = "src/admin/askama.toml")]
struct HealthPage {
    frame: Frame,
    groups: Vec<Group>,
    clock: Clock,
    now: String,
    trouble: usize,
    charts: Vec<Drawn>,
}

/// A chart as the page draws it: a line in a box of [`WIDTH`] by [`HEIGHT`].
struct Drawn {
    name: &'static str,
    now: String,
    most: String,
    points: String,
    /// From when on, in words.
    since: String,
}

const WIDTH: f64 = 240.0;
const HEIGHT: f64 = 48.0;
const DAY_MS: f64 = 86_400_000.0;

/// Figures of one group.
struct Group {
    name: &'static str,
    figures: Vec<Figure>,
}

/// The page.
pub(super) fn show(pages: &Pages, asked: &Asked) -> Outcome {
    let held = pages.keeper.held()?;
    let mut groups: Vec<Group> = Vec::new();
    for figure in pages.keeper.health()? {
        match groups.iter_mut().find(|group| group.name == figure.group) {
            Some(group) => group.figures.push(figure),
            None => groups.push(Group { name: figure.group, figures: vec![figure] }),
        }
    }
    let trouble =
        groups.iter().flat_map(|group| &group.figures).filter(|figure| figure.light != Light::Good).count();
    let clock = pages.keeper.clock()?;
    let zone = zone(&held.desk);
    let charts = pages.keeper.day()?.iter().filter_map(|chart| drawn(chart, &zone)).collect();
    let template = HealthPage {
        now: stamp(clock.now, &zone),
        charts,
        trouble: trouble + usize::from(!clock.trusted),
        groups,
        clock,
        frame: Frame::new(pages, asked, &held, "health", "Health and clock")?,
    };
    page(200, &template)
}

/// The newest point at the right edge, a day ago at the left.
fn drawn(chart: &Chart, zone: &TimeZone) -> Option<Drawn> {
    let ((first_ms, _), (last_ms, now)) = (chart.points.first()?, chart.points.last()?);
    let most = chart.points.iter().map(|(_, value)| *value).fold(0.0, f64::max);
    let top = if most > 0.0 { most } else { 1.0 };
    let points = chart.points.iter().map(|(at_ms, value)| {
        let x = WIDTH - (last_ms - at_ms) as f64 / DAY_MS * WIDTH;
        let y = HEIGHT - value / top * (HEIGHT - 2.0) - 1.0;
        format!("{x:.1},{y:.1}")
    });
    let number = |value: f64| {
        let digits = if value >= 100.0 || value.fract() == 0.0 { 0 } else { 1 };
        if chart.unit.is_empty() { format!("{value:.0}") } else { format!("{value:.digits$} {}", chart.unit) }
    };
    let since = Timestamp::from_millisecond(*first_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    Some(Drawn {
        name: chart.name,
        now: number(*now),
        most: number(most),
        points: points.collect::<Vec<_>>().join(" "),
        since: since.to_zoned(zone.clone()).strftime("%H:%M").to_string(),
    })
}

/// The word and class of a light.
pub(super) fn light(light: Light) -> (&'static str, &'static str) {
    match light {
        Light::Good => ("Good", "tag--good"),
        Light::Warn => ("Look", "tag--wait"),
        Light::Bad => ("Trouble", "tag--urgent"),
    }
}

impl HealthPage {
    fn light(&self, figure: &Figure) -> (&'static str, &'static str) {
        light(figure.light)
    }
}
