//! The desk in the engine's numbers: every name gets its row, and what was dropped keeps it, marked absent.

use super::hours::{Daytime, Entrance};
use super::names::Names;
use crate::desk::{self, Channel, Desk, Distribution as By, Id, NotifyKind, Wrapup};
use crate::engine::id::{AgentId, BotId, QueueId, ReasonId};
use crate::engine::presence::Status;
use crate::engine::settings::{
    AgentSettings, Auto, BotFirst, Distribution, Mode, Notify, Queue, RoutingDesk, TransferRefused,
    WorkItemKind, Workstream, WrapUpRule,
};

/// Why a desk cannot be taken into service by this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany {
    /// Of what.
    pub what: &'static str,
    /// How many there may be, ones dropped since the start included.
    pub max: usize,
}

impl std::fmt::Display for TooMany {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "there is room for {} {}, those dropped since the start included; a larger profile may have more",
            self.max, self.what
        )
    }
}

impl std::error::Error for TooMany {}

/// The desk in numbers at an instant: hours are looked up for it.
pub fn routing(desk: &Desk, names: &mut Names, day: Daytime) -> Result<Box<RoutingDesk>, TooMany> {
    intern_all(desk, names)?;
    let lost_ms = desk.workstreams.iter().map(|w| u64::from(w.agent_lost_s) * 1000).max().unwrap_or(150_000);
    Ok(Box::new(RoutingDesk {
        workstreams: all(&names.workstreams)
            .map(|name| match desk.workstream(name) {
                Some(workstream) => workstream_row(desk, workstream, names, day),
                None => absent_workstream(),
            })
            .collect(),
        queues: all(&names.queues)
            .map(|name| match desk.queue(name) {
                Some(queue) => queue_row(desk, queue, names),
                None => Queue {
                    present: false,
                    priority: u32::MAX,
                    distribution: Distribution::Pick,
                    members: Box::default(),
                },
            })
            .collect(),
        // A row for everybody the engine has room for: nobody's number is ever without settings.
        agents: (0..names.agents.room() as u16)
            .map(|row| match names.agents.name(row).and_then(|name| desk.agent(name)) {
                Some(agent) => AgentSettings { present: true, capacity: agent.capacity, lost_ms },
                None => AgentSettings { present: false, capacity: 0, lost_ms },
            })
            .collect(),
        presences: all(&names.presences)
            .map(|name| desk.presence_status(name).map_or(Status::Away, status))
            .collect(),
        missed_enabled: desk.missed_enabled,
        reject_enabled: desk.reject_enabled,
    }))
}

fn intern_all(desk: &Desk, names: &mut Names) -> Result<(), TooMany> {
    fn each<'a>(
        what: &'static str,
        rows: &mut super::names::Rows,
        list: impl Iterator<Item = &'a str>,
    ) -> Result<(), TooMany> {
        for name in list {
            rows.intern(name).ok_or(TooMany { what, max: rows.room() })?;
        }
        Ok(())
    }
    let statuses = Status::ALL.into_iter().map(|status| -> &str { status.name() });
    let presences = statuses.chain(desk.presences.iter().map(|p| p.id.as_str()));
    each("presences", &mut names.presences, presences)?;
    // By name: where nothing else settles who comes first, the lowest id does (D-13).
    let mut usernames: Vec<&str> = desk.agents.iter().map(|agent| agent.username.as_str()).collect();
    usernames.sort_unstable();
    each("agents", &mut names.agents, usernames.into_iter())?;
    each("queues", &mut names.queues, desk.queues.iter().map(|q| q.id.as_str()))?;
    let workstreams = desk.workstreams.iter().map(|w| w.id.as_str());
    each("workstreams", &mut names.workstreams, workstreams)?;
    each("bots", &mut names.bots, desk.bot_names())?;
    let reasons = desk.wrapup_reasons.iter().map(|r| r.id.as_str());
    each("wrap-up reasons", &mut names.reasons, reasons)
}

fn all(rows: &super::names::Rows) -> impl Iterator<Item = &str> {
    (0..rows.len()).filter_map(|row| rows.name(row as u16)).map(|name| &**name)
}

