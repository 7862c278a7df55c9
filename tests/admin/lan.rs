//! The gateway's side: who gets a page, who gets the way to sign in, and what comes when there is none.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use deskbell::admin::{Door, Entering, Forwarder, SetUp, SignIn, Way};
use deskbell::gateway::{Caller, Method, Refused, Request, Response, Role, Roles, TokenHash};

use super::browser::{self, Answer};
use super::house;

/// The door of a test: one name, one password.
#[derive(Default)]
struct Gate {
    out: AtomicUsize,
    is_new: bool,
}

impl Door for Gate {
    fn sign_in(&self, who: SignIn) -> Entering<Result<Way, Refused>> {
        let good = who.username == "admin" && who.password.expose() == "right";
        Box::pin(async move {
            if good {
                Ok(Way { cookie: "__Host-deskbell=secret".to_owned(), must_set_up: false })
            } else {
                Err(Refused::new(401, "unauthorized", "Username or password is wrong."))
            }
        })
    }

    fn sign_out(&self, _: &Caller) -> Entering<()> {
        self.out.fetch_add(1, Ordering::SeqCst);
        Box::pin(async {})
    }

    fn needs_set_up(&self) -> bool {
        self.is_new
    }

    fn set_up(&self, who: SetUp) -> Entering<Result<String, Refused>> {
        let good = who.code.expose() == "code" && who.name == "Eva" && who.username == "eva";
        Box::pin(async move {
            if good {
                Ok("__Host-deskbell=secret".to_owned())
            } else {
                Err(Refused::new(403, "forbidden", "The code is wrong or too old."))
            }
        })
    }
}

fn request(method: Method, path: &str, caller: Option<(&str, Role)>) -> Request {
    let mut request = Request::for_test(method, path).with_header("accept", "text/html,*/*");
    request.caller = caller.map(|(name, role)| Caller {
        agent: name.into(),
        roles: Roles::NONE.with(role),
        token: TokenHash::of(name),
    });
    request
}

fn read(response: &Response) -> Answer {
    let body = String::from_utf8_lossy(response.body_bytes()).into_owned();
    Answer { status: response.status(), head: String::new(), body }
}

