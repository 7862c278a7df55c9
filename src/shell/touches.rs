//! What a change of the desk would do to the work that runs, counted beforehand (REQ S3-9).

use super::Shell;
use crate::admin::Touches;
use crate::desk::Desk;
use crate::engine::conversation::Phase;

impl Shell {
    /// Counts what would happen if this desk were put in force now. Parked conversations are not counted: they
    /// are in the store, and are closed one by one afterwards.
    pub fn touches(&self, new: &Desk) -> Touches {
        let mut touches = Touches::default();
        for row in self.engine.conversations() {
            let Some(card) = self.cards.get(&row.id.0) else { continue };
            let ended = matches!(row.phase, Phase::Ended { .. } | Phase::Waiting { .. } | Phase::Closed);
            if ended || row.frozen {
                continue;
            }
            let active = matches!(row.phase, Phase::Active { .. });
            let asset_gone = card.widget.as_ref().is_some_and(|widget| new.widget(widget).is_none())
                || new.workstream(&card.workstream).is_none();
            let queue = self.names.queues.name(row.queue.0);
            let owner = row.owner().map(|owner| self.names_of(owner).0);
            if asset_gone {
                *(if active { &mut touches.interrupted } else { &mut touches.closed }) += 1;
            } else if owner.is_some_and(|owner| new.agent(&owner).is_none()) {
                touches.rerouted += 1;
            } else if queue.is_some_and(|queue| new.queue(queue).is_none()) {
                touches.requeued += 1;
            }
        }
        touches
    }
}
