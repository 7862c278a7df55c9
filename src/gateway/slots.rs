//! The ceilings on connections: in all, by source, and a share that customers cannot take from staff.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::http::Face;
use super::origin::source_of;

/// How many connections there are, and of whom.
pub(super) struct Slots {
    bounds: Bounds,
    taken: Mutex<Taken>,
    all_free: Condvar,
}

#[derive(Clone, Copy)]
pub(super) struct Bounds {
    pub(super) connections_max: usize,
    pub(super) staff_reserved: usize,
    pub(super) per_source_max: usize,
    pub(super) loopback_unlimited: bool,
}

#[derive(Default)]
struct Taken {
    all: usize,
    customers: usize,
    by_source: HashMap<IpAddr, usize>,
}

/// Which ceiling was reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Full {
    Box,
    Source,
}

/// One connection's place; dropping it frees it.
pub(super) struct Slot {
    slots: Arc<Slots>,
    claims: Mutex<Claims>,
}

struct Claims {
    is_customer: bool,
    source: Option<IpAddr>,
}

impl Slots {
    pub(super) fn new(bounds: Bounds) -> Arc<Slots> {
        Arc::new(Slots { bounds, taken: Mutex::default(), all_free: Condvar::new() })
    }

    /// A place for a connection on a listener of `face`. Behind a trusted proxy the source is not known
    /// yet: pass `None` and claim it with the request.
    pub(super) fn admit(self: &Arc<Slots>, face: Face, source: Option<IpAddr>) -> Result<Slot, Full> {
        let mut taken = self.lock();
        if taken.all >= self.bounds.connections_max {
            return Err(Full::Box);
        }
        let slot =
            Slot { slots: self.clone(), claims: Mutex::new(Claims { is_customer: false, source: None }) };
        taken.all += 1;
        let claimed = self.claim(&mut taken, &slot, face == Face::Public, source);
        // Before the slot may be dropped, which takes the lock again.
        drop(taken);
        claimed.map(|()| slot)
    }

    /// Waits until every connection is gone, at most so long; says whether they are.
    pub(super) fn wait_until_free(&self, limit: Duration) -> bool {
        let taken = self.lock();
        let waited = self.all_free.wait_timeout_while(taken, limit, |taken| taken.all > 0);
        let (taken, _) = waited.unwrap_or_else(PoisonError::into_inner);
        taken.all == 0
    }

    pub(super) fn taken(&self) -> usize {
        self.lock().all
    }

    fn claim(
        &self,
        taken: &mut Taken,
        slot: &Slot,
        customer: bool,
        source: Option<IpAddr>,
    ) -> Result<(), Full> {
        let mut claims = slot.claims.lock().unwrap_or_else(PoisonError::into_inner);
        let customer = customer && !claims.is_customer;
        if customer && taken.customers >= self.bounds.connections_max - self.bounds.staff_reserved {
            return Err(Full::Box);
        }
        let source = source.filter(|_| claims.source.is_none()).map(source_of);
        let source = source.filter(|source| !(self.bounds.loopback_unlimited && source_is_loopback(*source)));
        if let Some(source) = source {
            let count = taken.by_source.entry(source).or_insert(0);
            if *count >= self.bounds.per_source_max {
                return Err(Full::Source);
            }
            *count += 1;
            claims.source = Some(source);
        }
        taken.customers += usize::from(customer);
        claims.is_customer |= customer;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `::1` has lost its last bit in its /64.
fn source_is_loopback(source: IpAddr) -> bool {
    source.is_loopback() || source == IpAddr::from([0u16; 8])
}

impl Slot {
    /// Counts the connection as a customer's, and for its source if that was not known before.
    pub(super) fn claim(&self, customer: bool, source: Option<IpAddr>) -> Result<(), Full> {
        self.slots.claim(&mut self.slots.lock(), self, customer, source)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let claims = self.claims.get_mut().unwrap_or_else(PoisonError::into_inner);
        let mut taken = self.slots.lock();
        taken.customers -= usize::from(claims.is_customer);
        if let Some(source) = claims.source
            && let Some(count) = taken.by_source.get_mut(&source)
        {
            *count -= 1;
            if *count == 0 {
                taken.by_source.remove(&source);
            }
        }
        taken.all -= 1;
        if taken.all == 0 {
            self.slots.all_free.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const TWO: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));
    const BOUNDS: Bounds =
        Bounds { connections_max: 4, staff_reserved: 2, per_source_max: 3, loopback_unlimited: true };

    #[test]
    fn customers_never_take_the_staff_s_share() {
        let slots = Slots::new(BOUNDS);
        let _customers: Vec<_> = (0..2).map(|_| slots.admit(Face::Public, Some(ONE)).unwrap()).collect();
        assert_eq!(slots.admit(Face::Public, Some(ONE)).err(), Some(Full::Box));
        let on_both = slots.admit(Face::Both, Some(TWO)).unwrap();
        assert_eq!(on_both.claim(true, Some(TWO)), Err(Full::Box));
        assert_eq!(on_both.claim(false, Some(TWO)), Ok(()));
        let _staff = slots.admit(Face::Staff, Some(TWO)).unwrap();
        assert_eq!(slots.admit(Face::Staff, Some(TWO)).err(), Some(Full::Box));
        drop(on_both);
        assert!(slots.admit(Face::Staff, Some(TWO)).is_ok());
    }

    #[test]
    fn source_has_its_ceiling_and_gets_its_places_back() {
        let slots = Slots::new(BOUNDS);
        let mut own: Vec<_> = (0..3).map(|_| slots.admit(Face::Staff, Some(ONE)).unwrap()).collect();
        assert_eq!(slots.admit(Face::Staff, Some(ONE)).err(), Some(Full::Source));
        assert!(slots.admit(Face::Staff, Some(TWO)).is_ok());
        own.pop();
        assert!(slots.admit(Face::Staff, Some(ONE)).is_ok());
        drop(own);
        assert!(slots.lock().by_source.is_empty());
        assert!(slots.wait_until_free(Duration::ZERO));
    }

    #[test]
    fn behind_a_proxy_the_source_is_claimed_with_the_request_once() {
        let slots = Slots::new(Bounds { per_source_max: 1, ..BOUNDS });
        let (first, second) =
            (slots.admit(Face::Both, None).unwrap(), slots.admit(Face::Both, None).unwrap());
        assert_eq!(first.claim(true, Some(ONE)), Ok(()));
        assert_eq!(first.claim(true, Some(ONE)), Ok(()));
        assert_eq!(second.claim(true, Some(ONE)), Err(Full::Source));
    }

    #[test]
    fn loopback_is_free_where_the_demo_says_so() {
        let slots = Slots::new(Bounds { per_source_max: 1, ..BOUNDS });
        for loopback in ["127.0.0.1", "::1"] {
            let loopback = loopback.parse().unwrap();
            let _first = slots.admit(Face::Both, Some(loopback)).unwrap();
            assert!(slots.admit(Face::Both, Some(loopback)).is_ok());
        }
    }
}
