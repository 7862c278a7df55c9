//! A busy minute on a disk that meets trouble at its n-th write or sync, for every n (REQ B-5).
//!
//! The batches are such as a desk makes: a message, its conversation's record, a decision, and now and then an
//! end that takes rows away. Whatever the trouble, the store says its first cause and nothing more; and whatever
//! of the unsynced writes a power cut leaves, the next start has every acknowledged batch, each batch whole or not
//! at all, in order, and goes on working.
//!
//! `make crash` tries every n; here every few, begun at a place that the time of day chooses, so that runs differ.

use deskbell::store::faults::{Fault, MemoryDisk, Op, PowerCut};
use deskbell::store::{Cause, Direction, Failure, Name, Release, Store, SubmitError, Table};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);
/// Batches of the minute: four laps of the ring, so that each segment is checkpointed and used again.
const BATCHES: u64 = 120;
/// A conversation has so many messages, then it ends.
const MESSAGES: u64 = 7;

struct Acknowledge(Sender<u64>, u64);

impl Release for Acknowledge {
    fn release(self) {
        let _ = self.0.send(self.1);
    }
}

fn row(n: u64) -> [u8; 8] {
    n.to_be_bytes()
}

/// What batch `n` leaves of the conversation it belongs to: which one, and how many messages it has.
fn place(n: u64) -> (u64, u64) {
    (n / MESSAGES, n % MESSAGES)
}

/// Submits batch `n` of the minute; each changes several rows that must appear together.
fn submit(store: &Store<Acknowledge>, oks: &Sender<u64>, n: u64) -> Result<(), SubmitError> {
    let (conversation, seq) = place(n);
    let mut batch = store.batch();
    batch.put(Table::Messages, &row(n), &[b'm'; 180]);
    batch.put(Table::Conversations, &row(conversation), &row(seq));
    batch.put(Table::Decisions, &row(n), &[b'd'; 90]);
    if seq + 1 == MESSAGES {
        batch.delete(Table::Live, &row(conversation));
        batch.put(Table::Waiting, &row(conversation), b"over");
    } else {
        batch.put(Table::Live, &row(conversation), &row(seq));
    }
    batch.put(Table::Meta, b"last", &row(n));
    batch.release_after(Acknowledge(oks.clone(), n));
    store.submit(batch).map(|_| ()).map_err(|refused| refused.why)
}

/// The minute: alone, in bursts that share a sync, and with a checkpoint asked for in between. Gives what was
/// acknowledged and how it ended; nothing when not even the start succeeded.
fn busy_minute(disk: &MemoryDisk) -> Option<(Vec<u64>, Option<Failure>)> {
    let (told, failures) = channel();
    let mut options = disk.options();
    options.on_failure = Some(Box::new(move |failure| {
        let _ = told.send(failure);
    }));
    let (store, _) = Store::open(options).ok()?;
    let (sender, oks): (_, Receiver<u64>) = channel();
    let mut acknowledged = Vec::new();
    for n in 0..BATCHES {
        if submit(&store, &sender, n).is_err() {
            break;
        }
        // Two in five wait for their turn; the others come while the disk is busy.
        if n % 5 < 2 {
            while acknowledged.last() != Some(&n) && store.failed().is_none() {
                acknowledged.extend(oks.recv_timeout(Duration::from_millis(2)).ok());
            }
        }
        if n % 31 == 30 {
            store.checkpoint();
        }
    }
    let failed = store.failed();
    if let Some(first) = &failed {
        assert_eq!(submit(&store, &sender, 999), Err(SubmitError::Failed(first.clone())), "the first cause");
    }
    let at_stop = store.shutdown().err();
    assert!(failed.is_none() || failed == at_stop, "{failed:?}, then {at_stop:?}");
    assert_eq!(failures.try_recv().ok(), at_stop, "the process is told once, with its cause");
    drop(sender);
    acknowledged.extend(oks.iter());
    Some((acknowledged, at_stop))
}

