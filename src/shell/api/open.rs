//! What anybody may ask: health, trust, a widget's public face, invitations.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Shared, refused, unavailable};
use crate::desk::{Desk, Id, Localized, Origin, TextKey, Widget, Word};
use crate::engine::refusal::Refusal;
use crate::gateway::{Framing, Refused, Request, Response};
use crate::shell::board::Board;
use crate::shell::certificate::WARN_DAYS;
use crate::shell::clock::real_wall_ms;
use crate::shell::hours::{Daytime, Entrance};
use crate::shell::wire::Stamp;
use crate::widget::invites;

pub(super) async fn health(shared: Arc<Shared>, _request: Request) -> Response {
    // By the clock the desk trusts: a box that does not know the time cannot say that something is over.
    let days =
        shared.surface.public.shown().map(|shown| (shown.until_s - real_wall_ms() / 1000).div_euclid(86_400));
    match shared.surface.door.ask(|shell| shell.health()).await {
        Some(None) => match days {
            Some(..0) => Response::json(503, &json!({ "status": "degraded", "reason": "certificate" })),
            Some(days @ 0..WARN_DAYS) => {
                Response::json(200, &json!({ "status": "ok", "certificate_days": days }))
            }
            _ => Response::json(200, &json!({ "status": "ok" })),
        },
        Some(Some(reason)) => Response::json(503, &json!({ "status": "degraded", "reason": reason })),
        None => Response::json(503, &json!({ "status": "stopping" })),
    }
}

pub(super) async fn ca(shared: Arc<Shared>, _request: Request) -> Response {
    Response::body(200, "application/x-x509-ca-cert", shared.surface.authority.pem.clone())
        .with_header("content-disposition", "attachment; filename=\"deskbell-ca.crt\"")
}

/// How to trust the box, per system.
pub(super) async fn trust(shared: Arc<Shared>, _request: Request) -> Response {
    let fingerprint = &shared.surface.authority.fingerprint;
    Response::html(200, include_str!("../../ops/trust.html").replace("{fingerprint}", fingerprint))
}

pub(super) async fn metrics(shared: Arc<Shared>, _request: Request) -> Response {
    let gateway = shared.surface.gateway.get().and_then(std::sync::Weak::upgrade);
    let counted = gateway.map(|gateway| gateway.counters().all()).unwrap_or_default();
    match shared.surface.door.ask(|shell| shell.figures()).await {
        Some(figures) => {
            let mut text = crate::ops::metrics::text(&figures);
            text.push_str(&crate::ops::metrics::counted("deskbell_gateway", &counted));
            text.push_str(&crate::ops::metrics::memory(&shared.surface.profile));
            Response::body(200, "text/plain; version=0.0.4; charset=utf-8", text)
        }
        None => unavailable(),
    }
}

/// The chat page; only the sites of its widget may frame it.
pub(super) async fn page(shared: Arc<Shared>, request: Request) -> Response {
    let desk = shared.surface.board.desk();
    let Some(widget) = desk.widget(request.param("id")) else { return refused(Refusal::NotFound) };
    let origins = widget.allowed_origins.iter().filter_map(|origin| match origin {
        Origin::Own => None,
        Origin::Site(site) => Some(site.to_string()),
    });
    crate::widget::assets::page(&request).framed_by(Framing::Origins(origins.collect()))
}

/// May scripts of this origin call the public calls?
pub(super) fn may_call(board: &Board, request: &Request, origin: &str) -> bool {
    if request.own_origin {
        return true;
    }
    let desk = board.desk();
    let allows = |widget: &Widget| {
        widget.allowed_origins.iter().any(|known| matches!(known, Origin::Site(site) if **site == *origin))
    };
    match request.param("id") {
        // A dismissal names no widget: any site with one may send it.
        "" => desk.widgets.iter().any(allows),
        id => desk.widget(id).is_some_and(allows),
    }
}

pub(super) async fn settings(shared: Arc<Shared>, request: Request) -> Response {
    let id = request.param("id").to_owned();
    let clock = shared.surface.door.ask(|shell| shell.clock_now()).await;
    let Some((now_ms, speed, day)) = clock else { return unavailable() };
    let desk = shared.surface.board.desk();
    match desk.widget(&id) {
        Some(widget) => Response::json(200, &public(&desk, widget, now_ms, speed, day)),
        None => refused(Refusal::NotFound),
    }
}

