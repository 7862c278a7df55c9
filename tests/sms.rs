//! Text messages, driven end to end against a provider that behaves as its documentation says (REQ S2-2, S2-22, S4-6).

mod support;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::provider::{self, Mood, Provider, form, owned, receipt, signature, text_in, twilio_calls};
use support::{Agent, Desk};

/// A retry's first wait is a quarter of a second then, and an offer's two minutes are six.
const FAST: &[&str] = &["--clock-speed", "20"];

fn start(provider: &Provider, more: &str, options: &[&str]) -> Desk {
    let text = format!("{}\n{}", include_str!("data/desk.example.toml"), provider.sms_workstream(more));
    Desk::start_with_text(&text, options)
}

fn offered(agent: &mut Agent) -> Value {
    agent.socket.wait("an offer", |frame| frame["t"] == "notification")
}

/// The next state of a message.
fn state(agent: &mut Agent, seq: &Value, wanted: &str) -> Value {
    agent.socket.wait(&format!("delivery {wanted}"), |frame| {
        frame["t"] == "delivery" && frame["seq"] == *seq && frame["state"] == wanted
    })
}

/// A conversation in talk: its name.
fn talking(desk: &Desk, agent: &mut Agent, sid: &str, from: &str) -> String {
    assert_eq!(text_in(desk, sid, from, "Is my lamp in?").status, 200);
    let offer = offered(agent);
    agent.take_known(&offer);
    offer["conversation"].as_str().expect("a name").to_owned()
}

#[test]
fn a_text_message_goes_from_offer_to_wrap_up_and_its_states_are_seen() {
    let provider = Provider::start();
    let desk = start(&provider, "", &[]);
    let mut alice = desk.agent("alice");
    // The contact's number stands in the desk as `+31 6 1234 5678`, and comes as this.
    let answer = text_in(&desk, "SMa", "+31612345678", "Is my lamp in?");
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/xml")));
    let offer = offered(&mut alice);
    assert_eq!((&offer["kind"], &offer["title"]), (&json!("sms"), &json!("SMS from Melissa de Vries")));
    assert_eq!(offer["fields"][0]["value"], "Melissa de Vries");
    assert_eq!(offer["fields"][1]["value"], "Is my lamp in?");
    let session = alice.take_known(&offer);
    assert_eq!((&session["work_item_kind"], &session["mode"]), (&json!("sms"), &json!("persistent")));
    assert!(session["customer"]["contact"].is_string(), "linked: {session}");
    assert!(!session.to_string().contains("31612345678"), "masked everywhere: {session}");
    let conversation = offer["conversation"].as_str().expect("a name").to_owned();

    let said = alice.say(&conversation, "a1", "It is here. € 30");
    let echo = alice.socket.wait("message", |frame| frame["t"] == "message" && frame["seq"] == said["seq"]);
    assert_eq!((&echo["delivery"]["state"], &echo["delivery"]["segments"]), (&json!("pending"), &json!(1)));
    let taken = provider.wait_taken(1).remove(0);
    assert_eq!((taken.to.as_str(), taken.text.as_str()), ("+31612345678", "It is here. € 30"));
    assert_eq!(provider.called()[0].field("From"), provider::FROM);
    state(&mut alice, &said["seq"], "sent");
    // A forged receipt changes nothing, the provider's own does, and an earlier word does not take it back.
    let path = taken.receipts.strip_prefix(&desk.url).expect("an address of the box").to_owned();
    let forged = owned(&[("MessageSid", &taken.id), ("MessageStatus", "failed")]);
    let sign = signature("guess", &taken.receipts, &forged);
    let refused = desk.http("POST", &path, &[("x-twilio-signature", &sign)], &form(&forged));
    assert_eq!(refused.status, 403);
    assert_eq!(receipt(&desk, &taken, "delivered").status, 200);
    state(&mut alice, &said["seq"], "delivered");
    assert_eq!(receipt(&desk, &taken, "sent").status, 200);
    alice.socket.never("a step back", Duration::from_millis(300), |frame| frame["t"] == "delivery");

    // Set aside; she writes again, and it is the same agent's (D-3).
    alice.socket.ok("park", json!({"conversation": conversation}));
    assert_eq!(text_in(&desk, "SMb", "+31612345678", "Thanks").status, 200);
    let back = offered(&mut alice);
    assert_eq!((&back["kind"], &back["conversation"]), (&json!("customer_returned"), &json!(conversation)));
    alice.take_known(&back);
    let history = alice.socket.ok("history", json!({"conversation": conversation}));
    let shown = history["messages"].as_array().expect("messages");
    let mine = shown.iter().find(|message| message["seq"] == said["seq"]).expect("what she said");
    assert_eq!(mine["delivery"]["state"], "delivered", "kept over the parking");

    alice.socket.ok("end", json!({"conversation": conversation}));
    alice.socket.ok("wrapup", json!({"conversation": conversation, "reason": "solved"}));
    alice
        .socket
        .wait("closed", |frame| frame["t"] == "session_closed" && frame["conversation"] == conversation);
    // A closed one never reopens (D-1).
    assert_eq!(text_in(&desk, "SMc", "06 12345678", "One more thing").status, 200);
    assert_ne!(offered(&mut alice)["conversation"], conversation);
    assert_eq!(provider.taken().len(), 1, "the box says nothing by itself but out of hours");
}

