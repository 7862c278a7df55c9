//! Presence over real sockets: load, manual holds, the desk's own, penalties and what lifts them, loss and return, ten
//! sessions (REQ S2-24 to S2-27, S2-32, S2-33, S2-35, D-4, D-5, D-6, D-10).

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::drill::{decisions, elapsed_ms, offer_of, presence, routed};
use support::{Agent, Customer, Desk};

const FAST: &[&str] = &["--clock-speed", "60"];
const MOMENT: Duration = Duration::from_millis(400);
const SLACK_MS: i64 = 60_000;

fn choose(agent: &mut Agent, status: &str) -> Value {
    agent.socket.ok("presence", json!({"status": status}));
    presence(agent, status)
}

fn chat(desk: &Desk) -> (Customer, String) {
    let mut customer = desk.customer("shop", json!({}));
    let conversation = customer.start(json!({"comment": "hello"}));
    (customer, conversation)
}

fn any_offer(frame: &Value) -> bool {
    frame["t"] == "notification"
}

#[test]
fn load_is_what_shows_and_a_manual_choice_stands_over_it() {
    let desk = Desk::start(&[]);
    let mut alice = desk.agent("alice");
    let ids: Vec<_> = alice.welcome["presences"]
        .as_array()
        .expect("presences")
        .iter()
        .map(|one| one["id"].as_str().unwrap_or("").to_owned())
        .collect();
    assert_eq!(ids, ["available", "busy", "do_not_disturb", "away", "offline", "lunch"]);
    assert_eq!(alice.socket.refused("presence", json!({"status": "inactive"})), "not_allowed");
    assert_eq!(alice.socket.refused("presence", json!({"status": "asleep"})), "bad_request");
    assert_eq!(alice.socket.refused("presence", json!({"status": null})), "bad_request");

    // Busy by hand takes work where busy is allowed, and holds until the next accept.
    assert_eq!(choose(&mut alice, "busy")["reason"], "manual");
    let (_first, conversation) = chat(&desk);
    let offer = offer_of(&mut alice, &conversation);
    alice.socket.never("a change by an offer", MOMENT, |frame| frame["t"] == "presence");
    alice.take_known(&offer);
    let busy = presence(&mut alice, "busy");
    assert_eq!(busy["reason"], "load", "{busy}");
    // Available by hand, until the next close.
    assert_eq!(choose(&mut alice, "available")["reason"], "manual");
    alice.socket.ok("end", json!({"conversation": conversation}));
    alice.socket.ok("wrapup", json!({"conversation": conversation, "reason": "solved"}));
    let by_load = |frame: &Value| frame["t"] == "presence" && frame["reason"] == "load";
    let now = alice.socket.wait("load again", by_load);
    assert!(["available", "busy"].contains(&now["status"].as_str().unwrap_or("")), "{now}");

    // The others hold over accepts and closes, and take nothing.
    for status in ["do_not_disturb", "away", "offline", "lunch"] {
        assert_eq!(choose(&mut alice, status)["reason"], "manual", "{status}");
        let (mut customer, conversation) = chat(&desk);
        alice.socket.never(&format!("an offer while {status}"), MOMENT / 2, any_offer);
        alice.socket.ok("presence", json!({"status": "available"}));
        offer_of(&mut alice, &conversation);
        customer.socket.ok("end", json!({}));
        alice.socket.of("notification_closed");
    }
    let lunch = choose(&mut alice, "lunch");
    assert_eq!((&lunch["base"], &lunch["label"]), (&json!("away"), &json!("Lunch")));
    let window = desk.agent_with(&alice.token);
    assert_eq!(window.welcome["presence"]["status"], "lunch");
    assert_eq!(window.welcome["presence"]["since"], lunch["since"]);
}

