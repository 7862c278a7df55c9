//! From a data directory and a desk file to a running box: what `demo` and `serve` have in common.

use std::collections::HashMap;
use std::fmt;
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use super::Shell;
use super::api;
use super::backups::Backups;
use super::board::Board;
use super::clock::{Clock, real_wall_ms};
use super::history::TooLarge;
use super::keeper::BoxKeeper;
use super::out::Out;
use super::own_socket;
use super::people::People;
use super::place::{self, Place};
use super::record::Recorder;
use super::recover;
use super::rows::TooMany;
use super::running::Running;
use super::set_up;
use super::tls::Tls;
use super::tokens::Tokens;
use crate::admin::{Admin, StartKey};
use crate::desk::{self, Credential, Desk, Faults, LoadOptions, Secret};
use crate::gateway::{
    self, AuthorityFault, Face, Gateway, Listening, Network, Parts, Passwords, Redirect, Roles, SignIns,
    TokenHash, jwt,
};
use crate::ops::bound;
use crate::ops::day::Day;
use crate::ops::profile::Profile;
use crate::store::{OpenError, Options as StoreOptions, ReadError, Store, Table, replace};

/// How a box is started.
pub struct Plan {
    /// Where everything lies.
    pub data: PathBuf,
    /// How much fits.
    pub profile: Profile,
    /// A desk file's text, for a box that has no desk yet.
    pub desk: Option<String>,
    /// The demo's clock: speed and, if given, wall time.
    pub demo: Option<(u32, Option<i64>)>,
    /// Where the system says what it knows of the time.
    pub vouchers: super::trust::Vouchers,
    /// Names and addresses of the box, for its certificate; with ports where pages show them.
    pub hosts: Vec<String>,
    /// Reverse proxies that are believed.
    pub trusted_proxies: Vec<Network>,
    /// `https://…` of the public face, when it is met from outside.
    pub public_url: Option<String>,
    /// Port 80, already bound.
    pub redirect: Option<TcpListener>,
    /// Sockets already bound.
    pub listening: Vec<(TcpListener, Face)>,
    /// Bytes of the recording of what the desk is told, when one is wanted (B-1).
    pub record_bytes: Option<u64>,
    /// Where SIP is spoken, if it is (S2-18).
    pub sip: Option<super::sip::Listening>,
    /// The relay's socket, when it is bound already; otherwise `DIR/relay.sock`.
    pub relay: Option<UnixListener>,
    /// The admin pages' socket, when it is bound already; otherwise `DIR/admin.sock`.
    pub admin: Option<UnixListener>,
}

/// Why a box does not start.
#[derive(Debug)]
pub enum BootError {
    /// The store cannot be opened.
    Store(OpenError),
    /// The store cannot be read.
    Read(ReadError),
    /// The store could not be written.
    Write(String),
    /// The desk file has faults.
    Desk(Faults),
    /// The desk has too many of something.
    TooMany(TooMany),
    /// The desk is too large to be stored.
    TooLarge(TooLarge),
    /// A password cannot be hashed.
    Password(gateway::PasswordFault),
    /// There is no certificate.
    Authority(AuthorityFault),
    /// The certificate cannot be used.
    Certificate(gateway::CertificateFault),
    /// The demo's signing key cannot be used.
    Signer(jwt::SignerFault),
    /// The system has no random bytes.
    NoRandom,
    /// A socket, thread or file.
    Io(std::io::Error),
}

