//! Decisions as they are stored: sets of rows, and beside them, once for all, who stood in which row.

use super::Shell;
use super::reads::decoded;
use super::records::{Decision, Roster, Weighed};
use crate::engine::agent_set::AgentSet;
use crate::engine::effect::{self, Verdict};
use crate::engine::id::AgentId;
use crate::limits::AGENTS_MAX;
use crate::store::{Direction, ReadError, Snapshot, Table};

/// The newest roster of the store. Rows are only ever added while a process runs, so their number tells
/// whether it still holds.
#[derive(Debug, Default)]
pub(super) struct Newest {
    number: u64,
    usernames: Vec<String>,
}

impl Newest {
    pub(super) fn read(snapshot: &Snapshot) -> Result<Newest, ReadError> {
        let row = snapshot.range(Table::Rosters, .., 1, Direction::Backward)?.rows.pop();
        let found = row.and_then(|(key, value)| {
            let number = u64::from_be_bytes(key.try_into().ok()?);
            let Roster { usernames } = decoded(&value)?;
            Some(Newest { number, usernames })
        });
        Ok(found.unwrap_or_default())
    }
}

impl Shell {
    /// Who was weighed, ready to be stored; the roster it is read by goes into the same batch when it is new.
    pub(super) fn weighed_record(&mut self, weighed: &effect::Weighed) -> Weighed {
        let rows = &self.names.agents;
        let known = &self.roster.usernames;
        if known.len() != rows.len() {
            let names = (0..AGENTS_MAX as u16).map_while(|row| rows.name(row));
            let usernames: Vec<String> = names.map(|name| name.to_string()).collect();
            if usernames != *known {
                self.roster = Newest { number: self.roster.number + 1, usernames: usernames.clone() };
                let key = self.roster.number.to_be_bytes();
                self.put(Table::Rosters, &key, &Roster { usernames });
            }
        }
        let sets = effect::Weighed::FOUND.map(|verdict| weighed.with(verdict).to_bytes());
        Weighed::Sets { roster: self.roster.number, sets }
    }

    /// A start puts its own people into the rows: the roster of the last one holds only if it is the same.
    pub(super) fn adopt_roster(&mut self, newest: Newest) {
        let rows = &self.names.agents;
        let same = newest.usernames.len() == rows.len()
            && newest.usernames.iter().zip(0_u16..).all(|(name, row)| rows.row(name) == Some(row));
        self.roster = if same { newest } else { Newest { usernames: Vec::new(), ..newest } };
    }
}

/// Decisions with their candidates by name.
pub(super) fn named(snapshot: &Snapshot, decisions: &mut [Decision]) -> Result<(), ReadError> {
    let mut last: Option<(u64, Vec<String>)> = None;
    for decision in decisions {
        let Weighed::Sets { roster: number, sets } = &decision.weighed else { continue };
        let usernames = match last.take() {
            Some((known, usernames)) if known == *number => usernames,
            _ => {
                let value = snapshot.get(Table::Rosters, &number.to_be_bytes())?;
                let roster = value.as_deref().and_then(decoded::<Roster>);
                roster.map_or_else(Vec::new, |roster| roster.usernames)
            }
        };
        let sets = sets.each_ref().map(|bytes| AgentSet::from_bytes(bytes));
        let chosen = decision.chosen.as_deref();
        let found = usernames.iter().zip((0_u16..).map(AgentId)).filter_map(|(username, agent)| {
            let at = sets.iter().position(|set| set.contains(agent))?;
            let verdict = if chosen == Some(username) { Verdict::Chosen } else { effect::Weighed::FOUND[at] };
            Some((username.clone(), verdict.name().to_owned()))
        });
        let found = found.collect();
        last = Some((*number, usernames));
        decision.weighed = Weighed::Named(found);
    }
    Ok(())
}
