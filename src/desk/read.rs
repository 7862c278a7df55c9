//! Typed reading of a parsed file: every value knows its path and line, and what is wrong is noted and passed by.
//!
//! A [`Section`] is one table. Asking it for a key makes the key known; when the section is dropped, every key that
//! nobody asked for is a fault. So the list of known keys cannot drift from what is read.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::{Collector, Warning};
use super::ids::Id;
use super::language::{ByLanguage, Lang, Localized};
use super::template::{Placeholder, Template};
use super::words::Word;
use crate::limits::{DESK_LANGUAGES_MAX, DESK_NAME_CHARS_MAX, DESK_TEXT_CHARS_MAX};

/// What one reading of a file gathers.
pub(super) struct Sheet {
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

/// How long a text may be, and whether it may have lines.
#[derive(Clone, Copy)]
pub(super) struct TextRule {
    pub(super) chars_max: usize,
    pub(super) lines: bool,
}

/// A name or label: one line.
pub(super) const NAME: TextRule = TextRule { chars_max: DESK_NAME_CHARS_MAX, lines: false };

/// Anything longer.
pub(super) const TEXT: TextRule = TextRule { chars_max: DESK_TEXT_CHARS_MAX, lines: true };

impl Sheet {
    pub(super) fn new(text: &str) -> Self {
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
    pub(super) fn line_at(&self, byte: usize) -> u32 {
        u32::try_from(self.line_starts.partition_point(|start| *start <= byte)).unwrap_or(u32::MAX)
    }

    /// The line of a path, or of the nearest table around it.
    pub(super) fn line_of(&self, path: &str) -> Option<u32> {
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
    pub(super) fn holds(&self, path: &str) -> bool {
        self.places.borrow().contains_key(path)
    }

    /// Notes a fault at a path.
    pub(super) fn fault(&self, path: &str, message: impl Into<String>) {
        self.faults.borrow_mut().push(self.line_of(path), path, message);
    }

    fn fault_at(&self, line: u32, path: &str, message: impl Into<String>) {
        self.faults.borrow_mut().push(Some(line), path, message);
    }

    /// Notes a warning at a path.
    pub(super) fn warn(&self, path: &str, message: impl Into<String>) {
        self.warnings.borrow_mut().push(Warning {
            line: self.line_of(path),
            path: path.to_owned(),
            message: message.into(),
        });
    }

    /// The language every text by language must have, unless it has English.
    pub(super) fn set_locale(&self, locale: &Lang) {
        *self.locale.borrow_mut() = locale.clone();
    }

    /// Checks every reference, now that all lists have been read.
    pub(super) fn check_references(&self) {
        for reference in self.references.borrow().iter() {
            let Reference { list, id, line, path } = reference;
            if !self.holds(&join(list, id)) {
                self.fault_at(*line, path, format!("there is no {list} {id:?}"));
            }
        }
    }

    pub(super) fn into_parts(self) -> (Collector, Vec<Warning>) {
        let mut warnings = self.warnings.into_inner();
        warnings.sort();
        (self.faults.into_inner(), warnings)
    }
}

/// One table of the file.
pub(super) struct Section<'s> {
    sheet: &'s Sheet,
    table: &'s DeTable<'s>,
    path: String,
    line: u32,
    known: RefCell<Vec<&'static str>>,
}

/// One value of the file.
pub(super) struct Entry<'s> {
    sheet: &'s Sheet,
    value: &'s DeValue<'s>,
    path: String,
    line: u32,
}

impl<'s> Section<'s> {
    pub(super) fn root(sheet: &'s Sheet, table: &'s DeTable<'s>) -> Self {
        Self::new(sheet, table, String::new(), 1)
    }

    fn new(sheet: &'s Sheet, table: &'s DeTable<'s>, path: String, line: u32) -> Self {
        sheet.places.borrow_mut().insert(path.clone(), line);
        Self { sheet, table, path, line, known: RefCell::default() }
    }

    /// The path of a key of this table.
    pub(super) fn path_of(&self, key: &str) -> String {
        join(&self.path, key)
    }

    pub(super) fn fault(&self, key: &str, message: impl Into<String>) {
        self.sheet.fault(&self.path_of(key), message);
    }

