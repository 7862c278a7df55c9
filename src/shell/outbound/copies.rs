//! A customer's copy of her conversation by mail, where the desk names a mail relay (B-11): as she has it, to an address she
//! gives, after the end. Only of a chat that somebody here took, and few: else whoever passes by could have the box write
//! to anybody anything.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::records::{Letters, Parcel};
use crate::agent::answer;
use crate::channels::mail::{self, is_address};
use crate::engine::refusal::Refusal;
use crate::gateway::ConnId;
use crate::limits::{MAIL_COPIES_MAX, MAIL_COPIES_PER_HOUR_MAX, MAIL_MESSAGES_MAX, MAIL_TEXT_BYTES_MAX};
use crate::ops::credentials::reveal;
use crate::shell::Shell;
use crate::shell::card::Card;
use crate::shell::clock::real_wall_ms;
use crate::shell::reads;
use crate::shell::records::{Author, Message};
use crate::store::{ReadError, Snapshot, Table};
use crate::web::words::{known, word};

/// Key in `Meta` of [`Letters`].
pub(in crate::shell) const LETTERS: &[u8] = b"letters";

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// What a copy is made of.
type Read = (Option<Card>, Vec<Message>, bool);

impl Shell {
    /// She asks for her copy.
    pub(in crate::shell) fn copy_by_mail(&mut self, conn: ConnId, re: Option<i64>, visitor: u64, to: String) {
        let id = match self.copy_wanted(visitor, &to) {
            Ok(id) => id,
            Err(refusal) => return self.refuse(conn, re, refusal),
        };
        let job = move |snapshot: &Snapshot| reads::card(snapshot, id);
        let then = move |shell: &mut Shell, stored: Option<Card>| {
            let card = shell.cards.get(&id).cloned().or(stored);
            let Some(card) = card.filter(|card| card.visitor == visitor) else {
                return shell.refuse(conn, re, Refusal::NotFound);
            };
            if card.agents.is_empty() {
                return shell.refuse(conn, re, Refusal::NotAllowed);
            }
            if let Err(wait_ms) = shell.outbox.take_copy(id, real_wall_ms()) {
                return shell.send(conn, answer::error(re, Refusal::RateLimited, Some(wait_ms)));
            }
            let letters = Letters { sent: shell.outbox.copies.iter().copied().collect() };
            shell.put(Table::Meta, LETTERS, &letters);
            shell.queue_out(id, 0, card.workstream, Parcel::Copy { to });
            shell.send(conn, answer::ok(re.unwrap_or_default()));
        };
        self.read_for(conn, job, then, re);
    }

    fn copy_wanted(&self, visitor: u64, to: &str) -> Result<u64, Refusal> {
        if self.desk.mail.is_none() {
            return Err(Refusal::NotAllowed);
        }
        if !is_address(to) {
            return Err(Refusal::BadRequest);
        }
        if !self.outbox.has_room() {
            return Err(Refusal::Full);
        }
        self.ended_of(visitor)
    }

    /// Reads what a copy is to say, and sends it.
    pub(super) fn attempt_copy(&mut self, id: u64) {
        let Some(row) = self.outbox.waiting.get(&id) else { return };
        let conversation = row.conversation;
        let live = self.cards.get(&conversation).cloned();
        let sequence = self.watermark();
        let job = move |snapshot: &Snapshot| {
            let (messages, more) = reads::messages(snapshot, conversation, None, MAIL_MESSAGES_MAX)?;
            Ok((live.or(reads::card(snapshot, conversation)?), messages, more))
        };
        // Not taken up meanwhile.
        self.put_off(id);
        let then = move |shell: &mut Shell, read: Result<Read, ReadError>| match read {
            Ok((Some(card), messages, more)) => shell.send_copy(id, &card, &messages, more),
            Ok((None, ..)) => shell.failed(id, "the conversation is gone".to_owned()),
            Err(error) => log::error!("a copy could not be read: {error:?}"),
        };
        self.readers.clone().spawn(&self.door.clone(), sequence, job, then);
    }

