//! Handing a chat over: to a colleague, to a queue, up (REQ S3-29 to S3-32, S2-4, D-8, D-9).

use super::*;

/// A desk where a minute passes in three seconds and requests end after 12 (0.6 real) seconds.
fn hurried(more: &[(&'static str, &'static str)]) -> Desk {
    let mut changes = ALL_IN_BOTH.to_vec();
    changes.extend_from_slice(more);
    Desk::start_with_desk(&changes, &["--clock-speed", "20"])
}

const SHORT_TRANSFER: (&str, &str) =
    ("[workstream.texts]", "[workstream.notify.transfer]\ntimeout_s = 20\n[workstream.texts]");

#[test]
fn the_sender_keeps_talking_until_her_colleague_accepts() {
    let desk = Desk::start_with_desk(&ALL_IN_BOTH, &[]);
    let mut alice = desk.agent("alice");
    let (mut customer, conversation) = talk(&desk, &mut alice, json!({"comment": "hello"}));
    let received =
        alice.socket.all.iter().find(|frame| frame["t"] == "notification").cloned().expect("an offer");
    let mut bob = desk.agent("bob");
    alice.socket.ok("transfer", json!({"conversation": conversation, "to": {"agent": "bob"}}));
    let offer = offered(&mut bob, &conversation);
    assert_eq!(offer["kind"], "transfer");
    assert_eq!(offer["sender"]["id"], "alice");
    assert_eq!(offer["received_at"], received["received_at"], "the time of the request, not of the transfer");

    // Pending: she talks, the target does not, a second request is refused.
    let seq = alice.say(&conversation, "a1", "One moment please")["seq"].clone();
    customer.socket.wait("it", |frame| frame["t"] == "message" && frame["seq"] == seq);
    for (to, code) in [("bob", "not_allowed"), ("sofie", "not_allowed")] {
        let ask = json!({"conversation": conversation, "to": {"agent": to}});
        assert_eq!(alice.socket.refused("transfer", ask), code, "twice");
    }
    assert_eq!(
        bob.socket.refused("message", json!({"conversation": conversation, "client_id": "b1", "text": "x"})),
        "not_found",
        "before acceptance"
    );

    bob.socket.ok("accept", json!({"notification": offer["id"]}));
    let opened = session(&mut bob.socket, &conversation, |_| true);
    assert_eq!((opened["role"].as_str(), opened["state"].as_str()), (Some("owner"), Some("active")));
    assert_eq!(opened["messages"][0]["text"], "hello", "with all that was said");
    assert_eq!(opened["received_at"], received["received_at"]);
    let told = state(&mut alice.socket, &conversation, "wrap_up");
    assert_eq!(told["reason"], "transferred");
    let said = line(&mut customer.socket, "transferred");
    assert!(said["text"].as_str().is_some_and(|text| !text.is_empty()));
    let shown =
        customer.socket.wait("state", |frame| frame["t"] == "state" && frame["agent"]["name"] == "Bob Novák");
    assert_eq!(shown["state"], "active");

    // What she has left is stale to her; what is said goes to her colleague only.
    let ask = json!({"conversation": conversation, "client_id": "a2", "text": "late"});
    assert_eq!(alice.socket.refused("message", ask), "stale");
    assert_eq!(
        alice.socket.refused("transfer", json!({"conversation": conversation, "to": {"agent": "sofie"}})),
        "stale",
        "in wrap-up"
    );
    let seq = customer.say("c1", "Hello Bob")["seq"].clone();
    bob.socket.wait("it", |frame| frame["t"] == "message" && frame["seq"] == seq);
    alice
        .socket
        .never("what is no longer hers", MOMENT, |frame| frame["t"] == "message" && frame["seq"] == seq);

    alice
        .socket
        .ok("wrapup", json!({"conversation": conversation, "reason": "follow-up", "comment": "to Bob"}));
    assert_eq!(closed(&mut alice.socket, &conversation), "transferred");
    bob.say(&conversation, "b1", "Still here");
    assert_eq!(
        alice
            .socket
            .refused("message", json!({"conversation": conversation, "client_id": "a3", "text": "x"})),
        "not_found",
        "another's"
    );
    // Closed once all sessions are.
    bob.socket.ok("end", json!({"conversation": conversation}));
    bob.socket.ok("wrapup", json!({"conversation": conversation, "reason": "solved"}));
    closed(&mut bob.socket, &conversation);
    assert_eq!(
        alice.socket.refused("wrapup", json!({"conversation": conversation, "reason": "solved"})),
        "stale",
        "it was hers, and is closed"
    );
}

