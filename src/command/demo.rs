//! `deskbell demo`: everything at once, for looking, drills and tests.

use std::io::Write;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};

use deskbell::desk::{self, LoadOptions, Word};
use deskbell::gateway::Face;
use deskbell::ops::profile::Profile;
use deskbell::shell::boot::{self, BootError, Plan};
use deskbell::shell::sip::Listening;
use deskbell::shell::trust::Vouchers;

use super::options::Options;
use super::socket::Socket;
use super::{Ended, wait};

pub(crate) fn run(arguments: &[String]) -> Result<(), Ended> {
    let options = Options::read(
        arguments,
        &[
            "listen",
            "data",
            "desk",
            "clock-speed",
            "wall-clock",
            "log",
            "profile",
            "record-mib",
            "listen-sip",
        ],
    )?;
    options.nothing_else()?;
    deskbell::ops::log::start(options.log_level()?);
    let listen: SocketAddr = options
        .get("listen")
        .unwrap_or("127.0.0.1:8443")
        .parse()
        .map_err(|_| Ended::usage("--listen takes an address and a port, such as 127.0.0.1:8443"))?;
    let speed = match options.get("clock-speed") {
        None => 1,
        Some(text) => match text.parse() {
            Ok(speed @ 1..=1000) => speed,
            _ => return Err(Ended::usage("--clock-speed takes a number from 1 to 1000")),
        },
    };
    let wall_ms = match options.get("wall-clock") {
        None => None,
        Some(text) => match text.parse::<jiff::Timestamp>() {
            Ok(at) => Some(at.as_millisecond()),
            Err(_) => return Err(Ended::usage("--wall-clock takes a time such as 2026-11-21T09:00:00Z")),
        },
    };
    let record_bytes = match options.get("record-mib").map(str::parse::<u64>) {
        None => None,
        Some(Ok(mib)) => Some(mib.saturating_mul(1 << 20)),
        Some(Err(_)) => return Err(Ended::usage("--record-mib takes a number of MiB")),
    };
    let text = match options.get("desk") {
        Some(file) => boot::read_desk_file(file.as_ref()).map_err(Ended::usage)?,
        None => desk::demo().to_owned(),
    };
    let mut accounts = accounts(&text)?;
    let data = match options.get("data") {
        Some(dir) => PathBuf::from(dir),
        None => fresh_folder()?,
    };
    let has_desk = data.join("state.redb").exists();
    let signals = wait::signals()?;
    let listener = TcpListener::bind(listen)
        .map_err(|error| Ended::usage(format!("cannot listen on {listen}: {error}")))?;
    let bound = listener.local_addr().map_err(|error| Ended::failed(error.to_string()))?;
    let hosts = hosts(bound);
    let profile = match options.get("profile") {
        Some(name) => Profile::named(name).map_err(|fault| Ended::usage(fault.to_string()))?,
        None => Profile::default(),
    };
    let sip = options.get("listen-sip").map(sip).transpose()?;
    let plan = Plan {
        sip,
        data: data.clone(),
        profile,
        redirect: None,
        desk: Some(text),
        demo: Some((speed, wall_ms)),
        vouchers: Vouchers::default(),
        hosts,
        trusted_proxies: Vec::new(),
        public_url: None,
        listening: vec![(listener, Face::Both)],
        record_bytes,
        relay: None,
        admin: None,
    };
    let running = boot::start(plan).map_err(|error| Ended::on(&data, error))?;
    let url = match bound.ip() {
        ip if ip.is_loopback() || ip.is_unspecified() => format!("https://localhost:{}", bound.port()),
        _ => format!("https://{bound}"),
    };
    if has_desk {
        accounts = in_force(&data, &accounts)?;
    }
    say(&url, &data.display().to_string(), &accounts)?;
    deskbell::ops::notify::ready();
    let mut relay = super::relay::Kept::default();
    wait::until_told(signals, running, |running| relay.tend(running.wants_relay()))
}

/// SIP on an address, for PBXs on this machine.
fn sip(address: &str) -> Result<Listening, Ended> {
    let address: SocketAddr = address
        .parse()
        .map_err(|_| Ended::usage("--listen-sip takes an address and a port, such as 127.0.0.1:5060"))?;
    let socket = UdpSocket::bind(address)
        .map_err(|error| Ended::usage(format!("cannot listen on {address}: {error}")))?;
    let peers = ["127.0.0.0/8", "::1"].into_iter().filter_map(|network| network.parse().ok()).collect();
    Ok(Listening { socket, peers })
}

/// The accounts of a desk file, for the greeting: a demo's passwords are public.
fn accounts(text: &str) -> Result<Vec<String>, Ended> {
    let loaded = desk::load(text).map_err(|faults| Ended::of(BootError::Desk(faults)))?;
    let line = |agent: &desk::Agent| {
        account(agent, agent.password.plain().map_or("(set)", |secret| secret.expose()))
    };
    Ok(loaded.desk.agents.iter().map(line).collect())
}

fn account(agent: &desk::Agent, password: &str) -> String {
    let roles: Vec<&str> = agent.roles.iter().map(|role| role.word()).collect();
    format!("{:<12} {:<24} {}", agent.username.to_string(), password, roles.join(", "))
}

/// The same of a folder whose desk was there before, which is the one in force: whoever the file knows too is taken to
/// have its password still.
fn in_force(data: &Path, given: &[String]) -> Result<Vec<String>, Ended> {
    let Some(socket) = Socket::of(data)? else { return Ok(given.to_vec()) };
    let how = LoadOptions { allow_missing_secrets: true, ..LoadOptions::default() };
    let loaded = desk::load_with(&socket.get("desk")?.text()?, how);
    let desk = loaded.map_err(|faults| Ended::of(BootError::Desk(faults)))?.desk;
    let line = |agent: &desk::Agent| {
        let known = given.iter().find(|line| line.split(' ').next() == Some(&*agent.username.to_string()));
        known.cloned().unwrap_or_else(|| account(agent, "(as it was set)"))
    };
    Ok(desk.agents.iter().map(line).collect())
}

fn fresh_folder() -> Result<PathBuf, Ended> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|_| Ended::failed("the system has no random bytes"))?;
    let name = format!("deskbell-demo-{:016x}", u64::from_be_bytes(bytes));
    Ok(std::env::temp_dir().join(name))
}

/// The names under which pages of the demo are the box's own.
fn hosts(bound: SocketAddr) -> Vec<String> {
    let mut hosts = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "[::1]".to_owned()];
    let ip = bound.ip();
    if !ip.is_loopback() && !ip.is_unspecified() {
        hosts.push(if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() });
    }
    hosts
}

fn say(url: &str, data: &str, accounts: &[String]) -> Result<(), Ended> {
    let mut out = std::io::stdout().lock();
    let mut lines = vec![
        format!("shop page      {url}/demo/"),
        format!("agent desktop  {url}/agent/"),
        format!("admin pages    {url}/admin/"),
        format!("trust          {url}/trust"),
        format!("data           {data}"),
        String::new(),
    ];
    lines.extend(accounts.iter().cloned());
    lines.push(String::new());
    lines.push(format!("ready {url}"));
    for line in lines {
        // Nobody reads: the box serves all the same.
        if writeln!(out, "{line}").is_err() {
            break;
        }
    }
    let _ = out.flush();
    Ok(())
}
