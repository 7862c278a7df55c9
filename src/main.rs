//! deskbell: subcommands only. What they do is in the library.

use std::process::ExitCode;

mod command;

fn main() -> ExitCode {
    let arguments: Vec<String> = match std::env::args_os().skip(1).map(|one| one.into_string()).collect() {
        Ok(arguments) => arguments,
        Err(_) => {
            eprintln!("deskbell: an argument is not UTF-8");
            return ExitCode::from(command::USAGE);
        }
    };
    command::run(&arguments)
}
