//! Bounds of connections, requests and outboxes.

use super::BOX_FRAME_BYTES_MAX;

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

/// Bytes that wait for the next frame to leave with it. Doubled: 2 KiB more for each connection that is being written.
pub const WIRE_HELD_BYTES_MAX: usize = 2048;

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
