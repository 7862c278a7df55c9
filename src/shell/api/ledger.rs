//! `GET /api/v1/ledger`: what was put to the caller and how it ended, newest first. Nobody reads another's.

use std::sync::Arc;

use serde_json::json;

use super::{Shared, refused, unavailable};
use crate::engine::id::ConversationId;
use crate::engine::refusal::Refusal;
use crate::gateway::{Request, Response};
use crate::limits::HISTORY_PAGE_MAX;
use crate::shell::ledger;
use crate::shell::wire::{ConversationName, Stamp};
use crate::store::Snapshot;

pub(super) async fn page(shared: Arc<Shared>, request: Request) -> Response {
    let Some(caller) = &request.caller else { return refused(Refusal::Unauthorized) };
    let username = caller.agent.to_string();
    let before = match request.query("before") {
        None => None,
        Some(text) => match place(&text) {
            Some(place) => Some(place),
            None => return refused(Refusal::BadRequest),
        },
    };
    let Some(sequence) = shared.surface.door.ask(|shell| shell.watermark()).await else {
        return unavailable();
    };
    let job = move |snapshot: &Snapshot| ledger::page(snapshot, &username, before, HISTORY_PAGE_MAX.into());
    let Ok((lines, more)) = shared.surface.readers.read(sequence, job).await else { return unavailable() };
    let desk = shared.surface.board.desk();
    let next = lines.last().filter(|_| more).map(|((at_ms, n), _)| format!("{at_ms}.{n}"));
    let rows: Vec<_> = lines
        .iter()
        .map(|(_, line)| {
            let name = desk.queue(&line.queue).map_or(&*line.queue, |queue| &*queue.name);
            json!({
                "at": Stamp(line.at_ms).to_string(),
                "conversation": ConversationName(ConversationId(line.conversation)).to_string(),
                "kind": line.kind,
                "queue": { "id": line.queue, "name": name },
                "end": line.end,
                "presence": line.presence,
            })
        })
        .collect();
    Response::json(200, &json!({ "rows": rows, "more": more, "next": next }))
        .with_header("cache-control", "no-store")
}

fn place(text: &str) -> Option<(i64, u64)> {
    let (at_ms, n) = text.split_once('.')?;
    Some((at_ms.parse().ok()?, n.parse().ok()?))
}
