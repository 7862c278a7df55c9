//! The widget on the shop's page: by keyboard, on a phone, closed, invited, persistent.

use serde_json::{Value, json};

use crate::page::keys;
use crate::people::{Agent, Customer, FRAME};
use crate::support::{self, Desk};

/// An agent on a bare socket takes what is offered next; the conversation's id.
fn taken(agent: &mut support::Agent) -> String {
    let offer = agent.socket.of("notification");
    agent.socket.ok("shown", json!({"notification": offer["id"]}));
    agent.socket.ok("accept", json!({"notification": offer["id"]}));
    offer["conversation"].as_str().unwrap_or_default().to_string()
}

#[test]
fn the_launcher_counts_what_was_said_while_the_chat_is_small() {
    let desk = Desk::start(&[]);
    let mut bob = desk.agent("bob");
    let eva = Customer::at_the_shop(&desk);
    eva.start("Eva Smit", "Do you deliver?");
    let conversation = taken(&mut bob);
    eva.page.see_text(".p__who", "Bob");
    // Esc makes it small, and the focus is back on the launcher (REQ B-8).
    eva.page.chord(&[keys::ESCAPE]);
    eva.page.leave();
    eva.page.gone("deskbell-chat >>> iframe");
    bob.say(&conversation, "a1", "Yes.");
    bob.say(&conversation, "a2", "On Monday.");
    eva.page.see_text("deskbell-chat >>> button b", "2");
    // Another page of the shop: still listening, still counting.
    eva.page.press_text("a", "Lamps");
    eva.page.see_text("deskbell-chat >>> button b", "2");
    eva.open_chat();
    eva.hear("On Monday.");
    eva.page.leave();
    eva.page.gone("deskbell-chat >>> button b");
}

#[test]
fn the_sign_of_a_lost_line_is_drawn_though_nobody_can_be_asked_for_it() {
    let mut desk = Desk::start(&[]);
    let eva = Customer::at_the_shop(&desk);
    eva.start("Eva Smit", "Do you deliver?");
    eva.page.see_text(".p__log", "Do you deliver?");
    eva.page.forgive_outage();
    desk.kill();
    eva.page.see_text(".p__offline", "No connection.");
    let wide = "return document.querySelector('.p__offline use').getBBox().width;";
    eva.page.until("the symbol", || eva.page.run(wide, json!([])).as_f64().filter(|width| *width > 8.0));
}

#[test]
fn the_customer_ends_after_being_asked_and_can_begin_again() {
    let desk = Desk::start(&[]);
    let mut bob = desk.agent("bob");
    let eva = Customer::at_the_shop(&desk);
    eva.start("Eva Smit", "Do you deliver?");
    taken(&mut bob);
    eva.page.see_text(".p__who", "Bob");
    eva.page.press("button[aria-label='End chat']");
    eva.page.press_text("dialog button", "End chat");
    eva.page.see(".p__ended");
    bob.socket.wait("the line", |frame: &Value| frame["t"] == "message" && frame["code"] == "customer_ended");
    eva.page.press_text(".p__ended .p__go", "Start a new chat");
    eva.page.see("#f-comment");
}

#[test]
fn a_closed_branch_takes_a_message_and_says_when_it_answers() {
    // Sunday noon; open again on Monday at eight.
    let desk = Desk::start_with_desk(
        &[("mode = \"live\"\nqueue = \"front\"", "mode = \"live\"\nqueue = \"front\"\nhours = \"office\"")],
        &["--wall-clock", "2026-10-04T10:00:00Z"],
    );
    let eva = Customer::at_the_shop(&desk);
    eva.open_chat();
    eva.page.see_text(".p__status", "Monday 08:00");
    eva.page.write("#f-name", "Eva Smit");
    eva.page.write("#f-text", "Please call me about the chair.");
    eva.page.press(".p__pane .p__go");
    eva.page.see_text("#form-error", "Fill in this field");
    eva.page.picture("widget-closed");
    eva.page.write("#f-reach", "+31 6 8765 4321");
    eva.page.press(".p__pane .p__go");
    eva.page.see_text(".p__pane", "Reference");
    eva.page.see_text(".p__pane", "Monday 08:00");
}

