//! The calls under way and their word with the desk (RFC 3261, 8.2, 9.2, 17.2). Pure: datagrams, words of the desk and
//! the time go in; datagrams, arrivals and departures come out.
//!
//! An INVITE has a [`Transaction`] until its last answer is acknowledged. Everything else is answered from itself alone,
//! and a repeat in the same way; so a flood costs an answer and no memory. A transaction is named by a keyed hash of
//! what names it in the request: the same after a restart, and nothing a caller can choose.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};

use ring::hmac;

use super::NAME_CHARS;
use super::caller::ring_of;
use super::message::{Request, parse};
use super::transaction::{Due, Transaction};
use crate::channels::calls::{Ring, Standing};
use crate::gateway::rate::{Rate, Rates};
use crate::limits::{RATE_RECORDS_MAX, SIP_TRANSACTIONS_MAX};

/// Calls one PBX may bring.
const ARRIVALS: Rate = Rate { burst: 60, per_s: 20 };
/// How long one that has brought more is to wait.
const COME_BACK_S: &str = "5";

const METHODS: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS";
/// Where the 302 says which work item the call has become: by it the PBX can ask and tell over HTTP.
const WORK_ITEM: &str = "X-Deskbell-Work-Item";

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
    /// The call; its id is what its PBX calls it, the `Call-ID`.
    pub ring: Ring,
    /// The transaction's name.
    pub name: String,
    /// Who brought it.
    pub peer: SocketAddr,
    /// The datagram, to go on from after a restart.
    pub invite: Vec<u8>,
}

