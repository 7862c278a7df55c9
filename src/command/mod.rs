//! The commands: arguments in, an exit code out. 0 is done, 2 is a fault of arguments or configuration, 70 is
//! a failure of the box.

mod backup;
mod demo;
mod desk;
mod doctor;
mod help;
mod options;
mod relay;
mod replay;
mod serve;
mod socket;
mod store;
mod user;
mod wait;

use std::io::ErrorKind;
use std::path::Path;
use std::process::ExitCode;

use deskbell::shell::boot::BootError;
use deskbell::store::OpenError;

/// Bad arguments or configuration.
pub(crate) const USAGE: u8 = 2;

/// The box failed.
pub(crate) const FAILED: u8 = 70;

/// Why a command ends without success: its exit code and one line; none when all was said before.
pub(crate) struct Ended {
    pub(crate) code: u8,
    pub(crate) line: String,
}

impl Ended {
    pub(crate) fn usage(line: impl Into<String>) -> Ended {
        Ended { code: USAGE, line: line.into() }
    }

    /// Bad configuration whose faults were listed, one a line.
    pub(crate) fn listed() -> Ended {
        Ended { code: USAGE, line: String::new() }
    }

    pub(crate) fn failed(line: impl Into<String>) -> Ended {
        Ended { code: FAILED, line: line.into() }
    }

    /// A box that did not start: for its desk, or for want of something.
    pub(crate) fn of(error: BootError) -> Ended {
        match error {
            BootError::Desk(_) | BootError::TooMany(_) | BootError::TooLarge(_) => {
                Ended::usage(error.to_string())
            }
            _ => Ended::failed(error.to_string()),
        }
    }

    /// The same of a box on this directory. One that cannot be used at all was named wrongly.
    pub(crate) fn on(data: &Path, error: BootError) -> Ended {
        let is_unusable = match &error {
            BootError::Store(OpenError::InUse) => true,
            BootError::Store(OpenError::Io(fault)) | BootError::Io(fault) => matches!(
                fault.kind(),
                ErrorKind::NotFound
                    | ErrorKind::PermissionDenied
                    | ErrorKind::NotADirectory
                    | ErrorKind::AlreadyExists
                    | ErrorKind::InvalidFilename
            ),
            _ => false,
        };
        if is_unusable { Ended::usage(format!("{}: {error}", data.display())) } else { Ended::of(error) }
    }
}

/// Runs the command that the arguments name.
pub(crate) fn run(arguments: &[String]) -> ExitCode {
    let (name, rest) = match arguments.split_first() {
        Some((name, rest)) => (name.as_str(), rest),
        None => ("help", &[][..]),
    };
    if let Some(text) = help::of(name).filter(|_| rest.iter().any(|word| word == "--help" || word == "-h")) {
        print!("{text}");
        return ExitCode::SUCCESS;
    }
    let done = match name {
        "demo" => demo::run(rest),
        "serve" => serve::run(rest),
        "relay" => relay::run(rest),
        "desk" => desk::run(rest),
        "backup" => backup::backup(rest),
        "restore" => backup::restore(rest),
        "replay" => replay::run(rest),
        "user" => user::run(rest),
        "doctor" => doctor::run(rest),
        "help" if rest == ["settings"] => {
            print!("{}", deskbell::ops::settings::shipped());
            Ok(())
        }
        "help" | "--help" | "-h" => {
            match rest.first().and_then(|name| help::of(name)) {
                Some(text) => print!("{text}"),
                None => print!("{}", help::all()),
            }
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
            if !ended.line.is_empty() {
                eprintln!("deskbell: {}", ended.line);
            }
            ExitCode::from(ended.code)
        }
    }
}
