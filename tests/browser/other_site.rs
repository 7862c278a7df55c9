//! The widget where customers meet it: on a site of another name, which embeds the script as the manual says.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use serde_json::{Value, json};

use crate::page::{Browser, keys};
use crate::people::{Customer, FRAME};
use crate::support::{self, Desk};

const HOST: &str = "shop.test";
const RULE: &str = "[[widget.proactive.rule]]\nid = \"lamps\"\ntext = \"Can we help you choose?\"\nwhere = [\"/lamps\"]\n\
                    min_seconds_on_page = 1\naudience = { context = { items = \">= 2\" } }\n";
const MANUAL: &str = include_str!("../../src/manual/widget-script.html");
const MOMENT: Duration = Duration::from_millis(400);

/// A customer's site: one page at every address, with a strict policy, over plain HTTP.
struct Site {
    listener: TcpListener,
    port: u16,
}

impl Site {
    fn new() -> Site {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        Site { listener, port }
    }

    fn origin(&self) -> String {
        format!("http://{HOST}:{}", self.port)
    }

    /// Serves the manual's example, filled in with this box, from now to the end of the test.
    fn embed(&self, desk: &Desk) {
        let from = MANUAL.find("<code id=\"spa\">").expect("the example") + "<code id=\"spa\">".len();
        let example = &MANUAL[from..from + MANUAL[from..].find("</code>").expect("its end")];
        let page =
            example.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
        let page = page.replace("https://BOX", &desk.url);
        let policy = format!(
            "default-src 'none'; script-src 'unsafe-inline' {url}; connect-src {url}; frame-src {url}",
            url = desk.url
        );
        let listener = self.listener.try_clone().expect("a clone");
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                answer(stream, &page, &policy);
            }
        });
    }
}

fn answer(mut stream: TcpStream, page: &str, policy: &str) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
    let mut asked = String::new();
    let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
    for line in lines.by_ref().take_while(|line| !line.is_empty()) {
        asked.push_str(&line);
        asked.push('\n');
    }
    let (status, body) =
        if asked.contains("/favicon.ico") { ("204 No Content", "") } else { ("200 OK", page) };
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Security-Policy: {policy}\r\n\
         Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
}

/// A box whose widget `shop` this site may embed, in opening hours.
fn box_for(site: &Site) -> Desk {
    let allowed = format!("\"{}\", \"self\"", site.origin());
    let lingering = "[[widget.proactive.rule]]\nid = \"lingering\"";
    let text = include_str!("../data/desk.example.toml");
    let at = text.find(lingering).expect("the example's rule");
    let end = at + text[at..].find("\n[[widget]]").expect("the next widget");
    let text = format!("{}{RULE}{}", &text[..at], &text[end..]);
    let text = text.replacen("\"https://shop.example\", \"self\"", &allowed, 1);
    Desk::start_with_text(&text, &["--wall-clock", "2026-10-05T08:00:00Z"])
}

/// Looks for shifts of the layout from the first paint on.
const SHIFTS: &str = "const done = arguments[0];
  const seen = [];
  new PerformanceObserver((list) => seen.push(...list.getEntries()))
    .observe({ type: 'layout-shift', buffered: true });
  setTimeout(() => done(seen.map((one) => one.value)), 300);";

