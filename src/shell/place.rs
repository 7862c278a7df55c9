//! Where the box stands in the network: under which names and addresses each of its faces is met (REQ B-10).

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use super::boot::Plan;
use super::tls::Tls;
use crate::admin::Authority;
use crate::gateway::Face;

/// What the box knows of its place in the network when it starts.
pub(super) struct Place {
    pub(super) names: Vec<String>,
    pub(super) staff_url: String,
    pub(super) public_url: Option<String>,
    pub(super) staff: Vec<SocketAddr>,
    pub(super) public: Vec<SocketAddr>,
    pub(super) trusted_proxies: Vec<String>,
    pub(super) authority: Authority,
    /// Until when the box's own certificate is good, in seconds; renewed while the box runs.
    pub(super) good_until_s: Arc<AtomicI64>,
}

impl Place {
    pub(super) fn new(plan: &Plan, tls: &Tls) -> Place {
        Place {
            names: tls.names.clone(),
            staff_url: staff_url(&plan.hosts, &plan.listening),
            public_url: plan.public_url.clone(),
            staff: addresses(&plan.listening, Face::Staff),
            public: addresses(&plan.listening, Face::Public),
            trusted_proxies: plan.trusted_proxies.iter().map(ToString::to_string).collect(),
            authority: tls.shown(),
            good_until_s: Arc::clone(&tls.good_until_s),
        }
    }

    /// `https://…` of the public face, which providers sign their calls to.
    pub(super) fn customers_url(&self) -> &str {
        self.public_url.as_deref().unwrap_or(&self.staff_url).trim_end_matches('/')
    }

    /// Where pages load the widget from. Without a public name it is the public face as the LAN meets it: the staff
    /// face serves no widget.
    pub(super) fn widget_url(&self) -> String {
        if let Some(url) = &self.public_url {
            return url.clone();
        }
        let port = self.public.first().map(SocketAddr::port).filter(|port| *port != 443);
        match (self.names.first(), port) {
            (Some(name), Some(port)) if name.contains(':') => format!("https://[{name}]:{port}"),
            (Some(name), Some(port)) => format!("https://{name}:{port}"),
            _ => self.staff_url.clone(),
        }
    }
}

/// Where a face listens.
fn addresses(listening: &[(TcpListener, Face)], wanted: Face) -> Vec<SocketAddr> {
    let shows = |face: Face| face == wanted || face == Face::Both;
    let found = listening.iter().filter(|(_, face)| shows(*face));
    found.filter_map(|(listener, _)| listener.local_addr().ok()).collect()
}

/// What staff type to come to the box.
fn staff_url(hosts: &[String], listening: &[(TcpListener, Face)]) -> String {
    let name = hosts.first().map_or("localhost", String::as_str);
    match addresses(listening, Face::Staff).first().map(|address| address.port()) {
        // A name with a port of its own is how a proxy before the box is met.
        Some(port) if port != 443 && without_port(name) == name => format!("https://{name}:{port}"),
        _ => format!("https://{name}"),
    }
}

/// Where port 80 sends whoever names a host: the staff's names to the staff's door, the public one to its own.
pub(super) fn targets(hosts: &[String], staff_url: &str, public_url: Option<&str>) -> Vec<(String, String)> {
    let staff_port =
        staff_url.rsplit_once(':').map(|(_, port)| port).filter(|port| port.parse::<u16>().is_ok());
    let public = public_url.and_then(|url| Some((url.strip_prefix("https://")?, url)));
    let target = |host: &String| {
        let name = without_port(host);
        let shown = if name.contains(':') { format!("[{name}]") } else { name.to_owned() };
        if let Some((_, url)) = public.filter(|(public, _)| public == host) {
            return (shown, url.to_owned());
        }
        let url = match staff_port {
            Some(port) if name == host.trim_matches(['[', ']']) => format!("https://{shown}:{port}"),
            _ => format!("https://{host}"),
        };
        (shown, url)
    };
    hosts.iter().map(target).collect()
}

/// `localhost:8443` without its port; `[::1]` without its brackets.
pub(super) fn without_port(host: &str) -> &str {
    let host = match host.rfind(':') {
        Some(at) if !host.ends_with(']') && (host.starts_with('[') || host.matches(':').count() == 1) => {
            &host[..at]
        }
        _ => host,
    };
    host.trim_start_matches('[').trim_end_matches(']')
}
