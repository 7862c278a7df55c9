//! Opening hours as customers and agents meet them (REQ S0-4, S0-5, S0-8, S0-9, D-18, D-19), over the real
//! sockets. That the hours themselves are right in every zone is `tests/desk/hours.rs`.

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::Desk;

const MOMENT: Duration = Duration::from_millis(400);
const LIVE_BY_OFFICE: (&str, &str) =
    ("mode = \"live\"\nqueue = \"front\"", "mode = \"live\"\nhours = \"office\"\nqueue = \"front\"");
/// A Sunday.
const SUNDAY: &str = "2026-11-22T12:00:00Z";
/// Three quarters of an hour before the office opens.
const EARLY: &str = "2026-11-23T06:15:00Z";

fn settings(desk: &Desk, widget: &str) -> Value {
    let reply = desk.get(&format!("/api/v1/widgets/{widget}"));
    assert_eq!(reply.status, 200);
    reply.json()
}

#[test]
fn a_closed_live_chat_says_when_it_opens_and_takes_no_start() {
    let desk = Desk::start_with_desk(&[LIVE_BY_OFFICE], &["--wall-clock", SUNDAY]);
    let mut alice = desk.agent("alice");
    let shop = settings(&desk, "shop");
    assert_eq!((&shop["open"], &shop["opens_at"]), (&json!(false), &json!("2026-11-23T07:00:00.000Z")));
    assert_eq!(shop["closes_at"], Value::Null);
    let mut customer = desk.customer("shop", json!({}));
    assert_eq!(customer.welcome["open"], false);
    assert_eq!(customer.welcome["opens_at"], "2026-11-23T07:00:00.000Z");
    let refused = customer.socket.ask("start", json!({"comment": "hello"}));
    assert_eq!(refused["code"], "closed_hours");
    assert_eq!(refused["opens_at"], "2026-11-23T07:00:00.000Z");
    alice.socket.never("a call", MOMENT, |frame| frame["t"] == "notification");
}

#[test]
fn an_open_one_says_until_when_each_by_its_own_hours() {
    let desk = Desk::start_with_desk(
        &[
            LIVE_BY_OFFICE,
            (
                "[[queue]]\nid = \"front\"",
                "[[hours]]\nid = \"brief\"\ntimezone = \"UTC\"\nweek = { thu = [\"09:00-09:30\"] }\n\n[[queue]]\nid = \"front\"",
            ),
            ("units = 20\n", "units = 20\n"),
            (
                "queue = \"front\"\nhours = \"office\"\nunits = 20",
                "queue = \"front\"\nhours = \"brief\"\nunits = 20",
            ),
        ],
        // A Thursday, when the office is open until nine in the evening.
        &["--wall-clock", "2026-11-19T09:10:00Z"],
    );
    let (shop, portal) = (settings(&desk, "shop"), settings(&desk, "portal"));
    assert_eq!((&shop["open"], &shop["closes_at"]), (&json!(true), &json!("2026-11-19T20:00:00.000Z")));
    assert_eq!((&portal["open"], &portal["closes_at"]), (&json!(true), &json!("2026-11-19T09:30:00.000Z")));
    assert_eq!(shop["opens_at"], Value::Null);
    let customer = desk.customer("shop", json!({}));
    assert_eq!(customer.welcome["closes_at"], "2026-11-19T20:00:00.000Z");
}

#[test]
fn hours_that_never_come_have_no_next_opening() {
    let never = (
        "week = { mon = [\"08:00-17:30\"], tue = [\"08:00-17:30\"], wed = [\"08:00-17:30\"], thu = [\"08:00-21:00\"], fri = [\"08:00-17:30\"] }",
        "week = { mon = [] }",
    );
    let holidays = (
        "holidays = [{ date = \"2026-12-25\", name = \"Christmas Day\" }, { date = \"2026-12-31\", name = \"New Year's Eve\", open = [\"08:00-12:00\"] }]",
        "",
    );
    let desk = Desk::start_with_desk(&[LIVE_BY_OFFICE, never, holidays], &["--wall-clock", SUNDAY]);
    let shop = settings(&desk, "shop");
    assert_eq!((&shop["open"], &shop["opens_at"]), (&json!(false), &Value::Null));
    let mut customer = desk.customer("shop", json!({}));
    assert!(customer.welcome.get("opens_at").is_some_and(Value::is_null), "{}", customer.welcome);
    assert_eq!(customer.socket.refused("start", json!({"comment": "hello"})), "closed_hours");
}

