//! The log: one line a record on standard error, where systemd's journal takes it; the newest lines are kept to be
//! shown in the admin pages, since the box cannot read the journal. Never a secret.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use ::log::{Level, LevelFilter, Log, Metadata, Record};

use crate::limits::{LOG_LINE_BYTES_MAX, LOG_LINES_KEPT};

/// A line that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When, on the system's clock.
    pub at_ms: i64,
    /// How bad.
    pub level: Level,
    /// Which part of the box says it.
    pub part: String,
    /// What it says; one line, its end cut off where it is too long.
    pub text: String,
}

struct Lines;

/// The newest lines, oldest first.
static KEPT: Mutex<VecDeque<Line>> = Mutex::new(VecDeque::new());

impl Log for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // Other people's code speaks up when something is wrong and not before: what it says of its work may hold an
        // address, and an address a secret.
        let own = metadata.target().starts_with("deskbell");
        metadata.level() <= ::log::max_level() && (own || metadata.level() <= ::log::Level::Warn)
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let text = record.args().to_string().replace(['\n', '\r'], " ");
        let level = record.level().as_str().to_ascii_lowercase();
        // A closed standard error must not end the box.
        let _ = writeln!(std::io::stderr().lock(), "{level} {}: {text}", record.target());
        keep(Line { at_ms: now_ms(), level: record.level(), part: part_of(record.target()), text });
    }

    fn flush(&self) {}
}

/// Starts the log at a level. Called once; a second call changes the level only.
pub fn start(level: LevelFilter) {
    let _ = ::log::set_logger(&Lines);
    ::log::set_max_level(level);
}

/// The newest lines at least this bad, the newest first.
pub fn newest(at_least: LevelFilter, limit: usize) -> Vec<Line> {
    let kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    kept.iter().rev().filter(|line| line.level <= at_least).take(limit).cloned().collect()
}

fn keep(mut line: Line) {
    let room = LOG_LINE_BYTES_MAX - size_of::<Line>() - line.part.len();
    if line.text.len() > room {
        const MARK: &str = "…";
        let end = line.text.floor_char_boundary(room - MARK.len());
        line.text.truncate(end);
        line.text.push_str(MARK);
    }
    line.text.shrink_to_fit();
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if kept.len() >= LOG_LINES_KEPT {
        kept.pop_front();
    }
    kept.push_back(line);
}

/// `gateway` of `deskbell::gateway::serve`: the part, and not the file.
fn part_of(target: &str) -> String {
    const PART_BYTES_MAX: usize = 24;
    let own = target.strip_prefix("deskbell::").unwrap_or(target);
    let part = own.split("::").next().unwrap_or(own);
    part[..part.floor_char_boundary(PART_BYTES_MAX)].to_owned()
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_lines_are_kept_and_each_is_bounded() {
        let line = |number: usize, level| Line {
            at_ms: number as i64,
            level,
            part: part_of("deskbell::gateway::serve"),
            text: format!("{number} {}", "ü".repeat(1000)),
        };
        for number in 0..LOG_LINES_KEPT + 10 {
            keep(line(number, if number % 100 == 0 { Level::Warn } else { Level::Info }));
        }
        let all = newest(LevelFilter::Trace, usize::MAX);
        assert_eq!(all.len(), LOG_LINES_KEPT);
        assert_eq!((all[0].at_ms, all[0].part.as_str()), (LOG_LINES_KEPT as i64 + 9, "gateway"));
        for line in &all {
            assert!(size_of::<Line>() + line.part.len() + line.text.len() <= LOG_LINE_BYTES_MAX);
            assert!(line.text.ends_with('…'));
        }
        let bad = newest(LevelFilter::Warn, 3);
        assert_eq!(bad.iter().map(|line| line.at_ms % 100).collect::<Vec<_>>(), [0, 0, 0]);
    }
}
