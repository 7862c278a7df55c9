//! What an agent sees of an offer: the desk's template with its placeholders filled in, then masked (REQ S2-2, S2-14 to
//! S2-21, S3-2 to S3-4, S3-16, S4-6).

use std::borrow::Cow;

use serde::Serialize;

use super::customer::CustomerBody;
use super::pack::{Object, encode, fitting};
use super::project::{Named, View, cut};
use crate::desk::template::{Known, Placeholder, Template, Values};
use crate::desk::{Desktop, Notify, NotifyKind, Style, Word};
use crate::engine::conversation::{Conversation, Offer};
use crate::engine::effect::OfferEnd;
use crate::engine::id::{AgentId, OfferId};
use crate::engine::settings::{Auto, OfferKind, WorkItemKind};
use crate::limits::{
    CALL_VARIABLES_SHOWN_MAX, HEADING_CHARS_MAX, NOTIFICATION_VALUE_CHARS_MAX, PREVIEW_MESSAGES_MAX,
};
use crate::masking::Field;
use crate::shell::card::{Card, ContextValue};
use crate::shell::live::kind_name;
use crate::shell::wire::{ConversationName, NotificationName, Stamp};
use crate::web::words::{known, word};

/// A notification, without its preview.
#[derive(Debug, Serialize)]
struct NotificationBody<'a> {
    id: NotificationName,
    kind: &'static str,
    work_item_kind: &'static str,
    style: &'static str,
    title: String,
    /// It ends where a name would stand, and there is none: what a page may put there, in the language of the title.
    #[serde(skip_serializing_if = "Option::is_none")]
    title_open: Option<&'static str>,
    fields: Vec<FieldBody>,
    conversation: ConversationName,
    queue: Named<'a>,
    workstream: Named<'a>,
    customer: CustomerBody,
    /// Whom it is put to: the popover's agent (S3-2).
    agent: Named<'a>,
    /// Who hands it over.
    #[serde(skip_serializing_if = "Option::is_none")]
    sender: Option<Named<'a>>,
    proactive: bool,
    received_at: Stamp,
    offered_at: Stamp,
    timeout_s: u64,
    deadline: Stamp,
    show_timeout: bool,
    can_reject: bool,
    accept_label: &'a str,
    /// The desk's own words; else a desktop in another language uses its own.
    accept_worded: bool,
    auto: &'static str,
    desktop: &'static str,
}

#[derive(Debug, Serialize)]
struct FieldBody {
    label: String,
    value: String,
    /// The value is a wait that goes on: a page may count it up from `received_at`.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
}

