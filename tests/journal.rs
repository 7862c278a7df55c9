//! What the store promises, with the power cut, the disk failing and the space gone: driven on a disk in
//! memory that does all that on demand.

use deskbell::store::faults::{Fault, MemoryDisk, Op, PowerCut, SECTOR_BYTES};
use deskbell::store::{
    Admission, Cause, Direction, Failure, Name, OpenError, Opened, Options, ReadError, Release, Sequence,
    Store, SubmitError, Table,
};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

const BLOCK: usize = 4096;
const PATIENCE: Duration = Duration::from_secs(10);

/// Tells the test that the message with this number may leave the box.
struct Acknowledge(Sender<u64>, u64);

impl Release for Acknowledge {
    fn release(self) {
        let _ = self.0.send(self.1);
    }
}

/// A store, and the acknowledgements that came out of it.
struct Desk {
    store: Store<Acknowledge>,
    oks: Receiver<u64>,
    sender: Sender<u64>,
    opened: Opened,
}

impl Desk {
    fn try_open(options: Options) -> Result<Desk, OpenError> {
        let (store, opened) = Store::open(options)?;
        let (sender, oks) = channel();
        Ok(Desk { store, oks, sender, opened })
    }

    fn open(disk: &MemoryDisk) -> Desk {
        Desk::try_open(disk.options()).expect("a store opens")
    }

    /// Submits message `n`, to be acknowledged as `n`.
    fn send(&self, n: u64, text: &[u8]) -> Result<Sequence, SubmitError> {
        let mut batch = self.store.batch();
        batch.put(Table::Messages, &n.to_be_bytes(), text);
        batch.release_after(Acknowledge(self.sender.clone(), n));
        self.store.submit(batch).map_err(|refused| refused.why)
    }

    /// Submits message `n` and waits for its acknowledgement.
    fn say(&self, n: u64, text: &[u8]) {
        self.send(n, text).expect("submitted");
        assert_eq!(self.oks.recv_timeout(PATIENCE), Ok(n));
    }

    /// Waits until everything durable can be read.
    fn settle(&self) {
        self.store.reader().wait(self.store.durable(), PATIENCE).expect("applied in time");
    }

    fn settle_unless_frozen(&self, disk: &MemoryDisk) {
        until("applied or frozen", || self.store.applied() == self.store.durable() || disk.is_frozen());
    }

    fn text(&self, n: u64) -> Option<Vec<u8>> {
        self.settle();
        self.store.reader().get(Table::Messages, &n.to_be_bytes()).expect("a read")
    }

