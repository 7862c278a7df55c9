//! Spool folders: files put in, files taken out.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::channels::call::{FromRelay, Reply, Watched};
use crate::channels::spool::{PLACES, decoded};
use crate::limits::{RELAY_ANSWER_BYTES_MAX, RELAY_FILES_MAX};

/// A file that was said and not yet taken is said again after this.
const SAID_AGAIN: Duration = Duration::from_secs(10);

/// The folders that are watched.
#[derive(Default)]
pub(super) struct Folders {
    watched: Vec<Watched>,
    said: HashMap<PathBuf, Instant>,
}

impl Folders {
    pub(super) fn watch(&mut self, folders: Vec<Watched>) {
        self.watched = folders;
        self.said.clear();
    }

    /// What has come and was not said lately.
    pub(super) fn received(&mut self) -> Vec<FromRelay> {
        let mut found = Vec::new();
        self.said.retain(|_, at| at.elapsed() < SAID_AGAIN);
        for watched in &self.watched {
            let incoming = Path::new(&watched.folder).join("incoming");
            let Ok(entries) = fs::read_dir(&incoming) else { continue };
            let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
            // By name, and smstools names them by time.
            paths.sort();
            for path in paths.into_iter().filter(|path| path.is_file()) {
                let Some(name) = path.file_name().and_then(|name| name.to_str()).map(str::to_owned) else {
                    continue;
                };
                if found.len() >= RELAY_FILES_MAX || self.said.contains_key(&path) || name.starts_with('.') {
                    continue;
                }
                let Ok(bytes) = fs::read(&path) else { continue };
                let bytes = &bytes[..bytes.len().min(RELAY_ANSWER_BYTES_MAX)];
                let workstream = watched.workstream.clone();
                found.push(FromRelay::Received { workstream, name, text: decoded(bytes) });
                self.said.insert(path, Instant::now());
            }
        }
        found
    }

    /// What the box has is deleted here.
    pub(super) fn put_away(&mut self, workstream: &str, name: &str) {
        let Some(watched) = self.watched.iter().find(|watched| watched.workstream == workstream) else {
            return;
        };
        if is_plain(name) {
            let path = Path::new(&watched.folder).join("incoming").join(name);
            if let Err(error) = fs::remove_file(&path) {
                log::warn!("{}: {error}", path.display());
            }
        }
    }
}

/// Puts a file into `outgoing/`, whole or not at all, unless it has been there before.
pub(super) fn put(folder: &str, name: &str, text: &str) -> Reply {
    let place = || -> io::Result<&'static str> {
        if let Some(place) = place(folder, name) {
            return Ok(place);
        }
        let outgoing = Path::new(folder).join("outgoing");
        let (new, path) = (Path::new(folder).join(format!(".{name}")), outgoing.join(name));
        fs::write(&new, text)?;
        fs::File::open(&new)?.sync_all()?;
        fs::rename(&new, &path)?;
        Ok("outgoing")
    };
    if !is_plain(name) {
        return Reply::Unreached("that is no name of a file".to_owned());
    }
    match place() {
        Ok(place) => Reply::Answer { status: 201, wait_s: None, body: place.to_owned() },
        Err(error) => Reply::Unreached(format!("the spool folder: {}", error.kind())),
    }
}

/// Where a file is: one of the places, or nothing.
pub(super) fn look(folder: &str, name: &str) -> Reply {
    let place = place(folder, name).unwrap_or_default();
    Reply::Answer { status: 200, wait_s: None, body: place.to_owned() }
}

fn place(folder: &str, name: &str) -> Option<&'static str> {
    PLACES.into_iter().find(|place| Path::new(folder).join(place).join(name).exists())
}

/// A name and no path.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_put_twice_is_there_once_and_what_came_is_said_until_it_is_taken() {
        let dir = tempfile::tempdir().expect("a folder");
        for name in ["outgoing", "sent", "incoming"] {
            fs::create_dir(dir.path().join(name)).expect("made");
        }
        let folder = dir.path().display().to_string();
        let answer = |place: &str| Reply::Answer { status: 201, wait_s: None, body: place.to_owned() };
        assert_eq!(put(&folder, "deskbell-1", "To: 31\n\nhi"), answer("outgoing"));
        fs::rename(dir.path().join("outgoing/deskbell-1"), dir.path().join("sent/deskbell-1"))
            .expect("moved");
        assert_eq!(put(&folder, "deskbell-1", "To: 31\n\nhi"), answer("sent"));
        assert_eq!(fs::read_dir(dir.path().join("outgoing")).expect("there").count(), 0);
        assert!(matches!(put(&folder, "../deskbell-1", ""), Reply::Unreached(_)));
        assert!(matches!(put("/nowhere/at/all", "deskbell-2", ""), Reply::Unreached(_)));

        fs::write(dir.path().join("incoming/GSM1.a"), "From: 31612345678\n\nhi").expect("written");
        let mut folders = Folders::default();
        folders.watch(vec![Watched { workstream: "sms".into(), folder }]);
        assert_eq!(folders.received().len(), 1);
        assert_eq!(folders.received().len(), 0, "said a moment ago");
        folders.put_away("sms", "../sent/deskbell-1");
        assert!(dir.path().join("sent/deskbell-1").exists());
        folders.put_away("sms", "GSM1.a");
        assert!(!dir.path().join("incoming/GSM1.a").exists());
    }
}
