//! The frames on their way to one client: bounded, cheap when idle, never waited for.
//!
//! Whoever pushes never blocks. A client that reads too slowly overflows its own outbox and is closed with
//! 1013; it resumes by sequence number, so nothing is lost but its connection.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use async_tungstenite::tungstenite::{Bytes, Utf8Bytes};

use super::sockets::Closed;
use crate::limits;

/// One text frame, ready to send. Cloning shares its bytes: a frame for ten clients is written once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Frame(Utf8Bytes);

impl Frame {
    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl From<String> for Frame {
    fn from(text: String) -> Frame {
        Frame(text.into())
    }
}

impl From<&'static str> for Frame {
    fn from(text: &'static str) -> Frame {
        Frame(Utf8Bytes::from_static(text))
    }
}

/// Why a frame was not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Overflow {
    /// The client does not keep up: its connection is being closed with 1013.
    Slow,
    /// The connection is already closing or closed.
    Closed,
}

/// Bounds of one outbox, and of all outboxes together.
#[derive(Clone, Copy, Debug)]
pub struct OutboxLimits {
    /// Frames waiting in one outbox.
    pub frames_max: usize,
    /// Bytes waiting in one outbox.
    pub bytes_max: usize,
    /// Bytes waiting in all outboxes. Beyond it an outbox may hold one frame only, so that it is the slow
    /// ones who are closed.
    pub all_bytes_max: usize,
}

impl Default for OutboxLimits {
    fn default() -> OutboxLimits {
        OutboxLimits {
            frames_max: limits::OUTBOX_FRAMES_MAX,
            bytes_max: limits::OUTBOX_BYTES_MAX,
            all_bytes_max: limits::OUTBOXES_BYTES_MAX,
        }
    }
}

/// The frames waiting for one client.
pub struct Outbox {
    limits: OutboxLimits,
    all_bytes: Arc<AtomicUsize>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Parcel>,
    /// Parcels at the front of `queue` that may be written; the rest wait for `release`.
    released: usize,
    bytes: usize,
    held: bool,
    ping: bool,
    ending: Ending,
    writer: Option<Waker>,
    /// Who waits for room (the echo socket), woken when the queue runs empty.
    feeder: Option<Waker>,
}

#[derive(Default)]
enum Ending {
    #[default]
    Open,
    /// What is released goes out, then a close frame.
    Close(Goodbye),
    /// Nothing more goes out.
    Gone(Closed),
}

/// The close frame that ends a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Goodbye {
    pub(super) code: u16,
    pub(super) reason: &'static str,
    pub(super) why: Closed,
}

/// What waits in an outbox; binary only ever comes from the echo socket.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Parcel {
    Text(Utf8Bytes),
    Binary(Bytes),
}

impl Parcel {
    fn len(&self) -> usize {
        match self {
            Parcel::Text(text) => text.len(),
            Parcel::Binary(bytes) => bytes.len(),
        }
    }
}

/// What the writer does next.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Next {
    /// And whether another is to be written next.
    Write(Parcel, bool),
    Ping,
    Close(Goodbye),
    Cut(Closed),
}

impl Outbox {
    /// An outbox with its own bounds and the count shared by all outboxes.
    pub(super) fn new(limits: OutboxLimits, all_bytes: Arc<AtomicUsize>) -> Arc<Outbox> {
        Arc::new(Outbox { limits, all_bytes, state: Mutex::default() })
    }

    /// An outbox that stands alone, for tests of a surface: what is pushed is read back with
    /// [`Outbox::take_written`].
    pub fn for_test(limits: OutboxLimits) -> Arc<Outbox> {
        Outbox::new(limits, Arc::default())
    }

    /// Appends a frame. While the outbox is held it gathers behind the others.
    pub fn push(&self, frame: Frame) -> Result<(), Overflow> {
        self.put(Parcel::Text(frame.0), Place::Last)
    }

    /// Puts a frame before all that wait and lets it go out even while the outbox is held; several keep
    /// their order. `welcome` goes this way: the frames caused since the subscription gather behind it.
    pub fn push_first(&self, frame: Frame) -> Result<(), Overflow> {
        self.put(Parcel::Text(frame.0), Place::First)
    }

    /// From now on frames gather and are not written.
    pub fn hold(&self) {
        let mut state = self.lock();
        if !state.held {
            state.held = true;
            state.released = state.queue.len();
        }
    }

    /// What has gathered may be written.
    pub fn release(&self) {
        let mut state = self.lock();
        state.held = false;
        state.released = state.queue.len();
        wake(state);
    }

