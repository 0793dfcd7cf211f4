//! Evaluations are kept for a while.

use posthouse_store::tables::rule_evaluations;
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::Key;

use crate::Mailroom;
use crate::limits::RULE_EVALUATIONS_KEPT_SECONDS;

/// Rows that one step removes at most.
const ROWS_PER_STEP_MAX: i64 = 500;

impl Mailroom {
    /// Removes evaluations that have served their time; returns whether more are left.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn expire_rule_evaluations(&self) -> Result<bool, StoreError> {
        let before = (self.now_seconds() - RULE_EVALUATIONS_KEPT_SECONDS) * 1_000;
        let before = Key::floor_of(before);
        let removed = self
            .store()
            .write(move |tx: &mut dyn Tx| rule_evaluations::expire(tx, before, ROWS_PER_STEP_MAX))
            .await?;
        Ok(removed >= ROWS_PER_STEP_MAX as u64)
    }
}
