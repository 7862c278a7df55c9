//! The one loop: clock, sockets, store and engine meet only here.
//!
//! A turn is: one event in, one or more inputs to the engine, its effects drained into records and frames
//! of one batch. The batch goes to the journal thread, which lets the frames out once the records are on
//! disk; meanwhile the next batch gathers. The desk thread itself never waits for a disk or a socket: what
//! must be read is read elsewhere and comes back as an event.

mod api;
pub mod boot;
pub mod card;
pub mod certificate;
pub mod clock;
pub mod door;
pub mod floor;
pub mod frame;
mod invite_days;
pub mod invites;
pub mod live;
pub mod names;
pub mod out;
pub mod record;
pub mod records;
pub mod replay;
pub mod rows;
pub mod tail;
pub mod text;
pub mod tokens;
pub mod wire;
pub mod world;

mod agents;
pub mod articles;
mod backups;
mod belongings;
mod board;
pub mod bots;
mod calls;
mod connections;
mod contact_acts;
pub mod contacts;
mod counting;
mod customers;
mod erase;
mod events;
pub mod figures;
mod health;
mod hello;
mod history;
pub mod hours;
mod inbound;
mod keep;
mod keeper;
mod keys;
pub mod ledger;
mod lines;
mod office;
pub mod offline;
mod one_time;
mod orphans;
pub mod outbound;
mod own_socket;
mod people;
mod place;
mod proof;
pub mod ratings;
mod reading;
pub mod reads;
mod recover;
mod relay;
mod retention;
mod reveal;
mod roster;
pub mod running;
pub mod search;
mod set_up;
pub mod sip;
mod start;
mod storable;
mod tls;
mod touches;
pub mod traces;
pub mod trust;
mod turn;
mod visitors;
mod waits;
mod words;
mod wrapups;

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use smol::channel::Receiver;

use self::card::Card;
use self::clock::Clock;
use self::connections::Connections;
use self::door::{Door, Event};
use self::keys::Keys;
use self::names::Names;
use self::out::Out;
use self::reads::Readers;
use self::tail::Tail;
use self::tokens::Tokens;
use self::turn::Room;
use self::visitors::Visitors;
use self::world::World;
use crate::desk::Desk;
use crate::engine::Engine;
use crate::engine::id::AgentId;
use crate::engine::input::Input;
use crate::engine::settings::Now;
use crate::gateway::rate::Bucket;
use crate::limits::{BATCH_BYTES_FULL, EVENTS_PER_BATCH_MAX};
use crate::store::{Batch, Store, SubmitError};

pub use self::board::Board;
pub use self::office::{Figure, Figures};

/// How often the desk thread looks after what has no deadline of the engine's: lines, hours, marks.
const CHORES: Duration = Duration::from_millis(1000);

/// A quiet box checkpoints this often, if there is anything to: a start replays no more than that.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(4 * 3600);

/// Everything the desk thread owns.
pub struct Shell {
    engine: Engine,
    names: Names,
    /// Who stands in the engine's rows, as decisions in the store are read.
    roster: roster::Newest,
    desk: Arc<Desk>,
    /// Where the desk's history stands.
    history: history::Head,
    board: Arc<Board>,
    clock: Clock,
    now: Now,
    cards: HashMap<u64, Card>,
    tails: HashMap<u64, Tail>,
    rooms: HashMap<u64, Room>,
    connections: Connections,
    visitors: Visitors,
    contacts: contacts::Contacts,
    /// The recording of the engine's inputs, while it is wanted and has room.
    recorder: Option<record::Recorder>,
    /// Texts and message names of the turn being taken.
    texts: turn::Texts,
    store: Store<Out>,
    batch: Batch<Out>,
    /// Does the batch hold anything, a release included?
    pending: bool,
    readers: Readers,
    door: Door,
    keys: Keys,
    tokens: Arc<Tokens>,
    staff_messages: HashMap<AgentId, Bucket>,
    invites: invites::Invites,
    /// What waits to leave the box.
    outbox: outbound::Outbox,
    /// Who writes through a provider, of those whose conversation is in the engine's table.
    peers: HashMap<u64, outbound::records::Peer>,
    /// Messages of providers on their way in.
    hearing: inbound::Hearing,
    /// Calls in the engine's table.
    calls: calls::Calls,
    /// `https://…` of the public face, or of the box where it has none.
    public_url: String,
    last_conversation: u64,
    lines: lines::Lines,
    traces: traces::Traces,
    /// Shares of articles counted since the start.
    shares: HashMap<String, articles::Shares>,
    floor: floor::Floor,
    /// What staff sign in with beside their passwords.
    users: HashMap<String, records::User>,
    /// Secrets that were shown and wait for their first code, and until when, real wall clock.
    enrolling: HashMap<String, (Vec<u8>, i64)>,
    retention: retention::Sweep,
    /// Conversations that retention has deleted since the start.
    retained_away: u64,
    /// How many they were when rosters were looked through last.
    rosters_swept: Option<u64>,
    marked: Option<Instant>,
    doors: hours::Doors,
    vouchers: trust::Vouchers,
    started: Instant,
    checkpointed: Instant,
    watchdog: Option<Duration>,
}

