//! Workstreams: routing, alerts, closing, texts, hours.

use toml::Table;

use super::super::field::{Cell, Column, Field, Kind, List, Only, Panel, Set, Source, Subject, Tab};
use super::super::show::word_label;
use super::{number, words};
use crate::desk::Desk;

/// A channel's routing settings.
pub(in crate::admin) static WORKSTREAMS: Subject = Subject {
    slug: "workstreams",
    one: "workstream",
    many: "Workstreams",
    lede: "What arrives and how it is given out. To offer both live and persistent chat, make one of each.",
    list: List::Top { key: "workstream", id: Some("id"), ordered: false },
    columns: &["Id", "What", "Queue", "Load"],
    cells: |desk, entry| {
        let queue = words(entry, "queue", "en");
        let queue = desk.queue(&queue).map_or(queue, |queue| queue.name.clone());
        vec![words(entry, "id", "en"), what(entry), queue, number(entry, "units")]
    },
    new: &NEW,
    start: "",
    tabs: &[ROUTING, OTHERS, CLOSING, TEXTS, HOURS, super::providers::PROVIDER],
};

/// `Live chat`, `Persistent SMS`, `Cases`.
fn what(entry: &Table) -> String {
    let channel = words(entry, "channel", "en");
    let name = CHANNELS.iter().find(|(word, _)| *word == channel).map_or("work", |(_, label)| label);
    let mode = words(entry, "mode", "en");
    match channel.as_str() {
        "case" | "voice" => name.to_owned(),
        "sms" => format!("{} {name}", word_label(&mode)),
        _ => format!("{} {}", word_label(&mode), name.to_lowercase()),
    }
}

/// One sentence on a workstream.
pub(in crate::admin) fn lede(desk: &Desk, entry: &Table) -> String {
    let queue = words(entry, "queue", "en");
    let queue = desk.queue(&queue).map_or(queue, |queue| queue.name.clone());
    let meeting = match words(entry, "mode", "en").as_str() {
        "persistent" => "The customer may leave and come back; only the agent ends it.",
        _ if words(entry, "channel", "en") == "chat" => "Customer and agent are there at the same time.",
        _ => "",
    };
    format!("{}, given to {queue}. {meeting}", what(entry))
}

const CHANNELS: &[(&str, &str)] =
    &[("chat", "Chat"), ("sms", "SMS"), ("messenger", "Messenger"), ("voice", "Calls"), ("case", "Cases")];
const STYLES: &[(&str, &str)] =
    &[("alert", "Alert: asks, with buttons"), ("toast", "Toast: tells, and goes away")];
const AUTOS: &[(&str, &str)] = &[
    ("none", "The agent decides"),
    ("assign", "Assigned by itself"),
    ("accept", "Accepted by itself, session opens"),
];
const DESKTOPS: &[(&str, &str)] =
    &[("background", "When not in front"), ("always", "Always"), ("never", "Never")];

const NEW: Tab = Tab {
    slug: "",
    name: "New",
    panel: Panel::None,
    sets: &[
        Set {
            legend: "What it is",
            fields: &[
                Field::new("id", "Id", Kind::Line).note("Letters, digits, - and _"),
                Field::new("name", "Name", Kind::Line).help("Agents see it on every request."),
                Field::new("channel", "Channel", Kind::Choice(CHANNELS)).note("Cannot be changed later"),
                Field::new(
                    "mode",
                    "Mode",
                    Kind::Choice(&[
                        ("live", "Live: both are there"),
                        ("persistent", "Persistent: over many visits"),
                    ]),
                )
                .help("Persistent chat needs the authentication settings below.")
                .note("Cannot be changed later"),
                Field::new("queue", "Queue", Kind::Pick(Source::Queues, None)).help("New work waits here."),
            ],
        },
        Set { legend: "Chat authentication, for persistent chat", fields: AUTH },
    ],
};

