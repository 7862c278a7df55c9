//! Rules by the calendar: from and until a day, so many a day, and what came of them day by day.

use serde_json::{Value, json};

use crate::support::Desk;
use crate::{LINGERING, asked, dismissed};

fn on(day: &str, rules: &str, options: &[&str]) -> Desk {
    let clock = ["--wall-clock", day];
    let options: Vec<&str> = clock.into_iter().chain(options.iter().copied()).collect();
    Desk::start_with_desk(&[(LINGERING, rules)], &options)
}

/// Days are those of the branch: Amsterdam is two hours ahead here.
#[test]
fn a_rule_is_on_from_its_first_day_to_the_end_of_its_last() {
    let rule = "[[widget.proactive.rule]]\nid = \"any\"\ntext = \"Hello?\"\nfrom = \"2026-10-05\"\nuntil = 2026-10-07\n";
    for (instant, invited) in [
        ("2026-10-04T21:58:00Z", false),
        ("2026-10-04T22:00:00Z", true),
        ("2026-10-06T10:00:00Z", true),
        ("2026-10-07T21:58:00Z", true),
        ("2026-10-07T22:00:00Z", false),
    ] {
        let desk = on(instant, rule, &[]);
        let _alice = desk.agent("alice");
        let status = asked(&desk, "any", json!({})).status;
        assert_eq!(status, if invited { 201 } else { 204 }, "{instant}");
    }
}

#[test]
fn faults_of_a_rules_calendar_are_named() {
    let faults = |lines: &str| {
        let rule = format!("[[widget.proactive.rule]]\nid = \"any\"\ntext = \"Hello?\"\n{lines}\n");
        let text = include_str!("../data/desk.example.toml").replace(LINGERING, &rule);
        format!("{:?}", deskbell::desk::load(&text).expect_err(lines))
    };
    assert!(faults("from = \"2026-10-05\"\nuntil = \"2026-10-04\"").contains("is before from"));
    assert!(faults("from = \"5 October\"").contains("no date of the calendar"));
    assert!(faults("until = \"2026-02-30\"").contains("no date of the calendar"));
    assert!(faults("max_per_day = 0").contains("max_per_day"));
    assert!(faults("audience = { authenticated = \"yes\" }").contains("true or false"));
    // The shop's workstream is live: it has no keys, so nobody could tell.
    assert!(faults("audience = { authenticated = true }").contains("no auth"));
}

/// So many a day for all visitors together; the next day begins anew, and a restart does not.
#[test]
fn a_rule_invites_so_many_a_day() {
    let rule =
        "[[widget.proactive.rule]]\nid = \"any\"\ntext = \"Hello?\"\nagain_after_h = 0\nmax_per_day = 2\n";
    let mut desk = on("2026-10-05T21:50:00Z", rule, &[]);
    let status = |desk: &Desk, visitor: &str| asked(desk, "any", json!({ "visitor": visitor })).status;
    {
        let _alice = desk.agent("alice");
        assert_eq!((status(&desk, "eva"), status(&desk, "jan"), status(&desk, "tom")), (201, 201, 204));
    }
    desk.start_again();
    let alice = desk.agent("alice");
    assert_eq!(status(&desk, "tom"), 204, "a restart gives nobody a new day");
    drop(alice);
    // Past midnight in Amsterdam.
    desk.set_option("--wall-clock", "2026-10-05T22:01:00Z");
    desk.start_again();
    let _alice = desk.agent("alice");
    assert_eq!(status(&desk, "tom"), 201, "another day");
}

/// So many a day for one visitor, whatever the rule.
#[test]
fn a_visitor_gets_so_many_invitations_a_day() {
    let rule = |id: &str| {
        format!("[[widget.proactive.rule]]\nid = \"{id}\"\ntext = \"Hello?\"\nagain_after_h = 0\n")
    };
    let rules = ["a", "b", "c"].map(rule).concat();
    let text = include_str!("../data/desk.example.toml").replace(LINGERING, &rules);
    let at = text.find("[[widget.proactive.rule]]").expect("a rule");
    let text = format!("{}visitor_max_per_day = 2\n\n{}", &text[..at], &text[at..]);
    let desk = Desk::start_with_text(&text, &["--wall-clock", "2026-10-05T08:00:00Z"]);
    let _alice = desk.agent("alice");
    let status = |rule: &str, visitor: &str| asked(&desk, rule, json!({ "visitor": visitor })).status;
    assert_eq!((status("a", "eva"), status("b", "eva"), status("c", "eva")), (201, 201, 204));
    assert_eq!(status("c", "jan"), 201, "another visitor");
}

/// Figures per rule and day, for supervisors and admins, kept over a restart.
#[test]
fn what_came_of_a_rule_is_told_by_day() {
    let rule = "[[widget.proactive.rule]]\nid = \"any\"\ntext = \"Hello?\"\nagain_after_h = 0\n";
    let mut desk = on("2026-10-05T08:00:00Z", rule, &["--clock-speed", "60"]);
    {
        let _alice = desk.agent("alice");
        let (one, two) = (crate::invite(&desk, "any"), crate::invite(&desk, "any"));
        dismissed(&desk, &one);
        let mut eva = desk.customer("shop", json!({}));
        eva.start(json!({"invite": two}));
        crate::invite(&desk, "any");
    }
    let figures = |desk: &Desk, who: &str| -> Value {
        let bearer = format!("Bearer {}", desk.login(who));
        let reply = desk.http("GET", "/api/v1/invites", &[("authorization", &bearer)], "");
        if reply.status == 200 { reply.json()["rules"][0].clone() } else { json!(reply.status) }
    };
    // The third one is over after a minute of the product clock: a second here.
    let deadline = std::time::Instant::now() + crate::support::PATIENCE;
    let day = loop {
        let rule = figures(&desk, "sofie");
        if rule["days"][0]["expired"] == 1 || std::time::Instant::now() > deadline {
            break rule;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    };
    let expected = json!({
        "day": "2026-10-05", "shown": 3, "accepted": 1, "closed": 1, "expired": 1, "conversations": 1,
    });
    assert_eq!(day, json!({"widget": "shop", "rule": "any", "text": "Hello?", "days": [expected]}));
    assert_eq!(figures(&desk, "alice"), 403, "an agent has no business with it");
    desk.start_again();
    assert_eq!(figures(&desk, "admin"), day);
}
