//! A year of parked chats (REQ S0-11, S0-13, design "Waiting conversations hold no slot"): they cost disk, and
//! neither memory, nor a table, nor restart time; and whoever pages through a long one pays for the page.
//!
//! `cargo test` runs it small; `make test-box` at its full size.

mod support;

use std::time::{Duration, Instant};

use deskbell::shell::card::{Card, Customer};
use deskbell::shell::reads;
use deskbell::shell::records::{Author, Live, LivePhase, Message, Waiting};
use deskbell::store::records::Record;
use deskbell::store::{Options, Store, SubmitError, Table};
use serde_json::{Value, json};
use support::Desk;
use support::site::Site;

/// 2025-11-20T00:00:00Z.
const LAST_YEAR_MS: i64 = 1_763_596_800_000;

/// Writes past the box, as it would have written itself.
struct Writer {
    store: Store<()>,
    batch: deskbell::store::Batch<()>,
}

impl Writer {
    fn open(desk: &Desk) -> Writer {
        let (store, _) = Store::open(Options::new(&desk.dir)).expect("the box is down");
        let batch = store.batch();
        Writer { store, batch }
    }

    fn put(&mut self, table: Table, key: &[u8], record: &impl Record) {
        let mut value = Vec::new();
        record.encode(&mut value);
        self.put_bytes(table, key, &value);
    }

