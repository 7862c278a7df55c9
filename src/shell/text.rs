//! What may be written: the rules every text of a person is held to before it goes anywhere (protocol, "Messages").
//!
//! One place for both sides, so that a customer's message and an agent's cannot drift apart.

use std::borrow::Cow;

use crate::engine::refusal::Refusal;
use crate::limits::{CLIENT_ID_BYTES_MAX, FIELD_CHARS_MAX, MESSAGE_BYTES_MAX, MESSAGE_CHARS_MAX};

/// Whose words they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writer {
    /// A customer may write anything legible.
    Customer,
    /// An agent's `<` and `>` are reserved for template parameters (REQ S3-27).
    Agent,
}

/// The text to store: CRLF made LF, else to the byte.
///
/// # Errors
/// [`Refusal::BadRequest`] for nothing but white space, or a control character other than LF and TAB (a lone CR and
/// DEL are such); [`Refusal::TooLong`] for more than [`MESSAGE_CHARS_MAX`] characters or [`MESSAGE_BYTES_MAX`]
/// bytes; [`Refusal::ReservedCharacter`] for an agent's `<` or `>`. The first that applies, in this order.
pub fn message(text: &str, writer: Writer) -> Result<Cow<'_, str>, Refusal> {
    let text = lines(text);
    if text.chars().all(char::is_whitespace) || text.chars().any(forbidden) {
        return Err(Refusal::BadRequest);
    }
    // Bytes first: they bound the count of characters.
    if text.len() > MESSAGE_BYTES_MAX || text.chars().count() > MESSAGE_CHARS_MAX {
        return Err(Refusal::TooLong);
    }
    if writer == Writer::Agent && text.contains(['<', '>']) {
        return Err(Refusal::ReservedCharacter);
    }
    Ok(text)
}

/// The same, in its place.
///
/// # Errors
/// As [`message`].
pub fn settle(text: &mut String, writer: Writer) -> Result<(), Refusal> {
    let settled = message(text, writer)?;
    // Only line ends are changed, and each by its length.
    if settled.len() != text.len() {
        *text = settled.into_owned();
    }
    Ok(())
}

/// A text that may be left out: a blank one is as none.
///
/// # Errors
/// As for a customer's [`message`], except blankness: comments and notes are read by staff, not sent to customers,
/// so nothing in them is reserved.
pub fn comment(text: Option<&str>) -> Result<Option<Cow<'_, str>>, Refusal> {
    match text {
        Some(text) if !text.chars().all(char::is_whitespace) => message(text, Writer::Customer).map(Some),
        _ => Ok(None),
    }
}

/// A name, e-mail address or phone number: one line, without the white space around it; empty when not given.
///
/// # Errors
/// [`Refusal::BadRequest`] for a control character, [`Refusal::TooLong`] past [`FIELD_CHARS_MAX`] characters.
pub fn field(text: &str) -> Result<&str, Refusal> {
    let text = text.trim();
    if text.chars().any(char::is_control) {
        return Err(Refusal::BadRequest);
    }
    if text.chars().count() > FIELD_CHARS_MAX { Err(Refusal::TooLong) } else { Ok(text) }
}

/// A message's name by its sender (REQ D-17).
///
/// # Errors
/// [`Refusal::BadRequest`] when empty or longer than [`CLIENT_ID_BYTES_MAX`] bytes.
pub fn client_id(name: &str) -> Result<&str, Refusal> {
    if name.is_empty() || name.len() > CLIENT_ID_BYTES_MAX { Err(Refusal::BadRequest) } else { Ok(name) }
}

fn lines(text: &str) -> Cow<'_, str> {
    if text.contains("\r\n") { text.replace("\r\n", "\n").into() } else { text.into() }
}

fn forbidden(c: char) -> bool {
    c.is_control() && c != '\n' && c != '\t'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_kept_to_the_byte_but_for_crlf() {
        let text = " Žluťoučký\tkůň 🐎\n <b>& ";
        assert_eq!(message(text, Writer::Customer).as_deref(), Ok(text));
        assert_eq!(message("a\r\nb\r\n\nc", Writer::Customer).as_deref(), Ok("a\nb\n\nc"));
    }

    #[test]
    fn what_nobody_can_read_is_refused() {
        for text in
            ["", " ", "\n\t ", "\u{a0}\u{2003}", "\r\n", "a\rb", "a\u{7f}", "a\u{0}", "\u{1b}[0m", "\u{85}x"]
        {
            assert_eq!(message(text, Writer::Customer), Err(Refusal::BadRequest), "{text:?}");
        }
    }

    #[test]
    fn the_limits_count_characters_and_bytes() {
        let full = "é".repeat(MESSAGE_CHARS_MAX);
        assert_eq!(message(&full, Writer::Agent).as_deref(), Ok(full.as_str()));
        assert_eq!(message(&(full + "x"), Writer::Agent), Err(Refusal::TooLong));
        let wide = "🐎".repeat(MESSAGE_CHARS_MAX);
        assert!(message(&wide, Writer::Agent).is_ok(), "4,000 bytes fit");
        assert_eq!(message(&"a\r\n".repeat(500), Writer::Agent).as_deref().map(str::len), Ok(1000));
    }

    #[test]
    fn angle_brackets_are_refused_from_agents_only() {
        for text in ["a < b", "a > b", "<script>"] {
            assert_eq!(message(text, Writer::Agent), Err(Refusal::ReservedCharacter));
            assert_eq!(message(text, Writer::Customer).as_deref(), Ok(text));
        }
    }

    #[test]
    fn a_blank_comment_is_none_and_a_bad_one_is_refused() {
        assert_eq!(comment(None), Ok(None));
        assert_eq!(comment(Some(" \n")), Ok(None));
        assert_eq!(comment(Some("a < b")), Ok(Some("a < b".into())));
        assert_eq!(comment(Some("a\u{7}")), Err(Refusal::BadRequest));
        assert_eq!(comment(Some(&"x".repeat(1001))), Err(Refusal::TooLong));
    }

    #[test]
    fn a_field_is_one_bounded_line() {
        assert_eq!(field("  Jan de Boer "), Ok("Jan de Boer"));
        assert_eq!(field(""), Ok(""));
        assert_eq!(field("Jan\nde Boer"), Err(Refusal::BadRequest));
        assert_eq!(field(&"é".repeat(200)).map(|f| f.chars().count()), Ok(200));
        assert_eq!(field(&"é".repeat(201)), Err(Refusal::TooLong));
        assert_eq!(client_id(&"x".repeat(64)).map(str::len), Ok(64));
        assert_eq!(
            (client_id(""), client_id(&"x".repeat(65))),
            (Err(Refusal::BadRequest), Err(Refusal::BadRequest))
        );
    }
}
