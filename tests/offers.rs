//! The life of an offer over real sockets, on the product clock: shown, missed, undelivered, rejected, raced for (REQ S2-10,
//! S2-11, S2-16, S2-17, S2-23 to S2-31, S2-34, S2-35, D-7, D-11).

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::drill::{closed_offer, decisions, elapsed_ms, ms, offer_of, presence, routed};
use support::{Agent, Desk};

/// Sixty product seconds a second.
const FAST: &[&str] = &["--clock-speed", "60"];
const MOMENT: Duration = Duration::from_millis(400);
/// What a loaded machine may add to a product time at sixty times the speed.
const SLACK_MS: i64 = 60_000;

fn is_offer(conversation: &str) -> impl Fn(&Value) -> bool {
    move |frame| frame["t"] == "notification" && frame["conversation"] == *conversation
}

#[test]
fn ninety_seconds_count_though_no_timer_is_shown_and_then_the_offer_is_missed() {
    let desk = Desk::start_with_desk(&[("show_timeout = true", "show_timeout = false")], FAST);
    let mut alice = desk.agent("alice");
    let mut customer = desk.customer("shop", json!({}));
    let conversation = customer.start(json!({"name": "Jan de Boer", "comment": "one"}));
    let offer = offer_of(&mut alice, &conversation);
    assert_eq!((&offer["show_timeout"], &offer["timeout_s"]), (&json!(false), &json!(90)));
    assert_eq!(ms(&offer["deadline"]) - ms(&offer["offered_at"]), 90_000);
    alice.socket.ok("shown", json!({"notification": offer["id"]}));
    let mut bob = desk.agent("bob");
    assert_eq!(closed_offer(&mut alice, &offer), "timed_out");
    let banner = alice.socket.of("banner");
    assert_eq!(banner["kind"], "missed");
    assert!(banner["text"].as_str().is_some_and(|text| text.contains("Jan de Boer")), "{banner}");
    let inactive = presence(&mut alice, "inactive");
    assert_eq!(inactive["reason"], "missed");
    let acted_ms = ms(&inactive["since"]) - ms(&offer["deadline"]);
    assert!((0..SLACK_MS).contains(&acted_ms), "{acted_ms} ms after the deadline, never before it");
    // Rerouted to the next one at once (S2-28), and not to be had any more.
    let again = offer_of(&mut bob, &conversation);
    assert_eq!(again["received_at"], offer["received_at"], "the customer has waited since the first request");
    assert_eq!(alice.socket.refused("accept", json!({"notification": offer["id"]})), "stale");
    assert_eq!(alice.socket.refused("reject", json!({"notification": offer["id"]})), "stale");
    assert_eq!(alice.socket.refused("shown", json!({"notification": offer["id"]})), "stale");
    bob.take_known(&again);
    // No new work while Inactive (S2-26): bob is full after a second one, the third waits for alice.
    let mut second = desk.customer("shop", json!({}));
    let held = second.start(json!({"comment": "two"}));
    bob.take(&held);
    let mut third = desk.customer("shop", json!({}));
    let waiting = third.start(json!({"comment": "three"}));
    alice.socket.never("work while inactive", MOMENT, is_offer(&waiting));
    // A new window shows the banner and the presence too.
    let window = desk.agent_with(&alice.token);
    assert_eq!(window.welcome["presence"]["status"], "inactive");
    assert_eq!(window.welcome["banners"][0]["kind"], "missed");
    assert_eq!(alice.socket.refused("banner_reset", json!({"kind": "rejected"})), "not_found");
    alice.socket.ok("banner_reset", json!({"kind": "missed"}));
    assert_eq!(alice.socket.of("banner_closed")["kind"], "missed");
    assert_eq!(presence(&mut alice, "available")["reason"], "load");
    offer_of(&mut alice, &waiting);
}

