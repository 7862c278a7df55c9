//! The agent's desktop: alerts by keyboard, the box to write in, presence, banners, themes, tabs, outages.

use serde_json::{Value, json};

use crate::notices;
use crate::page::keys;
use crate::people::Agent;
use crate::support::{self, Desk};

/// A customer on a bare socket who has asked for somebody; the conversation's id.
fn waiting(desk: &Desk, name: &str, comment: &str) -> (support::Customer, String) {
    let mut customer = desk.customer("shop", json!({}));
    let conversation = customer.start(json!({"name": name, "comment": comment}));
    (customer, conversation)
}

/// The text of the next message of an agent.
fn answer(customer: &mut support::Customer) -> String {
    let frame = customer.socket.wait("an agent's words", |frame: &Value| {
        frame["t"] == "message" && frame["from"]["kind"] == "agent"
    });
    frame["text"].as_str().unwrap_or_default().to_string()
}

#[test]
fn the_top_alert_is_accepted_and_rejected_by_keyboard_while_its_time_runs() {
    let desk = Desk::start(&[]);
    let alice = Agent::signed_in(&desk, "alice");
    let (_eva, _) = waiting(&desk, "Eva Smit", "Do you deliver?");
    alice.page.see_text(".alert h2", "Eva Smit");
    let seconds = |alice: &Agent| -> u32 {
        let text = alice.page.text(".alert bell-ring");
        text.trim_end_matches(" s").parse().unwrap_or_else(|_| panic!("seconds in {text:?}"))
    };
    let first = seconds(&alice);
    assert!((60..=90).contains(&first), "{first} of 90 s are left");
    alice.page.until("a second to pass", || (seconds(&alice) < first).then_some(()));
    alice.page.chord(&[keys::ALT, "a"]);
    alice.opened("Eva Smit");
    alice.page.gone(".alert");

    // Rejected: a banner, Do not disturb, and the way back (REQ S2-35, S2-25).
    let (_tom, _) = waiting(&desk, "Tom Bakker", "Hello?");
    alice.page.see_text(".alert h2", "Tom Bakker");
    alice.page.chord(&[keys::ALT, "r"]);
    alice.page.see_text(".banner", "rejected");
    alice.presence_becomes("Do not disturb");
    alice.page.gone(".alert");
    alice.page.press_text(".banner button", "Set Available");
    alice.page.gone(".banner");
    alice.presence_becomes("Busy");
}

#[test]
fn enter_sends_shift_enter_breaks_the_line_and_the_counter_holds_at_a_thousand() {
    let desk = Desk::start(&[]);
    let alice = Agent::signed_in(&desk, "alice");
    let (mut eva, _) = waiting(&desk, "Eva Smit", "Do you deliver?");
    alice.accept("Eva Smit");
    alice
        .page
        .write("#reply", &format!("On Monday,{}{}{}in the morning.", keys::SHIFT, keys::ENTER, keys::SHIFT));
    alice.page.write("#reply", keys::ENTER);
    assert_eq!(answer(&mut eva), "On Monday,\nin the morning.");

    // Scalar values are counted, not code units (REQ S3-10, D-14).
    alice.page.paste("#reply", &format!("{}\u{1F514}", "x".repeat(998)));
    assert_eq!(alice.page.text("#reply-count"), "999/1000");
    alice.page.paste("#reply", "yz");
    assert_eq!(alice.page.text("#reply-count"), "1001/1000");
    alice.page.see(".compose button.btn--main:disabled");
    alice.page.write("#reply", keys::ENTER);
    alice.page.see_text(".compose__error", "At most 1000 characters");
    alice.page.write("#reply", keys::BACKSPACE);
    alice.page.press(".compose button.btn--main");
    assert_eq!(answer(&mut eva), format!("{}\u{1F514}y", "x".repeat(998)));
}

