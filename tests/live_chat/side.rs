//! What stands beside the talk: who may read it, notes, quick replies, reserved characters (REQ S3-27, S3-28, S2-36).

use deskbell::limits::{NOTES_MAX, SYNC_CURSORS_MAX};

use super::*;

#[test]
fn who_reads_along_only_reads() {
    let desk = Desk::start_with_desk(&ALL_IN_BOTH[..1], &[]);
    let mut alice = desk.agent("alice");
    let mut sofie = desk.agent("sofie");
    let (mut customer, conversation) = talk(&desk, &mut alice, json!({"comment": "hello"}));
    let of = json!({"conversation": conversation});
    let on = json!({"conversation": conversation, "on": true});
    assert_eq!(alice.socket.refused("monitor", on.clone()), "forbidden");
    assert_eq!(sofie.socket.refused("monitor", json!({"conversation": "c1", "on": true})), "not_found");
    sofie.socket.ok("monitor", on.clone());
    assert_eq!(session(&mut sofie.socket, &conversation, |_| true)["role"], "monitor");
    let seq = customer.say("c1", "are you there?")["seq"].clone();
    sofie.socket.wait("it", |frame| frame["t"] == "message" && frame["seq"] == seq);
    alice.socket.ok("note", json!({"conversation": conversation, "text": "a tough one"}));
    let past = sofie.socket.ok("history", of.clone());
    assert_eq!(past["notes"][0]["text"], "a tough one");
    for (t, fields) in [
        ("message", json!({"conversation": conversation, "client_id": "s1", "text": "x"})),
        ("end", of.clone()),
        ("release", of.clone()),
        ("park", of.clone()),
        ("leave", of.clone()),
        ("end_conference", of.clone()),
        ("wrapup", json!({"conversation": conversation, "reason": "solved"})),
        ("transfer", json!({"conversation": conversation, "to": {"agent": "bob"}})),
        ("escalate", json!({"conversation": conversation, "queue": "front", "reason": "x"})),
        ("conference", json!({"conversation": conversation, "agent": "bob"})),
        ("note", json!({"conversation": conversation, "text": "x"})),
        ("pickup", of.clone()),
    ] {
        assert_eq!(sofie.socket.refused(t, fields), "forbidden", "{t}");
    }
    sofie.socket.send(&json!({"t": "typing", "conversation": conversation, "on": true}));
    customer.socket.never("typing", MOMENT, |frame| frame["t"] == "typing");
    sofie.socket.ok("monitor", json!({"conversation": conversation, "on": false}));
    let seq = customer.say("c2", "hello?")["seq"].clone();
    sofie.socket.never("it", MOMENT, |frame| frame["t"] == "message" && frame["seq"] == seq);
    assert_eq!(sofie.socket.refused("end", of), "not_found");
}

#[test]
fn what_one_may_read_along_note_or_have_seen_has_its_bounds() {
    let desk = Desk::start_with_desk(&ALL_IN_BOTH[..1], &[]);
    let mut alice = desk.agent("alice");
    let (mut customer, conversation) = talk(&desk, &mut alice, json!({"comment": "hello"}));
    // Nobody has seen what is not said yet.
    let seq = alice.say(&conversation, "a1", "Good morning")["seq"].as_u64().expect("a number");
    for seen in [seq + 1, seq] {
        alice.socket.send(&json!({"t": "seen", "conversation": conversation, "seq": seen}));
    }
    let mark = customer.socket.of("seen");
    assert_eq!(mark["seq"], seq, "the first mark is of what there is");
    // Notes of one conversation, some at a time: a client that does not read is cut off.
    for of in 0..=NOTES_MAX / 50 {
        let ids = 10_000 + i64::from(of) * 50..10_000 + i64::from(of) * 50 + 50;
        for id in ids.clone() {
            let note = json!({"t": "note", "id": id, "conversation": conversation, "text": "so it goes"});
            alice.socket.send(&note);
        }
        for id in ids {
            let answer = alice.socket.wait("an answer", |frame| frame["re"] == id);
            let code = if of < NOTES_MAX / 50 { Value::Null } else { json!("full") };
            assert_eq!(answer["code"], code, "{answer}");
        }
        alice.socket.seen.clear();
    }
    // And what a supervisor reads along.
    let mut sofie = desk.agent("sofie");
    let mut crowd: Vec<Customer> = (0..=SYNC_CURSORS_MAX).map(|_| desk.customer("shop", json!({}))).collect();
    let talks: Vec<String> = crowd.iter_mut().map(|one| one.start(json!({"comment": "hi"}))).collect();
    for (at, talk) in talks.iter().enumerate() {
        let answer = sofie.socket.ask("monitor", json!({"conversation": talk, "on": true}));
        let code = if at < SYNC_CURSORS_MAX { Value::Null } else { json!("full") };
        assert_eq!(answer["code"], code, "{at}: {answer}");
    }
    // Again one she reads already: that is no other.
    sofie.socket.ok("monitor", json!({"conversation": talks[0], "on": true}));
}

