//! What a search found of each candidate, and what settled who was chosen (B-1).

use super::agent_set::AgentSet;
use super::id::AgentId;
use crate::limits::AGENTS_MAX;

/// What was found of one candidate: the first that applies (B-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Verdict {
    /// Not connected.
    Offline = 0,
    /// Her presence is none of the allowed ones.
    Presence = 1,
    /// Ten sessions and offers.
    Sessions = 2,
    /// Not enough free units.
    Capacity = 3,
    /// Asked already in this round, or the sender.
    Excluded = 4,
    /// Could take it; another came first.
    Ranked = 5,
    /// The one.
    Chosen = 6,
}

impl Verdict {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Offline => "offline",
            Verdict::Presence => "presence",
            Verdict::Sessions => "sessions",
            Verdict::Capacity => "capacity",
            Verdict::Excluded => "excluded",
            Verdict::Ranked => "ranked",
            Verdict::Chosen => "chosen",
        }
    }
}

/// What settled who comes first (D-13): who is left by one rule goes on to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TieBreak {
    /// Nobody else could take it.
    Only,
    /// She is asked first whenever she can take it (D-21).
    Preferred,
    /// The queue's distribution.
    Distribution,
    /// Equal by that; the longest since last assigned.
    Assigned,
    /// Equal by that too; the first of the desk.
    Row,
    /// A supervisor's choice.
    Choice,
}

impl TieBreak {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            TieBreak::Only => "only",
            TieBreak::Preferred => "preferred",
            TieBreak::Distribution => "distribution",
            TieBreak::Assigned => "assigned",
            TieBreak::Row => "row",
            TieBreak::Choice => "choice",
        }
    }
}

/// Everybody weighed in a decision, parted by what was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weighed {
    /// By [`Verdict`], without the chosen one's own.
    parts: [AgentSet; 6],
    /// Who was chosen, and what settled it.
    pub chosen: Option<(AgentId, TieBreak)>,
}

impl Weighed {
    /// The verdicts from `Offline` to `Ranked`, in the order in which the parts are stored.
    pub const FOUND: [Verdict; 6] = [
        Verdict::Offline,
        Verdict::Presence,
        Verdict::Sessions,
        Verdict::Capacity,
        Verdict::Excluded,
        Verdict::Ranked,
    ];

    pub(super) fn parted(parts: [AgentSet; 6]) -> Weighed {
        Weighed { parts, chosen: None }
    }

    /// A supervisor's choice: a decision of one candidate.
    pub(super) fn choice(agent: AgentId) -> Weighed {
        let mut parts = [AgentSet::EMPTY; 6];
        parts[Verdict::Ranked as usize].insert(agent);
        Weighed { parts, chosen: Some((agent, TieBreak::Choice)) }
    }

    /// Whom this was found of. The chosen one is among the ranked.
    pub fn with(&self, verdict: Verdict) -> AgentSet {
        match (verdict, self.chosen) {
            (Verdict::Chosen, Some((agent, _))) => AgentSet::of(agent),
            (Verdict::Chosen, None) => AgentSet::EMPTY,
            (verdict, _) => self.parts[verdict as usize],
        }
    }

    /// Everybody weighed, ascending, with what was found.
    pub fn candidates(&self) -> impl Iterator<Item = (AgentId, Verdict)> + '_ {
        let all = self.parts.iter().fold(AgentSet::EMPTY, |all, part| all.or(part));
        let chosen = self.chosen.map(|(agent, _)| agent);
        (0..AGENTS_MAX as u16).map(AgentId).filter(move |&agent| all.contains(agent)).map(move |agent| {
            let found = Weighed::FOUND.into_iter().find(|&of| self.parts[of as usize].contains(agent));
            let found = if chosen == Some(agent) { Some(Verdict::Chosen) } else { found };
            (agent, found.unwrap_or(Verdict::Ranked))
        })
    }
}
