//! One durable message, three ways in the same run: a bare fdatasync loop, the store, and redb alone.
//!
//! `cargo bench --bench store`; `STORE_BENCH_SECONDS` sets how long each way runs in each of three rounds.
//! Compare figures of one run only: they are the disk's before they are the program's.

use deskbell::store::{Batch, Options, Release, Store, Table};
use redb::{Database, TableDefinition};
use std::error::Error;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

const MESSAGE: [u8; 200] = [b'm'; 200];
const CONVERSATION: [u8; 100] = [b'c'; 100];
const ROUNDS: usize = 3;
const IN_FLIGHT: u64 = 64;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let seconds = std::env::var("STORE_BENCH_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(2.0);
    let time = Duration::from_secs_f64(seconds);
    // Beside the build, not in /tmp, which may be memory.
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let mut rounds = Vec::new();
    for round in 0..ROUNDS {
        let dir = dir.path().join(round.to_string());
        std::fs::create_dir(&dir)?;
        rounds.push([
            median_ms(fdatasync_loop(&dir, time)?),
            median_ms(store_alone(&dir, time)?),
            median_ms(redb_alone(&dir, time)?),
            store_in_flight(&dir, time)?,
        ]);
    }
    let middle = |column: usize| median(rounds.iter().map(|round| round[column]).collect());
    let floor = middle(0);
    println!("one durable message, medians of {ROUNDS} rounds of {seconds} s");
    println!("  4 KiB and fdatasync, in a loop   {floor:8.3} ms");
    println!("  store, 1 in flight               {:8.3} ms   {:.2} x", middle(1), middle(1) / floor);
    println!("  redb alone, 1 in flight          {:8.3} ms   {:.2} x", middle(2), middle(2) / floor);
    println!("  store, {IN_FLIGHT} in flight              {:8.0} messages/s", middle(3));
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn median_ms(times: Vec<Duration>) -> f64 {
    median(times.iter().map(|time| time.as_secs_f64() * 1000.0).collect())
}

/// Repeats `once` for a while, and gives how long each took.
fn repeat(time: Duration, mut once: impl FnMut(u64) -> Outcome<()>) -> Outcome<Vec<Duration>> {
    let begun = Instant::now();
    let mut times = Vec::new();
    while begun.elapsed() < time || times.len() < 10 {
        let start = Instant::now();
        once(times.len() as u64)?;
        times.push(start.elapsed());
    }
    Ok(times)
}

/// The floor: overwriting blocks of a file whose every byte has been written before.
fn fdatasync_loop(dir: &Path, time: Duration) -> Outcome<Vec<Duration>> {
    const BLOCKS: u64 = 4096;
    let file = File::create(dir.join("floor"))?;
    file.write_all_at(&vec![0; 4096 * BLOCKS as usize], 0)?;
    file.sync_all()?;
    repeat(time, |n| {
        file.write_all_at(&[n as u8; 4096], n % BLOCKS * 4096)?;
        Ok(file.sync_data()?)
    })
}

struct Tell(Sender<()>);

impl Release for Tell {
    fn release(self) {
        let _ = self.0.send(());
    }
}

fn open_store(dir: &Path, name: &str) -> Outcome<(Store<Tell>, Sender<()>, Receiver<()>)> {
    let (store, _) = Store::open(Options::new(dir.join(name)))?;
    let (tell, told) = channel();
    Ok((store, tell, told))
}

/// A message and its conversation, as the desk would change them.
fn message(mut batch: Batch<Tell>, n: u64, tell: &Sender<()>) -> Batch<Tell> {
    batch.put(Table::Messages, &n.to_be_bytes(), &MESSAGE);
    batch.put(Table::Live, &(n % 500).to_be_bytes(), &CONVERSATION);
    batch.release_after(Tell(tell.clone()));
    batch
}

fn store_alone(dir: &Path, time: Duration) -> Outcome<Vec<Duration>> {
    let (store, tell, told) = open_store(dir, "alone")?;
    let times = repeat(time, |n| {
        store.submit(message(store.batch(), n, &tell)).map_err(|refused| refused.why.to_string())?;
        Ok(told.recv()?)
    })?;
    store.shutdown()?;
    Ok(times)
}

/// Messages a second with so many always on their way, applying and checkpoints included.
fn store_in_flight(dir: &Path, time: Duration) -> Outcome<f64> {
    let (store, tell, told) = open_store(dir, "in-flight")?;
    let submit =
        |n| store.submit(message(store.batch(), n, &tell)).map_err(|refused| refused.why.to_string());
    for n in 0..IN_FLIGHT {
        submit(n)?;
    }
    let begun = Instant::now();
    let mut done = 0u64;
    while begun.elapsed() < time {
        told.recv()?;
        done += 1;
        submit(IN_FLIGHT + done)?;
    }
    store.reader().wait(store.durable(), Duration::from_secs(60))?;
    let rate = done as f64 / begun.elapsed().as_secs_f64();
    let last = store.reader().get(Table::Messages, &(done - 1).to_be_bytes())?;
    assert_eq!(last.as_deref(), Some(&MESSAGE[..]), "the last message told of can be read");
    store.shutdown()?;
    Ok(rate)
}

fn redb_alone(dir: &Path, time: Duration) -> Outcome<Vec<Duration>> {
    const MESSAGES: TableDefinition<&[u8], &[u8]> = TableDefinition::new("messages");
    const LIVE: TableDefinition<&[u8], &[u8]> = TableDefinition::new("live");
    let database = Database::create(dir.join("redb"))?;
    repeat(time, |n| {
        let transaction = database.begin_write()?;
        transaction.open_table(MESSAGES)?.insert(n.to_be_bytes().as_slice(), MESSAGE.as_slice())?;
        transaction.open_table(LIVE)?.insert((n % 500).to_be_bytes().as_slice(), CONVERSATION.as_slice())?;
        Ok(transaction.commit()?)
    })
}
