//! What needs more than one part of the desk to be seen: contradictions are faults, oddities are warnings.

mod bot;

use std::collections::BTreeMap;

use super::ids::Id;
use super::language::ByLanguage;
use super::model::{Channel, Desk, Distribution, Role};
use super::notify::NotifyKind;
use super::read::{Sheet, join};
use super::template::{Placeholder, Template};
use super::words::Word;
use super::workstream::{Workstream, Wrapup};

/// Checks a desk that was read from `sheet`.
pub(super) fn desk(desk: &Desk, sheet: &Sheet) {
    sheet.check_references();
    people(desk, sheet);
    tokens(desk, sheet);
    modems(desk, sheet);
    for workstream in &desk.workstreams {
        wrapup(workstream, sheet);
        members(desk, workstream, sheet);
        answers(desk, workstream, sheet);
    }
    for bot in &desk.bots {
        bot::steps(bot, sheet);
    }
    bot::names(desk, sheet);
    widgets(desk, sheet);
    quick_replies(desk, sheet);
    contacts(desk, sheet);
}

/// Usernames are told apart by more than capitals: people do not type those the same way twice.
fn people(desk: &Desk, sheet: &Sheet) {
    let mut seen = BTreeMap::new();
    for agent in &desk.agents {
        let lower = agent.username.as_str().to_ascii_lowercase();
        if let Some(other) = seen.insert(lower, &agent.username).filter(|other| **other != agent.username) {
            let path = join(&join("agent", agent.username.as_str()), "username");
            sheet.fault(&path, format!("differs from {other} by capitals only"));
        }
    }
}

/// A secret is looked up to find its token; two tokens of one secret would be one of them at random.
fn tokens(desk: &Desk, sheet: &Sheet) {
    for (index, token) in desk.tokens.iter().enumerate() {
        let same = |other: &&super::model::Token| {
            !token.secret.is_absent() && other.secret == token.secret && other.name != token.name
        };
        if let Some(other) = desk.tokens[..index].iter().find(same) {
            let path = join(&join("token", token.name.as_str()), "secret");
            sheet.fault(&path, format!("is the same as that of {}", other.name));
        }
    }
}

/// What comes into a folder is one workstream's: two would each take it for theirs.
fn modems(desk: &Desk, sheet: &Sheet) {
    let mut seen = BTreeMap::new();
    for workstream in &desk.workstreams {
        let Some(sms) = workstream.sms.as_ref().filter(|sms| sms.keeper().is_some()) else { continue };
        let folder = sms.folder.trim_end_matches('/');
        if let Some(other) = seen.insert(folder, &workstream.id).filter(|_| !folder.is_empty()) {
            sheet.fault(&join(&path_of(workstream, "sms"), "folder"), format!("is that of {other} already"));
        }
    }
}

fn path_of(workstream: &Workstream, key: &str) -> String {
    join(&join("workstream", workstream.id.as_str()), key)
}

fn wrapup(workstream: &Workstream, sheet: &Sheet) {
    if workstream.wrapup != Wrapup::Required {
        return;
    }
    // What was written and is at fault is there all the same.
    if !sheet.holds("wrapup_reason") {
        sheet.fault(&path_of(workstream, "wrapup"), "is required, but the desk has no wrapup_reason");
    }
    if workstream.wrapup_deadline_s > 0 && workstream.wrapup_default.is_none() {
        let message = "is missing: wrapup_deadline_s needs a reason to close with";
        sheet.fault(&path_of(workstream, "wrapup_default"), message);
    }
}

