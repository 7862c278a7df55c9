//! Bounds of the admin pages.

use super::{ANSWER_MS_MAX, BODIES_BYTES_MAX};

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
