//! Sockets that systemd has opened for the box: they stay open over a restart, so that nobody is refused.

use std::net::{TcpListener, UdpSocket};
use std::os::unix::net::UnixListener;

use listenfd::ListenFd;

use crate::gateway::Face;

/// What was inherited, told apart by `FileDescriptorName`.
#[derive(Default)]
pub struct Inherited {
    /// `staff…` and `public…`.
    pub faces: Vec<(TcpListener, Face)>,
    /// `redirect`: port 80.
    pub redirect: Option<TcpListener>,
    /// `admin`: the Unix socket of the admin pages.
    pub admin: Option<UnixListener>,
    /// `sip`: the datagram socket a PBX speaks to.
    pub sip: Option<UdpSocket>,
    /// `relay`: the Unix socket the relay calls.
    pub relay: Option<UnixListener>,
}

/// Takes the inherited sockets; they can be taken once. An error is a name that this box does not know: a
/// socket with both faces on it would show the staff's to the world (REQ B-10).
pub fn sockets() -> Result<Inherited, String> {
    let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
    let mut names = names.split(':');
    let mut given = ListenFd::from_env();
    let mut found = Inherited::default();
    for index in 0..given.len() {
        let face = match names.next().unwrap_or_default() {
            name if name.starts_with("staff") => Face::Staff,
            name if name.starts_with("public") => Face::Public,
            name if name.starts_with("admin") => {
                match given.take_unix_listener(index) {
                    Ok(listener) => found.admin = listener,
                    Err(error) => ::log::warn!("the inherited socket admin is of no use: {error}"),
                }
                continue;
            }
            name if name.starts_with("relay") => {
                match given.take_unix_listener(index) {
                    Ok(listener) => found.relay = listener,
                    Err(error) => ::log::warn!("the inherited socket relay is of no use: {error}"),
                }
                continue;
            }
            "sip" => {
                match given.take_udp_socket(index) {
                    Ok(socket) => found.sip = socket,
                    Err(error) => ::log::warn!("the inherited socket sip is of no use: {error}"),
                }
                continue;
            }
            "redirect" => {
                match given.take_tcp_listener(index) {
                    Ok(listener) => found.redirect = listener,
                    Err(error) => ::log::warn!("the inherited socket redirect is of no use: {error}"),
                }
                continue;
            }
            other => return Err(other.to_owned()),
        };
        match given.take_tcp_listener(index) {
            Ok(Some(listener)) => found.faces.push((listener, face)),
            Ok(None) => {}
            Err(error) => ::log::warn!("inherited socket {index} is of no use: {error}"),
        }
    }
    Ok(found)
}
