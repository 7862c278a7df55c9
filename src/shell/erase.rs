//! Erasing a contact's personal data on request: what she said, what was noted of her, who she was. What is kept
//! are counts: that there were conversations, when, with whom, how they ended.
//!
//! A long past is erased in steps, one batch each, so that nobody waits for it; the answer comes with the last.
//! The end of it is a checkpoint, a ring overwritten with zeros, and a state written anew at the next start
//! (`store/scrub.rs`); a backup made before keeps what it has, and the answer names it.

use std::sync::Arc;

use serde_json::json;

use super::Shell;
use super::agents::Desk;
use super::backups;
use super::belongings::{self, Row};
use super::card::{Card, Customer};
use super::clock::real_wall_ms;
use super::contacts::number_of;
use super::reads::{self, conversation_key, list_key};
use super::records::{Contact, DeskVersion, Erasure};
use super::wire::Stamp;
use crate::desk::{LoadOptions, load_with};
use crate::engine::refusal::Refusal;
use crate::limits::{DESK_STORED_BYTES_MAX, ERASED_ROWS_MAX};
use crate::store::{Direction, ReadError, Rewrite, Snapshot, Table};

/// What one step does.
enum Step {
    /// Delete these, then look again.
    Rows(Vec<Row>),
    /// This conversation holds nothing of hers any more but its card.
    Bare(Box<Card>),
    /// One of her conversations is open.
    Open,
    /// A version of the desk that still named her, by its key, without her; look on behind it.
    Desk(Vec<u8>, DeskVersion),
    /// Nothing names her any more.
    Through,
}

impl Shell {
    /// Supervisors only; not while a conversation with her is open.
    pub(super) fn erase_contact(&mut self, desk: Desk, name: &str, reason: String) -> Result<(), Refusal> {
        let (number, _) = self.readable_contact(desk, name)?;
        let job = move |snapshot: &Snapshot| any_open(snapshot, number);
        let name = name.to_owned();
        let then = move |shell: &mut Shell, open: bool| {
            // What began while the store was read is in the table.
            if open || shell.cards.values().any(|card| card.contact == Some(number)) {
                return shell.refuse(desk.conn, desk.re, Refusal::NotAllowed);
            }
            let by = shell.names_of(desk.agent).0;
            shell.audit(&by, "contact_erase", name, reason);
            let erasure = Erasure { at_ms: shell.now.wall_ms, by: by.clone() };
            shell.put(Table::Erasures, &number.to_be_bytes(), &erasure);
            shell.forget_contact(number, &by);
            shell.erase_step(Some(desk), number, Vec::new());
        };
        self.read_for(desk.conn, job, then, desk.re);
        Ok(())
    }

    /// From here on nobody finds her: her record is an empty stone, and the desk in force does not name her.
    fn forget_contact(&mut self, number: u64, by: &str) {
        let erased = Contact { erased_ms: Some(self.now.wall_ms), ..Contact::default() };
        // The stone takes the place of her record; where none was, a file's contact goes with the desk below.
        if self.contacts.put(number, erased.clone()) {
            self.put(Table::Contacts, &number.to_be_bytes(), &erased);
        }
        if self.desk.contacts.iter().any(|contact| number_of(contact) == number) {
            let mut new = (*self.desk).clone();
            new.contacts.retain(|contact| number_of(contact) != number);
            // One contact shorter than what is stored.
            if let Err(error) = self.put_desk(&new, by) {
                log::error!("the desk still names an erased contact: {error}");
            }
            let new = Arc::new(new);
            self.desk = Arc::clone(&new);
            self.contacts.take_over(&new);
            self.board.show(new);
        }
    }

    /// Goes on with erasures that a restart, or a conversation begun meanwhile, has cut short.
    pub(super) fn resume_erasures(&mut self) {
        let sequence = self.watermark();
        let job =
            |snapshot: &Snapshot| snapshot.range(Table::Erasures, .., ERASED_ROWS_MAX, Direction::Forward);
        self.readers.clone().spawn(&self.door.clone(), sequence, job, |shell, found| {
            for (key, _) in found.map(|page| page.rows).unwrap_or_default() {
                if let Some(number) = reads::conversation_of(&key) {
                    log::info!("an erasure goes on where it was cut short");
                    shell.erase_step(None, number, Vec::new());
                }
            }
        });
    }

