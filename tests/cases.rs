//! Cases of another system: brought in once each, assigned whatever happens to their toast (REQ S2-4, S2-21, D-21).

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::drill::{closed_offer, found_offer, offer_of};
use support::{Agent, Desk, Reply};

const FAST: &[&str] = &["--clock-speed", "60"];
const MOMENT: Duration = Duration::from_millis(400);

fn call(desk: &Desk, method: &str, path: &str, body: &str) -> Reply {
    let headers = [("authorization", "Bearer crm-demo-token"), ("content-type", "application/json")];
    desk.http(method, path, &headers, body)
}

fn bring(desk: &Desk, external_id: &str) -> Reply {
    let body = json!({"workstream": "cases", "external_id": external_id, "title": "Broken lamp",
        "customer": {"name": "Jan de Boer", "phone": "+31612345678"}, "attributes": {"order": 7}});
    call(desk, "POST", "/api/v1/work-items", &body.to_string())
}

fn id_of(reply: &Reply) -> String {
    reply.json()["id"].as_str().unwrap_or_else(|| panic!("no id: {}", reply.body)).to_owned()
}

fn state(desk: &Desk, id: &str) -> Value {
    let reply = call(desk, "GET", &format!("/api/v1/work-items/{id}"), "");
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.json()
}

fn session(agent: &mut Agent, id: &str, state: &str) -> Value {
    agent.socket.wait(&format!("session {state}"), |frame| {
        frame["t"] == "session" && frame["conversation"] == *id && frame["state"] == state
    })
}

#[test]
fn a_case_is_assigned_whatever_happens_to_its_toast() {
    let desk = Desk::start_with_desk(&[], FAST);
    let made = bring(&desk, "CRM-1");
    assert_eq!(made.status, 201, "{}", made.body);
    let id = id_of(&made);
    let queued = state(&desk, &id);
    assert_eq!((&queued["state"], &queued["external_id"]), (&json!("queued"), &json!("CRM-1")));
    assert!(queued.get("agent").is_none_or(Value::is_null), "{queued}");
    // The same again is the same one.
    let again = bring(&desk, "CRM-1");
    assert_eq!((again.status, id_of(&again)), (200, id.clone()));

    // Who signs in is told, toast and all.
    let mut alice = desk.agent("alice");
    let toast = found_offer(&mut alice, &id);
    assert_eq!(
        json!([
            toast["kind"],
            toast["style"],
            toast["accept_label"],
            toast["can_reject"],
            toast["auto"],
            toast["timeout_s"]
        ]),
        json!(["case", "toast", "Open", false, "assign", 20])
    );
    assert_eq!(toast["title"], "Case Broken lamp");
    let window = desk.agent_with(&alice.token);
    let reserved = window.welcome["sessions"][0].clone();
    assert_eq!((&reserved["work_item_kind"], &reserved["reserved"]), (&json!("case"), &json!(true)));
    assert_eq!(reserved["context"]["order"], 7);
    let assigned = state(&desk, &id);
    assert_eq!((&assigned["state"], &assigned["agent"]), (&json!("assigned"), &json!("alice")));
    assert_eq!(alice.socket.refused("reject", json!({"notification": toast["id"]})), "not_allowed");
    // Its toast disappears unanswered, shown or not, and nothing comes of it.
    assert_eq!(closed_offer(&mut alice, &toast), "timed_out");
    alice.socket.never("a consequence", Duration::from_secs(10), |frame| {
        frame["t"] == "banner" || frame["t"] == "session_closed"
    });
    assert_eq!(state(&desk, &id)["agent"], "alice");
    alice.socket.ok("pickup", json!({"conversation": id}));
    session(&mut alice, &id, "active");
    assert_eq!(state(&desk, &id)["state"], "active");
    assert_eq!(id_of(&bring(&desk, "CRM-1")), id, "open: still the same");

    alice.socket.ok("end", json!({"conversation": id}));
    alice.socket.of("session_closed");
    let closed = state(&desk, &id);
    assert_eq!(closed["state"], "closed");
    assert_eq!(alice.socket.refused("wrapup", json!({"conversation": id, "reason": "solved"})), "stale");

    // Closed: the same name opens another, which names the old one and goes to its last agent (D-21).
    let mut sofie = desk.agent("sofie");
    let reopened = bring(&desk, "CRM-1");
    assert_eq!(reopened.status, 201);
    let second = id_of(&reopened);
    assert_ne!(second, id);
    offer_of(&mut alice, &second);
    sofie.socket.never("the case", MOMENT, |frame| frame["t"] == "notification");
    assert_eq!(state(&desk, &second)["reopens"], *id);
}

