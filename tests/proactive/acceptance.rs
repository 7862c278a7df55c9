//! From the invitation to the desk.

use std::time::Duration;

use serde_json::json;

use crate::support::Desk;
use crate::{LINGERING, MONDAY, asked, dismissed, invite, inviting};

const MOMENT: Duration = Duration::from_millis(300);

/// REQ S1-10, S1-11, S1-13, S3-4: nothing rings until she accepts; then page, time on page and variables are there.
#[test]
fn the_agent_hears_of_an_invitation_only_once_it_is_accepted() {
    let desk = inviting(&[]);
    let mut alice = desk.agent("alice");
    let page = json!({"url": "https://shop.example/product/lamp", "title": "Lamp", "referrer": "https://search.example/"});
    let reply = asked(&desk, "any", json!({"page": page, "seconds_on_page": 42, "context": {"basket": 3}}));
    let invite = reply.json()["invite"].as_str().expect("a name").to_string();
    alice.socket.never("a notification", MOMENT, |frame| frame["t"] == "notification");

    let mut eva = desk.customer("shop", json!({"page": page, "context": {"basket": 3}}));
    alice.socket.never("a notification", MOMENT, |frame| frame["t"] == "notification");
    let conversation = eva.start(json!({"invite": invite, "context": {"coupon": true}}));
    let offer = alice.socket.of("notification");
    assert_eq!(offer["proactive"], true);
    let session = alice.take_known(&offer);
    assert_eq!(session["conversation"], *conversation);
    assert_eq!(session["proactive"], true);
    assert_eq!(session["page"]["url"], page["url"]);
    assert_eq!(session["page"]["title"], "Lamp");
    assert_eq!(session["context"]["basket"], 3);
    assert_eq!(session["context"]["coupon"], true);
    let seconds = session["context"]["seconds_on_page"].as_i64().expect("time on the page");
    assert!((42..102).contains(&seconds), "{seconds}");
    eva.say("c1", "Which one is brighter?");
    alice.say(&conversation, "a1", "The left one.");

    // A chat of her own is none of it.
    let mut jan =
        desk.customer("shop", json!({"page": {"url": "https://shop.example/", "title": "", "seconds": 7.9}}));
    let other = jan.start(json!({}));
    let session = alice.take(&other);
    assert_eq!(session["proactive"], false);
    assert_eq!(session["context"]["seconds_on_page"], 7);
}

/// REQ S1-7: closed is closed; taken is taken; another widget's is none.
#[test]
fn an_invitation_is_used_or_closed_once() {
    let desk = inviting(&[]);
    let _alice = desk.agent("alice");
    let closed = invite(&desk, "any");
    assert_eq!(dismissed(&desk, &closed), 204);
    let again = desk.http("POST", &format!("/api/v1/invites/{closed}/dismiss"), &[], "");
    assert_eq!(again.status, 410);
    assert_eq!(again.json()["error"]["code"], "invite_expired");

    let mut eva = desk.customer("shop", json!({}));
    assert_eq!(eva.socket.refused("start", json!({"invite": closed})), "invite_expired");
    for none in ["", "i", "i0000000000000000", "nonsense", "i00000000000000zz"] {
        assert_eq!(eva.socket.refused("start", json!({"invite": none})), "invite_expired", "{none:?}");
        if !none.is_empty() {
            assert_eq!(dismissed(&desk, none), 410, "{none:?}");
        }
    }
    let used = invite(&desk, "any");
    eva.start(json!({"invite": used}));
    let mut jan = desk.customer("shop", json!({}));
    assert_eq!(jan.socket.refused("start", json!({"invite": used})), "invite_expired", "used");
    assert_eq!(dismissed(&desk, &used), 410);
    // After a refusal the ordinary start is as good as ever.
    jan.start(json!({"comment": "then like this"}));
}

/// An invitation of one widget opens no door of another.
#[test]
fn an_invitation_of_another_widget_is_none() {
    let second = "[[widget]]\nid = \"portal\"";
    let widget = format!("[[widget]]\nid = \"stand\"\nworkstream = \"web-live\"\n{second}");
    let rule = "[[widget.proactive.rule]]\nid = \"any\"\ntext = \"Hello?\"\n";
    let desk = Desk::start_with_desk(&[(LINGERING, rule), (second, &widget)], &MONDAY);
    let _alice = desk.agent("alice");
    let foreign = invite(&desk, "any");
    let mut eva = desk.customer("stand", json!({}));
    assert_eq!(eva.socket.refused("start", json!({"invite": foreign})), "invite_expired");
    let mut jan = desk.customer("shop", json!({}));
    jan.start(json!({"invite": foreign}));
}

/// A `start` that is refused for another reason leaves the invitation standing.
#[test]
fn a_refused_start_does_not_use_the_invitation_up() {
    let desk = Desk::start_with_desk(
        &[
            (LINGERING, "[[widget.proactive.rule]]\nid = \"any\"\ntext = \"Hello?\"\nagain_after_h = 0\n"),
            ("consent = \"none\"", "consent = \"required\""),
        ],
        &MONDAY,
    );
    let mut alice = desk.agent("alice");
    let invite = invite(&desk, "any");
    let mut eva = desk.customer("shop", json!({}));
    assert_eq!(eva.socket.refused("start", json!({"invite": invite})), "consent_required");
    let long = json!({"invite": invite, "consent": true, "context": {"k": "x".repeat(513)}});
    assert_eq!(eva.socket.refused("start", long), "too_long");
    eva.start(json!({"invite": invite, "consent": true}));
    assert_eq!(alice.socket.of("notification")["proactive"], true);
}

/// Figures per rule: shown, accepted, closed, led to a conversation.
#[test]
fn what_came_of_a_rule_is_counted() {
    let desk = inviting(&[]);
    let _alice = desk.agent("alice");
    let (one, two) = (invite(&desk, "any"), invite(&desk, "any"));
    invite(&desk, "any");
    dismissed(&desk, &one);
    let mut eva = desk.customer("shop", json!({}));
    eva.start(json!({"invite": two}));
    let bearer = format!("Bearer {}", desk.login("admin"));
    let page = desk.http("GET", "/metrics", &[("authorization", &bearer)], "").body;
    for (outcome, count) in
        [("shown", 3), ("accepted", 1), ("closed", 1), ("expired", 0), ("conversation", 1)]
    {
        let line =
            format!("deskbell_invites_total{{widget=\"shop\",rule=\"any\",outcome=\"{outcome}\"}} {count}\n");
        assert!(page.contains(&line), "no {line:?} in\n{page}");
    }
}
