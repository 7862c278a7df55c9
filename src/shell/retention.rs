//! Retention: what the desk says is to be kept so long and no longer, is deleted for good.
//!
//! A closed conversation goes with everything that hangs on it, a contact made by staff with her last
//! conversation, a line of the audit log by its age, a roster with the last decision that is read by it. Bounded steps, one a second at most, on the product clock,
//! and never by a clock that nobody trusts: a box that starts in the year 2038 must not forget its past. A sweep
//! cut short by a restart begins again with the oldest; a conversation's card goes last, so it is found again.

use super::Shell;
use super::belongings::{self, Row};
use super::reads::{self, conversation_key, list_key};
use super::roster::{Look, Looked};
use crate::limits::{ERASED_ROWS_MAX, RETENTION_CARDS_MAX};
use crate::store::{Direction, ReadError, Snapshot, Table};

const DAY_MS: i64 = 24 * 3_600_000;

/// A sweep begins this long after the last began, in product time.
const EVERY_MS: i64 = 3_600_000;

/// Key in `Meta` of the highest conversation number ever given: once the newest cards may go, they no longer tell.
pub(super) const LAST_CONVERSATION: &[u8] = b"last-conversation";

/// How far a sweep has come.
#[derive(Debug, Default)]
pub(super) enum Sweep {
    /// Nothing to do before this instant, product clock.
    #[default]
    Begin,
    Rest {
        until_ms: i64,
    },
    /// Look on from this conversation.
    From(u64),
    /// Conversations are through: now the audit log.
    Audit,
    /// Then rosters that only deleted conversations were decided by.
    Rosters(Look),
    /// A step is being read.
    Reading,
}

/// What one step found.
#[derive(Debug, Default)]
struct Step {
    rows: Vec<Row>,
    /// Contacts whose last conversation goes with these rows.
    lonely: Vec<u64>,
    /// Cards among the rows: conversations that are gone with this step.
    conversations: usize,
    /// Where to look on; none when nothing further can be due.
    next: Option<u64>,
}

impl Shell {
    /// One step of the sweep, if one is due.
    pub(super) fn sweep_retention(&mut self) {
        let now_ms = self.now.wall_ms;
        match self.retention {
            Sweep::Reading => return,
            Sweep::Rest { until_ms } if now_ms < until_ms => return,
            Sweep::Begin | Sweep::Rest { .. } => {
                if !self.clock.is_trusted() {
                    return;
                }
                self.resume_erasures();
                self.retention = Sweep::From(0);
            }
            Sweep::From(_) | Sweep::Audit | Sweep::Rosters(_) => {}
        }
        let now = std::mem::replace(&mut self.retention, Sweep::Reading);
        match (now, self.desk.retention_days, self.desk.audit_days) {
            (Sweep::From(from), days @ 1.., _) => {
                self.sweep_conversations(from, now_ms - i64::from(days) * DAY_MS)
            }
            (Sweep::From(_), ..) => self.retention = Sweep::Audit,
            (Sweep::Rosters(look), ..) => self.sweep_rosters(look),
            (_, _, days @ 1..) => self.sweep_audit(now_ms - i64::from(days) * DAY_MS),
            _ => self.retention = Sweep::Rosters(Look::default()),
        }
    }

    fn sweep_conversations(&mut self, from: u64, before_ms: i64) {
        let sequence = self.watermark();
        let job = move |snapshot: &Snapshot| step(snapshot, from, before_ms);
        self.readers.clone().spawn(&self.door.clone(), sequence, job, |shell, found| {
            let Ok(Step { rows, lonely, conversations, next }) = found else {
                // The store has said why; nothing is lost by waiting.
                shell.retention = Sweep::Rest { until_ms: shell.now.wall_ms + EVERY_MS };
                return;
            };
            if conversations > 0 {
                shell.put_bytes(Table::Meta, LAST_CONVERSATION, &shell.last_conversation.to_be_bytes());
                shell.retained_away += conversations as u64;
            }
            for (table, key) in rows {
                shell.delete_row(table, &key);
                // What still waits to go out goes with its conversation.
                if let Some(id) = reads::conversation_of(&key).filter(|_| table == Table::Conversations) {
                    shell.forget_unsent(id);
                }
            }
            for number in lonely {
                shell.forget_lonely(number);
            }
            shell.retention = next.map_or(Sweep::Audit, Sweep::From);
        });
    }

