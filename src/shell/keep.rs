//! What a turn writes down: records of what the engine says has changed.

use std::hash::{DefaultHasher, Hasher};
use std::time::{Duration, Instant};

use super::Shell;
use super::live;
use super::out::Out;
use super::reads::{
    conversation_key, list_key, message_key, waiting_agent_key, waiting_key, waiting_time_key,
};
use super::records::{AgentState, Decision, Live, LivePhase, Message, Visitor, Waiting};
use crate::engine::agent::Connection;
use crate::engine::conversation::{Phase, State};
use crate::engine::effect::{RoutingEvent, SessionReason};
use crate::engine::id::{AgentId, Handle, QueueId, ReasonId};
use crate::limits::{BATCH_BYTES_MAX, DECISIONS_KEPT_MAX};
use crate::store::records::Record;
use crate::store::{Batch, Store, Table};

/// The longest the clock's mark may lag while somebody is connected: what a crash adds to "lost from the
/// crash". Shorter costs a block of the journal each time.
const MARK_EVERY: Duration = Duration::from_secs(10);

/// With other records there to write anyway, a mark is nearly free.
const MARK_ALONG_EVERY: Duration = Duration::from_secs(2);

/// Key of the clock's mark in `Meta`.
pub(super) const CLOCK: &[u8] = b"clock";

/// Writes a value where it goes, at the end of the batch; or into the next one, when this one then holds too much.
fn write(store: &Store<Out>, batch: &mut Batch<Out>, table: Table, key: &[u8], value: impl Fn(&mut Vec<u8>)) {
    let before = batch.bytes();
    batch.put_with(table, key, &value);
    if batch.bytes() > BATCH_BYTES_MAX {
        batch.cut_back(before);
        part(store, batch);
        batch.put_with(table, key, value);
    }
}

/// A turn that writes more than a batch holds (a hundred chats with all they may say end at once) is parted: what it has
/// written so far goes ahead. What it tells waits for its last part, so a crash between the two is one of a turn nobody
/// has heard of. The first design took such a batch for a defect and ended the process: sixty strangers could have it
/// ended.
fn part(store: &Store<Out>, batch: &mut Batch<Out>) {
    let mut first = std::mem::replace(batch, store.batch());
    batch.take_releases(&mut first);
    super::submit(store, first);
}

impl Shell {
    /// Writes a record with this turn's batch.
    pub(super) fn put(&mut self, table: Table, key: &[u8], record: &impl Record) {
        self.pending = true;
        write(&self.store, &mut self.batch, table, key, |out| record.encode(out));
    }

    pub(super) fn put_bytes(&mut self, table: Table, key: &[u8], value: &[u8]) {
        self.pending = true;
        write(&self.store, &mut self.batch, table, key, |out| out.extend_from_slice(value));
    }

    pub(super) fn delete(&mut self, table: Table, key: &[u8]) {
        self.make_room(Batch::<Out>::bytes_of(key, &[]));
        self.pending = true;
        self.batch.delete(table, key);
    }

    /// What is written next, of so many bytes, stands in one batch.
    pub(super) fn make_room(&mut self, bytes: usize) {
        if self.batch.bytes() + bytes > BATCH_BYTES_MAX {
            part(&self.store, &mut self.batch);
        }
    }

    pub(super) fn put_message(&mut self, conversation: u64, message: &Message) {
        self.put(Table::Messages, &message_key(conversation, message.seq), message);
    }

    /// A conversation as the engine now has it, but for the number of its last message; and its card, if that
    /// changed.
    pub(super) fn keep_live(&mut self, conversation: Handle, said_only: bool) {
        let Some(view) = self.engine.view(conversation) else { return };
        let id = view.id.0;
        if matches!(view.phase, Phase::Waiting { .. } | Phase::Closed) {
            return;
        }
        if !said_only {
            let record = live::record(view, &self.names);
            self.keep_record(id, record);
        }
        self.keep_card(id);
    }

    /// The engine's part of it, unless it is as it was written last.
    fn keep_record(&mut self, id: u64, mut record: Live) {
        let last_seq = std::mem::take(&mut record.last_seq);
        let mut value = Vec::with_capacity(256);
        record.encode(&mut value);
        let mut hasher = DefaultHasher::new();
        hasher.write(&value);
        let fingerprint = hasher.finish();
        let room = self.rooms.entry(id).or_default();
        if room.kept != fingerprint {
            room.kept = fingerprint;
            record.last_seq = last_seq;
            self.put(Table::Live, &conversation_key(id), &record);
        }
    }

    /// Writes a card that has changed.
    pub(super) fn keep_card(&mut self, id: u64) {
        let Some(room) = self.rooms.get_mut(&id).filter(|room| room.card_changed) else { return };
        room.card_changed = false;
        let Some(card) = self.cards.get(&id) else { return };
        self.pending = true;
        let key = conversation_key(id);
        write(&self.store, &mut self.batch, Table::Conversations, &key, |out| card.encode(out));
    }

