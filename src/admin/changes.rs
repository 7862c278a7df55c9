//! The history of the desk: every change, who, when, what, and the way back (REQ B-6).

use std::sync::Arc;

use askama::Template;

use super::exchange::{Asked, Outcome, Refused, Reply, page};
use super::frame::{Frame, short, stamp, zone};
use super::keeper::{NotApplied, Proposal, Recorded};
use super::pages::Pages;
use super::save::{based_on, locked_out};
use super::subjects;
use crate::desk::{Change, Desk, LoadOptions, diff, load_with};
use crate::limits::ADMIN_ROWS_MAX;

#[derive(Template)]
#[template(path = "changes.html", config = "src/admin/askama.toml")]
struct ChangesPage {
    frame: Frame,
    rows: Vec<Row>,
    older: Option<u64>,
}

struct Row {
    number: u64,
    at: String,
    stamp: String,
    by: String,
    lines: Vec<Line>,
    more: usize,
}

#[derive(Template)]
#[template(path = "change.html", config = "src/admin/askama.toml")]
struct ChangePage {
    frame: Frame,
    number: u64,
    at: String,
    by: String,
    lines: Vec<Line>,
    /// The version before it; none for the first.
    before: Option<u64>,
    is_latest: bool,
    /// What going back to the version before it would change now; none when it is kept no longer.
    back: Option<Vec<Line>>,
    /// What that would do to the work that runs now.
    touches: Vec<String>,
}

/// One difference in words.
pub(super) struct Line {
    /// `Workstream web-live, Time to answer`.
    pub(super) what: String,
    pub(super) old: Option<String>,
    pub(super) new: Option<String>,
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.old, &self.new) {
            (Some(old), Some(new)) => write!(f, "{}: {old} is now {new}", self.what),
            (None, Some(new)) => write!(f, "{}: {new}", self.what),
            (Some(_), None) => write!(f, "{}: taken out", self.what),
            (None, None) => f.write_str(&self.what),
        }
    }
}

/// A difference with the label of its field, where it has one.
pub(super) fn line(change: &Change, desk: &Desk) -> Line {
    let unit = unit(&change.path);
    let value = |value: &Option<String>| {
        let is_number = |text: &String| !unit.is_empty() && text.parse::<i64>().is_ok();
        value.as_ref().map(|text| if is_number(text) { format!("{text} {unit}") } else { text.clone() })
    };
    Line { what: what(&change.path, desk), old: value(&change.old), new: value(&change.new) }
}

/// The unit of a setting, where it has one.
fn unit(path: &str) -> &'static str {
    let (list, rest) = path.split_once('.').unwrap_or((path, ""));
    let field = match subjects::by_key(list) {
        None => subjects::DESK.field(path),
        Some(subject) if subject.is_single() => subject.field(rest),
        Some(subject) => subject.field(split_id(rest).1),
    };
    field.map_or("", |field| field.unit)
}

fn what(path: &str, desk: &Desk) -> String {
    let (list, rest) = path.split_once('.').unwrap_or((path, ""));
    let Some(subject) = subjects::by_key(list) else {
        return subjects::DESK.label(path).map_or_else(|| path.to_owned(), str::to_owned);
    };
    if subject.is_single() {
        return subject
            .label(rest)
            .map_or_else(|| path.to_owned(), |label| format!("{}, {label}", subject.many));
    }
    let (id, key) = split_id(rest);
    let name = format!("{} {}", capital(subject.one), name_of(list, id, desk));
    match subject.label(key) {
        _ if key.is_empty() => name,
        Some(label) => format!("{name}, {label}"),
        None => format!("{name}, {key}"),
    }
}

/// The id at the head of a path, which is quoted when it is no bare word.
fn split_id(rest: &str) -> (&str, &str) {
    match rest.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
        Some((id, after)) => (id, after.trim_start_matches('.')),
        None => rest.split_once('.').unwrap_or((rest, "")),
    }
}

fn name_of<'n>(list: &str, id: &'n str, desk: &'n Desk) -> &'n str {
    let name = match list {
        "queue" => desk.queue(id).map(|queue| queue.name.as_str()),
        "workstream" => desk.workstream(id).map(|workstream| workstream.name.as_str()),
        "agent" => desk.agent(id).map(|agent| agent.name.as_str()),
        _ => None,
    };
    name.unwrap_or(id)
}

fn capital(word: &str) -> String {
    super::show::word_label(word)
}

/// The newest changes, or those before `?before=`.
pub(super) fn list(pages: &Pages, asked: &Asked) -> Outcome {
    const LINES_SHOWN: usize = 3;
    let held = pages.keeper.held()?;
    let before = asked.query.get("before").and_then(|number| number.parse().ok());
    let found = pages.keeper.changes(before, ADMIN_ROWS_MAX)?;
    let now = pages.keeper.clock()?.now;
    let zone = zone(&held.desk);
    let row = |change: &Recorded| Row {
        number: change.number,
        at: short(change.at, now, &zone),
        stamp: stamp(change.at, &zone),
        by: change.by.clone(),
        lines: change.changes.iter().take(LINES_SHOWN).map(|change| line(change, &held.desk)).collect(),
        more: change.changes.len().saturating_sub(LINES_SHOWN),
    };
    let older =
        found.last().filter(|last| found.len() == ADMIN_ROWS_MAX && last.number > 1).map(|last| last.number);
    let template = ChangesPage {
        rows: found.iter().map(row).collect(),
        older,
        frame: Frame::new(pages, asked, &held, "changes", "Changes")?,
    };
    page(200, &template)
}