#[test]
fn capacity_used_up_is_do_not_disturb_by_load() {
    let desk = Desk::start_with_desk(&[("units = 30", "units = 50")], &[]);
    let mut alice = desk.agent("alice");
    let (_one, first) = chat(&desk);
    alice.take(&first);
    assert_eq!(presence(&mut alice, "busy")["reason"], "load");
    let (_two, second) = chat(&desk);
    alice.take(&second);
    assert_eq!(presence(&mut alice, "do_not_disturb")["reason"], "load");
    alice.socket.ok("end", json!({"conversation": second}));
    alice.socket.ok("wrapup", json!({"conversation": second, "reason": "solved"}));
    assert_eq!(presence(&mut alice, "busy")["reason"], "load");
}

#[test]
fn a_desk_s_own_presence_can_be_allowed_for_a_workstream() {
    let changes = &[(
        "allowed_presences = [\"available\", \"busy\"]",
        "allowed_presences = [\"available\", \"lunch\"]",
    )];
    let desk = Desk::start_with_desk(changes, &[]);
    let mut alice = desk.agent("alice");
    choose(&mut alice, "lunch");
    let (_one, first) = chat(&desk);
    alice.take(&first);
    assert_eq!(
        desk.agent_with(&alice.token).welcome["presence"]["status"],
        "lunch",
        "what rests on away is held until it is changed"
    );
    choose(&mut alice, "away");
    let (_two, _) = chat(&desk);
    alice.socket.never("an offer while away", MOMENT, any_offer);
}

#[test]
fn a_penalty_is_lifted_by_its_banner_her_own_change_or_a_supervisor() {
    let desk = Desk::start(&[]);
    let mut alice = desk.agent("alice");
    let mut sofie = desk.agent("sofie");
    let mut customers = Vec::new();
    let mut reject_one = |alice: &mut Agent| {
        let (customer, conversation) = chat(&desk);
        let offer = offer_of(alice, &conversation);
        alice.socket.ok("reject", json!({"notification": offer["id"]}));
        assert_eq!(alice.socket.of("banner")["kind"], "rejected");
        assert_eq!(presence(alice, "do_not_disturb")["reason"], "rejected");
        customers.push(customer);
    };
    let gone = |alice: &mut Agent| {
        assert_eq!(alice.socket.of("banner_closed")["kind"], "rejected");
    };
    // A penalty replaces a manual one, and what is left after it is load (S2-25).
    choose(&mut alice, "busy");
    reject_one(&mut alice);
    alice.socket.ok("banner_reset", json!({"kind": "rejected"}));
    gone(&mut alice);
    assert_eq!(presence(&mut alice, "available")["reason"], "load");
    assert_eq!(alice.socket.refused("banner_reset", json!({"kind": "rejected"})), "not_found");
    assert_eq!(alice.socket.refused("banner_reset", json!({"kind": "nonsense"})), "bad_request");

    reject_one(&mut alice);
    choose(&mut alice, "away");
    gone(&mut alice);
    choose(&mut alice, "available");

    reject_one(&mut alice);
    for (t, fields) in [
        ("reset_presence", json!({"agent": "alice", "status": "available"})),
        ("desk_view", json!({"on": true})),
    ] {
        assert_eq!(alice.socket.refused(t, fields), "forbidden", "{t}");
    }
    assert_eq!(
        sofie.socket.refused("reset_presence", json!({"agent": "alice", "status": "inactive"})),
        "not_allowed"
    );
    assert_eq!(
        sofie.socket.refused("reset_presence", json!({"agent": "nobody", "status": "available"})),
        "not_found"
    );
    sofie.socket.ok("reset_presence", json!({"agent": "alice", "status": "available"}));
    gone(&mut alice);
    let reset = presence(&mut alice, "available");
    assert_eq!((&reset["reason"], &reset["by"]), (&json!("supervisor"), &json!("sofie")));
}