    /// Ends the connection: what may be written is written, then a close frame with this code. Frames that
    /// gathered while held are dropped. The first close counts.
    pub fn close(&self, code: u16, reason: &'static str) {
        self.end(Goodbye { code, reason, why: Closed::ByBox(code) });
    }

    /// Whether frames are still taken.
    pub fn is_open(&self) -> bool {
        matches!(self.lock().ending, Ending::Open)
    }

    /// Bytes waiting.
    pub fn waiting_bytes(&self) -> usize {
        self.lock().bytes
    }

    /// Takes everything that may be written, as a client would have received it. For tests of a surface.
    pub fn take_written(&self) -> Vec<String> {
        let mut written = Vec::new();
        let mut state = self.lock();
        while let Some(parcel) = self.take(&mut state) {
            if let Parcel::Text(text) = parcel {
                written.push(text.as_str().to_owned());
            }
        }
        written
    }

    /// The code the connection is closing with, if it is.
    pub fn close_code(&self) -> Option<u16> {
        match &self.lock().ending {
            Ending::Close(goodbye) => Some(goodbye.code),
            Ending::Open | Ending::Gone(_) => None,
        }
    }

    pub(super) fn end(&self, goodbye: Goodbye) {
        let mut state = self.lock();
        if matches!(state.ending, Ending::Open) {
            let released = state.released;
            self.drop_behind(&mut state, released);
            state.ending = Ending::Close(goodbye);
        }
        wake(state);
    }

    /// Ends the connection without a further byte.
    pub(super) fn cut(&self, why: Closed) {
        let mut state = self.lock();
        self.drop_behind(&mut state, 0);
        if !matches!(state.ending, Ending::Gone(_)) {
            state.ending = Ending::Gone(why);
        }
        wake(state);
    }

    /// A ping goes out before the next frame.
    pub(super) fn ping(&self) {
        let mut state = self.lock();
        state.ping = true;
        wake(state);
    }

    pub(super) fn push_parcel(&self, parcel: Parcel) -> Result<(), Overflow> {
        self.put(parcel, Place::Last)
    }

