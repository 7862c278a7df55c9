//! `deskbell serve`, the appliance as systemd starts it: its settings, its doors, its certificates, its end.

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

const DESK: &str = include_str!("data/desk.example.toml");

/// A box on free ports, in a folder of its own, with an example's desk.
struct Appliance {
    child: Option<Child>,
    dir: tempfile::TempDir,
    settings: String,
    desk: &'static str,
    log: Arc<Mutex<String>>,
}

/// Runs the binary to its end.
fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_deskbell")).args(arguments).output().expect("the binary")
}

impl Appliance {
    fn start(more: &str) -> Appliance {
        Appliance::with_desk(DESK, more)
    }

    fn with_desk(desk: &'static str, more: &str) -> Appliance {
        let dir = tempfile::tempdir().expect("a folder");
        let settings = format!(
            "data = \"{}\"\nnames = [\"localhost\", \"127.0.0.1\"]\nlisten_staff = \"127.0.0.1:0\"\n\
             listen_public = \"127.0.0.1:0\"\nlisten_redirect = \"127.0.0.1:0\"\n{more}",
            dir.path().join("data").display()
        );
        let mut one = Appliance { child: None, dir, settings, desk, log: Arc::default() };
        one.launch();
        one
    }

    fn launch(&mut self) {
        let config = self.dir.path().join("deskbell.toml");
        std::fs::write(&config, &self.settings).expect("written");
        let desk = self.dir.path().join("desk.toml");
        std::fs::write(&desk, self.desk).expect("written");
        *self.log.lock().expect("lock") = String::new();
        let mut child = Command::new(env!("CARGO_BIN_EXE_deskbell"))
            .arg("serve")
            .arg("--config")
            .arg(&config)
            .arg("--desk")
            .arg(&desk)
            // As systemd names each of its starts.
            .env("INVOCATION_ID", "0123456789abcdef0123456789abcdef")
            .env("CREDENTIALS_DIRECTORY", self.dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let (stderr, log) = (child.stderr.take().expect("piped"), Arc::clone(&self.log));
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let mut log = log.lock().expect("lock");
                log.push_str(&line);
                log.push('\n');
            }
        });
        let mut ready = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut ready).expect("readable");
        assert!(ready.starts_with("ready https://localhost"), "{ready:?}: {}", self.log());
        self.child = Some(child);
    }

    fn log(&self) -> String {
        self.log.lock().expect("lock").clone()
    }

    /// The port of a door, as the log tells it.
    fn port(&self, door: &str) -> u16 {
        let begin = Instant::now();
        loop {
            let log = self.log();
            let line = log.lines().find(|line| line.contains(door));
            if let Some(port) = line.and_then(|line| line.rsplit(':').next()?.parse().ok()) {
                return port;
            }
            assert!(begin.elapsed() < support::PATIENCE, "no {door} in {log}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// The end of the process, when it ends by itself.
    fn ends(&mut self) -> Option<i32> {
        let begin = Instant::now();
        let mut child = self.child.take().expect("running");
        while begin.elapsed() < support::PATIENCE {
            if let Some(status) = child.try_wait().expect("ours") {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = child.kill();
        let _ = child.wait();
        None
    }

    /// The certificate that is shown at a port to who asks for a name; trust is not the question here.
    fn shown(&self, port: u16, name: &str) -> Vec<u8> {
        let mut roots = RootCertStore::empty();
        for path in [self.data().join("tls/ca.crt"), self.dir.path().join("given-ca.crt")] {
            if let Ok(certificate) = CertificateDer::from_pem_file(path) {
                roots.add(certificate).expect("an authority");
            }
        }
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("protocols")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from(name.to_owned()).expect("a name");
        let tcp = TcpStream::connect(("127.0.0.1", port)).expect("connects");
        let connection = ClientConnection::new(Arc::new(config), name).expect("a client");
        let mut tls = StreamOwned::new(connection, tcp);
        tls.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            .expect("written");
        let mut answer = Vec::new();
        let _ = tls.read_to_end(&mut answer);
        assert!(answer.starts_with(b"HTTP/1.1 "), "{}", String::from_utf8_lossy(&answer));
        tls.conn.peer_certificates().expect("certificates")[0].to_vec()
    }

    /// The admin pages over their socket, as root on the box has them.
    fn page(&self, method: &str, path: &str, form: &str) -> (u16, String) {
        let socket = self.data().join("admin.sock");
        let mut stream = std::os::unix::net::UnixStream::connect(socket).expect("the admin's door");
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: box\r\nConnection: close\r\nContent-Type: \
             application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        );
        stream.write_all(head.as_bytes()).expect("written");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        (status, answer)
    }

    /// Posts a form of a page, with the hidden fields that page has.
    fn post(&self, page: &str, action: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let (status, body) = self.page("GET", page, "");
        assert_eq!(status, 200, "{body}");
        let hidden = |name: &str| {
            let start = format!("name=\"{name}\" value=\"");
            let rest = body.split(&start).nth(1).unwrap_or_default();
            rest.split('"').next().unwrap_or_default().to_owned()
        };
        let mut form = format!("token={}&version={}", encoded(&hidden("token")), encoded(&hidden("version")));
        for (name, value) in fields {
            form.push_str(&format!("&{name}={}", encoded(value)));
        }
        self.page("POST", action, &form)
    }
}

impl Drop for Appliance {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { (byte as char).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// An authority, and certificates of it.
struct Issuer(rcgen::Issuer<'static, rcgen::KeyPair>, String);

impl Issuer {
    fn new() -> Issuer {
        let key = rcgen::KeyPair::generate().expect("a key");
        let mut params = rcgen::CertificateParams::default();
        params.distinguished_name.push(rcgen::DnType::CommonName, "Trial authority");
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Issuer(rcgen::Issuer::new(params, key), pem)
    }

    /// Certificate and key for a name, good for some days from now on, or until some days ago.
    fn certificate(&self, name: &str, days: i64) -> (String, String) {
        let key = rcgen::KeyPair::generate().expect("a key");
        let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).expect("a name");
        let now = time::OffsetDateTime::now_utc();
        params.not_before = now - time::Duration::days(100);
        params.not_after = now + time::Duration::days(days);
        (params.signed_by(&key, &self.0).expect("signed").pem(), key.serialize_pem())
    }
}

#[test]
fn a_profile_sizes_the_box_and_its_bound_is_told() {
    let one = Appliance::start("profile = \"board-512m\"\nlog = \"debug\"\n");
    // The log is read by a thread of its own, which may be behind the ready line.
    one.port("Public face on");
    let log = one.log();
    assert!(log.contains("profile board-512m: at most 3") && log.contains("of 320 MiB"), "{log}");
    assert!(log.contains("KiB: the engine's tables"), "{log}");
    assert!(log.contains("at most 768 connections"), "{log}");
    let (status, health) = one.page("GET", "/admin/health", "");
    assert_eq!(status, 200);
    assert!(health.contains("of 256") && health.contains("of the most the box can take"), "{health}");
    // The ring has the profile's two segments of 16 MiB and its header.
    let ring = std::fs::metadata(one.data().join("journal")).map(|meta| meta.len());
    assert_eq!(ring.ok(), Some(2 * 16 * 1024 * 1024 + 4096), "the journal");
}

#[test]
fn a_profile_that_cannot_be_is_refused_before_anything_is_made() {
    let dir = tempfile::tempdir().expect("a folder");
    let config = dir.path().join("deskbell.toml");
    let refused = |profile: &str| {
        let text = format!(
            "data = \"{}\"\nnames = [\"localhost\"]\nlisten_staff = \"127.0.0.1:0\"\nprofile = \"{profile}\"\n",
            dir.path().join("data").display()
        );
        std::fs::write(&config, text).expect("written");
        let output = run(&["serve", "--config", &config.display().to_string()]);
        let line = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), line.lines().count()), (Some(2), 1), "{line}");
        line
    };
    assert!(refused("board-2m").contains("board-512m, board-1g"), "names what there is");
    let own = dir.path().join("own.toml");
    let text = include_str!("../firmware-config/profiles/board-512m.toml");
    std::fs::write(&own, text.replace("= 768", "= 4_096").replace("agents_max = 64", "agents_max = 9_000"))
        .expect("written");
    let line = refused(&own.display().to_string());
    assert!(line.contains("agents_max: a number from 2 to 512"), "{line}");
    std::fs::write(&own, text.replace("= 768", "= 4_096")).expect("written");
    assert!(refused(&own.display().to_string()).contains("everything full at once takes"));
    assert!(!dir.path().join("data").exists());
}

#[test]
fn a_desk_with_more_people_than_the_profile_is_refused_by_name() {
    let dir = tempfile::tempdir().expect("a folder");
    let text = include_str!("../firmware-config/profiles/board-512m.toml");
    let own = dir.path().join("own.toml");
    std::fs::write(&own, text.replace("agents_max = 64", "agents_max = 2")).expect("written");
    let (config, desk) = (dir.path().join("deskbell.toml"), dir.path().join("desk.toml"));
    let settings = format!(
        "data = \"{}\"\nnames = [\"localhost\"]\nlisten_staff = \"127.0.0.1:0\"\nprofile = \"{}\"\n",
        dir.path().join("data").display(),
        own.display()
    );
    std::fs::write(&config, settings).expect("written");
    std::fs::write(&desk, DESK).expect("written");
    let output =
        run(&["serve", "--config", &config.display().to_string(), "--desk", &desk.display().to_string()]);
    let line = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{line}");
    assert!(line.contains("room for 2 agents"), "{line}");
}

#[test]
fn port_80_sends_everybody_to_tls_and_hands_nothing_back() {
    let one = Appliance::start("public_url = \"https://chat.example\"\n");
    let (port, staff) = (one.port("Redirect on"), one.port("Staff face on"));
    let ask = |request: &str| {
        let mut tcp = TcpStream::connect(("127.0.0.1", port)).expect("connects");
        tcp.set_read_timeout(Some(support::PATIENCE)).expect("set");
        tcp.write_all(request.as_bytes()).expect("written");
        let mut answer = String::new();
        let _ = tcp.read_to_string(&mut answer);
        answer
    };
    let location = |answer: &str| {
        let line = answer.lines().find_map(|line| line.strip_prefix("Location: "));
        line.unwrap_or_else(|| panic!("no location: {answer:?}")).to_owned()
    };
    let answer = ask("GET /agent/?x=1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 308 "), "{answer}");
    assert_eq!(location(&answer), format!("https://localhost:{staff}/agent/?x=1"));
    assert_eq!(location(&ask("GET / HTTP/1.1\r\nHost: chat.example\r\n\r\n")), "https://chat.example/");
    let hostile =
        ask("POST /<b>evil HTTP/1.1\r\nHost: evil.example\r\nX: evil\r\nContent-Length: 4\r\n\r\nevil");
    assert_eq!(location(&hostile), format!("https://localhost:{staff}/"));
    assert!(!hostile.contains("evil"), "{hostile}");
    assert_eq!(ask("\u{16}\u{3}\u{1} not http at all"), "", "TLS at the wrong door is closed upon");
    assert_eq!(ask(&format!("GET / HTTP/1.1\r\n{}", "a".repeat(8192))), "", "an endless head is closed upon");
    // All places taken by people who say nothing: one more is turned away, and they go by themselves.
    let mut silent = Vec::new();
    let begin = Instant::now();
    // Those asked before may still be on their way out: until all places are taken indeed.
    loop {
        silent.extend((0..64).map(|_| TcpStream::connect(("127.0.0.1", port)).expect("connects")));
        if ask("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").is_empty() {
            break;
        }
        assert!(begin.elapsed() < support::PATIENCE, "there is always a place");
    }
    let begin = Instant::now();
    while ask("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").is_empty() {
        assert!(begin.elapsed() < support::PATIENCE, "the silent ones hold their places for ever");
        std::thread::sleep(Duration::from_millis(200));
    }
    drop(silent);
}

#[test]
fn an_own_certificate_is_judged_shown_kept_and_taken_away() {
    let mut one = Appliance::start("public_url = \"https://chat.example\"\n");
    let issuer = Issuer::new();
    std::fs::write(one.dir.path().join("given-ca.crt"), &issuer.1).expect("written");
    let (good, key) = issuer.certificate("chat.example", 20);
    let (other, other_key) = issuer.certificate("shop.example", 20);
    let (old, old_key) = issuer.certificate("chat.example", -3);
    let bring = |one: &Appliance, chain: &str, key: &str| {
        one.post(
            "/admin/addresses",
            "/admin/certificate",
            &[("act", "bring"), ("chain", chain), ("key", key)],
        )
    };
    for (chain, key, words) in [
        (&good, &other_key, "does not belong to the certificate"),
        (&other, &other_key, "is for shop.example, and not for chat.example"),
        (&old, &old_key, "has expired on"),
        (&format!("{}{good}", issuer.1), &key, "wrong order"),
        (&format!("{good}{other}"), &key, "has not issued the one before it"),
        (&"nonsense".to_owned(), &key, "no certificate in it"),
        (&good, &"nonsense".to_owned(), "no private key in it"),
        (&good, &"x".repeat(70_000), "at most 65536 bytes"),
    ] {
        let (status, body) = bring(&one, chain, key);
        assert_eq!(status, 422, "{words}");
        assert!(body.contains(words), "{words}: {body}");
        assert!(
            !body.contains(key.lines().nth(1).unwrap_or("no key of several lines")),
            "the key comes back"
        );
    }
    let (public, staff) = (one.port("Public face on"), one.port("Staff face on"));
    let own = one.shown(public, "localhost");
    let (status, body) = bring(&one, &format!("{good}{}", issuer.1), &key);
    assert_eq!(status, 303, "{body}");
    let brought = CertificateDer::from_pem_slice(good.as_bytes()).expect("pem").to_vec();
    assert_eq!(one.shown(public, "chat.example"), brought, "by its name");
    assert_eq!(one.shown(public, "localhost"), own, "the LAN's name keeps the box's own");
    assert_eq!(one.shown(staff, "localhost"), own);
    let kept = one.data().join("tls/public.json");
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(kept.metadata().expect("kept").permissions().mode() & 0o777, 0o600);
    let (_, page) = one.page("GET", "/admin/addresses", "");
    assert!(
        page.contains("Trial authority") && page.contains("The certificate ends in "),
        "told, and warned of: {page}"
    );
    let health = support::Desk::attach(&one.data(), staff).get("/healthz");
    let days = health.json()["certificate_days"].as_i64();
    assert!(health.status == 200 && matches!(days, Some(19 | 20)), "warned of in time: {}", health.body);
    let secret = key.lines().nth(1).expect("a key has lines");
    assert!(!page.contains(secret) && !one.log().contains(secret), "the key is never shown again");
    let (_, audit) = one.page("GET", "/admin/audit", "");
    assert!(audit.contains("certificate") && audit.contains("local root"), "{audit}");

    // Over a restart, asked for in the pages: a clean exit, and whoever keeps the box starts it.
    let (status, body) = one.post("/admin/restart", "/admin/restart", &[]);
    assert_eq!(status, 202, "{body}");
    assert_eq!(one.ends(), Some(0), "{}", one.log());
    one.launch();
    let public = one.port("Public face on");
    assert_eq!(one.shown(public, "chat.example"), brought);
    let (status, _) = one.post("/admin/addresses", "/admin/certificate", &[("act", "own")]);
    assert_eq!(status, 303);
    assert!(!kept.exists());
    assert!(!one.shown(public, "localhost").is_empty());

    // What comes with the image, as a credential of the service.
    std::fs::write(one.dir.path().join("public.crt"), &good).expect("written");
    std::fs::write(one.dir.path().join("public.key"), &key).expect("written");
    let (status, _) = one.post("/admin/restart", "/admin/restart", &[]);
    assert_eq!((status, one.ends()), (202, Some(0)));
    one.launch();
    assert_eq!(one.shown(one.port("Public face on"), "chat.example"), brought, "{}", one.log());
}

#[test]
fn the_log_and_the_figures_are_in_the_pages_and_help_knows_the_settings() {
    let one = Appliance::start("");
    one.port("Staff face on");
    let (status, log) = one.page("GET", "/admin/log", "");
    assert_eq!(status, 200);
    assert!(log.contains("face on 127.0.0.1") && log.contains("command"), "{log}");
    let (_, trouble) = one.page("GET", "/admin/log?trouble", "");
    assert!(!trouble.contains("face on 127.0.0.1"));
    let (status, health) = one.page("GET", "/admin/health", "");
    assert_eq!(status, 200);
    for words in
        ["Slowest commit of the last hour", "Free space", "In line for Front desk", "Certificate good for"]
    {
        assert!(health.contains(words), "{words}: {health}");
    }
    let begin = Instant::now();
    while !one.page("GET", "/admin/health", "").1.contains("<polyline") {
        assert!(begin.elapsed() < support::PATIENCE, "the day has no sample yet");
        std::thread::sleep(Duration::from_millis(100));
    }
    let help = run(&["help", "settings"]);
    assert_eq!(help.stdout, include_bytes!("../firmware-config/deskbell.toml"));
    assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join("firmware-config/deskbell.toml").is_file());
}