impl View<'_> {
    /// A `notification` frame; none when this conversation is not being offered to this agent.
    pub fn notification(&self, agent: AgentId, conversation: &Conversation) -> Option<String> {
        let (body, preview) = self.notification_parts(agent, conversation)?;
        let mut frame = Object::frame("notification");
        frame.fields(&body);
        let kept = preview.len() - fitting(preview.iter().rev(), frame.room());
        Some(frame.list("preview", &preview[kept..]).finish())
    }

    /// A notification as it stands in `welcome`, without `t`; the preview only as far as `room` bytes go.
    pub(super) fn notification_json(
        &self,
        agent: AgentId,
        conversation: &Conversation,
        room: usize,
    ) -> Option<String> {
        let (body, preview) = self.notification_parts(agent, conversation)?;
        let body_json = encode(&body);
        let kept = preview.len() - fitting(preview.iter().rev(), room.saturating_sub(body_json.len() + 16));
        Some(Object::new().fields(&body).list("preview", &preview[kept..]).finish())
    }

    /// A `notification_closed` frame.
    pub fn notification_closed(&self, offer: OfferId, end: OfferEnd) -> String {
        Object::frame("notification_closed")
            .field("id", &NotificationName(offer))
            .field("reason", end.name())
            .finish()
    }

    fn notification_parts(
        &self,
        agent: AgentId,
        conversation: &Conversation,
    ) -> Option<(NotificationBody<'_>, Vec<String>)> {
        let offer = conversation.phase.offer().filter(|offer| offer.agent == agent)?;
        let card = self.card(conversation)?;
        let settings = self.settings_of(conversation);
        let template = settings.map(|settings| settings.notify(notify_kind(offer.kind)));
        let values = CardValues { view: self, card, conversation, agent: self.agent(agent) };
        let customer = self.customer(card);
        let mut fields = template.map_or_else(Vec::new, |template| self.fields(template, &values));
        if wire_kind(offer, conversation.kind) == "bot_escalation" {
            fields.extend(self.bot_reason(card));
        }
        if conversation.kind == WorkItemKind::Voice {
            fields.extend(self.learned(template, card));
        }
        let worded = template.and_then(|template| template.accept_label.as_ref());
        let worded = worded.map(|label| label.get(self.lang(), &self.world.desk.locale).as_str());
        let title = template.map(|template| template.title.get(self.lang(), &self.world.desk.locale));
        let names = |title: &Template| title.ends_with() == Some(&Placeholder::Known(Known::CustomerName));
        let language = known([self.lang()]);
        let body = NotificationBody {
            id: NotificationName(offer.id),
            title_open: (customer.name.is_empty() && title.is_some_and(names))
                .then(|| word(language, "somebody")),
            kind: wire_kind(offer, conversation.kind),
            work_item_kind: kind_name(conversation.kind),
            style: template.map_or(Style::Alert, |template| template.style).word(),
            title: match title {
                Some(title) => self.expanded(title, &values, HEADING_CHARS_MAX),
                // The workstream is gone while the offer runs (S3-9).
                None => customer.name.clone(),
            },
            fields,
            conversation: ConversationName(conversation.id),
            queue: self.queue(conversation.queue),
            workstream: self.workstream(conversation.workstream),
            customer,
            agent: self.agent(agent),
            sender: offer.sender.map(|sender| self.agent(sender)),
            proactive: card.proactive.is_some(),
            received_at: Stamp(conversation.arrived_wall_ms),
            offered_at: Stamp(offer.made_wall_ms),
            // The offer's own, not the template's: a desk may have changed since.
            timeout_s: u64::try_from(offer.deadline_wall_ms - offer.made_wall_ms).unwrap_or(0).div_ceil(1000),
            deadline: Stamp(offer.deadline_wall_ms),
            show_timeout: template.is_none_or(|template| template.show_timeout),
            can_reject: offer.auto == Auto::None && template.is_none_or(Notify::can_reject),
            accept_label: worded.unwrap_or_else(|| accept_label(offer.auto, conversation.kind, self.lang())),
            accept_worded: worded.is_some(),
            auto: auto_word(offer.auto),
            desktop: template.map_or(Desktop::Background, |template| template.desktop).word(),
        };
        Some((body, self.preview(conversation, card)))
    }

    fn fields(&self, template: &Notify, values: &CardValues<'_>) -> Vec<FieldBody> {
        let field = |field: &crate::desk::notify::Field| FieldBody {
            label: field.label.get(self.lang(), &self.world.desk.locale).clone(),
            value: self.expanded(&field.value, values, NOTIFICATION_VALUE_CHARS_MAX),
            kind: is_wait(&field.value).then_some("wait_time"),
        };
        template.fields.iter().map(field).collect()
    }

    /// Why a bot has handed over (S2-4): in its own words, or the box's for what befell it.
    fn bot_reason(&self, card: &Card) -> Option<FieldBody> {
        let reason = crate::shell::bots::bot_reason(card)?;
        let value = match bot_end_text(reason, self.lang()) {
            Some(text) => text.to_owned(),
            None => self.line(Field::Text, reason, NOTIFICATION_VALUE_CHARS_MAX),
        };
        let label = match primary(self.lang()) {
            "nl" => "Reden",
            "cs" => "Důvod",
            "da" => "Årsag",
            _ => "Reason",
        };
        Some(FieldBody { label: label.to_owned(), value, kind: None })
    }

    /// What the PBX's bot has learned of a caller (S2-18), unless the desk picks from it by itself (S2-20).
    fn learned(&self, template: Option<&Notify>, card: &Card) -> Vec<FieldBody> {
        let picks = |field: &crate::desk::notify::Field| {
            field.value.placeholders().any(|placeholder| matches!(placeholder, Placeholder::Context(_)))
        };
        if template.is_some_and(|template| template.fields.iter().any(picks)) {
            return Vec::new();
        }
        let field = |(key, value): &(String, ContextValue)| {
            let value = self.variable(key, value);
            // The name the PBX gives it is all there is to call it by; written as beside the session.
            let label = self.line(Field::Text, &key.replace(['_', '-'], " "), HEADING_CHARS_MAX);
            FieldBody { label: capitalised(&label), value, kind: None }
        };
        card.variables().take(CALL_VARIABLES_SHOWN_MAX).map(field).collect()
    }

    fn variable(&self, key: &str, value: &ContextValue) -> String {
        match self.context_value(key, value) {
            ContextValue::Text(text) => cut(&text, NOTIFICATION_VALUE_CHARS_MAX).into_owned(),
            ContextValue::Number(number) => number.to_string(),
            ContextValue::Flag(flag) => flag.to_string(),
        }
    }

    /// A template with its values. Each value is masked by what it is, and the whole once more: two values side by
    /// side may read as a number that neither of them is.
    fn expanded(&self, template: &Template, values: &CardValues<'_>, chars_max: usize) -> String {
        self.line(Field::Text, &template.expand(&values), chars_max)
    }

    /// The newest messages, oldest first.
    fn preview(&self, conversation: &Conversation, card: &Card) -> Vec<String> {
        let Some(tail) = self.world.tails.get(&conversation.id.0) else { return Vec::new() };
        let name = self.name(&card.customer.name);
        let newest = tail.messages().rev().take(PREVIEW_MESSAGES_MAX).collect::<Vec<_>>();
        newest.into_iter().rev().map(|message| self.message_json(conversation.id, &name, message)).collect()
    }
}

