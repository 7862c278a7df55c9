//! The admin pages on a running box, through its TLS and by a browser's cookie (REQ B-6).

#[path = "admin/browser.rs"]
#[allow(dead_code, reason = "each test uses its part")]
mod browser;
mod support;

use std::os::unix::fs::PermissionsExt;

use browser::{Answer, Browser, Form, encode};
use support::{Desk, Reply};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// A browser on the network.
struct Visitor<'d> {
    desk: &'d Desk,
    cookie: String,
}

impl Visitor<'_> {
    fn get(&self, path: &str) -> Reply {
        self.desk.http("GET", path, &[("cookie", &self.cookie), ("accept", "text/html")], "")
    }

    fn form(&self, path: &str, action: &str) -> Form {
        let reply = self.get(path);
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        Answer { status: reply.status, head: String::new(), body: reply.body }.form(action)
    }

    fn post_from(&self, origin: &str, form: &Form) -> Reply {
        let headers = [("cookie", self.cookie.as_str()), ("origin", origin), FORM];
        self.desk.http("POST", &form.action, &headers, &encode(&form.pairs))
    }

    fn post(&self, form: &Form) -> Reply {
        self.post_from(&self.desk.url, form)
    }
}

fn sign_in_form(username: &str, password: &str) -> Form {
    let pairs = [("username", username), ("password", password), ("then", "/admin/queues")];
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    Form { action: "/admin/sign-in".to_owned(), pairs }
}

fn signed_in<'d>(desk: &'d Desk, username: &str) -> Visitor<'d> {
    let nobody = Visitor { desk, cookie: String::new() };
    let reply = nobody.post(&sign_in_form(username, &format!("{username}-demo-pass")));
    assert_eq!((reply.status, reply.header("location")), (303, Some("/admin/queues")), "{}", reply.body);
    let cookie = reply.header("set-cookie").expect("a cookie");
    for part in ["Secure", "HttpOnly", "SameSite=Strict"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let cookie = cookie.split(';').next().expect("a value").to_owned();
    Visitor { desk, cookie }
}

fn desk_file(desk: &Desk) -> (String, String) {
    let bearer = format!("Bearer {}", desk.login("admin"));
    let reply = desk.http("GET", "/api/v1/desk", &[("authorization", &bearer)], "");
    assert_eq!(reply.status, 200, "{}", reply.body);
    (reply.header("etag").expect("an etag").to_owned(), reply.body)
}

#[test]
fn an_admin_signs_in_changes_the_desk_by_a_form_and_finds_it_in_the_history() {
    let mut desk = Desk::start(&[]);
    {
        let nobody = Visitor { desk: &desk, cookie: String::new() };
        let reply = nobody.get("/admin/queues");
        assert_eq!(reply.status, 303);
        let to = reply.header("location").expect("an address").to_owned();
        assert!(to.starts_with("/admin/sign-in?then="), "{to}");
        let page = nobody.get(&to);
        assert_eq!(page.status, 200);
        // A client that says nothing of what it reads gets the same page, and no door: 401.
        let bare = desk.get("/admin/");
        assert_eq!(bare.status, 401);
        assert!(bare.body.contains("name=\"password\""), "{}", bare.body);
        assert!(page.body.contains("name=\"password\""), "{}", page.body);
        let refused = nobody.post(&sign_in_form("admin", "wrong"));
        assert_eq!((refused.status, refused.header("set-cookie")), (401, None));
        assert!(refused.body.contains("password is wrong"), "{}", refused.body);

        let admin = signed_in(&desk, "admin");
        let pages = ["", "desk", "queues", "people", "changes", "audit", "health", "addresses", "backup"];
        for page in pages.map(|page| format!("/admin/{page}")) {
            let reply = admin.get(&page);
            assert_eq!(reply.status, 200, "{page}: {}", reply.body);
            assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"), "{page}");
        }

        let (before, text) = desk_file(&desk);
        assert!(!text.contains("Corner branch"), "{text}");
        let form = admin.form("/admin/desk", "/admin/desk").set("name", "Corner branch");
        let saved = admin.post(&form);
        assert_eq!(saved.status, 303, "{}", saved.body);
        let to = saved.header("location").expect("an address").to_owned();
        assert_eq!(to, "/admin/desk?saved=2", "the second version of this box");
        assert!(admin.get(&to).body.contains("Corner branch"));
        let (after, text) = desk_file(&desk);
        assert_ne!(before, after);
        assert!(text.contains("name = \"Corner branch\""), "{text}");

        // The form was made from the version before: of two admins the second is told.
        let again = admin.post(&form.clone().set("name", "Other branch"));
        assert_eq!(again.status, 409, "{}", again.body);
        assert_eq!(desk_file(&desk).0, after);
        let faulty = admin.form("/admin/desk", "/admin/desk").set("locale", "none such");
        assert_eq!(admin.post(&faulty).status, 422);

        let history = admin.get("/admin/changes");
        assert!(history.body.contains("Corner branch"), "{}", history.body);
        let undo = admin.form("/admin/changes/2", "/admin/changes/return");
        assert_eq!(admin.post(&undo).status, 303);
        assert!(!desk_file(&desk).1.contains("Corner branch"));
    }
    // Cookie, history and numbers are on disk.
    let admin = signed_in(&desk, "admin").cookie;
    desk.start_again();
    let admin = Visitor { desk: &desk, cookie: admin };
    let form = admin.form("/admin/desk", "/admin/desk").set("name", "Third branch");
    assert_eq!(admin.post(&form).header("location"), Some("/admin/desk?saved=4"));
}

