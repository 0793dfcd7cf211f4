//! Every bound of webhooks, with its unit in its name.

use std::time::Duration;

/// Destinations of an application.
pub const DESTINATIONS_MAX: i64 = 100;

/// Addresses that are told when a destination fails.
pub const NOTIFICATION_ADDRESSES_MAX: usize = 10;

/// Characters of a destination's description.
pub const DESCRIPTION_CHARACTERS_MAX: usize = 1_024;

/// Names in one subscription; there are fewer known ones, even with their suffixes.
pub const TRIGGER_TYPES_MAX: usize = 256;

/// Time a destination has to answer a challenge, a test event or a notification.
pub const ANSWER_DEADLINE: Duration = Duration::from_secs(10);

/// Bytes of a whole notification before compression.
pub const NOTIFICATION_BYTES_MAX: usize = 1024 * 1024;

/// Attempts for each delivery, unless the operator says otherwise.
pub const ATTEMPTS_DEFAULT: u32 = 3;

/// Attempts for each delivery at most.
pub const ATTEMPTS_MAX: u32 = 10;

/// The longest that a destination's `Retry-After` is honoured.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(20 * 60);

/// Characters of an error in the log of attempts.
pub const ATTEMPT_ERROR_CHARACTERS_MAX: usize = 300;

/// Days for which deliveries are kept.
pub const DELIVERY_DAYS: i64 = 7;

/// How long a claimed delivery belongs to its process; longer than waiting for a place and one attempt together.
pub const CLAIM_US: i64 = 30_000_000;

/// Changes dealt with in one step.
pub(crate) const CHANGES_PER_STEP_MAX: i64 = 64;

/// Changes passed over in one step while there is no destination at all.
pub(crate) const CHANGES_SKIPPED_PER_STEP_MAX: i64 = 1_000;

/// Bytes of notifications after which a step deals with no further change.
pub(crate) const STEP_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Destinations looked at in one query for due deliveries.
pub(crate) const DUE_DESTINATIONS_PER_READ_MAX: i64 = 256;

/// Destinations whose deliveries are claimed in one transaction.
pub(crate) const DESTINATIONS_PER_CLAIM_MAX: usize = 32;

/// Deliveries that one transaction skips, removes or releases.
pub(crate) const ROWS_PER_STEP_MAX: i64 = 500;

/// Times that an update asks a URL while others change the same destination.
pub(crate) const CHALLENGES_MAX: usize = 4;
