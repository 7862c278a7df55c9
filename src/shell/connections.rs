//! Who is connected, and where their frames go.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::door::Event;
use crate::desk::widget::Device;
use crate::engine::id::{AgentId, BotId};
use crate::engine::refusal::Refusal;
use crate::gateway::rate::Bucket;
use crate::gateway::{ConnId, Outbox, Roles, TokenHash};
use crate::limits::{PAUSED_FRAMES_ALL_MAX, PAUSED_FRAMES_MAX, SYNC_CURSORS_MAX};

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
    Bot(Elsewhere),
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
    /// Conversations she reads along. Only [`Connections::monitor`] changes it: the index goes with it.
    pub(super) monitors: Vec<u64>,
    /// Signs that she is writing.
    pub(super) typing: Bucket,
}

/// A bot that lives elsewhere (S2-4).
pub(super) struct Elsewhere {
    pub(super) bot: BotId,
    pub(super) name: Arc<str>,
    pub(super) token: TokenHash,
    pub(super) messages: Bucket,
}

/// A page with the widget.
pub(super) struct Customer {
    pub(super) widget: Arc<str>,
    pub(super) language: Option<String>,
    /// By what its browser says of itself; none for a client that is no browser.
    pub(super) device: Option<Device>,
    /// Known after `hello`.
    pub(super) visitor: Option<u64>,
    /// By what she was proved, on a persistent widget.
    pub(super) proof: Option<super::proof::Proof>,
}

/// What becomes of a frame.
pub(super) enum Aside {
    /// Its connection does not wait.
    Now(Event),
    /// It waits with those before it.
    Waits,
    /// As many wait as may.
    TooMany(Event),
}

/// All sockets; never more than the gateway lets in.
#[derive(Default)]
pub(super) struct Connections {
    pub(super) all: HashMap<ConnId, Connection>,
    by_agent: HashMap<AgentId, Vec<ConnId>>,
    by_bot: HashMap<BotId, Vec<ConnId>>,
    /// Windows by the conversations they read along.
    monitoring: HashMap<u64, Vec<ConnId>>,
    /// Frames that wait, of all connections.
    paused_frames: usize,
}

impl Connections {
    pub(super) fn insert(&mut self, conn: ConnId, connection: Connection) {
        match &connection.who {
            Who::Staff(staff) => self.by_agent.entry(staff.agent).or_default().push(conn),
            Who::Bot(one) => self.by_bot.entry(one.bot).or_default().push(conn),
            Who::Customer(_) => {}
        }
        self.all.insert(conn, connection);
    }

    pub(super) fn remove(&mut self, conn: ConnId) -> Option<Connection> {
        let connection = self.all.remove(&conn)?;
        self.paused_frames -= connection.paused.as_ref().map_or(0, VecDeque::len);
        if let Who::Staff(staff) = &connection.who
            && let Some(conns) = self.by_agent.get_mut(&staff.agent)
        {
            conns.retain(|other| *other != conn);
            if conns.is_empty() {
                self.by_agent.remove(&staff.agent);
            }
        }
        if let Who::Staff(staff) = &connection.who {
            staff.monitors.iter().for_each(|conversation| self.leave_off(*conversation, conn));
        }
        if let Who::Bot(one) = &connection.who
            && let Some(conns) = self.by_bot.get_mut(&one.bot)
        {
            conns.retain(|other| *other != conn);
        }
        Some(connection)
    }

    /// Frames of a connection wait from now on.
    pub(super) fn pause(&mut self, conn: ConnId) {
        if let Some(connection) = self.all.get_mut(&conn) {
            connection.paused.get_or_insert_default();
        }
    }

    /// What waited, and no more does.
    pub(super) fn unpause(&mut self, conn: ConnId) -> VecDeque<Event> {
        let waited = self.all.get_mut(&conn).and_then(|connection| connection.paused.take());
        let waited = waited.unwrap_or_default();
        self.paused_frames -= waited.len();
        waited
    }

