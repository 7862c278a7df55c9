//! A new desk while offers are pending: what was removed lets go of its work, and the work goes on elsewhere.

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::drill::{closed_offer, decisions, offer_of};
use support::{Customer, Desk, Reply};

const MOMENT: Duration = Duration::from_millis(400);

fn chat(desk: &Desk) -> (Customer, String) {
    let mut customer = desk.customer("shop", json!({}));
    let conversation = customer.start(json!({"comment": "help"}));
    (customer, conversation)
}

/// Puts a changed desk in force.
fn change(desk: &Desk, edit: impl Fn(&str) -> String) -> Reply {
    let bearer = format!("Bearer {}", desk.login("admin"));
    let now = desk.http("GET", "/api/v1/desk", &[("authorization", &bearer)], "");
    let tag = now.header("etag").expect("a version").to_owned();
    let text = edit(&now.body);
    assert_ne!(text, now.body, "the edit found what it looked for");
    let headers =
        [("authorization", bearer.as_str()), ("if-match", &tag), ("content-type", "application/toml")];
    desk.http("PUT", "/api/v1/desk", &headers, &text)
}

/// The desk's text without one section.
fn without(text: &str, begins: &str) -> String {
    let at = text.find(begins).unwrap_or_else(|| panic!("no {begins:?} in {text}"));
    let head = text[..at].rfind("[[").expect("a section");
    let end = text[at..].find("\n[[").map_or(text.len(), |end| at + end + 1);
    format!("{}{}", &text[..head], &text[end..])
}

#[test]
fn a_file_put_in_force_again_with_its_passwords_in_it_signs_nobody_out() {
    let desk = Desk::start_with_desk(&[], &[]);
    let mut alice = desk.agent("alice");
    let mut bob = desk.agent("bob");
    let example = include_str!("data/desk.example.toml");
    let text = example.replacen("name = \"Front desk\"", "name = \"Reception\"", 1).replacen(
        "bob-demo-pass",
        "bob-new-pass",
        1,
    );
    let reply = change(&desk, |_| text.clone());
    assert_eq!(reply.status, 200, "{}", reply.body);
    bob.socket.wait("the end of his, whose password is another", |frame| frame["closed"] == 1008);
    let queues = alice.socket.ok("directory", json!({"kind": "queues", "all": true}));
    assert!(queues.to_string().contains("Reception"), "she goes on with the new desk: {queues}");
    assert!(!desk.login("alice").is_empty());
}

#[test]
fn an_empty_file_is_no_desk() {
    let desk = Desk::start(&[]);
    for text in ["", "# nothing but words\n"] {
        let reply = change(&desk, |_| text.to_owned());
        assert_eq!(reply.status, 422, "{}", reply.body);
        assert!(reply.body.contains("is empty"), "{}", reply.body);
    }
    assert!(!desk.login("alice").is_empty());
}

#[test]
fn an_agent_removed_while_she_is_asked_lets_the_work_go_on_elsewhere() {
    let desk = Desk::start(&[]);
    let mut alice = desk.agent("alice");
    let (mut talking, talk) = chat(&desk);
    alice.take(&talk);
    let (_waiting, asked) = chat(&desk);
    let offer = offer_of(&mut alice, &asked);
    let mut bob = desk.agent("bob");
    let reply = change(&desk, |text| without(text, "username = \"alice\""));
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert!(reply.header("etag").is_some());
    assert_eq!(closed_offer(&mut alice, &offer), "withdrawn");
    alice.socket.wait("the end of her socket", |frame| frame["closed"] == 1008);
    for conversation in [&talk, &asked] {
        bob.take(conversation);
    }
    talking.socket.wait("open again", |frame| frame["t"] == "state" && frame["state"] == "open");
    talking.socket.wait("bob", |frame| frame["t"] == "state" && frame["agent"]["name"] == "Bob Novák");
    let sofie = desk.login("sofie");
    let candidates = decisions(&desk, &sofie, &asked).pop().expect("a decision")["candidates"].clone();
    assert!(!candidates.to_string().contains("alice"), "{candidates}");
    let gone = desk.post("/api/v1/login", &json!({"username": "alice", "password": "alice-demo-pass"}));
    assert_eq!(gone.status, 401);
}

