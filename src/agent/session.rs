//! An agent's hold on a conversation, as her desktop shows it (REQ D-1, S1-13, S2-3, S3-3).

use serde::Serialize;

use super::customer::{CustomerBody, Details};
use super::pack::{Object, encode, fitting, take};
use super::project::{Named, View};
use crate::desk::Word;
use crate::engine::conversation::{Conversation, Hold, Phase, Role, SessionState, State};
use crate::engine::effect::SessionReason;
use crate::engine::id::{AgentId, ConversationId};
use crate::engine::settings::Mode;
use crate::limits::HEADING_CHARS_MAX;
use crate::masking::Field;
use crate::shell::card::Card;
use crate::shell::live::kind_name;
use crate::shell::records::{Author, Message, Waiting};
use crate::shell::wire::{ConversationName, Stamp};

/// A waiting conversation as the store has it.
#[derive(Clone, Copy, Debug)]
pub struct Parked<'a> {
    /// As it was parked.
    pub waiting: &'a Waiting,
    /// What is known of it.
    pub card: &'a Card,
    /// Its newest messages, oldest first.
    pub messages: &'a [Message],
}

/// A session but for what is long: details and messages.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Head<'a> {
    conversation: ConversationName,
    work_item_kind: &'a str,
    mode: &'static str,
    state: &'static str,
    role: &'static str,
    customer: CustomerBody,
    queue: Named<'a>,
    workstream: Named<'a>,
    proactive: bool,
    since: Stamp,
    received_at: Stamp,
    unread: usize,
    last_seq: u32,
    seen_by_customer: u32,
    /// What wrap-up asks for: `required`, `optional` or `none`.
    wrapup: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    participants: Vec<Named<'a>>,
    #[serde(skip_serializing_if = "is_false")]
    reserved: bool,
    /// Why it stands with the agent unopened: `undelivered`, `assigned` or `returned`.
    #[serde(skip_serializing_if = "Option::is_none")]
    hold: Option<&'static str>,
    #[serde(skip_serializing_if = "is_false")]
    conference: bool,
    /// The asset is gone: only ending is left (S3-9).
    #[serde(skip_serializing_if = "is_false")]
    frozen: bool,
    /// Left as a message while nobody was there (D-19).
    #[serde(skip_serializing_if = "is_false")]
    left: bool,
    /// The customer wants no more messages: nothing can be written to her.
    #[serde(skip_serializing_if = "is_false")]
    stopped: bool,
    /// Until when she may be written to, where her provider sets such an end.
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_until: Option<Stamp>,
    #[serde(skip_serializing_if = "is_false")]
    customer_lost: bool,
    /// When the lost customer is given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    lost_until: Option<Stamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wrapup_deadline: Option<Stamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parked_at: Option<Stamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// Why the conversation ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rating: Option<u8>,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// One session in parts, so that what holds many can leave out what does not fit.
#[derive(Clone, Debug)]
pub(super) struct Parts {
    head: String,
    details: Option<String>,
    /// Stamp and JSON of each message, oldest first.
    messages: Vec<(i64, String)>,
    /// There are older ones.
    more: bool,
}

impl Parts {
    fn new(head: &Head<'_>, details: &Details, messages: Vec<(i64, String)>, more: bool) -> Parts {
        Parts { head: encode(head), details: Some(encode(details)), messages, more }
    }

    /// Bytes of page, context and answers.
    fn details_len(&self) -> usize {
        self.details.as_ref().map_or(0, String::len)
    }

    /// Keeps this many of the newest messages.
    fn keep_newest(&mut self, count: usize) {
        let dropped = self.messages.len().saturating_sub(count);
        self.messages.drain(..dropped);
        self.more |= dropped > 0;
    }

    /// Bytes without messages.
    fn len(&self) -> usize {
        self.head.len() + self.details_len() + FRAME_BYTES
    }

    /// The session as it stands in lists.
    pub(super) fn json(&self) -> String {
        let mut object = Object::new();
        self.write(&mut object);
        object.finish()
    }

