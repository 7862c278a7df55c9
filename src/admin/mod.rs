//! The admin's side: pages made by the box, on a thread and a Unix socket of their own.
//!
//! Twice a year somebody comes to change a desk. So the pages are plain: made here, readable without script,
//! one file per action and one template per view. They are served by tiny_http, which faces no network: the
//! [`Forwarder`] on the gateway's side hands over requests it has parsed itself, says who is asking, and
//! bounds size, time and number. Everything the pages need of the box is the trait [`Keeper`].
//!
//! A form changes one entry of the desk's file, and the whole file goes through the desk's own loader; what
//! the loader finds stands at its field, and what it accepts is proposed on the version the form was made
//! from. Of two admins who save at once the second is told, and keeps what was typed.

mod account;
mod audit;
mod backup;
mod begin;
mod certificate;
mod changes;
mod clock;
mod contents;
mod delete;
mod document;
mod edit;
mod exchange;
mod field;
mod forward;
mod frame;
mod health;
mod import;
mod invited;
mod keeper;
mod key;
mod list;
mod local;
mod log;
mod order;
mod overview;
mod pages;
mod posted;
mod preview;
mod restart;
mod save;
mod serve;
mod show;
mod sign_in;
mod subjects;
mod token;
mod write;

pub use forward::{Forwarder, routes};
pub use keeper::{
    Account, Actor, Audited, Authority, Backup, Certificate, Chart, Clock, Figure, Held, Invited, InvitedDay,
    Keep, Keeper, Light, LogLine, NotApplied, Proposal, Recorded, Refusal, Secrets, Site, Touches,
};
pub use key::StartKey;
pub use serve::Admin;
pub use sign_in::{Door, Entering, SetUp, SignIn, Way};
