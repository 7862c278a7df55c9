//! What a supervisor sees and does: the live view, assigning, ending, reading along, why work went where it went; whose
//! alerts ring; a queue nobody watches; the notices of monitoring (REQ S2-1, S2-27, B-1, B-7, B-12).

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::drill::{closed_offer, decisions, found_offer, offer_of, presence, routed};
use support::{Agent, Customer, Desk};

const FAST: &[&str] = &["--clock-speed", "60"];
const MOMENT: Duration = Duration::from_millis(400);

fn chat(desk: &Desk) -> (Customer, String) {
    let mut customer = desk.customer("shop", json!({}));
    let conversation = customer.start(json!({"name": "Jan de Boer", "comment": "help"}));
    (customer, conversation)
}

fn row<'a>(frame: &'a Value, table: &str, id: &str) -> Option<&'a Value> {
    frame[table].as_array()?.iter().find(|row| row["id"] == id)
}

/// Waits for a row as the view now has it; each frame brings what changed since the last.
fn sees(sofie: &mut Agent, table: &str, id: &str, fits: impl Fn(&Value) -> bool) -> Value {
    let fitting = |frame: &Value| frame["t"] == "desk" && row(frame, table, id).is_some_and(&fits);
    if let Some(frame) = sofie.socket.seen.iter().rev().find(|frame| fitting(frame)) {
        return row(frame, table, id).expect("it fits").clone();
    }
    let frame = sofie.socket.wait(&format!("{table} {id}"), fitting);
    let found = row(&frame, table, id).expect("it was found").clone();
    // Other rows of the same frame are still to be looked at.
    sofie.socket.seen.push(frame);
    found
}

#[test]
fn the_live_view_begins_whole_and_then_brings_what_changed() {
    let desk = Desk::start(&[]);
    let mut sofie = desk.agent("sofie");
    sofie.socket.ok("desk_view", json!({"on": true}));
    let first = sofie.socket.of("desk");
    let front = row(&first, "queues", "front").expect("the queue");
    assert_eq!((&front["waiting"], &front["able"]), (&json!(0), &json!(0)));
    let alice = row(&first, "agents", "alice").expect("alice");
    assert_eq!((&alice["status"], &alice["capacity"]), (&json!("offline"), &json!(100)));
    assert_eq!(first["conversations"], json!([]));
    let figures = &first["today"];
    for name in ["arrivals", "accepted", "waits", "missed", "rejected"] {
        assert!(figures[name].is_array(), "{name}: {figures}");
    }
    let (mut customer, conversation) = chat(&desk);
    let waiting = sees(&mut sofie, "queues", "front", |row| row["waiting"] == 1);
    assert!(waiting["oldest_at"].is_string(), "{waiting}");
    let open = sees(&mut sofie, "conversations", &conversation, |row| row["state"] == "open");
    assert_eq!((&open["customer"]["name"], &open["queue"]["id"]), (&json!("Jan de Boer"), &json!("front")));
    let mut alice = desk.agent("alice");
    let offer = found_offer(&mut alice, &conversation);
    alice.take_known(&offer);
    let active = sees(&mut sofie, "conversations", &conversation, |row| row["state"] == "active");
    assert_eq!(active["agent"], json!({"id": "alice", "name": "Alice Jansen"}));
    let busy = sees(&mut sofie, "agents", "alice", |row| row["used"] == 30);
    assert_eq!(
        json!([busy["status"], busy["reason"], busy["sessions"], busy["online"]]),
        json!(["busy", "load", 1, true])
    );
    customer.socket.ok("end", json!({}));
    alice.socket.ok("wrapup", json!({"conversation": conversation, "reason": "solved"}));
    sees(&mut sofie, "conversations", &conversation, |row| row["gone"] == true);
    sofie.socket.ok("desk_view", json!({"on": false}));
    sofie.socket.seen.clear();
    chat(&desk);
    sofie.socket.never("a row", MOMENT * 4, |frame| frame["t"] == "desk");
}

#[test]
fn today_counts_what_came_was_taken_missed_and_rejected() {
    let desk = Desk::start(&["--wall-clock", "2026-03-04T10:20:00Z"]);
    let mut sofie = desk.agent("sofie");
    let mut alice = desk.agent("alice");
    let (_one, first) = chat(&desk);
    let offer = offer_of(&mut alice, &first);
    alice.socket.ok("reject", json!({"notification": offer["id"]}));
    alice.socket.ok("banner_reset", json!({"kind": "rejected"}));
    let (_two, second) = chat(&desk);
    alice.take(&second);
    sofie.socket.ok("desk_view", json!({"on": true}));
    let today = sofie.socket.of("desk")["today"].clone();
    // 11:20 in Amsterdam: the 46th quarter of the day.
    let of = |name: &str| {
        let list = today[name].as_array().unwrap_or_else(|| panic!("{name}: {today}"));
        assert_eq!(list.len(), 46, "{name}");
        list.last().cloned().unwrap_or_default()
    };
    assert_eq!(json!([of("arrivals"), of("accepted"), of("missed"), of("rejected")]), json!([2, 1, 0, 1]));
    assert!(of("waits").as_i64().is_some_and(|seconds| (0..30).contains(&seconds)));
}

