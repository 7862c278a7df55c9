//! The desk from outside: files in, desks or faults out.

#[path = "desk/bots.rs"]
mod bots;
#[path = "desk/change.rs"]
mod change;
#[path = "desk/channels.rs"]
mod channels;
#[path = "desk/faults.rs"]
mod faults;
#[path = "desk/hostile.rs"]
mod hostile;
#[path = "desk/hours.rs"]
mod hours;
#[path = "desk/model.rs"]
mod model;

/// The file every installation begins from.
const EXAMPLE: &str = include_str!("data/desk.example.toml");
