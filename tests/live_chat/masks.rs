//! What staff may read, on every surface there is (REQ D-15, S3-11 to S3-25).

use std::path::Path;

use super::*;

/// What is written, and what staff see instead: the requirement's own words first.
const SECRETS: [(&str, &str); 8] = [
    ("+ 1 (123) 456 7890", "**********7890"),
    ("+447966197542", "*********7542"),
    ("melissa@gmail.com", "m******@gmail.com"),
    ("4111 1111 1111 1111", "************1111"),
    ("5555-5555-5555-4444", "***************4444"),
    ("NL91 ABNA 0417 1643 00", "**************4300"),
    ("123-45-6789", "*******6789"),
    ("06 12 34 56 78", "******5678"),
];

/// The same as a machine would find them: no blanks, no dashes.
const BARE: [&str; 9] = [
    "1234567890",
    "123) 456 7890",
    "447966197542",
    "melissa@",
    "melissa%40",
    "411111111111",
    "555555555555",
    "ABNA04171643",
    "0612345678",
];

#[track_caller]
fn holds_no_secret(what: &str, text: &str) {
    for (secret, _) in SECRETS {
        assert!(!text.contains(secret), "{what} shows {secret}: {text}");
    }
    for secret in BARE {
        assert!(!text.contains(secret), "{what} shows {secret}: {text}");
    }
}

#[track_caller]
fn heard_no_secret(who: &str, socket: &mut Socket) {
    socket.find(MOMENT, &|_| false);
    for frame in &socket.all {
        holds_no_secret(who, &frame.to_string());
    }
}

fn body() -> Value {
    json!({
        "name": "+447966197542", "email": "melissa@gmail.com", "phone": "+ 1 (123) 456 7890",
        "comment": "My card is 4111 1111 1111 1111, exp 12/28",
        "context": {
            "origin": "melissa@gmail.com", "userPhone": "06 12 34 56 78", "msisdn": 447966197542u64,
            "account": "NL91 ABNA 0417 1643 00", "step": 3,
        },
    })
}

#[test]
fn every_example_is_masked_for_staff_and_whole_for_the_customer() {
    let desk = Desk::start_with_desk(&ALL_IN_BOTH, &[]);
    let mut alice = desk.agent("alice");
    let (mut customer, conversation) = talk(&desk, &mut alice, json!({"comment": "hi"}));
    for (at, (secret, mask)) in SECRETS.into_iter().enumerate() {
        let text = format!("It is {secret}, please\nanswer");
        customer.say(&format!("c{at}"), &text);
        let hers = customer
            .socket
            .wait("her own", |frame| frame["t"] == "message" && frame["client_id"] == format!("c{at}"));
        assert_eq!(hers["text"], text, "the customer gets the text as written");
        let seen = alice.socket.wait("the mask", |frame| {
            frame["t"] == "message" && frame["from"]["kind"] == "customer" && frame["seq"] == hers["seq"]
        });
        assert_eq!(seen["text"], format!("It is {mask}, please\nanswer"));
        assert_eq!(seen["masked"], true, "there is something to reveal");

        // Staff see their own masked too; the customer does not (protocol, "Masks").
        let answer = format!("You wrote {secret}?");
        let seq = alice.say(&conversation, &format!("a{at}"), &answer)["seq"].clone();
        let echo = alice.socket.wait("the echo", |frame| frame["t"] == "message" && frame["seq"] == seq);
        assert_eq!(echo["text"], format!("You wrote {mask}?"));
        let heard =
            customer.socket.wait("the answer", |frame| frame["t"] == "message" && frame["seq"] == seq);
        assert_eq!(heard["text"], answer);
    }
    // Near misses stay as they are.
    for (at, text) in ["Order 20251122", "4111 1111 1111 1112", "1.299,00", "2026-11-21"].iter().enumerate() {
        let seq = customer.say(&format!("n{at}"), text)["seq"].clone();
        let seen = alice.socket.wait("it", |frame| frame["t"] == "message" && frame["seq"] == seq);
        assert_eq!((seen["text"].as_str(), seen["masked"].as_bool()), (Some(*text), None));
    }
    // A number over two messages is two texts: each is looked at by itself (documented).
    let first = customer.say("s1", "4111 1111")["seq"].clone();
    let seen = alice.socket.wait("half", |frame| frame["t"] == "message" && frame["seq"] == first);
    assert_eq!(seen["text"], "4111 1111");
    heard_no_secret("alice", &mut alice.socket);
}

