//! What a customer is told: the frames of her socket. She sees every text as it was written.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::channels::bot::choices::choices;
use crate::engine::id::ConversationId;
use crate::engine::refusal::Refusal;
use crate::shell::records::{Author, Message};
use crate::shell::wire::{ConversationName, Stamp};

/// A conversation's name on the wire.
pub fn name(conversation: u64) -> String {
    ConversationName(ConversationId(conversation)).to_string()
}

/// A message.
#[derive(Serialize)]
pub struct Body<'a> {
    conversation: ConversationName,
    seq: u32,
    at: Stamp,
    from: From<'a>,
    text: &'a str,
    /// What a bot offers to choose from; the same lines stand at the end of the text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    choices: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
}

#[derive(Serialize)]
struct From<'a> {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

#[derive(Serialize)]
struct Framed<'a, T> {
    t: &'static str,
    #[serde(flatten)]
    body: &'a T,
}

/// A message as she sees it. Only her own carry the name she gave them.
pub fn body(conversation: u64, message: &Message) -> Body<'_> {
    let (kind, name) = match &message.from {
        Author::Customer => ("customer", None),
        Author::Agent(_, name) => ("agent", Some(name.as_str())),
        Author::Bot(name) => ("bot", Some(name.as_str())),
        Author::System => ("system", None),
    };
    let own = message.from == Author::Customer;
    Body {
        conversation: ConversationName(ConversationId(conversation)),
        seq: message.seq,
        at: Stamp(message.at_ms),
        from: From { kind, name },
        text: &message.text,
        choices: match message.from {
            Author::Bot(_) => choices(&message.text),
            _ => Vec::new(),
        },
        code: message.code.as_deref(),
        client_id: message.client_id.as_deref().filter(|_| own),
    }
}

/// `message`.
pub fn message(conversation: u64, message: &Message) -> String {
    frame("message", &body(conversation, message))
}

/// `state`.
pub fn state(conversation: u64, state: &str, agent: Option<&str>, reason: Option<&str>) -> String {
    let mut body = json!({ "conversation": name(conversation), "state": state });
    put(&mut body, "agent", agent.map(|name| json!({ "name": name })));
    put(&mut body, "reason", reason.map(Value::from));
    frame("state", &body)
}

/// `typing`.
pub fn typing(conversation: u64, name_shown: &str, on: bool) -> String {
    frame("typing", &json!({ "conversation": name(conversation), "name": name_shown, "on": on }))
}

/// `seen`.
pub fn seen(conversation: u64, seq: u32) -> String {
    frame("seen", &json!({ "conversation": name(conversation), "seq": seq }))
}

/// `queue`: her place in line, and how long it may take when that can be told honestly.
pub fn queue(conversation: u64, position: u32, wait_s: Option<u32>, text: &str) -> String {
    let mut body = json!({ "conversation": name(conversation), "position": position, "text": text });
    put(&mut body, "wait_s", wait_s.map(Value::from));
    frame("queue", &body)
}

/// `hours`: the branch has opened or closed, or will at another time than was said.
pub fn hours(
    open: bool,
    opens_ms: Option<i64>,
    closes_ms: Option<i64>,
    closed_text: Option<String>,
) -> String {
    let stamp = |at: i64| Value::from(Stamp(at).to_string());
    let mut body = json!({ "open": open });
    put(&mut body, "opens_at", (!open).then(|| opens_ms.map_or(Value::Null, stamp)));
    put(&mut body, "closes_at", closes_ms.map(stamp));
    put(&mut body, "closed_text", closed_text.map(Value::from));
    frame("hours", &body)
}

/// `ok` to `start`.
pub fn started(re: i64, conversation: u64) -> String {
    frame("ok", &json!({ "re": re, "conversation": name(conversation) }))
}

/// `ok` to `leave`.
pub fn left(re: i64, reference: &str, answer_from_ms: Option<i64>, text: &str) -> String {
    let mut body = json!({ "re": re, "reference": reference, "text": text });
    put(&mut body, "answer_from", answer_from_ms.map(|at| Value::from(Stamp(at).to_string())));
    frame("ok", &body)
}

/// `error` to a message for a conversation that has ended.
pub fn stale(re: Option<i64>, state: &str) -> String {
    let refusal = Refusal::Stale;
    let mut body = json!({
        "code": refusal.code(),
        "message": "This conversation has ended; begin a new one.",
        "state": state,
    });
    put(&mut body, "re", re.map(Value::from));
    frame("error", &body)
}

/// `error` to `start` while it is closed: with the next opening, null when there is none in sight.
pub fn closed(re: Option<i64>, opens_at_ms: Option<i64>) -> String {
    let refusal = Refusal::ClosedHours;
    let mut body = json!({
        "code": refusal.code(),
        "message": crate::agent::answer::message(refusal),
        "opens_at": opens_at_ms.map(|at| Stamp(at).to_string()),
    });
    put(&mut body, "re", re.map(Value::from));
    frame("error", &body)
}

/// `ok` to `history`: as many of the newest as fit one frame.
pub fn history(re: i64, conversation: u64, messages: &[Message], more: bool) -> String {
    let (kept, cut) = fitting(conversation, messages, 512);
    frame("ok", &json!({ "re": re, "messages": kept, "more": more || cut }))
}

/// The newest messages that fit one frame beside `taken` bytes of other fields, oldest first, and whether
/// some had to be left out.
pub fn fitting(conversation: u64, messages: &[Message], taken: usize) -> (Vec<Value>, bool) {
    let mut room = crate::limits::BOX_FRAME_BYTES_MAX.saturating_sub(taken);
    let mut kept = Vec::new();
    for message in messages.iter().rev() {
        let Ok(value) = serde_json::to_value(body(conversation, message)) else { continue };
        let bytes = value.to_string().len() + 1;
        if bytes > room {
            break;
        }
        room -= bytes;
        kept.push(value);
    }
    kept.reverse();
    let cut = kept.len() < messages.len();
    (kept, cut)
}

/// A frame of a type with a body's fields.
pub fn frame(t: &'static str, body: &impl Serialize) -> String {
    // Text keys and finite numbers only: there is nothing here that JSON cannot hold.
    serde_json::to_string(&Framed { t, body }).unwrap_or_default()
}

/// Adds a field unless there is no value.
pub fn put(body: &mut Value, key: &str, value: Option<Value>) {
    if let (Some(map), Some(value)) = (body.as_object_mut(), value) {
        map.insert(key.to_owned(), value);
    }
}

/// An empty object to add fields to.
pub fn object() -> Value {
    Value::Object(Map::new())
}
