//! Decisions as they are stored: sets of rows, and beside them, once for all, who stood in which row.

use super::Shell;
use super::reads::decoded;
use super::records::{Decision, Roster, Weighed};
use crate::engine::agent_set::AgentSet;
use crate::engine::id::AgentId;
use crate::engine::weighed::{self, Verdict};
use crate::limits::{AGENTS_MAX, READ_ROWS_MAX, ROSTERS_SWEPT_MAX};
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

/// A look for rosters that no decision refers to any more: the candidates left, and from which decision on to look.
///
/// Decisions made meanwhile refer to the newest roster, which is never a candidate; those that go meanwhile leave theirs
/// for the next look.
#[derive(Debug, Default)]
pub(super) struct Look {
    candidates: Vec<u64>,
    from: Option<Vec<u8>>,
}

/// How far a look has come.
pub(super) enum Looked {
    /// There are decisions left to ask.
    On(Look),
    /// Nothing refers to these.
    Through(Vec<u64>),
}

impl Look {
    /// One step: the oldest rosters below the newest at first, then decisions, a page at a time.
    pub(super) fn step(mut self, snapshot: &Snapshot, newest: u64) -> Result<Looked, ReadError> {
        let Some(from) = self.from else {
            let high = newest.to_be_bytes();
            let page = snapshot.range(Table::Rosters, ..&high[..], ROSTERS_SWEPT_MAX, Direction::Forward)?;
            let numbers = page.rows.into_iter().filter_map(|(key, _)| key.try_into().ok());
            let candidates: Vec<u64> = numbers.map(u64::from_be_bytes).collect();
            let found = Look { candidates, from: Some(Vec::new()) };
            return Ok(if found.candidates.is_empty() {
                Looked::Through(Vec::new())
            } else {
                Looked::On(found)
            });
        };
        let page = snapshot.range(Table::Decisions, &from[..].., READ_ROWS_MAX, Direction::Forward)?;
        for decision in page.rows.iter().filter_map(|(_, value)| decoded::<Decision>(value)) {
            if let Weighed::Sets { roster, .. } = decision.weighed {
                self.candidates.retain(|candidate| *candidate != roster);
            }
        }
        let last = page.rows.into_iter().next_back().filter(|_| page.more && !self.candidates.is_empty());
        Ok(match last {
            // The next key there can be: this one and a zero behind it.
            Some((mut key, _)) => {
                key.push(0);
                Looked::On(Look { from: Some(key), ..self })
            }
            None => Looked::Through(self.candidates),
        })
    }
}

impl Shell {
    /// The number of the newest roster, which decisions to come refer to.
    pub(super) fn newest_roster(&self) -> u64 {
        self.roster.number
    }

    /// Who was weighed, ready to be stored; the roster it is read by goes into the same batch when it is new.
    pub(super) fn weighed_record(&mut self, weighed: &weighed::Weighed) -> Weighed {
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
        let sets = weighed::Weighed::FOUND.map(|verdict| weighed.with(verdict).to_bytes());
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
            let verdict =
                if chosen == Some(username) { Verdict::Chosen } else { weighed::Weighed::FOUND[at] };
            Some((username.clone(), verdict.name().to_owned()))
        });
        let found = found.collect();
        last = Some((*number, usernames));
        decision.weighed = Weighed::Named(found);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::reads::message_key;
    use crate::store::records::Record;
    use crate::store::{Options, Store};
    use std::time::Duration;

    fn bytes(record: &impl Record) -> Vec<u8> {
        let mut bytes = Vec::new();
        record.encode(&mut bytes);
        bytes
    }

    /// A look at a store with rosters 1 to 4 and so many decisions by roster; the steps it took, and what it gave.
    fn look(decisions: &[(u64, u32)]) -> (usize, Vec<u64>) {
        let dir = tempfile::tempdir().expect("a folder");
        let (store, _) = Store::<()>::open(Options::new(dir.path())).expect("a store");
        let mut batch = store.batch();
        for number in 1..=4_u64 {
            let usernames = vec![format!("agent{number}")];
            batch.put(Table::Rosters, &number.to_be_bytes(), &bytes(&Roster { usernames }));
        }
        for (conversation, &(roster, count)) in (1..).zip(decisions) {
            let decision = Decision {
                at_ms: 1,
                event: "arrived".to_owned(),
                queue: "front".to_owned(),
                chosen: None,
                by: None,
                distribution: None,
                weighed: Weighed::Sets { roster, sets: Default::default() },
            };
            for n in 0..count {
                batch.put(Table::Decisions, &message_key(conversation, n), &bytes(&decision));
            }
        }
        let sequence = store.submit(batch).map_err(|refused| refused.why).expect("room");
        store.reader().wait(sequence, Duration::from_secs(20)).expect("applied");
        let snapshot = store.reader().snapshot().expect("a snapshot");
        let (mut at, mut steps) = (Look::default(), 0);
        loop {
            steps += 1;
            match at.step(&snapshot, 4).expect("read") {
                Looked::On(next) => at = next,
                Looked::Through(unused) => return (steps, unused),
            }
        }
    }

    #[test]
    fn a_roster_stays_while_any_decision_refers_to_it_and_the_newest_always() {
        assert_eq!(look(&[(3, 1), (1, 2)]).1, [2], "the newest has no decision yet");
        assert_eq!(look(&[]).1, [1, 2, 3]);
        assert_eq!(look(&[(2, 1), (1, 1), (3, 1), (4, 1)]).1, Vec::<u64>::new());
    }

    #[test]
    fn the_look_is_in_steps_of_a_page_and_ends_early_when_every_roster_is_needed() {
        let page = u32::try_from(READ_ROWS_MAX).expect("small");
        assert_eq!(look(&[(1, page + 5), (3, 1)]), (3, vec![2]), "behind the first page too");
        assert_eq!(look(&[(1, 1), (2, 1), (3, 1), (4, page)]).0, 2);
    }
}
