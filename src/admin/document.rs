//! The desk as the tree of its file, for a form to change one entry of.
//!
//! A form changes the exported file and not the model: what it cannot express stays as it is, and whatever it
//! writes goes through the loader as if somebody had written it by hand.

use toml::{Table, Value};

use super::field::{List, Subject};
use crate::desk::{Desk, Faults, LoadOptions, Loaded, load_with};

/// The file of a desk.
pub(super) struct Document(Table);

/// Which entry of the desk a page is about.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) subject: &'static Subject,
    /// The widget whose rules are meant.
    pub(super) within: Option<String>,
    /// The entry; none for a new one, and for a subject that there is one of.
    pub(super) id: Option<String>,
}

impl Document {
    /// The file of a desk. An export is always a file.
    pub(super) fn of(desk: &Desk) -> Self {
        Self(desk.export().parse().unwrap_or_default())
    }

    /// Loads the file over the desk in force.
    pub(super) fn load(&self, over: &Desk) -> Result<Loaded, Faults> {
        load_with(&self.0.to_string(), LoadOptions { over: Some(over), ..LoadOptions::default() })
    }

    /// The entries of a subject; empty when its widget is gone.
    pub(super) fn list(&self, place: &Place) -> Vec<&Table> {
        let list = match place.subject.list {
            List::Only(_) => None,
            List::Top { key, .. } => self.0.get(key),
            List::Rules => self.widget(place).and_then(|widget| at(widget, "proactive.rule")),
        };
        list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_table).collect()
    }

    fn widget(&self, place: &Place) -> Option<&Table> {
        let widgets = self.0.get("widget")?.as_array()?;
        widgets
            .iter()
            .filter_map(Value::as_table)
            .find(|widget| text_of(widget, "id") == place.within.as_deref())
    }

    fn list_mut(&mut self, place: &Place) -> Option<&mut Vec<Value>> {
        let list = match place.subject.list {
            List::Only(_) => return None,
            List::Top { key, .. } => self.0.entry(key).or_insert_with(|| Value::Array(Vec::new())),
            List::Rules => {
                let widgets = self.0.get_mut("widget")?.as_array_mut()?;
                let widget = widgets
                    .iter_mut()
                    .filter_map(Value::as_table_mut)
                    .find(|widget| text_of(widget, "id") == place.within.as_deref())?;
                let proactive = widget.entry("proactive").or_insert_with(|| Value::Table(Table::new()));
                proactive.as_table_mut()?.entry("rule").or_insert_with(|| Value::Array(Vec::new()))
            }
        };
        list.as_array_mut()
    }

    /// The place of an entry in its list.
    pub(super) fn index(&self, place: &Place) -> Option<usize> {
        let id = place.id.as_deref()?;
        match place.id_key() {
            Some(key) => self.list(place).iter().position(|entry| text_of(entry, key) == Some(id)),
            None => id.parse().ok().filter(|index| *index < self.list(place).len()),
        }
    }

    /// The entry; none when it is not there, or no longer.
    pub(super) fn entry(&self, place: &Place) -> Option<&Table> {
        match place.subject.list {
            List::Only("") => Some(&self.0),
            List::Only(table) => self.0.get(table)?.as_table(),
            _ => self.list(place).get(self.index(place)?).copied(),
        }
    }

    /// The entry, to be changed; a new place gets a new one at the end of its list.
    pub(super) fn entry_mut(&mut self, place: &Place) -> Option<&mut Table> {
        match place.subject.list {
            List::Only("") => return Some(&mut self.0),
            List::Only(table) => {
                return self.0.entry(table).or_insert_with(|| Value::Table(Table::new())).as_table_mut();
            }
            _ => {}
        }
        if place.id.is_none() {
            let list = self.list_mut(place)?;
            list.push(Value::Table(place.subject.start.parse().unwrap_or_default()));
            return list.last_mut()?.as_table_mut();
        }
        let index = self.index(place)?;
        self.list_mut(place)?.get_mut(index)?.as_table_mut()
    }

    /// Takes an entry out; says whether it was there.
    pub(super) fn remove(&mut self, place: &Place) -> bool {
        let Some(index) = self.index(place) else { return false };
        self.list_mut(place).map(|list| list.remove(index)).is_some()
    }

    /// Moves an entry one place towards the head of its list, or away from it; says whether it could.
    pub(super) fn shift(&mut self, place: &Place, up: bool) -> bool {
        let Some(index) = self.index(place) else { return false };
        let Some(list) = self.list_mut(place) else { return false };
        let other = if up { index.checked_sub(1) } else { Some(index + 1).filter(|next| *next < list.len()) };
        other.map(|other| list.swap(index, other)).is_some()
    }
}

