//! Bounds of the engine.

/// Open sessions of one agent, pending offers included (S2-32). A fixed number of the product.
/// Doubled: the contract is broken.
pub const SESSIONS_MAX: usize = 10;

/// Agents the engine's sets can name. Doubled: each conversation's set of excluded agents grows by 64 bytes.
pub const AGENTS_MAX: usize = 512;

/// Queues of a desk: one bit each in a word.
pub const QUEUES_MAX: usize = 64;

/// Workstreams of a desk: one bit each in a word.
pub const WORKSTREAMS_MAX: usize = 64;

/// Agents with a session on one conversation at a time: owner, guests, and earlier owners in wrap-up.
/// Doubled: a conversation's row doubles (it keeps [`CLIENT_IDS_KEPT`] entries for each).
pub const CONVERSATION_SESSIONS_MAX: usize = 6;

/// Message names remembered per sender and conversation, so that a repeat is known (D-17).
pub const CLIENT_IDS_KEPT: usize = 64;

/// Effects one input can cause at most; the effect queue holds as many, so it cannot overflow.
/// The worst input ends the work of one agent with ten sessions and ten offers, each with its frames and its
/// search for another agent. Doubled: 100 KiB more, nothing else.
pub const EFFECTS_MAX: usize = 2048;

/// Searches for an agent that one input may start; the rest goes on in the next tick, which is due at once.
/// Doubled: one turn may take twice as long.
pub const DECISIONS_PER_INPUT_MAX: usize = 24;

/// How deep into a line a pass looks past conversations whose candidates were all asked in this round.
pub const LINE_SCAN_MAX: usize = 16;

/// From "everybody was asked" to the next round (D-7).
pub const ROUND_MS: u64 = 30_000;

/// Shortest time to act on an offer.
pub const OFFER_TIMEOUT_MS_MIN: u64 = 5_000;

/// How long somebody waits where nobody can take it before it is said (B-12).
pub const UNWATCHED_MS: u64 = 60_000;
