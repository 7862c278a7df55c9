//! The life of an offer: made, shown, and ended otherwise than by acceptance.

use super::Engine;
use super::conversation::{Hold, Offer, Phase};
use super::effect::{BannerKind, OfferEnd, RoutingEvent, SessionReason, SystemCode};
use super::id::{AgentId, Handle, OfferId, RequestId};
use super::presence::Penalty;
use super::refusal::Refusal;
use super::settings::{Auto, OfferKind, TransferRefused};
use super::wheel::TimerId;

impl Engine {
    /// Puts a conversation to an agent as its workstream's template for this kind says (S2-16, S2-17).
    pub(super) fn offer_to(&mut self, conversation: Handle, agent: AgentId, kind: OfferKind) {
        let offer = self.make_offer(conversation, agent, kind);
        self.stop_round_timer(conversation);
        self.given_work(agent);
        match offer.auto {
            Auto::None => self.change(conversation, Phase::Offered(offer), OfferEnd::Withdrawn),
            Auto::Assign => {
                let next = Phase::Reserved { agent, hold: Hold::Assigned, offer: Some(offer) };
                self.change(conversation, next, OfferEnd::Withdrawn);
                self.emit(super::effect::Effect::Session { conversation, agent, opened: true, reason: None });
            }
            Auto::Accept => {
                self.activate(conversation, agent, OfferEnd::Withdrawn);
                self.begin_offer(conversation, offer);
            }
        }
    }

    pub(super) fn make_offer(&mut self, conversation: Handle, agent: AgentId, kind: OfferKind) -> Offer {
        let row = self.row(conversation);
        let settings = self.workstream(row.workstream);
        let notify = settings.notify[kind as usize];
        let (units, sender) = (settings.units, row.sender);
        let id = OfferId(self.next_offer);
        self.next_offer += 1;
        Offer {
            id,
            kind,
            agent,
            auto: notify.auto,
            shown: false,
            sender,
            made_wall_ms: self.now.wall_ms,
            deadline_wall_ms: self.wall_in(notify.timeout_ms),
            units,
            timer: TimerId::NONE,
        }
    }

    /// Offers a returned conversation to its agent as soon as her presence is allowed: affinity ignores
    /// capacity, never presence and never the ten (D-3).
    pub(super) fn offer_returned(&mut self, conversation: Handle, agent: AgentId) {
        let row = self.row(conversation);
        let waits = matches!(row.phase, Phase::Reserved { hold: Hold::Returned, offer: None, .. });
        let asked_lately = row.round_wall_ms.is_some();
        let settings = *self.workstream(row.workstream);
        let held = &self.agents[usize::from(agent.0)];
        let has_slot = held.open.len() + held.offers.len() < crate::limits::SESSIONS_MAX;
        let can_take = held.is_there() && self.presence_allowed(agent, &settings) && has_slot;
        if !waits || asked_lately || !can_take || !self.is_open || !self.may_offer_now(conversation) {
            return;
        }
        let mut offer = self.make_offer(conversation, agent, OfferKind::Returned);
        // Reserved for her already: to assign it again would change nothing.
        if offer.auto == Auto::Assign {
            offer.auto = Auto::None;
        }
        if offer.auto == Auto::Accept {
            self.activate(conversation, agent, OfferEnd::Withdrawn);
        }
        self.given_work(agent);
        self.begin_offer(conversation, offer);
    }

    /// The conversation of an agent's pending notification.
    pub(super) fn find_offer(&self, agent: AgentId, offer: OfferId) -> Option<Handle> {
        let row = &self.agents[usize::from(agent.0)];
        row.offers.iter().chain(row.open.iter()).copied().find(|&conversation| {
            self.row(conversation)
                .phase
                .offer()
                .is_some_and(|running| running.id == offer && running.agent == agent)
        })
    }

    pub(super) fn shown(&mut self, request: Option<RequestId>, agent: AgentId, offer: OfferId) {
        let Some(conversation) = self.find_offer(agent, offer) else {
            return self.refuse(request, Refusal::Stale);
        };
        self.done(request);
        let running = self.row_mut(conversation).phase.offer_mut().expect("found by its offer");
        if !running.shown {
            running.shown = true;
            self.keep(conversation);
        }
    }

