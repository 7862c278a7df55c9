//! The seeded simulation: random days at random desks, held against a shadow that knows only the
//! requirements (`shadow.rs` and its neighbours).
//!
//! `make sim SEED=7 STEPS=50000` runs one seed; without `SEED` several run, and `STEPS` is their sum. Each
//! seed draws its desk and which kinds of action it has. A day that breaks something is made as short as it can be
//! (`shrink.rs`), and printed with how to see it again: the seed, and the numbers of the steps that are needed.

mod act;
mod actions;
mod begin;
mod bots;
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
mod shrink;
mod step;
mod store;
mod stream;
mod world;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::Instant;

use actions::Swarm;
use reached::REACHED;
use shrink::{Planted, broke, numbers, ranges, shrink};
use step::Step;
use world::{Fnv, World};

const SEEDS: u64 = 20;
const STEPS: u64 = 200_000;

/// Seeds that run twice, to see that it is the same run.
const TWICE: u64 = 4;

/// What broke, and at which line of which file.
#[derive(Clone, Default)]
struct Broken {
    message: String,
    place: String,
}

static BROKEN: Mutex<Option<Broken>> = Mutex::new(None);

fn take_broken() -> Broken {
    BROKEN.lock().expect("one thread").take().unwrap_or_default()
}

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
        let place = info.location().map_or_else(String::new, ToString::to_string);
        *BROKEN.lock().expect("one thread") = Some(Broken { message: format!("{info}"), place });
    }));
    let seed = from_environment("SEED");
    let steps = from_environment("STEPS");
    let only = std::env::var("ONLY").ok().filter(|only| !only.is_empty());
    if let (Some(seed), Some(only)) = (seed, &only) {
        return only_these(seed, steps.unwrap_or(STEPS), only);
    }
    let alone = seed.is_some();
    let seeds: Vec<u64> = seed.map_or_else(|| (1..=SEEDS).collect(), |seed| vec![seed]);
    let sum = steps.unwrap_or(STEPS);
    if !alone {
        a_planted_defect_is_found_and_made_short();
    }
    let mut all = BTreeSet::new();
    let mut digest = Fnv::new();
    for &seed in &seeds {
        let steps = if alone { sum } else { share(seed, sum) };
        let first = run(seed, steps, &mut all);
        write!(digest, "{first:016x}").expect("hashing does not fail");
        if seed <= TWICE || alone {
            // Once more, to see that it is the same run twice.
            let again = run(seed, steps, &mut all);
            if first != again {
                fail(&format!("seed {seed}: the same run gave other effects: {first:016x} and {again:016x}"));
            }
        }
    }
    // Another machine must come to the same: `make sim-arm64` compares this line.
    println!("sim  all effects of all seeds: {:016x}", digest.0);
    // What no seed comes past is not tested: a change of the simulation must not lose it unseen.
    let missed: Vec<&&str> = REACHED.iter().filter(|what| !all.contains(**what)).collect();
    if !alone && sum >= STEPS && !missed.is_empty() {
        fail(&format!("no seed came past {missed:?}"));
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
    if catch_unwind(AssertUnwindSafe(|| take_day(&mut world, steps))).is_err() {
        report(seed, steps, &world);
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

fn take_day(world: &mut World, steps: u64) {
    let swarm = Swarm::draw(world);
    while world.inputs < steps {
        world.random_step(&swarm);
    }
    world.take(Step::CloseTheDay);
}

/// The steps of a day, up to where it breaks if it does.
fn script(seed: u64, steps: u64) -> Vec<Step> {
    let mut world = World::new(seed);
    world.script = Some(Vec::new());
    let _ = catch_unwind(AssertUnwindSafe(|| take_day(&mut world, steps)));
    world.script.take().unwrap_or_default()
}

/// Takes some steps of a day again, as `report` has named them.
fn only_these(seed: u64, steps: u64, only: &str) {
    let script = script(seed, steps);
    let kept = numbers(only).filter(|kept| kept.iter().all(|&at| at < script.len()));
    let Some(kept) = kept else { fail(&format!("ONLY={only}: not numbers of steps of this day")) };
    for &at in &kept {
        println!("  {at:>7}  {:?}", script[at]);
    }
    match broke(seed, &script, &kept, None) {
        Some(broken) => fail(&broken.message),
        None => println!("1 passed, 0 failed"),
    }
}

fn report(seed: u64, steps: u64, world: &World) -> ! {
    let broken = take_broken();
    println!("seed {seed}, input {} of {steps}:", world.inputs);
    println!("{}", broken.message);
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
    // A day that breaks has no end, so its steps are those of any longer one.
    let script = script(seed, steps);
    let kept = shrink(seed, &script, &broken.place, None);
    println!("of its {} steps these are enough to break at {}:", script.len(), broken.place);
    for &at in &kept {
        println!("  {at:>7}  {:?}", script[at]);
    }
    println!("again: make sim SEED={seed} STEPS={steps} ONLY={}", ranges(&kept));
    fail("the simulation broke");
}

fn fail(why: &str) -> ! {
    println!("{why}");
    println!("0 passed, 1 failed");
    std::process::exit(1);
}

/// The shortener is only used on the day something breaks: so that it works then, a defect that needs two things
/// to come together is planted into an ordinary day.
fn a_planted_defect_is_found_and_made_short() {
    let planted: Planted = |world| !world.shadow.parked.is_empty() && world.restarts > 0;
    let (seed, steps) = (2, 3_000);
    let script = script(seed, steps);
    let all: Vec<usize> = (0..script.len()).collect();
    let Some(broken) = broke(seed, &script, &all, Some(planted)) else {
        fail("the planted defect is not met")
    };
    let kept = shrink(seed, &script, &broken.place, Some(planted));
    let again = numbers(&ranges(&kept)).and_then(|kept| broke(seed, &script, &kept, Some(planted)));
    // In, an arrival, its acceptance, the parking, a restart; a wait or two if the order asks for it.
    if kept.len() > 12 || again.is_none_or(|again| again.place != broken.place) {
        fail(&format!("the planted defect takes {} steps: {}", kept.len(), ranges(&kept)));
    }
    println!("sim  a planted defect: {} steps made {}", script.len(), kept.len());
}
