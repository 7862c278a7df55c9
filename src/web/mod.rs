//! What the browser surfaces share, and the words of what the box writes for readers itself.

pub mod words;
