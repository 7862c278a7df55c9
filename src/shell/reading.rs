//! What staff read: pages from the store, notes, single values, the supervisor's live view.

use super::Shell;
use super::agents::{Desk, number};
use super::card::Card;
use super::hello::{ParkedRow, parked_page};
use super::reads::{self, list_key, message_key};
use super::records::{Message, Note};
use super::wire::{ContactName, Stamp};
use crate::agent::frames::Before;
use crate::agent::message::{Missed, Page};
use crate::agent::session::Parked;
use crate::engine::id::{AgentId, ConversationId};
use crate::engine::refusal::Refusal;
use crate::gateway::ConnId;
use crate::limits::{BOX_FRAME_BYTES_MAX, NOTES_MAX, SYNC_PAGE_MAX};
use crate::store::{Direction, ReadError, Snapshot, Table};

impl Shell {
    /// What was missed of each conversation, as far as one answer has room: the rest is asked for again.
    pub(super) fn sync(&mut self, desk: Desk, cursors: Vec<(String, u32)>) {
        let wanted: Vec<(u64, u32)> = cursors
            .iter()
            .filter_map(|(name, seq)| Some((number(name).ok()?, *seq)))
            .filter(|(id, _)| self.may_read_live(desk, *id))
            .collect();
        let job = move |snapshot: &Snapshot| {
            let (mut missed, mut room) = (Vec::new(), BOX_FRAME_BYTES_MAX);
            for (id, seq) in wanted {
                // Of what no longer fits only whether there is any: 64 long talks are no single answer's.
                let limit = if room > 0 { SYNC_PAGE_MAX } else { 1 };
                let (mut messages, mut more) = reads::messages_after(snapshot, id, seq, limit)?;
                if room == 0 && !messages.is_empty() {
                    (messages, more) = (Vec::new(), true);
                }
                room = room.saturating_sub(messages.iter().map(|message| message.text.len()).sum());
                missed.push((id, messages, more));
            }
            Ok(missed)
        };
        let then = move |shell: &mut Shell, missed: Vec<(u64, Vec<Message>, bool)>| {
            let list: Vec<Missed<'_>> = missed
                .iter()
                .filter_map(|(id, messages, more)| {
                    let card = shell.cards.get(id)?;
                    Some(Missed { conversation: ConversationId(*id), card, messages, more: *more })
                })
                .collect();
            let frame = shell.view().missed(desk.re(), &list);
            shell.send(desk.conn, frame);
        };
        self.read_for(desk.conn, job, then, desk.re);
    }

    /// May this agent read a conversation of the table?
    pub(super) fn may_read_live(&self, desk: Desk, id: u64) -> bool {
        let listens = self.rooms.get(&id).is_some_and(|room| room.listeners.contains(&desk.agent));
        let row = self.engine.conversation(ConversationId(id));
        let hers = row.is_some_and(|row| {
            row.session(desk.agent).is_some() || row.reserved().is_some_and(|(agent, _)| agent == desk.agent)
        });
        listens || hers || desk.supervisor && row.is_some()
    }

    pub(super) fn parked(&mut self, desk: Desk, before: Option<Before>, limit: usize) {
        let username = self.names_of(desk.agent).0;
        let below = match before {
            None => None,
            Some(Before::Instant(Stamp(at))) => Some(Err(at)),
            Some(Before::Conversation(name)) => Some(Ok(number(&name).unwrap_or_default())),
        };
        let job = move |snapshot: &Snapshot| {
            let key = match below {
                None => None,
                Some(Err(at)) => Some(reads::waiting_agent_key(&username, at, 0)),
                Some(Ok(id)) => {
                    let waiting = reads::waiting(snapshot, id)?.filter(|waiting| waiting.agent == username);
                    waiting.map(|waiting| reads::waiting_agent_key(&username, waiting.parked_ms, id))
                }
            };
            parked_page(snapshot, &username, key, limit)
        };
        let then = move |shell: &mut Shell, (rows, more): (Vec<ParkedRow>, bool)| {
            let list: Vec<Parked<'_>> = rows
                .iter()
                .map(|row| Parked { waiting: &row.waiting, card: &row.card, messages: &row.messages })
                .collect();
            let frame = shell.view().parked(desk.re(), &list, more);
            shell.send(desk.conn, frame);
        };
        self.read_for(desk.conn, job, then, desk.re);
    }

    pub(super) fn note(&mut self, desk: Desk, conversation: &str, text: String) -> Result<(), Refusal> {
        let id = number(conversation)?;
        if !self.may_read_live(desk, id) || self.reads_along(desk.conn, id) && !self.may_write(desk.agent, id)
        {
            return Err(if self.reads_along(desk.conn, id) { Refusal::Forbidden } else { Refusal::NotFound });
        }
        if self.rooms.get(&id).is_some_and(|room| room.notes >= NOTES_MAX) {
            return Err(Refusal::Full);
        }
        let note = self.put_note(desk, id, text);
        let frame = self.view().noted(desk.re(), &note);
        self.send(desk.conn, frame);
        let frame = self.view().note(ConversationId(id), &note);
        self.send_staff(id, frame, None);
        Ok(())
    }

    pub(super) fn may_write(&self, agent: AgentId, id: u64) -> bool {
        self.engine.conversation(ConversationId(id)).is_some_and(|row| row.session(agent).is_some())
    }

    pub(super) fn put_note(&mut self, desk: Desk, id: u64, text: String) -> Note {
        let text = self.storable(text);
        let note = Note { at_ms: self.now.wall_ms, by: self.names_of(desk.agent), text };
        let room = self.rooms.entry(id).or_default();
        let n = room.notes;
        room.notes += 1;
        self.put(Table::Notes, &message_key(id, n), &note);
        note
    }

