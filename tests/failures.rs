//! Failures that users of other live-chat systems reported, and what must hold here instead. A number is that of the
//! collected list; a test stands where the rest of its subject does, and here when it has no other home.
//!
//! | # | what failed elsewhere | what shows that it holds here |
//! | --- | --- | --- |
//! | 1 | messages sent while a socket was down appear only after a reload | `chat::what_was_said_while_a_side_was_away_comes_once_and_in_order`, `browser::conversation` |
//! | 2 | a chat that closed meanwhile can be written to | `a_chat_that_ended_while_its_customer_was_away_takes_no_more_text` |
//! | 3 | a dead socket that looks alive | `an_agent_whose_machine_stands_still_is_offline_within_a_minute` (slow), `gateway::live_client_is_pinged_and_a_silent_one_lost`; the page judges silence itself (`web/socket.js`) |
//! | 4 | a storm of reconnects takes the server down | `after_a_crash_everybody_comes_back_at_once`, `box::ten_thousand_callers_are_refused_by_name_and_those_inside_are_served` |
//! | 5 | presence told to everybody about everybody | `an_agent_who_changes_presence_costs_her_colleagues_little` |
//! | 6 | memory leaks from chat to chat | `thousands_of_short_chats_leave_no_memory_behind` (slow) |
//! | 7 | assigned, and shown to nobody | `offers::an_offer_never_shown_stays_with_its_agent_and_goes_on_eight_minutes_later`, the simulation's shadow |
//! | 8 | who waits is not served when somebody comes, or newest first | `who_waits_is_served_oldest_first_when_an_agent_comes` |
//! | 9 | capacity exceeded in a burst | `a_burst_of_chats_exceeds_nobodys_capacity` |
//! | 10 | presence flips through a second device | `away_set_in_one_window_stays_away_when_another_reloads`, `presence::after_150_seconds_a_live_talk_goes_to_the_head_of_its_queue` |
//! | 11 | a chat is offered though the last agent has left | `opening_hours::who_leaves_a_message_says_how_to_be_reached_and_only_while_nobody_is_there`, `proactive::rules` |
//! | 12 | a transfer says it is done and is not | `live_chat::transfer::the_sender_keeps_talking_until_her_colleague_accepts`, `a_transfer_is_refused_by_name` beside it |
//! | 13 | an agent is gone and her work stays | `live_chat::loss`, `presence`, `offers` |
//! | 14 | the customer writes on after the end, and is still followed | `a_chat_that_ended_while_its_customer_was_away_takes_no_more_text`, `proactive::pages` |
//! | 15 | a chat nobody accepted stays open for ever | `a_chat_whose_customer_has_left_the_line_is_over_in_time_and_counted`, `live_chat::loss::a_customer_who_does_not_come_back_has_ended_it` |
//! | 16 | two conversations from one double click | `hostile::twenty_parallel_starts_of_one_visitor_make_one_conversation` |
//! | 17, 18 | a provider's repetition, a forged signature | with the channels |
//! | 19 | another's chat read by its name | `hostile::unknown_and_stale_names_are_told_apart_for_nobody`, `customer_tokens` |
//! | 20 | the person before is shown after a sign-out | `customer_tokens::the_token_says_who_it_is_and_a_resume_secret_never_does`, `browser::other_person` |
//! | 21 | markup in a name runs at the desk | `hostile::a_name_or_message_that_is_markup_stays_text`, `admin::hostile`, `tidy` |
//! | 22 | the server fetches what a stranger names | `an_address_that_a_customer_names_is_never_called`; the main process calls nobody, and the relay follows no redirect |
//! | 23 | hours off by one at a change of the clocks | `desk::hours`, `opening_hours`, the fuzzer's `hours` |
//! | 24 | stale notices at sign-in | `an_agent_who_comes_back_is_told_of_nothing_that_is_over`, `browser::notices` |
//! | 25 | half an upgrade; messages out of order | `journal`, `power_cut`, `box::a_full_disk_refuses_by_name_goes_on_reading_and_heals` |

mod support;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{Agent, Customer, Desk, PATIENCE};
use tungstenite::client::IntoClientRequest;

const MOMENT: Duration = Duration::from_millis(400);

fn ended_by(agent: &mut Agent, conversation: &str) {
    agent.socket.ok("end", json!({"conversation": conversation}));
    agent.socket.ok("wrapup", json!({"conversation": conversation, "reason": "solved"}));
}

/// 2, 14: by the socket that was away and by a second one that was there; nothing is stored.
#[test]
fn a_chat_that_ended_while_its_customer_was_away_takes_no_more_text() {
    let desk = Desk::start(&[]);
    let mut alice = desk.agent("alice");
    let mut eva = desk.customer("shop", json!({}));
    let resume = eva.resume();
    let mut second = desk.customer("shop", json!({ "resume": resume }));
    let conversation = eva.start(json!({"comment": "hello"}));
    alice.take(&conversation);
    drop(eva);
    ended_by(&mut alice, &conversation);
    let mut back = desk.customer("shop", json!({ "resume": resume }));
    assert_eq!(back.welcome["conversation"]["state"], "closed", "{}", back.welcome);
    let text = json!({"client_id": "c9", "text": "one more thing", "conversation": conversation});
    for one in [&mut back, &mut second] {
        assert_eq!(one.socket.refused("message", text.clone()), "stale");
        let bare = json!({"client_id": "c8", "text": "one more thing"});
        assert_eq!(one.socket.refused("message", bare), "not_found");
    }
    alice.socket.never("a message after the end", MOMENT, |frame| frame["text"] == "one more thing");
}

