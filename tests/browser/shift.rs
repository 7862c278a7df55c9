//! What a shift of eight hours asks of the desktop: a slip loses nothing that was typed, what came while nobody looked
//! waits to be seen, a second tab is no second person, and a page that is never reloaded does not grow.

use std::time::Duration;

use serde_json::json;

use crate::notices::{minimise, ready, stands};
use crate::page::keys;
use crate::people::Agent;
use crate::support::Desk;

#[test]
fn a_note_put_away_by_a_slip_is_there_again_and_one_that_was_kept_is_not() {
    let desk = Desk::start(&[]);
    let mut eva = desk.customer("shop", json!({}));
    eva.start(json!({"name": "Eva Smit", "comment": "Do you deliver?"}));
    let alice = Agent::signed_in(&desk, "alice");
    alice.accept("Eva Smit");
    let note = ".compose__bar .btn--icon";
    alice.page.press(note);
    alice.page.write("dialog textarea", "Collects at the counter");

    // Marked with the pointer, and let go of outside the dialog.
    let inside = "const box = document.querySelector('dialog textarea').getBoundingClientRect(); return [box.x + 60, box.y + 20];";
    let inside = alice.page.run(inside, json!([]));
    for (kind, x, y) in [
        ("mousePressed", &inside[0], &inside[1]),
        ("mouseMoved", &json!(8), &json!(400)),
        ("mouseReleased", &json!(8), &json!(400)),
    ] {
        let event = json!({"type": kind, "x": x, "y": y, "button": "left", "buttons": 1, "clickCount": 1});
        alice.page.devtools("Input.dispatchMouseEvent", event);
    }
    assert_eq!(alice.page.text("dialog textarea"), "Collects at the counter");
    // A press beside it puts it away, and what was typed comes back with it.
    for kind in ["mousePressed", "mouseReleased"] {
        let event = json!({"type": kind, "x": 8, "y": 400, "button": "left", "clickCount": 1});
        alice.page.devtools("Input.dispatchMouseEvent", event);
    }
    alice.page.gone("dialog");
    alice.page.press(note);
    assert_eq!(alice.page.text("dialog textarea"), "Collects at the counter");
    alice.page.press("dialog .btn--main");
    alice.page.gone("dialog");
    alice.page.see_text(".memo", "Collects at the counter");
    alice.page.press(note);
    assert_eq!(alice.page.text("dialog textarea"), "");
    alice.page.chord(&[keys::ESCAPE]);

    // The same for the words of a wrap-up.
    eva.socket.ok("end", json!({}));
    alice.page.press("#instead");
    alice.page.write("#com", "Wants it on Saturday");
    alice.page.chord(&[keys::ESCAPE]);
    alice.page.gone("dialog");
    alice.page.press("#instead");
    assert_eq!(alice.page.text("#com"), "Wants it on Saturday");
}

#[test]
fn a_toast_that_came_while_nobody_looked_is_still_there_for_who_comes_back() {
    let desk = Desk::start(&[]);
    let alice = ready(&desk);
    minimise(&alice);
    let mut leo = desk.customer("shop", json!({}));
    leo.start(json!({"name": "Leo Mulder", "comment": "Hello?"}));
    stands(&alice.page, "Chat from Leo Mulder");
    leo.socket.ok("end", json!({}));
    // Longer than it stands before somebody who looks.
    std::thread::sleep(Duration::from_secs(8));
    alice.page.devtools("Page.bringToFront", json!({}));
    alice.page.devtools("Emulation.setFocusEmulationEnabled", json!({"enabled": true}));
    alice.page.see_text(".toast", "Taken back");
    alice.page.gone(".toast");
}

#[test]
fn a_tab_in_the_background_stays_quiet_while_another_tab_of_the_desktop_is_looked_at() {
    let desk = Desk::start(&[]);
    let alice = ready(&desk);
    let looks = "setInterval(() => (localStorage.looks = `${document.visibilityState} ${document.hasFocus()}`), 100);";
    alice.page.run(looks, json!([]));
    alice.page.devtools("Emulation.setFocusEmulationEnabled", json!({"enabled": false}));
    alice.page.new_tab();
    alice.page.go("/agent/");
    alice.page.see(".top");
    let back = || (alice.page.run("return localStorage.looks;", json!([])) == "hidden false").then_some(());
    alice.page.until("the first tab in the background", back);
    let mut eva = desk.customer("shop", json!({}));
    eva.start(json!({"name": "Eva Smit", "comment": "Do you deliver?"}));
    alice.page.see_text(".alert h2", "Eva Smit");
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(
        alice.page.run("return localStorage.stands;", json!([])),
        "[]",
        "S2-6: the desktop is in focus"
    );
}

/// The state is pure, so a shift is a loop.
const SHIFT: &str = r#"
    const done = arguments[arguments.length - 1];
    import("/agent/state.js").then(({ initial, reduce }) => {
      const frame = (state, frame) => reduce(state, { type: "frame", frame });
      let state = initial;
      for (let i = 0; i < 300; i++) {
        const conversation = `c${i}`;
        const from = { kind: "customer" };
        state = frame(state, { t: "session", conversation, state: "active", customer: {}, messages: [], notes: [{ text: "n", at: "x" }] });
        state = frame(state, { t: "message", conversation, seq: 1, at: "x", from, text: "hi" });
        state = frame(state, { t: "typing", conversation, name: "x" });
        state = frame(state, { t: "seen", conversation, seq: 1 });
        state = reduce(state, { type: "compose", conversation, patch: { quick: true } });
        state = reduce(state, { type: "draft", conversation, text: "" });
        state = reduce(state, { type: "loading", key: `history.${conversation}`, value: false });
        for (const [type, key] of [["transcript", "conversation"], ["routing", "conversation"], ["contact", "contact"]])
          state = reduce(state, { type, [key]: conversation, patch: { loading: true } });
        state = reduce(state, { type: "transcript", conversation: "c0", patch: { messages: [i] } });
        state = frame(state, { t: "session_closed", conversation, reason: "ended_by_agent" });
      }
      const sizes = {};
      for (const key in state) if (state[key] && typeof state[key] === "object") sizes[key] = Object.keys(state[key]).length;
      done({ sizes, kept: state.transcripts.c0 });
    });"#;

#[test]
fn after_three_hundred_conversations_the_page_keeps_none_of_them() {
    let desk = Desk::start(&[]);
    let alice = Agent::signed_in(&desk, "alice");
    let told = alice.page.run_later(SHIFT);
    for table in ["sessions", "order", "typing", "read", "compose", "notes", "drafts", "loading"] {
        assert_eq!(told["sizes"][table], 0, "{table}: {told}");
    }
    for table in ["transcripts", "routing", "contacts"] {
        assert!(told["sizes"][table].as_u64().is_some_and(|n| (1..=40).contains(&n)), "{table}: {told}");
    }
    assert_eq!(told["kept"]["messages"], json!([299]), "what is looked at again stays: {told}");
}
