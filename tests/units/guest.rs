//! A Debian of its own to boot: a copy of the base system that `make test-units` makes, in systemd-nspawn. What is
//! tried in it lies beside it and is `/trial` inside.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longest a boot may take, trial and all: the watchdog alone takes its 15 s, a loaded machine the rest.
const BOOT_MAX: Duration = Duration::from_secs(300);

/// Starts the trial with the guest and ends the guest with it. Not before the system is up, so that what is
/// installed meets one that runs.
const TRIAL_UNIT: &str = "\
[Unit]
Description=the trial
After=multi-user.target
[Service]
Type=oneshot
ExecStart=@COMMAND@
ExecStopPost=/bin/systemctl poweroff --no-block
StandardOutput=journal
TimeoutStartSec=280
";

/// The system, switched off.
pub(crate) struct Guest {
    pub(crate) root: PathBuf,
    pub(crate) trial: PathBuf,
}

/// The system, running; switched off at the latest when this is dropped.
pub(crate) struct Booted {
    child: Child,
    console: PathBuf,
}

/// What `make test-units` has laid ready.
pub(crate) fn made(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/box").join(name)
}

impl Guest {
    /// A fresh copy of the base system, with an empty folder for its trial.
    pub(crate) fn new(name: &str) -> Guest {
        let base = made("base");
        let there = base.join("usr/bin/python3").exists();
        assert!(there, "no base system in {}: run `make test-units`", base.display());
        // Beside the root, not in it: what lies in a read-only root stays read-only however it is bound.
        let guest = Guest { root: made(name), trial: made(&format!("{name}-trial")) };
        for folder in [&guest.root, &guest.trial] {
            let _ = fs::remove_dir_all(folder);
        }
        copy(&base, &guest.root);
        fs::create_dir(&guest.trial).expect("a folder");
        guest
    }

    /// Lays a file into the trial's folder.
    pub(crate) fn give(&self, name: &str, file: &Path) {
        fs::copy(file, self.trial.join(name)).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }

    /// Boots once. `command` is run when the system is up, and the system ends with it.
    pub(crate) fn boot(&self, phase: &str, command: &str, options: &[&str]) -> Booted {
        let units = self.root.join("etc/systemd/system");
        let wants = units.join("multi-user.target.wants");
        fs::create_dir_all(&wants).expect("a folder");
        fs::write(units.join("trial.service"), TRIAL_UNIT.replace("@COMMAND@", command)).expect("a unit");
        let link = wants.join("trial.service");
        let _ = fs::remove_file(&link);
        std::os::unix::fs::symlink("../trial.service", &link).expect("a link");
        let console = self.trial.join(format!("console-{phase}"));
        let into = fs::File::create(&console).expect("a file");
        let child = Command::new("systemd-nspawn")
            // Not registered anywhere: the machine that runs this need not run systemd itself.
            .args(["--register=no", "--keep-unit", "--console=pipe", "--quiet", "-b", "-D"])
            .arg(&self.root)
            .arg(format!("--bind={}:/trial", self.trial.display()))
            .args(options)
            .stdin(Stdio::null())
            .stdout(into.try_clone().expect("a file"))
            .stderr(into)
            .spawn()
            .expect("systemd-nspawn starts");
        Booted { child, console }
    }
}

impl Booted {
    /// Whether it still runs.
    pub(crate) fn runs(&mut self) -> bool {
        self.child.try_wait().expect("ours to wait for").is_none()
    }

    /// Waits until the guest has switched itself off.
    pub(crate) fn ended(mut self) {
        let deadline = Instant::now() + BOOT_MAX;
        while self.runs() {
            assert!(Instant::now() < deadline, "the guest did not end: {}", self.console.display());
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Booted {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder with everything in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    let done = Command::new("cp").args(["-a", "--reflink=auto"]).arg(from).arg(to).status().expect("cp");
    assert!(done.success(), "{} could not be copied", from.display());
}
