//! What a notification says and how, by kind and template, and that nothing a customer writes can change its shape (REQ S2-2,
//! S2-5, S2-14 to S2-20, S4-3, S4-6, D-16).

mod support;

use serde_json::{Value, json};
use support::drill::{closed_offer, ms, offer_of};
use support::{Agent, Customer, Desk};

/// A template for every kind, each of them different.
const TEMPLATES: &str = r#"
[workstream.notify.transfer]
style = "toast"
title = "Handed over: {customer_name}"
fields = [{ label = "In", value = "{queue}" }]
timeout_s = 33
show_timeout = false
desktop = "never"
[workstream.notify.conference]
title = "Join {customer_name}"
timeout_s = 44
desktop = "always"
[workstream.notify.escalation]
title = "Help with {customer_name}"
reject = false
[workstream.notify.assigned]
title = "Yours: {customer_name}"
auto = "assign"
style = "toast"
[workstream.texts]"#;

fn desk(options: &[&str]) -> Desk {
    let changes = &[
        ("[workstream.texts]", TEMPLATES),
        (
            "roles = [\"agent\", \"supervisor\"]\nqueues = [\"billing\"]",
            "roles = [\"agent\", \"supervisor\"]\nqueues = [\"billing\", \"front\"]",
        ),
    ];
    Desk::start_with_desk(changes, options)
}

fn chat(desk: &Desk, name: &str) -> (Customer, String) {
    let mut customer = desk.customer("shop", json!({}));
    let conversation = customer.start(json!({"name": name, "comment": "help"}));
    (customer, conversation)
}

fn shape(offer: &Value) -> Value {
    json!([
        offer["kind"],
        offer["style"],
        offer["title"],
        offer["timeout_s"],
        offer["show_timeout"],
        offer["can_reject"],
        offer["auto"],
        offer["desktop"],
    ])
}

/// Ends what an agent holds, so that everybody is as at first.
fn finish(agent: &mut Agent, conversation: &str) {
    agent.socket.ok("end", json!({"conversation": conversation}));
    agent.socket.ok("wrapup", json!({"conversation": conversation, "reason": "solved"}));
}

#[test]
fn each_kind_follows_its_own_template_and_inherits_the_rest() {
    let desk = desk(&[]);
    let mut alice = desk.agent("alice");
    let (_jan, conversation) = chat(&desk, "Jan");
    let incoming = offer_of(&mut alice, &conversation);
    assert_eq!(
        shape(&incoming),
        json!(["chat", "alert", "Chat from Jan", 90, true, true, "none", "background"])
    );
    assert_eq!(incoming["accept_label"], "Accept");
    let labels: Vec<_> =
        incoming["fields"].as_array().expect("fields").iter().map(|field| &field["label"]).collect();
    assert_eq!(labels, ["Customer name", "Comment", "Wait time"]);
    assert_eq!(incoming["queue"], json!({"id": "front", "name": "Front desk"}));
    assert_eq!(incoming["proactive"], false);
    assert_eq!(incoming["preview"][0]["text"], "help");
    alice.take_known(&incoming);

    let mut bob = desk.agent("bob");
    alice.socket.ok("transfer", json!({"conversation": conversation, "to": {"agent": "bob"}}));
    let transfer = offer_of(&mut bob, &conversation);
    assert_eq!(
        shape(&transfer),
        json!(["transfer", "toast", "Handed over: Jan", 33, false, true, "none", "never"])
    );
    assert_eq!(transfer["fields"], json!([{"label": "In", "value": "Front desk"}]));
    assert_eq!(transfer["received_at"], incoming["received_at"]);
    bob.socket.ok("reject", json!({"notification": transfer["id"]}));
    assert_eq!(alice.socket.of("banner")["kind"], "transfer_refused");
    bob.socket.ok("banner_reset", json!({"kind": "rejected"}));

    alice.socket.ok("conference", json!({"conversation": conversation, "agent": "bob"}));
    let conference = offer_of(&mut bob, &conversation);
    assert_eq!(
        shape(&conference),
        json!(["conference", "alert", "Join Jan", 44, true, true, "none", "always"])
    );
    bob.socket.ok("reject", json!({"notification": conference["id"]}));
    bob.socket.ok("banner_reset", json!({"kind": "rejected"}));

    alice
        .socket
        .ok("escalate", json!({"conversation": conversation, "queue": "front", "reason": "too hard"}));
    let escalation = offer_of(&mut bob, &conversation);
    assert_eq!(
        shape(&escalation),
        json!(["escalation", "alert", "Help with Jan", 90, true, false, "none", "background"])
    );
    assert_eq!(bob.socket.refused("reject", json!({"notification": escalation["id"]})), "not_allowed");
    bob.take_known(&escalation);

    let mut sofie = desk.agent("sofie");
    let (_ann, other) = chat(&desk, "Ann");
    sofie.socket.ok("assign", json!({"conversation": other, "agent": "bob"}));
    let assigned = bob.socket.wait("the assignment", |frame| {
        frame["t"] == "notification" && frame["conversation"] == *other && frame["kind"] == "assigned"
    });
    assert_eq!(
        shape(&assigned),
        json!(["assigned", "toast", "Yours: Ann", 90, true, false, "assign", "background"])
    );
    assert_eq!(assigned["accept_label"], "Open");
    // Selecting a toast opens its session (S4-3).
    bob.socket.ok("accept", json!({"notification": assigned["id"]}));
    let open = |frame: &Value| {
        frame["t"] == "session" && frame["conversation"] == *other && frame["state"] == "active"
    };
    bob.socket.wait("the session", open);
    finish(&mut bob, &other);
}

