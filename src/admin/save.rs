//! Saving a form: one entry changed in the desk's file, loaded, and proposed.

use super::document::{Document, Place, text_of};
use super::edit::{self, Notice, Posted, has_preview};
use super::exchange::{Asked, Outcome, Refused, Reply};
use super::field::Tab;
use super::keeper::{Held, NotApplied, Proposal};
use super::pages::Pages;
use super::show::Remark;
use super::write::write;
use super::{changes, frame};
use crate::desk::{Desk, Faults, Role, diff};

/// Saves a tab of an entry, or shows the form again with what stands in the way.
pub(super) fn save(pages: &Pages, asked: &Asked, place: Place, tab: &str) -> Outcome {
    let tab = edit::tab_of(&place, tab)?;
    let held = pages.keeper.held()?;
    let mut document = Document::of(&held.desk);
    write_all(&mut document, &place, tab, asked, &held.desk)?;
    if asked.form.text("act") == "preview" && has_preview(tab.panel) {
        return shown(pages, asked, &held, &place, tab, &document);
    }
    let done = |number| format!("{}?saved={number}", edit::tab_href(&place, tab));
    let same = format!("{}?same", edit::tab_href(&place, tab));
    propose(pages, asked, &held, &place, tab, &document, done, same)
}

/// Makes a new entry, or shows the form again.
pub(super) fn save_new(pages: &Pages, asked: &Asked, place: Place) -> Outcome {
    if place.subject.is_single() {
        return Err(Refused::not_found());
    }
    let held = pages.keeper.held()?;
    let mut document = Document::of(&held.desk);
    let tab = place.subject.new;
    write_all(&mut document, &place, tab, asked, &held.desk)?;
    let id = match (place.id_key(), document.list(&place).last()) {
        (Some(key), Some(entry)) => text_of(entry, key).unwrap_or_default().to_owned(),
        (_, _) => (document.list(&place).len().saturating_sub(1)).to_string(),
    };
    let made = Place { id: Some(id), ..place.clone() };
    let done = |number| format!("{}?saved={number}", made.href());
    propose(pages, asked, &held, &place, tab, &document, done, place.list_href())
}

fn write_all(
    document: &mut Document,
    place: &Place,
    tab: &Tab,
    asked: &Asked,
    desk: &Desk,
) -> Result<(), Refused> {
    let is_new = place.id.is_none() && !place.subject.is_single();
    let entry = document.entry_mut(place).ok_or_else(Refused::not_found)?;
    for field in tab.fields().filter(|field| is_new || !field.once) {
        if is_new || field.applies(entry) {
            write(entry, field, &asked.form, desk.locale.as_str());
        }
    }
    Ok(())
}

/// The form as posted, with its preview and nothing saved.
fn shown(
    pages: &Pages,
    asked: &Asked,
    held: &Held,
    place: &Place,
    tab: &'static Tab,
    document: &Document,
) -> Outcome {
    let (desk, faults) = match document.load(&held.desk) {
        Ok(loaded) => (Some(loaded.desk), Vec::new()),
        Err(faults) => (None, remarks(&faults)),
    };
    let notice =
        Notice { heading: "Preview".to_owned(), text: "Nothing is saved yet.".to_owned(), lines: Vec::new() };
    let posted = Posted { status: 200, document, faults, notice: Some(notice), desk: desk.as_ref() };
    edit::render(pages, asked, held, place, tab, posted)
}

#[expect(clippy::too_many_arguments, reason = "the parts of one step, used twice")]
fn propose(
    pages: &Pages,
    asked: &Asked,
    held: &Held,
    place: &Place,
    tab: &'static Tab,
    document: &Document,
    done: impl Fn(u64) -> String,
    same: String,
) -> Outcome {
    let again = |status, held: &Held, faults, notice| {
        let posted = Posted { status, document, faults, notice, desk: None };
        edit::render(pages, asked, held, place, tab, posted)
    };
    if based_on(asked) != held.version {
        return again(409, held, Vec::new(), Some(conflict(pages, asked, held)?));
    }
    let desk = match load(document, &held.desk) {
        Ok(desk) => desk,
        Err(faults) => return again(422, held, faults, None),
    };
    if diff(&held.desk, &desk).is_empty() {
        return Ok(Reply::See(same));
    }
    match apply(pages, asked, held, desk) {
        Ok(number) => Ok(Reply::See(done(number))),
        Err(NotApplied::Faults(faults)) => again(422, held, remarks(&faults), None),
        Err(NotApplied::Conflict) => {
            let held = pages.keeper.held()?;
            let notice = conflict(pages, asked, &held)?;
            again(409, &held, Vec::new(), Some(notice))
        }
        Err(NotApplied::Refused(refusal)) => {
            let notice = Notice { heading: "Not saved".to_owned(), text: refusal.0, lines: Vec::new() };
            again(503, held, Vec::new(), Some(notice))
        }
    }
}

/// Loads a changed file over the desk in force, and sees to it that somebody can still come in.
pub(super) fn load(document: &Document, over: &Desk) -> Result<Desk, Vec<Remark>> {
    let desk = document.load(over).map_err(|faults| remarks(&faults))?.desk;
    match locked_out(over, &desk) {
        Some(remark) => Err(vec![remark]),
        None => Ok(desk),
    }
}

/// A desk whose last admin is gone could only be mended on the box itself.
pub(super) fn locked_out(before: &Desk, after: &Desk) -> Option<Remark> {
    let admins =
        |desk: &Desk| desk.agents.iter().any(|agent| agent.is(Role::Admin) && !agent.password.is_absent());
    (admins(before) && !admins(after)).then(|| Remark {
        path: "agent".to_owned(),
        message: "nobody would be left who can sign in as admin".to_owned(),
    })
}

/// Proposes a desk on the version its form was made from.
pub(super) fn apply(pages: &Pages, asked: &Asked, held: &Held, desk: Desk) -> Result<u64, NotApplied> {
    pages.keeper.apply(Proposal { desk, based_on: held.version.clone(), by: asked.visitor.actor.clone() })
}

/// The version a form was made from.
pub(super) fn based_on(asked: &Asked) -> &str {
    asked.form.text("version").split_once('-').map_or("", |(_, version)| version)
}

/// Faults as a form shows them.
pub(super) fn remarks(faults: &Faults) -> Vec<Remark> {
    let remark =
        |fault: &crate::desk::Fault| Remark { path: fault.path.clone(), message: fault.message.clone() };
    faults.list.iter().map(remark).collect()
}

/// Tells what was saved since a form was made.
pub(super) fn conflict(pages: &Pages, asked: &Asked, held: &Held) -> Result<Notice, Refused> {
    let from = asked.form.text("version").split_once('-').and_then(|(number, _)| number.parse::<u64>().ok());
    let since = pages.keeper.changes(None, 10)?;
    let since: Vec<_> =
        since.into_iter().filter(|change| from.is_none_or(|from| change.number > from)).collect();
    let zone = frame::zone(&held.desk);
    let text = match since.first() {
        Some(latest) => format!(
            "{} saved at {} while you were here. What you typed is below, not saved. Look at what changed, then \
             save again: it replaces what is there now.",
            latest.by,
            latest.at.to_zoned(zone).strftime("%H:%M"),
        ),
        None => "The desk is another one now. What you typed is below, not saved. Look, then save again."
            .to_owned(),
    };
    let lines = since.iter().flat_map(|change| &change.changes).take(20);
    let lines = lines.map(|change| changes::line(change, &held.desk).to_string()).collect();
    Ok(Notice { heading: "Somebody else saved first".to_owned(), text, lines })
}
