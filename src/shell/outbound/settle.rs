//! What came of it: rows leave the outbox, and whoever reads the conversation is told.

use super::provider::Errand;
use super::records::{Delivery, Parcel, Phase, ProviderMessage, outbound_key};
use crate::agent::project::{View, masker};
use crate::channels::sms::twilio;
use crate::channels::{DeliveryState, Found, Receipt, Reply, Sent};
use crate::engine::id::ConversationId;
use crate::limits::{EARLY_RECEIPTS_MAX, RETRY_ASKED_MS_MAX, RETRY_MS_MAX, RETRY_MS_MIN};
use crate::shell::Shell;
use crate::shell::events::without_words;
use crate::shell::reads::{self, message_key};
use crate::store::{ReadError, Snapshot, Table};

/// A message that is known by its provider's name, and what had become of it.
type Known = (ProviderMessage, Option<Delivery>);

impl Shell {
    /// The relay's answer to one call.
    pub(super) fn replied(&mut self, id: u64, asked: bool, reply: &Reply) {
        let desk = std::sync::Arc::clone(&self.desk);
        let Some(row) = self.outbox.waiting.get(&id) else { return };
        let Some(errand) = Errand::of(&desk, row) else {
            return self.doubt(id, "the desk has no provider for it");
        };
        if asked {
            return match errand.found(reply) {
                Found::Later(why) => {
                    let wait_s = if let Reply::Answer { wait_s, .. } = reply { *wait_s } else { None };
                    self.postpone(id, wait_s, &why);
                }
                Found::Listed(listed) if listed.is_empty() => self.send_again(id),
                Found::Listed(listed) => self.pick_listed(id, listed),
            };
        }
        match errand.sent(reply) {
            Sent::Accepted(name) => self.accepted(id, name, DeliveryState::Sent, None),
            // Not yet `sent`: a receipt from the modem's folders says so when it is.
            Sent::Spooled => self.accepted(id, None, DeliveryState::Pending, None),
            Sent::Refused(why) => {
                if twilio::is_stopped(&why) {
                    self.stop_writing_to(id);
                }
                self.failed(id, why);
            }
            Sent::Later { wait_s, why } => {
                if let Some(row) = self.outbox.waiting.get_mut(&id) {
                    (row.phase, row.tries.since_s) = (Phase::Pending, None);
                }
                self.postpone(id, wait_s, &why);
            }
            Sent::Unclear(why) => self.doubt(id, &why),
        }
    }

    /// It is not with the provider.
    fn send_again(&mut self, id: u64) {
        let now_ms = self.now.wall_ms;
        let Some(row) = self.outbox.waiting.get_mut(&id) else { return };
        (row.phase, row.next_ms, row.tries.since_s) = (Phase::Pending, now_ms, None);
        let (conversation, seq, row) = (row.conversation, row.seq, row.clone());
        self.put(Table::Outbound, &id.to_be_bytes(), &row);
        self.delivered(conversation, seq, DeliveryState::Pending, None);
    }

    /// Has its recipient said stop since it was written?
    pub(super) fn is_stopped(&self, id: u64) -> bool {
        let Some(row) = self.outbox.waiting.get(&id) else { return false };
        let Parcel::Text { to, .. } = &row.what else { return false };
        let visitor = self.keys.visitor_of_sub(&row.workstream, to);
        self.peers.get(&visitor).is_some_and(|peer| peer.stopped_ms.is_some())
    }

    /// Of what the provider lists, the first that is not known as an earlier message of the same words.
    fn pick_listed(&mut self, id: u64, listed: Vec<(String, DeliveryState)>) {
        let Some(workstream) = self.outbox.waiting.get(&id).map(|row| row.workstream.clone()) else { return };
        let sequence = self.watermark();
        let job = move |snapshot: &Snapshot| {
            for (name, state) in listed {
                if snapshot.get(Table::ProviderIds, &outbound_key(&workstream, &name))?.is_none() {
                    return Ok(Some((name, state)));
                }
            }
            Ok(None)
        };
        // Not taken up meanwhile: another question would only find the same.
        self.put_off(id);
        let then =
            move |shell: &mut Shell, picked: Result<Option<(String, DeliveryState)>, ReadError>| match picked
            {
                Ok(Some((name, state))) => shell.accepted(id, Some(name), state, None),
                Ok(None) => shell.send_again(id),
                Err(error) => log::error!("a provider's list could not be compared: {error:?}"),
            };
        self.readers.clone().spawn(&self.door.clone(), sequence, job, then);
    }

