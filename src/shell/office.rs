//! What HTTP calls ask of the desk thread: tokens, the desk, work items, health, figures.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::Shell;
use super::boot;
use super::card::Card;
use super::clock::real_wall_ms;
use super::history::TooLarge;
use super::hours::Daytime;
use super::offline::changed_passwords;
use super::out::Out;
use super::records::{Token, WorkItem};
use super::rows::TooMany;
use super::tokens::TOKEN_MS;
use crate::agent::project::View;
use crate::desk::Desk;
use crate::engine::effect::Answer;
use crate::engine::id::AgentId;
use crate::engine::input::Input;
use crate::engine::refusal::Refusal;
use crate::gateway::TokenHash;
use crate::store::{Admission, Batch, Table};

/// Numbers of this instant, for the metrics.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Name, help, kind, and the values with their labels.
    pub rows: Vec<Figure>,
}

/// One metric.
#[derive(Clone, Debug)]
pub struct Figure {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub help: &'static str,
    /// Only grows?
    pub counter: bool,
    /// Label pairs, already in order, and the value.
    pub values: Vec<(Vec<(&'static str, String)>, f64)>,
}

/// Why a desk is not in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotReplaced {
    /// Somebody was quicker.
    Stale,
    /// This process has no room for all it names.
    TooMany(TooMany),
    /// No batch holds it.
    TooLarge(TooLarge),
}

impl fmt::Display for NotReplaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotReplaced::Stale => f.write_str("The desk has been changed meanwhile; read it again."),
            NotReplaced::TooMany(error) => write!(f, "{error}"),
            NotReplaced::TooLarge(error) => write!(f, "{error}"),
        }
    }
}

impl Shell {
    /// A sign-in: the token is good for twelve hours and survives a restart.
    pub fn add_token(&mut self, hash: TokenHash, username: &str) {
        let expires_ms = real_wall_ms() + TOKEN_MS;
        for dropped in self.tokens.add(hash, username.into(), expires_ms) {
            self.delete(Table::Tokens, dropped.as_bytes());
            self.end_token(&dropped);
        }
        let record = Token { username: username.to_owned(), expires_ms };
        self.put(Table::Tokens, hash.as_bytes(), &record);
    }

    /// A sign-out: the token and its sockets end.
    pub fn drop_token(&mut self, hash: &TokenHash) {
        self.delete(Table::Tokens, hash.as_bytes());
        self.end_token(hash);
    }

    /// Ends everything somebody is signed in by, but for what `keep` says: her password or her codes are others.
    pub(super) fn end_others(&mut self, username: &str, keep: impl Fn(&TokenHash) -> bool) {
        for hash in self.tokens.of(username).iter().filter(|hash| !keep(hash)) {
            self.tokens.remove(hash);
            self.drop_token(hash);
        }
    }

    /// A sign-out by her own act: also one whose connection is lost is off duty at once, unless she is signed in
    /// elsewhere.
    pub fn sign_out(&mut self, hash: &TokenHash, username: &str) {
        self.drop_token(hash);
        let agent = self.names.agents.row(username).map(AgentId);
        if let Some(agent) = agent.filter(|agent| !self.connections.has_agent(*agent)) {
            self.turn(Input::AgentSignedOut(agent), None);
        }
    }

    /// The product clock: wall milliseconds, speed, and the instant hours are judged by.
    pub fn clock_now(&self) -> (i64, u32, Daytime) {
        (self.now.wall_ms, self.clock.speed(), self.daytime())
    }