    fn put_bytes(&mut self, table: Table, key: &[u8], value: &[u8]) {
        self.batch.put(table, key, value);
        if self.batch.bytes() > 200_000 {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let mut batch = std::mem::replace(&mut self.batch, self.store.batch());
        while let Err(refused) = self.store.submit(batch) {
            assert_eq!(refused.why, SubmitError::Full);
            batch = refused.batch;
            std::thread::sleep(Duration::from_millis(1));
        }
        // The box admits nothing new while its journal is short of room; neither does this.
        while self.store.admission() != deskbell::store::Admission::Open {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn close(mut self) {
        self.flush();
        self.store.shutdown().expect("stored");
    }
}

fn parked_card(id: u64, visitor: u64, started_ms: i64) -> Card {
    Card {
        id,
        visitor,
        started_ms,
        workstream: "web-later".to_string(),
        queue: "front".to_string(),
        kind: "chat".to_string(),
        persistent: true,
        widget: Some("portal".to_string()),
        customer: Customer { name: format!("Customer {id}"), ..Customer::default() },
        state: "waiting".to_string(),
        agent: Some("alice".to_string()),
        agents: vec!["alice".to_string()],
        last_seq: 1,
        ..Card::default()
    }
}

fn parked(card: &Card) -> Waiting {
    let live = Live {
        workstream: card.workstream.clone(),
        queue: card.queue.clone(),
        kind: card.kind.clone(),
        persistent: true,
        arrived_ms: card.started_ms,
        phase: LivePhase::Waiting,
        last_seq: 1,
        sessions: Vec::new(),
        excluded: Vec::new(),
        offer_kind: 0,
        sender: None,
        preferred: None,
        round_ms: None,
        customer_lost_ms: None,
        frozen: false,
        left: false,
        conference: false,
    };
    Waiting { live, agent: "alice".to_string(), parked_ms: card.started_ms }
}

fn said(seq: u32, at_ms: i64) -> Message {
    let text = format!("message {seq} of a long acquaintance");
    Message { seq, at_ms, from: Author::Customer, text, code: None, client_id: None, delivery: None }
}

fn memory_kib(desk: &Desk) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", desk.pid())).expect("running");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a line");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}

/// The shortest of five tries: what it costs, without what else the machine was doing.
fn cost(mut run: impl FnMut()) -> Duration {
    let tries = (0..5).map(|_| {
        let began = Instant::now();
        run();
        began.elapsed()
    });
    tries.min().expect("five")
}

fn a_box_full_of_history(waiting: u64, messages: u32, conversations: u64) {
    let site = Site::new();
    let mut desk = Desk::start_with_text(&Site::desk(&[&site]), &["--wall-clock", "2026-11-23T09:00:00Z"]);
    let jan_says = |desk: &Desk| desk.customer("portal", json!({"jwt": site.token("jan")}));
    let (conversation, empty_kib) = {
        let mut alice = desk.agent("alice");
        let mut jan = jan_says(&desk);
        let conversation = jan.start(json!({"comment": "first"}));
        alice.take(&conversation);
        alice.socket.ok("park", json!({"conversation": conversation}));
        (conversation, memory_kib(&desk))
    };
    assert_eq!(desk.stop(), Some(0));
    let began = Instant::now();
    desk.start_again();
    let empty_start = began.elapsed();
    assert_eq!(desk.stop(), Some(0));

    let number = conversation[1..].parse::<u64>().expect("a number behind a letter");
    let mut writer = Writer::open(&desk);
    let stored = writer.store.reader().snapshot().expect("a snapshot");
    let card = reads::card(&stored, number).expect("read").expect("hers");
    drop(stored);
    for seq in card.last_seq + 1..=messages {
        writer.put(Table::Messages, &reads::message_key(number, seq), &said(seq, card.started_ms));
    }
    for at in 0..waiting {
        let id = 1_000 + at;
        let other = parked_card(id, 1_000_000 + at, LAST_YEAR_MS + at as i64 * 60_000);
        let waits = parked(&other);
        writer.put(Table::Conversations, &reads::conversation_key(id), &other);
        writer.put(Table::Messages, &reads::message_key(id, 1), &said(1, other.started_ms));
        writer.put(Table::Waiting, &reads::waiting_key(id), &waits);
        writer.put_bytes(Table::Waiting, &reads::waiting_agent_key("alice", waits.parked_ms, id), &[]);
        writer.put_bytes(Table::Waiting, &reads::waiting_time_key(waits.parked_ms, id), &[]);
    }
    for at in 0..conversations {
        let id = 500_000_000 + at;
        let mut earlier = parked_card(id, card.visitor, LAST_YEAR_MS + at as i64 * 60_000);
        earlier.state = "closed".to_string();
        earlier.ended_ms = Some(earlier.started_ms + 30_000);
        writer.put(Table::Conversations, &reads::conversation_key(id), &earlier);
        let key = reads::list_key(card.visitor, earlier.started_ms, id);
        writer.put_bytes(Table::VisitorConversations, &key, &[]);
    }
    writer.close();

    let began = Instant::now();
    desk.start_again();
    let full_start = began.elapsed();
    println!("start {empty_start:?} empty, {full_start:?} with {waiting} waiting");
    assert!(full_start < empty_start * 2 + Duration::from_millis(500), "{empty_start:?}, {full_start:?}");

    // The agent's list: the newest, and the rest by pages that all cost the same.
    let mut alice = desk.agent("alice");
    let shown = alice.welcome["sessions"].as_array().expect("sessions").len();
    assert!((10..=20).contains(&shown) && alice.welcome["parked_more"] == true, "{shown}");
    let middle = LAST_YEAR_MS + waiting as i64 / 2 * 60_000;
    let middle =
        jiff::Timestamp::from_millisecond(middle).expect("a time").strftime("%FT%T%.3fZ").to_string();
    let mut page = |before: Value| {
        cost(|| {
            let page = alice.socket.ok("parked", json!({"before": before, "limit": 20}));
            assert_eq!(page["sessions"].as_array().map(Vec::len), Some(20));
        })
    };
    let (newest, deep) = (page(Value::Null), page(json!(middle)));
    println!("a page of parked ones: newest {newest:?}, from the middle {deep:?}");
    assert!(deep < newest * 3 + Duration::from_millis(20));

    // A customer's: a long talk, and many.
    let mut jan = jan_says(&desk);
    assert_eq!(jan.welcome["conversation"]["id"], *conversation);
    assert_eq!(jan.welcome["messages"].as_array().map(Vec::len), Some(50));
    assert_eq!(jan.welcome["more"], true);
    assert_eq!(jan.welcome["earlier"].as_array().map(Vec::len), Some(20));
    let hello = cost(|| drop(jan_says(&desk)));
    let mut page = |before: u32| {
        cost(|| {
            let page = jan.socket.ok("history", json!({"before": before, "limit": 50}));
            let list = page["messages"].as_array().expect("messages");
            assert_eq!(list.last().map(|last| &last["seq"]), Some(&json!(before - 1)));
            assert_eq!(list.len(), 50);
        })
    };
    let (newest, oldest) = (page(messages), page(60));
    println!("a page of messages: newest {newest:?}, oldest {oldest:?}; hello {hello:?}");
    assert!(oldest < newest * 3 + Duration::from_millis(20));
    assert_eq!(jan.say("c1", "I am back")["seq"], u64::from(messages) + 2, "behind all of them");
    let full_kib = memory_kib(&desk);
    println!("memory {empty_kib} KiB empty, {full_kib} KiB full");
    assert!(full_kib < empty_kib + 24 * 1024, "{empty_kib} KiB, {full_kib} KiB");
}

#[test]
fn parked_conversations_cost_disk_and_nothing_else() {
    a_box_full_of_history(2_000, 2_000, 100);
}

#[test]
#[ignore = "writes 100,000 parked conversations: make test-box"]
fn a_hundred_thousand_parked_conversations_cost_disk_and_nothing_else() {
    a_box_full_of_history(100_000, 100_000, 1_000);
}
