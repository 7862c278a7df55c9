//! A set of agents, one bit each: what is asked of all of them is asked of 64 at a time.

use super::id::AgentId;
use crate::limits::AGENTS_MAX;

const WORDS: usize = AGENTS_MAX / 64;

/// A set of agents. Always as many words as the limit needs: an operation costs the same at ten agents and at
/// five hundred.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AgentSet([u64; WORDS]);

impl AgentSet {
    /// Nobody.
    pub const EMPTY: AgentSet = AgentSet([0; WORDS]);

    /// Everybody.
    pub(super) const ALL: AgentSet = AgentSet([u64::MAX; WORDS]);

    /// One agent.
    pub fn of(agent: AgentId) -> AgentSet {
        let mut set = AgentSet::EMPTY;
        set.insert(agent);
        set
    }

    /// Puts an agent in.
    pub fn insert(&mut self, agent: AgentId) {
        self.0[usize::from(agent.0) / 64] |= 1 << (agent.0 % 64);
    }

    /// Takes an agent out.
    pub fn remove(&mut self, agent: AgentId) {
        self.0[usize::from(agent.0) / 64] &= !(1 << (agent.0 % 64));
    }

    pub(super) fn put(&mut self, agent: AgentId, inside: bool) {
        if inside {
            self.insert(agent);
        } else {
            self.remove(agent);
        }
    }

    /// Is she in?
    pub fn contains(&self, agent: AgentId) -> bool {
        self.0[usize::from(agent.0) / 64] & (1 << (agent.0 % 64)) != 0
    }

    /// Is nobody in?
    pub fn is_empty(&self) -> bool {
        self.0.iter().fold(0, |all, word| all | word) == 0
    }

    /// How many are in.
    pub fn len(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    /// Those in both.
    #[must_use]
    pub fn and(&self, other: &AgentSet) -> AgentSet {
        AgentSet(core::array::from_fn(|at| self.0[at] & other.0[at]))
    }

    /// Those in either.
    #[must_use]
    pub fn or(&self, other: &AgentSet) -> AgentSet {
        AgentSet(core::array::from_fn(|at| self.0[at] | other.0[at]))
    }

    /// Those in this one only.
    #[must_use]
    pub fn without(&self, other: &AgentSet) -> AgentSet {
        AgentSet(core::array::from_fn(|at| self.0[at] & !other.0[at]))
    }

    /// Parts the set in those who are in the other one too, and the rest.
    pub(super) fn part(&self, other: &AgentSet) -> (AgentSet, AgentSet) {
        (self.and(other), self.without(other))
    }

    /// The lowest.
    pub fn first(&self) -> Option<AgentId> {
        let at = self.0.iter().position(|&word| word != 0)?;
        Some(agent_at(at, self.0[at]))
    }

    /// The lowest above an agent, else the lowest of all: the next in turn.
    pub(super) fn next_after(&self, agent: Option<AgentId>) -> Option<AgentId> {
        let Some(AgentId(last)) = agent else { return self.first() };
        let word = usize::from(last) / 64;
        let mut above = *self;
        above.0[..word].fill(0);
        above.0[word] &= u64::MAX.checked_shl(u32::from(last) % 64 + 1).unwrap_or(0);
        above.first().or_else(|| self.first())
    }

    /// The one agent in it, when there is no other.
    pub fn only(&self) -> Option<AgentId> {
        let agent = self.first()?;
        let mut rest = *self;
        rest.remove(agent);
        rest.is_empty().then_some(agent)
    }

    /// Everybody in it, ascending.
    pub fn iter(&self) -> impl Iterator<Item = AgentId> + '_ {
        self.0.iter().enumerate().flat_map(|(at, &word)| {
            let mut left = word;
            core::iter::from_fn(move || {
                let agent = (left != 0).then(|| agent_at(at, left))?;
                left &= left - 1;
                Some(agent)
            })
        })
    }

    /// The set as bytes, agent 0 the lowest bit of the first; without the zeros at the end.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> = self.0.iter().flat_map(|word| word.to_le_bytes()).collect();
        let used = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        bytes.truncate(used);
        bytes
    }

    /// The set of bytes [`to_bytes`](Self::to_bytes) gave; what is beyond the limit is left out.
    pub fn from_bytes(bytes: &[u8]) -> AgentSet {
        let mut set = AgentSet::EMPTY;
        for (at, &byte) in bytes.iter().take(WORDS * 8).enumerate() {
            set.0[at / 8] |= u64::from(byte) << (at % 8 * 8);
        }
        set
    }
}

fn agent_at(word: usize, bits: u64) -> AgentId {
    AgentId((word * 64) as u16 + bits.trailing_zeros() as u16)
}

impl core::fmt::Debug for AgentSet {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
