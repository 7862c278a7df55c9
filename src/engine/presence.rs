//! Presence: an override over load (D-5), and the table of what may follow what.

use serde::{Deserialize, Serialize};

use super::id::{AgentId, PresenceId};

/// The six statuses every presence rests on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(u8)]
pub enum Status {
    /// Ready for work.
    Available = 0,
    /// Working; takes more where the workstream says so.
    Busy = 1,
    /// Takes nothing.
    DoNotDisturb = 2,
    /// Not at the desk.
    Away = 3,
    /// Not there.
    Offline = 4,
    /// Missed an offer. Set by the system only, never an allowed presence (D-4).
    Inactive = 5,
}

impl Status {
    /// All, in wire order.
    pub const ALL: [Status; 6] = [
        Status::Available,
        Status::Busy,
        Status::DoNotDisturb,
        Status::Away,
        Status::Offline,
        Status::Inactive,
    ];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Status::Available => "available",
            Status::Busy => "busy",
            Status::DoNotDisturb => "do_not_disturb",
            Status::Away => "away",
            Status::Offline => "offline",
            Status::Inactive => "inactive",
        }
    }

    /// The presence that is this status itself.
    pub const fn presence(self) -> PresenceId {
        PresenceId(self as u8)
    }
}

/// Why an agent was taken off duty by the system.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Penalty {
    /// Shown an alert and did nothing (S2-24): Inactive.
    Missed,
    /// Said no (S2-35): Do not disturb.
    Rejected,
    /// Would have been chosen with ten sessions open (S2-33): Do not disturb.
    MaxSessions,
}

impl Penalty {
    /// The status it brings.
    pub const fn status(self) -> Status {
        match self {
            Penalty::Missed => Status::Inactive,
            Penalty::Rejected | Penalty::MaxSessions => Status::DoNotDisturb,
        }
    }
}

/// What stands over load.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Override {
    /// Nothing: load shows.
    None,
    /// The agent's own choice. Available and Busy hold until the next accept or close.
    Manual(PresenceId),
    /// Lifted by its banner, the agent's own change or a supervisor.
    Penalty(Penalty),
    /// A supervisor's choice (S2-27); `by` is who. Held like a manual one.
    Supervisor {
        /// The status set.
        status: Status,
        /// Who set it.
        by: AgentId,
    },
}

/// What an agent's presence follows from, as shown (D-5).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reason {
    /// Computed from capacity in use.
    Load,
    /// Chosen by the agent.
    Manual,
    /// After a missed offer.
    Missed,
    /// After a rejected offer.
    Rejected,
    /// After work arrived with ten sessions open.
    MaxSessions,
    /// The connection is lost.
    Lost,
    /// Signed out.
    SignedOut,
    /// Set by a supervisor.
    Supervisor,
}

impl Reason {
    /// The name on the wire. Signing out is the agent's own doing: `manual`.
    pub const fn name(self) -> &'static str {
        match self {
            Reason::Load => "load",
            Reason::Manual | Reason::SignedOut => "manual",
            Reason::Missed => "missed",
            Reason::Rejected => "rejected",
            Reason::MaxSessions => "max_sessions",
            Reason::Lost => "lost",
            Reason::Supervisor => "supervisor",
        }
    }
}

/// What may happen to an override.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OverrideEvent {
    /// The agent chose a presence.
    Chosen(PresenceId),
    /// The system took the agent off duty.
    Punished(Penalty),
    /// The agent answered the banner of this penalty.
    Answered(Penalty),
    /// A supervisor set a status.
    Reset {
        /// The status set.
        status: Status,
        /// Who set it.
        by: AgentId,
    },
    /// An offer was accepted or a session closed.
    WorkChanged,
    /// A fresh sign-in, after a sign-out or a loss that ran out.
    FreshSignIn,
}

impl Override {
    /// The one transition table of presence. `base` says the status a presence rests on.
    #[must_use]
    pub fn after(self, event: OverrideEvent, base: impl Fn(PresenceId) -> Status) -> Override {
        use Override::{Manual, None, Penalty as Punished, Supervisor};
        match (self, event) {
            (_, OverrideEvent::Chosen(presence)) => Manual(presence),
            (_, OverrideEvent::Punished(penalty)) => Punished(penalty),
            (Punished(held), OverrideEvent::Answered(penalty)) if held == penalty => None,
            (held, OverrideEvent::Answered(_)) => held,
            (_, OverrideEvent::Reset { status, by }) => Supervisor { status, by },
            (Manual(presence), OverrideEvent::WorkChanged)
                if matches!(base(presence), Status::Available | Status::Busy) =>
            {
                None
            }
            (Supervisor { status: Status::Available | Status::Busy, .. }, OverrideEvent::WorkChanged) => None,
            (held, OverrideEvent::WorkChanged) => held,
            (Punished(penalty), OverrideEvent::FreshSignIn) => Punished(penalty),
            (_, OverrideEvent::FreshSignIn) => None,
        }
    }
}
