//! The manual's page for developers of sites: the box serves it, and its examples work as they stand.

mod support;

use std::path::Path;
use std::process::Command;

use serde_json::json;
use support::Desk;
use support::site::{Site, desk_with_keys};

const PAGE: &str = include_str!("../src/manual/signed-customers.html");

/// An example of the page, as a reader would copy it.
fn example(id: &str) -> String {
    let at = PAGE.find(&format!("<code id=\"{id}\">")).expect("the example");
    let from = at + PAGE[at..].find('>').expect("a tag") + 1;
    let code = &PAGE[from..from + PAGE[from..].find("</code>").expect("its end")];
    code.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// A program's output; `None` when this machine does not have it.
fn run(dir: &Path, program: &str, arguments: &[&str]) -> Option<String> {
    let done = Command::new(program).args(arguments).current_dir(dir).output().ok()?;
    assert!(done.status.success(), "{program}: {}", String::from_utf8_lossy(&done.stderr));
    Some(String::from_utf8(done.stdout).expect("text").trim().to_string())
}

#[test]
fn the_box_serves_its_manual_with_every_link_leading_somewhere() {
    let desk = Desk::start(&[]);
    assert_eq!(desk.get("/manual").header("location"), Some("/manual/"));
    for path in [
        "/manual/",
        "/manual/signed-customers.html",
        "/manual/masking.html",
        "/manual/addresses.html",
        "/manual/channels.html",
        "/manual/calls.html",
        "/manual/sockets.html",
        "/manual/widget-script.html",
    ] {
        let page = desk.get(path);
        assert_eq!(page.status, 200, "{path}");
        assert!(page.header("content-type").is_some_and(|kind| kind.starts_with("text/html")), "{path}");
        for quoted in page.body.split("href=\"").skip(1) {
            let to = quoted.split('"').next().expect("quoted");
            match to.strip_prefix('#') {
                Some(id) => assert!(page.body.contains(&format!("id=\"{id}\"")), "{path} leads to {to}"),
                None => assert_eq!(desk.get(to).status, 200, "{path} leads to {to}"),
            }
        }
    }
    assert_eq!(desk.get("/manual/..%2f..%2fCargo.toml").status, 404);
}

#[test]
#[ignore = "wants openssl, and node, python3 with PyJWT or php: make test-box"]
fn the_examples_sign_tokens_that_the_box_takes() {
    let dir = tempfile::tempdir().expect("a folder");
    let here = dir.path();
    let pem = |arguments: &[&str]| {
        run(here, "openssl", arguments).expect("openssl");
        run(here, "openssl", &["pkey", "-in", "chat-key.pem", "-pubout"]).expect("openssl")
    };
    let mut tokens = Vec::new();
    let rsa =
        pem(&["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "chat-key.pem"]);
    std::fs::write(here.join("sign.php"), example("php")).expect("written");
    let php = "include 'sign.php'; echo chat_token(['id' => 'c-1', 'name' => 'Jan']);";
    tokens.extend(run(here, "php", &["-r", php]).map(|token| ("php", token)));

    let p256 =
        pem(&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "chat-key.pem"]);
    std::fs::write(here.join("sign.mjs"), example("node")).expect("written");
    let node = "import('./sign.mjs').then((m) => console.log(m.chatToken({ id: 'c-1', name: 'Jan' })))";
    tokens.extend(run(here, "node", &["-e", node]).map(|token| ("node", token)));
    std::fs::write(here.join("sign.py"), example("python")).expect("written");
    if Command::new("python3").args(["-c", "import jwt"]).output().is_ok_and(|done| done.status.success()) {
        let python = "import sign; print(sign.chat_token({'id': 'c-1', 'name': 'Jan'}))";
        tokens.extend(run(here, "python3", &["-c", python]).map(|token| ("python", token)));
    }
    assert!(!tokens.is_empty(), "none of the three languages is here");

    let text = desk_with_keys(&Site::desk(&[]), &[rsa, p256]);
    let desk = Desk::start_with_text(&text, &[]);
    for (language, token) in tokens {
        println!("{language}");
        let customer = desk.customer("portal", json!({"jwt": token}));
        assert_eq!(customer.welcome["mode"], "persistent", "{language}");
    }
}
