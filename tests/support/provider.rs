//! A stand-in for providers: a small HTTP server that behaves as their documentation says, credentials and signatures
//! included, and that can be told to misbehave.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use ring::hmac;
use serde_json::{Value, json};

use super::{Desk, PATIENCE, Reply};

pub(crate) const ACCOUNT: &str = "AC0123456789";
pub(crate) const TOKEN: &str = "the-auth-token";
pub(crate) const FROM: &str = "+3197010123456";
pub(crate) const PAGE: &str = "424242";
pub(crate) const PAGE_TOKEN: &str = "the-page-token";
pub(crate) const APP_SECRET: &str = "the-app-secret";
/// Where it takes signed events, and the secret they are signed with.
pub(crate) const CRM: &str = "/crm";
pub(crate) const CRM_SECRET: &str = "the-crm-secret";

/// How the next call is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    /// Not taken; this status, and how long to wait.
    Status(u16, Option<u32>),
    /// Taken, and then a fault.
    TakenThen(u16),
    /// Taken, and the line breaks.
    TakenAndGone,
    /// Not taken, and the line breaks.
    Gone,
    /// Not taken, and something that is no answer.
    Nonsense,
    /// Taken; the answer comes after this many milliseconds.
    Slow(u64),
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Called {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Called {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A field of its form.
    pub(crate) fn field(&self, name: &str) -> String {
        deskbell::gateway::form_pairs(&self.body, 100)
            .and_then(|pairs| pairs.into_iter().find(|(key, _)| key == name))
            .map(|(_, value)| value)
            .unwrap_or_default()
    }
}

/// A message it has taken.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub(crate) id: String,
    pub(crate) to: String,
    pub(crate) text: String,
    pub(crate) receipts: String,
    made: jiff::Timestamp,
}

#[derive(Default)]
struct State {
    moods: VecDeque<Mood>,
    down: bool,
    called: Vec<Called>,
    taken: Vec<Taken>,
    /// What it has sent before anybody here came.
    earlier: Vec<Taken>,
    lists: usize,
}

/// A provider that runs.
pub(crate) struct Provider {
    state: Arc<Mutex<State>>,
    pub(crate) url: String,
}

impl Provider {
    pub(crate) fn start() -> Provider {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://127.0.0.1:{}", listener.local_addr().expect("bound").port());
        let state: Arc<Mutex<State>> = Arc::default();
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                std::thread::spawn(move || serve(stream, &state));
            }
        });
        Provider { state, url }
    }

    /// The next calls that send something are answered like this; then all is well again.
    pub(crate) fn mood(&self, moods: &[Mood]) {
        self.state.lock().expect("not poisoned").moods.extend(moods);
    }

    /// All is well again, whatever was still to come.
    pub(crate) fn calm(&self) {
        self.state.lock().expect("not poisoned").moods.clear();
    }

    /// Every call, lists too, breaks off.
    pub(crate) fn set_down(&self, down: bool) {
        self.state.lock().expect("not poisoned").down = down;
    }

    /// What it has taken, in order.
    pub(crate) fn taken(&self) -> Vec<Taken> {
        self.state.lock().expect("not poisoned").taken.clone()
    }

    /// Every call so far.
    pub(crate) fn called(&self) -> Vec<Called> {
        self.state.lock().expect("not poisoned").called.clone()
    }

    /// It has sent so many messages to this number in the last hours, each of its full length.
    pub(crate) fn has_sent(&self, count: u32, to: &str) {
        let earlier = |n: u32| Taken {
            id: format!("SMearlier{n:06}"),
            to: to.to_owned(),
            text: format!("message {n:06} {}", "x".repeat(300)),
            receipts: String::new(),
            made: jiff::Timestamp::now() - jiff::SignedDuration::from_mins((count - n).into()),
        };
        self.state.lock().expect("not poisoned").earlier = (0..count).map(earlier).collect();
    }

    /// How often its list was asked for.
    pub(crate) fn lists(&self) -> usize {
        self.state.lock().expect("not poisoned").lists
    }

    /// Waits until it has taken so many.
    pub(crate) fn wait_taken(&self, count: usize) -> Vec<Taken> {
        self.wait("messages taken", |state| state.taken.len() >= count);
        self.taken()
    }

    /// Waits until it was called so often.
    pub(crate) fn wait_called(&self, count: usize) -> Vec<Called> {
        self.wait("calls", |state| state.called.len() >= count);
        self.called()
    }

    fn wait(&self, what: &str, fits: impl Fn(&State) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !fits(&self.state.lock().expect("not poisoned")) {
            assert!(Instant::now() < deadline, "no {what}: {:?}", self.called());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The workstream of a desk that sends through it.
    pub(crate) fn sms_workstream(&self, more: &str) -> String {
        format!(
            "[[workstream]]\nid = \"sms\"\nname = \"Text messages\"\nchannel = \"sms\"\nqueue = \"front\"\n\
             {more}\n[workstream.sms]\nprovider = \"twilio\"\naccount = \"{ACCOUNT}\"\n\
             secret = \"{TOKEN}\"\nfrom = \"{FROM}\"\nurl = \"{}\"\n",
            self.url
        )
    }

    pub(crate) fn messenger_workstream(&self) -> String {
        format!(
            "[[workstream]]\nid = \"fb\"\nchannel = \"messenger\"\nqueue = \"front\"\n[workstream.messenger]\n\
             page = \"{PAGE}\"\npage_token = \"{PAGE_TOKEN}\"\napp_secret = \"{APP_SECRET}\"\nverify_token = \"verify-me\"\n\
             url = \"{}\"\n",
            self.url
        )
    }
}

fn serve(stream: TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(stream.try_clone().expect("cloned"));
    let mut line = String::new();
    if reader.read_line(&mut line).is_err() || line.is_empty() {
        return;
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).is_err() || line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.push((name.to_lowercase(), value.trim().to_owned()));
        }
    }
    let length =
        headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, n)| n.parse().unwrap_or(0));
    let mut body = vec![0; length];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    let call = Called { method, target, headers, body: String::from_utf8_lossy(&body).into_owned() };
    let (answer, wait) = {
        let mut state = state.lock().expect("not poisoned");
        state.called.push(call.clone());
        if state.down {
            return;
        }
        answer(&mut state, &call)
    };
    std::thread::sleep(wait);
    let Some((status, headers, body)) = answer else { return };
    let mut stream = stream;
    let head = format!(
        "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n",
        body.len()
    );
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
}

