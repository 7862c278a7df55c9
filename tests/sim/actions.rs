//! What may happen next: random, weighted by what the seed has switched on, now and then a lie.

use deskbell::engine::effect::{BannerKind, SessionReason};
use deskbell::engine::id::{AgentId, ConversationId, OfferId, PresenceId, QueueId, ReasonId, WorkstreamId};
use deskbell::engine::input::{
    AgentVerb, Arrival, CustomerVerb, RevivalCause, SupervisorVerb, Target, WrapUp,
};
use deskbell::engine::presence::Status;
use deskbell::engine::settings::Mode;

use crate::act::Act;
use crate::desk;
use crate::shadow::{Link, Part, Place, Speaker};
use crate::step::Step;
use crate::world::World;

/// Everything the simulation can do, with its ordinary weight.
const KINDS: &[(Kind, u64)] = &[
    (Kind::Online, 40),
    (Kind::Lost, 6),
    (Kind::SignOut, 4),
    (Kind::Arrive, 60),
    (Kind::CustomerSays, 30),
    (Kind::CustomerEnds, 10),
    (Kind::CustomerLost, 8),
    (Kind::CustomerBack, 8),
    (Kind::Shown, 50),
    (Kind::Accept, 60),
    (Kind::Reject, 20),
    (Kind::Pickup, 20),
    (Kind::AgentSays, 30),
    (Kind::Park, 20),
    (Kind::Unpark, 25),
    (Kind::Release, 8),
    (Kind::Transfer, 20),
    (Kind::Escalate, 8),
    (Kind::Conference, 15),
    (Kind::Leave, 6),
    (Kind::EndConference, 4),
    (Kind::End, 30),
    (Kind::WrapUp, 40),
    (Kind::Presence, 20),
    (Kind::BannerReset, 25),
    (Kind::Reset, 6),
    (Kind::Assign, 15),
    (Kind::ForceEnd, 6),
    (Kind::Hours, 5),
    (Kind::Desk, 4),
    (Kind::AssetRemoved, 4),
    (Kind::WaitShort, 60),
    (Kind::WaitLong, 20),
    (Kind::WaitHours, 1),
    (Kind::WallJump, 1),
    (Kind::ClockSet, 2),
    (Kind::Trust, 4),
    (Kind::Restart, 2),
    (Kind::Morning, 3),
    (Kind::BotOnline, 12),
    (Kind::BotLost, 3),
    (Kind::BotSays, 40),
    (Kind::BotLoops, 2),
    (Kind::BotHandsOver, 12),
    (Kind::BotEnds, 4),
    (Kind::AskPerson, 5),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Online,
    Lost,
    SignOut,
    Arrive,
    CustomerSays,
    CustomerEnds,
    CustomerLost,
    CustomerBack,
    Shown,
    Accept,
    Reject,
    Pickup,
    AgentSays,
    Park,
    Unpark,
    Release,
    Transfer,
    Escalate,
    Conference,
    Leave,
    EndConference,
    End,
    WrapUp,
    Presence,
    BannerReset,
    Reset,
    Assign,
    ForceEnd,
    Hours,
    Desk,
    AssetRemoved,
    WaitShort,
    WaitLong,
    WaitHours,
    WallJump,
    ClockSet,
    Trust,
    Restart,
    Morning,
    BotOnline,
    BotLost,
    BotSays,
    BotLoops,
    BotHandsOver,
    BotEnds,
    AskPerson,
}

/// Which kinds a seed has switched on, and how often they come.
pub(crate) struct Swarm(Vec<(Kind, u64)>);

impl Swarm {
    pub(crate) fn draw(world: &mut World) -> Swarm {
        let always = [Kind::Online, Kind::Arrive, Kind::WaitShort, Kind::Morning];
        let mut drawn = Vec::new();
        for &(kind, weight) in KINDS {
            let factor = world.rng.pick(&[0, 1, 2, 4, 4, 4, 12]).unwrap_or(4);
            let factor = if always.contains(&kind) { factor.max(2) } else { factor };
            drawn.push((kind, weight * factor));
        }
        Swarm(drawn)
    }

    fn pick(&self, world: &mut World) -> Kind {
        let sum: u64 = self.0.iter().map(|&(_, weight)| weight).sum();
        let mut at = world.rng.below(sum);
        for &(kind, weight) in &self.0 {
            if at < weight {
                return kind;
            }
            at -= weight;
        }
        Kind::WaitShort
    }
}

