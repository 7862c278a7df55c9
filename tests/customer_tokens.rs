//! A persistent customer is who her site's token says (REQ S0-15), over the real socket.

mod support;

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use ring::hmac;
use serde_json::{Value, json};
use support::site::{Site, desk_with_keys, now_s};
use support::{Desk, Socket};

const MOMENT: Duration = Duration::from_millis(400);

fn b64(bytes: impl AsRef<[u8]>) -> String {
    BASE64URL_NOPAD.encode(bytes.as_ref())
}

/// The answer to `hello` with this token, and the code the socket closed with after a refusal.
fn hello(desk: &Desk, token: Value) -> (Value, Option<u64>) {
    let mut socket = desk.socket("/ws/customer?widget=portal", &[]).expect("upgraded");
    socket.send(&json!({"t": "hello", "id": 1, "jwt": token}));
    let answer = socket.wait("an answer", |frame| frame["re"] == 1 || !frame["closed"].is_null());
    if answer["t"] == "welcome" {
        return (answer, None);
    }
    let closed = match answer["closed"].as_u64() {
        Some(code) => code,
        None => closed(&mut socket),
    };
    (answer, Some(closed))
}

fn closed(socket: &mut Socket) -> u64 {
    socket.wait("the end", |frame| !frame["closed"].is_null())["closed"].as_u64().expect("a code")
}

