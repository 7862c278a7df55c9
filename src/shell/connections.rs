//! Who is connected, and where their frames go.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::door::Event;
use crate::engine::id::AgentId;
use crate::gateway::{ConnId, Outbox, Roles, TokenHash};

/// One socket.
pub(super) struct Connection {
    pub(super) outbox: Arc<Outbox>,
    pub(super) who: Who,
    /// Frames that wait while its last one is looked up in the store.
    pub(super) paused: Option<VecDeque<Event>>,
}

/// Whose it is.
pub(super) enum Who {
    Staff(Staff),
    Customer(Customer),
}

/// A member of staff at one of her windows.
pub(super) struct Staff {
    pub(super) agent: AgentId,
    pub(super) username: Arc<str>,
    pub(super) roles: Roles,
    pub(super) token: TokenHash,
    /// Has had the whole picture, so frames follow.
    pub(super) welcomed: bool,
    /// Wants the supervisor's live view.
    pub(super) desk_view: Option<crate::agent::desk_view::Digest>,
    /// What this window found out about its alerts.
    pub(super) selftest: Option<crate::agent::selftest::Selftest>,
    /// Conversations she reads along.
    pub(super) monitors: Vec<u64>,
}

/// A page with the widget.
pub(super) struct Customer {
    pub(super) widget: Arc<str>,
    pub(super) language: Option<String>,
    /// Known after `hello`.
    pub(super) visitor: Option<u64>,
    /// By what she was proved, on a persistent widget.
    pub(super) proof: Option<super::proof::Proof>,
}

/// All sockets; never more than the gateway lets in.
#[derive(Default)]
pub(super) struct Connections {
    pub(super) all: HashMap<ConnId, Connection>,
    by_agent: HashMap<AgentId, Vec<ConnId>>,
}

impl Connections {
    pub(super) fn insert(&mut self, conn: ConnId, connection: Connection) {
        if let Who::Staff(staff) = &connection.who {
            self.by_agent.entry(staff.agent).or_default().push(conn);
        }
        self.all.insert(conn, connection);
    }

    pub(super) fn remove(&mut self, conn: ConnId) -> Option<Connection> {
        let connection = self.all.remove(&conn)?;
        if let Who::Staff(staff) = &connection.who
            && let Some(conns) = self.by_agent.get_mut(&staff.agent)
        {
            conns.retain(|other| *other != conn);
            if conns.is_empty() {
                self.by_agent.remove(&staff.agent);
            }
        }
        Some(connection)
    }

    pub(super) fn outbox(&self, conn: ConnId) -> Option<&Arc<Outbox>> {
        self.all.get(&conn).map(|connection| &connection.outbox)
    }

    pub(super) fn staff(&self, conn: ConnId) -> Option<&Staff> {
        match &self.all.get(&conn)?.who {
            Who::Staff(staff) => Some(staff),
            Who::Customer(_) => None,
        }
    }

    pub(super) fn staff_mut(&mut self, conn: ConnId) -> Option<&mut Staff> {
        match &mut self.all.get_mut(&conn)?.who {
            Who::Staff(staff) => Some(staff),
            Who::Customer(_) => None,
        }
    }

    pub(super) fn customer(&self, conn: ConnId) -> Option<&Customer> {
        match &self.all.get(&conn)?.who {
            Who::Customer(customer) => Some(customer),
            Who::Staff(_) => None,
        }
    }

    pub(super) fn customer_mut(&mut self, conn: ConnId) -> Option<&mut Customer> {
        match &mut self.all.get_mut(&conn)?.who {
            Who::Customer(customer) => Some(customer),
            Who::Staff(_) => None,
        }
    }

    /// An agent's windows that have had their welcome.
    pub(super) fn of_agent(&self, agent: AgentId) -> impl Iterator<Item = (ConnId, &Connection)> {
        self.by_agent
            .get(&agent)
            .into_iter()
            .flatten()
            .filter_map(|conn| Some((*conn, self.all.get(conn)?)))
            .filter(|(_, connection)| matches!(&connection.who, Who::Staff(staff) if staff.welcomed))
    }

    /// Has an agent a window, welcomed or not?
    pub(super) fn has_agent(&self, agent: AgentId) -> bool {
        self.by_agent.contains_key(&agent)
    }

    /// All windows of staff.
    pub(super) fn all_staff(&self) -> impl Iterator<Item = (ConnId, &Connection, &Staff)> {
        self.all.iter().filter_map(|(conn, connection)| match &connection.who {
            Who::Staff(staff) => Some((*conn, connection, staff)),
            Who::Customer(_) => None,
        })
    }

    /// How many staff and customer sockets there are.
    pub(super) fn counts(&self) -> (usize, usize) {
        let staff = self.by_agent.values().map(Vec::len).sum();
        (staff, self.all.len() - staff)
    }
}
