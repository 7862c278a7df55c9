//! What a bot sends over its socket, read as strictly as what people send.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::choices::listed;
use crate::engine::refusal::Refusal;
use crate::limits::{BOT_REASON_CHARS_MAX, DESK_BOT_CHOICE_CHARS_MAX, DESK_BOT_CHOICES_MAX};
use crate::shell::card::ContextValue;
use crate::shell::frame;
use crate::shell::text::{self, Writer};

pub use crate::shell::frame::FrameFault;

/// One frame of a bot's socket.
pub type Frame = frame::Frame<Request>;

/// Every request of a bot. Texts have passed the rules of [`text`]; names are as sent, and may name nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// Say something; the choices stand in the text already.
    Message {
        /// Where.
        conversation: String,
        /// Its name by the bot (D-17).
        client_id: String,
        /// The text.
        text: String,
        /// What it has learned.
        variables: Vec<(String, ContextValue)>,
    },
    /// Hand over to people.
    HandOver {
        /// Which.
        conversation: String,
        /// In another queue.
        queue: Option<String>,
        /// Why, in words for the agent.
        reason: String,
        /// What it has learned.
        variables: Vec<(String, ContextValue)>,
    },
    /// End it: the customer is helped.
    End {
        /// Which.
        conversation: String,
    },
    /// Is writing, or has stopped.
    Typing {
        /// Where.
        conversation: String,
        /// Writing?
        on: bool,
    },
    /// Show a conversation again.
    Session {
        /// Which.
        conversation: String,
    },
}

#[derive(Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
enum Raw {
    Message {
        conversation: String,
        client_id: String,
        text: String,
        #[serde(default)]
        choices: Vec<String>,
        variables: Option<Map<String, Value>>,
    },
    HandOver {
        conversation: String,
        queue: Option<String>,
        reason: String,
        variables: Option<Map<String, Value>>,
    },
    End {
        conversation: String,
    },
    Typing {
        conversation: String,
        on: bool,
    },
    Session {
        conversation: String,
    },
}

/// Reads a frame.
///
/// # Errors
/// The first thing wrong with it ([`frame::parse`]).
pub fn parse(text: &str) -> Result<Frame, FrameFault> {
    frame::parse(text, |raw| !matches!(raw, Raw::Typing { .. }), settled)
}

fn settled(raw: Raw) -> Result<Request, Refusal> {
    Ok(match raw {
        Raw::Message { conversation, client_id, text, choices, variables } => {
            text::client_id(&client_id)?;
            let text = with_choices(&text, &choices)?;
            let variables = crate::widget::frames::context(variables.as_ref())?;
            Request::Message { conversation, client_id, text, variables }
        }
        Raw::HandOver { conversation, queue, reason, variables } => {
            let reason = text::field(&reason)?.to_owned();
            if reason.chars().count() > BOT_REASON_CHARS_MAX {
                return Err(Refusal::TooLong);
            }
            let variables = crate::widget::frames::context(variables.as_ref())?;
            Request::HandOver { conversation, queue, reason, variables }
        }
        Raw::End { conversation } => Request::End { conversation },
        Raw::Typing { conversation, on } => Request::Typing { conversation, on },
        Raw::Session { conversation } => Request::Session { conversation },
    })
}

fn with_choices(text: &str, choices: &[String]) -> Result<String, Refusal> {
    if choices.len() > DESK_BOT_CHOICES_MAX {
        return Err(Refusal::TooLong);
    }
    let mut labels = Vec::with_capacity(choices.len());
    for choice in choices {
        let label = text::field(choice)?;
        if label.is_empty() {
            return Err(Refusal::BadRequest);
        }
        if label.chars().count() > DESK_BOT_CHOICE_CHARS_MAX {
            return Err(Refusal::TooLong);
        }
        labels.push(label);
    }
    let text = text::message(text, Writer::Customer)?;
    let text = if labels.is_empty() { text.into_owned() } else { listed(&text, &labels) };
    Ok(text::message(&text, Writer::Customer)?.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(frame: &str) -> (Option<i64>, Refusal) {
        let fault = parse(frame).expect_err(frame);
        (fault.id, fault.code)
    }

    #[test]
    fn what_is_wrong_has_a_name_and_its_request() {
        for frame in ["", "[]", "{", r#"{"id":1}"#, r#"{"t":"end","conversation":"c1","id":"1"}"#] {
            assert_eq!(refused(frame), (None, Refusal::BadRequest), "{frame}");
        }
        for (frame, code) in [
            (r#"{"t":"accept","id":5,"notification":"n1"}"#, Refusal::BadRequest),
            (r#"{"t":"message","id":5,"conversation":"c1","client_id":"a","text":" "}"#, Refusal::BadRequest),
            (r#"{"t":"message","id":5,"conversation":"c1","client_id":"","text":"a"}"#, Refusal::BadRequest),
            (r#"{"t":"hand_over","id":5,"conversation":"c1"}"#, Refusal::BadRequest),
            (
                r#"{"t":"hand_over","id":5,"conversation":"c1","reason":"x","variables":{"a":[]}}"#,
                Refusal::BadRequest,
            ),
            (
                r#"{"t":"message","id":5,"conversation":"c1","client_id":"a","text":"a","choices":[" "]}"#,
                Refusal::BadRequest,
            ),
        ] {
            assert_eq!(refused(frame), (Some(5), code), "{frame}");
        }
        let long = "x".repeat(DESK_BOT_CHOICE_CHARS_MAX + 1);
        let frame = format!(
            r#"{{"t":"message","id":5,"conversation":"c1","client_id":"a","text":"a","choices":["{long}"]}}"#
        );
        assert_eq!(refused(&frame), (Some(5), Refusal::TooLong));
        assert_eq!(refused(r#"{"t":"end","conversation":"c1"}"#), (None, Refusal::BadRequest));
    }

    #[test]
    fn choices_stand_in_the_text() {
        let frame = r#"{"t":"message","id":1,"conversation":"c1","client_id":"a","text":"Well?","choices":["Yes"," No "]}"#;
        let Ok(Frame { request: Request::Message { text, .. }, .. }) = parse(frame) else {
            panic!("{frame}")
        };
        assert_eq!(text, "Well?\n\n1. Yes\n2. No");
        assert_eq!(super::super::choices::choices(&text), ["Yes", "No"]);
    }
}
