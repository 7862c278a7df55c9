//! Typed reading of a parsed file: every value knows its path and line, and what is wrong is noted and passed
//! by.
//!
//! A [`Section`] is one table. Asking it for a key makes the key known; when the section is dropped, every
//! key that nobody asked for is a fault. So the list of known keys cannot drift from what is read.

mod entry;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use toml::de::{DeTable, DeValue};

pub(super) use self::entry::{Entry, NAME, TEXT, TextRule, shown};
use super::fault::{Collector, Warning};
use super::ids::Id;
use super::language::{ByLanguage, Lang, Localized};
use super::template::{Placeholder, Template};
use super::words::Word;
use crate::limits::DESK_FAULTS_MAX;

/// What one reading of a file gathers.
pub(in crate::desk) struct Sheet {
    line_starts: Vec<usize>,
    /// The line of everything read, by its path. A `[[queue]]` with id `front` is at `queue.front`.
    places: RefCell<BTreeMap<String, u32>>,
    references: RefCell<Vec<Reference>>,
    faults: RefCell<Collector>,
    warnings: RefCell<Vec<Warning>>,
    locale: RefCell<Lang>,
}

/// A name that must be the id of an entry of some list.
struct Reference {
    list: &'static str,
    id: String,
    line: u32,
    path: String,
}

impl Sheet {
    pub(in crate::desk) fn new(text: &str) -> Self {
        let starts = std::iter::once(0)
            .chain(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at + 1));
        Self {
            line_starts: starts.collect(),
            places: RefCell::default(),
            references: RefCell::default(),
            faults: RefCell::default(),
            warnings: RefCell::default(),
            locale: RefCell::new(Lang::english()),
        }
    }

    /// The line, from 1, of a byte of the file.
    pub(in crate::desk) fn line_at(&self, byte: usize) -> u32 {
        u32::try_from(self.line_starts.partition_point(|start| *start <= byte)).unwrap_or(u32::MAX)
    }

    /// The line of a path, or of the nearest table around it.
    pub(in crate::desk) fn line_of(&self, path: &str) -> Option<u32> {
        let places = self.places.borrow();
        let mut path = path;
        loop {
            if let Some(line) = places.get(path) {
                return Some(*line);
            }
            path = &path[..path.rfind(['.', '['])?];
        }
    }

    /// Whether something was read at a path.
    pub(in crate::desk) fn holds(&self, path: &str) -> bool {
        self.places.borrow().contains_key(path)
    }

    /// Notes a fault at a path.
    pub(in crate::desk) fn fault(&self, path: &str, message: impl Into<String>) {
        self.faults.borrow_mut().push(self.line_of(path), path, message);
    }

    fn fault_at(&self, line: u32, path: &str, message: impl Into<String>) {
        self.faults.borrow_mut().push(Some(line), path, message);
    }

    /// Notes a warning at a path.
    pub(in crate::desk) fn warn(&self, path: &str, message: impl Into<String>) {
        self.warnings.borrow_mut().push(Warning {
            line: self.line_of(path),
            path: path.to_owned(),
            message: message.into(),
        });
    }

    /// The language every text by language must have, unless it has English.
    pub(in crate::desk) fn set_locale(&self, locale: &Lang) {
        *self.locale.borrow_mut() = locale.clone();
    }

    /// Checks every reference, now that all lists have been read.
    pub(in crate::desk) fn check_references(&self) {
        for reference in self.references.borrow().iter() {
            let Reference { list, id, line, path } = reference;
            if !self.holds(&join(list, id)) {
                self.fault_at(*line, path, format!("there is no {list} {id:?}"));
            }
        }
    }

    pub(in crate::desk) fn into_parts(self) -> (Collector, Vec<Warning>) {
        let mut warnings = self.warnings.into_inner();
        warnings.sort();
        warnings.truncate(DESK_FAULTS_MAX);
        (self.faults.into_inner(), warnings)
    }
}

/// One table of the file.
pub(in crate::desk) struct Section<'s> {
    sheet: &'s Sheet,
    table: &'s DeTable<'s>,
    path: String,
    line: u32,
    known: RefCell<Vec<&'static str>>,
}

impl<'s> Section<'s> {
    pub(in crate::desk) fn root(sheet: &'s Sheet, table: &'s DeTable<'s>) -> Self {
        Self::new(sheet, table, String::new(), 1)
    }

