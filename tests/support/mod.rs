//! A real box and real clients: the product's own process, TLS with its CA trusted, blocking sockets.
#![allow(dead_code, reason = "each test uses its part")]

pub(crate) mod drill;
pub(crate) mod history;
pub(crate) mod provider;
pub(crate) mod site;
pub(crate) mod smtp;

use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::{Value, json};
use tungstenite::client::IntoClientRequest;
use tungstenite::{Message, WebSocket};

/// Longest wait for something that must come, in real time: generous, for loaded machines.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The binary under test. `DESKBELL_RUN` names another, with what runs it: `qemu-aarch64-static FILE`.
fn binary() -> Command {
    let Ok(run) = std::env::var("DESKBELL_RUN") else { return Command::new(env!("CARGO_BIN_EXE_deskbell")) };
    let mut words = run.split(' ');
    let mut command = Command::new(words.next().expect("a program"));
    command.args(words);
    command
}

/// A running `deskbell demo`.
pub(crate) struct Desk {
    child: Option<Child>,
    pub(crate) dir: PathBuf,
    owned: Option<tempfile::TempDir>,
    pub(crate) url: String,
    pub(crate) port: u16,
    options: Vec<String>,
    tls: Arc<ClientConfig>,
    log: Arc<std::sync::Mutex<String>>,
}

impl Desk {
    /// A demo on a fresh folder and a free port, with more arguments.
    pub(crate) fn start(options: &[&str]) -> Desk {
        let owned = tempfile::tempdir().expect("a folder");
        let mut desk = Desk::start_in(owned.path().to_path_buf(), options);
        desk.owned = Some(owned);
        desk
    }

    /// A demo on a folder of the test's own.
    pub(crate) fn start_in(dir: PathBuf, options: &[&str]) -> Desk {
        let mut desk = Desk {
            child: None,
            dir,
            owned: None,
            url: String::new(),
            port: 0,
            options: options.iter().map(ToString::to_string).collect(),
            tls: Arc::new(client_config(RootCertStore::empty())),
            log: Arc::default(),
        };
        desk.launch();
        desk
    }

    /// The example's desk with other lines: each pair is replaced once.
    pub(crate) fn start_with_desk(changes: &[(&str, &str)], options: &[&str]) -> Desk {
        let mut text = include_str!("../data/desk.example.toml").to_string();
        for (from, to) in changes {
            assert!(text.contains(from), "the example holds {from:?}");
            text = text.replacen(from, to, 1);
        }
        Desk::start_with_text(&text, options)
    }

    /// A desk of this text.
    pub(crate) fn start_with_text(text: &str, options: &[&str]) -> Desk {
        let owned = tempfile::tempdir().expect("a folder");
        let path = owned.path().join("desk.toml");
        std::fs::write(&path, text).expect("written");
        let path = path.display().to_string();
        let mut all = vec!["--desk", &path];
        all.extend_from_slice(options);
        let mut desk = Desk::start_in(owned.path().join("data"), &all);
        desk.owned = Some(owned);
        desk
    }

    /// Clients for a box that runs in this process.
    pub(crate) fn attach(dir: &Path, port: u16) -> Desk {
        let mut desk = Desk {
            child: None,
            dir: dir.to_path_buf(),
            owned: None,
            url: format!("https://localhost:{port}"),
            port,
            options: Vec::new(),
            tls: Arc::new(client_config(RootCertStore::empty())),
            log: Arc::default(),
        };
        desk.tls = Arc::new(client_config(desk.roots()));
        desk
    }

