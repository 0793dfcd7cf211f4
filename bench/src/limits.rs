//! Bounds of the benchmark programs: each run ends by itself, whatever the server does.

use std::time::Duration;

/// Longest wait for any single answer of a server under load.
pub const ANSWER_WAIT_MAX: Duration = Duration::from_secs(30);
/// Longest wait for a server to open its listeners, after it has migrated its store.
pub const READY_WAIT_MAX: Duration = Duration::from_secs(600);
/// Longest wait for a server to end after it was asked to.
pub const STOP_WAIT_MAX: Duration = Duration::from_secs(15);
/// Longest wait for accepted messages to reach the mailboxes after the senders stopped.
pub const DRAIN_WAIT_MAX: Duration = Duration::from_secs(180);
/// Most connections a generator opens.
pub const CONNECTIONS_MAX: u32 = 256;
/// Longest measured window.
pub const WINDOW_SECONDS_MAX: u64 = 600;
/// Most messages one `fill` writes.
pub const FILL_MESSAGES_MAX: u64 = 5_000_000;
/// Largest generated message.
pub const MESSAGE_BYTES_MAX: usize = 25 * 1024 * 1024;
/// Longest SMTP reply line the client accepts (RFC 5321 4.5.3.1.5 asks for 512).
pub const REPLY_BYTES_MAX: usize = 16 * 1024;
/// Longest HTTP head the client or the webhook receiver accepts.
pub const HEAD_BYTES_MAX: usize = 32 * 1024;
/// Largest HTTP body that is read into memory.
pub const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Refusals in a row after which a generator gives up on its server.
pub const REFUSALS_IN_A_ROW_MAX: u32 = 20;
/// Stack of one generator thread: the buffers live on the heap.
pub const THREAD_STACK_BYTES: usize = 256 * 1024;
/// Longest wait for the search index of a mailbox.
pub const INDEX_WAIT_MAX: Duration = Duration::from_secs(3600);
/// Longest wait for one answer of an IMAP server, which may read every message for it.
pub const IMAP_WAIT_MAX: Duration = Duration::from_secs(600);
/// Most requests of one kind that are measured.
pub const SAMPLES_MAX: u64 = 10_000;
