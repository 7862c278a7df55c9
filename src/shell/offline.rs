//! A store that no box is running on: what the command line reads and changes.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use super::boot::{BootError, hash_passwords};
use super::history::Head;
use super::out::Out;
use super::recover;
use crate::desk::{self, Credential, Desk, Faults, LoadOptions, Secret};
use crate::gateway::{PasswordFault, hash_now};
use crate::store::{BackupError, Failure, OpenError, Options, Store};

/// The store, opened for one command.
pub struct Offline {
    store: Store<Out>,
}

/// Why a command on the store did not work.
#[derive(Debug)]
pub enum OfflineError {
    /// A box is running on it.
    Running,
    /// It cannot be opened or read.
    Boot(BootError),
    /// There is no desk in it yet.
    NoDesk,
    /// The desk file has faults.
    Faults(Faults),
    /// The desk has no such member of staff.
    NoSuchUser,
    /// The password cannot be stored.
    Password(PasswordFault),
    /// The change could not be written.
    Write(String),
    /// No backup.
    Backup(BackupError),
    /// It could not be closed.
    Failed(Failure),
}

impl fmt::Display for OfflineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OfflineError::Running => f.write_str("a box is running on this data directory; stop it first"),
            OfflineError::Boot(error) => write!(f, "{error}"),
            OfflineError::NoDesk => f.write_str("there is no desk in this data directory yet"),
            OfflineError::Faults(faults) => {
                write!(f, "the desk has {} faults", faults.list.len() + faults.more)
            }
            OfflineError::NoSuchUser => f.write_str("the desk has no such member of staff"),
            OfflineError::Password(fault) => write!(f, "{fault}"),
            OfflineError::Write(error) => write!(f, "the change was not written: {error}"),
            OfflineError::Backup(error) => write!(f, "{error}"),
            OfflineError::Failed(failure) => write!(f, "{failure}"),
        }
    }
}

impl std::error::Error for OfflineError {}

impl Offline {
    /// Opens the store of a data directory.
    pub fn open(data: &Path) -> Result<Offline, OfflineError> {
        match Store::open(Options::new(data)) {
            Ok((store, _)) => Ok(Offline { store }),
            Err(OpenError::InUse) => Err(OfflineError::Running),
            Err(error) => Err(OfflineError::Boot(BootError::Store(error))),
        }
    }

    /// The desk in force, with its hashes.
    pub fn desk(&self) -> Result<Desk, OfflineError> {
        let snapshot = self.store.reader().snapshot().map_err(|error| OfflineError::Boot(error.into()))?;
        let text =
            recover::stored_desk(&snapshot).map_err(OfflineError::Boot)?.ok_or(OfflineError::NoDesk)?;
        let how = LoadOptions { stored: true, allow_missing_secrets: true, ..LoadOptions::default() };
        Ok(desk::load_with(&text, how).map_err(OfflineError::Faults)?.desk)
    }

    /// Puts a desk file in force; what it leaves out of passwords is kept.
    pub fn apply(&self, text: &str, by: &str) -> Result<(), OfflineError> {
        let before = match self.desk() {
            Ok(desk) => Some(desk),
            Err(OfflineError::NoDesk) => None,
            Err(error) => return Err(error),
        };
        let how = LoadOptions { over: before.as_ref(), ..LoadOptions::default() };
        let mut desk = desk::load_with(text, how).map_err(OfflineError::Faults)?.desk;
        hash_passwords(&mut desk).map_err(OfflineError::Boot)?;
        self.put(&desk, by)
    }

    /// Sets a member of staff's password.
    pub fn set_password(&self, username: &str, password: &str) -> Result<(), OfflineError> {
        let mut desk = self.desk()?;
        let agent = desk.agent_mut(username).ok_or(OfflineError::NoSuchUser)?;
        let hash = hash_now(password).map_err(OfflineError::Password)?;
        agent.password = Credential::Hashed(Secret::new(&hash));
        self.put(&desk, "local root")
    }

    /// Writes everything into one file.
    pub fn backup(&self, to: &Path) -> Result<crate::store::Backup, OfflineError> {
        const PATIENCE: Duration = Duration::from_secs(60);
        self.store.backup(to, PATIENCE, &mut |_| true).map_err(OfflineError::Backup)
    }

    /// Closes the store: all of it is on disk then.
    pub fn close(self) -> Result<(), OfflineError> {
        self.store.shutdown().map_err(OfflineError::Failed)
    }

    fn put(&self, desk: &Desk, by: &str) -> Result<(), OfflineError> {
        let mut batch = self.store.batch();
        let snapshot = self.store.reader().snapshot().map_err(|error| OfflineError::Boot(error.into()))?;
        let mut history = Head::read(&snapshot).map_err(|error| OfflineError::Boot(error.into()))?;
        drop(snapshot);
        history.put(&mut batch, desk, by);
        let submitted = self.store.submit(batch);
        submitted.map(drop).map_err(|refused| OfflineError::Write(format!("{:?}", refused.why)))
    }
}
