//! The desk's configuration, read and replaced whole.

use std::sync::Arc;

use serde_json::json;

use super::{Shared, unavailable};
use crate::desk::{Desk, Faults, LoadOptions, diff, load_with};
use crate::gateway::{Request, Response};
use crate::shell::boot::hash_passwords;
use crate::shell::office::NotReplaced;

pub(super) async fn get(shared: Arc<Shared>, _request: Request) -> Response {
    let desk = shared.surface.board.desk();
    Response::body(200, "application/toml", desk.export()).with_header("etag", &tag(&desk.version()))
}

pub(super) async fn put(shared: Arc<Shared>, request: Request) -> Response {
    let Some(wanted) = request.header("if-match").map(str::to_owned) else {
        return Response::error(428, "bad_request", "Send If-Match with the version you have changed.");
    };
    let desk = shared.surface.board.desk();
    if !matches(&wanted, &desk.version()) {
        return Response::error(412, "stale", "The desk has been changed meanwhile; read it again.");
    }
    let preview = request.query("preview").is_some_and(|value| value == "true");
    let Ok(text) = String::from_utf8(request.body) else {
        return Response::error(422, "bad_request", "The file is not UTF-8.");
    };
    let over = Arc::clone(&desk);
    // Reading and hashing take their time: neither belongs on an executor's thread.
    let loaded = smol::unblock(move || {
        let mut loaded = load_with(&text, LoadOptions { over: Some(&over), ..LoadOptions::default() })
            .map_err(Problem::Faults)?;
        hash_passwords(&mut loaded.desk, Some(&over)).map_err(|error| Problem::Other(error.to_string()))?;
        Ok(loaded.desk)
    });
    let new = match loaded.await {
        Ok(new) => new,
        Err(Problem::Faults(faults)) => return faults_answer(&faults),
        Err(Problem::Other(message)) => return Response::error(422, "bad_request", message),
    };
    if preview {
        return say_beforehand(&shared, &desk, new).await;
    }
    let by = request.caller.map(|caller| caller.agent.to_string()).unwrap_or_default();
    let before = desk.version();
    match shared.surface.door.change(move |shell| shell.replace_desk(new, &before, &by)).await {
        Some(Ok(version)) => Response::empty(200).with_header("etag", &tag(&version)),
        Some(Err(why @ NotReplaced::Stale)) => Response::error(412, "stale", why.to_string()),
        Some(Err(why)) => faults_answer(&Faults::one("desk", why.to_string())),
        None => unavailable(),
    }
}

/// What the new desk would change, and how many conversations it would touch; nothing is done.
async fn say_beforehand(shared: &Shared, old: &Desk, new: Desk) -> Response {
    let changes: Vec<_> = diff(old, &new)
        .iter()
        .map(|change| json!({ "path": change.path, "old": change.old, "new": change.new }))
        .collect();
    match shared.surface.door.ask(move |shell| shell.touches(&new)).await {
        Some(touches) => Response::json(200, &json!({ "changes": changes, "touches": touches })),
        None => unavailable(),
    }
}

enum Problem {
    Faults(Faults),
    Other(String),
}

fn faults_answer(faults: &Faults) -> Response {
    let list: Vec<_> = faults
        .list
        .iter()
        .map(|fault| match fault.line {
            Some(line) => json!({ "path": fault.path, "line": line, "message": fault.message }),
            None => json!({ "path": fault.path, "message": fault.message }),
        })
        .collect();
    let body = json!({
        "error": {
            "code": "bad_request",
            "message": "The desk has faults; nothing was changed.",
            "faults": list,
            "more": faults.more,
        }
    });
    Response::json(422, &body)
}

fn tag(version: &str) -> String {
    format!("\"{version}\"")
}

fn matches(wanted: &str, version: &str) -> bool {
    wanted
        .split(',')
        .map(str::trim)
        .any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one).trim_matches('"') == version)
}
