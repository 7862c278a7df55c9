//! Times and names as they stand in frames, for both sides.
//!
//! A name says what kind of thing it names, so that one put in another's place is unknown, not somebody else's.

use std::fmt;

use jiff::Timestamp;
use jiff::fmt::StdFmtWrite;
use jiff::fmt::temporal::DateTimePrinter;
use serde::{Serialize, Serializer};

use crate::engine::id::{ConversationId, OfferId};

/// An instant of the product clock, in wall-clock milliseconds since 1970; RFC 3339, UTC, always three decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp(pub i64);

impl Stamp {
    /// Reads an RFC 3339 time with any offset; what is finer than a millisecond is cut off.
    pub fn parse(text: &str) -> Option<Stamp> {
        text.parse::<Timestamp>().ok().map(|at| Stamp(at.as_millisecond()))
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(3));
        // Out of the calendar means a wrong clock: shown as its nearest end rather than not at all.
        let edge = if self.0 < 0 { Timestamp::MIN } else { Timestamp::MAX };
        let at = Timestamp::from_millisecond(self.0).unwrap_or(edge);
        PRINTER.print_timestamp(&at, StdFmtWrite(f)).map_err(|_| fmt::Error)
    }
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident of $inner:ty: $prefix:literal, $new:expr, $number:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name(pub $inner);

        impl $name {
            /// Reads a name; only the spelling the box itself writes is one.
            pub fn parse(text: &str) -> Option<$name> {
                let digits = text.strip_prefix($prefix)?;
                let plain = digits.bytes().all(|b| b.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
                let number: u64 = digits.parse().ok().filter(|_| plain)?;
                Some($name(($new)(number)))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}", $prefix, ($number)(self.0))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    )+};
}

names! {
    /// A conversation on the wire: `c12`.
    ConversationName of ConversationId: 'c', ConversationId, |id: ConversationId| id.0;
    /// A notification on the wire: `n12`.
    NotificationName of OfferId: 'n', OfferId, |id: OfferId| id.0;
    /// A stored contact on the wire: `p12`.
    ContactName of u64: 'p', |number: u64| number, |number: u64| number;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_has_three_decimals_and_reads_back() {
        assert_eq!(Stamp(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert_eq!(Stamp(1_795_427_999_120).to_string(), "2026-11-23T09:59:59.120Z");
        assert_eq!(Stamp(-1).to_string(), "1969-12-31T23:59:59.999Z");
        assert_eq!(Stamp::parse("2026-11-23T10:59:59.12+01:00"), Some(Stamp(1_795_427_999_120)));
        assert_eq!(Stamp::parse("2026-11-23"), None);
        assert_eq!(Stamp(i64::MAX).to_string(), "9999-12-30T22:00:00.999Z");
        assert_eq!(serde_json::to_string(&Stamp(5)).ok().as_deref(), Some("\"1970-01-01T00:00:00.005Z\""));
    }

    #[test]
    fn a_name_reads_back_and_no_other_spelling_does() {
        for number in [0, 1, 12, u64::MAX] {
            let name = ConversationName(ConversationId(number));
            assert_eq!(ConversationName::parse(&name.to_string()), Some(name));
        }
        for no in ["", "c", "12", "c012", "c+1", "c-1", "n12", "c12 ", "C12", "c18446744073709551616", "c1.0"]
        {
            assert_eq!(ConversationName::parse(no), None, "{no}");
        }
        assert_eq!(NotificationName::parse("n7"), Some(NotificationName(OfferId(7))));
        assert_eq!(ContactName(3).to_string(), "p3");
    }
}
