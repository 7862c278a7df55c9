//! A walk through every face of the desktop, the widget and what the box prints, for whatever looks at all of them:
//! languages, contrast, screen readers. Finds its way by symbols and roles, never by words: those are in any language.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::page::{Browser, keys};
use crate::people::Agent;
use crate::support::{self, Desk};

/// A Monday morning, so that every walk meets the same.
pub(crate) const MONDAY: [&str; 2] = ["--wall-clock", "2026-10-05T08:12:00Z"];

/// A day on which the office is closed, and the live chat that keeps to its hours.
pub(crate) const SUNDAY: [&str; 2] = ["--wall-clock", "2026-10-04T10:00:00Z"];
pub(crate) const BY_OFFICE_HOURS: (&str, &str) =
    ("mode = \"live\"\nqueue = \"front\"", "mode = \"live\"\nqueue = \"front\"\nhours = \"office\"");

/// What staff look up and customers are sent.
const ARTICLES: &str = r#"
[[article]]
id = "returns"
title = "Bring back or exchange"
text = """
Within **30 days**, with or without the box.

## What we need
- the receipt, or the number of the order
- the thing itself, *clean*

> Lamps that were wired are checked first.

Read more on [our page](https://shop.example/returns).
"""

[[article]]
id = "delivery"
title = "Delivery days and evening delivery"
text = "On weekdays, and on Saturdays until noon. Ask for `ORDER-1234` at the counter."
"#;

/// Telephone calls; little of an agent's capacity, so that one rings beside everything else of a walk.
const CALLS: &str = r#"
[[workstream]]
id = "calls"
name = "Telephone"
channel = "voice"
queue = "front"
units = 10
"#;

/// The example's desk with Sofie, its supervisor, in both queues, consent asked for, articles, calls, and figures by
/// agent.
pub(crate) fn branch(options: &[&str]) -> Desk {
    branch_with(&[], options)
}