    /// Whether a list of the file, already gone through, has an entry of that id.
    pub(super) fn has_entry(&self, list: &str, id: &str) -> bool {
        self.sheet.holds(&join(list, id))
    }

    /// Notes a fault of the table itself.
    pub(super) fn fault_here(&self, message: impl Into<String>) {
        self.sheet.fault_at(self.line, &self.path, message);
    }

    /// Notes a fault some steps below this table.
    pub(super) fn fault_below(&self, steps: &str, message: impl Into<String>) {
        self.sheet.fault(&format!("{}.{steps}", self.path), message);
    }

    pub(super) fn warn(&self, key: &str, message: impl Into<String>) {
        self.sheet.warn(&self.path_of(key), message);
    }

    /// The value of a key, which is known from now on.
    pub(super) fn get(&self, key: &'static str) -> Option<Entry<'s>> {
        self.known.borrow_mut().push(key);
        let (key_at, value) = self.table.get_key_value(key)?;
        let path = self.path_of(key);
        // A table's own place is its header; a value's is its key, also when the value begins lines below.
        let byte = if value.get_ref().is_table() { value.span().start } else { key_at.span().start };
        let line = self.sheet.line_at(byte);
        self.sheet.places.borrow_mut().insert(path.clone(), line);
        Some(Entry { sheet: self.sheet, value: value.get_ref(), path, line })
    }

    /// The value of a key that must be there.
    pub(super) fn need(&self, key: &'static str) -> Option<Entry<'s>> {
        let entry = self.get(key);
        if entry.is_none() {
            self.fault(key, "is missing");
        }
        entry
    }

    pub(super) fn number(&self, key: &'static str, range: RangeInclusive<u32>) -> Option<u32> {
        self.get(key)?.number(range)
    }

    pub(super) fn flag(&self, key: &'static str) -> Option<bool> {
        self.get(key)?.flag()
    }

    pub(super) fn word<W: Word>(&self, key: &'static str) -> Option<W> {
        self.get(key)?.word(W::ALL)
    }

    pub(super) fn text(&self, key: &'static str, rule: TextRule) -> Option<String> {
        self.get(key)?.text(rule)
    }

    /// A table within this one.
    pub(super) fn section(&self, key: &'static str) -> Option<Section<'s>> {
        self.get(key)?.section()
    }

    /// The members of a list; none when it is not there.
    pub(super) fn list(&self, key: &'static str, count_max: usize) -> Vec<Entry<'s>> {
        self.get(key).map(|entry| entry.list(count_max)).unwrap_or_default()
    }

    /// The tables of a list, each placed by the id under `id_key`. Two of the same id are a fault of the second.
    pub(super) fn tables(
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
    pub(super) fn id<I: Id>(&self, key: &'static str) -> Option<I> {
        self.need(key)?.id()
    }

    /// The id of an entry of another list.
    pub(super) fn reference<I: Id>(&self, key: &'static str, list: &'static str) -> Option<I> {
        self.get(key)?.reference(list)
    }

    /// Text by language.
    pub(super) fn localized(&self, key: &'static str, rule: TextRule) -> Option<Localized> {
        self.get(key)?.localized(rule)
    }

    /// A template by language.
    pub(super) fn template(&self, key: &'static str, rule: TextRule) -> Option<ByLanguage<Template>> {
        self.get(key)?.template_by_language(rule, &|_| true)
    }

    /// Every key of a table whose keys are the admin's own, such as languages.
    pub(super) fn keys(&self) -> Vec<String> {
        self.table.keys().map(|key| key.get_ref().to_string()).collect()
    }

    /// The value of such a key.
    pub(super) fn get_own(&self, key: &str) -> Option<Entry<'s>> {
        let (key_at, value) = self.table.get_key_value(key)?;
        let line = self.sheet.line_at(key_at.span().start);
        let path = self.path_of(key);
        self.sheet.places.borrow_mut().insert(path.clone(), line);
        Some(Entry { sheet: self.sheet, value: value.get_ref(), path, line })
    }

    /// Declares that keys have been gone through by [`keys`](Self::keys), so that none is unknown.
    pub(super) fn all_keys_seen(mut self) {
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

impl<'s> Entry<'s> {
    pub(super) fn fault(&self, message: impl Into<String>) {
        self.sheet.fault_at(self.line, &self.path, message);
    }

    fn wrong_type(&self, wanted: &str) {
        self.fault(format!("must be {wanted}, not {}", type_name(self.value)));
    }

    pub(super) fn number(&self, range: RangeInclusive<u32>) -> Option<u32> {
        let DeValue::Integer(integer) = self.value else {
            self.wrong_type("a whole number");
            return None;
        };
        let number = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
        let found = number.and_then(|n| u32::try_from(n).ok()).filter(|n| range.contains(n));
        if found.is_none() {
            self.fault(format!("must be from {} to {}", range.start(), range.end()));
        }
        found
    }

    pub(super) fn flag(&self) -> Option<bool> {
        if !self.value.is_bool() {
            self.wrong_type("true or false");
        }
        self.value.as_bool()
    }

    /// The text as it stands, whatever it holds.
    pub(super) fn raw(&self) -> Option<&'s str> {
        let text = self.value.as_str();
        if text.is_none() {
            self.wrong_type("text");
        }
        text
    }

    pub(super) fn text(&self, rule: TextRule) -> Option<String> {
        let text = self.raw()?;
        self.check_text(text, rule).then(|| text.to_owned())
    }

    /// A date, as text or as the format's own.
    pub(super) fn date_text(&self) -> Option<String> {
        match self.value {
            DeValue::Datetime(date) => Some(date.to_string()),
            _ => self.raw().map(str::to_owned),
        }
    }

    /// A string, number or boolean, as text.
    pub(super) fn scalar_text(&self, rule: TextRule) -> Option<String> {
        match self.value {
            DeValue::String(_) => self.text(rule),
            DeValue::Integer(integer) => {
                let number = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
                if number.is_none() {
                    self.fault("is too large a number");
                }
                number.map(|number| number.to_string())
            }
            DeValue::Float(float) => Some(float.as_str().to_owned()),
            DeValue::Boolean(flag) => Some(flag.to_string()),
            _ => {
                self.wrong_type("text, a number, true or false");
                None
            }
        }
    }

    fn check_text(&self, text: &str, rule: TextRule) -> bool {
        let allowed = |c: char| !c.is_control() || rule.lines && (c == '\n' || c == '\t');
        if text.trim().is_empty() {
            self.fault("must not be empty");
        } else if text.chars().count() > rule.chars_max {
            self.fault(format!("must be at most {} characters", rule.chars_max));
        } else if !text.chars().all(allowed) {
            self.fault(if rule.lines { "must not hold control characters" } else { "must be one line" });
        } else {
            return true;
        }
        false
    }

    /// One of some words.
    pub(super) fn word<W: Word>(&self, allowed: &[W]) -> Option<W> {
        let text = self.raw()?;
        let word = W::from_word(text).filter(|word| allowed.contains(word));
        if word.is_none() {
            let words: Vec<_> = allowed.iter().map(|word| word.word()).collect();
            self.fault(format!("must be {}, not {:?}", words.join(" or "), shown(text)));
        }
        word
    }

    /// Different words of a list, sorted.
    pub(super) fn words<W: Word + Ord>(&self, allowed: &[W]) -> Vec<W> {
        let mut words: Vec<W> =
            self.list(allowed.len()).iter().filter_map(|entry| entry.word(allowed)).collect();
        words.sort();
        words.dedup();
        words
    }

    pub(super) fn id<I: Id>(&self) -> Option<I> {
        match I::new(self.raw()?) {
            Ok(id) => Some(id),
            Err(fault) => {
                self.fault(fault.to_string());
                None
            }
        }
    }

    /// The id of an entry of a list, which is looked for when all have been read.
    pub(super) fn reference<I: Id>(&self, list: &'static str) -> Option<I> {
        let id: I = self.id()?;
        self.sheet.references.borrow_mut().push(Reference {
            list,
            id: id.as_str().to_owned(),
            line: self.line,
            path: self.path.clone(),
        });
        Some(id)
    }

    /// Different ids of entries of a list.
    pub(super) fn references<I: Id + PartialEq>(&self, list: &'static str, count_max: usize) -> Vec<I> {
        let mut ids: Vec<I> = Vec::new();
        for entry in self.list(count_max) {
            match entry.reference(list) {
                Some(id) if ids.contains(&id) => entry.fault("stands in the list twice"),
                Some(id) => ids.push(id),
                None => {}
            }
        }
        ids
    }

    pub(super) fn section(&self) -> Option<Section<'s>> {
        match self.value {
            DeValue::Table(table) => Some(Section::new(self.sheet, table, self.path.clone(), self.line)),
            _ => {
                self.wrong_type("a table");
                None
            }
        }
    }

    pub(super) fn list(&self, count_max: usize) -> Vec<Entry<'s>> {
        let DeValue::Array(array) = self.value else {
            self.wrong_type("a list");
            return Vec::new();
        };
        if array.len() > count_max {
            self.fault(format!("holds {} entries; at most {count_max} are allowed", array.len()));
        }
        let entry = |(index, value): (usize, &'s Spanned<DeValue<'s>>)| {
            let path = format!("{}[{index}]", self.path);
            let line = self.sheet.line_at(value.span().start);
            Entry { sheet: self.sheet, value: value.get_ref(), path, line }
        };
        array.iter().take(count_max).enumerate().map(entry).collect()
    }

    pub(super) fn localized(&self, rule: TextRule) -> Option<Localized> {
        self.by_language(&|entry| entry.text(rule))
    }

    /// A template for everybody or by language; `may_use` says which placeholders can have a value here.
    pub(super) fn template_by_language(
        &self,
        rule: TextRule,
        may_use: &dyn Fn(&Placeholder) -> bool,
    ) -> Option<ByLanguage<Template>> {
        self.by_language(&|entry| entry.template(rule, may_use))
    }

    pub(super) fn template(
        &self,
        rule: TextRule,
        may_use: &dyn Fn(&Placeholder) -> bool,
    ) -> Option<Template> {
        let text = self.text(rule)?;
        match Template::compile(&text) {
            Ok(template) => {
                let mut fits = true;
                for placeholder in template.placeholders().filter(|placeholder| !may_use(placeholder)) {
                    self.fault(format!("{placeholder} never has a value in this text"));
                    fits = false;
                }
                fits.then_some(template)
            }
            Err(faults) => {
                faults.iter().for_each(|fault| self.fault(fault.to_string()));
                None
            }
        }
    }

    fn by_language<T>(&self, read: &dyn Fn(&Entry<'s>) -> Option<T>) -> Option<ByLanguage<T>> {
        if !self.value.is_table() {
            if !self.value.is_str() {
                self.wrong_type("text, or a table of texts by language");
                return None;
            }
            return read(self).map(ByLanguage::One);
        }
        let section = self.section()?;
        let keys = section.keys();
        if keys.len() > DESK_LANGUAGES_MAX {
            self.fault(format!("holds {} languages; at most {DESK_LANGUAGES_MAX} are allowed", keys.len()));
        }
        let mut texts = BTreeMap::new();
        for key in keys.iter().take(DESK_LANGUAGES_MAX) {
            let Some(entry) = section.get_own(key) else { continue };
            let Some(lang) = Lang::new(key) else {
                entry.fault("must be a language such as en, nl, cs or da");
                continue;
            };
            if let Some(text) = read(&entry) {
                if texts.insert(lang, text).is_some() {
                    entry.fault("is the same language as another entry");
                }
            }
        }
        let locale = self.sheet.locale.borrow().clone();
        let has =
            |wanted: &str| keys.iter().filter_map(|key| Lang::new(key)).any(|lang| lang.as_str() == wanted);
        if !["en", locale.as_str(), locale.primary()].into_iter().any(has) {
            self.fault(format!("needs a text in English or in the desk's language ({locale})"));
        }
        section.all_keys_seen();
        (!texts.is_empty()).then_some(ByLanguage::Each(texts))
    }
}

/// A path and one step more; a step that is no bare word is quoted.
pub(super) fn join(path: &str, step: &str) -> String {
    let bare =
        !step.is_empty() && step.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_' || c == '…');
    let dot = if path.is_empty() { "" } else { "." };
    if bare { format!("{path}{dot}{step}") } else { format!("{path}{dot}{step:?}") }
}

/// The head of a text that came from outside, for a message.
pub(super) fn shown(text: &str) -> String {
    const CHARS_SHOWN: usize = 40;
    let mut head: String = text.chars().take(CHARS_SHOWN).collect();
    if head.len() < text.len() {
        head.push('…');
    }
    head
}

fn type_name(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
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
