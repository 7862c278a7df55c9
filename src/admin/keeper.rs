//! What the admin pages need of the box, as one trait: the shell keeps it, a test stands in for it.
//!
//! Every call blocks the thread that serves a page, never the desk: the shell answers over a bounded channel
//! and refuses by name when it cannot. Nothing here knows of pages, and the pages know of nothing else.

use std::io::Read;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use crate::desk::{Change, Desk, Faults, Secret};

/// Who does something: a username, or somebody on the box itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor(Arc<str>);

impl Actor {
    /// A member of staff, vouched for by the gateway.
    pub fn staff(username: &str) -> Self {
        Self(username.into())
    }

    /// Whoever may open the socket without the gateway: root, or the box's own user.
    pub fn local() -> Self {
        Self("local root".into())
    }

    /// The name for the history and the audit log. No username holds the space of `local root`.
    pub fn name(&self) -> &str {
        &self.0
    }
}

/// The desk in force.
#[derive(Clone, Debug)]
pub struct Held {
    /// The desk.
    pub desk: Arc<Desk>,
    /// Its place in the history, from 1.
    pub number: u64,
    /// [`Desk::version`] of it: what a change must be based on.
    pub version: String,
}

/// A desk that shall come into force.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// The whole desk, loaded over the one in force. Passwords and secrets may be plain: the keeper hashes.
    pub desk: Desk,
    /// The [`Held::version`] it was made from.
    pub based_on: String,
    /// Who proposes it.
    pub by: Actor,
}

/// Why a desk did not come into force. Nothing of it did.
#[derive(Debug)]
pub enum NotApplied {
    /// Another one came into force since.
    Conflict,
    /// The box cannot run it.
    Faults(Faults),
    /// The box does not take changes now.
    Refused(Refusal),
}

/// Something the box will not do, in a sentence for the admin: what happened, what is safe, what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(pub String);

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refusal {}

/// One change of the desk in the history (REQ B-6).
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The number of the desk it made.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// What: from the desk before to this one. Never a secret.
    pub changes: Vec<Change>,
}

/// One line of the audit log: a reveal, a sign-in, an export, a restart.
#[derive(Clone, Debug)]
pub struct Audited {
    /// Its place, rising.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// What was done, in a few words.
    pub what: String,
    /// To what, and the reason given.
    pub detail: String,
}

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Light {
    /// As it should be.
    Good,
    /// Works, but somebody should look.
    Warn,
    /// Broken or full.
    Bad,
}

/// One figure of the health page: `Memory`, `41 MiB of 96 MiB`.
#[derive(Clone, Debug)]
pub struct Figure {
    /// The group it stands in: `Memory`, `Disk`, `Work`.
    pub group: &'static str,
    /// What it is.
    pub name: String,
    /// The value with its unit.
    pub value: String,
    /// Its bound, with its unit, and how much of that is used, in percent.
    pub bound: Option<(String, u8)>,
    /// How it is.
    pub light: Light,
    /// What to do when it is not good.
    pub advice: String,
}

/// How many conversations a new desk touches, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Touches {
    /// In talk, and can only be ended: their widget or workstream is gone.
    pub interrupted: u32,
    /// Not accepted yet, and over at once for the same reason.
    pub closed: u32,
    /// Go to their workstream's queue: their own is gone.
    pub requeued: u32,
    /// Go back to a queue: their agent is gone.
    pub rerouted: u32,
}

impl Touches {
    /// In words, one line for each kind that there is.
    pub fn in_words(&self) -> Vec<String> {
        let line = |count: u32, one: &str, many: &str| match count {
            0 => None,
            1 => Some(format!("1 conversation {one}")),
            count => Some(format!("{count} conversations {many}")),
        };
        let gone = "their widget or workstream is gone";
        [
            line(
                self.interrupted,
                "is interrupted and can only be ended",
                "are interrupted and can only be ended",
            ),
            line(self.closed, "not accepted yet is closed", &format!("not accepted yet are closed: {gone}")),
            line(self.requeued, "goes to its workstream's queue", "go to their workstreams' queues"),
            line(
                self.rerouted,
                "goes back to a queue: its agent is gone",
                "go back to a queue: their agents are gone",
            ),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// How one figure went over the last day.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// Of what.
    pub name: &'static str,
    /// Its unit; empty for a count.
    pub unit: &'static str,
    /// When, in milliseconds of the system's clock, and how much; in order.
    pub points: Vec<(i64, f64)>,
}

/// What came of the invitations of one rule (REQ S1-3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invited {
    /// The rule's id.
    pub rule: String,
    /// Day by day, without a gap; the last is today, by the calendar of the widget.
    pub days: Vec<InvitedDay>,
}

/// One day of [`Invited`]: how many invitations, and what came of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvitedDay {
    /// The day.
    pub day: jiff::civil::Date,
    /// Handed to a page.
    pub shown: u32,
    /// Somebody began with it.
    pub accepted: u32,
    /// Closed by the visitor.
    pub closed: u32,
    /// Over by itself, after its minute.
    pub expired: u32,
    /// Led to a conversation.
    pub conversations: u32,
}

