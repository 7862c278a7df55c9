//! The engine allocates nothing after boot: a whole turn, from input to the last effect drained.

#[path = "engine/bench.rs"]
mod bench;

use allocation_counter::measure;
use bench::{ALICE, BOB, Bench, desk};
use deskbell::engine::Engine;
use deskbell::engine::effect::Effect;
use deskbell::engine::id::{
    AgentId, ConversationId, OfferId, PresenceId, QueueId, ReasonId, RequestId, TextId, WorkstreamId,
};
use deskbell::engine::input::{AgentVerb, Arrival, CustomerVerb, Input, SupervisorVerb, Target, WrapUp};
use deskbell::engine::presence::Status;
use deskbell::engine::settings::{Capacity, Now, WorkItemKind};

/// Feeds an input without collecting: the last offer made to an agent is remembered.
fn turn(bench: &mut Bench, input: Input, offers: &mut [Option<OfferId>; 3]) {
    bench.engine.handle(bench.now, input);
    while let Some(effect) = bench.engine.poll_effect() {
        if let Effect::Offered { agent, offer, .. } = effect {
            offers[usize::from(agent.0)] = Some(offer);
        }
    }
}

#[test]
fn a_busy_day_allocates_nothing() {
    let capacity = Capacity { conversations: 64, agents: 3, queues: 2, workstreams: 4 };
    let now = Now { mono_ms: 0, wall_ms: 1_700_000_000_000 };
    let mut bench = Bench { engine: Engine::new(capacity, desk(), now, 1), now };
    let mut offers = [None; 3];
    let request = Some(RequestId(1));
    let agent = |agent: AgentId, verb: AgentVerb| Input::Agent { request, agent, verb };
    let mut inputs = 0_u32;
    let counted = measure(|| {
        let mut feed = |bench: &mut Bench, offers: &mut [Option<OfferId>; 3], input: Input| {
            inputs += 1;
            turn(bench, input, offers);
        };
        feed(&mut bench, &mut offers, Input::Open);
        feed(&mut bench, &mut offers, Input::AgentOnline(ALICE));
        feed(&mut bench, &mut offers, Input::AgentOnline(BOB));
        for round in 0..200_u64 {
            let live = ConversationId(round + 1);
            for id in [live, ConversationId(round + 10_000)] {
                let arrival = Arrival {
                    conversation: id,
                    workstream: WorkstreamId((id.0 >= 10_000).into()),
                    queue: None,
                    kind: WorkItemKind::Chat,
                    comment: Some(TextId(1)),
                    preferred: None,
                    left: false,
                };
                feed(&mut bench, &mut offers, Input::Arrival { request, arrival });
            }
            for who in [ALICE, BOB] {
                if let Some(offer) = offers[usize::from(who.0)].take() {
                    feed(&mut bench, &mut offers, agent(who, AgentVerb::Shown(offer)));
                    let verb =
                        if round % 5 == 0 { AgentVerb::Reject(offer) } else { AgentVerb::Accept(offer) };
                    feed(&mut bench, &mut offers, agent(who, verb));
                }
            }
            for id in [live, ConversationId(round + 10_000)] {
                let verb = CustomerVerb::Message { client: round, text: TextId(2) };
                feed(&mut bench, &mut offers, Input::Customer { request, conversation: id, verb });
                for who in [ALICE, BOB] {
                    let text = TextId(3);
                    let said = AgentVerb::Message { conversation: id, client: round, text };
                    feed(&mut bench, &mut offers, agent(who, said));
                    let other = if who == ALICE { BOB } else { ALICE };
                    let to = if round % 3 == 0 { Target::Queue(QueueId(0)) } else { Target::Agent(other) };
                    feed(&mut bench, &mut offers, agent(who, AgentVerb::Transfer { conversation: id, to }));
                    let join = AgentVerb::Conference { conversation: id, agent: other };
                    feed(&mut bench, &mut offers, agent(who, join));
                    if let Some(offer) = offers[usize::from(other.0)].take() {
                        feed(&mut bench, &mut offers, agent(other, AgentVerb::Accept(offer)));
                    }
                    feed(&mut bench, &mut offers, agent(who, AgentVerb::Park(id)));
                    feed(&mut bench, &mut offers, agent(who, AgentVerb::End(id)));
                    let wrapup = WrapUp { reason: Some(ReasonId(0)), comment: None };
                    feed(&mut bench, &mut offers, agent(who, AgentVerb::WrapUp { conversation: id, wrapup }));
                }
                let verb = SupervisorVerb::ForceEnd(id);
                feed(&mut bench, &mut offers, Input::Supervisor { request, by: ALICE, verb });
            }
            let verb = SupervisorVerb::ResetPresence { agent: ALICE, status: Status::Available };
            feed(&mut bench, &mut offers, Input::Supervisor { request, by: BOB, verb });
            feed(&mut bench, &mut offers, agent(BOB, AgentVerb::Presence(PresenceId(0))));
            if round % 7 == 0 {
                feed(&mut bench, &mut offers, Input::AgentLost(BOB));
                bench.now.mono_ms += 200_000;
                bench.now.wall_ms += 200_000;
                feed(&mut bench, &mut offers, Input::Tick);
                feed(&mut bench, &mut offers, Input::AgentOnline(BOB));
            }
            bench.now.mono_ms += 40_000;
            bench.now.wall_ms += 40_000;
            feed(&mut bench, &mut offers, Input::Tick);
        }
    });
    assert!(inputs > 3_000, "a busy day: {inputs} inputs");
    assert_eq!(counted.count_total, 0, "allocations in {inputs} inputs");
}
