//! Showing what is masked: once, to the roles the desk names, with a reason, written down (REQ D-20).

use super::Shell;
use super::agents::{Desk, number};
use super::card::Card;
use super::reads::{self, list_key, message_key};
use super::records::{Audit, Message};
use crate::agent::answer;
use crate::agent::frames::{ContactField, Revealed};
use crate::desk::{Role, Word};
use crate::engine::refusal::Refusal;
use crate::store::{Snapshot, Table};

impl Shell {
    /// A masked value, shown once to a role that may, and written down (D-20).
    pub(super) fn reveal(&mut self, desk: Desk, what: Revealed, reason: String) -> Result<(), Refusal> {
        let (username, _) = self.names_of(desk.agent);
        let roles = self.desk.agent(&username).map_or(&[][..], |agent| &agent.roles);
        let may = |role: &Role| self.desk.masking.reveal.iter().any(|known| known.word() == role.word());
        if !roles.iter().any(may) {
            return Err(Refusal::Forbidden);
        }
        match what {
            Revealed::Message { conversation, seq } => {
                let id = number(&conversation)?;
                let allowed = desk.supervisor || self.may_read_live(desk, id);
                let reader = username.clone();
                let subject = format!("{conversation}/{seq}");
                let job = move |snapshot: &Snapshot| {
                    // What was hers stays hers to read, the end included.
                    let hers = |card: Card| card.agents.contains(&reader);
                    if !allowed && !reads::card(snapshot, id)?.is_some_and(hers) {
                        return Ok(None);
                    }
                    let value = snapshot.get(Table::Messages, &message_key(id, seq))?;
                    Ok(value.as_deref().and_then(reads::decoded::<Message>))
                };
                let then = move |shell: &mut Shell, message: Option<Message>| match message {
                    Some(message) => {
                        shell.audit(&username, "reveal", subject, reason);
                        shell.send(desk.conn, answer::revealed(desk.re(), &message.text));
                    }
                    None => shell.refuse(desk.conn, desk.re, Refusal::NotFound),
                };
                self.read_for(desk.conn, job, then, desk.re);
            }
            Revealed::Field { contact, field } => {
                let stored = self.readable_contact(desk, &contact)?.1;
                let (value, name) = match field {
                    ContactField::Name => (Some(stored.name.clone()), "name"),
                    ContactField::Email => (stored.email.clone(), "email"),
                    ContactField::Mobile => {
                        (stored.mobile.clone().or_else(|| stored.phone.clone()), "mobile")
                    }
                    ContactField::Phone => (stored.phone.clone().or_else(|| stored.mobile.clone()), "phone"),
                };
                let value = value.ok_or(Refusal::NotFound)?;
                self.audit(&username, "reveal", format!("{contact}/{name}"), reason);
                self.send(desk.conn, answer::revealed(desk.re(), &value));
            }
        }
        Ok(())
    }

    /// One line of the audit log.
    pub(super) fn audit(&mut self, by: &str, action: &str, subject: String, reason: String) {
        let at_ms = self.now.wall_ms;
        let record = Audit { at_ms, by: by.to_owned(), action: action.to_owned(), subject, reason };
        let key = list_key(at_ms as u64, 0, super::keys::random());
        self.put(Table::Audit, &key, &record);
    }
}
