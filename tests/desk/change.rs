//! A desk that changes: out to a file and back, over the one in force, compared with the one before.

use deskbell::desk::*;

use crate::EXAMPLE;

fn desk(file: &str) -> Desk {
    load(file).unwrap_or_else(|faults| panic!("{faults}")).desk
}

fn over(old: &Desk, file: &str) -> Result<Desk, String> {
    let options = LoadOptions { over: Some(old), ..LoadOptions::default() };
    load_with(file, options).map(|loaded| loaded.desk).map_err(|faults| faults.to_string())
}

/// As the shell does before a desk goes live.
fn hashed(mut desk: Desk, salt: &str) -> Desk {
    for agent in &mut desk.agents {
        if let Some(plain) = agent.password.plain() {
            agent.password =
                Credential::Hashed(Secret::new(&format!("hash-{salt}-{}", plain.expose().len())));
        }
    }
    for token in &mut desk.tokens {
        if let Some(plain) = token.secret.plain() {
            token.secret = Credential::Hashed(Secret::new(&format!("hash-{salt}-{}", plain.expose().len())));
        }
    }
    desk
}

#[test]
fn an_export_loads_over_its_desk_to_an_equal_one_without_a_secret_in_it() {
    for file in [EXAMPLE, demo()] {
        let desk = hashed(desk(file), "a");
        let export = desk.export();
        for secret in ["demo-pass", "demo-token", "hash-", "password =", "secret ="] {
            assert!(!export.contains(secret), "{secret}");
        }
        let again = over(&desk, &export).expect("a desk");
        assert_eq!(again, desk);
        assert_eq!((again.export(), again.version()), (export, desk.version()));
        assert_eq!(diff(&desk, &again), []);
    }
}

#[test]
fn an_export_alone_lacks_its_passwords_unless_that_is_allowed() {
    let export = desk(EXAMPLE).export();
    let faults = load(&export).expect_err("faults").to_string();
    assert_eq!(faults.lines().count(), 5);
    assert!(faults.contains("agent.alice.password: is missing: a new agent needs one"), "{faults}");
    assert!(faults.contains("token.crm.secret: is missing: a new token needs one"), "{faults}");
    let options = LoadOptions { allow_missing_secrets: true, ..LoadOptions::default() };
    let checked = load_with(&export, options).expect("a desk").desk;
    assert!(checked.agents.iter().all(|agent| agent.password.is_absent()));
}

#[test]
fn a_password_left_out_is_kept_and_one_given_is_taken() {
    let old = hashed(desk(EXAMPLE), "a");
    let file = EXAMPLE.replace("password = \"bob-demo-pass\"\n", "password = \"new for bob\"\n");
    let file = file.replace("password = \"alice-demo-pass\"", "").replace("secret = \"crm-demo-token\"", "");
    let new = over(&old, &file).expect("a desk");
    assert_eq!(new.agent("alice").expect("alice").password, old.agent("alice").expect("alice").password);
    assert_eq!(new.token("crm"), old.token("crm"));
    assert_eq!(new.agent("bob").expect("bob").password, Credential::Plain(Secret::new("new for bob")));
    let stranger = format!("{}\n[[agent]]\nusername = \"eve\"\n", old.export());
    assert!(
        over(&old, &stranger)
            .expect_err("a fault")
            .contains("agent.eve.password: is missing: a new agent needs one")
    );
}

#[test]
fn the_stores_file_brings_hashes_back_and_nobody_elses_may() {
    let desk = hashed(desk(EXAMPLE), "a");
    let stored = desk.export_stored();
    let options = LoadOptions { stored: true, ..LoadOptions::default() };
    assert_eq!(load_with(&stored, options).expect("a desk").desk, desk);
    let faults = load(&stored).expect_err("faults").to_string();
    assert!(
        faults.contains("password_hash: is not a key of the desk") && !faults.contains("hash-a"),
        "{faults}"
    );
}

#[test]
fn nothing_shows_a_secret_when_a_desk_is_printed() {
    let desk = desk(EXAMPLE);
    let shown = format!("{desk:?}{desk:#?}{}{}", desk.export(), desk.export_stored());
    assert!(!shown.contains("demo-pass") && !shown.contains("demo-token"));
}

