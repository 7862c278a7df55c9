//! The command line beside a running box and without one: desk, accounts, backups, restores (REQ B-6).

mod support;

use std::io::{BufRead, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use support::{Desk, PATIENCE};

fn run_with(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_deskbell"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    // A command that takes no input may be gone by then.
    let _ = child.stdin.take().expect("piped").write_all(input.as_bytes());
    child.wait_with_output().expect("it ends")
}

fn run(arguments: &[&str]) -> Output {
    run_with(arguments, "")
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs what must succeed; its output.
fn good(arguments: &[&str], input: &str) -> String {
    let output = run_with(arguments, input);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", err(&output));
    out(&output)
}

/// Runs what must be refused as a fault of whoever typed it; what it says.
fn refused(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}{}", out(&output), err(&output));
    err(&output)
}

fn sign_in(desk: &Desk, username: &str, password: &str) -> u16 {
    desk.post("/api/v1/login", &json!({"username": username, "password": password})).status
}

fn audit(desk: &Desk) -> String {
    let bearer = format!("Bearer {}", desk.login("admin"));
    desk.http("GET", "/api/v1/audit", &[("authorization", &bearer)], "").body
}

/// A closed chat with a word in it that a backup must hold.
fn chat(desk: &Desk, text: &str) -> String {
    let mut alice = desk.agent("alice");
    let mut customer = desk.customer("shop", json!({}));
    let conversation = customer.start(json!({"comment": text}));
    alice.take(&conversation);
    customer.socket.ok("end", json!({}));
    alice.socket.ok("wrapup", json!({"conversation": conversation, "reason": "solved"}));
    conversation
}

fn said_in(desk: &Desk, conversation: &str) -> String {
    let bearer = format!("Bearer {}", desk.login("sofie"));
    desk.http("GET", &format!("/api/v1/conversations/{conversation}"), &[("authorization", &bearer)], "").body
}

#[test]
fn each_command_teaches_how_it_is_used() {
    for command in ["demo", "serve", "desk", "user", "backup", "restore", "doctor"] {
        let told = good(&[command, "--help"], "");
        assert!(
            told.starts_with(&format!("deskbell {command}")) && told.contains("\n    deskbell"),
            "{told}"
        );
        assert_eq!(good(&["help", command], ""), told);
        assert!(good(&["help"], "").contains(&format!("\n  {command} ")), "{command} is on the list");
    }
    assert!(refused(&["user", "add", "eva"]).contains("--data DIR"));
    assert!(
        refused(&["user", "add", "eva", "--data", "/x"]).contains("8 characters"),
        "the password comes first"
    );
    assert!(refused(&["user", "rename", "eva", "--data", "/x"]).contains("there is no"));
    assert!(refused(&["backup", "--data", "/x"]).contains("--to FILE"));
    assert!(refused(&["desk", "export"]).contains("--data DIR"));
}

#[test]
fn each_fault_of_a_desk_is_a_line_and_nothing_else_is() {
    let files = tempfile::tempdir().expect("a folder");
    let file = files.path().join("desk.toml");
    let path = file.display().to_string();
    for (text, faults) in
        [("version = 1\nname = 7\nlocale = \"none such\"\n", 2), ("version = 1\nname = ", 1)]
    {
        std::fs::write(&file, text).expect("written");
        let told = refused(&["desk", "check", &path]);
        assert_eq!(told.lines().count(), faults, "{told}");
        assert!(told.lines().all(|line| line.contains("line ")), "{told}");
    }
}

#[test]
fn a_data_directory_that_cannot_be_used_is_named_in_one_line_and_nothing_is_made() {
    let files = tempfile::tempdir().expect("a folder");
    let file = files.path().join("file");
    std::fs::write(&file, "").expect("written");
    let below = file.join("data").display().to_string();
    let told = refused(&["demo", "--listen", "127.0.0.1:0", "--data", &below]);
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(told.contains(&below), "{told}");

    let desk = Desk::start(&[]);
    let data = desk.dir.display().to_string();
    let told = refused(&["demo", "--listen", "127.0.0.1:0", "--data", &data]);
    assert!(told.contains(&data) && told.contains("in use"), "{told}");
    assert_eq!(desk.get("/healthz").status, 200, "the one that runs goes on");
}

#[test]
fn the_demo_names_the_accounts_of_the_desk_in_force() {
    let files = tempfile::tempdir().expect("a folder");
    let data = files.path().join("data").display().to_string();
    let greeting = |desk: &[&str]| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_deskbell"))
            .args(["demo", "--listen", "127.0.0.1:0", "--data", &data, "--log", "warn"])
            .args(desk)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut lines = std::io::BufReader::new(child.stdout.take().expect("piped")).lines();
        let told: Vec<String> =
            lines.by_ref().map_while(Result::ok).take_while(|line| !line.starts_with("ready ")).collect();
        let _ = child.kill();
        child.wait().expect("it ends");
        told.join("\n")
    };
    let file = files.path().join("desk.toml");
    let text = include_str!("data/desk.example.toml")
        .replacen("username = \"bob\"", "username = \"eva\"", 1)
        .replacen("bob-demo-pass", "eva-demo-pass", 1);
    std::fs::write(&file, text).expect("written");
    let told = greeting(&["--desk", &file.display().to_string()]);
    assert!(told.contains("eva-demo-pass") && told.contains("alice-demo-pass"), "{told}");
    // The stored desk wins over any other, and so do its people.
    let told = greeting(&[]);
    assert!(told.contains("alice-demo-pass") && !told.contains("bob"), "{told}");
    assert!(told.lines().any(|line| line.starts_with("eva ") && line.contains("(as it was set)")), "{told}");
}

