use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// All but what stands for itself in every part of an address.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A part of a path, or a value of a query or a form.
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// Undoes percent-encoding; `None` for a broken escape, a NUL, or bytes that are not UTF-8: what one reader would take as
/// it stands, the next would not.
pub fn decoded(text: &str, plus_is_space: bool) -> Option<String> {
    let whole = |escape: &str| escape.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    if !text.split('%').skip(1).all(whole) {
        return None;
    }
    let text = if plus_is_space { Cow::Owned(text.replace('+', " ")) } else { Cow::Borrowed(text) };
    let decoded = percent_decode_str(&text).decode_utf8().ok()?;
    (!decoded.contains('\0')).then(|| decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_comes_back() {
        for text in ["", "a b+c", "100 %", "né/?&=#", "%41", "-_.~"] {
            assert_eq!(decoded(&encoded(text), false).as_deref(), Some(text));
            assert_eq!(decoded(&encoded(text), true).as_deref(), Some(text));
        }
        assert_eq!(encoded("a b/é"), "a%20b%2F%C3%A9");
    }

    #[test]
    fn a_plus_is_a_space_in_forms_only() {
        assert_eq!(decoded("a+b%2B", true).as_deref(), Some("a b+"));
        assert_eq!(decoded("a+b%2B", false).as_deref(), Some("a+b+"));
    }

    #[test]
    fn what_readers_would_take_differently_is_refused() {
        for text in ["%", "a%4", "%zz", "%4g", "%+4", "%00", "%ff", "%é"] {
            assert_eq!(decoded(text, true), None, "{text}");
        }
    }
}
