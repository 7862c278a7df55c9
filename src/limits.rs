//! Every bound of the box in one place.
//!
//! Two groups: *process* limits may differ from one start to the next; *stored* limits shape what lies
//! on disk and are fingerprinted into the file. A limit names its unit, and says why it has its value and
//! what breaks when it is doubled.

mod admin;
mod backup;
mod bots;
mod calls;
mod channels;
mod desk;
mod engine;
mod finding;
mod frames;
mod gateway;
mod mail;
mod ops;
mod shell;
mod staff;
mod store;

pub use self::admin::*;
pub use self::backup::*;
pub use self::bots::*;
pub use self::calls::*;
pub use self::channels::*;
pub use self::desk::*;
pub use self::engine::*;
pub use self::finding::*;
pub use self::frames::*;
pub use self::gateway::*;
pub use self::mail::*;
pub use self::ops::*;
pub use self::shell::*;
pub use self::staff::*;
pub use self::store::*;
