//! A conversation that outlives the visit (REQ S0-1 to S0-17, D-1 to D-3), over the real sockets.

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::site::Site;
use support::{Agent, Customer, Desk};

const MOMENT: Duration = Duration::from_millis(400);

/// Half an hour before the office opens, a Monday.
const BEFORE_OPENING: &str = "2026-11-23T06:30:00Z";
/// The office is open.
const MORNING: &str = "2026-11-23T09:00:00Z";

fn desk(site: &Site, changes: &[(&str, &str)], options: &[&str]) -> Desk {
    let mut text = Site::desk(&[site]);
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    Desk::start_with_text(&text, options)
}

fn customer(desk: &Desk, site: &Site, sub: &str) -> Customer {
    desk.customer("portal", json!({"jwt": site.token(sub)}))
}

fn texts(messages: &Value) -> Vec<String> {
    let list = messages.as_array().expect("messages");
    let spoken = list.iter().filter(|message| message["from"]["kind"] != "system");
    spoken.map(|message| message["text"].as_str().unwrap_or_default().to_string()).collect()
}

fn numbers(messages: &Value) -> Vec<u64> {
    messages.as_array().expect("messages").iter().filter_map(|message| message["seq"].as_u64()).collect()
}

fn parked(agent: &mut Agent, conversation: &str) {
    agent.socket.ok("park", json!({"conversation": conversation}));
    agent.socket.wait("the parking", |frame| {
        frame["t"] == "session_state" && frame["conversation"] == conversation && frame["state"] == "waiting"
    });
}

fn session_in(welcome: &Value, conversation: &str) -> Value {
    let sessions = welcome["sessions"].as_array().expect("sessions");
    sessions.iter().find(|session| session["conversation"] == conversation).cloned().unwrap_or(Value::Null)
}

#[test]
fn written_at_night_it_is_given_out_in_the_morning_and_not_before() {
    let site = Site::new();
    // 07:30 in Amsterdam; the office opens at 08:00: three real seconds.
    let desk = desk(&site, &[], &["--wall-clock", BEFORE_OPENING, "--clock-speed", "600"]);
    let mut alice = desk.agent("alice");
    let mut jan = customer(&desk, &site, "jan");
    assert_eq!(jan.welcome["mode"], "persistent");
    assert_eq!(jan.welcome["open"], false);
    assert_eq!(jan.welcome["opens_at"], "2026-11-23T07:00:00.000Z");
    let conversation = jan.start(json!({"comment": "When do you open?"}));
    let told = jan.socket.wait("the hours", |frame| frame["code"] == "out_of_hours");
    assert_eq!(told["from"]["kind"], "system");
    jan.say("c1", "I also have a second question");
    let state = jan.socket.find(MOMENT, &|frame| frame["t"] == "state" && frame["state"] == "active");
    assert_eq!(state, None, "an agent who is Available at night is not rung (S0-4)");

    let alert = alice.socket.of("notification");
    assert_eq!(alert["conversation"], *conversation);
    let received = alert["received_at"].as_str().expect("a time").to_string();
    assert!(received.as_str() < "2026-11-23T07:00:00.000Z", "the request is as old as it is: {received}");
    let session = alice.take_known(&alert);
    let since = session["since"].as_str().expect("a time");
    assert!(("2026-11-23T07:00:00.000Z".."2026-11-23T08:00:00.000Z").contains(&since), "{since}");
    assert_eq!(texts(&session["messages"]), ["When do you open?", "I also have a second question"]);
    assert!(alice.socket.seen.iter().all(|frame| frame["t"] != "queue"));
    assert!(jan.socket.seen.iter().all(|frame| frame["t"] != "queue"), "no wait messages (S0-8)");
}

#[test]
fn where_the_desk_says_so_an_agent_is_offered_it_at_night() {
    let site = Site::new();
    let night = ["--wall-clock", "2026-11-22T23:00:00Z"];
    let desk = desk(&site, &[("offer_out_of_hours = false", "offer_out_of_hours = true")], &night);
    let mut alice = desk.agent("alice");
    let mut jan = customer(&desk, &site, "jan");
    let conversation = jan.start(json!({"comment": "still up?"}));
    alice.take(&conversation);
}

