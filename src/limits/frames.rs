//! Bounds of frames and messages (stored).

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
