//! The newest lines of the box's log.

use askama::Template;

use super::exchange::{Asked, Outcome, page};
use super::frame::{Frame, short, stamp, zone};
use super::pages::Pages;
use crate::limits::ADMIN_ROWS_MAX;

#[derive(Template)]
#[template(path = "log.html", config = "src/admin/askama.toml")]
struct LogPage {
    frame: Frame,
    rows: Vec<Row>,
    /// Whether only warnings and errors are shown.
    only_trouble: bool,
}

struct Row {
    at: String,
    stamp: String,
    level: &'static str,
    class: &'static str,
    part: String,
    text: String,
}

/// The lines, or with `?trouble` only warnings and errors among them.
pub(super) fn show(pages: &Pages, asked: &Asked) -> Outcome {
    let held = pages.keeper.held()?;
    let now = pages.keeper.clock()?.now;
    let zone = zone(&held.desk);
    let only_trouble = asked.query.get("trouble").is_some();
    let lines = pages.keeper.log(4 * ADMIN_ROWS_MAX)?.into_iter();
    let rows = lines.filter(|line| !only_trouble || matches!(line.level, "warn" | "error")).map(|line| Row {
        at: short(line.at, now, &zone),
        stamp: stamp(line.at, &zone),
        class: match line.level {
            "error" => "t-urgent",
            "warn" => "t-wait",
            _ => "t-3",
        },
        level: line.level,
        part: line.part,
        text: line.text,
    });
    let rows = rows.collect();
    page(200, &LogPage { frame: Frame::new(pages, asked, &held, "log", "Log")?, rows, only_trouble })
}
