//! The desk thread's door: what the gateway's executors may hand in, over one bounded channel.
//!
//! A full channel makes the sockets wait, and waiting sockets read nothing: back-pressure without a queue.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use smol::channel::{Receiver, Sender, TrySendError};

use super::Shell;
use super::board::Board;
use crate::agent::frames as staff;
use crate::channels::bot::frames as bot;
use crate::gateway::{Closed, ConnId, Fault, Opening, Refused, Role, Roles, SocketKind, Sockets};
use crate::limits::{DOOR_EVENTS_MAX, SOCKETS_PER_PERSON_MAX};
use crate::widget::frames as customer;

/// One thing that happened outside.
pub enum Event {
    /// A client has a socket.
    Opened(ConnId, Box<Opening>),
    /// A member of staff sent something.
    Staff(ConnId, Result<staff::Frame, staff::FrameFault>),
    /// A customer sent something.
    Customer(ConnId, Result<customer::Frame, customer::FrameFault>),
    /// A bot sent something.
    Bot(ConnId, Result<bot::Frame, bot::FrameFault>),
    /// A socket is gone.
    Closed(ConnId, Closed),
    /// Something to be done on the desk thread: an answer wanted by HTTP, or rows read from the store.
    Call(Box<dyn FnOnce(&mut Shell) + Send>),
    /// No more: the box is to stop.
    Stop,
}

/// The way in for everybody else. Cheap to clone.
#[derive(Clone)]
pub struct Door {
    events: Sender<Event>,
    inner: Arc<Inner>,
}

struct Inner {
    next: AtomicU64,
    /// Sockets per member of staff: one too many is refused before the upgrade.
    staff: Mutex<HashMap<Arc<str>, usize>>,
    owners: Mutex<HashMap<ConnId, Arc<str>>>,
    /// Sockets gone while the channel was full. Never longer than there were connections.
    gone: Mutex<Vec<(ConnId, Closed)>>,
    faults: [AtomicU64; 4],
}

impl Door {
    /// A door and what comes through it.
    pub fn new() -> (Door, Receiver<Event>) {
        let (events, receiver) = smol::channel::bounded(DOOR_EVENTS_MAX);
        let inner = Inner {
            next: AtomicU64::new(1),
            staff: Mutex::default(),
            owners: Mutex::default(),
            gone: Mutex::default(),
            faults: Default::default(),
        };
        (Door { events, inner: Arc::new(inner) }, receiver)
    }

    /// Asks the desk thread something. `None` when the box is stopping.
    pub async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Shell) -> T + Send + 'static,
    ) -> Option<T> {
        let (sender, answer) = smol::channel::bounded(1);
        let call = move |shell: &mut Shell| drop(sender.try_send(question(shell)));
        self.events.send(Event::Call(Box::new(call))).await.ok()?;
        answer.recv().await.ok()
    }

    /// Has the desk thread change something; the answer comes once all of it is on disk.
    pub async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Shell) -> T + Send + 'static,
    ) -> Option<T> {
        let (sender, answer) = smol::channel::bounded(1);
        let call = move |shell: &mut Shell| {
            let value = change(shell);
            shell.once_durable(move || drop(sender.try_send(value)));
        };
        self.events.send(Event::Call(Box::new(call))).await.ok()?;
        answer.recv().await.ok()
    }

    /// Hands a call in from a task of its own; waits for room.
    pub async fn hand_in(&self, call: Box<dyn FnOnce(&mut Shell) + Send>) {
        // An error means that the box is stopping: then nobody waits for the answer.
        let _ = self.events.send(Event::Call(call)).await;
    }

    /// Asks the desk thread to stop, from any thread; waits for room.
    pub fn stop(&self) {
        let _ = self.events.send_blocking(Event::Stop);
    }

    /// Sockets that went while the channel was full; to be asked when it is empty.
    pub(super) fn take_gone(&self) -> Vec<(ConnId, Closed)> {
        std::mem::take(&mut *lock(&self.inner.gone))
    }

    /// How often clients broke the rules of the socket: binary, not UTF-8, too large, protocol.
    pub fn faults(&self) -> [u64; 4] {
        std::array::from_fn(|index| self.inner.faults[index].load(Ordering::Relaxed))
    }
}

