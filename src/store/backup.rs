//! Backup and restore: all tables as one file, copied from a snapshot, believed only when its checksum holds.
//!
//! ```text
//! magic (16) | format u32 | schema u32 | sequence u64 | limits: length u32, text
//! chunk: length u32, rows as the journal writes puts | … | 0 u32
//! rows u64 | SHA-256 of all before (32)
//! ```

use super::apply::OpenTables;
use super::batch::{Batch, Change, ChangeError, Changes};
use super::disk::Name;
use super::read::{ReadError, Reader};
use super::recover::{OpenError, compare_limits, create_state, disk_of, publish_state, random};
use super::ring::{Geometry, RingHeader};
use super::schema::{Covered, SCHEMA_VERSION, Table, stored_limits};
use super::sealed::{self, SealFault, SealKey, Sealer, Unsealer};
use super::{Options, Sequence};
use crate::limits::{BACKUP_CHUNK_BYTES, BATCH_BYTES_MAX, KEY_BYTES_MAX};
use redb::{Database, Durability};
use ring::digest::{Context, SHA256};
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 16] = b"deskbell backup\n";
const FORMAT: u32 = 1;
/// A chunk is cut after the row that fills it.
const CHUNK_BYTES_MAX: usize = BACKUP_CHUNK_BYTES + BATCH_BYTES_MAX + KEY_BYTES_MAX + 16;

/// What a backup holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Backup {
    /// The last batch in it.
    pub sequence: Sequence,
    /// Rows of all tables.
    pub rows: u64,
    /// Bytes of the file.
    pub bytes: u64,
}

/// Why there is no backup, or no restored store.
#[derive(Debug)]
pub enum BackupError {
    /// Told to stop.
    Stopped,
    /// The store could not be read.
    Read(ReadError),
    /// Not a backup of a deskbell.
    NotABackup,
    /// A newer deskbell wrote it.
    Newer,
    /// It ends too early.
    Truncated,
    /// Its checksum, or what it says of itself, does not hold.
    Damaged,
    /// The data directory holds a store already.
    NotEmpty,
    /// It is sealed, and does not open.
    Sealed(SealFault),
    /// The new store could not be made.
    Open(OpenError),
    /// The backup's file could not be written or read.
    Io(io::Error),
}

impl fmt::Display for BackupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BackupError::Stopped => f.write_str("stopped before the end"),
            BackupError::Read(ReadError::Late) => f.write_str("the state did not catch up in time"),
            BackupError::Read(ReadError::Failed(failure)) => failure.fmt(f),
            BackupError::NotABackup => f.write_str("not a backup of a deskbell"),
            BackupError::Newer => f.write_str("a newer deskbell wrote this backup"),
            BackupError::Truncated => f.write_str("the backup is cut short"),
            BackupError::Damaged => f.write_str("the backup is damaged: its checksum does not hold"),
            BackupError::NotEmpty => f.write_str("the data directory holds a store already"),
            BackupError::Sealed(fault) => fault.fmt(f),
            BackupError::Open(error) => error.fmt(f),
            BackupError::Io(error) => write!(f, "the backup's file: {error}"),
        }
    }
}

impl std::error::Error for BackupError {}

impl From<ReadError> for BackupError {
    fn from(error: ReadError) -> Self {
        BackupError::Read(error)
    }
}

impl From<OpenError> for BackupError {
    fn from(error: OpenError) -> Self {
        BackupError::Open(error)
    }
}

impl From<redb::Error> for BackupError {
    fn from(error: redb::Error) -> Self {
        BackupError::Open(error.into())
    }
}

impl From<io::Error> for BackupError {
    fn from(error: io::Error) -> Self {
        match error.downcast::<SealFault>() {
            Ok(SealFault::Truncated) => BackupError::Truncated,
            Ok(fault) => BackupError::Sealed(fault),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => BackupError::Truncated,
            Err(error) => BackupError::Io(error),
        }
    }
}

/// Writes a file that appears whole or not at all, readable by its owner alone: `fill` writes it beside under
/// another name, then it is synced, read back, and gets its name.
pub fn write_whole(
    to: &Path,
    key: Option<&SealKey>,
    fill: impl FnOnce(&mut dyn Write) -> Result<(), BackupError>,
) -> Result<Backup, BackupError> {
    let part = with_suffix(to, ".part");
    let written = write_part(&part, key, fill).and_then(|()| {
        // Read back before anybody relies on it.
        let backup = verify(&part, key)?;
        fs::rename(&part, to)?;
        let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty());
        File::open(parent.unwrap_or(Path::new(".")))?.sync_all()?;
        Ok(backup)
    });
    if written.is_err() {
        // The error to report is the one before it.
        let _ = fs::remove_file(&part);
    }
    written
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn write_part(
    part: &Path,
    key: Option<&SealKey>,
    fill: impl FnOnce(&mut dyn Write) -> Result<(), BackupError>,
) -> Result<(), BackupError> {
    let mut options = OpenOptions::new();
    // Secrets and what customers wrote are in it: for its owner's eyes.
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(part)?;
    let mut out = BufWriter::new(file);
    match key {
        None => fill(&mut out)?,
        Some(key) => {
            let mut sealer = Sealer::new(&mut out, key)?;
            fill(&mut sealer)?;
            sealer.finish()?;
        }
    }
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    Ok(file.sync_all()?)
}

