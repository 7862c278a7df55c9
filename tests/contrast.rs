//! The tokens of the pages hold their promise: text at least 4.5:1 on its ground, marks and control edges at least 3:1, in
//! light, in dark by choice and in dark by the system (REQ B-8).

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

type Tokens = BTreeMap<String, String>;

/// Text, and the grounds it stands on.
const TEXT: &[(&str, &[&str])] = &[
    (
        "text",
        &[
            "ground",
            "surface",
            "surface-sunk",
            "surface-float",
            "hover",
            "press",
            "bubble-them",
            "accent-soft",
            "wait-soft",
            "urgent-soft",
            "good-soft",
        ],
    ),
    (
        "text-2",
        &[
            "ground",
            "surface",
            "surface-sunk",
            "surface-float",
            "hover",
            "press",
            "bubble-them",
            "accent-soft",
            "wait-soft",
        ],
    ),
    ("text-3", &["ground", "surface", "surface-sunk", "surface-float", "hover"]),
    ("accent", &["ground", "surface", "surface-sunk", "surface-float", "accent-soft"]),
    ("on-accent", &["accent", "accent-hover"]),
    ("on-bubble-us", &["bubble-us"]),
    ("wait", &["surface", "surface-sunk", "surface-float", "wait-soft"]),
    ("urgent", &["surface", "surface-sunk", "surface-float", "urgent-soft"]),
    ("good", &["surface", "surface-sunk", "surface-float", "good-soft"]),
    ("on-urgent", &["urgent-mark"]),
];

/// Marks that say something, and edges of what can be pressed or filled in.
const MARKS: &[(&str, &[&str])] = &[
    ("wait-mark", &["surface", "surface-float"]),
    ("urgent-mark", &["surface", "surface-float"]),
    ("good-mark", &["surface", "surface-float"]),
    ("line-edge", &["surface", "surface-float", "surface-sunk"]),
    ("accent", &["surface", "surface-sunk", "ground"]),
];

fn sheet() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web/tokens.css")).expect("the tokens")
}

/// The declarations of the block that begins behind `head`.
fn block(sheet: &str, head: &str) -> Tokens {
    let (_, rest) = sheet.split_once(head).unwrap_or_else(|| panic!("no {head}"));
    let (body, _) = rest.split_once('}').expect("the block ends");
    let body: String =
        body.split("/*").map(|part| part.split_once("*/").map_or(part, |(_, after)| after)).collect();
    let pairs = body.split(';').filter_map(|pair| pair.split_once(':'));
    pairs
        .filter_map(|(name, value)| {
            Some((name.trim().strip_prefix("--")?.to_owned(), value.trim().to_owned()))
        })
        .collect()
}

fn luminance(tokens: &Tokens, name: &str) -> f64 {
    let mut value = tokens.get(name).unwrap_or_else(|| panic!("no token --{name}"));
    while let Some(other) = value.strip_prefix("var(--").and_then(|rest| rest.strip_suffix(')')) {
        value = tokens.get(other).unwrap_or_else(|| panic!("no token --{other}"));
    }
    let hex = value.strip_prefix('#').unwrap_or_else(|| panic!("--{name} is {value}"));
    let part = |at: usize| {
        let byte = u8::from_str_radix(&hex[at..at + 2], 16).unwrap_or_else(|_| panic!("--{name} is {value}"));
        let share = f64::from(byte) / 255.0;
        if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * part(0) + 0.7152 * part(2) + 0.0722 * part(4)
}

/// WCAG's contrast ratio of two tokens.
fn contrast(tokens: &Tokens, a: &str, b: &str) -> f64 {
    let (a, b) = (luminance(tokens, a), luminance(tokens, b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn dim(tokens: &Tokens) -> Vec<String> {
    let mut dim = Vec::new();
    for (pairs, least) in [(TEXT, 4.5), (MARKS, 3.0)] {
        for (name, grounds) in pairs {
            for ground in *grounds {
                let ratio = contrast(tokens, name, ground);
                if ratio < least {
                    dim.push(format!("--{name} on --{ground}: {ratio:.2}, needs {least}"));
                }
            }
        }
    }
    dim
}

#[test]
fn every_pair_of_text_and_ground_can_be_read_in_both_themes() {
    let sheet = sheet();
    let light = block(&sheet, ":root {");
    let mut dark = light.clone();
    dark.extend(block(&sheet, ":root[data-theme=\"dark\"] {"));
    assert_eq!(dim(&light), Vec::<String>::new(), "light");
    assert_eq!(dim(&dark), Vec::<String>::new(), "dark");
    let grey = Tokens::from([("a".into(), "#777777".into()), ("b".into(), "#ffffff".into())]);
    assert!((contrast(&grey, "a", "b") - 4.48).abs() < 0.01, "the formula is WCAG's");
}

#[test]
fn dark_by_choice_and_dark_by_the_system_are_the_same() {
    let sheet = sheet();
    let chosen = block(&sheet, ":root[data-theme=\"dark\"] {");
    let followed = block(&sheet, ":root:not([data-theme=\"light\"]) {");
    assert!(chosen.len() > 20 && chosen == followed);
}
