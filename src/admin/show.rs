//! From an entry of the desk file to the controls of its form.

use toml::{Table, Value};

use super::document::{at, text_of, texts_of, words_of};
use super::field::{Cell, Column, Field, Kind, Source, Tab};
use crate::desk::{Channel, Desk, Id, Lang, Status, TextKey, Word};

/// Languages the box itself speaks (REQ B-9): offered for every text.
const LANGUAGES: [(&str, &str); 4] = [("en", "English"), ("nl", "Dutch"), ("cs", "Czech"), ("da", "Danish")];

/// Rows offered beyond those there are.
const BLANK_ROWS: usize = 2;

/// Something said about a place of the desk: a fault, or a warning.
#[derive(Clone, Debug)]
pub(super) struct Remark {
    /// As in [`crate::desk::Fault`].
    pub(super) path: String,
    pub(super) message: String,
}

/// A heading and its controls.
pub(super) struct Group {
    pub(super) legend: &'static str,
    pub(super) controls: Vec<Control>,
}

/// One control with everything said about it.
pub(super) struct Control {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) label: &'static str,
    pub(super) unit: &'static str,
    pub(super) help: &'static str,
    pub(super) note: String,
    pub(super) faults: Vec<String>,
    pub(super) warnings: Vec<String>,
    pub(super) changed: bool,
    pub(super) body: Body,
}

/// What is typed into, and what stands in it.
pub(super) enum Body {
    Input { value: String, numeric: bool },
    Area { value: String, rows: usize, mono: bool },
    Flag { on: bool, words: &'static str },
    Select(Vec<Choice>),
    Ticks(Vec<Choice>),
    Texts { lines: bool, language: String, value: String, others: Vec<OtherText>, open: bool },
    Rows { columns: Vec<&'static str>, rows: Vec<Row> },
    Password,
    Fixed(String),
}

/// One of several.
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) label: String,
    pub(super) on: bool,
}

/// A text in a language that is not the desk's.
pub(super) struct OtherText {
    pub(super) lang: String,
    pub(super) language: String,
    pub(super) value: String,
}

/// A row of a table of controls.
pub(super) struct Row {
    pub(super) name: String,
    /// The place of the row it was made from.
    pub(super) was: Option<usize>,
    pub(super) cells: Vec<CellView>,
}

/// A control of a row.
pub(super) struct CellView {
    pub(super) name: String,
    pub(super) label: String,
    pub(super) body: CellBody,
}

/// What stands in it.
pub(super) enum CellBody {
    Input(String),
    Select(Vec<Choice>),
    Flag(bool),
}

/// What a form is shown with.
pub(super) struct Showing<'s> {
    pub(super) desk: &'s Desk,
    pub(super) entry: &'s Table,
    /// Ways the entry is named in a remark.
    pub(super) paths: &'s [String],
    pub(super) faults: &'s [Remark],
    pub(super) warnings: &'s [Remark],
    /// Places changed by the last save.
    pub(super) changed: &'s [String],
    pub(super) is_new: bool,
}

