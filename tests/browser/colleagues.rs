//! Three agents and a customer, each in a browser of their own: handing over, talking in threes, both endings.

use serde_json::json;

use crate::page::keys;
use crate::people::{Agent, Customer};
use crate::support::Desk;

/// The example's desk with all three agents in both queues.
fn branch() -> Desk {
    Desk::start_with_desk(
        &[
            ("queues = [\"front\"]\ncapacity = 60", "queues = [\"front\", \"billing\"]\ncapacity = 60"),
            ("queues = [\"billing\"]\ncapacity = 100", "queues = [\"front\", \"billing\"]\ncapacity = 100"),
        ],
        &[],
    )
}

/// Opens a dialog of the conversation, finds a colleague by a part of her name, and asks her.
fn ask(agent: &Agent, act: &str, part: &str, name: &str) {
    agent.page.press_text(".talk__acts button", act);
    agent.page.see("dialog .find input");
    agent.page.write("dialog .find input", part);
    agent.page.until("one colleague", || (agent.page.texts("#options li").len() == 1).then_some(()));
    agent.page.see_text("#options li", name);
    agent.page.press("#options li");
    agent.page.press("dialog .dlg__f .btn--main");
}

/// What no page of staff may show of this customer.
fn shows_no_secret(agent: &Agent) {
    let page = agent.page.run("return document.documentElement.innerHTML + document.title", json!([]));
    let page = page.as_str().unwrap_or_default();
    for secret in ["447966197542", "melissa@", "4111 1111"] {
        assert!(!page.contains(secret), "{secret} is in the page");
    }
}

#[test]
fn a_chat_is_handed_over_shared_and_ended_by_the_agent() {
    let desk = branch();
    let alice = Agent::signed_in(&desk, "alice");
    let eva = Customer::at_the_shop(&desk);
    eva.start("+447966197542", "My card is 4111 1111 1111 1111, I am melissa@gmail.com");
    let name = "*********7542";
    alice.page.see_text(".alert", "************1111");
    shows_no_secret(&alice);
    alice.accept(name);
    alice.hear("My card is ************1111, I am m******@gmail.com");
    shows_no_secret(&alice);
    // Every surface of S3-16 to S3-25: the list, the pane's title, what to write, what the page said, what was before.
    alice.page.see_text(".sessions .row", name);
    let hint = alice.page.run("return document.querySelector('#reply').placeholder;", json!([]));
    assert_eq!(hint, format!("Reply to {name}"), "REQ S3-22");
    for tab in ["Details", "History", "Contact"] {
        alice.page.press_text("[role=tab]", tab);
        shows_no_secret(&alice);
    }
    alice.page.chord(&[keys::CONTROL, "k"]);
    alice.page.see_text("dialog [role=option]", name);
    shows_no_secret(&alice);
    alice.page.chord(&[keys::ESCAPE]);
    alice.page.gone("dialog");
    let bob = Agent::signed_in(&desk, "bob");
    let sofie = Agent::signed_in(&desk, "sofie");
    sofie.page.press_text(".top__nav button", "Live");
    sofie.page.press_text(".live .cell-link", name);
    sofie.page.see(".side .why");
    shows_no_secret(&sofie);
    sofie.page.press_text(".top__nav button", "Desk");

    // Refused: she keeps it and is told why (REQ S3-30 to S3-32, D-8). The reason she gave is not used for another end.
    ask(&alice, "Transfer", "nov", "Bob Novák");
    alice.wrap_up("solved", "Solved", "");
    bob.page.see_text(".alert", name);
    shows_no_secret(&bob);
    bob.page.chord(&[keys::ALT, "r"]);
    alice.page.see_text(".banner", "transfer");
    alice.say("I am still here.");
    eva.hear("I am still here.");

    // Accepted: the colleague has it with all that was said, the sender is done.
    ask(&alice, "Transfer", "sofie", "Sofie Lund");
    alice.wrap_up("follow", "Needs follow-up", "Sofie knows");
    sofie.accept(name);
    sofie.hear("My card is ************1111, I am m******@gmail.com");
    alice.page.gone(".sessions .row");
    eva.page.see_text(".p__who", "Sofie");
    sofie.say("Hello, Sofie here.");
    eva.hear("Hello, Sofie here.");
    eva.say("Hello Sofie");
    sofie.hear("Hello Sofie");

    // In threes (REQ S3-33 to S3-35).
    ask(&sofie, "Conference", "alice", "Alice Jansen");
    alice.accept(name);
    sofie.page.see_text(".log .sys", "Alice Jansen has joined");
    sofie.page.see_text(".sessions .row", "Conference");
    eva.page.see_text(".p__log", "Alice Jansen has joined");
    alice.say("All three of us.");
    eva.hear("All three of us.");
    sofie.page.see_text(".said .bub", "All three of us.");
    sofie.say("Indeed.");
    alice.page.see_text(".said .bub", "Indeed.");
    shows_no_secret(&alice);
    shows_no_secret(&sofie);
    sofie.page.picture("conference");

    // The owner ends it for all, and says why (REQ S3-35, S3-36, S3-39).
    sofie.page.press(".talk__acts .btn--end");
    sofie.page.see("dialog .remind");
    sofie.page.press("dialog .btn--danger");
    sofie.wrap_up("solved", "Solved", "The three of us");
    sofie.page.gone(".sessions .row");
    alice.page.gone(".sessions .row");
    eva.page.see_text(".p__top", "ended");
}

