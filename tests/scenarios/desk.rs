//! The desk of the tables: its names, and what `set` may change.

use deskbell::engine::agent::{Agent, Connection};
use deskbell::engine::id::{AgentId, BotId, PresenceId, QueueId, ReasonId, WorkstreamId};
use deskbell::engine::input::Input;
use deskbell::engine::presence::Status;
use deskbell::engine::settings::{
    AgentSettings, Auto, BotFirst, Distribution, Mode, Notify, OfferKind, Queue, RoutingDesk,
    TransferRefused, WorkItemKind, Workstream, WrapUpRule,
};

pub(crate) const AGENTS: [&str; 4] = ["alice", "bob", "carol", "dave"];
pub(crate) const QUEUES: [&str; 3] = ["front", "billing", "back"];
pub(crate) const WORKSTREAMS: [&str; 4] = ["live", "later", "cases", "calls"];

fn place(names: &[&str], name: &str) -> Option<u16> {
    names.iter().position(|known| *known == name).map(|at| at as u16)
}

pub(crate) fn agent(name: &str) -> Option<AgentId> {
    place(&AGENTS, name).map(AgentId)
}

pub(crate) fn queue(name: &str) -> Option<QueueId> {
    place(&QUEUES, name).map(QueueId)
}

pub(crate) fn workstream(name: &str) -> Option<WorkstreamId> {
    place(&WORKSTREAMS, name).map(WorkstreamId)
}

pub(crate) fn status(name: &str) -> Option<Status> {
    Status::ALL.into_iter().find(|status| status.name() == name)
}

/// A status, or `lunch`, which is Away.
pub(crate) fn presence(name: &str) -> Option<PresenceId> {
    if name == "lunch" { Some(PresenceId(6)) } else { status(name).map(Status::presence) }
}

/// `90s`, `1.5s`, `8m`, `2h`.
pub(crate) fn milliseconds(text: &str) -> Option<u64> {
    let unit = [("ms", 1.0), ("s", 1_000.0), ("m", 60_000.0), ("h", 3_600_000.0)];
    let (number, factor) =
        unit.iter().find_map(|(ending, factor)| text.strip_suffix(ending).map(|number| (number, factor)))?;
    number.parse::<f64>().ok().map(|number| (number * factor).round() as u64)
}

/// Alice, Bob and Carol at the front desk, Bob and Carol in billing, Dave in the back; 100 units each. `live`
/// and `later` (persistent) wait in front, 30 and 20 units; `cases` in billing, 10 units, always assigned; `calls` in
/// front, 30 units.
pub(crate) fn standard() -> Box<RoutingDesk> {
    let notify = Notify { timeout_ms: 90_000, can_reject: true, auto: Auto::None };
    let live = Workstream {
        present: true,
        kind: WorkItemKind::Chat,
        mode: Mode::Live,
        queue: QueueId(0),
        units: 30,
        allowed_presences: 0b11,
        open: true,
        offer_out_of_hours: false,
        keep_same_agent: true,
        notify: [notify; 6],
        undelivered_reroute_ms: 480_000,
        wrapup: WrapUpRule::Required,
        wrapup_keeps_capacity: true,
        wrapup_deadline_ms: 0,
        wrapup_default: Some(ReasonId(0)),
        agent_lost_ms: 150_000,
        customer_lost_ms: 180_000,
        transfer_refused: TransferRefused::Return,
        bot: None,
    };
    let later = Workstream { mode: Mode::Persistent, units: 20, ..live };
    let mut cases = Workstream {
        kind: WorkItemKind::Case,
        queue: QueueId(1),
        units: 10,
        wrapup: WrapUpRule::None,
        ..live
    };
    cases.notify[OfferKind::Incoming as usize] =
        Notify { timeout_ms: 20_000, can_reject: false, auto: Auto::Assign };
    let queue = |priority, members: &[u16]| Queue {
        present: true,
        priority,
        distribution: Distribution::MostIdle,
        members: members.iter().map(|&row| AgentId(row)).collect(),
    };
    let agent = AgentSettings { present: true, capacity: 100, lost_ms: 150_000 };
    let mut presences = Status::ALL.to_vec();
    presences.push(Status::Away);
    Box::new(RoutingDesk {
        workstreams: [live, later, cases, Workstream { kind: WorkItemKind::Voice, ..live }].into(),
        queues: [queue(1, &[0, 1, 2]), queue(2, &[1, 2]), queue(3, &[3])].into(),
        agents: [agent; 4].into(),
        presences: presences.into(),
        missed_enabled: true,
        reject_enabled: true,
    })
}

