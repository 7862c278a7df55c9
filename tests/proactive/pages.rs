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
