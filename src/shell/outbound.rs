//! What leaves the box for a provider: written with the decision that caused it, sent by the relay, and never lost.
//!
//! A row of the outbox walks `Pending → Trying → gone`. `Trying` is on disk before the relay hears of the call, so a
//! crash of the box, of the relay, or of the line between them leaves a row of which nobody knows whether the
//! provider has it: `Uncertain`. Then the provider's list is asked first, where it has one, and only what is not on
//! it is sent again. What waits for one recipient goes out in order, one at a time: an answer must not overtake the
//! one before it.

mod attempt;
pub(super) mod copies;
mod provider;
pub mod records;
mod settle;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::mem::{Discriminant, discriminant};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use smol::channel::Sender;

use self::records::{Delivery, Letters, Outbound, Parcel, Phase, Tries};
use super::Shell;
use super::keys::random;
use super::reads::message_key;
use super::records::{Author, Message};
use crate::channels::{DeliveryState, Receipt, ToRelay, call};
use crate::engine::refusal::Refusal;
use crate::limits::{
    OUTBOUND_BODY_BYTES_MAX, OUTBOUND_EVENTS_MAX, OUTBOUND_MAX, RELAY_CALL_MS_MAX, RELAY_CALLS_MAX,
    RELAY_CALLS_PER_WORKSTREAM_MAX,
};
use crate::store::Table;

/// A call the relay has not answered in this time is taken for lost with the relay.
const OVERDUE: Duration = Duration::from_millis(2 * RELAY_CALL_MS_MAX);

/// What waits, and what is under way.
#[derive(Default)]
pub(super) struct Outbox {
    waiting: BTreeMap<u64, Outbound>,
    flying: HashMap<u64, Flight>,
    link: Option<Line>,
    next_call: u64,
    next_link: u64,
    last: u64,
    /// Receipts of messages whose acceptance is not recorded yet, by workstream.
    early: VecDeque<(String, Receipt)>,
    /// Copies by mail of the last day, oldest first: when, in real time, and of which conversation.
    copies: VecDeque<(i64, u64)>,
    /// Is there anything for a relay to do?
    wanted: Arc<AtomicBool>,
}

/// The line to the relay.
struct Line {
    number: u64,
    lines: Sender<String>,
}

/// A call under way.
struct Flight {
    outbound: u64,
    /// Asks for the provider's list instead of sending.
    asks: bool,
    since: Instant,
}

impl Outbox {
    /// Takes over what a former start has left.
    pub(super) fn restore(&mut self, rows: Vec<(u64, Outbound)>) {
        self.last = rows.last().map_or(0, |(id, _)| *id);
        self.waiting = rows.into_iter().collect();
    }

    /// Rows that wait or are under way.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Is there room for one more?
    pub(super) fn has_room(&self) -> bool {
        self.waiting.len() < OUTBOUND_MAX
    }

    /// Is there room for one more event? A CRM that is down must not keep agents from writing to customers.
    fn has_room_for_event(&self) -> bool {
        let events = self.waiting.values().filter(|row| matches!(row.what, Parcel::Webhook { .. }));
        self.has_room() && events.count() < OUTBOUND_EVENTS_MAX
    }

