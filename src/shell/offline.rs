//! A store that no box is running on: what the command line reads and changes.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::boot::{BootError, hash_passwords};
use super::clock::real_wall_ms;
use super::history::Head;
use super::keys::random;
use super::one_time::{self, Enrolment};
use super::out::Out;
use super::reads::{self, list_key};
use super::records::{Audit, BackupMade, Token, User};
use super::recover;
use crate::desk::{self, Credential, Desk, Faults, Id, LoadOptions, NewAgent, Secret};
use crate::gateway::{PasswordFault, hash_now};
use crate::limits::READ_ROWS_MAX;
use crate::store::records::Record;
use crate::store::{
    Backup, BackupError, Batch, Direction, Failure, OpenError, Options, SealKey, Store, Table, write_whole,
};

/// Whoever sits at the box itself, in the history and the audit log.
const ROOT: &str = "local root";

/// The store, opened for one command.
pub struct Offline {
    store: Store<Out>,
}

/// Why a command on the store did not work.
#[derive(Debug)]
pub enum OfflineError {
    /// A box is running on it.
    Running,
    /// There has never been a box on it.
    NoStore(PathBuf),
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
    /// It could not be closed.
    Failed(Failure),
}

impl fmt::Display for OfflineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OfflineError::Running => f.write_str("a box is running on this data directory; stop it first"),
            OfflineError::NoStore(data) => write!(f, "{}: no box has run there", data.display()),
            OfflineError::Boot(error) => write!(f, "{error}"),
            OfflineError::NoDesk => f.write_str("there is no desk in this data directory yet"),
            OfflineError::Faults(faults) => {
                write!(f, "the desk has {} faults", faults.list.len() + faults.more)
            }
            OfflineError::NoSuchUser => f.write_str("the desk has no such member of staff"),
            OfflineError::Password(fault) => write!(f, "{fault}"),
            OfflineError::Write(error) => write!(f, "the change was not written: {error}"),
            OfflineError::Failed(failure) => write!(f, "{failure}"),
        }
    }
}

impl std::error::Error for OfflineError {}

impl Offline {
    /// Opens the store of a data directory. One that is not there is not made: its name was mistyped.
    pub fn open(data: &Path) -> Result<Offline, OfflineError> {
        if !data.join("state.redb").exists() {
            return Err(OfflineError::NoStore(data.to_owned()));
        }
        Offline::open_with(Options::new(data))
    }

    /// The same, made when there is none: for a desk that is put in force before the first start.
    pub fn open_or_make(data: &Path) -> Result<Offline, OfflineError> {
        Offline::open_with(Options::new(data))
    }

