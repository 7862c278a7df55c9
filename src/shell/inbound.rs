//! What providers bring in: a message finds its customer's conversation, or begins one (REQ S2-22, S4-9).
//!
//! A customer is her number, or her id at the provider, at one workstream: the same visitor for ever, so that what she
//! said before is her history. Her messages are taken one after the other, each after a look into the store; twenty
//! first ones at once are one conversation. A message is known by its provider's name for it: what is delivered again
//! is answered as the first was, also after a restart.

use std::collections::{HashMap, HashSet, VecDeque};

use super::Shell;
use super::card::{Card, Customer};
use super::customers::{Stored, read_stored};
use super::hours::Entrance;
use super::outbound::records::{Peer, ProviderMessage, inbound_key};
use super::reads;
use super::records::Visitor as Known;
use super::turn::REQUEST;
use crate::channels::Inbound;
use crate::desk::{Channel, Workstream};
use crate::engine::effect::Answer;
use crate::engine::id::ConversationId;
use crate::engine::input::{CustomerVerb, Input, RevivalCause};
use crate::engine::refusal::Refusal;
use crate::limits::{
    CLIENT_ID_BYTES_MAX, HEARD_BYTES_MAX, HEARD_LATELY_MAX, HEARD_WAITING_MAX, MESSAGE_BYTES_MAX,
    MESSAGE_CHARS_MAX,
};
use crate::masking::e164;
use crate::store::{Admission, ReadError, Snapshot, Table};

/// Hears what became of a message: `Ok` when it is on disk, this time or before.
pub(super) type Done = Box<dyn FnOnce(Result<(), Refusal>) + Send>;

/// Pieces one message may be cut into; what is beyond is not what anybody typed.
const PIECES_MAX: usize = 8;

/// A message on its way in.
struct Letter {
    workstream: String,
    inbound: Inbound,
    /// Her number or id.
    address: String,
    visitor: u64,
    done: Done,
}

impl Letter {
    /// What it takes while it is on its way.
    fn bytes(&self) -> usize {
        const BESIDE: usize = 512;
        let Inbound { id, from, text, links } = &self.inbound;
        let links: usize = links.iter().map(String::len).sum();
        BESIDE + self.workstream.len() + self.address.len() + id.len() + from.len() + text.len() + links
    }
}

/// Messages on their way in.
#[derive(Default)]
pub(super) struct Hearing {
    /// By visitor: one is being looked up, and these wait behind it.
    waiting: HashMap<u64, VecDeque<Letter>>,
    /// What all of them take.
    bytes: usize,
    lately: HashSet<Vec<u8>>,
    order: VecDeque<Vec<u8>>,
}

impl Hearing {
    /// Takes a message in: it comes back when it is its turn at once. Refused when too much is on its way: whoever waits
    /// for its end is to be told.
    fn admit(&mut self, letter: Letter) -> Result<Option<Letter>, Done> {
        let bytes = letter.bytes();
        if self.bytes + bytes > HEARD_BYTES_MAX {
            return Err(letter.done);
        }
        match self.waiting.get_mut(&letter.visitor) {
            Some(behind) if behind.len() >= HEARD_WAITING_MAX => Err(letter.done),
            Some(behind) => {
                behind.push_back(letter);
                self.bytes += bytes;
                Ok(None)
            }
            None => {
                self.waiting.insert(letter.visitor, VecDeque::new());
                self.bytes += bytes;
                Ok(Some(letter))
            }
        }
    }

    /// One of a customer's, of so many bytes, is through: her next one.
    fn next(&mut self, visitor: u64, bytes: usize) -> Option<Letter> {
        self.bytes -= bytes;
        let next = self.waiting.get_mut(&visitor).and_then(VecDeque::pop_front);
        if next.is_none() {
            self.waiting.remove(&visitor);
        }
        next
    }

    fn heard(&mut self, key: Vec<u8>) {
        if self.order.len() >= HEARD_LATELY_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.lately.remove(&oldest);
        }
        self.order.push_back(key.clone());
        self.lately.insert(key);
    }
}

/// What the store knows of a message's sender.
struct Looked {
    known: bool,
    peer: Option<Peer>,
    stored: Option<Stored>,
}

