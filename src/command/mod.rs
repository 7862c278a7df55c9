//! The commands: arguments in, an exit code out. 0 is done, 2 is a fault of arguments or configuration, 70 is
//! a failure of the box.

mod demo;
mod desk;
mod options;
mod serve;
mod store;
mod wait;

use std::process::ExitCode;

/// Bad arguments or configuration.
pub(crate) const USAGE: u8 = 2;

/// The box failed.
pub(crate) const FAILED: u8 = 70;

const HELP: &str = "\
deskbell: the desk bell of a branch office

  deskbell demo [--listen ADDRESS] [--data DIR] [--desk FILE] [--clock-speed N] [--wall-clock TIME]
      A box with a demo desk, a shop page and accounts, ready at once.
  deskbell serve --config deskbell.toml
      The appliance. `deskbell help settings` prints that file, each key explained.
  deskbell desk check FILE
      Lists every fault of a desk file.
  deskbell desk export --data DIR
  deskbell desk apply FILE --data DIR
      The desk in force, and another in its place.
  deskbell user password NAME --data DIR
      Sets a password, read from standard input.
  deskbell backup --to FILE --data DIR
  deskbell restore --from FILE --data DIR
      Everything in one file, and back into an empty directory.

While a box runs on DIR, its admin pages do these.
";

/// Why a command ends without success: its exit code and one line.
pub(crate) struct Ended {
    pub(crate) code: u8,
    pub(crate) line: String,
}

impl Ended {
    pub(crate) fn usage(line: impl Into<String>) -> Ended {
        Ended { code: USAGE, line: line.into() }
    }

    pub(crate) fn failed(line: impl Into<String>) -> Ended {
        Ended { code: FAILED, line: line.into() }
    }
}

/// Runs the command that the arguments name.
pub(crate) fn run(arguments: &[String]) -> ExitCode {
    let (name, rest) = match arguments.split_first() {
        Some((name, rest)) => (name.as_str(), rest),
        None => ("help", &[][..]),
    };
    let done = match name {
        "demo" => demo::run(rest),
        "serve" => serve::run(rest),
        "desk" => desk::run(rest),
        "backup" => store::backup(rest),
        "restore" => store::restore(rest),
        "user" => store::user(rest),
        "help" if rest == ["settings"] => {
            print!("{}", deskbell::ops::settings::shipped());
            Ok(())
        }
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        "version" | "--version" | "-V" => {
            println!("deskbell {}", env!("CARGO_PKG_VERSION"));
            Ok(())
        }
        other => Err(Ended::usage(format!("there is no command {other:?}; `deskbell help` lists them"))),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(ended) => {
            eprintln!("deskbell: {}", ended.line);
            ExitCode::from(ended.code)
        }
    }
}
