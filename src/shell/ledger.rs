//! Each agent's own ledger: what was put to her, how it ended, and the rule that applied; for her eyes (REQ S2-1).

use serde::{Deserialize, Serialize};

use super::Shell;
use super::reads;
use crate::engine::effect::OfferEnd;
use crate::engine::id::{AgentId, Handle};
use crate::engine::presence::Status;
use crate::engine::settings::OfferKind;
use crate::limits::{ERASED_ROWS_MAX, LEDGER_DAYS_MAX};
use crate::store::records::records;
use crate::store::{Direction, ReadError, Row, Snapshot, Table};

/// One line (table `Ledger`, key agent, when, n). Names of settings, never of customers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerLine {
    /// When it ended, product clock.
    pub at_ms: i64,
    /// About which.
    pub conversation: u64,
    /// Why it was put to her: `incoming returned transfer conference escalation assigned`.
    pub kind: String,
    /// Queue id.
    pub queue: String,
    /// `accepted rejected missed undelivered expired withdrawn max_sessions`.
    pub end: String,
    /// The presence the rule then set.
    pub presence: Option<String>,
}

records! {
    LedgerLine = "ledger line",
}

/// What all keys of an agent's ledger begin with.
fn prefix(agent: &str) -> Vec<u8> {
    let mut key = agent.as_bytes().to_vec();
    key.push(0);
    key
}

fn key(agent: &str, at_ms: i64, n: u64) -> Vec<u8> {
    let mut key = prefix(agent);
    key.extend_from_slice(&(at_ms as u64).to_be_bytes());
    key.extend_from_slice(&n.to_be_bytes());
    key
}

/// Where a line stands in its ledger: when, and which of that moment.
pub type Place = (i64, u64);

/// A page of an agent's lines, newest first, each with its place; and whether there are older ones.
pub fn page(
    snapshot: &Snapshot,
    agent: &str,
    before: Option<Place>,
    limit: usize,
) -> Result<(Vec<(Place, LedgerLine)>, bool), ReadError> {
    let low = key(agent, 0, 0);
    let high = before.map_or_else(|| key(agent, -1, u64::MAX), |(at_ms, n)| key(agent, at_ms, n));
    let page = snapshot.range(Table::Ledger, &low[..]..&high[..], limit, Direction::Backward)?;
    let lines = page.rows.iter().filter_map(|(key, value)| Some((place(key)?, reads::decoded(value)?)));
    Ok((lines.collect(), page.more))
}

fn place(key: &[u8]) -> Option<Place> {
    let (at, n) = key.last_chunk::<16>()?.split_at(8);
    let number = |bytes: &[u8]| Some(u64::from_be_bytes(bytes.try_into().ok()?));
    Some((number(at)? as i64, number(n)?))
}

fn kind_name(kind: OfferKind) -> &'static str {
    match kind {
        OfferKind::Incoming => "incoming",
        OfferKind::Returned => "returned",
        OfferKind::Transfer => "transfer",
        OfferKind::Conference => "conference",
        OfferKind::Escalation => "escalation",
        OfferKind::Assigned => "assigned",
    }
}

impl Shell {
    /// An offer has ended.
    pub(super) fn enter_offer(
        &mut self,
        conversation: Handle,
        agent: AgentId,
        kind: OfferKind,
        end: OfferEnd,
    ) {
        let (end, presence) = match end {
            OfferEnd::Accepted => ("accepted", None),
            OfferEnd::Rejected => ("rejected", self.desk.reject_enabled.then_some(Status::DoNotDisturb)),
            OfferEnd::Missed => ("missed", self.desk.missed_enabled.then_some(Status::Inactive)),
            OfferEnd::Undelivered => ("undelivered", None),
            OfferEnd::Expired => ("expired", None),
            OfferEnd::Withdrawn => ("withdrawn", None),
        };
        self.enter(conversation, agent, kind_name(kind), end, presence);
    }

    /// She was passed over for her ten sessions (S2-33).
    pub(super) fn enter_cap(&mut self, conversation: Option<Handle>, agent: AgentId) {
        if let Some(conversation) = conversation {
            self.enter(conversation, agent, "incoming", "max_sessions", Some(Status::DoNotDisturb));
        }
    }

    fn enter(
        &mut self,
        conversation: Handle,
        agent: AgentId,
        kind: &str,
        end: &str,
        presence: Option<Status>,
    ) {
        let Some(view) = self.engine.view(conversation) else { return };
        let (id, queue) = (view.id.0, view.queue);
        let line = LedgerLine {
            at_ms: self.now.wall_ms,
            conversation: id,
            kind: kind.to_owned(),
            queue: self.names.queues.name(queue.0).map_or_else(String::new, |name| name.to_string()),
            end: end.to_owned(),
            presence: presence.map(|status| status.name().to_owned()),
        };
        let (username, _) = self.names_of(agent);
        self.put(Table::Ledger, &key(&username, line.at_ms, super::keys::random()), &line);
    }

    /// A new day: what is older than the ledger reaches back goes, a bounded piece at a time.
    pub(super) fn trim_ledgers(&mut self) {
        let before_ms = self.now.wall_ms - LEDGER_DAYS_MAX * 24 * 3_600_000;
        let agents: Vec<String> = self.desk.agents.iter().map(|agent| agent.username.to_string()).collect();
        let sequence = self.watermark();
        let job = move |snapshot: &Snapshot| {
            let mut old: Vec<Row> = Vec::new();
            for agent in &agents {
                let (low, high) = (key(agent, 0, 0), key(agent, before_ms.max(0), 0));
                let room = ERASED_ROWS_MAX - old.len();
                let page = snapshot.range(Table::Ledger, &low[..]..&high[..], room, Direction::Forward)?;
                old.extend(page.rows);
                if old.len() >= ERASED_ROWS_MAX {
                    break;
                }
            }
            Ok(old)
        };
        self.readers.clone().spawn(
            &self.door.clone(),
            sequence,
            job,
            |shell, old: Result<Vec<Row>, ReadError>| {
                let old = old.unwrap_or_default();
                let more = old.len() >= ERASED_ROWS_MAX;
                for (key, _) in old {
                    shell.delete(Table::Ledger, &key);
                }
                if more {
                    shell.trim_ledgers();
                }
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden;

    #[test]
    fn a_line_s_place_is_read_back_from_its_key() {
        assert_eq!(place(&key("alice", 1000, 7)), Some((1000, 7)));
        assert!(key("alice", 5, 0) < key("alice", 6, 0) && key("alice", -1, 0) < key("alicf", 0, 0));
    }

    golden!(
        a_ledger_line_is_stored_as,
        LedgerLine {
            at_ms: 1000,
            conversation: 42,
            kind: "incoming".into(),
            queue: "front".into(),
            end: "missed".into(),
            presence: Some("inactive".into())
        },
        "01d00f2a08696e636f6d696e670566726f6e74066d69737365640108696e616374697665"
    );
}
