//! Widget, workstream, queue, agent removed from the desk while chats run (REQ S3-9, protocol "Second part").

use super::*;

/// Puts the desk as `change` leaves it.
fn put(desk: &Desk, change: impl Fn(String) -> String) {
    let bearer = format!("Bearer {}", desk.login("admin"));
    let now = desk.http("GET", "/api/v1/desk", &[("authorization", &bearer)], "");
    let tag = now.header("etag").expect("a version").to_owned();
    let text = change(now.body.clone());
    assert_ne!(text, now.body, "something is changed");
    let headers =
        [("authorization", bearer.as_str()), ("if-match", &tag), ("content-type", "application/toml")];
    let reply = desk.http("PUT", "/api/v1/desk", &headers, &text);
    assert_eq!(reply.status, 200, "{}\n{text}", reply.body);
}

/// The text without the table that holds this line, its own sub-tables included.
fn without(text: &str, list: &str, line: &str) -> String {
    let head = format!("[[{list}]]");
    let mut kept = Vec::new();
    let mut block: Vec<&str> = Vec::new();
    let mut dropped = false;
    for one in text.lines().chain(["[[end]]"]) {
        if one.starts_with("[[") && !one.starts_with(&format!("[[{list}.")) {
            if block.first() == Some(&head.as_str()) && block.contains(&line) {
                dropped = true;
            } else {
                kept.append(&mut block);
            }
            block.clear();
        }
        block.push(one);
    }
    assert!(dropped, "no {head} with {line} in\n{text}");
    kept.join("\n") + "\n"
}

fn warned_on_both_sides(alice: &mut Agent, customer: &mut Customer, conversation: &str) {
    let banner =
        alice.socket.wait("banner", |frame| frame["t"] == "banner" && frame["kind"] == "asset_removed");
    assert_eq!((&banner["conversation"], banner["action"].as_str()), (&json!(conversation), Some("end")));
    let shown = session(&mut alice.socket, conversation, |frame| frame["frozen"] == true);
    assert_eq!((shown["state"].as_str(), shown["reason"].as_str()), (Some("active"), Some("asset_removed")));
    line(&mut alice.socket, "asset_removed");
    let told = line(&mut customer.socket, "asset_removed");
    assert!(told["text"].as_str().is_some_and(|text| !text.is_empty()), "{told}");
}

fn can_only_be_ended(alice: &mut Agent, customer: &mut Customer, conversation: &str) {
    let of = json!({"conversation": conversation});
    let said = json!({"conversation": conversation, "client_id": "f1", "text": "go on"});
    assert_eq!(alice.socket.refused("message", said), "not_allowed");
    assert_eq!(
        customer.socket.refused("message", json!({"client_id": "f1", "text": "go on"})),
        "not_allowed"
    );
    for (t, fields) in [
        ("release", of.clone()),
        ("transfer", json!({"conversation": conversation, "to": {"agent": "bob"}})),
        ("transfer", json!({"conversation": conversation, "to": {"queue": "front"}})),
        ("conference", json!({"conversation": conversation, "agent": "bob"})),
        ("escalate", json!({"conversation": conversation, "queue": "front", "reason": "x"})),
    ] {
        assert_eq!(alice.socket.refused(t, fields), "not_allowed", "{t}");
    }
    alice.socket.ok("end", of);
    customer.socket.wait("closed", |frame| frame["t"] == "state" && frame["state"] == "closed");
    state(&mut alice.socket, conversation, "wrap_up");
    alice.socket.ok("wrapup", json!({"conversation": conversation, "reason": "solved"}));
    closed(&mut alice.socket, conversation);
}

#[test]
fn a_removed_widget_interrupts_its_chats() {
    let desk = Desk::start_with_desk(&ALL_IN_BOTH, &[]);
    let mut alice = desk.agent("alice");
    let (mut customer, conversation) = talk(&desk, &mut alice, json!({"comment": "hello"}));
    let mut bob = desk.agent("bob");
    alice.socket.ok("transfer", json!({"conversation": conversation, "to": {"agent": "bob"}}));
    let pending = offered(&mut bob, &conversation);
    // One more that nobody has accepted.
    bob.socket.ok("presence", json!({"status": "do_not_disturb"}));
    alice.socket.ok("presence", json!({"status": "do_not_disturb"}));
    let mut waiting = desk.customer("shop", json!({}));
    waiting.start(json!({"comment": "in line"}));
    put(&desk, |text| without(&text, "widget", "id = \"shop\""));
    warned_on_both_sides(&mut alice, &mut customer, &conversation);
    assert_eq!(bob.socket.of("notification_closed")["reason"], "withdrawn");
    assert_eq!(bob.socket.refused("accept", json!({"notification": pending["id"]})), "stale");
    let told = waiting.socket.wait("closed", |frame| frame["t"] == "state" && frame["state"] == "closed");
    assert_eq!(told["reason"], "asset_removed");
    // A page that connects only now is told as well.
    let again = desk.agent_with(&alice.token);
    assert_eq!(again.welcome["sessions"][0]["frozen"], true);
    assert!(again.welcome["banners"].to_string().contains("asset_removed"), "{}", again.welcome["banners"]);
    can_only_be_ended(&mut alice, &mut customer, &conversation);
    assert_eq!(desk.get("/api/v1/widgets/shop").status, 404);
}

