//! Every bound of the SMTP door, with its unit and its reason.
//!
//! Nothing a peer announces (SIZE, a BDAT count) allocates memory: buffers grow only by what arrived, up to these numbers.

use std::time::Duration;

/// Longest command line including CRLF. RFC 5321 4.5.3.1.4 asks for 512; extensions and UTF-8 addresses add to that.
pub const COMMAND_LINE_BYTES_MAX: usize = 2_048;

/// Largest message accepted by default, 100 MiB: announced in SIZE and enforced while it streams in.
pub const MESSAGE_BYTES_MAX: usize = 100 * 1024 * 1024;

/// Memory for messages being received, over all sessions of the process by default: 512 MiB, five messages of the largest size.
pub const MESSAGE_BUFFER_BYTES_MAX: usize = 512 * 1024 * 1024;

/// Step in which a session takes memory from the process-wide budget: 64 KiB, so that most messages take exactly one.
pub const MESSAGE_BUFFER_BLOCK_BYTES: usize = 64 * 1024;

/// Largest header section, 1 MiB.
pub const HEADER_BYTES_MAX: usize = 1024 * 1024;

/// Most header fields of a message (continuation lines do not count).
pub const HEADER_FIELDS_MAX: usize = 2_000;

/// Recipients of one transaction by default. RFC 5321 4.5.3.1.8 asks for at least 100.
pub const RCPT_PER_TRANSACTION_MAX: usize = 1_000;

/// Transactions of one session: a bound for a connection that is never closed, far above what a relaying peer reuses one for.
pub const MAIL_PER_SESSION_MAX: usize = 100_000;

/// Syntax errors, sequence errors and unknown verbs after which a session is ended with 421.
pub const ERRORS_PER_SESSION_MAX: usize = 10;

/// Unknown recipients after which a session learns nothing more: every further RCPT gets one and the same answer.
pub const UNKNOWN_RECIPIENTS_PER_SESSION_MAX: usize = 20;

/// Wait before an unknown recipient is refused: makes guessing addresses slow.
pub const UNKNOWN_RECIPIENT_DELAY: Duration = Duration::from_secs(5);

/// Wait for a whole command line. RFC 5321 4.5.3.2.7 asks for at least 5 minutes.
pub const COMMAND_TIMEOUT: Duration = Duration::from_secs(300);

/// Wait for the next block of message data. RFC 5321 4.5.3.2.5 asks for at least 3 minutes.
pub const DATA_BLOCK_TIMEOUT: Duration = Duration::from_secs(180);

/// Whole time one message may take to arrive, however steadily it drips: 100 MiB at 15 KiB/s.
pub const DATA_TRANSFER_TIMEOUT: Duration = Duration::from_secs(7_200);

/// Wait for the peer to take our replies.
pub const REPLY_TIMEOUT: Duration = Duration::from_secs(60);

/// Whole time of a TLS handshake.
pub const TLS_HANDSHAKE_DEADLINE: Duration = Duration::from_secs(10);

/// TLS handshakes running at once in the process.
pub const TLS_HANDSHAKES_MAX: usize = 256;

/// TLS handshakes running at once per prefix level: one address, its neighbourhood, its network.
pub const TLS_HANDSHAKES_PER_PREFIX_MAX: [u32; 3] = [16, 48, 144];

/// TLS sessions remembered for resumption.
pub const TLS_SESSIONS_KEPT_MAX: usize = 1_024;

/// Window of the connection rate limits per prefix.
pub const CONNECTION_RATE_WINDOW: Duration = Duration::from_secs(60);

/// Sessions open at once in the process by default.
pub const SESSIONS_MAX: usize = 10_000;

/// Read buffer of an idle session: holds several pipelined command lines and most small messages.
pub const READ_BUFFER_BYTES_MIN: usize = 8 * 1024;

/// Read buffer while a large message streams in.
pub const READ_BUFFER_BYTES_MAX: usize = 256 * 1024;

/// Replies collected for a pipelining peer before they are written although more commands wait.
pub const REPLY_BUFFER_BYTES_MAX: usize = 16 * 1024;

/// Longest reply line including CRLF. RFC 5321 4.5.3.1.5.
pub const REPLY_LINE_BYTES_MAX: usize = 512;

/// Bytes read and thrown away after our last reply, so that closing does not destroy the reply on its way.
pub const LINGER_BYTES_MAX: usize = 1024 * 1024;

/// Wait for the peer to close after our last reply.
pub const LINGER_TIMEOUT: Duration = Duration::from_secs(2);

/// Time given at a graceful stop to sessions that are in the middle of a message, by default.
pub const DRAIN_DEADLINE: Duration = Duration::from_secs(25);

/// Pause after a failed accept (usually: out of file descriptors), so that the loop does not spin.
pub const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(50);

/// Longest EHLO or HELO name: the longest domain name. RFC 5321 4.5.3.1.2.
pub const CLIENT_NAME_BYTES_MAX: usize = 255;

/// Longest ENVID after decoding. RFC 3461 4.4.
pub const ENVID_BYTES_MAX: usize = 100;

/// Longest ORCPT value. RFC 3461 4.2.
pub const ORCPT_BYTES_MAX: usize = 500;

const _: () = assert!(HEADER_BYTES_MAX < MESSAGE_BYTES_MAX);
const _: () = assert!(MESSAGE_BYTES_MAX < MESSAGE_BUFFER_BYTES_MAX);
const _: () = assert!(COMMAND_LINE_BYTES_MAX < READ_BUFFER_BYTES_MIN);
const _: () = assert!(CLIENT_NAME_BYTES_MAX < COMMAND_LINE_BYTES_MAX);
const _: () = assert!(RCPT_PER_TRANSACTION_MAX >= 100);
