//! The mail of deleted accounts is removed, a little at a time.

use posthouse_store::StoreError;
use posthouse_store::tables::deleted_grants;

use crate::Mailroom;

impl Mailroom {
    /// Removes some of the mail of the account that was deleted first: its messages, what they are found by, and the
    /// bytes that no other message shares. Returns whether there may be more; a step that is cut off loses nothing.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn sweep_deleted(&self, limit: u32) -> Result<bool, StoreError> {
        let limit = i64::from(limit);
        let step = self
            .store()
            .write(move |tx| deleted_grants::remove_some(tx, limit))
            .await?;
        self.remove_objects(step.external).await;
        Ok(step.more)
    }
}
