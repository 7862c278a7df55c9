//! Knowledge articles: read by staff, shared with customers, counted; and the page behind a shared link (REQ S2-36).

use std::sync::Arc;

use serde_json::json;

use super::{Shared, refused, unavailable};
use crate::agent::markdown;
use crate::desk::Id;
use crate::engine::refusal::Refusal;
use crate::gateway::{Request, Response};
use crate::shell::articles::Shares;
use crate::shell::reads;
use crate::store::{Snapshot, Table};

/// `GET /api/v1/articles/ID`: the article as a tree to draw, as text to send, its address and how often it was shared.
pub(super) async fn article(shared: Arc<Shared>, request: Request) -> Response {
    let id = request.param("id").to_owned();
    let desk = shared.surface.board.desk();
    let Some(article) = desk.article(&id) else { return refused(Refusal::NotFound) };
    let named = id.clone();
    let asked =
        shared.surface.door.ask(move |shell| (shell.watermark(), shell.article_address(&named))).await;
    let Some((sequence, address)) = asked else { return unavailable() };
    let job = move |snapshot: &Snapshot| snapshot.get(Table::Articles, id.as_bytes());
    let Ok(stored) = shared.surface.readers.read(sequence, job).await else { return unavailable() };
    let shares = stored.as_deref().and_then(reads::decoded::<Shares>).unwrap_or_default();
    let nodes = markdown::read(&article.text);
    let body = json!({
        "id": article.id.as_str(), "title": article.title, "link": article.link, "address": address,
        "shares": shares.count, "text": markdown::plain(&nodes), "nodes": nodes,
    });
    Response::json(200, &body).with_header("cache-control", "no-store")
}

/// `POST /api/v1/articles/ID/shares`: it was put into a reply.
pub(super) async fn share(shared: Arc<Shared>, request: Request) -> Response {
    let id = request.param("id").to_owned();
    if shared.surface.board.desk().article(&id).is_none() {
        return refused(Refusal::NotFound);
    }
    let Some(sequence) = shared.surface.door.ask(|shell| shell.watermark()).await else {
        return unavailable();
    };
    let key = id.clone();
    let job = move |snapshot: &Snapshot| snapshot.get(Table::Articles, key.as_bytes());
    let Ok(stored) = shared.surface.readers.read(sequence, job).await else { return unavailable() };
    let stored = stored.as_deref().and_then(reads::decoded::<Shares>).unwrap_or_default();
    match shared.surface.door.change(move |shell| shell.article_shared(&id, stored)).await {
        Some(count) => Response::json(200, &json!({ "shares": count })),
        None => unavailable(),
    }
}

/// `GET /a/KEY`: the page a customer sees. Whoever has no key finds nothing, and keys cannot be guessed.
pub(super) async fn page(shared: Arc<Shared>, request: Request) -> Response {
    let key = request.param("key").to_owned();
    let Some(id) = shared.surface.door.ask(move |shell| shell.article_behind(&key)).await else {
        return unavailable();
    };
    let desk = shared.surface.board.desk();
    let Some(article) = id.as_deref().and_then(|id| desk.article(id)) else {
        return refused(Refusal::NotFound);
    };
    let title = crate::agent::escaped(&article.title);
    let page = format!(
        "<!doctype html>\n<html lang=\"{}\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"robots\" content=\"noindex\">\n<title>{title} · {name}</title>\n\
         <link rel=\"stylesheet\" href=\"/web/tokens.css\">\n<link rel=\"stylesheet\" href=\"/web/article.css\">\n\
         <main>\n<p>{name}</p>\n<h1>{title}</h1>\n{}\n</main>\n</html>\n",
        crate::agent::escaped(desk.locale.as_str()),
        markdown::html(&markdown::read(&article.text)),
        name = crate::agent::escaped(&desk.name),
    );
    Response::html(200, page)
}
