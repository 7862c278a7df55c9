//! What changes often and is told seldom: places in line, the supervisor's view, the directory; and the
//! other chores that no deadline of the engine's stands for.

use std::collections::HashMap;

use super::Shell;
use super::reads;
use super::waits::{Outlook, Waits};
use super::words::{self, Extra};
use crate::desk::{Desk, TextKey};
use crate::engine::conversation::{Conversation, Phase};
use crate::engine::effect::SessionReason;
use crate::engine::id::{AgentId, QueueId, WorkstreamId};
use crate::engine::input::RevivalCause;
use crate::engine::settings::Mode;
use crate::limits::QUEUES_MAX;
use crate::store::{Direction, Table};
use crate::widget::project as page;

/// Parked conversations looked at by one piece of a sweep: bounded, so that a thousand due at once do not stop
/// the desk.
const SWEEP_MAX: usize = 64;

/// A sweep begins this long after the last began, in product time.
const SWEEP_EVERY_MS: i64 = 60_000;

/// What has changed since it was last told.
#[derive(Debug)]
pub(super) struct Lines {
    queues: u64,
    /// Who could take work, or what supervisors see.
    pub(super) staff_changed: bool,
    /// What only supervisors see.
    pub(super) view_changed: bool,
    unwatched: [u64; QUEUES_MAX],
    /// How often an agent's list of parked conversations changed.
    pub(super) parked: HashMap<AgentId, u64>,
    pub(super) waits: Waits,
    swept_ms: i64,
    /// Where a sweep that is not through goes on.
    swept_to: Option<Vec<u8>>,
    sweeping: bool,
    /// Parked conversations that the desk no longer has a place for.
    pub(super) orphans: super::orphans::Search,
}

impl Default for Lines {
    fn default() -> Lines {
        Lines {
            queues: 0,
            staff_changed: false,
            view_changed: false,
            unwatched: [0; QUEUES_MAX],
            parked: HashMap::new(),
            waits: Waits::default(),
            swept_ms: 0,
            swept_to: None,
            sweeping: false,
            orphans: super::orphans::Search::default(),
        }
    }
}

impl Lines {
    pub(super) fn changed(&mut self, queue: QueueId) {
        self.queues |= 1 << queue.0;
    }

    /// How often somebody had waited a minute in a queue that nobody could take from (B-12).
    pub(super) fn unwatched(&self, queue: QueueId) -> u64 {
        self.unwatched.get(usize::from(queue.0)).copied().unwrap_or(0)
    }
}

impl Shell {
    /// Tells the customers of every line that changed where they stand, at most once a second.
    pub(super) fn tell_lines(&mut self) {
        let changed = std::mem::take(&mut self.lines.queues);
        for queue in (0..QUEUES_MAX as u16).filter(|queue| changed & (1 << queue) != 0).map(QueueId) {
            // The queue's lines are one to those who stand in them; who is not given out now is not before them.
            let mut waiting: Vec<_> = self
                .engine
                .line(queue)
                .filter(|row| self.engine.is_given_out(row))
                .map(|row| (row.arrived_wall_ms, row.id.0, row.workstream, row.mode, row.left))
                .collect();
            waiting.sort_unstable_by_key(|(arrived_ms, id, ..)| (*arrived_ms, *id));
            let mut outlooks: HashMap<WorkstreamId, Outlook> = HashMap::new();
            for (position, (_, id, workstream, mode, left)) in (1..).zip(waiting) {
                if mode == Mode::Live && !left {
                    let outlook =
                        *outlooks.entry(workstream).or_insert_with(|| self.outlook(queue, workstream));
                    self.tell_place(id, position, outlook);
                }
            }
            self.tell_called(queue);
        }
    }

    /// Whose chat is being put to an agent stands in no line any more: nobody is before her, and an alert runs (S0-9).
    fn tell_called(&mut self, queue: QueueId) {
        let is_called = |row: &&Conversation| {
            row.queue == queue
                && row.mode == Mode::Live
                && !row.left
                && matches!(row.phase, Phase::Offered(_))
        };
        let called: Vec<u64> = self.engine.conversations().filter(is_called).map(|row| row.id.0).collect();
        for id in called {
            self.tell_place(id, 1, Outlook::CALLED);
        }
    }

    /// A customer who has just connected is told her place at once.
    pub(super) fn tell_line_of(&mut self, queue: QueueId) {
        self.lines.changed(queue);
    }

    fn tell_place(&mut self, id: u64, position: u32, outlook: Outlook) {
        let Some(card) = self.cards.get(&id) else { return };
        if self.visitors.get(card.visitor).is_none_or(|visitor| visitor.conns.is_empty()) {
            return;
        }
        let Some(workstream) = self.desk.workstream(&card.workstream) else { return };
        let wait_s = outlook.wait_s(position);
        let minutes = wait_s.map(|wait| wait.div_ceil(60).max(1));
        let extra = Extra { position: Some(position), minutes, ..Extra::default() };
        let now_ms = self.now.wall_ms;
        let say = |key| words::text(&self.desk, workstream, card, key, &extra, now_ms);
        let mut text = say(TextKey::QueuePosition);
        if !outlook.is_staffed() {
            text = format!("{text} {}", say(TextKey::NobodyAvailable));
        } else if minutes.is_some() {
            text = format!("{text} {}", say(TextKey::AverageWait));
        }
        let frame = page::queue(id, position, wait_s, &text);
        self.send_customer(id, frame);
    }

