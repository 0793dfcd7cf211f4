//! Deliveries are claimed, given back, and made ready to be sent.

use bytes::Bytes;
use posthouse_store::tables::{deliveries, webhooks};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::{Key, Kind};

use super::destination::DestinationStatus;
use super::envelope;
use super::limits::{
    CLAIM_US, DELIVERY_DAYS, DESTINATIONS_PER_CLAIM_MAX, DUE_DESTINATIONS_PER_READ_MAX,
    ROWS_PER_STEP_MAX,
};
use super::outgoing::Notification;
use crate::{Mailroom, Refusal};

/// Tells how many deliveries of a destination the process has room for.
pub type Room<'a> = dyn Fn(Key) -> usize + Send + Sync + 'a;

/// A delivery that this process holds.
#[derive(Debug, Clone)]
pub struct ClaimedDelivery {
    pub(crate) id: Key,
    application: Key,
    webhook: Key,
    pub(crate) attempts_made: i64,
    pub(crate) token: i64,
    until_us: i64,
    first_body: Bytes,
    pub(crate) attempts: String,
}

impl From<deliveries::Claim> for ClaimedDelivery {
    fn from(claim: deliveries::Claim) -> Self {
        Self {
            id: claim.id,
            application: claim.application,
            webhook: claim.webhook,
            attempts_made: claim.attempt,
            token: claim.token,
            until_us: claim.until_us,
            first_body: claim.body.into(),
            attempts: claim.attempts,
        }
    }
}

impl ClaimedDelivery {
    /// Returns the destination it is for.
    #[must_use]
    pub fn webhook(&self) -> Key {
        self.webhook
    }

    /// Returns when the claim ends, in Unix microseconds.
    #[must_use]
    pub fn until_us(&self) -> i64 {
        self.until_us
    }

    /// Returns the number of the attempt to be made, from 1.
    #[must_use]
    pub fn attempt(&self) -> i64 {
        self.attempts_made + 1
    }
}

/// What claiming found.
#[derive(Debug, Default)]
pub struct ClaimedDue {
    /// Deliveries that this process now holds.
    pub claimed: Vec<ClaimedDelivery>,
    /// Destinations that may have more that is due.
    pub behind: Vec<Key>,
}

impl Mailroom {
    /// Claims what is due, for each destination as much as `room` allows.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store is.
    pub async fn claim_due_deliveries(&self, room: &Room<'_>) -> Result<ClaimedDue, Refusal> {
        let mut found = ClaimedDue::default();
        let mut behind = Key(0);
        loop {
            let due = self.due_webhooks(behind).await?;
            let Some(last) = due.last().copied() else {
                return Ok(found);
            };
            behind = last;
            let wanted: Vec<(Key, usize)> = due
                .iter()
                .map(|webhook| (*webhook, room(*webhook)))
                .collect();
            let full = wanted.iter().filter(|(_, room)| *room == 0);
            found.behind.extend(full.map(|(webhook, _)| *webhook));
            let open: Vec<(Key, usize)> =
                wanted.into_iter().filter(|(_, room)| *room > 0).collect();
            for some in open.chunks(DESTINATIONS_PER_CLAIM_MAX) {
                self.claim_some(some.to_vec(), &mut found).await?;
            }
            if (due.len() as i64) < DUE_DESTINATIONS_PER_READ_MAX {
                return Ok(found);
            }
        }
    }

    async fn due_webhooks(&self, behind: Key) -> Result<Vec<Key>, Refusal> {
        let now_us = self.clock().unix_us();
        self.store()
            .read(move |tx: &mut dyn Tx| {
                deliveries::due_webhooks(tx, behind, now_us, DUE_DESTINATIONS_PER_READ_MAX)
            })
            .await
            .map_err(Refusal::from)
    }

