//! Work items of other systems: cases brought in, once each (S2-21, D-21).

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Shared, body, refused, unavailable};
use crate::agent::rest::WorkItem as Shown;
use crate::desk::Channel;
use crate::engine::refusal::Refusal;
use crate::gateway::{Request, Response};
use crate::limits::{FIELD_CHARS_MAX, READ_ROWS_MAX, SEARCH_MESSAGES_MAX, SEARCH_PAGE_MAX};
use crate::shell::card::Card;
use crate::shell::reads::{self, conversation_key};
use crate::shell::records::WorkItem;
use crate::shell::start;
use crate::shell::text;
use crate::shell::wire::ConversationName;
use crate::store::{Direction, ReadError, Snapshot, Table};

/// States of a work item, in the words of the contract.
const STATES: [&str; 6] = ["queued", "offered", "assigned", "active", "wrap_up", "closed"];

#[derive(Deserialize)]
struct Body {
    workstream: String,
    external_id: String,
    title: String,
    customer: Option<BodyCustomer>,
    attributes: Option<Map<String, Value>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct BodyCustomer {
    name: Option<String>,
    phone: Option<String>,
    email: Option<String>,
}

pub(super) async fn create(shared: Arc<Shared>, request: Request) -> Response {
    let asked: Body = match body(&request) {
        Ok(asked) => asked,
        Err(response) => return response,
    };
    let (card, external_id) = match card(&shared, asked) {
        Ok(made) => made,
        Err(refusal) => return refused(refusal),
    };
    let Some(sequence) = shared.surface.door.ask(|shell| shell.watermark()).await else {
        return unavailable();
    };
    let key = external_id.clone();
    let job = move |snapshot: &Snapshot| {
        let value = snapshot.get(Table::WorkItems, key.as_bytes())?;
        let known: Option<WorkItem> = value.as_deref().and_then(reads::decoded);
        let card = match &known {
            Some(known) => reads::card(snapshot, known.conversation)?,
            None => None,
        };
        Ok(known.zip(card))
    };
    let Ok(known) = shared.surface.readers.read(sequence, job).await else { return unavailable() };
    let made = shared.surface.door.change(move |shell| shell.work_item(card, &external_id, known)).await;
    match made {
        Some(Ok((id, fresh))) => {
            let id = ConversationName(crate::engine::id::ConversationId(id)).to_string();
            Response::json(if fresh { 201 } else { 200 }, &json!({ "id": id }))
        }
        Some(Err(refusal)) => refused(refusal),
        None => unavailable(),
    }
}

pub(super) async fn get(shared: Arc<Shared>, request: Request) -> Response {
    let Some(id) = ConversationName::parse(request.param("id")).map(|name| name.0.0) else {
        return refused(Refusal::NotFound);
    };
    let asked = shared.surface.door.ask(move |shell| (shell.watermark(), shell.live_card(id))).await;
    let Some((sequence, live)) = asked else { return unavailable() };
    let job = move |snapshot: &Snapshot| {
        let Some(card) = live.or(reads::card(snapshot, id)?) else { return Ok(None) };
        let key = card.external_id.clone().unwrap_or_default();
        let value = snapshot.get(Table::WorkItems, key.as_bytes())?;
        let known: Option<WorkItem> = value.as_deref().and_then(reads::decoded);
        let reopens = known.filter(|known| known.conversation == id).and_then(|known| known.reopens);
        Ok(Some((card, reopens)))
    };
    match shared.surface.readers.read(sequence, job).await {
        Ok(Some((card, reopens))) if card.external_id.is_some() => {
            let shown = move |shell: &mut crate::shell::Shell| {
                shell.staff_view().work_item(Shown { card: &card, reopens })
            };
            match shared.surface.door.ask(shown).await {
                Some(text) => Response::body(200, "application/json", text),
                None => unavailable(),
            }
        }
        Ok(_) => refused(Refusal::NotFound),
        Err(_) => unavailable(),
    }
}

/// What is asked of the list.
struct Wanted {
    state: Option<String>,
    workstream: Option<String>,
    before: u64,
    limit: usize,
}

impl Wanted {
    fn of(request: &Request) -> Result<Wanted, Response> {
        let bad = |what: &str| Response::error(400, "bad_request", what.to_owned());
        let given = |name: &str| request.query(name).filter(|value| !value.is_empty());
        let state = given("state");
        if state.as_ref().is_some_and(|state| !STATES.contains(&state.as_str())) {
            return Err(bad("A work item is queued, offered, assigned, active, wrap_up or closed."));
        }
        let before = match given("before").map(|name| ConversationName::parse(&name)) {
            None => u64::MAX,
            Some(Some(name)) => name.0.0,
            Some(None) => return Err(refused(Refusal::NotFound)),
        };
        let limit = given("limit").map_or(Ok(SEARCH_PAGE_MAX), |limit| limit.parse());
        let limit = limit.map_err(|_| bad("A limit is a number."))?.clamp(1, SEARCH_PAGE_MAX);
        Ok(Wanted { state, workstream: given("workstream"), before, limit })
    }

