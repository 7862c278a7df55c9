//! What must hold between any two inputs; checked after each in debug builds and in the simulation.

use super::Engine;
use super::change::{line_of, returned_line};
use super::conversation::{Hold, Phase, Role, SessionState};
use super::id::{AgentId, Handle};
use crate::limits::SESSIONS_MAX;

impl Engine {
    /// Panics with the broken invariant. Linear in the tables.
    pub fn check_invariants(&self) {
        for (handle, row) in self.conversations.iter() {
            let at = || format!("{} {handle:?} {:?}", row.id, row.phase);
            let gone = matches!(row.phase, Phase::Waiting { .. } | Phase::Closed);
            assert_eq!(self.ids.get(row.id.0).is_none(), gone, "named as long as it lives: {}", at());
            let line = self.lines.line_of(handle.index);
            match row.phase {
                Phase::Queued => assert_eq!(line, Some(line_of(row)), "in its line: {}", at()),
                Phase::Reserved { agent, hold: Hold::Returned, .. } => {
                    assert_eq!(line, Some(returned_line(agent)), "with its agent: {}", at());
                }
                _ => assert_eq!(line, None, "in no line: {}", at()),
            }
            let owners: heapless::Vec<AgentId, 8> = row
                .sessions
                .iter()
                .filter(|held| held.role == Role::Owner && held.state == SessionState::Active)
                .map(|held| held.agent)
                .collect();
            match row.phase {
                Phase::Active { owner, .. } => {
                    assert_eq!(owners.as_slice(), &[owner], "one owner: {}", at());
                }
                _ => {
                    assert!(owners.is_empty(), "no owner: {}", at());
                    assert_eq!(row.guests().count(), 0, "no guest without a talk: {}", at());
                }
            }
            if let Phase::Bot(_) = row.phase {
                assert!(self.wheel.is_armed(row.hold_timer), "no bot has it for ever: {}", at());
                assert!(row.sessions.is_empty(), "a bot comes before everybody: {}", at());
            }
            if let Phase::Ended { .. } = row.phase {
                assert!(!row.sessions.is_empty(), "in wrap-up with somebody: {}", at());
            }
            if let Some(offer) = row.phase.offer() {
                assert!(self.wheel.is_armed(offer.timer), "every offer has a timer: {}", at());
                let listed = self.agents[usize::from(offer.agent.0)].offers.contains(&handle);
                assert_eq!(listed, offer.asks(), "an asking offer holds a slot: {}", at());
            }
            for held in &row.sessions {
                let twice = row.sessions.iter().filter(|other| other.agent == held.agent).count();
                assert_eq!(twice, 1, "one session an agent: {}", at());
            }
        }
        for (at, agent) in self.agents.iter().enumerate() {
            self.check_agent(AgentId(at as u16), agent);
        }
    }

    fn check_agent(&self, id: AgentId, agent: &super::agent::Agent) {
        assert!(agent.open.len() + agent.offers.len() <= SESSIONS_MAX, "{id} holds more than ten");
        self.check_ready(id, agent);
        let used: u32 = agent.open.iter().map(|&held| self.units_held(id, held)).sum();
        assert_eq!(used, agent.used_units, "units in use by {id}");
        let offered: u32 = agent
            .offers
            .iter()
            .map(|&held| self.row(held).phase.offer().map_or(0, |offer| offer.units))
            .sum();
        assert_eq!(offered, agent.offered_units, "units offered to {id}");
    }

    fn units_held(&self, agent: AgentId, conversation: Handle) -> u32 {
        let row = self.row(conversation);
        let session = row.session(agent).map_or(0, |session| session.units);
        let hold = match row.phase {
            Phase::Reserved { agent: holder, hold, .. } if holder == agent && hold != Hold::Returned => {
                row.hold_units
            }
            _ => 0,
        };
        session + hold
    }
}
