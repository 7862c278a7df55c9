//! A modem on the box, by the spool folders of smstools and of gammu-smsd (REQ S2-22). gammu-smsd itself is the judge
//! of what is put there and of what is read: Debian's package has a telephone that only pretends.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use super::*;
use crate::support::PATIENCE;

/// A desk with a workstream `modem` by this provider, and its spool folder.
struct Modem {
    desk: Desk,
    spool: tempfile::TempDir,
}

fn modem(provider: &str, folders: &[&str]) -> Modem {
    let spool = tempfile::tempdir().expect("a folder");
    for name in folders {
        fs::create_dir(spool.path().join(name)).expect("made");
    }
    let workstream = format!(
        "[[workstream]]\nid = \"modem\"\nchannel = \"sms\"\nqueue = \"front\"\n[workstream.sms]\n\
         provider = \"{provider}\"\nfolder = \"{}\"\n",
        spool.path().display()
    );
    Modem { desk: start(&workstream, &[]), spool }
}

fn smstools() -> Modem {
    modem("spool", &["incoming", "outgoing", "checked", "sent", "failed"])
}

fn gammu() -> Modem {
    modem("gammu", &["inbox", "outbox", "sent", "error"])
}

impl Modem {
    fn path(&self, name: &str) -> PathBuf {
        self.spool.path().join(name)
    }

    /// The one file that a folder comes to hold.
    fn file(&self, folder: &str) -> PathBuf {
        let found = until("a file", || self.files(folder).pop());
        assert_eq!(self.files(folder).len(), 1, "{:?}", self.files(folder));
        found
    }

    /// Files that are not hidden, by name.
    fn files(&self, folder: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path(folder)).expect("there").flatten();
        let hidden =
            |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        let mut files: Vec<PathBuf> =
            entries.map(|entry| entry.path()).filter(|path| !hidden(path)).collect();
        files.sort();
        files
    }

    /// What a daemon does with the file that waits.
    fn moves(&self, from: &str, to: &str) -> PathBuf {
        let file = self.file(from);
        let moved = self.path(to).join(file.file_name().expect("a name"));
        fs::rename(file, &moved).expect("moved");
        moved
    }
}

fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "no {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn gone(path: &Path) {
    until(&format!("end of {}", path.display()), || (!path.exists()).then_some(()));
}

/// What customers wrote in a conversation.
fn heard(agent: &mut Agent, conversation: &str) -> Vec<String> {
    let history = agent.socket.ok("history", json!({"conversation": conversation}));
    let messages = history["messages"].as_array().expect("messages").iter();
    let hers = messages.filter(|one| one["from"]["kind"] == "customer");
    hers.map(|one| one["text"].as_str().expect("a text").to_owned()).collect()
}

fn is_shown(agent: &mut Agent, conversation: &str, seq: &Value, wanted: &str) {
    until(&format!("message {wanted}"), || {
        let history = agent.socket.ok("history", json!({"conversation": conversation}));
        let messages = history["messages"].as_array().expect("messages").iter();
        let mut states =
            messages.filter(|one| one["seq"] == *seq).map(|one| one["delivery"]["state"].clone());
        (states.next() == Some(json!(wanted))).then_some(())
    });
}

#[test]
fn smstools_carries_messages_both_ways_none_twice_and_says_what_became_of_each() {
    let mut of = smstools();
    let mut alice = of.desk.agent("alice");
    let file = of.path("incoming/GSM1.Ab12");
    fs::write(&file, "From: 31612345678\nAlphabet: UTF-8\n\nDobrý den\n").expect("written");
    let offer = offered(&mut alice);
    assert_eq!(offer["fields"][1]["value"], "Dobrý den");
    gone(&file);
    alice.take_known(&offer);
    let conversation = offer["conversation"].as_str().expect("a name").to_owned();

    let seq = alice.say(&conversation, "a1", "Je tady")["seq"].clone();
    let text = fs::read_to_string(of.file("outgoing")).expect("text");
    assert_eq!(text, "To: 31612345678\nAlphabet: UTF-8\n\nJe tady");
    // It lies with the daemon: not sent yet, whatever the folder has taken.
    is_shown(&mut alice, &conversation, &seq, "pending");
    of.moves("outgoing", "checked");
    let sent = of.moves("checked", "sent");
    state(&mut alice, &seq, "sent");
    gone(&sent);
    // The box is away while the modem gives one up.
    let seq = alice.say(&conversation, "a2", "Jsi tam?")["seq"].clone();
    of.file("outgoing");
    is_shown(&mut alice, &conversation, &seq, "pending");
    of.desk.kill();
    let failed = of.moves("outgoing", "failed");
    // The same message again, as if it had not been put away in time: known, and put away.
    fs::write(&file, "From: 31612345678\nAlphabet: UTF-8\n\nDobrý den\n").expect("written");
    of.desk.start_again();
    let mut alice = of.desk.agent("alice");
    is_shown(&mut alice, &conversation, &seq, "failed");
    gone(&failed);
    gone(&file);
    assert_eq!(heard(&mut alice, &conversation), ["Dobrý den"]);
    assert!(of.files("outgoing").is_empty() && of.files("sent").is_empty(), "nothing of it lies about");
}