/// 4: a hundred at once, each with its own conversation as it was.
#[test]
fn after_a_crash_everybody_comes_back_at_once() {
    const MANY: usize = 100;
    let mut desk = Desk::start(&[]);
    let customers: Vec<Customer> = (0..MANY).map(|_| desk.customer("shop", json!({}))).collect();
    let secrets: Vec<(String, Value)> =
        customers.iter().map(|one| (one.resume(), one.welcome["visitor"].clone())).collect();
    drop(customers);
    desk.start_again();
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for (resume, visitor) in &secrets {
            let desk = &desk;
            scope.spawn(move || {
                let back = desk.customer("shop", json!({ "resume": resume }));
                assert_eq!(back.welcome["visitor"], *visitor);
            });
        }
    });
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    assert_eq!(desk.get("/healthz").status, 200);
}

/// 5: what a colleague hears of forty changes is bounded, and holds no list of everybody.
#[test]
fn an_agent_who_changes_presence_costs_her_colleagues_little() {
    const CHANGES: usize = 40;
    let desk = Desk::start(&[]);
    let mut alice = desk.agent("alice");
    let mut bob = desk.agent("bob");
    bob.socket.never("anything", MOMENT, |_| false);
    let before = bob.socket.all.len();
    for at in 0..CHANGES {
        let status = if at % 2 == 0 { "away" } else { "available" };
        alice.socket.ok("presence", json!({ "status": status }));
    }
    bob.socket.never("anything", MOMENT, |_| false);
    let heard = &bob.socket.all[before..];
    let bytes: usize = heard.iter().map(|frame| frame.to_string().len()).sum();
    assert!(heard.len() <= CHANGES && bytes <= CHANGES * 200, "{} frames, {bytes} bytes", heard.len());
}

/// 8: five wait with nobody there.
#[test]
fn who_waits_is_served_oldest_first_when_an_agent_comes() {
    let desk = Desk::start(&[]);
    let mut waiting: Vec<(Customer, String)> = Vec::new();
    for at in 0..5 {
        let mut customer = desk.customer("shop", json!({}));
        let conversation = customer.start(json!({"comment": format!("number {at}")}));
        waiting.push((customer, conversation));
    }
    let mut alice = desk.agent("alice");
    for (_, conversation) in &waiting {
        let there = alice.welcome["notifications"].as_array().and_then(|all| all.first().cloned());
        alice.welcome["notifications"] = json!([]);
        let offer = there.unwrap_or_else(|| alice.socket.of("notification"));
        assert_eq!(offer["conversation"], **conversation, "the oldest first");
        alice.take_known(&offer);
        ended_by(&mut alice, conversation);
        alice.socket.ok("presence", json!({"status": "available"}));
    }
}

/// 9: twelve at once for two who can take three and two.
#[test]
fn a_burst_of_chats_exceeds_nobodys_capacity() {
    let desk = Desk::start(&[]);
    let mut agents = [(desk.agent("alice"), 3), (desk.agent("bob"), 2)];
    let customers: Vec<Customer> = (0..12).map(|_| desk.customer("shop", json!({}))).collect();
    let started: Vec<Customer> = std::thread::scope(|scope| {
        let all: Vec<_> = customers
            .into_iter()
            .map(|mut customer| {
                scope.spawn(move || {
                    customer.start(json!({"comment": "now"}));
                    customer
                })
            })
            .collect();
        all.into_iter().map(|one| one.join().expect("started")).collect()
    });
    for (agent, most) in &mut agents {
        agent.socket.never("anything", MOMENT, |_| false);
        let offers = agent.socket.all.iter().filter(|frame| frame["t"] == "notification").count();
        assert_eq!(offers, *most, "as much as she can take, and no more");
    }
    drop(started);
}

/// 10: the choice is the person's, not the window's.
#[test]
fn away_set_in_one_window_stays_away_when_another_reloads() {
    let desk = Desk::start(&[]);
    let mut first = desk.agent("alice");
    let token = first.token.clone();
    let second = desk.agent_with(&token);
    first.socket.ok("presence", json!({"status": "away"}));
    drop(second);
    let second = desk.agent_with(&token);
    assert_eq!(second.welcome["presence"]["status"], "away");
    let mut eva = desk.customer("shop", json!({}));
    eva.start(json!({"comment": "hello"}));
    first.socket.never("an offer", MOMENT, |frame| frame["t"] == "notification");
}

