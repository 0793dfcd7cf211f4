//! Who is refused for a quota, a size or a rate finds that in the audit log: "why did my mail vanish" is one question.

use posthouse_types::ids::Key;

use crate::audit::{AuditEntry, Object, Outcome};
use crate::receive::{Recipient, RecipientRefusal};
use crate::{Mailroom, Refusal};

/// Mail that an account, or a domain, may not send now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NotSent<'a> {
    /// Whose it is.
    pub(crate) application: Key,
    /// The account; `None` for mail of a domain.
    pub(crate) grant: Option<Key>,
    /// Of the account's workspace.
    pub(crate) policy: Option<Key>,
    /// Everybody it was for, as far as that is known.
    pub(crate) recipients: &'a [&'a str],
}

impl Mailroom {
    /// Writes down that mail was not sent because a quota or a rate is used up; other refusals have their own entries.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`].
    pub(crate) async fn note_not_sent(
        &self,
        mail: &NotSent<'_>,
        refusal: &Refusal,
    ) -> Result<(), Refusal> {
        let (Refusal::RateLimited { message, .. } | Refusal::PlanCap { message }) = refusal else {
            return Ok(());
        };
        let entry = AuditEntry {
            grant: mail.grant,
            recipients: mail.recipients,
            policy: mail.policy,
            outcome: Outcome::Rejected,
            reason: message,
            ..AuditEntry::done(mail.application, "message.send", Object::None)
        };
        self.audit_often(&entry).await
    }

    /// Writes down that mail was not sent because the application's rate is used up.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`].
    pub(crate) async fn note_no_slot(
        &self,
        grant: Option<Key>,
        application: Key,
        refusal: &Refusal,
    ) -> Result<(), Refusal> {
        let mail = NotSent {
            application,
            grant,
            policy: None,
            recipients: &[],
        };
        self.note_not_sent(&mail, refusal).await
    }

    /// Writes down that an account has no room for mail that arrives.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`].
    pub(crate) async fn note_no_room(
        &self,
        recipient: &Recipient,
        policy: Option<Key>,
        refusal: &RecipientRefusal,
    ) -> Result<(), Refusal> {
        let reason = match refusal {
            RecipientRefusal::OverDailyLimit => "the mailbox receives no more for now",
            RecipientRefusal::MailboxFull => "the mailbox is full",
            RecipientRefusal::TooLarge => "larger than its policy allows",
            _ => return Ok(()),
        };
        let entry = AuditEntry {
            grant: Some(recipient.grant),
            recipients: &[recipient.delivered_to.as_str()],
            policy,
            outcome: Outcome::Rejected,
            reason,
            ..AuditEntry::done(recipient.application, "message.receive", Object::None)
        };
        self.audit_often(&entry).await
    }
}
