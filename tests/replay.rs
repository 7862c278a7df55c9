//! What the desk was told is recorded where that is wanted, and decides the same again (REQ B-1).

mod support;

use std::path::Path;
use std::process::{Command, Output};

use serde_json::json;
use support::Desk;
use support::drill::decisions;

fn replay(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_deskbell")).arg("replay").args(arguments).output().expect("it runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_recorded_day_is_replayed_to_the_same_decisions_and_to_others_by_another_desk() {
    let mut desk = Desk::start(&["--record-mib", "8"]);
    let mut alice = desk.agent("alice");
    let mut bob = desk.agent("bob");
    let mut customer = desk.customer("shop", json!({}));
    let first = customer.start(json!({"comment": "the secret of melissa@gmail.com"}));
    alice.take(&first);
    let mut second = desk.customer("shop", json!({}));
    let asked = second.start(json!({"comment": "help"}));
    bob.take(&asked);
    bob.say(&asked, "m1", "hello from bob");
    bob.socket.ok("end", json!({"conversation": asked}));
    let sofie = desk.login("sofie");
    let told = decisions(&desk, &sofie, &asked);
    assert_eq!(told[0]["chosen"], "bob", "{told:?}");
    assert_eq!(desk.stop(), Some(0));
    let file = desk.dir.join("inputs.record");
    let path = file.to_str().expect("a path");

    let same = replay(&[path]);
    let lines = said(&same);
    assert!(same.status.success(), "{lines}{}", String::from_utf8_lossy(&same.stderr));
    assert!(lines.lines().last().expect("a line").ends_with(": all as recorded"), "{lines}");
    let line =
        lines.lines().find(|line| line.contains(&format!("  {asked}  front, "))).expect("its decision");
    assert!(line.contains(": bob ("), "{line}");
    assert!(line.contains("alice "), "she was weighed too: {line}");
    let bytes = std::fs::read(&file).expect("a recording");
    for word in [&b"melissa"[..], b"hello", b"secret"] {
        assert!(!bytes.windows(word.len()).any(|window| window == word), "no word of anybody is in it");
    }

    // What if bob were not in that queue?
    let changed = desk.dir.join("changed.toml");
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/desk/demo.toml"));
    let text = text.expect("the demo's desk");
    let bob_s =
        "name = \"Bob Novák\"\npassword = \"bob-demo-pass\"\nroles = [\"agent\"]\nqueues = [\"front\"]";
    assert!(text.contains(bob_s), "the demo has changed");
    std::fs::write(&changed, text.replace(bob_s, &bob_s.replace("[\"front\"]", "[\"billing\"]")))
        .expect("written");
    let other = replay(&[path, "--desk", changed.to_str().expect("a path")]);
    let lines = said(&other);
    assert!(other.status.success(), "{lines}{}", String::from_utf8_lossy(&other.stderr));
    assert!(lines.contains(&format!("{asked}: first offered to bob at ")), "{lines}");
    let line = lines.lines().find(|line| line.starts_with(&format!("{asked}: "))).expect("the difference");
    assert!(line.contains("with this desk to alice at "), "{line}");
    assert!(lines.contains("1 conversations would have been offered to another first"), "{lines}");

    // The next start keeps this one; a damaged one is said to be so.
    desk.start_again();
    assert_eq!(desk.stop(), Some(0));
    assert!(replay(&[desk.dir.join("inputs.record.before").to_str().expect("a path")]).status.success());
    let mut damaged = bytes.clone();
    damaged.truncate(bytes.len() - 3);
    std::fs::write(&file, &damaged).expect("written");
    assert!(replay(&[path]).status.success(), "a process that was killed leaves half an entry");
    damaged[12] ^= 0xff;
    std::fs::write(&file, &damaged).expect("written");
    let refused = replay(&[path]);
    assert!(!refused.status.success());
    std::fs::write(&file, b"something else").expect("written");
    let refused = replay(&[path]);
    assert_eq!(refused.status.code(), Some(2));
    let error = String::from_utf8_lossy(&refused.stderr);
    assert!(error.contains("this is no recording"), "{error}");
}
