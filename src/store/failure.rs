//! The first cause of an end: kept, and the answer to every later call.

use std::fmt;
use std::io;
use std::sync::Arc;

/// Where the store was when it failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Site {
    /// Appending to the journal.
    JournalWrite,
    /// Syncing the journal.
    JournalSync,
    /// Reading the journal back.
    JournalRead,
    /// Putting a batch into the state.
    StateApply,
    /// Making the state durable.
    Checkpoint,
    /// Asking for free space, or seeing to the ballast.
    Space,
    /// Reading the state.
    StateRead,
    /// A thread of the store ended by a defect.
    Thread,
}

/// What it met there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    /// No space left, in spite of the reserve.
    NoSpace,
    /// Any other error of the disk or the system.
    Io(io::ErrorKind),
    /// What was read is not what was written.
    Corrupt,
    /// A defect of this program.
    Defect,
}

/// Why the store has stopped, for good: the process is to exit and be started again from disk.
///
/// After a failed sync nobody knows what is on disk, and trying again may report a success that is none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// Where.
    pub site: Site,
    /// What.
    pub cause: Cause,
    /// The words of the layer that reported it.
    pub detail: Arc<str>,
}

impl Failure {
    pub(super) fn io(site: Site, error: &io::Error) -> Failure {
        let cause = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Cause::NoSpace,
            kind => Cause::Io(kind),
        };
        Failure { site, cause, detail: error.to_string().into() }
    }

    pub(super) fn redb(site: Site, error: redb::Error) -> Failure {
        match error {
            redb::Error::Io(error) => Failure::io(site, &error),
            redb::Error::PreviousIo => {
                Failure { site, cause: Cause::Io(io::ErrorKind::Other), detail: error.to_string().into() }
            }
            error => Failure { site, cause: Cause::Corrupt, detail: error.to_string().into() },
        }
    }

    pub(super) fn corrupt(site: Site, detail: impl Into<Arc<str>>) -> Failure {
        Failure { site, cause: Cause::Corrupt, detail: detail.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let site = match self.site {
            Site::JournalWrite => "writing the journal",
            Site::JournalSync => "syncing the journal",
            Site::JournalRead => "reading the journal",
            Site::StateApply => "changing the state",
            Site::Checkpoint => "making the state durable",
            Site::Space => "seeing to its space",
            Site::StateRead => "reading the state",
            Site::Thread => "running a thread of the store",
        };
        write!(f, "the store failed {site}: {}", self.detail)
    }
}

impl std::error::Error for Failure {}
