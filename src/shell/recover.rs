//! Start-up: the store's records become the desk as it was, with the time that is left.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use smol::channel::Receiver;

use super::board::Board;
use super::boot::BootError;
use super::calls::{self, CallRecord, Outcome};
use super::card::Card;
use super::clock::{Clock, real_wall_ms};
use super::connections::Connections;
use super::contacts::Contacts;
use super::counting::{Day, Today, old_quarters};
use super::door::{Door, Event};
use super::history::Head;
use super::hours::{Daytime, Doors};
use super::keep::CLOCK;
use super::keys::{KEY_BYTES, Keys};
use super::lines::Lines;
use super::names::Names;
use super::orphans::UNFINISHED;
use super::outbound::copies::LETTERS;
use super::outbound::records::{Letters, Outbound, Peer};
use super::reads::{self, Readers, message_key};
use super::records::{
    AgentState, ClockMark, Contact, DeskVersion, Invite, InviteDay, Live, LivePhase, Message, Token, User,
};
use super::retention::LAST_CONVERSATION;
use super::tokens::Tokens;
use super::traces::TRACED;
use super::turn::{Room, Texts};
use super::visitors::Visitors;
use super::wrapups::given_along;
use super::{Shell, live, rows, words};
use crate::agent::frames::WrapUp;
use crate::desk::{Desk, Id};
use crate::engine::Engine;
use crate::engine::conversation::{Phase, SessionState};
use crate::engine::id::{AgentId, ConversationId};
use crate::engine::input::Input;
use crate::engine::settings::{Capacity, RoutingDesk};
use crate::gateway::TokenHash;
use crate::limits::{CONVERSATIONS_MAX, DECISIONS_KEPT_MAX, NOTES_MAX, READ_ROWS_MAX, RECALL_MESSAGES_MAX};
use crate::store::{Batch, Direction, Snapshot, Store, Table};

/// Key of the box's own secret in `Meta`.
const SECRET: &[u8] = b"secret";
/// Key of the demo's signing key in `Meta`.
pub(super) const DEMO_KEY: &[u8] = b"demo-key";
/// Key of the box's own certificate authority in `Meta`: a copy of its file, so that a backup holds it.
pub(super) const AUTHORITY: &[u8] = b"authority";

/// What the store has of the desk of the last start.
pub(super) struct Found {
    pub(super) mark: Option<ClockMark>,
    pub(super) desk: Option<String>,
    pub(super) history: Head,
    secret: Option<Vec<u8>>,
    pub(super) demo_key: Option<Vec<u8>>,
    pub(super) authority: Option<Vec<u8>>,
    agents: Vec<(String, AgentState)>,
    live: Vec<Restored>,
    invites: Vec<(u64, Invite)>,
    invite_days: Vec<(Vec<u8>, InviteDay)>,
    tokens: Vec<(TokenHash, Token)>,
    last_conversation: u64,
    contacts: Vec<(u64, Contact)>,
    users: Vec<(String, User)>,
    orphans: bool,
    outbound: Vec<(u64, Outbound)>,
    letters: Letters,
    peers: Vec<(u64, Peer)>,
    roster: super::roster::Newest,
}

/// What a start is given beside what the store has.
pub(super) struct Given {
    pub(super) clock: Clock,
    pub(super) vouchers: super::trust::Vouchers,
    pub(super) capacity: Capacity,
    /// `https://…` of the public face.
    pub(super) public_url: String,
    /// The recording of what the desk is told, when one is wanted.
    pub(super) record: Option<super::record::Recorder>,
}

struct Restored {
    live: Live,
    card: Card,
    messages: Vec<Message>,
    decisions: u32,
    notes: u32,
    call: Option<(Vec<u8>, CallRecord)>,
    /// Wrap-ups given along, by username.
    wrapups: Vec<(String, WrapUp)>,
}

/// The newest version of the desk, as it was stored.
pub(super) fn stored_desk(snapshot: &Snapshot) -> Result<Option<String>, BootError> {
    let newest = snapshot.range(Table::Desk, .., 1, Direction::Backward)?.rows.pop();
    Ok(newest.and_then(|(_, value)| reads::decoded::<DeskVersion>(&value)).map(|version| version.toml))
}

