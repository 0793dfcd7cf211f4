//! Mailboxes of this server get theirs from the queue, on the way that all mail arrives by.
//!
//! A row is claimed, and leaves the queue in the transaction that stores the recipient's copy: whatever happens in
//! between, the copy is there once.

use std::net::{IpAddr, Ipv4Addr};

use bytes::Bytes;
use posthouse_store::Tx;
use posthouse_store::tables::blobs;
use posthouse_store::tables::outbound::{self, LocalClaim};
use posthouse_types::address::EmailAddress;
use posthouse_types::ids::{Key, Kind};

use super::limits::{LOCAL_CLAIM_US, LOCAL_ROWS_PER_STEP_MAX};
use crate::outbound::{Outcome, RowOutcome, Sent, settle};
use crate::read::blob_source;
use crate::receive::{
    InboundDelivery, QueueRow, ReceiveRefusal, Recipient, RecipientRefusal, Transmission,
};
use crate::{Mailroom, Refusal};

/// Why a mailbox does not get its mail.
enum Stay {
    /// It is tried again later.
    Deferred(&'static str),
    /// Trying again would not help.
    Failed(&'static str),
}

impl From<RecipientRefusal> for Stay {
    fn from(refusal: RecipientRefusal) -> Self {
        match refusal {
            RecipientRefusal::Unknown | RecipientRefusal::Relay => {
                Self::Failed("550 5.1.1 no such mailbox")
            }
            RecipientRefusal::Disabled => Self::Failed("550 5.2.1 mailbox is disabled"),
            RecipientRefusal::Deferred => Self::Deferred("451 4.2.1 mailbox is suspended for now"),
            RecipientRefusal::Unavailable => {
                Self::Deferred("451 4.3.0 cannot look the mailbox up now")
            }
        }
    }
}

impl From<ReceiveRefusal> for Stay {
    fn from(refusal: ReceiveRefusal) -> Self {
        match refusal {
            ReceiveRefusal::TooManyHops => Self::Failed("554 5.4.6 too many hops"),
            ReceiveRefusal::HeaderTooLarge => Self::Failed("552 5.3.4 header section too large"),
            ReceiveRefusal::DmarcRejected => Self::Failed("550 5.7.26 not authenticated"),
            ReceiveRefusal::TooLarge => Self::Failed("552 5.3.4 message is too large"),
            ReceiveRefusal::Unavailable => Self::Deferred("451 4.3.0 cannot store the message now"),
            ReceiveRefusal::StorageFull => Self::Deferred("452 4.3.1 no room for the message"),
        }
    }
}

impl Mailroom {
    /// Delivers some of what the queue has for mailboxes of this server; returns whether there may be more.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store is; claims then run out.
    pub async fn deliver_local_mail(&self) -> Result<bool, Refusal> {
        let now_us = self.clock().unix_us();
        let any = self
            .store()
            .read(move |tx: &mut dyn Tx| outbound::any_local_due(tx, now_us))
            .await
            .map_err(Refusal::from)?;
        if !any {
            return Ok(false);
        }
        let until_us = now_us + LOCAL_CLAIM_US;
        let claims = self
            .store()
            .write(move |tx| outbound::claim_local(tx, now_us, until_us, LOCAL_ROWS_PER_STEP_MAX))
            .await
            .map_err(Refusal::from)?;
        let more = claims.len() as i64 == LOCAL_ROWS_PER_STEP_MAX;
        for claim in claims {
            if let Err(stay) = self.deliver_claimed(&claim).await {
                self.put_back(&claim, &stay).await?;
            }
        }
        Ok(more)
    }

    /// Ends the claims of a former process, where this process is known to be the only one. Happens once: whoever claims
    /// mail in this process waits for it first, because later it would end their own claims.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store is; nothing has happened then.
    pub async fn recover_queue(&self) -> Result<u64, Refusal> {
        let recover = async || {
            let now_us = self.clock().unix_us();
            let recovering = self.store().write(move |tx: &mut dyn Tx| {
                if tx.dialect().is_embedded() {
                    outbound::release_all(tx, now_us)
                } else {
                    Ok(0)
                }
            });
            recovering.await.map_err(Refusal::from)
        };
        let recovered = self.inner.outgate.recovered.get_or_try_init(recover).await;
        recovered.copied()
    }

    async fn deliver_claimed(&self, claim: &LocalClaim) -> Result<(), Stay> {
        let address = EmailAddress::parse_strict(&claim.recipient)
            .map_err(|_| Stay::Failed("550 5.1.3 not an address"))?;
        let recipient = self.resolve_recipient(&address).await?;
        let raw = self.queued_source(claim.blob).await.map_err(|error| {
            tracing::error!("cannot read a queued message: {error}");
            Stay::Deferred("451 4.3.0 cannot read the message now")
        })?;
        let row = QueueRow {
            id: claim.id,
            token: claim.token,
            sent: sent(claim),
            recipient: claim.recipient.clone(),
        };
        self.receive_queued(self.inside_delivery(claim, recipient, raw), row)
            .await?;
        Ok(())
    }

    fn inside_delivery(
        &self,
        claim: &LocalClaim,
        recipient: Recipient,
        raw: Bytes,
    ) -> InboundDelivery {
        InboundDelivery {
            session_id: self.public_id(Kind::Outbound, claim.id),
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
            helo: self.config().hostname.clone(),
            transmission: Transmission::Esmtp,
            tls: None,
            envelope_from: EmailAddress::parse_strict(&claim.envelope_from).ok(),
            recipients: vec![recipient],
            raw,
        }
    }

    async fn queued_source(&self, blob: Key) -> Result<Bytes, Refusal> {
        let place = self
            .store()
            .read(move |tx: &mut dyn Tx| blobs::find(tx, blob))
            .await
            .map_err(Refusal::from)?
            .ok_or(Refusal::NotFound)?;
        Ok(blob_source(self.store().blobs(), place).await?.into())
    }

    async fn put_back(&self, claim: &LocalClaim, stay: &Stay) -> Result<(), Refusal> {
        let (outcome, reply) = match stay {
            Stay::Deferred(reply) => (
                Outcome::Deferred {
                    reply: (*reply).to_owned(),
                },
                reply,
            ),
            Stay::Failed(reply) => (
                Outcome::Failed {
                    reply: (*reply).to_owned(),
                },
                reply,
            ),
        };
        tracing::info!(queue.id = %self.public_id(Kind::Outbound, claim.id), "not delivered: {reply}");
        let row = RowOutcome {
            id: claim.id,
            token: claim.token,
            address: claim.recipient.clone(),
            attempts: claim.attempts,
            created_at: claim.created_at,
            outcome,
        };
        let (mailroom, sent, now_us) = (self.clone(), sent(claim), self.clock().unix_us());
        self.store()
            .write(move |tx: &mut dyn Tx| settle(tx, &mailroom, &sent, &[row], now_us))
            .await
            .map_err(Refusal::from)
    }
}

fn sent(claim: &LocalClaim) -> Sent {
    Sent {
        application: claim.application,
        grant: claim.grant,
        message: claim.message,
    }
}
