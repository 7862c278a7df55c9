//! Who the customer is and where she came from, masked (REQ S1-12, S1-13, S3-24, S3-25).

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::project::View;
use crate::desk::widget::PrechatKind;
use crate::limits::{FIELD_CHARS_MAX, HEADING_CHARS_MAX, NOTIFICATION_VALUE_CHARS_MAX};
use crate::masking::Field;
use crate::shell::card::{Card, ContextValue};
use crate::shell::wire::ContactName;

/// A customer.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct CustomerBody {
    /// Empty when not given.
    pub(super) name: String,
    /// Of the masked name: a masked phone number has none.
    pub(super) initials: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact: Option<ContactName>,
    #[serde(skip_serializing_if = "String::is_empty")]
    email: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    phone: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    mobile: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    language: String,
    /// Proved by a token, not only said.
    verified: bool,
    /// What is stored of the contact, whatever the customer typed (S1-12).
    #[serde(skip_serializing_if = "Option::is_none")]
    stored: Option<ContactBody>,
    /// Contacts she could be, when there are several: shown, and none of them linked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    candidates: Vec<ContactBody>,
}

/// A stored contact.
#[derive(Clone, Debug, Serialize)]
struct ContactBody {
    contact: ContactName,
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    email: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    mobile: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    phone: String,
}

/// Contacts shown where several could be meant: two are the case, more are a mistake in the desk's list.
const CANDIDATES_MAX: usize = 4;

/// What the page told of a conversation's beginning.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Details {
    context: Context,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<PageBody>,
    /// Addresses of the site, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    recent_pages: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    answers: Vec<AnswerBody>,
}

#[derive(Clone, Debug, Serialize)]
struct PageBody {
    url: String,
    title: String,
    referrer: String,
}

/// One answer to a question asked before the chat.
#[derive(Clone, Debug, Serialize)]
pub(super) struct AnswerBody {
    id: String,
    label: String,
    pub(super) value: String,
}

/// From here on not every whole number has a float of its own.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

/// Context variables in the page's order.
#[derive(Clone, Debug, Default)]
struct Context(Vec<(String, ContextValue)>);

impl Serialize for Context {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            match value {
                ContextValue::Text(text) => map.serialize_entry(key, text)?,
                // 3 stays 3: a page that counts visits is not told of 3.0.
                ContextValue::Number(number) if number.fract() == 0.0 && number.abs() < WHOLE_MAX => {
                    map.serialize_entry(key, &(*number as i64))?;
                }
                ContextValue::Number(number) => map.serialize_entry(key, number)?,
                ContextValue::Flag(flag) => map.serialize_entry(key, flag)?,
            }
        }
        map.end()
    }
}

