//! Calls by SIP, against a real peer: sipp of Debian's sip-tester (REQ S2-18). Without it these tests fail: what is not
//! proved is not green.

mod support;

use std::net::{SocketAddr, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::drill::closed_offer;
use support::{Agent, Desk};

const VOICE: &str = "[[workstream]]\nid = \"calls\"\nname = \"Telephone\"\nchannel = \"voice\"\nqueue = \"front\"\nunits = 100\n";

/// A box that speaks SIP on a port of its own.
struct SipDesk {
    desk: Desk,
    at: SocketAddr,
}

fn start(more: &str, options: &[&str]) -> SipDesk {
    let at = UdpSocket::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound");
    let example = include_str!("data/desk.example.toml");
    let name = "username = \"alice\"\n";
    let example = example.replacen(name, &format!("{name}extension = \"201\"\n"), 1);
    let listen = at.to_string();
    let mut all = vec!["--listen-sip", listen.as_str()];
    all.extend_from_slice(options);
    SipDesk { desk: Desk::start_with_text(&format!("{example}\n{VOICE}{more}"), &all), at }
}

const HEAD: &str = "From: \"Somebody\" <sip:+31612345678@[local_ip]:[local_port]>;tag=[pid]f[call_number]\n\
    To: <sip:calls@[remote_ip]:[remote_port]>[peer_tag_param]\nCall-ID: [call_id]\nMax-Forwards: 70\n";

/// A request of a scenario, whose `Via` is that of the INVITE.
fn send(method: &str) -> String {
    // An ACK has no answer; anything else may be lost on a loaded machine and is said again.
    let repeated = if method == "ACK" { "" } else { " retrans=\"500\"" };
    format!(
        "<send{repeated}><![CDATA[\n{method} sip:calls@[remote_ip]:[remote_port] SIP/2.0\n[last_Via:]\n{HEAD}CSeq: 1 {method}\n\
         Content-Length: 0\n\n]]></send>\n"
    )
}

fn receive(status: u16, more: &str) -> String {
    format!("<recv response=\"{status}\" {more}/>\n")
}

fn scenario(steps: &[String]) -> String {
    let invite = format!(
        "<send retrans=\"500\"><![CDATA[\nINVITE sip:calls@[remote_ip]:[remote_port] SIP/2.0\n\
         Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch];rport\n{HEAD}CSeq: 1 INVITE\n\
         Contact: <sip:pbx@[local_ip]:[local_port]>\nX-Deskbell-Reason: Wants to pay\nX-Deskbell-Order: 4711\n\
         Content-Type: application/sdp\nContent-Length: [len]\n\nv=0\n\n]]></send>\n"
    );
    let head = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\" ?>\n<scenario name=\"call\">\n";
    format!("{head}{invite}{}</scenario>\n", steps.concat())
}

/// sipp at work.
struct Sipp {
    child: Child,
    dir: tempfile::TempDir,
}

impl Sipp {
    fn start(of: &SipDesk, scenario: &str, options: &[&str]) -> Sipp {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join("call.xml"), scenario).expect("written");
        let child = Command::new("sipp")
            .current_dir(dir.path())
            .args([&of.at.to_string(), "-sf", "call.xml", "-i", "127.0.0.1", "-nostdin", "-trace_err"])
            .args(["-trace_msg", "-message_file", "messages", "-error_file", "errors"])
            .args(["-timeout", "60s", "-timeout_error"])
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("sipp comes with Debian's sip-tester (`make tools`); without it SIP goes unproved");
        Sipp { child, dir }
    }

    fn call(of: &SipDesk, steps: &[String]) -> Sipp {
        Sipp::start(of, &scenario(steps), &["-m", "1"])
    }

    /// Waits until this has gone to or fro.
    fn has(&self, words: &str) {
        let deadline = Instant::now() + support::PATIENCE;
        let messages = self.dir.path().join("messages");
        while !std::fs::read_to_string(&messages).unwrap_or_default().contains(words) {
            assert!(Instant::now() < deadline, "no {words}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits for its end; what went to and fro. Every step of the scenario must have come about.
    fn end(mut self) -> String {
        let status = self.child.wait().expect("ours to wait for");
        let read = |name: &str| std::fs::read_to_string(self.dir.path().join(name)).unwrap_or_default();
        let (messages, errors) = (read("messages"), read("errors"));
        assert!(status.success(), "sipp ended with {status}\n{errors}\n{messages}");
        messages
    }
}

impl Drop for Sipp {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn offered(agent: &mut Agent) -> Value {
    agent.socket.wait("a call", |frame| frame["t"] == "notification")
}

/// The state of a call, by the work item it is.
fn state_of(desk: &Desk, conversation: &Value) -> Value {
    let path = format!("/api/v1/work-items/{}", conversation.as_str().expect("a name"));
    desk.http("GET", &path, &[("authorization", "Bearer crm-demo-token")], "").json()
}

fn closes(desk: &Desk, conversation: &Value) {
    let deadline = Instant::now() + support::PATIENCE;
    while state_of(desk, conversation)["state"] != "closed" {
        assert!(Instant::now() < deadline, "{}", state_of(desk, conversation));
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_call_is_queued_and_sent_to_the_agent_who_accepts() {
    let of = start("", &[]);
    let mut alice = of.desk.agent("alice");
    let steps = [receive(100, ""), receive(182, ""), receive(302, ""), send("ACK")];
    let sipp = Sipp::call(&of, &steps);
    let offer = offered(&mut alice);
    assert_eq!((&offer["kind"], &offer["title"]), (&json!("voice"), &json!("Call from Melissa de Vries")));
    let fields = offer["fields"].as_array().expect("fields");
    assert_eq!((&fields[2]["value"], &fields[4]["value"]), (&json!("Wants to pay"), &json!("4711")));
    alice.take_known(&offer);
    let messages = sipp.end();
    let contact =
        messages.lines().find(|line| line.starts_with("Contact: <sip:201@")).expect("her extension");
    // Port 5060 is no part of an address; sipp has it when nobody else does.
    assert!(contact.starts_with("Contact: <sip:201@127.0.0.1"), "at the PBX that asks: {contact}");
    // What follows is talked on the telephone; the conversation is hers until she ends it.
    assert_eq!(state_of(&of.desk, &offer["conversation"])["state"], "active");
    alice.socket.ok("end", json!({"conversation": offer["conversation"]}));
    alice.socket.ok("wrapup", json!({"conversation": offer["conversation"], "reason": "solved"}));
    closes(&of.desk, &offer["conversation"]);
}

#[test]
fn a_caller_who_hangs_up_in_line_is_told_so_and_rings_nobody() {
    let of = start("", &[]);
    let mut alice = of.desk.agent("alice");
    let wait = "<pause milliseconds=\"700\"/>\n".to_owned();
    let cancelled = [
        receive(100, ""),
        receive(182, ""),
        wait,
        send("CANCEL"),
        receive(200, ""),
        receive(487, ""),
        send("ACK"),
    ];
    let sipp = Sipp::call(&of, &cancelled);
    let offer = offered(&mut alice);
    sipp.end();
    assert_eq!(closed_offer(&mut alice, &offer), "withdrawn");
    closes(&of.desk, &offer["conversation"]);
}

#[test]
fn a_call_nobody_takes_in_time_goes_back_to_its_pbx() {
    let of = start("[workstream.voice]\nwait_max_s = 60\n", &["--clock-speed", "60"]);
    let unavailable = [receive(100, ""), receive(182, "optional=\"true\""), receive(480, ""), send("ACK")];
    // Nobody is signed in: at once.
    let messages = Sipp::call(&of, &unavailable).end();
    assert!(!messages.contains("182 Queued"), "{messages}");
    let mut alice = of.desk.agent("alice");
    let sipp = Sipp::call(&of, &unavailable);
    let offer = offered(&mut alice);
    assert!(sipp.end().contains("182 Queued"));
    closes(&of.desk, &offer["conversation"]);
}

#[test]
fn a_call_in_line_survives_a_power_cut() {
    let mut of = start("", &[]);
    let mut alice = of.desk.agent("alice");
    let sipp = Sipp::call(&of, &[receive(100, ""), receive(182, ""), receive(302, ""), send("ACK")]);
    let offer = offered(&mut alice);
    // She may know of the call before its PBX does.
    sipp.has("182 Queued");
    of.desk.start_again();
    let mut alice = of.desk.agent_with(&alice.token);
    alice.take_known(&offer);
    let messages = sipp.end();
    assert!(messages.contains("Contact: <sip:201@"));
    // To sipp the same again is a repeat; to a PBX it says that the box is there again.
    assert!(messages.matches("SIP/2.0 182 Queued").count() >= 2, "said again: {messages}");
    assert_eq!(state_of(&of.desk, &offer["conversation"])["state"], "active");
}

#[test]
fn a_flood_is_refused_and_whoever_is_inside_is_served() {
    let of = start("", &[]);
    let mut alice = of.desk.agent("alice");
    let steps = [receive(100, ""), receive(182, ""), receive(302, ""), send("ACK")];
    let inside = Sipp::call(&of, &steps);
    let offer = offered(&mut alice);
    let refused = [
        receive(503, "optional=\"true\" next=\"refused\""),
        receive(100, "optional=\"true\""),
        receive(182, ""),
        send("CANCEL"),
        receive(200, ""),
        receive(487, ""),
        send("ACK"),
        "<nop next=\"over\"/>\n<label id=\"refused\"/>\n".to_owned(),
        send("ACK"),
        "<label id=\"over\"/>\n".to_owned(),
    ];
    let flood = Sipp::start(&of, &scenario(&refused), &["-m", "400", "-r", "400", "-l", "400"]);
    let messages = flood.end();
    assert!(messages.contains("503 Service Unavailable") && messages.contains("Retry-After: 5"));
    alice.take_known(&offer);
    assert!(inside.end().contains("Contact: <sip:201@"));
    let admin = format!("Bearer {}", of.desk.login("admin"));
    let metrics = of.desk.http("GET", "/metrics", &[("authorization", &admin)], "").body;
    let flooded =
        metrics.lines().find(|line| line.starts_with("deskbell_sip_refused_total{kind=\"flooded\"}"));
    let count: f64 = flooded.and_then(|line| line.rsplit(' ').next()?.parse().ok()).expect("counted");
    assert!(count >= 200.0, "{flooded:?}");
    assert!(metrics.contains("deskbell_conversations{state=\"active\"} 1"), "{metrics}");
}

/// A telephone that says what it is told to.
struct Telephone {
    socket: UdpSocket,
    own: SocketAddr,
    to: SocketAddr,
}

impl Telephone {
    fn of(desk: &SipDesk) -> Telephone {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        socket.set_read_timeout(Some(support::PATIENCE)).expect("set");
        Telephone { own: socket.local_addr().expect("bound"), socket, to: desk.at }
    }

    fn say(&self, method: &str, call: &str, more: &str) {
        let own = self.own;
        let text = format!(
            "{method} sip:calls@box SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bK{call}\r\n\
             From: <sip:1@a>;tag=1\r\nTo: <sip:calls@box>\r\nCall-ID: {call}\r\nCSeq: 1 {method}\r\n{more}\r\n"
        );
        self.socket.send_to(text.as_bytes(), self.to).expect("sent");
    }

    /// Waits for an answer of this status; those of the ways to it may come before.
    fn hears(&self, status: u16) -> String {
        let mut buffer = [0; 4096];
        loop {
            let (length, _) =
                self.socket.recv_from(&mut buffer).unwrap_or_else(|why| panic!("no {status}: {why}"));
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if text.starts_with(&format!("SIP/2.0 {status} ")) {
                return text;
            }
        }
    }
}

#[test]
fn a_caller_who_hangs_up_as_she_is_sent_on_leaves_nobody_waiting_for_her() {
    let of = start("", &[]);
    let mut alice = of.desk.agent("alice");
    let telephone = Telephone::of(&of);
    telephone.say("INVITE", "crossed", "");
    telephone.hears(182);
    let offer = offered(&mut alice);
    alice.take_known(&offer);
    // As if sent before the 302 has come: it is hers already.
    telephone.hears(302);
    telephone.say("CANCEL", "crossed", "");
    telephone.say("ACK", "crossed", "");
    let over =
        alice.socket.wait("over", |frame| frame["t"] == "session_state" && frame["state"] == "wrap_up");
    assert_eq!(over["reason"], "ended_by_customer");
}

#[test]
fn in_a_flood_of_nonsense_answers_are_repeated_and_everybody_else_is_served() {
    let of = start("", &[]);
    let mut alice = of.desk.agent("alice");
    let telephone = Telephone::of(&of);
    telephone.say("INVITE", "slow", "");
    let offer = offered(&mut alice);
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let flood = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        let until = Instant::now() + support::PATIENCE;
        let over = &over;
        scope.spawn(move || {
            while !over.load(Ordering::Relaxed) && Instant::now() < until {
                let _ = flood.send_to(b"nonsense", of.at);
            }
        });
        alice.take_known(&offer);
        // Not acknowledged: said again by the timers, and not for an INVITE of ours.
        for _ in 0..3 {
            telephone.hears(302);
        }
        assert_eq!(of.desk.http("GET", "/healthz", &[], "").status, 200);
        over.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_pbx_says_over_http_that_a_call_by_sip_is_over() {
    let of = start("", &[]);
    let mut alice = of.desk.agent("alice");
    let headers = [("authorization", "Bearer crm-demo-token")];
    let http =
        |method: &str, name: &str| of.desk.http(method, &format!("/hooks/calls/calls/{name}"), &headers, "");
    let telephone = Telephone::of(&of);
    for name in ["Call-ID", "X-Deskbell-Work-Item"] {
        let call_id = format!("{name}-1@pbx");
        telephone.say("INVITE", &call_id, "");
        let offer = offered(&mut alice);
        alice.take_known(&offer);
        let sent_on = telephone.hears(302);
        telephone.say("ACK", &call_id, "");
        let said =
            sent_on.lines().find_map(|line| line.strip_prefix(&format!("{name}: "))).expect("its name");
        let encoded = said.replace('@', "%40");
        assert_eq!(http("GET", &format!("{encoded}?wait_s=0")).json()["state"], "accepted");
        assert_eq!(state_of(&of.desk, &offer["conversation"])["external_id"], call_id, "as its PBX calls it");
        assert_eq!(http("DELETE", &encoded).status, 204, "{said}");
        let over =
            alice.socket.wait("over", |frame| frame["t"] == "session_state" && frame["state"] == "wrap_up");
        assert_eq!(over["reason"], "ended_by_customer");
        alice.socket.ok("wrapup", json!({"conversation": offer["conversation"], "reason": "solved"}));
        closes(&of.desk, &offer["conversation"]);
        assert_eq!(http("DELETE", &encoded).status, 204, "said again");
        assert_eq!(http("GET", &encoded).json()["reason"], "ended_by_customer");
    }
    for unknown in ["Call-ID-1", "Call-ID-2%40pbx", "c999"] {
        assert_eq!(http("DELETE", unknown).status, 404, "{unknown}");
    }
}

#[test]
fn what_is_no_sip_is_not_answered_and_does_no_harm() {
    let of = start("", &[]);
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket.set_read_timeout(Some(Duration::from_secs(10))).expect("set");
    let own = socket.local_addr().expect("bound");
    let invite = |call: u32, more: &str| {
        format!(
            "INVITE sip:calls@box SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bK{call}\r\n\
             From: <sip:1@a>;tag=1\r\nTo: <sip:calls@box>\r\nCall-ID: {call}\r\nCSeq: 1 INVITE\r\n{more}\r\n"
        )
    };
    let whole = invite(1, "");
    for bytes in [
        vec![0xff; 65_507],
        vec![b'\r'; 65_507],
        invite(2, &format!("X: {}\r\n", "x".repeat(65_000))).into_bytes(),
        whole.as_bytes()[..40].to_vec(),
        whole.replace("Via", "Vie").into_bytes(),
        whole.replace("\r\nFrom", "\nFrom").into_bytes(),
        b"SIP/2.0 200 OK\r\n\r\n".to_vec(),
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        vec![],
    ] {
        socket.send_to(&bytes, of.at).expect("sent");
    }
    // The next answer is to the next question: nothing of the above was answered.
    let ask = |bytes: &str| {
        socket.send_to(bytes.as_bytes(), of.at).expect("sent");
        let mut buffer = [0; 4096];
        let (length, _) = socket.recv_from(&mut buffer).expect("an answer");
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    };
    assert!(ask(&invite(3, "").replace("INVITE", "OPTIONS")).starts_with("SIP/2.0 200 OK\r\n"));
    assert!(ask(&invite(4, "").replace("INVITE", "REGISTER")).starts_with("SIP/2.0 405 "));
    assert!(ask(&invite(5, "").replace("INVITE", "BYE")).starts_with("SIP/2.0 481 "));
    assert!(ask(&invite(6, "").replace("INVITE", "CANCEL")).starts_with("SIP/2.0 481 "));
    assert!(ask(&invite(7, "Content-Length: 5\r\n")).starts_with("SIP/2.0 400 "));
    assert!(ask(&invite(8, "Require: precondition\r\n")).contains("Unsupported: precondition\r\n"));
    assert_eq!(of.desk.http("GET", "/healthz", &[], "").status, 200);
}