/// Every row of a table: key and value.
fn rows(store: &Store<Acknowledge>, table: Table) -> Vec<(u64, Vec<u8>)> {
    store.reader().wait(store.durable(), PATIENCE).expect("applied");
    let page = store.reader().range(table, .., 1000, Direction::Forward).expect("a read");
    let number = |key: &[u8]| u64::from_be_bytes(key.try_into().expect("eight bytes"));
    page.rows.into_iter().map(|(key, value)| (number(&key), value)).collect()
}

/// What a start finds after this cut: the batches up to one that is no earlier than the last acknowledged, and of
/// each all or nothing. Then it works: one more is stored, and is there after another start.
fn holds_after(disk: &MemoryDisk, cut: PowerCut, acknowledged: &[u64], at: &str) {
    let again = disk.after(cut);
    let (store, _) =
        Store::<Acknowledge>::open(again.options()).unwrap_or_else(|error| panic!("{at}: {error:?}"));
    let messages: Vec<u64> = rows(&store, Table::Messages).iter().map(|row| row.0).collect();
    let stored = messages.len() as u64;
    assert_eq!(messages, (0..stored).collect::<Vec<_>>(), "{at}: in order, without a gap");
    assert!(stored >= acknowledged.len() as u64, "{at}: {} acknowledged, {stored} there", acknowledged.len());
    if stored > 0 {
        let (conversation, seq) = place(stored - 1);
        let last = store.reader().get(Table::Meta, b"last").expect("a read");
        assert_eq!(last.as_deref(), Some(&row(stored - 1)[..]), "{at}: the last batch is whole");
        let decisions = rows(&store, Table::Decisions);
        assert_eq!(decisions.len() as u64, stored, "{at}: each with its decision");
        let known = rows(&store, Table::Conversations);
        assert_eq!(known.last(), Some(&(conversation, row(seq).to_vec())), "{at}: its conversation");
        let open: Vec<u64> = rows(&store, Table::Live).iter().map(|row| row.0).collect();
        let over: Vec<u64> = rows(&store, Table::Waiting).iter().map(|row| row.0).collect();
        let ended = conversation + u64::from(seq + 1 == MESSAGES);
        assert_eq!(over, (0..ended).collect::<Vec<_>>(), "{at}: what is over is over");
        assert_eq!(open, (ended..=conversation).collect::<Vec<_>>(), "{at}: what is open is open");
    }
    let (sender, oks) = channel();
    submit(&store, &sender, stored).expect("submitted");
    assert_eq!(oks.recv_timeout(PATIENCE), Ok(stored), "{at}: it goes on");
    drop(store);
    let (store, _) =
        Store::<Acknowledge>::open(again.after(PowerCut::LoseAll).options()).expect("a third start");
    assert_eq!(rows(&store, Table::Messages).len() as u64, stored + 1, "{at}: what it went on with");
}

const CUTS: &[PowerCut] = &[
    PowerCut::LoseAll,
    PowerCut::KeepAll,
    PowerCut::TearLast(512),
    PowerCut::TearLast(3 * 512),
    PowerCut::Shuffle(1),
    PowerCut::Shuffle(2),
];

/// Every how many: 1 for all. By default a few, from a place that differs from run to run.
fn places() -> impl Fn(u64) -> bool {
    let every: u64 = std::env::var("CRASH_EVERY").ok().and_then(|text| text.parse().ok()).unwrap_or(41);
    let from = std::process::id() as u64 % every;
    move |nth| nth % every == from
}

