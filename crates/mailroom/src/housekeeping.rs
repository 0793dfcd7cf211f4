//! Small periodic work that keeps the store tidy; each step is bounded and may be repeated or cut off at any time.

use std::sync::Arc;

use futures::StreamExt;
use posthouse_store::tables::{blobs as blob_rows, receipts};
use posthouse_store::{StoreError, Tx, changes};
use posthouse_types::ids::Key;

use crate::Mailroom;
use crate::receive::DUPLICATE_WINDOW_MS;

/// Rows that one step removes at most.
const ROWS_PER_STEP_MAX: i64 = 500;
/// Messages of a deleted account that one step removes at most.
const MESSAGES_PER_STEP_MAX: u32 = 200;
/// Objects of the blob store that one look into the database compares at most.
const OBJECTS_PER_STEP_MAX: usize = 200;
/// Blobs that one look at what refers to them goes through.
const BLOBS_PER_STEP_MAX: i64 = 500;
/// An object without a row is left alone for this long: the delivery that wrote it may still be about to commit.
const OBJECT_AGE_MS_MIN: i64 = 3_600 * 1_000;
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

    /// Removes what has served its time: receipts, changes, kept answers, mail of deleted accounts and folders, what was long in Trash. Returns whether more
    /// is left.
    pub async fn expire_records(&self) -> Result<bool, StoreError> {
        let expired = self.expire_receipts_and_changes().await?;
        let forgotten = self.expire_repeatable().await?;
        let swept = self.sweep_deleted(MESSAGES_PER_STEP_MAX).await?;
        let emptied = self.sweep_deleted_folders().await?;
        let set_aside = self.expire_set_aside().await?;
        let retained = self.expire_retained().await?;
        let schedules = self.expire_schedules().await?;
        let holds = self.expire_holds().await?;
        let replies = self.expire_replies().await?;
        let nonces = self.expire_nonces().await?;
        let consequences = self.expire_consequences().await?;
        let sendings = self.expire_sendings().await?;
        let sightings = self.expire_sightings().await?;
        let lists = self.sweep_deleted_lists().await?;
        let grouped = self.group_waiting_accounts().await?;
        let audit = self.expire_audit().await?;
        let evaluations = self.expire_rule_evaluations().await?;
        let spam = self.expire_spam().await?;
        Ok(nonces
            || expired
            || audit
            || evaluations
            || spam
            || consequences
            || forgotten
            || schedules
            || holds
            || replies
            || sendings
            || sightings
            || lists
            || grouped
            || swept
            || emptied
            || set_aside
            || retained)
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

    /// Removes objects of the blob store that no row names, which a crash between object and row leaves behind. Returns
    /// how many.
    ///
    /// Walks through the whole blob store, a step at a time: for once at the start and a few times a day.
    pub async fn remove_orphaned_objects(&self) -> Result<u64, StoreError> {
        let oldest = Key::floor_of(self.clock().unix_ms() - OBJECT_AGE_MS_MIN);
        let blobs = self.store().blobs();
        let mut steps = std::pin::pin!(
            blobs
                .objects_older_than(oldest)
                .chunks(OBJECTS_PER_STEP_MAX)
        );
        let mut removed = 0;
        while let Some(step) = steps.next().await {
            let objects: Vec<(Key, Key)> = step.into_iter().collect::<Result<_, _>>()?;
            let orphans = self
                .store()
                .read(move |tx: &mut dyn Tx| blob_rows::orphaned(tx, &objects))
                .await?;
            for (application, key) in orphans {
                blobs.remove(application, key).await?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Removes blobs that nothing refers to any more and that were still referred to, or held, when what they belonged to
    /// was removed. Returns how many.
    ///
    /// Walks through all blobs, a step at a time: for once at the start and a few times a day.
    pub async fn remove_unreferenced_blobs(&self) -> Result<u64, StoreError> {
        let before = Key::floor_of(self.clock().unix_ms() - OBJECT_AGE_MS_MIN);
        let mut after = Key(0);
        let mut removed = 0;
        loop {
            let step = self
                .store()
                .read(move |tx: &mut dyn Tx| {
                    blob_rows::references(tx, after, before, BLOBS_PER_STEP_MAX)
                })
                .await?;
            let Some((last, _)) = step.last() else {
                return Ok(removed);
            };
            after = *last;
            let unreferenced: Vec<Key> = step
                .into_iter()
                .filter_map(|(blob, is_unreferenced)| is_unreferenced.then_some(blob))
                .collect();
            if unreferenced.is_empty() {
                continue;
            }
            removed += unreferenced.len() as u64;
            let external = self
                .store()
                .write(move |tx: &mut dyn Tx| {
                    let lock = tx.dialect().skip_locked();
                    blob_rows::remove_unreferenced(tx, &unreferenced, lock)
                })
                .await?;
            self.remove_objects(external).await;
        }
    }
}
