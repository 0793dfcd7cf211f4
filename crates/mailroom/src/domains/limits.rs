//! Every bound of domains, with its unit in its name.

use std::time::Duration;

/// How long the records that owners publish may be remembered by others.
pub const RECORD_TTL_SECONDS: u32 = 3_600;

/// Seconds for which the record of a former key stays in the zone file: mail that it signed is tried for two days, and
/// receivers may look later.
pub const RETIRED_RECORD_SECONDS: i64 = 7 * 86_400;

/// Seconds after its beginning at which a verification attempt expires, as the API reports it; what is to be published
/// stays the same beyond.
pub const ATTEMPT_SECONDS: i64 = 7 * 86_400;

/// How long a check may look around in DNS.
pub const CHECK_DEADLINE: Duration = Duration::from_secs(10);

/// Checks of one domain at once.
pub const CHECKS_AT_ONCE_MAX: i64 = 20;

/// Microseconds after which one more check of a domain is allowed.
pub const CHECK_REFILL_US: i64 = 5_000_000;

/// Domains whose checks are counted at most.
pub const COUNTED_DOMAINS_MAX: usize = 10_000;

/// Seconds between two looks at a record that was found.
pub const RECHECK_SECONDS: i64 = 86_400;

/// Seconds of continuous failure after which a record no longer counts as found.
pub const FAILURE_SECONDS_MAX: i64 = 72 * 3_600;

/// Records that are looked at again in one step.
pub const RECHECKS_PER_STEP_MAX: i64 = 20;

/// Bits of the RSA keys that are made when nobody says otherwise.
pub const RSA_BITS: u32 = 2_048;

/// Bits of the longest RSA keys that are made.
pub const RSA_BITS_MAX: u32 = 4_096;

/// Microseconds for which another process may not yet know that a domain's keys or records have changed.
pub const IDENTITY_AGE_US_MAX: i64 = 10_000_000;

/// Domains whose keys are kept at hand.
pub const IDENTITIES_CACHED_MAX: usize = 4_096;

/// Addresses that a domain's mail leaves from.
pub const SOURCE_ADDRESSES_MAX: usize = 16;

/// Days of a warm-up.
pub const WARM_UP_DAYS_MAX: usize = 90;

/// Recipients on one day of a warm-up.
pub const WARM_UP_RECIPIENTS_MAX: i64 = 100_000_000;

/// Characters of what was found in DNS, and of what is said about it, that are kept; a key of 4096 bits fits twice.
pub const FOUND_CHARACTERS_MAX: usize = 2_000;

/// Bytes of one string of a text record. RFC 1035 3.3: a length octet goes before it.
pub const TEXT_STRING_BYTES_MAX: usize = 255;

/// Names above a domain that are asked for a DMARC policy.
pub const DMARC_PARENTS_MAX: usize = 8;

/// How long other servers believe our policy once it is enforced, in seconds: a week.
pub const MTA_STS_ENFORCED_AGE_SECONDS: u32 = 604_800;

/// How long they believe one that is tried out or withdrawn, in seconds: a day.
pub const MTA_STS_TRIED_AGE_SECONDS: u32 = 86_400;
