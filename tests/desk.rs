//! The desk from outside: files in, desks or faults out.
#[path = "desk/hours.rs"]
mod hours;
