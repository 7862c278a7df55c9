//! Bots over real sockets: the menu of the desk file, a bot behind a token, and every way in which one can fail
//! (REQ S2-4).

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::drill::offer_of;
use support::{Customer, Desk, Socket};

const FAST: &[&str] = &["--clock-speed", "60"];
const MOMENT: Duration = Duration::from_millis(400);

/// The example with the bots of `tests/data/bots.toml`, one of them first in web chat.
fn text(bot: &str) -> String {
    let example = include_str!("data/desk.example.toml");
    let line = "mode = \"live\"\n";
    assert!(example.contains(line), "the example holds {line:?}");
    let first = format!("{line}bot = \"{bot}\"\nbot_person_words = [\"Person\"]\n");
    example.replacen(line, &first, 1) + include_str!("data/bots.toml")
}

fn bot(desk: &Desk) -> Socket {
    let mut socket = open_bot(desk).expect("upgraded");
    let welcome = socket.wait("welcome", |frame| frame["t"] == "welcome");
    assert_eq!(welcome["bot"]["name"], "faq", "{welcome}");
    socket
}

fn open_bot(desk: &Desk) -> Result<Socket, u16> {
    desk.socket("/ws/agent", &[("authorization", "Bearer faq-demo-token")])
}

fn given(bot: &mut Socket, conversation: &str) -> Value {
    bot.wait("its session", |frame| frame["t"] == "session" && frame["conversation"] == *conversation)
}

fn closed(bot: &mut Socket, conversation: &str) -> String {
    let frame = bot.wait("the end of its session", |frame| {
        frame["t"] == "session_closed" && frame["conversation"] == *conversation
    });
    frame["reason"].as_str().expect("a reason").to_owned()
}

fn says(bot: &mut Socket, conversation: &str, client_id: &str, text: &str) -> Value {
    bot.ok("message", json!({"conversation": conversation, "client_id": client_id, "text": text}))
}

fn hears(customer: &mut Customer, text: &str) -> Value {
    customer.socket.wait(text, |frame| {
        frame["t"] == "message" && frame["text"].as_str().is_some_and(|said| said.starts_with(text))
    })
}

fn reason(offer: &Value) -> Value {
    let fields = offer["fields"].as_array().expect("fields");
    fields.iter().find(|field| field["label"] == "Reason").expect("a reason")["value"].clone()
}

#[test]
fn the_menu_answers_first_and_hands_over_with_what_it_learned() {
    let desk = Desk::start_with_text(&text("guide"), &[]);
    let mut sofie = desk.agent("sofie");
    let mut customer = desk.customer("shop", json!({"locale": "en"}));
    let conversation = customer.start(json!({"name": "Jan", "comment": "hi"}));
    let first = hears(&mut customer, "Hello Jan. What is it about?");
    assert_eq!(first["from"], json!({"kind": "bot", "name": "Guide"}));
    assert_eq!(first["choices"], json!(["Opening hours", "An invoice", "Nothing more"]));
    assert!(
        first["text"]
            .as_str()
            .expect("text")
            .ends_with("\n\n1. Opening hours\n2. An invoice\n3. Nothing more")
    );

    // By its label, by its number, and what fits nothing is asked again.
    customer.say("c1", "opening hours");
    hears(&mut customer, "We are open from 8");
    hears(&mut customer, "Hello Jan.");
    customer.say("c2", "what?");
    hears(&mut customer, "Hello Jan.");
    customer.say("c3", "2");
    hears(&mut customer, "What is its number?");
    sofie.socket.never("a notification", MOMENT, |frame| frame["t"] == "notification");
    customer.say("c4", "F-2026-17");
    customer.socket.wait("handed over", |frame| frame["code"] == "bot_handed_over");

    // The agents of that queue are asked: who, why, and what was said (S2-4).
    let offer = offer_of(&mut sofie, &conversation);
    assert_eq!(offer["kind"], "bot_escalation");
    assert_eq!(offer["queue"]["id"], "billing");
    assert_eq!(reason(&offer), "Question about an invoice");
    let preview = offer["preview"].as_array().expect("a preview");
    assert!(preview.iter().any(|message| message["text"] == "F-2026-17"), "{offer}");
    let session = sofie.take_known(&offer);
    let context = &session["context"];
    assert_eq!((&context["invoice"], &context["about"]), (&json!("F-2026-17"), &json!("An invoice")));
    assert_eq!(
        (&context["bot"], &context["bot_reason"]),
        (&json!("Guide"), &json!("Question about an invoice"))
    );
    let said = session["messages"].as_array().expect("messages");
    assert!(said.iter().any(|message| message["from"]["kind"] == "bot"), "{session}");

    // People talk now; the menu is silent.
    customer.say("c5", "1");
    sofie.say(&conversation, "a1", "I have it here.");
    hears(&mut customer, "I have it here.");
    sofie.socket.ok("end", json!({"conversation": conversation}));
    sofie.socket.ok("wrapup", json!({"conversation": conversation, "reason": "solved"}));
    let texts: Vec<&str> = customer.socket.all.iter().filter_map(|frame| frame["text"].as_str()).collect();
    assert_eq!(texts.iter().filter(|text| text.starts_with("We are open")).count(), 1, "{texts:?}");
}