    /// Writes the session into an object. Without room for its details `context` is empty and `details_more` says that
    /// `history` has them.
    fn write(&self, object: &mut Object) {
        object.fields_of(&self.head);
        match &self.details {
            Some(details) => object.fields_of(details),
            None => object.raw("context", "{}").field("details_more", &true),
        };
        let messages: Vec<String> = self.messages.iter().map(|(_, json)| json.clone()).collect();
        object.list("messages", &messages).field("more", &self.more);
    }

    /// A `session` frame, or an answer: as many of the newest messages as fit.
    fn finish(mut self, mut object: Object) -> String {
        let room = object.room().saturating_sub(self.len());
        self.keep_newest(fitting(self.messages.iter().rev().map(|(_, json)| json), room));
        self.write(&mut object);
        object.finish()
    }
}

/// Bytes of a session's names and braces around its parts.
const FRAME_BYTES: usize = 64;

/// What an agent has of a conversation.
struct Held {
    state: &'static str,
    role: &'static str,
    since_ms: i64,
    hold: Option<Hold>,
    wrapup_deadline_ms: Option<i64>,
}

impl<'a> View<'a> {
    /// A `session` frame; none when the agent has no session on it.
    pub fn session(
        &self,
        agent: AgentId,
        of: &Conversation,
        reason: Option<SessionReason>,
    ) -> Option<String> {
        Some(self.session_parts(agent, of, reason)?.finish(Object::frame("session")))
    }

    /// A `session` frame of role `monitor`, for a supervisor who reads along.
    pub fn monitored(&self, of: &Conversation) -> Option<String> {
        let since_ms = of.sessions.first().map_or(of.arrived_wall_ms, |session| session.since_wall_ms);
        let state = match of.phase {
            Phase::Reserved { .. } => "reserved",
            _ => of.state().name(),
        };
        let held = Held { state, role: "monitor", since_ms, hold: None, wrapup_deadline_ms: None };
        Some(self.parts_of(held, of, None)?.finish(Object::frame("session")))
    }

    /// A `session` frame of role `bot`, or the `ok` that carries one; none when no bot has it.
    pub fn bot_session(&self, of: &Conversation, re: Option<i64>) -> Option<String> {
        let Phase::Bot(talk) = of.phase else { return None };
        let state = if talk.awaits { "awaits" } else { "answered" };
        let since_ms = of.arrived_wall_ms;
        let held = Held { state, role: "bot", since_ms, hold: None, wrapup_deadline_ms: None };
        let mut object = match re {
            Some(_) => super::answer::begin(re),
            None => Object::frame("session"),
        };
        object.field("answer_by", &Stamp(talk.due_wall_ms));
        Some(self.parts_of(held, of, None)?.finish(object))
    }

    /// A `session` frame of a waiting conversation.
    pub fn parked_session(&self, parked: Parked<'_>) -> String {
        self.parked_parts(parked).finish(Object::frame("session"))
    }

    /// A `session_state` frame; none when the agent has no session on it.
    pub fn session_state(
        &self,
        agent: AgentId,
        of: &Conversation,
        reason: Option<SessionReason>,
    ) -> Option<String> {
        let held = held(agent, of)?;
        let mut frame = Object::frame("session_state");
        frame.field("conversation", &ConversationName(of.id)).field("state", held.state);
        if let Some(reason) = reason.or_else(|| ended(of)) {
            frame.field("reason", reason.name());
        }
        if let Some(deadline) = held.wrapup_deadline_ms {
            frame.field("wrapup_deadline", &Stamp(deadline));
        }
        Some(frame.finish())
    }

    /// A `session_closed` frame.
    pub fn session_closed(&self, conversation: ConversationId, reason: SessionReason) -> String {
        Object::frame("session_closed")
            .field("conversation", &ConversationName(conversation))
            .field("reason", reason.name())
            .finish()
    }

