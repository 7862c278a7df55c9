//! How long a customer in line will wait, said honestly also to the first of the day (S0-9).
//!
//! A talk is taken to end at a steady rate, and that rate is estimated from what there is: talks that have
//! ended, talks that still run (they count with the time they have run so far, and as not ended), and one
//! imagined talk of ordinary length, which is all there is in the morning and soon weighs nothing. An average
//! over ended talks alone knows nothing until the first has ended, and then believes it.

use super::Shell;
use crate::engine::conversation::Phase;
use crate::engine::id::{QueueId, WorkstreamId};
use crate::limits::QUEUES_MAX;

/// The imagined talk.
const ORDINARY_TALK_MS: f64 = 5.0 * 60_000.0;

/// Until an alert is answered, when somebody is free.
const ANSWER_S: u32 = 30;

/// What an ended talk still weighs when the next has ended: about the last twenty count.
const FADING: f64 = 0.95;

/// Talks of each queue that have ended.
#[derive(Debug)]
pub(super) struct Waits {
    ended: [Ended; QUEUES_MAX],
}

#[derive(Clone, Copy, Debug)]
struct Ended {
    talked_ms: f64,
    talks: f64,
}

impl Default for Waits {
    fn default() -> Waits {
        Waits { ended: [Ended { talked_ms: 0.0, talks: 0.0 }; QUEUES_MAX] }
    }
}

impl Waits {
    /// A talk of a queue is over and took so long.
    pub(super) fn handled(&mut self, queue: QueueId, took_ms: i64) {
        let Some(ended) = self.ended.get_mut(usize::from(queue.0)) else { return };
        ended.talked_ms = ended.talked_ms * FADING + took_ms.max(0) as f64;
        ended.talks = ended.talks * FADING + 1.0;
    }

    /// How long a talk lasts, `running_ms` being the time that those still running have run together.
    fn talk_ms(&self, queue: QueueId, running_ms: f64) -> f64 {
        let ended = self.ended.get(usize::from(queue.0)).copied();
        let Ended { talked_ms, talks } = ended.unwrap_or(Ended { talked_ms: 0.0, talks: 0.0 });
        (ORDINARY_TALK_MS + talked_ms + running_ms) / (1.0 + talks)
    }
}

/// What the places in a line can expect.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outlook {
    /// Talks that could begin at once.
    free: u32,
    /// Talks those on duty can hold together.
    all: u32,
    talk_ms: f64,
}

impl Outlook {
    /// Of the one an agent is being asked about.
    pub(super) const CALLED: Outlook = Outlook { free: 1, all: 1, talk_ms: 0.0 };

    /// Is anybody on duty who will come to it?
    pub(super) fn is_staffed(self) -> bool {
        self.all > 0
    }

    /// Seconds until the one at this place is helped; `None` when nobody is there to help.
    pub(super) fn wait_s(self, position: u32) -> Option<u32> {
        if self.all == 0 {
            return None;
        }
        let before = position.saturating_sub(self.free);
        if before == 0 {
            return Some(ANSWER_S);
        }
        let wait_ms = self.talk_ms * f64::from(before) / f64::from(self.all);
        Some(((wait_ms / 1000.0).ceil() as u32).max(ANSWER_S))
    }
}

impl Shell {
    /// What a line of a workstream in a queue can expect now.
    pub(super) fn outlook(&self, queue: QueueId, workstream: WorkstreamId) -> Outlook {
        let (free, all) = self.engine.places(queue, workstream);
        let now_ms = self.now.wall_ms;
        let running = self
            .engine
            .conversations()
            .filter(|row| row.queue == queue && matches!(row.phase, Phase::Active { .. }))
            .filter_map(|row| self.cards.get(&row.id.0)?.accepted_ms)
            .map(|accepted_ms| now_ms.saturating_sub(accepted_ms).max(0) as f64);
        Outlook { free, all, talk_ms: self.lines.waits.talk_ms(queue, running.sum()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUEUE: QueueId = QueueId(0);

    fn outlook(waits: &Waits, free: u32, all: u32, running_ms: f64) -> Outlook {
        Outlook { free, all, talk_ms: waits.talk_ms(QUEUE, running_ms) }
    }

    #[test]
    fn the_first_of_the_day_is_told_what_an_ordinary_talk_takes() {
        let waits = Waits::default();
        assert_eq!(outlook(&waits, 0, 1, 0.0).wait_s(1), Some(300));
        assert_eq!(outlook(&waits, 0, 3, 0.0).wait_s(1), Some(100), "three work on it");
        assert_eq!(outlook(&waits, 2, 3, 0.0).wait_s(2), Some(ANSWER_S), "somebody is free");
        assert_eq!(outlook(&waits, 0, 0, 0.0).wait_s(1), None, "nobody is there");
    }

    #[test]
    fn a_talk_that_drags_on_makes_the_wait_longer_before_it_has_ended() {
        let waits = Waits::default();
        assert_eq!(outlook(&waits, 0, 1, 1_500_000.0).wait_s(1), Some(1_800));
    }

    #[test]
    fn what_has_happened_soon_outweighs_what_was_imagined() {
        let mut waits = Waits::default();
        for _ in 0..40 {
            waits.handled(QUEUE, 60_000);
        }
        let wait = outlook(&waits, 0, 1, 0.0).wait_s(1).expect("staffed");
        assert!((60..80).contains(&wait), "{wait}");
    }
}
