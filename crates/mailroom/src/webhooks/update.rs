//! A destination is changed, switched on or off, or gets a new secret.

use posthouse_store::tables::deliveries;
use posthouse_store::tables::webhooks::{self, Webhook};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::Key;

use super::create::duplicate;
use super::destination::{
    Destination, DestinationChange, DestinationStatus, RevealedDestination, write_strings,
};
use super::limits::ROWS_PER_STEP_MAX;
use super::{SigningSecret, check};
use crate::actor::Actor;
use crate::{Mailroom, Refusal};

impl Mailroom {
    /// Changes a destination. A new URL, and one that is switched on again, must answer a challenge first.
    ///
    /// Switching it off skips what still waits for it.
    ///
    /// # Errors
    /// As [`Mailroom::create_webhook`]; nothing is changed then. [`Refusal::NotFound`].
    pub async fn update_webhook(
        &self,
        actor: &Actor,
        id: &str,
        change: DestinationChange,
    ) -> Result<Destination, Refusal> {
        let before = self.webhook_row(actor, id).await?;
        let after = self.changed(&before, change)?;
        let resumed =
            status_of(&after) == DestinationStatus::Active && !status_of(&before).delivers();
        if resumed || after.url != before.url {
            self.challenge(&after.url).await?;
        }
        let paused = !status_of(&after).delivers();
        let (key, destination) = (after.id, self.show_destination(&after));
        let updated = self
            .store()
            .write(move |tx: &mut dyn Tx| webhooks::update(tx, &after))
            .await;
        match updated {
            Ok(true) => {}
            Ok(false) => return Err(Refusal::NotFound),
            Err(StoreError::Conflict { .. }) => return Err(duplicate()),
            Err(other) => return Err(other.into()),
        }
        if paused {
            self.skip_what_waits(key).await?;
        }
        self.destinations_changed();
        Ok(destination)
    }

    /// Gives a destination a new secret; the old one signs nothing from now on.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub async fn rotate_webhook_secret(
        &self,
        actor: &Actor,
        id: &str,
    ) -> Result<RevealedDestination, Refusal> {
        let mut row = self.webhook_row(actor, id).await?;
        let secret = SigningSecret::random();
        row.secret = self.seal_signing_secret(row.id, &secret)?;
        row.updated_at = self.now_seconds();
        let destination = self.show_destination(&row);
        let there = self
            .store()
            .write(move |tx: &mut dyn Tx| {
                webhooks::set_secret(tx, row.application, row.id, &row.secret, row.updated_at)
            })
            .await
            .map_err(Refusal::from)?;
        if !there {
            return Err(Refusal::NotFound);
        }
        Ok(RevealedDestination {
            destination,
            secret,
        })
    }

    fn changed(&self, before: &Webhook, change: DestinationChange) -> Result<Webhook, Refusal> {
        let now = self.now_seconds();
        let mut after = before.clone();
        after.updated_at = now;
        if let Some(names) = change.trigger_types.filter(|names| !names.is_empty()) {
            after.trigger_types = write_strings(&check::trigger_types(names)?);
        }
        if let Some(url) = change.webhook_url.filter(|url| !url.is_empty()) {
            after.url = url;
        }
        if let Some(text) = change.description.filter(|text| !text.is_empty()) {
            check::description(&text)?;
            after.description = text;
        }
        let addresses = change.notification_email_addresses;
        if let Some(addresses) = addresses.filter(|addresses| !addresses.is_empty()) {
            check::notification_addresses(&addresses)?;
            after.notification_emails = write_strings(&addresses);
        }
        if let Some(compressed) = change.compressed_delivery {
            after.compressed_delivery = compressed;
        }
        if let Some(name) = change.status.filter(|name| !name.is_empty()) {
            let status = requested_status(&name, status_of(before))?;
            if status != status_of(before) {
                after.status = status.name().to_owned();
                after.status_updated_at = now;
            }
        }
        Ok(after)
    }

    async fn skip_what_waits(&self, webhook: Key) -> Result<(), Refusal> {
        loop {
            let skipped = self
                .store()
                .write(move |tx: &mut dyn Tx| {
                    deliveries::skip_waiting(tx, webhook, ROWS_PER_STEP_MAX)
                })
                .await
                .map_err(Refusal::from)?;
            if skipped < ROWS_PER_STEP_MAX as u64 {
                return Ok(());
            }
        }
    }
}

fn status_of(row: &Webhook) -> DestinationStatus {
    DestinationStatus::from_stored(&row.status)
}

/// Reads a status that a caller may write. A destination that is failing is active and stays as it is.
fn requested_status(name: &str, before: DestinationStatus) -> Result<DestinationStatus, Refusal> {
    match name {
        "active" if before == DestinationStatus::Failing => Ok(before),
        "active" => Ok(DestinationStatus::Active),
        "pause" | "inactive" => Ok(DestinationStatus::Pause),
        _ => Err(Refusal::invalid("status", "expected active or pause")),
    }
}
