//! A small box filled to the brim: every conversation, every connection, outboxes whose clients do not read, sign-ins
//! at once; its memory stays below what it said at its start (REQ B-3). Slow: run by `make test-box`.

mod support;

use serde_json::{Value, json};
use support::Desk;
use tungstenite::client::IntoClientRequest;

const MIB: u64 = 1024 * 1024;

/// The most the process ever held, in bytes.
fn peak_bytes(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its peak");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
}

/// As much of a person as a frame and the limits allow.
fn person(number: usize) -> Value {
    let context: serde_json::Map<String, Value> =
        (0..30).map(|key| (format!("key{key}"), format!("{number}{}", "v".repeat(120)).into())).collect();
    let long = |name: &str| format!("https://shop.example/{name}/{}", "x".repeat(1900));
    let page = json!({"url": long("page"), "title": long("title"), "referrer": long("from")});
    json!({"page": page, "context": context})
}

#[test]
#[ignore = "fills a box: make test-box"]
fn a_box_filled_to_the_brim_stays_below_the_bound_it_told() {
    let limits = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let raised = rustix::process::Rlimit { current: limits.maximum, maximum: limits.maximum };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, raised).expect("raised");
    let desk = Desk::start(&["--profile", "board-512m"]);
    let log = desk.log();
    let told =
        log.split("at most ").find_map(|rest| rest.split_once(" MiB of memory")?.0.parse::<u64>().ok());
    let bound = told.expect("the bound is in the log") * MIB;
    let idle = peak_bytes(desk.pid());

    // Texts of four bytes a character, more of them than a tail keeps.
    let text = "\u{10348}".repeat(1000);
    let mut talking = Vec::new();
    for number in 0..256 {
        let mut customer = desk.customer("shop", person(number));
        customer.start(json!({"name": "\u{10348}".repeat(200), "comment": text}));
        for line in 0..6 {
            customer.say(&format!("c{line}"), &text);
        }
        talking.push(customer);
    }
    let mut one_more = desk.customer("shop", person(0));
    assert_eq!(one_more.socket.refused("start", json!({"comment": "one too many"})), "full");
    drop(one_more);
    let talked = peak_bytes(desk.pid());

    // Second windows that ask for history and never read it.
    let mut deaf = Vec::new();
    for customer in &talking[..60] {
        let stream = desk.stream();
        rustix::net::sockopt::set_socket_recv_buffer_size(&stream.sock, 4096).expect("a small window");
        let request = format!("wss://localhost:{}/ws/customer?widget=shop", desk.port);
        let request = request.into_client_request().expect("a request");
        let (mut socket, _) = tungstenite::client(request, stream).expect("upgraded");
        let mut send = |frame: Value| socket.send(tungstenite::Message::text(frame.to_string()));
        let resume = customer.welcome["resume"].as_str().expect("a secret");
        let _ = send(json!({"t": "hello", "id": 0, "resume": resume}));
        for id in 1..14 {
            let _ = send(json!({"t": "history", "id": id}));
        }
        deaf.push(socket);
    }
    // Everybody else who gets in, with as much of herself as may be told.
    let mut inside = Vec::new();
    while inside.len() < 1000 {
        let Ok(mut socket) = desk.socket("/ws/customer?widget=shop", &[]) else { break };
        let mut hello = person(inside.len());
        hello["t"] = "hello".into();
        hello["id"] = 0.into();
        socket.send(&hello);
        inside.push(socket);
    }
    assert!(inside.len() < 768, "there is a ceiling");
    // Sign-ins at once: each hash takes its 19 MiB, and there is a place for one.
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| desk.post("/api/v1/login", &json!({"username": "alice", "password": "wrong"})));
        }
    });
    let full = peak_bytes(desk.pid());
    println!(
        "idle {} MiB, 256 conversations {} MiB, with {} more sockets and {} deaf ones {} MiB, of {} MiB told",
        idle / MIB,
        talked / MIB,
        inside.len(),
        deaf.len(),
        full / MIB,
        bound / MIB
    );
    assert!(full <= bound, "{full} bytes, and {bound} were told");
    assert!(full > idle + 10 * MIB, "it was not filled at all");
    talking[0].say("after", "still served");
}
