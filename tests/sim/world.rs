//! The engine, its shadow, the clock and the store, driven together.

use std::collections::{BTreeSet, VecDeque};
use std::fmt::Write;

use deskbell::engine::Engine;
use deskbell::engine::effect::{Answer, Effect};
use deskbell::engine::id::{ConversationId, RequestId, TextId};
use deskbell::engine::input::{Input, Sender};
use deskbell::engine::settings::{Capacity, Mode, Now};

use crate::act::Act;
use crate::desk;
use crate::rng::Rng;
use crate::shadow::{Due, Link, Part, Place, Shadow, Speaker, Why};
use crate::step::{Step, late_ms};
use crate::store::Store;

/// Inputs printed with a failure.
const TRACE: usize = 20;

/// FNV-1a over what is printed into it.
pub(crate) struct Fnv(pub(crate) u64);

impl Fnv {
    pub(crate) fn new() -> Fnv {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

impl Write for Fnv {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
        Ok(())
    }
}

/// What a run should come past, of an effect.
fn landmark(effect: &Effect) -> Option<String> {
    Some(match effect {
        Effect::OfferClosed { kind, end, .. } => format!("offer {kind:?} {end:?}"),
        Effect::Decision { event, .. } => format!("event {event:?}"),
        Effect::Banner { kind, .. } => format!("banner {kind:?}"),
        Effect::SessionClosed { reason, .. } => format!("session {reason:?}"),
        Effect::Answer { answer: Answer::Refused(refusal), .. } => format!("refused {refusal:?}"),
        Effect::WrappedUp { by_deadline: true, .. } => "wrap-up by deadline".into(),
        Effect::BotPassed { why, .. } => format!("bot {why:?}"),
        Effect::Unwatched { .. } => "queue unwatched".into(),
        _ => return None,
    })
}

pub(crate) struct World {
    pub(crate) rng: Rng,
    pub(crate) engine: Engine,
    pub(crate) shadow: Shadow,
    pub(crate) store: Store,
    pub(crate) now: Now,
    pub(crate) capacity: Capacity,
    pub(crate) trace: VecDeque<(Now, Act)>,
    pub(crate) hash: Fnv,
    pub(crate) inputs: u64,
    pub(crate) restarts: u64,
    pub(crate) offers: u64,
    pub(crate) closed: u64,
    /// What has come about at least once.
    pub(crate) reached: BTreeSet<String>,
    pub(crate) next_id: u64,
    pub(crate) next_client: u64,
    pub(crate) effects: Vec<Effect>,
    /// By how much the wall clock is behind: down-time that an untrusted start has not counted yet.
    pub(crate) behind_ms: Option<i64>,
    /// The steps taken, where they are wanted.
    pub(crate) script: Option<Vec<Step>>,
    /// All is compared after every so many inputs; what an effect may not be is seen at once.
    pub(crate) every: u64,
}

impl World {
    pub(crate) fn new(seed: u64) -> World {
        let mut rng = Rng::new(seed);
        let (_, capacity) = desk::capacity_of(seed);
        let desk = desk::random(&mut rng, capacity);
        let now = Now { mono_ms: rng.below(1 << 20), wall_ms: 1_700_000_000_000 };
        let engine = Engine::new(capacity, desk.clone(), now, 1);
        let mut world = World {
            rng,
            engine,
            shadow: Shadow::new(desk, capacity, now),
            store: Store::default(),
            now,
            capacity,
            trace: VecDeque::new(),
            hash: Fnv::new(),
            inputs: 0,
            restarts: 0,
            offers: 0,
            closed: 0,
            reached: BTreeSet::new(),
            next_id: 1,
            next_client: 1,
            effects: Vec::new(),
            behind_ms: None,
            script: None,
            every: if capacity == Capacity::TINY { 2 } else { 4 },
        };
        world.raw(Input::Open);
        world
    }

    fn note(&mut self, act: &Act) {
        if self.trace.len() == TRACE {
            self.trace.pop_front();
        }
        self.trace.push_back((self.now, act.clone()));
    }

    fn drain(&mut self) {
        self.effects.clear();
        while let Some(effect) = self.engine.poll_effect() {
            write!(self.hash, "{effect:?}").expect("hashing does not fail");
            if let Effect::Decision { search, .. } = effect {
                write!(self.hash, "{:?}", self.engine.weighed(search)).expect("hashing does not fail");
            }
            if let Some(what) = landmark(&effect) {
                self.reached.insert(what);
            }
            self.offers += u64::from(matches!(effect, Effect::Offered { .. }));
            self.closed += u64::from(matches!(effect, Effect::Closed { .. }));
            self.effects.push(effect);
        }
    }

