//! Calls at the desk (REQ S2-18): each is a work item like any other, and beside it stands who has to be told what
//! becomes of it.
//!
//! A PBX that speaks HTTP asks again and again; while none of its questions is open for a while its caller counts as
//! lost, as a chat's does whose page is gone, and comes back with the next one. One that speaks SIP is told by itself,
//! and says itself that the caller has left.

mod naming;
mod record;
mod sip;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use smol::channel::{Receiver, Sender};

pub(super) use self::naming::{key, key_of};
pub(super) use self::record::{CallRecord, Outcome, SipLine};
use super::Shell;
use super::card::{Card, Customer};
use super::sip::TurnedAway;
use crate::channels::calls::{Nobody, Ring, Standing};
use crate::channels::sip::Word;
use crate::desk::{Channel, Id, Workstream};
use crate::engine::conversation::State;
use crate::engine::effect::{Answer, SessionReason};
use crate::engine::id::ConversationId;
use crate::engine::input::CustomerVerb;
use crate::engine::refusal::Refusal;
use crate::limits::{CALL_GAP_MS, CALL_POLLS_MAX};
use crate::masking::e164;
use crate::store::Table;

/// Calls in the engine's table.
#[derive(Default)]
pub(super) struct Calls {
    /// By conversation.
    live: HashMap<u64, Call>,
    by_key: HashMap<Vec<u8>, u64>,
    /// Calls by SIP that are looked up in the store; has the caller left meanwhile?
    looking: HashMap<String, bool>,
    /// The way to the SIP side, when there is one.
    sip: Option<Sender<(String, Word)>>,
    /// What it has turned away.
    pub(super) turned_away: Arc<TurnedAway>,
}

/// One of them.
struct Call {
    name: String,
    key: Vec<u8>,
    record: CallRecord,
    /// As it was last told.
    standing: Standing,
    until_mono_ms: u64,
    /// Open questions of its PBX.
    asks: Vec<Sender<()>>,
    /// When the last one came, real clock.
    asked: Instant,
}

/// How a call stands, for its PBX.
pub(super) struct Shown {
    pub(super) standing: Standing,
    /// Its conversation, once it has one.
    pub(super) conversation: Option<u64>,
    /// When the workstream opens, if it is closed.
    pub(super) opens_ms: Option<i64>,
    /// It has just come.
    pub(super) fresh: bool,
}

impl Shown {
    /// Of a call that is over, as the store has it.
    pub(super) fn of(record: &CallRecord) -> Shown {
        let conversation = Some(record.conversation);
        Shown { standing: record.standing(), conversation, opens_ms: None, fresh: false }
    }

    fn nobody(why: Nobody, opens_ms: Option<i64>) -> Shown {
        Shown { standing: Standing::Unavailable(why), conversation: None, opens_ms, fresh: false }
    }
}

impl Shell {
    /// A call has come, or is said again: `known` is what the store has of it.
    pub(super) fn call_came(
        &mut self,
        workstream: &str,
        ring: Ring,
        known: Option<&CallRecord>,
        sip: Option<SipLine>,
    ) -> Result<Shown, Refusal> {
        let desk = Arc::clone(&self.desk);
        let settings = desk.workstream(workstream).filter(|settings| settings.channel == Channel::Voice);
        let settings = settings.ok_or(Refusal::NotFound)?;
        let key = key(workstream, &ring.id);
        if let Some(shown) = self.call_asked(&key) {
            return Ok(shown);
        }
        if let Some(known) = known {
            return Ok(Shown::of(known));
        }
        if let Some(refusal) = self.no_room() {
            return Err(refusal);
        }
        let card = self.card_of_call(settings, &ring)?;
        let entrance = super::hours::Entrance::of(&desk, settings);
        let daytime = self.daytime();
        if !daytime.is_open(&entrance) {
            return Ok(Shown::nobody(Nobody::ClosedHours, daytime.opens_at(&entrance)));
        }
        if !self.somebody_in(&card.queue) {
            return Ok(Shown::nobody(Nobody::NobodyThere, None));
        }
        match self.arrive(card, None, None, false, None) {
            Some(Answer::Started(id)) => Ok(self.call_taken_in(id.0, settings, key, ring.id, sip)),
            Some(Answer::Refused(Refusal::ClosedHours)) => Ok(Shown::nobody(Nobody::ClosedHours, None)),
            Some(Answer::Refused(refusal)) => Err(refusal),
            _ => Err(Refusal::NotFound),
        }
    }