impl World {
    pub(crate) fn random_step(&mut self, swarm: &Swarm) {
        let kind = swarm.pick(self);
        let step = match kind {
            Kind::WaitShort => Step::Wait(self.rng.below(8_000)),
            Kind::WaitLong => Step::Wait(self.rng.below(200_000)),
            Kind::WaitHours => Step::Wait(4 * 3_600_000),
            Kind::WallJump => Step::WallJump(self.rng.below(100_000_000) as i64),
            Kind::ClockSet => Step::ClockSet(self.rng.below(100_000_000) as i64),
            Kind::Restart => {
                let away_ms = [0, 3_000, 60_000, 200_000, 3_600_000][self.rng.below(5) as usize];
                let mono_ms = (1 << 30) + self.rng.below(1 << 30);
                Step::Restart { away_ms, mono_ms, trusted: !self.rng.one_in(3) }
            }
            Kind::Trust => Step::Trust,
            // Else many a seed ends with nobody there to take anything.
            Kind::BotLoops => return self.bot_loops(),
            Kind::Morning => Step::Morning,
            kind => Step::Act(self.draw(kind).unwrap_or_else(|| self.arrival())),
        };
        self.take(step);
        if !self.rng.one_in(8) {
            self.take(Step::Settle);
        }
    }

    fn draw(&mut self, kind: Kind) -> Option<Act> {
        Some(match kind {
            Kind::Online => Act::Online(self.employee()?),
            Kind::Lost => Act::Lost(self.worker()?),
            Kind::SignOut => Act::SignOut(self.worker()?),
            Kind::Arrive => self.arrival(),
            Kind::CustomerSays => {
                let id = self.any_talk(|_| true);
                let client = self.client(id, Speaker::Customer);
                Act::Customer(id, CustomerVerb::Message { client, text: self.text() })
            }
            Kind::CustomerEnds => Act::Customer(self.any_talk(|_| true), CustomerVerb::End),
            Kind::CustomerLost => Act::Customer(self.any_talk(|_| true), CustomerVerb::Lost),
            Kind::CustomerBack => {
                Act::Customer(self.any_talk(|talk| talk.customer_due.is_some()), CustomerVerb::Back)
            }
            Kind::Unpark => return self.unpark(),
            Kind::Reset => {
                let status = Status::ALL[self.rng.below(6) as usize];
                let agent = self.employee().unwrap_or(AgentId(self.rng.below(12) as u16));
                Act::Supervisor(AgentId(0), SupervisorVerb::ResetPresence { agent, status })
            }
            Kind::Assign => {
                let conversation = self.any_talk(|_| true);
                let to = self.target();
                Act::Supervisor(AgentId(0), SupervisorVerb::Assign { conversation, to })
            }
            Kind::ForceEnd => Act::Supervisor(AgentId(0), SupervisorVerb::ForceEnd(self.any_talk(|_| true))),
            Kind::Hours => {
                let count = self.shadow.desk.workstreams.len() as u64;
                Act::Hours(WorkstreamId(self.rng.below(count) as u16), !self.rng.one_in(3))
            }
            Kind::Desk => Act::Desk(desk::changed(&mut self.rng, &self.shadow.desk)),
            Kind::AssetRemoved => Act::AssetRemoved(self.any_talk(|_| true)),
            Kind::AskPerson => {
                let with_bot = |talk: &crate::shadow::Talk| matches!(talk.place, Place::Bot(_));
                Act::Customer(self.any_talk(with_bot), CustomerVerb::AskPerson)
            }
            Kind::BotOnline | Kind::BotLost | Kind::BotSays | Kind::BotHandsOver | Kind::BotEnds => {
                self.bot_act(kind)
            }
            kind => return self.agent_act(kind),
        })
    }

