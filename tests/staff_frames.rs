//! What staff send, row by row of the contract, and each way to get a row wrong.

use deskbell::agent::frames::{
    Before, ContactField, FrameFault, Limit, Listing, Request, Revealed, To, WrapUp, parse,
};
use deskbell::engine::effect::BannerKind;
use deskbell::engine::refusal::Refusal;
use deskbell::shell::wire::Stamp;
use proptest::{prop_assert, proptest};
use serde_json::{Value, json};

fn s(text: &str) -> String {
    text.to_owned()
}

/// Every row: a frame with all its fields, the ones that may be left out, and what it is read as.
fn rows() -> Vec<(Value, &'static [&'static str], Request)> {
    let c = || s("c1");
    let solved = || WrapUp { reason: Some(s("solved")), comment: Some(s("a < b")) };
    let wrapup = || json!({"reason": "solved", "comment": "a < b"});
    vec![
        (json!({"t": "presence", "status": "lunch"}), &[], Request::Presence { status: s("lunch") }),
        (json!({"t": "shown", "notification": "n1"}), &[], Request::Shown { notification: s("n1") }),
        (json!({"t": "accept", "notification": "n1"}), &[], Request::Accept { notification: s("n1") }),
        (json!({"t": "reject", "notification": "n1"}), &[], Request::Reject { notification: s("n1") }),
        (json!({"t": "pickup", "conversation": "c1"}), &[], Request::Pickup { conversation: c() }),
        (
            json!({"t": "message", "conversation": "c1", "client_id": "x", "text": "hi"}),
            &[],
            Request::Message { conversation: c(), client_id: s("x"), text: s("hi") },
        ),
        (
            json!({"t": "typing", "conversation": "c1", "on": true}),
            &[],
            Request::Typing { conversation: c(), on: true },
        ),
        (
            json!({"t": "seen", "conversation": "c1", "seq": 4}),
            &[],
            Request::Seen { conversation: c(), seq: 4 },
        ),
        (json!({"t": "park", "conversation": "c1"}), &[], Request::Park { conversation: c() }),
        (json!({"t": "release", "conversation": "c1"}), &[], Request::Release { conversation: c() }),
        (
            json!({"t": "transfer", "conversation": "c1", "to": {"queue": "front"}, "wrapup": wrapup()}),
            &["wrapup"],
            Request::Transfer { conversation: c(), to: To::Queue(s("front")), wrapup: Some(solved()) },
        ),
        (
            json!({"t": "conference", "conversation": "c1", "agent": "bob"}),
            &[],
            Request::Conference { conversation: c(), agent: s("bob") },
        ),
        (
            json!({"t": "end_conference", "conversation": "c1", "wrapup": wrapup()}),
            &["wrapup"],
            Request::EndConference { conversation: c(), wrapup: Some(solved()) },
        ),
        (json!({"t": "leave", "conversation": "c1"}), &[], Request::Leave { conversation: c() }),
        (
            json!({"t": "escalate", "conversation": "c1", "queue": "billing", "reason": "angry"}),
            &[],
            Request::Escalate { conversation: c(), queue: s("billing"), reason: s("angry") },
        ),
        (json!({"t": "end", "conversation": "c1"}), &[], Request::End { conversation: c() }),
        (
            json!({"t": "wrapup", "conversation": "c1", "reason": "solved", "comment": "a < b"}),
            &["reason", "comment"],
            Request::Wrapup { conversation: c(), wrapup: solved() },
        ),
        (
            json!({"t": "banner_reset", "kind": "max_sessions"}),
            &[],
            Request::BannerReset { kind: BannerKind::MaxSessions },
        ),
        (
            json!({"t": "directory", "kind": "agents", "filter": "bo", "all": true, "conversation": "c1"}),
            &["filter", "all", "conversation"],
            Request::Directory {
                kind: Listing::Agents,
                filter: Some(s("bo")),
                all: true,
                conversation: Some(c()),
            },
        ),
        (
            json!({"t": "sync", "cursors": {"c1": 0, "c2": 17}}),
            &[],
            Request::Sync { cursors: [(s("c1"), 0), (s("c2"), 17)].into() },
        ),
        (
            json!({"t": "parked", "before": "1970-01-01T00:00:01.000Z", "limit": 20}),
            &["before", "limit"],
            Request::Parked { before: Some(Before::Instant(Stamp(1000))), limit: Limit(20) },
        ),
        (
            json!({"t": "note", "conversation": "c1", "text": "pays <late>"}),
            &[],
            Request::Note { conversation: c(), text: s("pays <late>") },
        ),
        (
            json!({"t": "history", "conversation": "c1", "before": 51, "limit": 50}),
            &["before", "limit"],
            Request::History { conversation: c(), before: Some(51), limit: Limit(50) },
        ),
        (
            json!({"t": "contact_history", "contact": "p1", "before": "c9", "limit": 1}),
            &["before", "limit"],
            Request::ContactHistory {
                contact: s("p1"),
                before: Some(Before::Conversation(s("c9"))),
                limit: Limit(1),
            },
        ),
        (
            json!({"t": "reveal", "conversation": "c1", "seq": 2, "reason": "to call back"}),
            &[],
            Request::Reveal {
                what: Revealed::Message { conversation: c(), seq: 2 },
                reason: s("to call back"),
            },
        ),
        (
            json!({"t": "reveal", "contact": "p1", "field": "email", "reason": "to write"}),
            &[],
            Request::Reveal {
                what: Revealed::Field { contact: s("p1"), field: ContactField::Email },
                reason: s("to write"),
            },
        ),
        (json!({"t": "desk_view", "on": true}), &[], Request::DeskView { on: true }),
        (
            json!({"t": "reset_presence", "agent": "bob", "status": "available"}),
            &[],
            Request::ResetPresence { agent: s("bob"), status: s("available") },
        ),
        (
            json!({"t": "assign", "conversation": "c1", "agent": "bob"}),
            &[],
            Request::Assign { conversation: c(), to: To::Agent(s("bob")) },
        ),
        (
            json!({"t": "assign", "conversation": "c1", "queue": "front"}),
            &[],
            Request::Assign { conversation: c(), to: To::Queue(s("front")) },
        ),
        (
            json!({"t": "monitor", "conversation": "c1", "on": false}),
            &[],
            Request::Monitor { conversation: c(), on: false },
        ),
        (json!({"t": "force_end", "conversation": "c1"}), &[], Request::ForceEnd { conversation: c() }),
    ]
}

