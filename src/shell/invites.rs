//! Invitations to chat (S1): who is invited, once, for exactly a minute.
//!
//! The loader watches the page; the box decides. What it can check again it does (the page, the hours, who
//! is there, when this visitor was last invited); the rest it takes on trust, within its limits.

use std::collections::HashMap;

use jiff::civil::Date;

use super::Shell;
use super::card::{Card, ContextValue, Customer, Page};
use super::hours::Entrance;
use super::invite_days::Days;
use super::proof::identify;
use super::records::{Invite, InviteDay};
use super::start::add_device;
use super::words::{self, Extra};
use crate::desk::widget::{Device, Rule};
use crate::desk::{Id, Widget, Workstream};
use crate::engine::id::{QueueId, WorkstreamId};
use crate::engine::refusal::Refusal;
use crate::limits::{INVITE_RULES_MAX, INVITED_MAX, INVITES_MAX};
use crate::store::Table;
use crate::widget::invites::Ask;

/// An invitation closes by itself after exactly this; nobody can set it (S1-8, S1-9).
pub const INVITE_MS: i64 = 60_000;

/// Invitations that stand, and who was invited lately.
#[derive(Debug, Default)]
pub(super) struct Invites {
    open: HashMap<u64, Standing>,
    /// Keyed name of a loader's visitor and rule, to when she was last invited.
    lately: HashMap<u64, i64>,
    /// Keyed name of a loader's visitor, to how often she was invited on which day.
    visitor_days: HashMap<u64, (Date, u32)>,
    /// What came of them, by widget and rule, since the start.
    outcomes: HashMap<(String, String), InviteDay>,
    /// The same by day.
    pub(super) days: Days,
}

/// An invitation that waits for its visitor.
#[derive(Debug)]
struct Standing {
    invite: Invite,
    /// How long she had been on the page; forgotten over a restart, which takes longer than most pages are read.
    seconds_on_page: Option<f64>,
    /// Somebody has asked to begin with it, though it may have been refused then.
    taken_up: bool,
}

/// What of a question the rules share.
struct Asked<'a> {
    widget: &'a Widget,
    ask: &'a Ask,
    now_ms: i64,
    /// By the calendar of the widget; none while nobody knows the time.
    today: Option<Date>,
    /// Whether her site signs for her; none where no rule wants to know, or nobody can tell.
    signed: Option<bool>,
}

