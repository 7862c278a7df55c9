//! Trying: rows whose time has come go to the relay, and its line comes and goes.

use std::time::Instant;

use smol::channel::Sender;

use super::provider::{Asking, Errand};
use super::records::Phase;
use super::{Flight, Line, OVERDUE};
use crate::channels::spool::{Came, Keeper, REFUSED};
use crate::channels::{Call, DeliveryState, FromRelay, Receipt, ToRelay, call};
use crate::engine::refusal::Refusal;
use crate::limits::RETRY_FOR_MS;
use crate::shell::Shell;
use crate::shell::clock::real_wall_ms;
use crate::shell::door::Door;
use crate::store::Table;

impl Shell {
    /// Hands what is due to the relay. Cheap when there is nothing.
    pub(in crate::shell) fn pump(&mut self) {
        if self.outbox.link.is_none() || self.outbox.waiting.is_empty() {
            return;
        }
        for id in self.outbox.ready(self.now.wall_ms) {
            self.attempt(id);
        }
    }

    fn attempt(&mut self, id: u64) {
        let Some(row) = self.outbox.waiting.get(&id) else { return };
        if self.now.wall_ms - row.made_ms >= RETRY_FOR_MS {
            return self.failed(id, "it could not be sent for three days".to_owned());
        }
        let desk = std::sync::Arc::clone(&self.desk);
        let Some(errand) = Errand::of(&desk, row) else {
            return self.postpone(id, None, "the desk has no provider for it");
        };
        if let Some(why) = errand.hopeless() {
            return self.failed(id, why.to_owned());
        }
        let question = if row.phase == Phase::Uncertain { errand.ask() } else { None };
        let asks = question.is_some();
        if !asks && self.is_stopped(id) {
            return self.failed(id, "the customer wants no more messages".to_owned());
        }
        let now_s = real_wall_ms() / 1000;
        let (workstream, public_url) = (row.workstream.as_str(), self.public_url.as_str());
        match question.or_else(|| errand.call(Asking { id, workstream, public_url, now_s })) {
            Some(call) => self.fly(id, call, asks),
            None => self.attempt_copy(id),
        }
    }

    /// Hands a call to the relay: what may arrive by it not before it is on disk that it may.
    pub(super) fn fly(&mut self, id: u64, call: Call, asks: bool) {
        let now_s = real_wall_ms() / 1000;
        let n = self.outbox.next_call;
        self.outbox.next_call += 1;
        let Some(lines) = self.outbox.link.as_ref().map(|link| link.lines.clone()) else { return };
        self.outbox.flying.insert(n, Flight { outbound: id, asks, since: Instant::now() });
        let line = call::line(&ToRelay::Call { n, call });
        if asks {
            return self.once_durable(move || drop(lines.try_send(line)));
        }
        let Some(row) = self.outbox.waiting.get_mut(&id) else { return };
        row.phase = Phase::Trying;
        row.tries.count = row.tries.count.saturating_add(1);
        row.tries.since_s.get_or_insert(now_s);
        let row = row.clone();
        self.put(Table::Outbound, &id.to_be_bytes(), &row);
        // Not before it is on disk that it may have arrived.
        self.once_durable(move || drop(lines.try_send(line)));
    }

    /// A relay has come. The newest serves; its number.
    pub(in crate::shell) fn relay_came(&mut self, lines: Sender<String>) -> u64 {
        self.outbox.next_link += 1;
        let number = self.outbox.next_link;
        self.lose_relay();
        self.outbox.link = Some(Line { number, lines });
        let folders = self.spools();
        self.outbox.say(&ToRelay::Watch { folders });
        number
    }

    /// A relay has gone, and with it what it was doing.
    pub(in crate::shell) fn relay_gone(&mut self, number: u64) {
        if self.outbox.link.as_ref().is_some_and(|link| link.number == number) {
            self.lose_relay();
        }
    }

    fn lose_relay(&mut self) {
        if let Some(link) = self.outbox.link.take() {
            link.lines.close();
        }
        let lost: Vec<Flight> = self.outbox.flying.drain().map(|(_, flight)| flight).collect();
        for flight in lost {
            if flight.asks {
                self.postpone(flight.outbound, None, "the relay has gone");
            } else {
                self.doubt(flight.outbound, "the relay has gone");
            }
        }
    }

