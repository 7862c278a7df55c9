//! The faces of the product as pictures in `target/screenshots`, for the README and for whoever reviews a change.

use serde_json::json;

use crate::page::{Browser, keys};
use crate::people::{Agent, Customer};
use crate::support::{self, Desk};

/// A Monday morning, so that the pictures say the same on any day.
const MONDAY: [&str; 2] = ["--wall-clock", "2026-10-05T08:12:00Z"];

/// Customers with something to say; the first is answered at length.
fn busy_desk(desk: &Desk) -> (support::Agent, Vec<support::Customer>) {
    let mut alice = desk.agent("alice");
    let mut customers = Vec::new();
    let people = [
        ("Jan de Boer", "Is the table lamp of 45 cm in stock in Utrecht?"),
        ("Eva Smit", "Do you deliver on Saturdays?"),
    ];
    for (name, comment) in people {
        let page = json!({"url": format!("{}/demo/product/lamp", desk.url), "title": "Table lamp, 45 cm", "referrer": ""});
        let mut customer = desk.customer("shop", json!({"page": page}));
        let context = json!({"product": "Table lamp, 45 cm", "basket": 1, "shop": "shop.example"});
        let conversation = customer.start(json!({"name": name, "comment": comment, "context": context}));
        alice.take(&conversation);
        if customers.is_empty() {
            alice.say(&conversation, "a1", "Good morning Jan, one moment, I will look.");
            alice.say(&conversation, "a2", "Yes: two with the brass foot, one with the black one.");
            customer.say(
                "c1",
                "Could you keep a brass one for me? I can be there after five. My number is +31 6 8765 4321.",
            );
            alice.say(
                &conversation,
                "a3",
                "Of course. It lies at the counter in your name until Saturday.\nIs there anything else?",
            );
            customer.say("c2", "No, thank you!");
        }
        customers.push(customer);
    }
    customers[1].say("c1", "Or in the evening?");
    (alice, customers)
}

#[test]
fn pictures_of_the_desktop() {
    let desk = Desk::start(&MONDAY);
    let page = Browser::new(&desk);
    page.size(1440, 900, false);
    page.go("/agent/");
    page.see("#username");
    page.picture("desktop-sign-in");
    let alice = Agent { page };
    alice.sign_in("alice");
    alice.page.picture("desktop-empty");

    let (mut socket, _customers) = busy_desk(&desk);
    alice.page.see_text(".sessions .row", "Eva Smit");
    alice.open("Jan de Boer");
    alice.hear("No, thank you!");
    let mut third = desk.customer("shop", json!({}));
    third.start(json!({"name": "Melissa de Vries", "email": "melissa@gmail.com", "comment": "Can I bring back a chair without the box?"}));
    alice.page.see_text(".alert h2", "Melissa");
    alice.page.picture("desktop-at-work-and-alert");
    alice.page.press("#account");
    alice.page.press_text(".menu [role=menuitemradio]", "Dark");
    alice.page.picture("desktop-dark");
    alice.page.size(820, 1180, true);
    alice.page.picture("desktop-tablet-dark");
    alice.page.press("#account");
    alice.page.press_text(".menu [role=menuitemradio]", "Light");
    alice.page.picture("desktop-tablet");
    alice.page.size(1440, 900, false);
    alice.page.press(".alert .btn--main");
    alice.opened("Melissa");
    alice.page.picture("desktop-light");
    alice.page.press_text("[role=tab]", "Details");
    alice.page.picture("desktop-details");
    let _colleagues = [desk.agent("bob"), desk.agent("sofie")];
    alice.page.press_text(".talk__acts .btn", "Transfer");
    alice.page.see_text("#options li", "Sofie");
    alice.page.picture("desktop-transfer");
    alice.page.press("dialog .dlg__h .btn--icon");
    alice.page.press(".talk__acts .btn--end");
    alice.page.see("dialog .remind");
    alice.page.picture("desktop-end");
    alice.page.press("dialog .btn--danger");
    alice.page.see("dialog #why");
    alice.page.picture("desktop-wrap-up");
    alice.wrap_up("sol", "Solved", "May bring it back within 14 days.");
    socket.socket.ok("presence", json!({"status": "away"}));
    alice.page.press("#presence");
    alice.page.see(".menu");
    alice.page.picture("desktop-presence");
}

