//! How much of something a client may do: a burst, then so many a second. Pure: the time is passed in.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

/// An allowance: `burst` at once, then `per_s` a second.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate {
    /// How many at once after a rest.
    pub burst: u32,
    /// How many a second in the long run; not 0.
    pub per_s: u32,
}

/// Messages of one customer (protocol, "Limits of rate").
pub const CUSTOMER_MESSAGES: Rate = Rate { burst: 20, per_s: 5 };
/// Conversations one customer begins: each rings somebody.
pub const CUSTOMER_STARTS: Rate = Rate { burst: 20, per_s: 5 };
/// Signs of writing passed on of one customer, or of one window of an agent. Each goes to everybody in the conversation,
/// so a page that sends them without end would overflow outboxes that are not its own.
pub const TYPING: Rate = Rate { burst: 20, per_s: 5 };
/// Pages one customer goes on to without loading them.
pub const CUSTOMER_PAGES: Rate = Rate { burst: 10, per_s: 1 };
/// Requests of one bot, for all its conversations together.
pub const BOT_MESSAGES: Rate = Rate { burst: 200, per_s: 100 };
/// Messages of one agent.
pub const AGENT_MESSAGES: Rate = Rate { burst: 50, per_s: 20 };
/// Calls for an invitation from one address.
pub const INVITES: Rate = Rate { burst: 60, per_s: 1 };

/// What one client has used of its allowance: eight bytes.
///
/// Kept is the moment at which the allowance is whole again, rather than a level and a time: there is
/// nothing to top up, and a bucket at rest equals a new one.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Bucket {
    whole_at_us: u64,
}

impl Bucket {
    /// Takes one, or says how long until one is free again. A clock that goes back gains nothing, and costs no more than
    /// the burst: a wall set back by an hour must not silence whoever spoke before for that hour.
    pub fn take(&mut self, rate: Rate, now_ms: u64) -> Result<(), Duration> {
        let now_us = now_ms.saturating_mul(1000);
        let each_us = 1_000_000 / u64::from(rate.per_s.max(1));
        let horizon = now_us.saturating_add(each_us.saturating_mul(u64::from(rate.burst)));
        self.whole_at_us = self.whole_at_us.min(horizon);
        let after = self.whole_at_us.max(now_us).saturating_add(each_us);
        if after > horizon {
            return Err(Duration::from_micros(after - horizon));
        }
        self.whole_at_us = after;
        Ok(())
    }

    fn is_whole(&self, now_ms: u64) -> bool {
        self.whole_at_us <= now_ms.saturating_mul(1000)
    }
}

/// The allowances of many clients, by address or by name, in a table that cannot grow without end.
pub struct Rates<K> {
    rate: Rate,
    records_max: usize,
    buckets: HashMap<K, Bucket>,
}

impl<K: Eq + Hash + Clone> Rates<K> {
    /// An empty table for at most `records_max` clients who are not at rest.
    pub fn new(rate: Rate, records_max: usize) -> Rates<K> {
        Rates { rate, records_max, buckets: HashMap::new() }
    }

    /// Takes one for `key`, or says how long until one is free again.
    pub fn take(&mut self, key: &K, now_ms: u64) -> Result<(), Duration> {
        if let Some(bucket) = self.buckets.get_mut(key) {
            return bucket.take(self.rate, now_ms);
        }
        if self.buckets.len() >= self.records_max {
            self.make_room(now_ms);
        }
        let bucket = self.buckets.entry(key.clone()).or_default();
        bucket.take(self.rate, now_ms)
    }

    /// Who is at rest is forgotten; when nobody is, the one who used least, who gains least by it.
    fn make_room(&mut self, now_ms: u64) {
        self.buckets.retain(|_, bucket| !bucket.is_whole(now_ms));
        if self.buckets.len() >= self.records_max {
            let least = self.buckets.iter().min_by_key(|(_, bucket)| bucket.whole_at_us);
            if let Some(key) = least.map(|(key, _)| key.clone()) {
                self.buckets.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn burst_is_free_then_the_rate_holds_and_the_wait_is_told() {
        let mut bucket = Bucket::default();
        for _ in 0..20 {
            assert_eq!(bucket.take(CUSTOMER_MESSAGES, 1000), Ok(()));
        }
        assert_eq!(bucket.take(CUSTOMER_MESSAGES, 1000), Err(Duration::from_millis(200)));
        assert_eq!(bucket.take(CUSTOMER_MESSAGES, 1199), Err(Duration::from_millis(1)));
        assert_eq!(bucket.take(CUSTOMER_MESSAGES, 1200), Ok(()));
        assert!(bucket.take(CUSTOMER_MESSAGES, 1200).is_err());
        let allowed = (0..100).filter(|_| bucket.take(CUSTOMER_MESSAGES, 3_600_000).is_ok()).count();
        assert_eq!(allowed, 20);
    }

    #[test]
    fn clock_that_goes_back_gains_nothing() {
        let mut bucket = Bucket::default();
        while bucket.take(INVITES, 10_000_000).is_ok() {}
        assert_eq!(bucket.take(INVITES, 0), Err(Duration::from_secs(1)), "and waits no hours for it");
        assert_eq!(bucket.take(INVITES, 1_000), Ok(()));
        assert!(bucket.take(INVITES, 1_000).is_err());
    }

    #[test]
    fn table_stays_bounded_and_forgets_the_rested_first() {
        let mut rates = Rates::new(INVITES, 2);
        for _ in 0..60 {
            rates.take(&"greedy", 0).unwrap();
        }
        rates.take(&"modest", 0).unwrap();
        rates.take(&"third", 500).unwrap();
        assert_eq!(rates.buckets.len(), 2);
        assert!(rates.take(&"greedy", 500).is_err(), "the greedy one is still known");
    }
}
