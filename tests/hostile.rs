//! Every input is hostile: each gets its named error or is closed by name, the box serves others meanwhile, and
//! nothing acknowledged is lost.

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::{Customer, Desk};
use tungstenite::Message;

const MOMENT: Duration = Duration::from_millis(300);

/// Others are served: a stranger can still say hello and start.
fn still_serves(desk: &Desk) {
    let mut customer = desk.customer("shop", json!({}));
    customer.start(json!({"comment": "still there?"}));
    customer.socket.ok("end", json!({}));
}

fn talking(desk: &Desk) -> (Customer, support::Agent, String) {
    let mut alice = desk.agent("alice");
    let mut customer = desk.customer("shop", json!({}));
    let conversation = customer.start(json!({"comment": "hello"}));
    alice.take(&conversation);
    (customer, alice, conversation)
}

#[test]
fn frames_that_are_no_frames_are_named_or_closed_and_the_rest_goes_on() {
    let desk = Desk::start(&[]);
    // What cannot be attributed gets an error without `re`, and the socket stays.
    let mut socket = desk.customer("shop", json!({})).socket;
    for text in ["", "x", "[1,2]", "null", "{}", "{\"id\":1}", "{\"t\":5,\"id\":1}"] {
        socket.send_text(text);
        let answer = socket.wait("an error", |frame| frame["t"] == "error");
        assert_eq!(answer["code"], "bad_request", "{text:?}: {answer}");
    }
    // Well formed, of unknown type or with wrong fields: bad_request with `re`, and the socket stays.
    for (t, fields) in [
        ("no_such_thing", json!({})),
        ("message", json!({"client_id": 5, "text": "x"})),
        ("message", json!({"client_id": "c", "text": ["x"]})),
        ("message", json!({"text": "x"})),
        ("history", json!({"limit": "many"})),
        ("rate", json!({"score": 6})),
        ("rate", json!({"score": 2.5})),
        ("start", json!({"name": {"first": "J"}})),
        ("start", json!({"context": {"deep": {"er": 1}}})),
    ] {
        assert_eq!(socket.refused(t, fields.clone()), "bad_request", "{t} {fields}");
    }
    // A state-changing request without an id, or with one that is no integer.
    socket.send_text(r#"{"t":"start","comment":"no id"}"#);
    assert_eq!(socket.wait("an error", |frame| frame["t"] == "error")["code"], "bad_request");
    socket.send_text(r#"{"t":"start","id":1.5}"#);
    assert_eq!(socket.wait("an error", |frame| frame["t"] == "error")["code"], "bad_request");
    socket.ok("start", json!({"comment": "and now a good one"}));
    // Binary and too large end the connection, each by its code.
    let mut binary = desk.customer("shop", json!({})).socket;
    binary.send_raw(Message::binary(vec![1, 2, 3]));
    assert_eq!(binary.wait("a close", |frame| !frame["closed"].is_null())["closed"], 1003);
    let mut large = desk.customer("shop", json!({})).socket;
    large.send_text(&format!(
        "{{\"t\":\"message\",\"id\":1,\"client_id\":\"c\",\"text\":\"{}\"}}",
        "x".repeat(17_000)
    ));
    assert_eq!(large.wait("a close", |frame| !frame["closed"].is_null())["closed"], 1009);
    still_serves(&desk);
}

#[test]
fn texts_are_held_to_one_set_of_rules() {
    let desk = Desk::start(&[]);
    let (mut customer, mut alice, conversation) = talking(&desk);
    let say = |text: &str| json!({"client_id": format!("k{}", text.len()), "text": text, "conversation": conversation});
    let thousand = "é".repeat(1000);
    customer.socket.ok("message", say(&thousand));
    assert_eq!(customer.socket.refused("message", say(&"x".repeat(1001))), "too_long");
    // A thousand characters of four bytes are within both limits.
    customer.socket.ok("message", json!({"client_id": "wide", "text": "𝄞".repeat(1000)}));
    for blank in ["", " ", "\n\t "] {
        assert_eq!(customer.socket.refused("message", say(blank)), "bad_request", "{blank:?}");
    }
    for control in ["a\u{0}b", "a\u{7}b", "a\u{7f}b", "a\rb"] {
        assert_eq!(customer.socket.refused("message", say(control)), "bad_request", "{control:?}");
    }
    customer.socket.ok("message", json!({"client_id": "crlf", "text": "one\r\ntwo"}));
    alice.socket.wait("CRLF as LF", |frame| frame["text"] == "one\ntwo");
    // `<` and `>` are the customer's to write and refused from agents (S3-27).
    customer.socket.ok("message", json!({"client_id": "lt", "text": "<b>1 < 2</b>"}));
    alice.socket.wait("the text as written", |frame| frame["text"] == "<b>1 < 2</b>");
    for text in ["a < b", "b > a"] {
        let fields = json!({"conversation": conversation, "client_id": "a", "text": text});
        assert_eq!(alice.socket.refused("message", fields), "reserved_character");
    }
    let fields = json!({"conversation": conversation, "client_id": "a2", "text": "y".repeat(1001)});
    assert_eq!(alice.socket.refused("message", fields), "too_long");
}

#[test]
fn unknown_and_stale_names_are_told_apart_for_nobody() {
    let desk = Desk::start(&[]);
    assert_eq!(desk.socket("/ws/customer?widget=nosuch", &[]).err(), Some(404));
    assert_eq!(desk.get("/widget/nosuch").status, 404);
    assert_eq!(desk.get("/api/v1/widgets/nosuch").status, 404);
    let (mut customer, mut alice, conversation) = talking(&desk);
    let mut bob = desk.agent("bob");
    for (t, extra) in [
        ("message", json!({"client_id": "x", "text": "mine?"})),
        ("end", json!({})),
        ("park", json!({})),
        ("release", json!({})),
        ("pickup", json!({})),
        ("wrapup", json!({"reason": "solved"})),
        ("transfer", json!({"to": {"queue": "front"}})),
        ("note", json!({"text": "mine?"})),
        ("history", json!({})),
    ] {
        for name in [conversation.as_str(), "nosuch", "", "../../etc", "0", "c00000000000000"] {
            let mut fields = extra.clone();
            fields["conversation"] = name.into();
            assert_eq!(bob.socket.refused(t, fields), "not_found", "{t} {name:?}");
        }
    }
    for name in ["nosuch", "", "1"] {
        let code = bob.socket.refused("accept", json!({"notification": name}));
        assert!(code == "stale" || code == "not_found", "{code}");
    }
    // Another customer's conversation is not hers to read or to write in.
    let mut other = desk.customer("shop", json!({}));
    assert_eq!(other.socket.refused("history", json!({"conversation": conversation})), "not_found");
    let foreign = json!({"client_id": "f", "text": "hello", "conversation": conversation});
    assert_eq!(other.socket.refused("message", foreign), "not_found");
    // An unknown resume secret is a new visitor, with nothing of anybody's.
    let stranger = desk.customer("shop", json!({"resume": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}));
    assert!(stranger.welcome["conversation"].is_null(), "{}", stranger.welcome);
    // Reject and accept of what is over.
    alice.socket.ok("end", json!({"conversation": conversation}));
    assert_eq!(alice.socket.refused("end", json!({"conversation": conversation})), "stale");
    assert_eq!(customer.socket.refused("end", json!({})), "stale");
    alice.socket.ok("wrapup", json!({"conversation": conversation, "reason": "solved"}));
    assert_eq!(
        alice.socket.refused("wrapup", json!({"conversation": conversation, "reason": "solved"})),
        "stale"
    );
}

#[test]
fn a_flood_from_one_socket_is_refused_by_name_and_loses_nothing() {
    let desk = Desk::start(&[]);
    let (mut customer, mut alice, _) = talking(&desk);
    for at in 0..60 {
        let frame = json!({"t": "message", "id": 1000 + at, "client_id": format!("f{at}"), "text": format!("flood {at}")});
        customer.socket.send(&frame);
    }
    let (mut stored, mut limited) = (Vec::new(), 0);
    for at in 0..60 {
        let answer = customer.socket.wait("an answer", |frame| frame["re"] == 1000 + at);
        match answer["t"].as_str() {
            Some("ok") => stored.push(format!("flood {at}")),
            _ => {
                assert_eq!(answer["code"], "rate_limited", "{answer}");
                assert!(answer["retry_after_ms"].as_u64() > Some(0), "{answer}");
                limited += 1;
            }
        }
    }
    assert!(stored.len() >= 20, "a burst of twenty passes: {}", stored.len());
    assert!(limited >= 20, "the rest is refused: {limited}");
    for text in stored {
        alice.socket.wait("what was acknowledged", |frame| frame["text"] == *text);
    }
    still_serves(&desk);
}

/// What one customer sends without end is hers alone to suffer: her agent's window is not flooded with it.
#[test]
fn signs_of_writing_ratings_and_starts_without_end_do_not_reach_the_agent_s_outbox() {
    let desk = Desk::start_with_desk(
        &[("offline_message = true", "offline_message = true\nrate_during_chat = true")],
        &[],
    );
    let (mut customer, mut alice, _) = talking(&desk);
    const SENT: usize = 3000;
    for at in 0..SENT {
        customer.socket.send(&json!({"t": "typing", "on": at % 2 == 0}));
    }
    for at in 0..200 {
        customer.socket.send(&json!({"t": "rate", "id": 5000 + at, "score": 1 + at % 5}));
    }
    let last = customer.socket.wait("the last answer", |frame| frame["re"] == 5199);
    assert_eq!(last["code"], "rate_limited", "{last}");
    alice.socket.never("a close", MOMENT, |frame| !frame["closed"].is_null());
    let typing = alice.socket.all.iter().filter(|frame| frame["t"] == "typing").count();
    assert!((1..200).contains(&typing), "{typing} of {SENT} signs of writing were passed on");
    let sessions = alice.socket.all.iter().filter(|frame| frame["t"] == "session").count();
    assert!(sessions < 100, "each rating is shown: {sessions}");
    customer.socket.ok("end", json!({}));
    // Begun and ended in a loop: named, with the time to wait, and nobody is rung without end.
    let mut limited = None;
    for _ in 0..400 {
        let answer = customer.socket.ask("start", json!({"comment": "again"}));
        if answer["t"] == "error" {
            limited = Some(answer);
            break;
        }
        customer.socket.ok("end", json!({}));
    }
    let limited = limited.expect("a limit");
    assert_eq!(limited["code"], "rate_limited", "{limited}");
    assert!(limited["retry_after_ms"].as_u64() > Some(0), "{limited}");
    still_serves(&desk);
}

#[test]
fn a_flood_from_an_agent_is_refused_by_name_and_loses_nothing() {
    let desk = Desk::start(&[]);
    let (mut customer, mut alice, conversation) = talking(&desk);
    let say = |at: i64| {
        json!({"t": "message", "id": 1000 + at, "conversation": conversation, "client_id": format!("f{at}"),
            "text": format!("flood {at}")})
    };
    for at in 0..200 {
        alice.socket.send(&say(at));
    }
    let (mut stored, mut limited) = (Vec::new(), 0);
    for at in 0..200 {
        let answer = alice.socket.wait("an answer", |frame| frame["re"] == 1000 + at);
        if answer["t"] == "ok" {
            stored.push(format!("flood {at}"));
        } else {
            assert_eq!(answer["code"], "rate_limited", "{answer}");
            assert!(answer["retry_after_ms"].as_u64() > Some(0), "{answer}");
            limited += 1;
        }
    }
    assert!(stored.len() >= 50 && limited > 0, "a burst of fifty passes: {}, {limited}", stored.len());
    for text in stored {
        customer.socket.wait("what was acknowledged", |frame| frame["text"] == *text);
    }
    still_serves(&desk);
}

#[test]
fn passwords_are_not_to_be_guessed() {
    let desk = Desk::start(&[]);
    let body = json!({"username": "alice", "password": "wrong"});
    let mut codes: Vec<u16> = Vec::new();
    let mut retry = None;
    for _ in 0..7 {
        let reply = desk.post("/api/v1/login", &body);
        retry = reply.header("retry-after").map(str::to_string).or(retry);
        codes.push(reply.status);
    }
    assert_eq!(codes[..5], [401; 5]);
    assert_eq!(codes[5..], [429; 2]);
    assert!(
        retry.is_some_and(|seconds| seconds.parse::<u32>().is_ok_and(|seconds| (1..=60).contains(&seconds)))
    );
    // Nobody else is locked out by it, and an unknown name looks like a wrong password.
    desk.login("bob");
    assert_eq!(desk.post("/api/v1/login", &json!({"username": "nobody", "password": "x"})).status, 401);
    for body in ["", "{", "[]", r#"{"username":"alice"}"#, r#"{"username":5,"password":"x"}"#] {
        let reply = desk.http("POST", "/api/v1/login", &[("content-type", "application/json")], body);
        assert_eq!(reply.status, 400, "{body:?}");
        assert_eq!(reply.json()["error"]["code"], "bad_request");
    }
}

#[test]
fn doors_are_shut_to_the_wrong_origin_and_to_nobody() {
    let desk = Desk::start(&[]);
    let own = format!("https://localhost:{}", desk.port);
    assert_eq!(desk.socket("/ws/agent", &[]).err(), Some(401));
    assert_eq!(desk.socket("/ws/agent", &[("authorization", "Bearer nonsense")]).err(), Some(401));
    let token = desk.login("alice");
    let cookie = format!("__Host-deskbell={token}");
    assert_eq!(
        desk.socket("/ws/agent", &[("cookie", &cookie), ("origin", "https://evil.example")]).err(),
        Some(403)
    );
    assert!(desk.socket("/ws/agent", &[("cookie", &cookie), ("origin", &own)]).is_ok());
    assert_eq!(
        desk.socket("/ws/customer?widget=shop", &[("origin", "https://evil.example")]).err(),
        Some(403)
    );
    assert!(desk.socket("/ws/customer?widget=shop", &[("origin", &own)]).is_ok());
    // No page elsewhere signs anybody in: as a form of plain text it would need no leave of the browser.
    let alice = json!({"username": "alice", "password": "alice-demo-pass"}).to_string();
    let sign_in = |origin| {
        let headers = [("origin", origin), ("content-type", "text/plain")];
        desk.http("POST", "/api/v1/login", &headers, &alice)
    };
    for origin in ["https://evil.example", "null"] {
        let answer = sign_in(origin);
        assert_eq!((answer.status, answer.header("set-cookie")), (403, None), "{origin}");
    }
    assert_eq!(sign_in(own.as_str()).status, 200);
    // A token of another role opens no desk; a signed-out one opens nothing.
    assert_eq!(
        desk.http("GET", "/api/v1/desk", &[("authorization", &format!("Bearer {token}"))], "").status,
        403
    );
    assert_eq!(desk.http("GET", "/api/v1/desk", &[], "").status, 401);
    let mut alice = desk.agent_with(&token);
    assert_eq!(
        desk.http("POST", "/api/v1/logout", &[("authorization", &format!("Bearer {token}"))], "").status,
        204
    );
    alice.socket.wait("the socket to go with it", |frame| !frame["closed"].is_null());
    assert_eq!(desk.socket("/ws/agent", &[("authorization", &format!("Bearer {token}"))]).err(), Some(401));
}

#[test]
fn up_to_four_sockets_see_the_same_and_a_fifth_is_full() {
    let desk = Desk::start(&[]);
    let (mut first, _alice, _) = talking(&desk);
    let resume = first.resume();
    let mut others: Vec<Customer> =
        (0..3).map(|_| desk.customer("shop", json!({"resume": resume}))).collect();
    first.say("m1", "to all of us");
    for other in &mut others {
        other.socket.wait("the mirror", |frame| frame["t"] == "message" && frame["text"] == "to all of us");
    }
    let mut fifth = desk.socket("/ws/customer?widget=shop", &[]).expect("upgraded");
    fifth.send(&json!({"t": "hello", "id": 1, "resume": resume}));
    let answer = fifth.wait("full", |frame| frame["t"] == "error" || !frame["closed"].is_null());
    assert_eq!(answer["code"], "full", "{answer}");
    let token = desk.login("bob");
    let bearer = format!("Bearer {token}");
    let _four: Vec<_> = (0..4).map(|_| desk.agent_with(&token)).collect();
    let fifth = desk.socket("/ws/agent", &[("authorization", &bearer)]);
    match fifth {
        Err(status) => assert_eq!(status, 503),
        Ok(mut socket) => {
            let answer = socket.wait("full", |frame| frame["t"] == "error" || !frame["closed"].is_null());
            assert_eq!(answer["code"], "full", "{answer}");
        }
    }
}

#[test]
fn twenty_parallel_starts_of_one_visitor_make_one_conversation() {
    let desk = Desk::start(&[]);
    let mut customer = desk.customer("shop", json!({}));
    for at in 0..20 {
        customer.socket.send(&json!({"t": "start", "id": 500 + at, "comment": "once"}));
    }
    let names: Vec<Value> = (0..20)
        .map(|at| customer.socket.wait("an answer", |frame| frame["re"] == 500 + at)["conversation"].clone())
        .filter(|name| !name.is_null())
        .collect();
    assert!(!names.is_empty());
    assert!(names.iter().all(|name| *name == names[0]), "{names:?}");
    let page = customer.socket.ok("history", json!({}));
    let comments = page["messages"]
        .as_array()
        .expect("messages")
        .iter()
        .filter(|message| message["text"] == "once")
        .count();
    assert_eq!(comments, 1);
}

#[test]
fn a_name_or_message_that_is_markup_stays_text() {
    let desk = Desk::start(&[]);
    let mut alice = desk.agent("alice");
    let hostile = "<img src=x onerror=alert(1)>\u{202e}evil";
    let mut customer = desk.customer(
        "shop",
        json!({"page": {"url": "javascript:alert(1)", "title": hostile, "referrer": hostile}}),
    );
    let conversation =
        customer.start(json!({"name": hostile, "comment": hostile, "context": {"k": hostile}}));
    let alert = alice.socket.of("notification");
    let title = alert["title"].as_str().expect("a title");
    assert!(!title.contains('\u{202e}'), "direction overrides do not reach a title: {title:?}");
    alice.take_known(&alert);
    let page = alice.socket.ok("history", json!({"conversation": conversation}));
    assert_eq!(page["messages"][0]["text"], hostile, "kept to the byte");
    customer.socket.never("an error", MOMENT, |frame| frame["t"] == "error");
}
