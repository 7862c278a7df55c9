//! From a file's tables to the model: every key, its range, its default. What needs two parts of the desk is
//! in `check`.

mod bot;
mod channels;
mod hours;
mod people;
mod widget;
mod workstream;

use super::language::Lang;
use super::model::{
    Article, Channel, Consent, Contact, Desk, Distribution, Masking, Presence, Queue, QuickReply, Role,
    Status, Theme, WrapupReason,
};
use super::read::{NAME, Section, Sheet, TEXT, TextRule};
use super::secret::Secret;
use super::template::Placeholder;
use super::words::Word;
use crate::limits::{
    DESK_ARTICLE_CHARS_MAX, DESK_ARTICLES_MAX, DESK_CONTACTS_MAX, DESK_PRESENCES_MAX, DESK_PRIORITY_MAX,
    DESK_QUEUES_MAX, DESK_QUICK_REPLIES_MAX, DESK_RETENTION_DAYS_MAX, DESK_SECRET_BYTES_MAX,
    DESK_WRAPUP_REASONS_MAX, MESSAGE_CHARS_MAX,
};

/// The one version of the file format there is.
pub(super) const FORMAT_VERSION: u32 = 1;

/// Reads a desk. Whatever is at fault is noted on the sheet and left out or put at its default, so that
/// reading goes on.
pub(super) fn desk(sheet: &Sheet, root: &Section<'_>, stored: bool) -> Desk {
    if let Some(version) = root.number("version", 0..=u32::MAX).filter(|version| *version != FORMAT_VERSION) {
        root.fault("version", format!("is {version}; this box reads version {FORMAT_VERSION}"));
    }
    // First of all: every text by language is checked against it.
    let locale = locale(root);
    sheet.set_locale(&locale);
    let wrapup_reasons = wrapup_reasons(root);
    let presences = presences(root);
    Desk {
        name: root.text("name", NAME).unwrap_or_else(|| "deskbell".to_owned()),
        theme: root.word("theme").unwrap_or(Theme::System),
        locale,
        monitoring_notice: root.localized("monitoring_notice", TEXT),
        consent: root.word("consent").unwrap_or(Consent::None),
        agent_notice: root.localized("agent_notice", TEXT),
        retention_days: root.number("retention_days", 0..=DESK_RETENTION_DAYS_MAX).unwrap_or(365),
        audit_days: root.number("audit_days", 0..=DESK_RETENTION_DAYS_MAX).unwrap_or(0),
        totp_required: people::totp_required(root),
        figures_per_agent: switch(root, "figures", "per_agent", false),
        mail: channels::mail(root),
        missed_enabled: switch(root, "missed", "enabled", true),
        reject_enabled: switch(root, "reject", "enabled", true),
        masking: masking(root),
        hours: hours::all(root),
        queues: queues(root),
        workstreams: workstream::all(root, &presences, !wrapup_reasons.is_empty()),
        widgets: widget::all(root),
        agents: people::agents(root, stored),
        bots: bot::all(root),
        tokens: people::tokens(root, stored),
        presences,
        wrapup_reasons,
        quick_replies: quick_replies(root),
        articles: articles(root),
        contacts: contacts(root),
    }
}

fn locale(root: &Section<'_>) -> Lang {
    let Some(entry) = root.get("locale") else { return Lang::english() };
    let Some(text) = entry.raw() else { return Lang::english() };
    Lang::new(text).unwrap_or_else(|| {
        entry.fault("must be a language such as en, nl, cs or da");
        Lang::english()
    })
}

/// A table of one switch.
fn switch(root: &Section<'_>, table: &'static str, key: &'static str, default: bool) -> bool {
    root.section(table).and_then(|section| section.flag(key)).unwrap_or(default)
}

/// What only the box and its other end may know. No message here repeats any of it.
fn secret(section: &Section<'_>, key: &'static str) -> Option<Secret> {
    let entry = section.get(key)?;
    let text = entry.raw()?;
    if text.is_empty() {
        entry.fault("must not be empty; leave the line out to keep what is set");
    } else if text.len() > DESK_SECRET_BYTES_MAX {
        entry.fault(format!("must be at most {DESK_SECRET_BYTES_MAX} bytes"));
    } else if text.chars().any(char::is_control) {
        entry.fault("must not hold control characters");
    } else {
        return Some(Secret::new(text));
    }
    None
}

fn masking(root: &Section<'_>) -> Masking {
    const STAFF: &[Role] = &[Role::Agent, Role::Supervisor, Role::Admin];
    let mut masking = Masking {
        enabled: true,
        pci: true,
        pii: true,
        phone_region: None,
        store_pci: true,
        reveal: vec![Role::Supervisor],
    };
    let Some(section) = root.section("masking") else { return masking };
    for (key, switch) in [
        ("enabled", &mut masking.enabled),
        ("pci", &mut masking.pci),
        ("pii", &mut masking.pii),
        ("store_pci", &mut masking.store_pci),
    ] {
        *switch = section.flag(key).unwrap_or(*switch);
    }
    if let Some(entry) = section.get("phone_region") {
        let region = entry.raw().unwrap_or_default();
        if region.len() == 2 && region.bytes().all(|b| b.is_ascii_uppercase()) {
            masking.phone_region = Some(region.to_owned());
        } else {
            entry.fault("must be two capital letters such as NL");
        }
    }
    if let Some(entry) = section.get("reveal") {
        masking.reveal = entry.words(STAFF);
    }
    masking
}

