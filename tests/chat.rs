//! The main job over real sockets: a customer chats, the box routes, an agent answers.

mod support;

use std::time::Duration;

use serde_json::json;
use support::Desk;

const MOMENT: Duration = Duration::from_millis(400);

#[test]
fn a_customer_and_an_agent_hold_a_whole_conversation() {
    let desk = Desk::start(&[]);
    let mut alice = desk.agent("alice");
    assert_eq!(alice.welcome["presence"]["status"], "available");
    assert_eq!(alice.welcome["presence"]["reason"], "load");
    let mut customer = desk.customer(
        "shop",
        json!({"page": {"url": "https://shop.example/product/lamp", "title": "Lamp", "referrer": ""}}),
    );
    assert_eq!(customer.welcome["mode"], "live");
    let conversation = customer
        .start(json!({"name": "Jan de Boer", "comment": "Is it in stock?", "context": {"basket": 3}}));

    // The alert: who, what about, how long (S2-2, S4-6), and the time to act (S2-16).
    let alert = alice.socket.of("notification");
    assert_eq!(alert["conversation"], *conversation);
    assert_eq!(alert["kind"], "chat");
    assert_eq!(alert["style"], "alert");
    assert!(alert["title"].as_str().unwrap_or("").contains("Jan de Boer"), "{alert}");
    let fields: Vec<_> =
        alert["fields"].as_array().expect("fields").iter().map(|field| field["value"].clone()).collect();
    assert!(fields.contains(&json!("Is it in stock?")), "{alert}");
    assert_eq!(alert["queue"]["id"], "front");
    assert_eq!(alert["can_reject"], true);
    alice.socket.ok("shown", json!({"notification": alert["id"]}));
    alice.socket.ok("accept", json!({"notification": alert["id"]}));
    let session = alice.socket.of("session");
    assert_eq!(session["state"], "active");
    assert_eq!(session["role"], "owner");
    assert_eq!(session["customer"]["initials"], "JB");
    assert_eq!(session["context"]["basket"], 3);
    assert_eq!(session["messages"][0]["text"], "Is it in stock?");
    assert_eq!(alice.socket.of("notification_closed")["reason"], "accepted");
    let state = customer.socket.wait("active", |frame| frame["t"] == "state" && frame["state"] == "active");
    assert_eq!(state["agent"]["name"], "Alice Jansen");

    // Both hear everything, the sender too, in order.
    let mine = customer.say("c1", "Hello?");
    let heard = alice
        .socket
        .wait("the customer's words", |frame| frame["t"] == "message" && frame["text"] == "Hello?");
    assert_eq!(heard["seq"], mine["seq"]);
    assert_eq!(heard["from"]["kind"], "customer");
    alice.say(&conversation, "a1", "Yes, two.\nShall I keep one?");
    let heard = customer
        .socket
        .wait("the agent's words", |frame| frame["t"] == "message" && frame["from"]["kind"] == "agent");
    assert_eq!(heard["text"], "Yes, two.\nShall I keep one?");
    customer.socket.wait("her own words", |frame| frame["t"] == "message" && frame["client_id"] == "c1");
    assert_eq!(
        customer.say("c1", "Hello?")["seq"],
        mine["seq"],
        "the same message twice is stored once (D-17)"
    );

    alice.socket.ok("end", json!({"conversation": conversation}));
    customer.socket.wait("closed", |frame| frame["t"] == "state" && frame["state"] == "closed");
    assert_eq!(
        customer
            .socket
            .refused("message", json!({"client_id": "c9", "text": "wait", "conversation": conversation})),
        "stale"
    );
    assert_eq!(
        alice.socket.refused("wrapup", json!({"conversation": conversation, "reason": "no such"})),
        "bad_request"
    );
    alice
        .socket
        .ok("wrapup", json!({"conversation": conversation, "reason": "solved", "comment": "two kept"}));
    assert_eq!(alice.socket.of("session_closed")["conversation"], *conversation);
    assert_eq!(
        alice
            .socket
            .refused("message", json!({"conversation": conversation, "client_id": "a9", "text": "late"})),
        "stale"
    );
    customer.socket.ok("rate", json!({"score": 5}));
}

