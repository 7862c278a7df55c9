//! `[[workstream]]`: routing settings, notifications, texts, and who a persistent customer is.

use std::collections::BTreeMap;

use super::{channels, knows_its_customers};
use crate::desk::ids::{Id, PresenceId, WorkstreamId};
use crate::desk::keys::PublicKey;
use crate::desk::language::ByLanguage;
use crate::desk::model::{Channel, Presence, Status};
use crate::desk::notify::{Auto, Field, NotifyKind, NotifySet, NotifyWritten};
use crate::desk::read::{Entry, NAME, Section, TEXT, TextRule};
use crate::desk::template::{Placeholder, Template};
use crate::desk::texts::TextKey;
use crate::desk::words::Word;
use crate::desk::workstream::{Auth, Mode, TransferRefused, Workstream, Wrapup};
use crate::limits::{
    DESK_KEY_BYTES_MAX, DESK_KEYS_MAX, DESK_NOTIFY_FIELDS_MAX, DESK_PRESENCES_MAX, DESK_TIMEOUT_S_MAX,
    DESK_TIMEOUT_S_MIN, DESK_UNITS_MAX, DESK_WAIT_H_MAX, DESK_WAIT_S_MAX, DESK_WORKSTREAMS_MAX,
};

pub(super) fn all(root: &Section<'_>, presences: &[Presence], has_reasons: bool) -> Vec<Workstream> {
    let sections = root.tables("workstream", Some("id"), DESK_WORKSTREAMS_MAX);
    sections.iter().filter_map(|section| one(section, presences, has_reasons)).collect()
}

fn one(section: &Section<'_>, presences: &[Presence], has_reasons: bool) -> Option<Workstream> {
    let channel = section.word("channel").unwrap_or(Channel::Chat);
    let mode = mode(section, channel);
    let name = section.text("name", NAME);
    let queue = section.need("queue").and_then(|entry| entry.reference("queue"));
    let hours = section.reference("hours", "hours");
    let units = section.number("units", 1..=DESK_UNITS_MAX).unwrap_or(30);
    let allowed_presences = allowed_presences(section, presences);
    let seconds = |key, default| section.number(key, 0..=DESK_WAIT_S_MAX).unwrap_or(default);
    let wrapup_unless_said = match channel {
        Channel::Case => Wrapup::None,
        _ if has_reasons => Wrapup::Required,
        _ => Wrapup::Optional,
    };
    let persistent = mode == Mode::Persistent;
    let live_chat = channel == Channel::Chat && !persistent;
    let id: WorkstreamId = section.id("id")?;
    Some(Workstream {
        name: name.unwrap_or_else(|| id.to_string()),
        id,
        channel,
        mode,
        queue: queue?,
        hours,
        units,
        allowed_presences,
        transfer_refused: section.word("transfer_refused").unwrap_or(TransferRefused::Return),
        undelivered_reroute_s: seconds("undelivered_reroute_s", 480),
        wrapup: section.word("wrapup").unwrap_or(wrapup_unless_said),
        wrapup_keeps_capacity: section.flag("wrapup_keeps_capacity").unwrap_or(true),
        wrapup_deadline_s: seconds("wrapup_deadline_s", 0),
        wrapup_default: section.reference("wrapup_default", "wrapup_reason"),
        agent_lost_s: seconds("agent_lost_s", 150),
        customer_lost_s: seconds("customer_lost_s", 180),
        offline_message: only_for(section, "offline_message", live_chat, "a live chat").unwrap_or(live_chat),
        rate_during_chat: only_for(section, "rate_during_chat", channel == Channel::Chat, "a chat")
            .unwrap_or(false),
        auto_close_waiting_h: auto_close_waiting_h(section, persistent),
        keep_same_agent: keep_same_agent(section, persistent),
        offer_out_of_hours: only_for(section, "offer_out_of_hours", persistent, "a persistent one")
            .unwrap_or(false),
        bot: super::bot::first(section, channel),
        auth: auth(section, persistent && !knows_its_customers(channel)),
        sms: channels::sms(section, channel),
        messenger: channels::messenger(section, channel),
        voice: channels::voice(section, channel),
        webhook: channels::webhook(section),
        notify: notify_set(section, channel),
        texts: texts(section),
    })
}

fn mode(section: &Section<'_>, channel: Channel) -> Mode {
    // Nobody waits at a telephone for the next text message: such a conversation spans days (D-2, D-3).
    let mode = section.word("mode").unwrap_or(match channel {
        Channel::Sms | Channel::Messenger => Mode::Persistent,
        Channel::Chat | Channel::Voice | Channel::Case => Mode::Live,
    });
    if mode == Mode::Persistent && matches!(channel, Channel::Voice | Channel::Case) {
        section.fault("mode", format!("a {channel} workstream cannot be persistent"));
    }
    mode
}