    fn new(sheet: &'s Sheet, table: &'s DeTable<'s>, path: String, line: u32) -> Self {
        sheet.places.borrow_mut().insert(path.clone(), line);
        Self { sheet, table, path, line, known: RefCell::default() }
    }

    /// The path of a key of this table.
    pub(in crate::desk) fn path_of(&self, key: &str) -> String {
        join(&self.path, key)
    }

    pub(in crate::desk) fn fault(&self, key: &str, message: impl Into<String>) {
        self.sheet.fault(&self.path_of(key), message);
    }

    /// Whether a list of the file, already gone through, has an entry of that id.
    pub(in crate::desk) fn has_entry(&self, list: &str, id: &str) -> bool {
        self.sheet.holds(&join(list, id))
    }

    /// Notes a fault of the table itself.
    pub(in crate::desk) fn fault_here(&self, message: impl Into<String>) {
        self.sheet.fault_at(self.line, &self.path, message);
    }

    /// Notes a fault some steps below this table.
    pub(in crate::desk) fn fault_below(&self, steps: &str, message: impl Into<String>) {
        self.sheet.fault(&format!("{}.{steps}", self.path), message);
    }

    pub(in crate::desk) fn warn(&self, key: &str, message: impl Into<String>) {
        self.sheet.warn(&self.path_of(key), message);
    }

