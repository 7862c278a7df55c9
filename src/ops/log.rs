//! The log: one line a record on standard error, where systemd's journal takes it. Never a secret.

use std::io::Write;

use ::log::{LevelFilter, Log, Metadata, Record};

struct Lines;

impl Log for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= ::log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let text = record.args().to_string().replace(['\n', '\r'], " ");
        let level = record.level().as_str().to_ascii_lowercase();
        // A closed standard error must not end the box.
        let _ = writeln!(std::io::stderr().lock(), "{level} {}: {text}", record.target());
    }

    fn flush(&self) {}
}

/// Starts the log at a level. Called once; a second call changes the level only.
pub fn start(level: LevelFilter) {
    let _ = ::log::set_logger(&Lines);
    ::log::set_max_level(level);
}
