//! The whole picture on opening a staff socket, in one frame.
//!
//! Room is given out in this order: who the agent is and how the desk works, what asks to be acted on, her
//! sessions, lists of colleagues and queues, what the customers' pages told, and messages, newest first. What does
//! not fit is left out from the end, and each list says so: a desktop can always open.

use serde::Serialize;

use super::directory::Ask;
use super::frames::Listing;
use super::pack::{Object, array, fitting, take};
use super::presence::HouseBanner;
use super::project::View;
use super::session::{Parked, Parts, fit_bare, fit_rest};
use crate::desk::{Role, Word};
use crate::engine::conversation::Conversation;
use crate::engine::id::{AgentId, OfferId};
use crate::limits::{LISTED_MAX, MESSAGE_CHARS_MAX, PARKED_SHOWN_MAX, SESSIONS_MAX};
use crate::shell::wire::Stamp;

/// What the engine does not know of an agent's picture.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beside<'a> {
    /// Her waiting conversations, the newest first; what is beyond [`PARKED_SHOWN_MAX`] is not looked at.
    pub parked: &'a [Parked<'a>],
    /// There are older ones.
    pub parked_more: bool,
    /// What the box has to say.
    pub house: &'a [HouseBanner<'a>],
    /// Offers made because she came: their notifications follow as frames of their own, as any new one does.
    pub to_follow: &'a [OfferId],
    /// The request it answers, when it answers one.
    pub re: Option<i64>,
}

#[derive(Serialize)]
struct AgentBody<'a> {
    id: &'a str,
    name: &'a str,
    roles: Vec<&'static str>,
    queues: Vec<&'a str>,
    capacity: u32,
}

#[derive(Serialize)]
struct SettingsBody<'a> {
    desk_name: &'a str,
    theme: &'static str,
    locale: &'a str,
    message_chars_max: usize,
    sessions_max: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_notice: Option<&'a str>,
    /// May this agent reveal a masked value (D-20)?
    reveal: bool,
    masking: bool,
    missed: bool,
    reject: bool,
}

#[derive(Serialize)]
struct ClockBody {
    now: Stamp,
    speed: u32,
}

/// Bytes of a frame that one list of settings may take; what is beyond comes by `directory`.
const LIST_BYTES_MAX: usize = 8 * 1024;

/// Bytes of a frame that one notification may take; longer ones lose their preview.
const NOTIFICATION_BYTES_MAX: usize = 2 * 1024;

impl<'a> View<'a> {
    /// The `welcome` of an agent.
    pub fn welcome(&self, agent: AgentId, beside: Beside<'_>) -> String {
        let mut frame = Object::frame("welcome");
        if let Some(re) = beside.re {
            frame.field("re", &re);
        }
        frame.field("agent", &self.agent_body(agent)).field("clock", &self.clock());
        frame.field("presence", &self.presence_body(agent));
        frame.list("presences", &self.presence_choices());
        frame.list("banners", &self.banners(agent, beside.house));
        frame.raw("settings", &self.settings(agent));
        let notifications = self.notifications(agent, beside.to_follow);
        let kept = fitting(&notifications, frame.room());
        frame.list("notifications", &notifications[..kept]);
        self.write_sessions(&mut frame, agent, beside);
        frame.finish()
    }

    /// `settings` of an agent, as JSON; also what a `settings` frame carries after a change of the desk.
    fn settings(&self, agent: AgentId) -> String {
        let desk = self.world.desk;
        let roles = desk.agent(self.agent(agent).id).map_or(&[][..], |agent| &agent.roles);
        let mut settings = Object::new();
        settings.fields(&SettingsBody {
            desk_name: &desk.name,
            theme: desk.theme.word(),
            locale: desk.locale.as_str(),
            message_chars_max: MESSAGE_CHARS_MAX,
            sessions_max: SESSIONS_MAX,
            agent_notice: desk.agent_notice.as_ref().map(|text| text.get(self.lang(), &desk.locale).as_str()),
            reveal: desk.masking.reveal.iter().any(|role| roles.contains(role)),
            masking: desk.masking.enabled,
            missed: desk.missed_enabled,
            reject: desk.reject_enabled,
        });
        for (name, more, items) in [
            ("wrapup_reasons", "wrapup_reasons_more", self.reason_items(None)),
            ("quick_replies", "quick_replies_more", self.reply_items(None)),
            ("articles", "articles_more", self.article_items(None)),
        ] {
            let kept = fitting(&items, LIST_BYTES_MAX);
            settings.list(name, &items[..kept]);
            if kept < items.len() {
                settings.field(more, &true);
            }
        }
        settings.finish()
    }