impl Shell {
    /// A provider has brought a message of a workstream's.
    pub fn hear(&mut self, workstream: String, mut inbound: Inbound, done: Done) {
        let Some(settings) = self.desk.workstream(&workstream) else { return done(Err(Refusal::NotFound)) };
        let address = match settings.channel {
            Channel::Sms => {
                let region = self.desk.masking.phone_region.as_deref().unwrap_or_default();
                e164(&inbound.from, region).unwrap_or_else(|| inbound.from.trim().to_owned())
            }
            _ => inbound.from.clone(),
        };
        let bad =
            |text: &str| text.is_empty() || text.chars().count() > 64 || text.chars().any(char::is_control);
        if bad(&address) || inbound.id.chars().any(char::is_control) {
            return done(Err(Refusal::BadRequest));
        }
        if inbound.id.is_empty() {
            // Nothing to know a repeat by.
            inbound.id = format!("box-{:016x}", super::keys::random());
        }
        let visitor = self.keys.visitor_of_sub(&workstream, &address);
        match self.hearing.admit(Letter { workstream, inbound, address, visitor, done }) {
            Ok(Some(letter)) => self.look_up(letter),
            Ok(None) => {}
            Err(done) => done(Err(Refusal::Full)),
        }
    }

    fn look_up(&mut self, letter: Letter) {
        let sequence = self.watermark();
        let key = inbound_key(&letter.workstream, &client_id(&letter.inbound.id, 0));
        let (visitor, bytes) = (letter.visitor, letter.bytes());
        let job = move |snapshot: &Snapshot| {
            let known = snapshot.get(Table::ProviderIds, &key)?.is_some();
            let peer = snapshot.get(Table::Peers, &visitor.to_be_bytes())?;
            let peer = peer.as_deref().and_then(reads::decoded);
            let last = snapshot.get(Table::Visitors, &visitor.to_be_bytes())?;
            let last: Option<Known> = last.as_deref().and_then(reads::decoded);
            let stored = match last.filter(|last| last.closed_ms.is_none()) {
                Some(last) => Some(read_stored(snapshot, last.conversation)?),
                None => None,
            };
            Ok(Looked { known, peer, stored })
        };
        let then = move |shell: &mut Shell, looked: Result<Looked, ReadError>| {
            match looked {
                Ok(looked) => shell.take_letter(letter, looked),
                Err(error) => {
                    log::error!("a message's sender could not be looked up: {error:?}");
                    (letter.done)(Err(Refusal::Unavailable));
                }
            }
            if let Some(next) = shell.hearing.next(visitor, bytes) {
                shell.look_up(next);
            }
        };
        self.readers.clone().spawn(&self.door.clone(), sequence, job, then);
    }

    fn take_letter(&mut self, letter: Letter, looked: Looked) {
        let Letter { workstream, inbound, address, visitor, done } = letter;
        let key = inbound_key(&workstream, &client_id(&inbound.id, 0));
        if looked.known || self.hearing.lately.contains(&key) {
            return self.once_durable(move || done(Ok(())));
        }
        if self.store.admission() >= Admission::StorageFull {
            return done(Err(Refusal::StorageFull));
        }
        let Some(settings) = self.desk.workstream(&workstream).cloned() else {
            return done(Err(Refusal::NotFound));
        };
        let before = self.peers.get(&visitor).cloned().or(looked.peer);
        let stop = self.stop_word(&settings, &inbound.text);
        let stopped_ms = match stop {
            Some(true) => Some(self.now.wall_ms),
            Some(false) => None,
            None => before.as_ref().and_then(|before| before.stopped_ms),
        };
        let peer = Peer { workstream: workstream.clone(), address, last_in_ms: self.now.wall_ms, stopped_ms };
        let open = self.live_of(visitor).filter(|id| !self.has_ended(*id));
        debug_assert!(
            open.is_some()
                || looked
                    .stored
                    .as_ref()
                    .and_then(|stored| stored.card.as_ref())
                    .is_none_or(|card| { !self.is_live(card.id) || self.has_ended(card.id) }),
            "a conversation in the table is known to be its customer's"
        );
        let parked = looked.stored.filter(|stored| stored.waiting.is_some());
        // Who says no more than stop or start, with nothing open, rings nobody: a parked conversation stays parked, and
        // shows what she said when it is taken up.
        let taken = if open.is_none() && stop.is_some() {
            Ok(0)
        } else {
            self.peers.insert(visitor, peer.clone());
            self.say_letter(&settings, &inbound, &peer, visitor, open, parked)
        };
        match taken {
            Ok(conversation) => {
                let record = ProviderMessage { conversation, seq: 0 };
                self.put(Table::ProviderIds, &key, &record);
                self.put(Table::Peers, &visitor.to_be_bytes(), &peer);
                self.hearing.heard(key);
                if stop == Some(true) {
                    self.drop_unsent(&workstream, &peer.address);
                }
                // Her agents see whether and until when she may be written to.
                self.tell_session(conversation);
                self.once_durable(move || done(Ok(())));
            }
            Err(refusal) => {
                match before {
                    Some(before) if open.is_some() => drop(self.peers.insert(visitor, before)),
                    _ => drop(self.peers.remove(&visitor)),
                }
                self.visitors.forget_if_gone(visitor, open.is_some());
                done(Err(refusal));
            }
        }
    }