#[test]
fn only_what_the_provider_signed_is_heard_and_a_replay_is_heard_once() {
    let provider = Provider::start();
    let mut desk = start(&provider, "", &[]);
    let url = format!("{}/hooks/sms/sms", desk.url);
    let pairs = owned(&[
        ("MessageSid", "SM1"),
        ("From", "+31611111111"),
        ("Body", "hi"),
        ("AccountSid", provider::ACCOUNT),
    ]);
    let call = |desk: &Desk, headers: &[(&str, &str)], pairs: &[(String, String)]| {
        desk.http("POST", "/hooks/sms/sms", headers, &form(pairs)).status
    };
    let sign = signature(provider::TOKEN, &url, &pairs);
    assert_eq!(call(&desk, &[], &pairs), 403, "unsigned");
    assert_eq!(call(&desk, &[("x-twilio-signature", &signature("guess", &url, &pairs))], &pairs), 403);
    let mut added = pairs.clone();
    added.push(("Extra".into(), "1".into()));
    assert_eq!(call(&desk, &[("x-twilio-signature", &sign)], &added), 403, "a field nobody signed");
    let mut other = pairs.clone();
    other[2].1 = "bye".into();
    assert_eq!(call(&desk, &[("x-twilio-signature", &sign)], &other), 403, "another text");
    let foreign = owned(&[("MessageSid", "SM9"), ("From", "+31611111111"), ("AccountSid", "ACother")]);
    assert_eq!(twilio_calls(&desk, "/hooks/sms/sms", &foreign).status, 403, "another account's");
    let nobody = owned(&[("MessageSid", "SM9"), ("AccountSid", provider::ACCOUNT)]);
    assert_eq!(twilio_calls(&desk, "/hooks/sms/sms", &nobody).status, 400);
    assert_eq!(twilio_calls(&desk, "/hooks/sms/web-live", &pairs).status, 404);
    assert_eq!(twilio_calls(&desk, "/hooks/sms/none", &pairs).status, 404);
    assert!(megabyte(&desk, "/hooks/sms/sms").starts_with("HTTP/1.1 413"), "a megabyte");
    assert_eq!(desk.http("POST", "/hooks/sms/sms", &[("x-twilio-signature", &sign)], "a=%zz").status, 400);
    let many: Vec<_> = (0..500).map(|n| (format!("p{n}"), String::new())).collect();
    assert_eq!(twilio_calls(&desk, "/hooks/sms/sms", &many).status, 400);

    // Nothing of that was a message; the good one is, once, also after a restart.
    let mut alice = desk.agent("alice");
    alice.socket.never("an offer", Duration::from_millis(200), |frame| frame["t"] == "notification");
    for _ in 0..3 {
        assert_eq!(call(&desk, &[("x-twilio-signature", &sign)], &pairs), 200);
    }
    let conversation = offered(&mut alice)["conversation"].clone();
    desk.start_again();
    assert_eq!(
        call(&desk, &[("x-twilio-signature", &sign)], &pairs),
        200,
        "a replay is answered as the first"
    );
    let sofie = desk.login("sofie");
    let bearer = format!("Bearer {sofie}");
    let path = format!("/api/v1/conversations/{}", conversation.as_str().expect("a name"));
    let stored = desk.http("GET", &path, &[("authorization", &bearer)], "").json();
    let from_customer = stored["messages"]
        .as_array()
        .expect("messages")
        .iter()
        .filter(|message| message["from"]["kind"] == "customer");
    assert_eq!(from_customer.count(), 1, "{stored}");
    let log = desk.log();
    assert!(!log.contains(provider::TOKEN) && !log.contains("611111111"), "nothing secret in the log: {log}");
}

