//! The worst case of each profile, summed from the limits, against the memory ceiling of its unit.
//!
//! A row is a bound of the code times its size, all of them full at once. Where the size is the code's own
//! (the engine's tables) it is counted and not estimated.

use allocation_counter::measure;
use deskbell::engine::Engine;
use deskbell::engine::presence::Status;
use deskbell::engine::settings::{AgentSettings, Capacity, Now, RoutingDesk};
use deskbell::limits;
use serde::Deserialize;

use super::{project, text, values};

const PROFILES: [&str; 4] = ["board-512m", "board-1g", "board-4g", "x86"];

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

/// Resident memory of a box that does nothing: program text, allocator, languages, pages. What
/// performance is held to (`cargo bench --bench box` prints what it is).
const IDLE_BYTES: u64 = 14 * MIB;

/// What a connection keeps when nothing moves: TLS session, tasks, slots. Measured: 11 KiB.
const IDLE_CONNECTION_BYTES: u64 = 12 * KIB;

/// The largest handshake message rustls joins before it gives up.
const HANDSHAKE_BYTES: u64 = 64 * KIB;

/// Memory of one argon2id hash, as the stored hashes name it (`m=19456`).
const PASSWORD_HASH_BYTES: u64 = 19 * MIB;

/// One remembered address or user of a failed sign-in, with its key.
const SIGN_IN_RECORD_BYTES: u64 = 768;

/// One remembered rate, with its key; there are six kinds of calls at most.
const RATE_RECORD_BYTES: u64 = 64 * 6;

/// What a thread's stack ever touches.
const STACK_BYTES: u64 = 128 * KIB;

/// desk, journal, apply, admin, clock and signals, eight readers, eight executors, two hashers.
const THREADS: u64 = 24;

/// What an allocator loses between pieces of many sizes, in percent of the sum.
const WASTE_PERCENT: u64 = 10;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Profile {
    board_memory_mib: u64,
    memory_max_mib: u64,
    connections_max: usize,
    staff_connections_reserved: usize,
    conversations_max: u32,
    agents_max: u16,
    outboxes_bytes_max: usize,
    bodies_bytes_max: usize,
    password_hashes_max: usize,
    submissions_bytes_max: usize,
    state_cache_bytes: usize,
    store_bytes_max: u64,
    journal_segments: u32,
}

