//! Another store in place of the one there is, and back again if it does not start: restores, and upgrades.
//!
//! Everything is a rename within the data directory, each step can be taken again after a power cut, and two
//! marks say where it stands:
//!
//! ```text
//! restore.backup     a backup to be restored at the next start
//! restore.new/       the store made of it
//! restore.ready      it is whole: from here on only forward
//! replaced/          the store from before, kept until the new one has started
//! on-trial           the new one has not started yet
//! before-upgrade/    a copy of the store as the version before left it, kept until the next upgrade
//! upgrade-on-trial   the new version has not started on it yet
//! version            of the program that last started on this store
//! ```

use super::backup::{self, Backup, BackupError};
use super::disk::{Directory, DirectoryError, Name};
use super::sealed::SealKey;
use super::{OpenError, Options};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Where a backup waits that is to be restored at the next start.
pub const STAGED: &str = "restore.backup";
const NEW: &str = "restore.new";
const READY: &str = "restore.ready";
const REPLACED: &str = "replaced";
const TRIAL: &str = "on-trial";
const COPY: &str = "before-upgrade";
const COPY_NEW: &str = "before-upgrade.new";
const COPY_TRIAL: &str = "upgrade-on-trial";
const VERSION: &str = "version";

/// The files that are the store.
const STORE: [Name; 2] = [Name::Journal, Name::State];

/// Restores the backup at `from` over the store in `dir`, which is kept aside until the new one has started. The
/// backup is verified first; until then nothing is touched. No box may run on the directory.
pub fn restore_over(dir: &Path, from: &Path, key: Option<&SealKey>) -> Result<Backup, BackupError> {
    let _lock = Directory::lock(dir).map_err(OpenError::from)?;
    make_and_swap(dir, from, key)
}

fn make_and_swap(dir: &Path, from: &Path, key: Option<&SealKey>) -> Result<Backup, BackupError> {
    let new = dir.join(NEW);
    remove_dir(&new)?;
    let made = backup::restore(from, key, Options::new(&new));
    let restored = match made {
        Ok(restored) => restored,
        Err(error) => {
            let _ = remove_dir(&new);
            return Err(error);
        }
    };
    mark(dir, READY, "")?;
    swap(dir)?;
    Ok(restored)
}

/// Puts the whole new store in force; may be taken again from any point.
fn swap(dir: &Path) -> io::Result<()> {
    let (new, aside) = (dir.join(NEW), dir.join(REPLACED));
    // An older one aside belongs to a restore that has worked, unless this very one has begun to fill it.
    if STORE.iter().all(|name| new.join(name.file_name()).exists()) && !dir.join(TRIAL).exists() {
        let begun = STORE.iter().any(|name| !dir.join(name.file_name()).exists());
        if !begun {
            remove_dir(&aside)?;
        }
    }
    fs::create_dir_all(&aside)?;
    for name in STORE {
        let (here, there) = (dir.join(name.file_name()), new.join(name.file_name()));
        if !there.exists() {
            continue;
        }
        if here.exists() {
            fs::rename(&here, aside.join(name.file_name()))?;
        }
        fs::rename(&there, &here)?;
    }
    sync(&aside)?;
    sync(dir)?;
    fs::rename(dir.join(READY), dir.join(TRIAL))?;
    sync(dir)?;
    remove_dir(&new)
}

/// What a start has to know before it opens the store.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Before {
    /// A backup was restored just now.
    pub restored: bool,
    /// The store is as another version left it, and a copy of it is kept.
    pub upgraded_from: Option<String>,
    /// Another version left it, and there was no room for a copy.
    pub no_copy: bool,
}

/// Sees to what waits for a start: a restore begun or asked for, and a copy when the program is another version
/// than the last that started. `version` is the program's own.
pub fn before_start(dir: &Path, version: &str) -> Result<Before, OpenError> {
    if !dir.join(Name::State.file_name()).exists() && !dir.join(READY).exists() && !dir.join(STAGED).exists()
    {
        return Ok(Before::default());
    }
    let _lock = Directory::lock(dir)?;
    let mut before = Before::default();
    let staged = dir.join(STAGED);
    if dir.join(READY).exists() {
        swap(dir)?;
        before.restored = true;
    } else if staged.exists() {
        match make_and_swap(dir, &staged, None) {
            Ok(_) => before.restored = true,
            Err(error) => log::error!("the backup was not restored, the store is as it was: {error}"),
        }
    } else {
        remove_dir(&dir.join(NEW))?;
    }
    if staged.exists() {
        fs::remove_file(&staged)?;
    }
    let last = fs::read_to_string(dir.join(VERSION)).unwrap_or_default();
    if last.trim() != version {
        before.no_copy = !copy(dir, last.trim())?;
        before.upgraded_from = Some(last.trim().to_owned());
    }
    Ok(before)
}

