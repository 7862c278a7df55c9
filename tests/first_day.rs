//! The first day of a box: from the package to the first chat, by the README's words and the pages alone, in a Debian
//! of its own and in real Chromium (REQ B-4, B-10). `make test-units` lays ready what it needs and runs it; what it
//! sees lands in `target/screenshots`.

mod support;

#[path = "browser/chromedriver.rs"]
mod chromedriver;
#[path = "units/guest.rs"]
mod guest;
#[path = "browser/page.rs"]
#[allow(dead_code, reason = "each test uses its part")]
mod page;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use guest::{Booted, Guest};
use page::{Browser, keys};
use serde_json::json;

const README: &str = include_str!("../README.md");
/// What the README calls the box; the branch's network leads it there.
const BOX: &str = "https://deskbell.local";
/// The branch's own site, which the box does not serve.
const SITE: &str = "shop.test";
const LAUNCHER: &str = "deskbell-chat >>> button[aria-expanded]";
const FRAME: &str = "deskbell-chat >>> iframe";
const ADMIN_PASSWORD: &str = "a long admin password";
const ALICE_PASSWORD: &str = "a long password of hers";
const BOB_PASSWORD: &str = "a long password of his";

/// Runs in the guest: puts its end of the cable in, does what the README says, and stays until the day is over.
const DAY: &str = "\
set -e
ip addr add @GUEST@/30 dev host0
ip link set host0 up
cd /trial
sh -ex readme.sh >said 2>why || { touch failed; exit 1; }
touch ready
while [ ! -e over ]; do sleep 0.2; done
";

/// A branch on its first day: the box in its guest, a cable to it, and the branch's site.
struct Branch {
    guest: Guest,
    running: Booted,
    address: String,
    site: Site,
}

impl Branch {
    /// Boots a fresh Debian with the package beside it and types what the README says.
    fn open() -> Branch {
        let guest = Guest::new("first-day");
        guest.give("deskbell_0_amd64.deb", &guest::made("old.deb"));
        fs::write(guest.trial.join("readme.sh"), commands()).expect("written");
        let id = std::process::id();
        // A network of four addresses that nobody else on this machine has.
        let net = |host: u32| format!("10.213.{}.{}", id >> 6 & 255, (id & 63) * 4 + host);
        fs::write(guest.trial.join("day.sh"), DAY.replace("@GUEST@", &net(2))).expect("written");
        let machine = format!("bell{}", id % 100_000);
        let running = guest.boot(
            "first-day",
            "/bin/sh /trial/day.sh",
            &["--network-veth", &format!("--machine={machine}")],
        );
        let mut branch = Branch { guest, running, address: net(2), site: Site::open() };
        branch.plug(&format!("ve-{machine}"), &net(1));
        branch.wait("ready");
        branch
    }

    /// This machine's end of the cable, as soon as it is there.
    fn plug(&mut self, cable: &str, address: &str) {
        let ip = |arguments: &[&str]| {
            Command::new("ip").args(arguments).output().is_ok_and(|done| done.status.success())
        };
        let deadline = Instant::now() + support::PATIENCE * 2;
        while !ip(&["addr", "add", &format!("{address}/30"), "dev", cable]) {
            assert!(self.running.runs() && Instant::now() < deadline, "no {cable}: {}", self.told());
            std::thread::sleep(Duration::from_millis(50));
        }
        assert!(ip(&["link", "set", cable, "up"]), "{cable} does not come up");
    }

    fn wait(&mut self, file: &str) {
        let deadline = Instant::now() + Duration::from_secs(120);
        while !self.guest.trial.join(file).exists() {
            let fails = self.guest.trial.join("failed").exists() || !self.running.runs();
            assert!(!fails && Instant::now() < deadline, "no {file}: {}", self.told());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// What the README's commands printed.
    fn said(&self) -> String {
        fs::read_to_string(self.guest.trial.join("said")).unwrap_or_default()
    }

    fn told(&self) -> String {
        let why = fs::read_to_string(self.guest.trial.join("why")).unwrap_or_default();
        format!("{}\n{why}\nmore is in {}", self.said(), self.guest.trial.display())
    }

    /// A person of the branch at a browser that trusts this authority.
    fn person(&self, authority: &str) -> Browser {
        Browser::at(BOX, authority, &format!("MAP deskbell.local {}, MAP {SITE} 127.0.0.1", self.address))
    }

    fn close(self) {
        fs::write(self.guest.trial.join("over"), "").expect("written");
        self.running.ended();
    }
}

/// The commands of the README's way from the package to the first chat.
fn commands() -> String {
    let section = README.split("## From the package to the first chat").nth(1).expect("the section");
    let block = section.split("```sh\n").nth(1).expect("its commands").split("```").next();
    block.expect("their end").to_owned()
}

/// Words of a page that the README must use as well.
fn by_the_readme(words: &str) -> &str {
    let plain = README.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(plain.contains(words), "the README does not say {words:?}");
    words
}

/// The branch's site: one page with whatever was pasted into it.
struct Site {
    pasted: Arc<Mutex<String>>,
    port: u16,
}

impl Site {
    fn open() -> Site {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let pasted = Arc::new(Mutex::new(String::new()));
        let page = Arc::clone(&pasted);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                answer(stream, &page.lock().expect("not poisoned"));
            }
        });
        Site { pasted, port }
    }

    fn address(&self) -> String {
        format!("http://{SITE}:{}", self.port)
    }

    fn paste(&self, snippet: &str) {
        snippet.clone_into(&mut self.pasted.lock().expect("not poisoned"));
    }
}

