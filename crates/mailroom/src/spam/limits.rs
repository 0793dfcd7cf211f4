//! Bounds of scoring and learning, with their units.

/// Characters of visible text that are made of HTML; the rest is not looked at.
pub(crate) const TEXT_CHARS_MAX: usize = posthouse_rules::spam::limits::TEXT_BYTES_MAX;

/// Microseconds for which a process may not yet know what another has learned.
pub(super) const CORPUS_AGE_US_MAX: i64 = 10_000_000;

/// Workspaces whose corpus is remembered.
pub(super) const CORPORA_CACHED_MAX: usize = 4_096;

/// Lessons learned in one step.
pub(super) const LESSONS_PER_STEP_MAX: i64 = 50;

/// Bytes of a message that is learned from; larger ones are passed over.
pub(super) const LEARNED_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Features a workspace knows at most; beyond, those are forgotten that were taught least recently.
pub(super) const FEATURES_PER_WORKSPACE_MAX: i64 = 200_000;

/// Days after which a feature that nothing taught again is forgotten.
pub(super) const FEATURE_DAYS_MAX: i64 = 365;

/// Seconds for which it is known what a message was learned as.
pub(super) const LEARNED_SECONDS_MAX: i64 = 90 * 86_400;

/// Rows that one step forgets.
pub(super) const FORGOTTEN_PER_STEP_MAX: i64 = 500;

/// Workspaces that one step looks through.
pub(super) const WORKSPACES_PER_STEP_MAX: i64 = 100;

/// Score, as a share of the threshold, from which the mailbox's own history is asked of a workspace that has learned nothing.
pub(super) const HISTORY_SHARE_MIN: f64 = 0.4;

/// Domains of links that are asked about in block lists.
pub(super) const LINK_DOMAINS_ASKED_MAX: usize = 8;

/// Bytes of a message that is shown to spam scanners; spam is small, and their own bounds are lower.
pub(super) const SCANNED_FOR_SPAM_BYTES_MAX: usize = 512 * 1024;
