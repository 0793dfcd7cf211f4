//! The end of the data: a message is read, made ready and stored for its recipients, and only then accepted.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use posthouse_mime::ParsedMessage;
use posthouse_store::StoreError;
use posthouse_store::blobs::PreparedBlob;
use posthouse_types::address::EmailAddress;
use posthouse_types::ids::{Key, Kind};

use super::authenticate::Judged;
use super::deliver::{self, Delivery, Prepared};
use super::{Receipt, Recipient, Transmission};
use crate::Mailroom;
use crate::govern::attachments;
use crate::govern::inbound::Governed;
use crate::govern::quota::{Shortage, Unpaid};
use crate::spam::Evidence;

/// `Received` fields after which a message is taken to go in circles.
pub const RECEIVED_HOPS_MAX: usize = 100;
/// Octets of a message's header section at most.
pub const HEADER_BYTES_MAX: usize = 1024 * 1024;
/// Messages that are larger, times their recipients, are parsed, compressed and rendered away from the async threads.
const INLINE_WORK_BYTES_MAX: usize = 64 * 1024;

/// A message as the door took it in.
#[derive(Debug, Clone)]
pub struct InboundDelivery {
    /// Names the session and transaction in trace lines and logs.
    pub session_id: String,
    /// The peer's address.
    pub peer: IpAddr,
    /// What the peer called itself.
    pub helo: String,
    /// How the message came.
    pub transmission: Transmission,
    /// TLS version and cipher, if there was TLS.
    pub tls: Option<String>,
    /// The envelope sender; `None` for the null sender.
    pub envelope_from: Option<EmailAddress>,
    /// Who it is for, each mailbox once; not empty.
    pub recipients: Vec<Recipient>,
    /// The message, byte for byte, with CRLF line ends and without dot-stuffing.
    pub raw: Bytes,
}

/// What became of an accepted message.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// Public id of the first stored message; an id for the peer, the log and the API.
    pub id: String,
    /// Public ids of all stored messages, in the order of the recipients.
    pub message_ids: Vec<String>,
    /// To be confirmed when the peer shows that it has read the acceptance.
    pub receipt: Receipt,
}

/// Why a message was not taken. Nothing of it was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReceiveRefusal {
    /// It has come through too many servers, or through this mailbox before: a loop.
    #[error("too many hops")]
    TooManyHops,
    /// Its header section is larger than [`HEADER_BYTES_MAX`] or has too many fields.
    #[error("header section too large")]
    HeaderTooLarge,
    /// So many copies of a message that shows so much never fit into one transaction; each by itself does.
    #[error("too many copies of a message of this size")]
    TooLarge,
    /// It fails DMARC, the author's domain wants such mail refused, and the operator agrees.
    #[error("the author's domain does not stand behind it")]
    DmarcRejected,
    /// It holds malware.
    #[error("the message holds malware")]
    Infected,
    /// A rule of every recipient refuses it.
    #[error("a rule refuses the message")]
    Blocked,
    /// An account has received what it may today. RCPT tells which one.
    #[error("the mailbox receives no more today")]
    OverDailyLimit,
    /// An account has no room for it. RCPT tells which one.
    #[error("the mailbox is full")]
    MailboxFull,
    /// It is larger than any of the accounts takes.
    #[error("message is larger than the mailbox accepts")]
    TooLargeForAccount,
    /// It cannot be stored now; trying again later may help.
    #[error("cannot store the message now")]
    Unavailable,
    /// The disk is full, or the memory for messages on their way there; trying again later may help.
    #[error("no room for the message")]
    StorageFull,
}

impl From<Unpaid> for ReceiveRefusal {
    fn from(unpaid: Unpaid) -> Self {
        match unpaid {
            Unpaid::Store(error) => error.into(),
            Unpaid::Short(shortage, _) => {
                metrics::counter!("posthouse_mailroom_quota_refusals_total").increment(1);
                match shortage {
                    Shortage::Storage { .. } => Self::MailboxFull,
                    _ => Self::OverDailyLimit,
                }
            }
        }
    }
}