fn with_id(mut frame: Value) -> Value {
    frame["id"] = json!(7);
    frame
}

const REFUSED: FrameFault = FrameFault { id: Some(7), code: Refusal::BadRequest };

#[test]
fn every_row_is_read_as_what_it_asks() {
    for (frame, _, request) in rows() {
        let frame = with_id(frame).to_string();
        let read = parse(&frame).unwrap_or_else(|fault| panic!("{frame}: {fault:?}"));
        assert_eq!((read.id, read.request), (Some(7), request), "{frame}");
    }
}

#[test]
fn what_is_optional_may_be_left_out_and_nothing_else() {
    for (frame, optional, _) in rows() {
        let keys: Vec<String> =
            frame.as_object().unwrap().keys().filter(|key| *key != "t").cloned().collect();
        for key in keys {
            let mut without = with_id(frame.clone());
            without.as_object_mut().unwrap().remove(&key);
            let read = parse(&without.to_string());
            if optional.contains(&key.as_str()) {
                assert!(read.is_ok(), "{without}");
            } else {
                assert_eq!(read, Err(REFUSED), "{without}");
            }
        }
    }
}

#[test]
fn a_field_of_another_type_is_refused_and_names_its_request() {
    let of_a_type = |value: &Value| match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::Array(_) => 4,
        Value::Object(_) => 5,
    };
    let others =
        [json!(true), json!(3), json!(1.5), json!(-1), json!("x"), json!([]), json!(["x"]), json!({})];
    for (frame, _, _) in rows() {
        let keys: Vec<String> = frame.as_object().unwrap().keys().cloned().collect();
        for key in keys {
            for other in &others {
                let whole = other.is_u64();
                if of_a_type(&frame[&key]) == of_a_type(other) && (!frame[&key].is_number() || whole) {
                    continue;
                }
                // An empty wrap-up says nothing, which is allowed.
                if key == "wrapup" && *other == json!({}) {
                    continue;
                }
                let mut wrong = with_id(frame.clone());
                wrong[&key] = other.clone();
                assert_eq!(parse(&wrong.to_string()), Err(REFUSED), "{wrong}");
            }
        }
    }
}

#[test]
fn all_but_passing_signs_need_an_id() {
    for (frame, _, request) in rows() {
        let read = parse(&frame.to_string());
        match request {
            Request::Typing { .. } | Request::Seen { .. } | Request::DeskView { .. } => {
                assert_eq!(read.map(|frame| frame.id), Ok(None), "{frame}");
            }
            _ => assert_eq!(read, Err(FrameFault { id: None, code: Refusal::BadRequest }), "{frame}"),
        }
    }
}