impl Showing<'_> {
    /// The controls of a tab, by heading.
    pub(super) fn groups(&self, tab: &Tab) -> Vec<Group> {
        let group = |set: &super::field::Set| Group {
            legend: set.legend,
            controls: set
                .fields
                .iter()
                .filter(|field| self.is_new || field.applies(self.entry))
                .map(|field| self.control(field))
                .collect(),
        };
        tab.sets.iter().map(group).filter(|group| !group.controls.is_empty()).collect()
    }

    /// Remarks about the entry that no field of the tab stands for, and about the rest of the desk.
    pub(super) fn elsewhere(&self, tab: &Tab, remarks: &[Remark]) -> Vec<Remark> {
        let here = |remark: &&Remark| !tab.fields().any(|field| self.below(field, &remark.path).is_some());
        remarks.iter().filter(here).cloned().collect()
    }

    /// What of a path is left below a field; none when it is about something else.
    fn below<'p>(&self, field: &Field, path: &'p str) -> Option<&'p str> {
        self.paths.iter().find_map(|own| {
            let own = if own.is_empty() { field.key.to_owned() } else { format!("{own}.{}", field.key) };
            rest_below(path, &own)
        })
    }

    fn said(&self, field: &Field, remarks: &[Remark]) -> Vec<String> {
        let said = |remark: &Remark| {
            let rest = self.below(field, &remark.path)?;
            Some(if rest.is_empty() {
                remark.message.clone()
            } else {
                format!("{}: {}", place_words(rest), remark.message)
            })
        };
        remarks.iter().filter_map(said).collect()
    }

    fn control(&self, field: &Field) -> Control {
        let fixed = field.once && !self.is_new;
        let body = if fixed { Body::Fixed(self.fixed(field)) } else { self.body(field) };
        Control {
            id: id_of(field.key),
            name: field.key.to_owned(),
            label: field.label,
            unit: field.unit,
            help: field.help,
            note: self.note(field),
            faults: self.said(field, self.faults),
            warnings: self.said(field, self.warnings),
            changed: self.changed.iter().any(|path| self.below(field, path).is_some()),
            body,
        }
    }

    fn note(&self, field: &Field) -> String {
        let key = field.key.strip_prefix("texts.").and_then(TextKey::from_word);
        match key {
            Some(key) => {
                format!("Unless you write one: {}", key.default_text(self.desk.locale.as_str()).source())
            }
            None if field.once && !self.is_new => String::new(),
            None => field.note.to_owned(),
        }
    }

    fn fixed(&self, field: &Field) -> String {
        let value = text_of(self.entry, field.key).unwrap_or_default();
        let label = match field.kind {
            Kind::Choice(words) => words.iter().find(|(word, _)| *word == value).map(|(_, label)| *label),
            _ => None,
        };
        label.unwrap_or(value).to_owned()
    }

    fn body(&self, field: &Field) -> Body {
        let key = field.key;
        let text = || at(self.entry, key).map(scalar).unwrap_or_default();
        let lines = |separator: &str| texts_of(self.entry, key).join(separator);
        match field.kind {
            Kind::Line => Body::Input { value: text(), numeric: false },
            Kind::Number => Body::Input { value: text(), numeric: true },
            Kind::Lines => Body::Area { value: text(), rows: 12, mono: false },
            Kind::Spans => Body::Input { value: lines(", "), numeric: false },
            Kind::List => Body::Area { value: lines("\n"), rows: 3, mono: true },
            Kind::Pems => Body::Area { value: lines("\n"), rows: 8, mono: true },
            Kind::Pairs => Body::Area { value: self.pairs(key), rows: 3, mono: true },
            Kind::Password => Body::Password,
            Kind::Flag(words) => Body::Flag { on: at(self.entry, key) == Some(&Value::Boolean(true)), words },
            Kind::Maybe([none, on, off]) => {
                let words = [("", none), ("true", on), ("false", off)];
                let words = words.map(|(word, label)| (word.to_owned(), label.to_owned()));
                Body::Select(choices(words.into_iter(), &[&text()]))
            }
            Kind::Choice(words) => {
                let words = words.iter().map(|(word, label)| ((*word).to_owned(), (*label).to_owned()));
                Body::Select(choices(words, &[&text()]))
            }
            Kind::Pick(source, none) => {
                let none = none.map(|label| (String::new(), label.to_owned()));
                Body::Select(choices(none.into_iter().chain(entries(self.desk, source)), &[&text()]))
            }
            Kind::Ticks(source) => {
                Body::Ticks(choices(entries(self.desk, source).into_iter(), &texts_of(self.entry, key)))
            }
            Kind::Texts(lines) => self.texts(key, lines),
            Kind::Rows(columns) => self.rows(key, columns),
        }
    }

    fn pairs(&self, key: &str) -> String {
        let table = at(self.entry, key).and_then(Value::as_table);
        let line = |(key, value): (&String, &Value)| match scalar(value) {
            value if value.starts_with(['>', '<', '!']) => format!("{key} {value}"),
            value => format!("{key} = {value}"),
        };
        table.into_iter().flatten().map(line).collect::<Vec<_>>().join("\n")
    }

    fn texts(&self, key: &str, lines: bool) -> Body {
        let locale = self.desk.locale.as_str();
        let value = at(self.entry, key);
        let (main, each) = match value {
            Some(Value::Table(each)) => (each.get(locale).map(scalar).unwrap_or_default(), Some(each)),
            value => (value.map(scalar).unwrap_or_default(), None),
        };
        let own = each.into_iter().flatten().map(|(lang, text)| (lang.clone(), scalar(text)));
        let mut others: Vec<(String, String)> = own.filter(|(lang, _)| lang != locale).collect();
        for (lang, _) in LANGUAGES {
            if lang != locale && !others.iter().any(|(other, _)| other == lang) {
                others.push((lang.to_owned(), String::new()));
            }
        }
        let open = others.iter().any(|(_, text)| !text.is_empty());
        let others = others
            .into_iter()
            .map(|(lang, value)| OtherText { language: language(&lang), lang, value })
            .collect();
        Body::Texts { lines, language: language(locale), value: main, others, open }
    }

    fn rows(&self, key: &str, columns: &'static [Column]) -> Body {
        let locale = self.desk.locale.as_str();
        let list = at(self.entry, key).and_then(Value::as_array);
        let there: Vec<&Table> = list.into_iter().flatten().filter_map(Value::as_table).collect();
        let blank = Table::new();
        let all = there.iter().copied().map(Some).chain([None; BLANK_ROWS]).enumerate();
        let rows = all.map(|(index, row)| {
            let table = row.unwrap_or(&blank);
            let name = format!("{key}[{index}]");
            let cells = columns.iter().map(|column| CellView {
                name: format!("{name}.{}", column.key),
                label: format!("{}, row {}", column.label, index + 1),
                body: cell(table, column, locale),
            });
            Row { cells: cells.collect(), was: row.map(|_| index), name: name.clone() }
        });
        Body::Rows { columns: columns.iter().map(|column| column.label).collect(), rows: rows.collect() }
    }
}

