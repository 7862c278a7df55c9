//! Opening: the state, then the valid chain after it, and never anything before it.
//!
//! A put of an earlier batch must not undo the delete of a later one, so replay begins exactly where the
//! state ends. It is bounded by the ring, not by history.

use super::apply::{Applier, ApplyError, Reached, commit_durably, write_covered};
use super::cursor::Cursor;
use super::disk::{Backend, Directory, DirectoryError, Disk, DiskFile, Name};
use super::failure::Failure;
use super::journal::Appender;
use super::ring::{EntryHeader, Geometry, HeaderError, RingHeader};
use super::schema::{
    Covered, OWN, OWN_COVERED, OWN_LIMITS, OWN_SCHEMA, OWN_SCRUB, SCHEMA_VERSION, stored_limits,
};
use super::scrub::{self, Rewrite, zero_ring};
use super::shared::{Marks, Scrub, Shared, Stop};
use super::space::{Gate, make_room};
use super::{Opened, Options, Sequence};
use redb::{Database, ReadableDatabase};
use std::fmt;
use std::io;
use std::sync::Arc;

/// Why a store cannot be opened. Nothing has been changed, but for the ballast and files half made.
#[derive(Debug)]
pub enum OpenError {
    /// Another process has the data directory.
    InUse,
    /// The ring's sizes in the profile cannot work.
    Geometry,
    /// The state is there and its journal is not: what was acknowledged last would be missing.
    JournalMissing,
    /// The journal holds batches and the state is not there.
    StateMissing,
    /// Journal and state are not of the same store.
    JournalForeign,
    /// The journal's header is damaged, or an acknowledged batch before `found` is.
    JournalDamaged {
        /// The batch expected.
        expected: Sequence,
        /// A later one that is there.
        found: Option<Sequence>,
    },
    /// The state lacks what every state has.
    StateDamaged(String),
    /// A newer deskbell wrote this; `what` it did.
    Newer {
        /// State, journal.
        what: &'static str,
    },
    /// A limit that shapes stored data differs from the one this was stored with.
    LimitsDiffer {
        /// As stored.
        stored: String,
        /// As it would be now.
        now: String,
    },
    /// The system gave no random bytes.
    Random(io::Error),
    /// The disk failed.
    Io(io::Error),
    /// The disk or redb failed in the course of it.
    Failed(Failure),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::InUse => f.write_str("the data directory is in use by another process"),
            OpenError::Geometry => f.write_str("a journal of these segments cannot work"),
            OpenError::JournalMissing => f.write_str("the journal is missing beside the state"),
            OpenError::StateMissing => {
                f.write_str("the state is missing beside a journal that holds batches")
            }
            OpenError::JournalForeign => f.write_str("journal and state are not of the same store"),
            OpenError::JournalDamaged { expected, found: Some(found) } => {
                write!(f, "the journal is damaged: batch {} is missing, {} is there", expected.0, found.0)
            }
            OpenError::JournalDamaged { .. } => f.write_str("the journal's header is damaged"),
            OpenError::StateDamaged(what) => write!(f, "the state is damaged: {what}"),
            OpenError::Newer { what } => write!(f, "a newer deskbell wrote the {what}"),
            OpenError::LimitsDiffer { stored, now } => {
                write!(f, "stored with {stored}, this deskbell has {now}")
            }
            OpenError::Random(error) => write!(f, "no random bytes: {error}"),
            OpenError::Io(error) => write!(f, "opening the store: {error}"),
            OpenError::Failed(failure) => failure.fmt(f),
        }
    }
}

impl std::error::Error for OpenError {}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        OpenError::Io(error)
    }
}

impl From<DirectoryError> for OpenError {
    fn from(error: DirectoryError) -> Self {
        match error {
            DirectoryError::InUse => OpenError::InUse,
            DirectoryError::Io(error) => OpenError::Io(error),
        }
    }
}

impl From<HeaderError> for OpenError {
    fn from(error: HeaderError) -> Self {
        match error {
            HeaderError::Damaged => OpenError::JournalDamaged { expected: Sequence(0), found: None },
            HeaderError::Io(error) => OpenError::Io(error),
        }
    }
}

impl From<ApplyError> for OpenError {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Failed(failure) => OpenError::Failed(failure),
            ApplyError::Newer => OpenError::Newer { what: "journal" },
        }
    }
}

