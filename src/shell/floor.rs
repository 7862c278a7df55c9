//! What supervisors see beside the three tables: whose alerts ring, and how today went.

use std::collections::HashMap;

use super::Shell;
use super::counting::Today;
use crate::agent::selftest::{Alerts, Selftest};
use crate::engine::id::AgentId;
use crate::gateway::ConnId;

/// The shop floor.
#[derive(Debug, Default)]
pub struct Floor {
    /// Of agents with a window that has told.
    pub alerts: HashMap<AgentId, Alerts>,
    /// Since midnight.
    pub today: Today,
}

impl Shell {
    /// A window says what it found out (B-7).
    pub(super) fn selftest(&mut self, conn: ConnId, found: Selftest) {
        let Some(staff) = self.connections.staff_mut(conn) else { return };
        staff.selftest = Some(found);
        let agent = staff.agent;
        self.alerts_changed(agent);
    }

    /// A window has come, gone or spoken.
    pub(super) fn alerts_changed(&mut self, agent: AgentId) {
        let windows = self
            .connections
            .all_staff()
            .filter(|(_, _, staff)| staff.agent == agent)
            .map(|(.., staff)| staff);
        match Alerts::of(windows.filter_map(|staff| staff.selftest)) {
            Some(alerts) => self.floor.alerts.insert(agent, alerts),
            None => self.floor.alerts.remove(&agent),
        };
        self.lines.view_changed = true;
    }
}
