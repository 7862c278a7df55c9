//! Endings and what follows them (REQ S0-7, S3-36 to S3-39, D-1, D-2, D-12).

use super::*;

#[test]
fn either_side_ends_a_live_chat_and_the_other_is_told() {
    let desk = Desk::start_with_desk(&ALL_IN_BOTH[..1], &[]);
    let mut alice = desk.agent("alice");
    let sofie = desk.agent("sofie");
    let (mut customer, conversation) = talk(&desk, &mut alice, json!({"comment": "hello"}));
    let of = json!({"conversation": conversation});
    assert_eq!(
        alice.socket.refused("wrapup", json!({"conversation": conversation, "reason": "solved"})),
        "not_allowed",
        "not ended"
    );
    customer.socket.ok("end", json!({}));
    assert_eq!(line(&mut alice.socket, "customer_ended")["text"], "Customer has ended the conversation");
    let told = state(&mut alice.socket, &conversation, "wrap_up");
    assert_eq!(told["reason"], "ended_by_customer");
    let told = customer.socket.wait("closed", |frame| frame["t"] == "state" && frame["state"] == "closed");
    assert_eq!(told["reason"], "ended_by_customer");
    // Both at once: the second comes too late, and nothing is said twice.
    assert_eq!(alice.socket.refused("end", of.clone()), "stale");
    assert_eq!(customer.socket.refused("end", json!({})), "stale");
    let late = json!({"conversation": conversation, "client_id": "a1", "text": "wait"});
    assert_eq!(alice.socket.refused("message", late), "stale");
    assert_eq!(rest(&desk, &sofie.token, &conversation)["state"], "wrap_up");

    // The reason is required here, and must be one of the desk's (S3-39).
    for bad in [
        json!({"conversation": conversation}),
        json!({"conversation": conversation, "comment": "no reason"}),
        json!({"conversation": conversation, "reason": "no such"}),
        json!({"conversation": conversation, "reason": null}),
        json!({"conversation": conversation, "reason": 7}),
        json!({"conversation": conversation, "reason": "solved", "comment": "a\u{1}"}),
    ] {
        assert_eq!(alice.socket.refused("wrapup", bad.clone()), "bad_request", "{bad}");
    }
    let long = json!({"conversation": conversation, "reason": "solved", "comment": "x".repeat(1001)});
    assert_eq!(alice.socket.refused("wrapup", long), "too_long");
    alice.socket.ok("wrapup", json!({"conversation": conversation, "reason": "solved", "comment": "  "}));
    assert_eq!(closed(&mut alice.socket, &conversation), "ended_by_customer");
    let shown = rest(&desk, &sofie.token, &conversation);
    assert_eq!(shown["state"], "closed");
    assert_eq!(shown["wrapups"][0]["reason"], "solved");
    assert_eq!(shown["wrapups"][0].get("comment"), None, "a blank comment is as none");
    for (t, fields) in [
        ("wrapup", json!({"conversation": conversation, "reason": "solved"})),
        ("end", of.clone()),
        ("release", of.clone()),
        ("leave", of.clone()),
        ("pickup", of.clone()),
        ("end_conference", of.clone()),
        ("transfer", json!({"conversation": conversation, "to": {"queue": "front"}})),
        ("escalate", json!({"conversation": conversation, "queue": "front", "reason": "x"})),
        ("conference", json!({"conversation": conversation, "agent": "sofie"})),
        ("note", json!({"conversation": conversation, "text": "x"})),
        ("message", json!({"conversation": conversation, "client_id": "a2", "text": "x"})),
    ] {
        assert_eq!(alice.socket.refused(t, fields), "stale", "{t} on one's own closed conversation");
    }
    let mut bob = desk.agent("bob");
    assert_eq!(bob.socket.refused("end", of), "not_found", "never his");

    let (mut customer, conversation) = talk(&desk, &mut alice, json!({"comment": "again"}));
    alice.socket.ok("end", json!({"conversation": conversation}));
    line(&mut customer.socket, "agent_ended");
    let told = customer.socket.wait("closed", |frame| {
        frame["t"] == "state" && frame["state"] == "closed" && frame["conversation"] == conversation
    });
    assert_eq!(told["reason"], "ended_by_agent");
    alice.socket.ok("wrapup", json!({"conversation": conversation, "reason": "follow-up"}));
    assert_eq!(closed(&mut alice.socket, &conversation), "ended_by_agent");
}

