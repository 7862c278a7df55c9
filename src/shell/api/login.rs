//! Signing in and out.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Shared, body, refused, unavailable};
use crate::desk::Agent;
use crate::engine::refusal::Refusal;
use crate::gateway::{PasswordFault, Refused, Request, Response, Token, cookie_gone};
use crate::shell::clock::real_wall_ms;
use crate::shell::tokens::TOKEN_MS;

#[derive(Deserialize)]
struct SignIn {
    username: String,
    password: String,
}

pub(super) async fn login(shared: Arc<Shared>, request: Request) -> Response {
    let SignIn { username, password } = match body(&request) {
        Ok(sign_in) => sign_in,
        Err(response) => return response,
    };
    let attempt = match shared.sign_ins.begin(&username, request.peer, real_wall_ms().unsigned_abs()) {
        Ok(attempt) => attempt,
        Err(wait) => {
            let refusal = Refusal::RateLimited;
            return Refused::new(429, refusal.code(), "Too many failed sign-ins; wait a moment.")
                .retry_after(wait)
                .into_response();
        }
    };
    let desk = shared.surface.board.desk();
    let agent = desk.agent(&username);
    let stored = agent.and_then(|agent| agent.password.hash()).map(str::to_owned);
    let right = match shared.passwords.verify(password, stored).await {
        Ok(right) => right,
        Err(PasswordFault::Busy) => {
            return Refused::new(503, Refusal::Unavailable.code(), "Too many sign-ins at once.")
                .retry_after(std::time::Duration::from_secs(1))
                .into_response();
        }
        Err(fault) => {
            log::error!("a password could not be checked: {fault}");
            false
        }
    };
    let Some(agent) = agent.filter(|_| right) else {
        return Response::error(401, Refusal::Unauthorized.code(), "Username or password is wrong.");
    };
    shared.sign_ins.succeeded(attempt);
    let Ok(token) = Token::new() else { return unavailable() };
    let hash = token.hash();
    let owner = username.clone();
    let stored = shared.surface.door.change(move |shell| shell.add_token(hash, &owner)).await;
    if stored.is_none() {
        return unavailable();
    }
    let answer = json!({ "token": token.secret(), "agent": about(agent) });
    Response::json(200, &answer).with_header("set-cookie", &token.cookie((TOKEN_MS / 1000).unsigned_abs()))
}

/// Who is signed in here: what a page asks after a refused upgrade, which does not tell it a 401 from a broken line.
pub(super) async fn who(shared: Arc<Shared>, request: Request) -> Response {
    let Some(caller) = request.caller else { return refused(Refusal::Unauthorized) };
    match shared.surface.board.desk().agent(&caller.agent) {
        Some(agent) => Response::json(200, &json!({ "agent": about(agent) })),
        None => refused(Refusal::Forbidden),
    }
}

fn about(agent: &Agent) -> Value {
    let roles: Vec<&str> = agent.roles.iter().map(|role| crate::desk::Word::word(*role)).collect();
    json!({ "id": agent.username.to_string(), "name": agent.name, "roles": roles })
}

pub(super) async fn logout(shared: Arc<Shared>, request: Request) -> Response {
    let Some(caller) = request.caller else { return refused(Refusal::Unauthorized) };
    // At once, for every request from here on; the sockets follow when it is on disk.
    shared.surface.tokens.remove(&caller.token);
    match shared.surface.door.change(move |shell| shell.sign_out(&caller.token, &caller.agent)).await {
        Some(()) => Response::empty(204).with_header("set-cookie", &cookie_gone()),
        None => unavailable(),
    }
}