#[test]
fn an_offer_never_shown_stays_with_its_agent_and_goes_on_eight_minutes_later() {
    let desk = Desk::start_with_desk(&[], FAST);
    let mut alice = desk.agent("alice");
    let mut customer = desk.customer("shop", json!({}));
    let conversation = customer.start(json!({"comment": "anybody?"}));
    let offer = offer_of(&mut alice, &conversation);
    let mut bob = desk.agent("bob");
    assert_eq!(closed_offer(&mut alice, &offer), "timed_out");
    let session = alice.socket.of("session");
    assert_eq!(session["conversation"], *conversation);
    assert_eq!((&session["reserved"], &session["state"]), (&json!(true), &json!("reserved")));
    alice.socket.never("a banner", MOMENT, |frame| frame["t"] == "banner");
    bob.socket.never("an offer too early", MOMENT, is_offer(&conversation));
    let window = desk.agent_with(&alice.token);
    assert_eq!(window.welcome["presence"]["reason"], "load", "nobody is blamed for what nobody saw");
    assert_eq!(window.welcome["sessions"][0]["reserved"], true);
    let again = offer_of(&mut bob, &conversation);
    let after_ms = ms(&again["offered_at"]) - ms(&offer["deadline"]);
    assert!((480_000..480_000 + SLACK_MS).contains(&after_ms), "rerouted {after_ms} ms after the deadline");
    assert_eq!(alice.socket.of("session_closed")["reason"], "rerouted");
    assert_eq!(alice.socket.refused("pickup", json!({"conversation": conversation})), "not_found");
    let sofie = desk.login("sofie");
    let events: Vec<_> =
        decisions(&desk, &sofie, &conversation).iter().map(|one| one["event"].clone()).collect();
    assert_eq!(events, ["arrived", "rerouted"]);
    let last = decisions(&desk, &sofie, &conversation).pop().expect("two");
    assert_eq!(routed(&last, "alice"), "excluded");
    assert_eq!(routed(&last, "bob"), "chosen");
}

#[test]
fn a_closed_browser_is_undelivered_too_and_what_is_reserved_can_be_picked_up() {
    let desk = Desk::start_with_desk(&[], FAST);
    let alice = desk.agent("alice");
    let token = alice.token.clone();
    let mut customer = desk.customer("shop", json!({}));
    let mut alice = alice;
    let conversation = customer.start(json!({"comment": "hello?"}));
    let offer = offer_of(&mut alice, &conversation);
    drop(alice);
    let mut bob = desk.agent("bob");
    // Past the 150 s after which she counts as gone, and still hers: she is back before the eight minutes.
    bob.socket.never("an offer", Duration::from_secs(5), is_offer(&conversation));
    let mut alice = desk.agent_with(&token);
    assert_eq!(alice.welcome["notifications"], json!([]));
    assert_eq!(alice.welcome["sessions"][0]["reserved"], true, "{}", alice.welcome);
    assert_eq!(alice.welcome["banners"], json!([]));
    alice.socket.ok("pickup", json!({"conversation": conversation}));
    assert_eq!(alice.socket.of("session")["state"], "active");
    let told = customer.socket.wait("active", |frame| frame["t"] == "state" && frame["state"] == "active");
    assert_eq!(told["agent"]["name"], "Alice Jansen");
    assert_eq!(alice.socket.refused("accept", json!({"notification": offer["id"]})), "stale");
}

#[test]
fn with_no_minutes_to_wait_the_undelivered_goes_on_at_once() {
    let changes = &[("undelivered_reroute_s = 480", "undelivered_reroute_s = 0")];
    let desk = Desk::start_with_desk(changes, FAST);
    let mut alice = desk.agent("alice");
    let mut customer = desk.customer("shop", json!({}));
    let conversation = customer.start(json!({}));
    let offer = offer_of(&mut alice, &conversation);
    let mut bob = desk.agent("bob");
    let again = offer_of(&mut bob, &conversation);
    let after_ms = elapsed_ms(&offer["deadline"], &again["offered_at"]);
    assert!((0..SLACK_MS).contains(&after_ms), "{after_ms}");
}

