//! Whose timer it is, and what happens when it fires.

use super::conversation::{Hold, Phase, SessionState};
use super::effect::Effect;
use super::id::{AgentId, Handle, QueueId};
use super::input::WrapUp;
use super::wheel::TimerId;
use super::{Engine, effect::RoutingEvent, effect::SessionReason, effect::SystemCode};
use crate::limits::UNWATCHED_MS;

/// Whose a timer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimerOwner {
    /// The offer of a conversation: its time to act.
    Offer(Handle),
    /// An undelivered conversation: its rerouting. One with a bot: whose turn it is has had its time.
    Hold(Handle),
    /// A conversation everybody was asked about: its next round.
    Round(Handle),
    /// A live conversation whose customer is away.
    CustomerLost(Handle),
    /// A session in wrap-up.
    WrapUp(Handle, AgentId),
    /// An agent whose connection is lost.
    AgentLost(AgentId),
    /// A queue nobody watches.
    Unwatched(QueueId),
}

/// How far the wheel's time is ahead of the monotonic clock: room for deadlines from before the start, which
/// is the clock's zero. Without it all that fell due while the box was down would be due at one instant, and
/// fire in the order of the records instead of its own (D-18).
pub(super) const PAST_MS: u64 = 1 << 42;

impl Engine {
    /// Arms a timer for what is left of a wall-clock instant from now.
    pub(super) fn arm(&mut self, wall_ms: i64, owner: TimerOwner) -> TimerId {
        let left_ms = wall_ms.saturating_sub(self.now.wall_ms);
        let deadline_ms = (self.now.mono_ms + PAST_MS).saturating_add_signed(left_ms);
        self.wheel.arm(deadline_ms, owner).expect("the wheel has room for every timer the tables can own")
    }

    pub(super) fn fire_due(&mut self) {
        while self.has_room() {
            let now_ms = self.now.mono_ms + PAST_MS;
            let Some(owner) = self.wheel.expire(now_ms) else { return };
            self.late_ms = (now_ms - self.wheel.expired_ms()).cast_signed();
            match owner {
                TimerOwner::Offer(conversation) => self.offer_timed_out(conversation),
                TimerOwner::Hold(conversation) => self.hold_timed_out(conversation),
                TimerOwner::Round(conversation) => self.next_round(conversation),
                TimerOwner::CustomerLost(conversation) => {
                    self.row_mut(conversation).customer_lost_wall_ms = None;
                    self.finish(conversation, SessionReason::CustomerLost, SystemCode::CustomerLost, None);
                }
                TimerOwner::WrapUp(conversation, agent) => self.wrap_up_timed_out(conversation, agent),
                TimerOwner::AgentLost(agent) => self.agent_did_not_return(agent),
                TimerOwner::Unwatched(queue) => {
                    self.unwatched[usize::from(queue.0)] = TimerId::NONE;
                    self.emit(Effect::Unwatched { queue });
                }
            }
        }
    }

    fn hold_timed_out(&mut self, conversation: Handle) {
        let agent = match self.row(conversation).phase {
            Phase::Bot(talk) => return self.bot_timed_out(conversation, talk),
            Phase::Reserved { agent, hold: Hold::Undelivered { .. }, .. } => agent,
            _ => unreachable!("only an undelivered conversation and a bot's have a hold timer"),
        };
        self.row_mut(conversation).excluded.insert(agent);
        self.give_back(conversation, agent, SessionReason::Rerouted);
        self.route(conversation, RoutingEvent::Rerouted);
    }

    fn wrap_up_timed_out(&mut self, conversation: Handle, agent: AgentId) {
        let row = self.row(conversation);
        let reason = self.desk.workstream(row.workstream).and_then(|settings| settings.wrapup_default);
        debug_assert!(matches!(
            row.session(agent).map(|session| session.state),
            Some(SessionState::WrapUp { .. })
        ));
        self.close_session(conversation, agent, WrapUp { reason, comment: None }, true);
    }

    /// A queue somebody waits in is watched as long as one member could take something (B-12).
    pub(super) fn watch(&mut self, queue: QueueId) {
        let at = usize::from(queue.0);
        let deserted = self.is_deserted(queue);
        let armed = self.unwatched[at] != TimerId::NONE;
        if deserted && !armed {
            let deadline = self.wall_in(UNWATCHED_MS);
            self.unwatched[at] = self.arm(deadline, TimerOwner::Unwatched(queue));
        } else if !deserted && armed {
            self.wheel.cancel(self.unwatched[at]);
            self.unwatched[at] = TimerId::NONE;
        }
    }
}
