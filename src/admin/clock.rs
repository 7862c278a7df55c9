//! The admin's word for the time, for a box without a clock of its own (REQ D-18).

use jiff::civil::DateTime;

use super::exchange::{Asked, Outcome, Refused, Reply};
use super::frame::zone;
use super::pages::Pages;

/// Sets the clock from `YYYY-MM-DDTHH:MM` on the branch's own clock.
pub(super) fn save(pages: &Pages, asked: &Asked) -> Outcome {
    let wrong = || {
        Refused::new(422, "This is no time of day", "Write it as 2026-03-01T10:24. The clock is as it was.")
    };
    let held = pages.keeper.held()?;
    let typed: DateTime = asked.form.text("now").trim().parse().map_err(|_| wrong())?;
    let now = typed.to_zoned(zone(&held.desk)).map_err(|_| wrong())?.timestamp();
    pages.keeper.set_clock(&asked.visitor.actor, now)?;
    Ok(Reply::See("/admin/health".to_owned()))
}
