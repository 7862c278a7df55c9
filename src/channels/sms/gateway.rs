//! A text message gateway on the branch's own network: a request of the admin's wording out, a form or JSON in.
//!
//! Such gateways agree on little. Out, the desk says what to send, with `{account} {secret} {from} {to} {text} {id}
//! {receipt}` put in; any 2xx is an acceptance. In, the usual names of the three things that matter are known. There
//! is no list to ask: after an unclear end a message is sent again, and may arrive twice.

use data_encoding::{BASE64, HEXLOWER};
use ring::hmac;
use serde_json::Value;
use subtle::ConstantTimeEq;

use super::{encoded, value};
use crate::channels::call::{Call, Http, Reply};
use crate::channels::{DeliveryState, Heard, Inbound, Receipt, Sent, Untaken, excerpt, unless_accepted};

/// What is sent unless the desk says otherwise.
pub const REQUEST: &str = "username={account}&password={secret}&from={from}&to={to}&text={text}&id={id}&dlr-mask=3&dlr-url={receipt}";

/// A gateway, from the desk.
#[derive(Clone, Copy)]
pub struct Gateway<'a> {
    /// Where it listens.
    pub url: &'a str,
    /// As a query instead of a body.
    pub get: bool,
    /// The request's wording: a form, or JSON when it begins with a brace.
    pub request: &'a str,
    /// Who the box is to it.
    pub account: &'a str,
    /// Shared by both.
    pub secret: &'a str,
    /// The number it sends from.
    pub from: &'a str,
}

/// The call that sends a text.
pub fn call(gateway: Gateway<'_>, id: u64, to: &str, text: &str, receipt: &str) -> Call {
    let json = gateway.request.trim_start().starts_with('{');
    let put = |value: &str| {
        if json { Value::from(value).to_string().trim_matches('"').to_owned() } else { encoded(value) }
    };
    let number = id.to_string();
    let values = [
        ("{account}", gateway.account),
        ("{secret}", gateway.secret),
        ("{from}", gateway.from),
        ("{to}", to),
        ("{text}", text),
        ("{id}", &number),
        ("{receipt}", receipt),
    ];
    let body = filled(gateway.request, &values, &put);
    let content_type = if json { "application/json" } else { "application/x-www-form-urlencoded" };
    let headers = vec![("content-type".to_owned(), content_type.to_owned())];
    Call::Http(if gateway.get && !json {
        let joint = if gateway.url.contains('?') { '&' } else { '?' };
        let url = format!("{}{joint}{body}", gateway.url);
        Http { method: "GET".to_owned(), url, headers: Vec::new(), body: String::new() }
    } else {
        Http { method: "POST".to_owned(), url: gateway.url.to_owned(), headers, body }
    })
}

/// Puts values in, in one pass: what a customer wrote is never looked at for placeholders.
fn filled(request: &str, values: &[(&str, &str)], put: &dyn Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(request.len());
    let mut rest = request;
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        match values.iter().find(|(name, _)| rest.starts_with(name)) {
            Some((name, value)) => {
                out.push_str(&put(value));
                rest = &rest[name.len()..];
            }
            None => {
                out.push('{');
                rest = &rest[1..];
            }
        }
    }
    out + rest
}

/// What came of it.
pub fn sent(reply: &Reply) -> Sent {
    if let Some(verdict) = unless_accepted(reply) {
        return verdict;
    }
    let Reply::Answer { body, .. } = reply else { return Sent::Unclear(String::new()) };
    let said: Value = serde_json::from_str(body).unwrap_or(Value::Null);
    let id = ["id", "message_id", "messageId"].iter().find_map(|name| text_of(&said[*name]));
    Sent::Accepted(id.filter(|id| id.len() <= 64))
}

/// Does the caller know the secret? As bearer, or as the password of basic authorization.
pub fn is_known(secret: &str, authorization: Option<&str>) -> bool {
    let Some(given) = authorization else { return false };
    let password = match given.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Some(token.to_owned()),
        Some((scheme, pair)) if scheme.eq_ignore_ascii_case("basic") => BASE64
            .decode(pair.as_bytes())
            .ok()
            .and_then(|pair| String::from_utf8(pair).ok())
            .and_then(|pair| pair.split_once(':').map(|(_, password)| password.to_owned())),
        _ => None,
    };
    password.is_some_and(|password| password.as_bytes().ct_eq(secret.as_bytes()).into())
}

/// The word that stands in the address of a message's receipt, in place of the secret itself.
pub fn receipt_key(secret: &str, id: u64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    HEXLOWER.encode(&hmac::sign(&key, format!("receipt {id}").as_bytes()).as_ref()[..16])
}

/// Is it the word of that message?
pub fn is_receipt_key(secret: &str, id: u64, given: &str) -> bool {
    receipt_key(secret, id).as_bytes().ct_eq(given.as_bytes()).into()
}

