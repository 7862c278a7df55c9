//! Scenario tables: what happens at a desk, one event a line, and what the engine does about it, one effect
//! an arrow. `BLESS=1 cargo test --test engine_scenarios` writes the arrows anew; read them against the
//! requirements named in each file's first line before you commit them.
//!
//! Left out of the arrows: what is written down (`Keep`), and that a line changed.

#[path = "scenarios/desk.rs"]
mod desk;
#[path = "engine/record.rs"]
mod record;
#[path = "scenarios/telling.rs"]
mod telling;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use deskbell::engine::Engine;
use deskbell::engine::conversation::Seed;
use deskbell::engine::effect::{BannerKind, Effect, SessionReason};
use deskbell::engine::id::{AgentId, BotId, ConversationId, OfferId, QueueId, ReasonId, RequestId, TextId};
use deskbell::engine::input::{
    AgentVerb, Arrival, BotVerb, CustomerVerb, Input, RevivalCause, SupervisorVerb, Target, WrapUp,
};
use deskbell::engine::settings::{Capacity, Now, RoutingDesk};

const CAPACITY: Capacity = Capacity { conversations: 16, agents: 4, queues: 3, workstreams: 4 };
const REQUEST: Option<RequestId> = Some(RequestId(1));

/// A desk in the middle of its day.
struct Day {
    engine: Option<Engine>,
    desk: Box<RoutingDesk>,
    now: Now,
    /// The last offer of a conversation to an agent, over or not.
    offers: BTreeMap<(AgentId, ConversationId), OfferId>,
    parked: BTreeMap<ConversationId, (Seed, AgentId)>,
}

impl Day {
    fn new() -> Day {
        let now = Now { mono_ms: 1_000, wall_ms: 1_700_000_000_000 };
        Day { engine: None, desk: desk::standard(), now, offers: BTreeMap::new(), parked: BTreeMap::new() }
    }

    /// The engine; the first event opens the desk.
    fn engine(&mut self) -> &mut Engine {
        if self.engine.is_none() {
            let mut engine = Engine::new(CAPACITY, self.desk.clone(), self.now, 1);
            engine.handle(self.now, Input::Open);
            while engine.poll_effect().is_some() {}
            self.engine = Some(engine);
        }
        self.engine.as_mut().expect("made above")
    }

    fn feed(&mut self, input: Input, told: &mut Vec<String>, since: Option<u64>) {
        let now = self.now;
        let engine = self.engine();
        engine.handle(now, input);
        let effects: Vec<Effect> = std::iter::from_fn(|| engine.poll_effect()).collect();
        for effect in &effects {
            if let Some(line) = telling::of(effect, self.engine()) {
                let after = since.map(|since| telling::duration(now.mono_ms - since));
                told.push(after.map_or(line.clone(), |after| format!("+{after} {line}")));
            }
            self.remember(effect);
        }
    }

    fn remember(&mut self, effect: &Effect) {
        let engine = self.engine.as_ref().expect("effects come of an engine");
        match *effect {
            Effect::Offered { conversation, agent, offer } => {
                let id = engine.view(conversation).expect("readable until the next input").id;
                self.offers.insert((agent, id), offer);
            }
            Effect::Parked { conversation, agent, .. } => {
                let row = engine.view(conversation).expect("readable until the next input");
                self.parked.insert(row.id, (record::seed_of(row), agent));
            }
            _ => {}
        }
    }

    fn pass_time(&mut self, ms: u64, told: &mut Vec<String>) {
        let (began, end) = (self.now.mono_ms, self.now.mono_ms + ms);
        while let Some(due) = self.engine().next_deadline().filter(|&due| due <= end) {
            let step = due.saturating_sub(self.now.mono_ms);
            self.now = Now { mono_ms: self.now.mono_ms + step, wall_ms: self.now.wall_ms + step as i64 };
            self.feed(Input::Tick, told, Some(began));
        }
        let step = end - self.now.mono_ms;
        self.now = Now { mono_ms: end, wall_ms: self.now.wall_ms + step as i64 };
    }