#[test]
fn the_door_opens_on_the_minute_and_a_talk_goes_on_when_it_closes() {
    // A Friday, half a minute before closing at 17:30 in Amsterdam; a real second is ten of the product's.
    let options = ["--wall-clock", "2026-11-20T16:29:30Z", "--clock-speed", "10"];
    let desk = Desk::start_with_desk(&[LIVE_BY_OFFICE], &options);
    let mut alice = desk.agent("alice");
    let mut inside = desk.customer("shop", json!({}));
    let conversation = inside.start(json!({"comment": "just in time"}));
    alice.take(&conversation);
    // Who has the page open is told, the talk's own page too.
    let mut reading = desk.customer("shop", json!({"locale": "nl"}));
    let told = reading.socket.of("hours");
    assert_eq!(json!([told["open"], told["opens_at"]]), json!([false, "2026-11-23T07:00:00.000Z"]), "{told}");
    assert!(
        told["closed_text"].as_str().is_some_and(|text| text.starts_with("We zijn nu gesloten")),
        "{told}"
    );
    assert_eq!(inside.socket.of("hours")["open"], false);
    assert_eq!(settings(&desk, "shop")["open"], false);
    let mut late = desk.customer("shop", json!({}));
    assert_eq!(late.socket.refused("start", json!({"comment": "too late"})), "closed_hours");
    alice.say(&conversation, "a1", "we finish what we began");
    inside.say("c1", "thank you");
    assert_eq!(inside.start(json!({})), conversation);
}

#[test]
fn an_open_page_is_told_when_an_admin_changes_its_hours_and_no_other_page_is() {
    let desk = Desk::start_with_desk(&[LIVE_BY_OFFICE], &["--wall-clock", "2026-11-23T09:00:00Z"]);
    let admin = desk.login("admin");
    let bearer = format!("Bearer {admin}");
    let mut shop = desk.customer("shop", json!({}));
    assert_eq!(shop.welcome["closes_at"], "2026-11-23T16:30:00.000Z");
    let put = |from: &str, to: &str| {
        let read = desk.http("GET", "/api/v1/desk", &[("authorization", &bearer)], "");
        assert!(read.body.contains(from), "{}", read.body);
        let tag = read.header("etag").expect("a version").to_owned();
        let headers =
            [("authorization", &*bearer), ("if-match", &*tag), ("content-type", "application/toml")];
        let put = desk.http("PUT", "/api/v1/desk", &headers, &read.body.replacen(from, to, 1));
        assert_eq!(put.status, 200, "{}", put.body);
    };
    put("name = \"Utrecht branch\"", "name = \"Utrecht\"");
    put("mon = [\"08:00-17:30\"]", "mon = [\"08:00-12:00\"]");
    let told = shop.socket.of("hours");
    assert_eq!(json!([told["open"], told["closes_at"]]), json!([true, "2026-11-23T11:00:00.000Z"]), "{told}");
    put("mon = [\"08:00-12:00\"]", "mon = []");
    let told = shop.socket.of("hours");
    assert_eq!(json!([told["open"], told["opens_at"]]), json!([false, "2026-11-24T07:00:00.000Z"]), "{told}");
}