/// The head of the answer to a megabyte, refused before it is sent.
fn megabyte(desk: &Desk, path: &str) -> String {
    use std::io::{Read, Write};
    let mut stream = desk.stream();
    let head =
        format!("POST {path} HTTP/1.1\r\nHost: localhost:{}\r\nContent-Length: 1000000\r\n\r\n", desk.port);
    stream.write_all(head.as_bytes()).expect("sent");
    let mut answer = [0; 64];
    let length = stream.read(&mut answer).expect("an answer");
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

#[test]
fn twenty_first_messages_at_once_are_one_conversation_and_one_sent_ten_times_is_one() {
    let provider = Provider::start();
    let desk = start(&provider, "", &[]);
    let mut alice = desk.agent("alice");
    std::thread::scope(|scope| {
        for n in 0..20 {
            let desk = &desk;
            scope.spawn(move || {
                // In every notation a provider or gateway may use.
                let from = ["+31622222222", "0622222222", "0031622222222", "31622222222"][n % 4];
                assert_eq!(text_in(desk, &format!("SMp{n}"), from, &format!("message {n}")).status, 200);
            });
        }
        for _ in 0..10 {
            let desk = &desk;
            scope.spawn(move || assert_eq!(text_in(desk, "SMsame", "+31622222222", "the same").status, 200));
        }
    });
    let offer = offered(&mut alice);
    let session = alice.take_known(&offer);
    alice.socket.never("another", Duration::from_millis(300), |frame| frame["t"] == "notification");
    let history = alice.socket.ok("history", json!({"conversation": offer["conversation"]}));
    let texts: Vec<&str> = history["messages"]
        .as_array()
        .expect("messages")
        .iter()
        .filter(|message| message["from"]["kind"] == "customer")
        .filter_map(|message| message["text"].as_str())
        .collect();
    assert_eq!(texts.len(), 21, "{texts:?}");
    assert_eq!(texts.iter().filter(|text| **text == "the same").count(), 1);
    // Nobody knows her: she goes by her number, masked.
    assert_eq!(session["customer"]["name"], "********2222", "{session}");
}

#[test]
fn a_provider_that_is_down_slow_or_confused_loses_nothing_and_doubles_nothing() {
    let provider = Provider::start();
    let desk = start(&provider, "", FAST);
    let mut alice = desk.agent("alice");
    let conversation = talking(&desk, &mut alice, "SM1", "+31633333333");
    let say =
        |alice: &mut Agent, text: &str| alice.say(&conversation, &format!("id {text}"), text)["seq"].clone();

    provider.mood(&[Mood::Status(429, Some(40)), Mood::Status(503, None), Mood::Gone, Mood::Nonsense]);
    let at = Instant::now();
    let seq = say(&mut alice, "one");
    // Refused for now: it waits as long as it was asked to (40 s are 2 s here).
    state(&mut alice, &seq, "pending");
    // After a fault or a broken line nobody knows; the list does, and then it is sent again.
    state(&mut alice, &seq, "uncertain");
    state(&mut alice, &seq, "sent");
    assert!(at.elapsed() >= Duration::from_secs(2), "the wait asked for");
    assert!(provider.lists() >= 3, "asked before each further try: {}", provider.lists());
    assert_eq!(provider.taken().len(), 1);

    // Taken, and then it looks as if not: the list knows better, and nothing is sent twice.
    for (mood, text) in [
        (Mood::TakenThen(500), "two"),
        (Mood::TakenAndGone, "three"),
        (Mood::TakenThen(200), "four"),
        // The same words as before: the earlier message of the list is not taken for this one.
        (Mood::TakenAndGone, "four"),
    ] {
        provider.mood(&[mood]);
        let seq = alice.say(&conversation, &format!("{mood:?} {text}"), text)["seq"].clone();
        state(&mut alice, &seq, "uncertain");
        state(&mut alice, &seq, "sent");
    }
    let texts: Vec<String> = provider.taken().into_iter().map(|taken| taken.text).collect();
    assert_eq!(texts, ["one", "two", "three", "four", "four"]);

    // Not on the list though the line broke: it is sent again, once.
    provider.mood(&[Mood::Gone]);
    let seq = say(&mut alice, "five");
    state(&mut alice, &seq, "sent");
    // Order holds: while one waits, those behind it wait too, and then all come in order.
    provider.mood(&[Mood::Status(429, None), Mood::Slow(300)]);
    for text in ["six", "seven", "eight"] {
        say(&mut alice, text);
    }
    let texts: Vec<String> = provider.wait_taken(9).into_iter().skip(5).map(|taken| taken.text).collect();
    assert_eq!(texts, ["five", "six", "seven", "eight"]);
    // What will never go says so, and why.
    provider.mood(&[Mood::Status(400, None)]);
    let seq = say(&mut alice, "nine");
    let failed = state(&mut alice, &seq, "failed");
    assert_eq!(failed["detail"], "21211: The 'To' number ********3333 is not a valid phone number.");
    let log = desk.log();
    assert!(log.contains("21211") && !log.contains("33333333"), "nobody's number in the log: {log}");
}

#[test]
fn a_doubtful_message_is_found_behind_a_hundred_earlier_ones_to_the_same_number() {
    let provider = Provider::start();
    let desk = start(&provider, "", FAST);
    let mut alice = desk.agent("alice");
    let conversation = talking(&desk, &mut alice, "SM1", "+31655555550");
    provider.has_sent(100, "+31655555550");
    provider.mood(&[Mood::TakenAndGone]);
    let seq = alice.say(&conversation, "a1", "Are you there?")["seq"].clone();
    state(&mut alice, &seq, "uncertain");
    state(&mut alice, &seq, "sent");
    assert_eq!((provider.lists(), provider.taken().len()), (1, 1), "asked once, found, not sent again");
}

#[test]
fn a_relay_killed_and_a_box_killed_in_the_middle_lose_nothing_and_double_nothing() {
    let provider = Provider::start();
    let mut desk = start(&provider, "", FAST);
    let mut alice = desk.agent("alice");
    let conversation = talking(&desk, &mut alice, "SM1", "+31644444444");
    let seq = alice.say(&conversation, "a1", "first")["seq"].clone();
    state(&mut alice, &seq, "sent");

    // The relay is killed while the provider has taken the message and not answered yet.
    provider.mood(&[Mood::Slow(60_000)]);
    let seq = alice.say(&conversation, "a2", "second")["seq"].clone();
    provider.wait_taken(2);
    kill_relay(&desk);
    state(&mut alice, &seq, "uncertain");
    state(&mut alice, &seq, "sent");
    assert_eq!(provider.taken().len(), 2, "asked, not sent again");

    // The same with the box itself, and one more waiting behind.
    provider.mood(&[Mood::Slow(60_000)]);
    alice.say(&conversation, "a3", "third");
    alice.say(&conversation, "a4", "fourth");
    provider.wait_taken(3);
    desk.start_again();
    let texts: Vec<String> = provider.wait_taken(4).into_iter().map(|taken| taken.text).collect();
    assert_eq!(texts, ["first", "second", "third", "fourth"]);
    let mut alice = desk.agent("alice");
    let answer = alice.socket.ok("history", json!({"conversation": conversation}));
    let states = |answer: &Value| -> Vec<String> {
        let messages = answer["messages"].as_array().expect("messages").iter();
        messages.filter_map(|message| message["delivery"]["state"].as_str().map(str::to_owned)).collect()
    };
    let deadline = Instant::now() + support::PATIENCE;
    let mut shown = states(&answer);
    while shown != ["sent"; 4] {
        assert!(Instant::now() < deadline, "{shown:?}");
        std::thread::sleep(Duration::from_millis(50));
        shown = states(&alice.socket.ok("history", json!({"conversation": conversation})));
    }
    // Down for a day of the desk's time, killed meanwhile, and up again.
    provider.set_down(true);
    alice.say(&conversation, "a5", "fifth");
    provider.wait_called(provider.called().len() + 2);
    desk.kill();
    provider.set_down(false);
    desk.start_again();
    assert_eq!(provider.wait_taken(5).last().map(|taken| taken.text.as_str()), Some("fifth"));
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(provider.taken().len(), 5);
}

#[test]
fn what_could_not_be_sent_for_three_days_has_failed() {
    let provider = Provider::start();
    let mut desk = start(&provider, "", &["--wall-clock", "2026-11-23T10:00:00Z"]);
    let mut alice = desk.agent("alice");
    let conversation = talking(&desk, &mut alice, "SM1", "+31677777777");
    provider.set_down(true);
    let seq = alice.say(&conversation, "a1", "Nobody hears this")["seq"].clone();
    state(&mut alice, &seq, "uncertain");
    desk.set_option("--wall-clock", "2026-11-26T10:00:30Z");
    desk.start_again();
    let mut alice = desk.agent("alice");
    let deadline = Instant::now() + support::PATIENCE;
    loop {
        let history = alice.socket.ok("history", json!({"conversation": conversation}));
        let shown =
            history["messages"].as_array().expect("messages").iter().find(|one| one["seq"] == seq).cloned();
        let shown = shown.expect("what she said");
        if shown["delivery"]["state"] == "failed" {
            assert!(
                shown["delivery"]["detail"].as_str().is_some_and(|why| why.contains("three days")),
                "{shown}"
            );
            break;
        }
        assert!(Instant::now() < deadline, "{shown}");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(provider.taken().len(), 0);
}

/// SIGKILL to the relay of a demo: the child of the box.
fn kill_relay(desk: &Desk) {
    let parent = desk.pid().to_string();
    let mut killed = 0;
    for entry in std::fs::read_dir("/proc").expect("/proc").flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else {
            continue;
        };
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        // `pid (name) state ppid …`
        let own = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)) == Some(&parent);
        if let Some(pid) = rustix::process::Pid::from_raw(pid).filter(|_| own) {
            rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("ours");
            killed += 1;
        }
    }
    assert_eq!(killed, 1, "one relay");
}

