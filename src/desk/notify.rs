//! What an agent sees of an offer: one template per kind of notification (REQ S2-14, S2-16, S2-20, S3-2,
//! S4-6, D-16).
//!
//! An admin writes the keys that differ. What is not written for a kind is taken from `incoming`, and what is
//! not written there from the defaults. A title is not inherited: a transfer announced as "Chat from Jan"
//! would lie.

mod defaults;

use super::language::{ByLanguage, Localized};
use super::model::Channel;
use super::template::Template;
use super::words::{Word, words};

words! {
    /// Why an agent is notified.
    pub enum NotifyKind {
        /// New work.
        Incoming = "incoming",
        /// A waiting customer is back.
        Returned = "returned",
        /// Another agent hands over.
        Transfer = "transfer",
        /// Another agent asks to join.
        Conference = "conference",
        /// Another agent, or a bot, hands up.
        Escalation = "escalation",
        /// A supervisor has assigned it.
        Assigned = "assigned",
    }
}

words! {
    /// How a notification looks.
    pub enum Style {
        /// Asks: has buttons, and must be acted on within its time (S2-16).
        Alert = "alert",
        /// Tells: floats, and disappears after its time (S2-15).
        Toast = "toast",
    }
}

words! {
    /// What happens without the agent's word (S2-17).
    pub enum Auto {
        /// Nothing: the agent decides.
        None = "none",
        /// The work item is the agent's at once; accepting opens it.
        Assign = "assign",
        /// A session is open at once.
        Accept = "accept",
    }
}

words! {
    /// When the system's own notification is shown as well (S2-5).
    pub enum Desktop {
        /// Never.
        Never = "never",
        /// Always.
        Always = "always",
        /// Only when the app is not in focus.
        Background = "background",
    }
}

/// One line of a notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// What stands before the value.
    pub label: Localized,
    /// The value.
    pub value: Template,
}

/// The keys an admin wrote for one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the key of the same name in `Notify`")]
pub struct NotifyWritten {
    pub style: Option<Style>,
    pub title: Option<ByLanguage<Template>>,
    pub fields: Option<Vec<Field>>,
    pub timeout_s: Option<u32>,
    pub show_timeout: Option<bool>,
    pub reject: Option<bool>,
    pub accept_label: Option<Localized>,
    pub auto: Option<Auto>,
    pub desktop: Option<Desktop>,
}

/// The notification of one kind, complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notify {
    /// Alert or toast.
    pub style: Style,
    /// First line.
    pub title: ByLanguage<Template>,
    /// Lines below it, in order.
    pub fields: Vec<Field>,
    /// Seconds the agent has (S2-10).
    pub timeout_s: u32,
    /// Whether the seconds are shown in the app; the desktop notification never shows them (S2-10, S2-11).
    pub show_timeout: bool,
    /// Whether there is a Reject button. See [`Notify::can_reject`].
    pub reject: bool,
    /// What the button says that takes the work; none: Accept, or Open where it is the agent's already.
    pub accept_label: Option<Localized>,
    /// What happens without the agent's word.
    pub auto: Auto,
    /// When the system's own notification is shown as well.
    pub desktop: Desktop,
}

impl Notify {
    /// Whether the agent may refuse: never when the app acts by itself.
    pub fn can_reject(&self) -> bool {
        self.reject && self.auto == Auto::None
    }
}

/// The notifications of a workstream: what was written, and what it comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotifySet {
    written: [Option<NotifyWritten>; NotifyKind::ALL.len()],
    complete: [Notify; NotifyKind::ALL.len()],
}

impl NotifySet {
    /// Completes what was written for a channel; `written` stands in the order of [`NotifyKind`].
    pub fn new(channel: Channel, written: [Option<NotifyWritten>; NotifyKind::ALL.len()]) -> Self {
        let incoming = written[NotifyKind::Incoming as usize].clone().unwrap_or_default();
        let complete = std::array::from_fn(|index| {
            let own = written[index].clone().unwrap_or_default();
            complete(channel, NotifyKind::ALL[index], own, &incoming)
        });
        Self { written, complete }
    }

    /// The notification of a kind.
    pub fn get(&self, kind: NotifyKind) -> &Notify {
        &self.complete[kind as usize]
    }

    /// What the admin wrote for a kind.
    pub fn written(&self, kind: NotifyKind) -> Option<&NotifyWritten> {
        self.written[kind as usize].as_ref()
    }

    /// The shortest of all time-outs, in seconds.
    pub fn timeout_s_min(&self) -> u32 {
        self.complete.iter().map(|notify| notify.timeout_s).min().unwrap_or(0)
    }
}

/// Seconds of an alert unless said (D-16).
const ALERT_TIMEOUT_S: u32 = 120;

/// Seconds of a toast unless said: long enough to read, too short to hide the next.
const TOAST_TIMEOUT_S: u32 = 20;

fn complete(channel: Channel, kind: NotifyKind, own: NotifyWritten, incoming: &NotifyWritten) -> Notify {
    let case = channel == Channel::Case;
    let style = own.style.or(incoming.style).unwrap_or(if case { Style::Toast } else { Style::Alert });
    let timeout_s = match style {
        Style::Alert => ALERT_TIMEOUT_S,
        Style::Toast => TOAST_TIMEOUT_S,
    };
    Notify {
        style,
        title: own.title.unwrap_or_else(|| defaults::title(channel, kind)),
        fields: own.fields.or_else(|| incoming.fields.clone()).unwrap_or_else(|| defaults::fields(channel)),
        timeout_s: own.timeout_s.or(incoming.timeout_s).unwrap_or(timeout_s),
        show_timeout: own.show_timeout.or(incoming.show_timeout).unwrap_or(true),
        reject: own.reject.or(incoming.reject).unwrap_or(!case),
        accept_label: own.accept_label.or_else(|| incoming.accept_label.clone()),
        auto: own.auto.or(incoming.auto).unwrap_or(if case { Auto::Assign } else { Auto::None }),
        desktop: own.desktop.or(incoming.desktop).unwrap_or(Desktop::Background),
    }
}

fn compiled(source: &str) -> Template {
    Template::compile(source).expect("a default of ours compiles")
}
