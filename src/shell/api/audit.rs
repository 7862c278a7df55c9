//! The audit log: who revealed, changed or erased what, when and why (REQ D-20). Names of things, never values.

use std::sync::Arc;

use serde_json::json;

use super::{Shared, refused, unavailable};
use crate::engine::refusal::Refusal;
use crate::gateway::{Request, Response};
use crate::limits::HISTORY_PAGE_MAX;
use crate::shell::reads::{self, list_key};
use crate::shell::records::Audit;
use crate::shell::wire::Stamp;
use crate::store::{Direction, Snapshot, Table};

/// `GET /api/v1/audit?before=TIME`: a page, newest first.
pub(super) async fn page(shared: Arc<Shared>, request: Request) -> Response {
    let before = match request.query("before").as_deref().map(Stamp::parse) {
        None => list_key(u64::MAX, -1, u64::MAX),
        Some(Some(Stamp(at_ms))) => list_key(at_ms.max(0) as u64, 0, 0),
        Some(None) => return refused(Refusal::BadRequest),
    };
    let Some(sequence) = shared.surface.door.ask(|shell| shell.watermark()).await else {
        return unavailable();
    };
    let job = move |snapshot: &Snapshot| {
        snapshot.range(Table::Audit, ..&before[..], HISTORY_PAGE_MAX.into(), Direction::Backward)
    };
    let Ok(page) = shared.surface.readers.read(sequence, job).await else { return unavailable() };
    let entries: Vec<_> = page
        .rows
        .iter()
        .filter_map(|(_, value)| reads::decoded::<Audit>(value))
        .map(|line| {
            let at = Stamp(line.at_ms).to_string();
            json!({
                "at": at, "by": line.by, "action": line.action, "subject": line.subject, "reason": line.reason,
            })
        })
        .collect();
    Response::json(200, &json!({ "entries": entries, "more": page.more }))
}
