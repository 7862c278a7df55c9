//! A customer's copy by mail, through a stand-in mail relay that checks its side of the dialogue (REQ B-11).

mod support;

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};
use std::sync::Arc;

use deskbell::channels::call::{self, Call, FromRelay, Letter, Reply, ToRelay};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;
use support::smtp::{Lines, Mood, PASSWORD, Smtp, USER};
use support::{Agent, Customer, Desk};

/// A retry's first wait is a quarter of a second then.
const FAST: &[&str] = &["--clock-speed", "20"];

fn desk_with(smtp: &Smtp) -> Desk {
    let mail = format!(
        "[mail]\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\nfrom = \"The branch <chat@branch.example>\"\n[masking]",
        smtp.port
    );
    Desk::start_with_desk(&[("[masking]", &mail)], FAST)
}

/// A chat that has ended, in Dutch.
fn ended_chat(desk: &Desk, agent: &mut Agent) -> (Customer, String) {
    let mut eva = desk.customer("shop", json!({"locale": "nl"}));
    let conversation = eva.start(json!({"name": "Eva Smit", "comment": "Is my lamp in?"}));
    agent.take(&conversation);
    agent.say(&conversation, "a1", "It is here.\n.\nMAIL FROM: nobody");
    eva.say("c1", "Bcc: all@example.org, and call me on +31612345678");
    assert_eq!(
        eva.socket.refused("copy", json!({"email": "eva@example.org"})),
        "not_allowed",
        "not over yet"
    );
    eva.socket.ok("end", json!({}));
    agent.socket.ok("wrapup", json!({"conversation": conversation, "reason": "solved"}));
    (eva, conversation)
}

#[test]
fn a_customer_is_sent_her_copy_once_she_asks_and_nobody_else_is() {
    let smtp = Smtp::start(Lines::Clear);
    let mut desk = desk_with(&smtp);
    assert_eq!(desk.get("/api/v1/widgets/shop").json()["copy_by_mail"], true);
    let mut alice = desk.agent("alice");
    let (mut eva, _) = ended_chat(&desk, &mut alice);
    for bad in [
        "eva",
        "eva@example.org\r\nBcc: all@example.org",
        "eva@example.org\nRCPT TO:<all@example.org>",
        "eva@example.org, all@example.org",
        "Eva <eva@example.org>",
        &format!("{}@example.org", "a".repeat(300)),
    ] {
        assert_eq!(eva.socket.refused("copy", json!({ "email": bad })), "bad_request", "{bad:?}");
    }
    assert_eq!(eva.socket.refused("copy", json!({"email": 7})), "bad_request");
    let mut passer_by = desk.customer("shop", json!({}));
    assert_eq!(passer_by.socket.refused("copy", json!({"email": "a@example.org"})), "not_found");
    let mut ignored = desk.customer("shop", json!({}));
    alice.socket.ok("presence", json!({"status": "do_not_disturb"}));
    ignored.start(json!({"name": "Buy this", "comment": "https://spam.example"}));
    ignored.socket.ok("end", json!({}));
    let refused = ignored.socket.refused("copy", json!({"email": "victim@example.org"}));
    assert_eq!(refused, "not_allowed", "nobody here took it");

    // Not now; then taken, and the answer lost: the same letter again, by its name.
    smtp.next(Mood::Code(451));
    smtp.next(Mood::TakenAndGone);
    eva.socket.ok("copy", json!({"email": "eva@example.org"}));
    let letters = smtp.wait(2);
    let names: Vec<_> = letters.iter().map(|letter| letter.header("Message-ID")).collect();
    assert_eq!(names[0], names[1]);
    let letter = &letters[1];
    assert_eq!(
        (letter.from.as_str(), &letter.to),
        ("chat@branch.example", &vec!["eva@example.org".to_owned()])
    );
    assert_eq!(letter.header("To"), ["eva@example.org"]);
    assert_eq!(letter.header("Subject"), ["Je chat met Utrecht branch"]);
    assert_eq!(letter.header("Auto-Submitted"), ["auto-generated"]);
    assert!(letter.header("Bcc").is_empty(), "{}", letter.text);
    // As she has it: hers unmasked, everybody's words, none of them a command.
    for words in [
        "Jij: Is my lamp in?",
        "Alice Jansen: It is here.\r\n.\r\nMAIL FROM: nobody",
        "Jij: Bcc: all@example.org, and call me on +31612345678",
        "Je hebt om deze kopie gevraagd.",
    ] {
        assert!(letter.text.contains(words), "{words:?} in {}", letter.text);
    }

    // Refused for good is not tried again; two more may be asked for, and then no more.
    eva.socket.ok("copy", json!({"email": "gone@example.org"}));
    eva.socket.ok("copy", json!({"email": "eva@example.org"}));
    assert_eq!(smtp.wait(3)[2].to, ["eva@example.org"]);
    let answer = eva.socket.ask("copy", json!({"email": "eva@example.org"}));
    assert_eq!(answer["code"], "rate_limited");
    assert!(answer["retry_after_ms"].as_u64().is_some_and(|ms| ms > 3_600_000), "{answer}");

    // What was promised outlives the box, and a mail relay that is down.
    let (mut jan, _) = {
        alice.socket.ok("presence", json!({"status": "available"}));
        ended_chat(&desk, &mut alice)
    };
    smtp.set_down(true);
    jan.socket.ok("copy", json!({"email": "jan@example.org"}));
    desk.kill();
    desk.start_again();
    smtp.set_down(false);
    assert_eq!(smtp.wait(4)[3].to, ["jan@example.org"]);
    // A restart gives nobody new ones.
    let mut eva = desk.customer("shop", json!({ "resume": eva.resume() }));
    let answer = eva.socket.ask("copy", json!({"email": "eva@example.org"}));
    assert_eq!(answer["code"], "rate_limited", "{answer}");
    assert_eq!(smtp.letters(), 4);
}

