//! Coming and going: sockets open, people are known or not, and get the whole picture before any frame.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Shell;
use super::card::{Card, Customer as Person};
use super::connections::{Aside, Connection, Customer, Staff, Who};
use super::door::Event;
use super::hours::Entrance;
use super::keys::random;
use super::reads::{self, list_key};
use super::records::{Message, Visitor as Known};
use super::words;
use crate::agent::session::Parked;
use crate::agent::welcome::Beside;
use crate::desk::widget::Device;
use crate::desk::{Consent, Id, TextKey};
use crate::engine::id::{AgentId, ConversationId, OfferId};
use crate::engine::input::{CustomerVerb, Input};
use crate::engine::refusal::Refusal;
use crate::gateway::{ConnId, Opening, Role, SocketKind, TokenHash};
use crate::limits::{PARKED_SHOWN_MAX, SOCKETS_PER_PERSON_MAX, TAIL_MESSAGES_MAX};
use crate::shell::wire::Stamp;
use crate::store::{Direction, ReadError, Snapshot, Table};
use crate::widget::frames::{RawPage, Request};
use crate::widget::project as page;

/// A live visitor's secret is good for a day after the close (protocol, "Settled").
pub(super) const RESUME_MS: i64 = 24 * 3600 * 1000;

/// Closed conversations named in a welcome.
const EARLIER_MAX: usize = 20;

/// What the store knows of a visitor.
#[derive(Default)]
struct Recalled {
    known: Option<Known>,
    /// Her newest conversation, when it is not in the engine's table, with its newest messages.
    card: Option<Card>,
    messages: Vec<Message>,
    more: bool,
    /// Id, start, end of her closed ones, newest first.
    earlier: Vec<(u64, i64, Option<i64>)>,
}

impl Shell {
    pub(super) fn opened(&mut self, conn: ConnId, opening: Opening) {
        let Opening { kind, outbox, accept_language, user_agent, .. } = opening;
        match kind {
            SocketKind::Customer { widget } => {
                let language = accept_language.as_deref().and_then(first_language);
                let device = user_agent.as_deref().and_then(Device::of_browser);
                let widget = widget.into();
                let customer = Customer { widget, language, device, visitor: None, proof: None };
                let who = Who::Customer(customer);
                self.connections.insert(conn, Connection { outbox, who, paused: None });
            }
            SocketKind::Agent { caller } if caller.roles.has(Role::Bot) => {
                self.bot_opened(conn, caller, outbox);
            }
            SocketKind::Agent { caller } => {
                let row = self.names.agents.intern(&caller.agent);
                let Some(agent) = row.map(AgentId) else {
                    return outbox.close(1013, "full");
                };
                let staff = Staff {
                    agent,
                    username: caller.agent,
                    roles: caller.roles,
                    token: caller.token,
                    welcomed: false,
                    desk_view: None,
                    selftest: None,
                    monitors: Vec::new(),
                    typing: Default::default(),
                };
                let who = Who::Staff(staff);
                self.connections.insert(conn, Connection { outbox, who, paused: None });
                self.greet_staff(conn, 0);
            }
        }
    }

    /// Her parked conversations are read, then she is on duty and gets the whole picture of that instant.
    fn greet_staff(&mut self, conn: ConnId, tries: u32) {
        let Some((agent, username)) =
            self.connections.staff(conn).map(|s| (s.agent, Arc::clone(&s.username)))
        else {
            return;
        };
        let generation = self.lines.parked.get(&agent).copied();
        let job = move |snapshot: &Snapshot| parked_page(snapshot, &username, None, PARKED_SHOWN_MAX);
        let then = move |shell: &mut Shell, (parked, more): (Vec<ParkedRow>, bool)| {
            // One was parked or came back between the reading and now: read again, a few times at most.
            if tries < 3 && shell.lines.parked.get(&agent).copied() != generation {
                return shell.greet_staff(conn, tries + 1);
            }
            shell.welcome_staff(conn, agent, &parked, more);
        };
        self.read_for(conn, job, then, None);
    }

