//! What staff ask for: frames to inputs, pages from the store, and what is only passed on.

use super::Shell;
use super::clock::real_wall_ms;
use super::door::Event;
use super::reads::{self};
use super::records::Message;
use super::turn::{Asker, REQUEST};
use super::wire::{ConversationName, NotificationName};
use crate::agent::answer;
use crate::agent::directory::Ask;
use crate::agent::frames::{Frame, FrameFault, Request, To};
use crate::engine::conversation::{Phase, SessionState};
use crate::engine::effect::Answer;
use crate::engine::id::{AgentId, ConversationId, PresenceId, QueueId};
use crate::engine::input::{AgentVerb, Input, RevivalCause, SupervisorVerb, Target};
use crate::engine::presence::Status;
use crate::engine::refusal::Refusal;
use crate::gateway::ConnId;
use crate::gateway::rate::{AGENT_MESSAGES, TYPING};
use crate::store::{Admission, Snapshot};
use crate::widget::project as page;

/// Who asks, at which window, and under which number.
#[derive(Clone, Copy)]
pub(super) struct Desk {
    pub(super) conn: ConnId,
    pub(super) re: Option<i64>,
    pub(super) agent: AgentId,
    pub(super) supervisor: bool,
}

impl Desk {
    fn asker(self) -> Option<Asker> {
        Some(Asker { conn: self.conn, re: self.re })
    }

    pub(super) fn re(self) -> i64 {
        self.re.unwrap_or_default()
    }
}

impl Shell {
    pub(super) fn hear_staff(&mut self, conn: ConnId, frame: Result<Frame, FrameFault>) {
        let Some(Event::Staff(conn, frame)) = self.or_wait(conn, Event::Staff(conn, frame)) else { return };
        let Some(staff) = self.connections.staff(conn) else { return };
        let (agent, supervisor) = (staff.agent, staff.roles.has(crate::gateway::Role::Supervisor));
        let Frame { id: re, request } = match frame {
            Ok(frame) => frame,
            Err(fault) => return self.refuse(conn, fault.id, fault.code),
        };
        if request.supervisor_only() && !supervisor {
            return self.refuse(conn, re, Refusal::Forbidden);
        }
        let desk = Desk { conn, re, agent, supervisor };
        let named = request.conversation().and_then(|name| number(name).ok());
        match self.staff_request(desk, request) {
            Ok(()) => {}
            Err(Refusal::NotFound) if named.is_some_and(|id| !self.is_live(id)) => {
                self.refuse_what_left(desk, named.unwrap_or_default());
            }
            Err(refusal) => self.refuse(conn, re, refusal),
        }
    }

    /// A conversation that has left the table: stale to whom it was hers, else there is none.
    fn refuse_what_left(&mut self, desk: Desk, id: u64) {
        let username = self.names_of(desk.agent).0;
        let job = move |snapshot: &Snapshot| {
            Ok(reads::card(snapshot, id)?.is_some_and(|card| card.agents.contains(&username)))
        };
        let then = move |shell: &mut Shell, hers: bool| {
            shell.refuse(desk.conn, desk.re, if hers { Refusal::Stale } else { Refusal::NotFound });
        };
        self.read_for(desk.conn, job, then, desk.re);
    }