    /// What a relay says.
    pub(in crate::shell) fn relay_said(&mut self, number: u64, message: FromRelay) {
        if self.outbox.link.as_ref().is_none_or(|link| link.number != number) {
            return;
        }
        match message {
            FromRelay::Reply { n, reply } => {
                let Some(flight) = self.outbox.flying.remove(&n) else { return };
                self.replied(flight.outbound, flight.asks, &reply);
            }
            FromRelay::Received { workstream, name, text } => self.take_file(workstream, name, &text),
            FromRelay::Settled { workstream, name, sent } => self.take_settled(workstream, name, sent),
        }
    }

    /// A message has come into a modem's folder. Its name is in no log: gammu's has her number in it.
    fn take_file(&mut self, workstream: String, name: String, text: &str) {
        let Some(keeper) = self.keeper(&workstream) else { return };
        let taken = ToRelay::Taken { workstream: workstream.clone(), name: name.clone() };
        let left = ToRelay::Left { workstream: workstream.clone(), name: name.clone() };
        let inbound = match keeper.came(&name, text) {
            Came::Message(inbound) => inbound,
            Came::Report => return self.outbox.say(&taken),
            Came::Nobodys => {
                log::warn!("{workstream}: a file of the spool says nobody's number and is left where it is");
                return self.outbox.say(&left);
            }
        };
        let door = self.door.clone();
        let done = move |heard| {
            let word = match heard {
                Ok(()) => taken,
                // Wrong for ever; anything else is said again.
                Err(Refusal::BadRequest) => left,
                Err(_) => return,
            };
            say_later(door, word);
        };
        self.hear(workstream, inbound, Box::new(done));
    }

    /// A file of ours was sent by the modem, or could not be.
    fn take_settled(&mut self, workstream: String, name: String, sent: bool) {
        let Some(id) = self.keeper(&workstream).and_then(|keeper| keeper.number(&name)) else { return };
        let state = if sent { DeliveryState::Sent } else { DeliveryState::Failed };
        let detail = (!sent).then(|| REFUSED.to_owned());
        let receipt = Receipt { outbound: Some(id), id: String::new(), state, detail };
        // A call that is under way, or is still to come, puts the file unless it finds it: then it stays for now.
        let is_wanted = self.outbox.flying.values().any(|flight| flight.outbound == id)
            || self.outbox.waiting.get(&id).is_some_and(|row| row.phase == Phase::Pending);
        let door = self.door.clone();
        let taken = ToRelay::Taken { workstream: workstream.clone(), name };
        let done = move || {
            if !is_wanted {
                say_later(door, taken);
            }
        };
        self.receipt(workstream, receipt, Box::new(done));
    }

    fn keeper(&self, workstream: &str) -> Option<Keeper> {
        self.desk.workstream(workstream)?.sms.as_ref()?.keeper()
    }

    /// Another desk may have other folders, and a provider for what had none.
    pub(in crate::shell) fn follow_providers(&mut self) {
        let folders = self.spools();
        self.outbox.say(&ToRelay::Watch { folders });
        self.want_relay();
    }

    /// A relay that answers nothing any more is given up.
    pub(in crate::shell) fn watch_relay(&mut self) {
        if self.outbox.flying.values().any(|flight| flight.since.elapsed() > OVERDUE) {
            log::warn!("the relay does not answer");
            self.lose_relay();
        }
        self.want_relay();
    }

    /// Nobody knows whether it arrived: the provider is asked, after a moment, before it is sent again.
    pub(super) fn doubt(&mut self, id: u64, why: &str) {
        let wait_ms = self.next_wait(id);
        let now_ms = self.now.wall_ms;
        let Some(row) = self.outbox.waiting.get_mut(&id) else { return };
        row.phase = Phase::Uncertain;
        row.next_ms = now_ms.saturating_add(wait_ms);
        let (conversation, seq) = (row.conversation, row.seq);
        let row = row.clone();
        self.put(Table::Outbound, &id.to_be_bytes(), &row);
        self.delivered(conversation, seq, DeliveryState::Uncertain, Some(why.to_owned()));
    }
}

/// Says something to the relay from wherever one happens to be.
fn say_later(door: Door, word: ToRelay) {
    smol::spawn(async move { door.hand_in(Box::new(move |shell| shell.outbox.say(&word))).await }).detach();
}
