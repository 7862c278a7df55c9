//! Invitations as a visitor meets them, and the script interface of the page around them (REQ S1-4 to S1-9, S1-14).

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::page::{Browser, keys};
use crate::people::{Agent, Customer, FRAME};
use crate::support::Desk;

const CARD: &str = "deskbell-chat >>> section";
const MOMENT: Duration = Duration::from_millis(1500);

/// The example's desk on a Monday morning, with other rules for the shop.
fn with_rules(rules: &str, options: &[&str]) -> Desk {
    let text = include_str!("../data/desk.example.toml");
    let at = text.find("[[widget.proactive.rule]]").expect("the example's rule");
    let end = at + text[at..].find("\n[[widget]]").expect("the next widget");
    let text = format!("{}{rules}{}", &text[..at], &text[end..]);
    let options: Vec<&str> =
        ["--wall-clock", "2026-10-05T08:00:00Z"].into_iter().chain(options.iter().copied()).collect();
    Desk::start_with_text(&text, &options)
}

fn rule(id: &str, page: &str, more: &str) -> String {
    format!("[[widget.proactive.rule]]\nid = \"{id}\"\ntext = \"Rule {id}?\"\nwhere = [\"{page}\"]\n{more}\n")
}

/// What came of a rule today.
fn figures(desk: &Desk, rule: &str) -> Value {
    let bearer = format!("Bearer {}", desk.login("sofie"));
    let reply = desk.http("GET", "/api/v1/invites", &[("authorization", &bearer)], "").json();
    let found = reply["rules"].as_array().into_iter().flatten().find(|one| one["rule"] == rule);
    found.expect("the rule")["days"][0].clone()
}

#[test]
fn an_invitation_is_shown_accepted_and_only_then_rings_at_the_desk() {
    let desk = Desk::start_with_desk(
        &[
            ("min_seconds_on_page = 20", "min_seconds_on_page = 1"),
            ("where = [\"/product/*\"]", "where = [\"/demo/product/*\"]"),
        ],
        &["--wall-clock", "2026-10-05T08:00:00Z"],
    );
    let mut bob = desk.agent("bob");
    let eva = Customer { page: crate::page::Browser::new(&desk) };
    eva.page.go("/demo/product/lamp");
    eva.page.see_text("deskbell-chat >>> section", "can we help you choose?");
    eva.page.picture("widget-invitation");
    assert!(
        bob.socket
            .find(std::time::Duration::from_millis(300), &|frame| frame["t"] == "notification")
            .is_none(),
        "nobody is told of an invitation (REQ S1-10)"
    );
    eva.page.press_text("deskbell-chat >>> section button", "Chat");
    let offer = bob.socket.of("notification");
    assert_eq!(offer["proactive"], true);
}

/// REQ S1-7, S1-8: hers to close, by pointer or keyboard, and over by itself; nobody at the desk hears of it.
#[test]
fn an_invitation_is_closed_by_the_visitor_or_by_its_minute() {
    let rules = [("lamp", 1), ("chair", 1), ("globe", 1)]
        .map(|(page, s)| rule(page, &format!("/demo/product/{page}"), &format!("min_seconds_on_page = {s}")));
    // A minute is six seconds here.
    let desk = with_rules(&rules.concat(), &["--clock-speed", "10"]);
    let mut bob = desk.agent("bob");
    let page = Browser::new(&desk);
    page.go("/demo/product/lamp");
    page.see_text(CARD, "Rule lamp?");
    page.press("deskbell-chat >>> section .x");
    page.gone(CARD);
    page.until("closed", || (figures(&desk, "lamp")["closed"] == 1).then_some(()));
    page.reload();
    page.see("deskbell-chat >>> button[aria-expanded]");
    std::thread::sleep(MOMENT);
    assert!(!page.shows(CARD), "not again for a day");

    page.go("/demo/product/chair");
    page.see_text(CARD, "Rule chair?");
    page.run(
        "document.querySelector('deskbell-chat').shadowRoot.querySelector('section button').focus();",
        json!([]),
    );
    page.chord(&[keys::ESCAPE]);
    page.gone(CARD);
    page.until("closed", || (figures(&desk, "chair")["closed"] == 1).then_some(()));

    page.go("/demo/product/globe");
    page.see_text(CARD, "Rule globe?");
    let seen = Instant::now();
    page.gone(CARD);
    assert!(seen.elapsed() > Duration::from_secs(4), "gone after {:?}", seen.elapsed());
    page.until("expired", || (figures(&desk, "globe")["expired"] == 1).then_some(()));
    bob.socket.never("a notification (REQ S1-10)", Duration::from_millis(300), |f| f["t"] == "notification");
}

