//! On and off duty: connections, presence, banners (D-5, D-10, S2-23 to S2-27).

use super::Engine;
use super::agent::{Connection, Shown};
use super::conversation::{Hold, Phase, Role, SessionState};
use super::effect::{BannerKind, Effect, OfferEnd, RoutingEvent, SessionReason, SystemCode};
use super::id::{AgentId, Handle, PresenceId, RequestId};
use super::presence::{Override, OverrideEvent, Penalty, Reason, Status};
use super::refusal::Refusal;
use super::settings::{Mode, WorkItemKind};
use super::timer::{PAST_MS, TimerOwner};
use super::wheel::TimerId;
use crate::limits::SESSIONS_MAX;

/// How an agent came to be off duty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gone {
    /// By her own act, or dismissed.
    SignedOut,
    /// Her connection was lost and did not come back in time.
    Lost,
}

impl Engine {
    pub(super) fn agent_online(&mut self, agent: AgentId) {
        if usize::from(agent.0) >= self.agents.len() {
            return;
        }
        let turn = self.turn;
        let row = self.agent_row(agent);
        let before = row.connection;
        row.connection = Connection::Online;
        let timer = core::mem::replace(&mut row.lost_timer, TimerId::NONE);
        self.wheel.cancel(timer);
        match before {
            Connection::Online => return,
            Connection::Lost { .. } => self.refresh_presence(agent),
            Connection::SignedOut => {
                self.agent_row(agent).idle_since = turn;
                self.hold_presence(agent, OverrideEvent::FreshSignIn);
            }
        }
        self.keep_agent(agent);
    }

    pub(super) fn agent_lost(&mut self, agent: AgentId) {
        if self.agents.get(usize::from(agent.0)).is_none_or(|row| row.connection != Connection::Online) {
            return;
        }
        self.lose(agent, self.now.wall_ms);
        self.refresh_presence(agent);
        self.keep_agent(agent);
    }

    /// Marks an agent lost since an instant, which may lie before a restart.
    pub(super) fn lose(&mut self, agent: AgentId, since_wall_ms: i64) {
        let ago_ms = self.now.wall_ms.saturating_sub(since_wall_ms).max(0);
        let since_mono_ms = i64::try_from(self.now.mono_ms).unwrap_or(i64::MAX).saturating_sub(ago_ms);
        let lost_ms = self.desk.agents[usize::from(agent.0)].lost_ms;
        let row = self.agent_row(agent);
        row.connection = Connection::Lost { until_wall_ms: since_wall_ms.saturating_add_unsigned(lost_ms) };
        row.lost_mono_ms = since_mono_ms;
        self.await_return(agent);
    }

    /// The next instant at which something of a lost agent's goes on without her: each workstream has its own
    /// patience, and after the longest she counts as signed out.
    fn await_return(&mut self, agent: AgentId) {
        let since = self.agents[usize::from(agent.0)].lost_mono_ms;
        let at = |patience_ms: u64| (PAST_MS + patience_ms).saturating_add_signed(since);
        let mut next = at(self.desk.agents[usize::from(agent.0)].lost_ms);
        for &conversation in &self.agents[usize::from(agent.0)].open {
            if let Some(patience_ms) = self.patience(conversation, agent) {
                next = next.min(at(patience_ms));
            }
        }
        let timer = self.wheel.arm(next, TimerOwner::AgentLost(agent));
        self.agent_row(agent).lost_timer = timer.expect("the wheel has room for every timer");
    }

    /// After a restart the talks of those who are lost are known.
    pub(super) fn await_everybody(&mut self) {
        for at in 0..self.agents.len() {
            if matches!(self.agents[at].connection, Connection::Lost { .. }) {
                let timer = core::mem::replace(&mut self.agents[at].lost_timer, TimerId::NONE);
                self.wheel.cancel(timer);
                self.await_return(AgentId(u16::try_from(at).expect("rows are numbered so")));
            }
        }
    }

    /// How long a talk of a lost agent's waits for her; none when it is no talk of hers.
    fn patience(&self, conversation: Handle, agent: AgentId) -> Option<u64> {
        let row = self.row(conversation);
        let talks = matches!(row.phase, Phase::Active { .. }) && row.role(agent).is_some();
        let goes_on = talks && !row.kind.stays_taken() && !row.frozen;
        goes_on.then(|| self.workstream(row.workstream).agent_lost_ms)
    }

