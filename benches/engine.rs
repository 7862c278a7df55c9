//! What one decision costs, and that its cost does not grow: 10 and 500 agents, 10 and 10,000 waiting.
//!
//! Times are medians of batches, quoted as ratios within the run; instructions come from valgrind, which
//! counts the same on a busy machine, as the difference of two runs of this program.

#[path = "../tests/engine/bench.rs"]
mod bench;

use std::process::Command;
use std::time::Instant;

use allocation_counter::measure;
use deskbell::engine::Engine;
use deskbell::engine::effect::Effect;
use deskbell::engine::id::{AgentId, ConversationId, OfferId, ReasonId, RequestId, TextId, WorkstreamId};
use deskbell::engine::input::{AgentVerb, Arrival, Input, WrapUp};
use deskbell::engine::settings::{AgentSettings, Capacity, Now, RoutingDesk, WorkItemKind};

/// Agents and people waiting.
#[derive(Clone, Copy)]
struct Size {
    agents: u16,
    waiting: u32,
}

const SIZES: [Size; 4] = [
    Size { agents: 10, waiting: 10 },
    Size { agents: 10, waiting: 10_000 },
    Size { agents: 500, waiting: 10 },
    Size { agents: 500, waiting: 10_000 },
];

/// A running offer: to whom, which, of what.
type Running = (AgentId, OfferId, ConversationId);

struct Branch {
    engine: Engine,
    now: Now,
    next: u64,
    inputs: u64,
}

fn desk(agents: u16) -> Box<RoutingDesk> {
    let mut desk = bench::desk();
    let settings = AgentSettings { capacity: 30, ..desk.agents[0] };
    desk.agents = vec![settings; agents.into()].into();
    desk.queues[0].members = (0..agents).map(AgentId).collect();
    desk
}

impl Branch {
    /// Everybody signed in and asked, the line full.
    fn busy(size: Size) -> Branch {
        let capacity = Capacity {
            conversations: size.waiting + u32::from(size.agents) + 16,
            agents: size.agents,
            queues: 2,
            workstreams: 4,
        };
        let now = Now { mono_ms: 0, wall_ms: 1_700_000_000_000 };
        let engine = Engine::new(capacity, desk(size.agents), now, 1);
        let mut branch = Branch { engine, now, next: 1, inputs: 0 };
        branch.feed(Input::Open);
        for agent in 0..size.agents {
            branch.feed(Input::AgentOnline(AgentId(agent)));
        }
        for _ in 0..u32::from(size.agents) + size.waiting {
            branch.arrive();
        }
        branch
    }

    fn feed(&mut self, input: Input) -> Option<Running> {
        self.inputs += 1;
        self.engine.handle(self.now, input);
        let mut offered = None;
        while let Some(effect) = self.engine.poll_effect() {
            if let Effect::Offered { conversation, agent, offer } = effect {
                let id = self.engine.view(conversation).expect("just offered").id;
                offered = Some((agent, offer, id));
            }
        }
        offered
    }

    fn arrive(&mut self) -> Option<Running> {
        let conversation = ConversationId(self.next);
        self.next += 1;
        let arrival = Arrival {
            conversation,
            workstream: WorkstreamId(0),
            queue: None,
            kind: WorkItemKind::Chat,
            comment: Some(TextId(1)),
            preferred: None,
            left: false,
        };
        self.feed(Input::Arrival { request: Some(RequestId(1)), arrival })
    }

    /// One assignment: an agent accepts, ends and wraps up, the next in line is offered to her, one more
    /// arrives. The desk is as busy after it as before.
    fn assign(&mut self, (agent, offer, conversation): Running) -> Running {
        let request = Some(RequestId(2));
        self.feed(Input::Agent { request, agent, verb: AgentVerb::Accept(offer) });
        self.feed(Input::Agent { request, agent, verb: AgentVerb::End(conversation) });
        let wrapup = WrapUp { reason: Some(ReasonId(0)), comment: None };
        let verb = AgentVerb::WrapUp { conversation, wrapup };
        let next = self.feed(Input::Agent { request, agent, verb }).expect("the next in line");
        self.now.mono_ms += 1;
        self.now.wall_ms += 1;
        self.arrive();
        next
    }

    fn first_offer(&self) -> Running {
        let row = self.engine.conversations().find(|row| row.phase.offer().is_some()).expect("an offer");
        let offer = row.phase.offer().expect("found by it");
        (offer.agent, offer.id, row.id)
    }
}

fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

fn nanoseconds(size: Size) -> f64 {
    let mut branch = Branch::busy(size);
    let mut running = branch.first_offer();
    let mut batch = || {
        let start = Instant::now();
        for _ in 0..20 {
            running = branch.assign(running);
        }
        start.elapsed().as_nanos() as f64 / 20.0
    };
    median((0..101).map(|_| batch()).collect())
}

/// Instructions of one assignment: this program again under valgrind, with more and with fewer of them.
fn instructions(size: Size) -> Option<u64> {
    let program = std::env::current_exe().ok()?;
    let count = |rounds: u32| {
        let run = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(&program)
            .args(["only", &size.agents.to_string(), &size.waiting.to_string(), &rounds.to_string()])
            .output()
            .ok()?;
        let text = String::from_utf8_lossy(&run.stderr).to_string();
        let line = text.lines().find(|line| line.contains("Collected :"))?;
        line.rsplit(':').next()?.trim().parse::<u64>().ok()
    };
    Some(count(220)?.checked_sub(count(20)?)? / 200)
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, only, agents, waiting, rounds] = &arguments[..]
        && only == "only"
    {
        let number = |text: &String| text.parse().expect("a number");
        let size = Size { agents: agents.parse().expect("a number"), waiting: number(waiting) };
        let mut branch = Branch::busy(size);
        let mut running = branch.first_offer();
        for _ in 0..number(rounds) {
            running = branch.assign(running);
        }
        return;
    }
    println!("engine: one assignment (accept, end, wrap up, offer the next, one more arrives)");
    println!(
        "{:>8} {:>9} {:>12} {:>7} {:>14} {:>7}",
        "agents", "waiting", "median ns", "ratio", "instructions", "ratio"
    );
    let mut floor: Option<(f64, Option<u64>)> = None;
    for size in SIZES {
        let (time, count) = (nanoseconds(size), instructions(size));
        let (base_time, base_count) = *floor.get_or_insert((time, count));
        let ratio = match (count, base_count) {
            (Some(count), Some(base)) => format!("{:.2}", count as f64 / base as f64),
            _ => "-".into(),
        };
        let count = count.map_or("no valgrind".into(), |count| count.to_string());
        let Size { agents, waiting } = size;
        println!("{agents:>8} {waiting:>9} {time:>12.0} {:>7.2} {count:>14} {ratio:>7}", time / base_time);
    }
    let mut branch = Branch::busy(SIZES[0]);
    let mut running = branch.first_offer();
    let before = branch.inputs;
    let counted = measure(|| {
        for _ in 0..1_000 {
            running = branch.assign(running);
        }
    });
    println!("allocations in {} inputs: {}", branch.inputs - before, counted.count_total);
}
