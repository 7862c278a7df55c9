//! Passes: what became free is given to who waits, once at the end of a turn, higher priority queues first,
//! then the oldest (D-13).
//!
//! Everybody in one line asks for the same, so when the head of a line finds nobody the line is done, whatever
//! its length: the cost of a pass does not grow with the number waiting. Only those whose candidates were all
//! asked in this round are stepped over, [`LINE_SCAN_MAX`] of them.

use super::Engine;
use super::change::returned_line;
use super::effect::{Effect, RoutingEvent};
use super::id::{AgentId, QueueId};
use super::line::Key;
use crate::limits::{LINE_SCAN_MAX, WORKSTREAMS_MAX};

/// What passes are due, by queue.
#[derive(Debug)]
pub(super) struct Due {
    queues: u64,
    presence: u64,
    /// Agents who may now be offered what came back to them.
    agents: super::conversation::AgentSet,
    lines: u64,
    /// Who could take something there may have changed, for better or worse.
    watched: u64,
    /// Where a pass stopped when its turn was full. Begun anew each turn, one that steps over more than a
    /// turn holds would never come to its end.
    stopped: Option<(QueueId, Key)>,
    /// Queues where a line was not looked through to its end: whoever leaves it lets another come near enough.
    cut_short: u64,
}

impl Due {
    pub(super) const NOTHING: Due = Due {
        queues: 0,
        presence: 0,
        agents: super::conversation::AgentSet::EMPTY,
        lines: 0,
        watched: 0,
        stopped: None,
        cut_short: 0,
    };

    /// Passes over these queues begin at the head of their lines.
    fn begin(&mut self, queues: u64) {
        self.queues |= queues;
        self.stopped = self.stopped.filter(|(queue, _)| queues & (1 << queue.0) == 0);
    }

    /// Capacity or a slot of an agent came free: for her queues, and for what came back to her.
    pub(super) fn freed(&mut self, agent: AgentId, queues: u64) {
        self.begin(queues);
        self.watched |= queues;
        self.agents.insert(agent);
    }

    /// An agent's presence changed.
    pub(super) fn presence_changed(&mut self, agent: AgentId, queues: u64) {
        self.begin(queues);
        self.presence |= queues;
        self.agents.insert(agent);
    }

    /// Who could take something may have changed, for the worse too.
    pub(super) fn presence_seen(&mut self, queues: u64) {
        self.lines |= queues;
    }

    /// Capacity or a slot was taken in these queues.
    pub(super) fn taken(&mut self, queues: u64) {
        self.watched |= queues;
    }

    pub(super) fn line_changed(&mut self, queue: QueueId) {
        self.lines |= 1 << queue.0;
    }

    /// Somebody left a line, or may be asked about again.
    pub(super) fn come_nearer(&mut self, queue: QueueId) {
        if self.cut_short & (1 << queue.0) != 0 {
            self.cut_short &= !(1 << queue.0);
            self.begin(1 << queue.0);
        }
    }

    pub(super) fn queue(&mut self, queue: QueueId) {
        self.begin(1 << queue.0);
    }

    pub(super) fn is_queue_due(&self, queue: QueueId) -> bool {
        self.queues & (1 << queue.0) != 0
    }

    pub(super) fn every_line(&mut self) {
        self.lines = u64::MAX;
    }

    pub(super) fn everything(&mut self) {
        self.begin(u64::MAX);
        self.lines = u64::MAX;
        self.agents = super::conversation::AgentSet::ALL;
    }

    pub(super) fn is_due(&self) -> bool {
        self.queues != 0 || !self.agents.is_empty()
    }
}

impl Engine {
    pub(super) fn run_passes(&mut self) {
        self.offer_returned_ones();
        // A pass that frees something (a penalty, an automatic accept) makes itself due again; the budget of
        // the turn bounds it, and what is left goes on in the next, which is due at once.
        for at in 0..self.queue_order.len() {
            let queue = self.queue_order[at];
            let bit = 1 << queue.0;
            if self.pass.queues & bit == 0 {
                continue;
            }
            if !self.has_room() {
                return;
            }
            self.pass.queues &= !bit;
            let event = if self.pass.presence & bit == 0 {
                RoutingEvent::CapacityFreed
            } else {
                RoutingEvent::PresenceChanged
            };
            if self.pass_queue(queue, event) {
                self.pass.presence &= !bit;
            } else {
                self.pass.queues |= bit;
                return;
            }
        }
        let known = self.queue_order.iter().fold(0, |set, queue| set | 1 << queue.0);
        self.pass.queues &= known;
    }