    pub(super) fn agent_did_not_return(&mut self, agent: AgentId) {
        self.agent_row(agent).lost_timer = TimerId::NONE;
        let since = self.agents[usize::from(agent.0)].lost_mono_ms;
        let now = i64::try_from(self.now.mono_ms).unwrap_or(i64::MAX);
        let lost_ms = u64::try_from(now.saturating_sub(since)).unwrap_or(0);
        if lost_ms >= self.desk.agents[usize::from(agent.0)].lost_ms {
            return self.sign_out(agent, Gone::Lost);
        }
        let open = self.agents[usize::from(agent.0)].open.clone();
        for conversation in open {
            if self.patience(conversation, agent).is_some_and(|patience_ms| patience_ms <= lost_ms) {
                self.go_on_without(conversation, agent, Gone::Lost);
            }
        }
        self.await_return(agent);
    }

    pub(super) fn agent_signed_out(&mut self, agent: AgentId) {
        if self.agents.get(usize::from(agent.0)).is_some_and(|row| row.connection != Connection::SignedOut) {
            self.sign_out(agent, Gone::SignedOut);
        }
    }

    /// What is hers goes on without her: offers and holds to others, live talks to the queue's head,
    /// persistent ones wait; cases, calls that were taken and wrap-ups stay.
    pub(super) fn sign_out(&mut self, agent: AgentId, gone: Gone) {
        let row = self.agent_row(agent);
        row.connection = Connection::SignedOut;
        let timer = core::mem::replace(&mut row.lost_timer, TimerId::NONE);
        self.wheel.cancel(timer);
        self.refresh_presence(agent);
        self.keep_agent(agent);
        let offers = self.agents[usize::from(agent.0)].offers.clone();
        for conversation in offers {
            self.withdraw_from(conversation, agent);
        }
        let open = self.agents[usize::from(agent.0)].open.clone();
        for conversation in open {
            self.go_on_without(conversation, agent, gone);
        }
    }

    /// An offer to somebody who is gone is no longer to be had.
    pub(super) fn withdraw_from(&mut self, conversation: Handle, agent: AgentId) {
        match self.row(conversation).phase {
            Phase::Offered(_) => {
                self.change(conversation, Phase::Queued, OfferEnd::Withdrawn);
                self.route(conversation, RoutingEvent::Rerouted);
            }
            Phase::Active { .. } => self.request_not_taken(conversation, OfferEnd::Withdrawn),
            _ => {
                debug_assert!(self.is_returned(conversation), "{agent} is offered {conversation:?}");
                self.end_offer(conversation, OfferEnd::Withdrawn);
            }
        }
    }

    fn go_on_without(&mut self, conversation: Handle, agent: AgentId, gone: Gone) {
        let row = self.row(conversation);
        match row.phase {
            Phase::Reserved { agent: holder, .. } if holder != agent => {}
            // A closed browser is one of the ways not to be shown: it stays hers for its eight minutes (S2-31).
            Phase::Reserved { hold: Hold::Undelivered { .. }, .. } if gone == Gone::Lost => {}
            Phase::Reserved { hold: Hold::Undelivered { .. }, .. } => {
                self.give_back(conversation, agent, SessionReason::AgentLost);
                self.route(conversation, RoutingEvent::Rerouted);
            }
            // Assigned and never opened: its customer is there now and must not wait for who is not. A case can.
            Phase::Reserved { hold: Hold::Assigned, .. }
                if row.mode == Mode::Live && row.kind != WorkItemKind::Case && !row.frozen =>
            {
                self.give_back(conversation, agent, SessionReason::AgentLost);
                self.route(conversation, RoutingEvent::Rerouted);
            }
            Phase::Active { owner, .. } if owner == agent => self.owner_gone(conversation, agent),
            Phase::Active { .. } if row.role(agent).is_some() => {
                self.guest_leaves(conversation, agent, SessionReason::AgentLost);
            }
            _ => {}
        }
    }

    /// In a conference the longest-standing participant becomes the owner; else it goes back.
    fn owner_gone(&mut self, conversation: Handle, agent: AgentId) {
        let row = self.row(conversation);
        if row.kind.stays_taken() {
            return;
        }
        let (mode, frozen) = (row.mode, row.frozen);
        if self.inherit(conversation, agent) {
            return;
        }
        if frozen {
            // Only ending is left of it, and nobody is there to do that.
            self.say(conversation, SystemCode::AgentLeft, Some(agent));
            let (reason, code) = (SessionReason::AssetRemoved, SystemCode::AssetRemoved);
            return self.finish(conversation, reason, code, None);
        }
        match mode {
            Mode::Persistent => self.set_aside(conversation, agent, SessionReason::AgentLost),
            Mode::Live => {
                self.end_offer(conversation, OfferEnd::Withdrawn);
                self.say(conversation, SystemCode::AgentLeft, Some(agent));
                self.give_back(conversation, agent, SessionReason::AgentLost);
                self.route(conversation, RoutingEvent::Rerouted);
            }
        }
    }

