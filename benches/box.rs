//! The whole box as a process of its own, over real TLS: what a message costs on its way to the disk and to the
//! other side, what a connection costs in memory, how fast a start is. Each figure beside a floor measured in
//! the same run on the same disk.

#[path = "support/mod.rs"]
mod support;

use std::fs::File;
use std::time::{Duration, Instant};

use serde_json::json;
use support::{Demo, device_kib, fdatasync_loop, percentile};

const ROUND_TRIPS: usize = 600;
const TALKERS: usize = 400;
/// Below a customer's burst, so that no limit of rate is touched.
const LINES_EACH: usize = 18;
const IN_FLIGHT: usize = 64;
const IDLE: usize = 1_000;

async fn round_trips(demo: &Demo) -> Vec<f64> {
    let token = demo.login("alice").await;
    let mut alice = demo.socket("/ws/agent", Some(&token)).await;
    alice.until(|frame| frame["t"] == "welcome").await;
    let mut samples = Vec::new();
    // A customer's burst is twenty: each conversation gives fewer.
    while samples.len() < ROUND_TRIPS {
        let mut customer = demo.customer().await;
        customer.send(json!({"t": "start", "id": 2, "comment": "hello"})).await;
        let started = customer.until(|frame| frame["re"] == 2).await;
        let conversation = started["conversation"].clone();
        let offer =
            alice.until(|frame| frame["t"] == "notification" && frame["conversation"] == conversation).await;
        alice.send(json!({"t": "accept", "id": 3, "notification": offer["id"]})).await;
        alice.until(|frame| frame["t"] == "session" && frame["conversation"] == conversation).await;
        for line in 0..LINES_EACH {
            let text = format!("line {line}");
            let begin = Instant::now();
            customer
                .send(json!({"t": "message", "id": 10 + line, "client_id": format!("c{line}"), "text": text}))
                .await;
            alice.until(|frame| frame["t"] == "message" && frame["text"] == text.as_str()).await;
            samples.push(begin.elapsed().as_secs_f64() * 1e3);
        }
        alice.send(json!({"t": "end", "id": 4, "conversation": conversation})).await;
        alice.until(|frame| frame["re"] == 4).await;
        alice.send(json!({"t": "wrapup", "id": 5, "conversation": conversation, "reason": "solved"})).await;
        alice.until(|frame| frame["re"] == 5).await;
    }
    samples.sort_by(f64::total_cmp);
    samples
}

/// Messages a second, on disk, with so many in flight: each talker waits for her answer.
async fn throughput(demo: &Demo) -> (f64, usize) {
    let gate = smol::lock::Semaphore::new(IN_FLIGHT);
    let executor = smol::LocalExecutor::new();
    let mut talkers = Vec::new();
    for _ in 0..TALKERS {
        let mut customer = demo.customer().await;
        customer.send(json!({"t": "start", "id": 2})).await;
        customer.until(|frame| frame["re"] == 2).await;
        talkers.push(customer);
    }
    let begin = Instant::now();
    let tasks: Vec<_> = talkers
        .into_iter()
        .map(|mut customer| {
            let gate = &gate;
            executor.spawn(async move {
                for line in 0..LINES_EACH {
                    let _pass = gate.acquire().await;
                    let id = 10 + line;
                    customer
                        .send(json!({"t": "message", "id": id, "client_id": format!("c{line}"), "text": "one line of a talk"}))
                        .await;
                    customer.until(|frame| frame["re"] == id).await;
                }
                customer
            })
        })
        .collect();
    let mut kept = Vec::new();
    executor
        .run(async {
            for task in tasks {
                kept.push(task.await);
            }
        })
        .await;
    let count = TALKERS * LINES_EACH;
    (count as f64 / begin.elapsed().as_secs_f64(), count)
}

fn main() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder on the disk under test");
    let floor = fdatasync_loop(dir.path());
    println!("floor: append 4 KiB + fdatasync                 p50 {floor:.3} ms");
    let data = dir.path().join("data");
    std::fs::create_dir(&data).expect("a folder");
    let mut demo = Demo::start(&data, 0);
    println!("first start (makes certificates, hashes)        {:>8.0} ms", demo.ready.as_secs_f64() * 1e3);
    std::thread::sleep(Duration::from_secs(1));
    let idle = demo.resident();
    println!("resident, demo desk, idle                       {:>8.1} MiB", idle as f64 / 1024.0);

    let (before, samples) = (device_kib(&data), smol::block_on(round_trips(&demo)));
    let (p50, p99) = (percentile(&samples, 50.0), percentile(&samples, 99.0));
    println!(
        "customer sends, agent has it, on disk           p50 {p50:.3} ms ({:.1} x floor), p99 {p99:.3} ms",
        p50 / floor
    );
    if let (Some(before), Some(after)) = (before, device_kib(&data)) {
        println!(
            "device writes a message, 1 in flight            {:>8.1} KiB (all of the machine's writes)",
            (after - before) as f64 / samples.len() as f64
        );
    }
    let before = device_kib(&data);
    let (rate, count) = smol::block_on(throughput(&demo));
    println!(
        "messages/s on disk, {IN_FLIGHT} in flight               {rate:>8.0} ({:.2} x one a floor sync)",
        rate * floor / 1e3
    );
    if let (Some(before), Some(after)) = (before, device_kib(&data)) {
        println!(
            "device writes a message, {IN_FLIGHT} in flight           {:>8.1} KiB",
            (after - before) as f64 / count as f64
        );
    }
    let before = demo.resident();
    let sockets = smol::block_on(async {
        let mut sockets = Vec::new();
        for _ in 0..IDLE {
            sockets.push(demo.customer().await);
        }
        sockets
    });
    std::thread::sleep(Duration::from_secs(1));
    let after = demo.resident();
    println!(
        "resident a customer's idle socket ({IDLE})        {:>8.1} KiB",
        (after.saturating_sub(before)) as f64 / IDLE as f64
    );
    drop(sockets);
    demo.kill();
    let (port, data) = (demo.port, demo.dir.clone());
    let again = Demo::start(&data, port);
    println!("start after SIGKILL                             {:>8.0} ms", again.ready.as_secs_f64() * 1e3);
    let size = File::open(env!("CARGO_BIN_EXE_deskbell"))
        .and_then(|file| file.metadata())
        .map_or(0, |meta| meta.len());
    println!("binary                                          {:>8.1} MiB", size as f64 / f64::from(1 << 20));
}
