//! The admin pages' way in: the same code and the same limits as `POST /api/v1/login`.

use std::sync::Arc;

use super::{Shared, login};
use crate::admin::{self, Entering, SetUp, SignIn};
use crate::desk::Role;
use crate::engine::refusal::Refusal;
use crate::gateway::{Caller, Refused};
use crate::shell::tokens::TOKEN_MS;

/// Who decides about the way in.
pub(super) struct Entrance(pub(super) Arc<Shared>);

impl admin::Door for Entrance {
    fn sign_in(&self, who: SignIn) -> Entering<Result<String, Refused>> {
        let shared = Arc::clone(&self.0);
        Box::pin(async move {
            let password = who.password.expose().to_owned();
            let token = login::enter(&shared, &who.username, password, who.peer).await?;
            Ok(token.cookie((TOKEN_MS / 1000).unsigned_abs()))
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
        !self.0.surface.board.desk().agents.iter().any(|agent| agent.is(Role::Admin))
    }

    fn set_up(&self, _: SetUp) -> Entering<Result<String, Refused>> {
        let text = "This page cannot make the first admin. On the box: deskbell desk apply FILE.";
        Box::pin(async move { Err(Refused::new(503, Refusal::Unavailable.code(), text)) })
    }
}