#[test]
fn messages_left_at_night_are_work_at_opening_in_order_of_arrival() {
    let options = ["--wall-clock", EARLY, "--clock-speed", "600"];
    // At this speed the example's 90 s to accept are 150 ms: too short for a loaded machine.
    let patient = ("timeout_s = 90", "timeout_s = 3600");
    let mut desk = Desk::start_with_desk(&[LIVE_BY_OFFICE, patient], &options);
    let leave = |desk: &Desk, name: &str| {
        let mut customer = desk.customer("shop", json!({}));
        let fields =
            json!({"name": name, "email": format!("{name}@example.org"), "text": format!("call me: {name}")});
        let answer = customer.socket.ok("leave", fields);
        assert!(!answer["reference"].as_str().unwrap_or_default().is_empty(), "{answer}");
        assert_eq!(answer["answer_from"], "2026-11-23T07:00:00.000Z", "{answer}");
        assert_eq!(customer.socket.refused("start", json!({"comment": "now"})), "closed_hours");
        answer["reference"].as_str().expect("a reference").to_string()
    };
    let first = leave(&desk, "anna");
    assert_ne!(first, leave(&desk, "ben"));
    assert_eq!(desk.stop(), Some(0));
    desk.drop_option("--wall-clock");
    desk.start_again();
    leave(&desk, "cora");
    let mut alice = desk.agent("alice");
    // 100 units, 30 a chat: three fit.
    let mut order = Vec::new();
    for _ in 0..3 {
        let alert = alice.socket.of("notification");
        assert_eq!(alert["kind"], "chat");
        let session = alice.take_known(&alert);
        order.push(session["customer"]["name"].as_str().unwrap_or_default().to_string());
        let message = &session["messages"][0];
        assert_eq!(message["text"], format!("call me: {}", order.last().expect("one")));
        assert_eq!(message["from"]["kind"], "customer");
    }
    assert_eq!(order, ["anna", "ben", "cora"]);
    let now = settings(&desk, "shop")["clock"]["now"].as_str().expect("a time").to_string();
    assert!(now.as_str() >= "2026-11-23T07:00:00.000Z", "not before it opened: {now}");
}

#[test]
fn who_leaves_a_message_says_how_to_be_reached_and_only_while_nobody_is_there() {
    let desk = Desk::start_with_desk(&[LIVE_BY_OFFICE], &["--wall-clock", "2026-11-23T09:00:00Z"]);
    let mut customer = desk.customer("shop", json!({}));
    let reachable = json!({"email": "a@example.org", "text": "hello"});
    for bad in [
        json!({"text": "hello"}),
        json!({"email": "a@example.org", "text": " \n"}),
        json!({"email": "a@example.org", "text": "bell\u{7}"}),
        json!({"email": "a@example.org"}),
    ] {
        assert_eq!(customer.socket.refused("leave", bad), "bad_request");
    }
    let long = json!({"email": "a@example.org", "text": "x".repeat(1001)});
    assert_eq!(customer.socket.refused("leave", long), "too_long");
    // Open, and nobody signed in.
    let answer = customer.socket.ok("leave", reachable.clone());
    assert!(answer.get("answer_from").is_none(), "it is open: {answer}");
    let mut alice = desk.agent("alice");
    let session = {
        let alert = alice.socket.of("notification");
        alice.take_known(&alert)
    };
    let conversation = session["conversation"].clone();
    assert_eq!(customer.socket.refused("leave", reachable), "not_allowed", "somebody is there: start a chat");
    // Its writer has gone home; the agent answers another way and ends it.
    alice.socket.ok("end", json!({"conversation": conversation}));
    alice.socket.ok("wrapup", json!({"conversation": conversation, "reason": "follow-up"}));

    let off = Desk::start_with_desk(
        &[LIVE_BY_OFFICE, ("offline_message = true", "offline_message = false")],
        &["--wall-clock", SUNDAY],
    );
    let mut customer = off.customer("shop", json!({}));
    let reachable = json!({"phone": "+31612345678", "text": "hello"});
    assert_eq!(customer.socket.refused("leave", reachable), "not_allowed");
}

