//! Every bound of reports to domains, with its unit in its name.

use std::time::Duration;

use posthouse_store::tables::dmarc_seen::Bounds;

/// Kinds of messages that are counted in memory until they are kept.
pub(super) const PENDING_MAX: usize = 10_000;

/// Kinds of messages that one transaction keeps.
pub(super) const KEPT_PER_STEP_MAX: usize = 200;

/// What is kept of a day.
pub(super) const BOUNDS: Bounds = Bounds {
    domains_per_day: 10_000,
    rows_per_domain: 5_000,
};

/// Signatures of a message that are counted.
pub(super) const SIGNATURES_MAX: usize = 8;

/// Characters of a text that is counted.
pub(super) const TEXT_CHARACTERS_MAX: usize = 255;

/// Seconds of a day.
pub(super) const DAY_SECONDS: i64 = 86_400;

/// Seconds after the end of a day before it is reported: what was counted last has to be kept.
pub(super) const SETTLING_SECONDS: i64 = 600;

/// Seconds over which the reports of a day are spread.
pub(super) const SPREAD_SECONDS: i64 = 3_600;

/// Seconds until a domain is asked again whose name servers did not answer.
pub(super) const AGAIN_SECONDS: i64 = 3_600;

/// Days after which a report is given up.
pub(super) const PATIENCE_DAYS: i64 = 2;

/// Days for which it is known what was reported.
pub(super) const KEPT_DAYS: i64 = 7;

/// Reports of one step.
pub(super) const REPORTS_PER_STEP_MAX: i64 = 10;

/// For how long the DNS is asked about one domain.
pub(super) const ASKING_TIME: Duration = Duration::from_secs(20);

/// Rows that one step of housekeeping removes.
pub(super) const ROWS_PER_STEP_MAX: i64 = 500;
