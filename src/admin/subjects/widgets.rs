//! Widgets, their questions and their invitations.

use super::super::document::{at, texts_of};
use super::super::field::{Cell, Column, Field, Kind, List, Panel, Set, Source, Subject, Tab};
use super::{number, words};

/// What a site embeds.
pub(in crate::admin) static WIDGETS: Subject = Subject {
    slug: "widgets",
    one: "widget",
    many: "Widgets",
    lede: "What a site embeds so that its visitors can chat. One line of HTML, shown on each widget's page.",
    list: List::Top { key: "widget", id: Some("id"), ordered: false },
    columns: &["Id", "Workstream", "Sites", "Proactive chat"],
    cells: |desk, entry| {
        let stream = words(entry, "workstream", "en");
        let stream = desk.workstream(&stream).map_or(stream, |workstream| workstream.name.clone());
        let on = at(entry, "proactive.enabled").and_then(toml::Value::as_bool).unwrap_or(false);
        let proactive = if on { "On" } else { "Off" };
        vec![
            words(entry, "id", "en"),
            stream,
            texts_of(entry, "allowed_origins").join(", "),
            proactive.to_owned(),
        ]
    },
    new: &WIDGET,
    start: "allowed_origins = [\"self\"]\n",
    tabs: &[WIDGET, QUESTIONS_TAB],
};

const WIDGET: Tab = Tab {
    slug: "",
    name: "Widget and snippet",
    panel: Panel::Snippet,
    sets: &[Set {
        legend: "The widget",
        fields: &[
            Field::new("id", "Id", Kind::Line)
                .help("Stands in the snippet.")
                .note("Letters, digits, - and _")
                .once(),
            Field::new("workstream", "Workstream", Kind::Pick(Source::ChatWorkstreams, None))
                .help("Where its chats go."),
            Field::new("hours", "Hours", Kind::Pick(Source::Hours, Some("As its workstream")))
                .help("When it lets anybody in. A persistent one takes messages at any time."),
            Field::new("title", "Title", Kind::Texts(false))
                .help("At the top of the chat window. Blank is the branch's name."),
            Field::new("allowed_origins", "Sites that may embed it", Kind::List)
                .help("One a line, with nothing after the host. “self” is this box.")
                .note("Such as https://shop.example · Default self"),
            Field::new("proactive.enabled", "Proactive chat", Kind::Flag("On"))
                .help("Visitors are invited by the rules on the tab Invitations.")
                .note("Default off"),
            Field::new("proactive.visitor_max_per_day", "Invitations a visitor", Kind::Number)
                .unit("a day")
                .help("At most, whatever the rule.")
                .note("Blank is as the rules say"),
        ],
    }],
};

const QUESTIONS_TAB: Tab = Tab {
    slug: "questions",
    name: "Questions",
    panel: Panel::None,
    sets: &[Set {
        legend: "Asked before a chat",
        fields: &[Field::new("prechat", "Questions", Kind::Rows(QUESTIONS))
            .help("In this order. To take one out, blank its id and question. Answers can be shown in alerts as {answers.ID}.")
            .note("The id comment fills the alert's Comment")],
    }],
};

const QUESTIONS: &[Column] = &[
    Column { key: "id", label: "Id", kind: Cell::Line },
    Column { key: "label", label: "Question", kind: Cell::Text },
    Column {
        key: "kind",
        label: "Answer",
        kind: Cell::Choice(&[
            ("text", "Text"),
            ("email", "E-mail"),
            ("phone", "Phone"),
            ("choice", "One of"),
        ]),
    },
    Column { key: "options", label: "One of (parted by |)", kind: Cell::Options },
    Column { key: "required", label: "Required", kind: Cell::Flag },
];

/// Invitations of a widget.
pub(in crate::admin) static RULES: Subject = Subject {
    slug: "rules",
    one: "invitation",
    many: "Invitations",
    lede: "Tried in this order; the first whose conditions all hold invites. An invitation closes by itself after 60 seconds, and agents hear of it only once it is accepted.",
    list: List::Rules,
    columns: &["Text", "Pages", "Seconds on the page"],
    cells: |desk, entry| {
        let pages = texts_of(entry, "where");
        let pages = if pages.is_empty() { "Any".to_owned() } else { pages.join(", ") };
        vec![words(entry, "text", desk.locale.as_str()), pages, number(entry, "min_seconds_on_page")]
    },
    new: &RULE,
    start: "again_after_h = 24\nmin_seconds_on_page = 20\n",
    tabs: &[RULE],
};

const RULE: Tab = Tab {
    slug: "",
    name: "Invitation",
    panel: Panel::Invitation,
    sets: &[
        Set {
            legend: "What it says",
            fields: &[
                Field::new("id", "Id", Kind::Line).note("Letters, digits, - and _").once(),
                Field::new("text", "Invitation", Kind::Texts(true))
                    .help("Placeholders: {customer_name} {page_title} {device} {context.KEY}. An empty one vanishes."),
            ],
        },
        Set {
            legend: "Where and when",
            fields: &[
                Field::new("where", "Pages", Kind::List)
                    .help("One a line, * for anything: /product/* or https://shop.example/*. Blank is any page with the widget."),
                Field::new("path", "Seen before", Kind::List).help("Pages the visitor must have come by, in this order."),
                Field::new("min_seconds_on_page", "Time on the page", Kind::Number).unit("s").help("At least."),
                Field::new("min_seconds_on_site", "Time on the site", Kind::Number).unit("s").help("At least."),
                Field::new("min_scroll_percent", "Scrolled", Kind::Number).unit("%").help("At least.").note("0 to 100"),
                Field::new("leaving", "On leaving", Kind::Flag("Only when the pointer leaves the page")),
                Field::new("when", "Hours", Kind::Pick(Source::Hours, Some("At any time"))),
                Field::new("from", "First day", Kind::Line).note("Such as 2026-12-01 · Blank is since ever"),
                Field::new("until", "Last day", Kind::Line)
                    .help("By the calendar of the branch; that day is included.")
                    .note("Blank is for good"),
                Field::new("max_per_day", "Invitations a day", Kind::Number)
                    .help("At most, all visitors together.")
                    .note("Blank is as many as match"),
                Field::new("again_after_h", "Not again for", Kind::Number)
                    .unit("h")
                    .help("The same visitor is left alone for so long.")
                    .note("Default 24 h"),
            ],
        },
        Set {
            legend: "For whom",
            fields: &[
                Field::new("audience.min_visits", "Visits, at least", Kind::Number).note("Blank is any"),
                Field::new("audience.max_visits", "Visits, at most", Kind::Number).note("Blank is any"),
                Field::new("audience.referrer", "Came from", Kind::List).help("Any of these, one a line. Blank is from anywhere."),
                Field::new("audience.device", "Device", Kind::Ticks(Source::Devices)).help("None ticked is any."),
                Field::new("audience.language", "Languages", Kind::List).help("Any of these, one a line. Blank is any."),
                Field::new(
                    "audience.authenticated",
                    "Signed in",
                    Kind::Maybe(["Anybody", "Only who is signed in on the site", "Only who is not"]),
                )
                .help("Told by the token the site signs, with the keys of the widget's workstream."),
                Field::new("audience.context", "Context variables", Kind::Pairs)
                    .help("All of these, one a line. Numbers are compared by >=, >, <= and <.")
                    .note("Such as plan = gold · plan != gold · items >= 3"),
            ],
        },
    ],
};
