//! Facebook Messenger, a gateway on the LAN and a modem on the box, each driven end to end (REQ S2-22, S4-9).

#[path = "channels/modem.rs"]
mod modem;
mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::provider::{self, Mood, Provider, page_event};
use support::{Agent, Desk};

fn start(workstream: &str, options: &[&str]) -> Desk {
    let text = format!("{}\n{workstream}", include_str!("data/desk.example.toml"));
    Desk::start_with_text(&text, options)
}

fn offered(agent: &mut Agent) -> Value {
    agent.socket.wait("an offer", |frame| frame["t"] == "notification")
}

fn state(agent: &mut Agent, seq: &Value, wanted: &str) -> Value {
    agent.socket.wait(&format!("delivery {wanted}"), |frame| {
        frame["t"] == "delivery" && frame["seq"] == *seq && frame["state"] == wanted
    })
}

fn said(psid: &str, mid: &str, text: &str) -> Value {
    json!({ "object": "page", "entry": [{ "id": provider::PAGE, "messaging": [{
        "sender": { "id": psid }, "recipient": { "id": provider::PAGE }, "timestamp": 1,
        "message": { "mid": mid, "text": text } }] }] })
}

#[test]
fn a_messenger_message_goes_from_offer_to_wrap_up_within_facebooks_day() {
    let provider = Provider::start();
    let desk = start(&provider.messenger_workstream(), &["--clock-speed", "20"]);
    let mut alice = desk.agent("alice");
    let mid = format!("m_{}", "x".repeat(120));
    // Ten deliveries of one message at once, and an echo of the page's own words.
    std::thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| {
                assert_eq!(page_event(&desk, &said("7001", &mid, "Is my lamp in?")).body, "EVENT_RECEIVED")
            });
        }
    });
    let mut echo = said(provider::PAGE, "m_echo", "We said this");
    echo["entry"][0]["messaging"][0]["message"]["is_echo"] = true.into();
    assert_eq!(page_event(&desk, &echo).status, 200);
    let offer = offered(&mut alice);
    assert_eq!((&offer["kind"], &offer["fields"][1]["value"]), (&json!("social"), &json!("Is my lamp in?")));
    let session = alice.take_known(&offer);
    assert_eq!(session["work_item_kind"], "social");
    assert!(session["reply_until"].is_string(), "the day is shown: {session}");
    let conversation = offer["conversation"].as_str().expect("a name").to_owned();
    let history = alice.socket.ok("history", json!({"conversation": conversation}));
    let from_her = history["messages"]
        .as_array()
        .expect("messages")
        .iter()
        .filter(|one| one["from"]["kind"] == "customer");
    assert_eq!(from_her.count(), 1, "{history}");

    // A picture is a link, and nobody fetches it: this one would be the provider's own.
    let picture = format!("{}/picture", provider.url);
    let mut with_picture = said("7001", "m_2", "");
    with_picture["entry"][0]["messaging"][0]["message"]["attachments"] =
        json!([{ "type": "image", "payload": { "url": picture } }]);
    assert_eq!(page_event(&desk, &with_picture).status, 200);
    let shown =
        alice.socket.wait("the link", |frame| frame["t"] == "message" && frame["from"]["kind"] == "customer");
    assert_eq!(shown["text"], picture);

    // Taken and then a broken line: the conversation is asked, and it is not said twice.
    provider.mood(&[Mood::TakenAndGone]);
    let seq = alice.say(&conversation, "a1", "It is here")["seq"].clone();
    state(&mut alice, &seq, "uncertain");
    state(&mut alice, &seq, "sent");
    let taken = provider.taken();
    assert_eq!((taken.len(), taken[0].to.as_str(), taken[0].text.as_str()), (1, "7001", "It is here"));
    let delivered = json!({ "object": "page", "entry": [{ "messaging": [{ "sender": { "id": "7001" },
        "recipient": { "id": provider::PAGE }, "delivery": { "mids": [taken[0].id], "watermark": 1 } }] }] });
    assert_eq!(page_event(&desk, &delivered).status, 200);
    state(&mut alice, &seq, "delivered");
    assert!(
        provider
            .called()
            .iter()
            .all(|call| !call.target.contains("picture") && !call.target.contains(provider::PAGE_TOKEN))
    );

    alice.socket.ok("end", json!({"conversation": conversation}));
    alice.socket.ok("wrapup", json!({"conversation": conversation, "reason": "solved"}));
    alice.socket.of("session_closed");
}