    /// Start-up inputs, which the shadow does not see.
    fn raw(&mut self, input: Input) {
        self.engine.handle(self.now, input);
        self.drain();
        self.store.apply(&self.effects, &self.engine);
    }

    /// Does one thing and holds what came of it against the shadow.
    pub(crate) fn act(&mut self, act: Act) {
        self.inputs += 1;
        let request = RequestId(self.inputs as u32);
        self.note(&act);
        self.shadow.now = self.now;
        let expected = self.shadow.expect(&act);
        let idle = self.is_settled();
        let input = act.input(request, &self.shadow.parked);
        self.engine.handle(self.now, input);
        self.drain();
        let answers = self.effects.iter().filter_map(|effect| match effect {
            Effect::Answer { request, answer } => Some((*request, *answer)),
            _ => None,
        });
        let answers: Vec<_> = answers.collect();
        let answer = answers.first().map(|&(_, answer)| answer);
        assert_eq!(answers.len(), usize::from(act.asks()), "one answer to a request, none to none");
        assert!(answers.iter().all(|&(to, _)| to == request), "an answer to somebody else");
        if expected.is_some() {
            assert_eq!(answer, expected, "the answer to {act:?}");
        }
        let refused = matches!(answer, Some(Answer::Refused(_)));
        assert!(!refused || !idle || self.effects.len() == 1, "refusing changes nothing: {:?}", self.effects);
        self.shadow.begin(&act, !refused);
        self.shadow.apply(&act, &self.effects, &self.engine);
        self.store.apply(&self.effects, &self.engine);
        self.check(matches!(act, Act::Tick));
    }

    pub(crate) fn is_settled(&self) -> bool {
        self.engine.next_deadline().is_none_or(|due| due > self.now.mono_ms)
    }

    fn check(&mut self, ticked: bool) {
        let settled = self.is_settled();
        if self.shadow.renewing {
            if !settled {
                return;
            }
            self.shadow.compare(&self.engine);
            self.shadow.renewing = false;
        }
        if !settled && !ticked && self.engine.next_deadline().is_some_and(|due| due < self.now.mono_ms) {
            // Timers are overdue: the tick that sorts it out is next.
            return;
        }
        let all = self.inputs.is_multiple_of(self.every);
        if all && settled {
            self.shadow.compare(&self.engine);
            self.store.check(&self.engine);
            self.shadow.check_timers();
            self.shadow.check_liveness();
        }
        if settled {
            self.shadow.check_deserted();
        }
    }

    /// Ticks until nothing is due, as the shell does.
    pub(crate) fn settle(&mut self) {
        for _ in 0..10_000 {
            if self.is_settled() {
                return;
            }
            self.act(Act::Tick);
        }
        panic!("ticks at one instant do not come to an end");
    }

    pub(crate) fn move_clock(&mut self, ms: u64) {
        self.now.mono_ms += ms;
        self.now.wall_ms += ms as i64;
    }

    /// Time passes, with a tick at each deadline, now and then a little late.
    pub(crate) fn wait(&mut self, ms: u64) {
        let end = self.now.mono_ms + ms;
        self.settle();
        let inputs = self.inputs + 300;
        while let Some(due) = self.engine.next_deadline().filter(|&due| due <= end) {
            if self.inputs > inputs {
                // A long night of a full desk: enough of it.
                return;
            }
            self.move_clock((due + late_ms(due)).min(end).saturating_sub(self.now.mono_ms));
            self.settle();
        }
        self.move_clock(end.saturating_sub(self.now.mono_ms));
    }

