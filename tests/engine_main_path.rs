//! The engine's main path, driven by hand: arrival, offer, accept, talk, end, wrap-up.

#[path = "engine/bench.rs"]
mod bench;

use bench::{ALICE, BOB, Bench, answer, offered};
use deskbell::engine::conversation::State;
use deskbell::engine::effect::{Answer, Effect, OfferEnd};
use deskbell::engine::id::{ConversationId, ReasonId, RequestId, TextId};
use deskbell::engine::input::{AgentVerb, CustomerVerb, Input, WrapUp};
use deskbell::engine::presence::Reason;

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