#[test]
fn one_conversation_lives_through_parking_weeks_another_device_and_the_close() {
    let site = Site::new();
    let mut desk = desk(&site, &[], &["--wall-clock", MORNING]);
    let mut alice = desk.agent("alice");
    let mut jan = customer(&desk, &site, "jan");
    let conversation = jan.start(json!({"comment": "one"}));
    alice.take(&conversation);
    alice.say(&conversation, "a1", "two");
    let mut phone = customer(&desk, &site, "jan");
    assert_eq!(
        phone.welcome["conversation"]["id"], *conversation,
        "one conversation on both devices (S0-15)"
    );
    assert_eq!(phone.welcome["visitor"], jan.welcome["visitor"]);
    phone.say("p1", "three");
    jan.socket.wait("three", |frame| frame["t"] == "message" && frame["text"] == "three");

    // The customer cannot end it, neither open, nor parked, nor when it is over (S0-6).
    assert_eq!(jan.socket.refused("end", json!({})), "not_allowed");
    parked(&mut alice, &conversation);
    let state = jan.socket.wait("open", |frame| frame["t"] == "state" && frame["state"] == "open");
    assert_eq!((&state["conversation"], &state["reason"]), (&json!(conversation), &json!("parked")));
    assert_eq!(jan.socket.refused("end", json!({})), "not_allowed");
    assert_eq!(
        jan.start(json!({"comment": "ignored"})),
        conversation,
        "start answers with the one that is open"
    );
    drop((jan, phone));

    // Three weeks and a restart later, on another device.
    assert_eq!(desk.stop(), Some(0));
    desk.set_option("--wall-clock", "2026-12-14T09:00:00Z");
    desk.start_again();
    let mut bob = desk.agent("bob");
    let mut alice = desk.agent("alice");
    let waiting = session_in(&alice.welcome, &conversation);
    assert_eq!(waiting["state"], "waiting", "{}", alice.welcome);
    let mut tablet = customer(&desk, &site, "jan");
    assert_eq!(tablet.welcome["conversation"]["id"], *conversation);
    assert_eq!(tablet.welcome["conversation"]["state"], "open");
    assert_eq!(
        texts(&tablet.welcome["messages"]),
        ["one", "two", "three"],
        "the whole history (S0-10, S0-11)"
    );
    alice.socket.never("a call for opening the widget", MOMENT, |frame| frame["t"] == "notification");
    let seq = tablet.say("t1", "four")["seq"].as_u64().expect("a number");
    let alert = alice.socket.of("notification");
    assert_eq!((&alert["kind"], &alert["conversation"]), (&json!("customer_returned"), &json!(conversation)));
    let session = alice.take_known(&alert);
    assert_eq!(texts(&session["messages"]), ["one", "two", "three", "four"]);
    let all = numbers(&session["messages"]);
    assert_eq!(all, (1..=all.len() as u64).collect::<Vec<_>>(), "contiguous from 1 (D-17)");
    assert_eq!(all.last(), Some(&seq));
    bob.socket.never("a call for another's", MOMENT, |frame| frame["t"] == "notification");

    // Closed; what is written next begins another, with the first readable above it (D-1).
    alice.socket.ok("end", json!({"conversation": conversation}));
    tablet.socket.wait("closed", |frame| frame["t"] == "state" && frame["state"] == "closed");
    assert_eq!(tablet.socket.refused("end", json!({})), "not_allowed");
    alice.socket.ok("wrapup", json!({"conversation": conversation, "reason": "solved"}));
    let stale =
        tablet.socket.ask("message", json!({"client_id": "t2", "text": "?", "conversation": conversation}));
    assert_eq!((&stale["code"], &stale["state"]), (&json!("stale"), &json!("closed")));
    assert_eq!(tablet.socket.refused("message", json!({"client_id": "t3", "text": "?"})), "not_found");
    let mut laptop = customer(&desk, &site, "jan");
    assert!(laptop.welcome["conversation"].is_null());
    assert_eq!(laptop.welcome["messages"], json!([]));
    let earlier = &laptop.welcome["earlier"][0];
    assert_eq!(earlier["id"], *conversation);
    assert!(earlier["started"].as_str() < earlier["ended"].as_str(), "{earlier}");
    let next = laptop.start(json!({"comment": "five"}));
    assert_ne!(next, conversation);
    alice.socket.ok("presence", json!({"status": "away"}));
    bob.take(&next);
    let read = bob.socket.ok("history", json!({"conversation": conversation}));
    assert_eq!(
        texts(&read["messages"]),
        ["one", "two", "three", "four"],
        "the agent reads them, too (S0-10)"
    );
    let page = laptop.socket.ok("history", json!({"conversation": conversation}));
    assert_eq!(texts(&page["messages"]), ["one", "two", "three", "four"]);
    assert_eq!(page["more"], false);
}

