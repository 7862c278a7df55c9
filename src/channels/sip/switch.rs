//! The transactions of calls under way, by the timers of RFC 3261 for UDP (17.2.1). Pure: datagrams, words of the desk
//! and the time go in; datagrams, arrivals and departures come out.
//!
//! An INVITE has a transaction until its last answer is acknowledged. Everything else is answered from itself alone,
//! and a repeat in the same way; so a flood costs an answer and no memory. A transaction is named by a keyed hash of
//! what names it in the request: the same after a restart, and nothing a caller can choose.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};

use ring::hmac;

use super::caller::ring_of;
use super::message::{Request, parse};
use crate::channels::calls::{Ring, Standing};
use crate::gateway::rate::{Rate, Rates};
use crate::limits::{RATE_RECORDS_MAX, SIP_TRANSACTIONS_MAX};

/// RFC 3261's T1: from an answer to its first repeat.
const T1_MS: u64 = 500;
/// T2: the longest between two repeats.
const T2_MS: u64 = 4_000;
/// T4: how long an acknowledged call's stragglers are expected.
const T4_MS: u64 = 5_000;
/// Timer H: an answer nobody acknowledges is given up.
const GIVE_UP_MS: u64 = 64 * T1_MS;
/// A caller in line is said to be there each minute, or proxies on the way give the call up (13.3.1.1).
const REMIND_MS: u64 = 60_000;
/// Calls one PBX may bring.
const ARRIVALS: Rate = Rate { burst: 60, per_s: 20 };
/// How long one that has brought more is to wait.
const COME_BACK_S: &str = "5";

const METHODS: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS";

/// One thing to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Out {
    /// Send this.
    Send(SocketAddr, Vec<u8>),
    /// A call has come.
    Came(Box<Arrived>),
    /// Its caller has gone: the call of this name.
    Left(String),
}

/// A call that has come.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrived {
    /// Whom it is for: the user of the address, a workstream.
    pub called: String,
    /// The call; its id is the transaction's name.
    pub ring: Ring,
    /// Who brought it.
    pub peer: SocketAddr,
    /// The datagram, to go on from after a restart.
    pub invite: Vec<u8>,
}

/// What the desk says to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// How it stands; and the host an extension without one is at, if not the PBX itself.
    Stands(Standing, Option<String>),
    /// There is no such workstream, or it takes no calls.
    Unknown,
    /// There is no room.
    Full,
}

/// What was turned away since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// No SIP, or not enough of it to be answered.
    pub malformed: u64,
    /// More calls than one PBX may bring, or than there is room for.
    pub flooded: u64,
}

struct Transaction {
    peer: SocketAddr,
    invite: Request,
    phase: Phase,
}

enum Phase {
    /// Not yet answered for good.
    Proceeding {
        /// Has the desk taken it in? Then it has been said, and is said again at this time.
        queued: Option<u64>,
    },
    /// Answered, and the answer repeated until it is acknowledged.
    Completed { answer: Vec<u8>, again_ms: u64, every_ms: u64, give_up_ms: u64 },
    /// Acknowledged.
    Confirmed { until_ms: u64 },
}

/// The SIP side of the box.
pub struct Switch {
    key: hmac::Key,
    transactions: BTreeMap<String, Transaction>,
    arrivals: Rates<IpAddr>,
    out: VecDeque<Out>,
    /// What was turned away.
    pub counts: Counts,
}

impl Switch {
    /// A switch without calls. The secret is the box's own, the same at each start.
    pub fn new(secret: &[u8]) -> Switch {
        Switch {
            key: hmac::Key::new(hmac::HMAC_SHA256, secret),
            transactions: BTreeMap::new(),
            arrivals: Rates::new(ARRIVALS, RATE_RECORDS_MAX),
            out: VecDeque::new(),
            counts: Counts::default(),
        }
    }

    /// The next thing to be done; to be asked after each of the others until there is none.
    pub fn poll(&mut self) -> Option<Out> {
        self.out.pop_front()
    }

    /// When [`tick`](Self::tick) is due.
    pub fn next_ms(&self) -> Option<u64> {
        self.transactions.values().filter_map(|one| one.phase.due_ms()).min()
    }

