//! Bounds of backups and of what is deleted.

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