#[test]
fn a_supervisor_sees_whose_alerts_cannot_ring() {
    let desk = Desk::start(&[]);
    let mut sofie = desk.agent("sofie");
    sofie.socket.ok("desk_view", json!({"on": true}));
    let mut alice = desk.agent("alice");
    sees(&mut sofie, "agents", "alice", |row| row["online"] == true && row.get("alerts").is_none());
    let says = |agent: &mut Agent, sound: &str| {
        agent.socket.ok("selftest", json!({"permission": "granted", "worker": "ready", "sound": sound}));
    };
    says(&mut alice, "locked");
    let red = sees(&mut sofie, "agents", "alice", |row| row["alerts"]["ok"] == false);
    assert_eq!(json!([red["alerts"]["sound"], red["alerts"]["permission"]]), json!(["locked", "granted"]));
    // One window that rings is enough, and only as long as it is there.
    let mut second = desk.agent_with(&alice.token);
    says(&mut second, "ready");
    sees(&mut sofie, "agents", "alice", |row| row["alerts"]["ok"] == true);
    drop(second);
    sofie.socket.seen.clear();
    sees(&mut sofie, "agents", "alice", |row| row["alerts"]["ok"] == false);
    for wrong in [
        json!({}),
        json!({"permission": "granted", "worker": "ready"}),
        json!({"permission": "<b>", "worker": "ready", "sound": "ready"}),
        json!({"permission": "granted", "worker": 1, "sound": "ready"}),
    ] {
        assert_eq!(alice.socket.refused("selftest", wrong.clone()), "bad_request", "{wrong}");
    }
}

#[test]
fn work_is_assigned_to_an_agent_or_a_queue_whatever_it_was_doing() {
    let desk = Desk::start_with_desk(
        &[(
            "username = \"bob\"\nname = \"Bob Novák\"\npassword = \"bob-demo-pass\"\nroles = [\"agent\"]\nqueues = [\"front\"]",
            "username = \"bob\"\nname = \"Bob Novák\"\npassword = \"bob-demo-pass\"\nroles = [\"agent\"]\nqueues = [\"front\", \"billing\"]",
        )],
        &[],
    );
    let mut sofie = desk.agent("sofie");
    sofie.socket.ok("presence", json!({"status": "away"}));
    let mut alice = desk.agent("alice");
    let (mut customer, conversation) = chat(&desk);
    let first = offer_of(&mut alice, &conversation);
    let mut bob = desk.agent("bob");
    let to_bob = json!({"conversation": conversation, "agent": "bob"});
    // While it is being offered: withdrawn there, put to him.
    sofie.socket.ok("assign", to_bob.clone());
    assert_eq!(closed_offer(&mut alice, &first), "withdrawn");
    let offer = offer_of(&mut bob, &conversation);
    assert_eq!(offer["kind"], "assigned");
    bob.take_known(&offer);
    // While he talks: he keeps it until she takes it.
    sofie.socket.ok("assign", json!({"conversation": conversation, "agent": "alice"}));
    let offer = offer_of(&mut alice, &conversation);
    bob.say(&conversation, "b1", "still me");
    alice.take_known(&offer);
    let told = bob.socket.wait("his wrap-up", |frame| frame["t"] == "session_state");
    assert_eq!(json!([told["state"], told["reason"]]), json!(["wrap_up", "transferred"]));
    // To a queue.
    sofie.socket.ok("assign", json!({"conversation": conversation, "queue": "billing"}));
    let offer = offer_of(&mut bob, &conversation);
    assert_eq!(json!([offer["kind"], offer["queue"]["id"]]), json!(["assigned", "billing"]));
    bob.take_known(&offer);
    customer.socket.wait("bob again", |frame| frame["t"] == "state" && frame["agent"]["name"] == "Bob Novák");

    for (fields, code) in [
        (json!({"conversation": "c1", "agent": "bob"}), "not_found"),
        (json!({"conversation": conversation, "agent": "nobody"}), "not_found"),
        (json!({"conversation": conversation, "queue": "nowhere"}), "not_found"),
        (json!({"conversation": conversation}), "bad_request"),
        (json!({"conversation": conversation, "queue": "front", "agent": "bob"}), "bad_request"),
        (json!({"conversation": conversation, "agent": "sofie"}), "unavailable"),
    ] {
        assert_eq!(sofie.socket.refused("assign", fields.clone()), code, "{fields}");
    }
    assert_eq!(alice.socket.refused("assign", to_bob), "forbidden");
    let token = desk.login("sofie");
    let all = decisions(&desk, &token, &conversation);
    let assigned: Vec<_> = all.iter().filter(|one| one["event"] == "assigned").collect();
    assert!(!assigned.is_empty(), "{all:#?}");
}

