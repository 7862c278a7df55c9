//! Every face by keyboard alone, at twice the size, without motion, in the system's own colours, and before an automated
//! judge (REQ B-8).

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use crate::page::{Browser, keys};
use crate::people::Agent;
use crate::support::{self, Desk, root};
use crate::tour;

const JUDGE: &str = "target/axe/node_modules/axe-core/axe.min.js";

/// Asks the judge; what it finds, a line each.
const ASK: &str = "
    const done = arguments[arguments.length - 1];
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    axe.run(document, { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] }).then(
      ({ violations }) => done(violations.flatMap((one) => one.nodes.map((node) =>
        `${one.id} (${one.impact}): ${node.target.join(' ')}: ${(node.any[0] || node.all[0] || node.none[0])?.message}`))),
      (error) => done([String(error)]));";

/// Collects what the judge finds in light and in dark, over all states, each finding once.
struct Judge {
    script: String,
    found: BTreeSet<String>,
    looked: usize,
}

impl Judge {
    fn new() -> Judge {
        let script = fs::read_to_string(root().join(JUDGE));
        let script = script.unwrap_or_else(|why| panic!("{JUDGE}: {why}; `make axe` fetches it"));
        Judge { script, found: BTreeSet::new(), looked: 0 }
    }

    fn look(&mut self, page: &Browser, state: &str) {
        for theme in ["light", "dark"] {
            page.run("document.documentElement.dataset.theme = arguments[0];", json!([theme]));
            // Colours fade for 150 ms at most; half a fade is no contrast of ours.
            std::thread::sleep(std::time::Duration::from_millis(300));
            page.run(&format!("if (!window.axe) {{ {} }}", self.script), json!([]));
            for finding in page.run_later(ASK).as_array().into_iter().flatten() {
                self.found.insert(format!("{theme} {state}: {}", finding.as_str().unwrap_or_default()));
            }
            self.looked += 1;
        }
        page.run("document.documentElement.dataset.theme = 'light';", json!([]));
    }

    fn verdict(self, at_least: usize) {
        assert!(self.looked >= at_least, "only {} pages looked at", self.looked);
        let found: Vec<_> = self.found.into_iter().collect();
        assert!(found.is_empty(), "{} findings:\n{}", found.len(), found.join("\n"));
    }
}

#[test]
#[ignore = "needs axe-core: make test-box"]
fn axe_finds_nothing_in_any_state_of_the_desktop() {
    let mut judge = Judge::new();
    let desk = tour::branch(&tour::MONDAY);
    tour::desktop(&desk, Browser::new(&desk), &mut |page: &Browser, state: &str| judge.look(page, state));
    judge.verdict(98);
}

#[test]
#[ignore = "needs axe-core: make test-box"]
fn axe_finds_nothing_in_the_widget_the_shop_and_the_manual() {
    let mut judge = Judge::new();
    let desk = tour::branch(&tour::MONDAY);
    let page = Browser::new(&desk);
    page.size(390, 700, true);
    tour::widget(&desk, &page, &mut |page: &Browser, state: &str| judge.look(page, state));
    page.size(1280, 860, false);
    let manual = fs::read_dir(root().join("src/manual")).expect("the manual").flatten();
    let manual = manual.map(|page| format!("/manual/{}", page.file_name().to_string_lossy()));
    let shop = ["/demo/", "/demo/product/lamp", "/trust"].map(str::to_owned).into_iter();
    for path in shop.chain(manual.filter(|path| path.ends_with(".html"))) {
        page.go(&path);
        judge.look(&page, &path);
    }
    let closed = tour::branch_with(&[tour::BY_OFFICE_HOURS], &tour::SUNDAY);
    let page = Browser::new(&closed);
    tour::closed_widget(&page, &mut |page: &Browser, state: &str| judge.look(page, state));
    judge.verdict(38);
}

#[test]
#[ignore = "needs axe-core: make test-box"]
fn axe_finds_nothing_in_the_admin_pages() {
    let mut judge = Judge::new();
    let desk = tour::branch(&[]);
    let page = Browser::new(&desk);
    tour::admin(&page, &mut |page: &Browser, state: &str| judge.look(page, state));
    judge.verdict(60);
}

