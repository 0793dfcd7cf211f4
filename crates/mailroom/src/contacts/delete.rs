//! A contact is deleted.

use posthouse_store::Tx;
use posthouse_store::changes::ChangeKind;
use posthouse_store::engine::Dialect;
use posthouse_store::tables::contacts;
use posthouse_types::ids::Kind;

use super::update::note;
use crate::actor::GrantRef;
use crate::{Mailroom, Refusal};

impl Mailroom {
    /// Deletes a contact.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub async fn delete_contact(&self, grant: &GrantRef, contact_id: &str) -> Result<(), Refusal> {
        let id = self.open_id(Kind::Contact, contact_id)?;
        let (mailroom, owner) = (self.clone(), grant.clone());
        self.store()
            .write(move |tx: &mut dyn Tx| {
                Dialect::lock_grant(tx, owner.grant)?;
                if !contacts::delete(tx, owner.grant, id)? {
                    return Err(Refusal::NotFound);
                }
                note(tx, &mailroom, &owner, ChangeKind::ContactDeleted, id)?;
                Ok(())
            })
            .await
    }
}