    fn launch(&mut self) {
        let listen = format!("127.0.0.1:{}", self.port);
        let mut child = binary()
            .arg("demo")
            .args(["--listen", &listen, "--data"])
            .arg(&self.dir)
            .args(&self.options)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let stderr = child.stderr.take().expect("piped");
        let log = Arc::clone(&self.log);
        let into = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let mut log = into.lock().expect("not poisoned");
                log.push_str(&line);
                log.push('\n');
            }
        });
        let (sender, ready) = sync_channel(1);
        let stdout = child.stdout.take().expect("piped");
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if let Some(url) = line.strip_prefix("ready ") {
                    let _ = sender.send(url.to_string());
                }
            }
        });
        match ready.recv_timeout(PATIENCE * 2) {
            Ok(url) => self.url = url.trim_end_matches('/').to_string(),
            Err(_) => {
                let _ = child.kill();
                let _ = child.wait();
                panic!("no ready line; the log says:\n{}", log.lock().expect("not poisoned"));
            }
        }
        self.port =
            self.url.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port in the url");
        self.child = Some(child);
        self.tls = Arc::new(client_config(self.roots()));
    }

    /// The box's own CA, read where the box keeps it from the first start on.
    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        let pem = self.get_insecurely("/ca.crt");
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            roots.add(certificate.expect("PEM")).expect("a CA certificate");
        }
        roots
    }

    /// `/ca.crt` is how trust begins, so it alone is fetched without: read from the data folder instead.
    fn get_insecurely(&self, _path: &str) -> String {
        let tls = self.dir.join("tls");
        for entry in std::fs::read_dir(&tls).expect("the box keeps its certificates").flatten() {
            let path = entry.path();
            let name = path.file_name().map(|name| name.to_string_lossy().to_string()).unwrap_or_default();
            if name.starts_with("ca")
                && (name.ends_with(".crt") || name.ends_with(".pem"))
                && !name.contains("key")
            {
                return std::fs::read_to_string(&path).expect("readable");
            }
        }
        panic!("no CA certificate under {}", tls.display());
    }

    /// SIGKILL, at once.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// SIGTERM; the exit code.
    pub(crate) fn stop(&mut self) -> Option<i32> {
        let pid = rustix::process::Pid::from_child(self.child.as_ref()?);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it is ours");
        self.wait()
    }

    /// Waits until it ends by itself; the exit code.
    pub(crate) fn wait(&mut self) -> Option<i32> {
        let mut child = self.child.take()?;
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = child.try_wait().expect("ours to wait for") {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = child.kill();
        let _ = child.wait();
        panic!("did not end");
    }

    /// Another value of an option for the next start.
    pub(crate) fn set_option(&mut self, name: &str, value: &str) {
        match self.options.iter().position(|option| option == name) {
            Some(at) => self.options[at + 1] = value.to_string(),
            None => self.options.extend([name.to_string(), value.to_string()]),
        }
    }

    /// Leaves an option out of the next start.
    pub(crate) fn drop_option(&mut self, name: &str) {
        if let Some(at) = self.options.iter().position(|option| option == name) {
            self.options.drain(at..at + 2);
        }
    }

    /// Starts again on the same folder and port.
    pub(crate) fn start_again(&mut self) {
        self.kill();
        self.launch();
    }

    /// What the box has written to its standard error so far, over all its starts.
    pub(crate) fn log(&self) -> String {
        self.log.lock().expect("not poisoned").clone()
    }

    /// Does the box log this, at once or in a moment?
    pub(crate) fn logs(&self, text: &str) -> bool {
        let deadline = Instant::now() + PATIENCE;
        while !self.log().contains(text) {
            if Instant::now() > deadline {
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        true
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().expect("running").id()
    }

    pub(crate) fn stream(&self) -> StreamOwned<ClientConnection, TcpStream> {
        let tcp = TcpStream::connect(("127.0.0.1", self.port)).expect("the box listens");
        tcp.set_read_timeout(Some(Duration::from_secs(60))).expect("a time-out");
        tcp.set_nodelay(true).expect("no delay");
        let name = ServerName::try_from("localhost").expect("a name");
        let tls = ClientConnection::new(Arc::clone(&self.tls), name).expect("TLS");
        StreamOwned::new(tls, tcp)
    }

    /// Like [`Desk::stream`] where a refusal is expected.
    pub(crate) fn try_stream(&self) -> Option<StreamOwned<ClientConnection, TcpStream>> {
        let tcp = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        tcp.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        let name = ServerName::try_from("localhost").ok()?;
        Some(StreamOwned::new(ClientConnection::new(Arc::clone(&self.tls), name).ok()?, tcp))
    }

    /// One HTTP exchange: status, headers in lower case, body.
    pub(crate) fn http(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        use std::io::Write;
        let mut stream = self.stream();
        let mut head =
            format!("{method} {path} HTTP/1.1\r\nHost: localhost:{}\r\nConnection: close\r\n", self.port);
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
        stream.write_all(head.as_bytes()).expect("sent");
        stream.write_all(body.as_bytes()).expect("sent");
        stream.flush().expect("sent");
        let mut answer = Vec::new();
        // A server may end TLS without a close notice after Connection: close.
        let _ = stream.read_to_end(&mut answer);
        let text = String::from_utf8_lossy(&answer).to_string();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let mut lines = head.lines();
        let status = lines
            .next()
            .and_then(|line| line.split(' ').nth(1))
            .and_then(|code| code.parse().ok())
            .unwrap_or_else(|| {
                panic!("no HTTP answer to {method} {path}: {text:?}; the log says:\n{}", self.log())
            });
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_lowercase(), value.trim().to_string()))
            .collect::<Vec<_>>();
        let chunked = headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
        let body = if chunked { unchunk(body) } else { body.to_string() };
        Reply { status, headers, body }
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.http("GET", path, &[], "")
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Reply {
        self.http("POST", path, &[("content-type", "application/json")], &body.to_string())
    }

    pub(crate) fn login(&self, username: &str) -> String {
        let body = json!({"username": username, "password": format!("{username}-demo-pass")});
        let reply = self.post("/api/v1/login", &body);
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.json()["token"].as_str().expect("a token").to_string()
    }

    /// A WebSocket with more headers; the HTTP status when it is refused before the upgrade.
    pub(crate) fn socket(&self, path: &str, headers: &[(&str, &str)]) -> Result<Socket, u16> {
        let mut request =
            format!("wss://localhost:{}{path}", self.port).into_client_request().expect("a request");
        request.headers_mut().insert("sec-websocket-protocol", "deskbell.v1".parse().expect("a header"));
        for (name, value) in headers {
            let name: tungstenite::http::HeaderName = name.parse().expect("a name");
            request.headers_mut().insert(name, value.parse().expect("a value"));
        }
        match tungstenite::client(request, self.stream()) {
            Ok((socket, _)) => Ok(Socket::new(socket)),
            Err(tungstenite::HandshakeError::Failure(tungstenite::Error::Http(answer))) => {
                Err(answer.status().as_u16())
            }
            Err(other) => panic!("no upgrade: {other}"),
        }
    }

    /// A customer's socket after `hello`.
    pub(crate) fn customer(&self, widget: &str, hello: Value) -> Customer {
        let mut socket = self.socket(&format!("/ws/customer?widget={widget}"), &[]).expect("upgraded");
        let mut frame = hello;
        frame["t"] = "hello".into();
        frame["id"] = 0.into();
        socket.send(&frame);
        let welcome = socket.wait("welcome", |frame| frame["t"] == "welcome" || frame["t"] == "error");
        assert_eq!(welcome["t"], "welcome", "{welcome}");
        Customer { socket, welcome }
    }

    /// An agent's socket, signed in.
    pub(crate) fn agent(&self, username: &str) -> Agent {
        let token = self.login(username);
        self.agent_with(&token)
    }

    pub(crate) fn agent_with(&self, token: &str) -> Agent {
        let bearer = format!("Bearer {token}");
        let mut socket = self.socket("/ws/agent", &[("authorization", &bearer)]).expect("upgraded");
        let welcome = socket.wait("welcome", |frame| frame["t"] == "welcome");
        Agent { socket, welcome, token: token.to_string() }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.kill();
    }
}

fn unchunk(body: &str) -> String {
    let (mut rest, mut whole) = (body, String::new());
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
        if size == 0 || after.len() < size {
            break;
        }
        whole.push_str(&after[..size]);
        rest = after[size..].trim_start_matches("\r\n");
    }
    whole
}

