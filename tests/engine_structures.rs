//! The engine's structures against the plain collections they replace.

use std::collections::{BTreeMap, HashMap};

use deskbell::engine::id::Handle;
use deskbell::engine::line::Lines;
use deskbell::engine::table::{IdMap, Table};
use deskbell::engine::wheel::{TimerId, Wheel};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum TimerStep {
    Arm(u64),
    Cancel(usize),
    Advance(u64),
}

/// Mostly near, now and then days or years away.
fn delay() -> impl Strategy<Value = u64> {
    prop_oneof![0_u64..200, 0_u64..100_000, 0_u64..10_000_000_000, Just(u64::MAX / 2)]
}

fn timer_steps() -> impl Strategy<Value = Vec<TimerStep>> {
    let step = prop_oneof![
        3 => delay().prop_map(TimerStep::Arm),
        1 => any::<usize>().prop_map(TimerStep::Cancel),
        2 => delay().prop_map(TimerStep::Advance),
    ];
    proptest::collection::vec(step, 1..120)
}

const TIMERS: u32 = 24;

proptest! {
    #[test]
    fn the_wheel_fires_like_a_sorted_list(start in 0_u64..1 << 40, steps in timer_steps()) {
        let mut wheel = Wheel::new(TIMERS, start);
        // The model: by deadline, then by order of arming.
        let mut model: BTreeMap<(u64, u64), TimerId> = BTreeMap::new();
        let (mut now, mut order) = (start, 0_u64);
        for step in steps {
            match step {
                TimerStep::Arm(delay) => {
                    let deadline = now.saturating_add(delay);
                    order += 1;
                    let timer = wheel.arm(deadline, order);
                    prop_assert_eq!(timer.is_none(), model.len() == TIMERS as usize, "full is refused");
                    if let Some(timer) = timer {
                        model.insert((deadline, order), timer);
                    }
                }
                TimerStep::Cancel(at) if !model.is_empty() => {
                    let key = *model.keys().nth(at % model.len()).unwrap();
                    let timer = model.remove(&key).unwrap();
                    prop_assert!(wheel.cancel(timer));
                    prop_assert!(!wheel.cancel(timer), "a cancelled timer is stale");
                }
                TimerStep::Cancel(_) => {}
                TimerStep::Advance(by) => {
                    now = now.saturating_add(by);
                    while let Some(fired) = wheel.expire(now) {
                        let ((deadline, expected), timer) = model.pop_first().expect("something was due");
                        prop_assert_eq!(fired, expected);
                        prop_assert!(deadline <= now, "never early");
                        prop_assert!(!wheel.cancel(timer), "a fired timer is stale");
                    }
                    if let Some((&(deadline, _), _)) = model.first_key_value() {
                        prop_assert!(deadline > now, "never late");
                    }
                }
            }
            prop_assert_eq!(wheel.len() as usize, model.len());
            let earliest = model.first_key_value().map(|(&(deadline, _), _)| deadline);
            match (wheel.next_deadline(), earliest) {
                (Some(next), Some(earliest)) => prop_assert!(next <= earliest, "looks again in time"),
                (next, earliest) => prop_assert_eq!(next, earliest),
            }
        }
    }

    #[test]
    fn a_table_keeps_its_rows_and_knows_stale_handles(steps in proptest::collection::vec((any::<bool>(), any::<usize>()), 1..200)) {
        let mut table = Table::new(6);
        let mut model: HashMap<Handle, usize> = HashMap::new();
        let mut gone = Vec::new();
        for (at, (put, pick)) in steps.into_iter().enumerate() {
            if put {
                let handle = table.insert_with(|_| at);
                prop_assert_eq!(handle.is_none(), model.len() == 6, "full is refused");
                if let Some(handle) = handle {
                    prop_assert!(model.insert(handle, at).is_none(), "a handle is never given twice");
                }
            } else if !model.is_empty() {
                let mut handles: Vec<_> = model.keys().copied().collect();
                handles.sort();
                let handle = handles[pick % handles.len()];
                prop_assert!(table.remove(handle));
                model.remove(&handle);
                gone.push(handle);
            }
            prop_assert_eq!(table.len() as usize, model.len());
            for (handle, row) in &model {
                prop_assert_eq!(table.get(*handle), Some(row));
                prop_assert_eq!(table.at(handle.index), Some(*handle));
            }
            for handle in &gone {
                prop_assert_eq!(table.get(*handle), None);
                prop_assert!(!table.remove(*handle));
            }
            prop_assert_eq!(table.iter().count(), model.len());
        }
    }

    #[test]
    fn the_map_of_names_answers_like_a_hash_map(steps in proptest::collection::vec((0_u8..3, 0_u64..40), 1..300)) {
        let mut map = IdMap::new(8);
        let mut model = HashMap::new();
        for (at, (what, id)) in steps.into_iter().enumerate() {
            // Names that collide: the map looks at high bits.
            let id = id << 40;
            let handle = Handle { index: at as u32, generation: 0 };
            match what {
                0 => prop_assert_eq!(map.remove(id), model.remove(&id)),
                _ => {
                    let fits = !model.contains_key(&id) && model.len() < 8;
                    prop_assert_eq!(map.insert(id, handle), fits);
                    if fits {
                        model.insert(id, handle);
                    }
                }
            }
            for known in 0..40_u64 {
                prop_assert_eq!(map.get(known << 40), model.get(&(known << 40)).copied());
            }
        }
    }

    #[test]
    fn lines_stand_in_order_like_sorted_lists(steps in proptest::collection::vec((0_usize..3, 0_u32..12, 0_i64..6), 1..150)) {
        let mut lines = Lines::new(3, 12);
        let mut model: [BTreeMap<(i64, u64), u32>; 3] = Default::default();
        for (line, slot, arrived) in steps {
            let key = (arrived, u64::from(slot));
            if let Some(held) = lines.line_of(slot) {
                let old = lines.key(slot);
                prop_assert_eq!(model[held].remove(&old), Some(slot));
                prop_assert!(lines.remove(slot));
                prop_assert!(!lines.remove(slot), "in no line any more");
            } else {
                lines.insert(line, slot, key);
                model[line].insert(key, slot);
            }
            for (at, expected) in model.iter().enumerate() {
                let walked: Vec<u32> =
                    std::iter::successors(lines.head(at), |&slot| lines.next(slot)).collect();
                prop_assert_eq!(walked, expected.values().copied().collect::<Vec<_>>());
                prop_assert_eq!(lines.len(at) as usize, expected.len());
            }
        }
    }
}
