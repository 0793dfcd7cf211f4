//! What has been in Trash for long goes for good; how long Junk is kept is a matter of policies.

use posthouse_store::engine::Dialect;
use posthouse_store::tables::{folders, messages};
use posthouse_store::{StoreError, Tx};
use posthouse_types::folders::SystemFolder;
use posthouse_types::ids::Key;

use super::remove;
use crate::Mailroom;

/// Seconds for which messages stay in Trash.
const SECONDS_PER_DAY: i64 = 86_400;
/// Messages that one step removes at most.
const MESSAGES_PER_STEP_MAX: i64 = 200;

impl Mailroom {
    /// Removes some of the messages that were moved to Trash long enough ago: thirty days, or what the plan says. Returns whether there may be more; a
    /// step that is cut off loses nothing.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn expire_set_aside(&self) -> Result<bool, StoreError> {
        let before = self.now_seconds() - self.trash_days() * SECONDS_PER_DAY;
        let behind = self.inner.walk.set_aside();
        let found = self
            .store()
            .read(move |tx: &mut dyn Tx| {
                messages::set_aside_before(tx, behind, before, MESSAGES_PER_STEP_MAX)
            })
            .await?;
        let Some(last) = found.last() else {
            return Ok(false);
        };
        let Some(first) = found.iter().find(|message| message.in_trash) else {
            // Junk that is kept for longer is not looked at again: into Trash it would come with a new time.
            self.inner.walk.pass_set_aside((last.at, last.id));
            return Ok(true);
        };
        let (application, grant) = (first.application, first.grant);
        let ids: Vec<Key> = found
            .iter()
            .filter(|message| message.in_trash && message.grant == grant)
            .map(|message| message.id)
            .collect();
        let mailroom = self.clone();
        let external = self
            .store()
            .write(move |tx: &mut dyn Tx| {
                Dialect::lock_grant(tx, grant)?;
                let mut due = messages::placed(tx, grant, &ids)?;
                let trash = folders::system_folder(tx, grant, SystemFolder::Trash)?;
                // Somebody may have saved one meanwhile.
                due.retain(|message| {
                    Some(message.folder) == trash
                        && message.set_aside_at.is_some_and(|at| at < before)
                });
                remove(tx, &mailroom, application, grant, due)
            })
            .await?;
        self.remove_objects(external).await;
        Ok(true)
    }
}
