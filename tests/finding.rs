//! Conversations are found again: by words, time, agent, queue, workstream, contact and state; masked, paged, and in
//! bounded time on a million messages (REQ B-11, D-15).

mod support;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use deskbell::finding::trace::Trace;
use deskbell::masking::{Masker, Settings};
use deskbell::shell::card::{Card, Customer};
use deskbell::shell::reads;
use deskbell::shell::records::{Author, Message};
use deskbell::shell::search::{Query, search};
use deskbell::store::records::Record;
use deskbell::store::{Options, Store, SubmitError, Table};
use serde_json::{Value, json};
use support::{Desk, PATIENCE, Reply};

fn get(desk: &Desk, token: &str, path: &str) -> Reply {
    desk.http("GET", path, &[("authorization", &format!("Bearer {token}"))], "")
}

fn find(desk: &Desk, token: &str, query: &str) -> Value {
    let reply = get(desk, token, &format!("/api/v1/conversations?{query}"));
    assert_eq!(reply.status, 200, "{query}: {}", reply.body);
    reply.json()
}

fn ids(found: &Value) -> Vec<String> {
    let rows = found["rows"].as_array().expect("rows");
    rows.iter().map(|row| row["id"].as_str().expect("an id").to_owned()).collect()
}

/// Text as it stands in a query.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

fn by_text(desk: &Desk, token: &str, text: &str) -> Vec<String> {
    ids(&find(desk, token, &format!("text={}", encoded(text))))
}

#[test]
fn a_conversation_is_found_by_what_was_said_and_by_nothing_that_is_masked() {
    let mut desk = Desk::start(&["--wall-clock", "2026-03-04T10:20:00Z"]);
    let sofie = desk.login("sofie");
    let mut alice = desk.agent("alice");
    let mut customer = desk.customer("shop", json!({}));
    let hers = customer.start(json!({"name": "Jiří Řezník", "comment": "Where is my délivery?"}));
    alice.take(&hers);
    customer.say("m1", "My card is 4111 1111 1111 1111, mail kocourek@gmail.com, call +31612345678.");
    alice.say(&hers, "a1", "The lamp leaves the warehouse on Thursday.");
    alice.socket.ok("note", json!({"conversation": hers, "text": "promised a voucher"}));
    let mut bob = desk.agent("bob");
    alice.socket.ok("presence", json!({"status": "do_not_disturb"}));
    let mut other = desk.customer("shop", json!({}));
    let his = other.start(json!({"name": "Eva Lund", "comment": "Is the chair in stock?"}));
    bob.take(&his);

    let check = |desk: &Desk| {
        let seen = |text: &str| by_text(desk, &sofie, text);
        // Case and accents make no difference, the beginning of a word is enough, every word must be there.
        for text in
            ["delivery", "DÉLIV", "reznik", "Řez jiri", "lamp thursday", "vouch", "w", "delivery lamp"]
        {
            assert_eq!(seen(text), [hers.as_str()], "{text}");
        }
        for text in [
            "ivery",
            "lamp chair",
            "umbrella",
            "kocourek@",
            "koco",
            "41111",
            "4111 1111 1111 1111",
            "612345678",
            "6123",
        ] {
            assert_eq!(seen(text), Vec::<String>::new(), "{text}");
        }
        assert_eq!(seen("is"), [his.clone(), hers.clone()], "newest first");
        // Digit by digit nothing but what staff see can be felt for.
        for digits in 0..10_000 {
            if digits % 97 == 0 {
                let text = format!("{digits:04}");
                let shown = "1111".starts_with(&text) || "5678".starts_with(&text);
                assert_eq!(!seen(&text).is_empty(), shown, "{text}");
            }
        }
        assert_eq!(seen("1111"), [hers.as_str()], "the last four are there to be read");
        let row = &find(desk, &sofie, "text=warehouse")["rows"][0];
        assert_eq!(row["customer"], json!({"name": "Jiří Řezník", "initials": "JŘ"}));
        assert_eq!(row["passage"]["text"], "The lamp leaves the warehouse on Thursday.");
        assert_eq!(json!([row["passage"]["from"], row["passage"]["name"]]), json!(["agent", "Alice Jansen"]));
        let masked = &find(desk, &sofie, "text=mail")["rows"][0]["passage"]["text"];
        let text = masked.as_str().expect("a passage");
        assert!(text.contains("k*******@gmail.com") && text.contains("************1111"), "{text}");
        assert!(!find(desk, &sofie, "").to_string().contains("612345"));
    };
    check(&desk);
    // Both have closed, and a restart later they are found as before.
    customer.socket.ok("end", json!({}));
    alice
        .socket
        .ok("wrapup", json!({"conversation": hers, "reason": "solved", "comment": "umbrellas are out"}));
    other.socket.ok("end", json!({}));
    bob.socket.ok("wrapup", json!({"conversation": his, "reason": "solved"}));
    assert_eq!(by_text(&desk, &sofie, "umbrella"), [hers.as_str()], "a wrap-up's comment");
    // Each agent finds her own.
    let all = |token: &str| ids(&find(&desk, token, "state=closed"));
    assert_eq!((all(&alice.token), all(&bob.token)), (vec![hers.clone()], vec![his.clone()]));
    assert_eq!(all(&sofie), [his.clone(), hers.clone()]);
    assert_eq!(ids(&find(&desk, &bob.token, "text=delivery&agent=alice")), Vec::<String>::new());
    std::thread::sleep(Duration::from_millis(2_500));
    desk.kill();
    desk.drop_option("--wall-clock");
    desk.start_again();
    assert_eq!(by_text(&desk, &sofie, "umbrella lamp"), [hers.as_str()]);
    assert_eq!(by_text(&desk, &sofie, "41111"), Vec::<String>::new());
    assert_eq!(by_text(&desk, &sofie, "umbrella chair"), Vec::<String>::new());
}