type Answer = (Option<(u16, String, String)>, Duration);

fn answer(state: &mut State, call: &Called) -> Answer {
    let plain = |status: u16, body: Value| (Some((status, String::new(), body.to_string())), Duration::ZERO);
    let twilio = call.target.starts_with(&format!("/2010-04-01/Accounts/{ACCOUNT}/Messages.json"));
    let graph = call.target.starts_with(&format!("/{PAGE}/"));
    let basic = format!("Basic {}", BASE64.encode(format!("{ACCOUNT}:{TOKEN}").as_bytes()));
    let bearer = format!("Bearer {PAGE_TOKEN}");
    let known = if twilio { call.header("authorization") == Some(&basic) } else { true };
    let known = if graph { call.header("authorization") == Some(&bearer) } else { known };
    if !known {
        return plain(401, json!({ "code": 20003, "message": "Authenticate" }));
    }
    if call.method == "GET" && twilio {
        state.lists += 1;
        let query = call.target.split_once('?').map(|(_, query)| query).unwrap_or_default();
        let query = deskbell::gateway::form_pairs(query, 10).unwrap_or_default();
        let asked = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let most = asked("PageSize").and_then(|most| most.parse().ok()).unwrap_or(50);
        // The newest first.
        let all = state.earlier.iter().chain(&state.taken).rev();
        let list: Vec<Value> =
            all.filter(|taken| asked("To").is_none_or(|to| to == taken.to)).take(most).map(listed).collect();
        return plain(200, json!({ "messages": list }));
    }
    if call.method == "GET" && graph {
        state.lists += 1;
        let list: Vec<Value> = state
            .taken
            .iter()
            .rev()
            .map(|taken| {
                let made = taken.made.strftime("%Y-%m-%dT%H:%M:%S+0000").to_string();
                json!({ "id": taken.id, "message": taken.text, "from": { "id": PAGE }, "created_time": made })
            })
            .collect();
        return plain(200, json!({ "data": [{ "messages": { "data": list } }] }));
    }
    if call.target == CRM && !is_signed(call) {
        return plain(401, json!({}));
    }
    let mood = state.moods.pop_front();
    let refused = match mood {
        Some(Mood::Status(status, wait_s)) => {
            let headers = wait_s.map(|wait| format!("Retry-After: {wait}\r\n")).unwrap_or_default();
            let why = format!("The 'To' number {} is not a valid phone number.", call.field("To"));
            let body = if status == 400 { json!({ "code": 21211, "message": why }) } else { json!({}) };
            Some((Some((status, headers, body.to_string())), Duration::ZERO))
        }
        Some(Mood::Gone) => Some((None, Duration::ZERO)),
        Some(Mood::Nonsense) => {
            Some((Some((200, String::new(), "<html>hello</html>".to_owned())), Duration::ZERO))
        }
        _ => None,
    };
    if let Some(refused) = refused {
        return refused;
    }
    let taken = take(state, call, graph);
    let body = if graph {
        json!({ "recipient_id": taken.to, "message_id": taken.id })
    } else {
        json!({ "sid": taken.id, "status": "queued" })
    };
    match mood {
        Some(Mood::TakenThen(status)) => plain(status, json!({})),
        Some(Mood::TakenAndGone) => (None, Duration::ZERO),
        Some(Mood::Slow(ms)) => (Some((201, String::new(), body.to_string())), Duration::from_millis(ms)),
        _ => plain(if graph { 200 } else { 201 }, body),
    }
}

