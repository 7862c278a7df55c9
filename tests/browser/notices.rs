//! Desktop notifications in a real browser: what stands on them, what their buttons do, when they are shown, and the light
//! that says beforehand whether they can be (REQ S2-5 to S2-13, B-7).

use serde_json::{Value, json};

use crate::page::Browser;
use crate::people::Agent;
use crate::support::{self, Desk};

/// Every notification the service worker shows, as any page of the box reads them back.
const READ_BACK: &str = "
    const done = arguments[arguments.length - 1];
    navigator.serviceWorker.getRegistrations()
      .then((workers) => Promise.all(workers.map((worker) => worker.getNotifications())))
      .then((all) => done(all.flat().map((one) => ({
        title: one.title, body: one.body, tag: one.tag, stays: one.requireInteraction,
        actions: one.actions.map((action) => [action.action, action.title]),
      }))));";

fn waiting(desk: &Desk, name: &str) -> (support::Customer, String) {
    let mut customer = desk.customer("shop", json!({}));
    let conversation = customer.start(json!({"name": name, "comment": "Mail me at melissa@gmail.com"}));
    (customer, conversation)
}

/// Notes each notification the desktop has put on the screen. Chromium forgets one that is asked for while it is being
/// shown, so nothing is read back before the desktop says that it stands. It says so where another tab can read it: a
/// tab that WebDriver looks into believes that a person looks at it, and shows an alert instead.
const WATCH: &str = "
    const registration = ServiceWorkerRegistration.prototype;
    const show = registration.showNotification;
    localStorage.stands = `[]`;
    registration.showNotification = function (title, how) {
      return show.call(this, title, how).then(() => {
        localStorage.stands = JSON.stringify([...JSON.parse(localStorage.stands), title]);
      });
    };";

pub(crate) fn watch_notifications(page: &Browser) {
    page.run(WATCH, json!([]));
}

/// Waits until the desktop has put a notification with this title on the screen.
pub(crate) fn stands(page: &Browser, title: &str) {
    let put = "return JSON.parse(localStorage.stands).includes(arguments[0]);";
    page.until(&format!("notification {title:?}"), || (page.run(put, json!([title])) == true).then_some(()));
}

pub(crate) fn shown(page: &Browser) -> Vec<Value> {
    page.run_later(READ_BACK).as_array().cloned().unwrap_or_default()
}

fn one_shown(page: &Browser, title: &str) -> Value {
    stands(page, title);
    shown(page).into_iter().find(|one| one["title"] == title).unwrap_or_else(|| panic!("{title} has gone"))
}

/// Signed in, her alerts ready: the light is green (B-7).
pub(crate) fn ready(desk: &Desk) -> Agent {
    let alice = Agent::signed_in(desk, "alice");
    // A press, as every agent makes one: sound may play from then on.
    alice.page.press("#presence");
    alice.page.press("#presence");
    alice.page.see(".lamp:not(.lamp--bad)");
    watch_notifications(&alice.page);
    alice
}

/// The desktop out of sight (S2-6).
pub(crate) fn minimise(alice: &Agent) {
    // WebDriver lets every page believe that it is looked at.
    alice.page.devtools("Emulation.setFocusEmulationEnabled", json!({"enabled": false}));
    alice.page.minimise();
    let seen = "return document.visibilityState;";
    alice
        .page
        .until("the desktop out of sight", || (alice.page.run(seen, json!([])) == "hidden").then_some(()));
}

