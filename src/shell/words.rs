//! What the box itself says to customers, and the wire names of its states and codes.

use std::borrow::Cow;

use super::Shell;
use super::card::{Card, ContextValue, DEVICE};
use super::hours::Daytime;
use crate::desk::{Desk, Known, Placeholder, Template, TextKey, Workstream};
use crate::engine::conversation::State;
use crate::engine::effect::SystemCode;
use crate::engine::id::AgentId;

/// A system message's code on the wire.
pub(super) const fn code(code: SystemCode) -> &'static str {
    match code {
        SystemCode::AgentJoined => "agent_joined",
        SystemCode::AgentLeft => "agent_left",
        SystemCode::AgentEnded => "agent_ended",
        SystemCode::CustomerEnded => "customer_ended",
        SystemCode::Transferred => "transferred",
        SystemCode::OutOfHours => "out_of_hours",
        SystemCode::AssetRemoved => "asset_removed",
        SystemCode::SupervisorEnded => "supervisor_ended",
        SystemCode::CustomerLost => "customer_lost",
        SystemCode::AutoClosed => "auto_closed",
        SystemCode::Disconnected => "disconnected",
        SystemCode::Parked => "parked",
        SystemCode::CustomerReturned => "customer_returned",
        SystemCode::BotHandedOver => "bot_handed_over",
        SystemCode::BotEnded => "bot_ended",
    }
}

/// A conversation's state as its customer sees it: open, active or closed. Parked is open to her: she may
/// write at any time, and nobody has it in hand.
pub(super) const fn customer_state(state: State) -> &'static str {
    match state {
        State::Open | State::Waiting => "open",
        State::Active => "active",
        State::WrapUp | State::Closed => "closed",
    }
}

/// The words of a system message, in the customer's language.
pub(super) fn system(shell: &Shell, conversation: u64, code: SystemCode, agent: Option<AgentId>) -> String {
    let key = match code {
        SystemCode::AgentJoined => TextKey::AgentJoined,
        SystemCode::AgentLeft => TextKey::AgentLeft,
        SystemCode::AgentEnded => TextKey::AgentEnded,
        SystemCode::CustomerEnded => TextKey::CustomerEnded,
        SystemCode::Transferred => TextKey::Transferred,
        SystemCode::OutOfHours => TextKey::OutOfHoursPersistent,
        SystemCode::AssetRemoved => TextKey::AssetRemoved,
        SystemCode::SupervisorEnded => TextKey::SupervisorEnded,
        SystemCode::CustomerLost => TextKey::CustomerLost,
        SystemCode::AutoClosed => TextKey::AutoClosed,
        SystemCode::Disconnected => TextKey::Disconnected,
        SystemCode::BotHandedOver => TextKey::BotHandedOver,
        SystemCode::BotEnded => TextKey::BotEnded,
        SystemCode::Parked => TextKey::Parked,
        SystemCode::CustomerReturned => TextKey::CustomerReturned,
    };
    let agent_name = agent.map(|agent| shell.names_of(agent).1);
    let Some(card) = shell.cards.get(&conversation) else { return String::new() };
    let Some(workstream) = shell.desk.workstream(&card.workstream) else {
        return key
            .default_text(&card.customer.locale)
            .expand(&|_: &Placeholder| agent_name.as_deref().map(Cow::Borrowed));
    };
    let extra = Extra { agent_name: agent_name.as_deref(), ..Extra::default() };
    text(&shell.desk, workstream, card, key, &extra, shell.now.wall_ms)
}

/// What a text may mention beside the card.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Extra<'a> {
    pub(super) agent_name: Option<&'a str>,
    pub(super) position: Option<u32>,
    pub(super) minutes: Option<u32>,
    pub(super) reference: Option<&'a str>,
}

/// A text of a workstream with its values.
pub(super) fn text(
    desk: &Desk,
    workstream: &Workstream,
    card: &Card,
    key: TextKey,
    extra: &Extra<'_>,
    wall_ms: i64,
) -> String {
    let template = workstream.text(key, &card.customer.locale, &desk.locale);
    expand(desk, workstream, card, template, extra, wall_ms)
}

/// Any text with its values.
pub(super) fn expand(
    desk: &Desk,
    workstream: &Workstream,
    card: &Card,
    template: &Template,
    extra: &Extra<'_>,
    wall_ms: i64,
) -> String {
    template.expand(&|placeholder: &Placeholder| value(desk, workstream, card, placeholder, extra, wall_ms))
}

fn value<'v>(
    desk: &'v Desk,
    workstream: &'v Workstream,
    card: &'v Card,
    placeholder: &Placeholder,
    extra: &Extra<'v>,
    wall_ms: i64,
) -> Option<Cow<'v, str>> {
    let known = match placeholder {
        Placeholder::Known(known) => *known,
        Placeholder::Context(key) => {
            let (_, value) = card.context.iter().find(|(name, _)| **name == **key)?;
            return Some(match value {
                ContextValue::Text(text) => Cow::Borrowed(text),
                ContextValue::Number(number) => Cow::Owned(number.to_string()),
                ContextValue::Flag(flag) => Cow::Borrowed(if *flag { "true" } else { "false" }),
            });
        }
        Placeholder::Answer(id) => {
            let (_, answer) = card.answers.iter().find(|(name, _)| **name == **id)?;
            return Some(Cow::Borrowed(answer));
        }
    };
    match known {
        Known::CustomerName => Some(Cow::Borrowed(&card.customer.name)),
        Known::CustomerPhone => Some(Cow::Borrowed(&card.customer.phone)),
        Known::CustomerEmail => Some(Cow::Borrowed(&card.customer.email)),
        Known::Comment | Known::CaseTitle => card.comment.as_deref().map(Cow::Borrowed),
        Known::CaseId => card.reference().map(Cow::Borrowed),
        Known::Queue => desk.queue(&card.queue).map(|queue| Cow::Borrowed(queue.name.as_str())),
        Known::Workstream => Some(Cow::Borrowed(&workstream.name)),
        Known::PageUrl => card.page.as_ref().map(|page| Cow::Borrowed(page.url.as_str())),
        Known::PageTitle => card.page.as_ref().map(|page| Cow::Borrowed(page.title.as_str())),
        Known::Language => Some(Cow::Borrowed(&card.customer.locale)),
        Known::AgentName => extra.agent_name.map(Cow::Borrowed),
        Known::Position => extra.position.map(|position| Cow::Owned(position.to_string())),
        Known::Minutes => extra.minutes.map(|minutes| Cow::Owned(minutes.to_string())),
        Known::Reference => extra.reference.map(Cow::Borrowed),
        Known::OpensAt => Daytime::at(wall_ms).opening_text(desk, workstream).map(Cow::Owned),
        Known::WaitTime => {
            let minutes = wall_ms.saturating_sub(card.started_ms).max(0) / 60_000;
            Some(Cow::Owned(format!("{minutes} min")))
        }
        Known::Device => card.context.iter().find_map(|(key, value)| match value {
            ContextValue::Text(device) if key == DEVICE => Some(Cow::Borrowed(device.as_str())),
            _ => None,
        }),
    }
}
