//! Managing a live chat over real sockets: what staff may read, handing over, talking in threes, ending.

#[path = "live_chat/asset.rs"]
mod asset;
#[path = "live_chat/conference.rs"]
mod conference;
#[path = "live_chat/contacts.rs"]
mod contacts;
#[path = "live_chat/ending.rs"]
mod ending;
#[path = "live_chat/loss.rs"]
mod loss;
#[path = "live_chat/masks.rs"]
mod masks;
#[path = "live_chat/reveal.rs"]
mod reveal;
#[path = "live_chat/side.rs"]
mod side;
#[path = "live_chat/transfer.rs"]
mod transfer;

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::{Agent, Customer, Desk, Socket};

/// Long enough for a frame that was to come to have come.
const MOMENT: Duration = Duration::from_millis(400);

/// Bob and Sofie may take what Alice takes: the example's desk with all three in both queues.
const ALL_IN_BOTH: [(&str, &str); 2] = [
    ("queues = [\"front\"]\ncapacity = 60", "queues = [\"front\", \"billing\"]\ncapacity = 60"),
    ("queues = [\"billing\"]\ncapacity = 100", "queues = [\"front\", \"billing\"]\ncapacity = 100"),
];

/// A customer in talk with this agent.
fn talk(desk: &Desk, agent: &mut Agent, start: Value) -> (Customer, String) {
    let mut customer = desk.customer("shop", json!({}));
    let conversation = customer.start(start);
    agent.take(&conversation);
    customer.socket.wait("active", |frame| frame["t"] == "state" && frame["state"] == "active");
    (customer, conversation)
}

/// Waits for the system's message of this code.
fn line(socket: &mut Socket, code: &str) -> Value {
    socket.wait(code, |frame| frame["t"] == "message" && frame["code"] == code)
}

/// Waits for a `session` frame of a conversation that fits.
fn session(socket: &mut Socket, conversation: &str, fits: impl Fn(&Value) -> bool) -> Value {
    socket.wait("session", |frame| {
        frame["t"] == "session" && frame["conversation"] == conversation && fits(frame)
    })
}

/// Waits for the `session_state` of a conversation.
fn state(socket: &mut Socket, conversation: &str, state: &str) -> Value {
    socket.wait(state, |frame| {
        frame["t"] == "session_state" && frame["conversation"] == conversation && frame["state"] == state
    })
}

/// Waits for the `session_closed` of a conversation; its reason.
fn closed(socket: &mut Socket, conversation: &str) -> String {
    let frame = socket.wait("session_closed", |frame| {
        frame["t"] == "session_closed" && frame["conversation"] == conversation
    });
    frame["reason"].as_str().unwrap_or("").to_owned()
}

/// The offer of a conversation, shown but not answered.
fn offered(agent: &mut Agent, conversation: &str) -> Value {
    let offer = agent
        .socket
        .wait("notification", |frame| frame["t"] == "notification" && frame["conversation"] == conversation);
    agent.socket.ok("shown", json!({"notification": offer["id"]}));
    offer
}

/// A conversation as REST shows it to a supervisor.
fn rest(desk: &Desk, token: &str, conversation: &str) -> Value {
    let bearer = format!("Bearer {token}");
    let path = format!("/api/v1/conversations/{conversation}");
    let reply = desk.http("GET", &path, &[("authorization", &bearer)], "");
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.json()
}
