//! A recording of what the engine was told, for those who ask later why it decided as it did (REQ B-1).
//!
//! Opt-in (`record_mib` in `deskbell.toml`), bounded, begun with the process and therefore complete: the engine is
//! a function of its inputs, so the same inputs give the same decisions (`deskbell replay`). It holds no word of
//! anybody: texts are numbers of a turn, message names are keyed hashes, customers are conversation numbers; the
//! names in it are those of the desk. Beside each input stands a digest of what came of it.
//!
//! ```text
//! "bellrec1", then entries: length u32 little-endian, then postcard of one Entry
//! ```

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::names::{Names, Rows};
use crate::engine::Engine;
use crate::engine::effect::Effect;
use crate::engine::input::Input;
use crate::engine::settings::{Capacity, Now, RoutingDesk};
use crate::limits::RECORD_ENTRY_BYTES_MAX;

const MAGIC: &[u8; 8] = b"bellrec1";

/// The recording's file in the data directory.
pub const FILE: &str = "inputs.record";
/// The one of the start before, kept when a new one begins.
pub const FILE_BEFORE: &str = "inputs.record.before";

/// One entry as it is read.
#[derive(Debug, Deserialize)]
pub enum Entry {
    /// An engine begins.
    Begin {
        /// Its tables.
        capacity: Capacity,
        /// The desk it works by.
        desk: Box<RoutingDesk>,
        /// When.
        now: Now,
        /// Its first offer's number.
        first_offer: u64,
    },
    /// The names of all rows so far.
    Names {
        /// By agent.
        agents: Vec<String>,
        /// By queue.
        queues: Vec<String>,
        /// By workstream.
        workstreams: Vec<String>,
    },
    /// One input.
    Input {
        /// When.
        now: Now,
        /// What.
        input: Input,
    },
    /// What came of the input before.
    Came(u64),
}

