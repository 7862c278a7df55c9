//! What a hostile page or visitor may try.

use serde_json::{Map, Value, json};

use crate::{asked, inviting, question};

/// The limits of the context, on the call and on the socket (REQ S1-13, S1-14).
#[test]
fn a_context_beyond_its_limits_is_refused_by_name() {
    let desk = inviting(&[]);
    let _alice = desk.agent("alice");
    let keys = |count: usize| -> Value {
        (0..count).map(|at| (format!("k{at}"), json!(at))).collect::<Map<_, _>>().into()
    };
    let big: Value =
        (0..8).map(|at| (format!("k{at}"), json!("x".repeat(512)))).collect::<Map<_, _>>().into();
    for (context, status, code) in [
        (keys(32), 201, ""),
        (keys(33), 413, "too_long"),
        (json!({"k".repeat(64): 1}), 201, ""),
        (json!({"k".repeat(65): 1}), 413, "too_long"),
        (json!({"k": "x".repeat(512)}), 201, ""),
        (json!({"k": "x".repeat(513)}), 413, "too_long"),
        (big, 413, "too_long"),
        (json!({"k": {"nested": 1}}), 400, "bad_request"),
        (json!({"k": [1]}), 400, "bad_request"),
        (json!({"k": null}), 400, "bad_request"),
        (json!([1]), 400, "bad_request"),
        (json!("text"), 400, "bad_request"),
    ] {
        let reply = asked(&desk, "any", json!({ "context": context }));
        assert_eq!(reply.status, status, "{context}: {}", reply.body);
        let mut customer = desk.customer("shop", json!({}));
        let answer = customer.socket.ask("start", json!({ "context": context }));
        if code.is_empty() {
            assert_eq!(answer["t"], "ok", "{answer}");
        } else {
            assert_eq!(reply.json()["error"]["code"], code);
            assert_eq!(answer["code"], code, "{context}");
        }
        drop(customer);
    }
}

#[test]
fn a_question_of_another_shape_is_refused() {
    let desk = inviting(&[]);
    let _alice = desk.agent("alice");
    let post = |body: &str| desk.http("POST", "/api/v1/widgets/shop/invites", &[], body).status;
    for body in ["", "nonsense", "[]", "{}", r#"{"page":{},"seconds_on_page":1}"#, r#"{"page":{"url":"/"}}"#]
    {
        assert_eq!(post(body), 400, "{body}");
    }
    for more in [
        json!({"seconds_on_page": "30"}),
        json!({"seconds_on_page": -1}),
        json!({"seconds_on_site": -1}),
        json!({"scroll": -1}),
        json!({"visits": -1}),
        json!({"visits": 1.5}),
        json!({"path": "/"}),
        json!({"path": [1]}),
        json!({"leaving": "yes"}),
        json!({"page": "https://shop.example/"}),
    ] {
        assert_eq!(asked(&desk, "any", more.clone()).status, 400, "{more}");
    }
    for more in [json!({"path": vec!["/"; 65]}), json!({"visitor": "v".repeat(129)})] {
        assert_eq!(asked(&desk, "any", more.clone()).status, 413, "{more}");
    }
    assert_eq!(post(&" ".repeat(17 * 1024)), 413);
    // A long address is nobody's fault.
    let long = format!("https://shop.example/{}", "x".repeat(9000));
    assert_eq!(asked(&desk, "any", json!({"page": {"url": long, "title": "x".repeat(3000)}})).status, 201);
}

/// Only sites of the widget may read the three public calls; none of them with credentials.
#[test]
fn the_public_calls_are_for_the_sites_of_the_widget() {
    let desk = inviting(&[]);
    let _alice = desk.agent("alice");
    let invite = crate::invite(&desk, "any");
    let own = desk.url.clone();
    for (path, method) in [
        ("/api/v1/widgets/shop".to_string(), "GET"),
        ("/api/v1/widgets/shop/invites".to_string(), "POST"),
        (format!("/api/v1/invites/{invite}/dismiss"), "POST"),
    ] {
        for origin in ["https://shop.example", &own] {
            let asked = desk.http(
                "OPTIONS",
                &path,
                &[
                    ("origin", origin),
                    ("access-control-request-method", method),
                    ("access-control-request-headers", "content-type"),
                ],
                "",
            );
            assert_eq!(asked.status, 204, "{path} from {origin}");
            assert_eq!(asked.header("access-control-allow-origin"), Some(origin), "{path}");
            assert_eq!(asked.header("access-control-allow-credentials"), None);
            let methods = asked.header("access-control-allow-methods").unwrap_or_default();
            assert!(methods.split(", ").any(|one| one == method), "{path}: {methods}");
            let other = if method == "GET" { "POST" } else { "GET" };
            assert!(!methods.contains(other), "{path}: {methods}");
            assert!(
                asked.header("access-control-allow-headers").is_some_and(|all| all.contains("content-type"))
            );
            assert!(asked.header("vary").is_some_and(|vary| vary.to_lowercase().contains("origin")));
        }
        for origin in ["https://evil.example", "https://shop.example.evil", "http://shop.example", "null"] {
            let asked = desk.http(
                "OPTIONS",
                &path,
                &[("origin", origin), ("access-control-request-method", method)],
                "",
            );
            assert_eq!(asked.status, 403, "{path} from {origin}");
            assert_eq!(asked.header("access-control-allow-origin"), None, "{path} from {origin}");
        }
        let body = question("any", json!({})).to_string();
        let sent = |origin: &str| {
            desk.http(method, &path, &[("origin", origin)], if method == "GET" { "" } else { &body })
        };
        assert_eq!(sent("https://evil.example").header("access-control-allow-origin"), None, "{path}");
        let good = sent("https://shop.example");
        assert_eq!(good.header("access-control-allow-origin"), Some("https://shop.example"), "{path}");
        assert_eq!(good.header("access-control-allow-credentials"), None);
    }
}
