//! The mail of deleted accounts is removed, a little at a time.

use posthouse_store::blobs::BlobHash;
use posthouse_store::tables::deleted_grants;
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::Key;

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
        for (application, hash) in step.external {
            if let Err(error) = self.remove_bytes(application, hash).await {
                tracing::warn!("cannot remove the bytes of a deleted message: {error}");
            }
        }
        Ok(step.more)
    }

    /// Removes bytes outside the database, unless the same message has arrived again meanwhile.
    async fn remove_bytes(&self, application: Key, hash: BlobHash) -> Result<(), StoreError> {
        let kept_again = self
            .store()
            .read(move |tx: &mut dyn Tx| deleted_grants::is_kept(tx, application, &hash))
            .await?;
        if kept_again {
            return Ok(());
        }
        self.store().blobs().remove(application, &hash).await
    }
}
