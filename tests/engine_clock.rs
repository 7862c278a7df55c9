//! The wall clock is set under the engine (REQ D-18): no timer moves, and what is written of it follows the wall.

#[path = "engine/bench.rs"]
mod bench;

use bench::{ALICE, BOB, Bench, offered};
use deskbell::engine::conversation::{Conversation, Phase};
use deskbell::engine::effect::{Effect, OfferEnd};
use deskbell::engine::id::ConversationId;
use deskbell::engine::input::{AgentVerb, Input};

const HOUR_MS: i64 = 3_600_000;

fn deadline(bench: &Bench) -> i64 {
    match bench.engine.conversation(ConversationId(7)).map(|row: &Conversation| row.phase) {
        Some(Phase::Offered(offer)) => offer.deadline_wall_ms,
        other => panic!("not offered: {other:?}"),
    }
}

fn set(bench: &mut Bench, by_ms: i64, spare_restored: bool) -> Vec<Effect> {
    bench.now.wall_ms += by_ms;
    bench.feed(Input::WallMoved { first: 0, spare_restored })
}

#[test]
fn a_clock_set_forward_fires_nothing_early_and_the_deadline_on_the_wall_moves_along() {
    let mut bench = Bench::open();
    bench.feed(Input::AgentOnline(ALICE));
    let (_, offer) = offered(&bench.arrive(7, 0)).expect("offered");
    bench.agent(ALICE, AgentVerb::Shown(offer));
    bench.wait(10_000);
    let before = deadline(&bench);
    let effects = set(&mut bench, HOUR_MS, false);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Keep { .. })), "it is written down");
    assert_eq!(deadline(&bench), before + HOUR_MS, "eighty seconds are left, whatever the wall shows");
    assert!(
        !bench.wait(79_999).iter().any(|effect| matches!(effect, Effect::OfferClosed { .. })),
        "not early"
    );
    let ends = bench
        .wait(1)
        .into_iter()
        .filter(|effect| matches!(effect, Effect::OfferClosed { end: OfferEnd::Missed, .. }));
    assert_eq!(ends.count(), 1, "on time, once");
}

#[test]
fn a_clock_that_was_not_set_changes_nothing() {
    let mut bench = Bench::open();
    bench.feed(Input::AgentOnline(ALICE));
    bench.arrive(7, 0);
    bench.wait(10_000);
    assert_eq!(set(&mut bench, 0, false), []);
    assert_eq!(set(&mut bench, 500, false), [], "rounding is no jump");
}

#[test]
fn a_lost_agents_patience_is_what_is_left_of_it() {
    let mut bench = Bench::open();
    bench.feed(Input::AgentOnline(ALICE));
    bench.feed(Input::AgentOnline(BOB));
    bench.feed(Input::AgentLost(ALICE));
    bench.wait(50_000);
    set(&mut bench, HOUR_MS, false);
    bench.feed(Input::DownTime);
    let gone =
        |effects: &[Effect]| effects.iter().any(|effect| matches!(effect, Effect::Presence { agent: ALICE }));
    assert!(!gone(&bench.wait(99_999)), "she was lost after the start: no down-time is hers");
    assert!(gone(&bench.wait(1)));
}
