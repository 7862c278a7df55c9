//! The corpora of the fuzzer, run through once: what it found stays mended. `make fuzz` is the search itself.

#[path = "fuzz/targets.rs"]
mod targets;

use std::fs;
use std::path::Path;

#[test]
fn every_input_the_fuzzer_kept_is_taken_or_refused_without_a_panic() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus");
    for (name, run) in targets::TARGETS {
        let mut inputs = 0;
        for entry in fs::read_dir(corpus.join(name)).expect("a corpus for each target").flatten() {
            let input = fs::read(entry.path()).expect("readable");
            println!("{}", entry.path().display());
            run(&input);
            inputs += 1;
        }
        assert!(inputs > 0, "{name} has no corpus");
    }
}

/// A corpus is for people to read in a sitting, not for a machine to train on.
#[test]
fn corpora_stay_small() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus");
    for entry in fs::read_dir(corpus).expect("corpora").flatten() {
        let sizes: Vec<u64> = fs::read_dir(entry.path())
            .expect("a corpus")
            .flatten()
            .map(|file| file.metadata().expect("readable").len())
            .collect();
        let (count, bytes) = (sizes.len(), sizes.iter().sum::<u64>());
        assert!(count <= 40 && bytes <= 64 * 1024, "{:?}: {count} files, {bytes} bytes", entry.path());
    }
}
