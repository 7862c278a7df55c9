//! Desktop notifications in a real browser: what stands on them, what their buttons do, when they are shown, and the light
//! that says beforehand whether they can be (REQ S2-5 to S2-13, B-7).

use serde_json::{Value, json};

use crate::page::Browser;
use crate::people::Agent;
use crate::support::{self, Desk};

/// Every notification the service worker shows, as the page reads them back.
const READ_BACK: &str = "
    const done = arguments[arguments.length - 1];
    navigator.serviceWorker.ready.then((worker) => worker.getNotifications()).then((all) => done(all.map((one) => ({
      title: one.title, body: one.body, tag: one.tag, stays: one.requireInteraction,
      actions: one.actions.map((action) => [action.action, action.title]),
    }))));";

fn waiting(desk: &Desk, name: &str) -> (support::Customer, String) {
    let mut customer = desk.customer("shop", json!({}));
    let conversation = customer.start(json!({"name": name, "comment": "Mail me at melissa@gmail.com"}));
    (customer, conversation)
}

/// Notes each notification the desktop has put on the screen. Chromium forgets one that is asked for while it is being
/// shown, so nothing is read back before the page says that it stands.
const WATCH: &str = "
    const registration = ServiceWorkerRegistration.prototype;
    const show = registration.showNotification;
    window.stands = [];
    registration.showNotification = function (title, how) {
      return show.call(this, title, how).then(() => void window.stands.push(title));
    };";

pub(crate) fn watch_notifications(page: &Browser) {
    page.run(WATCH, json!([]));
}

/// Waits until the desktop has put a notification with this title on the screen.
pub(crate) fn stands(page: &Browser, title: &str) {
    let put = "return window.stands.includes(arguments[0]);";
    page.until(&format!("notification {title:?}"), || (page.run(put, json!([title])) == true).then_some(()));
}

fn shown(page: &Browser) -> Vec<Value> {
    page.run_later(READ_BACK).as_array().cloned().unwrap_or_default()
}

fn one_shown(page: &Browser, title: &str) -> Value {
    stands(page, title);
    shown(page).into_iter().find(|one| one["title"] == title).unwrap_or_else(|| panic!("{title} has gone"))
}

/// Signed in, her alerts ready: the light is green (B-7).
fn ready(desk: &Desk) -> Agent {
    let alice = Agent::signed_in(desk, "alice");
    // A press, as every agent makes one: sound may play from then on.
    alice.page.press("#presence");
    alice.page.press("#presence");
    alice.page.see(".lamp:not(.lamp--bad)");
    watch_notifications(&alice.page);
    alice
}

/// The desktop out of sight (S2-6).
fn minimise(alice: &Agent) {
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
    let never = Desk::start_with_desk(&[("desktop = \"background\"", "desktop = \"never\"")], &[]);
    let alice = ready(&never);
    minimise(&alice);
    let (_eva, _) = waiting(&never, "Eva Smit");
    alice.page.see_text(".alert h2", "Eva Smit");
    assert_eq!(shown(&alice.page), Vec::<Value>::new());
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