#[test]
fn the_customer_ends_and_the_agent_says_why() {
    let desk = branch();
    let alice = Agent::signed_in(&desk, "alice");
    let eva = Customer::at_the_shop(&desk);
    eva.start("Eva Smit", "Do you deliver?");
    alice.accept("Eva Smit");
    eva.page.see_text(".p__who", "Alice");
    eva.page.press("button[aria-label='End chat']");
    eva.page.press_text("dialog .p__go", "End chat");
    alice.page.see_text(".log .sys", "Customer has ended the conversation");
    alice.page.see_text(".compose, .talk", "Customer has ended the conversation");
    eva.page.see_text(".p__top", "ended");
    alice.page.press_text(".talk__acts button", "Finish");
    alice.page.see("dialog .dlg__f .btn--main:disabled");
    alice.wrap_up("solv", "Solved", "She had to go.");
    alice.page.gone(".sessions .row");
    alice.presence_becomes("Available");
}

#[test]
fn a_contact_is_kept_changed_and_erased_and_a_quick_reply_names_the_customer() {
    let desk = branch();
    let sofie = Agent::signed_in(&desk, "sofie");
    let mut eva = desk.customer("shop", json!({}));
    eva.start(json!({"name": "Eva Smit", "email": "eva@example.com", "comment": "Hello?"}));
    sofie.accept("Eva Smit");
    sofie.page.see_text(".cust", "Not a stored contact");
    sofie.page.press_text(".cust__acts button", "Keep as contact");
    sofie.page.see_text(".cust .sect dd", "e**@example.com");

    // Replaced, with what it was before the eye and not in the field (REQ D-20).
    sofie.page.press_text(".cust__acts button", "Change");
    sofie.page.write("#c-name", "Eva de Smit");
    sofie.page.write("#c-email", "smit@example.com");
    sofie.page.press("dialog .dlg__f .btn--main");
    sofie.page.gone("dialog");
    sofie.page.see_text(".cust .sect dd", "Eva de Smit");
    sofie.page.see_text(".cust .sect dd", "s***@example.com");

    // Linked to another.
    sofie.page.press_text(".cust__acts button", "Find contact");
    sofie.page.write("dialog .find input", "melissa");
    sofie.page.see_text("#options li", "Melissa de Vries");
    sofie.page.press("#options li");
    sofie.page.press("dialog .dlg__f .btn--main");
    sofie.page.see_text(".cust .sect dd", "Melissa de Vries");
    sofie.page.press_text(".cust__acts button", "Somebody else");
    sofie.page.see_text(".cust__acts button", "Keep as contact");
    sofie.page.picture("contact");

    // Erased from the palette, by whoever supervises.
    sofie.page.chord(&[keys::CONTROL, "k"]);
    sofie.page.write("dialog input", "Erase a contact");
    sofie.page.write("dialog input", keys::ENTER);
    sofie.page.see("#erase");
    sofie.page.write("dialog .find input", "eva de");
    sofie.page.see_text("#options li", "Eva de Smit");
    sofie.page.press("#options li");
    sofie.page.write("#erase", "asked for it");
    sofie.page.press("dialog .btn--danger");
    sofie.page.see_text("dialog p", "gone from the box");
    sofie.page.press("dialog .dlg__f .btn--main");
    sofie.page.gone("dialog");
    let mut alice = desk.agent("alice");
    let left = alice.socket.ok("contact_find", json!({"text": "smit"}));
    assert_eq!(left["items"], json!([]));

    // A quick reply names whom it may.
    sofie.page.write("#reply", "/hi");
    sofie.page.see_text("#quick li", "Hello Eva Smit, this is Sofie Lund.");
    sofie.page.write("#reply", keys::ENTER);
    assert_eq!(sofie.page.text("#reply"), "Hello Eva Smit, this is Sofie Lund. How can I help?");
}
