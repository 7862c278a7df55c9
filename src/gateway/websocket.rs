//! One open WebSocket: frames in, one at a time; frames out, from its outbox; a goodbye at the end.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use async_tungstenite::tungstenite::protocol::frame::Frame as WireFrame;
use async_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use async_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use async_tungstenite::tungstenite::{Bytes, Error, Message, Utf8Bytes, error::ProtocolError};
use async_tungstenite::{WebSocketReceiver, WebSocketSender, WebSocketStream};
use futures_rustls::server::TlsStream;
use hyper::upgrade::OnUpgrade;
use smol::Timer;
use smol::future::FutureExt;
use smol::io::AsyncWriteExt;
use smol::stream::StreamExt;

use super::Inner;
use super::apart::Apart;
use super::live::Listed;
use super::outbox::{Goodbye, Next, Outbox, Parcel};
use super::rate::Bucket;
use super::serve::{Link, Stream};
use super::sockets::{Closed, Fault};
use super::upgrade::Opened;
use super::wire::{Cork, Wire};
use crate::limits;

type Socket = TlsStream<Wire>;
type Halves = (WebSocketSender<Socket>, WebSocketReceiver<Socket>, Cork);

/// Bytes read at a time, and so what an idle socket keeps for reading.
const READ_BUFFER_BYTES: usize = 1024;

/// How the conversation between two ends came to an end.
enum End {
    /// The other side said goodbye, with this code; ours has been sent.
    ByClient(u16),
    Lost,
    Fault(Fault),
    ByUs(Goodbye),
    Cut(Closed),
}

/// Runs a socket from its upgrade to its end. `opened` is absent for the echo socket.
pub(super) async fn run(
    inner: Arc<Inner>,
    link: Arc<Link>,
    upgraded: OnUpgrade,
    outbox: Arc<Outbox>,
    mut opened: Option<Opened>,
) {
    let ceilings = &inner.settings.ceilings;
    let bytes_max =
        if opened.is_some() { ceilings.client_frame_bytes_max } else { ceilings.echo_frame_bytes_max };
    // The stages that hold the whole connection by value are boxed and gone when it idles: inlined they
    // would make every idle socket's task 5 KiB larger.
    let Some(halves) = Box::pin(taken_over(upgraded, bytes_max)).await else { return };
    inner.counters.sockets_opened.add();
    if let Some(opened) = &mut opened {
        // What is true if this task is dropped half-way: only a stop does that.
        opened.why = Closed::Stopped;
    }
    let why = converse(&inner, halves, &outbox, opened.as_ref()).await;
    match why {
        Closed::Slow => inner.counters.sockets_slow.add(),
        Closed::Silent => inner.counters.sockets_silent.add(),
        Closed::Fault(_) => inner.counters.sockets_faulty.add(),
        _ => {}
    }
    outbox.cut(why);
    if let Some(opened) = &mut opened {
        opened.why = why;
    }
    drop(opened);
    // The place in the table is kept to the very end.
    drop(link);
}

async fn taken_over(upgraded: OnUpgrade, bytes_max: usize) -> Option<Halves> {
    let parts = upgraded.await.ok()?.downcast::<Stream>().ok()?;
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        // One piece, a pong and a close frame, with their headers.
        .max_write_buffer_size(limits::FRAME_PIECE_BYTES_MAX + 512)
        .max_message_size(Some(bytes_max))
        .max_frame_size(Some(bytes_max));
    let early = parts.read_buf.to_vec();
    let io = parts.io.into_inner();
    let cork = io.get_ref().0.cork().clone();
    let socket = WebSocketStream::from_partially_read(io, early, Role::Server, Some(config)).await;
    let (sender, receiver) = socket.split();
    Some((sender, receiver, cork))
}

async fn converse(
    inner: &Inner,
    (mut sender, mut receiver, cork): Halves,
    outbox: &Arc<Outbox>,
    opened: Option<&Opened>,
) -> Closed {
    let listed = inner.live.list(outbox.clone());
    if inner.is_stopping() {
        outbox.end(super::GOING_DOWN);
    }
    let end = {
        let reading = pin!(read_frames(inner, &mut receiver, outbox, opened, &listed));
        Apart::new(reading).or(write_frames(inner, &mut sender, &cork, outbox)).await
    };
    if let (End::Fault(fault), Some(opened)) = (&end, opened) {
        opened.sockets.fault(opened.conn, *fault);
    }
    let limit = Duration::from_millis(inner.settings.ceilings.goodbye_ms_max);
    let in_time = async {
        Timer::after(limit).await;
    };
    Box::pin(part(sender, receiver, &end).or(in_time)).await;
    match end {
        End::ByClient(code) => Closed::ByClient(code),
        End::Lost => Closed::Lost,
        End::Fault(fault) => Closed::Fault(fault),
        End::ByUs(goodbye) => goodbye.why,
        End::Cut(why) => why,
    }
}

