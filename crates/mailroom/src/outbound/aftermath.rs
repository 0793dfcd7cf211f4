//! What is kept of the ends of outgoing mail goes after its time, a step at a time.

use posthouse_store::tables::{dispatched, domain_reports, suppressions};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::Key;

use super::limits::SENDING_DAYS;
use crate::Mailroom;

/// Rows that one step removes at most.
const ROWS_PER_STEP_MAX: i64 = 500;

/// Days for which reports about domains are kept.
const REPORT_DAYS: i64 = 400;

const DAY_MS: i64 = 24 * 3_600 * 1_000;

impl Mailroom {
    /// Removes suppressions that have ended, what reports can no longer be about, and old reports; gives mail of lifted
    /// pauses back. Returns whether more is left.
    pub(crate) async fn expire_consequences(&self) -> Result<bool, StoreError> {
        let now_ms = self.clock().unix_ms();
        let removed = self
            .store()
            .write(move |tx: &mut dyn Tx| -> Result<u64, StoreError> {
                let sent = Key::floor_of(now_ms - SENDING_DAYS * DAY_MS);
                let reported = Key::floor_of(now_ms - REPORT_DAYS * DAY_MS);
                let ended = suppressions::expire(tx, now_ms / 1_000, ROWS_PER_STEP_MAX)?;
                let dispatched = dispatched::expire(tx, sent, ROWS_PER_STEP_MAX)?;
                let reports = domain_reports::expire(tx, reported, ROWS_PER_STEP_MAX)?;
                Ok(ended.max(dispatched).max(reports))
            })
            .await?;
        let gives_back = self.give_back_paused().await?;
        Ok(gives_back || removed >= ROWS_PER_STEP_MAX as u64)
    }
}
