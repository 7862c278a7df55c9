//! What staff do with contacts: look, link, keep, change. Whoever talks to a contact may; supervisors always.

use super::Shell;
use super::agents::{Desk, number};
use super::keys::random;
use super::reads::list_key;
use super::records::Contact;
use super::text;
use super::wire::ContactName;
use crate::agent::answer;
use crate::agent::frames::ContactChange;
use crate::engine::id::ConversationId;
use crate::engine::refusal::Refusal;
use crate::store::Table;

impl Shell {
    /// A contact that this agent may see: of a conversation she holds, or any for a supervisor.
    pub(super) fn readable_contact(&self, desk: Desk, name: &str) -> Result<(u64, &Contact), Refusal> {
        let number = ContactName::parse(name).ok_or(Refusal::NotFound)?.0;
        if !desk.supervisor && !self.contacts_of(desk.agent).contains(&number) {
            return Err(Refusal::NotFound);
        }
        Ok((number, self.contacts.get(number).ok_or(Refusal::NotFound)?))
    }

    pub(super) fn show_contact(&mut self, desk: Desk, name: &str) -> Result<(), Refusal> {
        let (number, contact) = self.readable_contact(desk, name)?;
        let frame = self.view().contact(desk.re(), number, contact);
        self.send(desk.conn, frame);
        Ok(())
    }

    pub(super) fn find_contacts(&mut self, desk: Desk, wanted: &str, limit: usize) {
        let (found, more) = match wanted.trim() {
            "" => (Vec::new(), false),
            wanted => self.contacts.search(wanted, limit),
        };
        let frame = self.view().contacts(desk.re(), &found, more);
        self.send(desk.conn, frame);
    }

    /// Says who the customer is, or that nobody known is.
    pub(super) fn link_contact(
        &mut self,
        desk: Desk,
        conversation: &str,
        name: Option<&str>,
    ) -> Result<(), Refusal> {
        let id = self.talked_in(desk, conversation)?;
        let contact = match name {
            None => None,
            Some(name) => {
                let number = ContactName::parse(name).ok_or(Refusal::NotFound)?.0;
                self.contacts.get(number).ok_or(Refusal::NotFound)?;
                Some(number)
            }
        };
        self.send(desk.conn, answer::ok(desk.re()));
        self.link(id, contact);
        Ok(())
    }

    /// Keeps the customer as a contact; one who is known already is linked instead.
    pub(super) fn new_contact(&mut self, desk: Desk, conversation: &str) -> Result<(), Refusal> {
        let id = self.talked_in(desk, conversation)?;
        let customer = self.cards.get(&id).map(|card| card.customer.clone()).ok_or(Refusal::NotFound)?;
        let known = self.contacts.find(&customer);
        let number = match known {
            Some(number) => number,
            None => {
                let given = |text: &String| (!text.is_empty()).then(|| text.clone());
                let contact = Contact {
                    name: customer.name.clone(),
                    email: given(&customer.email),
                    mobile: given(&customer.phone),
                    phone: None,
                    erased_ms: None,
                };
                if contact.name.is_empty() && contact.email.is_none() && contact.mobile.is_none() {
                    return Err(Refusal::NotAllowed);
                }
                let number = random().max(1);
                self.keep_contact(number, contact)?;
                number
            }
        };
        let frame =
            self.view().contact(desk.re(), number, self.contacts.get(number).ok_or(Refusal::NotFound)?);
        self.send(desk.conn, frame);
        self.link(id, Some(number));
        Ok(())
    }

    /// Replaces the fields given. What is sent back as it was shown is refused: the stars would be stored.
    pub(super) fn edit_contact(
        &mut self,
        desk: Desk,
        name: &str,
        change: ContactChange,
    ) -> Result<(), Refusal> {
        let (number, stored) = self.readable_contact(desk, name)?;
        let mut contact = stored.clone();
        let mut changed = Vec::new();
        let masker = self.masker();
        if let Some(new) = change.name {
            let new = text::field(&new)?.to_owned();
            let shown = masker.mask_name(&contact.name);
            if new.is_empty() || new == shown && new != contact.name {
                return Err(Refusal::BadRequest);
            }
            contact.name = new;
            changed.push("name");
        }
        let fields = [
            ("email", change.email, &mut contact.email),
            ("mobile", change.mobile, &mut contact.mobile),
            ("phone", change.phone, &mut contact.phone),
        ];
        for (field, new, place) in fields {
            let Some(new) = new else { continue };
            *place = match new {
                None => None,
                Some(new) => Some(whole_field(field, &new)?),
            };
            changed.push(field);
        }
        if changed.is_empty() {
            return Err(Refusal::BadRequest);
        }
        self.keep_contact(number, contact)?;
        let by = self.names_of(desk.agent).0;
        self.audit(&by, "contact_edit", ContactName(number).to_string(), changed.join(", "));
        let frame =
            self.view().contact(desk.re(), number, self.contacts.get(number).ok_or(Refusal::NotFound)?);
        self.send(desk.conn, frame);
        Ok(())
    }

    /// A conversation of the table in which this agent has a part.
    fn talked_in(&self, desk: Desk, conversation: &str) -> Result<u64, Refusal> {
        self.held_by(desk, conversation)?;
        let id = number(conversation)?;
        let row = self.engine.conversation(ConversationId(id));
        row.filter(|row| row.session(desk.agent).is_some()).map(|_| id).ok_or(Refusal::NotFound)
    }

    fn keep_contact(&mut self, number: u64, mut contact: Contact) -> Result<(), Refusal> {
        contact.name = self.storable(contact.name);
        if !self.contacts.put(number, contact.clone()) {
            return Err(Refusal::Full);
        }
        self.put(Table::Contacts, &number.to_be_bytes(), &contact);
        Ok(())
    }

    /// The card names its contact, the contact's list its conversation, and staff see it at once.
    fn link(&mut self, id: u64, contact: Option<u64>) {
        let Some(card) = self.cards.get_mut(&id) else { return };
        let (before, started_ms) = (std::mem::replace(&mut card.contact, contact), card.started_ms);
        if before == contact {
            return;
        }
        if let Some(before) = before {
            self.delete(Table::ContactConversations, &list_key(before, started_ms, id));
        }
        if let Some(contact) = contact {
            self.put_bytes(Table::ContactConversations, &list_key(contact, started_ms, id), &[]);
        }
        self.card_changed(id);
        self.keep_card(id);
        self.tell_session(id);
    }
}

/// A new address or number. A star in it is a mask sent back, not a value.
fn whole_field(field: &str, new: &str) -> Result<String, Refusal> {
    let new = text::field(new)?;
    let fits = match field {
        "email" => new.split_once('@').is_some_and(|(name, domain)| !name.is_empty() && domain.contains('.')),
        _ => new.chars().filter(char::is_ascii_digit).count() >= 3,
    };
    if fits && !new.contains('*') { Ok(new.to_owned()) } else { Err(Refusal::BadRequest) }
}
