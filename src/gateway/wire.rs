//! A TCP connection with manners: it gives way to others, does not wait for ever, and leaves politely.

use std::io;
use std::net::{Shutdown, TcpStream};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use smol::io::{AsyncRead, AsyncWrite};
use smol::{Async, Timer};

use crate::limits;

/// Bytes thrown away while waiting for the other side to hang up.
const LINGER_BYTES_MAX: usize = 256 * 1024;

/// The connection below TLS.
pub(super) struct Wire {
    tcp: Async<TcpStream>,
    /// Bytes read since somebody else last had a turn.
    turn_bytes: usize,
    stall: Duration,
    linger: Duration,
    /// Runs while the other side takes nothing, or while we wait for it to hang up. Boxed: mostly absent.
    timer: Option<Box<Timer>>,
    leaving: Leaving,
    cork: Cork,
    /// What was written while the cork was in.
    held: Vec<u8>,
}

/// While it is in, more is to be written at once: what is small waits for it and leaves with it, in one call and one
/// packet. A customer's answer and her message come in pairs.
#[derive(Clone, Default)]
pub(super) struct Cork(Arc<AtomicBool>);

impl Cork {
    /// Puts it in or takes it out. Whoever put it in takes it out before the last of what he writes.
    pub(super) fn set(&self, is_in: bool) {
        self.0.store(is_in, Ordering::Relaxed);
    }

    fn is_in(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

enum Leaving {
    No,
    /// Our side is shut; so many bytes were thrown away since.
    Lingering(usize),
    Done,
}

impl Wire {
    pub(super) fn new(tcp: Async<TcpStream>, stall: Duration, linger: Duration) -> Wire {
        let (cork, held) = (Cork::default(), Vec::new());
        Wire { tcp, turn_bytes: 0, stall, linger, timer: None, leaving: Leaving::No, cork, held }
    }

    /// What has come is acknowledged now, and not with an answer that is not there yet. Clients that put small packets
    /// together hold their first request until the last of their handshake is acknowledged: 40 ms each.
    pub(super) fn acknowledge(&self) {
        let _ = rustix::net::sockopt::set_tcp_quickack(&self.tcp, true);
    }

    pub(super) fn cork(&self) -> &Cork {
        &self.cork
    }

    /// Whether so many bytes more are to be held.
    fn holds(&self, bytes: usize) -> bool {
        (self.cork.is_in() || !self.held.is_empty()) && self.held.len() + bytes <= limits::WIRE_HELD_BYTES_MAX
    }

    /// Writes what was held.
    fn poll_held(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut written = 0;
        let result = loop {
            if written == self.held.len() {
                break Ok(());
            }
            match Pin::new(&mut self.tcp).poll_write(cx, &self.held[written..]) {
                Poll::Ready(Ok(bytes)) => {
                    self.timer = None;
                    written += bytes;
                }
                Poll::Ready(Err(error)) => break Err(error),
                Poll::Pending => {
                    self.held.drain(..written);
                    return self.stalled(cx).map(Err);
                }
            }
        };
        // An idle connection keeps no buffer.
        self.held = Vec::new();
        Poll::Ready(result)
    }

    /// Lets the error through when the other side has taken nothing for too long.
    fn stalled(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let stall = self.stall;
        let timer = self.timer.get_or_insert_with(|| Box::new(Timer::after(stall)));
        ready!(poll_timer(timer, cx));
        Poll::Ready(io::Error::new(io::ErrorKind::TimedOut, "the other side does not read"))
    }

    fn poll_discard(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut waste = [0; 2048];
        loop {
            let Leaving::Lingering(discarded) = self.leaving else { return Poll::Ready(()) };
            match Pin::new(&mut self.tcp).poll_read(cx, &mut waste) {
                Poll::Ready(Ok(bytes)) if bytes > 0 && discarded + bytes <= LINGER_BYTES_MAX => {
                    self.leaving = Leaving::Lingering(discarded + bytes);
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => {
                    let linger = self.linger;
                    let timer = self.timer.get_or_insert_with(|| Box::new(Timer::after(linger)));
                    return poll_timer(timer, cx);
                }
            }
        }
    }
}

fn poll_timer(timer: &mut Timer, cx: &mut Context<'_>) -> Poll<()> {
    std::future::Future::poll(Pin::new(timer), cx).map(|_| ())
}

impl AsyncRead for Wire {
    /// After its share of bytes a busy connection stands back once: without that a client that sends
    /// without pause would keep a thread to itself, since none of the layers above ever yields.
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        if self.turn_bytes >= limits::READ_TURN_BYTES_MAX {
            self.turn_bytes = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        match Pin::new(&mut self.tcp).poll_read(cx, buf) {
            Poll::Ready(Ok(bytes)) => {
                self.turn_bytes += bytes;
                Poll::Ready(Ok(bytes))
            }
            Poll::Pending => {
                self.turn_bytes = 0;
                Poll::Pending
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.holds(buf.len()) {
            self.held.extend_from_slice(buf);
            return Poll::Ready(Ok(buf.len()));
        }
        ready!(self.poll_held(cx))?;
        match Pin::new(&mut self.tcp).poll_write(cx, buf) {
            Poll::Ready(result) => {
                self.timer = None;
                Poll::Ready(result)
            }
            Poll::Pending => self.stalled(cx).map(Err),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let bytes = bufs.iter().map(|buf| buf.len()).sum();
        if self.holds(bytes) {
            bufs.iter().for_each(|buf| self.held.extend_from_slice(buf));
            return Poll::Ready(Ok(bytes));
        }
        ready!(self.poll_held(cx))?;
        match Pin::new(&mut self.tcp).poll_write_vectored(cx, bufs) {
            Poll::Ready(result) => {
                self.timer = None;
                Poll::Ready(result)
            }
            Poll::Pending => self.stalled(cx).map(Err),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.cork.is_in() {
            return Poll::Ready(Ok(()));
        }
        ready!(self.poll_held(cx))?;
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    /// Shuts our side, then reads and throws away until the other side hangs up too. Closing at once with
    /// unread bytes makes the system send a reset, which can overtake the very answer (413, a close frame)
    /// that says why.
    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Leaving::No = self.leaving {
            ready!(self.poll_held(cx))?;
            self.timer = None;
            self.leaving = Leaving::Lingering(0);
            if let Err(error) = self.tcp.get_ref().shutdown(Shutdown::Write) {
                self.leaving = Leaving::Done;
                return Poll::Ready(Err(error));
            }
        }
        ready!(self.poll_discard(cx));
        self.leaving = Leaving::Done;
        self.timer = None;
        Poll::Ready(Ok(()))
    }
}
