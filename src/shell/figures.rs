//! What is counted of one day, and what the numbers mean (REQ B-11).
//!
//! Every event counts on the day it happens, by the clock on the branch's wall: a chat that arrives at 23:59 and is
//! accepted at 00:01 arrives on one day and is accepted on the next. Nothing is worked out afterwards from history:
//! a row costs the same however many it counts, and is right when what it counted is long erased.

use serde::{Deserialize, Serialize};

use crate::store::records::records;

/// Upper ends of a [`Spread`]'s steps in seconds; one more step takes what is longer. Close together where waits are
/// promised, and far apart where only the size matters.
pub const STEPS_S: [u32; 12] = [5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200];

/// Durations of a day: enough to tell mean, longest, and "nine of ten within".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spread {
    /// All of them together, in milliseconds.
    pub sum_ms: u64,
    /// The longest.
    pub max_ms: u64,
    /// How many ended within each of [`STEPS_S`], and how many took longer.
    pub steps: [u32; STEPS_S.len() + 1],
}

impl Spread {
    /// Counts one.
    pub fn add(&mut self, took_ms: i64) {
        let took_ms = took_ms.max(0).unsigned_abs();
        let step = STEPS_S.iter().position(|end_s| took_ms <= u64::from(*end_s) * 1000);
        self.sum_ms = self.sum_ms.saturating_add(took_ms);
        self.max_ms = self.max_ms.max(took_ms);
        self.steps[step.unwrap_or(STEPS_S.len())] += 1;
    }

    /// Adds another's.
    pub fn join(&mut self, other: &Spread) {
        self.sum_ms = self.sum_ms.saturating_add(other.sum_ms);
        self.max_ms = self.max_ms.max(other.max_ms);
        for (step, more) in self.steps.iter_mut().zip(other.steps) {
            *step = step.saturating_add(more);
        }
    }

    /// How many.
    pub fn count(&self) -> u64 {
        self.steps.iter().map(|step| u64::from(*step)).sum()
    }

    /// Their mean in milliseconds; `None` when there is none.
    pub fn mean_ms(&self) -> Option<u64> {
        self.sum_ms.checked_div(self.count())
    }

    /// Milliseconds within which at least this many percent of them ended: the end of the step in which they do, and
    /// never more than the longest. An upper bound, said as one; `None` when there is none.
    pub fn within_ms(&self, percent: u64) -> Option<u64> {
        let count = self.count();
        let wanted = (count * percent).div_ceil(100).max(1);
        let mut seen = 0;
        for (step, many) in self.steps.iter().enumerate() {
            seen += u64::from(*many);
            if seen >= wanted && count > 0 {
                let end_ms = STEPS_S.get(step).map_or(self.max_ms, |end_s| u64::from(*end_s) * 1000);
                return Some(end_ms.min(self.max_ms));
            }
        }
        None
    }
}

/// Figures of one day of one queue, workstream or agent (table `Figures`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayFigures {
    /// Requests received: chats, messages left, cases. In the queue they came to first; never for an agent.
    pub arrived: u32,
    /// Conversations accepted for the first time, by whom and in which queue.
    pub accepted: u32,
    /// Alerts that were shown and not answered in their time; transfers and conferences too.
    pub missed: u32,
    /// Alerts turned down.
    pub rejected: u32,
    /// Alerts whose page never showed them.
    pub undelivered: u32,
    /// Ended by the customer, or by her absence, before anybody accepted; never for an agent.
    pub abandoned: u32,
    /// Handed on by the queue or agent that had it: to an agent who took it, or to another queue.
    pub transferred: u32,
    /// Conversations that ended after somebody had accepted them; for the agent who had it last.
    pub ended: u32,
    /// From the request to the first acceptance, of those accepted this day. Messages left are not in it: the night
    /// is not a wait.
    pub waits: Spread,
    /// From the first acceptance to the end, of those that ended this day; the time a persistent one was set aside is
    /// in it.
    pub handling: Spread,
    /// Ratings given this day, from 1 to 5. One changed on the same day counts once, as it is now.
    pub ratings: [u32; 5],
}

records! {
    DayFigures = "figures of a day",
}

impl DayFigures {
    /// Adds another's.
    pub fn join(&mut self, other: &DayFigures) {
        let pairs = [
            (&mut self.arrived, other.arrived),
            (&mut self.accepted, other.accepted),
            (&mut self.missed, other.missed),
            (&mut self.rejected, other.rejected),
            (&mut self.undelivered, other.undelivered),
            (&mut self.abandoned, other.abandoned),
            (&mut self.transferred, other.transferred),
            (&mut self.ended, other.ended),
        ];
        for (sum, more) in pairs {
            *sum = sum.saturating_add(more);
        }
        self.waits.join(&other.waits);
        self.handling.join(&other.handling);
        for (sum, more) in self.ratings.iter_mut().zip(other.ratings) {
            *sum = sum.saturating_add(more);
        }
    }
}