    /// A datagram of a PBX that may speak to the box.
    pub fn datagram(&mut self, now_ms: u64, peer: SocketAddr, bytes: &[u8]) {
        if bytes.iter().all(|b| matches!(b, b'\r' | b'\n' | 0)) {
            return; // it only keeps a way through a router open
        }
        let Some(request) = parse(bytes) else {
            self.counts.malformed += 1;
            return;
        };
        let key = self.name(&request, peer);
        if request.method == "ACK" {
            return self.acknowledged(now_ms, &key);
        }
        if !request.is_known_version {
            return self.reply(&request, peer, &key, (505, "Version Not Supported"), &[]);
        }
        if !request.is_whole {
            return self.reply(&request, peer, &key, (400, "Bad Request"), &[]);
        }
        match request.method.as_str() {
            "INVITE" => self.invite(now_ms, peer, key, request, bytes),
            "CANCEL" => self.hang_up(now_ms, peer, &key.clone(), &key, &request),
            "BYE" => {
                // A caller in line may also leave by BYE (15.1.1): then by the dialog, not by the transaction.
                let same =
                    |one: &Transaction| one.invite.call_id == request.call_id && one.peer.ip() == peer.ip();
                let of = self.transactions.iter().find(|(_, one)| one.is_open() && same(one));
                let of = of.map_or_else(|| key.clone(), |(key, _)| key.clone());
                self.hang_up(now_ms, peer, &of, &key, &request);
            }
            "OPTIONS" => {
                let more = [("Allow", METHODS), ("Accept", "application/sdp")];
                self.reply(&request, peer, &key, (200, "OK"), &more);
            }
            _ => self.reply(&request, peer, &key, (405, "Method Not Allowed"), &[("Allow", METHODS)]),
        }
    }

    /// A call that waited when the box went down goes on. Its name, unless the INVITE cannot be read any more.
    pub fn restore(&mut self, now_ms: u64, peer: SocketAddr, invite: &[u8]) -> Option<String> {
        let invite = parse(invite)?;
        let key = self.name(&invite, peer);
        let phase = Phase::Proceeding { queued: Some(now_ms) };
        self.transactions.insert(key.clone(), Transaction { peer, invite, phase });
        Some(key)
    }

    /// The desk's word on a call.
    pub fn word(&mut self, now_ms: u64, key: &str, word: Word) {
        let Some(one) = self.transactions.get_mut(key) else { return };
        let Phase::Proceeding { queued } = &mut one.phase else { return };
        match word {
            Word::Stands(Standing::Queued, _) => {
                if queued.is_none() {
                    *queued = Some(now_ms + REMIND_MS);
                    let sent = one.queued_answer(key);
                    self.out.push_back(sent);
                }
            }
            Word::Stands(Standing::Accepted { extension, .. }, host) => {
                let host = host.unwrap_or_else(|| host_of(one.peer));
                let at = if extension.contains('@') { String::new() } else { format!("@{host}") };
                let contact = format!("<sip:{extension}{at}>");
                self.finish(now_ms, key, (302, "Moved Temporarily"), &[("Contact", &contact)]);
            }
            Word::Stands(Standing::Unavailable(_) | Standing::Ended(_), _) => {
                self.finish(now_ms, key, (480, "Temporarily Unavailable"), &[]);
            }
            Word::Unknown => self.finish(now_ms, key, (404, "Not Found"), &[]),
            Word::Full => {
                self.finish(now_ms, key, (503, "Service Unavailable"), &[("Retry-After", COME_BACK_S)]);
            }
        }
    }

