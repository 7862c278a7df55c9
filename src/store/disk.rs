//! The disk as the store sees it: a few named files. One small seam under the journal and under redb.

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The store's files in its data directory.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Name {
    /// The ring of journal segments.
    Journal,
    /// A ring not yet in force.
    NewJournal,
    /// redb's file.
    State,
    /// A state not yet in force.
    NewState,
    /// A state that another has taken the place of, to be overwritten.
    OldState,
    /// Space to let go of when a start finds none.
    Ballast,
}

impl Name {
    /// The file's name in the directory.
    pub const fn file_name(self) -> &'static str {
        match self {
            Name::Journal => "journal",
            Name::NewJournal => "journal.new",
            Name::State => "state.redb",
            Name::NewState => "state.redb.new",
            Name::OldState => "state.redb.old",
            Name::Ballast => "ballast",
        }
    }
}

/// Where the store's files live: a directory, or what tests put in its place.
pub trait Disk: Send + Sync + 'static {
    /// The file, or `None` when there is none.
    fn open(&self, name: Name) -> io::Result<Option<Arc<dyn DiskFile>>>;
    /// A new, empty file in place of any old one of that name.
    fn create(&self, name: Name) -> io::Result<Arc<dyn DiskFile>>;
    /// Gives `from` the name `to`, at once and durably.
    fn publish(&self, from: Name, to: Name) -> io::Result<()>;
    /// Removes the file, if there is one.
    fn remove(&self, name: Name) -> io::Result<()>;
    /// Bytes that can still be written.
    fn free_bytes(&self) -> io::Result<u64>;
}

/// One file. Offsets and lengths in bytes; nothing is durable before a sync.
pub trait DiskFile: Send + Sync + fmt::Debug + 'static {
    /// Its length.
    fn bytes(&self) -> io::Result<u64>;
    /// Fills `into`, or fails when the file ends before.
    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<()>;
    /// Writes all of `from`.
    fn write_at(&self, from: &[u8], offset: u64) -> io::Result<()>;
    /// Cuts or extends; what is new reads as zeros.
    fn set_bytes(&self, bytes: u64) -> io::Result<()>;
    /// Extends an empty file to `bytes` that no one else can take any more.
    fn reserve(&self, bytes: u64) -> io::Result<()>;
    /// `fdatasync`.
    fn sync(&self) -> io::Result<()>;
}

/// A data directory, locked for this process until dropped.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    _lock: File,
}

/// Why a directory cannot be the store's.
#[derive(Debug)]
pub enum DirectoryError {
    /// Another process has it.
    InUse,
    /// It cannot be made or locked.
    Io(io::Error),
}

impl Directory {
    /// Makes `path` if need be, readable by its owner alone, and locks it.
    pub fn lock(path: &Path) -> Result<Directory, DirectoryError> {
        make_dir(path).map_err(DirectoryError::Io)?;
        // A file of its own: the lock must outlive a state or journal that is replaced.
        let lock =
            private().create(true).truncate(false).open(path.join("lock")).map_err(DirectoryError::Io)?;
        match lock.try_lock() {
            Ok(()) => Ok(Directory { path: path.to_owned(), _lock: lock }),
            Err(fs::TryLockError::WouldBlock) => Err(DirectoryError::InUse),
            Err(fs::TryLockError::Error(error)) => Err(DirectoryError::Io(error)),
        }
    }

    fn file(&self, name: Name) -> PathBuf {
        self.path.join(name.file_name())
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }
}

/// Makes a directory and those above it, each durably: a store is lost with the name of its directory.
fn make_dir(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let above = path.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make_dir(above)?;
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists || !path.is_dir() => Err(error),
        _ => File::open(above)?.sync_all(),
    }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    options
}

impl Disk for Directory {
    fn open(&self, name: Name) -> io::Result<Option<Arc<dyn DiskFile>>> {
        match private().open(self.file(name)) {
            Ok(file) => Ok(Some(Arc::new(file))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn create(&self, name: Name) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(private().create(true).truncate(true).open(self.file(name))?))
    }

    fn publish(&self, from: Name, to: Name) -> io::Result<()> {
        fs::rename(self.file(from), self.file(to))?;
        self.sync()
    }

    fn remove(&self, name: Name) -> io::Result<()> {
        match fs::remove_file(self.file(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
            Ok(()) => self.sync(),
        }
    }

    fn free_bytes(&self) -> io::Result<u64> {
        let space = rustix::fs::statvfs(&self.path)?;
        Ok(space.f_bavail.saturating_mul(space.f_frsize))
    }
}

impl DiskFile for File {
    fn bytes(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<()> {
        self.read_exact_at(into, offset)
    }

    fn write_at(&self, from: &[u8], offset: u64) -> io::Result<()> {
        self.write_all_at(from, offset)
    }

    fn set_bytes(&self, bytes: u64) -> io::Result<()> {
        self.set_len(bytes)
    }

    fn reserve(&self, bytes: u64) -> io::Result<()> {
        rustix::fs::fallocate(self, rustix::fs::FallocateFlags::empty(), 0, bytes)?;
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

/// redb's seam on ours, so that one set of faults reaches both.
#[derive(Debug)]
pub(super) struct Backend(pub(super) Arc<dyn DiskFile>);

impl redb::StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        self.0.bytes()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read_at(out, offset)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_bytes(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write_at(data, offset)
    }
}
