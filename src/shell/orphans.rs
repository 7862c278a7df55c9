//! Parked conversations whose widget or workstream is gone: nobody can go on with them, so they are closed, a
//! bounded piece at a time (REQ S3-9).

use super::Shell;
use super::reads::{self, READ_FROM_START};
use crate::desk::Desk;
use crate::engine::effect::SessionReason;
use crate::engine::input::{Input, RevivalCause};
use crate::store::{Direction, ReadError, Snapshot, Table};

/// Parked conversations looked at in one step.
const STEP_MAX: usize = 128;

/// Stands in `Meta` while a search runs, so that one cut short is begun again at the next start.
pub(super) const UNFINISHED: &[u8] = b"orphans";

/// How far the search for orphans has come.
#[derive(Debug, Default)]
pub(super) enum Search {
    /// Everything parked has its desk.
    #[default]
    Done,
    /// Look on from this key of the list by time.
    From(Vec<u8>),
    /// A step is being read.
    Reading,
}

struct Step {
    orphans: Vec<(u64, String)>,
    next: Option<Vec<u8>>,
}

impl Shell {
    /// Something was removed from the desk: look through what is parked.
    pub(super) fn look_for_orphans(&mut self) {
        self.put_bytes(Table::Meta, UNFINISHED, &[]);
        self.lines.orphans = Search::From(READ_FROM_START.to_vec());
    }

    /// One step of the search, if one is due.
    pub(super) fn sweep_orphans(&mut self) {
        if !matches!(self.lines.orphans, Search::From(_)) {
            return;
        }
        let Search::From(from) = std::mem::replace(&mut self.lines.orphans, Search::Reading) else { return };
        let sequence = self.watermark();
        let desk = std::sync::Arc::clone(&self.desk);
        let job = move |snapshot: &Snapshot| step(snapshot, &desk, &from);
        self.readers.clone().spawn(&self.door.clone(), sequence, job, |shell, found| {
            let Ok(Step { orphans, next }) = found else {
                shell.lines.orphans = Search::Done;
                return;
            };
            for (id, workstream) in orphans {
                shell.close_orphan(id, &workstream);
            }
            // A desk that changed meanwhile began the search anew.
            if matches!(shell.lines.orphans, Search::Reading) {
                if next.is_none() {
                    shell.delete(Table::Meta, UNFINISHED);
                }
                shell.lines.orphans = next.map_or(Search::Done, Search::From);
            }
        });
    }

    fn close_orphan(&mut self, id: u64, workstream: &str) {
        // After a restart nothing else may remember the workstream's name; the engine closes only what has a row.
        let Some(row) = self.names.workstreams.intern(workstream) else { return };
        if usize::from(row) >= self.engine.desk().workstreams.len() {
            let desk = std::sync::Arc::clone(&self.desk);
            match self.routing_of(&desk) {
                Ok(routing) => drop(self.turn(Input::Desk(routing), None)),
                Err(error) => return log::error!("conversation {id} stays parked: {error}"),
            }
        }
        self.bring_back(id, RevivalCause::Closed(SessionReason::AssetRemoved));
    }
}

fn step(snapshot: &Snapshot, desk: &Desk, from: &[u8]) -> Result<Step, ReadError> {
    let end = reads::waiting_time_key(-1, u64::MAX);
    let page = snapshot.range(Table::Waiting, from..&end[..], STEP_MAX, Direction::Forward)?;
    let mut orphans = Vec::new();
    for (key, _) in &page.rows {
        let Some(id) = reads::conversation_of(key) else { continue };
        let Some(card) = reads::card(snapshot, id)? else { continue };
        let widget_gone = card.widget.as_ref().is_some_and(|widget| desk.widget(widget).is_none());
        if widget_gone || desk.workstream(&card.workstream).is_none() {
            orphans.push((id, card.workstream));
        }
    }
    let next = page.rows.last().filter(|_| page.more).map(|(key, _)| [&key[..], &[0]].concat());
    Ok(Step { orphans, next })
}