#[test]
fn a_customer_who_returns_rings_at_her_own_agent() {
    // A Wednesday in office hours.
    let desk = Desk::start(&["--wall-clock", "2026-03-04T10:00:00Z"]);
    let token = desk.get("/demo/token?widget=portal&sub=u1").json()["token"].clone();
    let mut alice = desk.agent("alice");
    let mut customer = desk.customer("portal", json!({"jwt": token}));
    let conversation = customer.start(json!({"comment": "hello"}));
    let incoming = offer_of(&mut alice, &conversation);
    // Nothing written for this workstream: the defaults (D-16, S4-6).
    assert_eq!((&incoming["timeout_s"], &incoming["show_timeout"]), (&json!(120), &json!(true)));
    assert_eq!((&incoming["desktop"], &incoming["style"]), (&json!("background"), &json!("alert")));
    let labels: Vec<_> =
        incoming["fields"].as_array().expect("fields").iter().map(|field| &field["label"]).collect();
    assert_eq!(labels, ["Customer name", "Comment", "Wait time"]);
    alice.take_known(&incoming);
    alice.socket.ok("park", json!({"conversation": conversation}));
    customer
        .socket
        .ok("message", json!({"client_id": "c1", "text": "me again", "conversation": conversation}));
    let back = offer_of(&mut alice, &conversation);
    assert_eq!(back["kind"], "customer_returned");
    assert!(back["title"].as_str().is_some_and(|title| title.starts_with("Customer is back")), "{back}");
    assert_eq!(
        back["preview"].as_array().and_then(|all| all.last()).map(|last| &last["text"]),
        Some(&json!("me again"))
    );
    alice.take_known(&back);
}

#[test]
fn defaults_are_what_the_requirements_say() {
    let changes = &[
        ("timeout_s = 90\nshow_timeout = true\n", ""),
        ("desktop = \"background\"", "# none"),
        ("style = \"alert\"\n", ""),
    ];
    let desk = Desk::start_with_desk(changes, &[]);
    let mut alice = desk.agent("alice");
    let (_customer, conversation) = chat(&desk, "Jan");
    let offer = offer_of(&mut alice, &conversation);
    assert_eq!(
        shape(&offer),
        json!(["chat", "alert", "Chat from Jan", 120, true, true, "none", "background"])
    );
    assert_eq!(ms(&offer["deadline"]) - ms(&offer["offered_at"]), 120_000);
}

