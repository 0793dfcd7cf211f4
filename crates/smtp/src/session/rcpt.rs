//! RCPT: adds a recipient that the mailroom knows.

use posthouse_types::address::EmailAddress;
use tokio::io::{AsyncRead, AsyncWrite};
use tracing::info;

use super::wire::Lost;
use super::{Next, Session};
use crate::intake::{Caller, Intake, RecipientRefusal};
use crate::limits::UNKNOWN_RECIPIENTS_PER_SESSION_MAX;
use crate::proto::command::{ForwardPath, RcptTo};
use crate::proto::reply::{self, Reply};
use crate::telemetry::{self, Limit, Reason};

impl<S: AsyncRead + AsyncWrite + Unpin + Send, I: Intake> Session<'_, S, I> {
    pub(super) async fn rcpt(&mut self, rcpt: RcptTo) -> Result<Next, Lost> {
        let envelope = match self.transaction.addressing() {
            Ok(envelope) => envelope,
            Err(reason) => return Ok(self.out_of_order(reason)),
        };
        // RFC 5321 4.5.3.1.10: 452 tells the client to send the rest in another transaction.
        let refusal = if envelope.accepted >= self.door.config.rcpt_max {
            telemetry::limit_hit(Limit::Recipients);
            reply::TOO_MANY_RECIPIENTS
        } else if rcpt.needs_smtputf8 && !envelope.smtputf8 {
            reply::NEEDS_SMTPUTF8
        } else if self.tally.unknown_recipients >= UNKNOWN_RECIPIENTS_PER_SESSION_MAX {
            // Not looked up, so that known and unknown recipients cost the same time and get the same answer.
            telemetry::limit_hit(Limit::UnknownRecipients);
            reply::TOO_MANY_UNKNOWN
        } else {
            let (sender, announced) = (envelope.sender.clone(), envelope.announced_bytes);
            let admitted = self.admitted(rcpt.recipient, sender.as_ref(), announced);
            match admitted.await {
                Ok(recipient) => {
                    self.transaction
                        .addressing()
                        .expect("nothing but RCPT ran since it was checked")
                        .add(recipient, I::is_same_mailbox, I::join);
                    return Ok(self.say(&reply::RECIPIENT_OK));
                }
                Err(refusal) => self.refuse(refusal).await?,
            }
        };
        if let Ok(envelope) = self.transaction.addressing() {
            envelope.refused += 1;
        }
        Ok(self.say(&refusal))
    }

    /// Finds a recipient that takes mail from the sender.
    async fn admitted(
        &mut self,
        path: ForwardPath,
        sender: Option<&EmailAddress>,
        announced: Option<u64>,
    ) -> Result<I::Recipient, RecipientRefusal> {
        let recipient = self.resolve(path).await?;
        let caller = Caller {
            peer: self.peer,
            session_id: &self.id,
        };
        let intake = &self.door.intake;
        let admitted = intake.admit(caller, sender, announced, &recipient);
        admitted.await?;
        Ok(recipient)
    }

    async fn resolve(&mut self, path: ForwardPath) -> Result<I::Recipient, RecipientRefusal> {
        let address: EmailAddress = match path {
            ForwardPath::Mailbox(address) => address,
            ForwardPath::Postmaster => self
                .door
                .postmaster
                .clone()
                .ok_or(RecipientRefusal::Unknown)?,
        };
        self.door.intake.resolve(&address).await
    }

    async fn refuse(&mut self, refusal: RecipientRefusal) -> Result<Reply, Lost> {
        let (reason, reply) = match refusal {
            RecipientRefusal::Unknown => {
                self.delay_guessing().await?;
                (Reason::UnknownRecipient, reply::UNKNOWN_RECIPIENT)
            }
            RecipientRefusal::Relay => (Reason::Relay, reply::RELAY_DENIED),
            RecipientRefusal::Disabled => (Reason::DisabledRecipient, reply::RECIPIENT_DISABLED),
            RecipientRefusal::Deferred => (Reason::DeferredRecipient, reply::RECIPIENT_DEFERRED),
            RecipientRefusal::OverDailyLimit => (Reason::OverQuota, reply::RECIPIENT_OVER_DAY),
            RecipientRefusal::MailboxFull => (Reason::OverQuota, reply::RECIPIENT_FULL),
            RecipientRefusal::TooLarge => (Reason::TooLarge, reply::TOO_LARGE_FOR_RECIPIENT),
            RecipientRefusal::Blocked => (Reason::BlockedByRule, reply::BLOCKED_BY_RULE),
            RecipientRefusal::Unavailable => (Reason::Unavailable, reply::UNAVAILABLE),
        };
        telemetry::refused(reason);
        info!(
            reason = reason.name(),
            smtp.code = reply.code(),
            "recipient refused"
        );
        Ok(reply)
    }

    /// Makes every wrong guess cost time; a stopping server does not wait.
    async fn delay_guessing(&mut self) -> Result<(), Lost> {
        self.tally.unknown_recipients += 1;
        let delay = self.door.config.unknown_recipient_delay;
        if delay.is_zero() {
            return Ok(());
        }
        self.wire.flush().await?;
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            () = self.door.stop.cancelled() => {}
        }
        Ok(())
    }
}