impl From<StoreError> for ReceiveRefusal {
    fn from(error: StoreError) -> Self {
        match &error {
            // Two events met, such as a message and the deletion of its account: the peer tries again and finds out.
            StoreError::Conflict { constraint } => {
                tracing::info!("a message is to be sent again: {constraint}")
            }
            other => tracing::error!("cannot store a message: {other}"),
        }
        match error {
            StoreError::Full(_) => Self::StorageFull,
            _ => Self::Unavailable,
        }
    }
}

impl Mailroom {
    /// Stores a message for all its recipients in one transaction; on stable storage when this returns.
    ///
    /// A retransmission whose earlier acceptance the peer never read is accepted again without a second copy.
    ///
    /// # Errors
    /// See [`ReceiveRefusal`]; then nothing was stored for anybody.
    pub async fn receive(&self, delivery: InboundDelivery) -> Result<Accepted, ReceiveRefusal> {
        let delivery = self.take_reports(delivery).await?;
        if delivery.recipients.is_empty() {
            return Ok(self.accepted_without_copy());
        }
        // At once: nobody waits for two answers one after the other.
        let (judged, heard) = tokio::join!(self.judge(&delivery), self.hear_of(&delivery));
        if let Err(ReceiveRefusal::DmarcRejected) = &judged {
            let reason = "DMARC fails, and the author's domain wants it refused";
            self.note_rejected(&delivery, reason).await?;
        }
        let judged = Judged {
            heard: heard?,
            ..judged?
        };
        let delivery = self.without_forgeries(delivery);
        let delivery = self.pass_on(delivery, &judged.results_field).await?;
        if delivery.recipients.is_empty() {
            return Ok(self.accepted_without_copy());
        }
        let prepared = self.prepare(delivery, judged).await?;
        let prepared = self.keep_large_blobs(prepared).await?;
        let delivered = self.store_delivery(prepared).await?;
        let ids = &self.store().ids();
        let message_ids: Vec<String> = delivered
            .messages
            .iter()
            .map(|key| ids.seal(Kind::Message, *key).to_string())
            .collect();
        Ok(Accepted {
            id: message_ids.first().cloned().unwrap_or_default(),
            message_ids,
            receipt: Receipt(delivered.receipts),
        })
    }

    /// What came was for programs of this server, and they have read it.
    fn accepted_without_copy(&self) -> Accepted {
        Accepted {
            id: self.public_id(Kind::Message, self.store().new_key()),
            message_ids: Vec::new(),
            receipt: Receipt(Vec::new()),
        }
    }

    /// Notes that the peer went on after an acceptance: a later identical message is a new one.
    pub fn confirm_receipt(&self, receipt: Receipt) {
        self.inner.unconfirmed.confirm(receipt);
    }

    /// Reads a message, asks what becomes of it, and makes it ready for its transaction. Recipients that refuse it are left
    /// out.
    pub(super) async fn prepare(
        &self,
        delivery: InboundDelivery,
        judged: Judged,
    ) -> Result<Prepared, ReceiveRefusal> {
        let work_bytes = delivery.raw.len().saturating_mul(delivery.recipients.len());
        let is_small = work_bytes <= INLINE_WORK_BYTES_MAX;
        let share = match is_small {
            true => None,
            false => {
                let room = &self.inner.room;
                let share = room.take(delivery.raw.len(), delivery.recipients.len());
                Some(share.await.ok_or(ReceiveRefusal::StorageFull)?)
            }
        };
        let seed = self.features_wanted().await;
        let now_us = self.clock().unix_us();
        let known = (judged.checks, judged.heard.clone());
        let read = move || {
            let read = read_message(&delivery).map(|message| {
                let evidence = Evidence::of(&delivery, &message, known, now_us, seed);
                (message, evidence)
            });
            Ok((read, delivery))
        };
        let (read, mut delivery) = in_its_place(is_small, read).await?;
        if let Err(refusal) = &read {
            self.note_rejected(&delivery, &refusal.to_string()).await?;
        }
        let (message, evidence) = read?;
        let message = Arc::new(message);
        let mut governed = self
            .govern_inbound(&mut delivery, &message, evidence)
            .await?;
        self.leave_out_too_large(&mut delivery, &mut governed)
            .await?;
        let mailroom = self.clone();
        let render = move || mailroom.render_received(delivery, &message, &judged, governed);
        let prepared = in_its_place(is_small, render).await?;
        Ok(prepared.holding(share))
    }

