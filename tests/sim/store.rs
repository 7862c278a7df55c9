//! What the store would keep: records written when an effect says so, and nothing else. A power cut at any
//! instant (B-5) means: these, and no more.

use std::collections::BTreeMap;

use deskbell::engine::Engine;
use deskbell::engine::agent::{Agent, Connection};
use deskbell::engine::conversation::{Conversation, Offer, Phase, Seed, SeedOffer, SeedPhase, SeedSession};
use deskbell::engine::effect::Effect;
use deskbell::engine::id::{AgentId, ConversationId};
use deskbell::engine::presence::Override;

fn offer_of(offer: &Offer) -> SeedOffer {
    SeedOffer {
        id: offer.id,
        kind: offer.kind,
        agent: offer.agent,
        auto: offer.auto,
        shown: offer.shown,
        sender: offer.sender,
        made_wall_ms: offer.made_wall_ms,
        deadline_wall_ms: offer.deadline_wall_ms,
    }
}

/// The record of a conversation as it now is.
pub(crate) fn seed_of(row: &Conversation) -> Seed {
    let phase = match &row.phase {
        Phase::Queued => SeedPhase::Queued,
        Phase::Offered(offer) => SeedPhase::Offered(offer_of(offer)),
        Phase::Reserved { agent, hold, offer } => {
            SeedPhase::Reserved { agent: *agent, hold: *hold, offer: offer.as_ref().map(offer_of) }
        }
        Phase::Active { owner, offer } => {
            SeedPhase::Active { owner: *owner, offer: offer.as_ref().map(offer_of) }
        }
        Phase::Ended { reason } => SeedPhase::Ended { reason: *reason },
        Phase::Waiting { .. } | Phase::Closed => SeedPhase::Waiting,
    };
    let sessions = row.sessions.iter().map(|held| SeedSession {
        agent: held.agent,
        role: held.role,
        state: held.state,
        since_wall_ms: held.since_wall_ms,
        units: held.units,
    });
    Seed {
        id: row.id,
        workstream: row.workstream,
        queue: row.queue,
        kind: row.kind,
        mode: row.mode,
        arrived_wall_ms: row.arrived_wall_ms,
        phase,
        last_seq: row.last_seq,
        sessions: sessions.collect(),
        excluded: row.excluded.iter().collect(),
        offer_kind: row.offer_kind,
        sender: row.sender,
        preferred: row.preferred,
        round_wall_ms: row.round_wall_ms,
        customer_lost_wall_ms: row.customer_lost_wall_ms,
        frozen: row.frozen,
        left: row.left,
        conference: row.conference,
    }
}

/// The record of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeptAgent {
    pub(crate) held: Override,
    pub(crate) connection: Connection,
    pub(crate) banners: u8,
    pub(crate) since_wall_ms: i64,
}

fn agent_of(row: &Agent) -> KeptAgent {
    KeptAgent {
        held: row.held,
        connection: row.connection,
        banners: row.banners,
        since_wall_ms: row.since_wall_ms,
    }
}

#[derive(Default)]
pub(crate) struct Store {
    pub(crate) conversations: BTreeMap<ConversationId, Seed>,
    pub(crate) agents: BTreeMap<AgentId, KeptAgent>,
}

impl Store {
    pub(crate) fn apply(&mut self, effects: &[Effect], engine: &Engine) {
        for effect in effects {
            match *effect {
                Effect::Keep { conversation } => {
                    let row = engine.view(conversation).expect("kept while it is there");
                    if matches!(row.phase, Phase::Waiting { .. } | Phase::Closed) {
                        self.conversations.remove(&row.id);
                    } else {
                        self.conversations.insert(row.id, seed_of(row));
                    }
                }
                Effect::KeepAgent { agent } => {
                    let row = engine.agent(agent).expect("an agent the engine names");
                    self.agents.insert(agent, agent_of(row));
                }
                _ => {}
            }
        }
    }

    /// Nothing changed without being written down.
    pub(crate) fn check(&self, engine: &Engine) {
        let rows = engine.conversations().filter(|row| engine.conversation(row.id).is_some());
        let mut count = 0;
        for row in rows {
            count += 1;
            assert_eq!(self.conversations.get(&row.id), Some(&seed_of(row)), "written as it is (B-5)");
        }
        assert_eq!(self.conversations.len(), count, "kept though gone");
        for (&agent, kept) in &self.agents {
            let row = engine.agent(agent).expect("an agent that was kept");
            assert_eq!(*kept, agent_of(row), "{agent} written as she is");
        }
    }
}
