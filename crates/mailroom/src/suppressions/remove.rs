//! Addresses are taken off the list.

use posthouse_store::Tx;
use posthouse_store::tables::suppressions::{self, Which};
use posthouse_types::address::EmailAddress;
use posthouse_types::ids::Kind;

use super::reach;
use crate::actor::Actor;
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
        let application = actor.application;
        let removed = self
            .store()
            .write(move |tx: &mut dyn Tx| suppressions::delete(tx, application, own, &which))
            .await
            .map_err(Refusal::from)?;
        if removed {
            Ok(())
        } else {
            Err(Refusal::NotFound)
        }
    }
}
