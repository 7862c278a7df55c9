//! The seeded simulation: random days at random desks, held against a shadow that knows only the
//! requirements (`shadow.rs` and its neighbours).
//!
//! `make sim SEED=7 STEPS=50000` runs one seed; without `SEED` several run, and `STEPS` is their sum. Each
//! seed draws its desk and which kinds of action it has. A failure prints how to see it again.

mod act;
mod actions;
mod begin;
mod checks;
mod closing;
mod desk;
mod expect;
mod reached;
#[path = "../engine/record.rs"]
mod record;
mod rng;
mod search;
mod shadow;
mod store;
mod stream;
mod world;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::Instant;

use actions::Swarm;
use reached::REACHED;
use world::World;

const SEEDS: u64 = 20;
const STEPS: u64 = 200_000;

static BROKEN: Mutex<String> = Mutex::new(String::new());

fn from_environment(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok().filter(|value| !value.is_empty())?;
    match value.parse() {
        Ok(number) => Some(number),
        Err(_) => {
            eprintln!("{name}={value}: not a number");
            std::process::exit(2);
        }
    }
}

fn main() {
    // A harness of its own still answers the runner's questions.
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let other =
        arguments.iter().any(|argument| !argument.starts_with('-') && !"simulation".contains(&**argument));
    if other || arguments.iter().any(|argument| argument == "--list") {
        println!("0 passed, 0 failed");
        return;
    }
    std::panic::set_hook(Box::new(|info| {
        *BROKEN.lock().expect("one thread") = format!("{info}");
    }));
    let seed = from_environment("SEED");
    let steps = from_environment("STEPS");
    let alone = seed.is_some();
    let seeds: Vec<u64> = seed.map_or_else(|| (1..=SEEDS).collect(), |seed| vec![seed]);
    let sum = steps.unwrap_or(STEPS);
    let mut all = BTreeSet::new();
    for &seed in &seeds {
        let steps = if alone { sum } else { share(seed, sum) };
        let first = run(seed, steps, &mut all);
        if seed == seeds[0] {
            // Once more, to see that it is the same run twice.
            let again = run(seed, steps, &mut all);
            if first != again {
                println!("seed {seed}: the same run gave other effects: {first:016x} and {again:016x}");
                println!("0 passed, 1 failed");
                std::process::exit(1);
            }
        }
    }
    // What no seed comes past is not tested: a change of the simulation must not lose it unseen.
    let missed: Vec<&&str> = REACHED.iter().filter(|what| !all.contains(**what)).collect();
    if !alone && sum >= STEPS && !missed.is_empty() {
        println!("no seed came past {missed:?}");
        println!("0 passed, 1 failed");
        std::process::exit(1);
    }
    println!("{} passed, 0 failed", seeds.len());
}

/// A seed's share of all steps. Large tables cost ten times as much a step, so they get few.
fn share(seed: u64, sum: u64) -> u64 {
    let large = (1..=SEEDS).filter(|&seed| desk::capacity_of(seed).0 != "tiny").count() as u64;
    let each = sum / 50;
    if desk::capacity_of(seed).0 == "tiny" { (sum - each * large) / (SEEDS - large) } else { each }
}

/// One seed, to closing time. Gives the hash of all effects.
fn run(seed: u64, steps: u64, all: &mut BTreeSet<String>) -> u64 {
    let started = Instant::now();
    let mut world = World::new(seed);
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let swarm = Swarm::draw(&mut world);
        while world.inputs < steps {
            world.random_step(&swarm);
        }
        world.close_the_day();
    }));
    if outcome.is_err() {
        report(seed, steps, &world);
        std::process::exit(1);
    }
    println!(
        "sim  seed {seed:>6}  {:<6}  {:>9} inputs  {:>8} offers  {:>8} closed  {:>5} restarts  {:016x}  {:>6.1} s",
        desk::capacity_of(seed).0,
        world.inputs,
        world.offers,
        world.closed,
        world.restarts,
        world.hash.0,
        started.elapsed().as_secs_f64(),
    );
    all.extend(world.reached);
    world.hash.0
}

fn report(seed: u64, steps: u64, world: &World) {
    println!("seed {seed}, step {} of {steps}:", world.inputs);
    println!("{}", BROKEN.lock().expect("one thread"));
    println!("the last inputs (monotonic ms, wall ms):");
    for (now, act) in &world.trace {
        let what = match act {
            act::Act::Desk(_) => "Desk(..)".into(),
            act::Act::Restart(ms) => format!("Restart after {ms} ms"),
            act => format!("{act:?}"),
        };
        println!("  {:>12} {:>15}  {what}", now.mono_ms, now.wall_ms);
    }
    println!("what came of the last:");
    for effect in &world.effects {
        println!("  {effect:?}");
    }
    println!("again: make sim SEED={seed} STEPS={}", world.inputs);
    println!("0 passed, 1 failed");
}