/// Copies the store as it is, unless a copy of a start that has not worked is there already. `false`: no room.
fn copy(dir: &Path, of: &str) -> io::Result<bool> {
    if dir.join(COPY_TRIAL).exists() {
        return Ok(true);
    }
    let bytes = STORE.iter().filter_map(|name| fs::metadata(dir.join(name.file_name())).ok());
    let bytes: u64 = bytes.map(|file| file.len()).sum();
    let space = rustix::fs::statvfs(dir)?;
    if space.f_bavail.saturating_mul(space.f_frsize) < bytes + crate::limits::SPACE_RESERVE_BYTES {
        return Ok(false);
    }
    let new = dir.join(COPY_NEW);
    remove_dir(&new)?;
    fs::create_dir(&new)?;
    for name in STORE {
        let from = dir.join(name.file_name());
        if from.exists() {
            fs::copy(&from, new.join(name.file_name()))?;
            File::open(new.join(name.file_name()))?.sync_all()?;
        }
    }
    mark(&new, VERSION, of)?;
    remove_dir(&dir.join(COPY))?;
    fs::rename(&new, dir.join(COPY))?;
    mark(dir, COPY_TRIAL, of)?;
    Ok(true)
}

/// The start has worked: what was kept for its failure goes, but for the copy of the version before.
pub fn started(dir: &Path, version: &str) -> io::Result<()> {
    if fs::read_to_string(dir.join(VERSION)).unwrap_or_default().trim() != version {
        mark(dir, VERSION, version)?;
    }
    for name in [COPY_TRIAL, TRIAL] {
        if dir.join(name).exists() {
            fs::remove_file(dir.join(name))?;
        }
    }
    remove_dir(&dir.join(REPLACED))
}

/// The start has failed: a store that was on trial goes, and the one from before is back. Says what was done.
pub fn roll_back(dir: &Path) -> io::Result<Option<&'static str>> {
    if dir.join(TRIAL).exists() {
        for name in STORE {
            let aside = dir.join(REPLACED).join(name.file_name());
            if aside.exists() {
                fs::rename(aside, dir.join(name.file_name()))?;
            }
        }
        sync(dir)?;
        fs::remove_file(dir.join(TRIAL))?;
        remove_dir(&dir.join(REPLACED))?;
        return Ok(Some("the restored store did not start; the one from before is back"));
    }
    if dir.join(COPY_TRIAL).exists() {
        for name in STORE {
            let kept = dir.join(COPY).join(name.file_name());
            if kept.exists() {
                // Copied once more, so that a cut in the middle finds it whole.
                let again = dir.join(format!("{}.again", name.file_name()));
                fs::copy(&kept, &again)?;
                File::open(&again)?.sync_all()?;
                fs::rename(&again, dir.join(name.file_name()))?;
            }
        }
        sync(dir)?;
        fs::remove_file(dir.join(COPY_TRIAL))?;
        return Ok(Some("this version did not start; the store is as the version before left it"));
    }
    Ok(None)
}

/// Copies of the store beside it: the folder's name and when it was made.
pub fn copies(dir: &Path) -> Vec<(&'static str, std::time::SystemTime)> {
    [COPY, REPLACED]
        .into_iter()
        .filter_map(|name| Some((name, fs::metadata(dir.join(name)).ok()?.modified().ok()?)))
        .collect()
}

/// Gives what a command of root's has made in a data directory to the directory's owner: the box runs as that
/// user, and could not open it.
pub fn give_to_owner(dir: &Path) -> io::Result<()> {
    let owner = fs::metadata(dir)?;
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let about = fs::symlink_metadata(&path)?;
            if about.uid() != owner.uid() {
                std::os::unix::fs::lchown(&path, Some(owner.uid()), Some(owner.gid()))?;
            }
            if about.is_dir() {
                folders.push(path);
            }
        }
    }
    Ok(())
}

/// Whether a process has the data directory.
pub fn is_in_use(dir: &Path) -> bool {
    dir.join("lock").exists() && matches!(Directory::lock(dir), Err(DirectoryError::InUse))
}

fn mark(dir: &Path, name: &str, text: &str) -> io::Result<()> {
    let path: PathBuf = dir.join(format!("{name}.part"));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&path, dir.join(name))?;
    sync(dir)
}