fn client_config(roots: RootCertStore) -> ClientConfig {
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// An HTTP answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("JSON: {:?}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// A WebSocket whose reader runs on its own, so that waiting has a limit.
pub(crate) struct Socket {
    writer: Arc<std::sync::Mutex<WebSocket<StreamOwned<ClientConnection, TcpStream>>>>,
    frames: Receiver<Value>,
    /// Frames read and not yet asked for, in order.
    pub(crate) seen: Vec<Value>,
    /// Every frame read so far, asked for or not.
    pub(crate) all: Vec<Value>,
    next_id: i64,
}

impl Socket {
    fn new(socket: WebSocket<StreamOwned<ClientConnection, TcpStream>>) -> Socket {
        // One thread reads with a short time-out and lets go of the socket between tries, so that sends pass.
        socket.get_ref().sock.set_read_timeout(Some(Duration::from_millis(1))).expect("a time-out");
        let writer = Arc::new(std::sync::Mutex::new(socket));
        let reader = Arc::downgrade(&writer);
        let (sender, frames) = sync_channel(100_000);
        std::thread::spawn(move || {
            while let Some(socket) = reader.upgrade() {
                let read = socket.lock().expect("not poisoned").read();
                drop(socket);
                let frame = match read {
                    Ok(Message::Text(text)) => serde_json::from_str(&text).unwrap_or(Value::Null),
                    Ok(Message::Close(frame)) => {
                        json!({"closed": frame.map_or(1005, |frame| u16::from(frame.code))})
                    }
                    Ok(_) => continue,
                    Err(tungstenite::Error::Io(error))
                        if matches!(
                            error.kind(),
                            std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                        ) =>
                    {
                        std::thread::sleep(Duration::from_micros(200));
                        continue;
                    }
                    Err(_) => {
                        let _ = sender.send(json!({"closed": 1006}));
                        return;
                    }
                };
                if sender.send(frame).is_err() {
                    return;
                }
            }
        });
        Socket { writer, frames, seen: Vec::new(), all: Vec::new(), next_id: 1 }
    }

    pub(crate) fn send(&mut self, frame: &Value) {
        self.send_text(&frame.to_string());
    }

    pub(crate) fn send_text(&mut self, text: &str) {
        let _ = self.writer.lock().expect("not poisoned").send(Message::text(text.to_string()));
    }

    pub(crate) fn send_raw(&mut self, message: Message) {
        let _ = self.writer.lock().expect("not poisoned").send(message);
    }

    /// The first frame that fits; others are kept for later.
    pub(crate) fn wait(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        self.find(PATIENCE, &fits).unwrap_or_else(|| panic!("no {what}; seen {:#?}", self.seen))
    }

    pub(crate) fn find(&mut self, patience: Duration, fits: &impl Fn(&Value) -> bool) -> Option<Value> {
        if let Some(at) = self.seen.iter().position(fits) {
            return Some(self.seen.remove(at));
        }
        let deadline = Instant::now() + patience;
        loop {
            let read = self.frames.recv_timeout(deadline.saturating_duration_since(Instant::now()));
            self.all.extend(read.iter().cloned());
            match read {
                Ok(frame) if fits(&frame) => return Some(frame),
                Ok(frame) => self.seen.push(frame),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    /// Asserts that nothing fitting comes for a while.
    pub(crate) fn never(&mut self, what: &str, patience: Duration, fits: impl Fn(&Value) -> bool) {
        if let Some(frame) = self.find(patience, &fits) {
            panic!("{what} came: {frame}");
        }
    }

    pub(crate) fn of(&mut self, t: &str) -> Value {
        self.wait(t, |frame| frame["t"] == t)
    }

    /// A request and its one answer, `ok` or `error`.
    pub(crate) fn ask(&mut self, t: &str, fields: Value) -> Value {
        let id = self.next_id;
        self.next_id += 1;
        let mut frame = fields;
        frame["t"] = t.into();
        frame["id"] = id.into();
        self.send(&frame);
        self.wait(&format!("answer to {t}"), |frame| {
            frame["re"] == id && (frame["t"] == "ok" || frame["t"] == "error")
        })
    }

    /// A request that is granted.
    pub(crate) fn ok(&mut self, t: &str, fields: Value) -> Value {
        let answer = self.ask(t, fields.clone());
        assert_eq!(answer["t"], "ok", "{t} {fields}: {answer}");
        answer
    }

    /// A request that is refused; the code.
    pub(crate) fn refused(&mut self, t: &str, fields: Value) -> String {
        let answer = self.ask(t, fields.clone());
        assert_eq!(answer["t"], "error", "{t} {fields}: {answer}");
        answer["code"].as_str().expect("a code").to_string()
    }
}

/// A customer's side.
pub(crate) struct Customer {
    pub(crate) socket: Socket,
    pub(crate) welcome: Value,
}

impl Customer {
    pub(crate) fn resume(&self) -> String {
        self.welcome["resume"].as_str().expect("a resume secret").to_string()
    }

    pub(crate) fn start(&mut self, fields: Value) -> String {
        let answer = self.socket.ok("start", fields);
        answer["conversation"].as_str().expect("a conversation").to_string()
    }

    pub(crate) fn say(&mut self, client_id: &str, text: &str) -> Value {
        self.socket.ok("message", json!({"client_id": client_id, "text": text}))
    }
}

/// An agent's side.
pub(crate) struct Agent {
    pub(crate) socket: Socket,
    pub(crate) welcome: Value,
    pub(crate) token: String,
}

impl Agent {
    /// Every message of a conversation as the box has it, read page by page, oldest first.
    pub(crate) fn everything(&mut self, conversation: &str) -> Vec<Value> {
        let (mut all, mut before): (Vec<Value>, Option<u64>) = (Vec::new(), None);
        loop {
            let mut fields = json!({"conversation": conversation, "limit": 50});
            if let Some(before) = before {
                fields["before"] = before.into();
            }
            let page = self.socket.ok("history", fields);
            let mut messages = page["messages"].as_array().expect("a list").clone();
            messages.sort_by_key(|message| message["seq"].as_u64());
            before = messages.first().and_then(|message| message["seq"].as_u64());
            messages.extend(all);
            all = messages;
            if page["more"] != true || before.is_none() {
                return all;
            }
        }
    }

    /// Waits for an offer of a conversation and accepts it.
    pub(crate) fn take(&mut self, conversation: &str) -> Value {
        let offer = self.socket.wait("notification", |frame| {
            frame["t"] == "notification" && frame["conversation"] == conversation
        });
        self.take_known(&offer)
    }

    /// Accepts an offer already seen; the session it opens.
    pub(crate) fn take_known(&mut self, offer: &Value) -> Value {
        self.socket.ok("shown", json!({"notification": offer["id"]}));
        self.socket.ok("accept", json!({"notification": offer["id"]}));
        let conversation = &offer["conversation"];
        self.socket.wait("session", |frame| {
            frame["t"] == "session" && frame["conversation"] == *conversation && frame["state"] == "active"
        })
    }

    pub(crate) fn say(&mut self, conversation: &str, client_id: &str, text: &str) -> Value {
        self.socket.ok("message", json!({"conversation": conversation, "client_id": client_id, "text": text}))
    }
}

/// A path of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