#[test]
fn a_parked_conversation_takes_no_capacity_and_no_slot() {
    let site = Site::new();
    let desk = desk(&site, &[], &["--wall-clock", MORNING]);
    let mut alice = desk.agent("alice");
    // 20 units each of her 100: five at a time, and more than ten in all.
    let mut customers = Vec::new();
    for at in 0..12 {
        let mut one = customer(&desk, &site, &format!("c{at}"));
        let conversation = one.start(json!({"comment": "hello"}));
        alice.take(&conversation);
        parked(&mut alice, &conversation);
        customers.push(one);
    }
    let presence = alice.socket.seen.iter().rev().find(|frame| frame["t"] == "presence");
    assert_eq!(presence.map(|frame| &frame["status"]), Some(&json!("available")));
    assert!(alice.socket.seen.iter().all(|frame| frame["t"] != "banner"));

    // Its agent's list pages them, newest first, each once.
    let again = desk.agent_with(&alice.token);
    let shown = again.welcome["sessions"].as_array().expect("sessions").len();
    assert_eq!(shown, 12);
    let (mut seen, mut before) = (Vec::new(), Value::Null);
    loop {
        let page = alice.socket.ok("parked", json!({"before": before, "limit": 5}));
        let list = page["sessions"].as_array().expect("sessions").clone();
        seen.extend(list.iter().map(|one| one["conversation"].as_str().expect("an id").to_string()));
        before = json!(seen.last());
        if page["more"] != true {
            break;
        }
    }
    let mut once = seen.clone();
    once.dedup();
    assert_eq!((once.len(), seen.len()), (12, 12), "{seen:?}");
}

#[test]
fn a_returned_customer_waits_for_her_own_agent_and_can_be_picked_up_by_hand() {
    let site = Site::new();
    let desk = desk(&site, &[], &["--wall-clock", MORNING]);
    let mut alice = desk.agent("alice");
    let mut jan = customer(&desk, &site, "jan");
    let conversation = jan.start(json!({"comment": "hi"}));
    alice.take(&conversation);
    parked(&mut alice, &conversation);
    let mut bob = desk.agent("bob");
    alice.socket.ok("presence", json!({"status": "away"}));
    jan.say("c1", "I am back");
    let back =
        alice.socket.wait("customer is back", |frame| frame["t"] == "session" && frame["reserved"] == true);
    assert_eq!(back["conversation"], *conversation);
    alice.socket.never("a call while she is away (D-3)", MOMENT, |frame| frame["t"] == "notification");
    bob.socket.never("a call for another's", Duration::ZERO, |frame| frame["t"] == "notification");
    assert_eq!(bob.socket.refused("pickup", json!({"conversation": conversation})), "not_found");
    alice.socket.ok("pickup", json!({"conversation": conversation}));
    let session =
        alice.socket.wait("the session", |frame| frame["t"] == "session" && frame["state"] == "active");
    assert_eq!(texts(&session["messages"]), ["hi", "I am back"]);

    // Parked again, and picked up without the customer's doing.
    parked(&mut alice, &conversation);
    alice.socket.ok("pickup", json!({"conversation": conversation}));
    jan.socket.wait("active", |frame| frame["t"] == "state" && frame["state"] == "active");

    // Back while she is away; available again, she is called, whatever her load.
    parked(&mut alice, &conversation);
    alice.socket.ok("presence", json!({"status": "away"}));
    jan.say("c2", "and again");
    alice.socket.ok("presence", json!({"status": "available"}));
    let alert = alice.socket.of("notification");
    assert_eq!(alert["kind"], "customer_returned");

    // A supervisor can give it to somebody else (D-3).
    let mut sofie = desk.agent("sofie");
    sofie.socket.ok("assign", json!({"conversation": conversation, "agent": "bob"}));
    let alert = bob.socket.of("notification");
    assert_eq!((&alert["kind"], &alert["conversation"]), (&json!("assigned"), &json!(conversation)));
}

