//! Lists to choose from: colleagues and queues that could take work now (REQ S3-30, S3-33), and what the desk offers an
//! agent to pick from.

use serde::Serialize;

use super::frames::Listing;
use super::markdown;
use super::pack::{encode, fitting};
use super::presence::PresenceBody;
use super::project::{View, cut};
use crate::desk::{Article, Id, Role};
use crate::engine::agent::Connection;
use crate::engine::id::{AgentId, QueueId, WorkstreamId};
use crate::limits::NOTIFICATION_VALUE_CHARS_MAX;
use crate::shell::wire::Stamp;

/// A colleague.
#[derive(Debug, Serialize)]
struct AgentItem<'a> {
    id: &'a str,
    name: &'a str,
    available: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    presence: Option<PresenceBody<'a>>,
    queues: Vec<&'a str>,
    used: u32,
    capacity: u32,
    sessions: usize,
}

/// A queue.
#[derive(Debug, Serialize)]
struct QueueItem<'a> {
    id: &'a str,
    name: &'a str,
    available: bool,
    waiting: u32,
    /// Since when the first in line has waited.
    #[serde(skip_serializing_if = "Option::is_none")]
    oldest_at: Option<Stamp>,
    /// How many could take one more now.
    able: u32,
    /// Is the reader one of its agents?
    member: bool,
}

#[derive(Debug, Serialize)]
struct ReasonItem<'a> {
    id: &'a str,
    label: &'a str,
}

#[derive(Debug, Serialize)]
struct ReplyItem<'a> {
    id: &'a str,
    /// As the admin wrote it: its placeholders are filled in where it is used.
    text: &'a str,
}

#[derive(Debug, Serialize)]
struct ArticleItem<'a> {
    id: &'a str,
    title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<&'a str>,
    /// How it begins.
    excerpt: String,
}

/// What a directory is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// Of what.
    pub kind: Listing,
    /// Part of a name or id, in any case.
    pub filter: Option<&'a str>,
    /// The unavailable ones too.
    pub all: bool,
    /// For work of which workstream; none: of any.
    pub workstream: Option<WorkstreamId>,
}

impl<'a> View<'a> {
    /// Answers `directory`: by name, without the asker, as many as fit one frame; `more` when that is not all.
    pub fn directory(&self, re: i64, asker: AgentId, ask: Ask<'_>) -> String {
        let mut answer = super::answer::begin(Some(re));
        let items = match ask.kind {
            Listing::Agents => self.agent_items(Some(asker), ask),
            Listing::Queues => self.queue_items(asker, ask),
            Listing::WrapupReasons => self.reason_items(ask.filter),
            Listing::QuickReplies => self.reply_items(ask.filter),
            Listing::Articles => self.article_items(ask.filter),
        };
        let kept = fitting(&items, answer.room());
        answer.list("items", &items[..kept]).field("more", &(kept < items.len())).finish()
    }

    /// Colleagues, by name.
    pub(super) fn agent_items(&self, asker: Option<AgentId>, ask: Ask<'_>) -> Vec<String> {
        let filter = Filter::new(ask.filter);
        let mut items: Vec<AgentItem<'_>> = Vec::new();
        for agent in self.world.desk.agents.iter().filter(|a| a.is(Role::Agent) || a.is(Role::Supervisor)) {
            let id = agent.username.as_str();
            let Some(row) = self.world.names.agents.row(id).map(AgentId) else { continue };
            let available = self.agent_available(row, ask.workstream);
            if asker == Some(row) || !(available || ask.all) || !filter.matches(&[id, &agent.name]) {
                continue;
            }
            let state = self.world.engine.agent(row);
            items.push(AgentItem {
                id,
                name: &agent.name,
                available,
                presence: self.presence_body(row),
                queues: agent.queues.iter().map(Id::as_str).collect(),
                used: state.map_or(0, |state| state.used_units),
                capacity: agent.capacity,
                sessions: state.map_or(0, |state| state.open.len()),
            });
        }
        items.sort_by(|a, b| (a.name, a.id).cmp(&(b.name, b.id)));
        items.iter().map(encode).collect()
    }

    /// Queues: the asker's own first, then by name.
    pub(super) fn queue_items(&self, asker: AgentId, ask: Ask<'_>) -> Vec<String> {
        let filter = Filter::new(ask.filter);
        let own = self.world.desk.agent(self.agent(asker).id);
        let mut items: Vec<QueueItem<'_>> = Vec::new();
        for queue in &self.world.desk.queues {
            let id = queue.id.as_str();
            let Some(row) = self.world.names.queues.row(id).map(QueueId) else { continue };
            let able = self.queue_able(row, ask.workstream);
            if !(able > 0 || ask.all) || !filter.matches(&[id, &queue.name]) {
                continue;
            }
            items.push(QueueItem {
                id,
                name: &queue.name,
                available: able > 0,
                waiting: self.world.engine.line_len(row),
                oldest_at: self.oldest_in(row).map(Stamp),
                able,
                member: own.is_some_and(|own| own.queues.contains(&queue.id)),
            });
        }
        items.sort_by(|a, b| (!a.member, a.name, a.id).cmp(&(!b.member, b.name, b.id)));
        items.iter().map(encode).collect()
    }