#[test]
fn who_says_stop_is_not_written_to_until_she_says_start() {
    let provider = Provider::start();
    let desk = start(&provider, "", &[]);
    let mut alice = desk.agent("alice");
    // Somebody without a conversation: noted, and nobody is rung.
    assert_eq!(text_in(&desk, "SMx", "+31655555556", " stop. ").status, 200);
    alice.socket.never("an offer", Duration::from_millis(200), |frame| frame["t"] == "notification");
    let conversation = talking(&desk, &mut alice, "SM1", "+31655555555");
    assert_eq!(text_in(&desk, "SM2", "+31655555555", "Stop").status, 200);
    let session = alice.socket.wait("stopped", |frame| frame["t"] == "session" && frame["stopped"] == true);
    assert_eq!(session["conversation"], conversation);
    let refused = alice
        .socket
        .refused("message", json!({"conversation": conversation, "client_id": "a", "text": "But"}));
    assert_eq!(refused, "not_allowed");
    assert_eq!(text_in(&desk, "SM3", "+31655555555", "START").status, 200);
    alice.socket.wait("started", |frame| frame["t"] == "session" && frame.get("stopped").is_none());
    alice.say(&conversation, "b", "Welcome back");
    provider.wait_taken(1);
    // The stranger of before writes: she is heard, and still not written to.
    assert_eq!(text_in(&desk, "SM4", "+31655555556", "Where are you?").status, 200);
    let offer = offered(&mut alice);
    let session = alice.take_known(&offer);
    assert_eq!(session["stopped"], true);
}