#[test]
fn lost_after_it_was_shown_is_missed() {
    let desk = Desk::start_with_desk(&[], FAST);
    let mut alice = desk.agent("alice");
    let token = alice.token.clone();
    let mut customer = desk.customer("shop", json!({}));
    let conversation = customer.start(json!({}));
    let offer = offer_of(&mut alice, &conversation);
    alice.socket.ok("shown", json!({"notification": offer["id"]}));
    drop(alice);
    let mut bob = desk.agent("bob");
    let again = offer_of(&mut bob, &conversation);
    assert!(elapsed_ms(&offer["deadline"], &again["offered_at"]) >= 0, "she had her time");
    let alice = desk.agent_with(&token);
    assert_eq!(alice.welcome["presence"]["status"], "inactive");
    assert_eq!(alice.welcome["banners"][0]["kind"], "missed");
}

#[test]
fn switched_off_missed_and_rejected_only_reroute() {
    let off = &[
        ("[missed]\nenabled = true", "[missed]\nenabled = false"),
        ("[reject]\nenabled = true", "[reject]\nenabled = false"),
    ];
    let desk = Desk::start_with_desk(off, FAST);
    let mut alice = desk.agent("alice");
    let mut customer = desk.customer("shop", json!({}));
    let conversation = customer.start(json!({}));
    let first = offer_of(&mut alice, &conversation);
    alice.socket.ok("reject", json!({"notification": first["id"]}));
    assert_eq!(closed_offer(&mut alice, &first), "rejected");
    // Nobody is left in this round; the next begins after 30 s (D-7).
    let second = offer_of(&mut alice, &conversation);
    let paused_ms = elapsed_ms(&first["offered_at"], &second["offered_at"]);
    assert!((30_000..30_000 + SLACK_MS).contains(&paused_ms), "{paused_ms}");
    alice.socket.ok("shown", json!({"notification": second["id"]}));
    assert_eq!(closed_offer(&mut alice, &second), "timed_out");
    let third = offer_of(&mut alice, &conversation);
    let paused_ms = elapsed_ms(&second["deadline"], &third["offered_at"]);
    assert!((30_000..30_000 + SLACK_MS).contains(&paused_ms), "{paused_ms}");
    alice.take_known(&third);
    let quiet = |frame: &Value| {
        frame["t"] == "banner" || frame["reason"] == "missed" || frame["status"] == "inactive"
    };
    assert!(!alice.socket.seen.iter().any(quiet), "{:#?}", alice.socket.seen);
    let sofie = desk.login("sofie");
    let all = decisions(&desk, &sofie, &conversation);
    let events: Vec<_> = all
        .iter()
        .map(|one| one["event"].as_str().unwrap_or(""))
        // Her units came free with the offer: that too is a pass, and finds her excluded.
        .filter(|event| *event != "capacity_freed")
        .collect();
    assert_eq!(events, ["arrived", "rerouted", "round_started", "rerouted", "round_started"]);
    assert_eq!(routed(&all[1], "alice"), "excluded");
    assert!(all[1].get("chosen").is_none_or(Value::is_null), "{}", all[1]);
}

#[test]
fn where_nothing_else_settles_it_the_lowest_id_comes_first() {
    let changes = [
        ("username = \"alice\"", "username = \"zoe\""),
        ("alice-demo-pass", "zoe-demo-pass"),
        ("capacity = 60", "capacity = 100"),
        ("distribution = \"most_idle\" ", "distribution = \"highest_capacity\" "),
    ];
    let desk = Desk::start_with_desk(&changes, &[]);
    // First in the file and first to sign in, and yet not first by name (D-13).
    let mut zoe = desk.agent("zoe");
    let mut bob = desk.agent("bob");
    let mut first = desk.customer("shop", json!({}));
    let conversation = first.start(json!({"comment": "one"}));
    offer_of(&mut bob, &conversation);
    let mut second = desk.customer("shop", json!({}));
    let conversation = second.start(json!({"comment": "two"}));
    offer_of(&mut zoe, &conversation);
}

