//! What supervisors read of conversations.

use std::sync::Arc;

use super::{Shared, refused, unavailable};
use crate::engine::refusal::Refusal;
use crate::gateway::{Request, Response, Role};
use crate::limits::{DECISIONS_KEPT_MAX, HISTORY_PAGE_MAX, TRANSCRIPT_MESSAGES_MAX};
use crate::shell::reads::{self, message_key};
use crate::shell::records::Decision;
use crate::shell::roster;
use crate::shell::wire::ConversationName;
use crate::store::{Direction, Snapshot, Table};
use crate::web::words::known;

pub(super) async fn conversation(shared: Arc<Shared>, request: Request) -> Response {
    let Some(id) = number(&request) else { return refused(Refusal::NotFound) };
    let before = request.query("before").and_then(|before| before.parse().ok());
    let asked = shared.surface.door.ask(move |shell| (shell.watermark(), shell.live_card(id))).await;
    let Some((sequence, live)) = asked else { return unavailable() };
    let job = move |snapshot: &Snapshot| {
        let messages = reads::messages(snapshot, id, before, HISTORY_PAGE_MAX.into())?;
        Ok((live.or(reads::card(snapshot, id)?), messages))
    };
    let Ok((card, (messages, more))) = shared.surface.readers.read(sequence, job).await else {
        return unavailable();
    };
    let Some(card) = card else { return refused(Refusal::NotFound) };
    let shown =
        shared.surface.door.ask(move |shell| shell.staff_view().conversation(&card, &messages, more)).await;
    shown.map_or_else(unavailable, json)
}

/// What came of the invitations, by rule and day.
pub(super) async fn invite_days(shared: Arc<Shared>, _request: Request) -> Response {
    let days = shared.surface.door.ask(|shell| shell.invite_days()).await;
    days.map_or_else(unavailable, |days| Response::json(200, &days))
}

pub(super) async fn routing(shared: Arc<Shared>, request: Request) -> Response {
    let Some(id) = number(&request) else { return refused(Refusal::NotFound) };
    let Some(sequence) = shared.surface.door.ask(|shell| shell.watermark()).await else {
        return unavailable();
    };
    let job = move |snapshot: &Snapshot| {
        let (low, high) = (message_key(id, 0), message_key(id, u32::MAX));
        let limit = DECISIONS_KEPT_MAX as usize;
        let page = snapshot.range(Table::Decisions, &low[..]..&high[..], limit, Direction::Forward)?;
        let mut decisions: Vec<Decision> =
            page.rows.iter().filter_map(|(_, value)| reads::decoded(value)).collect();
        // The ring may have come round: in order of time, ties as they were written.
        decisions.sort_by_key(|decision| decision.at_ms);
        roster::named(snapshot, &mut decisions)?;
        Ok(reads::card(snapshot, id)?.map(|_| decisions))
    };
    match shared.surface.readers.read(sequence, job).await {
        Ok(Some(decisions)) => {
            let shown = shared.surface.door.ask(move |shell| shell.staff_view().routing(&decisions)).await;
            shown.map_or_else(unavailable, json)
        }
        Ok(None) => refused(Refusal::NotFound),
        Err(_) => unavailable(),
    }
}

/// `GET /api/v1/conversations/ID/transcript`: a page to print or save, masked; for supervisors, and for agents who had
/// a part in it.
pub(super) async fn transcript(shared: Arc<Shared>, request: Request) -> Response {
    let Some(id) = number(&request) else { return refused(Refusal::NotFound) };
    let Some(caller) = request.caller.clone() else { return refused(Refusal::Unauthorized) };
    let any = caller.roles.has_any(&[Role::Supervisor, Role::Admin]);
    let before = request.query("before").and_then(|before| before.parse().ok());
    let language = reader_of(&shared, &request);
    let asked = shared.surface.door.ask(move |shell| (shell.watermark(), shell.live_card(id))).await;
    let Some((sequence, live)) = asked else { return unavailable() };
    let job = move |snapshot: &Snapshot| {
        let card = live.or(reads::card(snapshot, id)?);
        let Some(card) = card.filter(|card| any || card.agents.iter().any(|agent| *agent == *caller.agent))
        else {
            return Ok(None);
        };
        let (messages, more) = reads::messages(snapshot, id, before, TRANSCRIPT_MESSAGES_MAX)?;
        Ok(Some((card, messages, more)))
    };
    match shared.surface.readers.read(sequence, job).await {
        Ok(Some((card, messages, more))) => {
            let view = move |shell: &mut crate::shell::Shell| {
                shell.staff_view().transcript(language, &card, &messages, more)
            };
            match shared.surface.door.ask(view).await {
                Some(page) => Response::html(200, page).with_header("cache-control", "no-store"),
                None => unavailable(),
            }
        }
        Ok(None) => refused(Refusal::NotFound),
        Err(_) => unavailable(),
    }
}

/// The language of a page: what is asked for, else the browser's, else the desk's (REQ B-9).
fn reader_of(shared: &Shared, request: &Request) -> &'static str {
    let asked = request.query("lang").unwrap_or_default();
    let browser = request.header("accept-language").unwrap_or_default().split(',');
    let desk = shared.surface.board.desk();
    known(std::iter::once(&*asked).chain(browser).chain([desk.locale.as_str()]))
}

fn number(request: &Request) -> Option<u64> {
    ConversationName::parse(request.param("id")).map(|name| name.0.0)
}

fn json(text: String) -> Response {
    Response::body(200, "application/json", text)
}