impl Control {
    /// Ids of what describes the control, for `aria-describedby`.
    pub(super) fn described_by(&self) -> String {
        let fault = if self.faults.is_empty() { String::new() } else { format!("{}-f ", self.id) };
        format!("{fault}{}-h", self.id)
    }

    pub(super) fn is_wide(&self) -> bool {
        matches!(self.body, Body::Rows { .. })
    }

    pub(super) fn is_wrong(&self) -> bool {
        !self.faults.is_empty()
    }
}

fn cell(row: &Table, column: &Column, locale: &str) -> CellBody {
    match column.kind {
        Cell::Line => CellBody::Input(row.get(column.key).map(scalar).unwrap_or_default()),
        Cell::Text => CellBody::Input(words_of(row, column.key, locale).unwrap_or_default().to_owned()),
        Cell::Spans => CellBody::Input(texts_of(row, column.key).join(", ")),
        Cell::Flag => CellBody::Flag(row.get(column.key) == Some(&Value::Boolean(true))),
        Cell::Choice(words) => {
            let words = words.iter().map(|(word, label)| ((*word).to_owned(), (*label).to_owned()));
            CellBody::Select(choices(words, &[text_of(row, column.key).unwrap_or_default()]))
        }
        Cell::Options => {
            let options = row.get(column.key).and_then(Value::as_array);
            let one = |option: &Value| match option {
                Value::Table(texts) => texts.get(locale).or_else(|| texts.values().next()).map(scalar),
                text => Some(scalar(text)),
            };
            CellBody::Input(options.into_iter().flatten().filter_map(one).collect::<Vec<_>>().join(" | "))
        }
    }
}

/// A value as it was typed.
fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Boolean(flag) => flag.to_string(),
        _ => String::new(),
    }
}

