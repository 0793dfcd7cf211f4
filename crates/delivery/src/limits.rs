//! Every bound of delivery, with its unit in its name.

use std::time::Duration;

/// Octets of a line of a reply that are kept; RFC 5321 4.5.3.1.5.
pub const REPLY_LINE_BYTES_KEPT_MAX: usize = 512;

/// Octets of a line of a reply that are read at all.
pub const REPLY_LINE_BYTES_MAX: usize = 4_096;

/// Lines of a reply.
pub const REPLY_LINES_MAX: usize = 128;

/// Octets read at once.
pub const READ_BUFFER_BYTES: usize = 4_096;

/// Octets written under one deadline; a multiple of what a socket takes at once.
pub const WRITE_BLOCK_BYTES: usize = 64 * 1024;

/// Octets of one chunk; RFC 3030 asks for no particular size.
pub const CHUNK_BYTES_MAX: usize = 1024 * 1024;

/// Time to connect to one address.
pub const CONNECT_DEADLINE: Duration = Duration::from_secs(30);

/// Time to say goodbye.
pub const QUIT_DEADLINE: Duration = Duration::from_secs(5);

/// Servers of a domain that are tried in one attempt.
pub const HOSTS_PER_ATTEMPT_MAX: usize = 5;

/// Addresses of one server that are tried in one attempt.
pub const ADDRESSES_PER_HOST_MAX: usize = 4;

/// MX records of a domain that are looked at.
pub const MX_RECORDS_MAX: usize = 64;

/// Sessions with one destination at the same time, unless the operator says otherwise.
pub const SESSIONS_PER_DESTINATION_DEFAULT: usize = 20;

/// Sessions at the same time in all.
pub const SESSIONS_MAX: usize = 512;

/// Of these, sessions with destinations that have not been reached yet: dead ones leave room for the living.
pub const PROBES_MAX: usize = 384;

/// Messages of one session; a fresh one may find a better server.
pub const MESSAGES_PER_SESSION_MAX: usize = 100;

/// How long a session waits for more mail.
pub const SESSION_IDLE: Duration = Duration::from_secs(2);

/// Messages of one destination that this process holds.
pub const HELD_PER_DESTINATION_MAX: usize = 200;

/// The lane asks for more below this.
pub const HELD_PER_DESTINATION_LOW: usize = 100;

/// How long a destination is left alone after nobody there could be reached, the first time.
pub const BACK_OFF_FIRST: Duration = Duration::from_secs(30);

/// The longest time; mail waits for its own schedule besides.
pub const BACK_OFF_MAX: Duration = Duration::from_secs(5 * 60);

/// Destinations that are remembered as unreachable.
pub const BACK_OFFS_MAX: usize = 16_384;

/// How long an address that did not answer is passed over.
pub const DEAD_ADDRESS_AGE: Duration = Duration::from_secs(120);

/// Addresses that are remembered as dead.
pub const DEAD_ADDRESSES_MAX: usize = 4_096;

/// Servers that are remembered not to know the chunks they offer.
pub const CHUNKLESS_HOSTS_MAX: usize = 4_096;

/// Outcomes that wait to be written down.
pub const REPORTS_WAITING_MAX: usize = 1_024;

/// Outcomes written down in one transaction.
pub const REPORTS_PER_COMMIT_MAX: usize = 128;

/// Times that a server that stops tries to write a report down; then its claim runs out and the mail goes out again.
pub const REPORT_ATTEMPTS_MAX: usize = 20;

/// Pause after the store was not available.
pub const STORE_PAUSE: Duration = Duration::from_millis(500);

/// Pause between two looks at the queue that hints asked for, so that what comes in a burst is claimed together.
pub const CLAIM_PAUSE: Duration = Duration::from_millis(5);

/// How often it is looked whether an operator wants a destination tried at once.
pub const ASKED_LOOK_PAUSE: Duration = Duration::from_secs(1);

/// How often it is counted how much waits.
pub const GAUGE_INTERVAL: Duration = Duration::from_secs(30);
