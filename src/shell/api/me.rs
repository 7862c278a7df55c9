//! `/api/v1/me`: everybody's own password, authenticator and recovery codes.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use super::{Shared, body, login, refused};
use crate::engine::refusal::Refusal;
use crate::gateway::{Caller, Refused, Request, Response, Roles, TokenHash};
use crate::shell::people::Keep;

#[derive(Deserialize)]
struct Change {
    current: String,
    new: String,
}

#[derive(Deserialize)]
struct Proof {
    #[serde(default)]
    password: String,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

/// A call of somebody who is signed in; the second part of a sign-in that is not through yet may only go on
/// with it.
fn caller(request: &Request, is_for_newcomers: bool) -> Result<Caller, Response> {
    match &request.caller {
        None => Err(refused(Refusal::Unauthorized)),
        Some(caller) if caller.roles == Roles::NONE && !is_for_newcomers => Err(refused(Refusal::Forbidden)),
        Some(caller) => Ok(caller.clone()),
    }
}

/// The token of this very call stays.
fn this(caller: &Caller) -> Keep {
    let own = caller.token;
    Box::new(move |token: &TokenHash| *token == own)
}

fn answered<T>(told: Result<T, Refused>, answer: impl FnOnce(T) -> Response) -> Response {
    told.map_or_else(Refused::into_response, answer)
}

pub(super) async fn show(shared: Arc<Shared>, request: Request) -> Response {
    let caller = match caller(&request, true) {
        Ok(caller) => caller,
        Err(response) => return response,
    };
    answered(shared.people.state(&caller.agent).await, |state| {
        Response::json(
            200,
            &json!({
                "id": state.username, "name": state.name, "totp": state.totp,
                "totp_required": state.required, "recovery_codes": state.recovery_codes,
            }),
        )
    })
}

/// `{current, new}`: 204; everything else she is signed in by ends.
pub(super) async fn password(shared: Arc<Shared>, request: Request) -> Response {
    let (caller, Change { current, new }) = match (caller(&request, false), body(&request)) {
        (Ok(caller), Ok(change)) => (caller, change),
        (Err(response), _) | (_, Err(response)) => return response,
    };
    let keep = this(&caller);
    let done = shared.people.change_password(&caller.agent, current, new, request.peer, keep).await;
    answered(done, |()| Response::empty(204))
}

/// `{password}`: a secret, its address and its QR code, good for ten minutes.
pub(super) async fn begin_totp(shared: Arc<Shared>, request: Request) -> Response {
    let (caller, Proof { password }) = match (caller(&request, true), body(&request)) {
        (Ok(caller), Ok(proof)) => (caller, proof),
        (Err(response), _) | (_, Err(response)) => return response,
    };
    let password = (caller.roles != Roles::NONE).then_some(password);
    answered(shared.people.begin_totp(&caller.agent, password, request.peer).await, |enrolment| {
        let (size, path) = enrolment.qr;
        Response::json(
            200,
            &json!({ "secret": enrolment.secret, "uri": enrolment.uri, "qr": { "size": size, "path": path } }),
        )
    })
}

/// `{code}`: from now on codes are asked for. The recovery codes; and for a sign-in that waited for this, its
/// token.
pub(super) async fn confirm_totp(shared: Arc<Shared>, request: Request) -> Response {
    let (caller, Code { code }) = match (caller(&request, true), body(&request)) {
        (Ok(caller), Ok(code)) => (caller, code),
        (Err(response), _) | (_, Err(response)) => return response,
    };
    let keep = this(&caller);
    let codes = match shared.people.confirm_totp(&caller.agent, code, request.peer, keep).await {
        Ok(codes) => codes,
        Err(refused) => return refused.into_response(),
    };
    if caller.roles != Roles::NONE {
        return Response::json(200, &json!({ "recovery_codes": codes }));
    }
    shared.surface.tokens.remove(&caller.token);
    answered(login::new_token(&shared, &caller.agent).await, |token| {
        let answer = json!({ "recovery_codes": codes, "token": token.secret() });
        Response::json(200, &answer).with_header("set-cookie", &login::cookie(&token))
    })
}

/// `{password}`: 204; refused to roles that must have codes.
pub(super) async fn end_totp(shared: Arc<Shared>, request: Request) -> Response {
    let (caller, Proof { password }) = match (caller(&request, false), body(&request)) {
        (Ok(caller), Ok(proof)) => (caller, proof),
        (Err(response), _) | (_, Err(response)) => return response,
    };
    let keep = this(&caller);
    answered(shared.people.end_totp(&caller.agent, password, request.peer, keep).await, |()| {
        Response::empty(204)
    })
}

/// `{password}`: new recovery codes; the ones before are good no more.
pub(super) async fn renew_recovery(shared: Arc<Shared>, request: Request) -> Response {
    let (caller, Proof { password }) = match (caller(&request, false), body(&request)) {
        (Ok(caller), Ok(proof)) => (caller, proof),
        (Err(response), _) | (_, Err(response)) => return response,
    };
    answered(shared.people.renew_recovery(&caller.agent, password, request.peer).await, |codes| {
        Response::json(200, &json!({ "recovery_codes": codes }))
    })
}
