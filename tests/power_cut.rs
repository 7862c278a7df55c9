//! SIGKILL under load, again and again: everything acknowledged is there, once, in order (B-5, D-17).

mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use support::{Agent, Customer, Desk};

/// What one conversation was promised.
#[derive(Default)]
struct Ledger {
    conversation: String,
    resume: String,
    /// By number: the text acknowledged.
    acknowledged: BTreeMap<u64, String>,
    sent: u64,
}

/// A small generator: instants of the cut differ from run to run by themselves, choices do not.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

const CUTS: usize = 20;
const CUSTOMERS: usize = 3;

fn check(agent: &mut Agent, ledger: &Ledger) {
    let stored = agent.everything(&ledger.conversation);
    for (at, message) in stored.iter().enumerate() {
        assert_eq!(message["seq"], at + 1, "contiguous from 1 in {}", ledger.conversation);
    }
    for (seq, text) in &ledger.acknowledged {
        let message = &stored[usize::try_from(*seq).expect("small") - 1];
        assert_eq!(message["text"], **text, "acknowledged as {seq}");
    }
    for number in 1..=ledger.sent {
        let text = format!("line {number} of {}", ledger.conversation);
        let times = stored.iter().filter(|message| message["text"] == *text).count();
        assert!(times <= 1, "{text:?} is stored {times} times");
    }
}

#[test]
fn twenty_power_cuts_lose_nothing_and_double_nothing() {
    let mut desk = Desk::start(&[]);
    let mut dice = Dice(u64::from(std::process::id()));
    let mut alice = desk.agent("alice");
    let mut ledgers: Vec<Ledger> = Vec::new();
    let mut customers: Vec<Customer> = Vec::new();
    for at in 0..CUSTOMERS {
        let mut customer = desk.customer("shop", json!({}));
        let comment = format!("first of {at}");
        let conversation = customer.start(json!({"name": format!("Customer {at}"), "comment": comment}));
        alice.take(&conversation);
        let mut ledger = Ledger { conversation, resume: customer.resume(), ..Ledger::default() };
        ledger.acknowledged.insert(1, comment);
        ledgers.push(ledger);
        customers.push(customer);
    }
    for cut in 0..CUTS {
        // Everybody talks; answers are waited for now and then only, so that some are under way at the cut.
        let rounds = 3 + dice.roll(12);
        for _ in 0..rounds {
            for (customer, ledger) in customers.iter_mut().zip(&mut ledgers) {
                ledger.sent += 1;
                let text = format!("line {} of {}", ledger.sent, ledger.conversation);
                let frame = json!({"t": "message", "id": ledger.sent, "client_id": format!("m{}", ledger.sent), "text": text});
                customer.socket.send(&frame);
            }
        }
        std::thread::sleep(Duration::from_micros(dice.roll(12_000)));
        desk.kill();
        for (customer, ledger) in customers.iter_mut().zip(&mut ledgers) {
            let _ = customer.socket.find(Duration::from_secs(5), &|frame| !frame["closed"].is_null());
            for frame in customer.socket.seen.drain(..) {
                if let (Some(number), Some(seq), "ok") =
                    (frame["re"].as_u64(), frame["seq"].as_u64(), frame["t"].as_str().unwrap_or(""))
                {
                    let text = format!("line {number} of {}", ledger.conversation);
                    ledger.acknowledged.insert(seq, text);
                }
            }
        }
        desk.start_again();
        alice = desk.agent("alice");
        let sessions = alice.welcome["sessions"].as_array().expect("sessions").clone();
        for ledger in &ledgers {
            let session = sessions
                .iter()
                .find(|session| session["conversation"] == *ledger.conversation)
                .unwrap_or_else(|| panic!("cut {cut}: {} is not hers any more", ledger.conversation));
            assert_eq!(session["state"], "active");
            check(&mut alice, ledger);
        }
        // Back within their time, the same conversation, and what was not acknowledged sent again.
        for (customer, ledger) in customers.iter_mut().zip(&mut ledgers) {
            *customer = desk.customer("shop", json!({"resume": ledger.resume}));
            assert_eq!(customer.welcome["conversation"]["id"], *ledger.conversation);
            assert_eq!(customer.welcome["conversation"]["state"], "active");
            let text = format!("line {} of {}", ledger.sent, ledger.conversation);
            let stored = customer.say(&format!("m{}", ledger.sent), &text);
            ledger.acknowledged.insert(stored["seq"].as_u64().expect("a number"), text);
        }
    }
    for ledger in &ledgers {
        check(&mut alice, ledger);
        assert!(ledger.acknowledged.len() > CUTS, "the load was real: {}", ledger.acknowledged.len());
    }
}

#[test]
fn an_offer_goes_on_over_a_power_cut_with_the_time_that_is_left() {
    let mut desk = Desk::start(&["--clock-speed", "20"]);
    let mut alice = desk.agent("alice");
    let mut customer = desk.customer("shop", json!({}));
    let conversation = customer.start(json!({"comment": "still ringing?"}));
    let offer = alice
        .socket
        .wait("notification", |frame| frame["t"] == "notification" && frame["conversation"] == *conversation);
    alice.socket.ok("shown", json!({"notification": offer["id"]}));
    desk.kill();
    desk.start_again();
    let mut alice = desk.agent("alice");
    let again = alice.welcome["notifications"].as_array().expect("notifications").clone();
    assert_eq!(again.len(), 1, "{}", alice.welcome);
    assert_eq!(again[0]["id"], offer["id"]);
    assert_eq!(again[0]["deadline"], offer["deadline"], "no second chance, none lost");
    let closed = alice.socket.of("notification_closed");
    assert_eq!(closed["reason"], "timed_out");
    assert_eq!(alice.socket.of("banner")["kind"], "missed");
}