    /// Puts what is left of it back in front, when the connection waits again; else gives it back.
    pub(super) fn pause_again(&mut self, conn: ConnId, mut left: VecDeque<Event>) -> Option<VecDeque<Event>> {
        let paused = self.all.get_mut(&conn).and_then(|connection| connection.paused.as_mut());
        let Some(paused) = paused else { return Some(left) };
        self.paused_frames += left.len();
        left.append(paused);
        *paused = left;
        None
    }

    /// Puts a frame aside when its connection waits.
    pub(super) fn put_aside(&mut self, conn: ConnId, event: Event) -> Aside {
        let paused = self.all.get_mut(&conn).and_then(|connection| connection.paused.as_mut());
        match paused {
            None => Aside::Now(event),
            Some(paused)
                if paused.len() >= PAUSED_FRAMES_MAX || self.paused_frames >= PAUSED_FRAMES_ALL_MAX =>
            {
                Aside::TooMany(event)
            }
            Some(paused) => {
                paused.push_back(event);
                self.paused_frames += 1;
                Aside::Waits
            }
        }
    }

    pub(super) fn outbox(&self, conn: ConnId) -> Option<&Arc<Outbox>> {
        self.all.get(&conn).map(|connection| &connection.outbox)
    }

    pub(super) fn staff(&self, conn: ConnId) -> Option<&Staff> {
        match &self.all.get(&conn)?.who {
            Who::Staff(staff) => Some(staff),
            Who::Customer(_) | Who::Bot(_) => None,
        }
    }

    pub(super) fn staff_mut(&mut self, conn: ConnId) -> Option<&mut Staff> {
        match &mut self.all.get_mut(&conn)?.who {
            Who::Staff(staff) => Some(staff),
            Who::Customer(_) | Who::Bot(_) => None,
        }
    }

    pub(super) fn customer(&self, conn: ConnId) -> Option<&Customer> {
        match &self.all.get(&conn)?.who {
            Who::Customer(customer) => Some(customer),
            Who::Staff(_) | Who::Bot(_) => None,
        }
    }

    pub(super) fn customer_mut(&mut self, conn: ConnId) -> Option<&mut Customer> {
        match &mut self.all.get_mut(&conn)?.who {
            Who::Customer(customer) => Some(customer),
            Who::Staff(_) | Who::Bot(_) => None,
        }
    }

    pub(super) fn bot_mut(&mut self, conn: ConnId) -> Option<&mut Elsewhere> {
        match &mut self.all.get_mut(&conn)?.who {
            Who::Bot(one) => Some(one),
            Who::Customer(_) | Who::Staff(_) => None,
        }
    }

    /// The sockets of a bot.
    pub(super) fn of_bot(&self, bot: BotId) -> impl Iterator<Item = &Connection> {
        self.by_bot.get(&bot).into_iter().flatten().filter_map(|conn| self.all.get(conn))
    }

    /// All sockets of bots.
    pub(super) fn all_bots(&self) -> impl Iterator<Item = (ConnId, &Elsewhere)> {
        self.by_bot.values().flatten().filter_map(|conn| match &self.all.get(conn)?.who {
            Who::Bot(one) => Some((*conn, one)),
            Who::Customer(_) | Who::Staff(_) => None,
        })
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
        self.by_agent.values().flatten().filter_map(|conn| self.window(*conn))
    }

    /// The windows that read a conversation along.
    pub(super) fn monitors_of(
        &self,
        conversation: u64,
    ) -> impl Iterator<Item = (ConnId, &Connection, &Staff)> {
        self.monitoring.get(&conversation).into_iter().flatten().filter_map(|conn| self.window(*conn))
    }

    /// A window reads a conversation along from now on, or no longer.
    ///
    /// # Errors
    /// [`Refusal::Full`] when it reads [`SYNC_CURSORS_MAX`] along already.
    pub(super) fn monitor(&mut self, conn: ConnId, conversation: u64, on: bool) -> Result<(), Refusal> {
        let Some(staff) = self.staff_mut(conn) else { return Ok(()) };
        match (staff.monitors.iter().position(|other| *other == conversation), on) {
            (None, true) if staff.monitors.len() >= SYNC_CURSORS_MAX => return Err(Refusal::Full),
            (None, true) => {
                staff.monitors.push(conversation);
                self.monitoring.entry(conversation).or_default().push(conn);
            }
            (Some(at), false) => {
                staff.monitors.swap_remove(at);
                self.leave_off(conversation, conn);
            }
            (None, false) | (Some(_), true) => {}
        }
        Ok(())
    }

