//! Facebook Messenger (REQ S4-9): signed events in, the Send API out.
//!
//! A page may write to somebody for 24 hours after she last wrote. There is no idempotency key; after an unclear end
//! the conversation's messages are asked for before anything is sent again.

use data_encoding::HEXLOWER_PERMISSIVE;
use ring::hmac;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use super::call::{Call, Http, Reply};
use super::{
    DeliveryState, Found, Heard, Inbound, LISTED_MAX, Receipt, Sent, Untaken, excerpt, unless_accepted,
};
use crate::percent::encoded;

/// Where the Graph API is met, unless the desk says otherwise.
pub const URL: &str = "https://graph.facebook.com/v23.0";

/// How long after a customer's last message a page may write to her.
pub const WINDOW_MS: i64 = 24 * 3600 * 1000;

/// Seconds by which the provider's clock and ours may differ.
const CLOCKS_APART_S: i64 = 120;

/// Events of one call; Facebook sends at most a thousand, and most often one.
const EVENTS_MAX: usize = 1000;

/// A page, from the desk.
#[derive(Clone, Copy)]
pub struct Page<'a> {
    /// Where the Graph API is met.
    pub url: &'a str,
    /// The page's number.
    pub id: &'a str,
    /// Its access token.
    pub token: &'a str,
}

/// Answers the check of a subscription: the challenge, when the token is the desk's.
pub fn verified<'c>(token: &str, mode: &str, given: &str, challenge: &'c str) -> Option<&'c str> {
    let plain = challenge.len() <= 200
        && challenge.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    let known: bool = given.as_bytes().ct_eq(token.as_bytes()).into();
    (mode == "subscribe" && known && plain && !challenge.is_empty()).then_some(challenge)
}

/// Is the body Facebook's? `sha256=HEX` over it, by the app's secret.
pub fn is_signed(secret: &str, body: &[u8], signature: &str) -> bool {
    let Some(hex) = signature.strip_prefix("sha256=") else { return false };
    let Ok(bytes) = HEXLOWER_PERMISSIVE.decode(hex.as_bytes()) else { return false };
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hmac::verify(&key, body, &bytes).is_ok()
}

/// What a signed body says: messages and receipts. Echoes of what the page itself wrote are none, and neither is what
/// is of no concern here.
pub fn heard(page: &str, body: &[u8]) -> Result<Vec<Heard>, Untaken> {
    let said: Value = serde_json::from_slice(body).map_err(|_| Untaken::Malformed)?;
    if said["object"] != "page" {
        return Err(Untaken::Malformed);
    }
    let entries = said["entry"].as_array().ok_or(Untaken::Malformed)?;
    let events = entries.iter().filter_map(|entry| entry["messaging"].as_array()).flatten().take(EVENTS_MAX);
    Ok(events.filter(|event| event["recipient"]["id"] == page).flat_map(event).collect())
}

fn event(event: &Value) -> Vec<Heard> {
    if let Some(delivered) = event["delivery"]["mids"].as_array() {
        let receipt = |mid: &Value| {
            let (state, detail) = (DeliveryState::Delivered, None);
            Some(Heard::Receipt(Receipt { outbound: None, id: mid.as_str()?.to_owned(), state, detail }))
        };
        return delivered.iter().filter_map(receipt).collect();
    }
    let from = event["sender"]["id"].as_str().filter(|id| !id.is_empty() && id.len() <= 64);
    // A button pressed is a message of its title.
    let (message, text) = match (&event["message"], &event["postback"]) {
        (Value::Object(_), _) => (&event["message"], event["message"]["text"].as_str()),
        (_, Value::Object(_)) => (&event["postback"], event["postback"]["title"].as_str()),
        _ => return Vec::new(),
    };
    let id = message["mid"].as_str().filter(|id| !id.is_empty() && id.len() <= 256);
    let (Some(from), Some(id), false) = (from, id, message["is_echo"] == true) else { return Vec::new() };
    let links = message["attachments"].as_array().into_iter().flatten();
    let links = links.filter_map(|one| one["payload"]["url"].as_str().map(str::to_owned)).take(10);
    vec![Heard::Message(Inbound {
        id: id.to_owned(),
        from: from.to_owned(),
        text: text.unwrap_or_default().to_owned(),
        links: links.collect(),
    })]
}