    /// Answers `parked`: waiting conversations, newest first, as many as fit.
    pub fn parked(&self, re: i64, parked: &[Parked<'_>], more: bool) -> String {
        let mut answer = super::answer::begin(Some(re));
        let mut room = answer.room();
        let mut parts: Vec<Parts> = parked.iter().map(|parked| self.parked_parts(*parked)).collect();
        let more = fit_bare(&mut parts, &mut room) || more;
        fit_rest(&mut parts, room);
        let sessions: Vec<String> = parts.iter().map(Parts::json).collect();
        answer.list("sessions", &sessions).field("more", &more).finish()
    }

    pub(super) fn session_parts(
        &self,
        agent: AgentId,
        of: &Conversation,
        reason: Option<SessionReason>,
    ) -> Option<Parts> {
        self.parts_of(held(agent, of)?, of, reason)
    }

    pub(super) fn parked_parts(&self, parked: Parked<'_>) -> Parts {
        let Parked { waiting, card, messages } = parked;
        let live = &waiting.live;
        let held = Held {
            state: State::Waiting.name(),
            role: "owner",
            since_ms: 0,
            hold: None,
            wrapup_deadline_ms: None,
        };
        let mut head = self.head(&held, card);
        head.since = Stamp(card.accepted_ms.unwrap_or(live.arrived_ms));
        head.received_at = Stamp(live.arrived_ms);
        head.last_seq = live.last_seq;
        head.parked_at = Some(Stamp(waiting.parked_ms));
        head.reason = Some(SessionReason::Parked.name());
        head.unread = unread(card, messages.iter());
        let name = head.customer.name.clone();
        let json =
            |message: &Message| (message.at_ms, self.message_json(ConversationId(card.id), &name, message));
        let more = messages.first().map_or(live.last_seq > 0, |oldest| oldest.seq > 1);
        Parts::new(&head, &self.details(card), messages.iter().map(json).collect(), more)
    }

    fn parts_of(&self, held: Held, of: &Conversation, reason: Option<SessionReason>) -> Option<Parts> {
        let card = self.card(of)?;
        let tail = self.world.tails.get(&of.id.0);
        let mut head = self.head(&held, card);
        head.work_item_kind = kind_name(of.kind);
        head.mode = if of.mode == Mode::Persistent { "persistent" } else { "live" };
        head.queue = self.queue(of.queue);
        head.workstream = self.workstream(of.workstream);
        head.received_at = Stamp(of.arrived_wall_ms);
        head.last_seq = of.last_seq;
        head.participants = of
            .sessions
            .iter()
            .filter(|s| s.state == SessionState::Active)
            .map(|s| self.agent(s.agent))
            .collect();
        head.conference = of.conference;
        head.frozen = of.frozen;
        head.left = of.left;
        head.customer_lost = of.customer_lost_wall_ms.is_some();
        head.lost_until = of.customer_lost_wall_ms.map(Stamp);
        // A page that connects after the fact has nothing else to tell it why only ending is left.
        let frozen = of.frozen.then_some(SessionReason::AssetRemoved);
        head.reason = reason.or(frozen).or_else(|| ended(of)).map(SessionReason::name);
        head.ended = ended(of).map(SessionReason::name);
        head.unread = tail.map_or(0, |tail| unread(card, tail.messages()));
        let name = head.customer.name.clone();
        let messages = tail.into_iter().flat_map(|tail| tail.messages());
        let messages =
            messages.map(|message| (message.at_ms, self.message_json(of.id, &name, message))).collect();
        let more = tail.map_or(of.last_seq > 0, |tail| tail.more());
        Some(Parts::new(&head, &self.details(card), messages, more))
    }

    /// What the card alone tells.
    fn head<'c>(&self, held: &Held, card: &'c Card) -> Head<'c>
    where
        'a: 'c,
    {
        let settings = self.world.desk.workstream(&card.workstream);
        let peer = self.world.peers.get(&card.visitor);
        Head {
            conversation: ConversationName(ConversationId(card.id)),
            work_item_kind: &card.kind,
            mode: if card.persistent { "persistent" } else { "live" },
            state: held.state,
            role: held.role,
            customer: self.customer(card),
            queue: self.queue_named(&card.queue),
            workstream: self.workstream_named(&card.workstream),
            proactive: card.proactive.is_some(),
            since: Stamp(held.since_ms),
            received_at: Stamp(card.started_ms),
            unread: 0,
            last_seq: card.last_seq,
            seen_by_customer: card.seen_by_customer,
            wrapup: settings.map_or("none", |settings| settings.wrapup.word()),
            title: card.comment.as_deref().map(|comment| self.line(Field::Text, comment, HEADING_CHARS_MAX)),
            external_id: card.reference().map(|id| self.line(Field::Text, id, HEADING_CHARS_MAX)),
            participants: Vec::new(),
            reserved: held.hold.is_some(),
            hold: held.hold.map(hold_word),
            conference: false,
            frozen: false,
            left: false,
            stopped: peer.is_some_and(|peer| peer.stopped_ms.is_some()),
            reply_until: peer.and_then(|peer| peer.reply_until_ms(&card.kind)).map(Stamp),
            customer_lost: false,
            lost_until: None,
            wrapup_deadline: held.wrapup_deadline_ms.map(Stamp),
            parked_at: None,
            reason: None,
            ended: None,
            rating: card.rating.as_ref().map(|(stars, _)| *stars),
        }
    }
}

