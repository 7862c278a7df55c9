//! The desk: who works here, what arrives, how it is shared out.
//!
//! Plain data. A [`Desk`] comes from [`load`](super::load), which has checked all that these types cannot
//! say: every name that points somewhere has its target, every number is in range. A surface that edits a
//! desk changes a clone and puts its export through `load` again, so that there is one set of rules.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::bot::Bot;
use super::hours::Hours;
use super::ids::{AgentId, ArticleId, HoursId, Id, PresenceId, QueueId, QuickReplyId, TokenName, WrapupId};
use super::language::{ByLanguage, Lang, Localized};
use super::secret::Credential;
use super::template::Template;
use super::widget::Widget;
use super::words::{Word, words};
use super::workstream::Workstream;

words! {
    /// Colours of a surface (S4-10).
    pub enum Theme {
        /// Light.
        Light = "light",
        /// Dark.
        Dark = "dark",
        /// As the operating system says.
        System = "system",
    }
}

words! {
    /// What a customer is asked before a chat starts (S2-1).
    pub enum Consent {
        /// Nothing.
        None = "none",
        /// Is shown the monitoring notice.
        Notice = "notice",
        /// Must agree to it.
        Required = "required",
    }
}

words! {
    /// Where work comes from.
    pub enum Channel {
        /// A widget.
        Chat = "chat",
        /// Text messages.
        Sms = "sms",
        /// A social network's messenger; `social` on the wire.
        Messenger = "messenger",
        /// Telephone calls.
        Voice = "voice",
        /// Cases of another system, by `POST /api/v1/work-items`.
        Case = "case",
    }
}

impl Channel {
    /// `work_item_kind` on the wire.
    pub fn work_item_kind(self) -> &'static str {
        match self {
            Self::Messenger => "social",
            other => other.word(),
        }
    }
}

words! {
    /// How a queue chooses among the agents who could take its next work item (D-13).
    pub enum Distribution {
        /// Who has been without new work the longest.
        MostIdle = "most_idle",
        /// Each in turn.
        RoundRobin = "round_robin",
        /// Who has the most units free.
        HighestCapacity = "highest_capacity",
        /// Nobody is chosen: members pick an open conversation by hand (`pickup`).
        Pick = "pick",
    }
}

words! {
    /// What someone, or a token, may do.
    pub enum Role {
        /// Talks to customers.
        Agent = "agent",
        /// Sees and moves everybody's work.
        Supervisor = "supervisor",
        /// Changes the desk.
        Admin = "admin",
        /// A token that brings in work items.
        Integration = "integration",
        /// A token that reads the metrics.
        Metrics = "metrics",
        /// A token of a bot that lives elsewhere (S2-4).
        Bot = "bot",
    }
}

words! {
    /// The presence statuses built in. A custom presence stands on one of the first five.
    pub enum Status {
        /// Takes work.
        Available = "available",
        /// Takes work where busy is allowed.
        Busy = "busy",
        /// Takes none for now.
        DoNotDisturb = "do_not_disturb",
        /// Not at the desk.
        Away = "away",
        /// Not signed in, or as if.
        Offline = "offline",
        /// Did not answer (S2-24). Set by the system only, never an allowed presence (D-4).
        Inactive = "inactive",
    }
}

