//! What changed between two desks, in words for the history page. Never a secret.

use std::collections::BTreeMap;

use super::model::Desk;
use super::read::join;
use super::secret::Credential;
use super::tree::{Item, Tree, Value};

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where, as in a [`Fault`](super::Fault): `workstream.web-live.units`.
    pub path: String,
    /// What it was; none when it was not there.
    pub old: Option<String>,
    /// What it is; none when it is there no longer.
    pub new: Option<String>,
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.old, &self.new) {
            (Some(old), Some(new)) => write!(f, "{}: {old} → {new}", self.path),
            (None, Some(new)) => write!(f, "{}: added, {new}", self.path),
            (Some(old), None) => write!(f, "{}: removed, was {old}", self.path),
            (None, None) => write!(f, "{}", self.path),
        }
    }
}

/// Every difference from `old` to `new`, in the order of the file. A part that came or went is one change,
/// and so is another order of a list. Empty exactly when the exports are the same and no credential changed.
pub fn diff(old: &Desk, new: &Desk) -> Vec<Change> {
    let mut changes = Vec::new();
    tables("", &old.public_tree(), &new.public_tree(), &mut changes);
    for agent in &new.agents {
        let before = old.agents.iter().find(|before| before.username == agent.username);
        let path = join(&join("agent", &agent.username.to_string()), "password");
        changes.extend(before.and_then(|before| credential(path, &before.password, &agent.password)));
    }
    for token in &new.tokens {
        let before = old.tokens.iter().find(|before| before.name == token.name);
        let path = join(&join("token", &token.name.to_string()), "secret");
        changes.extend(before.and_then(|before| credential(path, &before.secret, &token.secret)));
    }
    if let (Some(before), Some(mail)) = (&old.mail, &new.mail)
        && before.password != mail.password
    {
        let (old, new) = (Some("set".to_owned()), Some("changed".to_owned()));
        changes.push(Change { path: "mail.password".to_owned(), old, new });
    }
    for workstream in &new.workstreams {
        let Some(before) = old.workstream(super::ids::Id::as_str(&workstream.id)) else { continue };
        for (key, secret) in workstream.kept() {
            let known = before.kept().find(|(other, _)| *other == key).map(|(_, known)| known);
            if known.is_some_and(|known| known != secret) {
                let path = format!("{}.{key}", join("workstream", &workstream.id.to_string()));
                changes.push(Change { path, old: Some("set".to_owned()), new: Some("changed".to_owned()) });
            }
        }
    }
    changes
}

fn credential(path: String, old: &Credential, new: &Credential) -> Option<Change> {
    let state = |credential: &Credential| (!credential.is_absent()).then(|| "set".to_owned());
    if old == new {
        return None;
    }
    let new = state(new).map(|new| if old.is_absent() { new } else { "set anew".to_owned() });
    Some(Change { path, old: state(old), new })
}

fn tables(path: &str, old: &Tree, new: &Tree, out: &mut Vec<Change>) {
    let before: BTreeMap<&str, &Item> = old.entries.iter().map(|(key, item)| (key.as_str(), item)).collect();
    let empty = Tree::default();
    for (key, item) in &new.entries {
        let path = join(path, key);
        match (before.get(key.as_str()), item) {
            (Some(Item::Value(old)), Item::Value(new)) if old == new => {}
            (Some(Item::Table(old)), Item::Table(new)) => tables(&path, old, new, out),
            (None, Item::Table(new)) => tables(&path, &empty, new, out),
            (Some(Item::Tables(old)), Item::Tables(new)) => lists(&path, old, new, out),
            (None, Item::Tables(new)) => lists(&path, &[], new, out),
            (old, new) => out.push(Change { path, old: old.map(|old| words(old)), new: Some(words(new)) }),
        }
    }
    for (key, item) in &old.entries {
        if new.entries.iter().any(|(other, _)| other == key) {
            continue;
        }
        let path = join(path, key);
        match item {
            Item::Table(old) => tables(&path, old, &empty, out),
            Item::Tables(old) => lists(&path, old, &[], out),
            Item::Value(_) => out.push(Change { path, old: Some(words(item)), new: None }),
        }
    }
}

fn lists(path: &str, old: &[(String, Tree)], new: &[(String, Tree)], out: &mut Vec<Change>) {
    let before: BTreeMap<&str, &Tree> = old.iter().map(|(name, tree)| (name.as_str(), tree)).collect();
    let after: BTreeMap<&str, &Tree> = new.iter().map(|(name, tree)| (name.as_str(), tree)).collect();
    for (name, tree) in new {
        let path = join(path, name);
        match before.get(name.as_str()) {
            Some(before) => tables(&path, before, tree, out),
            None => out.push(Change { path, old: None, new: Some(summary(tree)) }),
        }
    }
    for (name, tree) in old.iter().filter(|(name, _)| !after.contains_key(name.as_str())) {
        out.push(Change { path: join(path, name), old: Some(summary(tree)), new: None });
    }
    let order = |list: &[(String, Tree)], others: &BTreeMap<&str, &Tree>| -> Vec<String> {
        list.iter().map(|(name, _)| name.clone()).filter(|name| others.contains_key(name.as_str())).collect()
    };
    let (old_order, new_order) = (order(old, &after), order(new, &before));
    if old_order != new_order {
        let shown = |order: Vec<String>| Some(cut(&order.join(", ")));
        out.push(Change { path: path.to_owned(), old: shown(old_order), new: shown(new_order) });
    }
}

/// A part in a few words: its plain values.
fn summary(tree: &Tree) -> String {
    let values = tree.entries.iter().filter_map(|(key, item)| match item {
        Item::Value(value) if !matches!(value, Value::List(list) if list.is_empty()) => {
            Some(format!("{key} {}", value_words(value)))
        }
        _ => None,
    });
    cut(&values.collect::<Vec<_>>().join(", "))
}

fn words(item: &Item) -> String {
    match item {
        Item::Value(value) => value_words(value),
        Item::Table(tree) => summary(tree),
        Item::Tables(list) => cut(&list.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")),
    }
}

/// A value as it stands in the file, on one line and not endless.
fn value_words(value: &Value) -> String {
    let mut text = String::new();
    value.write(false, &mut text);
    cut(&text)
}

fn cut(text: &str) -> String {
    const CHARS_SHOWN: usize = 200;
    match text.char_indices().nth(CHARS_SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
