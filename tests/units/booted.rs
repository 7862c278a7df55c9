//! The units really booted, in a Debian of their own: installed from the package, knocked at, killed, stuck,
//! upgraded, on a read-only root, removed. `make test-units` prepares what is needed and runs this.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

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

/// Longest a boot may take, trial and all: the watchdog alone takes its 15 s, a loaded machine the rest.
const BOOT_S_MAX: u64 = 300;

/// Starts the trial with the guest and ends the guest with it. Not before the system is up, so that what is
/// installed meets one that runs.
const TRIAL_UNIT: &str = "\
[Unit]
Description=the trial
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/usr/bin/python3 /trial/guest.py @PHASE@
ExecStopPost=/bin/systemctl poweroff --no-block
StandardOutput=journal
TimeoutStartSec=280
";

/// Where an image puts the drop-ins of `firmware-config`, below `/etc`.
const DRESS: [(&str, &str); 6] = [
    ("sysctl.d/60-deskbell.conf", "sysctl.d/60-deskbell.conf"),
    ("journald.conf.d/deskbell.conf", "systemd/journald.conf.d/deskbell.conf"),
    ("system.conf.d/watchdog.conf", "systemd/system.conf.d/deskbell-watchdog.conf"),
    ("timesyncd.conf.d/deskbell.conf", "systemd/timesyncd.conf.d/deskbell.conf"),
    ("tmp.mount.d/deskbell.conf", "systemd/system/tmp.mount.d/deskbell.conf"),
    ("profiles/board-1g.conf", "systemd/system/deskbell.service.d/profile.conf"),
];

struct Guest {
    root: PathBuf,
    trial: PathBuf,
}

impl Guest {
    /// A fresh copy of the base system, with the packages laid beside it.
    fn new() -> Guest {
        let target = project("target/box");
        let base = target.join("base");
        assert!(
            base.join("usr/bin/python3").exists(),
            "no base system in {}: run `make test-units`",
            base.display()
        );
        let root = target.join("guest");
        let _ = fs::remove_dir_all(&root);
        copy(&base, &root);
        // Beside the root, not in it: what lies in a read-only root stays read-only however it is bound.
        let trial = target.join("trial");
        let _ = fs::remove_dir_all(&trial);
        fs::create_dir(&trial).expect("a folder");
        for (file, to) in [("old.deb", "old.deb"), ("new.deb", "new.deb")] {
            fs::copy(target.join(file), trial.join(to)).expect("packages, from `make test-units`");
        }
        fs::copy(project("tests/units/guest.py"), trial.join("guest.py")).expect("the trial");
        fs::write(trial.join("desk.toml"), always_open()).expect("a desk");
        let key =
            rcgen::generate_simple_self_signed(vec!["chat.example.com".to_owned()]).expect("a certificate");
        fs::write(trial.join("public.crt"), key.cert.pem()).expect("written");
        fs::write(trial.join("public.key"), key.signing_key.serialize_pem()).expect("written");
        Guest { root, trial }
    }

    /// Boots once and waits until the guest has switched itself off.
    fn boot(&self, phase: &str, options: &[&str]) {
        let units = self.root.join("etc/systemd/system");
        let wants = units.join("multi-user.target.wants");
        fs::create_dir_all(&wants).expect("a folder");
        fs::write(units.join("trial.service"), TRIAL_UNIT.replace("@PHASE@", phase)).expect("a unit");
        let link = wants.join("trial.service");
        let _ = fs::remove_file(&link);
        std::os::unix::fs::symlink("../trial.service", &link).expect("a link");
        let mut command = Command::new("systemd-nspawn");
        // Not registered anywhere: the machine that runs this need not run systemd itself.
        command.args([
            "--register=no",
            "--keep-unit",
            "--private-network",
            "--console=pipe",
            "--quiet",
            "-b",
            "-D",
        ]);
        command.arg(&self.root).arg(format!("--bind={}:/trial", self.trial.display()));
        command.args(options).stdin(std::process::Stdio::null());
        let console = fs::File::create(self.trial.join(format!("console-{phase}"))).expect("a file");
        command.stdout(console.try_clone().expect("a file")).stderr(console);
        let mut child = command.spawn().expect("systemd-nspawn starts");
        let deadline = std::time::Instant::now() + Duration::from_secs(BOOT_S_MAX);
        while child.try_wait().expect("ours to wait for").is_none() {
            if std::time::Instant::now() > deadline {
                let _ = child.kill();
                let _ = child.wait();
                panic!("the guest did not end; its console is in {}", self.trial.display());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Boots with the system around the box as the image recipe has it, and takes that away again.
    fn boot_as_an_image(&self, phase: &str) {
        let etc = self.root.join("etc");
        for (from, to) in DRESS {
            let to = etc.join(to);
            fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
            fs::copy(project("firmware-config").join(from), to).expect("a drop-in");
        }
        let tmp = etc.join("systemd/system/tmp.mount");
        std::os::unix::fs::symlink("/usr/share/systemd/tmp.mount", &tmp).expect("a link");
        // The state is a file system of its own.
        let state = self.trial.join("state");
        copy(&self.root.join("var/lib/deskbell"), &state);
        let state = format!("--bind={}:/var/lib/deskbell", state.display());
        let memory = ["--tmpfs=/var/tmp", "--tmpfs=/var/lib/systemd", "--tmpfs=/var/log"];
        self.boot(phase, &[&["--read-only", &state][..], &memory].concat());
        for (_, to) in DRESS {
            fs::remove_file(etc.join(to)).expect("ours");
        }
        fs::remove_dir(etc.join("systemd/system/deskbell.service.d")).expect("ours");
        fs::remove_file(tmp).expect("ours");
    }

    fn results(&self) -> String {
        fs::read_to_string(self.trial.join("results")).unwrap_or_default()
    }
}

fn copy(from: &Path, to: &Path) {
    let done = Command::new("cp").args(["-a", "--reflink=auto"]).arg(from).arg(to).status().expect("cp");
    assert!(done.success(), "{} could not be copied", from.display());
}

/// The example's desk; its live chat is open at any hour, as it names none.
fn always_open() -> String {
    text("tests/data/desk.example.toml")
}

#[test]
#[ignore = "boots a system: make test-units"]
fn installed_and_booted_it_holds_what_the_units_promise() {
    let guest = Guest::new();
    for (phase, _) in BOOTS {
        match phase {
            "read-only" => guest.boot_as_an_image(phase),
            _ => guest.boot(phase, &[]),
        }
    }
    let results = guest.results();
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
