//! `deskbell user …`: accounts of the staff, for whoever sits at the box itself.

use std::io::BufRead;

use deskbell::desk::{NewAgent, Secret};
use deskbell::shell::offline::Offline;

use super::Ended;
use super::options::Options;
use super::socket::Socket;
use super::store::{data, ended, ended_listing};
use deskbell::percent::encoded;

const USE: &str = "`deskbell user` wants add NAME, password NAME or totp NAME";

pub(crate) fn run(arguments: &[String]) -> Result<(), Ended> {
    let options = Options::read_with(arguments, &["data", "name", "roles"], &["off"])?;
    let [act, username] = options.plain[..] else { return Err(Ended::usage(USE)) };
    if !matches!(act, "add" | "password" | "totp") {
        return Err(Ended::usage(format!("there is no `deskbell user {act}`: {USE}")));
    }
    if act != "totp" && options.has("off")
        || act != "add" && (options.get("name").or(options.get("roles"))).is_some()
    {
        return Err(Ended::usage("--name and --roles go with add, --off with totp"));
    }
    let roles: Vec<&str> =
        options.get("roles").into_iter().flat_map(|roles| roles.split(',')).map(str::trim).collect();
    let data = data(&options)?;
    let password = if act == "totp" { String::new() } else { password()? };
    if let Some(socket) = Socket::of(&data)? {
        let act = if options.has("off") { "totp-off" } else { act };
        let mut form = format!("act={act}&username={}&password={}", encoded(username), encoded(&password));
        for role in &roles {
            form.push_str(&format!("&role={}", encoded(role)));
        }
        if let Some(name) = options.get("name") {
            form.push_str(&format!("&name={}", encoded(name)));
        }
        let length = form.len() as u64;
        print!("{}", socket.post("user", &mut form.as_bytes(), length)?.text()?);
        return Ok(());
    }
    let store = Offline::open(&data).map_err(ended)?;
    let password = Secret::new(&password);
    let done = match act {
        "add" => {
            let name = options.get("name").unwrap_or(username);
            store
                .add_agent(&NewAgent { username, name, password: &password, roles: &roles })
                .map(|()| String::new())
        }
        "password" => store.set_password(username, password.expose()).map(|()| String::new()),
        _ if options.has("off") => store.end_totp(username).map(|()| String::new()),
        _ => store.give_totp(username),
    };
    store.close().map_err(ended)?;
    super::backup::give_to_owner(&data);
    match done {
        Ok(text) if text.is_empty() => println!("Done."),
        Ok(text) => print!("{text}"),
        Err(error) => return Err(ended_listing(error)),
    }
    Ok(())
}

/// One line of standard input, so that it stands in no list of processes.
fn password() -> Result<String, Ended> {
    let mut password = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut password)
        .map_err(|error| Ended::usage(format!("standard input: {error}")))?;
    let password = password.trim_end_matches(['\n', '\r']);
    if password.chars().count() < 8 {
        return Err(Ended::usage("a password has at least 8 characters, on one line of standard input"));
    }
    Ok(password.to_owned())
}
