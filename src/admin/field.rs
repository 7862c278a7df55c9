//! What a form is made of: subjects, their tabs, sets and fields, as tables.
//!
//! One table says a field's place in the desk file, its label, unit, default and effect; the form, its
//! reading and the place of a fault all follow from it. What a value may be is not said here: the desk's own
//! loader is asked, so that there is one set of rules.

use toml::Table;

use crate::desk::Desk;

/// A kind of entry of the desk, or a part of it that there is one of.
pub(super) struct Subject {
    /// Its part of the address: `queues`.
    pub(super) slug: &'static str,
    /// What one is called: `queue`.
    pub(super) one: &'static str,
    /// Heading of the list.
    pub(super) many: &'static str,
    /// One sentence below that heading.
    pub(super) lede: &'static str,
    /// Where its entries stand in the desk file.
    pub(super) list: List,
    /// The heads of its list, and the cells of one entry.
    pub(super) columns: &'static [&'static str],
    pub(super) cells: fn(&Desk, &Table) -> Vec<String>,
    /// The form that makes a new one.
    pub(super) new: &'static Tab,
    /// What a new one starts from, as in the desk file.
    pub(super) start: &'static str,
    /// The forms of one there is; the first is shown first.
    pub(super) tabs: &'static [Tab],
}

/// Where entries stand in the desk file.
#[derive(Clone, Copy)]
pub(super) enum List {
    /// There is one, at this table; empty for the file itself.
    Only(&'static str),
    /// `[[key]]`, named by the value of `id`; by its place when that is none.
    Top { key: &'static str, id: Option<&'static str>, ordered: bool },
    /// The rules of a widget.
    Rules,
}

/// One page of a form.
pub(super) struct Tab {
    /// Its part of the address; empty for the first.
    pub(super) slug: &'static str,
    pub(super) name: &'static str,
    pub(super) sets: &'static [Set],
    /// What stands beside the form.
    pub(super) panel: Panel,
}

/// What a page shows of the effect of its form, as posted or as saved.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Panel {
    None,
    /// A workstream's alert for new work, filled with an example.
    Alert,
    /// Its other alerts.
    OtherAlerts,
    /// A workstream's texts to customers.
    Texts,
    /// A quick reply.
    Reply,
    /// An invitation.
    Invitation,
    /// What masks make of a text one types.
    Masks,
    /// The line a site pastes.
    Snippet,
    /// Whether the hours are open now, and when that changes.
    Hours,
}

/// Fields under one heading.
pub(super) struct Set {
    pub(super) legend: &'static str,
    pub(super) fields: &'static [Field],
}

/// One setting.
#[derive(Clone, Copy)]
pub(super) struct Field {
    /// Its place below the entry: `notify.incoming.timeout_s`.
    pub(super) key: &'static str,
    pub(super) label: &'static str,
    pub(super) kind: Kind,
    pub(super) unit: &'static str,
    /// What it does.
    pub(super) help: &'static str,
    /// Its default and range, or from when it has effect.
    pub(super) note: &'static str,
    /// Chosen when the entry is made, and shown ever after.
    pub(super) once: bool,
    pub(super) only: Only,
}

/// For which entries a field is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Only {
    Always,
    Persistent,
    LiveChat,
    NotCases,
    Sms,
    Messenger,
    Voice,
}

/// How a setting is written, on the page and in the file.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// One line.
    Line,
    /// Several lines.
    Lines,
    Number,
    /// A switch, with the words beside it.
    Flag(&'static str),
    /// A switch that may be left out: the labels of left out, on and off.
    Maybe([&'static str; 3]),
    /// A word of the file and its label. An empty word leaves the setting out.
    Choice(&'static [(&'static str, &'static str)]),
    /// One entry of the desk; the label of none, where none may be.
    Pick(Source, Option<&'static str>),
    /// Any of them.
    Ticks(Source),
    /// Text by language; with lines or without.
    Texts(bool),
    /// A list, one a line.
    List,
    /// Keys, one PEM block after the other.
    Pems,
    /// Opening hours of a day: `08:00-12:00, 13:00-17:30`.
    Spans,
    /// `key = value`, one a line.
    Pairs,
    /// A table of rows.
    Rows(&'static [Column]),
    /// A password: goes in, never comes out.
    Password,
}

/// A column of [`Kind::Rows`].
#[derive(Clone, Copy)]
pub(super) struct Column {
    pub(super) key: &'static str,
    pub(super) label: &'static str,
    pub(super) kind: Cell,
}

/// How a cell of a row is written.
#[derive(Clone, Copy)]
pub(super) enum Cell {
    Line,
    /// Text by language, of which the cell shows the desk's own; the others stay as they are.
    Text,
    Choice(&'static [(&'static str, &'static str)]),
    Flag,
    Spans,
    /// Texts parted by `|`.
    Options,
}

/// Entries of the desk to choose from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Queues,
    /// Bots of the box's own, and those behind tokens.
    Bots,
    Hours,
    ChatWorkstreams,
    WrapupReasons,
    /// Presences in which somebody may be given work.
    Presences,
    StaffRoles,
    TokenRoles,
    Devices,
}

impl Field {
    pub(super) const fn new(key: &'static str, label: &'static str, kind: Kind) -> Self {
        Self { key, label, kind, unit: "", help: "", note: "", once: false, only: Only::Always }
    }

    pub(super) const fn help(mut self, help: &'static str) -> Self {
        self.help = help;
        self
    }

    pub(super) const fn note(mut self, note: &'static str) -> Self {
        self.note = note;
        self
    }

    pub(super) const fn unit(mut self, unit: &'static str) -> Self {
        self.unit = unit;
        self
    }

    pub(super) const fn once(mut self) -> Self {
        self.once = true;
        self
    }

    pub(super) const fn only(mut self, only: Only) -> Self {
        self.only = only;
        self
    }

    /// Whether the field is for this entry.
    pub(super) fn applies(&self, entry: &Table) -> bool {
        let is = |key, word: &str| entry.get(key).and_then(toml::Value::as_str) == Some(word);
        match self.only {
            Only::Always => true,
            Only::Persistent => is("mode", "persistent"),
            Only::LiveChat => is("mode", "live") && is("channel", "chat"),
            Only::NotCases => !is("channel", "case"),
            Only::Sms => is("channel", "sms"),
            Only::Messenger => is("channel", "messenger"),
            Only::Voice => is("channel", "voice"),
        }
    }
}

impl Tab {
    pub(super) fn fields(&self) -> impl Iterator<Item = &'static Field> {
        self.sets.iter().flat_map(|set| set.fields)
    }
}

impl Subject {
    /// Whether there is one only.
    pub(super) fn is_single(&self) -> bool {
        matches!(self.list, List::Only(_))
    }

    /// Whether the order of its list means something.
    pub(super) fn is_ordered(&self) -> bool {
        matches!(self.list, List::Rules | List::Top { ordered: true, .. })
    }

    /// The label of a setting, by its place below the entry.
    pub(super) fn label(&self, key: &str) -> Option<&'static str> {
        self.field(key).map(|field| field.label)
    }

    /// The field of a setting, by its place below the entry.
    pub(super) fn field(&self, key: &str) -> Option<&'static Field> {
        let fields = self.tabs.iter().flat_map(Tab::fields);
        let mut found: Option<&'static Field> = None;
        for field in fields {
            let fits = key
                .strip_prefix(field.key)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
            if fits && found.is_none_or(|other| other.key.len() < field.key.len()) {
                found = Some(field);
            }
        }
        found
    }
}