    pub(super) fn reject(&mut self, request: Option<RequestId>, agent: AgentId, offer: OfferId) {
        let Some(conversation) = self.find_offer(agent, offer) else {
            return self.refuse(request, Refusal::Stale);
        };
        let running = *self.row(conversation).phase.offer().expect("found by its offer");
        let settings = self.workstream(self.row(conversation).workstream);
        if !running.asks() || !settings.notify[running.kind as usize].can_reject {
            return self.refuse(request, Refusal::NotAllowed);
        }
        self.done(request);
        if self.desk.reject_enabled {
            self.punish(agent, Penalty::Rejected, Some(conversation));
        }
        self.not_taken(conversation, OfferEnd::Rejected);
    }

    /// An offer's time is up: shown and left is missed, never shown is undelivered (S2-28 to S2-31).
    pub(super) fn offer_timed_out(&mut self, conversation: Handle) {
        let offer = *self.row(conversation).phase.offer().expect("an offer's timer dies with it");
        if !offer.asks() {
            self.end_offer(conversation, OfferEnd::Expired);
        } else if offer.shown {
            if self.desk.missed_enabled {
                self.punish(offer.agent, Penalty::Missed, Some(conversation));
            }
            self.not_taken(conversation, OfferEnd::Missed);
        } else {
            self.not_taken(conversation, OfferEnd::Undelivered);
        }
    }

    /// What becomes of the conversation when its offer was not taken.
    fn not_taken(&mut self, conversation: Handle, end: OfferEnd) {
        let offer = *self.row(conversation).phase.offer().expect("the caller found it");
        match self.row(conversation).phase {
            Phase::Offered(_) if end == OfferEnd::Undelivered => self.hold_undelivered(conversation, &offer),
            Phase::Offered(_) => {
                self.row_mut(conversation).excluded.insert(offer.agent);
                self.change(conversation, Phase::Queued, end);
                self.route(conversation, RoutingEvent::Rerouted);
            }
            Phase::Reserved { .. } => {
                // Stays hers (a missed returned offer): asked again when her presence changes, or in the
                // next round where a penalty is switched off and nothing changes.
                self.row_mut(conversation).excluded.insert(offer.agent);
                self.end_offer(conversation, end);
                self.set_round(conversation);
            }
            Phase::Active { .. } => self.request_not_taken(conversation, end),
            other => unreachable!("no offer beside {other:?}"),
        }
    }

    /// Sent and never shown: it stays assigned to the agent for now (S2-30).
    fn hold_undelivered(&mut self, conversation: Handle, offer: &Offer) {
        let agent = offer.agent;
        let settings = self.workstream(self.row(conversation).workstream);
        // From the time-out on, also where it fell into down-time and is only seen now.
        let reroute_ms = settings.undelivered_reroute_ms.cast_signed().saturating_sub(self.late_ms);
        let reroute_wall_ms = self.now.wall_ms.saturating_add(reroute_ms);
        let next = Phase::Reserved { agent, hold: Hold::Undelivered { reroute_wall_ms }, offer: None };
        self.change(conversation, next, OfferEnd::Undelivered);
        self.emit(super::effect::Effect::Session { conversation, agent, opened: true, reason: None });
    }

    /// A transfer or conference was not taken: the request is disconnected, the sender told (D-8).
    pub(super) fn request_not_taken(&mut self, conversation: Handle, end: OfferEnd) {
        let told = self.disconnect_request(conversation, end);
        let settings = *self.workstream(self.row(conversation).workstream);
        if told == Some(BannerKind::TransferRefused)
            && settings.transfer_refused == TransferRefused::Disconnect
        {
            self.finish(conversation, SessionReason::Disconnected, SystemCode::Disconnected, None);
        }
    }

    /// Ends what was asked for; gives the banner its sender gets.
    pub(super) fn disconnect_request(&mut self, conversation: Handle, end: OfferEnd) -> Option<BannerKind> {
        let offer = self.end_offer(conversation, end)?;
        let kind = match offer.kind {
            OfferKind::Conference => BannerKind::ConferenceRefused,
            OfferKind::Transfer | OfferKind::Escalation => BannerKind::TransferRefused,
            OfferKind::Incoming | OfferKind::Returned | OfferKind::Assigned => return None,
        };
        if let Some(sender) = offer.sender {
            self.raise_banner(sender, kind, Some(conversation));
        }
        Some(kind)
    }
}
