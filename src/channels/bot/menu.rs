//! A menu's turn: from where it stands and what the customer said to what it does.

use super::choices::{listed, meant};
use crate::desk::bot::{Bot, Choice, Step, Then};
use crate::desk::template::Template;
use crate::desk::{Id, Lang};

/// Answers that fit no choice, one after the other, until people take over.
const MISSES_MAX: u16 = 2;

/// Below this bit stands the step, above it how often its choices were missed.
const MISS: u16 = 1 << 8;

const _: () = assert!(crate::limits::DESK_BOT_STEPS_MAX <= MISS as usize);

/// One thing a menu does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Keeps what the customer answered.
    Set(String, String),
    /// Says something.
    Say(String),
    /// Hands over to people.
    HandOver {
        /// In this queue.
        queue: Option<String>,
        /// Why.
        reason: Option<String>,
    },
    /// Ends the conversation.
    End,
}

/// Who reads it: her language, the desk's, and how a text gets its values.
pub struct Reader<'a> {
    /// The customer's language.
    pub language: &'a str,
    /// The desk's.
    pub locale: &'a Lang,
    /// A template with its values.
    pub expand: &'a dyn Fn(&Template) -> String,
}

/// What a menu does when it is its turn, and where it stands then. `heard` is what the customer said to the
/// step it stands at; none when the conversation begins.
pub fn turn(bot: &Bot, stands: u16, heard: Option<&str>, reader: &Reader<'_>) -> (Vec<Act>, u16) {
    let mut acts = Vec::new();
    let at = usize::from(stands % MISS);
    let Some((heard, step)) = heard.zip(bot.steps.get(at)) else {
        let stands = enter(bot, 0, reader, &mut acts);
        return (acts, stands);
    };
    let go = match &step.then {
        Then::Choose(choices) => {
            let labels = labels(choices, reader);
            match meant(&labels, heard) {
                Some(chosen) => {
                    acts.push(Act::Set(step.id.as_str().to_owned(), labels[chosen].to_owned()));
                    bot.position(&choices[chosen].go)
                }
                None if stands / MISS + 1 >= MISSES_MAX => None,
                None => {
                    say(step, reader, &mut acts);
                    return (acts, stands + MISS);
                }
            }
        }
        Then::Ask { name, go } => {
            acts.push(Act::Set(name.clone(), heard.to_owned()));
            bot.position(go)
        }
        // The desk was changed under it: from the beginning.
        Then::Go(_) | Then::HandOver { .. } | Then::End => Some(0),
    };
    let stands = match go {
        Some(at) => enter(bot, at, reader, &mut acts),
        None => {
            acts.push(Act::HandOver { queue: None, reason: None });
            stands
        }
    };
    (acts, stands)
}

/// Says what stands at a step and goes on until the customer is asked something, or it is over.
fn enter(bot: &Bot, at: usize, reader: &Reader<'_>, acts: &mut Vec<Act>) -> u16 {
    let mut at = at;
    // As often as there are steps at most: a desk that loaded has no round without a question.
    for _ in 0..bot.steps.len() {
        let Some(step) = bot.steps.get(at) else { break };
        say(step, reader, acts);
        match &step.then {
            Then::Choose(_) | Then::Ask { .. } => return u16::try_from(at).unwrap_or(0),
            Then::Go(go) => match bot.position(go) {
                Some(next) => at = next,
                None => break,
            },
            Then::HandOver { queue, reason } => {
                let queue = queue.as_ref().map(|queue| queue.as_str().to_owned());
                acts.push(Act::HandOver { queue, reason: reason.clone() });
                return u16::try_from(at).unwrap_or(0);
            }
            Then::End => {
                acts.push(Act::End);
                return u16::try_from(at).unwrap_or(0);
            }
        }
    }
    acts.push(Act::HandOver { queue: None, reason: None });
    0
}

fn say(step: &Step, reader: &Reader<'_>, acts: &mut Vec<Act>) {
    let text = step.say.as_ref().map(|say| (reader.expand)(say.get(reader.language, reader.locale)));
    let text = text.unwrap_or_default();
    let text = match &step.then {
        Then::Choose(choices) => listed(&text, &labels(choices, reader)),
        _ => text,
    };
    if !text.trim().is_empty() {
        acts.push(Act::Say(text));
    }
}

fn labels<'b>(choices: &'b [Choice], reader: &Reader<'_>) -> Vec<&'b str> {
    choices.iter().map(|choice| choice.label.get(reader.language, reader.locale).as_str()).collect()
}
