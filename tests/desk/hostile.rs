//! Files nobody meant well: any of them is a desk or a list of faults, in bounded time.

use std::time::{Duration, Instant};

use deskbell::desk::{Desk, LoadOptions, load, load_with};
use proptest::prelude::*;

use crate::EXAMPLE;

/// What a mutation puts in: pieces of the format, of this file's words, and of other scripts.
const PIECES: &[&str] = &[
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "\"",
    "\"\"\"",
    "'",
    "=",
    ",",
    ".",
    "\n",
    "\r\n",
    "#",
    "\\",
    "\\u0000",
    "\u{0}",
    "é",
    "漢",
    "[[queue]]\n",
    "[[agent]]\n",
    "id = \"front\"\n",
    "queue = \"front\"\n",
    "99999999999999999999",
    "-1",
    "0x7f",
    "1e9",
    "nan",
    "2026-02-30",
    "24:00",
    "{customer_name}",
    "{{",
    "en = \"x\"",
    "inf",
    "true",
    "1979-05-27T07:32:00Z",
];

/// Where (in thousandths of the file), how many bytes go, what comes.
fn edits() -> impl Strategy<Value = Vec<(usize, usize, &'static str)>> {
    prop::collection::vec((0..1000usize, 0..40usize, prop::sample::select(PIECES)), 1..6)
}

fn mutated(file: &str, edits: &[(usize, usize, &str)]) -> String {
    let mut file = file.to_owned();
    for (place, gone, piece) in edits {
        let begin = file.floor_char_boundary(file.len() * place / 1000);
        let end = file.floor_char_boundary((begin + gone).min(file.len())).max(begin);
        file.replace_range(begin..end, piece);
    }
    file
}