    /// One step, and the next when it is done; versions of the desk are looked through from `desks_from` on. Two that
    /// go on with one contact do no harm: each looks again.
    fn erase_step(&mut self, desk: Option<Desk>, number: u64, desks_from: Vec<u8>) {
        let sequence = self.watermark();
        let job = move |snapshot: &Snapshot| step(snapshot, number, desks_from);
        self.readers.clone().spawn(&self.door.clone(), sequence, job, move |shell, step| match step {
            Ok(Step::Rows(rows)) => {
                for (table, key) in rows {
                    shell.delete_row(table, &key);
                }
                shell.erase_step(desk, number, Vec::new());
            }
            Ok(Step::Bare(card)) => {
                shell.forget_unsent(card.id);
                shell.delete(Table::ContactConversations, &list_key(number, card.started_ms, card.id));
                let bare = bare(*card);
                shell.put(Table::Conversations, &conversation_key(bare.id), &bare);
                shell.trace_erased(&bare);
                shell.erase_step(desk, number, Vec::new());
            }
            Ok(Step::Desk(key, version)) => {
                shell.put(Table::Desk, &key, &version);
                shell.erase_step(desk, number, behind(key));
            }
            Ok(Step::Through) => {
                shell.delete(Table::Erasures, &number.to_be_bytes());
                shell.erased(desk);
            }
            Ok(Step::Open) => shell.erasure_refused(desk, Refusal::NotAllowed),
            Err(error) => {
                log::error!("erasing a contact stopped: {error:?}");
                shell.erasure_refused(desk, Refusal::Unavailable);
            }
        });
    }

    /// Through: what was deleted leaves the ring now and the state at the next start. Who asked is told which
    /// backups still hold it, and until when.
    fn erased(&mut self, desk: Option<Desk>) {
        self.flush();
        self.store.scrub();
        let Some(desk) = desk else { return };
        let sequence = self.watermark();
        self.readers.clone().spawn(&self.door.clone(), sequence, backups::noted, move |shell, noted| {
            let now_ms = real_wall_ms();
            let noted = noted.unwrap_or_default().into_iter().map(|(_, record)| record);
            let still = noted.filter(|record| record.until_ms.is_none_or(|until_ms| until_ms > now_ms));
            let held: Vec<_> = still
                .map(|record| {
                    json!({
                        "at": Stamp(record.at_ms).to_string(),
                        "to": record.to,
                        "sealed": record.sealed,
                        "until": record.until_ms.map(|until_ms| Stamp(until_ms).to_string()),
                    })
                })
                .collect();
            let pages = shell.store.rewrite().map(pages_word);
            let frame = json!({ "t": "ok", "re": desk.re(), "backups": held, "pages": pages });
            shell.send(desk.conn, frame.to_string());
        });
    }

    /// It stays written down, and the next sweep tries again.
    fn erasure_refused(&mut self, desk: Option<Desk>, refusal: Refusal) {
        if let Some(desk) = desk {
            self.refuse(desk.conn, desk.re, refusal);
        }
    }
}

/// When the freed pages of the state lose what was in them, as frames and `deskbell doctor` say it.
pub(super) fn pages_word(rewrite: Rewrite) -> &'static str {
    match rewrite {
        Rewrite::AtNextStart => "next_start",
        Rewrite::TooLarge(_) => "too_large",
        Rewrite::NoRoom(_) => "no_room",
    }
}

/// What is kept of a conversation: numbers, times, names of staff and settings.
fn bare(card: Card) -> Card {
    let wrapups = card.wrapups.into_iter().map(|mut wrapup| {
        wrapup.comment = None;
        wrapup
    });
    Card {
        customer: Customer { locale: card.customer.locale, ..Customer::default() },
        contact: None,
        comment: None,
        page: None,
        context: Vec::new(),
        answers: Vec::new(),
        rating: card.rating.map(|(score, _)| (score, String::new())),
        wrapups: wrapups.collect(),
        ..card
    }
}

