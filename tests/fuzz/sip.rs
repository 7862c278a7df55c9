//! A PBX that sends anything, at any time, to a desk that says anything, with restarts between.
//!
//! The bytes are steps, parted by zero bytes. What a step begins with says what it is: `@` time passes, `#` the desk has
//! a word on a call, `~` the box starts again, `!` a datagram of another PBX; anything else is a datagram.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use deskbell::channels::calls::{Nobody, Standing};
use deskbell::channels::sip::{Out, Switch, Word};
use deskbell::limits::{SIP_DATAGRAM_BYTES_MAX, SIP_TRANSACTIONS_MAX};

const SECRET: &[u8] = b"the box's own";
const STEPS_MAX: usize = 400;
/// Longer than any answer is repeated.
const LONG_MS: u64 = 64 * 500 + 5_000;

/// A call that has come and not left.
struct Call {
    peer: SocketAddr,
    invite: Vec<u8>,
    /// An agent has it.
    accepted: bool,
}

/// A box and the PBXs around it.
struct Line {
    switch: Switch,
    now_ms: u64,
    open: BTreeMap<String, Call>,
    /// Everybody who has ever asked: nobody else is sent anything.
    peers: BTreeSet<SocketAddr>,
    /// The longest datagram so far.
    bytes: usize,
}

pub(crate) fn calls(data: &[u8]) {
    let (open, peers) = (BTreeMap::new(), BTreeSet::new());
    let mut line = Line { switch: Switch::new(SECRET), now_ms: 0, open, peers, bytes: 0 };
    for step in data.split(|byte| *byte == 0).take(STEPS_MAX) {
        line.take(step);
    }
    line.ends();
}

impl Line {
    fn take(&mut self, step: &[u8]) {
        match step {
            [b'@', rest @ ..] => {
                let steps = rest.first().copied().unwrap_or(b'9') % 18;
                self.now_ms += 1 << steps;
                self.pass();
            }
            [b'#', which, what, ..] => self.say(*which, *what),
            [b'~', ..] => {
                // The desk knows what was open, and the socket begins anew.
                self.switch = Switch::new(SECRET);
                self.now_ms = 0;
                for (name, call) in &self.open {
                    let back = self.switch.restore(0, call.peer, &call.invite);
                    let full = self.switch.calls() == SIP_TRANSACTIONS_MAX;
                    assert!(back.as_ref() == Some(name) || full, "another name after a restart: {back:?}");
                }
                self.pass();
            }
            [b'!', rest @ ..] => self.hear("192.0.2.10:5070", rest),
            datagram => self.hear("192.0.2.9:5060", datagram),
        }
    }

    fn hear(&mut self, peer: &str, bytes: &[u8]) {
        let bytes = &bytes[..bytes.len().min(SIP_DATAGRAM_BYTES_MAX)];
        let peer: SocketAddr = peer.parse().expect("an address");
        self.peers.insert(peer);
        self.bytes = self.bytes.max(bytes.len());
        let (counts, before) = (self.switch.counts, self.open.len());
        self.switch.datagram(self.now_ms, peer, bytes);
        let sent = self.drain();
        assert!(sent <= 2 && self.open.len() <= before + 1, "{sent} answers to one datagram");
        let malformed = self.switch.counts.malformed - counts.malformed;
        assert!(malformed == 0 || sent == 0, "what is no SIP is not answered");
    }

    fn say(&mut self, which: u8, what: u8) {
        let Some(name) = self.open.keys().nth(usize::from(which) % self.open.len().max(1)).cloned() else {
            return;
        };
        let stands = |standing| Word::Stands { standing, host: None, work_item: Some("c12".to_owned()) };
        let extension = ["201", "201@pbx.lan:5070"][usize::from(what) & 1].to_owned();
        let word = match what % 6 {
            0 => stands(Standing::Queued),
            1 | 2 => stands(Standing::Accepted { agent: "a".into(), name: "A".into(), extension }),
            3 => stands(Standing::Unavailable(Nobody::NobodyThere)),
            4 => Word::Unknown,
            _ => Word::Full,
        };
        self.switch.word(self.now_ms, &name, word);
        assert!(self.drain() <= 1, "a word is one answer");
        match (what % 6, self.open.get_mut(&name)) {
            (0, _) | (_, None) => {}
            // The desk's until it hears that the caller has left.
            (1 | 2, Some(call)) => call.accepted = true,
            (_, Some(_)) => drop(self.open.remove(&name)),
        }
    }

    fn pass(&mut self) {
        self.switch.tick(self.now_ms);
        self.drain();
        assert!(
            self.switch.next_ms().is_none_or(|due| due > self.now_ms),
            "time passes and nothing comes of it"
        );
    }

    /// What the switch wants done; how many answers it has sent.
    fn drain(&mut self) -> usize {
        let mut sent = 0;
        while let Some(out) = self.switch.poll() {
            match out {
                Out::Send(to, answer) => {
                    assert!(self.peers.iter().any(|peer| peer.ip() == to.ip()), "sent to a stranger: {to}");
                    well_formed(&answer, self.bytes);
                    sent += 1;
                }
                Out::Came(arrived) => {
                    assert!(arrived.ring.id.chars().count() <= 200 && arrived.ring.variables.len() <= 32);
                    let call = Call { peer: arrived.peer, invite: arrived.invite, accepted: false };
                    let before = self.open.insert(arrived.name, call);
                    // A desk knows one it has answered, however late it is said again.
                    assert!(before.is_none_or(|call| call.accepted), "one call in line came twice");
                }
                Out::Left(name) => {
                    // The desk may have let go of it in the same moment.
                    self.open.remove(&name);
                }
            }
        }
        assert!(self.switch.calls() <= SIP_TRANSACTIONS_MAX);
        sent
    }

    /// Once everybody has had an answer and time enough, nothing is left.
    fn ends(&mut self) {
        while !self.open.is_empty() {
            let name = self.open.keys().next().expect("not empty").clone();
            self.switch.word(self.now_ms, &name, Word::Full);
            self.drain();
            self.open.remove(&name);
        }
        let end_ms = self.now_ms + LONG_MS;
        while let Some(due) = self.switch.next_ms().filter(|due| *due <= end_ms) {
            self.now_ms = due;
            self.pass();
        }
        assert_eq!(self.switch.calls(), 0, "left over");
    }
}

/// An answer says each thing once, has no body, and is no longer than its question gives reason for.
fn well_formed(answer: &[u8], question_bytes: usize) {
    let text = std::str::from_utf8(answer).expect("an answer is text");
    let head = text.strip_suffix("Content-Length: 0\r\n\r\n").expect("an end, and no body");
    assert!(!head.contains("\r\n\r\n") && head.starts_with("SIP/2.0 "), "{text}");
    let status: u16 = head[8..11].parse().expect("a status");
    assert!((100..700).contains(&status), "{text}");
    for name in ["From: ", "To: ", "Call-ID: ", "CSeq: ", "Contact: "] {
        let times = head.matches(&format!("\r\n{name}")).count();
        assert!(times == 1 || name == "Contact: " && times == 0, "{name}: {text}");
    }
    assert!(answer.len() <= 2 * question_bytes + 512, "{} bytes for {question_bytes}", answer.len());
}
