//! The whole thing once, as two people live it: with reloads and a power cut in the middle.

use crate::people::{Agent, Customer};
use crate::support::Desk;

fn times(all: &[String], text: &str) -> usize {
    all.iter().filter(|one| *one == text).count()
}

#[test]
fn two_people_hold_a_whole_conversation_over_reloads_and_a_restart() {
    let mut desk = Desk::start(&[]);
    let alice = Agent::signed_in(&desk, "alice");
    assert_eq!(alice.presence(), "Available");
    let jan = Customer::at_the_shop(&desk);
    jan.start("Jan de Boer", "Is the lamp in stock?");

    // The alert says who, what and how long (REQ S2-2, S4-6).
    alice.page.see_text(".alert h2", "Jan de Boer");
    let facts = alice.page.texts(".alert .facts dt, .alert .facts dd");
    for wanted in ["Customer name", "Jan de Boer", "Comment", "Is the lamp in stock?", "Wait time"] {
        assert!(facts.iter().any(|fact| fact == wanted), "{wanted} in {facts:?}");
    }
    alice.accept("Jan de Boer");
    alice.hear("Is the lamp in stock?");
    jan.page.see_text(".p__who", "Alice");

    alice.say("Yes, two of them.");
    jan.hear("Yes, two of them.");
    jan.say("Can you keep one?");
    alice.hear("Can you keep one?");

    // Either page anew: the same conversation (REQ S0-10).
    let before = jan.reads();
    jan.reload();
    jan.hear("Yes, two of them.");
    assert_eq!(jan.reads(), before, "the customer's page comes back with the same conversation");
    let before = alice.reads();
    alice.page.reload();
    alice.open("Jan de Boer");
    alice.hear("Can you keep one?");
    assert_eq!(alice.reads(), before, "the agent's page comes back with the same conversation");

    // The box loses its power; both go on writing (REQ B-2).
    jan.page.forgive_outage();
    alice.page.forgive_outage();
    desk.kill();
    jan.page.see(".p__offline");
    alice.page.see_text(".banner", "connection");
    jan.say("Until Saturday, please.");
    jan.page.see_text(".me--pending .p__text", "Until Saturday, please.");
    alice.say("Of course, in your name.");
    alice.page.see_text(".said--out .bub", "Of course, in your name.");
    desk.start_again();
    jan.sent("Until Saturday, please.");
    alice.sent("Of course, in your name.");
    alice.hear("Until Saturday, please.");
    jan.hear("Of course, in your name.");
    alice.page.gone(".banner");
    for said in [jan.reads(), alice.reads()] {
        for text in ["Until Saturday, please.", "Of course, in your name.", "Can you keep one?"] {
            assert_eq!(times(&said, text), 1, "{text:?} in {said:?}");
        }
    }

    // The agent ends: reminded first, then asked why (REQ S3-36, S3-39).
    jan.say("Thank you, bye.");
    alice.hear("Thank you, bye.");
    alice.page.press(".talk__acts .btn--end");
    alice.page.see_text("dialog .remind", "Jan");
    alice.page.press("dialog .btn--danger");
    alice.wrap_up("follow", "Needs follow-up", "Keep one until Saturday.");
    alice.page.gone(".sessions .row");
    alice.presence_becomes("Available");

    jan.page.see_text(".p__top", "ended");
    jan.page.press_text(".score", "5");
    jan.page.press_text(".p__ended .p__go", "Send");
    jan.page.see_text(".p__ended", "Thank you");
}
