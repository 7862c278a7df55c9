//! What the gateway has seen: one number for each named outcome, for `/metrics` and the log.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// One number for each outcome; they only grow.
        #[derive(Default)]
        pub struct Counters {
            $($(#[$doc])* pub(super) $name: Counter,)*
        }

        impl Counters {
            /// Every number with its name, as `/metrics` shows them.
            pub fn all(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name.get()),)*]
            }
        }
    };
}

counters! {
    /// Connections let in.
    connections_accepted,
    /// Connections closed at once because the box was full.
    connections_refused_full,
    /// Connections closed at once because their source had too many.
    connections_refused_source,
    /// Times the system could not hand over a connection.
    accept_failed,
    /// TLS handshakes that came to nothing.
    handshakes_failed,
    /// TLS handshakes cut because they took too long.
    handshakes_timed_out,
    /// Requests read.
    requests,
    /// Requests answered with 4xx.
    requests_refused,
    /// Requests answered with 5xx.
    requests_failed,
    /// WebSockets opened.
    sockets_opened,
    /// WebSockets closed because their client read too slowly.
    sockets_slow,
    /// WebSockets closed because nothing was heard.
    sockets_silent,
    /// WebSockets closed because their client broke the rules.
    sockets_faulty,
    /// Answers given on port 80.
    redirects,
    /// Connections to port 80 that were too many, too slow, or no request.
    redirects_refused,
    /// Text frames taken in.
    frames_in,
    /// Text frames sent out.
    frames_out,
}

/// A number that only grows.
#[derive(Default)]
pub struct Counter(AtomicU64);

impl Counter {
    pub(super) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
