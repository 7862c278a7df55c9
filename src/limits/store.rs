//! Bounds of journal and state.

use super::{MESSAGE_BYTES_MAX, MESSAGE_CHARS_MAX};

/// Unit of every journal write, and the largest sector a disk is expected to tear (stored).
/// Doubled: a message alone writes 8 KiB.
pub const JOURNAL_BLOCK_BYTES: usize = 4096;

/// One segment of the journal's ring. Doubled: a start may have twice as much to replay; halved: twice
/// as many checkpoints, each 44 to 304 KiB.
pub const JOURNAL_SEGMENT_BYTES: u64 = 16 * 1024 * 1024;

/// Segments of the ring: one fills while the checkpoint of the other runs.
pub const JOURNAL_SEGMENTS: u32 = 2;

/// Most segments a profile may ask for. Doubled: a start may replay, and a new box must write, 2 GiB.
pub const JOURNAL_SEGMENTS_MAX: u32 = 64;

/// Bytes of all submissions that share one journal write and one sync.
/// Doubled: one sync on an SD card takes longer than the sockets' patience.
pub const JOURNAL_ENTRY_BYTES_MAX: usize = 1024 * 1024;

/// Bytes of the records of one submission; the largest is a new version of the desk.
/// Doubled: the submission queue holds half as many of the largest.
pub const BATCH_BYTES_MAX: usize = 1024 * 1024;

/// Bytes at which a batch goes to the journal before the next turn adds to it. The rest is for what one turn writes,
/// which then is not parted. Doubled: a turn that closes many conversations has half the room.
pub const BATCH_BYTES_FULL: usize = BATCH_BYTES_MAX / 4;

/// Bytes of a desk as it is stored, its defaults and hashes included: a batch holds it, with its number, and who
/// made it. Doubled: no batch holds it.
pub const DESK_STORED_BYTES_MAX: usize = BATCH_BYTES_MAX - 1024;

/// Submissions that may wait for the journal thread. Doubled: twice the buffers, twice the worst wait.
pub const SUBMISSIONS_MAX: usize = 4096;

/// Bytes of the records that may wait for the journal thread, and of the frames that wait with them. Doubled: so
/// is their share of memory.
pub const SUBMISSIONS_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Emptied batches kept for reuse, and the capacity above which a buffer is not kept.
/// Doubled: a burst leaves twice the memory behind.
pub const BATCHES_KEPT_MAX: usize = 32;
/// See [`BATCHES_KEPT_MAX`].
pub const BUFFER_KEPT_BYTES_MAX: usize = 64 * 1024;

/// Bytes of one key (stored). The longest is an `external_id`. Doubled: fewer keys to a page.
pub const KEY_BYTES_MAX: usize = 1024;

/// Journal bytes put into one transaction of the state. Doubled: a reader waits twice as long behind a
/// burst.
pub const APPLY_BYTES_MAX: usize = 2 * 1024 * 1024;

/// How long batches that nobody waits to read gather before they are put into the state together. Doubled: at full
/// load the state lags twice as far behind, in the ring's free space too; halved: twice the transactions.
pub const APPLY_LINGER_MS: u64 = 20;

/// Page cache of the state; a profile may set its own. redb's default would be 1 GiB.
pub const STATE_CACHE_BYTES: usize = 4 * 1024 * 1024;

/// Rows of one read. Doubled: so is the memory one reader may take.
pub const READ_ROWS_MAX: usize = 1000;
/// Bytes of one read, give or take one row.
pub const READ_BYTES_MAX: usize = 1024 * 1024;

/// Percent of the ring that is free when new work begins to be refused `full` …
pub const RING_LOW_PERCENT: u64 = 25;
/// … and when it is let in again.
pub const RING_REOPEN_PERCENT: u64 = 40;

/// Free bytes kept for the rest of the box beside what the ring and a checkpoint may need.
pub const SPACE_RESERVE_BYTES: u64 = 64 * 1024 * 1024;
/// File dropped when a start finds no space, so that replay and checkpoint succeed.
/// Halved: a full ring may not fit.
pub const BALLAST_BYTES: u64 = 64 * 1024 * 1024;
/// Bytes of keys and values a profile allows when it says nothing. The state's file takes up to twice as much.
pub const STORE_BYTES_MAX: u64 = 8 * 1024 * 1024 * 1024;
/// How often free space is asked for while it is short. Doubled: the desk reopens a second later.
pub const SPACE_POLL_MS: u64 = 1000;

/// Bytes of one chunk of a backup, give or take one row. Doubled: so is the memory it takes.
pub const BACKUP_CHUNK_BYTES: usize = 256 * 1024;

/// The limits that shape what lies on disk. Their values are written into the state and compared at
/// every start; changing one is a migration.
pub const STORED: &[(&str, u64)] = &[
    ("MESSAGE_CHARS_MAX", MESSAGE_CHARS_MAX as u64),
    ("MESSAGE_BYTES_MAX", MESSAGE_BYTES_MAX as u64),
    ("JOURNAL_BLOCK_BYTES", JOURNAL_BLOCK_BYTES as u64),
    ("KEY_BYTES_MAX", KEY_BYTES_MAX as u64),
];

const _: () = assert!(JOURNAL_SEGMENTS >= 2, "one fills while the other is checkpointed");
const _: () = assert!(
    JOURNAL_ENTRY_BYTES_MAX as u64 * 4 <= JOURNAL_SEGMENT_BYTES,
    "the unused end of a segment stays below a quarter"
);
const _: () = assert!(BATCH_BYTES_MAX <= JOURNAL_ENTRY_BYTES_MAX, "the largest batch must fit an entry");
const _: () = assert!(BATCH_BYTES_MAX <= SUBMISSIONS_BYTES_MAX, "the largest batch must fit the queue");
const _: () = assert!(RING_LOW_PERCENT < RING_REOPEN_PERCENT, "admission needs hysteresis");
const _: () = assert!(
    RING_REOPEN_PERCENT < 100 - 100 / JOURNAL_SEGMENTS as u64,
    "a checkpoint in the middle of a segment must be enough to reopen"
);