#[test]
fn a_supervisor_reassigns_what_is_parked() {
    let site = Site::new();
    let desk = desk(&site, &[], &["--wall-clock", MORNING]);
    let mut alice = desk.agent("alice");
    let mut jan = customer(&desk, &site, "jan");
    let conversation = jan.start(json!({"comment": "hi"}));
    alice.take(&conversation);
    parked(&mut alice, &conversation);
    let mut bob = desk.agent("bob");
    let mut sofie = desk.agent("sofie");
    sofie.socket.ok("assign", json!({"conversation": conversation, "agent": "bob"}));
    let closed = alice.socket.wait("it has left her list", |frame| frame["t"] == "session_closed");
    assert_eq!(closed["conversation"], *conversation);
    bob.take(&conversation);
    jan.socket.wait("Bob", |frame| frame["t"] == "state" && frame["agent"]["name"] == "Bob Novák");
    parked(&mut bob, &conversation);
    alice.socket.seen.clear();
    jan.say("c1", "back");
    bob.socket.wait("his call", |frame| frame["t"] == "notification" && frame["kind"] == "customer_returned");
    alice.socket.never("hers no more", MOMENT, |frame| frame["t"] == "notification");
}

#[test]
fn the_agents_day_ends_and_her_persistent_conversation_waits_for_her() {
    let site = Site::new();
    let desk = desk(&site, &[], &["--wall-clock", MORNING, "--clock-speed", "100"]);
    let mut alice = desk.agent("alice");
    let mut jan = customer(&desk, &site, "jan");
    let conversation = jan.start(json!({"comment": "hi"}));
    alice.take(&conversation);
    let token = alice.token.clone();
    drop(alice);
    // 150 s of the product clock: a second and a half.
    let state = jan.socket.wait("open", |frame| frame["t"] == "state" && frame["state"] == "open");
    assert_eq!(state["reason"], "agent_lost");
    let mut bob = desk.agent("bob");
    jan.say("c1", "anybody?");
    bob.socket.never("a call for another's", MOMENT, |frame| frame["t"] == "notification");
    let mut alice = desk.agent_with(&token);
    alice.take(&conversation);
}

#[test]
fn what_waits_too_long_is_closed_and_the_next_word_begins_another() {
    let site = Site::new();
    let changes = [("offer_out_of_hours = false", "offer_out_of_hours = false\nauto_close_waiting_h = 1")];
    let desk = desk(&site, &changes, &["--wall-clock", MORNING, "--clock-speed", "1000"]);
    let mut alice = desk.agent("alice");
    let mut jan = customer(&desk, &site, "jan");
    let conversation = jan.start(json!({"comment": "hi"}));
    alice.take(&conversation);
    parked(&mut alice, &conversation);
    let state = jan.socket.wait("closed", |frame| frame["t"] == "state" && frame["state"] == "closed");
    assert_eq!(state["reason"], "auto_closed");
    let gone = alice.socket.wait("gone", |frame| frame["t"] == "session_closed");
    assert_eq!((&gone["conversation"], &gone["reason"]), (&json!(conversation), &json!("auto_closed")));
    let message = json!({"client_id": "c1", "text": "?", "conversation": conversation});
    assert_eq!(jan.socket.refused("message", message), "stale");
    assert_ne!(jan.start(json!({"comment": "anew"})), conversation);
}

#[test]
fn a_persistent_workstream_without_auth_is_a_fault_and_its_mode_is_for_good() {
    let desk = Desk::start(&[]);
    let bearer = format!("Bearer {}", desk.login("admin"));
    let read = desk.http("GET", "/api/v1/desk", &[("authorization", &bearer)], "");
    let version = read.header("etag").expect("a version").to_string();
    let put = |text: &str| {
        let headers = [
            ("authorization", bearer.as_str()),
            ("if-match", &version),
            ("content-type", "application/toml"),
        ];
        desk.http("PUT", "/api/v1/desk", &headers, text)
    };
    let changed = read.body.replacen("mode = \"persistent\"", "mode = \"live\"", 1);
    assert_ne!(changed, read.body);
    let refused = put(&changed);
    assert_eq!(refused.status, 422, "chosen when it is created (S0-16): {}", refused.body);
    assert!(refused.body.contains("mode"), "{}", refused.body);
    let at = read.body.find("[workstream.auth]").expect("auth");
    let end = at + read.body[at..].find("\n[[").expect("the next table");
    let without = format!("{}{}", &read.body[..at], &read.body[end..]);
    let refused = put(&without);
    assert_eq!(refused.status, 422, "{}", refused.body);
    assert!(refused.body.contains("auth"), "{}", refused.body);
}
