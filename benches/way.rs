//! What a message costs on its way from a customer's socket to an agent's, counted and not timed, so that a busy
//! machine gives the same figures: instructions thread by thread and allocations, by callgrind; system calls, by
//! strace. Of the whole box, its TLS included; of nothing but the messages, since counting begins when everybody is
//! in talk.
//!
//! Needs valgrind and strace, and says so. The files callgrind wrote stay where the last line says:
//! `callgrind_annotate` shows who called what.

#[path = "support/mod.rs"]
mod support;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;
use smol::{LocalExecutor, Timer};
use support::{Demo, Socket};

const CUSTOMERS: usize = 64;
/// Ten sessions each, and all of them taken.
const AGENTS: usize = 7;
/// Lines of each customer in one count. Three counts stay below a customer's burst of twenty.
const LINES: usize = 6;
const IN_FLIGHT: [usize; 2] = [1, CUSTOMERS];

/// A thread of the box, by a function that only it runs.
const THREADS: [(&str, &str); 4] = [
    ("desk", "deskbell::shell::Shell::run"),
    ("journal", "deskbell::store::journal::run"),
    ("apply", "deskbell::store::apply::run"),
    ("gateway", "async_executor"),
];
const ALLOCATORS: [&str; 4] = ["malloc", "calloc", "realloc", "posix_memalign"];

/// Everybody in talk.
struct Branch {
    demo: Demo,
    agents: Vec<Socket>,
    customers: Vec<Socket>,
    said: usize,
}

impl Branch {
    async fn open(data: &Path, wrap: &[&str]) -> Branch {
        std::fs::create_dir(data).expect("a folder");
        let desk = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/load.toml");
        // Signed in while nobody counts: under valgrind a hash takes longer than a sign-in may.
        let mut tokens = Vec::new();
        let swift = Demo::start_with(data, 0, &[], &["--desk", desk]);
        for at in 1..=AGENTS {
            tokens.push(swift.login(&format!("a{at:02}")).await);
        }
        drop(swift);
        let demo = Demo::start_with(data, 0, wrap, &["--desk", desk]);
        let mut agents = Vec::new();
        for token in tokens {
            let mut socket = demo.socket("/ws/agent", Some(&token)).await;
            socket.until(|frame| frame["t"] == "welcome").await;
            agents.push(socket);
        }
        let mut customers = Vec::new();
        for _ in 0..CUSTOMERS {
            let mut socket = demo.customer().await;
            socket.send(json!({"t": "start", "id": 2, "comment": "hello"})).await;
            socket.until(|frame| frame["t"] == "state" && frame["state"] == "active").await;
            customers.push(socket);
        }
        let mut branch = Branch { demo, agents, customers, said: 0 };
        // What is made once is made.
        branch.talk(CUSTOMERS).await;
        branch
    }

    /// Every customer says her lines, with so many of them unanswered at a time, and every line reaches an agent.
    /// Gives how many that were.
    async fn talk(&mut self, in_flight: usize) -> usize {
        let (gate, executor) = (smol::lock::Semaphore::new(in_flight), LocalExecutor::new());
        let text = |line: usize| format!("line {line} of a talk about a lamp");
        let first = self.said;
        self.said += CUSTOMERS * LINES;
        let mut missing: HashSet<String> = (first..self.said).map(text).collect();
        let (heard, hears) = smol::channel::unbounded();
        let listening: Vec<_> = self
            .agents
            .iter_mut()
            .map(|agent| {
                let heard = heard.clone();
                executor.spawn(async move {
                    loop {
                        let frame = agent.until(|frame| frame["t"] == "message").await;
                        let _ = heard.send(frame["text"].as_str().unwrap_or_default().to_owned()).await;
                    }
                })
            })
            .collect();
        let talking: Vec<_> = self
            .customers
            .iter_mut()
            .enumerate()
            .map(|(at, customer)| {
                let gate = &gate;
                executor.spawn(async move {
                    for line in (first + at * LINES..).take(LINES) {
                        let _pass = gate.acquire().await;
                        let name = format!("c{line}");
                        customer
                            .send(json!({"t": "message", "id": line, "client_id": name, "text": text(line)}))
                            .await;
                        customer.until(|frame| frame["re"] == line).await;
                    }
                })
            })
            .collect();
        let all = async {
            for task in talking {
                task.await;
            }
            while !missing.is_empty() {
                missing.remove(&hears.recv().await.expect("agents listen"));
            }
        };
        let too_late = async {
            Timer::after(Duration::from_secs(300)).await;
            panic!("messages that reached nobody");
        };
        executor.run(smol::future::or(all, too_late)).await;
        drop(listening);
        CUSTOMERS * LINES
    }

    fn pid(&self) -> String {
        self.demo.pid().to_string()
    }
}

/// Runs a program of the tool's; false when it is not there or does not like it.
fn runs(program: &str, arguments: &[&str]) -> bool {
    let ran = Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    ran.is_ok_and(|status| status.success())
}