impl View<'_> {
    /// The customer of a card.
    pub(super) fn customer(&self, card: &Card) -> CustomerBody {
        let name = self.customer_name(card);
        let stored = card.contact.and_then(|contact| self.stored_contact(contact));
        let or_stored = |given: String, stored: Option<&String>| match stored {
            Some(stored) if given.is_empty() => stored.clone(),
            _ => given,
        };
        let candidates = match card.contact {
            Some(_) => Vec::new(),
            None => self.world.contacts.candidates(&card.customer),
        };
        CustomerBody {
            initials: initials(&name),
            name,
            contact: card.contact.map(ContactName),
            email: or_stored(
                self.field(Field::Email, &card.customer.email),
                stored.as_ref().map(|one| &one.email),
            ),
            phone: or_stored(
                self.field(Field::Phone, &card.customer.phone),
                stored.as_ref().map(|one| &one.phone),
            ),
            mobile: stored.as_ref().map(|one| one.mobile.clone()).unwrap_or_default(),
            language: self.field(Field::Text, &card.customer.locale),
            verified: card.customer.sub.is_some(),
            stored,
            candidates: candidates
                .into_iter()
                .take(CANDIDATES_MAX)
                .filter_map(|one| self.stored_contact(one))
                .collect(),
        }
    }

    /// The customer's name for staff: as given, else as stored. Customers themselves are never told what is stored
    /// of the address somebody typed.
    pub(super) fn customer_name(&self, card: &Card) -> String {
        if !card.customer.name.is_empty() {
            return self.name(&card.customer.name);
        }
        let stored = card.contact.and_then(|contact| self.world.contacts.get(contact));
        stored.map(|contact| self.name(&contact.name)).unwrap_or_default()
    }

    /// A stored contact; none when the desk no longer has it.
    fn stored_contact(&self, number: u64) -> Option<ContactBody> {
        let stored = self.world.contacts.get(number)?;
        let text = |text: &'_ Option<String>| text.clone().unwrap_or_default();
        Some(ContactBody {
            contact: ContactName(number),
            name: self.name(&stored.name),
            email: self.field(Field::Email, &text(&stored.email)),
            mobile: self.field(Field::Phone, &text(&stored.mobile)),
            phone: self.field(Field::Phone, &text(&stored.phone)),
        })
    }

    fn field(&self, field: Field, text: &str) -> String {
        if text.is_empty() { String::new() } else { self.line(field, text, FIELD_CHARS_MAX) }
    }

    /// Page, context and answers of a card.
    pub(super) fn details(&self, card: &Card) -> Details {
        let page = card.page.as_ref().map(|page| PageBody {
            url: self.url(&page.url),
            title: self.line(Field::Text, &page.title, NOTIFICATION_VALUE_CHARS_MAX),
            referrer: self.url(&page.referrer),
        });
        let context = card.variables();
        let context = context.map(|(key, value)| {
            (self.line(Field::Text, key, HEADING_CHARS_MAX), self.context_value(key, value))
        });
        Details {
            context: Context(context.collect()),
            page,
            recent_pages: card.recent_pages().map(|url| self.url(url)).collect(),
            answers: card.answers.iter().map(|(id, value)| self.answer(card, id, value)).collect(),
        }
    }

    /// A context variable: masked by what its key says it is, and else by what it looks like. A number that reads as a
    /// telephone or card number is one.
    pub(super) fn context_value(&self, key: &str, value: &ContextValue) -> ContextValue {
        match value {
            ContextValue::Text(text) => ContextValue::Text(match field_by_key(key) {
                Field::Text => self.url(text),
                field => self.line(field, text, FIELD_CHARS_MAX),
            }),
            ContextValue::Number(number) => {
                let written = number.to_string();
                let masked = self.masker.mask_value(field_by_key(key), &written);
                if masked == written { value.clone() } else { ContextValue::Text(masked.into_owned()) }
            }
            ContextValue::Flag(_) => value.clone(),
        }
    }

    /// An answer to a question asked before the chat, by the question's kind.
    pub(super) fn answer(&self, card: &Card, id: &str, value: &str) -> AnswerBody {
        let desk = self.world.desk;
        let asked = card.widget.as_deref().and_then(|widget| desk.widget(widget));
        let asked = asked.and_then(|widget| widget.prechat.iter().find(|question| question.id == *id));
        let field = match asked.map(|question| question.kind) {
            Some(PrechatKind::Email) => Field::Email,
            Some(PrechatKind::Phone) => Field::Phone,
            _ => field_by_key(id),
        };
        let value = match field {
            Field::Text => self.text(value).into_owned(),
            field => self.line(field, value, FIELD_CHARS_MAX),
        };
        let label = asked.map_or(id, |question| question.label.get(self.lang(), &desk.locale));
        AnswerBody { id: self.line(Field::Text, id, HEADING_CHARS_MAX), label: label.to_owned(), value }
    }
}

/// What a variable holds, by its name (S3-24).
fn field_by_key(key: &str) -> Field {
    let plain: String =
        key.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect();
    let stem = ["customer", "user", "visitor", "contact"].iter().find_map(|owner| plain.strip_prefix(owner));
    match stem.unwrap_or(&plain) {
        "email" | "mail" | "emailaddress" => Field::Email,
        "phone" | "phonenumber" | "mobile" | "mobilenumber" | "mobilephone" | "tel" | "telephone"
        | "msisdn" | "whatsapp" => Field::Phone,
        "name" | "fullname" | "displayname" => Field::Name,
        _ => Field::Text,
    }
}

/// First letters of the first and the last word that begin with one.
pub(super) fn initials(name: &str) -> String {
    let letters: Vec<char> = name
        .split_whitespace()
        .filter_map(|word| word.chars().next())
        .filter(|c| c.is_alphabetic())
        .collect();
    let ends = match letters.as_slice() {
        [] => vec![],
        [one] => vec![*one],
        [first, .., last] => vec![*first, *last],
    };
    ends.into_iter().flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_letters_of_the_first_and_the_last_word() {
        for (name, expected) in [
            ("Melissa de Vries", "MV"),
            ("ola", "O"),
            ("*********7542", ""),
            ("", ""),
            ("Anna (mobile)", "A"),
            ("Žofie Lund", "ŽL"),
            ("山田 太郎", "山太"),
        ] {
            assert_eq!(initials(name), expected, "{name}");
        }
    }

    #[test]
    fn a_variable_is_known_by_its_name() {
        assert_eq!(field_by_key("Customer_E-mail"), Field::Email);
        assert_eq!(field_by_key("userPhoneNumber"), Field::Phone);
        assert_eq!(field_by_key("customer.name"), Field::Name);
        assert_eq!(field_by_key("mailing_list"), Field::Text);
    }
}