/// Writes the state as it is now into `out`. `go_on` is told the bytes written so far and may end it.
pub(super) fn stream(
    reader: &Reader,
    out: &mut dyn Write,
    go_on: &mut dyn FnMut(u64) -> bool,
) -> Result<(), BackupError> {
    let mut out = Hashed::new(out);
    let snapshot = reader.snapshot()?;
    let sequence = snapshot.sequence()?;
    let mut rows = 0u64;
    out.put(MAGIC)?;
    out.put(&FORMAT.to_le_bytes())?;
    out.put(&SCHEMA_VERSION.to_le_bytes())?;
    out.put(&sequence.0.to_le_bytes())?;
    out.put_sized(stored_limits().as_bytes())?;
    let mut chunk = Batch::<()>::default();
    for &table in Table::ALL {
        snapshot.each(table, |key, value| {
            chunk.put(table, key, value);
            rows += 1;
            if chunk.bytes() < BACKUP_CHUNK_BYTES {
                return Ok(());
            }
            out.put_sized(chunk.changes())?;
            chunk.reset();
            if go_on(out.bytes) { Ok(()) } else { Err(BackupError::Stopped) }
        })?;
    }
    if !chunk.is_empty() {
        out.put_sized(chunk.changes())?;
    }
    out.put_sized(&[])?;
    out.put(&rows.to_le_bytes())?;
    let check = out.context.clone().finish();
    out.put(check.as_ref())?;
    out.inner.flush()?;
    if go_on(out.bytes) { Ok(()) } else { Err(BackupError::Stopped) }
}

/// A backup's file as it was before it was sealed, if it was.
pub fn opened(from: &Path, key: Option<&SealKey>) -> Result<Box<dyn Read + Send>, BackupError> {
    let file = BufReader::new(File::open(from).map_err(BackupError::Io)?);
    if sealed::is_sealed(from).map_err(BackupError::Io)? {
        Ok(Box::new(Unsealer::new(file, key)?))
    } else {
        Ok(Box::new(file))
    }
}

/// Reads the backup at `from` to its end and checks all of it. Changes nothing.
pub fn verify(from: &Path, key: Option<&SealKey>) -> Result<Backup, BackupError> {
    // Rows are looked at only once the checksum has held: then what is unknown is a later version's.
    read(from, key, &mut |_| Ok(()))?;
    let mut rows = 0;
    let backup = read(from, key, &mut |chunk| {
        for change in Changes(chunk) {
            match change {
                Ok(Change::Put(..)) => rows += 1,
                Err(ChangeError::UnknownTable(_)) => return Err(BackupError::Newer),
                _ => return Err(BackupError::Damaged),
            }
        }
        Ok(())
    })?;
    if backup.rows == rows { Ok(backup) } else { Err(BackupError::Damaged) }
}

/// Makes a store from the backup at `from`, verified first, where `options` says, which must hold none yet.
/// The store appears whole or not at all; open it as any other.
pub fn restore(from: &Path, key: Option<&SealKey>, mut options: Options) -> Result<Backup, BackupError> {
    let backup = verify(from, key)?;
    let geometry = Geometry::new(options.segment_bytes, options.segments).ok_or(OpenError::Geometry)?;
    let disk = disk_of(&mut options).map_err(OpenError::from)?;
    if disk.open(Name::State)?.is_some() {
        return Err(BackupError::NotEmpty);
    }
    let database = create_state(&*disk, options.cache_bytes)?;
    let mut stored_bytes = 0;
    // Read again rather than kept: a backup may be larger than memory.
    read(from, key, &mut |changes| {
        stored_bytes += fill(&database, changes)?;
        Ok(())
    })?;
    let ring = u64::from_le_bytes(random()?);
    let header = RingHeader { geometry, ring, before: 0, first: backup.sequence.0 + 1 };
    header.create(&*disk).map_err(OpenError::Io)?;
    publish_state(&*disk, database, &Covered::start_of(&header, stored_bytes))?;
    Ok(backup)
}