#[test]
fn mode_and_channel_are_fixed_when_a_workstream_is_made() {
    let old = hashed(desk(EXAMPLE), "a");
    let changed = old.export().replacen(
        "channel = \"chat\"\nmode = \"live\"",
        "channel = \"sms\"\nmode = \"persistent\"",
        1,
    );
    let changed = changed
        .replacen("offline_message = true\n", "", 1)
        .replace("workstream = \"web-live\"", "workstream = \"web-later\"");
    assert_eq!(
        over(&old, &changed).expect_err("faults"),
        "line 58: workstream.web-live.channel: cannot be changed from chat: make a workstream of another id\n\
         line 59: workstream.web-live.mode: cannot be changed from live: make a workstream of another id"
    );
    // Under another id it is another workstream.
    let renamed = changed.replace("id = \"web-live\"", "id = \"texting\"");
    assert!(over(&old, &renamed).is_ok());
}

#[test]
fn the_version_names_the_content_and_nothing_of_a_plain_password() {
    let example = desk(EXAMPLE);
    let version = example.version();
    assert!(version.len() == 32 && version.bytes().all(|b| b.is_ascii_hexdigit()));
    assert_eq!(desk(&format!("# another comment\n{EXAMPLE}")).version(), version);
    assert_ne!(desk(&EXAMPLE.replace("units = 30", "units = 31")).version(), version);
    assert_eq!(
        desk(&EXAMPLE.replace("bob-demo-pass", "other-password")).version(),
        version,
        "it could be guessed back"
    );
    let (one, two) = (hashed(example.clone(), "a"), hashed(example, "b"));
    assert_ne!(one.version(), two.version(), "a changed password is a changed desk");
}

#[test]
fn the_history_says_what_changed_in_words() {
    let old = hashed(desk(EXAMPLE), "a");
    let given =
        |line: &&str| !line.starts_with("password") && !line.starts_with("secret") || line.contains("bob");
    let file: String = EXAMPLE.lines().filter(given).map(|line| format!("{line}\n")).collect();
    let file = file
        .replace("units = 30", "units = 25")
        .replace("hours = \"office\"\n", "")
        .replace("password = \"bob-demo-pass\"", "password = \"something else\"")
        .replace("[[wrapup_reason]]\nid = \"solved\"\nlabel = \"Solved\"\n", "")
        .replace(
            "label = \"Needs follow-up\"\n",
            "label = \"Needs follow-up\"\n[[wrapup_reason]]\nid = \"solved\"\nlabel = \"Solved\"\n",
        )
        .replace("queues = [\"front\", \"billing\"]", "queues = [\"front\"]")
        .replace(
            "[[presence]]\nid = \"lunch\"\nlabel = \"Lunch\"\nbase = \"away\"\n",
            "[[presence]]\nid = \"tea\"\nlabel = \"Tea\"\nbase = \"busy\"\n",
        )
        .replace("[[contact]]\n", "[[contact]]\nname = \"Jan\"\n[[contact]]\n");
    let new = over(&old, &file).expect("a desk");
    let changes: Vec<_> = diff(&old, &new).iter().map(ToString::to_string).collect();
    assert_eq!(
        changes,
        [
            "workstream.web-live.units: 30 → 25",
            "workstream.web-later.hours: removed, was \"office\"",
            "agent.alice.queues: [\"front\", \"billing\"] → [\"front\"]",
            "presence.tea: added, id \"tea\", label \"Tea\", base \"busy\"",
            "presence.lunch: removed, was id \"lunch\", label \"Lunch\", base \"away\"",
            "wrapup_reason: solved, follow-up → follow-up, solved",
            "contact.Jan: added, name \"Jan\"",
            "agent.bob.password: set → set anew",
        ]
    );
    assert!(!format!("{changes:?}").contains("something else"));
}

#[test]
fn a_desk_compared_with_none_is_all_of_it_added() {
    let changes = diff(&desk(""), &desk(EXAMPLE));
    let paths: Vec<_> = changes.iter().map(|change| change.path.as_str()).collect();
    for path in [
        "name",
        "theme",
        "monitoring_notice",
        "queue.front",
        "workstream.web-live",
        "agent.alice",
        "contact.\"Melissa de Vries\"",
    ] {
        assert!(paths.contains(&path), "{path} {paths:?}");
    }
    let back = diff(&desk(EXAMPLE), &desk(""));
    assert_eq!(back.len(), changes.len());
}
