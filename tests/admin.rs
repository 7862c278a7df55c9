//! The admin pages, driven over their real socket and through the gateway's side of it (REQ B-6, B-10, S2-20).

#[path = "admin/browser.rs"]
mod browser;
#[path = "admin/hostile.rs"]
mod hostile;
#[path = "admin/keeper.rs"]
mod keeper;
#[path = "admin/lan.rs"]
mod lan;

use std::os::unix::net::UnixListener;
use std::sync::Arc;

use browser::Browser;
use deskbell::admin::{Admin, StartKey};
use deskbell::desk::{Id, Role as DeskRole};
use keeper::Shelf;

/// Everything a test needs: the pages on a socket of their own.
struct House {
    browser: Browser,
    shelf: Arc<Shelf>,
    key: StartKey,
    _admin: Admin,
    _folder: tempfile::TempDir,
}

fn house() -> House {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("admin.sock");
    let listener = UnixListener::bind(&socket).expect("a socket");
    let shelf = Shelf::with(include_str!("data/desk.example.toml"));
    let key = StartKey::new().expect("random bytes");
    let admin = Admin::start(listener, shelf.clone(), key.clone()).expect("the pages start");
    House { browser: Browser(socket), shelf, key, _admin: admin, _folder: folder }
}

const PAGES: &[&str] = &[
    "/admin/",
    "/admin/desk",
    "/admin/hours",
    "/admin/hours/office",
    "/admin/new/hours",
    "/admin/people",
    "/admin/people/alice",
    "/admin/new/people",
    "/admin/presences",
    "/admin/presences/lunch",
    "/admin/workstreams",
    "/admin/workstreams/web-live",
    "/admin/workstreams/web-live/other-alerts",
    "/admin/workstreams/web-live/closing",
    "/admin/workstreams/web-live/texts",
    "/admin/workstreams/web-live/hours",
    "/admin/workstreams/web-later/hours",
    "/admin/workstreams/cases",
    "/admin/new/workstreams",
    "/admin/queues",
    "/admin/queues/front",
    "/admin/delete/queues/front",
    "/admin/widgets",
    "/admin/widgets/shop",
    "/admin/widgets/shop/questions",
    "/admin/widgets/shop/rules",
    "/admin/widgets/shop/rules/lingering",
    "/admin/new/widgets/shop/rules",
    "/admin/masking",
    "/admin/quick-replies",
    "/admin/quick-replies/hi",
    "/admin/wrap-up-reasons",
    "/admin/wrap-up-reasons/solved",
    "/admin/articles",
    "/admin/new/articles",
    "/admin/contacts",
    "/admin/contacts/0",
    "/admin/tokens",
    "/admin/tokens/crm",
    "/admin/health",
    "/admin/restart",
    "/admin/addresses",
    "/admin/backup",
    "/admin/restore/2026-03-02.deskbell",
    "/admin/changes",
    "/admin/changes/1",
    "/admin/import",
    "/admin/audit",
    "/admin/log",
    "/admin/log?trouble",
];

#[test]
fn every_page_is_there_with_nothing_inline_and_one_heading() {
    let house = house();
    for path in PAGES {
        let page = house.browser.page(path);
        assert!(page.body.contains("<title>") && page.body.contains("</html>"), "{path}");
        assert_eq!(page.body.matches("<h1").count(), 1, "{path}");
        for word in ["style=", "<style", "onclick", "javascript:"] {
            assert!(!page.body.contains(word), "{path}: {word}");
        }
        for script in page.body.split("<script").skip(1) {
            assert!(script.split('>').next().expect("a tag").contains("src="), "{path}");
        }
        assert!(page.header("Content-Security-Policy").expect("a policy").contains("default-src 'none'"));
        let length: usize = page.header("Content-Length").expect("a length").parse().expect("a number");
        assert_eq!(length, page.body.len(), "{path}");
    }
    for file in [
        "/admin/static/admin.css",
        "/admin/static/preview.js",
        "/web/tokens.css",
        "/web/icons.svg",
        "/admin/ca.crt",
        "/admin/desk.toml",
    ] {
        house.browser.page(file);
    }
    for nothing in [
        "/admin/none",
        "/admin/queues/none",
        "/admin/queues/front/none",
        "/admin/widgets/none/rules",
        "/admin/changes/99",
        "/admin/static/../mod.rs",
        "/agent/",
        "/admin/restore/none",
        "/admin/contacts/7",
    ] {
        assert_eq!(house.browser.get(nothing).status, 404, "{nothing}");
    }
}