impl Shell {
    /// Runs until told to stop; then everything submitted is on disk and the store is closed.
    pub fn run(mut self, events: &Receiver<Event>) -> Result<(), crate::store::Failure> {
        let mut chores = Instant::now() + CHORES;
        let mut alive = Instant::now();
        let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
        loop {
            let wait = self.wait().min(chores.saturating_duration_since(Instant::now()));
            let first = next_event(events, wait, &waker);
            self.now = self.clock.now();
            // Before anybody asks: what opens at eight is open for the question of eight.
            self.follow_hours();
            let mut stopping = false;
            for event in first
                .into_iter()
                .chain(std::iter::from_fn(|| events.try_recv().ok()))
                .take(EVENTS_PER_BATCH_MAX)
            {
                stopping |= matches!(event, Event::Stop);
                self.take(event);
                self.tick_if_due();
            }
            self.tick_if_due();
            if events.is_empty() {
                for (conn, _) in self.door.take_gone() {
                    self.gone(conn);
                }
            }
            self.pump();
            if self.until_trace().is_some_and(|wait| wait.is_zero()) {
                self.trace_step();
            }
            if Instant::now() >= chores {
                self.chores();
                chores = Instant::now() + CHORES;
            }
            self.flush();
            if let Some(interval) = self.watchdog.filter(|interval| alive.elapsed() * 2 >= *interval) {
                alive = Instant::now();
                crate::ops::notify::alive(interval);
            }
            if stopping {
                return self.finish();
            }
        }
    }

    /// What everybody may read of this instant.
    pub fn world(&self) -> World<'_> {
        World {
            engine: &self.engine,
            desk: &self.desk,
            names: &self.names,
            cards: &self.cards,
            tails: &self.tails,
            contacts: &self.contacts,
            peers: &self.peers,
            floor: &self.floor,
            now: self.now,
            speed: self.clock.speed(),
        }
    }

    /// Lets something happen once all that was changed so far is on disk.
    pub fn once_durable(&mut self, done: impl FnOnce() + Send + 'static) {
        self.release(Out::Done(Box::new(done)));
    }

    fn take(&mut self, event: Event) {
        self.now = self.clock.now();
        match event {
            Event::Opened(conn, opening) => self.opened(conn, *opening),
            Event::Closed(conn, _) => self.gone(conn),
            Event::Call(call) => call(self),
            Event::Stop => {}
            Event::Staff(conn, frame) => self.hear_staff(conn, frame),
            Event::Customer(conn, frame) => self.hear_customer(conn, frame),
            Event::Bot(conn, frame) => self.hear_bot(conn, frame),
        }
    }

    fn wait(&self) -> Duration {
        let timers = self.engine.next_deadline().map_or(CHORES, |deadline| self.clock.until(deadline));
        let hours = self.until_hours_ms().map_or(CHORES, |wait_ms| self.clock.real_time(wait_ms));
        timers.min(hours).min(self.until_trace().unwrap_or(CHORES))
    }

    fn tick_if_due(&mut self) {
        // Bounded: an engine that asks for tick after tick still lets events in between.
        for _ in 0..16 {
            let now = self.clock.now();
            if self.engine.next_deadline().is_none_or(|deadline| deadline > now.mono_ms) {
                return;
            }
            self.turn(Input::Tick, None);
        }
    }

    fn chores(&mut self) {
        self.now = self.clock.now();
        self.watch_clock();
        self.tell_lines();
        self.forget_tokens();
        self.end_dismissed_bots();
        self.mark_clock();
        self.recorder.take_if(|recorder| !recorder.flush());
        self.expire_invites();
        self.tell_staff();
        self.sweep_waiting();
        self.sweep_orphans();
        self.trace_step();
        self.watch_relay();
        self.watch_calls();
        self.sweep_retention();
        if self.checkpointed.elapsed() >= CHECKPOINT_EVERY {
            self.checkpointed = Instant::now();
            self.store.checkpoint();
        }
    }

    fn release(&mut self, out: Out) {
        self.pending = true;
        self.batch.release_after(out);
    }

    /// Hands the batch to the journal thread, with what was counted since the last one.
    fn flush(&mut self) {
        self.keep_figures();
        if self.pending {
            self.hand_on();
        }
    }

    /// Between turns: a batch that has become large is not added to.
    fn flush_if_full(&mut self) {
        if self.batch.bytes() >= BATCH_BYTES_FULL {
            self.flush();
        }
    }

    fn hand_on(&mut self) {
        self.pending = false;
        let next = self.store.batch();
        submit(&self.store, std::mem::replace(&mut self.batch, next));
    }

    fn finish(mut self) -> Result<(), crate::store::Failure> {
        self.put_mark();
        self.pending = true;
        self.flush();
        self.store.shutdown()
    }
}

/// Hands a batch to the journal thread. A full queue there means that the disk is behind: waiting here makes everybody
/// wait, which is what must happen then.
fn submit(store: &Store<Out>, mut batch: Batch<Out>) {
    loop {
        match store.submit(batch) {
            Ok(_) => return,
            Err(refused) if refused.why == SubmitError::Full => {
                batch = refused.batch;
                std::thread::sleep(Duration::from_millis(1));
            }
            Err(refused) => {
                // A failed store ends the process by itself; what is too large is a defect, since room was made.
                // Either way nothing of this batch may be told.
                log::error!("a batch was not stored: {:?}", refused.why);
                std::process::exit(70);
            }
        }
    }
}

/// The next event, if one comes in time.
///
/// The thread sleeps by itself. A timer of the executors in its place was put in and taken out again at each wait, and
/// each time their thread was woken to look at its timers: an eighth of all system calls.
fn next_event(events: &Receiver<Event>, wait: Duration, waker: &Waker) -> Option<Event> {
    if let Ok(event) = events.try_recv() {
        return Some(event);
    }
    if wait.is_zero() {
        return None;
    }
    let until = Instant::now() + wait;
    let mut received = pin!(events.recv());
    loop {
        if let Poll::Ready(event) = received.as_mut().poll(&mut Context::from_waker(waker)) {
            return event.ok();
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return None;
        }
        std::thread::park_timeout(left);
    }
}

/// Wakes the desk thread.
struct Unpark(std::thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
