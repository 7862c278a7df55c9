//! The admin vouches for the clock of a box that nobody else vouches for (D-18).

use std::sync::Arc;

use super::{Shared, unavailable};
use crate::gateway::{Request, Response};

/// The clock is right: 204, also when it was trusted already. Good until the next start.
pub(super) async fn trust(shared: Arc<Shared>, request: Request) -> Response {
    let by = request.caller.map(|caller| caller.agent.to_string()).unwrap_or_default();
    match shared.surface.door.change(move |shell| shell.trust_clock_for(&by)).await {
        Some(()) => Response::empty(204),
        None => unavailable(),
    }
}