/// Reads everything a start needs. Bounded by what was open, not by history.
pub(super) fn found(snapshot: &Snapshot) -> Result<Found, BootError> {
    let meta = |key: &[u8]| snapshot.get(Table::Meta, key);
    let desk = stored_desk(snapshot)?;
    let last = snapshot.range(Table::Conversations, .., 1, Direction::Backward)?.rows.pop();
    let last = last.and_then(|(key, _)| reads::conversation_of(&key));
    let given = meta(LAST_CONVERSATION)?.as_deref().and_then(reads::conversation_of);
    let mut found = Found {
        mark: meta(CLOCK)?.as_deref().and_then(reads::decoded),
        desk,
        history: Head::read(snapshot)?,
        secret: meta(SECRET)?,
        demo_key: meta(DEMO_KEY)?,
        authority: meta(AUTHORITY)?,
        agents: Vec::new(),
        live: Vec::new(),
        invites: Vec::new(),
        invite_days: Vec::new(),
        tokens: Vec::new(),
        last_conversation: last.unwrap_or(0).max(given.unwrap_or(0)),
        contacts: Vec::new(),
        users: Vec::new(),
        orphans: meta(UNFINISHED)?.is_some(),
        outbound: Vec::new(),
        letters: meta(LETTERS)?.as_deref().and_then(reads::decoded).unwrap_or_default(),
        peers: Vec::new(),
        roster: super::roster::Newest::read(snapshot)?,
    };
    for (key, value) in all(snapshot, Table::Outbound)? {
        if let (Some(id), Some(row)) = (reads::conversation_of(&key), reads::decoded(&value)) {
            found.outbound.push((id, row));
        }
    }
    for (key, value) in all(snapshot, Table::Contacts)? {
        if let (Some(number), Some(contact)) = (reads::conversation_of(&key), reads::decoded(&value)) {
            found.contacts.push((number, contact));
        }
    }
    for (key, value) in all(snapshot, Table::Agents)? {
        if let (Ok(username), Some(state)) = (String::from_utf8(key), reads::decoded(&value)) {
            found.agents.push((username, state));
        }
    }
    for (key, value) in all(snapshot, Table::Users)? {
        if let (Ok(username), Some(user)) = (String::from_utf8(key), reads::decoded(&value)) {
            found.users.push((username, user));
        }
    }
    for (key, value) in all(snapshot, Table::Tokens)? {
        if let (Ok(hash), Some(token)) = (key.try_into(), reads::decoded(&value)) {
            found.tokens.push((TokenHash::from_bytes(hash), token));
        }
    }
    for (key, value) in all(snapshot, Table::Invites)? {
        if let (Some(number), Some(invite)) = (reads::conversation_of(&key), reads::decoded(&value)) {
            found.invites.push((number, invite));
        }
    }
    for (key, value) in all(snapshot, Table::InviteDays)? {
        found.invite_days.extend(reads::decoded(&value).map(|figures| (key, figures)));
    }
    for (key, value) in all(snapshot, Table::Live)? {
        let (Some(id), Some(live)) = (reads::conversation_of(&key), reads::decoded::<Live>(&value)) else {
            continue;
        };
        let Some(card) = reads::card(snapshot, id)? else { continue };
        if let Some(peer) = reads::peer(snapshot, &card)? {
            found.peers.push((card.visitor, peer));
        }
        let (messages, _) = reads::messages(snapshot, id, None, RECALL_MESSAGES_MAX)?;
        let decisions = count(snapshot, Table::Decisions, id, DECISIONS_KEPT_MAX)?;
        let notes = count(snapshot, Table::Notes, id, NOTES_MAX)?;
        let call = stored_call(snapshot, &card)?;
        let wrapups = given_along(snapshot, id)?;
        found.live.push(Restored { live, card, messages, decisions, notes, call, wrapups });
    }
    Ok(found)
}

/// What is kept of a call beside its card.
fn stored_call(snapshot: &Snapshot, card: &Card) -> Result<Option<(Vec<u8>, CallRecord)>, BootError> {
    let Some(name) = card.external_id.as_deref().filter(|_| card.kind == "voice") else { return Ok(None) };
    let key = calls::key(&card.workstream, name);
    let record = snapshot.get(Table::Calls, &key)?.as_deref().and_then(reads::decoded::<CallRecord>);
    Ok(record.filter(|record| record.conversation == card.id).map(|record| (key, record)))
}