    /// The numbers of all messages stored.
    fn messages(&self) -> Vec<u64> {
        self.settle();
        let page = self.store.reader().range(Table::Messages, .., 1000, Direction::Forward).expect("a read");
        assert!(!page.more);
        page.rows
            .iter()
            .map(|(key, _)| u64::from_be_bytes(key[..].try_into().expect("eight bytes")))
            .collect()
    }
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..2000 {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    panic!("never came: {what}");
}

/// Sequence and block of the newest entry of the journal, read as documented in `ring.rs`.
fn newest_entry(disk: &MemoryDisk) -> (u64, usize) {
    let bytes = disk.bytes_of(Name::Journal);
    let entries = bytes.chunks(BLOCK).enumerate().filter(|(_, block)| block.starts_with(b"bell"));
    let numbered =
        entries.map(|(index, block)| (u64::from_le_bytes(block[32..40].try_into().expect("8")), index));
    numbered.max().expect("an entry")
}

#[test]
fn what_was_acknowledged_survives_a_power_cut_and_nothing_is_replayed_twice() {
    let disk = MemoryDisk::new();
    let desk = Desk::open(&disk);
    assert!(desk.opened.fresh);
    (1..=5).for_each(|n| desk.say(n, b"hello"));
    let again = Desk::open(&disk.after(PowerCut::LoseAll));
    // The run's own first entry, and five messages.
    assert_eq!((again.opened.fresh, again.opened.recovered), (false, 6));
    assert_eq!(again.messages(), [1, 2, 3, 4, 5]);
    assert_eq!(again.text(3).as_deref(), Some(&b"hello"[..]));
}

#[test]
fn a_start_after_a_clean_stop_replays_nothing() {
    let disk = MemoryDisk::new();
    let desk = Desk::open(&disk);
    desk.say(1, b"hello");
    // A reader keeps redb open, so that its own last words do not stand in for the checkpoint.
    let _reader = desk.store.reader();
    desk.store.shutdown().expect("a clean stop");
    let again = Desk::open(&disk.after(PowerCut::LoseAll));
    assert_eq!(again.opened.recovered, 0);
    assert_eq!(again.text(1).as_deref(), Some(&b"hello"[..]));
}

#[test]
fn a_checkpoint_that_was_asked_for_spares_the_next_start_the_replay() {
    let disk = MemoryDisk::new();
    let desk = Desk::open(&disk);
    desk.say(1, b"hello");
    desk.settle();
    let before = disk.counts(Name::State).syncs;
    desk.store.checkpoint();
    until("checkpoint", || Desk::open(&disk.after(PowerCut::LoseAll)).opened.recovered == 0);
    // With nothing outstanding another one costs nothing.
    let after = disk.counts(Name::State).syncs;
    assert!(after > before);
    desk.store.checkpoint();
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(disk.counts(Name::State).syncs, after);
}

#[test]
fn a_batch_torn_anywhere_is_there_whole_or_not_at_all() {
    let disk = MemoryDisk::new();
    let desk = Desk::open(&disk);
    (1..=3).for_each(|n| desk.say(n, b"before"));
    disk.arm(Name::Journal, Op::Sync, 0, Fault::Freeze);
    let mut batch = desk.store.batch();
    batch.put(Table::Messages, &8u64.to_be_bytes(), &[b'x'; 5000]);
    batch.put(Table::Messages, &9u64.to_be_bytes(), &[b'y'; 1000]);
    desk.store.submit(batch).expect("submitted");
    until("frozen sync", || disk.is_frozen());
    for kept in (0..=2 * BLOCK).step_by(SECTOR_BYTES) {
        let torn = disk.after(PowerCut::TearLast(kept));
        let again = Desk::open(&torn);
        // 80 bytes of header and 6,030 of changes; the rest is padding.
        let whole = kept >= 6144;
        assert_eq!(
            again.messages(),
            if whole { &[1, 2, 3, 8, 9][..] } else { &[1, 2, 3] },
            "{kept} bytes kept"
        );
        again.say(4, b"after");
        drop(again);
        let third = Desk::open(&torn.after(PowerCut::LoseAll));
        assert!(third.text(4).is_some() && third.text(9).is_some() == whole, "{kept} bytes kept");
    }
    disk.thaw();
}

#[test]
fn many_laps_leave_only_the_last_state_and_no_stale_batch_comes_back() {
    let disk = MemoryDisk::new();
    let desk = Desk::open(&disk);
    // One block each: 120 entries are almost four laps of 32 blocks.
    for n in 0..120u64 {
        desk.say(n % 7, &n.to_le_bytes());
    }
    let again = Desk::open(&disk.after(PowerCut::LoseAll));
    for n in 113..120u64 {
        assert_eq!(again.text(n % 7).as_deref(), Some(&n.to_le_bytes()[..]));
    }
    // An earlier lap's entry right behind the end of the chain.
    drop(again);
    let stale = disk.after(PowerCut::LoseAll);
    let (_, end) = newest_entry(&stale);
    let bytes = stale.bytes_of(Name::Journal);
    let old = (1..bytes.len() / BLOCK).filter(|&block| block != end).nth(4).expect("an older block");
    let behind = if end == 32 { 1 } else { end + 1 };
    stale.overwrite(Name::Journal, behind * BLOCK, &bytes[old * BLOCK..][..BLOCK]);
    let third = Desk::open(&stale);
    assert_eq!(third.opened.sequence, Sequence(newest_entry(&disk).0));
    assert_eq!(third.text(119 % 7).as_deref(), Some(&119u64.to_le_bytes()[..]));
}

#[test]
fn a_put_of_an_earlier_batch_does_not_undo_a_later_delete() {
    let disk = MemoryDisk::new();
    let desk = Desk::open(&disk);
    desk.say(1, b"soon gone");
    desk.say(2, b"stays");
    let mut batch = desk.store.batch();
    batch.delete(Table::Messages, &1u64.to_be_bytes());
    batch.release_after(Acknowledge(desk.sender.clone(), 0));
    desk.store.submit(batch).expect("submitted");
    assert_eq!(desk.oks.recv_timeout(PATIENCE), Ok(0));
    desk.store.checkpoint();
    until("checkpoint", || Desk::open(&disk.after(PowerCut::LoseAll)).opened.recovered == 0);
    desk.say(3, b"after the checkpoint");
    for cut in [PowerCut::LoseAll, PowerCut::KeepAll] {
        assert_eq!(Desk::open(&disk.after(cut)).messages(), [2, 3]);
    }
}

#[test]
fn a_batch_header_in_a_message_does_not_pass_for_a_batch() {
    let disk = MemoryDisk::new();
    let desk = Desk::open(&disk);
    desk.say(1, b"hello");
    let (newest, end) = newest_entry(&disk);
    let journal = disk.bytes_of(Name::Journal);
    // The forger knows all but what is random: the ring's id, and the checksum of the entry before his.
    let mut forged = journal[end * BLOCK..][..80].to_vec();
    forged[8..16].fill(0);
    let mut delete = vec![Table::Messages as u8 | 0x80, 8, 0];
    delete.extend_from_slice(&1u64.to_be_bytes());
    forged[5] = 1;
    forged[16..32].fill(7);
    forged[32..40].copy_from_slice(&(newest + 2).to_le_bytes());
    forged[44..48].copy_from_slice(&(delete.len() as u32).to_le_bytes());
    forged.extend_from_slice(&delete);
    sign(&mut forged);
    // The header and one change's head stand before the text, so the forgery starts the second block.
    let mut text = vec![b'.'; BLOCK - 80 - 15];
    text.extend_from_slice(&forged);
    disk.arm(Name::Journal, Op::Sync, 0, Fault::Freeze);
    desk.send(2, &text).expect("submitted");
    until("frozen sync", || disk.is_frozen());
    assert_eq!(&disk.bytes_of(Name::Journal)[(end + 2) * BLOCK..][..forged.len()], forged);

    // The first block never came to be: the run's first entry takes its place, right before the forgery.
    let torn = disk.after(PowerCut::KeepAll);
    torn.overwrite(Name::Journal, (end + 1) * BLOCK, &[0; BLOCK]);
    let again = Desk::open(&torn);
    assert_eq!(newest_entry(&torn).0, newest + 2, "the forgery is in place");
    let third = Desk::open(&torn.after(PowerCut::LoseAll));
    assert_eq!((third.opened.recovered, third.messages()), (newest + 1, vec![1]));

    // Nor with the ring's id leaked: it does not continue the chain.
    forged[8..16].copy_from_slice(&journal[end * BLOCK + 8..][..8]);
    sign(&mut forged);
    torn.overwrite(Name::Journal, (end + 2) * BLOCK, &forged);
    let fourth = Desk::open(&torn.after(PowerCut::LoseAll));
    assert_eq!((fourth.opened.recovered, fourth.messages()), (newest + 1, vec![1]));
    assert_eq!(again.messages(), [1]);
    disk.thaw();
}

/// Gives a forged entry the checksum its own salt asks for.
fn sign(forged: &mut [u8]) {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &forged[16..32]);
    let mut context = ring::hmac::Context::with_key(&key);
    context.update(&forged[..64]);
    context.update(&forged[80..]);
    forged[64..80].copy_from_slice(&context.sign().as_ref()[..16]);
}

