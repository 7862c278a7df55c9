//! The whole box as a process of its own, over real TLS: what a message costs on its way to the disk and to the
//! other side, what a connection costs in memory, how fast a start is. Each figure beside a floor measured in
//! the same run on the same disk.

use std::fs::{File, OpenOptions};
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

const ROUND_TRIPS: usize = 600;
const TALKERS: usize = 400;
/// Below a customer's burst, so that no limit of rate is touched.
const LINES_EACH: usize = 18;
const IN_FLIGHT: usize = 64;
const IDLE: usize = 1_000;

struct Demo {
    child: Child,
    port: u16,
    dir: PathBuf,
    tls: Arc<ClientConfig>,
    ready: Duration,
}

impl Demo {
    fn start(dir: &Path, port: u16) -> Demo {
        let begin = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_deskbell"))
            .args(["demo", "--listen", &format!("127.0.0.1:{port}"), "--data"])
            .arg(dir)
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

    fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Resident memory in KiB.
    fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("running");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a resident size");
        line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
    }

    async fn stream(&self) -> TlsStream<TcpStream> {
        let tcp = TcpStream::connect(("127.0.0.1", self.port)).await.expect("it listens");
        tcp.set_nodelay(true).expect("no delay");
        let name = ServerName::try_from("localhost").expect("a name");
        TlsConnector::from(Arc::clone(&self.tls)).connect(name, tcp).await.expect("TLS")
    }