#[test]
fn every_form_sent_back_as_it_stands_changes_nothing() {
    let house = house();
    let before = house.shelf.desk().export();
    let forms = PAGES.iter().filter(|path| {
        let parts = path.matches('/').count();
        !path.contains("/new/")
            && !path.contains("/delete/")
            && (parts > 2 || matches!(**path, "/admin/desk" | "/admin/masking"))
            && !["/restore/", "/changes/", "/rules"]
                .iter()
                .any(|part| path.ends_with(part) || path.contains("/restore/") || path.contains("/changes/"))
    });
    let mut seen = 0;
    for path in forms {
        let page = house.browser.page(path);
        if !page.body.contains("id=\"f\"") {
            continue;
        }
        let answer = house.browser.post(&page.form(path));
        assert_eq!(answer.status, 303, "{path}: {}", answer.said());
        seen += 1;
        // A workstream's alert is shown complete; what was the default is then written, and means the same.
        if answer.header("Location").is_some_and(|to| to.contains("saved=")) {
            assert!(path.contains("/workstreams/"), "{path}");
        }
    }
    assert!(seen > 15, "{seen} forms");
    let desk = house.shelf.desk();
    let mut export = desk.export();
    for line in [
        "reject = true\n",
        "desktop = \"background\"\n",
        "auto = \"none\"\n",
        "show_timeout = true\n",
        "reject = false\n",
    ] {
        export = export.replace(line, "");
    }
    let stripped = [
        "reject = true\n",
        "desktop = \"background\"\n",
        "auto = \"none\"\n",
        "show_timeout = true\n",
        "reject = false\n",
    ]
    .iter()
    .fold(before, |text, line| text.replace(line, ""));
    assert_eq!(export, stripped);
}

#[test]
fn a_saved_form_says_what_changed_and_undo_takes_it_back() {
    let house = house();
    let path = "/admin/workstreams/web-live";
    let form = house.browser.form(path).set("notify.incoming.timeout_s", "45").set("units", "20");
    let page = house.browser.saved(&form);
    assert!(page.body.contains("Saved at"), "{}", page.body);
    assert!(page.body.contains("Load of each: 30 units is now 20 units."), "{}", page.body);
    let stream = house.shelf.desk().workstream("web-live").expect("there").clone();
    assert_eq!((stream.units, stream.notify(deskbell::desk::NotifyKind::Incoming).timeout_s), (20, 45));
    let change = house.browser.page("/admin/changes/2");
    assert!(
        change.body.contains("Time to answer") && change.body.contains("<del>90 s</del>"),
        "{}",
        change.body
    );

    let undone = house.browser.post(&page.form("/admin/changes/return"));
    assert_eq!(undone.status, 303, "{}", undone.body);
    assert_eq!(undone.header("Location"), Some("/admin/workstreams/web-live?saved=3"));
    assert_eq!(house.shelf.desk().workstream("web-live").expect("there").units, 30);
}

#[test]
fn undo_brings_back_what_was_deleted_and_keeps_passwords_set_since() {
    let house = house();
    let hash = |name: &str| {
        house.shelf.desk().agent(name).and_then(|agent| agent.password.hash().map(str::to_owned))
    };
    let bob = hash("bob");
    let gone =
        house.browser.post(&house.browser.page("/admin/delete/people/bob").form("/admin/delete/people/bob"));
    assert_eq!(gone.status, 303, "{}", gone.body);
    assert_eq!(hash("bob"), None);
    house.browser.saved(&house.browser.form("/admin/people/alice").set("password", "a new good one"));
    let alice = hash("alice");
    let back = house.browser.page("/admin/changes/2").form("/admin/changes/return");
    assert_eq!(house.browser.post(&back).status, 303);
    assert_eq!(hash("bob"), bob);
    assert_eq!(hash("alice"), alice, "going back never brings back a password that was changed");
}

