//! Cases of another system: brought in once each, assigned whatever happens to their toast (REQ S2-4, S2-21, D-21).

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::drill::{closed_offer, found_offer, offer_of};
use support::provider::{self, Mood, Provider};
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

/// The example whose cases' system is told at the stand-in, by a relay of the box's own.
fn told_to(provider: &Provider, secret: &str) -> Desk {
    let hook = format!(
        "wrapup = \"required\"\n[workstream.webhook]\nurl = \"{}{}\"\nsecret = \"{secret}\"\n\
         [workstream.notify.incoming]\nstyle = \"toast\"\ntitle = \"Case",
        provider.url,
        provider::CRM
    );
    let from = "[workstream.notify.incoming]\nstyle = \"toast\"\ntitle = \"Case";
    Desk::start_with_desk(&[(from, &hook)], &["--clock-speed", "20"])
}

#[test]
fn the_crm_is_told_in_order_who_has_its_case_how_it_was_wrapped_up_and_that_it_is_closed() {
    let provider = Provider::start();
    // It fails at first, then breaks the line after it has taken the event: the same event comes again.
    provider.mood(&[Mood::Status(500, None), Mood::TakenAndGone]);
    let mut desk = told_to(&provider, provider::CRM_SECRET);
    let mut alice = desk.agent("alice");
    let id = id_of(&bring(&desk, "CRM-1"));
    let toast = offer_of(&mut alice, &id);
    alice.socket.ok("accept", json!({"notification": toast["id"]}));
    session(&mut alice, &id, "active");
    // Assigned, and opened: it is told once.
    provider.wait_taken(2);
    // Down, and the box with it: what happens meanwhile is told afterwards.
    provider.set_down(true);
    alice.socket.ok("end", json!({"conversation": id}));
    let comment = "called melissa@gmail.com";
    alice.socket.ok("wrapup", json!({"conversation": id, "reason": "solved", "comment": comment}));
    alice.socket.of("session_closed");
    desk.start_again();
    provider.set_down(false);
    let taken = provider.wait_taken(4);
    let mut events: Vec<Value> =
        taken.iter().map(|taken| serde_json::from_str(&taken.text).expect("JSON")).collect();
    assert_eq!((&taken[0].id, &events[0]), (&taken[1].id, &events[1]), "a repeat is the same by its name");
    events.remove(0);
    let kinds: Vec<&str> = events.iter().filter_map(|event| event["type"].as_str()).collect();
    assert_eq!(kinds, ["work_item.assigned", "work_item.wrapped_up", "work_item.closed"]);
    for event in &events {
        let data = &event["data"];
        assert_eq!(
            (&data["id"], &data["external_id"], &data["agent"]),
            (&json!(id), &json!("CRM-1"), &json!("alice"))
        );
    }
    let wrapped = &events[1]["data"];
    assert_eq!(
        (&wrapped["reason"], &wrapped["comment"]),
        (&json!("solved"), &json!("called m******@gmail.com"))
    );
    assert_eq!(events[2]["data"]["ended"], "ended_by_agent");
    // Every call was signed: the stand-in takes no other, and each attempt has its own time.
    assert!(provider.called().len() >= 5, "{:?}", provider.called().len());
}

#[test]
fn a_receiver_with_another_secret_takes_nothing() {
    let provider = Provider::start();
    let desk = told_to(&provider, "another secret");
    let _alice = desk.agent("alice");
    bring(&desk, "CRM-1");
    provider.wait_called(2);
    assert!(provider.taken().is_empty(), "the check of the stand-in can fail");
}

#[test]
fn work_items_are_listed_by_state_a_page_at_a_time() {
    let desk = Desk::start(&[]);
    let list = |query: &str| {
        let reply = call(&desk, "GET", &format!("/api/v1/work-items{query}"), "");
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.json()
    };
    let names = |page: &Value| {
        let items = page["items"].as_array().expect("items");
        items
            .iter()
            .map(|item| item["external_id"].as_str().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(list(""), json!({"items": []}));
    let ids: Vec<String> = (0..5).map(|n| id_of(&bring(&desk, &format!("L{n}")))).collect();
    // A chat is none of theirs.
    let mut customer = desk.customer("shop", json!({}));
    customer.start(json!({}));
    assert_eq!(names(&list("?state=queued")), ["L4", "L3", "L2", "L1", "L0"]);
    let mut alice = desk.agent("alice");
    found_offer(&mut alice, &ids[0]);
    alice.socket.ok("pickup", json!({"conversation": ids[0]}));
    alice.socket.ok("end", json!({"conversation": ids[0]}));
    alice.socket.of("session_closed");
    assert_eq!(names(&list("?state=closed")), ["L0"]);
    let assigned = list("?state=assigned");
    assert_eq!(names(&assigned), ["L4", "L3", "L2", "L1"]);
    assert!(assigned["items"].as_array().expect("items").iter().all(|item| item["agent"] == "alice"));
    for query in ["?limit=2", "?state=assigned&limit=2"] {
        let (mut all, mut page) = (Vec::new(), list(query));
        loop {
            let shown = names(&page);
            assert!(shown.len() <= 2, "{page}");
            all.extend(shown);
            let Some(next) = page["next"].as_str() else { break };
            page = list(&format!("{query}&before={next}"));
        }
        let expected: &[&str] =
            if query.contains("state") { &["L4", "L3", "L2", "L1"] } else { &["L4", "L3", "L2", "L1", "L0"] };
        assert_eq!(all, expected, "{query}");
    }
    assert_eq!(list("?workstream=nowhere"), json!({"items": []}));
    let reopened = id_of(&bring(&desk, "L0"));
    let newest = list("?limit=1")["items"][0].clone();
    assert_eq!((&newest["id"], &newest["reopens"]), (&json!(reopened), &json!(ids[0])));
    for (query, status) in [("?state=open", 400), ("?limit=many", 400), ("?before=x", 404)] {
        assert_eq!(call(&desk, "GET", &format!("/api/v1/work-items{query}"), "").status, status, "{query}");
    }
    let sofie = format!("Bearer {}", desk.login("sofie"));
    assert_eq!(desk.http("GET", "/api/v1/work-items", &[("authorization", &sofie)], "").status, 403);
}
