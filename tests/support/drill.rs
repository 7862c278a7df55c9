//! Words for drills: what tests of offers, presence and supervision say again and again.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::{Agent, Desk};

/// A stamp of the product clock in milliseconds.
pub(crate) fn ms(stamp: &Value) -> i64 {
    let text = stamp.as_str().unwrap_or_else(|| panic!("no stamp: {stamp}"));
    text.parse::<jiff::Timestamp>().unwrap_or_else(|error| panic!("{text}: {error}")).as_millisecond()
}

/// Product milliseconds from one stamp to another.
pub(crate) fn elapsed_ms(from: &Value, to: &Value) -> i64 {
    ms(to) - ms(from)
}

/// The notification of a conversation, put to this agent.
pub(crate) fn offer_of(agent: &mut Agent, conversation: &str) -> Value {
    agent.socket.wait(&format!("notification of {conversation}"), |frame| {
        frame["t"] == "notification" && frame["conversation"] == conversation
    })
}

/// The notification an agent who has just signed in finds, in her welcome or right behind it.
pub(crate) fn found_offer(agent: &mut Agent, conversation: &str) -> Value {
    let there = agent.welcome["notifications"]
        .as_array()
        .and_then(|all| all.iter().find(|one| one["conversation"] == conversation).cloned());
    there.unwrap_or_else(|| offer_of(agent, conversation))
}

/// How a notification ended.
pub(crate) fn closed_offer(agent: &mut Agent, offer: &Value) -> String {
    let closed = agent
        .socket
        .wait("its end", |frame| frame["t"] == "notification_closed" && frame["id"] == offer["id"]);
    closed["reason"].as_str().unwrap_or_default().to_owned()
}

/// The frame that says the agent now has this status.
pub(crate) fn presence(agent: &mut Agent, status: &str) -> Value {
    agent
        .socket
        .wait(&format!("presence {status}"), |frame| frame["t"] == "presence" && frame["status"] == status)
}

/// How a conversation was routed, as a supervisor reads it.
pub(crate) fn decisions(desk: &Desk, token: &str, conversation: &str) -> Vec<Value> {
    let bearer = format!("Bearer {token}");
    let path = format!("/api/v1/conversations/{conversation}/routing");
    let reply = desk.http("GET", &path, &[("authorization", &bearer)], "");
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.json()["decisions"].as_array().expect("decisions").clone()
}

/// What was said of one candidate in a decision.
pub(crate) fn routed(decision: &Value, agent: &str) -> String {
    let candidates = decision["candidates"].as_array().expect("candidates");
    let of = candidates.iter().find(|one| one["agent"] == agent);
    of.map_or_else(
        || format!("{agent} was not weighed: {decision}"),
        |one| one["verdict"].as_str().unwrap_or_default().to_owned(),
    )
}

/// The code of a secret in base32, `steps` steps from now. Never the step of a moment ago: waits until the clock
/// is well within one.
pub(crate) fn one_time_code(secret: &str, steps: i64) -> String {
    let now_s = loop {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs() as i64;
        if now % 30 < 26 {
            break now;
        }
        std::thread::sleep(Duration::from_millis(500));
    };
    let secret = data_encoding::BASE32_NOPAD.decode(secret.as_bytes()).expect("base32");
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &secret);
    let tag = ring::hmac::sign(&key, &(now_s / 30 + steps).to_be_bytes());
    let at = usize::from(tag.as_ref()[19] & 15);
    let number =
        tag.as_ref()[at..at + 4].iter().fold(0u32, |all, byte| all << 8 | u32::from(*byte)) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}
