//! A branch at work, driven from a process of its own over real TLS: customers who write, agents who get it, and how
//! long a message takes from the one to the other with its bytes on the disk. `make load` runs it three times: on this
//! machine's disk, on one whose every sync takes 20 ms, and within one core and 512 MiB.
//!
//! The desk is `load.toml`. A refusal of any kind ends the run: what is measured is work that was done.

#[path = "support/mod.rs"]
mod support;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use smol::{LocalExecutor, Timer};
use support::{Demo, Socket, device_kib, fdatasync_loop, percentile};

const AGENTS: usize = 50;
/// Sessions an agent may have (REQ S2-32).
const SESSIONS_EACH: usize = 10;
/// Connected beside the talkers, with nothing to say.
const SILENT: usize = 500;
/// In flight, and lines of each customer: together below a customer's burst of twenty.
const PHASES: [(usize, usize); 4] = [(1, 1), (16, 4), (64, 6), (256, 6)];
/// Few enough to be heard again by the box before it asks whether they are there.
const TRICKLERS: usize = 10;
/// Each connection is asked once in it whether it is there.
const IDLE: Duration = Duration::from_secs(20);
const BLOCK: usize = 4096;
const ECHOES: usize = 400;

fn number(name: &str, otherwise: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// When each text was sent, until somebody has it.
#[derive(Default)]
struct Ledger {
    sent: RefCell<HashMap<String, Instant>>,
    taken_ms: RefCell<Vec<f64>>,
    last: Cell<Option<Instant>>,
}

impl Ledger {
    fn got(&self, text: &str) {
        if let Some(begin) = self.sent.borrow_mut().remove(text) {
            self.taken_ms.borrow_mut().push(begin.elapsed().as_secs_f64() * 1e3);
            self.last.set(Some(Instant::now()));
        }
    }

    /// Sorted, and emptied.
    fn take(&self) -> Vec<f64> {
        let mut all = self.taken_ms.take();
        all.sort_by(f64::total_cmp);
        all
    }
}

async fn agent(demo: &Demo, at: usize) -> Socket {
    let token = demo.login(&format!("a{:02}", at + 1)).await;
    let mut socket = demo.socket("/ws/agent", Some(&token)).await;
    socket.until(|frame| frame["t"] == "welcome").await;
    socket
}

async fn customer(demo: &Demo) -> Socket {
    let mut socket = demo.customer().await;
    socket.send(json!({"t": "start", "id": 2, "comment": "hello"})).await;
    socket.until(|frame| frame["re"] == 2).await;
    socket
}

/// A small frame there and back through the same TLS, upgrade and limits, and no desk behind it.
async fn echo_floor(demo: &Demo) -> f64 {
    let mut socket = demo.socket("/ws/echo", None).await;
    let mut samples = Vec::with_capacity(ECHOES);
    for at in 0..ECHOES {
        let begin = Instant::now();
        socket.send(json!({ "t": "echo", "at": at })).await;
        socket.next().await;
        samples.push(begin.elapsed().as_secs_f64() * 1e3);
        // An echo has a limit of rate too.
        Timer::after(Duration::from_millis(5)).await;
    }
    samples.sort_by(f64::total_cmp);
    percentile(&samples, 50.0)
}

/// What the device writes for a block a second that is written and synced: the block, and the file system's own journal
/// with the file's time stamp, each time its commit interval (`commit=` of ext4, five seconds) is over.
fn block_a_second(dir: &Path, seconds: usize) -> Option<f64> {
    let path = dir.join("floor");
    let mut file = File::create(&path).expect("a file");
    file.write_all(&vec![0; seconds * BLOCK]).expect("written");
    let before = device_kib(dir)?;
    for at in 0..seconds {
        file.write_all_at(&[7; BLOCK], (at * BLOCK) as u64).expect("written");
        file.sync_data().expect("synced");
        std::thread::sleep(Duration::from_secs(1));
    }
    let kib = (device_kib(dir)? - before) as f64 / seconds as f64;
    let _ = std::fs::remove_file(path);
    Some(kib)
}

struct Run<'d> {
    demo: &'d Demo,
    data: &'d Path,
    ledger: Rc<Ledger>,
    customers: RefCell<Vec<Socket>>,
    lines: Cell<usize>,
}