    fn agent_act(&mut self, kind: Kind) -> Option<Act> {
        if let Kind::Shown | Kind::Accept | Kind::Reject = kind {
            let (agent, offer) = self.any_offer()?;
            let verb = match kind {
                Kind::Shown => AgentVerb::Shown(offer),
                Kind::Accept => AgentVerb::Accept(offer),
                _ => AgentVerb::Reject(offer),
            };
            return Some(Act::Agent(agent, verb));
        }
        if self.rng.one_in(200) {
            return Some(Act::Agent(AgentId(60_000), AgentVerb::Presence(PresenceId(0))));
        }
        if let Kind::Presence | Kind::BannerReset = kind {
            let verb = match kind {
                Kind::Presence if self.rng.one_in(2) => AgentVerb::Presence(PresenceId(0)),
                Kind::Presence => AgentVerb::Presence(PresenceId(self.rng.below(9) as u8)),
                _ => return self.banner_reset(),
            };
            return Some(Act::Agent(self.worker()?, verb));
        }
        let (agent, conversation) = self.hers(kind)?;
        let verb = match kind {
            Kind::Pickup => AgentVerb::Pickup(conversation),
            Kind::AgentSays => {
                let client = self.client(conversation, Speaker::Agent(agent));
                AgentVerb::Message { conversation, client, text: self.text() }
            }
            Kind::Park => AgentVerb::Park(conversation),
            Kind::Release => AgentVerb::Release(conversation),
            Kind::Transfer => AgentVerb::Transfer { conversation, to: self.target() },
            Kind::Escalate => AgentVerb::Escalate { conversation, queue: self.queue() },
            Kind::Conference => {
                let count = self.shadow.agents.len() as u64 + 1;
                AgentVerb::Conference { conversation, agent: AgentId(self.rng.below(count) as u16) }
            }
            Kind::Leave => AgentVerb::Leave(conversation),
            Kind::EndConference => AgentVerb::EndConference(conversation),
            Kind::End => AgentVerb::End(conversation),
            _ => {
                let reason = (!self.rng.one_in(4)).then_some(ReasonId(1));
                AgentVerb::WrapUp { conversation, wrapup: WrapUp { reason, comment: None } }
            }
        };
        Some(Act::Agent(agent, verb))
    }

    /// A banner that stands, mostly.
    fn banner_reset(&mut self) -> Option<Act> {
        let agent = self.worker()?;
        let row = &self.shadow.agents[usize::from(agent.0)];
        let standing: Vec<BannerKind> =
            BannerKind::ALL.into_iter().filter(|kind| row.banners.contains(&kind.bit())).collect();
        let any = self.rng.one_in(12) || standing.is_empty();
        let kind = self.rng.pick(if any { &BannerKind::ALL } else { &standing })?;
        Some(Act::Agent(agent, AgentVerb::BannerReset(kind)))
    }

    /// Somebody of the desk.
    fn employee(&mut self) -> Option<AgentId> {
        let all: Vec<AgentId> =
            self.shadow.agent_ids().filter(|&agent| self.shadow.is_employed(agent)).collect();
        self.rng.pick(&all)
    }

    /// Somebody signed in and connected.
    fn worker(&mut self) -> Option<AgentId> {
        let shadow = &self.shadow;
        let there = |agent: &AgentId| shadow.agents[usize::from(agent.0)].link == Link::Online;
        let all: Vec<AgentId> = shadow.agent_ids().filter(there).collect();
        self.rng.pick(&all)
    }

    pub(crate) fn queue(&mut self) -> QueueId {
        QueueId(self.rng.below(self.shadow.desk.queues.len() as u64 + 1) as u16)
    }

    fn target(&mut self) -> Target {
        if self.rng.one_in(2) {
            return Target::Queue(self.queue());
        }
        Target::Agent(AgentId(self.rng.below(self.shadow.agents.len() as u64 + 1) as u16))
    }

    /// A conversation of this sort, mostly; else any, closed ones and such that never were included.
    pub(crate) fn any_talk(&mut self, sort: impl Fn(&crate::shadow::Talk) -> bool) -> ConversationId {
        let fitting: Vec<_> =
            self.shadow.talks.values().filter(|talk| sort(talk)).map(|talk| talk.id).collect();
        if self.rng.one_in(12) || fitting.is_empty() {
            return ConversationId(self.rng.below(self.next_id + 3));
        }
        self.rng.pick(&fitting).unwrap_or(ConversationId(0))
    }