#[test]
fn a_supervisor_ends_what_should_not_go_on() {
    let desk = Desk::start(&[]);
    let mut alice = desk.agent("alice");
    let mut sofie = desk.agent("sofie");
    let (mut customer, conversation) = talk(&desk, &mut alice, json!({"comment": "hello"}));
    let of = json!({"conversation": conversation});
    assert_eq!(alice.socket.refused("force_end", of.clone()), "forbidden");
    assert_eq!(sofie.socket.refused("force_end", json!({"conversation": "c1"})), "not_found");
    sofie.socket.ok("force_end", of.clone());
    let told = customer.socket.wait("closed", |frame| frame["t"] == "state" && frame["state"] == "closed");
    assert_eq!(told["reason"], "ended_by_supervisor");
    assert_eq!(state(&mut alice.socket, &conversation, "wrap_up")["reason"], "ended_by_supervisor");
    assert_eq!(sofie.socket.refused("force_end", of), "stale");
    alice.socket.ok("wrapup", json!({"conversation": conversation, "reason": "solved"}));

    // One that nobody has accepted yet is over with it.
    alice.socket.ok("presence", json!({"status": "do_not_disturb"}));
    let mut waiting = desk.customer("shop", json!({}));
    let conversation = waiting.start(json!({"comment": "anybody?"}));
    sofie.socket.ok("force_end", json!({"conversation": conversation}));
    let told = waiting.socket.wait("closed", |frame| frame["t"] == "state" && frame["state"] == "closed");
    assert_eq!(told["reason"], "ended_by_supervisor");
}

#[test]
fn the_customer_may_end_while_still_in_line() {
    let desk = Desk::start(&[]);
    let mut customer = desk.customer("shop", json!({}));
    let conversation = customer.start(json!({"comment": "hello"}));
    customer.socket.ok("end", json!({}));
    let told = customer.socket.wait("closed", |frame| frame["t"] == "state" && frame["state"] == "closed");
    assert_eq!(
        (told["reason"].as_str(), &told["conversation"]),
        (Some("ended_by_customer"), &json!(conversation))
    );
    let mut alice = desk.agent("alice");
    alice.socket.never("an offer", MOMENT, |frame| frame["t"] == "notification");

    // While it is being offered: the notification is withdrawn.
    let mut customer = desk.customer("shop", json!({}));
    let conversation = customer.start(json!({"comment": "hello"}));
    let offer = offered(&mut alice, &conversation);
    customer.socket.ok("end", json!({}));
    let over = alice.socket.of("notification_closed");
    assert_eq!((&over["id"], over["reason"].as_str()), (&offer["id"], Some("withdrawn")));
    assert_eq!(alice.socket.refused("accept", json!({"notification": offer["id"]})), "stale");
}

#[test]
fn an_optional_wrapup_needs_no_reason_and_none_needs_no_wrapup() {
    let desk = Desk::start_with_desk(&[("wrapup = \"required\" ", "wrapup = \"optional\" ")], &[]);
    let mut alice = desk.agent("alice");
    let (_customer, conversation) = talk(&desk, &mut alice, json!({"comment": "hello"}));
    alice.socket.ok("end", json!({"conversation": conversation}));
    state(&mut alice.socket, &conversation, "wrap_up");
    assert_eq!(
        alice.socket.refused("wrapup", json!({"conversation": conversation, "reason": "no such"})),
        "bad_request"
    );
    alice.socket.ok("wrapup", json!({"conversation": conversation}));
    closed(&mut alice.socket, &conversation);

    let desk = Desk::start_with_desk(&[("wrapup = \"required\" ", "wrapup = \"none\" ")], &[]);
    let mut alice = desk.agent("alice");
    let (_customer, conversation) = talk(&desk, &mut alice, json!({"comment": "hello"}));
    alice.socket.ok("end", json!({"conversation": conversation}));
    assert_eq!(closed(&mut alice.socket, &conversation), "ended_by_agent");
    assert_eq!(
        alice.socket.refused("wrapup", json!({"conversation": conversation, "reason": "solved"})),
        "stale"
    );
}

