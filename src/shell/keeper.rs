//! What the admin pages ask of the running box: each call goes through the desk thread's door, and the
//! thread of the page waits for the answer, for a limited time.
//!
//! What the box cannot do yet is refused by name, so that nobody believes it done.

use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::Timestamp;

use super::Shell;
use super::backups::Backups;
use super::boot::hash_passwords;
use super::certificate::PublicCertificate;
use super::clock::real_wall_ms;
use super::door::Door;
use super::health::charts;
use super::history;
use super::office::NotReplaced;
use super::people::{People, SignInState};
use super::place::Place;
use super::reads::{Readers, decoded, list_key};
use super::records::Audit;
use crate::admin::{
    Account, Actor, Audited, Backup, Certificate, Chart, Clock, Figure, Held, Invited, Keep, Keeper, LogLine,
    NotApplied, Proposal, Recorded, Refusal, Secrets, Site, Touches,
};
use crate::desk::{Desk, Faults, Secret, diff};
use crate::gateway::Refused;
use crate::limits::KEEPER_ANSWER_MS_MAX;
use crate::ops::bound::{resident_bytes, worst_bytes};
use crate::ops::day::Day;
use crate::ops::profile::Profile;
use crate::store::{Direction, ReadError, SealKey, Snapshot, Table};

/// How far a typed time may lie from the system's: it has no seconds, and typing takes a while.
const TYPED_TIME_MS_MAX: i64 = 3 * 60 * 1000;

/// The running box as the admin pages see it.
pub(super) struct BoxKeeper {
    pub(super) door: Door,
    pub(super) readers: Readers,
    pub(super) backups: Backups,
    pub(super) people: People,
    pub(super) data: PathBuf,
    pub(super) place: Place,
    pub(super) profile: Profile,
    pub(super) public: Arc<PublicCertificate>,
    pub(super) day: Arc<Day>,
}

impl BoxKeeper {
    pub(super) fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Shell) -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        in_time(self.door.ask(question))?.ok_or_else(stopping)
    }

    /// Has the desk thread change something; when this returns it is on disk.
    fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Shell) -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        in_time(self.door.change(change))?.ok_or_else(stopping)
    }

    fn audit_line(&self, by: &Actor, action: &'static str, subject: &str) -> Result<(), Refusal> {
        let (by, subject) = (by.name().to_owned(), subject.to_owned());
        self.change(move |shell| shell.audit(&by, action, subject, String::new()))
    }

    /// Stops the box once the answer has gone out; whoever started it starts it again.
    fn stop_soon(&self) {
        const ANSWER_GOES_OUT: Duration = Duration::from_millis(300);
        let door = self.door.clone();
        smol::spawn(async move {
            smol::Timer::after(ANSWER_GOES_OUT).await;
            smol::unblock(move || door.stop()).await;
        })
        .detach();
    }

    /// Reads the store, everything changed so far included.
    fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Snapshot) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, Refusal> {
        let sequence = self.ask(|shell| shell.watermark())?;
        in_time(self.readers.read(sequence, job))?
            .map_err(|_| Refusal("The box could not read what it has stored. Its log tells why.".to_owned()))
    }
}

/// Whoever uses the pages has come through the gateway already: failures are counted by account.
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

fn kept(keep: Keep) -> super::people::Keep {
    Box::new(move |token| keep(token.as_bytes()))
}

fn told<T>(done: Result<T, Refused>) -> Result<T, Refusal> {
    done.map_err(|refused| Refusal(refused.message.into_owned()))
}

fn seal(passphrase: Option<&Secret>) -> Option<SealKey> {
    passphrase.map(|words| SealKey::Passphrase(words.expose().to_owned()))
}

/// The answer, unless it takes too long: a page is better refused than never shown.
fn in_time<T>(answer: impl Future<Output = T>) -> Result<T, Refusal> {
    let late = async {
        smol::Timer::after(Duration::from_millis(KEEPER_ANSWER_MS_MAX)).await;
        None
    };
    smol::block_on(smol::future::or(async { Some(answer.await) }, late))
        .ok_or_else(|| Refusal("The desk did not answer in time. Chats come first; try again.".to_owned()))
}

