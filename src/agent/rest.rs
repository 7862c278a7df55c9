//! Bodies of the staff's HTTP calls: a conversation, how it was routed and why, a work item (REQ B-1, D-15, D-21).

use serde::Serialize;

use super::customer::{CustomerBody, Details};
use super::pack::{Object, encode};
use super::project::{Named, View};
use crate::desk::{Distribution, Word};
use crate::engine::conversation::{Conversation, Phase};
use crate::engine::id::ConversationId;
use crate::engine::weighed::Verdict;
use crate::limits::HEADING_CHARS_MAX;
use crate::masking::Field;
use crate::shell::card::Card;
use crate::shell::records::{Decision, Message, Weighed};
use crate::shell::wire::{ContactName, ConversationName, Stamp};

#[derive(Serialize)]
struct ConversationBody<'a> {
    id: ConversationName,
    state: &'a str,
    work_item_kind: &'a str,
    mode: &'static str,
    workstream: &'a str,
    queue: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact: Option<ContactName>,
    customer: CustomerBody,
    agents: &'a [String],
    proactive: bool,
    started: Stamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    accepted: Option<Stamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<Stamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    wrapups: Vec<WrapUpBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rating: Option<RatingBody>,
}

#[derive(Serialize)]
struct WrapUpBody<'a> {
    agent: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    at: Stamp,
    by_deadline: bool,
}

#[derive(Serialize)]
struct RatingBody {
    score: u8,
    comment: String,
}

/// A row of a contact's earlier conversations.
#[derive(Serialize)]
struct EarlierBody<'a> {
    id: ConversationName,
    conversation: ConversationName,
    started: Stamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<Stamp>,
    state: &'a str,
    workstream: Named<'a>,
    queue: Named<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<Named<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wrapup_reason: Option<Named<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rating: Option<u8>,
}

#[derive(Serialize)]
struct DecisionBody<'a> {
    at: Stamp,
    event: &'a str,
    queue: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    chosen: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'a str>,
    candidates: Vec<CandidateBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'static str>,
    explanation: String,
}

#[derive(Serialize)]
struct CandidateBody<'a> {
    agent: &'a str,
    verdict: &'a str,
}

/// A conversation of a contact's export.
#[derive(Debug)]
pub struct Exported {
    /// What is known of it.
    pub card: Card,
    /// All its messages, unless it is too long.
    pub messages: Vec<Message>,
    /// What was noted.
    pub notes: Vec<crate::shell::records::Note>,
    /// Whether messages are left out.
    pub more: bool,
}

/// A work item of another system (`/api/v1/work-items`).
#[derive(Clone, Copy, Debug)]
pub struct WorkItem<'a> {
    /// What is known of it.
    pub card: &'a Card,
    /// The one it opens again (D-21).
    pub reopens: Option<u64>,
}

#[derive(Serialize)]
struct WorkItemBody<'a> {
    id: ConversationName,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<&'a str>,
    workstream: &'a str,
    queue: &'a str,
    created: Stamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed: Option<Stamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reopens: Option<ConversationName>,
}

