//! Signed calls to other systems, in the manner of Standard Webhooks: `webhook-id`, `webhook-timestamp`, and
//! `webhook-signature: v1,BASE64(HMAC-SHA256(secret, "ID.TIMESTAMP.BODY"))`.
//!
//! The id is the event's for ever: a receiver that has it already may drop it, so an unclear end is tried again.

use data_encoding::BASE64;
use ring::hmac;

use super::call::{Call, Http, Reply};
use super::{Sent, unless_accepted};

/// The call that delivers an event. `at_s` is the time of this attempt, in seconds since 1970.
pub fn call(url: &str, secret: &str, id: &str, at_s: i64, body: &str) -> Call {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature = hmac::sign(&key, format!("{id}.{at_s}.{body}").as_bytes());
    let header = |name: &str, value: String| (name.to_owned(), value);
    Call::Http(Http {
        method: "POST".to_owned(),
        url: url.to_owned(),
        headers: vec![
            header("content-type", "application/json".to_owned()),
            header("webhook-id", id.to_owned()),
            header("webhook-timestamp", at_s.to_string()),
            header("webhook-signature", format!("v1,{}", BASE64.encode(signature.as_ref()))),
        ],
        body: body.to_owned(),
    })
}

/// What came of it. 410 says that nobody wants these any more.
pub fn sent(reply: &Reply) -> Sent {
    match unless_accepted(reply) {
        None => Sent::Accepted(None),
        Some(Sent::Unclear(why)) => Sent::Later { wait_s: None, why },
        Some(Sent::Refused(why)) if !matches!(reply, Reply::Answer { status: 410, .. }) => {
            Sent::Later { wait_s: None, why }
        }
        Some(other) => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_the_standard() {
        // The example of the Standard Webhooks specification; its secret is given decoded.
        let secret = BASE64.decode(b"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("base64");
        let secret = String::from_utf8_lossy(&secret).into_owned();
        let Call::Http(http) = call("https://crm.example/hook", &secret, "msg_1", 1_614_265_330, "{\"a\":1}")
        else {
            panic!("a request")
        };
        assert!(http.headers.contains(&("webhook-id".to_owned(), "msg_1".to_owned())));
        let signature = &http.headers[3].1;
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let bytes = BASE64.decode(signature.strip_prefix("v1,").expect("v1").as_bytes()).expect("base64");
        assert!(hmac::verify(&key, b"msg_1.1614265330.{\"a\":1}", &bytes).is_ok());
        assert_eq!(format!("{http:?}"), "POST …", "nothing of it is shown");
    }

    #[test]
    fn only_gone_ends_it_and_all_else_is_tried_again() {
        let answer = |status| Reply::Answer { status, wait_s: None, body: String::new() };
        assert_eq!(sent(&answer(204)), Sent::Accepted(None));
        assert!(matches!(sent(&answer(410)), Sent::Refused(_)));
        for status in [302, 400, 404, 409, 429, 500, 503] {
            assert!(matches!(sent(&answer(status)), Sent::Later { .. }), "{status}");
        }
        assert!(matches!(sent(&Reply::Unclear("broke off".into())), Sent::Later { .. }));
    }
}
