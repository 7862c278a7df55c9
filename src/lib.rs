//! deskbell: the desk bell of a branch office.
//!
//! The modules stand in the order a message meets them. A frame comes in through the [`gateway`], the
//! [`shell`] turns it into an [`engine`] input, the engine decides, the [`store`] makes the decision
//! durable, and only then the [`gateway`] lets the answer out.
#![forbid(unsafe_code)]

/// Every bound of the box, with its unit, its reason and what breaks when it is doubled.
pub mod limits;

/// Bytes to requests and back: TLS, HTTP, WebSocket, sign-in, outboxes. The only user of rustls and hyper.
pub mod gateway;

/// The customer's side: its routes and frames, with the widget's script, page and style beside them.
pub mod widget;

/// The agent desktop: its routes and frames, and the projection of engine state to what staff may see.
pub mod agent;

/// The admin's side: pages made by the box, on a thread and a socket of their own. The only user of tiny_http.
pub mod admin;

/// The ways in and out beside the web: text messages, Messenger, bots, other systems; and the relay, which calls out.
pub mod channels;

/// The one loop in which clock, sockets, store and engine meet.
pub mod shell;

/// Who gets which conversation: pure, bounded, deterministic.
pub mod engine;

/// Detectors and masks for what staff must not read. Pure.
pub mod masking;

/// How a conversation is found again: folded words, and the row each leaves of them. Pure.
pub mod finding;

/// The desk's configuration: parsed, checked, compared. Pure.
pub mod desk;

/// The journal, redb behind it, and recovery. The only user of redb.
pub mod store;

/// Browser modules, styles and languages shared by the widget and the desktop.
pub mod web;

/// What a running box shows its keepers: notices to systemd, metrics, health.
pub mod ops;

/// Percent-encoding, as addresses and forms use it.
pub mod percent;