impl View<'_> {
    /// `GET /api/v1/conversations/ID`: all of it but for the messages beyond the page given.
    pub fn conversation(&self, card: &Card, messages: &[Message], more: bool) -> String {
        let live = self.world.engine.conversation(ConversationId(card.id));
        let customer = self.customer(card);
        let name = customer.name.clone();
        let owner = live.and_then(Conversation::owner).map(|owner| self.agent(owner).id);
        let wrapups = card.wrapups.iter().map(|wrapup| WrapUpBody {
            agent: &wrapup.agent,
            reason: wrapup.reason.as_deref(),
            comment: wrapup.comment.as_deref().map(|comment| self.text(comment).into_owned()),
            at: Stamp(wrapup.at_ms),
            by_deadline: wrapup.by_deadline,
        });
        let body = ConversationBody {
            id: ConversationName(ConversationId(card.id)),
            state: live.map_or(&*card.state, |live| live.state().name()),
            work_item_kind: &card.kind,
            mode: if card.persistent { "persistent" } else { "live" },
            workstream: &card.workstream,
            queue: live.map_or(&*card.queue, |live| self.queue(live.queue).id),
            agent: owner.or(card.agent.as_deref()),
            contact: card.contact.map(ContactName),
            customer,
            agents: &card.agents,
            proactive: card.proactive.is_some(),
            started: Stamp(card.started_ms),
            accepted: card.accepted_ms.map(Stamp),
            ended: card.ended_ms.map(Stamp),
            reason: card.reason.as_deref(),
            title: self.about(card),
            wrapups: wrapups.collect(),
            rating: card.rating.as_ref().map(|(score, comment)| RatingBody {
                score: *score,
                comment: self.text(comment).into_owned(),
            }),
        };
        let details: Details = self.details(card);
        let json = |message| self.message_json(ConversationId(card.id), &name, message);
        let messages: Vec<String> = messages.iter().map(json).collect();
        Object::new().fields(&body).fields(&details).list("messages", &messages).field("more", &more).finish()
    }

    /// `GET /api/v1/conversations/ID/routing`: every decision, oldest first, each also in a sentence.
    pub fn routing(&self, decisions: &[Decision]) -> String {
        let bodies: Vec<String> = decisions.iter().map(|decision| encode(&self.decision(decision))).collect();
        Object::new().list("decisions", &bodies).finish()
    }

    /// `GET /api/v1/work-items/ID`.
    pub fn work_item(&self, item: WorkItem<'_>) -> String {
        let WorkItem { card, reopens } = item;
        let live = self.world.engine.conversation(ConversationId(card.id));
        let holder = live.and_then(|live| match live.phase {
            Phase::Offered(offer) => Some(offer.agent),
            Phase::Reserved { agent, .. } | Phase::Waiting { agent } => Some(agent),
            Phase::Active { owner, .. } => Some(owner),
            Phase::Ended { .. } => live.sessions.first().map(|session| session.agent),
            Phase::Bot(_) | Phase::Queued | Phase::Closed => None,
        });
        let holder = holder.map(|holder| self.agent(holder).id);
        encode(&WorkItemBody {
            id: ConversationName(ConversationId(card.id)),
            state: live.map_or("closed", |live| work_item_state(&live.phase)),
            agent: if live.is_some() { holder } else { card.agent.as_deref() },
            external_id: card.reference(),
            workstream: &card.workstream,
            queue: &card.queue,
            created: Stamp(card.started_ms),
            closed: card.ended_ms.filter(|_| live.is_none()).map(Stamp),
            reopens: reopens.map(|id| ConversationName(ConversationId(id))),
        })
    }

    /// The state of a work item, in the words of the contract: of one that is in no table it is `closed`.
    pub fn state_of_work(&self, id: u64) -> &'static str {
        let live = self.world.engine.conversation(ConversationId(id));
        live.map_or("closed", |live| work_item_state(&live.phase))
    }

    /// `GET /api/v1/articles/ID`: a knowledge article, whole (S2-36).
    pub fn article(&self, id: &str) -> Option<String> {
        let article = self.world.desk.article(id)?;
        let mut body = Object::new();
        body.field("id", id).field("title", &article.title).field("text", &article.text);
        if let Some(link) = &article.link {
            body.field("link", link);
        }
        Some(body.finish())
    }

    /// Answers `contact_history`: earlier conversations, newest first, as many as fit.
    pub fn contact_history(&self, re: i64, cards: &[Card], more: bool) -> String {
        let mut answer = super::answer::begin(Some(re));
        let items: Vec<String> = cards.iter().map(|card| encode(&self.earlier(card))).collect();
        let kept = super::pack::fitting(&items, answer.room());
        answer.list("items", &items[..kept]).field("more", &(more || kept < items.len())).finish()
    }

    fn earlier<'c>(&'c self, card: &'c Card) -> EarlierBody<'c> {
        let reason = card.wrapups.last().and_then(|wrapup| wrapup.reason.as_deref());
        let desk = self.world.desk;
        EarlierBody {
            id: ConversationName(ConversationId(card.id)),
            conversation: ConversationName(ConversationId(card.id)),
            started: Stamp(card.started_ms),
            ended: card.ended_ms.map(Stamp),
            state: &card.state,
            workstream: self.workstream_named(&card.workstream),
            queue: self.queue_named(&card.queue),
            agent: card.agent.as_deref().map(|agent| self.agent_named(agent)),
            title: self.about(card),
            wrapup_reason: reason.map(|id| {
                let label = |known: &'c crate::desk::WrapupReason| {
                    known.label.get(self.lang(), &desk.locale).as_str()
                };
                Named { id, name: desk.wrapup_reason(id).map_or(id, label) }
            }),
            rating: card.rating.as_ref().map(|(score, _)| *score),
        }
    }

    fn about(&self, card: &Card) -> Option<String> {
        card.comment.as_deref().map(|comment| self.line(Field::Text, comment, HEADING_CHARS_MAX))
    }

    fn decision<'d>(&self, decision: &'d Decision) -> DecisionBody<'d> {
        DecisionBody {
            at: Stamp(decision.at_ms),
            event: &decision.event,
            queue: &decision.queue,
            chosen: decision.chosen.as_deref(),
            by: decision.by.as_deref(),
            candidates: candidates(decision)
                .iter()
                .map(|(agent, verdict)| CandidateBody { agent, verdict })
                .collect(),
            rule: decision.chosen.as_ref().map(|_| self.rule(decision).name()),
            explanation: self.explanation(decision),
        }
    }

    /// A decision in a sentence: who was chosen and by what, and why each of the others was not (B-1).
    fn explanation(&self, decision: &Decision) -> String {
        let name = |username: &str| self.agent_named(username).name.to_owned();
        let mut text = match &decision.chosen {
            Some(chosen) => format!("Offered to {}: {}", name(chosen), self.rule(decision).words()),
            None if candidates(decision).is_empty() => {
                "Nobody was chosen: the queue has no agents".to_owned()
            }
            None => "Nobody was chosen".to_owned(),
        };
        let chosen = decision.chosen.as_deref();
        let others: Vec<_> =
            candidates(decision).iter().filter(|(agent, _)| Some(&**agent) != chosen).collect();
        for (agent, verdict) in others.iter().take(EXPLAINED_MAX) {
            text.push_str(&format!("; {}: {}", name(agent), why_not(verdict)));
        }
        if let Some(rest @ 1..) = others.len().checked_sub(EXPLAINED_MAX) {
            text.push_str(&format!("; and {rest} more"));
        }
        text.push('.');
        text
    }

    /// What settled it (B-1).
    fn rule(&self, decision: &Decision) -> Rule {
        match decision.event.as_str() {
            "assigned" => return Rule::Supervisor,
            "returned" => return Rule::CustomerBack,
            _ => {}
        }
        if !candidates(decision).iter().any(|(_, verdict)| verdict == Verdict::Ranked.name()) {
            return Rule::Only;
        }
        // As the queue chose then; what the first version stored is told by the desk of today.
        let today = || self.world.desk.queue(&decision.queue).map(|queue| queue.distribution);
        let then = decision.distribution.as_deref().and_then(<Distribution as Word>::from_word);
        match (then.or_else(today), decision.by.as_deref()) {
            (_, Some("preferred")) => Rule::HadIt,
            (Some(Distribution::MostIdle), Some("assigned")) => Rule::IdleThenTurn,
            (Some(Distribution::HighestCapacity), Some("assigned")) => Rule::RoomThenTurn,
            (_, Some("row")) => Rule::Level,
            (Some(Distribution::MostIdle), _) => Rule::Idle,
            (Some(Distribution::RoundRobin), _) => Rule::Turn,
            (Some(Distribution::HighestCapacity), _) => Rule::Room,
            (Some(Distribution::Pick) | None, _) => Rule::Order,
        }
    }
}