/// The same with other lines.
pub(crate) fn branch_with(more: &[(&str, &str)], options: &[&str]) -> Desk {
    let changes = [
        ("queues = [\"billing\"]\ncapacity = 100", "queues = [\"front\", \"billing\"]\ncapacity = 100"),
        ("consent = \"none\"", "consent = \"required\""),
        // Nobody answers at this port: nothing is sent on a walk.
        (
            "[masking]",
            "[figures]\nper_agent = true\n[mail]\nhost = \"127.0.0.1\"\nport = 9\nsecurity = \"none\"\nfrom = \"chat@branch.example\"\n[masking]",
        ),
    ];
    let mut text = include_str!("../data/desk.example.toml").to_owned() + ARTICLES + CALLS;
    for (from, to) in changes.iter().chain(more) {
        assert!(text.contains(from), "the example holds {from:?}");
        text = text.replacen(from, to, 1);
    }
    Desk::start_with_text(&text, options)
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

/// What is done in each state.
type Look<'l> = &'l mut dyn FnMut(&Browser, &str);

fn leave(page: &Browser, what: &str) {
    page.chord(&[keys::ESCAPE]);
    page.gone(what);
}

/// Opens a dialog, looks at it, and leaves it.
fn look_at_dialog(page: &Browser, button: &str, within: &str, look: Look<'_>, name: &str) {
    page.press(button);
    page.see(&format!("dialog {within}"));
    look(page, name);
    leave(page, "dialog");
}

/// The surfaces stand in the order desk, live, find, figures.
fn surface(page: &Browser, place: u8) {
    page.press(&format!(".top__nav button:nth-of-type({place})"));
}

/// Sofie's day at the desktop; `look` is called in each state with its name.
pub(crate) fn desktop(desk: &Desk, page: Browser, look: Look<'_>) -> Company {
    page.go("/agent/");
    page.see("#username");
    look(&page, "sign-in");
    let sofie = Agent { page };
    sofie.sign_in("sofie");
    let page = &sofie.page;
    page.see("#presence");
    look(page, "empty");
    surface(page, 3);
    page.see(".book__none");
    look(page, "find-empty");
    surface(page, 4);
    page.see(".tab__none");
    look(page, "figures-empty");
    surface(page, 1);

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
    beside(page, look);
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
    menus(page, look);
    telephone(desk, &sofie, &mut socket, look);

    let bob = desk.agent("bob");
    acts(page, look);
    live(page, look);
    looked_up(desk, page, look, &first);
    Company { _agents: vec![socket, bob], _customers: vec![jan, eva, mel] }
}

/// The right pane's tabs, and the dialogs that open from it.
fn beside(page: &Browser, look: Look<'_>) {
    for tab in 2..=4 {
        page.press(&format!("[role=tab]:nth-of-type({tab})"));
        page.see("#tabpanel");
        look(page, &format!("tab-{tab}"));
    }
    page.press(".article:nth-of-type(2) .link");
    page.see(".article__text h2, .article__text p");
    look(page, "article");
    page.press(".sect .btn--small");
    page.press("[role=tab]:nth-of-type(1)");
    look_at_dialog(page, ".sect__h .btn", "textarea", look, "note");
    look_at_dialog(page, ".cust__acts .btn:nth-of-type(2)", "input", look, "contact-find");
    page.press(".mask");
    page.see("dialog #reveal");
    look(page, "reveal");
    leave(page, "dialog");
}

/// A call: how it rings, what is known of it, and what is left of it once the caller has hung up.
fn telephone(desk: &Desk, sofie: &Agent, socket: &mut support::Agent, look: Look<'_>) {
    let page = &sofie.page;
    let headers = [("authorization", "Bearer crm-demo-token"), ("content-type", "application/json")];
    let call = json!({"call": "17-42", "caller": {"number": "+31 20 765 4321"}, "reason": "Wants to pay an invoice",
        "variables": {"invoice": "F-2026-17", "amount": 118.5}});
    let made = desk.http("POST", "/hooks/calls/calls", &headers, &call.to_string());
    assert_eq!(made.status, 201, "{}", made.body);
    let alert = ".alert:has(use[href$='#i-phone'])";
    page.see(alert);
    look(page, "call-alert");
    // Second in line, should Melissa ring again meanwhile, it is not the main one.
    page.press(&format!("{alert} .alert__acts .btn:first-child"));
    page.see_text(".instead", "Wants to pay an invoice");
    look(page, "call");
    page.press("[role=tab]:nth-of-type(2)");
    page.see_text("#tabpanel", "F-2026-17");
    look(page, "call-learned");
    page.press("[role=tab]:nth-of-type(1)");
    assert_eq!(desk.http("DELETE", "/hooks/calls/calls/17-42", &headers, "").status, 204);
    page.see(".instead--wait");
    look(page, "call-over");
    socket.socket.ok("wrapup", json!({"conversation": made.json()["conversation"], "reason": "solved"}));
    page.gone(".instead--wait");
    sofie.open("Jan de Boer");
}

fn menus(page: &Browser, look: Look<'_>) {
    page.press("#presence");
    page.see(".menu");
    look(page, "presence");
    leave(page, ".menu");
    page.press("#account");
    page.see(".menu");
    look(page, "account");
    page.press(".menu button:has(use[href$='#i-person'])");
    page.see("dialog #a-current");
    look(page, "password");
    leave(page, "dialog");
    page.press("#account");
    page.press(".menu button:has(use[href$='#i-mask'])");
    page.see("dialog #a-password");
    look(page, "codes");
    leave(page, "dialog");
    page.press("#account");
    page.press(".menu button:has(use[href$='#i-out'])");
    page.see("dialog .btn--danger");
    look(page, "sign-out");
    leave(page, "dialog");
    look_at_dialog(page, ".top .lamp:not(.presence)", ".checks", look, "self-test");
    page.chord(&[keys::CONTROL, "k"]);
    page.see("dialog input");
    look(page, "palette");
    // An article by a word of its text, and by none of its title.
    page.write("dialog input", "receipt");
    page.see_text("#options li", "Bring back");
    look(page, "palette-article");
    leave(page, "dialog");
    page.press(".log");
    page.chord(&["?"]);
    page.see("dialog");
    look(page, "keys");
    leave(page, "dialog");
}

/// What is done with a conversation, to its end.
fn acts(page: &Browser, look: Look<'_>) {
    page.press(&act("transfer"));
    page.see_text("#options li", "Bob");
    look(page, "transfer");
    page.press("#options li:first-child");
    look(page, "transfer-chosen");
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
}

/// The supervisor's board, and what each kind of row opens.
fn live(page: &Browser, look: Look<'_>) {
    surface(page, 2);
    page.see_text(".live tr", "Eva Smit");
    look(page, "live");
    page.press_text(".live .cell-link", "Front desk");
    page.see(".side .why");
    look(page, "live-queue");
    page.press_text(".live .cell-link", "Melissa");
    page.see(".side .why li");
    look(page, "live-routing");
    look_at_dialog(page, ".side .acts .btn--main", "#options li", look, "live-assign");
    look_at_dialog(page, ".side .acts .btn--line", "#options li", look, "live-move");
    look_at_dialog(page, ".side .acts .btn--end", ".btn--danger", look, "live-force-end");
    page.press_text(".live .cell-link", "Bob");
    page.see(".side .acts button");
    look(page, "live-agent");
    look_at_dialog(page, ".side .acts button", ".choice", look, "live-reset");
    page.press(".side__h .btn--icon");
    look_at_dialog(page, ".tab__h .btn", ".btn--main", look, "live-purpose");
}

/// Finding, figures, and the pages made of them.
fn looked_up(desk: &Desk, page: &Browser, look: Look<'_>, conversation: &str) {
    surface(page, 3);
    page.see_text(".hit", "Jan de Boer");
    look(page, "find");
    page.write("#find-text", "moment");
    page.write("#find-text", keys::ENTER);
    page.gone(".found li + li");
    page.press(".hit");
    page.see(".book__log .at");
    look(page, "find-reading");
    // The browser notes each refusal.
    page.forgive("text=%21%21");
    page.write("#find-text", &format!("{}!!{}", keys::BACKSPACE.repeat(6), keys::ENTER));
    page.see(".book__none");
    look(page, "find-nothing-to-look-for");
    surface(page, 4);
    page.write("#figures-days", keys::DOWN);
    page.see(".sums tbody th");
    page.press(".book__means summary");
    look(page, "figures");
    page.write("#figures-by", keys::DOWN);
    page.write("#figures-by", keys::DOWN);
    page.see_text(".sums tbody th", "Sofie");
    look(page, "figures-by-agent");
    surface(page, 1);

    let language = page.run("return document.documentElement.lang;", json!([]));
    let language = language.as_str().unwrap_or_default();
    page.go(&format!("/api/v1/conversations/{conversation}/transcript?lang={language}"));
    page.see("li.customer");
    look(page, "transcript");
    let token = desk.login("sofie");
    let bearer = format!("Bearer {token}");
    let article = desk.http("GET", "/api/v1/articles/returns", &[("authorization", &bearer)], "").json();
    page.go_to(article["address"].as_str().expect("an address"));
    page.see("h1");
    look(page, "article-page");
}

/// A customer's chat on a page of its own, from consent to rating, at a desk where nobody else is.
pub(crate) fn widget(desk: &Desk, page: &Browser, look: Look<'_>) {
    page.go("/widget/shop");
    page.see("#f-name");
    look(page, "pre-chat");
    page.write("#f-name", "Jan de Boer");
    page.write("#f-comment", "Is the lamp in stock?");
    page.press(".p__pane .p__go");
    page.see("#form-error:not(:empty)");
    look(page, "consent-missing");
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
    page.press(".p__top .p__btn");
    page.see("dialog");
    look(page, "end");
    page.press("dialog .quiet");
    page.gone("dialog");
    bob.socket.ok("end", json!({"conversation": conversation}));
    page.see(".p__ended");
    look(page, "ended");
    page.press(".score:nth-of-type(4)");
    page.see("#f-why");
    look(page, "rating");
}

/// The chat page while the branch is closed: a message is left.
pub(crate) fn closed_widget(page: &Browser, look: Look<'_>) {
    page.go("/widget/shop");
    page.see("#f-reach");
    look(page, "closed");
    page.write("#f-text", "Please call me about the chair.");
    page.write("#f-reach", "+31 6 8765 4321");
    page.press(".p__pane input[type=checkbox]");
    page.press(".p__pane .p__go");
    page.see("h2.focus-here");
    look(page, "left");
}

/// Every admin page, by its links; of entries made by one template the first two.
pub(crate) fn admin(page: &Browser, look: Look<'_>) {
    // The log is the appliance's; a demo says so.
    page.forgive("/admin/log");
    page.go("/admin/");
    page.see("[name=password]");
    look(page, "admin sign-in");
    page.write("[name=username]", "admin");
    page.write("[name=password]", "admin-demo-pass");
    page.write("[name=password]", keys::ENTER);
    page.see("nav a");
    let links = "return [...new Set([...document.querySelectorAll('a[href^=\"/admin/\"]')].map((a) => a.pathname + a.search))];";
    let linked = || {
        let found = page.run(links, json!([]));
        let all = found.as_array().into_iter().flatten();
        all.filter_map(|path| path.as_str().map(str::to_owned)).collect::<Vec<String>>()
    };
    let mut left = linked();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut done = BTreeSet::new();
    while let Some(path) = left.pop() {
        let file = ["sign-out", "export", "download", ".crt", ".toml"].iter().any(|word| path.contains(word));
        if file || !done.insert(path.clone()) {
            continue;
        }
        let parts: Vec<&str> = path.split(['/', '?']).collect();
        let template = parts.iter().enumerate().map(|(at, part)| if at == 3 { "*" } else { part });
        let template = template.collect::<Vec<_>>().join("/");
        let times = seen.entry(template).or_default();
        *times += 1;
        if *times > 2 {
            continue;
        }
        page.go(&path);
        look(page, &path);
        left.extend(linked());
    }
}
