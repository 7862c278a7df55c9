//! Waiting for the signal to stop.

use std::time::Duration;

use async_signal::{Signal, Signals};
use deskbell::shell::running::Running;
use smol::stream::StreamExt;

use super::Ended;

/// Signals are caught from here on: one that comes while the box still starts is not lost.
pub(crate) fn signals() -> Result<Signals, Ended> {
    Signals::new([Signal::Term, Signal::Int])
        .map_err(|error| Ended::failed(format!("signals cannot be caught: {error}")))
}

/// Waits for SIGTERM or SIGINT, or until the box is over by itself; then stops it cleanly.
pub(crate) fn until_told(
    mut signals: Signals,
    mut running: Running,
    mut also: impl FnMut(&Running),
) -> Result<(), Ended> {
    const LOOK: Duration = Duration::from_millis(250);
    loop {
        let told = smol::block_on(smol::future::or(
            async {
                signals.next().await;
                true
            },
            async {
                smol::Timer::after(LOOK).await;
                false
            },
        ));
        if told || running.is_over() {
            break;
        }
        running.tend();
        also(&running);
    }
    running.stop().map_err(|failure| Ended::failed(failure.to_string()))
}
