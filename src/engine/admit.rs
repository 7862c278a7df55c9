//! New work, and parked work coming back.

use super::Engine;
use super::conversation::{AgentSet, Conversation, Due, Hold, Phase, Seed, SeedPhase};
use super::effect::{Answer, Author, Effect, OfferEnd, RoutingEvent, SessionReason, SystemCode};
use super::id::{AgentId, Handle, QueueId, RequestId};
use super::input::{Arrival, RevivalCause, Sender, Target};
use super::refusal::Refusal;
use super::settings::{Mode, OfferKind};
use super::wheel::TimerId;

impl Engine {
    pub(super) fn admit(&mut self, request: Option<RequestId>, arrival: &Arrival) {
        let Some(settings) = self.desk.workstream(arrival.workstream).filter(|found| found.present) else {
            return self.refuse(request, Refusal::NotFound);
        };
        let settings = *settings;
        if settings.mode == Mode::Live && !settings.open && !arrival.left {
            return self.refuse(request, Refusal::ClosedHours);
        }
        let queue = arrival.queue.filter(|&queue| self.has_queue(queue)).unwrap_or(settings.queue);
        let seed = Seed {
            id: arrival.conversation,
            workstream: arrival.workstream,
            queue,
            kind: arrival.kind,
            mode: settings.mode,
            arrived_wall_ms: self.now.wall_ms,
            phase: SeedPhase::Queued,
            last_seq: 0,
            sessions: Vec::new(),
            excluded: Vec::new(),
            offer_kind: OfferKind::Incoming,
            sender: None,
            preferred: arrival.preferred,
            round_wall_ms: None,
            customer_lost_wall_ms: None,
            frozen: false,
            left: arrival.left,
            conference: false,
        };
        let Some(conversation) = self.seat(&seed) else { return self.refuse(request, Refusal::Full) };
        self.answer(request, Answer::Started(arrival.conversation));
        let bot = settings.bot.filter(|first| !arrival.left && self.is_bot_there(first.bot));
        if let Some(first) = bot {
            self.seat_with_bot(conversation, first);
        }
        self.enter_phase(conversation);
        self.keep(conversation);
        if let Some(comment) = arrival.comment {
            self.store_message(conversation, Author::Person(Sender::Customer), Some(comment), None);
        }
        if settings.mode == Mode::Persistent && !settings.open {
            self.say(conversation, SystemCode::OutOfHours, None);
        }
        self.emit(Effect::State { conversation, reason: None });
        match bot {
            Some(first) => self.emit(Effect::BotGiven { conversation, bot: first.bot }),
            None => self.route(conversation, RoutingEvent::Arrived),
        }
    }

    /// Puts a row into the table, its phase written and nothing of it taken yet. `None` when the table is full
    /// or holds the name already.
    pub(super) fn seat(&mut self, seed: &Seed) -> Option<Handle> {
        if self.ids.get(seed.id.0).is_some() {
            return None;
        }
        let mut excluded = AgentSet::EMPTY;
        for &agent in seed.excluded.iter().filter(|agent| usize::from(agent.0) < self.agents.len()) {
            excluded.insert(agent);
        }
        let conversation = self.conversations.insert_with(|handle| Conversation {
            id: seed.id,
            workstream: seed.workstream,
            queue: seed.queue,
            kind: seed.kind,
            mode: seed.mode,
            arrived_wall_ms: seed.arrived_wall_ms,
            phase: Phase::Queued,
            last_seq: seed.last_seq,
            sessions: heapless::Vec::new(),
            excluded,
            offer_kind: seed.offer_kind,
            sender: seed.sender,
            preferred: seed.preferred,
            round_wall_ms: None,
            customer_lost_wall_ms: None,
            frozen: seed.frozen,
            left: seed.left,
            conference: seed.conference,
            hold_units: 0,
            handle,
            round_timer: TimerId::NONE,
            hold_timer: TimerId::NONE,
            lost_timer: TimerId::NONE,
            due: Due::Nothing,
        })?;
        let fits = self.ids.insert(seed.id.0, conversation);
        assert!(fits, "the map of names has room for every row");
        self.sent.clear(conversation.index);
        Some(conversation)
    }

