//! Stored contacts as staff may see them (REQ S1-12, D-15, D-20).

use serde::Serialize;

use super::customer::initials;
use super::pack::{Object, encode, fitting};
use super::project::View;
use super::rest::Exported;
use crate::limits::FIELD_CHARS_MAX;
use crate::masking::Field;
use crate::shell::records::{Contact, Note};
use crate::shell::wire::{ContactName, Stamp};

#[derive(Serialize)]
struct ContactBody {
    id: ContactName,
    name: String,
    initials: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mobile: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    /// Fields of which something is hidden: `reveal` shows them, an edit replaces them.
    masked: Vec<&'static str>,
}

impl View<'_> {
    /// Answers `contact`, and what changes one.
    pub fn contact(&self, re: i64, number: u64, contact: &Contact) -> String {
        super::answer::begin(Some(re)).field("contact", &self.contact_body(number, contact)).finish()
    }

    /// Answers `contact_find`.
    pub fn contacts(&self, re: i64, found: &[(u64, &Contact)], more: bool) -> String {
        let items: Vec<String> =
            found.iter().map(|(number, contact)| encode(&self.contact_body(*number, contact))).collect();
        let mut answer = super::answer::begin(Some(re));
        let kept = fitting(&items, answer.room());
        answer.list("items", &items[..kept]).field("more", &(more || kept < items.len())).finish()
    }

    /// `GET /api/v1/contacts/ID/export`: all that is kept of a contact, or as much as one answer holds.
    pub fn export(&self, number: u64, contact: &Contact, items: &[Exported], more: bool) -> String {
        let one = |item: &Exported| {
            let note = |note: &Note| {
                let body = serde_json::json!({
                    "at": Stamp(note.at_ms).to_string(), "by": note.by.0, "text": self.text(&note.text),
                });
                body.to_string()
            };
            let notes: Vec<String> = item.notes.iter().map(note).collect();
            let conversation = self.conversation(&item.card, &item.messages, item.more);
            format!("{{\"conversation\":{conversation},\"notes\":[{}]}}", notes.join(","))
        };
        let items: Vec<String> = items.iter().map(one).collect();
        Object::new()
            .field("contact", &self.contact_body(number, contact))
            .list("conversations", &items)
            .field("more", &more)
            .finish()
    }

    fn contact_body(&self, number: u64, contact: &Contact) -> ContactBody {
        let shown = |field, text: &String| self.line(field, text, FIELD_CHARS_MAX);
        let name = self.name(&contact.name);
        let email = contact.email.as_ref().map(|text| shown(Field::Email, text));
        let mobile = contact.mobile.as_ref().map(|text| shown(Field::Phone, text));
        let phone = contact.phone.as_ref().map(|text| shown(Field::Phone, text));
        let hidden = [
            ("name", name != contact.name),
            ("email", email != contact.email),
            ("mobile", mobile != contact.mobile),
            ("phone", phone != contact.phone),
        ];
        ContactBody {
            id: ContactName(number),
            initials: initials(&name),
            name,
            email,
            mobile,
            phone,
            masked: hidden.into_iter().filter(|(_, is)| *is).map(|(field, _)| field).collect(),
        }
    }
}
