//! The audit log: who revealed, exported, signed in, restarted.

use askama::Template;

use super::exchange::{Asked, Outcome, page};
use super::frame::{Frame, short, stamp, zone};
use super::keeper::Audited;
use super::pages::Pages;
use crate::limits::ADMIN_ROWS_MAX;

#[derive(Template)]
#[template(path = "audit.html", config = "src/admin/askama.toml")]
struct AuditPage {
    frame: Frame,
    rows: Vec<Row>,
    older: Option<u64>,
}

struct Row {
    at: String,
    stamp: String,
    by: String,
    what: String,
    detail: String,
}

/// The newest lines, or those before `?before=`.
pub(super) fn show(pages: &Pages, asked: &Asked) -> Outcome {
    let held = pages.keeper.held()?;
    let before = asked.query.get("before").and_then(|number| number.parse().ok());
    let found = pages.keeper.audit(before, ADMIN_ROWS_MAX)?;
    let older = found.last().filter(|_| found.len() == ADMIN_ROWS_MAX).map(|last| last.number);
    let now = pages.keeper.clock()?.now;
    let zone = zone(&held.desk);
    let row = |line: Audited| Row {
        at: short(line.at, now, &zone),
        stamp: stamp(line.at, &zone),
        by: line.by,
        what: line.what,
        detail: line.detail,
    };
    let rows = found.into_iter().map(row).collect();
    page(200, &AuditPage { frame: Frame::new(pages, asked, &held, "audit", "Audit log")?, rows, older })
}