    /// The power is cut and back after a while: what was written down comes in again.
    fn restart(&mut self, away_ms: u64, told: &mut Vec<String>) {
        let crash = self.now.wall_ms;
        let before = self.engine.take().expect("something to restart");
        self.now = Now { mono_ms: 0, wall_ms: crash + away_ms as i64 };
        let first_offer = self.offers.values().map(|offer| offer.0 + 1).max().unwrap_or(1);
        let mut engine = Engine::new(CAPACITY, self.desk.clone(), self.now, first_offer);
        for row in before.conversations() {
            engine.handle(self.now, Input::RestoreConversation(Box::new(record::seed_of(row))));
            while engine.poll_effect().is_some() {}
        }
        for agent in (0..CAPACITY.agents).map(AgentId) {
            let row = before.agent(agent).expect("a row for each agent");
            engine.handle(self.now, desk::restored(agent, row, crash, &self.desk));
            while engine.poll_effect().is_some() {}
        }
        self.engine = Some(engine);
        self.feed(Input::Open, told, None);
    }

    /// One event of a table. `None`: the words make no sense.
    fn event(&mut self, line: &str, told: &mut Vec<String>) -> Option<()> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (&verb, rest) = words.split_first()?;
        match (verb, rest) {
            ("set", _) => {
                desk::set(&mut self.desk, rest)?;
                if self.engine.is_some() {
                    let desk = self.desk.clone();
                    self.feed(Input::Desk(desk), told, None);
                }
                return Some(());
            }
            // What leads up to a table's point and is told elsewhere.
            ("given", &[name, "talks", "in", ids, "of", from]) => {
                return self.given(desk::agent(name)?, ids, from, true);
            }
            ("given", &[name, "is", "asked", "about", ids, "of", from]) => {
                return self.given(desk::agent(name)?, ids, from, false);
            }
            ("wait", &[time]) => {
                self.pass_time(desk::milliseconds(time)?, told);
                return Some(());
            }
            ("restart", &["after", time]) => {
                self.restart(desk::milliseconds(time)?, told);
                return Some(());
            }
            ("show", names) => {
                for name in names {
                    let line = telling::shown(name, self.engine())?;
                    told.push(line);
                }
                return Some(());
            }
            _ => {}
        }
        let input = self.input(verb, rest)?;
        self.feed(input, told, None);
        // What is due at this very instant follows at once.
        self.pass_time(0, told);
        Some(())
    }

    fn given(&mut self, agent: AgentId, ids: &str, from: &str, accepted: bool) -> Option<()> {
        let (first, last) = ids.split_once("..")?;
        for id in first.parse::<u64>().ok()?..=last.parse().ok()? {
            let id = ConversationId(id);
            let arrival = self.arrival(id, from, &[])?;
            self.feed(arrival, &mut Vec::new(), None);
            let verb = AgentVerb::Accept(*self.offers.get(&(agent, id))?);
            if accepted {
                self.feed(Input::Agent { request: REQUEST, agent, verb }, &mut Vec::new(), None);
            }
        }
        Some(())
    }

    fn input(&self, verb: &str, rest: &[&str]) -> Option<Input> {
        let conversation = |word: &str| word.parse().ok().map(ConversationId);
        Some(match (verb, rest) {
            ("online", &[name]) => Input::AgentOnline(desk::agent(name)?),
            ("lost", &[name]) => Input::AgentLost(desk::agent(name)?),
            ("signs_out", &[name]) => Input::AgentSignedOut(desk::agent(name)?),
            ("hours", &[name, how]) => {
                Input::Hours { workstream: desk::workstream(name)?, open: how == "open" }
            }
            ("asset_removed", &[id]) => Input::AssetRemoved(conversation(id)?),
            ("arrives", &[id, name, ref more @ ..]) => self.arrival(conversation(id)?, name, more)?,
            ("customer", &[id, ref verb @ ..]) => {
                let id = conversation(id)?;
                let (request, verb) = match *verb {
                    ["says", name] => {
                        let (client, text) = (name.parse().ok()?, TextId(0));
                        if self.parked.contains_key(&id) && self.is_parked(id) {
                            return self.revival(id, RevivalCause::Returned { client, text });
                        }
                        (REQUEST, CustomerVerb::Message { client, text })
                    }
                    ["ends"] => (REQUEST, CustomerVerb::End),
                    ["asks", "for", "a", "person"] => (None, CustomerVerb::AskPerson),
                    ["lost"] => (None, CustomerVerb::Lost),
                    ["back"] => (None, CustomerVerb::Back),
                    _ => return None,
                };
                Input::Customer { request, conversation: id, verb }
            }
            ("bot", &["online"]) => Input::BotOnline(BotId(0)),
            ("bot", &["lost"]) => Input::BotLost(BotId(0)),
            ("bot", words) => {
                let verb = bot_verb(words)?;
                Input::Bot { request: REQUEST, bot: BotId(0), verb }
            }
            ("supervisor", &[by, ref verb @ ..]) => return self.supervisor(desk::agent(by)?, verb),
            (name, &[verb, ref more @ ..]) => return self.agent(desk::agent(name)?, verb, more),
            _ => return None,
        })
    }

    fn is_parked(&self, id: ConversationId) -> bool {
        self.engine.as_ref().is_some_and(|engine| engine.conversation(id).is_none())
    }

    fn revival(&self, id: ConversationId, cause: RevivalCause) -> Option<Input> {
        let (seed, agent) = self.parked.get(&id)?;
        let seed = Box::new(seed.clone());
        Some(Input::Revival { request: REQUEST, seed, agent: Some(*agent), cause })
    }

    fn arrival(&self, id: ConversationId, name: &str, more: &[&str]) -> Option<Input> {
        let workstream = desk::workstream(name)?;
        let mut arrival = Arrival {
            conversation: id,
            workstream,
            queue: None,
            kind: self.desk.workstreams[usize::from(workstream.0)].kind,
            comment: None,
            preferred: None,
            left: false,
        };
        for word in more {
            match word.split_once('=') {
                Some(("queue", name)) => arrival.queue = Some(desk::queue(name)?),
                Some(("preferred", name)) => arrival.preferred = Some(desk::agent(name)?),
                None if *word == "left" => arrival.left = true,
                _ => return None,
            }
        }
        Some(Input::Arrival { request: REQUEST, arrival })
    }

    fn supervisor(&self, by: AgentId, words: &[&str]) -> Option<Input> {
        let verb = match *words {
            ["resets", name, status] => {
                SupervisorVerb::ResetPresence { agent: desk::agent(name)?, status: desk::status(status)? }
            }
            ["assigns", id, "to", name] => {
                let id = ConversationId(id.parse().ok()?);
                if self.parked.contains_key(&id) && self.is_parked(id) {
                    return self.revival(id, RevivalCause::Assigned { by, to: target(name)? });
                }
                SupervisorVerb::Assign { conversation: id, to: target(name)? }
            }
            ["ends", id] => {
                let id = ConversationId(id.parse().ok()?);
                if self.parked.contains_key(&id) && self.is_parked(id) {
                    return self.revival(id, RevivalCause::Closed(SessionReason::EndedBySupervisor));
                }
                SupervisorVerb::ForceEnd(id)
            }
            _ => return None,
        };
        Some(Input::Supervisor { request: REQUEST, by, verb })
    }

    fn agent(&self, agent: AgentId, verb: &str, rest: &[&str]) -> Option<Input> {
        if let ("is", &[presence]) = (verb, rest) {
            let verb = AgentVerb::Presence(desk::presence(presence)?);
            return Some(Input::Agent { request: REQUEST, agent, verb });
        }
        if let ("resets", &[banner]) = (verb, rest) {
            let kind = BannerKind::ALL.into_iter().find(|kind| kind.name() == banner)?;
            return Some(Input::Agent { request: REQUEST, agent, verb: AgentVerb::BannerReset(kind) });
        }
        let (&id, more) = rest.split_first()?;
        let conversation = ConversationId(id.parse().ok()?);
        let offer = || self.offers.get(&(agent, conversation)).copied();
        let verb = match (verb, more) {
            ("sees", []) => AgentVerb::Shown(offer()?),
            ("accepts", []) => AgentVerb::Accept(offer()?),
            ("accepts", &["of", other]) => {
                AgentVerb::Accept(*self.offers.get(&(desk::agent(other)?, conversation))?)
            }
            ("rejects", []) => AgentVerb::Reject(offer()?),
            ("picks_up", []) if self.parked.contains_key(&conversation) && self.is_parked(conversation) => {
                return self.revival(conversation, RevivalCause::PickedUp(agent));
            }
            ("picks_up", []) => AgentVerb::Pickup(conversation),
            ("says", &[name]) => {
                AgentVerb::Message { conversation, client: name.parse().ok()?, text: TextId(0) }
            }
            ("parks", []) => AgentVerb::Park(conversation),
            ("releases", []) => AgentVerb::Release(conversation),
            ("transfers", &["to", name]) => AgentVerb::Transfer { conversation, to: target(name)? },
            ("escalates", &["to", name]) => AgentVerb::Escalate { conversation, queue: desk::queue(name)? },
            ("confers", &["with", name]) => AgentVerb::Conference { conversation, agent: desk::agent(name)? },
            ("ends_conference", []) => AgentVerb::EndConference(conversation),
            ("leaves", []) => AgentVerb::Leave(conversation),
            ("ends", []) => AgentVerb::End(conversation),
            ("wraps_up", ["without", "reason"]) => {
                AgentVerb::WrapUp { conversation, wrapup: WrapUp::default() }
            }
            ("wraps_up", []) => {
                let wrapup = WrapUp { reason: Some(ReasonId(0)), comment: None };
                AgentVerb::WrapUp { conversation, wrapup }
            }
            _ => return None,
        };
        Some(Input::Agent { request: REQUEST, agent, verb })
    }
}

