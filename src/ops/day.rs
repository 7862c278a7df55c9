//! How the last day went, in a fixed number of samples: what the health page draws.
//!
//! Taken by the main thread, which has nothing else to do; lost with the process, since a chart is not worth a write.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// From one sample to the next. Halved: twice the samples in memory, and no page shows more.
pub const SAMPLE_S: u64 = 300;

/// Samples of a day.
pub const SAMPLES_MAX: usize = (24 * 3600 / SAMPLE_S) as usize;

/// One sample.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sample {
    /// When, on the system's clock.
    pub at_ms: i64,
    /// Conversations in the tables.
    pub conversations: u32,
    /// Customers in line.
    pub waiting: u32,
    /// Sockets of customers and staff.
    pub sockets: u32,
    /// Memory the process held.
    pub resident_bytes: u64,
    /// The slowest sync of the journal since the sample before, in microseconds.
    pub sync_us: u64,
    /// Degrees Celsius of the board, where it tells.
    pub celsius: Option<f32>,
}

/// The samples of the last day, oldest first.
#[derive(Debug, Default)]
pub struct Day(Mutex<VecDeque<Sample>>);

impl Day {
    /// Adds the newest; the oldest gives way after a day.
    pub fn add(&self, sample: Sample) {
        let mut samples = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if samples.len() >= SAMPLES_MAX {
            samples.pop_front();
        }
        samples.push_back(sample);
    }

    /// All of them.
    pub fn samples(&self) -> Vec<Sample> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }
}

/// The board's temperature in degrees Celsius: the hottest of its zones; none where it has none.
pub fn celsius() -> Option<f32> {
    let zones = std::fs::read_dir("/sys/class/thermal").ok()?;
    let zone = |entry: std::fs::DirEntry| {
        let text = std::fs::read_to_string(entry.path().join("temp")).ok()?;
        let milli: i32 = text.trim().parse().ok()?;
        // A sensor that is not connected says 0, or something no board survives.
        (1_000..150_000).contains(&milli).then_some(milli as f32 / 1000.0)
    };
    zones.flatten().take(64).filter_map(zone).reduce(f32::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_kept_and_no_more() {
        let day = Day::default();
        for number in 0..SAMPLES_MAX + 5 {
            day.add(Sample { conversations: number as u32, ..Sample::default() });
        }
        let samples = day.samples();
        assert_eq!(samples.len(), SAMPLES_MAX);
        assert_eq!(samples[0].conversations, 5);
    }
}
