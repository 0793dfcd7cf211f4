//! One contact is shown.

use posthouse_store::Tx;
use posthouse_store::tables::contacts;
use posthouse_types::ids::Kind;
use serde_json::Value;

use super::object::object;
use crate::actor::GrantRef;
use crate::{Mailroom, Refusal};

impl Mailroom {
    /// Returns the object of a contact.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub async fn get_contact(&self, grant: &GrantRef, contact_id: &str) -> Result<Value, Refusal> {
        let id = self.open_id(Kind::Contact, contact_id)?;
        let owner = grant.grant;
        let found = self
            .store()
            .read(move |tx: &mut dyn Tx| -> Result<_, Refusal> {
                Ok(contacts::find(tx, owner, id)?)
            })
            .await?;
        let contact = found.ok_or(Refusal::NotFound)?;
        Ok(object(self.store().ids(), owner, &contact)?)
    }
}