#[test]
fn an_unknown_placeholder_is_a_fault_of_the_desk_and_an_empty_one_vanishes() {
    let changes = &[
        (
            "title = \"Chat from {customer_name}\"",
            "title = \"Chat from {customer_name} on {page_title} ({context.shelf})\"",
        ),
        ("value = \"{comment}\"", "value = \"{answers.comment}{comment}\""),
    ];
    let desk = Desk::start_with_desk(changes, &[]);
    let mut alice = desk.agent("alice");
    let mut customer = desk.customer("shop", json!({}));
    let conversation = customer.start(json!({}));
    let offer = offer_of(&mut alice, &conversation);
    assert_eq!(offer["title"], "Chat from on ()");
    // A placeholder in what a customer writes stays what it is: text.
    let mut hostile = desk.customer("shop", json!({}));
    let conversation =
        hostile.start(json!({"name": "{comment}", "comment": "{customer_name} {context.shelf}"}));
    let offer = offer_of(&mut alice, &conversation);
    assert_eq!(offer["title"], "Chat from {comment} on ()");
    let token = desk.login("admin");
    let bearer = format!("Bearer {token}");
    let now = desk.http("GET", "/api/v1/desk", &[("authorization", &bearer)], "");
    let tag = now.header("etag").expect("a version").to_owned();
    for unknown in ["{nonsense}", "{context.}", "{customer_name"] {
        let wrong = now.body.replace("Chat from {customer_name} on", &format!("Chat from {unknown} on"));
        assert_ne!(wrong, now.body);
        let headers =
            [("authorization", bearer.as_str()), ("if-match", &tag), ("content-type", "application/toml")];
        let reply = desk.http("PUT", "/api/v1/desk", &headers, &wrong);
        assert_eq!(reply.status, 422, "{unknown}: {}", reply.body);
        let path = reply.json()["error"]["faults"][0]["path"].to_string();
        assert!(path.contains("notify.incoming.title"), "{unknown}: {path}");
    }
}

#[test]
fn hostile_values_are_text_of_one_bounded_line() {
    let changes = &[
        ("title = \"Chat from {customer_name}\"", "title = \"Chat from {customer_name} {context.note}\""),
        ("value = \"{comment}\"", "value = \"{comment} {context.note}\""),
    ];
    let desk = Desk::start_with_desk(changes, &[]);
    let mut alice = desk.agent("alice");
    let mut long = desk.customer("shop", json!({}));
    assert_eq!(long.socket.refused("start", json!({"name": "x".repeat(10_000)})), "too_long");
    assert_eq!(long.socket.refused("start", json!({"name": "x".repeat(201)})), "too_long");
    let mut customer = desk.customer("shop", json!({}));
    let conversation = customer.start(json!({
        "name": "<img src=x onerror=alert(1)>\u{202e}dnoB \u{2066}x",
        "comment": "line one\nline two {customer_name}",
        "context": {"note": "y".repeat(512)},
    }));
    let offer = offer_of(&mut alice, &conversation);
    let mut texts = vec![offer["title"].as_str().expect("a title").to_owned()];
    for field in offer["fields"].as_array().expect("fields") {
        texts.push(field["value"].as_str().expect("text").to_owned());
    }
    for text in &texts {
        assert!(!text.contains(['\n', '\u{202e}', '\u{2066}']), "one line, in its own direction: {text:?}");
        assert!(text.chars().count() <= 500, "{} characters", text.chars().count());
    }
    assert!(texts[0].starts_with("Chat from <img src=x onerror=alert(1)>"), "kept as text: {:?}", texts[0]);
    alice.take_known(&offer);
    assert_eq!(closed_offer(&mut alice, &offer), "accepted");
}

/// "Chat from": an empty name vanishes, and what a page may say in its place is told beside the title.
#[test]
fn a_title_that_ends_where_no_name_is_says_what_may_stand_there() {
    let desk = Desk::start_with_desk(&[("locale = \"en\"", "locale = \"nl\"")], &[]);
    let mut alice = desk.agent("alice");
    let mut nobody = desk.customer("shop", json!({}));
    nobody.start(json!({"comment": "hello?"}));
    let offer = alice.socket.of("notification");
    assert_eq!((&offer["title"], &offer["title_open"]), (&json!("Chat from"), &json!("iemand")), "{offer}");
    let (_jan, _) = chat(&desk, "Jan de Boer");
    let offer = alice.socket.of("notification");
    assert_eq!((&offer["title"], &offer["title_open"]), (&json!("Chat from Jan de Boer"), &Value::Null));
}