#[test]
fn a_removed_workstream_interrupts_its_chats() {
    let desk = Desk::start_with_desk(&ALL_IN_BOTH, &[]);
    let mut alice = desk.agent("alice");
    let (mut customer, conversation) = talk(&desk, &mut alice, json!({"comment": "hello"}));
    put(&desk, |text| without(&without(&text, "widget", "id = \"shop\""), "workstream", "id = \"web-live\""));
    warned_on_both_sides(&mut alice, &mut customer, &conversation);
    can_only_be_ended(&mut alice, &mut customer, &conversation);
}

#[test]
fn the_owner_of_an_interrupted_chat_signs_out_and_it_is_over() {
    let desk = Desk::start(&[]);
    let mut alice = desk.agent("alice");
    let (mut customer, conversation) = talk(&desk, &mut alice, json!({"comment": "hello"}));
    put(&desk, |text| without(&text, "widget", "id = \"shop\""));
    warned_on_both_sides(&mut alice, &mut customer, &conversation);
    let bearer = format!("Bearer {}", alice.token);
    assert_eq!(desk.http("POST", "/api/v1/logout", &[("authorization", &bearer)], "").status, 204);
    let told = customer.socket.wait("closed", |frame| frame["t"] == "state" && frame["state"] == "closed");
    assert_eq!(told["reason"], "asset_removed");
}

#[test]
fn a_parked_conversation_of_a_removed_workstream_is_closed() {
    let desk = Desk::start(&["--wall-clock", "2026-11-18T10:00:00Z"]);
    let mut alice = desk.agent("alice");
    let token = desk.get("/demo/token?widget=portal&sub=u1");
    let jwt = token.json()["token"].as_str().expect("a token").to_owned();
    let mut customer = desk.customer("portal", json!({"jwt": jwt}));
    let conversation = customer.start(json!({"comment": "hello"}));
    alice.take(&conversation);
    alice.socket.ok("park", json!({"conversation": conversation}));
    put(&desk, |text| {
        without(&without(&text, "widget", "id = \"portal\""), "workstream", "id = \"web-later\"")
    });
    assert_eq!(closed(&mut alice.socket, &conversation), "asset_removed");
    let told = customer.socket.wait("closed", |frame| frame["t"] == "state" && frame["state"] == "closed");
    assert_eq!(told["reason"], "asset_removed");
    assert_eq!(alice.socket.refused("pickup", json!({"conversation": conversation})), "stale");
    assert_eq!(alice.socket.ok("parked", json!({}))["sessions"], json!([]));
}

#[test]
fn a_removed_queues_chats_go_to_their_workstreams_and_a_removed_agents_are_rerouted() {
    let desk = Desk::start_with_desk(&ALL_IN_BOTH, &[]);
    let mut alice = desk.agent("alice");
    let (mut customer, conversation) = talk(&desk, &mut alice, json!({"comment": "hello"}));
    let mut sofie = desk.agent("sofie");
    let mut bob = desk.agent("bob");
    alice.socket.ok("transfer", json!({"conversation": conversation, "to": {"queue": "billing"}}));
    // Whoever is asked is asked again, for the other queue.
    let asked = if bob.socket.find(MOMENT * 3, &|frame| frame["t"] == "notification").is_some() {
        &mut bob
    } else {
        &mut sofie
    };
    put(&desk, |text| {
        let text = without(&text, "workstream", "id = \"cases\"");
        without(&text, "queue", "id = \"billing\"").replace("[\"front\", \"billing\"]", "[\"front\"]")
    });
    assert_eq!(asked.socket.of("notification_closed")["reason"], "withdrawn");
    let offer = [&mut bob, &mut sofie]
        .into_iter()
        .find_map(|agent| {
            let found = agent
                .socket
                .find(MOMENT, &|frame| frame["t"] == "notification" && frame["queue"]["id"] == "front")?;
            agent.take_known(&found);
            Some(found)
        })
        .expect("offered again in the workstream's own queue");
    let owner = offer["agent"]["id"].as_str().expect("a name").to_owned();
    let shown = rest(&desk, &sofie.token, &conversation);
    assert_eq!((&shown["queue"], &shown["state"]), (&json!("front"), &json!("active")));

    // The agent is removed: her socket ends, her chat goes to a colleague.
    put(&desk, |text| without(&text, "agent", &format!("username = \"{owner}\"")));
    let (gone, left) = if owner == "bob" { (bob, sofie) } else { (sofie, bob) };
    let (mut gone, mut left) = (gone, left);
    gone.socket.wait("the end", |frame| frame.get("closed").is_some());
    assert!(
        desk.post("/api/v1/login", &json!({"username": owner, "password": format!("{owner}-demo-pass")}))
            .status
            == 401
    );
    let taken = [&mut left, &mut alice].into_iter().any(|agent| {
        let offer = agent.socket.find(MOMENT * 3, &|frame| {
            frame["t"] == "notification"
                && frame["conversation"] == conversation
                && frame["kind"] != "transfer"
        });
        offer.is_some_and(|offer| {
            agent.take_known(&offer);
            true
        })
    });
    assert!(taken, "rerouted");
    let seq = customer.say("c1", "still here?")["seq"].clone();
    assert!(seq.is_u64());
    assert_eq!(
        alice.socket.refused("transfer", json!({"conversation": conversation, "to": {"agent": owner}})),
        "not_found",
        "to a removed agent"
    );
}

