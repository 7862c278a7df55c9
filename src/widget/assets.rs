//! The files a browser gets: the loader, the chat page, the desktop, the modules both share, the demo's shop.
//!
//! All of them are part of the program: what is served is what was built.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use super::squeeze;
use crate::gateway::{
    Access, Asset, Caching, Face, Framing, Handler, Method, Request, Response, Route, handler,
};

/// Seconds a site's visitors may keep the loader without asking.
const LOADER_S: u32 = 300;
/// Seconds a chat page may draw its symbols without asking: the first time it needs the one for a lost line there is
/// nobody to ask.
const SYMBOLS_S: u32 = 24 * 3600;

const WIDGET: &[(&str, &[u8])] = &[
    ("frame.js", include_bytes!("frame.js")),
    ("invite.js", include_bytes!("invite.js")),
    ("page-compose.js", include_bytes!("page-compose.js")),
    ("page-alone.js", include_bytes!("page-alone.js")),
    ("page-choices.css", include_bytes!("page-choices.css")),
    ("page-choices.js", include_bytes!("page-choices.js")),
    ("page-forms.css", include_bytes!("page-forms.css")),
    ("page-copy.js", include_bytes!("page-copy.js")),
    ("page-forms.js", include_bytes!("page-forms.js")),
    ("page-host.js", include_bytes!("page-host.js")),
    ("page-log.js", include_bytes!("page-log.js")),
    ("page-mail.css", include_bytes!("page-mail.css")),
    ("page-mail.js", include_bytes!("page-mail.js")),
    ("page-past.js", include_bytes!("page-past.js")),
    ("page-rating.css", include_bytes!("page-rating.css")),
    ("page-rating.js", include_bytes!("page-rating.js")),
    ("page-refused.js", include_bytes!("page-refused.js")),
    ("page-signed.js", include_bytes!("page-signed.js")),
    ("page-state.js", include_bytes!("page-state.js")),
    ("page-talk.js", include_bytes!("page-talk.js")),
    ("page-view.js", include_bytes!("page-view.js")),
    ("page-words.js", include_bytes!("page-words.js")),
    ("page.css", include_bytes!("page.css")),
    ("page.html", include_bytes!("page.html")),
    ("page.js", include_bytes!("page.js")),
];

const AGENT: &[(&str, &[u8])] = &[
    ("account.js", include_bytes!("../agent/account.js")),
    ("acts.js", include_bytes!("../agent/acts.js")),
    ("alerts.js", include_bytes!("../agent/alerts.js")),
    ("articles.js", include_bytes!("../agent/articles.js")),
    ("banners.js", include_bytes!("../agent/banners.js")),
    ("book.css", include_bytes!("../agent/book.css")),
    ("box.js", include_bytes!("../agent/box.js")),
    ("channel.js", include_bytes!("../agent/channel.js")),
    ("compose.js", include_bytes!("../agent/compose.js")),
    ("contact.js", include_bytes!("../agent/contact.js")),
    ("customer.js", include_bytes!("../agent/customer.js")),
    ("desktop.css", include_bytes!("../agent/desktop.css")),
    ("desktop.html", include_bytes!("../agent/desktop.html")),
    ("desktop.js", include_bytes!("../agent/desktop.js")),
    ("dialogs.js", include_bytes!("../agent/dialogs.js")),
    ("empty.js", include_bytes!("../agent/empty.js")),
    ("figures.js", include_bytes!("../agent/figures.js")),
    ("find.js", include_bytes!("../agent/find.js")),
    ("floats.css", include_bytes!("../agent/floats.css")),
    ("frames.js", include_bytes!("../agent/frames.js")),
    ("icon-alert.svg", include_bytes!("../agent/icon-alert.svg")),
    ("icon.svg", include_bytes!("../agent/icon.svg")),
    ("invitations.js", include_bytes!("../agent/invitations.js")),
    ("keys.js", include_bytes!("../agent/keys.js")),
    ("manifest.webmanifest", include_bytes!("../agent/manifest.webmanifest")),
    ("memory.js", include_bytes!("../agent/memory.js")),
    ("menu.js", include_bytes!("../agent/menu.js")),
    ("notify.js", include_bytes!("../agent/notify.js")),
    ("options.js", include_bytes!("../agent/options.js")),
    ("outbox.js", include_bytes!("../agent/outbox.js")),
    ("paint.js", include_bytes!("../agent/paint.js")),
    ("palette.js", include_bytes!("../agent/palette.js")),
    ("panes.css", include_bytes!("../agent/panes.css")),
    ("parts.js", include_bytes!("../agent/parts.js")),
    ("presence.js", include_bytes!("../agent/presence.js")),
    ("routing.js", include_bytes!("../agent/routing.js")),
    ("say.js", include_bytes!("../agent/say.js")),
    ("selftest.js", include_bytes!("../agent/selftest.js")),
    ("sessions.js", include_bytes!("../agent/sessions.js")),
    ("signin.js", include_bytes!("../agent/signin.js")),
    ("sound.js", include_bytes!("../agent/sound.js")),
    ("state.js", include_bytes!("../agent/state.js")),
    ("supervisor.css", include_bytes!("../agent/supervisor.css")),
    ("supervisor.js", include_bytes!("../agent/supervisor.js")),
    ("sw.js", include_bytes!("../agent/sw.js")),
    ("talk.js", include_bytes!("../agent/talk.js")),
    ("targets.js", include_bytes!("../agent/targets.js")),
    ("theme.js", include_bytes!("../agent/theme.js")),
    ("top.js", include_bytes!("../agent/top.js")),
    ("transcript.css", include_bytes!("../agent/transcript.css")),
];