    /// Puts a message where it belongs: into the open conversation, the parked one, or a new one. Which it was.
    fn say_letter(
        &mut self,
        settings: &Workstream,
        inbound: &Inbound,
        peer: &Peer,
        visitor: u64,
        open: Option<u64>,
        parked: Option<Stored>,
    ) -> Result<u64, Refusal> {
        let mut pieces = pieces(inbound).into_iter();
        let (client_id, text) = pieces.next().ok_or(Refusal::BadRequest)?;
        let id = match (open, parked) {
            (Some(id), _) => {
                self.say_piece(id, client_id, text)?;
                id
            }
            (None, Some(parked)) => {
                let id = parked.card.as_ref().map(|card| card.id).ok_or(Refusal::Unavailable)?;
                let client = self.keys.client(&client_id);
                self.texts.client_id = Some(client_id);
                let text = self.storable(text);
                let text = self.texts.put(text);
                self.visitors.entry(visitor).conversation = Some(id);
                self.revive(None, id, RevivalCause::Returned { client, text }, parked);
                if !self.is_live(id) {
                    return Err(Refusal::Full);
                }
                id
            }
            (None, None) => self.begin(settings, peer, visitor, client_id, text)?,
        };
        for (client_id, text) in pieces {
            // The first is stored, and so the message is taken: a later one that finds no place is logged, not lost
            // in silence.
            if let Err(refusal) = self.say_piece(id, client_id, text) {
                log::error!("{}: a part of a long message was refused: {}", settings.id, refusal.code());
            }
        }
        Ok(id)
    }

    fn say_piece(&mut self, id: u64, client_id: String, text: String) -> Result<(), Refusal> {
        let client = self.keys.client(&client_id);
        self.texts.client_id = Some(client_id);
        let text = self.storable(text);
        let text = self.texts.put(text);
        let verb = CustomerVerb::Message { client, text };
        match self.turn(Input::Customer { request: REQUEST, conversation: ConversationId(id), verb }, None) {
            Some(Answer::Refused(refusal)) => Err(refusal),
            _ => Ok(()),
        }
    }

    fn begin(
        &mut self,
        settings: &Workstream,
        peer: &Peer,
        visitor: u64,
        client_id: String,
        text: String,
    ) -> Result<u64, Refusal> {
        if let Some(refusal) = self.no_room() {
            return Err(refusal);
        }
        let card = self.card_of_peer(settings, peer, visitor, &text);
        self.visitors.entry(visitor).customer = card.customer.clone();
        self.texts.client_id = Some(client_id);
        // A live workstream that is closed takes it in as a message left (D-19): a text message cannot be told to
        // come back at eight.
        let left = !settings.is_persistent() && !self.daytime().is_open(&Entrance::of(&self.desk, settings));
        match self.arrive(card, Some(text), None, left, None) {
            Some(Answer::Started(id)) => Ok(id.0),
            Some(Answer::Refused(refusal)) => Err(refusal),
            _ => Err(Refusal::NotFound),
        }
    }

    fn card_of_peer(&self, settings: &Workstream, peer: &Peer, visitor: u64, text: &str) -> Card {
        let sms = settings.channel == Channel::Sms;
        let contact = if sms { self.contacts.of_mobile(&peer.address) } else { None };
        // A stored contact has a name; who is not known goes by her number, masked like any (S3-25).
        let name = match contact {
            Some(_) => String::new(),
            None if sms => peer.address.clone(),
            None => {
                let tail = peer.address.len().saturating_sub(4);
                format!("Messenger …{}", peer.address.get(tail..).unwrap_or_default())
            }
        };
        let phone = if sms { peer.address.clone() } else { String::new() };
        Card {
            workstream: settings.id.to_string(),
            queue: settings.queue.to_string(),
            kind: settings.channel.work_item_kind().to_owned(),
            persistent: settings.is_persistent(),
            visitor,
            customer: Customer { name, phone, locale: self.desk.locale.to_string(), ..Customer::default() },
            contact,
            comment: Some(text.to_owned()),
            ..Card::default()
        }
    }

    /// Does she say that she wants no more (`true`), or again (`false`)? The whole text is the word.
    fn stop_word(&self, settings: &Workstream, text: &str) -> Option<bool> {
        let sms = settings.sms.as_ref()?;
        let word = text.trim().trim_end_matches(['.', '!']).to_uppercase();
        if sms.stop_words.contains(&word) {
            return Some(true);
        }
        sms.start_words.contains(&word).then_some(false)
    }

    /// Notes that somebody wants no more messages, or wants them again.
    pub(super) fn set_stopped(&mut self, visitor: u64, stopped: bool) {
        let Some(peer) = self.peers.get_mut(&visitor) else { return };
        peer.stopped_ms = stopped.then_some(self.now.wall_ms);
        let peer = peer.clone();
        self.put(Table::Peers, &visitor.to_be_bytes(), &peer);
        if let Some(id) = self.live_of(visitor) {
            self.tell_session(id);
        }
    }
}