#[test]
fn the_change_says_beforehand_how_many_it_touches() {
    let desk = Desk::start(&[]);
    let mut alice = desk.agent("alice");
    let (mut customer, conversation) = talk(&desk, &mut alice, json!({"comment": "hello"}));
    let bearer = format!("Bearer {}", desk.login("admin"));
    let now = desk.http("GET", "/api/v1/desk", &[("authorization", &bearer)], "");
    let text = without(&now.body, "widget", "id = \"shop\"");
    let tag = now.header("etag").expect("a version").to_owned();
    let headers =
        [("authorization", bearer.as_str()), ("if-match", &tag), ("content-type", "application/toml")];
    let reply = desk.http("PUT", "/api/v1/desk?preview=true", &headers, &text);
    assert_eq!(reply.status, 200, "{}", reply.body);
    let said = reply.json();
    assert_eq!(said["touches"]["interrupted"], 1, "{said}");
    assert!(said["changes"].as_array().is_some_and(|changes| !changes.is_empty()), "{said}");
    // Nothing has happened.
    alice.say(&conversation, "a1", "still here");
    customer.say("c1", "me too");
    let after = desk.http("GET", "/api/v1/desk", &[("authorization", &bearer)], "");
    assert_eq!(after.header("etag"), Some(tag.as_str()));
}

#[test]
fn a_crowd_that_says_all_it_may_begins_at_once_and_loses_its_workstream_at_once() {
    // Each has some twenty KiB written of it, in one turn: all together are more than the journal takes in one piece.
    const CROWD: usize = 80;
    let desk = Desk::start(&[]);
    let wide = |characters: usize| "🐎".repeat(characters);
    let page = json!({
        "url": format!("https://shop.example/{}", "u".repeat(2_000)), "title": wide(500), "referrer": "r".repeat(2_048),
        "path": (0..10).map(|n| format!("https://shop.example/{n}{}", "p".repeat(170))).collect::<Vec<_>>(),
    });
    let context: Vec<(String, Value)> = (0..7).map(|n| (format!("key{n}"), "v".repeat(500).into())).collect();
    let context: Value = context.into_iter().collect::<serde_json::Map<_, _>>().into();
    let hello = json!({"page": page, "context": context});
    let mut crowd: Vec<Customer> = (0..CROWD).map(|_| desk.customer("shop", hello.clone())).collect();
    for customer in &mut crowd {
        let (comment, name) = (wide(1_000), wide(200));
        customer.socket.send(
            &json!({"t": "start", "id": 1_000, "comment": comment, "name": name, "email": name, "phone": name}),
        );
    }
    for customer in &mut crowd {
        let answer = customer.socket.wait("an answer", |frame| frame["re"] == 1_000);
        assert_eq!(answer["t"], "ok", "{answer}");
    }
    // The workstream goes with it: then its conversations are put out by one input.
    put(&desk, |text| {
        let text = without(&text, "widget", "id = \"shop\"");
        without(&text, "workstream", "id = \"web-live\"")
    });
    for customer in &mut crowd {
        let over = |frame: &Value| frame["t"] == "state" && frame["state"] == "closed";
        assert_eq!(customer.socket.wait("the end", over)["reason"], "asset_removed");
    }
}
