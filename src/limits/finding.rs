//! Bounds of what is counted, found again, printed and looked up.

/// Days one report may span: ten years and their leap days. Doubled: one call reads twice as many rows.
pub const FIGURES_DAYS_MAX: i32 = 3_700;

/// Rows of one page of figures. Doubled: an answer of a megabyte.
pub const FIGURES_PAGE_MAX: usize = 1000;

/// Rows of one file of figures; what is beyond has a link to the next. Doubled: a file of 6 MiB in memory.
pub const FIGURES_FILE_ROWS_MAX: usize = 20_000;

/// Rows of figures one call reads: 64 workstreams for ten years, or 512 agents for fourteen months. Doubled: one
/// call takes a reader's place twice as long.
pub const FIGURES_READ_MAX: usize = 250_000;

/// Bytes of messages and notes of one answer of a contact's export. Doubled: eight exports at once hold 64 MiB.
pub const EXPORT_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Conversations of one answer of a contact's export.
pub const EXPORT_CONVERSATIONS_MAX: usize = 200;

/// Bytes of a state that a start after an erasure writes anew: half a minute on a slow card. Doubled: such a start
/// nears the two minutes systemd gives it.
pub const SCRUB_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// Rosters one sweep looks after, the oldest first. Doubled: nothing a branch would notice; one has a handful in a year.
pub const ROSTERS_SWEPT_MAX: usize = 64;

/// Elements of an article within one another; what lies deeper stands at that depth.
/// Doubled: quotes in quotes that nobody can read.
pub const MARKDOWN_DEPTH_MAX: usize = 12;

/// Pieces of one article, marks and texts: an article of 20,000 characters has a tenth.
/// Doubled: an article made to be slow is twice as slow.
pub const MARKDOWN_NODES_MAX: usize = 20_000;

/// Messages on one page of a transcript to print. Doubled: a page of four megabytes at worst.
pub const TRANSCRIPT_MESSAGES_MAX: usize = 500;

/// Days an agent's ledger reaches back. Doubled: so are its rows.
pub const LEDGER_DAYS_MAX: i64 = 400;

/// Characters of what is looked for. Doubled: nothing anybody types; a pasted page is refused all the same.
pub const SEARCH_CHARS_MAX: usize = 200;

/// Different words of what is looked for. Doubled: each text read is compared twice as often.
pub const SEARCH_WORDS_MAX: usize = 8;

/// Characters of one word; of longer ones the beginning counts.
pub const SEARCH_WORD_CHARS_MAX: usize = 32;

/// Rows one call of the search looks at: twice those of a million messages. Doubled: a search that finds nothing takes
/// a reader's place twice as long.
pub const SEARCH_TRACES_MAX: usize = 200_000;

/// Messages one call of the search reads to be certain; then it says how far it has come. Doubled: the same.
pub const SEARCH_MESSAGES_MAX: usize = 20_000;

/// Milliseconds one call of the search takes; then too it says how far it has come. Counts alone bound no time: a row is
/// a microsecond here, and a page from a slow card a thousand. Doubled: who looks for what is not there waits so long.
pub const SEARCH_MS_MAX: u64 = 1_500;

/// Searches at a time, of the [`READS_MAX`](super::READS_MAX) places; others wait. Doubled: half of the places are taken
/// by them, and a history is slow to open while everybody searches.
pub const SEARCHES_MAX: usize = 2;

/// Newest messages of one conversation that are searched. Doubled: one long acquaintance takes half of a call.
pub const SEARCH_CONVERSATION_MESSAGES_MAX: usize = 5_000;

/// Conversations on one page of a search.
pub const SEARCH_PAGE_MAX: usize = 50;

/// Beginnings of words kept of one conversation; one with more is read whenever its other marks fit.
/// Doubled: a trace's bits say less, or take twice as many bytes.
pub const TRACE_WORDS_MAX: usize = 6_000;

/// Bytes of the bits of one trace (stored as they are). Doubled: a search reads more for the longest conversations.
pub const TRACE_BYTES_MAX: usize = 4_096;

/// Conversations that wait to be traced. What is beyond is read when it is looked for, and traced at a later start.
pub const TRACES_DUE_MAX: usize = 1_024;

/// Messages one step of tracing reads. Doubled: a step takes a reader's place twice as long.
pub const TRACE_STEP_MESSAGES_MAX: usize = 2_000;

/// Times as long as a step of the walk took does the next one wait: tracing what was never traced takes a third of a
/// core, whatever the board. Doubled: a fifth, and a search misses old conversations for almost twice as long.
pub const TRACE_REST: u32 = 2;
