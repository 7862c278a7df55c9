//! A future that shares its task with another and is polled only when it was itself woken.
//!
//! A socket's task is woken for every frame that goes out. Polled along each time, the reading side asked the system
//! for bytes that were not there: as many calls as frames.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// The future, pinned elsewhere, and its own bell.
pub(super) struct Apart<'f, F> {
    future: Pin<&'f mut F>,
    bell: Arc<Bell>,
}

struct Bell {
    rung: AtomicBool,
    task: Mutex<Waker>,
}

impl<'f, F: Future> Apart<'f, F> {
    /// Polled the first time whoever wakes.
    pub(super) fn new(future: Pin<&'f mut F>) -> Apart<'f, F> {
        let bell = Bell { rung: AtomicBool::new(true), task: Mutex::new(Waker::noop().clone()) };
        Apart { future, bell: Arc::new(bell) }
    }
}

impl<F: Future> Future for Apart<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        // The task first: who rings after this wakes it.
        self.bell.lock().clone_from(cx.waker());
        if !self.bell.rung.swap(false, Ordering::AcqRel) {
            return Poll::Pending;
        }
        let own = Waker::from(Arc::clone(&self.bell));
        self.future.as_mut().poll(&mut Context::from_waker(&own))
    }
}

impl Bell {
    fn lock(&self) -> MutexGuard<'_, Waker> {
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rung.store(true, Ordering::Release);
        let task = self.lock().clone();
        task.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn it_is_polled_when_it_was_woken_and_not_when_its_task_was() {
        let (mut polls, kept) = (0, Mutex::new(None));
        let inner = pin!(poll_fn(|cx| {
            polls += 1;
            *kept.lock().unwrap() = Some(cx.waker().clone());
            if polls < 3 { Poll::Pending } else { Poll::Ready(polls) }
        }));
        let mut apart = Apart::new(inner);
        let count = Arc::new(Count::default());
        let task = Waker::from(Arc::clone(&count));
        let mut poll = || Pin::new(&mut apart).poll(&mut Context::from_waker(&task));
        let ring = || kept.lock().unwrap().clone().expect("polled").wake();
        assert_eq!(poll(), Poll::Pending);
        for _ in 0..5 {
            assert_eq!(poll(), Poll::Pending, "for the other's sake");
        }
        ring();
        assert_eq!(count.0.load(Ordering::Relaxed), 1, "its task is woken with it");
        assert_eq!(poll(), Poll::Pending);
        ring();
        assert_eq!(poll(), Poll::Ready(3), "polled as often as it was woken, and once before");
    }
}
