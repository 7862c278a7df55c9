//! Signing in and out.

use std::net::IpAddr;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Shared, body, refused, unavailable};
use crate::agent::answer::message;
use crate::desk::Agent;
use crate::engine::refusal::Refusal;
use crate::gateway::{Caller, Refused, Request, Response, Roles, Token, cookie_gone};
use crate::shell::people::Second;
use crate::shell::tokens::{SET_UP_MS, TOKEN_MS};

#[derive(Deserialize)]
struct SignIn {
    username: String,
    password: String,
    totp: Option<String>,
}

/// A sign-in that has come so far.
pub(super) struct Entered {
    pub(super) token: Token,
    /// Her role must have one-time codes and she has none: the token is good for setting them up, and for
    /// nothing else.
    pub(super) must_set_up: bool,
}

impl Entered {
    /// The `Set-Cookie` value.
    pub(super) fn cookie(&self) -> String {
        let life_ms = if self.must_set_up { SET_UP_MS } else { TOKEN_MS };
        self.token.cookie((life_ms / 1000).unsigned_abs())
    }
}

/// The `Set-Cookie` value of a whole sign-in.
pub(super) fn cookie(token: &Token) -> String {
    token.cookie((TOKEN_MS / 1000).unsigned_abs())
}

pub(super) async fn login(shared: Arc<Shared>, request: Request) -> Response {
    // A page elsewhere could sign somebody in as somebody else by a form, and read along what she writes then.
    if request.origin.is_some() && !request.own_origin {
        return refused(Refusal::Forbidden);
    }
    let SignIn { username, password, totp } = match body(&request) {
        Ok(sign_in) => sign_in,
        Err(response) => return response,
    };
    let entered = match enter(&shared, &username, password, totp, request.peer).await {
        Ok(entered) => entered,
        Err(refused) => return refused.into_response(),
    };
    let desk = shared.surface.board.desk();
    let Some(agent) = desk.agent(&username) else { return refused(Refusal::Unauthorized) };
    let mut answer = json!({ "token": entered.token.secret(), "agent": about(agent) });
    if entered.must_set_up {
        answer["set_up"] = "totp".into();
    }
    Response::json(200, &answer).with_header("set-cookie", &entered.cookie())
}

/// Signs somebody in: the token, once it is on disk.
pub(super) async fn enter(
    shared: &Shared,
    username: &str,
    password: String,
    totp: Option<String>,
    peer: IpAddr,
) -> Result<Entered, Refused> {
    let attempt = shared.people.attempt(username, peer)?;
    let wrong = || Refused::new(401, Refusal::Unauthorized.code(), "Username or password is wrong.");
    if !shared.people.is_right(username, password).await? {
        return Err(wrong());
    }
    let owner = username.to_owned();
    let code = totp.filter(|code| !code.trim().is_empty());
    let second = shared.surface.door.change(move |shell| shell.second(&owner, code.as_deref())).await;
    let must_set_up = match second.ok_or_else(no_answer)? {
        Second::Fine => false,
        Second::SetUp => true,
        // The attempt stays counted as failed, or codes could be tried between two of these.
        Second::Wanted => {
            let text = "Enter the code of your authenticator, or a recovery code.";
            return Err(Refused::new(401, "totp_required", text));
        }
        Second::Wrong => {
            let text = "The code is wrong, or was used already.";
            return Err(Refused::new(401, Refusal::Unauthorized.code(), text));
        }
    };
    shared.sign_ins.succeeded(attempt);
    if must_set_up {
        let token = Token::new().map_err(|_| no_answer())?;
        shared.surface.tokens.add_waiting(token.hash(), username.into());
        return Ok(Entered { token, must_set_up });
    }
    Ok(Entered { token: new_token(shared, username).await?, must_set_up })
}

/// A new token of somebody who has proved who she is, once it is on disk.
pub(super) async fn new_token(shared: &Shared, username: &str) -> Result<Token, Refused> {
    let token = Token::new().map_err(|_| no_answer())?;
    let (hash, owner) = (token.hash(), username.to_owned());
    let stored = shared.surface.door.change(move |shell| shell.add_token(hash, &owner)).await;
    stored.map(|()| token).ok_or_else(no_answer)
}

fn no_answer() -> Refused {
    Refused::new(503, Refusal::Unavailable.code(), message(Refusal::Unavailable))
}

/// Who is signed in here: what a page asks after a refused upgrade, which does not tell it a 401 from a broken line.
pub(super) async fn who(shared: Arc<Shared>, request: Request) -> Response {
    let whole = request.caller.filter(|caller| caller.roles != Roles::NONE);
    let Some(caller) = whole else { return refused(Refusal::Unauthorized) };
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