#[test]
fn a_page_that_is_open_when_the_branch_closes_and_opens_follows_and_keeps_what_was_typed() {
    // A Friday, a minute and a half before closing at 17:30; a real second is twenty of the product's.
    let desk = Desk::start_with_desk(
        &[
            ("mode = \"live\"\nqueue = \"front\"", "mode = \"live\"\nqueue = \"front\"\nhours = \"office\""),
            ("fri = [\"08:00-17:30\"]", "fri = [\"08:00-17:30\", \"17:35-23:00\"]"),
        ],
        &["--wall-clock", "2026-10-02T15:27:30Z", "--clock-speed", "20"],
    );
    let page = crate::page::Browser::new(&desk);
    page.go("/widget/shop");
    page.write("#f-comment", "Is the lamp in stock?");
    page.see_text(".p__status", "Open until 17:30");
    page.see("#f-reach");
    page.see_text(".p__status", "Opens 17:35");
    assert_eq!(page.text("#f-text"), "Is the lamp in stock?");
    page.see_text(".p__status", "Open until 23:00");
    assert_eq!(page.text("#f-comment"), "Is the lamp in stock?");
}

#[test]
fn a_customer_has_her_copy_sent_to_an_address() {
    let smtp = support::smtp::Smtp::start(support::smtp::Lines::Clear);
    let mail = format!(
        "[mail]\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\nfrom = \"chat@branch.example\"\n[masking]",
        smtp.port
    );
    let desk = Desk::start_with_desk(&[("[masking]", &mail)], &[]);
    let mut bob = desk.agent("bob");
    let eva = Customer::at_the_shop(&desk);
    eva.start("Eva Smit", "Is the lamp in stock?");
    let conversation = taken(&mut bob);
    bob.say(&conversation, "b1", "Two of them.");
    eva.hear("Two of them.");
    bob.socket.ok("end", json!({"conversation": conversation}));
    eva.page.see("#f-copy");
    eva.page.write("#f-copy", "eva");
    eva.page.press_text(".p__mail button", "Send it by e-mail");
    eva.page.see_text("#form-error", "Look through your entries");
    eva.page.write("#f-copy", "@example.org");
    eva.page.picture("widget-copy-by-mail");
    eva.page.press_text(".p__mail button", "Send it by e-mail");
    eva.page.see_text(".p__ended", "A copy is on its way to eva@example.org.");
    assert_eq!(smtp.wait(1)[0].to, ["eva@example.org"]);
    assert!(smtp.wait(1)[0].text.contains("Bob"), "{:?}", smtp.wait(1));
}

#[test]
fn a_persistent_conversation_is_parked_comes_back_and_keeps_its_history() {
    // Monday ten o'clock.
    let desk = Desk::start(&["--wall-clock", "2026-10-05T08:00:00Z"]);
    let alice = Agent::signed_in(&desk, "alice");
    let jan = Customer { page: crate::page::Browser::new(&desk) };
    jan.page.go("/demo/portal");
    jan.open_chat();
    jan.page.see("#write");
    jan.say("Where is my globe lamp?");
    jan.sent("Where is my globe lamp?");
    assert!(!jan.page.shows("button[aria-label='End chat']"), "only the agent ends it (REQ S0-6)");
    alice.page.see(".alert");
    alice.page.press(".alert .btn--main");
    alice.hear("Where is my globe lamp?");
    alice.say("It leaves tomorrow.");
    jan.hear("It leaves tomorrow.");
    // ✖ parks it (REQ S0-12); the customer's next words bring it back (REQ S0-14).
    alice.page.press_text(".talk__acts .btn", "Park");
    alice.page.see_text(".sessions", "Waiting");
    alice.presence_becomes("Available");
    jan.reload();
    jan.hear("It leaves tomorrow.");
    jan.say("It has not come.");
    jan.sent("It has not come.");
    alice.page.see(".alert");
    alice.page.press(".alert .btn--main");
    alice.hear("It has not come.");
    alice.hear("Where is my globe lamp?");
}