#[test]
fn a_fault_stands_at_its_field_and_what_was_typed_stays() {
    let house = house();
    let cases = [
        ("/admin/workstreams/web-live", "units", "many", "units"),
        ("/admin/workstreams/web-live", "notify.incoming.timeout_s", "4", "notify-incoming-timeout-s"),
        ("/admin/workstreams/web-live", "notify.incoming.title", "Chat {nobody}", "notify-incoming-title"),
        ("/admin/workstreams/web-live", "notify.incoming.fields[1].value", "{", "notify-incoming-fields"),
        ("/admin/workstreams/web-live/texts", "texts.agent_joined", "{minutes}", "texts-agent-joined"),
        ("/admin/workstreams/web-later/hours", "auth.public_keys", "junk", "auth-public-keys"),
        ("/admin/hours/office", "timezone", "Europe/Nowhere", "timezone"),
        ("/admin/hours/office", "week.mon", "25:00-26:00", "week-mon"),
        ("/admin/hours/office", "holidays[0].date", "2026-02-30", "holidays"),
        ("/admin/people/alice", "capacity", "-1", "capacity"),
        ("/admin/queues/front", "priority", "99999999999999999999", "priority"),
        ("/admin/widgets/shop", "allowed_origins", "https://shop.example/path", "allowed-origins"),
        ("/admin/widgets/shop/questions", "prechat[0].kind", "guess", "prechat"),
        ("/admin/widgets/shop/rules/lingering", "where", "no slash", "where"),
        ("/admin/masking", "phone_region", "nl", "phone-region"),
        ("/admin/contacts/0", "email", "nobody", "email"),
        ("/admin/desk", "locale", "klingon", "locale"),
        ("/admin/quick-replies/hi", "text", "{opens_at}", "text"),
    ];
    let number = house.shelf.number();
    for (path, name, value, id) in cases {
        let answer = house.browser.post(&house.browser.form(path).set(name, value));
        assert_eq!(answer.status, 422, "{path} {name}: {}", answer.said());
        assert!(answer.fault(id).is_some(), "{path} {name}: {}", answer.said());
        let again = answer.form(path);
        assert_eq!(again.value(name), value, "{path}");
        assert_eq!(house.shelf.number(), number, "{path}: nothing is saved by halves");
    }
}

#[test]
fn new_entries_are_made_and_a_bad_or_taken_id_is_told_at_its_field() {
    let house = house();
    let new = |slug: &str| house.browser.form(&format!("/admin/new/{slug}"));
    for (slug, fields) in [
        ("queues", vec![("id", "night"), ("name", "Night")]),
        ("presences", vec![("id", "training"), ("label", "Training")]),
        ("wrap-up-reasons", vec![("id", "spam"), ("label", "Spam")]),
        ("quick-replies", vec![("id", "bye"), ("text", "Goodbye {customer_name}")]),
        ("articles", vec![("id", "returns"), ("title", "Returns"), ("text", "# Returns")]),
        ("contacts", vec![("name", "Jan"), ("email", "jan@x.example")]),
        ("hours", vec![("id", "late")]),
        ("people", vec![("username", "eva@branch.example"), ("name", "Eva"), ("password", "eva-good-pass")]),
        ("widgets", vec![("id", "site")]),
        ("workstreams", vec![("id", "sms"), ("name", "SMS"), ("channel", "sms")]),
        ("widgets/shop/rules", vec![("id", "second"), ("text", "Still there?")]),
    ] {
        let form = fields.iter().fold(new(slug), |form, (name, value)| form.set(name, value));
        let page = house.browser.saved(&form);
        assert!(page.body.contains("Saved at"), "{slug}");
    }
    let desk = house.shelf.desk();
    assert!(desk.agent("eva@branch.example").expect("made").password.hash().is_some());
    assert_eq!(desk.widget("shop").expect("there").proactive.rules.len(), 2);

    for id in ["", "a b", "front", "-x", "<script>"] {
        let answer = house.browser.post(&new("queues").set("id", id));
        assert_eq!(answer.status, 422, "{id}");
        assert!(answer.fault("id").is_some() || answer.body.contains("same id"), "{id}: {}", answer.said());
    }
    let no_password = house.browser.post(&new("people").set("username", "tom"));
    assert!(no_password.fault("password").is_some(), "{}", no_password.said());
    let persistent = new("workstreams").set("id", "later").set("mode", "persistent");
    assert!(house.browser.post(&persistent).body.contains("must know who its customer is"));
}

