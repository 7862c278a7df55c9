//! What lies on it for later, or longer than it should: backups, copies of the store, erased data.

use std::fs;

use super::{DAY_S, Line, Patient, day, look, ok};
use crate::limits::SCRUB_BYTES_MAX;

/// Days a backup may be old.
const BACKUP_DAYS_MAX: i64 = 8;

impl Patient {
    pub(super) fn backups(&self) -> Line {
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
    pub(super) fn copies(&self) -> Vec<Line> {
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
    pub(super) fn erased(&self) -> Option<Line> {
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
}
