//! The one loop: clock, sockets, store and engine meet only here.

pub mod card;
pub mod names;
pub mod records;
pub mod tail;
pub mod text;
pub mod wire;
pub mod world;
