//! `GET /api/v1/conversations`: search, for supervisors over all conversations and for agents over their own
//! (REQ B-11).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::{Shared, refused, unavailable};
use crate::engine::refusal::Refusal;
use crate::finding::words::sought;
use crate::gateway::{Request, Response, Role};
use crate::limits::{DESK_ID_BYTES_MAX, SEARCH_CHARS_MAX, SEARCH_MS_MAX, SEARCH_PAGE_MAX, SEARCH_WORDS_MAX};
use crate::shell::card::Card;
use crate::shell::search::{Query, search};
use crate::shell::wire::{ContactName, ConversationName, Stamp};
use crate::store::Snapshot;

pub(super) async fn find(shared: Arc<Shared>, request: Request) -> Response {
    let query = match query(&request) {
        Ok(query) => query,
        Err(response) => return response,
    };
    let words = query.words.clone();
    let _turn = shared.surface.readers.search_turn().await;
    let asked = shared.surface.door.ask(|shell| {
        let live: HashMap<u64, Card> = shell.live_cards();
        (shell.watermark(), live, shell.masks(), shell.search_is_incomplete())
    });
    let Some((sequence, live, masks, incomplete)) = asked.await else { return unavailable() };
    let masker = shared.surface.board.masker();
    let time = Duration::from_millis(SEARCH_MS_MAX);
    let job = move |snapshot: &Snapshot| search(snapshot, &query, &live, &masker, masks, time);
    let Ok(found) = shared.surface.readers.read(sequence, job).await else { return unavailable() };
    let shown =
        shared.surface.door.ask(move |shell| shell.staff_view().found(&found, incomplete, &words)).await;
    match shown {
        Some(text) => Response::body(200, "application/json", text).with_header("cache-control", "no-store"),
        None => unavailable(),
    }
}

fn query(request: &Request) -> Result<Query, Response> {
    let Some(caller) = &request.caller else { return Err(refused(Refusal::Unauthorized)) };
    let bad = |what: &str| Response::error(400, "bad_request", what.to_owned());
    let too_long = |what: &str| Response::error(422, "too_long", what.to_owned());
    let mut query = Query { limit: SEARCH_PAGE_MAX, ..Query::default() };
    if let Some(text) = request.query("text").filter(|text| !text.trim().is_empty()) {
        if text.chars().count() > SEARCH_CHARS_MAX {
            return Err(too_long("Look for fewer words: 200 characters at most."));
        }
        query.words = sought(&text);
        if query.words.is_empty() {
            return Err(bad("There is no letter and no digit in it to look for."));
        }
        if query.words.len() > SEARCH_WORDS_MAX {
            return Err(too_long("Look for eight words at most."));
        }
    }
    let id = |name: &str| -> Result<Option<String>, Response> {
        match request.query(name).filter(|id| !id.is_empty()) {
            Some(id) if id.len() > DESK_ID_BYTES_MAX => Err(too_long("An id has 64 bytes at most.")),
            id => Ok(id),
        }
    };
    let time = |name: &str| -> Result<Option<i64>, Response> {
        match request.query(name).filter(|at| !at.is_empty()) {
            None => Ok(None),
            Some(at) => match Stamp::parse(&at) {
                Some(at) => Ok(Some(at.0)),
                None => Err(bad("Give times like 2026-11-28T00:00:00Z.")),
            },
        }
    };
    (query.from_ms, query.to_ms) = (time("from")?, time("to")?);
    (query.agent, query.queue, query.workstream) = (id("agent")?, id("queue")?, id("workstream")?);
    if let Some(state) = id("state")? {
        if !["open", "active", "waiting", "wrap_up", "closed"].contains(&&*state) {
            return Err(bad("A conversation is open, active, waiting, wrap_up or closed."));
        }
        query.state = Some(state);
    }
    if let Some(contact) = id("contact")? {
        query.contact = Some(ContactName::parse(&contact).ok_or_else(|| refused(Refusal::NotFound))?.0);
    }
    if let Some(before) = id("before")? {
        query.before = Some(ConversationName::parse(&before).ok_or_else(|| refused(Refusal::NotFound))?.0.0);
    }
    if let Some(limit) = id("limit")? {
        let limit: usize = limit.parse().map_err(|_| bad("A limit is a number."))?;
        query.limit = limit.clamp(1, SEARCH_PAGE_MAX);
    }
    // An agent finds what was hers.
    if !caller.roles.has_any(&[Role::Supervisor, Role::Admin]) {
        query.own = Some(caller.agent.to_string());
    }
    Ok(query)
}
