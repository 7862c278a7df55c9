//! What an agent sees of a channel that a provider carries: its icon, its limits, what became of each answer (REQ S2-22,
//! S4-9).

use serde_json::json;

use crate::people::Agent;
use crate::support::Desk;
use crate::support::provider::{self, Mood, Provider, page_event, receipt, text_in};

#[test]
fn segments_states_stop_and_facebooks_day_are_seen() {
    let provider = Provider::start();
    let text = format!(
        "{}\n{}\n{}",
        include_str!("../data/desk.example.toml"),
        provider.sms_workstream(""),
        provider.messenger_workstream()
    );
    let desk = Desk::start_with_text(&text, &["--clock-speed", "5"]);
    let alice = Agent::signed_in(&desk, "alice");
    alice.page.size(1440, 900, false);
    assert_eq!(
        text_in(&desk, "SM1", "+31612345678", "Is the table lamp of 45 cm in stock in Utrecht?").status,
        200
    );
    alice.page.see_text(".alert h2", "SMS from Melissa de Vries");
    alice.page.picture("channel-sms-alert");
    alice.accept("Melissa");
    assert!(
        alice.page.shows(".row--on .row__kind[aria-label=\"SMS\"]")
            || alice.page.shows(".row--on .row__kind")
    );

    // A hundred and sixty characters are one message; one more makes two, and a sign outside the alphabet seventy.
    alice.page.write("#reply", "Good morning Melissa");
    alice.page.see_text(".limit", "1 text message, 140 left");
    alice.page.write("#reply", &" and more".repeat(16));
    alice.page.see_text(".limit", "2 text messages");
    alice.page.picture("channel-sms-segments");
    alice.page.press(".compose .btn--main");
    alice.page.see_text(".went", "Sent");
    assert_eq!(receipt(&desk, &provider.wait_taken(1)[0], "delivered").status, 200);
    alice.page.see_text(".went", "Delivered");
    provider.mood(&[Mood::Status(400, None)]);
    alice.say("This one is refused");
    alice.page.see_text(".went.t-urgent", "Not sent");
    provider.mood(&[Mood::Status(503, None), Mood::Status(429, Some(300))]);
    alice.say("This one waits");
    alice.page.see_text(".went.t-wait", "Uncertain");
    alice.page.picture("channel-sms-states");
    assert_eq!(text_in(&desk, "SM2", "+31612345678", "STOP").status, 200);
    alice.page.see_text(".instead", "No more messages");
    alice.page.gone("#reply");
    alice.page.picture("channel-sms-stopped");
    // What was still to be sent is not, so an answer may be left over.
    provider.calm();

    let event = json!({ "object": "page", "entry": [{ "messaging": [{ "sender": { "id": "7000123" },
        "recipient": { "id": provider::PAGE }, "message": { "mid": "m1", "text": "Do you open on Sunday?" } }] }] });
    assert_eq!(page_event(&desk, &event).status, 200);
    alice.page.see_text(".alert h2", "Messenger");
    alice.accept("Messenger");
    alice.page.see_text(".limit", "to answer:");
    alice.say("From noon to five.");
    alice.page.see_text(".went", "Sent");
    alice.page.picture("channel-messenger");
    alice.page.press("#account");
    alice.page.press_text(".menu [role=menuitemradio]", "Dark");
    alice.page.picture("channel-messenger-dark");
}

#[test]
fn a_call_shows_caller_queue_and_what_the_bot_learned_and_is_noted_not_written_in() {
    let example = include_str!("../data/desk.example.toml");
    let name = "username = \"alice\"\n";
    let example = example.replacen(name, &format!("{name}extension = \"201\"\n"), 1);
    let voice =
        "[[workstream]]\nid = \"calls\"\nname = \"Telephone\"\nchannel = \"voice\"\nqueue = \"front\"\n";
    let desk = Desk::start_with_text(&format!("{example}\n{voice}"), &[]);
    let alice = Agent::signed_in(&desk, "alice");
    alice.page.size(1440, 900, false);
    let headers = [("authorization", "Bearer crm-demo-token"), ("content-type", "application/json")];
    let call = json!({"call": "17-42", "caller": {"number": "06 1234 5678"}, "reason": "Wants to pay an invoice",
        "variables": {"invoice": "F-2026-17", "language": "nl", "amount": 118.5}});
    assert_eq!(desk.http("POST", "/hooks/calls/calls", &headers, &call.to_string()).status, 201);
    alice.page.see_text(".alert h2", "Call from Melissa de Vries");
    for shown in ["Front desk", "Wants to pay an invoice", "F-2026-17", "118.5"] {
        alice.page.see_text(".alert", shown);
    }
    alice.page.picture("channel-call-alert");
    alice.page.press(".alert .btn--main");
    alice.page.see_text(".instead", "This is a telephone call");
    alice.page.see_text(".instead", "Wants to pay an invoice");
    alice.page.gone("#reply");
    alice.page.press("#tab-details");
    alice.page.see_text("#tabpanel", "What the bot learned");
    alice.page.see_text("#tabpanel", "F-2026-17");
    alice.page.picture("channel-call");
    alice.page.press("#instead");
    alice.page.write("dialog textarea", "Paid by card.");
    alice.page.press("dialog .btn--main");
    alice.page.gone("dialog");
    alice.page.press("#account");
    alice.page.press_text(".menu [role=menuitemradio]", "Dark");
    alice.page.picture("channel-call-dark");
    // The caller hangs up: hers to wrap up.
    assert_eq!(desk.http("DELETE", "/hooks/calls/calls/17-42", &headers, "").status, 204);
    alice.page.see_text(".instead", "The caller has hung up");
    alice.page.see_text(".instead", "Talked for 0:");
    alice.page.see_text(".sys", "The caller has hung up");
    alice.page.picture("channel-call-over");
}
