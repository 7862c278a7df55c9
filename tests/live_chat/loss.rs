//! A side that is gone: the customer, the agent, the owner of a conference (REQ D-10, S3-38).

use super::*;

const QUICK: [(&str, &str); 2] =
    [("agent_lost_s = 150", "agent_lost_s = 30"), ("customer_lost_s = 180", "customer_lost_s = 20")];

fn quick() -> Desk {
    let mut changes = ALL_IN_BOTH.to_vec();
    changes.extend(QUICK);
    Desk::start_with_desk(&changes, &["--clock-speed", "20"])
}

#[test]
fn a_customer_who_does_not_come_back_has_ended_it() {
    let desk = quick();
    let mut alice = desk.agent("alice");
    let (customer, conversation) = talk(&desk, &mut alice, json!({"comment": "hello"}));
    let resume = customer.resume();
    drop(customer);
    let shown = session(&mut alice.socket, &conversation, |frame| frame["customer_lost"] == true);
    assert!(shown["lost_until"].is_string());
    // Back in time: nothing has happened.
    let back = desk.customer("shop", json!({"resume": resume}));
    assert_eq!(back.welcome["conversation"]["state"], "active");
    session(&mut alice.socket, &conversation, |frame| frame.get("customer_lost").is_none());
    drop(back);
    let told = state(&mut alice.socket, &conversation, "wrap_up");
    assert_eq!(told["reason"], "customer_lost");
    line(&mut alice.socket, "customer_lost");
    alice.socket.ok("wrapup", json!({"conversation": conversation, "reason": "solved"}));
    assert_eq!(closed(&mut alice.socket, &conversation), "customer_lost");
    let back = desk.customer("shop", json!({"resume": resume}));
    assert_eq!(back.welcome["conversation"]["state"], "closed");
}

#[test]
fn a_closed_chat_is_its_customers_to_read_for_a_day() {
    let mut desk = Desk::start_with_desk(&ALL_IN_BOTH, &["--wall-clock", "2026-03-02T10:00:00Z"]);
    let mut alice = desk.agent("alice");
    let (customer, conversation) = talk(&desk, &mut alice, json!({"comment": "hello"}));
    alice.socket.ok("end", json!({"conversation": conversation}));
    alice.socket.ok("wrapup", json!({"conversation": conversation, "reason": "solved"}));
    closed(&mut alice.socket, &conversation);
    let resume = customer.resume();
    assert_eq!(desk.stop(), Some(0));
    for (at, shown) in [("2026-03-03T09:59:00Z", true), ("2026-03-03T10:10:00Z", false)] {
        desk.set_option("--wall-clock", at);
        desk.start_again();
        let back = desk.customer("shop", json!({"resume": resume}));
        let welcome = &back.welcome;
        assert_eq!(welcome["conversation"]["state"] == "closed", shown, "{at}: {welcome}");
        assert_eq!(
            welcome["messages"].as_array().is_some_and(|all| !all.is_empty()),
            shown,
            "{at}: {welcome}"
        );
        assert_eq!(desk.stop(), Some(0));
    }
}

#[test]
fn a_lost_agents_chat_goes_to_the_head_of_its_queue() {
    let desk = quick();
    let mut alice = desk.agent("alice");
    let (mut customer, conversation) = talk(&desk, &mut alice, json!({"comment": "first"}));
    let received =
        alice.socket.all.iter().find(|frame| frame["t"] == "notification").cloned().expect("an offer");
    let token = alice.token.clone();
    drop(alice);
    // Back in time: still hers.
    let mut alice = desk.agent_with(&token);
    assert_eq!(alice.welcome["sessions"][0]["conversation"], conversation);
    alice.say(&conversation, "a1", "Sorry, I am back");
    customer.socket.wait("it", |frame| frame["t"] == "message" && frame["from"]["kind"] == "agent");
    drop(alice);
    let told = customer.socket.wait("open", |frame| frame["t"] == "state" && frame["state"] == "open");
    assert_eq!(told["reason"], "agent_lost");
    let mut second = desk.customer("shop", json!({}));
    second.start(json!({"comment": "second"}));
    let mut bob = desk.agent("bob");
    // What stood in line before he came is in his welcome, or follows it.
    let offer = match &bob.welcome["notifications"][0] {
        Value::Null => bob.socket.of("notification"),
        first => first.clone(),
    };
    assert_eq!(
        (&offer["conversation"], &offer["received_at"]),
        (&json!(conversation), &received["received_at"])
    );
    bob.take_known(&offer);
    let mut alice = desk.agent_with(&token);
    assert_eq!(alice.welcome["sessions"].as_array().map(Vec::len), Some(0));
    let ask = json!({"conversation": conversation, "client_id": "a2", "text": "x"});
    assert_eq!(alice.socket.refused("message", ask), "not_found");
}

#[test]
fn a_conference_goes_on_with_the_longest_standing_participant() {
    let desk = quick();
    let mut alice = desk.agent("alice");
    let (mut customer, conversation) = talk(&desk, &mut alice, json!({"comment": "hello"}));
    let mut others = [desk.agent("bob"), desk.agent("sofie")];
    for (name, agent) in ["bob", "sofie"].into_iter().zip(&mut others) {
        alice.socket.ok("conference", json!({"conversation": conversation, "agent": name}));
        let offer = offered(agent, &conversation);
        agent.socket.ok("accept", json!({"notification": offer["id"]}));
        session(&mut agent.socket, &conversation, |frame| frame["role"] == "participant");
    }
    drop(alice);
    let [bob, sofie] = &mut others;
    let heir = session(&mut bob.socket, &conversation, |frame| frame["role"] == "owner");
    assert_eq!(heir["conference"], true, "Sofie is still in it");
    line(&mut customer.socket, "agent_left");
    customer.socket.wait("state", |frame| {
        frame["t"] == "state" && frame["agent"]["name"] == "Bob Novák" && frame["state"] == "active"
    });
    sofie.say(&conversation, "s1", "I am here");
    bob.say(&conversation, "b1", "I go on");
    sofie.socket.ok("leave", json!({"conversation": conversation}));
    session(&mut bob.socket, &conversation, |frame| {
        frame["role"] == "owner" && frame.get("conference").is_none()
    });
    bob.socket.ok("end", json!({"conversation": conversation}));
    bob.socket.ok("wrapup", json!({"conversation": conversation, "reason": "solved"}));
    closed(&mut bob.socket, &conversation);
}