    /// An agent and an offer: hers mostly, somebody else's or one long over now and then.
    fn any_offer(&mut self) -> Option<(AgentId, OfferId)> {
        let there = |agent: AgentId| self.shadow.agents[usize::from(agent.0)].link == Link::Online;
        let running: Vec<_> = self
            .shadow
            .offers
            .iter()
            .filter(|(_, running)| there(running.agent))
            .map(|(&offer, running)| (running.agent, offer))
            .collect();
        if self.rng.one_in(16) {
            let offer = OfferId(self.rng.below(self.shadow.last_offer + 2));
            return Some((self.worker()?, offer));
        }
        self.rng.pick(&running)
    }

    /// An agent and a conversation that fits what she is about to do, mostly.
    fn hers(&mut self, kind: Kind) -> Option<(AgentId, ConversationId)> {
        let agent = self.worker()?;
        if self.rng.one_in(if kind == Kind::WrapUp { 4 } else { 12 }) {
            return Some((agent, self.any_talk(|_| true)));
        }
        let fits = |talk: &crate::shadow::Talk, agent: AgentId| {
            let part = talk.of(agent).map(|held| held.part);
            match kind {
                Kind::WrapUp => matches!(part, Some(Part::WrapUp(_))),
                Kind::Leave => part == Some(Part::Guest),
                Kind::AgentSays => matches!(part, Some(Part::Owner | Part::Guest)),
                Kind::Park => part == Some(Part::Owner) && talk.mode == Mode::Persistent,
                Kind::Pickup => match talk.place {
                    Place::Line => true,
                    Place::Put(holder) => holder == agent,
                    Place::With { agent: holder, .. } => holder == agent,
                    _ => false,
                },
                _ => part == Some(Part::Owner),
            }
        };
        let mut fitting = Vec::new();
        for talk in self.shadow.talks.values() {
            for agent in self.shadow.agent_ids() {
                let there = self.shadow.agents[usize::from(agent.0)].link == Link::Online;
                if there && fits(talk, agent) {
                    fitting.push((agent, talk.id));
                }
            }
        }
        self.rng.pick(&fitting)
    }

    /// A new name, or now and then one of the speaker's last forty again (D-17).
    pub(crate) fn client(&mut self, id: ConversationId, speaker: Speaker) -> u64 {
        if self.rng.one_in(3)
            && let Some(talk) = self.shadow.talks.get(&id)
        {
            let names: Vec<u64> =
                talk.sent.iter().rev().filter(|sent| sent.0 == speaker).take(40).map(|sent| sent.1).collect();
            if let Some(name) = self.rng.pick(&names) {
                return name;
            }
        }
        self.next_client += 1;
        self.next_client
    }

    fn arrival(&mut self) -> Act {
        let count = self.shadow.desk.workstreams.len() as u64;
        let at = if self.rng.one_in(40) { count } else { self.rng.below(count) };
        let workstream = WorkstreamId(at as u16);
        let settings = self.shadow.desk.workstreams.get(at as usize);
        let kind = settings.map_or(deskbell::engine::settings::WorkItemKind::Chat, |row| row.kind);
        let left = settings.is_some_and(|row| row.mode == Mode::Live && !row.open) && self.rng.one_in(2);
        let conversation = ConversationId(self.next_id);
        self.next_id += 1;
        Act::Arrival(Arrival {
            conversation,
            workstream,
            queue: self.rng.one_in(6).then(|| self.queue()),
            kind,
            comment: self.rng.one_in(2).then(|| self.text()),
            preferred: self.rng.one_in(8).then(|| AgentId(self.rng.below(4) as u16)),
            left,
        })
    }

    /// A parked conversation comes back, by whichever way.
    fn unpark(&mut self) -> Option<Act> {
        let ids: Vec<ConversationId> = self.shadow.parked.keys().copied().collect();
        let id = self.rng.pick(&ids)?;
        let agent = self.shadow.parked[&id].agent;
        let there = self.shadow.agents[usize::from(agent.0)].link == Link::Online;
        let cause = match self.rng.below(8) {
            0 if there => RevivalCause::PickedUp(agent),
            1 => RevivalCause::Assigned { by: AgentId(0), to: self.target() },
            2 => RevivalCause::Closed(self.rng.pick(&[
                SessionReason::AutoClosed,
                SessionReason::AssetRemoved,
                SessionReason::EndedBySupervisor,
            ])?),
            _ => {
                self.next_client += 1;
                RevivalCause::Returned { client: self.next_client, text: self.text() }
            }
        };
        Some(Act::Revive { id, cause })
    }
}
