//! Providers call here: signed, bounded, answered once what they brought is on disk.
//!
//! An answer other than 200 makes a provider call again, so a message is refused only when it could not be kept; one
//! that is known already is answered as the first was.

use std::sync::Arc;

use serde_json::json;

use super::{Shared, refused, unavailable};
use crate::channels::sms::{gateway, twilio};
use crate::channels::{Heard, Untaken, messenger};
use crate::desk::channels::{Messenger, Sms, SmsProvider};
use crate::desk::{Id, Workstream};
use crate::engine::refusal::Refusal;
use crate::gateway::{Refused, Request, Response, form_pairs};
use crate::limits::HOOK_PAIRS_MAX;
use crate::ops::credentials::reveal;

/// `POST /hooks/sms/WORKSTREAM`: a message or a receipt.
pub(super) async fn sms(shared: Arc<Shared>, request: Request) -> Response {
    let desk = shared.surface.board.desk();
    let settings = desk.workstream(request.param("workstream"));
    let Some((workstream, sms)) = settings.and_then(|found| Some((found, found.sms.as_ref()?))) else {
        return refused(Refusal::NotFound);
    };
    let heard = match sms.provider {
        SmsProvider::Twilio => twilio_heard(&shared, &request, sms),
        SmsProvider::Gateway => gateway_heard(&request, sms),
        // A modem's messages come through its folder.
        SmsProvider::Spool | SmsProvider::Gammu => return refused(Refusal::NotFound),
    };
    let answer = match sms.provider {
        SmsProvider::Twilio => {
            Response::body(200, "text/xml", "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response/>")
        }
        _ => Response::json(200, &json!({ "status": "ok" })),
    };
    match heard {
        Ok(heard) => take(&shared, workstream, vec![heard], answer).await,
        Err(untaken) => refuse(untaken),
    }
}

/// `GET /hooks/sms/WORKSTREAM`: a gateway's receipt; some know no other way.
pub(super) async fn sms_receipt(shared: Arc<Shared>, request: Request) -> Response {
    let desk = shared.surface.board.desk();
    let settings = desk.workstream(request.param("workstream"));
    let Some((workstream, sms)) = settings.and_then(|found| Some((found, found.sms.as_ref()?))) else {
        return refused(Refusal::NotFound);
    };
    if sms.provider != SmsProvider::Gateway {
        return refused(Refusal::NotFound);
    }
    match gateway_receipt(&request, sms, request.query("status").as_deref()) {
        Some(Ok(heard)) => take(&shared, workstream, vec![heard], Response::empty(200)).await,
        Some(Err(untaken)) => refuse(untaken),
        None => refuse(Untaken::Malformed),
    }
}

fn twilio_heard(shared: &Shared, request: &Request, sms: &Sms) -> Result<Heard, Untaken> {
    let text = std::str::from_utf8(&request.body).map_err(|_| Untaken::Malformed)?;
    let pairs = form_pairs(text, HOOK_PAIRS_MAX).ok_or(Untaken::Malformed)?;
    let signature = request.header("x-twilio-signature").ok_or(Untaken::Unsigned)?;
    let query = request.raw_query().map(|query| format!("?{query}")).unwrap_or_default();
    let url = format!("{}{}{query}", shared.surface.public_url, request.path);
    if !reveal(&sms.secret).is_some_and(|secret| twilio::is_signed(secret, &url, &pairs, signature)) {
        return Err(Untaken::Unsigned);
    }
    let outbound = request.query("out").and_then(|id| id.parse().ok());
    twilio::heard(&sms.account, &pairs, outbound)
}

fn gateway_heard(request: &Request, sms: &Sms) -> Result<Heard, Untaken> {
    let kind = request.header("content-type").unwrap_or_default();
    let json =
        kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
    let pairs = if json {
        gateway::pairs_of_json(&request.body)
    } else {
        std::str::from_utf8(&request.body).ok().and_then(|text| form_pairs(text, HOOK_PAIRS_MAX))
    };
    let status = pairs.as_ref().and_then(|pairs| pairs.iter().find(|(name, _)| name == "status"));
    let status = request.query("status").or_else(|| status.map(|(_, value)| value.clone()));
    if let Some(receipt) = gateway_receipt(request, sms, status.as_deref()) {
        return receipt;
    }
    if !reveal(&sms.secret).is_some_and(|secret| gateway::is_known(secret, request.header("authorization"))) {
        return Err(Untaken::Unsigned);
    }
    gateway::heard(&pairs.ok_or(Untaken::Malformed)?)
}