#[test]
fn a_supervisor_ends_what_must_end() {
    let desk = Desk::start(&[]);
    let mut sofie = desk.agent("sofie");
    let mut alice = desk.agent("alice");
    let (mut customer, conversation) = chat(&desk);
    alice.take(&conversation);
    assert_eq!(alice.socket.refused("force_end", json!({"conversation": conversation})), "forbidden");
    assert_eq!(sofie.socket.refused("force_end", json!({"conversation": "c1"})), "not_found");
    sofie.socket.ok("force_end", json!({"conversation": conversation}));
    let told = customer.socket.wait("closed", |frame| frame["t"] == "state" && frame["state"] == "closed");
    assert_eq!(told["reason"], "ended_by_supervisor");
    let hers = alice.socket.of("session_state");
    assert_eq!(json!([hers["state"], hers["reason"]]), json!(["wrap_up", "ended_by_supervisor"]));
    alice.socket.ok("wrapup", json!({"conversation": conversation, "reason": "solved"}));
    // Waiting and being offered too.
    let (mut second, offered) = chat(&desk);
    let offer = offer_of(&mut alice, &offered);
    sofie.socket.ok("force_end", json!({"conversation": offered}));
    assert_eq!(closed_offer(&mut alice, &offer), "withdrawn");
    second.socket.wait("closed", |frame| frame["t"] == "state" && frame["state"] == "closed");
    assert_eq!(sofie.socket.refused("force_end", json!({"conversation": offered})), "stale");
}

#[test]
fn reading_along_shows_everything_and_changes_nothing() {
    let desk = Desk::start_with_desk(&[("consent = \"none\"", "consent = \"required\"")], &[]);
    // Both sides were told beforehand that this may happen (S2-1).
    let mut alice = desk.agent("alice");
    assert_eq!(alice.welcome["settings"]["agent_notice"], "Conversations may be monitored.");
    let mut customer = desk.customer("shop", json!({}));
    assert_eq!(customer.welcome["consent"]["text"], "Chats may be stored and read by a supervisor.");
    assert_eq!(customer.socket.refused("start", json!({"comment": "hi"})), "consent_required");
    assert_eq!(
        customer.socket.refused("start", json!({"comment": "hi", "consent": false})),
        "consent_required"
    );
    let conversation = customer.start(json!({"comment": "hi, I am melissa@gmail.com", "consent": true}));
    alice.take(&conversation);
    let mut sofie = desk.agent("sofie");
    assert_eq!(
        alice.socket.refused("monitor", json!({"conversation": conversation, "on": true})),
        "forbidden"
    );
    assert_eq!(sofie.socket.refused("monitor", json!({"conversation": "c1", "on": true})), "not_found");
    sofie.socket.ok("monitor", json!({"conversation": conversation, "on": true}));
    let session = sofie.socket.of("session");
    assert_eq!(json!([session["role"], session["conversation"]]), json!(["monitor", conversation]));
    assert_eq!(session["messages"][0]["text"], "hi, I am m******@gmail.com");
    customer.say("c1", "call +447966197542");
    let heard = sofie
        .socket
        .wait("her words", |frame| frame["t"] == "message" && frame["from"]["kind"] == "customer");
    assert_eq!(heard["text"], "call *********7542");
    alice.say(&conversation, "a1", "I will");
    sofie.socket.wait("his words", |frame| frame["t"] == "message" && frame["text"] == "I will");
    for (t, fields) in [
        ("message", json!({"client_id": "s1", "text": "me too"})),
        ("end", json!({})),
        ("park", json!({})),
        ("release", json!({})),
        ("leave", json!({})),
        ("end_conference", json!({})),
        ("wrapup", json!({"reason": "solved"})),
        ("note", json!({"text": "psst"})),
        ("transfer", json!({"to": {"queue": "billing"}})),
        ("conference", json!({"agent": "bob"})),
        ("escalate", json!({"queue": "billing", "reason": "x"})),
    ] {
        let mut frame = fields;
        frame["conversation"] = json!(conversation);
        assert_eq!(sofie.socket.refused(t, frame), "forbidden", "{t}");
    }
    sofie.socket.ok("history", json!({"conversation": conversation}));
    sofie.socket.ok("monitor", json!({"conversation": conversation, "on": false}));
    sofie.socket.seen.clear();
    alice.say(&conversation, "a2", "goodbye");
    sofie.socket.never("a word more", MOMENT, |frame| frame["t"] == "message");
    let count = customer.socket.seen.iter().filter(|frame| frame["from"]["name"] == "Sofie Lund").count();
    assert_eq!(count, 0, "the customer hears nothing of it");
}

