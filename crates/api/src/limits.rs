//! Every bound of the HTTP door, with its unit and its reason.

use std::time::Duration;

/// Largest JSON body in bytes, counted after inflating.
pub const JSON_BODY_BYTES_MAX: usize = 1 << 20;

/// Largest JSON body of send and draft calls in bytes: 25 MB of attachments in base64 and some text.
pub const SEND_BODY_BYTES_MAX: usize = 36 << 20;

/// Largest multipart body of send and draft calls in bytes: 25 MB of attachments, and some text.
pub const MULTIPART_BODY_BYTES_MAX: usize = 30 << 20;

/// Most parts of a multipart body.
pub const MULTIPART_PARTS_MAX: usize = 512;

/// Largest header of a part in bytes.
pub const MULTIPART_HEADER_BYTES_MAX: usize = 8 << 10;

/// Send and draft bodies above this size in bytes are taken apart on the blocking pool.
pub const BODY_INLINE_BYTES_MAX: usize = 256 << 10;

/// Deepest nesting of objects and arrays in a JSON body.
pub const JSON_DEPTH_MAX: usize = 32;

/// Largest header section of a request in bytes, names and values together.
pub const HEADER_BYTES_MAX: usize = 32 << 10;

/// Longest request target in bytes: path and query as sent.
pub const URL_BYTES_MAX: usize = 16 << 10;

/// Most header fields of a request.
pub const HEADER_FIELDS_MAX: usize = 100;

/// Read buffer of a connection in bytes. Above the header bound, so that an oversized header section still gets a
/// JSON answer instead of the bare one of the HTTP library.
pub const READ_BUFFER_BYTES_MAX: usize = 64 << 10;

/// Longest accepted bearer token in bytes; ours have 47.
pub const BEARER_BYTES_MAX: usize = 256;

/// Most query parameters of a request; more are refused, since every look-up walks them.
pub const QUERY_PARAMETERS_MAX: usize = 256;

/// Latest time of a parameter in Unix seconds: 9999-12-31T23:59:59Z. Later ones overflow somewhere and mean nothing.
pub const TIME_SECONDS_MAX: i64 = 253_402_300_799;

/// Most path segments of a request; no route has as many.
pub const PATH_SEGMENTS_MAX: usize = 16;

/// Addresses in `any_email`.
pub const ANY_EMAIL_MAX: usize = 25;

/// Addresses in each of `from`, `to`, `cc` and `bcc`. Every one is an arm of a query, and engines bound those.
pub const ADDRESSES_PER_FILTER_MAX: usize = 100;

/// Pairs in `metadata_pair`; a message has no more.
pub const METADATA_PAIRS_MAX: usize = 50;

/// Values of `source` in a listing of contacts; there are three.
pub const CONTACT_SOURCES_MAX: usize = 3;

/// Longest that a request may ask to wait for a message.
pub const WAIT_SECONDS_MAX: u64 = 60;

/// Largest `offset` on messages and threads.
pub const OFFSET_MAX: u32 = 10_000;

/// Characters of an `Idempotency-Key`.
pub const IDEMPOTENCY_KEY_CHARACTERS_MAX: usize = 256;

/// Response bodies from this size in bytes are compressed when the client accepts it.
pub const GZIP_BYTES_MIN: usize = 200;

/// Bodies above this size in bytes are compressed and inflated on the blocking pool.
pub const GZIP_INLINE_BYTES_MAX: usize = 16 << 10;

/// Time in which a request head must be complete, from its first byte; on a fresh connection from the start.
pub const HEADER_READ_DEADLINE: Duration = Duration::from_secs(10);

/// Time after which a kept-alive connection without a request is closed. Longer than the minute that clients and proxies
/// keep theirs, so that it is they who close.
pub const IDLE_DEADLINE: Duration = Duration::from_secs(75);

/// Time in which a request must be answered.
pub const REQUEST_DEADLINE: Duration = Duration::from_secs(120);

/// Time a body may take before the minimum rate counts.
pub const BODY_GRACE: Duration = Duration::from_secs(10);

/// Slowest body after the grace period, in bytes a second.
pub const BODY_RATE_BYTES_MIN: u64 = 1 << 10;

/// Bytes of an unread request body that are thrown away so that the client can read its refusal: more than the largest
/// body of any route, since a message may be sent to the wrong one.
pub const DISCARD_BYTES_MAX: usize = 40 << 20;

/// Time spent throwing away an unread request body.
pub const DISCARD_DEADLINE: Duration = Duration::from_secs(5);

/// Open connections in all.
pub const CONNECTIONS_MAX: usize = 4_096;

/// Open connections of an address, its neighbourhood and its network: what the composition root limits strangers to.
pub const CONNECTIONS_PER_PREFIX_MAX: [u32; 3] = [256, 1_024, 2_048];

/// Concurrent requests on one HTTP/2 connection.
pub const STREAMS_PER_CONNECTION_MAX: u32 = 100;

/// Time that running requests get to finish when the server stops.
pub const DRAIN_DEADLINE: Duration = Duration::from_secs(6);

/// Pause after the system refuses to accept a connection (out of file descriptors).
pub const ACCEPT_BACKOFF: Duration = Duration::from_millis(50);

/// `Retry-After` of a temporary failure in seconds.
pub const RETRY_AFTER_UNAVAILABLE_SECONDS: u64 = 2;

const _: () = assert!(HEADER_BYTES_MAX + URL_BYTES_MAX < READ_BUFFER_BYTES_MAX);
const _: () = assert!((CONNECTIONS_PER_PREFIX_MAX[2] as usize) < CONNECTIONS_MAX);
const _: () = assert!(WAIT_SECONDS_MAX < REQUEST_DEADLINE.as_secs());
const _: () = assert!(JSON_BODY_BYTES_MAX < SEND_BODY_BYTES_MAX);

/// Bytes of a header with which a request is signed: the signature of an RSA key of 8192 bits in base64, with room.
pub const SIGNATURE_HEADER_BYTES_MAX: usize = 2_048;

/// How long a client may take to agree on TLS.
pub const TLS_HANDSHAKE_DEADLINE: Duration = Duration::from_secs(10);
