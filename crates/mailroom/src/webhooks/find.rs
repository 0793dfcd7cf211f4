//! Destinations are listed and found.

use posthouse_store::Tx;
use posthouse_store::tables::webhooks::{self, Webhook};
use posthouse_types::ids::Kind;

use super::destination::{Destination, Reach};
use crate::actor::Actor;
use crate::{Mailroom, Refusal};

impl Mailroom {
    /// Lists the destinations that a key may reach, oldest first.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] for a key of one account.
    pub async fn list_webhooks(&self, actor: &Actor) -> Result<Vec<Destination>, Refusal> {
        let (reach, application) = (Reach::of(actor)?, actor.application);
        let rows = self
            .store()
            .read(move |tx: &mut dyn Tx| webhooks::of_applications(tx, &[application]))
            .await
            .map_err(Refusal::from)?;
        let reached = rows.iter().filter(|row| reach.covers(row.scope));
        Ok(reached.map(|row| self.show_destination(row)).collect())
    }

    /// Returns one destination.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub async fn get_webhook(&self, actor: &Actor, id: &str) -> Result<Destination, Refusal> {
        let row = self.webhook_row(actor, id).await?;
        Ok(self.show_destination(&row))
    }

    /// Returns the row of a destination that a key may reach.
    pub(crate) async fn webhook_row(&self, actor: &Actor, id: &str) -> Result<Webhook, Refusal> {
        let reach = Reach::of(actor).map_err(|_| Refusal::NotFound)?;
        let (key, application) = (self.open_id(Kind::Webhook, id)?, actor.application);
        let found = self
            .store()
            .read(move |tx: &mut dyn Tx| webhooks::find(tx, application, key))
            .await
            .map_err(Refusal::from)?;
        found
            .filter(|row| reach.covers(row.scope))
            .ok_or(Refusal::NotFound)
    }
}