#[test]
fn a_transfer_is_refused_by_name() {
    let desk = Desk::start_with_desk(&ALL_IN_BOTH[..1], &[]);
    let mut alice = desk.agent("alice");
    let (_customer, conversation) = talk(&desk, &mut alice, json!({"comment": "hello"}));
    let mut bob = desk.agent("bob");
    let mut sofie = desk.agent("sofie");
    let mut other = desk.customer("shop", json!({}));
    let to = |to: Value| json!({"conversation": conversation, "to": to});
    for (ask, code) in [
        (to(json!({"agent": "alice"})), "bad_request"),
        (to(json!({"agent": "nobody"})), "not_found"),
        (to(json!({"queue": "nowhere"})), "not_found"),
        (to(json!({"queue": "front", "agent": "bob"})), "bad_request"),
        (to(json!({})), "bad_request"),
        (json!({"conversation": conversation}), "bad_request"),
        (json!({"conversation": "c1", "to": {"agent": "nobody"}}), "not_found"),
        (json!({"conversation": 7, "to": {"agent": "bob"}}), "bad_request"),
        (
            json!({"conversation": conversation, "to": {"agent": "bob"}, "wrapup": {"reason": "no such"}}),
            "bad_request",
        ),
        (json!({"conversation": conversation, "queue": "front"}), "bad_request"),
    ] {
        assert_eq!(alice.socket.refused("transfer", ask.clone()), code, "{ask}");
    }
    assert_eq!(
        alice.socket.refused("escalate", json!({"conversation": conversation, "queue": "billing"})),
        "bad_request",
        "a reason"
    );
    assert_eq!(bob.socket.refused("transfer", to(json!({"agent": "sofie"}))), "not_found", "not hers");

    // A target without presence, and a queue without anybody who could.
    for status in ["do_not_disturb", "away", "offline"] {
        sofie.socket.ok("presence", json!({"status": status}));
        assert_eq!(alice.socket.refused("transfer", to(json!({"agent": "sofie"}))), "unavailable");
    }
    bob.socket.ok("presence", json!({"status": "away"}));
    for queue in ["billing", "front"] {
        assert_eq!(alice.socket.refused("transfer", to(json!({"queue": queue}))), "unavailable");
        let ask = json!({"conversation": conversation, "queue": queue, "reason": "angry"});
        assert_eq!(alice.socket.refused("escalate", ask), "unavailable");
    }
    let hidden = alice.socket.ok("directory", json!({"kind": "agents"}));
    assert_eq!(hidden["items"], json!([]), "only those available");
    let all = alice.socket.ok("directory", json!({"kind": "agents", "all": true}));
    let names: Vec<_> =
        all["items"].as_array().into_iter().flatten().map(|item| (&item["id"], &item["available"])).collect();
    assert_eq!(names, [(&json!("bob"), &json!(false)), (&json!("sofie"), &json!(false))]);

    // Somebody without room: Bob holds two of 30 in 60.
    bob.socket.ok("presence", json!({"status": "available"}));
    alice.socket.wait("directory_changed", |frame| frame["t"] == "directory_changed");
    let listed = alice.socket.ok("directory", json!({"kind": "agents", "filter": "NOV"}));
    assert_eq!(listed["items"][0]["name"], "Bob Novák", "found by a part of the name, in any case");
    assert_eq!(alice.socket.ok("directory", json!({"kind": "agents", "filter": "xyz"}))["items"], json!([]));
    alice.socket.ok("presence", json!({"status": "do_not_disturb"}));
    for customer in [&mut other, &mut desk.customer("shop", json!({}))] {
        let another = customer.start(json!({"comment": "more"}));
        bob.take(&another);
    }
    assert_eq!(alice.socket.refused("transfer", to(json!({"agent": "bob"}))), "unavailable", "no capacity");
    assert_eq!(alice.socket.refused("transfer", to(json!({"queue": "front"}))), "unavailable");
    alice.say(&conversation, "a1", "Nothing of this touched the chat");
}