/// Presses Tab until the focus stands on `css`, and sees that it is shown there.
fn tab_to(page: &Browser, css: &str) {
    let on = "
        let el = document.activeElement;
        if (!el?.matches(arguments[0])) return false;
        if (!el.matches(':focus-visible')) return 'no ring is due';
        for (; el && el !== document.body; el = el.parentElement) {
          const style = getComputedStyle(el);
          if (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2) return true;
          if (style.boxShadow !== 'none' || el.matches(':focus-within') && style.borderTopWidth >= '2px') return true;
        }
        return 'nothing shows it';";
    for _ in 0..80 {
        match page.run(on, json!([css])) {
            Value::Bool(true) => return,
            Value::Bool(false) => page.chord(&[keys::TAB]),
            other => panic!("{css} has the focus, but {other}"),
        }
    }
    panic!("Tab never comes to {css}");
}

fn has_focus(page: &Browser, css: &str) {
    page.until(&format!("the focus on {css}"), || {
        (page.run("return Boolean(document.activeElement?.matches(arguments[0]));", json!([css])) == true)
            .then_some(())
    });
}

fn types(page: &Browser, text: &str) {
    for letter in text.chars() {
        page.chord(&[&letter.to_string()]);
    }
}

#[test]
fn an_agent_works_a_whole_chat_by_keyboard_alone() {
    let desk = Desk::start(&[]);
    let page = Browser::new(&desk);
    page.go("/agent/");
    page.see("#username");
    tab_to(&page, "#username");
    types(&page, "alice");
    tab_to(&page, "#password");
    types(&page, "alice-demo-pass");
    page.chord(&[keys::ENTER]);
    page.see("#presence");

    let mut eva = desk.customer("shop", json!({}));
    eva.start(json!({"name": "Eva Smit", "comment": "Do you deliver?"}));
    page.see_text(".alert h2", "Eva Smit");
    // By Tab too, for who does not know the key.
    tab_to(&page, ".alert .btn--main");
    page.chord(&[keys::ENTER]);
    page.see_text(".talk__head h1", "Eva Smit");
    has_focus(&page, "#reply");
    types(&page, "On Monday.");
    page.chord(&[keys::ENTER]);
    eva.socket.wait("the answer", |frame| frame["t"] == "message" && frame["text"] == "On Monday.");

    // A menu: opened, walked through, left; the focus is where it was.
    tab_to(&page, "#presence");
    page.chord(&[keys::ENTER]);
    page.see(".menu");
    has_focus(&page, ".menu [role^=menuitem]");
    page.chord(&[keys::DOWN]);
    page.chord(&[keys::ESCAPE]);
    page.gone(".menu");
    has_focus(&page, "#presence");

    tab_to(&page, ".talk__acts .btn--end");
    page.chord(&[keys::ENTER]);
    page.see("dialog");
    let inside = "return document.activeElement.closest('dialog') !== null;";
    for _ in 0..12 {
        page.chord(&[keys::TAB]);
        let beyond = page.run("return document.activeElement === document.body;", json!([]));
        assert!(beyond == true || page.run(inside, json!([])) == true, "the dialog holds the focus");
    }
    tab_to(&page, "dialog .btn--danger");
    page.chord(&[keys::ENTER]);
    page.see("dialog #why");
    has_focus(&page, "#why");
    types(&page, "sol");
    page.until("one reason", || (page.texts("#options li").len() == 1).then_some(()));
    page.chord(&[keys::ENTER]);
    tab_to(&page, "dialog .dlg__f .btn--main");
    page.chord(&[keys::ENTER]);
    page.gone("dialog");
    page.gone(".sessions .row");
}

#[test]
fn a_customer_chats_by_keyboard_alone() {
    let desk = Desk::start_with_desk(&[("consent = \"none\"", "consent = \"required\"")], &[]);
    let mut bob = desk.agent("bob");
    let page = Browser::new(&desk);
    page.go("/widget/shop");
    page.see("#f-name");
    tab_to(&page, "#f-name");
    types(&page, "Jan");
    tab_to(&page, "#f-comment");
    types(&page, "In stock?");
    tab_to(&page, "input[type=checkbox]");
    page.chord(&[" "]);
    tab_to(&page, ".p__pane .p__go");
    page.chord(&[keys::ENTER]);
    page.see_text(".me .p__text", "In stock?");
    let offer = bob.socket.of("notification");
    bob.take_known(&offer);
    let conversation = offer["conversation"].as_str().expect("a conversation").to_owned();
    bob.say(&conversation, "b1", "Two.");
    page.see_text(".them .p__text", "Two.");
    tab_to(&page, "#write");
    types(&page, "Thanks");
    page.chord(&[keys::ENTER]);
    bob.socket.wait("her words", |frame| frame["t"] == "message" && frame["text"] == "Thanks");
    // The launcher too.
    page.go("/demo/");
    page.see("deskbell-chat >>> button[aria-expanded]");
    let on =
        "return document.activeElement?.shadowRoot?.activeElement?.getAttribute('aria-expanded') ?? null;";
    page.until("the launcher by Tab", || {
        page.chord(&[keys::TAB]);
        page.run(on, json!([])).is_string().then_some(())
    });
    page.chord(&[keys::ENTER]);
    page.enter("deskbell-chat >>> iframe");
    page.see("#write, #f-name");
}