    async fn claim_some(
        &self,
        wanted: Vec<(Key, usize)>,
        found: &mut ClaimedDue,
    ) -> Result<(), Refusal> {
        let now_us = self.clock().unix_us();
        let claiming = self.store().write(move |tx: &mut dyn Tx| {
            let claims = wanted.into_iter().map(|(webhook, room)| {
                let until_us = now_us + CLAIM_US;
                let claims = deliveries::claim(tx, webhook, now_us, until_us, room as i64)?;
                Ok::<_, StoreError>((webhook, claims.len() == room, claims))
            });
            claims.collect::<Result<Vec<_>, _>>()
        });
        for (webhook, more, claims) in claiming.await.map_err(Refusal::from)? {
            if more {
                found.behind.push(webhook);
            }
            found.claimed.extend(claims.into_iter().map(Into::into));
        }
        Ok(())
    }

    /// Gives deliveries back untried, so that nobody has to wait for the end of their claims.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store is; the claims then run out.
    pub async fn release_deliveries(&self, held: Vec<ClaimedDelivery>) -> Result<(), Refusal> {
        let now_us = self.clock().unix_us();
        for some in held.chunks(ROWS_PER_STEP_MAX as usize) {
            let some: Vec<(Key, i64)> = some.iter().map(|one| (one.id, one.token)).collect();
            let releasing = self.store().write(move |tx: &mut dyn Tx| {
                some.into_iter()
                    .try_for_each(|(id, token)| deliveries::release(tx, id, token, now_us))
            });
            releasing.await.map_err(Refusal::from)?;
        }
        Ok(())
    }

    /// Ends the claims of a former process, where this process is known to be the only one.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store is; the claims then run out.
    pub async fn recover_deliveries(&self) -> Result<u64, Refusal> {
        let now_us = self.clock().unix_us();
        self.store()
            .write(move |tx: &mut dyn Tx| {
                if tx.dialect().is_embedded() {
                    deliveries::release_all(tx, now_us)
                } else {
                    Ok(0)
                }
            })
            .await
            .map_err(Refusal::from)
    }

    /// Returns the notification to send for a delivery, as its destination is now; `None` when that is gone or off.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store is; [`Refusal::Internal`] when the secret cannot be opened.
    pub async fn notification(
        &self,
        delivery: &ClaimedDelivery,
    ) -> Result<Option<Notification>, Refusal> {
        let (application, webhook) = (delivery.application, delivery.webhook);
        // HOOK-08: the destination must still be the event's own application's.
        let found = self
            .store()
            .read(move |tx: &mut dyn Tx| webhooks::find(tx, application, webhook))
            .await
            .map_err(Refusal::from)?;
        let delivers =
            |row: &webhooks::Webhook| DestinationStatus::from_stored(&row.status).delivers();
        let Some(row) = found.filter(delivers) else {
            return Ok(None);
        };
        Ok(Some(Notification {
            secret: self.open_signing_secret(row.id, &row.secret)?,
            url: row.url,
            compressed: row.compressed_delivery,
            delivery_id: self.public_id(Kind::Delivery, delivery.id),
            body: envelope::of_attempt(delivery.first_body.clone(), delivery.attempt()),
        }))
    }

    /// Removes some deliveries that have served their time; returns whether there may be more.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store is.
    pub async fn expire_deliveries(&self) -> Result<bool, Refusal> {
        let oldest = Key::floor_of(self.clock().unix_ms() - DELIVERY_DAYS * 24 * 3_600 * 1_000);
        let any = self
            .store()
            .read(move |tx: &mut dyn Tx| deliveries::any_before(tx, oldest))
            .await
            .map_err(Refusal::from)?;
        if !any {
            return Ok(false);
        }
        let removed = self
            .store()
            .write(move |tx: &mut dyn Tx| deliveries::expire(tx, oldest, ROWS_PER_STEP_MAX))
            .await
            .map_err(Refusal::from)?;
        Ok(removed >= ROWS_PER_STEP_MAX as u64)
    }
}