fn bot_verb(words: &[&str]) -> Option<BotVerb> {
    let conversation = |id: &str| id.parse().ok().map(ConversationId);
    Some(match *words {
        ["says", id, name] => BotVerb::Message {
            conversation: conversation(id)?,
            client: name.parse().ok()?,
            text: TextId(0),
            step: None,
        },
        ["hands", "over", id] => BotVerb::HandOver { conversation: conversation(id)?, queue: None },
        ["hands", "over", id, "to", name] => {
            // A queue the desk does not have is named by its number.
            let queue = desk::queue(name).or_else(|| name.parse().ok().map(QueueId))?;
            BotVerb::HandOver { conversation: conversation(id)?, queue: Some(queue) }
        }
        ["ends", id] => BotVerb::End(conversation(id)?),
        _ => return None,
    })
}

fn target(name: &str) -> Option<Target> {
    desk::agent(name).map(Target::Agent).or_else(|| desk::queue(name).map(Target::Queue))
}

/// The table with the arrows as they come out.
fn played(path: &Path, text: &str) -> String {
    let mut day = Day::new();
    let mut out = String::new();
    for (at, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("->") {
            continue;
        }
        out.push_str(line);
        out.push('\n');
        if line.trim() == "---" {
            day = Day::new();
        } else if !line.trim().is_empty() && !line.starts_with('#') {
            let mut told = Vec::new();
            day.event(line, &mut told)
                .unwrap_or_else(|| panic!("{}:{}: what is \"{line}\"?", path.display(), at + 1));
            for effect in told {
                out.push_str("    -> ");
                out.push_str(&effect);
                out.push('\n');
            }
        }
    }
    out
}