impl From<redb::Error> for OpenError {
    fn from(error: redb::Error) -> Self {
        match error {
            redb::Error::Io(error) => OpenError::Io(error),
            redb::Error::UpgradeRequired(_) => OpenError::Newer { what: "state" },
            error => OpenError::StateDamaged(error.to_string()),
        }
    }
}

/// A store brought up to its journal, its threads not yet started.
pub(super) struct Ready {
    pub(super) shared: Shared,
    pub(super) applier: Applier,
    pub(super) appender: Appender,
    pub(super) opened: Opened,
}

pub(super) fn open(mut options: Options) -> Result<Ready, OpenError> {
    let geometry = Geometry::new(options.segment_bytes, options.segments).ok_or(OpenError::Geometry)?;
    let disk = disk_of(&mut options)?;
    let ballast_dropped = make_room(&*disk, geometry)?;
    disk.remove(Name::NewJournal)?;
    disk.remove(Name::NewState)?;
    scrub::finish(&*disk)?;
    let fresh = make_if_missing(&*disk, geometry, options.cache_bytes)?;

    let mut chain = Chain::load(&*disk, options.cache_bytes)?;
    let before = chain.covered;
    chain.replay()?;
    if chain.applier.covered().sequence > before {
        // A process killed between its write and its sync leaves an entry that can be read and is on no disk yet. What
        // is written behind it must not get there first: a power cut would leave a gap where nothing may be missing.
        chain.journal.sync()?;
    }
    if chain.scrub {
        chain.write_anew(&*disk, &options)?;
    }
    let sequence = chain.applier.covered().sequence;
    if chain.geometry() != geometry {
        chain.move_to(&*disk, geometry)?;
    } else if chain.has_full_segment() {
        chain.checkpoint()?;
    }

    let salt = random()?;
    let mut appender = Appender::new(Arc::clone(&chain.journal), geometry, &chain.applier.covered(), salt);
    let segment = appender.start_run().map_err(OpenError::Failed)?;
    chain.last_in[segment] = sequence + 1;

    let gate = Gate::new(&options, geometry);
    gate.look(&*disk, chain.applier.covered().stored_bytes)?;
    if !ballast_dropped {
        gate.load_ballast(&*disk)?;
    }
    let marks = Marks {
        durable: sequence + 1,
        applied: sequence,
        covered: chain.covered,
        at: appender.at(),
        segment,
        last_in: chain.last_in,
        awaited: 0,
        checkpoint_wanted: 0,
        scrub: if chain.scrub { Scrub::Noted } else { Scrub::No },
        stop: Stop::No,
    };
    let opened =
        Opened { fresh, recovered: sequence - before, sequence: Sequence(sequence), ballast_dropped };
    let shared = Shared::new(geometry, chain.database, disk, gate, marks, &mut options);
    Ok(Ready { shared, applier: chain.applier, appender, opened })
}

/// The disk asked for, or else the directory, locked.
pub(super) fn disk_of(options: &mut Options) -> Result<Arc<dyn Disk>, DirectoryError> {
    match options.disk.take() {
        Some(disk) => Ok(disk),
        None => Ok(Arc::new(Directory::lock(&options.dir)?)),
    }
}

/// Makes ring and state where there is neither. The ring comes first: a start cut between the two finds a
/// ring that has never held anything, and makes both anew.
fn make_if_missing(disk: &dyn Disk, geometry: Geometry, cache_bytes: usize) -> Result<bool, OpenError> {
    match (disk.open(Name::Journal)?, disk.open(Name::State)?) {
        (Some(_), Some(_)) => return Ok(false),
        (None, Some(_)) => return Err(OpenError::JournalMissing),
        (Some(journal), None) => never_held_anything(journal)?,
        (None, None) => {}
    }
    let header = RingHeader { geometry, ring: u64::from_le_bytes(random()?), before: 0, first: 1 };
    header.create(disk)?;
    let database = create_state(disk, cache_bytes)?;
    publish_state(disk, database, &Covered::start_of(&header, 0))?;
    Ok(true)
}

fn never_held_anything(journal: Arc<dyn DiskFile>) -> Result<(), OpenError> {
    let header = RingHeader::read(&*journal)?;
    let mut cursor = Cursor::new(journal, &header, &Covered::start_of(&header, 0));
    let empty = header.first == 1 && matches!(cursor.advance(), Ok(None));
    if empty { Ok(()) } else { Err(OpenError::StateMissing) }
}

