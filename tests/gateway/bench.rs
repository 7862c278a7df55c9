//! A box with nothing behind its door but what the gateway's tests need, and a blocking client for it.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use deskbell::gateway::*;
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion};
use tungstenite::client::IntoClientRequest;
use tungstenite::{Message, WebSocket};

pub(crate) type Tls = StreamOwned<ClientConnection, TcpStream>;

pub(crate) const TOKEN: &str = "a-token-of-an-agent-for-tests";
pub(crate) const WAIT: Duration = Duration::from_secs(10);

pub(crate) struct Bench {
    pub(crate) gateway: Gateway,
    pub(crate) surface: Arc<Surface>,
    pub(crate) certificates: Arc<Certificates>,
    pub(crate) authority: Authority,
    _folder: tempfile::TempDir,
}

/// Notes what it is told, answers each frame with `got …`.
#[derive(Default)]
pub(crate) struct Surface {
    pub(crate) seen: Mutex<Vec<String>>,
    pub(crate) outboxes: Mutex<Vec<Arc<Outbox>>>,
}

impl Surface {
    fn note(&self, what: String) {
        self.seen.lock().unwrap().push(what);
    }

    /// Waits until something was seen, and says how often.
    pub(crate) fn count(&self, what: &str) -> usize {
        let count = || self.seen.lock().unwrap().iter().filter(|seen| seen.contains(what)).count();
        wait_until(|| count() > 0);
        count()
    }

    pub(crate) fn outbox(&self, index: usize) -> Arc<Outbox> {
        self.outboxes.lock().unwrap()[index].clone()
    }
}

/// Waits for something that is about to happen; gives up silently, for the assertion that follows to fail.
pub(crate) fn wait_until(happened: impl Fn() -> bool) {
    let begin = Instant::now();
    while !happened() && begin.elapsed() < WAIT {
        thread::sleep(Duration::from_millis(5));
    }
}

impl Sockets for Surface {
    fn open(&self, opening: Opening) -> Result<ConnId, Refused> {
        let who = match &opening.kind {
            SocketKind::Agent { caller } => caller.agent.to_string(),
            SocketKind::Customer { widget } if widget == "gone" => {
                return Err(Refused::new(404, "not_found", "No such widget."));
            }
            SocketKind::Customer { widget } => widget.clone(),
        };
        if who == "held" {
            opening.outbox.hold();
            opening.outbox.push(Frame::from("caused since")).unwrap();
        }
        let mut outboxes = self.outboxes.lock().unwrap();
        outboxes.push(opening.outbox);
        self.note(format!("open {who} from {}", opening.peer));
        Ok(ConnId(outboxes.len() as u64 - 1))
    }

    fn frame<'f>(&'f self, conn: ConnId, text: &'f str) -> Pin<Box<dyn Future<Output = ()> + Send + 'f>> {
        let outbox = self.outbox(conn.0 as usize);
        Box::pin(async move {
            if text == "wait" {
                smol::Timer::after(Duration::from_millis(300)).await;
            }
            self.note(format!("frame {text}"));
            let _ = outbox.push(Frame::from(format!("got {text}")));
        })
    }

    fn fault(&self, conn: ConnId, fault: Fault) {
        self.note(format!("fault {} {fault:?}", conn.0));
    }

    fn closed(&self, conn: ConnId, why: Closed) {
        self.note(format!("closed {} {why:?}", conn.0));
    }
}

struct Tokens;

impl Identity for Tokens {
    fn caller(&self, token_hash: &TokenHash) -> Option<Caller> {
        let roles = Roles::NONE.with(Role::Agent);
        let caller = Caller { agent: "eva".into(), roles, token: *token_hash };
        (*token_hash == TokenHash::of(TOKEN)).then_some(caller)
    }
}

fn routes() -> Router {
    let say = |text: &'static str| handler(move |_| async move { Response::text(200, text) });
    let length = |request: Request| async move { Response::text(200, request.body.len().to_string()) };
    let peer = |request: Request| async move { Response::text(200, request.peer.to_string()) };
    let slow = |_: Request| async {
        smol::Timer::after(Duration::from_millis(300)).await;
        Response::text(200, "slow but whole")
    };
    let sign_ins = Arc::new(SignIns::new(true));
    let login = move |request: Request| {
        let sign_ins = sign_ins.clone();
        async move {
            match sign_ins.begin("eva", request.peer, 0) {
                Ok(_attempt) => Response::error(401, "unauthorized", "Wrong."),
                Err(wait) => Refused::new(429, "rate_limited", "Too many.").retry_after(wait).into(),
            }
        }
    };
    let anyone = Access::Anyone;
    let routes = vec![
        Route::new(Method::Get, "/", Face::Both, anyone, say("hello")),
        Route::new(Method::Get, "/peer", Face::Both, anyone, handler(peer)),
        Route::new(Method::Get, "/slow", Face::Both, anyone, handler(slow)),
        Route::new(Method::Get, "/agent/", Face::Staff, anyone, say("desk")),
        Route::new(Method::Post, "/echo", Face::Both, anyone, handler(length)).body_bytes_max(20_000),
        Route::new(Method::Post, "/login", Face::Staff, anyone, handler(login)),
        Route::new(Method::Get, "/mine", Face::Staff, Access::SignedIn, say("yours")),
        Route::new(Method::Post, "/mine", Face::Staff, Access::SignedIn, say("changed")),
        Route::new(Method::Get, "/admin/", Face::Staff, Access::Role(&[Role::Admin]), say("admin")),
        Route::new(Method::Get, "/widgets/{id}", Face::Public, anyone, say("{}")).cors(),
    ];
    Router::new(routes, |_, origin| origin == "https://shop.example")
}