    /// The longest-standing participant of a conference becomes its owner; false when there is none.
    fn inherit(&mut self, conversation: Handle, agent: AgentId) -> bool {
        let Some(heir) = self.row(conversation).guests().next() else { return false };
        self.drop_session(conversation, agent);
        self.emit(Effect::SessionClosed { conversation, agent, reason: SessionReason::AgentLost });
        let row = self.row_mut(conversation);
        if let Phase::Active { owner, .. } = &mut row.phase {
            *owner = heir;
        }
        if let Some(session) = row.sessions.iter_mut().find(|session| session.agent == heir) {
            session.role = Role::Owner;
        }
        self.say(conversation, SystemCode::AgentLeft, Some(agent));
        self.emit(Effect::State { conversation, reason: Some(SessionReason::AgentLost) });
        self.settle_conference(conversation);
        true
    }

    pub(super) fn choose_presence(
        &mut self,
        request: Option<RequestId>,
        agent: AgentId,
        presence: PresenceId,
    ) {
        if usize::from(presence.0) >= self.desk.presences.len() {
            return self.refuse(request, Refusal::BadRequest);
        }
        if self.desk.base(presence) == Status::Inactive {
            return self.refuse(request, Refusal::NotAllowed);
        }
        self.done(request);
        self.close_penalty_banners(agent);
        self.hold_presence(agent, OverrideEvent::Chosen(presence));
    }

    pub(super) fn banner_reset(&mut self, request: Option<RequestId>, agent: AgentId, kind: BannerKind) {
        let row = &self.agents[usize::from(agent.0)];
        if !row.has_banner(kind) {
            return self.refuse(request, Refusal::NotFound);
        }
        if kind == BannerKind::MaxSessions && row.open.len() >= SESSIONS_MAX {
            return self.refuse(request, Refusal::NotAllowed);
        }
        self.done(request);
        self.lower_banner(agent, kind);
        let penalty = match kind {
            BannerKind::Missed => Penalty::Missed,
            BannerKind::Rejected => Penalty::Rejected,
            BannerKind::MaxSessions => Penalty::MaxSessions,
            _ => return,
        };
        self.hold_presence(agent, OverrideEvent::Answered(penalty));
    }

    /// Takes an agent off duty with a banner that says why.
    pub(super) fn punish(&mut self, agent: AgentId, penalty: Penalty, about: Option<Handle>) {
        let kind = match penalty {
            Penalty::Missed => BannerKind::Missed,
            Penalty::Rejected => BannerKind::Rejected,
            Penalty::MaxSessions => BannerKind::MaxSessions,
        };
        // A penalty replaces another, and so does its banner.
        for other in [BannerKind::Missed, BannerKind::Rejected, BannerKind::MaxSessions] {
            if other != kind {
                self.lower_banner(agent, other);
            }
        }
        self.raise_banner(agent, kind, about);
        self.hold_presence(agent, OverrideEvent::Punished(penalty));
    }

    pub(super) fn raise_banner(&mut self, agent: AgentId, kind: BannerKind, about: Option<Handle>) {
        self.agent_row(agent).banners |= kind.bit();
        self.emit(Effect::Banner { agent, kind, conversation: about });
        self.keep_agent(agent);
    }

    fn lower_banner(&mut self, agent: AgentId, kind: BannerKind) {
        if self.agents[usize::from(agent.0)].has_banner(kind) {
            self.agent_row(agent).banners &= !kind.bit();
            self.emit(Effect::BannerClosed { agent, kind });
            self.keep_agent(agent);
        }
    }

    pub(super) fn close_penalty_banners(&mut self, agent: AgentId) {
        for kind in [BannerKind::Missed, BannerKind::Rejected, BannerKind::MaxSessions] {
            self.lower_banner(agent, kind);
        }
    }

    /// An offer was accepted or a session closed: a manual Available or Busy has had its time (D-5).
    pub(super) fn work_changed(&mut self, agent: AgentId) {
        self.hold_presence(agent, OverrideEvent::WorkChanged);
    }

    pub(super) fn hold_presence(&mut self, agent: AgentId, event: OverrideEvent) {
        let desk = &self.desk;
        let held = self.agents[usize::from(agent.0)].held.after(event, |presence| desk.base(presence));
        if held != self.agents[usize::from(agent.0)].held {
            self.agent_row(agent).held = held;
            self.keep_agent(agent);
        }
        self.refresh_presence(agent);
    }

