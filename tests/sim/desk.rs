//! Random desks, and random changes to them.

use deskbell::engine::id::{AgentId, BotId, QueueId, ReasonId};
use deskbell::engine::presence::Status;
use deskbell::engine::settings::{
    AgentSettings, Auto, BotFirst, Capacity, Distribution, Mode, Notify, OfferKind, Queue, RoutingDesk,
    TransferRefused, WorkItemKind, Workstream, WrapUpRule,
};

use crate::rng::Rng;

/// Presences beyond the six: lunch (away) and phone desk (available).
const PRESENCES: [Status; 8] = [
    Status::Available,
    Status::Busy,
    Status::DoNotDisturb,
    Status::Away,
    Status::Offline,
    Status::Inactive,
    Status::Away,
    Status::Available,
];

/// The tables of a run: mostly so small that full is the common case.
pub(crate) fn capacity_of(seed: u64) -> (&'static str, Capacity) {
    if seed % 4 == 3 {
        ("normal", Capacity { conversations: 48, agents: 10, queues: 4, workstreams: 6 })
    } else {
        ("tiny", Capacity::TINY)
    }
}

pub(crate) fn random(rng: &mut Rng, capacity: Capacity) -> Box<RoutingDesk> {
    let queues: Vec<Queue> = (0..capacity.queues).map(|_| queue(rng, capacity.agents)).collect();
    let workstreams: Vec<Workstream> =
        (0..capacity.workstreams).map(|at| workstream(rng, at, capacity.queues)).collect();
    let agents = (0..capacity.agents).map(|_| agent(rng)).collect();
    Box::new(RoutingDesk {
        workstreams: workstreams.into(),
        queues: queues.into(),
        agents,
        presences: PRESENCES.to_vec().into(),
        missed_enabled: !rng.one_in(4),
        reject_enabled: !rng.one_in(3),
    })
}

fn agent(rng: &mut Rng) -> AgentSettings {
    let capacity = rng.pick(&[60, 100, 100, 200, 1000]).unwrap_or(100);
    AgentSettings { present: true, capacity, lost_ms: 150_000 }
}

fn members(rng: &mut Rng, agents: u16) -> Box<[AgentId]> {
    (0..agents).map(AgentId).filter(|_| !rng.one_in(4)).collect()
}

fn distribution(rng: &mut Rng) -> Distribution {
    rng.pick(&[
        Distribution::MostIdle,
        Distribution::MostIdle,
        Distribution::RoundRobin,
        Distribution::HighestCapacity,
        Distribution::Pick,
    ])
    .unwrap_or(Distribution::MostIdle)
}

fn queue(rng: &mut Rng, agents: u16) -> Queue {
    Queue {
        present: true,
        priority: rng.below(3) as u32,
        distribution: distribution(rng),
        members: members(rng, agents),
    }
}

fn notify(rng: &mut Rng, kind: usize, always_assigned: bool) -> Notify {
    let auto = match rng.below(8) {
        _ if always_assigned && kind == OfferKind::Incoming as usize => Auto::Assign,
        0 => Auto::Assign,
        1 => Auto::Accept,
        _ => Auto::None,
    };
    let timeout_ms = rng.pick(&[5_000, 30_000, 90_000, 120_000]).unwrap_or(90_000);
    Notify { timeout_ms, can_reject: !rng.one_in(6), auto }
}

fn workstream(rng: &mut Rng, at: u16, queues: u16) -> Workstream {
    let case = at % 4 == 2;
    let kind = match at % 4 {
        2 => WorkItemKind::Case,
        3 => WorkItemKind::Voice,
        _ => WorkItemKind::Chat,
    };
    let mode = if at % 4 == 1 { Mode::Persistent } else { Mode::Live };
    let wrapup = if rng.one_in(4) || case {
        WrapUpRule::None
    } else if rng.one_in(2) {
        WrapUpRule::Required
    } else {
        WrapUpRule::Optional
    };
    Workstream {
        present: true,
        kind,
        mode,
        queue: QueueId(rng.below(u64::from(queues)) as u16),
        units: rng.pick(&[10, 20, 30, 50]).unwrap_or(30),
        allowed_presences: rng.pick(&[0b11, 0b11, 0b1, 0b1000_0011]).unwrap_or(0b11),
        open: true,
        offer_out_of_hours: rng.one_in(4),
        keep_same_agent: !rng.one_in(4),
        notify: core::array::from_fn(|kind| notify(rng, kind, case)),
        undelivered_reroute_ms: rng.pick(&[0, 60_000, 480_000]).unwrap_or(480_000),
        wrapup,
        wrapup_keeps_capacity: !rng.one_in(3),
        wrapup_deadline_ms: rng.pick(&[0, 0, 60_000, 300_000]).unwrap_or(0),
        wrapup_default: rng.one_in(2).then_some(ReasonId(0)),
        agent_lost_ms: 150_000,
        customer_lost_ms: rng.pick(&[30_000, 180_000]).unwrap_or(180_000),
        bot: (!case && rng.one_in(3)).then(|| BotFirst {
            bot: BotId(rng.below(2) as u8),
            answer_ms: 10_000,
            idle_ms: rng.pick(&[30_000, 300_000]).unwrap_or(30_000),
        }),
        transfer_refused: if rng.one_in(4) { TransferRefused::Disconnect } else { TransferRefused::Return },
    }
}

/// One thing of the desk is changed, removed or put back; what stays stays valid.
pub(crate) fn changed(rng: &mut Rng, from: &RoutingDesk) -> Box<RoutingDesk> {
    let mut desk = Box::new(from.clone());
    let agents = desk.agents.len() as u16;
    let agent = rng.below(u64::from(agents)) as usize;
    let queue = rng.below(desk.queues.len() as u64) as usize;
    let workstream = rng.below(desk.workstreams.len() as u64) as usize;
    match rng.below(10) {
        0 => desk.agents[agent].present = false,
        1 | 2 => desk.agents.iter_mut().for_each(|agent| agent.present = true),
        3 => desk.agents[agent].capacity = rng.pick(&[0, 30, 100, 1000]).unwrap_or(100),
        4 => desk.queues[queue].present = false,
        5 => {
            desk.queues.iter_mut().for_each(|queue| queue.present = true);
            desk.workstreams.iter_mut().for_each(|workstream| workstream.present = true);
        }
        6 => desk.queues[queue].members = members(rng, agents),
        7 => desk.queues[queue].distribution = distribution(rng),
        8 => desk.workstreams[workstream].present = false,
        _ => {
            let row = &mut desk.workstreams[workstream];
            row.units = rng.pick(&[10, 20, 30, 50]).unwrap_or(30);
            row.wrapup_keeps_capacity = rng.one_in(2);
        }
    }
    if desk.queues.iter().all(|queue| !queue.present) {
        desk.queues[0].present = true;
    }
    let gone: Vec<AgentId> =
        (0..agents).map(AgentId).filter(|agent| !desk.agents[usize::from(agent.0)].present).collect();
    for queue in &mut desk.queues {
        queue.members = queue.members.iter().copied().filter(|member| !gone.contains(member)).collect();
    }
    let first = desk.queues.iter().position(|queue| queue.present).unwrap_or(0);
    for at in 0..desk.workstreams.len() {
        if !desk.queues[usize::from(desk.workstreams[at].queue.0)].present {
            desk.workstreams[at].queue = QueueId(first as u16);
        }
    }
    desk
}
