//! The supervisor's live view: who is in trouble, why, and what can be done about it.

use serde_json::{Value, json};

use crate::people::Agent;
use crate::support::Desk;

#[test]
fn the_live_view_shows_who_cannot_take_work_and_lifts_it() {
    let desk = Desk::start(&[]);
    let mut alice = desk.agent("alice");
    let sofie = Agent::signed_in(&desk, "sofie");
    sofie.page.press_text(".top__nav button", "Live");
    sofie.page.see_text(".live tr", "Alice Jansen");

    let mut eva = desk.customer("shop", json!({}));
    eva.start(json!({"name": "Eva Smit", "comment": "Do you deliver?"}));
    let offer = alice.socket.of("notification");
    alice.socket.ok("reject", json!({"notification": offer["id"]}));
    sofie.page.see_text(".live tr", "Do not disturb");
    sofie.page.see_text(".live tr", "Eva Smit");
    sofie.page.see_text(".live .tag--urgent", "Nobody");

    // Why she waits, in words (REQ B-1).
    sofie.page.press_text(".live .cell-link", "Eva Smit");
    sofie.page.see_text(".side .why", "Alice");
    sofie.page.picture("supervisor-routing");

    // Reset (REQ S2-27): Alice is asked again in the next round or by the next customer.
    sofie.page.press_text(".live .cell-link", "Alice Jansen");
    sofie.page.press_text(".side .acts button", "presence");
    sofie.page.press_text("dialog .choice", "Available");
    let presence = alice.socket.wait("the reset", |frame: &Value| {
        frame["t"] == "presence" && frame["status"] == "available" && frame["by"] == "sofie"
    });
    assert_eq!(presence["reason"], "supervisor");
    sofie.page.gone("dialog");
}

#[test]
fn a_supervisor_reads_along_without_being_able_to_write() {
    let desk = Desk::start(&[]);
    let mut alice = desk.agent("alice");
    let mut eva = desk.customer("shop", json!({}));
    let conversation = eva.start(json!({"name": "Eva Smit", "comment": "Do you deliver?"}));
    alice.take(&conversation);
    let sofie = Agent::signed_in(&desk, "sofie");
    sofie.page.press_text(".top__nav button", "Live");
    sofie.page.press_text(".live .cell-link", "Eva Smit");
    sofie.page.press_text(".side .acts button", "Read along");
    sofie.hear("Do you deliver?");
    sofie.page.see_text(".instead", "You are reading along");
    assert!(!sofie.page.shows("#reply"));
    alice.say(&conversation, "a1", "On Monday.");
    sofie.sent("On Monday.");
    sofie.page.press("#instead");
    sofie.page.gone(".sessions .row");
}

/// What came of the invitations, by rule (REQ S1-3): a row with its sums and a bar a day.
#[test]
fn the_live_view_shows_what_came_of_the_invitations() {
    let desk = Desk::start_with_desk(
        &[("min_seconds_on_page = 20", "min_seconds_on_page = 0"), ("where = [\"/product/*\"]\n", "")],
        &["--wall-clock", "2026-10-05T08:00:00Z"],
    );
    let _bob = desk.agent("bob");
    let ask = |visitor: &str| {
        let body = serde_json::json!({
            "visitor": visitor, "page": {"url": "https://shop.example/"}, "seconds_on_page": 1, "visits": 1,
        });
        let reply = desk.post("/api/v1/widgets/shop/invites", &body);
        assert_eq!(reply.status, 201, "{}", reply.body);
        reply.json()["invite"].as_str().expect("a name").to_owned()
    };
    let (one, two) = (ask("eva"), ask("jan"));
    ask("tom");
    let mut eva = desk.customer("shop", serde_json::json!({}));
    eva.start(serde_json::json!({"invite": one}));
    assert_eq!(desk.http("POST", &format!("/api/v1/invites/{two}/dismiss"), &[], "").status, 204);
    let sofie = Agent::signed_in(&desk, "sofie");
    sofie.page.press_text(".top__nav button", "Live");
    sofie.page.see_text(".tab h2", "Invitations");
    assert_eq!(sofie.page.texts(".still tbody tr td.num"), ["3", "1", "1", "0", "1"]);
    sofie.page.see(".still .spark rect.now");
    sofie
        .page
        .run("document.querySelector('.still').scrollIntoView({ block: 'end' });", serde_json::json!([]));
    sofie.page.picture("supervisor-invitations");

    // Whoever writes the rules sees the same below them.
    let admin = crate::page::Browser::new(&desk);
    admin.go("/admin/widgets/shop/rules");
    admin.write("[name=username]", "admin");
    admin.write("[name=password]", "admin-demo-pass");
    admin.write("[name=password]", crate::page::keys::ENTER);
    admin.see_text("h2", "What came of them");
    assert_eq!(admin.texts(".tally tbody tr td.num"), ["3", "1", "1", "0", "1"]);
    admin.see(".bars rect.taken");
    admin.picture("admin-invitations");
}