#[test]
fn the_first_customer_of_the_day_is_told_her_place_and_an_honest_wait() {
    let desk = Desk::start_with_desk(&[LIVE_BY_OFFICE], &["--wall-clock", "2026-11-23T07:00:00Z"]);
    // Bob has room for two chats; both are taken.
    let mut bob = desk.agent("bob");
    let mut talking = Vec::new();
    for _ in 0..2 {
        let mut customer = desk.customer("shop", json!({}));
        let conversation = customer.start(json!({"comment": "hi"}));
        bob.take(&conversation);
        talking.push(customer);
    }
    let mut third = desk.customer("shop", json!({}));
    third.start(json!({"comment": "hi"}));
    let place = third.socket.of("queue");
    assert_eq!(place["position"], 1);
    // An ordinary talk of five minutes, two at a time, and none has ended yet today.
    let wait_s = place["wait_s"].as_u64().expect("a wait");
    assert!((150..165).contains(&wait_s), "{place}");
    assert!(
        place["text"].as_str().unwrap_or_default().contains("about 3 min"),
        "the desk's own words: {place}"
    );
    let mut fourth = desk.customer("shop", json!({}));
    fourth.start(json!({"comment": "hi"}));
    let place = fourth.socket.of("queue");
    let wait_s = place["wait_s"].as_u64().expect("a wait");
    assert!(place["position"] == 2 && (300..330).contains(&wait_s), "{place}");
    bob.socket.ok("presence", json!({"status": "offline"}));
    let place = third.socket.wait("nobody", |frame| frame["t"] == "queue" && frame["wait_s"].is_null());
    assert_eq!(place["position"], 1, "{place}");
}

#[test]
fn a_customer_whose_chat_rings_at_an_agent_is_told_her_place_and_wait_too() {
    let desk = Desk::start(&[]);
    let mut alice = desk.agent("alice");
    let mut customer = desk.customer("shop", json!({}));
    let conversation = customer.start(json!({"comment": "hi"}));
    let offer = alice.socket.of("notification");
    assert_eq!(offer["conversation"], json!(conversation));
    let place = customer.socket.of("queue");
    assert_eq!(place["position"], 1);
    assert_eq!(place["wait_s"], 30, "{place}");
    assert!(place["text"].as_str().unwrap_or_default().contains("number 1"), "{place}");
    // Over a reload too, until somebody has her.
    let resume = customer.resume();
    let mut again = desk.customer("shop", json!({"resume": resume}));
    assert_eq!(again.socket.of("queue")["position"], 1);
    alice.take_known(&offer);
    customer.socket.wait("active", |frame| frame["t"] == "state" && frame["state"] == "active");
}

#[test]
fn every_system_message_can_be_said_in_the_desks_own_words() {
    let texts = "average_wait = \"You will be helped in about {minutes} min.\"";
    let own = "average_wait = \"Mins: {minutes}\"\nqueue_position = \"No {position}\"\nagent_joined = { en = \"{agent_name} is in\", nl = \"{agent_name} is er\" }\nout_of_hours = \"Back {opens_at}\"\nagent_ended = \"Over\"";
    let desk =
        Desk::start_with_desk(&[LIVE_BY_OFFICE, (texts, own)], &["--wall-clock", "2026-11-23T09:00:00Z"]);
    let mut bob = desk.agent("bob");
    let mut others = Vec::new();
    for _ in 0..2 {
        let mut customer = desk.customer("shop", json!({}));
        customer.start(json!({"comment": "hi"}));
        others.push(customer);
    }
    let mut dutch = desk.customer("shop", json!({"locale": "nl-NL"}));
    let conversation = dutch.start(json!({"comment": "hoi"}));
    assert_eq!(dutch.socket.of("queue")["text"], "No 1 Mins: 3");
    for other in &mut others {
        other.socket.ok("end", json!({}));
    }
    bob.take(&conversation);
    let joined = dutch.socket.wait("joined", |frame| frame["code"] == "agent_joined");
    assert_eq!(joined["text"], "Bob Novák is er");
    bob.socket.ok("end", json!({"conversation": conversation}));
    let ended = dutch.socket.wait("ended", |frame| frame["code"] == "agent_ended");
    assert_eq!(ended["text"], "Over");
    let closed = Desk::start_with_desk(&[LIVE_BY_OFFICE, (texts, own)], &["--wall-clock", SUNDAY]);
    let customer = closed.customer("shop", json!({}));
    assert_eq!(customer.welcome["closed_text"], "Back 2026-11-23 08:00", "in the zone of its hours");
}