#[test]
fn a_request_out_of_sight_is_a_desktop_notification_whose_buttons_act() {
    let desk = Desk::start(&[]);
    let alice = ready(&desk);
    minimise(&alice);
    let (_eva, _) = waiting(&desk, "Eva Smit");
    let one = one_shown(&alice.page, "Chat from Eva Smit");
    assert_eq!(one["actions"], json!([["accept", "Accept"], ["reject", "Reject"]]));
    assert_eq!(one["stays"], true, "it is there as long as the request is");
    let body = one["body"].as_str().expect("words");
    assert!(body.contains("m******@gmail.com") && !body.contains("melissa"), "masked (S3-18): {body}");
    assert!(!body.to_lowercase().contains("wait"), "no time on it (S2-10): {body}");
    alice.page.notification_pressed(&one["tag"], "accept");
    alice.opened("Eva Smit");
    alice.page.until("the end of it", || shown(&alice.page).is_empty().then_some(()));

    minimise(&alice);
    let (_tom, _) = waiting(&desk, "Tom Bakker");
    let one = one_shown(&alice.page, "Chat from Tom Bakker");
    alice.page.notification_pressed(&one["tag"], "reject");
    alice.page.see_text(".banner", "rejected");
    alice.presence_becomes("Do not disturb");
    alice.page.until("the end of it", || shown(&alice.page).is_empty().then_some(()));

    // Its body: the desktop comes forward with the request still to be decided.
    alice.page.press_text(".banner button", "Set Available");
    alice.page.gone(".banner");
    minimise(&alice);
    let (_mia, _) = waiting(&desk, "Mia Vos");
    let one = one_shown(&alice.page, "Chat from Mia Vos");
    alice.page.notification_pressed(&one["tag"], "");
    alice.page.see_text(".alert h2", "Mia Vos");
    // Taken back by its customer, it goes there as well.
    minimise(&alice);
    let (mut ann, _) = waiting(&desk, "Ann Kok");
    let one = one_shown(&alice.page, "Chat from Ann Kok");
    ann.socket.ok("end", json!({}));
    alice.page.until("the end of it", || {
        shown(&alice.page).iter().all(|other| other["tag"] != one["tag"]).then_some(())
    });
}

#[test]
fn always_and_never_are_honoured() {
    let changes = [
        ("desktop = \"background\"", "desktop = \"never\""),
        ("show_timeout = true", "show_timeout = false"),
    ];
    let never = Desk::start_with_desk(&changes, &[]);
    let alice = ready(&never);
    minimise(&alice);
    let (_eva, _) = waiting(&never, "Eva Smit");
    alice.page.see_text(".alert h2", "Eva Smit");
    assert_eq!(shown(&alice.page), Vec::<Value>::new());
    assert!(!alice.page.shows(".alert bell-ring"), "no time is shown, though it runs (REQ S2-11)");
    drop(alice);

    let always = Desk::start_with_desk(&[("desktop = \"background\"", "desktop = \"always\"")], &[]);
    let alice = ready(&always);
    let (_tom, _) = waiting(&always, "Tom Bakker");
    one_shown(&alice.page, "Chat from Tom Bakker");
    alice.page.see_text(".alert h2", "Tom Bakker");
    drop(alice);

    // In sight and in focus, the usual setting shows none: the alert is before her.
    let usual = Desk::start(&[]);
    let alice = ready(&usual);
    let (_ann, _) = waiting(&usual, "Ann Kok");
    alice.page.see_text(".alert h2", "Ann Kok");
    assert_eq!(shown(&alice.page), Vec::<Value>::new());
}

#[test]
fn the_light_is_green_where_a_request_can_ring_and_the_supervisor_sees_it() {
    let desk = Desk::start(&[]);
    let mut sofie = desk.agent("sofie");
    sofie.socket.ok("desk_view", json!({"on": true}));
    let _alice = ready(&desk);
    let row = |frame: &Value| {
        frame["agents"].as_array().into_iter().flatten().find(|row| row["id"] == "alice").cloned()
    };
    sofie.socket.wait("a green light", |frame| {
        frame["t"] == "desk" && row(frame).is_some_and(|row| row["alerts"]["ok"] == true)
    });
}

#[test]
fn an_untrusted_box_shows_a_red_light_with_its_cause_and_alerts_in_the_page_still_work() {
    let desk = Desk::start(&[]);
    let other = Desk::start(&[]);
    let alice = Agent { page: Browser::distrusting(&desk, &other) };
    alice.page.forgive("SSL certificate error");
    alice.page.forgive("ERR_CERT_AUTHORITY_INVALID");
    alice.page.go_unsafely("/agent/");
    alice.sign_in("alice");
    alice.page.press("#presence");
    alice.page.press("#presence");
    alice.page.see(".lamp--bad");
    alice.page.press(".lamp");
    alice.page.see_text("dialog", "certificate not trusted");
    alice.page.chord(&[crate::page::keys::ESCAPE]);
    let (_eva, _) = waiting(&desk, "Eva Smit");
    alice.accept("Eva Smit");
}

#[test]
fn a_queue_nobody_can_take_from_calls_an_agent_who_is_away() {
    let desk = Desk::start(&["--clock-speed", "60"]);
    let mut alice = desk.agent("alice");
    alice.socket.ok("presence", json!({"status": "away"}));
    let page = ready(&desk);
    let (_eva, _) = waiting(&desk, "Eva Smit");
    page.page.see_text("#alerts", "Somebody waits in Front desk");
    assert!(
        !page.page.texts(".alert h2").iter().any(|title| title.contains("Eva")),
        "it tells, it does not ask"
    );
}