const AUTH: &[Field] = &[
    Field::new("auth.issuer", "Issuer", Kind::Line).help("The iss of the token your site signs."),
    Field::new("auth.audience", "Audience", Kind::Line).help("Its aud.").note("Such as deskbell"),
    Field::new("auth.public_keys", "Public keys", Kind::Pems)
        .help("One or more PEM blocks, RSA or P-256. Never a private key."),
];

const ROUTING: Tab = Tab {
    slug: "",
    name: "Routing and alerts",
    panel: Panel::Alert,
    sets: &[
        Set {
            legend: "Routing",
            fields: &[
                Field::new("name", "Name", Kind::Line).help("Agents see it on every request."),
                Field::new("queue", "Queue", Kind::Pick(Source::Queues, None))
                    .help("New work waits here.")
                    .note("Takes effect on the next one"),
                Field::new("units", "Load of each", Kind::Number)
                    .unit("units")
                    .help("What each takes of an agent's capacity: of 100 units, three at once at 30.")
                    .note("Default 30 · 1 to 10000"),
                Field::new("allowed_presences", "Given to agents who are", Kind::Ticks(Source::Presences))
                    .help("Inactive never gets work.")
                    .note("Default Available and Busy"),
            ],
        },
        Set {
            legend: "A bot first",
            fields: &[
                Field::new("bot", "Bot", Kind::Pick(Source::Bots, Some("None, people at once"))).help(
                    "It talks with the customer before anybody is asked. Menus are written in the desk file.",
                ),
                Field::new("bot_answer_s", "The bot's time to answer", Kind::Number)
                    .unit("s")
                    .help("Then people take over.")
                    .note("Default 10 s"),
                Field::new("bot_idle_s", "The customer's time to answer", Kind::Number)
                    .unit("s")
                    .help("Then the conversation is closed.")
                    .note("Default 900 s"),
                Field::new("bot_person_words", "Words that ask for a person", Kind::List)
                    .help("One a line. A message that is nothing else goes to people at once."),
            ],
        },
        Set {
            legend: "When it rings",
            fields: &[
                Field::new("notify.incoming.style", "Looks like", Kind::Choice(STYLES))
                    .note("Default alert; toast for cases"),
                Field::new("notify.incoming.timeout_s", "Time to answer", Kind::Number)
                    .unit("s")
                    .help("Then it goes to the next agent, and this one becomes Inactive.")
                    .note("Default 120 s · 5 to 3600"),
                Field::new("notify.incoming.show_timeout", "Countdown", Kind::Flag("Shown"))
                    .help("Hidden, the agent has the same time.")
                    .note("Default shown"),
                Field::new("notify.incoming.reject", "Reject", Kind::Flag("Allowed"))
                    .help("A rejecting agent is set to Do not disturb.")
                    .note("Default allowed")
                    .only(Only::NotCases),
                Field::new("notify.incoming.auto", "Without the agent's word", Kind::Choice(AUTOS))
                    .help("Assigned or accepted by itself, it cannot be rejected.")
                    .note("Default the agent decides; cases are always assigned"),
                Field::new("notify.incoming.desktop", "Desktop notification", Kind::Choice(DESKTOPS))
                    .help("It never shows the countdown.")
                    .note("Default when not in front"),
                Field::new("undelivered_reroute_s", "If it could not be shown", Kind::Number)
                    .unit("s")
                    .help(
                        "Waits this long after the time to answer, then goes to another agent. 0 is at once.",
                    )
                    .note("Default 480 s"),
            ],
        },
        Set {
            legend: "What it says",
            fields: &[
                Field::new("notify.incoming.title", "Title", Kind::Texts(false)).help(PLACEHOLDERS),
                Field::new("notify.incoming.accept_label", "Button that takes it", Kind::Texts(false))
                    .note("Default Accept; Open where it is the agent's already"),
                Field::new("notify.incoming.fields", "Fields", Kind::Rows(FIELDS))
                    .help("At most ten, in this order. To take one out, blank both.")
                    .note("Default Customer name, Comment, Wait time"),
            ],
        },
    ],
};

