//! One value of the file: read as what is wanted, or at fault.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use toml::Spanned;
use toml::de::DeValue;

use super::{Reference, Section, Sheet};
use crate::desk::ids::Id;
use crate::desk::language::{ByLanguage, Lang, Localized};
use crate::desk::template::{Placeholder, Template};
use crate::desk::words::Word;
use crate::limits::{DESK_LANGUAGES_MAX, DESK_NAME_CHARS_MAX, DESK_TEXT_CHARS_MAX};

/// How long a text may be, and whether it may have lines.
#[derive(Clone, Copy)]
pub(in crate::desk) struct TextRule {
    pub(in crate::desk) chars_max: usize,
    pub(in crate::desk) lines: bool,
}

/// A name or label: one line.
pub(in crate::desk) const NAME: TextRule = TextRule { chars_max: DESK_NAME_CHARS_MAX, lines: false };

/// Anything longer.
pub(in crate::desk) const TEXT: TextRule = TextRule { chars_max: DESK_TEXT_CHARS_MAX, lines: true };

/// One value of the file.
pub(in crate::desk) struct Entry<'s> {
    pub(super) sheet: &'s Sheet,
    pub(super) value: &'s DeValue<'s>,
    pub(super) path: String,
    pub(super) line: u32,
}

impl<'s> Entry<'s> {
    pub(in crate::desk) fn fault(&self, message: impl Into<String>) {
        self.sheet.fault_at(self.line, &self.path, message);
    }

    pub(super) fn wrong_type(&self, wanted: &str) {
        self.fault(format!("must be {wanted}, not {}", type_name(self.value)));
    }

    pub(in crate::desk) fn number(&self, range: RangeInclusive<u32>) -> Option<u32> {
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

    pub(in crate::desk) fn flag(&self) -> Option<bool> {
        if !self.value.is_bool() {
            self.wrong_type("true or false");
        }
        self.value.as_bool()
    }

    /// The text as it stands, whatever it holds.
    pub(in crate::desk) fn raw(&self) -> Option<&'s str> {
        let text = self.value.as_str();
        if text.is_none() {
            self.wrong_type("text");
        }
        text
    }

    pub(in crate::desk) fn text(&self, rule: TextRule) -> Option<String> {
        // An editor's line ends are not part of the text.
        let text = self.raw()?.replace("\r\n", "\n");
        self.check_text(&text, rule).then_some(text)
    }

    /// A date, as text or as the format's own.
    pub(in crate::desk) fn date_text(&self) -> Option<String> {
        match self.value {
            DeValue::Datetime(date) => Some(date.to_string()),
            _ => self.raw().map(str::to_owned),
        }
    }

    /// A string, number or boolean, as text.
    pub(in crate::desk) fn scalar_text(&self, rule: TextRule) -> Option<String> {
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
    pub(in crate::desk) fn word<W: Word>(&self, allowed: &[W]) -> Option<W> {
        let text = self.raw()?;
        let word = W::from_word(text).filter(|word| allowed.contains(word));
        if word.is_none() {
            let words: Vec<_> = allowed.iter().map(|word| word.word()).collect();
            self.fault(format!("must be {}, not {:?}", words.join(" or "), shown(text)));
        }
        word
    }

    /// Different words of a list, sorted.
    pub(in crate::desk) fn words<W: Word + Ord>(&self, allowed: &[W]) -> Vec<W> {
        let mut words: Vec<W> =
            self.list(allowed.len()).iter().filter_map(|entry| entry.word(allowed)).collect();
        words.sort();
        words.dedup();
        words
    }

    pub(in crate::desk) fn id<I: Id>(&self) -> Option<I> {
        match I::new(self.raw()?) {
            Ok(id) => Some(id),
            Err(fault) => {
                self.fault(fault.to_string());
                None
            }
        }
    }

    /// The id of an entry of a list, which is looked for when all have been read.
    pub(in crate::desk) fn reference<I: Id>(&self, list: &'static str) -> Option<I> {
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
    pub(in crate::desk) fn references<I: Id + PartialEq>(
        &self,
        list: &'static str,
        count_max: usize,
    ) -> Vec<I> {
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

    pub(in crate::desk) fn section(&self) -> Option<Section<'s>> {
        match self.value {
            DeValue::Table(table) => Some(Section::new(self.sheet, table, self.path.clone(), self.line)),
            _ => {
                self.wrong_type("a table");
                None
            }
        }
    }

    pub(in crate::desk) fn is_empty_list(&self) -> bool {
        matches!(self.value, DeValue::Array(array) if array.is_empty())
    }

    pub(in crate::desk) fn list(&self, count_max: usize) -> Vec<Entry<'s>> {
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

    pub(in crate::desk) fn localized(&self, rule: TextRule) -> Option<Localized> {
        self.by_language(&|entry| entry.text(rule))
    }

    /// A template for everybody or by language; `may_use` says which placeholders can have a value here.
    pub(in crate::desk) fn template_by_language(
        &self,
        rule: TextRule,
        may_use: &dyn Fn(&Placeholder) -> bool,
    ) -> Option<ByLanguage<Template>> {
        self.by_language(&|entry| entry.template(rule, may_use))
    }

    pub(in crate::desk) fn template(
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
            if read(&entry).and_then(|text| texts.insert(lang, text)).is_some() {
                entry.fault("is the same language as another entry");
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

/// The head of a text that came from outside, for a message.
pub(in crate::desk) fn shown(text: &str) -> String {
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
