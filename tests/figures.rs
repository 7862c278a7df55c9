//! The daily figures, checked against a plain recount of what the test did: per queue, workstream and agent, over a
//! restart and midnight, as JSON and CSV, and who may look (REQ B-11, S2-1, S2-36).

mod support;

use std::ops::Bound::Unbounded;
use std::time::Duration;

use deskbell::store::{Direction, Options, Store, Table};
use serde_json::{Value, json};
use support::drill::{closed_offer, elapsed_ms, offer_of};
use support::{Agent, Customer, Desk, Reply};

const LIVE_RATING: (&str, &str) =
    ("offline_message = true", "offline_message = true\nrate_during_chat = true");
const PER_AGENT: (&str, &str) = ("[masking]", "[figures]\nper_agent = true\n[masking]");

fn chat(desk: &Desk) -> (Customer, String) {
    let mut customer = desk.customer("shop", json!({}));
    let conversation = customer.start(json!({"name": "Jan de Boer", "comment": "help"}));
    (customer, conversation)
}

fn get(desk: &Desk, token: &str, path: &str) -> Reply {
    desk.http("GET", path, &[("authorization", &format!("Bearer {token}"))], "")
}

fn rows(desk: &Desk, token: &str, query: &str) -> Vec<Value> {
    let reply = get(desk, token, &format!("/api/v1/figures?{query}"));
    assert_eq!(reply.status, 200, "{query}: {}", reply.body);
    reply.json()["rows"].as_array().expect("rows").clone()
}

const DAY: &str = "from=2026-03-04&to=2026-03-04";

fn wrap_up(agent: &mut Agent, conversation: &str) {
    agent.socket.ok("wrapup", json!({"conversation": conversation, "reason": "solved"}));
}

/// Seconds from one stamp of a conversation to another, rounded up.
fn seconds(desk: &Desk, token: &str, conversation: &str, from: &str, to: &str) -> i64 {
    let read = get(desk, token, &format!("/api/v1/conversations/{conversation}")).json();
    (elapsed_ms(&read[from], &read[to]) + 999) / 1000
}

