//! The shipped settings: every key there is, with its meaning, and a default that starts.

use deskbell::ops::settings::{self, SETTINGS};

use super::{project, text};

fn shipped() -> String {
    text("firmware-config/deskbell.toml")
}

#[test]
fn the_shipped_settings_are_those_of_the_table() {
    // BLESS=1 writes the file anew, after the table has changed.
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(project("firmware-config/deskbell.toml"), settings::shipped()).expect("written");
    }
    assert_eq!(shipped(), settings::shipped(), "BLESS=1 cargo test --test units settings");
}

#[test]
fn the_table_has_the_keys_of_the_contract() {
    // As the contract with the outside names them, and what came later.
    const CONTRACT: [&str; 8] =
        ["data", "names", "public_url", "trusted_proxies", "listen_staff", "listen_public", "profile", "log"];
    for key in CONTRACT {
        assert!(SETTINGS.iter().any(|setting| setting.key == key), "{key}");
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
fn the_manual_is_of_this_version() {
    let manual = text("firmware-config/package/deskbell.1");
    let head = format!("\"deskbell {}\"", env!("CARGO_PKG_VERSION"));
    assert!(manual.contains(&head), "the manual is of another version");
}