#[test]
fn a_mistyped_directory_gets_no_store_and_is_not_backed_up() {
    let files = tempfile::tempdir().expect("a folder");
    let data = files.path().join("no-such-box").display().to_string();
    let to = files.path().join("monday.backup").display().to_string();
    for arguments in [
        &["desk", "export", "--data", &data][..],
        &["backup", "--to", &to, "--data", &data],
        &["user", "totp", "eva", "--data", &data],
    ] {
        let told = refused(arguments);
        assert!(told.contains(&data) && told.lines().count() == 1, "{told}");
    }
    assert!(!Path::new(&data).exists() && !Path::new(&to).exists());
}

#[test]
fn the_fingerprint_to_compare_before_trusting_the_box_is_in_its_log() {
    let desk = Desk::start(&[]);
    let page = desk.get("/trust").body;
    let shown =
        page.split_once("<code>").and_then(|(_, rest)| rest.split_once("</code>")).expect("a fingerprint").0;
    assert_eq!(shown.len(), 32 * 3 - 1, "{shown}");
    assert!(desk.logs(&format!("SHA-256 fingerprint {shown}")), "{}", desk.log());
}

#[test]
fn a_long_way_to_the_data_directory_is_no_obstacle() {
    let files = tempfile::tempdir().expect("a folder");
    let deep = files.path().join("a-branch-office-somewhere".repeat(3)).join("its-data".repeat(10));
    let desk = Desk::start_in(deep, &[]);
    let data = desk.dir.display().to_string();
    assert!(data.len() > 150, "longer than the address of a socket");
    assert!(good(&["desk", "export", "--data", &data], "").contains("username = \"alice\""));
    let bearer = format!("Bearer {}", desk.login("admin"));
    assert_eq!(desk.http("GET", "/admin/", &[("authorization", &bearer)], "").status, 200);
}

