//! Endings: by either side, by a supervisor, by loss; and the wrap-up behind them (S3-36 to S3-39, D-1).

use super::Engine;
use super::conversation::{Phase, Role, SessionState};
use super::effect::{BannerKind, Effect, OfferEnd, SessionReason, SystemCode};
use super::id::{AgentId, ConversationId, Handle, RequestId};
use super::input::WrapUp;
use super::refusal::Refusal;
use super::settings::{Mode, WrapUpRule};
use super::timer::TimerOwner;
use super::wheel::TimerId;

impl Engine {
    pub(super) fn customer_end(&mut self, request: Option<RequestId>, conversation: Handle) {
        let row = self.row(conversation);
        match (row.mode, row.phase) {
            (_, Phase::Ended { .. } | Phase::Closed) => self.refuse(request, Refusal::Stale),
            (Mode::Persistent, _) => self.refuse(request, Refusal::NotAllowed),
            (Mode::Live, _) => {
                self.done(request);
                self.finish(conversation, SessionReason::EndedByCustomer, SystemCode::CustomerEnded, None);
            }
        }
    }

    pub(super) fn agent_end(
        &mut self,
        request: Option<RequestId>,
        agent: AgentId,
        conversation: ConversationId,
    ) {
        match self.own(agent, conversation) {
            Err(refusal) => self.refuse(request, refusal),
            Ok(conversation) => {
                self.done(request);
                let (reason, code) = (SessionReason::EndedByAgent, SystemCode::AgentEnded);
                self.finish(conversation, reason, code, Some(agent));
            }
        }
    }

    pub(super) fn force_end(&mut self, request: Option<RequestId>, conversation: ConversationId) {
        let Some(conversation) = self.ids.get(conversation.0) else {
            return self.refuse(request, Refusal::NotFound);
        };
        if matches!(self.row(conversation).phase, Phase::Ended { .. }) {
            return self.refuse(request, Refusal::Stale);
        }
        self.done(request);
        let (reason, code) = (SessionReason::EndedBySupervisor, SystemCode::SupervisorEnded);
        self.finish(conversation, reason, code, None);
    }

    /// The conversation this agent owns and talks in.
    pub(super) fn own(&self, agent: AgentId, conversation: ConversationId) -> Result<Handle, Refusal> {
        let conversation = self.ids.get(conversation.0).ok_or(Refusal::NotFound)?;
        self.in_talk(agent, conversation)?;
        match self.row(conversation).role(agent) {
            Some(Role::Owner) => Ok(conversation),
            _ => Err(Refusal::Forbidden),
        }
    }

    /// Ends a conversation: the line of why, the sessions to wrap-up, and closed when none is left.
    pub(super) fn finish(
        &mut self,
        conversation: Handle,
        reason: SessionReason,
        code: SystemCode,
        agent: Option<AgentId>,
    ) {
        self.end_pending(conversation);
        self.say(conversation, code, agent);
        self.hear_customer(conversation);
        let reserved = self.row(conversation).reserved().map(|(agent, _)| agent);
        let was_active = matches!(self.row(conversation).phase, Phase::Active { .. });
        if was_active {
            self.send_guests_home(conversation, reason);
            if let Phase::Active { owner, .. } = self.row(conversation).phase {
                self.retire(conversation, owner, reason);
            }
        }
        if let Some(agent) = reserved {
            let keeps = self.row(conversation).session(agent).is_some();
            self.tell_part_gone(conversation, agent, keeps, reason);
        }
        self.row_mut(conversation).conference = false;
        if self.row(conversation).sessions.is_empty() {
            self.change(conversation, Phase::Closed, OfferEnd::Withdrawn);
            self.emit(Effect::State { conversation, reason: Some(reason) });
            self.emit(Effect::Closed { conversation });
        } else {
            self.change(conversation, Phase::Ended { reason }, OfferEnd::Withdrawn);
            self.emit(Effect::State { conversation, reason: Some(reason) });
        }
    }

    /// A transfer or conference still asked for is withdrawn before anything else: its target must not hold
    /// a slot of what is over.
    fn end_pending(&mut self, conversation: Handle) {
        if matches!(self.row(conversation).phase, Phase::Active { .. } | Phase::Reserved { .. }) {
            self.end_offer(conversation, OfferEnd::Withdrawn);
        }
    }

    /// Participants leave; theirs is no wrap-up.
    pub(super) fn send_guests_home(&mut self, conversation: Handle, reason: SessionReason) {
        while let Some(agent) = { self.row(conversation).guests().next() } {
            self.drop_session(conversation, agent);
            self.emit(Effect::SessionClosed { conversation, agent, reason });
        }
        self.row_mut(conversation).conference = false;
    }

    pub(super) fn wrap_up(
        &mut self,
        request: Option<RequestId>,
        agent: AgentId,
        conversation: ConversationId,
        wrapup: WrapUp,
    ) {
        let Some(conversation) = self.ids.get(conversation.0) else {
            return self.refuse(request, Refusal::NotFound);
        };
        let row = self.row(conversation);
        let rule = self.workstream(row.workstream).wrapup;
        match row.session(agent).map(|session| session.state) {
            None => self.refuse(request, Refusal::NotFound),
            Some(SessionState::Active) => self.refuse(request, Refusal::NotAllowed),
            Some(SessionState::WrapUp { .. }) if rule == WrapUpRule::Required && wrapup.reason.is_none() => {
                self.refuse(request, Refusal::BadRequest);
            }
            Some(SessionState::WrapUp { .. }) => {
                self.done(request);
                self.close_session(conversation, agent, wrapup, false);
            }
        }
    }

