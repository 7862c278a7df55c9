//! A persistent chat from the first word at night to the second conversation, as people see it (REQ S0-1 to
//! S0-17, D-1 to D-3).

use crate::page::Browser;
use crate::people::{Agent, Customer};
use crate::support::Desk;

/// Jan at a device where the shop knows him.
fn jan(desk: &Desk) -> Customer {
    let jan = Customer { page: Browser::new(desk) };
    jan.page.go("/demo/portal");
    jan.open_chat();
    jan.page.see("#write");
    jan
}

#[test]
fn a_question_of_the_night_is_answered_parked_and_taken_up_weeks_later_on_another_device() {
    // Two minutes and a half before the office opens at eight in Amsterdam; a second is ten of the branch's.
    let options = ["--wall-clock", "2026-11-23T06:57:30Z", "--clock-speed", "10"];
    let mut desk = Desk::start_with_desk(&[("timeout_s = 90", "timeout_s = 900")], &options);
    let alice = Agent::signed_in(&desk, "alice");
    let night = jan(&desk);
    night.page.see_text(".p__status", "Closed. Opens");
    night.say("Where is my globe lamp?");
    night.sent("Where is my globe lamp?");
    assert!(!alice.page.shows(".alert"), "a forgotten tab does not ring at night (REQ S0-4)");
    // The hour strikes.
    alice.page.see(".alert");
    alice.page.press(".alert .btn--main");
    alice.hear("Where is my globe lamp?");
    alice.say("It leaves tomorrow.");
    night.hear("It leaves tomorrow.");
    alice.page.press_text(".talk__acts .btn", "Park");
    alice.page.see_text(".sessions", "Waiting");
    drop((alice, night));

    // Three weeks later: the box has been restarted, the agent has gone home and come again.
    assert_eq!(desk.stop(), Some(0));
    desk.set_option("--wall-clock", "2026-12-14T09:00:00Z");
    desk.start_again();
    let bob = Agent::signed_in(&desk, "bob");
    let alice = Agent::signed_in(&desk, "alice");
    alice.page.see_text(".sessions", "Waiting");
    let phone = jan(&desk);
    phone.page.see_text(".p__status", "Open until");
    phone.hear("It leaves tomorrow.");
    phone.say("It has not come.");
    phone.sent("It has not come.");
    alice.page.see(".alert");
    assert!(!bob.page.shows(".alert"), "the same agent for the whole of it (REQ S0-17)");
    alice.page.press(".alert .btn--main");
    alice.hear("It has not come.");
    assert_eq!(alice.reads(), ["Where is my globe lamp?", "It leaves tomorrow.", "It has not come."]);

    // Closed; the next word begins another, with the first above it.
    alice.say("It is on its way again.");
    phone.hear("It is on its way again.");
    alice.page.press_text(".talk__acts .btn", "End");
    alice.page.press("dialog .btn--danger");
    alice.wrap_up("sol", "Solved", "sent again");
    phone.page.see_text(".p__view", "ended");
    phone.say("Thank you, it is here.");
    phone.sent("Thank you, it is here.");
    alice.page.see(".alert");
    alice.page.press(".alert .btn--main");
    alice.hear("Thank you, it is here.");
    assert_eq!(alice.reads(), ["Thank you, it is here."]);
    phone.hear("It leaves tomorrow.");
    let laptop = jan(&desk);
    laptop.sent("Thank you, it is here.");
    laptop.hear("It is on its way again.");
}

#[test]
fn what_is_wrong_with_a_token_is_told_to_the_sites_developer_and_not_to_the_customer() {
    let site = crate::support::site::Site::new();
    // The desk trusts another issuer than the one the demo signs for.
    let desk = Desk::start_with_text(&crate::support::site::Site::desk(&[&site]), &[]);
    let page = Browser::new(&desk);
    page.forgive("deskbell: unauthorized");
    page.go("/demo/portal");
    // The page's own script sets its provider when the widget is ready: ours must come after it, then too.
    page.run(
        "window.heard = []; addEventListener('deskbell:error', (e) => heard.push(e.detail));
         const wrong = () => deskbell.setAuthTokenProvider(async () => 'not.a.token');
         addEventListener('deskbell:ready', wrong);
         wrong();",
        serde_json::json!([]),
    );
    page.press("deskbell-chat >>> button[aria-expanded]");
    page.enter("deskbell-chat >>> iframe");
    page.see_text(".p__note", "Please sign in");
    assert!(!page.text(".p__note").contains("base64"));
    page.leave();
    let heard = page.until("the event", || {
        let heard = page.run("return window.heard", serde_json::json!([]));
        heard.as_array().filter(|list| !list.is_empty()).map(|list| list[0].clone())
    });
    assert_eq!(heard["code"], "unauthorized");
    let message = heard["message"].as_str().unwrap_or_default();
    assert!(message.contains("token") && !message.contains("not.a.token"), "{message}");
}
