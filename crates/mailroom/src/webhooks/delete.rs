//! A destination goes, and with it all that waited for it.

use posthouse_store::Tx;
use posthouse_store::tables::{deliveries, webhooks};

use super::limits::ROWS_PER_STEP_MAX;
use crate::actor::Actor;
use crate::{Mailroom, Refusal};

impl Mailroom {
    /// Deletes a destination and its deliveries.
    ///
    /// Nothing is sent to it once this returns but what was on its way already. A crash in the middle leaves rows that
    /// nobody claims any more and that expire with their age.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub async fn delete_webhook(&self, actor: &Actor, id: &str) -> Result<(), Refusal> {
        let row = self.webhook_row(actor, id).await?;
        let (application, key) = (row.application, row.id);
        let deleted = self
            .store()
            .write(move |tx: &mut dyn Tx| webhooks::delete(tx, application, key))
            .await
            .map_err(Refusal::from)?;
        if !deleted {
            return Err(Refusal::NotFound);
        }
        tracing::info!(webhook.id = %id, "deleted a webhook");
        loop {
            let dropped = self
                .store()
                .write(move |tx: &mut dyn Tx| deliveries::drop_all(tx, key, ROWS_PER_STEP_MAX))
                .await
                .map_err(Refusal::from)?;
            if dropped < ROWS_PER_STEP_MAX as u64 {
                return Ok(());
            }
        }
    }
}
