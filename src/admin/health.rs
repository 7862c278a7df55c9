//! How the box is: every figure against its bound, and the clock.

use askama::Template;

use super::exchange::{Asked, Outcome, page};
use super::frame::{Frame, stamp, zone};
use super::keeper::{Clock, Figure, Light};
use super::pages::Pages;

#[derive(Template)]
#[template(path = "health.html", config = "src/admin/askama.toml")]
struct HealthPage {
    frame: Frame,
    groups: Vec<Group>,
    clock: Clock,
    now: String,
    trouble: usize,
}

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
    let template = HealthPage {
        now: stamp(clock.now, &zone(&held.desk)),
        trouble: trouble + usize::from(!clock.trusted),
        groups,
        clock,
        frame: Frame::new(pages, asked, &held, "health", "Health and clock")?,
    };
    page(200, &template)
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
