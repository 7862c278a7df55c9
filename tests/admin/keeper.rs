//! A box that keeps a desk and its history in memory, and notes what it was told to do.

use std::io::Read;
use std::sync::{Arc, Mutex, MutexGuard};

use deskbell::admin::{
    Account, Actor, Audited, Authority, Backup, Certificate, Chart, Clock, Figure, Held, Invited, InvitedDay,
    Keep, Keeper, Light, LogLine, NotApplied, Proposal, Recorded, Refusal, Secrets, Site, Touches,
};
use deskbell::desk::{Credential, Desk, Secret, diff, load};
use jiff::Timestamp;

/// The box of a test.
pub(crate) struct Shelf(Mutex<State>);

struct State {
    desks: Vec<Arc<Desk>>,
    recorded: Vec<Recorded>,
    hashes: usize,
    public_url: Option<String>,
    certificate_until: Timestamp,
    backup: Vec<u8>,
    done: Vec<String>,
    /// Applied by somebody else in the moment before the next proposal is compared.
    meanwhile: Option<Desk>,
}

pub(crate) fn now() -> Timestamp {
    "2026-03-02T09:24:00Z".parse().expect("a time")
}

impl Shelf {
    /// Holds a desk as its version 1.
    pub(crate) fn with(text: &str) -> Arc<Self> {
        let desk = load(text).expect("the desk of the test loads").desk;
        let shelf = Self(Mutex::new(State {
            desks: Vec::new(),
            recorded: Vec::new(),
            hashes: 0,
            public_url: None,
            certificate_until: "2027-01-01T00:00:00Z".parse().expect("a time"),
            backup: b"a whole box".to_vec(),
            done: Vec::new(),
            meanwhile: None,
        }));
        shelf.state().put(desk, "set-up");
        Arc::new(shelf)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no test panics while it holds this")
    }

    pub(crate) fn desk(&self) -> Arc<Desk> {
        self.state().desks.last().expect("there is a desk").clone()
    }

    pub(crate) fn number(&self) -> usize {
        self.state().desks.len()
    }

    /// What the box was told to do, in order.
    pub(crate) fn done(&self) -> Vec<String> {
        self.state().done.clone()
    }

    pub(crate) fn set_public_url(&self, url: &str) {
        self.state().public_url = Some(url.to_owned());
    }

    pub(crate) fn set_certificate_until(&self, until: &str) {
        self.state().certificate_until = until.parse().expect("a time");
    }

    pub(crate) fn set_backup(&self, bytes: Vec<u8>) {
        self.state().backup = bytes;
    }

    /// Another admin saves at once.
    pub(crate) fn save_as(&self, who: &str, change: impl FnOnce(&mut Desk)) {
        let mut desk = Desk::clone(&self.desk());
        change(&mut desk);
        self.state().put(desk, who);
    }

    /// Another admin saves in the moment between the next form's check and its proposal.
    pub(crate) fn save_meanwhile(&self, change: impl FnOnce(&mut Desk)) {
        let mut desk = Desk::clone(&self.desk());
        change(&mut desk);
        self.state().meanwhile = Some(desk);
    }
}

impl State {
    fn put(&mut self, mut desk: Desk, by: &str) -> u64 {
        let changes = self.desks.last().map(|last| diff(last, &desk)).unwrap_or_default();
        let agents = desk.agents.iter_mut().map(|agent| &mut agent.password);
        for credential in agents.chain(desk.tokens.iter_mut().map(|token| &mut token.secret)) {
            if credential.plain().is_some() {
                self.hashes += 1;
                *credential = Credential::Hashed(Secret::new(&format!("hash {}", self.hashes)));
            }
        }
        self.desks.push(Arc::new(desk));
        let number = self.desks.len() as u64;
        self.recorded.push(Recorded { number, at: now(), by: by.to_owned(), changes });
        number
    }
}

impl Keeper for Shelf {
    fn held(&self) -> Result<Held, Refusal> {
        let desk = self.desk();
        Ok(Held { version: desk.version(), number: self.number() as u64, desk })
    }

    fn apply(&self, proposal: Proposal) -> Result<u64, NotApplied> {
        let mut state = self.state();
        if let Some(desk) = state.meanwhile.take() {
            state.put(desk, "tom");
        }
        if state.desks.last().expect("there is a desk").version() != proposal.based_on {
            return Err(NotApplied::Conflict);
        }
        Ok(state.put(proposal.desk, proposal.by.name()))
    }

