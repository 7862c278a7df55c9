//! The plug is pulled while persistent conversations stand in every state they can be in (REQ S0-11, B-5).

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::site::Site;
use support::{Customer, Desk};

const MOMENT: Duration = Duration::from_millis(400);

fn customer(desk: &Desk, site: &Site, sub: &str) -> Customer {
    desk.customer("portal", json!({"jwt": site.token(sub)}))
}

fn find<'a>(list: &'a Value, conversation: &str) -> &'a Value {
    let list = list.as_array().expect("a list");
    list.iter().find(|one| one["conversation"] == conversation).unwrap_or(&Value::Null)
}

#[test]
fn every_state_is_there_again_after_the_plug_was_pulled() {
    let site = Site::new();
    let text = Site::desk(&[&site]).replacen("timeout_s = 90", "timeout_s = 120", 1);
    let mut desk = Desk::start_with_text(&text, &["--wall-clock", "2026-11-23T09:00:00Z"]);
    let mut alice = desk.agent("alice");
    let begin = |desk: &Desk, sub: &str| {
        let mut one = customer(desk, &site, sub);
        let conversation = one.start(json!({"comment": format!("from {sub}")}));
        (one, conversation)
    };

    let (_one, active) = begin(&desk, "active");
    alice.take(&active);
    let (_two, waiting) = begin(&desk, "waiting");
    alice.take(&waiting);
    alice.socket.ok("park", json!({"conversation": waiting}));
    let (_three, ended) = begin(&desk, "ended");
    alice.take(&ended);
    alice.socket.ok("end", json!({"conversation": ended}));
    let (mut four, returned) = begin(&desk, "returned");
    alice.take(&returned);
    alice.socket.ok("park", json!({"conversation": returned}));
    alice.socket.ok("presence", json!({"status": "away"}));
    let back = four.say("c1", "I am back")["seq"].clone();
    alice.socket.ok("presence", json!({"status": "available"}));
    let called = alice
        .socket
        .wait("a call", |frame| frame["conversation"] == returned && frame["t"] == "notification");
    let (_five, offered) = begin(&desk, "offered");
    let alert =
        alice.socket.wait("a call", |frame| frame["conversation"] == offered && frame["t"] == "notification");
    alice.socket.ok("presence", json!({"status": "away"}));
    let (_six, queued) = begin(&desk, "queued");

    desk.kill();
    desk.drop_option("--wall-clock");
    desk.start_again();
    let mut alice = desk.agent_with(&alice.token);
    let (sessions, calls) = (alice.welcome["sessions"].clone(), alice.welcome["notifications"].clone());
    assert_eq!(alice.welcome["presence"]["status"], "away");
    assert_eq!(find(&sessions, &active)["state"], "active");
    assert_eq!(find(&sessions, &waiting)["state"], "waiting");
    assert_eq!(find(&sessions, &ended)["state"], "wrap_up");
    let kept = find(&sessions, &returned);
    assert_eq!((&kept["reserved"], &kept["state"]), (&json!(true), &json!("reserved")), "{kept}");
    let again = find(&calls, &offered);
    assert_eq!(
        (&again["id"], &again["deadline"]),
        (&alert["id"], &alert["deadline"]),
        "with the time that is left"
    );
    assert_eq!(find(&calls, &returned)["id"], called["id"], "{calls}");
    assert_eq!(find(&sessions, &queued), &Value::Null);

    for (sub, conversation, state) in [
        ("active", &active, "active"),
        ("waiting", &waiting, "open"),
        ("returned", &returned, "open"),
        ("offered", &offered, "open"),
        ("queued", &queued, "open"),
    ] {
        let one = customer(&desk, &site, sub);
        assert_eq!(one.welcome["conversation"]["id"], **conversation, "{sub}");
        assert_eq!(one.welcome["conversation"]["state"], state, "{sub}");
        let first = &one.welcome["messages"][0];
        assert_eq!((&first["seq"], &first["text"]), (&json!(1), &json!(format!("from {sub}"))));
    }
    let four = &mut customer(&desk, &site, "returned");
    assert_eq!(four.say("c1", "I am back")["seq"], back, "sent again, stored once");

    // And they go on from there.
    alice.take_known(&alert);
    alice.socket.ok("pickup", json!({"conversation": returned}));
    alice.socket.ok("wrapup", json!({"conversation": ended, "reason": "solved"}));
    alice.socket.ok("pickup", json!({"conversation": waiting}));
    alice.socket.ok("park", json!({"conversation": active}));
    alice.socket.ok("presence", json!({"status": "available"}));
    alice.take(&queued);
    let over = customer(&desk, &site, "ended");
    assert!(over.welcome["conversation"].is_null());
    assert_eq!(over.welcome["earlier"][0]["id"], ended);
    alice.socket.never("anything twice", MOMENT, |frame| frame["t"] == "notification");
}

#[test]
fn a_night_of_writing_survives_a_restart_and_is_given_out_in_order() {
    let site = Site::new();
    // 07:20 in Amsterdam, forty minutes before opening.
    let options = ["--wall-clock", "2026-11-23T06:20:00Z", "--clock-speed", "500"];
    let mut desk = Desk::start_with_text(&Site::desk(&[&site]), &options);
    let write =
        |desk: &Desk, sub: &str| customer(desk, &site, sub).start(json!({"comment": format!("from {sub}")}));
    let first = write(&desk, "anna");
    let second = write(&desk, "ben");
    desk.kill();
    desk.drop_option("--wall-clock");
    desk.start_again();
    let third = write(&desk, "cora");
    let mut alice = desk.agent("alice");
    for conversation in [first, second, third] {
        let alert = alice.socket.of("notification");
        assert_eq!(alert["conversation"], conversation);
        assert!(alert["received_at"].as_str() < Some("2026-11-23T07:00:00.000Z"), "{alert}");
        alice.take_known(&alert);
    }
}