/// An invitation that is over by the time it is taken up: the customer gets the ordinary chat, and no mark lies about it.
#[test]
fn an_invitation_taken_up_too_late_leads_to_the_ordinary_chat() {
    let desk = with_rules(&rule("late", "/demo/*", "min_seconds_on_page = 2"), &[]);
    let mut bob = desk.agent("bob");
    let eva = Customer::at_the_shop(&desk);
    eva.page.run(
        "const ask = window.fetch;
         window.fetch = async (...given) => {
           const answer = await ask(...given);
           if (answer.status === 201) window.invite = (await answer.clone().json()).invite;
           return answer;
         };",
        json!([]),
    );
    eva.page.see_text(CARD, "Rule late?");
    let invite = eva.page.run("return window.invite;", json!([]));
    let over = format!("/api/v1/invites/{}/dismiss", invite.as_str().expect("an invitation"));
    assert_eq!(desk.http("POST", &over, &[], "").status, 204);
    eva.page.press_text("deskbell-chat >>> section button", "Chat");
    let offer = bob.socket.of("notification");
    assert_eq!(offer["proactive"], false, "{offer}");
    bob.take_known(&offer);
    eva.page.enter(FRAME);
    eva.page.see_text(".p__who", "Bob");
}

/// REQ S1-14: what a page can do by script, and what it hears.
#[test]
fn a_page_invites_opens_closes_and_listens_by_script() {
    let desk = with_rules("", &[]);
    let mut bob = desk.agent("bob");
    let eva = Customer::at_the_shop(&desk);
    eva.page.run(
        "window.heard = [];
         for (const name of ['ready', 'message', 'closed', 'unread', 'error'])
           addEventListener(`deskbell:${name}`, ({ detail }) => heard.push([name, detail]));
         deskbell.setContextProvider(() => ({ basket: 3 }));
         deskbell.startProactiveChat({ message: 'May <b>we</b> help?' });",
        json!([]),
    );
    eva.page.see_text(CARD, "May <b>we</b> help?");
    bob.socket.never("a notification (REQ S1-10)", Duration::from_millis(300), |f| f["t"] == "notification");
    eva.page.press_text("deskbell-chat >>> section button", "Chat");
    let offer = bob.socket.of("notification");
    assert_eq!(offer["proactive"], true, "REQ S3-4");
    let session = bob.take_known(&offer);
    assert_eq!(session["context"]["basket"], 3);
    let conversation = offer["conversation"].as_str().expect("a conversation");
    eva.page.enter(FRAME);
    eva.page.see_text(".p__who", "Bob");
    eva.page.leave();
    eva.page.run("deskbell.closeChat();", json!([]));
    eva.page.gone("deskbell-chat >>> iframe");
    bob.say(conversation, "b1", "Which one do you mean?");
    let heard = |name: &str| {
        eva.page.until(name, || {
            let all = eva.page.run("return heard;", json!([]));
            let found = all.as_array()?.iter().rev().find(|one| one[0] == name).cloned();
            found.map(|one| one[1].clone())
        })
    };
    assert_eq!(heard("unread")["count"], 1);
    let message = heard("message");
    assert_eq!(message["from"]["name"], "Bob Novák");
    assert_eq!(message.get("text"), None, "what is said stays in the frame");
    assert_eq!(heard("closed"), json!({"reason": "minimised"}));
    eva.page.run("deskbell.startProactiveChat({ message: 'Again?' });", json!([]));
    std::thread::sleep(Duration::from_millis(300));
    assert!(!eva.page.shows(CARD), "nobody is invited to what is going on");
    eva.page.run("deskbell.startChat();", json!([]));
    eva.page.enter(FRAME);
    eva.hear("Which one do you mean?");
    bob.socket.ok("end", json!({"conversation": conversation}));
    eva.page.see(".p__ended");
    eva.page.leave();
    assert_eq!(heard("closed")["reason"], "ended_by_agent");

    // A script of no such widget says so in an event and shows nothing.
    let lost = Browser::new(&desk);
    lost.forgive("404");
    lost.go("/manual/");
    lost.run(
        "window.heard = []; addEventListener('deskbell:error', ({ detail }) => heard.push(detail));
         document.head.append(Object.assign(document.createElement('script'), { src: '/widget.js' }));
         document.head.lastChild.dataset.widget = 'none';",
        json!([]),
    );
    lost.until("the error", || {
        (lost.run("return heard;", json!([])) == json!([{"code": "not_found"}])).then_some(())
    });
    assert!(!lost.shows("deskbell-chat"));
}

