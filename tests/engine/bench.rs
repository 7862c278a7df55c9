//! An engine on a small desk, driven by hand.
#![allow(dead_code, reason = "each test uses its part")]

use deskbell::engine::Engine;
use deskbell::engine::effect::{Answer, Effect};
use deskbell::engine::id::{AgentId, ConversationId, OfferId, QueueId, RequestId, TextId, WorkstreamId};
use deskbell::engine::input::{AgentVerb, Arrival, Input};
use deskbell::engine::presence::Status;
use deskbell::engine::settings::{
    AgentSettings, Auto, Capacity, Distribution, Mode, Notify, Now, Queue, RoutingDesk, TransferRefused,
    WorkItemKind, Workstream, WrapUpRule,
};

pub(crate) const ALICE: AgentId = AgentId(0);
pub(crate) const BOB: AgentId = AgentId(1);

pub(crate) fn desk() -> Box<RoutingDesk> {
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
        wrapup_default: None,
        agent_lost_ms: 150_000,
        customer_lost_ms: 180_000,
        transfer_refused: TransferRefused::Return,
        bot: None,
    };
    let agent = AgentSettings { present: true, capacity: 100, lost_ms: 150_000 };
    Box::new(RoutingDesk {
        workstreams: vec![live, Workstream { mode: Mode::Persistent, ..live }].into(),
        queues: vec![Queue {
            present: true,
            priority: 1,
            distribution: Distribution::MostIdle,
            members: vec![ALICE, BOB].into(),
        }]
        .into(),
        agents: vec![agent; 3].into(),
        presences: Status::ALL.to_vec().into(),
        missed_enabled: true,
        reject_enabled: true,
    })
}

pub(crate) struct Bench {
    pub(crate) engine: Engine,
    pub(crate) now: Now,
}

impl Bench {
    pub(crate) fn open() -> Bench {
        let now = Now { mono_ms: 1_000, wall_ms: 1_700_000_000_000 };
        let mut bench = Bench { engine: Engine::new(Capacity::TINY, desk(), now, 1), now };
        bench.feed(Input::Open);
        bench
    }
    pub(crate) fn feed(&mut self, input: Input) -> Vec<Effect> {
        self.engine.handle(self.now, input);
        std::iter::from_fn(|| self.engine.poll_effect()).collect()
    }
    pub(crate) fn wait(&mut self, ms: u64) -> Vec<Effect> {
        let end = self.now.mono_ms + ms;
        let mut all = Vec::new();
        while let Some(due) = self.engine.next_deadline().filter(|&due| due <= end) {
            let step = due.saturating_sub(self.now.mono_ms);
            self.now.mono_ms += step;
            self.now.wall_ms += step as i64;
            all.extend(self.feed(Input::Tick));
        }
        let step = end - self.now.mono_ms;
        self.now = Now { mono_ms: end, wall_ms: self.now.wall_ms + step as i64 };
        all
    }
    pub(crate) fn arrive(&mut self, id: u64, workstream: u16) -> Vec<Effect> {
        self.feed(Input::Arrival {
            request: Some(RequestId(1)),
            arrival: Arrival {
                conversation: ConversationId(id),
                workstream: WorkstreamId(workstream),
                queue: None,
                kind: WorkItemKind::Chat,
                comment: Some(TextId(1)),
                preferred: None,
                left: false,
            },
        })
    }
    pub(crate) fn agent(&mut self, agent: AgentId, verb: AgentVerb) -> Vec<Effect> {
        self.feed(Input::Agent { request: Some(RequestId(2)), agent, verb })
    }
}

pub(crate) fn offered(effects: &[Effect]) -> Option<(AgentId, OfferId)> {
    effects.iter().find_map(|effect| match *effect {
        Effect::Offered { agent, offer, .. } => Some((agent, offer)),
        _ => None,
    })
}

pub(crate) fn answer(effects: &[Effect]) -> Answer {
    let mut answers = effects.iter().filter_map(|effect| match *effect {
        Effect::Answer { answer, .. } => Some(answer),
        _ => None,
    });
    let first = answers.next().expect("an answer");
    assert!(answers.next().is_none(), "one answer");
    first
}