#[test]
fn a_day_is_counted_as_it_happened_and_kept_over_restart_and_midnight() {
    let options = ["--wall-clock", "2026-03-04T10:20:00Z", "--clock-speed", "60"];
    let mut desk = Desk::start_with_desk(&[LIVE_RATING], &options);
    let sofie = desk.login("sofie");
    let mut alice = desk.agent("alice");
    // Given up before anybody accepted, after alice had turned it down.
    let (mut one, first) = chat(&desk);
    let offer = offer_of(&mut alice, &first);
    alice.socket.ok("shown", json!({"notification": offer["id"]}));
    alice.socket.ok("reject", json!({"notification": offer["id"]}));
    one.socket.ok("end", json!({}));
    alice.socket.ok("banner_reset", json!({"kind": "rejected"}));
    // Missed by bob, taken by alice, rated while it goes on and once more, ended by the customer.
    alice.socket.ok("presence", json!({"status": "away"}));
    let mut bob = desk.agent("bob");
    let (mut two, second) = chat(&desk);
    let offer = offer_of(&mut bob, &second);
    bob.socket.ok("shown", json!({"notification": offer["id"]}));
    assert_eq!(two.socket.refused("rate", json!({"score": 3})), "not_allowed", "nobody has accepted");
    assert_eq!(closed_offer(&mut bob, &offer), "timed_out");
    alice.socket.ok("presence", json!({"status": "available"}));
    alice.take(&second);
    two.socket.ok("rate", json!({"score": 2}));
    let rated = |alice: &mut Agent, score: i64| {
        alice.socket.wait("the rating", |frame| frame["t"] == "session" && frame["rating"] == score);
    };
    rated(&mut alice, 2);
    two.socket.ok("rate", json!({"score": 5, "comment": "quick"}));
    rated(&mut alice, 5);
    two.socket.ok("end", json!({}));
    wrap_up(&mut alice, &second);
    // Handed on to bob, who ends it; rated after its end.
    bob.socket.ok("banner_reset", json!({"kind": "missed"}));
    bob.socket.ok("presence", json!({"status": "do_not_disturb"}));
    let (mut three, third) = chat(&desk);
    alice.take(&third);
    bob.socket.ok("presence", json!({"status": "available"}));
    alice.socket.ok("transfer", json!({"conversation": third, "to": {"agent": "bob"}}));
    bob.take(&third);
    wrap_up(&mut alice, &third);
    bob.socket.ok("end", json!({"conversation": third}));
    wrap_up(&mut bob, &third);
    three.socket.ok("rate", json!({"score": 4}));
    let waits = [&second, &third].map(|id| seconds(&desk, &sofie, id, "started", "accepted"));
    let took = [&second, &third].map(|id| seconds(&desk, &sofie, id, "accepted", "ended"));
    let longest = |of: [i64; 2]| of.into_iter().max().expect("two");

    let check = |desk: &Desk| {
        for (by, id) in [("queue", "front"), ("workstream", "web-live"), ("day", "")] {
            let rows = rows(desk, &sofie, &format!("{DAY}&by={by}"));
            let row = rows.iter().find(|row| row["id"] == id || by == "day").expect("the row");
            assert_eq!(row["day"], "2026-03-04");
            let counted =
                ["arrived", "accepted", "missed", "rejected", "undelivered", "abandoned", "transferred"];
            let counted: Vec<i64> = counted.iter().map(|name| row[name].as_i64().expect("a count")).collect();
            assert_eq!(counted, [3, 2, 1, 1, 0, 1, 1], "{by}: {row}");
            assert_eq!((row["ended"].as_i64(), row["waits"]["count"].as_i64()), (Some(2), Some(2)), "{by}");
            assert_eq!(row["waits"]["longest_s"], json!(longest(waits)), "{by}: {row}");
            assert_eq!(row["handling"]["longest_s"], json!(longest(took)), "{by}: {row}");
            assert_eq!(row["ratings"], json!({"count": 2, "mean": 4.5, "scores": [0, 0, 0, 1, 1]}), "{by}");
        }
        // Each agent sees her own; a supervisor too sees no more than that where it is not switched on.
        let own = |token: &str| rows(desk, token, &format!("{DAY}&by=agent"));
        let [row] = &own(&alice.token)[..] else { panic!("one row, alice's") };
        let counted =
            ["accepted", "missed", "rejected", "transferred", "ended"].map(|name| row[name].as_i64());
        assert_eq!((row["id"].as_str(), counted), (Some("alice"), [2, 0, 1, 1, 1].map(Some)));
        let [row] = &own(&bob.token)[..] else { panic!("one row, bob's") };
        let counted =
            ["accepted", "missed", "rejected", "transferred", "ended"].map(|name| row[name].as_i64());
        assert_eq!((row["id"].as_str(), counted), (Some("bob"), [0, 1, 0, 0, 1].map(Some)));
        assert_eq!(own(&sofie), Vec::<Value>::new(), "sofie did nothing");
        let mut watcher = desk.agent_with(&sofie);
        watcher.socket.ok("desk_view", json!({"on": true}));
        let today = watcher.socket.of("desk")["today"].clone();
        let sum = |name: &str| {
            let list = today[name].as_array().expect("a list");
            list.iter().filter_map(Value::as_i64).sum::<i64>()
        };
        assert_eq!(["arrivals", "accepted", "missed", "rejected"].map(sum), [3, 2, 1, 1]);
    };
    check(&desk);
    desk.kill();
    desk.drop_option("--wall-clock");
    desk.start_again();
    check(&desk);

    // The next day begins with nothing, and yesterday stays.
    desk.set_option("--wall-clock", "2026-03-05T07:00:00Z");
    desk.start_again();
    let mut watcher = desk.agent_with(&sofie);
    watcher.socket.ok("desk_view", json!({"on": true}));
    let today = watcher.socket.of("desk")["today"].clone();
    assert!(today["arrivals"].as_array().is_some_and(|list| list.iter().all(|n| n == 0)), "{today}");
    chat(&desk);
    let both = rows(&desk, &sofie, "from=2026-03-01&to=2026-03-31&by=queue");
    let arrived: Vec<_> = both.iter().map(|row| (row["day"].as_str(), row["arrived"].as_i64())).collect();
    assert_eq!(arrived, [(Some("2026-03-04"), Some(3)), (Some("2026-03-05"), Some(1))]);
    let sum = rows(&desk, &sofie, "from=2017-01-01&to=2026-12-31&by=queue&sum=true");
    assert_eq!(json!([sum.len(), sum[0]["arrived"], sum[0]["name"]]), json!([1, 4, "Front desk"]));
    assert!(sum[0].get("day").is_none());
}

