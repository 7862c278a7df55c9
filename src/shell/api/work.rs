//! Work items of other systems: cases brought in, once each (S2-21, D-21).

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Shared, body, refused, unavailable};
use crate::agent::rest::WorkItem as Shown;
use crate::desk::Channel;
use crate::engine::refusal::Refusal;
use crate::gateway::{Request, Response};
use crate::limits::FIELD_CHARS_MAX;
use crate::shell::card::Card;
use crate::shell::reads;
use crate::shell::records::WorkItem;
use crate::shell::start;
use crate::shell::text;
use crate::shell::wire::ConversationName;
use crate::store::{Snapshot, Table};

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