/// What the desk says to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// How it stands.
    Stands {
        /// So.
        standing: Standing,
        /// The host that an extension without one is at, if not the PBX itself.
        host: Option<String>,
        /// The work item it is.
        work_item: Option<String>,
    },
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
        self.transactions.values().map(Transaction::due_ms).min()
    }

    /// Calls under way, those just answered included.
    pub fn calls(&self) -> usize {
        self.transactions.len()
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
            "CANCEL" => self.hang_up(now_ms, peer, &key, &key, &request),
            "BYE" => {
                // A caller in line may also leave by BYE (15.1.1): then by the dialog, not by the transaction.
                let of = self.transactions.values().find(|one| {
                    one.is_open() && one.peer.ip() == peer.ip() && one.invite.is_of_call(&request)
                });
                let of = of.map_or_else(|| key.clone(), |one| one.name.clone());
                self.hang_up(now_ms, peer, &of, &key, &request);
            }
            "OPTIONS" => {
                let more = [("Allow", METHODS), ("Accept", "application/sdp")];
                self.reply(&request, peer, &key, (200, "OK"), &more);
            }
            _ => self.reply(&request, peer, &key, (405, "Method Not Allowed"), &[("Allow", METHODS)]),
        }
    }

    /// A call that waited when the box went down goes on. Its name, unless the INVITE cannot be read any more or there
    /// is no room.
    pub fn restore(&mut self, now_ms: u64, peer: SocketAddr, invite: &[u8]) -> Option<String> {
        if self.transactions.len() >= SIP_TRANSACTIONS_MAX {
            return None;
        }
        let invite = parse(invite)?;
        let key = self.name(&invite, peer);
        let one = Transaction::waits(now_ms, key.clone(), peer, invite);
        self.transactions.insert(key.clone(), one);
        Some(key)
    }

    /// The desk's word on a call.
    pub fn word(&mut self, now_ms: u64, key: &str, word: Word) {
        let Some(one) = self.transactions.get_mut(key).filter(|one| one.is_open()) else { return };
        match word {
            Word::Stands { standing: Standing::Queued, .. } => {
                if let Some(answer) = one.stand_in_line(now_ms) {
                    self.out.push_back(Out::Send(one.answer_to(), answer));
                }
            }
            Word::Stands { standing: Standing::Accepted { extension, .. }, host, work_item } => {
                let host = host.unwrap_or_else(|| host_of(one.peer));
                let at = if extension.contains('@') { String::new() } else { format!("@{host}") };
                let contact = format!("<sip:{extension}{at}>");
                one.sent_on = true;
                let mut more = vec![("Contact", contact.as_str())];
                more.extend(work_item.as_deref().map(|name| (WORK_ITEM, name)));
                self.finish(now_ms, key, (302, "Moved Temporarily"), &more);
            }
            Word::Stands { standing: Standing::Unavailable(_) | Standing::Ended(_), .. } => {
                self.finish(now_ms, key, (480, "Temporarily Unavailable"), &[]);
            }
            Word::Unknown => self.finish(now_ms, key, (404, "Not Found"), &[]),
            Word::Full => self.no_room(now_ms, key),
        }
    }

    /// Time has passed: answers are repeated, and what is over is forgotten.
    pub fn tick(&mut self, now_ms: u64) {
        let out = &mut self.out;
        let mut unheard = Vec::new();
        self.transactions.retain(|key, one| {
            match one.tick(now_ms) {
                None => {}
                Some(Due::Again(answer)) => out.push_back(Out::Send(one.answer_to(), answer)),
                Some(Due::Unheard) => unheard.push(key.clone()),
                Some(Due::Gone) => return false,
            }
            true
        });
        for key in unheard {
            self.no_room(now_ms, &key);
            self.out.push_back(Out::Left(key));
        }
    }

    fn invite(&mut self, now_ms: u64, peer: SocketAddr, key: String, request: Request, bytes: &[u8]) {
        if let Some(one) = self.transactions.get(&key) {
            // It did not hear the last answer.
            let again = one.repeat().map(|answer| Out::Send(request.answer_to(peer), answer));
            return self.out.extend(again);
        }
        if self.arrivals.take(&peer.ip(), now_ms).is_err() || self.transactions.len() >= SIP_TRANSACTIONS_MAX
        {
            self.counts.flooded += 1;
            let more = [("Retry-After", COME_BACK_S)];
            return self.reply(&request, peer, &key, (503, "Service Unavailable"), &more);
        }
        let called = match self.called(&request) {
            Ok(called) => called,
            Err((status, more)) => {
                let more: Vec<(&str, &str)> =
                    more.iter().map(|(name, value)| (*name, value.as_str())).collect();
                return self.reply(&request, peer, &key, status, &more);
            }
        };
        let ring = ring_of(&request);
        let arrived = Arrived { called, ring, name: key.clone(), peer, invite: bytes.to_vec() };
        let one = Transaction::came(now_ms, key.clone(), peer, request);
        self.out.push_back(Out::Send(one.answer_to(), one.trying()));
        self.out.push_back(Out::Came(Box::new(arrived)));
        self.transactions.insert(key, one);
    }

    /// Whom a new call is for; else what stands against it.
    fn called(&self, request: &Request) -> Result<String, Against> {
        if request.to_tag.is_some() {
            return Err(((481, "Call Does Not Exist"), None));
        }
        if let Some(wanted) = request.required() {
            return Err(((420, "Bad Extension"), Some(("Unsupported", wanted))));
        }
        let (scheme, called) = super::message::user(&request.uri).ok_or(((400, "Bad Request"), None))?;
        if !["sip", "sips"].contains(&scheme.as_str()) {
            return Err(((416, "Unsupported URI Scheme"), None));
        }
        let mut others = self.transactions.values().filter(|one| one.invite.is_of_call(request));
        if let Some(twin) = others.find(|one| one.is_open() || one.invite.cseq == request.cseq) {
            // The same call by another way, however late it comes (8.2.2.2); or again before its first answer (14.2).
            if twin.invite.cseq == request.cseq {
                return Err(((482, "Loop Detected"), None));
            }
            return Err(((500, "Too Early"), Some(("Retry-After", COME_BACK_S.to_owned()))));
        }
        Ok(called)
    }

    /// CANCEL, or BYE before the last answer: the caller has put the receiver down.
    fn hang_up(&mut self, now_ms: u64, peer: SocketAddr, of: &str, key: &str, request: &Request) {
        let Some(one) = self.transactions.get_mut(of) else {
            return self.reply(request, peer, key, (481, "Call Does Not Exist"), &[]);
        };
        let open = one.is_open();
        // One that crosses the 302 changes nothing about that answer (9.2), but nobody who hangs up follows it (16.10):
        // without a word the agent would sit before a call that is over.
        let left = std::mem::take(&mut one.sent_on) || open;
        self.reply(request, peer, of, (200, "OK"), &[]);
        if open {
            self.finish(now_ms, of, (487, "Request Terminated"), &[]);
        }
        if left {
            self.out.push_back(Out::Left(of.to_owned()));
        }
    }

    /// An ACK: nothing is repeated any more. One for a call that is still without its last answer is for one that was
    /// turned away, which is remembered nowhere: what has come since was a repeat that crossed the answer.
    fn acknowledged(&mut self, now_ms: u64, key: &str) {
        let Some(one) = self.transactions.get_mut(key) else { return };
        if one.is_open() {
            self.out.push_back(Out::Left(key.to_owned()));
        }
        one.acknowledge(now_ms);
    }

    fn no_room(&mut self, now_ms: u64, key: &str) {
        self.finish(now_ms, key, (503, "Service Unavailable"), &[("Retry-After", COME_BACK_S)]);
    }

    /// The last answer to an INVITE.
    fn finish(&mut self, now_ms: u64, key: &str, status: (u16, &str), more: &[(&str, &str)]) {
        let Some(one) = self.transactions.get_mut(key) else { return };
        let answer = one.finish(now_ms, status, more);
        self.out.push_back(Out::Send(one.answer_to(), answer));
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
        data_encoding::HEXLOWER.encode(&context.sign().as_ref()[..NAME_CHARS / 2])
    }
}

