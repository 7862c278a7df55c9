//! A box of files, sick in one way after another.

use std::path::Path;

use super::*;

/// Where a data directory's own device would be told, for tests.
fn device_folder(root: &Path, data: &Path) -> PathBuf {
    let number = fs::metadata(data).expect("there").dev();
    root.join(format!("sys/dev/block/{}:{}", rustix::fs::major(number), rustix::fs::minor(number)))
}

struct Case {
    _dir: tempfile::TempDir,
    patient: Patient,
}

fn case() -> Case {
    let dir = tempfile::tempdir().expect("a folder");
    let (root, data) = (dir.path().join("root"), dir.path().join("data"));
    for folder in [root.join("proc"), data.join("tls"), device_folder(&root, dir.path()).join("device")] {
        fs::create_dir_all(folder).expect("made");
    }
    fs::write(root.join("proc/meminfo"), "MemTotal:       1000000 kB\n").expect("written");
    for folder in [&data, &data.join("tls")] {
        fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700)).expect("set");
    }
    let patient = Patient {
        data,
        root,
        listen: Vec::new(),
        profile: None,
        condition: None,
        last_backup_ms: None,
        erased_pages: None,
        now_s: 1_790_000_000,
    };
    Case { _dir: dir, patient }
}

fn said(patient: &Patient, what: &str) -> Vec<(State, String)> {
    let lines = patient.examine().into_iter().filter(|line| line.what == what);
    lines.map(|line| (line.state, format!("{} {}", line.saw, line.advice))).collect()
}

fn one(patient: &Patient, what: &str, state: State, word: &str) {
    let said = said(patient, what);
    assert!(said.len() == 1 && said[0].0 == state && said[0].1.contains(word), "{what}: {said:?}");
}

#[test]
fn a_certificate_is_judged_by_its_last_day() {
    let Case { _dir, patient } = case();
    one(&patient, "certificate", State::Look, "none yet");
    let write = |until_s: i64| {
        let json = format!("{{\"leaf_until_s\": {until_s}, \"names\": [\"box.lan\"]}}");
        fs::write(patient.data.join("tls/authority.json"), json).expect("written");
    };
    write(patient.now_s + 300 * DAY_S);
    one(&patient, "certificate", State::Ok, "for box.lan");
    write(patient.now_s + 10 * DAY_S);
    one(&patient, "certificate", State::Look, "60 days before");
    write(patient.now_s - DAY_S);
    one(&patient, "certificate", State::Bad, "over since");
    fs::write(patient.data.join("tls/authority.json"), "garbage").expect("written");
    one(&patient, "certificate", State::Bad, "cannot be read");
}

#[test]
fn a_clock_is_judged_by_who_sets_it() {
    let Case { _dir, mut patient } = case();
    one(&patient, "clock", State::Look, "no real-time clock");
    fs::create_dir_all(patient.root.join("sys/class/rtc/rtc0")).expect("made");
    one(&patient, "clock", State::Look, "kept by a real-time clock");
    fs::create_dir_all(patient.root.join("run/systemd/timesync/synchronized")).expect("made");
    one(&patient, "clock", State::Ok, "synchronised");
    patient.now_s = 1000;
    one(&patient, "clock", State::Bad, "never been set");
}

#[test]
fn wear_and_encryption_are_read_off_the_disk_the_data_lies_on() {
    let Case { _dir, patient } = case();
    let device = device_folder(&patient.root, &patient.data);
    one(&patient, "wear", State::Ok, "does not tell");
    one(&patient, "encryption", State::Look, "not encrypted");
    fs::write(device.join("device/type"), "SD\n").expect("written");
    one(&patient, "wear", State::Look, "an SD card");
    for (life, end, state) in [
        ("0x01 0x02", "0x01", State::Ok),
        ("0x09 0x01", "0x01", State::Look),
        ("0x02 0x0b", "0x01", State::Bad),
        ("0x01 0x01", "0x03", State::Bad),
    ] {
        fs::write(device.join("device/life_time"), format!("{life}\n")).expect("written");
        fs::write(device.join("device/pre_eol_info"), format!("{end}\n")).expect("written");
        one(&patient, "wear", state, "of its life");
    }
    fs::create_dir_all(device.join("slaves/sda1/dm")).expect("made");
    fs::write(device.join("slaves/sda1/dm/uuid"), "CRYPT-LUKS2-1234\n").expect("written");
    one(&patient, "encryption", State::Ok, "is encrypted");
}

#[test]
fn a_profile_larger_than_the_board_is_bad() {
    let Case { _dir, mut patient } = case();
    one(&patient, "memory", State::Ok, "976 MiB");
    let profile = |name: &str| Some(Profile::named(name).expect("built in"));
    patient.profile = profile("board-1g");
    one(&patient, "memory", State::Ok, "profile board-1g: at most");
    fs::write(patient.root.join("proc/meminfo"), "MemTotal:        480000 kB\n").expect("written");
    one(&patient, "memory", State::Bad, "too large");
    patient.profile = profile("board-512m");
    one(&patient, "memory", State::Ok, "profile board-512m");
}

#[test]
fn what_others_may_read_and_a_port_that_is_taken_are_bad() {
    let Case { _dir, mut patient } = case();
    one(&patient, "permissions", State::Ok, "alone");
    let file = patient.data.join("state.redb");
    fs::write(&file, "").expect("written");
    fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o644)).expect("set");
    one(&patient, "permissions", State::Bad, "chmod 0600");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    patient.listen = vec![taken.local_addr().expect("an address")];
    one(&patient, "port", State::Bad, "ss -ltnp");
    drop(taken);
    one(&patient, "port", State::Ok, "is free");
}

#[test]
fn erased_data_that_is_still_in_the_state_is_told_with_the_way_to_be_rid_of_it() {
    let Case { _dir, mut patient } = case();
    assert!(said(&patient, "erased").is_empty());
    for (pages, word) in [
        ("next_start", "restart deskbell overwrites"),
        ("too_large", "more than the 512 MiB"),
        ("no_room", "Make room"),
    ] {
        patient.erased_pages = Some(pages.to_owned());
        one(&patient, "erased", State::Look, word);
    }
    assert!(said(&patient, "erased")[0].1.contains("doctor --write-anew"));
}

#[test]
fn a_backup_is_judged_by_its_age() {
    let Case { _dir, mut patient } = case();
    one(&patient, "backups", State::Look, "none was ever made");
    patient.last_backup_ms = Some((patient.now_s - 2 * DAY_S) * 1000);
    one(&patient, "backups", State::Ok, "the newest");
    patient.last_backup_ms = Some((patient.now_s - 20 * DAY_S) * 1000);
    one(&patient, "backups", State::Look, "20 days old");
    patient.condition =
        Some(serde_json::json!({"last_backup_ms": patient.now_s * 1000, "health": "storage"}));
    one(&patient, "backups", State::Ok, "the newest");
    one(&patient, "box", State::Bad, "no room");
}