#[test]
fn reserved_characters_are_refused_with_the_reason_and_the_text_stays() {
    let desk = Desk::start(&[]);
    let alice = Agent::signed_in(&desk, "alice");
    let (mut eva, _) = waiting(&desk, "Eva Smit", "Do you deliver?");
    alice.accept("Eva Smit");
    alice.page.write("#reply", "The price is <b>89</b>");
    alice.page.write("#reply", keys::ENTER);
    alice.page.see_text(".compose__error", "reserved for template parameters");
    assert_eq!(alice.page.text("#reply"), "The price is <b>89</b>");
    assert!(alice.page.texts(".said--us .bub").is_empty(), "nothing was sent");
    // What a customer writes with them is text and nothing else.
    eva.say("c1", "<img src=x onerror=alert(1)> <b>bold</b>");
    alice.hear("<img src=x onerror=alert(1)> <b>bold</b>");
    assert!(!alice.page.shows(".said img, .said b"), "a customer's text never becomes markup");
}

#[test]
fn bubbles_are_grey_with_initials_for_the_customer_and_solid_blue_for_the_agent() {
    let desk = Desk::start(&[]);
    let alice = Agent::signed_in(&desk, "alice");
    let (_eva, _) = waiting(&desk, "Eva Smit", "Do you deliver?");
    alice.accept("Eva Smit");
    alice.say("Yes.");
    alice.sent("Yes.");
    let theirs = rgb(&alice.page.style(".said:not(.said--us) .bub", "background-color"));
    let ours = rgb(&alice.page.style(".said--us .bub", "background-color"));
    assert!(theirs.iter().max().unwrap() - theirs.iter().min().unwrap() < 16, "grey: {theirs:?}");
    assert!(ours[2] > ours[0] + 80 && ours[2] > ours[1] + 40, "blue: {ours:?}");
    assert_eq!(alice.page.text(".said:not(.said--us) .avatar"), "ES");
}

/// Red, green and blue of a computed colour; a colour with transparency is no solid one.
fn rgb(colour: &str) -> [i32; 3] {
    let parts: Vec<i32> = colour
        .strip_prefix("rgb(")
        .and_then(|rest| rest.strip_suffix(')'))
        .unwrap_or_else(|| panic!("a solid colour, not {colour:?}"))
        .split(',')
        .map(|part| part.trim().parse().expect("a number"))
        .collect();
    [parts[0], parts[1], parts[2]]
}

#[test]
fn the_presence_menu_says_since_when_and_who_set_it() {
    let desk = Desk::start(&[]);
    let alice = Agent::signed_in(&desk, "alice");
    alice.page.press("#presence");
    alice.page.see_text(".menu__head", "follows your load");
    alice.page.press_text(".menu [role=menuitemradio]", "Lunch");
    alice.presence_becomes("Lunch");
    alice.page.press("#presence");
    alice.page.see_text(".menu__head", "set by you");
    alice.page.chord(&[keys::ESCAPE]);
    alice.page.gone(".menu");

    let mut sofie = desk.agent("sofie");
    sofie.socket.ok("reset_presence", json!({"agent": "alice", "status": "available"}));
    alice.presence_becomes("Available");
    alice.page.press("#presence");
    alice.page.see_text(".menu__head", "set by Sofie Lund");
    assert!(!alice.page.texts(".menu [role=menuitemradio]").contains(&"Inactive".to_string()), "REQ D-4");
}

#[test]
fn a_customer_who_ends_is_told_to_the_agent_who_then_wraps_up() {
    let desk = Desk::start(&[]);
    let alice = Agent::signed_in(&desk, "alice");
    let (mut eva, _) = waiting(&desk, "Eva Smit", "Do you deliver?");
    alice.accept("Eva Smit");
    eva.socket.ok("end", json!({}));
    alice.page.see_text(".sys", "Customer has ended the conversation");
    alice.page.see_text(".instead", "Customer has ended the conversation");
    assert!(!alice.page.shows("#reply"), "there is nothing more to write");
    alice.page.see_text(".sessions .row", "wrap-up due");
    alice.page.press("#instead");
    // A reason is required: without one the button is off (REQ S3-39).
    alice.page.see("dialog .btn--main:disabled");
    alice.wrap_up("sol", "Solved", "");
    alice.page.gone(".sessions .row");
    alice.presence_becomes("Available");
}

