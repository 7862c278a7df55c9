//! Bounds of the one loop and what it keeps in memory.

use super::{CLIENT_IDS_KEPT, MESSAGE_BYTES_MAX};

/// Newest messages kept in memory per conversation in the engine's table; a welcome carries as many.
/// Doubled: a welcome passes 64 KiB sooner, nothing is gained.
pub const TAIL_MESSAGES_MAX: usize = 50;

/// Bytes of those messages. Doubled: a thousand live conversations of the longest messages take 32 MiB
/// instead of 16.
pub const TAIL_BYTES_MAX: usize = 16 * 1024;

/// Events waiting for the desk thread. Doubled: the last of a burst waits twice as long before its socket
/// is asked to wait.
pub const DOOR_EVENTS_MAX: usize = 1024;

/// Sockets of one agent or one visitor, all mirrored. Doubled: each frame is sent eight times.
pub const SOCKETS_PER_PERSON_MAX: usize = 4;

/// Staff tokens at a time. Doubled: 200 KiB more.
pub const TOKENS_MAX: usize = 4096;

/// Sign-ins at a time that wait for one-time codes to be set up; the oldest gives way. Doubled: 10 KiB more.
pub const SET_UPS_MAX: usize = 64;

/// Characters of a password somebody chooses.
pub const PASSWORD_CHARS_MIN: usize = 8;

/// Context variables of a conversation: how many, and their bytes (protocol, "Customer").
/// Doubled: a card no longer fits beside its messages in a frame.
pub const CONTEXT_KEYS_MAX: usize = 32;
/// See [`CONTEXT_KEYS_MAX`].
pub const CONTEXT_KEY_BYTES_MAX: usize = 64;
/// See [`CONTEXT_KEYS_MAX`].
pub const CONTEXT_VALUE_BYTES_MAX: usize = 512;
/// See [`CONTEXT_KEYS_MAX`].
pub const CONTEXT_BYTES_MAX: usize = 4096;

/// Bytes of all answers to the questions before a chat: one of them may be as long as a message. Doubled: 6 KiB more a
/// conversation, and the smallest board has no room.
pub const ANSWERS_BYTES_MAX: usize = 6 * 1024;

/// Bytes of a conversation's wrap-ups, of everybody who had it; the oldest go. Doubled: 6 KiB more a conversation.
pub const WRAPUPS_BYTES_MAX: usize = 6 * 1024;

/// Bytes kept of an address, a title or a referrer. Doubled: 2 KiB more of memory a conversation.
pub const URL_BYTES_MAX: usize = 2048;

/// Conversations of the engine's table: open, offered, active, in wrap-up. Doubled: 12 MiB more of tables,
/// and as much again of tails when all talk at length.
pub const CONVERSATIONS_MAX: u32 = 1024;

const _: () = assert!(WRAPUPS_BYTES_MAX > MESSAGE_BYTES_MAX + 1024, "the newest comment is kept");
const _: () =
    assert!(ANSWERS_BYTES_MAX > MESSAGE_BYTES_MAX + CONTEXT_KEY_BYTES_MAX, "one may be as long as a message");

/// Bytes of a work item brought in by another system.
pub const WORK_ITEM_BYTES_MAX: usize = 32 * 1024;

/// Invitations that stand at a time; each lives a minute. Doubled: 200 KiB more.
pub const INVITES_MAX: usize = 1024;

/// Visitors remembered as invited lately. Doubled: 200 KiB more.
pub const INVITED_MAX: usize = 8192;

/// Rules of invitations whose outcomes are counted. Doubled: 50 KiB more.
pub const INVITE_RULES_MAX: usize = 512;

/// Days for which what came of invitations is kept, a row a rule and day. Doubled: at most 7,168 rows more.
pub const INVITE_DAYS_MAX: usize = 14;

/// Recent pages shown of a visitor, newest last (S1-12).
pub const RECENT_PAGES_MAX: usize = 10;

/// Bytes of each; longer addresses are cut.
pub const RECENT_PAGE_BYTES_MAX: usize = 200;

/// Addresses of a visitor's path in one call.
pub const INVITE_PATH_MAX: usize = 64;

/// Events that may share one submission to the store. Doubled: the first of a burst waits twice as long.
pub const EVENTS_PER_BATCH_MAX: usize = 64;

/// Reads of the store at a time. Doubled: as many more threads, each with a snapshot.
pub const READS_MAX: usize = 8;

/// Frames of one connection that wait while its last one is looked up in the store. Doubled: half as many
/// connections can send without listening.
pub const PAUSED_FRAMES_MAX: usize = 16;

/// The same of all connections together. Doubled: 8 MiB more when everybody sends without listening.
pub const PAUSED_FRAMES_ALL_MAX: usize = 512;

/// Messages of one conversation in one `sync`. Doubled: one sync reads twice as much.
pub const SYNC_PAGE_MAX: usize = 200;

/// Bytes of one entry of a recording of inputs; the largest is a desk of 64 queues with 500 agents each.
/// Doubled: a damaged recording is read twice as far.
pub const RECORD_ENTRY_BYTES_MAX: usize = 1024 * 1024;

/// Decisions kept of one conversation (B-1). Doubled: the story of one that nobody takes doubles.
pub const DECISIONS_KEPT_MAX: u32 = 500;

/// Notes kept of one conversation.
pub const NOTES_MAX: u32 = 500;

/// Messages read of a live conversation at start and of a returning one: enough to hold the last
/// [`CLIENT_IDS_KEPT`] of both sides in any ordinary talk. Doubled: a start reads twice as much.
pub const RECALL_MESSAGES_MAX: usize = 2 * CLIENT_IDS_KEPT;

/// Contacts made or changed by staff, beside those of the desk's file. All are in memory to be found by.
/// Doubled: 3 MiB more.
pub const CONTACTS_KEPT_MAX: usize = 10_000;

/// Bytes of those contacts: 400 each. They are held as they were written and as they are in force, with the
/// keys they are found by, so doubled: 12 MiB more.
pub const CONTACTS_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Rows one step of erasing a contact or of retention deletes. Doubled: one batch of the journal twice as long.
pub const ERASED_ROWS_MAX: usize = 200;

/// Cards one step of retention looks at. Doubled: a step that finds nothing due reads twice as much.
pub const RETENTION_CARDS_MAX: usize = 256;