    /// Computes what everybody sees; says so when it changed, and looks for work when it may now be had.
    pub(super) fn refresh_presence(&mut self, agent: AgentId) {
        let shown = self.presence_of(agent);
        let before = self.agents[usize::from(agent.0)].shown;
        if shown == before {
            return;
        }
        let since_wall_ms = self.now.wall_ms;
        let row = self.agent_row(agent);
        row.shown = shown;
        row.since_wall_ms = since_wall_ms;
        self.emit(Effect::Presence { agent });
        self.keep_agent(agent);
        let queues = self.member_of[usize::from(agent.0)];
        self.pass.presence_seen(queues);
        // Load by itself never makes anybody free: what was given back has said so already.
        let by_load = shown.reason == Reason::Load && before.reason == Reason::Load;
        if self.agents[usize::from(agent.0)].is_there() && !by_load {
            self.pass.presence_changed(agent, queues);
        }
    }

    fn presence_of(&self, agent: AgentId) -> Shown {
        let row = &self.agents[usize::from(agent.0)];
        let plain = |status: Status, reason, by| Shown { presence: status.presence(), status, reason, by };
        match (row.connection, row.held) {
            (Connection::SignedOut, _) => plain(Status::Offline, Reason::SignedOut, None),
            (Connection::Lost { .. }, _) => plain(Status::Offline, Reason::Lost, None),
            (_, Override::None) => plain(self.load_of(agent), Reason::Load, None),
            (_, Override::Manual(presence)) => {
                let status = self.desk.base(presence);
                Shown { presence, status, reason: Reason::Manual, by: None }
            }
            (_, Override::Penalty(penalty)) => {
                let reason = match penalty {
                    Penalty::Missed => Reason::Missed,
                    Penalty::Rejected => Reason::Rejected,
                    Penalty::MaxSessions => Reason::MaxSessions,
                };
                plain(penalty.status(), reason, None)
            }
            (_, Override::Supervisor { status, by }) => plain(status, Reason::Supervisor, Some(by)),
        }
    }

    /// Load: nothing used, some, exhausted (D-5).
    fn load_of(&self, agent: AgentId) -> Status {
        let used = self.agents[usize::from(agent.0)].used_units;
        let capacity = self.desk.agents.get(usize::from(agent.0)).map_or(0, |settings| settings.capacity);
        match used {
            0 => Status::Available,
            used if used < capacity => Status::Busy,
            _ => Status::DoNotDisturb,
        }
    }

    /// An agent left the desk: nothing may stay hers.
    pub(super) fn let_go(&mut self, agent: AgentId) {
        self.sign_out(agent, Gone::SignedOut);
        let open = self.agents[usize::from(agent.0)].open.clone();
        for conversation in open {
            let row = self.row(conversation);
            match row.phase {
                Phase::Reserved { agent: holder, .. } if holder == agent => {
                    self.give_back(conversation, agent, SessionReason::Rerouted);
                    self.route(conversation, RoutingEvent::Rerouted);
                }
                Phase::Active { owner, .. } if owner == agent => {
                    // A case, a call, or one that can only be ended: all go on without her.
                    if row.frozen {
                        let (reason, code) = (SessionReason::AssetRemoved, SystemCode::AssetRemoved);
                        self.finish(conversation, reason, code, None);
                    } else if !self.inherit(conversation, agent) {
                        self.give_back(conversation, agent, SessionReason::Rerouted);
                        self.route(conversation, RoutingEvent::Rerouted);
                    }
                }
                _ => {}
            }
        }
        let wrapups: heapless::Vec<Handle, SESSIONS_MAX> = self
            .conversations
            .iter()
            .filter(|(_, row)| {
                row.session(agent).is_some_and(|session| matches!(session.state, SessionState::WrapUp { .. }))
            })
            .map(|(conversation, _)| conversation)
            .take(SESSIONS_MAX)
            .collect();
        for conversation in wrapups {
            let reason = self.workstream(self.row(conversation).workstream).wrapup_default;
            self.close_session(conversation, agent, super::input::WrapUp { reason, comment: None }, true);
        }
        while let Some(slot) = self.lines.head(super::change::returned_line(agent)) {
            let conversation = self.conversations.at(slot).expect("a line holds live slots");
            self.give_back(conversation, agent, SessionReason::Rerouted);
            self.route(conversation, RoutingEvent::Rerouted);
            if !self.has_room() {
                break;
            }
        }
    }
}