    fn welcome_staff(&mut self, conn: ConnId, agent: AgentId, parked: &[ParkedRow], more: bool) {
        let before = self.offers_to(agent);
        self.turn(Input::AgentOnline(agent), None);
        let mut new = self.offers_to(agent);
        new.retain(|offer| !before.contains(offer));
        let parked: Vec<Parked<'_>> = parked
            .iter()
            .filter(|row| !self.is_live(row.card.id))
            .map(|row| Parked { waiting: &row.waiting, card: &row.card, messages: &row.messages })
            .collect();
        let house = self.house_banners();
        let beside =
            Beside { parked: &parked, parked_more: more, house, to_follow: &new, ..Beside::default() };
        let frame = self.view().welcome(agent, beside);
        self.send(conn, frame);
        if let Some(staff) = self.connections.staff_mut(conn) {
            staff.welcomed = true;
        }
        let notifications: Vec<String> = self
            .engine
            .notified(agent)
            .filter(|of| of.phase.offer().is_some_and(|offer| new.contains(&offer.id)))
            .filter_map(|of| self.view().notification(agent, of))
            .collect();
        for frame in notifications {
            self.send(conn, frame);
        }
    }

    /// What is being offered to an agent.
    fn offers_to(&self, agent: AgentId) -> Vec<OfferId> {
        self.engine.notified(agent).filter_map(|of| of.phase.offer()).map(|offer| offer.id).collect()
    }

    /// A socket is gone.
    pub(super) fn gone(&mut self, conn: ConnId) {
        let Some(connection) = self.connections.remove(conn) else { return };
        match connection.who {
            Who::Staff(staff) => {
                self.alerts_changed(staff.agent);
                if !self.connections.has_agent(staff.agent) {
                    self.turn(Input::AgentLost(staff.agent), None);
                }
            }
            Who::Bot(one) => self.bot_gone(one.bot),
            Who::Customer(customer) => {
                let Some(number) = customer.visitor else { return };
                let Some(visitor) = self.visitors.get_mut(number) else { return };
                visitor.conns.retain(|other| *other != conn);
                if !visitor.conns.is_empty() {
                    return;
                }
                let conversation = visitor.conversation;
                let live = conversation.is_some_and(|id| self.is_live(id));
                if let Some(id) = conversation.filter(|_| live) {
                    self.customer_turn(id, CustomerVerb::Lost);
                }
                let live = conversation.is_some_and(|id| self.is_live(id));
                self.visitors.forget_if_gone(number, live);
            }
        }
    }

    pub(super) fn customer_turn(&mut self, id: u64, verb: CustomerVerb) {
        let input = Input::Customer { request: None, conversation: ConversationId(id), verb };
        self.turn(input, None);
    }

    /// Ends every socket that came with a token.
    pub(super) fn end_token(&mut self, token: &TokenHash) {
        let ended: Vec<(ConnId, AgentId)> = self
            .connections
            .all_staff()
            .filter(|(_, _, staff)| staff.token == *token)
            .map(|(conn, _, staff)| (conn, staff.agent))
            .collect();
        for (conn, agent) in ended {
            self.close(conn, 1008, "signed out");
            self.connections.remove(conn);
            self.alerts_changed(agent);
            if !self.connections.has_agent(agent) {
                self.turn(Input::AgentSignedOut(agent), None);
            }
        }
    }

    /// Frames of a connection wait from now on.
    pub(super) fn pause(&mut self, conn: ConnId) {
        self.connections.pause(conn);
    }

    /// What waited is taken in order, until one of it makes the rest wait again.
    pub(super) fn resume(&mut self, conn: ConnId) {
        let mut waiting = self.connections.unpause(conn);
        while let Some(event) = waiting.pop_front() {
            match event {
                Event::Staff(conn, frame) => self.hear_staff(conn, frame),
                Event::Customer(conn, frame) => self.hear_customer(conn, frame),
                Event::Bot(conn, frame) => self.hear_bot(conn, frame),
                _ => {}
            }
            match self.connections.pause_again(conn, waiting) {
                Some(left) => waiting = left,
                None => return,
            }
        }
    }

    /// Puts a frame aside when its connection waits; gives it back when it does not.
    pub(super) fn or_wait(&mut self, conn: ConnId, event: Event) -> Option<Event> {
        match self.connections.put_aside(conn, event) {
            Aside::Now(event) => Some(event),
            Aside::Waits => None,
            Aside::TooMany(event) => {
                let re = match &event {
                    Event::Staff(_, frame) => frame.as_ref().map_or_else(|fault| fault.id, |frame| frame.id),
                    Event::Customer(_, frame) => {
                        frame.as_ref().map_or_else(|fault| fault.id, |frame| frame.id)
                    }
                    Event::Bot(_, frame) => frame.as_ref().map_or_else(|fault| fault.id, |frame| frame.id),
                    _ => None,
                };
                self.refuse(conn, re, Refusal::RateLimited);
                None
            }
        }
    }

