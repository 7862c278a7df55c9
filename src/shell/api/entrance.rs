//! The admin pages' way in: the same code and the same limits as `POST /api/v1/login`.

use std::sync::Arc;

use super::{Shared, login};
use crate::admin::{self, Entering, SetUp, SignIn};
use crate::desk::{NewAgent, with_agent};
use crate::engine::refusal::Refusal;
use crate::gateway::{Caller, Refused};
use crate::shell::boot::hash_passwords;
use crate::shell::clock::real_wall_ms;

/// Who decides about the way in.
pub(super) struct Entrance(pub(super) Arc<Shared>);

impl admin::Door for Entrance {
    fn sign_in(&self, who: SignIn) -> Entering<Result<admin::Way, Refused>> {
        let shared = Arc::clone(&self.0);
        Box::pin(async move {
            let password = who.password.expose().to_owned();
            let totp = who.totp.as_ref().map(|totp| totp.expose().to_owned());
            let entered = login::enter(&shared, &who.username, password, totp, who.peer).await?;
            Ok(admin::Way { cookie: entered.cookie(), must_set_up: entered.must_set_up })
        })
    }

    fn sign_out(&self, caller: &Caller) -> Entering<()> {
        let (shared, caller) = (Arc::clone(&self.0), caller.clone());
        Box::pin(async move {
            // A box that is stopping has forgotten the token already; it is not on disk, and good for hours: the
            // browser forgets it all the same.
            let _ = login::leave(&shared, caller).await;
        })
    }

    fn needs_set_up(&self) -> bool {
        self.0.surface.set_up.is_some() && self.0.surface.board.desk().agents.is_empty()
    }

    fn set_up(&self, who: SetUp) -> Entering<Result<String, Refused>> {
        let shared = Arc::clone(&self.0);
        Box::pin(async move { first_admin(&shared, who).await })
    }
}

async fn first_admin(shared: &Shared, who: SetUp) -> Result<String, Refused> {
    let unavailable =
        || Refused::new(503, Refusal::Unavailable.code(), "The box is stopping; try again when it is back.");
    let code = shared.surface.set_up.as_ref().ok_or_else(unavailable)?;
    let attempt =
        shared.sign_ins.begin("set-up", who.peer, real_wall_ms().unsigned_abs()).map_err(|wait| {
            Refused::new(429, Refusal::RateLimited.code(), "Too many attempts; wait a moment.")
                .retry_after(wait)
        })?;
    if !code.fits(who.code.expose()) {
        let text =
            "This is not the set-up code, or its 24 hours are over: a restart of the box makes another.";
        return Err(Refused::new(401, Refusal::Unauthorized.code(), text));
    }
    shared.sign_ins.succeeded(attempt);
    let desk = shared.surface.board.desk();
    let (before, by, password) = (desk.version(), who.username.clone(), who.password.expose().to_owned());
    let refused = |text: String| Refused::new(422, Refusal::BadRequest.code(), text);
    let peer = who.peer;
    let made = smol::unblock(move || {
        let (name, username, password) = (&*who.name, &*who.username, &who.password);
        let new = NewAgent { username, name, password, roles: &["admin"] };
        let mut made = with_agent(&desk, &new).map_err(|faults| {
            faults.list.first().map_or_else(String::new, |fault| format!("{}: {}", fault.path, fault.message))
        })?;
        hash_passwords(&mut made, None).map_err(|error| error.to_string())?;
        Ok(made)
    });
    let made = made.await.map_err(refused)?;
    let username = by.clone();
    let change = shared.surface.door.change(move |shell| shell.set_up(made, &before, &by)).await;
    change.ok_or_else(unavailable)?.map_err(refused)?;
    code.spend();
    let entered = login::enter(shared, &username, password, None, peer).await?;
    Ok(entered.cookie())
}