    fn changes(&self, before: Option<u64>, limit: usize) -> Result<Vec<Recorded>, Refusal> {
        let state = self.state();
        let found =
            state.recorded.iter().rev().filter(|change| before.is_none_or(|before| change.number < before));
        Ok(found.take(limit).cloned().collect())
    }

    fn desk_at(&self, number: u64) -> Result<Option<Arc<Desk>>, Refusal> {
        let index = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        Ok(index.and_then(|index| self.state().desks.get(index).cloned()))
    }

    fn audit(&self, _: Option<u64>, _: usize) -> Result<Vec<Audited>, Refusal> {
        let line = |number, what: &str, detail: &str| Audited {
            number,
            at: now(),
            by: "sofie".to_owned(),
            what: what.to_owned(),
            detail: detail.to_owned(),
        };
        Ok(vec![line(2, "revealed", "conversation 12, <b>she asked</b>"), line(1, "signed in", "")])
    }

    fn day(&self) -> Result<Vec<Chart>, Refusal> {
        let points = (0..50).map(|n| (1_780_000_000_000 + n * 300_000, (n % 7) as f64)).collect();
        Ok(vec![Chart { name: "Conversations", unit: "", points }])
    }

    fn invited(&self, widget: &str) -> Result<Vec<Invited>, Refusal> {
        let desk = self.desk();
        let rules = desk.widget(widget).map(|widget| widget.proactive.rules.clone()).unwrap_or_default();
        let day = |at: i8, shown, accepted| InvitedDay {
            day: jiff::civil::date(2026, 10, at),
            shown,
            accepted,
            closed: 2,
            expired: 1,
            conversations: accepted,
        };
        let days = vec![day(4, 40, 11), day(5, 20, 3)];
        Ok(rules.iter().map(|rule| Invited { rule: rule.id.to_string(), days: days.clone() }).collect())
    }

    fn touches(&self, _: Desk) -> Result<Touches, Refusal> {
        Ok(Touches { interrupted: 2, requeued: 1, ..Touches::default() })
    }

    fn health(&self) -> Result<Vec<Figure>, Refusal> {
        let figure =
            |group, name: &str, value: &str, bound: Option<(&str, u8)>, light, advice: &str| Figure {
                group,
                name: name.to_owned(),
                value: value.to_owned(),
                bound: bound.map(|(bound, percent)| (bound.to_owned(), percent)),
                light,
                advice: advice.to_owned(),
            };
        Ok(vec![
            figure("Work", "Open conversations", "12", Some(("4096", 1)), Light::Good, ""),
            figure("Work", "Longest wait", "41 s", None, Light::Good, ""),
            figure("Memory", "Resident", "41 MiB", Some(("96 MiB", 43)), Light::Good, ""),
            figure(
                "Disk",
                "Free space",
                "310 MiB",
                Some(("512 MiB reserve", 91)),
                Light::Warn,
                "Make room, or move the box to a larger card.",
            ),
            figure("Disk", "Commit, 99th percentile", "4.1 ms", None, Light::Good, ""),
        ])
    }

    fn clock(&self) -> Result<Clock, Refusal> {
        Ok(Clock { now: now(), trusted: true, source: "Set by the time-sync service.".to_owned() })
    }

    fn set_clock(&self, by: &Actor, now: Timestamp) -> Result<(), Refusal> {
        self.state().done.push(format!("{} set the clock to {now}", by.name()));
        Ok(())
    }

    fn site(&self) -> Result<Site, Refusal> {
        let state = self.state();
        Ok(Site {
            host: None,
            widget_url: state.public_url.clone().unwrap_or_else(|| "https://desk.local".to_owned()),
            names: vec!["desk.local".to_owned(), "192.168.1.10".to_owned()],
            staff_url: "https://desk.local".to_owned(),
            public_url: state.public_url.clone(),
            listen_staff: vec!["192.168.1.10:443".to_owned()],
            listen_public: vec!["192.168.1.10:8443".to_owned()],
            trusted_proxies: Vec::new(),
            authority: Authority {
                pem: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n".to_owned(),
                fingerprint: ["AB"; 32].join(":"),
            },
            certificate: Certificate {
                uploaded: false,
                own: true,
                names: vec!["desk.local".to_owned()],
                issuer: "deskbell box 1F2E".to_owned(),
                until: state.certificate_until,
            },
        })
    }

    fn use_certificate(&self, by: &Actor, chain_pem: &str, _: &Secret) -> Result<(), Refusal> {
        if !chain_pem.contains("BEGIN CERTIFICATE") {
            return Err(Refusal("The chain holds no certificate.".to_owned()));
        }
        self.state().done.push(format!("{} brought a certificate", by.name()));
        Ok(())
    }

