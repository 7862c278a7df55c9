//! `deskbell serve`: the appliance.

use std::io::Write;
use std::net::{SocketAddr, TcpListener, UdpSocket};

use deskbell::gateway::Face;
use deskbell::ops::settings::Settings;
use deskbell::shell::boot::{self, Plan};
use deskbell::shell::sip::Listening;
use deskbell::shell::trust::Vouchers;

use super::options::Options;
use super::{Ended, wait};

pub(crate) fn run(arguments: &[String]) -> Result<(), Ended> {
    let options = Options::read(arguments, &["config", "desk"])?;
    options.nothing_else()?;
    let file = options.get("config").ok_or_else(|| Ended::usage("`deskbell serve` wants --config FILE"))?;
    let text = std::fs::read_to_string(file).map_err(|error| Ended::usage(format!("{file}: {error}")))?;
    let config = Settings::parse(&text).map_err(|fault| Ended::usage(format!("{file}: {fault}")))?;
    deskbell::ops::log::start(config.log);
    let mut hosts = config.names.clone();
    hosts.extend(config.public.iter().map(|(_, host)| host.clone()));
    let desk = match options.get("desk") {
        Some(file) => Some(boot::read_desk_file(file.as_ref()).map_err(Ended::usage)?),
        None => None,
    };
    let signals = wait::signals()?;
    let inherited = deskbell::ops::inherited::sockets().map_err(|name| {
        Ended::usage(format!(
            "an inherited socket is called {name:?}: only staff, public, redirect, sip, relay and admin are known"
        ))
    })?;
    let is_inherited = !inherited.faces.is_empty();
    let listening = listen(&config, file, inherited.faces)?;
    let redirect = match (inherited.redirect, config.listen_redirect) {
        (Some(listener), _) => Some(listener),
        (None, Some(address)) if !is_inherited => Some(bound(address)?),
        _ => None,
    };
    if let Some(Ok(address)) = redirect.as_ref().map(TcpListener::local_addr) {
        log::info!("Redirect on {address}");
    }
    let sip = match (inherited.sip, config.listen_sip) {
        (Some(socket), _) => Some(socket),
        (None, Some(address)) if !is_inherited => Some(bound_udp(address)?),
        _ => None,
    };
    let sip = sip.map(|socket| Listening { socket, peers: config.sip_peers });
    let data = config.data.clone();
    let plan = Plan {
        sip,
        data: config.data,
        profile: config.profile,
        redirect,
        desk,
        demo: None,
        vouchers: Vouchers::default(),
        hosts,
        trusted_proxies: config.trusted_proxies,
        public_url: config.public.map(|(url, _)| url),
        listening,
        record_bytes: config.record_mib.map(|mib| mib.saturating_mul(1 << 20)),
        relay: inherited.relay,
        admin: inherited.admin,
    };
    let running = boot::start(plan).map_err(|error| Ended::on(&data, error))?;
    for (face, address) in running.addresses() {
        log::info!("{face:?} face on {address}");
    }
    let staff = running.addresses().iter().find(|(face, _)| *face != Face::Public);
    let port = staff.or(running.addresses().first()).map_or(443, |(_, address)| address.port());
    let name = host_of(&config.names[0]);
    let port = if port == 443 { String::new() } else { format!(":{port}") };
    // Who started it may read no further than it likes.
    let _ = writeln!(std::io::stdout(), "ready https://{name}{port}");
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

fn bound_udp(address: SocketAddr) -> Result<UdpSocket, Ended> {
    UdpSocket::bind(address).map_err(|error| Ended::usage(format!("cannot listen on {address}: {error}")))
}

fn bound(address: SocketAddr) -> Result<TcpListener, Ended> {
    TcpListener::bind(address).map_err(|error| Ended::usage(format!("cannot listen on {address}: {error}")))
}

fn listen(
    config: &Settings,
    file: &str,
    mut listening: Vec<(TcpListener, Face)>,
) -> Result<Vec<(TcpListener, Face)>, Ended> {
    let wanted = [(config.listen_staff, Face::Staff), (config.listen_public, Face::Public)];
    if !listening.is_empty() {
        return Ok(listening);
    }
    for (address, face) in wanted {
        let Some(address) = address else { continue };
        listening.push((bound(address)?, face));
    }
    if listening.is_empty() {
        return Err(Ended::usage(format!("{file}: listen_staff or listen_public must say where to listen")));
    }
    Ok(listening)
}
