//! Everybody's own sign-in: passwords, one-time codes, recovery codes, and what a role must have.

#[path = "admin/browser.rs"]
#[allow(dead_code, reason = "each test uses its part")]
mod browser;
mod support;

use std::io::Write;
use std::process::{Command, Stdio};

use browser::{Answer, Form, encode};
use serde_json::{Value, json};
use support::drill::one_time_code as code;
use support::{Desk, Reply};

fn sign_in(desk: &Desk, username: &str, password: &str, totp: Option<&str>) -> Reply {
    let mut body = json!({"username": username, "password": password});
    if let Some(totp) = totp {
        body["totp"] = totp.into();
    }
    desk.post("/api/v1/login", &body)
}

fn me(desk: &Desk, token: &str, path: &str, body: &Value) -> Reply {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    desk.http("POST", &format!("/api/v1/me{path}"), &headers, &body.to_string())
}

fn state(desk: &Desk, token: &str) -> Value {
    desk.http("GET", "/api/v1/me", &[("authorization", &format!("Bearer {token}"))], "").json()
}

fn is_signed_in(desk: &Desk, token: &str) -> bool {
    let bearer = format!("Bearer {token}");
    desk.http("GET", "/api/v1/login", &[("authorization", &bearer)], "").status == 200
}

fn error(reply: &Reply) -> String {
    reply.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
}

/// Sets up codes: the secret and the recovery codes.
fn enrol(desk: &Desk, token: &str, password: &str) -> (String, Vec<String>) {
    let begun = me(desk, token, "/totp", &json!({"password": password}));
    assert_eq!(begun.status, 200, "{}", begun.body);
    let secret = begun.json()["secret"].as_str().expect("a secret").to_owned();
    let done = me(desk, token, "/totp/confirm", &json!({"code": code(&secret, -1)}));
    assert_eq!(done.status, 200, "{}", done.body);
    let codes = done.json()["recovery_codes"].as_array().expect("codes").clone();
    (secret, codes.iter().map(|code| code.as_str().expect("text").to_owned()).collect())
}

#[test]
fn a_new_password_ends_every_other_sign_in_and_its_sockets() {
    let mut desk = Desk::start(&[]);
    let token = desk.login("alice");
    let mut elsewhere = desk.agent("alice");
    let mut here = desk.agent_with(&token);
    let change =
        |current: &str, new: &str| me(&desk, &token, "/password", &json!({"current": current, "new": new}));
    for (current, new, status) in [
        ("wrong", "long enough now", 401),
        ("alice-demo-pass", "short", 422),
        ("alice-demo-pass", &"x".repeat(300), 422),
        ("alice-demo-pass", "with a\nline break", 422),
    ] {
        assert_eq!(change(current, new).status, status, "{new}");
    }
    assert!(is_signed_in(&desk, &elsewhere.token));
    assert_eq!(change("alice-demo-pass", "long enough now").status, 204);
    elsewhere.socket.wait("its end", |frame| frame["closed"] == 1008);
    assert!(!is_signed_in(&desk, &elsewhere.token) && is_signed_in(&desk, &token));
    here.socket.ok("presence", json!({"status": "away"}));
    assert_eq!(sign_in(&desk, "alice", "alice-demo-pass", None).status, 401);
    desk.start_again();
    assert_eq!(sign_in(&desk, "alice", "long enough now", None).status, 200, "it is on disk");
    assert!(is_signed_in(&desk, &token) && !is_signed_in(&desk, &elsewhere.token));
}

