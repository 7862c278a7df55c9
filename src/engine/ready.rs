//! Who could take what, kept as sets of agents beside their rows, so that a search weighs everybody at once:
//! a handful of operations on words finds the verdict of each, and whose turn it is.
//!
//! Weighing member by member was the first design; with 500 agents it cost ten times what it cost with 10.
//! A row that changes is marked ([`Engine::agent_row`]) and its bits are made again before the next search, so
//! no verb can forget them; `check_invariants` holds the sets against the rows.

use super::Engine;
use super::agent::Agent;
use super::agent_set::AgentSet;
use super::columns::Columns;
use super::id::{AgentId, QueueId, WorkstreamId};
use super::presence::Status;
use super::settings::{AgentSettings, RoutingDesk, Workstream};
use super::weighed::{Verdict, Weighed};
use crate::limits::{QUEUES_MAX, SESSIONS_MAX, WORKSTREAMS_MAX};

/// Presences a desk may have: one bit each in a workstream's mask.
const PRESENCES_MAX: usize = 32;

/// See the module.
#[derive(Debug)]
pub(super) struct Ready {
    /// Whose row has changed since her bits were made.
    stale: AgentSet,
    /// By queue.
    members: Box<[AgentSet]>,
    employed: AgentSet,
    there: AgentSet,
    /// By presence: those who show it, or one that rests on it.
    showing: Box<[AgentSet; PRESENCES_MAX]>,
    /// Those with fewer than ten sessions and offers.
    with_slot: AgentSet,
    /// Those with ten sessions.
    with_ten: AgentSet,
    /// What conversations of the desk's workstreams take, ascending, each once.
    levels: heapless::Vec<u32, WORKSTREAMS_MAX>,
    /// By workstream: its place among the levels.
    level_of: [u8; WORKSTREAMS_MAX],
    /// By level: those who have that many units free.
    with_units: Box<[AgentSet; WORKSTREAMS_MAX]>,
    free: Columns,
    pub(super) idle: Columns,
    pub(super) assigned: Columns,
    /// By agent: what her bits were made of.
    seen: Box<[Seen]>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    presences: [u8; 2],
    /// How many levels she has the units for.
    levels: u8,
}

impl Ready {
    pub(super) fn new(agents: usize) -> Ready {
        let offline = Status::Offline as u8;
        let seen = Seen { presences: [offline; 2], levels: 0 };
        Ready {
            stale: AgentSet::EMPTY,
            members: vec![AgentSet::EMPTY; QUEUES_MAX].into(),
            employed: AgentSet::EMPTY,
            there: AgentSet::EMPTY,
            showing: Box::new([AgentSet::EMPTY; PRESENCES_MAX]),
            with_slot: AgentSet::EMPTY,
            with_ten: AgentSet::EMPTY,
            levels: heapless::Vec::new(),
            level_of: [0; WORKSTREAMS_MAX],
            with_units: Box::new([AgentSet::EMPTY; WORKSTREAMS_MAX]),
            free: Columns::new(agents),
            idle: Columns::new(agents),
            assigned: Columns::new(agents),
            seen: vec![seen; agents].into(),
        }
    }

    /// What the sets of so many agents take, beside those that lie in the engine itself.
    pub(super) fn bytes(agents: usize) -> usize {
        let sets = QUEUES_MAX + PRESENCES_MAX + WORKSTREAMS_MAX;
        sets * size_of::<AgentSet>() + 3 * Columns::bytes(agents) + agents * size_of::<Seen>()
    }

    /// Takes in a new desk; everybody's bits are to be made again.
    pub(super) fn index(&mut self, desk: &RoutingDesk) {
        self.members.fill(AgentSet::EMPTY);
        for (members, queue) in self.members.iter_mut().zip(&desk.queues) {
            queue.members.iter().for_each(|&agent| members.insert(agent));
        }
        self.levels.clear();
        for settings in &desk.workstreams {
            if let Err(place) = self.levels.binary_search(&settings.units) {
                self.levels.insert(place, settings.units).expect("a level for each workstream");
            }
        }
        for (level, settings) in self.level_of.iter_mut().zip(&desk.workstreams) {
            let place = self.levels.binary_search(&settings.units).expect("put in above");
            *level = u8::try_from(place).expect("levels are few");
        }
        self.with_units.fill(AgentSet::EMPTY);
        self.seen.iter_mut().for_each(|seen| seen.levels = 0);
        self.employed = AgentSet::EMPTY;
        for (at, settings) in (0_u16..).zip(&desk.agents) {
            self.employed.put(AgentId(at), settings.present);
            self.stale.insert(AgentId(at));
        }
    }

    pub(super) fn mark(&mut self, agent: AgentId) {
        self.stale.insert(agent);
    }

    fn look_again(&mut self, agent: AgentId, row: &Agent, settings: &AgentSettings) {
        self.there.put(agent, row.is_there());
        self.with_slot.put(agent, row.open.len() + row.offers.len() < SESSIONS_MAX);
        self.with_ten.put(agent, row.open.len() >= SESSIONS_MAX);
        let seen = &mut self.seen[usize::from(agent.0)];
        let presences = [row.shown.presence.0, row.shown.status as u8];
        seen.presences.into_iter().for_each(|old| self.showing[usize::from(old)].remove(agent));
        presences.into_iter().for_each(|new| self.showing[usize::from(new)].insert(agent));
        seen.presences = presences;
        let taken = row.used_units + row.offered_units;
        let free = settings.capacity.checked_sub(taken);
        let levels = free.map_or(0, |free| self.levels.partition_point(|&units| units <= free)) as u8;
        let (low, high) = (seen.levels.min(levels), seen.levels.max(levels));
        for level in low..high {
            self.with_units[usize::from(level)].put(agent, level < levels);
        }
        seen.levels = levels;
        self.free.set(agent, free.unwrap_or(0).into());
        self.idle.set(agent, row.idle_since);
        self.assigned.set(agent, row.assigned);
    }

