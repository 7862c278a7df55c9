//! Invitations to chat (S1): who is invited, once, for exactly a minute.
//!
//! The loader watches the page; the box decides. What it can check again it does (the page, the hours, who
//! is there, when this visitor was last invited); the rest it takes on trust, within its limits.

use std::collections::HashMap;

use super::Shell;
use super::card::{Card, ContextValue, Customer, Page};
use super::hours::Entrance;
use super::records::Invite;
use super::words::{self, Extra};
use crate::desk::widget::{Device, Rule};
use crate::desk::{Id, Widget};
use crate::engine::id::{QueueId, WorkstreamId};
use crate::engine::refusal::Refusal;
use crate::limits::{INVITED_MAX, INVITES_MAX};
use crate::store::Table;
use crate::widget::invites::Ask;

/// An invitation closes by itself after exactly this; nobody can set it (S1-8, S1-9).
pub const INVITE_MS: i64 = 60_000;

/// Invitations that stand, and who was invited lately.
#[derive(Debug, Default)]
pub(super) struct Invites {
    open: HashMap<u64, Invite>,
    /// Keyed name of a loader's visitor and rule, to when she was last invited.
    lately: HashMap<u64, i64>,
}

/// An invitation as its page gets it.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// Its name on the wire.
    pub invite: String,
    /// What it says.
    pub text: String,
    /// Milliseconds of the product clock until it is over.
    pub expires_in_ms: i64,
}

impl Shell {
    /// Invites a visitor, if a rule says so and somebody is there to take it.
    pub fn invite(&mut self, widget: &str, ask: &Ask) -> Option<Invitation> {
        let desk = std::sync::Arc::clone(&self.desk);
        let widget = desk.widget(widget)?;
        let workstream = desk.workstream(widget.workstream.as_str())?;
        let now_ms = self.now.wall_ms;
        if !widget.proactive.enabled
            || !self.daytime().is_open(&Entrance::through(&desk, widget.id.as_str(), workstream))
        {
            return None;
        }
        let queue = self.names.queues.row(workstream.queue.as_str()).map(QueueId)?;
        let row = self.names.workstreams.row(workstream.id.as_str()).map(WorkstreamId)?;
        // Nobody is asked to talk to an empty desk.
        if self.engine.takers(queue, row) == 0 {
            return None;
        }
        let rule = widget.proactive.rules.iter().find(|rule| self.fits(rule, ask, now_ms))?;
        let visitor = self.lately_key(widget, rule, ask);
        let number = super::keys::random();
        let card = card_of(widget, ask);
        let template = rule.text.get(&card.customer.locale, &desk.locale);
        let text = words::expand(&desk, workstream, &card, template, &Extra::default(), now_ms);
        if self.invites.open.len() >= INVITES_MAX {
            return None;
        }
        let until_ms = now_ms + INVITE_MS;
        let invite = Invite { widget: widget.id.to_string(), rule: rule.id.to_string(), until_ms };
        self.put(Table::Invites, &number.to_be_bytes(), &invite);
        self.invites.open.insert(number, invite);
        if let Some(visitor) = visitor {
            if self.invites.lately.len() >= INVITED_MAX {
                self.forget_oldest_invited();
            }
            self.invites.lately.insert(visitor, now_ms);
        }
        Some(Invitation { invite: invite_name(number), text, expires_in_ms: INVITE_MS })
    }

    /// Closes an invitation; false when it is over already.
    pub fn dismiss_invite(&mut self, invite: &str) -> bool {
        let Some(number) = invite_number(invite) else { return false };
        let Some(invite) = self.invites.open.remove(&number) else { return false };
        self.delete(Table::Invites, &number.to_be_bytes());
        invite.until_ms > self.now.wall_ms
    }

    /// Takes an invitation up; gives the rule that made it.
    pub(super) fn use_invite(&mut self, widget: &str, invite: &str) -> Result<String, Refusal> {
        let number = invite_number(invite).ok_or(Refusal::InviteExpired)?;
        let good = self
            .invites
            .open
            .get(&number)
            .is_some_and(|invite| invite.until_ms > self.now.wall_ms && invite.widget == widget);
        if !good {
            return Err(Refusal::InviteExpired);
        }
        self.delete(Table::Invites, &number.to_be_bytes());
        self.invites.open.remove(&number).map(|invite| invite.rule).ok_or(Refusal::InviteExpired)
    }

    /// Forgets what is over.
    pub(super) fn expire_invites(&mut self) {
        let now_ms = self.now.wall_ms;
        let over: Vec<u64> = self
            .invites
            .open
            .iter()
            .filter(|(_, invite)| invite.until_ms <= now_ms)
            .map(|(number, _)| *number)
            .collect();
        for number in over {
            self.invites.open.remove(&number);
            self.delete(Table::Invites, &number.to_be_bytes());
        }
    }

