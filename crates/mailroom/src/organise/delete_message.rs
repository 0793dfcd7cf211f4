//! A message is deleted: to Trash first, from there for good; at once where the operator allows it.

use std::sync::atomic::Ordering;

use posthouse_store::Tx;
use posthouse_store::engine::Dialect;
use posthouse_store::tables::{folders, messages};
use posthouse_types::folders::SystemFolder;
use posthouse_types::ids::Kind;

use super::{MessageChanges, apply, remove};
use crate::actor::GrantRef;
use crate::{Mailroom, Refusal};

impl Mailroom {
    /// Has [`Mailroom::hard_delete_message`] do what it is asked for from now on.
    pub fn allow_hard_delete(&self) {
        self.inner.hard_delete.store(true, Ordering::Relaxed);
    }

    /// Removes a message for good wherever it is, if the operator allows that; otherwise as
    /// [`Mailroom::delete_message`].
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub async fn hard_delete_message(
        &self,
        grant: &GrantRef,
        message_id: &str,
    ) -> Result<(), Refusal> {
        let past_trash = self.inner.hard_delete.load(Ordering::Relaxed);
        self.remove_message(grant, message_id, past_trash).await
    }

    /// Moves a message to Trash, or removes it for good when it is there already.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub async fn delete_message(&self, grant: &GrantRef, message_id: &str) -> Result<(), Refusal> {
        self.remove_message(grant, message_id, false).await
    }

    async fn remove_message(
        &self,
        grant: &GrantRef,
        message_id: &str,
        past_trash: bool,
    ) -> Result<(), Refusal> {
        let id = self.open_id(Kind::Message, message_id)?;
        let (mailroom, mailbox) = (self.clone(), grant.clone());
        let external = self
            .store()
            .write(move |tx: &mut dyn Tx| {
                Dialect::lock_grant(tx, mailbox.grant)?;
                let found = messages::placed(tx, mailbox.grant, &[id])?;
                let message = found.into_iter().next().ok_or(Refusal::NotFound)?;
                let trash = folders::system_folder(tx, mailbox.grant, SystemFolder::Trash)?
                    .ok_or(Refusal::NotFound)?;
                if past_trash || message.folder == trash {
                    let (application, grant) = (mailbox.application, mailbox.grant);
                    return Ok(remove(tx, &mailroom, application, grant, vec![message])?);
                }
                let to_trash = MessageChanges {
                    folder: Some(trash),
                    ..MessageChanges::default()
                };
                apply(tx, &mailroom, &mailbox, &[id], &to_trash)?;
                Ok::<_, Refusal>(Vec::new())
            })
            .await?;
        self.remove_objects(external).await;
        Ok(())
    }
}
