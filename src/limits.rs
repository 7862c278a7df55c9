//! Every bound of the box in one place.
//!
//! Two groups: *process* limits may differ from one start to the next; *stored* limits shape what lies
//! on disk and are fingerprinted into the file. A limit names its unit, and says why it has its value and
//! what breaks when it is doubled.

mod bots;
mod calls;
mod finding;
mod mail;

pub use self::bots::*;
pub use self::calls::*;
pub use self::finding::*;
pub use self::mail::*;

// ── frames and messages (stored) ────────────────────────────────────────────────────────────────────

/// Characters (Unicode scalar values) of one message, customers and agents alike (S3-10, D-14).
/// Doubled: the compose counter and the contract with clients are wrong.
pub const MESSAGE_CHARS_MAX: usize = 1000;

/// Bytes of one message (D-14): 1,000 characters of four bytes, rounded up to a page.
/// Doubled: a message no longer fits beside its envelope in one 16 KiB frame when escaped.
pub const MESSAGE_BYTES_MAX: usize = 4096;

/// Bytes of one text frame a client may send.
/// Doubled: every idle connection may hold twice as much unread input.
pub const CLIENT_FRAME_BYTES_MAX: usize = 16 * 1024;

/// Bytes of one text frame the box sends; longer lists are paged.
pub const BOX_FRAME_BYTES_MAX: usize = 64 * 1024;

// ── engine ──────────────────────────────────────────────────────────────────────────────────────────

/// Open sessions of one agent, pending offers included (S2-32). A fixed number of the product.
/// Doubled: the contract is broken.
pub const SESSIONS_MAX: usize = 10;

/// Agents the engine's sets can name. Doubled: each conversation's set of excluded agents grows by 64 bytes.
pub const AGENTS_MAX: usize = 512;

/// Queues of a desk: one bit each in a word.
pub const QUEUES_MAX: usize = 64;

/// Workstreams of a desk: one bit each in a word.
pub const WORKSTREAMS_MAX: usize = 64;

/// Agents with a session on one conversation at a time: owner, guests, and earlier owners in wrap-up.
/// Doubled: a conversation's row doubles (it keeps [`CLIENT_IDS_KEPT`] entries for each).
pub const CONVERSATION_SESSIONS_MAX: usize = 6;

/// Message names remembered per sender and conversation, so that a repeat is known (D-17).
pub const CLIENT_IDS_KEPT: usize = 64;

/// Effects one input can cause at most; the effect queue holds as many, so it cannot overflow.
/// The worst input ends the work of one agent with ten sessions and ten offers, each with its frames and its
/// search for another agent. Doubled: 100 KiB more, nothing else.
pub const EFFECTS_MAX: usize = 2048;

/// Searches for an agent that one input may start; the rest goes on in the next tick, which is due at once.
/// Doubled: one turn may take twice as long.
pub const DECISIONS_PER_INPUT_MAX: usize = 24;

/// How deep into a line a pass looks past conversations whose candidates were all asked in this round.
pub const LINE_SCAN_MAX: usize = 16;

/// From "everybody was asked" to the next round (D-7).
pub const ROUND_MS: u64 = 30_000;

/// Shortest time to act on an offer.
pub const OFFER_TIMEOUT_MS_MIN: u64 = 5_000;

/// How long somebody waits where nobody can take it before it is said (B-12).
pub const UNWATCHED_MS: u64 = 60_000;

// ── store ───────────────────────────────────────────────────────────────────────────────────────────

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

// ── gateway ─────────────────────────────────────────────────────────────────────────────────────────

/// Connections of all kinds at once. Doubled: 40 MiB more when all are idle sockets.
pub const CONNECTIONS_MAX: usize = 4096;

/// Connections kept for the staff face, so that a crowd at the door never locks the desk out.
/// Doubled: fewer customers, nothing else.
pub const STAFF_CONNECTIONS_RESERVED: usize = 256;

/// Connections from one address (one /64 for IPv6). A branch or a hotel sits behind one address, so it is
/// generous. Doubled: half as many hosts can fill the box.
pub const CONNECTIONS_PER_SOURCE_MAX: usize = 256;

