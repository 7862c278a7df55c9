//! The slow checks of `make test-box`: a box with history, a box with too many callers, a box without room.

mod support;

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;
use support::Desk;
use support::history::write_history;
use tungstenite::client::IntoClientRequest;

const GIBIBYTE: u64 = 1 << 30;

#[test]
#[ignore = "writes a gibibyte"]
fn a_start_after_sigkill_is_bounded_by_the_ring_not_by_history() {
    let mut desk = Desk::start(&[]);
    assert_eq!(desk.stop(), Some(0));
    write_history(&desk.dir, GIBIBYTE);
    desk.start_again();
    let mut alice = desk.agent("alice");
    let mut customer = desk.customer("shop", json!({}));
    let conversation = customer.start(json!({"comment": "after all these years"}));
    alice.take(&conversation);
    customer.say("c1", "acknowledged");
    desk.kill();
    let begin = Instant::now();
    desk.start_again();
    let took = begin.elapsed();
    let size = std::fs::metadata(desk.dir.join("state.redb")).map_or(0, |meta| meta.len());
    println!("start after SIGKILL on {} MiB of state: {} ms", size >> 20, took.as_millis());
    assert!(size >= GIBIBYTE);
    // Reading the whole file takes many times as long; this is not a measurement.
    assert!(took < Duration::from_secs(5), "{took:?}");
    let mut alice = desk.agent("alice");
    let page = alice.socket.ok("history", json!({"conversation": conversation}));
    let texts: Vec<_> =
        page["messages"].as_array().expect("messages").iter().map(|one| one["text"].clone()).collect();
    assert!(texts.contains(&json!("acknowledged")), "{texts:?}");
}

#[test]
#[ignore = "opens ten thousand sockets"]
fn ten_thousand_callers_are_refused_by_name_and_those_inside_are_served() {
    let limits = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let raised = rustix::process::Rlimit { current: limits.maximum, maximum: limits.maximum };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, raised).expect("raised");
    let desk = Desk::start(&[]);
    let mut alice = desk.agent("alice");
    let mut first = desk.customer("shop", json!({}));
    let conversation = first.start(json!({"comment": "before the crowd"}));
    alice.take(&conversation);
    let (mut inside, mut refused) = (Vec::new(), 0);
    let begin = Instant::now();
    for _ in 0..10_000 {
        let request = format!("wss://localhost:{}/ws/customer?widget=shop", desk.port);
        let request = request.into_client_request().expect("a request");
        match desk.try_stream().and_then(|stream| tungstenite::client(request, stream).ok()) {
            Some((socket, _)) => inside.push(socket),
            None => refused += 1,
        }
        if refused >= 50 || begin.elapsed() > Duration::from_secs(240) {
            break;
        }
    }
    println!("{} inside, {refused} refused, after {:?}", inside.len(), begin.elapsed());
    assert!(refused > 0, "there is a ceiling");
    first.say("c1", "still heard");
    alice.socket.wait("the words", |frame| frame["text"] == "still heard");
    // A place was kept for staff.
    desk.agent("bob");
    drop(inside);
    std::thread::sleep(Duration::from_secs(2));
    desk.customer("shop", json!({}));
}

#[test]
#[ignore = "mounts a small disk"]
fn a_full_disk_refuses_by_name_goes_on_reading_and_heals() {
    let place = tempfile::tempdir().expect("a folder");
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=320m", "tmpfs"])
        .arg(place.path())
        .status()
        .is_ok_and(|status| status.success());
    if !mounted {
        println!("SKIPPED: cannot mount a small disk here (not root)");
        return;
    }
    struct Mount<'a>(&'a std::path::Path);
    impl Drop for Mount<'_> {
        fn drop(&mut self) {
            let _ = Command::new("umount").arg("-l").arg(self.0).status();
        }
    }
    let _mount = Mount(place.path());
    let mut desk = Desk::start_in(place.path().join("data"), &[]);
    let mut alice = desk.agent("alice");
    let mut customer = desk.customer("shop", json!({}));
    let conversation = customer.start(json!({"comment": "room enough"}));
    alice.take(&conversation);
    let filler = place.path().join("filler");
    let filled = Command::new("dd")
        .args(["if=/dev/zero", "bs=1M"])
        .arg(format!("of={}", filler.display()))
        .output()
        .expect("dd runs");
    assert!(!filled.status.success(), "the disk is full now");
    let mut at = 0;
    let refusal = loop {
        at += 1;
        let answer = customer
            .socket
            .ask("message", json!({"client_id": format!("f{at}"), "text": format!("line {at}")}));
        if answer["t"] == "error" {
            break answer;
        }
        assert!(at < 200, "never refused");
        std::thread::sleep(Duration::from_millis(250));
    };
    assert_eq!(refusal["code"], "storage_full", "{refusal}");
    let page = alice.socket.ok("history", json!({"conversation": conversation}));
    assert_eq!(page["messages"][0]["text"], "room enough", "reads go on");
    // A backup onto the full disk ends by name, leaves no half of one, and costs the box nothing.
    let half = place.path().join("half.backup");
    let backup = Command::new(env!("CARGO_BIN_EXE_deskbell"))
        .args(["backup", "--to", &half.display().to_string(), "--data", &desk.dir.display().to_string()])
        .output()
        .expect("it ends");
    let said = String::from_utf8_lossy(&backup.stderr).to_lowercase();
    assert!(!backup.status.success() && said.contains("space"), "{said}");
    let left = std::fs::read_dir(place.path()).expect("listed").flatten();
    let left: Vec<_> =
        left.map(|entry| entry.file_name()).filter(|name| name.to_string_lossy().contains("half")).collect();
    assert!(left.is_empty(), "{left:?}");
    std::fs::remove_file(&filler).expect("room again");
    let healed = (0..100).any(|again| {
        std::thread::sleep(Duration::from_millis(250));
        let fields = json!({"client_id": format!("h{again}"), "text": "room again"});
        customer.socket.ask("message", fields)["t"] == "ok"
    });
    assert!(healed, "admission reopens by itself");
    // Full at a start: the ballast makes room, and what was acknowledged is there.
    desk.kill();
    let _ =
        Command::new("dd").args(["if=/dev/zero", "bs=1M"]).arg(format!("of={}", filler.display())).output();
    desk.start_again();
    let mut alice = desk.agent("alice");
    let page = alice.socket.ok("history", json!({"conversation": conversation}));
    let texts: Vec<_> =
        page["messages"].as_array().expect("messages").iter().map(|one| one["text"].clone()).collect();
    assert!(texts.contains(&json!("room again")), "{texts:?}");
    assert!(!desk.dir.join("ballast").exists(), "the ballast was dropped");
    desk.kill();
}
