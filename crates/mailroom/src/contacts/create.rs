//! A contact is made.

use posthouse_store::Tx;
use posthouse_store::changes::ChangeKind;
use posthouse_store::engine::Dialect;
use posthouse_store::tables::contacts::{self, Contact};
use posthouse_store::tables::grants;
use serde_json::Value;

use super::check::checked;
use super::fields::ContactChange;
use super::index::index;
use super::object::{Members, object};
use super::{ADDRESS_BOOK, update};
use crate::actor::GrantRef;
use crate::{Mailroom, Refusal};

impl Mailroom {
    /// Makes a contact and returns its object.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], also for a contact without any name or address.
    pub async fn create_contact(
        &self,
        grant: &GrantRef,
        new: ContactChange,
    ) -> Result<Value, Refusal> {
        let new = checked(new)?;
        let mut members = Members::none();
        members.merge(&new);
        members.check_recognisable()?;
        let metadata = new.metadata.unwrap_or_default();
        let now = self.now_seconds();
        let contact = Contact {
            id: self.store().new_key(),
            source: ADDRESS_BOOK.to_owned(),
            document: members.stored(),
            metadata: metadata.stored(),
            created_at: now,
            updated_at: now,
        };
        let index = index(self.store().ids(), &members, &metadata);
        let shown = object(self.store().ids(), grant.grant, &contact)?;
        let (mailroom, owner) = (self.clone(), grant.clone());
        self.store()
            .write(move |tx: &mut dyn Tx| {
                Dialect::lock_grant(tx, owner.grant)?;
                // An account that is being deleted gets no contact that nobody would remove.
                grants::find(tx, owner.application, owner.grant)?.ok_or(Refusal::NotFound)?;
                contacts::insert(tx, owner.application, owner.grant, &contact, &index)?;
                update::note(
                    tx,
                    &mailroom,
                    &owner,
                    ChangeKind::ContactUpdated,
                    contact.id,
                )?;
                Ok::<_, Refusal>(())
            })
            .await?;
        Ok(shown)
    }
}
