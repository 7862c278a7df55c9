//! Which visitor a rule means.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::PATIENCE;
use crate::{asked, asked_with, inviting, question, with_rules};

const RULES: &str = r#"
[[widget.proactive.rule]]
id = "where"
text = "Hello?"
where = ["/product/*", "https://shop.example/pricing?plan=*"]
[[widget.proactive.rule]]
id = "time"
text = "Hello?"
min_seconds_on_page = 20
min_seconds_on_site = 60
[[widget.proactive.rule]]
id = "scrolled"
text = "Hello?"
min_scroll_percent = 50
[[widget.proactive.rule]]
id = "leaving"
text = "Hello?"
leaving = true
[[widget.proactive.rule]]
id = "path"
text = "Hello?"
path = ["/pricing", "/contact"]
[[widget.proactive.rule]]
id = "back"
text = "Hello?"
audience = { min_visits = 2, max_visits = 3 }
[[widget.proactive.rule]]
id = "from"
text = "Hello?"
audience = { referrer = ["https://search.example/*"] }
[[widget.proactive.rule]]
id = "phones"
text = "Hello?"
audience = { device = ["phone"] }
[[widget.proactive.rule]]
id = "danes"
text = "Hello?"
audience = { language = ["da"] }
[[widget.proactive.rule]]
id = "basket"
text = "Hello?"
audience = { context = { items = ">= 3", plan = "!= gold", member = "true" } }
[[widget.proactive.rule]]
id = "evening"
text = "Hello?"
when = "evening"
[[widget.proactive.rule]]
id = "office"
text = "Hello?"
when = "office"
[[widget.proactive.rule]]
id = "hand"
text = "On your {device}?"
[[widget.proactive.rule]]
id = "words"
text = { en = "Hello {context.first_name}, about {page_title}?", nl = "Hallo {context.first_name}, over {page_title}?" }
"#;

const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148";
const LAPTOP: &str = "Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0.0.0";