fn profile(name: &str) -> Profile {
    let path = format!("firmware-config/profiles/{name}.toml");
    toml::from_str(&text(&path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Bytes the engine allocates at boot; afterwards it allocates nothing (`tests/engine_allocations.rs`).
fn engine_bytes(profile: &Profile) -> u64 {
    let capacity = Capacity {
        conversations: profile.conversations_max,
        agents: profile.agents_max,
        queues: limits::QUEUES_MAX as u16,
        workstreams: limits::WORKSTREAMS_MAX as u16,
    };
    let nobody = AgentSettings { present: false, capacity: 0, lost_ms: 0 };
    let desk = Box::new(RoutingDesk {
        workstreams: Vec::new().into(),
        queues: Vec::new().into(),
        agents: vec![nobody; usize::from(profile.agents_max)].into(),
        presences: Status::ALL.to_vec().into(),
        missed_enabled: true,
        reject_enabled: true,
    });
    let mut engine = None;
    let counted = measure(|| engine = Some(Engine::new(capacity, desk, Now::default(), 1)));
    assert!(engine.is_some());
    counted.bytes_max
}

/// A conversation outside the engine: the newest messages, and the card of who she is and where she came from.
const fn conversation_bytes() -> u64 {
    const CARD_BYTES: u64 = 12 * KIB;
    limits::TAIL_BYTES_MAX as u64 + CARD_BYTES
}

/// A connection in the dearest of its phases: shaking hands, sending a request's head, or in the middle of
/// the largest frame (as bytes and as text) while a piece of another leaves through TLS.
fn connection_bytes() -> u64 {
    let head = limits::HEADER_BYTES_MAX as u64;
    let frame = 2 * limits::CLIENT_FRAME_BYTES_MAX as u64 + 2 * limits::FRAME_PIECE_BYTES_MAX as u64;
    IDLE_CONNECTION_BYTES + HANDSHAKE_BYTES.max(head).max(frame)
}

/// Everything full at once.
fn worst_case(profile: &Profile) -> Vec<(&'static str, u64)> {
    let store = [
        profile.state_cache_bytes as u64,
        profile.submissions_bytes_max as u64,
        (limits::BATCHES_KEPT_MAX * limits::BUFFER_KEPT_BYTES_MAX) as u64,
        // The journal's write, and what the apply thread has in hand: the batch and its rows.
        (limits::JOURNAL_ENTRY_BYTES_MAX + limits::BATCH_BYTES_MAX) as u64,
        2 * limits::APPLY_BYTES_MAX as u64,
        2 * limits::BACKUP_CHUNK_BYTES as u64,
    ];
    const READS: u64 = 8;
    vec![
        ("the idle box", IDLE_BYTES),
        ("stacks", THREADS * STACK_BYTES),
        ("engine's tables", engine_bytes(profile)),
        ("conversations' texts", u64::from(profile.conversations_max) * conversation_bytes()),
        // The one in force, the one that is being compared with it, and the text of each.
        ("desks", 6 * limits::DESK_FILE_BYTES_MAX as u64),
        ("connections", profile.connections_max as u64 * connection_bytes()),
        ("outboxes", profile.outboxes_bytes_max as u64),
        ("request bodies", profile.bodies_bytes_max as u64),
        ("password hashes", profile.password_hashes_max as u64 * PASSWORD_HASH_BYTES),
        ("sign-ins", limits::SIGN_IN_RECORDS_MAX as u64 * SIGN_IN_RECORD_BYTES),
        ("rates", limits::RATE_RECORDS_MAX as u64 * RATE_RECORD_BYTES),
        ("store", store.iter().sum()),
        // Each read as rows and as the frame made of them.
        ("reads", READS * 2 * limits::READ_BYTES_MAX as u64),
    ]
}

fn with_waste(rows: &[(&str, u64)]) -> u64 {
    rows.iter().map(|(_, bytes)| bytes).sum::<u64>() * (100 + WASTE_PERCENT) / 100
}

#[test]
fn worst_case_of_every_profile_fits_its_ceiling() {
    for name in PROFILES {
        let profile = profile(name);
        let rows = worst_case(&profile);
        println!("\n{name}");
        for (what, bytes) in &rows {
            println!("  {what:<22} {:>8.1} MiB", *bytes as f64 / MIB as f64);
        }
        let worst = with_waste(&rows);
        println!(
            "  with {WASTE_PERCENT} % waste         {:>8.1} MiB of {}",
            worst as f64 / MIB as f64,
            profile.memory_max_mib
        );
        assert!(worst <= profile.memory_max_mib * MIB, "{name}: {worst} bytes at worst do not fit");
        // The rest of the board is for the system, and for the page cache that makes a slow card bearable.
        assert!(profile.memory_max_mib * 2 <= profile.board_memory_mib, "{name}: more than half the board");
    }
}

#[test]
fn a_ceiling_too_low_would_be_noticed() {
    let mut profile = profile(PROFILES[0]);
    profile.connections_max *= 4;
    assert!(with_waste(&worst_case(&profile)) > profile.memory_max_mib * MIB);
}

#[test]
fn every_profile_keeps_within_the_products_limits() {
    for name in PROFILES {
        let profile = profile(name);
        assert!(profile.connections_max <= limits::CONNECTIONS_MAX, "{name}");
        assert!(profile.staff_connections_reserved * 2 <= profile.connections_max, "{name}");
        // Four browsers each, as the contract allows: the whole staff gets in whatever stands at the door.
        assert!(profile.staff_connections_reserved * 4 >= usize::from(profile.agents_max).min(256), "{name}");
        assert!(usize::from(profile.agents_max) <= limits::AGENTS_MAX, "{name}");
        assert!(profile.outboxes_bytes_max <= limits::OUTBOXES_BYTES_MAX, "{name}");
        assert!(profile.outboxes_bytes_max >= limits::OUTBOX_BYTES_MAX, "{name}: one client could fill it");
        assert!(profile.bodies_bytes_max <= limits::BODIES_BYTES_MAX, "{name}");
        assert!(profile.bodies_bytes_max >= limits::DESK_FILE_BYTES_MAX, "{name}: no desk could be applied");
        assert!((1..=limits::PASSWORD_HASHES_MAX).contains(&profile.password_hashes_max), "{name}");
        assert!(profile.submissions_bytes_max <= limits::SUBMISSIONS_BYTES_MAX, "{name}");
        assert!(profile.submissions_bytes_max >= limits::BATCH_BYTES_MAX, "{name}: a desk would not fit");
        assert!(profile.state_cache_bytes >= 1 << 20, "{name}: redb would read every page twice");
        assert!(profile.store_bytes_max >= 1 << 30, "{name}");
        let segments = limits::JOURNAL_SEGMENTS..=limits::JOURNAL_SEGMENTS_MAX;
        assert!(segments.contains(&profile.journal_segments), "{name}");
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
    let mut known = PROFILES;
    known.sort_unstable();
    assert_eq!(found, known, "profiles that no test looks at");
    for name in PROFILES {
        let drop_in = text(&format!("firmware-config/profiles/{name}.conf"));
        assert_eq!(values(&drop_in, "MemoryMax"), [format!("{}M", profile(name).memory_max_mib)]);
    }
    // A box nobody has set up has the smallest ceiling, and the settings name the same profile.
    let unit = text("systemd/deskbell.service");
    assert_eq!(values(&unit, "MemoryMax"), [format!("{}M", profile(PROFILES[0]).memory_max_mib)]);
    assert!(text("firmware-config/deskbell.toml").contains(&format!("profile = \"{}\"", PROFILES[0])));
}
