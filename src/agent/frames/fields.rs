//! What requests of staff are made of: targets, reasons, fields of a contact, pages.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::limits::HISTORY_PAGE_MAX;
use crate::shell::wire::Stamp;

/// Where work is sent: exactly one of the two.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub enum To {
    /// A queue's id.
    Queue(String),
    /// A username.
    Agent(String),
}

/// How a session is closed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub struct WrapUp {
    /// A reason's id.
    pub reason: Option<String>,
    /// Words, never blank.
    pub comment: Option<String>,
}

/// What a directory lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Listing {
    /// Queues.
    Queues,
    /// Agents.
    Agents,
    /// Reasons to close with.
    WrapupReasons,
    /// Quick replies.
    QuickReplies,
    /// Knowledge articles (S2-36).
    Articles,
}

/// What is revealed: a message, or a field of a contact.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub enum Revealed {
    /// A message.
    Message {
        /// In which conversation.
        conversation: String,
        /// Its number.
        seq: u32,
    },
    /// A field.
    Field {
        /// Of which contact.
        contact: String,
        /// Which field.
        field: ContactField,
    },
}

/// A field of a contact that may be masked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContactField {
    /// Name (it may be a phone number, S3-25).
    Name,
    /// E-mail address.
    Email,
    /// Mobile number.
    Mobile,
    /// Phone number.
    Phone,
}

/// New values for fields of a contact: absent stays, null is removed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ContactChange {
    /// The name; it can be replaced, not removed.
    pub name: Option<String>,
    /// The e-mail address.
    #[serde(deserialize_with = "present")]
    pub email: Option<Option<String>>,
    /// The mobile number.
    #[serde(deserialize_with = "present")]
    pub mobile: Option<Option<String>>,
    /// Another telephone number.
    #[serde(deserialize_with = "present")]
    pub phone: Option<Option<String>>,
}

/// A field that is there, with a value or null.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Where an earlier page of conversations ended: by an instant or by the last conversation of that page.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum Before {
    /// Older than this.
    Instant(Stamp),
    /// Older than this conversation.
    Conversation(String),
}

/// How long a page may be: 1 to [`HISTORY_PAGE_MAX`]; more is that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u64")]
pub struct Limit(pub u16);

impl Default for Limit {
    fn default() -> Self {
        Limit(HISTORY_PAGE_MAX)
    }
}

/// A field that may be absent or null, and else is a string.
fn optional(fields: &mut Map<String, Value>, name: &str) -> Result<Option<String>, &'static str> {
    match fields.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err("not a string"),
    }
}

impl TryFrom<Map<String, Value>> for To {
    type Error = &'static str;

    fn try_from(mut fields: Map<String, Value>) -> Result<Self, Self::Error> {
        match (optional(&mut fields, "queue")?, optional(&mut fields, "agent")?) {
            (Some(queue), None) => Ok(To::Queue(queue)),
            (None, Some(agent)) => Ok(To::Agent(agent)),
            _ => Err("either a queue or an agent"),
        }
    }
}

impl TryFrom<Map<String, Value>> for WrapUp {
    type Error = &'static str;

    fn try_from(mut fields: Map<String, Value>) -> Result<Self, Self::Error> {
        Ok(WrapUp { reason: optional(&mut fields, "reason")?, comment: optional(&mut fields, "comment")? })
    }
}

impl TryFrom<Map<String, Value>> for Revealed {
    type Error = &'static str;

    fn try_from(mut fields: Map<String, Value>) -> Result<Self, Self::Error> {
        match (optional(&mut fields, "conversation")?, optional(&mut fields, "contact")?) {
            (Some(conversation), None) => {
                let seq = fields.get("seq").and_then(Value::as_u64).and_then(|seq| u32::try_from(seq).ok());
                Ok(Revealed::Message { conversation, seq: seq.ok_or("no message")? })
            }
            (None, Some(contact)) => {
                let field = match optional(&mut fields, "field")?.as_deref() {
                    Some("name") => ContactField::Name,
                    Some("email") => ContactField::Email,
                    Some("mobile") => ContactField::Mobile,
                    Some("phone") => ContactField::Phone,
                    _ => return Err("no such field"),
                };
                Ok(Revealed::Field { contact, field })
            }
            _ => Err("either a message or a contact's field"),
        }
    }
}

impl From<String> for Before {
    fn from(text: String) -> Self {
        Stamp::parse(&text).map_or(Before::Conversation(text), Before::Instant)
    }
}

impl TryFrom<u64> for Limit {
    type Error = &'static str;

    fn try_from(limit: u64) -> Result<Self, Self::Error> {
        match u16::try_from(limit) {
            Ok(0) => Err("an empty page"),
            Ok(limit) => Ok(Limit(limit.min(HISTORY_PAGE_MAX))),
            Err(_) => Ok(Limit(HISTORY_PAGE_MAX)),
        }
    }
}