    /// The power is cut and comes back: all that the store has, and nothing else, comes in again (B-5).
    ///
    /// Without a trusted clock the box goes on from its last stamp, as if it had not been down (D-18).
    pub(crate) fn restart(&mut self, away_ms: i64, mono_ms: u64, trusted: bool) {
        self.restarts += 1;
        self.note(&Act::Restart(away_ms));
        let crash = self.now.wall_ms;
        let away_ms = away_ms + self.behind_ms.take().unwrap_or(0);
        self.behind_ms = (!trusted).then_some(away_ms);
        self.now = Now { mono_ms, wall_ms: if trusted { crash + away_ms } else { crash } };
        self.engine =
            Engine::new(self.capacity, self.shadow.desk.clone(), self.now, self.shadow.last_offer + 1);
        self.shadow_restarts(crash);
        let mut records: Vec<_> = self.store.conversations.values().cloned().collect();
        for seed in &mut records {
            let talk = &self.shadow.talks[&seed.id];
            seed.customer_lost_wall_ms = talk.customer_due.map(|due| due.wall);
        }
        for seed in records {
            self.raw(Input::RestoreConversation(Box::new(seed)));
        }
        for (agent, kept) in self.store.agents.clone() {
            let lost_ms = self.shadow.desk.agents[usize::from(agent.0)].lost_ms as i64;
            let lost_wall_ms = match kept.connection {
                deskbell::engine::agent::Connection::SignedOut => None,
                deskbell::engine::agent::Connection::Online => Some(crash),
                deskbell::engine::agent::Connection::Lost { until_wall_ms } => Some(until_wall_ms - lost_ms),
            };
            self.raw(Input::RestoreAgent {
                agent,
                held: kept.held,
                since_wall_ms: kept.since_wall_ms,
                lost_wall_ms,
                banners: kept.banners,
            });
        }
        let ids: Vec<_> = self.shadow.talks.keys().copied().collect();
        for id in ids {
            self.recall(id);
        }
        self.shadow.now = self.now;
        self.raw(Input::Open);
        self.shadow.begin(&Act::Tick, false);
        self.shadow.apply(&Act::Tick, &self.effects, &self.engine);
        self.shadow.check_deserted();
        self.settle();
    }

    /// The shell hands in the names of stored messages again.
    pub(crate) fn recall(&mut self, id: ConversationId) {
        for (speaker, client, seq, at_wall_ms) in self.shadow.talks[&id].sent.clone() {
            let sender = match speaker {
                Speaker::Customer => Sender::Customer,
                Speaker::Bot(bot) => Sender::Bot(bot),
                Speaker::Agent(agent) => Sender::Agent(agent),
            };
            self.raw(Input::Recall { conversation: id, sender, client, seq, at_wall_ms });
        }
    }

    fn shadow_restarts(&mut self, crash: i64) {
        let (now, restored) = (self.now, self.behind_ms.is_some());
        let again = move |due: Due| {
            let mono = now.mono_ms.saturating_add_signed(due.wall - now.wall_ms);
            Due { mono, restored, ..due }
        };
        let shadow = &mut self.shadow;
        shadow.turn = 0;
        shadow.turn_of.fill(None);
        shadow.deserted.fill(None);
        shadow.bots.clear();
        for running in shadow.offers.values_mut() {
            running.due = again(running.due);
            // What is only reserved is weighed by the desk of today; a session keeps the units it began with.
            let workstream = shadow.talks[&running.conversation].workstream;
            running.units = shadow.desk.workstreams[usize::from(workstream.0)].units;
        }
        for talk in shadow.talks.values_mut() {
            let settings = &shadow.desk.workstreams[usize::from(talk.workstream.0)];
            if talk.mode == Mode::Live && talk.place != Place::Over && !talk.left {
                // Who was connected at the crash is lost from the crash.
                let wall = crash + settings.customer_lost_ms as i64;
                talk.customer_due.get_or_insert(Due { mono: 0, wall, restored });
            }
            talk.customer_due = talk.customer_due.map(again);
            talk.round = talk.round.map(again);
            if let Place::Bot(held) = &mut talk.place {
                held.due = again(held.due);
            }
            if let Place::With { why, units, .. } = &mut talk.place {
                match why {
                    Why::Undelivered(due) => *due = again(*due),
                    Why::Assigned | Why::Returned => {}
                }
                *units = if *why == Why::Returned { 0 } else { settings.units };
            }
            for held in &mut talk.held {
                if let Part::WrapUp(Some(due)) = &mut held.part {
                    *due = again(*due);
                }
            }
        }
        for (at, row) in shadow.agents.iter_mut().enumerate() {
            (row.idle, row.assigned) = (0, 0);
            let lost_ms = shadow.desk.agents[at].lost_ms as i64;
            row.link = match row.link {
                Link::Online => Link::Lost(again(Due { mono: 0, wall: crash + lost_ms, restored })),
                Link::Lost(due) => Link::Lost(again(due)),
                Link::SignedOut => Link::SignedOut,
            };
        }
    }

    pub(crate) fn text(&mut self) -> TextId {
        TextId(self.rng.below(100) as u32)
    }
}