/// A quarter of an hour of the day that runs (table `Figures`); it goes with its day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarter {
    /// Requests received.
    pub arrivals: u32,
    /// Conversations accepted for the first time …
    pub accepted: u32,
    /// … those of them that waited, which messages left did not …
    pub waits: u32,
    /// … and for how long together.
    pub waited_ms: i64,
    /// Alerts missed.
    pub missed: u32,
    /// Alerts rejected.
    pub rejected: u32,
}

records! {
    Quarter = "quarter of an hour",
}

/// By what figures are kept. The letter stands first in the key, so that a range of days is a range of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum By {
    /// Per agent.
    Agent,
    /// Per queue.
    Queue,
    /// Per workstream.
    Workstream,
}

impl By {
    const fn letter(self) -> u8 {
        match self {
            By::Agent => b'a',
            By::Queue => b'q',
            By::Workstream => b'w',
        }
    }
}

/// The first letter of the quarters' keys.
pub const QUARTERS: u8 = b't';

/// A calendar day as `20261128`: it sorts, and is read in a hex dump.
pub type DayNumber = u32;

/// The key of a row; without a name, where the rows of a day begin.
pub fn key(by: By, day: DayNumber, name: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(5 + name.len());
    key.push(by.letter());
    key.extend_from_slice(&day.to_be_bytes());
    key.extend_from_slice(name.as_bytes());
    key
}

/// Day and name of a row's key.
pub fn key_parts(key: &[u8]) -> Option<(DayNumber, &str)> {
    let (day, name) = key.get(1..)?.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*day), std::str::from_utf8(name).ok()?))
}

/// The key of a quarter.
pub fn quarter_key(day: DayNumber, quarter: u8) -> [u8; 6] {
    let day = day.to_be_bytes();
    [QUARTERS, day[0], day[1], day[2], day[3], quarter]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden;

    #[test]
    fn nine_of_ten_within_is_an_upper_bound_and_never_above_the_longest() {
        let mut spread = Spread::default();
        assert_eq!((spread.mean_ms(), spread.within_ms(90)), (None, None));
        for took_ms in [1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 7_000, 8_000, 9_000, 400_000] {
            spread.add(took_ms);
        }
        assert_eq!((spread.count(), spread.mean_ms(), spread.max_ms), (10, Some(44_500), 400_000));
        assert_eq!(spread.within_ms(50), Some(5_000));
        assert_eq!(spread.within_ms(90), Some(10_000));
        assert_eq!(spread.within_ms(100), Some(400_000));
        spread.add(i64::MIN);
        assert_eq!(spread.steps[0], 6, "a clock put back is no wait");
        let mut one = Spread::default();
        one.add(1_500);
        assert_eq!(one.within_ms(90), Some(1_500));
    }

    #[test]
    fn two_days_joined_are_as_if_counted_together() {
        let (mut one, mut two, mut both) = (Spread::default(), Spread::default(), Spread::default());
        for (at, took_ms) in [10, 20_000, 3_000_000, 9_000_000].into_iter().enumerate() {
            if at % 2 == 0 {
                one.add(took_ms)
            } else {
                two.add(took_ms)
            }
            both.add(took_ms);
        }
        one.join(&two);
        assert_eq!(one, both);
    }

    #[test]
    fn keys_sort_by_day_and_give_back_what_they_are_of() {
        let key = key(By::Queue, 20_261_128, "front");
        assert_eq!(key_parts(&key), Some((20_261_128, "front")));
        assert!(key < super::key(By::Queue, 20_261_129, "a"));
        assert_eq!(key_parts(&key[..3]), None);
    }

    golden!(
        a_day_is_stored_as,
        DayFigures {
            arrived: 3,
            accepted: 2,
            missed: 1,
            waits: Spread { sum_ms: 300, max_ms: 200, steps: [2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] },
            ratings: [0, 0, 0, 1, 2],
            ..DayFigures::default()
        },
        "0103020100000000 00ac02c80102000000000000000000000000 000000000000000000000000000000 0000000102"
    );
    golden!(
        a_quarter_is_stored_as,
        Quarter { arrivals: 3, accepted: 2, waits: 2, waited_ms: 1000, missed: 1, rejected: 0 },
        "01030202d00f0100"
    );
}