fn any_open(snapshot: &Snapshot, number: u64) -> Result<bool, ReadError> {
    let (mut low, high) = (list_key(number, 0, 0).to_vec(), list_key(number, -1, u64::MAX));
    loop {
        let page = snapshot.range(
            Table::ContactConversations,
            &low[..]..&high[..],
            ERASED_ROWS_MAX,
            Direction::Forward,
        )?;
        for (key, _) in &page.rows {
            let Some(id) = reads::conversation_of(key) else { continue };
            if reads::card(snapshot, id)?.is_some_and(|card| card.state != "closed") {
                return Ok(true);
            }
        }
        match page.rows.into_iter().next_back().filter(|_| page.more) {
            Some((key, _)) => low = behind(key),
            None => return Ok(false),
        }
    }
}

/// The next thing to do: what hangs on the oldest conversation, then its card; then the next one's; then the versions
/// of the desk from `desks_from` on.
fn step(snapshot: &Snapshot, number: u64, desks_from: Vec<u8>) -> Result<Step, ReadError> {
    let (low, high) = (list_key(number, 0, 0), list_key(number, -1, u64::MAX));
    let page = snapshot.range(Table::ContactConversations, &low[..]..&high[..], 1, Direction::Forward)?;
    let Some((key, _)) = page.rows.first() else { return next_desk(snapshot, number, desks_from) };
    let listed = |key: &Vec<u8>| Step::Rows(vec![(Table::ContactConversations, key.clone())]);
    let Some(id) = reads::conversation_of(key) else { return Ok(listed(key)) };
    Ok(match reads::card(snapshot, id)? {
        Some(card) if card.state != "closed" => Step::Open,
        Some(card) => {
            // By the key it was found under, so that no list is gone through twice.
            let card = Card { contact: Some(number), ..card };
            let rows = belongings::personal(snapshot, &card)?;
            if rows.iter().all(|row| *row == (Table::ContactConversations, key.clone())) {
                Step::Bare(Box::new(card))
            } else {
                // Her list last: a restart in the middle still finds the conversation by it.
                Step::Rows(rows.into_iter().filter(|row| row.1 != *key).collect())
            }
        }
        None => listed(key),
    })
}

/// Older versions of the desk name her too; undo must not bring her back. One at a time: all of them were no batch's
/// size, nor anybody's memory.
fn next_desk(snapshot: &Snapshot, number: u64, mut low: Vec<u8>) -> Result<Step, ReadError> {
    loop {
        let page = snapshot.range(Table::Desk, &low[..].., ERASED_ROWS_MAX, Direction::Forward)?;
        for (key, value) in &page.rows {
            let Some(version) = reads::decoded::<DeskVersion>(value) else { continue };
            let options = LoadOptions { stored: true, allow_missing_secrets: true, ..LoadOptions::default() };
            let Ok(mut loaded) = load_with(&version.toml, options) else { continue };
            let before = loaded.desk.contacts.len();
            loaded.desk.contacts.retain(|contact| number_of(contact) != number);
            if loaded.desk.contacts.len() < before {
                let toml = loaded.desk.export_stored();
                if toml.len() > DESK_STORED_BYTES_MAX {
                    // Of a version whose defaults were fewer, and within a hair of the bound.
                    log::error!("a former desk is too large to be written without an erased contact");
                    continue;
                }
                return Ok(Step::Desk(key.clone(), DeskVersion { toml, ..version }));
            }
        }
        match page.rows.into_iter().next_back().filter(|_| page.more) {
            Some((key, _)) => low = behind(key),
            None => return Ok(Step::Through),
        }
    }
}

/// The next key there can be.
fn behind(mut key: Vec<u8>) -> Vec<u8> {
    key.push(0);
    key
}
