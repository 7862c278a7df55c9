//! Taking an entry out: asked for on a page of its own, which says what would break.

use askama::Template;

use super::document::{Document, Place};
use super::edit::{Crumb, Notice, crumbs, line_of};
use super::exchange::{Asked, Outcome, Refused, Reply, page};
use super::frame::{Frame, entry_title};
use super::keeper::{Held, NotApplied};
use super::pages::Pages;
use super::save;
use super::show::Remark;

#[derive(Template)]
#[template(path = "delete.html", config = "src/admin/askama.toml")]
struct DeletePage {
    frame: Frame,
    crumbs: Vec<Crumb>,
    here: String,
    one: &'static str,
    name: String,
    action: String,
    back: String,
    /// What stands in the way.
    blockers: Vec<Remark>,
    notice: Option<Notice>,
    /// What happens to work that is under way.
    consequence: &'static str,
    /// What it would do to the work that runs now.
    touches: Vec<String>,
}

/// Asks.
pub(super) fn confirm(pages: &Pages, asked: &Asked, place: Place) -> Outcome {
    let held = pages.keeper.held()?;
    render(pages, asked, &held, &place, None, 200)
}

/// Does it.
pub(super) fn delete(pages: &Pages, asked: &Asked, place: Place) -> Outcome {
    let held = pages.keeper.held()?;
    if save::based_on(asked) != held.version {
        let notice = save::conflict(pages, asked, &held)?;
        return render(pages, asked, &held, &place, Some(notice), 409);
    }
    let mut document = Document::of(&held.desk);
    if !document.remove(&place) {
        return Err(Refused::not_found());
    }
    let Ok(desk) = save::load(&document, &held.desk) else {
        return render(pages, asked, &held, &place, None, 422);
    };
    match save::apply(pages, asked, &held, desk) {
        Ok(number) => Ok(Reply::See(format!("{}?saved={number}", place.list_href()))),
        Err(NotApplied::Conflict) => {
            let held = pages.keeper.held()?;
            let notice = save::conflict(pages, asked, &held)?;
            render(pages, asked, &held, &place, Some(notice), 409)
        }
        Err(NotApplied::Faults(_)) => render(pages, asked, &held, &place, None, 422),
        Err(NotApplied::Refused(refusal)) => Err(refusal.into()),
    }
}

fn render(
    pages: &Pages,
    asked: &Asked,
    held: &Held,
    place: &Place,
    notice: Option<Notice>,
    status: u16,
) -> Outcome {
    let mut document = Document::of(&held.desk);
    let entry = document.entry(place).ok_or_else(Refused::not_found)?;
    let name = entry_title(entry, &held.desk, place.id.as_deref().unwrap_or_default());
    if place.id.is_none() || !document.remove(place) {
        return Err(Refused::not_found());
    }
    let (blockers, touches) = match save::load(&document, &held.desk) {
        Ok(desk) => (Vec::new(), pages.keeper.touches(desk)?.in_words()),
        Err(blockers) => (blockers, Vec::new()),
    };
    let template = DeletePage {
        frame: Frame::new(pages, asked, held, line_of(place), format!("Delete {name}"))?,
        crumbs: crumbs(place, &held.desk),
        here: place.id_key().and(place.id.clone()).unwrap_or_default(),
        one: place.subject.one,
        name,
        action: place.act_href("delete"),
        back: place.href(),
        blockers,
        notice,
        consequence: consequence(place.subject.slug),
        touches,
    };
    page(status, &template)
}

fn consequence(slug: &str) -> &'static str {
    match slug {
        "queues" => "Conversations that wait in it go to their workstream's queue.",
        "workstreams" | "widgets" => {
            "Chats that came by it are interrupted: their agents are warned, cannot go on, and must end them."
        }
        "people" => "They are signed out at once, and what they hold is given to others.",
        "tokens" => "The system that signs in with it is refused from now on.",
        "hours" => "Workstreams that use them would be without.",
        _ => "Nothing else hangs on it.",
    }
}