/// What a page at 200 % of 1280 pixels has: the panes are pages, and nothing is only to be had sideways.
#[test]
fn at_twice_the_size_nothing_is_lost() {
    let desk = tour::branch(&tour::MONDAY);
    let page = Browser::new(&desk);
    page.size(640, 450, false);
    page.go("/agent/");
    let sofie = Agent { page };
    sofie.sign_in("sofie");
    let mut eva = desk.customer("shop", json!({}));
    eva.start(json!({"name": "Eva Smit", "comment": "Do you deliver?", "consent": true}));
    sofie.accept("Eva Smit");
    sofie.say("On Monday.");
    sofie.sent("On Monday.");
    sofie.page.picture("desktop-zoom-200");
    for (page, css) in [(1, ".sessions .row"), (3, ".cust__who h2"), (2, "#reply")] {
        sofie.page.press(&format!(".pages button:nth-of-type({page})"));
        sofie.page.see(css);
        let wide = sofie.page.run("return document.documentElement.scrollWidth;", json!([]));
        assert_eq!(wide, 640, "{css}: sideways");
    }
    sofie.page.press(".talk__acts .btn--end");
    sofie.page.see("dialog .btn--danger");
    sofie.page.picture("desktop-zoom-200-dialog");
    sofie.page.press("dialog .btn--danger");
    sofie.wrap_up("sol", "Solved", "");
    // WCAG 1.4.10: the widget at 320 pixels.
    let quiet = tour::branch(&[]);
    let page = Browser::new(&quiet);
    page.size(320, 400, true);
    tour::widget(&quiet, &page, &mut |page: &Browser, state: &str| {
        let wide = page.run("return document.documentElement.scrollWidth;", json!([]));
        assert_eq!(wide, 320, "{state}: sideways");
    });
    page.picture("widget-320");
}

#[test]
fn without_motion_nothing_moves_and_in_the_systems_colours_all_is_seen() {
    let desk = Desk::start(&[]);
    let page = Browser::new(&desk);
    let features = json!([
        {"name": "prefers-reduced-motion", "value": "reduce"},
        {"name": "forced-colors", "value": "active"},
    ]);
    page.devtools("Emulation.setEmulatedMedia", json!({"features": features}));
    page.go("/agent/");
    let alice = Agent { page };
    alice.sign_in("alice");
    let mut eva = desk.customer("shop", json!({}));
    eva.start(json!({"name": "Eva Smit", "comment": "Do you deliver?"}));
    alice.page.see_text(".alert h2", "Eva Smit");
    alice.page.picture("desktop-forced-colours");
    // What stands out by its ground or shadow alone has an edge here.
    for css in [".alert", ".alert .btn--main", ".alert .btn--line"] {
        let edged = "
            const style = getComputedStyle(document.querySelector(arguments[0]));
            return style.outlineStyle !== 'none' || style.borderTopStyle !== 'none';";
        assert_eq!(alice.page.run(edged, json!([css])), true, "{css}");
    }
    alice.accept("Eva Smit");
    eva.socket.send(&json!({"t": "typing", "on": true}));
    let moving = "
        return document.getAnimations().filter((one) => one.effect.getComputedTiming().duration > 1).map((one) =>
          one.animationName || one.transitionProperty);";
    let moved = alice.page.run(moving, json!([]));
    assert_eq!(moved, json!([]), "nothing moves");
    let framed = "return getComputedStyle(document.querySelector('.compose')).outlineStyle;";
    assert_eq!(alice.page.run(framed, json!([])), "solid", "the reply has an edge");
    alice.page.picture("desktop-forced-colours-talk");
    let _keep: support::Customer = eva;
}

