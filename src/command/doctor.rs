//! `deskbell doctor`: looks at the box and says what to do.

use std::path::{Path, PathBuf};

use deskbell::ops::doctor::{Patient, State};
use deskbell::ops::settings::Settings;
use deskbell::shell::offline;

use super::Ended;
use super::options::Options;
use super::socket::Socket;

pub(crate) fn run(arguments: &[String]) -> Result<(), Ended> {
    let options = Options::read(arguments, &["data", "config"])?;
    options.nothing_else()?;
    let config = options.get("config").map(settings).transpose()?;
    let data =
        options.get("data").map(PathBuf::from).or_else(|| config.as_ref().map(|config| config.data.clone()));
    let data = data.ok_or_else(|| Ended::usage("--data DIR or --config FILE says which box to look at"))?;
    let condition = match Socket::of(&data) {
        Ok(Some(socket)) => {
            let text = socket.get("doctor")?.text()?;
            serde_json::from_str(&text)
                .map(Some)
                .map_err(|_| Ended::failed("the box answered something else"))?
        }
        Ok(None) => None,
        // A box that does not answer is a finding, not the end of looking.
        Err(ended) => {
            println!(
                "bad   box          {}\n                   Restart it: systemctl restart deskbell",
                ended.line
            );
            None
        }
    };
    let last_backup_ms = if condition.is_none() { offline::last_backup_ms(&data) } else { None };
    let listen = config
        .iter()
        .flat_map(|config| [config.listen_staff, config.listen_public, config.listen_redirect])
        .flatten()
        .collect();
    let patient = Patient {
        root: Path::new("/").to_owned(),
        listen,
        profile: config.as_ref().map(|config| config.profile.clone()),
        condition,
        last_backup_ms,
        now_s: offline::now_s(),
        data,
    };
    let lines = patient.examine();
    for line in &lines {
        println!("{line}");
    }
    let count = |state: State| lines.iter().filter(|line| line.state == state).count();
    let (bad, look) = (count(State::Bad), count(State::Look));
    println!("{} looked at: {bad} bad, {look} to see to", lines.len());
    if bad > 0 { Err(Ended { code: 1, line: "something is bad: see above".to_owned() }) } else { Ok(()) }
}

fn settings(file: &str) -> Result<Settings, Ended> {
    let text = std::fs::read_to_string(file).map_err(|error| Ended::usage(format!("{file}: {error}")))?;
    Settings::parse(&text).map_err(|fault| Ended::usage(format!("{file}: {fault}")))
}
