//! A number per agent, kept in columns: one set of agents for each binary digit.
//!
//! The least of any set of agents is then found digit by digit, from the highest: if anybody in the set has a
//! 0 there, those with a 1 are out. A search costs as many steps as the numbers have digits, whoever is in the
//! set. Tried on paper: a list ordered by idleness is walked past everybody who is idle and may not be asked,
//! and a heap per queue and workstream does not know who is left out of a round.

use super::agent_set::AgentSet;
use super::id::AgentId;

/// A number per agent.
#[derive(Debug)]
pub(super) struct Columns {
    digits: Box<[AgentSet; u64::BITS as usize]>,
    numbers: Box<[u64]>,
    /// Digits that were ever used: above them all columns are empty.
    used: u32,
}

impl Columns {
    /// All zero.
    pub(super) fn new(agents: usize) -> Columns {
        Columns {
            digits: Box::new([AgentSet::EMPTY; u64::BITS as usize]),
            numbers: vec![0; agents].into(),
            used: 0,
        }
    }

    /// What the numbers of so many agents take.
    pub(super) fn bytes(agents: usize) -> usize {
        u64::BITS as usize * size_of::<AgentSet>() + agents * size_of::<u64>()
    }

    pub(super) fn get(&self, agent: AgentId) -> u64 {
        self.numbers[usize::from(agent.0)]
    }

    pub(super) fn set(&mut self, agent: AgentId, number: u64) {
        let mut changed = core::mem::replace(&mut self.numbers[usize::from(agent.0)], number) ^ number;
        self.used = self.used.max(u64::BITS - number.leading_zeros());
        while changed != 0 {
            let digit = changed.trailing_zeros();
            self.digits[digit as usize].put(agent, number >> digit & 1 == 1);
            changed &= changed - 1;
        }
    }

    /// Those of a set who have the least number.
    pub(super) fn least(&self, among: &AgentSet) -> AgentSet {
        self.digits[..self.used as usize].iter().rev().fold(*among, |left, column| {
            let zeros = left.without(column);
            if zeros.is_empty() { left } else { zeros }
        })
    }

    /// Those of a set who have the greatest number.
    pub(super) fn most(&self, among: &AgentSet) -> AgentSet {
        self.digits[..self.used as usize].iter().rev().fold(*among, |left, column| {
            let ones = left.and(column);
            if ones.is_empty() { left } else { ones }
        })
    }
}
