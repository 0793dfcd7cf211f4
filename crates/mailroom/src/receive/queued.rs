//! A message arrives from this server's own queue: stored as any other, and gone from the queue in the same transaction.

use std::sync::Arc;

use posthouse_types::ids::Key;

use super::authenticate::Judged;
use super::deliver;
use super::{InboundDelivery, ReceiveRefusal};
use crate::Mailroom;
use crate::govern::quota::Unpaid;
use crate::outbound::Sent;

/// A claimed row of the queue.
#[derive(Debug, Clone)]
pub(crate) struct QueueRow {
    pub(crate) id: Key,
    /// Proves that the claim is the newest.
    pub(crate) token: i64,
    /// Whose message it is.
    pub(crate) sent: Sent,
    /// Who is to get it.
    pub(crate) recipient: String,
}

impl Mailroom {
    /// Stores a message for its recipients and removes its row from the queue, both or neither. Does nothing when
    /// somebody else has claimed the row meanwhile.
    ///
    /// There is no peer that could have missed an acceptance, so no receipt is left: the same bytes sent twice are two
    /// messages.
    pub(crate) async fn receive_queued(
        &self,
        delivery: InboundDelivery,
        row: QueueRow,
    ) -> Result<(), ReceiveRefusal> {
        let delivery = self.without_forgeries(delivery);
        let prepared = self.prepare(delivery, Judged::default()).await?;
        let prepared = Arc::new(self.keep_large_blobs(prepared).await?);
        let mut outcome = self.try_commit_queued(&prepared, &row).await;
        if let Some(constraint) = outcome.as_ref().err().and_then(Unpaid::met) {
            tracing::debug!("a queued message met another transaction, trying again: {constraint}");
            outcome = self.try_commit_queued(&prepared, &row).await;
        }
        let used = outcome.as_deref().unwrap_or_default();
        if outcome.as_ref().err().is_none_or(Unpaid::is_final) {
            let unused = prepared.blobs().filter(|blob| !used.contains(&blob.key));
            self.remove_bytes(unused).await;
        }
        if let Err(error) = &outcome {
            self.note_unpaid(&prepared, error).await?;
        }
        outcome?;
        Ok(())
    }

    async fn try_commit_queued(
        &self,
        prepared: &Arc<deliver::Prepared>,
        row: &QueueRow,
    ) -> Result<Vec<Key>, Unpaid> {
        let (prepared, mailroom) = (Arc::clone(prepared), self.clone());
        let row = row.clone();
        self.store()
            .write(move |tx| deliver::deliver_queued(tx, &mailroom, &prepared, &row))
            .await
    }
}
