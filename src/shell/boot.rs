//! From a data directory and a desk file to a running box: what `demo` and `serve` have in common.

use std::collections::HashMap;
use std::fmt;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use super::Shell;
use super::api;
use super::backups::Backups;
use super::certificate::PublicCertificate;
use super::clock::{Clock, real_wall_ms};
use super::door::Door;
use super::health::sample;
use super::keeper::{BoxKeeper, Place};
use super::people::People;
use super::recover;
use super::rows::TooMany;
use super::set_up;
use super::tokens::Tokens;
use crate::admin::{self, Admin, StartKey};
use crate::desk::{self, Credential, Desk, Faults, LoadOptions, Secret};
use crate::gateway::{
    self, Authority, AuthorityFault, Certificates, Face, Gateway, Listening, Network, Parts, Passwords,
    Redirect, Roles, SignIns, TokenHash, jwt,
};
use crate::masking::Masker;
use crate::ops::bound;
use crate::ops::day::{Day, SAMPLE_S};
use crate::ops::profile::Profile;
use crate::store::{OpenError, Options as StoreOptions, ReadError, Store, Table, replace};

/// What everybody but the desk thread reads of the desk: the configuration in force.
pub struct Board {
    desk: RwLock<Arc<Desk>>,
    masker: RwLock<Masker>,
}

impl Board {
    /// A board showing this desk.
    pub fn new(desk: Arc<Desk>) -> Board {
        let masker = masker_of(&desk);
        Board { desk: RwLock::new(desk), masker: RwLock::new(masker) }
    }