impl Shell {
    /// The desk as it was left, ready to run; nothing is routed and nobody served before.
    pub(super) fn restored(
        store: Store<super::out::Out>,
        board: Arc<Board>,
        tokens: Arc<Tokens>,
        given: Given,
        mut found: Found,
    ) -> Result<(Shell, Door, Receiver<Event>), BootError> {
        let Given { mut clock, vouchers, capacity, public_url, record } = given;
        let desk = board.desk();
        let now = clock.now();
        let capacity = with_room_for(capacity, found.live.len());
        let mut names = Names::new(capacity);
        let day = clock.daytime_ms().map_or(Daytime::UNKNOWN, Daytime::at);
        let doors = Doors::new(&desk, day);
        let routing = rows::routing(&desk, &mut names, day).map_err(BootError::TooMany)?;
        for restored in &found.live {
            // Rows for what only old work still names.
            live::seed(restored.card.id, &restored.live, &mut names);
        }
        let routing = if names_fit(&routing, &names) {
            routing
        } else {
            rows::routing(&desk, &mut names, day).map_err(BootError::TooMany)?
        };
        // Above every number a former start can have given: a thousand a millisecond would be needed.
        let first_offer = (now.wall_ms.max(0) as u64) << 10;
        let mut recorder = record;
        recorder.take_if(|recorder| !recorder.begin(capacity, &routing, now, first_offer));
        let engine = Engine::new(capacity, routing, now, first_offer);
        let (door, events) = Door::new();
        let secret = match &found.secret {
            Some(secret) => secret.clone(),
            None => {
                let mut secret = vec![0; KEY_BYTES];
                getrandom::fill(&mut secret).map_err(|_| BootError::NoRandom)?;
                secret
            }
        };
        let fresh = found.secret.is_none();
        let snapshot = store.reader().snapshot()?;
        let today = Today::read(&snapshot, &desk, now.wall_ms)?;
        let traced = snapshot.get(Table::Meta, TRACED)?;
        let old = old_quarters(&snapshot, Day::at(&desk, now.wall_ms).number)?;
        drop(snapshot);
        let readers = Readers::new(store.reader());
        let batch: Batch<super::out::Out> = store.batch();
        let mut shell = Shell {
            engine,
            names,
            roster: super::roster::Newest::default(),
            contacts: Contacts::new(&desk, found.contacts.drain(..)),
            desk,
            history: found.history,
            board,
            clock,
            now,
            cards: HashMap::new(),
            tails: HashMap::new(),
            rooms: HashMap::new(),
            connections: Connections::default(),
            visitors: Visitors::default(),
            recorder,
            texts: Texts::default(),
            store,
            batch,
            pending: false,
            readers,
            door: door.clone(),
            keys: Keys::new(&secret),
            tokens,
            staff_messages: HashMap::new(),
            invites: super::invites::Invites::default(),
            outbox: super::outbound::Outbox::default(),
            peers: found.peers.drain(..).collect(),
            hearing: super::inbound::Hearing::default(),
            calls: super::calls::Calls::default(),
            public_url,
            last_conversation: found.last_conversation,
            floor: super::floor::Floor { today, ..super::floor::Floor::default() },
            lines: Lines::default(),
            traces: super::traces::Traces::default(),
            shares: HashMap::new(),
            users: std::mem::take(&mut found.users).into_iter().collect(),
            enrolling: HashMap::new(),
            retention: super::retention::Sweep::default(),
            retained_away: 0,
            rosters_swept: None,
            marked: None,
            doors,
            vouchers,
            started: Instant::now(),
            checkpointed: Instant::now(),
            watchdog: crate::ops::notify::watchdog(),
        };
        if fresh {
            shell.put_bytes(Table::Meta, SECRET, &secret);
        }
        shell.follow_masks(traced.and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes));
        for key in old {
            shell.delete(Table::Figures, &key);
        }
        if found.orphans {
            shell.look_for_orphans();
        }
        shell.adopt_roster(std::mem::take(&mut found.roster));
        shell.restore(found);
        shell.put_mark();
        shell.flush();
        Ok((shell, door, events))
    }

    fn restore(&mut self, found: Found) {
        let crashed_ms = found.mark.map_or(self.now.wall_ms, |mark| mark.product_ms);
        for (hash, token) in found.tokens {
            // By a clock nobody trusts nothing is over.
            if token.expires_ms > real_wall_ms() || !self.clock.is_trusted() {
                self.tokens.add(hash, token.username.into(), token.expires_ms);
            } else {
                self.delete(Table::Tokens, hash.as_bytes());
            }
        }
        for (username, state) in &found.agents {
            let Some(row) = self.names.agents.row(username) else { continue };
            let held = live::held(&state.held, &mut self.names);
            // Who was connected when the box went down is lost since then.
            let lost_wall_ms = state.there.then(|| state.lost_ms.unwrap_or(crashed_ms));
            let input = Input::RestoreAgent {
                agent: AgentId(row),
                held,
                since_wall_ms: state.since_ms,
                lost_wall_ms,
                banners: state.banners,
            };
            self.turn(input, None);
        }
        for (key, figures) in found.invite_days {
            self.invites.days.restore(&key, figures);
        }
        for (number, invite) in found.invites {
            self.restore_invite(number, invite);
        }
        let (outbound, letters) = (found.outbound, found.letters);
        let mut recalls = Vec::new();
        for restored in found.live {
            let id = restored.card.id;
            recalls.push((id, restored.messages.clone()));
            self.restore_conversation(restored, crashed_ms);
        }
        for (id, messages) in recalls {
            self.recall(id, &messages);
        }
        self.turn(Input::Open, None);
        self.follow_bots();
        self.restore_outbox(outbound, letters);
    }

    fn restore_conversation(&mut self, restored: Restored, crashed_ms: i64) {
        let Restored { mut live, card, messages, decisions, notes, call, wrapups } = restored;
        let (id, visitor) = (card.id, card.visitor);
        let started_ms = card.started_ms;
        if let Some(last) = messages.last() {
            live.last_seq = last.seq;
        }
        let ended = matches!(live.phase, LivePhase::Ended(_));
        // Nobody is connected yet: a live customer has until then to be back, and so has a caller in line.
        let has_page = card.kind == "chat" && visitor != 0;
        let in_line = call.as_ref().is_some_and(|(_, call)| call.outcome == Outcome::Waits);
        if (has_page || in_line)
            && !live.persistent
            && !live.left
            && !ended
            && live.customer_lost_ms.is_none()
        {
            let workstream = self.desk.workstream(&live.workstream);
            let wait_ms =
                workstream.map_or(180_000, |workstream| i64::from(workstream.customer_lost_s) * 1000);
            live.customer_lost_ms = Some(crashed_ms.saturating_add(wait_ms));
        }
        let widget = card.widget.clone();
        let call_name = card.external_id.clone();
        let customer = card.customer.clone();
        let (context, page) = (card.context.clone(), card.page.clone());
        let Some(seed) = live::seed(id, &live, &mut self.names) else {
            log::error!("conversation {id} stays in the store: its workstream or queue finds no row");
            return;
        };
        self.take_in_hand(card, messages);
        self.turn(Input::RestoreConversation(Box::new(seed)), None);
        let Some(row) = self.engine.conversation(ConversationId(id)) else {
            log::error!("conversation {id} stays in the store: the table is full or its workstream is gone");
            self.cards.remove(&id);
            self.tails.remove(&id);
            self.rooms.remove(&id);
            return;
        };
        let talks = matches!(row.phase, Phase::Ended { .. });
        let mut listeners: Vec<AgentId> = row
            .sessions
            .iter()
            .filter(|session| talks || session.state == SessionState::Active)
            .map(|session| session.agent)
            .collect();
        listeners.extend(row.reserved().map(|(agent, _)| agent));
        let shown = Some((words::customer_state(row.state()), row.owner()));
        let holder = row.owner().or_else(|| row.reserved().map(|(agent, _)| agent));
        let bot = match row.phase {
            Phase::Bot(talk) => Some(talk.bot),
            _ => None,
        };
        let row = |username: &str| self.names.agents.row(username).map(AgentId);
        let wrapups =
            wrapups.into_iter().filter_map(|(username, given)| Some((row(&username)?, given))).collect();
        let room = self.rooms.entry(id).or_default();
        let kept = room.kept;
        *room = Room { listeners, shown, holder, decisions, notes, kept, bot, wrapups, ..Room::default() };
        if let (Some(name), Some((key, record))) = (call_name, call) {
            self.restore_call(name, key, record);
        }
        if visitor == 0 {
            return;
        }
        let newest = self.visitors.get(visitor).and_then(|known| known.conversation);
        let newer =
            newest.and_then(|other| self.cards.get(&other)).is_some_and(|card| card.started_ms > started_ms);
        let known = self.visitors.entry(visitor);
        if !newer {
            known.conversation = Some(id);
            known.widget = widget.unwrap_or_default().into();
            known.customer = customer;
            known.context = context;
            known.page = page.unwrap_or_default();
        }
    }

    /// Another desk in the engine's numbers.
    pub(super) fn routing_of(&mut self, desk: &Desk) -> Result<Box<RoutingDesk>, rows::TooMany> {
        let day = self.daytime();
        rows::routing(desk, &mut self.names, day)
    }

    /// Takes another desk into service at once, without a stop.
    pub(super) fn adopt(&mut self, desk: Arc<Desk>, routing: Box<RoutingDesk>) {
        let gone: Vec<String> = self
            .desk
            .widgets
            .iter()
            .filter(|widget| desk.widget(widget.id.as_str()).is_none())
            .map(|widget| widget.id.to_string())
            .collect();
        let workstream_gone =
            self.desk.workstreams.iter().any(|old| desk.workstream(old.id.as_str()).is_none());
        self.contacts.take_over(&desk);
        self.desk = Arc::clone(&desk);
        self.doors = Doors::new(&desk, self.daytime());
        self.follow_masks(None);
        self.turn(Input::Desk(routing), None);
        self.follow_bots();
        self.end_unproved();
        // A widget is the asset its conversations came through (S3-9).
        let orphans: Vec<u64> = self
            .cards
            .values()
            .filter(|card| card.widget.as_ref().is_some_and(|widget| gone.contains(widget)))
            .map(|card| card.id)
            .collect();
        for id in orphans {
            self.turn(Input::AssetRemoved(ConversationId(id)), None);
        }
        let agents: Vec<AgentId> = self
            .connections
            .all_staff()
            .filter(|(_, _, staff)| staff.welcomed)
            .map(|(_, _, s)| s.agent)
            .collect();
        for agent in agents {
            let frame = self.view().settings_changed(agent);
            self.send_agent(agent, frame);
        }
        self.lines.staff_changed = true;
        self.follow_providers();
        if workstream_gone || !gone.is_empty() {
            self.look_for_orphans();
        }
    }
}

