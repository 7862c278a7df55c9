//! Words and people the desk knows: quick replies, wrap-up reasons, articles, contacts.

use super::super::field::{Field, Kind, List, Panel, Set, Subject, Tab};
use super::words;

const PLACEHOLDERS: &str =
    "Placeholders: {customer_name} {agent_name} {queue} {workstream} {page_title} {context.KEY} {answers.ID}";

/// Texts agents send with a few keys.
pub(in crate::admin) static QUICK_REPLIES: Subject = Subject {
    slug: "quick-replies",
    one: "quick reply",
    many: "Quick replies",
    lede: "Texts an agent puts into the compose box with a / and a few letters.",
    list: List::Top { key: "quick_reply", id: Some("id"), ordered: true },
    columns: &["Text"],
    cells: |desk, entry| vec![words(entry, "text", desk.locale.as_str())],
    new: &REPLY,
    start: "",
    tabs: &[REPLY],
};

const REPLY: Tab = Tab {
    slug: "",
    name: "Quick reply",
    panel: Panel::Reply,
    sets: &[Set {
        legend: "",
        fields: &[
            Field::new("id", "Id", Kind::Line)
                .help("What the agent types after the slash.")
                .note("Letters, digits, - and _")
                .once(),
            Field::new("text", "Text", Kind::Texts(true))
                .help(PLACEHOLDERS)
                .note("At most 1000 characters · without < and >"),
        ],
    }],
};

/// Why a conversation was closed.
pub(in crate::admin) static WRAPUP_REASONS: Subject = Subject {
    slug: "wrap-up-reasons",
    one: "wrap-up reason",
    many: "Wrap-up reasons",
    lede: "What an agent chooses from when a conversation ends, in this order.",
    list: List::Top { key: "wrapup_reason", id: Some("id"), ordered: true },
    columns: &["Id"],
    cells: |_, entry| vec![words(entry, "id", "en")],
    new: &REASON,
    start: "",
    tabs: &[REASON],
};

const REASON: Tab = Tab {
    slug: "",
    name: "Wrap-up reason",
    panel: Panel::None,
    sets: &[Set {
        legend: "",
        fields: &[
            Field::new("id", "Id", Kind::Line)
                .help("Reports name it by this.")
                .note("Letters, digits, - and _")
                .once(),
            Field::new("label", "Label", Kind::Texts(false)).help("What the agent reads."),
        ],
    }],
};

/// Pages of knowledge.
pub(in crate::admin) static ARTICLES: Subject = Subject {
    slug: "articles",
    one: "article",
    many: "Articles",
    lede: "Pages of knowledge that agents search, and share with customers.",
    list: List::Top { key: "article", id: Some("id"), ordered: false },
    columns: &["Id", "Link"],
    cells: |_, entry| vec![words(entry, "id", "en"), words(entry, "link", "en")],
    new: &ARTICLE,
    start: "",
    tabs: &[ARTICLE],
};

const ARTICLE: Tab = Tab {
    slug: "",
    name: "Article",
    panel: Panel::None,
    sets: &[Set {
        legend: "",
        fields: &[
            Field::new("id", "Id", Kind::Line).note("Letters, digits, - and _").once(),
            Field::new("title", "Title", Kind::Line),
            Field::new("link", "Link", Kind::Line)
                .help("Where customers can read it. Blank, agents share the text.")
                .note("Begins with https://"),
            Field::new("text", "Text", Kind::Lines).help("In Markdown.").note("At most 20000 characters"),
        ],
    }],
};

/// Customers known from the start.
pub(in crate::admin) static CONTACTS: Subject = Subject {
    slug: "contacts",
    one: "contact",
    many: "Contacts",
    lede: "Customers known from the start. A chat or SMS from their address or number is linked to them.",
    list: List::Top { key: "contact", id: None, ordered: false },
    columns: &["E-mail", "Mobile", "Phone"],
    cells: |_, entry| ["email", "mobile", "phone"].map(|key| words(entry, key, "en")).to_vec(),
    new: &CONTACT,
    start: "",
    tabs: &[CONTACT],
};

const CONTACT: Tab = Tab {
    slug: "",
    name: "Contact",
    panel: Panel::None,
    sets: &[Set {
        legend: "",
        fields: &[
            Field::new("name", "Name", Kind::Line),
            Field::new("email", "E-mail", Kind::Line)
                .help("A signed-in customer with this address is this contact."),
            Field::new("mobile", "Mobile", Kind::Line)
                .help("An SMS from this number is this contact's.")
                .note("Such as +31 6 1234 5678"),
            Field::new("phone", "Other phone", Kind::Line),
        ],
    }],
};
