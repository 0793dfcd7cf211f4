//! Messages that are larger than an account takes: refused at RCPT where the size is announced, and here where it is not.

use posthouse_rules::policy::Limit;

use super::inbound::{Governed, InboundVerdict};
use crate::Mailroom;
use crate::audit::{AuditEntry, Object, Outcome};
use crate::receive::{InboundDelivery, ReceiveRefusal, Recipient};

impl Mailroom {
    /// Takes recipients out of a delivery who take nothing so large. The others get it, since one answer is for all; that
    /// these did not is in the audit log.
    ///
    /// # Errors
    /// [`ReceiveRefusal::TooLargeForAccount`] when nobody is left; [`ReceiveRefusal::Unavailable`].
    pub(crate) async fn leave_out_too_large(
        &self,
        delivery: &mut InboundDelivery,
        governed: &mut Governed,
    ) -> Result<(), ReceiveRefusal> {
        let bytes = delivery.raw.len() as u64;
        if governed
            .verdicts
            .iter()
            .all(|verdict| takes(verdict, bytes))
        {
            return Ok(());
        }
        let recipients = std::mem::take(&mut delivery.recipients);
        let verdicts = std::mem::take(&mut governed.verdicts);
        for (recipient, verdict) in recipients.into_iter().zip(verdicts) {
            if takes(&verdict, bytes) {
                delivery.recipients.push(recipient);
                governed.verdicts.push(verdict);
            } else {
                self.note_too_large(&recipient, &verdict).await?;
            }
        }
        if delivery.recipients.is_empty() {
            self.note_refused(std::mem::take(&mut governed.refused))
                .await;
            return Err(ReceiveRefusal::TooLargeForAccount);
        }
        Ok(())
    }

    async fn note_too_large(
        &self,
        recipient: &Recipient,
        verdict: &InboundVerdict,
    ) -> Result<(), ReceiveRefusal> {
        let address = recipient.delivered_to.folded();
        let entry = AuditEntry {
            grant: Some(recipient.grant),
            recipients: &[address.as_str()],
            policy: verdict
                .standing
                .as_ref()
                .and_then(|standing| standing.policy_id),
            outcome: Outcome::Rejected,
            reason: "larger than its policy allows",
            ..AuditEntry::done(recipient.application, "message.receive", Object::None)
        };
        let noted = self.audit_alone(&entry).await;
        noted.map_err(|_| ReceiveRefusal::Unavailable)
    }
}

fn takes(verdict: &InboundVerdict, bytes: u64) -> bool {
    let standing = verdict.standing.as_ref();
    let limit = standing.and_then(|standing| standing.policy.limit(Limit::MessageBytes));
    limit.is_none_or(|limit| bytes <= limit)
}
