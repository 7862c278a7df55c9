//! Coverage-guided fuzzing of one target, named by FUZZ_TARGET: see `targets.rs`. The arguments are libFuzzer's.
#![no_main]

mod targets;

use std::sync::OnceLock;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    static CHOSEN: OnceLock<fn(&[u8])> = OnceLock::new();
    let run = CHOSEN.get_or_init(|| {
        let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
        targets::find(&name).unwrap_or_else(|| panic!("FUZZ_TARGET is one of {}", targets::names()))
    });
    run(data);
});