pub(crate) fn start(face: Face, change: impl FnOnce(&mut Settings)) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
    let authority = Authority::open(folder.path(), &names, now_s).unwrap();
    let certificates = Certificates::new(authority.certificate().unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut settings = Settings {
        hosts: vec![format!("localhost:{}", listener.local_addr().unwrap().port())],
        loopback_unlimited: true,
        echo: true,
        ..Settings::default()
    };
    settings.ceilings.goodbye_ms_max = 200;
    change(&mut settings);
    let surface = Arc::new(Surface::default());
    let parts = Parts {
        redirect: None,
        settings,
        listening: vec![Listening { listener, face }],
        router: routes(),
        sockets: surface.clone(),
        identity: Arc::new(Tokens),
        certificates: certificates.clone(),
    };
    Bench { gateway: Gateway::start(parts).unwrap(), surface, certificates, authority, _folder: folder }
}

impl Bench {
    pub(crate) fn address(&self) -> SocketAddr {
        self.gateway.addresses()[0].1
    }

    pub(crate) fn host(&self) -> String {
        format!("localhost:{}", self.address().port())
    }

    pub(crate) fn own_origin(&self) -> String {
        format!("https://{}", self.host())
    }

    pub(crate) fn tcp(&self) -> TcpStream {
        let tcp = TcpStream::connect(self.address()).unwrap();
        tcp.set_read_timeout(Some(WAIT)).unwrap();
        tcp
    }

    /// A connection whose certificate is checked, by name and constraint, against this authority alone.
    pub(crate) fn tls_with(
        &self,
        versions: &[&'static SupportedProtocolVersion],
        ca_pem: &str,
    ) -> io::Result<Tls> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap();
        let config = config.with_root_certificates(roots).with_no_client_auth();
        let name = ServerName::try_from("localhost").unwrap();
        let mut tls = StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), self.tcp());
        while tls.conn.is_handshaking() {
            tls.conn.complete_io(&mut tls.sock)?;
        }
        Ok(tls)
    }

    pub(crate) fn tls(&self) -> Tls {
        self.tls_with(rustls::ALL_VERSIONS, self.authority.ca_pem()).unwrap()
    }

    /// Asks on a connection of its own; the whole answer.
    pub(crate) fn ask(&self, line: &str, headers: &[&str]) -> String {
        let mut request = format!("{line} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", self.host());
        for header in headers {
            request += &format!("{header}\r\n");
        }
        self.talk(format!("{request}\r\n").as_bytes())
    }

    /// Sends bytes as they are; everything that comes back until the box hangs up.
    pub(crate) fn talk(&self, bytes: &[u8]) -> String {
        let mut tls = self.tls();
        tls.write_all(bytes).unwrap();
        read_all(&mut tls)
    }

    /// Opens a socket; the status of the answer when it is refused.
    pub(crate) fn socket(&self, path: &str, headers: &[(&'static str, &str)]) -> Result<WebSocket<Tls>, u16> {
        let mut request = format!("wss://{}{path}", self.host()).into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        match tungstenite::client(request, self.tls()) {
            Ok((socket, _)) => Ok(socket),
            Err(tungstenite::HandshakeError::Failure(tungstenite::Error::Http(response))) => {
                Err(response.status().as_u16())
            }
            Err(error) => panic!("the handshake failed: {error}"),
        }
    }

    pub(crate) fn customer(&self) -> WebSocket<Tls> {
        self.socket("/ws/customer?widget=shop", &[]).unwrap()
    }

    pub(crate) fn counter(&self, name: &str) -> u64 {
        self.gateway.counters().all().into_iter().find(|(key, _)| *key == name).unwrap().1
    }
}

pub(crate) fn read_all(tls: &mut Tls) -> String {
    let mut answer = Vec::new();
    match tls.read_to_end(&mut answer) {
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
            panic!("no end: {error}, after {:?}", String::from_utf8_lossy(&answer))
        }
        _ => String::from_utf8(answer).unwrap(),
    }
}

pub(crate) fn status(answer: &str) -> u16 {
    answer.get(9..12).and_then(|code| code.parse().ok()).unwrap_or(0)
}

pub(crate) fn close_code(socket: &mut WebSocket<Tls>) -> u16 {
    loop {
        match socket.read() {
            Ok(Message::Close(Some(frame))) => return frame.code.into(),
            Ok(_) => {}
            Err(error) => panic!("the socket ended without a close frame: {error}"),
        }
    }
}

/// The next text frame; pings are left out.
pub(crate) fn text(socket: &mut WebSocket<Tls>) -> String {
    loop {
        if let Message::Text(text) = socket.read().unwrap() {
            return text.to_string();
        }
    }
}

/// A frame as a client masks it, with any first byte.
pub(crate) fn raw_frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        short @ 0..126 => frame.push(0x80 | short as u8),
        long => {
            frame.push(0x80 | 126);
            frame.extend((long as u16).to_be_bytes());
        }
    }
    frame.extend([0, 0, 0, 0]);
    frame.extend(payload);
    frame
}
