//! The desk's configuration: parsed, checked, compared. Pure: no clock, no file, no socket.
//!
//! The file is the interface: one TOML file holds everything an admin decides, [`load`](crate::desk::load) reads it and lists
//! every fault with its line, [`Desk::export`](crate::desk::Desk::export) writes it back. A surface that edits a desk changes a clone,
//! exports it and loads that, so there is one set of rules.

pub mod bot;
pub mod channels;
mod check;
mod demo;
mod diff;
mod export;
pub mod fault;
mod hire;
pub mod hours;
pub mod ids;
pub mod keys;
pub mod language;
mod load;
pub mod mail;
pub mod model;
pub mod notify;
mod parse;
mod read;
pub mod secret;
pub mod template;
pub mod texts;
mod tree;
pub mod widget;
pub mod words;
pub mod workstream;

pub use demo::demo;
pub use diff::{Change, diff};
pub use fault::{Fault, Faults, Warning};
pub use hire::{NewAgent, with_agent};
pub use ids::Id;
pub use language::{ByLanguage, Lang, Localized};
pub use load::{LoadOptions, Loaded, load, load_with};
pub use model::*;
pub use notify::{Auto, Desktop, Notify, NotifyKind, Style};
pub use secret::{Credential, Kept, Secret};
pub use template::{Known, Placeholder, Template, Values};
pub use texts::TextKey;
pub use widget::{Origin, PagePattern, Widget};
pub use words::Word;
pub use workstream::{Auth, Mode, TransferRefused, Workstream, Wrapup};
