//! Every bound of outgoing mail on its way, with its unit in its name.

use std::time::Duration;

/// Microseconds for which a claim holds; whoever still works on the mail renews it.
pub const CLAIM_US: i64 = 60 * 1_000_000;

/// How often a claim is renewed while an attempt is under way.
pub const CLAIM_RENEWAL: Duration = Duration::from_secs(20);

/// Microseconds that a claim must have left for an attempt to begin.
pub const CLAIM_LEFT_US_MIN: i64 = 30 * 1_000_000;

/// How long passing failures are tried again, unless the operator says otherwise.
pub const RETRY_PERIOD_DEFAULT: Duration = Duration::from_secs(48 * 3_600);

/// Microseconds for which an operator's word about a destination is told to those who deliver: more than clocks differ.
pub const ASKED_US: i64 = 60 * 1_000_000;

/// Destinations looked at in one query.
pub const DESTINATIONS_PER_READ_MAX: i64 = 256;

/// Destinations whose mail is claimed in one transaction.
pub const DESTINATIONS_PER_CLAIM_MAX: usize = 32;

/// Rows that one transaction gives back.
pub const ROWS_PER_RELEASE_MAX: usize = 500;

/// Characters of another server's answer that are kept.
pub const REPLY_CHARACTERS_MAX: usize = 500;

/// Days for which it is known what was sent, once nothing of it waits any more: reports come late.
pub const SENDING_DAYS: i64 = 30;

/// Bytes of a message below which it is read, signed and framed on the async threads.
pub const INLINE_WORK_BYTES_MAX: usize = 32 * 1024;