    fn open_with(options: Options) -> Result<Offline, OfflineError> {
        match Store::open(options) {
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
        hash_passwords(&mut desk, before.as_ref()).map_err(OfflineError::Boot)?;
        self.put(&desk, by)
    }

    /// Sets a member of staff's password.
    pub fn set_password(&self, username: &str, password: &str) -> Result<(), OfflineError> {
        let mut desk = self.desk()?;
        let agent = desk.agent_mut(username).ok_or(OfflineError::NoSuchUser)?;
        let hash = hash_now(password).map_err(OfflineError::Password)?;
        agent.password = Credential::Hashed(Secret::new(&hash));
        self.put(&desk, ROOT)
    }

    /// Adds a member of staff.
    pub fn add_agent(&self, new: &NewAgent<'_>) -> Result<(), OfflineError> {
        let mut desk = desk::with_agent(&self.desk()?, new).map_err(OfflineError::Faults)?;
        hash_passwords(&mut desk, None).map_err(OfflineError::Boot)?;
        self.put(&desk, ROOT)
    }

    /// Sets up one-time codes for somebody; what she needs, as text to be read once.
    pub fn give_totp(&self, username: &str) -> Result<String, OfflineError> {
        let desk = self.desk()?;
        desk.agent(username).ok_or(OfflineError::NoSuchUser)?;
        let random = |_| OfflineError::Boot(BootError::NoRandom);
        let secret = one_time::new_secret().map_err(random)?;
        let (codes, recovery) = one_time::new_recovery().map_err(random)?;
        let enrolment = Enrolment::new(&secret, username, &desk.name);
        let user = User { secret: Some(secret), last_step: 0, recovery };
        let mut value = Vec::new();
        user.encode(&mut value);
        self.change("totp_on", username, |batch| batch.put(Table::Users, username.as_bytes(), &value))?;
        Ok(told(&enrolment, &codes))
    }

    /// Takes somebody's one-time codes away.
    pub fn end_totp(&self, username: &str) -> Result<(), OfflineError> {
        self.desk()?.agent(username).ok_or(OfflineError::NoSuchUser)?;
        self.change("totp_off", username, |batch| batch.delete(Table::Users, username.as_bytes()))
    }

    /// Writes everything into one file, and down that there is one.
    pub fn backup(
        &self,
        to: &Path,
        key: Option<&SealKey>,
        keep_days: Option<u32>,
    ) -> Result<Backup, BackupError> {
        const PATIENCE: Duration = Duration::from_secs(60);
        let reader = self.store.reader();
        reader.wait(self.store.durable(), PATIENCE)?;
        let made = write_whole(to, key, |out| reader.backup_into(out, &mut |_| true))?;
        let at_ms = real_wall_ms();
        let whole = std::path::absolute(to).unwrap_or_else(|_| to.to_owned()).display().to_string();
        let record = BackupMade {
            at_ms,
            by: ROOT.to_owned(),
            to: whole.clone(),
            bytes: made.bytes,
            sealed: key.is_some(),
            until_ms: keep_days.map(|days| at_ms + i64::from(days) * 24 * 3_600_000),
        };
        let mut value = Vec::new();
        record.encode(&mut value);
        let key = list_key(at_ms.max(0).unsigned_abs(), 0, random());
        let noted = self.change("backup", &whole, |batch| batch.put(Table::Backups, &key, &value));
        if let Err(error) = noted {
            log::warn!("the backup is whole, but not written down: {error}");
        }
        Ok(made)
    }

    /// One change and its line in the audit log. Whoever it is about is signed out: her tokens go.
    fn change(
        &self,
        action: &str,
        subject: &str,
        make: impl FnOnce(&mut Batch<Out>),
    ) -> Result<(), OfflineError> {
        let mut batch = self.store.batch();
        make(&mut batch);
        self.drop_tokens(&mut batch, subject)?;
        audit(&mut batch, action, subject);
        let submitted = self.store.submit(batch);
        submitted.map(drop).map_err(|refused| OfflineError::Write(format!("{:?}", refused.why)))
    }

    fn drop_tokens(&self, batch: &mut Batch<Out>, username: &str) -> Result<(), OfflineError> {
        let page = self
            .store
            .reader()
            .range(Table::Tokens, .., READ_ROWS_MAX, Direction::Forward)
            .map_err(|error| OfflineError::Boot(error.into()))?;
        for (key, value) in &page.rows {
            if reads::decoded::<Token>(value).is_some_and(|token| token.username == username) {
                batch.delete(Table::Tokens, key);
            }
        }
        Ok(())
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
        if let Ok(before) = self.desk() {
            for changed in changed_passwords(&before, desk) {
                self.drop_tokens(&mut batch, changed)?;
            }
        }
        let rows = history.next(desk, by).map_err(|error| OfflineError::Boot(BootError::TooLarge(error)))?;
        rows.iter().for_each(|(table, key, value)| batch.put(*table, key, value));
        audit(&mut batch, "desk", &desk.version());
        let submitted = self.store.submit(batch);
        submitted.map(drop).map_err(|refused| OfflineError::Write(format!("{:?}", refused.why)))
    }
}

/// The system's clock, seconds.
pub fn now_s() -> i64 {
    real_wall_ms() / 1000
}

/// What the store of a stopped box knows of itself.
pub struct Condition {
    /// When the newest backup was made.
    pub last_backup_ms: Option<i64>,
    /// When pages of the state lose what was erased, where some hold it still.
    pub erased_pages: Option<&'static str>,
}

/// Of a stopped box. A store that does not open has faults of its own to be told elsewhere; one that is small enough
/// is written anew by being opened.
pub fn condition(data: &Path) -> Option<Condition> {
    if !data.join("state.redb").exists() {
        return None;
    }
    let store = Offline::open(data).ok()?;
    let noted =
        store.store.reader().snapshot().ok().and_then(|snapshot| super::backups::noted(&snapshot).ok());
    let erased_pages = store.store.rewrite().map(super::erase::pages_word);
    if let Err(error) = store.close() {
        log::warn!("{error}");
    }
    let last_backup_ms = noted.and_then(|noted| noted.last().map(|(_, record)| record.at_ms));
    Some(Condition { last_backup_ms, erased_pages })
}

/// Writes the state anew after an erasure, however large it is, so that nothing erased is left in its pages.
/// `false` when there was nothing to do. It takes as long as the disk takes to read and write the state.
pub fn write_anew(data: &Path) -> Result<bool, OfflineError> {
    let is_owed = condition(data).is_some_and(|condition| condition.erased_pages.is_some());
    let store = Offline::open_with(Options { anew_bytes_max: u64::MAX, ..Options::new(data) })?;
    let left = store.store.rewrite();
    store.close()?;
    match left {
        None => Ok(is_owed),
        Some(_) => Err(OfflineError::Write(
            "the disk has no room for a second state beside the first; make room, then try again".to_owned(),
        )),
    }
}

fn audit(batch: &mut Batch<Out>, action: &str, subject: &str) {
    let at_ms = real_wall_ms();
    let record = Audit {
        at_ms,
        by: ROOT.to_owned(),
        action: action.to_owned(),
        subject: subject.to_owned(),
        reason: String::new(),
    };
    let mut value = Vec::new();
    record.encode(&mut value);
    batch.put(Table::Audit, &list_key(at_ms.max(0).unsigned_abs(), 0, random()), &value);
}

/// An enrolment as the command line prints it.
pub(super) fn told(enrolment: &Enrolment, codes: &[String]) -> String {
    format!(
        "secret  {}\naddress {}\nrecovery codes, each good once:\n  {}\nThey are shown this once.\n",
        enrolment.secret,
        enrolment.uri,
        codes.join("\n  ")
    )
}

/// Members of staff of both desks whose password is another.
pub(super) fn changed_passwords<'d>(old: &Desk, new: &'d Desk) -> Vec<&'d str> {
    let changed = |agent: &&'d desk::Agent| {
        let before = old.agent(agent.username.as_str());
        before.is_some_and(|before| !before.password.is_absent() && before.password != agent.password)
    };
    new.agents.iter().filter(changed).map(|agent| agent.username.as_str()).collect()
}
