//! Every bound of the worker, with its unit in its name.

use std::time::Duration;

/// Calls to one destination at the same time.
pub const CALLS_PER_DESTINATION_MAX: usize = 4;

/// Deliveries of one destination that this process holds: those on their way and those that wait for a place.
pub const HELD_PER_DESTINATION_MAX: usize = 12;

/// Calls at the same time in all: sockets are not for webhooks alone.
pub const CALLS_MAX: usize = 1_024;

/// Bodies larger than this are compressed away from the async threads.
pub const INLINE_COMPRESSION_BYTES_MAX: usize = 32 * 1024;

/// Reports of attempts that wait to be written down.
pub const REPORTS_WAITING_MAX: usize = 1_024;

/// Reports written down in one transaction.
pub const REPORTS_PER_COMMIT_MAX: usize = 128;

/// How long a report may wait for others to share its transaction.
pub const REPORT_WAIT: Duration = Duration::from_millis(20);

/// A held delivery whose claim has less than this left is not begun any more: one call and its report must fit.
pub const CLAIM_LEFT_US_MIN: i64 = 12_000_000;

/// Pause after the store was not available.
pub const STORE_PAUSE: Duration = Duration::from_millis(500);

/// How often deliveries that have served their time are looked for.
pub const EXPIRY_INTERVAL: Duration = Duration::from_secs(60);

/// Pause between two steps of their removal.
pub const EXPIRY_STEP_PAUSE: Duration = Duration::from_millis(50);
