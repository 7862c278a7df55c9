//! The desk as one file: out, and in again after a look at what would change.

use std::borrow::Cow;

use askama::Template;

use super::changes::{Line, line};
use super::edit::Notice;
use super::exchange::{Asked, Outcome, Reply, page};
use super::frame::Frame;
use super::keeper::{Held, NotApplied};
use super::pages::Pages;
use super::save::{self, based_on, locked_out};
use crate::desk::{Desk, Fault, Faults, LoadOptions, Loaded, Warning, diff, load_with};

#[derive(Template)]
#[template(path = "import.html", config = "src/admin/askama.toml")]
struct ImportPage {
    frame: Frame,
    text: String,
    faults: Vec<Fault>,
    more_faults: usize,
    warnings: Vec<Warning>,
    /// What it would change; none before it was looked at.
    lines: Option<Vec<Line>>,
    /// What it would do to the work that runs now.
    touches: Vec<String>,
    notice: Option<Notice>,
}

/// The page with an empty box.
pub(super) fn show(pages: &Pages, asked: &Asked) -> Outcome {
    let held = pages.keeper.held()?;
    render(pages, asked, &held, Looked::default(), 200)
}

/// The desk as a file, without passwords and secrets.
pub(super) fn export(pages: &Pages) -> Outcome {
    let file = pages.keeper.held()?.desk.export();
    Ok(Reply::File {
        name: Some("desk.toml"),
        content_type: "application/toml",
        bytes: Cow::Owned(file.into_bytes()),
    })
}

#[derive(Default)]
struct Looked {
    faults: Vec<Fault>,
    more_faults: usize,
    warnings: Vec<Warning>,
    lines: Option<Vec<Line>>,
    touches: Vec<String>,
    notice: Option<Notice>,
}

/// Looks at a file, and with the second button puts it in force.
pub(super) fn save(pages: &Pages, asked: &Asked) -> Outcome {
    let held = pages.keeper.held()?;
    let text = text(asked);
    let options = LoadOptions { over: Some(&held.desk), ..LoadOptions::default() };
    let loaded = match load_with(&text, options).and_then(|loaded| open(loaded, &held.desk)) {
        Ok(loaded) => loaded,
        Err(faults) => return render(pages, asked, &held, looked(faults), 422),
    };
    let changes = diff(&held.desk, &loaded.desk);
    let seen = Looked {
        warnings: loaded.warnings,
        touches: pages.keeper.touches(loaded.desk.clone())?.in_words(),
        lines: Some(changes.iter().map(|change| line(change, &loaded.desk)).collect()),
        ..Looked::default()
    };
    if asked.form.text("act") != "apply" || changes.is_empty() {
        return render(pages, asked, &held, seen, 200);
    }
    if based_on(asked) != held.version {
        let notice = Some(save::conflict(pages, asked, &held)?);
        return render(pages, asked, &held, Looked { notice, ..seen }, 409);
    }
    match save::apply(pages, asked, &held, loaded.desk) {
        Ok(number) => Ok(Reply::See(format!("/admin/changes/{number}?saved={number}"))),
        Err(NotApplied::Conflict) => {
            let held = pages.keeper.held()?;
            let notice = Some(save::conflict(pages, asked, &held)?);
            render(pages, asked, &held, Looked { notice, ..seen }, 409)
        }
        Err(NotApplied::Faults(faults)) => render(pages, asked, &held, looked(faults), 422),
        Err(NotApplied::Refused(refusal)) => Err(refusal.into()),
    }
}

fn text(asked: &Asked) -> String {
    asked.form.text("desk").replace("\r\n", "\n")
}

fn looked(faults: Faults) -> Looked {
    Looked { faults: faults.list, more_faults: faults.more, ..Looked::default() }
}

/// A file that would lock every admin out is refused like one that does not load.
fn open(loaded: Loaded, now: &Desk) -> Result<Loaded, Faults> {
    match locked_out(now, &loaded.desk) {
        None => Ok(loaded),
        Some(remark) => {
            let fault = Fault { line: None, path: remark.path, message: remark.message };
            Err(Faults { list: vec![fault], more: 0 })
        }
    }
}

fn render(pages: &Pages, asked: &Asked, held: &Held, looked: Looked, status: u16) -> Outcome {
    let template = ImportPage {
        frame: Frame::new(pages, asked, held, "import", "Import and export")?,
        text: text(asked),
        faults: looked.faults,
        more_faults: looked.more_faults,
        warnings: looked.warnings,
        lines: looked.lines,
        touches: looked.touches,
        notice: looked.notice,
    };
    page(status, &template)
}