fn workstream_row(desk: &Desk, of: &desk::Workstream, names: &Names, day: Daytime) -> Workstream {
    let allowed = all(&names.presences)
        .enumerate()
        .filter(|(_, presence)| desk.presence_allowed(of, presence))
        .fold(0u32, |mask, (row, _)| mask | 1 << row);
    Workstream {
        present: true,
        kind: kind(of.channel),
        mode: if of.is_persistent() { Mode::Persistent } else { Mode::Live },
        queue: QueueId(names.queues.row(of.queue.as_str()).unwrap_or(0)),
        units: of.units,
        allowed_presences: allowed,
        open: day.is_open(&Entrance::of(desk, of)),
        offer_out_of_hours: of.offer_out_of_hours,
        keep_same_agent: of.keep_same_agent,
        notify: [
            notify(of.notify(NotifyKind::Incoming)),
            notify(of.notify(NotifyKind::Returned)),
            notify(of.notify(NotifyKind::Transfer)),
            notify(of.notify(NotifyKind::Conference)),
            notify(of.notify(NotifyKind::Escalation)),
            notify(of.notify(NotifyKind::Assigned)),
        ],
        undelivered_reroute_ms: u64::from(of.undelivered_reroute_s) * 1000,
        wrapup: match of.wrapup {
            Wrapup::Required => WrapUpRule::Required,
            Wrapup::Optional => WrapUpRule::Optional,
            Wrapup::None => WrapUpRule::None,
        },
        wrapup_keeps_capacity: of.wrapup_keeps_capacity,
        wrapup_deadline_ms: u64::from(of.wrapup_deadline_s) * 1000,
        wrapup_default: of
            .wrapup_default
            .as_ref()
            .and_then(|reason| names.reasons.row(reason.as_str()))
            .map(ReasonId),
        agent_lost_ms: u64::from(of.agent_lost_s) * 1000,
        customer_lost_ms: u64::from(of.customer_lost_s) * 1000,
        bot: of.bot.as_ref().and_then(|first| {
            let bot = u8::try_from(names.bots.row(&first.name)?).ok().map(BotId)?;
            let ms = |s: u32| u64::from(s) * 1000;
            Some(BotFirst { bot, answer_ms: ms(first.answer_s), idle_ms: ms(first.idle_s) })
        }),
        transfer_refused: match of.transfer_refused {
            desk::TransferRefused::Return => TransferRefused::Return,
            desk::TransferRefused::Disconnect => TransferRefused::Disconnect,
        },
    }
}

fn absent_workstream() -> Workstream {
    let notify = Notify { timeout_ms: 120_000, can_reject: true, auto: Auto::None };
    Workstream {
        present: false,
        kind: WorkItemKind::Chat,
        mode: Mode::Live,
        queue: QueueId(0),
        units: 1,
        allowed_presences: 0,
        open: false,
        offer_out_of_hours: false,
        keep_same_agent: false,
        notify: [notify; 6],
        undelivered_reroute_ms: 480_000,
        wrapup: WrapUpRule::Optional,
        wrapup_keeps_capacity: false,
        wrapup_deadline_ms: 0,
        wrapup_default: None,
        agent_lost_ms: 150_000,
        customer_lost_ms: 180_000,
        transfer_refused: TransferRefused::Return,
        bot: None,
    }
}

fn queue_row(desk: &Desk, of: &desk::Queue, names: &Names) -> Queue {
    let mut members: Vec<AgentId> = desk
        .members(&of.id)
        .filter_map(|agent| names.agents.row(agent.username.as_str()))
        .map(AgentId)
        .collect();
    members.sort_unstable();
    Queue {
        present: true,
        priority: of.priority,
        distribution: match of.distribution {
            By::MostIdle => Distribution::MostIdle,
            By::RoundRobin => Distribution::RoundRobin,
            By::HighestCapacity => Distribution::HighestCapacity,
            By::Pick => Distribution::Pick,
        },
        members: members.into(),
    }
}

fn notify(of: &desk::Notify) -> Notify {
    Notify {
        timeout_ms: u64::from(of.timeout_s) * 1000,
        can_reject: of.can_reject(),
        auto: match of.auto {
            desk::Auto::None => Auto::None,
            desk::Auto::Assign => Auto::Assign,
            desk::Auto::Accept => Auto::Accept,
        },
    }
}

/// What a channel's work is in the engine.
pub const fn kind(channel: Channel) -> WorkItemKind {
    match channel {
        Channel::Chat => WorkItemKind::Chat,
        Channel::Sms => WorkItemKind::Sms,
        Channel::Messenger => WorkItemKind::Social,
        Channel::Voice => WorkItemKind::Voice,
        Channel::Case => WorkItemKind::Case,
    }
}

fn status(of: desk::Status) -> Status {
    match of {
        desk::Status::Available => Status::Available,
        desk::Status::Busy => Status::Busy,
        desk::Status::DoNotDisturb => Status::DoNotDisturb,
        desk::Status::Away => Status::Away,
        desk::Status::Offline => Status::Offline,
        desk::Status::Inactive => Status::Inactive,
    }
}
