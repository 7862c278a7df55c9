//! Bounds of what staff see and do.

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
