//! The form of one entry: as it is saved, and as it was posted when it could not be.

use askama::Template;
use toml::Table;

use super::document::{Document, Place, at, put, text_of};
use super::exchange::{Asked, Outcome, Refused, page};
use super::field::{Panel, Tab};
use super::frame::{Frame, entry_title};
use super::keeper::Held;
use super::pages::Pages;
use super::preview::{self, PanelView};
use super::show::{Body, CellBody, Group, Remark, Showing};
use super::subjects::{self, WIDGETS, WORKSTREAMS, workstream_lede};
use crate::desk::{Desk, NotifyKind, Warning, Word};

#[derive(Template)]
#[template(path = "edit.html", config = "src/admin/askama.toml")]
struct EditPage {
    frame: Frame,
    crumbs: Vec<Crumb>,
    /// The last step of the way: the id, where there is one.
    here: String,
    heading: String,
    lede: String,
    tabs: Vec<TabLink>,
    /// Where the form goes.
    action: String,
    groups: Vec<Group>,
    /// What is wrong, and stands at no field of this page.
    elsewhere: Vec<Remark>,
    fault_count: usize,
    notice: Option<Notice>,
    panel: PanelView,
    is_new: bool,
    /// The word on the button.
    save: &'static str,
    danger: Option<Danger>,
    new_secret: Option<String>,
}

/// A step on the way here.
pub(super) struct Crumb {
    pub(super) href: String,
    pub(super) name: String,
}

struct TabLink {
    href: String,
    name: &'static str,
    is_here: bool,
}

/// Something the admin must know before saving again.
pub(super) struct Notice {
    pub(super) heading: String,
    pub(super) text: String,
    pub(super) lines: Vec<String>,
}

struct Danger {
    href: String,
    one: &'static str,
}

/// A form that was posted and not saved.
pub(super) struct Posted<'p> {
    pub(super) status: u16,
    pub(super) document: &'p Document,
    pub(super) faults: Vec<Remark>,
    pub(super) notice: Option<Notice>,
    /// What it loads as, when it does.
    pub(super) desk: Option<&'p Desk>,
}

/// An entry as it is saved.
pub(super) fn show(pages: &Pages, asked: &Asked, place: Place, tab: &str) -> Outcome {
    let held = pages.keeper.held()?;
    let tab = tab_of(&place, tab)?;
    let document = Document::of(&held.desk);
    let mut posted =
        Posted { status: 200, document: &document, faults: Vec::new(), notice: None, desk: Some(&held.desk) };
    if asked.query.get("same").is_some() {
        posted.notice = Some(Notice {
            heading: "Nothing was different".to_owned(),
            text: "So there was nothing to save.".to_owned(),
            lines: Vec::new(),
        });
    }
    render(pages, asked, &held, &place, tab, posted)
}

/// The form for a new entry.
pub(super) fn show_new(pages: &Pages, asked: &Asked, place: Place) -> Outcome {
    if place.subject.is_single() {
        return Err(Refused::not_found());
    }
    let held = pages.keeper.held()?;
    let mut document = Document::of(&held.desk);
    document.entry_mut(&place).ok_or_else(Refused::not_found)?;
    let posted = Posted { status: 200, document: &document, faults: Vec::new(), notice: None, desk: None };
    render(pages, asked, &held, &place, place.subject.new, posted)
}

/// The tab of a subject by its part of the address.
pub(super) fn tab_of(place: &Place, slug: &str) -> Result<&'static Tab, Refused> {
    place.subject.tabs.iter().find(|tab| tab.slug == slug).ok_or_else(Refused::not_found)
}

/// A form with everything that is to be said about it.
pub(super) fn render(
    pages: &Pages,
    asked: &Asked,
    held: &Held,
    place: &Place,
    tab: &'static Tab,
    posted: Posted<'_>,
) -> Outcome {
    let desk = &held.desk;
    let is_new = place.id.is_none() && !place.subject.is_single();
    let list = posted.document.list(place);
    let index = if is_new { list.len().checked_sub(1) } else { posted.document.index(place) };
    let entry = match index {
        Some(index) => list.get(index).copied(),
        None => posted.document.entry(place),
    };
    let entry = complete(entry.ok_or_else(Refused::not_found)?.clone(), place, desk);
    let id = place.id_key().and_then(|key| text_of(&entry, key));
    let paths = place.paths(index.unwrap_or_default(), id);
    let frame = Frame::new(pages, asked, held, line_of(place), title(place, &entry, desk, is_new))?;
    let changed = frame.saved.as_ref().map(|saved| saved.paths.clone()).unwrap_or_default();
    let warnings = if is_new { Vec::new() } else { warnings(posted.document, desk) };
    let showing = Showing {
        desk,
        entry: &entry,
        paths: &paths,
        faults: &posted.faults,
        warnings: &warnings,
        changed: &changed,
        is_new,
    };
    let typed = asked.form.text("try");
    let panel =
        if is_new { PanelView::None } else { preview::panel(pages, place, tab.panel, posted.desk, typed)? };
    let template = EditPage {
        crumbs: crumbs(place, desk),
        here: place.id_key().and(place.id.clone()).unwrap_or_default(),
        heading: frame.title.clone(),
        lede: lede(place, &entry, desk, is_new),
        tabs: if is_new { Vec::new() } else { tabs(place, tab) },
        action: if is_new { act(place, "new") } else { tab_href(place, tab) },
        groups: showing.groups(tab),
        elsewhere: showing.elsewhere(tab, &posted.faults),
        fault_count: posted.faults.len(),
        notice: posted.notice,
        panel,
        is_new,
        save: if is_new { "Make it" } else { "Save" },
        danger: (place.id.is_some() && tab.slug.is_empty())
            .then(|| Danger { href: place.act_href("delete"), one: place.subject.one }),
        new_secret: (place.subject.slug == "tokens" && !is_new).then(|| place.act_href("secret")),
        frame,
    };
    page(posted.status, &template)
}