fn public(desk: &Desk, widget: &Widget, now_ms: i64, speed: u32, day: Daytime) -> Value {
    let Some(workstream) = desk.workstream(widget.workstream.as_str()) else { return Value::Null };
    let entrance = Entrance::through(desk, widget.id.as_str(), workstream);
    let open = day.is_open(&entrance);
    let stamp = |at: Option<i64>| at.map_or(Value::Null, |at| Stamp(at).to_string().into());
    let texts: serde_json::Map<String, Value> =
        [TextKey::OutOfHours, TextKey::Offline, TextKey::NobodyAvailable]
            .into_iter()
            .filter_map(|key| {
                let own = workstream.texts.get(&key)?;
                let text = own.iter().map(|(language, text)| {
                    (language.map_or("en", |language| language.as_str()).to_owned(), text.source().into())
                });
                Some((key.word().to_owned(), Value::Object(text.collect())))
            })
            .collect();
    let rules: Vec<Value> = widget
        .proactive
        .rules
        .iter()
        .map(|rule| {
            json!({
                "id": rule.id.as_str(),
                "where": rule.r#where.iter().map(|pattern| pattern.as_str()).collect::<Vec<_>>(),
                "min_seconds_on_page": rule.min_seconds_on_page,
                "min_seconds_on_site": rule.min_seconds_on_site,
                "min_scroll_percent": rule.min_scroll_percent,
                "leaving": rule.leaving,
                "audience": {
                    "min_visits": rule.audience.min_visits,
                    // Whom the page has to ask for a token before it asks the box.
                    "authenticated": rule.audience.authenticated,
                },
            })
        })
        .collect();
    let prechat: Vec<Value> = widget
        .prechat
        .iter()
        .map(|question| {
            json!({
                "id": question.id.as_str(),
                "label": localized(&question.label),
                "kind": question.kind.word(),
                "required": question.required,
                "options": question.options.iter().map(localized).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({
        "id": widget.id.as_str(),
        "mode": workstream.mode.word(),
        "open": open,
        "opens_at": stamp(day.opens_at(&entrance)),
        "closes_at": stamp(day.closes_at(&entrance)),
        "theme": desk.theme.word(),
        "locale": desk.locale.as_str(),
        "title": widget.title.as_ref().map_or_else(|| Value::from(desk.name.as_str()), localized),
        "texts": texts,
        "prechat": prechat,
        "proactive": { "enabled": widget.proactive.enabled, "rules": rules },
        "offline_message": workstream.offline_message,
        "rate_during_chat": workstream.rate_during_chat,
        "copy_by_mail": desk.mail.is_some(),
        "consent": desk.consent.word(),
        "clock": { "now": Stamp(now_ms).to_string(), "speed": speed },
    })
}

/// One string for everybody, or a table by language.
fn localized(text: &Localized) -> Value {
    let mut entries = text.iter();
    match entries.next() {
        Some((None, text)) => Value::from(text.as_str()),
        first => {
            let all = first.into_iter().chain(entries);
            let named = all.filter_map(|(language, text)| {
                Some((language?.as_str().to_owned(), Value::from(text.as_str())))
            });
            Value::Object(named.collect())
        }
    }
}

pub(super) async fn invite(shared: Arc<Shared>, request: Request) -> Response {
    if let Err(wait) = shared.take_invite(request.peer) {
        let refusal = Refusal::RateLimited;
        let message = crate::agent::answer::message(refusal);
        return Refused::new(429, refusal.code(), message).retry_after(wait).into_response();
    }
    let widget = request.param("id").to_owned();
    if shared.surface.board.desk().widget(&widget).is_none() {
        return refused(Refusal::NotFound);
    }
    let language = request.header("accept-language").unwrap_or_default();
    let language = language.split([',', ';']).next().unwrap_or_default();
    let agent = request.header("user-agent").unwrap_or_default();
    let ask = match invites::parse(&request.body, language, agent) {
        Ok(ask) => ask,
        Err(refusal) => return refused(refusal),
    };
    match shared.surface.door.change(move |shell| shell.invite(&widget, &ask)).await {
        Some(Some(made)) => Response::json(
            201,
            &json!({ "invite": made.invite, "text": made.text, "expires_in_ms": made.expires_in_ms }),
        ),
        Some(None) => Response::empty(204),
        None => unavailable(),
    }
}

pub(super) async fn dismiss(shared: Arc<Shared>, request: Request) -> Response {
    let invite = request.param("invite").to_owned();
    match shared.surface.door.change(move |shell| shell.dismiss_invite(&invite)).await {
        Some(true) => Response::empty(204),
        Some(false) => Response::error(410, Refusal::InviteExpired.code(), "The invitation is over."),
        None => unavailable(),
    }
}

/// The demo signs for its own portal page, in place of a site's server.
pub(super) async fn demo_token(shared: Arc<Shared>, request: Request) -> Response {
    let Some(signer) = &shared.surface.signer else { return refused(Refusal::NotFound) };
    let Some(sub) = request.query("sub").filter(|sub| !sub.is_empty() && sub.chars().count() <= 200) else {
        return refused(Refusal::BadRequest);
    };
    let desk = shared.surface.board.desk();
    let wanted = request.query("widget");
    let auth = desk
        .widgets
        .iter()
        .filter(|widget| wanted.as_deref().is_none_or(|wanted| widget.id == *wanted))
        .find_map(|widget| desk.workstream(widget.workstream.as_str())?.auth.as_ref());
    let Some(auth) = auth else { return refused(Refusal::NotFound) };
    let now_s = real_wall_ms() / 1000;
    let mut claims = json!({
        "sub": sub, "iss": auth.issuer, "aud": auth.audience, "iat": now_s, "exp": now_s + 600,
    });
    for key in ["name", "email", "phone_number"] {
        if let Some(value) = request.query(key).filter(|value| !value.is_empty()) {
            claims[key] = value.into();
        }
    }
    match signer.sign(&claims) {
        Ok(token) => Response::json(200, &json!({ "token": token })),
        Err(fault) => {
            log::error!("the demo could not sign: {fault}");
            unavailable()
        }
    }
}
