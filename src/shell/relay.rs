//! The box's end of the line to its relay: a Unix socket that the relay calls.
//!
//! The main process keeps having no network: whatever goes out goes through here, as a line of JSON.

use std::io;
use std::os::unix::net::UnixListener;
use std::sync::Arc;

use smol::Async;
use smol::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use smol::lock::Semaphore;

use super::door::Door;
use crate::channels::FromRelay;
use crate::limits::{RELAY_CALLS_MAX, RELAY_FILES_MAX, RELAY_LINE_BYTES_MAX, RELAY_LINKS_MAX};

/// Lines on their way to the relay: every call that may be under way, and every file taken.
const LINES_MAX: usize = 2 * (RELAY_CALLS_MAX + RELAY_FILES_MAX);

/// Serves relays, the newest at a time, until the box stops.
pub(super) fn listen(listener: UnixListener, door: Door) -> io::Result<()> {
    let listener = Async::new(listener)?;
    // A newer relay ends the line of the one before, so that a place is free again.
    let places = Arc::new(Semaphore::new(RELAY_LINKS_MAX));
    smol::spawn(async move {
        loop {
            let place = places.acquire_arc().await;
            match listener.accept().await {
                Ok((stream, _)) => {
                    let line = serve(stream, door.clone());
                    smol::spawn(async move {
                        line.await;
                        drop(place);
                    })
                    .detach();
                }
                Err(error) => {
                    log::warn!("the relay's socket: {error}");
                    smol::Timer::after(std::time::Duration::from_secs(1)).await;
                }
            }
        }
    })
    .detach();
    Ok(())
}

async fn serve(stream: Async<std::os::unix::net::UnixStream>, door: Door) {
    let (lines, queue) = smol::channel::bounded::<String>(LINES_MAX);
    let Some(number) = door.ask(move |shell| shell.relay_came(lines)).await else { return };
    let (reader, mut writer) = smol::io::split(stream);
    let write = async {
        while let Ok(line) = queue.recv().await {
            writer.write_all(line.as_bytes()).await?;
        }
        Ok(())
    };
    let read = async {
        let mut reader = BufReader::new(reader);
        let mut line = Vec::new();
        loop {
            line.clear();
            (&mut reader).take(RELAY_LINE_BYTES_MAX as u64).read_until(b'\n', &mut line).await?;
            if line.last() != Some(&b'\n') {
                return Ok(());
            }
            let message: FromRelay = serde_json::from_slice(&line).map_err(io::Error::other)?;
            door.hand_in(Box::new(move |shell| shell.relay_said(number, message))).await;
        }
    };
    let end: io::Result<()> = smol::future::or(read, write).await;
    if let Err(error) = end {
        log::warn!("the line to the relay: {error}");
    }
    door.hand_in(Box::new(move |shell| shell.relay_gone(number))).await;
}
