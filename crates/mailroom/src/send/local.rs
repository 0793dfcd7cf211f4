//! Mailboxes of this server get theirs from the queue, on the way that all mail arrives by.
//!
//! A row is claimed, and leaves the queue in the transaction that stores the recipient's copy: whatever happens in
//! between, the copy is there once. Senders take turns, so that the many letters of one do not hold up another's; what
//! one sends to one mailbox is delivered in its order.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::Ordering;

use bytes::Bytes;
use futures::stream::{self, StreamExt};
use posthouse_store::Tx;
use posthouse_store::tables::blobs::{self, BlobPlace};
use posthouse_store::tables::outbound::{self, LocalClaim};
use posthouse_types::address::EmailAddress;
use posthouse_types::ids::{Key, Kind};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::limits::{
    LOCAL_CLAIM_US, LOCAL_LARGE_AT_ONCE_MAX, LOCAL_ROWS_AT_ONCE_MAX, LOCAL_ROWS_PER_STEP_MAX,
};
use crate::outbound::{Outcome, RowOutcome, Sent, settle};
use crate::read::blob_source;
use crate::receive::{
    InboundDelivery, QueueRow, ReceiveRefusal, Recipient, RecipientRefusal, Role, Transmission,
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
            RecipientRefusal::Blocked => Self::Failed("550 5.7.1 refused by a rule"),
            RecipientRefusal::Deferred => Self::Deferred("451 4.2.1 mailbox is suspended for now"),
            RecipientRefusal::OverDailyLimit => {
                Self::Deferred("452 4.2.1 mailbox receives no more today")
            }
            RecipientRefusal::MailboxFull => Self::Deferred("452 4.2.2 mailbox is full"),
            RecipientRefusal::TooLarge => {
                Self::Failed("552 5.3.4 message is larger than the mailbox accepts")
            }
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
            ReceiveRefusal::Blocked => Self::Failed("550 5.7.1 refused by a rule"),
            ReceiveRefusal::Infected => Self::Failed("554 5.7.1 the message holds malware"),
            ReceiveRefusal::DmarcRejected => Self::Failed("550 5.7.26 not authenticated"),
            ReceiveRefusal::TooLarge => Self::Failed("552 5.3.4 message is too large"),
            ReceiveRefusal::OverDailyLimit => {
                Self::Deferred("452 4.2.1 mailbox receives no more today")
            }
            ReceiveRefusal::MailboxFull => Self::Deferred("452 4.2.2 mailbox is full"),
            ReceiveRefusal::TooLargeForAccount => {
                Self::Failed("552 5.3.4 message is larger than the mailbox accepts")
            }
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
        let behind = Key(self.inner.last_sender.load(Ordering::Relaxed));
        let claims = self
            .store()
            .write(move |tx| {
                outbound::claim_local(tx, behind, now_us, until_us, LOCAL_ROWS_PER_STEP_MAX)
            })
            .await
            .map_err(Refusal::from)?;
        let last = claims.behind.0;
        self.inner.last_sender.store(last, Ordering::Relaxed);
        let large = Semaphore::new(LOCAL_LARGE_AT_ONCE_MAX);
        let outcomes: Vec<Result<(), Refusal>> = stream::iter(in_turns(claims.rows))
            .map(|lane| self.deliver_lane(lane, &large))
            .buffer_unordered(LOCAL_ROWS_AT_ONCE_MAX)
            .collect()
            .await;
        outcomes.into_iter().collect::<Result<(), Refusal>>()?;
        Ok(claims.more)
    }

    /// Delivers what has an order, one after the other.
    async fn deliver_lane(&self, lane: Vec<LocalClaim>, large: &Semaphore) -> Result<(), Refusal> {
        for claim in lane {
            if let Err(stay) = self.deliver_claimed(&claim, large).await {
                self.put_back(&claim, &stay).await?;
            }
        }
        Ok(())
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

    async fn deliver_claimed(&self, claim: &LocalClaim, large: &Semaphore) -> Result<(), Stay> {
        let address = EmailAddress::parse_strict(&claim.recipient)
            .map_err(|_| Stay::Failed("550 5.1.3 not an address"))?;
        let recipient = self.resolve_recipient(&address).await?;
        if !recipient.has_mailbox() && recipient.role != Role::Operator {
            // What programs read comes from other servers.
            return Err(Stay::Failed("550 5.1.1 no such mailbox"));
        }
        let source = self.queued_source(claim.blob, large).await;
        let (raw, _permit) = source.map_err(|error| {
            tracing::error!("cannot read a queued message: {error}");
            Stay::Deferred("451 4.3.0 cannot read the message now")
        })?;
        let row = QueueRow {
            id: claim.id,
            token: claim.token,
            sent: sent(claim),
            recipient: claim.recipient.clone(),
        };
        let is_for_operator = recipient.role == Role::Operator;
        let delivery = self.inside_delivery(claim, recipient, raw);
        if is_for_operator {
            self.pass_on_queued(&delivery, row).await?;
        } else {
            self.receive_queued(delivery, row).await?;
        }
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

    /// Reads a message, when its turn has come if it is large; it holds its place among the large ones with the permit.
    async fn queued_source<'a>(
        &self,
        blob: Key,
        large: &'a Semaphore,
    ) -> Result<(Bytes, Option<SemaphorePermit<'a>>), Refusal> {
        let place = self
            .store()
            .read(move |tx: &mut dyn Tx| blobs::find(tx, blob))
            .await
            .map_err(Refusal::from)?
            .ok_or(Refusal::NotFound)?;
        let permit = match &place {
            BlobPlace::Inline(_) => None,
            BlobPlace::External { .. } => large.acquire().await.ok(),
        };
        let raw = blob_source(self.store().blobs(), place).await?;
        Ok((raw.into(), permit))
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
            tried_from: claim.tried_from,
            is_uncertain: false,
            outcome,
        };
        let (mailroom, sent, now_us) = (self.clone(), sent(claim), self.clock().unix_us());
        self.store()
            .write(move |tx: &mut dyn Tx| settle(tx, &mailroom, &sent, &[row], now_us))
            .await
            .map_err(Refusal::from)
    }
}

