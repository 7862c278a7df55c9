//! Whether an agent's alerts can be seen and heard, as her page has found out (REQ B-7).

use serde::{Deserialize, Serialize};

/// The browser's word on desktop notifications.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// Allowed.
    Granted,
    /// Never asked.
    Default,
    /// Blocked.
    Denied,
    /// Not in this browser.
    Missing,
}

/// The service worker that shows them with their buttons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Worker {
    /// At work.
    Ready,
    /// Starting.
    Waiting,
    /// Refused: the box's certificate is not trusted.
    Refused,
    /// Not in this browser.
    Missing,
}

/// The page's sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sound {
    /// Can be heard.
    Ready,
    /// Not before the first press.
    Locked,
    /// Switched off by the agent.
    Off,
    /// Not in this browser.
    Missing,
}

/// What one window has found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Selftest {
    /// Desktop notifications.
    pub permission: Permission,
    /// Their service worker.
    pub worker: Worker,
    /// Sound.
    pub sound: Sound,
}

/// An agent's row in the supervisor's view: green when one of her windows can ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Alerts {
    /// Can a request be missed only by looking away?
    pub ok: bool,
    /// Of the window that does best.
    #[serde(flatten)]
    pub found: Selftest,
}

impl Selftest {
    /// Nothing stands in the way; a service worker that is starting does not yet.
    pub fn is_ok(self) -> bool {
        self.permission == Permission::Granted
            && matches!(self.worker, Worker::Ready | Worker::Waiting)
            && self.sound == Sound::Ready
    }

    /// How much of it works.
    fn works(self) -> u8 {
        u8::from(self.permission == Permission::Granted)
            + u8::from(self.worker == Worker::Ready)
            // Heard from the next room; the others are only seen.
            + 2 * u8::from(self.sound == Sound::Ready)
    }
}

impl Alerts {
    /// Of all an agent's windows; none when none has said anything.
    pub fn of(windows: impl Iterator<Item = Selftest>) -> Option<Alerts> {
        let best = windows.max_by_key(|found| (found.is_ok(), found.works()))?;
        Some(Alerts { ok: best.is_ok(), found: best })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_window_that_rings_is_enough() {
        let mute = Selftest { permission: Permission::Granted, worker: Worker::Ready, sound: Sound::Locked };
        let rings = Selftest { sound: Sound::Ready, ..mute };
        assert_eq!(Alerts::of([].into_iter()), None);
        assert_eq!(Alerts::of([mute].into_iter()), Some(Alerts { ok: false, found: mute }));
        assert_eq!(Alerts::of([mute, rings].into_iter()), Some(Alerts { ok: true, found: rings }));
    }
}