/// Descriptors the rest of the process needs: store, journal, admin socket, timers, logs.
/// Doubled: fewer connections where the descriptor limit is low.
pub const DESCRIPTORS_RESERVED: usize = 192;

/// Milliseconds for the whole TLS handshake. Doubled: half-open connections hold their slot twice as long.
pub const HANDSHAKE_MS_MAX: u64 = 10_000;

/// Bytes of request line and headers. Doubled: twice the buffer per connection that is being read.
pub const HEADER_BYTES_MAX: usize = 16 * 1024;

/// Milliseconds from the first waiting for a request to its last header; so also how long an idle
/// connection is kept alive. Doubled: slow senders hold their slot twice as long.
pub const HEADER_MS_MAX: u64 = 10_000;

/// Milliseconds for a request's body. Doubled: slow senders hold slot and buffer twice as long.
pub const BODY_MS_MAX: u64 = 15_000;

/// Bytes of request bodies being read at once, all connections together. Doubled: 8 MiB more at worst.
pub const BODIES_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Milliseconds a surface may take to answer. Doubled: a stuck surface is noticed later.
pub const ANSWER_MS_MAX: u64 = 30_000;

/// Milliseconds during which a client may refuse to take a single byte. Doubled: slow readers hold their
/// slot and their frames twice as long.
pub const WRITE_STALL_MS_MAX: u64 = 20_000;

/// Milliseconds between two pings of the box (protocol: 20 s). Doubled: silence is judged on one ping.
pub const PING_MS: u64 = 20_000;

/// Milliseconds of silence after which a socket counts as lost (protocol: 40 s).
pub const SILENCE_MS_MAX: u64 = 40_000;

/// Milliseconds the box waits for the other side's goodbye. Doubled: closed sockets stay twice as long.
pub const GOODBYE_MS_MAX: u64 = 1_000;

/// Frames waiting for one client. Doubled: a client may fall twice as far behind before it must resume.
pub const OUTBOX_FRAMES_MAX: usize = 512;

/// Bytes waiting for one client: a `welcome` of the largest kind and three more frames of that size.
pub const OUTBOX_BYTES_MAX: usize = 4 * BOX_FRAME_BYTES_MAX;

/// Bytes waiting for all clients together; beyond it the slow ones are closed. Doubled: 16 MiB more at worst.
pub const OUTBOXES_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Bytes of one piece of a frame on the wire; longer frames leave in several. The socket's write buffer
/// never shrinks, so this is what an idle connection keeps. Doubled: 4 KiB more for each idle connection.
pub const FRAME_PIECE_BYTES_MAX: usize = 4096;

/// Frames a client may send at once before it is slowed down; pings and pongs count.
/// Far above what the surfaces take: it guards the processor, they guard the desk.
pub const FRAMES_BURST: u32 = 4096;

/// Frames a second a client may send after its burst. Doubled: one client may use twice the processor.
pub const FRAMES_PER_S: u32 = 2048;

/// Bytes one connection may take in before the others get their turn. Doubled: twice the worst wait.
pub const READ_TURN_BYTES_MAX: usize = 64 * 1024;

/// Password hashes at once: 19 MiB each. Doubled: 38 MiB more while two sign in.
pub const PASSWORD_HASHES_MAX: usize = 2;

/// Sign-ins waiting for a hash. Doubled: the last one waits twice as long instead of being told to retry.
pub const PASSWORD_WAITERS_MAX: usize = 32;

/// Addresses and users whose failed sign-ins are remembered. Doubled: 3 MiB more when all of them fail.
pub const SIGN_IN_RECORDS_MAX: usize = 4096;

/// Addresses whose rate is remembered, for each kind of call. Doubled: 256 KiB more.
pub const RATE_RECORDS_MAX: usize = 4096;

/// Connections to port 80 at once; each is one short answer. Doubled: 64 more descriptors in a flood.
pub const REDIRECTS_MAX: usize = 64;

/// Bytes of a request on port 80. Doubled: a flood holds 256 KiB more.
pub const REDIRECT_HEAD_BYTES_MAX: usize = 4096;

