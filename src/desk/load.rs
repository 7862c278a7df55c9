//! A file becomes a desk, or a list of all that is wrong with it.

use toml::de::DeTable;

use super::fault::{Collector, Faults, Warning};
use super::ids::Id;
use super::model::Desk;
use super::read::{Section, Sheet, join};
use super::{check, parse};
use crate::limits::DESK_FILE_BYTES_MAX;

/// A desk and what is odd about it.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The desk.
    pub desk: Desk,
    /// What will not do what its writer may expect, by line.
    pub warnings: Vec<Warning>,
}

/// What a file may be, besides a whole desk of its own.
#[derive(Clone, Copy, Debug, Default)]
pub struct LoadOptions<'d> {
    /// The desk in force: what it has set and the file leaves out is kept (see [`Desk::keep_secrets_from`]),
    /// and what is fixed at creation may not differ from it (S0-16).
    pub over: Option<&'d Desk>,
    /// Agents may be without a password and tokens without a secret: they cannot sign in. For a check of an
    /// exported file.
    pub allow_missing_secrets: bool,
    /// The file is from the store ([`Desk::export_stored`]) and holds hashes. Never for a file from outside.
    pub stored: bool,
}

/// Loads a desk that stands alone.
pub fn load(text: &str) -> Result<Loaded, Faults> {
    load_with(text, LoadOptions::default())
}

/// Loads a desk under some options. Every fault is listed, in the order of the file; nothing is applied by
/// halves.
pub fn load_with(text: &str, options: LoadOptions<'_>) -> Result<Loaded, Faults> {
    if text.len() > DESK_FILE_BYTES_MAX {
        let mut faults = Collector::default();
        faults.push(
            None,
            "",
            format!("the file holds {} bytes; at most {DESK_FILE_BYTES_MAX} are allowed", text.len()),
        );
        faults.finish()?;
    }
    let sheet = Sheet::new(text);
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        // What is recovered around a fault of form may lack half a table: its faults would be the parser's,
        // not the admin's.
        let mut faults = Collector::default();
        for error in &errors {
            let line = error.span().map(|span| sheet.line_at(span.start));
            faults.push(line, "", syntax_message(text, error));
        }
        faults.finish()?;
    }
    if table.get_ref().is_empty() && options.over.is_some_and(|old| !old.agents.is_empty()) {
        // A box without staff begins with as little; put over a desk at work it is a file cut short, or the wrong one.
        let mut faults = Collector::default();
        faults.push(None, "", "the file is empty: nobody would be left who could sign in".to_owned());
        faults.finish()?;
    }
    let mut desk = parse::desk(&sheet, &Section::root(&sheet, table.get_ref()), options.stored);
    if let Some(old) = options.over {
        check_fixed(&desk, old, &sheet);
        desk.keep_secrets_from(old);
    }
    if !options.allow_missing_secrets {
        check_secrets(&desk, &sheet);
    }
    check::desk(&desk, &sheet);
    let (faults, warnings) = sheet.into_parts();
    faults.finish()?;
    Ok(Loaded { desk, warnings })
}

/// The parser takes a bare word for a misspelt number; what its writer forgot is the quotes.
fn syntax_message(text: &str, error: &toml::de::Error) -> String {
    let wrong = error.span().and_then(|span| text.get(span.start..)).unwrap_or_default();
    if error.message().starts_with("invalid float") && wrong.starts_with(char::is_alphabetic) {
        return "text must stand in quotes".to_owned();
    }
    error.message().to_owned()
}

/// S0-16: what a workstream is, is chosen when it is created.
fn check_fixed(desk: &Desk, old: &Desk, sheet: &Sheet) {
    for workstream in &desk.workstreams {
        let Some(before) = old.workstream(workstream.id.as_str()) else { continue };
        let fixed = [
            ("mode", before.mode == workstream.mode, before.mode.to_string()),
            ("channel", before.channel == workstream.channel, before.channel.to_string()),
        ];
        for (key, same, was) in fixed {
            if !same {
                let path = join(&join("workstream", workstream.id.as_str()), key);
                let message = format!("cannot be changed from {was}: make a workstream of another id");
                sheet.fault(&path, message);
            }
        }
    }
}

fn check_secrets(desk: &Desk, sheet: &Sheet) {
    for agent in desk.agents.iter().filter(|agent| agent.password.is_absent()) {
        // A password that is there and at fault has its fault already.
        let path = join(&join("agent", agent.username.as_str()), "password");
        if !sheet.holds(&path) {
            sheet.fault(&path, "is missing: a new agent needs one");
        }
    }
    for workstream in &desk.workstreams {
        for (key, _) in workstream.kept().filter(|(_, secret)| secret.is_absent()) {
            let path = format!("{}.{key}", join("workstream", workstream.id.as_str()));
            if !sheet.holds(&path) {
                sheet.fault(&path, "is missing: without it nothing can be signed");
            }
        }
    }
    for token in desk.tokens.iter().filter(|token| token.secret.is_absent()) {
        let path = join(&join("token", token.name.as_str()), "secret");
        if !sheet.holds(&path) {
            sheet.fault(&path, "is missing: a new token needs one");
        }
    }
}

impl Desk {
    /// Takes over what a file leaves out and `old` has: passwords by username, secrets by token name, and the
    /// keys the box added to a workstream's own. What the file sets, stays.
    pub fn keep_secrets_from(&mut self, old: &Self) {
        for agent in self.agents.iter_mut().filter(|agent| agent.password.is_absent()) {
            if let Some(before) = old.agent(agent.username.as_str()) {
                agent.password.clone_from(&before.password);
            }
        }
        for token in self.tokens.iter_mut().filter(|token| token.secret.is_absent()) {
            if let Some(before) = old.token(token.name.as_str()) {
                token.secret.clone_from(&before.secret);
            }
        }
        if let (Some(mail), Some(before)) = (&mut self.mail, &old.mail)
            && mail.password.is_absent()
            && mail.user == before.user
        {
            mail.password.clone_from(&before.password);
        }
        for workstream in &mut self.workstreams {
            let Some(before) = old.workstream(workstream.id.as_str()) else { continue };
            workstream.keep_from(before);
            if let (Some(auth), Some(before)) = (&mut workstream.auth, &before.auth) {
                let added = before.added_keys.iter().filter(|key| !auth.public_keys.contains(key));
                auth.added_keys = added.cloned().collect();
            }
        }
    }
}
