//! An office to look at: an engine with the example's names, driven by hand, and what the shell knows beside it.

use std::collections::HashMap;

use deskbell::agent::project::{View, masker};
use deskbell::desk::{self, Desk};
use deskbell::engine::Engine;
use deskbell::engine::id::{AgentId, ConversationId, OfferId};
use deskbell::engine::input::Input;
use deskbell::engine::settings::Capacity;
use deskbell::limits::BOX_FRAME_BYTES_MAX;
use deskbell::shell::card::{Card, ContextValue, Customer, Page, WrapUpRecord};
use deskbell::shell::contacts::Contacts;
use deskbell::shell::floor::Floor;
use deskbell::shell::names::Names;
use deskbell::shell::records::{Author, Message};
use deskbell::shell::tail::Tail;
use deskbell::shell::world::World;
use serde_json::Value;

use crate::bench::{self, offered};

const CAPACITY: Capacity = Capacity { conversations: 64, agents: 3, queues: 2, workstreams: 4 };

/// An engine with the example's names, and the shell's knowledge beside it.
pub(crate) struct Office {
    pub(crate) bench: bench::Bench,
    pub(crate) desk: Desk,
    pub(crate) names: Names,
    pub(crate) cards: HashMap<u64, Card>,
    pub(crate) tails: HashMap<u64, Tail>,
    pub(crate) contacts: Contacts,
    pub(crate) peers: HashMap<u64, deskbell::shell::outbound::records::Peer>,
    pub(crate) floor: Floor,
}

impl Office {
    pub(crate) fn open() -> Office {
        Office::with(|text| text.to_owned())
    }

    /// The example's desk, changed.
    pub(crate) fn with(change: impl Fn(&str) -> String) -> Office {
        let text = change(include_str!("../data/desk.example.toml"));
        let desk = desk::load(&text).unwrap_or_else(|faults| panic!("{faults:?}")).desk;
        let mut names = Names::new(CAPACITY);
        for (rows, list) in [
            (&mut names.agents, &["alice", "bob", "sofie"][..]),
            (&mut names.queues, &["front"]),
            (&mut names.workstreams, &["web-live", "web-later"]),
            (&mut names.presences, &["available", "busy", "do_not_disturb", "away", "offline", "inactive"]),
        ] {
            for name in list {
                rows.intern(name).expect("room for a name");
            }
        }
        let mut bench = bench::Bench::open();
        let mut routing = bench::desk();
        for workstream in &mut routing.workstreams {
            workstream.units = 1;
        }
        bench.engine = Engine::new(CAPACITY, routing, bench.now, 1);
        bench.feed(Input::Open);
        let contacts = Contacts::new(&desk, []);
        let (cards, tails) = (HashMap::new(), HashMap::new());
        Office { bench, desk, names, cards, tails, contacts, peers: HashMap::new(), floor: Floor::default() }
    }

    pub(crate) fn view(&self) -> View<'_> {
        let world = World {
            engine: &self.bench.engine,
            desk: &self.desk,
            names: &self.names,
            cards: &self.cards,
            tails: &self.tails,
            contacts: &self.contacts,
            peers: &self.peers,
            floor: &self.floor,
            now: self.bench.now,
            speed: 1,
        };
        View::new(world, masker(&self.desk))
    }

    /// A conversation comes in with this card; gives the offer, when somebody is asked.
    pub(crate) fn arrive(&mut self, card: Card) -> Option<(AgentId, OfferId)> {
        let (id, workstream) = (card.id, u16::from(card.persistent));
        self.cards.insert(id, card);
        offered(&self.bench.arrive(id, workstream))
    }

    pub(crate) fn say(&mut self, id: u64, from: Author, text: &str) {
        let tail = self.tails.entry(id).or_default();
        let seq = tail.messages().last().map_or(1, |last| last.seq + 1);
        let at_ms = self.bench.now.wall_ms + i64::from(seq);
        // An agent's page names its messages by a counter; a customer's may put anything there.
        let client_id = Some(if from == Author::Customer { "call +31612345678" } else { "a1" }.to_owned());
        tail.push(Message { seq, at_ms, from, text: text.to_owned(), code: None, client_id, delivery: None });
    }

    pub(crate) fn session(&self, agent: AgentId, id: u64) -> Value {
        let of = self.bench.engine.conversation(ConversationId(id)).expect("in the table");
        read(&self.view().session(agent, of, None).expect("a session"))
    }
}

pub(crate) fn read(frame: &str) -> Value {
    assert!(frame.len() < BOX_FRAME_BYTES_MAX, "{} bytes", frame.len());
    serde_json::from_str(frame).unwrap_or_else(|error| panic!("{error}: {frame}"))
}

pub(crate) fn plain_card(id: u64, name: &str) -> Card {
    Card {
        id,
        workstream: "web-live".into(),
        queue: "front".into(),
        kind: "chat".into(),
        persistent: false,
        widget: Some("shop".into()),
        visitor: 1,
        customer: Customer { name: name.into(), ..Customer::default() },
        contact: None,
        comment: Some("Is it in stock?".into()),
        page: None,
        context: Vec::new(),
        answers: Vec::new(),
        external_id: None,
        proactive: None,
        started_ms: 1_700_000_000_000,
        accepted_ms: None,
        ended_ms: None,
        state: "open".into(),
        reason: None,
        agent: None,
        agents: Vec::new(),
        wrapups: Vec::new(),
        rating: None,
        last_seq: 0,
        seen_by_agent: 0,
        seen_by_customer: 0,
    }
}

pub(crate) const SECRETS: &str = "Card 4111 1111 1111 1111, account NL91 ABNA 0417 1643 00, SSN 123-45-6789, \
    mail melissa@gmail.com, call +31 6 1234 5678 or +447966197542";

/// A card whose every field holds what must not be read.
pub(crate) fn telling_card(id: u64) -> Card {
    let text = |key: &str, value: &str| (key.to_owned(), ContextValue::Text(value.to_owned()));
    Card {
        customer: Customer {
            name: "+ 1 (123) 456 7890".into(),
            email: "melissa@gmail.com".into(),
            phone: "+447966197542".into(),
            locale: "nl".into(),
            sub: Some("melissa@gmail.com".into()),
        },
        contact: Some(3),
        comment: Some(SECRETS.into()),
        page: Some(Page {
            url: "https://shop.example/?mail=melissa%40gmail.com&tel=%2B447966197542".into(),
            title: "Order of melissa@gmail.com".into(),
            referrer: "https://r.example/?to=https%3A%2F%2Fs.example%2F%3Fm%3Dmelissa%2540gmail.com".into(),
        }),
        context: vec![
            text("email", "melissa@gmail.com"),
            text("customer_phone", "447966197542"),
            text("melissa@gmail.com", "key"),
            text("note", SECRETS),
            ("msisdn".into(), ContextValue::Number(447_966_197_542.0)),
            ("card".into(), ContextValue::Number(4_111_111_111_111_111.0)),
            ("visits".into(), ContextValue::Number(3.0)),
            ("signed_in".into(), ContextValue::Flag(true)),
        ],
        answers: vec![("comment".into(), SECRETS.into()), ("phone".into(), "+447966197542".into())],
        wrapups: vec![WrapUpRecord {
            agent: "alice".into(),
            reason: Some("solved".into()),
            comment: Some(SECRETS.into()),
            at_ms: 1_700_000_000_500,
            by_deadline: false,
        }],
        rating: Some((4, SECRETS.into())),
        proactive: Some("lingering".into()),
        ..plain_card(id, "")
    }
}