#[test]
fn every_decision_can_be_read_and_says_why() {
    let desk = Desk::start(&[]);
    let mut alice = desk.agent("alice");
    let mut bob = desk.agent("bob");
    bob.socket.ok("presence", json!({"status": "away"}));
    let (_one, first) = chat(&desk);
    alice.take(&first);
    let token = desk.login("sofie");
    let one = decisions(&desk, &token, &first).remove(0);
    assert_eq!(json!([one["event"], one["queue"], one["chosen"]]), json!(["arrived", "front", "alice"]));
    assert_eq!((routed(&one, "alice"), routed(&one, "bob")), ("chosen".into(), "presence".into()));
    let why = one["explanation"].as_str().expect("a sentence");
    assert!(why.starts_with("Offered to Alice Jansen:") && why.contains("Bob Novák: presence"), "{why}");
    let path = format!("/api/v1/conversations/{first}/routing");
    assert_eq!(desk.get(&path).status, 401);
    for (who, status) in [("alice", 403), ("admin", 200), ("sofie", 200)] {
        let bearer = format!("Bearer {}", desk.login(who));
        assert_eq!(desk.http("GET", &path, &[("authorization", &bearer)], "").status, status, "{who}");
    }
    let bearer = format!("Bearer {token}");
    for unknown in ["c1", "nonsense"] {
        let path = format!("/api/v1/conversations/{unknown}/routing");
        assert_eq!(desk.http("GET", &path, &[("authorization", &bearer)], "").status, 404, "{unknown}");
    }
    // Nobody could take it: recorded as well, and again when her presence changes.
    bob.socket.ok("presence", json!({"status": "offline"}));
    alice.socket.ok("presence", json!({"status": "away"}));
    let (_two, second) = chat(&desk);
    let lonely = decisions(&desk, &token, &second).remove(0);
    assert!(lonely.get("chosen").is_none_or(Value::is_null), "{lonely}");
    assert_eq!((routed(&lonely, "alice"), routed(&lonely, "bob")), ("presence".into(), "offline".into()));
    alice.socket.ok("presence", json!({"status": "available"}));
    offer_of(&mut alice, &second);
    let last = decisions(&desk, &token, &second).pop().expect("one more");
    assert_eq!(json!([last["event"], last["chosen"]]), json!(["presence_changed", "alice"]));
}

#[test]
fn a_queue_nobody_can_take_from_calls_its_members_and_supervisors() {
    let changes = &[(
        "roles = [\"integration\"]",
        "roles = [\"integration\"]\n[[token]]\nname = \"watch\"\nsecret = \"watch-demo-token\"\nroles = [\"metrics\"]",
    )];
    let desk = Desk::start_with_desk(changes, FAST);
    let mut alice = desk.agent("alice");
    alice.socket.ok("presence", json!({"status": "away"}));
    presence(&mut alice, "away");
    let mut sofie = desk.agent("sofie");
    let mut stranger = desk.agent("admin");
    let (mut customer, conversation) = chat(&desk);
    for agent in [&mut alice, &mut sofie] {
        let called = agent.socket.of("unwatched");
        assert_eq!(called["queue"], json!({"id": "front", "name": "Front desk"}));
        assert!(called["text"].as_str().is_some_and(|text| text.contains("Front desk")), "{called}");
    }
    stranger.socket.never("a call that is not hers", MOMENT, |frame| frame["t"] == "unwatched");
    let place = customer.socket.wait("an honest text", |frame| {
        frame["t"] == "queue" && frame["text"].as_str().is_some_and(|text| text.contains("Nobody can take"))
    });
    assert_eq!(place["position"], 1);
    let metrics = desk.http("GET", "/metrics", &[("authorization", "Bearer watch-demo-token")], "").body;
    assert!(metrics.contains("deskbell_queue_unwatched_total{queue=\"front\"} 1"), "{metrics}");
    alice.socket.ok("presence", json!({"status": "available"}));
    alice.take(&conversation);
    alice.socket.never("a call once it is taken", Duration::from_secs(2), |frame| frame["t"] == "unwatched");
}