#[test]
fn desk_and_accounts_are_changed_on_a_running_box_and_without_one() {
    let mut desk = Desk::start(&[]);
    let data = desk.dir.display().to_string();
    let files = tempfile::tempdir().expect("a folder");
    let file = files.path().join("desk.toml");
    let path = file.display().to_string();
    let apply = |text: &str| {
        std::fs::write(&file, text).expect("written");
        run(&["desk", "apply", &path, "--data", &data])
    };
    let mut alice = desk.agent("alice");

    let text = good(&["desk", "export", "--data", &data], "");
    assert!(text.contains("username = \"alice\"") && !text.contains("argon2"), "no password leaves");
    let done = apply(&format!("{}\n# a note\n", text.replacen("name = \"", "name = \"New ", 1)));
    assert!(out(&done).contains("as change 2"), "{}", err(&done));
    assert!(good(&["desk", "export", "--data", &data], "").contains("name = \"New "));
    let faulty = apply("version = 1\nname = 7\nlocale = \"none such\"\n");
    assert_eq!(faulty.status.code(), Some(2));
    assert_eq!(err(&faulty).lines().count(), 2, "one fault a line: {}", err(&faulty));

    let add = ["user", "add", "eva", "--name", "Eva de Wit", "--roles", "agent,supervisor", "--data", &data];
    good(&add, "eva-long-password\n");
    assert_eq!(sign_in(&desk, "eva", "eva-long-password"), 200);
    let again = run_with(&add, "eva-long-password\n");
    assert_eq!(
        (again.status.code(), err(&again).contains("the same username")),
        (Some(2), true),
        "{}",
        err(&again)
    );
    assert!(
        refused_with(&["user", "password", "nobody", "--data", &data], "long enough\n").contains("nobody")
    );

    // A new password ends what was open under the old one.
    good(&["user", "password", "alice", "--data", &data], "another long one\n");
    alice.socket.wait("the end", |frame| frame["closed"] == 1008);
    let bearer = format!("Bearer {}", alice.token);
    assert_eq!(desk.http("GET", "/api/v1/login", &[("authorization", &bearer)], "").status, 401);
    assert_eq!(
        (sign_in(&desk, "alice", "alice-demo-pass"), sign_in(&desk, "alice", "another long one")),
        (401, 200)
    );
    let log = audit(&desk);
    assert!(log.contains("local root") && !log.contains("another long one"), "{log}");

    assert_eq!(desk.stop(), Some(0));
    good(&["user", "password", "alice", "--data", &data], "a third long one\n");
    good(&["user", "add", "tom", "--data", &data], "tom-long-password\n");
    let done = apply(&good(&["desk", "export", "--data", &data], "").replacen(
        "name = \"New ",
        "name = \"Newer ",
        1,
    ));
    assert_eq!(done.status.code(), Some(0), "{}", err(&done));
    desk.start_again();
    assert_eq!(
        (sign_in(&desk, "alice", "a third long one"), sign_in(&desk, "tom", "tom-long-password")),
        (200, 200)
    );
    assert!(good(&["desk", "export", "--data", &data], "").contains("name = \"Newer "));
}

fn refused_with(arguments: &[&str], input: &str) -> String {
    let output = run_with(arguments, input);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", err(&output));
    err(&output)
}

#[test]
fn a_backup_of_a_working_box_makes_the_same_box_again_sealed_or_not() {
    let desk = Desk::start(&[]);
    let data = desk.dir.display().to_string();
    let files = tempfile::tempdir().expect("a folder");
    let at = |name: &str| files.path().join(name).display().to_string();
    let conversation = chat(&desk, "a word worth keeping");
    std::fs::write(at("words"), "correct horse battery\n").expect("written");
    good(&["backup", "make-key", &at("key")], "");
    assert!(refused(&["backup", "make-key", &at("key")]).contains("exists"), "no key is written over");

    let plain = ["backup", "--to", &at("plain"), "--data", &data, "--keep", "7"];
    assert!(good(&plain, "").contains("read back"));
    good(&["backup", "--to", &at("sealed"), "--data", &data, "--key-file", &at("key")], "");
    good(&["backup", "--to", &at("worded"), "--data", &data, "--passphrase-file", &at("words")], "");
    let holds = |name: &str| {
        let bytes = std::fs::read(at(name)).expect("a file");
        bytes.windows(20).any(|some| some == b"a word worth keeping")
    };
    assert_eq!((holds("plain"), holds("sealed"), holds("worded")), (true, false, false));
    assert!(audit(&desk).contains(&at("sealed")), "the box knows where its backups went");
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(at("plain")).expect("there").permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);

    let short =
        run_with(&["backup", "--to", &at("short"), "--data", &data, "--passphrase-file", "-"], "short\n");
    assert!(err(&short).contains("12 characters"), "{}", err(&short));
    assert!(!Path::new(&at("short")).exists() && !Path::new(&at("short.part")).exists());

    for (name, key) in [("plain", vec![]), ("sealed", vec!["--key-file".to_owned(), at("key")])] {
        let dir = at(&format!("from-{name}"));
        let from = at(name);
        let mut arguments = vec!["restore", "--from", &from, "--data", &dir];
        if !key.is_empty() {
            assert!(refused(&arguments).contains("sealed"), "by name, before anything is made");
            assert!(!Path::new(&dir).join("state.redb").exists());
        }
        arguments.extend(key.iter().map(String::as_str));
        good(&arguments, "");
        assert!(refused(&arguments).contains("--replace"), "there is a store now");
        let again = Desk::start_in(dir.clone().into(), &[]);
        let authority = |dir: &Path| std::fs::read_to_string(dir.join("tls/ca.crt")).expect("an authority");
        assert_eq!(authority(Path::new(&dir)), authority(&desk.dir), "nobody has to trust another");
        assert!(said_in(&again, &conversation).contains("a word worth keeping"));
    }
    let wrong = ["restore", "--from", &at("worded"), "--data", &at("none"), "--key-file", &at("key")];
    assert!(refused(&wrong).contains("another passphrase or key"));
}

