//! Named bounds of this crate; each has its unit in its name or type.

use std::time::Duration;

/// How long finding the address, connecting and agreeing on TLS may take together, unless the caller says otherwise.
pub const HOOK_CONNECT_DEADLINE: Duration = Duration::from_secs(5);

/// How long a call may take from its start to the last byte of the answer, unless the caller says otherwise.
pub const HOOK_TOTAL_DEADLINE: Duration = Duration::from_secs(10);

/// The longest total deadline a caller can ask for; longer wishes are cut to it, so that no connection lives for ever.
pub const HOOK_TOTAL_DEADLINE_MAX: Duration = Duration::from_secs(60);

/// Bytes of an answer's body that are kept; the rest is not read.
pub const HOOK_RESPONSE_BYTES_MAX: usize = 64 * 1024;

/// Bytes of an answer's status line and header fields together.
pub const HOOK_RESPONSE_HEADER_BYTES_MAX: usize = 16 * 1024;

/// Header fields of an answer.
pub const HOOK_RESPONSE_HEADERS_MAX: usize = 100;

/// Bytes the connection reads ahead of the parser; bounds what one hostile peer can make us hold.
pub const HOOK_READ_BUFFER_BYTES_MAX: usize = 32 * 1024;

/// Age, counted from its opening, at which a kept connection is no longer used.
pub const HOOK_POOL_AGE_MAX: Duration = Duration::from_secs(60);

/// How long a call whose answer is complete waits for its connection to become reusable.
pub const HOOK_POOL_READY_WAIT_MAX: Duration = Duration::from_millis(50);

/// Idle connections kept for one (scheme, host, port).
pub const HOOK_POOL_IDLE_PER_HOST_MAX: usize = 4;

/// Idle connections kept in all.
pub const HOOK_POOL_IDLE_MAX: usize = 256;

/// The longest any outward connection lives: it may be reused until [`HOOK_POOL_AGE_MAX`] and then finish one call.
pub const CONNECTION_LIFE_MAX: Duration = Duration::from_secs(120);

/// Bytes of a URL that is called.
pub const URL_BYTES_MAX: usize = 2_048;

/// Bytes of a host name. RFC 1035 2.3.4: 255 octets on the wire, 253 as text.
pub const HOST_NAME_BYTES_MAX: usize = 253;

/// Bytes between two dots of a host name. RFC 1035 2.3.4: 63 octets or less.
pub const HOST_LABEL_BYTES_MAX: usize = 63;

/// Addresses of one name that are looked at; a name with more is refused.
pub const ADDRESSES_PER_NAME_MAX: usize = 64;

/// Addresses of one name that a call tries to connect to.
pub const ADDRESSES_TRIED_MAX: usize = 4;

/// How long one question to one name server may go unanswered.
pub const DNS_ATTEMPT_DEADLINE: Duration = Duration::from_millis(1_500);

/// Questions asked again after a failure.
pub const DNS_RETRIES_MAX: usize = 1;

/// How long a lookup may take in all; below [`HOOK_CONNECT_DEADLINE`], so that time to connect is left.
pub const DNS_LOOKUP_DEADLINE: Duration = Duration::from_secs(4);

/// The longest an answer is believed, whatever its own lifetime says.
pub const DNS_CACHE_AGE_MAX: Duration = Duration::from_secs(300);

/// Answers kept in memory.
pub const DNS_CACHE_ANSWERS_MAX: u64 = 1_024;

/// Bytes of a certificate or key file.
pub const PEM_FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Prefixes that one level of a rate limiter remembers.
pub const RATE_PREFIXES_MAX: usize = 16_384;

/// Connections a minute per prefix level: one address, its neighbourhood, its network.
pub const CONNECTIONS_PER_MINUTE_MAX: [u32; 3] = [300, 900, 2_700];

/// Connections at the same time per prefix level.
pub const CONNECTIONS_CONCURRENT_MAX: [u32; 3] = [30, 90, 270];

/// Failed sign-ins a minute per prefix level.
pub const AUTH_FAILURES_PER_MINUTE_MAX: [u32; 3] = [10, 30, 90];

/// Failed sign-ins a day per prefix level.
pub const AUTH_FAILURES_PER_DAY_MAX: [u32; 3] = [50, 150, 450];

const _: () = assert!(DNS_LOOKUP_DEADLINE.as_millis() < HOOK_CONNECT_DEADLINE.as_millis());
const _: () = assert!(HOOK_CONNECT_DEADLINE.as_millis() < HOOK_TOTAL_DEADLINE.as_millis());
const _: () = assert!(HOOK_TOTAL_DEADLINE.as_millis() <= HOOK_TOTAL_DEADLINE_MAX.as_millis());
const _: () = assert!(
    CONNECTION_LIFE_MAX.as_millis()
        >= HOOK_POOL_AGE_MAX.as_millis() + HOOK_TOTAL_DEADLINE_MAX.as_millis()
);
const _: () = assert!(HOOK_RESPONSE_HEADER_BYTES_MAX < HOOK_READ_BUFFER_BYTES_MAX);