    /// The provider has it: the row is gone, and its name at the provider leads to the message.
    fn accepted(&mut self, id: u64, name: Option<String>, state: DeliveryState, detail: Option<String>) {
        let Some(row) = self.outbox.waiting.remove(&id) else { return };
        self.outbox.flying.retain(|_, flight| flight.outbound != id);
        self.delete(Table::Outbound, &id.to_be_bytes());
        if row.seq == 0 {
            return;
        }
        let early = self.outbox.early.iter().position(|(workstream, receipt)| {
            let same = receipt.outbound == Some(id) || Some(&receipt.id) == name.as_ref();
            *workstream == row.workstream && same
        });
        // A gateway's receipt names our number only.
        let name = name.unwrap_or_else(|| format!("#{id}"));
        let record = ProviderMessage { conversation: row.conversation, seq: row.seq };
        self.put(Table::ProviderIds, &outbound_key(&row.workstream, &name), &record);
        self.deliver(row.conversation, row.seq, state, detail, Some(name.clone()));
        if let Some((_, receipt)) = early.and_then(|at| self.outbox.early.remove(at)) {
            self.deliver(row.conversation, row.seq, receipt.state, receipt.detail, Some(name));
        }
    }

    /// It will not arrive.
    pub(super) fn failed(&mut self, id: u64, why: String) {
        let Some(row) = self.outbox.waiting.remove(&id) else { return };
        self.outbox.flying.retain(|_, flight| flight.outbound != id);
        self.delete(Table::Outbound, &id.to_be_bytes());
        log::warn!("{}: something was not sent: {}", row.workstream, self.discreet(&why));
        self.delivered(row.conversation, row.seq, DeliveryState::Failed, Some(why));
    }

    /// It is tried again later; what is uncertain stays so.
    pub(super) fn postpone(&mut self, id: u64, wait_s: Option<u32>, why: &str) {
        let wait_ms = self
            .next_wait(id)
            .max(wait_s.map_or(0, |wait_s| i64::from(wait_s) * 1000).min(RETRY_ASKED_MS_MAX));
        let now_ms = self.now.wall_ms;
        let Some(row) = self.outbox.waiting.get_mut(&id) else { return };
        row.next_ms = now_ms.saturating_add(wait_ms);
        let (conversation, seq, phase, row) = (row.conversation, row.seq, row.phase, row.clone());
        self.put(Table::Outbound, &id.to_be_bytes(), &row);
        log::info!("{}: tried again in {} s: {}", row.workstream, wait_ms / 1000, self.discreet(why));
        let state = if phase == Phase::Pending { DeliveryState::Pending } else { DeliveryState::Uncertain };
        self.delivered(conversation, seq, state, Some(why.to_owned()));
    }

    pub(super) fn put_off(&mut self, id: u64) {
        let now_ms = self.now.wall_ms;
        if let Some(row) = self.outbox.waiting.get_mut(&id) {
            row.next_ms = now_ms.saturating_add(RETRY_MS_MIN);
        }
    }

    /// The next wait of a row: twice the last one, within bounds.
    pub(super) fn next_wait(&mut self, id: u64) -> i64 {
        let Some(row) = self.outbox.waiting.get_mut(&id) else { return RETRY_MS_MIN };
        let wait_ms = RETRY_MS_MIN.saturating_mul(1 << row.tries.waits.min(16)).min(RETRY_MS_MAX);
        row.tries.waits = row.tries.waits.saturating_add(1);
        wait_ms
    }

    /// A provider's word on a message it was given. `done` is called when it is on disk.
    pub(in crate::shell) fn receipt(
        &mut self,
        workstream: String,
        receipt: Receipt,
        done: Box<dyn FnOnce() + Send>,
    ) {
        if let Some(id) = receipt.outbound
            && self
                .outbox
                .waiting
                .get(&id)
                .is_some_and(|row| row.workstream == workstream && row.phase != Phase::Pending)
        {
            // A receipt is proof of acceptance, whatever became of the answer to the call.
            let name = (!receipt.id.is_empty()).then_some(receipt.id);
            self.accepted(id, name, receipt.state, receipt.detail);
            return self.once_durable(done);
        }
        let name = match receipt.outbound {
            Some(id) if receipt.id.is_empty() => format!("#{id}"),
            _ => receipt.id.clone(),
        };
        let key = outbound_key(&workstream, &name);
        let sequence = self.watermark();
        let job = move |snapshot: &Snapshot| {
            let value = snapshot.get(Table::ProviderIds, &key)?;
            let known: Option<ProviderMessage> = value.as_deref().and_then(reads::decoded);
            let Some(known) = known else { return Ok(None) };
            let value = snapshot.get(Table::Deliveries, &message_key(known.conversation, known.seq))?;
            Ok(Some((known, value.as_deref().and_then(reads::decoded::<Delivery>))))
        };
        let then = move |shell: &mut Shell, found: Result<Option<Known>, ReadError>| match found {
            Ok(Some((known, before))) => {
                // In memory it may be further than on the disk that was read.
                let held = shell.held_delivery(known.conversation, known.seq).or(before);
                let (state, detail) = (receipt.state, receipt.detail);
                if held.is_none_or(|held| rank(held.state) < rank(state)) {
                    shell.deliver(known.conversation, known.seq, state, detail, Some(name));
                }
                shell.once_durable(done);
            }
            Ok(None) => {
                if shell.outbox.early.len() >= EARLY_RECEIPTS_MAX {
                    shell.outbox.early.pop_front();
                }
                shell.outbox.early.push_back((workstream, receipt));
                shell.once_durable(done);
            }
            Err(error) => log::error!("a receipt could not be looked up: {error:?}"),
        };
        self.readers.clone().spawn(&self.door.clone(), sequence, job, then);
    }

