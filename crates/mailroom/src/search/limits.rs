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

/// Matches that are looked at in one step behind the ranked ones.
pub(crate) const MATCHES_PER_STEP_MAX: i64 = 1_000;

/// Characters of a word that are kept, in the index and in queries.
pub const WORD_CHARACTERS_MAX: usize = 64;

/// Words of a field that are indexed.
pub const WORDS_PER_FIELD_MAX: usize = 60_000;

/// Characters of a body that are indexed.
pub(crate) const BODY_CHARACTERS_MAX: usize = 512 * 1024;

/// Changes dealt with in one step.
pub(crate) const CHANGES_PER_STEP_MAX: i64 = 256;

/// Messages of before the index dealt with in one step.
pub(crate) const BACKLOG_PER_STEP_MAX: i64 = 64;

/// Bytes for the engine after which a step takes no further message: every writer waits while it takes them in.
pub(crate) const STEP_BYTES_MAX: usize = 512 * 1024;

/// How long one process reads the change log for all, unless it renews this.
pub(crate) const INDEX_LEASE_US: i64 = 30_000_000;

/// Age at which the lease is renewed, when nothing was indexed meanwhile.
pub(crate) const INDEX_RENEWAL_US: i64 = 10_000_000;

/// How old the durable cursor may get while nothing but the cursor has to be written.
pub(crate) const CURSOR_AGE_US_MAX: i64 = 5_000_000;

/// How long the first search waits for the index that it has begun.
pub const FIRST_INDEX_WAIT: Duration = Duration::from_secs(10);

/// Pause between two looks whether it is there.
pub const FIRST_INDEX_LOOK_PAUSE: Duration = Duration::from_millis(25);