/// A call whose address names one of our messages is its receipt, and the word beside it is its proof.
fn gateway_receipt(request: &Request, sms: &Sms, status: Option<&str>) -> Option<Result<Heard, Untaken>> {
    let id: u64 = request.query("out")?.parse().ok()?;
    let key = request.query("key").unwrap_or_default();
    if !reveal(&sms.secret).is_some_and(|secret| gateway::is_receipt_key(secret, id, &key)) {
        return Some(Err(Untaken::Unsigned));
    }
    let receipt = gateway::receipt(id, status.unwrap_or_default());
    Some(receipt.map(Heard::Receipt).ok_or(Untaken::Malformed))
}

/// `GET /hooks/messenger/WORKSTREAM`: Facebook checks the address.
pub(super) async fn messenger_check(shared: Arc<Shared>, request: Request) -> Response {
    let desk = shared.surface.board.desk();
    let Some((_, page)) = page_of(&desk, &request) else { return refused(Refusal::NotFound) };
    let query = |name: &str| request.query(name).unwrap_or_default();
    let (mode, token, challenge) = (query("hub.mode"), query("hub.verify_token"), query("hub.challenge"));
    let known = reveal(&page.verify_token);
    match known.and_then(|known| messenger::verified(known, &mode, &token, &challenge)) {
        Some(challenge) => Response::text(200, challenge),
        None => refuse(Untaken::Unsigned),
    }
}

/// `POST /hooks/messenger/WORKSTREAM`: events of the page.
pub(super) async fn messenger(shared: Arc<Shared>, request: Request) -> Response {
    let desk = shared.surface.board.desk();
    let Some((workstream, page)) = page_of(&desk, &request) else { return refused(Refusal::NotFound) };
    let signature = request.header("x-hub-signature-256");
    let signed = reveal(&page.app_secret)
        .zip(signature)
        .is_some_and(|(secret, signature)| messenger::is_signed(secret, &request.body, signature));
    if !signed {
        return refuse(Untaken::Unsigned);
    }
    match messenger::heard(&page.page, &request.body) {
        Ok(heard) => take(&shared, workstream, heard, Response::text(200, "EVENT_RECEIVED")).await,
        Err(untaken) => refuse(untaken),
    }
}

fn page_of<'d>(desk: &'d crate::desk::Desk, request: &Request) -> Option<(&'d Workstream, &'d Messenger)> {
    let workstream = desk.workstream(request.param("workstream"))?;
    Some((workstream, workstream.messenger.as_ref()?))
}

/// Hands in what was heard, in order, and answers when all of it is on disk.
async fn take(shared: &Shared, workstream: &Workstream, heard: Vec<Heard>, answer: Response) -> Response {
    let is_one = heard.len() == 1;
    for one in heard {
        let name = workstream.id.as_str().to_owned();
        let (sender, done) = smol::channel::bounded(1);
        let door = &shared.surface.door;
        match one {
            Heard::Message(inbound) => {
                let call = move |shell: &mut crate::shell::Shell| {
                    shell.hear(
                        name,
                        inbound,
                        Box::new(move |heard| {
                            let _ = sender.try_send(heard);
                        }),
                    );
                };
                door.hand_in(Box::new(call)).await;
            }
            Heard::Receipt(receipt) => {
                let call = move |shell: &mut crate::shell::Shell| {
                    shell.receipt(
                        name,
                        receipt,
                        Box::new(move || {
                            let _ = sender.try_send(Ok(()));
                        }),
                    );
                };
                door.hand_in(Box::new(call)).await;
            }
        }
        match done.recv().await {
            Ok(Ok(())) => {}
            // Wrong for ever: to be told so is all a provider can use. Not where others' messages came with it.
            Ok(Err(Refusal::BadRequest)) if is_one => return refuse(Untaken::Malformed),
            Ok(Err(Refusal::BadRequest)) => {
                log::warn!("{}: an event is not what was promised", workstream.id)
            }
            // Not kept: it is to be brought again.
            Ok(Err(refusal)) => {
                log::warn!("{}: a provider's message was not taken: {}", workstream.id, refusal.code());
                let message = crate::agent::answer::message(refusal);
                return Refused::new(503, refusal.code(), message)
                    .retry_after(std::time::Duration::from_secs(30))
                    .into_response();
            }
            Err(_) => return unavailable(),
        }
    }
    answer
}

fn refuse(untaken: Untaken) -> Response {
    match untaken {
        Untaken::Unsigned => Response::error(403, "forbidden", "The signature is missing or wrong."),
        Untaken::Malformed => Response::error(400, "bad_request", "This is not what was promised."),
    }
}