    fn send_copy(&mut self, id: u64, card: &Card, messages: &[Message], more: bool) {
        let under_way = self.outbox.flying.values().any(|flight| flight.outbound == id);
        let Some(row) = self.outbox.waiting.get(&id).filter(|_| !under_way) else { return };
        let Parcel::Copy { to } = &row.what else { return };
        let desk = std::sync::Arc::clone(&self.desk);
        let Some(relay) = &desk.mail else {
            return self.postpone(id, None, "the desk has no mail relay");
        };
        let language = known([card.customer.locale.as_str(), desk.locale.as_str()]);
        let zone = desk.hours.first().map_or(TimeZone::UTC, |hours| hours.zone.rules().clone());
        let text = written(language, &desk.name, &zone, messages, more);
        let subject = word(language, "copy_subject").replace("{name}", &desk.name);
        let at_s = real_wall_ms() / 1000;
        let copy = mail::Copy { id, to, subject: &subject, text: &text, at_s };
        let password = reveal(&relay.password).unwrap_or_default();
        match mail::call(relay, password, &copy) {
            Some(call) => self.fly(id, call, false),
            None => self.failed(id, "it cannot be written as a letter".to_owned()),
        }
    }
}

impl super::Outbox {
    /// Takes one copy of a conversation out of what may be sent now; else says the wait in milliseconds.
    fn take_copy(&mut self, conversation: u64, now_ms: i64) -> Result<(), u64> {
        // None of a future either: a clock that was set back must not stop letters for as long.
        self.copies.retain(|(at_ms, _)| (0..DAY_MS).contains(&(now_ms - at_ms)));
        let wait = |at_ms: i64, span_ms: i64| u64::try_from(at_ms + span_ms - now_ms).unwrap_or(1);
        let of_it = || self.copies.iter().filter(|(_, of)| *of == conversation);
        if let Some((at_ms, _)) = of_it().next().filter(|_| of_it().count() >= MAIL_COPIES_MAX) {
            return Err(wait(*at_ms, DAY_MS));
        }
        let lately = || self.copies.iter().filter(|(at_ms, _)| now_ms - at_ms < HOUR_MS);
        if let Some((at_ms, _)) = lately().next().filter(|_| lately().count() >= MAIL_COPIES_PER_HOUR_MAX) {
            return Err(wait(*at_ms, HOUR_MS));
        }
        self.copies.push_back((now_ms, conversation));
        Ok(())
    }
}

/// The letter: the newest messages that fit, as the customer has them.
fn written(language: &str, name: &str, zone: &TimeZone, messages: &[Message], more: bool) -> String {
    let at = |ms: i64, format: &str| {
        let at = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
        at.to_zoned(zone.clone()).strftime(format).to_string()
    };
    let line = |message: &Message| {
        let who = match &message.from {
            Author::Customer => word(language, "copy_you"),
            Author::Agent(_, name) | Author::Bot(name) => name,
            Author::System => "",
        };
        let colon = if who.is_empty() { "" } else { ": " };
        format!("{}  {who}{colon}{}\n", at(message.at_ms, "%Y-%m-%d %H:%M"), message.text)
    };
    let mut kept = Vec::new();
    let mut room = MAIL_TEXT_BYTES_MAX;
    for message in messages.iter().rev() {
        let line = line(message);
        let Some(left) = room.checked_sub(line.len()) else { break };
        room = left;
        kept.push(line);
    }
    let is_cut = more || kept.len() < messages.len();
    kept.reverse();
    let earlier = if is_cut { format!("{}\n", word(language, "copy_earlier")) } else { String::new() };
    format!("{name}\n\n{earlier}{}\n{}\n", kept.concat(), word(language, "copy_foot"))
}

#[cfg(test)]
mod tests {
    use super::super::Outbox;
    use super::*;

    #[test]
    fn copies_are_few_of_one_conversation_and_of_all() {
        let mut outbox = Outbox::default();
        for n in 0..MAIL_COPIES_MAX as i64 {
            assert_eq!(outbox.take_copy(1, n), Ok(()));
        }
        assert_eq!(outbox.take_copy(1, HOUR_MS), Err((DAY_MS - HOUR_MS).unsigned_abs()));
        assert_eq!(outbox.take_copy(1, DAY_MS), Ok(()));
        let mut outbox = Outbox::default();
        for n in 0..MAIL_COPIES_PER_HOUR_MAX as u64 {
            assert_eq!(outbox.take_copy(n, 0), Ok(()));
        }
        assert_eq!(outbox.take_copy(1_000, HOUR_MS - 1), Err(1));
        assert_eq!(outbox.take_copy(1_000, HOUR_MS), Ok(()));
        // The clock stood a year ahead, and is right again.
        let mut outbox = Outbox::default();
        while outbox.take_copy(1, 365 * DAY_MS).is_ok() {}
        assert_eq!(outbox.take_copy(1, DAY_MS), Ok(()));
    }
}