#[test]
fn who_carries_a_workstream_is_set_by_its_form_and_no_secret_is_shown() {
    let house = house();
    for (id, channel) in [("sms", "sms"), ("page", "messenger"), ("calls", "voice")] {
        let new = house.browser.form("/admin/new/workstreams").set("id", id).set("name", id);
        house.browser.saved(&new.set("channel", channel));
    }
    let path = |id: &str| format!("/admin/workstreams/{id}/provider");
    let sms =
        house.browser.form(&path("sms")).set("sms.provider", "twilio").set("sms.from", "+3197010123456");
    let unfinished = house.browser.post(&sms);
    assert_eq!(unfinished.status, 422, "{}", unfinished.said());
    assert!(unfinished.fault("sms-account").is_some(), "{}", unfinished.said());
    let sms = sms.set("sms.account", "AC1").set("sms.secret", "the-auth-token");
    house.browser.saved(&sms.set("sms.stop_words", "STOP\nAFMELDEN"));
    // A modem instead: it needs its folder, and nothing else.
    let modem = house.browser.form(&path("sms")).set("sms.provider", "gammu");
    let unfinished = house.browser.post(&modem);
    assert!(unfinished.fault("sms-folder").is_some(), "{}", unfinished.said());
    house.browser.saved(&modem.set("sms.folder", "/var/spool/gammu"));
    let page = house
        .browser
        .form(&path("page"))
        .set("messenger.page", "4242")
        .set("messenger.page_token", "the-token");
    house
        .browser
        .saved(&page.set("messenger.app_secret", "the-app-secret").set("messenger.verify_token", "verify"));
    let hook = house.browser.form(&path("cases")).set("webhook.url", "https://crm.example/hook");
    house.browser.saved(&hook.set("webhook.secret", "the-crm-secret"));
    let calls = house.browser.form(&path("calls")).set("voice.wait_max_s", "90").set("voice.host", "pbx.lan");
    house.browser.saved(&calls);
    let secrets = ["the-auth-token", "the-token", "the-app-secret", "the-crm-secret"];
    for id in ["sms", "page", "cases", "calls"] {
        let page = house.browser.page(&path(id)).body;
        assert!(secrets.iter().all(|secret| !page.contains(secret)), "{id} shows a secret");
    }
    // Blank keeps what is set, and another value takes its place.
    house.browser.saved(&house.browser.form(&path("sms")).set("sms.from", "+3197010999999"));
    house.browser.saved(&house.browser.form(&path("cases")).set("webhook.secret", "another secret"));
    let desk = house.shelf.desk();
    let of = |id: &str| desk.workstream(id).expect("there").clone();
    let sms = of("sms").sms.expect("carried");
    assert_eq!((sms.from.as_str(), sms.secret.expose()), ("+3197010999999", "the-auth-token"));
    assert_eq!(sms.stop_words, ["STOP", "AFMELDEN"]);
    assert_eq!(of("page").messenger.expect("carried").app_secret.expose(), "the-app-secret");
    assert_eq!(of("cases").webhook.expect("told").secret.expose(), "another secret");
    let voice = of("calls").voice.expect("always there");
    assert_eq!((voice.wait_max_s, voice.host.as_deref()), (90, Some("pbx.lan")));
    // What is wrong stands at its field.
    for (id, name, value, field) in [
        ("cases", "webhook.url", "http://crm.example/hook", "webhook-url"),
        ("calls", "voice.host", "not a host", "voice-host"),
        ("calls", "voice.wait_max_s", "1", "voice-wait-max-s"),
        ("page", "messenger.page", "my page", "messenger-page"),
    ] {
        let answer = house.browser.post(&house.browser.form(&path(id)).set(name, value));
        assert_eq!(answer.status, 422, "{name}: {}", answer.said());
        assert!(answer.fault(field).is_some(), "{name}: {}", answer.said());
    }
    house.browser.saved(&house.browser.form("/admin/people/alice").set("extension", "201@pbx.lan"));
    assert_eq!(house.shelf.desk().agent("alice").expect("there").extension(), "201@pbx.lan");
    let answer = house.browser.post(&house.browser.form("/admin/people/alice").set("extension", "2 01"));
    assert!(answer.fault("extension").is_some(), "{}", answer.said());
}