    /// A `settings` frame: the desk has changed.
    pub fn settings_changed(&self, agent: AgentId) -> String {
        Object::frame("settings")
            .raw("settings", &self.settings(agent))
            .list("presences", &self.presence_choices())
            .finish()
    }

    /// A `directory_changed` frame: who could take work has changed.
    pub fn directory_changed(&self) -> String {
        Object::frame("directory_changed").finish()
    }

    fn agent_body(&self, agent: AgentId) -> AgentBody<'a> {
        let named = self.agent(agent);
        let known = self.world.desk.agent(named.id);
        let roles = known.map_or(&[][..], |agent| &agent.roles);
        AgentBody {
            id: named.id,
            name: named.name,
            roles: roles.iter().map(|role: &Role| role.word()).collect(),
            queues: known
                .map_or_else(Vec::new, |agent| agent.queues.iter().map(crate::desk::Id::as_str).collect()),
            capacity: known.map_or(0, |agent| agent.capacity),
        }
    }

    fn clock(&self) -> ClockBody {
        ClockBody { now: Stamp(self.world.now.wall_ms), speed: self.world.speed }
    }

    fn notifications(&self, agent: AgentId, to_follow: &[OfferId]) -> Vec<String> {
        let follows =
            |of: &&Conversation| of.phase.offer().is_some_and(|offer| to_follow.contains(&offer.id));
        let offered = self.world.engine.notified(agent).filter(|of| !follows(of));
        offered.filter_map(|of| self.notification_json(agent, of, NOTIFICATION_BYTES_MAX)).collect()
    }

    /// Sessions, then lists, then messages in what room is left.
    fn write_sessions(&self, frame: &mut Object, agent: AgentId, beside: Beside<'_>) {
        let mut room = frame.room();
        let parked = beside.parked.iter().take(PARKED_SHOWN_MAX).map(|parked| self.parked_parts(*parked));
        // Every session she works on comes before any that waits.
        let mut parts: Vec<Parts> = self.open_sessions(agent).into_iter().chain(parked).collect();
        let cut = fit_bare(&mut parts, &mut room);
        let parked_more = cut || beside.parked_more || beside.parked.len() > PARKED_SHOWN_MAX;

        let agents =
            self.agent_items(None, Ask { kind: Listing::Agents, filter: None, all: true, workstream: None });
        let queues =
            self.queue_items(agent, Ask { kind: Listing::Queues, filter: None, all: true, workstream: None });
        let lists = [("queues", queues), ("agents", agents)].map(|(name, mut items)| {
            let all = items.len();
            items.truncate(LISTED_MAX.min(fitting(&items, room / 3)));
            let json = array(&items);
            take(&mut room, json.len() + 32);
            (name, json, items.len() < all)
        });

        fit_rest(&mut parts, room);
        let sessions: Vec<String> = parts.iter().map(Parts::json).collect();
        frame.list("sessions", &sessions).field("parked_more", &parked_more);
        for (name, json, more) in lists {
            frame.raw(name, &json);
            if more {
                frame.field(&format!("{name}_more"), &true);
            }
        }
    }

    /// What the agent holds in the engine's table: open, in wrap-up, and customers who are back.
    fn open_sessions(&self, agent: AgentId) -> Vec<Parts> {
        let engine = self.world.engine;
        let Some(row) = engine.agent(agent) else { return Vec::new() };
        let mut held: Vec<&Conversation> =
            row.open.iter().filter_map(|handle| engine.view(*handle)).collect();
        for more in engine.returned_to(agent).chain(engine.wrapped_up_slotless(agent)) {
            if !held.iter().any(|of| of.id == more.id) {
                held.push(more);
            }
        }
        held.into_iter().filter_map(|of| self.session_parts(agent, of, None)).collect()
    }
}

/// Settings and notifications at their longest leave room for sessions.
const _: () = assert!(
    3 * LIST_BYTES_MAX + SESSIONS_MAX * NOTIFICATION_BYTES_MAX + 16 * 1024
        < crate::limits::BOX_FRAME_BYTES_MAX
);
