//! `deskbell doctor`: what can go wrong with a box in a back room for years, looked at one by one. Reads files
//! and the system; changes nothing.

mod disk;
mod kept;

use std::fmt;
use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::bound;
use super::profile::Profile;

/// How something is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum State {
    /// As it should be.
    Ok,
    /// Works, but somebody should see to it.
    Look,
    /// Broken, or about to be.
    Bad,
}

/// One thing looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// How it is.
    pub state: State,
    /// What was looked at.
    pub what: &'static str,
    /// What was seen.
    pub saw: String,
    /// What to do; empty when nothing is.
    pub advice: String,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Ok => "ok",
            State::Look => "look",
            State::Bad => "bad",
        };
        write!(f, "{state:<5} {:<12} {}", self.what, self.saw)?;
        if self.advice.is_empty() { Ok(()) } else { write!(f, "\n      {:<12} {}", "", self.advice) }
    }
}

/// What is looked at.
pub struct Patient {
    /// The data directory.
    pub data: PathBuf,
    /// `/`, or what stands in for it in a test.
    pub root: PathBuf,
    /// Where `deskbell.toml` says the box listens.
    pub listen: Vec<SocketAddr>,
    /// The profile it names.
    pub profile: Option<Profile>,
    /// What a running box says of itself; none when none runs.
    pub condition: Option<Value>,
    /// When the newest backup was made, as far as the store of a stopped box knows.
    pub last_backup_ms: Option<i64>,
    /// When pages of the state lose what was erased, in the store's words; none when none hold any.
    pub erased_pages: Option<String>,
    /// The system's clock, seconds.
    pub now_s: i64,
}

/// A day in seconds.
const DAY_S: i64 = 86_400;
/// 2025-01-01: a clock that shows less has never been set.
const CLOCK_FLOOR_S: i64 = 1_735_689_600;
/// A certificate is replaced 60 days before its end; one that has come closer was not.
const CERTIFICATE_DAYS_MIN: i64 = 50;

impl Patient {
    /// Looks at everything.
    pub fn examine(&self) -> Vec<Line> {
        let mut lines = vec![self.running(), self.certificate(), self.clock()];
        lines.extend(self.disk());
        lines.push(self.wear());
        lines.push(self.memory());
        lines.extend(self.ports());
        lines.extend(self.permissions());
        lines.push(self.backups());
        lines.extend(self.copies());
        lines.extend(self.erased());
        lines.push(self.encryption());
        lines
    }

    fn running(&self) -> Line {
        match &self.condition {
            None => look(
                "box",
                format!("none is running on {}", self.data.display()),
                "On the appliance: systemctl start deskbell",
            ),
            Some(condition) => {
                let version = condition["version"].as_str().unwrap_or("?");
                let up_min = condition["up_s"].as_u64().unwrap_or(0) / 60;
                let saw = format!("version {version}, up {up_min} min");
                match condition["health"].as_str() {
                    None => ok("box", saw),
                    Some("storage") => bad(
                        "box",
                        format!("{saw}, refuses new work: no room"),
                        "Make room on its disk; it goes on by itself.",
                    ),
                    Some("clock") => look(
                        "box",
                        format!("{saw}, does not trust its clock"),
                        "See the clock below, or vouch for it at /admin/health.",
                    ),
                    Some(reason) => bad(
                        "box",
                        format!("{saw}, degraded: {reason}"),
                        "Its log says why: journalctl -u deskbell",
                    ),
                }
            }
        }
    }

    fn certificate(&self) -> Line {
        const WHAT: &str = "certificate";
        let path = self.data.join("tls/authority.json");
        let stored: Option<Value> =
            fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let shown = self.condition.as_ref().and_then(|condition| condition["certificate_until_s"].as_i64());
        let stored_until = stored.as_ref().and_then(|stored| stored["leaf_until_s"].as_i64());
        let Some(until_s) = shown.or(stored_until) else {
            return match path.exists() {
                true => bad(
                    WHAT,
                    format!("{} cannot be read", path.display()),
                    "Run this as the box's user or root; if it is damaged, restore a backup.",
                ),
                false => {
                    look(WHAT, "there is none yet".to_owned(), "The box makes its own at its first start.")
                }
            };
        };
        let names =
            stored.as_ref().and_then(|stored| stored["names"].as_array()).map_or_else(String::new, |names| {
                let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
                format!(", for {}", names.join(" "))
            });
        let days = (until_s - self.now_s) / DAY_S;
        let until = day(until_s);
        match days {
            i64::MIN..0 => bad(
                WHAT,
                format!("over since {until}{names}"),
                "Start the box: it makes a new one. If it runs, look at the clock.",
            ),
            0..CERTIFICATE_DAYS_MIN => look(
                WHAT,
                format!("good until {until}{names}"),
                "A running box renews it 60 days before its end: start it, or bring a new one.",
            ),
            _ => ok(WHAT, format!("good until {until}{names}")),
        }
    }

