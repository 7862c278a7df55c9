//! What a projection reads: everything the desk thread knows, by reference, at one instant.

use std::collections::HashMap;

use super::card::Card;
use super::contacts::Contacts;
use super::floor::Floor;
use super::names::Names;
use super::outbound::records::Peer;
use super::tail::Tail;
use crate::desk::Desk;
use crate::engine::Engine;
use crate::engine::settings::Now;

/// The desk thread's knowledge for the length of one turn.
#[derive(Clone, Copy, Debug)]
pub struct World<'a> {
    /// Who has what.
    pub engine: &'a Engine,
    /// The configuration: names, labels, templates, masking.
    pub desk: &'a Desk,
    /// Rows to names.
    pub names: &'a Names,
    /// Cards of the conversations in the engine's table, by lasting name.
    pub cards: &'a HashMap<u64, Card>,
    /// Their newest messages, by lasting name.
    pub tails: &'a HashMap<u64, Tail>,
    /// Stored contacts.
    pub contacts: &'a Contacts,
    /// Who writes through a provider, by visitor.
    pub peers: &'a HashMap<u64, Peer>,
    /// Whose alerts ring, and how today went.
    pub floor: &'a Floor,
    /// The product clock now (D-18).
    pub now: Now,
    /// How fast the product clock runs; 1 outside the demo.
    pub speed: u32,
}