/// REQ S1-1, S1-2, S1-3, S1-6: one condition at a time, met and just not met.
#[test]
fn every_condition_of_a_rule_must_hold() {
    let evening = "\n[[hours]]\nid = \"evening\"\ntimezone = \"Europe/Amsterdam\"\nweek = { mon = [\"18:00-22:00\"] }\n[[queue]]\nid = \"front\"";
    let options = crate::MONDAY;
    let desk = crate::support::Desk::start_with_desk(
        &[(crate::LINGERING, RULES), ("\n[[queue]]\nid = \"front\"", evening)],
        &options,
    );
    let _alice = desk.agent("alice");
    let at = |url: &str| json!({"page": {"url": url, "title": ""}});
    let from = |url: &str| json!({"page": {"url": "https://shop.example/", "title": "", "referrer": url}});
    let basket = |context: Value| json!({ "context": context });
    for (rule, more, invited) in [
        ("where", at("https://shop.example/product/lamp?colour=red#top"), true),
        ("where", at("https://shop.example/pricing?plan=pro"), true),
        ("where", at("https://shop.example/pricing"), false),
        ("where", at("https://shop.example/products"), false),
        ("where", at("https://shop.example/?next=/product/lamp"), false),
        ("time", json!({"seconds_on_page": 20, "seconds_on_site": 60}), true),
        ("time", json!({"seconds_on_page": 19.9, "seconds_on_site": 60}), false),
        ("time", json!({"seconds_on_page": 20, "seconds_on_site": 59}), false),
        ("time", json!({"seconds_on_page": 60}), true),
        ("time", json!({"seconds_on_page": 59}), false),
        ("scrolled", json!({"scroll": 50}), true),
        ("scrolled", json!({"scroll": 49.9}), false),
        ("scrolled", json!({}), false),
        ("leaving", json!({"leaving": true}), true),
        ("leaving", json!({}), false),
        (
            "path",
            json!({"path": ["https://a.example/pricing", "https://a.example/", "https://a.example/contact"]}),
            true,
        ),
        ("path", json!({"path": ["https://a.example/contact", "https://a.example/pricing"]}), false),
        ("path", json!({"path": ["https://a.example/pricing"]}), false),
        ("path", json!({}), false),
        ("back", json!({"visits": 1}), false),
        ("back", json!({"visits": 2}), true),
        ("back", json!({"visits": 3}), true),
        ("back", json!({"visits": 4}), false),
        ("back", json!({}), false),
        ("from", from("https://search.example/?q=lamp"), true),
        ("from", from("https://other.example/"), false),
        ("from", from(""), false),
        ("basket", basket(json!({"items": 3, "plan": "silver", "member": true})), true),
        ("basket", basket(json!({"items": 3, "member": true})), true),
        ("basket", basket(json!({"items": 2, "plan": "silver", "member": true})), false),
        ("basket", basket(json!({"items": 3, "plan": "gold", "member": true})), false),
        ("basket", basket(json!({"items": 3, "member": false})), false),
        ("basket", basket(json!({"items": "many", "member": true})), false),
        ("basket", json!({}), false),
        ("office", json!({}), true),
        ("evening", json!({}), false),
        ("no such rule", json!({}), false),
    ] {
        let reply = asked(&desk, rule, more.clone());
        assert_eq!(reply.status, if invited { 201 } else { 204 }, "{rule} {more}: {}", reply.body);
        if invited {
            let made = reply.json();
            assert_eq!(made["text"], "Hello?");
            assert_eq!(made["expires_in_ms"], 60_000, "the box's constant (REQ S1-8, S1-9)");
            assert!(made["invite"].is_string());
        } else {
            assert_eq!(reply.body, "");
        }
    }
    for (rule, header, invited) in [
        ("phones", ("user-agent", PHONE), true),
        ("phones", ("user-agent", LAPTOP), false),
        ("danes", ("accept-language", "da-DK,da;q=0.9,en;q=0.5"), true),
        ("danes", ("accept-language", "nl,da;q=0.9"), false),
    ] {
        let reply = asked_with(&desk, &question(rule, json!({})), &[header]);
        assert_eq!(reply.status, if invited { 201 } else { 204 }, "{rule} {header:?}");
    }
    // REQ S1-3: personal words, in the visitor's language.
    let named = question("words", json!({"context": {"first_name": "Eva"}}));
    let text = |body: &Value, language| {
        asked_with(&desk, body, &[("accept-language", language)]).json()["text"].as_str().map(str::to_owned)
    };
    assert_eq!(text(&named, "en").as_deref(), Some("Hello Eva, about Lamp?"));
    assert_eq!(text(&named, "nl-BE,nl;q=0.9").as_deref(), Some("Hallo Eva, over Lamp?"));
    assert_eq!(text(&named, "fr").as_deref(), Some("Hello Eva, about Lamp?"), "the desk's language else");
    assert_eq!(text(&question("words", json!({})), "en").as_deref(), Some("Hello, about Lamp?"));
    // The box knows the kind of device; a page that gives its own word for it is believed; a program has none.
    let on = |context: Value, agent| {
        let body = question("hand", json!({ "context": context }));
        asked_with(&desk, &body, &[("user-agent", agent)]).json()["text"].as_str().map(str::to_owned)
    };
    assert_eq!(on(json!({}), PHONE).as_deref(), Some("On your phone?"));
    assert_eq!(on(json!({}), LAPTOP).as_deref(), Some("On your desktop?"));
    assert_eq!(on(json!({"device": "till"}), LAPTOP).as_deref(), Some("On your till?"));
    assert_eq!(on(json!({}), "curl/8.9").as_deref(), Some("On your?"));
    let page = question("words", json!({"locale": "nl", "context": {"first_name": "Eva"}}));
    assert_eq!(text(&page, "en").as_deref(), Some("Hallo Eva, over Lamp?"), "the page's language first");
}

/// REQ S1-5 and "only when an agent could take it now".
#[test]
fn nobody_is_invited_to_an_empty_desk_a_full_one_or_by_a_widget_that_is_off() {
    let desk = inviting(&[]);
    let status = || asked(&desk, "any", json!({})).status;
    assert_eq!(status(), 204, "nobody is there");
    let mut alice = desk.agent("alice");
    assert_eq!(status(), 201);
    alice.socket.ok("presence", json!({"status": "away"}));
    assert_eq!(status(), 204, "she is away");
    alice.socket.ok("presence", json!({"status": "available"}));
    assert_eq!(status(), 201);
    // 100 units, 30 a chat: after three she has no room for a fourth.
    let mut customers = Vec::new();
    for _ in 0..3 {
        let mut customer = desk.customer("shop", json!({}));
        let conversation = customer.start(json!({}));
        alice.take(&conversation);
        customers.push(customer);
    }
    assert_eq!(status(), 204, "she is full");
    let body = question("any", json!({})).to_string();
    let off = desk.http("POST", "/api/v1/widgets/portal/invites", &[], &body);
    assert_eq!(off.status, 204, "off is the default");
    let none = desk.http("POST", "/api/v1/widgets/none/invites", &[], &body);
    assert_eq!(none.status, 404);
    assert_eq!(none.json()["error"]["code"], "not_found");
}

