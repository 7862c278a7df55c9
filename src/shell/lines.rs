//! What changes often and is told seldom: places in line, the supervisor's view, the directory; and the
//! other chores that no deadline of the engine's stands for.

use std::collections::HashMap;
use std::sync::Arc;

use super::Shell;
use super::reads;
use super::rows;
use super::words::{self, Extra};
use crate::desk::{Desk, TextKey};
use crate::engine::effect::SessionReason;
use crate::engine::id::{AgentId, QueueId, WorkstreamId};
use crate::engine::input::{Input, RevivalCause};
use crate::engine::settings::Mode;
use crate::limits::QUEUES_MAX;
use crate::store::{Direction, Table};
use crate::widget::project as page;

/// Parked conversations closed by one sweep: bounded, so that a thousand due at once do not stop the desk.
const SWEEP_MAX: usize = 32;

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
    handling: [Handling; QUEUES_MAX],
    swept_ms: i64,
    sweeping: bool,
    /// Parked conversations that the desk no longer has a place for.
    pub(super) orphans: super::orphans::Search,
}

/// Recent handling times of a queue, newest weighing most.
#[derive(Clone, Copy, Debug, Default)]
struct Handling {
    average_ms: f64,
    count: u32,
}

impl Default for Lines {
    fn default() -> Lines {
        Lines {
            queues: 0,
            staff_changed: false,
            view_changed: false,
            unwatched: [0; QUEUES_MAX],
            parked: HashMap::new(),
            handling: [Handling::default(); QUEUES_MAX],
            swept_ms: 0,
            sweeping: false,
            orphans: super::orphans::Search::default(),
        }
    }
}

impl Lines {
    pub(super) fn changed(&mut self, queue: QueueId) {
        self.queues |= 1 << queue.0;
    }

    /// A talk of a queue is over and took so long.
    pub(super) fn handled(&mut self, queue: QueueId, took_ms: i64) {
        let Some(handling) = self.handling.get_mut(usize::from(queue.0)) else { return };
        handling.count = handling.count.saturating_add(1);
        let weight = 1.0 / f64::from(handling.count.min(20));
        handling.average_ms += (took_ms.max(0) as f64 - handling.average_ms) * weight;
    }

    /// How often somebody had waited a minute in a queue that nobody could take from (B-12).
    pub(super) fn unwatched(&self, queue: QueueId) -> u64 {
        self.unwatched.get(usize::from(queue.0)).copied().unwrap_or(0)
    }

    /// How long the next place in line takes with so many takers; `None` while nothing is known.
    fn wait_s(&self, queue: QueueId, position: u32, able: u32) -> Option<u32> {
        let handling = self.handling.get(usize::from(queue.0)).filter(|handling| handling.count > 0)?;
        let wait_ms = handling.average_ms * f64::from(position) / f64::from(able.max(1));
        Some((wait_ms / 1000.0).ceil() as u32)
    }
}

impl Shell {
    /// Tells the customers of every line that changed where they stand, at most once a second.
    pub(super) fn tell_lines(&mut self) {
        let changed = std::mem::take(&mut self.lines.queues);
        for queue in (0..QUEUES_MAX as u16).filter(|queue| changed & (1 << queue) != 0).map(QueueId) {
            let waiting: Vec<(u64, u32)> = self
                .engine
                .line(queue)
                .zip(1..)
                .filter(|(row, _)| row.mode == Mode::Live && !row.left)
                .map(|(row, position)| (row.id.0, position))
                .collect();
            let able = self.staff_of(queue);
            for (id, position) in waiting {
                self.tell_place(queue, id, position, able);
            }
        }
    }

    /// A customer who has just connected is told her place at once.
    pub(super) fn tell_line_of(&mut self, queue: QueueId) {
        self.lines.changed(queue);
    }