#[test]
fn three_requests_and_a_toast_stand_together_in_both_themes() {
    let desk = Desk::start_with_desk(&[("timeout_s = 20", "timeout_s = 300")], &[]);
    let alice = ready(&desk);
    let case = json!({"workstream": "cases", "external_id": "1", "title": "Lamp arrived broken"});
    let headers = [("authorization", "Bearer crm-demo-token"), ("content-type", "application/json")];
    assert_eq!(desk.http("POST", "/api/v1/work-items", &headers, &case.to_string()).status, 201);
    let (_eva, _) = waiting(&desk, "Eva Smit");
    let (_tom, _) = waiting(&desk, "Tom Bakker");
    let (_mia, _) = waiting(&desk, "Mia Vos");
    for name in ["Eva Smit", "Tom Bakker", "Mia Vos"] {
        alice.page.see_text(".alert h2", name);
    }
    alice.page.see_text("#alerts", "Lamp arrived broken");
    for dark in [false, true] {
        alice.page.run(
            "document.documentElement.dataset.theme = arguments[0];",
            json!([if dark { "dark" } else { "light" }]),
        );
        alice.page.picture(if dark { "alerts-three-dark" } else { "alerts-three-light" });
    }
}

/// The state as it is, in both themes.
fn both(alice: &Agent, name: &str) {
    for theme in ["light", "dark"] {
        alice.page.run("document.documentElement.dataset.theme = arguments[0];", json!([theme]));
        alice.page.picture(&format!("kind-{name}-{theme}"));
    }
    alice.page.run("document.documentElement.dataset.theme = 'light';", json!([]));
}

/// A conversation that Bob has taken, for what he does with it.
fn bobs(desk: &Desk, bob: &mut support::Agent, name: &str) -> (support::Customer, String) {
    let (customer, conversation) = waiting(desk, name);
    bob.take(&conversation);
    (customer, conversation)
}

#[test]
fn every_kind_of_notification_says_what_it_is() {
    let desk = Desk::start_with_desk(
        &[
            ("units = 30", "units = 1"),
            ("queues = [\"billing\"]\ncapacity = 100", "queues = [\"front\", \"billing\"]\ncapacity = 100"),
        ],
        &["--wall-clock", "2026-10-05T08:12:00Z"],
    );
    // Bob is alone at first, so what comes is his; Sofie supervises, and is away.
    let mut bob = desk.agent("bob");
    let mut sofie = desk.agent("sofie");
    sofie.socket.ok("presence", json!({"status": "away"}));
    let (_eva, transferred) = bobs(&desk, &mut bob, "Eva Smit");
    let (_tom, conference) = bobs(&desk, &mut bob, "Tom Bakker");
    let (_mia, escalated) = bobs(&desk, &mut bob, "Mia Vos");
    let (_ann, assigned) = bobs(&desk, &mut bob, "Ann Kok");
    bob.socket.ok("presence", json!({"status": "away"}));

    let alice = ready(&desk);
    alice.page.run("document.documentElement.dataset.theme = 'light';", json!([]));
    let rings = |name: &str, kind: &str| {
        alice.page.see_text(".alert", kind);
        alice.page.see_text(".alert h2", name);
    };
    bob.socket.ok("transfer", json!({"conversation": transferred, "to": {"agent": "alice"}}));
    rings("Transfer: Eva Smit", "from Bob · Front desk · for Alice");
    both(&alice, "transfer");
    alice.page.chord(&[crate::page::keys::ALT, "a"]);
    alice.opened("Eva Smit");
    bob.socket.ok("conference", json!({"conversation": conference, "agent": "alice"}));
    rings("Conference: Tom Bakker", "from Bob");
    both(&alice, "conference");
    alice.page.chord(&[crate::page::keys::ALT, "a"]);
    alice.opened("Tom Bakker");
    bob.socket
        .ok("escalate", json!({"conversation": escalated, "queue": "front", "reason": "Wants a refund"}));
    rings("Escalation: Mia Vos", "from Bob");
    both(&alice, "escalation");
    alice.page.chord(&[crate::page::keys::ALT, "a"]);
    alice.opened("Mia Vos");
    sofie.socket.ok("assign", json!({"conversation": assigned, "agent": "alice"}));
    rings("Ann Kok", "Assigned by a supervisor");
    both(&alice, "assigned");
    alice.page.chord(&[crate::page::keys::ALT, "a"]);
    alice.opened("Ann Kok");

    let case = json!({"workstream": "cases", "external_id": "1", "title": "Lamp arrived broken"});
    let headers = [("authorization", "Bearer crm-demo-token"), ("content-type", "application/json")];
    assert_eq!(desk.http("POST", "/api/v1/work-items", &headers, &case.to_string()).status, 201);
    alice.page.see_text(".toast h2", "Lamp arrived broken");
    // A case without a customer stands in the list by what it is about.
    alice.page.see_text(".sessions .row", "Lamp arrived broken");
    both(&alice, "case");
    alice.page.press(".toast .alert__acts button");
    alice.page.gone(".toast");

    // A customer of hers who comes back.
    let token = desk.get("/demo/token?widget=portal&sub=u1").json()["token"].clone();
    let mut jan = desk.customer("portal", json!({"jwt": token}));
    let parked = jan.start(json!({"name": "Jan de Boer", "comment": "About my order"}));
    alice.page.see(".alert .btn--main");
    alice.page.chord(&[crate::page::keys::ALT, "a"]);
    alice.page.see(".talk__acts button:has(use[href$='#i-park'])");
    alice.page.press(".talk__acts button:has(use[href$='#i-park'])");
    alice.page.see_text(".sessions", "parked");
    jan.socket.ok("message", json!({"client_id": "j1", "text": "Me again", "conversation": parked}));
    alice.page.see_text(".alert", "Customer is back");
    both(&alice, "returned");
    // One taken back by its customer is a toast that tells.
    let (mut leo, _) = waiting(&desk, "Leo Mulder");
    alice.page.see_text(".alert h2", "Leo Mulder");
    leo.socket.ok("end", json!({}));
    alice.page.see_text(".toast", "Taken back");
    both(&alice, "taken-back");
}