    /// A parked conversation comes back; the desk as it is now decides where to (D-3).
    pub(super) fn revive(
        &mut self,
        request: Option<RequestId>,
        seed: &Seed,
        agent: Option<AgentId>,
        cause: RevivalCause,
    ) {
        if let Err(refusal) = self.may_revive(seed, cause) {
            return self.refuse(request, refusal);
        }
        let Some(conversation) = self.seat(seed) else { return self.refuse(request, Refusal::Full) };
        let row = self.row(conversation);
        // What was removed while it waited is gone from it too.
        let queue = if self.has_queue(row.queue) { row.queue } else { self.workstream(row.workstream).queue };
        let arrived_wall_ms = self.now.wall_ms;
        let row = self.row_mut(conversation);
        (row.queue, row.arrived_wall_ms) = (queue, arrived_wall_ms);
        match cause {
            RevivalCause::Returned { client, text } => {
                let stays = agent.filter(|&agent| self.keeps(conversation, agent));
                self.row_mut(conversation).phase = match stays {
                    Some(agent) => Phase::Reserved { agent, hold: Hold::Returned, offer: None },
                    None => Phase::Queued,
                };
                self.enter_phase(conversation);
                // The note that she is back comes first, so the answer's number is behind it.
                let seq = seed.last_seq + 2;
                let at_wall_ms = self.now.wall_ms;
                self.answer(request, Answer::Stored { seq, at_wall_ms });
                self.say(conversation, SystemCode::CustomerReturned, agent);
                self.store_message(conversation, Author::Person(Sender::Customer), Some(text), Some(client));
                self.recall(conversation, Sender::Customer, client, seq, at_wall_ms);
                let reason = Some(SessionReason::CustomerReturned);
                self.emit(Effect::State { conversation, reason });
                match stays {
                    Some(agent) => {
                        self.emit(Effect::Session { conversation, agent, opened: true, reason });
                        self.offer_returned(conversation, agent);
                    }
                    None => {
                        self.route(conversation, RoutingEvent::Returned);
                    }
                }
            }
            RevivalCause::PickedUp(agent) => {
                self.done(request);
                self.enter_phase(conversation);
                self.activate(conversation, agent, OfferEnd::Withdrawn);
            }
            RevivalCause::Assigned { by, to } => {
                self.done(request);
                self.enter_phase(conversation);
                if let Some(agent) = agent {
                    let reason = SessionReason::Rerouted;
                    self.emit(Effect::SessionClosed { conversation, agent, reason });
                }
                self.emit(Effect::State { conversation, reason: Some(SessionReason::Rerouted) });
                self.give(conversation, by, to);
            }
            RevivalCause::Closed(reason) => {
                self.done(request);
                self.enter_phase(conversation);
                if let Some(agent) = agent {
                    self.emit(Effect::SessionClosed { conversation, agent, reason });
                }
                let code = match reason {
                    SessionReason::AssetRemoved => SystemCode::AssetRemoved,
                    SessionReason::EndedBySupervisor => SystemCode::SupervisorEnded,
                    SessionReason::EndedByAgent => SystemCode::AgentEnded,
                    _ => SystemCode::AutoClosed,
                };
                self.finish(conversation, reason, code, None);
            }
        }
    }

    /// All that can stand in the way is found before anything changes.
    fn may_revive(&self, seed: &Seed, cause: RevivalCause) -> Result<(), Refusal> {
        let Some(settings) = self.desk.workstream(seed.workstream) else { return Err(Refusal::NotFound) };
        if seed.phase != SeedPhase::Waiting {
            return Err(Refusal::NotFound);
        }
        match cause {
            // Of a removed workstream only the end is left (S3-9).
            RevivalCause::Closed(_) => Ok(()),
            _ if !settings.present => Err(Refusal::NotFound),
            RevivalCause::PickedUp(agent) if !self.has_slot(agent) => Err(Refusal::NotAllowed),
            RevivalCause::Assigned { to: Target::Agent(agent), .. }
                if !self.could_take(agent, seed.workstream) =>
            {
                Err(Refusal::Unavailable)
            }
            RevivalCause::Assigned { to: Target::Queue(queue), .. } if !self.has_queue(queue) => {
                Err(Refusal::NotFound)
            }
            _ => Ok(()),
        }
    }

    /// Does a returning conversation stay this agent's (S0-17)?
    fn keeps(&self, conversation: Handle, agent: AgentId) -> bool {
        self.workstream(self.row(conversation).workstream).keep_same_agent && self.is_employed(agent)
    }

    pub(super) fn is_employed(&self, agent: AgentId) -> bool {
        self.desk.agents.get(usize::from(agent.0)).is_some_and(|settings| settings.present)
    }

    pub(super) fn has_queue(&self, queue: QueueId) -> bool {
        self.desk.queue(queue).is_some_and(|settings| settings.present)
    }

    /// An agent's part as it was before a restart.
    pub(super) fn seat_session(&mut self, conversation: Handle, seed: &super::conversation::SeedSession) {
        use super::conversation::{Session, SessionState};
        let timer = match seed.state {
            SessionState::WrapUp { deadline_wall_ms: Some(deadline) } => {
                self.arm(deadline, super::timer::TimerOwner::WrapUp(conversation, seed.agent))
            }
            _ => TimerId::NONE,
        };
        let session = Session {
            agent: seed.agent,
            role: seed.role,
            state: seed.state,
            since_wall_ms: seed.since_wall_ms,
            units: seed.units,
            timer,
        };
        if self.row_mut(conversation).sessions.push(session).is_err() {
            return;
        }
        // A wrap-up that gave its capacity back has no units; the desk of today has no say in it.
        if seed.state == SessionState::Active || seed.units > 0 {
            self.load(seed.agent, conversation, seed.units);
        }
    }
}
