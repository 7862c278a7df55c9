//! What a site's visitor has to load, as it is served: bytes of the body, uncompressed (issue "Proactive chat").

use crate::support::Desk;

/// What counts: every file a browser fetches, each once.
///
/// - the loader: `widget.js`, which every visitor of the site pays for;
/// - the chat page: its document, style and own scripts, fetched when somebody opens the chat;
/// - what comes with it: the modules and tokens it shares with the desktop, its symbols, the words of one language;
/// - later parts: invitations, the frame on the site's page, forms, older pages, what a bot offers, the rating while a
///   chat goes on. Each is fetched when it is first needed.
#[test]
fn the_widget_stays_within_its_bytes() {
    let desk = Desk::start(&[]);
    let bytes = |path: &str| {
        let reply = desk.get(path);
        assert_eq!(reply.status, 200, "{path}");
        assert!(
            path.ends_with(".html") || path.contains("/words/") || !reply.body.contains("\n  "),
            "{path} is served as its authors read it"
        );
        reply.body.len()
    };
    let all = |names: &[&str]| -> usize { names.iter().map(|name| bytes(name)).sum() };
    let own =
        |names: &[&str]| -> usize { names.iter().map(|name| bytes(&format!("/widget-assets/{name}"))).sum() };
    let loader = bytes("/widget.js");
    let page = own(&["page.html", "page.css", "page.js"])
        + own(&["page-compose.js", "page-host.js", "page-log.js", "page-state.js"])
        + own(&["page-talk.js", "page-view.js", "page-words.js"]);
    let shared = all(&["/web/tokens.css", "/web/dom.js", "/web/format.js", "/web/i18n.js"])
        + all(&["/web/socket.js", "/web/store.js"])
        + own(&["icons.svg"]);
    let words = ["en", "nl", "cs", "da"].map(|language| own(&[&format!("words/{language}.js")]));
    let words = words.into_iter().max().unwrap_or_default();
    let forms = own(&["page-forms.js", "page-forms.css"]);
    let past = own(&["page-past.js", "page-alone.js", "page-signed.js", "page-refused.js"]);
    let copies = own(&["page-copy.js", "page-mail.js", "page-mail.css"]);
    let during = own(&["page-choices.js", "page-choices.css", "page-rating.js", "page-rating.css"]);
    let (frame, invite) = (own(&["frame.js"]), own(&["invite.js"]));
    println!(
        "loader {loader}, page {page}, shared {shared}, words {words}, forms {forms}, past {past}, \
         during {during}, copies {copies}, frame {frame}, invite {invite}"
    );
    assert!(loader <= 6 * 1024, "the loader: {loader} bytes");
    assert!(page <= 40 * 1024, "the chat page: {page} bytes");
    assert!(shared + words <= 25 * 1024, "what comes with the page: {shared} + {words} bytes");
    assert!(forms <= 10 * 1024, "the forms: {forms} bytes");
    assert!(past <= 3 * 1024, "older pages, the chat on its own, signed customers, a refusal: {past} bytes");
    assert!(during <= 3 * 1024, "a bot's choices and the rating: {during} bytes");
    assert!(copies <= 3 * 1024, "copies to keep: {copies} bytes");
    assert!(frame + invite <= 12 * 1024, "on the site's page: {frame} + {invite} bytes");
}

/// Words come one language at a time, and without those of the desktop.
#[test]
fn the_chat_page_gets_its_own_words_only() {
    let desk = Desk::start(&[]);
    for (language, send) in [("en", "Send"), ("nl", "Versturen"), ("cs", "Odeslat"), ("da", "Send")] {
        let words = desk.get(&format!("/widget-assets/words/{language}.js"));
        assert_eq!(words.status, 200);
        assert!(!words.body.contains("\"agent."), "{language}");
        assert!(words.body.contains(&format!("\"widget.send\":\"{send}\"")), "{language}: {}", words.body);
    }
    assert_eq!(desk.get("/widget-assets/words/xx.js").status, 404);
    let icons = desk.get("/widget-assets/icons.svg").body;
    assert!(
        icons.contains("i-send") && !icons.contains("i-conference") && icons.trim_end().ends_with("</svg>")
    );
}
