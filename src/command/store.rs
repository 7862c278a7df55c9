//! `deskbell backup`, `restore`, `user`: what is done to a data directory.

use std::io::BufRead;
use std::path::{Path, PathBuf};

use deskbell::shell::offline::{Offline, OfflineError};
use deskbell::store;

use super::Ended;
use super::options::Options;

/// `--data DIR`, where everything lies.
pub(super) fn data(options: &Options<'_>) -> Result<PathBuf, Ended> {
    options
        .get("data")
        .map(PathBuf::from)
        .ok_or_else(|| Ended::usage("--data DIR says where the box keeps its data"))
}

pub(super) fn ended(error: OfflineError) -> Ended {
    match error {
        OfflineError::Running
        | OfflineError::NoDesk
        | OfflineError::Faults(_)
        | OfflineError::NoSuchUser
        | OfflineError::Password(_) => Ended::usage(error.to_string()),
        _ => Ended::failed(error.to_string()),
    }
}

pub(super) fn backup(arguments: &[String]) -> Result<(), Ended> {
    let options = Options::read(arguments, &["data", "to"])?;
    options.nothing_else()?;
    let to = options.get("to").ok_or_else(|| Ended::usage("`deskbell backup` wants --to FILE"))?;
    let store = Offline::open(&data(&options)?).map_err(ended)?;
    let made = store.backup(Path::new(to));
    store.close().map_err(ended)?;
    let made = made.map_err(ended)?;
    println!("{to}: {} rows, {} bytes", made.rows, made.bytes);
    Ok(())
}

/// Only into a directory that holds no store.
pub(super) fn restore(arguments: &[String]) -> Result<(), Ended> {
    let options = Options::read(arguments, &["data", "from"])?;
    options.nothing_else()?;
    let from = options.get("from").ok_or_else(|| Ended::usage("`deskbell restore` wants --from FILE"))?;
    let restored = store::restore(Path::new(from), store::Options::new(data(&options)?))
        .map_err(|error| Ended::usage(error.to_string()))?;
    println!("{from}: {} rows restored", restored.rows);
    Ok(())
}

/// `user password NAME`: the new password is one line of standard input, so that it stands in no list of
/// processes.
pub(super) fn user(arguments: &[String]) -> Result<(), Ended> {
    let options = Options::read(arguments, &["data"])?;
    let ["password", username] = options.plain[..] else {
        return Err(Ended::usage("`deskbell user password NAME` sets a password read from standard input"));
    };
    let mut password = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut password)
        .map_err(|error| Ended::usage(format!("standard input: {error}")))?;
    let password = password.trim_end_matches(['\n', '\r']);
    if password.chars().count() < 8 {
        return Err(Ended::usage("a password has at least 8 characters"));
    }
    let store = Offline::open(&data(&options)?).map_err(ended)?;
    let set = store.set_password(username, password);
    store.close().map_err(ended)?;
    set.map_err(ended)
}
