//! What stands around every page: the bar, the index, what was just saved.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::contents::{Part, index};
use super::exchange::{Asked, Refused};
use super::keeper::{Actor, Held, Recorded};
use super::pages::Pages;
use super::{changes, subjects};
use crate::desk::Desk;

/// What every page is shown in.
pub(super) struct Frame {
    pub(super) title: String,
    pub(super) place: String,
    pub(super) theme: String,
    pub(super) number: u64,
    pub(super) actor: String,
    pub(super) initials: String,
    /// Whoever came by the socket itself has no sign-in to end.
    pub(super) can_sign_out: bool,
    /// The form token of this visitor.
    pub(super) token: String,
    /// What a form of this page is based on.
    pub(super) version: String,
    pub(super) index: Vec<Part>,
    pub(super) saved: Option<Saved>,
    /// The address of this page, without its query.
    pub(super) here: String,
}

/// The bar after a save.
pub(super) struct Saved {
    pub(super) clock: String,
    pub(super) stamp: String,
    pub(super) words: String,
    pub(super) number: u64,
    /// The version that Undo returns to; none when something else was saved since.
    pub(super) undo: Option<u64>,
    /// Places of the desk that it changed.
    pub(super) paths: Vec<String>,
}

impl Frame {
    /// The frame of a page whose line in the index is `slug`.
    pub(super) fn new(
        pages: &Pages,
        asked: &Asked,
        held: &Held,
        slug: &str,
        title: impl Into<String>,
    ) -> Result<Self, Refused> {
        let actor = asked.visitor.actor.name().to_owned();
        let desk = &held.desk;
        let shown = desk.agent(&actor).map_or(actor.as_str(), |agent| agent.name.as_str());
        let parts: Vec<&str> = asked.path.iter().map(String::as_str).collect();
        let parts: Vec<String> = parts.into_iter().map(crate::percent::encoded).collect();
        Ok(Self {
            title: title.into(),
            place: desk.name.clone(),
            theme: desk.theme.to_string(),
            number: held.number,
            initials: initials(shown),
            can_sign_out: asked.visitor.actor != Actor::local(),
            token: pages.key.form_token(&asked.visitor),
            version: format!("{}-{}", held.number, held.version),
            index: index(desk, held.number, slug),
            saved: saved(pages, asked, held)?,
            here: format!("/admin/{}", parts.join("/")),
            actor,
        })
    }
}

/// What `?saved=31` stands for, when 31 was saved indeed.
fn saved(pages: &Pages, asked: &Asked, held: &Held) -> Result<Option<Saved>, Refused> {
    let Some(number) = asked.query.get("saved").and_then(|number| number.parse::<u64>().ok()) else {
        return Ok(None);
    };
    let Some(before) = number.checked_add(1) else { return Ok(None) };
    let found = pages.keeper.changes(Some(before), 1)?.into_iter().find(|change| change.number == number);
    let Some(change) = found else { return Ok(None) };
    let zone = zone(&held.desk);
    let undo = (number == held.number && number > 1).then(|| number - 1);
    Ok(Some(Saved {
        clock: change.at.to_zoned(zone.clone()).strftime("%H:%M").to_string(),
        stamp: stamp(change.at, &zone),
        words: in_words(&change, &held.desk),
        paths: change.changes.iter().map(|change| change.path.clone()).collect(),
        number,
        undo,
    }))
}

/// The first change as a sentence, and how many there are besides.
fn in_words(recorded: &Recorded, desk: &Desk) -> String {
    let Some(first) = recorded.changes.first() else { return "Nothing was different.".to_owned() };
    let line = changes::line(first, desk);
    let words = match (&line.old, &line.new) {
        (Some(old), Some(new)) => format!("{}: {old} is now {new}.", line.what),
        (None, Some(new)) => format!("{}: {new}.", line.what),
        (Some(_), None) => format!("{}: taken out.", line.what),
        (None, None) => format!("{}.", line.what),
    };
    match recorded.changes.len() {
        1 => words,
        2 => format!("{words} And one thing more."),
        more => format!("{words} And {} things more.", more - 1),
    }
}

/// The zone times are told in: that of the first opening hours, where the branch is.
pub(super) fn zone(desk: &Desk) -> TimeZone {
    desk.hours.first().map_or(TimeZone::UTC, |hours| hours.zone.rules().clone())
}

/// `2026-03-01 10:24:09 CET`.
pub(super) fn stamp(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
}

/// `10:24` today, else with its date.
pub(super) fn short(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (at, now) = (at.to_zoned(zone.clone()), now.to_zoned(zone.clone()));
    let format = if at.date() == now.date() { "%H:%M" } else { "%Y-%m-%d %H:%M" };
    at.strftime(format).to_string()
}

fn initials(name: &str) -> String {
    name.split_whitespace()
        .filter_map(|word| word.chars().next())
        .take(2)
        .flat_map(char::to_uppercase)
        .collect()
}

/// What the title of an entry's page is called when it has none.
pub(super) fn entry_title(entry: &toml::Table, desk: &Desk, fallback: &str) -> String {
    let title = subjects::title(entry, desk.locale.as_str());
    if title.is_empty() { fallback.to_owned() } else { title }
}