#[test]
fn ticks_and_switches_are_read_off_when_they_are_off() {
    let house = house();
    let form =
        house.browser.form("/admin/people/sofie").without("roles", "supervisor").with("queues", "front");
    house.browser.saved(&form);
    let sofie = house.shelf.desk().agent("sofie").expect("there").clone();
    assert_eq!(sofie.roles, [DeskRole::Agent]);
    assert_eq!(sofie.queues.len(), 2);
    house.browser.saved(&house.browser.form("/admin/masking").without("pci", "on"));
    assert!(!house.shelf.desk().masking.pci && house.shelf.desk().masking.pii);
}

#[test]
fn other_languages_are_kept_and_added() {
    let house = house();
    let path = "/admin/widgets/shop/rules/lingering";
    let form = house.browser.form(path);
    assert_eq!(form.value("text@nl"), "Hallo {customer_name}, kunnen we helpen kiezen?");
    house.browser.saved(&form.set("text@da", "Hej, kan vi hjælpe?"));
    let desk = house.shelf.desk();
    let text = &desk.widget("shop").expect("there").proactive.rules[0].text;
    assert_eq!(text.iter().count(), 3);
}

#[test]
fn what_is_depended_on_cannot_be_deleted_and_the_page_says_by_whom() {
    let house = house();
    let page = house.browser.page("/admin/delete/queues/front");
    assert!(page.body.contains("workstream.web-live.queue"), "{}", page.body);
    assert!(!page.body.contains("Delete the queue"));
    let last_admin = house.browser.page("/admin/delete/people/admin");
    assert!(last_admin.body.contains("nobody would be left who can sign in as admin"), "{}", last_admin.body);
    let demoted = house.browser.form("/admin/people/admin").without("roles", "admin").with("roles", "agent");
    assert_eq!(house.browser.post(&demoted).status, 422);
}

#[test]
fn of_two_admins_who_save_at_once_the_second_is_told_and_keeps_what_was_typed() {
    let house = house();
    let path = "/admin/queues/front";
    let mine = house.browser.form(path).set("name", "My desk").set("priority", "7");
    house.shelf.save_as("tom", |desk| desk.queue_mut("front").expect("there").name = "Tom's desk".to_owned());
    let told = house.browser.post(&mine);
    assert_eq!(told.status, 409);
    assert!(
        told.body.contains("Somebody else saved first") && told.body.contains("tom saved at"),
        "{}",
        told.body
    );
    assert!(told.body.contains("is now &#34;Tom&#39;s desk&#34;"), "{}", told.body);
    assert_eq!(house.shelf.desk().queue("front").expect("there").name, "Tom's desk");
    let again = told.form(path);
    assert_eq!((again.value("name"), again.value("priority")), ("My desk", "7"));
    house.browser.saved(&again);
    assert_eq!(house.shelf.desk().queue("front").expect("there").name, "My desk");
}

