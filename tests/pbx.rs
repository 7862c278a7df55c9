//! A PBX that branches have, set up as the manual says: Asterisk, between two telephones of sipp's (REQ S2-18).
//!
//! `make test-pbx` fetches it from Debian into a folder of its own.

mod support;

use std::net::UdpSocket;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use support::Desk;

const PAGE: &str = include_str!("../src/manual/calls.html");

/// An example of the manual, as a reader would copy it.
fn example(id: &str) -> String {
    let at = PAGE.find(&format!("<code id=\"{id}\">")).expect("the example");
    let from = at + PAGE[at..].find('>').expect("a tag") + 1;
    let text = &PAGE[from..from + PAGE[from..].find("</code>").expect("its end")];
    text.replace("&gt;", ">").replace("&lt;", "<").replace("&amp;", "&")
}

fn port() -> u16 {
    UdpSocket::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound").port()
}

/// Asterisk at work in a system of its own.
struct Asterisk {
    child: Child,
    root: PathBuf,
}

impl Asterisk {
    /// Starts with these files in `/etc`, each by its name there.
    fn start(files: &[(&str, String)]) -> Asterisk {
        let root = support::root().join("target/pbx/base");
        assert!(
            root.join("usr/sbin/asterisk").exists(),
            "no Asterisk in {}: `make test-pbx`",
            root.display()
        );
        for (name, text) in files {
            std::fs::write(root.join("etc").join(name), text).expect("written");
        }
        let child = Command::new("chroot")
            .arg(&root)
            .args(["/usr/sbin/asterisk", "-f", "-n"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chroot");
        let asterisk = Asterisk { child, root };
        let deadline = Instant::now() + Duration::from_secs(60);
        while !asterisk.says("core waitfullybooted").contains("fully booted") {
            assert!(
                Instant::now() < deadline,
                "Asterisk does not start: {}",
                asterisk.says("core show version")
            );
            std::thread::sleep(Duration::from_millis(200));
        }
        asterisk
    }

    fn says(&self, asked: &str) -> String {
        let done = Command::new("chroot").arg(&self.root).args(["/usr/sbin/asterisk", "-rx", asked]).output();
        String::from_utf8_lossy(&done.expect("chroot").stdout).into_owned()
    }
}

impl Drop for Asterisk {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A telephone of sipp's.
fn telephone(own: u16, arguments: &[&str]) -> Child {
    Command::new("sipp")
        .args([
            "-i",
            "127.0.0.1",
            "-p",
            &own.to_string(),
            "-m",
            "1",
            "-nostdin",
            "-timeout",
            "60s",
            "-timeout_error",
        ])
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("sipp comes with Debian's sip-tester (`make tools`)")
}

/// Calls the menu, talks for a while, and hangs up.
fn caller(talk_ms: u32) -> String {
    let request = |method: &str, cseq: u8, to: &str, more: &str| {
        format!(
            "{method} sip:s@[remote_ip]:[remote_port] SIP/2.0\n\
             Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]\n\
             From: <sip:+31612345678@[local_ip]:[local_port]>;tag=[pid]a[call_number]\n\
             To: <sip:s@[remote_ip]:[remote_port]>{to}\nCall-ID: [call_id]\nCSeq: {cseq} {method}\n\
             Contact: <sip:jan@[local_ip]:[local_port]>\nMax-Forwards: 70\n{more}\n"
        )
    };
    let voice = "Content-Type: application/sdp\nContent-Length: [len]\n\nv=0\no=a 1 1 IN IP4 [local_ip]\ns=-\n\
                 c=IN IP4 [media_ip]\nt=0 0\nm=audio [media_port] RTP/AVP 8\na=rtpmap:8 PCMA/8000\n";
    let none = "Content-Length: 0\n";
    format!(
        "<?xml version=\"1.0\" encoding=\"ISO-8859-1\" ?>\n<scenario name=\"caller\">\n\
         <send retrans=\"500\"><![CDATA[\n{}]]></send>\n<recv response=\"100\" optional=\"true\"/>\n\
         <recv response=\"200\"/>\n<send><![CDATA[\n{}]]></send>\n<pause milliseconds=\"{talk_ms}\"/>\n\
         <send retrans=\"500\"><![CDATA[\n{}]]></send>\n<recv response=\"200\"/>\n</scenario>\n",
        request("INVITE", 1, "", voice),
        request("ACK", 1, "[peer_tag_param]", none),
        request("BYE", 2, "[peer_tag_param]", none),
    )
}

/// Telephones of the branch, beside what the manual sets up; whoever else calls comes to the menu.
fn telephones(pbx: u16, alice: u16) -> String {
    let endpoint = |name: &str, context: &str, contact: &str| {
        format!(
            "[{name}]\ntype = endpoint\ntransport = transport-udp\ncontext = {context}\ndisallow = all\n\
             allow = alaw,ulaw\naors = {name}\n[{name}]\ntype = aor\n{contact}\n"
        )
    };
    format!(
        "[transport-udp]\ntype = transport\nprotocol = udp\nbind = 127.0.0.1:{pbx}\n{}{}\
         [outside]\ntype = identify\nendpoint = outside\nmatch = 127.0.0.1\n",
        endpoint("201", "inside", &format!("contact = sip:201@127.0.0.1:{alice}")),
        endpoint("outside", "bot", "max_contacts = 1"),
    )
}

#[test]
#[ignore = "wants Asterisk: make test-pbx"]
fn asterisk_set_up_as_the_manual_says_sends_callers_to_the_agent_and_says_when_they_hang_up() {
    let (sip, pbx, phone) = (port(), port(), port());
    let desk_file = include_str!("data/desk.example.toml");
    let voice = example("desk").split("\n[[agent]]").next().expect("a workstream").to_owned();
    let desk_file =
        desk_file.replacen("username = \"alice\"\n", "username = \"alice\"\nextension = \"201\"\n", 1);
    let listen = format!("127.0.0.1:{sip}");
    let desk = Desk::start_with_text(&format!("{desk_file}\n{voice}"), &["--listen-sip", &listen]);
    let mut alice = desk.agent("alice");
    let authority = std::fs::read_to_string(desk.dir.join("tls/ca.crt")).expect("the box's authority");
    let settings = example("pjsip").replace("192.168.10.2:5060", &listen);
    let plan = example("extensions").replace("https://deskbell.local", &desk.url);
    let asterisk = Asterisk::start(&[
        ("asterisk/pjsip.conf", telephones(pbx, phone) + &settings),
        ("asterisk/extensions.conf", plan),
        ("asterisk/deskbell-token", "Authorization: Bearer crm-demo-token\n".to_owned()),
        ("deskbell-ca.crt", authority),
    ]);
    println!("{}", asterisk.says("core show version").lines().next().unwrap_or_default());
    let dir = tempfile::tempdir().expect("a folder");
    let scenario = dir.path().join("caller.xml").display().to_string();
    std::fs::write(&scenario, caller(10_000)).expect("written");
    let mut rings = telephone(phone, &["-sn", "uas"]);
    let mut calls = telephone(port(), &[&format!("127.0.0.1:{pbx}"), "-sf", &scenario]);

    let offer = alice.socket.wait("the call", |frame| frame["t"] == "notification");
    assert_eq!(offer["title"], "Call from Melissa de Vries");
    let said = offer["fields"].to_string();
    assert!(said.contains("Wants to pay an invoice") && said.contains("4711"), "{said}");
    alice.take_known(&offer);
    // Her telephone rings, they talk, the caller hangs up; both telephones have seen all of it.
    assert!(calls.wait().expect("ours").success(), "the caller was not put through");
    assert!(rings.wait().expect("ours").success(), "her telephone did not ring");
    let over =
        alice.socket.wait("over", |frame| frame["t"] == "session_state" && frame["state"] == "wrap_up");
    assert_eq!(over["reason"], "ended_by_customer");
    alice.socket.ok("wrapup", json!({"conversation": offer["conversation"], "reason": "solved"}));

    // Who hangs up in line rings nobody any more.
    std::fs::write(&scenario, caller(1_500)).expect("written");
    let mut calls = telephone(port(), &[&format!("127.0.0.1:{pbx}"), "-sf", &scenario]);
    let offer = alice.socket.wait("another", |frame| frame["t"] == "notification");
    assert_eq!(support::drill::closed_offer(&mut alice, &offer), "withdrawn");
    assert!(calls.wait().expect("ours").success());
}
