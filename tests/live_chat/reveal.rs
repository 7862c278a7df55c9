//! Seeing what is masked: for the roles named, with a reason, written down (REQ D-20).

use super::*;

#[test]
fn a_message_is_revealed_to_the_role_named_and_audited() {
    let desk = Desk::start_with_desk(&ALL_IN_BOTH[..1], &[]);
    let mut alice = desk.agent("alice");
    let mut sofie = desk.agent("sofie");
    let (mut customer, conversation) =
        talk(&desk, &mut alice, json!({"comment": "call +447966197542", "email": "melissa@gmail.com"}));
    let ask = json!({"conversation": conversation, "seq": 1, "reason": "the customer asked to be called"});
    assert_eq!(alice.socket.refused("reveal", ask.clone()), "forbidden", "no role of hers may");
    assert_eq!(sofie.socket.ok("reveal", ask.clone())["text"], "call +447966197542");
    for bad in [
        json!({"conversation": conversation, "seq": 1}),
        json!({"conversation": conversation, "seq": 1, "reason": " "}),
        json!({"conversation": conversation, "reason": "x"}),
        json!({"conversation": conversation, "seq": 1, "reason": "a\u{7}b"}),
        json!({"contact": "x", "field": "password", "reason": "x"}),
    ] {
        assert_eq!(sofie.socket.refused("reveal", bad), "bad_request");
    }
    assert_eq!(
        sofie.socket.refused("reveal", json!({"conversation": conversation, "seq": 99, "reason": "x"})),
        "not_found"
    );
    assert_eq!(
        sofie.socket.refused("reveal", json!({"conversation": "c1", "seq": 1, "reason": "x"})),
        "not_found"
    );

    let contact = rest(&desk, &sofie.token, &conversation)["contact"].as_str().expect("a contact").to_owned();
    let field = |field: &str| json!({"contact": contact, "field": field, "reason": "to ring back"});
    assert_eq!(alice.socket.refused("reveal", field("email")), "forbidden");
    assert_eq!(sofie.socket.ok("reveal", field("email"))["text"], "melissa@gmail.com");
    assert_eq!(sofie.socket.ok("reveal", field("mobile"))["text"], "+31 6 1234 5678");
    let unknown = json!({"contact": "p1", "field": "email", "reason": "x"});
    assert_eq!(sofie.socket.refused("reveal", unknown), "not_found");

    // Each is in the audit log with who, what and why; what was refused is not.
    let admin = desk.login("admin");
    let bearer = format!("Bearer {admin}");
    let log = desk.http("GET", "/api/v1/audit", &[("authorization", &bearer)], "");
    assert_eq!(log.status, 200, "{}", log.body);
    let reveals: Vec<_> = log.json()["entries"]
        .as_array()
        .expect("entries")
        .iter()
        .filter(|entry| entry["action"] == "reveal")
        .map(|entry| (entry["by"].clone(), entry["subject"].clone(), entry["reason"].clone()))
        .collect();
    assert_eq!(reveals.len(), 3, "{}", log.body);
    assert!(reveals.contains(&(json!("sofie"), json!(format!("{conversation}/1")), ask["reason"].clone())));
    assert!(
        !log.body.contains("447966197542") && !log.body.contains("melissa@"),
        "the log names, it does not show"
    );
    let agents = format!("Bearer {}", alice.token);
    assert_eq!(desk.http("GET", "/api/v1/audit", &[("authorization", &agents)], "").status, 403);

    // Nothing else of hers is unmasked by it.
    customer.say("c2", "melissa@gmail.com again");
    sofie.socket.ok("monitor", json!({"conversation": conversation, "on": true}));
    let shown = session(&mut sofie.socket, &conversation, |_| true);
    assert!(!shown.to_string().contains("447966197542"), "{shown}");
}

#[test]
fn agents_may_reveal_where_the_desk_says_so_but_only_what_is_theirs() {
    let changes = [("reveal = [\"supervisor\"]", "reveal = [\"agent\", \"supervisor\"]")];
    let desk = Desk::start_with_desk(&changes, &[]);
    let mut alice = desk.agent("alice");
    let (mut customer, conversation) = talk(&desk, &mut alice, json!({"comment": "mail melissa@gmail.com"}));
    let mut bob = desk.agent("bob");
    let ask = json!({"conversation": conversation, "seq": 1, "reason": "to answer"});
    assert_eq!(alice.socket.ok("reveal", ask.clone())["text"], "mail melissa@gmail.com");
    assert_eq!(bob.socket.refused("reveal", ask.clone()), "not_found", "not hers");
    customer.socket.ok("end", json!({}));
    alice.socket.ok("wrapup", json!({"conversation": conversation, "reason": "solved"}));
    assert_eq!(alice.socket.ok("reveal", ask.clone())["text"], "mail melissa@gmail.com", "it was hers");
    assert_eq!(bob.socket.refused("reveal", ask), "not_found");
}
