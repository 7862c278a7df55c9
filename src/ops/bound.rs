//! The most memory the box can take: every table, buffer and connection of its profile full at once (REQ B-3).
//!
//! A row is a bound of [`crate::limits`] or of the profile, times the size of what it bounds. What can be
//! counted is counted (the engine's tables); what cannot is a named size with its reason, and
//! `tests/memory_bound.rs` fills a small box to see that the sum holds.

use super::profile::Profile;
use crate::engine::Engine;
use crate::limits;

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

/// Resident memory of a box that does nothing: program text, allocator, languages, pages. What performance is
/// held to (`cargo bench --bench box` prints what it is).
const IDLE_BYTES: u64 = 14 * MIB;

/// What a connection keeps when nothing moves: TLS session, tasks, slots. Measured: 8 to 11 KiB.
const IDLE_CONNECTION_BYTES: u64 = 12 * KIB;

/// The largest handshake message rustls joins before it gives up.
const HANDSHAKE_BYTES: u64 = 64 * KIB;

/// Memory of one argon2id hash, as the stored hashes name it (`m=19456`).
const PASSWORD_HASH_BYTES: u64 = 19 * MIB;

/// One remembered address or user of a failed sign-in, with its key.
const SIGN_IN_RECORD_BYTES: u64 = 768;

/// One remembered rate, with its key; there are six kinds of calls at most.
const RATE_RECORD_BYTES: u64 = 64 * 6;

/// What a thread's stack ever touches.
const STACK_BYTES: u64 = 128 * KIB;

/// desk, journal, apply, admin with its four, clock and signals, eight readers, eight executors, two hashers.
const THREADS: u64 = 28;

/// Who somebody is and where she came from: three fields of 200 characters of four bytes, address, title and
/// referrer, 32 variables with their keys. A visitor has one, and so has her conversation.
const PERSON_BYTES: u64 = 16 * KIB;

/// A frame as it waits: its texts, and the few dozen small pieces a parsed one is made of.
const FRAME_BYTES: u64 = limits::CLIENT_FRAME_BYTES_MAX as u64 + 4 * KIB;

/// A day's figures of one queue, workstream or agent: the counts, its name twice (as a key, and among what is to be
/// written), and the maps' own share. Held to what they are by a test beside them.
pub const FIGURES_ROW_BYTES: u64 = 768;

/// A row of the outbox beside its text: recipient, workstream, numbers, and the map's share of it.
const OUTBOUND_ROW_BYTES: u64 = 1024;

/// A provider's name for a message, with its workstream's, kept twice: in order, and to be found.
const PROVIDER_NAME_BYTES: u64 = 384;

/// What a desk takes beside the file it was read from: parsed it is three times as long, and while it is being
/// read its tree ten times. One is in force, one is being compared with it.
const DESKS_FACTOR: u64 = 3 + 3 + 10;

/// What an allocator loses between pieces of many sizes, in percent of the sum.
const WASTE_PERCENT: u64 = 10;

/// One share of the bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// What takes it.
    pub what: &'static str,
    /// Bytes at most.
    pub bytes: u64,
}

/// Everything full at once, share by share, the allocator's waste last.
pub fn worst_case(profile: &Profile) -> Vec<Row> {
    let row = |what, bytes| Row { what, bytes };
    let conversations = u64::from(profile.conversations_max);
    let connections = profile.connections_max as u64;
    let mut rows = vec![
        row("the idle box", IDLE_BYTES),
        row("stacks", THREADS * STACK_BYTES),
        row("the engine's tables", Engine::bytes(profile.capacity())),
        row("conversations: newest messages and card", conversations * conversation_bytes()),
        row("visitors", (connections + conversations) * PERSON_BYTES),
        row("contacts", 3 * limits::CONTACTS_BYTES_MAX as u64),
        row("desks", DESKS_FACTOR * limits::DESK_FILE_BYTES_MAX as u64),
        row("connections", connections * connection_bytes()),
        row("outboxes", profile.outboxes_bytes_max as u64),
        // An INVITE as it came, as it was read, as it is kept, and its answer.
        row("calls by SIP", (limits::SIP_TRANSACTIONS_MAX * 4 * limits::SIP_DATAGRAM_BYTES_MAX) as u64),
        row("request bodies", profile.bodies_bytes_max as u64),
        row("frames waiting for the desk", limits::DOOR_EVENTS_MAX as u64 * FRAME_BYTES),
        row("frames waiting for a read", limits::PAUSED_FRAMES_ALL_MAX as u64 * FRAME_BYTES),
        row("password hashes", profile.password_hashes_max as u64 * PASSWORD_HASH_BYTES),
        row("sign-ins", limits::SIGN_IN_RECORDS_MAX as u64 * SIGN_IN_RECORD_BYTES),
        row("rates", limits::RATE_RECORDS_MAX as u64 * RATE_RECORD_BYTES),
        row("store", store_bytes(profile)),
        // Each as rows and as the frame made of them.
        row("reads", limits::READS_MAX as u64 * 2 * limits::READ_BYTES_MAX as u64),
        row("admin pages", admin_bytes()),
        row("the day's figures", figures_rows(profile) * FIGURES_ROW_BYTES),
        row(
            "outbox",
            limits::OUTBOUND_MAX as u64 * (limits::OUTBOUND_BODY_BYTES_MAX as u64 + OUTBOUND_ROW_BYTES),
        ),
        row("deliveries", deliveries_bytes()),
        row("messages on their way in", limits::HEARD_BYTES_MAX as u64),
        row("the relay's line", relay_bytes()),
        row("log", (limits::LOG_LINES_KEPT * limits::LOG_LINE_BYTES_MAX) as u64),
    ];
    let sum: u64 = rows.iter().map(|row| row.bytes).sum();
    rows.push(row("lost between pieces", sum * WASTE_PERCENT / 100));
    rows
}