    fn staff_request(&mut self, desk: Desk, request: Request) -> Result<(), Refusal> {
        match request {
            Request::Presence { status } => {
                if status == Status::Inactive.name() {
                    return Err(Refusal::NotAllowed);
                }
                let row = self.names.presences.row(&status).ok_or(Refusal::BadRequest)?;
                let known = self.desk.presence_status(&status).is_some();
                let presence = u8::try_from(row).ok().filter(|_| known).ok_or(Refusal::BadRequest)?;
                self.ask(desk, AgentVerb::Presence(PresenceId(presence)));
            }
            Request::Shown { notification } => {
                self.ask(desk, AgentVerb::Shown(offer(&notification)?));
            }
            Request::Accept { notification } => {
                self.ask(desk, AgentVerb::Accept(offer(&notification)?));
            }
            Request::Reject { notification } => {
                self.ask(desk, AgentVerb::Reject(offer(&notification)?));
            }
            Request::Pickup { conversation } => self.pickup(desk, &conversation)?,
            Request::Message { conversation, client_id, text } => {
                self.agent_says(desk, &conversation, client_id, text)?;
            }
            Request::Typing { conversation, on } => self.agent_types(desk, &conversation, on),
            Request::Seen { conversation, seq } => self.agent_has_seen(desk, &conversation, seq),
            Request::Park { conversation } => self.on_own(desk, &conversation, AgentVerb::Park)?,
            Request::Release { conversation } => self.on_own(desk, &conversation, AgentVerb::Release)?,
            Request::Transfer { conversation, to, wrapup } => {
                let conversation = self.held_by(desk, &conversation)?;
                let to = self.target(&to)?;
                self.transfer(desk, conversation, to, wrapup)?;
            }
            Request::Conference { conversation, agent } => {
                let conversation = self.held_by(desk, &conversation)?;
                let Target::Agent(agent) = self.target(&To::Agent(agent))? else {
                    return Err(Refusal::NotFound);
                };
                self.ask(desk, AgentVerb::Conference { conversation, agent });
            }
            Request::EndConference { conversation, wrapup } => {
                let conversation = self.held_by(desk, &conversation)?;
                self.end_conference(desk, conversation, wrapup)?;
            }
            Request::Leave { conversation } => self.on_own(desk, &conversation, AgentVerb::Leave)?,
            Request::Escalate { conversation, queue, reason } => {
                self.escalate(desk, &conversation, &queue, reason)?;
            }
            Request::End { conversation } => self.on_own(desk, &conversation, AgentVerb::End)?,
            Request::Wrapup { conversation, wrapup } => {
                let conversation = self.held_by(desk, &conversation)?;
                let wrapup = self.wrapup(&wrapup)?;
                self.ask(desk, AgentVerb::WrapUp { conversation, wrapup });
            }
            Request::BannerReset { kind } => {
                self.ask(desk, AgentVerb::BannerReset(kind));
            }
            Request::Directory { kind, filter, all, conversation } => {
                let row = conversation.and_then(|name| number(&name).ok());
                let row = row.and_then(|id| self.engine.conversation(ConversationId(id)));
                let workstream = row.map(|row| row.workstream);
                let ask = Ask { kind, filter: filter.as_deref(), all, workstream };
                let frame = self.view().directory(desk.re(), desk.agent, ask);
                self.send(desk.conn, frame);
            }
            Request::Sync { cursors } => self.sync(desk, cursors.into_iter().collect()),
            Request::Parked { before, limit } => self.parked(desk, before, limit.0.into()),
            Request::Note { conversation, text } => self.note(desk, &conversation, text)?,
            Request::History { conversation, before, limit } => {
                self.staff_history(desk, &conversation, before, limit.0.into())?;
            }
            Request::ContactHistory { contact, before, limit } => {
                self.contact_history(desk, &contact, before, limit.0.into())?;
            }
            Request::Reveal { what, reason } => self.reveal(desk, what, reason)?,
            Request::Contact { contact } => self.show_contact(desk, &contact)?,
            Request::ContactFind { text, limit } => self.find_contacts(desk, &text, limit.0.into()),
            Request::ContactLink { conversation, contact } => {
                self.link_contact(desk, &conversation, contact.as_deref())?;
            }
            Request::ContactNew { conversation } => self.new_contact(desk, &conversation)?,
            Request::ContactEdit { contact, fields } => self.edit_contact(desk, &contact, fields)?,
            Request::ContactErase { contact, reason } => self.erase_contact(desk, &contact, reason)?,
            Request::Selftest { found } => {
                self.selftest(desk.conn, found);
                self.send(desk.conn, answer::ok(desk.re()));
            }
            Request::DeskView { on } => {
                let first = on.then(crate::agent::desk_view::Digest::default);
                if let Some(staff) = self.connections.staff_mut(desk.conn) {
                    staff.desk_view = first;
                }
                if desk.re.is_some() {
                    self.send(desk.conn, answer::ok(desk.re()));
                }
                self.tell_desk_view(desk.conn);
            }
            Request::ResetPresence { agent, status } => {
                let agent = self.names.agents.row(&agent).map(AgentId).ok_or(Refusal::NotFound)?;
                let status = Status::ALL.into_iter().find(|known| known.name() == status);
                let status = status.ok_or(Refusal::BadRequest)?;
                self.supervise(desk, SupervisorVerb::ResetPresence { agent, status });
            }
            Request::Assign { conversation, to } => self.assign(desk, &conversation, &to)?,
            Request::Monitor { conversation, on } => self.monitor(desk, &conversation, on)?,
            Request::ForceEnd { conversation } => {
                let id = number(&conversation)?;
                if self.is_live(id) {
                    self.supervise(desk, SupervisorVerb::ForceEnd(ConversationId(id)));
                } else {
                    let reason = crate::engine::effect::SessionReason::EndedBySupervisor;
                    self.bring_back_for(desk.asker(), id, RevivalCause::Closed(reason));
                }
            }
        }
        Ok(())
    }

    pub(super) fn ask(&mut self, desk: Desk, verb: AgentVerb) -> Option<Answer> {
        self.turn(Input::Agent { request: REQUEST, agent: desk.agent, verb }, desk.asker())
    }

