//! The box on the smallest board: arm64 with a kernel of its own, four cores and 512 MiB, emulated (REQ B-3).
//! `make test-board` lays ready what it needs and runs it. An emulated core is many times slower than a real one, so
//! nothing here is timed.

mod support;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;
use support::Desk;

/// Longest wait for the board to come up.
const BOOT_MAX: Duration = Duration::from_secs(180);
const MIB: u64 = 1024 * 1024;

/// The running board; its plug is pulled when this is dropped.
struct Board {
    qemu: Child,
    console: Arc<Mutex<String>>,
    port: u16,
}

fn made(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/board").join(name)
}

impl Board {
    fn boot() -> Board {
        // Free a moment ago; nobody else asks for it in the moment until qemu has it.
        let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
        let port = port.expect("a free port").port();
        let mut qemu = Command::new("qemu-system-aarch64")
            .args([
                "-M",
                "virt",
                "-cpu",
                "cortex-a53",
                "-smp",
                "4",
                "-m",
                "512",
                "-accel",
                "tcg,thread=multi",
            ])
            .arg("-kernel")
            .arg(made("kernel"))
            .arg("-initrd")
            .arg(made("initrd.gz"))
            .args([
                "-append",
                "console=ttyAMA0 quiet",
                "-display",
                "none",
                "-monitor",
                "none",
                "-serial",
                "stdio",
            ])
            .args(["-no-reboot", "-device", "virtio-net-pci,netdev=n,romfile=", "-netdev"])
            .arg(format!("user,id=n,restrict=on,hostfwd=tcp:127.0.0.1:{port}-:8443"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("qemu-system-aarch64 starts");
        let console = Arc::new(Mutex::new(String::new()));
        let (into, lines) = (Arc::clone(&console), BufReader::new(qemu.stdout.take().expect("piped")));
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                let mut into = into.lock().expect("not poisoned");
                into.push_str(line.trim_end());
                into.push('\n');
            }
        });
        Board { qemu, console, port }
    }

    fn console(&self) -> String {
        self.console.lock().expect("not poisoned").clone()
    }

    /// Waits until the serial line says this.
    fn says(&mut self, words: &str) -> String {
        let deadline = Instant::now() + BOOT_MAX;
        loop {
            let console = self.console();
            if console.contains(words) {
                return console;
            }
            let runs = self.qemu.try_wait().expect("ours to wait for").is_none();
            assert!(runs && Instant::now() < deadline, "no {words:?} from the board:\n{console}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
    }
}

/// A figure of `/metrics`.
fn figure(metrics: &str, name: &str) -> u64 {
    let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    let value: f64 =
        line.and_then(|value| value.trim().parse().ok()).unwrap_or_else(|| panic!("{name}: {metrics}"));
    value as u64
}

#[test]
#[ignore = "emulates a board: make test-board"]
fn the_smallest_board_holds_a_chat_below_its_bound_of_memory() {
    let begin = Instant::now();
    let mut board = Board::boot();
    board.says("ready https://");
    let console = board.says("-----END CERTIFICATE-----");
    println!("ready after {:.0} s of emulation", begin.elapsed().as_secs_f64());
    println!("{}", console.lines().find(|line| line.starts_with("board ")).expect("what it is"));

    // The authority as the board's serial line shows it, where clients look for it.
    let dir = tempfile::tempdir().expect("a folder");
    let from = console.find("-----BEGIN CERTIFICATE-----").expect("its begin");
    let to = console.find("-----END CERTIFICATE-----").expect("its end") + "-----END CERTIFICATE-----".len();
    std::fs::create_dir(dir.path().join("tls")).expect("a folder");
    std::fs::write(dir.path().join("tls/ca.crt"), &console[from..to]).expect("written");
    let desk = Desk::attach(dir.path(), board.port);

    let mut alice = desk.agent("alice");
    let mut eva = desk.customer("shop", json!({"name": "Eva"}));
    let conversation = eva.start(json!({"comment": "a lamp"}));
    alice.take(&conversation);
    for n in 0..20 {
        eva.say(&format!("c{n}"), &format!("question {n}"));
        alice.socket.wait("the question", |frame| frame["text"] == format!("question {n}").as_str());
        alice.say(&conversation, &format!("a{n}"), &format!("answer {n}"));
        eva.socket.wait("the answer", |frame| frame["text"] == format!("answer {n}").as_str());
    }

    let bearer = format!("Bearer {}", desk.login("admin"));
    let metrics = desk.http("GET", "/metrics", &[("authorization", &bearer)], "").body;
    let (resident, bound) =
        (figure(&metrics, "deskbell_memory_resident_bytes"), figure(&metrics, "deskbell_memory_bound_bytes"));
    println!("resident {} MiB, at most {} MiB by its profile", resident / MIB, bound / MIB);
    assert!(resident > 0 && resident < bound, "{resident} of {bound}");
    assert!(resident < 64 * MIB, "one chat takes next to nothing: {resident}");
}