/// Everything an admin decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desk {
    /// The branch's name, as staff see it.
    pub name: String,
    /// Colours of desktop and widget.
    pub theme: Theme,
    /// The language of texts whose reader's own is missing.
    pub locale: Lang,
    /// Told to customers: that chats may be monitored, recorded or stored (S2-1).
    pub monitoring_notice: Option<Localized>,
    /// What a customer is asked before a chat starts.
    pub consent: Consent,
    /// Told to agents (S2-1).
    pub agent_notice: Option<Localized>,
    /// Days a closed conversation is kept; 0 = for ever.
    pub retention_days: u32,
    /// Days a line of the audit log is kept; 0 = for ever.
    pub audit_days: u32,
    /// Roles that must sign in with one-time codes; sorted.
    pub totp_required: Vec<Role>,
    /// Whether supervisors see daily figures per agent (B-11); off unless switched on (S2-1). Agents see their own.
    pub figures_per_agent: bool,
    /// The relay for copies by mail; none: customers save a copy themselves.
    pub mail: Option<super::mail::Mail>,
    /// Whether a missed notification has a banner and sets Inactive (S2-23). Routing is the same without.
    pub missed_enabled: bool,
    /// Whether a rejected one has a banner and sets Do not disturb (S2-34). Routing is the same without.
    pub reject_enabled: bool,
    /// What staff must not read.
    pub masking: Masking,
    /// Opening hours.
    pub hours: Vec<Hours>,
    /// Queues.
    pub queues: Vec<Queue>,
    /// Workstreams.
    pub workstreams: Vec<Workstream>,
    /// Widgets.
    pub widgets: Vec<Widget>,
    /// Members of staff.
    pub agents: Vec<Agent>,
    /// Bots of the box's own.
    pub bots: Vec<Bot>,
    /// API tokens.
    pub tokens: Vec<Token>,
    /// Custom presences.
    pub presences: Vec<Presence>,
    /// Reasons a conversation may be closed with, in the order of the list.
    pub wrapup_reasons: Vec<WrapupReason>,
    /// Quick replies.
    pub quick_replies: Vec<QuickReply>,
    /// Knowledge articles (S2-36).
    pub articles: Vec<Article>,
    /// Stored contacts to begin with.
    pub contacts: Vec<Contact>,
}

/// `[masking]` (S3-11 to S3-25, D-15, D-20).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Masking {
    /// The whole feature.
    pub enabled: bool,
    /// Card numbers, IBANs, US social security numbers.
    pub pci: bool,
    /// E-mail addresses and telephone numbers.
    pub pii: bool,
    /// Two capital letters: where a number without country code is from.
    pub phone_region: Option<String>,
    /// When false, what `pci` finds is masked before it is stored.
    pub store_pci: bool,
    /// Roles that may reveal one value, with a reason, audited.
    pub reveal: Vec<Role>,
}

/// `[[queue]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// Its id.
    pub id: QueueId,
    /// Its name for people.
    pub name: String,
    /// Smaller first (D-13).
    pub priority: u32,
    /// How it chooses.
    pub distribution: Distribution,
    /// When it gives out work; none: whenever its workstreams do.
    pub hours: Option<HoursId>,
}

/// `[[agent]]`: any member of staff, supervisors and admins included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    /// The id on the wire.
    pub username: AgentId,
    /// The name people see, customers too.
    pub name: String,
    /// What they sign in with.
    pub password: Credential,
    /// At least one of agent, supervisor, admin; sorted.
    pub roles: Vec<Role>,
    /// Queues they take work from.
    pub queues: Vec<QueueId>,
    /// Units of work at a time (D-12).
    pub capacity: u32,
    /// What a PBX dials to reach them; none: their username (S2-18).
    pub extension: Option<String>,
}

impl Agent {
    /// What a PBX dials to reach them.
    pub fn extension(&self) -> &str {
        self.extension.as_deref().unwrap_or(self.username.as_str())
    }

    /// Whether they have a role.
    pub fn is(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}

/// `[[token]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its name, for the log.
    pub name: TokenName,
    /// The bearer token itself.
    pub secret: Credential,
    /// What it may do; sorted.
    pub roles: Vec<Role>,
}

/// `[[presence]]`: a status by the house's own name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence {
    /// Its id; none of the built-in words.
    pub id: PresenceId,
    /// Its label.
    pub label: Localized,
    /// The status it stands on; never Inactive.
    pub base: Status,
}

/// `[[wrapup_reason]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrapupReason {
    /// Its id.
    pub id: WrapupId,
    /// Its label.
    pub label: Localized,
}

/// `[[quick_reply]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuickReply {
    /// Its id.
    pub id: QuickReplyId,
    /// What is put into the compose box.
    pub text: ByLanguage<Template>,
}