const WEB: &[(&str, &[u8])] = &[
    ("article.css", include_bytes!("../web/article.css")),
    ("dom.js", include_bytes!("../web/dom.js")),
    ("format.js", include_bytes!("../web/format.js")),
    ("i18n.js", include_bytes!("../web/i18n.js")),
    ("icons.svg", include_bytes!("../web/icons.svg")),
    ("socket.js", include_bytes!("../web/socket.js")),
    ("store.js", include_bytes!("../web/store.js")),
    ("time.js", include_bytes!("../web/time.js")),
    ("tokens.css", include_bytes!("../web/tokens.css")),
    ("lang/cs.js", include_bytes!("../web/lang/cs.js")),
    ("lang/da.js", include_bytes!("../web/lang/da.js")),
    ("lang/en.js", include_bytes!("../web/lang/en.js")),
    ("lang/nl.js", include_bytes!("../web/lang/nl.js")),
];

const MANUAL: &[(&str, &[u8])] = &[
    ("bots.html", include_bytes!("../manual/bots.html")),
    ("calls.html", include_bytes!("../manual/calls.html")),
    ("index.html", include_bytes!("../manual/index.html")),
    ("addresses.html", include_bytes!("../manual/addresses.html")),
    ("channels.html", include_bytes!("../manual/channels.html")),
    ("masking.html", include_bytes!("../manual/masking.html")),
    ("manual.css", include_bytes!("../manual/manual.css")),
    ("openapi.json", include_bytes!("../manual/openapi.json")),
    ("widget-script.html", include_bytes!("../manual/widget-script.html")),
    ("signed-customers.html", include_bytes!("../manual/signed-customers.html")),
    ("sockets.html", include_bytes!("../manual/sockets.html")),
];

const DEMO: &[(&str, &[u8])] = &[
    ("index.html", include_bytes!("demo/index.html")),
    ("portal.html", include_bytes!("demo/portal.html")),
    ("portal.js", include_bytes!("demo/portal.js")),
    ("product-chair.html", include_bytes!("demo/product-chair.html")),
    ("product-floor-lamp.html", include_bytes!("demo/product-floor-lamp.html")),
    ("product-globe.html", include_bytes!("demo/product-globe.html")),
    ("product-lamp.html", include_bytes!("demo/product-lamp.html")),
    ("shop.css", include_bytes!("demo/shop.css")),
    ("shop.js", include_bytes!("demo/shop.js")),
];

