//! A box without a clock of its own (REQ D-18): what it does until it knows the time, and when it does. The box
//! runs in this process, so that the test can hold the time service's part.

mod support;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use deskbell::gateway::Face;
use deskbell::shell::boot::{self, Plan};
use deskbell::shell::running::Running;
use deskbell::shell::trust::Vouchers;
use serde_json::{Value, json};
use support::Desk;
use support::site::Site;

const MOMENT: Duration = Duration::from_millis(400);

/// A box on a folder, on a machine that is run by systemd and has no real-time clock.
struct Board {
    running: Option<Running>,
    desk: Desk,
}

impl Board {
    fn start(dir: &Path, text: &str) -> Board {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("bound").port();
        std::fs::write(dir.join("system"), "").expect("written");
        let data = dir.join("data");
        let plan = Plan {
            redirect: None,
            profile: deskbell::ops::profile::Profile::default(),
            data: data.clone(),
            desk: Some(text.to_string()),
            demo: None,
            vouchers: Vouchers {
                synchronized: flag(dir),
                real_time_clock: dir.join("rtc0"),
                own_system: dir.join("system"),
            },
            hosts: vec!["localhost".to_string(), "127.0.0.1".to_string()],
            trusted_proxies: Vec::new(),
            listening: vec![(listener, Face::Both)],
            public_url: None,
            record_bytes: None,
            sip: None,
            relay: None,
            admin: None,
        };
        let running = boot::start(plan).unwrap_or_else(|error| panic!("{error}"));
        Board { running: Some(running), desk: Desk::attach(&data, port) }
    }

    fn stop(mut self) {
        self.running.take().expect("running").stop().expect("clean");
    }
}

fn flag(dir: &Path) -> PathBuf {
    dir.join("synchronized")
}

fn synchronize(dir: &Path) {
    std::fs::write(flag(dir), "").expect("written");
}

/// A desk that is never open by its hours, and whose alerts last five seconds.
fn never_open(site: &Site) -> String {
    let text = Site::desk(&[site]);
    let at = text.find("week = {").expect("a week");
    let end = at + text[at..].find("[[queue]]").expect("queues");
    format!("{}week = {{ mon = [] }}\n\n{}", &text[..at], &text[end..])
        .replacen("mode = \"live\"\n", "mode = \"live\"\nhours = \"office\"\n", 1)
        .replacen("timeout_s = 90", "timeout_s = 5", 1)
}

#[test]
fn a_box_that_does_not_know_the_time_says_so_and_lets_nobody_suffer_for_it() {
    let (site, dir) = (Site::new(), tempfile::tempdir().expect("a folder"));
    let board = Board::start(dir.path(), &never_open(&site));
    let desk = &board.desk;
    let health = desk.get("/healthz");
    assert_eq!(health.status, 503);
    assert_eq!((&health.json()["status"], &health.json()["reason"]), (&json!("degraded"), &json!("clock")));
    let mut alice = desk.agent("alice");
    let banner = |welcome: &Value| {
        let list = welcome["banners"].as_array().expect("banners").clone();
        list.into_iter().find(|banner| banner["kind"] == "clock")
    };
    assert!(banner(&alice.welcome).is_some_and(|banner| banner["text"] != ""), "{}", alice.welcome);

    // Hours count as open: a closed sign at noon would be worse than an open one at night.
    let shop = desk.get("/api/v1/widgets/shop").json();
    assert_eq!(
        (&shop["open"], &shop["opens_at"], &shop["closes_at"]),
        (&json!(true), &Value::Null, &Value::Null)
    );
    let mut live = desk.customer("shop", json!({}));
    let conversation = live.start(json!({"comment": "hi"}));
    alice.take(&conversation);

    // Whether a token has expired nobody can tell.
    let mut socket = desk.socket("/ws/customer?widget=portal", &[]).expect("upgraded");
    socket.send(&json!({"t": "hello", "id": 1, "jwt": site.token("jan")}));
    assert_eq!(socket.wait("a refusal", |frame| frame["re"] == 1)["code"], "unavailable");
    assert_eq!(socket.wait("the end", |frame| !frame["closed"].is_null())["closed"], 1013);

    synchronize(dir.path());
    let closed = alice.socket.wait("the banner's end", |frame| frame["t"] == "banner_closed");
    assert_eq!(closed["kind"], "clock");
    assert_eq!(desk.get("/healthz").status, 200);
    assert_eq!(desk.get("/api/v1/widgets/shop").json()["open"], false);
    assert_eq!(
        desk.customer("shop", json!({})).socket.refused("start", json!({"comment": "hi"})),
        "closed_hours"
    );
    live.say("c1", "a talk goes on");
    desk.customer("portal", json!({"jwt": site.token("jan")}));
    assert_eq!(banner(&desk.agent_with(&alice.token).welcome), None);
    board.stop();
}

