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

/// How long a lookup with all the questions that DNSSEC adds to it may take.
pub const DNSSEC_LOOKUP_DEADLINE: Duration = Duration::from_secs(10);

/// Names above one whose wildcards are looked at when an answer cannot be proven.
pub const DNSSEC_WILDCARD_PARENTS_MAX: usize = 4;

/// Time between two looks at whether the name servers pass DNSSEC signatures on.
pub const DNSSEC_PROBE_INTERVAL: Duration = Duration::from_secs(60);

/// The longest an answer is believed, whatever its own lifetime says.
pub const DNS_CACHE_AGE_MAX: Duration = Duration::from_secs(300);

/// Answers kept in memory.
pub const DNS_CACHE_ANSWERS_MAX: u64 = 1_024;

/// How long one look past the caches may take; several of them fit into the check of a domain.
pub const DNS_LIVE_DEADLINE: Duration = Duration::from_secs(3);

/// Name servers of a zone that are asked.
pub const DNS_AUTHORITIES_ASKED_MAX: usize = 4;

/// Bytes of a certificate or key file.
pub const PEM_FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// How long agreeing on TLS with a mail server may take.
pub const MX_TLS_HANDSHAKE_DEADLINE: Duration = Duration::from_secs(30);

/// TLSA records of one server that are looked at.
pub const TLSA_RECORDS_MAX: usize = 32;

/// Certificates of one server that are looked at.
pub const MX_CERTIFICATES_MAX: usize = 16;

/// How long one call to a certificate authority may take.
pub const ACME_CALL_DEADLINE: Duration = Duration::from_secs(30);

/// How long fetching an MTA-STS policy may take. RFC 8461 3.3 suggests one minute.
pub const MTA_STS_FETCH_DEADLINE: Duration = Duration::from_secs(60);

/// The longest an MTA-STS policy is believed, in seconds: about a year. RFC 8461 3.2.
pub const MTA_STS_AGE_SECONDS_MAX: i64 = 31_557_600;

/// Age in seconds after which a policy that is still in force is fetched again although its id has not changed, so that it
/// does not run out while somebody keeps us from fetching it. RFC 8461 3.3 asks for about once a day.
pub const MTA_STS_REFRESH_SECONDS: i64 = 86_400;

/// Pause in seconds after a fetch that failed. RFC 8461 3.3: at most one try in five minutes.
pub const MTA_STS_RETRY_SECONDS: i64 = 300;

/// Patterns for mail servers in one MTA-STS policy that are looked at.
pub const MTA_STS_MX_MAX: usize = 128;

/// Domains whose MTA-STS policy is kept in memory.
pub const MTA_STS_DOMAINS_MAX: usize = 4_096;

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