#[test]
fn gammu_carries_messages_both_ways_none_twice_and_says_what_became_of_each() {
    let mut of = gammu();
    let mut alice = of.desk.agent("alice");
    let wide = |text: &str| {
        [&[0xfe, 0xff][..], &text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>()].concat()
    };
    // A long message, a file a part, a character cut between two of them; as smsd writes them, one after the other.
    let inbox = of.path("inbox");
    let part = |serial: u8, number: u8| {
        inbox.join(format!("IN20261128_100211_{serial:02}_+31612345678_{number:02}.txt"))
    };
    let bytes = wide("Je moje lampa tady? 🐎!");
    let (first, second) = bytes.split_at(bytes.len() - 4);
    let second = [&[0xfe, 0xff][..], second].concat();
    fs::write(part(0, 0), first).expect("written");
    fs::write(part(0, 1), &second).expect("written");
    let offer = offered(&mut alice);
    assert_eq!(offer["title"], "SMS from Melissa de Vries");
    assert_eq!(offer["fields"][1]["value"], "Je moje lampa tady? 🐎!");
    gone(&part(0, 1));
    assert!(of.files("inbox").is_empty());
    alice.take_known(&offer);
    let conversation = offer["conversation"].as_str().expect("a name").to_owned();

    let seq = alice.say(&conversation, "a1", "Žluť 🐎")["seq"].clone();
    let file = of.file("outbox");
    assert_eq!(fs::read(&file).expect("there"), wide("Žluť 🐎"));
    let name = file.file_name().expect("a name").to_string_lossy().into_owned();
    // OUT<priority><date>_<time>_<serial>_<recipient>_<note>.txt
    let fields: Vec<&str> = name.split('_').collect();
    assert_eq!((fields.len(), &name[..4], fields[3]), (5, "OUTC", "+31612345678"), "{name}");
    assert!(
        fields[4].starts_with("deskbell-") && fields[4].ends_with(".txt"),
        "no report is asked for: {name}"
    );
    is_shown(&mut alice, &conversation, &seq, "pending");
    gone(&of.moves("outbox", "sent"));
    state(&mut alice, &seq, "sent");
    // What waits for one recipient goes out in order though it is put at once.
    for text in ["one", "two", "three"] {
        alice.say(&conversation, text, text);
    }
    let files = until("three files", || Some(of.files("outbox")).filter(|files| files.len() == 3));
    let texts: Vec<_> = files.iter().map(|file| fs::read(file).expect("there")).collect();
    assert_eq!(texts, [wide("one"), wide("two"), wide("three")]);
    for file in files {
        fs::rename(&file, of.path("error").join(file.file_name().expect("a name"))).expect("moved");
    }
    let failed = alice.socket.wait("failed", |frame| frame["t"] == "delivery" && frame["state"] == "failed");
    assert_eq!(failed["detail"], "the modem could not send it");
    // smsd was killed before it took the message off the modem: the same again, under the next serial, and the box is
    // started again meanwhile.
    of.desk.start_again();
    fs::write(part(1, 0), first).expect("written");
    fs::write(part(1, 1), &second).expect("written");
    gone(&part(1, 0));
    let mut alice = of.desk.agent("alice");
    assert_eq!(heard(&mut alice, &conversation).len(), 1);
    assert!(!of.desk.log().contains("612345678"), "no number in the log: {}", of.desk.log());
}

#[test]
fn a_sender_by_name_is_heard_and_cannot_be_answered_and_what_is_no_message_stays() {
    let of = gammu();
    let mut alice = of.desk.agent("alice");
    let others = [
        "inbox/IN20261128_100211_00_+3161_00.smsbackup",
        "inbox/IN20261128_100211_00__00.txt",
        "inbox/README",
    ];
    for other in others {
        fs::write(of.path(other), "other").expect("written");
    }
    fs::write(of.path("inbox/IN20261128_100211_00_My_Bank_00.txt"), "Your code is 1234").expect("written");
    let offer = offered(&mut alice);
    assert_eq!(offer["title"], "SMS from My_Bank");
    alice.take_known(&offer);
    let conversation = offer["conversation"].as_str().expect("a name").to_owned();
    let seq = alice.say(&conversation, "a1", "Thanks")["seq"].clone();
    let failed = state(&mut alice, &seq, "failed");
    assert!(failed["detail"].as_str().is_some_and(|why| why.contains("without a number")), "{failed}");
    assert!(of.files("outbox").is_empty());
    assert!(others.iter().all(|other| of.path(other).exists()), "{:?}", of.files("inbox"));
}

