//! What is wrong with a menu: steps that lead nowhere, round and round, or that nothing leads to.

use crate::desk::bot::{Bot, Then};
use crate::desk::ids::{Id, StepId};
use crate::desk::model::Desk;
use crate::desk::read::{Sheet, join};

/// Every step that is named is there, and no round of steps says its texts for ever.
pub(super) fn steps(bot: &Bot, sheet: &Sheet) {
    let base = join("bot", bot.id.as_str());
    for step in &bot.steps {
        let path = join(&join(&base, "step"), step.id.as_str());
        for go in targets(&step.then) {
            // What was written and is at fault is there all the same.
            let known = bot.position(go).is_some();
            if !known && !sheet.holds(&join(&join(&base, "step"), go.as_str())) {
                sheet.fault(&join(&path, "go"), format!("there is no step {:?}", go.as_str()));
            }
        }
        if runs_on(bot, &step.id) {
            sheet.fault(&join(&path, "go"), "leads back to itself without waiting for the customer");
        }
    }
    for step in bot.steps.iter().skip(1) {
        let named = bot.steps.iter().flat_map(|other| targets(&other.then)).any(|go| *go == step.id);
        if !named {
            let path = join(&join(&join(&base, "step"), step.id.as_str()), "id");
            sheet.warn(&path, "no step leads here");
        }
    }
}

/// A workstream's bot is there; a bot's name is one bot's.
pub(super) fn names(desk: &Desk, sheet: &Sheet) {
    for bot in &desk.bots {
        if desk.has_token_bot(bot.id.as_str()) {
            let path = join(&join("bot", bot.id.as_str()), "id");
            sheet.fault(&path, "is the name of a token with the role bot too");
        }
    }
    for workstream in &desk.workstreams {
        let Some(first) = &workstream.bot else { continue };
        let own = desk.bot(&first.name).is_some() || sheet.holds(&join("bot", &first.name));
        if !own && !desk.has_token_bot(&first.name) {
            let path = join(&join("workstream", workstream.id.as_str()), "bot");
            sheet.fault(&path, format!("there is no bot {:?}, nor a token with the role bot", first.name));
        }
    }
}

fn targets(then: &Then) -> Vec<&StepId> {
    match then {
        Then::Choose(choices) => choices.iter().map(|choice| &choice.go).collect(),
        Then::Ask { go, .. } | Then::Go(go) => vec![go],
        Then::HandOver { .. } | Then::End => Vec::new(),
    }
}

fn runs_on(bot: &Bot, from: &StepId) -> bool {
    let mut at = from;
    for _ in 0..=bot.steps.len() {
        match bot.position(at).map(|at| &bot.steps[at].then) {
            Some(Then::Go(go)) => at = go,
            _ => return false,
        }
    }
    true
}