const PLACEHOLDERS: &str = "Placeholders: {customer_name} {customer_phone} {customer_email} {comment} {wait_time} \
                            {queue} {workstream} {page_url} {page_title} {language} {device} {case_title} {case_id} \
                            {context.KEY} {answers.ID}";

const FIELDS: &[Column] = &[
    Column { key: "label", label: "Label", kind: Cell::Text },
    Column { key: "value", label: "Value", kind: Cell::Line },
];

/// The settings of a kind of alert that is like the first unless said.
macro_rules! kind {
    ($kind:literal, $legend:literal) => {
        Set {
            legend: $legend,
            fields: &[
                Field::new(concat!("notify.", $kind, ".title"), "Title", Kind::Texts(false)),
                Field::new(
                    concat!("notify.", $kind, ".style"),
                    "Looks like",
                    Kind::Choice(&[("", "As new work"), ("alert", "Alert"), ("toast", "Toast")]),
                ),
                Field::new(concat!("notify.", $kind, ".timeout_s"), "Time to answer", Kind::Number)
                    .unit("s")
                    .note("Blank is as for new work"),
                Field::new(
                    concat!("notify.", $kind, ".auto"),
                    "Without the agent's word",
                    Kind::Choice(&[
                        ("", "As new work"),
                        ("none", "The agent decides"),
                        ("assign", "Assigned by itself"),
                        ("accept", "Accepted by itself"),
                    ]),
                ),
                Field::new(
                    concat!("notify.", $kind, ".desktop"),
                    "Desktop notification",
                    Kind::Choice(&[
                        ("", "As new work"),
                        ("background", "When not in front"),
                        ("always", "Always"),
                        ("never", "Never"),
                    ]),
                ),
            ],
        }
    };
}

const OTHERS: Tab = Tab {
    slug: "other-alerts",
    name: "Other alerts",
    panel: Panel::OtherAlerts,
    sets: &[
        kind!("returned", "Customer is back"),
        kind!("transfer", "Transfer"),
        kind!("conference", "Conference"),
        kind!("escalation", "Escalation"),
        kind!("assigned", "Assigned by a supervisor"),
    ],
};

const CLOSING: Tab = Tab {
    slug: "closing",
    name: "Closing",
    panel: Panel::None,
    sets: &[
        Set {
            legend: "Wrap-up",
            fields: &[
                Field::new(
                    "wrapup",
                    "Reason after the end",
                    Kind::Choice(&[
                        ("required", "Required"),
                        ("optional", "Optional"),
                        ("none", "Not asked"),
                    ]),
                )
                .note("Default required; not asked for cases"),
                Field::new("wrapup_keeps_capacity", "Units until then", Kind::Flag("Kept"))
                    .help("Kept, no new work comes while a wrap-up is open.")
                    .note("Default kept"),
                Field::new("wrapup_deadline_s", "Closed by itself after", Kind::Number)
                    .unit("s")
                    .help("With the reason below. 0 is never.")
                    .note("Default 0"),
                Field::new("wrapup_default", "Reason then", Kind::Pick(Source::WrapupReasons, Some("None"))),
            ],
        },
        Set {
            legend: "When something breaks off",
            fields: &[
                Field::new(
                    "transfer_refused",
                    "Transfer not taken",
                    Kind::Choice(&[("return", "The sender keeps it"), ("disconnect", "It ends")]),
                )
                .note("Default the sender keeps it"),
                Field::new("agent_lost_s", "Agent's connection lost", Kind::Number)
                    .unit("s")
                    .help("Time to come back before the customer is given to somebody else.")
                    .note("Default 150 s"),
                Field::new("customer_lost_s", "Customer's connection lost", Kind::Number)
                    .unit("s")
                    .help("Time to come back before a live chat ends.")
                    .note("Default 180 s"),
                Field::new("auto_close_waiting_h", "Close when waiting for", Kind::Number)
                    .unit("h")
                    .help("A parked conversation whose customer stays away. 0 is never.")
                    .note("Default 0")
                    .only(Only::Persistent),
            ],
        },
    ],
};