    fn fits(&self, card: &Card) -> bool {
        card.external_id.is_some()
            && card.id < self.before
            && self.workstream.as_ref().is_none_or(|workstream| *workstream == card.workstream)
    }
}

/// Work items in the table that fit, newest first.
fn open_ones(shell: &crate::shell::Shell, wanted: &Wanted) -> Vec<Card> {
    let view = shell.staff_view();
    let state = |card: &Card| wanted.state.as_ref().is_none_or(|state| *state == view.state_of_work(card.id));
    let cards = shell.live_cards();
    let mut found: Vec<Card> = cards.into_values().filter(|card| wanted.fits(card) && state(card)).collect();
    found.sort_unstable_by_key(|card| std::cmp::Reverse(card.id));
    found
}

/// Work items of the store that fit, newest first, those of `open` as they are now; and where to go on.
fn stored_ones(
    snapshot: &Snapshot,
    wanted: &Wanted,
    open: &HashMap<u64, Card>,
) -> Result<(Vec<Card>, Option<u64>), ReadError> {
    let closed_only = wanted.state.is_some();
    let (mut found, mut looked, mut before) = (Vec::new(), 0, wanted.before);
    loop {
        let high = conversation_key(before);
        let page =
            snapshot.range(Table::Conversations, &[][..]..&high[..], READ_ROWS_MAX, Direction::Backward)?;
        for (key, value) in &page.rows {
            let Some(id) = reads::conversation_of(key) else { continue };
            if found.len() == wanted.limit || looked >= SEARCH_MESSAGES_MAX {
                return Ok((found, Some(before)));
            }
            (looked, before) = (looked + 1, id);
            let card = match open.get(&id) {
                Some(_) if closed_only => continue,
                Some(card) => Some(card.clone()),
                None => reads::decoded(value),
            };
            found.extend(card.filter(|card| wanted.fits(card)));
        }
        if !page.more {
            return Ok((found, None));
        }
    }
}

fn with_reopens(snapshot: &Snapshot, cards: Vec<Card>) -> Result<Vec<(Card, Option<u64>)>, ReadError> {
    let reopens = |card: &Card| -> Result<Option<u64>, ReadError> {
        let key = card.external_id.clone().unwrap_or_default();
        let value = snapshot.get(Table::WorkItems, key.as_bytes())?;
        let known: Option<WorkItem> = value.as_deref().and_then(reads::decoded);
        Ok(known.filter(|known| known.conversation == card.id).and_then(|known| known.reopens))
    };
    cards
        .into_iter()
        .map(|card| {
            let reopens = reopens(&card)?;
            Ok((card, reopens))
        })
        .collect()
}

/// `GET /api/v1/work-items`: those of other systems, newest first, a page at a time.
pub(super) async fn list(shared: Arc<Shared>, request: Request) -> Response {
    let wanted = match Wanted::of(&request) {
        Ok(wanted) => Arc::new(wanted),
        Err(response) => return response,
    };
    let ask = Arc::clone(&wanted);
    let _turn = shared.surface.readers.search_turn().await;
    let asked =
        shared.surface.door.ask(move |shell| (shell.watermark(), open_ones(shell, &ask), shell.live_cards()));
    let Some((sequence, open, all_open)) = asked.await else { return unavailable() };
    let job = move |snapshot: &Snapshot| {
        // What is not closed is in the table, and nowhere else.
        let in_table = wanted.state.as_deref().is_some_and(|state| state != "closed");
        let (cards, next) = if in_table {
            let next = open.get(wanted.limit).map(|_| open[wanted.limit - 1].id);
            (open.into_iter().take(wanted.limit).collect(), next)
        } else {
            stored_ones(snapshot, &wanted, &all_open)?
        };
        Ok((with_reopens(snapshot, cards)?, next))
    };
    let Ok((cards, next)) = shared.surface.readers.read(sequence, job).await else { return unavailable() };
    let shown = move |shell: &mut crate::shell::Shell| {
        let view = shell.staff_view();
        let one = |(card, reopens): &(Card, Option<u64>)| view.work_item(Shown { card, reopens: *reopens });
        cards.iter().map(one).collect::<Vec<_>>()
    };
    let Some(items) = shared.surface.door.ask(shown).await else { return unavailable() };
    let next = next.map(|id| ConversationName(crate::engine::id::ConversationId(id)).to_string());
    let next = next.map_or_else(String::new, |next| format!(",\"next\":{}", json!(next)));
    Response::body(200, "application/json", format!("{{\"items\":[{}]{next}}}", items.join(",")))
}

/// The card of a work item as it was asked for.
fn card(shared: &Shared, asked: Body) -> Result<(Card, String), Refusal> {
    let desk = shared.surface.board.desk();
    let workstream = desk.workstream(&asked.workstream).ok_or(Refusal::NotFound)?;
    if workstream.channel != Channel::Case {
        return Err(Refusal::NotAllowed);
    }
    let external_id = text::field(&asked.external_id)?.to_owned();
    let title = text::field(&asked.title)?.to_owned();
    if external_id.is_empty() || title.is_empty() {
        return Err(Refusal::BadRequest);
    }
    debug_assert!(external_id.chars().count() <= FIELD_CHARS_MAX);
    let customer = asked.customer.unwrap_or_default();
    let field =
        |given: Option<String>| given.map_or(Ok(String::new()), |one| text::field(&one).map(str::to_owned));
    let mut card = Card {
        workstream: asked.workstream.clone(),
        queue: workstream.queue.to_string(),
        kind: workstream.channel.work_item_kind().to_owned(),
        comment: Some(title),
        external_id: Some(external_id.clone()),
        ..Card::default()
    };
    card.customer.name = field(customer.name)?;
    card.customer.phone = field(customer.phone)?;
    card.customer.email = field(customer.email)?;
    if let Some(attributes) = &asked.attributes {
        card.context = start::attributes(attributes)?;
    }
    Ok((card, external_id))
}