#[test]
fn the_customer_ends_and_the_agent_is_told_in_these_words() {
    let desk = Desk::start(&[]);
    let mut alice = desk.agent("alice");
    let mut customer = desk.customer("shop", json!({}));
    let conversation = customer.start(json!({"comment": "hi"}));
    alice.take(&conversation);
    customer.socket.ok("end", json!({}));
    let told =
        alice.socket.wait("the line", |frame| frame["t"] == "message" && frame["code"] == "customer_ended");
    assert_eq!(told["text"], "Customer has ended the conversation");
    let state = alice.socket.of("session_state");
    assert_eq!(
        (state["state"].as_str(), state["reason"].as_str()),
        (Some("wrap_up"), Some("ended_by_customer"))
    );
    assert_eq!(
        alice.socket.refused("wrapup", json!({"conversation": conversation})),
        "bad_request",
        "a reason is required"
    );
    alice.socket.ok("wrapup", json!({"conversation": conversation, "reason": "solved"}));
}

#[test]
fn two_agents_take_turns_and_capacity_holds() {
    let desk = Desk::start(&[]);
    let mut alice = desk.agent("alice");
    let mut bob = desk.agent("bob");
    // Alice 100 units, Bob 60, 30 a chat: five fit, the sixth waits.
    let mut customers = Vec::new();
    for at in 0..6 {
        let mut customer = desk.customer("shop", json!({}));
        let conversation = customer.start(json!({"comment": format!("number {at}")}));
        customers.push((customer, conversation));
    }
    let mut taken = [0, 0];
    for (at, agent) in [&mut alice, &mut bob].into_iter().enumerate() {
        while let Some(offer) = agent.socket.find(MOMENT, &|frame| frame["t"] == "notification") {
            agent.socket.ok("accept", json!({"notification": offer["id"]}));
            taken[at] += 1;
        }
    }
    assert_eq!(taken, [3, 2]);
    let (last, _) = &mut customers[5];
    let place = last.socket.of("queue");
    assert_eq!(place["position"], 1, "{place}");
}

#[test]
fn a_rejected_offer_goes_on_and_its_agent_goes_off_duty() {
    let desk = Desk::start(&[]);
    let mut alice = desk.agent("alice");
    let mut bob = desk.agent("bob");
    let mut customer = desk.customer("shop", json!({}));
    customer.start(json!({"comment": "anybody?"}));
    let offer = alice.socket.of("notification");
    alice.socket.ok("reject", json!({"notification": offer["id"]}));
    assert_eq!(alice.socket.of("banner")["kind"], "rejected");
    let presence = alice
        .socket
        .wait("presence", |frame| frame["t"] == "presence" && frame["status"] == "do_not_disturb");
    assert_eq!(presence["reason"], "rejected");
    let again = bob.socket.of("notification");
    assert_ne!(again["id"], offer["id"]);
    assert_eq!(alice.socket.refused("accept", json!({"notification": offer["id"]})), "stale");
    assert_eq!(
        alice.socket.refused("accept", json!({"notification": again["id"]})),
        "stale",
        "somebody else's"
    );
    alice.socket.ok("banner_reset", json!({"kind": "rejected"}));
    assert_eq!(
        alice.socket.wait("presence", |frame| frame["t"] == "presence" && frame["status"] == "available")["reason"],
        "load"
    );
}

#[test]
fn what_was_said_while_a_side_was_away_comes_once_and_in_order() {
    let desk = Desk::start(&[]);
    let mut alice = desk.agent("alice");
    let mut customer = desk.customer("shop", json!({}));
    let resume = customer.resume();
    let conversation = customer.start(json!({"comment": "one"}));
    alice.take(&conversation);
    let last = customer.say("c1", "two")["seq"].as_u64().expect("a number");
    drop(customer);
    alice.say(&conversation, "a1", "three");
    alice.say(&conversation, "a2", "four");
    let customer = desk.customer("shop", json!({"resume": resume, "last_seq": last}));
    let texts: Vec<_> = customer.welcome["messages"]
        .as_array()
        .expect("messages")
        .iter()
        .filter(|message| message["from"]["kind"] == "agent" && message["seq"].as_u64() > Some(last))
        .map(|message| message["text"].as_str().unwrap_or("").to_string())
        .collect();
    assert_eq!(texts, ["three", "four"]);
}