#[test]
fn history_is_for_those_whose_it_is() {
    let desk = Desk::start_with_desk(&ALL_IN_BOTH[..1], &[]);
    let mut alice = desk.agent("alice");
    let mut bob = desk.agent("bob");
    let mut sofie = desk.agent("sofie");
    bob.socket.ok("presence", json!({"status": "away"}));
    let (mut customer, conversation) =
        talk(&desk, &mut alice, json!({"comment": "hello", "email": "melissa@gmail.com"}));
    for at in 0..8 {
        customer.say(&format!("c{at}"), &format!("line {at}"));
    }
    let page = |before: Option<u64>| {
        let mut ask = json!({"conversation": conversation, "limit": 3});
        if let Some(before) = before {
            ask["before"] = before.into();
        }
        ask
    };
    let newest = alice.socket.ok("history", page(None));
    let seqs = |answer: &Value| -> Vec<u64> {
        answer["messages"].as_array().into_iter().flatten().filter_map(|one| one["seq"].as_u64()).collect()
    };
    assert_eq!((seqs(&newest), newest["more"].as_bool()), (vec![8, 9, 10], Some(true)));
    let older = alice.socket.ok("history", page(Some(8)));
    assert_eq!(seqs(&older), [5, 6, 7], "before is exclusive");
    assert_eq!(
        alice.socket.refused("history", json!({"conversation": conversation, "limit": 0})),
        "bad_request"
    );
    assert_eq!(bob.socket.refused("history", page(None)), "not_found");
    assert_eq!(bob.socket.refused("note", json!({"conversation": conversation, "text": "x"})), "not_found");
    sofie.socket.ok("history", page(None));
    let contact = rest(&desk, &sofie.token, &conversation)["contact"].clone();
    assert_eq!(bob.socket.refused("contact_history", json!({"contact": contact})), "not_found");
    alice.socket.ok("contact_history", json!({"contact": contact}));
    customer.socket.ok("end", json!({}));
    alice.socket.ok("wrapup", json!({"conversation": conversation, "reason": "solved"}));
    alice.socket.ok("history", page(None));
    assert_eq!(bob.socket.refused("history", page(None)), "not_found");

    // Whoever talks to the same contact later may read her past.
    alice.socket.ok("presence", json!({"status": "away"}));
    bob.socket.ok("presence", json!({"status": "available"}));
    talk(&desk, &mut bob, json!({"comment": "again", "email": "melissa@gmail.com"}));
    let past = bob.socket.ok("contact_history", json!({"contact": contact}));
    assert!(past["items"].to_string().contains(&conversation), "{past}");
    bob.socket.ok("history", page(None));
}

#[test]
fn reserved_characters_and_line_breaks() {
    let desk = Desk::start(&[]);
    let mut alice = desk.agent("alice");
    let (mut customer, conversation) = talk(&desk, &mut alice, json!({"comment": "1 < 2"}));
    let say = |text: &str| json!({"conversation": conversation, "client_id": "a1", "text": text});
    for text in ["a < b", "a > b", "<b>"] {
        let answer = alice.socket.ask("message", say(text));
        assert_eq!(answer["code"], "reserved_character", "{answer}");
        assert!(answer["message"].as_str().is_some_and(|why| why.contains('<')), "a clear reason: {answer}");
    }
    alice.socket.ok("message", say("one\ntwo\n\nthree"));
    let heard =
        customer.socket.wait("it", |frame| frame["t"] == "message" && frame["from"]["kind"] == "agent");
    assert_eq!(heard["text"], "one\ntwo\n\nthree");
    customer.say("c1", "if a < b > c");
    alice.socket.wait("it", |frame| frame["t"] == "message" && frame["text"] == "if a < b > c");
    assert_eq!(alice.socket.refused("message", say(&"x".repeat(1001))), "too_long");
}

#[test]
fn quick_replies_and_reasons_are_there_to_choose_from() {
    let desk = Desk::start(&[]);
    let mut alice = desk.agent("alice");
    let settings = &alice.welcome["settings"];
    assert_eq!(settings["quick_replies"][0]["id"], "hi");
    assert!(
        settings["quick_replies"][0]["text"].as_str().is_some_and(|text| text.contains("{customer_name}"))
    );
    let reasons: Vec<_> =
        settings["wrapup_reasons"].as_array().into_iter().flatten().map(|one| one["id"].clone()).collect();
    assert_eq!(reasons, ["solved", "follow-up"]);
    let found = alice.socket.ok("directory", json!({"kind": "wrapup_reasons", "filter": "FOLLOW"}));
    assert_eq!(found["items"], json!([{"id": "follow-up", "label": "Needs follow-up"}]));
}
