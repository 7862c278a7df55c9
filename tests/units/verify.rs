//! The units as systemd itself reads them: no unknown key, no fault, next to no exposure.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use deskbell::limits;

use super::{project, text, values};

const UNITS: [&str; 10] = [
    "deskbell.service",
    "deskbell-staff.socket",
    "deskbell-public.socket",
    "deskbell-redirect.socket",
    "deskbell-sip.socket",
    "deskbell-admin.socket",
    "deskbell-relay.socket",
    "deskbell-relay.service",
    "deskbell-backup.service",
    "deskbell-backup.timer",
];

/// The units in a folder of their own, naming a binary that is there.
fn units_with(change: impl Fn(&str, String) -> String) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    for name in UNITS {
        let unit =
            text(&format!("systemd/{name}")).replace("/usr/bin/deskbell", env!("CARGO_BIN_EXE_deskbell"));
        fs::write(dir.path().join(name), change(name, unit)).expect("a unit");
    }
    let drop_ins = dir.path().join("deskbell.service.d");
    fs::create_dir(&drop_ins).expect("a folder");
    for entry in fs::read_dir(project("systemd/deskbell.service.d")).expect("drop-ins").flatten() {
        fs::copy(entry.path(), drop_ins.join(entry.file_name())).expect("a drop-in");
    }
    for profile in ["board-512m", "board-1g", "board-4g", "x86"] {
        let file = format!("{profile}.conf");
        fs::copy(project("firmware-config/profiles").join(&file), drop_ins.join(&file)).expect("a drop-in");
    }
    dir
}

fn analyze(dir: &Path, arguments: &[&str], units: &[&str]) -> Output {
    Command::new("systemd-analyze")
        .arg("--no-pager")
        .args(arguments)
        .args(units.iter().map(|unit| dir.join(unit)))
        .output()
        .expect("systemd-analyze is part of Debian's systemd package; without it the units go unproved")
}

fn verify(dir: &Path) -> Output {
    // The manual page is in the package, not on this machine.
    analyze(dir, &["verify", "--recursive-errors=yes", "--man=no"], &UNITS)
}