/// The sum of [`worst_case`].
pub fn worst_bytes(profile: &Profile) -> u64 {
    worst_case(profile).iter().map(|row| row.bytes).sum()
}

/// What the process holds of the memory now, in bytes; none where the system does not say.
pub fn resident_bytes() -> Option<u64> {
    // Not from `statm`, which counts pages: asking rustix for their size ends the process under valgrind.
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let kib = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.trim().strip_suffix(" kB")?;
    kib.parse::<u64>().ok().map(|kib| kib * KIB)
}

/// A conversation outside the engine: its newest messages; the card, on which beside the person stand a comment, her
/// answers and what it was wrapped up with.
const fn conversation_bytes() -> u64 {
    let card = limits::MESSAGE_BYTES_MAX + limits::ANSWERS_BYTES_MAX + limits::WRAPUPS_BYTES_MAX;
    (limits::TAIL_BYTES_MAX + card) as u64 + PERSON_BYTES
}

/// A connection in the dearest of its phases: shaking hands, sending a request's head, or in the middle of the
/// largest frame (as bytes and as text) while a piece of another leaves through TLS.
fn connection_bytes() -> u64 {
    let head = limits::HEADER_BYTES_MAX as u64;
    let frame = 2 * limits::CLIENT_FRAME_BYTES_MAX as u64 + 2 * limits::FRAME_PIECE_BYTES_MAX as u64;
    IDLE_CONNECTION_BYTES + HANDSHAKE_BYTES.max(head).max(frame)
}

/// Rows of the running day: one for each that may have done something, one for the branch.
fn figures_rows(profile: &Profile) -> u64 {
    (limits::QUEUES_MAX + limits::WORKSTREAMS_MAX) as u64 + u64::from(profile.agents_max) + 1
}

/// What is remembered of messages in and out by their providers' names.
const fn deliveries_bytes() -> u64 {
    let names = limits::HEARD_LATELY_MAX + limits::EARLY_RECEIPTS_MAX;
    names as u64 * PROVIDER_NAME_BYTES
}

/// A relay connected, the next beside it while it is restarted: a line read, as bytes and as what it says, and the
/// lines that wait to be written.
const fn relay_bytes() -> u64 {
    let line = limits::RELAY_LINE_BYTES_MAX as u64;
    // Every byte of a text escaped, as JSON may need it.
    let call = limits::OUTBOUND_BODY_BYTES_MAX as u64 * 6 + OUTBOUND_ROW_BYTES;
    limits::RELAY_LINKS_MAX as u64 * (2 * line + 2 * limits::RELAY_CALLS_MAX as u64 * call)
}

fn store_bytes(profile: &Profile) -> u64 {
    let parts = [
        profile.state_cache_bytes,
        // The batches waiting, and the frames that wait with them.
        2 * profile.submissions_bytes_max,
        // Kept for reuse: changes and releases.
        limits::BATCHES_KEPT_MAX * 2 * limits::BUFFER_KEPT_BYTES_MAX,
        // The journal's write, and what the apply thread has in hand: the batch and its rows.
        limits::JOURNAL_ENTRY_BYTES_MAX + limits::BATCH_BYTES_MAX,
        2 * limits::APPLY_BYTES_MAX,
        2 * limits::BACKUP_CHUNK_BYTES,
    ];
    parts.iter().map(|bytes| *bytes as u64).sum()
}

/// Each of the few pages at a time: its form, decoded, and its answer on both sides of the socket. The form's
/// bytes on the gateway's side are among the request bodies.
const fn admin_bytes() -> u64 {
    let form = 2 * limits::ADMIN_BODY_BYTES_MAX;
    let answer = 2 * limits::ADMIN_ANSWER_BYTES_MAX;
    (limits::ADMIN_REQUESTS_MAX * (form + answer)) as u64
}