fn take(state: &mut State, call: &Called, graph: bool) -> Taken {
    if call.target == CRM {
        let id = call.header("webhook-id").unwrap_or_default().to_owned();
        let (to, text, receipts) = (CRM.to_owned(), call.body.clone(), String::new());
        let taken = Taken { id, to, text, receipts, made: jiff::Timestamp::now() };
        state.taken.push(taken.clone());
        return taken;
    }
    let id = format!("{}{:06}", if graph { "mid." } else { "SM" }, state.taken.len() + 1);
    let taken = if graph {
        let body: Value = serde_json::from_str(&call.body).expect("JSON");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (to, text) = (text(&body["recipient"]["id"]), text(&body["message"]["text"]));
        Taken { id, to, text, receipts: String::new(), made: jiff::Timestamp::now() }
    } else {
        let (to, text) = (call.field("To"), call.field("Body"));
        let receipts = call.field("StatusCallback");
        Taken { id, to, text, receipts, made: jiff::Timestamp::now() }
    };
    state.taken.push(taken.clone());
    taken
}

/// The check of Standard Webhooks, made from its text and not from the box's code.
fn is_signed(call: &Called) -> bool {
    let header = |name: &str| call.header(name).unwrap_or_default();
    let at: i64 = header("webhook-timestamp").parse().unwrap_or(0);
    let now = jiff::Timestamp::now().as_second();
    let key = hmac::Key::new(hmac::HMAC_SHA256, CRM_SECRET.as_bytes());
    let signed = format!("{}.{at}.{}", header("webhook-id"), call.body);
    let own = format!("v1,{}", BASE64.encode(hmac::sign(&key, signed.as_bytes()).as_ref()));
    (now - at).abs() < 300 && header("webhook-signature") == own
}

fn listed(taken: &Taken) -> Value {
    let made = taken.made.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string();
    let uri = format!("/2010-04-01/Accounts/{ACCOUNT}/Messages/{}", taken.id);
    // As long as the real one is.
    json!({ "sid": taken.id, "to": taken.to, "body": taken.text, "status": "sent", "date_created": made,
        "account_sid": ACCOUNT, "api_version": "2010-04-01", "date_sent": made, "date_updated": made,
        "direction": "outbound-api", "error_code": null, "error_message": null, "from": FROM,
        "messaging_service_sid": null, "num_media": "0", "num_segments": "1", "price": "-0.07500",
        "price_unit": "USD", "uri": format!("{uri}.json"),
        "subresource_uris": { "media": format!("{uri}/Media.json"), "feedback": format!("{uri}/Feedback.json") } })
}

/// The signature of a call to an address, as Twilio's documentation says.
pub(crate) fn signature(token: &str, url: &str, pairs: &[(String, String)]) -> String {
    let mut sorted = pairs.to_vec();
    sorted.sort();
    let signed: String = std::iter::once(url.to_owned())
        .chain(sorted.into_iter().map(|(name, value)| name + &value))
        .collect();
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes());
    BASE64.encode(hmac::sign(&key, signed.as_bytes()).as_ref())
}

/// A form of pairs.
pub(crate) fn form(pairs: &[(String, String)]) -> String {
    let escaped = |text: &str| {
        text.bytes()
            .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
            .collect::<String>()
    };
    pairs
        .iter()
        .map(|(name, value)| format!("{}={}", escaped(name), escaped(value)))
        .collect::<Vec<_>>()
        .join("&")
}

pub(crate) fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// A call of Twilio's to a path of the box.
pub(crate) fn twilio_calls(desk: &Desk, path: &str, pairs: &[(String, String)]) -> Reply {
    let signature = signature(TOKEN, &format!("{}{path}", desk.url), pairs);
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("x-twilio-signature", signature.as_str()),
        ("i-twilio-idempotency-token", "whatever"),
    ];
    desk.http("POST", path, &headers, &form(pairs))
}

/// A text message from somebody.
pub(crate) fn text_in(desk: &Desk, sid: &str, from: &str, body: &str) -> Reply {
    let pairs = [
        ("MessageSid", sid),
        ("SmsSid", sid),
        ("AccountSid", ACCOUNT),
        ("From", from),
        ("To", FROM),
        ("Body", body),
        ("NumMedia", "0"),
        ("SmsStatus", "received"),
        ("FieldOfTomorrow", "& = ? ü"),
    ];
    twilio_calls(desk, "/hooks/sms/sms", &owned(&pairs))
}

/// A receipt for a message taken.
pub(crate) fn receipt(desk: &Desk, taken: &Taken, status: &str) -> Reply {
    let path = taken.receipts.strip_prefix(&desk.url).expect("the box's own address");
    let pairs = [("MessageSid", taken.id.as_str()), ("MessageStatus", status), ("AccountSid", ACCOUNT)];
    twilio_calls(desk, path, &owned(&pairs))
}

/// Events of the page, signed with the app's secret.
pub(crate) fn page_event(desk: &Desk, body: &Value) -> Reply {
    let body = body.to_string();
    let key = hmac::Key::new(hmac::HMAC_SHA256, APP_SECRET.as_bytes());
    let signature =
        format!("sha256={}", data_encoding::HEXLOWER.encode(hmac::sign(&key, body.as_bytes()).as_ref()));
    let headers = [("content-type", "application/json"), ("x-hub-signature-256", signature.as_str())];
    desk.http("POST", "/hooks/messenger/fb", &headers, &body)
}
