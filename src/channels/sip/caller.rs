//! What an INVITE says of its caller: who it is, and what the PBX's bot has learned.

use serde_json::{Map, Value};

use super::message::{Request, address, unescaped, user};
use crate::channels::calls::Ring;
use crate::limits::{CONTEXT_KEY_BYTES_MAX, CONTEXT_KEYS_MAX, CONTEXT_VALUE_BYTES_MAX, FIELD_CHARS_MAX};
use crate::widget::frames::bounded;

/// Headers the PBX adds: `X-Deskbell-NAME: value` is a variable, but for these two.
const OURS: &str = "x-deskbell-";
const REASON: &str = "reason";
const QUEUE: &str = "queue";

/// The call of an INVITE, by its `Call-ID`. Whatever is too long is cut: a caller is not turned away for it.
pub(super) fn ring_of(request: &Request) -> Ring {
    // What the PBX vouches for, before what the caller's telephone says.
    let asserted = request.header("p-asserted-identity").or_else(|| request.header("remote-party-id"));
    let from = asserted.into_iter().chain(request.header("from")).find_map(|value| {
        let address = address(value)?;
        let (_, user) = user(address.uri)?;
        Some((line(&unescaped(address.display), FIELD_CHARS_MAX), line(&user, FIELD_CHARS_MAX)))
    });
    let (display, user) = from.unwrap_or_default();
    let (number, name) = match (is_number(&user), is_withheld(&user)) {
        (true, _) => (user, display),
        (false, true) => (String::new(), String::new()),
        // A telephone of the house, or of another: it goes by its name.
        (false, false) => (String::new(), if display.is_empty() { user } else { display }),
    };
    let name = if is_withheld(&name) || name == number { String::new() } else { name };
    let own = |wanted: &str| {
        let value = request.beginning(OURS).find(|(name, _)| *name == wanted)?.1;
        Some(line(value, FIELD_CHARS_MAX)).filter(|value| !value.is_empty())
    };
    let variables: Map<String, Value> = request
        .beginning(OURS)
        .filter(|(name, _)| ![REASON, QUEUE, ""].contains(name) && name.len() <= CONTEXT_KEY_BYTES_MAX)
        // A dial plan writes the header also when it has nothing to say.
        .filter(|(_, value)| !value.is_empty())
        .take(CONTEXT_KEYS_MAX)
        .map(|(name, value)| (name.to_owned(), Value::from(bounded(value, CONTEXT_VALUE_BYTES_MAX))))
        .collect();
    let id = line(&request.call_id, FIELD_CHARS_MAX);
    Ring { id, number, name, queue: own(QUEUE), reason: own(REASON), variables }
}

fn is_number(user: &str) -> bool {
    user.chars().any(|c| c.is_ascii_digit())
        && user.chars().all(|c| c.is_ascii_digit() || "+-.() *#".contains(c))
}

fn is_withheld(user: &str) -> bool {
    let lower = user.to_ascii_lowercase();
    ["", "anonymous", "unavailable", "unknown", "restricted", "private"].contains(&lower.as_str())
}

fn line(text: &str, chars_max: usize) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(chars_max)
        .collect::<String>()
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::message::parse;
    use super::*;

    fn ring_of(headers: &str) -> Ring {
        let text = format!(
            "INVITE sip:calls@box SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z\r\nTo: <sip:calls@box>\r\nCall-ID: 1\r\n\
             CSeq: 1 INVITE\r\n{headers}\r\n\r\n"
        );
        super::ring_of(&parse(text.as_bytes()).expect("an INVITE"))
    }

    #[test]
    fn the_caller_is_who_the_pbx_vouches_for() {
        let both = ring_of(
            "From: <sip:201@pbx>;tag=1\r\nP-Asserted-Identity: \"Eva\" <tel:+31201234567>, <sip:x@y>",
        );
        assert_eq!((both.number.as_str(), both.name.as_str()), ("+31201234567", "Eva"));
        let from = ring_of("From: \"+31612345678\" <sip:+31612345678@pbx>;tag=1");
        assert_eq!((from.number.as_str(), from.name.as_str()), ("+31612345678", ""), "a number is no name");
        for withheld in ["\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=1", "<sip:pbx.lan>;tag=1"] {
            let ring = ring_of(&format!("From: {withheld}"));
            assert_eq!((ring.number.as_str(), ring.name.as_str()), ("", ""), "{withheld}");
        }
        assert_eq!(ring_of("From: <sip:reception@pbx>;tag=1").name, "reception");
        let quoted = ring_of(r#"From: "Sean \"the <boss>\" O'Neil, \\" <sip:+31612345678@pbx>;tag=1"#);
        assert_eq!(
            (quoted.number.as_str(), quoted.name.as_str()),
            ("+31612345678", r#"Sean "the <boss>" O'Neil, \"#)
        );
    }

    #[test]
    fn what_the_bot_learned_comes_in_headers_and_what_is_too_long_is_cut() {
        let long = "é".repeat(600);
        let learned = ring_of(&format!(
            "From: <sip:1@a>;tag=1\r\nX-Deskbell-Reason: Wants to pay\r\nX-Deskbell-Queue: billing\r\n\
             X-DESKBELL-Order: 4711\r\nX-Deskbell-Mood:\r\nX-Deskbell-Note: {long}\r\nX-Deskbell-{}: x",
            "k".repeat(65)
        ));
        assert_eq!(
            (learned.reason.as_deref(), learned.queue.as_deref()),
            (Some("Wants to pay"), Some("billing"))
        );
        assert_eq!(learned.variables["order"], "4711");
        assert_eq!(learned.variables["note"].as_str().map(str::len), Some(512));
        assert_eq!(learned.variables.len(), 2);
    }
}
