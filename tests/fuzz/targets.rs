//! What is fuzzed: every place where bytes of a stranger, or of a disk, become something of ours. Each target takes any
//! bytes, must not panic, and holds what it got against what must be true of it. Driven by coverage in `make fuzz`;
//! the corpora beside this file are run through in `make test`.

#[path = "sip.rs"]
mod sip;

use std::fmt::Debug;
use std::sync::OnceLock;

use deskbell::desk::hours::Hours;
use deskbell::desk::widget::PagePattern;
use deskbell::desk::{self, Origin};
use deskbell::gateway::jwt::{DemoSigner, PublicKey, Trust, verify};
use deskbell::masking::{Field, Masker, Settings};
use deskbell::shell::card::Card;
use deskbell::shell::records;
use deskbell::store::records::Record;
use jiff::Timestamp;

/// A target: its name, and what it does with any bytes.
type Target = (&'static str, fn(&[u8]));

/// All of them, by name.
pub(crate) const TARGETS: [Target; 8] = [
    ("frames", frames),
    ("http", http),
    ("desk", desk_file),
    ("records", stored_records),
    ("masking", masking),
    ("jwt", jwt),
    ("hours", hours),
    ("sip", sip::calls),
];

/// A target by its name.
#[allow(dead_code, reason = "the fuzzer's")]
pub(crate) fn find(name: &str) -> Option<fn(&[u8])> {
    TARGETS.iter().find(|(known, _)| *known == name).map(|(_, run)| *run)
}

/// The names, for people.
#[allow(dead_code, reason = "the fuzzer's")]
pub(crate) fn names() -> String {
    TARGETS.map(|(name, _)| name).join(", ")
}

/// Frames of customers and of staff. What is taken keeps its bounds.
fn frames(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = deskbell::agent::frames::parse(text);
    if let Ok(frame) = deskbell::widget::frames::parse(text)
        && let deskbell::widget::frames::Request::Message { text, .. } = frame.request
    {
        assert!(text.chars().count() <= 1000 && text.len() <= 4096 && !text.contains('\r'));
        assert!(!text.trim().is_empty());
    }
}

/// Bodies and headers of the calls that strangers make.
fn http(data: &[u8]) {
    let (body, rest) = data.split_at(data.iter().position(|byte| *byte == 0).unwrap_or(data.len()));
    let rest = String::from_utf8_lossy(rest);
    let mut words = rest.trim_start_matches('\0').split('\0');
    let (language, agent) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if let Ok(ask) = deskbell::widget::invites::parse(body, language, agent) {
        assert!(ask.seconds_on_page >= 0.0 && ask.path.len() <= 64 && ask.context.len() <= 32);
        if let Some(pattern) = words.next().and_then(PagePattern::parse) {
            let _ = pattern.matches(&ask.url);
        }
    }
    if let Some(origin) = Origin::parse(language) {
        assert_eq!(Origin::parse(&origin.to_string()), Some(origin), "{language:?}");
    }
    let _ = language.parse::<deskbell::gateway::Network>();
}

/// The desk as a file. What loads is written out, and loads again as the same desk.
fn desk_file(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(loaded) = desk::load(text) {
        let written = loaded.desk.export_stored();
        let stored = || desk::LoadOptions { stored: true, allow_missing_secrets: true, ..Default::default() };
        match desk::load_with(&written, stored()) {
            Ok(again) => assert_eq!(again.desk.export_stored(), written, "written twice, two texts"),
            Err(faults) => panic!("what loaded does not load as it was written: {faults:?}\n{written}"),
        }
    }
}

/// Values of the store. What is read is written as it was read.
fn stored_records(data: &[u8]) {
    fn one<R: Record + Debug>(data: &[u8]) {
        if let Ok(record) = R::decode(data) {
            let mut written = Vec::new();
            record.encode(&mut written);
            let again = R::decode(&written).expect("what was written is read");
            assert_eq!(format!("{record:?}"), format!("{again:?}"));
        }
    }
    let Some((which, data)) = data.split_first() else { return };
    match which % 14 {
        0 => one::<Card>(data),
        1 => one::<records::Message>(data),
        2 => one::<records::Live>(data),
        3 => one::<records::AgentState>(data),
        4 => one::<records::Visitor>(data),
        5 => one::<records::Waiting>(data),
        6 => one::<records::Decision>(data),
        7 => one::<records::WorkItem>(data),
        8 => one::<records::Note>(data),
        9 => one::<records::Audit>(data),
        10 => one::<records::Contact>(data),
        11 => one::<records::Invite>(data),
        12 => one::<records::InviteDay>(data),
        _ => one::<records::Offline>(data),
    }
}

/// Masks of a text. What lies outside of what was found stays to the byte, and so does a text without anything.
fn masking(data: &[u8]) {
    static MASKERS: OnceLock<[Masker; 2]> = OnceLock::new();
    let maskers = MASKERS.get_or_init(|| {
        ["NL", "US"].map(|region| {
            Masker::new(Settings { enabled: true, pci: true, pii: true, phone_region: region.to_owned() })
        })
    });
    let Ok(text) = std::str::from_utf8(data) else { return };
    for masker in maskers {
        let spans: Vec<_> = masker.spans(text).collect();
        let masked = masker.mask(text);
        // Not the other way round: of an address with one letter before its @ everything stays (REQ S3-15).
        assert!(!spans.is_empty() || masked == text, "{text:?}");
        let mut at = 0;
        for span in &spans {
            assert!(span.range.start >= at && span.range.end <= text.len(), "{spans:?} of {text:?}");
            assert!(text.is_char_boundary(span.range.start) && text.is_char_boundary(span.range.end));
            at = span.range.end;
        }
        let (head, tail) = (spans.first().map_or(0, |span| span.range.start), text.len() - at);
        assert!(
            masked.starts_with(&text[..head]) && masked.ends_with(&text[text.len() - tail..]),
            "{text:?}"
        );
        for field in [Field::Name, Field::Email, Field::Phone, Field::Text] {
            let _ = masker.mask_value(field, text);
        }
    }
}

/// Tokens: as a stranger writes them, and with any claims under a good signature. A stranger's is never taken.
fn jwt(data: &[u8]) {
    static SITE: OnceLock<(DemoSigner, Trust)> = OnceLock::new();
    let (signer, trust) = SITE.get_or_init(|| {
        let signer = DemoSigner::generate().expect("a key");
        let key = PublicKey::from_spki_der(&signer.public_key_der()).expect("its public half");
        let trust = Trust { issuer: "site".to_owned(), audience: "deskbell".to_owned(), keys: vec![key] };
        (signer, trust)
    });
    const NOW_S: i64 = 1_790_000_000;
    let Ok(text) = std::str::from_utf8(data) else { return };
    assert!(verify(text, trust, NOW_S).is_err(), "nobody signed {text:?}");
    if let Ok(claims) = serde_json::from_str::<serde_json::Value>(text)
        && let Ok(token) = signer.sign(&claims)
        && let Ok(customer) = verify(&token, trust, NOW_S)
    {
        assert!(!customer.subject.is_empty() && customer.subject.chars().count() <= 200, "{claims}");
        assert!(claims["exp"].as_f64().is_some_and(|exp| exp > (NOW_S - 61) as f64), "{claims}");
        assert!(customer.context.len() <= 32);
    }
}

/// Opening hours of any shape, at any instant: they change when they say they change, and not before.
fn hours(data: &[u8]) {
    let Some((instant, text)) = data.split_at_checked(4) else { return };
    let minutes = u32::from_le_bytes([instant[0], instant[1], instant[2], instant[3]]);
    // From 2000 to 2080.
    let seconds = 946_684_800 + i64::from(minutes % (80 * 366 * 1440)) * 60;
    let (Ok(text), Ok(at)) = (std::str::from_utf8(text), Timestamp::from_second(seconds)) else { return };
    let desk = format!("version = 1\nname = \"x\"\n[[hours]]\nid = \"h\"\n{text}");
    let Ok(loaded) = desk::load(&desk) else { return };
    for hours in &loaded.desk.hours {
        changes_when_it_says(hours, at);
    }
}

fn changes_when_it_says(hours: &Hours, at: Timestamp) {
    let open = hours.is_open(at);
    let change = hours.next_change(at);
    match if open { hours.open_until(at) } else { hours.next_open(at) } {
        None => assert_eq!(change, None, "{hours:?} at {at}"),
        Some(turn) => {
            assert_eq!(change, Some(turn), "{hours:?} at {at}");
            assert!(turn > at && hours.is_open(turn) != open, "{hours:?} at {at}: {turn}");
            let before = Timestamp::from_millisecond(turn.as_millisecond() - 1).expect("an instant");
            assert_eq!(hours.is_open(before), open, "{hours:?} at {at}: already before {turn}");
        }
    }
}