/// The four pictures of the README, of one morning.
#[test]
#[ignore = "makes what is committed: make pictures"]
fn readme_pictures() {
    // Fast enough that somebody has waited a while, slow enough that an alert rings while its picture is taken.
    let desk = Desk::start(&["--wall-clock", "2026-10-05T08:12:00Z", "--clock-speed", "6"]);
    let mut bob = desk.agent("bob");
    let jan = Customer::at_the_shop(&desk);
    jan.page.reduced();
    jan.page.go("/demo/product/lamp");
    jan.start("Tom Bakker", "Good morning. Is the lamp in stock in Utrecht?");
    let offer = bob.socket.of("notification");
    bob.take_known(&offer);
    let conversation = offer["conversation"].as_str().unwrap_or_default().to_owned();
    bob.say(&conversation, "b1", "Good morning Tom. Yes: two with the brass foot, one with the black one.");
    jan.hear("Good morning Tom.");
    jan.say("Could you keep a brass one for me? I can be there after five.");
    jan.sent("Could you keep a brass one");
    bob.say(&conversation, "b2", "Of course. It lies at the counter in your name until Saturday.");
    jan.hear("It lies at the counter");
    jan.page.leave();
    jan.page.picture("readme-widget");
    bob.socket.ok("presence", json!({"status": "away"}));

    let alice = Agent { page: Browser::new(&desk) };
    alice.page.reduced();
    alice.page.go("/agent/");
    alice.sign_in("alice");
    let (_socket, _customers) = busy_desk(&desk);
    alice.open("Jan de Boer");
    alice.hear("No, thank you!");
    let ask = |name: &str, email: &str, comment: &str| {
        let mut customer = desk.customer("shop", json!({}));
        customer.start(json!({"name": name, "email": email, "comment": comment}));
        customer
    };
    let _third = ask("Melissa de Vries", "melissa@gmail.com", "Can I bring back a chair without the box?");
    alice.page.see_text(".alert h2", "Melissa");
    alice.page.picture("readme-desktop");
    alice.page.press(".alert .btn--main");
    alice.opened("Melissa");

    // Alice has as much as she can do, and Bob is away: two wait, and the view says why.
    let _waiting = [
        ask("Ines Almeida", "", "When do you open on Sunday?"),
        ask("Piet Visser", "", "My order has not come."),
    ];
    let sofie = Agent { page: Browser::new(&desk) };
    sofie.page.reduced();
    sofie.page.go("/agent/");
    sofie.sign_in("sofie");
    sofie.page.press_text(".top__nav button", "Live");
    sofie.page.press_text(".live .cell-link", "Ines Almeida");
    sofie.page.see_text(".side .why", "Alice");
    sofie.page.picture("readme-supervisor");

    let admin = Browser::new(&desk);
    admin.reduced();
    admin.go("/admin/workstreams/web-live");
    admin.write("[name=username]", "admin");
    admin.write("[name=password]", "admin-demo-pass");
    admin.write("[name=password]", keys::ENTER);
    admin.see("[name='notify.incoming.timeout_s']");
    admin.run("document.querySelector(\"[name='notify.incoming.timeout_s']\").value = '';", json!([]));
    admin.write("[name='notify.incoming.timeout_s']", "120");
    admin.press_text("button", "Save");
    admin.see_text("body", "Saved at");
    admin.picture("readme-admin");
}

#[test]
fn pictures_of_the_widget() {
    let desk = Desk::start(&MONDAY);
    let mut bob = desk.agent("bob");
    let jan = Customer::at_the_shop(&desk);
    jan.page.size(1280, 860, false);
    jan.page.go("/demo/product/lamp");
    jan.page.see("deskbell-chat >>> button[aria-expanded]");
    jan.page.picture("widget-launcher");
    jan.open_chat();
    jan.page.see("#f-name");
    jan.page.picture("widget-pre-chat");
    jan.page.write("#f-name", "Jan de Boer");
    jan.page.write("#f-comment", "Is the lamp in stock?");
    jan.page.press(".p__pane .p__go");
    let offer = bob.socket.of("notification");
    jan.page.picture("widget-waiting");
    bob.socket.ok("shown", json!({"notification": offer["id"]}));
    bob.socket.ok("accept", json!({"notification": offer["id"]}));
    let conversation = offer["conversation"].as_str().unwrap_or_default();
    bob.say(conversation, "b1", "Good morning Jan. Yes: two with the brass foot, one with the black one.");
    jan.hear("Good morning Jan.");
    jan.say("Could you keep a brass one for me?");
    jan.sent("Could you keep a brass one");
    bob.say(conversation, "b2", "Of course. It lies at the counter in your name until Saturday.");
    jan.hear("It lies at the counter");
    jan.page.picture("widget-conversation");
    jan.page.leave();
    jan.page.size(390, 844, true);
    jan.reload();
    jan.hear("It lies at the counter");
    jan.page.picture("widget-phone");
    bob.socket.ok("end", json!({"conversation": conversation}));
    jan.page.see(".p__ended");
    jan.page.picture("widget-phone-ended");
}

#[test]
fn pictures_of_the_dark_widget() {
    let desk = Desk::start_with_desk(&[("theme = \"light\"", "theme = \"dark\"")], &MONDAY);
    let mut bob = desk.agent("bob");
    let jan = Customer::at_the_shop(&desk);
    jan.page.size(1280, 860, false);
    jan.start("Jan de Boer", "Is the lamp in stock?");
    let offer = bob.socket.of("notification");
    bob.socket.ok("accept", json!({"notification": offer["id"]}));
    let conversation = offer["conversation"].as_str().unwrap_or_default();
    bob.say(conversation, "b1", "Yes: two with the brass foot, one with the black one.");
    jan.hear("two with the brass foot");
    jan.page.picture("widget-dark");
}
