//! The units really booted, in a Debian of their own: installed from the package, knocked at, killed, stuck,
//! upgraded, on a read-only root, removed. `make test-units` prepares what is needed and runs this.

use std::fs;

use super::guest::{self, Guest};
use super::{project, text};

/// What the guest must have said of itself, by boot. The steps are in `guest.py`.
const BOOTS: [(&str, &[&str]); 3] = [
    (
        "install",
        &[
            "unpacks_enables_and_starts",
            "says_ready_and_serves",
            "has_the_admins_door",
            "keeps_its_two_faces_apart",
            "redirects_port_80_and_does_nothing_else",
            "runs_without_root_capability_or_network",
            "writes_nowhere_but_in_its_state",
            "has_its_keys_as_credentials",
            "has_the_profiles_ceiling",
            "holds_a_chat",
            "starts_on_the_first_knock",
            "stops_cleanly_without_loss",
            "comes_back_from_sigkill",
            "is_killed_and_restarted_when_the_desk_is_stuck",
            "heals_by_itself_once_a_fault_of_the_settings_is_corrected",
            "answers_a_pbx_at_its_door",
            "upgrades_with_its_doors_open",
            "backs_up_while_it_works",
        ],
    ),
    (
        "read-only",
        &[
            "serves_from_a_read_only_root",
            "knows_the_chat_after_a_reboot",
            "understands_the_images_settings",
            "keeps_its_log_in_memory",
        ],
    ),
    ("remove", &["keeps_state_when_removed", "purges_everything_but_backups"]),
];

/// Where an image puts the drop-ins of `firmware-config`, below `/etc`.
const DRESS: [(&str, &str); 6] = [
    ("sysctl.d/60-deskbell.conf", "sysctl.d/60-deskbell.conf"),
    ("journald.conf.d/deskbell.conf", "systemd/journald.conf.d/deskbell.conf"),
    ("system.conf.d/watchdog.conf", "systemd/system.conf.d/deskbell-watchdog.conf"),
    ("timesyncd.conf.d/deskbell.conf", "systemd/timesyncd.conf.d/deskbell.conf"),
    ("tmp.mount.d/deskbell.conf", "systemd/system/tmp.mount.d/deskbell.conf"),
    ("profiles/board-1g.conf", "systemd/system/deskbell.service.d/profile.conf"),
];

/// What this trial lays beside the guest: both packages, the steps, a desk, and a certificate for its credentials.
fn prepared() -> Guest {
    let guest = Guest::new("guest");
    for file in ["old.deb", "new.deb"] {
        guest.give(file, &guest::made(file));
    }
    guest.give("guest.py", &project("tests/units/guest.py"));
    fs::write(guest.trial.join("desk.toml"), always_open()).expect("a desk");
    let key = rcgen::generate_simple_self_signed(vec!["chat.example.com".to_owned()]).expect("a certificate");
    fs::write(guest.trial.join("public.crt"), key.cert.pem()).expect("written");
    fs::write(guest.trial.join("public.key"), key.signing_key.serialize_pem()).expect("written");
    guest
}

/// Boots once and waits until the guest has switched itself off. A private network has a loopback only.
fn boot(guest: &Guest, phase: &str, options: &[&str]) {
    let command = format!("/usr/bin/python3 /trial/guest.py {phase}");
    guest.boot(phase, &command, &[&["--private-network"], options].concat()).ended();
}

/// Boots with the system around the box as the image recipe has it, and takes that away again.
fn boot_as_an_image(guest: &Guest, phase: &str) {
    let etc = guest.root.join("etc");
    for (from, to) in DRESS {
        let to = etc.join(to);
        fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
        fs::copy(project("firmware-config").join(from), to).expect("a drop-in");
    }
    let tmp = etc.join("systemd/system/tmp.mount");
    std::os::unix::fs::symlink("/usr/share/systemd/tmp.mount", &tmp).expect("a link");
    // The state is a file system of its own.
    let state = guest.trial.join("state");
    guest::copy(&guest.root.join("var/lib/deskbell"), &state);
    let state = format!("--bind={}:/var/lib/deskbell", state.display());
    let memory = ["--tmpfs=/var/tmp", "--tmpfs=/var/lib/systemd", "--tmpfs=/var/log"];
    boot(guest, phase, &[&["--read-only", &state][..], &memory].concat());
    for (_, to) in DRESS {
        fs::remove_file(etc.join(to)).expect("ours");
    }
    fs::remove_dir(etc.join("systemd/system/deskbell.service.d")).expect("ours");
    fs::remove_file(tmp).expect("ours");
}

/// The example's desk; its live chat is open at any hour, as it names none.
fn always_open() -> String {
    text("tests/data/desk.example.toml")
}

#[test]
#[ignore = "boots a system: make test-units"]
fn installed_and_booted_it_holds_what_the_units_promise() {
    let guest = prepared();
    for (phase, _) in BOOTS {
        match phase {
            "read-only" => boot_as_an_image(&guest, phase),
            _ => boot(&guest, phase, &[]),
        }
    }
    let results = fs::read_to_string(guest.trial.join("results")).unwrap_or_default();
    println!("{results}");
    let missing: Vec<&str> = BOOTS
        .iter()
        .flat_map(|(_, steps)| *steps)
        .filter(|step| !results.lines().any(|line| line.starts_with(&format!("ok {step} "))))
        .copied()
        .collect();
    assert!(missing.is_empty(), "{missing:?}; journal and console are in {}", guest.trial.display());
}

#[test]
fn every_step_of_the_guest_is_asked_for() {
    let script = text("tests/units/guest.py");
    let list = script.split("PHASES = {").nth(1).expect("the phases").split("\n}").next().expect("their end");
    let named = list
        .split(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'))
        .filter(|word| word.contains('_'))
        .count();
    let asked: Vec<&str> = BOOTS.iter().flat_map(|(_, steps)| *steps).copied().collect();
    assert_eq!(named, asked.len());
    for step in asked {
        assert!(list.contains(step), "{step} is not among the guest's steps");
    }
}
