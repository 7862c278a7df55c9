//! `deskbell doctor`: what can go wrong with a box in a back room for years, looked at one by one. Reads files
//! and the system; changes nothing.

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
use crate::limits::{JOURNAL_SEGMENT_BYTES, JOURNAL_SEGMENTS, SCRUB_BYTES_MAX, SPACE_RESERVE_BYTES};

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
/// Days a backup may be old.
const BACKUP_DAYS_MAX: i64 = 8;
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

    fn disk(&self) -> Vec<Line> {
        const WHAT: &str = "disk";
        let space = match rustix::fs::statvfs(&self.data) {
            Ok(space) => space,
            Err(error) => {
                return vec![bad(
                    WHAT,
                    format!("{}: {error}", self.data.display()),
                    "Is the directory right, and its disk mounted?",
                )];
            }
        };
        let free = space.f_bavail.saturating_mul(space.f_frsize);
        let size = space.f_blocks.saturating_mul(space.f_frsize).max(1);
        let percent = free * 100 / size;
        let saw = format!("{} MiB free of {} MiB", free >> 20, size >> 20);
        let needed = 2 * JOURNAL_SEGMENT_BYTES * u64::from(JOURNAL_SEGMENTS) + SPACE_RESERVE_BYTES;
        let mut lines = vec![match (free < needed, percent < 10) {
            (true, _) => bad(
                WHAT,
                saw,
                "New chats are refused until there is room: delete old backups, or give it a larger disk.",
            ),
            (false, true) => look(
                WHAT,
                saw,
                "Less than a tenth is free: shorten retention_days, or take backups elsewhere.",
            ),
            (false, false) => ok(WHAT, saw),
        }];
        if space.f_files > 0 && space.f_favail < 1000 {
            lines.push(bad(
                "inodes",
                format!("{} free", space.f_favail),
                "Something fills this disk with small files.",
            ));
        }
        if space.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY) {
            lines.push(bad(
                WHAT,
                "mounted read-only".to_owned(),
                "Nothing can be stored. The kernel's log says why: dmesg",
            ));
        }
        lines
    }

    /// What a flash disk says of its own age.
    fn wear(&self) -> Line {
        const WHAT: &str = "wear";
        let Some(device) = self.device() else {
            return ok(WHAT, "no disk of its own to look at".to_owned());
        };
        let read = |name: &str| {
            // Of the disk itself: a partition's folder lies in it.
            [&device, &device.join("..")]
                .into_iter()
                .find_map(|folder| fs::read_to_string(folder.join("device").join(name)).ok())
                .map(|text| text.trim().to_owned())
        };
        if let Some(life) = read("life_time") {
            // JEDEC eMMC 5.0: tenths used, the larger of two kinds of cells; 11 is beyond its life.
            let tenths = life
                .split_whitespace()
                .filter_map(|part| u8::from_str_radix(part.trim_start_matches("0x"), 16).ok())
                .max()
                .unwrap_or(0);
            let end = read("pre_eol_info").unwrap_or_default();
            let saw = format!("about {} % of its life used", u32::from(tenths) * 10);
            return match (tenths, end.as_str()) {
                (11.., _) | (_, "0x03") => {
                    bad(WHAT, saw, "The disk is at its end: back up now and replace it.")
                }
                (8.., _) | (_, "0x02") => {
                    look(WHAT, saw, "Plan its replacement; see that backups go elsewhere.")
                }
                _ => ok(WHAT, saw),
            };
        }
        match read("type").as_deref() {
            Some("SD") => look(
                WHAT,
                "an SD card, which does not tell".to_owned(),
                "Cards die without a word: keep backups off it, replace it every few years.",
            ),
            _ => ok(WHAT, "this disk does not tell here; see smartctl".to_owned()),
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

    fn backups(&self) -> Line {
        const WHAT: &str = "backups";
        let told = self.condition.as_ref().and_then(|condition| condition["last_backup_ms"].as_i64());
        match told.or(self.last_backup_ms) {
            None => look(
                WHAT,
                "none was ever made".to_owned(),
                "deskbell backup --to FILE --data DIR; each night: systemctl enable --now deskbell-backup.timer",
            ),
            Some(at_ms) => {
                let days = (self.now_s - at_ms / 1000) / DAY_S;
                let saw = format!("the newest is of {}", day(at_ms / 1000));
                match days {
                    ..=BACKUP_DAYS_MAX => ok(WHAT, saw),
                    _ => look(
                        WHAT,
                        format!("{saw}, {days} days old"),
                        "Is the timer on? systemctl status deskbell-backup.timer",
                    ),
                }
            }
        }
    }

    /// Copies of the store that hold what an erasure takes away.
    fn copies(&self) -> Vec<Line> {
        let copies = crate::store::replace::copies(&self.data);
        let old = |(name, at): &(&'static str, std::time::SystemTime)| {
            let at_s = at.duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64);
            let days = (self.now_s - at_s) / DAY_S;
            let advice =
                format!("If this version is to stay, remove it: rm -r {}", self.data.join(name).display());
            (days > 30).then(|| look("copy", format!("{name} is {days} days old"), &advice))
        };
        copies.iter().filter_map(old).collect()
    }

    /// What an erasure has left in the state's pages.
    fn erased(&self) -> Option<Line> {
        const WHAT: &str = "erased";
        let size = fs::metadata(self.data.join("state.redb")).map_or(0, |about| about.len() >> 20);
        let anew = format!(
            "systemctl stop deskbell; deskbell doctor --write-anew --data {}; systemctl start deskbell",
            self.data.display()
        );
        Some(match self.erased_pages.as_deref()? {
            "next_start" => look(
                WHAT,
                "freed pages of the state hold erased data until the next start".to_owned(),
                "systemctl restart deskbell overwrites them: the state is written anew.",
            ),
            "too_large" => look(
                WHAT,
                format!(
                    "freed pages of the state hold erased data until they are used again: its {size} MiB are more \
                     than the {} MiB a start takes the time to write anew",
                    SCRUB_BYTES_MAX >> 20
                ),
                &anew,
            ),
            _ => look(
                WHAT,
                format!(
                    "freed pages of the state hold erased data: no room to write its {size} MiB a second time"
                ),
                &format!("Make room on its disk, then: {anew}"),
            ),
        })
    }

    fn encryption(&self) -> Line {
        const WHAT: &str = "encryption";
        let Some(device) = self.device() else {
            return look(
                WHAT,
                "not seen: the directory is on no disk of its own".to_owned(),
                "See that the disk below it is encrypted.",
            );
        };
        // A mapping may lie on another (a volume on an encrypted disk).
        let mut folders = vec![device];
        for _ in 0..8 {
            let Some(folder) = folders.pop() else { break };
            if fs::read_to_string(folder.join("dm/uuid")).is_ok_and(|uuid| uuid.starts_with("CRYPT-")) {
                return ok(WHAT, "the data partition is encrypted".to_owned());
            }
            let below = fs::read_dir(folder.join("slaves")).into_iter().flatten().flatten();
            folders.extend(below.map(|entry| entry.path()));
        }
        look(
            WHAT,
            "the data partition is not encrypted".to_owned(),
            "A stolen box can be read. firmware-config/encrypted-data.md has the recipe.",
        )
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// The folder of the disk the data lies on.
    fn device(&self) -> Option<PathBuf> {
        let number = fs::metadata(&self.data).ok()?.dev();
        let (major, minor) = (rustix::fs::major(number), rustix::fs::minor(number));
        let path = self.at(&format!("sys/dev/block/{major}:{minor}"));
        fs::canonicalize(path).ok()
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

/// Where a data directory's own device would be told, for tests.
#[cfg(test)]
fn device_folder(root: &std::path::Path, data: &std::path::Path) -> PathBuf {
    let number = fs::metadata(data).expect("there").dev();
    root.join(format!("sys/dev/block/{}:{}", rustix::fs::major(number), rustix::fs::minor(number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Case {
        _dir: tempfile::TempDir,
        patient: Patient,
    }

    fn case() -> Case {
        let dir = tempfile::tempdir().expect("a folder");
        let (root, data) = (dir.path().join("root"), dir.path().join("data"));
        for folder in [root.join("proc"), data.join("tls"), device_folder(&root, dir.path()).join("device")] {
            fs::create_dir_all(folder).expect("made");
        }
        fs::write(root.join("proc/meminfo"), "MemTotal:       1000000 kB\n").expect("written");
        for folder in [&data, &data.join("tls")] {
            fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700)).expect("set");
        }
        let patient = Patient {
            data,
            root,
            listen: Vec::new(),
            profile: None,
            condition: None,
            last_backup_ms: None,
            erased_pages: None,
            now_s: 1_790_000_000,
        };
        Case { _dir: dir, patient }
    }

    fn said(patient: &Patient, what: &str) -> Vec<(State, String)> {
        let lines = patient.examine().into_iter().filter(|line| line.what == what);
        lines.map(|line| (line.state, format!("{} {}", line.saw, line.advice))).collect()
    }

    fn one(patient: &Patient, what: &str, state: State, word: &str) {
        let said = said(patient, what);
        assert!(said.len() == 1 && said[0].0 == state && said[0].1.contains(word), "{what}: {said:?}");
    }

    #[test]
    fn a_certificate_is_judged_by_its_last_day() {
        let Case { _dir, patient } = case();
        one(&patient, "certificate", State::Look, "none yet");
        let write = |until_s: i64| {
            let json = format!("{{\"leaf_until_s\": {until_s}, \"names\": [\"box.lan\"]}}");
            fs::write(patient.data.join("tls/authority.json"), json).expect("written");
        };
        write(patient.now_s + 300 * DAY_S);
        one(&patient, "certificate", State::Ok, "for box.lan");
        write(patient.now_s + 10 * DAY_S);
        one(&patient, "certificate", State::Look, "60 days before");
        write(patient.now_s - DAY_S);
        one(&patient, "certificate", State::Bad, "over since");
        fs::write(patient.data.join("tls/authority.json"), "garbage").expect("written");
        one(&patient, "certificate", State::Bad, "cannot be read");
    }

    #[test]
    fn a_clock_is_judged_by_who_sets_it() {
        let Case { _dir, mut patient } = case();
        one(&patient, "clock", State::Look, "no real-time clock");
        fs::create_dir_all(patient.root.join("sys/class/rtc/rtc0")).expect("made");
        one(&patient, "clock", State::Look, "kept by a real-time clock");
        fs::create_dir_all(patient.root.join("run/systemd/timesync/synchronized")).expect("made");
        one(&patient, "clock", State::Ok, "synchronised");
        patient.now_s = 1000;
        one(&patient, "clock", State::Bad, "never been set");
    }

    #[test]
    fn wear_and_encryption_are_read_off_the_disk_the_data_lies_on() {
        let Case { _dir, patient } = case();
        let device = device_folder(&patient.root, &patient.data);
        one(&patient, "wear", State::Ok, "does not tell");
        one(&patient, "encryption", State::Look, "not encrypted");
        fs::write(device.join("device/type"), "SD\n").expect("written");
        one(&patient, "wear", State::Look, "an SD card");
        for (life, end, state) in [
            ("0x01 0x02", "0x01", State::Ok),
            ("0x09 0x01", "0x01", State::Look),
            ("0x02 0x0b", "0x01", State::Bad),
            ("0x01 0x01", "0x03", State::Bad),
        ] {
            fs::write(device.join("device/life_time"), format!("{life}\n")).expect("written");
            fs::write(device.join("device/pre_eol_info"), format!("{end}\n")).expect("written");
            one(&patient, "wear", state, "of its life");
        }
        fs::create_dir_all(device.join("slaves/sda1/dm")).expect("made");
        fs::write(device.join("slaves/sda1/dm/uuid"), "CRYPT-LUKS2-1234\n").expect("written");
        one(&patient, "encryption", State::Ok, "is encrypted");
    }

    #[test]
    fn a_profile_larger_than_the_board_is_bad() {
        let Case { _dir, mut patient } = case();
        one(&patient, "memory", State::Ok, "976 MiB");
        let profile = |name: &str| Some(Profile::named(name).expect("built in"));
        patient.profile = profile("board-1g");
        one(&patient, "memory", State::Ok, "profile board-1g: at most");
        fs::write(patient.root.join("proc/meminfo"), "MemTotal:        480000 kB\n").expect("written");
        one(&patient, "memory", State::Bad, "too large");
        patient.profile = profile("board-512m");
        one(&patient, "memory", State::Ok, "profile board-512m");
    }

    #[test]
    fn what_others_may_read_and_a_port_that_is_taken_are_bad() {
        let Case { _dir, mut patient } = case();
        one(&patient, "permissions", State::Ok, "alone");
        let file = patient.data.join("state.redb");
        fs::write(&file, "").expect("written");
        fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o644)).expect("set");
        one(&patient, "permissions", State::Bad, "chmod 0600");
        let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
        patient.listen = vec![taken.local_addr().expect("an address")];
        one(&patient, "port", State::Bad, "ss -ltnp");
        drop(taken);
        one(&patient, "port", State::Ok, "is free");
    }

    #[test]
    fn erased_data_that_is_still_in_the_state_is_told_with_the_way_to_be_rid_of_it() {
        let Case { _dir, mut patient } = case();
        assert!(said(&patient, "erased").is_empty());
        for (pages, word) in [
            ("next_start", "restart deskbell overwrites"),
            ("too_large", "more than the 512 MiB"),
            ("no_room", "Make room"),
        ] {
            patient.erased_pages = Some(pages.to_owned());
            one(&patient, "erased", State::Look, word);
        }
        assert!(said(&patient, "erased")[0].1.contains("doctor --write-anew"));
    }

    #[test]
    fn a_backup_is_judged_by_its_age() {
        let Case { _dir, mut patient } = case();
        one(&patient, "backups", State::Look, "none was ever made");
        patient.last_backup_ms = Some((patient.now_s - 2 * DAY_S) * 1000);
        one(&patient, "backups", State::Ok, "the newest");
        patient.last_backup_ms = Some((patient.now_s - 20 * DAY_S) * 1000);
        one(&patient, "backups", State::Look, "20 days old");
        patient.condition =
            Some(serde_json::json!({"last_backup_ms": patient.now_s * 1000, "health": "storage"}));
        one(&patient, "backups", State::Ok, "the newest");
        one(&patient, "box", State::Bad, "no room");
    }
}
