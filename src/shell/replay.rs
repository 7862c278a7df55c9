//! A recorded stretch of inputs, taken again: the same decisions in words, or those another desk would have made
//! (REQ B-1).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read, Write};

use super::hours::Daytime;
use super::names::Names;
use super::record::{Digest, Entry, Recording, RecordingError};
use super::rows;
use crate::desk::Desk;
use crate::engine::Engine;
use crate::engine::effect::Effect;
use crate::engine::id::{AgentId, ConversationId, OfferId, RequestId};
use crate::engine::input::{AgentVerb, Input};
use crate::engine::settings::{Capacity, Now};
use crate::engine::weighed::{TieBreak, Verdict, Weighed};

/// What a replay came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Inputs taken.
    pub inputs: u64,
    /// Decisions made.
    pub decisions: u64,
    /// Inputs of which something else came than was recorded.
    pub different: u64,
    /// With another desk: conversations that another agent would have had first, or none.
    pub otherwise: u64,
    /// With another desk: what people did that there would have been nothing to do it to.
    pub idle: u64,
}

/// Why a replay ends before its time.
#[derive(Debug)]
pub enum ReplayError {
    /// The recording.
    Recording(RecordingError),
    /// The lines could not be written.
    Out(std::io::Error),
    /// The other desk has more rows than the engine recorded.
    TooMany(rows::TooMany),
}