#[test]
fn an_unknown_type_or_value_is_refused() {
    for frame in [
        json!({"t": "nonsense"}),
        json!({"t": "Presence", "status": "away"}),
        json!({"t": "hello"}),
        json!({"t": "start"}),
        json!({"t": 5}),
        json!({"t": "directory", "kind": "customers"}),
        json!({"t": "banner_reset", "kind": "all"}),
        json!({"t": "transfer", "conversation": "c1", "to": {}}),
        json!({"t": "transfer", "conversation": "c1", "to": {"queue": "front", "agent": "bob"}}),
        json!({"t": "transfer", "conversation": "c1", "to": ["front"]}),
        json!({"t": "assign", "conversation": "c1", "queue": "front", "agent": "bob"}),
        json!({"t": "reveal", "reason": "x", "contact": "p1", "field": "password"}),
        json!({"t": "reveal", "reason": "x", "contact": "p1", "field": "email", "conversation": "c1", "seq": 1}),
        json!({"t": "seen", "conversation": "c1", "seq": 4_294_967_296_u64}),
        json!({"t": "sync", "cursors": {"c1": -1}}),
        json!({"t": "sync", "cursors": [["c1", 1]]}),
    ] {
        assert_eq!(parse(&with_id(frame.clone()).to_string()), Err(REFUSED), "{frame}");
    }
}

#[test]
fn texts_are_held_to_their_rules_by_code() {
    let code =
        |frame: Value| parse(&with_id(frame).to_string()).map_or_else(|fault| Some(fault.code), |_| None);
    let message =
        |text: &str| code(json!({"t": "message", "conversation": "c1", "client_id": "x", "text": text}));
    let long = "é".repeat(1000);
    assert_eq!(message(&long), None);
    assert_eq!(message(&(long.clone() + "é")), Some(Refusal::TooLong));
    assert_eq!(message("a < b"), Some(Refusal::ReservedCharacter));
    assert_eq!(message("a > b"), Some(Refusal::ReservedCharacter));
    for text in ["", " \n\t", "a\rb", "\u{7f}", "\u{0}", "\u{9d}"] {
        assert_eq!(message(text), Some(Refusal::BadRequest), "{text:?}");
    }
    let client =
        |name: &str| code(json!({"t": "message", "conversation": "c1", "client_id": name, "text": "hi"}));
    assert_eq!((client(&"x".repeat(64)), client(&"x".repeat(65))), (None, Some(Refusal::BadRequest)));
    assert_eq!(client(""), Some(Refusal::BadRequest));
    let note = |text: &str| code(json!({"t": "note", "conversation": "c1", "text": text}));
    assert_eq!((note("a < b"), note(" ")), (None, Some(Refusal::BadRequest)));
    assert_eq!(note(&"x".repeat(1001)), Some(Refusal::TooLong));
    let reveal =
        |reason: &str| code(json!({"t": "reveal", "conversation": "c1", "seq": 1, "reason": reason}));
    assert_eq!((reveal("because"), reveal(" ")), (None, Some(Refusal::BadRequest)));
    let comment = |text: &str| {
        [
            json!({"t": "wrapup", "conversation": "c1", "reason": "solved", "comment": text}),
            json!({"t": "transfer", "conversation": "c1", "to": {"queue": "q"}, "wrapup": {"comment": text}}),
            json!({"t": "end_conference", "conversation": "c1", "wrapup": {"comment": text}}),
        ]
        .map(code)
    };
    assert_eq!(comment(" "), [None; 3]);
    assert_eq!(comment("a\u{7}"), [Some(Refusal::BadRequest); 3]);
    assert_eq!(comment(&"x".repeat(1001)), [Some(Refusal::TooLong); 3]);
}

#[test]
fn only_supervisors_ask_for_what_concerns_others() {
    let for_supervisors: Vec<String> = rows()
        .into_iter()
        .filter(|(_, _, request)| request.supervisor_only())
        .map(|(frame, _, _)| frame["t"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(for_supervisors, ["desk_view", "reset_presence", "assign", "assign", "monitor", "force_end"]);
}

proptest! {
    /// Whatever comes in, a fault is an answer: nothing panics, and a request that was read is one of the table.
    #[test]
    fn no_frame_can_bring_the_reader_down(row in 0..rows().len(), at in 0_usize..200, bytes in "\\PC{0,12}|[{}\\[\\]\",:0-9nulltruefalse\\\\]{0,12}") {
        let whole = with_id(rows().swap_remove(row).0).to_string();
        let at = whole.floor_char_boundary(at.min(whole.len()));
        let mut broken = whole.clone();
        broken.insert_str(at, &bytes);
        if let Err(fault) = parse(&broken) {
            prop_assert!(matches!(fault.code, Refusal::BadRequest | Refusal::TooLong | Refusal::ReservedCharacter));
        }
        let _ = parse(&whole[..at]);
    }
}