#[test]
fn every_filter_narrows_and_pages_join_without_gap_or_repeat() {
    let desk = Desk::start(&["--wall-clock", "2026-03-04T10:20:00Z", "--clock-speed", "60"]);
    let sofie = desk.login("sofie");
    let mut alice = desk.agent("alice");
    let melissa = json!({"name": "Melissa", "email": "melissa@gmail.com", "comment": "a chair"});
    let mut one = desk.customer("shop", json!({}));
    let first = one.start(melissa);
    let session = alice.take(&first);
    let contact = session["customer"]["contact"].as_str().expect("a stored contact").to_owned();
    one.socket.ok("end", json!({}));
    alice.socket.ok("wrapup", json!({"conversation": first, "reason": "solved"}));
    let ended = get(&desk, &sofie, &format!("/api/v1/conversations/{first}")).json()["ended"].clone();
    let ended = ended.as_str().expect("a time").to_owned();
    let bearer = [("authorization", "Bearer crm-demo-token"), ("content-type", "application/json")];
    let case = json!({"workstream": "cases", "external_id": "CRM-7", "title": "Broken chair"}).to_string();
    let made = desk.http("POST", "/api/v1/work-items", &bearer, &case);
    let second = made.json()["id"].as_str().expect("an id").to_owned();
    let mut three = desk.customer("shop", json!({}));
    let third = three.start(json!({"name": "Eva", "comment": "another chair"}));
    alice.take(&third);

    let found = |query: &str| ids(&find(&desk, &sofie, query));
    let all = vec![third.clone(), second.clone(), first.clone()];
    assert_eq!(found(""), all);
    assert_eq!(found("text=chair"), all);
    assert_eq!(found("queue=billing"), [second.as_str()]);
    assert_eq!(found("workstream=web-live"), [third.clone(), first.clone()]);
    assert_eq!(found("workstream=web-live&state=active"), [third.as_str()]);
    assert_eq!(found("state=closed"), [first.as_str()]);
    assert_eq!(found(&format!("contact={contact}")), [first.as_str()]);
    assert_eq!(found("agent=alice&state=closed&text=chair"), [first.as_str()]);
    assert_eq!(found("agent=bob"), Vec::<String>::new());
    assert_eq!(found("text=crm"), [second.as_str()]);
    assert_eq!(found(&format!("to={ended}")), [first.as_str()]);
    assert_eq!(found(&format!("from={ended}")), [third.clone(), second.clone()]);
    assert_eq!(found("from=2031-01-01T00:00:00Z"), Vec::<String>::new());
    assert_eq!(found("to=2019-01-01T00:00:00Z"), Vec::<String>::new());

    let mut paged = Vec::new();
    let mut query = "limit=1".to_owned();
    for _ in 0..4 {
        let page = find(&desk, &sofie, &query);
        paged.extend(ids(&page));
        if page["more"] == false {
            assert_eq!(page["next"], Value::Null);
            break;
        }
        query = format!("limit=1&before={}", page["next"].as_str().expect("a place to go on from"));
    }
    assert_eq!(paged, all);

    let refused = |query: &str| {
        let reply = get(&desk, &sofie, &format!("/api/v1/conversations?{query}"));
        (reply.status, reply.json()["error"]["code"].as_str().unwrap_or_default().to_owned())
    };
    let refusal = |status, code: &str| (status, code.to_owned());
    assert_eq!(refused(&format!("text={}", "a".repeat(10_000))), refusal(422, "too_long"));
    assert_eq!(refused("text=a+b+c+d+e+f+g+h+i"), refusal(422, "too_long"));
    assert_eq!(refused(&format!("text={}", encoded("\"*\" -- ()"))), refusal(400, "bad_request"));
    assert_eq!(refused("from=yesterday"), refusal(400, "bad_request"));
    assert_eq!(refused("state=asleep"), refusal(400, "bad_request"));
    assert_eq!(refused("limit=many"), refusal(400, "bad_request"));
    assert_eq!(refused(&format!("agent={}", "a".repeat(65))), refusal(422, "too_long"));
    assert_eq!(refused("contact=somebody"), refusal(404, "not_found"));
    assert_eq!(refused("before=n1"), refusal(404, "not_found"));
    for operator in ["chair OR umbrella", "chair*", "^chair$", "\"another chair\"", "NOT chair", "chair AND"]
    {
        let reply = get(&desk, &sofie, &format!("/api/v1/conversations?text={}", encoded(operator)));
        assert_eq!(reply.status, 200, "{operator}: words, and nothing else");
    }
    assert_eq!(get(&desk, "crm-demo-token", "/api/v1/conversations").status, 403);
    assert_eq!(desk.get("/api/v1/conversations").status, 401);
}

