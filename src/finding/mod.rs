//! How a conversation is found again: text to words, and the row each conversation is found by. Pure.
//!
//! [`words`] folds text; [`trace`] is what is stored. The search itself, over rows of the store, is the shell's.

pub mod trace;
pub mod words;
