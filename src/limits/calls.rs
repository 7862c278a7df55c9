//! Bounds of telephone calls (S2-18).

/// Seconds a PBX's question how a call stands may stay open. It must end before the gateway gives up on an answer.
pub const CALL_POLL_S_MAX: u64 = 25;

/// Questions open at a time for one call; one more is answered at once, in place of the oldest.
/// Doubled: a PBX in a loop holds twice as many connections.
pub const CALL_POLLS_MAX: usize = 4;

/// Milliseconds between two questions after which nobody waits for the answer any more, and the workstream's
/// `customer_lost_s` begin to count. Doubled: an agent is asked ten seconds longer for a caller who is gone.
pub const CALL_GAP_MS: u64 = 10_000;

/// What a bot learned that stands in an alert of itself; all of it stands beside the session.
/// Doubled: the alert covers the work it asks about.
pub const CALL_VARIABLES_SHOWN_MAX: usize = 4;

/// Bytes of an extension as it is dialled.
pub const DESK_EXTENSION_BYTES_MAX: usize = 64;

/// Bytes of a SIP datagram: an INVITE with a full session description takes two or three thousand.
/// Doubled: the box keeps twice as much of each call that waits.
pub const SIP_DATAGRAM_BYTES_MAX: usize = 8 * 1024;

/// Headers of a SIP request. Doubled: a hostile one takes twice as long to be refused.
pub const SIP_HEADERS_MAX: usize = 96;

/// Calls under way by SIP at a time, those just answered included; one more is told to come again.
/// Doubled: 4 MiB more.
pub const SIP_TRANSACTIONS_MAX: usize = 128;

/// Words from the desk to the SIP side on their way: a call has a few in its life.
pub const SIP_WORDS_MAX: usize = 4 * SIP_TRANSACTIONS_MAX;

const _: () =
    assert!(CALL_POLL_S_MAX * 1000 < super::ANSWER_MS_MAX, "a question ends before the gateway's patience");
const _: () = assert!(CALL_VARIABLES_SHOWN_MAX < super::DESK_NOTIFY_FIELDS_MAX);
