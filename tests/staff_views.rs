//! What staff see: whole frames of a driven engine, with nothing of a customer unmasked and none past its bound.

#[path = "engine/bench.rs"]
mod bench;

#[path = "staff/office.rs"]
mod office;

use bench::{ALICE, BOB};
use deskbell::agent::desk_view::Digest;
use deskbell::agent::directory::Ask;
use deskbell::agent::frames::Listing;
use deskbell::agent::message::{Missed, Page};
use deskbell::agent::presence::HouseBanner;
use deskbell::agent::rest::WorkItem;
use deskbell::agent::session::Parked;
use deskbell::agent::welcome::Beside;
use deskbell::engine::effect::{BannerKind, SessionReason};
use deskbell::engine::id::{ConversationId, ReasonId, WorkstreamId};
use deskbell::engine::input::{AgentVerb, CustomerVerb, Input, WrapUp};
use deskbell::limits::BOX_FRAME_BYTES_MAX;
use deskbell::shell::card::ContextValue;
use deskbell::shell::records::{Author, Decision, Live, LivePhase, Message, Note, Waiting, Weighed};
use office::{Office, SECRETS, plain_card, read, telling_card};
use serde_json::{Value, json};

/// Every text in a frame, keys included.
fn texts(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::String(text) => out.push(text.clone()),
        Value::Number(number) => out.push(number.to_string()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, out)),
        Value::Object(fields) => {
            for (key, item) in fields {
                out.push(key.clone());
                texts(item, out);
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

/// Panics when a frame holds more of a secret than its mask leaves.
fn assert_masked(what: &str, frame: &str) {
    let mut all = Vec::new();
    texts(&read(frame), &mut all);
    for text in all {
        let lower = text.to_lowercase();
        for word in ["melissa", "%40gmail"] {
            assert!(!lower.contains(word), "{what}: {text}");
        }
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        for number in ["11111111", "041716", "12345678", "1234567", "79661975", "23456789", "34567890"] {
            assert!(!digits.contains(number), "{what}: {text}");
        }
    }
}

fn telling_desk(text: &str) -> String {
    let all = "{customer_name} {customer_phone} {customer_email} {comment} {page_url} {page_title} {context.note} \
        {context.msisdn} {context.customer_phone} {answers.comment} {context.email}";
    text.replace(
        r#"{ label = "Comment", value = "{comment}" }"#,
        &format!(r#"{{ label = "All", value = "{all}" }}, {{ label = "Joined", value = "{{context.a}}{{context.b}}" }}"#),
    )
}

#[test]
fn no_view_of_a_conversation_shows_what_its_fields_hold() {
    let mut office = Office::with(telling_desk);
    office.bench.feed(Input::AgentOnline(ALICE));
    let mut card = telling_card(7);
    card.context.push((
        "back".into(),
        ContextValue::Text(
            "https://s.example/?a=melissa@gmail.com&b=+447966197542&t=%2B31+6+1234+5678".into(),
        ),
    ));
    card.context.push(("a".into(), ContextValue::Text("+4479661".into())));
    card.context.push(("b".into(), ContextValue::Text("97542".into())));
    let (agent, offer) = office.arrive(card.clone()).expect("offered");
    for from in [Author::Customer, Author::Agent("alice".into(), "Alice Jansen".into()), Author::System] {
        office.say(7, from, SECRETS);
    }
    let message = office.tails[&7].get(1).expect("said").clone();
    let of = office.bench.engine.conversation(ConversationId(7)).expect("in the table").clone();
    let mut frames = vec![
        ("notification", office.view().notification(agent, &of).expect("a notification")),
        ("welcome with it", office.view().welcome(agent, Beside::default())),
        ("desk with it", office.view().desk(&mut Digest::default()).expect("a first page")),
        ("banner", office.view().banner(BannerKind::Missed, Some(&of))),
    ];
    office.bench.agent(agent, AgentVerb::Accept(offer));
    let of = office.bench.engine.conversation(ConversationId(7)).expect("in the table").clone();
    let live = Live {
        workstream: "web-later".into(),
        queue: "front".into(),
        kind: "chat".into(),
        persistent: true,
        arrived_ms: 1,
        phase: LivePhase::Waiting,
        last_seq: 3,
        sessions: Vec::new(),
        excluded: Vec::new(),
        offer_kind: 0,
        sender: None,
        preferred: None,
        round_ms: None,
        customer_lost_ms: None,
        frozen: false,
        left: false,
        conference: false,
    };
    let waiting = Waiting { live, agent: "alice".into(), parked_ms: 2 };
    let messages = std::slice::from_ref(&message);
    let parked = Parked { waiting: &waiting, card: &card, messages };
    let note = Note { at_ms: 1, by: ("alice".into(), "Alice Jansen".into()), text: SECRETS.into() };
    let view = office.view();
    let notes = Some(std::slice::from_ref(&note));
    let missed = Missed { conversation: of.id, card: &card, messages, more: false };
    frames.extend([
        ("session", view.session(agent, &of, None).expect("a session")),
        ("monitored", view.monitored(&of).expect("a session")),
        ("parked session", view.parked_session(parked)),
        ("parked", view.parked(1, &[parked], false)),
        ("welcome", view.welcome(agent, Beside { parked: &[parked], ..Beside::default() })),
        ("message", view.message(&card, &message)),
        ("history", view.history(1, Page { card: &card, messages, more: false, notes })),
        ("sync", view.missed(1, &[missed])),
        ("note", view.note(of.id, &note)),
        ("noted", view.noted(1, &note)),
        ("contact history", view.contact_history(1, std::slice::from_ref(&card), false)),
        ("desk", view.desk(&mut Digest::default()).expect("a first page")),
        ("conversation", view.conversation(&card, messages, false)),
        ("typing", view.typing(of.id, &card, true)),
        ("work item", view.work_item(WorkItem { card: &card, reopens: None })),
    ]);
    assert_eq!(read(&frames[0].1)["fields"].as_array().map(Vec::len), Some(4), "the desk's own template");
    for (what, frame) in &frames {
        assert_masked(what, frame);
    }
    let session = read(&view.session(agent, &of, None).expect("a session"));
    assert_eq!(session["customer"]["name"], "**********7890");
    assert_eq!(session["customer"]["initials"], "");
    assert_eq!(session["customer"]["email"], "m******@gmail.com");
    assert_eq!(session["customer"]["phone"], "*********7542");
    assert_eq!((&session["context"]["visits"], &session["context"]["signed_in"]), (&json!(3), &json!(true)));
    assert_eq!(session["messages"][0]["masked"], true);
}

#[test]
fn with_masking_off_staff_read_what_was_written() {
    let mut office =
        Office::with(|text| text.replace("[masking]\nenabled = true", "[masking]\nenabled = false"));
    office.bench.feed(Input::AgentOnline(ALICE));
    office.arrive(telling_card(7)).expect("offered");
    office.say(7, Author::Customer, SECRETS);
    let message = office.tails[&7].get(1).expect("said");
    assert_eq!(read(&office.view().message(&office.cards[&7], message))["text"], SECRETS);
}

#[test]
fn a_notification_is_the_desks_template_filled_in() {
    let mut office = Office::open();
    office.bench.feed(Input::AgentOnline(ALICE));
    let mut card = plain_card(7, "Jan\nde \u{202e}Boer");
    card.proactive = Some("lingering".into());
    let (agent, offer) = office.arrive(card).expect("offered");
    office.say(7, Author::Customer, "Is it in stock?");
    office.bench.now.wall_ms += 41_500;
    let of = office.bench.engine.conversation(ConversationId(7)).expect("in the table");
    let frame = read(&office.view().notification(agent, of).expect("a notification"));
    assert_eq!(frame["t"], "notification");
    assert_eq!(frame["id"], format!("n{}", offer.0));
    assert_eq!((&frame["kind"], &frame["style"]), (&json!("chat"), &json!("alert")));
    assert_eq!(frame["title"], "Chat from Jan de Boer");
    assert_eq!(
        frame["fields"],
        json!([
            {"label": "Customer name", "value": "Jan de Boer"},
            {"label": "Comment", "value": "Is it in stock?"},
            {"label": "Wait time", "value": "0:41", "kind": "wait_time"},
        ])
    );
    assert_eq!(frame["conversation"], "c7");
    assert_eq!(frame["queue"], json!({"id": "front", "name": "Front desk"}));
    assert_eq!(frame["workstream"], json!({"id": "web-live", "name": "Web chat"}));
    assert_eq!(frame["agent"], json!({"id": "alice", "name": "Alice Jansen"}));
    assert_eq!(
        (&frame["proactive"], &frame["show_timeout"], &frame["can_reject"]),
        (&json!(true), &json!(true), &json!(true))
    );
    assert_eq!((&frame["timeout_s"], &frame["accept_label"]), (&json!(90), &json!("Accept")));
    assert_eq!((&frame["auto"], &frame["desktop"]), (&json!("none"), &json!("background")));
    assert_eq!(frame["received_at"], "2023-11-14T22:13:20.000Z");
    assert_eq!(frame["deadline"], "2023-11-14T22:14:50.000Z");
    assert_eq!(frame["preview"][0]["text"], "Is it in stock?");
    assert_eq!(frame["preview"][0]["from"], json!({"kind": "customer", "name": "Jan de Boer"}));
    assert!(office.view().notification(BOB, of).is_none(), "it is not offered to Bob");
}

#[test]
fn a_long_value_is_cut_with_an_ellipsis() {
    let mut office = Office::open();
    office.bench.feed(Input::AgentOnline(ALICE));
    let mut card = plain_card(7, &"Ž".repeat(200));
    card.comment = Some("\"\n".repeat(500));
    let (agent, _) = office.arrive(card).expect("offered");
    let of = office.bench.engine.conversation(ConversationId(7)).expect("in the table");
    let frame = read(&office.view().notification(agent, of).expect("a notification"));
    let title = frame["title"].as_str().expect("a title");
    assert!(title.chars().count() == 120 && title.ends_with('…'), "{title}");
    let comment = frame["fields"][1]["value"].as_str().expect("a value");
    assert!(comment.chars().count() <= 200 && comment.ends_with('…') && !comment.contains('\n'), "{comment}");
}

#[test]
fn a_session_follows_its_conversation_from_acceptance_to_wrap_up() {
    let mut office = Office::open();
    office.bench.feed(Input::AgentOnline(ALICE));
    let (agent, offer) = office.arrive(plain_card(7, "Jan de Boer")).expect("offered");
    let of = office.bench.engine.conversation(ConversationId(7)).expect("in the table");
    assert!(office.view().session(agent, of, None).is_none(), "an offer is no session");
    office.bench.wait(5_000);
    office.bench.agent(agent, AgentVerb::Accept(offer));
    office.say(7, Author::Customer, "Hello?");
    let session = office.session(agent, 7);
    assert_eq!((&session["t"], &session["conversation"]), (&json!("session"), &json!("c7")));
    assert_eq!(
        (&session["state"], &session["role"], &session["mode"]),
        (&json!("active"), &json!("owner"), &json!("live"))
    );
    assert_eq!(
        (&session["since"], &session["received_at"]),
        (&json!("2023-11-14T22:13:25.000Z"), &json!("2023-11-14T22:13:20.000Z"))
    );
    assert_eq!((&session["unread"], &session["wrapup"]), (&json!(1), &json!("required")));
    assert_eq!(session["customer"]["initials"], "JB");
    assert_eq!(
        (&session["context"], &session["more"], session.get("reserved")),
        (&json!({}), &json!(false), None)
    );

    office.bench.feed(Input::Customer {
        request: None,
        conversation: ConversationId(7),
        verb: CustomerVerb::Lost,
    });
    assert_eq!(office.session(agent, 7)["lost_until"], "2023-11-14T22:16:25.000Z");
    office.bench.feed(Input::Customer {
        request: None,
        conversation: ConversationId(7),
        verb: CustomerVerb::End,
    });
    let session = office.session(agent, 7);
    assert_eq!((&session["state"], &session["ended"]), (&json!("wrap_up"), &json!("ended_by_customer")));
    let of = office.bench.engine.conversation(ConversationId(7)).expect("in the table");
    let state = read(&office.view().session_state(agent, of, None).expect("a state"));
    assert_eq!(
        state,
        json!({"t": "session_state", "conversation": "c7", "state": "wrap_up", "reason": "ended_by_customer"})
    );
    let closed = read(&office.view().session_closed(of.id, SessionReason::EndedByCustomer));
    assert_eq!(closed, json!({"t": "session_closed", "conversation": "c7", "reason": "ended_by_customer"}));
}

#[test]
fn an_offer_nobody_saw_stands_reserved() {
    let mut office = Office::open();
    office.bench.feed(Input::AgentOnline(ALICE));
    office.arrive(plain_card(7, "Jan")).expect("offered");
    office.bench.wait(91_000);
    let session = office.session(ALICE, 7);
    assert_eq!(
        (&session["state"], &session["reserved"], &session["hold"]),
        (&json!("reserved"), &json!(true), &json!("undelivered"))
    );
}

#[test]
fn presence_says_what_it_follows_from() {
    let mut office = Office::open();
    office.bench.feed(Input::AgentOnline(ALICE));
    let frame = read(&office.view().presence(ALICE));
    assert_eq!(
        (&frame["t"], &frame["status"], &frame["base"], &frame["reason"]),
        (&json!("presence"), &json!("available"), &json!("available"), &json!("load"))
    );
    assert!(frame.get("by").is_none() && frame["since"].is_string());
    let (agent, offer) = office.arrive(plain_card(7, "Jan")).expect("offered");
    office.bench.agent(agent, AgentVerb::Reject(offer));
    let frame = read(&office.view().presence(ALICE));
    assert_eq!((&frame["status"], &frame["reason"]), (&json!("do_not_disturb"), &json!("rejected")));
    let house = [HouseBanner { kind: "clock", text: "The clock is not trusted." }];
    let welcome = read(&office.view().welcome(ALICE, Beside { house: &house, ..Beside::default() }));
    let kinds: Vec<&Value> =
        welcome["banners"].as_array().expect("banners").iter().map(|b| &b["kind"]).collect();
    assert_eq!(kinds, ["clock", "rejected"]);
    assert_eq!(welcome["banners"][1]["action"], "banner_reset");
}

#[test]
fn a_welcome_is_the_whole_picture() {
    let mut office = Office::open();
    office.bench.feed(Input::AgentOnline(ALICE));
    let (agent, offer) = office.arrive(plain_card(7, "Jan")).expect("offered");
    office.bench.agent(agent, AgentVerb::Accept(offer));
    office.arrive(plain_card(8, "Eva")).expect("offered");
    let welcome = read(&office.view().welcome(ALICE, Beside { re: Some(3), ..Beside::default() }));
    assert_eq!((&welcome["t"], &welcome["re"]), (&json!("welcome"), &json!(3)));
    let agent = &welcome["agent"];
    assert_eq!(
        (&agent["id"], &agent["name"], &agent["roles"]),
        (&json!("alice"), &json!("Alice Jansen"), &json!(["agent"]))
    );
    assert_eq!(welcome["clock"], json!({"now": "2023-11-14T22:13:20.000Z", "speed": 1}));
    assert_eq!(welcome["presences"].as_array().map(Vec::len), Some(6), "five and lunch");
    assert_eq!(welcome["presences"][5], json!({"id": "lunch", "label": "Lunch", "base": "away"}));
    let settings = &welcome["settings"];
    assert_eq!(
        (&settings["theme"], &settings["message_chars_max"], &settings["sessions_max"]),
        (&json!("light"), &json!(1000), &json!(10))
    );
    assert_eq!(settings["wrapup_reasons"][1], json!({"id": "follow-up", "label": "Needs follow-up"}));
    assert_eq!(
        settings["quick_replies"][0]["text"],
        "Hello {customer_name}, this is {agent_name}. How can I help?"
    );
    assert_eq!(
        (&settings["agent_notice"], &settings["reveal"]),
        (&json!("Conversations may be monitored."), &json!(false))
    );
    assert_eq!(welcome["sessions"][0]["conversation"], "c7");
    assert_eq!(welcome["notifications"][0]["conversation"], "c8");
    assert_eq!(
        (welcome["queues"][0]["id"].as_str(), welcome["queues"][0]["member"].as_bool()),
        (Some("front"), Some(true))
    );
    assert_eq!(welcome["agents"].as_array().map(Vec::len), Some(3), "admins take no work");
    assert_eq!(welcome["agents"][0]["presence"]["status"], "busy");
}

#[test]
fn a_welcome_of_long_chats_leaves_out_the_oldest_messages() {
    let mut office = Office::open();
    office.bench.feed(Input::AgentOnline(ALICE));
    let mut held = 0;
    for id in 1..=10 {
        let mut card = telling_card(id);
        card.context = (0..16).map(|n| (format!("k{n}"), ContextValue::Text("\"".repeat(240)))).collect();
        let (agent, offer) = office.arrive(card).expect("offered");
        office.bench.agent(agent, AgentVerb::Accept(offer));
        held += 1;
        for _ in 0..50 {
            office.say(id, Author::Customer, &"\"".repeat(300));
        }
    }
    let text = office.view().welcome(ALICE, Beside::default());
    let welcome = read(&text);
    assert!(text.len() > BOX_FRAME_BYTES_MAX * 3 / 4, "the room is used: {}", text.len());
    let sessions = welcome["sessions"].as_array().expect("sessions");
    assert_eq!(sessions.len(), held);
    for session in sessions {
        let messages = session["messages"].as_array().expect("messages");
        let newest = office.tails
            [&session["conversation"].as_str().and_then(|id| id[1..].parse().ok()).unwrap()]
            .messages()
            .last()
            .map(|last| last.seq);
        assert_eq!(session["more"], true);
        let seqs: Vec<u64> = messages.iter().filter_map(|m| m["seq"].as_u64()).collect();
        assert!(seqs.windows(2).all(|pair| pair[0] + 1 == pair[1]), "no hole: {seqs:?}");
        assert!(seqs.is_empty() || seqs.last().map(|seq| *seq as u32) == newest);
    }
    let one = read(&{
        let of = office.bench.engine.conversation(ConversationId(10)).expect("in the table");
        office.view().session(ALICE, of, None).expect("a session")
    });
    assert!(one["messages"].as_array().is_some_and(|messages| !messages.is_empty()));
}

#[test]
fn answers_with_pages_stop_before_the_bound_and_say_more() {
    let office = Office::open();
    let card = plain_card(7, "Jan");
    let message = |seq| Message {
        seq,
        at_ms: 0,
        from: Author::Customer,
        text: "\"".repeat(1000),
        code: None,
        client_id: None,
        delivery: None,
    };
    let messages: Vec<Message> = (1..=50).map(message).collect();
    let history =
        read(&office.view().history(1, Page { card: &card, messages: &messages, more: false, notes: None }));
    assert_eq!((&history["re"], &history["more"]), (&json!(1), &json!(true)));
    let page = history["messages"].as_array().expect("messages");
    assert_eq!(page.last().map(|m| m["seq"].clone()), Some(json!(50)), "the newest stay");
    assert!(page.len() < 50);
    let missed = Missed { conversation: ConversationId(7), card: &card, messages: &messages, more: false };
    let other = Missed { conversation: ConversationId(8), ..missed };
    let sync = read(&office.view().missed(1, &[missed, other]));
    assert_eq!(sync["messages"][0]["seq"], 1, "the oldest come first");
    assert_eq!(sync["more"], json!({"c7": true, "c8": true}));
    let short = Missed { messages: &messages[..2], ..missed };
    let sync = read(&office.view().missed(1, &[short]));
    assert_eq!((sync["messages"].as_array().map(Vec::len), &sync["more"]), (Some(2), &json!({})));
}

#[test]
fn a_directory_lists_who_could_take_it_now() {
    let mut office = Office::open();
    office.bench.feed(Input::AgentOnline(ALICE));
    office.bench.feed(Input::AgentOnline(BOB));
    let ask = Ask { kind: Listing::Agents, filter: None, all: false, workstream: Some(WorkstreamId(0)) };
    let ids = |office: &Office, ask| -> Vec<String> {
        let items = read(&office.view().directory(1, ALICE, ask))["items"].clone();
        items
            .as_array()
            .expect("items")
            .iter()
            .map(|i| format!("{}:{}", i["id"].as_str().unwrap(), i["available"]))
            .collect()
    };
    assert_eq!(ids(&office, ask), ["bob:true"], "not oneself, not who is away");
    assert_eq!(ids(&office, Ask { all: true, ..ask }), ["bob:true", "sofie:false"]);
    assert_eq!(ids(&office, Ask { all: true, filter: Some("LUN"), ..ask }), ["sofie:false"]);
    assert_eq!(ids(&office, Ask { kind: Listing::Queues, workstream: None, ..ask }), ["front:true"]);
    office.bench.feed(Input::AgentSignedOut(ALICE));
    office.bench.feed(Input::AgentSignedOut(BOB));
    assert_eq!(ids(&office, Ask { kind: Listing::Queues, ..ask }), Vec::<String>::new());
    assert_eq!(ids(&office, Ask { kind: Listing::WrapupReasons, filter: Some("follow"), ..ask }).len(), 1);
}

#[test]
fn the_live_view_sends_a_first_page_and_then_what_changed() {
    let mut office = Office::open();
    office.bench.feed(Input::AgentOnline(ALICE));
    let (agent, offer) = office.arrive(plain_card(7, "Jan")).expect("offered");
    let mut digest = Digest::default();
    let first = read(&office.view().desk(&mut digest).expect("a first page"));
    assert_eq!((&first["t"], &first["full"]), (&json!("desk"), &json!(true)));
    assert_eq!(
        (&first["conversations"][0]["id"], &first["conversations"][0]["state"]),
        (&json!("c7"), &json!("open"))
    );
    assert_eq!(first["conversations"][0]["offered_to"]["id"], "alice");
    assert_eq!(
        (first["queues"].as_array().map(Vec::len), first["agents"].as_array().map(Vec::len)),
        (Some(1), Some(3))
    );
    assert!(office.view().desk(&mut digest).is_none(), "nothing has changed");
    office.bench.agent(agent, AgentVerb::Accept(offer));
    let next = read(&office.view().desk(&mut digest).expect("changes"));
    assert!(next.get("full").is_none());
    assert_eq!(
        (&next["conversations"][0]["state"], &next["conversations"][0]["agent"]["id"]),
        (&json!("active"), &json!("alice"))
    );
    let changed: Vec<&Value> =
        next["agents"].as_array().expect("agents").iter().map(|row| &row["id"]).collect();
    assert_eq!(changed, ["alice"]);
    office.bench.agent(agent, AgentVerb::End(ConversationId(7)));
    let wrapup = WrapUp { reason: Some(ReasonId(0)), comment: None };
    office.bench.agent(agent, AgentVerb::WrapUp { conversation: ConversationId(7), wrapup });
    let last = read(&office.view().desk(&mut digest).expect("changes"));
    assert_eq!(last["conversations"], json!([{"id": "c7", "gone": true}]));
}

#[test]
fn the_live_view_of_a_full_desk_comes_in_several_frames() {
    let mut office = Office::open();
    for id in 1..=60 {
        let mut card = plain_card(id, &"Ž".repeat(120));
        card.customer.email = format!("{}@x.example", "m".repeat(180));
        card.customer.locale = "\"".repeat(200);
        office.arrive(card);
    }
    let mut digest = Digest::default();
    let mut seen = std::collections::BTreeSet::new();
    let mut frames = 0;
    while let Some(frame) = office.view().desk(&mut digest) {
        frames += 1;
        for row in read(&frame)["conversations"].as_array().expect("rows") {
            seen.insert(row["id"].as_str().expect("an id").to_owned());
        }
        assert!(frames < 10);
    }
    assert_eq!(seen.len(), 60);
}

#[test]
fn a_decision_is_told_in_words() {
    let office = Office::open();
    let candidate = |agent: &str, verdict: &str| (agent.to_owned(), verdict.to_owned());
    let mut decision = Decision {
        at_ms: 0,
        event: "arrived".into(),
        queue: "front".into(),
        chosen: Some("alice".into()),
        by: Some("distribution".into()),
        distribution: Some("most_idle".into()),
        weighed: Weighed::Named(vec![
            candidate("alice", "chosen"),
            candidate("bob", "ranked"),
            candidate("sofie", "capacity"),
        ]),
    };
    let told = |decision: &Decision| {
        read(&office.view().routing(std::slice::from_ref(decision)))["decisions"][0].clone()
    };
    let body = told(&decision);
    assert_eq!(
        (&body["at"], &body["event"], &body["queue"], &body["chosen"]),
        (&json!("1970-01-01T00:00:00.000Z"), &json!("arrived"), &json!("front"), &json!("alice"))
    );
    assert_eq!(body["candidates"][1], json!({"agent": "bob", "verdict": "ranked"}));
    assert_eq!(
        body["explanation"],
        "Offered to Alice Jansen: idle longest; Bob Novák: came after in the queue's order; Sofie Lund: no capacity."
    );
    // The desk chooses otherwise today: what is told is how it chose then, down to what settled it.
    decision.by = Some("assigned".into());
    decision.distribution = Some("highest_capacity".into());
    assert!(
        told(&decision)["explanation"].as_str().expect("words").starts_with(
            "Offered to Alice Jansen: as much capacity free as others, and longest since last given work;"
        ),
        "{decision:?}"
    );
    (decision.chosen, decision.by) = (None, None);
    decision.weighed = Weighed::Named(vec![candidate("bob", "presence")]);
    let body = told(&decision);
    assert!(body.get("chosen").is_none());
    assert_eq!(body["explanation"], "Nobody was chosen; Bob Novák: presence does not allow it.");
}

#[test]
fn a_work_item_goes_from_offered_to_closed() {
    let mut office = Office::open();
    office.bench.feed(Input::AgentOnline(ALICE));
    let mut card = plain_card(7, "");
    card.external_id = Some("CRM-1".into());
    let (agent, offer) = office.arrive(card.clone()).expect("offered");
    let item = |office: &Office| read(&office.view().work_item(WorkItem { card: &card, reopens: Some(3) }));
    let body = item(&office);
    assert_eq!(
        (&body["id"], &body["state"], &body["agent"]),
        (&json!("c7"), &json!("offered"), &json!("alice"))
    );
    assert_eq!((&body["external_id"], &body["reopens"]), (&json!("CRM-1"), &json!("c3")));
    office.bench.agent(agent, AgentVerb::Accept(offer));
    assert_eq!(item(&office)["state"], "active");
    office.bench.agent(agent, AgentVerb::End(ConversationId(7)));
    assert_eq!(item(&office)["state"], "wrap_up");
    let wrapup = WrapUp { reason: Some(ReasonId(0)), comment: None };
    office.bench.agent(agent, AgentVerb::WrapUp { conversation: ConversationId(7), wrapup });
    office.bench.feed(Input::Tick);
    assert_eq!(item(&office)["state"], "closed");
}
