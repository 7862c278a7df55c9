//! The newest lines of the box's log.

use askama::Template;

use super::exchange::{Asked, Outcome, page};
use super::frame::{Frame, short, stamp, zone};
use super::pages::Pages;
use crate::limits::LOG_LINES_KEPT;

/// Lines shown at first: a morning's, on a page that is there at once.
const LINES_SHOWN: usize = 300;

#[derive(Template)]
#[template(path = "log.html", config = "src/admin/askama.toml")]
struct LogPage {
    frame: Frame,
    rows: Vec<Row>,
    /// Whether only warnings and errors are shown.
    only_trouble: bool,
    /// Whether there may be older ones.
    more: bool,
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
    let limit = if asked.query.get("all").is_some() { LOG_LINES_KEPT } else { LINES_SHOWN };
    let lines = pages.keeper.log(only_trouble, limit)?;
    let more = lines.len() == limit && limit < LOG_LINES_KEPT;
    let rows = lines.into_iter().map(|line| Row {
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
    page(200, &LogPage { frame: Frame::new(pages, asked, &held, "log", "Log")?, rows, only_trouble, more })
}