    /// The first frame of a customer: who is she, and where does she stand?
    pub(super) fn hello(&mut self, conn: ConnId, re: Option<i64>, request: Request) {
        let Request::Hello { resume, jwt, locale, page, context, .. } = request else { return };
        let Some(customer) = self.connections.customer(conn) else { return };
        if customer.visitor.is_some() {
            return self.refuse(conn, re, Refusal::BadRequest);
        }
        let (widget, language) = (Arc::clone(&customer.widget), customer.language.clone());
        let device = customer.device;
        let Some(workstream) = self.workstream_of(&widget) else {
            self.refuse(conn, re, Refusal::NotFound);
            return self.close(conn, 1008, "no such widget");
        };
        let context = match crate::widget::frames::context(context.as_ref()) {
            Ok(context) => context,
            Err(refusal) => return self.refuse(conn, re, refusal),
        };
        let mut person = Person { locale: language_of(locale.or(language)), ..Person::default() };
        let mut signed = Vec::new();
        let (number, fresh) = if workstream.is_persistent() {
            let Some((claims, proof)) = self.prove(conn, re, &workstream, jwt.as_deref()) else { return };
            if let Some(customer) = self.connections.customer_mut(conn) {
                customer.proof = Some(proof);
            }
            // Whose secret `resume` is does not matter: the token says who she is.
            let number = self.keys.visitor_of_sub(workstream.id.as_str(), &claims.sub);
            person.name = claims.name;
            person.email = claims.email;
            person.phone = claims.phone;
            person.sub = Some(claims.sub);
            signed = claims.context;
            (number, false)
        } else {
            match resume.as_deref().and_then(|secret| self.keys.visitor(&widget, secret)) {
                Some(number) => (number, false),
                None => (random().max(1), true),
            }
        };
        let seconds = page.as_ref().and_then(RawPage::seconds_whole);
        let recent = page.as_ref().map(|page| page.recent()).unwrap_or_default();
        let page = page.map(|page| page.kept());
        let arrival = move |shell: &mut Shell, number: u64| {
            let visitor = shell.visitors.entry(number);
            visitor.widget = widget;
            let phone_or_name_known = person.sub.is_some();
            if phone_or_name_known || visitor.customer.name.is_empty() {
                visitor.customer = person;
            } else {
                visitor.customer.locale = person.locale;
            }
            if let Some(page) = page {
                visitor.page = page;
            }
            visitor.recent_pages = recent;
            visitor.device = device;
            visitor.context = super::start::laid_over(context, &signed);
            visitor.seconds_on_page = seconds;
            visitor.signed = signed.len();
        };
        let live_known = self.visitors.get(number).and_then(|visitor| visitor.conversation);
        if fresh || live_known.is_some_and(|id| self.is_live(id)) {
            arrival(self, number);
            if fresh || !workstream.is_persistent() {
                return self.welcome_customer(conn, re, number, Recalled::default());
            }
        } else {
            // In order: the entry is made when the store has been asked.
            let persistent = workstream.is_persistent();
            let job = move |snapshot: &Snapshot| recall(snapshot, number, persistent);
            let then = move |shell: &mut Shell, recalled: Recalled| {
                let over = |known: &Known| {
                    known.closed_ms.is_some_and(|closed| shell.now.wall_ms - closed >= RESUME_MS)
                };
                // A live secret that has outlived its time is unknown: a new visitor.
                if !persistent && recalled.known.as_ref().is_some_and(over) {
                    let number = random().max(1);
                    arrival(shell, number);
                    return shell.welcome_customer(conn, re, number, Recalled::default());
                }
                arrival(shell, number);
                shell.welcome_customer(conn, re, number, recalled);
            };
            return self.read_for(conn, job, then, re);
        }
        let job = move |snapshot: &Snapshot| recall(snapshot, number, true);
        let then = move |shell: &mut Shell, recalled| shell.welcome_customer(conn, re, number, recalled);
        self.read_for(conn, job, then, re);
    }

