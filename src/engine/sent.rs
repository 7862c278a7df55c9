//! The names of each sender's last messages, so that a repeat is known (D-17).
//!
//! They lie beside the conversations' rows, not in them: in the rows they made each 11 KiB, copied when it was
//! seated and resident whether or not anybody wrote. Here a ring costs memory once it is written to.

use super::id::AgentId;
use crate::limits::{CLIENT_IDS_KEPT, CONVERSATION_SESSIONS_MAX};

/// Rings of one conversation: the customer's, then one an agent.
const RINGS: usize = 1 + CONVERSATION_SESSIONS_MAX;

/// A ring of a conversation's slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ring(usize);

/// All rings of all slots.
#[derive(Debug)]
pub(super) struct SentRings {
    clients: Box<[u64]>,
    seqs: Box<[u32]>,
    stamps: Box<[i64]>,
    counts: Box<[u32]>,
    /// Whose an agent's ring is: row + 1; 0 = nobody's.
    holders: Box<[u16]>,
}

impl SentRings {
    /// Empty rings for this many slots.
    pub(super) fn new(slots: u32) -> SentRings {
        let rings = slots as usize * RINGS;
        SentRings {
            clients: vec![0; rings * CLIENT_IDS_KEPT].into(),
            seqs: vec![0; rings * CLIENT_IDS_KEPT].into(),
            stamps: vec![0; rings * CLIENT_IDS_KEPT].into(),
            counts: vec![0; rings].into(),
            holders: vec![0; rings].into(),
        }
    }

    /// What the rings of so many slots take once all are written to.
    pub(super) fn bytes(slots: u32) -> usize {
        let entry = size_of::<u64>() + size_of::<u32>() + size_of::<i64>();
        slots as usize * RINGS * (CLIENT_IDS_KEPT * entry + size_of::<u32>() + size_of::<u16>())
    }

    /// A new conversation in the slot: nobody has written.
    pub(super) fn clear(&mut self, slot: u32) {
        let rings = slot as usize * RINGS..(slot as usize + 1) * RINGS;
        self.counts[rings.clone()].fill(0);
        self.holders[rings].fill(0);
    }

    pub(super) fn of_customer(slot: u32) -> Ring {
        Ring(slot as usize * RINGS)
    }

    pub(super) fn of_agent(&self, slot: u32, agent: AgentId) -> Option<Ring> {
        self.agent_rings(slot).find(|ring| self.holders[ring.0] == agent.0 + 1)
    }

    /// Gives an agent a ring; one who has one keeps it, else an empty one is taken, and only then that of
    /// somebody who no longer `holds` a session: she may come back and send again what she was not sure of.
    pub(super) fn give(&mut self, slot: u32, agent: AgentId, holds: impl Fn(AgentId) -> bool) {
        if self.of_agent(slot, agent).is_some() {
            return;
        }
        let empty = self.agent_rings(slot).find(|ring| self.holders[ring.0] == 0);
        let left = || self.agent_rings(slot).find(|ring| !holds(AgentId(self.holders[ring.0] - 1)));
        if let Some(Ring(at)) = empty.or_else(left) {
            self.holders[at] = agent.0 + 1;
            self.counts[at] = 0;
        }
    }

    /// Number and stamp of the message that bore this name.
    pub(super) fn find(&self, ring: Ring, client: u64) -> Option<(u32, i64)> {
        let first = ring.0 * CLIENT_IDS_KEPT;
        let kept = (self.counts[ring.0] as usize).min(CLIENT_IDS_KEPT);
        let at = first + self.clients[first..first + kept].iter().position(|&held| held == client)?;
        Some((self.seqs[at], self.stamps[at]))
    }

    pub(super) fn push(&mut self, ring: Ring, client: u64, seq: u32, at_wall_ms: i64) {
        let count = &mut self.counts[ring.0];
        let at = ring.0 * CLIENT_IDS_KEPT + *count as usize % CLIENT_IDS_KEPT;
        *count += 1;
        self.clients[at] = client;
        self.seqs[at] = seq;
        self.stamps[at] = at_wall_ms;
    }

    fn agent_rings(&self, slot: u32) -> impl Iterator<Item = Ring> + use<> {
        let first = slot as usize * RINGS;
        (first + 1..first + RINGS).map(Ring)
    }
}