fn answer(mut stream: TcpStream, pasted: &str) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
    let lines = BufReader::new(&stream).lines().map_while(Result::ok);
    let asked: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let is_icon = asked.first().is_some_and(|line| line.contains("/favicon.ico"));
    let (status, body) = match is_icon {
        true => ("204 No Content", String::new()),
        false => (
            "200 OK",
            format!(
                "<!doctype html><html lang=\"en\"><head><title>Lamps</title></head>\n\
                 <body><h1>Lamps and chairs</h1>\n<p>Come in and look around.</p>\n{pasted}\n</body></html>"
            ),
        ),
    };
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
}

/// Past the browser's warning to the page of trust; the certificate it hands out, as PEM.
fn trusted(branch: &Branch) -> String {
    let stranger =
        rcgen::generate_simple_self_signed(vec!["stranger.test".to_owned()]).expect("a certificate");
    let admin = branch.person(&stranger.cert.pem());
    for words in ["SSL certificate error", "ERR_CERT_AUTHORITY_INVALID"] {
        admin.forgive(words);
    }
    admin.go_unsafely("/trust");
    admin.see_text("h1", "Trust this box");
    admin.picture("first-day-1-trust");
    let link = admin.run("return document.querySelector('a[download]').getAttribute('href');", json!([]));
    assert_eq!(link, "/ca.crt");
    let file: PathBuf = branch.guest.root.join("var/lib/deskbell/tls/ca.crt");
    fs::read_to_string(file).expect("what the link leads to")
}

/// The first admin, by the code the README had printed.
fn set_up(branch: &Branch, admin: &Browser) {
    admin.go(by_the_readme("/admin/"));
    admin.see_text("h1", "Set up this box");
    let said = branch.said();
    let code = said.lines().last().expect("the set-up code");
    assert_eq!(code.len(), 16, "{said}");
    admin.write("#code", code);
    admin.write("#name", "Ada Min");
    admin.write("#username", "ada");
    admin.write("#password", ADMIN_PASSWORD);
    admin.picture("first-day-2-set-up");
    admin.press_text("button", "Make me the admin");
    admin.see_text("h2", "From nothing to a working widget");
    admin.picture("first-day-3-overview");
}

/// All of it on one page; the snippet.
fn make_at_once(branch: &Branch, admin: &Browser) -> String {
    admin.press_text("a", by_the_readme("Do it on one page"));
    admin.write("#name", "Utrecht branch");
    admin.write_anew("#weekdays", "00:00-24:00");
    admin.write("#saturday", "00:00-24:00");
    admin.write_anew("#timezone", "Europe/Amsterdam");
    admin.write("#agent", "Alice Jansen");
    admin.write("#username", "alice");
    admin.write("#password", ALICE_PASSWORD);
    admin.write("#site", &branch.site.address());
    admin.picture("first-day-4-one-page");
    admin.press_text(".savebar button", "Make it");
    admin.see_text(".saved", "Saved at");
    admin.picture("first-day-5-snippet");
    admin.text("pre.code")
}

/// Saves the form before her and sees that it was saved.
fn save(admin: &Browser) {
    admin.press(".savebar .btn--main");
    admin.see_text(".saved", "Saved at");
}