    /// Gives out what waits in a queue. False when the turn's budget ran out first.
    fn pass_queue(&mut self, queue: QueueId, event: RoutingEvent) -> bool {
        let mut cursor: [Option<u32>; WORKSTREAMS_MAX] = [None; WORKSTREAMS_MAX];
        let mut scanned = [0_usize; WORKSTREAMS_MAX];
        let mut open = self.waiting[usize::from(queue.0)];
        let stopped = self.pass.stopped.filter(|(at, _)| *at == queue).map(|(_, key)| key);
        for (workstream, place) in cursor.iter_mut().enumerate() {
            if open & (1 << workstream) != 0 {
                let line = usize::from(queue.0) * WORKSTREAMS_MAX + workstream;
                (*place, scanned[workstream]) = self.place_to_go_on(line, stopped);
            }
        }
        if stopped.is_some() {
            self.pass.stopped = None;
        }
        let mut last = None;
        while open != 0 {
            let Some((workstream, slot)) = self.oldest(&cursor, open) else { return true };
            if !self.has_room() {
                self.pass.stopped = last.or(stopped).map(|key| (queue, key));
                return false;
            }
            last = Some(self.lines.key(slot));
            let behind = self.lines.next(slot);
            let conversation = self.conversations.at(slot).expect("a line holds live slots");
            if !self.may_offer_now(conversation) {
                open &= !(1 << workstream);
            } else if self.search(conversation, event) {
                cursor[workstream] = behind;
            } else if !self.row(conversation).excluded.is_empty() && scanned[workstream] < LINE_SCAN_MAX {
                scanned[workstream] += 1;
                cursor[workstream] = behind;
            } else {
                if !self.row(conversation).excluded.is_empty() {
                    self.pass.cut_short |= 1 << queue.0;
                }
                open &= !(1 << workstream);
            }
        }
        true
    }

    /// The first of a line that a pass has not come to yet, and how many it has stepped over. One it came to
    /// that is still there and was not asked about found nobody: the line is done.
    fn place_to_go_on(&self, line: usize, stopped: Option<Key>) -> (Option<u32>, usize) {
        let mut next = self.lines.head(line);
        let mut scanned = 0;
        while let Some(slot) = next.filter(|&slot| Some(self.lines.key(slot)) <= stopped) {
            let conversation = self.conversations.at(slot).expect("a line holds live slots");
            if self.row(conversation).excluded.is_empty() || scanned == LINE_SCAN_MAX {
                return (None, scanned);
            }
            scanned += 1;
            next = self.lines.next(slot);
        }
        (next, scanned)
    }

    fn oldest(&self, cursor: &[Option<u32>; WORKSTREAMS_MAX], open: u64) -> Option<(usize, u32)> {
        (0..WORKSTREAMS_MAX)
            .filter(|workstream| open & (1 << workstream) != 0)
            .filter_map(|workstream| cursor[workstream].map(|slot| (workstream, slot)))
            .min_by_key(|&(_, slot)| self.lines.key(slot))
    }

    /// Agents who can take work again are offered first what came back to them (D-3).
    fn offer_returned_ones(&mut self) {
        if self.pass.agents.is_empty() {
            return;
        }
        let agents = self.pass.agents;
        let count = self.agents.len();
        for agent in agents.iter().take_while(|agent| usize::from(agent.0) < count) {
            let mut next = self.lines.head(returned_line(agent));
            while let Some(slot) = next {
                if !self.has_room() {
                    return;
                }
                next = self.lines.next(slot);
                let conversation = self.conversations.at(slot).expect("a line holds live slots");
                self.offer_returned(conversation, agent);
            }
            self.pass.agents.remove(agent);
        }
        self.pass.agents = super::conversation::AgentSet::EMPTY;
    }

    /// Says which lines changed, and watches over the deserted ones.
    pub(super) fn tell_lines(&mut self) {
        let changed = core::mem::take(&mut self.pass.lines);
        self.catch_up();
        // Only once nothing is left to be done at this instant. In between, somebody may be free who is about to be
        // asked: looked at then, a minute of nobody being there began anew (found by the simulation).
        self.pass.watched |= changed;
        let is_settled = |engine: &Engine| engine.next_deadline().is_none_or(|due| due > engine.now.mono_ms);
        let watched = if self.pass.watched != 0 && is_settled(self) {
            core::mem::take(&mut self.pass.watched)
        } else {
            0
        };
        for at in 0..self.queue_order.len() {
            let queue = self.queue_order[at];
            if self.is_open && watched & (1 << queue.0) != 0 {
                self.watch(queue);
            }
            if changed & (1 << queue.0) != 0 {
                self.emit(Effect::Line { queue });
            }
        }
    }
}
