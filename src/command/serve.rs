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
    let listening = listen(&config, file)?;
    let url = format!("https://{}", config.names[0]);
    let plan = Plan {
        data: config.data,
        desk,
        demo: None,
        vouchers: Vouchers::default(),
        hosts,
        trusted_proxies,
        listening,
    };
    let running = boot::start(plan).map_err(ended)?;
    for (face, address) in running.addresses() {
        log::info!("{face:?} face on {address}");
    }
    println!("ready {url}");
    deskbell::ops::notify::ready();
    wait::until_told(signals, running)
}

fn listen(config: &Config, file: &str) -> Result<Vec<(TcpListener, Face)>, Ended> {
    let wanted = [(config.listen_staff, Face::Staff), (config.listen_public, Face::Public)];
    let mut listening = Vec::new();
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
