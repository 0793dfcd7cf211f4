//! Every bound of search, with its unit in its name.

use std::time::Duration;

/// Bytes of a query.
pub const QUERY_BYTES_MAX: usize = 512;

/// Words, phrases, negations and groups of a query.
pub const QUERY_NODES_MAX: usize = 64;

/// Parentheses within each other.
pub const QUERY_DEPTH_MAX: usize = 8;

/// Words and phrases of a query that a match's rank looks at.
pub(crate) const RANKED_WORDS_MAX: usize = 16;

/// Matches that are ranked, the newest ones; older ones follow newest first.
pub(crate) const RANKED_MATCHES_MAX: i64 = 10_000;

/// Matches that are looked at in the first step behind the ranked ones; each further step takes twice as many.
pub(crate) const MATCHES_PER_FIRST_STEP: i64 = 1_000;

/// Matches that are looked at in one step behind the ranked ones at most.
pub(crate) const MATCHES_PER_STEP_MAX: i64 = 32_000;

/// Characters of a word that are kept, in the index and in queries.
pub const WORD_CHARACTERS_MAX: usize = 64;

/// Words of a field that are indexed.
pub const WORDS_PER_FIELD_MAX: usize = 60_000;

/// Characters of a body that are indexed.
pub(crate) const BODY_CHARACTERS_MAX: usize = 512 * 1024;

/// Changes dealt with in one step: what is indexed with one commit is one stretch of the index, and stretches have to be
/// merged later.
pub(crate) const CHANGES_PER_STEP_MAX: i64 = 2_048;

/// Messages of before the index dealt with in one step.
pub(crate) const BACKLOG_PER_STEP_MAX: i64 = 1_024;

/// Messages of one account dealt with in one step, when a search waits for them.
pub(crate) const WAITED_FOR_PER_STEP_MAX: usize = 512;

/// Bytes of words after which a step takes no further message.
pub(crate) const STEP_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Bytes of words after which a step takes no further message, where the index is in the database with the mail.
pub(crate) const SHARED_STEP_BYTES_MAX: usize = 512 * 1024;

/// Messages of deleted accounts that leave the index in one step.
pub(crate) const FORGOTTEN_PER_STEP_MAX: i64 = 1_000;

/// Age of a change up to which a search does not wait until it is indexed.
pub(crate) const FRESH: Duration = Duration::from_millis(500);

/// How long a search waits at most for its account to be indexed.
pub const INDEX_WAIT: Duration = Duration::from_secs(10);

/// Changes a second beyond which the server is so busy that indexing waits.
pub(crate) const BUSY_CHANGES_PER_SECOND: i64 = 1_000;

/// How long indexing waits at most while the server is busy.
pub(crate) const BUSY_WAIT: Duration = Duration::from_secs(30);

/// How many changes may wait to be indexed while the server is busy.
pub(crate) const BUSY_CHANGES_MAX: i64 = 200_000;

/// How often the position of an index with a file of its own is noted beside the mail, where the log is cut behind it.
pub(crate) const POSITION_NOTE: Duration = Duration::from_secs(60);
