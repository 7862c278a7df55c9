//! Who works here, what they say they are doing, and machines that sign in.

use super::super::document::texts_of;
use super::super::field::{Field, Kind, List, Panel, Set, Source, Subject, Tab};
use super::super::show::word_label;
use super::{number, words};

/// Members of staff.
pub(in crate::admin) static PEOPLE: Subject = Subject {
    slug: "people",
    one: "member of staff",
    many: "People",
    lede: "Everybody who signs in: agents, supervisors, admins.",
    list: List::Top { key: "agent", id: Some("username"), ordered: false },
    columns: &["Username", "Roles", "Queues", "Capacity"],
    cells: |desk, entry| {
        let roles: Vec<String> = texts_of(entry, "roles").into_iter().map(word_label).collect();
        let queue = |id: &str| desk.queue(id).map_or_else(|| id.to_owned(), |queue| queue.name.clone());
        let queues: Vec<String> = texts_of(entry, "queues").into_iter().map(queue).collect();
        vec![words(entry, "username", "en"), roles.join(", "), queues.join(", "), number(entry, "capacity")]
    },
    new: &PERSON,
    start: "roles = [\"agent\"]\ncapacity = 100\n",
    tabs: &[PERSON],
};

const PERSON: Tab = Tab {
    slug: "",
    name: "Person",
    panel: Panel::None,
    sets: &[
        Set {
            legend: "Who",
            fields: &[
                Field::new("username", "Username", Kind::Line)
                    .help("What they sign in with.")
                    .note("Letters, digits and -_.@+")
                    .once(),
                Field::new("name", "Name", Kind::Line).help("Colleagues and customers see it."),
                Field::new("password", "Password", Kind::Password)
                    .help("Leave blank to keep the one there is. It is kept as a hash: nobody can read it, also not here.")
                    .note("8 characters or more are advised · at most 256 bytes"),
            ],
        },
        Set {
            legend: "Work",
            fields: &[
                Field::new("roles", "Roles", Kind::Ticks(Source::StaffRoles))
                    .help("Agents talk to customers, supervisors see and move everybody's work, admins change the desk."),
                Field::new("queues", "Queues", Kind::Ticks(Source::Queues)).help("Agents take work from these."),
                Field::new("capacity", "Capacity", Kind::Number)
                    .unit("units")
                    .help("Work at a time. A chat takes its workstream's load of it.")
                    .note("Default 100 · 1 to 10000"),
                Field::new("extension", "Extension", Kind::Line)
                    .help("What the telephone system dials when they take a call.")
                    .note("Such as 201 or 201@pbx.lan · blank is the username"),
            ],
        },
    ],
};

/// Custom presences.
pub(in crate::admin) static PRESENCES: Subject = Subject {
    slug: "presences",
    one: "presence",
    many: "Presences",
    lede: "Words of the house for what somebody is doing. Each stands on one that is built in and works like it.",
    list: List::Top { key: "presence", id: Some("id"), ordered: true },
    columns: &["Id", "Works like"],
    cells: |_, entry| vec![words(entry, "id", "en"), word_label(&words(entry, "base", "en"))],
    new: &PRESENCE,
    start: "base = \"away\"\n",
    tabs: &[PRESENCE],
};

const PRESENCE: Tab = Tab {
    slug: "",
    name: "Presence",
    panel: Panel::None,
    sets: &[Set {
        legend: "",
        fields: &[
            Field::new("id", "Id", Kind::Line).note("Letters, digits, - and _").once(),
            Field::new("label", "Label", Kind::Texts(false)).help("Agents choose it from their menu."),
            Field::new(
                "base",
                "Works like",
                Kind::Choice(&[
                    ("available", "Available"),
                    ("busy", "Busy"),
                    ("do_not_disturb", "Do not disturb"),
                    ("away", "Away"),
                    ("offline", "Offline"),
                ]),
            )
            .help("Whether work is given out in it, unless a workstream names it."),
        ],
    }],
};

/// Machines that sign in. Their secret is made by the box: see `token`.
pub(in crate::admin) static TOKENS: Subject = Subject {
    slug: "tokens",
    one: "token",
    many: "Tokens",
    lede: "What other systems sign in with. The box makes the secret and shows it once.",
    list: List::Top { key: "token", id: Some("name"), ordered: false },
    columns: &["Roles"],
    cells: |_, entry| {
        let roles: Vec<String> = texts_of(entry, "roles").into_iter().map(word_label).collect();
        vec![roles.join(", ")]
    },
    new: &TOKEN,
    start: "roles = [\"integration\"]\n",
    tabs: &[TOKEN],
};

const TOKEN: Tab = Tab {
    slug: "",
    name: "Token",
    panel: Panel::None,
    sets: &[Set {
        legend: "",
        fields: &[
            Field::new("name", "Name", Kind::Line)
                .help("The log names the system by it.")
                .note("Letters, digits and -_.@+")
                .once(),
            Field::new("roles", "Roles", Kind::Ticks(Source::TokenRoles))
                .help("Integration brings in work items, Metrics reads figures, Supervisor reads conversations, Admin reads and writes the desk."),
        ],
    }],
};