/// What not every chat needs comes late and moves nothing: a bot's words are never seen with their choices as text, and
/// the log keeps its height while the rating comes.
#[test]
fn later_parts_of_the_chat_come_without_a_flicker() {
    let text = include_str!("../data/desk.example.toml");
    let text = text
        .replacen(
            "mode = \"live\"\n",
            "mode = \"live\"\nbot = \"guide\"\nbot_person_words = [\"Person\"]\n",
            1,
        )
        .replacen("offline_message = true", "offline_message = true\nrate_during_chat = true", 1)
        + include_str!("../data/bots.toml");
    let desk = Desk::start_with_text(&text, &["--wall-clock", "2026-10-05T08:00:00Z"]);
    let mut bob = desk.agent("bob");
    let eva = Customer::at_the_shop(&desk);
    let watch = || {
        eva.page.run(
            "window.seen = { texts: [], heights: [] };
             new MutationObserver(() => {
               for (const one of document.querySelectorAll('.them .p__text')) seen.texts.push(one.textContent);
               if (document.querySelector('.p__rate')) seen.heights.push(document.querySelector('.p__log').clientHeight);
             }).observe(document, { subtree: true, childList: true, characterData: true });",
            json!([]),
        );
    };
    eva.open_chat();
    eva.page.see("#f-name");
    watch();
    eva.page.write("#f-name", "Eva Smit");
    eva.page.write("#f-comment", "Hello");
    eva.page.press(".p__pane .p__go");
    eva.page.see_text(".p__choices button", "An invoice");
    eva.page.picture("widget-choices");
    let texts = eva.page.run("return seen.texts;", json!([])).to_string();
    assert!(texts.contains("What is it about?") && !texts.contains("2. An invoice"), "{texts}");

    // Anew in the middle: the last words come with their buttons or not at all.
    eva.reload();
    eva.page.see_text(".p__choices button", "An invoice");

    // Where the part cannot be had the words are there as the bot said them, and the buttons follow.
    eva.page.forgive("ERR_BLOCKED_BY_CLIENT");
    eva.page.devtools("Network.enable", json!({}));
    eva.page.devtools("Network.setBlockedURLs", json!({"urls": ["*page-choices*"]}));
    eva.reload();
    eva.page.see_text(".them .p__text", "2. An invoice");
    eva.page.devtools("Network.setBlockedURLs", json!({"urls": []}));
    eva.page.see_text(".p__choices button", "An invoice");

    watch();
    eva.say("Person");
    let offer = bob.socket.of("notification");
    bob.take_known(&offer);
    eva.page.see(".p__rate button:nth-of-type(5)");
    let heights = eva.page.run("return [...new Set(seen.heights)];", json!([]));
    assert_eq!(heights.as_array().map(Vec::len), Some(1), "the log moved: {heights}");
}

#[test]
fn on_a_phone_the_chat_is_the_whole_screen_and_the_page_behind_holds_still() {
    let desk = Desk::start(&[]);
    let mut bob = desk.agent("bob");
    let eva = Customer::at_the_shop(&desk);
    eva.page.size(390, 844, true);
    eva.page.reload();
    eva.start("Eva Smit", "Do you deliver?");
    taken(&mut bob);
    eva.page.leave();
    let frame = eva.page.run(
        "const box = document.querySelector('deskbell-chat').shadowRoot.querySelector('iframe').getBoundingClientRect();
         return [box.left, box.top, box.width, box.height, getComputedStyle(document.documentElement).overflowY];",
        json!([]),
    );
    assert_eq!(frame, json!([0, 0, 390, 844, "hidden"]));
    assert!(!eva.page.shows("deskbell-chat >>> button[aria-expanded]"), "nothing lies over the chat");
}

#[test]
fn two_tabs_of_one_customer_show_the_same_conversation() {
    let desk = Desk::start(&[]);
    let mut bob = desk.agent("bob");
    let eva = Customer::at_the_shop(&desk);
    eva.start("Eva Smit", "Do you deliver?");
    let conversation = taken(&mut bob);
    eva.page.see_text(".p__who", "Bob");
    eva.page.leave();
    let (first, _second) = eva.page.new_tab();
    eva.page.go("/demo/product/chair");
    eva.page.enter(FRAME);
    eva.page.see_text(".me .p__text", "Do you deliver?");
    eva.say("On Saturdays too?");
    eva.sent("On Saturdays too?");
    bob.say(&conversation, "b1", "Yes.");
    eva.hear("Yes.");
    let here = eva.reads();
    eva.page.turn_to(&first);
    eva.page.enter(FRAME);
    eva.hear("Yes.");
    assert_eq!(eva.reads(), here);
    assert_eq!(here.len(), 3, "each once: {here:?}");
}

