//! Twilio's programmable messaging, and services that speak like it.
//!
//! In: a signed form for each message and each receipt. Out: a form to `Messages.json`. There is no idempotency key,
//! so after an unclear end its list is asked, by recipient and time, before anything is sent again; and the address
//! of the receipts names the box's own number of the message, so that a receipt alone settles it.

use data_encoding::BASE64;
use ring::hmac;
use serde_json::Value;

use super::{encoded, form, value};
use crate::channels::call::{Call, Http, Reply};
use crate::channels::{
    DeliveryState, Found, Heard, Inbound, LISTED_MAX, Receipt, Sent, Untaken, excerpt, unless_accepted,
};

/// Where Twilio is met, unless the desk says otherwise.
pub const URL: &str = "https://api.twilio.com";

/// Seconds by which the provider's clock and ours may differ.
const CLOCKS_APART_S: i64 = 120;

/// An account, from the desk.
#[derive(Clone, Copy)]
pub struct Account<'a> {
    /// `https://api.twilio.com`.
    pub url: &'a str,
    /// `AC…`.
    pub sid: &'a str,
    /// Its auth token.
    pub token: &'a str,
    /// The number it sends from, or a messaging service's `MG…`.
    pub from: &'a str,
}

/// Is the form the provider's? Its signature is over the public address, query included, and all its pairs in the
/// order of their names, whatever they are: a field added tomorrow is signed as well.
pub fn is_signed(token: &str, url: &str, pairs: &[(String, String)], signature: &str) -> bool {
    let Ok(signature) = BASE64.decode(signature.as_bytes()) else { return false };
    let mut sorted: Vec<&(String, String)> = pairs.iter().collect();
    sorted.sort();
    let mut signed = url.to_owned();
    for (name, value) in sorted {
        signed.push_str(name);
        signed.push_str(value);
    }
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes());
    hmac::verify(&key, signed.as_bytes(), &signature).is_ok()
}

/// What a form says whose signature is good. `outbound` stands in its address when it is a receipt of ours.
pub fn heard(sid: &str, pairs: &[(String, String)], outbound: Option<u64>) -> Result<Heard, Untaken> {
    // A token may be shared by accounts of one owner; another account's form is not this desk's.
    if value(pairs, "AccountSid").is_some_and(|given| given != sid) {
        return Err(Untaken::Unsigned);
    }
    let id = value(pairs, "MessageSid").or(value(pairs, "SmsSid")).or(value(pairs, "SmsMessageSid"));
    let id = id.filter(|id| !id.is_empty() && id.len() <= 64).ok_or(Untaken::Malformed)?.to_owned();
    if let Some(status) = value(pairs, "MessageStatus") {
        let detail = value(pairs, "ErrorCode").map(|code| format!("error {}", excerpt(code)));
        return Ok(Heard::Receipt(Receipt { outbound, id, state: state(status), detail }));
    }
    let from = value(pairs, "From").filter(|from| !from.is_empty()).ok_or(Untaken::Malformed)?;
    let media: usize = value(pairs, "NumMedia").and_then(|count| count.parse().ok()).unwrap_or(0);
    let links = (0..media.min(10)).filter_map(|n| value(pairs, &format!("MediaUrl{n}")).map(str::to_owned));
    let text = value(pairs, "Body").unwrap_or_default().to_owned();
    Ok(Heard::Message(Inbound { id, from: from.to_owned(), text, links: links.collect() }))
}