#[test]
fn a_password_changed_in_the_desk_ends_what_was_signed_in_with_the_old_one_and_nothing_else() {
    let desk = Desk::start(&[]);
    let (mut alice, mut bob) = (desk.agent("alice"), desk.agent("bob"));
    let reply = change(&desk, |text| {
        let at = text.find("username = \"alice\"").expect("alice");
        let end = text[at..].find("\n[[").map_or(text.len(), |end| at + end);
        let lines = text[at..end].lines().filter(|line| !line.starts_with("password"));
        let hers = lines.chain(["password = \"alice-other-pass\"", ""]).collect::<Vec<_>>().join("\n");
        format!("{}{hers}{}", &text[..at], &text[end..])
    });
    assert_eq!(reply.status, 200, "{}", reply.body);
    alice.socket.wait("the end of her socket", |frame| frame["closed"] == 1008);
    let cookie = format!("Bearer {}", alice.token);
    assert_eq!(desk.http("GET", "/api/v1/me", &[("authorization", &cookie)], "").status, 401);
    bob.socket.ok("presence", json!({"status": "available"}));
    let old = desk.post("/api/v1/login", &json!({"username": "alice", "password": "alice-demo-pass"}));
    assert_eq!(old.status, 401);
    let new = desk.post("/api/v1/login", &json!({"username": "alice", "password": "alice-other-pass"}));
    assert_eq!(new.status, 200, "{}", new.body);
}

#[test]
fn a_desk_too_large_to_be_stored_is_refused_and_the_box_goes_on() {
    let desk = Desk::start(&[]);
    let most = deskbell::limits::DESK_STORED_BYTES_MAX;
    let filled = |text: &str, bytes: usize| {
        let mut text = text.to_owned();
        while text.len() + 200 < bytes {
            let head = format!("\n[[article]]\nid = \"a{}\"\ntitle = \"A\"\ntext = \"", text.len());
            let words = "x".repeat((bytes - text.len() - head.len() - 2).min(20_000));
            text = format!("{text}{head}{words}\"\n");
        }
        text
    };
    let reply = change(&desk, |text| filled(text, most - 8_000));
    assert_eq!(reply.status, 200, "{}", reply.body);
    // A file may have these bytes; with the hashes of its passwords it is more than the journal takes in one piece.
    let reply = change(&desk, |text| filled(text, most));
    assert_eq!(reply.status, 422, "{}", reply.body);
    let fault = reply.json()["error"]["faults"][0].clone();
    assert!(fault["message"].as_str().is_some_and(|message| message.contains(&most.to_string())), "{fault}");
    chat(&desk);
}

#[test]
fn a_removed_queue_s_work_goes_to_its_workstream_s_queue() {
    // Chats come in through `front`; one is handed to `billing`, which then goes.
    let changes = &[
        ("[[token]]", "[[queue]]\nid = \"returns\"\nname = \"Returns\"\n[[token]]"),
        (
            "roles = [\"agent\"]\nqueues = [\"front\", \"billing\"]",
            "roles = [\"agent\"]\nqueues = [\"front\", \"billing\", \"returns\"]",
        ),
    ];
    let desk = Desk::start_with_desk(changes, &[]);
    let mut bob = desk.agent("bob");
    let (_customer, conversation) = chat(&desk);
    bob.take(&conversation);
    let mut alice = desk.agent("alice");
    bob.socket.ok("transfer", json!({"conversation": conversation, "to": {"queue": "returns"}}));
    let offer = offer_of(&mut alice, &conversation);
    assert_eq!(offer["queue"]["id"], "returns");
    let reply = change(&desk, |text| without(text, "id = \"returns\"").replace(", \"returns\"", ""));
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(closed_offer(&mut alice, &offer), "withdrawn");
    let again = offer_of(&mut alice, &conversation);
    assert_eq!(again["queue"]["id"], "front");
    assert_eq!(again["received_at"], offer["received_at"]);
    alice.take_known(&again);
}

#[test]
fn a_changed_template_and_new_time_hold_for_offers_made_from_then_on() {
    let desk = Desk::start(&[]);
    let mut alice = desk.agent("alice");
    let (_one, first) = chat(&desk);
    let before = offer_of(&mut alice, &first);
    let reply = change(&desk, |text| {
        text.replacen("timeout_s = 90", "timeout_s = 30", 1).replacen("Chat from", "Somebody called", 1)
    });
    assert_eq!(reply.status, 200, "{}", reply.body);
    alice.socket.never("an end of what is pending", MOMENT, |frame| frame["t"] == "notification_closed");
    let (_two, second) = chat(&desk);
    let after = offer_of(&mut alice, &second);
    assert_eq!(after["timeout_s"], 30);
    assert!(after["title"].as_str().is_some_and(|title| title.starts_with("Somebody called")), "{after}");
    let window = desk.agent_with(&alice.token);
    let kept = window.welcome["notifications"].as_array().expect("two").clone();
    let first_kept = kept.iter().find(|one| one["id"] == before["id"]).expect("still pending");
    assert_eq!(first_kept["deadline"], before["deadline"]);
    alice.take_known(&before);
    alice.take_known(&after);
}

