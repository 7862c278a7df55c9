//! What the store would keep: records written when an effect says so, and nothing else. A power cut at any
//! instant (B-5) means: these, and no more.

use std::collections::BTreeMap;

use deskbell::engine::Engine;
use deskbell::engine::agent::{Agent, Connection};
use deskbell::engine::conversation::{Phase, Seed};
use deskbell::engine::effect::Effect;
use deskbell::engine::id::{AgentId, ConversationId};
use deskbell::engine::presence::Override;

use crate::record::seed_of;

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
                Effect::Keep { conversation, said_only } => {
                    let row = engine.view(conversation).expect("kept while it is there");
                    match self.conversations.get_mut(&row.id) {
                        _ if matches!(row.phase, Phase::Waiting { .. } | Phase::Closed) => {
                            self.conversations.remove(&row.id);
                        }
                        // As the shell does: its messages tell the number of the last one.
                        Some(kept) if said_only => kept.last_seq = row.last_seq,
                        _ => {
                            self.conversations.insert(row.id, seed_of(row));
                        }
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
