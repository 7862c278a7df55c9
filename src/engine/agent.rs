//! An agent in the engine's table: connection, presence, load.

use super::effect::BannerKind;
use super::id::{AgentId, Handle, PresenceId};
use super::presence::{Override, Reason, Status};
use super::wheel::TimerId;
use crate::limits::SESSIONS_MAX;

/// Is she there?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// Signed out, or never seen.
    SignedOut,
    /// At least one socket is open.
    Online,
    /// The last socket went without a sign-out; what is hers is kept until this instant (D-10).
    Lost {
        /// When she counts as signed out.
        until_wall_ms: i64,
    },
}

/// Presence as everybody sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Which presence, the desk's own included.
    pub presence: PresenceId,
    /// The status it rests on.
    pub status: Status,
    /// What it follows from.
    pub reason: Reason,
    /// The supervisor who set it.
    pub by: Option<AgentId>,
}

/// An agent. Read-only for all but the engine's verbs.
#[derive(Clone, Debug)]
pub struct Agent {
    /// Is she there?
    pub connection: Connection,
    /// What stands over load.
    pub held: Override,
    /// What everybody sees.
    pub shown: Shown,
    /// Since when.
    pub since_wall_ms: i64,
    /// Bits of [`BannerKind`].
    pub banners: u8,
    /// Conversations that count to her ten: reserved, active, in wrap-up.
    pub open: heapless::Vec<Handle, SESSIONS_MAX>,
    /// Conversations being offered to her.
    pub offers: heapless::Vec<Handle, SESSIONS_MAX>,
    /// Units of what she holds: what load is computed from.
    pub used_units: u32,
    /// Units of what is being offered to her: reserved, not yet load.
    pub offered_units: u32,
    /// Turn number of the last time she was given work or finished some; 0 = never.
    pub idle_since: u64,
    /// Turn number of the last time she was given work; 0 = never.
    pub assigned: u64,
    pub(super) lost_timer: TimerId,
    /// Since when the connection is lost, on the monotonic clock; before 0 when that was before the start.
    pub(super) lost_mono_ms: i64,
    pub(super) kept: bool,
}

impl Agent {
    /// Signed out, nothing held.
    pub const NEW: Agent = Agent {
        connection: Connection::SignedOut,
        held: Override::None,
        shown: Shown {
            presence: Status::Offline.presence(),
            status: Status::Offline,
            reason: Reason::SignedOut,
            by: None,
        },
        since_wall_ms: 0,
        banners: 0,
        open: heapless::Vec::new(),
        offers: heapless::Vec::new(),
        used_units: 0,
        offered_units: 0,
        idle_since: 0,
        assigned: 0,
        lost_timer: TimerId::NONE,
        lost_mono_ms: 0,
        kept: false,
    };

    /// Connected, and not hiding behind Offline.
    pub fn is_there(&self) -> bool {
        self.connection == Connection::Online && self.shown.status != Status::Offline
    }

    /// Does this banner stand?
    pub fn has_banner(&self, kind: BannerKind) -> bool {
        self.banners & kind.bit() != 0
    }
}