fn fill(database: &Database, changes: &[u8]) -> Result<u64, BackupError> {
    let mut transaction = database.begin_write().map_err(redb::Error::from)?;
    transaction.set_durability(Durability::None).map_err(redb::Error::from)?;
    let mut tables = OpenTables::new(&transaction);
    let mut bytes = 0;
    for change in Changes(changes) {
        bytes += tables.change(&change.map_err(|_| BackupError::Damaged)?)?.1;
    }
    drop(tables);
    transaction.commit().map_err(redb::Error::from)?;
    Ok(bytes)
}

fn read(
    from: &Path,
    key: Option<&SealKey>,
    chunk: &mut dyn FnMut(&[u8]) -> Result<(), BackupError>,
) -> Result<Backup, BackupError> {
    let mut file = Hashed::new(opened(from, key)?);
    if &file.take::<16>()? != MAGIC {
        return Err(BackupError::NotABackup);
    }
    let (format, schema) = (u32::from_le_bytes(file.take()?), u32::from_le_bytes(file.take()?));
    if format > FORMAT || schema > SCHEMA_VERSION {
        return Err(BackupError::Newer);
    }
    let sequence = Sequence(u64::from_le_bytes(file.take()?));
    let mut buffer = Vec::new();
    file.take_sized(&mut buffer)?;
    let limits = String::from_utf8_lossy(&buffer).into_owned();
    while file.take_sized(&mut buffer)? > 0 {
        chunk(&buffer)?;
    }
    let rows = u64::from_le_bytes(file.take()?);
    let check = file.context.clone().finish();
    let whole = file.take::<32>()? == check.as_ref() && file.inner.read(&mut [0])? == 0;
    if !whole || sequence.0 == u64::MAX {
        return Err(BackupError::Damaged);
    }
    compare_limits(&limits)?;
    Ok(Backup { sequence, rows, bytes: file.bytes })
}

/// A file, and the hash of what went through it.
struct Hashed<F> {
    inner: F,
    context: Context,
    bytes: u64,
}

impl<F> Hashed<F> {
    fn new(inner: F) -> Self {
        Hashed { inner, context: Context::new(&SHA256), bytes: 0 }
    }

    fn count(&mut self, bytes: &[u8]) {
        self.context.update(bytes);
        self.bytes += bytes.len() as u64;
    }
}

impl<F: Write> Hashed<F> {
    fn put(&mut self, bytes: &[u8]) -> Result<(), BackupError> {
        self.inner.write_all(bytes)?;
        self.count(bytes);
        Ok(())
    }

    fn put_sized(&mut self, bytes: &[u8]) -> Result<(), BackupError> {
        self.put(&(bytes.len() as u32).to_le_bytes())?;
        self.put(bytes)
    }
}