#[test]
fn what_an_erased_contact_said_is_found_no_more_and_her_conversation_by_its_time_still() {
    let desk = Desk::start(&[]);
    let mut sofie = desk.agent("sofie");
    let mut alice = desk.agent("alice");
    let mut one = desk.customer("shop", json!({}));
    let id = one.start(json!({"name": "Melissa", "email": "melissa@gmail.com", "comment": "a zebra"}));
    let contact = alice.take(&id)["customer"]["contact"].clone();
    one.socket.ok("end", json!({}));
    alice.socket.ok("wrapup", json!({"conversation": id, "reason": "solved"}));
    assert_eq!(by_text(&desk, &sofie.token, "zebra"), [id.as_str()]);
    // Her words stand in its trace by now.
    std::thread::sleep(Duration::from_millis(2_500));
    assert_eq!(by_text(&desk, &sofie.token, "zebra"), [id.as_str()]);
    sofie.socket.ok("contact_erase", json!({"contact": contact, "reason": "she asked"}));
    assert_eq!(by_text(&desk, &sofie.token, "zebra"), Vec::<String>::new());
    assert_eq!(by_text(&desk, &sofie.token, "melissa"), Vec::<String>::new());
    assert_eq!(ids(&find(&desk, &sofie.token, "queue=front&agent=alice")), [id]);
}

