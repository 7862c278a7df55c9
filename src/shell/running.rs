//! A box that runs: what is looked after from outside the desk thread, and how it stops.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::Shell;
use super::door::Door;
use super::health::sample;
use super::tls::Tls;
use crate::admin::Admin;
use crate::gateway::{Face, Gateway};
use crate::ops::day::{Day, SAMPLE_S};

/// A box that runs.
pub struct Running {
    /// Is a relay wanted, and where does it call?
    pub(super) relay: (Arc<AtomicBool>, PathBuf),
    pub(super) gateway: Arc<Gateway>,
    pub(super) tls: Tls,
    pub(super) admin: Admin,
    pub(super) tended: Instant,
    pub(super) day: Arc<Day>,
    pub(super) sampled: Option<Instant>,
    pub(super) desk: std::thread::JoinHandle<Result<(), crate::store::Failure>>,
    pub(super) door: Door,
}

impl Running {
    /// Where it listens.
    pub fn addresses(&self) -> &[(Face, std::net::SocketAddr)] {
        self.gateway.addresses()
    }

    /// Where a relay is to call, while there is anything for one to do.
    pub fn wants_relay(&self) -> Option<&Path> {
        self.relay.0.load(Ordering::Relaxed).then_some(self.relay.1.as_path())
    }

    /// Stops cleanly: nothing acknowledged is lost.
    pub fn stop(self) -> Result<(), crate::store::Failure> {
        const GRACE: Duration = Duration::from_secs(5);
        crate::ops::notify::stopping();
        // A call for the metrics may hold it for the length of its answer; then it ends by being dropped.
        let gone = Arc::into_inner(self.gateway).is_none_or(|gateway| gateway.stop(GRACE));
        if !gone {
            log::warn!("some connections did not end in time");
        }
        log::debug!("the gateway has stopped");
        self.door.stop();
        let desk = self.desk.join();
        // After the desk: a page that waits for it has its refusal by now.
        self.admin.stop();
        match desk {
            Ok(stopped) => {
                log::debug!("the desk has stopped");
                stopped
            }
            Err(_) => {
                log::error!("the desk thread had panicked");
                std::process::exit(70);
            }
        }
    }

    /// Looks after what the desk thread need not: the day's samples, and what lasts longer than a day, the
    /// certificate. To be called now and then.
    pub fn tend(&mut self) {
        if self.sampled.is_none_or(|last| last.elapsed() >= Duration::from_secs(SAMPLE_S)) {
            self.sampled = Some(Instant::now());
            let asked = |shell: &mut Shell| {
                let asked = shell.how_it_is();
                shell.measure_syncs_anew();
                asked
            };
            if let Some(asked) = smol::block_on(self.door.ask(asked)) {
                self.day.add(sample(&asked));
            }
        }
        const EVERY: Duration = Duration::from_secs(3600);
        if self.tended.elapsed() < EVERY {
            return;
        }
        self.tended = Instant::now();
        self.tls.renew();
    }

    /// Has the desk thread ended by itself? Then the box is of no use any more, or an admin has asked for a restart.
    pub fn is_over(&self) -> bool {
        self.desk.is_finished()
    }
}