#[test]
fn a_file_that_is_no_good_is_refused_by_name_and_nothing_is_touched() {
    let mut desk = Desk::start(&[]);
    let data = desk.dir.display().to_string();
    let files = tempfile::tempdir().expect("a folder");
    let at = |name: &str| files.path().join(name).display().to_string();
    let conversation = chat(&desk, "still here");
    good(&["backup", "make-key", &at("key")], "");
    good(&["backup", "--to", &at("plain"), "--data", &data], "");
    good(&["backup", "--to", &at("sealed"), "--data", &data, "--key-file", &at("key")], "");
    let (plain, sealed) =
        (std::fs::read(at("plain")).expect("read"), std::fs::read(at("sealed")).expect("read"));
    let flipped = |bytes: &[u8], at: usize| {
        let mut bytes = bytes.to_vec();
        bytes[at] ^= 4;
        bytes
    };
    let bad: [(&str, Vec<u8>, &str); 8] = [
        ("empty", Vec::new(), "cut short"),
        ("cut", plain[..plain.len() / 2].to_vec(), "cut short"),
        ("foreign", b"PK\x03\x04 a zip archive and so on".to_vec(), "not a backup"),
        ("newer", flipped(&plain, 16), "a newer deskbell"),
        ("flipped", flipped(&plain, plain.len() / 2), "damaged"),
        ("sealed-cut", sealed[..sealed.len() - 7].to_vec(), "cut short"),
        ("sealed-flipped", flipped(&sealed, sealed.len() / 2), "damaged"),
        ("sealed-head", flipped(&sealed, 40), "another passphrase or key"),
    ];
    for (name, bytes, word) in bad {
        std::fs::write(at(name), bytes).expect("written");
        let from = at(name);
        let mut arguments = vec!["restore", "--from", &from, "--replace", "--data", &data];
        let key = at("key");
        if name.starts_with("sealed") {
            arguments.extend(["--key-file", &key]);
        }
        let said = refused(&arguments);
        assert!(said.contains(word) && said.contains("nothing was changed"), "{name}: {said}");
    }
    // The box has not noticed; nor does one that is stopped.
    assert!(said_in(&desk, &conversation).contains("still here"));
    assert_eq!(desk.stop(), Some(0));
    let before = std::fs::read(desk.dir.join("state.redb")).expect("the state");
    let from = at("flipped");
    assert!(refused(&["restore", "--from", &from, "--replace", "--data", &data]).contains("damaged"));
    assert_eq!(std::fs::read(desk.dir.join("state.redb")).expect("the state"), before);
    assert!(!desk.dir.join("restore.new").exists());
}

#[test]
fn a_restore_over_a_running_box_restarts_it_from_the_backup() {
    let mut desk = Desk::start(&[]);
    let data = desk.dir.display().to_string();
    let files = tempfile::tempdir().expect("a folder");
    let file = files.path().join("backup").display().to_string();
    let before = chat(&desk, "before the backup");
    good(&["backup", "--to", &file, "--data", &data], "");
    let after = chat(&desk, "after the backup");
    assert!(refused(&["restore", "--from", &file, "--data", &data]).contains("--replace"));
    assert!(good(&["restore", "--from", &file, "--data", &data, "--replace"], "").contains("restarts"));
    assert_eq!(desk.wait(), Some(0), "it stops by itself, in order");
    desk.start_again();
    assert!(desk.log().contains("a backup was restored"), "{}", desk.log());
    assert!(said_in(&desk, &before).contains("before the backup"));
    assert!(!said_in(&desk, &after).contains("after the backup"));
    assert!(!desk.dir.join("replaced").exists(), "it has worked");

    // Without a box: kept aside until the next start has worked.
    assert_eq!(desk.stop(), Some(0));
    good(&["restore", "--from", &file, "--data", &data, "--replace"], "");
    assert!(desk.dir.join("replaced/state.redb").exists());
    desk.start_again();
    assert!(!desk.dir.join("replaced").exists());
}