#[test]
fn the_pages_are_for_admins_and_their_forms_come_from_themselves() {
    let desk = Desk::start(&[]);
    let agent = signed_in(&desk, "alice");
    let reply = agent.get("/admin/");
    assert_eq!(reply.status, 403);
    assert!(reply.body.contains("for admins"), "{}", reply.body);

    let admin = signed_in(&desk, "admin");
    let form = admin.form("/admin/desk", "/admin/desk").set("name", "Stolen branch");
    assert_eq!(agent.post(&form).status, 403, "an agent with an admin's form");
    assert!(
        matches!(admin.post_from("https://elsewhere.example", &form).status, 401 | 403),
        "another site's page"
    );
    assert_eq!(admin.post(&form.clone().set("token", "00")).status, 403, "a form without its token");
    let other = signed_in(&desk, "admin");
    assert_eq!(other.post(&form).status, 403, "a form of another sign-in");
    let foreign = other.post_from("https://elsewhere.example", &sign_in_form("admin", "admin-demo-pass"));
    assert_eq!((foreign.status, foreign.header("set-cookie")), (403, None), "a sign-in from another site");
    assert!(!desk_file(&desk).1.contains("Stolen branch"));

    let out = admin.form("/admin/", "/admin/sign-out");
    assert_eq!(admin.post(&out).status, 303);
    assert_eq!(admin.get("/admin/").status, 303, "signed out");
    assert_eq!(other.get("/admin/").status, 200, "elsewhere still signed in");
}

