//! Proactive chat over the real calls and sockets: who is invited, for exactly how long, what an accepted
//! invitation brings to the desk, and what of all this can be abused (REQ S1-1 to S1-14).

mod support;

#[path = "proactive/abuse.rs"]
mod abuse;
#[path = "proactive/acceptance.rs"]
mod acceptance;
#[path = "proactive/contacts.rs"]
mod contacts;
#[path = "proactive/days.rs"]
mod days;
#[path = "proactive/pages.rs"]
mod pages;
#[path = "proactive/rules.rs"]
mod rules;
#[path = "proactive/timing.rs"]
mod timing;
#[path = "proactive/weight.rs"]
mod weight;

use serde_json::{Value, json};
use support::{Desk, Reply};

/// The example's one rule, to be replaced.
const LINGERING: &str = r#"[[widget.proactive.rule]]
id = "lingering"
text = { en = "Hello {customer_name}, can we help you choose?", nl = "Hallo {customer_name}, kunnen we helpen kiezen?" }
where = ["/product/*"]
min_seconds_on_page = 20
audience = { min_visits = 1 }
when = "office"
again_after_h = 24
"#;

/// A Monday at ten in Amsterdam.
const MONDAY: [&str; 2] = ["--wall-clock", "2026-10-05T08:00:00Z"];

/// A box whose widget `shop` has these rules and whose clock stands in opening hours.
fn with_rules(rules: &str, options: &[&str]) -> Desk {
    let options: Vec<&str> = MONDAY.into_iter().chain(options.iter().copied()).collect();
    Desk::start_with_desk(&[(LINGERING, rules)], &options)
}

/// One rule that invites everybody.
fn inviting(options: &[&str]) -> Desk {
    with_rules("[[widget.proactive.rule]]\nid = \"any\"\ntext = \"Hello?\"\nagain_after_h = 0\n", options)
}

/// What a loader asks about one rule, with more said.
fn question(rule: &str, more: Value) -> Value {
    let mut body = json!({
        "rule": rule,
        "page": {"url": "https://shop.example/product/lamp", "title": "Lamp", "referrer": ""},
        "seconds_on_page": 30,
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    body
}

fn asked_with(desk: &Desk, body: &Value, headers: &[(&str, &str)]) -> Reply {
    let mut all = vec![("content-type", "application/json")];
    all.extend_from_slice(headers);
    desk.http("POST", "/api/v1/widgets/shop/invites", &all, &body.to_string())
}

fn asked(desk: &Desk, rule: &str, more: Value) -> Reply {
    asked_with(desk, &question(rule, more), &[])
}

/// An invitation's name, from a visitor who is sure to get one.
fn invite(desk: &Desk, rule: &str) -> String {
    let reply = asked(desk, rule, json!({}));
    assert_eq!(reply.status, 201, "{}", reply.body);
    reply.json()["invite"].as_str().expect("a name").to_string()
}

fn dismissed(desk: &Desk, invite: &str) -> u16 {
    desk.http("POST", &format!("/api/v1/invites/{invite}/dismiss"), &[], "").status
}
