//! The visitor's way through the site, on the Active conversation page (REQ S1-2, S1-12, S1-13).

use serde_json::{Value, json};

use crate::support::Desk;

const SHOP: &str = "https://shop.example";

fn pages(session: &Value) -> Vec<&str> {
    session["recent_pages"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// From the hello, then from the start; on another page in the middle of the chat; not after its end.
#[test]
fn the_agent_sees_the_pages_a_visitor_came_by_until_the_chat_is_over() {
    let desk = Desk::start(&[]);
    let mut alice = desk.agent("alice");
    let page = |path: Value| json!({"page": {"url": format!("{SHOP}/contact"), "title": "", "path": path}});
    let mut eva = desk.customer("shop", page(json!([format!("{SHOP}/"), format!("{SHOP}/pricing")])));
    let resume = eva.resume();
    let way = [format!("{SHOP}/"), format!("{SHOP}/pricing"), format!("{SHOP}/contact")];
    let conversation = eva.start(json!({"path": way, "context": {"basket": 3, "recent_pages": "mine"}}));
    let session = alice.take(&conversation);
    assert_eq!(pages(&session), way);
    assert_eq!(session["context"].get("recent_pages"), None, "not twice: {}", session["context"]);
    assert_eq!(session["context"]["basket"], 3);

    let mut hello = page(json!([format!("{SHOP}/pricing"), format!("{SHOP}/contact?phone=%2B31612345678")]));
    hello["resume"] = resume.clone().into();
    let mut second = desk.customer("shop", hello);
    let told = alice.socket.of("session");
    assert_eq!(pages(&told).len(), 2);
    assert_eq!(pages(&told)[0], format!("{SHOP}/pricing"));
    assert!(!pages(&told)[1].contains("31612345678"), "masked like any address: {told}");

    second.socket.ok("end", json!({}));
    alice.socket.wait("the end", |frame| frame["t"] == "session_state" && frame["state"] == "wrap_up");
    let mut hello = page(json!([format!("{SHOP}/secret")]));
    hello["resume"] = resume.into();
    let _third = desk.customer("shop", hello);
    alice.socket.never("a page after the end", std::time::Duration::from_millis(500), |frame| {
        frame.to_string().contains("/secret")
    });
}

/// A single-page site: the address changes without a load, before the chat, in it and after it.
#[test]
fn an_address_that_changes_without_a_load_reaches_the_agent_at_once() {
    let desk = Desk::start(&[]);
    let mut alice = desk.agent("alice");
    let at = |name: &str, path: &[&str]| {
        let path: Vec<String> = path.iter().map(|one| format!("{SHOP}/{one}")).collect();
        json!({"t": "page", "page": {"url": format!("{SHOP}/{name}"), "title": name, "referrer": "", "path": path}})
    };
    let mut eva = desk.customer("shop", json!({"page": {"url": format!("{SHOP}/"), "title": "Home"}}));
    let resume = eva.resume();
    eva.socket.send(&at("lamps", &["", "lamps"]));
    let conversation = eva.start(json!({"comment": "hi"}));
    let session = alice.take(&conversation);
    assert_eq!(session["page"]["url"], format!("{SHOP}/lamps"), "where it began (REQ S1-13)");
    assert_eq!(session["page"]["title"], "lamps");
    assert_eq!(pages(&session), [format!("{SHOP}/"), format!("{SHOP}/lamps")]);

    eva.socket.send(&at("contact?mail=eva@shop.example", &["", "lamps", "contact?mail=eva@shop.example"]));
    let told = alice.socket.of("session");
    assert_eq!(pages(&told).len(), 3);
    assert!(!told.to_string().contains("eva@shop"), "masked like any address: {told}");
    assert_eq!(told["page"]["url"], format!("{SHOP}/lamps"), "where it began stays");

    // What tells nothing new is no news; rubbish is refused; a loop is told to wait and harms nobody.
    eva.socket.send(&at("contact", &["", "lamps", "contact?mail=eva@shop.example"]));
    assert_eq!(eva.socket.refused("page", json!({"page": "x"})), "bad_request");
    assert_eq!(eva.socket.refused("page", json!({})), "bad_request");
    assert_eq!(eva.socket.refused("page", json!({"page": {"url": 1}})), "bad_request");
    for turn in 0..30 {
        eva.socket.send(&at("loop", &[&format!("loop/{turn}")]));
    }
    let refused = eva.socket.wait("a refusal", |frame| frame["t"] == "error");
    assert_eq!(refused["code"], "rate_limited");
    assert!(refused["retry_after_ms"].as_u64().is_some_and(|wait| (1..=1000).contains(&wait)), "{refused}");
    eva.say("c1", "Still here");
    let seen = std::cell::Cell::new(0);
    alice.socket.wait("her words", |frame| {
        seen.set(seen.get() + usize::from(frame["t"] == "session"));
        frame["text"] == "Still here"
    });
    assert!((1..=12).contains(&seen.get()), "{} sessions told", seen.get());

    eva.socket.ok("end", json!({}));
    alice.socket.wait("the end", |frame| frame["t"] == "session_state" && frame["state"] == "wrap_up");
    let mut again = desk.customer("shop", json!({ "resume": resume }));
    std::thread::sleep(std::time::Duration::from_secs(1));
    again.socket.send(&at("secret", &["secret"]));
    alice.socket.never("a page after the end", std::time::Duration::from_millis(500), |frame| {
        frame.to_string().contains("/secret")
    });
}

/// `{device}` and the agent's details: from the browser, unless the page says it better; a program of one's own has none.
#[test]
fn the_agent_is_told_what_the_customer_holds_in_her_hand() {
    let desk = Desk::start(&[]);
    let mut alice = desk.agent("alice");
    let tablet = "Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) Mobile/15E148";
    for (headers, context, device) in [
        (vec![("user-agent", tablet)], json!({}), json!("tablet")),
        (vec![("user-agent", tablet)], json!({"device": "till"}), json!("till")),
        (vec![], json!({}), Value::Null),
    ] {
        let mut socket = desk.socket("/ws/customer?widget=shop", &headers).expect("upgraded");
        socket.send(&json!({"t": "hello"}));
        socket.of("welcome");
        let started = socket.ok("start", json!({"comment": "hi", "context": context}));
        let conversation = started["conversation"].as_str().expect("a conversation").to_owned();
        let session = alice.take(&conversation);
        assert_eq!(session["context"]["device"], device, "{headers:?} {context}");
        socket.ok("end", json!({}));
        alice.socket.ok("wrapup", json!({"conversation": conversation, "reason": "solved"}));
    }
}

/// Hostile paths: bounded, on one line, never markup of their own.
#[test]
fn a_path_is_cut_to_its_bounds() {
    let desk = Desk::start(&[]);
    let mut alice = desk.agent("alice");
    let mut eva = desk.customer("shop", json!({}));
    let mut path: Vec<String> = (0..14).map(|at| format!("{SHOP}/{at}/{}", "x".repeat(400))).collect();
    path.push(format!("{SHOP}/a\nb"));
    path.push(String::new());
    let conversation = eva.start(json!({ "path": path }));
    let session = alice.take(&conversation);
    let seen = pages(&session);
    assert_eq!(seen.len(), 8, "the newest ten but for the two that are no addresses: {seen:?}");
    assert!(seen.iter().all(|url| url.len() <= 200 && !url.contains('\n')), "{seen:?}");
    let mut jan = desk.customer("shop", json!({}));
    assert_eq!(jan.socket.refused("start", json!({"path": "x"})), "bad_request");
    assert_eq!(jan.socket.refused("start", json!({"path": [1]})), "bad_request");
}