/// An empty state under its provisional name.
pub(super) fn create_state(disk: &dyn Disk, cache_bytes: usize) -> Result<Database, OpenError> {
    let file = disk.create(Name::NewState)?;
    open_state(file, cache_bytes)
}

/// Puts a filled state in force.
pub(super) fn publish_state(disk: &dyn Disk, database: Database, covered: &Covered) -> Result<(), OpenError> {
    seal_state(database, covered)?;
    Ok(disk.publish(Name::NewState, Name::State)?)
}

/// Makes a filled state whole, and closes it.
fn seal_state(database: Database, covered: &Covered) -> Result<(), OpenError> {
    let mut transaction = database.begin_write().map_err(redb::Error::from)?;
    transaction.set_quick_repair(true);
    write_covered(&transaction, covered)?;
    {
        let mut own = transaction.open_table(OWN).map_err(redb::Error::from)?;
        let schema = SCHEMA_VERSION.to_le_bytes();
        own.insert(OWN_SCHEMA, schema.as_slice()).map_err(redb::Error::from)?;
        own.insert(OWN_LIMITS, stored_limits().as_bytes()).map_err(redb::Error::from)?;
    }
    transaction.commit().map_err(redb::Error::from)?;
    drop(database);
    Ok(())
}

fn open_state(file: Arc<dyn DiskFile>, cache_bytes: usize) -> Result<Database, OpenError> {
    let database = Database::builder().set_cache_size(cache_bytes).create_with_backend(Backend(file));
    Ok(database.map_err(redb::Error::from)?)
}

/// State and journal on the way to agreement.
struct Chain {
    journal: Arc<dyn DiskFile>,
    header: RingHeader,
    database: Database,
    applier: Applier,
    /// The last batch the state holds durably.
    covered: u64,
    /// Per segment, the last batch found in it.
    last_in: Vec<u64>,
    /// Pages of the state may hold what was to be taken away.
    scrub: bool,
}

impl Chain {
    fn load(disk: &dyn Disk, cache_bytes: usize) -> Result<Chain, OpenError> {
        let journal = disk.open(Name::Journal)?.ok_or(OpenError::JournalMissing)?;
        let header = RingHeader::read(&*journal)?;
        let database = open_state(disk.open(Name::State)?.ok_or(OpenError::StateMissing)?, cache_bytes)?;
        let covered = read_own(&database, &header)?;
        let scrub = has_scrub(&database)?;
        let cursor = Cursor::new(Arc::clone(&journal), &header, &covered);
        let applier = Applier::new(cursor, covered.stored_bytes);
        let last_in = vec![0; header.geometry.segments as usize];
        Ok(Chain { journal, header, database, applier, covered: covered.sequence, last_in, scrub })
    }

    fn geometry(&self) -> Geometry {
        self.header.geometry
    }

    fn replay(&mut self) -> Result<(), OpenError> {
        let last_in = &mut self.last_in;
        let mut seen = |header: &EntryHeader, segment: usize| last_in[segment] = header.last();
        while self.applier.apply(&self.database, u64::MAX, &mut seen)? == Reached::Limit {}
        match self.applier.cursor().beyond_end()? {
            None => Ok(()),
            found => {
                let expected = Sequence(self.applier.covered().sequence + 1);
                Err(OpenError::JournalDamaged { expected, found: found.map(Sequence) })
            }
        }
    }

    /// Whether a checkpoint would free a segment; the first entry of the run may need it.
    fn has_full_segment(&self) -> bool {
        let current = self.geometry().segment_of(self.applier.covered().at);
        let full = |(segment, &last)| segment != current && last > self.covered;
        self.last_in.iter().enumerate().any(full)
    }

    fn checkpoint(&mut self) -> Result<(), OpenError> {
        self.covered = self.applier.checkpoint(&self.database, self.scrub).map_err(OpenError::Failed)?;
        Ok(())
    }