#[test]
fn codes_are_asked_for_once_set_up_each_is_good_once_and_recovery_codes_too() {
    let mut desk = Desk::start(&[]);
    let (token, other) = (desk.login("alice"), desk.login("alice"));
    assert_eq!(me(&desk, &token, "/totp", &json!({"password": "wrong"})).status, 401);
    assert_eq!(
        me(&desk, &token, "/totp/confirm", &json!({"code": "123456"})).status,
        422,
        "nothing was begun"
    );
    let (secret, codes) = enrol(&desk, &token, "alice-demo-pass");
    assert_eq!(codes.len(), 10);
    assert!(!is_signed_in(&desk, &other) && is_signed_in(&desk, &token), "the others end");
    assert_eq!(state(&desk, &token)["recovery_codes"], 10);

    let try_in = |totp: Option<&str>| sign_in(&desk, "alice", "alice-demo-pass", totp);
    let without = try_in(None);
    assert_eq!((without.status, error(&without).as_str()), (401, "totp_required"));
    assert_eq!(
        error(&sign_in(&desk, "alice", "wrong", None)),
        "unauthorized",
        "no word of codes before the password"
    );
    assert_eq!(try_in(Some("000000")).status, 401);
    let now = code(&secret, 0);
    assert_eq!(try_in(Some(&now)).status, 200);
    let again = try_in(Some(&now));
    assert_eq!((again.status, error(&again).as_str()), (401, "unauthorized"), "replayed");
    assert_eq!(try_in(Some(&codes[0])).status, 200);
    assert_eq!(try_in(Some(&codes[0])).status, 401, "spent");
    desk.start_again();
    assert_eq!(sign_in(&desk, "alice", "alice-demo-pass", Some(&now)).status, 401, "nor after a restart");
    assert_eq!(sign_in(&desk, "alice", "alice-demo-pass", Some(&codes[0])).status, 401);
    assert_eq!(state(&desk, &token)["recovery_codes"], 9);
    let fresh = me(&desk, &token, "/recovery-codes", &json!({"password": "alice-demo-pass"}));
    assert_eq!(fresh.json()["recovery_codes"].as_array().map(Vec::len), Some(10));
    assert_eq!(me(&desk, &token, "/totp/off", &json!({"password": "wrong"})).status, 401);
    assert_eq!(me(&desk, &token, "/totp/off", &json!({"password": "alice-demo-pass"})).status, 204);
    assert_eq!(sign_in(&desk, "alice", "alice-demo-pass", None).status, 200);
    let bearer = format!("Bearer {}", desk.login("admin"));
    let log = desk.http("GET", "/api/v1/audit", &[("authorization", &bearer)], "").body;
    for word in ["totp_on", "totp_off", "recovery_codes"] {
        assert!(log.contains(word), "{word}: {log}");
    }
    assert!(!log.contains(&secret) && !desk.log().contains(&secret));
    let file = desk.http("GET", "/api/v1/desk", &[("authorization", &bearer)], "").body;
    assert!(!file.contains(&secret), "nor does the desk's file know it");
}

#[test]
fn guesses_at_a_code_are_limited_as_those_at_a_password_are() {
    let desk = Desk::start(&[]);
    let token = desk.login("bob");
    enrol(&desk, &token, "bob-demo-pass");
    let statuses: Vec<u16> =
        (0..8).map(|n| sign_in(&desk, "bob", "bob-demo-pass", Some(&format!("00000{n}"))).status).collect();
    assert!(statuses.contains(&429) && !statuses.contains(&200), "{statuses:?}");
}