    /// Time has passed: answers are repeated, and what is over is forgotten.
    pub fn tick(&mut self, now_ms: u64) {
        let out = &mut self.out;
        self.transactions.retain(|key, one| {
            if one.phase.due_ms().is_none_or(|due| due > now_ms) {
                return true;
            }
            match &mut one.phase {
                Phase::Proceeding { queued } => {
                    *queued = Some(now_ms + REMIND_MS);
                    out.push_back(one.queued_answer(key));
                    true
                }
                Phase::Completed { answer, again_ms, every_ms, give_up_ms } => {
                    if now_ms >= *give_up_ms {
                        return false;
                    }
                    *every_ms = (*every_ms * 2).min(T2_MS);
                    *again_ms = (now_ms + *every_ms).min(*give_up_ms);
                    out.push_back(Out::Send(one.invite.answer_to(one.peer), answer.clone()));
                    true
                }
                Phase::Confirmed { .. } => false,
            }
        });
    }

    fn invite(&mut self, now_ms: u64, peer: SocketAddr, key: String, request: Request, bytes: &[u8]) {
        if let Some(one) = self.transactions.get(&key) {
            // It did not hear the last answer.
            let again = match &one.phase {
                Phase::Proceeding { queued: Some(_) } => Some(one.queued_answer(&key)),
                Phase::Proceeding { queued: None } => Some(one.trying()),
                Phase::Completed { answer, .. } => Some(Out::Send(request.answer_to(peer), answer.clone())),
                Phase::Confirmed { .. } => None,
            };
            return self.out.extend(again);
        }
        if self.arrivals.take(&peer.ip(), now_ms).is_err() || self.transactions.len() >= SIP_TRANSACTIONS_MAX
        {
            self.counts.flooded += 1;
            let more = [("Retry-After", COME_BACK_S)];
            return self.reply(&request, peer, &key, (503, "Service Unavailable"), &more);
        }
        if request.to_tag.is_some() {
            return self.reply(&request, peer, &key, (481, "Call Does Not Exist"), &[]);
        }
        if let Some(wanted) = request.header("require").filter(|wanted| !wanted.is_empty()) {
            let more = [("Unsupported", wanted)];
            return self.reply(&request, peer, &key, (420, "Bad Extension"), &more);
        }
        let Some((scheme, called)) = super::message::user(&request.uri) else {
            return self.reply(&request, peer, &key, (400, "Bad Request"), &[]);
        };
        if !["sip", "sips"].contains(&scheme.as_str()) {
            return self.reply(&request, peer, &key, (416, "Unsupported URI Scheme"), &[]);
        }
        let twin = self.transactions.values().find(|one| {
            one.is_open() && one.invite.call_id == request.call_id && one.invite.from_tag == request.from_tag
        });
        if let Some(twin) = twin {
            // The same call by another way (8.2.2.2), or again before its first answer.
            let status =
                if twin.invite.cseq == request.cseq { (482, "Loop Detected") } else { (500, "Too Early") };
            return self.reply(&request, peer, &key, status, &[("Retry-After", COME_BACK_S)]);
        }
        let arrived = Arrived { called, ring: ring_of(&request, key.clone()), peer, invite: bytes.to_vec() };
        let one = Transaction { peer, invite: request, phase: Phase::Proceeding { queued: None } };
        self.out.push_back(one.trying());
        self.out.push_back(Out::Came(Box::new(arrived)));
        self.transactions.insert(key, one);
    }

    /// CANCEL, or BYE before the last answer: the caller has put the receiver down.
    fn hang_up(&mut self, now_ms: u64, peer: SocketAddr, of: &str, key: &str, request: &Request) {
        let Some(one) = self.transactions.get(of) else {
            return self.reply(request, peer, key, (481, "Call Does Not Exist"), &[]);
        };
        let open = one.is_open();
        self.reply(request, peer, of, (200, "OK"), &[]);
        if open {
            self.finish(now_ms, of, (487, "Request Terminated"), &[]);
            self.out.push_back(Out::Left(of.to_owned()));
        }
    }

    fn acknowledged(&mut self, now_ms: u64, key: &str) {
        if let Some(one) = self.transactions.get_mut(key)
            && matches!(one.phase, Phase::Completed { .. })
        {
            one.phase = Phase::Confirmed { until_ms: now_ms + T4_MS };
        }
    }

