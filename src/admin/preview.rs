//! What a form comes to: alerts, texts and invitations filled with an example, masks tried on a text.

use std::borrow::Cow;

use super::document::Place;
use super::exchange::Refused;
use super::field::Panel;
use super::frame::{short, zone};
use super::pages::Pages;
use super::show::word_label;
use crate::desk::template::{Known, Placeholder, Template};
use crate::desk::{ByLanguage, Desk, Id, Masking, Notify, NotifyKind, Style, TextKey, Word, Workstream};
use crate::masking::{Masker, Settings};

/// What stands beside a form.
pub(super) enum PanelView {
    None,
    /// The form does not load as it stands.
    Faulty,
    Alerts(Vec<AlertView>),
    /// What it is for, and the text.
    Texts(Vec<(String, String)>),
    Masks {
        typed: String,
        shown: String,
    },
    Snippet {
        code: String,
        page: String,
        has_public_url: bool,
    },
    Hours(String),
}

/// An alert as an agent sees it.
pub(super) struct AlertView {
    pub(super) kind: String,
    pub(super) style: &'static str,
    pub(super) title: String,
    pub(super) fields: Vec<(String, String)>,
    pub(super) countdown: Option<u32>,
    pub(super) buttons: Vec<&'static str>,
}

/// What the masks are tried on when nothing is typed.
const TRY: &str = "I am Melissa, melissa@gmail.com or +44 7966 197542. My card is 4111 1111 1111 1111.";

/// The panel of a page. `desk` is what the form comes to; none when it does not load.
pub(super) fn panel(
    pages: &Pages,
    place: &Place,
    panel: Panel,
    desk: Option<&Desk>,
    typed: &str,
) -> Result<PanelView, Refused> {
    if panel == Panel::None {
        return Ok(PanelView::None);
    }
    let Some(desk) = desk else { return Ok(PanelView::Faulty) };
    let id = place.id.as_deref().unwrap_or_default();
    Ok(match panel {
        Panel::None => PanelView::None,
        Panel::Alert | Panel::OtherAlerts => {
            let is_shown = |kind: &NotifyKind| (*kind == NotifyKind::Incoming) == (panel == Panel::Alert);
            desk.workstream(id).map_or(PanelView::None, |stream| alerts(desk, stream, is_shown))
        }
        Panel::Texts => desk.workstream(id).map_or(PanelView::None, |stream| texts(desk, stream)),
        Panel::Reply => {
            let reply = desk.quick_replies.iter().find(|reply| reply.id == id);
            reply.map_or(PanelView::None, |reply| each(desk, &reply.text))
        }
        Panel::Invitation => {
            let widget = place.within.as_deref().and_then(|widget| desk.widget(widget));
            let rule = widget.and_then(|widget| widget.proactive.rules.iter().find(|rule| rule.id == id));
            rule.map_or(PanelView::None, |rule| each(desk, &rule.text))
        }
        Panel::Masks => {
            let typed = if typed.trim().is_empty() { TRY } else { typed };
            let shown = masker(&desk.masking).mask(typed).into_owned();
            PanelView::Masks { typed: typed.to_owned(), shown }
        }
        Panel::Snippet => snippet(pages, id)?,
        Panel::Hours => hours(pages, desk, id)?,
    })
}

fn masker(masking: &Masking) -> Masker {
    Masker::new(Settings {
        enabled: masking.enabled,
        pci: masking.pci,
        pii: masking.pii,
        phone_region: masking.phone_region.clone().unwrap_or_default(),
    })
}

fn alerts(desk: &Desk, stream: &Workstream, is_shown: impl Fn(&NotifyKind) -> bool) -> PanelView {
    let view = |kind: &NotifyKind| alert(desk, stream, *kind, stream.notify(*kind));
    PanelView::Alerts(NotifyKind::ALL.iter().filter(|kind| is_shown(kind)).map(view).collect())
}

