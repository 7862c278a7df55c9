//! Spool folders: files put in, files taken out, and what a modem's daemon has done with ours.
//!
//! Nothing is read while it may still grow: gammu-smsd writes into its inbox in place, a file for each part of a
//! message. So what is found is read once it has stayed the same for a while.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use crate::channels::call::{FromRelay, Reply, Watched};
use crate::channels::spool::Keeper;
use crate::limits::{RELAY_ANSWER_BYTES_MAX, RELAY_FILES_MAX, RELAY_SAID_MAX};

/// What was said and not yet taken is said again after this.
const SAID_AGAIN: Duration = Duration::from_secs(10);

/// What has not grown for so long is whole.
const SETTLED: Duration = Duration::from_secs(1);

/// By workstream, and by what it was said under.
type Name = (String, String);

/// The folders that are watched.
#[derive(Default)]
pub(super) struct Folders {
    watched: Vec<Watched>,
    said: HashMap<Name, Said>,
    growing: HashMap<Name, Growing>,
    /// Folders of ours that held no news: when they were changed last, and when that was seen.
    quiet: HashMap<PathBuf, (SystemTime, Instant)>,
    /// Is it in the log that there is no room to say more?
    is_full: bool,
}

/// Something the box was told of.
struct Said {
    files: Vec<PathBuf>,
    /// None: it stays where it is, and is not said again.
    at: Option<Instant>,
}

/// The files of a message: how many, of how many bytes, and since when.
#[derive(Clone, Copy)]
struct Growing {
    files: usize,
    bytes: u64,
    since: Instant,
}

/// One message in a folder.
#[derive(Default)]
struct Found {
    files: BTreeMap<u32, PathBuf>,
    bytes: u64,
}

impl Folders {
    pub(super) fn watch(&mut self, folders: Vec<Watched>) {
        *self = Folders { watched: folders, ..Folders::default() };
    }

    /// What has come, and what has become of ours, that was not said lately.
    pub(super) fn look(&mut self) -> Vec<FromRelay> {
        self.said.retain(|_, said| said.at.is_none_or(|at| at.elapsed() < SAID_AGAIN));
        let mut news = Vec::new();
        let mut growing = HashMap::new();
        for watched in self.watched.clone() {
            self.look_for_ours(&watched, &mut news);
            self.look_for_theirs(&watched, &mut growing, &mut news);
        }
        self.growing = growing;
        news
    }

    /// Ours that were sent, or could not be.
    fn look_for_ours(&mut self, watched: &Watched, news: &mut Vec<FromRelay>) {
        let Watched { workstream, keeper, folder } = watched;
        for (place, sent) in [(keeper.sent(), true), (keeper.failed(), false)] {
            let place = Path::new(folder).join(place);
            // Years of somebody else's messages may lie there: they are not gone through twice a second.
            let Ok(changed) = fs::metadata(&place).and_then(|meta| meta.modified()) else { continue };
            let quiet = self.quiet.get(&place);
            if quiet.is_some_and(|(at, seen)| *at == changed && seen.elapsed() < SAID_AGAIN) {
                continue;
            }
            self.quiet.insert(place.clone(), (changed, Instant::now()));
            for (name, _) in listed(&place, |name| keeper.number(name).is_some()) {
                let key = (workstream.clone(), name.clone());
                if self.said.contains_key(&key) {
                    continue;
                }
                if !self.has_room(news) {
                    self.quiet.remove(&place);
                    break;
                }
                let files = vec![place.join(&name)];
                self.said.insert(key, Said { files, at: Some(Instant::now()) });
                news.push(FromRelay::Settled { workstream: workstream.clone(), name, sent });
            }
        }
    }

    /// What customers wrote, whole.
    fn look_for_theirs(
        &mut self,
        watched: &Watched,
        growing: &mut HashMap<Name, Growing>,
        news: &mut Vec<FromRelay>,
    ) {
        let Watched { workstream, keeper, folder } = watched;
        for (name, found) in messages(*keeper, &Path::new(folder).join(keeper.incoming())) {
            let key = (workstream.clone(), name.clone());
            if self.said.contains_key(&key) {
                continue;
            }
            if growing.len() >= RELAY_FILES_MAX || !self.has_room(news) {
                return;
            }
            let now = Growing { files: found.files.len(), bytes: found.bytes, since: Instant::now() };
            let before =
                self.growing.get(&key).filter(|was| (was.files, was.bytes) == (now.files, now.bytes));
            let since = before.map_or(now.since, |before| before.since);
            growing.insert(key.clone(), Growing { since, ..now });
            if since.elapsed() < SETTLED {
                continue;
            }
            let Ok(pieces) = found.files.values().map(|path| read(path)).collect::<io::Result<Vec<_>>>()
            else {
                continue;
            };
            let files = found.files.into_values().collect();
            self.said.insert(key, Said { files, at: Some(Instant::now()) });
            let text = keeper.decoded(&pieces);
            news.push(FromRelay::Received { workstream: workstream.clone(), name, text });
        }
    }