#[test]
fn a_report_is_asked_for_properly_or_refused_by_name() {
    let desk = Desk::start_with_desk(&[PER_AGENT], &["--wall-clock", "2026-03-04T10:20:00Z"]);
    let (sofie, alice, admin) = (desk.login("sofie"), desk.login("alice"), desk.login("admin"));
    let (_customer, _) = chat(&desk);
    let status = |token: &str, query: &str| {
        let reply = get(&desk, token, &format!("/api/v1/figures?{query}"));
        let code = if reply.status == 200 { Value::Null } else { reply.json()["error"]["code"].clone() };
        (reply.status, code)
    };
    for (query, wanted, code) in [
        ("", 400, "bad_request"),
        ("from=2026-03-04", 400, "bad_request"),
        ("from=yesterday&to=today", 400, "bad_request"),
        ("from=2026-03-05&to=2026-03-04", 400, "bad_request"),
        ("from=2026-02-30&to=2026-03-04", 400, "bad_request"),
        ("from=2026-03-04&to=2026-03-04&by=customer", 400, "bad_request"),
        ("from=2026-03-04&to=2026-03-04&format=xls", 400, "bad_request"),
        ("from=2026-03-04&to=2026-03-04&after=x", 400, "bad_request"),
        ("from=1900-01-01&to=2026-03-04", 422, "too_long"),
        ("from=0001-01-01&to=9999-12-31", 422, "too_long"),
    ] {
        assert_eq!(status(&sofie, query), (wanted, json!(code)), "{query}");
    }
    assert_eq!(status(&alice, &format!("{DAY}&by=queue")), (403, json!("forbidden")));
    assert_eq!(get(&desk, "nobody", &format!("/api/v1/figures?{DAY}")).status, 401);
    assert_eq!(desk.get(&format!("/api/v1/figures?{DAY}")).status, 401);

    let csv = get(&desk, &sofie, &format!("/api/v1/figures?{DAY}&by=queue&format=csv"));
    assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8"));
    let lines: Vec<&str> = csv.body.split("\r\n").collect();
    assert!(lines[0].starts_with("day,queue,name,arrived,accepted,missed"), "{}", lines[0]);
    assert!(lines[1].starts_with("2026-03-04,front,Front desk,1,0,0,0,0,0,0,0,,,"), "{}", lines[1]);
    assert_eq!(lines[0].split(',').count(), lines[1].split(',').count());

    // Switched on: a supervisor sees everybody's, and that she looked is written down.
    let mut bob = desk.agent("bob");
    let mut taken = desk.customer("shop", json!({}));
    let conversation = taken.start(json!({"name": "Eva"}));
    bob.take(&conversation);
    let seen = rows(&desk, &sofie, &format!("{DAY}&by=agent"));
    assert_eq!(seen.iter().filter_map(|row| row["id"].as_str()).collect::<Vec<_>>(), ["bob"]);
    assert_eq!(rows(&desk, &alice, &format!("{DAY}&by=agent")), Vec::<Value>::new(), "not bob's");
    let audit = get(&desk, &admin, "/api/v1/audit").json();
    let looks: Vec<_> = audit["entries"]
        .as_array()
        .expect("entries")
        .iter()
        .filter(|entry| entry["action"] == "figures_per_agent")
        .collect();
    assert_eq!(looks.len(), 1, "{audit}");
    assert_eq!(json!([looks[0]["by"], looks[0]["subject"]]), json!(["sofie", "2026-03-04 to 2026-03-04"]));
}