/// The state of the box's clock (REQ D-18).
#[derive(Clone, Debug)]
pub struct Clock {
    /// The product's time now.
    pub now: Timestamp,
    /// Whether it is trusted.
    pub trusted: bool,
    /// Who says so: the time-sync service, a real-time clock, an admin.
    pub source: String,
}

/// Where the box is met: its two faces and their certificates (REQ B-10).
#[derive(Clone, Debug)]
pub struct Site {
    /// The box's own names, as in `deskbell.toml`.
    pub names: Vec<String>,
    /// `https://…` of the staff face.
    pub staff_url: String,
    /// `https://…` of the public face; none: for pages on this LAN only.
    pub public_url: Option<String>,
    /// `https://…` a site's pages load the widget from: `public_url`, or the public face as the LAN meets it.
    pub widget_url: String,
    /// Where the staff face listens.
    pub listen_staff: Vec<String>,
    /// Where the public face listens.
    pub listen_public: Vec<String>,
    /// Networks of proxies whose forwarding header is believed.
    pub trusted_proxies: Vec<String>,
    /// The box's own authority.
    pub authority: Authority,
    /// The certificate that customers are shown.
    pub certificate: Certificate,
    /// The host a brought certificate must be for; none: one of `names`.
    pub host: Option<String>,
}

/// The box's own certificate authority.
#[derive(Clone, Debug)]
pub struct Authority {
    /// Its certificate, PEM.
    pub pem: String,
    /// SHA-256 of it: `AB:CD:…`.
    pub fingerprint: String,
}

/// A certificate as the page tells it.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// Whether it is one an admin has brought, and can be taken away again.
    pub uploaded: bool,
    /// Whether it is of the box's own authority.
    pub own: bool,
    /// Names it is for.
    pub names: Vec<String>,
    /// Who issued it.
    pub issuer: String,
    /// When it ends.
    pub until: Timestamp,
}

/// A backup on the box.
#[derive(Clone, Debug)]
pub struct Backup {
    /// Its file name: letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// Its size; none while it is being written.
    pub bytes: Option<u64>,
    /// When it was begun.
    pub at: Timestamp,
    /// Whether it takes a key to open it.
    pub sealed: bool,
    /// What reading it back found: good, or why not; none when it was not read back yet.
    pub verified: Option<Result<(), String>>,
}

/// How somebody signs in, without any secret.
#[derive(Clone, Debug)]
pub struct Account {
    /// The username.
    pub username: String,
    /// The name people see.
    pub name: String,
    /// Whether one-time codes are asked for.
    pub totp: bool,
    /// Whether the desk asks one of her roles for them.
    pub required: bool,
    /// Recovery codes not yet used.
    pub recovery_codes: usize,
}

/// What an authenticator is set up with; shown once.
#[derive(Clone)]
pub struct Secrets {
    /// For typing.
    pub secret: String,
    /// For opening on the same device.
    pub uri: String,
    /// Modules of a side of its QR code, and the dark ones as an SVG path.
    pub qr: (i32, String),
}

/// Says of a sign-in, by its token's hash, whether it stays when its owner's secrets change.
pub type Keep = Box<dyn Fn(&[u8; 32]) -> bool + Send>;

/// One line of the box's log.
#[derive(Clone, Debug)]
pub struct LogLine {
    /// When.
    pub at: Timestamp,
    /// `error`, `warn`, `info`.
    pub level: &'static str,
    /// The part of the box.
    pub part: String,
    /// The line.
    pub text: String,
}