    fn allowed(&self, settings: &Workstream) -> AgentSet {
        let mut allowed = AgentSet::EMPTY;
        let mut left = settings.allowed_presences;
        while left != 0 {
            allowed = allowed.or(&self.showing[left.trailing_zeros() as usize]);
            left &= left - 1;
        }
        // Inactive is never an allowed presence (D-4), whatever the desk says.
        allowed.without(&self.showing[Status::Inactive as usize])
    }

    fn with_units(&self, workstream: WorkstreamId) -> &AgentSet {
        &self.with_units[usize::from(self.level_of[usize::from(workstream.0)])]
    }

    /// Parts a queue's members by what stands against them: the first that applies.
    fn weigh(
        &self,
        queue: QueueId,
        workstream: WorkstreamId,
        settings: &Workstream,
        out: &AgentSet,
    ) -> Weighed {
        let (there, offline) = self.members[usize::from(queue.0)].part(&self.there);
        let (allowed, presence) = there.part(&self.allowed(settings));
        let (with_slot, sessions) = allowed.part(&self.with_slot);
        let (able, capacity) = with_slot.part(self.with_units(workstream));
        let (excluded, ranked) = able.part(out);
        Weighed::parted([offline, presence, sessions, capacity, excluded, ranked])
    }
}

impl Engine {
    /// Makes the bits again of everybody whose row has changed.
    pub(super) fn catch_up(&mut self) {
        let stale = core::mem::replace(&mut self.ready.stale, AgentSet::EMPTY);
        for agent in stale.iter() {
            let at = usize::from(agent.0);
            self.ready.look_again(agent, &self.agents[at], &self.desk.agents[at]);
        }
    }

    /// What stands against each of a queue's members.
    pub(super) fn weigh(&self, queue: QueueId, workstream: WorkstreamId, excluded: &AgentSet) -> Weighed {
        debug_assert!(self.ready.stale.is_empty(), "the sets are behind the rows");
        self.ready.weigh(queue, workstream, self.workstream(workstream), excluded)
    }

    /// Those weighed who only lack a place among ten sessions they have open (D-6).
    pub(super) fn capped(
        &self,
        weighed: &Weighed,
        workstream: WorkstreamId,
        excluded: &AgentSet,
    ) -> AgentSet {
        let full = weighed.with(Verdict::Sessions).and(&self.ready.with_ten);
        full.and(self.ready.with_units(workstream)).without(excluded)
    }

    /// Those of a set with the most units free.
    pub(super) fn with_most_free(&self, among: &AgentSet) -> AgentSet {
        self.ready.free.most(among)
    }

    /// A queue's members who could take one more of a workstream now.
    pub(super) fn able(&self, queue: QueueId, workstream: WorkstreamId) -> AgentSet {
        self.weigh(queue, workstream, &AgentSet::EMPTY).with(Verdict::Ranked).and(&self.ready.employed)
    }

    /// The sets say what the rows say.
    pub(super) fn check_ready(&self, agent: AgentId, row: &Agent) {
        let at = usize::from(agent.0);
        let ready = &self.ready;
        assert!(!ready.stale.contains(agent), "{agent}: bits behind her row");
        assert_eq!(ready.there.contains(agent), row.is_there(), "{agent}: there");
        assert_eq!(ready.employed.contains(agent), self.desk.agents[at].present, "{agent}: employed");
        if !row.is_there() {
            return;
        }
        assert_eq!(ready.with_ten.contains(agent), row.open.len() >= SESSIONS_MAX, "{agent}: ten");
        assert_eq!((ready.idle.get(agent), ready.assigned.get(agent)), (row.idle_since, row.assigned));
        let taken = row.used_units + row.offered_units;
        assert_eq!(ready.free.get(agent), u64::from(self.desk.agents[at].capacity.saturating_sub(taken)));
        for (queue, settings) in (0_u16..).map(QueueId).zip(&self.desk.queues) {
            assert_eq!(
                ready.members[usize::from(queue.0)].contains(agent),
                settings.members.contains(&agent)
            );
        }
        for (workstream, settings) in (0_u16..).map(WorkstreamId).zip(&self.desk.workstreams) {
            let plain = self.verdict(agent, settings, &AgentSet::EMPTY);
            let level = ready.with_units(workstream).contains(agent);
            assert_eq!(level, self.has_units(agent, settings.units), "{agent}: units for {workstream}");
            let allowed = ready.allowed(settings).contains(agent);
            assert_eq!(allowed, plain != Verdict::Presence, "{agent}: presence for {workstream}");
            let slot = ready.with_slot.contains(agent);
            assert_eq!(
                allowed && slot && level,
                plain == Verdict::Ranked,
                "{agent}: {plain:?} for {workstream}"
            );
        }
    }
}