#[test]
fn a_bot_writes_to_nobody_who_has_said_stop() {
    let provider = Provider::start();
    let bot = "[[bot]]\nid = \"guide\"\nname = \"Guide\"\n[[bot.step]]\nid = \"about\"\nsay = \"What is it about?\"\n\
               choices = [{ label = \"Hours\", go = \"hours\" }, { label = \"People\", go = \"people\" }]\n\
               [[bot.step]]\nid = \"hours\"\nsay = \"From eight.\"\ngo = \"about\"\n\
               [[bot.step]]\nid = \"people\"\nhand_over = true\n";
    let workstream = provider.sms_workstream("bot = \"guide\"");
    let text = format!("{}\n{workstream}{bot}", include_str!("data/desk.example.toml"));
    let desk = Desk::start_with_text(&text, &[]);
    let mut alice = desk.agent("alice");
    assert_eq!(text_in(&desk, "SM1", "+31655555551", "Hello").status, 200);
    assert!(provider.wait_taken(1)[0].text.starts_with("What is it about?"));
    assert_eq!(text_in(&desk, "SM2", "+31655555551", "STOP").status, 200);
    assert_eq!(text_in(&desk, "SM3", "+31655555551", "People").status, 200);
    let offer = offered(&mut alice);
    let session = alice.take_known(&offer);
    let said: Vec<&Value> = session["messages"]
        .as_array()
        .expect("messages")
        .iter()
        .filter(|message| message["from"]["kind"] == "bot")
        .collect();
    assert!(said.len() > 1, "it answered to STOP as to anything: {session}");
    assert!(said[1..].iter().all(|message| message["delivery"]["state"] == "failed"), "{said:?}");
    assert_eq!(provider.taken().len(), 1);
}

