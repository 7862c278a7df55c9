//! Talking in threes (REQ S3-33 to S3-35, D-8, D-9, D-10).

use super::*;

/// Alice and Bob in one conversation.
fn conference(desk: &Desk, alice: &mut Agent, bob: &mut Agent, conversation: &str) {
    let _ = desk;
    alice.socket.ok("conference", json!({"conversation": conversation, "agent": "bob"}));
    let offer = offered(bob, conversation);
    assert_eq!(offer["kind"], "conference");
    bob.socket.ok("accept", json!({"notification": offer["id"]}));
    let joined = session(&mut bob.socket, conversation, |frame| frame["conference"] == true);
    assert_eq!((joined["role"].as_str(), joined["state"].as_str()), (Some("participant"), Some("active")));
}

#[test]
fn all_see_and_write_and_the_owner_ends_it_for_all() {
    let desk = Desk::start_with_desk(&ALL_IN_BOTH, &[]);
    let mut alice = desk.agent("alice");
    let (mut customer, conversation) = talk(&desk, &mut alice, json!({"comment": "hello"}));
    let mut bob = desk.agent("bob");
    let mut sofie = desk.agent("sofie");
    assert_eq!(
        alice.socket.refused("end_conference", json!({"conversation": conversation})),
        "not_allowed",
        "there is none"
    );
    for (agent, code) in [("alice", "bad_request"), ("nobody", "not_found")] {
        let ask = json!({"conversation": conversation, "agent": agent});
        assert_eq!(alice.socket.refused("conference", ask), code);
    }
    conference(&desk, &mut alice, &mut bob, &conversation);
    let shown = session(&mut alice.socket, &conversation, |frame| frame["conference"] == true);
    assert_eq!(shown["role"], "owner");
    let names: Vec<_> =
        shown["participants"].as_array().into_iter().flatten().map(|one| one["id"].clone()).collect();
    assert_eq!(names, ["alice", "bob"]);
    for socket in [&mut customer.socket, &mut alice.socket, &mut bob.socket] {
        let said = socket.wait("joined", |frame| {
            frame["t"] == "message"
                && frame["code"] == "agent_joined"
                && frame["text"].as_str().is_some_and(|text| text.contains("Bob"))
        });
        assert_eq!(said["from"]["kind"], "system");
    }
    let again = json!({"conversation": conversation, "agent": "bob"});
    assert_eq!(alice.socket.refused("conference", again), "not_allowed", "she is in it");

    // Everybody hears everybody.
    let by_bob = bob.say(&conversation, "b1", "Bob here")["seq"].clone();
    let by_alice = alice.say(&conversation, "a1", "And Alice")["seq"].clone();
    let by_customer = customer.say("c1", "Both of you!")["seq"].clone();
    for socket in [&mut customer.socket, &mut alice.socket, &mut bob.socket] {
        for seq in [&by_bob, &by_alice, &by_customer] {
            socket.wait("it", |frame| frame["t"] == "message" && frame["seq"] == *seq);
        }
    }
    bob.socket.send(&json!({"t": "typing", "conversation": conversation, "on": true}));
    assert_eq!(customer.socket.of("typing")["name"], "Bob Novák");
    assert_eq!(alice.socket.of("typing")["name"], "Bob Novák");

    // A participant may not do what is the owner's.
    let of = json!({"conversation": conversation});
    assert_eq!(bob.socket.refused("end_conference", of.clone()), "forbidden");
    assert_eq!(bob.socket.refused("end", of.clone()), "forbidden");
    assert_eq!(
        bob.socket.refused("transfer", json!({"conversation": conversation, "to": {"agent": "sofie"}})),
        "forbidden"
    );
    assert_eq!(
        bob.socket.refused("conference", json!({"conversation": conversation, "agent": "sofie"})),
        "forbidden"
    );
    assert_eq!(alice.socket.refused("leave", of.clone()), "not_allowed", "the owner transfers or ends");
    assert_eq!(sofie.socket.refused("leave", of.clone()), "not_found");

    alice.socket.ok("end_conference", of);
    assert_eq!(closed(&mut bob.socket, &conversation), "ended_by_agent");
    assert_eq!(state(&mut alice.socket, &conversation, "wrap_up")["reason"], "ended_by_agent");
    let told = customer.socket.wait("closed", |frame| frame["t"] == "state" && frame["state"] == "closed");
    assert_eq!(told["reason"], "ended_by_agent");
    alice.socket.ok("wrapup", json!({"conversation": conversation, "reason": "solved"}));
    closed(&mut alice.socket, &conversation);
}

#[test]
fn a_wrapup_given_with_the_end_closes_at_once() {
    let desk = Desk::start_with_desk(&ALL_IN_BOTH, &[]);
    let mut alice = desk.agent("alice");
    let (mut customer, conversation) = talk(&desk, &mut alice, json!({"comment": "hello"}));
    let mut bob = desk.agent("bob");
    conference(&desk, &mut alice, &mut bob, &conversation);
    let wrapup = json!({"reason": "no such"});
    let ask = json!({"conversation": conversation, "wrapup": wrapup});
    assert_eq!(alice.socket.refused("end_conference", ask), "bad_request");
    customer.say("c1", "still here?");
    let wrapup = json!({"reason": "solved", "comment": "the two of us"});
    alice.socket.ok("end_conference", json!({"conversation": conversation, "wrapup": wrapup}));
    assert_eq!(closed(&mut alice.socket, &conversation), "ended_by_agent");
}

