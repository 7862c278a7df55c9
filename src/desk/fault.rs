//! What is wrong with a desk, all of it at once, and what is merely odd.

use crate::limits::DESK_FAULTS_MAX;

/// One thing wrong, and where. Never holds a password or secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Line of the file, from 1; none when it has no one line.
    pub line: Option<u32>,
    /// Where in the desk: `workstream.web-live.units`, by id where there is one, else by place
    /// (`contact[0].name`, from 0). Empty for the file as a whole.
    pub path: String,
    /// What is wrong, in a few words that follow the path.
    pub message: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

/// Everything wrong with a desk: at least one fault, by line, at most [`DESK_FAULTS_MAX`] of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults {
    /// The faults, in the order of the file.
    pub list: Vec<Fault>,
    /// How many more there are beyond the list.
    pub more: usize,
}

impl Faults {
    /// A single one, without a line.
    pub fn one(path: &str, message: String) -> Faults {
        Faults { list: vec![Fault { line: None, path: path.to_owned(), message }], more: 0 }
    }
}

impl std::fmt::Display for Faults {
    /// One fault a line, then `and N more`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, fault) in self.list.iter().enumerate() {
            let line_end = if index == 0 { "" } else { "\n" };
            write!(f, "{line_end}{fault}")?;
        }
        if self.more > 0 {
            write!(f, "\nand {} more", self.more)?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// Something allowed that will not do what its writer may expect.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Warning {
    /// Line of the file, from 1.
    pub line: Option<u32>,
    /// Where in the desk, as in [`Fault`].
    pub path: String,
    /// What to expect.
    pub message: String,
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        write!(f, "{}: {}", self.path, self.message)
    }
}

/// Collects faults within a bound, keeping those nearest the top of the file.
#[derive(Default)]
pub(super) struct Collector {
    found: Vec<Fault>,
    dropped: usize,
}

impl Collector {
    pub(super) fn push(&mut self, line: Option<u32>, path: &str, message: impl Into<String>) {
        self.found.push(Fault { line, path: path.to_owned(), message: message.into() });
        // Faults come in the order of the checks, not of the file: room for a few times as many, then the
        // first.
        if self.found.len() >= 4 * DESK_FAULTS_MAX {
            self.keep_first();
        }
    }

    fn keep_first(&mut self) {
        self.found.sort();
        self.dropped += self.found.len().saturating_sub(DESK_FAULTS_MAX);
        self.found.truncate(DESK_FAULTS_MAX);
    }

    /// The faults in the order of the file; `Err` when there is one.
    pub(super) fn finish(mut self) -> Result<(), Faults> {
        self.keep_first();
        if self.found.is_empty() { Ok(()) } else { Err(Faults { list: self.found, more: self.dropped }) }
    }
}