#[test]
fn a_restored_store_that_does_not_start_gives_way_to_the_one_from_before() {
    let mut desk = Desk::start(&[]);
    let data = desk.dir.display().to_string();
    let files = tempfile::tempdir().expect("a folder");
    let (file, other) = (files.path().join("backup"), files.path().join("other"));
    let conversation = chat(&desk, "the real one");
    assert_eq!(desk.stop(), Some(0));
    // A whole backup of a store whose desk no program can read.
    spoilt(&other, &file);
    let path = file.display().to_string();
    good(&["restore", "--from", &path, "--data", &data, "--replace"], "");
    let failed = run(&["demo", "--listen", "127.0.0.1:0", "--data", &data]);
    assert_ne!(failed.status.code(), Some(0));
    assert!(err(&failed).contains("the one from before is back"), "{}", err(&failed));
    desk.start_again();
    assert!(said_in(&desk, &conversation).contains("the real one"));
}

/// A backup at `file` of a store in `dir` with a desk that does not load.
fn spoilt(dir: &Path, file: &Path) {
    use deskbell::shell::records::DeskVersion;
    use deskbell::store::{Options, Store, Table, records::Record};
    let store = Store::<()>::open(Options::new(dir)).expect("a store opens").0;
    let mut value = Vec::new();
    DeskVersion { at_ms: 1, by: "x".to_owned(), toml: "version = 99".to_owned() }.encode(&mut value);
    let mut batch = store.batch();
    batch.put(Table::Desk, &1u64.to_be_bytes(), &value);
    let last = store.submit(batch).expect("submitted");
    store.reader().wait(last, PATIENCE).expect("applied");
    store.backup(file, Duration::from_secs(10), &mut |_| true).expect("a backup");
    store.shutdown().expect("closed");
}

#[test]
fn another_version_keeps_a_copy_and_puts_it_back_when_it_does_not_start() {
    let mut desk = Desk::start(&[]);
    let conversation = chat(&desk, "from the version before");
    assert_eq!(desk.stop(), Some(0));
    let version = desk.dir.join("version");
    assert_eq!(std::fs::read_to_string(&version).expect("noted"), env!("CARGO_PKG_VERSION"));
    assert!(!desk.dir.join("before-upgrade").exists());
    std::fs::write(&version, "0.0.1").expect("written");
    desk.start_again();
    assert!(desk.log().contains("0.0.1"), "{}", desk.log());
    assert!(desk.dir.join("before-upgrade/state.redb").exists(), "kept until the next upgrade");
    assert!(said_in(&desk, &conversation).contains("from the version before"));
    assert_eq!(desk.stop(), Some(0));
    let kept = std::fs::read(desk.dir.join("state.redb")).expect("the state");
    std::fs::write(&version, "0.0.2").expect("written");
    // Nowhere to listen for the desk's pages: the start fails after the store was opened.
    std::fs::remove_file(desk.dir.join("admin.sock")).expect("left by the last start");
    std::fs::create_dir(desk.dir.join("admin.sock")).expect("in its way");
    let data = desk.dir.display().to_string();
    let failed = run(&["demo", "--listen", "127.0.0.1:0", "--data", &data]);
    assert_ne!(failed.status.code(), Some(0));
    assert!(err(&failed).contains("as the version before left it"), "{}", err(&failed));
    assert!(std::fs::read(desk.dir.join("state.redb")).expect("the state") == kept);
    std::fs::remove_dir(desk.dir.join("admin.sock")).expect("out of its way");
    desk.start_again();
    assert!(said_in(&desk, &conversation).contains("from the version before"));
}