impl fmt::Display for BootError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BootError::Store(error) => write!(f, "the store cannot be opened: {error}"),
            BootError::Read(error) => write!(f, "the store cannot be read: {error:?}"),
            BootError::Write(error) => write!(f, "the store cannot be written: {error}"),
            BootError::Desk(faults) => {
                let first = faults.list.first().map(ToString::to_string).unwrap_or_default();
                let more = faults.list.len().saturating_sub(1) + faults.more;
                write!(f, "the desk has faults: {first}")?;
                if more > 0 { write!(f, " (and {more} more)") } else { Ok(()) }
            }
            BootError::TooMany(error) => write!(f, "{error}"),
            BootError::TooLarge(error) => write!(f, "{error}"),
            BootError::Password(error) => write!(f, "a password cannot be stored: {error}"),
            BootError::Authority(error) => write!(f, "{error}"),
            BootError::Certificate(error) => write!(f, "{error}"),
            BootError::Signer(error) => write!(f, "{error}"),
            BootError::NoRandom => f.write_str("the system has no random bytes"),
            BootError::Io(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for BootError {}

impl From<ReadError> for BootError {
    fn from(error: ReadError) -> BootError {
        BootError::Read(error)
    }
}

/// The program's own version, as the store remembers who started on it last.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Starts a box. A store that was put in place of another, or was another version's, is on trial until it serves:
/// when it does not come so far, the one from before is back for the next start.
pub fn start(plan: Plan) -> Result<Running, BootError> {
    let data = plan.data.clone();
    let before = replace::before_start(&data, VERSION).map_err(BootError::Store)?;
    if before.restored {
        log::warn!("a backup was restored: this start runs on it");
    }
    if let Some(version) = &before.upgraded_from {
        let kept = if before.no_copy {
            "no copy of the store is kept: no room"
        } else {
            "a copy of the store is kept"
        };
        log::info!("version {version:?} ran here last, this is {VERSION}: {kept}");
    }
    let started = open(plan);
    match &started {
        Ok(_) => replace::started(&data, VERSION).map_err(BootError::Io)?,
        Err(BootError::Store(OpenError::InUse)) => {}
        Err(_) => match replace::roll_back(&data) {
            Ok(Some(done)) => log::error!("{done}"),
            Ok(None) => {}
            Err(error) => log::error!("the store from before could not be put back: {error}"),
        },
    }
    started
}

/// Opens the store, restores the desk, and begins to serve.
fn open(mut plan: Plan) -> Result<Running, BootError> {
    let store = open_store(&plan)?;
    tell_bound(&plan.profile);
    let mut found = recover::found(&store.reader().snapshot()?)?;
    let kept_authority = found.authority.take();
    let clock = match plan.demo {
        Some((speed, wall_ms)) => Clock::demo(speed, wall_ms, found.mark),
        None => Clock::real(found.mark, plan.vouchers.vouch(real_wall_ms(), found.mark)),
    };
    let now_s = clock.is_trusted().then(|| real_wall_ms() / 1000);
    let signer = demo_signer(&plan, found.demo_key.as_deref())?;
    let desk = take_desk(&store, &mut found, plan.desk.as_deref(), signer.as_ref())?;
    let tokens = Arc::new(Tokens::default());
    set_tokens(&tokens, &desk);
    let board = Arc::new(Board::new(Arc::new(desk)));
    let tls =
        Tls::open(&plan.data, &plan.hosts, plan.public_url.as_deref(), now_s, kept_authority.as_deref())?;
    // What `/trust` has people compare: the log is read at the box, the page over a line nobody vouches for yet.
    log::info!("the box's certificate authority has the SHA-256 fingerprint {}", tls.shown().fingerprint);
    let place = Place::new(&plan, &tls);
    let given = recover::Given {
        clock,
        vouchers: std::mem::take(&mut plan.vouchers),
        capacity: plan.profile.capacity(),
        public_url: place.customers_url().to_owned(),
        record: recorder(&plan),
    };
    let (mut shell, door, events) =
        Shell::restored(store, Arc::clone(&board), Arc::clone(&tokens), given, found)?;
    shell.keep_authority(&plan.data, kept_authority.as_deref()).map_err(BootError::Io)?;
    let people = People {
        door: door.clone(),
        board: Arc::clone(&board),
        passwords: Arc::new(Passwords::new(plan.profile.password_hashes_max)),
        sign_ins: Arc::new(SignIns::new(plan.demo.is_some())),
    };
    let day = Arc::new(Day::default());
    let key = StartKey::new().map_err(|_| BootError::NoRandom)?;
    let (relay_listener, relay_socket) =
        own_socket::bound(plan.relay.take(), &plan.data, "relay").map_err(BootError::Io)?;
    let (admin_listener, admin_socket) =
        own_socket::bound(plan.admin.take(), &plan.data, "admin").map_err(BootError::Io)?;
    let gateway = Arc::new(OnceLock::new());
    let router = api::router(api::Surface {
        door: door.clone(),
        board: Arc::clone(&board),
        tokens: Arc::clone(&tokens),
        readers: shell.readers(),
        authority: tls.shown(),
        signer: signer.map(Arc::new),
        gateway: Arc::clone(&gateway),
        people: people.clone(),
        admin: (admin_socket, key.clone()),
        set_up: set_up::Code::for_desk(&board.desk(), &plan.data, &place.staff_url)?,
        public_url: place.customers_url().to_owned(),
        loopback_unlimited: plan.demo.is_some(),
        profile: plan.profile.clone(),
        public: Arc::clone(&tls.public),
    });
    let parts = Parts {
        settings: gateway_settings(&mut plan),
        redirect: plan.redirect.take().map(|listener| Redirect {
            listener,
            targets: place::targets(&plan.hosts, &place.staff_url, plan.public_url.as_deref()),
        }),
        listening: plan.listening.drain(..).map(|(listener, face)| Listening { listener, face }).collect(),
        router,
        sockets: Arc::new(super::door::Doorkeeper::new(door.clone(), board)),
        identity: tokens,
        certificates: Arc::clone(&tls.certificates),
    };
    let keeper = BoxKeeper {
        people,
        door: door.clone(),
        readers: shell.readers(),
        backups: Backups::new(&plan.data, shell.readers(), door.clone()),
        data: plan.data,
        place,
        profile: plan.profile,
        public: Arc::clone(&tls.public),
        day: Arc::clone(&day),
    };
    if let Some(listening) = plan.sip {
        shell.speak_sip(listening, door.clone()).map_err(BootError::Io)?;
    }
    let relay = (shell.relay_wanted(), relay_socket);
    let desk = std::thread::Builder::new()
        .name("desk".to_owned())
        .spawn(move || shell.run(&events))
        .map_err(BootError::Io)?;
    super::relay::listen(relay_listener, door.clone()).map_err(BootError::Io)?;
    let admin = Admin::start(admin_listener, Arc::new(keeper), key).map_err(BootError::Io)?;
    let running = Arc::new(Gateway::start(parts).map_err(BootError::Io)?);
    let _ = gateway.set(Arc::downgrade(&running));
    Ok(Running {
        relay,
        gateway: running,
        tls,
        admin,
        tended: Instant::now(),
        day,
        sampled: None,
        desk,
        door,
    })
}

fn open_store(plan: &Plan) -> Result<Store<Out>, BootError> {
    let profile = &plan.profile;
    let mut options = StoreOptions::new(&plan.data);
    options.segments = profile.journal_segments;
    options.cache_bytes = profile.state_cache_bytes;
    options.store_bytes_max = profile.store_bytes_max;
    options.submissions_bytes_max = profile.submissions_bytes_max;
    options.on_failure = Some(Box::new(|failure| {
        // Nobody knows any more what is on disk: only a new start finds out.
        log::error!("{failure}");
        std::process::exit(70);
    }));
    let (store, opened) = Store::open(options).map_err(BootError::Store)?;
    if opened.recovered > 0 {
        log::info!("recovered {} batches from the journal", opened.recovered);
    }
    Ok(store)
}

/// The key the demo's portal page has its customers signed with.
fn demo_signer(plan: &Plan, kept: Option<&[u8]>) -> Result<Option<jwt::DemoSigner>, BootError> {
    let signer = plan.demo.is_some().then(|| match kept {
        Some(key) => jwt::DemoSigner::from_pkcs8(key),
        None => jwt::DemoSigner::generate(),
    });
    signer.transpose().map_err(BootError::Signer)
}

/// The desk in force; what is new of it goes into the store.
fn take_desk(
    store: &Store<Out>,
    found: &mut recover::Found,
    given: Option<&str>,
    signer: Option<&jwt::DemoSigner>,
) -> Result<Desk, BootError> {
    let (mut desk, stored) = desk_of(found.desk.as_deref(), given)?;
    hash_passwords(&mut desk, None)?;
    let mut batch = store.batch();
    if !stored {
        let rows = found.history.next(&desk, "start").map_err(BootError::TooLarge)?;
        rows.iter().for_each(|(table, key, value)| batch.put(*table, key, value));
    }
    if let Some(signer) = signer {
        batch.put(Table::Meta, recover::DEMO_KEY, signer.pkcs8());
        trust_signer(&mut desk, signer);
    }
    store.submit(batch).map_err(|refused| BootError::Write(format!("{:?}", refused.why)))?;
    Ok(desk)
}

/// The recording of what the desk is told, where one is wanted. A box runs without.
fn recorder(plan: &Plan) -> Option<Recorder> {
    let made = Recorder::create(&plan.data, plan.record_bytes?);
    made.inspect_err(|error| log::warn!("no recording of the desk's inputs: {error}")).ok()
}

fn gateway_settings(plan: &mut Plan) -> gateway::Settings {
    let demo = plan.demo.is_some();
    gateway::Settings {
        hosts: plan.hosts.clone(),
        trusted_proxies: std::mem::take(&mut plan.trusted_proxies),
        loopback_unlimited: demo,
        echo: demo,
        ceilings: ceilings(&plan.profile),
        ..gateway::Settings::default()
    }
}

/// Says what the box may take, so that the log of a box that was killed for its memory tells by how much.
fn tell_bound(profile: &Profile) {
    const MIB: u64 = 1024 * 1024;
    for row in bound::worst_case(profile) {
        log::debug!("at most {:>6} KiB: {}", row.bytes / 1024, row.what);
    }
    let worst = bound::worst_bytes(profile).div_ceil(MIB);
    let ceiling = match profile.memory_max_mib {
        0 => String::new(),
        mib => format!(", of {mib} MiB the service may have"),
    };
    log::info!("profile {}: at most {worst} MiB of memory with everything full{ceiling}", profile.name);
}

/// The gateway's ceilings under a profile.
fn ceilings(profile: &Profile) -> gateway::Ceilings {
    let defaults = gateway::Ceilings::default();
    gateway::Ceilings {
        connections_max: profile.connections_max,
        staff_connections_reserved: profile.staff_connections_reserved,
        bodies_bytes_max: profile.bodies_bytes_max,
        outbox: gateway::OutboxLimits { all_bytes_max: profile.outboxes_bytes_max, ..defaults.outbox },
        ..defaults
    }
}

/// The stored desk, or else the given one, or else an empty one.
fn desk_of(stored: Option<&str>, given: Option<&str>) -> Result<(Desk, bool), BootError> {
    let (text, options, is_stored) = match (stored, given) {
        (Some(text), _) => {
            (text, LoadOptions { stored: true, allow_missing_secrets: true, ..LoadOptions::default() }, true)
        }
        (None, Some(text)) => (text, LoadOptions::default(), false),
        // Its first admin makes it at the admin pages.
        (None, None) => (set_up::EMPTY, LoadOptions::default(), false),
    };
    let loaded = desk::load_with(text, options).map_err(BootError::Desk)?;
    for warning in &loaded.warnings {
        log::warn!("desk: {warning}");
    }
    Ok((loaded.desk, is_stored))
}

/// Replaces every password and secret by its hash. A password that is the one of the desk in force keeps its hash: a
/// file applied again with its passwords in it changes nobody's, and so signs nobody out.
pub fn hash_passwords(desk: &mut Desk, over: Option<&Desk>) -> Result<(), BootError> {
    for agent in &mut desk.agents {
        let Some(plain) = agent.password.plain() else { continue };
        let before = over.and_then(|over| over.agent(desk::Id::as_str(&agent.username))?.password.hash());
        let kept = before.filter(|hash| gateway::verify_now(plain.expose(), Some(hash)) == Ok(true));
        let hash = match kept {
            Some(hash) => hash.to_owned(),
            None => gateway::hash_now(plain.expose()).map_err(BootError::Password)?,
        };
        agent.password = Credential::Hashed(Secret::new(&hash));
    }
    for token in &mut desk.tokens {
        if let Some(plain) = token.secret.plain() {
            let hash = data_encoding::HEXLOWER.encode(TokenHash::of(plain.expose()).as_bytes());
            token.secret = Credential::Hashed(Secret::new(&hash));
        }
    }
    Ok(())
}

/// Takes over roles and fixed tokens.
pub(super) fn set_tokens(tokens: &Tokens, desk: &Desk) {
    let role = |role: &desk::Role| gateway::Role::from_name(desk::Word::word(*role));
    let roles = |list: &[desk::Role]| list.iter().filter_map(role).collect::<Roles>();
    let staff: HashMap<Arc<str>, Roles> = desk
        .agents
        .iter()
        .map(|agent| (desk::Id::as_str(&agent.username).into(), roles(&agent.roles)))
        .collect();
    let fixed = desk
        .tokens
        .iter()
        .filter_map(|token| {
            let bytes = data_encoding::HEXLOWER.decode(token.secret.hash()?.as_bytes()).ok()?;
            let hash = TokenHash::from_bytes(bytes.try_into().ok()?);
            Some((hash, (Arc::from(desk::Id::as_str(&token.name)), roles(&token.roles))))
        })
        .collect();
    tokens.set_desk(staff, fixed);
}

/// The demo signs for its own portal page: every workstream that asks for a token trusts it.
pub(super) fn trust_signer(desk: &mut Desk, signer: &jwt::DemoSigner) {
    let der = signer.public_key_der();
    for workstream in &mut desk.workstreams {
        if let Some(auth) = &mut workstream.auth
            && let Err(fault) = auth.add_key(&der)
        {
            log::error!("the demo's key was not taken: {fault}");
        }
    }
}

/// Reads a file the operator named, bounded.
pub fn read_desk_file(path: &Path) -> Result<String, String> {
    let bytes = std::fs::metadata(path).map_err(|error| format!("{}: {error}", path.display()))?.len();
    if bytes > crate::limits::DESK_FILE_BYTES_MAX as u64 {
        return Err(format!(
            "{} holds more than {} bytes",
            path.display(),
            crate::limits::DESK_FILE_BYTES_MAX
        ));
    }
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}