/// Priority among rules is their order.
#[test]
fn of_two_rules_that_match_the_earlier_invites() {
    let rules = "[[widget.proactive.rule]]\nid = \"one\"\ntext = \"One\"\nwhere = [\"/product/*\"]\nagain_after_h = 0\n\
                 [[widget.proactive.rule]]\nid = \"two\"\ntext = \"Two\"\nagain_after_h = 0\n";
    let desk = with_rules(rules, &[]);
    let _alice = desk.agent("alice");
    let text = |more: Value| {
        let mut body = question("", more);
        body.as_object_mut().expect("an object").remove("rule");
        asked_with(&desk, &body, &[]).json()["text"].clone()
    };
    assert_eq!(text(json!({})), "One");
    assert_eq!(text(json!({"page": {"url": "https://shop.example/", "title": ""}})), "Two");
}

/// How often per visitor: `again_after_h`, on the product clock.
#[test]
fn a_visitor_is_not_invited_again_before_her_time() {
    let rule = "[[widget.proactive.rule]]\nid = \"hourly\"\ntext = \"Hello?\"\nagain_after_h = 1\n";
    let desk = with_rules(rule, &["--clock-speed", "600"]);
    let _alice = desk.agent("alice");
    let status = |visitor: &str| asked(&desk, "hourly", json!({ "visitor": visitor })).status;
    let begun = std::time::Instant::now();
    assert_eq!(status("eva"), 201);
    assert_eq!(status("eva"), 204);
    assert_eq!(status("jan"), 201, "another visitor");
    let again = loop {
        std::thread::sleep(Duration::from_millis(100));
        if status("eva") == 201 {
            break begun.elapsed();
        }
        assert!(begun.elapsed() < PATIENCE, "never again");
    };
    // An hour is six seconds here.
    assert!(again >= Duration::from_secs(6), "after {again:?}");
}

/// Signed in or not: a token the site signed, checked by the keys of the widget's workstream.
#[test]
fn a_rule_can_be_for_those_who_are_signed_in_or_for_those_who_are_not() {
    let rules = "[widget.proactive]\nenabled = true\n\
                 [[widget.proactive.rule]]\nid = \"members\"\ntext = \"Hello?\"\nagain_after_h = 0\naudience = { authenticated = true }\n\
                 [[widget.proactive.rule]]\nid = \"others\"\ntext = \"Hello?\"\nagain_after_h = 0\naudience = { authenticated = false }\n";
    let site = crate::support::site::Site::new();
    let text = crate::support::site::Site::desk(&[&site]);
    let at = text.find("[[widget]]\nid = \"portal\"").expect("the portal's widget");
    let end = text[at + 1..].find("\n[[").map_or(text.len(), |next| at + 1 + next);
    let text = format!("{}\n{rules}{}", &text[..end], &text[end..]);
    let desk = crate::support::Desk::start_with_text(&text, &crate::MONDAY);
    let _alice = desk.agent("alice");
    let invited = |rule: &str, jwt: Option<String>| {
        let mut body = question(rule, json!({}));
        if let Some(jwt) = jwt {
            body["jwt"] = jwt.into();
        }
        let reply = desk.http("POST", "/api/v1/widgets/portal/invites", &[], &body.to_string());
        assert!([201, 204].contains(&reply.status), "{}", reply.body);
        reply.status == 201
    };
    assert!(invited("members", Some(site.token("customer-1"))));
    assert!(!invited("others", Some(site.token("customer-1"))));
    let stranger = crate::support::site::Site::new().token("customer-1");
    for nobody in [None, Some("nonsense".to_owned()), Some(stranger)] {
        assert!(!invited("members", nobody.clone()), "{nobody:?}");
        assert!(invited("others", nobody.clone()), "{nobody:?}");
    }
    let settings = desk.get("/api/v1/widgets/portal").json();
    assert_eq!(
        settings["proactive"]["rules"][0]["audience"]["authenticated"], true,
        "the loader asks for a token"
    );
}