#[test]
fn a_power_cut_around_every_sync_of_a_checkpoint_loses_nothing() {
    for nth in 0..8 {
        let disk = MemoryDisk::new();
        let desk = Desk::open(&disk);
        disk.arm(Name::State, Op::Sync, nth, Fault::Freeze);
        let mut said = 0;
        // The second segment is full before the ring blocks; with the checkpoint frozen the oks go on.
        while !disk.is_frozen() && said < 60 {
            said += 1;
            desk.say(said, b"before and while");
            desk.settle_unless_frozen(&disk);
        }
        for cut in
            [PowerCut::LoseAll, PowerCut::KeepAll, PowerCut::Shuffle(nth), PowerCut::Shuffle(nth + 100)]
        {
            let again = Desk::open(&disk.after(cut));
            assert_eq!(again.messages(), (1..=said).collect::<Vec<_>>(), "sync {nth}, {cut:?}");
        }
        disk.cut_power();
    }
}

#[test]
fn a_power_cut_at_the_first_write_into_a_reused_segment_loses_nothing() {
    let disk = MemoryDisk::new();
    let desk = Desk::open(&disk);
    let first_block = |disk: &MemoryDisk| disk.bytes_of(Name::Journal)[BLOCK..2 * BLOCK].to_vec();
    let old = first_block(&disk);
    let mut said = 0;
    while first_block(&disk) == old {
        said += 1;
        disk.arm(Name::Journal, Op::Sync, 0, Fault::Freeze);
        desk.send(said, b"message").expect("submitted");
        until("frozen sync", || disk.is_frozen());
        if first_block(&disk) == old {
            disk.thaw();
            assert_eq!(desk.oks.recv_timeout(PATIENCE), Ok(said));
        }
    }
    for kept in (0..=BLOCK).step_by(SECTOR_BYTES) {
        let again = Desk::open(&disk.after(PowerCut::TearLast(kept)));
        let messages = again.messages();
        assert_eq!(messages[..said as usize - 1], (1..said).collect::<Vec<_>>(), "{kept} bytes kept");
    }
    disk.thaw();
}