#[test]
fn after_facebooks_day_nothing_is_sent() {
    let provider = Provider::start();
    // A day and a half of the desk's is two minutes of ours: too long, so the box is restarted in the future.
    let mut desk = start(&provider.messenger_workstream(), &["--wall-clock", "2026-11-23T10:00:00Z"]);
    let mut alice = desk.agent("alice");
    assert_eq!(page_event(&desk, &said("7002", "m_1", "Hello")).status, 200);
    let offer = offered(&mut alice);
    alice.take_known(&offer);
    let conversation = offer["conversation"].clone();
    desk.set_option("--wall-clock", "2026-11-24T10:00:30Z");
    desk.start_again();
    let mut alice = desk.agent("alice");
    alice.socket.ok("pickup", json!({"conversation": conversation}));
    let fields = json!({"conversation": conversation, "client_id": "a", "text": "Late"});
    assert_eq!(alice.socket.refused("message", fields.clone()), "not_allowed");
    assert_eq!(page_event(&desk, &said("7002", "m_2", "Still there?")).status, 200);
    alice.socket.wait("the day anew", |frame| {
        frame["t"] == "session" && frame["reply_until"].as_str() > Some("2026-11-25")
    });
    alice.socket.ok("message", fields);
    assert_eq!(provider.wait_taken(1)[0].text, "Late");
}

#[test]
fn only_facebook_is_heard() {
    let provider = Provider::start();
    let desk = start(&provider.messenger_workstream(), &[]);
    let check = |token: &str| {
        desk.get(&format!(
            "/hooks/messenger/fb?hub.mode=subscribe&hub.verify_token={token}&hub.challenge=1158201444"
        ))
    };
    assert_eq!((check("verify-me").status, check("verify-me").body.as_str()), (200, "1158201444"));
    assert_eq!(check("guess").status, 403);
    let body = said("7003", "m_1", "hi").to_string();
    for headers in [&[][..], &[("x-hub-signature-256", "sha256=00")], &[("x-hub-signature-256", "")]] {
        assert_eq!(desk.http("POST", "/hooks/messenger/fb", headers, &body).status, 403);
    }
    assert_eq!(page_event(&desk, &json!({"object": "user", "entry": []})).status, 400);
    assert_eq!(
        page_event(&desk, &json!({"object": "page", "entry": [{ "messaging": [{}, {"sender": 3}] }]})).status,
        200
    );
    assert_eq!(desk.http("POST", "/hooks/messenger/web-live", &[], &body).status, 404);
    let mut alice = desk.agent("alice");
    alice.socket.never("an offer", Duration::from_millis(200), |frame| frame["t"] == "notification");
}

#[test]
fn a_gateway_on_the_lan_carries_messages_both_ways() {
    let provider = Provider::start();
    let workstream = format!(
        "[[workstream]]\nid = \"lan\"\nchannel = \"sms\"\nqueue = \"front\"\n[workstream.sms]\nprovider = \"gateway\"\n\
         url = \"{}/send\"\naccount = \"box\"\nsecret = \"lan-secret\"\nfrom = \"+3197\"\n\
         request = \"To={{to}}&Body={{text}}&user={{account}}&StatusCallback={{receipt}}\"\n",
        provider.url
    );
    let desk = start(&workstream, &["--clock-speed", "20"]);
    let mut alice = desk.agent("alice");
    let body = json!({"event": "sms:received", "payload": {"messageId": "g1", "phoneNumber": "06-12345678", "message": "Hi"}});
    let call = |authorization: &str| {
        let headers = [("authorization", authorization), ("content-type", "application/json")];
        desk.http("POST", "/hooks/sms/lan", &headers, &body.to_string()).status
    };
    assert_eq!((call("Bearer guess"), call("Bearer lan-secret"), call("Bearer lan-secret")), (403, 200, 200));
    let offer = offered(&mut alice);
    assert_eq!(offer["title"], "SMS from Melissa de Vries");
    alice.take_known(&offer);
    let conversation = offer["conversation"].as_str().expect("a name").to_owned();
    let seq = alice.say(&conversation, "a1", "Hello & welcome")["seq"].clone();
    state(&mut alice, &seq, "sent");
    let taken = provider.taken().remove(0);
    assert_eq!((taken.to.as_str(), taken.text.as_str()), ("+31612345678", "Hello & welcome"));
    let path = taken.receipts.strip_prefix(&desk.url).expect("an address of the box").replace("%d", "1");
    assert_eq!(desk.get(&path.replace("key=", "key=0")).status, 403);
    assert_eq!(desk.get(&path).status, 200);
    state(&mut alice, &seq, "delivered");
    // It has no list to ask: of a broken line it gets the message again, and only then may it have it twice.
    provider.mood(&[Mood::TakenAndGone]);
    let seq = alice.say(&conversation, "a2", "Twice")["seq"].clone();
    state(&mut alice, &seq, "uncertain");
    state(&mut alice, &seq, "sent");
    assert_eq!(provider.taken().len(), 3);
}
