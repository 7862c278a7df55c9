//! The box's outside: units, profiles, settings, and the image around them.
//!
//! What reads files is quick and runs with everything else. What boots a system or installs packages is
//! ignored here and run by `make test-units`.

#[path = "units/booted.rs"]
mod booted;
#[path = "units/guest.rs"]
mod guest;
#[path = "units/memory.rs"]
mod memory;
#[path = "units/settings.rs"]
mod settings;
#[path = "units/verify.rs"]
mod verify;

use std::fs;
use std::path::{Path, PathBuf};

/// A file or folder of the project.
fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The text of a file of the project.
fn text(path: &str) -> String {
    fs::read_to_string(project(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The values of a key of a unit, in order, as systemd would collect them.
fn values(unit: &str, key: &str) -> Vec<String> {
    let start = format!("{key}=");
    unit.lines().filter_map(|line| line.strip_prefix(&start)).map(str::to_owned).collect()
}