    /// Nobody reads a conversation along any more: it has left the table.
    pub(super) fn end_monitoring(&mut self, conversation: u64) {
        for conn in self.monitoring.remove(&conversation).unwrap_or_default() {
            if let Some(staff) = self.staff_mut(conn) {
                staff.monitors.retain(|other| *other != conversation);
            }
        }
    }

    fn leave_off(&mut self, conversation: u64, conn: ConnId) {
        if let Some(conns) = self.monitoring.get_mut(&conversation) {
            conns.retain(|other| *other != conn);
            if conns.is_empty() {
                self.monitoring.remove(&conversation);
            }
        }
    }

    fn window(&self, conn: ConnId) -> Option<(ConnId, &Connection, &Staff)> {
        let connection = self.all.get(&conn)?;
        match &connection.who {
            Who::Staff(staff) => Some((conn, connection, staff)),
            Who::Customer(_) | Who::Bot(_) => None,
        }
    }

    /// All pages with a widget.
    pub(super) fn customers(&self) -> impl Iterator<Item = (ConnId, &Customer)> {
        self.all.iter().filter_map(|(conn, connection)| match &connection.who {
            Who::Customer(customer) => Some((*conn, customer)),
            Who::Staff(_) | Who::Bot(_) => None,
        })
    }

    /// How many staff and customer sockets there are.
    pub(super) fn counts(&self) -> (usize, usize) {
        let staff = self.by_agent.values().map(Vec::len).sum();
        let bots: usize = self.by_bot.values().map(Vec::len).sum();
        (staff, self.all.len() - staff - bots)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::OutboxLimits;

    fn connected(connections: &mut Connections, conn: ConnId) {
        let who = Who::Customer(Customer {
            widget: "shop".into(),
            language: None,
            device: None,
            visitor: None,
            proof: None,
        });
        let outbox = Outbox::for_test(OutboxLimits::default());
        connections.insert(conn, Connection { outbox, who, paused: None });
        connections.pause(conn);
    }

    /// How many of many frames wait.
    fn waiting(connections: &mut Connections, conn: ConnId) -> usize {
        (0..2 * PAUSED_FRAMES_MAX)
            .take_while(|_| matches!(connections.put_aside(conn, Event::Stop), Aside::Waits))
            .count()
    }

    #[test]
    fn frames_that_wait_are_bounded_for_one_connection_and_for_all() {
        let mut connections = Connections::default();
        let crowd = PAUSED_FRAMES_ALL_MAX / PAUSED_FRAMES_MAX;
        for number in 0..=crowd as u64 {
            connected(&mut connections, ConnId(number));
            let room = if number < crowd as u64 { PAUSED_FRAMES_MAX } else { 0 };
            assert_eq!(waiting(&mut connections, ConnId(number)), room);
        }
        // One is served and waits again with what is left, one is gone: that much others may use.
        let mut left = connections.unpause(ConnId(0));
        left.truncate(10);
        connections.pause(ConnId(0));
        assert!(connections.pause_again(ConnId(0), left).is_none());
        connections.remove(ConnId(1));
        connected(&mut connections, ConnId(crowd as u64 + 1));
        assert_eq!(waiting(&mut connections, ConnId(crowd as u64 + 1)), PAUSED_FRAMES_MAX);
        assert_eq!(waiting(&mut connections, ConnId(crowd as u64)), PAUSED_FRAMES_MAX - 10);
    }

    #[test]
    fn a_frame_is_taken_at_once_when_its_connection_does_not_wait() {
        let mut connections = Connections::default();
        connected(&mut connections, ConnId(1));
        assert!(connections.unpause(ConnId(1)).is_empty());
        assert!(matches!(connections.put_aside(ConnId(1), Event::Stop), Aside::Now(_)));
        assert!(connections.pause_again(ConnId(1), VecDeque::from([Event::Stop])).is_some());
    }
}
