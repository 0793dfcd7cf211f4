//! What was learned does not grow without end.

use posthouse_store::tables::spam;
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::Key;

use super::limits::{
    FEATURE_DAYS_MAX, FEATURES_PER_WORKSPACE_MAX, FORGOTTEN_PER_STEP_MAX, LEARNED_SECONDS_MAX,
    WORKSPACES_PER_STEP_MAX,
};
use crate::Mailroom;

impl Mailroom {
    /// Forgets some of what is old, too much, or a deleted workspace's; returns whether more is left.
    pub(crate) async fn expire_spam(&self) -> Result<bool, StoreError> {
        let now = self.now_seconds();
        let oldest_day = now / 86_400 - FEATURE_DAYS_MAX;
        let mut after = Key(0);
        let mut more = false;
        loop {
            let step = self
                .store()
                .read(move |tx: &mut dyn Tx| look(tx, after, oldest_day))
                .await?;
            let Some((last, _)) = step.last() else {
                break;
            };
            after = *last;
            for (workspace, due) in step {
                let Some(features) = due else {
                    continue;
                };
                let left = self
                    .store()
                    .write(move |tx: &mut dyn Tx| forget(tx, workspace, features, oldest_day));
                more |= left.await?;
            }
        }
        let learned = self.store().write(move |tx: &mut dyn Tx| {
            spam::expire_learned(tx, now - LEARNED_SECONDS_MAX, FORGOTTEN_PER_STEP_MAX)
        });
        Ok(learned.await? >= FORGOTTEN_PER_STEP_MAX as u64 || more)
    }
}

/// Returns the next workspaces that have learned anything, and of those with something to forget how many features they know.
fn look(
    tx: &mut dyn Tx,
    after: Key,
    oldest_day: i64,
) -> Result<Vec<(Key, Option<i64>)>, StoreError> {
    let step = spam::workspaces_that_learned(tx, after, WORKSPACES_PER_STEP_MAX)?;
    step.into_iter()
        .map(|(workspace, features)| {
            let known = (workspace, features);
            let is_due = spam::is_to_forget(tx, known, FEATURES_PER_WORKSPACE_MAX, oldest_day)?;
            Ok((workspace, is_due.then_some(features)))
        })
        .collect()
}

fn forget(
    tx: &mut dyn Tx,
    workspace: Key,
    features: i64,
    oldest_day: i64,
) -> Result<bool, StoreError> {
    if !spam::is_there(tx, workspace)? {
        let forgotten = spam::forget(tx, workspace, None, FORGOTTEN_PER_STEP_MAX)?;
        if forgotten == 0 {
            spam::drop_corpus(tx, workspace)?;
        }
        return Ok(forgotten > 0);
    }
    let surplus = features - FEATURES_PER_WORKSPACE_MAX;
    let forgotten = if surplus > 0 {
        spam::forget(tx, workspace, None, surplus.min(FORGOTTEN_PER_STEP_MAX))?
    } else {
        spam::forget(tx, workspace, Some(oldest_day), FORGOTTEN_PER_STEP_MAX)?
    };
    Ok(forgotten >= FORGOTTEN_PER_STEP_MAX as u64)
}