    fn supervise(&mut self, desk: Desk, verb: SupervisorVerb) {
        self.turn(Input::Supervisor { request: REQUEST, by: desk.agent, verb }, desk.asker());
    }

    fn on_own(
        &mut self,
        desk: Desk,
        conversation: &str,
        verb: impl FnOnce(ConversationId) -> AgentVerb,
    ) -> Result<(), Refusal> {
        let conversation = self.held_by(desk, conversation)?;
        self.ask(desk, verb(conversation));
        Ok(())
    }

    /// A conversation of this agent's, by its name. A supervisor who only reads along may not act on it; what
    /// was hers and is closed or parked is stale; anything else there is none.
    pub(super) fn held_by(&self, desk: Desk, conversation: &str) -> Result<ConversationId, Refusal> {
        let id = number(conversation)?;
        let Some(row) = self.engine.conversation(ConversationId(id)) else {
            return Err(Refusal::NotFound);
        };
        let hers = row.session(desk.agent).is_some()
            || row.reserved().is_some_and(|(agent, _)| agent == desk.agent)
            || row.phase.offer().is_some_and(|offer| offer.agent == desk.agent);
        if !hers && self.reads_along(desk.conn, id) {
            return Err(Refusal::Forbidden);
        }
        Ok(ConversationId(id))
    }

    pub(super) fn reads_along(&self, conn: ConnId, id: u64) -> bool {
        self.connections.staff(conn).is_some_and(|staff| staff.monitors.contains(&id))
    }

    fn target(&self, to: &To) -> Result<Target, Refusal> {
        match to {
            To::Queue(queue) => {
                let known = self.desk.queue(queue).and_then(|_| self.names.queues.row(queue));
                known.map(|row| Target::Queue(QueueId(row))).ok_or(Refusal::NotFound)
            }
            To::Agent(agent) => {
                let known = self.desk.agent(agent).and_then(|_| self.names.agents.row(agent));
                known.map(|row| Target::Agent(AgentId(row))).ok_or(Refusal::NotFound)
            }
        }
    }

    fn pickup(&mut self, desk: Desk, conversation: &str) -> Result<(), Refusal> {
        let id = number(conversation)?;
        if self.is_live(id) {
            if self.reads_along(desk.conn, id) {
                self.held_by(desk, conversation)?;
            }
            self.ask(desk, AgentVerb::Pickup(ConversationId(id)));
            return Ok(());
        }
        let username = self.names_of(desk.agent).0;
        let job = move |snapshot: &Snapshot| reads::waiting(snapshot, id);
        let then = move |shell: &mut Shell, waiting: Option<super::records::Waiting>| {
            if shell.is_live(id) {
                shell.ask(desk, AgentVerb::Pickup(ConversationId(id)));
            } else if waiting.is_some_and(|waiting| waiting.agent == username) {
                shell.bring_back_for(desk.asker(), id, RevivalCause::PickedUp(desk.agent));
            } else {
                shell.refuse_what_left(desk, id);
            }
        };
        self.read_for(desk.conn, job, then, desk.re);
        Ok(())
    }

    fn agent_says(
        &mut self,
        desk: Desk,
        conversation: &str,
        client_id: String,
        text: String,
    ) -> Result<(), Refusal> {
        let id = number(conversation)?;
        let bucket = self.staff_messages.entry(desk.agent).or_default();
        if let Err(wait) = bucket.take(AGENT_MESSAGES, real_wall_ms().unsigned_abs()) {
            self.refuse_for(desk.conn, desk.re, wait);
            return Ok(());
        }
        if self.store.admission() >= Admission::StorageFull {
            return Err(Refusal::StorageFull);
        }
        if !self.is_live(id) {
            self.say_after_end(desk, id, client_id);
            return Ok(());
        }
        let conversation = self.held_by(desk, conversation)?;
        if self.cards.get(&id).is_some_and(|card| card.kind == "voice") {
            // Said on the telephone, or nowhere.
            return Err(Refusal::NotAllowed);
        }
        self.may_send(id)?;
        let client = self.keys.client(&client_id);
        self.texts.client_id = Some(client_id);
        let text = self.storable(text);
        let text = self.texts.put(text);
        self.ask(desk, AgentVerb::Message { conversation, client, text });
        Ok(())
    }