#[test]
fn a_request_that_is_rejected_comes_back_with_a_banner() {
    let desk = Desk::start_with_desk(&ALL_IN_BOTH, &[]);
    let mut alice = desk.agent("alice");
    let (mut customer, conversation) = talk(&desk, &mut alice, json!({"comment": "hello"}));
    let mut bob = desk.agent("bob");
    alice.socket.ok(
        "transfer",
        json!({"conversation": conversation, "to": {"agent": "bob"}, "wrapup": {"reason": "solved"}}),
    );
    let offer = offered(&mut bob, &conversation);
    bob.socket.ok("reject", json!({"notification": offer["id"]}));
    let banner = alice.socket.wait("banner", |frame| frame["t"] == "banner");
    assert_eq!(banner["kind"], "transfer_refused");
    assert_eq!(banner["conversation"], conversation);
    assert!(banner["text"].as_str().is_some_and(|text| !text.is_empty()));
    assert_eq!(bob.socket.of("banner")["kind"], "rejected", "as for any offer");
    // She keeps it; the wrap-up she gave is forgotten with the request.
    let seq = alice.say(&conversation, "a1", "Still me")["seq"].clone();
    customer.socket.wait("it", |frame| frame["t"] == "message" && frame["seq"] == seq);
    alice
        .socket
        .never("a wrap-up", MOMENT, |frame| frame["t"] == "session_state" || frame["t"] == "session_closed");
    alice.socket.ok("banner_reset", json!({"kind": "transfer_refused"}));
    assert_eq!(alice.socket.of("banner_closed")["kind"], "transfer_refused");
    // Another may be asked.
    let mut sofie = desk.agent("sofie");
    alice.socket.ok("transfer", json!({"conversation": conversation, "to": {"agent": "sofie"}}));
    let offer = offered(&mut sofie, &conversation);
    sofie.socket.ok("accept", json!({"notification": offer["id"]}));
    state(&mut alice.socket, &conversation, "wrap_up");
    // What she had given along for Bob does not close this one for her.
    alice.socket.ok("wrapup", json!({"conversation": conversation, "reason": "follow-up"}));
    let shown = rest(&desk, &sofie.token, &conversation);
    let reasons: Vec<_> =
        shown["wrapups"].as_array().into_iter().flatten().map(|one| &one["reason"]).collect();
    assert_eq!(reasons, ["follow-up"], "{shown}");
}

#[test]
fn a_wrap_up_given_along_is_still_there_after_a_power_cut() {
    let mut desk = Desk::start_with_desk(&ALL_IN_BOTH, &[]);
    let mut alice = desk.agent("alice");
    let (_customer, conversation) = talk(&desk, &mut alice, json!({"comment": "hello"}));
    let mut bob = desk.agent("bob");
    let wrapup = json!({"reason": "follow-up", "comment": "about the bill"});
    alice
        .socket
        .ok("transfer", json!({"conversation": conversation, "to": {"agent": "bob"}, "wrapup": wrapup}));
    let offer = offered(&mut bob, &conversation);
    // A request that is refused while hers is pending takes nothing from it.
    let another =
        json!({"conversation": conversation, "to": {"agent": "sofie"}, "wrapup": {"reason": "solved"}});
    assert_eq!(alice.socket.refused("transfer", another), "not_allowed");
    desk.kill();
    desk.start_again();
    let (mut alice, mut bob) = (desk.agent("alice"), desk.agent("bob"));
    bob.socket.ok("accept", json!({"notification": offer["id"]}));
    assert_eq!(closed(&mut alice.socket, &conversation), "transferred", "without another word of hers");
    let shown = rest(&desk, &desk.login("sofie"), &conversation);
    let given = &shown["wrapups"][0];
    assert_eq!(
        (&given["reason"], &given["comment"]),
        (&json!("follow-up"), &json!("about the bill")),
        "{shown}"
    );
}

#[test]
fn what_was_given_along_with_a_refused_transfer_does_not_wrap_up_a_later_end() {
    let desk = Desk::start_with_desk(&ALL_IN_BOTH, &[]);
    let mut alice = desk.agent("alice");
    let (mut customer, conversation) = talk(&desk, &mut alice, json!({"comment": "hello"}));
    let mut bob = desk.agent("bob");
    let given = json!({
        "conversation": conversation, "to": {"agent": "bob"},
        "wrapup": {"reason": "follow-up", "comment": "for bob"},
    });
    alice.socket.ok("transfer", given.clone());
    let offer = offered(&mut bob, &conversation);
    bob.socket.ok("reject", json!({"notification": offer["id"]}));
    alice.socket.wait("told", |frame| frame["t"] == "banner" && frame["kind"] == "transfer_refused");
    bob.socket.ok("banner_reset", json!({"kind": "rejected"}));
    // Once more, and a second request beside it that is refused: neither says how the chat's own end is wrapped up.
    alice.socket.ok("transfer", given.clone());
    offered(&mut bob, &conversation);
    assert_eq!(alice.socket.refused("transfer", given), "not_allowed");
    customer.socket.ok("end", json!({}));
    assert_eq!(state(&mut alice.socket, &conversation, "wrap_up")["reason"], "ended_by_customer");
    assert_eq!(
        desk.agent_with(&alice.token).welcome["sessions"][0]["state"],
        "wrap_up",
        "still hers to wrap up"
    );
    alice.socket.ok("wrapup", json!({"conversation": conversation, "reason": "solved"}));
    let sofie = desk.login("sofie");
    assert_eq!(rest(&desk, &sofie, &conversation)["wrapups"][0]["reason"], "solved");
}