    /// Writes the state anew and overwrites what it was before. One too large for a start, or for the room there
    /// is, stays as it is until there is a better day.
    fn write_anew(&mut self, disk: &dyn Disk, options: &Options) -> Result<(), OpenError> {
        let cache_bytes = options.cache_bytes;
        self.checkpoint()?;
        zero_ring(&*self.journal, self.geometry())?;
        match scrub::outlook(disk, self.geometry(), options.anew_bytes_max)? {
            Rewrite::AtNextStart => log::info!("after an erasure the state is written anew"),
            not_now => {
                log::warn!(
                    "pages of the state may hold erased data still ({not_now:?}): `deskbell doctor` says more"
                );
                return Ok(());
            }
        }
        let new = create_state(disk, cache_bytes)?;
        scrub::copy_rows(&self.database, &new)?;
        seal_state(new, &self.applier.covered())?;
        scrub::swap(disk)?;
        let state = disk.open(Name::State)?.ok_or(OpenError::StateMissing)?;
        self.database = open_state(state, cache_bytes)?;
        self.scrub = false;
        Ok(scrub::finish(disk)?)
    }

    /// Goes on in a new ring of another size. The state's next commit speaks of the new ring; should the
    /// start be cut before, the new ring's header still names the old one and where it ended.
    fn move_to(&mut self, disk: &dyn Disk, geometry: Geometry) -> Result<(), OpenError> {
        self.checkpoint()?;
        let before = self.header.ring;
        self.header =
            RingHeader { geometry, ring: u64::from_le_bytes(random()?), before, first: self.covered + 1 };
        self.journal = self.header.create(disk)?;
        let start = Covered::start_of(&self.header, self.applier.covered().stored_bytes);
        commit_durably(&self.database, &start, self.scrub)?;
        let cursor = Cursor::new(Arc::clone(&self.journal), &self.header, &start);
        self.applier = Applier::new(cursor, start.stored_bytes);
        self.last_in = vec![0; geometry.segments as usize];
        Ok(())
    }
}

fn has_scrub(database: &Database) -> Result<bool, OpenError> {
    let read = || -> Result<bool, redb::Error> {
        Ok(database.begin_read()?.open_table(OWN)?.get(OWN_SCRUB)?.is_some())
    };
    Ok(read()?)
}

/// Checks what the state says of itself, and gives the place in the ring to go on from.
fn read_own(database: &Database, header: &RingHeader) -> Result<Covered, OpenError> {
    let row = |key: &'static [u8]| -> Result<Vec<u8>, redb::Error> {
        let own = database.begin_read()?.open_table(OWN)?;
        Ok(own.get(key)?.map(|value| value.value().to_vec()).unwrap_or_default())
    };
    match <[u8; 4]>::try_from(row(OWN_SCHEMA)?).map(u32::from_le_bytes) {
        Ok(SCHEMA_VERSION) => {}
        Ok(version) if version > SCHEMA_VERSION => return Err(OpenError::Newer { what: "state" }),
        _ => return Err(OpenError::StateDamaged("it has no schema version".into())),
    }
    compare_limits(&String::from_utf8_lossy(&row(OWN_LIMITS)?))?;
    let covered = Covered::decode(&row(OWN_COVERED)?);
    let covered = covered.ok_or_else(|| OpenError::StateDamaged("it does not say what it covers".into()))?;
    if header.ring == covered.ring && covered.at < header.geometry.ring_bytes() {
        Ok(covered)
    } else if header.before == covered.ring && header.first == covered.sequence + 1 {
        Ok(Covered::start_of(header, covered.stored_bytes))
    } else {
        Err(OpenError::JournalForeign)
    }
}

pub(super) fn compare_limits(stored: &str) -> Result<(), OpenError> {
    let now = stored_limits();
    if stored == now {
        return Ok(());
    }
    let missing = |from: &str, other: &str| {
        let line = from.lines().find(|line| !other.lines().any(|same| same == *line));
        line.unwrap_or("no such limit").to_owned()
    };
    Err(OpenError::LimitsDiffer { stored: missing(stored, &now), now: missing(&now, stored) })
}

