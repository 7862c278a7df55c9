//! `deskbell serve` on a disk that dies under it (REQ B-5): at its n-th write or sync the process ends with its cause
//! in the log and in its exit code, the next start serves, and nothing acknowledged is missing.
//!
//! The same trouble at every place of the store alone is in `tests/crash.rs`; here the whole box meets it, through a
//! library put before the C library (`tests/failing_disk/fail.c`, made with `cc`). `make crash` tries many places, here
//! a few. Without `cc` it says that it was skipped.

mod support;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;
use support::{Agent, Customer, Desk, PATIENCE, root};

/// Exit code of a box whose store failed: `EX_SOFTWARE` of sysexits, which systemd starts again.
const FAILED: i32 = 70;

/// One trouble: what is done to the disk.
#[derive(Clone, Copy, Debug)]
struct Trouble {
    op: &'static str,
    nth: u64,
    torn: bool,
    stays: bool,
}

/// The library, or none without a compiler.
fn shim() -> Option<PathBuf> {
    let made = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fail-{}.so", std::process::id()));
    let source = root().join("tests/failing_disk/fail.c");
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&made).arg(source).arg("-ldl");
    let Ok(status) = cc.status() else {
        println!("SKIPPED, not passed: a dying disk under the real process, for want of cc");
        return None;
    };
    assert!(status.success(), "the library is made");
    Some(made)
}

/// A box as systemd starts it.
struct Appliance {
    dir: tempfile::TempDir,
    child: Option<Child>,
    log: Arc<Mutex<String>>,
}

/// Clients of a running one: staff's door and the public's.
struct Doors {
    staff: Desk,
    public: Desk,
}

impl Appliance {
    fn new() -> Appliance {
        let dir = tempfile::tempdir().expect("a folder");
        let settings = format!(
            "data = \"{}\"\nnames = [\"localhost\", \"127.0.0.1\"]\nlisten_staff = \"127.0.0.1:0\"\n\
             listen_public = \"127.0.0.1:0\"\nlisten_redirect = \"127.0.0.1:0\"\n",
            dir.path().join("data").display()
        );
        std::fs::write(dir.path().join("deskbell.toml"), settings).expect("written");
        std::fs::write(dir.path().join("desk.toml"), include_str!("data/desk.example.toml"))
            .expect("written");
        Appliance { dir, child: None, log: Arc::default() }
    }