#[test]
fn two_windows_accept_at_once_and_one_session_opens() {
    let desk = Desk::start(&[]);
    let mut alice = desk.agent("alice");
    let mut other = desk.agent_with(&alice.token);
    let mut customer = desk.customer("shop", json!({}));
    let conversation = customer.start(json!({}));
    let offer = offer_of(&mut alice, &conversation);
    assert_eq!(offer_of(&mut other, &conversation)["id"], offer["id"], "mirrored");
    let ask = json!({"t": "accept", "id": 77, "notification": offer["id"]});
    alice.socket.send(&ask);
    other.socket.send(&ask);
    let answers: Vec<Value> = [&mut alice, &mut other]
        .into_iter()
        .map(|window| window.socket.wait("an answer", |frame| frame["re"] == 77))
        .collect();
    let granted = answers.iter().filter(|answer| answer["t"] == "ok").count();
    assert_eq!(granted, 1, "{answers:?}");
    assert!(answers.iter().any(|answer| answer["code"] == "stale"), "{answers:?}");
    for window in [&mut alice, &mut other] {
        assert_eq!(window.socket.of("session")["state"], "active");
        assert_eq!(closed_offer(window, &offer), "accepted");
    }
    let joined = |window: &mut Agent| {
        let mut count = 0;
        while window.socket.find(MOMENT, &|frame| frame["code"] == "agent_joined").is_some() {
            count += 1;
        }
        count
    };
    assert!(joined(&mut alice) <= 1);
}

#[test]
fn what_was_withdrawn_or_is_another_s_is_stale() {
    let desk = Desk::start(&[]);
    let mut alice = desk.agent("alice");
    let mut customer = desk.customer("shop", json!({}));
    let conversation = customer.start(json!({}));
    let offer = offer_of(&mut alice, &conversation);
    let mut bob = desk.agent("bob");
    for t in ["accept", "reject", "shown"] {
        assert_eq!(bob.socket.refused(t, json!({"notification": offer["id"]})), "stale", "{t}");
        assert_eq!(alice.socket.refused(t, json!({"notification": "no such"})), "stale", "{t}");
        assert_eq!(alice.socket.refused(t, json!({"notification": 7})), "bad_request", "{t}");
        assert_eq!(alice.socket.refused(t, json!({})), "bad_request", "{t}");
    }
    assert_eq!(bob.socket.refused("pickup", json!({"conversation": conversation})), "not_found");
    customer.socket.ok("end", json!({}));
    assert_eq!(closed_offer(&mut alice, &offer), "withdrawn");
    assert_eq!(alice.socket.refused("accept", json!({"notification": offer["id"]})), "stale");
    let window = desk.agent_with(&alice.token);
    assert_eq!(window.welcome["notifications"], json!([]));
    assert_eq!(window.welcome["presence"]["status"], "available");
}

#[test]
fn where_rejecting_is_forbidden_only_time_ends_an_offer() {
    let desk = Desk::start_with_desk(&[("\nreject = true\n", "\nreject = false\n")], FAST);
    let mut alice = desk.agent("alice");
    let mut customer = desk.customer("shop", json!({}));
    let conversation = customer.start(json!({}));
    let offer = offer_of(&mut alice, &conversation);
    assert_eq!(offer["can_reject"], false);
    assert_eq!(alice.socket.refused("reject", json!({"notification": offer["id"]})), "not_allowed");
    alice.socket.ok("shown", json!({"notification": offer["id"]}));
    assert_eq!(closed_offer(&mut alice, &offer), "timed_out");
    assert_eq!(presence(&mut alice, "inactive")["reason"], "missed");
}

