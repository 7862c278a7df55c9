//! `deskbell relay`: the process that calls out; and how `demo` keeps one.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::options::Options;
use super::{Ended, FAILED};

pub(crate) fn run(arguments: &[String]) -> Result<(), Ended> {
    let options = Options::read(arguments, &["socket", "until", "log"])?;
    options.nothing_else()?;
    deskbell::ops::log::start(options.log_level()?);
    let socket = options.get("socket").ok_or_else(|| Ended::usage("`deskbell relay` wants --socket PATH"))?;
    match options.get("until") {
        None => {}
        // Whoever started it holds the other end, and lets go by dying: a relay never outlives its demo.
        Some("stdin") => drop(std::thread::spawn(|| {
            let mut byte = [0];
            while std::io::stdin().read(&mut byte).is_ok_and(|count| count > 0) {}
            std::process::exit(0);
        })),
        Some(_) => return Err(Ended::usage("--until takes stdin only")),
    }
    deskbell::ops::notify::ready();
    deskbell::channels::relay::run(Path::new(socket))
}

/// The relay of a demo: one command is enough.
#[derive(Default)]
pub(crate) struct Kept {
    child: Option<Child>,
}

impl Kept {
    /// Starts one when it is wanted, and again when it has ended.
    pub(crate) fn tend(&mut self, wanted: Option<&Path>) {
        if let Some(child) = &mut self.child
            && child.try_wait().is_ok_and(|ended| ended.is_some())
        {
            log::warn!("the relay has ended and is started again");
            self.child = None;
        }
        let (None, Some(socket)) = (&self.child, wanted) else { return };
        match spawn(socket) {
            Ok(child) => self.child = Some(child),
            Err(error) => log::error!("the relay was not started ({FAILED}): {error}"),
        }
    }
}

fn spawn(socket: &Path) -> std::io::Result<Child> {
    Command::new(std::env::current_exe()?)
        .args(["relay", "--until", "stdin", "--log", "warn", "--socket"])
        .arg(socket)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            drop(child.stdin.take());
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