    /// The value of a key, which is known from now on.
    pub(in crate::desk) fn get(&self, key: &'static str) -> Option<Entry<'s>> {
        self.known.borrow_mut().push(key);
        let (key_at, value) = self.table.get_key_value(key)?;
        let path = self.path_of(key);
        // A table's own place is its header; a value's is its key, also when the value begins lines below.
        let byte = if value.get_ref().is_table() { value.span().start } else { key_at.span().start };
        let line = self.sheet.line_at(byte);
        self.sheet.places.borrow_mut().insert(path.clone(), line);
        Some(Entry { sheet: self.sheet, value: value.get_ref(), path, line })
    }

    /// Is a key there, whatever it holds?
    pub(in crate::desk) fn has_key(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// The value of a key that must be there.
    pub(in crate::desk) fn need(&self, key: &'static str) -> Option<Entry<'s>> {
        let entry = self.get(key);
        if entry.is_none() {
            self.fault(key, "is missing");
        }
        entry
    }

    pub(in crate::desk) fn number(&self, key: &'static str, range: RangeInclusive<u32>) -> Option<u32> {
        self.get(key)?.number(range)
    }

    pub(in crate::desk) fn flag(&self, key: &'static str) -> Option<bool> {
        self.get(key)?.flag()
    }

    pub(in crate::desk) fn word<W: Word>(&self, key: &'static str) -> Option<W> {
        self.get(key)?.word(W::ALL)
    }

    pub(in crate::desk) fn text(&self, key: &'static str, rule: TextRule) -> Option<String> {
        self.get(key)?.text(rule)
    }

    /// A table within this one.
    pub(in crate::desk) fn section(&self, key: &'static str) -> Option<Section<'s>> {
        self.get(key)?.section()
    }

    /// The members of a list; none when it is not there.
    pub(in crate::desk) fn list(&self, key: &'static str, count_max: usize) -> Vec<Entry<'s>> {
        self.get(key).map(|entry| entry.list(count_max)).unwrap_or_default()
    }

    /// The tables of a list, each placed by the id under `id_key`. Two of the same id are a fault of the
    /// second.
    pub(in crate::desk) fn tables(
        &self,
        key: &'static str,
        id_key: Option<&'static str>,
        count_max: usize,
    ) -> Vec<Section<'s>> {
        let mut sections = Vec::new();
        for entry in self.list(key, count_max) {
            let DeValue::Table(table) = entry.value else {
                entry.wrong_type("a table");
                continue;
            };
            let id = id_key.and_then(|id_key| table.get(id_key)).and_then(|value| value.get_ref().as_str());
            // What cannot be an id is no path either; such a table keeps its place in the list.
            let id = id.filter(|id| super::ids::AgentId::new(id).is_ok());
            let mut path = id.map_or_else(|| entry.path.clone(), |id| join(&self.path_of(key), id));
            if id.is_some() && self.sheet.holds(&path) {
                let first = self.sheet.line_of(&path).unwrap_or_default();
                entry.fault(format!("has the same {} as the one in line {first}", id_key.unwrap_or("id")));
                path.clone_from(&entry.path);
            }
            sections.push(Section::new(self.sheet, table, path, entry.line));
        }
        sections
    }

    /// The id of a table, which must be there.
    pub(in crate::desk) fn id<I: Id>(&self, key: &'static str) -> Option<I> {
        self.need(key)?.id()
    }

    /// The id of an entry of another list.
    pub(in crate::desk) fn reference<I: Id>(&self, key: &'static str, list: &'static str) -> Option<I> {
        self.get(key)?.reference(list)
    }

    /// Text by language.
    pub(in crate::desk) fn localized(&self, key: &'static str, rule: TextRule) -> Option<Localized> {
        self.get(key)?.localized(rule)
    }

    /// A template by language.
    pub(in crate::desk) fn template(
        &self,
        key: &'static str,
        rule: TextRule,
    ) -> Option<ByLanguage<Template>> {
        self.get(key)?.template_by_language(rule, &Placeholder::is_general)
    }

    /// Every key of a table whose keys are the admin's own, such as languages.
    pub(in crate::desk) fn keys(&self) -> Vec<String> {
        self.table.keys().map(|key| key.get_ref().to_string()).collect()
    }

    /// The value of such a key.
    pub(in crate::desk) fn get_own(&self, key: &str) -> Option<Entry<'s>> {
        let (key_at, value) = self.table.get_key_value(key)?;
        let line = self.sheet.line_at(key_at.span().start);
        let path = self.path_of(key);
        self.sheet.places.borrow_mut().insert(path.clone(), line);
        Some(Entry { sheet: self.sheet, value: value.get_ref(), path, line })
    }

    /// Declares that keys have been gone through by [`keys`](Self::keys), so that none is unknown.
    pub(in crate::desk) fn all_keys_seen(mut self) {
        static EMPTY: std::sync::LazyLock<DeTable<'static>> = std::sync::LazyLock::new(DeTable::new);
        self.table = &EMPTY;
    }
}

impl Drop for Section<'_> {
    fn drop(&mut self) {
        let known = self.known.borrow();
        for (key, _) in self.table.iter() {
            let name = key.get_ref();
            if known.contains(&&**name) {
                continue;
            }
            let line = self.sheet.line_at(key.span().start);
            let near = known.iter().find(|word| is_near(word, name));
            let hint = near.map(|word| format!("; is {word:?} meant?")).unwrap_or_default();
            let path = join(&self.path, &shown(name));
            self.sheet.fault_at(line, &path, format!("is not a key of the desk{hint}"));
        }
    }
}

/// A path and one step more; a step that is no bare word is quoted.
pub(in crate::desk) fn join(path: &str, step: &str) -> String {
    let bare =
        !step.is_empty() && step.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_' || c == '…');
    let dot = if path.is_empty() { "" } else { "." };
    if bare { format!("{path}{dot}{step}") } else { format!("{path}{dot}{step:?}") }
}

/// Whether one slip of the finger makes one of the other: a letter too many, too few, wrong, or two swapped.
fn is_near(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let head = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[head..], &b[head..]);
    match (a, b) {
        ([], rest) | (rest, []) => rest.len() == 1,
        ([_, a_rest @ ..], [_, b_rest @ ..]) if a_rest == b_rest || a_rest == b || a == b_rest => true,
        ([a1, a2, a_rest @ ..], [b1, b2, b_rest @ ..]) => a1 == b2 && a2 == b1 && a_rest == b_rest,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_near() {
        for (a, b) in [("units", "unit"), ("units", "unitss"), ("units", "umits"), ("units", "untis")] {
            assert!(is_near(a, b) && is_near(b, a), "{a} {b}");
        }
        for (a, b) in [("units", "units"), ("units", "un"), ("units", "hours"), ("", "ab")] {
            assert!(!is_near(a, b), "{a} {b}");
        }
    }

    #[test]
    fn a_step_that_is_no_bare_word_is_quoted() {
        assert_eq!(join("agent", "jan.jansen"), "agent.\"jan.jansen\"");
        assert_eq!(join("", "name"), "name");
    }
}