/// Where a template's values come from: one conversation, masked.
struct CardValues<'a> {
    view: &'a View<'a>,
    card: &'a Card,
    conversation: &'a Conversation,
    agent: Named<'a>,
}

impl<'v> Values<'v> for &'v CardValues<'v> {
    fn value(&self, placeholder: &Placeholder) -> Option<Cow<'v, str>> {
        let known = match placeholder {
            Placeholder::Known(known) => *known,
            Placeholder::Context(key) => return self.context(key).map(Cow::Owned),
            Placeholder::Answer(id) => {
                let answer = self.card.answers.iter().find(|(known, _)| **known == **id)?;
                return Some(
                    cut(&self.view.answer(self.card, id, &answer.1).value, NOTIFICATION_VALUE_CHARS_MAX)
                        .into_owned()
                        .into(),
                );
            }
        };
        self.known(known)
    }
}

impl CardValues<'_> {
    fn known(&self, known: Known) -> Option<Cow<'_, str>> {
        let (card, view) = (self.card, self.view);
        let case = self.conversation.kind == WorkItemKind::Case;
        let about = || card.comment.as_deref().map(|comment| self.line(Field::Text, comment).into());
        match known {
            Known::CustomerName => Some(view.customer_name(card).into()),
            Known::CustomerPhone => self.given(Field::Phone, &card.customer.phone),
            Known::CustomerEmail => self.given(Field::Email, &card.customer.email),
            Known::Comment => about().filter(|_| !case),
            Known::CaseTitle => about().filter(|_| case),
            Known::CaseId => card.reference().map(|id| self.line(Field::Text, id).into()),
            Known::WaitTime => Some(self.wait().into()),
            Known::Queue => Some(view.queue(self.conversation.queue).name.into()),
            Known::Workstream => Some(view.workstream(self.conversation.workstream).name.into()),
            Known::PageUrl => card.page.as_ref().map(|page| view.url(&page.url).into()),
            Known::PageTitle => card.page.as_ref().map(|page| self.line(Field::Text, &page.title).into()),
            Known::Language => self.given(Field::Text, &card.customer.locale),
            Known::Device => self.context("device").map(Cow::Owned),
            Known::AgentName => Some(self.agent.name.into()),
            // Only customers are told these.
            Known::Minutes | Known::Position | Known::OpensAt | Known::Reference => None,
        }
    }

    fn given(&self, field: Field, text: &str) -> Option<Cow<'_, str>> {
        (!text.is_empty()).then(|| self.line(field, text).into())
    }

    fn line(&self, field: Field, text: &str) -> String {
        self.view.line(field, text, NOTIFICATION_VALUE_CHARS_MAX)
    }

    fn context(&self, key: &str) -> Option<String> {
        let (_, value) = self.card.context.iter().find(|(known, _)| known == key)?;
        Some(self.view.variable(key, value))
    }

    /// Time since the request was received (S3-3): `0:41`, `1:02:03`.
    fn wait(&self) -> String {
        let waited_ms = self.view.world.now.wall_ms - self.conversation.arrived_wall_ms;
        let s = u64::try_from(waited_ms).unwrap_or(0) / 1000;
        match s / 3600 {
            0 => format!("{}:{:02}", s / 60, s % 60),
            hours => format!("{hours}:{:02}:{:02}", s / 60 % 60, s % 60),
        }
    }
}