    /// A card has changed: it is written when its conversation is, or with the chores.
    pub(super) fn card_changed(&mut self, id: u64) {
        if let Some(room) = self.rooms.get_mut(&id) {
            room.card_changed = true;
        }
    }

    /// State and reason on the card, as they are in the store.
    pub(super) fn note_state(&mut self, conversation: Handle, reason: Option<SessionReason>) {
        let Some(view) = self.engine.view(conversation) else { return };
        let (id, state, owner, queue_row) = (view.id.0, view.state(), view.owner(), view.queue);
        let last_seq = view.last_seq;
        let owner = owner.map(|owner| self.names_of(owner).0);
        let queue = self.names.queues.name(queue_row.0).map(|name| name.to_string());
        let now_ms = self.now.wall_ms;
        let left = view.left;
        let (mut handled, mut ended, mut accepted) = (None, false, false);
        let Some(card) = self.cards.get_mut(&id) else { return };
        card.state = state.name().to_owned();
        card.reason = reason.map(|reason| reason.name().to_owned());
        card.last_seq = last_seq;
        if let Some(queue) = queue {
            card.queue = queue;
        }
        match state {
            State::Active if card.accepted_ms.is_none() => {
                card.accepted_ms = Some(now_ms);
                accepted = true;
            }
            State::WrapUp | State::Closed if card.ended_ms.is_none() => {
                card.ended_ms = Some(now_ms);
                ended = true;
                handled = card.accepted_ms.map(|accepted| now_ms - accepted);
            }
            _ => {}
        }
        if let Some(owner) = owner {
            card.agent = Some(owner);
        }
        if let Some(took_ms) = handled {
            self.lines.waits.handled(queue_row, took_ms);
        }
        self.card_changed(id);
        if accepted {
            let waited_ms = self.cards.get(&id).filter(|_| !left).map(|card| now_ms - card.started_ms);
            self.count_accepted(id, waited_ms);
        }
        if ended {
            self.count_ended(id);
        }
    }

    /// Everybody who had a session on it, in order.
    pub(super) fn note_agents(&mut self, id: u64, conversation: Handle) {
        let Some(view) = self.engine.view(conversation) else { return };
        let sessions: heapless::Vec<AgentId, 8> = view.sessions.iter().map(|session| session.agent).collect();
        for agent in sessions {
            let (username, _) = self.names_of(agent);
            let Some(card) = self.cards.get_mut(&id) else { return };
            if !card.agents.contains(&username) {
                card.agents.push(username);
                self.card_changed(id);
            }
        }
    }

    pub(super) fn wrapped_up(
        &mut self,
        conversation: Handle,
        agent: AgentId,
        reason: Option<ReasonId>,
        comment: Option<String>,
        by_deadline: bool,
    ) {
        let Some(id) = self.engine.view(conversation).map(|view| view.id.0) else { return };
        let (username, _) = self.names_of(agent);
        let reason = reason.and_then(|row| self.names.reasons.name(row.0)).map(|name| name.to_string());
        let at_ms = self.now.wall_ms;
        let Some(card) = self.cards.get_mut(&id) else { return };
        let record = super::card::WrapUpRecord { agent: username, reason, comment, at_ms, by_deadline };
        card.add_wrapup(record.clone());
        self.card_changed(id);
        self.tell_wrapped_up(id, &record);
    }

    /// It has left the table for good.
    pub(super) fn keep_closed(&mut self, id: u64) {
        let now_ms = self.now.wall_ms;
        let last_seq = self.tails.get(&id).and_then(|tail| tail.messages().last()).map(|message| message.seq);
        let Some(card) = self.cards.get_mut(&id) else { return };
        card.state = State::Closed.name().to_owned();
        let ended = card.ended_ms.is_none();
        card.ended_ms.get_or_insert(now_ms);
        if let Some(last_seq) = last_seq {
            card.last_seq = last_seq;
        }
        let visitor = card.visitor;
        if ended {
            self.count_ended(id);
        }
        self.card_changed(id);
        self.keep_card(id);
        self.tell_closed(id);
        self.trace_soon(id);
        self.delete(Table::Live, &conversation_key(id));
        // She may have begun another while this one was in wrap-up: that one is hers now.
        let newer =
            self.visitors.get(visitor).and_then(|known| known.conversation).is_some_and(|own| own != id);
        if visitor != 0 && !newer {
            let record = Visitor { conversation: id, closed_ms: Some(now_ms) };
            self.put(Table::Visitors, &visitor.to_be_bytes(), &record);
        }
    }

