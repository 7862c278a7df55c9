//! Names the desk gives to its parts. Opaque strings, bounded and safe in a URL, a path and a log line.

use std::sync::Arc;

use crate::limits::DESK_ID_BYTES_MAX;

/// Why a string cannot be an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdFault {
    /// Nothing there.
    Empty,
    /// More than [`DESK_ID_BYTES_MAX`] bytes.
    TooLong,
    /// A character outside the set, or one that may not stand first.
    Character(char),
}

impl std::fmt::Display for IdFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => write!(f, "must not be empty"),
            Self::TooLong => write!(f, "must be at most {DESK_ID_BYTES_MAX} characters"),
            Self::Character(c) => write!(f, "must not contain {c:?} there"),
        }
    }
}

impl std::error::Error for IdFault {}

/// What every id shares: a way in that checks, and a way out as text.
pub trait Id: Sized {
    /// Takes the text as an id.
    fn new(text: &str) -> Result<Self, IdFault>;

    /// The id as written.
    fn as_str(&self) -> &str;
}

/// ASCII letters, digits, `-` and `_`, beginning with a letter or digit. No dot: ids stand in dotted paths.
fn check_plain(text: &str) -> Result<(), IdFault> {
    check(text, |c| c == '-' || c == '_')
}

/// As a plain id, and `.`, `@`, `+`, so that an e-mail address can be a username.
fn check_username(text: &str) -> Result<(), IdFault> {
    check(text, |c| "-_.@+".contains(c))
}

fn check(text: &str, also: impl Fn(char) -> bool) -> Result<(), IdFault> {
    if text.is_empty() {
        return Err(IdFault::Empty);
    }
    for (position, c) in text.chars().enumerate() {
        if !(c.is_ascii_alphanumeric() || position > 0 && also(c)) {
            return Err(IdFault::Character(c));
        }
    }
    if text.len() > DESK_ID_BYTES_MAX { Err(IdFault::TooLong) } else { Ok(()) }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident by $check:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl Id for $name {
            fn new(text: &str) -> Result<Self, IdFault> {
                $check(text).map(|()| Self(text.into()))
            }
            fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                &*self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                &*self.0 == *other
            }
        }
    )+};
}

ids! {
    /// A queue.
    QueueId by check_plain;
    /// A workstream.
    WorkstreamId by check_plain;
    /// A widget; stands in `/widget/ID` and `data-widget`.
    WidgetId by check_plain;
    /// A set of opening hours.
    HoursId by check_plain;
    /// A member of staff: the username.
    AgentId by check_username;
    /// The name of an API token.
    TokenName by check_username;
    /// A presence, one of the six built in or a custom one.
    PresenceId by check_plain;
    /// A wrap-up reason.
    WrapupId by check_plain;
    /// A quick reply.
    QuickReplyId by check_plain;
    /// A rule of a widget's proactive chat.
    RuleId by check_plain;
    /// A question asked before a chat.
    PrechatId by check_plain;
    /// A knowledge article.
    ArticleId by check_plain;
    /// A bot of the box's own.
    BotId by check_plain;
    /// A step of such a bot.
    StepId by check_plain;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_refused_by_the_first_thing_wrong_with_it() {
        assert_eq!(QueueId::new(""), Err(IdFault::Empty));
        assert_eq!(QueueId::new("a b"), Err(IdFault::Character(' ')));
        assert_eq!(QueueId::new("-a"), Err(IdFault::Character('-')));
        assert_eq!(QueueId::new("jan.jansen"), Err(IdFault::Character('.')));
        assert_eq!(QueueId::new(&"a".repeat(65)), Err(IdFault::TooLong));
        assert!(QueueId::new(&"a".repeat(64)).is_ok());
        assert!(AgentId::new("jan.jansen@branch.example").is_ok());
    }
}
