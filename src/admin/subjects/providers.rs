//! Who carries a workstream's messages.

use super::super::field::{Field, Kind, Only, Panel, Set, Tab};

/// The provider of a workstream, and the other system that is told.
pub(super) const PROVIDER: Tab = Tab {
    slug: "provider",
    name: "Provider",
    panel: Panel::None,
    sets: &[
        Set { legend: "Text messages", fields: SMS },
        Set { legend: "Facebook Messenger", fields: MESSENGER },
        Set { legend: "Calls", fields: VOICE },
        Set { legend: "Another system that is told", fields: WEBHOOK },
    ],
};

const SMS: &[Field] = &[
    Field::new(
        "sms.provider",
        "Carried by",
        Kind::Choice(&[
            ("", "Nobody yet"),
            ("twilio", "Twilio, or a service that speaks like it"),
            ("gateway", "A gateway on your network"),
            ("spool", "A modem, by smstools' spool folder"),
            ("gammu", "A modem, by gammu-smsd's spool folder"),
        ]),
    )
    .help("The manual's page on channels has a worked set-up of each.")
    .only(Only::Sms),
    Field::new("sms.from", "Sent from", Kind::Line)
        .help("Your number, with its country code; or a messaging service of Twilio's.")
        .note("Such as +31 97 010 123 456")
        .only(Only::Sms),
    Field::new("sms.account", "Account", Kind::Line).note("At Twilio it begins with AC").only(Only::Sms),
    Field::new("sms.secret", "Secret", Kind::Password)
        .help("Twilio's auth token, or what you and the gateway agreed. It signs what comes in.")
        .note("Blank keeps what is set")
        .only(Only::Sms),
    Field::new("sms.url", "Address", Kind::Line)
        .help("Of a gateway, where it takes messages.")
        .note("Blank is Twilio's own")
        .only(Only::Sms),
    Field::new("sms.request", "What a gateway is asked", Kind::Lines)
        .help("A form, or JSON. May hold {account} {secret} {from} {to} {text} {id} {receipt}.")
        .note("Default in the manner of Kannel")
        .only(Only::Sms),
    Field::new(
        "sms.asked",
        "Asked by",
        Kind::Choice(&[("", "As usual"), ("post", "A form or JSON"), ("get", "The address")]),
    )
    .note("Default a form")
    .only(Only::Sms),
    Field::new("sms.folder", "Spool folder", Kind::Line)
        .help("Of a modem; one workstream's alone.")
        .note("Such as /var/spool/sms or /var/spool/gammu")
        .only(Only::Sms),
    Field::new("sms.stop_words", "Words for no more", Kind::List)
        .help("Who sends one of these is not written to any more.")
        .note("Default STOP and its usual fellows")
        .only(Only::Sms),
    Field::new("sms.start_words", "Words for yes again", Kind::List).note("Default START").only(Only::Sms),
];

const MESSENGER: &[Field] = &[
    Field::new("messenger.page", "Page", Kind::Line).help("Its number.").only(Only::Messenger),
    Field::new("messenger.page_token", "Page access token", Kind::Password)
        .note("Blank keeps what is set")
        .only(Only::Messenger),
    Field::new("messenger.app_secret", "App secret", Kind::Password)
        .help("It signs what comes in.")
        .note("Blank keeps what is set")
        .only(Only::Messenger),
    Field::new("messenger.verify_token", "Verify token", Kind::Password)
        .help("A word of your own; Facebook asks for it once.")
        .note("Blank keeps what is set")
        .only(Only::Messenger),
];

const VOICE: &[Field] = &[
    Field::new("voice.wait_max_s", "Longest wait", Kind::Number)
        .unit("s")
        .help("A caller nobody takes in this time goes back to the telephone system.")
        .note("Default 300")
        .only(Only::Voice),
    Field::new("voice.host", "Extensions are at", Kind::Line)
        .help("By SIP an accepted call is sent to the agent's extension at this name or address.")
        .note("Blank is the telephone system that brought the call")
        .only(Only::Voice),
];

const WEBHOOK: &[Field] = &[
    Field::new("webhook.url", "Address", Kind::Line).help("Events of this workstream go here, signed."),
    Field::new("webhook.secret", "Secret", Kind::Password).note("Blank keeps what is set"),
];