/// Milliseconds for a visit to port 80, from the first byte to the last. Doubled: slow ones hold their place twice
/// as long, and others are turned away meanwhile.
pub const REDIRECT_MS_MAX: u64 = 5_000;

/// Bytes of a certificate's chain, and of a key, that the branch brings: a chain of four with RSA keys takes 8 KiB.
pub const CERTIFICATE_BYTES_MAX: usize = 64 * 1024;

const _: () = assert!(STAFF_CONNECTIONS_RESERVED < CONNECTIONS_MAX);
const _: () = assert!(PING_MS * 2 <= SILENCE_MS_MAX, "a lost pong must not be a lost connection");
const _: () = assert!(OUTBOX_BYTES_MAX >= BOX_FRAME_BYTES_MAX && OUTBOXES_BYTES_MAX >= OUTBOX_BYTES_MAX);
const _: () = assert!(FRAME_PIECE_BYTES_MAX <= BOX_FRAME_BYTES_MAX);

// ── shell ───────────────────────────────────────────────────────────────────────────────────────────

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

/// Bytes kept of an address, a title or a referrer. Doubled: 2 KiB more of memory a conversation.
pub const URL_BYTES_MAX: usize = 2048;

/// Conversations of the engine's table: open, offered, active, in wrap-up. Doubled: 12 MiB more of tables,
/// and as much again of tails when all talk at length.
pub const CONVERSATIONS_MAX: u32 = 1024;

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

// ── channels ────────────────────────────────────────────────────────────────────────────────────────

/// Messages and calls to other systems that wait to go out, each in memory too. A provider that is down for a day
/// fills it slowly. Doubled: 5 MiB more at worst, when all are of the longest, and the smallest board has no room.
pub const OUTBOUND_MAX: usize = 1024;

/// Bytes of the body of a signed call to another system. Doubled: so is the worst case of [`OUTBOUND_MAX`].
pub const OUTBOUND_BODY_BYTES_MAX: usize = 4096;

/// Bytes of the service's credential with the providers' secrets. Doubled: nothing gained, it is read once.
pub const CREDENTIALS_BYTES_MAX: u64 = 64 * 1024;

/// Calls under way at a time. Doubled: twice the threads of the relay.
pub const RELAY_CALLS_MAX: usize = 16;

/// Of these, calls for one workstream: a slow provider must not take them all.
pub const RELAY_CALLS_PER_WORKSTREAM_MAX: usize = 4;

/// Milliseconds of one call, and of finding a connection for it. Doubled: a hanging provider is noticed later.
pub const RELAY_CALL_MS_MAX: u64 = 30_000;
/// See [`RELAY_CALL_MS_MAX`].
pub const RELAY_CONNECT_MS_MAX: u64 = 10_000;

/// Bytes of a provider's answer, and of a file from a spool folder. Doubled: longer lines, nothing gained.
pub const RELAY_ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Bytes of a line between box and relay: an answer whose every byte is escaped, and its frame.
pub const RELAY_LINE_BYTES_MAX: usize = 512 * 1024;

/// Relays connected at a time: one, and the next while it is restarted. Doubled: 4 MiB more.
pub const RELAY_LINKS_MAX: usize = 2;

/// Files of spool folders said at a time; the rest come with the next look.
pub const RELAY_FILES_MAX: usize = 32;

/// The first wait before an attempt is made again; each further one is twice as long …
pub const RETRY_MS_MIN: i64 = 5_000;
/// … up to this. Doubled: a provider that is back is noticed later.
pub const RETRY_MS_MAX: i64 = 15 * 60 * 1000;
/// The longest wait a provider may ask for.
pub const RETRY_ASKED_MS_MAX: i64 = 3600 * 1000;
/// After this what could not be sent has failed. Doubled: an answer arrives when the question is forgotten.
pub const RETRY_FOR_MS: i64 = 72 * 3600 * 1000;

/// Names of messages heard lately, so that ten deliveries at once are one; those before are in the store.
/// Must exceed what may be between a read of the store and its answer: [`DOOR_EVENTS_MAX`].
pub const HEARD_LATELY_MAX: usize = 4096;

/// Receipts that came before the provider's acceptance was recorded.
pub const EARLY_RECEIPTS_MAX: usize = 256;

