//! The disk the data lies on: room, age, encryption.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use super::{Line, Patient, bad, look, ok};
use crate::limits::{JOURNAL_SEGMENT_BYTES, JOURNAL_SEGMENTS, SPACE_RESERVE_BYTES};

impl Patient {
    pub(super) fn disk(&self) -> Vec<Line> {
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
    pub(super) fn wear(&self) -> Line {
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

    pub(super) fn encryption(&self) -> Line {
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

    /// The folder of the disk the data lies on.
    fn device(&self) -> Option<PathBuf> {
        let number = fs::metadata(&self.data).ok()?.dev();
        let (major, minor) = (rustix::fs::major(number), rustix::fs::minor(number));
        let path = self.at(&format!("sys/dev/block/{major}:{minor}"));
        fs::canonicalize(path).ok()
    }
}