    fn tell_place(&mut self, queue: QueueId, id: u64, position: u32, able: u32) {
        let Some(card) = self.cards.get(&id) else { return };
        if self.visitors.get(card.visitor).is_none_or(|visitor| visitor.conns.is_empty()) {
            return;
        }
        let Some(workstream) = self.desk.workstream(&card.workstream) else { return };
        let wait_s = if able == 0 { None } else { self.lines.wait_s(queue, position, able) };
        let minutes = wait_s.map(|wait| wait.div_ceil(60).max(1));
        let extra = Extra { position: Some(position), minutes, ..Extra::default() };
        let now_ms = self.now.wall_ms;
        let say = |key| words::text(&self.desk, workstream, card, key, &extra, now_ms);
        let mut text = say(TextKey::QueuePosition);
        if able == 0 {
            text = format!("{text} {}", say(TextKey::NobodyAvailable));
        } else if minutes.is_some() {
            text = format!("{text} {}", say(TextKey::AverageWait));
        }
        let frame = page::queue(id, position, wait_s, &text);
        self.send_customer(id, frame);
    }

    /// Members of a queue who are there and not off duty.
    fn staff_of(&self, queue: QueueId) -> u32 {
        use crate::engine::presence::Status;
        let Some(settings) = self.engine.desk().queue(queue) else { return 0 };
        let there = |agent: &&AgentId| {
            self.engine.agent(**agent).is_some_and(|row| {
                matches!(row.shown.status, Status::Available | Status::Busy)
                    || row.shown.reason == crate::engine::presence::Reason::Load
            })
        };
        settings.members.iter().filter(there).count() as u32
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

    /// Opens and closes workstreams by their hours.
    pub(super) fn follow_hours(&mut self) {
        let now_ms = self.now.wall_ms;
        if self.next_hours_ms.is_none_or(|at| at > now_ms) {
            return;
        }
        self.next_hours_ms = rows::next_change(&self.desk, now_ms);
        let desk = Arc::clone(&self.desk);
        for workstream in &desk.workstreams {
            let Some(row) = self.names.workstreams.row(crate::desk::Id::as_str(&workstream.id)) else {
                continue;
            };
            let open = rows::is_open(&desk, workstream, now_ms);
            if self.engine.desk().workstream(WorkstreamId(row)).is_some_and(|known| known.open != open) {
                self.turn(Input::Hours { workstream: WorkstreamId(row), open }, None);
            }
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
        let frame = crate::gateway::Frame::from(self.view().directory_changed());
        let outs: Vec<super::out::Out> = self
            .connections
            .all_staff()
            .filter(|(_, _, staff)| staff.welcomed)
            .map(|(_, connection, _)| super::out::Out::Frame(connection.outbox.clone(), frame.clone()))
            .collect();
        for out in outs {
            self.release(out);
        }
        self.tell_desk_views();
    }

    /// Forgets tokens whose time is over, and ends their sockets.
    pub(super) fn forget_tokens(&mut self) {
        for hash in self.tokens.take_expired() {
            self.delete(Table::Tokens, hash.as_bytes());
            self.end_token(&hash);
        }
    }

    /// Closes what has waited longer than its workstream allows; a bounded piece at a time.
    pub(super) fn sweep_waiting(&mut self) {
        let now_ms = self.now.wall_ms;
        let shortest = shortest_wait_ms(&self.desk);
        // Product time: a demo's clock may pass hours in a second.
        if self.lines.sweeping || now_ms - self.lines.swept_ms < 60_000 {
            return;
        }
        let Some(shortest) = shortest else { return };
        self.lines.swept_ms = now_ms;
        self.lines.sweeping = true;
        let sequence = self.watermark();
        let until = reads::waiting_time_key(now_ms.saturating_sub(shortest), u64::MAX);
        let job = move |snapshot: &crate::store::Snapshot| {
            let page =
                snapshot.range(Table::Waiting, &b"t"[..]..&until[..], SWEEP_MAX, Direction::Forward)?;
            let mut due = Vec::new();
            for (key, _) in &page.rows {
                let Some(id) = reads::conversation_of(key) else { continue };
                if let Some(waiting) = reads::waiting(snapshot, id)? {
                    due.push((id, waiting));
                }
            }
            Ok(due)
        };
        self.readers.clone().spawn(&self.door.clone(), sequence, job, |shell, due| {
            shell.lines.sweeping = false;
            let Ok(due) = due else { return };
            for (id, waiting) in due {
                let hours = shell
                    .desk
                    .workstream(&waiting.live.workstream)
                    .map(|workstream| i64::from(workstream.auto_close_waiting_h));
                let limit_ms = hours.filter(|hours| *hours > 0).map(|hours| hours * 3_600_000);
                let over = limit_ms.is_some_and(|limit| shell.now.wall_ms - waiting.parked_ms >= limit);
                if over {
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