/// What settled who gets a conversation: by name on the wire, for who words it in another language, and in words.
#[derive(Clone, Copy)]
enum Rule {
    Supervisor,
    CustomerBack,
    Only,
    HadIt,
    IdleThenTurn,
    RoomThenTurn,
    Level,
    Idle,
    Turn,
    Room,
    Order,
}

impl Rule {
    const fn name(self) -> &'static str {
        match self {
            Rule::Supervisor => "supervisor",
            Rule::CustomerBack => "customer_back",
            Rule::Only => "only",
            Rule::HadIt => "had_it",
            Rule::IdleThenTurn => "idle_then_turn",
            Rule::RoomThenTurn => "room_then_turn",
            Rule::Level => "level",
            Rule::Idle => "idle",
            Rule::Turn => "turn",
            Rule::Room => "room",
            Rule::Order => "order",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Rule::Supervisor => "a supervisor's choice",
            Rule::CustomerBack => "the customer is back to the agent who had the conversation",
            Rule::Only => "the only one who could take it",
            Rule::HadIt => "had it before",
            Rule::IdleThenTurn => "idle as long as others, and longest since last given work",
            Rule::RoomThenTurn => "as much capacity free as others, and longest since last given work",
            Rule::Level => "level with others by the queue's order, and first in the desk",
            Rule::Idle => "idle longest",
            Rule::Turn => "next in turn",
            Rule::Room => "most capacity free",
            Rule::Order => "first by the queue's order",
        }
    }
}

/// Who was weighed, by name: a reader of the store has put the names in.
fn candidates(decision: &Decision) -> &[(String, String)] {
    match &decision.weighed {
        Weighed::Named(list) => list,
        Weighed::Sets { .. } => &[],
    }
}

/// Agents named in a sentence; the candidates themselves are all in the answer.
const EXPLAINED_MAX: usize = 12;

/// Why a candidate was not chosen, by the verdict's name on the wire.
fn why_not(verdict: &str) -> &str {
    match verdict {
        "offline" => "not there",
        "presence" => "presence does not allow it",
        "sessions" => "10 sessions open",
        "capacity" => "no capacity",
        "excluded" => "asked already, or hands it over",
        "ranked" => "came after in the queue's order",
        other => other,
    }
}

/// A work item's state in the words of the contract.
const fn work_item_state(phase: &Phase) -> &'static str {
    match phase {
        Phase::Bot(_) | Phase::Queued => "queued",
        Phase::Offered(_) => "offered",
        Phase::Reserved { .. } | Phase::Waiting { .. } => "assigned",
        Phase::Active { .. } => "active",
        Phase::Ended { .. } => "wrap_up",
        Phase::Closed => "closed",
    }
}
