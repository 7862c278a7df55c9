//! The engine's main path, driven by hand: arrival, offer, accept, talk, end, wrap-up.

use deskbell::engine::Engine;
use deskbell::engine::conversation::State;
use deskbell::engine::effect::{Answer, Effect, OfferEnd};
use deskbell::engine::id::{
    AgentId, ConversationId, OfferId, QueueId, ReasonId, RequestId, TextId, WorkstreamId,
};
use deskbell::engine::input::{AgentVerb, Arrival, CustomerVerb, Input, WrapUp};
use deskbell::engine::presence::{Reason, Status};
use deskbell::engine::settings::{
    AgentSettings, Auto, Capacity, Distribution, Mode, Notify, Now, Queue, RoutingDesk, TransferRefused,
    WorkItemKind, Workstream, WrapUpRule,
};

const ALICE: AgentId = AgentId(0);
const BOB: AgentId = AgentId(1);

fn desk() -> Box<RoutingDesk> {
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

struct Bench {
    engine: Engine,
    now: Now,
}

impl Bench {
    fn open() -> Bench {
        let now = Now { mono_ms: 1_000, wall_ms: 1_700_000_000_000 };
        let mut bench = Bench { engine: Engine::new(Capacity::TINY, desk(), now, 1), now };
        bench.feed(Input::Open);
        bench
    }
    fn feed(&mut self, input: Input) -> Vec<Effect> {
        self.engine.handle(self.now, input);
        std::iter::from_fn(|| self.engine.poll_effect()).collect()
    }
    fn wait(&mut self, ms: u64) -> Vec<Effect> {
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
    fn arrive(&mut self, id: u64, workstream: u16) -> Vec<Effect> {
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
    fn agent(&mut self, agent: AgentId, verb: AgentVerb) -> Vec<Effect> {
        self.feed(Input::Agent { request: Some(RequestId(2)), agent, verb })
    }
}

fn offered(effects: &[Effect]) -> Option<(AgentId, OfferId)> {
    effects.iter().find_map(|effect| match *effect {
        Effect::Offered { agent, offer, .. } => Some((agent, offer)),
        _ => None,
    })
}

fn answer(effects: &[Effect]) -> Answer {
    let mut answers = effects.iter().filter_map(|effect| match *effect {
        Effect::Answer { answer, .. } => Some(answer),
        _ => None,
    });
    let first = answers.next().expect("an answer");
    assert!(answers.next().is_none(), "one answer");
    first
}

#[test]
fn a_customer_chats_with_an_agent_to_the_end() {
    let mut bench = Bench::open();
    bench.feed(Input::AgentOnline(ALICE));
    let effects = bench.arrive(7, 0);
    assert_eq!(answer(&effects), Answer::Started(ConversationId(7)));
    let (agent, offer) = offered(&effects).expect("offered at once");
    assert_eq!(agent, ALICE);
    bench.agent(ALICE, AgentVerb::Shown(offer));
    assert_eq!(answer(&bench.agent(ALICE, AgentVerb::Accept(offer))), Answer::Done);
    let talk = bench.engine.conversation(ConversationId(7)).unwrap();
    assert_eq!((talk.state(), talk.owner()), (State::Active, Some(ALICE)));
    let text = AgentVerb::Message { conversation: ConversationId(7), client: 5, text: TextId(2) };
    let first = answer(&bench.agent(ALICE, text));
    assert_eq!(answer(&bench.agent(ALICE, text)), first, "the same message twice is stored once");
    let said = CustomerVerb::Message { client: 5, text: TextId(3) };
    let said = Input::Customer { request: Some(RequestId(3)), conversation: ConversationId(7), verb: said };
    assert!(matches!(answer(&bench.feed(said)), Answer::Stored { seq: 4, .. }));
    bench.agent(ALICE, AgentVerb::End(ConversationId(7)));
    assert_eq!(bench.engine.conversation(ConversationId(7)).unwrap().state(), State::WrapUp);
    let wrapup = WrapUp { reason: Some(ReasonId(0)), comment: None };
    let effects = bench.agent(ALICE, AgentVerb::WrapUp { conversation: ConversationId(7), wrapup });
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Closed { .. })));
    assert!(bench.engine.conversation(ConversationId(7)).is_none());
    bench.feed(Input::Tick);
    assert_eq!(bench.engine.occupancy().0, 0);
}

#[test]
fn a_shown_offer_left_alone_makes_its_agent_inactive_and_goes_to_the_next() {
    let mut bench = Bench::open();
    bench.feed(Input::AgentOnline(ALICE));
    bench.feed(Input::AgentOnline(BOB));
    let (first, offer) = offered(&bench.arrive(7, 0)).unwrap();
    assert_eq!(first, ALICE);
    bench.agent(ALICE, AgentVerb::Shown(offer));
    assert!(bench.wait(89_999).is_empty(), "never early");
    let effects = bench.wait(1);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::OfferClosed { end: OfferEnd::Missed, .. })));
    assert_eq!(bench.engine.agent(ALICE).unwrap().shown.reason, Reason::Missed);
    assert_eq!(offered(&effects).unwrap().0, BOB);
}

#[test]
fn an_offer_never_shown_stays_for_eight_minutes_and_is_then_rerouted() {
    let mut bench = Bench::open();
    bench.feed(Input::AgentOnline(ALICE));
    bench.arrive(7, 0);
    let effects = bench.wait(90_000);
    assert!(
        effects.iter().any(|effect| matches!(effect, Effect::OfferClosed { end: OfferEnd::Undelivered, .. }))
    );
    assert_eq!(bench.engine.agent(ALICE).unwrap().shown.reason, Reason::Load);
    bench.feed(Input::AgentOnline(BOB));
    assert_eq!(offered(&bench.wait(479_999)), None);
    assert_eq!(offered(&bench.wait(1)).unwrap().0, BOB);
}

#[test]
fn a_lost_agent_keeps_her_talk_for_150_seconds() {
    let mut bench = Bench::open();
    bench.feed(Input::AgentOnline(ALICE));
    let (_, offer) = offered(&bench.arrive(7, 0)).unwrap();
    bench.agent(ALICE, AgentVerb::Accept(offer));
    bench.feed(Input::AgentLost(ALICE));
    bench.wait(149_999);
    assert_eq!(bench.engine.conversation(ConversationId(7)).unwrap().owner(), Some(ALICE));
    bench.wait(1);
    assert_eq!(bench.engine.conversation(ConversationId(7)).unwrap().state(), State::Open);
    bench.feed(Input::AgentOnline(ALICE));
    assert_eq!(bench.engine.agent(ALICE).unwrap().offers.len(), 1, "offered to whoever is there");
}