#[test]
fn a_save_in_the_last_moment_is_told_as_well() {
    let house = house();
    house.shelf.save_meanwhile(|desk| desk.name = "Elsewhere".to_owned());
    let told = house.browser.post(&house.browser.form("/admin/queues/front").set("priority", "7"));
    assert_eq!(told.status, 409, "{}", told.body);
    assert_eq!(house.shelf.desk().queue("front").expect("there").priority, 1);
    for (page, act) in [
        ("/admin/delete/presences/lunch", "/admin/delete/presences/lunch"),
        ("/admin/wrap-up-reasons", "/admin/move/wrap-up-reasons/follow-up"),
        ("/admin/tokens/crm", "/admin/secret/tokens/crm"),
    ] {
        let form = house.browser.page(page).form(act).with("to", "up");
        house.shelf.save_as("tom", |desk| desk.retention_days += 1);
        assert_eq!(house.browser.post(&form).status, 409, "{act}");
    }
}

#[test]
fn the_order_of_a_list_is_moved() {
    let house = house();
    let form = house.browser.page("/admin/wrap-up-reasons").form("/admin/move/wrap-up-reasons/follow-up");
    assert_eq!(house.browser.post(&form.with("to", "up")).status, 303);
    assert_eq!(house.shelf.desk().wrapup_reasons[0].id.as_str(), "follow-up");
}

#[test]
fn a_preview_shows_what_a_form_comes_to_and_saves_nothing() {
    let house = house();
    let path = "/admin/workstreams/web-live";
    let form =
        house.browser.form(path).set("notify.incoming.title", "Hello {customer_name}").with("act", "preview");
    let page = house.browser.post(&form);
    assert_eq!(page.status, 200);
    assert!(page.body.contains("<h3>Hello Jan de Boer</h3>"), "{}", page.body);
    let faulty = house.browser.post(&form.set("notify.incoming.title", "{nobody}"));
    assert!(faulty.fault("notify-incoming-title").is_some() && faulty.body.contains("once nothing is wrong"));
    let masks = house.browser.form("/admin/masking").set("try", "mail melissa@gmail.com or +447966197542");
    let masked = house.browser.post(&masks.clone().with("act", "preview"));
    assert!(masked.body.contains("mail m******@gmail.com or *********7542"), "{}", masked.body);
    let off = house.browser.post(&masks.without("pii", "on").with("act", "preview"));
    assert!(off.body.contains("id=\"masked\">mail melissa@gmail.com"), "{}", off.body);
    let text = house
        .browser
        .form("/admin/quick-replies/hi")
        .set("text", "Bye {customer_name}")
        .with("act", "preview");
    assert!(house.browser.post(&text).body.contains("<dd>Bye Jan de Boer</dd>"));
    assert_eq!(house.shelf.number(), 1);
}

#[test]
fn the_widgets_page_has_the_snippet_and_says_whom_it_reaches() {
    let house = house();
    let page = house.browser.page("/admin/widgets/shop");
    assert!(page.body.contains("For pages on this LAN only"), "{}", page.body);
    assert!(page.body.contains("https://desk.local/widget.js&#34; data-widget=&#34;shop&#34; async"));
    house.shelf.set_public_url("https://chat.branch.example/");
    let page = house.browser.page("/admin/widgets/shop");
    assert!(!page.body.contains("For pages on this LAN only"));
    assert!(page.body.contains("https://chat.branch.example/widget.js"), "{}", page.body);
}

#[test]
fn a_token_is_shown_once_and_never_again() {
    let house = house();
    let form = house
        .browser
        .form("/admin/new/tokens")
        .set("name", "figures")
        .without("roles", "integration")
        .with("roles", "metrics");
    let page = house.browser.post(&form);
    assert_eq!(page.status, 200, "{}", page.said());
    let secret = page
        .body
        .split("id=\"secret\"")
        .nth(1)
        .and_then(|rest| rest.split(['>', '<']).nth(1))
        .expect("a secret")
        .to_owned();
    assert_eq!(secret.len(), 43);
    assert!(house.shelf.desk().token("figures").expect("made").secret.hash().is_some());
    assert!(!house.browser.page("/admin/tokens/figures").body.contains(&secret));
    assert!(!house.browser.page("/admin/changes/2").body.contains(&secret));
    assert_eq!(house.browser.post(&form).status, 409, "a reload makes no second one");
    let before = house.shelf.desk().token("crm").expect("there").secret.clone();
    let replaced =
        house.browser.post(&house.browser.page("/admin/tokens/crm").form("/admin/secret/tokens/crm"));
    assert_eq!(replaced.status, 200);
    assert_ne!(house.shelf.desk().token("crm").expect("there").secret, before);
}

