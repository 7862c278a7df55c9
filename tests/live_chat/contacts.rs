//! Stored contacts: found, linked, kept, changed, erased (REQ S1-12, S2-22, D-15, D-20).

use super::*;

/// The contact a session shows, if any.
fn linked(agent: &Agent) -> Value {
    let shown = agent.socket.all.iter().rfind(|frame| frame["t"] == "session").cloned().unwrap_or_default();
    shown["customer"]["contact"].clone()
}

#[test]
fn a_customer_is_known_by_address_or_number_or_not_at_all() {
    let desk = Desk::start(&[]);
    let mut alice = desk.agent("alice");
    for (start, known) in [
        (json!({"comment": "hi", "email": "MELISSA@gmail.com"}), true),
        (json!({"comment": "hi", "phone": "06-12345678"}), true),
        (json!({"comment": "hi", "name": "Melissa de Vries"}), false),
        (json!({"comment": "hi", "email": "other@gmail.com"}), false),
    ] {
        let (mut customer, conversation) = talk(&desk, &mut alice, start.clone());
        assert_eq!(linked(&alice).is_string(), known, "{start}");
        customer.socket.ok("end", json!({}));
        alice.socket.ok("wrapup", json!({"conversation": conversation, "reason": "solved"}));
        closed(&mut alice.socket, &conversation);
    }
}

#[test]
fn staff_link_keep_and_change_a_contact() {
    let mut desk = Desk::start(&[]);
    let mut alice = desk.agent("alice");
    let mut bob = desk.agent("bob");
    bob.socket.ok("presence", json!({"status": "away"}));
    let start = json!({"comment": "hi", "name": "Jan", "email": "jan@example.com", "phone": "+447966197542"});
    let (_customer, conversation) = talk(&desk, &mut alice, start);
    assert_eq!(linked(&alice), Value::Null);
    assert_eq!(bob.socket.refused("contact_new", json!({"conversation": conversation})), "not_found");

    let kept = alice.socket.ok("contact_new", json!({"conversation": conversation}));
    let jan = kept["contact"]["id"].as_str().expect("an id").to_owned();
    assert_eq!(kept["contact"]["email"], "j**@example.com");
    assert_eq!(kept["contact"]["mobile"], "*********7542");
    assert_eq!(kept["contact"]["masked"], json!(["email", "mobile"]));
    session(&mut alice.socket, &conversation, |frame| frame["customer"]["contact"] == jan.as_str());
    let past = alice.socket.ok("contact_history", json!({"contact": jan}));
    assert_eq!(past["items"][0]["id"], conversation);
    let again = alice.socket.ok("contact_new", json!({"conversation": conversation}));
    assert_eq!(again["contact"]["id"], jan, "known already");

    // Found by name, or by the whole of an address; never by a part of one.
    for (text, found) in [
        ("JAN", true),
        ("jan@example.com", true),
        ("+44 7966 197542", true),
        ("jan@ex", false),
        ("7542", false),
        (" ", false),
    ] {
        let items = alice.socket.ok("contact_find", json!({"text": text}))["items"].clone();
        assert_eq!(items.to_string().contains(&jan), found, "{text}: {items}");
        assert!(!items.to_string().contains("jan@example"), "{items}");
    }

    // Linked to another, and to nobody.
    let other = alice.socket.ok("contact_find", json!({"text": "melissa"}))["items"][0]["id"].clone();
    alice.socket.ok("contact_link", json!({"conversation": conversation, "contact": other}));
    session(&mut alice.socket, &conversation, |frame| frame["customer"]["contact"] == other);
    assert_eq!(
        alice.socket.refused("contact", json!({"contact": jan})),
        "not_found",
        "no talk of hers with him"
    );
    alice.socket.ok("contact_link", json!({"conversation": conversation, "contact": null}));
    session(&mut alice.socket, &conversation, |frame| frame["customer"].get("contact").is_none());
    assert_eq!(
        alice.socket.refused("contact_link", json!({"conversation": conversation, "contact": "p1"})),
        "not_found"
    );
    alice.socket.ok("contact_link", json!({"conversation": conversation, "contact": jan}));

    // A masked field is replaced, never sent back (D-20).
    let edit = |fields: Value| json!({"contact": jan, "fields": fields});
    for bad in [
        json!({}),
        json!({"email": "j**@example.com"}),
        json!({"mobile": "*********7542"}),
        json!({"email": "no address"}),
        json!({"name": ""}),
        json!({"name": null, "surname": "x"}),
        json!({"phone": "a\u{7}"}),
    ] {
        assert_eq!(alice.socket.refused("contact_edit", edit(bad.clone())), "bad_request", "{bad}");
    }
    assert_eq!(alice.socket.refused("contact_edit", edit(json!({"name": "x".repeat(201)}))), "too_long");
    assert_eq!(bob.socket.refused("contact_edit", edit(json!({"name": "x"}))), "not_found");
    let changed =
        alice.socket.ok("contact_edit", edit(json!({"name": "Jan Smit", "email": "smit@example.com"})));
    assert_eq!(changed["contact"]["name"], "Jan Smit");
    assert_eq!(changed["contact"]["mobile"], "*********7542", "what was left out stays");
    let mut sofie = desk.agent("sofie");
    let reveal = |field: &str| json!({"contact": jan, "field": field, "reason": "to see"});
    assert_eq!(sofie.socket.ok("reveal", reveal("email"))["text"], "smit@example.com");
    assert_eq!(sofie.socket.ok("reveal", reveal("mobile"))["text"], "+447966197542");
    alice.socket.ok("contact_edit", edit(json!({"mobile": null, "phone": "020 1234567"})));
    // Over a restart, and found by what is new, not by what was.
    drop((alice, sofie, bob));
    assert_eq!(desk.stop(), Some(0));
    desk.start_again();
    let mut alice = desk.agent("alice");
    let shown = alice.socket.ok("contact", json!({"contact": jan}));
    assert_eq!((&shown["contact"]["name"], shown["contact"].get("mobile")), (&json!("Jan Smit"), None));
    for (text, found) in [
        ("smit@example.com", true),
        ("0201234567", true),
        ("jan@example.com", false),
        ("+447966197542", false),
    ] {
        let items = alice.socket.ok("contact_find", json!({"text": text}))["items"].to_string();
        assert_eq!(items.contains(&jan), found, "{text}");
    }
}

