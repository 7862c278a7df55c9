//! Reading the store beside the desk thread: a few jobs at a time, their answers handed in as events.

use std::sync::Arc;
use std::time::Duration;

use smol::lock::{Semaphore, SemaphoreGuardArc};

use super::Shell;
use super::card::Card;
use super::door::Door;
use super::outbound::records::Peer;
use super::records::{Message, Waiting};
use crate::gateway::ConnId;
use crate::limits::{READS_MAX, SEARCHES_MAX};
use crate::store::records::Record;
use crate::store::{Direction, ReadError, Reader, Sequence, Snapshot, Table};

/// How long a read waits for the state to catch up with the journal.
const PATIENCE: Duration = Duration::from_secs(10);

/// The few places at which the store is read.
#[derive(Clone)]
pub struct Readers {
    reader: Reader,
    places: Arc<Semaphore>,
    searches: Arc<Semaphore>,
}

impl Readers {
    /// Readers of a store.
    pub fn new(reader: Reader) -> Readers {
        let places = |most| Arc::new(Semaphore::new(most));
        Readers { reader, places: places(READS_MAX), searches: places(SEARCHES_MAX) }
    }

    /// The reader itself, for a backup, which is no job among the few.
    pub(super) fn reader(&self) -> Reader {
        self.reader.clone()
    }

    /// Reads the state at or after `sequence`.
    pub async fn read<T: Send + 'static>(
        &self,
        sequence: Sequence,
        job: impl FnOnce(&Snapshot) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, ReadError> {
        let place = self.places.acquire_arc().await;
        let reader = self.reader.clone();
        smol::unblock(move || {
            let _place = place;
            reader.wait(sequence, PATIENCE)?;
            job(&reader.snapshot()?)
        })
        .await
    }

    /// A turn to search, held until the answer is made: a search may take its whole time, so only so many go on at
    /// once and others find a place. Whoever waits for one holds no copy of the table's cards yet.
    pub async fn search_turn(&self) -> SemaphoreGuardArc {
        self.searches.acquire_arc().await
    }

    /// Has a job done and its answer handed in at the door.
    pub(super) fn spawn<T: Send + 'static>(
        &self,
        door: &Door,
        sequence: Sequence,
        job: impl FnOnce(&Snapshot) -> Result<T, ReadError> + Send + 'static,
        then: impl FnOnce(&mut Shell, Result<T, ReadError>) + Send + 'static,
    ) {
        let (readers, door) = (self.clone(), door.clone());
        smol::spawn(async move {
            let read = readers.read(sequence, job).await;
            door.hand_in(Box::new(move |shell| then(shell, read))).await;
        })
        .detach();
    }
}

impl Shell {
    /// The sequence a read must have reached to see everything changed so far, this very turn included.
    pub fn watermark(&mut self) -> Sequence {
        self.flush();
        self.store.submitted()
    }

    /// Where the store is read, for calls that wait by themselves.
    pub fn readers(&self) -> Readers {
        self.readers.clone()
    }

    /// Reads for one connection: its next frames wait until `then` has run. Nothing happens when the client
    /// is gone by then.
    pub(super) fn read_for<T: Send + 'static>(
        &mut self,
        conn: ConnId,
        job: impl FnOnce(&Snapshot) -> Result<T, ReadError> + Send + 'static,
        then: impl FnOnce(&mut Shell, T) + Send + 'static,
        re: Option<i64>,
    ) {
        self.pause(conn);
        let sequence = self.watermark();
        let after = move |shell: &mut Shell, read: Result<T, ReadError>| {
            if !shell.connections.all.contains_key(&conn) {
                return;
            }
            match read {
                Ok(value) => then(shell, value),
                Err(error) => {
                    log::error!("a read of the store failed: {error:?}");
                    shell.refuse(conn, re, crate::engine::refusal::Refusal::Unavailable);
                }
            }
            shell.resume(conn);
        };
        self.readers.spawn(&self.door, sequence, job, after);
    }
}

/// 2020-01-01T00:00:00Z: conversations are numbered from here, by the millisecond.
const NUMBERS_FROM_MS: i64 = 1_577_836_800_000;
/// Random bits behind the millisecond, so that a number tells nothing of its neighbours.
pub(super) const RANDOM_BITS: u32 = 22;

/// The lowest number a conversation of this instant can have.
pub fn number_at(wall_ms: i64) -> u64 {
    (wall_ms.saturating_sub(NUMBERS_FROM_MS).max(0) as u64) << RANDOM_BITS
}

/// The key of one conversation.
pub fn conversation_key(conversation: u64) -> [u8; 8] {
    conversation.to_be_bytes()
}

/// The key of one message; of note or decision `n` as well.
pub fn message_key(conversation: u64, seq: u32) -> [u8; 12] {
    let mut key = [0; 12];
    key[..8].copy_from_slice(&conversation.to_be_bytes());
    key[8..].copy_from_slice(&seq.to_be_bytes());
    key
}