#[test]
fn without_a_mail_relay_there_is_no_copy_by_mail() {
    let desk = Desk::start(&[]);
    assert_eq!(desk.get("/api/v1/widgets/shop").json()["copy_by_mail"], false);
    let mut alice = desk.agent("alice");
    let (mut eva, _) = ended_chat(&desk, &mut alice);
    assert_eq!(eva.socket.refused("copy", json!({"email": "eva@example.org"})), "not_allowed");
}

#[test]
fn a_mail_relay_that_cannot_be_meant_is_a_fault_and_its_password_is_in_no_export() {
    let example = include_str!("data/desk.example.toml");
    let with = |lines: &str| {
        let text = example.replacen("[masking]", &format!("[mail]\n{lines}\n[masking]"), 1);
        deskbell::desk::load(&text).map_err(|faults| faults.to_string())
    };
    for (lines, fault) in [
        ("from = \"chat@branch.example\"", "host"),
        ("host = \"mail.example\"", "from"),
        ("host = \"mail.example\"\nfrom = \"the branch\"", "from"),
        ("host = \"https://mail.example\"\nfrom = \"chat@branch.example\"", "host"),
        ("host = \"mail.example\"\nfrom = \"chat@branch.example\"\nsecurity = \"none\"", "security"),
        ("host = \"mail.example\"\nfrom = \"chat@branch.example\"\nport = 0", "port"),
        ("host = \"mail.example\"\nfrom = \"chat@branch.example\"\nhots = 1", "hots"),
    ] {
        let faults = with(lines).map(drop).expect_err(lines);
        assert!(faults.contains(&format!("mail.{fault}")), "{lines}: {faults}");
    }
    let lines =
        "host = \"mail.example\"\nfrom = \"chat@branch.example\"\nuser = \"box\"\npassword = \"hunter2\"";
    let loaded = with(lines).expect("it loads").desk;
    let exported = loaded.export();
    assert!(exported.contains("host = \"mail.example\"") && !exported.contains("hunter2"), "{exported}");
    // Put back as it was exported, it keeps its password.
    let mut again = deskbell::desk::load_with(
        &exported,
        deskbell::desk::LoadOptions { allow_missing_secrets: true, ..Default::default() },
    )
    .expect("it loads")
    .desk;
    again.keep_secrets_from(&loaded);
    assert_eq!(again.mail, loaded.mail);
}