#[test]
fn every_bad_token_is_unauthorized_with_its_reason_and_the_socket_ends_with_1008() {
    let (site, other) = (Site::new(), Site::new());
    let desk = Desk::start_with_text(&Site::desk(&[&site]), &[]);
    let with = |key: &str, value: Value| {
        let mut claims = Site::claims("c-1");
        claims[key] = value;
        site.sign(&claims)
    };
    let without = |key: &str| {
        let mut claims = Site::claims("c-1");
        claims.as_object_mut().expect("claims").remove(key);
        site.sign(&claims)
    };
    let good = site.token("c-1");
    let parts: Vec<&str> = good.split('.').collect();
    let header = |header: &str| format!("{}.{}.{}", b64(header), parts[1], parts[2]);
    // HMAC with the public key as its secret: in the form in which libraries have fallen for it.
    let signed = format!("{}.{}", b64(r#"{"alg":"HS256","typ":"JWT"}"#), parts[1]);
    let by_public_key = hmac::Key::new(hmac::HMAC_SHA256, site.pem().as_bytes());
    let hmac = format!("{signed}.{}", b64(hmac::sign(&by_public_key, signed.as_bytes())));
    let other_claims = b64(Site::claims("c-2").to_string());
    let now = now_s();
    let bad = [
        (with("exp", json!(now - 61)), "expired"),
        (with("exp", json!(now - 3600)), "clock"),
        (with("nbf", json!(now + 120)), "not valid yet"),
        (with("iss", json!("https://evil.example")), "iss"),
        (with("aud", json!("another")), "aud"),
        (with("sub", json!("")), "sub"),
        (with("sub", json!(17)), "sub"),
        (without("sub"), "sub"),
        (without("iss"), "iss"),
        (without("aud"), "aud"),
        (without("exp"), "exp"),
        (header(r#"{"alg":"none"}"#), "not signed"),
        (format!("{}.{}.", b64(r#"{"alg":"none"}"#), parts[1]), "not signed"),
        (hmac, "shared secret"),
        (header(r#"{"alg":"RS256"}"#), "no key"),
        (header(r#"{"alg":"ES384"}"#), "alg"),
        (header(r#"{"alg":"ES256","crit":["exp"]}"#), "crit"),
        (header(r#"{"alg":"ES256","kid":"../../etc/passwd"}"#), "signature"),
        (format!("{}.{other_claims}.{}", parts[0], parts[2]), "signature"),
        (other.token("c-1"), "signature"),
        (parts[..2].join("."), "three parts"),
        (String::new(), "three parts"),
        (format!("{good}{}", "A".repeat(9_000)), "8 KiB"),
    ];
    for (token, reason) in bad {
        let (answer, closed) = hello(&desk, json!(token));
        assert_eq!(
            (answer["code"].as_str(), closed),
            (Some("unauthorized"), Some(1008)),
            "{reason}: {answer}"
        );
        let message = answer["message"].as_str().unwrap_or_default();
        assert!(message.contains(reason), "{reason:?} in {message:?}");
        assert!(desk.logs(message), "the log gives the reason too: {message}");
    }
    let (answer, closed) = hello(&desk, Value::Null);
    assert_eq!((answer["code"].as_str(), closed), (Some("unauthorized"), Some(1008)), "{answer}");
    assert!(!desk.log().contains(parts[1]), "no piece of a token is logged");
    assert!(!desk.log().contains(&other_claims));
    assert!(hello(&desk, json!(good)).1.is_none(), "and the good one is taken");
}

#[test]
fn a_key_in_the_header_of_the_token_is_not_believed() {
    let (site, thief) = (Site::new(), Site::new());
    let desk = Desk::start_with_text(&Site::desk(&[&site]), &[]);
    // Signed well, by a key of the sender's own that the header offers.
    let token = thief.token("c-1");
    let rest = token.split_once('.').expect("parts").1;
    for header in [
        json!({"alg": "ES256", "jwk": {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}}),
        json!({"alg": "ES256", "jku": "https://evil.example/keys"}),
        json!({"alg": "ES256", "x5u": "https://evil.example/cert"}),
    ] {
        let (answer, closed) = hello(&desk, json!(format!("{}.{rest}", b64(header.to_string()))));
        assert_eq!((answer["code"].as_str(), closed), (Some("unauthorized"), Some(1008)), "{answer}");
    }
}

#[test]
fn the_clocks_of_site_and_box_may_differ_by_a_minute_and_no_more() {
    let site = Site::new();
    let desk = Desk::start_with_text(&Site::desk(&[&site]), &["--wall-clock", "2031-01-01T12:00:00Z"]);
    let at = |exp: i64, nbf: i64| {
        let mut claims = Site::claims("c-1");
        claims["exp"] = (now_s() + exp).into();
        claims["nbf"] = (now_s() + nbf).into();
        hello(&desk, json!(site.sign(&claims))).1
    };
    assert_eq!(at(-50, -300), None, "checked on the real clock, whatever the product clock shows");
    assert_eq!(at(300, 50), None);
    assert_eq!(at(-3600, -7200), Some(1008), "an hour off");
    assert_eq!(at(7200, 3600), Some(1008));
}

#[test]
fn a_megabyte_of_token_is_never_read() {
    let site = Site::new();
    let desk = Desk::start_with_text(&Site::desk(&[&site]), &[]);
    let (_, closed) = hello(&desk, json!("A".repeat(1_000_000)));
    // 1009, unless the rest of the megabyte was still on its way when the box let go.
    assert!(matches!(closed, Some(1009 | 1006)), "{closed:?}");
    assert!(hello(&desk, json!(site.token("c-1"))).1.is_none(), "the box is well");
}

#[test]
fn the_token_says_who_it_is_and_a_resume_secret_never_does() {
    let site = Site::new();
    let desk = Desk::start_with_text(&Site::desk(&[&site]), &[]);
    let mut jan = desk.customer("portal", json!({"jwt": site.token("jan")}));
    let conversation = jan.start(json!({"comment": "my mortgage"}));
    let secret = jan.resume();

    let mut eve = desk.customer("portal", json!({"jwt": site.token("eve"), "resume": secret}));
    assert!(eve.welcome["conversation"].is_null(), "{}", eve.welcome);
    assert_eq!(eve.welcome["messages"], json!([]));
    assert_eq!(eve.welcome["earlier"], json!([]));
    assert_ne!(eve.welcome["visitor"], jan.welcome["visitor"]);
    assert_eq!(eve.socket.refused("history", json!({"conversation": conversation})), "not_found");
    let message = json!({"client_id": "e1", "text": "hello", "conversation": conversation});
    assert_eq!(eve.socket.refused("message", message), "not_found");

    // Her secret without a token, or on the live widget, opens nothing either.
    let (answer, closed) = {
        let mut socket = desk.socket("/ws/customer?widget=portal", &[]).expect("upgraded");
        socket.send(&json!({"t": "hello", "id": 1, "resume": secret}));
        (socket.wait("a refusal", |frame| frame["re"] == 1), closed(&mut socket))
    };
    assert_eq!((answer["code"].as_str(), closed), (Some("unauthorized"), 1008));
    let shop = desk.customer("shop", json!({"resume": secret}));
    assert!(shop.welcome["conversation"].is_null());
    assert_eq!(shop.welcome["messages"], json!([]));
}

#[test]
fn several_keys_serve_at_once_and_one_that_is_withdrawn_takes_its_customers_with_it() {
    let (old, new) = (Site::new(), Site::new());
    let desk = Desk::start_with_text(&Site::desk(&[&old, &new]), &[]);
    let mut by_old = desk.customer("portal", json!({"jwt": old.token("a")}));
    let mut by_new = desk.customer("portal", json!({"jwt": new.token("b")}));
    let conversation = by_old.start(json!({"comment": "before the key was stolen"}));

    let bearer = format!("Bearer {}", desk.login("admin"));
    let read = desk.http("GET", "/api/v1/desk", &[("authorization", &bearer)], "");
    let version = read.header("etag").expect("a version").to_string();
    let text = desk_with_keys(&read.body, &[new.pem()]);
    let headers =
        [("authorization", bearer.as_str()), ("if-match", &version), ("content-type", "application/toml")];
    let put = desk.http("PUT", "/api/v1/desk", &headers, &text);
    assert_eq!(put.status, 200, "{}", put.body);

    assert_eq!(closed(&mut by_old.socket), 1008);
    by_new.socket.never("an end", MOMENT, |frame| !frame["closed"].is_null());
    assert_eq!(hello(&desk, json!(old.token("a"))).1, Some(1008), "and it opens nothing any more");
    let again = desk.customer("portal", json!({"jwt": new.token("a")}));
    assert_eq!(again.welcome["conversation"]["id"], *conversation, "her conversation is hers by the new key");
}

#[test]
fn what_the_token_says_of_her_stands_above_what_the_page_says() {
    let site = Site::new();
    let desk = Desk::start_with_text(&Site::desk(&[&site]), &["--wall-clock", "2026-11-20T10:00:00Z"]);
    let mut alice = desk.agent("alice");
    let mut claims = Site::claims("vip");
    claims["name"] = "Melissa de Vries".into();
    claims["email"] = "melissa@gmail.com".into();
    claims["context"] = json!({"tier": "gold"});
    let token = site.sign(&claims);
    let mut customer =
        desk.customer("portal", json!({"jwt": token, "context": {"tier": "lead", "page": "home"}}));
    let conversation = customer.start(json!({
        "name": "Somebody Else", "comment": "hi", "context": {"tier": "none", "basket": 2}
    }));
    let session = alice.take(&conversation);
    assert_eq!(session["customer"]["name"], "Melissa de Vries");
    assert_eq!(session["context"]["tier"], "gold");
    assert_eq!(session["context"]["page"], "home");
    assert_eq!(session["context"]["basket"], 2);
    assert!(!session["customer"]["contact"].is_null(), "she is known by her address (S1-12): {session}");
}