impl Place {
    pub(super) fn id_key(&self) -> Option<&'static str> {
        match self.subject.list {
            List::Top { id, .. } => id,
            List::Rules => Some("id"),
            List::Only(_) => None,
        }
    }

    /// The ways a fault, a warning or a change may name this entry, which stands at `index` of its list.
    pub(super) fn paths(&self, index: usize, id: Option<&str>) -> Vec<String> {
        let list = match self.subject.list {
            List::Only(table) => return vec![table.to_owned()],
            List::Top { key, .. } => key.to_owned(),
            List::Rules => {
                format!("{}.proactive.rule", join("widget", self.within.as_deref().unwrap_or_default()))
            }
        };
        let by_id = id.filter(|id| !id.is_empty()).map(|id| join(&list, id));
        by_id.into_iter().chain([format!("{list}[{index}]")]).collect()
    }

    /// The address of the list.
    pub(super) fn list_href(&self) -> String {
        use crate::percent::encoded;
        match &self.within {
            Some(widget) => format!("/admin/widgets/{}/rules", encoded(widget)),
            None => format!("/admin/{}", self.subject.slug),
        }
    }

    /// The address of the entry, or of its list when it is new.
    pub(super) fn href(&self) -> String {
        match &self.id {
            Some(id) => format!("{}/{}", self.list_href(), crate::percent::encoded(id)),
            None => self.list_href(),
        }
    }

    /// The address of an act on the entry: `/admin/delete/queues/front`.
    pub(super) fn act_href(&self, act: &str) -> String {
        self.href().replacen("/admin/", &format!("/admin/{act}/"), 1)
    }
}

/// A path and one step more, as the desk writes its paths: a step that is no bare word is quoted.
fn join(path: &str, step: &str) -> String {
    let bare = step.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_');
    if bare { format!("{path}.{step}") } else { format!("{path}.{step:?}") }
}

/// The value at a dotted place.
pub(super) fn at<'t>(table: &'t Table, key: &str) -> Option<&'t Value> {
    match key.split_once('.') {
        Some((first, rest)) => at(table.get(first)?.as_table()?, rest),
        None => table.get(key),
    }
}

/// Sets the value at a dotted place, or takes it away together with the tables that are empty without it.
pub(super) fn put(table: &mut Table, key: &str, value: Option<Value>) {
    let Some((first, rest)) = key.split_once('.') else {
        match value {
            Some(value) => table.insert(key.to_owned(), value),
            None => table.remove(key),
        };
        return;
    };
    if value.is_none() && !table.contains_key(first) {
        return;
    }
    let below = table.entry(first).or_insert_with(|| Value::Table(Table::new()));
    if let Some(below) = below.as_table_mut() {
        put(below, rest, value);
        if below.is_empty() {
            table.remove(first);
        }
    }
}

/// A plain text at a dotted place.
pub(super) fn text_of<'t>(table: &'t Table, key: &str) -> Option<&'t str> {
    at(table, key).and_then(Value::as_str)
}

/// A text by language at a dotted place, in the language of the desk, else English, else whatever there is.
pub(super) fn words_of<'t>(table: &'t Table, key: &str, locale: &str) -> Option<&'t str> {
    match at(table, key)? {
        Value::Table(texts) => {
            texts.get(locale).or_else(|| texts.get("en")).or_else(|| texts.values().next())?.as_str()
        }
        value => value.as_str(),
    }
}

/// A list of texts at a dotted place.
pub(super) fn texts_of<'t>(table: &'t Table, key: &str) -> Vec<&'t str> {
    at(table, key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}