/// `set missed off`, `set live units 50`, `set front distribution round_robin`, `set alice capacity 300` …
pub(crate) fn set(desk: &mut RoutingDesk, words: &[&str]) -> Option<()> {
    if let ["missed" | "reject", value] = *words {
        let on = value == "on";
        if words[0] == "missed" {
            desk.missed_enabled = on
        } else {
            desk.reject_enabled = on
        }
        return Some(());
    }
    let [name, key, value] = *words else { return None };
    if let Some(AgentId(row)) = agent(name) {
        let row = &mut desk.agents[usize::from(row)];
        match key {
            "capacity" => row.capacity = value.parse().ok()?,
            "present" => row.present = value == "yes",
            _ => return None,
        }
        return Some(());
    }
    if let Some(QueueId(row)) = queue(name) {
        let row = &mut desk.queues[usize::from(row)];
        match key {
            "distribution" => {
                row.distribution = match value {
                    "most_idle" => Distribution::MostIdle,
                    "round_robin" => Distribution::RoundRobin,
                    "highest_capacity" => Distribution::HighestCapacity,
                    "pick" => Distribution::Pick,
                    _ => return None,
                }
            }
            "members" => row.members = value.split(',').map(agent).collect::<Option<_>>()?,
            "present" => row.present = value == "yes",
            _ => return None,
        }
        return Some(());
    }
    let row = &mut desk.workstreams[usize::from(workstream(name)?.0)];
    match key {
        "bot" => {
            let first = BotFirst { bot: BotId(0), answer_ms: 10_000, idle_ms: 900_000 };
            row.bot = (value == "on").then_some(first);
        }
        "units" => row.units = value.parse().ok()?,
        "present" => row.present = value == "yes",
        "undelivered" => row.undelivered_reroute_ms = milliseconds(value)?,
        "auto" => {
            row.notify[OfferKind::Incoming as usize].auto = match value {
                "none" => Auto::None,
                "assign" => Auto::Assign,
                "accept" => Auto::Accept,
                _ => return None,
            }
        }
        "can_reject" => row.notify.iter_mut().for_each(|notify| notify.can_reject = value == "yes"),
        "transfer_refused" => {
            row.transfer_refused =
                if value == "disconnect" { TransferRefused::Disconnect } else { TransferRefused::Return };
        }
        "wrapup_keeps_capacity" => row.wrapup_keeps_capacity = value == "yes",
        "wrapup_deadline" => row.wrapup_deadline_ms = milliseconds(value)?,
        "wrapup" => {
            row.wrapup = match value {
                "required" => WrapUpRule::Required,
                "optional" => WrapUpRule::Optional,
                "none" => WrapUpRule::None,
                _ => return None,
            }
        }
        "offer_out_of_hours" => row.offer_out_of_hours = value == "yes",
        "allowed" => {
            row.allowed_presences =
                value.split(',').try_fold(0, |set, name| presence(name).map(|id| set | 1 << id.0))?;
        }
        _ => return None,
    }
    Some(())
}

/// The agent as the store would have her: connected means lost since the crash.
pub(crate) fn restored(agent: AgentId, row: &Agent, crash_wall_ms: i64, desk: &RoutingDesk) -> Input {
    let lost_ms = desk.agents[usize::from(agent.0)].lost_ms as i64;
    let lost_wall_ms = match row.connection {
        Connection::SignedOut => None,
        Connection::Online => Some(crash_wall_ms),
        Connection::Lost { until_wall_ms } => Some(until_wall_ms - lost_ms),
    };
    let (held, since_wall_ms, banners) = (row.held, row.since_wall_ms, row.banners);
    Input::RestoreAgent { agent, held, since_wall_ms, lost_wall_ms, banners }
}
