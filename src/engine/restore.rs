//! Start-up: what the store kept comes back as it was, with the time that is left (B-5).

use super::Engine;
use super::conversation::{Hold, Offer, Phase, Seed, SeedOffer, SeedPhase};
use super::id::{AgentId, Handle};
use super::presence::Override;
use super::timer::TimerOwner;
use super::wheel::TimerId;

impl Engine {
    pub(super) fn restore_conversation(&mut self, seed: &Seed) {
        assert!(!self.is_open, "records come in before the desk opens");
        if self.desk.workstream(seed.workstream).is_none() || self.desk.queue(seed.queue).is_none() {
            return;
        }
        let Some(conversation) = self.seat(seed) else { return };
        let phase = match seed.phase {
            SeedPhase::Queued | SeedPhase::Waiting => Phase::Queued,
            SeedPhase::Bot(talk) => Phase::Bot(talk),
            SeedPhase::Offered(offer) => Phase::Offered(self.seat_offer(&offer, conversation)),
            SeedPhase::Reserved { agent, hold, .. } => Phase::Reserved { agent, hold, offer: None },
            SeedPhase::Active { owner, .. } => Phase::Active { owner, offer: None },
            SeedPhase::Ended { reason } => Phase::Ended { reason },
        };
        self.row_mut(conversation).phase = phase;
        // Entering a talk forgets its round; what is kept of one is put back below.
        self.enter_phase(conversation);
        for session in &seed.sessions {
            self.seat_session(conversation, session);
        }
        let offer = match seed.phase {
            SeedPhase::Offered(offer) => Some(offer),
            SeedPhase::Reserved { offer, .. } | SeedPhase::Active { offer, .. } => offer,
            _ => None,
        };
        if let Some(offer) = offer {
            let offer = self.seat_offer(&offer, conversation);
            self.begin_offer(conversation, offer);
        }
        if let Some(at) = seed.round_wall_ms {
            let timer = self.arm(at, TimerOwner::Round(conversation));
            let row = self.row_mut(conversation);
            row.round_wall_ms = Some(at);
            row.round_timer = timer;
        }
        if let Some(at) = seed.customer_lost_wall_ms {
            self.wait_for_customer(conversation, at);
        }
    }

    fn seat_offer(&mut self, seed: &SeedOffer, conversation: Handle) -> Offer {
        self.next_offer = self.next_offer.max(seed.id.0 + 1);
        Offer {
            id: seed.id,
            kind: seed.kind,
            agent: seed.agent,
            auto: seed.auto,
            shown: seed.shown,
            sender: seed.sender,
            made_wall_ms: seed.made_wall_ms,
            deadline_wall_ms: seed.deadline_wall_ms,
            units: self.units_of(self.row(conversation).workstream),
            timer: TimerId::NONE,
        }
    }

    pub(super) fn restore_agent(
        &mut self,
        agent: AgentId,
        held: Override,
        since_wall_ms: i64,
        lost_wall_ms: Option<i64>,
        banners: u8,
    ) {
        if usize::from(agent.0) >= self.agents.len() {
            return;
        }
        let row = self.agent_row(agent);
        row.held = held;
        row.banners = banners;
        if let Some(lost) = lost_wall_ms {
            self.lose(agent, lost);
        }
        self.refresh_presence(agent);
        self.agent_row(agent).since_wall_ms = since_wall_ms;
    }

    /// Is it one that stands with an agent because its customer is back?
    pub(super) fn is_returned(&self, conversation: Handle) -> bool {
        matches!(self.row(conversation).phase, Phase::Reserved { hold: Hold::Returned, .. })
    }
}
