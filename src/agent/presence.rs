//! Presence and banners on the wire (REQ D-5, S2-24 to S2-27).

use serde::Serialize;

use super::pack::{Object, encode};
use super::project::View;
use crate::desk;
use crate::desk::Word;
use crate::engine::conversation::Conversation;
use crate::engine::effect::BannerKind;
use crate::engine::id::{AgentId, PresenceId};
use crate::engine::presence::Status;
use crate::shell::wire::{ConversationName, Stamp};

/// A presence as shown.
#[derive(Clone, Debug, Serialize)]
pub(super) struct PresenceBody<'a> {
    /// One of the six, or the id of the desk's own.
    pub(super) status: &'a str,
    /// The one of the six it rests on.
    pub(super) base: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    pub(super) reason: &'static str,
    pub(super) since: Stamp,
    /// Username of the supervisor who set it.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by_name: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Choice<'a> {
    id: &'a str,
    label: &'a str,
    base: &'static str,
}

/// Something the box itself has to say across the desk, such as a clock nobody may trust (D-18).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct HouseBanner<'a> {
    /// What about; a name of its own for each.
    pub kind: &'a str,
    /// In words.
    pub text: &'a str,
}

#[derive(Debug, Serialize)]
struct BannerBody {
    kind: &'static str,
    text: String,
    /// The request that answers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'static str>,
    /// Whom it is about, masked: a desktop in another language words the banner itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    customer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation: Option<ConversationName>,
}

impl<'a> View<'a> {
    /// A `presence` frame for the agent herself.
    pub fn presence(&self, agent: AgentId) -> String {
        let mut frame = Object::frame("presence");
        if let Some(body) = self.presence_body(agent) {
            frame.fields(&body);
        }
        frame.finish()
    }

    pub(super) fn presence_body(&self, agent: AgentId) -> Option<PresenceBody<'a>> {
        let row = self.world.engine.agent(agent)?;
        let by = row.shown.by.map(|by| self.agent(by));
        let id = self.presence_id(row.shown.presence, row.shown.status);
        Some(PresenceBody {
            status: id,
            base: row.shown.status.name(),
            label: self.world.desk.presence(id).map(|own| self.label(own)),
            reason: row.shown.reason.name(),
            since: Stamp(row.since_wall_ms),
            by: by.as_ref().map(|by| by.id),
            by_name: by.map(|by| by.name),
        })
    }

    /// What an agent may choose: the five and the desk's own. Inactive is the system's alone (D-4).
    pub(super) fn presence_choices(&self) -> Vec<String> {
        let fixed = Status::ALL.into_iter().filter(|status| *status != Status::Inactive).map(|status| {
            encode(&Choice { id: status.name(), label: status_label(status), base: status.name() })
        });
        let own = self.world.desk.presences.iter().map(|own| {
            encode(&Choice { id: desk::Id::as_str(&own.id), label: self.label(own), base: own.base.word() })
        });
        fixed.chain(own).collect()
    }

    /// A `banner` frame.
    pub fn banner(&self, kind: BannerKind, about: Option<&Conversation>) -> String {
        Object::frame("banner").fields(&self.banner_body(kind, about)).finish()
    }

    /// A `banner` frame of the house.
    pub fn house_banner(&self, banner: HouseBanner<'_>) -> String {
        Object::frame("banner").fields(&banner).finish()
    }

    /// A `banner_closed` frame of the house.
    pub fn house_banner_closed(&self, kind: &str) -> String {
        Object::frame("banner_closed").field("kind", kind).finish()
    }

    /// A `banner_closed` frame.
    pub fn banner_closed(&self, kind: BannerKind) -> String {
        Object::frame("banner_closed").field("kind", kind.name()).finish()
    }

    /// The banners that stand at the top of an agent's desktop.
    pub(super) fn banners(&self, agent: AgentId, house: &[HouseBanner<'_>]) -> Vec<String> {
        let row = self.world.engine.agent(agent);
        let hers = BannerKind::ALL.into_iter().filter(|kind| row.is_some_and(|row| row.has_banner(*kind)));
        let hers = hers.map(|kind| encode(&self.banner_body(kind, None)));
        house.iter().map(encode).chain(hers).collect()
    }

    fn banner_body(&self, kind: BannerKind, about: Option<&Conversation>) -> BannerBody {
        let name = about.and_then(|of| self.card(of)).map(|card| self.name(&card.customer.name));
        let name = name.filter(|name| !name.is_empty());
        BannerBody {
            kind: kind.name(),
            text: banner_text(kind, name.as_deref()),
            action: match kind {
                BannerKind::Missed | BannerKind::Rejected | BannerKind::MaxSessions => Some("banner_reset"),
                BannerKind::AssetRemoved => Some("end"),
                BannerKind::TransferRefused | BannerKind::ConferenceRefused => None,
            },
            customer: name,
            conversation: about.map(|of| ConversationName(of.id)),
        }
    }

    fn presence_id(&self, presence: PresenceId, status: Status) -> &'a str {
        // The six stand for themselves whether or not the shell has named their rows.
        match Status::ALL.get(usize::from(presence.0)) {
            Some(own) => own.name(),
            None => self.world.names.presences.name(presence.0.into()).map_or(status.name(), |name| name),
        }
    }

    fn label(&self, own: &'a desk::Presence) -> &'a str {
        own.label.get(self.lang(), &self.world.desk.locale)
    }
}

const fn status_label(status: Status) -> &'static str {
    match status {
        Status::Available => "Available",
        Status::Busy => "Busy",
        Status::DoNotDisturb => "Do not disturb",
        Status::Away => "Away",
        Status::Offline => "Offline",
        Status::Inactive => "Inactive",
    }
}

/// What a banner says: what happened, and what it means for the agent.
fn banner_text(kind: BannerKind, customer: Option<&str>) -> String {
    let of = |start: &str, rest: &str| match customer {
        Some(name) => format!("{start} from {name}. {rest}"),
        None => format!("{start}. {rest}"),
    };
    match kind {
        BannerKind::Missed => of("You missed a request", "You are Inactive and get no new work."),
        BannerKind::Rejected => {
            of("You rejected a request", "You are on Do not disturb and get no new work.")
        }
        BannerKind::MaxSessions => {
            "You have 10 open sessions. You are on Do not disturb and get no new work.".to_owned()
        }
        BannerKind::AssetRemoved => {
            let whose = customer.map_or_else(String::new, |name| format!(" with {name}"));
            format!("The chat{whose} was removed from the desk. It cannot go on; end it.")
        }
        BannerKind::TransferRefused => "Your transfer was not taken. The request is over.".to_owned(),
        BannerKind::ConferenceRefused => {
            "Your conference request was not taken. The request is over.".to_owned()
        }
    }
}
