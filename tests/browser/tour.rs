//! A walk through every face of the desktop and the widget, for whatever looks at all of them: languages, contrast, screen
//! readers. Finds its way by symbols and roles, never by words: those are in any language.

use serde_json::json;

use crate::page::{Browser, keys};
use crate::people::Agent;
use crate::support::{self, Desk};

/// A Monday morning, so that every walk meets the same.
pub(crate) const MONDAY: [&str; 2] = ["--wall-clock", "2026-10-05T08:12:00Z"];

/// The example's desk with Sofie, its supervisor, in both queues, and consent asked for.
pub(crate) fn branch(options: &[&str]) -> Desk {
    let changes = [
        ("queues = [\"billing\"]\ncapacity = 100", "queues = [\"front\", \"billing\"]\ncapacity = 100"),
        ("consent = \"none\"", "consent = \"required\""),
    ];
    Desk::start_with_desk(&changes, options)
}

/// Who keeps the desk busy; dropped, they leave.
pub(crate) struct Company {
    _agents: Vec<support::Agent>,
    _customers: Vec<support::Customer>,
}

/// A button of the open conversation, by its symbol.
fn act(symbol: &str) -> String {
    format!(".talk__acts button:has(use[href$='#i-{symbol}'])")
}

fn customer(desk: &Desk, name: &str, comment: &str) -> (support::Customer, String) {
    let page = json!({"url": format!("{}/demo/product/lamp", desk.url), "title": "Table lamp, 45 cm", "referrer": ""});
    let mut customer = desk.customer("shop", json!({"page": page}));
    let context = json!({"product": "Table lamp, 45 cm", "basket": 1});
    let conversation =
        customer.start(json!({"name": name, "comment": comment, "context": context, "consent": true}));
    (customer, conversation)
}

fn leave(page: &Browser, what: &str) {
    page.chord(&[keys::ESCAPE]);
    page.gone(what);
}

/// Sofie's day at the desktop; `look` is called in each state with its name.
pub(crate) fn desktop(desk: &Desk, page: Browser, look: &mut dyn FnMut(&Browser, &str)) -> Company {
    page.go("/agent/");
    page.see("#username");
    look(&page, "sign-in");
    let sofie = Agent { page };
    sofie.sign_in("sofie");
    let page = &sofie.page;
    page.see("#presence");
    look(page, "empty");

    let mut socket = desk.agent("sofie");
    let (mut jan, first) = customer(desk, "Jan de Boer", "Is the table lamp of 45 cm in stock in Utrecht?");
    socket.take(&first);
    socket.say(&first, "s1", "Good morning Jan, one moment, I will look.");
    jan.say("c1", "Thank you! My number is +31 6 8765 4321.");
    let (mut eva, second) = customer(desk, "Eva Smit", "Do you deliver on Saturdays?");
    socket.take(&second);
    eva.say("c1", "Or in the evening?");
    page.see_text(".sessions .row", "Eva Smit");
    sofie.open("Jan de Boer");
    page.see(".said--us .bub");
    look(page, "conversation");
    for tab in 2..=3 {
        page.press(&format!("[role=tab]:nth-of-type({tab})"));
        look(page, &format!("tab-{tab}"));
    }
    page.press("[role=tab]:nth-of-type(1)");
    page.write("#reply", "/");
    page.see("#quick li");
    look(page, "quick-replies");
    page.write("#reply", &format!("{}{}", keys::ESCAPE, keys::BACKSPACE));
    page.gone("#quick li");

    let (mel, _) = customer(desk, "Melissa de Vries", "Can I bring back a chair without the box?");
    page.see_text(".alert h2", "Melissa");
    look(page, "alert");
    page.chord(&[keys::ALT, "r"]);
    page.see(".banner");
    look(page, "banner");
    page.press(".banner .btn--solid");
    page.gone(".banner");

    page.press("#presence");
    page.see(".menu");
    look(page, "presence");
    leave(page, ".menu");
    page.press("#account");
    page.see(".menu");
    look(page, "account");
    leave(page, ".menu");
    page.press(".top .lamp:not(.presence)");
    page.see("dialog");
    look(page, "self-test");
    leave(page, "dialog");
    page.chord(&[keys::CONTROL, "k"]);
    page.see("dialog input");
    look(page, "palette");
    leave(page, "dialog");
    page.press(".log");
    page.chord(&["?"]);
    page.see("dialog");
    look(page, "keys");
    leave(page, "dialog");

    let bob = desk.agent("bob");
    page.press(&act("transfer"));
    page.see_text("#options li", "Bob");
    look(page, "transfer");
    leave(page, "dialog");
    page.press(&act("conference"));
    page.see_text("#options li", "Bob");
    look(page, "conference");
    leave(page, "dialog");
    page.press(&act("close"));
    page.see("dialog");
    look(page, "put-away");
    leave(page, "dialog");
    page.press(&act("end"));
    page.see("dialog .btn--danger");
    look(page, "end");
    page.press("dialog .btn--danger");
    page.see("dialog #why");
    look(page, "wrap-up");
    leave(page, "dialog");
    look(page, "ended");

    page.press(".top__nav button:nth-of-type(2)");
    page.see_text(".live tr", "Eva Smit");
    look(page, "live");
    page.press_text(".live .cell-link", "Melissa");
    page.see(".side .why");
    look(page, "live-routing");
    page.press_text(".live .cell-link", "Bob");
    page.see(".side .acts button");
    look(page, "live-agent");
    page.press(".side .acts button");
    page.see("dialog");
    look(page, "live-reset");
    leave(page, "dialog");
    Company { _agents: vec![socket, bob], _customers: vec![jan, eva, mel] }
}

/// A customer's chat on a page of its own, from consent to rating, at a desk where nobody else is.
pub(crate) fn widget(desk: &Desk, page: &Browser, look: &mut dyn FnMut(&Browser, &str)) {
    page.go("/widget/shop");
    page.see("#f-name");
    look(page, "pre-chat");
    page.write("#f-name", "Jan de Boer");
    page.write("#f-comment", "Is the lamp in stock?");
    page.press(".p__pane input[type=checkbox]");
    page.press(".p__pane .p__go");
    page.see(".me .p__text");
    look(page, "waiting");
    let mut bob = desk.agent("bob");
    let there = bob.welcome["notifications"].as_array().and_then(|all| all.first().cloned());
    let offer = there.unwrap_or_else(|| bob.socket.of("notification"));
    bob.take_known(&offer);
    let conversation = offer["conversation"].as_str().expect("a conversation").to_owned();
    bob.say(&conversation, "b1", "Yes: two with the brass foot, one with the black one.");
    page.see_text(".them .p__text", "brass");
    look(page, "talk");
    bob.socket.ok("end", json!({"conversation": conversation}));
    page.see(".p__ended");
    look(page, "ended");
}