    async fn socket(&self, path: &str, bearer: Option<&str>) -> Socket {
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

    async fn customer(&self) -> Socket {
        let mut socket = self.socket("/ws/customer?widget=shop", None).await;
        socket.send(json!({"t": "hello", "id": 1})).await;
        socket.until(|frame| frame["t"] == "welcome").await;
        socket
    }

    async fn login(&self, username: &str) -> String {
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

struct Socket {
    socket: WebSocketStream<TlsStream<TcpStream>>,
}

impl Socket {
    async fn send(&mut self, frame: Value) {
        self.socket.send(Message::text(frame.to_string())).await.expect("sent");
    }

    async fn next(&mut self) -> Value {
        loop {
            match self.socket.next().await.expect("open").expect("a frame") {
                Message::Text(text) => return serde_json::from_str(&text).expect("JSON"),
                Message::Close(frame) => panic!("closed: {frame:?}"),
                _ => {}
            }
        }
    }

    async fn until(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
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

fn percentile(sorted: &[f64], percent: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * percent / 100.0) as usize]
}

/// Append 4 KiB and fdatasync, over and over in a preallocated file: the floor of anything durable.
fn fdatasync_loop(dir: &Path) -> f64 {
    let path = dir.join("floor");
    let mut file = OpenOptions::new().create(true).write(true).truncate(true).open(&path).expect("a file");
    file.write_all(&vec![0; 4 << 20]).expect("written");
    file.sync_all().expect("synced");
    let block = [7; 4096];
    let mut samples: Vec<f64> = (0..ROUND_TRIPS as u64)
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

/// Sectors written on the disk under a folder, in KiB: `/proc/self/io` counts whole folios.
fn device_kib(dir: &Path) -> Option<u64> {
    use std::os::linux::fs::MetadataExt;
    let device = std::fs::metadata(dir).ok()?.st_dev();
    let (major, minor) = (device >> 8 & 0xfff, device & 0xff | device >> 12 & 0xfff00);
    let stat = std::fs::read_to_string(format!("/sys/dev/block/{major}:{minor}/stat")).ok()?;
    stat.split_whitespace().nth(6)?.parse::<u64>().ok().map(|sectors| sectors / 2)
}

async fn round_trips(demo: &Demo) -> Vec<f64> {
    let token = demo.login("alice").await;
    let mut alice = demo.socket("/ws/agent", Some(&token)).await;
    alice.until(|frame| frame["t"] == "welcome").await;
    let mut samples = Vec::new();
    // A customer's burst is twenty: each conversation gives fewer.
    while samples.len() < ROUND_TRIPS {
        let mut customer = demo.customer().await;
        customer.send(json!({"t": "start", "id": 2, "comment": "hello"})).await;
        let started = customer.until(|frame| frame["re"] == 2).await;
        let conversation = started["conversation"].clone();
        let offer =
            alice.until(|frame| frame["t"] == "notification" && frame["conversation"] == conversation).await;
        alice.send(json!({"t": "accept", "id": 3, "notification": offer["id"]})).await;
        alice.until(|frame| frame["t"] == "session" && frame["conversation"] == conversation).await;
        for line in 0..LINES_EACH {
            let text = format!("line {line}");
            let begin = Instant::now();
            customer
                .send(json!({"t": "message", "id": 10 + line, "client_id": format!("c{line}"), "text": text}))
                .await;
            alice.until(|frame| frame["t"] == "message" && frame["text"] == text.as_str()).await;
            samples.push(begin.elapsed().as_secs_f64() * 1e3);
        }
        alice.send(json!({"t": "end", "id": 4, "conversation": conversation})).await;
        alice.until(|frame| frame["re"] == 4).await;
        alice.send(json!({"t": "wrapup", "id": 5, "conversation": conversation, "reason": "solved"})).await;
        alice.until(|frame| frame["re"] == 5).await;
    }
    samples.sort_by(f64::total_cmp);
    samples
}

/// Messages a second, on disk, with so many in flight: each talker waits for her answer.
async fn throughput(demo: &Demo) -> (f64, usize) {
    let gate = smol::lock::Semaphore::new(IN_FLIGHT);
    let executor = smol::LocalExecutor::new();
    let mut talkers = Vec::new();
    for _ in 0..TALKERS {
        let mut customer = demo.customer().await;
        customer.send(json!({"t": "start", "id": 2})).await;
        customer.until(|frame| frame["re"] == 2).await;
        talkers.push(customer);
    }
    let begin = Instant::now();
    let tasks: Vec<_> = talkers
        .into_iter()
        .map(|mut customer| {
            let gate = &gate;
            executor.spawn(async move {
                for line in 0..LINES_EACH {
                    let _pass = gate.acquire().await;
                    let id = 10 + line;
                    customer
                        .send(json!({"t": "message", "id": id, "client_id": format!("c{line}"), "text": "one line of a talk"}))
                        .await;
                    customer.until(|frame| frame["re"] == id).await;
                }
                customer
            })
        })
        .collect();
    let mut kept = Vec::new();
    executor
        .run(async {
            for task in tasks {
                kept.push(task.await);
            }
        })
        .await;
    let count = TALKERS * LINES_EACH;
    (count as f64 / begin.elapsed().as_secs_f64(), count)
}

fn main() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder on the disk under test");
    let floor = fdatasync_loop(dir.path());
    println!("floor: append 4 KiB + fdatasync                 p50 {floor:.3} ms");
    let data = dir.path().join("data");
    std::fs::create_dir(&data).expect("a folder");
    let mut demo = Demo::start(&data, 0);
    println!("first start (makes certificates, hashes)        {:>8.0} ms", demo.ready.as_secs_f64() * 1e3);
    std::thread::sleep(Duration::from_secs(1));
    let idle = demo.resident();
    println!("resident, demo desk, idle                       {:>8.1} MiB", idle as f64 / 1024.0);

    let (before, samples) = (device_kib(&data), smol::block_on(round_trips(&demo)));
    let (p50, p99) = (percentile(&samples, 50.0), percentile(&samples, 99.0));
    println!(
        "customer sends, agent has it, on disk           p50 {p50:.3} ms ({:.1} x floor), p99 {p99:.3} ms",
        p50 / floor
    );
    if let (Some(before), Some(after)) = (before, device_kib(&data)) {
        println!(
            "device writes a message, 1 in flight            {:>8.1} KiB (all of the machine's writes)",
            (after - before) as f64 / samples.len() as f64
        );
    }
    let before = device_kib(&data);
    let (rate, count) = smol::block_on(throughput(&demo));
    println!(
        "messages/s on disk, {IN_FLIGHT} in flight               {rate:>8.0} ({:.2} x one a floor sync)",
        rate * floor / 1e3
    );
    if let (Some(before), Some(after)) = (before, device_kib(&data)) {
        println!(
            "device writes a message, {IN_FLIGHT} in flight           {:>8.1} KiB",
            (after - before) as f64 / count as f64
        );
    }
    let before = demo.resident();
    let sockets = smol::block_on(async {
        let mut sockets = Vec::new();
        for _ in 0..IDLE {
            sockets.push(demo.customer().await);
        }
        sockets
    });
    std::thread::sleep(Duration::from_secs(1));
    let after = demo.resident();
    println!(
        "resident a customer's idle socket ({IDLE})        {:>8.1} KiB",
        (after.saturating_sub(before)) as f64 / IDLE as f64
    );
    drop(sockets);
    demo.kill();
    let (port, data) = (demo.port, demo.dir.clone());
    let again = Demo::start(&data, port);
    println!("start after SIGKILL                             {:>8.0} ms", again.ready.as_secs_f64() * 1e3);
    let size = File::open(env!("CARGO_BIN_EXE_deskbell"))
        .and_then(|file| file.metadata())
        .map_or(0, |meta| meta.len());
    println!("binary                                          {:>8.1} MiB", size as f64 / f64::from(1 << 20));
}
