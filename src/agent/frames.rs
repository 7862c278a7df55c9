//! What agents and supervisors send, read strictly: one enum is the table of every request there is.

mod fields;

use serde::Deserialize;
use std::collections::BTreeMap;

use super::selftest::Selftest;
use crate::engine::effect::BannerKind;
use crate::engine::refusal::Refusal;
use crate::limits::SYNC_CURSORS_MAX;
use crate::shell::frame;
use crate::shell::text::{self, Writer};

pub use self::fields::{Before, ContactChange, ContactField, Limit, Listing, Revealed, To, WrapUp};
pub use crate::shell::frame::FrameFault;

/// One frame of a staff socket.
pub type Frame = frame::Frame<Request>;

/// Every request of staff, by its `t`. Texts have passed the rules of [`text`]; names are as sent, and may name
/// nothing.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum Request {
    /// Choose a presence.
    Presence {
        /// One of the six statuses, or a presence of the desk.
        status: String,
    },
    /// Delivery receipt of a notification (S2-29).
    Shown {
        /// Which.
        notification: String,
    },
    /// Take the work.
    Accept {
        /// Which.
        notification: String,
    },
    /// Decline it.
    Reject {
        /// Which.
        notification: String,
    },
    /// Take by hand what is reserved, waiting, or in a pick queue.
    Pickup {
        /// Which.
        conversation: String,
    },
    /// Say something.
    Message {
        /// Where.
        conversation: String,
        /// Its name by the sender (D-17).
        client_id: String,
        /// The text, ready to store.
        text: String,
    },
    /// Is writing, or has stopped.
    Typing {
        /// Where.
        conversation: String,
        /// Writing?
        on: bool,
    },
    /// Has read.
    Seen {
        /// Where.
        conversation: String,
        /// Up to this message.
        seq: u32,
    },
    /// Set a persistent conversation aside (S0-12).
    Park {
        /// Which.
        conversation: String,
    },
    /// Give a live one back to its queue (D-2).
    Release {
        /// Which.
        conversation: String,
    },
    /// Hand over (S3-29).
    Transfer {
        /// Which.
        conversation: String,
        /// To whom.
        to: To,
        /// The sender's wrap-up, when given at once.
        wrapup: Option<WrapUp>,
    },
    /// Ask a colleague in (S3-33).
    Conference {
        /// Which.
        conversation: String,
        /// Whom.
        agent: String,
    },
    /// The owner ends a conference (S3-35).
    EndConference {
        /// Which.
        conversation: String,
        /// The owner's wrap-up, when given at once.
        wrapup: Option<WrapUp>,
    },
    /// A participant leaves a conference.
    Leave {
        /// Which.
        conversation: String,
    },
    /// Hand up to a queue.
    Escalate {
        /// Which.
        conversation: String,
        /// Where to.
        queue: String,
        /// Why, in words.
        reason: String,
    },
    /// End the conversation.
    End {
        /// Which.
        conversation: String,
    },
    /// Close one's own session (S3-39).
    Wrapup {
        /// Which.
        conversation: String,
        /// Reason and comment.
        #[serde(flatten)]
        wrapup: WrapUp,
    },
    /// Answer a banner (S2-25).
    BannerReset {
        /// Which.
        #[serde(with = "banner")]
        kind: BannerKind,
    },
    /// List targets (S3-30).
    Directory {
        /// Of what.
        kind: Listing,
        /// Part of a name.
        filter: Option<String>,
        /// The unavailable ones too.
        #[serde(default)]
        all: bool,
        /// For the work of this conversation; none: for any.
        conversation: Option<String>,
    },
    /// What was missed (B-2).
    Sync {
        /// Last `seq` held, by conversation.
        cursors: BTreeMap<String, u32>,
    },
    /// Waiting conversations beyond the newest.
    Parked {
        /// Older than this; none: the newest.
        before: Option<Before>,
        /// How many.
        #[serde(default)]
        limit: Limit,
    },
    /// A note on a conversation, for staff only.
    Note {
        /// On which.
        conversation: String,
        /// The note.
        text: String,
    },
    /// Older messages.
    History {
        /// Of which conversation.
        conversation: String,
        /// Before this message; none: the newest.
        before: Option<u32>,
        /// How many.
        #[serde(default)]
        limit: Limit,
    },
    /// Earlier conversations of a contact.
    ContactHistory {
        /// Whose.
        contact: String,
        /// Older than this; none: the newest.
        before: Option<Before>,
        /// How many.
        #[serde(default)]
        limit: Limit,
    },
    /// Show a masked value once, audited (D-20).
    Reveal {
        /// What.
        #[serde(flatten)]
        what: Revealed,
        /// Why.
        reason: String,
    },
    /// A stored contact, masked.
    Contact {
        /// Which.
        contact: String,
    },
    /// Contacts to link: by part of a name, or a whole address or number.
    ContactFind {
        /// What is looked for.
        text: String,
        /// How many.
        #[serde(default)]
        limit: Limit,
    },
    /// Says who the customer of a conversation is; null: nobody known.
    ContactLink {
        /// Of which conversation.
        conversation: String,
        /// Which contact.
        contact: Option<String>,
    },
    /// Keeps the customer of a conversation as a contact, and links her.
    ContactNew {
        /// Of which conversation.
        conversation: String,
    },
    /// Replaces fields of a contact; what is left out stays (D-20).
    ContactEdit {
        /// Which.
        contact: String,
        /// The fields that change.
        fields: ContactChange,
    },
    /// Supervisor: removes a contact and all that was said and noted with her; numbers of conversations stay.
    ContactErase {
        /// Which.
        contact: String,
        /// Why.
        reason: String,
    },
    /// Whether this window's alerts can be seen and heard (B-7).
    Selftest {
        /// What the page found out.
        #[serde(flatten)]
        found: Selftest,
    },
    /// Supervisor: begin or stop the live view.
    DeskView {
        /// Begin?
        on: bool,
    },
    /// Supervisor: set an agent's presence (S2-27).
    ResetPresence {
        /// Whose.
        agent: String,
        /// To what.
        status: String,
    },
    /// Supervisor: give a conversation to an agent or a queue.
    Assign {
        /// Which.
        conversation: String,
        /// To whom.
        #[serde(flatten)]
        to: To,
    },
    /// Supervisor: begin or stop reading along.
    Monitor {
        /// Which.
        conversation: String,
        /// Begin?
        on: bool,
    },
    /// Supervisor: end a conversation.
    ForceEnd {
        /// Which.
        conversation: String,
    },
}