/// Whose socket it is stands in the last bits of its number: read by the executors before the desk thread knows it.
const KINDS: u64 = 3;
const STAFF: u64 = 1;
const BOT: u64 = 2;

/// The door as the gateway knows it: who may not come in hears so before the upgrade.
pub struct Doorkeeper {
    door: Door,
    board: Arc<Board>,
}

impl Doorkeeper {
    /// A keeper of this door.
    pub fn new(door: Door, board: Arc<Board>) -> Doorkeeper {
        Doorkeeper { door, board }
    }
}

impl Sockets for Doorkeeper {
    fn open(&self, opening: Opening) -> Result<ConnId, Refused> {
        if let SocketKind::Customer { widget } = &opening.kind
            && self.board.desk().widget(widget).is_none()
        {
            return Err(Refused::new(404, "not_found", "There is no such widget."));
        }
        // A machine's token opens calls, not a desktop.
        if let SocketKind::Agent { caller } = &opening.kind
            && !caller.roles.has(Role::Bot)
            && self.board.desk().agent(&caller.agent).is_none()
        {
            return Err(Refused::new(403, "forbidden", "This token is not a member of staff's."));
        }
        if let SocketKind::Agent { caller } = &opening.kind
            && caller.roles == Roles::NONE
        {
            return Err(Refused::new(401, "unauthorized", "Set up your one-time codes first."));
        }
        self.door.open(opening)
    }

    fn frame<'f>(&'f self, conn: ConnId, text: &'f str) -> Pin<Box<dyn Future<Output = ()> + Send + 'f>> {
        self.door.frame(conn, text)
    }

    fn fault(&self, conn: ConnId, fault: Fault) {
        self.door.fault(conn, fault);
    }

    fn closed(&self, conn: ConnId, why: Closed) {
        self.door.closed(conn, why);
    }
}

impl Sockets for Door {
    fn open(&self, opening: Opening) -> Result<ConnId, Refused> {
        let number = self.inner.next.fetch_add(1, Ordering::Relaxed) << 2;
        let conn = match &opening.kind {
            SocketKind::Agent { caller } => {
                let mut staff = lock(&self.inner.staff);
                let count = staff.entry(Arc::clone(&caller.agent)).or_default();
                if *count >= SOCKETS_PER_PERSON_MAX {
                    return Err(Refused::new(503, "full", "This account has its four windows open already."));
                }
                *count += 1;
                let conn = ConnId(number | if caller.roles.has(Role::Bot) { BOT } else { STAFF });
                lock(&self.inner.owners).insert(conn, Arc::clone(&caller.agent));
                conn
            }
            SocketKind::Customer { .. } => ConnId(number),
        };
        match self.events.try_send(Event::Opened(conn, Box::new(opening))) {
            Ok(()) => Ok(conn),
            Err(_) => {
                self.forget(conn);
                Err(Refused::new(503, "unavailable", "The desk is busy; try again in a moment."))
            }
        }
    }

    fn frame<'f>(&'f self, conn: ConnId, text: &'f str) -> Pin<Box<dyn Future<Output = ()> + Send + 'f>> {
        // Read here, on the executor: the desk thread meets only what is well formed, or its refusal.
        let event = match conn.0 & KINDS {
            STAFF => Event::Staff(conn, staff::parse(text)),
            BOT => Event::Bot(conn, bot::parse(text)),
            _ => Event::Customer(conn, customer::parse(text)),
        };
        Box::pin(async move { drop(self.events.send(event).await) })
    }

    fn fault(&self, _conn: ConnId, fault: Fault) {
        self.inner.faults[fault as usize].fetch_add(1, Ordering::Relaxed);
    }

    fn closed(&self, conn: ConnId, why: Closed) {
        self.forget(conn);
        if let Err(TrySendError::Full(_)) = self.events.try_send(Event::Closed(conn, why)) {
            lock(&self.inner.gone).push((conn, why));
        }
    }
}

impl Door {
    fn forget(&self, conn: ConnId) {
        let Some(username) = lock(&self.inner.owners).remove(&conn) else { return };
        let mut staff = lock(&self.inner.staff);
        if let Some(count) = staff.get_mut(&username) {
            *count -= 1;
            if *count == 0 {
                staff.remove(&username);
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
