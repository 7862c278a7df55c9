//! What customers send, read strictly: one enum is the table of every request there is.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::engine::refusal::Refusal;
use crate::limits::{
    ANSWERS_BYTES_MAX, CONTEXT_BYTES_MAX, CONTEXT_KEY_BYTES_MAX, CONTEXT_KEYS_MAX, CONTEXT_VALUE_BYTES_MAX,
    HISTORY_PAGE_MAX, RECENT_PAGE_BYTES_MAX, RECENT_PAGES_MAX, URL_BYTES_MAX,
};
use crate::shell::card::{ContextValue, Page};
use crate::shell::frame;
use crate::shell::text::{self, Writer};

pub use crate::shell::frame::FrameFault;

/// One frame of a customer's socket.
pub type Frame = frame::Frame<Request>;

/// Every request of a customer, by its `t`. Texts have passed the rules of [`text`].
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum Request {
    /// First frame.
    Hello {
        /// The secret to come back with.
        resume: Option<String>,
        /// Who she is, signed by the site.
        jwt: Option<String>,
        /// Her language.
        locale: Option<String>,
        /// The page the widget is on.
        page: Option<RawPage>,
        /// What the page says of her.
        context: Option<Map<String, Value>>,
        /// The last message she has.
        last_seq: Option<u32>,
    },
    /// Begin a conversation.
    Start(Box<Start>),
    /// Say something.
    Message {
        /// Its name by the sender (D-17).
        client_id: String,
        /// The text, ready to store.
        text: String,
        /// The conversation it was written in.
        conversation: Option<String>,
    },
    /// Leave a message while nobody is there (D-19).
    Leave(Box<Leave>),
    /// Is writing, or has stopped.
    Typing {
        /// Writing?
        on: bool,
    },
    /// Has read.
    Seen {
        /// Up to this message.
        seq: u32,
    },
    /// The site's page changed its address without a load (S1-12).
    Page {
        /// Where she is now.
        page: RawPage,
    },
    /// Older messages.
    History {
        /// Of which conversation; none: the open one.
        conversation: Option<String>,
        /// Before this message; none: the newest.
        before: Option<u32>,
        /// How many.
        limit: Option<u64>,
    },
    /// End a live chat (S0-7).
    End {},
    /// What it was worth.
    Rate {
        /// 1 to 5.
        score: u8,
        /// In words.
        comment: Option<String>,
    },
    /// A copy of the chat that has ended, by mail (B-11).
    Copy {
        /// To whom.
        email: String,
    },
}

/// What `start` carries.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Start {
    /// Name.
    pub name: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Phone number.
    pub phone: Option<String>,
    /// The first message.
    pub comment: Option<String>,
    /// Answers to the questions before the chat, by id.
    pub answers: Option<Map<String, Value>>,
    /// What the page says of her.
    pub context: Option<Map<String, Value>>,
    /// Addresses she has seen on the site, oldest first.
    pub path: Vec<String>,
    /// An accepted invitation.
    pub invite: Option<String>,
    /// She took up an invitation of the page's own, which the box did not make (S1-14).
    pub proactive: Option<bool>,
    /// Agreed to the notice (S2-1)?
    pub consent: Option<bool>,
}

/// What `leave` carries.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Leave {
    /// Name.
    pub name: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Phone number.
    pub phone: Option<String>,
    /// The message.
    pub text: String,
    /// Agreed to the notice (S2-1)?
    pub consent: Option<bool>,
}

/// A page as a browser describes it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct RawPage {
    /// Its address.
    pub url: Option<String>,
    /// Its title.
    pub title: Option<String>,
    /// Where the visitor came from.
    pub referrer: Option<String>,
    /// Seconds she has been on it.
    pub seconds: Option<f64>,
    /// Addresses she has seen on the site, oldest first, this one last.
    pub path: Vec<String>,
}

impl RawPage {
    /// As it is kept: each part cut to its bound at a character, since a long address is nobody's fault.
    pub fn kept(&self) -> Page {
        let part = |text: &Option<String>| bounded(text.as_deref().unwrap_or_default(), URL_BYTES_MAX);
        Page { url: part(&self.url), title: part(&self.title), referrer: part(&self.referrer) }
    }

    /// Seconds on it, whole; none for what is no time.
    pub fn seconds_whole(&self) -> Option<f64> {
        self.seconds.filter(|seconds| seconds.is_finite() && *seconds >= 0.0).map(f64::floor)
    }