    fn welcome_customer(&mut self, conn: ConnId, re: Option<i64>, number: u64, recalled: Recalled) {
        let Some(customer) = self.connections.customer(conn) else { return };
        let widget = Arc::clone(&customer.widget);
        if self.visitors.get(number).is_some_and(|known| known.conns.len() >= SOCKETS_PER_PERSON_MAX) {
            self.refuse(conn, re, Refusal::Full);
            return self.close(conn, 1013, "four windows are open already");
        }
        let Recalled { known, card, messages, more, earlier } = recalled;
        let visitor = self.visitors.entry(number);
        if visitor.conversation.is_none()
            && let Some(known) = known
        {
            match known.closed_ms {
                None => visitor.conversation = Some(known.conversation),
                Some(closed_ms) => visitor.closed = Some((known.conversation, closed_ms)),
            }
        }
        let conversation = visitor.conversation;
        if let Some(id) = conversation.filter(|id| self.is_live(*id)) {
            self.follow_pages(number, id);
            // Before she is among the listeners: the welcome has it all.
            self.customer_turn(id, CustomerVerb::Back);
        }
        let frame = self.welcome_frame(re, number, &widget, card.as_ref(), &messages, more, &earlier);
        self.send(conn, frame);
        if let Some(customer) = self.connections.customer_mut(conn) {
            customer.visitor = Some(number);
        }
        self.visitors.entry(number).conns.push(conn);
        if let Some(row) = conversation.and_then(|id| self.engine.conversation(ConversationId(id))) {
            let queue = row.queue;
            self.tell_line_of(queue);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "each is one part of the frame")]
    fn welcome_frame(
        &self,
        re: Option<i64>,
        number: u64,
        widget: &str,
        stored: Option<&Card>,
        messages: &[Message],
        more: bool,
        earlier: &[(u64, i64, Option<i64>)],
    ) -> String {
        let Some(workstream) = self.workstream_of(widget) else { return String::new() };
        let visitor = self.visitors.get(number);
        let now_ms = self.now.wall_ms;
        let entrance = Entrance::through(&self.desk, widget, &workstream);
        let open = self.daytime().is_open(&entrance);
        let persistent = workstream.is_persistent();
        let mut body = json!({
            "visitor": format!("v{number}"),
            "resume": self.keys.resume(widget, number),
            "mode": if persistent { "persistent" } else { "live" },
            "open": open,
            "clock": { "now": Stamp(now_ms).to_string(), "speed": self.clock.speed() },
        });
        page::put(&mut body, "re", re.map(Value::from));
        if !open {
            let at = self.daytime().opens_at(&entrance);
            page::put(&mut body, "opens_at", Some(at.map_or(Value::Null, |at| Stamp(at).to_string().into())));
            let language = visitor.map_or("", |visitor| &visitor.customer.locale);
            page::put(&mut body, "closed_text", self.closed_text(&workstream, language).map(Value::from));
        }
        let closes = self.daytime().closes_at(&entrance);
        page::put(&mut body, "closes_at", closes.map(|at| Stamp(at).to_string().into()));
        if self.desk.consent != Consent::None
            && let Some(notice) = &self.desk.monitoring_notice
        {
            let language = visitor.map_or("", |visitor| visitor.customer.locale.as_str());
            let required = self.desk.consent == Consent::Required;
            let text = notice.get(language, &self.desk.locale);
            page::put(&mut body, "consent", Some(json!({ "text": text, "required": required })));
        }
        // A persistent page may count on the list, the first time too.
        if persistent || !earlier.is_empty() {
            let list = earlier.iter().map(|(id, started, ended)| {
                let mut one = json!({ "id": page::name(*id), "started": Stamp(*started).to_string() });
                page::put(&mut one, "ended", ended.map(|at| Stamp(at).to_string().into()));
                one
            });
            page::put(&mut body, "earlier", Some(list.collect()));
        }
        let live = visitor.and_then(|visitor| visitor.conversation).filter(|id| self.is_live(*id));
        let (shown, list, more) = match live {
            Some(id) => {
                let tail = self.tails.get(&id);
                let list: Vec<Message> =
                    tail.map_or_else(Vec::new, |tail| tail.messages().cloned().collect());
                (self.customers_view(id), list, tail.is_some_and(super::tail::Tail::more))
            }
            None => match stored {
                // With no conversation open a persistent welcome has none; a live one shows what has just ended.
                Some(card) if card.state != "closed" || !persistent => {
                    let state = match card.state.as_str() {
                        "closed" | "wrap_up" => "closed",
                        _ => "open",
                    };
                    let agent = card.agent.as_deref().map(|username| {
                        self.desk.agent(username).map_or(username, |agent| agent.name.as_str())
                    });
                    (Some(view_of(card.id, state, agent)), messages.to_vec(), more)
                }
                _ => (None, Vec::new(), false),
            },
        };
        let id = live.or(stored.map(|card| card.id)).unwrap_or_default();
        page::put(&mut body, "conversation", shown);
        let taken = body.to_string().len() + 512;
        let (kept, cut) = page::fitting(id, &list, taken);
        page::put(&mut body, "messages", Some(kept.into()));
        page::put(&mut body, "more", Some((more || cut).into()));
        page::frame("welcome", &body)
    }

