//! Sockets that systemd has opened for the box: they stay open over a restart, so that nobody is refused.

use std::net::TcpListener;

use listenfd::ListenFd;

use crate::gateway::Face;

/// The inherited TCP sockets, told apart by their `FileDescriptorName`: `staff…` and `public…`. One without
/// such a name shows both faces.
pub fn sockets() -> Vec<(TcpListener, Face)> {
    let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
    let mut names = names.split(':');
    let mut inherited = ListenFd::from_env();
    let mut sockets = Vec::new();
    for index in 0..inherited.len() {
        let face = match names.next().unwrap_or_default() {
            name if name.starts_with("staff") => Face::Staff,
            name if name.starts_with("public") => Face::Public,
            name if name.starts_with("admin") => continue,
            _ => Face::Both,
        };
        match inherited.take_tcp_listener(index) {
            Ok(Some(listener)) => sockets.push((listener, face)),
            Ok(None) => {}
            Err(error) => ::log::warn!("inherited socket {index} is of no use: {error}"),
        }
    }
    sockets
}