    fn use_own_certificate(&self, by: &Actor) -> Result<(), Refusal> {
        self.state().done.push(format!("{} went back to the own certificate", by.name()));
        Ok(())
    }

    fn accounts(&self) -> Result<Vec<Account>, Refusal> {
        let account = |agent: &deskbell::desk::Agent| Account {
            username: agent.username.to_string(),
            name: agent.name.clone(),
            totp: false,
            required: false,
            recovery_codes: 0,
        };
        Ok(self.desk().agents.iter().map(account).collect())
    }

    fn change_password(&self, by: &Actor, _: Keep, _: &Secret, _: &Secret) -> Result<(), Refusal> {
        self.state().done.push(format!("{} changed her password", by.name()));
        Ok(())
    }

    fn begin_totp(&self, _: &Actor, _: Option<&Secret>) -> Result<Secrets, Refusal> {
        Err(Refusal("not in this test".to_owned()))
    }

    fn confirm_totp(&self, _: &Actor, _: Keep, _: &str) -> Result<Vec<String>, Refusal> {
        Err(Refusal("not in this test".to_owned()))
    }

    fn renew_recovery(&self, _: &Actor, _: &Secret) -> Result<Vec<String>, Refusal> {
        Err(Refusal("not in this test".to_owned()))
    }

    fn end_totp(&self, by: &Actor, username: &str, _: Keep, _: Option<&Secret>) -> Result<(), Refusal> {
        self.state().done.push(format!("{} took away the codes of {username}", by.name()));
        Ok(())
    }

    fn give_totp(&self, _: &Actor, _: &str) -> Result<String, Refusal> {
        Err(Refusal("not in this test".to_owned()))
    }

    fn backups(&self) -> Result<Vec<Backup>, Refusal> {
        let bytes = Some(self.state().backup.len() as u64);
        Ok(vec![
            Backup {
                name: "2026-03-02.deskbell".to_owned(),
                bytes,
                at: now(),
                sealed: false,
                verified: Some(Ok(())),
            },
            Backup {
                name: "2026-03-01.deskbell".to_owned(),
                bytes: None,
                at: now(),
                sealed: false,
                verified: None,
            },
        ])
    }

    fn start_backup(&self, by: &Actor, passphrase: Option<&Secret>) -> Result<String, Refusal> {
        let sealed = if passphrase.is_some() { "sealed " } else { "" };
        self.state().done.push(format!("{} began a {sealed}backup", by.name()));
        Ok("2026-03-02-b.deskbell".to_owned())
    }

    fn open_backup(&self, _: &Actor, _: &str) -> Result<(Box<dyn Read + Send>, u64), Refusal> {
        let bytes = self.state().backup.clone();
        let length = bytes.len() as u64;
        Ok((Box::new(std::io::Cursor::new(bytes)), length))
    }

    fn restore(&self, by: &Actor, name: &str, _: Option<&Secret>) -> Result<(), Refusal> {
        self.state().done.push(format!("{} restored {name}", by.name()));
        Ok(())
    }

    fn delete_backup(&self, by: &Actor, name: &str) -> Result<(), Refusal> {
        self.state().done.push(format!("{} deleted {name}", by.name()));
        Ok(())
    }

    fn stream_backup(
        &self,
        by: &Actor,
        to: &str,
        _: Option<u32>,
        _: bool,
    ) -> Result<Box<dyn Read + Send>, Refusal> {
        self.state().done.push(format!("{} streamed a backup to {to}", by.name()));
        Ok(Box::new(std::io::Cursor::new(self.state().backup.clone())))
    }

    fn restore_from(&self, by: &Actor, from: &mut dyn Read, _: u64) -> Result<(), Refusal> {
        let bytes = std::io::copy(from, &mut std::io::sink()).expect("a stream");
        self.state().done.push(format!("{} restored {bytes} bytes", by.name()));
        Ok(())
    }

    fn condition(&self) -> Result<String, Refusal> {
        Ok("{}".to_owned())
    }

    fn log(&self, _: bool, _: usize) -> Result<Vec<LogLine>, Refusal> {
        let line = |level, text: &str| LogLine {
            at: now(),
            level,
            part: "gateway".to_owned(),
            text: text.to_owned(),
        };
        Ok(vec![line("warn", "slow reader closed"), line("info", "ready <https://desk.local>")])
    }

    fn restart(&self, by: &Actor) -> Result<(), Refusal> {
        self.state().done.push(format!("{} restarted the box", by.name()));
        Ok(())
    }
}
