//! One message is marked, moved or labelled.

use posthouse_store::Tx;
use posthouse_store::engine::Dialect;
use posthouse_store::tables::messages;
use posthouse_types::ids::Kind;

use super::{MessageChanges, Metadata, apply, destination};
use crate::actor::GrantRef;
use crate::read::Detail;
use crate::{Mailroom, Refusal};

/// What an update of a message says; `None` keeps.
#[derive(Debug, Clone, Default)]
pub struct MessageUpdate {
    /// Not read yet.
    pub unread: Option<bool>,
    /// Starred.
    pub starred: Option<bool>,
    /// Answered.
    pub answered: Option<bool>,
    /// Names or ids of the one folder it moves to; empty means Archive.
    pub folders: Option<Vec<String>>,
    /// Replaces all metadata; empty clears it.
    pub metadata: Option<Metadata>,
}

impl Mailroom {
    /// Changes a message and returns its whole object; a change that changes nothing leaves no trace.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Invalid`] for a folder that is not there, and for several.
    pub async fn update_message(
        &self,
        grant: &GrantRef,
        message_id: &str,
        update: MessageUpdate,
    ) -> Result<Vec<u8>, Refusal> {
        let id = self.open_id(Kind::Message, message_id)?;
        let (mailroom, mailbox) = (self.clone(), grant.clone());
        self.store()
            .write(move |tx: &mut dyn Tx| {
                let mut changes = MessageChanges {
                    unread: update.unread,
                    starred: update.starred,
                    answered: update.answered,
                    folder: None,
                    metadata: update.metadata,
                };
                Dialect::lock_grant(tx, mailbox.grant)?;
                // Asked first: of a message that is not there it makes no difference what was to become of it.
                if messages::placed(tx, mailbox.grant, &[id])?.is_empty() {
                    return Err(Refusal::NotFound);
                }
                if let Some(names) = &update.folders {
                    changes.folder = Some(destination(tx, &mailroom, &mailbox, names)?);
                }
                apply(tx, &mailroom, &mailbox, &[id], &changes)?;
                Ok(())
            })
            .await?;
        self.message_object(grant.grant, id, Detail::Standard)
            .await?
            .ok_or(Refusal::NotFound)
    }
}
