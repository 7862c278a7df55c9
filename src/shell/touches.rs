//! What a change of the desk would do to the work that runs, counted beforehand (REQ S3-9).

use serde::Serialize;

use super::Shell;
use crate::desk::Desk;
use crate::engine::conversation::Phase;

/// How many conversations a new desk touches, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Touches {
    /// In talk, and can only be ended: their widget or workstream is gone.
    pub interrupted: u32,
    /// Not accepted yet, and over at once for the same reason.
    pub closed: u32,
    /// Go to their workstream's queue: their own is gone.
    pub requeued: u32,
    /// Go back to a queue: their agent is gone.
    pub rerouted: u32,
}

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
