//! Secrets of providers that stand in no desk and no backup: systemd hands them to the service as the credential
//! `providers`, a file of lines `NAME = VALUE`, and the desk names one as `credential:NAME`.
//!
//! They are read once: a service's credentials do not change while it runs.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::OnceLock;

use crate::desk::{Kept, Secret};
use crate::limits::CREDENTIALS_BYTES_MAX;

/// What a secret of the desk begins with when it is only the name of one.
const PREFIX: &str = "credential:";

/// The secret that the desk means. None when it has none, or when the service has no credential of that name: then
/// nothing that comes in is believed, and what goes out waits until an admin has mended it.
pub fn reveal(kept: &Kept) -> Option<&str> {
    static GIVEN: OnceLock<BTreeMap<String, Secret>> = OnceLock::new();
    let text = Some(kept.expose()).filter(|text| !text.is_empty())?;
    let Some(name) = text.strip_prefix(PREFIX) else { return Some(text) };
    let given = GIVEN.get_or_init(|| parse(&read().unwrap_or_default()));
    let found = given.get(name.trim()).map(Secret::expose);
    if found.is_none() {
        log::error!("the service has no credential {name:?} in `providers`: its provider cannot be used");
    }
    found
}

fn read() -> Option<String> {
    let path = PathBuf::from(std::env::var_os("CREDENTIALS_DIRECTORY")?).join("providers");
    let mut text = String::new();
    let file = File::open(&path).ok()?;
    match file.take(CREDENTIALS_BYTES_MAX).read_to_string(&mut text) {
        Ok(_) => Some(text),
        Err(error) => {
            log::error!("{}: {error}", path.display());
            None
        }
    }
}

fn parse(text: &str) -> BTreeMap<String, Secret> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let pairs = lines.filter_map(|line| line.split_once('='));
    pairs
        .map(|(name, value)| (name.trim().to_owned(), value.trim()))
        .filter(|(name, value)| !name.is_empty() && !value.is_empty())
        .map(|(name, value)| (name, Secret::new(value)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_name_and_the_rest_of_it() {
        let read = parse("# of the image\ntwilio = a=b= \n\nnothing =\n = lost\nbroken\ngateway=c d\n");
        let shown: Vec<_> = read.iter().map(|(name, value)| (name.as_str(), value.expose())).collect();
        assert_eq!(shown, [("gateway", "c d"), ("twilio", "a=b=")]);
    }

    #[test]
    fn a_secret_that_is_none_or_names_none_reveals_nothing() {
        let kept = |text: &str| Kept::new(Secret::new(text));
        assert_eq!(reveal(&kept("as it stands")), Some("as it stands"));
        assert_eq!(reveal(&Kept::default()), None);
        assert_eq!(reveal(&kept("credential:nobody-gave-it")), None, "and not the empty secret");
    }
}