    /// It has left the table and waits in the store.
    pub(super) fn keep_waiting(&mut self, conversation: Handle, agent: AgentId) {
        let Some(view) = self.engine.view(conversation) else { return };
        let (id, last_seq) = (view.id.0, view.last_seq);
        let mut record = live::record(view, &self.names);
        record.phase = LivePhase::Waiting;
        let (username, _) = self.names_of(agent);
        let parked_ms = self.now.wall_ms;
        let waiting = Waiting { live: record, agent: username.clone(), parked_ms };
        if let Some(card) = self.cards.get_mut(&id) {
            card.state = State::Waiting.name().to_owned();
            card.reason = Some(SessionReason::Parked.name().to_owned());
            card.agent = Some(username.clone());
            card.last_seq = last_seq;
        }
        self.card_changed(id);
        self.keep_card(id);
        self.delete(Table::Live, &conversation_key(id));
        self.put(Table::Waiting, &waiting_key(id), &waiting);
        self.put_bytes(Table::Waiting, &waiting_agent_key(&username, parked_ms, id), &[]);
        self.put_bytes(Table::Waiting, &waiting_time_key(parked_ms, id), &[]);
        *self.lines.parked.entry(agent).or_default() += 1;
        self.trace_soon(id);
    }

    /// A parked conversation is back in the table.
    pub(super) fn forget_waiting(&mut self, id: u64, waiting: &Waiting) {
        self.delete(Table::Waiting, &waiting_key(id));
        self.delete(Table::Waiting, &waiting_agent_key(&waiting.agent, waiting.parked_ms, id));
        self.delete(Table::Waiting, &waiting_time_key(waiting.parked_ms, id));
        if let Some(card) = self.cards.get(&id) {
            self.trace_open(id, card.started_ms);
        }
        if let Some(agent) = self.names.agents.row(&waiting.agent) {
            *self.lines.parked.entry(AgentId(agent)).or_default() += 1;
        }
    }

    /// A new conversation stands in its visitor's and its contact's list from its first record on.
    pub(super) fn keep_new(&mut self, id: u64) {
        let Some(card) = self.cards.get(&id) else { return };
        let (visitor, contact, started_ms) = (card.visitor, card.contact, card.started_ms);
        if visitor != 0 {
            self.put_bytes(Table::VisitorConversations, &list_key(visitor, started_ms, id), &[]);
            let record = Visitor { conversation: id, closed_ms: None };
            self.put(Table::Visitors, &visitor.to_be_bytes(), &record);
        }
        if let Some(contact) = contact {
            self.put_bytes(Table::ContactConversations, &list_key(contact, started_ms, id), &[]);
        }
        self.count_arrival(id);
        self.trace_open(id, started_ms);
        self.card_changed(id);
        self.keep_card(id);
    }

    pub(super) fn keep_agent(&mut self, agent: AgentId) {
        let Some(row) = self.engine.agent(agent) else { return };
        let record = AgentState {
            held: live::held_record(row.held, &self.names),
            since_ms: row.since_wall_ms,
            there: row.connection != Connection::SignedOut,
            lost_ms: match row.connection {
                Connection::Lost { until_wall_ms } => {
                    let settings = self.engine.desk().agents.get(usize::from(agent.0));
                    let lost_ms = settings.map_or(0, |settings| settings.lost_ms);
                    Some(until_wall_ms.saturating_sub_unsigned(lost_ms))
                }
                Connection::SignedOut | Connection::Online => None,
            },
            banners: row.banners,
        };
        let (username, _) = self.names_of(agent);
        self.put(Table::Agents, username.as_bytes(), &record);
    }

    pub(super) fn keep_decision(
        &mut self,
        conversation: Handle,
        event: RoutingEvent,
        queue: QueueId,
        search: u16,
    ) {
        let Some(id) = self.engine.view(conversation).map(|view| view.id.0) else { return };
        let Some(weighed) = self.engine.weighed(search).copied() else { return };
        let queue = self.names.queues.name(queue.0).map_or_else(String::new, |name| name.to_string());
        let record = Decision {
            at_ms: self.now.wall_ms,
            event: event.name().to_owned(),
            chosen: weighed.chosen.map(|(agent, _)| self.names_of(agent).0),
            by: weighed.chosen.map(|(_, by)| by.name().to_owned()),
            distribution: self.desk.queue(&queue).map(|queue| queue.distribution.to_string()),
            weighed: self.weighed_record(&weighed),
            queue,
        };
        let room = self.rooms.entry(id).or_default();
        // The newest take the place of the oldest: what is asked for is why it stands where it stands.
        let n = room.decisions % DECISIONS_KEPT_MAX;
        room.decisions = room.decisions.wrapping_add(1);
        self.put(Table::Decisions, &message_key(id, n), &record);
    }

    /// Writes down when the box was last alive, while there is anybody whom a crash would lose.
    pub(super) fn mark_clock(&mut self) {
        let (staff, customers) = self.connections.counts();
        let every = if self.pending { MARK_ALONG_EVERY } else { MARK_EVERY };
        let due = self.marked.is_none_or(|marked| marked.elapsed() >= every);
        if due && (self.pending || staff + customers > 0) {
            self.put_mark();
        }
    }

    pub(super) fn put_mark(&mut self) {
        self.marked = Some(Instant::now());
        let mark = self.clock.mark();
        self.put(Table::Meta, CLOCK, &mark);
    }
}
