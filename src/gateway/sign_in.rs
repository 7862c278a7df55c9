//! How often a sign-in may fail: 5 times a minute for one user from one address, 60 times for one address.
//!
//! An attempt counts as failed from its beginning, so that a hundred at once gain nothing; success takes it
//! back. Pure: the time is passed in.

use std::collections::{HashMap, VecDeque, hash_map::RandomState};
use std::hash::{BuildHasher, Hash};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::origin::source_of;
use crate::limits;

/// Failed sign-ins in a minute of one user from one address.
const USER_FAILURES_MAX: usize = 5;
/// Failed sign-ins in a minute of one address.
const ADDRESS_FAILURES_MAX: usize = 60;
const WINDOW_MS: u64 = 60_000;

/// The failed sign-ins of the last minute.
pub struct SignIns {
    loopback_unlimited: bool,
    users: RandomState,
    failures: Mutex<Failures>,
}

#[derive(Default)]
struct Failures {
    /// By a keyed hash of the username, so that a record has one size whatever was typed.
    by_user: HashMap<(u64, IpAddr), VecDeque<u64>>,
    by_address: HashMap<IpAddr, VecDeque<u64>>,
}

/// An attempt that may go on to check the password. Dropped without [`SignIns::succeeded`] it has failed.
#[must_use]
pub struct Attempt {
    user: (u64, IpAddr),
    at_ms: u64,
}

impl SignIns {
    /// An empty record. With `loopback_unlimited` (`demo`) the limit by address does not bind loopback.
    pub fn new(loopback_unlimited: bool) -> SignIns {
        SignIns { loopback_unlimited, users: RandomState::new(), failures: Mutex::default() }
    }

    /// Begins an attempt, or says how long to wait (429, `Retry-After`).
    pub fn begin(&self, user: &str, peer: IpAddr, now_ms: u64) -> Result<Attempt, Duration> {
        let source = source_of(peer);
        let user = (self.users.hash_one(user), source);
        let bound_by_address = !(self.loopback_unlimited && peer.to_canonical().is_loopback());
        let mut failures = self.lock();
        let Failures { by_user, by_address } = &mut *failures;
        let own = window(by_user, &user, now_ms);
        let own_wait = wait(own, USER_FAILURES_MAX, now_ms);
        let all = window(by_address, &source, now_ms);
        let all_wait = if bound_by_address { wait(all, ADDRESS_FAILURES_MAX, now_ms) } else { None };
        if let Some(wait_ms) = own_wait.max(all_wait) {
            return Err(Duration::from_millis(wait_ms));
        }
        if let Some(own) = by_user.get_mut(&user) {
            own.push_back(now_ms);
        }
        if bound_by_address && let Some(all) = by_address.get_mut(&source) {
            all.push_back(now_ms);
        }
        Ok(Attempt { user, at_ms: now_ms })
    }

    /// The password was right: the user's failures are forgotten, the address's others are not.
    pub fn succeeded(&self, attempt: Attempt) {
        let mut failures = self.lock();
        failures.by_user.remove(&attempt.user);
        if let Some(times) = failures.by_address.get_mut(&attempt.user.1)
            && let Some(index) = times.iter().rposition(|at| *at == attempt.at_ms)
        {
            times.remove(index);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Failures> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The failures of `key` that still count; makes a record, and room for it.
fn window<'a, K: Eq + Hash + Clone>(
    table: &'a mut HashMap<K, VecDeque<u64>>,
    key: &K,
    now_ms: u64,
) -> &'a mut VecDeque<u64> {
    if table.len() >= limits::SIGN_IN_RECORDS_MAX && !table.contains_key(key) {
        table.retain(|_, times| times.back().is_some_and(|at| at + WINDOW_MS > now_ms));
        if table.len() >= limits::SIGN_IN_RECORDS_MAX {
            // Somebody with thousands of addresses; the few hashes at once still slow them down.
            let oldest = table.iter().min_by_key(|(_, times)| times.back().copied());
            if let Some(key) = oldest.map(|(key, _)| key.clone()) {
                table.remove(&key);
            }
        }
    }
    let times = table.entry(key.clone()).or_default();
    while times.front().is_some_and(|at| at + WINDOW_MS <= now_ms) {
        times.pop_front();
    }
    times
}

fn wait(times: &VecDeque<u64>, max: usize, now_ms: u64) -> Option<u64> {
    let over = times.len().checked_sub(max)?;
    times.get(over).map(|at| (at + WINDOW_MS).saturating_sub(now_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const LOOPBACK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn sixth_failure_in_a_minute_waits_for_the_first_to_grow_old() {
        let sign_ins = SignIns::new(false);
        for at in 0..5 {
            assert!(sign_ins.begin("eva", PEER, at * 1000).is_ok());
        }
        assert_eq!(sign_ins.begin("eva", PEER, 10_000).err(), Some(Duration::from_millis(50_000)));
        assert!(sign_ins.begin("tom", PEER, 10_000).is_ok(), "another user is not bound by it");
        assert!(sign_ins.begin("eva", LOOPBACK, 10_000).is_ok(), "nor another address");
        assert!(sign_ins.begin("eva", PEER, 60_000).is_ok());
        assert!(sign_ins.begin("eva", PEER, 60_000).is_err());
    }

    #[test]
    fn success_forgets_the_failures_of_that_user_only() {
        let sign_ins = SignIns::new(false);
        for at in 0..4 {
            assert!(sign_ins.begin("eva", PEER, at).is_ok());
            assert!(sign_ins.begin("tom", PEER, at).is_ok());
        }
        let right = sign_ins.begin("eva", PEER, 5).unwrap();
        sign_ins.succeeded(right);
        assert!(sign_ins.begin("eva", PEER, 6).is_ok());
        assert!(sign_ins.begin("tom", PEER, 6).is_ok());
        assert!(sign_ins.begin("tom", PEER, 6).is_err());
    }

    #[test]
    fn address_with_many_users_is_stopped_at_sixty_but_not_loopback_in_a_demo() {
        let failures = |sign_ins: &SignIns, peer| {
            (0..100).filter(|user| sign_ins.begin(&format!("user{user}"), peer, 0).is_ok()).count()
        };
        assert_eq!(failures(&SignIns::new(true), PEER), 60);
        assert_eq!(failures(&SignIns::new(false), LOOPBACK), 60);
        let demo = SignIns::new(true);
        assert_eq!(failures(&demo, LOOPBACK), 100);
        let same_user = (0..10).filter(|_| demo.begin("eva", LOOPBACK, 0).is_ok()).count();
        assert_eq!(same_user, 5, "the limit by user holds there too");
    }

    #[test]
    fn record_stays_bounded_when_addresses_are_endless() {
        let sign_ins = SignIns::new(false);
        for number in 0..limits::SIGN_IN_RECORDS_MAX as u32 + 100 {
            let peer = IpAddr::from((0x0a00_0000 + number).to_be_bytes());
            assert!(sign_ins.begin("eva", peer, u64::from(number / 1000)).is_ok());
        }
        let failures = sign_ins.lock();
        assert!(failures.by_user.len() <= limits::SIGN_IN_RECORDS_MAX);
        assert!(failures.by_address.len() <= limits::SIGN_IN_RECORDS_MAX);
    }
}