#[test]
fn a_menu_ends_what_is_settled_and_asks_people_when_it_is_not_understood() {
    let desk = Desk::start_with_text(&text("guide"), &[]);
    let mut customer = desk.customer("shop", json!({"locale": "nl"}));
    customer.start(json!({"name": "Jan"}));
    hears(&mut customer, "Hallo Jan. Waar gaat het over?");
    customer.say("c1", "Niets meer");
    hears(&mut customer, "Goodbye.");
    customer.socket.wait("closed", |frame| frame["t"] == "state" && frame["state"] == "closed");

    let mut alice = desk.agent("alice");
    let conversation = customer.start(json!({"name": "Jan"}));
    customer.say("c2", "wat?");
    customer.say("c3", "wat??");
    let offer = offer_of(&mut alice, &conversation);
    assert_eq!((&offer["kind"], reason(&offer)), (&json!("bot_escalation"), json!("The bot hands over")));
}

#[test]
fn a_bot_behind_a_token_converses_and_hands_over() {
    let desk = Desk::start_with_text(&text("faq"), &[]);
    let mut faq = bot(&desk);
    let mut alice = desk.agent("alice");
    let mut customer = desk.customer("shop", json!({"context": {"basket": 3}}));
    let conversation = customer.start(json!({"name": "Jan", "comment": "I am jan@example.com"}));
    let session = given(&mut faq, &conversation);
    assert_eq!((&session["role"], &session["state"]), (&json!("bot"), &json!("awaits")));
    assert_eq!((&session["context"]["basket"], &session["customer"]["name"]), (&json!(3), &json!("Jan")));
    assert_eq!(session["messages"][0]["text"], "I am j**@example.com", "masked as for agents (D-15)");

    let first = faq.ok(
        "message",
        json!({"conversation": conversation, "client_id": "b1", "text": "Which one?", "choices": ["Lamp", "Chair"],
            "variables": {"mood": "fine"}}),
    );
    assert_eq!(says(&mut faq, &conversation, "b1", "again")["seq"], first["seq"], "stored once (D-17)");
    assert_eq!(hears(&mut customer, "Which one?")["choices"], json!(["Lamp", "Chair"]));
    faq.send(&json!({"t": "typing", "conversation": conversation, "on": true}));
    assert_eq!(customer.socket.of("typing")["name"], "faq");
    customer.say("c1", "Lamp");
    faq.wait("her words", |frame| frame["t"] == "message" && frame["text"] == "Lamp");
    alice.socket.never("a notification", MOMENT, |frame| frame["t"] == "notification");

    // What it may not do.
    assert_eq!(faq.refused("accept", json!({"notification": "n1"})), "bad_request");
    assert_eq!(
        faq.refused("hand_over", json!({"conversation": conversation, "reason": "x", "queue": "nowhere"})),
        "not_found"
    );
    assert_eq!(faq.refused("end", json!({"conversation": "c999"})), "not_found");
    let bearer = [("authorization", "Bearer faq-demo-token")];
    for path in ["/api/v1/desk", "/metrics", &format!("/api/v1/conversations/{conversation}")] {
        assert_eq!(desk.http("GET", path, &bearer, "").status, 403, "{path}");
    }

    faq.ok(
        "hand_over",
        json!({"conversation": conversation, "reason": "Wants to see the lamp", "variables": {"item": "Lamp"}}),
    );
    assert_eq!(closed(&mut faq, &conversation), "handed_over");
    let offer = offer_of(&mut alice, &conversation);
    assert_eq!((&offer["kind"], reason(&offer)), (&json!("bot_escalation"), json!("Wants to see the lamp")));
    let session = alice.take_known(&offer);
    assert_eq!(
        (&session["context"]["item"], &session["context"]["mood"], &session["context"]["basket"]),
        (&json!("Lamp"), &json!("fine"), &json!(3))
    );
    assert_eq!(
        faq.refused("message", json!({"conversation": conversation, "client_id": "b9", "text": "late"})),
        "stale"
    );
    assert_eq!(says(&mut faq, &conversation, "b1", "again")["seq"], first["seq"]);
}