/// The call that sends a text.
pub fn call(page: Page<'_>, to: &str, text: &str) -> Call {
    let body =
        json!({ "recipient": { "id": to }, "messaging_type": "RESPONSE", "message": { "text": text } });
    Call::Http(Http {
        method: "POST".to_owned(),
        url: format!("{}/{}/messages", page.url.trim_end_matches('/'), page.id),
        headers: vec![authorization(page), ("content-type".to_owned(), "application/json".to_owned())],
        body: body.to_string(),
    })
}

/// What came of it. The Graph API says by numbers what its statuses do not.
pub fn sent(reply: &Reply) -> Sent {
    let verdict = unless_accepted(reply);
    let Reply::Answer { body, wait_s, .. } = reply else {
        return verdict.unwrap_or(Sent::Unclear(String::new()));
    };
    let said: Value = serde_json::from_str(body).unwrap_or(Value::Null);
    let Some(verdict) = verdict else {
        return match said["message_id"].as_str() {
            Some(mid) => Sent::Accepted(Some(mid.to_owned())),
            None => Sent::Unclear("the provider's answer is not one".to_owned()),
        };
    };
    let why = excerpt(said["error"]["message"].as_str().unwrap_or("refused"));
    match said["error"]["code"].as_u64() {
        Some(1 | 2 | 1200) => Sent::Unclear(why),
        // Too many calls, or a token that has run out: what waits goes out when that is mended.
        Some(4 | 17 | 32 | 190 | 613) => Sent::Later { wait_s: *wait_s, why },
        Some(code) => Sent::Refused(format!("{code}: {why}")),
        None => verdict,
    }
}

/// The call that asks for what was said to somebody.
pub fn ask(page: Page<'_>, to: &str) -> Call {
    let fields = format!("messages.limit({LISTED_MAX})%7Bid,message,created_time,from%7D");
    let url = format!(
        "{}/{}/conversations?platform=messenger&user_id={}&fields={fields}",
        page.url.trim_end_matches('/'),
        page.id,
        encoded(to)
    );
    Call::Http(Http {
        method: "GET".to_owned(),
        url,
        headers: vec![authorization(page)],
        body: String::new(),
    })
}

/// What of it is this message.
pub fn found(page: &str, reply: &Reply, text: &str, since_s: i64) -> Found {
    let Reply::Answer { status: 200, body, .. } = reply else {
        return Found::Later("the provider's list could not be had".to_owned());
    };
    let said: Value = serde_json::from_str(body).unwrap_or(Value::Null);
    let Some(conversations) = said["data"].as_array() else {
        return Found::Later("the provider's list is not one".to_owned());
    };
    let messages = conversations.iter().filter_map(|one| one["messages"]["data"].as_array()).flatten();
    let fits = |message: &&Value| {
        let made = message["created_time"].as_str().and_then(seconds);
        message["message"].as_str().map(str::trim) == Some(text.trim())
            && message["from"]["id"].as_str() == Some(page)
            && made.is_some_and(|made| made >= since_s - CLOCKS_APART_S)
    };
    let mut listed: Vec<(i64, String)> = messages
        .filter(fits)
        .filter_map(|message| {
            Some((message["created_time"].as_str().and_then(seconds)?, message["id"].as_str()?.to_owned()))
        })
        .collect();
    listed.sort();
    Found::Listed(listed.into_iter().map(|(_, mid)| (mid, DeliveryState::Sent)).collect())
}

fn authorization(page: Page<'_>) -> (String, String) {
    ("authorization".to_owned(), format!("Bearer {}", page.token))
}

