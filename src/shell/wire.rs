//! Names and times as they stand in frames and answers: opaque, fixed in length, the same on every surface.

use data_encoding::BASE32_NOPAD;

/// A lasting number as clients see it: 13 characters of `a-z2-7`.
pub fn name(number: u64) -> String {
    let mut text = BASE32_NOPAD.encode(&number.to_be_bytes());
    text.make_ascii_lowercase();
    text
}

/// The number behind a name; `None` for anything [`name`] never wrote.
pub fn number(name: &str) -> Option<u64> {
    if name.len() != 13 || name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    let bytes = BASE32_NOPAD.decode(name.to_ascii_uppercase().as_bytes()).ok()?;
    Some(u64::from_be_bytes(bytes.try_into().ok()?))
}

/// An instant in RFC 3339, UTC, with milliseconds.
pub fn stamp(wall_ms: i64) -> String {
    match jiff::Timestamp::from_millisecond(wall_ms) {
        Ok(at) => format!("{at:.3}"),
        // Beyond the year 9999: no clock of ours goes there, but a stamp must never be a panic.
        Err(_) => "9999-12-31T23:59:59.999Z".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_back_and_nothing_else_is() {
        for value in [0, 1, 42, u64::MAX] {
            assert_eq!(number(&name(value)), Some(value));
        }
        for wrong in ["", "a", "aaaaaaaaaaaaa=", "AAAAAAAAAAAAA", "aaaaaaaaaaaab", "1aaaaaaaaaaaa"] {
            assert_eq!(number(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_stamp_always_has_three_digits_of_a_second() {
        assert_eq!(stamp(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(stamp(86_400_120), "1970-01-02T00:00:00.120Z");
        assert_eq!(stamp(i64::MAX), "9999-12-31T23:59:59.999Z");
    }
}
