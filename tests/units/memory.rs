//! The profiles: each within the product's limits, its worst case below the ceiling of its unit, and the sum in the
//! process held against what is really allocated.

use allocation_counter::measure;
use deskbell::engine::Engine;
use deskbell::engine::presence::Status;
use deskbell::engine::settings::{AgentSettings, Capacity, Now, RoutingDesk};
use deskbell::limits;
use deskbell::ops::bound::{worst_bytes, worst_case};
use deskbell::ops::profile::{BUILT_IN, KEYS, Profile};

use super::{project, text, values};

const MIB: u64 = 1024 * 1024;

fn profiles() -> impl Iterator<Item = Profile> {
    BUILT_IN.iter().map(|(name, text)| Profile::parse(name, text).unwrap_or_else(|fault| panic!("{fault}")))
}

#[test]
fn worst_case_of_every_profile_fits_its_ceiling() {
    // Reading a profile refuses one that does not fit; here is what people read.
    for profile in profiles() {
        println!("\n{}", profile.name);
        for row in worst_case(&profile) {
            println!("  {:<40} {:>8.1} MiB", row.what, row.bytes as f64 / MIB as f64);
        }
        let worst = worst_bytes(&profile);
        println!("  everything {:>37.1} MiB of {}", worst as f64 / MIB as f64, profile.memory_max_mib);
        assert!(worst <= profile.memory_max_mib * MIB, "{}: {worst} bytes at worst do not fit", profile.name);
    }
}

/// What the engine allocates at boot, counted; afterwards it allocates nothing (`tests/engine_allocations.rs`).
fn counted(capacity: Capacity) -> u64 {
    let nobody = AgentSettings { present: false, capacity: 0, lost_ms: 0 };
    let desk = Box::new(RoutingDesk {
        workstreams: Vec::new().into(),
        queues: Vec::new().into(),
        agents: vec![nobody; usize::from(capacity.agents)].into(),
        presences: Status::ALL.to_vec().into(),
        missed_enabled: true,
        reject_enabled: true,
    });
    let mut engine = None;
    let counted = measure(|| engine = Some(Engine::new(capacity, desk, Now::default(), 1)));
    assert!(engine.is_some());
    counted.bytes_max
}

#[test]
fn the_engines_share_is_what_it_allocates() {
    for profile in profiles() {
        let capacity = profile.capacity();
        let (said, counted) = (Engine::bytes(capacity), counted(capacity));
        // The sum has the desk's rows beside the tables, and nothing else the counter does not see.
        assert!(said >= counted, "{}: {said} said, {counted} allocated", profile.name);
        assert!(said - counted < MIB, "{}: {said} said, {counted} allocated", profile.name);
    }
}

#[test]
fn the_whole_staff_gets_in_whatever_stands_at_the_door() {
    for profile in profiles() {
        let staff = usize::from(profile.agents_max).min(256);
        assert!(
            profile.staff_connections_reserved * limits::SOCKETS_PER_PERSON_MAX >= staff,
            "{}",
            profile.name
        );
    }
}

#[test]
fn the_profiles_are_explained_key_by_key() {
    for (name, text) in BUILT_IN {
        for key in KEYS {
            let at = text.lines().position(|line| line.starts_with(&format!("{} = ", key.name)));
            assert!(at.is_some_and(|at| at > 0), "{name}: {}", key.name);
            assert!(!key.doc.is_empty());
        }
    }
}

#[test]
fn every_profile_has_the_drop_in_that_goes_with_it() {
    let mut found: Vec<String> = std::fs::read_dir(project("firmware-config/profiles"))
        .expect("profiles")
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".toml").map(str::to_owned))
        .collect();
    found.sort();
    let mut known = BUILT_IN.map(|(name, _)| name.to_owned());
    known.sort_unstable();
    assert_eq!(found, known, "profiles that no test looks at");
    for profile in profiles() {
        let drop_in = text(&format!("firmware-config/profiles/{}.conf", profile.name));
        assert_eq!(values(&drop_in, "MemoryMax"), [format!("{}M", profile.memory_max_mib)]);
    }
    // A box nobody has set up has the smallest ceiling, and the settings name the same profile.
    let smallest = profiles().next().expect("a profile");
    let unit = text("systemd/deskbell.service");
    assert_eq!(values(&unit, "MemoryMax"), [format!("{}M", smallest.memory_max_mib)]);
    assert!(text("firmware-config/deskbell.toml").contains(&format!("profile = \"{}\"", smallest.name)));
}