#[test]
fn a_customer_who_asks_for_a_person_gets_one() {
    let desk = Desk::start_with_text(&text("faq"), &[]);
    let mut faq = bot(&desk);
    let mut alice = desk.agent("alice");
    let mut customer = desk.customer("shop", json!({}));
    let conversation = customer.start(json!({"name": "Jan"}));
    given(&mut faq, &conversation);
    says(&mut faq, &conversation, "b1", "Hello.");
    customer.say("c1", "person!");
    assert_eq!(closed(&mut faq, &conversation), "customer_asked");
    let offer = offer_of(&mut alice, &conversation);
    assert_eq!(
        (&offer["kind"], reason(&offer)),
        (&json!("bot_escalation"), json!("The customer asks for a person"))
    );
}

#[test]
fn a_bot_that_is_silent_or_dies_is_passed_over() {
    let desk = Desk::start_with_text(&text("faq"), FAST);
    let mut alice = desk.agent("alice");
    // Not there: as if there were none.
    let mut customer = desk.customer("shop", json!({}));
    let absent = customer.start(json!({"name": "Absent"}));
    assert_eq!(offer_of(&mut alice, &absent)["kind"], "chat");

    let mut faq = bot(&desk);
    let mut customer = desk.customer("shop", json!({}));
    let silent = customer.start(json!({"name": "Silent"}));
    given(&mut faq, &silent);
    assert_eq!(closed(&mut faq, &silent), "no_answer");
    assert_eq!(offer_of(&mut alice, &silent)["kind"], "chat", "it never said a word");

    let mut customer = desk.customer("shop", json!({}));
    let dies = customer.start(json!({"name": "Dies"}));
    given(&mut faq, &dies);
    says(&mut faq, &dies, "b1", "One moment.");
    drop(faq);
    let offer = offer_of(&mut alice, &dies);
    assert_eq!(
        (&offer["kind"], reason(&offer)),
        (&json!("bot_escalation"), json!("The bot's connection was lost"))
    );
    let session = alice.take_known(&offer);
    assert!(
        session["messages"].as_array().expect("messages").iter().any(|said| said["text"] == "One moment."),
        "nothing is lost: {session}"
    );
}

#[test]
fn a_bot_that_loops_or_floods_is_stopped() {
    let desk = Desk::start_with_text(&text("faq"), &[]);
    let mut faq = bot(&desk);
    let mut alice = desk.agent("alice");
    let mut customer = desk.customer("shop", json!({}));
    let conversation = customer.start(json!({"name": "Jan"}));
    given(&mut faq, &conversation);
    for n in 0..12 {
        says(&mut faq, &conversation, &format!("b{n}"), "Hello.");
    }
    assert_eq!(closed(&mut faq, &conversation), "loops");
    let offer = offer_of(&mut alice, &conversation);
    assert_eq!(
        (&offer["kind"], reason(&offer)),
        (&json!("bot_escalation"), json!("The bot went round in circles"))
    );
    let late = json!({"conversation": conversation, "client_id": "late", "text": "Hello."});
    assert_eq!(faq.refused("message", late), "stale");

    // Too much at once: told to wait, and everybody else is served.
    for n in 0..400 {
        faq.send(&json!({"t": "session", "id": 10_000 + n, "conversation": "c1"}));
    }
    let refused = faq.wait("rate_limited", |frame| frame["code"] == "rate_limited");
    assert!(refused["retry_after_ms"].as_u64().is_some_and(|wait| wait > 0), "{refused}");
    let session = alice.take_known(&offer);
    assert_eq!(session["state"], "active");
    customer.say("c1", "At last");
}