/// A message in pieces that fit ours, each under a name of its own, its links behind its words.
fn pieces(inbound: &Inbound) -> Vec<(String, String)> {
    let keep = |c: char| if c.is_control() && c != '\n' && c != '\t' { ' ' } else { c };
    let mut text: String = inbound.text.replace("\r\n", "\n").chars().map(keep).collect();
    for link in &inbound.links {
        if !text.is_empty() {
            text.push('\n');
        }
        text.extend(link.chars().map(keep));
    }
    if text.trim().is_empty() {
        text = "…".to_owned();
    }
    let mut pieces = Vec::new();
    let mut rest = text.as_str();
    while !rest.is_empty() && pieces.len() < PIECES_MAX {
        let mut end = rest.char_indices().nth(MESSAGE_CHARS_MAX).map_or(rest.len(), |(at, _)| at);
        while end > MESSAGE_BYTES_MAX || !rest.is_char_boundary(end) {
            end -= 1;
        }
        let (piece, after) = rest.split_at(end);
        rest = after;
        if !piece.trim().is_empty() {
            pieces.push((client_id(&inbound.id, pieces.len()), piece.to_owned()));
        }
    }
    pieces
}

/// A provider's name may be longer than ours: then its digest stands for it.
fn client_id(id: &str, piece: usize) -> String {
    let id = if id.len() + 2 > CLIENT_ID_BYTES_MAX {
        let digest = ring::digest::digest(&ring::digest::SHA256, id.as_bytes());
        data_encoding::HEXLOWER.encode(&digest.as_ref()[..20])
    } else {
        id.to_owned()
    };
    if piece == 0 { id } else { format!("{id}#{piece}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(visitor: u64, text: &str) -> Letter {
        Letter {
            workstream: "sms".into(),
            inbound: Inbound { text: text.into(), ..Inbound::default() },
            address: String::new(),
            visitor,
            done: Box::new(|_| {}),
        }
    }

    #[test]
    fn messages_on_their_way_in_have_a_bound_each_and_in_all() {
        let mut hearing = Hearing::default();
        assert!(matches!(hearing.admit(letter(1, "hi")), Ok(Some(_))), "her first is looked up at once");
        for _ in 0..HEARD_WAITING_MAX {
            assert!(matches!(hearing.admit(letter(1, "hi")), Ok(None)), "the next waits behind it");
        }
        assert!(hearing.admit(letter(1, "hi")).is_err(), "one customer has no more than her share");
        // Many customers, one long message each.
        let long = "x".repeat(HEARD_BYTES_MAX / 20);
        let taken = (2..100).take_while(|n| matches!(hearing.admit(letter(*n, &long)), Ok(Some(_)))).count();
        assert!((10..20).contains(&taken), "{taken}");
        assert!(hearing.bytes <= HEARD_BYTES_MAX && hearing.admit(letter(200, &long)).is_err());
        // One goes through, and there is room again; in the end nothing is left of them.
        let bytes = letter(2, &long).bytes();
        assert!(hearing.next(2, bytes).is_none());
        assert!(matches!(hearing.admit(letter(200, &long)), Ok(Some(_))));
        for visitor in (3..2 + taken as u64).chain([200]) {
            assert!(hearing.next(visitor, bytes).is_none());
        }
        let bytes = letter(1, "hi").bytes();
        while hearing.next(1, bytes).is_some() {}
        assert_eq!((hearing.bytes, hearing.waiting.len()), (0, 0));
    }

    #[test]
    fn a_long_message_is_cut_into_ours_and_nothing_of_it_is_lost() {
        let inbound = |text: String, links: &[&str]| Inbound {
            id: "SM1".into(),
            from: "+31".into(),
            text,
            links: links.iter().map(ToString::to_string).collect(),
        };
        let long = "é".repeat(1600);
        let cut = pieces(&inbound(long.clone(), &[]));
        assert_eq!(cut.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["SM1", "SM1#1"]);
        assert_eq!(cut.iter().map(|(_, text)| text.as_str()).collect::<String>(), long);
        let picture = pieces(&inbound(String::new(), &["https://x.example/1"]));
        assert_eq!(picture, [("SM1".to_owned(), "https://x.example/1".to_owned())]);
        assert_eq!(pieces(&inbound("a\u{0}b\r\nc".into(), &[]))[0].1, "a b\nc");
        assert_eq!(pieces(&inbound(" ".into(), &[]))[0].1, "…", "an empty one is there all the same");
        assert!(client_id(&"m".repeat(200), 7).len() <= CLIENT_ID_BYTES_MAX);
    }
}