    /// Start-up: an invitation as the store has it.
    pub(super) fn restore_invite(&mut self, number: u64, invite: Invite) {
        self.invites.open.insert(number, invite);
    }

    fn fits(&self, rule: &Rule, ask: &Ask, now_ms: i64) -> bool {
        let audience = &rule.audience;
        let visits = ask.visits.unwrap_or(1);
        let hours = rule.when.as_ref().and_then(|id| self.desk.hours(id.as_str()));
        let open = self.daytime().within(hours);
        let path_seen = || {
            let mut seen = ask.path.iter();
            rule.path.iter().all(|pattern| seen.any(|url| pattern.matches(url)))
        };
        let lately = self.lately_key_of(rule, ask).and_then(|key| self.invites.lately.get(&key).copied());
        let again_ms = i64::from(rule.again_after_h) * 3_600_000;
        ask.rule.as_deref().is_none_or(|wanted| rule.id == *wanted)
            && open
            && (rule.r#where.is_empty() || rule.r#where.iter().any(|pattern| pattern.matches(&ask.url)))
            && path_seen()
            && ask.seconds_on_page >= f64::from(rule.min_seconds_on_page)
            && ask.seconds_on_site.unwrap_or(f64::MAX) >= f64::from(rule.min_seconds_on_site)
            && ask.scroll.unwrap_or(if rule.min_scroll_percent == 0 { 100.0 } else { 0.0 })
                >= f64::from(rule.min_scroll_percent)
            && (!rule.leaving || ask.leaving)
            && visits >= audience.min_visits
            && audience.max_visits.is_none_or(|max| visits <= max)
            && (audience.referrer.is_empty() || audience.referrer.iter().any(|p| p.matches(&ask.referrer)))
            && (audience.device.is_empty() || audience.device.contains(&device(&ask.user_agent)))
            && (audience.language.is_empty()
                || audience.language.iter().any(|language| speaks(&ask.language, language.as_str())))
            && audience.context.iter().all(|(key, wanted)| {
                ask.context.iter().any(|(name, value)| **name == **key && written(value) == **wanted)
            })
            && lately.is_none_or(|at| {
                again_ms == 0 && now_ms - at >= INVITE_MS || again_ms > 0 && now_ms - at >= again_ms
            })
    }

    fn lately_key(&self, _widget: &Widget, rule: &Rule, ask: &Ask) -> Option<u64> {
        self.lately_key_of(rule, ask)
    }

    fn lately_key_of(&self, rule: &Rule, ask: &Ask) -> Option<u64> {
        let visitor = ask.visitor.as_deref()?;
        Some(self.keys.client(&format!("{}\n{visitor}", rule.id)))
    }

    fn forget_oldest_invited(&mut self) {
        let oldest = self.invites.lately.iter().min_by_key(|(_, at)| **at).map(|(key, _)| *key);
        if let Some(oldest) = oldest {
            self.invites.lately.remove(&oldest);
        }
    }
}

fn card_of(widget: &Widget, ask: &Ask) -> Card {
    Card {
        workstream: widget.workstream.to_string(),
        widget: Some(widget.id.to_string()),
        customer: Customer { locale: ask.language.clone(), ..Customer::default() },
        page: Some(Page { url: ask.url.clone(), title: ask.title.clone(), referrer: ask.referrer.clone() }),
        context: ask.context.clone(),
        ..Card::default()
    }
}

fn written(value: &ContextValue) -> String {
    match value {
        ContextValue::Text(text) => text.clone(),
        ContextValue::Number(number) => number.to_string(),
        ContextValue::Flag(flag) => flag.to_string(),
    }
}

/// `nl` speaks for any Dutch.
fn speaks(own: &str, wanted: &str) -> bool {
    let own = own.to_ascii_lowercase();
    own == wanted || own.split('-').next() == Some(wanted)
}

fn device(user_agent: &str) -> Device {
    let agent = user_agent.to_ascii_lowercase();
    if agent.contains("ipad")
        || agent.contains("tablet")
        || agent.contains("android") && !agent.contains("mobile")
    {
        Device::Tablet
    } else if agent.contains("mobile") || agent.contains("iphone") {
        Device::Phone
    } else {
        Device::Desktop
    }
}

fn invite_name(number: u64) -> String {
    format!("i{number:016x}")
}

fn invite_number(name: &str) -> Option<u64> {
    let digits = name.strip_prefix('i').filter(|digits| digits.len() == 16)?;
    u64::from_str_radix(digits, 16).ok()
}