#[test]
fn one_page_leads_from_nothing_to_a_working_widget() {
    let one = Appliance::with_desk("version = 1\nname = \"deskbell\"\n", "");
    let public = one.port("Public face on");
    let answers = |hours: &'static str, site: &'static str| {
        [
            ("name", "Utrecht branch"),
            ("weekdays", hours),
            ("saturday", ""),
            ("timezone", "Europe/Amsterdam"),
            ("agent", "Alice"),
            ("username", "alice"),
            ("password", "a long enough password"),
            ("site", site),
        ]
    };
    let (_, overview) = one.page("GET", "/admin/", "");
    assert!(overview.contains("href=\"/admin/begin\""), "{overview}");
    let (status, body) = one.post("/admin/begin", "/admin/begin", &answers("nine to five", "not a site"));
    assert_eq!(status, 422);
    assert!(body.contains("hours") && body.contains("allowed_origins"), "every fault at once: {body}");
    assert!(body.contains("Utrecht branch") && !body.contains("a long enough password"), "{body}");
    let (status, body) =
        one.post("/admin/begin", "/admin/begin", &answers("00:00-24:00", "https://shop.example/"));
    assert_eq!(status, 303, "{body}");
    let (_, widget) = one.page("GET", "/admin/widgets/web", "");
    let snippet = format!("https://localhost:{public}/widget.js");
    assert!(widget.contains(&snippet), "the customers' door and not the staff's: {widget}");
    let (_, overview) = one.page("GET", "/admin/", "");
    assert!(!overview.contains("href=\"/admin/begin\""), "it is done");
    // A second pair of hands on an old form changes nothing.
    let (_, again) = one.page("GET", "/admin/begin", "");
    assert!(again.contains("has a widget already"), "{again}");
}

