//! Telephone calls of a PBX that speaks HTTP, end to end: brought in, offered, accepted, talked, wrapped up (REQ S2-18).

mod support;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::drill::{closed_offer, offer_of};
use support::{Agent, Desk, Reply};

const VOICE: &str = "[[workstream]]\nid = \"calls\"\nname = \"Telephone\"\nchannel = \"voice\"\nqueue = \"front\"\nunits = 100\n";

/// The example with a workstream of calls; alice has a telephone of her own, bob goes by his name.
fn start(more: &str, options: &[&str]) -> Desk {
    start_with(VOICE, more, options)
}

fn start_with(voice: &str, more: &str, options: &[&str]) -> Desk {
    let example = include_str!("data/desk.example.toml");
    let name = "username = \"alice\"\n";
    let example = example.replacen(name, &format!("{name}extension = \"201\"\n"), 1);
    Desk::start_with_text(&format!("{example}\n{voice}{more}"), options)
}

fn call(desk: &Desk, method: &str, path: &str, body: &str) -> Reply {
    let headers = [("authorization", "Bearer crm-demo-token"), ("content-type", "application/json")];
    desk.http(method, &format!("/hooks/calls/{path}"), &headers, body)
}

fn ring(desk: &Desk, id: &str, number: &str) -> Reply {
    let body = json!({"call": id, "caller": {"number": number}, "reason": "Wants to pay an invoice",
        "variables": {"order": 4711, "mood": "hurried", "account": "melissa@gmail.com"}});
    call(desk, "POST", "calls", &body.to_string())
}

/// How it stands, at once.
fn stands(desk: &Desk, id: &str) -> Value {
    let reply = call(desk, "GET", &format!("calls/{id}?wait_s=0"), "");
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.json()
}