fn stopping() -> Refusal {
    Refusal("The box is stopping. Try again when it is back.".to_owned())
}

/// Out of the calendar means a wrong clock: shown as the first instant.
fn stamp(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

impl Keeper for BoxKeeper {
    fn held(&self) -> Result<Held, Refusal> {
        self.ask(|shell| Held {
            desk: Arc::clone(&shell.desk),
            number: shell.history.number,
            version: shell.desk.version(),
        })
    }

    fn apply(&self, proposal: Proposal) -> Result<u64, NotApplied> {
        let Proposal { mut desk, based_on, by } = proposal;
        // Here, on the thread of the page: hashing takes its time.
        let over = self.people.board.desk();
        hash_passwords(&mut desk, Some(&over))
            .map_err(|error| NotApplied::Faults(fault(error.to_string())))?;
        let change = move |shell: &mut Shell| match shell.replace_desk(desk, &based_on, by.name()) {
            Ok(_) => Ok(shell.history.number),
            Err(NotReplaced::Stale) => Err(NotApplied::Conflict),
            Err(why) => Err(NotApplied::Faults(fault(why.to_string()))),
        };
        match in_time(self.door.change(change)) {
            Ok(Some(applied)) => applied,
            Ok(None) => Err(NotApplied::Refused(stopping())),
            Err(_) => Err(NotApplied::Refused(Refusal(
                "The desk did not answer in time: it may or may not be in force. The changes page tells."
                    .to_owned(),
            ))),
        }
    }

    fn changes(&self, before: Option<u64>, limit: usize) -> Result<Vec<Recorded>, Refusal> {
        // One more than shown: a change is told from the version before it.
        let found = self.read(move |snapshot| history::versions(snapshot, before, limit + 1))?;
        let desks: Vec<Option<Desk>> =
            found.iter().map(|(_, version)| history::loaded(version).ok()).collect();
        let row = |(index, (number, version)): (usize, &(u64, super::records::DeskVersion))| {
            let pair = (desks.get(index + 1).and_then(Option::as_ref), desks[index].as_ref());
            let changes = match pair {
                (Some(old), Some(new)) => diff(old, new),
                // The first version, or one that this box no longer reads.
                _ => Vec::new(),
            };
            Recorded { number: *number, at: stamp(version.at_ms), by: version.by.clone(), changes }
        };
        Ok(found.iter().enumerate().take(limit).map(row).collect())
    }

    fn desk_at(&self, number: u64) -> Result<Option<Arc<Desk>>, Refusal> {
        let found =
            self.read(move |snapshot| history::versions(snapshot, Some(number.saturating_add(1)), 1))?;
        let version = found.into_iter().find(|(found, _)| *found == number);
        Ok(version.and_then(|(_, version)| history::loaded(&version).ok()).map(Arc::new))
    }

    fn audit(&self, before: Option<u64>, limit: usize) -> Result<Vec<Audited>, Refusal> {
        let end = before.map_or([0xff; 24], key_of);
        let page =
            self.read(move |snapshot| snapshot.range(Table::Audit, ..&end[..], limit, Direction::Backward))?;
        let line = |(key, value): &(Vec<u8>, Vec<u8>)| {
            let Audit { at_ms, by, action, subject, reason } = decoded(value)?;
            let detail = if reason.is_empty() { subject } else { format!("{subject}: {reason}") };
            Some(Audited { number: number_of(key), at: stamp(at_ms), by, what: action, detail })
        };
        Ok(page.rows.iter().filter_map(line).collect())
    }

    fn health(&self) -> Result<Vec<Figure>, Refusal> {
        self.figures()
    }

    fn day(&self) -> Result<Vec<Chart>, Refusal> {
        Ok(charts(&self.day))
    }

    fn invited(&self, widget: &str) -> Result<Vec<Invited>, Refusal> {
        let widget = widget.to_owned();
        self.ask(move |shell| shell.invited(&widget))
    }

    fn touches(&self, desk: Desk) -> Result<Touches, Refusal> {
        self.ask(move |shell| shell.touches(&desk))
    }

    fn clock(&self) -> Result<Clock, Refusal> {
        let (now_ms, speed, trusted) =
            self.ask(|shell| (shell.now.wall_ms, shell.clock.speed(), shell.clock.is_trusted()))?;
        let source = match (trusted, speed) {
            (false, _) => "Nobody has vouched for it since the start.".to_owned(),
            (true, 1) => "The system's clock.".to_owned(),
            (true, speed) => format!("The demo's clock, {speed} times as fast."),
        };
        Ok(Clock { now: stamp(now_ms), trusted, source })
    }

    fn set_clock(&self, by: &Actor, now: Timestamp) -> Result<(), Refusal> {
        // The system's clock is not the box's to set: who types the time it shows vouches for it.
        let system = stamp(real_wall_ms());
        if (now.as_millisecond() - system.as_millisecond()).abs() > TYPED_TIME_MS_MAX {
            return Err(Refusal(format!(
                "The clock is as it was. The system's clock shows {system}, which is not what you typed: set it first, \
                 with timedatectl set-time.",
            )));
        }
        let by = by.clone();
        in_time(self.door.change(move |shell| shell.trust_clock_for(by.name())))?.ok_or_else(stopping)
    }

    fn site(&self) -> Result<Site, Refusal> {
        let place = &self.place;
        let listed = |list: &[SocketAddr]| list.iter().map(ToString::to_string).collect();
        Ok(Site {
            names: place.names.clone(),
            staff_url: place.staff_url.clone(),
            public_url: place.public_url.clone(),
            widget_url: place.widget_url(),
            listen_staff: listed(&place.staff),
            listen_public: listed(&place.public),
            trusted_proxies: place.trusted_proxies.clone(),
            authority: place.authority.clone(),
            certificate: self.certificate(),
            host: self.public_host(),
        })
    }

    fn use_certificate(&self, by: &Actor, chain: &str, key: &Secret) -> Result<(), Refusal> {
        let now_s = self.trusted_now_s()?;
        let shown = self.public.bring(chain, key, now_s).map_err(Refusal)?;
        log::info!("{} has brought a certificate for {}", by.name(), shown.names.join(", "));
        self.audit_line(by, "certificate", &shown.names.join(", "))
    }

    fn use_own_certificate(&self, by: &Actor) -> Result<(), Refusal> {
        let now_s = self.trusted_now_s()?;
        self.public.take_away(now_s).map_err(Refusal)?;
        self.audit_line(by, "certificate", "the box's own")
    }

    fn accounts(&self) -> Result<Vec<Account>, Refusal> {
        let states = self.ask(|shell| shell.sign_in_states())?;
        let account = |state: SignInState| {
            let SignInState { username, name, totp, required, recovery_codes } = state;
            Account { username, name, totp, required, recovery_codes }
        };
        Ok(states.into_iter().map(account).collect())
    }

    fn change_password(&self, by: &Actor, keep: Keep, current: &Secret, new: &Secret) -> Result<(), Refusal> {
        let (current, new) = (current.expose().to_owned(), new.expose().to_owned());
        told(in_time(self.people.change_password(by.name(), current, new, HERE, kept(keep)))?)
    }

    fn begin_totp(&self, by: &Actor, password: Option<&Secret>) -> Result<Secrets, Refusal> {
        let password = password.map(|password| password.expose().to_owned());
        let enrolment = told(in_time(self.people.begin_totp(by.name(), password, HERE))?)?;
        Ok(Secrets { secret: enrolment.secret, uri: enrolment.uri, qr: enrolment.qr })
    }

    fn confirm_totp(&self, by: &Actor, keep: Keep, code: &str) -> Result<Vec<String>, Refusal> {
        told(in_time(self.people.confirm_totp(by.name(), code.to_owned(), HERE, kept(keep)))?)
    }

    fn renew_recovery(&self, by: &Actor, password: &Secret) -> Result<Vec<String>, Refusal> {
        told(in_time(self.people.renew_recovery(by.name(), password.expose().to_owned(), HERE))?)
    }

    fn end_totp(
        &self,
        by: &Actor,
        username: &str,
        keep: Keep,
        password: Option<&Secret>,
    ) -> Result<(), Refusal> {
        if by.name() == username {
            let password = password.map(|password| password.expose().to_owned()).unwrap_or_default();
            return told(in_time(self.people.end_totp(username, password, HERE, kept(keep)))?);
        }
        let (by, owner) = (by.name().to_owned(), username.to_owned());
        match self.change(move |shell| shell.end_totp(&by, &owner, Box::new(|_| false)))? {
            true => Ok(()),
            false => Err(Refusal(format!("{username:?} has no one-time codes. Nothing was changed."))),
        }
    }

    fn give_totp(&self, by: &Actor, username: &str) -> Result<String, Refusal> {
        let (by, owner) = (by.name().to_owned(), username.to_owned());
        self.change(move |shell| shell.give_totp(&by, &owner))?
            .ok_or_else(|| Refusal(format!("The desk has no member of staff called {username:?}.")))
    }

    fn backups(&self) -> Result<Vec<Backup>, Refusal> {
        Ok(self.backups.list())
    }

    fn start_backup(&self, by: &Actor, passphrase: Option<&Secret>) -> Result<String, Refusal> {
        let sequence = self.ask(|shell| shell.watermark())?;
        self.backups.start(by.name(), sequence, seal(passphrase))
    }

    fn open_backup(&self, by: &Actor, name: &str) -> Result<(Box<dyn Read + Send>, u64), Refusal> {
        let opened = self.backups.open(name)?;
        self.audit_line(by, "backup_fetched", name)?;
        Ok(opened)
    }

    fn delete_backup(&self, by: &Actor, name: &str) -> Result<(), Refusal> {
        self.backups.delete(name)?;
        let to = format!("backups/{name}");
        self.change(move |shell| shell.forget_backup(to))?;
        self.audit_line(by, "backup_deleted", name)
    }

    fn restore(&self, by: &Actor, name: &str, passphrase: Option<&Secret>) -> Result<(), Refusal> {
        self.backups.stage(name, seal(passphrase).as_ref())?;
        self.audit_line(by, "restore", name)?;
        self.stop_soon();
        Ok(())
    }

    fn stream_backup(
        &self,
        by: &Actor,
        to: &str,
        keep_days: Option<u32>,
        sealed: bool,
    ) -> Result<Box<dyn Read + Send>, Refusal> {
        let sequence = self.ask(|shell| shell.watermark())?;
        self.backups.stream(by.name(), sequence, to, keep_days, sealed)
    }

    fn restore_from(&self, by: &Actor, from: &mut dyn Read, bytes: u64) -> Result<(), Refusal> {
        self.backups.stage_from(from, bytes)?;
        self.audit_line(by, "restore", "a backup of the command line")?;
        self.stop_soon();
        Ok(())
    }

    fn condition(&self) -> Result<String, Refusal> {
        let (health, trusted, up_s, erased) = self.ask(|shell| {
            let erased = shell.store.rewrite().map(super::erase::pages_word);
            (shell.health(), shell.clock.is_trusted(), shell.started.elapsed().as_secs(), erased)
        })?;
        let noted = self.read(super::backups::noted)?;
        let newest = noted.last().map(|(_, record)| record.at_ms);
        let listening: Vec<String> =
            self.place.staff.iter().chain(&self.place.public).map(ToString::to_string).collect();
        let condition = serde_json::json!({
            "version": env!("CARGO_PKG_VERSION"),
            "health": health,
            "clock_trusted": trusted,
            "up_s": up_s,
            "names": self.place.names,
            "listening": listening,
            "certificate_until_s": self.place.good_until_s.load(Ordering::Relaxed),
            "resident_mib": resident_bytes().map(|bytes| bytes >> 20),
            "bound_mib": worst_bytes(&self.profile).div_ceil(1 << 20),
            "profile": self.profile.name,
            "last_backup_ms": newest,
            "erased_pages": erased,
        });
        Ok(condition.to_string())
    }

    fn log(&self, only_trouble: bool, limit: usize) -> Result<Vec<LogLine>, Refusal> {
        let level = if only_trouble { log::LevelFilter::Warn } else { log::LevelFilter::Trace };
        let line = |line: crate::ops::log::Line| LogLine {
            at: stamp(line.at_ms),
            level: match line.level {
                log::Level::Error => "error",
                log::Level::Warn => "warn",
                log::Level::Info => "info",
                log::Level::Debug | log::Level::Trace => "debug",
            },
            part: line.part,
            text: line.text,
        };
        Ok(crate::ops::log::newest(level, limit).into_iter().map(line).collect())
    }

    fn restart(&self, by: &Actor) -> Result<(), Refusal> {
        // systemd names each of its starts.
        if std::env::var_os("INVOCATION_ID").is_none() {
            return Err(Refusal(
                "The box goes on: it was not started by systemd, so nobody would start it again. Stop it where it was \
                 started, and start it there."
                    .to_owned(),
            ));
        }
        self.audit_line(by, "restart", "")?;
        log::info!("{} restarts the box", by.name());
        self.stop_soon();
        Ok(())
    }
}

impl BoxKeeper {
    fn certificate(&self) -> Certificate {
        match self.public.shown() {
            Some(shown) => Certificate {
                uploaded: shown.uploaded,
                own: false,
                names: shown.names,
                issuer: shown.issuer,
                until: stamp(shown.until_s.saturating_mul(1000)),
            },
            None => Certificate {
                uploaded: false,
                own: true,
                names: self.place.names.clone(),
                issuer: "The box's own authority".to_owned(),
                until: stamp(self.place.good_until_s.load(Ordering::Relaxed).saturating_mul(1000)),
            },
        }
    }

    /// The name a brought certificate must be for.
    fn public_host(&self) -> Option<String> {
        self.place.public_url.as_deref().and_then(|url| url.strip_prefix("https://")).map(str::to_owned)
    }

    /// The time, when it is known.
    fn trusted_now_s(&self) -> Result<Option<i64>, Refusal> {
        let trusted = self.ask(|shell| shell.clock.is_trusted())?;
        Ok(trusted.then(|| real_wall_ms() / 1000))
    }
}

fn fault(message: String) -> Faults {
    Faults::one("desk", message)
}

/// Bits of an audit line's number below its time: the head of the line's random part. Two lines of one
/// millisecond have one number once in four million times.
const LINE_BITS: u32 = 22;

/// The number of an audit line: its time, and the head of what tells it from others of that time.
fn number_of(key: &[u8]) -> u64 {
    let part = |at: usize| {
        let bytes = key.get(at..at + 8).and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(0, u64::from_be_bytes)
    };
    part(0) << LINE_BITS | part(16) >> (64 - LINE_BITS)
}

/// Where lines below a number end.
fn key_of(number: u64) -> [u8; 24] {
    list_key(number >> LINE_BITS, 0, number << (64 - LINE_BITS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_an_audit_line_leads_back_to_what_lies_before_it() {
        let at = 1_780_000_000_000;
        let (older, newer) = (list_key(at, 0, 1 << 50), list_key(at, 0, 3 << 50));
        assert!(number_of(&older) < number_of(&newer));
        let end = key_of(number_of(&newer));
        assert!(older < end && end <= newer, "the older is before it, the newer is not");
    }
}
