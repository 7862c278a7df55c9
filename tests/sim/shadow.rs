//! The shadow: who holds what, as the requirements say it must be, kept beside the engine.
//!
//! It is fed the same inputs and reads the engine's effects one by one (`stream.rs`); what must be so at each
//! moment it computes itself. This file is its state and what follows from it.

use std::collections::{BTreeMap, BTreeSet};

use deskbell::engine::effect::BannerKind;
use deskbell::engine::id::{AgentId, BotId, ConversationId, OfferId, PresenceId, QueueId, WorkstreamId};
use deskbell::engine::input::Sender;
use deskbell::engine::presence::{Reason, Status};
use deskbell::engine::settings::{
    Capacity, Distribution, Mode, Now, OfferKind, RoutingDesk, WorkItemKind, Workstream,
};
use deskbell::engine::weighed::Verdict;

use crate::act::Parked;
use crate::bots::{Bots, WithBot};

/// Open sessions of one agent (S2-32); written here again, because the product's own constant is under test.
pub(crate) const TEN: usize = 10;
/// From "everybody was asked" to the next round (D-7).
pub(crate) const ROUND_MS: u64 = 30_000;

/// An instant on both clocks: timers run on the first, what survives a restart on the second (D-18).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Due {
    pub(crate) mono: u64,
    pub(crate) wall: i64,
    /// Brought back by a start without a trusted clock: its down-time is still to be counted.
    pub(crate) restored: bool,
}

impl Due {
    pub(crate) fn after(now: Now, ms: u64) -> Due {
        Due { mono: now.mono_ms + ms, wall: now.wall_ms + ms as i64, restored: false }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    Undelivered(Due),
    Assigned,
    Returned,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Bot(WithBot),
    Line,
    Put(AgentId),
    With { agent: AgentId, why: Why, told: bool, units: u32 },
    Talk(AgentId),
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Owner,
    Guest,
    WrapUp(Option<Due>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) agent: AgentId,
    pub(crate) part: Part,
    pub(crate) units: u32,
    /// Counts to her ten: a wrap-up that gave its capacity back does not.
    pub(crate) slot: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Running {
    pub(crate) conversation: ConversationId,
    pub(crate) kind: OfferKind,
    pub(crate) agent: AgentId,
    pub(crate) asks: bool,
    pub(crate) shown: bool,
    pub(crate) sender: Option<AgentId>,
    pub(crate) due: Due,
    pub(crate) units: u32,
}

/// Something asked for by a colleague or a supervisor that the effects of this turn must carry out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) kind: OfferKind,
    pub(crate) sender: AgentId,
    pub(crate) target: AgentId,
}

#[derive(Clone, Debug)]
pub(crate) struct Talk {
    pub(crate) id: ConversationId,
    pub(crate) workstream: WorkstreamId,
    pub(crate) queue: QueueId,
    pub(crate) kind: WorkItemKind,
    pub(crate) mode: Mode,
    pub(crate) arrived: i64,
    pub(crate) place: Place,
    pub(crate) offer: Option<OfferId>,
    pub(crate) held: Vec<Held>,
    pub(crate) seq: u32,
    pub(crate) excluded: BTreeSet<AgentId>,
    pub(crate) round: Option<Due>,
    pub(crate) next_kind: OfferKind,
    pub(crate) sender: Option<AgentId>,
    pub(crate) preferred: Option<AgentId>,
    pub(crate) customer_due: Option<Due>,
    pub(crate) frozen: bool,
    pub(crate) left: bool,
    pub(crate) asked: Option<Asked>,
    /// What an offer accepted in this turn was.
    pub(crate) taken: Option<OfferKind>,
    /// What the toast of a session opened by itself is called.
    pub(crate) toast: Option<OfferKind>,
    /// Who wrapped up in this turn, her part not gone yet.
    pub(crate) wrapped: Option<AgentId>,
    /// Every name a sender gave a message, oldest first.
    pub(crate) sent: Vec<(Speaker, u64, u32, i64)>,
}

/// [`Sender`], sortable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Speaker {
    Customer,
    Bot(BotId),
    Agent(AgentId),
}

impl From<Sender> for Speaker {
    fn from(sender: Sender) -> Speaker {
        match sender {
            Sender::Customer => Speaker::Customer,
            Sender::Bot(bot) => Speaker::Bot(bot),
            Sender::Agent(agent) => Speaker::Agent(agent),
        }
    }
}

impl Talk {
    pub(crate) fn of(&self, agent: AgentId) -> Option<&Held> {
        self.held.iter().find(|held| held.agent == agent)
    }

