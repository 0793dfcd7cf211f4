//! Addresses are taken off the list.

use posthouse_store::tables::suppressions::{self, Which};
use posthouse_store::{StoreError, Tx};
use posthouse_types::address::EmailAddress;
use posthouse_types::ids::Kind;

use super::reach;
use crate::actor::Actor;
use crate::audit::Object;
use crate::{Mailroom, Refusal};

impl Mailroom {
    /// Takes an entry off the list, by its id, or all entries of an address that the key reaches.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Forbidden`] for a key of one account.
    pub async fn remove_suppression(&self, actor: &Actor, name: &str) -> Result<(), Refusal> {
        let own = reach(actor)?;
        let which = match self.open_id(Kind::Suppression, name) {
            Ok(id) => Which::Id(id),
            Err(_) => {
                let address =
                    EmailAddress::parse_strict(name.trim()).map_err(|_| Refusal::NotFound)?;
                Which::Address(address.folded())
            }
        };
        let (mailroom, application) = (self.clone(), actor.application);
        let removed = self
            .store()
            .write(move |tx: &mut dyn Tx| {
                let removed = suppressions::delete(tx, application, own, &which)?;
                if removed {
                    let object = match &which {
                        Which::Id(id) => Object::Row(Kind::Suppression, *id),
                        Which::Address(address) => Object::Named("address", address),
                    };
                    mailroom.audit_done(tx, application, "suppression.remove", object)?;
                }
                Ok::<_, StoreError>(removed)
            })
            .await
            .map_err(Refusal::from)?;
        if removed {
            Ok(())
        } else {
            Err(Refusal::NotFound)
        }
    }
}
