//! What a loaded desk says: the example as written, the defaults of everything left out, warnings for what is
//! odd.

use std::borrow::Cow;

use deskbell::desk::keys::KeyKind;
use deskbell::desk::widget::Device;
use deskbell::desk::*;

use crate::EXAMPLE;

fn desk(file: &str) -> Desk {
    load(file).unwrap_or_else(|faults| panic!("{faults}")).desk
}

fn warnings(file: &str) -> Vec<String> {
    let loaded = load(file).unwrap_or_else(|faults| panic!("{faults}"));
    loaded.warnings.iter().map(ToString::to_string).collect()
}

#[test]
fn the_example_loads_unchanged_and_means_what_it_says() {
    let desk = desk(EXAMPLE);
    assert_eq!(
        (desk.name.as_str(), desk.theme, desk.consent),
        ("Utrecht branch", Theme::Light, Consent::None)
    );
    assert_eq!(desk.retention_days, 365);
    assert!(desk.missed_enabled && desk.reject_enabled && desk.masking.store_pci);
    assert_eq!(desk.masking.phone_region.as_deref(), Some("NL"));
    assert_eq!(desk.masking.reveal, [Role::Supervisor]);

    let front = desk.queue("front").expect("the queue");
    assert_eq!((front.priority, front.distribution), (1, Distribution::MostIdle));
    let members: Vec<_> = desk.members(&front.id).map(|agent| agent.username.as_str()).collect();
    assert_eq!(members, ["alice", "bob"]);
    let sofie = desk.agent("sofie").expect("the agent");
    assert!(sofie.is(Role::Supervisor) && sofie.is(Role::Agent) && !sofie.is(Role::Admin));
    assert_eq!(sofie.password.plain().expect("a password").expose(), "sofie-demo-pass");

    let live = desk.workstream("web-live").expect("the workstream");
    assert_eq!((live.mode, live.units, live.hours.as_ref()), (Mode::Live, 30, None));
    assert_eq!(live.wrapup_default.as_ref().map(|id| id.as_str()), Some("solved"));
    let incoming = live.notify(NotifyKind::Incoming);
    assert_eq!((incoming.style, incoming.timeout_s, incoming.auto), (Style::Alert, 90, Auto::None));
    assert!(incoming.can_reject());
    assert_eq!(incoming.fields[2].value.source(), "{wait_time}");

    let later = desk.workstream("web-later").expect("the workstream");
    assert!(later.is_persistent() && later.keep_same_agent && !later.offer_out_of_hours);
    let auth = later.auth.as_ref().expect("who the customer is");
    assert_eq!((auth.issuer.as_str(), auth.audience.as_str()), ("https://shop.example", "deskbell"));
    let key = auth.keys().next().expect("a key");
    assert_eq!((key.kind(), key.spki().len(), key.key_bytes().len()), (KeyKind::Rsa, 294, 270));

    let shop = desk.widget("shop").expect("the widget");
    assert_eq!(shop.allowed_origins, [Origin::Site("https://shop.example".into()), Origin::Own]);
    let rule = &shop.proactive.rules[0];
    assert!(shop.proactive.enabled && rule.r#where[0].matches("https://shop.example/product/7"));
    assert_eq!((rule.min_seconds_on_page, rule.audience.min_visits, rule.again_after_h), (20, 1, 24));
    assert_eq!(
        rule.text.get("nl-BE", &desk.locale).source(),
        "Hallo {customer_name}, kunnen we helpen kiezen?"
    );
    assert_eq!(desk.contacts[0].mobile.as_deref(), Some("+31 6 1234 5678"));
    assert_eq!(desk.presence_status("lunch"), Some(Status::Away));
}

#[test]
fn a_workstream_without_hours_is_always_open_and_one_with_them_keeps_them() {
    let desk = desk(EXAMPLE);
    let sunday: jiff::Timestamp = "2026-07-12T12:00:00Z".parse().expect("a time stamp");
    assert!(desk.is_open(desk.workstream("web-live").expect("the workstream"), sunday));
    let later = desk.workstream("web-later").expect("the workstream");
    assert!(!desk.is_open(later, sunday));
    let opens = desk.hours_of(later).and_then(|hours| hours.next_open(sunday));
    assert_eq!(opens.map(|at| at.to_string()).as_deref(), Some("2026-07-13T06:00:00Z"));
}

#[test]
fn a_file_of_another_editor_loads_all_the_same() {
    let article = "[[article]]\nid = \"a\"\ntitle = \"A\"\ntext = \"\"\"\none\ntwo\"\"\"\n";
    let file = format!("{EXAMPLE}{article}");
    let windows = format!("\u{feff}{}", file.replace('\n', "\r\n"));
    assert_eq!(self::desk(&windows), self::desk(&file));
}

#[test]
fn the_demo_desk_has_the_names_of_the_example_and_is_always_open() {
    let (demo, example) = (desk(demo()), desk(EXAMPLE));
    fn names<T>(list: &[T], name: impl Fn(&T) -> String) -> Vec<String> {
        list.iter().map(name).collect()
    }
    // It has one workstream and one widget more, with a bot first.
    let (mut workstreams, mut widgets) =
        (names(&demo.workstreams, |w| w.id.to_string()), names(&demo.widgets, |w| w.id.to_string()));
    assert_eq!(workstreams.pop().as_deref(), Some("web-guided"));
    assert_eq!(widgets.pop().as_deref(), Some("guide"));
    assert_eq!(workstreams, names(&example.workstreams, |w| w.id.to_string()));
    assert_eq!(widgets, names(&example.widgets, |w| w.id.to_string()));
    assert_eq!(demo.agents, example.agents);
    assert_eq!(demo.token("crm"), example.token("crm"));
    assert_eq!(demo.token("metrics").expect("a token").roles, [Role::Metrics]);
    assert_eq!(demo.workstream("web-live").expect("the workstream").hours, None);
}

#[test]
fn an_empty_file_is_a_desk_that_waits_for_its_first_settings() {
    let desk = desk("");
    assert_eq!((desk.theme, desk.locale.as_str(), desk.retention_days), (Theme::System, "en", 365));
    assert!(desk.masking.enabled && desk.masking.pci && desk.masking.pii);
    assert!(!desk.figures_per_agent);
}

#[test]
fn what_a_workstream_leaves_out_has_the_decided_defaults() {
    let desk = desk(
        "queue = [{ id = \"q\" }]\nworkstream = [{ id = \"w\", queue = \"q\" }]\n[[wrapup_reason]]\nid = \"x\"\nlabel = \"X\"\n",
    );
    let w = desk.workstream("w").expect("the workstream");
    assert_eq!((w.channel, w.mode, w.units), (Channel::Chat, Mode::Live, 30), "D-12");
    assert_eq!((w.undelivered_reroute_s, w.agent_lost_s, w.customer_lost_s), (480, 150, 180), "D-11, D-10");
    assert_eq!((w.wrapup, w.wrapup_keeps_capacity, w.wrapup_deadline_s), (Wrapup::Required, true, 0));
    assert_eq!(w.allowed_presences, ["available", "busy"]);
    assert!(w.offline_message && !w.keep_same_agent, "D-19");
    assert_eq!(w.transfer_refused, TransferRefused::Return, "D-8");
    for kind in NotifyKind::ALL {
        let notify = w.notify(*kind);
        assert_eq!(
            (notify.style, notify.timeout_s, notify.show_timeout),
            (Style::Alert, 120, true),
            "D-16 {kind}"
        );
        assert_eq!((notify.desktop, notify.can_reject()), (Desktop::Background, true), "D-16 {kind}");
        let labels: Vec<_> =
            notify.fields.iter().map(|field| field.label.get("en", &desk.locale).as_str()).collect();
        assert_eq!(labels, ["Customer name", "Comment", "Wait time"], "S4-6");
    }
    let queue = desk.queue("q").expect("the queue");
    assert_eq!((queue.name.as_str(), queue.distribution), ("q", Distribution::MostIdle), "D-13");
}

#[test]
fn a_case_is_assigned_without_asking_and_has_no_wrapup() {
    let desk = desk(
        "queue = [{ id = \"q\" }]\nworkstream = [{ id = \"w\", queue = \"q\", channel = \"case\" }]\n[[wrapup_reason]]\nid = \"x\"\nlabel = \"X\"\n",
    );
    let w = desk.workstream("w").expect("the workstream");
    assert_eq!((w.wrapup, w.offline_message), (Wrapup::None, false));
    let incoming = w.notify(NotifyKind::Incoming);
    assert_eq!((incoming.style, incoming.auto, incoming.can_reject()), (Style::Toast, Auto::Assign, false));
    assert_eq!(incoming.title.get("en", &desk.locale).source(), "Case {case_title}");
}

#[test]
fn a_kind_of_notification_takes_from_incoming_what_it_does_not_say() {
    let desk = desk(
        "queue = [{ id = \"q\" }]\n[[workstream]]\nid = \"w\"\nqueue = \"q\"\n\
         [workstream.notify.incoming]\ntitle = \"Ring: {customer_name}\"\ntimeout_s = 30\nfields = []\nauto = \"accept\"\n\
         [workstream.notify.transfer]\nstyle = \"toast\"\ntimeout_s = 40\n",
    );
    let w = desk.workstream("w").expect("the workstream");
    let transfer = w.notify(NotifyKind::Transfer);
    assert_eq!((transfer.style, transfer.timeout_s, transfer.auto), (Style::Toast, 40, Auto::Accept));
    assert!(transfer.fields.is_empty());
    assert_eq!(
        transfer.title.get("en", &desk.locale).source(),
        "Transfer: {customer_name}",
        "a title is not taken over"
    );
    let escalation = w.notify(NotifyKind::Escalation);
    assert_eq!((escalation.style, escalation.timeout_s), (Style::Alert, 30));
    assert_eq!(w.notify.timeout_s_min(), 30);
}

#[test]
fn a_custom_presence_takes_work_when_it_or_its_base_is_allowed() {
    let desk = desk(
        "queue = [{ id = \"q\" }]\nworkstream = [{ id = \"w\", queue = \"q\", allowed_presences = [\"busy\", \"training\"] }]\n\
         presence = [{ id = \"phone\", label = \"On the phone\", base = \"busy\" }, { id = \"training\", label = \"Training\", base = \"away\" }, \
         { id = \"lunch\", label = \"Lunch\", base = \"away\" }]\n",
    );
    let w = desk.workstream("w").expect("the workstream");
    for (presence, allowed) in [
        ("busy", true),
        ("phone", true),
        ("training", true),
        ("lunch", false),
        ("away", false),
        ("available", false),
    ] {
        assert_eq!(desk.presence_allowed(w, presence), allowed, "{presence}");
    }
}

#[test]
fn an_overridden_text_comes_before_the_default_in_every_language() {
    let desk = desk(
        "locale = \"nl\"\nqueue = [{ id = \"q\" }]\n[[workstream]]\nid = \"w\"\nqueue = \"q\"\n\
         [workstream.texts]\naverage_wait = { nl = \"Nog {minutes} min.\", en = \"{minutes} min to go\" }\n",
    );
    let w = desk.workstream("w").expect("the workstream");
    let say = |key, lang: &str| {
        w.text(key, lang, &desk.locale).expand(&|placeholder: &Placeholder| match placeholder {
            Placeholder::Known(Known::Minutes) => Some(Cow::Borrowed("3")),
            Placeholder::Known(Known::Position) => Some(Cow::Borrowed("2")),
            _ => None,
        })
    };
    assert_eq!(say(TextKey::AverageWait, "en-GB"), "3 min to go");
    assert_eq!(say(TextKey::AverageWait, "cs"), "Nog 3 min.");
    assert_eq!(say(TextKey::QueuePosition, "xx"), "Je bent nummer 2 in de rij.", "the desk's language");
    assert_eq!(say(TextKey::QueuePosition, "da-DK"), "Du er nummer 2 i køen.");
    assert_eq!(say(TextKey::OutOfHours, "en"), "We are closed now. We open again.");
}

#[test]
fn a_rule_of_proactive_chat_holds_all_its_conditions() {
    let desk = desk(
        "queue = [{ id = \"q\" }]\nworkstream = [{ id = \"w\", queue = \"q\" }]\n[[widget]]\nid = \"x\"\nworkstream = \"w\"\n\
         [[widget.proactive.rule]]\nid = \"r\"\ntext = \"Hi\"\nwhere = [\"/cart\"]\npath = [\"/product/*\", \"/cart\"]\n\
         min_seconds_on_site = 60\nmin_scroll_percent = 50\nleaving = true\n\
         audience = { max_visits = 3, referrer = [\"*search*\"], device = [\"phone\", \"phone\"], language = [\"nl\"], context = { plan = \"gold\", items = 0x10, member = true } }\n",
    );
    let rule = &desk.widget("x").expect("the widget").proactive.rules[0];
    assert!(rule.leaving && rule.path.len() == 2);
    assert_eq!((rule.min_seconds_on_site, rule.min_scroll_percent, rule.again_after_h), (60, 50, 24));
    assert_eq!(
        (rule.audience.max_visits, rule.audience.device.as_slice()),
        (Some(3), [Device::Phone].as_slice())
    );
    let context: Vec<_> = rule.audience.context.iter().map(|(key, value)| (&**key, value.as_str())).collect();
    assert_eq!(context, [("items", "16"), ("member", "true"), ("plan", "gold")]);
}

#[test]
fn who_takes_calls_is_dialled_by_extension_or_by_username() {
    assert_eq!(warnings(EXAMPLE), Vec::<String>::new(), "the example asks for nothing that is odd");
    let text = "queue = [{ id = \"q\" }]\n[[workstream]]\nid = \"v\"\nqueue = \"q\"\nchannel = \"voice\"\n\
         [[agent]]\nusername = \"a\"\npassword = \"long enough\"\nqueues = [\"q\"]\nextension = \"201@pbx.lan\"\n\
         [[agent]]\nusername = \"b\"\npassword = \"long enough\"\nqueues = [\"q\"]\n";
    let desk = load(text).expect("a desk").desk;
    let voice = desk.workstream("v").expect("it").voice.clone().expect("always there");
    assert_eq!((voice.wait_max_s, voice.host), (300, None));
    let extension = |username: &str| desk.agent(username).expect("she").extension().to_owned();
    assert_eq!((extension("a").as_str(), extension("b").as_str()), ("201@pbx.lan", "b"));
    let found = warnings(text);
    assert!(
        found.iter().any(|line| line.contains("agent.b.extension: is missing: calls are sent to \"b\"")),
        "{found:?}"
    );
    assert!(!found.iter().any(|line| line.contains("agent.a")), "{found:?}");
    let wrong = load(&text.replace("201@pbx.lan", "2 01")).expect_err("not to be dialled");
    assert!(
        wrong.list[0].to_string().contains("agent.a.extension: must be what a telephone dials"),
        "{wrong:?}"
    );
}

#[test]
fn what_is_odd_but_allowed_is_a_warning() {
    let found = warnings(
        "retention_days = 0\nqueue = [{ id = \"q\" }, { id = \"empty\" }]\n\
         [[workstream]]\nid = \"w\"\nqueue = \"q\"\nunits = 60\noffline_message = false\nkeep_same_agent = true\nauto_close_waiting_h = 2\n\
         [workstream.notify.incoming]\ntitle = \"{answers.order}\"\nauto = \"accept\"\nreject = true\n\
         [[workstream]]\nid = \"v\"\nqueue = \"empty\"\nchannel = \"voice\"\n\
         [[agent]]\nusername = \"a\"\npassword = \"short\"\nqueues = [\"q\"]\ncapacity = 50\n\
         [[agent]]\nusername = \"s\"\npassword = \"long enough\"\nroles = [\"supervisor\"]\nqueues = [\"empty\"]\n\
         [[quick_reply]]\nid = \"r\"\ntext = \"a > b\"\n\
         [[contact]]\nname = \"A\"\nmobile = \"+31 6 1234\"\n[[contact]]\nname = \"B\"\nmobile = \"+3161234\"\n",
    );
    assert_eq!(
        found,
        [
            "line 6: workstream.w.units: no agent of the queue q has that much capacity",
            "line 8: workstream.w.keep_same_agent: has no effect: it is for a persistent one",
            "line 9: workstream.w.auto_close_waiting_h: has no effect: it is for a persistent one",
            "line 10: workstream.w.notify.incoming: {answers.order}: no widget of this workstream asks that",
            "line 13: workstream.w.notify.incoming.reject: has no effect: what is assigned or accepted by itself cannot be refused",
            "line 16: workstream.v.queue: no agent has the queue empty",
            "line 20: agent.a.password: is shorter than 8 characters",
            "line 27: agent.s.queues: has no effect without the role agent",
            "line 30: quick_reply.r.text: holds < or >, which agents cannot send",
            "line 36: contact[1].mobile: is that of contact[0] too: a customer with it is linked to neither",
        ]
    );
}

#[test]
fn the_box_can_trust_a_key_of_its_own_without_changing_the_desk() {
    let mut desk = desk(EXAMPLE);
    let (version, export) = (desk.version(), desk.export());
    // A P-256 key: the envelope and any point of its form.
    let mut own = b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00\x04".to_vec();
    own.extend([7; 64]);
    let auth = desk.workstream_mut("web-later").and_then(|w| w.auth.as_mut()).expect("auth");
    auth.add_key(&own).expect("a key");
    auth.add_key(&own).expect("the same key");
    let kinds: Vec<_> = auth.keys().map(|key| (key.kind(), key.key_bytes().len())).collect();
    assert_eq!(kinds, [(KeyKind::Rsa, 270), (KeyKind::P256, 65)]);
    assert!(auth.add_key(&own[1..]).is_err());
    assert_eq!((desk.version(), desk.export()), (version, export.clone()));
    let options = LoadOptions { over: Some(&desk), ..LoadOptions::default() };
    assert_eq!(
        load_with(&export, options).expect("a desk").desk,
        desk,
        "and it stays over a change of the desk"
    );
}