/// The whole way: a single-page visit, an invitation, a chat, a reload in the middle of it.
fn a_visit(blocks_third_parties: bool) {
    let site = Site::new();
    let desk = box_for(&site);
    site.embed(&desk);
    let mut bob = desk.agent("bob");
    let eva = Customer { page: Browser::knowing_site(&desk, HOST, blocks_third_parties) };
    eva.page.go_to(&format!("{}/", site.origin()));
    eva.page.see("deskbell-chat >>> button[aria-expanded]");

    // The address changes without a load, and the rule of that page matches.
    eva.page.press_text("a", "Lamps");
    eva.page.see_text("#view", "This is Lamps.");
    eva.page.see_text("deskbell-chat >>> section", "Can we help you choose?");
    let manners = eva.page.run(
        "const root = document.querySelector('deskbell-chat').shadowRoot;
         const card = root.querySelector('section');
         const style = getComputedStyle(card);
         return [document.activeElement.tagName, root.activeElement, card.parentNode.getAttribute('aria-live'),
                 card.getAnimations().length, style.animationName, style.transitionDuration];",
        json!([]),
    );
    // Where the visitor pressed, the focus stays; announced politely; nothing moves, reduced motion or not.
    assert_eq!(manners, json!(["A", null, "polite", 0, "none", "0s"]));
    bob.socket.never("a notification (REQ S1-10)", MOMENT, |frame| frame["t"] == "notification");
    eva.page.press_text("deskbell-chat >>> section button", "Chat");
    let offer = bob.socket.of("notification");
    assert_eq!(offer["proactive"], true, "REQ S3-4");
    let session = bob.take_known(&offer);
    let conversation = offer["conversation"].as_str().expect("a conversation").to_owned();
    assert_eq!(session["page"]["url"], format!("{}/lamps", site.origin()));
    assert_eq!(session["context"]["items"], 2);
    assert_eq!(session["context"]["member"], true);
    assert!(session["context"]["seconds_on_page"].is_number(), "{}", session["context"]);
    assert_eq!(session["context"]["device"], "desktop", "what the box knows by itself");
    assert_eq!(
        session["recent_pages"],
        json!([format!("{}/", site.origin()), format!("{}/lamps", site.origin())])
    );

    eva.page.enter(FRAME);
    let storage = eva.page.run(
        "try { localStorage.setItem('probe', '1'); return 'kept'; } catch (error) { return error.name; }",
        json!([]),
    );
    assert_eq!(storage, if blocks_third_parties { "SecurityError" } else { "kept" });
    eva.page.see_text(".p__who", "Bob");
    eva.say("Which one is brighter?");
    eva.sent("Which one is brighter?");
    bob.say(&conversation, "b1", "The left one.");
    eva.hear("The left one.");

    // The page anew in the middle: the same chat, open, with all that was said; and it goes on.
    eva.reload();
    eva.hear("The left one.");
    eva.say("I take it.");
    eva.sent("I take it.");
    let again = bob.socket.wait("the last words", |frame| frame["text"] == "I take it.");
    assert_eq!(again["conversation"], *conversation);
    assert_eq!(eva.reads(), ["Which one is brighter?", "The left one.", "I take it."]);
    eva.page.chord(&[keys::ESCAPE]);
    eva.page.leave();

    // In the middle of the chat the site changes its address by itself: the agent sees where she went, without a word.
    eva.page.press_text("a", "Home");
    let told = bob.socket.wait("where she is now", |frame| {
        frame["t"] == "session" && frame["recent_pages"].as_array().is_some_and(|pages| pages.len() == 3)
    });
    assert_eq!(told["recent_pages"][2], format!("{}/", site.origin()));
    assert_eq!(told["page"]["url"], format!("{}/lamps", site.origin()), "where it began stays");
    eva.page.gone("deskbell-chat >>> iframe");
    bob.say(&conversation, "b2", "Until Saturday.");
    eva.page.see("html[data-unread='1']");
    eva.page.press("#ask");
    eva.page.enter(FRAME);
    eva.hear("Until Saturday.");
    eva.page.leave();
    eva.page.picture(if blocks_third_parties { "other-site-blocked" } else { "other-site" });

    assert_eq!(eva.page.run_later(SHIFTS), json!([]), "the site's layout shifts");
    let console = eva.page.console();
    assert!(console.is_empty(), "{console:#?}");
}

#[test]
fn a_customers_site_embeds_the_chat_and_keeps_it_over_a_reload() {
    a_visit(false);
}

#[test]
fn the_chat_works_where_the_browser_blocks_third_party_storage() {
    a_visit(true);
}