/// Puts claims into lanes, one for each sender and recipient, in their order; each sender's first lanes come first.
fn in_turns(claims: Vec<LocalClaim>) -> Vec<Vec<LocalClaim>> {
    let mut lanes: Vec<(usize, Vec<LocalClaim>)> = Vec::new();
    let mut places: HashMap<(Option<Key>, String), usize> = HashMap::new();
    let mut lanes_of: HashMap<Option<Key>, usize> = HashMap::new();
    for claim in claims {
        let pair = (claim.grant, claim.recipient.to_lowercase());
        let place = *places.entry(pair).or_insert_with(|| {
            let turn = lanes_of.entry(claim.grant).or_default();
            lanes.push((*turn, Vec::new()));
            *turn += 1;
            lanes.len() - 1
        });
        lanes[place].1.push(claim);
    }
    lanes.sort_by_key(|(turn, _)| *turn);
    lanes.into_iter().map(|(_, lane)| lane).collect()
}

fn sent(claim: &LocalClaim) -> Sent {
    Sent {
        application: claim.application,
        grant: claim.grant,
        message: claim.message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn senders_take_turns_and_what_one_sends_another_stays_in_order() {
        let claim = |id: i64, sender: i64, recipient: &str| LocalClaim {
            id: Key(id),
            token: 1,
            blob: Key(1),
            envelope_from: String::new(),
            recipient: recipient.to_owned(),
            attempts: 0,
            application: Key(1),
            grant: Some(Key(sender)),
            message: Key(1),
            created_at: 0,
            tried_from: None,
        };
        let claims = vec![
            claim(1, 1, "a@x"),
            claim(2, 1, "b@x"),
            claim(3, 1, "A@x"),
            claim(5, 1, "c@x"),
            claim(4, 2, "a@x"),
            claim(6, 2, "d@x"),
        ];
        let ids = |lane: Vec<LocalClaim>| lane.into_iter().map(|claim| claim.id.0).collect();
        let lanes: Vec<Vec<i64>> = in_turns(claims).into_iter().map(ids).collect();
        assert_eq!(lanes, [vec![1, 3], vec![4], vec![2], vec![6], vec![5]]);
    }
}