#[test]
fn a_missed_alert_makes_a_banner_and_inactive_until_the_agent_is_back() {
    let desk = Desk::start_with_desk(&[("timeout_s = 90", "timeout_s = 5")], &[]);
    let alice = Agent::signed_in(&desk, "alice");
    let (_eva, _) = waiting(&desk, "Eva Smit", "Do you deliver?");
    alice.page.see_text(".alert h2", "Eva Smit");
    alice.page.see_text(".banner", "You missed a request");
    alice.presence_becomes("Inactive");
    alice.page.gone(".alert");
    alice.page.press("#presence");
    alice.page.see_text(".menu__head", "missed request");
    alice.page.chord(&[keys::ESCAPE]);
    alice.page.press_text(".banner button", "Set Available");
    alice.page.gone(".banner");
    alice.presence_becomes("Available");
}

#[test]
fn text_written_while_the_box_is_down_is_kept_over_a_reload_and_sent_once() {
    let mut desk = Desk::start(&[]);
    let alice = Agent::signed_in(&desk, "alice");
    let (mut eva, conversation) = waiting(&desk, "Eva Smit", "Do you deliver?");
    alice.accept("Eva Smit");
    alice.say("One moment.");
    assert_eq!(answer(&mut eva), "One moment.");
    let resume = eva.resume();

    alice.page.forgive_outage();
    desk.stop();
    alice.page.see_text(".banner", "No connection to the box.");
    alice.say("On Monday.");
    alice.say("In the morning.");
    alice.page.see_text(".said--out .bub", "In the morning.");
    alice.page.write("#reply", "And in the aft");
    desk.start_again();
    alice.page.reload();
    alice.open("Eva Smit");
    alice.sent("In the morning.");
    assert_eq!(alice.page.text("#reply"), "And in the aft", "the draft is kept");

    let eva = desk.customer("shop", json!({"resume": resume}));
    let said: Vec<&str> = eva.welcome["messages"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|message| message["conversation"] == *conversation && message["from"]["kind"] == "agent")
        .filter_map(|message| message["text"].as_str())
        .collect();
    assert_eq!(said, ["One moment.", "On Monday.", "In the morning."]);
}

#[test]
fn drafts_stay_with_their_session_and_over_a_reload_and_unread_ones_light_up() {
    let desk = Desk::start(&[]);
    let alice = Agent::signed_in(&desk, "alice");
    let (mut eva, _) = waiting(&desk, "Eva Smit", "Do you deliver?");
    alice.accept("Eva Smit");
    alice.page.write("#reply", "For Eva");
    let (_tom, _) = waiting(&desk, "Tom Bakker", "Hello?");
    alice.accept("Tom Bakker");
    alice.page.write("#reply", "For Tom");
    eva.say("c1", "Are you there?");
    eva.say("c2", "Hello?");
    alice.page.see_text(".sessions .row--unread", "Eva Smit");
    assert_eq!(alice.page.text(".sessions .row--unread .pill"), "2");
    alice.page.until("the count in the title", || {
        let title = alice.page.run("return document.title;", json!([]));
        title.as_str().unwrap_or_default().starts_with("(2)").then_some(())
    });

    // Alt+1 opens the first (REQ B-8).
    alice.page.chord(&[keys::ALT, "1"]);
    alice.opened("Eva Smit");
    assert_eq!(alice.page.text("#reply"), "For Eva");
    alice.page.gone(".sessions .row--unread");
    alice.page.reload();
    for (name, draft) in [("Tom Bakker", "For Tom"), ("Eva Smit", "For Eva")] {
        alice.open(name);
        alice.page.see_text("#reply", draft);
    }
}

#[test]
fn the_desk_sets_the_theme_and_the_agent_may_follow_the_system() {
    let dark = Desk::start_with_desk(&[("theme = \"light\"", "theme = \"dark\"")], &[]);
    let alice = Agent::signed_in(&dark, "alice");
    let ground = |alice: &Agent| rgb(&alice.page.style("body", "background-color")).iter().sum::<i32>();
    assert!(ground(&alice) < 120, "the desk says dark");
    alice.page.press("#account");
    alice.page.press_text(".menu [role=menuitemradio]", "System");
    alice.page.until("light, as the system", || (ground(&alice) > 600).then_some(()));
    alice.page.system_is_dark(true);
    alice.page.until("dark, as the system", || (ground(&alice) < 120).then_some(()));
    alice.page.press("#account");
    alice.page.press_text(".menu [role=menuitemradio]", "Light");
    alice.page.until("light, by choice", || (ground(&alice) > 600).then_some(()));
    alice.page.reload();
    alice.page.see("#presence");
    assert!(ground(&alice) > 600, "the choice is kept");
}