#[test]
fn switches_and_allowed_presences_hold_from_then_on() {
    let desk = Desk::start(&[]);
    let mut alice = desk.agent("alice");
    alice.socket.ok("presence", json!({"status": "lunch"}));
    let (_one, first) = chat(&desk);
    alice.socket.never("work at lunch", MOMENT, |frame| frame["t"] == "notification");
    let allow = |text: &str| {
        text.replacen(
            "allowed_presences = [\"available\", \"busy\"]",
            "allowed_presences = [\"available\", \"busy\", \"lunch\"]",
            1,
        )
        .replacen("[reject]\nenabled = true", "[reject]\nenabled = false", 1)
    };
    let reply = change(&desk, allow);
    assert_eq!(reply.status, 200, "{}", reply.body);
    let offer = offer_of(&mut alice, &first);
    alice.socket.ok("reject", json!({"notification": offer["id"]}));
    alice.socket.never("a banner", MOMENT, |frame| frame["t"] == "banner");
}

#[test]
fn a_capacity_cut_below_what_is_in_use_takes_nothing_away() {
    let desk = Desk::start(&[]);
    let mut alice = desk.agent("alice");
    let mut held = Vec::new();
    for _ in 0..2 {
        let (customer, conversation) = chat(&desk);
        alice.take(&conversation);
        held.push((customer, conversation));
    }
    let (_third, pending) = chat(&desk);
    let offer = offer_of(&mut alice, &pending);
    let reply = change(&desk, |text| text.replacen("capacity = 100", "capacity = 40", 1));
    assert_eq!(reply.status, 200, "{}", reply.body);
    let full = |frame: &Value| frame["t"] == "presence" && frame["status"] == "do_not_disturb";
    assert_eq!(alice.socket.wait("do not disturb by load", full)["reason"], "load");
    alice.take_known(&offer);
    for (at, (_, conversation)) in held.iter().enumerate() {
        alice.say(conversation, &format!("a{at}"), "still here");
    }
    let (_fourth, more) = chat(&desk);
    alice
        .socket
        .never("more", MOMENT, |frame| frame["t"] == "notification" && frame["conversation"] == *more);
}

#[test]
fn a_decision_is_told_as_it_was_made_after_desk_and_box_have_changed() {
    let mut desk = Desk::start(&[]);
    let _alice = desk.agent("alice");
    let (_customer, asked) = chat(&desk);
    let sofie = desk.login("sofie");
    let told = |desk: &Desk, token: &str| decisions(desk, token, &asked).swap_remove(0);
    let first = told(&desk, &sofie);
    let found = |agent: &str| {
        let all = first["candidates"].as_array().expect("candidates");
        all.iter().find(|one| one["agent"] == agent).map(|one| one["verdict"].clone())
    };
    assert_eq!((found("alice"), found("bob")), (Some(json!("chosen")), Some(json!("offline"))), "{first}");
    assert_eq!(first["by"], "only", "{first}");
    // Others move into the rows of those who go: first in the running box, then in the next one.
    let reply = change(&desk, |text| {
        let newcomer = "[[agent]]\nusername = \"abel\"\nname = \"Abel\"\npassword = \"abel-demo-pass\"\nroles = [\"agent\"]\nqueues = [\"front\"]\n\n";
        let text = without(text, "username = \"bob\"");
        let at = text.find("[[agent]]").expect("agents");
        format!("{}{newcomer}{}", &text[..at], &text[at..])
    });
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(told(&desk, &sofie)["candidates"], first["candidates"]);
    let (_second, later) = chat(&desk);
    let later = decisions(&desk, &sofie, &later).swap_remove(0);
    assert!(later["candidates"].to_string().contains("abel"), "{later}");
    desk.kill();
    desk.start_again();
    assert_eq!(told(&desk, &desk.login("sofie"))["candidates"], first["candidates"]);
}