/// Counted by hand, beside what the box says.
#[derive(Default)]
struct Tally {
    arrived: i64,
    accepted: i64,
    undelivered: i64,
    abandoned: i64,
    ended: i64,
    scores: Vec<i64>,
    /// Seconds, of each that was accepted.
    waits: Vec<i64>,
    handling: Vec<i64>,
}

#[test]
fn a_busy_hour_is_what_a_plain_recount_of_it_gives() {
    let undelivered = ("undelivered_reroute_s = 480", "undelivered_reroute_s = 0");
    let short = ("timeout_s = 90", "timeout_s = 40");
    let options = ["--wall-clock", "2026-03-04T10:20:00Z", "--clock-speed", "20"];
    let desk = Desk::start_with_desk(&[undelivered, short], &options);
    let sofie = desk.login("sofie");
    let mut tally = Tally::default();
    let mut bob = desk.agent("bob");
    // A page that never shows it: undelivered, and it goes on to the next who comes.
    let (mut first, unseen) = chat(&desk);
    tally.arrived += 1;
    let offer = offer_of(&mut bob, &unseen);
    assert_eq!(closed_offer(&mut bob, &offer), "timed_out");
    tally.undelivered += 1;
    let mut alice = desk.agent("alice");
    let mut taken = vec![unseen.clone()];
    alice.take(&unseen);
    bob.socket.ok("presence", json!({"status": "do_not_disturb"}));
    first.socket.ok("end", json!({}));
    wrap_up(&mut alice, &unseen);
    for n in 0..9 {
        let (mut customer, conversation) = chat(&desk);
        tally.arrived += 1;
        if n % 4 == 3 {
            let offer = offer_of(&mut alice, &conversation);
            customer.socket.ok("end", json!({}));
            closed_offer(&mut alice, &offer);
            tally.abandoned += 1;
            continue;
        }
        alice.take(&conversation);
        taken.push(conversation.clone());
        alice.say(&conversation, &format!("a{n}"), "one moment");
        if n % 2 == 0 {
            customer.socket.ok("end", json!({}));
        } else {
            alice.socket.ok("end", json!({"conversation": conversation}));
        }
        wrap_up(&mut alice, &conversation);
        if n % 3 == 0 {
            let score = i64::from(n % 5) + 1;
            customer.socket.ok("rate", json!({"score": score}));
            tally.scores.push(score);
        }
    }
    for conversation in &taken {
        tally.waits.push(seconds(&desk, &sofie, conversation, "started", "accepted"));
        tally.handling.push(seconds(&desk, &sofie, conversation, "accepted", "ended"));
    }
    (tally.accepted, tally.ended) = (taken.len() as i64, taken.len() as i64);
    // A case of another system arrives in its own queue and is nobody's wait in this one.
    let bearer = [("authorization", "Bearer crm-demo-token"), ("content-type", "application/json")];
    let case = json!({"workstream": "cases", "external_id": "CRM-7", "title": "Broken chair"}).to_string();
    assert_eq!(desk.http("POST", "/api/v1/work-items", &bearer, &case).status, 201);

    let told = rows(&desk, &sofie, &format!("{DAY}&by=queue"));
    let front = told.iter().find(|row| row["id"] == "front").expect("the front desk");
    let billing = told.iter().find(|row| row["id"] == "billing").expect("the cases' queue");
    assert_eq!(json!([billing["arrived"], billing["accepted"], billing["waits"]["count"]]), json!([1, 0, 0]));
    let counted = ["arrived", "accepted", "undelivered", "abandoned", "ended", "missed", "rejected"];
    let counted: Vec<i64> = counted.iter().map(|name| front[name].as_i64().expect("a count")).collect();
    let Tally { arrived, accepted, undelivered, abandoned, ended, .. } = tally;
    assert_eq!(counted, [arrived, accepted, undelivered, abandoned, ended, 0, 0], "{front}");
    let mean = tally.scores.iter().sum::<i64>() as f64 / tally.scores.len() as f64;
    assert_eq!(front["ratings"]["count"], tally.scores.len());
    assert_eq!(front["ratings"]["mean"], (mean * 100.0).round() / 100.0);
    for (name, mut spans) in [("waits", tally.waits), ("handling", tally.handling)] {
        spans.sort_unstable();
        let told = |what: &str| front[name][what].as_i64().expect("a number of seconds");
        assert_eq!(told("count"), spans.len() as i64, "{name}");
        assert_eq!(Some(&told("longest_s")), spans.last(), "{name}: {front}");
        // Each span here is rounded up, the mean is not: up to a second apart.
        let mean = spans.iter().sum::<i64>() / spans.len() as i64;
        assert!((mean - told("mean_s")).abs() <= 1, "{name}: {mean} beside {front}");
        // What is said of nine of ten, and of half, is true, and no more is promised than was the longest.
        for (what, share) in [("nine_of_ten_within_s", 9), ("half_within_s", 5)] {
            let within = spans.iter().filter(|span| **span <= told(what)).count();
            assert!(within * 10 >= share * spans.len(), "{name} {what}: {spans:?} beside {front}");
            assert!(told(what) <= told("longest_s"), "{name} {what}: {front}");
        }
    }
    // Her own, whatever the desk has switched on; bob's page never showed it, and that is his.
    let own = |token: &str| rows(&desk, token, &format!("{DAY}&by=agent"));
    let [hers] = &own(&alice.token)[..] else { panic!("one row, alice's") };
    assert_eq!(json!([hers["id"], hers["accepted"], hers["ended"]]), json!(["alice", accepted, ended]));
    let [his] = &own(&bob.token)[..] else { panic!("one row, bob's") };
    assert_eq!(json!([his["id"], his["accepted"], his["undelivered"]]), json!(["bob", 0, 1]));
}