    pub(crate) fn in_talk(&self, agent: AgentId) -> bool {
        self.of(agent).is_some_and(|held| matches!(held.part, Part::Owner | Part::Guest))
    }

    pub(crate) fn guests(&self) -> impl Iterator<Item = AgentId> + '_ {
        self.held.iter().filter(|held| held.part == Part::Guest).map(|held| held.agent)
    }

    /// A call is talked on the telephone and nobody waits in a case: hers once taken, whoever loses her desktop.
    pub(crate) fn stays_hers(&self) -> bool {
        matches!(self.kind, WorkItemKind::Voice | WorkItemKind::Case)
    }

    /// How many different agents have said something.
    pub(crate) fn speakers(&self) -> usize {
        let agents = self.sent.iter().map(|sent| sent.0).filter(|&speaker| speaker != Speaker::Customer);
        agents.collect::<BTreeSet<_>>().len()
    }

    /// A round whose time has come begins: nobody has been asked in it.
    pub(crate) fn begin_round(&mut self, now: Now) {
        if self.round.is_some_and(|due| due.mono <= now.mono_ms) {
            self.round = None;
            self.excluded.clear();
        }
    }

    pub(crate) fn forget_round(&mut self) {
        self.excluded.clear();
        self.round = None;
        self.next_kind = OfferKind::Incoming;
        self.sender = None;
        self.preferred = None;
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    SignedOut,
    Online,
    Lost(Due),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    Load,
    Manual(PresenceId),
    Penalty(BannerKind),
    Supervisor(Status),
}

#[derive(Clone, Debug)]
pub(crate) struct Desker {
    pub(crate) link: Link,
    pub(crate) over: Over,
    pub(crate) banners: BTreeSet<u8>,
    /// Turn of the last time she was given work or gave some back, or signed in.
    pub(crate) idle: u64,
    pub(crate) assigned: u64,
}

/// What an agent holds and is offered, in units and slots.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Load {
    pub(crate) used: u32,
    pub(crate) slots: usize,
    pub(crate) offered: u32,
    pub(crate) asked: usize,
}

pub(crate) struct Shadow {
    pub(crate) now: Now,
    pub(crate) turn: u64,
    pub(crate) desk: Box<RoutingDesk>,
    pub(crate) capacity: Capacity,
    pub(crate) talks: BTreeMap<ConversationId, Talk>,
    pub(crate) parked: BTreeMap<ConversationId, Parked>,
    pub(crate) agents: Vec<Desker>,
    pub(crate) offers: BTreeMap<OfferId, Running>,
    pub(crate) last_offer: u64,
    pub(crate) bots: Bots,
    pub(crate) turn_of: Vec<Option<AgentId>>,
    /// Since when somebody waits where nobody could take anything, and whether that was said.
    pub(crate) deserted: Vec<Option<(u64, bool)>>,
    /// Off duty in this search because of ten sessions, with what stood over load before.
    pub(crate) capped: Vec<(AgentId, Over)>,
    /// Chosen by a decision, the offer not seen yet.
    pub(crate) decided: Option<(ConversationId, AgentId)>,
    /// A tick is being read: what was due has begun.
    pub(crate) ticking: bool,
    /// The latest deadline that fired in this tick: they fire in order (D-18).
    pub(crate) fired_ms: u64,
    /// The desk is being carried through: lines move under the shadow's feet.
    pub(crate) renewing: bool,
}

impl Shadow {
    pub(crate) fn new(desk: Box<RoutingDesk>, capacity: Capacity, now: Now) -> Shadow {
        let agent = Desker {
            link: Link::SignedOut,
            over: Over::Load,
            banners: BTreeSet::new(),
            idle: 0,
            assigned: 0,
        };
        Shadow {
            now,
            turn: 0,
            agents: vec![agent; usize::from(capacity.agents)],
            turn_of: vec![None; desk.queues.len()],
            deserted: vec![None; desk.queues.len()],
            desk,
            capacity,
            talks: BTreeMap::new(),
            parked: BTreeMap::new(),
            offers: BTreeMap::new(),
            last_offer: 0,
            bots: Bots::new(),
            capped: Vec::new(),
            decided: None,
            renewing: false,
            ticking: false,
            fired_ms: 0,
        }
    }

    pub(crate) fn workstream(&self, id: WorkstreamId) -> &Workstream {
        &self.desk.workstreams[usize::from(id.0)]
    }

    pub(crate) fn is_employed(&self, agent: AgentId) -> bool {
        self.desk.agents.get(usize::from(agent.0)).is_some_and(|row| row.present)
    }

