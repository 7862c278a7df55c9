//! A long day that breaks something becomes a short one: steps are left out as long as it breaks in the same place.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use deskbell::engine::input::AgentVerb;

use crate::act::Act;
use crate::step::Step;
use crate::world::World;
use crate::{Broken, take_broken};

/// How long to look for a shorter day.
const PATIENCE: Duration = Duration::from_secs(90);

/// What a defect planted by the check of this very file needs: that much must be left of a day.
pub(crate) type Planted = fn(&World) -> bool;

/// Takes these steps of a day, and says where it broke.
pub(crate) fn broke(seed: u64, script: &[Step], kept: &[usize], planted: Option<Planted>) -> Option<Broken> {
    let mut world = World::new(seed);
    // All is compared after every input, so that which steps are left out does not decide when it is seen.
    world.every = 1;
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        for &at in kept {
            let step = world.meant(script[at].clone());
            world.take(step);
            assert!(!planted.is_some_and(|found| found(&world)), "planted");
        }
    }));
    outcome.is_err().then(take_broken)
}

impl World {
    /// Offers are numbered as they are made: of a day without some of its steps they have other numbers. Who
    /// answers one that is not running there means the one she has.
    fn meant(&self, step: Step) -> Step {
        let Step::Act(Act::Agent(agent, verb)) = step else { return step };
        let (AgentVerb::Shown(offer) | AgentVerb::Accept(offer) | AgentVerb::Reject(offer)) = verb else {
            return step;
        };
        let running = &self.shadow.offers;
        let hers = running.iter().find(|(_, running)| running.agent == agent).map(|(&offer, _)| offer);
        let Some(hers) = hers.filter(|_| !running.contains_key(&offer)) else { return step };
        let verb = match verb {
            AgentVerb::Shown(_) => AgentVerb::Shown(hers),
            AgentVerb::Accept(_) => AgentVerb::Accept(hers),
            _ => AgentVerb::Reject(hers),
        };
        Step::Act(Act::Agent(agent, verb))
    }
}

/// The numbers of the steps that are needed to break in the same place, as far as they are found in time.
pub(crate) fn shrink(seed: u64, script: &[Step], place: &str, planted: Option<Planted>) -> Vec<usize> {
    let started = Instant::now();
    let mut kept: Vec<usize> = (0..script.len()).collect();
    let mut chunk = kept.len().div_ceil(2).max(1);
    while started.elapsed() < PATIENCE {
        let before = kept.len();
        let mut end = kept.len();
        // From the end: what came last is needed most often, and what leads up to it least.
        while end > 0 && started.elapsed() < PATIENCE {
            let begin = end.saturating_sub(chunk);
            let tried: Vec<usize> = [&kept[..begin], &kept[end..]].concat();
            if broke(seed, script, &tried, planted).is_some_and(|broken| broken.place == place) {
                kept = tried;
            }
            end = begin;
        }
        if chunk == 1 && kept.len() == before {
            break;
        }
        chunk = (chunk / 2).max(1);
    }
    kept
}

/// `3,17,40-52`.
pub(crate) fn ranges(kept: &[usize]) -> String {
    let mut parts: Vec<Range<usize>> = Vec::new();
    for &at in kept {
        match parts.last_mut().filter(|last| last.end == at) {
            Some(last) => last.end += 1,
            None => parts.push(at..at + 1),
        }
    }
    let part = |part: &Range<usize>| match part.len() {
        1 => part.start.to_string(),
        _ => format!("{}-{}", part.start, part.end - 1),
    };
    parts.iter().map(part).collect::<Vec<_>>().join(",")
}

/// The numbers of `3,17,40-52`; `None` when it is something else.
pub(crate) fn numbers(text: &str) -> Option<Vec<usize>> {
    let part = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(first.trim().parse::<usize>().ok()?..=last.trim().parse().ok()?)
    };
    Some(text.split(',').map(part).collect::<Option<Vec<_>>>()?.into_iter().flatten().collect())
}
