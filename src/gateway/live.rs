//! The sockets that are open, and the one beat that pings them and notices silence.
//!
//! One timer for all: a timer for each socket would be a tree of thousands that is touched on every frame.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::outbox::{Goodbye, Outbox};
use super::sockets::Closed;

/// A socket whose frame is being dealt with is not listened to, so its silence means nothing.
const BUSY: u64 = u64::MAX;

/// Every open socket.
pub(super) struct Live {
    ping_ms: u64,
    silence_ms: u64,
    /// Milliseconds of beats so far. It lags behind real time when the box is stopped or overloaded, and
    /// that is right: silence is counted only while we could have heard something.
    now_ms: AtomicU64,
    sockets: Mutex<Sockets>,
}

#[derive(Default)]
struct Sockets {
    next: u64,
    open: HashMap<u64, Arc<Pulse>>,
}

/// When one socket was last heard and last pinged.
struct Pulse {
    outbox: Arc<Outbox>,
    heard_ms: AtomicU64,
    pinged_ms: AtomicU64,
}

/// A socket's entry; dropping it takes it out.
pub(super) struct Listed {
    live: Arc<Live>,
    key: u64,
    pulse: Arc<Pulse>,
}

impl Live {
    pub(super) fn new(ping_ms: u64, silence_ms: u64) -> Arc<Live> {
        Arc::new(Live { ping_ms, silence_ms, now_ms: AtomicU64::new(0), sockets: Mutex::default() })
    }

    /// Milliseconds between two beats: fine enough for the shortest time judged by them.
    pub(super) fn beat_ms(&self) -> u64 {
        (self.ping_ms / 20).clamp(10, 1000)
    }

    pub(super) fn now_ms(&self) -> u64 {
        self.now_ms.load(Ordering::Relaxed)
    }

    pub(super) fn list(self: &Arc<Live>, outbox: Arc<Outbox>) -> Listed {
        let now_ms = self.now_ms();
        let pulse =
            Arc::new(Pulse { outbox, heard_ms: AtomicU64::new(now_ms), pinged_ms: AtomicU64::new(now_ms) });
        let mut sockets = self.lock();
        let key = sockets.next;
        sockets.next += 1;
        sockets.open.insert(key, pulse.clone());
        drop(sockets);
        Listed { live: self.clone(), key, pulse }
    }

    /// One beat: pings who is due, cuts who has been silent too long.
    pub(super) fn beat(&self) {
        let now_ms = self.now_ms.fetch_add(self.beat_ms(), Ordering::Relaxed) + self.beat_ms();
        for pulse in self.lock().open.values() {
            let heard_ms = pulse.heard_ms.load(Ordering::Relaxed);
            if heard_ms != BUSY && now_ms.saturating_sub(heard_ms) >= self.silence_ms {
                pulse.outbox.cut(Closed::Silent);
            } else if now_ms.saturating_sub(pulse.pinged_ms.load(Ordering::Relaxed)) >= self.ping_ms {
                pulse.pinged_ms.store(now_ms, Ordering::Relaxed);
                pulse.outbox.ping();
            }
        }
    }

    /// Says goodbye to all.
    pub(super) fn end_all(&self, goodbye: Goodbye) {
        for pulse in self.lock().open.values() {
            pulse.outbox.end(goodbye);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Sockets> {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listed {
    pub(super) fn heard(&self) {
        self.pulse.heard_ms.store(self.live.now_ms(), Ordering::Relaxed);
    }

    pub(super) fn busy(&self) {
        self.pulse.heard_ms.store(BUSY, Ordering::Relaxed);
    }

    pub(super) fn now_ms(&self) -> u64 {
        self.live.now_ms()
    }

    pub(super) fn beat(&self) -> Duration {
        Duration::from_millis(self.live.beat_ms())
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.live.lock().open.remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::super::outbox::{Next, OutboxLimits};
    use super::*;

    fn next(outbox: &Outbox) -> Poll<Next> {
        outbox.poll_next(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn silent_socket_is_pinged_then_cut_and_a_heard_one_only_pinged() {
        let live = Live::new(20_000, 40_000);
        let (silent, heard) =
            (Outbox::for_test(OutboxLimits::default()), Outbox::for_test(OutboxLimits::default()));
        let (_silent, talker) = (live.list(silent.clone()), live.list(heard.clone()));
        let mut pings = 0;
        for _ in 0..40 {
            live.beat();
            talker.heard();
            pings += u32::from(next(&heard) == Poll::Ready(Next::Ping));
        }
        assert_eq!(pings, 2);
        assert_eq!(next(&silent), Poll::Ready(Next::Cut(Closed::Silent)));
    }

    #[test]
    fn socket_whose_frame_is_being_dealt_with_is_not_silent() {
        let live = Live::new(20_000, 40_000);
        let outbox = Outbox::for_test(OutboxLimits::default());
        let listed = live.list(outbox.clone());
        listed.busy();
        (0..100).for_each(|_| live.beat());
        assert_eq!(next(&outbox), Poll::Ready(Next::Ping));
        assert_eq!(next(&outbox), Poll::Pending);
        drop(listed);
        assert!(live.lock().open.is_empty());
    }
}
