//! The engine's main path, driven by hand: arrival, offer, accept, talk, end, wrap-up.

#[path = "engine/bench.rs"]
mod bench;

use bench::{ALICE, BOB, Bench, answer, desk, offered};
use deskbell::engine::Engine;
use deskbell::engine::conversation::State;
use deskbell::engine::effect::{Answer, Effect, OfferEnd};
use deskbell::engine::id::{AgentId, ConversationId, QueueId, ReasonId, RequestId, TextId};
use deskbell::engine::input::{AgentVerb, CustomerVerb, Input, WrapUp};
use deskbell::engine::presence::{Reason, Status};
use deskbell::engine::settings::{Auto, Capacity, Now};
use deskbell::limits::{AGENTS_MAX, CONVERSATIONS_MAX, EFFECTS_MAX, QUEUES_MAX};

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

#[test]
fn a_desk_that_changes_everybody_in_a_full_house_is_carried_through_in_bounded_turns() {
    let now = Now { mono_ms: 1_000, wall_ms: 1_700_000_000_000 };
    let capacity = Capacity {
        conversations: CONVERSATIONS_MAX,
        agents: AGENTS_MAX as u16,
        queues: QUEUES_MAX as u16,
        workstreams: 1,
    };
    // All but one of the rows are agents at work; the last of many queues is theirs.
    let everybody: Vec<AgentId> = (0..AGENTS_MAX as u16 - 1).map(AgentId).collect();
    let (first, last) = (QueueId(0), QueueId(7));
    let mut full = desk();
    full.agents = vec![full.agents[0]; AGENTS_MAX].into();
    full.workstreams = vec![full.workstreams[0]].into();
    full.workstreams[0].queue = last;
    full.workstreams[0].notify.iter_mut().for_each(|notify| notify.auto = Auto::Accept);
    full.queues[0].members = Box::default();
    full.queues = vec![full.queues[0].clone(); 8].into();
    full.queues[7].members = everybody.clone().into();
    let mut bench = Bench { engine: Engine::new(capacity, full.clone(), now, 1), now };
    bench.feed(Input::Open);
    for &agent in &everybody {
        bench.feed(Input::AgentOnline(agent));
    }
    for id in 1..=u64::from(CONVERSATIONS_MAX) {
        bench.arrive(id, 0);
    }
    let active = bench.engine.conversations().filter(|row| row.state() == State::Active).count();
    assert_eq!(active, CONVERSATIONS_MAX as usize, "accepted by themselves");

    // Nobody has room any more, and the queue all are in is gone.
    full.workstreams[0].queue = first;
    full.queues[7].present = false;
    full.agents.iter_mut().for_each(|agent| agent.capacity = 60);
    let (mut next, mut kept) = (Input::Desk(full), 0);
    for turn in 0.. {
        let effects = bench.feed(next);
        assert!(effects.len() < EFFECTS_MAX / 2, "turn {turn} had {} effects", effects.len());
        kept += effects.iter().filter(|effect| matches!(effect, Effect::Keep { .. })).count();
        if bench.engine.next_deadline().is_none_or(|due| due > bench.now.mono_ms) {
            break;
        }
        next = Input::Tick;
    }
    assert_eq!(kept, CONVERSATIONS_MAX as usize, "each is written down once");
    assert!(bench.engine.conversations().all(|row| row.queue == first));
    for agent in everybody {
        let shown = bench.engine.agent(agent).expect("a row").shown;
        assert_eq!((shown.status, shown.reason), (Status::DoNotDisturb, Reason::Load), "{agent}");
    }
}
