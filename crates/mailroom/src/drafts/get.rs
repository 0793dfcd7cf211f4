//! One draft is shown.

use posthouse_store::Tx;
use posthouse_types::ids::Kind;

use super::object::load;
use crate::actor::GrantRef;
use crate::{Mailroom, Refusal};

impl Mailroom {
    /// Returns the object of a draft as JSON.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub async fn get_draft(&self, grant: &GrantRef, draft_id: &str) -> Result<Vec<u8>, Refusal> {
        let id = self.open_id(Kind::Draft, draft_id)?;
        let (codec, owner) = (self.store().ids().clone(), grant.clone());
        let page = self
            .store()
            .read(move |tx: &mut dyn Tx| -> Result<_, Refusal> {
                Ok(load(tx, &codec, owner.application, owner.grant, &[id])?)
            })
            .await?;
        if page.ends.is_empty() {
            return Err(Refusal::NotFound);
        }
        Ok(page.json)
    }
}
