//! Backups: made while the box works, read back, fetched, and put in the place of everything (REQ B-6).

use askama::Template;

use super::exchange::{Asked, Outcome, Refused, Reply, page};
use super::frame::{Frame, stamp, zone};
use super::keeper::Backup;
use super::pages::Pages;
use crate::desk::Secret;
use crate::limits::ADMIN_ANSWER_BYTES_MAX;
use crate::store::PASSPHRASE_CHARS_MIN;

#[derive(Template)]
#[template(path = "backup.html", config = "src/admin/askama.toml")]
struct BackupPage {
    frame: Frame,
    rows: Vec<Row>,
    begun: Option<String>,
}

struct Row {
    name: String,
    at: String,
    size: String,
    /// Whether it is whole: `Read back, good`.
    state: String,
    is_good: bool,
    is_bad: bool,
    /// Whether it takes a passphrase.
    sealed: bool,
    /// Whether it can be fetched through this page.
    fits: bool,
}

#[derive(Template)]
#[template(path = "restore.html", config = "src/admin/askama.toml")]
struct RestorePage {
    frame: Frame,
    name: String,
    at: String,
    sealed: bool,
    fault: bool,
}

/// The backups there are.
pub(super) fn show(pages: &Pages, asked: &Asked) -> Outcome {
    let held = pages.keeper.held()?;
    let zone = zone(&held.desk);
    let local = asked.visitor.actor == super::keeper::Actor::local();
    let row = |backup: Backup| Row {
        at: stamp(backup.at, &zone),
        size: backup.bytes.map_or_else(String::new, size),
        state: match (&backup.bytes, &backup.verified) {
            (None, _) => "Being written".to_owned(),
            (_, None) => "Not read back yet".to_owned(),
            (_, Some(Ok(()))) => "Read back, good".to_owned(),
            (_, Some(Err(fault))) => format!("Damaged: {fault}"),
        },
        is_good: matches!(backup.verified, Some(Ok(()))),
        is_bad: matches!(backup.verified, Some(Err(_))),
        sealed: backup.sealed,
        fits: backup.bytes.is_some_and(|bytes| local || bytes <= ADMIN_ANSWER_BYTES_MAX as u64),
        name: backup.name,
    };
    let template = BackupPage {
        rows: pages.keeper.backups()?.into_iter().map(row).collect(),
        begun: asked.query.get("begun").map(str::to_owned),
        frame: Frame::new(pages, asked, &held, "backup", "Backup and restore")?,
    };
    page(200, &template)
}

/// Begins one.
pub(super) fn start(pages: &Pages, asked: &Asked) -> Outcome {
    let passphrase = passphrase(asked);
    let short =
        passphrase.as_ref().is_some_and(|words| words.expose().chars().count() < PASSPHRASE_CHARS_MIN);
    if short {
        let text = format!("It has at least {PASSPHRASE_CHARS_MIN} characters. No backup was begun.");
        return Err(Refused::new(422, "That passphrase is too short", text));
    }
    let name = pages.keeper.start_backup(&asked.visitor.actor, passphrase.as_ref())?;
    Ok(Reply::See(format!("/admin/backup?begun={}", crate::percent::encoded(&name))))
}

fn passphrase(asked: &Asked) -> Option<Secret> {
    Some(asked.form.text("passphrase")).filter(|words| !words.is_empty()).map(Secret::new)
}

/// Takes one away.
pub(super) fn delete(pages: &Pages, asked: &Asked, name: &str) -> Outcome {
    find(pages, name)?;
    pages.keeper.delete_backup(&asked.visitor.actor, name)?;
    Ok(Reply::See("/admin/backup".to_owned()))
}

/// The file itself.
pub(super) fn download(pages: &Pages, asked: &Asked, name: &str) -> Outcome {
    find(pages, name)?;
    let (reader, bytes) = pages.keeper.open_backup(&asked.visitor.actor, name)?;
    Ok(Reply::Stream { name: name.to_owned(), reader, bytes })
}

/// Asks before everything is replaced.
pub(super) fn confirm(pages: &Pages, asked: &Asked, name: &str) -> Outcome {
    render(pages, asked, name, false)
}

/// Replaces everything, when the branch's name was typed.
pub(super) fn restore(pages: &Pages, asked: &Asked, name: &str) -> Outcome {
    let held = pages.keeper.held()?;
    if asked.form.text("name").trim() != held.desk.name {
        return render(pages, asked, name, true);
    }
    find(pages, name)?;
    pages.keeper.restore(&asked.visitor.actor, name, passphrase(asked).as_ref())?;
    Err(Refused::new(
        202,
        "The box restarts from the backup",
        "It is back in a moment. Sign in again with what was valid then.",
    ))
}

fn find(pages: &Pages, name: &str) -> Result<Backup, Refused> {
    pages.keeper.backups()?.into_iter().find(|backup| backup.name == name).ok_or_else(Refused::not_found)
}

fn render(pages: &Pages, asked: &Asked, name: &str, fault: bool) -> Outcome {
    let held = pages.keeper.held()?;
    let backup = find(pages, name)?;
    let template = RestorePage {
        frame: Frame::new(pages, asked, &held, "backup", "Restore")?,
        name: backup.name,
        at: stamp(backup.at, &zone(&held.desk)),
        sealed: backup.sealed,
        fault,
    };
    page(if fault { 422 } else { 200 }, &template)
}

/// `3.4 MiB`.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["B", "KiB", "MiB", "GiB"];
    let (mut value, mut unit) = (bytes * 10, 0);
    while value >= 10_240 && unit + 1 < UNITS.len() {
        value /= 1024;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{}.{} {}", value / 10, value % 10, UNITS[unit]) }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_told_in_the_unit_that_fits() {
        assert_eq!(size(0), "0 B");
        assert_eq!(size(1536), "1.5 KiB");
        assert_eq!(size(3_565_158), "3.3 MiB");
        assert_eq!(size(5 * 1024 * 1024 * 1024 * 1024), "5120.0 GiB");
    }
}
