//! What a hostile page or visitor may try.

use serde_json::{Map, Value, json};

use crate::support::Desk;
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

/// Sixty at once for an address, then one a second; by name and with the wait. A visitor who asks in a loop costs no more.
/// The demo knows no limit for this machine itself, so the box is one as a branch has it.
#[test]
fn a_visitor_who_asks_in_a_loop_is_told_to_wait() {
    let dir = tempfile::tempdir().expect("a folder");
    let (_appliance, desk) = serving(dir.path());
    let ask = |desk: &Desk| {
        desk.http("POST", "/api/v1/widgets/shop/invites", &[], &question("any", json!({})).to_string())
    };
    let begun = std::time::Instant::now();
    let replies: Vec<_> = (0..70).map(|_| ask(&desk)).collect();
    let spared = begun.elapsed().as_secs() as usize + 1;
    let refused: Vec<_> = replies.iter().filter(|reply| reply.status == 429).collect();
    assert!(refused.len() + 60 + spared >= 70, "{} of 70 refused in {:?}", refused.len(), begun.elapsed());
    assert!(replies[..60].iter().all(|reply| reply.status == 204), "nobody is there: 204, and no limit yet");
    let last = refused.last().expect("a refusal");
    assert_eq!(last.json()["error"]["code"], "rate_limited");
    let wait: u64 = last.header("retry-after").and_then(|wait| wait.parse().ok()).expect("a wait");
    assert!((1..=2).contains(&wait), "{wait}");
    // After the wait she is answered again; other calls were never held up.
    assert_eq!(desk.get("/api/v1/widgets/shop").status, 200);
    std::thread::sleep(std::time::Duration::from_secs(wait));
    assert_eq!(ask(&desk).status, 204);
}

/// A running `deskbell serve`, ended with the test.
struct Appliance(std::process::Child);

impl Drop for Appliance {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The appliance with the example's desk, and clients of its public face.
fn serving(dir: &std::path::Path) -> (Appliance, Desk) {
    use std::io::{BufRead, BufReader};
    let free = || {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        listener.local_addr().expect("an address").port()
    };
    let (staff, public) = (free(), free());
    let (config, desk, data) = (dir.join("deskbell.toml"), dir.join("desk.toml"), dir.join("data"));
    let text = format!(
        "data = {data:?}\nnames = [\"localhost\"]\nlisten_staff = \"127.0.0.1:{staff}\"\nlisten_public = \"127.0.0.1:{public}\"\n"
    );
    std::fs::write(&config, text).expect("written");
    std::fs::write(&desk, include_str!("../data/desk.example.toml")).expect("written");
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_deskbell"))
        .arg("serve")
        .arg("--config")
        .arg(&config)
        .arg("--desk")
        .arg(&desk)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("the binary starts");
    let stdout = child.stdout.take().expect("piped");
    let appliance = Appliance(child);
    let ready = BufReader::new(stdout).lines().map_while(Result::ok).any(|line| line.starts_with("ready "));
    assert!(ready, "the appliance did not start");
    (appliance, Desk::attach(&data, public))
}
