//! The languages of the pages: one file each, none with a key too few or too many, each text with the placeholders and plural
//! forms it needs, and every key used (REQ B-9).

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use support::Desk;
use support::drill::offer_of;

/// The plural forms of whole numbers in each language (CLDR); a fraction takes `other`.
const LANGUAGES: [(&str, &[&str]); 4] = [
    ("en", &["one", "other"]),
    ("nl", &["one", "other"]),
    ("cs", &["one", "few", "other"]),
    ("da", &["one", "other"]),
];
const FORMS: [&str; 6] = ["zero", "one", "two", "few", "many", "other"];

type Texts = BTreeMap<String, String>;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

/// A language's file: an object of one text a line, so that a reader, a diff and this test need no more.
fn texts(language: &str, source: &str) -> Result<Texts, String> {
    let mut texts = Texts::new();
    for (at, line) in source.lines().enumerate().map(|(at, line)| (at + 1, line.trim())) {
        if line.is_empty() || line.starts_with("//") || line == "export default {" || line == "};" {
            continue;
        }
        let pair = line.strip_suffix(',').map(|pair| format!("{{{pair}}}"));
        let one: Option<Texts> = pair.and_then(|pair| serde_json::from_str(&pair).ok());
        let Some((key, text)) = one.filter(|one| one.len() == 1).and_then(|mut one| one.pop_first()) else {
            return Err(format!("{language}.js:{at}: not one text: {line}"));
        };
        if text.trim().is_empty() {
            return Err(format!("{language}.js:{at}: {key} says nothing"));
        }
        if texts.insert(key.clone(), text).is_some() {
            return Err(format!("{language}.js:{at}: {key} stands twice"));
        }
    }
    Ok(texts)
}

/// A key without its plural form, and that form.
fn split(key: &str) -> (&str, Option<&str>) {
    match key.rsplit_once('.') {
        Some((base, form)) if FORMS.contains(&form) => (base, Some(form)),
        _ => (key, None),
    }
}

/// Keys by what the code asks for. `agent.ended.other` and its like are no plurals: they stand alone.
fn plurals(texts: &Texts) -> BTreeSet<&str> {
    let counted =
        |base: &&str| ["one", "other"].iter().all(|form| texts.contains_key(&format!("{base}.{form}")));
    texts.keys().map(|key| split(key).0).filter(counted).collect()
}

fn placeholders(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect()
}

/// What is wrong with a language beside English.
fn faults(english: &Texts, language: &str, forms: &[&str], texts: &Texts) -> Vec<String> {
    let mut faults = Vec::new();
    let counted = plurals(english);
    let mut wanted: BTreeMap<String, &str> = BTreeMap::new();
    for (key, text) in english {
        match split(key) {
            (base, Some(form)) if counted.contains(base) => {
                if form == "other" {
                    wanted.extend(forms.iter().map(|form| (format!("{base}.{form}"), text.as_str())));
                }
            }
            _ => {
                wanted.insert(key.clone(), text);
            }
        }
    }
    for (key, model) in &wanted {
        let Some(text) = texts.get(key) else {
            faults.push(format!("{language}: {key} is missing"));
            continue;
        };
        let (has, needs) = (placeholders(text), placeholders(model));
        // "A request is ringing" may leave its number out; "5 requests" may not.
        let may_lack = matches!(split(key), (base, Some("one")) if counted.contains(base));
        if has != needs && !(may_lack && has.is_subset(&needs)) {
            faults.push(format!("{language}: {key} has {has:?}, needs {needs:?}"));
        }
    }
    faults.extend(
        texts
            .keys()
            .filter(|key| !wanted.contains_key(*key))
            .map(|key| format!("{language}: {key} is extra")),
    );
    faults
}

fn english() -> Texts {
    texts("en", &read("src/web/lang/en.js")).expect("English reads")
}

