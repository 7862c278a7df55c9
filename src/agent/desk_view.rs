//! The supervisor's live view: three tables, worst first; after the first page only the rows that changed (REQ S2-27,
//! B-1, B-7).
//!
//! Each connection keeps a digest of what it was last sent. What does not fit one frame counts as not sent and comes
//! with the next, so no table needs a page of its own and a storm of changes costs frames at the shell's pace.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Serialize;

use super::customer::CustomerBody;
use super::pack::{Object, encode, take};
use super::presence::PresenceBody;
use super::project::{Named, View};
use super::selftest::Alerts;
use super::session::hold_word;
use crate::desk::{Id, Role, Word};
use crate::engine::agent::Connection;
use crate::engine::conversation::{Conversation, Phase};
use crate::engine::id::{AgentId, QueueId};
use crate::engine::presence::{Reason, Status};
use crate::limits::LISTED_MAX;
use crate::shell::live::kind_name;
use crate::shell::records::Author;
use crate::shell::wire::{ConversationName, Stamp};

/// What one connection was last sent: a hash of each row, by id.
#[derive(Clone, Debug, Default)]
pub struct Digest {
    tables: [BTreeMap<String, u64>; 3],
    today: u64,
    begun: bool,
}

const TABLES: [&str; 3] = ["queues", "agents", "conversations"];

/// A row: its id and its JSON.
type Row = (String, String);

#[derive(Serialize)]
struct QueueRow<'a> {
    id: &'a str,
    name: &'a str,
    waiting: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    oldest_at: Option<Stamp>,
    able: u32,
    members_online: usize,
    distribution: &'static str,
}

#[derive(Serialize)]
struct AgentRow<'a> {
    id: &'a str,
    name: &'a str,
    #[serde(flatten)]
    presence: PresenceBody<'a>,
    online: bool,
    used: u32,
    capacity: u32,
    sessions: usize,
    offers: usize,
    queues: Vec<&'a str>,
    /// None: no window has told (B-7).
    #[serde(skip_serializing_if = "Option::is_none")]
    alerts: Option<Alerts>,
}

#[derive(Serialize)]
struct ConversationRow<'a> {
    id: ConversationName,
    conversation: ConversationName,
    customer: CustomerBody,
    state: &'static str,
    work_item_kind: &'static str,
    queue: Named<'a>,
    workstream: Named<'a>,
    proactive: bool,
    received_at: Stamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<Named<'a>>,
    /// The bot that talks in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    bot: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offered_to: Option<Named<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reserved_for: Option<Named<'a>>,
    /// Why it is kept for her, as in a session.
    #[serde(skip_serializing_if = "Option::is_none")]
    hold: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    participants: Vec<Named<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<LastWord>,
    conference: bool,
    frozen: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    lost_until: Option<Stamp>,
}

#[derive(Serialize)]
struct LastWord {
    by: &'static str,
    at: Stamp,
}

impl<'a> View<'a> {
    /// The `desk` frame a connection lacks; none when it has seen everything. The first says `full`; a row that left
    /// the page is `{id, gone: true}`; `more` says that the rest comes with the next frame.
    pub fn desk(&self, digest: &mut Digest) -> Option<String> {
        let first = !std::mem::replace(&mut digest.begun, true);
        let mut frame = Object::frame("desk");
        if first {
            frame.field("full", &true);
        }
        let mut room = frame.room();
        let mut more = false;
        let mut any = first;
        let pages = [self.queue_rows(), self.agent_rows(), self.conversation_rows()];
        for ((name, page), sent) in TABLES.into_iter().zip(pages).zip(&mut digest.tables) {
            let (changes, rest) = changes(page, sent, &mut room);
            more |= rest;
            any |= !changes.is_empty();
            frame.list(name, &changes);
        }
        let today = encode(&self.world.floor.today.body());
        let hash = hash_of(&today);
        if digest.today != hash && take(&mut room, today.len() + 16) {
            digest.today = hash;
            any = true;
            frame.raw("today", &today);
        }
        if more {
            frame.field("more", &true);
        }
        any.then(|| frame.finish())
    }