    /// A contact that staff made goes with her last conversation; one of the desk's file stays as long as it
    /// stands there.
    fn forget_lonely(&mut self, number: u64) {
        let in_file = self.desk.contacts.iter().any(|contact| super::contacts::number_of(contact) == number);
        let talks = self.cards.values().any(|card| card.contact == Some(number));
        if !in_file && !talks && self.contacts.forget(number) {
            self.delete(Table::Contacts, &number.to_be_bytes());
        }
    }

    fn sweep_audit(&mut self, before_ms: i64) {
        let sequence = self.watermark();
        let job = move |snapshot: &Snapshot| {
            let end = list_key(before_ms.max(0).unsigned_abs(), 0, 0);
            snapshot.range(Table::Audit, ..&end[..], ERASED_ROWS_MAX, Direction::Forward)
        };
        self.readers.clone().spawn(&self.door.clone(), sequence, job, |shell, found| {
            let more = found.as_ref().is_ok_and(|page| page.more);
            for (key, _) in found.map(|page| page.rows).unwrap_or_default() {
                shell.delete(Table::Audit, &key);
            }
            shell.retention = if more { Sweep::Audit } else { Sweep::Rosters(Look::default()) };
        });
    }

    /// A look through all decisions, after the start and whenever conversations have gone since the last one.
    fn sweep_rosters(&mut self, look: Look) {
        let rest = |shell: &Shell| Sweep::Rest { until_ms: shell.now.wall_ms + EVERY_MS };
        if self.rosters_swept == Some(self.retained_away) {
            self.retention = rest(self);
            return;
        }
        let (newest, gone) = (self.newest_roster(), self.retained_away);
        let sequence = self.watermark();
        let job = move |snapshot: &Snapshot| look.step(snapshot, newest);
        self.readers.clone().spawn(&self.door.clone(), sequence, job, move |shell, looked| {
            shell.retention = match looked {
                Ok(Looked::On(look)) => Sweep::Rosters(look),
                Ok(Looked::Through(unused)) => {
                    for number in unused {
                        shell.delete(Table::Rosters, &number.to_be_bytes());
                    }
                    shell.rosters_swept = Some(gone);
                    rest(shell)
                }
                Err(_) => rest(shell),
            };
        });
    }
}

/// The next rows of what closed before `before_ms`, from conversation `from` on.
fn step(snapshot: &Snapshot, from: u64, before_ms: i64) -> Result<Step, ReadError> {
    let low = conversation_key(from);
    let page = snapshot.range(Table::Conversations, &low[..].., RETENTION_CARDS_MAX, Direction::Forward)?;
    let mut step = Step::default();
    for (key, value) in &page.rows {
        let Some(id) = reads::conversation_of(key) else { continue };
        let Some(card) = reads::decoded::<super::card::Card>(value) else { continue };
        // Numbers are given in the order of time: whatever comes now began later still.
        if card.started_ms > before_ms {
            return Ok(Step { next: None, ..step });
        }
        if card.state != "closed" || card.ended_ms.is_none_or(|ended_ms| ended_ms > before_ms) {
            continue;
        }
        let rows = belongings::everything(snapshot, &card)?;
        let whole = rows.len() < ERASED_ROWS_MAX;
        if let Some(contact) = card.contact.filter(|_| whole)
            && is_last_of(snapshot, contact, &card)?
        {
            step.lonely.push(contact);
        }
        step.rows.extend(rows);
        if whole {
            step.rows.push((Table::Conversations, key.clone()));
            step.conversations += 1;
        }
        if step.rows.len() >= ERASED_ROWS_MAX {
            return Ok(Step { next: Some(id), ..step });
        }
    }
    let last = page.rows.last().and_then(|(key, _)| reads::conversation_of(key));
    step.next = last.filter(|_| page.more).and_then(|last| last.checked_add(1));
    Ok(step)
}

/// Whether a contact's list holds nothing but this conversation.
fn is_last_of(snapshot: &Snapshot, contact: u64, card: &super::card::Card) -> Result<bool, ReadError> {
    let (low, high) = (list_key(contact, 0, 0), list_key(contact, -1, u64::MAX));
    let page = snapshot.range(Table::ContactConversations, &low[..]..&high[..], 2, Direction::Forward)?;
    let own = list_key(contact, card.started_ms, card.id);
    Ok(page.rows.iter().all(|(key, _)| key[..] == own))
}
