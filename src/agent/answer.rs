//! The one answer to each request: `ok` or `error`.

use super::pack::Object;
use crate::engine::refusal::Refusal;
use crate::shell::wire::Stamp;

/// An `ok` to which the answer's own fields are added.
pub(super) fn begin(re: Option<i64>) -> Object {
    let mut object = Object::frame("ok");
    if let Some(re) = re {
        object.field("re", &re);
    }
    object
}

/// `ok` without more.
pub fn ok(re: i64) -> String {
    begin(Some(re)).finish()
}

/// `ok` to a message: where it stands, and since when (D-17).
pub fn stored(re: i64, seq: u32, at_ms: i64) -> String {
    begin(Some(re)).field("seq", &seq).field("at", &Stamp(at_ms)).finish()
}

/// `ok` to `reveal` (D-20): the value as written.
pub fn revealed(re: i64, text: &str) -> String {
    begin(Some(re)).field("text", text).finish()
}

/// `error`, with the wait in milliseconds where trying again later helps.
pub fn error(re: Option<i64>, code: Refusal, retry_after_ms: Option<u64>) -> String {
    let mut object = Object::frame("error");
    if let Some(re) = re {
        object.field("re", &re);
    }
    object.field("code", code.code()).field("message", message(code));
    if let Some(wait) = retry_after_ms {
        object.field("retry_after_ms", &wait);
    }
    object.finish()
}

/// `error` with words of its own, where those of the code say too little.
pub fn error_because(re: Option<i64>, code: Refusal, why: &str) -> String {
    let mut object = Object::frame("error");
    if let Some(re) = re {
        object.field("re", &re);
    }
    object.field("code", code.code()).field("message", why).finish()
}

/// What a refusal says to people. Clients show their own words by the code; these are for the ones that have none.
pub const fn message(code: Refusal) -> &'static str {
    match code {
        Refusal::BadRequest => "This request does not have the promised shape.",
        Refusal::Unauthorized => "Sign in first.",
        Refusal::Forbidden => "Your role does not allow this.",
        Refusal::NotFound => "There is no such thing, or it is not yours.",
        Refusal::NotAllowed => "This cannot be done to it now.",
        Refusal::Stale => "It is over, or somebody else has it.",
        Refusal::TooLong => "Too long: a message has at most 1000 characters and 4096 bytes.",
        Refusal::ReservedCharacter => "The characters < and > are reserved for template parameters.",
        Refusal::ConsentRequired => "Consent is needed before a chat starts.",
        Refusal::ClosedHours => "Closed now.",
        Refusal::RateLimited => "Too many requests; wait a moment.",
        Refusal::Full => "The box is at its limit; try again later.",
        Refusal::StorageFull => "The box has no room to store more.",
        Refusal::InviteExpired => "The invitation is over.",
        Refusal::Unavailable => "Nobody there can take it now.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_names_its_request_if_there_is_one() {
        assert_eq!(ok(-7), r#"{"t":"ok","re":-7}"#);
        assert_eq!(stored(1, 4, 5), r#"{"t":"ok","re":1,"seq":4,"at":"1970-01-01T00:00:00.005Z"}"#);
        let limited = error(Some(2), Refusal::RateLimited, Some(1500));
        assert!(limited.starts_with(r#"{"t":"error","re":2,"code":"rate_limited","message":""#), "{limited}");
        assert!(limited.ends_with(r#","retry_after_ms":1500}"#), "{limited}");
        assert!(!error(None, Refusal::BadRequest, None).contains("\"re\""));
    }
}