#[test]
fn an_erased_contact_leaves_only_counts() {
    let mut desk = Desk::start(&[]);
    let mut alice = desk.agent("alice");
    let mut sofie = desk.agent("sofie");
    let start = json!({
        "comment": "my secret plan", "name": "Melissa de Vries", "email": "melissa@gmail.com",
        "context": {"favourite": "tulips from Amsterdam"},
    });
    let (mut customer, conversation) = talk(&desk, &mut alice, start);
    let contact = linked(&alice);
    for at in 0..250 {
        alice.say(&conversation, &format!("a{at}"), &format!("private answer {at}"));
        if at % 30 == 29 {
            std::thread::sleep(Duration::from_millis(1200));
        }
    }
    alice.socket.ok("note", json!({"conversation": conversation, "text": "a private note"}));
    let erase = json!({"contact": contact, "reason": "she asked for it"});
    assert_eq!(alice.socket.refused("contact_erase", erase.clone()), "forbidden");
    assert_eq!(sofie.socket.refused("contact_erase", json!({"contact": contact})), "bad_request", "a reason");
    assert_eq!(sofie.socket.refused("contact_erase", erase.clone()), "not_allowed", "while she is talked to");
    customer.socket.ok("end", json!({}));
    customer.socket.ok("rate", json!({"score": 5, "comment": "private praise"}));
    alice.socket.ok(
        "wrapup",
        json!({"conversation": conversation, "reason": "solved", "comment": "private comment"}),
    );
    closed(&mut alice.socket, &conversation);

    sofie.socket.ok("contact_erase", erase.clone());
    assert_eq!(sofie.socket.refused("contact_erase", erase), "not_found", "once");
    let shown = rest(&desk, &sofie.token, &conversation);
    assert_eq!(shown["state"], "closed");
    assert_eq!((&shown["rating"]["score"], &shown["wrapups"][0]["reason"]), (&json!(5), &json!("solved")));
    assert_eq!((&shown["messages"], shown.get("contact")), (&json!([]), None));
    let past = alice.socket.ok("history", json!({"conversation": conversation}));
    for text in [shown.to_string(), past.to_string()] {
        for word in ["private", "secret", "Melissa", "tulips", "gmail"] {
            assert!(!text.contains(word), "{word} is left: {text}");
        }
    }
    assert_eq!(sofie.socket.ok("contact_find", json!({"text": "melissa"}))["items"], json!([]));
    let bearer = format!("Bearer {}", desk.login("admin"));
    let file = desk.http("GET", "/api/v1/desk", &[("authorization", &bearer)], "").body;
    assert!(!file.contains("Melissa"), "nor does the desk's file name her");
    let log = desk.http("GET", "/api/v1/audit", &[("authorization", &bearer)], "").body;
    assert!(
        log.contains("contact_erase") && log.contains("she asked for it") && !log.contains("elissa"),
        "{log}"
    );
    // A new talk does not bring her back, nor does a restart.
    assert_eq!(desk.stop(), Some(0));
    desk.start_again();
    let mut alice = desk.agent("alice");
    talk(&desk, &mut alice, json!({"comment": "hi", "email": "melissa@gmail.com"}));
    assert_eq!(linked(&alice), Value::Null);
}