#[test]
fn a_full_ring_waits_for_its_checkpoint_and_a_start_from_it_overwrites_nothing() {
    let disk = MemoryDisk::new();
    let desk = Desk::open(&disk);
    disk.arm(Name::State, Op::Sync, 0, Fault::Freeze);
    // 32 blocks, one of them the run's first entry.
    (1..=31).for_each(|n| desk.say(n, b"message"));
    until("the checkpoint", || disk.is_frozen());
    desk.send(32, b"no room").expect("submitted");
    assert_eq!(desk.oks.recv_timeout(Duration::from_millis(50)).ok(), None);
    let full = disk.after(PowerCut::LoseAll);
    for nth in 0..6 {
        let start = full.after(PowerCut::LoseAll);
        start.arm(Name::State, Op::Sync, nth, Fault::Fail);
        let cut_short = Desk::try_open(start.options());
        let again = Desk::open(&start.after(PowerCut::LoseAll));
        assert_eq!(again.messages(), (1..=31).collect::<Vec<_>>(), "sync {nth}");
        drop(cut_short);
    }
    disk.thaw();
    assert_eq!(desk.oks.recv_timeout(PATIENCE), Ok(32));
}

#[test]
fn what_arrives_during_a_sync_shares_the_next_and_leaves_in_order_after_it() {
    let disk = MemoryDisk::new();
    let desk = Desk::open(&disk);
    let before = disk.counts(Name::Journal).syncs;
    disk.arm(Name::Journal, Op::Sync, 0, Fault::Freeze);
    desk.send(0, b"first").expect("submitted");
    until("frozen sync", || disk.is_frozen());
    for n in 1..=100 {
        if n % 10 == 0 {
            // Nothing to store, yet it must not overtake.
            let mut batch = desk.store.batch();
            batch.release_after(Acknowledge(desk.sender.clone(), n));
            let sequence = desk.store.submit(batch).expect("submitted");
            assert_eq!(sequence, desk.store.submitted());
        } else {
            desk.send(n, b"while it runs").expect("submitted");
        }
    }
    assert_eq!(desk.oks.recv_timeout(Duration::from_millis(50)).ok(), None, "nothing leaves before the sync");
    assert!(desk.store.durable() < desk.store.submitted());
    disk.thaw();
    let left: Vec<u64> = (0..=100).map_while(|_| desk.oks.recv_timeout(PATIENCE).ok()).collect();
    assert_eq!(left, (0..=100).collect::<Vec<_>>());
    let syncs = disk.counts(Name::Journal).syncs - before;
    assert!(syncs <= 6, "91 batches took {syncs} syncs");
}