    /// The last answer to an INVITE.
    fn finish(&mut self, now_ms: u64, key: &str, status: (u16, &str), more: &[(&str, &str)]) {
        let Some(one) = self.transactions.get_mut(key) else { return };
        let answer = one.invite.answer(one.peer, status, Some(key), more);
        self.out.push_back(Out::Send(one.invite.answer_to(one.peer), answer.clone()));
        let (again_ms, give_up_ms) = (now_ms + T1_MS, now_ms + GIVE_UP_MS);
        one.phase = Phase::Completed { answer, again_ms, every_ms: T1_MS, give_up_ms };
    }

    /// An answer that needs no memory.
    fn reply(
        &mut self,
        request: &Request,
        peer: SocketAddr,
        key: &str,
        status: (u16, &str),
        more: &[(&str, &str)],
    ) {
        let answer = request.answer(peer, status, Some(key), more);
        self.out.push_back(Out::Send(request.answer_to(peer), answer));
    }

    /// What names a transaction: an ACK and a CANCEL have that of their INVITE (9.1, 17.2.3).
    fn name(&self, request: &Request, peer: SocketAddr) -> String {
        let mut context = hmac::Context::with_key(&self.key);
        let parts = [&request.call_id, &request.from_tag, &request.via.branch, &request.via.sent_by];
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        context.update(&request.cseq.to_be_bytes());
        context.update(peer.ip().to_string().as_bytes());
        data_encoding::HEXLOWER.encode(&context.sign().as_ref()[..12])
    }
}

impl Transaction {
    fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Proceeding { .. })
    }

    fn trying(&self) -> Out {
        Out::Send(self.invite.answer_to(self.peer), self.invite.answer(self.peer, (100, "Trying"), None, &[]))
    }

    fn queued_answer(&self, key: &str) -> Out {
        let contact = format!("<{}>", self.invite.uri);
        let answer = self.invite.answer(self.peer, (182, "Queued"), Some(key), &[("Contact", &contact)]);
        Out::Send(self.invite.answer_to(self.peer), answer)
    }
}

impl Phase {
    fn due_ms(&self) -> Option<u64> {
        match self {
            Phase::Proceeding { queued } => *queued,
            Phase::Completed { again_ms, .. } => Some(*again_ms),
            Phase::Confirmed { until_ms } => Some(*until_ms),
        }
    }
}