impl Run<'_> {
    /// Every customer says so many lines, with so many of them unanswered at a time.
    async fn phase(&self, executor: &LocalExecutor<'_>, in_flight: usize, lines: usize) {
        let gate = Rc::new(smol::lock::Semaphore::new(in_flight));
        let (cpu, device, begin) = (self.demo.cpu_s(), device_kib(self.data), Instant::now());
        let mut tasks = Vec::new();
        for mut socket in self.customers.take() {
            let (gate, ledger) = (Rc::clone(&gate), Rc::clone(&self.ledger));
            let first = self.lines.get();
            self.lines.set(first + lines);
            tasks.push(executor.spawn(async move {
                for line in first..first + lines {
                    let _pass = gate.acquire().await;
                    say(&mut socket, &ledger, line).await;
                }
                socket
            }));
        }
        let sent = tasks.len() * lines;
        for task in tasks {
            let socket = task.await;
            self.customers.borrow_mut().push(socket);
        }
        self.settle().await;
        let spent = self.ledger.last.get().map_or(0.0, |last| last.duration_since(begin).as_secs_f64());
        let samples = self.ledger.take();
        assert_eq!(samples.len(), sent, "every message reached its agent");
        println!(
            "{in_flight:>4} in flight  {:>7.0} messages/s   p50 {:>8.3}  p99 {:>8.3}  p99.9 {:>8.3} ms   {:>6.1} us CPU{}",
            sent as f64 / spent,
            percentile(&samples, 50.0),
            percentile(&samples, 99.0),
            percentile(&samples, 99.9),
            (self.demo.cpu_s() - cpu) * 1e6 / sent as f64,
            written(device, device_kib(self.data), sent),
        );
    }

    /// One message a second: what a quiet branch writes, checkpoints included.
    async fn trickle(&self, executor: &LocalExecutor<'_>, seconds: usize) {
        let device = device_kib(self.data);
        let mut customers = self.customers.take();
        let quiet = customers.split_off(TRICKLERS.min(customers.len()));
        let quiet = listen_in(executor, quiet);
        for at in 0..seconds {
            let line = self.lines.get();
            self.lines.set(line + 1);
            let many = customers.len();
            say(&mut customers[at % many], &self.ledger, line).await;
            Timer::after(Duration::from_secs(1)).await;
        }
        drop(quiet);
        self.settle().await;
        let samples = self.ledger.take();
        println!(
            "one a second, {seconds} s               p50 {:>8.3}  p99 {:>8.3} ms{}",
            percentile(&samples, 50.0),
            percentile(&samples, 99.0),
            written(device, device_kib(self.data), seconds),
        );
    }

    async fn settle(&self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !self.ledger.sent.borrow().is_empty() {
            assert!(Instant::now() < deadline, "messages that reached nobody");
            Timer::after(Duration::from_millis(2)).await;
        }
    }
}

/// Sockets that say nothing, and answer the box when it asks whether they are there: else it hangs up after its minute.
fn listen_in(executor: &LocalExecutor<'_>, sockets: Vec<Socket>) -> Vec<smol::Task<()>> {
    let listening = sockets.into_iter().map(|mut socket| {
        executor.spawn(async move {
            loop {
                socket.next().await;
            }
        })
    });
    listening.collect()
}

async fn say(socket: &mut Socket, ledger: &Ledger, line: usize) {
    let text = format!("line {line} of a talk about a lamp");
    ledger.sent.borrow_mut().insert(text.clone(), Instant::now());
    let id = 10 + line;
    socket.send(json!({"t": "message", "id": id, "client_id": format!("c{line}"), "text": text})).await;
    socket.until(|frame| frame["re"] == id).await;
}