/// Opens the page of something new, types, chooses by typing what the list says, and saves.
fn make(admin: &Browser, subject: &str, typed: &[(&str, &str)], chosen: &[(&str, &str)]) {
    admin.press(&format!(".index a[href='/admin/{subject}']"));
    admin.press(&format!("main a[href='/admin/new/{subject}']"));
    for (name, text) in typed {
        admin.write_anew(&format!("#f [name='{name}']:not([type=hidden])"), text);
    }
    for (name, words) in chosen {
        admin.write(&format!("#f select[name='{name}']"), words);
    }
    admin.picture(&format!("first-day-8-{subject}"));
    save(admin);
}

/// The same once more, each on the page of its own; the snippet.
fn make_one_by_one(branch: &Branch, admin: &Browser) -> String {
    let week = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].map(|day| format!("week.{day}"));
    let mut hours = vec![("id", "always"), ("timezone", "Europe/Amsterdam")];
    hours.extend(week.iter().map(|day| (day.as_str(), "00:00-24:00")));
    make(admin, "hours", &hours, &[]);
    make(admin, "queues", &[("id", "repairs"), ("name", "Repairs")], &[]);
    let bob = [("username", "bob"), ("name", "Bob de Vries"), ("password", BOB_PASSWORD)];
    make(admin, "people", &bob, &[]);
    admin.press_text("#f .checks label", "Repairs");
    save(admin);
    let stream = [("id", "repairs-chat"), ("name", "Repairs chat")];
    make(admin, "workstreams", &stream, &[("channel", "Chat"), ("mode", "Live"), ("queue", "Repairs")]);
    admin.go("/admin/workstreams/repairs-chat/hours");
    admin.write("#f select[name='hours']", "always");
    save(admin);
    let widget = [("id", "repairs-widget"), ("allowed_origins", &branch.site.address())];
    make(admin, "widgets", &widget, &[("workstream", "Repairs chat")]);
    admin.text("pre.code")
}

fn agent(branch: &Branch, authority: &str, username: &str, password: &str) -> Browser {
    let agent = branch.person(authority);
    agent.go(by_the_readme("/agent/"));
    agent.write("#username", username);
    agent.write("#password", password);
    agent.press(".signin__in .btn--main");
    agent.see_text("#presence", "Available");
    agent
}

/// A customer comes to the site, asks, and is answered, both ways.
fn chat(branch: &Branch, authority: &str, agent: &Browser, who: &str, picture: &str) {
    let customer = branch.person(authority);
    customer.go_to(&branch.site.address());
    customer.press(LAUNCHER);
    customer.enter(FRAME);
    customer.write("#f-name", "Eva Smit");
    customer.press(".p__pane .p__go");
    agent.see_text(".alert h2", "Eva Smit");
    agent.picture(&format!("{picture}-alert"));
    agent.press(".alert .btn--main");
    agent.see_text(".talk__head h1", "Eva Smit");
    customer.see_text(".p__who", who);
    customer.write("#write", "Do you mend lamps?");
    customer.write("#write", keys::ENTER);
    agent.see_text(".said:not(.said--us) .bub", "Do you mend lamps?");
    agent.write("#reply", "We do. Bring it in.");
    agent.write("#reply", keys::ENTER);
    customer.see_text(".them .p__text", "We do. Bring it in.");
    agent.picture(&format!("{picture}-agent"));
    customer.leave();
    customer.picture(&format!("{picture}-customer"));
}

#[test]
#[ignore = "boots a system: make test-units"]
fn from_the_package_to_the_first_chat_by_the_readme_and_the_pages_alone() {
    let branch = Branch::open();
    let authority = trusted(&branch);
    let admin = branch.person(&authority);
    set_up(&branch, &admin);
    let snippet = make_at_once(&branch, &admin);
    branch.site.paste(&snippet);
    let alice = agent(&branch, &authority, "alice", ALICE_PASSWORD);
    chat(&branch, &authority, &alice, "Alice Jansen", "first-day-6");

    let snippet = make_one_by_one(&branch, &admin);
    assert!(snippet.contains("repairs-widget"), "{snippet}");
    branch.site.paste(&snippet);
    let bob = agent(&branch, &authority, "bob", BOB_PASSWORD);
    chat(&branch, &authority, &bob, "Bob de Vries", "first-day-9");
    admin.go("/admin/");
    admin.picture("first-day-overview-in-the-end");
    for one in [admin, alice, bob] {
        drop(one);
    }
    branch.close();
}

#[test]
fn the_readmes_commands_install_the_package_and_show_the_code() {
    let commands = commands();
    let lines: Vec<&str> = commands.lines().collect();
    assert!(lines[0].starts_with("apt install ./deskbell_"), "{commands}");
    assert_eq!(lines.last(), Some(&"cat /var/lib/deskbell/setup-code"));
}