/// Messages of one customer waiting while her conversation is looked up in the store.
pub const HEARD_WAITING_MAX: usize = 64;

/// Bytes of a provider's call. Twilio's are a few KiB, Facebook's may carry some events.
/// Doubled: forged bodies cost twice the hashing.
pub const HOOK_BYTES_MAX: usize = 256 * 1024;

/// Pairs of a provider's form.
pub const HOOK_PAIRS_MAX: usize = 256;

/// Words by which a customer wants no more, or wants again; see `[workstream.sms]`.
pub const DESK_STOP_WORDS_MAX: usize = 16;

const _: () = assert!(HEARD_LATELY_MAX > 2 * DOOR_EVENTS_MAX);
const _: () = assert!(OUTBOUND_BODY_BYTES_MAX >= MESSAGE_BYTES_MAX);

// ── desk ────────────────────────────────────────────────────────────────────────────────────────────

/// Bytes of a desk file: a few hundred staff with their settings, a thousand contacts and the articles.
/// Doubled: checking and comparing a desk, which happen on the desk thread's time, take twice as long.
pub const DESK_FILE_BYTES_MAX: usize = 1024 * 1024;

/// Faults listed of one desk file; what is beyond is counted.
/// Doubled: one refused `PUT` answers with more than most screens and logs can hold.
pub const DESK_FAULTS_MAX: usize = 500;

/// Bytes of any id, username or token name: they stand in addresses, log lines and every frame.
pub const DESK_ID_BYTES_MAX: usize = 64;

/// Characters of a name or label, as of the names customers give.
pub const DESK_NAME_CHARS_MAX: usize = 200;

/// Characters of any longer text an admin writes.
/// Doubled: a notice or an invitation fills a phone's screen more than once.
pub const DESK_TEXT_CHARS_MAX: usize = 2000;

/// Characters of a knowledge article.
/// Doubled: 256 articles no longer leave room for the rest of the file; they would need a store of their own.
pub const DESK_ARTICLE_CHARS_MAX: usize = 20_000;

/// Bytes of a password or token secret. Hashing takes time with its length, before anybody is known.
pub const DESK_SECRET_BYTES_MAX: usize = 256;

/// Bytes of one listed public key in PEM: an RSA key of 8,192 bits takes about 1,500.
pub const DESK_KEY_BYTES_MAX: usize = 4096;

/// Members of staff. The engine scans them for each assignment.
/// Doubled: the supervisor's board and each assignment cost twice as much; the profiles' tables grow with it.
pub const DESK_AGENTS_MAX: usize = 512;

/// Queues.
pub const DESK_QUEUES_MAX: usize = 64;

/// Workstreams.
pub const DESK_WORKSTREAMS_MAX: usize = 64;

/// Widgets.
pub const DESK_WIDGETS_MAX: usize = 64;

/// Sets of opening hours.
pub const DESK_HOURS_MAX: usize = 64;

/// Spans of one day. Each is looked at for each question whether the desk is open.
pub const DESK_SPANS_PER_DAY_MAX: usize = 8;

/// Holidays of one set of hours: a dozen a year, for the years an admin plans ahead.
pub const DESK_HOLIDAYS_MAX: usize = 256;

/// API tokens. Each is compared with what a caller sends.
pub const DESK_TOKENS_MAX: usize = 64;

/// Custom presences, all shown in one menu.
pub const DESK_PRESENCES_MAX: usize = 32;

/// Wrap-up reasons. They all go out in `welcome`.
pub const DESK_WRAPUP_REASONS_MAX: usize = 100;

/// Quick replies.
pub const DESK_QUICK_REPLIES_MAX: usize = 200;

/// Knowledge articles.
pub const DESK_ARTICLES_MAX: usize = 256;

/// Contacts in the file; the store holds those that come later.
pub const DESK_CONTACTS_MAX: usize = 5000;

/// Questions before a chat.
pub const DESK_PRECHAT_MAX: usize = 16;

/// Options of one such question.
pub const DESK_PRECHAT_OPTIONS_MAX: usize = 32;