#[test]
fn an_admin_on_the_lan_saves_through_the_gateway_in_their_own_name() {
    let house = house();
    let forwarder = Forwarder::new(&house.browser.0, house.key.clone(), Arc::new(Gate::default()));
    let ask = |request| smol::block_on(forwarder.page(request));
    let path = "/admin/queues/front";
    let page = ask(request(Method::Get, path, Some(("admin", Role::Admin))));
    assert_eq!((page.status(), page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let form = read(&page).form(path).set("priority", "4");
    let post = |who: &str| {
        let mut request = request(Method::Post, path, Some((who, Role::Admin)));
        request.body = browser::encode(&form.pairs).into_bytes();
        ask(request)
    };
    assert_eq!(post("mallory").status(), 403, "a form token is bound to who it was made for");
    let saved = post("admin");
    assert_eq!((saved.status(), saved.header("location")), (303, Some("/admin/queues/front?saved=2")));
    assert!(house.browser.page("/admin/changes").body.contains("<td>admin</td>"));
    let file = ask(request(Method::Get, "/admin/desk.toml", Some(("admin", Role::Admin))));
    assert!(file.header("content-disposition").expect("saved").starts_with("attachment"));
}

#[test]
fn without_the_role_there_is_no_page_and_without_a_sign_in_there_is_the_way_to_one() {
    let house = house();
    let forwarder = Forwarder::new(&house.browser.0, house.key.clone(), Arc::new(Gate::default()));
    let ask = |request| smol::block_on(forwarder.page(request));
    assert_eq!(ask(request(Method::Get, "/admin/", Some(("alice", Role::Agent)))).status(), 403);
    let away = ask(request(Method::Get, "/admin/queues/front", None));
    assert_eq!(
        (away.status(), away.header("location")),
        (303, Some("/admin/sign-in?then=%2Fadmin%2Fqueues%2Ffront"))
    );
    assert_eq!(ask(request(Method::Post, "/admin/queues/front", None)).status(), 401);
}

#[test]
fn the_sign_in_page_works_without_script_and_goes_only_to_pages_of_ours() {
    let house = house();
    let gate = Arc::new(Gate::default());
    let forwarder = Arc::new(Forwarder::new(&house.browser.0, house.key.clone(), gate.clone()));
    let routes = deskbell::admin::routes(forwarder);
    let ask = |request: Request| {
        let path = request.path.clone();
        let route = routes
            .iter()
            .find(|route| route.method == request.method && route.path == path)
            .expect("a route");
        smol::block_on((route.handler)(request))
    };
    let page = ask(request(Method::Get, "/admin/sign-in", None).with_query("then=/admin/people"));
    let form = read(&page).form("/admin/sign-in");
    assert_eq!(form.value("then"), "/admin/people");
    let post = |password: &str, then: &str, own: bool| {
        let form = form.clone().set("username", "admin").set("password", password).set("then", then);
        let mut request = request(Method::Post, "/admin/sign-in", None);
        (request.body, request.own_origin) = (browser::encode(&form.pairs).into_bytes(), own);
        ask(request)
    };
    let wrong = post("wrong", "/admin/people", true);
    assert_eq!(wrong.status(), 401);
    assert!(
        read(&wrong).body.contains("Username or password is wrong.")
            && !read(&wrong).body.contains("value=\"wrong\"")
    );
    assert_eq!(post("right", "/admin/people", false).status(), 403, "another site signs nobody in");
    let right = post("right", "/admin/people", true);
    assert_eq!((right.status(), right.header("location")), (303, Some("/admin/people")));
    assert!(right.header("set-cookie").is_some());
    assert_eq!(post("right", "https://evil.example/", true).header("location"), Some("/admin/"));
    let mut out = request(Method::Post, "/admin/sign-out", Some(("admin", Role::Admin)));
    out.own_origin = true;
    assert!(ask(out).header("set-cookie").expect("taken out").contains("Max-Age=0"));
    assert_eq!(gate.out.load(Ordering::SeqCst), 1);
}

#[test]
fn the_gateway_answers_when_the_pages_are_gone_or_their_answer_is_too_large() {
    let house = house();
    house.shelf.set_backup(vec![0; 9 * 1024 * 1024]);
    let forwarder = Forwarder::new(&house.browser.0, house.key.clone(), Arc::new(Gate::default()));
    let admin = Some(("admin", Role::Admin));
    let large =
        smol::block_on(forwarder.page(request(Method::Get, "/admin/backup/2026-03-02.deskbell", admin)));
    assert_eq!(large.status(), 502);
    assert!(read(&large).body.contains("deskbell backup --to FILE"));
    assert_eq!(house.browser.get("/admin/backup/2026-03-02.deskbell").body.len(), 9 * 1024 * 1024);
    let nowhere = Forwarder::new(
        std::path::Path::new("/nonexistent/admin.sock"),
        house.key.clone(),
        Arc::new(Gate::default()),
    );
    let gone = smol::block_on(nowhere.page(request(Method::Get, "/admin/", admin)));
    assert_eq!((gone.status(), gone.header("retry-after")), (503, Some("1")));
}

#[test]
fn many_ask_at_once_and_each_gets_a_page_or_a_refusal_by_name() {
    let house = house();
    let forwarder = Forwarder::new(&house.browser.0, house.key.clone(), Arc::new(Gate::default()));
    let forwarder = &forwarder;
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let ask = || {
            smol::block_on(forwarder.page(request(
                Method::Get,
                "/admin/people",
                Some(("admin", Role::Admin)),
            )))
            .status()
        };
        let threads: Vec<_> = (0..16).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|thread| thread.join().expect("answered")).collect()
    });
    assert!(statuses.iter().all(|status| matches!(status, 200 | 503)), "{statuses:?}");
    assert!(statuses.iter().filter(|status| **status == 200).count() >= 4, "{statuses:?}");
}

#[test]
fn a_box_without_staff_asks_for_its_code_and_makes_the_first_admin() {
    let house = house();
    let gate = Arc::new(Gate { is_new: true, ..Gate::default() });
    let forwarder = Arc::new(Forwarder::new(&house.browser.0, house.key.clone(), gate));
    let routes = deskbell::admin::routes(forwarder);
    let ask = |request: Request| {
        let path = request.path.clone();
        let is_it = |route: &&deskbell::gateway::Route| route.method == request.method && route.path == path;
        smol::block_on((routes.iter().find(is_it).expect("a route").handler)(request))
    };
    let page = read(&ask(request(Method::Get, "/admin/sign-in", None)));
    let form =
        page.form("/admin/set-up").set("name", "Eva").set("username", "eva").set("password", "eva-good-pass");
    let post = |code: &str| {
        let mut request = request(Method::Post, "/admin/set-up", None);
        request.body = browser::encode(&form.clone().set("code", code).pairs).into_bytes();
        request.own_origin = true;
        ask(request)
    };
    let wrong = post("guess");
    assert_eq!(wrong.status(), 403);
    let again = read(&wrong).form("/admin/set-up");
    assert_eq!((again.value("name"), again.value("password")), ("Eva", ""), "what is no secret stays");
    let right = post("code");
    assert_eq!((right.status(), right.header("location")), (303, Some("/admin/")));
    assert!(right.header("set-cookie").is_some());
}