#[test]
fn the_socket_is_for_the_boxs_user_and_what_cannot_be_done_is_refused_by_name() {
    let desk = Desk::start(&[]);
    let socket = desk.dir.join("admin.sock");
    let mode = socket.metadata().expect("the socket is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let root = Browser(socket);
    let restart = root.page("/admin/restart");
    let refused = root.post(&restart.form("/admin/restart"));
    assert_eq!(refused.status, 503, "nobody would start a demo again");
    assert!(refused.body.contains("not started by systemd"), "{}", refused.body);
    let saved = root.saved(&root.form("/admin/desk").set("name", "By root"));
    assert!(saved.body.contains("By root"));
    let history = root.page("/admin/changes");
    assert!(history.body.contains("local root"), "{}", history.body);
}

#[test]
fn a_backup_is_made_sealed_fetched_and_put_in_the_place_of_everything_by_the_pages() {
    let mut desk = Desk::start(&[]);
    let root = Browser(desk.dir.join("admin.sock"));
    let begin = root.page("/admin/backup").form("/admin/backup");
    assert_eq!(root.post(&begin.clone().set("passphrase", "short")).status, 422);
    let good = |count: usize| {
        let deadline = std::time::Instant::now() + support::PATIENCE;
        loop {
            let page = root.page("/admin/backup");
            if page.body.matches("Read back, good").count() == count {
                return page;
            }
            assert!(std::time::Instant::now() < deadline, "{}", page.body);
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    };
    assert_eq!(root.post(&begin).status, 303);
    let page = good(1);
    let name =
        page.body.split("/admin/restore/").nth(1).and_then(|rest| rest.split('"').next()).expect("a name");
    let name = name.to_owned();
    assert!(root.page(&format!("/admin/backup/{name}")).body.starts_with("deskbell backup"));
    // Names are by the second.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    assert_eq!(root.post(&begin.set("passphrase", "correct horse battery")).status, 303);
    let page = good(2);
    let sealed =
        page.body.split("/admin/restore/").nth(1).and_then(|rest| rest.split('"').next()).expect("a name");
    let sealed = sealed.to_owned();
    assert_ne!(name, sealed, "the newest first");
    assert!(root.page(&format!("/admin/backup/{sealed}")).body.starts_with("deskbell sealed"));
    for odd in ["..%2Fstate.redb", "none.deskbell", "%2e%2e%2ftls%2fauthority.json"] {
        assert_eq!(root.get(&format!("/admin/backup/{odd}")).status, 404, "{odd}");
    }
    root.saved(&root.form("/admin/desk").set("name", "After the backup"));
    let place = "After the backup";
    let restore = root.form(&format!("/admin/restore/{sealed}")).set("name", place);
    let wrong = root.post(&restore.clone().set("passphrase", "another horse entirely"));
    assert!(wrong.status == 503 && wrong.body.contains("another passphrase"), "{}", wrong.body);
    let delete = page.form(&format!("/admin/backup/{name}/delete"));
    assert_eq!(root.post(&delete).status, 303);
    assert!(!desk.dir.join("backups").join(&name).exists());
    assert_eq!(root.post(&restore.set("passphrase", "correct horse battery")).status, 202);
    assert_eq!(desk.wait(), Some(0), "to be started again");
    desk.start_again();
    let root = Browser(desk.dir.join("admin.sock"));
    assert!(
        !root.page("/admin/desk").body.contains("After the backup"),
        "the desk of the backup is in force"
    );
}

#[test]
fn a_box_without_staff_asks_for_its_set_up_code_once() {
    let file = tempfile::Builder::new().suffix(".toml").tempfile().expect("a file");
    std::fs::write(file.path(), "version = 1\nname = \"deskbell\"\n").expect("written");
    let mut desk = Desk::start(&["--desk", &file.path().display().to_string()]);
    let kept = desk.dir.join("setup-code");
    assert_eq!(kept.metadata().expect("there is a code").permissions().mode() & 0o777, 0o600);
    let code = std::fs::read_to_string(&kept).expect("readable").trim().to_owned();
    assert!(desk.log().contains(&code), "it stands in the log too");
    let visitor = Visitor { desk: &desk, cookie: String::new() };
    let form = visitor.form("/admin/sign-in", "/admin/set-up");
    let form = form.set("name", "Eva").set("username", "eva").set("password", "a long enough password");
    let wrong = visitor.post(&form.clone().set("code", "AAAAAAAAAAAAAAAA"));
    assert_eq!((wrong.status, wrong.header("set-cookie")), (401, None), "{}", wrong.body);
    let made = visitor.post(&form.clone().set("code", &code));
    assert_eq!(made.status, 303, "{}", made.body);
    let cookie = made.header("set-cookie").and_then(|cookie| cookie.split(';').next()).expect("a cookie");
    let eva = Visitor { desk: &desk, cookie: cookie.to_owned() };
    assert_eq!(eva.get("/admin/people/eva").status, 200);
    assert!(!kept.exists(), "the code is spent");
    let again = visitor.post(&form.set("username", "mallory").set("code", &code));
    assert_eq!(again.header("location"), Some("/admin/sign-in"));
    assert_eq!(eva.get("/admin/people/mallory").status, 404);
    desk.start_again();
    assert!(!kept.exists(), "nor is there one at the next start");
}

/// A desk with four hundred people, each of whom is wrong twice.
fn wrong_in_many_places() -> String {
    let person =
        |n: usize| format!("[[agent]]\nusername = \"no name {n}\"\nname = \"Person\"\ncapacity = -{n}\n");
    format!("version = 1\nname = \"Wrong\"\n{}", (1..=400).map(person).collect::<String>())
}

#[test]
fn a_desk_with_hundreds_of_faults_is_told_quickly_and_no_more_of_them_than_anybody_reads() {
    let desk = Desk::start(&[]);
    let text = wrong_in_many_places();
    let (etag, before) = desk_file(&desk);
    let root = Browser(desk.dir.join("admin.sock"));
    let form = root.form("/admin/import").set("desk", &text).with("act", "apply");
    let told = root.post(&form);
    assert_eq!(told.status, 422);
    let lines = told.body.matches("Line ").count();
    assert!((500..=501).contains(&lines), "{lines} faults on the page");
    assert!(told.body.len() < 1024 * 1024, "{} bytes", told.body.len());

    let bearer = format!("Bearer {}", desk.login("admin"));
    let headers =
        [("authorization", bearer.as_str()), ("if-match", &etag), ("content-type", "application/toml")];
    let reply = desk.http("PUT", "/api/v1/desk", &headers, &text);
    assert_eq!(reply.status, 422, "{}", reply.body.chars().take(300).collect::<String>());
    let error = reply.json()["error"].clone();
    let faults = error["faults"].as_array().map_or(0, Vec::len);
    assert_eq!(faults, 500, "no more than anybody reads");
    assert!(
        error["more"].as_u64().is_some_and(|more| more > 0),
        "and how many there are besides: {}",
        error["more"]
    );
    assert_eq!(desk_file(&desk), (etag, before), "nothing was changed");
    // Others were served meanwhile, and are now.
    desk.agent("alice");
}

#[test]
fn what_a_destructive_change_does_to_running_chats_is_told_before_it_is_done() {
    let desk = Desk::start(&[]);
    let mut alice = desk.agent("alice");
    let mut eva = desk.customer("shop", serde_json::json!({"name": "Eva"}));
    let conversation = eva.start(serde_json::json!({"comment": "a lamp"}));
    alice.take(&conversation);
    let root = Browser(desk.dir.join("admin.sock"));
    let words = "1 conversation is interrupted and can only be ended";
    let page = root.page("/admin/delete/widgets/shop");
    assert!(page.body.contains(words), "{}", page.body);
    let (_, text) = desk_file(&desk);
    let from = text.find("[[widget]]\n").expect("widgets");
    let shop = from + text[from..].find("id = \"shop\"").expect("the shop's");
    let start = text[..shop].rfind("[[widget]]").expect("its head");
    let end = text[shop..].find("\n[[widget]]").or_else(|| text[shop..].find("\n[[masking]]"));
    let end = shop + end.expect("what follows it");
    let without = format!("{}{}", &text[..start], &text[end..]);
    let look = root.form("/admin/import").set("desk", &without).with("act", "look");
    let looked = root.post(&look);
    assert!(looked.status == 200 && looked.body.contains(words), "{}", looked.body);
    eva.say("c1", "still here");
    alice.socket.wait("her words: looking changes nothing", |frame| frame["text"] == "still here");
    assert_eq!(root.post(&page.form("/admin/delete/widgets/shop")).status, 303);
    alice.socket.wait("the warning (REQ S3-9)", |frame| frame["kind"] == "asset_removed");
}

#[test]
fn many_who_knock_at_the_socket_and_say_nothing_keep_nobody_from_chatting() {
    let desk = Desk::start(&[]);
    let socket = desk.dir.join("admin.sock");
    let knock = |_| {
        let mut stream = std::os::unix::net::UnixStream::connect(&socket).expect("the socket takes it");
        std::io::Write::write_all(&mut stream, b"GET /admin/ HTTP/1.1\r\nHost: ad").expect("written");
        stream
    };
    let silent: Vec<_> = (0..100).map(knock).collect();
    let mut alice = desk.agent("alice");
    let mut eva = desk.customer("shop", serde_json::json!({"name": "Eva"}));
    let conversation = eva.start(serde_json::json!({"comment": "a lamp"}));
    alice.take(&conversation);
    let root = Browser(socket.clone());
    assert_eq!(root.get("/admin/queues").status, 200, "whoever does speak is answered");
    drop(silent);
    assert_eq!(root.get("/admin/queues").status, 200);
    assert_eq!(desk.get("/healthz").status, 200);
}
