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
        let mut after = Key(0);
        let mut more = false;
        loop {
            let step = self
                .store()
                .read(move |tx: &mut dyn Tx| {
                    spam::workspaces_that_learned(tx, after, WORKSPACES_PER_STEP_MAX)
                })
                .await?;
            let Some((last, _)) = step.last() else {
                break;
            };
            after = *last;
            for (workspace, features) in step {
                let left = self
                    .store()
                    .write(move |tx: &mut dyn Tx| forget(tx, workspace, features, now));
                more |= left.await?;
            }
        }
        let learned = self.store().write(move |tx: &mut dyn Tx| {
            spam::expire_learned(tx, now - LEARNED_SECONDS_MAX, FORGOTTEN_PER_STEP_MAX)
        });
        Ok(learned.await? >= FORGOTTEN_PER_STEP_MAX as u64 || more)
    }
}

fn forget(tx: &mut dyn Tx, workspace: Key, features: i64, now: i64) -> Result<bool, StoreError> {
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
        let oldest = now / 86_400 - FEATURE_DAYS_MAX;
        spam::forget(tx, workspace, Some(oldest), FORGOTTEN_PER_STEP_MAX)?
    };
    Ok(forgotten >= FORGOTTEN_PER_STEP_MAX as u64)
}
