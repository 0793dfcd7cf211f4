//! The end of a message, from DATA or BDAT: hand it over, then answer.

use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite};
use tracing::info;

use super::buffer::FinishedMessage;
use super::{Next, Session};
use crate::intake::{Delivery, Intake, ReceiveRefusal, Transmission};
use crate::proto::content::Defect;
use crate::proto::reply::{self, Reply};
use crate::proto::transaction::Envelope;
use crate::telemetry::{self, Limit, Outcome, Reason};

impl<S: AsyncRead + AsyncWrite + Unpin + Send, I: Intake> Session<'_, S, I> {
    /// Hands a complete message over and collects the answer. The `250` exists only behind a successful [`Intake::receive`].
    pub(super) async fn deliver(
        &mut self,
        envelope: Envelope<I::Recipient>,
        message: FinishedMessage,
    ) -> Next {
        let started = Instant::now();
        let size_bytes = message.raw.len();
        let recipients = envelope.recipients.len();
        let delivery = Delivery {
            session_id: self.id.clone(),
            peer: self.peer,
            helo: self
                .hello
                .as_ref()
                .map(|hello| hello.name.clone())
                .unwrap_or_default(),
            transmission: self.transmission(envelope.smtputf8),
            tls: self.tls.clone(),
            envelope_from: envelope.sender,
            recipients: envelope.recipients,
            raw: message.raw.clone(),
        };
        match self.door.intake.receive(delivery).await {
            Ok(accepted) => {
                telemetry::message_ended(Outcome::Accepted);
                telemetry::message_size(size_bytes);
                let duration_ms = started.elapsed().as_millis();
                info!(message.id = %accepted.message_ids.join(" "), size_bytes, recipients, duration_ms, "message accepted");
                self.unread_acceptances.push(accepted.receipt);
                self.say(&reply::ACCEPTED.with_text(format!("{} accepted", accepted.id)))
            }
            Err(refusal) => {
                let (reason, reply) = to_refusal(&refusal);
                self.refuse_message(reason, &reply)
            }
        }
    }

    /// Refuses a message for its content, at its end.
    pub(super) fn refuse_content(&mut self, defect: Defect) -> Next {
        let (reason, limit) = match defect {
            Defect::BareCr | Defect::BareLf | Defect::Nul => (Reason::Content, None),
            Defect::HeaderTooLarge => (Reason::HeaderTooLarge, Some(Limit::HeaderSection)),
            Defect::MessageTooLarge => (Reason::TooLarge, Some(Limit::MessageSize)),
            Defect::NoMemory => (Reason::StorageFull, Some(Limit::BufferMemory)),
        };
        if let Some(limit) = limit {
            telemetry::limit_hit(limit);
        }
        self.refuse_message(reason, &reply::to_defect(defect))
    }

    fn refuse_message(&mut self, reason: Reason, reply: &Reply) -> Next {
        telemetry::refused(reason);
        telemetry::message_ended(if reply.is_temporary() {
            Outcome::Deferred
        } else {
            Outcome::Refused
        });
        info!(
            reason = reason.name(),
            smtp.code = reply.code(),
            smtp.status = reply.status(),
            "message refused"
        );
        self.say(reply)
    }

    // RFC 3848, RFC 6531 4.3: the names of the protocols in trace lines.
    fn transmission(&self, smtputf8: bool) -> Transmission {
        let extended = self.hello.as_ref().is_some_and(|hello| hello.extended);
        match (smtputf8, self.tls.is_some()) {
            (true, true) => Transmission::Utf8Smtps,
            (true, false) => Transmission::Utf8Smtp,
            (false, true) => Transmission::Esmtps,
            (false, false) if extended => Transmission::Esmtp,
            (false, false) => Transmission::Smtp,
        }
    }
}

/// The one place where a refusal of the mailroom becomes a reply.
fn to_refusal(refusal: &ReceiveRefusal) -> (Reason, Reply) {
    match refusal {
        ReceiveRefusal::TooManyHops => (Reason::TooManyHops, reply::TOO_MANY_HOPS),
        ReceiveRefusal::HeaderTooLarge => (
            Reason::HeaderTooLarge,
            reply::to_defect(Defect::HeaderTooLarge),
        ),
        ReceiveRefusal::OverDailyLimit => (Reason::OverQuota, reply::RECIPIENT_OVER_DAY),
        ReceiveRefusal::MailboxFull => (Reason::OverQuota, reply::RECIPIENT_FULL),
        ReceiveRefusal::TooLargeForAccount => (Reason::TooLarge, reply::TOO_LARGE_FOR_RECIPIENT),
        ReceiveRefusal::Blocked => (Reason::BlockedByRule, reply::BLOCKED_BY_RULE),
        ReceiveRefusal::Infected => (Reason::Infected, reply::INFECTED),
        ReceiveRefusal::DmarcRejected => (Reason::DmarcRejected, reply::DMARC_REJECTED),
        ReceiveRefusal::TooLarge => (Reason::TooLarge, reply::TOO_MANY_COPIES),
        ReceiveRefusal::Unavailable => (Reason::Unavailable, reply::UNAVAILABLE),
        ReceiveRefusal::StorageFull => (Reason::StorageFull, reply::STORAGE_FULL),
    }
}