/// Files by name, ready to serve.
struct Shelf(HashMap<&'static str, Asset>);

impl Shelf {
    fn new(files: &[(&'static str, &'static [u8])]) -> Shelf {
        Shelf(files.iter().map(|(name, bytes)| (*name, Asset::new(name, bytes))).collect())
    }

    /// Files for other people's visitors: without what only their authors read.
    fn lean(files: &[(&'static str, &'static [u8])]) -> Shelf {
        Shelf(files.iter().map(|(name, bytes)| (*name, Asset::new(name, lean(name, bytes)))).collect())
    }

    /// Lets browsers use one of them for so many seconds.
    fn keeping(mut self, name: &str, seconds: u32) -> Shelf {
        if let Some((name, asset)) = self.0.remove_entry(name) {
            self.0.insert(name, asset.caching(Caching::Seconds(seconds)));
        }
        self
    }

    fn respond(&self, name: &str, request: &Request) -> Response {
        match self.0.get(name) {
            Some(asset) => asset.respond(request),
            None => Response::error(404, "not_found", "There is no such file."),
        }
    }
}

static PAGE: LazyLock<Asset> = LazyLock::new(|| Asset::new("page.html", include_bytes!("page.html")));

/// The chat page; the caller says who may frame it.
pub fn page(request: &Request) -> Response {
    PAGE.respond(request)
}

/// A script or sheet without what only its authors read; anything else as it is.
fn lean(name: &str, bytes: &'static [u8]) -> &'static [u8] {
    let Ok(text) = std::str::from_utf8(bytes) else { return bytes };
    let squeezed = match name.rsplit_once('.') {
        Some((_, "js")) => squeeze::script(text),
        Some((_, "css")) => squeeze::style(text),
        _ => return bytes,
    };
    // Once a process: the shelves are made at the start and stay.
    squeezed.leak().as_bytes()
}

/// The chat page's words, one language a file, and its symbols: cut from what the desktop uses too.
fn cut_for_the_page() -> Vec<(&'static str, &'static [u8])> {
    fn word_file(name: &'static str, file: &str) -> (&'static str, &'static [u8]) {
        (name, squeeze::words(file).leak().as_bytes())
    }
    let sprite = squeeze::symbols(include_str!("../web/icons.svg"), &SYMBOLS);
    vec![
        word_file("words/cs.js", include_str!("../web/lang/cs.js")),
        word_file("words/da.js", include_str!("../web/lang/da.js")),
        word_file("words/en.js", include_str!("../web/lang/en.js")),
        word_file("words/nl.js", include_str!("../web/lang/nl.js")),
        ("icons.svg", sprite.leak().as_bytes()),
    ]
}

/// Symbols of the chat page.
const SYMBOLS: [&str; 11] =
    ["bell", "check", "chevron", "clock", "close", "minimise", "offline", "person", "retry", "send", "warn"];

/// The routes of all files.
pub fn routes(demo: bool) -> Vec<Route> {
    let loader = Arc::new(
        Asset::new("widget.js", lean("widget.js", include_bytes!("widget.js")))
            .caching(Caching::Seconds(LOADER_S)),
    );
    let mut page_files = WIDGET.to_vec();
    page_files.extend(cut_for_the_page());
    let widget = Arc::new(Shelf::lean(&page_files).keeping("icons.svg", SYMBOLS_S));
    let web = Arc::new(Shelf::lean(WEB));
    let agent = Arc::new(Shelf::new(AGENT));
    let manual = Arc::new(Shelf::new(MANUAL));
    let get = |path, face, handler| Route::new(Method::Get, path, face, Access::Anyone, handler);
    let desktop = named(&agent, |_| "desktop.html".to_owned());
    let mut routes = vec![
        get("/", Face::Both, handler(move |request: Request| async move { front(&request, demo) })),
        get(
            "/widget.js",
            Face::Public,
            handler(move |request: Request| {
                let loader = Arc::clone(&loader);
                async move { loader.respond(&request) }
            }),
        )
        .embeddable(),
        get("/widget-assets/{*path}", Face::Public, named(&widget, |r| r.param("path").to_owned()))
            .embeddable(),
        get("/web/{*path}", Face::Both, named(&web, |r| r.param("path").to_owned())).embeddable(),
        get(
            "/agent",
            Face::Staff,
            handler(|_| async { Response::empty(308).with_header("location", "/agent/") }),
        ),
        // A site's developer sees the public face only.
        get(
            "/manual",
            Face::Both,
            handler(|_| async { Response::empty(308).with_header("location", "/manual/") }),
        ),
        get("/manual/", Face::Both, named(&manual, |_| "index.html".to_owned())),
        get("/manual/{name}", Face::Both, named(&manual, |r| r.param("name").to_owned())),
        get("/agent/", Face::Staff, desktop),
        get("/agent/{name}", Face::Staff, named(&agent, |r| r.param("name").to_owned())),
        // Browsers ask for it whatever a page says, and report its absence in the page's console.
        get("/favicon.ico", Face::Both, named(&agent, |_| "icon.svg".to_owned())),
    ];
    if demo {
        let shop = Arc::new(Shelf::new(DEMO));
        routes.extend([
            get(
                "/demo",
                Face::Public,
                handler(|_| async { Response::empty(308).with_header("location", "/demo/") }),
            ),
            get("/demo/", Face::Public, named(&shop, |_| "index.html".to_owned())).framing(Framing::Own),
            get("/demo/portal", Face::Public, named(&shop, |_| "portal.html".to_owned()))
                .framing(Framing::Own),
            get(
                "/demo/product/{id}",
                Face::Public,
                named(&shop, |r| format!("product-{}.html", r.param("id"))),
            ),
            get("/demo/{name}", Face::Public, named(&shop, |r| r.param("name").to_owned())),
        ]);
    }
    routes
}

/// Serves from a shelf the file that the request names.
fn named(shelf: &Arc<Shelf>, name: fn(&Request) -> String) -> Handler {
    let shelf = Arc::clone(shelf);
    handler(move |request: Request| {
        let shelf = Arc::clone(&shelf);
        async move { shelf.respond(&name(&request), &request) }
    })
}

/// The front door leads to what the face is for.
fn front(request: &Request, demo: bool) -> Response {
    let to = match request.face {
        Face::Both if demo => "/demo/",
        Face::Both | Face::Staff => "/agent/",
        Face::Public => return Response::error(404, "not_found", "There is nothing here."),
    };
    Response::empty(303).with_header("location", to)
}