    /// Takes out what policies do not let in, hashes, compresses and renders: all that needs no store.
    fn render_received(
        &self,
        delivery: InboundDelivery,
        message: &ParsedMessage,
        judged: &Judged,
        mut governed: Governed,
    ) -> Result<Prepared, ReceiveRefusal> {
        let refused = std::mem::take(&mut governed.refused);
        let mut whole: Option<Prepared> = None;
        let groups = attachments::part(delivery, message, &mut governed);
        for group in groups.ok_or(ReceiveRefusal::TooLarge)? {
            let message = group.message.as_ref().unwrap_or(message);
            let blobs = self.prepare_blobs(&group.delivery, message.body())?;
            let arrival = deliver::Arrival {
                store: self.store(),
                hostname: &self.config().hostname,
                delivery: &group.delivery,
                places: &group.places,
                message,
                now_us: self.clock().unix_us(),
            };
            let prepared = deliver::prepare(&arrival, judged.clone(), group.verdicts, blobs)?;
            whole = Some(match whole {
                None => prepared,
                Some(whole) => whole.and(prepared),
            });
        }
        let whole = whole.ok_or(ReceiveRefusal::Unavailable)?;
        Ok(whole.refusing(refused))
    }

    /// Returns one blob per application among the recipients: content is never shared across applications.
    fn prepare_blobs(
        &self,
        delivery: &InboundDelivery,
        body: &str,
    ) -> Result<Vec<PreparedBlob>, StoreError> {
        let mut applications: Vec<Key> = delivery
            .recipients
            .iter()
            .map(|recipient| recipient.application)
            .collect();
        applications.sort_unstable();
        applications.dedup();
        let Some((first, others)) = applications.split_first() else {
            return Ok(Vec::new());
        };
        let blob = PreparedBlob::with_body(self.store().new_key(), *first, &delivery.raw, body)?;
        let copies = others.iter().map(|application| PreparedBlob {
            key: self.store().new_key(),
            application: *application,
            ..blob.clone()
        });
        let mut blobs: Vec<PreparedBlob> = copies.collect();
        blobs.insert(0, blob);
        Ok(blobs)
    }

    pub(super) async fn keep_large_blobs(
        &self,
        mut prepared: Prepared,
    ) -> Result<Prepared, ReceiveRefusal> {
        let blobs: Vec<PreparedBlob> = prepared.blobs().cloned().collect();
        let mut kept: Vec<PreparedBlob> = Vec::with_capacity(blobs.len());
        for blob in blobs {
            match self.store().blobs().keep(blob).await {
                Ok(blob) => kept.push(blob),
                Err(error) => {
                    self.remove_bytes(kept.iter()).await;
                    return Err(error.into());
                }
            }
        }
        for (blob, kept) in prepared.blobs_mut().zip(kept) {
            *blob = kept;
        }
        Ok(prepared)
    }

    async fn store_delivery(&self, prepared: Prepared) -> Result<Delivery, ReceiveRefusal> {
        let prepared = Arc::new(prepared);
        let confirmed = Arc::new(self.inner.unconfirmed.take());
        let outcome = self.commit(&prepared, &confirmed).await;
        match &outcome {
            Ok(delivery) => {
                let unused = |blob: &&PreparedBlob| !delivery.blobs.contains(&blob.key);
                self.remove_bytes(prepared.blobs().filter(unused)).await;
            }
            Err(error) => {
                self.inner.unconfirmed.put_back(&confirmed);
                if error.is_final() {
                    self.remove_bytes(prepared.blobs()).await;
                }
                self.note_unpaid(&prepared, error).await?;
            }
        }
        Ok(outcome?)
    }