/// A text to customers.
macro_rules! text {
    ($key:literal, $label:literal) => {
        Field::new(concat!("texts.", $key), $label, Kind::Texts(true))
    };
}

const TEXTS: Tab = Tab {
    slug: "texts",
    name: "Texts",
    panel: Panel::Texts,
    sets: &[
        Set {
            legend: "While waiting",
            fields: &[
                text!("queue_position", "Place in line")
                    .only(Only::LiveChat)
                    .help("May hold {position} and {minutes}."),
                text!("average_wait", "Expected wait").only(Only::LiveChat).help("May hold {minutes}."),
                text!("nobody_available", "Nobody can take it"),
            ],
        },
        Set {
            legend: "Out of hours",
            fields: &[
                text!("out_of_hours", "Closed, opens again")
                    .only(Only::LiveChat)
                    .help("May hold {opens_at}."),
                text!("closed_until_notice", "Closed until notice").only(Only::LiveChat),
                text!("out_of_hours_persistent", "Closed, write anyway")
                    .only(Only::Persistent)
                    .help("May hold {opens_at}."),
                text!("offline", "Leave a message").only(Only::LiveChat).help("May hold {opens_at}."),
                text!("offline_received", "Message received")
                    .only(Only::LiveChat)
                    .help("May hold {reference} and {opens_at}."),
            ],
        },
        Set {
            legend: "During the conversation",
            fields: &[
                text!("bot_handed_over", "From the bot to people"),
                text!("agent_joined", "Agent joined").help("May hold {agent_name}."),
                text!("agent_left", "Agent left").help("May hold {agent_name}."),
                text!("agent_lost", "Agent's connection lost").help("May hold {agent_name}."),
                text!("transferred", "Passed on").help("May hold {agent_name}."),
                text!("parked", "Put aside by the agent").only(Only::Persistent),
                text!("customer_returned", "Customer is back").only(Only::Persistent),
            ],
        },
        Set {
            legend: "At the end",
            fields: &[
                text!("bot_ended", "Bot ended it"),
                text!("agent_ended", "Agent ended it").help("May hold {agent_name}."),
                text!("supervisor_ended", "Supervisor ended it"),
                text!("customer_ended", "Customer ended it").help("May hold {agent_name}."),
                text!("customer_lost", "Customer's connection lost"),
                text!("asset_removed", "Widget or workstream removed"),
                text!("auto_closed", "Quiet for too long")
                    .only(Only::Persistent)
                    .help("May hold {agent_name}."),
                text!("disconnected", "Nobody took the transfer"),
            ],
        },
    ],
};

const HOURS: Tab = Tab {
    slug: "hours",
    name: "Hours and customers",
    panel: Panel::None,
    sets: &[
        Set {
            legend: "Hours",
            fields: &[
                Field::new("hours", "Open", Kind::Pick(Source::Hours, Some("Always")))
                    .help("Closed, a live chat cannot begin and a persistent one waits."),
                Field::new(
                    "offer_out_of_hours",
                    "Out of hours",
                    Kind::Flag("Offered to agents who are there"),
                )
                .note("Default off: a forgotten tab must not ring at night")
                .only(Only::Persistent),
                Field::new("offline_message", "Nobody there", Kind::Flag("The customer can leave a message"))
                    .note("Default on")
                    .only(Only::LiveChat),
                Field::new(
                    "rate_during_chat",
                    "Rating",
                    Kind::Flag("The customer can rate while the chat goes on"),
                )
                .help("After its end a chat can always be rated. Agents see a rating as it is given.")
                .note("Default off"),
            ],
        },
        Set {
            legend: "Who the customer is",
            fields: &[
                Field::new("auth.issuer", "Issuer", Kind::Line)
                    .help("The iss of the token your site signs.")
                    .only(Only::Persistent),
                Field::new("auth.audience", "Audience", Kind::Line).help("Its aud.").only(Only::Persistent),
                Field::new("auth.public_keys", "Public keys", Kind::Pems)
                    .help("One or more PEM blocks, RSA or P-256. Never a private key.")
                    .only(Only::Persistent),
            ],
        },
    ],
};