/// Is the exposure at most this many tenths?
fn exposed_at_most(dir: &Path, unit: &str, tenths: u32) -> (bool, String) {
    let threshold = format!("--threshold={tenths}");
    let output = analyze(dir, &["security", "--offline=true", &threshold], &[unit]);
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn systemd_reads_every_unit_without_a_word() {
    let dir = units_with(|_, unit| unit);
    let output = verify(dir.path());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
}

#[test]
fn a_misspelt_key_and_a_missing_binary_are_noticed() {
    let misspelt = units_with(|name, unit| match name {
        "deskbell-admin.socket" => unit.replace("SocketMode=", "SocketMood="),
        _ => unit,
    });
    assert!(!verify(misspelt.path()).stderr.is_empty());
    let missing = units_with(|_, unit| unit.replace(env!("CARGO_BIN_EXE_deskbell"), "/nowhere/deskbell"));
    assert!(!verify(missing.path()).stderr.is_empty());
}

#[test]
fn exposure_is_at_most_half_a_point() {
    let dir = units_with(|_, unit| unit);
    for unit in ["deskbell.service", "deskbell-backup.service"] {
        let (good, table) = exposed_at_most(dir.path(), unit, 5);
        assert!(good, "{table}");
    }
    // The judge judges: with the network given back, the same unit is refused.
    let open = units_with(|_, unit| unit.replace("PrivateNetwork=yes", "").replace("PrivateUsers=yes", ""));
    assert!(!exposed_at_most(open.path(), "deskbell.service", 5).0);
}

#[test]
fn the_relay_has_the_network_and_nothing_else() {
    let dir = units_with(|_, unit| unit);
    // What it is for costs it this much: the network.
    let (good, table) = exposed_at_most(dir.path(), "deskbell-relay.service", 12);
    assert!(good, "{table}");
    let unit = text("systemd/deskbell-relay.service");
    for opens in ["StateDirectory", "RuntimeDirectory", "ReadWritePaths", "LoadCredential", "BindPaths"] {
        assert!(values(&unit, opens).is_empty(), "the relay opens {opens}");
    }
    assert_eq!(values(&unit, "User"), ["deskbell-relay"]);
    assert_eq!(values(&unit, "CapabilityBoundingSet"), [""]);
    assert!(values(&unit, "InaccessiblePaths").join(" ").contains("-/var/lib/deskbell"));
    let door = text("systemd/deskbell-relay.socket");
    assert_eq!(values(&door, "SocketMode"), ["0660"]);
    assert_eq!(values(&door, "SocketGroup"), ["deskbell-relay"]);
}

#[test]
fn no_root_no_capability_and_no_writable_path_but_the_state() {
    for (name, state) in [("deskbell", "deskbell"), ("deskbell-backup", "deskbell-backup")] {
        let unit = text(&format!("systemd/{name}.service"));
        assert_eq!(values(&unit, "User"), ["deskbell"]);
        assert_eq!(values(&unit, "CapabilityBoundingSet"), [""]);
        assert_eq!(values(&unit, "AmbientCapabilities"), [""]);
        assert_eq!(values(&unit, "ProtectSystem"), ["strict"]);
        assert_eq!(values(&unit, "StateDirectory"), [state]);
        for opens in ["ReadWritePaths", "BindPaths", "RuntimeDirectory", "CacheDirectory", "LogsDirectory"] {
            assert!(values(&unit, opens).is_empty(), "{name} opens {opens}");
        }
        let closed = values(&unit, "InaccessiblePaths").join(" ");
        for folder in ["/tmp", "/var/tmp", "-/dev/shm", "-/run/lock"] {
            assert!(closed.split(' ').any(|path| path == folder), "{name} leaves {folder} writable");
        }
    }
}

#[test]
fn every_door_has_the_name_the_box_knows_it_by() {
    for door in ["staff", "public", "redirect", "sip", "admin", "relay"] {
        let unit = text(&format!("systemd/deskbell-{door}.socket"));
        assert_eq!(values(&unit, "FileDescriptorName"), [door]);
        assert_eq!(values(&unit, "Service"), ["deskbell.service"]);
        // The default closes a door for ever after twenty quick knocks.
        assert_eq!(values(&unit, "TriggerLimitIntervalSec"), ["0"]);
    }
    let admin = text("systemd/deskbell-admin.socket");
    assert_eq!(values(&admin, "SocketMode"), ["0600"]);
    assert_eq!(values(&admin, "SocketUser"), ["deskbell"]);
    assert_eq!(values(&admin, "Symlinks"), ["/var/lib/deskbell/admin.sock"]);
}

#[test]
fn the_service_may_open_as_many_descriptors_as_the_limits_ask() {
    let unit = text("systemd/deskbell.service");
    let allowed: usize = values(&unit, "LimitNOFILE")[0].parse().expect("a number");
    assert!(allowed >= limits::CONNECTIONS_MAX + limits::DESCRIPTORS_RESERVED);
}

#[test]
fn a_stuck_desk_is_noticed_before_its_clients_give_up() {
    let unit = text("systemd/deskbell.service");
    let watchdog_s: u64 = values(&unit, "WatchdogSec")[0].trim_end_matches('s').parse().expect("seconds");
    assert!(watchdog_s * 1000 < limits::SILENCE_MS_MAX);
    assert_eq!(values(&unit, "Restart"), ["always"]);
    assert_eq!(values(&unit, "StartLimitIntervalSec"), ["0"]);
}

#[test]
fn the_user_and_its_folder_are_made_as_written() {
    let root = tempfile::tempdir().expect("a folder");
    fs::create_dir(root.path().join("etc")).expect("a folder");
    for (tool, file) in [
        (&["systemd-sysusers"][..], "systemd/deskbell.sysusers"),
        (&["systemd-tmpfiles", "--create"], "systemd/deskbell.tmpfiles"),
    ] {
        let mut root_argument = std::ffi::OsString::from("--root=");
        root_argument.push(root.path());
        let output = Command::new(tool[0])
            .args(&tool[1..])
            .arg(root_argument)
            .arg(project(file))
            .output()
            .unwrap_or_else(|error| panic!("{}: {error}", tool[0]));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let users = fs::read_to_string(root.path().join("etc/passwd")).expect("users");
    let line = users.lines().find(|line| line.starts_with("deskbell:")).expect("the box's user");
    assert!(line.ends_with(":/var/lib/deskbell:/usr/sbin/nologin"), "{line}");
    assert!(root.path().join("var/lib/deskbell").is_dir());
}