#[test]
fn a_batch_without_changes_costs_no_sync() {
    let disk = MemoryDisk::new();
    let desk = Desk::open(&disk);
    let before = disk.counts(Name::Journal);
    let mut batch = desk.store.batch();
    batch.release_after(Acknowledge(desk.sender.clone(), 1));
    desk.store.submit(batch).expect("submitted");
    assert_eq!(desk.oks.recv_timeout(PATIENCE), Ok(1));
    assert_eq!(disk.counts(Name::Journal), before);
}

/// Sixty messages, laps and checkpoints included, on a disk on which one operation fails. Gives what was acknowledged
/// and the failure, if the fault was reached.
fn busy_minute(disk: &MemoryDisk) -> (Vec<u64>, Option<Failure>) {
    let (told, failures) = channel();
    let mut options = disk.options();
    options.on_failure = Some(Box::new(move |failure| {
        let _ = told.send(failure);
    }));
    let Ok(desk) = Desk::try_open(options) else { return (Vec::new(), None) };
    for n in 1..=60 {
        if desk.send(n, &[b'm'; 300]).is_err() {
            break;
        }
        if n % 4 != 0 {
            let _ = desk.store.reader().wait(desk.store.submitted(), Duration::from_millis(200));
        }
    }
    let reader = desk.store.reader();
    let _ = reader.wait(desk.store.submitted(), PATIENCE);
    let failure = desk.store.failed();
    if let Some(first) = &failure {
        assert_eq!(desk.send(99, b"too late"), Err(SubmitError::Failed(first.clone())));
        assert_eq!(reader.get(Table::Messages, b""), Err(ReadError::Failed(first.clone())));
    }
    drop(reader);
    let Desk { store, oks, .. } = desk;
    let at_stop = store.shutdown().err();
    assert!(failure.is_none() || failure == at_stop, "{failure:?}, then {at_stop:?}");
    assert_eq!(failures.try_recv().ok(), at_stop, "told once, and of the first");
    (oks.try_iter().collect(), at_stop)
}

#[test]
fn the_first_failing_operation_is_final_and_the_next_start_finds_every_acknowledged_message() {
    for (name, op) in [
        (Name::Journal, Op::Write),
        (Name::Journal, Op::Sync),
        (Name::State, Op::Write),
        (Name::State, Op::Sync),
    ] {
        let mut reached = 0;
        for nth in 0.. {
            let disk = MemoryDisk::new();
            disk.arm(name, op, nth, Fault::Fail);
            let (oks, failure) = busy_minute(&disk);
            let counts = disk.counts(name);
            let operations = if op == Op::Write { counts.writes } else { counts.syncs };
            if operations <= nth {
                break;
            }
            reached += u64::from(failure.is_some());
            assert!(oks.is_sorted(), "{oks:?}");
            for cut in [PowerCut::LoseAll, PowerCut::KeepAll, PowerCut::Shuffle(nth)] {
                let again = Desk::open(&disk.after(cut));
                let messages = again.messages();
                let contiguous = (1..=messages.len() as u64).collect::<Vec<_>>();
                assert_eq!(messages, contiguous, "{name:?} {op:?} {nth} {cut:?}");
                assert!(
                    messages.len() >= oks.len(),
                    "{name:?} {op:?} {nth} {cut:?}: {} acknowledged",
                    oks.len()
                );
            }
        }
        assert!(reached >= 4, "{name:?} {op:?} failed a running store {reached} times");
    }
}

#[test]
fn a_failed_sync_is_not_believed_by_the_next_start() {
    let disk = MemoryDisk::new();
    let desk = Desk::open(&disk);
    desk.say(1, b"stored");
    disk.arm(Name::Journal, Op::Sync, 0, Fault::Fail);
    desk.send(2, b"never stored").expect("submitted");
    until("failure", || desk.store.failed().is_some());
    assert_eq!(desk.oks.try_recv().ok(), None);
    // The system still has the write in memory, and reads it back to whoever asks.
    assert_eq!(Desk::open(&disk.after(PowerCut::KeepAll)).messages(), [1]);
}

