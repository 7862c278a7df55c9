//! Bots of the box's own, and which bot is first in a workstream (REQ S2-4).
//!
//! A `[[bot]]` is a menu: steps that say something and then offer choices, ask for an answer, go on, hand over
//! to people, or end. A bot that lives elsewhere is a `[[token]]` with the role `bot`, and goes by its name.

use super::ids::{BotId, QueueId, StepId};
use super::language::{ByLanguage, Localized};
use super::model::{Desk, Role};
use super::template::Template;

/// `[[bot]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bot {
    /// Its id; never the name of a token with the role `bot`.
    pub id: BotId,
    /// The name customers see.
    pub name: String,
    /// Its steps; the first is where it begins. Never empty in a desk that loaded.
    pub steps: Vec<Step>,
}

/// `[[bot.step]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its id; what was chosen here goes by it among the variables.
    pub id: StepId,
    /// What the bot says.
    pub say: Option<ByLanguage<Template>>,
    /// What comes then.
    pub then: Then,
}

/// What comes after a step has said its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Then {
    /// The customer chooses.
    Choose(Vec<Choice>),
    /// The customer's next message is kept under this name.
    Ask {
        /// The variable.
        name: String,
        /// Where it goes on.
        go: StepId,
    },
    /// It goes on at once.
    Go(StepId),
    /// People take over.
    HandOver {
        /// In another queue than the workstream's.
        queue: Option<QueueId>,
        /// Why, for the agent.
        reason: Option<String>,
    },
    /// The customer is helped: the conversation ends.
    End,
}

/// One choice of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What the customer reads and may write.
    pub label: Localized,
    /// Where it leads.
    pub go: StepId,
}

/// Who answers first in a workstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstBot {
    /// A `[[bot]]`'s id or the name of a token with the role `bot`.
    pub name: String,
    /// Seconds it may take for an answer; then people take over.
    pub answer_s: u32,
    /// Seconds the customer may take for hers; then the conversation is closed.
    pub idle_s: u32,
    /// Messages that ask for a person, capitals aside.
    pub person_words: Vec<String>,
}

impl FirstBot {
    /// Does this message ask for a person?
    pub fn asks_for_person(&self, text: &str) -> bool {
        let text = text.trim().trim_end_matches(['.', '!', '?']).to_lowercase();
        self.person_words.iter().any(|word| word.to_lowercase() == text)
    }
}

impl Bot {
    /// Where a step stands among them.
    pub fn position(&self, step: &StepId) -> Option<usize> {
        self.steps.iter().position(|known| known.id == *step)
    }
}

impl Desk {
    /// The menu bot of that id.
    pub fn bot(&self, id: &str) -> Option<&Bot> {
        self.bots.iter().find(|bot| bot.id == *id)
    }

    /// Whether a bot that lives elsewhere goes by this name.
    pub fn has_token_bot(&self, name: &str) -> bool {
        self.token(name).is_some_and(|token| token.roles.contains(&Role::Bot))
    }

    /// Every bot's name: the box's own, then those behind tokens.
    pub fn bot_names(&self) -> impl Iterator<Item = &str> {
        use super::ids::Id;
        let tokens = self.tokens.iter().filter(|token| token.roles.contains(&Role::Bot));
        self.bots.iter().map(|bot| bot.id.as_str()).chain(tokens.map(|token| token.name.as_str()))
    }
}
