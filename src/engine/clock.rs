//! The wall clock was set (D-18): timers keep running on the monotonic clock, and what is written of them
//! follows the wall.
//!
//! A deadline is two numbers: the monotonic one in the wheel, which fires it, and the wall-clock one in its
//! row, which is what the store keeps and people read. When the wall clock jumps the second one is made again
//! from the first, so that a later start finds the time that is really left.
//!
//! After a start without a trusted clock it is the other way round for what that start brought back: there the
//! stored wall deadline is the truth, and the wheel, armed as if no time had passed, is put right once.

use super::Engine;
use super::agent::Connection;
use super::conversation::{Conversation, Hold, Phase, SessionState};
use super::id::AgentId;
use super::settings::Now;
use super::timer::{PAST_MS, TimerOwner};
use super::wheel::{TimerId, Wheel};

/// Rows of the conversation table that one input puts right: what one turn may write.
pub const WALL_ROWS_MAX: u32 = 256;

const _: () = assert!(
    WALL_ROWS_MAX as usize + crate::limits::AGENTS_MAX + crate::limits::EFFECTS_MAX / 2
        < crate::limits::EFFECTS_MAX
);

/// Timers put right by one look through the tables.
const RESTORED_AT_A_TIME: usize = 128;

/// A wall deadline that differs by less from its timer is left as it is: it is rounding, not a jump.
const SLACK_MS: u64 = 1_000;

impl Engine {
    /// Makes the wall deadlines of some rows again from their timers; those of a start's own records stay as
    /// they are while the down-time is still to be counted.
    pub(super) fn wall_moved(&mut self, first: u32, spare_restored: bool) {
        let last = first.saturating_add(WALL_ROWS_MAX).min(self.conversations.capacity());
        for slot in first..last {
            let Some(handle) = self.conversations.at(slot) else { continue };
            let (now, opened, wheel) = (self.now, self.opened_at_arm, &self.wheel);
            let Some(row) = self.conversations.get_mut(handle) else { continue };
            let mut changed = false;
            each_deadline(row, |wall_ms, timer, _| {
                let spared = spare_restored && wheel.was_armed_before(timer, opened);
                changed |= !spared && follow(wall_ms, timer, wheel, now);
            });
            if changed {
                self.keep(handle);
            }
        }
        if first == 0 {
            self.agents_wall_moved(spare_restored);
        }
    }

    fn agents_wall_moved(&mut self, spare_restored: bool) {
        for at in 0..self.agents.len() {
            let (now, row) = (self.now, &self.agents[at]);
            let Connection::Lost { until_wall_ms } = row.connection else { continue };
            if spare_restored && self.wheel.was_armed_before(row.lost_timer, self.opened_at_arm) {
                continue;
            }
            // From since when she is lost: her timer may stand for a talk that has less patience.
            let ago_ms = i64::try_from(now.mono_ms).unwrap_or(i64::MAX).saturating_sub(row.lost_mono_ms);
            let since_wall_ms = now.wall_ms.saturating_sub(ago_ms);
            let until = since_wall_ms.saturating_add_unsigned(self.desk.agents[at].lost_ms);
            if until.abs_diff(until_wall_ms) >= SLACK_MS {
                self.agents[at].connection = Connection::Lost { until_wall_ms: until };
                self.keep_agent(AgentId(at as u16));
            }
        }
    }

    /// The down-time counts now: every timer that a start brought back is armed again by its wall deadline,
    /// earliest first, so that those that are over fire once and in order.
    pub(super) fn count_down_time(&mut self) {
        // One at a time it was a look through the tables for each: seconds for a full house on a small board.
        loop {
            let earliest = self.earliest_restored();
            if earliest.is_empty() {
                return;
            }
            for (wall_ms, timer, owner) in earliest {
                self.wheel.cancel(timer);
                match owner {
                    TimerOwner::AgentLost(agent) => {
                        let lost_ms = self.desk.agents[usize::from(agent.0)].lost_ms;
                        self.lose(agent, wall_ms.saturating_sub_unsigned(lost_ms));
                    }
                    owner => {
                        let again = self.arm(wall_ms, owner);
                        self.put_timer(owner, again);
                    }
                }
            }
        }
    }

