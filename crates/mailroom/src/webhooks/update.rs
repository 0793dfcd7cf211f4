//! A destination is changed, switched on or off, or gets a new secret.

use posthouse_store::engine::Dialect;
use posthouse_store::tables::deliveries;
use posthouse_store::tables::webhooks::{self, Webhook};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::{Key, Kind};

use super::create::duplicate;
use super::destination::{
    Destination, DestinationChange, DestinationStatus, RevealedDestination, write_strings,
};
use super::limits::{CHALLENGES_MAX, ROWS_PER_STEP_MAX};
use super::{SigningSecret, check};
use crate::actor::Actor;
use crate::audit::Object;
use crate::{Mailroom, Refusal};

/// How far an attempt to change a destination came.
enum Step {
    Changed(Webhook),
    /// This URL must answer a challenge first.
    Ask(String),
}

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
        let (key, application) = (self.webhook_row(actor, id).await?.id, actor.application);
        let mut answered = None;
        for _ in 0..CHALLENGES_MAX {
            let (mailroom, change, agreed) = (self.clone(), change.clone(), answered.clone());
            let step = self
                .store()
                .write(move |tx: &mut dyn Tx| {
                    Dialect::lock_grant(tx, key)?;
                    let before = webhooks::find(tx, application, key)?.ok_or(Refusal::NotFound)?;
                    let step = mailroom.change_step(tx, &before, change, agreed.as_deref())?;
                    if matches!(step, Step::Changed(_)) {
                        let object = Object::Row(Kind::Webhook, key);
                        mailroom.audit_done(tx, application, "webhook.update", object)?;
                    }
                    Ok::<_, Refusal>(step)
                })
                .await?;
            let row = match step {
                Step::Changed(row) => row,
                Step::Ask(url) => {
                    // The URL is asked outside the transaction, which then looks again.
                    self.challenge(&url).await?;
                    answered = Some(url);
                    continue;
                }
            };
            if !status_of(&row).delivers() {
                self.skip_what_waits(key).await?;
            }
            self.destinations_changed();
            return Ok(self.show_destination(&row));
        }
        Err(Refusal::Unavailable {
            message: "the webhook is being changed by others, nothing was changed".to_owned(),
        })
    }

    /// Applies a change to the row as it is now, unless a URL must be asked first that has not `agreed` yet.
    fn change_step(
        &self,
        tx: &mut dyn Tx,
        before: &Webhook,
        change: DestinationChange,
        agreed: Option<&str>,
    ) -> Result<Step, Refusal> {
        let after = self.changed(before, change)?;
        if after == *before {
            return Ok(Step::Changed(after));
        }
        let resumed =
            status_of(&after) == DestinationStatus::Active && !status_of(before).delivers();
        if (resumed || after.url != before.url) && agreed != Some(after.url.as_str()) {
            return Ok(Step::Ask(after.url));
        }
        match webhooks::update(tx, &after) {
            Ok(true) => Ok(Step::Changed(after)),
            Ok(false) => Err(Refusal::NotFound),
            Err(StoreError::Conflict { .. }) => Err(duplicate()),
            Err(other) => Err(other.into()),
        }
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
        // A change that changes nothing leaves no trace.
        if after != *before {
            after.updated_at = now;
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
