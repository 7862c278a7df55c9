//! Providers of a workstream: faults by name, secrets that go in and never come out.

use deskbell::desk::{LoadOptions, Mode, diff, load, load_with};

const HEAD: &str = "[[queue]]\nid = \"q\"\n[[workstream]]\nid = \"w\"\nqueue = \"q\"\n";

fn sms(lines: &str) -> String {
    format!("{HEAD}channel = \"sms\"\n[workstream.sms]\n{lines}")
}

const TWILIO: &str = "provider = \"twilio\"\nfrom = \"+31970\"\naccount = \"AC1\"\nsecret = \"hush-hush\"\n";

fn faults(text: &str) -> Vec<String> {
    let found = load(text).expect_err("faults");
    found.list.iter().map(|fault| format!("{}: {}", fault.path, fault.message)).collect()
}

#[test]
fn a_text_message_workstream_is_persistent_unless_said_and_needs_no_token() {
    let loaded = load(&sms(TWILIO)).expect("a desk");
    assert_eq!(loaded.warnings.iter().filter(|warning| warning.path.contains("sms")).count(), 0);
    assert_eq!(loaded.desk.workstream("w").expect("there").mode, Mode::Persistent);
    let live = load(&sms(TWILIO).replace("channel", "mode = \"live\"\nchannel")).expect("a desk");
    assert_eq!(live.desk.workstream("w").expect("there").mode, Mode::Live);
    let bare = load(&format!("{HEAD}channel = \"sms\"\n")).expect("a desk");
    assert!(bare.warnings.iter().any(|warning| warning.path == "workstream.w.sms"), "{:?}", bare.warnings);
}

#[test]
fn secrets_go_in_and_never_come_out() {
    let before = load(&sms(TWILIO)).expect("a desk").desk;
    assert!(!before.export().contains("hush"), "{}", before.export());
    assert!(!format!("{before:?}").contains("hush"));
    // What an export leaves out is kept, also over the store.
    let how = LoadOptions { over: Some(&before), ..LoadOptions::default() };
    let again = load_with(&before.export(), how).expect("a desk").desk;
    assert_eq!(again, before);
    let how = LoadOptions { stored: true, allow_missing_secrets: true, ..LoadOptions::default() };
    let stored = load_with(&before.export_stored(), how).expect("a desk").desk;
    assert_eq!(stored, before);
    // Another secret is another version, and the history says so without it.
    let other = load(&sms(&TWILIO.replace("hush-hush", "quiet-now"))).expect("a desk").desk;
    assert_ne!(other.version(), before.version());
    let changes: Vec<String> = diff(&before, &other).iter().map(ToString::to_string).collect();
    assert_eq!(changes, ["workstream.w.sms.secret: set → changed"]);
}

#[test]
fn the_manuals_examples_of_providers_are_whole() {
    const PAGE: &str = include_str!("../../src/manual/channels.html");
    for id in ["twilio", "gateway", "spool", "gammu", "messenger"] {
        let at = PAGE.find(&format!("<code id=\"{id}\">")).expect("the example");
        let from = at + PAGE[at..].find('>').expect("a tag") + 1;
        let example = PAGE[from..from + PAGE[from..].find("</code>").expect("its end")].replace("&amp;", "&");
        let desk = load(&format!("[[queue]]\nid = \"front\"\n{example}"));
        let desk = desk.unwrap_or_else(|found| panic!("{id}: {:?}", found.list));
        let said: Vec<_> = desk
            .warnings
            .iter()
            .filter(|warning| warning.message.contains("effect") || warning.message.contains("missing"))
            .collect();
        assert!(said.is_empty(), "{id}: {said:?}");
    }
}

#[test]
fn what_is_wrong_with_a_provider_is_said_at_its_place() {
    let rows: &[(&str, &str)] = &[
        ("provider = \"pigeon\"\n", "workstream.w.sms.provider"),
        ("provider = \"twilio\"\naccount = \"AC1\"\nsecret = \"s\"\n", "workstream.w.sms.from: is missing"),
        ("provider = \"twilio\"\nfrom = \"+31\"\nsecret = \"s\"\n", "workstream.w.sms.account: is missing"),
        ("provider = \"twilio\"\nfrom = \"+31\"\naccount = \"AC1\"\n", "workstream.w.sms.secret: is missing"),
        ("provider = \"gateway\"\nsecret = \"s\"\n", "workstream.w.sms.url: is missing"),
        ("provider = \"gateway\"\nsecret = \"s\"\nurl = \"ftp://x\"\n", "workstream.w.sms.url: must begin"),
        (
            "provider = \"gateway\"\nsecret = \"s\"\nurl = \"http://a@b\"\n",
            "workstream.w.sms.url: must be https",
        ),
        ("provider = \"spool\"\n", "workstream.w.sms.folder: is missing"),
        ("provider = \"spool\"\nfolder = \"sms\"\n", "workstream.w.sms.folder: must be a whole path"),
        ("provider = \"gammu\"\n", "workstream.w.sms.folder: is missing"),
        (
            "provider = \"gammu\"\nfolder = \"gammu\"\n",
            "workstream.w.sms.folder: must be a whole path, such as /var/spool/gammu",
        ),
        ("provider = \"spool\"\nfolder = \"/s\"\nsecrt = \"x\"\n", "workstream.w.sms.secrt: is not a key"),
    ];
    for (lines, wanted) in rows {
        let found = faults(&sms(lines));
        assert!(found.iter().any(|fault| fault.starts_with(wanted)), "{lines}: {found:?}");
    }
    // Whatever comes into a folder would be each one's.
    let modem = |id: &str, folder: &str| {
        format!(
            "[[workstream]]\nid = \"{id}\"\nqueue = \"q\"\nchannel = \"sms\"\n[workstream.sms]\nprovider = \"gammu\"\nfolder = \"{folder}\"\n"
        )
    };
    let two =
        |one: &str, other: &str| format!("[[queue]]\nid = \"q\"\n{}{}", modem("a", one), modem("b", other));
    assert_eq!(faults(&two("/s", "/s/")), ["workstream.b.sms.folder: is that of a already"]);
    load(&two("/s/a", "/s/b")).expect("a modem each");
    // A secret goes over the open network by https only; on the branch's own it may go in the clear.
    let twilio = |url: &str| sms(&format!("{TWILIO}url = \"{url}\"\n"));
    assert!(faults(&twilio("http://api.example.com"))[0].contains("must begin with https://"));
    for url in ["https://api.example.com", "http://127.0.0.1:9", "http://192.168.1.9/x", "http://sms.lan"] {
        load(&twilio(url)).unwrap_or_else(|found| panic!("{url}: {:?}", found.list));
    }
    let page = |lines: &str| format!("{HEAD}channel = \"messenger\"\n[workstream.messenger]\n{lines}");
    let found = faults(&page("page = \"our page\"\n"));
    assert!(
        found.iter().any(|fault| fault.contains("messenger.page: must be the page's number")),
        "{found:?}"
    );
    assert!(found.iter().any(|fault| fault.contains("messenger.app_secret: is missing")), "{found:?}");
}