#[test]
fn a_request_missed_or_never_shown_comes_back_too() {
    let desk = hurried(&[SHORT_TRANSFER]);
    for shown in [true, false] {
        let mut alice = desk.agent("alice");
        let (_customer, conversation) = talk(&desk, &mut alice, json!({"comment": "hello"}));
        let mut bob = desk.agent("bob");
        let to_bob = json!({"agent": "bob"});
        let along = json!({"reason": "follow-up"});
        alice.socket.ok("transfer", json!({"conversation": conversation, "to": to_bob, "wrapup": along}));
        let offer = bob.socket.of("notification");
        if shown {
            bob.socket.ok("shown", json!({"notification": offer["id"]}));
        }
        let banner = alice
            .socket
            .wait("banner", |frame| frame["t"] == "banner" && frame["kind"] == "transfer_refused");
        assert_eq!(banner["conversation"], conversation);
        assert_eq!(bob.socket.of("notification_closed")["reason"], "timed_out");
        if shown {
            assert_eq!(bob.socket.of("banner")["kind"], "missed", "presence as for any offer");
            bob.socket.ok("banner_reset", json!({"kind": "missed"}));
        } else {
            bob.socket.never("a banner", MOMENT, |frame| frame["t"] == "banner");
            bob.socket.never("a session", MOMENT, |frame| frame["t"] == "session");
        }
        assert_eq!(bob.socket.refused("accept", json!({"notification": offer["id"]})), "stale");
        alice.say(&conversation, "a1", "Still me");
        alice.socket.ok("end", json!({"conversation": conversation}));
        // By the reason she gives now, not by the one that was for Bob.
        alice.socket.ok("wrapup", json!({"conversation": conversation, "reason": "solved"}));
    }
}

#[test]
fn a_target_who_signs_out_sends_the_request_back() {
    let desk = Desk::start_with_desk(&ALL_IN_BOTH, &[]);
    let mut alice = desk.agent("alice");
    let (_customer, conversation) = talk(&desk, &mut alice, json!({"comment": "hello"}));
    let mut bob = desk.agent("bob");
    alice.socket.ok("transfer", json!({"conversation": conversation, "to": {"agent": "bob"}}));
    bob.socket.of("notification");
    let bearer = format!("Bearer {}", bob.token);
    assert_eq!(desk.http("POST", "/api/v1/logout", &[("authorization", &bearer)], "").status, 204);
    alice.socket.wait("banner", |frame| frame["t"] == "banner" && frame["kind"] == "transfer_refused");
    alice.say(&conversation, "a1", "Still me");
}

#[test]
fn the_desk_may_say_that_a_refused_transfer_ends_the_chat() {
    let desk = Desk::start_with_desk(
        &[ALL_IN_BOTH[0], ("transfer_refused = \"return\"    ", "transfer_refused = \"disconnect\"")],
        &[],
    );
    let mut alice = desk.agent("alice");
    let (mut customer, conversation) = talk(&desk, &mut alice, json!({"comment": "hello"}));
    let mut bob = desk.agent("bob");
    alice.socket.ok("transfer", json!({"conversation": conversation, "to": {"agent": "bob"}}));
    let offer = offered(&mut bob, &conversation);
    bob.socket.ok("reject", json!({"notification": offer["id"]}));
    let told = customer.socket.wait("the end", |frame| frame["t"] == "state" && frame["state"] == "closed");
    assert_eq!(told["reason"], "disconnected");
    line(&mut customer.socket, "disconnected");
    assert_eq!(state(&mut alice.socket, &conversation, "wrap_up")["reason"], "disconnected");
    alice.socket.ok("wrapup", json!({"conversation": conversation, "reason": "solved"}));
}