    /// The earliest of those a start brought back, in the order of their wall deadlines, equal ones as they lie.
    fn earliest_restored(&self) -> heapless::Vec<(i64, TimerId, TimerOwner), RESTORED_AT_A_TIME> {
        let mut earliest = heapless::Vec::<(i64, TimerId, TimerOwner), RESTORED_AT_A_TIME>::new();
        let mut look = |wall_ms: i64, timer: TimerId, owner: TimerOwner| {
            if !self.wheel.was_armed_before(timer, self.opened_at_arm) {
                return;
            }
            let place = earliest.partition_point(|&(before, _, _)| before <= wall_ms);
            if earliest.is_full() && place < earliest.len() {
                earliest.pop();
            }
            // One behind a full list is found by the next look.
            let _ = earliest.insert(place, (wall_ms, timer, owner));
        };
        for slot in 0..self.conversations.capacity() {
            let Some(row) = self.conversations.at(slot).and_then(|handle| self.conversations.get(handle))
            else {
                continue;
            };
            let mut row = row.clone();
            each_deadline(&mut row, |wall_ms, timer, owner| look(*wall_ms, timer, owner));
        }
        for (at, agent) in self.agents.iter().enumerate() {
            if let Connection::Lost { until_wall_ms } = agent.connection {
                look(until_wall_ms, agent.lost_timer, TimerOwner::AgentLost(AgentId(at as u16)));
            }
        }
        earliest
    }

    fn put_timer(&mut self, owner: TimerOwner, timer: TimerId) {
        match owner {
            TimerOwner::Offer(conversation) => {
                if let Some(offer) = self.row_mut(conversation).phase.offer_mut() {
                    offer.timer = timer;
                }
            }
            TimerOwner::Hold(conversation) => self.row_mut(conversation).hold_timer = timer,
            TimerOwner::Round(conversation) => self.row_mut(conversation).round_timer = timer,
            TimerOwner::CustomerLost(conversation) => self.row_mut(conversation).lost_timer = timer,
            TimerOwner::WrapUp(conversation, agent) => {
                let row = self.row_mut(conversation);
                if let Some(session) = row.sessions.iter_mut().find(|session| session.agent == agent) {
                    session.timer = timer;
                }
            }
            // Not of a conversation, so not of these.
            TimerOwner::AgentLost(_) | TimerOwner::Unwatched(_) => {}
        }
    }
}

/// Every deadline of a conversation with its timer and whose it is.
fn each_deadline(row: &mut Conversation, mut visit: impl FnMut(&mut i64, TimerId, TimerOwner)) {
    let handle = row.handle();
    if let Some(offer) = row.phase.offer_mut() {
        visit(&mut offer.deadline_wall_ms, offer.timer, TimerOwner::Offer(handle));
    }
    if let Phase::Reserved { hold: Hold::Undelivered { reroute_wall_ms }, .. } = &mut row.phase {
        visit(reroute_wall_ms, row.hold_timer, TimerOwner::Hold(handle));
    }
    if let Phase::Bot(talk) = &mut row.phase {
        visit(&mut talk.due_wall_ms, row.hold_timer, TimerOwner::Hold(handle));
    }
    if let Some(at) = &mut row.round_wall_ms {
        visit(at, row.round_timer, TimerOwner::Round(handle));
    }
    if let Some(at) = &mut row.customer_lost_wall_ms {
        visit(at, row.lost_timer, TimerOwner::CustomerLost(handle));
    }
    for session in &mut row.sessions {
        if let SessionState::WrapUp { deadline_wall_ms: Some(at) } = &mut session.state {
            visit(at, session.timer, TimerOwner::WrapUp(handle, session.agent));
        }
    }
}

/// Makes a wall deadline again from its timer; true when it was another.
fn follow(wall_ms: &mut i64, timer: TimerId, wheel: &Wheel<TimerOwner>, now: Now) -> bool {
    let Some(deadline_ms) = wheel.deadline(timer) else { return false };
    let left_ms = i64::try_from(deadline_ms.saturating_sub(now.mono_ms + PAST_MS)).unwrap_or(i64::MAX);
    let due_ms = now.wall_ms.saturating_add(left_ms);
    if due_ms.abs_diff(*wall_ms) < SLACK_MS {
        return false;
    }
    *wall_ms = due_ms;
    true
}
