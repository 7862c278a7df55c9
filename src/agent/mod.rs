//! The agent desktop: what staff may ask, and what they may see.
//!
//! [`frames`] reads what agents and supervisors send. Everything else here goes the other way: projections, pure
//! functions from the desk thread's state to the JSON of one frame. They are the one place where staff's view is
//! made, so masking (D-15) happens here and nowhere later: no raw value reaches an outbox.

pub mod answer;
mod contact;
mod customer;
pub mod desk_view;
pub mod directory;
mod found;
pub mod frames;
pub mod message;
pub mod notification;
mod pack;
pub mod presence;
pub mod project;
pub mod rest;
pub mod selftest;
pub mod session;
mod transcript;
pub mod welcome;