/// The call that sends a text; receipts come to `receipts`.
pub fn call(account: Account<'_>, to: &str, text: &str, receipts: &str) -> Call {
    let sender = if account.from.starts_with("MG") { "MessagingServiceSid" } else { "From" };
    let body = form(&[("To", to), (sender, account.from), ("Body", text), ("StatusCallback", receipts)]);
    let mut headers = vec![authorization(account)];
    headers.push(("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned()));
    Call::Http(Http { method: "POST".to_owned(), url: messages(account), headers, body })
}

/// What came of it.
pub fn sent(reply: &Reply) -> Sent {
    let Reply::Answer { body, .. } = reply else {
        return unless_accepted(reply).unwrap_or(Sent::Unclear(String::new()));
    };
    let said: Value = serde_json::from_str(body).unwrap_or(Value::Null);
    match unless_accepted(reply) {
        None => match said["sid"].as_str() {
            Some(sid) => Sent::Accepted(Some(sid.to_owned())),
            None => Sent::Unclear("the provider's answer is not one".to_owned()),
        },
        Some(Sent::Refused(_)) => {
            let code = said["code"].as_u64().map(|code| format!("{code}: ")).unwrap_or_default();
            Sent::Refused(format!("{code}{}", excerpt(said["message"].as_str().unwrap_or("refused"))))
        }
        Some(other) => other,
    }
}

/// Did the provider refuse because the recipient has sent STOP to it?
pub fn is_stopped(detail: &str) -> bool {
    detail.starts_with("21610")
}

/// The call that asks for what was sent to a number last. Not by `DateSent`: what is still queued has none yet.
pub fn ask(account: Account<'_>, to: &str) -> Call {
    let query = format!("To={}&PageSize={LISTED_MAX}", encoded(to));
    let url = format!("{}?{query}", messages(account));
    Call::Http(Http {
        method: "GET".to_owned(),
        url,
        headers: vec![authorization(account)],
        body: String::new(),
    })
}

/// What of the list is this message: the same words to the same number, not made before the first attempt.
pub fn found(reply: &Reply, text: &str, since_s: i64) -> Found {
    let Reply::Answer { status: 200, body, .. } = reply else {
        return Found::Later("the provider's list could not be had".to_owned());
    };
    let said: Value = serde_json::from_str(body).unwrap_or(Value::Null);
    let Some(messages) = said["messages"].as_array() else {
        return Found::Later("the provider's list is not one".to_owned());
    };
    let fits = |message: &&Value| {
        let made = message["date_created"].as_str().and_then(seconds);
        message["body"].as_str().map(str::trim) == Some(text.trim())
            && made.is_some_and(|made| made >= since_s - CLOCKS_APART_S)
    };
    let mut listed: Vec<(i64, String, DeliveryState)> = messages
        .iter()
        .filter(fits)
        .filter_map(|message| {
            let made = message["date_created"].as_str().and_then(seconds)?;
            Some((made, message["sid"].as_str()?.to_owned(), state(message["status"].as_str()?)))
        })
        .collect();
    listed.sort_by_key(|(made, _, _)| *made);
    Found::Listed(listed.into_iter().map(|(_, sid, state)| (sid, state)).collect())
}

fn messages(account: Account<'_>) -> String {
    format!(
        "{}/2010-04-01/Accounts/{}/Messages.json",
        account.url.trim_end_matches('/'),
        encoded(account.sid)
    )
}

fn authorization(account: Account<'_>) -> (String, String) {
    let credentials = BASE64.encode(format!("{}:{}", account.sid, account.token).as_bytes());
    ("authorization".to_owned(), format!("Basic {credentials}"))
}

fn state(status: &str) -> DeliveryState {
    match status {
        "delivered" | "read" => DeliveryState::Delivered,
        "failed" | "undelivered" | "canceled" => DeliveryState::Failed,
        _ => DeliveryState::Sent,
    }
}

/// `Thu, 24 Aug 2023 05:01:45 +0000` as seconds since 1970.
fn seconds(text: &str) -> Option<i64> {
    jiff::fmt::rfc2822::parse(text).ok().map(|at| at.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: Account<'_> = Account { url: URL, sid: "AC1", token: "12345", from: "+15005550006" };

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_signature_is_the_one_of_the_documentation() {
        // "Validating Signatures from Twilio": the worked example of its security page.
        let call = pairs(&[
            ("CallSid", "CA1234567890ABCDE"),
            ("Caller", "+14158675309"),
            ("Digits", "1234"),
            ("From", "+14158675309"),
            ("To", "+18005551212"),
        ]);
        let url = "https://mycompany.com/myapp.php?foo=1&bar=2";
        let signature = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";
        assert!(is_signed("12345", url, &call, signature));
        let mut shuffled = call.clone();
        shuffled.reverse();
        assert!(is_signed("12345", url, &shuffled, signature), "the order they come in does not matter");
        for (token, url, signature) in [
            ("12346", url, signature),
            ("12345", "https://mycompany.com/myapp.php?foo=1", signature),
            ("12345", url, ""),
            ("12345", url, "RSOYDt4T1cUTdK1PDd93/VVr8B9="),
            ("12345", url, "not base64"),
        ] {
            assert!(!is_signed(token, url, &call, signature));
        }
        let mut added = call;
        added.push(("Extra".to_owned(), "1".to_owned()));
        assert!(!is_signed("12345", url, &added, signature), "an unsigned field is a forged one");
    }

    #[test]
    fn a_form_is_a_message_or_a_receipt_and_fields_of_tomorrow_are_let_be() {
        let form = pairs(&[
            ("MessageSid", "SM1"),
            ("AccountSid", "AC1"),
            ("From", "+31612345678"),
            ("Body", "hi"),
            ("NumMedia", "1"),
            ("MediaUrl0", "https://x.example/1"),
            ("NewThing", "1"),
        ]);
        let Ok(Heard::Message(message)) = heard("AC1", &form, None) else { panic!("a message") };
        assert_eq!((message.id.as_str(), message.text.as_str()), ("SM1", "hi"));
        assert_eq!(message.links, ["https://x.example/1"]);
        assert_eq!(heard("AC2", &form, None), Err(Untaken::Unsigned), "another account's");
        assert_eq!(heard("AC1", &pairs(&[("From", "+31612345678")]), None), Err(Untaken::Malformed));
        let receipt =
            pairs(&[("MessageSid", "SM2"), ("MessageStatus", "undelivered"), ("ErrorCode", "30005")]);
        let Ok(Heard::Receipt(receipt)) = heard("AC1", &receipt, Some(7)) else { panic!("a receipt") };
        assert_eq!((receipt.outbound, receipt.state), (Some(7), DeliveryState::Failed));
        assert_eq!(receipt.detail.as_deref(), Some("error 30005"));
    }

    #[test]
    fn what_came_of_it_is_told_apart() {
        let answer = |status, body: &str| Reply::Answer { status, wait_s: Some(9), body: body.to_owned() };
        assert_eq!(sent(&answer(201, r#"{"sid":"SM1"}"#)), Sent::Accepted(Some("SM1".to_owned())));
        assert!(matches!(sent(&answer(200, "<html>")), Sent::Unclear(_)));
        assert!(matches!(sent(&answer(500, "")), Sent::Unclear(_)));
        assert!(matches!(sent(&answer(429, "")), Sent::Later { wait_s: Some(9), .. }));
        assert!(matches!(sent(&answer(401, "")), Sent::Later { .. }));
        assert!(matches!(sent(&Reply::Unreached("no".into())), Sent::Later { .. }));
        let refused = answer(400, r#"{"code":21610,"message":"Attempt to send to unsubscribed recipient"}"#);
        let Sent::Refused(detail) = sent(&refused) else { panic!("refused") };
        assert!(is_stopped(&detail), "{detail}");
    }

    #[test]
    fn the_list_is_searched_by_words_and_time() {
        let Call::Http(http) = ask(ACCOUNT, "+31612345678") else { panic!("a request") };
        assert!(
            http.url.ends_with("/Accounts/AC1/Messages.json?To=%2B31612345678&PageSize=20"),
            "{}",
            http.url
        );
        let body = r#"{"messages":[
            {"sid":"SM3","body":"hi","status":"delivered","date_created":"Wed, 18 Nov 2026 11:07:00 +0000"},
            {"sid":"SM2","body":"hi","status":"sent","date_created":"Wed, 18 Nov 2026 11:06:50 +0000"},
            {"sid":"SM1","body":"hi","status":"sent","date_created":"Wed, 18 Nov 2026 09:00:00 +0000"},
            {"sid":"SM0","body":"other","status":"sent","date_created":"Wed, 18 Nov 2026 11:07:00 +0000"}]}"#;
        let reply = Reply::Answer { status: 200, wait_s: None, body: body.to_owned() };
        let listed =
            vec![("SM2".to_owned(), DeliveryState::Sent), ("SM3".to_owned(), DeliveryState::Delivered)];
        assert_eq!(found(&reply, "hi", 1_795_000_000), Found::Listed(listed));
        let broken = Reply::Answer { status: 200, wait_s: None, body: "?".to_owned() };
        assert!(matches!(found(&broken, "hi", 0), Found::Later(_)));
    }
}
