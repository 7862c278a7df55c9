//! What came of invitations, by rule and day: for the cap of a day, and for whoever writes the rules.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::Shell;
use super::records::{Invite, InviteDay};
use crate::admin::{Invited, InvitedDay};
use crate::desk::Id;
use crate::desk::ids::{RuleId, WidgetId};
use crate::limits::{INVITE_DAYS_MAX, INVITE_RULES_MAX};
use crate::store::Table;

/// Widget, rule, day. Days sort as their text does, here and in the store.
type Key = (String, String, Date);

/// Figures of the last [`INVITE_DAYS_MAX`] days.
#[derive(Debug, Default)]
pub(super) struct Days {
    all: BTreeMap<Key, InviteDay>,
}

impl Days {
    /// Invitations of a rule in a day.
    pub(super) fn shown(&self, widget: &WidgetId, rule: &RuleId, day: Date) -> u32 {
        let key = (widget.to_string(), rule.to_string(), day);
        self.all.get(&key).map_or(0, |figures| figures.shown)
    }

    /// Start-up: a row as the store has it; what is no key of ours is left out.
    pub(super) fn restore(&mut self, key: &[u8], figures: InviteDay) {
        if let Some(key) = read_key(key) {
            self.all.insert(key, figures);
        }
    }

    /// The days of a rule, oldest first.
    fn of<'d>(&'d self, widget: &'d str, rule: &'d str) -> impl Iterator<Item = (Date, InviteDay)> + 'd {
        let of_rule = self.all.iter().filter(move |((w, r, _), _)| w == widget && r == rule);
        of_rule.map(|((_, _, day), figures)| (*day, *figures))
    }
}

fn stored_key((widget, rule, day): &Key) -> Vec<u8> {
    format!("{widget}\0{rule}\0{day}").into_bytes()
}

fn read_key(key: &[u8]) -> Option<Key> {
    let mut parts = std::str::from_utf8(key).ok()?.split('\0');
    let (widget, rule, day) = (parts.next()?, parts.next()?, parts.next()?);
    Some((widget.to_owned(), rule.to_owned(), day.parse().ok()?))
}

impl Shell {
    /// Counts something on today's row of a rule, and writes it down.
    pub(super) fn count_day(&mut self, invite: &Invite, count: impl Fn(&mut InviteDay)) {
        let desk = std::sync::Arc::clone(&self.desk);
        let Some(widget) = desk.widget(&invite.widget) else { return };
        let Ok(now) = Timestamp::from_millisecond(self.now.wall_ms) else { return };
        let today = desk.zone_of(widget).to_datetime(now).date();
        let key = (invite.widget.clone(), invite.rule.clone(), today);
        if !self.invites.days.all.contains_key(&key) {
            self.forget_old_days(today);
            if self.invites.days.all.len() >= INVITE_RULES_MAX * INVITE_DAYS_MAX {
                return;
            }
        }
        let figures = self.invites.days.all.entry(key.clone()).or_default();
        count(figures);
        let figures = *figures;
        self.put(Table::InviteDays, &stored_key(&key), &figures);
    }

    fn forget_old_days(&mut self, today: Date) {
        let days = i32::try_from(INVITE_DAYS_MAX).unwrap_or(i32::MAX);
        let is_old = |day: Date| day.until(today).is_ok_and(|since| since.get_days() >= days);
        let old: Vec<Key> =
            self.invites.days.all.keys().filter(|(_, _, day)| is_old(*day)).cloned().collect();
        for key in old {
            self.invites.days.all.remove(&key);
            self.delete(Table::InviteDays, &stored_key(&key));
        }
    }

    /// What came of a widget's rules, day by day up to today, for the admin pages.
    pub(super) fn invited(&self, widget: &str) -> Vec<Invited> {
        let Some(widget) = self.desk.widget(widget) else { return Vec::new() };
        let Ok(now) = Timestamp::from_millisecond(self.now.wall_ms) else { return Vec::new() };
        let today = self.desk.zone_of(widget).to_datetime(now).date();
        let back = |days: usize| today.saturating_sub(jiff::Span::new().days(days as i64));
        let rules = widget.proactive.rules.iter().map(|rule| {
            let days = (0..INVITE_DAYS_MAX).rev().map(back).map(|day| {
                let key = (widget.id.to_string(), rule.id.to_string(), day);
                let InviteDay { shown, accepted, closed, expired, conversations } =
                    self.invites.days.all.get(&key).copied().unwrap_or_default();
                InvitedDay { day, shown, accepted, closed, expired, conversations }
            });
            Invited { rule: rule.id.to_string(), days: days.collect() }
        });
        rules.collect()
    }

    /// Figures per rule for supervisors and other programs: the rules of the desk, each with its days, oldest first.
    pub fn invite_days(&self) -> Value {
        let rules = self.desk.widgets.iter().filter(|widget| widget.proactive.enabled).flat_map(|widget| {
            widget.proactive.rules.iter().map(move |rule| {
                let text = rule.text.get("", &self.desk.locale).source();
                let of_day = |(day, figures): (Date, InviteDay)| {
                    json!({
                        "day": day.to_string(),
                        "shown": figures.shown,
                        "accepted": figures.accepted,
                        "closed": figures.closed,
                        "expired": figures.expired,
                        "conversations": figures.conversations,
                    })
                };
                let days = self.invites.days.of(widget.id.as_str(), rule.id.as_str()).map(of_day);
                json!({
                    "widget": widget.id.as_str(),
                    "rule": rule.id.as_str(),
                    "text": text,
                    "days": days.collect::<Vec<_>>(),
                })
            })
        });
        json!({ "rules": rules.collect::<Vec<_>>(), "days_max": INVITE_DAYS_MAX })
    }
}
