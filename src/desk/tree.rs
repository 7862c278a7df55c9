//! A desk as a tree of keys and values in a fixed order: what an export writes and a comparison walks.

use std::fmt::Write as _;

/// One table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tree {
    pub(super) entries: Vec<(String, Item)>,
}

/// What stands under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Value(Value),
    Table(Tree),
    /// Tables, each with the name a path has for it.
    Tables(Vec<(String, Tree)>),
}

/// What stands after a `=`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Number(u32),
    Flag(bool),
    List(Vec<Value>),
    Inline(Vec<(String, Value)>),
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Vec<Value>> for Value {
    fn from(list: Vec<Value>) -> Self {
        Self::List(list)
    }
}

impl Tree {
    pub(super) fn put(&mut self, key: &str, value: impl Into<Value>) {
        self.entries.push((key.to_owned(), Item::Value(value.into())));
    }

    pub(super) fn put_some(&mut self, key: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.put(key, value);
        }
    }

    /// Anything that shows itself as its text: an id, a word, an origin.
    pub(super) fn put_shown(&mut self, key: &str, value: &impl std::fmt::Display) {
        self.put(key, Value::Text(value.to_string()));
    }

    pub(super) fn put_table(&mut self, key: &str, table: Tree) {
        self.entries.push((key.to_owned(), Item::Table(table)));
    }

    pub(super) fn put_tables(&mut self, key: &str, tables: Vec<(String, Tree)>) {
        self.entries.push((key.to_owned(), Item::Tables(tables)));
    }

    /// The tree as TOML.
    pub(super) fn to_toml(&self) -> String {
        let mut out = String::new();
        self.write("", &mut out);
        out
    }

    /// Values first: after a table's header every line belongs to that table.
    fn write(&self, path: &str, out: &mut String) {
        for (key, item) in &self.entries {
            if let Item::Value(value) = item {
                let _ = write!(out, "{} = ", key_text(key));
                value.write(true, out);
                out.push('\n');
            }
        }
        for (key, item) in &self.entries {
            let dot = if path.is_empty() { "" } else { "." };
            let path = format!("{path}{dot}{}", key_text(key));
            match item {
                Item::Value(_) => {}
                Item::Table(table) => {
                    // A header that has nothing of its own below it would only be noise.
                    if table.entries.iter().any(|(_, item)| matches!(item, Item::Value(_))) {
                        let _ = write!(out, "\n[{path}]\n");
                    }
                    table.write(&path, out);
                }
                Item::Tables(tables) => {
                    for (_, table) in tables {
                        let _ = write!(out, "\n[[{path}]]\n");
                        table.write(&path, out);
                    }
                }
            }
        }
    }
}

impl Value {
    /// The value as TOML; text of several lines stands on several lines where `lines` allows it.
    pub(super) fn write(&self, lines: bool, out: &mut String) {
        match self {
            Self::Text(text) => write_text(text, lines, out),
            Self::Number(number) => {
                let _ = write!(out, "{number}");
            }
            Self::Flag(flag) => {
                let _ = write!(out, "{flag}");
            }
            Self::List(values) => {
                out.push('[');
                for (index, value) in values.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { ", " });
                    value.write(lines, out);
                }
                out.push(']');
            }
            Self::Inline(entries) => {
                out.push_str("{ ");
                for (index, (key, value)) in entries.iter().enumerate() {
                    let _ = write!(out, "{}{} = ", if index == 0 { "" } else { ", " }, key_text(key));
                    value.write(false, out);
                }
                out.push_str(" }");
            }
        }
    }
}

fn key_text(key: &str) -> String {
    let bare = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if bare {
        return key.to_owned();
    }
    let mut out = String::new();
    write_text(key, false, &mut out);
    out
}

fn write_text(text: &str, lines: bool, out: &mut String) {
    let lines = lines && text.contains('\n');
    out.push_str(if lines { "\"\"\"\n" } else { "\"" });
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' if lines => out.push('\n'),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(out, "\\U{:08X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push_str(if lines { "\"\"\"" } else { "\"" });
}
