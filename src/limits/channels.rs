//! Bounds of what comes and goes through providers, and of the relay.

use super::{DOOR_EVENTS_MAX, MESSAGE_BYTES_MAX};

/// Messages and calls to other systems that wait to go out, each in memory too. A provider that is down for a day
/// fills it slowly. Doubled: 5 MiB more at worst, when all are of the longest, and the smallest board has no room.
pub const OUTBOUND_MAX: usize = 1024;

/// Of these, events for other systems: one that is down must not keep agents from writing to customers. Beyond that an
/// event is not told and the log says so; the other system's list shows what it missed. Doubled: nothing is left for texts.
pub const OUTBOUND_EVENTS_MAX: usize = OUTBOUND_MAX / 2;

/// Bytes of the body of a signed call to another system. Doubled: so is the worst case of [`OUTBOUND_MAX`].
pub const OUTBOUND_BODY_BYTES_MAX: usize = 4096;

/// Bytes of the service's credential with the providers' secrets. Doubled: nothing gained, it is read once.
pub const CREDENTIALS_BYTES_MAX: u64 = 64 * 1024;

/// Calls under way at a time. Doubled: twice the threads of the relay.
pub const RELAY_CALLS_MAX: usize = 16;

/// Of these, calls for one workstream's texts, events or copies: a slow provider must not take them all.
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

/// Files of spool folders that were said and are still there: those of ten seconds, and such as cannot be put away.
/// Beyond that nothing is read and the log says why. Doubled: half a MiB more of the relay's 64.
pub const RELAY_SAID_MAX: usize = 4096;

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

/// Bytes of all messages that are being looked up or wait for it, whoever they are from; beyond that a provider is told
/// to bring them again. Some 700 of the usual length. Doubled: half a MiB more, and a longer queue before the same store.
pub const HEARD_BYTES_MAX: usize = 512 * 1024;

/// Bytes of a provider's call. Twilio's are a few KiB, Facebook's may carry some events.
/// Doubled: forged bodies cost twice the hashing.
pub const HOOK_BYTES_MAX: usize = 256 * 1024;

/// Pairs of a provider's form.
pub const HOOK_PAIRS_MAX: usize = 256;

/// Words by which a customer wants no more, or wants again; see `[workstream.sms]`.
pub const DESK_STOP_WORDS_MAX: usize = 16;

const _: () = assert!(HEARD_BYTES_MAX > HOOK_BYTES_MAX, "the largest that is let in finds room");
const _: () = assert!(HEARD_LATELY_MAX > 2 * DOOR_EVENTS_MAX);
const _: () = assert!(RELAY_SAID_MAX > 20 * RELAY_FILES_MAX, "ten seconds of looks, two a second");
const _: () = assert!(OUTBOUND_BODY_BYTES_MAX >= MESSAGE_BYTES_MAX);
