//! `[[widget]]`: where it may stand, what it asks, whom it invites.

use crate::desk::language::Lang;
use crate::desk::read::{Entry, NAME, Section, TEXT, shown};
use crate::desk::template::Placeholder;
use crate::desk::widget::{
    Audience, Condition, Device, Origin, PagePattern, Prechat, PrechatKind, Proactive, Rule, Widget,
};
use crate::desk::words::Word;
use crate::limits::{
    DESK_ORIGINS_MAX, DESK_PRECHAT_MAX, DESK_PRECHAT_OPTIONS_MAX, DESK_RULE_ENTRIES_MAX, DESK_RULES_MAX,
    DESK_WAIT_H_MAX, DESK_WAIT_S_MAX, DESK_WIDGETS_MAX,
};

pub(super) fn all(root: &Section<'_>) -> Vec<Widget> {
    root.tables("widget", Some("id"), DESK_WIDGETS_MAX).iter().filter_map(one).collect()
}

fn one(section: &Section<'_>) -> Option<Widget> {
    let workstream = section.need("workstream").and_then(|entry| entry.reference("workstream"));
    let allowed_origins = match section.get("allowed_origins") {
        Some(entry) => origins(&entry),
        None => vec![Origin::Own],
    };
    let hours = section.reference("hours", "hours");
    let title = section.localized("title", NAME);
    let prechat = section.tables("prechat", Some("id"), DESK_PRECHAT_MAX);
    let prechat = prechat.iter().filter_map(prechat_question).collect();
    let proactive = section.section("proactive").map(|section| proactive(&section)).unwrap_or_default();
    Some(Widget {
        id: section.id("id")?,
        workstream: workstream?,
        allowed_origins,
        hours,
        title,
        prechat,
        proactive,
    })
}

fn origins(entry: &Entry<'_>) -> Vec<Origin> {
    let mut origins = Vec::new();
    for entry in entry.list(DESK_ORIGINS_MAX) {
        let Some(text) = entry.raw() else { continue };
        match Origin::parse(text) {
            None => entry.fault(format!(
                "must be \"self\" or a site such as https://shop.example, with nothing after the host, not {:?}",
                shown(text)
            )),
            Some(origin) if origins.contains(&origin) => entry.fault("stands in the list twice"),
            Some(origin) => origins.push(origin),
        }
    }
    origins
}

fn prechat_question(section: &Section<'_>) -> Option<Prechat> {
    let label = section.need("label").and_then(|entry| entry.localized(NAME));
    let kind = section.word("kind").unwrap_or(PrechatKind::Text);
    let required = section.flag("required").unwrap_or(false);
    let options = section.list("options", DESK_PRECHAT_OPTIONS_MAX);
    let options: Vec<_> = options.iter().filter_map(|entry| entry.localized(NAME)).collect();
    match (kind == PrechatKind::Choice, options.is_empty()) {
        (true, true) => section.fault("options", "is missing: a choice needs something to choose from"),
        (false, false) => section.fault("options", "is for questions of kind choice"),
        _ => {}
    }
    Some(Prechat { id: section.id("id")?, label: label?, kind, required, options })
}

fn proactive(section: &Section<'_>) -> Proactive {
    let enabled = section.flag("enabled").unwrap_or(false);
    let rules = section.tables("rule", Some("id"), DESK_RULES_MAX);
    let visitor_max_per_day = section.number("visitor_max_per_day", 1..=u32::MAX);
    Proactive { enabled, visitor_max_per_day, rules: rules.iter().filter_map(rule).collect() }
}

fn rule(section: &Section<'_>) -> Option<Rule> {
    let text =
        section.need("text").and_then(|entry| entry.template_by_language(TEXT, &Placeholder::is_general));
    let seconds = |key| section.number(key, 0..=DESK_WAIT_S_MAX).unwrap_or(0);
    let day = |key| section.get(key).and_then(|entry| super::hours::date(&entry));
    let (from, until) = (day("from"), day("until"));
    if from.zip(until).is_some_and(|(from, until)| until < from) {
        section.fault("until", "is before from: nobody could match");
    }
    let rule = Rule {
        r#where: pages(section, "where"),
        path: pages(section, "path"),
        min_seconds_on_page: seconds("min_seconds_on_page"),
        min_seconds_on_site: seconds("min_seconds_on_site"),
        min_scroll_percent: section.number("min_scroll_percent", 0..=100).unwrap_or(0),
        leaving: section.flag("leaving").unwrap_or(false),
        audience: section.section("audience").map(|section| audience(&section)).unwrap_or_default(),
        when: section.reference("when", "hours"),
        from,
        until,
        again_after_h: section.number("again_after_h", 0..=DESK_WAIT_H_MAX).unwrap_or(24),
        max_per_day: section.number("max_per_day", 1..=u32::MAX),
        id: section.id("id")?,
        text: text?,
    };
    Some(rule)
}

fn pages(section: &Section<'_>, key: &'static str) -> Vec<PagePattern> {
    let page = |entry: &Entry<'_>| {
        let text = entry.text(NAME)?;
        let pattern = PagePattern::parse(&text);
        if pattern.is_none() {
            entry.fault("must begin with /, * or https:// and hold no space");
        }
        pattern
    };
    section.list(key, DESK_RULE_ENTRIES_MAX).iter().filter_map(page).collect()
}

fn audience(section: &Section<'_>) -> Audience {
    let language = |entry: &Entry<'_>| {
        let lang = Lang::new(entry.raw()?);
        if lang.is_none() {
            entry.fault("must be a language such as en, nl, cs or da");
        }
        lang
    };
    let min_visits = section.number("min_visits", 0..=u32::MAX).unwrap_or(0);
    let max_visits = section.number("max_visits", 0..=u32::MAX);
    if max_visits.is_some_and(|max| max < min_visits) {
        section.fault("max_visits", "is below min_visits: nobody could match");
    }
    Audience {
        min_visits,
        max_visits,
        referrer: pages(section, "referrer"),
        device: section.get("device").map(|entry| entry.words(Device::ALL)).unwrap_or_default(),
        language: section.list("language", DESK_RULE_ENTRIES_MAX).iter().filter_map(language).collect(),
        authenticated: section.flag("authenticated"),
        context: section.section("context").map(context).unwrap_or_default(),
    }
}

/// `{ plan = "gold", items = ">= 3" }`: what a page says about a visitor, as text.
fn context(section: Section<'_>) -> Vec<(Box<str>, Condition)> {
    let keys = section.keys();
    if keys.len() > DESK_RULE_ENTRIES_MAX {
        section.fault_here(format!(
            "holds {} variables; at most {DESK_RULE_ENTRIES_MAX} are allowed",
            keys.len()
        ));
    }
    let variable = |key: &String| {
        let entry = section.get_own(key)?;
        if key.is_empty() || key.len() > crate::limits::DESK_PLACEHOLDER_KEY_BYTES_MAX {
            entry.fault("must be a key of 1 to 64 bytes");
        }
        let value = entry.scalar_text(NAME)?;
        let condition = Condition::parse(&value);
        if condition.is_none() {
            entry.fault("must compare with a number, as in \">= 3\"");
        }
        Some((key.as_str().into(), condition?))
    };
    let variables = keys.iter().take(DESK_RULE_ENTRIES_MAX).filter_map(variable).collect();
    section.all_keys_seen();
    variables
}