#[test]
fn to_a_queue_it_goes_at_once_with_its_arrival_time() {
    let desk = Desk::start_with_desk(&ALL_IN_BOTH, &[]);
    let mut alice = desk.agent("alice");
    let (mut customer, conversation) = talk(&desk, &mut alice, json!({"comment": "hello"}));
    let received =
        alice.socket.all.iter().find(|frame| frame["t"] == "notification").cloned().expect("an offer");
    let mut bob = desk.agent("bob");
    let mut sofie = desk.agent("sofie");
    let wrapup = json!({"reason": "follow-up", "comment": "about the bill"});
    alice
        .socket
        .ok("transfer", json!({"conversation": conversation, "to": {"queue": "billing"}, "wrapup": wrapup}));
    // Given along: her session is closed without another word.
    assert_eq!(closed(&mut alice.socket, &conversation), "transferred");
    let told = customer.socket.wait("open", |frame| frame["t"] == "state" && frame["state"] == "open");
    assert_eq!((told["reason"].as_str(), told.get("agent")), (Some("transferred"), None));
    line(&mut customer.socket, "transferred");

    // The first says no; the second is asked under the same kind; the sender is not asked at all.
    let (first, second) = if bob.socket.find(MOMENT * 3, &|frame| frame["t"] == "notification").is_some() {
        (&mut bob, &mut sofie)
    } else {
        (&mut sofie, &mut bob)
    };
    let offer =
        first.socket.all.iter().rfind(|frame| frame["t"] == "notification").cloned().expect("the offer");
    assert_eq!((offer["kind"].as_str(), &offer["queue"]["id"]), (Some("transfer"), &json!("billing")));
    assert_eq!(offer["received_at"], received["received_at"]);
    first.socket.ok("reject", json!({"notification": offer["id"]}));
    let offer = offered(second, &conversation);
    assert_eq!(offer["kind"], "transfer");
    second.socket.ok("accept", json!({"notification": offer["id"]}));
    session(&mut second.socket, &conversation, |frame| frame["state"] == "active");
    alice.socket.never("an offer of her own", MOMENT, |frame| {
        frame["t"] == "notification" && frame["kind"] == "transfer"
    });
    let shown = rest(&desk, &sofie.token, &conversation);
    assert_eq!(shown["wrapups"][0]["reason"], "follow-up");
    assert_eq!(shown["queue"], "billing");
    let bearer = format!("Bearer {}", sofie.token);
    let path = format!("/api/v1/conversations/{conversation}/routing");
    let routing = desk.http("GET", &path, &[("authorization", &bearer)], "").json();
    let passes: Vec<_> = routing["decisions"].as_array().into_iter().flatten().collect();
    let transferred = passes.iter().find(|pass| pass["event"] == "transferred").expect("a pass");
    let about_alice =
        transferred["candidates"].as_array().into_iter().flatten().find(|one| one["agent"] == "alice");
    assert_eq!(about_alice.expect("weighed")["verdict"], "excluded", "{routing}");
}

#[test]
fn an_escalation_is_a_kind_of_its_own_with_its_reason() {
    let desk = Desk::start_with_desk(&ALL_IN_BOTH[..1], &[]);
    let mut alice = desk.agent("alice");
    let (_customer, conversation) = talk(&desk, &mut alice, json!({"comment": "hello"}));
    let mut sofie = desk.agent("sofie");
    alice.socket.ok(
        "escalate",
        json!({"conversation": conversation, "queue": "billing", "reason": "wants melissa@gmail.com called"}),
    );
    assert_eq!(state(&mut alice.socket, &conversation, "wrap_up")["reason"], "transferred");
    let offer = offered(&mut sofie, &conversation);
    assert_eq!(offer["kind"], "escalation");
    assert_eq!(offer["sender"]["id"], "alice");
    sofie.socket.ok("accept", json!({"notification": offer["id"]}));
    session(&mut sofie.socket, &conversation, |_| true);
    let past = sofie.socket.ok("history", json!({"conversation": conversation}));
    assert_eq!(past["notes"][0]["text"], "wants m******@gmail.com called", "why, for whoever takes it");
    let path = format!("/api/v1/conversations/{conversation}/routing");
    let bearer = format!("Bearer {}", sofie.token);
    let routing = desk.http("GET", &path, &[("authorization", &bearer)], "").json();
    assert!(routing.to_string().contains("\"escalated\""), "{routing}");
}

#[test]
fn a_released_chat_goes_back_to_its_queue_and_not_to_its_giver_at_once() {
    let desk = Desk::start_with_desk(&ALL_IN_BOTH, &[]);
    let mut alice = desk.agent("alice");
    let (mut customer, conversation) = talk(&desk, &mut alice, json!({"comment": "hello"}));
    assert_eq!(
        alice.socket.refused("park", json!({"conversation": conversation})),
        "not_allowed",
        "a live one"
    );
    let mut bob = desk.agent("bob");
    alice.socket.ok("release", json!({"conversation": conversation}));
    assert_eq!(closed(&mut alice.socket, &conversation), "rerouted");
    customer.socket.wait("open", |frame| frame["t"] == "state" && frame["state"] == "open");
    bob.take(&conversation);
    alice.socket.never("an offer", MOMENT, |frame| frame["t"] == "notification");
}