/// A status, and a header that explains it.
type Against = ((u16, &'static str), Option<(&'static str, String)>);

/// A PBX's own address, as it stands in an address.
fn host_of(peer: SocketAddr) -> String {
    let ip = peer.ip().to_canonical();
    let host = if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() };
    if peer.port() == 5060 { host } else { format!("{host}:{}", peer.port()) }
}

#[cfg(test)]
mod tests {
    use super::super::transaction::{GIVE_UP_MS, REMIND_MS, T4_MS};
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
        switch.word(0, &name, stands(Standing::Queued));
        assert_eq!(told(&mut switch), ["182"]);
        (switch, name)
    }

    fn stands(standing: Standing) -> Word {
        Word::Stands { standing, host: None, work_item: Some("c12".to_owned()) }
    }

    fn accepted(extension: &str) -> Word {
        let (agent, name) = ("alice".to_owned(), "Alice".to_owned());
        stands(Standing::Accepted { agent, name, extension: extension.to_owned() })
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
        assert!(text.contains("\r\nX-Deskbell-Work-Item: c12\r\n"), "{text}");
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
        switch.word(0, &name, stands(Standing::Unavailable(Nobody::TimedOut)));
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
        switch.word(20, &name, stands(Standing::Queued));
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
    fn a_caller_who_hangs_up_as_she_is_sent_on_has_left() {
        for acknowledged in [false, true] {
            let (mut switch, name) = in_line();
            switch.word(1, &name, accepted("201"));
            assert_eq!(told(&mut switch), ["302"]);
            if acknowledged {
                switch.datagram(2, peer(), &request("ACK", 1, 1));
            }
            // Her CANCEL has crossed it: the answer stands, and nobody will follow it.
            switch.datagram(3, peer(), &request("CANCEL", 1, 1));
            assert_eq!(told(&mut switch), ["200", "left"], "{acknowledged}");
            switch.datagram(4, peer(), &request("CANCEL", 1, 1));
            assert_eq!(told(&mut switch), ["200"], "once");
        }
        // After an answer that sends her nowhere there is nobody to tell.
        let (mut switch, name) = in_line();
        switch.word(1, &name, stands(Standing::Unavailable(Nobody::TimedOut)));
        switch.datagram(2, peer(), &request("CANCEL", 1, 1));
        assert_eq!(told(&mut switch), ["480", "200"]);
    }

    #[test]
    fn a_call_turned_away_is_not_taken_in_by_a_repeat_that_crossed_the_answer() {
        let mut switch = Switch::new(b"secret");
        for call in 0..61 {
            switch.datagram(0, peer(), &request("INVITE", call, 1));
        }
        assert_eq!(told(&mut switch).pop().as_deref(), Some("503"));
        switch.datagram(500, peer(), &request("INVITE", 60, 1));
        assert_eq!(told(&mut switch), ["100", "came"], "there is room by now");
        switch.word(501, &name_of(&switch, 60), stands(Standing::Queued));
        switch.datagram(502, peer(), &request("ACK", 60, 1));
        assert_eq!(told(&mut switch), ["182", "left"], "its sender has given up on the 503");
        switch.datagram(503, peer(), &request("ACK", 60, 1));
        switch.word(504, &name_of(&switch, 60), accepted("201"));
        assert_eq!(told(&mut switch), Vec::<String>::new());
    }

    #[test]
    fn a_call_the_desk_says_nothing_about_is_given_back() {
        let mut switch = Switch::new(b"secret");
        switch.datagram(0, peer(), &request("INVITE", 1, 1));
        assert_eq!((told(&mut switch).len(), switch.next_ms()), (2, Some(GIVE_UP_MS)));
        switch.tick(GIVE_UP_MS);
        assert_eq!(told(&mut switch), ["503", "left"]);
        switch.word(GIVE_UP_MS, &name_of(&switch, 1), accepted("201"));
        assert_eq!(told(&mut switch), Vec::<String>::new(), "too late");
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
        let other_end = "192.0.2.10:5060".parse().expect("an address");
        switch.datagram(1, other_end, &request("INVITE", 1, 1));
        let Some(Out::Send(to, loops)) = switch.out.remove(1) else { panic!("no answer") };
        assert!(to == other_end && loops.starts_with(b"SIP/2.0 482 "), "by another proxy");
        switch.datagram(1, peer(), &request("INVITE", 1, 2));
        let dialog = String::from_utf8(request("INVITE", 2, 1))
            .expect("text")
            .replace("box>\r\nCall", "box>;tag=x\r\nCall");
        switch.datagram(1, peer(), dialog.as_bytes());
        assert_eq!(told(&mut switch), ["482", "500", "481"]);
        // A branch of the fork that comes late is the same call still; another attempt is another.
        let name = name_of(&switch, 1);
        switch.word(2, &name, accepted("201"));
        switch.datagram(3, peer(), other_way.as_bytes());
        switch.datagram(4, peer(), &request("INVITE", 1, 2));
        assert_eq!(told(&mut switch), ["302", "482", "100", "came"]);
    }

    #[test]
    fn a_bye_of_another_dialog_ends_no_call() {
        let (mut switch, _) = in_line();
        let bye = String::from_utf8(request("BYE", 1, 2)).expect("text");
        switch.datagram(1, peer(), bye.replace("tag=f1", "tag=f2").as_bytes());
        switch.datagram(1, "192.0.2.10:5060".parse().expect("an address"), bye.as_bytes());
        assert!(
            drain(&mut switch)
                .iter()
                .all(|out| matches!(out, Out::Send(_, answer) if answer.starts_with(b"SIP/2.0 481 ")))
        );
        switch.datagram(2, peer(), bye.as_bytes());
        assert_eq!(told(&mut switch), ["200", "487", "left"]);
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
            (invite.replace("CSeq: 1", "CSeq: 4294967296"), "400"),
            (invite.replace("Call-ID", "Call-ID: 2\r\nCall-ID"), "400"),
            (invite.replace("sip:calls@box SIP", "sip:calls@box>;x=< SIP"), "400"),
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
        let mut full = Switch::new(b"secret");
        let calls = 0..SIP_TRANSACTIONS_MAX as u32 + 1;
        let back = calls.filter(|call| full.restore(0, peer(), &request("INVITE", *call, 1)).is_some());
        assert_eq!(back.count(), SIP_TRANSACTIONS_MAX);
    }
}