    /// Those with somebody waiting and nobody able first, then the longest wait.
    fn queue_rows(&self) -> Vec<Row> {
        let engine = self.world.engine;
        let mut rows = Vec::new();
        for queue in &self.world.desk.queues {
            let id = queue.id.as_str();
            let Some(row) = self.world.names.queues.row(id).map(QueueId) else { continue };
            let (waiting, able) = (engine.line_len(row), self.queue_able(row, None));
            let oldest = self.oldest_in(row);
            let trouble = match (waiting, able) {
                (1.., 0) => 0,
                (1.., _) => 1,
                (0, _) => 2,
            };
            let members_online = self.world.desk.members(&queue.id).filter(|agent| {
                let row = self.world.names.agents.row(agent.username.as_str());
                let row = row.and_then(|row| engine.agent(AgentId(row)));
                row.is_some_and(|row| row.connection == Connection::Online)
            });
            let row = QueueRow {
                id,
                name: &queue.name,
                waiting,
                oldest_at: oldest.map(Stamp),
                able,
                members_online: members_online.count(),
                distribution: queue.distribution.word(),
            };
            rows.push(((trouble, oldest, queue.name.as_str()), row));
        }
        page(rows, |row| row.id)
    }

    /// Those off duty by penalty or lost first, then the fullest; signed-out ones last.
    fn agent_rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        for agent in self.world.desk.agents.iter().filter(|a| a.is(Role::Agent) || a.is(Role::Supervisor)) {
            let id = agent.username.as_str();
            let Some(row) = self.world.names.agents.row(id).map(AgentId) else { continue };
            let (Some(state), Some(presence)) = (self.world.engine.agent(row), self.presence_body(row))
            else {
                continue;
            };
            let off_duty =
                matches!(state.shown.reason, Reason::Missed | Reason::Rejected | Reason::MaxSessions);
            let trouble = match state.connection {
                Connection::Lost { .. } => 1,
                Connection::SignedOut => 3,
                Connection::Online if off_duty || state.shown.status == Status::Inactive => 0,
                Connection::Online => 2,
            };
            let free =
                (agent.capacity.saturating_sub(state.used_units)).saturating_mul(100) / agent.capacity.max(1);
            let row = AgentRow {
                id,
                name: &agent.name,
                presence,
                online: state.connection == Connection::Online,
                used: state.used_units,
                capacity: agent.capacity,
                sessions: state.open.len(),
                offers: state.offers.len(),
                queues: agent.queues.iter().map(Id::as_str).collect(),
                alerts: self.world.floor.alerts.get(&row).copied(),
            };
            rows.push(((trouble, free, agent.name.as_str()), row));
        }
        page(rows, |row| row.id)
    }

    /// Those nobody has first, the longest waiting before others.
    fn conversation_rows(&self) -> Vec<Row> {
        let trouble = |of: &Conversation| match of.phase {
            Phase::Queued | Phase::Offered(_) => 0,
            Phase::Reserved { .. } => 1,
            Phase::Active { .. } if of.customer_lost_wall_ms.is_some() || of.frozen => 2,
            Phase::Active { .. } | Phase::Bot(_) => 3,
            Phase::Ended { .. } | Phase::Waiting { .. } | Phase::Closed => 4,
        };
        let shown = |of: &&Conversation| !matches!(of.phase, Phase::Waiting { .. } | Phase::Closed);
        // Sorted before a row is made: there may be thousands, and a page is a hundred.
        let all = self.world.engine.conversations().filter(shown);
        let mut all: Vec<_> = all.map(|of| ((trouble(of), of.arrived_wall_ms, of.id), of)).collect();
        if all.len() > LISTED_MAX {
            all.select_nth_unstable_by_key(LISTED_MAX, |(key, _)| *key);
            all.truncate(LISTED_MAX);
        }
        all.sort_by_key(|(key, _)| *key);
        let rows = all.into_iter().filter_map(|(_, of)| self.conversation_row(of));
        rows.map(|row| (row.id.to_string(), encode(&row))).collect()
    }

    fn conversation_row(&self, of: &Conversation) -> Option<ConversationRow<'a>> {
        let card = self.card(of)?;
        let last = self.world.tails.get(&of.id.0).and_then(|tail| tail.messages().next_back());
        let reserved_for = of.reserved().map(|(agent, _)| self.agent(agent));
        let participants = of.sessions.iter().map(|session| self.agent(session.agent));
        Some(ConversationRow {
            id: ConversationName(of.id),
            conversation: ConversationName(of.id),
            customer: self.customer(card),
            state: of.state().name(),
            work_item_kind: kind_name(of.kind),
            queue: self.queue(of.queue),
            workstream: self.workstream(of.workstream),
            proactive: card.proactive.is_some(),
            received_at: Stamp(of.arrived_wall_ms),
            agent: of
                .owner()
                .or_else(|| of.sessions.first().map(|one| one.agent))
                .map(|owner| self.agent(owner)),
            bot: match of.phase {
                Phase::Bot(talk) => self.bot(talk.bot),
                _ => None,
            },
            offered_to: of.phase.offer().map(|offer| self.agent(offer.agent)),
            reserved_for,
            hold: of.reserved().map(|(_, hold)| hold_word(hold)),
            participants: if of.conference { participants.collect() } else { Vec::new() },
            last: last.map(|message| LastWord { by: said_by(&message.from), at: Stamp(message.at_ms) }),
            conference: of.conference,
            frozen: of.frozen,
            lost_until: of.customer_lost_wall_ms.map(Stamp),
        })
    }
}