#[test]
fn a_search_whose_time_is_up_says_how_far_it_came_and_its_pages_join() {
    let dir = tempfile::tempdir().expect("a folder");
    let (store, _) = Store::<()>::open(Options::new(dir.path())).expect("a store");
    let mut batch = store.batch();
    let ids: Vec<u64> = (1..=5).map(|n| reads::number_at(1_772_000_000_000 + n * 60_000)).collect();
    for id in &ids {
        let mut value = Vec::new();
        closed(*id, 1_772_000_000_000, "alice").encode(&mut value);
        batch.put(Table::Conversations, &reads::conversation_key(*id), &value);
        value.clear();
        Trace::open(1_772_000_000_000).encode(&mut value);
        batch.put(Table::Traces, &reads::conversation_key(*id), &value);
    }
    let sequence = store.submit(batch).map_err(|refused| refused.why).expect("room");
    store.reader().wait(sequence, PATIENCE).expect("applied");
    let snapshot = store.reader().snapshot().expect("a snapshot");
    let masker = Masker::new(Settings { enabled: true, pci: true, pii: true, phone_region: "NL".to_owned() });
    let mut query = Query { limit: 50, ..Query::default() };
    let mut found = Vec::new();
    loop {
        let page = search(&snapshot, &query, &HashMap::new(), &masker, 1, Duration::ZERO).expect("read");
        assert!(page.hits.len() <= 1, "its time was up after one");
        assert!(page.searched_to_ms.is_some() || page.next.is_none(), "how far it came");
        found.extend(page.hits.iter().map(|hit| hit.card.id));
        let Some(next) = page.next else { break };
        query.before = Some(next);
    }
    assert_eq!(found, ids.iter().rev().copied().collect::<Vec<_>>());
    query.before = None;
    let page = search(&snapshot, &query, &HashMap::new(), &masker, 1, PATIENCE).expect("read");
    assert_eq!((page.hits.len(), page.next), (5, None), "with time enough all at once");
}

// ── a million messages ──

const WORDS: [&str; 40] = [
    "delivery",
    "lamp",
    "chair",
    "thursday",
    "please",
    "thanks",
    "order",
    "number",
    "colour",
    "green",
    "return",
    "invoice",
    "warehouse",
    "morning",
    "tomorrow",
    "stock",
    "price",
    "voucher",
    "broken",
    "replace",
    "address",
    "window",
    "table",
    "glass",
    "wood",
    "metal",
    "cushion",
    "garden",
    "kitchen",
    "bedroom",
    "sofa",
    "mirror",
    "shelf",
    "carpet",
    "curtain",
    "hook",
    "screw",
    "manual",
    "warranty",
    "receipt",
];

/// A chat of ten messages that is over.
fn closed(id: u64, at_ms: i64, agent: &str) -> Card {
    Card {
        id,
        workstream: "web-live".to_owned(),
        queue: "front".to_owned(),
        kind: "chat".to_owned(),
        customer: Customer { name: format!("Customer {id}"), ..Customer::default() },
        started_ms: at_ms,
        accepted_ms: Some(at_ms + 20_000),
        ended_ms: Some(at_ms + 200_000),
        state: "closed".to_owned(),
        agent: Some(agent.to_owned()),
        agents: vec![agent.to_owned()],
        last_seq: 10,
        ..Card::default()
    }
}