#[test]
fn back_within_150_seconds_she_is_what_she_was_and_her_talk_goes_on() {
    let desk = Desk::start_with_desk(&[], FAST);
    let mut alice = desk.agent("alice");
    let token = alice.token.clone();
    let (mut customer, conversation) = chat(&desk);
    alice.take(&conversation);
    choose(&mut alice, "away");
    let mut sofie = desk.agent("sofie");
    sofie.socket.ok("desk_view", json!({"on": true}));
    drop(alice);
    let lost = sofie.socket.wait("alice lost", |frame| {
        frame["t"] == "desk" && row(frame, "agents", "alice").is_some_and(|row| row["reason"] == "lost")
    });
    assert_eq!(row(&lost, "agents", "alice").expect("a row")["status"], "offline");
    std::thread::sleep(Duration::from_millis(1000));
    let mut alice = desk.agent_with(&token);
    assert_eq!(alice.welcome["presence"]["status"], "away");
    assert_eq!(alice.welcome["presence"]["reason"], "manual");
    assert_eq!(alice.welcome["sessions"][0]["state"], "active");
    alice.say(&conversation, "a1", "I am back");
    customer.socket.wait("her words", |frame| frame["text"] == "I am back");
}

#[test]
fn after_150_seconds_a_live_talk_goes_to_the_head_of_its_queue() {
    let desk = Desk::start_with_desk(&[], FAST);
    let mut alice = desk.agent("alice");
    let token = alice.token.clone();
    let (mut customer, conversation) = chat(&desk);
    alice.take(&conversation);
    choose(&mut alice, "away");
    // Somebody arrived later, and waits: the talk that comes back stands before her.
    let (_later, later) = chat(&desk);
    let lost_at = json!(jiff_now(&desk, &token));
    drop(alice);
    let told = customer.socket.wait("open again", |frame| frame["t"] == "state" && frame["state"] == "open");
    assert_eq!(told["reason"], "agent_lost");
    let mut sofie = desk.agent("sofie");
    sofie.socket.ok("desk_view", json!({"on": true}));
    let mut bob = desk.agent("bob");
    let first = bob.socket.of("notification");
    assert_eq!(first["conversation"], *conversation, "the oldest first");
    assert_eq!(bob.socket.of("notification")["conversation"], *later);
    let sofie = desk.login("sofie");
    let rerouted = decisions(&desk, &sofie, &conversation);
    let given_back = rerouted.iter().find(|one| one["event"] == "rerouted").expect("given back");
    let after_ms = elapsed_ms(&lost_at, &given_back["at"]);
    assert!((150_000 - 2_000..150_000 + SLACK_MS).contains(&after_ms), "{after_ms}");
    assert_eq!(routed(given_back, "alice"), "offline");
    let alice = desk.agent_with(&token);
    assert_eq!(alice.welcome["presence"]["reason"], "load", "a fresh sign-in");
    assert_eq!(alice.welcome["sessions"], json!([]));
}

/// The product clock as a new window is told it.
fn jiff_now(desk: &Desk, token: &str) -> String {
    let window = desk.agent_with(token);
    window.welcome["clock"]["now"].as_str().expect("a stamp").to_owned()
}

#[test]
fn each_workstream_has_its_own_patience_with_a_lost_agent() {
    let desk = Desk::start_with_desk(&[("agent_lost_s = 150", "agent_lost_s = 30")], FAST);
    let mut alice = desk.agent("alice");
    let token = alice.token.clone();
    let (mut customer, conversation) = chat(&desk);
    alice.take(&conversation);
    choose(&mut alice, "away");
    let lost_at = json!(jiff_now(&desk, &token));
    drop(alice);
    let told = customer.socket.wait("open again", |frame| frame["t"] == "state" && frame["state"] == "open");
    assert_eq!(told["reason"], "agent_lost");
    let sofie = desk.login("sofie");
    let all = decisions(&desk, &sofie, &conversation);
    let given_back = all.iter().find(|one| one["event"] == "rerouted").expect("given back");
    let after_ms = elapsed_ms(&lost_at, &given_back["at"]);
    assert!((28_000..30_000 + SLACK_MS).contains(&after_ms), "{after_ms}");
    let alice = desk.agent_with(&token);
    assert_eq!(alice.welcome["presence"]["status"], "away", "the others give her 150 s");
}