    /// Reasons to close with, in the desk's order.
    pub(super) fn reason_items(&self, filter: Option<&str>) -> Vec<String> {
        let filter = Filter::new(filter);
        let desk = self.world.desk;
        let items = desk.wrapup_reasons.iter().map(|reason| ReasonItem {
            id: reason.id.as_str(),
            label: reason.label.get(self.lang(), &desk.locale),
        });
        items.filter(|item| filter.matches(&[item.id, item.label])).map(|item| encode(&item)).collect()
    }

    /// Quick replies, in the desk's order.
    pub(super) fn reply_items(&self, filter: Option<&str>) -> Vec<String> {
        let filter = Filter::new(filter);
        let desk = self.world.desk;
        let items = desk.quick_replies.iter().map(|reply| ReplyItem {
            id: reply.id.as_str(),
            text: reply.text.get(self.lang(), &desk.locale).source(),
        });
        items.filter(|item| filter.matches(&[item.id, item.text])).map(|item| encode(&item)).collect()
    }

    /// Knowledge articles whose title or text holds every word asked for (S2-36).
    pub(super) fn article_items(&self, filter: Option<&str>) -> Vec<String> {
        let words = crate::finding::words::sought(filter.unwrap_or_default());
        let all = (1u32 << words.len().min(31)) - 1;
        let held = |text: &str| crate::finding::words::matches(text, &words);
        let mut found: Vec<(&Article, bool)> = self
            .world
            .desk
            .articles
            .iter()
            .map(|article| (article, held(&article.title)))
            .filter(|(article, in_title)| in_title | held(&article.text) == all)
            .map(|(article, in_title)| (article, in_title == all))
            .collect();
        // What it is about before what it mentions.
        found.sort_by_key(|(_, in_title)| !in_title);
        let item = |article: &Article| {
            encode(&ArticleItem {
                id: article.id.as_str(),
                title: &article.title,
                link: article.link.as_deref(),
                excerpt: excerpt(&article.text),
            })
        };
        found.into_iter().map(|(article, _)| item(article)).collect()
    }

    /// Could this agent be handed work of this workstream, or of any?
    fn agent_available(&self, agent: AgentId, workstream: Option<WorkstreamId>) -> bool {
        let there = |row: &crate::engine::agent::Agent| row.connection == Connection::Online;
        self.world.engine.agent(agent).is_some_and(there)
            && self.workstreams(workstream).any(|workstream| self.world.engine.could_take(agent, workstream))
    }

    /// How many of a queue's agents could take one more of this workstream; without one, of those that end in this
    /// queue, or, where none does, of any.
    pub(super) fn queue_able(&self, queue: QueueId, workstream: Option<WorkstreamId>) -> u32 {
        let desk = self.world.engine.desk();
        let ends_here =
            |id: &WorkstreamId| desk.workstream(*id).is_some_and(|settings| settings.queue == queue);
        let takers = |id| self.world.engine.takers(queue, id);
        if workstream.is_none() && self.workstreams(None).any(|id| ends_here(&id)) {
            return self.workstreams(None).filter(ends_here).map(takers).max().unwrap_or(0);
        }
        self.workstreams(workstream).map(takers).max().unwrap_or(0)
    }

    /// Since when the one who has waited longest in a queue has waited. A line is kept by workstream, so all are looked
    /// at.
    pub(super) fn oldest_in(&self, queue: QueueId) -> Option<i64> {
        self.world.engine.line(queue).map(|waiting| waiting.arrived_wall_ms).min()
    }

    /// One workstream, or all there are.
    fn workstreams(&self, one: Option<WorkstreamId>) -> impl Iterator<Item = WorkstreamId> + use<'a> {
        let rows = self.world.engine.desk().workstreams.iter().zip(0..);
        rows.filter(|(settings, _)| settings.present)
            .map(|(_, row)| WorkstreamId(row))
            .filter(move |id| one.is_none_or(|one| one == *id))
    }
}

/// Part of a name, in any case.
struct Filter(String);

impl Filter {
    fn new(text: Option<&str>) -> Filter {
        Filter(text.unwrap_or("").trim().to_lowercase())
    }

    fn matches(&self, texts: &[&str]) -> bool {
        self.0.is_empty() || texts.iter().any(|text| text.to_lowercase().contains(&self.0))
    }
}

/// The beginning of an article as words, without its marks. Only so much of it is read as may be shown.
fn excerpt(text: &str) -> String {
    let beginning = cut(text, 2 * NOTIFICATION_VALUE_CHARS_MAX);
    let plain = markdown::plain(&markdown::read(&beginning));
    let words = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    cut(&words, NOTIFICATION_VALUE_CHARS_MAX).into_owned()
}
