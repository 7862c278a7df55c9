//! `deskbell desk …`: the configuration as one file.

use deskbell::desk::{LoadOptions, load_with};
use deskbell::shell::boot;

use super::options::Options;
use super::{Ended, USAGE};

pub(crate) fn run(arguments: &[String]) -> Result<(), Ended> {
    match arguments.split_first() {
        Some((verb, rest)) if verb == "check" => check(rest),
        Some((verb, _)) => Err(Ended::usage(format!("there is no `deskbell desk {verb}`"))),
        None => Err(Ended::usage("`deskbell desk` wants `check FILE`")),
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
            for fault in &faults.list {
                eprintln!("{fault}");
            }
            let count = faults.list.len() + faults.more;
            Err(Ended { code: USAGE, line: format!("{file} has {count} faults") })
        }
    }
}