/// A PBX's own address, as it stands in an address.
fn host_of(peer: SocketAddr) -> String {
    let ip = peer.ip().to_canonical();
    let host = if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() };
    if peer.port() == 5060 { host } else { format!("{host}:{}", peer.port()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channels::calls::Nobody;

    fn peer() -> SocketAddr {
        "192.0.2.9:5060".parse().expect("an address")
    }

    fn request(method: &str, call: u32, cseq: u32) -> Vec<u8> {
        let of = if method == "ACK" || method == "CANCEL" { "INVITE" } else { method };
        format!(
            "{method} sip:calls@box SIP/2.0\r\nVia: SIP/2.0/UDP pbx;rport;branch=z{call}{of}{cseq}\r\n\
             From: <sip:+31612345678@pbx>;tag=f{call}\r\nTo: <sip:calls@box>\r\nCall-ID: {call}\r\n\
             CSeq: {cseq} {method}\r\nContent-Length: 0\r\n\r\n"
        )
        .into_bytes()
    }

    fn drain(switch: &mut Switch) -> Vec<Out> {
        std::iter::from_fn(|| switch.poll()).collect()
    }

    /// The statuses sent, and whether the call came or left.
    fn told(switch: &mut Switch) -> Vec<String> {
        drain(switch)
            .into_iter()
            .map(|out| match out {
                Out::Send(to, bytes) => {
                    assert_eq!(to, peer());
                    String::from_utf8_lossy(&bytes[8..11]).into_owned()
                }
                Out::Came(_) => "came".to_owned(),
                Out::Left(_) => "left".to_owned(),
            })
            .collect()
    }

    fn name_of(switch: &Switch, call: u32) -> String {
        switch.name(&parse(&request("INVITE", call, 1)).expect("an INVITE"), peer())
    }

    /// A switch with one call in line.
    fn in_line() -> (Switch, String) {
        let mut switch = Switch::new(b"secret");
        switch.datagram(0, peer(), &request("INVITE", 1, 1));
        assert_eq!(told(&mut switch), ["100", "came"]);
        let name = name_of(&switch, 1);
        switch.word(0, &name, Word::Stands(Standing::Queued, None));
        assert_eq!(told(&mut switch), ["182"]);
        (switch, name)
    }

    fn accepted(extension: &str) -> Word {
        let (agent, name) = ("alice".to_owned(), "Alice".to_owned());
        Word::Stands(Standing::Accepted { agent, name, extension: extension.to_owned() }, None)
    }

    #[test]
    fn an_accepted_call_is_sent_to_her_extension_and_repeated_until_acknowledged() {
        let (mut switch, name) = in_line();
        switch.word(1_000, &name, accepted("201"));
        let sent = drain(&mut switch);
        let Out::Send(_, answer) = &sent[0] else { panic!("{sent:?}") };
        let text = String::from_utf8_lossy(answer);
        assert!(
            text.starts_with("SIP/2.0 302 ") && text.contains("\r\nContact: <sip:201@192.0.2.9>\r\n"),
            "{text}"
        );
        // Timer G doubles to four seconds.
        let mut at = 1_000;
        for wait in [500, 1_000, 2_000, 4_000, 4_000] {
            assert_eq!(switch.next_ms(), Some(at + wait));
            at += wait;
            switch.tick(at);
            assert_eq!(drain(&mut switch), sent);
        }
        // The caller has not heard it: again at once.
        switch.datagram(at, peer(), &request("INVITE", 1, 1));
        assert_eq!(drain(&mut switch), sent);
        switch.datagram(at, peer(), &request("ACK", 1, 1));
        switch.datagram(at, peer(), &request("INVITE", 1, 1));
        assert_eq!(drain(&mut switch), [], "acknowledged");
        switch.tick(at + T4_MS);
        assert_eq!((switch.transactions.len(), switch.next_ms()), (0, None));
    }

    #[test]
    fn an_answer_nobody_acknowledges_is_given_up() {
        let (mut switch, name) = in_line();
        switch.word(0, &name, Word::Stands(Standing::Unavailable(Nobody::TimedOut), None));
        assert_eq!(told(&mut switch), ["480"]);
        let mut repeats = 0;
        while let Some(due) = switch.next_ms() {
            assert!(due <= GIVE_UP_MS);
            switch.tick(due);
            repeats += told(&mut switch).len();
        }
        assert_eq!((repeats, switch.transactions.len()), (10, 0));
    }

    #[test]
    fn who_waits_is_told_each_minute_and_a_repeat_at_once() {
        let (mut switch, name) = in_line();
        switch.datagram(10, peer(), &request("INVITE", 1, 1));
        switch.word(20, &name, Word::Stands(Standing::Queued, None));
        assert_eq!(told(&mut switch), ["182"], "the repeat, and nothing for what is known");
        assert_eq!(switch.next_ms(), Some(REMIND_MS));
        switch.tick(REMIND_MS);
        assert_eq!(told(&mut switch), ["182"]);
    }

    #[test]
    fn a_caller_who_hangs_up_has_left_once() {
        for method in ["CANCEL", "BYE"] {
            let (mut switch, name) = in_line();
            let cseq = if method == "BYE" { 2 } else { 1 };
            switch.datagram(5, peer(), &request(method, 1, cseq));
            assert_eq!(told(&mut switch), ["200", "487", "left"], "{method}");
            switch.datagram(6, peer(), &request("CANCEL", 1, 1));
            assert_eq!(told(&mut switch), ["200"], "again");
            switch.word(7, &name, accepted("201"));
            assert_eq!(told(&mut switch), Vec::<String>::new(), "too late");
            switch.datagram(8, peer(), &request("ACK", 1, 1));
            switch.tick(8 + T4_MS);
            switch.datagram(9 + T4_MS, peer(), &request("CANCEL", 1, 1));
            assert_eq!(told(&mut switch), ["481"], "nothing is left of it");
        }
    }

    #[test]
    fn a_call_that_came_before_the_desk_has_answered_can_leave() {
        let mut switch = Switch::new(b"secret");
        switch.datagram(0, peer(), &request("INVITE", 1, 1));
        switch.datagram(1, peer(), &request("INVITE", 1, 1));
        assert_eq!(told(&mut switch), ["100", "came", "100"]);
        switch.datagram(2, peer(), &request("CANCEL", 1, 1));
        assert_eq!(told(&mut switch), ["200", "487", "left"]);
    }

    #[test]
    fn the_same_call_again_is_one_call() {
        let (mut switch, _) = in_line();
        let other_way =
            String::from_utf8(request("INVITE", 1, 1)).expect("text").replace("branch=z1", "branch=y1");
        switch.datagram(1, peer(), other_way.as_bytes());
        switch.datagram(1, peer(), &request("INVITE", 1, 2));
        let dialog = String::from_utf8(request("INVITE", 2, 1))
            .expect("text")
            .replace("box>\r\nCall", "box>;tag=x\r\nCall");
        switch.datagram(1, peer(), dialog.as_bytes());
        assert_eq!(told(&mut switch), ["482", "500", "481"]);
    }

    #[test]
    fn what_is_no_call_is_answered_and_kept_nowhere() {
        let mut switch = Switch::new(b"secret");
        let invite = String::from_utf8(request("INVITE", 1, 1)).expect("text");
        for (text, status) in [
            (String::from_utf8(request("OPTIONS", 1, 1)).expect("text"), "200"),
            (String::from_utf8(request("REGISTER", 1, 1)).expect("text"), "405"),
            (String::from_utf8(request("BYE", 1, 1)).expect("text"), "481"),
            (invite.replace("SIP/2.0\r\nVia", "SIP/7.0\r\nVia"), "505"),
            (invite.replace("Length: 0", "Length: 9"), "400"),
            (invite.replace("sip:calls@box SIP", "tel:+31 SIP"), "416"),
            (invite.replace("sip:calls@box SIP", "calls SIP"), "400"),
            (invite.replace("Call-ID", "Require: 100rel\r\nCall-ID"), "420"),
        ] {
            switch.datagram(0, peer(), text.as_bytes());
            assert_eq!(told(&mut switch), [status], "{text}");
        }
        switch.datagram(0, peer(), b"\r\n\r\n");
        assert_eq!(switch.counts, Counts::default());
        switch.datagram(0, peer(), b"hello");
        assert_eq!((drain(&mut switch), switch.counts.malformed), (Vec::new(), 1));
        assert!(switch.transactions.is_empty());
    }

    #[test]
    fn a_flood_is_told_to_come_again_and_takes_no_room() {
        let mut switch = Switch::new(b"secret");
        for call in 0..5_000 {
            switch.datagram(0, peer(), &request("INVITE", call, 1));
        }
        let told = told(&mut switch);
        let count = |wanted: &str| told.iter().filter(|one| *one == wanted).count();
        assert_eq!((count("came"), count("503"), switch.transactions.len()), (60, 4_940, 60));
        // However slowly they come, there is an end to it.
        for call in 5_000..6_000 {
            switch.datagram(1_000_000 + u64::from(call) * 1_000, peer(), &request("INVITE", call, 1));
        }
        drain(&mut switch);
        assert_eq!(switch.transactions.len(), SIP_TRANSACTIONS_MAX);
    }

    #[test]
    fn a_call_in_line_goes_on_after_a_restart() {
        let (before, name) = in_line();
        drop(before);
        let mut after = Switch::new(b"secret");
        assert_eq!(after.restore(100, peer(), &request("INVITE", 1, 1)), Some(name.clone()));
        after.tick(100);
        assert_eq!(told(&mut after), ["182"]);
        after.word(200, &name, accepted("201@pbx.lan"));
        let sent = drain(&mut after);
        let Out::Send(_, answer) = &sent[0] else { panic!("{sent:?}") };
        assert!(String::from_utf8_lossy(answer).contains("Contact: <sip:201@pbx.lan>"));
        assert_eq!(after.restore(0, peer(), b"nothing"), None);
    }
}
