//! What has been in Trash or Junk for long goes for good.

use posthouse_store::engine::Dialect;
use posthouse_store::tables::messages;
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::Key;

use super::remove;
use crate::Mailroom;

/// Seconds for which messages stay in Trash and Junk.
const SET_ASIDE_SECONDS: i64 = 30 * 86_400;
/// Messages that one step removes at most.
const MESSAGES_PER_STEP_MAX: i64 = 200;

impl Mailroom {
    /// Removes some of the messages that were moved to Trash or Junk thirty days ago. Returns whether there may be more; a
    /// step that is cut off loses nothing.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn expire_set_aside(&self) -> Result<bool, StoreError> {
        let before = self.now_seconds() - SET_ASIDE_SECONDS;
        let found = self
            .store()
            .read(move |tx: &mut dyn Tx| {
                messages::set_aside_before(tx, before, MESSAGES_PER_STEP_MAX)
            })
            .await?;
        let Some((application, grant, _)) = found.first().copied() else {
            return Ok(false);
        };
        let of_grant = found.into_iter().filter(|(_, other, _)| *other == grant);
        let ids: Vec<Key> = of_grant.map(|(_, _, id)| id).collect();
        let mailroom = self.clone();
        let external = self
            .store()
            .write(move |tx: &mut dyn Tx| {
                Dialect::lock_grant(tx, grant)?;
                let mut due = messages::placed(tx, grant, &ids)?;
                // Somebody may have saved one meanwhile.
                due.retain(|message| message.set_aside_at.is_some_and(|at| at < before));
                remove(tx, &mailroom, application, grant, due)
            })
            .await?;
        self.remove_objects(external).await;
        Ok(true)
    }
}
