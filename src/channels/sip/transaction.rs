//! One INVITE until its last answer is acknowledged, by the timers of RFC 3261 for UDP (17.2.1).

use std::net::SocketAddr;

use super::message::Request;

/// RFC 3261's T1: from an answer to its first repeat.
pub(super) const T1_MS: u64 = 500;
/// T2: the longest between two repeats.
const T2_MS: u64 = 4_000;
/// T4: how long an acknowledged call's stragglers are expected.
pub(super) const T4_MS: u64 = 5_000;
/// Timer H: an answer nobody acknowledges is given up. Longest, too, that a desk may leave a call without a word.
pub(super) const GIVE_UP_MS: u64 = 64 * T1_MS;
/// A caller in line is said to be there each minute, or proxies on the way give the call up (13.3.1.1).
pub(super) const REMIND_MS: u64 = 60_000;

/// A call under way.
pub(super) struct Transaction {
    /// Names it, and this end of it.
    pub(super) name: String,
    pub(super) peer: SocketAddr,
    pub(super) invite: Request,
    /// Its caller was sent to an agent, and has not been heard of since.
    pub(super) sent_on: bool,
    phase: Phase,
}

enum Phase {
    /// It has come, and the desk has yet to say something.
    Trying { give_up_ms: u64 },
    /// In line, as it was told; and is told again at this time.
    Queued { again_ms: u64 },
    /// Answered for good, and the answer repeated until it is acknowledged.
    Completed { answer: Vec<u8>, again_ms: u64, every_ms: u64, give_up_ms: u64 },
    /// Acknowledged.
    Confirmed { until_ms: u64 },
}

/// What has become of a transaction whose time has come.
pub(super) enum Due {
    /// An answer to be sent once more.
    Again(Vec<u8>),
    /// The desk has said nothing for too long.
    Unheard,
    /// It is over.
    Gone,
}

impl Transaction {
    /// One that has just come.
    pub(super) fn came(now_ms: u64, name: String, peer: SocketAddr, invite: Request) -> Transaction {
        let phase = Phase::Trying { give_up_ms: now_ms + GIVE_UP_MS };
        Transaction { name, peer, invite, sent_on: false, phase }
    }

    /// One that stood in line before a restart: to be told at once.
    pub(super) fn waits(now_ms: u64, name: String, peer: SocketAddr, invite: Request) -> Transaction {
        Transaction { name, peer, invite, sent_on: false, phase: Phase::Queued { again_ms: now_ms } }
    }

    /// Is it without its last answer?
    pub(super) fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Trying { .. } | Phase::Queued { .. })
    }

    /// Where its answers go.
    pub(super) fn answer_to(&self) -> SocketAddr {
        self.invite.answer_to(self.peer)
    }

    /// When [`tick`](Self::tick) is due.
    pub(super) fn due_ms(&self) -> u64 {
        match self.phase {
            Phase::Trying { give_up_ms } => give_up_ms,
            Phase::Queued { again_ms } | Phase::Completed { again_ms, .. } => again_ms,
            Phase::Confirmed { until_ms } => until_ms,
        }
    }

    /// The answer that its sender has not heard, for whom the same INVITE comes again.
    pub(super) fn repeat(&self) -> Option<Vec<u8>> {
        match &self.phase {
            Phase::Trying { .. } => Some(self.trying()),
            Phase::Queued { .. } => Some(self.queued()),
            Phase::Completed { answer, .. } => Some(answer.clone()),
            Phase::Confirmed { .. } => None,
        }
    }

    /// It stands in line. The answer that says so, the first time.
    pub(super) fn stand_in_line(&mut self, now_ms: u64) -> Option<Vec<u8>> {
        if !matches!(self.phase, Phase::Trying { .. }) {
            return None;
        }
        self.phase = Phase::Queued { again_ms: now_ms + REMIND_MS };
        Some(self.queued())
    }

    /// Its last answer.
    pub(super) fn finish(&mut self, now_ms: u64, status: (u16, &str), more: &[(&str, &str)]) -> Vec<u8> {
        let answer = self.invite.answer(self.peer, status, Some(&self.name), more);
        let (again_ms, give_up_ms) = (now_ms + T1_MS, now_ms + GIVE_UP_MS);
        self.phase = Phase::Completed { answer: answer.clone(), again_ms, every_ms: T1_MS, give_up_ms };
        answer
    }

    /// An ACK has come: nothing is repeated any more.
    pub(super) fn acknowledge(&mut self, now_ms: u64) {
        if !matches!(self.phase, Phase::Confirmed { .. }) {
            self.phase = Phase::Confirmed { until_ms: now_ms + T4_MS };
        }
    }

    /// Time has passed; `None` if it was not this one's.
    pub(super) fn tick(&mut self, now_ms: u64) -> Option<Due> {
        if self.due_ms() > now_ms {
            return None;
        }
        Some(match &mut self.phase {
            Phase::Trying { .. } => Due::Unheard,
            Phase::Queued { again_ms } => {
                *again_ms = now_ms + REMIND_MS;
                Due::Again(self.queued())
            }
            Phase::Completed { give_up_ms, .. } if now_ms >= *give_up_ms => Due::Gone,
            Phase::Completed { answer, again_ms, every_ms, give_up_ms } => {
                *every_ms = (*every_ms * 2).min(T2_MS);
                *again_ms = (now_ms + *every_ms).min(*give_up_ms);
                Due::Again(answer.clone())
            }
            Phase::Confirmed { .. } => Due::Gone,
        })
    }

    /// 100: it has been heard.
    pub(super) fn trying(&self) -> Vec<u8> {
        self.invite.answer(self.peer, (100, "Trying"), None, &[])
    }

    fn queued(&self) -> Vec<u8> {
        let contact = format!("<{}>", self.invite.uri);
        self.invite.answer(self.peer, (182, "Queued"), Some(&self.name), &[("Contact", &contact)])
    }
}
