//! What is kept no longer than the desk says, and what goes with it; and an erasure cut short by a power cut.

mod support;

use std::path::Path;
use std::time::{Duration, Instant};

use deskbell::shell::out::Out;
use deskbell::shell::records::{Contact, Erasure};
use deskbell::store::records::Record;
use deskbell::store::{Direction, Options, Row, Store, Table};
use serde_json::{Value, json};
use support::provider::{self, Provider, text_in};
use support::{Desk, PATIENCE};

/// Everything that may hang on a conversation, its card included.
const OF_CONVERSATIONS: [Table; 8] = [
    Table::Conversations,
    Table::Messages,
    Table::Notes,
    Table::Decisions,
    Table::Offline,
    Table::Visitors,
    Table::VisitorConversations,
    Table::ContactConversations,
];

fn rows(store: &Store<Out>, table: Table) -> Vec<Row> {
    let mut all: Vec<Row> = Vec::new();
    loop {
        let low = all.last().map_or_else(Vec::new, |(key, _)| [&key[..], &[0]].concat());
        let page = store.reader().range(table, &low[..].., 1000, Direction::Forward).expect("a read");
        all.extend(page.rows);
        if !page.more {
            return all;
        }
    }
}

fn open(dir: &Path) -> Store<Out> {
    Store::open(Options::new(dir)).expect("no box runs on it").0
}

/// A chat of this customer with Alice, closed.
fn closed_chat(desk: &Desk, start: Value) -> String {
    let named = start["name"].is_string();
    let mut alice = desk.agent("alice");
    let mut customer = desk.customer("shop", json!({}));
    let conversation = customer.start(start);
    alice.take(&conversation);
    alice.say(&conversation, "a1", "an answer nobody needs for ever");
    alice.socket.ok("note", json!({"conversation": conversation, "text": "a note to self"}));
    if named {
        let kept = alice.socket.ok("contact_new", json!({"conversation": conversation}));
        let change = json!({"contact": kept["contact"]["id"], "fields": {"mobile": "+31612345678"}});
        alice.socket.ok("contact_edit", change);
    }
    customer.socket.ok("end", json!({}));
    alice.socket.ok("wrapup", json!({"conversation": conversation, "reason": "solved"}));
    alice.socket.wait("closed", |frame| {
        frame["t"] == "session_closed" && frame["conversation"] == conversation.as_str()
    });
    conversation
}

fn status(desk: &Desk, conversation: &str) -> u16 {
    let bearer = format!("Bearer {}", desk.login("sofie"));
    desk.http("GET", &format!("/api/v1/conversations/{conversation}"), &[("authorization", &bearer)], "")
        .status
}

fn gone(desk: &Desk, conversation: &str) {
    let deadline = Instant::now() + PATIENCE;
    while status(desk, conversation) != 404 {
        assert!(Instant::now() < deadline, "{conversation} is still there");
        std::thread::sleep(Duration::from_millis(300));
    }
}

