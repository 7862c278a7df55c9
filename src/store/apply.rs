//! The state behind the journal: puts its entries into redb, and checkpoints.
//!
//! Transactions are committed without a sync of their own; a checkpoint is one durable commit with quick
//! repair, so that a start after a power cut neither walks the whole file nor replays more than the ring.

use super::batch::{Change, ChangeError, Changes};
use super::cursor::{Cursor, CursorError};
use super::failure::{Failure, Site};
use super::ring::EntryHeader;
use super::schema::{Covered, OWN, OWN_COVERED, OWN_SCRUB, Table};
use super::shared::{Scrub, Shared, Task, Watch};
use crate::limits::APPLY_BYTES_MAX;
use redb::{Database, Durability, WriteTransaction};
use std::sync::Arc;

/// The apply thread: ends when told to, or with the first failure.
pub(super) fn run(shared: Arc<Shared>, mut applier: Applier) {
    let _watch = Watch(Arc::clone(&shared));
    loop {
        let done = match shared.next_task() {
            Task::End => return,
            Task::Checkpoint => {
                let scrub = shared.scrub() != Scrub::No;
                applier.checkpoint(&shared.database, scrub).map(|last| shared.set_covered(last, scrub))
            }
            Task::LookAtSpace => Ok(()),
            Task::Apply(durable) => {
                applier.apply_durable(&shared.database, durable).map(|last| shared.set_applied(last))
            }
        };
        if let Err(failure) = done.and_then(|()| applier.look_at_space(&shared)) {
            shared.fail(failure);
            return;
        }
    }
}

/// Follows the chain and keeps the state level with it.
pub(super) struct Applier {
    cursor: Cursor,
    stored_bytes: u64,
}

/// How one transaction's worth of applying went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reached {
    /// The sequence or size given.
    Limit,
    /// The end of the chain before it.
    End,
}

/// Why entries cannot be applied.
#[derive(Debug)]
pub(super) enum ApplyError {
    Failed(Failure),
    /// A later version of the program wrote them.
    Newer,
}

impl Applier {
    pub(super) fn new(cursor: Cursor, stored_bytes: u64) -> Applier {
        Applier { cursor, stored_bytes }
    }

    pub(super) fn cursor(&mut self) -> &mut Cursor {
        &mut self.cursor
    }

    pub(super) fn covered(&self) -> Covered {
        self.cursor.covered(self.stored_bytes)
    }

    /// Applies entries up to the batch `last`, one transaction's worth, and tells `seen` header and segment
    /// of each.
    pub(super) fn apply(
        &mut self,
        database: &Database,
        last: u64,
        seen: &mut dyn FnMut(&EntryHeader, usize),
    ) -> Result<Reached, ApplyError> {
        let failed = |error| ApplyError::Failed(Failure::redb(Site::StateApply, error));
        let mut transaction = database.begin_write().map_err(|error| failed(error.into()))?;
        transaction.set_durability(Durability::None).map_err(|error| failed(error.into()))?;
        let mut tables = OpenTables::new(&transaction);
        let mut bytes = 0;
        let mut reached = Reached::Limit;
        while self.cursor.sequence() < last && bytes < APPLY_BYTES_MAX {
            let Some((header, segment)) = self.cursor.advance()? else {
                reached = Reached::End;
                break;
            };
            for change in Changes(self.cursor.changes()) {
                let (removed, added) = tables.change(&change?).map_err(failed)?;
                // What left was counted when it came.
                self.stored_bytes = self.stored_bytes.saturating_sub(removed) + added;
            }
            bytes += header.padded() as usize;
            seen(&header, segment);
        }
        drop(tables);
        if bytes > 0 {
            write_covered(&transaction, &self.covered()).map_err(failed)?;
            transaction.commit().map_err(|error| failed(error.into()))?;
        }
        Ok(reached)
    }

    /// One durable commit. Gives the last batch it contains.
    pub(super) fn checkpoint(&mut self, database: &Database, scrub: bool) -> Result<u64, Failure> {
        commit_durably(database, &self.covered(), scrub)
            .map_err(|error| Failure::redb(Site::Checkpoint, error))?;
        Ok(self.cursor.sequence())
    }

    fn apply_durable(&mut self, database: &Database, durable: u64) -> Result<u64, Failure> {
        match self.apply(database, durable, &mut |_, _| {}) {
            Ok(Reached::Limit) => Ok(self.cursor.sequence()),
            Ok(Reached::End) => {
                let sequence = self.cursor.sequence();
                Err(Failure::corrupt(
                    Site::JournalRead,
                    format!("batch {} is gone, {durable} was synced", sequence + 1),
                ))
            }
            Err(ApplyError::Failed(failure)) => Err(failure),
            Err(ApplyError::Newer) => {
                Err(Failure::corrupt(Site::JournalRead, "an entry this version did not write"))
            }
        }
    }

    fn look_at_space(&self, shared: &Shared) -> Result<(), Failure> {
        let looked = shared.gate.look(&*shared.disk, self.stored_bytes);
        looked.map_err(|error| Failure::io(Site::Space, &error))
    }
}

impl From<CursorError> for ApplyError {
    fn from(error: CursorError) -> Self {
        match error {
            CursorError::Io(error) => ApplyError::Failed(Failure::io(Site::JournalRead, &error)),
            CursorError::Newer => ApplyError::Newer,
        }
    }
}

impl From<ChangeError> for ApplyError {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::UnknownTable(_) => ApplyError::Newer,
            ChangeError::CutShort => {
                ApplyError::Failed(Failure::corrupt(Site::JournalRead, "changes cut short"))
            }
        }
    }
}

/// A commit that is on disk when this returns, and that a start can open at once.
/// With `scrub` it asks the next start to write the state anew.
pub(super) fn commit_durably(database: &Database, covered: &Covered, scrub: bool) -> Result<(), redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_quick_repair(true);
    write_covered(&transaction, covered)?;
    if scrub {
        transaction.open_table(OWN)?.insert(OWN_SCRUB, &[][..])?;
    }
    Ok(transaction.commit()?)
}

pub(super) fn write_covered(transaction: &WriteTransaction, covered: &Covered) -> Result<(), redb::Error> {
    transaction.open_table(OWN)?.insert(OWN_COVERED, covered.encode().as_slice())?;
    Ok(())
}

type OpenTable<'a> = redb::Table<'a, &'static [u8], &'static [u8]>;

/// The tables one transaction has touched so far: opening one costs more than most changes.
pub(super) struct OpenTables<'a> {
    transaction: &'a WriteTransaction,
    tables: [Option<OpenTable<'a>>; Table::NUMBERS],
}

impl<'a> OpenTables<'a> {
    pub(super) fn new(transaction: &'a WriteTransaction) -> Self {
        OpenTables { transaction, tables: [const { None }; Table::NUMBERS] }
    }

    /// Makes one change, and gives the bytes of keys and values it removed and added.
    pub(super) fn change(&mut self, change: &Change<'_>) -> Result<(u64, u64), redb::Error> {
        let (Change::Put(table, key, _) | Change::Delete(table, key)) = *change;
        let slot = &mut self.tables[table as usize];
        let open = match slot {
            Some(open) => open,
            None => slot.insert(self.transaction.open_table(table.definition())?),
        };
        let (before, added) = match *change {
            Change::Put(_, key, value) => (open.insert(key, value)?, key.len() + value.len()),
            Change::Delete(..) => (open.remove(key)?, 0),
        };
        let removed = before.map_or(0, |value| key.len() + value.value().len());
        Ok((removed as u64, added as u64))
    }
}