/// An agent on a bare socket takes what is offered next; its session.
fn taken(agent: &mut support::Agent) -> Value {
    let offer = agent.socket.of("notification");
    agent.take_known(&offer)
}

/// REQ S1-14: whatever the page's provider does, the chat begins, with what of it fits.
#[test]
fn a_context_provider_that_throws_hangs_or_returns_rubbish_does_no_harm() {
    let site = Site::new();
    let desk = box_for(&site);
    site.embed(&desk);
    let mut bob = desk.agent("bob");
    let eva = Customer { page: Browser::knowing_site(&desk, HOST, false) };
    for (provider, kept) in [
        ("() => { throw new Error('mine'); }", json!({})),
        ("() => Promise.reject(new Error('mine'))", json!({})),
        ("() => new Promise(() => {})", json!({})),
        ("() => 7", json!({})),
        ("() => { const a = {}; a.a = a; return a; }", json!({})),
        (
            "() => ({ good: 'yes', nested: { a: 1 }, list: [1], none: null, odd: undefined, fn() {}, ['k'.repeat(65)]: 1, \
             ['k'.repeat(64)]: 1, long: 'x'.repeat(513) })",
            json!({"good": "yes", "k".repeat(64): 1}),
        ),
        ("() => Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`k${n}`, n]))", json!(32)),
        (
            "() => Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`k${n}`, 'x'.repeat(500)]))",
            json!(7),
        ),
        ("'no function at all'", json!({})),
    ] {
        eva.page.go_to(&format!("{}/", site.origin()));
        eva.page.run("localStorage.clear();", json!([]));
        eva.page.reload();
        eva.page.see("deskbell-chat >>> button[aria-expanded]");
        eva.page.until("the script", || {
            eva.page.run("return !!window.deskbell;", json!([])).as_bool().filter(|t| *t)
        });
        eva.page.run(&format!("deskbell.setContextProvider({provider});"), json!([]));
        eva.page.press("#ask");
        eva.page.enter(FRAME);
        eva.page.write("#f-comment", "Hello?");
        eva.page.press(".p__pane .p__go");
        let session = taken(&mut bob);
        let mut context = session["context"].clone();
        for own in ["seconds_on_page", "device"] {
            context.as_object_mut().expect("an object").remove(own);
        }
        let got = if kept.is_number() {
            json!(context.as_object().map_or(0, serde_json::Map::len))
        } else {
            context
        };
        assert_eq!(got, kept, "{provider}");
        bob.socket.ok("end", json!({"conversation": session["conversation"]}));
        bob.socket.ok("wrapup", json!({"conversation": session["conversation"], "reason": "solved"}));
        eva.page.leave();
    }
}

/// A site that is not on the widget's list gets neither settings nor frame.
#[test]
fn a_site_that_is_not_on_the_list_shows_no_chat() {
    let site = Site::new();
    let desk = Desk::start(&[]);
    site.embed(&desk);
    let eva = Browser::knowing_site(&desk, HOST, false);
    // What the browser itself says of a refusal no page can hush.
    eva.forgive("blocked by CORS policy");
    eva.forgive("net::ERR_FAILED");
    eva.forgive("frame-ancestors");
    eva.forgive("net::ERR_BLOCKED");
    eva.go_to(&format!("{}/", site.origin()));
    eva.until("the script", || {
        eva.run("return !!window.deskbell;", json!([])).as_bool().filter(|there| *there)
    });
    std::thread::sleep(MOMENT);
    assert!(!eva.shows("deskbell-chat"), "no button without the widget's settings");
    eva.run(
        "const frame = document.createElement('iframe'); frame.src = arguments[0] + '/widget/shop'; document.body.append(frame);",
        json!([desk.url]),
    );
    std::thread::sleep(MOMENT);
    eva.enter("iframe");
    assert!(!eva.shows("#chat"), "the chat page is framed by a stranger");
}