impl<F: Read> Hashed<F> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], BackupError> {
        let mut bytes = [0; N];
        self.inner.read_exact(&mut bytes)?;
        self.count(&bytes);
        Ok(bytes)
    }

    /// Replaces `buffer`'s content by the next sized bytes, and gives their number.
    fn take_sized(&mut self, buffer: &mut Vec<u8>) -> Result<usize, BackupError> {
        let length = u32::from_le_bytes(self.take()?) as usize;
        if length > CHUNK_BYTES_MAX {
            return Err(BackupError::Damaged);
        }
        buffer.resize(length, 0);
        self.inner.read_exact(buffer)?;
        self.count(buffer);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::super::faults::MemoryDisk;
    use super::super::{Direction, Store};
    use super::*;
    use std::time::Duration;

    const PATIENCE: Duration = Duration::from_secs(10);

    fn open(disk: &MemoryDisk) -> Store<()> {
        Store::open(disk.options()).expect("a store opens").0
    }

    fn fill(store: &Store<()>, rows: u32, value: &[u8]) -> Sequence {
        let mut last = Sequence(0);
        for n in 0..rows {
            let mut batch = Batch::default();
            batch.put(Table::Messages, &n.to_be_bytes(), value);
            batch.put(Table::Meta, b"newest", &n.to_be_bytes());
            last = store.submit(batch).expect("submitted");
        }
        last
    }

    /// A backup of 41 rows, in a directory of its own.
    fn backup_of_forty() -> (tempfile::TempDir, PathBuf, Backup) {
        let dir = tempfile::tempdir().expect("a directory");
        let to = dir.path().join("backup");
        let store = open(&MemoryDisk::new());
        let last = fill(&store, 40, b"a message");
        store.reader().wait(last, PATIENCE).expect("applied");
        let backup = store.backup(&to, PATIENCE, &mut |_| true).expect("a backup");
        assert_eq!((backup.sequence, backup.rows), (last, 41));
        (dir, to, backup)
    }

    #[test]
    fn a_restored_store_holds_every_row_and_goes_on_from_the_same_sequence() {
        let (_dir, from, backup) = backup_of_forty();
        let disk = MemoryDisk::new();
        assert_eq!(restore(&from, None, disk.options()).expect("restored"), backup);
        let (store, opened) = Store::<()>::open(disk.options()).expect("a store opens");
        assert_eq!((opened.fresh, opened.recovered, opened.sequence), (false, 0, backup.sequence));
        let page = store.reader().range(Table::Messages, .., 100, Direction::Forward).expect("a read");
        assert_eq!(page.rows.len(), 40);
        assert!(page.rows.iter().all(|(_, value)| value == b"a message"));
        assert_eq!(store.reader().get(Table::Meta, b"newest"), Ok(Some(39u32.to_be_bytes().to_vec())));
        assert!(fill(&store, 1, b"more") > backup.sequence);
    }

    #[test]
    fn a_backup_cut_anywhere_is_refused() {
        let (_dir, from, backup) = backup_of_forty();
        let bytes = fs::read(&from).expect("the backup");
        assert_eq!(bytes.len() as u64, backup.bytes);
        for length in 0..bytes.len() {
            fs::write(&from, &bytes[..length]).expect("cut");
            assert!(matches!(verify(&from, None), Err(BackupError::Truncated)), "{length} bytes");
        }
    }

    #[test]
    fn a_backup_with_any_bit_flipped_is_refused_before_anything_is_made() {
        let (_dir, from, _) = backup_of_forty();
        let bytes = fs::read(&from).expect("the backup");
        let disk = MemoryDisk::new();
        for byte in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[byte] ^= 1 << (byte % 8);
            fs::write(&from, &flipped).expect("flipped");
            assert!(restore(&from, None, disk.options()).is_err(), "byte {byte}");
        }
        assert!(!disk.has(Name::State) && !disk.has(Name::Journal));
        fs::write(&from, [&bytes[..], b"!"].concat()).expect("extended");
        assert!(matches!(verify(&from, None), Err(BackupError::Damaged)), "one byte more");
    }

    #[test]
    fn a_newer_or_foreign_file_is_refused_by_name() {
        let (_dir, from, _) = backup_of_forty();
        let bytes = fs::read(&from).expect("the backup");
        for offset in [16, 20] {
            let mut newer = bytes.clone();
            newer[offset] = 2;
            fs::write(&from, &newer).expect("written");
            assert!(matches!(verify(&from, None), Err(BackupError::Newer)), "offset {offset}");
        }
        fs::write(&from, b"PK\x03\x04 and so on for a while").expect("written");
        assert!(matches!(verify(&from, None), Err(BackupError::NotABackup)));
    }

    #[test]
    fn a_table_of_a_later_version_makes_a_backup_newer_not_damaged() {
        let (_dir, from, _) = backup_of_forty();
        let mut bytes = fs::read(&from).expect("the backup");
        let chunk = 16 + 4 + 4 + 8 + 4 + stored_limits().len() + 4;
        bytes[chunk] = 0x7f;
        let whole = bytes.len() - 32;
        let check = ring::digest::digest(&SHA256, &bytes[..whole]);
        bytes[whole..].copy_from_slice(check.as_ref());
        fs::write(&from, &bytes).expect("written");
        assert!(matches!(verify(&from, None), Err(BackupError::Newer)));
    }

    #[test]
    fn a_store_in_place_is_not_restored_over() {
        let (_dir, from, _) = backup_of_forty();
        let disk = MemoryDisk::new();
        open(&disk).shutdown().expect("a clean stop");
        assert!(matches!(restore(&from, None, disk.options()), Err(BackupError::NotEmpty)));
    }

    #[test]
    fn a_backup_told_to_stop_leaves_no_file_and_work_goes_on_beside_it() {
        let dir = tempfile::tempdir().expect("a directory");
        let to = dir.path().join("backup");
        let store = open(&MemoryDisk::new());
        let last = fill(&store, 400, &[b'm'; 2000]);
        store.reader().wait(last, PATIENCE).expect("applied");
        let mut asked = 0;
        let stopped = store.backup(&to, PATIENCE, &mut |_| {
            asked += 1;
            let during = fill(&store, 1, b"during");
            store.reader().wait(during, PATIENCE).expect("applied while the backup runs");
            asked < 2
        });
        assert!(matches!(stopped, Err(BackupError::Stopped)));
        assert_eq!(asked, 2);
        assert_eq!(fs::read_dir(dir.path()).expect("the directory").count(), 0);
    }
}
