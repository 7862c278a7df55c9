//! The relay as a process: it makes the calls it is given over TLS it trusts, and no others (REQ S2-22, S2-21).

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use deskbell::channels::call::line;
use deskbell::channels::{Call, FromRelay, Http, Reply, ToRelay};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A certificate authority, and what it signs.
struct Issuer {
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
    pem: String,
}

impl Issuer {
    fn new() -> Issuer {
        let key = rcgen::KeyPair::generate().expect("a key");
        let mut params = rcgen::CertificateParams::default();
        params.distinguished_name.push(rcgen::DnType::CommonName, "Trial authority");
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Issuer { issuer: rcgen::Issuer::new(params, key), pem }
    }

    /// A provider that shows a certificate for this name, good until so many days from now; its port.
    fn provider(&self, name: &str, days: i64) -> u16 {
        let key = rcgen::KeyPair::generate().expect("a key");
        let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).expect("a name");
        let now = time::OffsetDateTime::now_utc();
        params.not_before = now - time::Duration::days(100);
        params.not_after = now + time::Duration::days(days);
        let certificate = params.signed_by(&key, &self.issuer).expect("signed").pem();
        let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).expect("a certificate")];
        let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).expect("a key");
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("they fit");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let config = Arc::new(config);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let config = Arc::clone(&config);
                std::thread::spawn(move || answer(stream, config));
            }
        });
        port
    }
}

/// `/moved` is a redirect, everything else is taken.
fn answer(stream: TcpStream, config: Arc<ServerConfig>) {
    let Ok(connection) = ServerConnection::new(config) else { return };
    let mut stream = BufReader::new(StreamOwned::new(connection, stream));
    let mut first = String::new();
    if stream.read_line(&mut first).is_err() {
        return;
    }
    let mut head = String::new();
    while stream.read_line(&mut head).is_ok_and(|read| read > 2) {
        head.clear();
    }
    let status =
        if first.contains("/moved") { "302 Found\r\nLocation: https://elsewhere.invalid/" } else { "200 OK" };
    let text = format!("HTTP/1.1 {status}\r\nContent-Length: 5\r\nConnection: close\r\n\r\ntaken");
    let stream = stream.get_mut();
    let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
    stream.conn.send_close_notify();
    let _ = stream.flush();
}

/// A relay, and the box's end of its line.
struct Relay {
    child: Child,
    line: BufReader<UnixStream>,
    calls: u64,
}

impl Relay {
    /// It trusts the authorities of this file.
    fn start(dir: &Path, authorities: &str) -> Relay {
        let socket = dir.join("relay.sock");
        let listener = UnixListener::bind(&socket).expect("a socket");
        let file = dir.join("authorities.pem");
        std::fs::write(&file, authorities).expect("written");
        let child = Command::new(env!("CARGO_BIN_EXE_deskbell"))
            .args(["relay", "--until", "stdin", "--log", "error", "--socket"])
            .arg(&socket)
            .env("SSL_CERT_FILE", &file)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("started");
        let (stream, _) = listener.accept().expect("it calls");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("set");
        Relay { child, line: BufReader::new(stream), calls: 0 }
    }

    fn call(&mut self, url: &str) -> Reply {
        self.calls += 1;
        let http = Http { method: "POST".into(), url: url.into(), headers: Vec::new(), body: "{}".into() };
        let call = line(&ToRelay::Call { n: self.calls, call: Call::Http(http) });
        self.line.get_mut().write_all(call.as_bytes()).expect("sent");
        let mut text = String::new();
        self.line.read_line(&mut text).expect("an answer");
        match serde_json::from_str(&text).expect("JSON") {
            FromRelay::Reply { n, reply } if n == self.calls => reply,
            other => panic!("{other:?}"),
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_provider_is_called_over_tls_that_holds_and_no_other() {
    let (known, foreign) = (Issuer::new(), Issuer::new());
    let dir = tempfile::tempdir().expect("a folder");
    let mut relay = Relay::start(dir.path(), &known.pem);
    let url = |port: u16, path: &str| format!("https://localhost:{port}{path}");
    let good = known.provider("localhost", 100);
    let taken = relay.call(&url(good, "/"));
    assert_eq!(taken, Reply::Answer { status: 200, wait_s: None, body: "taken".into() });
    // A redirect would carry the credentials elsewhere.
    assert!(matches!(relay.call(&url(good, "/moved")), Reply::Answer { status: 302, .. }));
    let untrusted = Reply::Unreached("the provider's certificate is not trusted".into());
    for (why, port) in [
        ("another's name", known.provider("provider.example", 100)),
        ("another's authority", foreign.provider("localhost", 100)),
        ("out of date", known.provider("localhost", -1)),
    ] {
        assert_eq!(relay.call(&url(port, "/")), untrusted, "{why}");
    }
    // Whoever speaks in the clear where TLS is wanted gets nothing either, and the relay goes on.
    let clear = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = clear.local_addr().expect("bound").port();
    std::thread::spawn(move || {
        for mut stream in clear.incoming().flatten() {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ntaken");
        }
    });
    assert!(!matches!(relay.call(&url(port, "/")), Reply::Answer { .. }));
    assert!(matches!(relay.call(&url(good, "/")), Reply::Answer { status: 200, .. }));
}

#[test]
fn without_an_authority_nobody_is_trusted() {
    let known = Issuer::new();
    let dir = tempfile::tempdir().expect("a folder");
    let mut relay = Relay::start(dir.path(), "");
    let port = known.provider("localhost", 100);
    let reply = relay.call(&format!("https://localhost:{port}/"));
    assert_eq!(reply, Reply::Unreached("the provider's certificate is not trusted".into()));
}
