//! `deskbell doctor`: looks at the box and says what to do.

use std::path::{Path, PathBuf};

use deskbell::ops::doctor::{Patient, State};
use deskbell::ops::settings::Settings;
use deskbell::shell::offline;

use super::Ended;
use super::options::Options;
use super::socket::Socket;

pub(crate) fn run(arguments: &[String]) -> Result<(), Ended> {
    let options = Options::read_with(arguments, &["data", "config"], &["write-anew"])?;
    options.nothing_else()?;
    let config = options.get("config").map(settings).transpose()?;
    let data =
        options.get("data").map(PathBuf::from).or_else(|| config.as_ref().map(|config| config.data.clone()));
    let data = data.ok_or_else(|| Ended::usage("--data DIR or --config FILE says which box to look at"))?;
    if options.has("write-anew") {
        return write_anew(&data);
    }
    let condition: Option<serde_json::Value> = match Socket::of(&data) {
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
    let stopped = if condition.is_none() { offline::condition(&data) } else { None };
    let told = condition.as_ref().and_then(|condition| condition["erased_pages"].as_str().map(str::to_owned));
    let erased_pages =
        told.or_else(|| stopped.as_ref().and_then(|stopped| stopped.erased_pages).map(str::to_owned));
    let last_backup_ms = stopped.and_then(|stopped| stopped.last_backup_ms);
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
        erased_pages,
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

/// The state of a stopped box anew, so that nothing erased is left in it.
fn write_anew(data: &Path) -> Result<(), Ended> {
    let done = offline::write_anew(data).map_err(super::store::ended)?;
    println!("{}", if done { "the state was written anew" } else { "nothing erased is left in the state" });
    Ok(())
}

fn settings(file: &str) -> Result<Settings, Ended> {
    let text = std::fs::read_to_string(file).map_err(|error| Ended::usage(format!("{file}: {error}")))?;
    Settings::parse(&text).map_err(|fault| Ended::usage(format!("{file}: {fault}")))
}