    /// Closes a session in wrap-up; the conversation closes with its last one (D-1).
    pub(super) fn close_session(
        &mut self,
        conversation: Handle,
        agent: AgentId,
        wrapup: WrapUp,
        by_deadline: bool,
    ) {
        let WrapUp { reason, comment } = wrapup;
        self.emit(Effect::WrappedUp { conversation, agent, reason, comment, by_deadline });
        self.drop_session(conversation, agent);
        let reason = match self.row(conversation).phase {
            Phase::Ended { reason } => reason,
            _ => SessionReason::Transferred,
        };
        let keeps = self.row(conversation).reserved().is_some_and(|(holder, _)| holder == agent);
        self.tell_part_gone(conversation, agent, keeps, reason);
        let row = self.row(conversation);
        if row.sessions.is_empty() && matches!(row.phase, Phase::Ended { .. }) {
            self.change(conversation, Phase::Closed, OfferEnd::Withdrawn);
            self.emit(Effect::State { conversation, reason: Some(reason) });
            self.emit(Effect::Closed { conversation });
        }
    }

    /// The box wraps up for an agent who did not, with the workstream's default reason.
    pub(super) fn settle_wrapup(&mut self, conversation: Handle, agent: AgentId) {
        let reason = self.workstream(self.row(conversation).workstream).wrapup_default;
        self.emit(Effect::WrappedUp { conversation, agent, reason, comment: None, by_deadline: true });
        self.drop_session(conversation, agent);
        let reason = SessionReason::Transferred;
        self.emit(Effect::SessionClosed { conversation, agent, reason });
    }

    /// An agent may hold a conversation twice: her wrap-up of an earlier time, and what stands with her again.
    /// It leaves her list with the second part; with the first it only changes there.
    pub(super) fn tell_part_gone(
        &mut self,
        conversation: Handle,
        agent: AgentId,
        keeps: bool,
        reason: SessionReason,
    ) {
        if keeps {
            self.emit(Effect::Session { conversation, agent, opened: false, reason: Some(reason) });
        } else {
            self.emit(Effect::SessionClosed { conversation, agent, reason });
        }
    }

    pub(super) fn customer_gone(&mut self, conversation: Handle) {
        let row = self.row(conversation);
        let over = matches!(row.phase, Phase::Ended { .. } | Phase::Closed);
        if row.mode == Mode::Persistent || over || row.left || row.customer_lost_wall_ms.is_some() {
            return;
        }
        let patience_ms = self.workstream(row.workstream).customer_lost_ms;
        let at = self.wall_in(patience_ms);
        self.wait_for_customer(conversation, at);
        self.tell_sessions(conversation);
    }

    pub(super) fn customer_back(&mut self, conversation: Handle) {
        if self.row(conversation).customer_lost_wall_ms.is_some() {
            self.hear_customer(conversation);
            self.tell_sessions(conversation);
        }
    }

    pub(super) fn wait_for_customer(&mut self, conversation: Handle, at_wall_ms: i64) {
        let timer = self.arm(at_wall_ms, TimerOwner::CustomerLost(conversation));
        let row = self.row_mut(conversation);
        row.customer_lost_wall_ms = Some(at_wall_ms);
        row.lost_timer = timer;
        self.keep(conversation);
    }

    /// No longer waiting for the customer.
    pub(super) fn hear_customer(&mut self, conversation: Handle) {
        self.wheel.cancel(self.row(conversation).lost_timer);
        let row = self.row_mut(conversation);
        row.lost_timer = TimerId::NONE;
        row.customer_lost_wall_ms = None;
        self.keep(conversation);
    }

    /// Everybody in talk is shown the session as it now is.
    pub(super) fn tell_sessions(&mut self, conversation: Handle) {
        for at in 0..self.row(conversation).sessions.len() {
            let session = self.row(conversation).sessions[at];
            if session.state == SessionState::Active {
                let agent = session.agent;
                self.emit(Effect::Session { conversation, agent, opened: false, reason: None });
            }
        }
    }

    /// The asset is gone: nobody can go on, only end (S3-9). What nobody has accepted is over at once.
    pub(super) fn freeze(&mut self, conversation: Handle) {
        let row = self.row(conversation);
        if row.frozen || matches!(row.phase, Phase::Ended { .. } | Phase::Closed) {
            return;
        }
        let Phase::Active { owner, .. } = row.phase else {
            let (reason, code) = (SessionReason::AssetRemoved, SystemCode::AssetRemoved);
            return self.finish(conversation, reason, code, None);
        };
        self.row_mut(conversation).frozen = true;
        self.end_pending(conversation);
        self.say(conversation, SystemCode::AssetRemoved, None);
        self.raise_banner(owner, BannerKind::AssetRemoved, Some(conversation));
        self.emit(Effect::State { conversation, reason: Some(SessionReason::AssetRemoved) });
        self.tell_sessions(conversation);
    }
}
