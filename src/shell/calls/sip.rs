//! Calls by SIP at the desk: what the switch hands in, and what it is told.

use std::net::SocketAddr;

use smol::channel::Sender;

use super::super::Shell;
use super::super::reads;
use super::super::wire::ConversationName;
use super::naming::{by_sip, key, transaction_of};
use super::{CallRecord, Outcome, SipLine};
use crate::channels::calls::{Ring, Standing};
use crate::channels::sip::{Arrived, Word};
use crate::desk::{Channel, Id};
use crate::engine::id::ConversationId;
use crate::engine::input::CustomerVerb;
use crate::engine::refusal::Refusal;
use crate::store::{ReadError, Snapshot, Table};

/// A call that waits for its answer, from before the start.
pub(in crate::shell) struct Held {
    pub(in crate::shell) peer: SocketAddr,
    pub(in crate::shell) invite: Vec<u8>,
    pub(in crate::shell) word: Word,
    /// Is it in line?
    waits: bool,
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
            held.push(Held { peer, invite: line.invite.clone(), word, waits });
            if waits {
                back.push(*id);
            }
        }
        // There is a bound to them: who waits comes before who may have been told.
        held.sort_by_key(|one| !one.waits);
        for id in back {
            self.customer_turn(id, CustomerVerb::Back);
        }
        held
    }

    /// A call has come by SIP.
    pub(in crate::shell) fn sip_came(&mut self, arrived: Arrived) {
        let Arrived { called, mut ring, name, peer, invite } = arrived;
        let Some(workstream) = self.called(&called) else { return self.say_sip(name, Word::Unknown) };
        ring.id = by_sip(&ring.id, &name);
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
            Ok(shown) => self.stands(shown.standing, shown.conversation, workstream),
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
        let mut calls = self.calls.live.iter();
        let found = calls.find(|(_, call)| transaction_of(&call.name) == Some(name)).map(|(id, _)| *id);
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

    fn stands(&self, standing: Standing, conversation: Option<u64>, workstream: &str) -> Word {
        let voice = self.desk.workstream(workstream).and_then(|settings| settings.voice.as_ref());
        let host = voice.and_then(|voice| voice.host.clone());
        let work_item = conversation.map(|id| ConversationName(ConversationId(id)).to_string());
        Word::Stands { standing, host, work_item }
    }

    fn word_of(&self, id: u64, standing: Standing) -> Word {
        let workstream = self.cards.get(&id).map_or("", |card| &card.workstream);
        self.stands(standing, Some(id), workstream)
    }

    /// A call stands otherwise than before.
    pub(super) fn tell_sip(&mut self, name: String, standing: Standing, id: u64) {
        let Some(transaction) = transaction_of(&name) else { return };
        let (name, word) = (transaction.to_owned(), self.word_of(id, standing));
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
