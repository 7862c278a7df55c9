//! The box's SIP socket: datagrams to the switch and back, and its word with the desk.
//!
//! It only answers whoever the operator has named as a PBX; the socket is given or bound, and no other is opened.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use smol::Async;
use smol::channel::Receiver;

use super::Shell;
use super::door::Door;
use crate::channels::sip::{Out, Switch, Word};
use crate::gateway::Network;
use crate::limits::{SIP_DATAGRAM_BYTES_MAX, SIP_WORDS_MAX};

/// Where SIP is spoken, and with whom.
pub struct Listening {
    /// Bound.
    pub socket: UdpSocket,
    /// PBXs that are answered; nobody else is.
    pub peers: Vec<Network>,
}

/// Datagrams turned away since the start.
#[derive(Debug, Default)]
pub(super) struct TurnedAway {
    /// From who is not named as a PBX.
    foreign: AtomicU64,
    /// No SIP, or too long.
    malformed: AtomicU64,
    /// More calls than one PBX may bring, or than there is room for.
    flooded: AtomicU64,
}

impl TurnedAway {
    /// Each with its name, for the metrics.
    pub(super) fn each(&self) -> [(&'static str, u64); 3] {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        [("foreign", of(&self.foreign)), ("malformed", of(&self.malformed)), ("flooded", of(&self.flooded))]
    }
}

/// What may happen next.
enum Next {
    Datagram(io::Result<(usize, SocketAddr)>),
    Word(String, Word),
    Time,
    Over,
}

impl Shell {
    /// Listens for PBXs until the box stops.
    pub(super) fn speak_sip(&mut self, listening: Listening, door: Door) -> io::Result<()> {
        let socket = Async::new(listening.socket)?;
        log::info!("SIP on {}", socket.get_ref().local_addr()?);
        if listening.peers.is_empty() {
            log::warn!("SIP: sip_peers names nobody, so nobody is answered");
        }
        let (sender, words) = smol::channel::bounded(SIP_WORDS_MAX);
        let mut switch = Switch::new(&self.keys.sip());
        for held in self.begin_sip(sender) {
            if let Some(name) = switch.restore(0, held.peer, &held.invite) {
                switch.word(0, &name, held.word);
            }
        }
        let turned_away = Arc::clone(&self.calls.turned_away);
        let line = Line { socket, peers: listening.peers, switch, began: Instant::now(), door, turned_away };
        smol::spawn(line.run(words)).detach();
        Ok(())
    }
}

struct Line {
    socket: Async<UdpSocket>,
    peers: Vec<Network>,
    switch: Switch,
    began: Instant,
    door: Door,
    turned_away: Arc<TurnedAway>,
}

impl Line {
    async fn run(mut self, words: Receiver<(String, Word)>) {
        // One byte more than may be: what fills it was cut.
        let mut buffer = vec![0; SIP_DATAGRAM_BYTES_MAX + 1];
        loop {
            // However many datagrams come, time passes, and others on this thread have their turn.
            self.switch.tick(self.now_ms());
            self.work_off().await;
            smol::future::yield_now().await;
            let wait =
                self.switch.next_ms().map(|due| Duration::from_millis(due.saturating_sub(self.now_ms())));
            let next = smol::future::or(
                async { words.recv().await.map_or(Next::Over, |(name, word)| Next::Word(name, word)) },
                smol::future::or(async { Next::Datagram(self.socket.recv_from(&mut buffer).await) }, async {
                    match wait {
                        Some(wait) => {
                            smol::Timer::after(wait).await;
                        }
                        None => smol::future::pending().await,
                    }
                    Next::Time
                }),
            )
            .await;
            let now_ms = self.now_ms();
            match next {
                Next::Datagram(Ok((bytes, peer))) => self.heard(now_ms, peer, &buffer[..bytes]),
                // The port behind an answer is closed: its sender's affair.
                Next::Datagram(Err(error)) => log::debug!("the SIP socket: {error}"),
                Next::Word(name, word) => self.switch.word(now_ms, &name, word),
                Next::Time => {}
                Next::Over => return,
            }
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn heard(&mut self, now_ms: u64, peer: SocketAddr, bytes: &[u8]) {
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        if !self.peers.iter().any(|known| known.contains(peer.ip())) {
            if self.turned_away.foreign.fetch_add(1, Ordering::Relaxed) == 0 {
                log::warn!(
                    "SIP from {peer}, which sip_peers does not name: not answered, and counted from now on"
                );
            }
            return;
        }
        if bytes.len() > SIP_DATAGRAM_BYTES_MAX {
            self.turned_away.malformed.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let before = self.switch.counts;
        self.switch.datagram(now_ms, peer, bytes);
        let after = self.switch.counts;
        self.turned_away.malformed.fetch_add(after.malformed - before.malformed, Ordering::Relaxed);
        self.turned_away.flooded.fetch_add(after.flooded - before.flooded, Ordering::Relaxed);
    }

    async fn work_off(&mut self) {
        while let Some(out) = self.switch.poll() {
            match out {
                Out::Send(to, bytes) => {
                    let to = self.reachable(to);
                    if let Err(error) = self.socket.send_to(&bytes, to).await {
                        log::debug!("a SIP answer did not go out: {error}");
                    }
                }
                Out::Came(arrived) => {
                    self.door.hand_in(Box::new(move |shell| shell.sip_came(*arrived))).await;
                }
                Out::Left(name) => self.door.hand_in(Box::new(move |shell| shell.sip_left(&name))).await,
            }
        }
    }

    /// On a socket of both kinds an IPv4 address is written as IPv6.
    fn reachable(&self, to: SocketAddr) -> SocketAddr {
        match (self.socket.get_ref().local_addr(), to) {
            (Ok(SocketAddr::V6(_)), SocketAddr::V4(v4)) => {
                SocketAddr::new(v4.ip().to_ipv6_mapped().into(), v4.port())
            }
            _ => to,
        }
    }
}
