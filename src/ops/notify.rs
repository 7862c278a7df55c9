//! What systemd hears: ready, alive, stopping.

use std::time::Duration;

use sd_notify::NotifyState;

/// The box accepts connections.
pub fn ready() {
    tell(&[NotifyState::Ready]);
}

/// The desk thread turns. Told from the desk thread itself: a box whose other threads live while the desk
/// stands still is dead to everybody.
pub fn alive(_interval: Duration) {
    tell(&[NotifyState::Watchdog]);
}

/// The box is going down in an orderly way.
pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// How often systemd wants to hear that the box is alive; none when it does not ask.
pub fn watchdog() -> Option<Duration> {
    sd_notify::watchdog_enabled()
}

fn tell(states: &[NotifyState]) {
    // Nobody listens outside systemd, and a lost notice shows there by itself.
    if let Err(error) = sd_notify::notify(states) {
        ::log::debug!("systemd was not told: {error}");
    }
}
