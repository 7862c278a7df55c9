//! What comes too late: acts on a conversation that has left the engine's table.

use super::Shell;
use super::agents::Desk;
use super::reads;
use crate::engine::refusal::Refusal;
use crate::store::Snapshot;

impl Shell {
    /// Refuses an act on a conversation that is not in the table: what was this agent's own is stale, closed or
    /// parked; anything else is not there for her.
    pub(super) fn refuse_late(&mut self, desk: Desk, id: u64) {
        let username = self.names_of(desk.agent).0;
        let job = move |snapshot: &Snapshot| {
            Ok(reads::card(snapshot, id)?.is_some_and(|card| card.agents.contains(&username)))
        };
        let then = move |shell: &mut Shell, hers: bool| {
            let refusal = if hers { Refusal::Stale } else { Refusal::NotFound };
            shell.refuse(desk.conn, desk.re, refusal);
        };
        self.read_for(desk.conn, job, then, desk.re);
    }
}