#[test]
fn no_surface_of_staff_shows_a_number_or_an_address() {
    let changes = [
        ALL_IN_BOTH[0],
        ALL_IN_BOTH[1],
        (
            "title = \"Chat from {customer_name}\"",
            "title = \"{customer_name} {customer_phone} {context.origin}\"",
        ),
        (
            "{ label = \"Comment\", value = \"{comment}\" }",
            "{ label = \"All\", value = \"{comment} {customer_email} {page_url} {context.userPhone}\" }",
        ),
        (
            "roles = [\"integration\"]",
            "roles = [\"integration\"]\n[[token]]\nname = \"watch\"\nsecret = \"watch-demo-token\"\nroles = [\"metrics\"]",
        ),
    ];
    let desk = Desk::start_with_desk(&changes, &[]);
    let mut alice = desk.agent("alice");
    let mut sofie = desk.agent("sofie");
    sofie.socket.ok("desk_view", json!({"on": true}));
    let page = json!({
        "url": "https://shop.example/order?mail=melissa%40gmail.com&tel=%2B447966197542",
        "title": "Order of melissa@gmail.com", "referrer": "https://mail.example/?q=melissa@gmail.com",
    });
    let mut customer = desk.customer("shop", json!({"page": page}));
    let conversation = customer.start(body());

    // Notification: title, fields, preview, customer (S3-16, S3-17, S3-18).
    let offer = offered(&mut alice, &conversation);
    assert_eq!(offer["title"], "*********7542 **********7890 m******@gmail.com");
    assert_eq!(offer["customer"]["name"], "*********7542");
    assert_eq!(offer["customer"]["initials"], "", "no initials of a number");
    assert!(
        offer["fields"][1]["value"].as_str().is_some_and(|value| value.contains("************1111")),
        "{offer}"
    );
    assert_eq!(offer["preview"][0]["text"], "My card is ************1111, exp 12/28");
    assert_eq!(offer["preview"][0]["from"]["name"], "*********7542", "a name that is a number (S3-25)");
    alice.socket.ok("accept", json!({"notification": offer["id"]}));
    let opened = session(&mut alice.socket, &conversation, |_| true);
    assert_eq!(opened["customer"]["email"], "m******@gmail.com");
    assert_eq!(opened["customer"]["phone"], "**********7890");
    assert_eq!(opened["context"]["origin"], "m******@gmail.com");
    assert_eq!(opened["context"]["userPhone"], "******5678");
    assert_eq!(opened["context"]["msisdn"], "********7542");
    assert_eq!(opened["context"]["account"], "**************4300");
    assert_eq!(opened["context"]["step"], 3);
    assert_eq!(opened["title"], "My card is ************1111, exp 12/28");
    customer.socket.send(&json!({"t": "typing", "on": true}));
    let typing = alice.socket.of("typing");
    assert_eq!(typing["name"], "*********7542");

    for (at, (secret, _)) in SECRETS.into_iter().enumerate() {
        customer.say(&format!("c{at}"), secret);
        alice.say(&conversation, &format!("a{at}"), secret);
    }
    alice
        .socket
        .ok("note", json!({"conversation": conversation, "text": "call +447966197542 or melissa@gmail.com"}));
    assert_eq!(alice.socket.of("note")["text"], "call *********7542 or m******@gmail.com");
    sofie.socket.ok("monitor", json!({"conversation": conversation, "on": true}));
    session(&mut sofie.socket, &conversation, |frame| frame["role"] == "monitor");
    for agent in [&mut alice, &mut sofie] {
        let past = agent.socket.ok("history", json!({"conversation": conversation}));
        assert!(past["messages"].as_array().is_some_and(|list| list.len() > 10), "{past}");
        agent.socket.ok("sync", json!({"cursors": {&conversation: 0}}));
    }

    // A colleague who is asked, and refuses: her notification, and the banner about it.
    let mut bob = desk.agent("bob");
    alice.socket.ok("transfer", json!({"conversation": conversation, "to": {"agent": "bob"}}));
    let offer = offered(&mut bob, &conversation);
    bob.socket.ok("reject", json!({"notification": offer["id"]}));
    alice.socket.wait("banner", |frame| frame["t"] == "banner" && frame["kind"] == "transfer_refused");

    // The whole picture again, after a reconnect.
    let mut again = desk.agent_with(&alice.token);
    holds_no_secret("welcome", &again.welcome.to_string());
    assert_eq!(again.welcome["sessions"][0]["customer"]["name"], "*********7542");
    heard_no_secret("alice again", &mut again.socket);

    customer.socket.ok("end", json!({}));
    customer.socket.ok("rate", json!({"score": 4, "comment": "mail melissa@gmail.com"}));
    alice.socket.ok(
        "wrapup",
        json!({"conversation": conversation, "reason": "solved", "comment": "card 4111 1111 1111 1111"}),
    );
    closed(&mut alice.socket, &conversation);
    let shown = rest(&desk, &sofie.token, &conversation);
    assert_eq!(shown["wrapups"][0]["comment"], "card ************1111");
    assert_eq!(shown["rating"]["comment"], "mail m******@gmail.com");
    holds_no_secret("REST", &shown.to_string());
    let bearer = format!("Bearer {}", sofie.token);
    let routing = desk.http(
        "GET",
        &format!("/api/v1/conversations/{conversation}/routing"),
        &[("authorization", &bearer)],
        "",
    );
    holds_no_secret("routing", &routing.body);
    // With the token that may read them, and after the chat has left its traces in them.
    let watch = [("authorization", "Bearer watch-demo-token")];
    let metrics = desk.http("GET", "/metrics", &watch, "");
    assert_eq!(metrics.status, 200, "{}", metrics.body);
    assert!(metrics.body.contains("deskbell_"), "figures: {}", metrics.body);
    assert_eq!(desk.http("GET", "/metrics", &[("authorization", &bearer)], "").status, 403);
    holds_no_secret("metrics", &metrics.body);
    let past = sofie.socket.ok("history", json!({"conversation": conversation}));
    holds_no_secret("history after the end", &past.to_string());
    for (who, agent) in [("alice", &mut alice), ("bob", &mut bob), ("sofie", &mut sofie)] {
        heard_no_secret(who, &mut agent.socket);
    }
    let rows = sofie.socket.all.iter().filter(|frame| frame["t"] == "desk").count();
    assert!(rows > 1, "the supervisor's view was told of it");
    holds_no_secret("the log", &desk.log());
}