#[test]
fn what_a_ledger_holds_beyond_its_days_goes_however_much_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().to_path_buf();
    let mut desk = Desk::start_in(dir.clone(), &["--wall-clock", "2025-01-07T10:00:00Z"]);
    let mut alice = desk.agent("alice");
    let (_customer, conversation) = chat(&desk);
    alice.take(&conversation);
    assert_eq!(desk.stop(), Some(0));
    // Far more of the same than one step deletes.
    let store = || Store::<()>::open(Options::new(&dir)).expect("the box's own store").0;
    let ledger = |store: &Store<()>, many| {
        let all = (Unbounded::<&[u8]>, Unbounded);
        store.reader().range(Table::Ledger, all, many, Direction::Forward).expect("read").rows
    };
    let opened = store();
    let (key, line) = ledger(&opened, 1).remove(0);
    let mut batch = opened.batch();
    for number in 0..5000_u64 {
        let key = [&key[..key.len() - 8], &number.to_be_bytes()].concat();
        batch.put(Table::Ledger, &key, &line);
    }
    assert!(opened.submit(batch).is_ok());
    opened.shutdown().expect("a clean stop");
    let gone = (1..=5).any(|day| {
        let evening = format!("2026-11-0{day}T22:59:50Z");
        let mut later = Desk::start_in(dir.clone(), &["--wall-clock", &evening, "--clock-speed", "20"]);
        // Midnight in the branch; the first that is counted begins the day.
        std::thread::sleep(Duration::from_secs(1));
        chat(&later);
        std::thread::sleep(Duration::from_secs(1));
        assert_eq!(later.stop(), Some(0));
        let opened = store();
        let left = ledger(&opened, 1000).len();
        eprintln!("left {left}");
        opened.shutdown().expect("a clean stop");
        left == 0
    });
    assert!(gone, "lines of nearly two years ago");
}