    /// What the writer does next; registers it to be woken when there is nothing.
    pub(super) fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Next> {
        let mut state = self.lock();
        if let Ending::Gone(why) = state.ending {
            return Poll::Ready(Next::Cut(why));
        }
        if std::mem::take(&mut state.ping) {
            return Poll::Ready(Next::Ping);
        }
        if let Some(parcel) = self.take(&mut state) {
            return Poll::Ready(Next::Write(parcel, state.released > 0));
        }
        if let Ending::Close(goodbye) = state.ending {
            return Poll::Ready(Next::Close(goodbye));
        }
        match &mut state.writer {
            Some(writer) if writer.will_wake(cx.waker()) => {}
            writer => *writer = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    /// Ready when nothing waits any more.
    pub(super) fn poll_empty(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.queue.is_empty() {
            return Poll::Ready(());
        }
        state.feeder = Some(cx.waker().clone());
        Poll::Pending
    }

    fn put(&self, parcel: Parcel, place: Place) -> Result<(), Overflow> {
        let mut state = self.lock();
        if !matches!(state.ending, Ending::Open) {
            return Err(Overflow::Closed);
        }
        let bytes = parcel.len();
        let all_bytes = self.all_bytes.load(Ordering::Relaxed);
        let own_full =
            state.queue.len() >= self.limits.frames_max || state.bytes + bytes > self.limits.bytes_max;
        let all_full = all_bytes + bytes > self.limits.all_bytes_max && !state.queue.is_empty();
        if own_full || all_full {
            self.drop_behind(&mut state, 0);
            let reason = "reading too slowly";
            state.ending = Ending::Close(Goodbye { code: 1013, reason, why: Closed::Slow });
            wake(state);
            return Err(Overflow::Slow);
        }
        self.all_bytes.fetch_add(bytes, Ordering::Relaxed);
        state.bytes += bytes;
        match place {
            Place::Last => state.queue.push_back(parcel),
            Place::First => {
                let index = if state.held { state.released } else { 0 };
                state.queue.insert(index, parcel);
                state.released += usize::from(state.held);
            }
        }
        if !state.held {
            state.released = state.queue.len();
        }
        if state.released > 0 {
            wake(state);
        }
        Ok(())
    }

    fn take(&self, state: &mut State) -> Option<Parcel> {
        if state.released == 0 {
            return None;
        }
        let parcel = state.queue.pop_front()?;
        state.released -= 1;
        self.forget_bytes(state, parcel.len());
        if state.queue.is_empty() {
            // An idle connection keeps no buffer.
            state.queue = VecDeque::new();
            if let Some(feeder) = state.feeder.take() {
                feeder.wake();
            }
        }
        Some(parcel)
    }

    fn drop_behind(&self, state: &mut State, keep: usize) {
        let dropped = state.queue.iter().skip(keep).map(Parcel::len).sum();
        self.forget_bytes(state, dropped);
        state.queue.truncate(keep);
        state.released = state.released.min(keep);
        if let Some(feeder) = state.feeder.take() {
            feeder.wake();
        }
    }

    fn forget_bytes(&self, state: &mut State, bytes: usize) {
        state.bytes -= bytes;
        self.all_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// A panic while the lock was held cannot have left the queue half changed in a way that matters more
    /// than the connection itself.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Place {
    First,
    Last,
}

impl Drop for Outbox {
    fn drop(&mut self) {
        let bytes = self.lock().bytes;
        self.all_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// Wakes the writer after the lock is let go, so that it does not wake into it.
fn wake(mut state: MutexGuard<'_, State>) {
    let writer = state.writer.take();
    drop(state);
    if let Some(writer) = writer {
        writer.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: OutboxLimits = OutboxLimits { frames_max: 3, bytes_max: 10, all_bytes_max: 15 };

    fn frame(text: &str) -> Frame {
        Frame::from(text.to_owned())
    }

    fn next(outbox: &Outbox) -> Poll<Next> {
        outbox.poll_next(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn held_frames_gather_behind_the_first_one() {
        let outbox = Outbox::for_test(OutboxLimits::default());
        outbox.hold();
        outbox.push(frame("one")).unwrap();
        assert_eq!(next(&outbox), Poll::Pending);
        outbox.push_first(frame("welcome")).unwrap();
        outbox.push_first(frame("after welcome")).unwrap();
        outbox.push(frame("two")).unwrap();
        assert_eq!(outbox.take_written(), ["welcome", "after welcome"]);
        outbox.release();
        assert_eq!(outbox.take_written(), ["one", "two"]);
    }

    #[test]
    fn frames_beyond_the_count_close_with_1013_and_free_what_waited() {
        let outbox = Outbox::for_test(SMALL);
        for _ in 0..3 {
            outbox.push(frame("x")).unwrap();
        }
        assert_eq!(outbox.push(frame("x")), Err(Overflow::Slow));
        assert_eq!(outbox.push(frame("x")), Err(Overflow::Closed));
        assert_eq!(outbox.close_code(), Some(1013));
        assert_eq!(outbox.waiting_bytes(), 0);
        assert!(matches!(next(&outbox), Poll::Ready(Next::Close(Goodbye { code: 1013, .. }))));
    }

    #[test]
    fn bytes_beyond_the_bound_close_with_1013() {
        let outbox = Outbox::for_test(SMALL);
        outbox.push(frame("12345")).unwrap();
        assert_eq!(outbox.push(frame("123456")), Err(Overflow::Slow));
    }

    #[test]
    fn when_all_are_full_the_one_with_a_queue_is_closed_and_an_empty_one_is_served() {
        let all = Arc::new(AtomicUsize::new(0));
        let (slow, quick) = (Outbox::new(SMALL, all.clone()), Outbox::new(SMALL, all.clone()));
        slow.push(frame("1234567890")).unwrap();
        quick.push(frame("123456")).unwrap();
        assert_eq!(slow.push(frame("")), Err(Overflow::Slow));
        assert_eq!(all.load(Ordering::Relaxed), 6);
        drop(quick);
        assert_eq!(all.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn closing_lets_out_what_was_released_and_drops_what_was_held() {
        let outbox = Outbox::for_test(OutboxLimits::default());
        outbox.push(frame("before")).unwrap();
        outbox.hold();
        outbox.push(frame("held")).unwrap();
        outbox.push_first(frame("error")).unwrap();
        outbox.close(1008, "unauthorized");
        outbox.close(1000, "too late");
        assert_eq!(outbox.push(frame("late")), Err(Overflow::Closed));
        assert_eq!(outbox.take_written(), ["before", "error"]);
        assert_eq!(outbox.close_code(), Some(1008));
    }

    #[test]
    fn ping_overtakes_frames_and_a_cut_overtakes_all() {
        let outbox = Outbox::for_test(OutboxLimits::default());
        outbox.push(frame("x")).unwrap();
        outbox.ping();
        assert_eq!(next(&outbox), Poll::Ready(Next::Ping));
        outbox.cut(Closed::Silent);
        assert_eq!(next(&outbox), Poll::Ready(Next::Cut(Closed::Silent)));
        assert_eq!(outbox.waiting_bytes(), 0);
    }
}
