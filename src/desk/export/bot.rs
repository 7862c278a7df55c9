//! Bots as they stand in the file.

use super::{localized, named, template};
use crate::desk::bot::{Bot, Choice, FirstBot, Step, Then};
use crate::desk::tree::{Tree, Value};

/// `[[bot]]`.
pub(super) fn bot(bot: &Bot) -> Tree {
    let mut tree = Tree::default();
    tree.put_shown("id", &bot.id);
    tree.put("name", bot.name.as_str());
    tree.put_tables("step", named(&bot.steps, |one| (one.id.to_string(), step(one))));
    tree
}

/// The keys of a workstream that name its bot.
pub(super) fn put_first(tree: &mut Tree, first: &FirstBot) {
    tree.put("bot", first.name.as_str());
    tree.put("bot_answer_s", first.answer_s);
    tree.put("bot_idle_s", first.idle_s);
    let words: Vec<Value> = first.person_words.iter().map(|word| word.as_str().into()).collect();
    if !words.is_empty() {
        tree.put("bot_person_words", words);
    }
}

fn step(step: &Step) -> Tree {
    let mut tree = Tree::default();
    tree.put_shown("id", &step.id);
    tree.put_some("say", step.say.as_ref().map(template));
    match &step.then {
        Then::Choose(choices) => tree.put("choices", choices.iter().map(choice).collect::<Vec<_>>()),
        Then::Ask { name, go } => {
            tree.put("ask", name.as_str());
            tree.put_shown("go", go);
        }
        Then::Go(go) => tree.put_shown("go", go),
        Then::HandOver { queue, reason } => {
            tree.put("hand_over", true);
            tree.put_some("queue", queue.as_ref().map(crate::desk::ids::Id::as_str));
            tree.put_some("reason", reason.as_deref());
        }
        Then::End => tree.put("end", true),
    }
    tree
}

fn choice(choice: &Choice) -> Value {
    let go = Value::Text(choice.go.to_string());
    Value::Inline(vec![("label".to_owned(), localized(&choice.label)), ("go".to_owned(), go)])
}