#[test]
fn a_file_is_looked_at_before_it_is_put_in_force() {
    let house = house();
    let exported = house.browser.page("/admin/desk.toml");
    assert!(exported.header("Content-Disposition").expect("saved").contains("desk.toml"));
    assert!(!exported.body.contains("password"), "no secret leaves");
    let changed = exported.body.replace("priority = 2", "priority = 5");
    let form = house.browser.form("/admin/import").set("desk", &changed);
    let looked = house.browser.post(&form.clone().with("act", "look"));
    assert!(
        looked.body.contains("Queue Billing, Priority") && looked.body.contains("<ins>5</ins>"),
        "{}",
        looked.body
    );
    assert_eq!(house.shelf.number(), 1);
    assert_eq!(house.browser.post(&form.with("act", "apply")).status, 303);
    assert_eq!(house.shelf.desk().queue("billing").expect("there").priority, 5);

    let wrong = house
        .browser
        .form("/admin/import")
        .set("desk", "name = 3\n[[queue]]\nid = \"a b\"\n")
        .with("act", "apply");
    let faults = house.browser.post(&wrong);
    assert_eq!(faults.status, 422);
    assert!(faults.body.contains("Line 1:") && faults.body.contains("Line 3:"), "{}", faults.said());
    assert!(faults.form("/admin/import").value("desk").contains("a b"));
}

#[test]
fn dangerous_acts_are_asked_for_twice_and_done_in_the_admins_name() {
    let house = house();
    let press = |page: &str, action: &str| house.browser.post(&house.browser.page(page).form(action));
    assert_eq!(press("/admin/restart", "/admin/restart").status, 202);
    assert_eq!(press("/admin/backup", "/admin/backup").status, 303);
    let restore = house.browser.form("/admin/restore/2026-03-02.deskbell");
    let wrong = house.browser.post(&restore.clone().set("name", "Somewhere"));
    assert_eq!((wrong.status, wrong.fault("name").is_some()), (422, true));
    assert_eq!(house.browser.post(&restore.set("name", "Utrecht branch")).status, 202);
    let clock = house.browser.page("/admin/health").form("/admin/clock");
    assert_eq!(house.browser.post(&clock.clone().set("now", "2026-03-02T10:30")).status, 303);
    assert_eq!(house.browser.post(&clock.set("now", "soon")).status, 422);
    let bring = house.browser.page("/admin/addresses").form("/admin/certificate");
    let refused = house.browser.post(&bring.clone().set("chain", "junk").set("key", "very private"));
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("holds no certificate") && !refused.body.contains("very private"));
    assert_eq!(house.browser.post(&bring.set("chain", "-----BEGIN CERTIFICATE-----")).status, 303);
    assert_eq!(
        house.shelf.done(),
        [
            "local root restarted the box",
            "local root began a backup",
            "local root restored 2026-03-02.deskbell",
            "local root set the clock to 2026-03-02T09:30:00Z",
            "local root brought a certificate",
        ]
    );
}

#[test]
fn a_certificate_near_its_end_is_warned_about() {
    let house = house();
    assert!(!house.browser.page("/admin/addresses").body.contains("ends in"));
    house.shelf.set_certificate_until("2026-03-12T09:24:00Z");
    assert!(house.browser.page("/admin/addresses").body.contains("ends in 10 days"));
    assert!(house.browser.page("/admin/").body.contains("The certificate ends in 10 days."));
    house.shelf.set_certificate_until("2026-03-01T00:00:00Z");
    assert!(house.browser.page("/admin/").body.contains("The certificate is over."));
}

#[test]
fn stopping_the_pages_leaves_the_socket_where_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("admin.sock");
    let listener = UnixListener::bind(&socket).expect("a socket");
    let shelf = Shelf::with(include_str!("data/desk.example.toml"));
    let admin =
        Admin::start(listener, shelf, StartKey::new().expect("random bytes")).expect("the pages start");
    Browser(socket.clone()).page("/admin/");
    admin.stop();
    assert!(socket.exists());
}

