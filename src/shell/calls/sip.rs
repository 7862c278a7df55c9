//! Calls by SIP at the desk: what the switch hands in, and what it is told.

use std::net::SocketAddr;

use smol::channel::Sender;

use super::super::Shell;
use super::super::reads;
use super::{CallRecord, Outcome, SipLine, key};
use crate::channels::calls::{Ring, Standing};
use crate::channels::sip::{Arrived, Word};
use crate::desk::{Channel, Id};
use crate::engine::input::CustomerVerb;
use crate::engine::refusal::Refusal;
use crate::store::{ReadError, Snapshot, Table};

/// What a call's name begins with that came by SIP; the transaction's name follows.
const BY_SIP: &str = "sip-";

/// A call that waits for its answer, from before the start.
pub(in crate::shell) struct Held {
    pub(in crate::shell) peer: SocketAddr,
    pub(in crate::shell) invite: Vec<u8>,
    pub(in crate::shell) word: Word,
}

impl Shell {
    /// There is a SIP side from now on. What of a former start still waits for its answer is its to go on with.
    pub(in crate::shell) fn begin_sip(&mut self, words: Sender<(String, Word)>) -> Vec<Held> {
        self.calls.sip = Some(words);
        let now_ms = self.now.wall_ms;
        let mut held = Vec::new();
        let mut back = Vec::new();
        for (id, call) in &self.calls.live {
            let Some(line) = &call.record.sip else { continue };
            let waits = call.record.outcome == Outcome::Waits;
            // One accepted in the last moment may not have been told so; one that talks for an hour has.
            if !waits && call.record.until_ms < now_ms {
                continue;
            }
            let Ok(peer) = line.peer.parse() else { continue };
            let word = self.word_of(*id, call.standing.clone());
            held.push(Held { peer, invite: line.invite.clone(), word });
            if waits {
                back.push(*id);
            }
        }
        for id in back {
            self.customer_turn(id, CustomerVerb::Back);
        }
        held
    }

    /// A call has come by SIP.
    pub(in crate::shell) fn sip_came(&mut self, arrived: Arrived) {
        let Arrived { called, mut ring, peer, invite } = arrived;
        let name = std::mem::take(&mut ring.id);
        let Some(workstream) = self.called(&called) else { return self.say_sip(name, Word::Unknown) };
        ring.id = format!("{BY_SIP}{name}");
        let line = SipLine { peer: peer.to_string(), invite };
        self.calls.looking.insert(name.clone(), false);
        let sequence = self.watermark();
        let key = key(&workstream, &ring.id);
        let job = move |snapshot: &Snapshot| {
            Ok(snapshot.get(Table::Calls, &key)?.as_deref().and_then(reads::decoded::<CallRecord>))
        };
        let then = move |shell: &mut Shell, read: Result<Option<CallRecord>, ReadError>| match read {
            Ok(known) => shell.take_sip(name, &workstream, ring, known.as_ref(), line),
            Err(error) => {
                log::error!("a call could not be looked up: {error:?}");
                shell.calls.looking.remove(&name);
                shell.say_sip(name, Word::Full);
            }
        };
        self.readers.clone().spawn(&self.door.clone(), sequence, job, then);
    }

    fn take_sip(
        &mut self,
        name: String,
        workstream: &str,
        mut ring: Ring,
        known: Option<&CallRecord>,
        line: SipLine,
    ) {
        if self.calls.looking.remove(&name) == Some(true) {
            return;
        }
        if super::super::start::attributes(&ring.variables).is_err() {
            // A caller is not turned away for what her PBX says of her.
            log::warn!("{workstream}: what a call's PBX says of it is too much, and left out");
            ring.variables.clear();
        }
        let word = match self.call_came(workstream, ring, known, Some(line)) {
            Ok(shown) => Word::Stands(shown.standing, self.host_of(workstream)),
            Err(Refusal::NotFound) => Word::Unknown,
            Err(refusal) => {
                log::warn!("{workstream}: a call was not taken: {}", refusal.code());
                Word::Full
            }
        };
        self.say_sip(name, word);
    }

    /// The caller has hung up.
    pub(in crate::shell) fn sip_left(&mut self, name: &str) {
        if let Some(left) = self.calls.looking.get_mut(name) {
            *left = true;
            return;
        }
        let by_sip = format!("{BY_SIP}{name}");
        let found = self.calls.live.iter().find(|(_, call)| call.name == by_sip).map(|(id, _)| *id);
        if let Some(id) = found {
            self.end_call(id);
        }
    }

    /// The workstream of an address: named by its id, or the only one there is.
    fn called(&self, called: &str) -> Option<String> {
        let voice = || self.desk.workstreams.iter().filter(|one| one.channel == Channel::Voice);
        let named = voice().find(|one| one.id.as_str() == called);
        let only = || voice().next().filter(|_| voice().count() == 1);
        named.or_else(only).map(|one| one.id.to_string())
    }

    fn host_of(&self, workstream: &str) -> Option<String> {
        self.desk.workstream(workstream)?.voice.as_ref()?.host.clone()
    }

    fn word_of(&self, id: u64, standing: Standing) -> Word {
        let host = self.cards.get(&id).and_then(|card| self.host_of(&card.workstream));
        Word::Stands(standing, host)
    }

    /// A call stands otherwise than before.
    pub(super) fn tell_sip(&mut self, name: String, standing: Standing, id: u64) {
        let Some(name) = name.strip_prefix(BY_SIP) else { return };
        let (name, word) = (name.to_owned(), self.word_of(id, standing));
        self.say_sip(name, word);
    }

    fn say_sip(&mut self, name: String, word: Word) {
        let Some(words) = self.calls.sip.clone() else { return };
        self.once_durable(move || {
            // As many as all calls together can have: a full one is a defect, and the caller is told by her PBX.
            if words.try_send((name, word)).is_err() {
                log::error!("the SIP side does not listen");
            }
        });
    }
}
