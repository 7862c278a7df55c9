//! How long a start after SIGKILL takes with little and with much history: flat, since it is bounded by the ring.
//!
//! `cargo bench --bench start`; `START_MIB="1 100 1000"` sets the sizes. Medians, as ratios to the smallest of the run.

#[path = "../tests/support/history.rs"]
mod history;
#[path = "support/mod.rs"]
mod support;

use history::write_history;
use support::Demo;

const STARTS: usize = 7;

/// Milliseconds from the start of the process to its ready line, the middle one of several, each after SIGKILL.
fn start_ms(mib: u64) -> (f64, u64) {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder on the disk under test");
    // Once before: certificates and hashes are made.
    Demo::start(dir.path(), 0).kill();
    write_history(dir.path(), mib << 20);
    Demo::start(dir.path(), 0).kill();
    let mut times: Vec<f64> = (0..STARTS)
        .map(|_| {
            let mut demo = Demo::start(dir.path(), 0);
            demo.kill();
            demo.ready.as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let state = std::fs::metadata(dir.path().join("state.redb")).map_or(0, |meta| meta.len() >> 20);
    (times[STARTS / 2], state)
}

fn main() {
    let sizes = std::env::var("START_MIB").unwrap_or_else(|_| "1 100 1000".to_owned());
    let sizes: Vec<u64> = sizes.split(' ').map(|text| text.parse().expect("MiB")).collect();
    println!("start after SIGKILL, medians of {STARTS}");
    println!("{:>12} {:>12} {:>9} {:>7}", "history MiB", "state MiB", "ms", "ratio");
    let mut floor = None;
    for mib in sizes {
        let (ms, state) = start_ms(mib);
        let ratio = ms / *floor.get_or_insert(ms);
        println!("{mib:>12} {state:>12} {ms:>9.1} {ratio:>7.2}");
    }
}