#[test]
fn every_language_has_every_text_with_its_placeholders_and_plural_forms() {
    let english = english();
    let mut wrong = Vec::new();
    for (language, forms) in LANGUAGES {
        match texts(language, &read(&format!("src/web/lang/{language}.js"))) {
            Ok(texts) => wrong.extend(faults(&english, language, forms, &texts)),
            Err(fault) => wrong.push(fault),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let files = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web/lang")).expect("the folder");
    assert_eq!(files.count(), LANGUAGES.len(), "a language more: name its plural forms here");
}

#[test]
fn a_broken_language_file_is_named_by_its_line_and_key() {
    let english = texts(
        "en",
        "export default {\n  \"a.b\": \"Hi {name}\",\n  \"n.one\": \"{n} day\",\n  \"n.other\": \"{n} days\",\n};",
    )
    .expect("it reads");
    let of = |body: &str| {
        texts("xx", body).map_or_else(
            |fault| vec![fault],
            |texts| faults(&english, "xx", &["one", "few", "other"], &texts),
        )
    };
    let whole =
        "\"a.b\": \"Hoi {name}\",\n\"n.one\": \"den\",\n\"n.few\": \"{n} dny\",\n\"n.other\": \"{n} dní\",";
    assert_eq!(of(whole), Vec::<String>::new());
    for (body, fault) in [
        (whole.replace("\"a.b\": \"Hoi {name}\",\n", ""), "xx: a.b is missing"),
        (whole.replace("\"n.few\": \"{n} dny\",\n", ""), "xx: n.few is missing"),
        (whole.replace("{n} dny", "dny"), "xx: n.few has {}, needs {\"n\"}"),
        (whole.replace("{name}", "{nom}"), "xx: a.b has {\"nom\"}, needs {\"name\"}"),
        (format!("{whole}\n\"c.d\": \"x\","), "xx: c.d is extra"),
        (format!("{whole}\n\"a.b\": \"x\","), "xx.js:5: a.b stands twice"),
        (format!("{whole}\n\"c.d\": \"x\""), "xx.js:5: not one text: \"c.d\": \"x\""),
        (format!("{whole}\n\"c.d\": \" \","), "xx.js:5: c.d says nothing"),
    ] {
        assert_eq!(of(&body), [fault]);
    }
}

/// Every script of the pages but the languages themselves; and of what the box writes itself, its words by whole keys.
fn scripts() -> String {
    let mut all = String::new();
    for file in ["src/agent/transcript.rs", "src/agent/notification.rs", "src/shell/outbound/copies.rs"] {
        all += &read(file).replace("word(\"", "\"paper.").replace("word(language, \"", "\"paper.");
    }
    for folder in ["src/agent", "src/widget", "src/web"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        for entry in fs::read_dir(&folder).expect("a folder of scripts").flatten() {
            if entry.path().extension().is_some_and(|ending| ending == "js") {
                all += &fs::read_to_string(entry.path()).expect("UTF-8");
            }
        }
    }
    all
}

/// Keys that scripts name: whole, and the beginnings of those put together from parts.
fn named(scripts: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut whole, mut begun) = (BTreeSet::new(), BTreeSet::new());
    for quote in ['"', '`'] {
        for surface in ["agent.", "paper.", "widget.", "time."] {
            for (at, _) in scripts.match_indices(&format!("{quote}{surface}")) {
                let rest = &scripts[at + 1..];
                let end =
                    rest.find(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || "._".contains(c)));
                let (name, after) = rest.split_at(end.unwrap_or(rest.len()));
                if quote == '`' && after.starts_with("${") {
                    begun.insert(name.to_owned());
                } else if after.starts_with(quote) && name != surface {
                    whole.insert(name.to_owned());
                }
            }
        }
    }
    (whole, begun)
}

#[test]
fn every_text_is_used_and_every_key_used_has_a_text() {
    let english = english();
    let (whole, begun) = named(&scripts());
    assert!(whole.len() > 100, "the scripts were read");
    let asks = |key: &str| {
        let base = split(key).0;
        whole.contains(key)
            || whole.contains(base)
            || begun.iter().any(|begin| key.starts_with(begin.as_str()))
            // "agent.end" with ".title" put behind it.
            || whole.iter().any(|part| key.starts_with(&format!("{part}.")) && !english.contains_key(part))
    };
    let unused: Vec<&String> = english.keys().filter(|key| !asks(key)).collect();
    assert!(unused.is_empty(), "no script asks for {unused:#?}");
    let answered = |key: &str| {
        english.contains_key(key)
            || english.contains_key(&format!("{key}.other"))
            || english.keys().any(|found| found.starts_with(key))
    };
    let missing: Vec<&String> = whole.iter().chain(&begun).filter(|key| !answered(key)).collect();
    assert!(missing.is_empty(), "no language has {missing:#?}");
}

#[test]
fn the_box_speaks_to_each_customer_in_her_language_and_to_staff_in_the_desks() {
    let desk = Desk::start_with_desk(
        &[
            ("locale = \"en\"", "locale = \"nl\""),
            ("title = \"Chat from {customer_name}\"", "accept_label = { nl = \"Ik help\", en = \"I help\" }"),
        ],
        &[],
    );
    let mut alice = desk.agent("alice");
    assert_eq!(alice.welcome["settings"]["locale"], "nl");
    for (locale, joined, ended) in [
        ("en-GB", "Alice Jansen has joined the conversation.", "Alice Jansen has ended the conversation."),
        ("nl-BE", "Alice Jansen doet mee aan het gesprek.", "Alice Jansen heeft het gesprek beëindigd."),
        ("cs", "Ke konverzaci se připojuje Alice Jansen.", "Alice Jansen ukončuje konverzaci."),
        ("da", "Alice Jansen er kommet med i samtalen.", "Alice Jansen har afsluttet samtalen."),
        // A language nobody here knows: the desk's.
        ("fi", "Alice Jansen doet mee aan het gesprek.", "Alice Jansen heeft het gesprek beëindigd."),
    ] {
        let mut customer = desk.customer("shop", json!({"locale": locale}));
        let conversation = customer.start(json!({"name": "Eva Smit"}));
        let offer = offer_of(&mut alice, &conversation);
        assert_eq!(json!([offer["title"], offer["accept_label"]]), json!(["Chat van Eva Smit", "Ik help"]));
        alice.take_known(&offer);
        alice.socket.ok("end", json!({"conversation": conversation}));
        alice.socket.ok("wrapup", json!({"conversation": conversation, "reason": "solved"}));
        for (code, words) in [("agent_joined", joined), ("agent_ended", ended)] {
            let told = customer.socket.wait(code, |frame: &Value| frame["code"] == code);
            assert_eq!(told["text"], words, "{locale}");
        }
    }
}