/// A server's certificate for `localhost`, and the authority that gave it.
fn certified() -> (Arc<rustls::ServerConfig>, String) {
    let authority_key = rcgen::KeyPair::generate().expect("a key");
    let mut authority = rcgen::CertificateParams::default();
    authority.distinguished_name.push(rcgen::DnType::CommonName, "Trial authority");
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let pem = authority.self_signed(&authority_key).expect("a certificate").pem();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let key = rcgen::KeyPair::generate().expect("a key");
    let params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    let certificate = params.signed_by(&key, &issuer).expect("signed");
    let chain = vec![CertificateDer::from_pem_slice(certificate.pem().as_bytes()).expect("a certificate")];
    let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("they fit");
    (Arc::new(config), pem)
}

/// Gives letters to a relay of its own that trusts `authority`, as the box would; what it says of each.
fn relayed(authority: &str, letters: &[Letter]) -> Vec<Reply> {
    let dir = tempfile::tempdir().expect("a folder");
    let (socket, file) = (dir.path().join("relay.sock"), dir.path().join("ca.pem"));
    std::fs::write(&file, authority).expect("written");
    let listener = UnixListener::bind(&socket).expect("a socket");
    let mut relay = Command::new(env!("CARGO_BIN_EXE_deskbell"))
        .args(["relay", "--log", "warn", "--socket"])
        .arg(&socket)
        .env("SSL_CERT_FILE", &file)
        .stdin(Stdio::null())
        .spawn()
        .expect("the relay starts");
    let (stream, _) = listener.accept().expect("the relay comes");
    let mut writer = stream.try_clone().expect("a line");
    let mut lines = BufReader::new(stream).lines();
    let replies = letters
        .iter()
        .map(|letter| {
            let call = ToRelay::Call { n: 1, call: Call::Letter(letter.clone()) };
            writer.write_all(call::line(&call).as_bytes()).expect("written");
            let line = lines.next().expect("a line").expect("read");
            match serde_json::from_str(&line).expect("JSON") {
                FromRelay::Reply { reply, .. } => reply,
                other => panic!("{other:?}"),
            }
        })
        .collect();
    let _ = relay.kill();
    let _ = relay.wait();
    replies
}

#[test]
fn a_letter_goes_over_tls_to_whom_is_trusted_and_to_nobody_else() {
    let (config, authority) = certified();
    let (_, stranger) = certified();
    for (lines, security) in [(Lines::Starttls(Arc::clone(&config)), "starttls"), (Lines::Tls(config), "tls")]
    {
        let smtp = Smtp::start(lines);
        let letter = Letter {
            host: "localhost".into(),
            port: smtp.port,
            security: security.into(),
            user: USER.into(),
            password: PASSWORD.into(),
            from: "chat@branch.example".into(),
            to: "eva@example.org".into(),
            text: "From: chat@branch.example\r\nTo: eva@example.org\r\n\r\nHello\r\n.hidden\r\n".into(),
        };
        let wrong = Letter { password: "guessed".into(), ..letter.clone() };
        let replies = relayed(&authority, &[letter.clone(), wrong]);
        assert!(matches!(&replies[0], Reply::Answer { status: 250, .. }), "{security}: {replies:?}");
        assert!(matches!(&replies[1], Reply::Answer { status: 535, .. }), "{security}: {replies:?}");
        assert!(smtp.wait(1)[0].text.contains("\r\nHello\r\n.hidden\r\n"));
        let replies = relayed(&stranger, std::slice::from_ref(&letter));
        assert!(matches!(&replies[0], Reply::Unreached(_)), "{security}: {replies:?}");
        // Who asks for TLS never falls back to the clear.
        let clear = Smtp::start(Lines::Clear);
        let replies = relayed(&authority, &[Letter { port: clear.port, ..letter }]);
        assert!(!matches!(&replies[0], Reply::Answer { status: 250, .. }), "{security}: {replies:?}");
        assert_eq!((clear.letters(), smtp.letters()), (0, 1), "{security}");
    }
    let nobody = Letter {
        host: "127.0.0.1".into(),
        port: 1,
        security: "none".into(),
        from: "a@b.example".into(),
        to: "c@d.example".into(),
        ..Letter::default()
    };
    assert!(matches!(&relayed(&authority, &[nobody])[0], Reply::Unreached(_)));
}
