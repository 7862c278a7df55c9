//! Bots in the desk file: what they say comes back out of an export, and every contradiction is a fault with
//! its line (REQ S2-4).

use deskbell::desk::bot::Then;
use deskbell::desk::{diff, load};

use crate::EXAMPLE;

fn with(bot: &str, lines: &str) -> String {
    let first = format!("mode = \"live\"\nbot = \"{bot}\"\n");
    EXAMPLE.replacen("mode = \"live\"\n", &first, 1) + lines
}

fn faults(lines: &str) -> String {
    let base = "queue = [{ id = \"front\" }]\n[[bot]]\nid = \"b\"\n";
    load(&format!("{base}{lines}")).map(|_| ()).expect_err("a fault").to_string()
}

#[test]
fn a_bot_is_exported_as_it_was_read() {
    let text = with("guide", include_str!("../data/bots.toml"));
    let desk = load(&text).unwrap_or_else(|faults| panic!("{faults}")).desk;
    let bot = desk.bot("guide").expect("the bot");
    assert_eq!((bot.name.as_str(), bot.steps.len()), ("Guide", 5));
    assert!(matches!(&bot.steps[0].then, Then::Choose(choices) if choices.len() == 3));
    let first = desk.workstream("web-live").and_then(|workstream| workstream.bot.clone()).expect("a bot");
    assert_eq!((first.name.as_str(), first.answer_s, first.idle_s), ("guide", 10, 900));
    assert!(desk.has_token_bot("faq") && !desk.has_token_bot("crm"));
    let again = deskbell::desk::load_with(
        &desk.export(),
        deskbell::desk::LoadOptions { over: Some(&desk), ..Default::default() },
    );
    let again = again.unwrap_or_else(|faults| panic!("{faults}")).desk;
    assert!(diff(&desk, &again).is_empty());
    assert_eq!(again, desk);
}

#[test]
fn every_contradiction_of_a_bot_is_a_fault() {
    assert_eq!(faults(""), "line 2: bot.b.step: is missing: a bot needs at least one");
    let step = |lines: &str| faults(&format!("[[bot.step]]\nid = \"s\"\n{lines}"));
    let one = "needs exactly one of choices, ask with go, go, hand_over, end";
    assert!(step("say = \"a\"\n").contains(one));
    assert!(step("say = \"a\"\nend = true\nhand_over = true\n").contains(one));
    assert!(step("say = \"a\"\nask = \"x\"\n").contains(one));
    assert_eq!(step("go = \"t\"\n"), "line 6: bot.b.step.s.go: there is no step \"t\"");
    assert!(step("go = \"s\"\n").contains("leads back to itself without waiting for the customer"));
    assert!(step("ask = \"two words\"\ngo = \"s\"\nsay = \"a\"\n").contains("must be one word"));
    assert!(step("ask = \"x\"\ngo = \"s\"\n").contains("say: is missing"));
    assert!(step("say = \"a\"\nchoices = []\n").contains("must hold at least one choice"));
    assert!(step("hand_over = true\nqueue = \"nowhere\"\n").contains("there is no queue \"nowhere\""));
    let long = "x".repeat(41);
    let choices = format!("say = \"a\"\nchoices = [{{ label = \"{long}\", go = \"s\" }}]\n");
    assert!(step(&choices).contains("must be at most 40 characters"));
}

#[test]
fn a_workstreams_bot_must_be_there_and_be_one() {
    let bots = include_str!("../data/bots.toml");
    let told = |text: String| load(&text).map(|_| ()).expect_err("a fault").to_string();
    assert!(told(with("nobody", bots)).contains("there is no bot \"nobody\", nor a token with the role bot"));
    assert!(told(with("crm", bots)).contains("there is no bot \"crm\""));
    let twice = with("faq", bots).replace("id = \"guide\"", "id = \"faq\"");
    assert!(told(twice).contains("is the name of a token with the role bot too"));
    let case = EXAMPLE.replace("channel = \"case\"\n", "channel = \"case\"\nbot = \"guide\"\n") + bots;
    assert!(told(case).contains("has nobody for a bot to write with"));
}
