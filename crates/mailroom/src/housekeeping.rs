//! Small periodic work that keeps the store tidy; each step is bounded and may be repeated or cut off at any time.

use std::sync::Arc;

use posthouse_store::tables::receipts;
use posthouse_store::{StoreError, Tx, changes};
use posthouse_types::ids::Key;

use crate::Mailroom;
use crate::receive::DUPLICATE_WINDOW_MS;

/// Rows that one step removes at most.
const ROWS_PER_STEP_MAX: i64 = 500;
/// Messages of a deleted account that one step removes at most.
const MESSAGES_PER_STEP_MAX: u32 = 200;
/// For how long changes stay in the log after all readers have passed them.
const CHANGES_KEPT_US: i64 = 72 * 3_600 * 1_000_000;

impl Mailroom {
    /// Drops the receipts of deliveries whose peers went on since the last commit; does nothing when there are none.
    ///
    /// Called about once a second: with traffic the next delivery's commit does it, and this finds nothing to do.
    pub async fn drop_confirmed_receipts(&self) -> Result<(), StoreError> {
        let confirmed = self.inner.unconfirmed.take();
        if confirmed.is_empty() {
            return Ok(());
        }
        let confirmed = Arc::new(confirmed);
        let to_drop = Arc::clone(&confirmed);
        let outcome = self
            .store()
            .write(move |tx: &mut dyn Tx| {
                to_drop
                    .iter()
                    .try_for_each(|receipt| receipts::drop_one(tx, *receipt))
            })
            .await;
        if outcome.is_err() {
            self.inner.unconfirmed.put_back(&confirmed);
        }
        outcome
    }

    /// Removes what has served its time: receipts, changes, kept answers, mail of deleted accounts. Returns whether more
    /// is left.
    pub async fn expire_records(&self) -> Result<bool, StoreError> {
        let expired = self.expire_receipts_and_changes().await?;
        let forgotten = self.expire_repeatable().await?;
        let swept = self.sweep_deleted(MESSAGES_PER_STEP_MAX).await?;
        Ok(expired || forgotten || swept)
    }

    async fn expire_receipts_and_changes(&self) -> Result<bool, StoreError> {
        let now_us = self.clock().unix_us();
        let removed = self
            .store()
            .write(move |tx: &mut dyn Tx| -> Result<u64, StoreError> {
                let oldest = Key::floor_of(now_us / 1_000 - DUPLICATE_WINDOW_MS);
                let receipts = receipts::expire(tx, oldest, ROWS_PER_STEP_MAX)?;
                let changes = changes::prune(tx, now_us - CHANGES_KEPT_US, ROWS_PER_STEP_MAX)?;
                Ok(receipts.max(changes))
            })
            .await?;
        Ok(removed >= ROWS_PER_STEP_MAX as u64)
    }
}
