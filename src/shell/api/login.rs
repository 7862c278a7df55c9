//! Signing in and out.

use std::net::IpAddr;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Shared, body, refused, unavailable};
use crate::agent::answer::message;
use crate::desk::Agent;
use crate::engine::refusal::Refusal;
use crate::gateway::{Caller, PasswordFault, Refused, Request, Response, Token, cookie_gone};
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
    let token = match enter(&shared, &username, password, request.peer).await {
        Ok(token) => token,
        Err(refused) => return refused.into_response(),
    };
    let desk = shared.surface.board.desk();
    let Some(agent) = desk.agent(&username) else { return refused(Refusal::Unauthorized) };
    let answer = json!({ "token": token.secret(), "agent": about(agent) });
    Response::json(200, &answer).with_header("set-cookie", &token.cookie((TOKEN_MS / 1000).unsigned_abs()))
}

/// Signs somebody in: the token, once it is on disk.
pub(super) async fn enter(
    shared: &Shared,
    username: &str,
    password: String,
    peer: IpAddr,
) -> Result<Token, Refused> {
    let unavailable = || Refused::new(503, Refusal::Unavailable.code(), message(Refusal::Unavailable));
    let attempt = shared.sign_ins.begin(username, peer, real_wall_ms().unsigned_abs()).map_err(|wait| {
        let text = "Too many failed sign-ins; wait a moment.";
        Refused::new(429, Refusal::RateLimited.code(), text).retry_after(wait)
    })?;
    let desk = shared.surface.board.desk();
    let agent = desk.agent(username);
    let stored = agent.and_then(|agent| agent.password.hash()).map(str::to_owned);
    let right = match shared.passwords.verify(password, stored).await {
        Ok(right) => right,
        Err(PasswordFault::Busy) => {
            return Err(Refused::new(503, Refusal::Unavailable.code(), "Too many sign-ins at once.")
                .retry_after(std::time::Duration::from_secs(1)));
        }
        Err(fault) => {
            log::error!("a password could not be checked: {fault}");
            false
        }
    };
    if agent.is_none() || !right {
        let text = "Username or password is wrong.";
        return Err(Refused::new(401, Refusal::Unauthorized.code(), text));
    }
    shared.sign_ins.succeeded(attempt);
    let token = Token::new().map_err(|_| unavailable())?;
    let (hash, owner) = (token.hash(), username.to_owned());
    let stored = shared.surface.door.change(move |shell| shell.add_token(hash, &owner)).await;
    stored.map(|()| token).ok_or_else(unavailable)
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
    match leave(&shared, caller).await {
        Some(()) => Response::empty(204).with_header("set-cookie", &cookie_gone()),
        None => unavailable(),
    }
}

/// Signs somebody out.
pub(super) async fn leave(shared: &Shared, caller: Caller) -> Option<()> {
    // At once, for every request from here on; the sockets follow when it is on disk.
    shared.surface.tokens.remove(&caller.token);
    shared.surface.door.change(move |shell| shell.sign_out(&caller.token, &caller.agent)).await
}
