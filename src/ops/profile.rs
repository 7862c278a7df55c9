//! How much fits on a board: a profile's capacities, each within the product's own limits (REQ B-3).
//!
//! The profiles of `firmware-config/profiles` are built in, so that the binary is enough; `deskbell.toml` names
//! one, or the path of another.

use std::fmt;
use std::path::Path;

use super::bound;
use crate::engine::settings::Capacity;
use crate::limits;

const MIB: u64 = 1024 * 1024;

/// What a board keeps for the system and for the page cache that makes a slow card bearable.
/// Doubled: half of the smallest board lies idle.
const SYSTEM_MIB_MIN: u64 = 192;

/// Bytes of a profile's file: a page of comments and a dozen numbers.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// The capacities of a box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// What it is called in `deskbell.toml`.
    pub name: String,
    /// The board's memory; 0 when nobody has said.
    pub board_memory_mib: u64,
    /// The service's ceiling (`MemoryMax=`); 0 when nobody has said.
    pub memory_max_mib: u64,
    /// Browsers at once.
    pub connections_max: usize,
    /// Those of them that only staff may take.
    pub staff_connections_reserved: usize,
    /// Conversations open, offered, active or in wrap-up.
    pub conversations_max: u32,
    /// Members of staff.
    pub agents_max: u16,
    /// Bytes waiting for clients that read slowly.
    pub outboxes_bytes_max: usize,
    /// Bytes of requests being read.
    pub bodies_bytes_max: usize,
    /// Sign-ins being checked at once.
    pub password_hashes_max: usize,
    /// Bytes on their way to the journal; as many again may wait behind them to be told.
    pub submissions_bytes_max: usize,
    /// Page cache of the store.
    pub state_cache_bytes: usize,
    /// Bytes of keys and values the store may hold.
    pub store_bytes_max: u64,
    /// Segments of the journal's ring.
    pub journal_segments: u32,
}

/// One key of a profile: its name, what it bounds, the least and the most it may be, and where it goes.
pub struct Key {
    /// As it stands in the file.
    pub name: &'static str,
    /// In a few words, with the unit.
    pub doc: &'static str,
    /// Smallest value.
    pub min: u64,
    /// Largest value: the product's own limit.
    pub max: u64,
    put: fn(&mut Profile, u64),
}

/// Every key there is. All must be given: a profile left half to defaults could not be summed by reading it.
pub const KEYS: &[Key] = &[
    key("board_memory_mib", "the board's memory, in MiB", 256, 1 << 20, |p, n| p.board_memory_mib = n),
    key("memory_max_mib", "MemoryMax= of the service, in MiB", 64, 1 << 20, |p, n| p.memory_max_mib = n),
    key("connections_max", "browsers at once", 16, limits::CONNECTIONS_MAX as u64, |p, n| {
        p.connections_max = n as usize;
    }),
    key(
        "staff_connections_reserved",
        "places of them that only staff may take",
        1,
        limits::CONNECTIONS_MAX as u64 / 2,
        |p, n| p.staff_connections_reserved = n as usize,
    ),
    key(
        "conversations_max",
        "conversations open, offered, active or in wrap-up",
        4,
        limits::CONVERSATIONS_MAX as u64,
        |p, n| p.conversations_max = n as u32,
    ),
    key("agents_max", "members of staff", 2, limits::AGENTS_MAX as u64, |p, n| p.agents_max = n as u16),
    key(
        "outboxes_bytes_max",
        "bytes waiting for clients that read slowly",
        limits::OUTBOX_BYTES_MAX as u64,
        limits::OUTBOXES_BYTES_MAX as u64,
        |p, n| p.outboxes_bytes_max = n as usize,
    ),
    key(
        "bodies_bytes_max",
        "bytes of requests being read",
        // Smaller, and no desk could be applied.
        limits::DESK_FILE_BYTES_MAX as u64,
        limits::BODIES_BYTES_MAX as u64,
        |p, n| p.bodies_bytes_max = n as usize,
    ),
    key(
        "password_hashes_max",
        "sign-ins being checked at once",
        1,
        limits::PASSWORD_HASHES_MAX as u64,
        |p, n| p.password_hashes_max = n as usize,
    ),
    key(
        "submissions_bytes_max",
        "bytes on their way to the journal",
        limits::BATCH_BYTES_MAX as u64,
        limits::SUBMISSIONS_BYTES_MAX as u64,
        |p, n| p.submissions_bytes_max = n as usize,
    ),
    // Smaller, and redb would read every page twice.
    key("state_cache_bytes", "page cache of the store, in bytes", MIB, 4096 * MIB, |p, n| {
        p.state_cache_bytes = n as usize;
    }),
    key("store_bytes_max", "the most the store may hold, in bytes", 1 << 30, 1 << 50, |p, n| {
        p.store_bytes_max = n;
    }),
    key(
        "journal_segments",
        "segments of the journal's ring, 16 MiB each",
        limits::JOURNAL_SEGMENTS as u64,
        limits::JOURNAL_SEGMENTS_MAX as u64,
        |p, n| p.journal_segments = n as u32,
    ),
];

