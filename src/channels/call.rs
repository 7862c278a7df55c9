//! What the box and its relay say to each other: one JSON object a line, over a Unix socket.
//!
//! The relay makes one attempt at a call and says what came of it. When, how often, and what then is the box's
//! affair: it is written there. A call holds credentials, so it has no `Debug` that shows any.

use serde::{Deserialize, Serialize};
use std::fmt;

use super::spool::Keeper;
use crate::limits::{RELAY_ANSWER_BYTES_MAX, RELAY_LINE_BYTES_MAX};

/// An HTTP request to be made once. Redirects are not followed: they would carry credentials elsewhere.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Http {
    /// `GET` or `POST`.
    pub method: String,
    /// `https://…`; `http://` for a gateway on the LAN.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body of a `POST`.
    pub body: String,
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} …", self.method)
    }
}

/// A letter to be handed to a mail relay once.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// The mail relay's name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// `starttls`, `tls` or `none`.
    pub security: String,
    /// Who the box is there; empty: nobody.
    pub user: String,
    /// Its password there.
    pub password: String,
    /// The sender of the envelope.
    pub from: String,
    /// Its one recipient.
    pub to: String,
    /// The whole letter, headers and all; ASCII.
    pub text: String,
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a letter by {} …", self.host)
    }
}

/// One thing to do outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// A request.
    Http(Http),
    /// A file for a modem's spool folder, under a name that says which message it is.
    Put {
        /// Whose daemon takes it.
        keeper: Keeper,
        /// The spool folder.
        folder: String,
        /// The file's name.
        name: String,
        /// What it says.
        text: String,
    },
    /// A letter.
    Letter(Letter),
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// An answer, whatever it says.
    Answer {
        /// The HTTP status.
        status: u16,
        /// `Retry-After`, in seconds.
        wait_s: Option<u32>,
        /// The body, cut at [`RELAY_ANSWER_BYTES_MAX`].
        body: String,
    },
    /// Nothing can have arrived: no address, no connection.
    Unreached(String),
    /// It broke off, or took too long: it may have arrived.
    Unclear(String),
}

/// A spool folder to be watched for messages, and for what becomes of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watched {
    /// Whose messages they are.
    pub workstream: String,
    /// Which daemon keeps it.
    pub keeper: Keeper,
    /// The spool folder.
    pub folder: String,
}

/// From the box to its relay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum ToRelay {
    /// Make this call, and say what came of it under this number.
    Call {
        /// A number of this connection.
        n: u64,
        /// What to do.
        call: Call,
    },
    /// Watch these spool folders, and no others.
    Watch {
        /// All of them.
        folders: Vec<Watched>,
    },
    /// What was said of it is on the box's disk: its files may be put away.
    Taken {
        /// Whose folder it is in.
        workstream: String,
        /// What it was said under.
        name: String,
    },
    /// It is nothing for the box: it stays where it is, and is not said again.
    Left {
        /// Whose folder it is in.
        workstream: String,
        /// What it was said under.
        name: String,
    },
}

/// From the relay to the box.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum FromRelay {
    /// What came of a call.
    Reply {
        /// The call's number.
        n: u64,
        /// What came of it.
        reply: Reply,
    },
    /// A message has come into a spool folder, whole. Said again until it is taken or left.
    Received {
        /// Whose folder it is in.
        workstream: String,
        /// What its files have in common.
        name: String,
        /// What they hold.
        text: String,
    },
    /// A file of ours has got where files end. Said again until it is taken or left.
    Settled {
        /// Whose folder it is in.
        workstream: String,
        /// The file's name.
        name: String,
        /// By the modem; otherwise it could not be.
        sent: bool,
    },
}

/// A line of either direction, its end included.
pub fn line(message: &impl Serialize) -> String {
    // Plain data of strings and numbers: nothing in it that JSON cannot hold.
    let mut line = serde_json::to_string(message).unwrap_or_default();
    line.push('\n');
    line
}

const _: () =
    assert!(RELAY_ANSWER_BYTES_MAX * 6 + 1024 < RELAY_LINE_BYTES_MAX, "an answer fits a line, escaped");