    fn has_room(&mut self, news: &[FromRelay]) -> bool {
        let is_full = self.said.len() >= RELAY_SAID_MAX;
        if is_full && !self.is_full {
            log::error!(
                "the spool folders hold {RELAY_SAID_MAX} files that cannot be put away: no more is read"
            );
        }
        self.is_full = is_full;
        !is_full && news.len() < RELAY_FILES_MAX
    }

    /// What the box has is deleted here.
    pub(super) fn put_away(&mut self, workstream: String, name: String) {
        let key = (workstream, name);
        let Some(said) = self.said.get_mut(&key) else { return };
        for path in &said.files {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    // Not the file's own name: gammu's has a customer's number in it.
                    let folder = path.parent().unwrap_or(path);
                    log::warn!("{}: a file cannot be put away: {error}", folder.display());
                    said.at = None;
                    return;
                }
                _ => {}
            }
        }
        self.said.remove(&key);
    }

    /// What is nothing for the box stays.
    pub(super) fn leave(&mut self, workstream: String, name: String) {
        if let Some(said) = self.said.get_mut(&(workstream, name)) {
            said.at = None;
        }
    }
}

/// Puts a file where it is sent from, whole or not at all, unless it has been there before.
pub(super) fn put(keeper: Keeper, folder: &str, name: &str, text: &str) -> Reply {
    let folder = Path::new(folder);
    if !is_plain(name) {
        return Reply::Unreached("that is no name of a file".to_owned());
    }
    // Without these nobody could say afterwards whether it was sent.
    for needed in [keeper.outgoing(), keeper.sent(), keeper.failed()] {
        if !folder.join(needed).is_dir() {
            return Reply::Unreached(format!("the spool folder has no folder {needed}"));
        }
    }
    let place = || -> io::Result<&'static str> {
        let there = keeper.places().iter().find(|place| folder.join(place).join(name).exists());
        if let Some(place) = there {
            return Ok(place);
        }
        write(&folder.join(keeper.outgoing()), name, &keeper.written(text))?;
        Ok(keeper.outgoing())
    };
    match place() {
        Ok(place) => Reply::Answer { status: 201, wait_s: None, body: place.to_owned() },
        Err(error) => Reply::Unreached(format!("the spool folder: {}", error.kind())),
    }
}

/// Under a hidden name, which both daemons pass over, and then under its own.
fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let (new, path) = (folder.join(format!(".{name}")), folder.join(name));
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(bytes)?;
    // The daemon is another user: who may enter the folder may read it. Where everybody may, the folder's group.
    let is_closed = fs::metadata(folder)?.permissions().mode() & 0o007 == 0;
    file.set_permissions(fs::Permissions::from_mode(if is_closed { 0o664 } else { 0o660 }))?;
    file.sync_all()?;
    fs::rename(&new, &path)?;
    // That it is there must outlive a power cut: the box will not put it again once it has heard so.
    fs::File::open(folder)?.sync_all()
}

/// The messages of a folder, by name: both daemons' names are in the order of time.
fn messages(keeper: Keeper, folder: &Path) -> BTreeMap<String, Found> {
    let mut found: BTreeMap<String, Found> = BTreeMap::new();
    for (name, bytes) in listed(folder, |name| keeper.piece(name).is_some()) {
        let Some(piece) = keeper.piece(&name) else { continue };
        let message = found.entry(piece.message).or_default();
        message.files.insert(piece.number, folder.join(name));
        message.bytes += bytes;
    }
    found
}

/// Plain files of a folder whose names are wanted, and their bytes, by name; a link to somewhere else is none.
fn listed(folder: &Path, wanted: impl Fn(&str) -> bool) -> Vec<(String, u64)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let plain = entries.flatten().filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        let name = Some(name).filter(|name| !name.starts_with('.') && wanted(name))?;
        let meta = entry.metadata().ok().filter(fs::Metadata::is_file)?;
        Some((name, meta.len()))
    });
    let mut plain: Vec<_> = plain.collect();
    plain.sort();
    plain
}