/// Is the value nothing but the time waited?
fn is_wait(template: &Template) -> bool {
    let mut placeholders = template.placeholders();
    placeholders.next() == Some(&Placeholder::Known(Known::WaitTime))
        && template.source().trim() == "{wait_time}"
}

/// The template of an offer.
const fn notify_kind(kind: OfferKind) -> NotifyKind {
    match kind {
        OfferKind::Incoming => NotifyKind::Incoming,
        OfferKind::Returned => NotifyKind::Returned,
        OfferKind::Transfer => NotifyKind::Transfer,
        OfferKind::Conference => NotifyKind::Conference,
        OfferKind::Escalation => NotifyKind::Escalation,
        OfferKind::Assigned => NotifyKind::Assigned,
    }
}

/// A notification's kind on the wire. An escalation nobody of the staff sent is a bot's.
const fn wire_kind(offer: &Offer, kind: WorkItemKind) -> &'static str {
    match offer.kind {
        OfferKind::Incoming => kind_name(kind),
        OfferKind::Returned => "customer_returned",
        OfferKind::Transfer => "transfer",
        OfferKind::Conference => "conference",
        OfferKind::Escalation if offer.sender.is_none() => "bot_escalation",
        OfferKind::Escalation => "escalation",
        OfferKind::Assigned => "assigned",
    }
}

fn capitalised(text: &str) -> String {
    let mut signs = text.chars();
    signs.next().map_or_else(String::new, |first| first.to_uppercase().chain(signs).collect())
}

const fn auto_word(auto: Auto) -> &'static str {
    match auto {
        Auto::None => "none",
        Auto::Assign => "assign",
        Auto::Accept => "accept",
    }
}

fn primary(lang: &str) -> &str {
    lang.split('-').next().unwrap_or(lang)
}

/// What befell a bot, in words; none when the reason is its own.
fn bot_end_text(reason: &str, lang: &str) -> Option<&'static str> {
    let by_language: [&str; 4] = match reason {
        "handed_over" => ["The bot hands over", "De bot draagt over", "Bot předává", "Botten giver videre"],
        "no_answer" => {
            ["The bot did not answer", "De bot gaf geen antwoord", "Bot neodpověděl", "Botten svarede ikke"]
        }
        "gone" => [
            "The bot's connection was lost",
            "De verbinding met de bot is weg",
            "Spojení s botem je přerušeno",
            "Forbindelsen til botten er tabt",
        ],
        "loops" => {
            ["The bot went round in circles", "De bot bleef praten", "Bot se zacyklil", "Botten kørte i ring"]
        }
        "customer_asked" => [
            "The customer asks for a person",
            "De klant vraagt om een mens",
            "Zákazník žádá člověka",
            "Kunden beder om et menneske",
        ],
        _ => return None,
    };
    Some(match primary(lang) {
        "nl" => by_language[1],
        "cs" => by_language[2],
        "da" => by_language[3],
        _ => by_language[0],
    })
}

/// What the button says: what is already the agent's is opened, not accepted (S2-21).
fn accept_label(auto: Auto, kind: WorkItemKind, lang: &str) -> &'static str {
    let opens = auto != Auto::None || kind == WorkItemKind::Case;
    match (lang.split('-').next().unwrap_or(lang), opens) {
        ("nl", false) => "Aannemen",
        ("nl", true) => "Openen",
        ("cs", false) => "Přijmout",
        ("cs", true) => "Otevřít",
        ("da", false) => "Accepter",
        ("da", true) => "Åbn",
        (_, false) => "Accept",
        (_, true) => "Open",
    }
}