    /// Writes down for whom there was no room.
    pub(super) async fn note_unpaid(
        &self,
        prepared: &Prepared,
        unpaid: &Unpaid,
    ) -> Result<(), ReceiveRefusal> {
        let Unpaid::Short(shortage, Some(grant)) = unpaid else {
            return Ok(());
        };
        let Some((recipient, policy)) = prepared.recipient(*grant) else {
            return Ok(());
        };
        let refusal = (*shortage).into();
        let noted = self.note_no_room(recipient, policy, &refusal).await;
        noted.map_err(|_| ReceiveRefusal::Unavailable)
    }

    async fn commit(
        &self,
        prepared: &Arc<Prepared>,
        confirmed: &Arc<Vec<Key>>,
    ) -> Result<Delivery, Unpaid> {
        let mut outcome = self.try_commit(prepared, confirmed).await;
        if let Some(constraint) = outcome.as_ref().err().and_then(Unpaid::met) {
            // Two transactions that meet: one is refused and finds what the other did at the second try.
            tracing::debug!("a delivery met another transaction, trying again: {constraint}");
            outcome = self.try_commit(prepared, confirmed).await;
        }
        outcome
    }

    async fn try_commit(
        &self,
        prepared: &Arc<Prepared>,
        confirmed: &Arc<Vec<Key>>,
    ) -> Result<Delivery, Unpaid> {
        let (prepared, confirmed) = (Arc::clone(prepared), Arc::clone(confirmed));
        let mailroom = self.clone();
        self.store()
            .write(move |tx| deliver::deliver(tx, &mailroom, &prepared, &confirmed))
            .await
    }

    /// Removes bytes that were put into the blob store and that no row names.
    pub(crate) async fn remove_bytes(&self, blobs: impl Iterator<Item = &PreparedBlob> + Send) {
        for blob in blobs.filter(|blob| blob.inline.is_none()) {
            let removed = self.store().blobs().remove(blob.application, blob.key);
            if let Err(error) = removed.await {
                tracing::warn!("cannot remove the bytes of a message that was not stored: {error}");
            }
        }
    }
}

/// Does work where it belongs: what is small is done at once, what is not is done away from the async threads.
async fn in_its_place<T: Send + 'static>(
    is_small: bool,
    work: impl FnOnce() -> Result<T, ReceiveRefusal> + Send + 'static,
) -> Result<T, ReceiveRefusal> {
    if is_small {
        return work();
    }
    let work = tokio::task::spawn_blocking(work);
    work.await.unwrap_or_else(|panic| {
        tracing::error!("reading a message panicked: {panic}");
        Err(ReceiveRefusal::Unavailable)
    })
}

/// Parses a message, once.
fn read_message(delivery: &InboundDelivery) -> Result<ParsedMessage, ReceiveRefusal> {
    if posthouse_mime::header_section(&delivery.raw).len() > HEADER_BYTES_MAX {
        return Err(ReceiveRefusal::HeaderTooLarge);
    }
    let message = posthouse_mime::parse(&delivery.raw);
    check_hops(&message, delivery)?;
    Ok(message)
}

/// Refuses a message that goes in circles, or has a header larger than any.
pub(crate) fn check_hops(
    header: &ParsedMessage,
    delivery: &InboundDelivery,
) -> Result<(), ReceiveRefusal> {
    if posthouse_mime::header_section(&delivery.raw).len() > HEADER_BYTES_MAX {
        return Err(ReceiveRefusal::HeaderTooLarge);
    }
    if is_loop(header, &delivery.recipients) {
        return Err(ReceiveRefusal::TooManyHops);
    }
    Ok(())
}

/// RFC 5321 6.3: too many Received fields, or a Delivered-To that names a recipient, mean the message goes in circles.
fn is_loop(message: &ParsedMessage, recipients: &[Recipient]) -> bool {
    message.received_hops > RECEIVED_HOPS_MAX
        || recipients.iter().any(|recipient| {
            let address = recipient.delivered_to.folded();
            message
                .delivered_to
                .iter()
                .any(|seen| seen.to_lowercase() == address)
        })
}
