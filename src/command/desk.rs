//! `deskbell desk …`: the configuration as one file.

use deskbell::desk::{LoadOptions, load_with};
use deskbell::shell::boot;
use deskbell::shell::offline::Offline;

use super::Ended;
use super::options::Options;
use super::socket::Socket;
use super::store::{data, ended, ended_listing, list};

pub(crate) fn run(arguments: &[String]) -> Result<(), Ended> {
    match arguments.split_first() {
        Some((verb, rest)) if verb == "check" => check(rest),
        Some((verb, rest)) if verb == "export" => export(rest),
        Some((verb, rest)) if verb == "apply" => apply(rest),
        Some((verb, _)) => Err(Ended::usage(format!("there is no `deskbell desk {verb}`"))),
        None => Err(Ended::usage("`deskbell desk` wants check FILE, export or apply FILE")),
    }
}

/// One fault a line on standard error; a file that holds an export has no passwords, and need not.
fn check(arguments: &[String]) -> Result<(), Ended> {
    let options = Options::read(arguments, &[])?;
    let [file] = options.plain[..] else { return Err(Ended::usage("`deskbell desk check` wants one file")) };
    let text = boot::read_desk_file(file.as_ref()).map_err(Ended::usage)?;
    let how = LoadOptions { allow_missing_secrets: true, ..LoadOptions::default() };
    match load_with(&text, how) {
        Ok(loaded) => {
            for warning in &loaded.warnings {
                eprintln!("warning: {warning}");
            }
            println!("{file}: no faults");
            Ok(())
        }
        Err(faults) => {
            list(&faults);
            Err(Ended::listed())
        }
    }
}

/// The desk in force on standard output, without passwords.
fn export(arguments: &[String]) -> Result<(), Ended> {
    let options = Options::read(arguments, &["data"])?;
    options.nothing_else()?;
    let data = data(&options)?;
    if let Some(socket) = Socket::of(&data)? {
        print!("{}", socket.get("desk")?.text()?);
        return Ok(());
    }
    let store = Offline::open(&data).map_err(ended)?;
    let desk = store.desk().map_err(ended)?;
    print!("{}", desk.export());
    store.close().map_err(ended)
}

/// Puts a file in force; every fault is listed, and then nothing is changed.
fn apply(arguments: &[String]) -> Result<(), Ended> {
    let options = Options::read(arguments, &["data"])?;
    let [file] = options.plain[..] else { return Err(Ended::usage("`deskbell desk apply` wants one file")) };
    let text = boot::read_desk_file(file.as_ref()).map_err(Ended::usage)?;
    let data = data(&options)?;
    if let Some(socket) = Socket::of(&data)? {
        print!("{}", socket.post("desk", &mut text.as_bytes(), text.len() as u64)?.text()?);
        return Ok(());
    }
    let store = Offline::open_or_make(&data).map_err(ended)?;
    let applied = store.apply(&text, "local root");
    store.close().map_err(ended)?;
    super::backup::give_to_owner(&data);
    applied.map_err(ended_listing)
}