#[test]
fn two_tabs_of_one_agent_show_the_same_conversation() {
    let desk = Desk::start(&[]);
    let alice = Agent::signed_in(&desk, "alice");
    let (mut eva, _) = waiting(&desk, "Eva Smit", "Do you deliver?");
    alice.page.see_text(".alert h2", "Eva Smit");
    let (first, second) = alice.page.new_tab();
    alice.page.go("/agent/");
    // Signed in already; the request rings in both, and accepting in one ends it in the other.
    alice.accept("Eva Smit");
    alice.say("Yes, on Monday.");
    alice.sent("Yes, on Monday.");
    assert_eq!(answer(&mut eva), "Yes, on Monday.");
    alice.page.turn_to(&first);
    alice.page.gone(".alert");
    alice.open("Eva Smit");
    alice.sent("Yes, on Monday.");
    alice.say("Shall I book it?");
    assert_eq!(answer(&mut eva), "Shall I book it?");
    alice.page.turn_to(&second);
    alice.sent("Shall I book it?");
    let said = alice.reads();
    assert_eq!(said.iter().filter(|text| *text == "Shall I book it?").count(), 1, "{said:?}");
}

#[test]
fn a_wrong_password_is_named_and_an_ended_sign_in_leads_back() {
    let desk = Desk::start(&[]);
    let alice = Agent { page: crate::page::Browser::new(&desk) };
    alice.page.forgive("401");
    alice.page.go("/agent/");
    alice.page.write("#username", "alice");
    alice.page.write("#password", "not this");
    alice.page.press(".signin__in .btn--main");
    alice.page.see_text(".signin__fault", "not right");
    alice.page.write("#password", &format!("{0}a{0}alice-demo-pass", keys::CONTROL));
    alice.page.press(".signin__in .btn--main");
    alice.page.see("#presence");
    alice.page.press("#account");
    alice.page.press_text(".menu [role=menuitem]", "Sign out");
    alice.page.see("#username");
    alice.page.reload();
    alice.page.see("#username");
}

#[test]
fn the_palette_finds_a_session_and_quick_replies_fill_in_the_names() {
    let desk = Desk::start(&[]);
    let alice = Agent::signed_in(&desk, "alice");
    let (mut eva, _) = waiting(&desk, "Eva Smit", "Do you deliver?");
    alice.accept("Eva Smit");
    alice.page.write("#reply", "/hi");
    alice.page.see_text("#quick li", "Hello Eva Smit, this is Alice Jansen.");
    alice.page.write("#reply", keys::ENTER);
    alice.page.see_text("#reply", "Hello Eva Smit");
    alice.page.write("#reply", keys::ENTER);
    assert_eq!(answer(&mut eva), "Hello Eva Smit, this is Alice Jansen. How can I help?");

    let (_tom, _) = waiting(&desk, "Tom Bakker", "Hello?");
    alice.accept("Tom Bakker");
    alice.page.chord(&[keys::CONTROL, "k"]);
    alice.page.see("dialog input");
    alice.page.write("dialog input", "eva");
    alice.page.see_text("dialog [role=option]", "Eva");
    alice.page.write("dialog input", keys::ENTER);
    alice.opened("Eva Smit");
}

#[test]
fn signing_out_in_one_tab_ends_the_other() {
    let desk = Desk::start(&[]);
    let alice = Agent::signed_in(&desk, "alice");
    // The other tab asks, and hears 401: what it was signed in with is gone.
    alice.page.forgive("401");
    alice.page.forgive_outage();
    let (first, _second) = alice.page.new_tab();
    alice.page.go("/agent/");
    alice.page.see("#presence");
    alice.page.press("#account");
    alice.page.press_text(".menu [role=menuitem]", "Sign out");
    alice.page.see("#username");
    alice.page.turn_to(&first);
    alice.page.see_text(".signin__note", "Your sign-in has ended.");
}