#[test]
fn assigned_by_itself_it_is_the_agent_s_for_good_and_opens_when_she_says() {
    let desk = Desk::start_with_desk(&[("auto = \"none\" ", "auto = \"assign\" ")], FAST);
    let mut alice = desk.agent("alice");
    let mut customer = desk.customer("shop", json!({}));
    let conversation = customer.start(json!({"comment": "mine"}));
    let offer = offer_of(&mut alice, &conversation);
    assert_eq!((&offer["auto"], &offer["can_reject"]), (&json!("assign"), &json!(false)));
    let session = alice.socket.of("session");
    assert_eq!((&session["reserved"], &session["state"]), (&json!(true), &json!("reserved")));
    assert_eq!(alice.socket.refused("reject", json!({"notification": offer["id"]})), "not_allowed");
    let mut second = desk.customer("shop", json!({}));
    let opened = second.start(json!({}));
    let other = offer_of(&mut alice, &opened);
    let session = alice.take_known(&other);
    // Its reserved picture came first.
    let session = if session["state"] == "reserved" { alice.socket.of("session") } else { session };
    assert_eq!(session["state"], "active");
    assert_eq!(closed_offer(&mut alice, &offer), "timed_out");
    let quiet = |frame: &Value| frame["t"] == "banner" || frame["t"] == "session_closed";
    alice.socket.never("a consequence", Duration::from_secs(9), quiet);
    alice.socket.ok("pickup", json!({"conversation": conversation}));
    let open = |frame: &Value| frame["t"] == "session" && frame["state"] == "active";
    assert_eq!(alice.socket.wait("the session", open)["conversation"], *conversation);
}

#[test]
fn accepted_by_itself_a_session_is_open_without_a_call() {
    let desk = Desk::start_with_desk(&[("auto = \"none\" ", "auto = \"accept\" ")], FAST);
    let mut alice = desk.agent("alice");
    let mut customer = desk.customer("shop", json!({}));
    let conversation = customer.start(json!({"comment": "hello"}));
    let session = alice.socket.of("session");
    assert_eq!((&session["state"], &session["conversation"]), (&json!("active"), &json!(conversation)));
    let offer = offer_of(&mut alice, &conversation);
    assert_eq!((&offer["auto"], &offer["can_reject"]), (&json!("accept"), &json!(false)));
    customer.socket.wait("active", |frame| frame["t"] == "state" && frame["state"] == "active");
    alice.say(&conversation, "a1", "Here I am");
    assert_eq!(alice.socket.refused("reject", json!({"notification": offer["id"]})), "not_allowed");
    assert_eq!(closed_offer(&mut alice, &offer), "timed_out");
    alice.say(&conversation, "a2", "Still here");
    let window = desk.agent_with(&alice.token);
    assert_eq!(window.welcome["presence"]["reason"], "load");
    assert_eq!(window.welcome["banners"], json!([]));
}

#[test]
fn a_pending_offer_survives_a_power_cut_with_the_time_it_has_left() {
    let mut desk = Desk::start_with_desk(&[], &["--clock-speed", "20"]);
    let mut alice = desk.agent("alice");
    let mut customer = desk.customer("shop", json!({}));
    let conversation = customer.start(json!({}));
    let offer = offer_of(&mut alice, &conversation);
    alice.socket.ok("shown", json!({"notification": offer["id"]}));
    desk.start_again();
    let mut alice = desk.agent_with(&alice.token);
    let kept = &alice.welcome["notifications"][0];
    assert_eq!((&kept["id"], &kept["deadline"]), (&offer["id"], &offer["deadline"]));
    assert_eq!(closed_offer(&mut alice, &offer), "timed_out");
    let inactive = presence(&mut alice, "inactive");
    assert!(elapsed_ms(&offer["deadline"], &inactive["since"]) >= 0);
}