    fn clock(&self) -> Line {
        const WHAT: &str = "clock";
        let now = Timestamp::from_second(self.now_s).map_or_else(|_| "?".to_owned(), |now| now.to_string());
        if self.now_s < CLOCK_FLOOR_S {
            return bad(
                WHAT,
                format!("shows {now}: it has never been set"),
                "Give the box a time server, or set it: timedatectl set-time",
            );
        }
        if self.at("run/systemd/timesync/synchronized").exists() {
            return ok(WHAT, format!("{now}, synchronised"));
        }
        match self.at("sys/class/rtc/rtc0").exists() {
            true => look(
                WHAT,
                format!("{now}, kept by a real-time clock, not synchronised"),
                "timedatectl set-ntp true, where the network has a time server.",
            ),
            false => look(
                WHAT,
                format!("{now}, not synchronised, and there is no real-time clock"),
                "Without either the box starts with a wrong time after each power cut: timedatectl set-ntp true",
            ),
        }
    }

    fn memory(&self) -> Line {
        const WHAT: &str = "memory";
        let total = fs::read_to_string(self.at("proc/meminfo")).unwrap_or_default();
        let total = total.lines().find_map(|line| line.strip_prefix("MemTotal:"));
        let total =
            total.and_then(|text| text.split_whitespace().next()).and_then(|kib| kib.parse::<u64>().ok());
        let Some(total_mib) = total.map(|kib| kib / 1024) else {
            return look(WHAT, "the system does not say".to_owned(), "Is /proc mounted?");
        };
        let resident = self.condition.as_ref().and_then(|condition| condition["resident_mib"].as_u64());
        let resident = resident.map_or_else(String::new, |mib| format!(", the box holds {mib} MiB"));
        let saw = format!("{total_mib} MiB on the board{resident}");
        let Some(profile) = &self.profile else { return ok(WHAT, saw) };
        let most_mib = bound::worst_bytes(profile) >> 20;
        let saw = format!("{saw}; profile {}: at most {most_mib} MiB", profile.name);
        // Firmware and the GPU take their part of a board's memory.
        if total_mib * 100 < profile.board_memory_mib * 80 || total_mib < most_mib {
            let saw = format!("{saw}, for boards of {} MiB", profile.board_memory_mib);
            return bad(
                WHAT,
                saw,
                "The profile is too large for this board: name a smaller one in deskbell.toml.",
            );
        }
        ok(WHAT, saw)
    }

    fn ports(&self) -> Vec<Line> {
        const WHAT: &str = "port";
        const PATIENCE: Duration = Duration::from_secs(2);
        let told = self.condition.as_ref().and_then(|condition| condition["listening"].as_array());
        let running: Vec<SocketAddr> =
            told.into_iter().flatten().filter_map(|one| one.as_str()?.parse().ok()).collect();
        if self.condition.is_some() {
            let reach = |address: &SocketAddr| {
                let mut near = *address;
                if near.ip().is_unspecified() {
                    near.set_ip(if near.is_ipv4() {
                        [127, 0, 0, 1].into()
                    } else {
                        std::net::Ipv6Addr::LOCALHOST.into()
                    });
                }
                match TcpStream::connect_timeout(&near, PATIENCE) {
                    Ok(_) => ok(WHAT, format!("{address} answers")),
                    Err(error) => bad(
                        WHAT,
                        format!("{address}: {error}"),
                        "The box listens there and cannot be reached from here: a firewall?",
                    ),
                }
            };
            return running.iter().map(reach).collect();
        }
        let free = |address: &SocketAddr| match TcpListener::bind(address) {
            Ok(_) => ok(WHAT, format!("{address} is free")),
            Err(error) => bad(
                WHAT,
                format!("{address}: {error}"),
                "Another program has it, or this user may not open it: ss -ltnp",
            ),
        };
        self.listen.iter().map(free).collect()
    }

    fn permissions(&self) -> Vec<Line> {
        const WHAT: &str = "permissions";
        let names = ["", "journal", "state.redb", "tls", "tls/authority.json", "backups", "setup-code"];
        let mut lines = Vec::new();
        for name in names {
            let path = if name.is_empty() { self.data.clone() } else { self.data.join(name) };
            let Ok(about) = fs::metadata(&path) else { continue };
            let mode = about.mode() & 0o777;
            if mode & 0o077 != 0 {
                let wanted = if about.is_dir() { "0700" } else { "0600" };
                let saw = format!("{} is open to others ({mode:04o})", path.display());
                lines.push(bad(WHAT, saw, &format!("chmod {wanted} {}", path.display())));
            }
            let owner = fs::metadata(&self.data).map_or(about.uid(), |data| data.uid());
            if about.uid() != owner {
                let saw = format!("{} belongs to another user than the directory", path.display());
                lines.push(bad(
                    WHAT,
                    saw,
                    "The box cannot open it: give it back to the box's user with chown.",
                ));
            }
        }
        if lines.is_empty() {
            lines.push(ok(WHAT, "for the box's user alone".to_owned()));
        }
        lines
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }
}

fn ok(what: &'static str, saw: String) -> Line {
    Line { state: State::Ok, what, saw, advice: String::new() }
}

fn look(what: &'static str, saw: String, advice: &str) -> Line {
    Line { state: State::Look, what, saw, advice: advice.to_owned() }
}

fn bad(what: &'static str, saw: String, advice: &str) -> Line {
    Line { state: State::Bad, what, saw, advice: advice.to_owned() }
}

fn day(at_s: i64) -> String {
    Timestamp::from_second(at_s).map_or_else(|_| "?".to_owned(), |at| at.strftime("%Y-%m-%d").to_string())
}

#[cfg(test)]
mod tests;