#[test]
fn a_request_behind_another_tab_becomes_a_desktop_notification_with_both_buttons() {
    let desk = Desk::start(&[]);
    let alice = Agent::signed_in(&desk, "alice");
    alice.page.until("the worker", || {
        let ready = alice.page.run("return Boolean(navigator.serviceWorker.controller);", json!([]));
        (ready == true).then_some(())
    });
    notices::watch_notifications(&alice.page);
    let (first, _second) = alice.page.new_tab();
    alice.page.go("/demo/");
    let (_eva, _) = waiting(&desk, "Eva Smit", "My card is 4111 1111 1111 1111.");
    notices::stands(&alice.page, "Chat from Eva Smit");
    let shown = notices::shown(&alice.page).into_iter().next().expect("it stands");
    assert_eq!(shown["title"], "Chat from Eva Smit");
    assert_eq!(shown["actions"], json!([["accept", "Accept"], ["reject", "Reject"]]));
    let body = shown["body"].as_str().unwrap_or_default();
    assert!(body.contains("************1111") && !body.contains("4111"), "masked (REQ S3-17): {body}");
    assert!(!body.contains(':') || !body.contains(" s"), "no time runs on it (REQ S2-10): {body}");
    // Taken elsewhere, it goes.
    alice.page.turn_to(&first);
    alice.accept("Eva Smit");
    alice.page.until("its end", || notices::shown(&alice.page).is_empty().then_some(()));
}

#[test]
fn a_transfer_goes_to_an_available_colleague_and_then_asks_for_the_reason() {
    let desk = Desk::start(&[]);
    let alice = Agent::signed_in(&desk, "alice");
    let (_eva, conversation) = waiting(&desk, "Eva Smit", "About my invoice");
    alice.accept("Eva Smit");
    let mut bob = desk.agent("bob");
    let mut sofie = desk.agent("sofie");
    sofie.socket.ok("presence", json!({"status": "away"}));

    alice.page.press_text(".talk__acts .btn", "Transfer");
    alice.page.see_text("#options li", "Bob");
    assert!(!alice.page.texts("#options li").iter().any(|row| row.contains("Sofie")), "only available ones");
    sofie.socket.ok("presence", json!({"status": "available"}));
    alice.page.press_text("dialog .find button", "Reload");
    alice.page.see_text("#options li", "Sofie");
    alice.page.write("dialog .find input", "bob");
    alice.page.until("one target", || (alice.page.texts("#options li").len() == 1).then_some(()));
    alice.page.write("dialog .find input", keys::ENTER);
    alice.page.see_text("dialog .dlg__f", "stays with you until");
    alice.page.press("dialog .dlg__f .btn--main");
    alice.wrap_up("sol", "Solved", "Knows the invoice number.");

    // She keeps the conversation until he accepts (REQ D-9).
    let offer = bob.socket.of("notification");
    assert_eq!(offer["kind"], "transfer");
    assert_eq!(offer["conversation"], *conversation);
    alice.page.see(".sessions .row");
    bob.socket.ok("shown", json!({"notification": offer["id"]}));
    bob.socket.ok("accept", json!({"notification": offer["id"]}));
    alice.page.gone(".sessions .row");
}

#[test]
fn on_a_tablet_the_panes_are_pages() {
    let desk = Desk::start(&[]);
    let alice = Agent::signed_in(&desk, "alice");
    alice.page.size(820, 1180, true);
    alice.page.reload();
    alice.page.see(".pages");
    let (_eva, _) = waiting(&desk, "Eva Smit", "Do you deliver?");
    alice.page.see_text(".alert h2", "Eva Smit");
    alice.page.press(".alert .btn--main");
    alice.opened("Eva Smit");
    assert!(!alice.page.shows(".sessions .row"), "one page at a time");
    alice.page.press_text(".pages button", "Customer");
    alice.page.see_text(".cust__who h2", "Eva Smit");
    alice.page.press_text(".pages button", "Sessions");
    alice.open("Eva Smit");
    let wide = alice.page.run("return document.documentElement.scrollWidth;", json!([]));
    assert_eq!(wide, 820, "nothing is cut off at the side");
}