/// Choices with those in `on` taken; what is taken and not offered stands at the end, so that it can be seen
/// and let go.
fn choices(offered: impl Iterator<Item = (String, String)>, on: &[&str]) -> Vec<Choice> {
    let mut choices: Vec<Choice> =
        offered.map(|(value, label)| Choice { on: on.contains(&value.as_str()), value, label }).collect();
    for extra in on {
        if !extra.is_empty() && !choices.iter().any(|choice| choice.value == *extra) {
            choices.push(Choice {
                value: (*extra).to_owned(),
                label: format!("{extra} (not there)"),
                on: true,
            });
        }
    }
    choices
}

/// The entries a field may point to.
fn entries(desk: &Desk, source: Source) -> Vec<(String, String)> {
    let pair = |id: &str, name: &str| (id.to_owned(), name.to_owned());
    let words = |words: &[&str]| words.iter().map(|word| pair(word, &word_label(word))).collect();
    match source {
        Source::Queues => desk.queues.iter().map(|queue| pair(queue.id.as_str(), &queue.name)).collect(),
        Source::Bots => {
            desk.bot_names().map(|name| pair(name, desk.bot(name).map_or(name, |bot| &bot.name))).collect()
        }
        Source::Hours => desk.hours.iter().map(|hours| pair(hours.id.as_str(), hours.id.as_str())).collect(),
        Source::ChatWorkstreams => {
            let chats = desk.workstreams.iter().filter(|workstream| workstream.channel == Channel::Chat);
            chats.map(|w| pair(w.id.as_str(), &w.name)).collect()
        }
        Source::WrapupReasons => {
            let label = |reason: &crate::desk::WrapupReason| reason.label.get("", &desk.locale).clone();
            desk.wrapup_reasons.iter().map(|reason| (reason.id.to_string(), label(reason))).collect()
        }
        Source::Presences => {
            let built_in = [Status::Available, Status::Busy, Status::DoNotDisturb, Status::Away];
            let built_in = built_in.iter().map(|status| pair(status.word(), &word_label(status.word())));
            let own = desk.presences.iter().filter(|own| own.base != Status::Offline);
            let own = own.map(|own| (own.id.to_string(), own.label.get("", &desk.locale).clone()));
            built_in.chain(own).collect()
        }
        Source::StaffRoles => words(&["agent", "supervisor", "admin"]),
        Source::TokenRoles => words(&["integration", "metrics", "bot", "supervisor", "admin"]),
        Source::Devices => words(&["desktop", "tablet", "phone"]),
    }
}

/// `do_not_disturb` as `Do not disturb`.
pub(super) fn word_label(word: &str) -> String {
    let words = word.replace('_', " ");
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn language(lang: &str) -> String {
    let primary = Lang::new(lang).map(|lang| lang.primary().to_owned()).unwrap_or_default();
    match LANGUAGES.iter().find(|(known, _)| *known == primary) {
        Some((known, name)) if *known == lang => (*name).to_owned(),
        Some((_, name)) => format!("{name} ({lang})"),
        None => lang.to_owned(),
    }
}

/// What of a path is left below another; none when it does not lie there.
fn rest_below<'p>(path: &'p str, own: &str) -> Option<&'p str> {
    if own.is_empty() {
        return Some(path);
    }
    path.strip_prefix(own).filter(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// `[1].value` as `row 2, value`; `.nl` as `nl`.
fn place_words(rest: &str) -> String {
    let Some((number, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) else {
        return rest.trim_start_matches('.').to_owned();
    };
    let row =
        number.parse::<usize>().map_or_else(|_| number.to_owned(), |index| format!("row {}", index + 1));
    let after = place_words(after);
    if after.is_empty() { row } else { format!("{row}, {after}") }
}

fn id_of(key: &str) -> String {
    key.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_below_a_field_is_told_in_words() {
        assert_eq!(place_words("[1].value"), "row 2, value");
        assert_eq!(place_words(".nl"), "nl");
        assert_eq!(rest_below("queue.front.name", "queue.front"), Some(".name"));
        assert_eq!(rest_below("queue.fronts.name", "queue.front"), None);
    }
}