    /// Staff's view, for answers.
    pub fn staff_view(&self) -> View<'_> {
        self.view()
    }

    /// All cards of the engine's table.
    pub fn live_cards(&self) -> HashMap<u64, Card> {
        self.cards.clone()
    }

    /// What stands for the masks in force.
    pub fn masks(&self) -> u32 {
        self.traces.masks
    }

    /// May a search miss stored conversations, because they are still being traced?
    pub fn search_is_incomplete(&self) -> bool {
        self.is_tracing()
    }

    /// A card of the engine's table.
    pub fn live_card(&self, id: u64) -> Option<Card> {
        self.cards.get(&id).cloned()
    }

    /// Why the box is not well; none when it is.
    pub fn health(&self) -> Option<&'static str> {
        match self.store.admission() {
            Admission::Open if !self.clock.is_trusted() => Some("clock"),
            Admission::Open => None,
            Admission::RingLow => Some("journal"),
            Admission::StorageLow | Admission::StorageFull => Some("storage"),
        }
    }

    /// Puts another desk in force. The version it then has.
    ///
    /// # Errors
    /// Why it is not in force; then nothing has changed.
    pub fn replace_desk(&mut self, mut new: Desk, before: &str, by: &str) -> Result<String, NotReplaced> {
        if self.desk.version() != before {
            return Err(NotReplaced::Stale);
        }
        // Keys the box itself added are not part of any file.
        new.keep_secrets_from(&self.desk);
        let others: Vec<String> =
            changed_passwords(&self.desk, &new).into_iter().map(str::to_owned).collect();
        let new = Arc::new(new);
        let shown = self.signs();
        let routing = self.routing_of(&new).map_err(NotReplaced::TooMany)?;
        // Before what follows from it: a crash in between leaves the new desk with work the next start carries through,
        // and not the old one with work taken from it.
        self.put_desk(&new, by).map_err(NotReplaced::TooLarge)?;
        self.adopt(Arc::clone(&new), routing);
        self.tell_hours(&shown);
        boot::set_tokens(&self.tokens, &new);
        self.board.show(Arc::clone(&new));
        self.end_orphans();
        self.forget_users();
        for username in others {
            self.end_others(&username, |_| false);
        }
        self.audit(by, "desk", new.version(), String::new());
        Ok(new.version())
    }

    /// Writes a desk down as the newest version.
    pub(super) fn put_desk(&mut self, desk: &Desk, by: &str) -> Result<(), TooLarge> {
        let rows = self.history.next(desk, by)?;
        self.make_room(rows.iter().map(|(_, key, value)| Batch::<Out>::bytes_of(key, value)).sum());
        for (table, key, value) in rows {
            self.put_bytes(table, &key, &value);
        }
        Ok(())
    }

    /// Sockets of staff whom the desk no longer has end.
    fn end_orphans(&mut self) {
        let gone: Vec<TokenHash> = self
            .connections
            .all_staff()
            .filter(|(_, _, staff)| self.desk.agent(&staff.username).is_none())
            .map(|(_, _, staff)| staff.token)
            .collect();
        for token in gone {
            self.end_token(&token);
        }
    }

    /// A work item comes in. The same name again is the same item while it is open; afterwards a new one that
    /// opens the old again, offered to its last agent first (D-21). The id, and whether it is new.
    pub fn work_item(
        &mut self,
        card: Card,
        external_id: &str,
        known: Option<(WorkItem, Card)>,
    ) -> Result<(u64, bool), Refusal> {
        // Two calls at once: the first one's is in the table by now.
        let same = self
            .cards
            .values()
            .find(|other| other.kind == "case" && other.external_id.as_deref() == Some(external_id));
        if let Some(open) = same {
            return Ok((open.id, false));
        }
        if let Some((item, old)) = &known
            && old.state != "closed"
        {
            return Ok((item.conversation, false));
        }
        if let Some(refusal) = self.no_room() {
            return Err(refusal);
        }
        let last = known.as_ref().and_then(|(_, old)| old.agent.as_deref());
        let preferred = last.and_then(|agent| self.names.agents.row(agent)).map(AgentId);
        match self.arrive(card, None, preferred, false, None) {
            Some(Answer::Started(id)) => {
                let reopens = known.map(|(item, _)| item.conversation);
                let record = WorkItem { conversation: id.0, reopens };
                self.put(Table::WorkItems, external_id.as_bytes(), &record);
                Ok((id.0, true))
            }
            Some(Answer::Refused(refusal)) => Err(refusal),
            _ => Err(Refusal::NotFound),
        }
    }

    /// What the metrics show.
    pub fn figures(&self) -> Figures {
        let (staff, customers) = self.connections.counts();
        let (used, capacity) = self.engine.occupancy();
        let one =
            |name, help, value: f64| Figure { name, help, counter: false, values: vec![(vec![], value)] };
        let mut states: Vec<(&'static str, f64)> = Vec::new();
        for row in self.engine.conversations() {
            let name = row.state().name();
            match states.iter_mut().find(|(known, _)| *known == name) {
                Some((_, count)) => *count += 1.0,
                None => states.push((name, 1.0)),
            }
        }
        let waiting = self.desk.queues.iter().filter_map(|queue| {
            let id = crate::desk::Id::as_str(&queue.id);
            let row = self.names.queues.row(id).map(crate::engine::id::QueueId)?;
            Some((vec![("queue", id.to_owned())], f64::from(self.engine.line_len(row))))
        });
        let unwatched = self.desk.queues.iter().filter_map(|queue| {
            let id = crate::desk::Id::as_str(&queue.id);
            let row = self.names.queues.row(id).map(crate::engine::id::QueueId)?;
            Some((vec![("queue", id.to_owned())], self.lines.unwatched(row) as f64))
        });
        let faults = self.door.faults();
        let names = ["binary", "not_utf8", "too_large", "protocol"];
        Figures {
            rows: vec![
                one("deskbell_up_seconds", "Seconds since the start.", self.started.elapsed().as_secs_f64()),
                one("deskbell_sockets_staff", "Sockets of staff.", staff as f64),
                one("deskbell_sockets_customer", "Sockets of customers.", customers as f64),
                one("deskbell_visitors", "Visitors at hand.", self.visitors.len() as f64),
                one("deskbell_conversations_max", "Conversations the table holds.", f64::from(capacity)),
                one("deskbell_conversations_open", "Conversations in the table.", f64::from(used)),
                one("deskbell_store_durable", "The last batch on disk.", self.store.durable().0 as f64),
                one("deskbell_store_applied", "The last batch readers see.", self.store.applied().0 as f64),
                self.invite_figure(),
                one(
                    "deskbell_outbound_waiting",
                    "Messages and calls to other systems that wait to go out.",
                    self.outbox.len() as f64,
                ),
                Figure {
                    name: "deskbell_conversations",
                    help: "Conversations in the table by state.",
                    counter: false,
                    values: states
                        .into_iter()
                        .map(|(state, count)| (vec![("state", state.to_owned())], count))
                        .collect(),
                },
                Figure {
                    name: "deskbell_queue_waiting",
                    help: "Conversations in line by queue.",
                    counter: false,
                    values: waiting.collect(),
                },
                Figure {
                    name: "deskbell_queue_unwatched_total",
                    help: "Times somebody had waited a minute and nobody could take it, by queue.",
                    counter: true,
                    values: unwatched.collect(),
                },
                Figure {
                    name: "deskbell_sip_refused_total",
                    help: "SIP datagrams turned away by kind.",
                    counter: true,
                    values: self
                        .calls
                        .turned_away
                        .each()
                        .into_iter()
                        .map(|(kind, count)| (vec![("kind", kind.to_owned())], count as f64))
                        .collect(),
                },
                Figure {
                    name: "deskbell_socket_faults_total",
                    help: "Broken rules of the socket by kind.",
                    counter: true,
                    values: names
                        .into_iter()
                        .zip(faults)
                        .map(|(kind, count)| (vec![("kind", kind.to_owned())], count as f64))
                        .collect(),
                },
            ],
        }
    }
}