#[test]
fn a_role_that_must_have_codes_sets_them_up_before_anything_else() {
    let desk = Desk::start_with_desk(
        &[(
            "retention_days = 365",
            "sign_in = { totp_required = [\"supervisor\", \"admin\"] }\nretention_days = 365",
        )],
        &[],
    );
    assert_eq!(sign_in(&desk, "alice", "alice-demo-pass", None).status, 200, "agents need none here");
    let begun = sign_in(&desk, "sofie", "sofie-demo-pass", None);
    assert_eq!((begun.status, begun.json()["set_up"].as_str()), (200, Some("totp")));
    let waiting = begun.json()["token"].as_str().expect("a token").to_owned();
    let bearer = format!("Bearer {waiting}");
    let get = |path: &str| desk.http("GET", path, &[("authorization", &bearer)], "").status;
    assert_eq!(get("/api/v1/login"), 401, "not signed in");
    assert_eq!(get("/api/v1/conversations/c1"), 403);
    assert_eq!(desk.socket("/ws/agent", &[("authorization", &bearer)]).err(), Some(401));
    assert_eq!(
        me(&desk, &waiting, "/password", &json!({"current": "sofie-demo-pass", "new": "long enough"})).status,
        403
    );
    let shown = me(&desk, &waiting, "/totp", &json!({}));
    assert_eq!(shown.status, 200, "{}", shown.body);
    assert!(shown.json()["qr"]["path"].as_str().is_some_and(|path| path.starts_with('M')));
    let secret = shown.json()["secret"].as_str().expect("a secret").to_owned();
    let done = me(&desk, &waiting, "/totp/confirm", &json!({"code": code(&secret, 0)}));
    assert_eq!(done.status, 200, "{}", done.body);
    let token = done.json()["token"].as_str().expect("the real one").to_owned();
    assert!(is_signed_in(&desk, &token) && !is_signed_in(&desk, &waiting));
    assert!(done.header("set-cookie").is_some_and(|cookie| cookie.contains(&token)));
    desk.agent_with(&token);
    let off = me(&desk, &token, "/totp/off", &json!({"password": "sofie-demo-pass"}));
    assert_eq!((off.status, error(&off).as_str()), (403, "not_allowed"));
}

/// A browser on the network, without script.
struct Visitor<'d> {
    desk: &'d Desk,
    cookie: String,
}

impl Visitor<'_> {
    fn get(&self, path: &str) -> Reply {
        self.desk.http("GET", path, &[("cookie", &self.cookie), ("accept", "text/html")], "")
    }

    fn post(&self, form: &Form) -> Reply {
        let form_type = ("content-type", "application/x-www-form-urlencoded");
        let headers = [("cookie", self.cookie.as_str()), ("origin", &self.desk.url), form_type];
        self.desk.http("POST", &form.action, &headers, &encode(&form.pairs))
    }

    fn sign_in(&mut self, username: &str, password: &str, totp: &str) -> Reply {
        let pairs = [("username", username), ("password", password), ("totp", totp)];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let reply = self.post(&Form { action: "/admin/sign-in".to_owned(), pairs });
        if let Some(cookie) = reply.header("set-cookie").and_then(|cookie| cookie.split(';').next()) {
            self.cookie = cookie.to_owned();
        }
        reply
    }
}

fn form(reply: Reply, action: &str) -> Form {
    Answer { status: reply.status, head: String::new(), body: reply.body }.form(action)
}

fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    text.split(start)
        .nth(1)
        .and_then(|rest| rest.split(end).next())
        .unwrap_or_else(|| panic!("no {start} in {text}"))
}

