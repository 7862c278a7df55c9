//! Bounds of a desk file.

use super::BOX_FRAME_BYTES_MAX;

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
