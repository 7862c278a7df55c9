//! The desk as a whole, and what staff must not read.

use super::super::field::{Field, Kind, List, Panel, Set, Source, Subject, Tab};

/// Name, colours, notices.
pub(in crate::admin) static DESK: Subject = Subject {
    slug: "desk",
    one: "desk",
    many: "Name, theme, notices",
    lede: "What holds for the whole branch.",
    list: List::Only(""),
    columns: &[],
    cells: |_, _| Vec::new(),
    new: &DESK_TAB,
    start: "",
    tabs: &[DESK_TAB],
};

const DESK_TAB: Tab = Tab {
    slug: "",
    name: "Desk",
    panel: Panel::None,
    sets: &[
        Set {
            legend: "The branch",
            fields: &[
                Field::new("name", "Name", Kind::Line).help("Staff see it at the top of every page."),
                Field::new("theme", "Theme", Kind::Choice(&[("light", "Light"), ("dark", "Dark"), ("system", "As each computer says")]))
                    .help("Colours of the desktop, the widget and these pages.")
                    .note("Takes effect on the next page load"),
                Field::new("locale", "Language", Kind::Line)
                    .help("Texts you write in one language are in this one. A reader whose own is missing gets it.")
                    .note("Default en · such as en, nl, cs, da"),
            ],
        },
        Set {
            legend: "Notices and consent",
            fields: &[
                Field::new("monitoring_notice", "Notice to customers", Kind::Texts(true))
                    .help("Says that chats may be monitored, recorded or stored."),
                Field::new(
                    "consent",
                    "Before a chat starts",
                    Kind::Choice(&[("none", "Nothing"), ("notice", "Show the notice"), ("required", "Ask for consent")]),
                )
                .help("With consent asked for, no chat starts without it.")
                .note("Default nothing"),
                Field::new("agent_notice", "Notice to agents", Kind::Texts(true))
                    .help("Shown to everybody who signs in."),
                Field::new("retention_days", "Keep conversations", Kind::Number)
                    .unit("days")
                    .help("Then a closed conversation is deleted for good, with its notes and its routing, and a contact that staff made with her last conversation. 0 is for ever.")
                    .note("Default 365 · 0 to 36600"),
                Field::new("audit_days", "Keep the audit log", Kind::Number)
                    .unit("days")
                    .help("Then a line of it is deleted for good. 0 is for ever.")
                    .note("Default 0 · 0 to 36600"),
                Field::new("sign_in.totp_required", "One-time codes are asked of", Kind::Ticks(Source::StaffRoles))
                    .help("Who has none sets them up at the next sign-in. Everybody else may.")
                    .note("Default nobody"),
                Field::new("figures.per_agent", "Figures per agent", Kind::Flag("Kept"))
                    .help("Daily figures are kept per queue; per agent only if you switch it on, and never for employment decisions.")
                    .note("Default off"),
            ],
        },
        Set {
            legend: "Copies by mail",
            fields: &[
                Field::new("mail.host", "Mail relay", Kind::Line)
                    .help("Where it is met. With it, customers may have a copy of their chat sent to an address when it has ended.")
                    .note("Blank: they save a copy themselves"),
                Field::new(
                    "mail.security",
                    "The line to it",
                    Kind::Choice(&[
                        ("", "As usual"),
                        ("starttls", "STARTTLS"),
                        ("tls", "TLS from the start"),
                        ("none", "In the clear, on your own network"),
                    ]),
                )
                .note("Default STARTTLS"),
                Field::new("mail.port", "Port", Kind::Number).note("Default 587, 465 or 25, as the line is kept"),
                Field::new("mail.user", "Signs in as", Kind::Line).note("Blank: without signing in"),
                Field::new("mail.password", "Password", Kind::Password).note("Blank keeps what is set"),
                Field::new("mail.from", "Letters are from", Kind::Line)
                    .help("An address of yours, or a name and an address.")
                    .note("Such as The branch <chat@branch.example>"),
            ],
        },
        Set {
            legend: "When an agent does not take a request",
            fields: &[
                Field::new("missed.enabled", "Missed", Kind::Flag("Banner, and Inactive"))
                    .help("Off, the request goes on to the next agent all the same, without a banner.")
                    .note("Default on"),
                Field::new("reject.enabled", "Rejected", Kind::Flag("Banner, and Do not disturb"))
                    .help("Off, the request goes on to the next agent all the same, without a banner.")
                    .note("Default on"),
            ],
        },
    ],
};

/// What staff must not read.
pub(in crate::admin) static MASKING: Subject = Subject {
    slug: "masking",
    one: "masking",
    many: "Masking",
    lede: "What staff must not read is masked on the box, before it reaches a screen, a log or an export. Customers read what was written.",
    list: List::Only("masking"),
    columns: &[],
    cells: |_, _| Vec::new(),
    new: &MASKING_TAB,
    start: "",
    tabs: &[MASKING_TAB],
};

const MASKING_TAB: Tab = Tab {
    slug: "",
    name: "Masking",
    panel: Panel::Masks,
    sets: &[Set {
        legend: "What is masked",
        fields: &[
            Field::new("enabled", "Masking", Kind::Flag("On")).help("The whole of it.").note("Default on"),
            Field::new("pci", "Payment data", Kind::Flag("Masked"))
                .help("Card numbers, IBANs, US social security numbers. The last four characters stay.")
                .note("Default on"),
            Field::new("pii", "Ways to reach somebody", Kind::Flag("Masked"))
                .help("E-mail addresses and telephone numbers.")
                .note("Default on"),
            Field::new("phone_region", "Country of numbers", Kind::Line)
                .help("Where a number without a country code is from.")
                .note("Two capital letters, such as NL"),
            Field::new("store_pci", "Keep payment data", Kind::Flag("Stored as written"))
                .help("Off, card numbers and their like are masked before they are stored: nobody can bring them back.")
                .note("Default on · for messages from now on"),
            Field::new("reveal", "Who may reveal one value", Kind::Ticks(Source::StaffRoles))
                .help("With a reason, and a line in the audit log.")
                .note("Default supervisors"),
        ],
    }],
};