#[test]
fn a_spool_without_its_folders_is_waited_for() {
    let of = modem("gammu", &["inbox", "outbox", "error"]);
    let mut alice = of.desk.agent("alice");
    fs::write(of.path("inbox/IN20261128_100211_00_+31612345678_00.txt"), "Hi").expect("written");
    let offer = offered(&mut alice);
    alice.take_known(&offer);
    let conversation = offer["conversation"].as_str().expect("a name").to_owned();
    let seq = alice.say(&conversation, "a1", "Hello")["seq"].clone();
    let waits = state(&mut alice, &seq, "pending");
    assert!(waits["detail"].as_str().is_some_and(|why| why.contains("no folder sent")), "{waits}");
    fs::create_dir(of.path("sent")).expect("made");
    gone(&of.moves("outbox", "sent"));
    state(&mut alice, &seq, "sent");
}

/// gammu-smsd with a telephone that pretends: what lies in its folder is what it has received.
struct Smsd {
    child: Option<Child>,
    dir: tempfile::TempDir,
}

impl Smsd {
    fn new(spool: &Path) -> Smsd {
        let dir = tempfile::tempdir().expect("a folder");
        let at = |name: &str| dir.path().join(name).display().to_string();
        fs::create_dir(at("phone")).expect("made");
        let phone = format!(
            "[gammu]\nmodel = dummy\nconnection = none\nport = {}\ngammuloc = /dev/null\n",
            at("phone")
        );
        let daemon = format!(
            "[smsd]\nservice = files\nlogfile = {}\ndebuglevel = 1\ncommtimeout = 1\nloopsleep = 1\n\
             inboxpath = {spool}/inbox/\noutboxpath = {spool}/outbox/\nsentsmspath = {spool}/sent/\n\
             errorsmspath = {spool}/error/\ninboxformat = unicode\ntransmitformat = auto\n",
            at("log"),
            spool = spool.display()
        );
        fs::write(at("gammurc"), &phone).expect("written");
        fs::write(at("smsdrc"), phone + &daemon).expect("written");
        Smsd { child: None, dir }
    }

    fn start(&mut self) {
        let child = Command::new("gammu-smsd")
            .arg("-c")
            .arg(self.dir.path().join("smsdrc"))
            // What it says in its log is in this.
            .env("LC_ALL", "C.UTF-8")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect(
                "gammu-smsd comes from Debian (`make tools`); without it the modem's folders go unproved",
            );
        self.child = Some(child);
    }

    /// The telephone gets a message; before it is started, since only one may use it at a time.
    fn gets(&self, from: &str, text: &str) {
        use std::io::Write;
        let mut gammu = Command::new("gammu")
            .arg("-c")
            .arg(self.dir.path().join("gammurc"))
            .args(["savesms", "TEXT", "-folder", "1", "-unread", "-sender", from, "-unicode", "-len", "400"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("gammu comes from Debian (`make tools`)");
        gammu.stdin.take().expect("piped").write_all(text.as_bytes()).expect("written");
        assert!(gammu.wait().expect("ends").success(), "gammu has put a message into the telephone");
    }

    fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.dir.path().join("log")).unwrap_or_default()).into_owned()
    }
}

impl Drop for Smsd {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

#[test]
fn gammu_smsd_itself_takes_what_is_put_there_and_what_it_writes_is_read() {
    let of = gammu();
    let mut smsd = Smsd::new(of.spool.path());
    let mut alice = of.desk.agent("alice");
    // Four parts of UCS-2.
    let long = ["Žluťoučký kůň 🐎 úpěl ďábelské ódy."; 7].join(" ");
    smsd.gets("+31612345678", &long);
    smsd.start();
    let offer = offered(&mut alice);
    let session = alice.take_known(&offer);
    assert_eq!(session["messages"][0]["text"], long, "{}", smsd.log());
    let conversation = offer["conversation"].as_str().expect("a name").to_owned();
    assert_eq!(heard(&mut alice, &conversation).len(), 1, "one message, whatever its parts");

    let short = alice.say(&conversation, "a1", "It is here. € 30 {net}")["seq"].clone();
    let wide = alice.say(&conversation, "a2", &long)["seq"].clone();
    for seq in [&short, &wide] {
        is_shown(&mut alice, &conversation, seq, "sent");
    }
    // What it has sent, by its own account, and that nothing of it lies about.
    let log = smsd.log();
    assert!(log.contains("Found 1 sms to \"+31612345678\" with text \"It is here. € 30 {net}\""), "{log}");
    assert!(log.contains("Found 4 sms to \"+31612345678\" with text \"Žluťoučký kůň 🐎 "), "{log}");
    assert!(log.contains("(total: 1) to +31612345678"), "{log}");
    assert!(log.contains("(total: 4) to +31612345678"), "{log}");
    until("empty folders", || {
        ["outbox", "sent", "error", "inbox"].iter().all(|folder| of.files(folder).is_empty()).then_some(())
    });
}
