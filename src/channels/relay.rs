//! The relay: the one process of the box that calls out. It has the network and no store.
//!
//! It keeps a connection to the box's socket, makes the calls it is given, each once, and says what came of them. It
//! remembers nothing: whatever it was doing when it ends is the box's to clear up.

mod folders;
mod http;
mod mail;

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use self::folders::Folders;
use self::http::Client;
use super::call::{self, Call, FromRelay, Reply, ToRelay};
use crate::limits::{RELAY_CALLS_MAX, RELAY_LINE_BYTES_MAX};
use crate::ops::reach::Reach;

/// Pause before the box is looked for again.
const AGAIN: Duration = Duration::from_millis(250);

/// How often spool folders are looked into.
const LOOK: Duration = Duration::from_millis(500);

/// What the threads of one connection share.
struct Link {
    client: Client,
    writer: Mutex<UnixStream>,
    folders: Mutex<Folders>,
    calls: AtomicUsize,
}

/// Serves the box behind a socket for ever: a box that goes is waited for.
pub fn run(socket: &Path) -> ! {
    let mut told = false;
    loop {
        match Reach::of(socket).and_then(|reach| UnixStream::connect(reach.path())) {
            Ok(stream) => {
                told = false;
                log::info!("connected to the box");
                match serve(stream) {
                    Ok(()) => log::info!("the box has gone"),
                    Err(error) => log::warn!("the box has gone: {error}"),
                }
            }
            Err(error) if !told => {
                told = true;
                log::warn!("there is no box at {}: {error}", socket.display());
            }
            Err(_) => {}
        }
        std::thread::sleep(AGAIN);
    }
}

fn serve(stream: UnixStream) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let link = Arc::new(Link {
        client: Client::new(),
        writer: Mutex::new(stream),
        folders: Mutex::default(),
        calls: AtomicUsize::new(0),
    });
    let watching = Arc::downgrade(&link);
    std::thread::Builder::new().name("spool".to_owned()).spawn(move || {
        while let Some(link) = watching.upgrade() {
            if link.say_found().is_err() {
                return;
            }
            drop(link);
            std::thread::sleep(LOOK);
        }
    })?;
    let mut line = Vec::new();
    loop {
        line.clear();
        (&mut reader).take(RELAY_LINE_BYTES_MAX as u64).read_until(b'\n', &mut line)?;
        if line.last() != Some(&b'\n') {
            return Ok(());
        }
        let message: ToRelay = serde_json::from_slice(&line).map_err(io::Error::other)?;
        match message {
            ToRelay::Call { n, call } => make(&link, n, call)?,
            ToRelay::Watch { folders } => lock(&link.folders).watch(folders),
            ToRelay::Taken { workstream, name } => lock(&link.folders).put_away(workstream, name),
            ToRelay::Left { workstream, name } => lock(&link.folders).leave(workstream, name),
        }
    }
}

/// Makes one call on a thread of its own: a slow provider holds up its own messages only.
fn make(link: &Arc<Link>, n: u64, call: Call) -> io::Result<()> {
    if link.calls.fetch_add(1, Ordering::Relaxed) >= RELAY_CALLS_MAX {
        link.calls.fetch_sub(1, Ordering::Relaxed);
        return link.say(&FromRelay::Reply { n, reply: Reply::Unreached("the relay is busy".to_owned()) });
    }
    let link = Arc::clone(link);
    std::thread::Builder::new().name("call".to_owned()).spawn(move || {
        let reply = match &call {
            Call::Http(http) => link.client.make(http),
            Call::Letter(letter) => mail::send(letter),
            Call::Put { keeper, folder, name, text } => folders::put(*keeper, folder, name, text),
        };
        link.calls.fetch_sub(1, Ordering::Relaxed);
        // A box that has gone takes the call for unclear by itself.
        let _ = link.say(&FromRelay::Reply { n, reply });
    })?;
    Ok(())
}

impl Link {
    fn say(&self, message: &FromRelay) -> io::Result<()> {
        lock(&self.writer).write_all(call::line(message).as_bytes())
    }

    fn say_found(&self) -> io::Result<()> {
        let found = lock(&self.folders).look();
        found.iter().try_for_each(|message| self.say(message))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