/// Fits the heads of sessions into what room is left; true when some at the end were cut off.
pub(super) fn fit_bare(parts: &mut Vec<Parts>, room: &mut usize) -> bool {
    let all = parts.len();
    let shown = parts.iter().take_while(|one| take(room, one.len() - one.details_len())).count();
    parts.truncate(shown);
    shown < all
}

/// Fits details, then messages, into what room the heads left. The newest messages of all sessions together are
/// kept; one too long for what is left ends it: a conversation with a hole in it would be worse than a short one.
pub(super) fn fit_rest(parts: &mut [Parts], mut room: usize) {
    for one in parts.iter_mut() {
        if !take(&mut room, one.details_len()) {
            one.details = None;
        }
    }
    let mut all: Vec<(i64, usize, usize)> = Vec::new();
    for (session, one) in parts.iter().enumerate() {
        // Of two messages with one stamp the later comes first; the sort is stable.
        all.extend(one.messages.iter().rev().map(|(at, json)| (*at, session, json.len() + 1)));
    }
    all.sort_by_key(|(at, _, _)| std::cmp::Reverse(*at));
    let mut kept = vec![0; parts.len()];
    for (_, session, bytes) in all {
        if !take(&mut room, bytes) {
            break;
        }
        kept[session] += 1;
    }
    for (one, count) in parts.iter_mut().zip(kept) {
        one.keep_newest(count);
    }
}

/// What an agent has of a conversation. In talk comes before reserved, and both before an earlier session she has yet
/// to wrap up.
fn held(agent: AgentId, of: &Conversation) -> Option<Held> {
    let session = of.session(agent);
    let talking = session.filter(|session| session.state == SessionState::Active);
    let reserved = of.reserved().filter(|(holder, _)| *holder == agent).map(|(_, hold)| hold);
    if let (None, Some(hold)) = (talking, reserved) {
        let since_ms = of.arrived_wall_ms;
        return Some(Held {
            state: "reserved",
            role: "owner",
            since_ms,
            hold: Some(hold),
            wrapup_deadline_ms: None,
        });
    }
    if of.phase == (Phase::Waiting { agent }) {
        let since_ms = session.map_or(of.arrived_wall_ms, |session| session.since_wall_ms);
        return Some(Held {
            state: "waiting",
            role: "owner",
            since_ms,
            hold: None,
            wrapup_deadline_ms: None,
        });
    }
    let session = session?;
    let (state, wrapup_deadline_ms) = match session.state {
        SessionState::Active => ("active", None),
        SessionState::WrapUp { deadline_wall_ms } => ("wrap_up", deadline_wall_ms),
    };
    let role = match session.role {
        Role::Owner => "owner",
        Role::Participant => "participant",
    };
    Some(Held { state, role, since_ms: session.since_wall_ms, hold: None, wrapup_deadline_ms })
}

pub(super) const fn hold_word(hold: Hold) -> &'static str {
    match hold {
        Hold::Undelivered { .. } => "undelivered",
        Hold::Assigned => "assigned",
        Hold::Returned => "returned",
    }
}

fn ended(of: &Conversation) -> Option<SessionReason> {
    match of.phase {
        Phase::Ended { reason } => Some(reason),
        _ => None,
    }
}

/// The customer's messages that no agent has seen, as far as the given ones go back.
fn unread<'m>(card: &Card, messages: impl Iterator<Item = &'m Message>) -> usize {
    messages.filter(|message| message.from == Author::Customer && message.seq > card.seen_by_agent).count()
}