#[test]
fn the_popover_says_who_where_for_whom_since_when_and_its_timer_runs_from_the_request() {
    // Nobody is there for two minutes of the branch's time; what counts is the request, not the ringing.
    let desk = Desk::start(&["--clock-speed", "20", "--wall-clock", "2026-10-05T08:12:00Z"]);
    let mut eva = desk.customer("shop", json!({}));
    eva.start(json!({"name": "Eva Smit", "comment": "Do you deliver?"}));
    eva.say("c1", "On Saturdays, I mean.");
    std::thread::sleep(std::time::Duration::from_secs(6));
    let alice = Agent::signed_in(&desk, "alice");
    alice.page.see_text(".alert h2", "Eva Smit");
    let words = alice.page.text(".alert");
    for part in ["Front desk", "for Alice", "On Saturdays, I mean."] {
        assert!(words.contains(part), "{part:?} (REQ S3-2): {words}");
    }
    let date = alice.page.run("return document.querySelector('.alert__since').title;", json!([]));
    assert!(date.as_str().is_some_and(|date| date.contains("5 October 2026")), "the date: {date}");
    let seconds = || {
        let shown = alice.page.texts(".alert time, .alert bell-time").join(" ");
        let of = |text: &str| {
            let (minutes, seconds) = text.split_once(':')?;
            Some(minutes.parse::<u32>().ok()? * 60 + seconds.parse::<u32>().ok()?)
        };
        shown
            .split_whitespace()
            .filter_map(of)
            .max()
            .unwrap_or_else(|| panic!("no span in {shown:?}: {words}"))
    };
    let first = seconds();
    assert!(first >= 110, "it counts from the request (REQ S3-3): {first} s");
    alice.page.until("the timer to run", || (seconds() >= first + 10).then_some(()));
}

#[test]
fn work_from_an_invitation_carries_its_mark_in_alert_list_and_pane() {
    let desk = Desk::start_with_desk(
        &[
            ("min_seconds_on_page = 20", "min_seconds_on_page = 1"),
            ("where = [\"/product/*\"]", "where = [\"/demo/product/*\"]"),
        ],
        &["--wall-clock", "2026-10-05T08:00:00Z"],
    );
    let alice = ready(&desk);
    let (_tom, _) = waiting(&desk, "Tom Bakker");
    alice.page.see_text(".alert h2", "Tom Bakker");
    let marked = |place: &str| alice.page.shows(&format!("{place} svg[aria-label='From an invitation']"));
    assert!(!marked(".alert"), "who came by himself has none");
    alice.accept("Tom Bakker");
    assert!(!marked(".sessions .row") && !marked(".talk__head"));
    let eva = crate::people::Customer { page: Browser::new(&desk) };
    eva.page.go("/demo/product/lamp");
    eva.page.see_text("deskbell-chat >>> section", "can we help you choose?");
    eva.page.press_text("deskbell-chat >>> section button", "Chat");
    alice.page.see(".alert svg[aria-label='From an invitation']");
    alice.page.press(".alert .btn--main");
    alice.page.see(".sessions .row svg[aria-label='From an invitation']");
    alice.page.see(".talk__head svg[aria-label='From an invitation']");
}