/// The worst rows of a table, as JSON.
fn page<K: Ord, R: Serialize>(mut rows: Vec<(K, R)>, id: impl Fn(&R) -> &str) -> Vec<Row> {
    rows.sort_by(|(a, _), (b, _)| a.cmp(b));
    rows.truncate(LISTED_MAX);
    rows.iter().map(|(_, row)| (id(row).to_owned(), encode(row))).collect()
}

/// The rows a connection has not been sent as they are now, and those that are gone, as far as there is room.
fn changes(page: Vec<Row>, sent: &mut BTreeMap<String, u64>, room: &mut usize) -> (Vec<String>, bool) {
    let mut out = Vec::new();
    let mut more = false;
    let gone: Vec<String> =
        sent.keys().filter(|id| !page.iter().any(|(shown, _)| shown == *id)).cloned().collect();
    for id in gone {
        let json = Object::new().field("id", &id).field("gone", &true).finish();
        if take(room, json.len() + 1) {
            sent.remove(&id);
            out.push(json);
        } else {
            more = true;
        }
    }
    for (id, json) in page {
        let hash = hash_of(&json);
        if sent.get(&id) == Some(&hash) {
            continue;
        }
        if take(room, json.len() + 1) {
            sent.insert(id, hash);
            out.push(json);
        } else {
            more = true;
        }
    }
    (out, more)
}

/// Tells a changed row from an unchanged one; a chance in 2^64 to miss a change until the next one.
fn hash_of(json: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    json.hash(&mut hasher);
    hasher.finish()
}

const fn said_by(author: &Author) -> &'static str {
    match author {
        Author::Customer => "customer",
        Author::Agent(..) => "agent",
        Author::Bot(_) => "bot",
        Author::System => "system",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str, json: &str) -> Row {
        (id.to_owned(), json.to_owned())
    }

    #[test]
    fn only_changed_rows_are_sent_and_those_that_left_are_gone() {
        let mut sent = BTreeMap::new();
        let mut room = 10_000;
        let all = |room: &mut usize, page, sent: &mut BTreeMap<String, u64>| changes(page, sent, room);
        let page = vec![row("a", "{1}"), row("b", "{2}")];
        assert_eq!(all(&mut room, page.clone(), &mut sent).0, ["{1}", "{2}"]);
        assert_eq!(all(&mut room, page, &mut sent).0, Vec::<String>::new());
        let page = vec![row("b", "{3}")];
        assert_eq!(all(&mut room, page, &mut sent).0, [r#"{"id":"a","gone":true}"#, "{3}"]);
        assert_eq!(sent.len(), 1);
    }

    #[test]
    fn what_does_not_fit_comes_next_time() {
        let mut sent = BTreeMap::new();
        let page = vec![row("a", "123456789"), row("b", "123456789")];
        assert_eq!(changes(page.clone(), &mut sent, &mut 15), (vec!["123456789".into()], true));
        assert_eq!(changes(page, &mut sent, &mut 15), (vec!["123456789".into()], false));
    }
}
