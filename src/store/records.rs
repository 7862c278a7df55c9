//! Records: what a value is. One version byte, then postcard.
//!
//! A record's layout is its fields in order, so any change of a field is a new version: keep the old
//! struct, and let [`Record::migrate`] turn it into the new one. Golden bytes pin every version.

use serde::{Serialize, de::DeserializeOwned};
use std::fmt;

/// A value with a version of its own.
pub trait Record: Serialize + DeserializeOwned {
    /// The record's name in refusals.
    const NAME: &'static str;
    /// The version [`encode`](Record::encode) writes; from 1.
    const VERSION: u8;

    /// Appends version and record to `out`.
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(Self::VERSION);
        let extended = postcard::to_extend(self, Appended(out));
        // A Vec takes whatever comes; what is left are types postcard cannot hold (a map of unknown length).
        assert!(extended.is_ok(), "{} is not a record postcard can hold", Self::NAME);
    }

    /// The record `bytes` hold, migrated when an earlier version wrote them.
    fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        let (&version, body) = bytes.split_first().ok_or(RecordError::Empty { name: Self::NAME })?;
        if version == Self::VERSION {
            body_of(Self::NAME, body)
        } else if version > Self::VERSION {
            Err(RecordError::Newer { name: Self::NAME, version, known: Self::VERSION })
        } else {
            Self::migrate(version, body)
        }
    }

    /// The record an earlier version wrote. A record of version 1 has no earlier one.
    fn migrate(version: u8, _body: &[u8]) -> Result<Self, RecordError> {
        Err(RecordError::Forgotten { name: Self::NAME, version })
    }
}

/// Reads a record's body to its last byte; for [`Record::migrate`].
pub fn body_of<T: DeserializeOwned>(name: &'static str, body: &[u8]) -> Result<T, RecordError> {
    match postcard::take_from_bytes(body) {
        Ok((record, [])) => Ok(record),
        Ok((_, rest)) => Err(RecordError::TooLong { name, bytes: rest.len() }),
        Err(_) => Err(RecordError::Malformed { name }),
    }
}

/// Why bytes are not the record they should be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RecordError {
    /// Not even a version.
    Empty {
        /// The record's name.
        name: &'static str,
    },
    /// A later version of the program wrote it.
    Newer {
        /// The record's name.
        name: &'static str,
        /// Its version.
        version: u8,
        /// The newest one known here.
        known: u8,
    },
    /// An earlier version whose layout this program no longer knows.
    Forgotten {
        /// The record's name.
        name: &'static str,
        /// Its version.
        version: u8,
    },
    /// Not the fields of its version.
    Malformed {
        /// The record's name.
        name: &'static str,
    },
    /// The fields, and more.
    TooLong {
        /// The record's name.
        name: &'static str,
        /// How much more.
        bytes: usize,
    },
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecordError::Empty { name } => write!(f, "{name}: empty record"),
            RecordError::Newer { name, version, known } => {
                write!(f, "{name}: version {version}, written by a newer deskbell (this one knows {known})")
            }
            RecordError::Forgotten { name, version } => {
                write!(f, "{name}: version {version} is no longer known")
            }
            RecordError::Malformed { name } => write!(f, "{name}: malformed record"),
            RecordError::TooLong { name, bytes } => write!(f, "{name}: {bytes} bytes too many"),
        }
    }
}

impl std::error::Error for RecordError {}

/// Lets postcard append to a buffer that is only lent.
struct Appended<'a>(&'a mut Vec<u8>);

impl Extend<u8> for Appended<'_> {
    fn extend<T: IntoIterator<Item = u8>>(&mut self, bytes: T) {
        self.0.extend(bytes);
    }
}

/// Records of which no earlier version was ever written: `records! { Note = "note", }`
macro_rules! records {
    ($($name:ident = $text:literal,)+) => {$(
        impl $crate::store::records::Record for $name {
            const NAME: &'static str = $text;
            const VERSION: u8 = 1;
        }
    )+};
}
pub(crate) use records;

/// A test that pins the bytes of a record: `golden!(a_note_is_stored_as, Note { … }, "01 05 68 65 6c 6c 6f");`
///
/// For an earlier version add what it is migrated from: `golden!(…, Note { … }, from "00 …");`
#[macro_export]
macro_rules! golden {
    ($test:ident, $record:expr, $hex:literal) => {
        #[test]
        fn $test() {
            $crate::store::records::assert_golden(&$record, $hex, true);
        }
    };
    ($test:ident, $record:expr, from $hex:literal) => {
        #[test]
        fn $test() {
            $crate::store::records::assert_golden(&$record, $hex, false);
        }
    };
}

/// The check behind [`golden!`](crate::golden).
#[doc(hidden)]
pub fn assert_golden<T: Record + PartialEq + fmt::Debug>(record: &T, hex: &str, current: bool) {
    let digits: String = hex.chars().filter(|c| !c.is_whitespace()).collect();
    let golden = data_encoding::HEXLOWER.decode(digits.as_bytes()).unwrap_or_default();
    if current {
        let mut bytes = Vec::new();
        record.encode(&mut bytes);
        assert_eq!(data_encoding::HEXLOWER.encode(&bytes), digits, "the layout of {} has changed", T::NAME);
    }
    assert_eq!(T::decode(&golden).as_ref(), Ok(record), "{} is read differently", T::NAME);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Note {
        text: String,
        pinned: bool,
    }

    impl Record for Note {
        const NAME: &'static str = "note";
        const VERSION: u8 = 2;

        fn migrate(version: u8, body: &[u8]) -> Result<Self, RecordError> {
            match version {
                1 => Ok(Note { text: body_of(Self::NAME, body)?, pinned: false }),
                _ => Err(RecordError::Forgotten { name: Self::NAME, version }),
            }
        }
    }

    golden!(a_record_is_a_version_and_its_fields, Note { text: "hi".into(), pinned: true }, "02 02 68 69 01");
    golden!(an_earlier_version_is_migrated, Note { text: "hi".into(), pinned: false }, from "01 02 68 69");

    #[test]
    fn what_is_not_the_record_is_refused_by_name() {
        let name = "note";
        assert_eq!(Note::decode(&[]), Err(RecordError::Empty { name }));
        assert_eq!(Note::decode(&[3, 0]), Err(RecordError::Newer { name, version: 3, known: 2 }));
        assert_eq!(Note::decode(&[0, 0]), Err(RecordError::Forgotten { name, version: 0 }));
        assert_eq!(Note::decode(&[2, 2, b'h']), Err(RecordError::Malformed { name }));
        assert_eq!(Note::decode(&[2, 0, 0, 9]), Err(RecordError::TooLong { name, bytes: 1 }));
    }
}
