//! A box as a process of its own, its clients over real TLS, and the floors figures are held against.
#![allow(dead_code, reason = "each bench uses its part")]

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_tungstenite::WebSocketStream;
use async_tungstenite::tungstenite::Message;
use async_tungstenite::tungstenite::client::IntoClientRequest;
use futures_rustls::TlsConnector;
use futures_rustls::client::TlsStream;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use smol::net::TcpStream;
use smol::stream::StreamExt;

/// Syncs of the floor.
const SYNCS: u64 = 600;

pub(crate) struct Demo {
    child: Child,
    pub(crate) port: u16,
    pub(crate) dir: PathBuf,
    tls: Arc<ClientConfig>,
    /// From the start of the process to its ready line.
    pub(crate) ready: Duration,
}

impl Demo {
    pub(crate) fn start(dir: &Path, port: u16) -> Demo {
        Demo::start_with(dir, port, &[], &[])
    }

    /// Under other programs (`wrap`, ending in the one that runs what follows it), and with more arguments.
    pub(crate) fn start_with(dir: &Path, port: u16, wrap: &[&str], more: &[&str]) -> Demo {
        let begin = Instant::now();
        let binary = env!("CARGO_BIN_EXE_deskbell");
        let line: Vec<&str> = wrap.iter().copied().chain([binary]).collect();
        let mut child = Command::new(line[0])
            .args(&line[1..])
            .args(["demo", "--listen", &format!("127.0.0.1:{port}"), "--data"])
            .arg(dir)
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut lines = lines.map_while(Result::ok);
        let url =
            lines.find_map(|line| line.strip_prefix("ready ").map(str::to_string)).expect("a ready line");
        let ready = begin.elapsed();
        std::thread::spawn(move || lines.for_each(drop));
        let port =
            url.trim_end_matches('/').rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
        Demo { child, port, dir: dir.to_path_buf(), tls: trust(dir), ready }
    }

    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Seconds of a core its threads have used, by the scheduler's nanoseconds: a tick would be a whole idle second's worth.
    pub(crate) fn cpu_s(&self) -> f64 {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).expect("running");
        let on_core =
            tasks.flatten().filter_map(|task| std::fs::read_to_string(task.path().join("schedstat")).ok());
        on_core.filter_map(|stat| stat.split(' ').next()?.parse::<f64>().ok()).sum::<f64>() / 1e9
    }

    /// Resident memory in KiB.
    pub(crate) fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("running");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a resident size");
        line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
    }

    pub(crate) async fn stream(&self) -> TlsStream<TcpStream> {
        let tcp = TcpStream::connect(("127.0.0.1", self.port)).await.expect("it listens");
        tcp.set_nodelay(true).expect("no delay");
        let name = ServerName::try_from("localhost").expect("a name");
        TlsConnector::from(Arc::clone(&self.tls)).connect(name, tcp).await.expect("TLS")
    }

    pub(crate) async fn socket(&self, path: &str, bearer: Option<&str>) -> Socket {
        let mut request =
            format!("wss://localhost:{}{path}", self.port).into_client_request().expect("a request");
        request.headers_mut().insert("sec-websocket-protocol", "deskbell.v1".parse().expect("a header"));
        if let Some(token) = bearer {
            let value = format!("Bearer {token}").parse().expect("a header");
            request.headers_mut().insert("authorization", value);
        }
        let (socket, _) =
            async_tungstenite::client_async(request, self.stream().await).await.expect("an upgrade");
        Socket { socket }
    }

    pub(crate) async fn customer(&self) -> Socket {
        let mut socket = self.socket("/ws/customer?widget=shop", None).await;
        socket.send(json!({"t": "hello", "id": 1})).await;
        socket.until(|frame| frame["t"] == "welcome").await;
        socket
    }

    pub(crate) async fn login(&self, username: &str) -> String {
        use smol::io::{AsyncReadExt, AsyncWriteExt};
        let body = json!({"username": username, "password": format!("{username}-demo-pass")}).to_string();
        let head = format!(
            "POST /api/v1/login HTTP/1.1\r\nHost: localhost:{}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.port,
            body.len()
        );
        let mut stream = self.stream().await;
        stream.write_all(head.as_bytes()).await.expect("sent");
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let text = String::from_utf8_lossy(&answer).to_string();
        let at = text.find('{').expect("a body");
        let value: Value = serde_json::from_str(text[at..].trim()).expect("JSON");
        value["token"].as_str().expect("a token").to_string()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.kill();
    }
}

pub(crate) struct Socket {
    socket: WebSocketStream<TlsStream<TcpStream>>,
}

impl Socket {
    pub(crate) async fn send(&mut self, frame: Value) {
        self.socket.send(Message::text(frame.to_string())).await.expect("sent");
    }

    pub(crate) async fn next(&mut self) -> Value {
        loop {
            match self.socket.next().await.expect("open").expect("a frame") {
                Message::Text(text) => return serde_json::from_str(&text).expect("JSON"),
                Message::Close(frame) => panic!("closed: {frame:?}"),
                _ => {}
            }
        }
    }

    pub(crate) async fn until(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        loop {
            let frame = self.next().await;
            assert!(frame["t"] != "error", "refused: {frame}");
            if fits(&frame) {
                return frame;
            }
        }
    }
}

fn trust(dir: &Path) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for entry in std::fs::read_dir(dir.join("tls")).expect("certificates").flatten() {
        let name = entry.file_name().to_string_lossy().to_string();
        if name.starts_with("ca") && !name.contains("key") {
            let pem = std::fs::read(entry.path()).expect("readable");
            for certificate in CertificateDer::pem_slice_iter(&pem).flatten() {
                let _ = roots.add(certificate);
            }
        }
    }
    assert!(!roots.is_empty(), "the box's CA");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

pub(crate) fn percentile(sorted: &[f64], percent: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * percent / 100.0) as usize]
}

/// Append 4 KiB and fdatasync, over and over in a preallocated file: the floor of anything durable.
pub(crate) fn fdatasync_loop(dir: &Path) -> f64 {
    let path = dir.join("floor");
    let mut file = OpenOptions::new().create(true).write(true).truncate(true).open(&path).expect("a file");
    file.write_all(&vec![0; 4 << 20]).expect("written");
    file.sync_all().expect("synced");
    let block = [7; 4096];
    let mut samples: Vec<f64> = (0..SYNCS)
        .map(|at| {
            let begin = Instant::now();
            file.write_all_at(&block, at % 1024 * 4096).expect("written");
            file.sync_data().expect("synced");
            begin.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    let _ = std::fs::remove_file(path);
    samples.sort_by(f64::total_cmp);
    percentile(&samples, 50.0)
}

/// Sectors written on the disk under a folder, in KiB: `/proc/self/io` counts whole folios. What the kernel still holds
/// back is written first: what a message dirtied is its cost, whenever the disk gets it.
pub(crate) fn device_kib(dir: &Path) -> Option<u64> {
    use std::os::linux::fs::MetadataExt;
    Command::new("sync").arg("-f").arg(dir).status().ok()?;
    let device = std::fs::metadata(dir).ok()?.st_dev();
    let (major, minor) = (device >> 8 & 0xfff, device & 0xff | device >> 12 & 0xfff00);
    let stat = std::fs::read_to_string(format!("/sys/dev/block/{major}:{minor}/stat")).ok()?;
    stat.split_whitespace().nth(6)?.parse::<u64>().ok().map(|sectors| sectors / 2)
}
