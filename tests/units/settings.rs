//! The shipped settings: every key there is, with its meaning, and a default that starts.

use super::{project, text};

/// The keys of `deskbell.toml`, as the contract with the outside names them.
const KEYS: [&str; 8] =
    ["data", "names", "public_url", "trusted_proxies", "listen_staff", "listen_public", "profile", "log"];

fn shipped() -> String {
    text("firmware-config/deskbell.toml")
}

#[test]
fn every_key_stands_in_the_shipped_settings_and_no_other() {
    let all: String = shipped()
        .lines()
        .map(|line| {
            let set = line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line);
            format!("{set}\n")
        })
        .collect();
    let table: toml::Table = all.parse().expect("TOML, the examples in comments included");
    let mut found: Vec<&str> = table.keys().map(String::as_str).collect();
    let mut known = KEYS.to_vec();
    found.sort_unstable();
    known.sort_unstable();
    assert_eq!(found, known);
}

#[test]
fn every_shipped_key_is_explained_above_it() {
    let text = shipped();
    let lines: Vec<&str> = text.lines().collect();
    for key in KEYS {
        let at = lines
            .iter()
            .position(|line| line.trim_start_matches('#').starts_with(&format!("{key} = ")))
            .unwrap_or_else(|| panic!("{key} is missing"));
        let above = lines[at - 1];
        let explained = above.starts_with("# ") || above.starts_with("#listen_");
        assert!(explained, "{key} has no word above it");
    }
}

#[test]
fn the_defaults_are_those_of_the_units() {
    let table: toml::Table = shipped().parse().expect("TOML");
    assert_eq!(table["data"].as_str(), Some("/var/lib/deskbell"), "StateDirectory=deskbell");
    let profile = table["profile"].as_str().expect("a profile");
    assert!(project(&format!("firmware-config/profiles/{profile}.toml")).is_file(), "{profile}");
    // Under systemd the doors come from outside; a default that also binds would find them taken.
    assert!(table.get("listen_staff").is_none() && table.get("listen_public").is_none());
}

#[test]
fn the_manual_and_the_completion_know_every_command() {
    let manual = text("firmware-config/package/deskbell.1");
    let completion = text("firmware-config/package/deskbell.bash");
    for command in ["demo", "serve", "desk", "backup", "restore", "user", "doctor"] {
        assert!(manual.lines().any(|line| line == format!(".B {command}")), "{command} is not in the manual");
        assert!(completion.contains(command), "{command} is not completed");
    }
    let head = format!("\"deskbell {}\"", env!("CARGO_PKG_VERSION"));
    assert!(manual.contains(&head), "the manual is of another version");
}
