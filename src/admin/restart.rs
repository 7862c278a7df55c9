//! Restarting the box: asked for on a page of its own.

use askama::Template;

use super::exchange::{Asked, Outcome, Refused, page};
use super::frame::Frame;
use super::pages::Pages;

#[derive(Template)]
#[template(path = "restart.html", config = "src/admin/askama.toml")]
struct RestartPage {
    frame: Frame,
}

/// Asks.
pub(super) fn confirm(pages: &Pages, asked: &Asked) -> Outcome {
    let held = pages.keeper.held()?;
    page(200, &RestartPage { frame: Frame::new(pages, asked, &held, "health", "Restart the box")? })
}

/// Does it.
pub(super) fn restart(pages: &Pages, asked: &Asked) -> Outcome {
    pages.keeper.restart(&asked.visitor.actor)?;
    Err(Refused::new(
        202,
        "The box restarts",
        "It is back in about a second, with the same conversations. Reload the page you came from.",
    ))
}