#[test]
fn a_closed_conversation_goes_after_its_days_with_everything_that_hangs_on_it_and_its_number_is_not_given_again()
 {
    let begin = "2026-03-02T10:00:00Z";
    let mut desk = Desk::start_with_desk(
        &[("retention_days = 365", "retention_days = 2\naudit_days = 2")],
        &["--wall-clock", begin],
    );
    let first = closed_chat(&desk, json!({"comment": "hi", "name": "Jan", "email": "jan@example.com"}));
    assert_eq!(desk.stop(), Some(0));
    let store = open(&desk.dir);
    for table in OF_CONVERSATIONS.into_iter().filter(|table| *table != Table::Offline) {
        assert!(!rows(&store, table).is_empty(), "{}", table.name());
    }
    assert_eq!(rows(&store, Table::Contacts).len(), 1, "Jan was kept as a contact");
    assert!(!rows(&store, Table::Audit).is_empty());
    store.shutdown().expect("closed");

    // A day later it is still there; a newer one joins it.
    desk.set_option("--wall-clock", "2026-03-03T10:00:00Z");
    desk.start_again();
    assert_eq!(status(&desk, &first), 200);
    let second = closed_chat(&desk, json!({"comment": "again"}));
    assert_ne!(first, second);
    assert_eq!(desk.stop(), Some(0));

    desk.set_option("--wall-clock", "2026-03-04T12:00:00Z");
    desk.start_again();
    gone(&desk, &first);
    assert_eq!(status(&desk, &second), 200, "that one has a day left");
    assert_eq!(desk.stop(), Some(0));

    desk.set_option("--wall-clock", "2026-03-09T12:00:00Z");
    desk.start_again();
    gone(&desk, &second);
    let bearer = format!("Bearer {}", desk.login("admin"));
    let deadline = Instant::now() + PATIENCE;
    while desk.http("GET", "/api/v1/audit", &[("authorization", &bearer)], "").body.contains("contact_edit") {
        assert!(Instant::now() < deadline, "the audit log has its days too");
        std::thread::sleep(Duration::from_millis(300));
    }
    assert_eq!(desk.stop(), Some(0));
    let store = open(&desk.dir);
    for table in OF_CONVERSATIONS {
        assert_eq!(rows(&store, table), [], "{}", table.name());
    }
    assert_eq!(rows(&store, Table::Contacts), [], "nobody is left who talked");
    store.shutdown().expect("closed");

    desk.start_again();
    let third = closed_chat(&desk, json!({"comment": "hi"}));
    assert!(third != first && third != second, "{third} is a number of its own");
}

#[test]
fn a_chat_that_still_waits_for_its_wrap_up_is_kept_however_long_it_does() {
    let mut desk = Desk::start_with_desk(
        &[("retention_days = 365", "retention_days = 2")],
        &["--wall-clock", "2026-03-02T10:00:00Z"],
    );
    let mut alice = desk.agent("alice");
    let mut customer = desk.customer("shop", json!({}));
    let waiting = customer.start(json!({"comment": "the older of two"}));
    alice.take(&waiting);
    customer.socket.ok("end", json!({}));
    drop((alice, customer));
    let closed = closed_chat(&desk, json!({"comment": "hi"}));
    assert_eq!(desk.stop(), Some(0));
    desk.set_option("--wall-clock", "2026-03-09T12:00:00Z");
    desk.start_again();
    gone(&desk, &closed);
    assert_eq!(status(&desk, &waiting), 200);
    assert_eq!(desk.stop(), Some(0));
    let store = open(&desk.dir);
    for table in [Table::Conversations, Table::Messages] {
        assert!(!rows(&store, table).is_empty(), "{}", table.name());
    }
    store.shutdown().expect("closed");
    desk.start_again();
    let mut alice = desk.agent("alice");
    alice.socket.ok("wrapup", json!({"conversation": waiting, "reason": "solved"}));
}

