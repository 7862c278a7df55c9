//! A modem's spool folders (REQ S2-22): a file put into one of them is sent, two say what became of it, one holds what
//! came. Two daemons keep such folders, each in its own way: smstools' smsd and gammu-smsd.
//!
//! A file is named for its message, so that putting it twice is putting it once, and whoever finds it knows which
//! message it is: the folders are the list that is asked before anything is sent again.

mod gammu;
mod smstools;

use serde::{Deserialize, Serialize};

use super::call::{Call, Reply};
use super::{Inbound, Sent};

/// Which daemon keeps the folders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keeper {
    /// smstools.
    Smstools,
    /// gammu, with its service of files.
    Gammu,
}

/// A file of the folder for what came, and the message it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Alike for all pieces of one message, and in the order of arrival.
    pub message: String,
    /// Its place among them.
    pub number: u32,
}

/// What has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Came {
    /// A message.
    Message(Inbound),
    /// The network's word on a message that was sent: nobody asked for it.
    Report,
    /// It does not say whose it is.
    Nobodys,
}

impl Keeper {
    /// Where what is to be sent is put.
    pub const fn outgoing(self) -> &'static str {
        self.places()[0]
    }

    /// Where what was sent is put by the daemon.
    pub const fn sent(self) -> &'static str {
        "sent"
    }

    /// Where it puts what it could not send.
    pub const fn failed(self) -> &'static str {
        match self {
            Keeper::Smstools => "failed",
            Keeper::Gammu => "error",
        }
    }

    /// Where it puts what has come.
    pub const fn incoming(self) -> &'static str {
        match self {
            Keeper::Smstools => "incoming",
            Keeper::Gammu => "inbox",
        }
    }

    /// Where a message may be found, in the order it walks through them.
    pub const fn places(self) -> &'static [&'static str] {
        match self {
            Keeper::Smstools => &["outgoing", "checked", "sent", "failed"],
            Keeper::Gammu => &["outbox", "sent", "error"],
        }
    }

    /// The call that sends a text.
    pub fn call(self, folder: &str, id: u64, to: &str, text: &str) -> Call {
        let (name, text) = match self {
            Keeper::Smstools => (smstools::name(id), smstools::text(to, text)),
            Keeper::Gammu => (gammu::name(id, to), text.to_owned()),
        };
        Call::Put { keeper: self, folder: folder.to_owned(), name, text }
    }

    /// The bytes of a file that is to be sent.
    pub fn written(self, text: &str) -> Vec<u8> {
        match self {
            Keeper::Smstools => text.as_bytes().to_vec(),
            Keeper::Gammu => gammu::written(text),
        }
    }

    /// What came of a call: 201 with the place where the file now is.
    pub fn sent_by(self, reply: &Reply) -> Sent {
        match reply {
            Reply::Answer { status: 201, body, .. } if body == self.failed() => {
                Sent::Refused(REFUSED.to_owned())
            }
            Reply::Answer { status: 201, body, .. } if body == self.sent() => Sent::Accepted(None),
            Reply::Answer { status: 201, .. } => Sent::Spooled,
            Reply::Answer { body, .. } => Sent::Later { wait_s: None, why: body.clone() },
            Reply::Unreached(why) | Reply::Unclear(why) => Sent::Later { wait_s: None, why: why.clone() },
        }
    }

    /// Which of our messages a file is, by its name; none when it is somebody else's.
    pub fn number(self, name: &str) -> Option<u64> {
        let own = match self {
            Keeper::Smstools => name,
            Keeper::Gammu => gammu::note(name)?,
        };
        own.strip_prefix(OURS)?.parse().ok()
    }

    /// The message a file of the folder for what came is a piece of; none when it is none.
    pub fn piece(self, name: &str) -> Option<Piece> {
        match self {
            Keeper::Smstools => smstools::piece(name),
            Keeper::Gammu => gammu::piece(name),
        }
    }

    /// What the files of one message say, in their order.
    pub fn decoded(self, pieces: &[Vec<u8>]) -> String {
        match self {
            Keeper::Smstools => pieces.first().map(|bytes| smstools::decoded(bytes)).unwrap_or_default(),
            Keeper::Gammu => gammu::decoded(pieces),
        }
    }

    /// What came under a name.
    pub fn came(self, name: &str, text: &str) -> Came {
        match self {
            Keeper::Smstools => smstools::came(name, text),
            Keeper::Gammu => gammu::came(name, text).map_or(Came::Nobodys, Came::Message),
        }
    }
}

/// Why a message in the folder of failures will not arrive.
pub const REFUSED: &str = "the modem could not send it";

/// How the names of our files begin, or the note in them.
const OURS: &str = "deskbell-";

/// Is it a number that a modem can dial? A sender by name is none: nobody can answer it.
pub fn is_number(to: &str) -> bool {
    let digits = to.strip_prefix('+').unwrap_or(to);
    (1..=40).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit() || b == b'*' || b == b'#')
}

/// Text of a file in the alphabet it happens to have: UTF-8, else Latin 1.
fn plain(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect(),
    }
}

/// Text of UTF-16 units, the high byte first.
fn wide(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_of_a_file_is_said_by_the_folder_it_is_in() {
        let answer = |body: &str| Reply::Answer { status: 201, wait_s: None, body: body.to_owned() };
        for keeper in [Keeper::Smstools, Keeper::Gammu] {
            assert_eq!(keeper.sent_by(&answer(keeper.outgoing())), Sent::Spooled);
            assert_eq!(keeper.sent_by(&answer("sent")), Sent::Accepted(None));
            assert_eq!(keeper.sent_by(&answer(keeper.failed())), Sent::Refused(REFUSED.to_owned()));
            assert!(matches!(keeper.sent_by(&Reply::Unreached("no".into())), Sent::Later { .. }));
            let Call::Put { name, .. } = keeper.call("/spool", 9, "+31612345678", "Hi") else {
                panic!("a file")
            };
            assert_eq!(keeper.number(&name), Some(9), "{name}");
            assert_eq!(keeper.number("somebody-elses"), None);
        }
    }

    #[test]
    fn a_modem_dials_numbers_and_nothing_else() {
        for number in ["+31612345678", "0612345678", "1234", "*100#"] {
            assert!(is_number(number), "{number}");
        }
        for none in ["", "+", "Bank", "../x", "+31 6", "06_12", "+316+", &"1".repeat(41)] {
            assert!(!is_number(none), "{none}");
        }
    }
}