#[test]
fn what_may_not_have_arrived_is_not_sent_again_to_who_has_said_stop() {
    let provider = Provider::start();
    let desk = start(&provider, "", FAST);
    let mut alice = desk.agent("alice");
    let conversation = talking(&desk, &mut alice, "SM1", "+31688888888");
    provider.set_down(true);
    let seq = alice.say(&conversation, "a1", "Did you get this?")["seq"].clone();
    state(&mut alice, &seq, "uncertain");
    assert_eq!(text_in(&desk, "SM2", "+31688888888", "STOP").status, 200);
    provider.set_down(false);
    let failed = state(&mut alice, &seq, "failed");
    assert!(failed["detail"].as_str().is_some_and(|why| why.contains("no more")), "{failed}");
    assert_eq!(provider.taken().len(), 0);
}

#[test]
fn out_of_hours_she_is_told_once_by_text_when_there_will_be_an_answer() {
    let provider = Provider::start();
    let desk = start(&provider, "hours = \"office\"", &["--wall-clock", "2026-11-22T20:00:00Z"]);
    assert_eq!(text_in(&desk, "SM1", "+31666666666", "Anybody?").status, 200);
    assert_eq!(text_in(&desk, "SM2", "+31666666666", "Hello?").status, 200);
    let taken = provider.wait_taken(1);
    assert!(!taken[0].text.is_empty() && taken[0].to == "+31666666666", "{taken:?}");
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(provider.taken().len(), 1);
}

#[test]
fn stop_to_a_conversation_set_aside_rings_nobody_and_is_seen_when_it_is_taken_up() {
    let provider = Provider::start();
    let desk = start(&provider, "", &[]);
    let mut alice = desk.agent("alice");
    let conversation = talking(&desk, &mut alice, "SM1", "+31655555555");
    alice.socket.ok("park", json!({"conversation": conversation}));
    assert_eq!(text_in(&desk, "SM2", "+31655555555", "STOP").status, 200);
    alice.socket.never("a ring", Duration::from_millis(500), |frame| frame["t"] == "notification");
    alice.socket.ok("pickup", json!({"conversation": conversation}));
    let session = alice.socket.wait("taken up", |frame| {
        frame["t"] == "session" && frame["conversation"] == conversation && frame["state"] == "active"
    });
    assert_eq!(session["stopped"], true, "{session}");
    let said = json!({"conversation": conversation, "client_id": "a", "text": "But"});
    assert_eq!(alice.socket.refused("message", said), "not_allowed");
    assert_eq!(text_in(&desk, "SM3", "+31655555555", "START").status, 200);
    alice.socket.wait("started", |frame| frame["t"] == "session" && frame.get("stopped").is_none());
    alice.say(&conversation, "b", "Welcome back");
    provider.wait_taken(1);
}

#[test]
fn a_text_message_to_a_live_workstream_that_is_closed_becomes_work_at_opening() {
    let provider = Provider::start();
    // Five minutes before eight in Amsterdam, on a Monday.
    let options = &["--wall-clock", "2026-11-23T06:55:00Z", "--clock-speed", "60"];
    let desk = start(&provider, "mode = \"live\"\nhours = \"office\"", options);
    let mut alice = desk.agent("alice");
    assert_eq!(text_in(&desk, "SM1", "+31666666666", "Is my lamp in?").status, 200);
    alice.socket.never("a ring at night", Duration::from_secs(1), |frame| frame["t"] == "notification");
    let offer = offered(&mut alice);
    assert!(
        support::drill::ms(&offer["offered_at"]) >= support::drill::ms(&json!("2026-11-23T07:00:00Z")),
        "{offer}"
    );
    let session = alice.take_known(&offer);
    assert_eq!((&session["left"], &session["mode"]), (&json!(true), &json!("live")));
    assert_eq!(session["messages"][0]["text"], "Is my lamp in?");
    let conversation = offer["conversation"].as_str().expect("a name");
    alice.say(conversation, "a", "It is.");
    assert_eq!(provider.wait_taken(1)[0].to, "+31666666666");
}
