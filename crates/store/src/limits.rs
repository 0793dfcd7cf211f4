//! Every bound of the store, with its unit in its name.

use std::time::Duration;

/// How often a process that shares its store compares its machine's clock with the database's: a clock that is set while the
/// process runs is followed within this time.
pub const CLOCK_LOOK_PAUSE: Duration = Duration::from_secs(2);

/// Microseconds that a look at the database's clock may take: half of it is how wrong the look may be.
pub const CLOCK_LOOK_US_MAX: i64 = 2_000_000;

/// Looks at the database's clock of which the shortest counts: the first one also prepares its statement.
pub const CLOCK_LOOKS: usize = 3;

/// Microseconds by which a machine's clock may be off before the operator is told; nothing goes wrong beyond it.
pub const CLOCK_OFF_US_TOLD: i64 = 5_000_000;

/// Closures that share one commit at most.
pub const COMMIT_GROUP_CLOSURES_MAX: usize = 256;

/// Bytes that the closures of a group have written after which no other joins it: a transaction is in memory until its
/// commit. One closure may write more.
pub const COMMIT_GROUP_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Closures that wait for the writer at most; beyond it callers wait for a place.
pub const WRITER_QUEUE_CLOSURES_MAX: usize = 4_096;

/// Compressed blobs up to this size live in the database, so that the group commit covers them.
pub const BLOB_INLINE_BYTES_MAX: usize = 64 * 1024;

/// Messages up to this size may live in the database: a frame in a row never grows beyond it when it is read.
pub const BLOB_INLINE_RAW_BYTES_MAX: i64 = 1024 * 1024;

/// Times that a delivery and the sweep may get in each other's way at one blob before the delivery gives up.
pub const BLOB_KEEP_ATTEMPTS_MAX: usize = 4;

/// Texts from this size on, up to the next one, are kept apart from the message they stand in and serve listings too.
pub const TEXT_APART_BYTES_MIN: usize = 16 * 1024;

/// Longer ones would seldom fit into a row.
pub const TEXT_APART_BYTES_MAX: usize = 160 * 1024;

/// Bodies up to this size that are not kept apart are kept as they are sent; longer ones are compressed.
pub const BODY_PLAIN_BYTES_MAX: usize = 64 * 1024;

/// Pages in the write-ahead log after which it is copied back into the database.
pub const WAL_CHECKPOINT_PAGES: u32 = 32_768;

/// Pages left to copy back at which the writer does the rest itself.
pub const WAL_HANDOVER_PAGES: u32 = 256;

/// Pages in the write-ahead log beyond which the writer waits for its readers: when somebody is always reading, it would
/// otherwise never start from the front and grow without end.
pub const WAL_RESTART_PAGES: u32 = 65_536;

/// For how long the writer then waits; readers are done in a fraction of it.
pub const WAL_RESTART_WAIT: Duration = Duration::from_millis(250);

/// For how long a connection waits for another one's lock.
pub const BUSY_WAIT: Duration = Duration::from_secs(10);

/// Bytes to which the file of the write-ahead log is cut when it starts from the front.
pub const WAL_KEPT_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Page cache of the writer's connection. It grows for a transaction that changes more; a larger one costs every commit,
/// at which SQLite may walk through all of it.
pub const WRITER_CACHE_KIB: u32 = 4 * 1024;

/// Page cache of each reading connection.
pub const READER_CACHE_KIB: u32 = 4 * 1024;

/// Page cache of the connection that writes a search index.
pub const INDEX_CACHE_KIB: u32 = 8 * 1024;

/// Pages in a search index's write-ahead log after which they are copied back.
pub const INDEX_WAL_PAGES: i64 = 4_096;

/// Pages in it beyond which its writer waits for its readers, as [`WAL_RESTART_PAGES`].
pub const INDEX_WAL_RESTART_PAGES: i64 = 32_768;

/// Prepared statements kept by each connection.
pub const STATEMENTS_CACHED_MAX: usize = 256;

/// Connections kept to PostgreSQL.
pub const POSTGRES_CONNECTIONS_MAX: usize = 24;

/// Pause between two notices to other nodes; changes meanwhile share the next one.
pub const NOTICE_PAUSE: Duration = Duration::from_millis(5);

/// Seconds for which a caller waits for a connection.
pub const CONNECTION_WAIT_SECONDS: u64 = 10;

/// Characters of a subject in which a part of it is looked for. With those of four bytes it still fits into an entry of a
/// PostgreSQL index, which holds a third of a page.
pub const SUBJECT_SEARCHED_CHARACTERS_MAX: usize = 500;