/// What a file holds, as far as anybody types.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(RELAY_ANSWER_BYTES_MAX as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A name and no path.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spool(keeper: Keeper) -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a folder");
        for name in keeper.places().iter().chain([&keeper.incoming()]) {
            fs::create_dir(dir.path().join(name)).expect("made");
        }
        dir
    }

    fn watching(keeper: Keeper, dir: &Path) -> Folders {
        let mut folders = Folders::default();
        let folder = dir.display().to_string();
        folders.watch(vec![Watched { workstream: "sms".into(), keeper, folder }]);
        folders
    }

    /// Looks until there is news.
    fn news(folders: &mut Folders) -> Vec<FromRelay> {
        let deadline = Instant::now() + 20 * SETTLED;
        loop {
            let news = folders.look();
            if !news.is_empty() {
                return news;
            }
            assert!(Instant::now() < deadline, "no news");
            std::thread::sleep(SETTLED / 20);
        }
    }

    fn answer(place: &str) -> Reply {
        Reply::Answer { status: 201, wait_s: None, body: place.to_owned() }
    }

    #[test]
    fn a_file_put_twice_is_there_once_wherever_it_has_got() {
        for keeper in [Keeper::Smstools, Keeper::Gammu] {
            let dir = spool(keeper);
            let folder = dir.path().display().to_string();
            let name = "OUTC20261128_100211_123_+31612345678_deskbell-1.txt";
            let own = if keeper == Keeper::Gammu { name } else { "deskbell-1" };
            assert_eq!(put(keeper, &folder, own, "hi"), answer(keeper.outgoing()));
            let mut from = dir.path().join(keeper.outgoing()).join(own);
            assert_eq!(fs::read(&from).expect("there"), keeper.written("hi"));
            let mode = fs::metadata(&from).expect("there").permissions().mode() & 0o777;
            assert_eq!(mode, 0o660, "for the daemon too, whatever the umask");
            for place in &keeper.places()[1..] {
                let to = dir.path().join(place).join(own);
                fs::rename(&from, &to).expect("moved");
                from = to;
                assert_eq!(put(keeper, &folder, own, "hi"), answer(place));
            }
            assert_eq!(listed(&dir.path().join(keeper.outgoing()), |_| true), []);
            assert!(matches!(put(keeper, &folder, "../deskbell-1", ""), Reply::Unreached(_)));
            assert!(matches!(put(keeper, "/nowhere/at/all", own, ""), Reply::Unreached(_)));
            fs::remove_dir(dir.path().join(keeper.sent())).expect("removed");
            let refused = Reply::Unreached("the spool folder has no folder sent".to_owned());
            assert_eq!(put(keeper, &folder, "deskbell-2", ""), refused);
        }
    }

    #[test]
    fn what_came_is_said_once_it_is_whole_until_it_is_taken() {
        let dir = spool(Keeper::Gammu);
        let inbox = dir.path().join("inbox");
        let mut folders = watching(Keeper::Gammu, dir.path());
        let part = |number: u32| inbox.join(format!("IN20261128_100211_00_+31612345678_{number:02}.txt"));
        fs::write(part(0), Keeper::Gammu.written("Is my ")).expect("written");
        fs::write(part(1), []).expect("begun");
        fs::write(inbox.join("IN20261128_100212_00_+3161_00.smsbackup"), "").expect("another format");
        std::os::unix::fs::symlink("/etc/hostname", inbox.join("IN20261128_100213_00_+3161_00.txt"))
            .expect("a link");
        assert!(folders.look().is_empty(), "it may grow");
        std::thread::sleep(SETTLED / 2);
        fs::write(part(1), Keeper::Gammu.written("lamp in?")).expect("whole");
        let told = news(&mut folders);
        let [FromRelay::Received { workstream, name, text }] = &told[..] else { panic!("{told:?}") };
        assert_eq!(text, "Is my lamp in?");
        assert!(folders.look().is_empty(), "said a moment ago");
        // A part that comes late is no part of what was taken.
        fs::write(part(2), Keeper::Gammu.written("!")).expect("written");
        folders.put_away("sms".into(), "../error/x".into());
        folders.put_away(workstream.clone(), name.clone());
        assert_eq!([part(0).exists(), part(1).exists(), part(2).exists()], [false, false, true]);
        let told = news(&mut folders);
        assert!(matches!(&told[..], [FromRelay::Received { text, .. }] if text == "!"), "{told:?}");
        folders.leave("sms".into(), name.clone());
        folders.growing.clear();
        assert!(folders.said.values().all(|said| said.at.is_none()), "not said again");
    }

    #[test]
    fn what_has_become_of_ours_is_said_and_nobody_elses() {
        let dir = spool(Keeper::Smstools);
        let mut folders = watching(Keeper::Smstools, dir.path());
        for name in ["sent/deskbell-7", "failed/deskbell-8", "sent/somebody-elses"] {
            fs::write(dir.path().join(name), "To: 1\n\nhi").expect("written");
        }
        let mut told = folders.look();
        told.sort_by_key(|one| matches!(one, FromRelay::Settled { sent: false, .. }));
        let settled =
            |name: &str, sent| FromRelay::Settled { workstream: "sms".into(), name: name.into(), sent };
        assert_eq!(told, [settled("deskbell-7", true), settled("deskbell-8", false)]);
        folders.put_away("sms".into(), "deskbell-7".into());
        assert!(!dir.path().join("sent/deskbell-7").exists());
        assert!(dir.path().join("sent/somebody-elses").exists());
    }

    #[test]
    fn more_than_can_be_kept_in_mind_is_left_for_later() {
        let dir = spool(Keeper::Smstools);
        let mut folders = watching(Keeper::Smstools, dir.path());
        for id in 0..RELAY_FILES_MAX + 1 {
            fs::write(dir.path().join(format!("sent/deskbell-{id:03}")), "").expect("written");
        }
        assert_eq!(folders.look().len(), RELAY_FILES_MAX);
        assert_eq!(folders.look().len(), 1);
        for id in folders.said.len()..RELAY_SAID_MAX {
            let stuck = Said { files: Vec::new(), at: None };
            folders.said.insert((String::new(), id.to_string()), stuck);
        }
        fs::write(dir.path().join("sent/deskbell-999"), "").expect("written");
        assert_eq!(folders.look(), []);
    }
}