/// 24: ten came and went while she was out.
#[test]
fn an_agent_who_comes_back_is_told_of_nothing_that_is_over() {
    let desk = Desk::start(&[]);
    for _ in 0..10 {
        let mut customer = desk.customer("shop", json!({}));
        customer.start(json!({"comment": "anybody?"}));
        customer.socket.ok("end", json!({}));
    }
    let mut alice = desk.agent("alice");
    assert_eq!(alice.welcome["notifications"], json!([]));
    alice.socket.never("a notification", MOMENT, |frame| frame["t"] == "notification");
}

/// 15: nobody was there, and she has closed the page.
#[test]
fn a_chat_whose_customer_has_left_the_line_is_over_in_time_and_counted() {
    // Three minutes pass in three seconds.
    let desk = Desk::start(&["--wall-clock", "2026-03-04T10:20:00Z", "--clock-speed", "60"]);
    let sofie = [("authorization", &*format!("Bearer {}", desk.login("sofie")))];
    let mut eva = desk.customer("shop", json!({}));
    let conversation = eva.start(json!({"comment": "anybody?"}));
    drop(eva);
    let begun = Instant::now();
    let path = format!("/api/v1/conversations/{conversation}");
    while desk.http("GET", &path, &sofie, "").json()["state"] != "closed" {
        assert!(begun.elapsed() < PATIENCE, "open for ever");
        std::thread::sleep(Duration::from_millis(50));
    }
    let mut alice = desk.agent("alice");
    assert_eq!(alice.welcome["notifications"], json!([]));
    alice.socket.never("an offer", MOMENT, |frame| frame["t"] == "notification");
    let figures = "/api/v1/figures?from=2026-03-04&to=2026-03-04&by=queue";
    let rows = desk.http("GET", figures, &sofie, "").json();
    assert_eq!(json!([rows["rows"][0]["arrived"], rows["rows"][0]["abandoned"]]), json!([1, 1]), "{rows}");
}

/// 22: in a message, a name, the context of a page, and the page itself.
#[test]
fn an_address_that_a_customer_names_is_never_called() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("set");
    let address = format!("http://{}/latest/meta-data", listener.local_addr().expect("bound"));
    let desk = Desk::start(&[]);
    let mut alice = desk.agent("alice");
    let mut eva = desk.customer(
        "shop",
        json!({"context": {"page": address, "picture": address}, "page": {"url": address}}),
    );
    let conversation = eva.start(json!({"name": address, "comment": address}));
    alice.take(&conversation);
    eva.say("c1", &format!("![picture]({address}) <img src={address}> {address}"));
    alice.socket.wait("it", |frame| frame["t"] == "message");
    alice.socket.never("an error", MOMENT * 2, |frame| frame["t"] == "error");
    let called = listener.accept();
    assert!(called.is_err(), "somebody called: {called:?}");
}

/// 3, 10: her connection stays up and says nothing any more, as when a machine goes to sleep.
#[test]
#[ignore = "a minute: make test-long"]
fn an_agent_whose_machine_stands_still_is_offline_within_a_minute() {
    let desk = Desk::start(&[]);
    let mut sofie = desk.agent("sofie");
    sofie.socket.ok("desk_view", json!({"on": true}));
    let bearer = format!("Bearer {}", desk.login("alice"));
    let request = format!("wss://localhost:{}/ws/agent", desk.port);
    let mut request = request.into_client_request().expect("a request");
    request.headers_mut().insert("authorization", bearer.parse().expect("a header"));
    request.headers_mut().insert("sec-websocket-protocol", "deskbell.v1".parse().expect("a header"));
    // Nobody reads from it, so nobody answers a ping.
    let still = tungstenite::client(request, desk.stream()).expect("upgraded");
    let is_offline = |frame: &Value, offline: bool| {
        let agents = frame["agents"].as_array().filter(|_| frame["t"] == "desk");
        let alice = agents.and_then(|all| all.iter().find(|one| one["id"] == "alice"));
        alice.is_some_and(|alice| (alice["status"] == "offline") == offline)
    };
    sofie.socket.wait("her arrival", |frame| is_offline(frame, false));
    sofie.socket.seen.clear();
    let gone = sofie.socket.find(Duration::from_secs(60), &|frame| is_offline(frame, true));
    assert!(gone.is_some(), "still bookable after a minute");
    drop(still);
}

/// 6: as many again cost no memory.
#[test]
#[ignore = "thousands of chats: make test-box"]
fn thousands_of_short_chats_leave_no_memory_behind() {
    const CHATS: usize = 1_500;
    let desk = Desk::start(&[]);
    let mut alice = desk.agent("alice");
    let mut chats = || {
        for _ in 0..CHATS {
            let mut customer = desk.customer("shop", json!({}));
            let conversation = customer.start(json!({"comment": "hello"}));
            alice.take(&conversation);
            ended_by(&mut alice, &conversation);
            alice.socket.all.clear();
            alice.socket.seen.clear();
        }
    };
    let resident_kib = || -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", desk.pid())).expect("running");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a figure");
        line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
    };
    // The first ones fill what is kept on purpose: pages of the store, tails, buffers.
    chats();
    let before = resident_kib();
    chats();
    let after = resident_kib();
    println!("{before} KiB after {CHATS} chats, {after} KiB after as many again");
    assert!(after < before + before / 10 + 1024, "{before} KiB, then {after} KiB");
}