/// What an accepted invitation brings into its conversation.
pub(super) struct Accepted {
    number: u64,
    /// The rule that made it.
    pub(super) rule: String,
    /// Seconds on the page until now (S1-13).
    pub(super) seconds_on_page: Option<f64>,
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
        let today = self.daytime().date(&desk.zone_of(widget));
        let signed = self.signed(widget, workstream, ask);
        let asked = Asked { widget, ask, now_ms, today, signed };
        if !self.may_be_invited_today(&asked) {
            return None;
        }
        let rule = widget.proactive.rules.iter().find(|rule| self.fits(rule, &asked))?;
        let visitor = self.lately_key(widget, rule, ask);
        let seconds_on_page = Some(ask.seconds_on_page);
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
        self.outcome(&invite, |outcomes| outcomes.shown += 1);
        self.invites.open.insert(number, Standing { invite, seconds_on_page, taken_up: false });
        if let Some(visitor) = visitor {
            if self.invites.lately.len() >= INVITED_MAX {
                self.forget_oldest_invited();
            }
            self.invites.lately.insert(visitor, now_ms);
        }
        self.count_visitor(widget, ask, today);
        Some(Invitation { invite: invite_name(number), text, expires_in_ms: INVITE_MS })
    }

    /// Closes an invitation; false when it is over already.
    pub fn dismiss_invite(&mut self, invite: &str) -> bool {
        let Some(number) = invite_number(invite) else { return false };
        let Some(Standing { invite, .. }) = self.invites.open.remove(&number) else { return false };
        self.delete(Table::Invites, &number.to_be_bytes());
        let stood = invite.until_ms > self.now.wall_ms;
        self.outcome(&invite, |outcomes| if stood { outcomes.closed += 1 } else { outcomes.expired += 1 });
        stood
    }

    /// Looks an invitation up for a visitor who begins with it. It is used only by [`Shell::spend_invite`]: a `start`
    /// that is refused for another reason leaves it standing.
    pub(super) fn accepted_invite(&mut self, widget: &str, invite: &str) -> Result<Accepted, Refusal> {
        let now_ms = self.now.wall_ms;
        let number = invite_number(invite).ok_or(Refusal::InviteExpired)?;
        let standing = self.invites.open.get_mut(&number);
        let standing = standing
            .filter(|standing| standing.invite.until_ms > now_ms && standing.invite.widget == widget)
            .ok_or(Refusal::InviteExpired)?;
        let invite = standing.invite.clone();
        let since_ms = now_ms - (invite.until_ms - INVITE_MS);
        let seconds_on_page =
            standing.seconds_on_page.map(|seconds| (seconds + since_ms as f64 / 1000.0).floor());
        if !std::mem::replace(&mut standing.taken_up, true) {
            self.outcome(&invite, |outcomes| outcomes.accepted += 1);
        }
        Ok(Accepted { number, rule: invite.rule, seconds_on_page })
    }

    /// An accepted invitation has led to its conversation, and leads to no other.
    pub(super) fn spend_invite(&mut self, accepted: &Accepted) {
        let Some(Standing { invite, .. }) = self.invites.open.remove(&accepted.number) else { return };
        self.delete(Table::Invites, &accepted.number.to_be_bytes());
        self.outcome(&invite, |outcomes| outcomes.conversations += 1);
    }

    /// Forgets what is over.
    pub(super) fn expire_invites(&mut self) {
        let now_ms = self.now.wall_ms;
        let over: Vec<u64> = self
            .invites
            .open
            .iter()
            .filter(|(_, standing)| standing.invite.until_ms <= now_ms)
            .map(|(number, _)| *number)
            .collect();
        for number in over {
            let gone = self.invites.open.remove(&number);
            self.delete(Table::Invites, &number.to_be_bytes());
            if let Some(Standing { invite, .. }) = gone {
                self.outcome(&invite, |outcomes| outcomes.expired += 1);
            }
        }
    }

    /// What came of each rule's invitations since the start.
    pub(super) fn invite_figure(&self) -> super::Figure {
        let mut values = Vec::new();
        for ((widget, rule), outcomes) in &self.invites.outcomes {
            for (outcome, count) in [
                ("shown", outcomes.shown),
                ("accepted", outcomes.accepted),
                ("closed", outcomes.closed),
                ("expired", outcomes.expired),
                ("conversation", outcomes.conversations),
            ] {
                let labels =
                    vec![("widget", widget.clone()), ("rule", rule.clone()), ("outcome", outcome.to_owned())];
                values.push((labels, f64::from(count)));
            }
        }
        values.sort_by(|(one, _), (other, _)| one.cmp(other));
        let help = "Invitations to chat by widget, rule and what came of them.";
        super::Figure { name: "deskbell_invites_total", help, counter: true, values }
    }

    fn outcome(&mut self, invite: &Invite, count: impl Fn(&mut InviteDay)) {
        self.count_day(invite, &count);
        let key = (invite.widget.clone(), invite.rule.clone());
        if self.invites.outcomes.len() >= INVITE_RULES_MAX && !self.invites.outcomes.contains_key(&key) {
            // Rules that the desk no longer has make room for those it has.
            let desk = &self.desk;
            self.invites.outcomes.retain(|(widget, rule), _| {
                let widget = desk.widget(widget);
                widget.is_some_and(|widget| widget.proactive.rules.iter().any(|known| known.id == **rule))
            });
        }
        count(self.invites.outcomes.entry(key).or_default());
    }

    /// Start-up: an invitation as the store has it.
    pub(super) fn restore_invite(&mut self, number: u64, invite: Invite) {
        self.invites.open.insert(number, Standing { invite, seconds_on_page: None, taken_up: false });
    }

    /// Whether her site signs for her, where a rule wants to know. A token that is not good is as none.
    fn signed(&self, widget: &Widget, workstream: &Workstream, ask: &Ask) -> Option<bool> {
        let wanted = widget.proactive.rules.iter().any(|rule| rule.audience.authenticated.is_some());
        // While nobody knows the time nobody can tell whether a token has expired (D-18).
        (wanted && self.clock.is_trusted()).then(|| identify(workstream, ask.jwt.as_deref()).is_ok())
    }

    /// How often a visitor may be invited in a day, whatever the rule.
    fn may_be_invited_today(&self, asked: &Asked<'_>) -> bool {
        let Some(most) = asked.widget.proactive.visitor_max_per_day else { return true };
        let known =
            self.visitor_key(asked.widget, asked.ask).and_then(|key| self.invites.visitor_days.get(&key));
        // A day nobody knows, or a visitor without a name, cannot be counted.
        known.is_none_or(|(day, count)| asked.today.is_some_and(|today| *day != today) || *count < most)
    }

    fn count_visitor(&mut self, widget: &Widget, ask: &Ask, today: Option<Date>) {
        let (Some(key), Some(today), Some(_)) =
            (self.visitor_key(widget, ask), today, widget.proactive.visitor_max_per_day)
        else {
            return;
        };
        if self.invites.visitor_days.len() >= INVITED_MAX {
            // Who was here on another day begins anew anyway; when all were here today the table does.
            self.invites.visitor_days.retain(|_, (day, _)| *day == today);
            if self.invites.visitor_days.len() >= INVITED_MAX {
                self.invites.visitor_days.clear();
            }
        }
        let (day, count) = self.invites.visitor_days.entry(key).or_insert((today, 0));
        *count = if *day == today { *count + 1 } else { 1 };
        *day = today;
    }

    fn visitor_key(&self, widget: &Widget, ask: &Ask) -> Option<u64> {
        Some(self.keys.client(&format!("{}\n{}", widget.id, ask.visitor.as_deref()?)))
    }

    fn fits(&self, rule: &Rule, asked: &Asked<'_>) -> bool {
        let Asked { widget, ask, now_ms, today, signed } = *asked;
        let audience = &rule.audience;
        let visits = ask.visits.unwrap_or(1);
        let hours = rule.when.as_ref().and_then(|id| self.desk.hours(id.as_str()));
        let open = self.daytime().within(hours);
        let path_seen = || {
            let mut seen = ask.path.iter();
            rule.path.iter().all(|pattern| seen.any(|url| pattern.matches(url)))
        };
        let lately =
            self.lately_key(widget, rule, ask).and_then(|key| self.invites.lately.get(&key).copied());
        let again_ms = i64::from(rule.again_after_h) * 3_600_000;
        ask.rule.as_deref().is_none_or(|wanted| rule.id == *wanted)
            && open
            && (rule.from.is_none() && rule.until.is_none() || today.is_some_and(|today| rule.is_on(today)))
            && rule.max_per_day.is_none_or(|most| {
                today.is_none_or(|today| self.invites.days.shown(&widget.id, &rule.id, today) < most)
            })
            && audience.authenticated.is_none_or(|wanted| signed == Some(wanted))
            && (rule.r#where.is_empty() || rule.r#where.iter().any(|pattern| pattern.matches(&ask.url)))
            && path_seen()
            && ask.seconds_on_page >= f64::from(rule.min_seconds_on_page)
            // Who says nothing of the site has been there as long as on its page.
            && ask.seconds_on_site.unwrap_or(ask.seconds_on_page) >= f64::from(rule.min_seconds_on_site)
            && ask.scroll.unwrap_or(if rule.min_scroll_percent == 0 { 100.0 } else { 0.0 })
                >= f64::from(rule.min_scroll_percent)
            && (!rule.leaving || ask.leaving)
            && visits >= audience.min_visits
            && audience.max_visits.is_none_or(|max| visits <= max)
            && (audience.referrer.is_empty() || audience.referrer.iter().any(|p| p.matches(&ask.referrer)))
            && (audience.device.is_empty() || audience.device.contains(&Device::of(&ask.user_agent)))
            && (audience.language.is_empty()
                || audience.language.iter().any(|language| speaks(&ask.language, language.as_str())))
            && audience.context.iter().all(|(key, wanted)| {
                let value = ask.context.iter().find(|(name, _)| **name == **key).map(|(_, value)| written(value));
                wanted.holds(value.as_deref())
            })
            && lately.is_none_or(|at| {
                again_ms == 0 && now_ms - at >= INVITE_MS || again_ms > 0 && now_ms - at >= again_ms
            })
    }

    fn lately_key(&self, widget: &Widget, rule: &Rule, ask: &Ask) -> Option<u64> {
        let visitor = ask.visitor.as_deref()?;
        Some(self.keys.client(&format!("{}\n{}\n{visitor}", widget.id, rule.id)))
    }

    fn forget_oldest_invited(&mut self) {
        let oldest = self.invites.lately.iter().min_by_key(|(_, at)| **at).map(|(key, _)| *key);
        if let Some(oldest) = oldest {
            self.invites.lately.remove(&oldest);
        }
    }
}

fn card_of(widget: &Widget, ask: &Ask) -> Card {
    let mut context = ask.context.clone();
    if let Some(device) = Device::of_browser(&ask.user_agent) {
        add_device(&mut context, device);
    }
    Card {
        workstream: widget.workstream.to_string(),
        widget: Some(widget.id.to_string()),
        customer: Customer { locale: ask.locale.clone(), ..Customer::default() },
        page: Some(Page { url: ask.url.clone(), title: ask.title.clone(), referrer: ask.referrer.clone() }),
        context,
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

fn invite_name(number: u64) -> String {
    format!("i{number:016x}")
}

fn invite_number(name: &str) -> Option<u64> {
    let digits = name.strip_prefix('i').filter(|digits| digits.len() == 16)?;
    u64::from_str_radix(digits, 16).ok()
}
