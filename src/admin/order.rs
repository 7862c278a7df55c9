//! Moving an entry of an ordered list up or down.

use super::document::{Document, Place};
use super::exchange::{Asked, Outcome, Refused, Reply};
use super::keeper::NotApplied;
use super::list;
use super::pages::Pages;
use super::save;

/// Moves it one place and shows the list.
pub(super) fn shift(pages: &Pages, asked: &Asked, place: Place) -> Outcome {
    if !place.subject.is_ordered() {
        return Err(Refused::not_found());
    }
    let held = pages.keeper.held()?;
    let list = Place { id: None, ..place.clone() };
    if save::based_on(asked) != held.version {
        let notice = save::conflict(pages, asked, &held)?;
        return list::render(pages, asked, &held, &list, Some(notice), 409);
    }
    let mut document = Document::of(&held.desk);
    if !document.shift(&place, asked.form.text("to") == "up") {
        return Ok(Reply::See(list.list_href()));
    }
    let desk = save::load(&document, &held.desk)
        .map_err(|_| Refused::new(422, "Not moved", "The desk would not load in that order."))?;
    match save::apply(pages, asked, &held, desk) {
        Ok(number) => Ok(Reply::See(format!("{}?saved={number}", list.list_href()))),
        Err(NotApplied::Conflict) => {
            let held = pages.keeper.held()?;
            let notice = save::conflict(pages, asked, &held)?;
            list::render(pages, asked, &held, &list, Some(notice), 409)
        }
        Err(NotApplied::Faults(faults)) => Err(Refused::new(422, "Not moved", faults.to_string())),
        Err(NotApplied::Refused(refusal)) => Err(refusal.into()),
    }
}