    pub(crate) fn has_queue(&self, queue: QueueId) -> bool {
        self.desk.queues.get(usize::from(queue.0)).is_some_and(|row| row.present)
    }

    pub(crate) fn agent_ids(&self) -> impl Iterator<Item = AgentId> + use<> {
        (0..self.agents.len() as u16).map(AgentId)
    }

    /// What each agent holds, sessions and what stands with her unopened, and what she is asked about.
    pub(crate) fn loads(&self) -> Vec<Load> {
        let mut loads = vec![Load::default(); self.agents.len()];
        for talk in self.talks.values() {
            let mut reserved = None;
            if let Place::With { agent, why, units, .. } = talk.place
                && why != Why::Returned
            {
                let load = &mut loads[usize::from(agent.0)];
                load.used += units;
                load.slots += 1;
                reserved = Some(agent);
            }
            for held in &talk.held {
                let load = &mut loads[usize::from(held.agent.0)];
                load.used += held.units;
                load.slots += usize::from(held.slot && reserved != Some(held.agent));
            }
        }
        for offer in self.offers.values().filter(|offer| offer.asks) {
            let load = &mut loads[usize::from(offer.agent.0)];
            load.offered += offer.units;
            load.asked += 1;
        }
        loads
    }

    pub(crate) fn load(&self, agent: AgentId) -> Load {
        self.loads()[usize::from(agent.0)]
    }

    /// Presence by D-5: lost and signed out, then what stands over load, then load.
    pub(crate) fn presence(&self, agent: AgentId) -> (PresenceId, Status, Reason) {
        self.presence_under(agent, self.agents[usize::from(agent.0)].over, self.load(agent).used)
    }

    fn presence_under(&self, agent: AgentId, over: Over, used: u32) -> (PresenceId, Status, Reason) {
        let plain = |status: Status, reason| (status.presence(), status, reason);
        match (self.agents[usize::from(agent.0)].link, over) {
            (Link::SignedOut, _) => plain(Status::Offline, Reason::SignedOut),
            (Link::Lost(_), _) => plain(Status::Offline, Reason::Lost),
            (_, Over::Manual(id)) => (id, self.desk.base(id), Reason::Manual),
            (_, Over::Penalty(BannerKind::Missed)) => plain(Status::Inactive, Reason::Missed),
            (_, Over::Penalty(BannerKind::Rejected)) => plain(Status::DoNotDisturb, Reason::Rejected),
            (_, Over::Penalty(_)) => plain(Status::DoNotDisturb, Reason::MaxSessions),
            (_, Over::Supervisor(status)) => plain(status, Reason::Supervisor),
            (_, Over::Load) => {
                let capacity = self.desk.agents[usize::from(agent.0)].capacity;
                let status = match used {
                    0 => Status::Available,
                    used if used < capacity => Status::Busy,
                    _ => Status::DoNotDisturb,
                };
                plain(status, Reason::Load)
            }
        }
    }

    /// May her presence take this workstream's work (S2-26, D-4)?
    fn is_allowed(&self, (id, status, _): (PresenceId, Status, Reason), workstream: WorkstreamId) -> bool {
        let allowed = self.workstream(workstream).allowed_presences;
        status != Status::Inactive && allowed & (1 << id.0 | 1 << status as u32) != 0
    }

    fn is_there(&self, agent: AgentId, presence: (PresenceId, Status, Reason)) -> bool {
        self.agents[usize::from(agent.0)].link == Link::Online && presence.1 != Status::Offline
    }

    pub(crate) fn has_slot(&self, agent: AgentId) -> bool {
        let load = self.load(agent);
        load.slots + load.asked < TEN
    }

    /// What stands against an agent, the first that applies, in the order of the contract.
    pub(crate) fn verdict(
        &self,
        agent: AgentId,
        load: Load,
        workstream: WorkstreamId,
        excluded: &BTreeSet<AgentId>,
    ) -> Verdict {
        self.verdict_under(agent, load, workstream, excluded, self.agents[usize::from(agent.0)].over)
    }

    pub(crate) fn verdict_under(
        &self,
        agent: AgentId,
        load: Load,
        workstream: WorkstreamId,
        excluded: &BTreeSet<AgentId>,
        over: Over,
    ) -> Verdict {
        let presence = self.presence_under(agent, over, load.used);
        let units = load.used + load.offered + self.workstream(workstream).units;
        if !self.is_there(agent, presence) {
            Verdict::Offline
        } else if !self.is_allowed(presence, workstream) {
            Verdict::Presence
        } else if load.slots + load.asked >= TEN {
            Verdict::Sessions
        } else if units > self.desk.agents[usize::from(agent.0)].capacity {
            Verdict::Capacity
        } else if excluded.contains(&agent) {
            Verdict::Excluded
        } else {
            Verdict::Ranked
        }
    }

