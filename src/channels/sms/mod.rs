//! Text messages (REQ S2-22, S4-6): what providers want to hear and how they say it, one file a provider.

pub mod gateway;
pub mod segments;
pub mod twilio;

use crate::percent::encoded;

/// Pairs as a form.
fn form(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    pairs.join("&")
}

/// The first value of a name.
fn value<'p>(pairs: &'p [(String, String)], name: &str) -> Option<&'p str> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}