fn queues(root: &Section<'_>) -> Vec<Queue> {
    let queue = |section: &Section<'_>| {
        let priority = section.number("priority", 0..=DESK_PRIORITY_MAX).unwrap_or(1);
        let distribution = section.word("distribution").unwrap_or(Distribution::MostIdle);
        let name = section.text("name", NAME);
        let hours = section.reference("hours", "hours");
        let id: super::ids::QueueId = section.id("id")?;
        Some(Queue { name: name.unwrap_or_else(|| id.to_string()), id, priority, distribution, hours })
    };
    root.tables("queue", Some("id"), DESK_QUEUES_MAX).iter().filter_map(queue).collect()
}

fn presences(root: &Section<'_>) -> Vec<Presence> {
    const BASES: &[Status] =
        &[Status::Available, Status::Busy, Status::DoNotDisturb, Status::Away, Status::Offline];
    let presence = |section: &Section<'_>| {
        let label = section.need("label").and_then(|entry| entry.localized(NAME));
        let base = section.need("base").and_then(|entry| entry.word(BASES));
        let id: super::ids::PresenceId = section.id("id")?;
        if Status::from_word(super::ids::Id::as_str(&id)).is_some() {
            section.fault("id", format!("{id} is a status of its own"));
        }
        Some(Presence { label: label?, base: base?, id })
    };
    root.tables("presence", Some("id"), DESK_PRESENCES_MAX).iter().filter_map(presence).collect()
}

fn wrapup_reasons(root: &Section<'_>) -> Vec<WrapupReason> {
    let reason = |section: &Section<'_>| {
        let label = section.need("label").and_then(|entry| entry.localized(NAME));
        let id = section.id("id")?;
        Some(WrapupReason { id, label: label? })
    };
    root.tables("wrapup_reason", Some("id"), DESK_WRAPUP_REASONS_MAX).iter().filter_map(reason).collect()
}

fn quick_replies(root: &Section<'_>) -> Vec<QuickReply> {
    const REPLY: TextRule = TextRule { chars_max: MESSAGE_CHARS_MAX, lines: true };
    let reply = |section: &Section<'_>| {
        let text = section
            .need("text")
            .and_then(|entry| entry.template_by_language(REPLY, &Placeholder::is_general));
        let id = section.id("id")?;
        Some(QuickReply { id, text: text? })
    };
    root.tables("quick_reply", Some("id"), DESK_QUICK_REPLIES_MAX).iter().filter_map(reply).collect()
}

fn articles(root: &Section<'_>) -> Vec<Article> {
    const BODY: TextRule = TextRule { chars_max: DESK_ARTICLE_CHARS_MAX, lines: true };
    let article = |section: &Section<'_>| {
        let title = section.need("title").and_then(|entry| entry.text(NAME));
        let text = section.need("text").and_then(|entry| entry.text(BODY));
        let link = section.text("link", TextRule { lines: false, ..TEXT });
        if link.as_ref().is_some_and(|link| !link.starts_with("https://") && !link.starts_with("http://")) {
            section.fault("link", "must begin with https://");
        }
        let id = section.id("id")?;
        Some(Article { id, title: title?, text: text?, link })
    };
    root.tables("article", Some("id"), DESK_ARTICLES_MAX).iter().filter_map(article).collect()
}

fn contacts(root: &Section<'_>) -> Vec<Contact> {
    let contact = |section: &Section<'_>| {
        let email = section.text("email", NAME);
        if email.as_ref().is_some_and(|email| !is_email(email)) {
            section.fault("email", "must be an e-mail address");
        }
        let number = |key| {
            let number = section.text(key, NAME)?;
            if !is_phone(&number) {
                section.fault(key, "must be a telephone number of 5 to 15 digits");
            }
            Some(number)
        };
        let (mobile, phone) = (number("mobile"), number("phone"));
        let name = section.need("name").and_then(|entry| entry.text(NAME))?;
        let sub = section.text("sub", NAME);
        Some(Contact { name, email, mobile, phone, sub })
    };
    root.tables("contact", None, DESK_CONTACTS_MAX).iter().filter_map(contact).collect()
}

fn is_email(text: &str) -> bool {
    let parts = text.split_once('@');
    parts.is_some_and(|(local, domain)| {
        !local.is_empty()
            && !domain.is_empty()
            && !domain.contains('@')
            && !text.contains(char::is_whitespace)
    })
}

/// Digits with the marks people put between them, and a leading `+`. Fifteen digits is what E.164 allows.
fn is_phone(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    (5..=15).contains(&digits) && text.chars().all(|c| c.is_ascii_digit() || "+ -./()".contains(c))
}

/// Whether customers of a channel are known without signing in: by a number, or because another system says
/// who they are.
fn knows_its_customers(channel: Channel) -> bool {
    channel != Channel::Chat
}