#[test]
fn a_talk_with_a_bot_survives_a_power_cut() {
    let mut desk = Desk::start_with_text(&text("faq"), &[]);
    let mut faq = bot(&desk);
    let mut customer = desk.customer("shop", json!({}));
    let conversation = customer.start(json!({"name": "Jan"}));
    given(&mut faq, &conversation);
    let first = says(&mut faq, &conversation, "b1", "Which number?");
    let resume = customer.resume();
    desk.kill();
    desk.start_again();
    let mut faq = bot(&desk);
    let session = given(&mut faq, &conversation);
    assert_eq!(
        (&session["state"], &session["messages"][0]["text"]),
        (&json!("answered"), &json!("Which number?"))
    );
    let mut customer = desk.customer("shop", json!({"resume": resume}));
    assert_eq!(customer.welcome["conversation"]["id"], *conversation);
    customer.say("c1", "17");
    faq.wait("her words", |frame| frame["t"] == "message" && frame["text"] == "17");
    assert_eq!(says(&mut faq, &conversation, "b1", "again")["seq"], first["seq"], "known across the restart");
    faq.ok("end", json!({"conversation": conversation}));
    customer.socket.wait("closed", |frame| frame["t"] == "state" && frame["state"] == "closed");
}

#[test]
fn a_bot_goes_with_its_token() {
    let desk = Desk::start_with_text(&text("faq"), FAST);
    let mut faq = bot(&desk);
    let mut alice = desk.agent("alice");
    let mut customer = desk.customer("shop", json!({}));
    let conversation = customer.start(json!({"name": "Jan"}));
    given(&mut faq, &conversation);
    says(&mut faq, &conversation, "b1", "Hello.");

    let bearer = format!("Bearer {}", desk.login("admin"));
    let auth = ("authorization", bearer.as_str());
    let now = desk.http("GET", "/api/v1/desk", &[auth], "");
    let etag = now.header("etag").expect("an etag").to_owned();
    let without: String = now.body.replace("bot = \"faq\"\n", "bot = \"guide\"\n");
    let (before, after) = without.split_once("[[token]]\nname = \"faq\"").expect("the token");
    let after = after.split_once("[[").map_or(String::new(), |(_, rest)| format!("[[{rest}"));
    let headers = [auth, ("if-match", etag.as_str()), ("content-type", "application/toml")];
    let put = desk.http("PUT", "/api/v1/desk", &headers, &format!("{before}{after}"));
    assert_eq!(put.status, 200, "{}", put.body);
    assert_eq!(open_bot(&desk).err(), Some(401));
    assert_eq!(offer_of(&mut alice, &conversation)["kind"], "bot_escalation", "on to people");
    // Who comes now is the menu's.
    let mut other = desk.customer("shop", json!({}));
    other.start(json!({"name": "Eva"}));
    hears(&mut other, "Hello Eva.");
}

#[test]
fn the_live_view_names_the_bot_that_talks() {
    let desk = Desk::start_with_text(&text("guide"), &[]);
    let mut sofie = desk.agent("sofie");
    sofie.socket.ok("desk_view", json!({"on": true}));
    let mut customer = desk.customer("shop", json!({"locale": "en"}));
    let conversation = customer.start(json!({"name": "Jan", "comment": "hi"}));
    let row = |frame: &Value| {
        let rows = frame["conversations"].as_array()?;
        rows.iter().find(|row| row["id"] == conversation).cloned()
    };
    let frame = sofie.socket.wait("its row", |frame| frame["t"] == "desk" && row(frame).is_some());
    assert_eq!(row(&frame).expect("found")["bot"], "Guide");
    customer.socket.ok("message", json!({"client_id": "p", "text": "Person"}));
    let frame = sofie.socket.wait("its row with people", |frame| {
        frame["t"] == "desk" && row(frame).is_some_and(|row| row.get("bot").is_none())
    });
    assert_eq!(row(&frame).expect("found")["state"], "open");
}
