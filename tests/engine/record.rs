//! A conversation as the store has it: what a test hands in again after a restart or a return.

use deskbell::engine::conversation::{Conversation, Offer, Phase, Seed, SeedOffer, SeedPhase, SeedSession};

/// The record of a conversation as it now is.
pub(crate) fn seed_of(row: &Conversation) -> Seed {
    let phase = match &row.phase {
        Phase::Bot(talk) => SeedPhase::Bot(*talk),
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
