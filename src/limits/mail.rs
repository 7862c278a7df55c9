//! Bounds of copies that customers are sent by mail.

use super::RELAY_LINE_BYTES_MAX;

/// Copies of one conversation within a day. Doubled: a stranger's mailbox gets twice as many.
pub const MAIL_COPIES_MAX: usize = 3;

/// Copies of all conversations within an hour: who has many chats must not make a mailer of the box. Doubled: so is what
/// its name can be used for before anybody looks.
pub const MAIL_COPIES_PER_HOUR_MAX: usize = 60;

/// Newest messages of a conversation that a copy holds. Doubled: a letter nobody reads to its beginning.
pub const MAIL_MESSAGES_MAX: usize = 500;

/// Bytes of the text of a copy; older messages are left out. Doubled: its line to the relay no longer fits, escaped.
pub const MAIL_TEXT_BYTES_MAX: usize = 96 * 1024;

/// Bytes of an address (RFC 5321). Doubled: no address that exists.
pub const MAIL_ADDRESS_BYTES_MAX: usize = 254;

// Quoted, each byte is three and each line of 76 ends with three more that JSON escapes to five.
const _: () =
    assert!(MAIL_TEXT_BYTES_MAX * 3 + MAIL_TEXT_BYTES_MAX * 3 / 76 * 5 + 4096 < RELAY_LINE_BYTES_MAX);
