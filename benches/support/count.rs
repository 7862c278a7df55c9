//! Instructions, which are the same on a busy machine: this program again under valgrind, with more and with fewer rounds.

use std::process::Command;

const FEW: u32 = 2;
const MANY: u32 = 22;

/// Instructions of one round of what the program does when its arguments are `only`, these, and a number of rounds;
/// none without valgrind.
pub(crate) fn instructions(arguments: &[&str]) -> Option<u64> {
    let program = std::env::current_exe().ok()?;
    let count = |rounds: u32| {
        let run = Command::new("valgrind")
            .args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"])
            .arg(&program)
            .arg("only")
            .args(arguments)
            .arg(rounds.to_string())
            .output()
            .ok()?;
        let text = String::from_utf8_lossy(&run.stderr).to_string();
        let line = text.lines().find(|line| line.contains('I') && line.contains("refs:"))?;
        line.rsplit(':').next()?.trim().replace(',', "").parse::<u64>().ok()
    };
    Some(count(MANY)?.checked_sub(count(FEW)?)? / u64::from(MANY - FEW))
}
