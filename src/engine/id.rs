//! Names of things inside the engine: small numbers, never strings.

use core::fmt;

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty), $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub $inner);
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "#{}"), self.0)
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self, f)
            }
        }
    };
}

id! {
    /// An agent's row. The shell keeps one number per username for the life of the process.
    AgentId(u16), "agent"
}
id! {
    /// A queue's row, below [`QUEUES_MAX`](crate::limits::QUEUES_MAX).
    QueueId(u16), "queue"
}
id! {
    /// A workstream's row, below [`WORKSTREAMS_MAX`](crate::limits::WORKSTREAMS_MAX).
    WorkstreamId(u16), "workstream"
}
id! {
    /// A bot's row, below [`BOTS_MAX`](crate::limits::BOTS_MAX).
    BotId(u8), "bot"
}
id! {
    /// A conversation for ever: never used again, the same after a restart. Made by the shell.
    ConversationId(u64), "conv"
}
id! {
    /// An offer for ever; on the wire it is the notification's id. Made by the engine.
    OfferId(u64), "offer"
}
id! {
    /// The shell's ticket for one request; comes back in exactly one [`Answer`](super::effect::Answer).
    RequestId(u32), "request"
}
id! {
    /// A text in the shell's slab. The engine passes it from input to effect and never reads it.
    TextId(u32), "text"
}
id! {
    /// A wrap-up reason's place in the desk.
    ReasonId(u16), "reason"
}
id! {
    /// A presence: 0 to 5 are the six statuses of [`Status`](super::presence::Status), the desk's own follow.
    PresenceId(u8), "presence"
}

/// A table slot with the generation it had when the handle was made: a stale handle is a miss, never
/// somebody else's row.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Handle {
    /// Slot in the table.
    pub index: u32,
    /// How often the slot had been used before.
    pub generation: u32,
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}.{}", self.index, self.generation)
    }
}