#[test]
fn accepting_the_toast_opens_the_case_and_a_wrap_up_can_be_asked_for() {
    let changes = &[("channel = \"case\"\n", "channel = \"case\"\nwrapup = \"required\"\n")];
    let desk = Desk::start_with_desk(changes, &[]);
    let mut alice = desk.agent("alice");
    let id = id_of(&bring(&desk, "7"));
    let toast = offer_of(&mut alice, &id);
    alice.socket.ok("shown", json!({"notification": toast["id"]}));
    alice.socket.ok("accept", json!({"notification": toast["id"]}));
    session(&mut alice, &id, "active");
    alice.socket.ok("note", json!({"conversation": id, "text": "called back"}));
    alice.socket.ok("end", json!({"conversation": id}));
    assert_eq!(state(&desk, &id)["state"], "wrap_up");
    alice.socket.ok("wrapup", json!({"conversation": id, "reason": "solved"}));
    alice.socket.of("session_closed");
    assert_eq!(state(&desk, &id)["state"], "closed");
}

#[test]
fn two_calls_at_once_bring_one_case() {
    let desk = Desk::start(&[]);
    let replies: Vec<Reply> = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..8).map(|_| scope.spawn(|| bring(&desk, "same"))).collect();
        calls.into_iter().map(|call| call.join().expect("an answer")).collect()
    });
    let made = replies.iter().filter(|reply| reply.status == 201).count();
    assert_eq!(made, 1, "{:?}", replies.iter().map(|reply| reply.status).collect::<Vec<_>>());
    let first = id_of(&replies[0]);
    assert!(replies.iter().all(|reply| id_of(reply) == first));
}

#[test]
fn a_case_survives_a_power_cut_and_its_name_is_still_known() {
    let mut desk = Desk::start(&[]);
    let mut alice = desk.agent("alice");
    let id = id_of(&bring(&desk, "kept"));
    offer_of(&mut alice, &id);
    desk.start_again();
    let again = bring(&desk, "kept");
    assert_eq!((again.status, id_of(&again)), (200, id.clone()));
    assert_eq!(state(&desk, &id)["agent"], "alice");
    let alice = desk.agent_with(&alice.token);
    assert_eq!(alice.welcome["sessions"][0]["reserved"], true);
}

#[test]
fn wrong_calls_are_refused_by_name_and_make_nothing() {
    let desk = Desk::start(&[]);
    let good = json!({"workstream": "cases", "external_id": "x", "title": "t"});
    let with = |field: &str, value: Value| {
        let mut body = good.clone();
        body[field] = value;
        body.to_string()
    };
    let without = |field: &str| {
        let mut body = good.clone();
        body.as_object_mut().expect("an object").remove(field);
        body.to_string()
    };
    let nested = with("attributes", json!({"a": {"b": 1}}));
    for (body, status, code) in [
        ("", 400, "bad_request"),
        ("[]", 400, "bad_request"),
        (&*without("workstream"), 400, "bad_request"),
        (&*without("external_id"), 400, "bad_request"),
        (&*without("title"), 400, "bad_request"),
        (&*with("title", json!("")), 400, "bad_request"),
        (&*with("external_id", json!(7)), 400, "bad_request"),
        (&*with("title", json!("x".repeat(201))), 413, "too_long"),
        (&*with("customer", json!({"name": "x".repeat(10_000)})), 413, "too_long"),
        (&*with("workstream", json!("nowhere")), 404, "not_found"),
        (&nested, 400, "bad_request"),
    ] {
        let reply = call(&desk, "POST", "/api/v1/work-items", body);
        assert_eq!(reply.json()["error"]["code"], code, "{body}: {}", reply.body);
        assert_eq!(reply.status, status, "{body}: {}", reply.body);
    }
    let chat = call(&desk, "POST", "/api/v1/work-items", &with("workstream", json!("web-live")));
    assert_eq!(chat.json()["error"]["code"], "not_allowed");
    for id in ["no-such", "c999", "%00"] {
        assert_eq!(call(&desk, "GET", &format!("/api/v1/work-items/{id}"), "").status, 404, "{id}");
    }
    assert_eq!(desk.post("/api/v1/work-items", &good).status, 401);
    let alice = format!("Bearer {}", desk.login("alice"));
    let headers = [("authorization", alice.as_str()), ("content-type", "application/json")];
    assert_eq!(desk.http("POST", "/api/v1/work-items", &headers, &good.to_string()).status, 403);
    // A chat is no work item of another system's.
    let mut customer = desk.customer("shop", json!({}));
    let conversation = customer.start(json!({}));
    assert_eq!(call(&desk, "GET", &format!("/api/v1/work-items/{conversation}"), "").status, 404);
}