    /// Starts it; whether it came to its ready line.
    fn start(&mut self, disk: Option<(&Path, Trouble)>) -> bool {
        let path = |name: &str| self.dir.path().join(name);
        let mut command = Command::new(env!("CARGO_BIN_EXE_deskbell"));
        command.arg("serve").arg("--config").arg(path("deskbell.toml")).arg("--desk").arg(path("desk.toml"));
        command.env("CREDENTIALS_DIRECTORY", self.dir.path());
        if let Some((shim, trouble)) = disk {
            command.env("LD_PRELOAD", shim).env("FAIL_OP", trouble.op);
            command.env("FAIL_NTH", trouble.nth.to_string()).env("FAIL_WHEN", path("now"));
            let flags = [("FAIL_TORN", trouble.torn), ("FAIL_STAYS", trouble.stays)];
            command.envs(flags.into_iter().filter(|(_, is)| *is).map(|(name, _)| (name, "1")));
        }
        self.log.lock().expect("not poisoned").clear();
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary");
        let (stderr, log) = (child.stderr.take().expect("piped"), Arc::clone(&self.log));
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let mut log = log.lock().expect("not poisoned");
                log.push_str(&line);
                log.push('\n');
            }
        });
        let stdout = child.stdout.take().expect("piped");
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        self.child = Some(child);
        lines.recv_timeout(PATIENCE * 2).is_ok_and(|line| line.starts_with("ready "))
    }

    fn log(&self) -> String {
        self.log.lock().expect("not poisoned").clone()
    }

    fn port(&self, door: &str) -> u16 {
        let begun = Instant::now();
        loop {
            let log = self.log();
            let line = log.lines().find(|line| line.contains(door));
            if let Some(port) = line.and_then(|line| line.rsplit(':').next()?.parse().ok()) {
                return port;
            }
            assert!(begun.elapsed() < PATIENCE, "no {door} in {log}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn doors(&self) -> Doors {
        let data = self.dir.path().join("data");
        let door = |name: &str| Desk::attach(&data, self.port(name));
        Doors { staff: door("Staff face on"), public: door("Public face on") }
    }

    /// From here on the disk's operations are counted.
    fn arm(&self) {
        std::fs::write(self.dir.path().join("now"), "").expect("written");
    }

    fn has_ended(&mut self) -> bool {
        self.child.as_mut().is_none_or(|child| child.try_wait().expect("ours").is_some())
    }

    /// Its exit code, once it has ended by itself.
    fn exit_code(&mut self) -> Option<i32> {
        let begun = Instant::now();
        while !self.has_ended() {
            assert!(begun.elapsed() < PATIENCE, "it does not end: {}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
        let code = self.child.take()?.wait().expect("ours").code();
        // The last lines are on their way through a pipe.
        std::thread::sleep(Duration::from_millis(50));
        code
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

/// A talk, and what was promised of it: by number, the text.
struct Talk {
    conversation: String,
    customer: Customer,
    resume: String,
    acknowledged: BTreeMap<u64, String>,
    sent: u64,
}

impl Talk {
    fn begin(doors: &Doors, alice: &mut Agent) -> Talk {
        let mut customer = doors.public.customer("shop", json!({}));
        let comment = "before the disk died";
        let conversation = customer.start(json!({"name": "Eva", "comment": comment}));
        alice.take(&conversation);
        let resume = customer.resume();
        Talk { conversation, customer, resume, acknowledged: [(1, comment.to_owned())].into(), sent: 0 }
    }

    fn text(&self, number: u64) -> String {
        format!("line {number} of {}", self.conversation)
    }

    fn send(&mut self) {
        self.sent += 1;
        let (id, text) = (self.sent, self.text(self.sent));
        let frame = json!({"t": "message", "id": id, "client_id": format!("m{id}"), "text": text});
        self.customer.socket.send(&frame);
    }

    /// Takes in what was acknowledged so far.
    fn hear(&mut self, patience: Duration) {
        let _ = self.customer.socket.find(patience, &|frame| !frame["closed"].is_null());
        for frame in std::mem::take(&mut self.customer.socket.seen) {
            if let (Some(number), Some(seq), Some("ok")) =
                (frame["re"].as_u64(), frame["seq"].as_u64(), frame["t"].as_str())
            {
                self.acknowledged.insert(seq, self.text(number));
            }
        }
    }

    /// Everything promised is there, once, in order, without a gap.
    fn holds(&self, alice: &mut Agent, at: &str) {
        let stored = alice.everything(&self.conversation);
        for (index, message) in stored.iter().enumerate() {
            assert_eq!(message["seq"], index + 1, "{at}: contiguous from 1");
        }
        for (seq, text) in &self.acknowledged {
            let message = stored.get(usize::try_from(*seq).expect("small") - 1);
            assert_eq!(message.map(|message| &message["text"]), Some(&json!(text)), "{at}: number {seq}");
        }
        for number in 1..=self.sent {
            let text = self.text(number);
            let times = stored.iter().filter(|message| message["text"] == *text).count();
            assert!(times <= 1, "{at}: {text:?} is stored {times} times");
        }
    }
}

/// The box talks until the disk fails it, ends, starts on a sound disk, and goes on. Gives how many messages had been
/// acknowledged by the one that died.
fn dies_and_comes_back(shim: &Path, trouble: Trouble) -> usize {
    let at = format!("{trouble:?}");
    let mut one = Appliance::new();
    assert!(one.start(Some((shim, trouble))), "{at}: it starts: {}", one.log());
    let doors = one.doors();
    let mut alice = doors.staff.agent("alice");
    let mut talk = Talk::begin(&doors, &mut alice);
    one.arm();
    // Alone, then several under way at once, below a customer's limit of rate.
    while !one.has_ended() && talk.sent < 400 {
        for _ in 0..=talk.sent % 3 {
            talk.send();
        }
        talk.hear(Duration::from_millis(120));
    }
    assert_eq!(one.exit_code(), Some(FAILED), "{at}: {}", one.log());
    let log = one.log();
    assert!(log.contains("the store failed") && log.contains("os error 5"), "{at}: its cause: {log}");
    talk.hear(Duration::from_secs(5));
    let acknowledged = talk.acknowledged.len() - 1;

    assert!(one.start(None), "{at}: the next start serves: {}", one.log());
    let doors = one.doors();
    let mut alice = doors.staff.agent("alice");
    let sessions = alice.welcome["sessions"].as_array().expect("sessions").clone();
    let hers = sessions.iter().find(|session| session["conversation"] == *talk.conversation);
    assert_eq!(hers.map(|session| &session["state"]), Some(&json!("active")), "{at}: still hers");
    talk.holds(&mut alice, &at);
    // The last one sent again is stored once, whether it had arrived or not, and both go on.
    talk.customer = doors.public.customer("shop", json!({"resume": talk.resume}));
    let text = talk.text(talk.sent);
    let again = talk.customer.say(&format!("m{}", talk.sent), &text);
    talk.acknowledged.insert(again["seq"].as_u64().expect("a number"), text);
    talk.holds(&mut alice, &at);
    acknowledged
}

/// Which ones: a few, or with `DISK_PLACES` so many.
fn places() -> u64 {
    std::env::var("DISK_PLACES").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

#[test]
fn a_box_whose_disk_fails_ends_with_its_cause_and_the_next_start_has_all_it_promised() {
    let Some(shim) = shim() else { return };
    let mut told = 0;
    for nth in (0..places()).map(|at| at * 2 + 3) {
        for (op, torn, stays) in
            [("write", false, false), ("write", true, false), ("sync", false, false), ("sync", false, true)]
        {
            told += dies_and_comes_back(&shim, Trouble { op, nth, torn, stays });
        }
    }
    assert!(told > 0, "something was promised before the disk died");
}

/// From its first write on: it never comes to serve, says why, and a sound disk finds the folder as a new one.
#[test]
fn a_start_on_a_disk_that_fails_says_so_and_a_sound_one_serves() {
    let Some(shim) = shim() else { return };
    for op in ["write", "sync"] {
        let mut one = Appliance::new();
        one.arm();
        let trouble = Trouble { op, nth: 0, torn: false, stays: true };
        assert!(!one.start(Some((&shim, trouble))), "{op}: it does not serve");
        let code = one.exit_code();
        assert!(code.is_some_and(|code| code != 0), "{op}: {code:?}: {}", one.log());
        assert!(one.log().contains("os error 5"), "{op}: its cause: {}", one.log());
        assert!(one.start(None), "{op}: the next start serves: {}", one.log());
        let doors = one.doors();
        let mut alice = doors.staff.agent("alice");
        let talk = Talk::begin(&doors, &mut alice);
        talk.holds(&mut alice, op);
    }
}
