//! A draft is changed.

use posthouse_store::Tx;
use posthouse_store::tables::drafts;
use posthouse_types::ids::Kind;

use super::change::DraftChange;
use super::write::Target;
use crate::actor::GrantRef;
use crate::{Mailroom, Refusal};

impl Mailroom {
    /// Changes a draft and returns its whole object as JSON; a change that changes nothing leaves no trace, and one of
    /// metadata alone notifies nobody.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Invalid`] for what could never be sent; [`Refusal::TooLarge`].
    pub async fn update_draft(
        &self,
        grant: &GrantRef,
        draft_id: &str,
        change: DraftChange,
    ) -> Result<Vec<u8>, Refusal> {
        let id = self.open_id(Kind::Draft, draft_id)?;
        if change.files.is_some() {
            // Before its files are written anywhere.
            let owner = grant.grant;
            let found = self
                .store()
                .read(move |tx: &mut dyn Tx| -> Result<_, Refusal> {
                    Ok(drafts::find(tx, owner, id)?.is_some())
                });
            if !found.await? {
                return Err(Refusal::NotFound);
            }
        }
        self.write_draft(grant, Target::Existing(id), change).await
    }
}
