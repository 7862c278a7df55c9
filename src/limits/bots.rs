//! Bounds of bots (S2-4).

use super::MESSAGE_CHARS_MAX;

/// Bots of a desk, the box's own and those behind tokens: one bit each in a word.
pub const BOTS_MAX: usize = 32;

/// Messages a bot may say before the customer says something; the one that reaches it is its last (S2-4).
/// Doubled: a bot in a loop says twice as much before people take over.
pub const BOT_IN_A_ROW_MAX: u8 = 12;

/// Messages a bot may say in one conversation: two bots that talk with each other come to an end.
pub const BOT_SAID_MAX: u16 = 200;

/// Steps of a menu bot: more is no menu any more.
pub const DESK_BOT_STEPS_MAX: usize = 64;

/// Choices of a step: what a customer can take in at one look.
pub const DESK_BOT_CHOICES_MAX: usize = 10;

/// Characters of what a step says, and of a choice: with all its choices it is still one message.
pub const DESK_BOT_SAY_CHARS_MAX: usize = 500;
/// See [`DESK_BOT_SAY_CHARS_MAX`].
pub const DESK_BOT_CHOICE_CHARS_MAX: usize = 40;

/// Conversations shown to a bot that connects; of the others it is told the names.
/// Doubled: a bot that is slow to read is cut off at its own welcome.
pub const BOT_SESSIONS_SHOWN_MAX: usize = 50;

/// Characters of the reason a bot hands over with: a line of a notification.
pub const BOT_REASON_CHARS_MAX: usize = 200;

/// Words of a workstream that ask for a person.
pub const DESK_BOT_WORDS_MAX: usize = 16;

const _: () = assert!(
    DESK_BOT_SAY_CHARS_MAX + DESK_BOT_CHOICES_MAX * (DESK_BOT_CHOICE_CHARS_MAX + 5) <= MESSAGE_CHARS_MAX
);
