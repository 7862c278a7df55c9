//! The wall clock is set under the engine (REQ D-18): no timer moves, and what is written of it follows the wall.

#[path = "engine/bench.rs"]
mod bench;

use bench::{ALICE, BOB, Bench, desk, offered};
use deskbell::engine::Engine;
use deskbell::engine::conversation::{Conversation, Phase, Seed, SeedPhase, State};
use deskbell::engine::effect::{Effect, OfferEnd};
use deskbell::engine::id::{ConversationId, QueueId, WorkstreamId};
use deskbell::engine::input::{AgentVerb, Input};
use deskbell::engine::settings::{Capacity, Mode, Now, OfferKind, WorkItemKind};

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

#[test]
fn down_time_that_counts_at_last_ends_hundreds_of_waits_in_their_order() {
    const WAITS: u64 = 300;
    let now = Now { mono_ms: 1_000, wall_ms: 1_700_000_000_000 };
    let capacity = Capacity { conversations: WAITS as u32, agents: 3, queues: 1, workstreams: 2 };
    let mut bench = Bench { engine: Engine::new(capacity, desk(), now, 1), now };
    // Their time is up within five minutes, in an order that is not that of the table.
    let due_in_ms = |id: u64| (id * 7919 % WAITS * 1_000) as i64;
    for id in 0..WAITS {
        bench.feed(Input::RestoreConversation(Box::new(Seed {
            id: ConversationId(id + 1),
            workstream: WorkstreamId(0),
            queue: QueueId(0),
            kind: WorkItemKind::Chat,
            mode: Mode::Live,
            arrived_wall_ms: now.wall_ms - HOUR_MS,
            phase: SeedPhase::Queued,
            last_seq: 1,
            sessions: Vec::new(),
            excluded: Vec::new(),
            offer_kind: OfferKind::Incoming,
            sender: None,
            preferred: None,
            round_wall_ms: None,
            customer_lost_wall_ms: Some(now.wall_ms + due_in_ms(id)),
            frozen: false,
            left: false,
            conference: false,
        })));
    }
    bench.feed(Input::Open);
    bench.now.wall_ms += HOUR_MS;
    bench.feed(Input::DownTime);
    let mut ended = Vec::new();
    for _ in 0..WAITS {
        for effect in bench.feed(Input::Tick) {
            if let Effect::State { conversation, .. } = effect {
                let row = bench.engine.view(conversation).expect("to be seen until the next input");
                assert_eq!(row.state(), State::Closed);
                ended.push(due_in_ms(row.id.0 - 1));
            }
        }
    }
    assert_eq!(ended.len(), WAITS as usize);
    assert!(ended.is_sorted(), "{ended:?}");
}
