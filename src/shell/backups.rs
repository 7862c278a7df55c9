//! Backups of a running box: written from a snapshot on a thread of their own, bounded in time, read back before
//! they count; streamed to the command line; and put in the place of everything at the next start (REQ B-6).

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use smol::channel::{Receiver, Sender};

use super::Shell;
use super::clock::real_wall_ms;
use super::door::Door;
use super::reads::{self, Readers, list_key};
use super::records::BackupMade;
use crate::admin::{Backup, Refusal};
use crate::limits::{
    BACKUP_MS_MAX, BACKUP_PIECE_BYTES, BACKUP_PIECES_MAX, BACKUP_STALL_MS_MAX, BACKUPS_KEPT_MAX,
    BACKUPS_NOTED_MAX, SPACE_RESERVE_BYTES,
};
use crate::store::{
    BackupError, Direction, ReadError, SealKey, Sequence, Snapshot, Table, replace, write_whole,
};

/// How a backup's file is called.
const ENDING: &str = ".deskbell";
/// How long a backup waits for the state to catch up with the journal.
const PATIENCE: Duration = Duration::from_secs(10);

/// The backups in `DIR/backups`, and the one being made.
pub(super) struct Backups {
    data: PathBuf,
    readers: Readers,
    door: Door,
    busy: Arc<AtomicBool>,
    /// The last that did not come to be: its name, when, and why.
    failed: Arc<Mutex<Option<(String, i64, String)>>>,
}