fn tables() -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the folder of tables")
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "txt"))
        .collect();
    paths.sort();
    assert!(paths.len() >= 10, "tables are missing");
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("a table is UTF-8");
        (path, text)
    };
    paths.into_iter().map(read).collect()
}

#[test]
fn every_table_comes_out_as_it_is_written() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut wrong = Vec::new();
    for (path, text) in tables() {
        let out = played(&path, &text);
        if bless {
            fs::write(&path, &out).expect("a table can be written");
        } else if let Some(at) = (0..).zip(text.lines().zip(out.lines())).find(|(_, (was, is))| was != is) {
            let (at, (was, is)) = at;
            wrong.push(format!("{}:{}\n  written  {was}\n  came out {is}", path.display(), at + 1));
        } else if text.lines().count() != out.lines().count() {
            wrong.push(format!("{}: more or fewer effects at the end", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_table_begins_with_the_requirements_it_serves() {
    for (path, text) in tables() {
        let first = text.lines().next().unwrap_or("");
        let names = first.trim_start_matches("# ").split(':').next().unwrap_or("");
        let known = |name: &str| ["S0-", "S2-", "S3-", "D-", "B-"].iter().any(|area| name.starts_with(area));
        assert!(
            first.starts_with("# ") && names.split(", ").all(known),
            "{}: \"{first}\" names no requirements",
            path.display()
        );
    }
}
