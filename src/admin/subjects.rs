//! Every subject of the desk that has a form, and where each stands in the index.

mod desk;
mod hours;
mod people;
mod providers;
mod queues;
mod widgets;
mod words;
mod workstreams;

use toml::Table;

use super::document::words_of;
use super::field::{List, Subject};

pub(super) use self::desk::{DESK, MASKING};
pub(super) use self::hours::HOURS;
pub(super) use self::people::{PEOPLE, PRESENCES, TOKENS};
pub(super) use self::queues::QUEUES;
pub(super) use self::widgets::{RULES, WIDGETS};
pub(super) use self::words::{ARTICLES, CONTACTS, QUICK_REPLIES, WRAPUP_REASONS};
pub(super) use self::workstreams::{WORKSTREAMS, lede as workstream_lede};

/// Every subject with an address of its own; rules stand below their widget.
pub(super) static ALL: [&Subject; 13] = [
    &DESK,
    &HOURS,
    &PEOPLE,
    &PRESENCES,
    &WORKSTREAMS,
    &QUEUES,
    &WIDGETS,
    &MASKING,
    &QUICK_REPLIES,
    &WRAPUP_REASONS,
    &ARTICLES,
    &CONTACTS,
    &TOKENS,
];

/// The subject of an address.
pub(super) fn by_slug(slug: &str) -> Option<&'static Subject> {
    ALL.into_iter().find(|subject| subject.slug == slug)
}

/// The subject whose list stands under a key of the desk file.
pub(super) fn by_key(key: &str) -> Option<&'static Subject> {
    ALL.into_iter().find(|subject| match subject.list {
        List::Only(table) => table == key,
        List::Top { key: own, .. } => own == key,
        List::Rules => false,
    })
}

/// What an entry is called on a page: its name, label, title or id.
pub(super) fn title(entry: &Table, locale: &str) -> String {
    let keys = ["name", "label", "title", "id", "username"];
    let title = keys.iter().find_map(|key| words_of(entry, key, locale));
    title.unwrap_or_default().to_owned()
}

/// A text of an entry, for a cell.
fn words(entry: &Table, key: &str, locale: &str) -> String {
    words_of(entry, key, locale).unwrap_or_default().to_owned()
}

/// A number of an entry, for a cell.
fn number(entry: &Table, key: &str) -> String {
    super::document::at(entry, key)
        .and_then(toml::Value::as_integer)
        .map_or_else(String::new, |n| n.to_string())
}