pub(super) fn random<const N: usize>() -> Result<[u8; N], OpenError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| OpenError::Random(io::Error::other(error.to_string())))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::super::faults::{Fault, MemoryDisk, Op, PowerCut};
    use super::super::{Batch, Direction, Store, Table};
    use super::*;
    use std::time::Duration;

    const BLOCK: usize = 4096;

    fn open(disk: &MemoryDisk) -> Store<()> {
        try_open(disk.options()).expect("a store opens")
    }

    fn try_open(options: Options) -> Result<Store<()>, OpenError> {
        Store::open(options).map(|(store, _)| store)
    }

    /// Stores `n` under itself, and waits until it can be read.
    fn store(store: &Store<()>, n: u64) {
        let mut batch = Batch::default();
        batch.put(Table::Messages, &n.to_be_bytes(), b"message");
        let sequence = store.submit(batch).expect("submitted");
        store.reader().wait(sequence, Duration::from_secs(10)).expect("applied");
    }

    fn count(store: &Store<()>) -> usize {
        store.reader().wait(store.durable(), Duration::from_secs(10)).expect("applied");
        store.reader().range(Table::Messages, .., 1000, Direction::Forward).expect("a read").rows.len()
    }

    /// A store of `n` messages, cleanly stopped.
    fn stopped(n: u64) -> MemoryDisk {
        let disk = MemoryDisk::new();
        let opened = open(&disk);
        (0..n).for_each(|n| store(&opened, n));
        opened.shutdown().expect("a clean stop");
        disk
    }

    fn refusal(disk: &MemoryDisk) -> OpenError {
        try_open(disk.options()).err().expect("a refusal")
    }

    #[test]
    fn an_acknowledged_batch_that_is_damaged_is_named_and_not_silently_lost() {
        let disk = MemoryDisk::new();
        let opened = open(&disk);
        (0..5).for_each(|n| store(&opened, n));
        let rotten = disk.after(PowerCut::LoseAll);
        // Block 0 is the ring's header, block 1 the run's first entry, block 3 the second message.
        rotten.overwrite(Name::Journal, 3 * BLOCK + 100, b"!");
        let refused = refusal(&rotten);
        let (expected, found) = (Sequence(3), Some(Sequence(4)));
        assert!(
            matches!(refused, OpenError::JournalDamaged { expected: e, found: f } if e == expected && f == found),
            "{refused:?}"
        );
    }

    /// Stores a message of this length and waits until it is durable, applied or not.
    fn write(store: &Store<()>, n: u64, bytes: usize) {
        let mut batch = Batch::default();
        batch.put(Table::Messages, &n.to_be_bytes(), &vec![b'm'; bytes]);
        let sequence = store.submit(batch).expect("submitted");
        while store.durable() < sequence {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn a_damaged_batch_that_did_not_fit_its_segment_is_named_too() {
        let disk = MemoryDisk::new();
        let opened = open(&disk);
        // With the run's first entry fourteen of the segment's sixteen blocks.
        (0..13).for_each(|n| store(&opened, n));
        disk.arm(Name::State, Op::Sync, 0, Fault::Freeze);
        write(&opened, 13, 10_000);
        write(&opened, 14, 1);
        let rotten = disk.after(PowerCut::LoseAll);
        disk.thaw();
        rotten.overwrite(Name::Journal, (1 + 16) * BLOCK + 100, b"!");
        let refused = refusal(&rotten);
        let (expected, found) = (Sequence(15), Some(Sequence(16)));
        assert!(
            matches!(refused, OpenError::JournalDamaged { expected: e, found: f } if e == expected && f == found),
            "{refused:?}"
        );
    }

    #[test]
    fn a_power_cut_soon_after_a_kill_is_no_damage() {
        // Killed between the write and the sync of a batch; then the power goes at one of the next start's syncs.
        for nth in 0..3 {
            let disk = MemoryDisk::new();
            let killed = open(&disk);
            (0..3).for_each(|n| store(&killed, n));
            disk.arm(Name::Journal, Op::Sync, 0, Fault::Freeze);
            let mut batch = Batch::default();
            batch.put(Table::Messages, &3u64.to_be_bytes(), b"never acknowledged");
            killed.submit(batch).expect("submitted");
            while !disk.is_frozen() {
                std::thread::sleep(Duration::from_millis(1));
            }
            disk.arm(Name::Journal, Op::Sync, nth, Fault::Gone);
            drop(try_open(disk.options()));
            for seed in 0..16 {
                let again = try_open(disk.after(PowerCut::Shuffle(seed)).options());
                let again = again.unwrap_or_else(|error| panic!("sync {nth}, seed {seed}: {error}"));
                assert!(count(&again) >= 3, "sync {nth}, seed {seed}");
            }
            disk.cut_power();
        }
    }

    #[test]
    fn an_older_state_beside_a_newer_journal_is_refused() {
        let disk = stopped(3);
        let old = disk.bytes_of(Name::State);
        let opened = open(&disk);
        (0..60).for_each(|n| store(&opened, n));
        opened.shutdown().expect("a clean stop");
        disk.overwrite(Name::State, 0, &old);
        assert!(matches!(refusal(&disk), OpenError::JournalDamaged { found: Some(_), .. }));
    }

    #[test]
    fn a_journal_or_state_that_is_missing_or_anothers_is_refused_by_name() {
        let disk = stopped(1);
        Disk::remove(&disk, Name::Journal).expect("removed");
        assert!(matches!(refusal(&disk), OpenError::JournalMissing));

        let disk = stopped(1);
        Disk::remove(&disk, Name::State).expect("removed");
        assert!(matches!(refusal(&disk), OpenError::StateMissing));

        let disk = stopped(1);
        disk.overwrite(Name::Journal, 0, &stopped(1).bytes_of(Name::Journal));
        assert!(matches!(refusal(&disk), OpenError::JournalForeign));

        let disk = stopped(1);
        disk.overwrite(Name::Journal, 20, b"!");
        assert!(matches!(refusal(&disk), OpenError::JournalDamaged { found: None, .. }));
    }

    fn with_own_row(key: &'static [u8], value: &[u8]) -> OpenError {
        let disk = stopped(1);
        let file = Disk::open(&disk, Name::State).expect("opened").expect("a state");
        let database = open_state(file, 1 << 20).expect("redb opens");
        let transaction = database.begin_write().expect("a transaction");
        transaction.open_table(OWN).expect("a table").insert(key, value).expect("inserted");
        transaction.commit().expect("committed");
        drop(database);
        refusal(&disk)
    }

    #[test]
    fn a_state_of_another_schema_or_other_limits_is_refused_by_name() {
        assert!(matches!(with_own_row(OWN_SCHEMA, &2u32.to_le_bytes()), OpenError::Newer { what: "state" }));
        assert!(matches!(with_own_row(OWN_SCHEMA, b""), OpenError::StateDamaged(_)));
        let limits = stored_limits().replace("KEY_BYTES_MAX=1024", "KEY_BYTES_MAX=512");
        let refused = with_own_row(OWN_LIMITS, limits.as_bytes());
        assert_eq!(
            refused.to_string(),
            "stored with KEY_BYTES_MAX=512, this deskbell has KEY_BYTES_MAX=1024"
        );
    }

    #[test]
    fn a_ring_of_another_size_takes_over_with_everything_in_it() {
        let disk = MemoryDisk::new();
        let opened = open(&disk);
        (0..20).for_each(|n| store(&opened, n));
        let wider = || Options { segments: 3, ..disk.after(PowerCut::LoseAll).options() };
        assert_eq!(count(&try_open(wider()).expect("a store opens")), 20);

        // Cut at every sync of the state in the change: the new ring names the old one.
        for nth in 0..8 {
            let cut = disk.after(PowerCut::LoseAll);
            cut.arm(Name::State, Op::Sync, nth, Fault::Fail);
            drop(try_open(Options { segments: 3, ..cut.options() }));
            for segments in [2, 3] {
                let again = Options { segments, ..cut.after(PowerCut::LoseAll).options() };
                assert_eq!(
                    count(&try_open(again).expect("a store opens")),
                    20,
                    "sync {nth}, {segments} segments"
                );
            }
        }
    }

    #[test]
    fn a_first_start_cut_anywhere_is_made_anew() {
        for nth in 0..12 {
            let disk = MemoryDisk::new();
            let (name, nth) = if nth < 4 { (Name::NewJournal, nth) } else { (Name::NewState, nth - 4) };
            disk.arm(name, Op::Write, nth, Fault::Fail);
            drop(try_open(disk.options()));
            let again = open(&disk.after(PowerCut::Shuffle(nth)));
            store(&again, 1);
            assert_eq!(count(&again), 1, "{name:?} {nth}");
        }
    }

    #[test]
    fn a_file_system_that_cannot_reserve_space_holds_a_store_all_the_same() {
        let disk = MemoryDisk::new();
        disk.refuse_to_reserve();
        let opened = open(&disk);
        store(&opened, 1);
        assert_eq!(count(&opened), 1);
    }

    #[test]
    fn a_ring_that_cannot_work_is_refused() {
        let options = Options { segments: 1, ..MemoryDisk::new().options() };
        assert!(matches!(try_open(options), Err(OpenError::Geometry)));
    }
}
