//! The first page: what is to be done before the widget works, and how the box is.

use askama::Template;

use super::certificate::days_left;
use super::exchange::{Asked, Outcome, page};
use super::frame::{Frame, short, zone};
use super::health;
use super::keeper::{Figure, Held, Light, Site};
use super::pages::Pages;
use crate::desk::{Desk, Role};

/// Days before its end from which a certificate stands among the troubles.
const CERTIFICATE_DAYS: i64 = 30;

#[derive(Template)]
#[template(path = "overview.html", config = "src/admin/askama.toml")]
struct OverviewPage {
    frame: Frame,
    steps: Vec<Step>,
    steps_done: usize,
    /// Whether the one page for all of it has anything to do.
    can_begin: bool,
    figures: Vec<Figure>,
    notices: Vec<(String, String)>,
    last: Option<(u64, String, String)>,
}

/// A step from nothing to a working widget, checked by the box itself.
struct Step {
    done: bool,
    href: &'static str,
    name: &'static str,
    /// What is there, or what is missing.
    words: String,
}

/// The page.
pub(super) fn show(pages: &Pages, asked: &Asked) -> Outcome {
    let held = pages.keeper.held()?;
    let site = pages.keeper.site()?;
    let clock = pages.keeper.clock()?;
    let zone = zone(&held.desk);
    let steps = steps(&held.desk, &site);
    let figures = pages.keeper.health()?.into_iter().filter(|figure| figure.light != Light::Good).collect();
    let last = pages.keeper.changes(None, 1)?.pop();
    let template = OverviewPage {
        steps_done: steps.iter().filter(|step| step.done).count(),
        can_begin: !super::begin::is_done(&held.desk),
        steps,
        figures,
        notices: notices(&held, &site, clock.now, clock.trusted),
        last: last.map(|last| (last.number, last.by, short(last.at, clock.now, &zone))),
        frame: Frame::new(pages, asked, &held, "", "Overview")?,
    };
    page(200, &template)
}

fn steps(desk: &Desk, site: &Site) -> Vec<Step> {
    let agents = desk.agents.iter().filter(|agent| agent.is(Role::Agent) && !agent.queues.is_empty()).count();
    let count = |count: usize, none: &str, one: &str, many: &str| match count {
        0 => none.to_owned(),
        1 => one.to_owned(),
        count => format!("{count} {many}"),
    };
    let has_site = desk.widgets.iter().any(|widget| {
        widget.allowed_origins.iter().any(|origin| matches!(origin, crate::desk::widget::Origin::Site(_)))
    });
    let step = |done, href, name, words| Step { done, href, name, words };
    vec![
        step(
            desk.name != "deskbell",
            "/admin/desk",
            "Name the branch",
            format!("It is called {}.", desk.name),
        ),
        step(
            !desk.hours.is_empty(),
            "/admin/hours",
            "Say when it is open",
            count(
                desk.hours.len(),
                "Without hours it is always open.",
                "One set of hours.",
                "sets of hours.",
            ),
        ),
        step(
            agents > 0,
            "/admin/people",
            "Add the first agent",
            count(
                agents,
                "Nobody takes work from a queue yet.",
                "One agent has a queue.",
                "agents have a queue.",
            ),
        ),
        step(
            !desk.widgets.is_empty(),
            "/admin/widgets",
            "Make a widget",
            count(desk.widgets.len(), "A workstream and a widget are needed.", "One widget.", "widgets."),
        ),
        step(
            has_site,
            "/admin/widgets",
            "Paste its snippet into your site",
            if has_site {
                "A site may embed one.".to_owned()
            } else {
                "No site may embed one yet.".to_owned()
            },
        ),
        step(
            site.public_url.is_some(),
            "/admin/addresses",
            "Let customers outside reach it",
            site.public_url.clone().unwrap_or_else(|| "For pages on this LAN only.".to_owned()),
        ),
    ]
}

fn notices(held: &Held, site: &Site, now: jiff::Timestamp, trusted: bool) -> Vec<(String, String)> {
    let mut notices = Vec::new();
    if !trusted {
        notices.push((
            "The clock is not trusted: hours count as open, and signed-in customers are turned away."
                .to_owned(),
            "/admin/health".to_owned(),
        ));
    }
    let days = days_left(&site.certificate, now);
    if days < CERTIFICATE_DAYS {
        let words = if days < 0 { "is over".to_owned() } else { format!("ends in {days} days") };
        notices.push((format!("The certificate {words}."), "/admin/addresses".to_owned()));
    }
    if held.desk.agents.iter().all(|agent| !agent.is(Role::Admin)) {
        notices.push((
            "Nobody is an admin: these pages open on the box itself only.".to_owned(),
            "/admin/people".to_owned(),
        ));
    }
    notices
}

impl OverviewPage {
    fn light(&self, figure: &Figure) -> (&'static str, &'static str) {
        health::light(figure.light)
    }
}