    fn call_taken_in(
        &mut self,
        id: u64,
        settings: &Workstream,
        key: Vec<u8>,
        name: String,
        sip: Option<SipLine>,
    ) -> Shown {
        let wait_ms = settings.voice.as_ref().map_or(0, |voice| u64::from(voice.wait_max_s) * 1000);
        let until_ms = self.now.wall_ms.saturating_add_unsigned(wait_ms);
        let record = CallRecord { conversation: id, until_ms, outcome: Outcome::Waits, sip };
        self.put(Table::Calls, &key, &record);
        let until_mono_ms = self.now.mono_ms.saturating_add(wait_ms);
        self.calls.add(id, name, key, record, until_mono_ms);
        // An agent may have it already, where the desk accepts by itself.
        self.call_moved(id);
        let standing = self.calls.live.get(&id).map_or(Standing::Queued, |call| call.standing.clone());
        Shown { standing, conversation: Some(id), opens_ms: None, fresh: true }
    }

    fn card_of_call(&self, settings: &Workstream, ring: &Ring) -> Result<Card, Refusal> {
        let region = self.desk.masking.phone_region.as_deref().unwrap_or_default();
        let phone = e164(&ring.number, region).unwrap_or_else(|| ring.number.clone());
        let customer = Customer { phone, locale: self.desk.locale.to_string(), ..Customer::default() };
        let contact = self.contacts.find(&customer);
        // A stored contact has a name; who is not known goes by what the PBX says, or by her number (S3-25).
        let name = match contact {
            Some(_) => String::new(),
            None if ring.name.is_empty() => customer.phone.clone(),
            None => ring.name.clone(),
        };
        let queue = ring.queue.as_deref().filter(|queue| {
            let known = self.desk.queue(queue).is_some();
            if !known {
                log::warn!(
                    "{}: a call names no queue of the desk and goes into the workstream's",
                    settings.id
                );
            }
            known
        });
        Ok(Card {
            workstream: settings.id.to_string(),
            queue: queue.unwrap_or(settings.queue.as_str()).to_owned(),
            kind: settings.channel.work_item_kind().to_owned(),
            customer: Customer { name, ..customer },
            contact,
            comment: ring.reason.clone(),
            context: super::start::attributes(&ring.variables)?,
            external_id: Some(ring.id.clone()),
            ..Card::default()
        })
    }

    /// Is any member of this queue connected?
    fn somebody_in(&self, queue: &str) -> bool {
        let row = self.names.queues.row(queue).map(usize::from);
        let queue = row.and_then(|row| self.engine.desk().queues.get(row));
        queue.is_some_and(|queue| queue.members.iter().any(|agent| self.connections.has_agent(*agent)))
    }

    /// Is the call of this key in the table?
    pub(super) fn has_call(&self, key: &[u8]) -> bool {
        self.calls.by_key.contains_key(key)
    }

    /// A PBX asks how a call stands; none when it is not in the table.
    pub(super) fn call_asked(&mut self, key: &[u8]) -> Option<Shown> {
        let id = *self.calls.by_key.get(key)?;
        let call = self.calls.live.get_mut(&id)?;
        call.asked = Instant::now();
        let standing = call.standing.clone();
        if self.is_caller_lost(id) {
            self.customer_turn(id, CustomerVerb::Back);
        }
        Some(Shown { standing, conversation: Some(id), opens_ms: None, fresh: false })
    }

    /// The same, and where it stands as the PBX knows it, something to wait for.
    pub(super) fn call_watched(&mut self, key: &[u8], known: &str) -> Option<(Shown, Option<Receiver<()>>)> {
        let shown = self.call_asked(key)?;
        if shown.standing.name() != known {
            return Some((shown, None));
        }
        let call = self.calls.live.get_mut(self.calls.by_key.get(key)?)?;
        call.asks.retain(|ask| !ask.is_closed());
        if call.asks.len() >= CALL_POLLS_MAX {
            let _ = call.asks.remove(0).try_send(());
        }
        let (sender, receiver) = smol::channel::bounded(1);
        call.asks.push(sender);
        Some((shown, Some(receiver)))
    }

    /// The caller has hung up, if that is not over already.
    pub(super) fn call_left(&mut self, key: &[u8]) {
        if let Some(id) = self.calls.by_key.get(key).copied() {
            self.end_call(id);
        }
    }

    fn end_call(&mut self, id: u64) {
        if self.is_live(id) && !self.has_ended(id) {
            self.customer_turn(id, CustomerVerb::End);
        }
    }