#[test]
fn an_erasure_cut_short_goes_on_at_the_next_start() {
    let mut desk = Desk::start(&[]);
    let conversation =
        closed_chat(&desk, json!({"comment": "my secret plan", "name": "Jan", "email": "jan@example.com"}));
    assert_eq!(desk.stop(), Some(0));
    // As the power left it: asked for, her record a stone, nothing else done yet.
    let store = open(&desk.dir);
    let number = rows(&store, Table::Contacts).pop().expect("Jan").0;
    let mut batch = store.batch();
    let (mut stone, mut asked) = (Vec::new(), Vec::new());
    Contact { erased_ms: Some(1), ..Contact::default() }.encode(&mut stone);
    Erasure { at_ms: 1, by: "sofie".to_owned() }.encode(&mut asked);
    batch.put(Table::Contacts, &number, &stone);
    batch.put(Table::Erasures, &number, &asked);
    store.submit(batch).expect("submitted");
    store.shutdown().expect("closed");
    desk.start_again();
    assert!(desk.logs("an erasure goes on"), "{}", desk.log());
    let bearer = format!("Bearer {}", desk.login("sofie"));
    let path = format!("/api/v1/conversations/{conversation}");
    let deadline = Instant::now() + PATIENCE;
    loop {
        let shown = desk.http("GET", &path, &[("authorization", &bearer)], "").body;
        if !shown.contains("secret plan") && !shown.contains("Jan") {
            break;
        }
        assert!(Instant::now() < deadline, "{shown}");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(desk.stop(), Some(0));
    let store = open(&desk.dir);
    assert_eq!((rows(&store, Table::Messages), rows(&store, Table::Notes)), (vec![], vec![]));
    assert_eq!(rows(&store, Table::Erasures), [], "it is through");
    assert_eq!(rows(&store, Table::Conversations).len(), 1, "that there was one is kept");
}

/// Whether a file of the box holds these bytes anywhere.
fn holds(dir: &Path, file: &str, word: &str) -> bool {
    let bytes = std::fs::read(dir.join(file)).unwrap_or_default();
    bytes.windows(word.len()).any(|some| some == word.as_bytes())
}

#[test]
fn a_contact_is_exported_whole_then_erased_from_every_byte_and_her_backups_are_named() {
    let word = "the secret recipe of grandmother";
    let mut desk = Desk::start(&[]);
    let (data, files) = (desk.dir.display().to_string(), tempfile::tempdir().expect("a folder"));
    let conversation =
        closed_chat(&desk, json!({"comment": word, "name": "Jan", "email": "jan@example.com"}));
    let mut sofie = desk.agent("sofie");
    let found = sofie.socket.ok("contact_find", json!({"text": "Jan"}));
    let contact = found["items"][0]["id"].as_str().expect("Jan").to_owned();

    let export = |token: &str, query: &str| {
        let bearer = format!("Bearer {token}");
        desk.http(
            "GET",
            &format!("/api/v1/contacts/{contact}/export{query}"),
            &[("authorization", &bearer)],
            "",
        )
    };
    let masked = export(&sofie.token, "");
    assert_eq!(masked.status, 200, "{}", masked.body);
    assert!(masked.body.contains(word) && masked.body.contains("a note to self"), "{}", masked.body);
    assert!(!masked.body.contains("jan@example.com") && masked.body.contains("j**@example.com"));
    let told = export(&sofie.token, "?reveal=she%20asked%20for%20it").json();
    assert_eq!(told["contact"]["email"], "jan@example.com");
    let first = &told["conversations"][0]["conversation"];
    assert_eq!((&first["id"], &told["more"]), (&json!(conversation), &json!(false)));
    let admin = desk.login("admin");
    assert_eq!(export(&desk.login("alice"), "").status, 403, "not for agents");
    assert_eq!(export(&admin, "?reveal=because").status, 403, "the desk lets supervisors reveal");
    assert_eq!(export(&admin, "?before=yesterday").status, 400);
    let bearer = format!("Bearer {admin}");
    let nobody = desk.http("GET", "/api/v1/contacts/p1/export", &[("authorization", &bearer)], "");
    assert_eq!(nobody.status, 404);
    let log = desk.http("GET", "/api/v1/audit", &[("authorization", &bearer)], "").body;
    assert!(log.contains("contact_export") && log.contains("she asked for it"), "{log}");

    for (name, keep) in [("kept", None), ("weekly", Some("7")), ("over", Some("0"))] {
        let to = files.path().join(name).display().to_string();
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_deskbell"));
        command.args(["backup", "--to", &to, "--data", &data]);
        command.args(keep.iter().flat_map(|days| ["--keep", days]));
        assert!(command.output().expect("it runs").status.success());
    }
    let answer = sofie.socket.ok("contact_erase", json!({"contact": contact, "reason": "asked for"}));
    let held = answer["backups"].as_array().expect("the backups");
    let until = |name: &str| held.iter().find(|one| one["to"].as_str().is_some_and(|to| to.ends_with(name)));
    assert_eq!(held.len(), 2, "one is over: {answer}");
    assert_eq!(answer["pages"], "next_start", "when the state's pages lose it");
    assert!(until("kept").expect("named")["until"].is_null());
    assert!(until("weekly").expect("named")["until"].is_string());

    let deadline = Instant::now() + PATIENCE;
    while holds(&desk.dir, "journal", word) {
        assert!(Instant::now() < deadline, "the ring still holds it");
        std::thread::sleep(Duration::from_millis(50));
    }
    // Work goes on behind the zeroed ring, and what it stores is there after a power cut.
    let after = closed_chat(&desk, json!({"comment": "life goes on"}));
    desk.start_again();
    for file in ["journal", "state.redb", "state.redb.old", "state.redb.new"] {
        assert!(!holds(&desk.dir, file, word), "{file} still holds it");
    }
    assert_eq!(status(&desk, &after), 200);
    assert_eq!(status(&desk, &conversation), 200, "that there was one is kept");
}

#[test]
fn a_contact_is_erased_from_every_version_of_a_large_desk() {
    // Versions of more than 300 KiB: all that name her together are more than one batch holds.
    let mut text = include_str!("data/desk.example.toml").to_owned();
    for n in 0..400 {
        let name = "🐎".repeat(190);
        text.push_str(&format!("\n[[contact]]\nname = \"{n} {name}\"\nemail = \"c{n}@x.example\"\n"));
    }
    let mut desk = Desk::start_with_text(&text, &[]);
    let bearer = format!("Bearer {}", desk.login("admin"));
    for (from, to) in [("Utrecht branch", "Branch 1"), ("Branch 1", "Branch 2"), ("Branch 2", "Branch 3")] {
        let now = desk.http("GET", "/api/v1/desk", &[("authorization", &bearer)], "");
        let headers =
            [("authorization", bearer.as_str()), ("if-match", now.header("etag").expect("a version"))];
        let reply = desk.http("PUT", "/api/v1/desk", &headers, &now.body.replacen(from, to, 1));
        assert_eq!(reply.status, 200, "{}", reply.body);
    }
    let mut sofie = desk.agent("sofie");
    let melissa = sofie.socket.ok("contact_find", json!({"text": "melissa"}))["items"][0]["id"].clone();
    sofie.socket.ok("contact_erase", json!({"contact": melissa, "reason": "she asked for it"}));
    assert_eq!(desk.stop(), Some(0));
    let store = open(&desk.dir);
    let versions = rows(&store, Table::Desk);
    store.shutdown().expect("closed");
    assert_eq!(versions.len(), 5, "four, and the one without her");
    let name = "Melissa de Vries".as_bytes();
    assert!(versions.iter().all(|(_, toml)| !toml.windows(name.len()).any(|some| some == name)));
    assert!(versions[1].1.windows(8).any(|some| some == b"Branch 1"), "each is what it was but for her");
}

#[test]
fn what_still_waits_to_go_out_is_erased_with_its_contact_and_another_system_is_told_without_words() {
    let (word, comment) = ("the secret recipe of grandmother", "she asked for the secret recipe");
    let provider = Provider::start();
    let workstream = format!(
        "{}[workstream.webhook]\nurl = \"{}{}\"\nsecret = \"{}\"\n",
        provider.sms_workstream("wrapup = \"required\""),
        provider.url,
        provider::CRM,
        provider::CRM_SECRET
    );
    let text = format!("{}\n{workstream}", include_str!("data/desk.example.toml"));
    let mut desk = Desk::start_with_text(&text, &["--clock-speed", "20"]);
    let mut alice = desk.agent("alice");
    assert_eq!(text_in(&desk, "SM1", "+31612345678", "How is it made?").status, 200);
    let offer = alice.socket.wait("an offer", |frame| frame["t"] == "notification");
    alice.take_known(&offer);
    let conversation = offer["conversation"].as_str().expect("a name").to_owned();
    assert!(provider.wait_taken(1)[0].text.contains("work_item.assigned"));
    provider.set_down(true);
    alice.say(&conversation, "a1", word);
    alice.socket.ok("end", json!({"conversation": conversation}));
    let wrapup = json!({"conversation": conversation, "reason": "solved", "comment": comment});
    alice.socket.ok("wrapup", wrapup);
    alice.socket.of("session_closed");
    let mut sofie = desk.agent("sofie");
    let found = sofie.socket.ok("contact_find", json!({"text": "Melissa"}));
    sofie.socket.ok("contact_erase", json!({"contact": found["items"][0]["id"], "reason": "asked for"}));
    let deadline = Instant::now() + PATIENCE;
    while holds(&desk.dir, "journal", word) || holds(&desk.dir, "journal", comment) {
        assert!(Instant::now() < deadline, "the ring still holds it");
        std::thread::sleep(Duration::from_millis(50));
    }
    desk.start_again();
    for file in ["journal", "state.redb", "state.redb.old", "state.redb.new"] {
        assert!(!holds(&desk.dir, file, word) && !holds(&desk.dir, file, comment), "{file} still holds it");
        assert!(!holds(&desk.dir, file, "31612345678"), "{file} still has her number");
    }
    provider.set_down(false);
    let told: Vec<String> = provider.wait_taken(3).into_iter().map(|taken| taken.text).collect();
    assert!(told[1].contains("work_item.wrapped_up") && told[2].contains("work_item.closed"), "{told:?}");
    assert!(told[1].contains("solved") && !told.concat().contains("recipe"), "{told:?}");
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(provider.taken().len(), 3, "nothing goes to her");
}

#[test]
fn an_answer_that_never_went_out_goes_with_its_conversation() {
    let provider = Provider::start();
    let example =
        include_str!("data/desk.example.toml").replacen("retention_days = 365", "retention_days = 1", 1);
    let text = format!("{example}\n{}", provider.sms_workstream("wrapup = \"none\""));
    let mut desk = Desk::start_with_text(&text, &["--wall-clock", "2026-11-23T10:00:00Z"]);
    let mut alice = desk.agent("alice");
    assert_eq!(text_in(&desk, "SM1", "+31699999999", "How is it made?").status, 200);
    let offer = alice.socket.wait("an offer", |frame| frame["t"] == "notification");
    alice.take_known(&offer);
    let conversation = offer["conversation"].as_str().expect("a name").to_owned();
    provider.set_down(true);
    alice.say(&conversation, "a1", "With butter");
    alice.socket.ok("end", json!({"conversation": conversation}));
    alice.socket.of("session_closed");
    // A day and a half later: it would be tried for as long again.
    desk.set_option("--wall-clock", "2026-11-24T22:00:00Z");
    desk.start_again();
    gone(&desk, &conversation);
    assert_eq!(desk.stop(), Some(0));
    assert_eq!(rows(&open(&desk.dir), Table::Outbound), []);
}

#[test]
fn a_call_goes_with_its_conversation_and_with_the_name_its_pbx_gave_it() {
    let example =
        include_str!("data/desk.example.toml").replacen("retention_days = 365", "retention_days = 2", 1);
    let voice = "[[workstream]]\nid = \"calls\"\nchannel = \"voice\"\nqueue = \"front\"\n";
    let options = &["--wall-clock", "2026-03-02T10:00:00Z"];
    let mut desk = Desk::start_with_text(&format!("{example}\n{voice}"), options);
    let mut alice = desk.agent("alice");
    let headers = [("authorization", "Bearer crm-demo-token"), ("content-type", "application/json")];
    let call = json!({"call": "17", "caller": {"number": "+31201234567"}}).to_string();
    let made = desk.http("POST", "/hooks/calls/calls", &headers, &call).json();
    let conversation = made["conversation"].as_str().expect("a name").to_owned();
    alice.take(&conversation);
    assert_eq!(desk.http("DELETE", "/hooks/calls/calls/17", &headers, "").status, 204);
    alice.socket.ok("wrapup", json!({"conversation": conversation, "reason": "solved"}));
    alice.socket.of("session_closed");
    assert_eq!(desk.stop(), Some(0));
    let store = open(&desk.dir);
    assert_eq!(rows(&store, Table::Calls).len(), 1);
    store.shutdown().expect("closed");
    desk.set_option("--wall-clock", "2026-03-09T12:00:00Z");
    desk.start_again();
    gone(&desk, &conversation);
    assert_eq!(desk.http("GET", "/hooks/calls/calls/17", &headers, "").status, 404);
    assert_eq!(desk.stop(), Some(0));
    let store = open(&desk.dir);
    assert_eq!(rows(&store, Table::Calls), []);
    store.shutdown().expect("closed");
}