    /// `{id, state, agent?}` of a conversation in the engine's table.
    fn customers_view(&self, id: u64) -> Option<Value> {
        let row = self.engine.conversation(ConversationId(id))?;
        let agent = row.owner().map(|owner| self.names_of(owner).1);
        Some(view_of(id, words::customer_state(row.state()), agent.as_deref()))
    }

    /// What a customer is told while it is closed.
    pub(super) fn closed_text(&self, workstream: &crate::desk::Workstream, language: &str) -> Option<String> {
        let now_ms = self.now.wall_ms;
        let key = match (
            workstream.is_persistent(),
            self.daytime().opens_at(&Entrance::of(&self.desk, workstream)),
        ) {
            (true, _) => TextKey::OutOfHoursPersistent,
            (false, Some(_)) => TextKey::OutOfHours,
            (false, None) => TextKey::ClosedUntilNotice,
        };
        let card =
            Card { customer: Person { locale: language.to_owned(), ..Person::default() }, ..Card::default() };
        Some(words::text(&self.desk, workstream, &card, key, &words::Extra::default(), now_ms))
    }

    /// The workstream a widget's chats go to.
    pub(super) fn workstream_of(&self, widget: &str) -> Option<Arc<crate::desk::Workstream>> {
        let widget = self.desk.widget(widget)?;
        self.desk.workstream(widget.workstream.as_str()).cloned().map(Arc::new)
    }
}

fn view_of(id: u64, state: &str, agent: Option<&str>) -> Value {
    let mut view = json!({ "id": page::name(id), "state": state });
    page::put(&mut view, "agent", agent.map(|name| json!({ "name": name })));
    view
}

/// One parked conversation with its newest messages.
pub(super) struct ParkedRow {
    pub(super) waiting: super::records::Waiting,
    pub(super) card: Card,
    pub(super) messages: Vec<Message>,
}

/// An agent's parked conversations, newest first, below a key if one is given.
pub(super) fn parked_page(
    snapshot: &Snapshot,
    username: &str,
    below: Option<Vec<u8>>,
    limit: usize,
) -> Result<(Vec<ParkedRow>, bool), ReadError> {
    let low = reads::waiting_agent_prefix(username);
    let high = below.unwrap_or_else(|| reads::waiting_agent_key(username, -1, u64::MAX));
    let page = snapshot.range(Table::Waiting, &low[..]..&high[..], limit, Direction::Backward)?;
    let mut parked = Vec::with_capacity(page.rows.len());
    for (key, _) in &page.rows {
        let Some(id) = reads::conversation_of(key) else { continue };
        let (Some(waiting), Some(card)) = (reads::waiting(snapshot, id)?, reads::card(snapshot, id)?) else {
            continue;
        };
        let (messages, _) = reads::messages(snapshot, id, None, 3)?;
        parked.push(ParkedRow { waiting, card, messages });
    }
    Ok((parked, page.more))
}

fn recall(snapshot: &Snapshot, number: u64, with_earlier: bool) -> Result<Recalled, ReadError> {
    let known = snapshot.get(Table::Visitors, &number.to_be_bytes())?;
    let known: Option<Known> = known.as_deref().and_then(reads::decoded);
    let mut recalled = Recalled { known, ..Recalled::default() };
    let Some(known) = &recalled.known else { return Ok(recalled) };
    recalled.card = reads::card(snapshot, known.conversation)?;
    (recalled.messages, recalled.more) =
        reads::messages(snapshot, known.conversation, None, TAIL_MESSAGES_MAX)?;
    if with_earlier {
        let (low, high) = (list_key(number, 0, 0), list_key(number, -1, u64::MAX));
        let page = snapshot.range(
            Table::VisitorConversations,
            &low[..]..&high[..],
            EARLIER_MAX + 1,
            Direction::Backward,
        )?;
        for (key, _) in &page.rows {
            let Some(id) = reads::conversation_of(key) else { continue };
            if let Some(card) = reads::card(snapshot, id)?.filter(|card| card.state == "closed")
                && recalled.earlier.len() < EARLIER_MAX
            {
                recalled.earlier.push((id, card.started_ms, card.ended_ms));
            }
        }
    }
    Ok(recalled)
}

/// A language tag as it is kept: bounded, plain.
fn language_of(tag: Option<String>) -> String {
    tag.filter(|tag| tag.len() <= 35 && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
        .unwrap_or_default()
}

/// The first language of an `Accept-Language` header.
fn first_language(header: &str) -> Option<String> {
    let first = header.split([',', ';']).next()?.trim();
    (!first.is_empty() && first != "*").then(|| first.to_owned())
}