/// Sites one widget may be framed by. They all stand in one response header.
/// Doubled: that header passes the 8 KiB many proxies allow.
pub const DESK_ORIGINS_MAX: usize = 32;

/// Proactive rules of one widget. Each is tried for each visitor's page.
pub const DESK_RULES_MAX: usize = 32;

/// Entries of one list within a rule: pages, devices, languages, variables.
pub const DESK_RULE_ENTRIES_MAX: usize = 16;

/// Lines of a notification; what is beyond would not be read within its time.
pub const DESK_NOTIFY_FIELDS_MAX: usize = 10;

/// Public keys of one workstream: the one in use, the next, and a few sites.
/// Doubled: a forged token costs twice as many signature checks.
pub const DESK_KEYS_MAX: usize = 8;

/// Languages of one text.
pub const DESK_LANGUAGES_MAX: usize = 32;

/// Placeholders of one text.
pub const DESK_PLACEHOLDERS_PER_TEXT_MAX: usize = 16;

/// Bytes of the key in `{context.KEY}` and `{answers.ID}`, as of a context variable.
pub const DESK_PLACEHOLDER_KEY_BYTES_MAX: usize = 64;

/// Bytes of a text with its values put in.
/// Doubled: a notification of ten such lines no longer fits one frame.
pub const DESK_EXPANDED_BYTES_MAX: usize = 4096;

/// Units of one agent or of one work item (D-12).
pub const DESK_UNITS_MAX: u32 = 10_000;

/// Priority of a queue; the smallest is served first.
pub const DESK_PRIORITY_MAX: u32 = 1000;

/// Seconds of the shortest notification: anybody must have the time to press a button.
pub const DESK_TIMEOUT_S_MIN: u32 = 5;

/// Seconds of the longest one.
pub const DESK_TIMEOUT_S_MAX: u32 = 3600;

/// Seconds of any other wait the desk sets: a day.
pub const DESK_WAIT_S_MAX: u32 = 24 * 3600;

/// Hours of any wait the desk sets: ten years.
pub const DESK_WAIT_H_MAX: u32 = 10 * 366 * 24;

/// Days a conversation may be kept: a hundred years.
pub const DESK_RETENTION_DAYS_MAX: u32 = 36_600;

const _: () = assert!(
    (DESK_NOTIFY_FIELDS_MAX + 1) * DESK_EXPANDED_BYTES_MAX < BOX_FRAME_BYTES_MAX,
    "a notification fits a frame"
);
const _: () = assert!(DESK_ARTICLE_CHARS_MAX < DESK_FILE_BYTES_MAX, "one article fits the file");
const _: () = assert!(DESK_TIMEOUT_S_MIN < DESK_TIMEOUT_S_MAX);

// ── staff ───────────────────────────────────────────────────────────────────────────────────────────

/// Bytes of the name a sender gives a message (D-17). Doubled: nothing but longer frames; it is kept as a hash.
pub const CLIENT_ID_BYTES_MAX: usize = 64;

/// Characters of a name, an e-mail address or a phone number. Doubled: a card of the store grows by as much.
pub const FIELD_CHARS_MAX: usize = 200;

/// Messages of one page of history, and of a conversation in `welcome`.
/// Doubled: a page of full messages no longer fits one frame of the box.
pub const HISTORY_PAGE_MAX: u16 = 50;

/// Conversations one `sync` may ask about: ten open, twenty waiting, and as many monitored or paged in.
/// Doubled: one request costs twice the reads.
pub const SYNC_CURSORS_MAX: usize = 64;

/// Waiting conversations in `welcome`; older ones come by `parked`.
pub const PARKED_SHOWN_MAX: usize = 20;

/// Agents and queues listed in `welcome`, and rows a table of a supervisor's first page.
/// Doubled: lists and sessions no longer share one frame.
pub const LISTED_MAX: usize = 100;

/// Characters of a field's value in a notification; a longer one ends in an ellipsis.
/// Doubled: an alert covers the work it asks about.
pub const NOTIFICATION_VALUE_CHARS_MAX: usize = 200;

/// Characters of a name or a title where it is shown as a heading.
pub const HEADING_CHARS_MAX: usize = 120;