/// The example's desk, with two gateways for text messages whose secrets are credentials of the service.
const WITH_GATEWAYS: &str = concat!(
    include_str!("data/desk.example.toml"),
    "\n[[workstream]]\nid = \"lan\"\nchannel = \"sms\"\nqueue = \"front\"\n[workstream.sms]\nprovider = \"gateway\"\n",
    "url = \"http://127.0.0.1:9/send\"\naccount = \"box\"\nsecret = \"credential:lan-gateway\"\nfrom = \"+3197\"\n",
    "request = \"to={to}&text={text}&key={secret}\"\n",
    "\n[[workstream]]\nid = \"lost\"\nchannel = \"sms\"\nqueue = \"front\"\n[workstream.sms]\nprovider = \"gateway\"\n",
    "url = \"http://127.0.0.1:9/send\"\naccount = \"box\"\nsecret = \"credential:nobody-gave-it\"\nfrom = \"+3198\"\n",
    "request = \"to={to}&text={text}&key={secret}\"\n",
);

#[test]
fn a_providers_secret_given_as_a_credential_is_used_and_kept_nowhere() {
    let mut one = Appliance::with_desk(WITH_GATEWAYS, "");
    std::fs::write(one.dir.path().join("providers"), "# of the image\nlan-gateway = as given by the image\n")
        .expect("written");
    let (status, _) = one.post("/admin/restart", "/admin/restart", &[]);
    assert_eq!((status, one.ends()), (202, Some(0)));
    one.launch();
    let desk = support::Desk::attach(&one.data(), one.port("Public face on"));
    let mut id = 0;
    let mut call = |workstream: &str, word: &str| {
        id += 1;
        let bearer = format!("Bearer {word}");
        let headers =
            [("authorization", bearer.as_str()), ("content-type", "application/x-www-form-urlencoded")];
        let body = format!("from=%2B31612345678&text=Hello&id=m{id}");
        desk.http("POST", &format!("/hooks/sms/{workstream}"), &headers, &body).status
    };
    assert_eq!(call("lan", "as given by the image"), 200);
    for guess in ["", "credential:lan-gateway", "another"] {
        assert_eq!(call("lan", guess), 403, "{guess:?}");
    }
    for guess in ["", "credential:nobody-gave-it"] {
        assert_eq!(call("lost", guess), 403, "{guess:?}: a credential that is not there opens nothing");
    }
    assert!(one.log().contains("no credential \"nobody-gave-it\""), "{}", one.log());
    assert!(!one.log().contains("as given by the image"));
    let (_, exported) = one.page("GET", "/admin/desk.toml", "");
    assert!(!exported.contains("as given by the image"), "{exported}");
    for file in ["state.redb", "journal"] {
        let bytes = std::fs::read(one.data().join(file)).expect("the store");
        assert!(!bytes.windows(21).any(|some| some == b"as given by the image"), "{file} holds the secret");
    }
}