/// REQ S1-4, S1-5: with the switch off nothing of an invitation is even fetched, and a page without the script has none.
#[test]
fn no_invitation_without_the_switch_or_the_script() {
    let desk = with_rules(&rule("any", "/*", ""), &[]);
    let _bob = desk.agent("bob");
    let page = Browser::new(&desk);
    let fetched = || {
        page.run("return performance.getEntriesByType('resource').map((one) => one.name);", json!([]))
            .to_string()
    };
    page.go("/demo/portal");
    page.see("deskbell-chat >>> button[aria-expanded]");
    std::thread::sleep(MOMENT);
    assert!(!page.shows(CARD) && !fetched().contains("invite"), "{}", fetched());
    page.go("/manual/");
    std::thread::sleep(MOMENT);
    assert!(!page.shows("deskbell-chat") && !fetched().contains("widget.js"), "{}", fetched());
    page.go("/demo/product/lamp");
    page.see_text(CARD, "Rule any?");
    assert!(fetched().contains("invite.js"));
}

/// REQ S1-12, S1-13: an ambiguous match shows both and links neither; what the page and the box say stands in the details.
#[test]
fn the_agent_sees_who_it_could_be_where_she_was_and_what_the_page_says() {
    let contact = "[[contact]]\nname = \"Melissa de Vries\"";
    let more = format!("[[contact]]\nname = \"Jan de Boer\"\nphone = \"+31 20 555 0199\"\n{contact}");
    let desk = Desk::start_with_desk(&[(contact, &more)], &["--wall-clock", "2026-10-05T08:00:00Z"]);
    let alice = Agent::signed_in(&desk, "alice");
    let phone = "Mozilla/5.0 (Linux; Android 15; Pixel 9) Chrome/140.0 Mobile Safari/537.36";
    let mut eva = desk.socket("/ws/customer?widget=shop", &[("user-agent", phone)]).expect("upgraded");
    let at = |page: &str| format!("https://shop.example/{page}");
    let page = json!({"url": at("pricing"), "title": "Prices", "referrer": "", "seconds": 75, "path": [at(""), at("pricing")]});
    eva.send(&json!({"t": "hello", "locale": "nl", "page": page}));
    eva.of("welcome");
    eva.ok(
        "start",
        json!({
            "name": "Mel", "email": "melissa@gmail.com", "phone": "020 555 0199", "comment": "Hello?",
            "context": {"plan": "gold"},
        }),
    );
    alice.accept("Mel");
    let pane = || alice.page.texts(".cust__body").join("\n");
    for words in ["Melissa de Vries", "Jan de Boer", "Dutch", "/pricing", "1:15"] {
        assert!(pane().contains(words), "no {words:?} in {}", pane());
    }
    assert!(!pane().contains("melissa@gmail.com"), "masked: {}", pane());
    alice.page.picture("contact-ambiguous");
    eva.send(
        &json!({"t": "page", "page": {"url": at("contact"), "path": [at(""), at("pricing"), at("contact")]}}),
    );
    alice.page.see_text(".cust__body li", "/contact");
    alice.page.press("[role=tab][aria-label='Additional details']");
    for words in ["gold", "Seconds on the page", "75", "Phone", "Prices"] {
        assert!(pane().contains(words), "no {words:?} in {}", pane());
    }
    alice.page.picture("details-additional");
}