fn allowed_presences(section: &Section<'_>, presences: &[Presence]) -> Vec<PresenceId> {
    let builtin = |status: Status| PresenceId::new(status.word()).ok();
    let Some(entry) = section.get("allowed_presences") else {
        return [Status::Available, Status::Busy].into_iter().filter_map(builtin).collect();
    };
    let mut allowed: Vec<PresenceId> = Vec::new();
    for entry in entry.list(DESK_PRESENCES_MAX) {
        let Some(id) = entry.id::<PresenceId>() else { continue };
        let custom = presences.iter().find(|presence| presence.id == id).map(|presence| presence.base);
        match Status::from_word(id.as_str()).or(custom) {
            None if section.has_entry("presence", id.as_str()) => {} // there, and at fault itself
            None => entry.fault(format!("there is no presence {:?}", id.as_str())),
            Some(Status::Inactive) => entry.fault("inactive is never an allowed presence"),
            Some(Status::Offline) => entry.fault("nobody who is offline can be given work"),
            Some(_) if allowed.contains(&id) => entry.fault("stands in the list twice"),
            Some(_) => allowed.push(id),
        }
    }
    if entry.is_empty_list() {
        entry.fault("must name at least one presence");
    }
    allowed
}

/// A switch that is for one mode only; in the other it has no effect, and a warning says so.
fn only_for(section: &Section<'_>, key: &'static str, fits: bool, what: &str) -> Option<bool> {
    let on = section.flag(key)?;
    if on && !fits {
        section.warn(key, format!("has no effect: it is for {what}"));
    }
    Some(on && fits)
}

fn auto_close_waiting_h(section: &Section<'_>, persistent: bool) -> u32 {
    let hours = section.number("auto_close_waiting_h", 0..=DESK_WAIT_H_MAX).unwrap_or(0);
    if hours > 0 && !persistent {
        section.warn("auto_close_waiting_h", "has no effect: it is for a persistent one");
    }
    if persistent { hours } else { 0 }
}

fn keep_same_agent(section: &Section<'_>, persistent: bool) -> bool {
    let written = only_for(section, "keep_same_agent", persistent, "a persistent one");
    if persistent && written == Some(false) {
        section.fault("keep_same_agent", "is always true for a persistent workstream");
    }
    persistent
}

fn auth(section: &Section<'_>, needed: bool) -> Option<Auth> {
    let Some(auth) = section.section("auth") else {
        if needed {
            section.fault("auth", "is missing: a persistent chat must know who its customer is");
        }
        return None;
    };
    if !needed {
        section.warn("auth", "has no effect: it is for a persistent chat");
    }
    let issuer = auth.need("issuer").and_then(|entry| entry.text(NAME));
    let audience = auth.need("audience").and_then(|entry| entry.text(NAME));
    let keys = auth.need("public_keys").map(|entry| {
        let keys = entry.list(DESK_KEYS_MAX);
        if keys.is_empty() {
            entry.fault("must hold at least one key");
        }
        keys.iter().filter_map(public_key).collect::<Vec<_>>()
    });
    Some(Auth { issuer: issuer?, audience: audience?, public_keys: keys?, added_keys: Vec::new() })
}

fn public_key(entry: &Entry<'_>) -> Option<PublicKey> {
    let pem = entry.raw()?;
    if pem.len() > DESK_KEY_BYTES_MAX {
        entry.fault(format!("must be at most {DESK_KEY_BYTES_MAX} bytes"));
        return None;
    }
    PublicKey::from_pem(pem).map_err(|fault| entry.fault(fault.to_string())).ok()
}

fn notify_set(section: &Section<'_>, channel: Channel) -> NotifySet {
    let notify = section.section("notify");
    let written = std::array::from_fn(|index| {
        let kind = NotifyKind::ALL[index].word();
        notify.as_ref()?.section(kind).map(|section| notify_written(&section, channel))
    });
    NotifySet::new(channel, written)
}

fn notify_written(section: &Section<'_>, channel: Channel) -> NotifyWritten {
    let auto = section.word("auto");
    if auto == Some(Auto::None) && channel == Channel::Case {
        section.fault("auto", "cases are always assigned: it must be assign or accept");
    }
    let reject = section.flag("reject");
    if reject == Some(true) && auto.is_some_and(|auto| auto != Auto::None) {
        section.warn("reject", "has no effect: what is assigned or accepted by itself cannot be refused");
    }
    NotifyWritten {
        style: section.word("style"),
        title: section.template("title", NAME),
        fields: section.get("fields").map(|_| fields(section)),
        timeout_s: section.number("timeout_s", DESK_TIMEOUT_S_MIN..=DESK_TIMEOUT_S_MAX),
        show_timeout: section.flag("show_timeout"),
        reject,
        accept_label: section.localized("accept_label", NAME),
        auto,
        desktop: section.word("desktop"),
    }
}

fn fields(section: &Section<'_>) -> Vec<Field> {
    const VALUE: TextRule = TextRule { lines: false, ..TEXT };
    let field = |section: &Section<'_>| {
        let label = section.need("label").and_then(|entry| entry.localized(NAME));
        let value = section.need("value").and_then(|entry| entry.template(VALUE, &Placeholder::is_general));
        Some(Field { label: label?, value: value? })
    };
    section.tables("fields", None, DESK_NOTIFY_FIELDS_MAX).iter().filter_map(field).collect()
}

fn texts(section: &Section<'_>) -> BTreeMap<TextKey, ByLanguage<Template>> {
    let Some(texts) = section.section("texts") else { return BTreeMap::new() };
    let text = |key: &TextKey| {
        let entry = texts.get(key.word())?;
        let template = entry.template_by_language(TEXT, &|placeholder| key.may_use(placeholder))?;
        Some((*key, template))
    };
    TextKey::ALL.iter().filter_map(text).collect()
}
