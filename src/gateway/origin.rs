//! Where a request comes from: the client's address behind proxies, and whether a page is the box's own.

use std::net::IpAddr;
use std::str::FromStr;

/// Addresses that share their first bits: `10.0.0.0/8`, or one address alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// Whether `address` lies in it. An IPv4 address written as IPv6 counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let differing = u32::from(own) ^ u32::from(other);
                self.bits == 0 || differing >> (32 - u32::from(self.bits)) == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let differing = u128::from(own) ^ u128::from(other);
                self.bits == 0 || differing >> (128 - u32::from(self.bits)) == 0
            }
            _ => false,
        }
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

/// Text that is not a network.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NotANetwork(pub String);

impl std::fmt::Display for NotANetwork {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} is neither an address nor a network like 10.0.0.0/8", self.0)
    }
}

impl std::error::Error for NotANetwork {}

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Network, NotANetwork> {
        let fault = || NotANetwork(text.to_owned());
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u8>().map_err(|_| fault())?)),
            None => (text, None),
        };
        let address = address.parse::<IpAddr>().map_err(|_| fault())?;
        let all = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(all);
        if bits > all { Err(fault()) } else { Ok(Network { address, bits }) }
    }
}

/// The client's address: the socket's own, or, when that is a trusted proxy, the last address in
/// `X-Forwarded-For` that is not one. What stands further left was written by anybody (REQ B-10).
pub(super) fn client_address(socket: IpAddr, forwarded_for: &[&str], proxies: &[Network]) -> IpAddr {
    let trusted = |address: IpAddr| proxies.iter().any(|network| network.contains(address));
    let mut client = socket.to_canonical();
    let hops = forwarded_for.iter().rev().flat_map(|line| line.rsplit(','));
    for hop in hops {
        if !trusted(client) {
            break;
        }
        match parse_hop(hop.trim()) {
            Some(address) => client = address.to_canonical(),
            None => break,
        }
    }
    client
}

/// Some proxies append the port.
fn parse_hop(text: &str) -> Option<IpAddr> {
    let with_port = || text.parse::<std::net::SocketAddr>().ok().map(|address| address.ip());
    text.parse().ok().or_else(with_port)
}

/// What connections are counted by: the address, or the /64 an IPv6 client may choose from freely.
pub fn source_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::from((u128::from(address) & !u128::from(u64::MAX)).to_be_bytes()),
        address => address,
    }
}

/// Whether `host`, a `Host` header, is one of the box's own names. A name given with a port must match
/// with it; a name without is the box's on any port, as behind a port forward.
pub(super) fn is_own_host(host: &str, own: &[String]) -> bool {
    let bare = without_port(host);
    own.iter().any(|name| name.eq_ignore_ascii_case(host) || name.eq_ignore_ascii_case(bare))
}

/// Whether an `Origin` header names a page of the box itself.
pub(super) fn is_own_origin(origin: &str, host: &str, own: &[String]) -> bool {
    let same = origin.strip_prefix("https://").is_some_and(|origin_host| {
        let plain = |host: &str| host.strip_suffix(":443").unwrap_or(host).to_ascii_lowercase();
        plain(origin_host) == plain(host)
    });
    same && is_own_host(host, own)
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        // `[::1]` has colons of its own.
        Some((name, port)) if !port.ends_with(']') && port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(texts: &[&str]) -> Vec<Network> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn network_holds_its_addresses_and_no_others() {
        let network: Network = "10.1.0.0/16".parse().unwrap();
        assert!(network.contains(address("10.1.2.3")) && network.contains(address("::ffff:10.1.2.3")));
        assert!(!network.contains(address("10.2.0.1")) && !network.contains(address("fe80::1")));
        assert!("0.0.0.0/0".parse::<Network>().unwrap().contains(address("8.8.8.8")));
        assert!("fd00::/8".parse::<Network>().unwrap().contains(address("fd12::1")));
        for text in ["10.0.0.0/33", "box.example", "10.0.0.0/", "fd00::/129", ""] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }

    #[test]
    fn forwarded_address_counts_only_from_a_trusted_proxy() {
        let proxies = networks(&["10.0.0.0/8"]);
        let seen =
            |socket: &str, lines: &[&str]| client_address(address(socket), lines, &proxies).to_string();
        assert_eq!(seen("192.0.2.1", &["1.1.1.1"]), "192.0.2.1");
        assert_eq!(seen("10.0.0.1", &["1.1.1.1"]), "1.1.1.1");
        assert_eq!(seen("10.0.0.1", &["6.6.6.6, 1.1.1.1, 10.0.0.2"]), "1.1.1.1");
        assert_eq!(seen("10.0.0.1", &["6.6.6.6", "1.1.1.1:4711"]), "1.1.1.1");
        assert_eq!(seen("10.0.0.1", &["1.1.1.1, unknown"]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn ipv6_clients_count_by_their_network() {
        assert_eq!(source_of(address("2001:db8::1:2:3:4")), source_of(address("2001:db8::9")));
        assert_ne!(source_of(address("2001:db8:0:1::1")), source_of(address("2001:db8::1")));
        assert_eq!(source_of(address("::ffff:192.0.2.1")), address("192.0.2.1"));
    }

    #[test]
    fn own_origin_needs_the_scheme_the_host_of_the_request_and_a_name_of_the_box() {
        let own = ["box.example".to_owned(), "localhost:8443".to_owned(), "[::1]:8443".to_owned()];
        assert!(is_own_origin("https://box.example", "box.example", &own));
        assert!(is_own_origin("https://box.example", "box.example:443", &own));
        assert!(is_own_origin("https://box.example:9443", "box.example:9443", &own));
        assert!(is_own_origin("https://localhost:8443", "localhost:8443", &own));
        assert!(is_own_origin("https://[::1]:8443", "[::1]:8443", &own));
        assert!(!is_own_origin("https://localhost:8444", "localhost:8444", &own));
        assert!(!is_own_origin("http://box.example", "box.example", &own));
        assert!(!is_own_origin("https://evil.example", "box.example", &own));
        assert!(!is_own_origin("https://evil.example", "evil.example", &own));
        assert!(!is_own_origin("null", "box.example", &own));
    }
}
