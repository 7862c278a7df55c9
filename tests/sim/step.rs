//! One step of a simulated day, in a form that can be kept and taken again: a day is its seed and its steps.

use deskbell::engine::input::Input;

use crate::act::Act;
use crate::rng::Rng;
use crate::shadow::{Due, Link, Part, Place, Shadow, Why};
use crate::world::World;

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Act(Act),
    /// Ticks until nothing is due.
    Settle,
    /// So many milliseconds pass, with a tick at each deadline.
    Wait(u64),
    /// Everybody comes in.
    Morning,
    /// The stamp moves, no timer with it, and nobody is told (D-18).
    WallJump(i64),
    /// The wall clock is set, and the engine told.
    ClockSet(i64),
    /// The power is cut, and comes back after so long on the wall, with this on the monotonic clock.
    Restart {
        away_ms: i64,
        mono_ms: u64,
        trusted: bool,
    },
    /// The clock of an untrusted start is vouched for: its down-time counts.
    Trust,
    CloseTheDay,
}

/// How late the tick for a deadline comes: mostly not at all. Of the deadline alone, so that a day without some
/// of its steps is the same otherwise.
pub(crate) fn late_ms(due: u64) -> u64 {
    let word = Rng::new(due).next();
    if word.is_multiple_of(4) { (word >> 8) % 5 } else { 0 }
}

impl World {
    pub(crate) fn take(&mut self, step: Step) {
        if let Some(script) = &mut self.script {
            script.push(step.clone());
        }
        match step {
            Step::Act(act) => self.act_and_recall(act),
            Step::Settle => self.settle(),
            Step::Wait(ms) => self.wait(ms),
            Step::Morning => self.everybody_in(),
            Step::WallJump(ms) => self.now.wall_ms += ms,
            Step::ClockSet(ms) => self.set_clock(ms),
            Step::Restart { away_ms, mono_ms, trusted } => self.restart(away_ms, mono_ms, trusted),
            Step::Trust => self.trust_clock(),
            Step::CloseTheDay => {
                self.trust_clock();
                self.close_the_day();
            }
        }
    }

    fn act_and_recall(&mut self, act: Act) {
        let revived = if let Act::Revive { id, .. } = act { Some(id) } else { None };
        if revived.is_some_and(|id| !self.shadow.parked.contains_key(&id)) {
            // Its parking is not among the steps taken.
            return;
        }
        self.act(act);
        if let Some(id) = revived.filter(|id| self.shadow.talks.contains_key(id)) {
            self.settle();
            if self.shadow.talks.contains_key(&id) {
                self.recall(id);
            }
        }
    }

    fn set_clock(&mut self, ms: i64) {
        self.settle();
        self.now.wall_ms += ms;
        self.act(Act::WallMoved { spare_restored: false });
    }

    /// Down-time counts once, when somebody vouches for the clock (D-18).
    fn trust_clock(&mut self) {
        let Some(behind_ms) = self.behind_ms.take() else { return };
        self.settle();
        self.now.wall_ms += behind_ms;
        self.act(Act::WallMoved { spare_restored: true });
        self.act(Act::DownTime);
        self.settle();
    }
}

impl Act {
    /// The inputs by which the shell tells of the clock; none for what is no such act.
    pub(crate) fn of_the_clock(&self) -> Option<Input> {
        match *self {
            Act::WallMoved { spare_restored } => Some(Input::WallMoved { first: 0, spare_restored }),
            Act::DownTime => Some(Input::DownTime),
            _ => None,
        }
    }
}

impl Shadow {
    /// The wall deadline of what runs follows the clock that was set; rounding is no jump.
    pub(crate) fn wall_moved(&mut self, spare_restored: bool) {
        let now = self.now;
        self.each_due(|due| {
            let wall = now.wall_ms.saturating_add_unsigned(due.mono.saturating_sub(now.mono_ms));
            if !(spare_restored && due.restored) && wall.abs_diff(due.wall) >= 1_000 {
                due.wall = wall;
            }
        });
    }

    /// What the start brought back loses the time the box was down.
    pub(crate) fn down_time_counts(&mut self) {
        let now = self.now;
        self.each_due(|due| {
            if due.restored {
                let mono = now.mono_ms.saturating_add_signed(due.wall - now.wall_ms);
                *due = Due { mono, restored: false, ..*due };
            }
        });
    }

    pub(crate) fn each_due(&mut self, mut visit: impl FnMut(&mut Due)) {
        self.offers.values_mut().for_each(|running| visit(&mut running.due));
        for talk in self.talks.values_mut() {
            talk.customer_due.iter_mut().chain(&mut talk.round).for_each(&mut visit);
            if let Place::Bot(held) = &mut talk.place {
                visit(&mut held.due);
            }
            if let Place::With { why: Why::Undelivered(due), .. } = &mut talk.place {
                visit(due);
            }
            for held in &mut talk.held {
                if let Part::WrapUp(Some(due)) = &mut held.part {
                    visit(due);
                }
            }
        }
        for row in &mut self.agents {
            if let Link::Lost(due) = &mut row.link {
                visit(due);
            }
        }
    }
}
