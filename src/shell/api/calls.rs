//! Calls of a PBX that speaks HTTP (REQ S2-18): brought in once each, asked about with patience, ended by hanging up.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Shared, body, refused, unavailable};
use crate::channels::calls::{Ring, Standing};
use crate::desk::Channel;
use crate::engine::id::ConversationId;
use crate::engine::refusal::Refusal;
use crate::gateway::{Refused, Request, Response};
use crate::limits::CALL_POLL_S_MAX;
use crate::shell::calls::{CallRecord, Shown, key, key_of};
use crate::shell::reads;
use crate::shell::text;
use crate::shell::wire::{ConversationName, Stamp};
use crate::store::{Snapshot, Table};

/// When a PBX that found the box full may try again.
const COME_BACK: Duration = Duration::from_secs(5);

#[derive(Deserialize)]
struct Body {
    call: String,
    caller: Option<BodyCaller>,
    queue: Option<String>,
    reason: Option<String>,
    variables: Option<Map<String, Value>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct BodyCaller {
    number: Option<String>,
    name: Option<String>,
}

/// `POST /hooks/calls/WORKSTREAM`: a call, or the same again.
pub(super) async fn came(shared: Arc<Shared>, request: Request) -> Response {
    let workstream = match workstream(&shared, &request) {
        Ok(workstream) => workstream,
        Err(response) => return response,
    };
    let asked: Body = match body(&request) {
        Ok(asked) => asked,
        Err(response) => return response,
    };
    let ring = match ring(asked) {
        Ok(ring) => ring,
        Err(refusal) => return refused(refusal),
    };
    let (name, key) = (ring.id.clone(), key(&workstream, &ring.id));
    let known = match stored(&shared, key).await {
        Ok(known) => known,
        Err(response) => return response,
    };
    let came =
        shared.surface.door.change(move |shell| shell.call_came(&workstream, ring, known.as_ref(), None));
    match came.await {
        Some(Ok(shown)) => answer(&name, &shown),
        Some(Err(refusal @ (Refusal::Full | Refusal::StorageFull))) => {
            let message = crate::agent::answer::message(refusal);
            Refused::new(refusal.status(), refusal.code(), message).retry_after(COME_BACK).into_response()
        }
        Some(Err(refusal)) => refused(refusal),
        None => unavailable(),
    }
}

/// `GET /hooks/calls/WORKSTREAM/CALL`: how it stands; the answer waits while that is what the PBX knows.
pub(super) async fn asked(shared: Arc<Shared>, request: Request) -> Response {
    let workstream = match workstream(&shared, &request) {
        Ok(workstream) => workstream,
        Err(response) => return response,
    };
    let name = request.param("call").to_owned();
    let known = request.query("state").unwrap_or_else(|| Standing::Queued.name().to_owned());
    let wait_s = match request.query("wait_s").map(|wait| wait.parse::<u64>()) {
        None => CALL_POLL_S_MAX,
        Some(Ok(wait)) => wait.min(CALL_POLL_S_MAX),
        Some(Err(_)) => return refused(Refusal::BadRequest),
    };
    let key = match meant(&shared, &workstream, &name).await {
        Ok(key) => key,
        Err(response) => return response,
    };
    let door = &shared.surface.door;
    let first = key.clone();
    let shown = match door.change(move |shell| shell.call_watched(&first, &known)).await {
        None => return unavailable(),
        Some(Some((_, Some(change)))) if wait_s > 0 => {
            let changed = async {
                let _ = change.recv().await;
            };
            let late = async {
                smol::Timer::after(Duration::from_secs(wait_s)).await;
            };
            smol::future::or(changed, late).await;
            let again = key.clone();
            match door.change(move |shell| shell.call_asked(&again)).await {
                Some(shown) => shown,
                None => return unavailable(),
            }
        }
        Some(found) => found.map(|(shown, _)| shown),
    };
    if let Some(shown) = shown {
        return answer(&name, &shown);
    }
    match stored(&shared, key).await {
        Ok(Some(record)) => answer(&name, &Shown::of(&record)),
        Ok(None) => refused(Refusal::NotFound),
        Err(response) => response,
    }
}

/// `DELETE /hooks/calls/WORKSTREAM/CALL`: the caller has hung up, or both have. Said again it is true again.
pub(super) async fn left(shared: Arc<Shared>, request: Request) -> Response {
    let workstream = match workstream(&shared, &request) {
        Ok(workstream) => workstream,
        Err(response) => return response,
    };
    let key = match meant(&shared, &workstream, request.param("call")).await {
        Ok(key) => key,
        Err(response) => return response,
    };
    match shared.surface.door.change(move |shell| shell.call_left(&key)).await {
        Some(()) => Response::empty(204),
        None => unavailable(),
    }
}

/// Key of the call of the address: the PBX's name for it, the work item's, or the `Call-ID` of its INVITE.
async fn meant(shared: &Shared, workstream: &str, called: &str) -> Result<Vec<u8>, Response> {
    let own = key(workstream, called);
    let asked = own.clone();
    let known = shared.surface.door.ask(move |shell| (shell.watermark(), shell.has_call(&asked))).await;
    let sequence = match known.ok_or_else(unavailable)? {
        (_, true) => return Ok(own),
        (sequence, false) => sequence,
    };
    let (workstream, called) = (workstream.to_owned(), called.to_owned());
    let job = move |snapshot: &Snapshot| key_of(snapshot, &workstream, &called);
    let found = shared.surface.readers.read(sequence, job).await.map_err(|_| unavailable())?;
    found.ok_or_else(|| refused(Refusal::NotFound))
}

/// The workstream of the address, when it takes calls.
fn workstream(shared: &Shared, request: &Request) -> Result<String, Response> {
    let desk = shared.surface.board.desk();
    let workstream = request.param("workstream");
    let takes = desk.workstream(workstream).is_some_and(|found| found.channel == Channel::Voice);
    if takes { Ok(workstream.to_owned()) } else { Err(refused(Refusal::NotFound)) }
}

async fn stored(shared: &Shared, key: Vec<u8>) -> Result<Option<CallRecord>, Response> {
    let sequence = shared.surface.door.ask(|shell| shell.watermark()).await.ok_or_else(unavailable)?;
    let job =
        move |snapshot: &Snapshot| Ok(snapshot.get(Table::Calls, &key)?.as_deref().and_then(reads::decoded));
    shared.surface.readers.read(sequence, job).await.map_err(|_| unavailable())
}

fn ring(asked: Body) -> Result<Ring, Refusal> {
    let field = |given: Option<&str>| text::field(given.unwrap_or_default()).map(str::to_owned);
    let id = text::field(&asked.call)?.to_owned();
    // It stands in an address.
    if id.is_empty() || id.contains('/') {
        return Err(Refusal::BadRequest);
    }
    let caller = asked.caller.unwrap_or_default();
    let filled = |text: String| (!text.is_empty()).then_some(text);
    Ok(Ring {
        id,
        number: field(caller.number.as_deref())?,
        name: field(caller.name.as_deref())?,
        queue: filled(field(asked.queue.as_deref())?),
        reason: filled(field(asked.reason.as_deref())?),
        variables: asked.variables.unwrap_or_default(),
    })
}

fn answer(name: &str, shown: &Shown) -> Response {
    let mut told = json!({ "call": name, "state": shown.standing.name() });
    if let Some(id) = shown.conversation {
        told["conversation"] = json!(ConversationName(ConversationId(id)).to_string());
    }
    match &shown.standing {
        Standing::Queued => {}
        Standing::Accepted { agent, name, extension } => {
            told["agent"] = json!({ "id": agent, "name": name });
            told["extension"] = json!(extension);
        }
        Standing::Unavailable(why) => {
            told["reason"] = json!(why.name());
            if let Some(at) = shown.opens_ms {
                told["opens_at"] = json!(Stamp(at).to_string());
            }
        }
        Standing::Ended(reason) => told["reason"] = json!(reason),
    }
    Response::json(if shown.fresh { 201 } else { 200 }, &told)
}