#[test]
fn a_disk_that_is_full_in_the_middle_leaves_no_file_and_the_box_unharmed() {
    let desk = Desk::start(&[]);
    let data = desk.dir.display().to_string();
    let files = tempfile::tempdir().expect("a folder");
    let to = files.path().join("backup").display().to_string();
    let conversation = chat(&desk, "on we go");
    // A file that may not grow fails a write in the middle, as a full disk does.
    let script = format!(
        "trap '' XFSZ; ulimit -f 8; exec {} backup --to {to} --data {data}",
        env!("CARGO_BIN_EXE_deskbell")
    );
    let full = Command::new("sh").args(["-c", &script]).output().expect("a shell");
    assert_eq!(full.status.code(), Some(70), "{}", err(&full));
    assert!(err(&full).contains("no backup"), "{}", err(&full));
    assert_eq!(std::fs::read_dir(files.path()).expect("the folder").count(), 0, "nothing half made");
    assert!(said_in(&desk, &conversation).contains("on we go"));
    let deadline = Instant::now() + PATIENCE;
    // The box hears of it when its line breaks; then the next one may begin.
    while run(&["backup", "--to", &to, "--data", &data]).status.code() != Some(0) {
        assert!(Instant::now() < deadline, "no backup is possible any more");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn the_doctor_looks_at_a_box_that_runs_and_at_one_that_does_not() {
    let mut desk = Desk::start(&[]);
    let data = desk.dir.display().to_string();
    let looked = || {
        let output = run(&["doctor", "--data", &data]);
        (output.status.code(), out(&output))
    };
    let line = |text: &str, what: &str| {
        let found = text.lines().find(|line| line.split_whitespace().nth(1) == Some(what));
        found.unwrap_or_else(|| panic!("nothing of {what} in {text}")).to_owned()
    };
    std::fs::set_permissions(&desk.dir, std::os::unix::fs::PermissionsExt::from_mode(0o700)).expect("set");
    let (code, text) = looked();
    assert_eq!(code, Some(0), "{text}");
    assert!(
        line(&text, "box").starts_with("ok") && line(&text, "certificate").contains("localhost"),
        "{text}"
    );
    assert!(line(&text, "port").contains("answers"), "{text}");
    for what in ["clock", "disk", "wear", "memory", "permissions", "encryption"] {
        line(&text, what);
    }
    assert!(line(&text, "backups").contains("none was ever made"));
    let to = desk.dir.join("../doctors-backup").display().to_string();
    good(&["backup", "--to", &to, "--data", &data], "");
    std::fs::remove_file(&to).expect("made");
    assert!(line(&looked().1, "backups").starts_with("ok"));

    assert_eq!(desk.stop(), Some(0));
    let state = desk.dir.join("state.redb");
    std::fs::set_permissions(&state, std::os::unix::fs::PermissionsExt::from_mode(0o644)).expect("set");
    let (code, text) = looked();
    assert_eq!(code, Some(1), "{text}");
    assert!(
        line(&text, "box").starts_with("look") && line(&text, "permissions").starts_with("bad"),
        "{text}"
    );
    assert!(line(&text, "backups").starts_with("ok"), "the store knows: {text}");
    assert!(refused(&["doctor"]).contains("--data DIR"));
    let files = tempfile::tempdir().expect("a folder");
    let nowhere = files.path().join("none").display().to_string();
    let output = run(&["doctor", "--data", &nowhere]);
    assert_eq!(output.status.code(), Some(1), "{}", out(&output));
    assert!(!Path::new(&nowhere).exists(), "looking makes nothing");
}

/// The commands on the list of `deskbell help`.
fn commands() -> Vec<String> {
    let list = good(&["help"], "");
    let lines = list.lines().filter_map(|line| line.strip_prefix("  "));
    lines.filter_map(|line| line.split_whitespace().next()).map(ToString::to_string).collect()
}

/// What bash offers behind these words.
fn completed(words: &[&str]) -> Vec<String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/firmware-config/package/deskbell.bash");
    let ask = "source \"$0\"; COMP_WORDS=(deskbell \"$@\"); COMP_CWORD=$#; _deskbell; printf '%s\\n' \"${COMPREPLY[@]}\"";
    let done = Command::new("bash").args(["-euc", ask, script]).args(words).output().expect("bash runs");
    assert!(done.status.success(), "{words:?}: {}", err(&done));
    out(&done).lines().map(ToString::to_string).collect()
}

#[test]
fn completion_and_manual_page_know_every_command_and_option_that_help_tells() {
    let manual = include_str!("../firmware-config/package/deskbell.1");
    let commands = commands();
    assert!(commands.len() > 8, "{commands:?}");
    let offered = completed(&[""]);
    for command in &commands {
        assert!(offered.contains(command), "{command} is not completed: {offered:?}");
        assert!(
            manual.lines().any(|line| line == format!(".B {command}")),
            "{command} is not in the manual page"
        );
        let help = good(&[command, "--help"], "");
        // The lines on how it is used stand first, the text behind an empty line.
        let usage = help.split("\n\n").next().expect("a line of use");
        let options = help
            .lines()
            .filter_map(|line| line.trim_start().strip_prefix("--"))
            .chain(usage.split("--").skip(1))
            .filter_map(|rest| rest.split(|c: char| !(c.is_ascii_lowercase() || c == '-')).next());
        let offered = completed(&[command, ""]);
        for option in options.map(|name| format!("--{name}")) {
            assert!(offered.contains(&option), "{command} {option} is not completed: {offered:?}");
        }
    }
    let known: Vec<&str> = offered.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
    for word in known {
        let is_known = commands.iter().any(|command| command == word) || ["help", "version"].contains(&word);
        assert!(is_known, "{word} is completed and is no command");
    }
}