    /// Who could take one more of what, by agent and workstream.
    pub(crate) fn able(&self) -> Vec<Vec<bool>> {
        let nobody = BTreeSet::new();
        let able = |(agent, load): (AgentId, Load)| {
            let takes = |at| self.verdict(agent, load, WorkstreamId(at), &nobody) == Verdict::Ranked;
            (0..self.desk.workstreams.len() as u16).map(takes).collect()
        };
        self.agent_ids().zip(self.loads()).map(able).collect()
    }

    pub(crate) fn could_take(&self, agent: AgentId, workstream: WorkstreamId) -> bool {
        let nobody = BTreeSet::new();
        self.is_employed(agent)
            && self.verdict(agent, self.load(agent), workstream, &nobody) == Verdict::Ranked
    }

    /// Could a returned conversation be put to its agent now (D-3)?
    pub(crate) fn could_return(&self, agent: AgentId, workstream: WorkstreamId) -> bool {
        let presence = self.presence(agent);
        self.is_there(agent, presence)
            && self.is_allowed(presence, workstream)
            && self.has_slot(agent)
            && self.may_offer_now(workstream)
    }

    pub(crate) fn may_offer_now(&self, workstream: WorkstreamId) -> bool {
        let settings = self.workstream(workstream);
        settings.open || settings.offer_out_of_hours
    }

    /// Her place by the queue's distribution (D-13); smaller is better.
    pub(crate) fn rank(&self, agent: AgentId, load: Load, queue: QueueId) -> u64 {
        let row = &self.desk.queues[usize::from(queue.0)];
        match row.distribution {
            Distribution::MostIdle | Distribution::Pick => self.agents[usize::from(agent.0)].idle,
            Distribution::HighestCapacity => {
                let capacity = self.desk.agents[usize::from(agent.0)].capacity;
                u64::MAX - u64::from(capacity.saturating_sub(load.used + load.offered))
            }
            Distribution::RoundRobin => {
                let last = self.turn_of[usize::from(queue.0)];
                let behind: Vec<AgentId> = row
                    .members
                    .iter()
                    .copied()
                    .filter(|&member| last.is_some_and(|last| member > last))
                    .collect();
                let order = behind.iter().chain(row.members.iter().filter(|member| !behind.contains(member)));
                order.into_iter().position(|&member| member == agent).unwrap_or(0) as u64
            }
        }
    }

    /// Somebody waits in the queue and no member could take any of it (B-12).
    pub(crate) fn is_deserted(&self, queue: QueueId, able: &[Vec<bool>]) -> bool {
        // Who waits for opening time was told so: that is no deserted queue.
        let rings = |talk: &&Talk| {
            let settings = &self.desk.workstreams[usize::from(talk.workstream.0)];
            settings.open || settings.offer_out_of_hours
        };
        let mut waits = self.waiting(queue).filter(rings).peekable();
        let members = &self.desk.queues[usize::from(queue.0)].members;
        let open = self.has_queue(queue);
        let takes = |agent: &AgentId, talk: &Talk| able[usize::from(agent.0)][usize::from(talk.workstream.0)];
        waits.peek().is_some() && !waits.any(|talk| open && members.iter().any(|agent| takes(agent, talk)))
    }

    pub(crate) fn waiting(&self, queue: QueueId) -> impl Iterator<Item = &Talk> {
        self.talks.values().filter(move |talk| talk.place == Place::Line && talk.queue == queue)
    }

    /// An accept or a close: a manual Available or Busy has had its time (D-5).
    pub(crate) fn work_changed(&mut self, agent: AgentId) {
        let over = self.agents[usize::from(agent.0)].over;
        let light = |status: Status| matches!(status, Status::Available | Status::Busy);
        let lifted = match over {
            Over::Manual(id) => light(self.desk.base(id)),
            Over::Supervisor(status) => light(status),
            _ => false,
        };
        if lifted {
            self.agents[usize::from(agent.0)].over = Over::Load;
        }
    }

    pub(crate) fn touch(&mut self, agent: AgentId) {
        self.agents[usize::from(agent.0)].idle = self.turn;
    }

    pub(crate) fn given_work(&mut self, agent: AgentId) {
        self.touch(agent);
        self.agents[usize::from(agent.0)].assigned = self.turn;
    }
}