/// One change, and what going back before it would do.
pub(super) fn show(pages: &Pages, asked: &Asked, number: &str) -> Outcome {
    let number: u64 = number.parse().map_err(|_| Refused::not_found())?;
    let held = pages.keeper.held()?;
    let after = number.checked_add(1).ok_or_else(Refused::not_found)?;
    let found = pages.keeper.changes(Some(after), 1)?.into_iter().find(|change| change.number == number);
    let change = found.ok_or_else(Refused::not_found)?;
    let before = number.checked_sub(1).filter(|before| *before > 0);
    let old = before.map(|before| pages.keeper.desk_at(before)).transpose()?.flatten();
    let back = old.and_then(|old| again(&old, &held.desk).ok());
    let touches = match &back {
        Some(desk) => pages.keeper.touches(desk.clone())?.in_words(),
        None => Vec::new(),
    };
    let back = back.map(|old| diff(&held.desk, &old).iter().map(|change| line(change, &held.desk)).collect());
    let template = ChangePage {
        number,
        at: stamp(change.at, &zone(&held.desk)),
        lines: change.changes.iter().map(|change| line(change, &held.desk)).collect(),
        by: change.by,
        before,
        is_latest: number == held.number,
        back,
        touches,
        frame: Frame::new(pages, asked, &held, "changes", format!("Change {number}"))?,
    };
    page(200, &template)
}

/// Puts an earlier desk in force again, as a change of its own.
pub(super) fn go_back(pages: &Pages, asked: &Asked) -> Outcome {
    let number: u64 = asked.form.text("to").parse().map_err(|_| Refused::not_found())?;
    let held = pages.keeper.held()?;
    if based_on(asked) != held.version {
        return Err(changed_meanwhile());
    }
    let old = pages.keeper.desk_at(number)?.ok_or_else(|| {
        Refused::new(410, "That version is gone", "The history keeps no desk that old. Nothing was changed.")
    })?;
    let desk = again(&old, &held.desk)?;
    if diff(&held.desk, &desk).is_empty() {
        return Ok(Reply::See(format!("/admin/changes/{}", held.number)));
    }
    let by = asked.visitor.actor.clone();
    match pages.keeper.apply(Proposal { desk, based_on: held.version, by }) {
        Ok(number) => Ok(Reply::See(match back(asked) {
            Some(back) => format!("{back}?saved={number}"),
            None => format!("/admin/changes/{number}?saved={number}"),
        })),
        Err(NotApplied::Conflict) => Err(changed_meanwhile()),
        Err(NotApplied::Faults(faults)) => {
            Err(Refused::new(422, "That version does not load now", faults.to_string()))
        }
        Err(NotApplied::Refused(refusal)) => Err(refusal.into()),
    }
}

fn changed_meanwhile() -> Refused {
    Refused::new(
        409,
        "Somebody else saved first",
        "Nothing was undone. Look at the newest changes, then decide again.",
    )
}

/// The page an Undo came from: one of ours and nothing else.
fn back(asked: &Asked) -> Option<&str> {
    let back = asked.form.get("back")?;
    let fits = back.starts_with("/admin/")
        && back.len() <= 512
        && !back.contains("//")
        && back.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-_.~%".contains(&b));
    fits.then_some(back)
}

/// An earlier desk as it would be now: passwords and secrets that are set stay, so that going back never
/// brings back one that was changed because it had leaked. Somebody who is there no longer comes back with
/// what they had.
fn again(old: &Arc<Desk>, now: &Desk) -> Result<Desk, Refused> {
    let options = LoadOptions { over: Some(now), allow_missing_secrets: true, stored: false };
    let mut desk = load_with(&old.export(), options)
        .map_err(|faults| Refused::new(422, "That version does not load now", faults.to_string()))?
        .desk;
    desk.keep_secrets_from(old);
    match locked_out(now, &desk) {
        Some(remark) => Err(Refused::new(422, "That version does not load now", remark.message)),
        None => Ok(desk),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_by_the_label_of_its_field() {
        let desk = crate::desk::load(crate::desk::demo()).unwrap().desk;
        assert_eq!(
            what("workstream.web-live.notify.incoming.timeout_s", &desk),
            "Workstream Web chat, Time to answer"
        );
        assert_eq!(what("queue.front", &desk), "Queue Front desk");
        assert_eq!(what("name", &desk), "Name");
        assert_eq!(what("masking.pci", &desk), "Masking, Payment data");
        assert_eq!(
            what("agent.\"jan@x.example\".capacity", &desk),
            "Member of staff jan@x.example, Capacity"
        );
        assert_eq!(what("queue", &desk), "Queue ");
    }
}