#[test]
fn a_full_queue_refuses_by_name_and_hands_the_batch_back() {
    let disk = MemoryDisk::new();
    let desk = Desk::open(&disk);
    disk.arm(Name::Journal, Op::Sync, 0, Fault::Freeze);
    let large = vec![0; 15 * 1024];
    let mut sent = 0;
    let refused = loop {
        let mut batch = desk.store.batch();
        batch.put(Table::Messages, &(sent % 10u64).to_be_bytes(), &large);
        batch.release_after(Acknowledge(desk.sender.clone(), sent));
        match desk.store.submit(batch) {
            Ok(_) => sent += 1,
            Err(refused) => break refused,
        }
        assert!(sent < 10_000, "never full");
    };
    assert_eq!(refused.why, SubmitError::Full);
    assert!(refused.batch.bytes() > large.len());
    disk.thaw();
    let left: Vec<u64> = (0..sent).map_while(|_| desk.oks.recv_timeout(PATIENCE).ok()).collect();
    assert_eq!(left, (0..sent).collect::<Vec<_>>());
    desk.store.submit(refused.batch).expect("there is room again");
    assert_eq!(desk.oks.recv_timeout(PATIENCE), Ok(sent));
}

#[test]
fn what_can_never_fit_is_refused_by_name() {
    let desk = Desk::open(&MemoryDisk::new());
    assert_eq!(desk.send(1, &[0; 17 * 1024]), Err(SubmitError::TooLarge));
    let mut batch = desk.store.batch();
    batch.put(Table::WorkItems, &[b'k'; 70_000], b"");
    assert_eq!(desk.store.submit(batch).map_err(|refused| refused.why), Err(SubmitError::TooLarge));
    desk.say(1, b"others go on");
}

#[test]
fn a_checkpoint_delays_no_ok_and_a_state_that_lags_closes_the_door_until_it_has_caught_up() {
    let disk = MemoryDisk::new();
    let desk = Desk::open(&disk);
    disk.arm(Name::State, Op::Sync, 0, Fault::Freeze);
    let mut said = 0;
    while desk.store.admission() == Admission::Open {
        said += 1;
        desk.say(said, b"while the checkpoint runs");
        assert!(said < 40, "the door never closed");
    }
    assert_eq!(desk.store.admission(), Admission::RingLow);
    assert!(said > 16, "the first segment was not yet full");
    until("the checkpoint", || disk.is_frozen());
    disk.thaw();
    until("the door opens", || desk.store.admission() == Admission::Open);
    desk.say(said + 1, b"after");
    assert_eq!(desk.messages().len() as u64, said + 1);
}

#[test]
fn what_nobody_waits_to_read_is_applied_together_and_at_once_when_somebody_does() {
    let disk = MemoryDisk::new();
    let patient = || Options { linger: Duration::from_secs(600), ..disk.options() };
    let desk = Desk::try_open(patient()).expect("a store opens");
    (1..=10).for_each(|n| desk.say(n, b"lingers"));
    assert_eq!(desk.store.applied(), Sequence(0), "nobody has asked");
    assert_eq!(desk.text(10).as_deref(), Some(&b"lingers"[..]), "somebody asks");
    assert_eq!(desk.store.applied(), desk.store.durable());
    // Four laps of the ring: a full segment does not linger, or the journal would stand still.
    (11..=140).for_each(|n| desk.say(n, &[b'm'; 3000]));
    desk.store.shutdown().expect("a clean stop, and it does not linger either");
    let again = Desk::try_open(patient()).expect("a store opens");
    assert_eq!((again.opened.recovered, again.messages().len()), (0, 140));
    again.say(141, b"lingers");
    drop(again.store);
    let last = Desk::open(&disk);
    assert_eq!(last.text(141).as_deref(), Some(&b"lingers"[..]), "and is replayed when it lingered too long");
}