fn until(desk: &Desk, id: &str, state: &str) -> Value {
    let deadline = Instant::now() + support::PATIENCE;
    loop {
        let now = stands(desk, id);
        if now["state"] == state {
            return now;
        }
        assert!(Instant::now() < deadline, "never {state}: {now}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn values(offer: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let fields = offer["fields"].as_array().expect("fields");
    fields.iter().map(|field| (text(&field["label"]), text(&field["value"]))).collect()
}

fn end(agent: &mut Agent, conversation: &Value) {
    agent.socket.ok("end", json!({"conversation": conversation}));
    agent.socket.ok("wrapup", json!({"conversation": conversation, "reason": "solved"}));
    agent
        .socket
        .wait("closed", |frame| frame["t"] == "session_closed" && frame["conversation"] == *conversation);
}

#[test]
fn a_call_rings_an_agent_with_what_the_bot_learned_and_is_sent_to_her_extension() {
    let desk = start("", &[]);
    let mut alice = desk.agent("alice");
    let made = ring(&desk, "17-42", "06 1234 5678");
    assert_eq!((made.status, &made.json()["state"]), (201, &json!("queued")), "{}", made.body);
    let conversation = made.json()["conversation"].clone();
    let offer = offer_of(&mut alice, conversation.as_str().expect("a name"));
    assert_eq!(
        (&offer["kind"], &offer["work_item_kind"], &offer["title"]),
        (&json!("voice"), &json!("voice"), &json!("Call from Melissa de Vries"))
    );
    let shown = values(&offer);
    let expected = [
        ("Caller", "Melissa de Vries"),
        ("Queue", "Front desk"),
        ("Reason", "Wants to pay an invoice"),
        ("Wait time", "0:00"),
        ("Account", "m******@gmail.com"),
        ("Mood", "hurried"),
        ("Order", "4711"),
    ];
    assert_eq!(shown.len(), expected.len(), "{shown:?}");
    for ((label, value), (wanted, text)) in shown.iter().zip(expected) {
        assert!(label == wanted && (value == text || label == "Wait time"), "{shown:?}");
    }
    // The PBX waits for the answer, and has it when she accepts.
    let waited = std::thread::scope(|scope| {
        let asking = scope.spawn(|| call(&desk, "GET", "calls/17-42", ""));
        std::thread::sleep(Duration::from_millis(300));
        alice.take_known(&offer);
        asking.join().expect("an answer").json()
    });
    assert_eq!(
        (&waited["state"], &waited["extension"], &waited["agent"]),
        (&json!("accepted"), &json!("201"), &json!({"id": "alice", "name": "Alice Jansen"}))
    );
    let again = ring(&desk, "17-42", "06 1234 5678");
    assert_eq!(
        (again.status, &again.json()["state"]),
        (200, &json!("accepted")),
        "the same call is one call"
    );

    // Nothing is written in a call, and much can be noted.
    let said = json!({"conversation": conversation, "client_id": "a", "text": "hello"});
    assert_eq!(alice.socket.refused("message", said), "not_allowed");
    assert_eq!(alice.socket.refused("park", json!({"conversation": conversation})), "not_allowed");
    alice.socket.ok("note", json!({"conversation": conversation, "text": "paid"}));
    let window = desk.agent_with(&alice.token);
    let session = &window.welcome["sessions"][0];
    assert_eq!((&session["work_item_kind"], &session["mode"]), (&json!("voice"), &json!("live")));
    assert_eq!((&session["context"]["order"], &session["external_id"]), (&json!(4711), &json!("17-42")));
    assert!(session["customer"]["contact"].is_string(), "linked to the contact: {session}");
    assert!(!session.to_string().contains("12345678"), "masked: {session}");

    // Put down on both sides: hers in wrap-up, then closed.
    assert_eq!(call(&desk, "DELETE", "calls/17-42", "").status, 204);
    alice.socket.wait("wrap-up", |frame| frame["t"] == "session_state" && frame["state"] == "wrap_up");
    assert_eq!(stands(&desk, "17-42")["reason"], "ended_by_customer");
    alice.socket.ok("wrapup", json!({"conversation": conversation, "reason": "solved"}));
    alice.socket.of("session_closed");
    let over = stands(&desk, "17-42");
    assert_eq!((&over["state"], &over["reason"]), (&json!("ended"), &json!("ended_by_customer")));
    assert_eq!(call(&desk, "DELETE", "calls/17-42", "").status, 204, "said again");
    let late = ring(&desk, "17-42", "06 1234 5678");
    assert_eq!(
        (late.status, &late.json()["state"]),
        (200, &json!("ended")),
        "nothing begins anew: {}",
        late.body
    );
}

/// A supervisor's board until a row of a table is as wanted.
fn board(supervisor: &mut Agent, table: &str, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
    let row =
        |frame: &Value| frame[table].as_array().and_then(|rows| rows.iter().find(|row| fits(row)).cloned());
    let frame = supervisor.socket.wait(what, |frame| frame["t"] == "desk" && row(frame).is_some());
    row(&frame).expect("found above")
}

#[test]
fn an_agent_who_talks_keeps_her_call_while_her_desktop_is_gone() {
    let desk = start_with(&VOICE.replace("units = 100", "units = 30"), "", &["--clock-speed", "30"]);
    let mut alice = desk.agent("alice");
    let conversation = ring(&desk, "1", "06 1234 5678").json()["conversation"].clone();
    let offer = offer_of(&mut alice, conversation.as_str().expect("a name"));
    alice.take_known(&offer);
    let mut bob = desk.agent("bob");
    let mut sofie = desk.agent("sofie");
    sofie.socket.ok("desk_view", json!({"on": true}));
    board(&mut sofie, "agents", "alice at work", |row| row["id"] == "alice" && row["online"] == true);

    // Her browser is gone for longer than a chat would wait for her; she talks at her telephone.
    let token = alice.token.clone();
    drop(alice);
    board(&mut sofie, "agents", "alice lost", |row| row["id"] == "alice" && row["reason"] == "lost");
    board(&mut sofie, "agents", "alice given up", |row| {
        row["id"] == "alice" && row["online"] == false && row["reason"] != "lost"
    });
    bob.socket.never("her call", Duration::from_millis(300), |frame| frame["t"] == "notification");
    let talks = stands(&desk, "1");
    assert_eq!((&talks["state"], &talks["extension"]), (&json!("accepted"), &json!("201")));
    let mut window = desk.agent_with(&token);
    let session = &window.welcome["sessions"][0];
    assert_eq!((&session["conversation"], &session["state"]), (&conversation, &json!("active")));
    assert_eq!(session["role"], "owner");

    // A supervisor may decide otherwise, also of a call whose agent is away.
    sofie.socket.ok("assign", json!({"conversation": conversation, "agent": "bob"}));
    let offer = offer_of(&mut bob, conversation.as_str().expect("a name"));
    bob.take_known(&offer);
    assert_eq!(stands(&desk, "1")["extension"], "bob");
    window
        .socket
        .wait("hers to wrap up", |frame| frame["t"] == "session_state" && frame["state"] == "wrap_up");
    drop(bob);
    sofie.socket.ok("force_end", json!({"conversation": conversation}));
    assert_eq!(stands(&desk, "1")["reason"], "ended_by_supervisor");
}

#[test]
fn a_pbx_says_that_a_call_is_over_by_any_name_it_has() {
    let desk = start("", &[]);
    let mut alice = desk.agent("alice");
    let conversation = ring(&desk, "17.42", "06 1234 5678").json()["conversation"].clone();
    let name = conversation.as_str().expect("a name");
    let offer = offer_of(&mut alice, name);
    alice.take_known(&offer);
    let path = format!("calls/{name}");
    assert_eq!(
        call(&desk, "GET", &format!("{path}?wait_s=0"), "").json()["extension"],
        "201",
        "by the work item"
    );
    assert_eq!(call(&desk, "DELETE", &path, "").status, 204);
    let over =
        alice.socket.wait("over", |frame| frame["t"] == "session_state" && frame["state"] == "wrap_up");
    assert_eq!(over["reason"], "ended_by_customer");
    assert_eq!(call(&desk, "DELETE", &path, "").status, 204, "said again");
    alice.socket.ok("wrapup", json!({"conversation": conversation, "reason": "solved"}));
    alice.socket.of("session_closed");
    for again in [path.as_str(), "calls/17.42"] {
        assert_eq!(call(&desk, "DELETE", again, "").status, 204, "{again}");
        assert_eq!(call(&desk, "GET", again, "").json()["reason"], "ended_by_customer", "{again}");
    }
    // Names of nothing, and of what is no call.
    let mut eva = desk.customer("shop", json!({}));
    let chat = eva.start(json!({"name": "Eva"}));
    for stale in [format!("calls/{chat}"), "calls/c999999".to_owned(), "calls/17".to_owned()] {
        let told = call(&desk, "DELETE", &stale, "");
        assert_eq!((told.status, &told.json()["error"]["code"]), (404, &json!("not_found")), "{stale}");
    }
    let alone = [("authorization", "Bearer guess")];
    assert_eq!(desk.http("DELETE", &format!("/hooks/calls/{path}"), &alone, "").status, 401);
}

#[test]
fn a_rejected_call_goes_on_to_the_next_agent_and_one_ended_by_her_is_over() {
    let desk = start("", &[]);
    let mut alice = desk.agent("alice");
    let conversation = ring(&desk, "1", "+420 222 333 444").json()["conversation"].clone();
    let name = conversation.as_str().expect("a name").to_owned();
    let offer = offer_of(&mut alice, &name);
    assert_eq!(values(&offer)[0].1, "*********3444", "who is not known goes by her number, masked");
    let mut bob = desk.agent("bob");
    alice.socket.ok("reject", json!({"notification": offer["id"]}));
    let second = ring(&desk, "2", "anonymous").json()["conversation"].clone();
    // Bob has 60 units and a call takes 100: he is never asked.
    bob.socket.never("a call", Duration::from_millis(300), |frame| frame["t"] == "notification");
    assert_eq!(stands(&desk, "1")["state"], "queued");
    alice.socket.ok("presence", json!({"status": "available"}));
    let offer = alice.socket.wait("the call again", |frame| frame["t"] == "notification");
    let taken = if offer["conversation"] == name { ("1", conversation) } else { ("2", second) };
    alice.take_known(&offer);
    assert_eq!(stands(&desk, taken.0)["extension"], "201");
    end(&mut alice, &taken.1);
    assert_eq!(stands(&desk, taken.0)["reason"], "ended_by_agent");
}

#[test]
fn a_caller_who_hangs_up_rings_nobody_any_more() {
    let desk = start("", &[]);
    let mut alice = desk.agent("alice");
    let conversation = ring(&desk, "1", "").json()["conversation"].as_str().expect("a name").to_owned();
    let offer = offer_of(&mut alice, &conversation);
    assert_eq!(call(&desk, "DELETE", "calls/1", "").status, 204);
    assert_eq!(closed_offer(&mut alice, &offer), "withdrawn");
    assert_eq!(alice.socket.refused("accept", json!({"notification": offer["id"]})), "stale");
    assert_eq!(stands(&desk, "1")["state"], "ended");
}

#[test]
fn who_waits_too_long_and_who_is_asked_about_no_more_is_given_up() {
    let desk = start("[workstream.voice]\nwait_max_s = 1000\n", &["--clock-speed", "60"]);
    let _alice = desk.agent("alice");
    assert_eq!(ring(&desk, "late", "+31201234567").status, 201);
    assert_eq!(ring(&desk, "silent", "+31201234568").status, 201);
    // One is asked about until its time is up; the other for ten seconds of the wall not at all, then given three more.
    let told = until(&desk, "late", "unavailable");
    assert_eq!(told["reason"], "timed_out");
    assert_eq!(ring(&desk, "late", "+31201234567").json()["state"], "unavailable", "said again");
    let silent = until(&desk, "silent", "ended");
    assert_eq!(silent["reason"], "customer_lost");
}

#[test]
fn nobody_there_and_closed_is_said_at_once_and_leaves_nothing() {
    let desk = start("hours = \"office\"\n", &["--wall-clock", "2026-11-21T10:00:00Z"]);
    let closed = ring(&desk, "1", "+31201234567");
    assert_eq!((closed.status, &closed.json()["reason"]), (200, &json!("closed_hours")), "{}", closed.body);
    assert!(
        closed.json()["opens_at"].as_str().is_some_and(|at| at.starts_with("2026-11-23T07:00")),
        "{}",
        closed.body
    );
    assert_eq!(call(&desk, "GET", "calls/1", "").status, 404, "nothing is kept of it");
    let desk = start("", &[]);
    let nobody = ring(&desk, "1", "+31201234567").json();
    assert_eq!((&nobody["state"], &nobody["reason"]), (&json!("unavailable"), &json!("nobody_there")));
    // Somebody of another queue is nobody; the call may name its own queue.
    let mut sofie = desk.agent("sofie");
    assert_eq!(ring(&desk, "2", "+31201234567").json()["reason"], "nobody_there");
    let body = json!({"call": "3", "queue": "billing"}).to_string();
    assert_eq!(call(&desk, "POST", "calls", &body).status, 201);
    let offer = sofie.socket.wait("the call", |frame| frame["t"] == "notification");
    assert_eq!(offer["queue"]["id"], "billing");
    sofie.take_known(&offer);
    assert_eq!(
        stands(&desk, "3")["extension"],
        "sofie",
        "without a telephone of her own she goes by her name"
    );
}

#[test]
fn a_call_goes_on_after_a_power_cut() {
    let mut desk = start("", &[]);
    let mut alice = desk.agent("alice");
    let waiting = ring(&desk, "waits", "+31201234567").json()["conversation"].clone();
    let offer = offer_of(&mut alice, waiting.as_str().expect("a name"));
    desk.start_again();
    assert_eq!(stands(&desk, "waits")["state"], "queued");
    assert_eq!(ring(&desk, "waits", "+31201234567").json()["conversation"], waiting);
    let mut alice = desk.agent_with(&alice.token);
    alice.take_known(&offer);
    assert_eq!(stands(&desk, "waits")["extension"], "201");
    desk.start_again();
    let accepted = stands(&desk, "waits");
    assert_eq!((&accepted["state"], &accepted["agent"]["id"]), (&json!("accepted"), &json!("alice")));
    let mut alice = desk.agent_with(&alice.token);
    assert_ne!(alice.welcome["sessions"][0]["customer_lost"], true, "who talks is not lost with the box");
    end(&mut alice, &waiting);
    desk.start_again();
    assert_eq!(stands(&desk, "waits")["reason"], "ended_by_agent");
    assert_eq!(ring(&desk, "waits", "+31201234567").json()["state"], "ended", "a replay begins nothing");
}

#[test]
fn wrong_calls_are_refused_by_name() {
    let desk = start("", &[]);
    let _alice = desk.agent("alice");
    let long = "x".repeat(201);
    let many: serde_json::Map<String, Value> = (0..33).map(|n| (format!("k{n}"), json!(n))).collect();
    for (path, body, status, code) in [
        ("calls", String::new(), 400, "bad_request"),
        ("calls", "[]".to_owned(), 400, "bad_request"),
        ("calls", json!({"call": ""}).to_string(), 400, "bad_request"),
        ("calls", json!({"call": "a/b"}).to_string(), 400, "bad_request"),
        ("calls", json!({"call": "a\u{0}b"}).to_string(), 400, "bad_request"),
        ("calls", json!({"call": long}).to_string(), 413, "too_long"),
        ("calls", json!({"call": "1", "caller": {"number": long}}).to_string(), 413, "too_long"),
        ("calls", json!({"call": "1", "variables": {"a": {"b": 1}}}).to_string(), 400, "bad_request"),
        ("calls", json!({"call": "1", "variables": many}).to_string(), 413, "too_long"),
        ("web-live", json!({"call": "1"}).to_string(), 404, "not_found"),
        ("nowhere", json!({"call": "1"}).to_string(), 404, "not_found"),
    ] {
        let reply = call(&desk, "POST", path, &body);
        assert_eq!(reply.json()["error"]["code"], code, "{body}: {}", reply.body);
        assert_eq!(reply.status, status, "{body}: {}", reply.body);
    }
    for (method, path) in [("GET", "calls/none"), ("DELETE", "calls/none"), ("GET", "web-live/1")] {
        assert_eq!(call(&desk, method, path, "").status, 404, "{method} {path}");
    }
    assert_eq!(call(&desk, "GET", "calls/none?wait_s=soon", "").status, 400);
    let alice = format!("Bearer {}", desk.login("alice"));
    let body = json!({"call": "1"}).to_string();
    let by =
        |bearer: &str| desk.http("POST", "/hooks/calls/calls", &[("authorization", bearer)], &body).status;
    assert_eq!((by("Bearer guess"), by(&alice)), (401, 403));
    assert_eq!(desk.http("POST", "/hooks/calls/calls", &[], &body).status, 401);
}

#[test]
fn numbers_of_many_countries_lead_to_their_contact() {
    let numbers = [
        ("DE", "+49 30 901820", "+493090182-0"),
        ("FR", "01 42 68 53 00", "+33142685300"),
        ("GB", "+44 20 7946 0018", "0044 20 7946 0018"),
        ("CZ", "222 333 444", "+420222333444"),
        ("DK", "33 12 34 56", "+4533123456"),
        ("NL", "+31 (0)20 123 4567", "020-1234567"),
        ("US", "(212) 555-0147", "+12125550147"),
    ];
    for (region, stored, calling) in numbers {
        let example = include_str!("data/desk.example.toml");
        let example = example.replacen("phone_region = \"NL\"", &format!("phone_region = \"{region}\""), 1);
        let contact = format!("[[contact]]\nname = \"Known\"\nphone = \"{stored}\"\n");
        let desk = Desk::start_with_text(&format!("{example}\n{VOICE}\n{contact}"), &[]);
        let mut alice = desk.agent("alice");
        let conversation =
            ring(&desk, "1", calling).json()["conversation"].as_str().expect("a name").to_owned();
        assert_eq!(values(&offer_of(&mut alice, &conversation))[0].1, "Known", "{region}: {calling}");
    }
}