    /// Tells whoever keeps a relay running whether one is wanted.
    pub(super) fn wanted(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.wanted)
    }

    fn number(&mut self, now_ms: i64) -> u64 {
        let drawn = (now_ms.max(0) as u64) << 20 | random() >> 44;
        self.last = drawn.max(self.last + 1);
        self.last
    }

    /// What may be tried now: the oldest of each recipient, as many as may be under way.
    fn ready(&self, now_ms: i64) -> Vec<u64> {
        let mut busy: HashSet<(&str, &str)> = HashSet::new();
        // A workstream's texts, its events and its copies go to systems that have nothing to do with each other.
        let carrier = |row: &Outbound| discriminant(&row.what);
        let mut by_carrier: HashMap<(&str, Discriminant<Parcel>), usize> = HashMap::new();
        for flight in self.flying.values() {
            if let Some(row) = self.waiting.get(&flight.outbound) {
                busy.insert(row.lane());
                *by_carrier.entry((&row.workstream, carrier(row))).or_default() += 1;
            }
        }
        let mut room = RELAY_CALLS_MAX.saturating_sub(self.flying.len());
        let mut ready = Vec::new();
        for (id, row) in &self.waiting {
            if room == 0 {
                break;
            }
            let calls = by_carrier.entry((&row.workstream, carrier(row))).or_default();
            // The first of a lane keeps the others waiting, also while it waits itself.
            let first = busy.insert(row.lane());
            if first && row.next_ms <= now_ms && *calls < RELAY_CALLS_PER_WORKSTREAM_MAX {
                *calls += 1;
                room -= 1;
                ready.push(*id);
            }
        }
        ready
    }

    fn say(&mut self, message: &ToRelay) {
        let Some(link) = &self.link else { return };
        if link.lines.try_send(call::line(message)).is_err() {
            // It does not read: it is of no use, and its end is noticed by its reader.
            link.lines.close();
        }
    }
}

impl Shell {
    /// A message for somebody outside is put into the outbox with the very batch that stores it.
    pub(super) fn send_out(&mut self, conversation: u64, message: &mut Message) {
        let Some(card) = self.cards.get(&conversation) else { return };
        if !is_carried(&card.kind) {
            return;
        }
        let wanted = match &message.from {
            Author::Agent(..) | Author::Bot(_) => true,
            // Of what the box says by itself only this is worth a message: when there will be an answer.
            Author::System => message.code.as_deref() == Some("out_of_hours"),
            Author::Customer => false,
        };
        let Some(peer) = self.peers.get(&card.visitor).filter(|_| wanted) else { return };
        // An agent was told so before. What a bot says stands in the conversation, and that it went nowhere.
        let refused = self.may_send(conversation).err();
        if refused.is_some() && message.from == Author::System {
            return;
        }
        let mut delivery =
            Delivery { state: DeliveryState::Pending, at_ms: self.now.wall_ms, detail: None, name: None };
        if let Some(refusal) = refused {
            let full = refusal == Refusal::Full;
            let why = if full {
                "too many messages wait already"
            } else {
                "the customer may not be written to now"
            };
            (delivery.state, delivery.detail) = (DeliveryState::Failed, Some(why.to_owned()));
        } else {
            let parcel = Parcel::Text { to: peer.address.clone(), text: message.text.clone() };
            let workstream = card.workstream.clone();
            self.queue_out(conversation, message.seq, workstream, parcel);
        }
        self.put(Table::Deliveries, &message_key(conversation, message.seq), &delivery);
        message.delivery = Some(delivery);
    }

    /// Tells the other system of a workstream of an event, signed; nothing when it has none. `id` is the event's for
    /// ever: a receiver knows a repeat by it. Events of one conversation arrive in order.
    pub fn post_webhook(
        &mut self,
        workstream: &str,
        conversation: u64,
        id: String,
        body: String,
    ) -> Result<(), Refusal> {
        let has = self.desk.workstream(workstream).is_some_and(|workstream| workstream.webhook.is_some());
        if !has {
            return Ok(());
        }
        if !self.outbox.has_room_for_event() {
            log::error!("{workstream}: an event was not told: too many wait already");
            return Err(Refusal::Full);
        }
        if body.len() > OUTBOUND_BODY_BYTES_MAX {
            return Err(Refusal::TooLong);
        }
        self.queue_out(conversation, 0, workstream.to_owned(), Parcel::Webhook { id, body });
        Ok(())
    }

    fn queue_out(&mut self, conversation: u64, seq: u32, workstream: String, what: Parcel) {
        let now_ms = self.now.wall_ms;
        let id = self.outbox.number(now_ms);
        let row = Outbound {
            conversation,
            seq,
            workstream,
            what,
            made_ms: now_ms,
            phase: Phase::Pending,
            tries: Tries::default(),
            next_ms: now_ms,
        };
        self.put(Table::Outbound, &id.to_be_bytes(), &row);
        self.outbox.waiting.insert(id, row);
        self.outbox.wanted.store(true, Ordering::Relaxed);
    }