/// Sends the goodbye that is due, hears the other one, and hangs up.
async fn part(mut sender: WebSocketSender<Socket>, mut receiver: WebSocketReceiver<Socket>, end: &End) {
    let goodbye = match end {
        End::Cut(_) | End::Lost => return,
        End::ByClient(_) => None,
        End::Fault(fault) => Some((fault.close_code(), "")),
        End::ByUs(goodbye) => Some((goodbye.code, goodbye.reason)),
    };
    if let Some((code, reason)) = goodbye {
        let frame = CloseFrame { code: CloseCode::from(code), reason: Utf8Bytes::from_static(reason) };
        if sender.close(Some(frame)).await.is_err() {
            return;
        }
    }
    // After a fault nothing that comes can be understood any more.
    if matches!(end, End::ByUs(_)) {
        while let Some(Ok(_)) = receiver.next().await {}
    }
    if let Ok(socket) = WebSocketStream::reunite(sender, receiver) {
        let mut socket = pin!(socket.into_inner());
        let _ = socket.close().await;
    }
}

async fn read_frames(
    inner: &Inner,
    receiver: &mut WebSocketReceiver<Socket>,
    outbox: &Outbox,
    opened: Option<&Opened>,
    listed: &Listed,
) -> End {
    let mut pace = Bucket::default();
    loop {
        let message = match receiver.next().await {
            Some(Ok(message)) => message,
            Some(Err(error)) => return fault_of(&error).map_or(End::Lost, End::Fault),
            None => return End::Lost,
        };
        listed.busy();
        while let Err(wait) = pace.take(inner.settings.ceilings.frames, listed.now_ms()) {
            // The beat is the clock here: asking again before it has moved would only burn the processor.
            Timer::after(wait.max(listed.beat())).await;
        }
        match (message, opened) {
            (Message::Close(frame), _) => {
                let code = frame.map_or(1005, |frame| frame.code.into());
                // The answer goes out with the next look at the socket, which then ends.
                while let Some(Ok(_)) = receiver.next().await {}
                return End::ByClient(code);
            }
            (Message::Text(text), Some(opened)) => {
                inner.counters.frames_in.add();
                opened.sockets.frame(opened.conn, text.as_str()).await;
            }
            (Message::Binary(_), Some(_)) => return End::Fault(Fault::Binary),
            (Message::Text(text), None) => echo(outbox, Parcel::Text(text)).await,
            (Message::Binary(bytes), None) => echo(outbox, Parcel::Binary(bytes)).await,
            (Message::Ping(_) | Message::Pong(_) | Message::Frame(_), _) => {}
        }
        listed.heard();
    }
}

/// Sends back what came, and takes nothing more until it is written.
async fn echo(outbox: &Outbox, parcel: Parcel) {
    // Refused only when the socket is closing; then there is nobody to tell.
    if outbox.push_parcel(parcel).is_ok() {
        poll_fn(|cx| outbox.poll_empty(cx)).await;
    }
}

async fn write_frames(
    inner: &Inner,
    sender: &mut WebSocketSender<Socket>,
    cork: &Cork,
    outbox: &Outbox,
) -> End {
    loop {
        let next = poll_fn(|cx| outbox.poll_next(cx)).await;
        cork.set(matches!(next, Next::Write(_, true)));
        let sent = match next {
            Next::Write(parcel, _) => {
                inner.counters.frames_out.add();
                send(sender, parcel).await
            }
            Next::Ping => sender.send(Message::Ping(Bytes::new())).await,
            Next::Close(goodbye) => return End::ByUs(goodbye),
            Next::Cut(why) => return End::Cut(why),
        };
        if sent.is_err() {
            return End::Lost;
        }
    }
}

/// A long frame leaves in pieces: see [`limits::FRAME_PIECE_BYTES_MAX`].
async fn send(sender: &mut WebSocketSender<Socket>, parcel: Parcel) -> Result<(), Error> {
    let (mut rest, mut kind) = match parcel {
        Parcel::Text(text) => (Bytes::from(text), Data::Text),
        Parcel::Binary(bytes) => (bytes, Data::Binary),
    };
    while rest.len() > limits::FRAME_PIECE_BYTES_MAX {
        let piece = rest.split_to(limits::FRAME_PIECE_BYTES_MAX);
        sender.send(Message::Frame(WireFrame::message(piece, OpCode::Data(kind), false))).await?;
        kind = Data::Continue;
    }
    sender.send(Message::Frame(WireFrame::message(rest, OpCode::Data(kind), true))).await
}

/// What the client did wrong; `None` when it is just gone.
fn fault_of(error: &Error) -> Option<Fault> {
    match error {
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
        Error::Protocol(_) => Some(Fault::Protocol),
        Error::Capacity(_) => Some(Fault::TooLarge),
        Error::Utf8(_) => Some(Fault::NotUtf8),
        _ => None,
    }
}