#[test]
fn a_contacts_past_is_masked_too() {
    let desk = Desk::start(&[]);
    let mut alice = desk.agent("alice");
    for round in 0..2 {
        let start =
            json!({"name": "Melissa", "email": "Melissa@Gmail.com", "comment": "card 4111 1111 1111 1111"});
        let (mut customer, conversation) = talk(&desk, &mut alice, start);
        let opened =
            alice.socket.all.iter().rfind(|frame| frame["t"] == "session").cloned().unwrap_or_default();
        let contact =
            opened["customer"]["contact"].as_str().expect("the stored contact is known (S1-12)").to_owned();
        if round == 1 {
            let past = alice.socket.ok("contact_history", json!({"contact": contact}));
            let items = past["items"].as_array().expect("items");
            assert!(items.iter().any(|item| item["title"] == "card ************1111"), "{past}");
        }
        customer.socket.ok("end", json!({}));
        alice.socket.ok("wrapup", json!({"conversation": conversation, "reason": "solved"}));
    }
    heard_no_secret("alice", &mut alice.socket);
}

#[test]
fn each_group_has_its_switch() {
    let text = "4111 1111 1111 1111 or melissa@gmail.com";
    for (from, to, expected) in [
        ("pci = true ", "pci = false ", "4111 1111 1111 1111 or m******@gmail.com"),
        ("pii = true ", "pii = false ", "************1111 or melissa@gmail.com"),
        ("[masking]\nenabled = true", "[masking]\nenabled = false", text),
    ] {
        let desk = Desk::start_with_desk(&[(from, to)], &[]);
        let mut alice = desk.agent("alice");
        talk(&desk, &mut alice, json!({"comment": text}));
        let opened = alice.socket.all.iter().find(|frame| frame["t"] == "session").expect("a session");
        assert_eq!(opened["messages"][0]["text"], expected, "{to}");
    }
}