    /// May an agent write into this conversation? Not to who wants no more, and not after Facebook's day is over.
    pub(super) fn may_send(&self, conversation: u64) -> Result<(), Refusal> {
        let Some(card) = self.cards.get(&conversation).filter(|card| is_carried(&card.kind)) else {
            return Ok(());
        };
        let Some(peer) = self.peers.get(&card.visitor) else { return Ok(()) };
        if peer.stopped_ms.is_some()
            || peer.reply_until_ms(&card.kind).is_some_and(|until| self.now.wall_ms >= until)
        {
            return Err(Refusal::NotAllowed);
        }
        if self.outbox.has_room() { Ok(()) } else { Err(Refusal::Full) }
    }

    /// What a former start has left half done: nobody knows what came of it.
    pub(super) fn restore_outbox(&mut self, rows: Vec<(u64, Outbound)>, letters: Letters) {
        self.outbox.restore(rows);
        self.outbox.copies = letters.sent.into();
        let trying: Vec<u64> = self
            .outbox
            .waiting
            .iter()
            .filter(|(_, row)| row.phase == Phase::Trying)
            .map(|(id, _)| *id)
            .collect();
        for id in trying {
            self.doubt(id, "the box was restarted");
        }
        self.want_relay();
    }

    /// Tells whoever keeps a relay running whether one is wanted.
    pub(super) fn relay_wanted(&self) -> Arc<AtomicBool> {
        self.outbox.wanted()
    }

    pub(super) fn want_relay(&self) {
        let wanted = !self.outbox.waiting.is_empty() || !self.spools().is_empty();
        self.outbox.wanted.store(wanted, Ordering::Relaxed);
    }
}

/// Does a provider carry the messages of this kind of work?
pub(super) fn is_carried(kind: &str) -> bool {
    matches!(kind, "sms" | "social")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(what: Parcel) -> Outbound {
        let (tries, phase) = (Tries::default(), Phase::Pending);
        Outbound {
            conversation: 1,
            seq: 0,
            workstream: "w".into(),
            what,
            made_ms: 0,
            phase,
            tries,
            next_ms: 0,
        }
    }

    #[test]
    fn a_slow_crm_holds_up_no_text_of_the_same_workstream() {
        let mut outbox = Outbox::default();
        for id in 0..100 {
            let event = Parcel::Webhook { id: format!("e{id}"), body: String::new() };
            outbox.waiting.insert(id, row(event));
        }
        let text = Parcel::Text { to: "+31612345678".into(), text: "hi".into() };
        outbox.waiting.insert(100, row(text));
        let ready = outbox.ready(0);
        assert_eq!(ready.len(), RELAY_CALLS_PER_WORKSTREAM_MAX + 1, "{ready:?}");
        assert!(ready.contains(&100), "{ready:?}");
        // The same while those calls are under way.
        for id in ready.into_iter().filter(|id| *id != 100) {
            outbox.flying.insert(id, Flight { outbound: id, asks: false, since: Instant::now() });
        }
        assert_eq!(outbox.ready(0), [100]);
    }

    #[test]
    fn a_crm_that_is_down_leaves_room_for_what_customers_are_to_receive() {
        let mut outbox = Outbox::default();
        let event = |n: usize| row(Parcel::Webhook { id: n.to_string(), body: String::new() });
        while outbox.has_room_for_event() {
            outbox.waiting.insert(outbox.waiting.len() as u64, event(outbox.waiting.len()));
        }
        assert_eq!(outbox.len(), OUTBOUND_EVENTS_MAX);
        assert!(outbox.has_room());
        // And texts that wait leave none for events beyond the whole.
        let text = row(Parcel::Text { to: String::new(), text: String::new() });
        let mut outbox = Outbox::default();
        while outbox.has_room() {
            outbox.waiting.insert(outbox.waiting.len() as u64, text.clone());
        }
        assert_eq!((outbox.len(), outbox.has_room_for_event()), (OUTBOUND_MAX, false));
    }
}