#[test]
fn who_waits_for_the_morning_does_not_stand_before_who_is_served_at_night() {
    use support::site::Site;
    let site = Site::new();
    // The live chat is open at all hours here, the persistent one by office hours; both go to the same queue.
    let desk = Desk::start_with_text(&Site::desk(&[&site]), &["--wall-clock", SUNDAY]);
    for at in 0..3 {
        let mut night = desk.customer("portal", json!({"jwt": site.token(&format!("n{at}"))}));
        night.start(json!({"comment": "for tomorrow"}));
    }
    let mut live = desk.customer("shop", json!({}));
    live.start(json!({"comment": "now"}));
    assert_eq!(live.socket.of("queue")["position"], 1);
}

#[test]
fn a_queue_and_a_widget_may_have_shorter_hours_than_the_workstream() {
    let own = "[[hours]]\nid = \"ten\"\ntimezone = \"UTC\"\nweek = { mon = [\"10:00-11:00\"] }\n\n[[hours]]\nid = \"eleven\"\ntimezone = \"UTC\"\nweek = { mon = [\"10:30-12:00\"] }\n\n[[queue]]\nid = \"front\"\nhours = \"ten\"";
    let desk = Desk::start_with_desk(
        &[
            LIVE_BY_OFFICE,
            ("[[queue]]\nid = \"front\"", own),
            ("id = \"shop\"\n", "id = \"shop\"\nhours = \"eleven\"\n"),
        ],
        // Monday; the office is open, its front desk and the shop's widget are not yet.
        &["--wall-clock", "2026-11-23T09:00:00Z"],
    );
    let shop = settings(&desk, "shop");
    assert_eq!((&shop["open"], &shop["opens_at"]), (&json!(false), &json!("2026-11-23T10:30:00.000Z")));
    let portal = settings(&desk, "portal");
    assert_eq!((&portal["open"], &portal["opens_at"]), (&json!(false), &json!("2026-11-23T10:00:00.000Z")));
    let mut customer = desk.customer("shop", json!({}));
    assert_eq!(customer.welcome["opens_at"], "2026-11-23T10:30:00.000Z");
    assert_eq!(customer.socket.refused("start", json!({"comment": "hello"})), "closed_hours");
    // Kept over a round through the desk's own export.
    let bearer = format!("Bearer {}", desk.login("admin"));
    let read = desk.http("GET", "/api/v1/desk", &[("authorization", &bearer)], "");
    assert!(
        read.body.contains("hours = \"eleven\"") && read.body.contains("hours = \"ten\""),
        "{}",
        read.body
    );
}

#[test]
fn messages_left_without_end_are_held_to_a_rate() {
    let desk = Desk::start_with_desk(&[LIVE_BY_OFFICE], &["--wall-clock", SUNDAY]);
    let mut customer = desk.customer("shop", json!({}));
    for at in 0..100 {
        let left = json!({"t": "leave", "id": 1000 + at, "email": "a@example.org", "text": "hello"});
        customer.socket.send(&left);
    }
    let (mut left, mut limited) = (0, 0);
    for at in 0..100 {
        let answer = customer.socket.wait("an answer", |frame| frame["re"] == 1000 + at);
        if answer["t"] == "ok" {
            left += 1;
        } else {
            assert_eq!(answer["code"], "rate_limited", "{answer}");
            assert!(answer["retry_after_ms"].as_u64() > Some(0), "{answer}");
            limited += 1;
        }
    }
    assert!(left >= 20 && limited > 0, "a burst of twenty passes: {left}, {limited}");
}