fn sync(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

fn remove_dir(dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Batch, Direction, Store, Table};
    use super::*;
    use std::time::Duration;

    fn store(dir: &Path) -> Store<()> {
        Store::open(Options::new(dir)).expect("a store opens").0
    }

    fn put(dir: &Path, value: &[u8]) {
        let store = store(dir);
        let mut batch = Batch::default();
        batch.put(Table::Meta, b"who", value);
        store.submit(batch).expect("submitted");
        store.shutdown().expect("closed");
    }

    fn who(dir: &Path) -> Vec<u8> {
        let store = store(dir);
        let rows = store.reader().range(Table::Meta, .., 10, Direction::Forward).expect("a read").rows;
        store.shutdown().expect("closed");
        rows.into_iter().map(|(_, value)| value).next().unwrap_or_default()
    }

    /// Two directories with a store each, and a backup of the first.
    fn two() -> (tempfile::TempDir, PathBuf, PathBuf, PathBuf) {
        let dir = tempfile::tempdir().expect("a directory");
        let (one, other, file) =
            (dir.path().join("one"), dir.path().join("other"), dir.path().join("backup"));
        put(&one, b"one");
        put(&other, b"other");
        let from = store(&one);
        from.backup(&file, Duration::from_secs(10), &mut |_| true).expect("a backup");
        from.shutdown().expect("closed");
        (dir, one, other, file)
    }

    #[test]
    fn a_store_restored_over_another_is_on_trial_until_it_has_started() {
        let (_dir, _, other, file) = two();
        restore_over(&other, &file, None).expect("restored");
        assert_eq!(who(&other), b"one");
        assert!(other.join(REPLACED).join("state.redb").exists(), "kept until it has worked");
        started(&other, "1").expect("noted");
        assert!(!other.join(REPLACED).exists() && !other.join(TRIAL).exists());
        assert_eq!(who(&other), b"one");
    }

    #[test]
    fn one_that_does_not_start_goes_and_the_one_from_before_is_back() {
        let (_dir, _, other, file) = two();
        restore_over(&other, &file, None).expect("restored");
        assert!(roll_back(&other).expect("rolled back").is_some_and(|said| said.contains("is back")));
        assert_eq!(who(&other), b"other");
        assert_eq!(roll_back(&other).expect("nothing on trial"), None);
    }

    #[test]
    fn a_cut_at_any_step_of_the_swap_is_gone_on_with_at_the_next_start() {
        // The steps between ready and done, each as a power cut may leave it.
        for cut in 0..5 {
            let (_dir, _, other, file) = two();
            backup::restore(&file, None, Options::new(other.join(NEW))).expect("made");
            mark(&other, READY, "").expect("marked");
            let aside = other.join(REPLACED);
            let moves = [
                (other.join("journal"), aside.join("journal")),
                (other.join(NEW).join("journal"), other.join("journal")),
                (other.join("state.redb"), aside.join("state.redb")),
                (other.join(NEW).join("state.redb"), other.join("state.redb")),
            ];
            fs::create_dir_all(&aside).expect("made");
            for (from, to) in moves.iter().take(cut) {
                fs::rename(from, to).expect("moved");
            }
            assert!(before_start(&other, "").expect("gone on").restored, "cut after {cut}");
            assert_eq!(who(&other), b"one", "cut after {cut}");
            roll_back(&other).expect("rolled back");
            assert_eq!(who(&other), b"other", "cut after {cut}");
        }
    }

    #[test]
    fn what_root_makes_in_a_box_s_directory_is_the_box_s() {
        let (_dir, one, _, file) = two();
        // Only root may give files away.
        if std::os::unix::fs::chown(&one, Some(1234), Some(1234)).is_err() {
            return;
        }
        restore_over(&one, &file, None).expect("restored");
        give_to_owner(&one).expect("given");
        for name in ["state.redb", "journal", "replaced/journal", "on-trial"] {
            assert_eq!(fs::metadata(one.join(name)).expect(name).uid(), 1234, "{name}");
        }
    }

    #[test]
    fn a_staged_backup_that_is_no_good_leaves_the_store_as_it_was() {
        let (_dir, _, other, file) = two();
        let mut bytes = fs::read(&file).expect("the backup");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(other.join(STAGED), bytes).expect("staged");
        assert!(!before_start(&other, "").expect("looked at").restored);
        assert!(!other.join(STAGED).exists(), "it is not tried for ever");
        assert_eq!(who(&other), b"other");
    }

    #[test]
    fn another_version_finds_a_copy_kept_and_put_back_when_it_fails() {
        let (_dir, one, ..) = two();
        started(&one, "1.0").expect("noted");
        assert_eq!(before_start(&one, "1.0").expect("looked at"), Before::default());
        let before = before_start(&one, "2.0").expect("copied");
        assert_eq!((before.upgraded_from.as_deref(), before.no_copy), (Some("1.0"), false));
        put(&one, b"written by 2.0");
        // A second try of the same start must not copy what the first has made of it.
        before_start(&one, "2.0").expect("looked at");
        assert!(roll_back(&one).expect("rolled back").is_some_and(|said| said.contains("version before")));
        assert_eq!(who(&one), b"one");
        before_start(&one, "2.0").expect("copied");
        put(&one, b"written by 2.0");
        started(&one, "2.0").expect("noted");
        assert_eq!(roll_back(&one).expect("nothing on trial"), None);
        assert_eq!(who(&one), b"written by 2.0");
        assert_eq!(who(&one.join(COPY)), b"one", "kept until the next");
    }
}