#[test]
fn signing_out_is_at_once() {
    let desk = Desk::start(&[]);
    let mut alice = desk.agent("alice");
    let (mut customer, conversation) = chat(&desk);
    alice.take(&conversation);
    let (_second, offered) = chat(&desk);
    offer_of(&mut alice, &offered);
    let mut bob = desk.agent("bob");
    let bearer = format!("Bearer {}", alice.token);
    assert_eq!(desk.http("POST", "/api/v1/logout", &[("authorization", &bearer)], "").status, 204);
    alice.socket.wait("the end of her socket", |frame| frame["closed"] == 1008);
    for waiting in [&conversation, &offered] {
        offer_of(&mut bob, waiting);
    }
    customer.socket.wait("open again", |frame| frame["t"] == "state" && frame["state"] == "open");
    let refused = desk.socket("/ws/agent", &[("authorization", &bearer)]);
    assert_eq!(refused.err(), Some(401));
}

#[test]
fn an_eleventh_session_is_not_opened_and_says_so() {
    let changes = &[("units = 30", "units = 1")];
    let desk = Desk::start_with_desk(changes, &[]);
    let mut alice = desk.agent("alice");
    let mut customers = Vec::new();
    for _ in 0..10 {
        let (customer, conversation) = chat(&desk);
        alice.take(&conversation);
        customers.push((customer, conversation));
    }
    assert_eq!(desk.agent_with(&alice.token).welcome["settings"]["sessions_max"], 10);
    let mut bob = desk.agent("bob");
    bob.socket.ok("presence", json!({"status": "away"}));
    let (_extra, eleventh) = chat(&desk);
    let banner = alice.socket.of("banner");
    assert_eq!((&banner["kind"], &banner["action"]), (&json!("max_sessions"), &json!("banner_reset")));
    assert_eq!(presence(&mut alice, "do_not_disturb")["reason"], "max_sessions");
    alice.socket.never("an eleventh offer", MOMENT, any_offer);
    let sofie = desk.login("sofie");
    let first = decisions(&desk, &sofie, &eleventh).remove(0);
    assert_eq!(routed(&first, "alice"), "sessions");
    assert_eq!(routed(&first, "bob"), "presence");
    // While ten are open the banner cannot be answered, nor anything picked up.
    assert_eq!(alice.socket.refused("banner_reset", json!({"kind": "max_sessions"})), "not_allowed");
    let (_, closing) = &customers[0];
    alice.socket.ok("end", json!({"conversation": closing}));
    alice.socket.ok("wrapup", json!({"conversation": closing, "reason": "solved"}));
    alice.socket.never("work while the banner stands", MOMENT, any_offer);
    alice.socket.ok("banner_reset", json!({"kind": "max_sessions"}));
    assert_eq!(alice.socket.of("banner_closed")["kind"], "max_sessions");
    offer_of(&mut alice, &eleventh);
}

#[test]
fn at_ten_the_choice_goes_on_to_the_next() {
    let desk = Desk::start_with_desk(&[("units = 30", "units = 1")], &[]);
    let mut alice = desk.agent("alice");
    let mut customers = Vec::new();
    for _ in 0..10 {
        let (customer, conversation) = chat(&desk);
        alice.take(&conversation);
        customers.push(customer);
    }
    // Bob has just finished something, so alice has been idle longer and would be chosen.
    let mut bob = desk.agent("bob");
    let (_extra, eleventh) = chat(&desk);
    offer_of(&mut bob, &eleventh);
    assert_eq!(alice.socket.of("banner")["kind"], "max_sessions");
    assert_eq!(presence(&mut alice, "do_not_disturb")["reason"], "max_sessions");
    // Her own change lifts it as well.
    choose(&mut alice, "available");
    assert_eq!(alice.socket.of("banner_closed")["kind"], "max_sessions");
}

/// A row of a `desk` frame.
fn row<'a>(frame: &'a Value, table: &str, id: &str) -> Option<&'a Value> {
    frame[table].as_array()?.iter().find(|row| row["id"] == id)
}
