//! Port 80: one short answer for everybody, "come again over TLS", and nothing taken in.
//!
//! People type names without a scheme, and the strict transport header is heard only after a first visit over
//! TLS. What is answered is made of the box's own names: of the request only a path of plain characters is
//! handed back, and its `Host` chooses among names that are known, so that nobody's words come out of this door.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use smol::future::FutureExt;
use smol::io::{AsyncReadExt, AsyncWriteExt};
use smol::{Async, Timer};

use super::Inner;
use crate::limits::{REDIRECT_HEAD_BYTES_MAX, REDIRECT_MS_MAX, REDIRECTS_MAX};

/// The socket of port 80 and where it sends people.
pub struct Redirect {
    /// Bound already.
    pub listener: TcpListener,
    /// Where to: the host as a browser names it, without a port, and the `https://…` it is answered with, without a
    /// slash at its end. The first is for whoever names none of them; without one the door stays shut.
    pub targets: Vec<(String, String)>,
}

/// How long to stand back when the system cannot hand over a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What of a request's target is handed back: longer ones are sent to the front page.
const PATH_BYTES_MAX: usize = 512;

pub(super) async fn accept_loop(
    inner: Arc<Inner>,
    listener: Async<TcpListener>,
    targets: Arc<[(String, String)]>,
) {
    let open = Arc::new(AtomicUsize::new(0));
    loop {
        let next = async { Some(listener.accept().await) };
        match next.or(async { inner.stopped().await }).await {
            None => return,
            Some(Ok((tcp, _))) => {
                if open.fetch_add(1, Ordering::Relaxed) >= REDIRECTS_MAX {
                    open.fetch_sub(1, Ordering::Relaxed);
                    inner.counters.redirects_refused.add();
                    continue;
                }
                let (inner_of, targets, open) = (inner.clone(), targets.clone(), open.clone());
                inner.spawn(async move {
                    let late = async {
                        Timer::after(Duration::from_millis(REDIRECT_MS_MAX)).await;
                        Err(io::ErrorKind::TimedOut.into())
                    };
                    match answer(tcp, &targets).or(late).await {
                        Ok(()) => inner_of.counters.redirects.add(),
                        Err(_) => inner_of.counters.redirects_refused.add(),
                    }
                    open.fetch_sub(1, Ordering::Relaxed);
                });
            }
            Some(Err(error)) => {
                log::debug!("a connection to port 80 could not be accepted: {error}");
                Timer::after(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn answer(mut tcp: Async<TcpStream>, targets: &[(String, String)]) -> io::Result<()> {
    let mut head = Vec::with_capacity(512);
    let mut piece = [0; 512];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let count = tcp.read(&mut piece).await?;
        if count == 0 || head.len() + count > REDIRECT_HEAD_BYTES_MAX {
            return Err(io::ErrorKind::InvalidData.into());
        }
        head.extend_from_slice(&piece[..count]);
        // A client that speaks TLS to this door never sends the end of a head.
        if !head[0].is_ascii_uppercase() {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
    let answer = response(&head, targets).ok_or(io::ErrorKind::InvalidData)?;
    tcp.write_all(answer.as_bytes()).await?;
    tcp.get_ref().shutdown(std::net::Shutdown::Write)?;
    // What the client still sends is read and dropped: closing on it would reset the answer away.
    let mut dropped = 0;
    while dropped < REDIRECT_HEAD_BYTES_MAX {
        match tcp.read(&mut piece).await? {
            0 => break,
            count => dropped += count,
        }
    }
    Ok(())
}

fn response(head: &[u8], targets: &[(String, String)]) -> Option<String> {
    let head = std::str::from_utf8(head).unwrap_or_default();
    let mut lines = head.split("\r\n");
    let target = lines.next().unwrap_or_default().split(' ').nth(1).unwrap_or("/");
    let host = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("host").then(|| without_port(value.trim()))
    });
    let known = host.and_then(|host| targets.iter().find(|(name, _)| name.eq_ignore_ascii_case(host)));
    let (_, url) = known.or(targets.first())?;
    let path = if is_plain(target) { target } else { "/" };
    Some(format!(
        "HTTP/1.1 308 Permanent Redirect\r\nLocation: {url}{path}\r\nContent-Length: 0\r\n\
         Cache-Control: no-store\r\nConnection: close\r\n\r\n"
    ))
}

/// A path of characters that mean nothing anywhere: no quote, bracket, space, backslash or control.
fn is_plain(target: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~%?=&+,;:@!*".contains(&byte);
    target.starts_with('/')
        && !target.starts_with("//")
        && target.len() <= PATH_BYTES_MAX
        && target.bytes().all(fits)
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !host.ends_with(']') => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(head: &str) -> String {
        let targets = [
            ("box.local".to_owned(), "https://box.local".to_owned()),
            ("chat.example".to_owned(), "https://chat.example:8443".to_owned()),
            ("[::1]".to_owned(), "https://[::1]".to_owned()),
        ];
        let answer = response(head.as_bytes(), &targets).expect("an answer");
        let location = answer.lines().find_map(|line| line.strip_prefix("Location: "));
        assert_eq!(answer.matches("\r\n\r\n").count(), 1, "{answer:?}");
        location.expect("a location").to_owned()
    }

    #[test]
    fn everybody_is_sent_to_the_name_she_used_if_it_is_ours() {
        assert_eq!(to("GET /agent/?a=1 HTTP/1.1\r\nHost: box.local\r\n\r\n"), "https://box.local/agent/?a=1");
        assert_eq!(to("POST / HTTP/1.1\r\nhost: CHAT.example:80\r\n\r\n"), "https://chat.example:8443/");
        assert_eq!(to("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"), "https://[::1]/");
        assert_eq!(to("GET / HTTP/1.0\r\n\r\n"), "https://box.local/");
    }

    #[test]
    fn nothing_of_a_hostile_request_comes_back() {
        for head in [
            "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: box.local.evil.example\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: box.local@evil.example\r\n\r\n",
            "GET //evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n",
            "GET http://evil.example/ HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET /\\evil.example HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET /<script> HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET /\nX-Evil:1 HTTP/1.1\r\nHost: x\r\n\r\n",
        ] {
            assert_eq!(to(head), "https://box.local/", "{head:?}");
        }
        assert_eq!(to(&format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(600))), "https://box.local/");
    }
}
