//! Looking things up in the desktop: conversations, figures, one's own ledger, a transcript (REQ B-11).

use serde_json::json;

use crate::page::keys;
use crate::people::Agent;
use crate::support::Desk;

#[test]
fn a_supervisor_finds_a_conversation_reads_it_and_prints_it_and_sees_the_figures() {
    let desk = Desk::start(&[]);
    let mut alice = desk.agent("alice");
    let mut eva = desk.customer("shop", json!({}));
    let hers = eva.start(json!({"name": "Eva Smit", "comment": "Do you deliver the <b>lamp</b>?"}));
    let offer = crate::support::drill::offer_of(&mut alice, &hers);
    alice.take_known(&offer);
    alice.say(&hers, "a1", "On Thursday, to the address you gave.");
    eva.say("c1", "Call me on +31612345678 then.");
    eva.socket.ok("end", json!({}));
    alice.socket.ok("wrapup", json!({"conversation": hers, "reason": "solved"}));
    eva.socket.ok("rate", json!({"score": 4}));
    for n in 0..3 {
        let mut other = desk.customer("shop", json!({}));
        other.start(json!({"name": format!("Customer {n}"), "comment": "Is the chair in stock?"}));
    }

    let sofie = Agent::signed_in(&desk, "sofie");
    sofie.page.press_text(".top__nav button", "Find");
    sofie.page.see_text(".found .hit", "Customer 2");
    sofie.page.picture("find-newest");
    sofie.page.write("#find-text", "thurs");
    sofie.page.chord(&[keys::ENTER]);
    sofie.page.see_text(".hit__text", "On Thursday");
    sofie.page.gone(".book__list li + li");
    sofie.page.press(".hit");
    sofie.page.see_text(".book__log", "********5678");
    sofie.page.picture("find-reading");
    sofie.page.system_is_dark(true);
    sofie.page.write("#find-text", " umbrella");
    sofie.page.chord(&[keys::ENTER]);
    sofie.page.see_text(".book__none", "No conversation fits");
    sofie.page.picture("find-none");

    sofie.page.press_text(".top__nav button", "Figures");
    sofie.page.see_text(".sums tbody th", "Front desk");
    let cells = sofie.page.texts(".sums tbody tr:first-child td");
    assert_eq!(cells[..8].join(" "), "4 1 0 0 0 0 0 1", "{cells:?}");
    sofie.page.see_text(".tab h2", "What was put to me");
    sofie.page.press(".book__means summary");
    sofie.page.see_text(".book__means", "customer's absence");
    sofie.page.picture("figures");

    // On paper: masked, and what a customer wrote is text.
    sofie.page.go(&format!("/api/v1/conversations/{hers}/transcript"));
    sofie.page.see_text("h1", "Eva Smit");
    sofie.page.see_text("li.customer p", "<b>lamp</b>");
    sofie.page.see_text("li.customer p", "********5678");
    sofie.page.picture("transcript");
}

#[test]
fn an_agent_finds_her_own_and_reads_her_ledger() {
    let desk = Desk::start(&[]);
    let mut bob = desk.agent("bob");
    let mut jan = desk.customer("shop", json!({}));
    let his = jan.start(json!({"name": "Jan", "comment": "a secret lamp"}));
    bob.take(&his);
    jan.socket.ok("end", json!({}));
    bob.socket.ok("wrapup", json!({"conversation": his, "reason": "solved"}));
    bob.socket.ok("presence", json!({"status": "away"}));
    let mut eva = desk.customer("shop", json!({}));
    eva.start(json!({"name": "Eva Smit", "comment": "a lamp"}));
    let alice = Agent::signed_in(&desk, "alice");
    alice.page.press_text(".alert button", "Reject");
    alice.page.press_text(".top__nav button", "Figures");
    alice.page.see_text(".ledger li", "Rejected");
    alice.page.see_text(".ledger li", "Do not disturb");
    let cells = alice.page.texts(".sums tbody tr:first-child td");
    assert_eq!(cells[..2].join(" "), "0 0", "{cells:?}");
    alice.page.picture("ledger");
    alice.page.press_text(".top__nav button", "Find");
    alice.page.see_text(".book__none", "There are no conversations yet");
    assert!(!alice.page.shows(".top__nav button:nth-child(4)"), "no live view for agents");
}

#[test]
fn an_article_is_read_beside_the_chat_and_shared_and_the_customer_rates_and_keeps_a_copy() {
    let text = include_str!("../data/desk.example.toml").replacen(
        "offline_message = true",
        "offline_message = true\nrate_during_chat = true",
        1,
    ) + "\n[[article]]\nid = \"returns\"\ntitle = \"Returns\"\ntext = \"Within **30 days**.\\n\\n- <b>box</b>\"\n";
    let desk = Desk::start_with_text(&text, &[]);
    let alice = Agent::signed_in(&desk, "alice");
    let eva = crate::people::Customer::at_the_shop(&desk);
    eva.start("Eva Smit", "May I return it?");
    alice.page.press_text(".alert button", "Accept");
    alice.page.press_text(".tabs button", "Articles");
    alice.page.press_text(".article .link", "Returns");
    alice.page.see_text(".article__text strong", "30 days");
    alice.page.see_text(".article__text li", "<b>box</b>");
    alice.page.press_text(".article__acts button", "Share text");
    alice.page.see_text(".cust__body", "Shared once");
    alice.page.picture("article");

    // Rated while it goes on: the agent sees it at once.
    eva.page.see(".p__rate");
    eva.page.press(".p__rate button:nth-of-type(2)");
    eva.page.see(".p__rate [aria-pressed=true]");
    eva.page.picture("widget-rate-now");
    alice.page.press_text(".tabs button", "Contact");
    alice.page.see_text(".cust__body", "2 of 5");

    // Her own copy: as she wrote it, made in her browser.
    eva.page.press("button[aria-label='End chat']");
    eva.page.press_text("dialog button", "End chat");
    eva.page.see_text(".p__ended", "Save a copy");
    eva.page.picture("widget-copy");
    let text = eva.page.run_later(
        "const done = arguments[arguments.length - 1]; const made = URL.createObjectURL; \
         URL.createObjectURL = (blob) => { blob.text().then(done); return made(blob); }; \
         [...document.querySelectorAll('.p__ended button')].find((b) => b.textContent === 'Save a copy').click();",
    );
    let text = text.as_str().unwrap_or_default().to_owned();
    assert!(text.contains("You: May I return it?"), "{text}");
}
