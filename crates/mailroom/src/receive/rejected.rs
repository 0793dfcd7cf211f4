//! A message that is refused after its data leaves an entry in the audit log for each recipient: nothing vanishes unseen.

use super::accept::{InboundDelivery, ReceiveRefusal};
use crate::Mailroom;
use crate::audit::{AuditEntry, Object, Outcome};

impl Mailroom {
    /// Writes down that a message was refused, and why.
    ///
    /// # Errors
    /// [`ReceiveRefusal::Unavailable`] when that cannot be written: the peer is to try again then.
    pub(crate) async fn note_rejected(
        &self,
        delivery: &InboundDelivery,
        reason: &str,
    ) -> Result<(), ReceiveRefusal> {
        for recipient in delivery.recipients.iter().filter(|one| one.has_mailbox()) {
            let entry = AuditEntry {
                grant: Some(recipient.grant),
                recipients: &[recipient.delivered_to.as_str()],
                outcome: Outcome::Rejected,
                reason,
                ..AuditEntry::done(recipient.application, "message.receive", Object::None)
            };
            self.audit_alone(&entry).await.map_err(|error| {
                tracing::error!("cannot write down that a message was refused: {error}");
                ReceiveRefusal::Unavailable
            })?;
        }
        Ok(())
    }
}