#[test]
fn a_participant_leaves_and_may_be_asked_again() {
    let desk = Desk::start_with_desk(&ALL_IN_BOTH, &[]);
    let mut alice = desk.agent("alice");
    let (mut customer, conversation) = talk(&desk, &mut alice, json!({"comment": "hello"}));
    let mut bob = desk.agent("bob");
    for _ in 0..2 {
        conference(&desk, &mut alice, &mut bob, &conversation);
        session(&mut alice.socket, &conversation, |frame| frame["conference"] == true);
        bob.socket.ok("leave", json!({"conversation": conversation}));
        closed(&mut bob.socket, &conversation);
        let said = line(&mut customer.socket, "agent_left");
        assert!(said["text"].as_str().is_some_and(|text| text.contains("Bob")), "{said}");
        session(&mut alice.socket, &conversation, |frame| frame.get("conference").is_none());
        let ask = json!({"conversation": conversation, "client_id": "b9", "text": "x"});
        assert_eq!(bob.socket.refused("message", ask), "not_found");
    }
    // Bob's hold was no session of work: his capacity is whole again.
    let all = alice.socket.ok("directory", json!({"kind": "agents"}));
    assert_eq!((&all["items"][0]["id"], &all["items"][0]["used"]), (&json!("bob"), &json!(0)));
    alice.say(&conversation, "a1", "Alone again");
}

#[test]
fn a_refused_invitation_is_told_and_changes_nothing() {
    let desk = Desk::start_with_desk(
        &[ALL_IN_BOTH[0], ("transfer_refused = \"return\"    ", "transfer_refused = \"disconnect\"")],
        &[],
    );
    let mut alice = desk.agent("alice");
    let (_customer, conversation) = talk(&desk, &mut alice, json!({"comment": "hello"}));
    let mut bob = desk.agent("bob");
    alice.socket.ok("conference", json!({"conversation": conversation, "agent": "bob"}));
    let ask = json!({"conversation": conversation, "to": {"agent": "bob"}});
    assert_eq!(alice.socket.refused("transfer", ask), "not_allowed", "one request at a time");
    let offer = offered(&mut bob, &conversation);
    bob.socket.ok("reject", json!({"notification": offer["id"]}));
    let banner = alice.socket.wait("banner", |frame| frame["t"] == "banner");
    assert_eq!(banner["kind"], "conference_refused");
    alice.say(&conversation, "a1", "Then the two of us");
    assert_eq!(alice.socket.refused("end_conference", json!({"conversation": conversation})), "not_allowed");
}

#[test]
fn during_a_conference_the_owner_may_hand_over_and_the_guest_stays() {
    let desk = Desk::start_with_desk(&ALL_IN_BOTH, &[]);
    let mut alice = desk.agent("alice");
    let (mut customer, conversation) = talk(&desk, &mut alice, json!({"comment": "hello"}));
    let mut bob = desk.agent("bob");
    let mut sofie = desk.agent("sofie");
    conference(&desk, &mut alice, &mut bob, &conversation);
    alice.socket.ok("transfer", json!({"conversation": conversation, "to": {"agent": "sofie"}}));
    let offer = offered(&mut sofie, &conversation);
    assert_eq!(offer["kind"], "transfer");
    sofie.socket.ok("accept", json!({"notification": offer["id"]}));
    let opened = session(&mut sofie.socket, &conversation, |frame| frame["role"] == "owner");
    assert_eq!(opened["state"], "active");
    state(&mut alice.socket, &conversation, "wrap_up");
    bob.say(&conversation, "b1", "I stay");
    sofie.say(&conversation, "s1", "I am Sofie");
    customer.socket.wait("Sofie", |frame| frame["t"] == "message" && frame["from"]["name"] == "Sofie Lund");
    let ends = sofie.socket.ok("end_conference", json!({"conversation": conversation}));
    assert_eq!(ends["t"], "ok");
    closed(&mut bob.socket, &conversation);
}

#[test]
fn the_customer_ends_a_conference_for_all() {
    let desk = Desk::start_with_desk(&ALL_IN_BOTH, &[]);
    let mut alice = desk.agent("alice");
    let (mut customer, conversation) = talk(&desk, &mut alice, json!({"comment": "hello"}));
    let mut bob = desk.agent("bob");
    conference(&desk, &mut alice, &mut bob, &conversation);
    customer.socket.ok("end", json!({}));
    assert_eq!(closed(&mut bob.socket, &conversation), "ended_by_customer");
    assert_eq!(state(&mut alice.socket, &conversation, "wrap_up")["reason"], "ended_by_customer");
}