/// What a gateway brings in: pairs of a form, or the fields of a JSON object.
pub fn heard(pairs: &[(String, String)]) -> Result<Heard, Untaken> {
    let any =
        |names: &[&str]| names.iter().find_map(|name| value(pairs, name)).filter(|found| !found.is_empty());
    let from =
        any(&["from", "From", "sender", "phoneNumber", "number", "source"]).ok_or(Untaken::Malformed)?;
    let text = any(&["text", "message", "body", "Body", "content"]).unwrap_or_default();
    let id = any(&["id", "message_id", "messageId", "MessageSid"]).unwrap_or_default();
    if id.len() > 64 {
        return Err(Untaken::Malformed);
    }
    let (id, from, text) = (id.to_owned(), from.to_owned(), text.to_owned());
    Ok(Heard::Message(Inbound { id, from, text, links: Vec::new() }))
}

/// A gateway's receipt: `status` in words, or in Kannel's numbers.
pub fn receipt(outbound: u64, status: &str) -> Option<Receipt> {
    let state = match status.to_ascii_lowercase().as_str() {
        "1" | "delivered" | "delivrd" => DeliveryState::Delivered,
        "2" | "16" | "failed" | "undelivered" | "rejected" | "undeliv" => DeliveryState::Failed,
        "4" | "8" | "sent" | "accepted" | "buffered" => DeliveryState::Sent,
        _ => return None,
    };
    let detail = (state == DeliveryState::Failed).then(|| format!("the gateway says {}", excerpt(status)));
    Some(Receipt { outbound: Some(outbound), id: String::new(), state, detail })
}

/// The fields of a JSON object, one level deep, as pairs.
pub fn pairs_of_json(body: &[u8]) -> Option<Vec<(String, String)>> {
    let Ok(Value::Object(object)) = serde_json::from_slice(body) else { return None };
    // Some wrap what matters: `{"event":…,"payload":{…}}`.
    let inner = object.get("payload").and_then(Value::as_object).unwrap_or(&object);
    Some(inner.iter().filter_map(|(name, value)| Some((name.clone(), text_of(value)?))).collect())
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GATEWAY: Gateway<'_> = Gateway {
        url: "http://192.168.1.9:8080/send",
        get: false,
        request: REQUEST,
        account: "box",
        secret: "s&cret",
        from: "+31970",
    };

    #[test]
    fn values_are_put_in_once_and_escaped_for_where_they_stand() {
        let Call::Http(http) = call(GATEWAY, 7, "+31612345678", "a {secret} & \"b\"\n", "http://x/?a=1")
        else {
            panic!("a request")
        };
        assert_eq!(
            http.body,
            "username=box&password=s%26cret&from=%2B31970&to=%2B31612345678&text=a%20%7Bsecret%7D%20%26%20%22b%22%0A\
             &id=7&dlr-mask=3&dlr-url=http%3A%2F%2Fx%2F%3Fa%3D1"
        );
        let json = Gateway { request: r#"{"phoneNumbers":["{to}"],"message":"{text}"}"#, ..GATEWAY };
        let Call::Http(http) = call(json, 7, "+31612345678", "a \"b\"\n", "") else { panic!("a request") };
        let body: Value = serde_json::from_str(&http.body).expect("JSON");
        assert_eq!(body["message"], "a \"b\"\n");
        let get = Gateway { get: true, ..GATEWAY };
        let Call::Http(http) = call(get, 7, "+31612345678", "hi", "") else { panic!("a request") };
        assert!(http.url.starts_with("http://192.168.1.9:8080/send?username=box&"), "{}", http.url);
    }

    #[test]
    fn only_who_knows_the_secret_is_heard() {
        for known in ["Bearer s", "bearer s", "Basic eDpz"] {
            assert!(is_known("s", Some(known)), "{known}");
        }
        for unknown in [None, Some(""), Some("Bearer"), Some("Bearer t"), Some("Basic eDp0"), Some("s")] {
            assert!(!is_known("s", unknown), "{unknown:?}");
        }
        assert!(is_receipt_key("s", 7, &receipt_key("s", 7)));
        assert!(!is_receipt_key("s", 8, &receipt_key("s", 7)));
    }

    #[test]
    fn the_usual_names_are_known() {
        let body = br#"{"event":"sms:received","payload":{"messageId":"m1","phoneNumber":"0612345678","message":"hi"}}"#;
        let Ok(Heard::Message(message)) = heard(&pairs_of_json(body).expect("an object")) else {
            panic!("a message")
        };
        assert_eq!(
            (message.id.as_str(), message.from.as_str(), message.text.as_str()),
            ("m1", "0612345678", "hi")
        );
        assert_eq!(heard(&[]), Err(Untaken::Malformed));
        assert_eq!(receipt(1, "DELIVRD").map(|receipt| receipt.state), Some(DeliveryState::Delivered));
        assert_eq!(receipt(1, "?"), None);
    }
}
