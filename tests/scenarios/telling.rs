//! Effects in the words of the tables.

use deskbell::engine::Engine;
use deskbell::engine::conversation::{Conversation, Hold, Phase, Role, SessionState};
use deskbell::engine::effect::{Answer, Author, Effect, OfferEnd, SessionReason};
use deskbell::engine::id::{AgentId, ConversationId, Handle, QueueId};
use deskbell::engine::input::Sender;
use deskbell::engine::settings::{Auto, OfferKind};

use crate::desk;

fn name(agent: AgentId) -> &'static str {
    desk::AGENTS[usize::from(agent.0)]
}

fn kind(kind: OfferKind) -> String {
    format!("{kind:?}").to_lowercase()
}

fn because(reason: Option<SessionReason>) -> String {
    reason.map_or(String::new(), |reason| format!(" ({})", reason.name()))
}

fn line(queue: QueueId) -> &'static str {
    desk::QUEUES[usize::from(queue.0)]
}

/// `90s`, `1m30s` would be two ways to say it: seconds, with milliseconds where there are some.
pub(crate) fn duration(ms: u64) -> String {
    if ms.is_multiple_of(1_000) { format!("{}s", ms / 1_000) } else { format!("{}ms", ms) }
}

/// What the agent has of it.
fn part(row: &Conversation, agent: AgentId) -> String {
    let held = row.session(agent).map(|held| match (held.state, held.role) {
        (SessionState::Active, Role::Owner) => "active, owner",
        (SessionState::Active, Role::Participant) => "active, participant",
        (SessionState::WrapUp { .. }, _) => "wrap_up",
    });
    let stands = row.reserved().filter(|(holder, _)| *holder == agent).map(|(_, hold)| match hold {
        Hold::Undelivered { .. } => "reserved, undelivered",
        Hold::Assigned => "reserved, assigned",
        Hold::Returned => "reserved, customer is back",
    });
    let parts: Vec<&str> = stands.into_iter().chain(held).collect();
    if parts.is_empty() { "gone".into() } else { parts.join(" and ") }
}