    /// A conversation's state has changed: if it is a call, its PBX is told once that is on disk.
    pub(super) fn call_moved(&mut self, id: u64) {
        let Some(call) = self.calls.live.get(&id) else { return };
        let standing = self.standing_of(id, &call.record);
        let Some(call) = self.calls.live.get_mut(&id).filter(|call| call.standing != standing) else {
            return;
        };
        call.standing = standing.clone();
        match &standing {
            Standing::Accepted { agent, .. } => call.record.outcome = Outcome::Taken(agent.clone()),
            Standing::Ended(reason) => call.record.outcome = Outcome::Over(reason.clone()),
            Standing::Queued | Standing::Unavailable(_) => {}
        }
        if matches!(standing, Standing::Ended(_) | Standing::Unavailable(_)) {
            // What it came with is of no use any more, and holds the caller's number.
            call.record.sip = None;
        }
        let (key, record, asks) = (call.key.clone(), call.record.clone(), std::mem::take(&mut call.asks));
        let name = call.name.clone();
        self.put(Table::Calls, &key, &record);
        self.once_durable(move || {
            for ask in asks {
                let _ = ask.try_send(());
            }
        });
        self.tell_sip(name, standing, id);
    }

    fn standing_of(&self, id: u64, record: &CallRecord) -> Standing {
        let row = self.engine.conversation(ConversationId(id));
        let over = row.is_none_or(|row| matches!(row.state(), State::WrapUp | State::Closed));
        if over {
            let reason = self.cards.get(&id).and_then(|card| card.reason.clone());
            return match record.outcome {
                Outcome::TimedOut => Standing::Unavailable(Nobody::TimedOut),
                _ => Standing::Ended(reason.unwrap_or_else(|| SessionReason::Disconnected.name().to_owned())),
            };
        }
        match row.and_then(|row| row.owner()) {
            Some(owner) => {
                let (agent, name) = self.names_of(owner);
                let extension = self.desk.agent(&agent).map_or(agent.as_str(), |agent| agent.extension());
                Standing::Accepted { extension: extension.to_owned(), agent, name }
            }
            None => Standing::Queued,
        }
    }

    fn is_caller_lost(&self, id: u64) -> bool {
        let row = self.engine.conversation(ConversationId(id));
        row.is_some_and(|row| row.customer_lost_wall_ms.is_some())
    }

    /// Calls that have waited long enough end; callers whose PBX no longer asks are lost.
    pub(super) fn watch_calls(&mut self) {
        let (mut late, mut lost) = (Vec::new(), Vec::new());
        for (id, call) in &mut self.calls.live {
            if call.standing != Standing::Queued {
                continue;
            }
            call.asks.retain(|ask| !ask.is_closed());
            if self.now.mono_ms >= call.until_mono_ms {
                late.push(*id);
            } else if call.record.sip.is_none()
                && call.asks.is_empty()
                && call.asked.elapsed() > Duration::from_millis(CALL_GAP_MS)
            {
                lost.push(*id);
            }
        }
        for id in late {
            if let Some(call) = self.calls.live.get_mut(&id) {
                call.record.outcome = Outcome::TimedOut;
            }
            self.end_call(id);
        }
        for id in lost {
            if !self.is_caller_lost(id) {
                self.customer_turn(id, CustomerVerb::Lost);
            }
        }
    }

    /// A call that a former start had.
    pub(super) fn restore_call(&mut self, name: String, key: Vec<u8>, record: CallRecord) {
        let id = record.conversation;
        let left_ms = u64::try_from(record.until_ms.saturating_sub(self.now.wall_ms)).unwrap_or(0);
        let until_mono_ms = self.now.mono_ms.saturating_add(left_ms);
        self.calls.add(id, name, key, record, until_mono_ms);
        let standing = self.calls.live.get(&id).map(|call| self.standing_of(id, &call.record));
        if let (Some(call), Some(standing)) = (self.calls.live.get_mut(&id), standing) {
            call.standing = standing;
        }
    }
}

impl Calls {
    fn add(&mut self, id: u64, name: String, key: Vec<u8>, record: CallRecord, until_mono_ms: u64) {
        self.by_key.insert(key.clone(), id);
        let (standing, asks, asked) = (Standing::Queued, Vec::new(), Instant::now());
        self.live.insert(id, Call { name, key, record, standing, until_mono_ms, asks, asked });
    }

    /// A conversation has left the table.
    pub(super) fn forget(&mut self, id: u64) {
        if let Some(call) = self.live.remove(&id) {
            self.by_key.remove(&call.key);
        }
    }
}