/// Warnings of a desk as a form shows them: at their fields, in the words of the loader.
fn warnings(document: &Document, over: &Desk) -> Vec<Remark> {
    let remark = |warning: Warning| Remark { path: warning.path, message: warning.message };
    document.load(over).map(|loaded| loaded.warnings.into_iter().map(remark).collect()).unwrap_or_default()
}

/// What a workstream's alert comes to where nothing is written, so that a form shows what holds.
fn complete(mut entry: Table, place: &Place, desk: &Desk) -> Table {
    if place.subject.slug != WORKSTREAMS.slug {
        return entry;
    }
    let Some(workstream) = place.id.as_deref().and_then(|id| desk.workstream(id)) else { return entry };
    let notify = workstream.notify(NotifyKind::Incoming);
    let mut unless_written = |key: &str, value: toml::Value| {
        let key = format!("notify.incoming.{key}");
        if at(&entry, &key).is_none() {
            put(&mut entry, &key, Some(value));
        }
    };
    unless_written("style", notify.style.word().into());
    unless_written("timeout_s", i64::from(notify.timeout_s).into());
    unless_written("show_timeout", notify.show_timeout.into());
    unless_written("reject", notify.reject.into());
    unless_written("auto", notify.auto.word().into());
    unless_written("desktop", notify.desktop.word().into());
    entry
}

fn title(place: &Place, entry: &Table, desk: &Desk, is_new: bool) -> String {
    match (is_new, place.subject.is_single()) {
        (true, _) => format!("New {}", place.subject.one),
        (_, true) => place.subject.many.to_owned(),
        _ => entry_title(entry, desk, place.id.as_deref().unwrap_or(place.subject.one)),
    }
}

fn lede(place: &Place, entry: &Table, desk: &Desk, is_new: bool) -> String {
    if place.subject.slug == WORKSTREAMS.slug && !is_new {
        return workstream_lede(desk, entry);
    }
    if place.subject.is_single() { place.subject.lede.to_owned() } else { String::new() }
}

/// The line of the index an entry belongs to.
pub(super) fn line_of(place: &Place) -> &'static str {
    if place.within.is_some() { WIDGETS.slug } else { place.subject.slug }
}

/// The way to an entry: its list, and a rule's widget before it.
pub(super) fn crumbs(place: &Place, desk: &Desk) -> Vec<Crumb> {
    if place.subject.is_single() {
        return Vec::new();
    }
    let mut crumbs = Vec::new();
    if let Some(widget) = &place.within {
        crumbs.push(Crumb { href: "/admin/widgets".to_owned(), name: WIDGETS.many.to_owned() });
        let title = desk.widget(widget).and_then(|widget| widget.title.as_ref());
        let name = title.map_or(widget.as_str(), |title| title.get("", &desk.locale)).to_owned();
        crumbs.push(Crumb { href: format!("/admin/widgets/{}", crate::percent::encoded(widget)), name });
    }
    crumbs.push(Crumb { href: place.list_href(), name: place.subject.many.to_owned() });
    crumbs
}

fn tabs(place: &Place, here: &Tab) -> Vec<TabLink> {
    let own = place.subject.tabs.iter();
    let mut tabs: Vec<TabLink> = own
        .map(|tab| TabLink { href: tab_href(place, tab), name: tab.name, is_here: tab.slug == here.slug })
        .collect();
    if place.subject.slug == WIDGETS.slug {
        tabs.push(TabLink {
            href: format!("{}/rules", place.href()),
            name: subjects::RULES.many,
            is_here: false,
        });
    }
    if tabs.len() > 1 { tabs } else { Vec::new() }
}

/// The address of a tab.
pub(super) fn tab_href(place: &Place, tab: &Tab) -> String {
    if tab.slug.is_empty() { place.href() } else { format!("{}/{}", place.href(), tab.slug) }
}

fn act(place: &Place, act: &str) -> String {
    place.act_href(act)
}

impl EditPage {
    /// Whether the panel follows what is typed, where scripts run.
    fn is_live(&self) -> bool {
        !matches!(self.panel, PanelView::None | PanelView::Snippet { .. } | PanelView::Hours(_))
    }
}

/// Panels that a form's Preview button asks for.
pub(super) fn has_preview(panel: Panel) -> bool {
    !matches!(panel, Panel::None | Panel::Snippet | Panel::Hours)
}
