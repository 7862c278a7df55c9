//! System messages to customers: what there is to say, the default words, and what each may mention.
//!
//! `[workstream.texts]` overrides any of them (REQ S0-9). Default words stand in one table per language,
//! English first; a language adds its table to [`LANGUAGES`] and is complete or does not load (a test
//! counts).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::language::Lang;
use super::template::{Known, Placeholder, Template};
use super::words::words;
use super::workstream::Workstream;

mod translated;

words! {
    /// A system message, by the key of `[workstream.texts]`. Keys that are message codes on the wire have the
    /// same word.
    pub enum TextKey {
        /// The customer's place in the queue; live only (S0-8).
        QueuePosition = "queue_position",
        /// The expected wait; live only.
        AverageWait = "average_wait",
        /// Live and closed, with the next opening known (S0-5).
        OutOfHours = "out_of_hours",
        /// Live and closed, no opening in sight.
        ClosedUntilNotice = "closed_until_notice",
        /// Persistent and closed: writing is welcome (S0-4).
        OutOfHoursPersistent = "out_of_hours_persistent",
        /// Above the form for leaving a message (D-19).
        Offline = "offline",
        /// After a message was left.
        OfflineReceived = "offline_received",
        /// Somebody waits and nobody can take it (B-12).
        NobodyAvailable = "nobody_available",
        /// An agent is there.
        AgentJoined = "agent_joined",
        /// An agent left a conference.
        AgentLeft = "agent_left",
        /// The agent's connection is gone and the conversation is back in its queue.
        AgentLost = "agent_lost",
        /// The agent ended it.
        AgentEnded = "agent_ended",
        /// A supervisor ended it.
        SupervisorEnded = "supervisor_ended",
        /// The customer ended it (S3-37).
        CustomerEnded = "customer_ended",
        /// The customer was gone for too long (D-10).
        CustomerLost = "customer_lost",
        /// It is on its way to somebody else.
        Transferred = "transferred",
        /// The widget or workstream was removed (S3-9).
        AssetRemoved = "asset_removed",
        /// A waiting conversation was closed after its time.
        AutoClosed = "auto_closed",
        /// A refused transfer ended it (D-8).
        Disconnected = "disconnected",
        /// A bot hands over to people (S2-4).
        BotHandedOver = "bot_handed_over",
        /// A bot has helped and ended it.
        BotEnded = "bot_ended",
        /// The agent put it aside until its customer writes again; persistent only (S0-12).
        Parked = "parked",
        /// Its customer has written again; persistent only (S0-14).
        CustomerReturned = "customer_returned",
    }
}

/// The words of one language.
pub type Words = &'static [(TextKey, &'static str)];

/// Default words by language. English is first and is what a missing language falls to.
pub const LANGUAGES: &[(&str, Words)] =
    &[("en", ENGLISH), ("nl", translated::DUTCH), ("cs", translated::CZECH), ("da", translated::DANISH)];

const ENGLISH: Words = &[
    (TextKey::QueuePosition, "You are number {position} in line."),
    (TextKey::AverageWait, "An agent will be with you in about {minutes} min."),
    (TextKey::OutOfHours, "We are closed now. We open again {opens_at}."),
    (TextKey::ClosedUntilNotice, "We are closed until further notice."),
    (TextKey::OutOfHoursPersistent, "We are closed now. Write to us, and we will answer when we are open."),
    (TextKey::Offline, "Leave us a message and a way to reach you."),
    (TextKey::OfflineReceived, "Thank you. Your message has reached us. Its number is {reference}."),
    (TextKey::NobodyAvailable, "Nobody can take your chat right now. Your place in line is kept."),
    (TextKey::AgentJoined, "{agent_name} has joined the conversation."),
    (TextKey::AgentLeft, "{agent_name} has left the conversation."),
    (TextKey::AgentLost, "We lost the connection to our agent. You are first in line for the next one."),
    (TextKey::AgentEnded, "{agent_name} has ended the conversation."),
    (TextKey::SupervisorEnded, "The conversation has been ended."),
    (TextKey::CustomerEnded, "Customer has ended the conversation"),
    (TextKey::CustomerLost, "The customer's connection was lost. The conversation has ended."),
    (TextKey::Transferred, "You are being passed on to a colleague."),
    (TextKey::AssetRemoved, "This chat is no longer available. The conversation cannot go on."),
    (TextKey::AutoClosed, "This conversation has been closed because it was quiet for a long time."),
    (TextKey::BotHandedOver, "You are being put through to a colleague."),
    (TextKey::BotEnded, "This conversation has ended."),
    (TextKey::Disconnected, "Nobody could take over. The conversation has ended."),
    (TextKey::Parked, "The conversation is kept here; write at any time."),
    (TextKey::CustomerReturned, "The customer is back."),
];