#[test]
fn hostile_digits_are_masked_and_cost_no_time() {
    let desk = Desk::start(&[]);
    let mut alice = desk.agent("alice");
    let (mut customer, _) = talk(&desk, &mut alice, json!({"comment": "hi"}));
    for (at, (text, mask)) in [
        ("٤١١١ ١١١١ ١١١١ ١١١١", "************١١١١"),
        ("4111\u{200b}1111\u{200b}1111\u{200b}1111", "************1111"),
        ("4111 1111\n1111 1111", "************1111"),
    ]
    .into_iter()
    .enumerate()
    {
        let seq = customer.say(&format!("h{at}"), text)["seq"].clone();
        let seen = alice.socket.wait("it", |frame| frame["t"] == "message" && frame["seq"] == seq);
        assert_eq!(seen["text"], mask);
    }
    let long = "٤".repeat(1000);
    let seq = customer.say("long", &long)["seq"].clone();
    let seen = alice.socket.wait("it", |frame| frame["t"] == "message" && frame["seq"] == seq);
    assert!(seen["text"].as_str().is_some_and(|text| text.chars().count() <= 1000));
}

#[test]
fn with_store_pci_off_no_card_reaches_the_disk() {
    let mut desk = Desk::start_with_desk(&[("store_pci = true ", "store_pci = false ")], &[]);
    let mut alice = desk.agent("alice");
    let mut sofie = desk.agent("sofie");
    let card = "4111 1111 1111 1111";
    let mut customer = desk.customer("shop", json!({"context": {"account": card}}));
    let conversation = customer.start(json!({
        "name": "5555-5555-5555-4444", "comment": format!("card {card}"), "email": "melissa@gmail.com",
        "context": {"iban": "NL91 ABNA 0417 1643 00", "pan": 4111111111111111u64},
    }));
    alice.take(&conversation);
    let first = customer.say("c1", &format!("again {card}"))["seq"].clone();
    alice.say(&conversation, "a1", &format!("was it {card}?"));
    alice.socket.ok("note", json!({"conversation": conversation, "text": format!("note {card}")}));
    let seen =
        sofie.socket.ok("reveal", json!({"conversation": conversation, "seq": first, "reason": "to see"}));
    assert_eq!(seen["text"], "again ************1111", "what was not stored cannot be revealed");
    customer.socket.ok("end", json!({}));
    customer.socket.ok("rate", json!({"score": 1, "comment": format!("bad {card}")}));
    alice.socket.ok(
        "wrapup",
        json!({"conversation": conversation, "reason": "solved", "comment": format!("wrap {card}")}),
    );
    let shown = rest(&desk, &sofie.token, &conversation);
    assert_eq!(
        shown["customer"]["email"], "m******@gmail.com",
        "an address is stored, and masked where it is read"
    );
    assert_eq!(desk.stop(), Some(0));
    let stored = bytes_under(&desk.dir);
    for secret in ["4111 1111 1111 1111", "5555-5555-5555-4444", "NL91 ABNA 0417 1643 00", "4111111111111111"]
    {
        assert!(!contains(&stored, secret.as_bytes()), "{secret} is on disk");
    }
    assert!(!contains(&stored, &4_111_111_111_111_111f64.to_le_bytes()), "nor as a number");
    assert!(contains(&stored, b"melissa@gmail.com"), "this search would find what is stored");
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn bytes_under(dir: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(dir).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            bytes.extend(bytes_under(&path));
        } else if let Ok(read) = std::fs::read(&path) {
            // The ring is preallocated with zeros: only what was written is of interest.
            bytes.extend(read.into_iter().filter(|byte| *byte != 0));
        }
    }
    bytes
}