fn loads_again_to_an_equal_desk(desk: &Desk) {
    let export = desk.export();
    let options = LoadOptions { over: Some(desk), ..LoadOptions::default() };
    let again = load_with(&export, options).unwrap_or_else(|faults| panic!("{faults}\n{export}"));
    assert_eq!(again.desk, *desk, "{export}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_mutated_file_is_a_desk_that_exports_or_a_list_of_faults_with_lines(edits in edits()) {
        let file = mutated(EXAMPLE, &edits);
        let lines = u32::try_from(file.split('\n').count()).expect("a small file");
        match load(&file) {
            Ok(loaded) => loads_again_to_an_equal_desk(&loaded.desk),
            Err(faults) => {
                prop_assert!(!faults.list.is_empty() && faults.list.len() <= 500);
                prop_assert!(faults.list.is_sorted());
                for fault in &faults.list {
                    prop_assert!(!fault.message.is_empty());
                    prop_assert!(fault.line.is_none_or(|line| (1..=lines).contains(&line)), "{fault} of {lines} lines");
                }
            }
        }
    }

    #[test]
    fn anything_at_all_is_a_desk_or_a_list_of_faults(file in "(\\PC|\n|\"|=|\\[|\\]|\\{|\\}){0,200}") {
        if let Ok(loaded) = load(&file) {
            loads_again_to_an_equal_desk(&loaded.desk);
        }
    }

    #[test]
    fn a_desk_of_any_texts_and_numbers_survives_its_export(
        name in "\\PC{0,30}[a-z]",
        notice in "(\\PC|\n|\t|\"|\\\\|'){0,80}x",
        label in "(\\PC|\"|\\\\){0,40}x",
        languages in prop::collection::btree_map("[a-z]{2}(-[A-Za-z]{2})?", "\\PC{0,20}x", 1..5),
        (priority, units, capacity, timeout) in (0..=1000u32, 1..=10_000u32, 1..=10_000u32, 5..=3600u32),
        spans in prop::collection::btree_set(0..23u32, 0..6),
        username in "[a-z][a-z0-9._@+-]{0,20}",
        (live, kept, figures) in any::<(bool, bool, bool)>(),
    ) {
        let quoted = |text: &str| {
            let escaped = text.chars().map(|c| match c {
                '"' | '\\' => format!("\\{c}"),
                '\n' => "\\n".to_owned(),
                '\t' => "\\t".to_owned(),
                c if c.is_control() => format!("\\U{:08x}", u32::from(c)),
                c => c.to_string(),
            });
            format!("\"{}\"", escaped.collect::<String>())
        };
        // Braces are doubled: what they would mean is another test's.
        let template = |text: &str| quoted(&text.replace('{', "{{").replace('}', "}}"));
        let mut table: Vec<_> = languages.iter().map(|(lang, text)| format!("{lang} = {}", template(text))).collect();
        table.retain(|entry| !entry.to_lowercase().starts_with("en =") && !entry.contains("-"));
        table.push(format!("en = {}", template(&label)));
        let spans: Vec<_> = spans.iter().map(|hour| format!("\"{hour:02}:00-{hour:02}:59\"")).collect();
        let channel = if live { "chat" } else { "sms" };
        let file = format!(
            "name = {name}\nmonitoring_notice = {notice}\nfigures.per_agent = {figures}\nmasking.store_pci = {kept}\n\
             hours = [{{ id = \"h\", timezone = \"America/St_Johns\", week = {{ mon = [{spans}] }} }}]\n\
             queue = [{{ id = \"q\", name = {label}, priority = {priority} }}]\n\
             [[workstream]]\nid = \"w\"\nchannel = \"{channel}\"\nqueue = \"q\"\nhours = \"h\"\nunits = {units}\nwrapup_keeps_capacity = {kept}\n\
             [workstream.notify.transfer]\ntitle = {{ {table} }}\ntimeout_s = {timeout}\nfields = [{{ label = {label}, value = {value} }}]\n\
             [workstream.texts]\noffline = {text}\n\
             [[agent]]\nusername = {username}\npassword = {notice_secret}\ncapacity = {capacity}\n\
             [[contact]]\nname = {label}\n[[contact]]\nname = {label}\n",
            name = quoted(&name),
            notice = quoted(&notice),
            label = quoted(&label),
            value = template(&label),
            text = template(&notice),
            table = table.join(", "),
            spans = spans.join(", "),
            username = quoted(&username),
            notice_secret = quoted("a password"),
        );
        let loaded = load(&file);
        prop_assert!(loaded.is_ok(), "{}\n{file}", loaded.map(|_| ()).unwrap_err());
        loads_again_to_an_equal_desk(&loaded.expect("just asked").desk);
    }
}

/// A reader whose time grows with the square of a mebibyte takes longer than this on any machine; one that is read once
/// takes a hundredth of it on a busy one.
const QUADRATIC: Duration = Duration::from_secs(60);

#[test]
fn a_file_as_large_as_allowed_is_answered_and_not_dwelt_on() {
    const BYTES: usize = 1024 * 1024;
    let fill = |piece: &str| piece.repeat(BYTES / piece.len());
    let numbered = |piece: &str| {
        (0..)
            .map(|n| format!("{piece}{n} = 1\n"))
            .scan(0, |bytes, line| {
                *bytes += line.len();
                (*bytes <= BYTES).then_some(line)
            })
            .collect::<String>()
    };
    for file in [
        fill("["),
        fill("{"),
        fill("\""),
        fill("a."),
        fill("a=1\n"),
        fill("[[agent]]\n"),
        fill("[[contact]]\nname='x'\n"),
        format!("x = {}", &fill("[1,")[3..BYTES / 2]),
        numbered("k"),
        format!("[workstream]\n{}", &numbered("x")[..BYTES / 2]),
        format!("agent_notice = \"{}\"", &fill("{x}")[..BYTES - 100]),
        format!("x = {{ {} }}", &fill("a=1,")[..BYTES - 100]),
    ] {
        let begun = Instant::now();
        let answer = load(&file).map(|loaded| loaded.desk.agents.len());
        let head: String = file.chars().take(20).collect();
        assert!(answer.is_err(), "{head}");
        assert!(begun.elapsed() < QUADRATIC, "{head} took {:?}", begun.elapsed());
    }
}