#[test]
fn past_its_deadline_the_box_wraps_up_with_the_default_reason() {
    let desk = Desk::start_with_desk(
        &[
            ("wrapup_deadline_s = 0 ", "wrapup_deadline_s = 30 "),
            ("wrapup_default = \"solved\"", "wrapup_default = \"follow-up\""),
        ],
        &["--clock-speed", "20"],
    );
    let mut alice = desk.agent("alice");
    let sofie = desk.agent("sofie");
    let (mut customer, conversation) = talk(&desk, &mut alice, json!({"comment": "hello"}));
    customer.socket.ok("end", json!({}));
    let told = state(&mut alice.socket, &conversation, "wrap_up");
    assert!(told["wrapup_deadline"].is_string(), "a page may count down: {told}");
    assert_eq!(closed(&mut alice.socket, &conversation), "ended_by_customer");
    let shown = rest(&desk, &sofie.token, &conversation);
    assert_eq!(shown["state"], "closed");
    assert_eq!(shown["wrapups"][0]["reason"], "follow-up");
    assert_eq!(shown["wrapups"][0]["by_deadline"], true);
    // By hand before the deadline: the reason given counts.
    let (mut customer, conversation) = talk(&desk, &mut alice, json!({"comment": "hello"}));
    customer.socket.ok("end", json!({}));
    alice.socket.ok("wrapup", json!({"conversation": conversation, "reason": "solved"}));
    assert_eq!(rest(&desk, &sofie.token, &conversation)["wrapups"][0]["by_deadline"], false);
}

#[test]
fn a_wrap_up_that_gave_its_capacity_back_is_there_after_a_reload_and_a_restart() {
    let rule = ("wrapup_keeps_capacity = true", "wrapup_keeps_capacity = false");
    let mut desk = Desk::start_with_desk(&[rule], &[]);
    let mut alice = desk.agent("alice");
    let (mut customer, conversation) = talk(&desk, &mut alice, json!({"comment": "hello"}));
    customer.socket.ok("end", json!({}));
    state(&mut alice.socket, &conversation, "wrap_up");
    let is_there = |alice: &Agent| {
        let sessions = &alice.welcome["sessions"];
        assert_eq!(sessions[0]["conversation"], json!(conversation), "{sessions}");
        assert_eq!(sessions[0]["state"], "wrap_up");
        assert_eq!(sessions.as_array().map(Vec::len), Some(1), "{sessions}");
    };
    is_there(&desk.agent_with(&alice.token));
    desk.kill();
    desk.start_again();
    let mut alice = desk.agent_with(&alice.token);
    is_there(&alice);
    alice.socket.ok("wrapup", json!({"conversation": conversation, "reason": "solved"}));
    closed(&mut alice.socket, &conversation);
}

#[test]
fn wrapping_up_keeps_capacity_or_frees_it_as_the_desk_says() {
    for (keeps, offered) in [(true, false), (false, true)] {
        let rule = if keeps { "wrapup_keeps_capacity = true" } else { "wrapup_keeps_capacity = false" };
        let desk = Desk::start_with_desk(
            &[("wrapup_keeps_capacity = true", rule), ("units = 30", "units = 60")],
            &[],
        );
        let mut bob = desk.agent("bob");
        let (mut customer, conversation) = talk(&desk, &mut bob, json!({"comment": "hello"}));
        let mut next = desk.customer("shop", json!({}));
        let second = next.start(json!({"comment": "next"}));
        bob.socket.never("an offer", MOMENT, |frame| frame["t"] == "notification");
        customer.socket.ok("end", json!({}));
        state(&mut bob.socket, &conversation, "wrap_up");
        let offer = bob
            .socket
            .find(MOMENT * 2, &|frame| frame["t"] == "notification" && frame["conversation"] == second);
        assert_eq!(offer.is_some(), offered, "{rule}");
        bob.socket.ok("wrapup", json!({"conversation": conversation, "reason": "solved"}));
        if keeps {
            bob.take(&second);
        }
    }
}