#[test]
fn a_long_conversation_keeps_only_what_is_near_in_the_page_and_reads_back_to_its_start() {
    let desk = Desk::start(&[]);
    let alice = Agent::signed_in(&desk, "alice");
    let (mut eva, conversation) = waiting(&desk, "Eva Smit", "number 1");
    alice.accept("Eva Smit");
    // An agent may say more in a row than a customer; one of her sockets does it here.
    let mut other = desk.agent("alice");
    for at in 2..=160 {
        let text = format!("number {at}");
        let id = format!("n{at}");
        let answer =
            other.socket.ask("message", json!({"conversation": conversation, "client_id": id, "text": text}));
        if answer["code"] == "rate_limited" {
            std::thread::sleep(std::time::Duration::from_millis(
                answer["retry_after_ms"].as_u64().unwrap_or(50),
            ));
            other.say(&conversation, &id, &text);
        }
    }
    eva.say("last", "That is all.");
    alice.hear("That is all.");
    alice.page.reload();
    alice.open("Eva Smit");
    alice.hear("That is all.");
    alice.page.until("the very first words", || {
        alice.page.run("document.querySelector('.log').scrollTop = 0;", json!([]));
        alice
            .page
            .shows(".said:not(.said--us) .bub")
            .then(|| alice.reads())
            .filter(|said| said[0] == "number 1")
    });
    let rows = alice.page.run("return document.querySelectorAll('.log .said').length;", json!([]));
    assert!(rows.as_u64().is_some_and(|rows| rows < 140), "{rows} of 161 messages are in the page");
    alice.page.press("#jump");
    alice.hear("That is all.");
    let said = alice.reads();
    assert_eq!(said.last().map(String::as_str), Some("That is all."));
}

#[test]
fn a_conference_says_who_joined_and_its_end_asks_for_the_reason() {
    let desk = Desk::start(&[]);
    let alice = Agent::signed_in(&desk, "alice");
    let (_eva, conversation) = waiting(&desk, "Eva Smit", "About my invoice");
    alice.accept("Eva Smit");
    let mut bob = desk.agent("bob");
    alice.page.press_text(".talk__acts .btn", "Conference");
    alice.page.see_text("#options li", "Bob");
    alice.page.write("dialog .find input", keys::ENTER);
    alice.page.press("dialog .dlg__f .btn--main:not(:disabled)");
    alice.page.gone("dialog");
    let offer = bob.socket.of("notification");
    assert_eq!(offer["kind"], "conference");
    bob.socket.ok("shown", json!({"notification": offer["id"]}));
    bob.socket.ok("accept", json!({"notification": offer["id"]}));
    alice.page.see_text(".sys", "Bob");
    alice.page.see_text(".sessions .row", "Conference");
    bob.say(&conversation, "b1", "I have the invoice here.");
    alice.page.see_text(".said--us .bub", "I have the invoice here.");
    alice.page.press_text(".talk__acts .btn--end", "End conference");
    alice.page.press("dialog .btn--danger");
    alice.wrap_up("sol", "Solved", "");
    bob.socket.wait("the end", |frame: &Value| {
        frame["t"] == "session_closed" || (frame["t"] == "session_state" && frame["state"] == "wrap_up")
    });
}

#[test]
fn a_case_comes_as_a_toast_that_opens_it_and_cannot_be_refused() {
    let desk = Desk::start(&[]);
    let sofie = Agent::signed_in(&desk, "sofie");
    let body = json!({"workstream": "cases", "external_id": "C-17", "title": "Broken chair leg",
        "customer": {"name": "Eva Smit", "phone": "+31 6 8765 4321"}});
    let headers = [("authorization", "Bearer crm-demo-token"), ("content-type", "application/json")];
    let made = desk.http("POST", "/api/v1/work-items", &headers, &body.to_string());
    assert_eq!(made.status, 201, "{}", made.body);
    sofie.page.see_text(".toast h2", "Broken chair leg");
    assert!(!sofie.page.texts(".toast button").iter().any(|name| name.contains("Reject")), "REQ S2-21");
    sofie.page.press(".toast .alert__acts button");
    sofie.page.see_text(".talk__head", "Eva Smit");
    sofie.page.gone(".toast");
}