/// Lets the next backup begin when it is dropped.
struct Busy(Arc<AtomicBool>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

impl Backups {
    pub(super) fn new(data: &Path, readers: Readers, door: Door) -> Backups {
        Backups { data: data.to_owned(), readers, door, busy: Arc::default(), failed: Arc::default() }
    }

    fn folder(&self) -> PathBuf {
        self.data.join("backups")
    }

    /// Those on the box, newest first. One that has its name was read back when it was made.
    pub(super) fn list(&self) -> Vec<Backup> {
        let mut found = Vec::new();
        for entry in fs::read_dir(self.folder()).into_iter().flatten().flatten() {
            let file = entry.file_name().to_string_lossy().into_owned();
            let Ok(about) = entry.metadata() else { continue };
            let at = about.modified().ok().and_then(|at| Timestamp::try_from(at).ok()).unwrap_or_default();
            let name = file.strip_suffix(".part").unwrap_or(&file).to_owned();
            if !name.ends_with(ENDING) {
                continue;
            }
            let is_whole = name == file;
            found.push(Backup {
                sealed: is_whole && crate::store::is_sealed(&entry.path()).unwrap_or(false),
                bytes: is_whole.then_some(about.len()),
                verified: is_whole.then_some(Ok(())),
                name,
                at,
            });
        }
        if let Some((name, at_ms, why)) = &*self.failed.lock().unwrap_or_else(PoisonError::into_inner) {
            let at = Timestamp::from_millisecond(*at_ms).unwrap_or_default();
            let verified = Some(Err(why.clone()));
            found.push(Backup { name: name.clone(), bytes: Some(0), at, verified, sealed: false });
        }
        found.sort_by(|one, other| other.name.cmp(&one.name));
        found
    }

    fn begin(&self) -> Result<Busy, Refusal> {
        match self.busy.swap(true, Ordering::SeqCst) {
            false => Ok(Busy(Arc::clone(&self.busy))),
            true => Err(Refusal("A backup is being made already. Wait until it is done.".to_owned())),
        }
    }

    /// Begins one in the folder and gives its name. An eighth takes the place of the oldest.
    pub(super) fn start(
        &self,
        by: &str,
        sequence: Sequence,
        key: Option<SealKey>,
    ) -> Result<String, Refusal> {
        let busy = self.begin()?;
        let now = Timestamp::from_millisecond(real_wall_ms()).unwrap_or_default();
        let name = format!("{}{ENDING}", now.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d-%H%M%S"));
        let folder = self.folder();
        fs::create_dir_all(&folder).map_err(|error| refused(&error))?;
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let (to, by, readers, door) =
            (folder.join(&name), by.to_owned(), self.readers.clone(), self.door.clone());
        let (failed, made) = (Arc::clone(&self.failed), name.clone());
        let thread = std::thread::Builder::new().name("backup".to_owned());
        let work = move || {
            let _busy = busy;
            let written = write_whole(&to, key.as_ref(), |out| fill(&readers, sequence, out));
            match written {
                Ok(backup) => {
                    log::info!("backup {made}: {} rows, {} bytes, read back", backup.rows, backup.bytes);
                    prune(&folder);
                    let record = BackupMade {
                        at_ms: real_wall_ms(),
                        by,
                        to: format!("backups/{made}"),
                        bytes: fs::metadata(&to).map_or(backup.bytes, |file| file.len()),
                        sealed: key.is_some(),
                        until_ms: None,
                    };
                    smol::block_on(door.hand_in(Box::new(move |shell| shell.note_backup(record))));
                }
                Err(error) => {
                    log::error!("no backup: {error}");
                    let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                    *failed = Some((made, real_wall_ms(), error.to_string()));
                }
            }
        };
        thread.spawn(work).map_err(|error| refused(&error))?;
        Ok(name)
    }

    /// The whole state as a stream: read it steadily, or it ends in the middle.
    pub(super) fn stream(
        &self,
        by: &str,
        sequence: Sequence,
        to: &str,
        keep_days: Option<u32>,
        sealed: bool,
    ) -> Result<Box<dyn Read + Send>, Refusal> {
        let busy = self.begin()?;
        let (sender, pieces) = smol::channel::bounded(BACKUP_PIECES_MAX);
        let (readers, door, by, to) = (self.readers.clone(), self.door.clone(), by.to_owned(), to.to_owned());
        let thread = std::thread::Builder::new().name("backup".to_owned());
        let work = move || {
            let _busy = busy;
            let mut pipe = Pipe { sender, piece: Vec::with_capacity(BACKUP_PIECE_BYTES), bytes: 0 };
            match fill(&readers, sequence, &mut pipe) {
                Ok(()) => {
                    let at_ms = real_wall_ms();
                    let until_ms = keep_days.map(|days| at_ms + i64::from(days) * 24 * 3_600_000);
                    let record = BackupMade { at_ms, by, to, bytes: pipe.bytes, sealed, until_ms };
                    smol::block_on(door.hand_in(Box::new(move |shell| shell.note_backup(record))));
                }
                Err(error) => {
                    log::error!("a backup broke off: {error}");
                    let _ = pipe.send(Err(io::Error::other(error.to_string())));
                }
            }
        };
        thread.spawn(work).map_err(|error| refused(&error))?;
        Ok(Box::new(Pieces { pieces, piece: Vec::new(), at: 0 }))
    }

    /// A finished backup and its bytes.
    pub(super) fn open(&self, name: &str) -> Result<(Box<dyn Read + Send>, u64), Refusal> {
        let file = File::open(self.path(name)?).map_err(|error| refused(&error))?;
        let bytes = file.metadata().map_err(|error| refused(&error))?.len();
        Ok((Box::new(file), bytes))
    }

    pub(super) fn delete(&self, name: &str) -> Result<(), Refusal> {
        fs::remove_file(self.path(name)?).map_err(|error| refused(&error))
    }

    /// Lays a backup of the folder ready for the next start, verified.
    pub(super) fn stage(&self, name: &str, key: Option<&SealKey>) -> Result<(), Refusal> {
        let path = self.path(name)?;
        let mut from = crate::store::opened(&path, key).map_err(|error| not_restored(&error))?;
        self.stage_from(&mut from, fs::metadata(&path).map_or(0, |file| file.len()))
    }

    /// The same from a stream of about that many bytes.
    pub(super) fn stage_from(&self, from: &mut dyn Read, bytes: u64) -> Result<(), Refusal> {
        let space = rustix::fs::statvfs(&self.data).map_err(|error| refused(&error.into()))?;
        // The backup, and the store that will be made of it beside the one there is.
        if space.f_bavail.saturating_mul(space.f_frsize) < 3 * bytes + SPACE_RESERVE_BYTES {
            return Err(Refusal("Nothing was replaced: the disk has no room for a second store.".to_owned()));
        }
        let staged = self.data.join(replace::STAGED);
        let copied = write_whole(&staged, None, |out| {
            io::copy(from, out)?;
            Ok(())
        });
        copied.map(drop).map_err(|error| not_restored(&error))
    }

    fn path(&self, name: &str) -> Result<PathBuf, Refusal> {
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        match plain && name.ends_with(ENDING) && !name.starts_with('.') {
            true => Ok(self.folder().join(name)),
            false => Err(Refusal("There is no such backup on the box.".to_owned())),
        }
    }
}

fn not_restored(error: &BackupError) -> Refusal {
    Refusal(format!("Nothing was replaced: {error}."))
}

fn refused(error: &io::Error) -> Refusal {
    Refusal(format!("The box could not do that: {error}."))
}

/// Writes the state at or after `sequence`, for no longer than a backup may take.
fn fill(readers: &Readers, sequence: Sequence, out: &mut dyn Write) -> Result<(), BackupError> {
    let reader = readers.reader();
    reader.wait(sequence, PATIENCE)?;
    let began = Instant::now();
    reader.backup_into(out, &mut |_| began.elapsed() < Duration::from_millis(BACKUP_MS_MAX))
}

fn prune(folder: &Path) {
    let names = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
    let mut names: Vec<_> = names.filter(|name| name.to_string_lossy().ends_with(ENDING)).collect();
    names.sort_unstable();
    let more = names.len().saturating_sub(BACKUPS_KEPT_MAX);
    for name in &names[..more] {
        if let Err(error) = fs::remove_file(folder.join(name)) {
            log::warn!("an old backup stays: {error}");
        }
    }
}

/// The writing end of a stream. Whoever reads it too slowly ends it: the snapshot behind it pins pages.
struct Pipe {
    sender: Sender<io::Result<Vec<u8>>>,
    piece: Vec<u8>,
    bytes: u64,
}

impl Pipe {
    fn send(&self, piece: io::Result<Vec<u8>>) -> io::Result<()> {
        let gone = || io::Error::other("nobody takes the backup any more");
        let late = async {
            smol::Timer::after(Duration::from_millis(BACKUP_STALL_MS_MAX)).await;
            Err(gone())
        };
        smol::block_on(smol::future::or(async { self.sender.send(piece).await.map_err(|_| gone()) }, late))
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(BACKUP_PIECE_BYTES - self.piece.len());
        self.piece.extend_from_slice(&bytes[..taken]);
        self.bytes += taken as u64;
        if self.piece.len() == BACKUP_PIECE_BYTES {
            self.flush()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let next = Vec::with_capacity(BACKUP_PIECE_BYTES);
        let piece = std::mem::replace(&mut self.piece, next);
        self.send(Ok(piece))
    }
}

/// The reading end.
struct Pieces {
    pieces: Receiver<io::Result<Vec<u8>>>,
    piece: Vec<u8>,
    at: usize,
}

impl Read for Pieces {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.at == self.piece.len() {
            match self.pieces.recv_blocking() {
                Ok(piece) => (self.piece, self.at) = (piece?, 0),
                Err(_) => return Ok(0),
            }
        }
        let taken = into.len().min(self.piece.len() - self.at);
        into[..taken].copy_from_slice(&self.piece[self.at..self.at + taken]);
        self.at += taken;
        Ok(taken)
    }
}

/// The backups the box knows of, oldest first.
pub(super) fn noted(snapshot: &Snapshot) -> Result<Vec<(Vec<u8>, BackupMade)>, ReadError> {
    let page = snapshot.range(Table::Backups, .., BACKUPS_NOTED_MAX + 1, Direction::Forward)?;
    Ok(page.rows.into_iter().filter_map(|(key, value)| Some((key, reads::decoded(&value)?))).collect())
}

impl Shell {
    /// A backup of the box's own folder is no more.
    pub(super) fn forget_backup(&mut self, to: String) {
        let sequence = self.watermark();
        self.readers.clone().spawn(&self.door.clone(), sequence, noted, move |shell, found| {
            for (key, _) in found.unwrap_or_default().iter().filter(|(_, record)| record.to == to) {
                shell.delete(Table::Backups, key);
            }
        });
    }

    /// Writes down that there is a backup, so that an erasure can name those that still hold what it erases.
    pub(super) fn note_backup(&mut self, record: BackupMade) {
        let (to, by) = (record.to.clone(), record.by.clone());
        let key = list_key(record.at_ms.max(0).unsigned_abs(), 0, super::keys::random());
        self.put(Table::Backups, &key, &record);
        self.audit(&by, "backup", to, String::new());
        let sequence = self.watermark();
        self.readers.clone().spawn(&self.door.clone(), sequence, noted, |shell, found| {
            let found = found.unwrap_or_default();
            let now_ms = real_wall_ms();
            let more = found.len().saturating_sub(BACKUPS_NOTED_MAX);
            for (index, (key, record)) in found.iter().enumerate() {
                if index < more || record.until_ms.is_some_and(|until_ms| until_ms < now_ms) {
                    shell.delete(Table::Backups, key);
                }
            }
        });
    }
}