/// Talks as a branch has them: ten messages of about eight words each, a new one every four minutes.
fn write_past_the_box(desk: &Desk, conversations: u64, first_ms: i64) -> u64 {
    let (store, _) = Store::<()>::open(Options::new(&desk.dir)).expect("the box is down");
    let mut batch = store.batch();
    let mut seed = 1u64;
    let mut random = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize
    };
    let mut value = Vec::new();
    let mut written = 0;
    for n in 0..conversations {
        let at_ms = first_ms + n as i64 * 240_000;
        let id = reads::number_at(at_ms) | (n & 0xffff);
        let agent = ["alice", "bob", "sofie"][random() % 3];
        let card = Card { queue: ["front", "billing"][random() % 2].to_owned(), ..closed(id, at_ms, agent) };
        value.clear();
        card.encode(&mut value);
        batch.put(Table::Conversations, &reads::conversation_key(id), &value);
        for seq in 1..=10 {
            let mut text: Vec<String> = (0..8).map(|_| WORDS[random() % WORDS.len()].to_owned()).collect();
            text.push(format!("{:06}", random() % 1_000_000));
            if n == conversations / 2 && seq == 5 {
                text.push("rhinoceros".to_owned());
            }
            let from = if seq % 2 == 1 {
                Author::Customer
            } else {
                Author::Agent(agent.to_owned(), agent.to_owned())
            };
            let message = Message {
                seq,
                at_ms: at_ms + i64::from(seq) * 9_000,
                from,
                text: text.join(" "),
                code: None,
                client_id: None,
                delivery: None,
            };
            value.clear();
            message.encode(&mut value);
            written += value.len() as u64;
            batch.put(Table::Messages, &reads::message_key(id, seq), &value);
        }
        if batch.bytes() > 200_000 || n + 1 == conversations {
            let mut full = std::mem::replace(&mut batch, store.batch());
            while let Err(refused) = store.submit(full) {
                assert_eq!(refused.why, SubmitError::Full);
                full = refused.batch;
                std::thread::sleep(Duration::from_millis(1));
            }
            while store.admission() != deskbell::store::Admission::Open {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }
    store.shutdown().expect("stored");
    written
}

/// Searches of a desk with so many conversations written past it: those traced by the box itself afterwards, and the
/// time of the slowest call.
fn searched(conversations: u64) -> Duration {
    let dir = tempfile::tempdir().expect("a folder");
    let mut desk = Desk::start_in(dir.path().to_path_buf(), &["--wall-clock", "2026-03-04T10:20:00Z"]);
    let sofie = desk.login("sofie");
    desk.stop();
    let first_ms = 1_772_000_000_000 - conversations as i64 * 240_000;
    let begun = Instant::now();
    let bytes = write_past_the_box(&desk, conversations, first_ms);
    println!("{conversations} conversations written in {:?}", begun.elapsed());
    desk.drop_option("--wall-clock");
    desk.start_again();
    // The box traces what it finds untraced, and says so as long as it lasts.
    let begun = Instant::now();
    while find(&desk, &sofie, "limit=1")["incomplete"] == true {
        assert!(begun.elapsed() < PATIENCE * 90, "still tracing");
        std::thread::sleep(Duration::from_millis(500));
    }
    println!("{conversations} conversations traced in {:?}", begun.elapsed());
    let mut slowest = Duration::ZERO;
    let mut timed = |query: &str| {
        let (mut rows, mut calls, mut next) = (Vec::new(), 0, String::new());
        loop {
            let begun = Instant::now();
            let page = find(&desk, &sofie, &format!("{query}{next}"));
            slowest = slowest.max(begun.elapsed());
            calls += 1;
            rows.extend(ids(&page));
            if page["more"] == false || !rows.is_empty() {
                println!("{query}: {} rows, {calls} calls, slowest so far {slowest:?}", rows.len());
                return rows;
            }
            next = format!("&before={}", page["next"].as_str().expect("a place"));
        }
    };
    assert_eq!(timed("text=rhinoceros").len(), 1, "one in the middle");
    assert_eq!(timed("text=unicorn").len(), 0, "nowhere");
    assert_eq!(timed("text=delivery").len(), 50, "a page of many");
    assert_eq!(timed("agent=nobody").len(), 0);
    assert_eq!(
        timed("text=rhino&agent=alice&queue=front").len().min(1),
        timed("text=rhino&agent=alice&queue=front").len()
    );
    assert_eq!(timed("to=2020-01-01T00:00:00Z").len(), 0);
    desk.stop();
    let (store, _) = Store::<()>::open(Options::new(&desk.dir)).expect("the box is down");
    let snapshot = store.reader().snapshot().expect("a snapshot");
    let page = snapshot.range(Table::Traces, .., 200, deskbell::store::Direction::Backward).expect("read");
    let traces: usize = page.rows.iter().map(|(key, value)| key.len() + value.len()).sum();
    println!(
        "a trace takes {} bytes, {} a message; a message {}",
        traces / page.rows.len(),
        traces / page.rows.len() / 10,
        bytes / conversations / 10
    );
    slowest
}

#[test]
fn what_was_never_traced_is_traced_and_found_after_a_start() {
    searched(300);
}

#[test]
#[ignore = "a minute: a million messages; make test-box"]
fn a_million_messages_are_searched_in_bounded_time() {
    let slowest = searched(100_000);
    assert!(slowest < PATIENCE, "{slowest:?}");
}
