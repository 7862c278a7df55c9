//! `deskbell serve`: the appliance.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

use deskbell::gateway::{Face, Network};
use deskbell::shell::boot::{self, Plan};
use deskbell::shell::trust::Vouchers;
use serde::Deserialize;

use super::demo::{ended, log_level};
use super::options::Options;
use super::{Ended, wait};

/// `deskbell.toml`: where the box lies in its network. What it does is in the desk.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    data: PathBuf,
    names: Vec<String>,
    public_url: Option<String>,
    #[serde(default)]
    trusted_proxies: Vec<String>,
    listen_staff: Option<SocketAddr>,
    listen_public: Option<SocketAddr>,
    profile: Option<String>,
    log: Option<String>,
}

pub(crate) fn run(arguments: &[String]) -> Result<(), Ended> {
    let options = Options::read(arguments, &["config", "desk"])?;
    options.nothing_else()?;
    let file = options.get("config").ok_or_else(|| Ended::usage("`deskbell serve` wants --config FILE"))?;
    let text = std::fs::read_to_string(file).map_err(|error| Ended::usage(format!("{file}: {error}")))?;
    let config: Config = toml::from_str(&text)
        .map_err(|error| Ended::usage(format!("{file}: {}", error.message().replace('\n', " "))))?;
    deskbell::ops::log::start(log_level(config.log.as_deref())?);
    if config.names.is_empty() {
        return Err(Ended::usage(format!("{file}: names: the box needs at least one name or address")));
    }
    let trusted_proxies: Vec<Network> = config
        .trusted_proxies
        .iter()
        .map(|text| {
            text.parse().map_err(|_| Ended::usage(format!("{file}: trusted_proxies: {text:?} is no network")))
        })
        .collect::<Result<_, _>>()?;
    let mut hosts = config.names.clone();
    if let Some(url) = &config.public_url {
        let host = url.strip_prefix("https://").map(|rest| rest.trim_end_matches('/'));
        let host = host.filter(|host| !host.is_empty() && !host.contains('/'));
        let host =
            host.ok_or_else(|| Ended::usage(format!("{file}: public_url: must be https:// and a host")))?;
        hosts.push(host.to_owned());
    }
    if let Some(profile) = &config.profile {
        log::info!("profile {profile}: the built-in capacities are used");
    }
    let desk = match options.get("desk") {
        Some(file) => Some(boot::read_desk_file(file.as_ref()).map_err(Ended::usage)?),
        None => None,
    };
    let signals = wait::signals()?;
    let inherited = deskbell::ops::inherited::sockets().map_err(|name| {
        Ended::usage(format!(
            "an inherited socket is called {name:?}: only staff, public, redirect, relay and admin are known"
        ))
    })?;
    let listening = listen(&config, file, inherited.faces)?;
    let plan = Plan {
        data: config.data,
        desk,
        demo: None,
        vouchers: Vouchers::default(),
        hosts,
        trusted_proxies,
        public_url: config.public_url,
        listening,
        relay: inherited.relay,
        admin: inherited.admin,
    };
    let running = boot::start(plan).map_err(ended)?;
    for (face, address) in running.addresses() {
        log::info!("{face:?} face on {address}");
    }
    let staff = running.addresses().iter().find(|(face, _)| *face != Face::Public);
    let port = staff.or(running.addresses().first()).map_or(443, |(_, address)| address.port());
    let name = host_of(&config.names[0]);
    match port {
        443 => println!("ready https://{name}"),
        port => println!("ready https://{name}:{port}"),
    }
    deskbell::ops::notify::ready();
    wait::until_told(signals, running, |_| {})
}

/// A name as it stands in an address: without a port of its own.
fn host_of(name: &str) -> &str {
    match name.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') && port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => name,
    }
}

fn listen(
    config: &Config,
    file: &str,
    mut listening: Vec<(TcpListener, Face)>,
) -> Result<Vec<(TcpListener, Face)>, Ended> {
    let wanted = [(config.listen_staff, Face::Staff), (config.listen_public, Face::Public)];
    if !listening.is_empty() {
        return Ok(listening);
    }
    for (address, face) in wanted {
        let Some(address) = address else { continue };
        let listener = TcpListener::bind(address)
            .map_err(|error| Ended::usage(format!("cannot listen on {address}: {error}")))?;
        listening.push((listener, face));
    }
    if listening.is_empty() {
        return Err(Ended::usage(format!("{file}: listen_staff or listen_public must say where to listen")));
    }
    Ok(listening)
}