/// A workstream nobody can ever take is a desk that loses its customers quietly.
fn members(desk: &Desk, workstream: &Workstream, sheet: &Sheet) {
    let members: Vec<_> = desk.members(&workstream.queue).filter(|agent| agent.is(Role::Agent)).collect();
    if members.is_empty() {
        sheet.warn(&path_of(workstream, "queue"), format!("no agent has the queue {}", workstream.queue));
    } else if members.iter().all(|agent| agent.capacity < workstream.units) {
        let message = format!("no agent of the queue {} has that much capacity", workstream.queue);
        sheet.warn(&path_of(workstream, "units"), message);
    }
    if workstream.channel == Channel::Voice {
        for agent in members.iter().filter(|agent| agent.extension.is_none()) {
            let path = join(&join("agent", agent.username.as_str()), "extension");
            sheet.warn(
                &path,
                format!("is missing: calls are sent to {:?}, the username", agent.username.as_str()),
            );
        }
    }
    let picked = |queue: &super::model::Queue| queue.distribution == Distribution::Pick;
    if workstream.channel == Channel::Case && desk.queue(workstream.queue.as_str()).is_some_and(picked) {
        let message = "cases are always assigned, and nobody is assigned from a queue that is picked from";
        sheet.fault(&path_of(workstream, "queue"), message);
    }
}

/// `{answers.ID}` of a question nobody asks is empty for ever.
fn answers(desk: &Desk, workstream: &Workstream, sheet: &Sheet) {
    let asked = |id: &str| {
        let widgets = desk.widgets.iter().filter(|widget| widget.workstream == workstream.id);
        widgets.flat_map(|widget| &widget.prechat).any(|question| question.id == id)
    };
    for kind in NotifyKind::ALL {
        let Some(written) = workstream.notify.written(*kind) else { continue };
        let titles = written.title.iter().flat_map(templates);
        let values = written.fields.iter().flatten().map(|field| &field.value);
        for placeholder in titles.chain(values).flat_map(Template::placeholders) {
            if matches!(placeholder, Placeholder::Answer(id) if !asked(id)) {
                let path = join(&path_of(workstream, "notify"), kind.word());
                sheet.warn(&path, format!("{placeholder}: no widget of this workstream asks that"));
            }
        }
    }
}

fn templates(texts: &ByLanguage<Template>) -> impl Iterator<Item = &Template> {
    texts.iter().map(|(_, text)| text)
}

fn widgets(desk: &Desk, sheet: &Sheet) {
    for widget in &desk.widgets {
        let workstream = desk.workstream(widget.workstream.as_str());
        if let Some(workstream) = workstream.filter(|workstream| workstream.channel != Channel::Chat) {
            let path = join(&join("widget", widget.id.as_str()), "workstream");
            sheet.fault(&path, format!("{} is of channel {}, not chat", workstream.id, workstream.channel));
        }
        if workstream.is_some_and(|workstream| workstream.auth.is_none()) {
            for rule in widget.proactive.rules.iter().filter(|rule| rule.audience.authenticated.is_some()) {
                let way =
                    [widget.id.as_str(), "proactive", "rule", rule.id.as_str(), "audience", "authenticated"];
                let path = way.iter().fold("widget".to_owned(), |path, part| join(&path, part));
                sheet.fault(&path, "needs keys to tell: the widget's workstream has no auth");
            }
        }
    }
}

/// S3-27: an agent's message with one of these is refused, so such a reply could never be sent.
fn quick_replies(desk: &Desk, sheet: &Sheet) {
    for reply in &desk.quick_replies {
        if templates(&reply.text).any(|text| text.source().contains(['<', '>'])) {
            let path = join(&join("quick_reply", reply.id.as_str()), "text");
            sheet.warn(&path, "holds < or >, which agents cannot send");
        }
    }
}

/// S2-22 and S1-12 find one contact by a number or address; of two, neither is linked.
fn contacts(desk: &Desk, sheet: &Sheet) {
    let mut seen = BTreeMap::new();
    for (index, contact) in desk.contacts.iter().enumerate() {
        let digits = |number: &String| number.chars().filter(char::is_ascii_digit).collect::<String>();
        for (key, value) in [
            ("email", contact.email.as_ref().map(|email| email.to_lowercase())),
            ("mobile", contact.mobile.as_ref().map(digits)),
        ] {
            let Some(value) = value else { continue };
            if let Some(first) = seen.insert((key, value), index) {
                let message =
                    format!("is that of contact[{first}] too: a customer with it is linked to neither");
                sheet.warn(&format!("contact[{index}].{key}"), message);
            }
        }
    }
}