    pub(super) fn staff_history(
        &mut self,
        desk: Desk,
        conversation: &str,
        before: Option<u32>,
        limit: usize,
    ) -> Result<(), Refusal> {
        let id = number(conversation)?;
        let live_allowed = self.may_read_live(desk, id);
        let live_card = self.cards.get(&id).filter(|_| live_allowed).cloned();
        let username = self.names_of(desk.agent).0;
        // A page of the past of a customer she is talking to now is hers to read, too.
        let contacts: Vec<u64> = self.contacts_of(desk.agent);
        let customers: Vec<u64> = self.persistent_customers_of(desk.agent);
        let job = move |snapshot: &Snapshot| {
            let stored = reads::card(snapshot, id)?;
            let card = match live_card {
                Some(card) => Some(card),
                None => stored.filter(|card| {
                    live_allowed
                        || desk.supervisor
                        || card.agents.contains(&username)
                        || card.agent.as_deref() == Some(&username)
                        || card.contact.is_some_and(|contact| contacts.contains(&contact))
                        || card.persistent && customers.contains(&card.visitor)
                }),
            };
            let Some(card) = card else { return Ok(None) };
            let (messages, more) = reads::messages(snapshot, id, before, limit)?;
            let notes = if before.is_none() { Some(read_notes(snapshot, id)?) } else { None };
            Ok(Some((card, messages, more, notes)))
        };
        type Found = Option<(Card, Vec<Message>, bool, Option<Vec<Note>>)>;
        let then = move |shell: &mut Shell, found: Found| match found {
            Some((card, messages, more, notes)) => {
                let page = Page { card: &card, messages: &messages, more, notes: notes.as_deref() };
                let frame = shell.view().history(desk.re(), page);
                shell.send(desk.conn, frame);
            }
            None => shell.refuse(desk.conn, desk.re, Refusal::NotFound),
        };
        self.read_for(desk.conn, job, then, desk.re);
        Ok(())
    }

    /// Customers of the persistent conversations an agent holds: all they ever wrote is one acquaintance (S0-10).
    fn persistent_customers_of(&self, agent: AgentId) -> Vec<u64> {
        let hers = self.engine.conversations().filter(|row| row.session(agent).is_some());
        let cards = hers.filter_map(|row| self.cards.get(&row.id.0));
        cards.filter(|card| card.persistent && card.visitor != 0).map(|card| card.visitor).collect()
    }

    /// Contacts of the conversations an agent holds.
    pub(super) fn contacts_of(&self, agent: AgentId) -> Vec<u64> {
        let hers = self.engine.conversations().filter(|row| row.session(agent).is_some());
        hers.filter_map(|row| self.cards.get(&row.id.0)?.contact).collect()
    }

    pub(super) fn contact_history(
        &mut self,
        desk: Desk,
        contact: &str,
        before: Option<Before>,
        limit: usize,
    ) -> Result<(), Refusal> {
        let contact = ContactName::parse(contact).ok_or(Refusal::NotFound)?.0;
        if !desk.supervisor && !self.contacts_of(desk.agent).contains(&contact) {
            return Err(Refusal::NotFound);
        }
        let job = move |snapshot: &Snapshot| {
            let low = list_key(contact, 0, 0);
            let high = match before {
                None => list_key(contact, -1, u64::MAX),
                Some(Before::Instant(Stamp(at))) => list_key(contact, at, 0),
                Some(Before::Conversation(name)) => {
                    let id = number(&name).unwrap_or_default();
                    let started = reads::card(snapshot, id)?.map_or(0, |card| card.started_ms);
                    list_key(contact, started, id)
                }
            };
            let page = snapshot.range(
                Table::ContactConversations,
                &low[..]..&high[..],
                limit,
                Direction::Backward,
            )?;
            let mut cards = Vec::new();
            for (key, _) in &page.rows {
                let Some(id) = reads::conversation_of(key) else { continue };
                cards.extend(reads::card(snapshot, id)?);
            }
            Ok((cards, page.more))
        };
        let then = move |shell: &mut Shell, (cards, more): (Vec<Card>, bool)| {
            let frame = shell.view().contact_history(desk.re(), &cards, more);
            shell.send(desk.conn, frame);
        };
        self.read_for(desk.conn, job, then, desk.re);
        Ok(())
    }

    /// What has changed goes to every supervisor who looks.
    pub(super) fn tell_desk_views(&mut self) {
        let looking: Vec<ConnId> = self
            .connections
            .all_staff()
            .filter(|(_, _, staff)| staff.welcomed && staff.desk_view.is_some())
            .map(|(conn, _, _)| conn)
            .collect();
        for conn in looking {
            self.tell_desk_view(conn);
        }
    }

    pub(super) fn tell_desk_view(&mut self, conn: ConnId) {
        let Some(mut digest) = self.connections.staff_mut(conn).and_then(|staff| staff.desk_view.take())
        else {
            return;
        };
        self.turn_day();
        let frame = self.view().desk(&mut digest);
        if let Some(staff) = self.connections.staff_mut(conn) {
            staff.desk_view = Some(digest);
        }
        if let Some(frame) = frame {
            self.send(conn, frame);
        }
    }
}

/// All notes of a conversation.
pub(super) fn read_notes(snapshot: &Snapshot, id: u64) -> Result<Vec<Note>, ReadError> {
    let (low, high) = (message_key(id, 0), message_key(id, u32::MAX));
    let page = snapshot.range(Table::Notes, &low[..]..&high[..], NOTES_MAX as usize, Direction::Forward)?;
    Ok(page.rows.iter().filter_map(|(_, value)| reads::decoded(value)).collect())
}