#[test]
fn a_supervisor_transfers_assigns_finds_and_reads_by_keyboard_alone() {
    let desk = tour::branch(&tour::MONDAY);
    let page = Browser::new(&desk);
    page.go("/agent/");
    let sofie = Agent { page };
    sofie.sign_in("sofie");
    let page = &sofie.page;
    let mut bob = desk.agent("bob");
    bob.socket.ok("presence", json!({"status": "busy"}));
    let mut jan = desk.customer("shop", json!({}));
    let first = jan.start(json!({"name": "Jan de Boer", "comment": "Do you deliver?", "consent": true}));
    page.see_text(".alert h2", "Jan de Boer");
    page.chord(&[keys::ALT, "a"]);
    page.see_text(".talk__head h1", "Jan de Boer");
    has_focus(page, "#reply");

    // To a colleague: the search has the focus, arrows and Enter choose, Enter again sends it.
    tab_to(page, ".talk__acts button:has(use[href$='#i-transfer'])");
    page.chord(&[keys::ENTER]);
    page.see_text("#options li", "Bob");
    has_focus(page, "dialog input");
    types(page, "bob");
    page.until("one colleague", || (page.texts("#options li").len() == 1).then_some(()));
    page.chord(&[keys::ENTER]);
    page.see("#options [aria-selected=true]");
    page.chord(&[keys::ENTER]);
    let offer =
        bob.socket.wait("the transfer", |frame| frame["t"] == "notification" && frame["kind"] == "transfer");
    assert_eq!(offer["conversation"], first.as_str());
    bob.take_known(&offer);
    page.see("dialog #why");
    types(page, "sol");
    page.until("one reason", || (page.texts("#options li").len() == 1).then_some(()));
    page.chord(&[keys::ENTER]);
    tab_to(page, "dialog .dlg__f .btn--main");
    page.chord(&[keys::ENTER]);
    page.gone("dialog");

    // The board: a row, and what can be done about it.
    tab_to(page, ".top__nav button:nth-of-type(2)");
    page.chord(&[keys::ENTER]);
    page.see_text(".live tr", "Jan de Boer");
    tab_to(page, ".live section:nth-of-type(4) .cell-link");
    page.chord(&[keys::ENTER]);
    page.see_text(".side h2", "Jan de Boer");
    tab_to(page, ".side .acts .btn--main");
    page.chord(&[keys::ENTER]);
    page.see("dialog #options li");
    has_focus(page, "dialog input");
    page.chord(&[keys::ESCAPE]);
    page.gone("dialog");

    // Finding: words, Enter, the first hit, its page to print.
    tab_to(page, ".top__nav button:nth-of-type(3)");
    page.chord(&[keys::ENTER]);
    tab_to(page, "#find-text");
    types(page, "deliver");
    page.chord(&[keys::ENTER]);
    page.see_text(".hit__text", "Do you deliver?");
    tab_to(page, ".hit");
    page.chord(&[keys::ENTER]);
    page.see_text(".book__log", "Do you deliver?");
    tab_to(page, ".side__h a.btn");

    // A key that is a letter alone can be switched off, and stays off (WCAG 2.1.4).
    page.chord(&["?"]);
    page.see_text("dialog .keys", "?");
    page.chord(&[keys::ESCAPE]);
    page.gone("dialog");
    page.press("#account");
    page.press_text(".menu [role=menuitem]", "Switch the ? key off");
    page.gone(".menu");
    page.reload();
    page.see("#presence");
    page.chord(&["?"]);
    page.chord(&[keys::CONTROL, "k"]);
    page.see("dialog input[role=combobox]");
    assert!(!page.shows("dialog .keys"), "the list did not open");
    let _keep: (support::Customer, support::Agent) = (jan, bob);
}

#[test]
fn a_bots_choice_is_made_by_keyboard_alone() {
    let example = include_str!("../data/desk.example.toml");
    let line = "mode = \"live\"\n";
    let text =
        example.replacen(line, &format!("{line}bot = \"guide\"\n"), 1) + include_str!("../data/bots.toml");
    let desk = Desk::start_with_text(&text, &[]);
    let page = Browser::new(&desk);
    page.go("/widget/shop");
    page.write("#f-name", "Eva Smit");
    page.write("#f-comment", "Hello");
    tab_to(&page, ".p__pane .p__go");
    page.chord(&[keys::ENTER]);
    page.see_text(".p__choices button", "An invoice");
    // A group with a name, in the order in which it is read; Enter chooses.
    let named =
        page.run("return document.querySelector('.p__choices').getAttribute('aria-label') || '';", json!([]));
    assert_ne!(named, "", "the group of choices has a name");
    tab_to(&page, ".p__choices button:nth-of-type(2)");
    page.chord(&[keys::ENTER]);
    page.see_text(".me .p__text", "An invoice");
    page.see_text(".them .p__text", "number");
    page.gone(".p__choices");
    // What is asked next is answered where one writes.
    tab_to(&page, "textarea");
}
