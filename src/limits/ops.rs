//! Bounds of what a box shows of itself.

/// Newest lines of the log kept to be shown. Doubled: 600 KiB more.
pub const LOG_LINES_KEPT: usize = 2000;

/// Bytes kept of one line; the rest is in the system's journal. Doubled: as [`LOG_LINES_KEPT`].
pub const LOG_LINE_BYTES_MAX: usize = 300;