fn alert(desk: &Desk, stream: &Workstream, kind: NotifyKind, notify: &Notify) -> AlertView {
    let masker = masker(&desk.masking);
    let words = |template: &Template| masker.mask(&expanded(desk, stream, template)).into_owned();
    let field =
        |field: &crate::desk::notify::Field| (field.label.get("", &desk.locale).clone(), words(&field.value));
    let buttons = match (notify.style, notify.can_reject()) {
        (Style::Toast, _) => vec!["Open"],
        (Style::Alert, true) => vec!["Accept", "Reject"],
        (Style::Alert, false) => vec!["Accept"],
    };
    AlertView {
        kind: if kind == NotifyKind::Incoming { "New work".to_owned() } else { word_label(kind.word()) },
        style: if notify.style == Style::Toast { "Toast" } else { "Alert" },
        title: words(notify.title.get("", &desk.locale)),
        fields: notify.fields.iter().map(field).filter(|(_, value)| !value.is_empty()).collect(),
        countdown: notify.show_timeout.then_some(notify.timeout_s),
        buttons,
    }
}

fn texts(desk: &Desk, stream: &Workstream) -> PanelView {
    let text = |key: &TextKey| {
        let text = stream.text(*key, desk.locale.as_str(), &desk.locale);
        (word_label(key.word()), expanded(desk, stream, text))
    };
    PanelView::Texts(TextKey::ALL.iter().map(text).collect())
}

/// A text in each of its languages.
fn each(desk: &Desk, text: &ByLanguage<Template>) -> PanelView {
    let Some(stream) = desk.workstreams.first() else { return PanelView::None };
    let one = |(lang, text): (Option<&crate::desk::Lang>, &Template)| {
        let language = lang.map_or_else(|| "Everybody".to_owned(), ToString::to_string);
        (language, expanded(desk, stream, text))
    };
    PanelView::Texts(text.iter().map(one).collect())
}

/// A template filled with an example.
fn expanded(desk: &Desk, stream: &Workstream, template: &Template) -> String {
    let queue = desk.queue(stream.queue.as_str()).map_or("", |queue| queue.name.as_str());
    let value = |placeholder: &Placeholder| -> Option<Cow<'_, str>> {
        let text: Cow<'_, str> = match placeholder {
            Placeholder::Known(known) => match known {
                Known::CustomerName => "Jan de Boer".into(),
                Known::CustomerPhone => "+31 6 1234 5678".into(),
                Known::CustomerEmail => "jan@example.com".into(),
                Known::Comment => "Is the lamp in stock?".into(),
                Known::WaitTime => "0:41".into(),
                Known::Queue => queue.into(),
                Known::Workstream => stream.name.as_str().into(),
                Known::PageUrl => "https://shop.example/product/lamp".into(),
                Known::PageTitle => "Desk lamp".into(),
                Known::Language => "nl".into(),
                Known::Device => "phone".into(),
                Known::CaseTitle => "Invoice 4711".into(),
                Known::CaseId => "4711".into(),
                Known::AgentName => desk.agents.first().map_or("Alice", |agent| agent.name.as_str()).into(),
                Known::Minutes => "3".into(),
                Known::Position => "2".into(),
                Known::OpensAt => "tomorrow at 08:00".into(),
                Known::Reference => "M-1042".into(),
            },
            Placeholder::Context(key) => format!("({key})").into(),
            Placeholder::Answer(id) => format!("({id})").into(),
        };
        Some(text)
    };
    template.expand(&value)
}

fn snippet(pages: &Pages, id: &str) -> Result<PanelView, Refused> {
    let site = pages.keeper.site()?;
    let has_public_url = site.public_url.is_some();
    let url = site.widget_url.trim_end_matches('/');
    Ok(PanelView::Snippet {
        code: format!("<script src=\"{url}/widget.js\" data-widget=\"{id}\" async></script>"),
        page: format!("{url}/widget/{id}"),
        has_public_url,
    })
}

fn hours(pages: &Pages, desk: &Desk, id: &str) -> Result<PanelView, Refused> {
    let Some(hours) = desk.hours(id) else { return Ok(PanelView::None) };
    let now = pages.keeper.clock()?.now;
    let zone = zone(desk);
    let change = hours.next_change(now).map(|change| short(change, now, &zone));
    let words = match (hours.is_open(now), change) {
        (true, Some(change)) => format!("Open now, until {change}."),
        (true, None) => "Open now, and at any time in the next two years.".to_owned(),
        (false, Some(change)) => format!("Closed now. Opens {change}."),
        (false, None) => "Closed now, and not open within the next two years.".to_owned(),
    };
    Ok(PanelView::Hours(words))
}