impl Request {
    /// All that changes something or asks for an answer; what is only a passing sign does not.
    const fn needs_id(&self) -> bool {
        !matches!(self, Request::Typing { .. } | Request::Seen { .. } | Request::DeskView { .. })
    }

    /// The conversation it names, where it acts on one.
    pub fn conversation(&self) -> Option<&str> {
        match self {
            Request::Pickup { conversation }
            | Request::Message { conversation, .. }
            | Request::Park { conversation }
            | Request::Release { conversation }
            | Request::Transfer { conversation, .. }
            | Request::Conference { conversation, .. }
            | Request::EndConference { conversation, .. }
            | Request::Leave { conversation }
            | Request::Escalate { conversation, .. }
            | Request::End { conversation }
            | Request::Wrapup { conversation, .. }
            | Request::Note { conversation, .. }
            | Request::ContactLink { conversation, .. }
            | Request::ContactNew { conversation } => Some(conversation),
            _ => None,
        }
    }

    /// For supervisors only? Others get [`Refusal::Forbidden`].
    pub const fn supervisor_only(&self) -> bool {
        matches!(
            self,
            Request::DeskView { .. }
                | Request::ResetPresence { .. }
                | Request::Assign { .. }
                | Request::Monitor { .. }
                | Request::ForceEnd { .. }
                | Request::ContactErase { .. }
        )
    }

    /// Holds the texts to their rules and puts them as they are stored.
    fn settle(mut self) -> Result<Request, Refusal> {
        match &mut self {
            Request::Message { client_id, text, .. } => {
                text::client_id(client_id)?;
                text::settle(text, Writer::Agent)?;
            }
            Request::Note { text, .. } => text::settle(text, Writer::Customer)?,
            Request::Escalate { reason, .. }
            | Request::Reveal { reason, .. }
            | Request::ContactErase { reason, .. } => {
                text::settle(reason, Writer::Customer)?;
            }
            Request::Transfer { wrapup: Some(wrapup), .. }
            | Request::EndConference { wrapup: Some(wrapup), .. }
            | Request::Wrapup { wrapup, .. } => {
                wrapup.comment = text::comment(wrapup.comment.as_deref())?.map(Into::into);
            }
            Request::Sync { cursors } if cursors.len() > SYNC_CURSORS_MAX => return Err(Refusal::TooLong),
            _ => {}
        }
        Ok(self)
    }
}

/// Reads a frame.
///
/// # Errors
/// The first thing wrong with it ([`frame::parse`]).
pub fn parse(text: &str) -> Result<Frame, FrameFault> {
    frame::parse(text, Request::needs_id, Request::settle)
}

mod banner {
    use serde::{Deserialize, Deserializer, de::Error};