const fn key(name: &'static str, doc: &'static str, min: u64, max: u64, put: fn(&mut Profile, u64)) -> Key {
    Key { name, doc, min, max, put }
}

/// The profiles in the binary: name and text, the smallest board first.
pub const BUILT_IN: [(&str, &str); 4] = [
    ("board-512m", include_str!("../../firmware-config/profiles/board-512m.toml")),
    ("board-1g", include_str!("../../firmware-config/profiles/board-1g.toml")),
    ("board-4g", include_str!("../../firmware-config/profiles/board-4g.toml")),
    ("x86", include_str!("../../firmware-config/profiles/x86.toml")),
];

/// Why a profile cannot be used, in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileFault(String);

impl fmt::Display for ProfileFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ProfileFault {}

impl Default for Profile {
    /// The product's own limits, on a board nobody has told about: the demo, and a box whose settings name none.
    fn default() -> Profile {
        Profile {
            name: "none".to_owned(),
            board_memory_mib: 0,
            memory_max_mib: 0,
            connections_max: limits::CONNECTIONS_MAX,
            staff_connections_reserved: limits::STAFF_CONNECTIONS_RESERVED,
            conversations_max: limits::CONVERSATIONS_MAX,
            agents_max: limits::AGENTS_MAX as u16,
            outboxes_bytes_max: limits::OUTBOXES_BYTES_MAX,
            bodies_bytes_max: limits::BODIES_BYTES_MAX,
            password_hashes_max: limits::PASSWORD_HASHES_MAX,
            submissions_bytes_max: limits::SUBMISSIONS_BYTES_MAX,
            state_cache_bytes: limits::STATE_CACHE_BYTES,
            store_bytes_max: limits::STORE_BYTES_MAX,
            journal_segments: limits::JOURNAL_SEGMENTS,
        }
    }
}

impl Profile {
    /// The profile `deskbell.toml` names: one that is built in, or the file at a path (whatever holds a `/`).
    pub fn named(name: &str) -> Result<Profile, ProfileFault> {
        let fault = |text: String| ProfileFault(format!("profile {name:?}: {text}"));
        if let Some((name, text)) = BUILT_IN.iter().find(|(known, _)| *known == name) {
            return Profile::parse(name, text);
        }
        if !name.contains('/') {
            let known: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
            return Err(fault(format!(
                "there is no such profile; there are {}, or give a path to one",
                known.join(", ")
            )));
        }
        let path = Path::new(name);
        let bytes = std::fs::metadata(path).map_err(|error| fault(error.to_string()))?.len();
        if bytes > FILE_BYTES_MAX {
            return Err(fault(format!("the file holds more than {FILE_BYTES_MAX} bytes")));
        }
        let text = std::fs::read_to_string(path).map_err(|error| fault(error.to_string()))?;
        Profile::parse(name, &text)
    }