/// One effect; `None` for what is only written down.
pub(crate) fn of(effect: &Effect, engine: &Engine) -> Option<String> {
    let row = |handle: Handle| engine.view(handle).expect("readable until the next input");
    let id = |handle: Handle| row(handle).id.0;
    Some(match *effect {
        Effect::Answer { answer, .. } => match answer {
            Answer::Done | Answer::Started(_) => "ok".into(),
            Answer::Stored { seq, .. } => format!("ok, seq {seq}"),
            Answer::Refused(refusal) => format!("error {}", refusal.code()),
        },
        Effect::Message { conversation, seq, author, .. } => {
            let who = match author {
                Author::Person(Sender::Customer) => "the customer".into(),
                Author::Person(Sender::Agent(agent)) => name(agent).into(),
                Author::Person(Sender::Bot(_)) => "the bot".into(),
                Author::System(code, about) => {
                    let about = about.map_or(String::new(), |agent| format!(" {}", name(agent)));
                    format!("system: {code:?}{about}")
                }
            };
            format!("message {} seq {seq}, {who}", id(conversation))
        }
        Effect::Offered { conversation, agent, offer } => {
            let made = row(conversation).phase.offer().filter(|made| made.id == offer);
            let how = made.map_or(String::new(), |made| {
                let time = duration((made.deadline_wall_ms - made.made_wall_ms) as u64);
                let toast = if made.auto == Auto::None { "alert" } else { "toast" };
                format!(", {} {toast} of {time}", kind(made.kind))
            });
            format!("offered {} to {}{how}", id(conversation), name(agent))
        }
        Effect::OfferClosed { conversation, agent, end, .. } => {
            let word = match end {
                OfferEnd::Missed => "timed out: missed",
                OfferEnd::Undelivered => "timed out: never shown",
                OfferEnd::Expired => "timed out: toast",
                end => end.name(),
            };
            format!("offer {} to {} is over: {word}", id(conversation), name(agent))
        }
        Effect::Session { conversation, agent, opened, reason } => {
            let verb = if opened { "new session" } else { "session" };
            let what = part(row(conversation), agent);
            format!("{verb} {} of {}: {what}{}", id(conversation), name(agent), because(reason))
        }
        Effect::SessionClosed { conversation, agent, reason } => {
            format!("session {} of {} closed ({})", id(conversation), name(agent), reason.name())
        }
        Effect::WrappedUp { conversation, agent, reason, by_deadline, .. } => {
            let why = reason.map_or("no reason".into(), |reason| format!("{reason}"));
            let how = if by_deadline { " by the box" } else { "" };
            format!("wrapped up {} of {}{how}, {why}", id(conversation), name(agent))
        }
        Effect::State { conversation, reason } => {
            format!("state {} {}{}", id(conversation), row(conversation).state().name(), because(reason))
        }
        Effect::Parked { conversation, agent, reason } => {
            format!("{} waits with {} ({})", id(conversation), name(agent), reason.name())
        }
        Effect::Closed { conversation } => format!("{} closed", id(conversation)),
        Effect::Presence { agent } => {
            let shown = engine.agent(agent)?.shown;
            let own = if shown.presence == shown.status.presence() { "" } else { " (lunch)" };
            let by = shown.by.map_or(String::new(), |by| format!(" {}", name(by)));
            format!("presence {} {}{own}, {}{by}", name(agent), shown.status.name(), shown.reason.name())
        }
        Effect::Banner { agent, kind, conversation } => {
            let about = conversation.map_or(String::new(), |handle| format!(" about {}", id(handle)));
            format!("banner {} {}{about}", name(agent), kind.name())
        }
        Effect::BannerClosed { agent, kind } => format!("banner {} {} is over", name(agent), kind.name()),
        Effect::Decision { conversation, event, queue, search, .. } => {
            let found: Vec<String> = engine
                .weighed(search)?
                .candidates()
                .map(|(agent, verdict)| format!("{} {}", name(agent), verdict.name()))
                .collect();
            let found = if found.is_empty() { "nobody".into() } else { found.join(", ") };
            format!("search for {} in {} ({}): {found}", id(conversation), line(queue), event.name())
        }
        Effect::BotGiven { conversation, .. } => format!("{} given to the bot", id(conversation)),
        Effect::BotPassed { conversation, why, .. } => {
            format!("{} goes on to people: {}", id(conversation), why.name())
        }
        Effect::BotOver { conversation, .. } => format!("{} is the bot's no longer", id(conversation)),
        Effect::Unwatched { queue } => format!("nobody can take what waits in {}", line(queue)),
        Effect::Line { .. } | Effect::Keep { .. } | Effect::KeepAgent { .. } => return None,
    })
}

/// An agent or a conversation as it is now.
pub(crate) fn shown(word: &str, engine: &Engine) -> Option<String> {
    if let Some(agent) = desk::agent(word) {
        let row = engine.agent(agent)?;
        let (open, used) = (row.open.len(), row.used_units);
        let shown = row.shown;
        let status = format!("{}, {}", shown.status.name(), shown.reason.name());
        return Some(format!("{word}: {status}; {open} open, {used} units, {} offered", row.offered_units));
    }
    let id = ConversationId(word.parse().ok()?);
    let Some(row) = engine.conversation(id) else { return Some(format!("{id}: not in the table")) };
    let place = match row.phase {
        Phase::Bot(_) => "with the bot".into(),
        Phase::Queued => format!("in the line of {}", line(row.queue)),
        Phase::Offered(offer) => format!("offered to {}", name(offer.agent)),
        Phase::Reserved { agent, .. } => format!("with {}", name(agent)),
        Phase::Active { owner, .. } => format!("owned by {}", name(owner)),
        _ => "over".into(),
    };
    Some(format!("{}: {}, {place}", id.0, row.state().name()))
}