    /// The newest pages of her path, as they are kept (S1-12).
    pub fn recent(&self) -> Vec<String> {
        recent(&self.path)
    }
}

impl Request {
    /// All but what is only a passing sign.
    const fn needs_id(&self) -> bool {
        !matches!(
            self,
            Request::Typing { .. } | Request::Seen { .. } | Request::Page { .. } | Request::Hello { .. }
        )
    }

    fn settle(mut self) -> Result<Request, Refusal> {
        match &mut self {
            Request::Message { client_id, text, .. } => {
                text::client_id(client_id)?;
                text::settle(text, Writer::Customer)?;
            }
            // What is kept is made from them later; here only what could swell in memory is turned away.
            Request::Hello { context: given, .. } => drop(context(given.as_ref())?),
            Request::Start(start) => {
                context(start.context.as_ref())?;
                answers_fit(start.answers.as_ref())?;
                settle_field(&mut start.name)?;
                settle_field(&mut start.email)?;
                settle_field(&mut start.phone)?;
                start.comment = text::comment(start.comment.as_deref())?.map(Into::into);
            }
            Request::Leave(leave) => {
                settle_field(&mut leave.name)?;
                settle_field(&mut leave.email)?;
                settle_field(&mut leave.phone)?;
                text::settle(&mut leave.text, Writer::Customer)?;
            }
            Request::Rate { score, comment } => {
                if !(1..=5).contains(score) {
                    return Err(Refusal::BadRequest);
                }
                *comment = text::comment(comment.as_deref())?.map(Into::into);
            }
            Request::History { limit: Some(0), .. } => return Err(Refusal::BadRequest),
            _ => {}
        }
        Ok(self)
    }
}

/// How many messages a page may have: what was asked, at most [`HISTORY_PAGE_MAX`].
pub fn page_limit(asked: Option<u64>) -> usize {
    asked.map_or(usize::from(HISTORY_PAGE_MAX), |asked| asked.min(u64::from(HISTORY_PAGE_MAX)) as usize)
}

/// A page's context variables, within their limits and in the page's order.
///
/// # Errors
/// [`Refusal::BadRequest`] for a value that is no string, number or boolean; [`Refusal::TooLong`] past the limits.
pub fn context(map: Option<&Map<String, Value>>) -> Result<Vec<(String, ContextValue)>, Refusal> {
    let Some(map) = map else { return Ok(Vec::new()) };
    if map.len() > CONTEXT_KEYS_MAX {
        return Err(Refusal::TooLong);
    }
    let mut bytes = 0;
    let mut kept = Vec::with_capacity(map.len());
    for (key, value) in map {
        let value = match value {
            Value::String(text) => ContextValue::Text(text.clone()),
            Value::Number(number) => ContextValue::Number(number.as_f64().ok_or(Refusal::BadRequest)?),
            Value::Bool(flag) => ContextValue::Flag(*flag),
            Value::Null | Value::Array(_) | Value::Object(_) => return Err(Refusal::BadRequest),
        };
        let value_bytes = match &value {
            ContextValue::Text(text) => text.len(),
            ContextValue::Number(_) | ContextValue::Flag(_) => 8,
        };
        bytes += key.len() + value_bytes;
        if key.is_empty() || key.chars().any(char::is_control) {
            return Err(Refusal::BadRequest);
        }
        if key.len() > CONTEXT_KEY_BYTES_MAX
            || value_bytes > CONTEXT_VALUE_BYTES_MAX
            || bytes > CONTEXT_BYTES_MAX
        {
            return Err(Refusal::TooLong);
        }
        kept.push((key.clone(), value));
    }
    Ok(kept)
}

/// Answers are texts, and few; those to questions nobody asked are left out later.
fn answers_fit(map: Option<&Map<String, Value>>) -> Result<(), Refusal> {
    let Some(map) = map else { return Ok(()) };
    if !map.values().all(Value::is_string) {
        return Err(Refusal::BadRequest);
    }
    let bytes: usize = map.iter().map(|(id, answer)| id.len() + answer.as_str().map_or(0, str::len)).sum();
    if map.len() > CONTEXT_KEYS_MAX || bytes > ANSWERS_BYTES_MAX { Err(Refusal::TooLong) } else { Ok(()) }
}

/// Reads a frame.
///
/// # Errors
/// The first thing wrong with it ([`frame::parse`]).
pub fn parse(text: &str) -> Result<Frame, FrameFault> {
    frame::parse(text, Request::needs_id, Request::settle)
}

