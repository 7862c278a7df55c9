//! Style is a test: what must never be in the source, read from the source.

use std::fs;
use std::path::{Path, PathBuf};

fn files(under: &str, endings: &[&str]) -> Vec<(PathBuf, String)> {
    fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).expect("a folder of the source").flatten() {
            let path = entry.path();
            if path.is_dir() { walk(&path, found) } else { found.push(path) }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(under);
    let mut found = Vec::new();
    walk(&root, &mut found);
    found.sort();
    let files: Vec<_> = found
        .into_iter()
        .filter(|path| endings.iter().any(|ending| path.extension().is_some_and(|found| found == *ending)))
        .map(|path| {
            let text = fs::read_to_string(&path).expect("source is UTF-8");
            (path, text)
        })
        .collect();
    assert!(!files.is_empty(), "nothing to look at under {under}");
    files
}

/// Lines of code, without comments and tests at the end of a file.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .take_while(|(_, line)| !line.starts_with("#[cfg(test)]"))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(at, line)| (at + 1, line))
}

/// Panics with every place under `src` where one of `words` stands outside the allowed folders.
fn only_in(words: &[&str], allowed: &[&str]) {
    let mut wrong = Vec::new();
    for (path, text) in files("src", &["rs"]) {
        let name = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().display().to_string();
        if allowed.iter().any(|place| name.starts_with(place)) {
            continue;
        }
        for (at, line) in code(&text) {
            for word in words {
                if line.contains(word) {
                    wrong.push(format!("{name}:{at}: {word}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{words:?} belong to {allowed:?} only:\n{}", wrong.join("\n"));
}

#[test]
fn only_the_store_names_redb() {
    only_in(&["redb::"], &["src/store"]);
}

#[test]
fn only_the_gateway_names_rustls_and_hyper() {
    // The relay is another process and calls out, where the gateway is called.
    only_in(&["rustls::"], &["src/gateway", "src/channels/relay/http.rs"]);
    only_in(&["hyper::", "async_tungstenite::"], &["src/gateway"]);
    only_in(&["ureq::"], &["src/channels/relay/http.rs"]);
}

#[test]
fn only_the_shell_ops_gateway_and_store_read_clocks() {
    only_in(
        &["Instant::now", "SystemTime::now", "Timestamp::now", "Zoned::now"],
        &["src/shell", "src/ops", "src/gateway", "src/store", "src/channels/relay", "src/main.rs"],
    );
}

#[test]
fn the_engine_knows_no_file_no_socket_no_json_no_random_source() {
    for (path, text) in files("src/engine", &["rs"]) {
        for (at, line) in code(&text) {
            for word in ["std::fs", "std::net", "serde_json", "getrandom", "std::time", "HashMap", "println!"]
            {
                assert!(!line.contains(word), "{}:{at}: {word}", path.display());
            }
        }
    }
}

#[test]
fn nothing_is_unbounded() {
    only_in(&["unbounded(", "mpsc::channel("], &[]);
}

#[test]
fn no_file_is_named_for_leftovers() {
    for (path, _) in files("src", &["rs", "js", "css"]) {
        let stem = path.file_stem().unwrap().to_string_lossy().to_string();
        assert!(
            !["utils", "util", "helpers", "helper", "common", "misc"].contains(&stem.as_str()),
            "{}",
            path.display()
        );
    }
}

#[test]
fn files_stay_short_enough_to_be_read() {
    let long: Vec<String> = files("src", &["rs", "js"])
        .into_iter()
        // A language is one file, however much there is to say.
        .filter(|(path, _)| !path.components().any(|part| part.as_os_str() == "lang"))
        .filter(|(_, text)| text.lines().count() > 700)
        .map(|(path, text)| format!("{} ({})", path.display(), text.lines().count()))
        .collect();
    assert!(long.is_empty(), "over 700 lines: {long:?}");
}

#[test]
fn pages_make_no_markup_from_text_and_hold_no_inline_script_or_style() {
    for (path, text) in files("src", &["js"]) {
        for (at, line) in text.lines().enumerate() {
            for word in
                ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"]
            {
                assert!(!line.contains(word), "{}:{}: {word}", path.display(), at + 1);
            }
        }
    }
    for (path, text) in files("src", &["html"]) {
        assert!(!text.contains("style="), "{}: inline style", path.display());
        assert!(!text.contains("<style"), "{}: inline style sheet", path.display());
        for tag in text.split("<script").skip(1) {
            let head = tag.split('>').next().unwrap_or("");
            assert!(head.contains("src="), "{}: inline script", path.display());
        }
    }
}

#[test]
fn every_requirement_named_exists() {
    // The list of `REQ` numbers in code and tests stays within the areas the product knows.
    for folder in ["src", "tests"] {
        for (path, text) in files(folder, &["rs"]) {
            for found in text.split("REQ ").skip(1) {
                let name: String =
                    found.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
                let area = name.split('-').next().unwrap_or("");
                assert!(
                    ["S0", "S1", "S2", "S3", "S4", "D", "B", ""].contains(&area),
                    "{}: REQ {name}",
                    path.display()
                );
            }
        }
    }
}