impl TextKey {
    /// Whether a placeholder can have a value in this message. One that never has is a fault of the desk.
    pub fn may_use(self, placeholder: &Placeholder) -> bool {
        let Placeholder::Known(known) = placeholder else { return true };
        match known {
            Known::Position => self == Self::QueuePosition,
            Known::Minutes => matches!(self, Self::QueuePosition | Self::AverageWait),
            Known::OpensAt => matches!(
                self,
                Self::OutOfHours | Self::OutOfHoursPersistent | Self::Offline | Self::OfflineReceived
            ),
            Known::Reference => self == Self::OfflineReceived,
            Known::AgentName => matches!(
                self,
                Self::AgentJoined
                    | Self::AgentLeft
                    | Self::AgentLost
                    | Self::AgentEnded
                    | Self::CustomerEnded
                    | Self::Transferred
                    | Self::AutoClosed
            ),
            _ => true,
        }
    }

    /// The default words for a reader of `lang`: that language, its primary language, else English.
    pub fn default_text(self, lang: &str) -> &'static Template {
        let primary = lang.split(['-', '_']).next().unwrap_or(lang);
        COMPILED
            .get(primary.to_ascii_lowercase().as_str())
            .and_then(|texts| texts.get(&self))
            .unwrap_or_else(|| &COMPILED["en"][&self])
    }
}

impl Workstream {
    /// What a customer who reads `lang` is told: the admin's words, else the default in that language, the
    /// desk's, or English. An admin's table that lacks the language still comes before our defaults: a house
    /// that reworded a message meant it.
    pub fn text(&self, key: TextKey, lang: &str, desk_locale: &Lang) -> &Template {
        if let Some(own) = self.texts.get(&key) {
            return own.get(lang, desk_locale);
        }
        let known = |lang: &Lang| LANGUAGES.iter().any(|(name, _)| *name == lang.primary());
        let lang = Lang::new(lang).filter(known).unwrap_or_else(|| desk_locale.clone());
        key.default_text(lang.as_str())
    }
}

static COMPILED: LazyLock<BTreeMap<&'static str, BTreeMap<TextKey, Template>>> = LazyLock::new(|| {
    let compile =
        |(key, text): &(TextKey, &str)| (*key, Template::compile(text).expect("a default of ours compiles"));
    LANGUAGES.iter().map(|(lang, words)| (*lang, words.iter().map(compile).collect())).collect()
});

#[cfg(test)]
mod tests {
    use super::super::words::Word;
    use super::*;

    #[test]
    fn every_language_has_every_text_and_mentions_only_what_it_may() {
        assert_eq!(LANGUAGES[0].0, "en");
        for (lang, words) in LANGUAGES {
            assert_eq!(words.len(), TextKey::ALL.len(), "{lang}");
            for key in TextKey::ALL {
                let text = key.default_text(lang);
                assert!(text.placeholders().all(|p| key.may_use(p)), "{lang} {key}");
                assert!(words.iter().any(|(of, _)| of == key), "{lang} {key}");
                let mentioned =
                    |text: &Template| text.placeholders().map(|p| format!("{p:?}")).collect::<Vec<_>>();
                assert_eq!(mentioned(text), mentioned(key.default_text("en")), "{lang} {key}");
            }
        }
    }
}