/// The newest messages below `before`, oldest first, and whether there are older ones.
pub fn messages(
    snapshot: &Snapshot,
    conversation: u64,
    before: Option<u32>,
    limit: usize,
) -> Result<(Vec<Message>, bool), ReadError> {
    let (low, high) = (message_key(conversation, 0), message_key(conversation, before.unwrap_or(u32::MAX)));
    let page = snapshot.range(Table::Messages, &low[..]..&high[..], limit, Direction::Backward)?;
    let mut found: Vec<Message> = page.rows.iter().filter_map(|(_, value)| decoded(value)).collect();
    found.reverse();
    add_deliveries(snapshot, conversation, &mut found)?;
    Ok((found, page.more))
}

/// Messages after `seq`, oldest first, and whether there are newer ones still.
pub fn messages_after(
    snapshot: &Snapshot,
    conversation: u64,
    seq: u32,
    limit: usize,
) -> Result<(Vec<Message>, bool), ReadError> {
    let low = message_key(conversation, seq.saturating_add(1));
    let high = message_key(conversation, u32::MAX);
    let page = snapshot.range(Table::Messages, &low[..]..&high[..], limit, Direction::Forward)?;
    let mut found: Vec<Message> = page.rows.iter().filter_map(|(_, value)| decoded(value)).collect();
    add_deliveries(snapshot, conversation, &mut found)?;
    Ok((found, page.more))
}

/// What became of messages that left the box; one look-up that finds nothing for all others.
fn add_deliveries(snapshot: &Snapshot, conversation: u64, messages: &mut [Message]) -> Result<(), ReadError> {
    let (Some(first), Some(last)) = (messages.first(), messages.last()) else { return Ok(()) };
    let (low, high) = (message_key(conversation, first.seq), message_key(conversation, last.seq));
    let limit = messages.len();
    let page = snapshot.range(Table::Deliveries, &low[..]..=&high[..], limit, Direction::Forward)?;
    for (key, value) in &page.rows {
        let seq = key.last_chunk::<4>().map(|bytes| u32::from_be_bytes(*bytes));
        if let Some(message) = messages.iter_mut().find(|message| Some(message.seq) == seq) {
            message.delivery = decoded(value);
        }
    }
    Ok(())
}

/// A conversation's card.
pub fn card(snapshot: &Snapshot, conversation: u64) -> Result<Option<Card>, ReadError> {
    let value = snapshot.get(Table::Conversations, &conversation_key(conversation))?;
    Ok(value.as_deref().and_then(decoded))
}

/// Who the customer of a conversation is to its provider; none where no provider carries it.
pub(super) fn peer(snapshot: &Snapshot, card: &Card) -> Result<Option<Peer>, ReadError> {
    if !super::outbound::is_carried(&card.kind) {
        return Ok(None);
    }
    let value = snapshot.get(Table::Peers, &card.visitor.to_be_bytes())?;
    Ok(value.as_deref().and_then(decoded))
}

/// A parked conversation.
pub fn waiting(snapshot: &Snapshot, conversation: u64) -> Result<Option<Waiting>, ReadError> {
    let value = snapshot.get(Table::Waiting, &waiting_key(conversation))?;
    Ok(value.as_deref().and_then(decoded))
}

/// The key of a parked conversation's record.
pub fn waiting_key(conversation: u64) -> [u8; 9] {
    let mut key = [b'c'; 9];
    key[1..].copy_from_slice(&conversation.to_be_bytes());
    key
}

/// The key of a parked conversation in its agent's list, newest last.
pub fn waiting_agent_key(agent: &str, parked_ms: i64, conversation: u64) -> Vec<u8> {
    let mut key = waiting_agent_prefix(agent);
    key.extend_from_slice(&(parked_ms as u64).to_be_bytes());
    key.extend_from_slice(&conversation.to_be_bytes());
    key
}

/// What all keys of an agent's list begin with.
pub fn waiting_agent_prefix(agent: &str) -> Vec<u8> {
    let mut key = vec![b'a'];
    key.extend_from_slice(agent.as_bytes());
    key.push(0);
    key
}

/// The key of a parked conversation by time, oldest first.
pub fn waiting_time_key(parked_ms: i64, conversation: u64) -> Vec<u8> {
    let mut key = vec![b't'];
    key.extend_from_slice(&(parked_ms as u64).to_be_bytes());
    key.extend_from_slice(&conversation.to_be_bytes());
    key
}

/// Where the list of parked conversations by time begins.
pub const READ_FROM_START: &[u8] = b"t";

/// A key of one owner, one instant, one conversation: visitors' and contacts' lists.
pub fn list_key(owner: u64, started_ms: i64, conversation: u64) -> [u8; 24] {
    let mut key = [0; 24];
    key[..8].copy_from_slice(&owner.to_be_bytes());
    key[8..16].copy_from_slice(&(started_ms as u64).to_be_bytes());
    key[16..].copy_from_slice(&conversation.to_be_bytes());
    key
}

/// The last eight bytes of a key: its conversation.
pub fn conversation_of(key: &[u8]) -> Option<u64> {
    key.last_chunk::<8>().map(|bytes| u64::from_be_bytes(*bytes))
}

/// A record, unless it cannot be read: that is logged, and the rest goes on.
pub fn decoded<R: Record>(value: &[u8]) -> Option<R> {
    match R::decode(value) {
        Ok(record) => Some(record),
        Err(error) => {
            log::error!("a stored record was left out: {error}");
            None
        }
    }
}