impl std::fmt::Display for ReplayError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ReplayError::Recording(error) => error.fmt(f),
            ReplayError::Out(error) => error.fmt(f),
            ReplayError::TooMany(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ReplayError {}

impl From<RecordingError> for ReplayError {
    fn from(error: RecordingError) -> ReplayError {
        ReplayError::Recording(error)
    }
}

impl From<std::io::Error> for ReplayError {
    fn from(error: std::io::Error) -> ReplayError {
        ReplayError::Out(error)
    }
}

#[derive(Default)]
struct Named {
    agents: Vec<String>,
    queues: Vec<String>,
    workstreams: Vec<String>,
}

fn name(of: &[String], row: u16) -> &str {
    of.get(usize::from(row)).map_or("?", String::as_str)
}

/// A day in an engine of its own, with who was first asked about each conversation.
struct Day {
    engine: Engine,
    first: BTreeMap<ConversationId, (i64, AgentId)>,
    offers: BTreeMap<OfferId, ConversationId>,
    /// Reactions that came before the offer they were to.
    early: BTreeMap<ConversationId, Reaction>,
}

#[derive(Clone, Copy)]
enum Reaction {
    Shown,
    Accept,
    Reject,
}

impl Reaction {
    fn to(self, offer: OfferId) -> AgentVerb {
        match self {
            Reaction::Shown => AgentVerb::Shown(offer),
            Reaction::Accept => AgentVerb::Accept(offer),
            Reaction::Reject => AgentVerb::Reject(offer),
        }
    }
}

impl Day {
    fn new(engine: Engine) -> Day {
        let (first, offers, early) = Default::default();
        Day { engine, first, offers, early }
    }

    /// Takes one input; gives the digest of what came of it, and its decisions in words.
    fn take(&mut self, now: Now, input: Input, named: &Named, lines: &mut String) -> (Digest, u64) {
        self.engine.handle(now, input);
        let (mut came, mut decisions) = (Digest::NOTHING, 0);
        while let Some(effect) = self.engine.poll_effect() {
            came.take(&effect, &self.engine);
            match effect {
                Effect::Offered { conversation, agent, offer } => {
                    if let Some(row) = self.engine.view(conversation) {
                        self.offers.insert(offer, row.id);
                        self.first.entry(row.id).or_insert((now.wall_ms, agent));
                    }
                }
                Effect::Decision { conversation, event, queue, search, .. } => {
                    decisions += 1;
                    let id = self.engine.view(conversation).map_or(0, |row| row.id.0);
                    let found = self.engine.weighed(search).map(|weighed| words(weighed, &named.agents));
                    let (at, queue) = (stamp(now.wall_ms), name(&named.queues, queue.0));
                    let found = found.unwrap_or_default();
                    // Writing into a text does not fail.
                    let _ = writeln!(lines, "{at}  c{id}  {queue}, {}: {found}", event.name());
                }
                _ => {}
            }
        }
        (came, decisions)
    }

    /// The running offer of a conversation.
    fn offered(&self, id: ConversationId) -> Option<(AgentId, OfferId)> {
        let offer = self.engine.conversation(id)?.phase.offer()?;
        Some((offer.agent, offer.id))
    }

    /// What somebody did in the recorded day, done by whoever has the conversation in this one. `None` when there
    /// is nothing to do it to, or not yet.
    fn meant(&mut self, agent: AgentId, verb: AgentVerb, then: &Day) -> Option<(AgentId, AgentVerb)> {
        let (offer, reaction) = match verb {
            AgentVerb::Shown(offer) => (offer, Reaction::Shown),
            AgentVerb::Accept(offer) => (offer, Reaction::Accept),
            AgentVerb::Reject(offer) => (offer, Reaction::Reject),
            AgentVerb::Presence(_) | AgentVerb::BannerReset(_) => return Some((agent, verb)),
            verb => return self.by_its_agent(agent, verb),
        };
        let id = *then.offers.get(&offer)?;
        match self.offered(id) {
            Some((hers, offer)) => Some((hers, reaction.to(offer))),
            None => {
                self.early.insert(id, reaction);
                None
            }
        }
    }

    fn by_its_agent(&self, agent: AgentId, verb: AgentVerb) -> Option<(AgentId, AgentVerb)> {
        let id = match verb {
            AgentVerb::Pickup(id)
            | AgentVerb::Park(id)
            | AgentVerb::Release(id)
            | AgentVerb::EndConference(id)
            | AgentVerb::Leave(id)
            | AgentVerb::End(id) => id,
            AgentVerb::Message { conversation, .. }
            | AgentVerb::Transfer { conversation, .. }
            | AgentVerb::Escalate { conversation, .. }
            | AgentVerb::Conference { conversation, .. }
            | AgentVerb::WrapUp { conversation, .. } => conversation,
            AgentVerb::Presence(_)
            | AgentVerb::BannerReset(_)
            | AgentVerb::Shown(_)
            | AgentVerb::Accept(_)
            | AgentVerb::Reject(_) => return None,
        };
        let row = self.engine.conversation(id)?;
        let hers = row.session(agent).is_some().then_some(agent);
        let its = hers.or(row.owner()).or(row.sessions.first().map(|session| session.agent))?;
        Some((its, verb))
    }
}

/// Takes a recording again and writes its decisions to `out`; with a desk, those it would have made instead.
pub fn replay(from: impl Read, desk: Option<&Desk>, out: &mut impl Write) -> Result<Outcome, ReplayError> {
    let mut recording = Recording::open(from)?;
    let mut outcome = Outcome::default();
    let mut named = Named::default();
    let (mut then, mut other): (Option<Day>, Option<Day>) = (None, None);
    let mut came = Digest::NOTHING;
    let mut first_desk = None;
    while let Some(entry) = recording.read()? {
        match entry {
            Entry::Begin { capacity, desk: recorded, now, first_offer } => {
                first_desk = Some((capacity, now, first_offer));
                then = Some(Day::new(Engine::new(capacity, recorded, now, first_offer)));
            }
            Entry::Names { agents, queues, workstreams } => {
                named = Named { agents, queues, workstreams };
                // Names come before the first input: now the other desk's people find the rows of the first.
                if let (Some(desk), Some((capacity, now, first_offer))) = (desk, first_desk.take()) {
                    let routing = rows_of(desk, &mut named, capacity, now)?;
                    other = Some(Day::new(Engine::new(capacity, routing, now, first_offer)));
                }
            }
            Entry::Input { now, input } => {
                let Some(then) = &mut then else { return Err(RecordingError::Damaged.into()) };
                let mut lines = String::new();
                let again = other.is_some().then(|| copy(&input)).flatten();
                outcome.inputs += 1;
                let (digest, decisions) = then.take(now, input, &named, &mut lines);
                came = digest;
                if let Some(other) = &mut other {
                    lines.clear();
                    if let Some(input) = again {
                        outcome.decisions +=
                            take_otherwise(other, then, now, input, &named, &mut lines, &mut outcome);
                    }
                } else {
                    outcome.decisions += decisions;
                }
                out.write_all(lines.as_bytes())?;
            }
            Entry::Came(recorded) => outcome.different += u64::from(came != Digest(recorded)),
        }
    }
    if let (Some(then), Some(other)) = (&then, &other) {
        compare(then, other, &named, out, &mut outcome)?;
    }
    Ok(outcome)
}

/// One input of the recorded day in the other one: what its people did is done by whoever has the work there.
fn take_otherwise(
    other: &mut Day,
    then: &Day,
    now: Now,
    input: Input,
    named: &Named,
    lines: &mut String,
    outcome: &mut Outcome,
) -> u64 {
    let input = match input {
        Input::Agent { request, agent, verb } => match other.meant(agent, verb, then) {
            Some((agent, verb)) => Input::Agent { request, agent, verb },
            None => {
                outcome.idle += 1;
                Input::Tick
            }
        },
        // The other desk is in force all day.
        Input::Desk(_) => Input::Tick,
        input => input,
    };
    let mut decisions = other.take(now, input, named, lines).1;
    // Timers of this day that the other has not, and reactions that waited for their offer.
    while other.engine.next_deadline().is_some_and(|due| due <= now.mono_ms) {
        decisions += other.take(now, Input::Tick, named, lines).1;
    }
    let ready: Vec<ConversationId> =
        other.early.keys().copied().filter(|&id| other.offered(id).is_some()).collect();
    for id in ready {
        let (Some(reaction), Some((agent, offer))) = (other.early.remove(&id), other.offered(id)) else {
            continue;
        };
        outcome.idle = outcome.idle.saturating_sub(1);
        let verb = reaction.to(offer);
        let input = Input::Agent { request: Some(RequestId(0)), agent, verb };
        decisions += other.take(now, input, named, lines).1;
    }
    decisions
}

/// Who would have been asked first instead.
fn compare(
    then: &Day,
    other: &Day,
    named: &Named,
    out: &mut impl Write,
    outcome: &mut Outcome,
) -> Result<(), ReplayError> {
    let told = |first: Option<&(i64, AgentId)>| {
        first.map_or("nobody".to_owned(), |&(at, agent)| {
            format!("{} at {}", name(&named.agents, agent.0), stamp(at))
        })
    };
    for id in then.first.keys().chain(other.first.keys().filter(|id| !then.first.contains_key(id))) {
        let (was, is) = (then.first.get(id), other.first.get(id));
        if was.map(|first| first.1) != is.map(|first| first.1) {
            outcome.otherwise += 1;
            writeln!(out, "c{}: first offered to {}; with this desk to {}", id.0, told(was), told(is))?;
        }
    }
    Ok(())
}

/// The other desk in rows, each name in the row the recording has it in.
fn rows_of(
    desk: &Desk,
    named: &mut Named,
    capacity: Capacity,
    now: Now,
) -> Result<Box<crate::engine::settings::RoutingDesk>, ReplayError> {
    let mut names = Names::new(capacity);
    for (rows, known) in [
        (&mut names.agents, &named.agents),
        (&mut names.queues, &named.queues),
        (&mut names.workstreams, &named.workstreams),
    ] {
        for name in known {
            rows.intern(name);
        }
    }
    let routing = rows::routing(desk, &mut names, Daytime::at(now.wall_ms)).map_err(ReplayError::TooMany)?;
    let all = |rows: &super::names::Rows| {
        (0..rows.len()).filter_map(|row| rows.name(row as u16)).map(ToString::to_string).collect()
    };
    (named.agents, named.queues) = (all(&names.agents), all(&names.queues));
    named.workstreams = all(&names.workstreams);
    Ok(routing)
}

/// An input once more: it has no copy of its own, for nobody else needs one.
fn copy(input: &Input) -> Option<Input> {
    postcard::from_bytes(&postcard::to_allocvec(input).ok()?).ok()
}

fn words(weighed: &Weighed, agents: &[String]) -> String {
    let mut text = match weighed.chosen {
        None => "nobody".to_owned(),
        Some((agent, by)) => format!("{} ({})", name(agents, agent.0), why(by)),
    };
    for (agent, verdict) in weighed.candidates().filter(|&(_, verdict)| verdict != Verdict::Chosen) {
        let _ = write!(text, "; {} {}", name(agents, agent.0), verdict.name());
    }
    text
}

const fn why(by: TieBreak) -> &'static str {
    match by {
        TieBreak::Only => "the only one who could take it",
        TieBreak::Preferred => "asked first",
        TieBreak::Distribution => "first by the queue's distribution",
        TieBreak::Assigned => "level by the queue's distribution, longest since last assigned",
        TieBreak::Row => "level by all that, first in the desk",
        TieBreak::Choice => "a supervisor's choice",
    }
}

fn stamp(wall_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(wall_ms).map_or_else(|_| wall_ms.to_string(), |at| format!("{at:.3}"))
}