/// The box, as the admin pages see it. Every method may block for a while, within the keeper's own limits.
#[expect(missing_docs, reason = "the module says what blocks and what is refused; names say the rest")]
pub trait Keeper: Send + Sync + 'static {
    fn held(&self) -> Result<Held, Refusal>;

    /// Puts a desk in force at once, or changes nothing. Returns its number. `based_on` is compared with the
    /// desk in force in the same step, so that of two proposals made from one desk the second is told.
    fn apply(&self, proposal: Proposal) -> Result<u64, NotApplied>;

    /// Changes before number `before`, newest first, at most `limit`.
    fn changes(&self, before: Option<u64>, limit: usize) -> Result<Vec<Recorded>, Refusal>;

    /// The desk of that number; none when it is kept no longer.
    fn desk_at(&self, number: u64) -> Result<Option<Arc<Desk>>, Refusal>;

    /// The audit log before number `before`, newest first, at most `limit`.
    fn audit(&self, before: Option<u64>, limit: usize) -> Result<Vec<Audited>, Refusal>;

    fn health(&self) -> Result<Vec<Figure>, Refusal>;

    /// How the last day went.
    fn day(&self) -> Result<Vec<Chart>, Refusal>;

    /// What came of a widget's invitations, in the order of its rules; empty when there is no such widget.
    fn invited(&self, widget: &str) -> Result<Vec<Invited>, Refusal>;

    /// What putting this desk in force now would do to the work that runs (REQ S3-9).
    fn touches(&self, desk: Desk) -> Result<Touches, Refusal>;
    fn clock(&self) -> Result<Clock, Refusal>;

    /// Takes the admin's word for the time (REQ D-18).
    fn set_clock(&self, by: &Actor, now: Timestamp) -> Result<(), Refusal>;

    fn site(&self) -> Result<Site, Refusal>;

    /// Shows another certificate from now on. Refused when key and chain do not fit or it is over.
    fn use_certificate(&self, by: &Actor, chain_pem: &str, key_pem: &Secret) -> Result<(), Refusal>;

    /// Goes back to the box's own certificate.
    fn use_own_certificate(&self, by: &Actor) -> Result<(), Refusal>;

    /// How everybody signs in.
    fn accounts(&self) -> Result<Vec<Account>, Refusal>;

    /// Another password of one's own. Everything else one is signed in by ends.
    fn change_password(&self, by: &Actor, keep: Keep, current: &Secret, new: &Secret) -> Result<(), Refusal>;

    /// A secret for one's own authenticator, which counts once a code of it has come. The password is not asked
    /// for when the sign-in waits for this.
    fn begin_totp(&self, by: &Actor, password: Option<&Secret>) -> Result<Secrets, Refusal>;

    /// The first code of one's own authenticator: the recovery codes.
    fn confirm_totp(&self, by: &Actor, keep: Keep, code: &str) -> Result<Vec<String>, Refusal>;

    /// New recovery codes of one's own.
    fn renew_recovery(&self, by: &Actor, password: &Secret) -> Result<Vec<String>, Refusal>;

    /// Takes one's own codes away, with one's password; or, as an admin, somebody else's who has lost them.
    fn end_totp(
        &self,
        by: &Actor,
        username: &str,
        keep: Keep,
        password: Option<&Secret>,
    ) -> Result<(), Refusal>;

    /// Sets up somebody's codes at the box itself: what is to be handed over, as text.
    fn give_totp(&self, by: &Actor, username: &str) -> Result<String, Refusal>;

    /// Backups on the box, newest first.
    fn backups(&self) -> Result<Vec<Backup>, Refusal>;

    /// Begins a backup and returns its name; it is written and read back while the box works.
    /// Sealed when there is a passphrase.
    fn start_backup(&self, by: &Actor, passphrase: Option<&Secret>) -> Result<String, Refusal>;

    /// A finished backup and its size in bytes.
    fn open_backup(&self, by: &Actor, name: &str) -> Result<(Box<dyn Read + Send>, u64), Refusal>;

    /// Replaces everything by a backup: the box restarts from it.
    fn restore(&self, by: &Actor, name: &str, passphrase: Option<&Secret>) -> Result<(), Refusal>;

    /// Removes a backup from the box.
    fn delete_backup(&self, by: &Actor, name: &str) -> Result<(), Refusal>;

    /// A backup as a stream, for the command line: where it is going to lie, how many days it is to be kept, and
    /// whether it will be sealed on the way. Read it steadily, or it breaks off.
    fn stream_backup(
        &self,
        by: &Actor,
        to: &str,
        keep_days: Option<u32>,
        sealed: bool,
    ) -> Result<Box<dyn Read + Send>, Refusal>;

    /// Replaces everything by a backup that comes as a stream of about that many bytes.
    fn restore_from(&self, by: &Actor, from: &mut dyn Read, bytes: u64) -> Result<(), Refusal>;

    /// What `deskbell doctor` asks of a box that runs, as one JSON object.
    fn condition(&self) -> Result<String, Refusal>;

    /// The newest lines of the log, or of its warnings and errors, newest first, at most `limit`.
    fn log(&self, only_trouble: bool, limit: usize) -> Result<Vec<LogLine>, Refusal>;

    /// Stops cleanly and starts again.
    fn restart(&self, by: &Actor) -> Result<(), Refusal>;
}
