//! `[[bot]]`: the steps of a menu; and the keys of a workstream that name its bot.

use crate::desk::bot::{Bot, Choice, FirstBot, Step, Then};
use crate::desk::ids::{BotId, Id, TokenName};
use crate::desk::model::Channel;
use crate::desk::read::{NAME, Section, TextRule};
use crate::desk::template::{Known, Placeholder};
use crate::limits::{
    BOTS_MAX, DESK_BOT_CHOICE_CHARS_MAX, DESK_BOT_CHOICES_MAX, DESK_BOT_SAY_CHARS_MAX, DESK_BOT_STEPS_MAX,
    DESK_BOT_WORDS_MAX, DESK_PLACEHOLDER_KEY_BYTES_MAX, DESK_WAIT_S_MAX,
};

/// Seconds a bot has for an answer unless said: a customer looks at a silent page no longer.
const ANSWER_S: u32 = 10;

/// Seconds a customer has unless said.
const IDLE_S: u32 = 900;

const SAY: TextRule = TextRule { chars_max: DESK_BOT_SAY_CHARS_MAX, lines: true };
const LABEL: TextRule = TextRule { chars_max: DESK_BOT_CHOICE_CHARS_MAX, lines: false };

pub(super) fn all(root: &Section<'_>) -> Vec<Bot> {
    root.tables("bot", Some("id"), BOTS_MAX).iter().filter_map(one).collect()
}

fn one(section: &Section<'_>) -> Option<Bot> {
    let name = section.text("name", NAME);
    let sections = section.tables("step", Some("id"), DESK_BOT_STEPS_MAX);
    let steps: Vec<Step> = sections.iter().filter_map(step).collect();
    if sections.is_empty() {
        section.fault("step", "is missing: a bot needs at least one");
    }
    let id: BotId = section.id("id")?;
    Some(Bot { name: name.unwrap_or_else(|| id.to_string()), id, steps })
}

fn step(section: &Section<'_>) -> Option<Step> {
    let may_use = |placeholder: &Placeholder| {
        placeholder.is_general() || matches!(placeholder, Placeholder::Known(Known::OpensAt))
    };
    let say = section.get("say").and_then(|entry| entry.template_by_language(SAY, &may_use));
    let says = section.has_key("say");
    let choices = section.get("choices").map(|_| choices(section));
    let ask = section.get("ask").and_then(|entry| {
        let name = entry.text(NAME)?;
        if name.len() > DESK_PLACEHOLDER_KEY_BYTES_MAX || name.contains(char::is_whitespace) {
            entry.fault(format!("must be one word of at most {DESK_PLACEHOLDER_KEY_BYTES_MAX} bytes"));
            return None;
        }
        Some(name)
    });
    let go = section.get("go").and_then(|entry| entry.id());
    let hand_over = section.flag("hand_over").unwrap_or(false);
    let queue = section.reference("queue", "queue");
    let reason = section.text("reason", NAME);
    let end = section.flag("end").unwrap_or(false);
    if !hand_over && (queue.is_some() || reason.is_some()) {
        section.warn("hand_over", "is not set: queue and reason have no effect");
    }
    let waits = choices.is_some() || ask.is_some();
    if waits && !says {
        section.fault("say", "is missing: the customer must know what to answer");
    }
    let id = section.id("id")?;
    let then = match (choices, ask, go, hand_over, end) {
        (Some(choices), None, None, false, false) => Then::Choose(choices),
        (None, Some(name), Some(go), false, false) => Then::Ask { name, go },
        (None, None, Some(go), false, false) => Then::Go(go),
        (None, None, None, true, false) => Then::HandOver { queue, reason },
        (None, None, None, false, true) => Then::End,
        _ => {
            section.fault_here("needs exactly one of choices, ask with go, go, hand_over, end");
            return None;
        }
    };
    Some(Step { id, say, then })
}

fn choices(section: &Section<'_>) -> Vec<Choice> {
    let choice = |section: &Section<'_>| {
        let label = section.need("label").and_then(|entry| entry.localized(LABEL));
        let go = section.need("go").and_then(|entry| entry.id());
        Some(Choice { label: label?, go: go? })
    };
    let sections = section.tables("choices", None, DESK_BOT_CHOICES_MAX);
    if sections.is_empty() {
        section.fault("choices", "must hold at least one choice");
    }
    sections.iter().filter_map(choice).collect()
}

/// `bot`, `bot_answer_s`, `bot_idle_s` and `bot_person_words` of a workstream.
pub(super) fn first(section: &Section<'_>, channel: Channel) -> Option<FirstBot> {
    let answer_s = section.number("bot_answer_s", 1..=DESK_WAIT_S_MAX).unwrap_or(ANSWER_S);
    let idle_s = section.number("bot_idle_s", 10..=DESK_WAIT_S_MAX).unwrap_or(IDLE_S);
    let words = section.list("bot_person_words", DESK_BOT_WORDS_MAX);
    let person_words = words.iter().filter_map(|entry| entry.text(LABEL)).collect();
    let entry = section.get("bot");
    if entry.is_none() {
        for key in ["bot_answer_s", "bot_idle_s", "bot_person_words"] {
            if section.has_key(key) {
                section.warn(key, "has no effect without a bot");
            }
        }
    }
    let entry = entry?;
    if matches!(channel, Channel::Case | Channel::Voice) {
        entry.fault(format!("a {channel} workstream has nobody for a bot to write with"));
    }
    let name = entry.id::<TokenName>()?.as_str().to_owned();
    Some(FirstBot { name, answer_s, idle_s, person_words })
}
