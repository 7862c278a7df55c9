//! The list of a subject.

use askama::Template;

use super::document::{Document, Place, text_of};
use super::edit::{Crumb, Notice, crumbs, line_of};
use super::exchange::{Asked, Outcome, Refused, page};
use super::frame::{Frame, entry_title};
use super::invited::InvitedPart;
use super::keeper::Held;
use super::pages::Pages;

#[derive(Template)]
#[template(path = "list.html", config = "src/admin/askama.toml")]
struct ListPage {
    frame: Frame,
    crumbs: Vec<Crumb>,
    here: String,
    heading: &'static str,
    lede: &'static str,
    one: &'static str,
    new: String,
    columns: &'static [&'static str],
    rows: Vec<Row>,
    is_ordered: bool,
    notice: Option<Notice>,
    invited: InvitedPart,
}

struct Row {
    href: String,
    shift: String,
    name: String,
    cells: Vec<String>,
    is_first: bool,
    is_last: bool,
}

/// The list as it is.
pub(super) fn show(pages: &Pages, asked: &Asked, place: Place) -> Outcome {
    let held = pages.keeper.held()?;
    render(pages, asked, &held, &place, None, 200)
}

/// The list, with something to say first.
pub(super) fn render(
    pages: &Pages,
    asked: &Asked,
    held: &Held,
    place: &Place,
    notice: Option<Notice>,
    status: u16,
) -> Outcome {
    let subject = place.subject;
    let desk = &held.desk;
    if place.within.as_deref().is_some_and(|widget| desk.widget(widget).is_none()) {
        return Err(Refused::not_found());
    }
    let document = Document::of(desk);
    let entries = document.list(place);
    let rows = entries.iter().enumerate().map(|(index, entry)| {
        let id = place
            .id_key()
            .and_then(|key| text_of(entry, key))
            .map_or_else(|| index.to_string(), str::to_owned);
        let own = Place { id: Some(id.clone()), ..place.clone() };
        Row {
            href: own.href(),
            shift: own.act_href("move"),
            name: entry_title(entry, desk, &id),
            cells: (subject.cells)(desk, entry),
            is_first: index == 0,
            is_last: index + 1 == entries.len(),
        }
    });
    let invited = match &place.within {
        Some(widget) => InvitedPart::of(pages, widget)?,
        None => InvitedPart::default(),
    };
    let mut way = crumbs(place, desk);
    way.pop();
    let template = ListPage {
        frame: Frame::new(pages, asked, held, line_of(place), subject.many)?,
        crumbs: way,
        here: String::new(),
        heading: subject.many,
        lede: subject.lede,
        one: subject.one,
        new: place.act_href("new"),
        columns: subject.columns,
        rows: rows.collect(),
        is_ordered: subject.is_ordered(),
        notice,
        invited,
    };
    page(status, &template)
}