/// Messages previewed in a notification.
pub const PREVIEW_MESSAGES_MAX: usize = 3;

// ── backup ──────────────────────────────────────────────────────────────────────────────────────────

/// How long one backup may take: its snapshot pins pages, and the store's file grows meanwhile. Doubled: a reader
/// on a line too slow to end may cost twice the growth. The unit's own time-out is the same.
pub const BACKUP_MS_MAX: u64 = 3_600_000;

/// How long a backup waits for whoever reads it.
pub const BACKUP_STALL_MS_MAX: u64 = 30_000;

/// Bytes of one piece of a streamed backup.
pub const BACKUP_PIECE_BYTES: usize = 64 * 1024;

/// Pieces on their way. Doubled: half a MiB more while a backup runs.
pub const BACKUP_PIECES_MAX: usize = 8;

/// Backups kept on the box itself. Doubled: twice the disk; they are no safer there.
pub const BACKUPS_KEPT_MAX: usize = 7;

/// Backups the box remembers having made, wherever they went.
pub const BACKUPS_NOTED_MAX: usize = 64;

// ── admin ───────────────────────────────────────────────────────────────────────────────────────────

/// Requests that the admin pages answer at once, and connections the gateway opens to them.
/// Doubled: twice as many bodies and answers in memory, for people who come twice a year.
pub const ADMIN_REQUESTS_MAX: usize = 4;

/// Requests that may wait in the gateway for one of those. Doubled: as many more bodies are held meanwhile.
pub const ADMIN_WAITERS_MAX: usize = 16;

/// Bytes of a posted form. A desk file comes percent-encoded; a longer one goes by `deskbell desk apply`.
/// Doubled: the gateway's room for bodies ([`BODIES_BYTES_MAX`]) is taken by four forms.
pub const ADMIN_BODY_BYTES_MAX: usize = 1024 * 1024;

/// Pairs of a posted form, and of a query. A widget's questions and a desk's people fit many times.
pub const ADMIN_PAIRS_MAX: usize = 4096;

/// Bytes of an address below `/admin/`, query included: four ids and a way back.
pub const ADMIN_PATH_BYTES_MAX: usize = 2048;

/// Bytes of the head of an answer that comes back over the socket.
pub const ADMIN_HEAD_BYTES_MAX: usize = 8 * 1024;

/// Bytes of an answer that the gateway carries. The page of a full desk's contacts takes two MiB; a larger
/// backup is fetched on the box. Doubled: four answers at once may hold 64 MiB, both sides together.
pub const ADMIN_ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// How long the gateway waits for its turn, and for each step of the connection.
pub const ADMIN_TURN_MS_MAX: u64 = 5_000;

/// How long the admin pages have for an answer, saving included. Less than [`ANSWER_MS_MAX`], so that the
/// person reads our page and not the gateway's.
pub const ADMIN_ANSWER_MS_MAX: u64 = 20_000;

/// Rows of one page of changes, of the audit log and of the log.
pub const ADMIN_ROWS_MAX: usize = 100;

/// How long an admin page waits for the desk thread or the store. Less than [`ADMIN_ANSWER_MS_MAX`], so that
/// the page itself can say what happened.
pub const KEEPER_ANSWER_MS_MAX: u64 = 15_000;

/// Pause before the listener is taken up again after it failed. Halved: a broken one fills the log faster.
pub const ADMIN_RESTART_MS: u64 = 1_000;

const _: () = assert!(ADMIN_BODY_BYTES_MAX <= BODIES_BYTES_MAX);
const _: () = assert!(KEEPER_ANSWER_MS_MAX < ADMIN_ANSWER_MS_MAX);
const _: () = assert!(ADMIN_TURN_MS_MAX + ADMIN_ANSWER_MS_MAX < ANSWER_MS_MAX);

// ── ops ─────────────────────────────────────────────────────────────────────────────────────────────

/// Newest lines of the log kept to be shown. Doubled: 600 KiB more.
pub const LOG_LINES_KEPT: usize = 2000;

/// Bytes kept of one line; the rest is in the system's journal. Doubled: as [`LOG_LINES_KEPT`].
pub const LOG_LINE_BYTES_MAX: usize = 300;