/// Instructions by thread, and allocations, of what callgrind has written.
#[derive(Default)]
struct Cost {
    instructions: BTreeMap<&'static str, u64>,
    allocations: u64,
}

impl Cost {
    fn add(&mut self, dump: &str) {
        let total = dump.lines().find_map(|line| line.strip_prefix("totals: "));
        let total: u64 = total.and_then(|total| total.trim().parse().ok()).unwrap_or(0);
        let thread =
            THREADS.iter().find(|(_, function)| dump.contains(function)).map_or("other", |(name, _)| name);
        *self.instructions.entry(thread).or_default() += total;
        // `cfn=(12) malloc` names a function the first time and is `cfn=(12)` from then on; a `calls=` follows.
        let mut names = HashMap::new();
        let mut allocates = false;
        for line in dump.lines() {
            if let Some((kind, function)) = line.split_once("fn=") {
                let (id, name) = function.split_once(' ').unwrap_or((function, ""));
                let name = *names.entry(id).or_insert(name);
                allocates = kind == "c" && ALLOCATORS.contains(&name);
            } else if let Some(calls) = line.strip_prefix("calls=")
                && std::mem::take(&mut allocates)
            {
                let calls = calls.split(' ').next().and_then(|calls| calls.parse::<u64>().ok());
                self.allocations += calls.unwrap_or(0);
            }
        }
    }
}

async fn count_instructions(dir: &Path) {
    let out = dir.join("callgrind");
    let file = format!("--callgrind-out-file={}", out.display());
    let wrap = ["valgrind", "--tool=callgrind", "--instr-atstart=no", "--separate-threads=yes", &file];
    let mut branch = Branch::open(&dir.join("under-callgrind"), &wrap).await;
    let pid = branch.pid();
    let control =
        |order: &[&str]| assert!(runs("callgrind_control", &[order, &[pid.as_str()]].concat()), "{order:?}");
    control(&["-i", "on"]);
    println!("{:>9} {:>62} {:>12}", "in flight", "instructions a message, by thread", "allocations");
    for (count, in_flight) in (1..).zip(IN_FLIGHT) {
        control(&["-z"]);
        let messages = branch.talk(in_flight).await as u64;
        control(&["-d"]);
        let mut cost = Cost::default();
        for file in files(dir, &format!("callgrind.{count}-")) {
            cost.add(&std::fs::read_to_string(file).expect("readable"));
        }
        let threads: Vec<String> =
            cost.instructions.iter().map(|(name, total)| format!("{name} {}", total / messages)).collect();
        let sum: u64 = cost.instructions.values().sum();
        println!(
            "{in_flight:>9} {:>62} {:>12.1}",
            format!("{} = {}", sum / messages, threads.join(" + ")),
            cost.allocations as f64 / messages as f64
        );
    }
}

fn files(dir: &Path, begin: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).expect("readable").flatten();
    entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(begin))
        .map(|entry| entry.path())
        .collect()
}

async fn count_calls(dir: &Path) {
    let mut branch = Branch::open(&dir.join("under-strace"), &[]).await;
    println!("{:>9} {:>12}   the most frequent", "in flight", "system calls");
    for in_flight in IN_FLIGHT {
        let summary = dir.join(format!("strace-{in_flight}"));
        let strace = Command::new("strace")
            .args(["-c", "-f", "-U", "calls,name", "-o"])
            .arg(&summary)
            .args(["-p", &branch.pid()])
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut strace) = strace else { return println!("no strace") };
        // It says nothing when it has attached.
        Timer::after(Duration::from_secs(1)).await;
        let messages = branch.talk(in_flight).await as f64;
        assert!(runs("kill", &["-INT", &strace.id().to_string()]), "told to sum up");
        let _ = strace.wait();
        let text = std::fs::read_to_string(&summary).unwrap_or_default();
        let rows: Vec<(f64, &str)> = text
            .lines()
            .filter_map(|line| line.trim().split_once(' '))
            .filter_map(|(calls, name)| Some((calls.parse().ok()?, name.trim())))
            .collect();
        let total = rows.iter().find(|row| row.1 == "total").map_or(0.0, |row| row.0);
        let most = rows.iter().filter(|row| row.1 != "total").take(9);
        let most: Vec<String> = most.map(|(calls, name)| format!("{name} {:.2}", calls / messages)).collect();
        println!("{in_flight:>9} {:>12.1}   {}", total / messages, most.join(", "));
    }
}

fn main() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let dir = dir.keep();
    println!("a customer's message of 33 bytes to her agent, {CUSTOMERS} customers, {AGENTS} agents");
    if runs("strace", &["-V"]) {
        smol::block_on(count_calls(&dir));
    } else {
        println!("no strace: system calls not counted");
    }
    if runs("valgrind", &["--version"]) {
        smol::block_on(count_instructions(&dir));
    } else {
        println!("no valgrind: instructions and allocations not counted");
    }
    println!("{}", dir.display());
}