/// [`Entry`] as it is written.
#[derive(Serialize)]
enum EntryOf<'a> {
    Begin { capacity: Capacity, desk: &'a RoutingDesk, now: Now, first_offer: u64 },
    Names { agents: Vec<&'a str>, queues: Vec<&'a str>, workstreams: Vec<&'a str> },
    Input { now: Now, input: &'a Input },
    Came(u64),
}

/// Writes a recording until it is full or the disk refuses; the desk goes on either way.
pub struct Recorder {
    file: BufWriter<File>,
    left: u64,
    named: [usize; 3],
    came: Digest,
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Recorder({} bytes left)", self.left)
    }
}

impl Recorder {
    /// Begins a recording of at most so many bytes in a data directory.
    pub fn create(data: &Path, bytes_max: u64) -> io::Result<Recorder> {
        let path = data.join(FILE);
        match std::fs::rename(&path, data.join(FILE_BEFORE)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = File::options().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        let mut file = BufWriter::new(file);
        file.write_all(MAGIC)?;
        Ok(Recorder {
            file,
            left: bytes_max.saturating_sub(MAGIC.len() as u64),
            named: [0; 3],
            came: Digest::NOTHING,
        })
    }

    /// An engine was made of this. False when the recording is over.
    pub fn begin(&mut self, capacity: Capacity, desk: &RoutingDesk, now: Now, first_offer: u64) -> bool {
        self.write(&EntryOf::Begin { capacity, desk, now, first_offer })
    }

    /// The engine is about to take an input. False when the recording is over.
    pub fn input(&mut self, now: Now, input: &Input, names: &Names) -> bool {
        let rows = [&names.agents, &names.queues, &names.workstreams];
        let named = rows.map(Rows::len);
        if self.named != named {
            self.named = named;
            let [agents, queues, workstreams] = rows.map(all);
            if !self.write(&EntryOf::Names { agents, queues, workstreams }) {
                return false;
            }
        }
        self.came = Digest::NOTHING;
        self.write(&EntryOf::Input { now, input })
    }

    /// An effect of it.
    pub fn effect(&mut self, effect: &Effect, engine: &Engine) {
        self.came.take(effect, engine);
    }

    /// All of it is drained. False when the recording is over.
    pub fn drained(&mut self) -> bool {
        self.write(&EntryOf::Came(self.came.0))
    }

    /// Hands what is written to the system. False when the recording is over.
    pub fn flush(&mut self) -> bool {
        self.file.flush().is_ok()
    }

    fn write(&mut self, entry: &EntryOf<'_>) -> bool {
        let Ok(bytes) = postcard::to_allocvec(entry) else { return false };
        let length = bytes.len() as u64 + 4;
        if length > self.left || bytes.len() > RECORD_ENTRY_BYTES_MAX {
            log::warn!("the recording of the desk's inputs is full; it ends here");
            let _ = self.file.flush();
            return false;
        }
        self.left -= length;
        let written = self
            .file
            .write_all(&(bytes.len() as u32).to_le_bytes())
            .and_then(|()| self.file.write_all(&bytes));
        if let Err(error) = &written {
            log::warn!("the recording of the desk's inputs ends here: {error}");
        }
        written.is_ok()
    }
}

fn all(rows: &Rows) -> Vec<&str> {
    (0..rows.len()).filter_map(|row| rows.name(row as u16)).map(|name| &**name).collect()
}

/// FNV-1a over the effects of one input, decisions with all that was weighed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest(pub u64);

impl Digest {
    /// Of no effect.
    pub const NOTHING: Digest = Digest(0xcbf2_9ce4_8422_2325);

    /// Takes in one effect.
    pub fn take(&mut self, effect: &Effect, engine: &Engine) {
        // Writing into a number does not fail.
        let _ = write!(self, "{effect:?}");
        if let Effect::Decision { search, .. } = *effect {
            let _ = write!(self, "{:?}", engine.weighed(search));
        }
    }
}

impl std::fmt::Write for Digest {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Ok(())
    }
}

/// Reads a recording, entry by entry.
#[derive(Debug)]
pub struct Recording<R>(R);

/// Why a recording cannot be read.
#[derive(Debug)]
pub enum RecordingError {
    /// It is none, or one of another version.
    Unknown,
    /// An entry is damaged.
    Damaged,
    /// It could not be read.
    Io(io::Error),
}

impl std::fmt::Display for RecordingError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            RecordingError::Unknown => f.write_str("this is no recording, or one of another version"),
            RecordingError::Damaged => f.write_str("an entry is damaged"),
            RecordingError::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for RecordingError {}

impl<R: Read> Recording<R> {
    /// Looks whether it is one.
    pub fn open(mut from: R) -> Result<Recording<R>, RecordingError> {
        let mut magic = [0; 8];
        from.read_exact(&mut magic).map_err(|_| RecordingError::Unknown)?;
        if &magic == MAGIC { Ok(Recording(from)) } else { Err(RecordingError::Unknown) }
    }

    /// The next entry; `None` at the end. One cut short by the end of its process is the end too.
    pub fn read(&mut self) -> Result<Option<Entry>, RecordingError> {
        let mut length = [0; 4];
        if !self.fill(&mut length)? {
            return Ok(None);
        }
        let length = u32::from_le_bytes(length) as usize;
        if length > RECORD_ENTRY_BYTES_MAX {
            return Err(RecordingError::Damaged);
        }
        let mut bytes = vec![0; length];
        if !self.fill(&mut bytes)? {
            return Ok(None);
        }
        postcard::from_bytes(&bytes).map(Some).map_err(|_| RecordingError::Damaged)
    }

    fn fill(&mut self, into: &mut [u8]) -> Result<bool, RecordingError> {
        match self.0.read_exact(into) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            Err(error) => Err(RecordingError::Io(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_ends_at_its_size_with_whole_entries() {
        const BYTES_MAX: u64 = 5_000;
        let dir = tempfile::tempdir().expect("a folder");
        let mut recorder = Recorder::create(dir.path(), BYTES_MAX).expect("a file");
        let names = Names::new(Capacity { conversations: 1, agents: 1, queues: 1, workstreams: 1 });
        let mut told = 0_i64;
        while told < 10_000
            && recorder.input(Now { mono_ms: told as u64, wall_ms: told }, &Input::Tick, &names)
            && recorder.drained()
        {
            told += 1;
        }
        assert!((100..10_000).contains(&told), "{told} inputs");
        assert!(recorder.flush());
        drop(recorder);
        let path = dir.path().join(FILE);
        let bytes = std::fs::metadata(&path).expect("written").len();
        assert!((BYTES_MAX - 64..=BYTES_MAX).contains(&bytes), "{bytes} bytes");
        let mut recording = Recording::open(File::open(path).expect("there")).expect("a recording");
        let mut read = 0;
        while let Some(entry) = recording.read().expect("whole entries") {
            read += i64::from(matches!(entry, Entry::Input { .. }));
        }
        assert!((told..=told + 1).contains(&read), "{read} of {told}");
        // The next start begins anew and keeps this one beside.
        Recorder::create(dir.path(), BYTES_MAX).expect("a file");
        assert_eq!(std::fs::metadata(dir.path().join(FILE_BEFORE)).expect("kept").len(), bytes);
    }
}