fn written(before: Option<u64>, after: Option<u64>, messages: usize) -> String {
    match (before, after) {
        (Some(before), Some(after)) => {
            format!("   {:>5.1} KiB on the device each", (after - before) as f64 / messages as f64)
        }
        _ => String::new(),
    }
}

async fn drive<'d>(
    executor: &LocalExecutor<'d>,
    demo: &'d Demo,
    data: &'d Path,
    many: usize,
    trickle: usize,
) {
    println!("floor: TLS echo, there and back                 p50 {:.3} ms", echo_floor(demo).await);
    let ledger = Rc::new(Ledger::default());
    let mut listening = Vec::new();
    for at in 0..AGENTS {
        let mut socket = agent(demo, at).await;
        let ledger = Rc::clone(&ledger);
        listening.push(executor.spawn(async move {
            loop {
                let frame: Value = socket.next().await;
                assert!(frame["t"] != "error", "an agent is refused: {frame}");
                if frame["t"] == "message" && frame["from"]["kind"] == "customer" {
                    ledger.got(frame["text"].as_str().unwrap_or_default());
                }
            }
        }));
    }
    let (resident, begin) = (demo.resident(), Instant::now());
    let mut customers = Vec::with_capacity(many);
    for _ in 0..many {
        customers.push(customer(demo).await);
    }
    println!(
        "{many} customers with {AGENTS} agents: {:.1} KiB and {:.2} ms of the driver each, conversation included",
        (demo.resident().saturating_sub(resident)) as f64 / many as f64,
        begin.elapsed().as_secs_f64() * 1e3 / many as f64,
    );
    let mut silent = Vec::with_capacity(SILENT);
    for _ in 0..SILENT {
        silent.push(demo.customer().await);
    }
    let silent = listen_in(executor, silent);
    println!(
        "{AGENTS} agents, {} customers, {many} open conversations: {:.1} MiB resident",
        many + SILENT,
        demo.resident() as f64 / 1024.0
    );
    let run = Run { demo, data, ledger, customers: RefCell::new(customers), lines: Cell::new(0) };
    for (in_flight, lines) in PHASES {
        run.phase(executor, in_flight, lines).await;
    }
    let (cpu, begin) = (demo.cpu_s(), Instant::now());
    Timer::after(IDLE).await;
    println!(
        "idle with {} connections: {:.3} % of a core",
        many + SILENT + AGENTS,
        (demo.cpu_s() - cpu) / begin.elapsed().as_secs_f64() * 100.0
    );
    if trickle > 0 {
        run.trickle(executor, trickle).await;
    }
    println!("resident at the end: {:.1} MiB", demo.resident() as f64 / 1024.0);
    drop((listening, silent));
}

fn main() {
    let many = number("LOAD_CUSTOMERS", AGENTS * SESSIONS_EACH).min(AGENTS * SESSIONS_EACH);
    let trickle = number("LOAD_TRICKLE_S", 120);
    let wrap = std::env::var("LOAD_WRAP").unwrap_or_default();
    let wrap: Vec<&str> = wrap.split_whitespace().collect();
    let disk = std::env::var("LOAD_DIR").unwrap_or_else(|_| env!("CARGO_TARGET_TMPDIR").to_owned());
    let dir = tempfile::tempdir_in(disk).expect("a folder on the disk under test");
    println!("floor: append 4 KiB + fdatasync                 p50 {:.3} ms", fdatasync_loop(dir.path()));
    if trickle > 0
        && let Some(kib) = block_a_second(dir.path(), (trickle / 4).max(10))
    {
        println!("floor: one block and fdatasync a second         {kib:.1} KiB on the device each");
    }
    let data = dir.path().join("data");
    std::fs::create_dir(&data).expect("a folder");
    let desk = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/load.toml");
    let demo = Demo::start_with(&data, 0, &wrap, &["--desk", desk]);
    let executor = LocalExecutor::new();
    smol::block_on(executor.run(drive(&executor, &demo, &data, many, trickle)));
}