/// Tables that hold what is open, also when the profile was made smaller since: nobody is put out for it. New
/// ones are refused until there are fewer than the profile's, and the next start has its size.
fn with_room_for(capacity: Capacity, open: usize) -> Capacity {
    let open = u32::try_from(open).unwrap_or(u32::MAX).min(CONVERSATIONS_MAX);
    if open > capacity.conversations {
        log::warn!(
            "{open} conversations are open and the profile has room for {}: it is passed until they are closed",
            capacity.conversations
        );
    }
    Capacity { conversations: capacity.conversations.max(open), ..capacity }
}

/// Has the desk in numbers a row for every name?
fn names_fit(routing: &crate::engine::settings::RoutingDesk, names: &Names) -> bool {
    routing.workstreams.len() == names.workstreams.len() && routing.queues.len() == names.queues.len()
}

/// All rows of a table of open things.
fn all(snapshot: &Snapshot, table: Table) -> Result<Vec<crate::store::Row>, BootError> {
    let mut rows = Vec::new();
    let mut above: Option<Vec<u8>> = None;
    loop {
        use std::ops::Bound;
        let low = above.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let page = snapshot.range(table, (low, Bound::Unbounded), READ_ROWS_MAX, Direction::Forward)?;
        let more = page.more;
        above = page.rows.last().map(|(key, _)| key.clone());
        rows.extend(page.rows);
        if !more {
            return Ok(rows);
        }
    }
}

/// The number after the last row of a conversation's list.
fn count(snapshot: &Snapshot, table: Table, id: u64, max: u32) -> Result<u32, BootError> {
    let (low, high) = (message_key(id, 0), message_key(id, max));
    let page = snapshot.range(table, &low[..]..&high[..], 1, Direction::Backward)?;
    let last = page.rows.first().and_then(|(key, _)| key.last_chunk::<4>().copied());
    Ok(last.map_or(0, |bytes| u32::from_be_bytes(bytes) + 1))
}