#[test]
fn an_admin_who_has_looked_at_the_time_can_vouch_for_it() {
    let (site, dir) = (Site::new(), tempfile::tempdir().expect("a folder"));
    let board = Board::start(dir.path(), &never_open(&site));
    let desk = &board.desk;
    let trust = |username: &str| {
        let bearer = format!("Bearer {}", desk.login(username));
        desk.http("POST", "/api/v1/clock/trust", &[("authorization", &bearer)], "").status
    };
    assert_eq!(trust("alice"), 403);
    assert_eq!(desk.get("/healthz").status, 503);
    assert_eq!(trust("admin"), 204);
    assert_eq!(desk.get("/healthz").status, 200);
    assert_eq!(trust("admin"), 204, "again changes nothing");
    board.stop();
}

#[test]
fn down_time_counts_once_the_clock_is_trusted_and_only_for_what_was_there_before() {
    let (site, dir) = (Site::new(), tempfile::tempdir().expect("a folder"));
    let text = never_open(&site);
    let board = Board::start(dir.path(), &text);
    let (old, token) = {
        let mut alice = board.desk.agent("alice");
        let mut customer = board.desk.customer("shop", json!({}));
        customer.start(json!({"comment": "before"}));
        let offer = alice.socket.of("notification");
        alice.socket.ok("shown", json!({"notification": offer["id"]}));
        (offer["id"].clone(), alice.token.clone())
    };
    board.stop();
    std::thread::sleep(Duration::from_secs(6));

    // Longer down than the alert lasts, but nobody knows how long: it is as it was left.
    let board = Board::start(dir.path(), &text);
    let desk = &board.desk;
    let mut alice = desk.agent_with(&token);
    let pending: Vec<_> = alice.welcome["notifications"].as_array().expect("a list").iter().collect();
    assert_eq!(pending.len(), 1, "{}", alice.welcome);
    assert_eq!(pending[0]["id"], old);
    let mut customer = desk.customer("shop", json!({}));
    customer.start(json!({"comment": "after"}));
    let new = alice.socket.of("notification");
    alice.socket.ok("shown", json!({"notification": new["id"]}));
    let made = Instant::now();
    alice.socket.never("an end", MOMENT, |frame| frame["t"] == "notification_closed");

    synchronize(dir.path());
    let closed = alice.socket.wait("the old one's end", |frame| frame["t"] == "notification_closed");
    assert_eq!((&closed["id"], &closed["reason"]), (&old, &json!("timed_out")));
    assert!(made.elapsed() < Duration::from_secs(4), "at once");
    let closed = alice.socket.wait("the new one's end", |frame| frame["t"] == "notification_closed");
    assert_eq!(closed["id"], new["id"]);
    assert!(made.elapsed() >= Duration::from_secs(4), "not early: it began after the start");
    alice.socket.never("a second end", MOMENT, |frame| {
        frame["t"] == "notification_closed" && (frame["id"] == old || frame["id"] == new["id"])
    });
    board.stop();
}