    fn held_delivery(&self, conversation: u64, seq: u32) -> Option<Delivery> {
        self.tails.get(&conversation)?.get(seq)?.delivery.clone()
    }

    /// What has become of a message that has no name at its provider yet.
    pub(super) fn delivered(
        &mut self,
        conversation: u64,
        seq: u32,
        state: DeliveryState,
        detail: Option<String>,
    ) {
        self.deliver(conversation, seq, state, detail, None);
    }

    /// What has become of a message is stored, remembered and told.
    fn deliver(
        &mut self,
        conversation: u64,
        seq: u32,
        state: DeliveryState,
        detail: Option<String>,
        name: Option<String>,
    ) {
        if seq == 0 {
            return;
        }
        let detail = detail.map(|detail| self.discreet(&detail));
        let delivery = Delivery { state, at_ms: self.now.wall_ms, detail, name };
        let tail = self.tails.get_mut(&conversation);
        if let Some(held) = tail.and_then(|tail| tail.get_mut(seq)).and_then(|said| said.delivery.as_mut()) {
            if held.state == state && held.detail == delivery.detail && held.name == delivery.name {
                return;
            }
            *held = delivery.clone();
        }
        self.put(Table::Deliveries, &message_key(conversation, seq), &delivery);
        let frame = View::delivery(ConversationId(conversation), seq, &delivery);
        self.send_staff(conversation, frame, None);
    }

    /// A provider's words, in which the customer's number or address may stand: for staff, store and log.
    fn discreet(&self, why: &str) -> String {
        masker(&self.desk).mask_all(why).into_owned()
    }

    /// What was not tried yet for somebody who wants no more is not sent any more.
    pub(in crate::shell) fn drop_unsent(&mut self, workstream: &str, address: &str) {
        let hers = |row: &&super::records::Outbound| {
            row.workstream == workstream && matches!(&row.what, Parcel::Text { to, .. } if to == address)
        };
        let unsent = |row: &&super::records::Outbound| row.phase == Phase::Pending && hers(row);
        let ids: Vec<u64> =
            self.outbox.waiting.iter().filter(|(_, row)| unsent(row)).map(|(id, _)| *id).collect();
        for id in ids {
            self.failed(id, "the customer wants no more messages".to_owned());
        }
    }

    /// Of an erased conversation nothing is sent any more that anybody said. Another system is still told how it ended.
    pub(in crate::shell) fn forget_unsent(&mut self, conversation: u64) {
        let hers = self.outbox.waiting.iter().filter(|(_, row)| row.conversation == conversation);
        let ids: Vec<u64> = hers.map(|(id, _)| *id).collect();
        for id in ids {
            let Some(row) = self.outbox.waiting.get_mut(&id) else { continue };
            if let Parcel::Webhook { body, .. } = &mut row.what
                && let Some(bare) = without_words(body)
            {
                *body = bare;
                let row = row.clone();
                self.put(Table::Outbound, &id.to_be_bytes(), &row);
                continue;
            }
            self.outbox.waiting.remove(&id);
            self.outbox.flying.retain(|_, flight| flight.outbound != id);
            self.delete(Table::Outbound, &id.to_be_bytes());
        }
    }

    /// The provider says that the recipient wants no more.
    fn stop_writing_to(&mut self, id: u64) {
        let Some(Parcel::Text { to, .. }) = self.outbox.waiting.get(&id).map(|row| &row.what) else { return };
        let Some(row) = self.outbox.waiting.get(&id) else { return };
        let visitor = self.keys.visitor_of_sub(&row.workstream, to);
        self.set_stopped(visitor, true);
    }
}

/// How far a message has come: a receipt that says less than is known says nothing.
fn rank(state: DeliveryState) -> u8 {
    match state {
        DeliveryState::Pending => 0,
        DeliveryState::Uncertain => 1,
        DeliveryState::Sent => 2,
        DeliveryState::Failed => 3,
        DeliveryState::Delivered => 4,
    }
}