    /// The desk in force.
    pub fn desk(&self) -> Arc<Desk> {
        Arc::clone(&self.desk.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The masks in force.
    pub fn masker(&self) -> Masker {
        *self.masker.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows another desk.
    pub fn show(&self, desk: Arc<Desk>) {
        *self.masker.write().unwrap_or_else(PoisonError::into_inner) = masker_of(&desk);
        *self.desk.write().unwrap_or_else(PoisonError::into_inner) = desk;
    }
}

fn masker_of(desk: &Desk) -> Masker {
    let masking = &desk.masking;
    Masker::new(crate::masking::Settings {
        enabled: masking.enabled,
        pci: masking.pci,
        pii: masking.pii,
        phone_region: masking.phone_region.clone().unwrap_or_default(),
    })
}

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
    /// The relay's socket, when it is bound already; otherwise `DIR/relay.sock`.
    pub relay: Option<UnixListener>,
    /// The admin pages' socket, when it is bound already; otherwise `DIR/admin.sock`.
    pub admin: Option<UnixListener>,
}

/// A box that runs.
pub struct Running {
    /// Is a relay wanted, and where does it call?
    relay: (Arc<AtomicBool>, PathBuf),
    gateway: Arc<Gateway>,
    authority: Authority,
    certificates: Arc<Certificates>,
    names: Vec<String>,
    good_until_s: Arc<AtomicI64>,
    admin: Admin,
    tended: Instant,
    day: Arc<Day>,
    sampled: Option<Instant>,
    desk: std::thread::JoinHandle<Result<(), crate::store::Failure>>,
    door: Door,
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
fn open(plan: Plan) -> Result<Running, BootError> {
    let profile = plan.profile;
    tell_bound(&profile);
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
    let mut found = recover::found(&store.reader().snapshot()?)?;
    let kept_authority = found.authority.take();
    let clock = match plan.demo {
        Some((speed, wall_ms)) => Clock::demo(speed, wall_ms, found.mark),
        None => Clock::real(found.mark, plan.vouchers.vouch(real_wall_ms(), found.mark)),
    };
    let now_s = clock.is_trusted().then(|| real_wall_ms() / 1000);
    let signer = plan.demo.is_some().then(|| match &found.demo_key {
        Some(key) => jwt::DemoSigner::from_pkcs8(key),
        None => jwt::DemoSigner::generate(),
    });
    let signer = signer.transpose().map_err(BootError::Signer)?;
    let (mut desk, stored) = desk_of(found.desk.as_deref(), plan.desk.as_deref())?;
    hash_passwords(&mut desk)?;
    let mut batch = store.batch();
    if !stored {
        found.history.put(&mut batch, &desk, "start");
    }
    if let Some(signer) = &signer {
        batch.put(Table::Meta, recover::DEMO_KEY, signer.pkcs8());
        trust_signer(&mut desk, signer);
    }
    store.submit(batch).map_err(|refused| BootError::Write(format!("{:?}", refused.why)))?;
    let tokens = Arc::new(Tokens::default());
    set_tokens(&tokens, &desk);
    let board = Arc::new(Board::new(Arc::new(desk)));
    let staff_url = staff_url(&plan.hosts, &plan.listening);
    let public_url = plan.public_url.clone().unwrap_or_else(|| staff_url.clone());
    let public_url = public_url.trim_end_matches('/').to_owned();
    let (relay_listener, relay_socket) =
        super::relay::socket(plan.relay, &plan.data).map_err(BootError::Io)?;
    let recorder = |bytes| super::record::Recorder::create(&plan.data, bytes);
    let record = plan.record_bytes.map(recorder).transpose().unwrap_or_else(|error| {
        log::warn!("no recording of the desk's inputs: {error}");
        None
    });
    let given = recover::Given {
        clock,
        vouchers: plan.vouchers,
        capacity: profile.capacity(),
        public_url: public_url.clone(),
        record,
    };
    let (mut shell, door, events) =
        Shell::restored(store, Arc::clone(&board), Arc::clone(&tokens), given, found)?;
    let relay_wanted = shell.relay_wanted();

    let names: Vec<String> = plan.hosts.iter().map(|host| without_port(host).to_owned()).collect();
    bring_back_authority(&plan.data, kept_authority.as_deref()).map_err(BootError::Io)?;
    let authority = Authority::open(&plan.data.join("tls"), &names, real_wall_ms() / 1000)
        .map_err(BootError::Authority)?;
    shell.keep_authority(&plan.data, kept_authority.as_deref()).map_err(BootError::Io)?;
    let certificates = Certificates::new(authority.certificate().map_err(BootError::Certificate)?);
    let public_host = plan.public_url.as_deref().and_then(|url| url.strip_prefix("https://"));
    let public = Arc::new(PublicCertificate::open(
        Arc::clone(&certificates),
        plan.data.join("tls"),
        public_host.map(|host| without_port(host).to_owned()),
        names.clone(),
        now_s,
    ));
    let day = Arc::new(Day::default());
    let redirect = plan.redirect.map(|listener| Redirect {
        listener,
        targets: targets(&plan.hosts, &staff_url, plan.public_url.as_deref()),
    });
    let running_gateway = Arc::new(OnceLock::new());
    let demo = plan.demo.is_some();
    let trusted_proxies = plan.trusted_proxies.iter().map(ToString::to_string).collect();
    let settings = gateway::Settings {
        hosts: plan.hosts.clone(),
        trusted_proxies: plan.trusted_proxies,
        loopback_unlimited: demo,
        echo: demo,
        ceilings: ceilings(&profile),
        ..gateway::Settings::default()
    };
    let readers = shell.readers();
    let (admin_listener, admin_socket) = admin_socket(plan.admin, &plan.data)?;
    let key = StartKey::new().map_err(|_| BootError::NoRandom)?;
    let good_until_s = Arc::new(AtomicI64::new(authority.good_until_s()));
    let fingerprint = authority.ca_fingerprint().unwrap_or_default();
    let set_up = set_up::Code::for_desk(&board.desk(), &plan.data, &staff_url)?;
    let people = People {
        door: door.clone(),
        board: Arc::clone(&board),
        passwords: Arc::new(Passwords::new(profile.password_hashes_max)),
        sign_ins: Arc::new(SignIns::new(demo)),
    };
    let keeper = BoxKeeper {
        people: people.clone(),
        door: door.clone(),
        readers: readers.clone(),
        backups: Backups::new(&plan.data, readers.clone(), door.clone()),
        data: plan.data,
        place: Place {
            names: names.clone(),
            staff_url,
            public_url: plan.public_url,
            staff: addresses(&plan.listening, Face::Staff),
            public: addresses(&plan.listening, Face::Public),
            trusted_proxies,
            authority: admin::Authority {
                pem: authority.ca_pem().to_owned(),
                fingerprint: fingerprint.clone(),
            },
            good_until_s: Arc::clone(&good_until_s),
        },
        profile: profile.clone(),
        public: Arc::clone(&public),
        day: Arc::clone(&day),
    };
    let surface = api::Surface {
        door: door.clone(),
        board: Arc::clone(&board),
        tokens: Arc::clone(&tokens),
        readers,
        ca_pem: authority.ca_pem().to_owned(),
        fingerprint,
        signer: signer.map(Arc::new),
        gateway: Arc::clone(&running_gateway),
        people,
        admin: (admin_socket, key.clone()),
        set_up,
        public_url,
        loopback_unlimited: demo,
        profile,
        public,
    };
    let router = api::router(surface);
    let desk = std::thread::Builder::new()
        .name("desk".to_owned())
        .spawn(move || shell.run(&events))
        .map_err(BootError::Io)?;
    super::relay::listen(relay_listener, door.clone()).map_err(BootError::Io)?;
    let admin = Admin::start(admin_listener, Arc::new(keeper), key).map_err(BootError::Io)?;
    let listening = plan.listening.into_iter().map(|(listener, face)| Listening { listener, face }).collect();
    let sockets = Arc::new(super::door::Doorkeeper::new(door.clone(), Arc::clone(&board)));
    let shown = Arc::clone(&certificates);
    let parts =
        Parts { settings, listening, redirect, router, sockets, identity: tokens, certificates: shown };
    let gateway = Arc::new(Gateway::start(parts).map_err(BootError::Io)?);
    let _ = running_gateway.set(Arc::downgrade(&gateway));
    let tended = Instant::now();
    let relay = (relay_wanted, relay_socket);
    Ok(Running {
        relay,
        gateway,
        authority,
        certificates,
        names,
        good_until_s,
        admin,
        tended,
        day,
        sampled: None,
        desk,
        door,
    })
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

/// On a box that a backup was restored on, everybody goes on trusting the authority of the box before.
fn bring_back_authority(data: &Path, kept: Option<&[u8]>) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
    let (folder, Some(kept)) = (data.join("tls"), kept) else { return Ok(()) };
    let path = folder.join(AUTHORITY_FILE);
    if path.exists() {
        return Ok(());
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    let part = folder.join("authority.part");
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
    file.write_all(kept)?;
    file.sync_all()?;
    log::info!("the box's certificate authority is that of the backup");
    std::fs::rename(part, path)
}

/// The gateway's file of the box's own authority, in `DIR/tls`.
const AUTHORITY_FILE: &str = "authority.json";

impl Shell {
    /// Writes a copy of the authority's file into the store, when it is another: a backup then holds it.
    fn keep_authority(&mut self, data: &Path, kept: Option<&[u8]>) -> std::io::Result<()> {
        let bytes = std::fs::read(data.join("tls").join(AUTHORITY_FILE))?;
        if kept != Some(&bytes) {
            self.put_bytes(Table::Meta, recover::AUTHORITY, &bytes);
        }
        Ok(())
    }
}

impl Running {
    /// Where it listens.
    pub fn addresses(&self) -> &[(Face, std::net::SocketAddr)] {
        self.gateway.addresses()
    }

    /// Where a relay is to call, while there is anything for one to do.
    pub fn wants_relay(&self) -> Option<&Path> {
        self.relay.0.load(Ordering::Relaxed).then_some(self.relay.1.as_path())
    }

    /// Stops cleanly: nothing acknowledged is lost.
    pub fn stop(self) -> Result<(), crate::store::Failure> {
        const GRACE: Duration = Duration::from_secs(5);
        crate::ops::notify::stopping();
        // A call for the metrics may hold it for the length of its answer; then it ends by being dropped.
        let gone = Arc::into_inner(self.gateway).is_none_or(|gateway| gateway.stop(GRACE));
        if !gone {
            log::warn!("some connections did not end in time");
        }
        log::debug!("the gateway has stopped");
        self.door.stop();
        let desk = self.desk.join();
        // After the desk: a page that waits for it has its refusal by now.
        self.admin.stop();
        match desk {
            Ok(stopped) => {
                log::debug!("the desk has stopped");
                stopped
            }
            Err(_) => {
                log::error!("the desk thread had panicked");
                std::process::exit(70);
            }
        }
    }

    /// Looks after what the desk thread need not: the day's samples, and what lasts longer than a day, the
    /// certificate. To be called now and then.
    pub fn tend(&mut self) {
        if self.sampled.is_none_or(|last| last.elapsed() >= Duration::from_secs(SAMPLE_S)) {
            self.sampled = Some(Instant::now());
            let asked = |shell: &mut Shell| {
                let asked = shell.how_it_is();
                shell.measure_syncs_anew();
                asked
            };
            if let Some(asked) = smol::block_on(self.door.ask(asked)) {
                self.day.add(sample(&asked));
            }
        }
        const EVERY: Duration = Duration::from_secs(3600);
        if self.tended.elapsed() < EVERY {
            return;
        }
        self.tended = Instant::now();
        let renewed =
            self.authority.renew(&self.names, real_wall_ms() / 1000).map_err(|error| error.to_string());
        let shown = renewed.and_then(|renewed| match renewed {
            false => Ok(()),
            true => {
                let certificate = self.authority.certificate().map_err(|error| error.to_string())?;
                self.certificates.replace_own(certificate);
                self.good_until_s.store(self.authority.good_until_s(), Ordering::Relaxed);
                log::info!("the box's certificate has been renewed");
                Ok(())
            }
        });
        if let Err(error) = shown {
            log::error!("the box's certificate was not renewed: {error}");
        }
    }

    /// Has the desk thread ended by itself? Then the box is of no use any more, or an admin has asked for a restart.
    pub fn is_over(&self) -> bool {
        self.desk.is_finished()
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

/// Replaces every password and secret by its hash.
pub fn hash_passwords(desk: &mut Desk) -> Result<(), BootError> {
    for agent in &mut desk.agents {
        if let Some(plain) = agent.password.plain() {
            let hash = gateway::hash_now(plain.expose()).map_err(BootError::Password)?;
            agent.password = Credential::Hashed(Secret::new(&hash));
        }
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

/// The admin pages' socket and its path. One of our own is for the box's user only from its first moment: it
/// gets its name once its mode is set, and that name takes the place of a former start's.
fn admin_socket(given: Option<UnixListener>, data: &Path) -> Result<(UnixListener, PathBuf), BootError> {
    let path = data.join("admin.sock");
    if let Some(listener) = given {
        let address = listener.local_addr().map_err(BootError::Io)?;
        let path = address.as_pathname().map_or(path, Path::to_path_buf);
        return Ok((listener, path));
    }
    let new = data.join("admin.new");
    let bound = || {
        if new.symlink_metadata().is_ok() {
            std::fs::remove_file(&new)?;
        }
        let listener = UnixListener::bind(&new)?;
        std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o600))?;
        std::fs::rename(&new, &path)?;
        Ok(listener)
    };
    bound().map(|listener| (listener, path)).map_err(BootError::Io)
}

/// Where a face listens.
fn addresses(listening: &[(TcpListener, Face)], wanted: Face) -> Vec<std::net::SocketAddr> {
    let shows = |face: Face| face == wanted || face == Face::Both;
    let found = listening.iter().filter(|(_, face)| shows(*face));
    found.filter_map(|(listener, _)| listener.local_addr().ok()).collect()
}

/// What staff type to come to the box.
fn staff_url(hosts: &[String], listening: &[(TcpListener, Face)]) -> String {
    let name = hosts.first().map_or("localhost", String::as_str);
    match addresses(listening, Face::Staff).first().map(|address| address.port()) {
        // A name with a port of its own is how a proxy before the box is met.
        Some(port) if port != 443 && without_port(name) == name => format!("https://{name}:{port}"),
        _ => format!("https://{name}"),
    }
}

/// Where port 80 sends whoever names a host: the staff's names to the staff's door, the public one to its own.
fn targets(hosts: &[String], staff_url: &str, public_url: Option<&str>) -> Vec<(String, String)> {
    let staff_port =
        staff_url.rsplit_once(':').map(|(_, port)| port).filter(|port| port.parse::<u16>().is_ok());
    let public = public_url.and_then(|url| Some((url.strip_prefix("https://")?, url)));
    let target = |host: &String| {
        let name = without_port(host);
        let shown = if name.contains(':') { format!("[{name}]") } else { name.to_owned() };
        if let Some((_, url)) = public.filter(|(public, _)| public == host) {
            return (shown, url.to_owned());
        }
        let url = match staff_port {
            Some(port) if name == host.trim_matches(['[', ']']) => format!("https://{shown}:{port}"),
            _ => format!("https://{host}"),
        };
        (shown, url)
    };
    hosts.iter().map(target).collect()
}

/// `localhost:8443` without its port; `[::1]` without its brackets.
fn without_port(host: &str) -> &str {
    let host = match host.rfind(':') {
        Some(at) if !host.ends_with(']') && (host.starts_with('[') || host.matches(':').count() == 1) => {
            &host[..at]
        }
        _ => host,
    };
    host.trim_start_matches('[').trim_end_matches(']')
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
