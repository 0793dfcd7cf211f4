//! A destination goes, and with it all that waited for it.

use posthouse_store::tables::{deliveries, webhooks};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::Kind;

use super::limits::ROWS_PER_STEP_MAX;
use crate::actor::Actor;
use crate::audit::Object;
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
        let mailroom = self.clone();
        let deleted = self
            .store()
            .write(move |tx: &mut dyn Tx| {
                let deleted = webhooks::delete(tx, application, key)?;
                if deleted {
                    let object = Object::Row(Kind::Webhook, key);
                    mailroom.audit_done(tx, application, "webhook.delete", object)?;
                }
                Ok::<_, StoreError>(deleted)
            })
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