/// `[[article]]`: a page of knowledge for agents, to share with customers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Article {
    /// Its id.
    pub id: ArticleId,
    /// Its title.
    pub title: String,
    /// Its text, in Markdown.
    pub text: String,
    /// Where customers can read it, when they can.
    pub link: Option<String>,
}

/// `[[contact]]`: a customer known from the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The name.
    pub name: String,
    /// The e-mail address.
    pub email: Option<String>,
    /// The mobile number, as written (S2-22).
    pub mobile: Option<String>,
    /// Another telephone number, as written.
    pub phone: Option<String>,
    /// Who it is to the site that signs for its customers (S1-12).
    pub sub: Option<String>,
}

/// Finds an entry by its id.
macro_rules! finders {
    ($($(#[$doc:meta])* $one:ident, $one_mut:ident: $list:ident by $key:ident -> $entry:ty;)+) => {
        $(
            $(#[$doc])*
            pub fn $one(&self, id: &str) -> Option<&$entry> {
                self.$list.iter().find(|entry| entry.$key.as_str() == id)
            }

            /// The same, to be changed.
            pub fn $one_mut(&mut self, id: &str) -> Option<&mut $entry> {
                self.$list.iter_mut().find(|entry| entry.$key.as_str() == id)
            }
        )+
    };
}

impl Desk {
    finders! {
        /// The opening hours of that id.
        hours, hours_mut: hours by id -> Hours;
        /// The queue of that id.
        queue, queue_mut: queues by id -> Queue;
        /// The workstream of that id.
        workstream, workstream_mut: workstreams by id -> Workstream;
        /// The widget of that id.
        widget, widget_mut: widgets by id -> Widget;
        /// The member of staff of that username.
        agent, agent_mut: agents by username -> Agent;
        /// The token of that name.
        token, token_mut: tokens by name -> Token;
        /// The custom presence of that id.
        presence, presence_mut: presences by id -> Presence;
        /// The wrap-up reason of that id.
        wrapup_reason, wrapup_reason_mut: wrapup_reasons by id -> WrapupReason;
        /// The knowledge article of that id.
        article, article_mut: articles by id -> Article;
    }

    /// Those who take work from a queue, in the order of the file.
    pub fn members<'d>(&'d self, queue: &'d QueueId) -> impl Iterator<Item = &'d Agent> {
        self.agents.iter().filter(move |agent| agent.queues.contains(queue))
    }

    /// By whose calendar a widget counts days: that of its own hours, else of its workstream's, else of the desk's
    /// first, else UTC.
    pub fn zone_of(&self, widget: &Widget) -> TimeZone {
        let workstream = self.workstream(widget.workstream.as_str());
        let own =
            widget.hours.as_ref().or_else(|| workstream.and_then(|workstream| workstream.hours.as_ref()));
        let hours = own.and_then(|id| self.hours(id.as_str())).or_else(|| self.hours.first());
        hours.map_or(TimeZone::UTC, |hours| hours.zone.rules().clone())
    }

    /// When a workstream is open; none = always.
    pub fn hours_of(&self, workstream: &Workstream) -> Option<&Hours> {
        self.hours(workstream.hours.as_ref()?.as_str())
    }

    /// Whether a workstream is open at an instant.
    pub fn is_open(&self, workstream: &Workstream, at: Timestamp) -> bool {
        self.hours_of(workstream).is_none_or(|hours| hours.is_open(at))
    }

    /// The status a presence id stands for: its own when it is built in, else its base.
    pub fn presence_status(&self, id: &str) -> Option<Status> {
        Status::from_word(id).or_else(|| self.presence(id).map(|presence| presence.base))
    }

    /// Whether work of a workstream may go to an agent in that presence (S2-26): it, or the status it stands
    /// on, is listed.
    pub fn presence_allowed(&self, workstream: &Workstream, presence: &str) -> bool {
        let listed = |id: &str| workstream.allowed_presences.iter().any(|allowed| *allowed == id);
        listed(presence) || self.presence(presence).is_some_and(|custom| listed(custom.base.word()))
    }
}
