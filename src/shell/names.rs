//! Names to rows and back: the desk speaks of `alice` and `front`, the engine of `agent#0` and `queue#1`.

use std::collections::HashMap;
use std::sync::Arc;

use crate::engine::settings::Capacity;

/// One kind of name. A name keeps its row for the life of the process, also when the desk drops it.
#[derive(Debug)]
pub struct Rows {
    names: Vec<Arc<str>>,
    rows: HashMap<Arc<str>, u16>,
    /// How many names there may be.
    room: usize,
}

impl Rows {
    /// No names yet, and room for so many.
    pub fn with_room(room: usize) -> Rows {
        Rows { names: Vec::new(), rows: HashMap::new(), room }
    }

    /// How many names there may be.
    pub fn room(&self) -> usize {
        self.room
    }

    /// The row of a name, if it ever had one.
    pub fn row(&self, name: &str) -> Option<u16> {
        self.rows.get(name).copied()
    }

    /// The name of a row.
    pub fn name(&self, row: u16) -> Option<&Arc<str>> {
        self.names.get(usize::from(row))
    }

    /// The row of a name, made when it is new; `None` when there is no room for another.
    pub fn intern(&mut self, name: &str) -> Option<u16> {
        if let Some(row) = self.row(name) {
            return Some(row);
        }
        if self.names.len() >= self.room {
            return None;
        }
        let row = u16::try_from(self.names.len()).ok()?;
        let name: Arc<str> = name.into();
        self.names.push(Arc::clone(&name));
        self.rows.insert(name, row);
        Some(row)
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// None yet?
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

/// All names the engine's rows stand for.
#[derive(Debug)]
pub struct Names {
    /// Bots: the box's own by id, those elsewhere by the name of their token.
    pub bots: Rows,
    /// By [`AgentId`](crate::engine::id::AgentId): usernames.
    pub agents: Rows,
    /// By [`QueueId`](crate::engine::id::QueueId).
    pub queues: Rows,
    /// By [`WorkstreamId`](crate::engine::id::WorkstreamId).
    pub workstreams: Rows,
    /// By [`PresenceId`](crate::engine::id::PresenceId): the six statuses first.
    pub presences: Rows,
    /// By [`ReasonId`](crate::engine::id::ReasonId).
    pub reasons: Rows,
}

/// Presences the engine's masks can name.
const PRESENCES_MAX: usize = 32;
/// Wrap-up reasons a process can name, dropped ones included.
const REASONS_MAX: usize = u16::MAX as usize;

impl Names {
    /// No names yet, with the room of the engine's tables.
    pub fn new(capacity: Capacity) -> Names {
        Names {
            bots: Rows::with_room(crate::limits::BOTS_MAX),
            agents: Rows::with_room(capacity.agents.into()),
            queues: Rows::with_room(capacity.queues.into()),
            workstreams: Rows::with_room(capacity.workstreams.into()),
            presences: Rows::with_room(PRESENCES_MAX),
            reasons: Rows::with_room(REASONS_MAX),
        }
    }
}
