//! Mail to `postmaster@` and `abuse@` goes on to the operator, who reads it elsewhere.
//!
//! It leaves with the null sender, so that nothing comes back to anybody who did not write it; with a `Delivered-To` by
//! which it is known when it comes again; and unsigned, because its words are not this server's.

use std::sync::Arc;

use posthouse_mime::ParsedMessage;
use posthouse_store::blobs::PreparedBlob;
use posthouse_store::tables::outbound;
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::Key;

use super::limits::INLINE_WORK_BYTES_MAX;
use super::{OwnMail, letter};
use crate::Mailroom;
use crate::outbound::event::{self, Delivered};
use crate::outbound::sending::OwnMailKind;
use crate::read::away_from_async_threads;
use crate::receive::{InboundDelivery, QueueRow, ReceiveRefusal, Role, check_hops, trace_lines};

impl Mailroom {
    /// Passes a message on to the operator if it is for them, and returns it with the recipients that are accounts.
    /// `results_field` is whole or empty.
    pub(crate) async fn pass_on(
        &self,
        mut delivery: InboundDelivery,
        results_field: &str,
    ) -> Result<InboundDelivery, ReceiveRefusal> {
        if is_for_operator(&delivery) {
            self.forward(&delivery, results_field, None).await?;
            delivery.recipients.retain(|one| one.role != Role::Operator);
        }
        Ok(delivery)
    }

    /// The same for mail from this server's own queue; its row leaves in the same transaction.
    pub(crate) async fn pass_on_queued(
        &self,
        delivery: &InboundDelivery,
        row: QueueRow,
    ) -> Result<(), ReceiveRefusal> {
        self.forward(delivery, "", Some(row)).await
    }

    async fn forward(
        &self,
        delivery: &InboundDelivery,
        results_field: &str,
        row: Option<QueueRow>,
    ) -> Result<(), ReceiveRefusal> {
        let header = posthouse_mime::parse(posthouse_mime::header_section(&delivery.raw));
        check_hops(&header, delivery)?;
        let application = self.own_application().await?;
        let is_own = self.is_own_letter(&header);
        if is_own {
            tracing::warn!(
                "a letter to the operator came back here and ends here: --operator-email leads to this server"
            );
        }
        let copy = match application.filter(|_| !is_own) {
            Some(application) => Some(self.copy(delivery, results_field, application).await?),
            None => None,
        };
        let (mailroom, now_us) = (self.clone(), self.clock().unix_us());
        let blob = copy.clone();
        let queued = self.store().write(move |tx: &mut dyn Tx| {
            if let Some(row) = &row {
                if !outbound::finish(tx, row.id, row.token)? {
                    return Ok(None);
                }
                let recipients = &[Delivered::once(&row.recipient)];
                event::delivered(tx, mailroom.store().ids(), &row.sent, recipients, now_us)?;
            }
            let (Some(blob), Some(operator)) = (&blob, mailroom.operator()) else {
                return Ok(None);
            };
            let mail = OwnMail {
                blob,
                kind: OwnMailKind::Forward,
                recipients: std::slice::from_ref(operator),
                now_us,
            };
            mail.queue(tx, &mailroom).map(Some)
        });
        self.settle_copy(copy.as_deref(), queued.await).await?;
        metrics::counter!("posthouse_operator_forwards_total").increment(1);
        self.has_queued();
        Ok(())
    }

    /// Returns the message as it goes on, its bytes where they are to stay.
    async fn copy(
        &self,
        delivery: &InboundDelivery,
        results_field: &str,
        application: Key,
    ) -> Result<Arc<PreparedBlob>, ReceiveRefusal> {
        if !self
            .inner
            .operator
            .pace
            .takes(delivery.raw.len(), self.clock().unix_us())
        {
            tracing::warn!("so much came for the operator that some of it has to wait");
            return Err(ReceiveRefusal::Unavailable);
        }
        let trace = self.trace(delivery, results_field);
        let (raw, key) = (delivery.raw.clone(), self.store().new_key());
        let make = move || PreparedBlob::new(key, application, &[trace.as_bytes(), &raw].concat());
        let blob = if delivery.raw.len() <= INLINE_WORK_BYTES_MAX {
            make()?
        } else {
            let made = away_from_async_threads(make).await;
            made.map_err(|_| ReceiveRefusal::Unavailable)??
        };
        Ok(Arc::new(self.store().blobs().keep(blob).await?))
    }

    /// RFC 5321 4.4: every server adds who it took the message from; Return-Path is for the last one.
    fn trace(&self, delivery: &InboundDelivery, results_field: &str) -> String {
        let recipient = delivery
            .recipients
            .iter()
            .find(|one| one.role == Role::Operator);
        let Some(recipient) = recipient else {
            return String::new();
        };
        let lines = trace_lines(
            delivery,
            &self.config().hostname,
            results_field,
            &recipient.delivered_to,
            self.now_seconds(),
        );
        lines
            .split_once("\r\n")
            .map_or(String::new(), |(_, rest)| rest.to_owned())
    }

    async fn settle_copy(
        &self,
        copy: Option<&PreparedBlob>,
        queued: Result<Option<Key>, StoreError>,
    ) -> Result<(), ReceiveRefusal> {
        let used = queued.as_ref().ok().copied().flatten();
        let is_final = queued.as_ref().err().is_none_or(StoreError::is_final);
        let unused = copy.filter(|blob| is_final && used != Some(blob.key));
        self.remove_bytes(unused.into_iter()).await;
        queued?;
        Ok(())
    }

    fn is_own_letter(&self, header: &ParsedMessage) -> bool {
        let id = header.message_id.as_deref();
        id.is_some_and(|id| letter::is_own(self.store().ids(), id))
    }
}

fn is_for_operator(delivery: &InboundDelivery) -> bool {
    delivery
        .recipients
        .iter()
        .any(|one| one.role == Role::Operator)
}
