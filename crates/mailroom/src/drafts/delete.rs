//! A draft is deleted, for good.

use posthouse_store::changes::ChangeKind;
use posthouse_store::engine::Dialect;
use posthouse_store::tables::drafts::{self, Draft};
use posthouse_store::tables::folders::{self, Shift};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::{Key, Kind};

use super::write::note;
use crate::actor::GrantRef;
use crate::{Mailroom, Refusal};

impl Mailroom {
    /// Deletes a draft and its files.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub async fn delete_draft(&self, grant: &GrantRef, draft_id: &str) -> Result<(), Refusal> {
        let id = self.open_id(Kind::Draft, draft_id)?;
        let (mailroom, owner) = (self.clone(), grant.clone());
        let external = self
            .store()
            .write(move |tx: &mut dyn Tx| -> Result<_, Refusal> {
                Dialect::lock_grant(tx, owner.grant)?;
                let found = drafts::find(tx, owner.grant, id)?;
                let (draft, _) = found.ok_or(Refusal::NotFound)?;
                Ok(remove(tx, &owner, &draft, mailroom.clock().unix_us())?)
            })
            .await?;
        self.remove_objects(external).await;
        Ok(())
    }
}

/// Removes a draft of an account whose lock the transaction holds: its rows, what its folder counts, and the bytes that
/// nothing else shares. It is noted as deleted.
///
/// Returns application and key of bytes in the blob store that are to go once the transaction has committed
/// ([`Mailroom::remove_objects`]).
pub(crate) fn remove(
    tx: &mut dyn Tx,
    grant: &GrantRef,
    draft: &Draft,
    at_us: i64,
) -> Result<Vec<(Key, Key)>, StoreError> {
    let leaving = Shift {
        entering: 0,
        total: -1,
        unread: -i64::from(draft.unread),
        bytes: -draft.size_bytes,
    };
    folders::shift(tx, grant.grant, draft.folder, &leaving)?;
    let external = drafts::delete(tx, draft.id)?;
    note(tx, grant, ChangeKind::DraftDeleted, draft.id, at_us)?;
    Ok(external)
}