#[test]
fn who_waits_is_told_her_place_and_moves_up() {
    let desk = Desk::start(&[]);
    let mut bob = desk.agent("bob");
    bob.socket.ok("presence", json!({"status": "do_not_disturb"}));
    let mut other = desk.customer("shop", json!({}));
    other.start(json!({"name": "Tom Bakker", "comment": "Hello?"}));
    let eva = Customer::at_the_shop(&desk);
    eva.start("Eva Smit", "Do you deliver?");
    eva.page.see_text(".p__status", "2");
    eva.page.picture("widget-queue");
    other.socket.ok("end", json!({}));
    eva.page.see_text(".p__status", "1");
    bob.socket.ok("presence", json!({"status": "available"}));
    taken(&mut bob);
    eva.page.see_text(".p__who", "Bob");
}

#[test]
fn a_text_is_counted_near_its_limit_and_not_sent_beyond_it() {
    let desk = Desk::start(&[]);
    let mut bob = desk.agent("bob");
    let eva = Customer::at_the_shop(&desk);
    eva.start("Eva Smit", "Do you deliver?");
    taken(&mut bob);
    eva.page.see_text(".p__who", "Bob");
    eva.page.paste("#write", &"x".repeat(899));
    assert!(!eva.page.shows("#count:not(:empty)"), "no counter while there is room");
    eva.page.paste("#write", &"x".repeat(102));
    eva.page.see_text("#count.over", "1001 / 1000");
    eva.page.see(".p__send:disabled");
    // The page anew: what was typed is still there, once the site's page has had a moment to keep it.
    eva.page.leave();
    eva.page.until("the text to be kept", || {
        let kept = eva.page.run("return localStorage.getItem('deskbell:shop');", json!([]));
        kept.as_str().is_some_and(|kept| kept.contains(&"x".repeat(1001))).then_some(())
    });
    eva.reload();
    eva.page.see_text("#count.over", "1001 / 1000");
    eva.page.write("#write", keys::BACKSPACE);
    eva.page.press(".p__send");
    eva.sent(&"x".repeat(1000));
}

#[test]
fn consent_is_asked_before_a_chat_where_the_desk_requires_it() {
    let desk = Desk::start_with_desk(&[("consent = \"none\"", "consent = \"required\"")], &[]);
    let _bob = desk.agent("bob");
    let eva = Customer::at_the_shop(&desk);
    eva.open_chat();
    eva.page.write("#f-comment", "Do you deliver?");
    eva.page.see_text(".p__pane .tick", "Chats may be stored and read by a supervisor.");
    eva.page.press(".p__pane .p__go");
    eva.page.see_text("#form-error", "Tick the box");
    eva.page.press(".tick");
    eva.page.press(".p__pane .p__go");
    eva.page.see_text(".me .p__text", "Do you deliver?");
    eva.sent("Do you deliver?");
}

#[test]
fn a_question_with_options_is_asked_as_a_choice_in_the_customers_language() {
    let asked = r#"prechat = [{ id = "topic", label = "Topic", kind = "choice", required = true, options = [{ en = "A repair", nl = "Reparatie", da = "Reparation" }, { en = "Returns", nl = "Retour" }] }]"#;
    let plain =
        r#"prechat = [{ id = "comment", label = "What is it about?", kind = "text", required = false }]"#;
    // A Danish customer of a Dutch branch: what is not in Danish is Dutch.
    let desk = Desk::start_with_desk(&[(plain, asked), ("locale = \"en\"", "locale = \"nl\"")], &[]);
    let mut bob = desk.agent("bob");
    let eva = Customer::at_the_shop(&desk);
    eva.page.run("document.documentElement.lang = 'da';", json!([]));
    eva.open_chat();
    eva.page.see("select#f-topic");
    let options = eva
        .page
        .run("return [...document.querySelectorAll('#f-topic option')].map((one) => one.text);", json!([]));
    assert_eq!(options, json!(["", "Reparation", "Retour"]));
    eva.page.press(".p__pane .p__go");
    eva.page.see("#form-error");
    eva.page.write("#f-topic", "Retour");
    eva.page.press(".p__pane .p__go");
    taken(&mut bob);
    let session = bob.socket.of("session");
    let answer = &session["answers"][0];
    assert_eq!((&answer["id"], &answer["value"]), (&json!("topic"), &json!("Retour")), "{session}");

    // Nothing else than what is offered, whatever a page sends.
    for wrong in ["retour", "[object Object]"] {
        let mut other = desk.customer("shop", json!({}));
        assert_eq!(other.socket.refused("start", json!({"answers": {"topic": wrong}})), "bad_request");
    }
}
