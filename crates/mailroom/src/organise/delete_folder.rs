//! A folder is deleted, with those below it and all their messages.

use posthouse_store::changes::ChangeKind;
use posthouse_store::engine::Dialect;
use posthouse_store::tables::folders::{self, DeletedFolder, Folder};
use posthouse_store::tables::{grants, messages};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::Key;

use super::create_folder::{lock_folders, note};
use super::folder_tree::subtree;
use super::remove;
use crate::actor::GrantRef;
use crate::read::find_folder;
use crate::{Mailroom, Refusal};

/// Messages that go in one transaction.
const MESSAGES_PER_STEP_MAX: i64 = 200;

impl Mailroom {
    /// Deletes a folder for good, with those below it and all their messages.
    ///
    /// The folders are gone at once; many messages go after them in steps, and what is left when this is cut off goes with
    /// [`Mailroom::sweep_deleted_folders`].
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Invalid`] for a system folder.
    pub async fn delete_folder(&self, grant: &GrantRef, folder: &str) -> Result<(), Refusal> {
        let (mailroom, mailbox, folder) = (self.clone(), grant.clone(), folder.to_owned());
        let left = self
            .store()
            .write(move |tx: &mut dyn Tx| {
                let all = lock_folders(tx, &mailbox)?;
                let codec = mailroom.store().ids();
                let root =
                    find_folder(&all, codec, &folder, "folder_id")?.ok_or(Refusal::NotFound)?;
                let doomed = subtree(&all, root);
                if doomed.iter().any(|folder| folder.system.is_some()) {
                    return Err(Refusal::invalid(
                        "folder_id",
                        "a system folder cannot be deleted",
                    ));
                }
                Ok(delete_all(tx, &mailroom, &mailbox, &doomed)?)
            })
            .await?;
        self.remove_objects(left.objects).await;
        for folder in left.folders {
            if let Err(error) = self.empty(folder).await {
                tracing::warn!("what is left of a deleted folder goes later: {error}");
                break;
            }
        }
        Ok(())
    }

    /// Removes some of the messages of a folder that was deleted. Returns whether there may be more; a step that is cut off
    /// loses nothing.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn sweep_deleted_folders(&self) -> Result<bool, StoreError> {
        let next = self.store().read(folders::oldest_deleted).await?;
        let Some(folder) = next else {
            return Ok(false);
        };
        self.empty_some(folder).await?;
        Ok(true)
    }

    async fn empty(&self, folder: DeletedFolder) -> Result<(), StoreError> {
        while self.empty_some(folder).await? {}
        Ok(())
    }

    /// Removes a step's messages; tells whether there may be more.
    async fn empty_some(&self, folder: DeletedFolder) -> Result<bool, StoreError> {
        let mailroom = self.clone();
        let (more, external) = self
            .store()
            .write(move |tx: &mut dyn Tx| {
                Dialect::lock_grant(tx, folder.grant)?;
                let mut external = Vec::new();
                let mut more = false;
                // The mail of a deleted account goes another way, and says nothing.
                if grants::find(tx, folder.application, folder.grant)?.is_some() {
                    let limit = MESSAGES_PER_STEP_MAX;
                    let found = messages::in_folder(tx, folder.grant, folder.id, limit)?;
                    more = found.len() as i64 == limit;
                    external = remove(tx, &mailroom, folder.application, folder.grant, found)?;
                }
                if !more {
                    folders::forget_deleted(tx, folder.id)?;
                }
                Ok::<_, StoreError>((more, external))
            })
            .await?;
        self.remove_objects(external).await;
        Ok(more)
    }
}

/// What a deletion leaves to be done after its transaction.
struct Left {
    /// Folders with messages.
    folders: Vec<DeletedFolder>,
    /// Application and key of bytes in the blob store.
    objects: Vec<(Key, Key)>,
}

/// Deletes folders, those below others last in the list, and as many of their messages as one transaction may.
fn delete_all(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    grant: &GrantRef,
    doomed: &[&Folder],
) -> Result<Left, StoreError> {
    let mut left = Left {
        folders: Vec::new(),
        objects: Vec::new(),
    };
    let mut room = MESSAGES_PER_STEP_MAX;
    for folder in doomed.iter().rev() {
        if folder.total_count <= room {
            room -= folder.total_count;
            let found = messages::in_folder(tx, grant.grant, folder.id, MESSAGES_PER_STEP_MAX)?;
            let (application, grant) = (grant.application, grant.grant);
            let objects = remove(tx, mailroom, application, grant, found)?;
            left.objects.extend(objects);
        } else {
            let deleted = DeletedFolder {
                id: folder.id,
                grant: grant.grant,
                application: grant.application,
            };
            folders::note_deleted(tx, &deleted, mailroom.now_seconds())?;
            left.folders.push(deleted);
        }
        folders::delete(tx, grant.grant, folder.id)?;
        note(tx, mailroom, grant, ChangeKind::FolderDeleted, folder)?;
    }
    Ok(left)
}
