//! The index at the left of every page, and the files a page is made with.

use std::borrow::Cow;

use super::exchange::{Outcome, Refused, Reply};
use super::subjects;
use crate::desk::Desk;

/// A heading of the index and what stands below it.
pub(super) struct Part {
    pub(super) heading: &'static str,
    pub(super) lines: Vec<Line>,
}

/// One line of the index.
pub(super) struct Line {
    pub(super) href: String,
    pub(super) name: &'static str,
    pub(super) count: Option<usize>,
    pub(super) is_here: bool,
}

/// Pages about the box itself: address and name.
const BOX: [(&str, &str); 9] = [
    ("health", "Health and clock"),
    ("addresses", "Addresses and certificates"),
    ("backup", "Backup and restore"),
    ("changes", "Changes"),
    ("import", "Import and export"),
    ("tokens", "Tokens"),
    ("account", "Sign-in"),
    ("audit", "Audit log"),
    ("log", "Log"),
];

/// The index, with the line of `here` marked.
pub(super) fn index(desk: &Desk, number: u64, here: &str) -> Vec<Part> {
    let line = |slug: &str| {
        let subject = subjects::by_slug(slug)?;
        let (name, count) = (subject.many, count(desk, slug));
        Some(Line { href: format!("/admin/{slug}"), name, count, is_here: slug == here })
    };
    let part = |heading, slugs: &[&str]| Part {
        heading,
        lines: slugs.iter().filter_map(|slug| line(slug)).collect(),
    };
    let of_the_box = BOX.iter().map(|(slug, name)| Line {
        href: format!("/admin/{slug}"),
        name,
        count: match *slug {
            "changes" => usize::try_from(number).ok(),
            slug => count(desk, slug),
        },
        is_here: *slug == here,
    });
    vec![
        part("Desk", &["desk", "hours", "people", "presences"]),
        part("What arrives", &["workstreams", "queues", "widgets", "masking"]),
        part("Words", &["quick-replies", "wrap-up-reasons", "articles", "contacts"]),
        Part { heading: "The box", lines: of_the_box.collect() },
    ]
}

fn count(desk: &Desk, slug: &str) -> Option<usize> {
    Some(match slug {
        "hours" => desk.hours.len(),
        "people" => desk.agents.len(),
        "presences" => desk.presences.len(),
        "workstreams" => desk.workstreams.len(),
        "queues" => desk.queues.len(),
        "widgets" => desk.widgets.len(),
        "quick-replies" => desk.quick_replies.len(),
        "wrap-up-reasons" => desk.wrapup_reasons.len(),
        "articles" => desk.articles.len(),
        "contacts" => desk.contacts.len(),
        "tokens" => desk.tokens.len(),
        _ => return None,
    })
}

/// A file of the pages, by its path.
pub(super) fn file(path: &[&str]) -> Outcome {
    let (content_type, bytes): (&'static str, &'static [u8]) = match path {
        ["static", "admin.css"] => ("text/css; charset=utf-8", embedded("admin.css")),
        ["static", "preview.js"] => ("text/javascript; charset=utf-8", embedded("preview.js")),
        ["web", "tokens.css"] => ("text/css; charset=utf-8", include_bytes!("../web/tokens.css")),
        ["web", "icons.svg"] => ("image/svg+xml", include_bytes!("../web/icons.svg")),
        _ => return Err(Refused::not_found()),
    };
    Ok(Reply::File { name: None, content_type, bytes: Cow::Borrowed(bytes) })
}

/// A file of the pages' own, for the gateway's side too: the sign-in page stands before any sign-in.
pub(super) fn embedded(name: &str) -> &'static [u8] {
    match name {
        "admin.css" => include_bytes!("admin.css"),
        _ => include_bytes!("preview.js"),
    }
}