/// Whatever a widget or an invitation of the desk file may say has its field: a key that is new in the export without one
/// is found here.
#[test]
fn every_key_of_a_widget_and_its_invitations_has_a_field() {
    let house = house();
    let source = include_str!("../src/desk/export.rs");
    let keys = |function: &str| -> Vec<String> {
        let body = source.split(&format!("\nfn {function}(")).nth(1).expect("the function");
        let body = body.split("\n}").next().expect("its end");
        let calls = body.split(".put").skip(1).filter_map(|call| call.split('"').nth(1));
        calls.map(str::to_owned).collect()
    };
    let paths = ["", "/questions", "/rules/lingering"];
    let pages = paths.map(|path| house.browser.page(&format!("/admin/widgets/shop{path}")).body).join("");
    let has = |key: &str| ["", "@", ".", "["].iter().any(|end| pages.contains(&format!("name=\"{key}{end}")));
    let inner = ["audience", "proactive", "rule", "id"];
    let all = keys("widget").into_iter().chain(keys("rule"));
    let all: Vec<_> = all.chain(keys("audience").into_iter().map(|key| format!("audience.{key}"))).collect();
    assert!(all.len() > 25, "the export was not recognised: {all:?}");
    for key in all.iter().filter(|key| !inner.contains(&key.as_str())) {
        assert!(has(key) || has(&format!("proactive.{key}")), "{key} has no field");
    }
}

#[test]
fn an_invitation_can_be_for_those_who_are_signed_in() {
    let house = house();
    // Where nobody's token can be checked that is said at the field.
    let shop =
        house.browser.form("/admin/widgets/shop/rules/lingering").set("audience.authenticated", "true");
    let refused = house.browser.post(&shop);
    assert_eq!(refused.status, 422);
    assert!(refused.fault("audience-authenticated").is_some_and(|said| said.contains("has no auth")));

    let path = "/admin/widgets/portal/rules/members";
    let new =
        house.browser.form("/admin/new/widgets/portal/rules").set("id", "members").set("text", "Hello?");
    house.browser.saved(&new);
    let rule = || house.shelf.desk().widget("portal").expect("there").proactive.rules[0].clone();
    let wanted = || rule().audience.authenticated;
    for (posted, kept) in [("true", Some(true)), ("false", Some(false)), ("", None)] {
        house.browser.saved(&house.browser.form(path).set("audience.authenticated", posted));
        assert_eq!(wanted(), kept);
        assert_eq!(house.browser.form(path).value("audience.authenticated"), posted);
    }
    let form = house.browser.form(path).set("audience.context", "items >= 3\r\nplan != gold");
    house.browser.saved(&form);
    let context = rule().audience.context;
    let context: Vec<_> = context.iter().map(|(key, value)| (&**key, value.as_str())).collect();
    assert_eq!(context, [("items", ">= 3"), ("plan", "!= gold")]);
    assert_eq!(house.browser.form(path).value("audience.context"), "items >= 3\r\nplan != gold");
}

/// REQ S1-3: what came of each rule stands below the list, with the chart said in words.
#[test]
fn what_came_of_invitations_stands_below_their_list() {
    let house = house();
    let page = house.browser.page("/admin/widgets/shop/rules").body;
    let row = page.split("What came of them").nth(1).expect("the figures");
    let counts: Vec<_> =
        row.split("<td class=\"num\">").skip(1).filter_map(|cell| cell.split('<').next()).collect();
    assert_eq!(counts, ["60", "14", "4", "2", "14"]);
    assert!(
        row.contains("aria-label=\"2026-10-04: 40 shown, 11 accepted; 2026-10-05: 20 shown, 3 accepted\"")
    );
    assert_eq!(row.matches("<rect class=\"taken\"").count(), 2);
    assert!(!house.browser.page("/admin/widgets/portal/rules").body.contains("What came of them"));
}