    /// Reads a profile. All its faults are told at once: they are corrected in one edit, not in a dozen starts.
    pub fn parse(name: &str, text: &str) -> Result<Profile, ProfileFault> {
        let fault = |text: String| ProfileFault(format!("profile {name:?}: {text}"));
        let table: toml::Table =
            text.parse().map_err(|error: toml::de::Error| fault(error.message().replace('\n', " ")))?;
        let mut profile = Profile { name: name.to_owned(), ..Profile::default() };
        let mut faults: Vec<String> = table
            .keys()
            .filter(|given| KEYS.iter().all(|key| key.name != given.as_str()))
            .map(|given| format!("{given}: there is no such key"))
            .collect();
        for key in KEYS {
            let number =
                table.get(key.name).map(|value| value.as_integer().and_then(|n| u64::try_from(n).ok()));
            match number {
                None => faults.push(format!("{} is missing ({})", key.name, key.doc)),
                Some(Some(number)) if (key.min..=key.max).contains(&number) => {
                    (key.put)(&mut profile, number)
                }
                Some(_) => faults.push(format!("{}: a number from {} to {}", key.name, key.min, key.max)),
            }
        }
        if faults.is_empty() {
            faults.extend(profile.unfit());
        }
        if faults.is_empty() { Ok(profile) } else { Err(fault(faults.join("; "))) }
    }

    /// What does not fit together, although each number is one that may be.
    fn unfit(&self) -> Option<String> {
        if self.staff_connections_reserved * 2 > self.connections_max {
            return Some("staff_connections_reserved: at most half of connections_max".to_owned());
        }
        if self.memory_max_mib + SYSTEM_MIB_MIN > self.board_memory_mib {
            return Some(format!(
                "memory_max_mib: the system needs {SYSTEM_MIB_MIN} MiB of the board's {}",
                self.board_memory_mib
            ));
        }
        let worst_mib = bound::worst_bytes(self).div_ceil(MIB);
        (worst_mib > self.memory_max_mib)
            .then(|| format!("memory_max_mib: everything full at once takes {worst_mib} MiB"))
    }

    /// What the engine's tables hold.
    pub fn capacity(&self) -> Capacity {
        Capacity {
            conversations: self.conversations_max,
            agents: self.agents_max,
            queues: limits::QUEUES_MAX as u16,
            workstreams: limits::WORKSTREAMS_MAX as u16,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(key: &str, value: &str) -> String {
        let (_, text) = BUILT_IN[0];
        text.lines()
            .map(|line| match line.split_once(" = ") {
                Some((name, _)) if name == key => format!("{key} = {value}\n"),
                _ => format!("{line}\n"),
            })
            .collect()
    }

    fn refused(text: &str) -> String {
        Profile::parse("own", text).expect_err("a fault").to_string()
    }

    #[test]
    fn every_key_is_held_to_its_range_and_named_when_it_leaves_it() {
        for key in KEYS {
            let below = key.min - 1;
            for value in [key.max + 1, below] {
                let fault = refused(&with(key.name, &value.to_string()));
                assert!(fault.contains(key.name) && fault.contains(&key.max.to_string()), "{fault}");
            }
            for value in ["-1", "\"many\"", "1.5"] {
                assert!(refused(&with(key.name, value)).contains(key.name));
            }
            let without: String = BUILT_IN[0]
                .1
                .lines()
                .filter(|l| !l.starts_with(key.name))
                .map(|l| format!("{l}\n"))
                .collect();
            assert!(refused(&without).contains(&format!("{} is missing", key.name)));
        }
    }

    #[test]
    fn faults_are_told_all_at_once() {
        let fault = refused(&(with("agents_max", "0") + "colour = 1\n"));
        assert!(fault.contains("agents_max") && fault.contains("colour: there is no such key"), "{fault}");
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        assert!(refused(&with("connections_max", "100")).contains("staff_connections_reserved"));
        assert!(refused(&with("memory_max_mib", "64")).contains("everything full at once"));
        assert!(refused(&with("memory_max_mib", "400")).contains("the system needs"));
        assert!(refused(&with("state_cache_bytes", "134_217_728")).contains("everything full at once"));
    }

    #[test]
    fn a_name_that_is_none_is_told_what_there_is() {
        let fault = Profile::named("board-2g").expect_err("no such board").to_string();
        assert!(fault.contains("board-512m, board-1g, board-4g, x86"), "{fault}");
        assert!(Profile::named("/nowhere/own.toml").is_err());
        for (name, _) in BUILT_IN {
            assert_eq!(Profile::named(name).map(|profile| profile.name), Ok(name.to_owned()));
        }
    }
}
