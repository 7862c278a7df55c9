//! The one loop: clock, sockets, store and engine meet only here.

pub mod card;
pub mod clock;
pub mod live;
pub mod names;
pub mod records;
pub mod rows;
pub mod tail;
pub mod text;
pub mod wire;
pub mod world;