    use crate::engine::effect::BannerKind;

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BannerKind, D::Error> {
        let name = String::deserialize(deserializer)?;
        let kind = BannerKind::ALL.into_iter().find(|kind| kind.name() == name);
        kind.ok_or_else(|| D::Error::custom("no such banner"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::CLIENT_FRAME_BYTES_MAX;
    use crate::shell::wire::Stamp;

    fn refused(frame: &str) -> (Option<i64>, Refusal) {
        let fault = parse(frame).expect_err(frame);
        (fault.id, fault.code)
    }

    #[test]
    fn what_cannot_be_attributed_is_refused_without_an_id() {
        for frame in [
            "",
            "nonsense",
            "[]",
            "null",
            "7",
            "\"presence\"",
            r#"["presence",1,"away"]"#,
            "{",
            r#"{"id":1}"#,
            r#"{"id":1,"t":null}"#,
            r#"{"t":"presence","status":"away","id":"1"}"#,
            r#"{"t":"presence","status":"away","id":1.5}"#,
            r#"{"t":"presence","status":"away","id":9007199254740993}"#,
            r#"{"t":"presence","status":"away","id":1,"id":2}"#,
            r#"{"t":"presence","status":"away","id":true}"#,
            r#"{"t":"presence","status":"away","id":1} x"#,
        ] {
            assert_eq!(refused(frame), (None, Refusal::BadRequest), "{frame}");
        }
        let long = format!(r#"{{"t":"presence","id":1,"status":"{}"}}"#, "x".repeat(CLIENT_FRAME_BYTES_MAX));
        assert_eq!(refused(&long), (None, Refusal::BadRequest));
    }

    #[test]
    fn an_id_reaches_two_to_the_fifty_third_either_way() {
        for id in [0, -1, 1 << 53, -(1 << 53)] {
            let frame = format!(r#"{{"t":"end","id":{id},"conversation":"c1"}}"#);
            assert_eq!(parse(&frame).map(|frame| frame.id), Ok(Some(id)));
        }
    }

    #[test]
    fn a_lone_surrogate_or_a_deep_nest_still_names_its_request() {
        let frame = r#"{"t":"message","id":5,"conversation":"c1","client_id":"a","text":"\ud800"}"#;
        assert_eq!(refused(frame), (Some(5), Refusal::BadRequest));
        let deep = format!(r#"{{"t":"end","id":5,"conversation":{}{}}}"#, "[".repeat(7000), "]".repeat(7000));
        assert_eq!(refused(&deep), (Some(5), Refusal::BadRequest));
        let pair = r#"{"t":"message","id":5,"conversation":"c1","client_id":"a","text":"\ud83d\ude00"}"#;
        assert!(
            matches!(parse(pair), Ok(Frame { request: Request::Message { text, .. }, .. }) if text == "😀")
        );
    }

    #[test]
    fn a_text_is_put_as_it_is_stored() {
        let frame = r#"{"t":"message","id":5,"conversation":"c1","client_id":"a","text":"a\r\nb"}"#;
        assert!(
            matches!(parse(frame), Ok(Frame { request: Request::Message { text, .. }, .. }) if text == "a\nb")
        );
        let frame = r#"{"t":"wrapup","id":5,"conversation":"c1","reason":"solved","comment":"  "}"#;
        let expected = WrapUp { reason: Some("solved".into()), comment: None };
        assert!(
            matches!(parse(frame), Ok(Frame { request: Request::Wrapup { wrapup, .. }, .. }) if wrapup == expected)
        );
    }

    #[test]
    fn a_page_is_bounded_and_its_start_is_a_time_or_a_conversation() {
        let limit = |limit: &str| parse(&format!(r#"{{"t":"parked","id":1,"limit":{limit},"before":"c7"}}"#));
        for (asked, given) in [("1", 1), ("50", 50), ("51", 50), ("70000", 50)] {
            let expected =
                Request::Parked { before: Some(Before::Conversation("c7".into())), limit: Limit(given) };
            assert_eq!(limit(asked).map(|frame| frame.request), Ok(expected));
        }
        for no in ["0", "-1", "1.5", "\"5\""] {
            assert_eq!(limit(no), Err(FrameFault { id: Some(1), code: Refusal::BadRequest }), "{no}");
        }
        let frame = r#"{"t":"contact_history","id":1,"contact":"p1","before":"1970-01-01T00:00:00.007Z"}"#;
        let expected = Before::Instant(Stamp(7));
        assert!(
            matches!(parse(frame), Ok(Frame { request: Request::ContactHistory { before: Some(before), .. }, .. }) if before == expected)
        );
    }

    #[test]
    fn a_sync_of_too_many_conversations_is_refused() {
        let cursors = |count: usize| {
            let cursors: Vec<String> = (0..count).map(|n| format!("\"c{n}\":{n}")).collect();
            format!(r#"{{"t":"sync","id":1,"cursors":{{{}}}}}"#, cursors.join(","))
        };
        assert!(parse(&cursors(SYNC_CURSORS_MAX)).is_ok());
        assert_eq!(refused(&cursors(SYNC_CURSORS_MAX + 1)), (Some(1), Refusal::TooLong));
    }
}
