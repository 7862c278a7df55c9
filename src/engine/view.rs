//! What the shell may look at between inputs.

use super::Engine;
use super::agent::Agent;
use super::change::returned_line;
use super::conversation::{AgentSet, Conversation, SessionState};
use super::id::{AgentId, ConversationId, Handle, QueueId, WorkstreamId};
use super::presence::Reason;
use super::settings::RoutingDesk;
use super::weighed::{Verdict, Weighed};
use crate::limits::{SESSIONS_MAX, WORKSTREAMS_MAX};

impl Engine {
    /// A conversation by its lasting name; not those closed or parked by the last input.
    pub fn conversation(&self, id: ConversationId) -> Option<&Conversation> {
        self.ids.get(id.0).and_then(|handle| self.conversations.get(handle))
    }

    /// A conversation by an effect's handle; those closed or parked by the last input included.
    pub fn view(&self, handle: Handle) -> Option<&Conversation> {
        self.conversations.get(handle)
    }

    /// All conversations in the table, in slot order.
    pub fn conversations(&self) -> impl Iterator<Item = &Conversation> {
        self.conversations.iter().map(|(_, row)| row)
    }

    /// An agent by her row.
    pub fn agent(&self, id: AgentId) -> Option<&Agent> {
        self.agents.get(usize::from(id.0))
    }

    /// Conversations an agent has a notification of: those she is asked about, then toasts of what is hers.
    pub fn notified(&self, agent: AgentId) -> impl Iterator<Item = &Conversation> {
        let row = self.agents.get(usize::from(agent.0));
        let asked = row.into_iter().flat_map(|row| &row.offers).map(|&handle| self.row(handle));
        let held = row.into_iter().flat_map(|row| &row.open).map(|&handle| self.row(handle));
        let told = move |of: &&Conversation| {
            of.phase.offer().is_some_and(|offer| offer.agent == agent && !offer.asks())
        };
        asked.chain(held.filter(told))
    }

    /// Conversations of which an agent has only a wrap-up left that gave its slot back (D-12). They stand in no list of
    /// hers, so the table is asked.
    pub fn wrapped_up_slotless(&self, agent: AgentId) -> impl Iterator<Item = &Conversation> {
        let open = self.agents.get(usize::from(agent.0)).map_or(&[][..], |row| &row.open);
        self.conversations
            .iter()
            .filter(move |(handle, row)| {
                let state = row.session(agent).map(|session| session.state);
                matches!(state, Some(SessionState::WrapUp { .. })) && !open.contains(handle)
            })
            .map(|(_, row)| row)
    }

    /// Conversations whose customer is back and that stand with this agent, offered or not (D-3).
    pub fn returned_to(&self, agent: AgentId) -> impl Iterator<Item = &Conversation> {
        self.walk(returned_line(agent))
    }

    /// Who was weighed in a [`Decision`](super::effect::Effect::Decision), by its number; valid until the
    /// next input.
    pub fn weighed(&self, search: u16) -> Option<&Weighed> {
        self.weighed.get(usize::from(search))
    }

    /// Everybody waiting in a queue, workstream by workstream, each oldest first.
    pub fn line(&self, queue: QueueId) -> impl Iterator<Item = &Conversation> {
        let first = usize::from(queue.0) * WORKSTREAMS_MAX;
        (first..first + WORKSTREAMS_MAX).flat_map(|line| self.walk(line))
    }

    /// How many stand in a queue's line.
    pub fn line_len(&self, queue: QueueId) -> u32 {
        let first = usize::from(queue.0) * WORKSTREAMS_MAX;
        (first..first + WORKSTREAMS_MAX).map(|line| self.lines.len(line)).sum()
    }

    fn walk(&self, line: usize) -> impl Iterator<Item = &Conversation> {
        let mut next = self.lines.head(line);
        core::iter::from_fn(move || {
            let slot = next?;
            next = self.lines.next(slot);
            self.conversations.at(slot).and_then(|handle| self.conversations.get(handle))
        })
    }

    /// How many of a queue's members could take one more of this workstream now.
    pub fn takers(&self, queue: QueueId, workstream: WorkstreamId) -> u32 {
        if !self.has_queue(queue) || self.desk.workstream(workstream).is_none() {
            return 0;
        }
        self.able(queue, workstream).len()
    }

    /// Could this agent take one more of this workstream now (transfer and conference targets)?
    pub fn could_take(&self, agent: AgentId, workstream: WorkstreamId) -> bool {
        let Some(settings) = self.desk.workstream(workstream) else { return false };
        self.is_employed(agent) && self.verdict(agent, settings, &AgentSet::EMPTY) == Verdict::Ranked
    }

    /// How many of this workstream a queue's members could begin at once, and how many those on duty can hold
    /// together. Who is only full for now is on duty.
    pub fn places(&self, queue: QueueId, workstream: WorkstreamId) -> (u32, u32) {
        let queue = self.desk.queue(queue).filter(|queue| queue.present);
        let (Some(queue), Some(settings)) = (queue, self.desk.workstream(workstream)) else { return (0, 0) };
        let units = settings.units.max(1);
        let (mut free, mut all) = (0, 0);
        for &agent in queue.members.iter().filter(|&&agent| self.is_employed(agent)) {
            let row = &self.agents[usize::from(agent.0)];
            let capacity = self.desk.agents[usize::from(agent.0)].capacity;
            let allowed = self.presence_allowed(agent, settings);
            if !row.is_there() || !(allowed || row.shown.reason == Reason::Load) {
                continue;
            }
            all += (capacity / units).min(SESSIONS_MAX as u32);
            if allowed {
                let slots = SESSIONS_MAX.saturating_sub(row.open.len() + row.offers.len()) as u32;
                free += (capacity.saturating_sub(row.used_units + row.offered_units) / units).min(slots);
            }
        }
        (free, all)
    }

    /// May it be given out now: is its workstream open, or given out at any hour?
    pub fn is_given_out(&self, row: &Conversation) -> bool {
        self.desk
            .workstream(row.workstream)
            .is_some_and(|settings| settings.open || settings.offer_out_of_hours)
    }

    /// Does somebody wait where nobody could take anything (B-12)? Not those who wait for opening time: they
    /// were told so.
    pub(super) fn is_deserted(&self, queue: QueueId) -> bool {
        let waiting = self.waiting[usize::from(queue.0)];
        let mut anybody_waits = false;
        for workstream in (0..WORKSTREAMS_MAX as u16).filter(|at| waiting & (1 << at) != 0).map(WorkstreamId)
        {
            let settings = self.workstream(workstream);
            if !settings.open && !settings.offer_out_of_hours {
                continue;
            }
            if self.has_queue(queue) && !self.able(queue, workstream).is_empty() {
                return false;
            }
            anybody_waits = true;
        }
        anybody_waits
    }

    /// The desk it works by.
    pub fn desk(&self) -> &RoutingDesk {
        &self.desk
    }

    /// Conversations in the table, and how many it holds.
    pub fn occupancy(&self) -> (u32, u32) {
        (self.conversations.len(), self.conversations.capacity())
    }
}