/// The minute again and again, its trouble one operation later each time. Gives how often it came to a failure.
fn sweep(what: &str, arm: impl Fn(&MemoryDisk, u64), operations: impl Fn(&MemoryDisk) -> u64) -> u64 {
    let quiet = MemoryDisk::new();
    let (all, ended) = busy_minute(&quiet).expect("a quiet minute");
    assert_eq!((all.len() as u64, ended), (BATCHES, None));
    // How writes gather differs from run to run: a little beyond the end of the quiet one.
    let last = operations(&quiet) + 8;
    let (wanted, mut failures, mut minutes) = (places(), 0, 0);
    for nth in (0..last).filter(|&nth| wanted(nth)) {
        let disk = MemoryDisk::new();
        arm(&disk, nth);
        minutes += 1;
        let (acknowledged, failure) = busy_minute(&disk).unwrap_or_default();
        failures += u64::from(failure.is_some());
        assert_eq!(
            acknowledged,
            (0..acknowledged.len() as u64).collect::<Vec<_>>(),
            "{what} {nth}: in order"
        );
        for &cut in CUTS {
            holds_after(&disk, cut, &acknowledged, &format!("{what} {nth}, {cut:?}"));
        }
    }
    println!("crash  {what:<34} {last:>5} places, {minutes:>5} minutes tried, {failures:>5} ended by it");
    failures
}

#[test]
fn whichever_write_or_sync_meets_trouble_nothing_acknowledged_is_lost_and_nothing_half_done_shows() {
    for (trouble, fault) in
        [("fails", Fault::Fail), ("is the disk's last", Fault::Gone), ("is torn", Fault::Tear)]
    {
        let any = |disk: &MemoryDisk, nth| disk.arm_any(nth, fault);
        assert!(sweep(&format!("of both files: {trouble}"), any, MemoryDisk::operations) > 0);
        for (name, op) in [
            (Name::Journal, Op::Write),
            (Name::Journal, Op::Sync),
            (Name::State, Op::Write),
            (Name::State, Op::Sync),
        ] {
            let one = |disk: &MemoryDisk, nth| disk.arm(name, op, nth, fault);
            let count = |disk: &MemoryDisk| match op {
                Op::Write => disk.counts(name).writes,
                Op::Sync => disk.counts(name).syncs,
            };
            sweep(&format!("{name:?} {op:?} {trouble}"), one, count);
        }
    }
}

#[test]
fn space_that_runs_out_at_any_write_is_named_as_what_it_is_and_a_start_with_space_serves() {
    let wanted = places();
    let mut named = 0;
    let quiet = MemoryDisk::new();
    busy_minute(&quiet).expect("a quiet minute");
    for name in [Name::Journal, Name::State] {
        for nth in (0..quiet.counts(name).writes).filter(|&nth| wanted(nth)) {
            let disk = MemoryDisk::new();
            disk.arm(name, Op::Write, nth, Fault::NoSpace);
            let (acknowledged, failure) = busy_minute(&disk).unwrap_or_default();
            if let Some(failure) = failure {
                assert_eq!(failure.cause, Cause::NoSpace, "{name:?} {nth}: {failure}");
                named += 1;
            }
            holds_after(&disk, PowerCut::KeepAll, &acknowledged, &format!("no space, {name:?} {nth}"));
        }
    }
    assert!(named > 0, "space never ran out");
}

#[test]
fn a_power_cut_while_any_write_or_sync_is_under_way_loses_nothing() {
    let wanted = places();
    let quiet = MemoryDisk::new();
    busy_minute(&quiet).expect("a quiet minute");
    let mut met = 0;
    for nth in (0..quiet.operations()).filter(|&nth| wanted(nth)) {
        let disk = MemoryDisk::new();
        disk.arm_any(nth, Fault::Freeze);
        let (oks, left) = std::thread::scope(|scope| {
            let minute = scope.spawn(|| busy_minute(&disk));
            while !disk.is_frozen() && !minute.is_finished() {
                std::thread::sleep(Duration::from_micros(200));
            }
            met += u64::from(disk.is_frozen());
            // The other thread goes on meanwhile: the journal while the state is being written, and the reverse.
            std::thread::sleep(Duration::from_millis(2));
            disk.cut_power();
            let left: Vec<MemoryDisk> = CUTS.iter().map(|&cut| disk.after(cut)).collect();
            (minute.join().expect("no panic").unwrap_or_default().0, left)
        });
        for (cut, disk) in CUTS.iter().zip(left) {
            holds_after(&disk, PowerCut::LoseAll, &oks, &format!("frozen at {nth}, {cut:?}"));
        }
    }
    assert!(met > 0, "nothing froze");
}