    /// B-12: somebody has waited for a minute and nobody could take it.
    pub(super) fn tell_unwatched(&mut self, queue: QueueId) {
        self.lines.changed(queue);
        if let Some(count) = self.lines.unwatched.get_mut(usize::from(queue.0)) {
            *count += 1;
        }
        let Some(name) = self.names.queues.name(queue.0).cloned() else { return };
        let label = self.desk.queue(&name).map_or_else(|| name.to_string(), |queue| queue.name.clone());
        let text = format!("Somebody waits in {label} and nobody can take it.");
        let frame = serde_json::json!({
            "t": "unwatched", "queue": { "id": &*name, "name": label }, "text": text,
        })
        .to_string();
        let members = self.engine.desk().queue(queue).map_or(&[][..], |queue| &queue.members);
        let mut told: Vec<AgentId> = self
            .connections
            .all_staff()
            .filter(|(_, _, staff)| {
                members.contains(&staff.agent) || staff.roles.has(crate::gateway::Role::Supervisor)
            })
            .map(|(_, _, staff)| staff.agent)
            .collect();
        told.sort_unstable();
        told.dedup();
        for agent in told {
            self.send_agent(agent, frame.clone());
        }
    }

    /// Tells staff what changed of each other, and supervisors of everything, at most once a second.
    pub(super) fn tell_staff(&mut self) {
        let view_changed = std::mem::take(&mut self.lines.view_changed);
        if !std::mem::take(&mut self.lines.staff_changed) {
            if view_changed {
                self.tell_desk_views();
            }
            return;
        }
        let frame = self.view().directory_changed();
        self.tell_all_staff(frame);
        self.tell_desk_views();
    }

    /// One frame to every member of staff.
    pub(super) fn tell_all_staff(&mut self, frame: String) {
        let frame = crate::gateway::Frame::from(frame);
        let outs: Vec<super::out::Out> = self
            .connections
            .all_staff()
            .filter(|(_, _, staff)| staff.welcomed)
            .map(|(_, connection, _)| super::out::Out::Frame(connection.outbox.clone(), frame.clone()))
            .collect();
        for out in outs {
            self.release(out);
        }
    }

    /// Forgets tokens whose time is over, and ends their sockets.
    pub(super) fn forget_tokens(&mut self) {
        for hash in self.tokens.take_expired() {
            self.delete(Table::Tokens, hash.as_bytes());
            self.end_token(&hash);
        }
    }

    /// Closes what has waited longer than its workstream allows; a bounded piece at a time, oldest first, from
    /// where the last piece ended: what may wait for ever must not stand before what may not.
    pub(super) fn sweep_waiting(&mut self) {
        let now_ms = self.now.wall_ms;
        let Some(shortest) = shortest_wait_ms(&self.desk) else { return };
        let goes_on = self.lines.swept_to.is_some();
        // Product time: a demo's clock may pass hours in a second.
        if self.lines.sweeping || (!goes_on && now_ms - self.lines.swept_ms < SWEEP_EVERY_MS) {
            return;
        }
        if !goes_on {
            self.lines.swept_ms = now_ms;
        }
        self.lines.sweeping = true;
        let from = self.lines.swept_to.take().unwrap_or_else(|| b"t".to_vec());
        let until = reads::waiting_time_key(now_ms.saturating_sub(shortest), u64::MAX);
        let sequence = self.watermark();
        let job = move |snapshot: &crate::store::Snapshot| {
            use std::ops::Bound;
            if from >= until {
                return Ok((Vec::new(), None));
            }
            let range = (Bound::Excluded(&from[..]), Bound::Excluded(&until[..]));
            let page = snapshot.range(Table::Waiting, range, SWEEP_MAX, Direction::Forward)?;
            let mut due = Vec::new();
            for (key, _) in &page.rows {
                let Some(id) = reads::conversation_of(key) else { continue };
                if let Some(waiting) = reads::waiting(snapshot, id)? {
                    due.push((id, waiting.live.workstream, waiting.parked_ms));
                }
            }
            let last = page.rows.into_iter().last().map(|(key, _)| key);
            Ok((due, last.filter(|_| page.more)))
        };
        self.readers.clone().spawn(&self.door.clone(), sequence, job, |shell, swept| {
            shell.lines.sweeping = false;
            let Ok((due, swept_to)) = swept else { return };
            shell.lines.swept_to = swept_to;
            for (id, workstream, parked_ms) in due {
                let hours = shell.desk.workstream(&workstream).map(|found| found.auto_close_waiting_h);
                let limit_ms = hours.filter(|hours| *hours > 0).map(|hours| i64::from(hours) * 3_600_000);
                if limit_ms.is_some_and(|limit| shell.now.wall_ms - parked_ms >= limit) {
                    shell.bring_back(id, RevivalCause::Closed(SessionReason::AutoClosed));
                }
            }
        });
    }
}

/// The shortest time after which anything parked is closed.
fn shortest_wait_ms(desk: &Desk) -> Option<i64> {
    desk.workstreams
        .iter()
        .map(|workstream| i64::from(workstream.auto_close_waiting_h) * 3_600_000)
        .filter(|wait| *wait > 0)
        .min()
}