#[test]
fn an_admin_does_all_of_it_by_pages_without_script() {
    let desk = Desk::start_with_desk(
        &[("retention_days = 365", "sign_in = { totp_required = [\"admin\"] }\nretention_days = 365")],
        &[],
    );
    let mut admin = Visitor { desk: &desk, cookie: String::new() };
    let first = admin.sign_in("admin", "admin-demo-pass", "");
    assert_eq!((first.status, first.header("location")), (303, Some("/admin/account")));
    let away = admin.get("/admin/queues");
    assert_eq!(
        (away.status, away.header("location")),
        (303, Some("/admin/account")),
        "nothing else is open yet"
    );
    assert_eq!(admin.post(&Form { action: "/admin/desk".to_owned(), pairs: vec![] }).status, 403);
    let page = admin.get("/admin/account");
    assert!(page.body.contains("Set them up") && !page.body.contains("Everybody"), "{}", page.body);
    let shown = admin.post(&form(page, "/admin/account/begin"));
    assert_eq!(shown.status, 200, "{}", shown.body);
    assert!(shown.body.contains("<svg class=\"qr\""));
    let secret = between(&shown.body, "Secret <code>", "<").to_owned();
    let confirm = form(shown, "/admin/account/confirm");
    assert_eq!(admin.post(&confirm.clone().set("code", "000000")).status, 422);
    let done = admin.post(&confirm.set("code", &code(&secret, -1)));
    assert_eq!(done.status, 200, "{}", done.body);
    assert_eq!(done.body.matches("<li><code>").count(), 10, "the recovery codes, once");
    assert_eq!(admin.get("/admin/queues").status, 303, "the sign-in that waited is not the sign-in");
    assert_eq!(admin.sign_in("admin", "admin-demo-pass", "").status, 401);
    assert_eq!(admin.sign_in("admin", "admin-demo-pass", &code(&secret, 0)).status, 303);
    assert_eq!(admin.get("/admin/queues").status, 200);

    // Her own password: the page stays, everything else ends.
    let page = form(admin.get("/admin/account"), "/admin/account/password");
    let filled = |current: &str, again: &str| {
        page.clone().set("current", current).set("new", "a longer password").set("again", again)
    };
    assert_eq!(admin.post(&filled("admin-demo-pass", "another")).status, 422);
    assert_eq!(admin.post(&filled("wrong", "a longer password")).status, 422);
    let changed = admin.post(&filled("admin-demo-pass", "a longer password"));
    assert_eq!(changed.header("location"), Some("/admin/account?done=password"), "{}", changed.body);
    assert!(admin.get("/admin/account?done=password").body.contains("Your password is changed"));

    // Somebody else has lost hers.
    let token = desk.login("alice");
    enrol(&desk, &token, "alice-demo-pass");
    let reset = form(admin.get("/admin/account"), "/admin/account/reset/alice");
    assert_eq!(admin.post(&reset).header("location"), Some("/admin/account?done=reset"));
    assert!(!is_signed_in(&desk, &token));
    assert_eq!(sign_in(&desk, "alice", "alice-demo-pass", None).status, 200);
}

#[test]
fn whoever_sits_at_the_box_gives_and_takes_codes_with_a_box_running_and_without() {
    let mut desk = Desk::start(&[]);
    let data = desk.dir.display().to_string();
    let user = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_deskbell"));
        command.arg("user").args(arguments).args(["--data", &data]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("runs");
        let _ = child.stdin.take().expect("piped").write_all(b"");
        let output = child.wait_with_output().expect("ends");
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        (output.status.code(), said)
    };
    let secret_of = |said: &str| between(said, "secret  ", "\n").to_owned();
    let token = desk.login("alice");
    let (done, said) = user(&["totp", "alice"]);
    assert_eq!(done, Some(0), "{said}");
    assert!(!is_signed_in(&desk, &token) && said.contains("otpauth://totp/"));
    assert_eq!(sign_in(&desk, "alice", "alice-demo-pass", None).status, 401);
    assert_eq!(sign_in(&desk, "alice", "alice-demo-pass", Some(&code(&secret_of(&said), 0))).status, 200);
    assert_eq!(user(&["totp", "alice", "--off"]).0, Some(0));
    assert_eq!(sign_in(&desk, "alice", "alice-demo-pass", None).status, 200);
    let (none, said) = user(&["totp", "nobody"]);
    assert_eq!((none, said.contains("nobody")), (Some(2), true), "{said}");
    assert_eq!(desk.stop(), Some(0));
    let (done, said) = user(&["totp", "bob"]);
    assert_eq!(done, Some(0), "{said}");
    desk.start_again();
    assert_eq!(sign_in(&desk, "bob", "bob-demo-pass", None).status, 401);
    assert_eq!(sign_in(&desk, "bob", "bob-demo-pass", Some(&code(&secret_of(&said), 0))).status, 200);
}