#[test]
fn the_browsers_permission_is_asked_for_in_a_press_and_its_absence_is_shown() {
    let desk = Desk::start(&[]);
    let alice = Agent { page: Browser::new(&desk) };
    let permit = |setting: &str| {
        let name = json!({"name": "notifications"});
        let how = json!({"permission": name, "setting": setting, "origin": desk.url});
        alice.page.devtools("Browser.setPermission", how);
    };
    permit("denied");
    alice.page.go("/agent/");
    alice.sign_in("alice");
    alice.page.see_text(".lamp--bad", "Alerts limited");
    alice.page.press(".lamp--bad");
    alice.page.see_text("dialog", "blocked by the browser");
    alice.page.chord(&[crate::page::keys::ESCAPE]);
    // Not asked yet: it is asked when she says that she is ready, and not by itself before.
    permit("prompt");
    alice.page.reload();
    alice.page.see("#presence");
    let ask = "
        window.asked = 0;
        Notification.requestPermission = () => { window.asked += 1; return Promise.resolve('default'); };";
    alice.page.run(ask, json!([]));
    let asked = || alice.page.run("return window.asked;", json!([]));
    alice.page.press("#presence");
    assert_eq!(asked(), 0);
    alice.page.press_text(".menu [role=menuitemradio]", "Available");
    alice.page.until("the question", || (asked() == 1).then_some(()));
    permit("granted");
    alice.page.see(".lamp:not(.lamp--bad)");
    // Without permission or focus the alert in the page is what there is, and it is there.
    permit("denied");
    let (_eva, _) = waiting(&desk, "Eva Smit");
    alice.accept("Eva Smit");
}

#[test]
fn what_a_customer_writes_is_text_wherever_staff_see_it() {
    let desk = Desk::start_with_desk(
        &[(
            "title = \"Chat from {customer_name}\"",
            "title = \"Chat from {customer_name} ({context.note})\"",
        )],
        &[],
    );
    let alice = ready(&desk);
    let mut eva = desk.customer(
        "shop",
        json!({"page": {"url": "javascript:window.pwned=1", "title": "<b>x</b>", "referrer": ""}}),
    );
    let name = "<img src=x onerror=window.pwned=1>";
    assert_eq!(eva.socket.refused("start", json!({"name": "x".repeat(10_000)})), "too_long");
    eva.start(json!({
        // Turned round by an override it would read as somebody else's.
        "name": format!("{name}\u{202e}nimda"), "comment": "<script>window.pwned=1</script>\u{202e}dne",
        "context": {"note": "y".repeat(512), "<i>key</i>": "<svg onload=window.pwned=1>"},
    }));
    let harmless = |place: &str| {
        let found = alice.page.run(
            "return [window.pwned ?? null, document.querySelectorAll('img, script:not([src]), b > *, i').length,
               [...document.querySelectorAll('a')].filter((a) => a.protocol === 'javascript:').length,
               document.title.includes('\\u202e')];",
            json!([]),
        );
        assert_eq!(found, json!([null, 0, 0, false]), "{place}");
    };
    alice.page.see_text(".alert h2", name);
    assert!(!alice.page.text(".alert h2").contains('\u{202e}'), "in its own direction");
    let wide = alice.page.run("return document.documentElement.scrollWidth;", json!([]));
    assert_eq!(wide, 1440, "however long the name");
    harmless("alert");
    alice.page.picture("kind-hostile");
    alice.page.press(".alert .btn--main");
    alice.page.see_text(".talk__head h1", name);
    alice.page.see_text(".sessions .row", name);
    alice.page.see_text(".bub", "<script>window.pwned=1</script>");
    harmless("conversation");
    for tab in ["Details", "History", "Contact"] {
        alice.page.press_text("[role=tab]", tab);
        harmless(tab);
    }
}