/// `2026-11-18T11:07:00+0000` as seconds since 1970.
fn seconds(text: &str) -> Option<i64> {
    text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: Page<'_> = Page { url: URL, id: "42", token: "t" };

    #[test]
    fn a_subscription_is_confirmed_to_who_knows_the_token() {
        assert_eq!(verified("t", "subscribe", "t", "1158201444"), Some("1158201444"));
        for (mode, given, challenge) in
            [("subscribe", "x", "1"), ("", "t", "1"), ("subscribe", "t", "<script>"), ("subscribe", "t", "")]
        {
            assert_eq!(verified("t", mode, given, challenge), None);
        }
    }

    #[test]
    fn the_signature_is_over_the_body_to_the_byte() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"s");
        let signature =
            format!("sha256={}", data_encoding::HEXLOWER.encode(hmac::sign(&key, b"{}").as_ref()));
        assert!(is_signed("s", b"{}", &signature));
        for (secret, body, signature) in [
            ("s", &b"{} "[..], signature.as_str()),
            ("x", b"{}", &signature),
            ("s", b"{}", ""),
            ("s", b"{}", "sha256="),
            ("s", b"{}", &signature["sha256=".len()..]),
        ] {
            assert!(!is_signed(secret, body, signature));
        }
    }

    #[test]
    fn messages_are_heard_and_echoes_and_other_pages_are_not() {
        let body = json!({ "object": "page", "entry": [{ "messaging": [
            { "sender": { "id": "7" }, "recipient": { "id": "42" }, "message": { "mid": "m1", "text": "hi",
              "attachments": [{ "type": "image", "payload": { "url": "https://x.example/1" } }] } },
            { "sender": { "id": "42" }, "recipient": { "id": "7" }, "message": { "mid": "m2", "is_echo": true } },
            { "sender": { "id": "42" }, "recipient": { "id": "42" }, "message": { "mid": "m2", "is_echo": true } },
            { "sender": { "id": "7" }, "recipient": { "id": "43" }, "message": { "mid": "m3", "text": "no" } },
            { "sender": { "id": "7" }, "recipient": { "id": "42" }, "postback": { "mid": "m4", "title": "Start" } },
            { "sender": { "id": "7" }, "recipient": { "id": "42" }, "delivery": { "mids": ["m9"], "watermark": 1 } },
            { "sender": { "id": "7" }, "recipient": { "id": "42" }, "reaction": { "mid": "m1" } },
        ] }] });
        let heard = heard("42", body.to_string().as_bytes()).expect("events");
        let [Heard::Message(first), Heard::Message(second), Heard::Receipt(receipt)] = &heard[..] else {
            panic!("{heard:?}")
        };
        assert_eq!((first.id.as_str(), first.links.len(), second.text.as_str()), ("m1", 1, "Start"));
        assert_eq!((receipt.id.as_str(), receipt.state), ("m9", DeliveryState::Delivered));
        assert_eq!(super::heard("42", b"[]"), Err(Untaken::Malformed));
        assert_eq!(super::heard("42", b"{\"object\":\"user\",\"entry\":[]}"), Err(Untaken::Malformed));
    }

    #[test]
    fn numbers_of_the_graph_api_decide() {
        let answer = |status, body: Value| Reply::Answer { status, wait_s: None, body: body.to_string() };
        let error = |code| json!({ "error": { "code": code, "message": "no" } });
        assert_eq!(sent(&answer(200, json!({ "message_id": "m1" }))), Sent::Accepted(Some("m1".to_owned())));
        assert!(matches!(sent(&answer(200, json!({}))), Sent::Unclear(_)));
        assert!(matches!(sent(&answer(400, error(10))), Sent::Refused(_)), "outside the window");
        assert!(matches!(sent(&answer(400, error(190))), Sent::Later { .. }), "the token has run out");
        assert!(matches!(sent(&answer(400, error(613))), Sent::Later { .. }), "too many");
        assert!(matches!(sent(&answer(500, error(2))), Sent::Unclear(_)));
    }

    #[test]
    fn the_list_is_searched_for_what_the_page_said() {
        let Call::Http(http) = ask(PAGE, "7") else { panic!("a request") };
        assert!(!http.url.contains("token"), "{}", http.url);
        let said = |id: &str, from: &str, text: &str, at: &str| json!({ "id": id, "message": text, "created_time": at, "from": { "id": from } });
        let messages = json!([
            said("m3", "42", "hi", "2026-11-18T11:07:00+0000"),
            said("m2", "7", "hi", "2026-11-18T11:07:00+0000"),
            said("m1", "42", "hi", "2026-11-18T09:07:00+0000"),
        ]);
        let body = json!({ "data": [{ "messages": { "data": messages } }] }).to_string();
        let reply = Reply::Answer { status: 200, wait_s: None, body };
        let since_s = seconds("2026-11-18T11:06:40+0000").expect("a time");
        assert_eq!(
            found("42", &reply, "hi", since_s),
            Found::Listed(vec![("m3".to_owned(), DeliveryState::Sent)])
        );
    }
}