    /// Sent to a conversation that has left the table: a repeat is answered as it was, else it is too late.
    fn say_after_end(&mut self, desk: Desk, id: u64, client_id: String) {
        let username = self.names_of(desk.agent).0;
        let job = move |snapshot: &Snapshot| {
            let (messages, _) = reads::messages(snapshot, id, None, crate::limits::RECALL_MESSAGES_MAX)?;
            let hers = reads::card(snapshot, id)?.is_some_and(|card| card.agents.contains(&username));
            let own = |message: &&Message| {
                matches!(&message.from, super::records::Author::Agent(by, _) if *by == username)
                    && message.client_id.as_deref() == Some(&client_id)
            };
            Ok((hers, messages.iter().find(own).map(|message| (message.seq, message.at_ms))))
        };
        let then = move |shell: &mut Shell, found: (bool, Option<(u32, i64)>)| match found {
            (true, Some((seq, at_ms))) => shell.send(desk.conn, answer::stored(desk.re(), seq, at_ms)),
            (true, None) => shell.refuse(desk.conn, desk.re, Refusal::Stale),
            (false, _) => shell.refuse(desk.conn, desk.re, Refusal::NotFound),
        };
        self.read_for(desk.conn, job, then, desk.re);
    }

    fn agent_types(&mut self, desk: Desk, conversation: &str, on: bool) {
        let Ok(id) = number(conversation) else { return };
        if !self.in_talk(desk.agent, id) {
            return;
        }
        let Some(window) = self.connections.staff_mut(desk.conn) else { return };
        if window.typing.take(TYPING, real_wall_ms().unsigned_abs()).is_err() {
            return;
        }
        let name = self.names_of(desk.agent).1;
        let frame = page::typing(id, &name, on);
        self.send_customer(id, frame.clone());
        self.send_staff(id, frame, Some(desk.conn));
    }

    fn agent_has_seen(&mut self, desk: Desk, conversation: &str, seq: u32) {
        let Ok(id) = number(conversation) else { return };
        let last_seq = self.engine.conversation(ConversationId(id)).map_or(0, |row| row.last_seq);
        let hers = self.rooms.get(&id).is_some_and(|room| room.listeners.contains(&desk.agent));
        let Some(card) = self.cards.get_mut(&id).filter(|_| hers) else { return };
        if seq <= card.seen_by_agent || seq > last_seq {
            return;
        }
        card.seen_by_agent = seq;
        let frame = page::seen(id, seq);
        self.send_customer(id, frame.clone());
        self.send_staff(id, frame, Some(desk.conn));
    }

    fn in_talk(&self, agent: AgentId, id: u64) -> bool {
        self.engine.conversation(ConversationId(id)).is_some_and(|row| {
            matches!(row.phase, Phase::Active { .. })
                && row.session(agent).is_some_and(|session| session.state == SessionState::Active)
        })
    }

    fn escalate(
        &mut self,
        desk: Desk,
        conversation: &str,
        queue: &str,
        reason: String,
    ) -> Result<(), Refusal> {
        let conversation = self.held_by(desk, conversation)?;
        let Target::Queue(queue) = self.target(&To::Queue(queue.to_owned()))? else {
            return Err(Refusal::NotFound);
        };
        // Why she hands it up is for whoever takes it.
        if !matches!(self.ask(desk, AgentVerb::Escalate { conversation, queue }), Some(Answer::Refused(_))) {
            self.put_note(desk, conversation.0, reason);
        }
        Ok(())
    }

    fn assign(&mut self, desk: Desk, conversation: &str, to: &To) -> Result<(), Refusal> {
        let id = number(conversation)?;
        let unknown = !self.is_live(id);
        let to = self.target(to);
        if unknown {
            // A parked one, or none: the store knows. An unknown conversation comes before an unknown target.
            let to = to?;
            self.bring_back_for(desk.asker(), id, RevivalCause::Assigned { by: desk.agent, to });
            return Ok(());
        }
        self.supervise(desk, SupervisorVerb::Assign { conversation: ConversationId(id), to: to? });
        Ok(())
    }

    fn monitor(&mut self, desk: Desk, conversation: &str, on: bool) -> Result<(), Refusal> {
        let id = number(conversation)?;
        if !self.is_live(id) {
            return Err(Refusal::NotFound);
        }
        self.connections.monitor(desk.conn, id, on)?;
        self.send(desk.conn, answer::ok(desk.re()));
        let row = self.engine.conversation(ConversationId(id)).filter(|_| on);
        if let Some(frame) = row.and_then(|row| self.view().monitored(row)) {
            self.send(desk.conn, frame);
        }
        Ok(())
    }
}

pub(super) fn number(name: &str) -> Result<u64, Refusal> {
    ConversationName::parse(name).map(|name| name.0.0).ok_or(Refusal::NotFound)
}

fn offer(name: &str) -> Result<crate::engine::id::OfferId, Refusal> {
    NotificationName::parse(name).map(|name| name.0).ok_or(Refusal::Stale)
}