fn settle_field(field: &mut Option<String>) -> Result<(), Refusal> {
    if let Some(value) = field {
        let settled = text::field(value)?;
        *field = if settled.is_empty() { None } else { Some(settled.to_owned()) };
    }
    Ok(())
}

/// The newest [`RECENT_PAGES_MAX`] of a path, each cut to its bound and on one line.
pub fn recent(path: &[String]) -> Vec<String> {
    let newest = path.len().saturating_sub(RECENT_PAGES_MAX);
    let whole = |url: &String| !url.is_empty() && !url.chars().any(char::is_control);
    path[newest..].iter().filter(|url| whole(url)).map(|url| bounded(url, RECENT_PAGE_BYTES_MAX)).collect()
}

/// The longest start of a text that fits into so many bytes and ends at a character.
pub fn bounded(text: &str, bytes_max: usize) -> String {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(frame: &str) -> (Option<i64>, Refusal) {
        let fault = parse(frame).expect_err(frame);
        (fault.id, fault.code)
    }

    #[test]
    fn what_cannot_be_attributed_is_refused_without_an_id() {
        for frame in
            ["", "nonsense", "[]", "{", r#"{"id":1}"#, r#"{"t":"end","id":"1"}"#, r#"{"t":"end","id":1.5}"#]
        {
            assert_eq!(refused(frame), (None, Refusal::BadRequest), "{frame}");
        }
    }

    #[test]
    fn a_fault_in_a_field_still_names_its_request() {
        for frame in [
            r#"{"t":"nonsense","id":5}"#,
            r#"{"t":"message","id":5,"client_id":"a"}"#,
            r#"{"t":"message","id":5,"client_id":"a","text":"\ud800"}"#,
            r#"{"t":"message","id":5,"client_id":"a","text":" \n"}"#,
            r#"{"t":"rate","id":5,"score":6}"#,
            r#"{"t":"rate","id":5,"score":4.5}"#,
        ] {
            assert_eq!(refused(frame), (Some(5), Refusal::BadRequest), "{frame}");
        }
        let swollen = format!(r#"{{"t":"start","id":5,"context":{{"a":[{}1]}}}}"#, "1,".repeat(4000));
        assert_eq!(refused(&swollen), (Some(5), Refusal::BadRequest), "sixteen times as large in memory");
        let answers = r#"{"t":"start","id":5,"answers":{"a":[[[[]]]]}}"#;
        assert_eq!(refused(answers), (Some(5), Refusal::BadRequest));
        let start =
            |bytes: usize| format!(r#"{{"t":"start","id":5,"answers":{{"a":"{}"}}}}"#, "x".repeat(bytes));
        assert!(parse(&start(ANSWERS_BYTES_MAX - 1)).is_ok(), "the question's id counts too");
        assert_eq!(refused(&start(ANSWERS_BYTES_MAX)), (Some(5), Refusal::TooLong));
        let long = format!(r#"{{"t":"message","id":5,"client_id":"a","text":"{}"}}"#, "x".repeat(1001));
        assert_eq!(refused(&long), (Some(5), Refusal::TooLong));
        assert_eq!(refused(r#"{"t":"end"}"#), (None, Refusal::BadRequest), "it changes something");
    }

    #[test]
    fn a_context_is_bounded_and_flat() {
        let read = |text: &str| context(serde_json::from_str::<Map<String, Value>>(text).ok().as_ref());
        let expected = vec![
            ("b".to_owned(), ContextValue::Text("x".into())),
            ("a".to_owned(), ContextValue::Flag(true)),
        ];
        let mut got = read(r#"{"b":"x","a":true}"#).expect("a context");
        got.sort_by(|one, other| other.0.cmp(&one.0));
        assert_eq!(got, expected);
        assert_eq!(read(r#"{"a":{}}"#), Err(Refusal::BadRequest));
        assert_eq!(read(r#"{"a":null}"#), Err(Refusal::BadRequest));
        assert_eq!(read(&format!(r#"{{"a":"{}"}}"#, "x".repeat(513))), Err(Refusal::TooLong));
        assert_eq!(read(&format!(r#"{{"{}":1}}"#, "x".repeat(65))), Err(Refusal::TooLong));
        let many: Vec<String> = (0..33).map(|n| format!("\"k{n}\":1")).collect();
        assert_eq!(read(&format!("{{{}}}", many.join(","))), Err(Refusal::TooLong));
    }
}