/// Room for a store, its ballast and its doors: 128 KiB of ring make 256 KiB for a checkpoint.
const NEEDED: u64 = 256 * 1024 + 64 * 1024;

fn with_ballast(disk: &MemoryDisk) -> Options {
    Options { reserve_bytes: 64 * 1024, ballast_bytes: 256 * 1024, ..disk.options() }
}

#[test]
fn space_running_out_closes_the_doors_one_by_one_and_they_reopen_by_themselves() {
    let disk = MemoryDisk::new();
    let desk = Desk::try_open(with_ballast(&disk)).expect("a store opens");
    assert_eq!(desk.store.admission(), Admission::Open);
    desk.say(1, b"ample");
    desk.settle();
    for (n, free, expected) in [
        (2, NEEDED + NEEDED / 4, Admission::StorageLow),
        (3, NEEDED - 1, Admission::StorageFull),
        (4, NEEDED + NEEDED / 8, Admission::StorageFull),
        (5, 4 * NEEDED, Admission::Open),
    ] {
        disk.set_capacity(disk.used_bytes() + free);
        // What is under way is still stored; then the doors are looked at.
        desk.say(n, b"tight");
        until("the door", || desk.store.admission() == expected);
        assert_eq!(desk.text(1).as_deref(), Some(&b"ample"[..]), "reads go on");
    }
    disk.set_capacity(disk.used_bytes() + NEEDED - 1);
    desk.say(6, b"tight again");
    until("closed", || desk.store.admission() == Admission::StorageFull);
    disk.set_capacity(disk.used_bytes() + 4 * NEEDED);
    // Nothing is said any more, and yet.
    until("reopened", || desk.store.admission() == Admission::Open);
}

#[test]
fn a_start_without_space_drops_the_ballast_and_makes_it_anew_when_there_is_some() {
    let disk = MemoryDisk::new();
    let desk = Desk::try_open(with_ballast(&disk)).expect("a store opens");
    (1..=20).for_each(|n| desk.say(n, &[b'm'; 3000]));
    assert!(disk.has(Name::Ballast));
    let full = disk.after(PowerCut::LoseAll);
    full.set_capacity(full.used_bytes());
    let again = Desk::try_open(with_ballast(&full)).expect("a store opens on a full disk");
    assert!(again.opened.ballast_dropped && !full.has(Name::Ballast));
    assert_eq!(again.store.admission(), Admission::StorageFull);
    assert_eq!(again.messages(), (1..=20).collect::<Vec<_>>());
    full.set_capacity(full.used_bytes() + 6 * NEEDED);
    until("reopened", || again.store.admission() == Admission::Open && full.has(Name::Ballast));
    again.say(21, b"room again");
    again.store.shutdown().expect("a clean stop");
}

#[test]
fn space_that_runs_out_in_spite_of_all_is_a_failure_of_its_own_name() {
    let disk = MemoryDisk::new();
    let desk = Desk::open(&disk);
    disk.arm(Name::Journal, Op::Write, 0, Fault::NoSpace);
    desk.send(1, b"no room").expect("submitted");
    until("failure", || desk.store.failed().is_some());
    assert_eq!(desk.store.failed().map(|failure| failure.cause), Some(Cause::NoSpace));
}

#[test]
fn a_data_directory_serves_one_store_at_a_time_and_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().expect("a directory");
    let options =
        || Options { segment_bytes: 64 * 1024, ballast_bytes: 4096, ..Options::new(dir.path().join("data")) };
    let desk = Desk::try_open(options()).expect("a store opens");
    desk.say(1, b"hello");
    assert!(matches!(Desk::try_open(options()).map(|_| ()), Err(OpenError::InUse)));
    for (file, mode) in [("", 0o700), ("journal", 0o600), ("state.redb", 0o600), ("ballast", 0o600)] {
        let metadata = std::fs::metadata(dir.path().join("data").join(file)).expect(file);
        assert_eq!(metadata.permissions().mode() & 0o777, mode, "{file}");
    }
    desk.store.shutdown().expect("a clean stop");
    let again = Desk::try_open(options()).expect("a store opens again");
    assert_eq!((again.opened.recovered, again.messages()), (0, vec![1]));
}
