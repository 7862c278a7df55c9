//! A box without staff: an empty desk, and the one-time code by which the first admin is made.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use data_encoding::BASE32_NOPAD;
use subtle::ConstantTimeEq;

use super::Shell;
use super::boot::BootError;
use super::clock::real_wall_ms;
use crate::desk::{Desk, Secret};

/// The desk of a box that has been given none.
pub(super) const EMPTY: &str = "version = 1\nname = \"deskbell\"\n";

/// How long a code is good.
const CODE_MS: i64 = 24 * 3600 * 1000;

/// 80 bits: nobody guesses them within a day at the pace of sign-ins.
const CODE_BYTES: usize = 10;

/// The set-up code of this start; in the log and in `DIR/setup-code`.
pub(super) struct Code {
    text: Secret,
    until_ms: i64,
    path: PathBuf,
}

impl Code {
    /// A new code when the desk has no staff; the file of a former one goes either way.
    pub(super) fn for_desk(desk: &Desk, data: &Path, url: &str) -> Result<Option<Code>, BootError> {
        let path = data.join("setup-code");
        if path.symlink_metadata().is_ok() {
            std::fs::remove_file(&path).map_err(BootError::Io)?;
        }
        if !desk.agents.is_empty() {
            return Ok(None);
        }
        let mut bytes = [0; CODE_BYTES];
        getrandom::fill(&mut bytes).map_err(|_| BootError::NoRandom)?;
        let text = BASE32_NOPAD.encode(&bytes);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        file.and_then(|mut file| writeln!(file, "{text}")).map_err(BootError::Io)?;
        log::warn!(
            "there are no staff yet: open {url}/admin/ and give the set-up code {text} within 24 hours"
        );
        Ok(Some(Code { text: Secret::new(&text), until_ms: real_wall_ms() + CODE_MS, path }))
    }

    /// Whether this is the code, and still good.
    pub(super) fn fits(&self, typed: &str) -> bool {
        let is_same: bool = self.text.expose().as_bytes().ct_eq(typed.trim().as_bytes()).into();
        is_same && real_wall_ms() < self.until_ms
    }

    /// Takes the file away: its code is spent.
    pub(super) fn spend(&self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            log::warn!("{} stays, and is of no use any more: {error}", self.path.display());
        }
    }
}

impl Shell {
    /// Puts the first admin's desk in force, unless there are staff by now.
    pub(super) fn set_up(&mut self, desk: Desk, before: &str, by: &str) -> Result<(), String> {
        if !self.desk.agents.is_empty() {
            return Err("The box has been set up meanwhile; sign in.".to_owned());
        }
        self.replace_desk(desk, before, by).map(drop).map_err(|why| why.to_string())
    }
}
